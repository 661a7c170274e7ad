// Whether the state still makes sense.

#include <cmath>
#include <cstdio>
#include <string>

#include "core/launch.hpp"
#include "site/measure.hpp"
#include "site/state.hpp"

namespace metavox {
namespace {

std::string value_text(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", v);
  return text;
}

} // namespace

void Site::State::check_vessels() {
  const std::string flaw = vessels.graph().flaw(stripped(cells.arrays().kind.host_copy(), tissue));
  if (!flaw.empty())
    throw NumericalError("vessels and lattice disagree at step " + std::to_string(step) + ": " +
                         flaw);
}

void Site::check() const {
  State& s = *s_;
  const auto at_voxel = [](const Lattice& l, std::size_t plain) {
    const Voxel at = l.voxel_at(static_cast<std::int64_t>(plain));
    return " at voxel (" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " +
           std::to_string(at.z) + ")";
  };
  s.for_each_array([&](const ArrayRow& row, auto& buffer) {
    const Lattice* lattice = row.lattice;
    using T = std::remove_reference_t<decltype(*buffer.data())>;
    const auto refuse = [&](double v, const std::string& where) {
      throw NumericalError(std::string(row.name) + " is " + value_text(v) +
                           (row.unit[0] == '1' ? "" : " " + std::string(row.unit)) + where);
    };
    if constexpr (std::is_floating_point_v<T>) {
      if (!lattice) { // of vessels, where flows and pressures may be negative
        const std::vector<T> values = buffer.host_copy();
        for (std::size_t i = 0; i < values.size(); ++i)
          if (!std::isfinite(values[i]))
            refuse(static_cast<double>(values[i]), " at entry " + std::to_string(i));
      }
    }
    if constexpr (std::is_same_v<T, float>) {
      if (!lattice ||
          s.executor.max_over(*lattice, Strayed{buffer.data(), row.lowest}) <= row.highest)
        return;
      const std::vector<float> values = stripped(buffer.host_copy(), *lattice);
      for (std::size_t i = 0; i < values.size(); ++i)
        if (!(std::abs(Strayed::of(values[i], row.lowest)) <= row.highest))
          refuse(static_cast<double>(values[i]), at_voxel(*lattice, i));
    }
  });
  if (s.executor.max_over(s.tissue, LargestKind{s.cells.arrays().kind.data()}) >=
      static_cast<float>(kind_count)) {
    const std::vector<std::uint8_t> kinds = stripped(s.cells.arrays().kind.host_copy(), s.tissue);
    for (std::size_t i = 0; i < kinds.size(); ++i)
      if (kinds[i] >= kind_count)
        throw NumericalError("kind has the code " + std::to_string(kinds[i]) +
                             ", which stands for nothing," + at_voxel(s.tissue, i));
  }
  if (s.parameters.vessels.pattern != VesselPattern::none) s.check_vessels();
}

} // namespace metavox
