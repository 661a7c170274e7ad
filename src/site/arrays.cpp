// The state as a list of arrays: hash, reading, writing.

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "core/launch.hpp"
#include "site/measure.hpp"
#include "site/state.hpp"

namespace metavox {

std::uint64_t Site::hash() const {
  std::uint64_t total = mix64(static_cast<std::uint64_t>(s_->step) + 0x6d65746173746173ULL);
  std::uint64_t salt = 0;
  s_->for_each_array([&](const ArrayRow& row, auto& buffer) {
    using T = std::remove_reference_t<decltype(*buffer.data())>;
    if (!row.hashed) return;
    salt += 0x9e3779b97f4a7c15ULL;
    if (row.lattice) {
      const auto halves =
          s_->executor.tally_over(*row.lattice, HashArray<T>{buffer.data(), *row.lattice, salt});
      total = mix64(total ^ static_cast<std::uint64_t>(halves[0])) +
              mix64(salt ^ static_cast<std::uint64_t>(halves[1]));
    } else {
      total = mix64(total + static_cast<std::uint64_t>(buffer.size()) + salt);
      for (const T v : buffer.host_copy()) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, &v, sizeof v);
        total = mix64(total + bits + salt);
      }
    }
  });
  return total;
}

std::vector<ArrayInfo> Site::state_arrays() const {
  std::vector<ArrayInfo> infos;
  s_->for_each_array(
      [&](const ArrayRow& row, auto& buffer) { infos.push_back(describe(row, buffer)); });
  return infos;
}

std::vector<ArrayInfo> Site::derived_arrays() const { return derived_arrays_of(s_->parameters); }

void Site::read(const std::string& wanted, void* host) const {
  bool found = false;
  s_->for_each_array([&](const ArrayRow& row, auto& buffer) {
    if (wanted != row.name) return;
    found = true;
    using T = std::remove_reference_t<decltype(*buffer.data())>;
    std::vector<T> values = buffer.host_copy();
    if (row.lattice) values = stripped(values, *row.lattice);
    std::copy(values.begin(), values.end(), static_cast<T*>(host));
  });
  if (found) return;
  if (wanted == "cell_state") {
    const std::vector<std::uint8_t> kind =
        stripped(s_->cells.arrays().kind.host_copy(), s_->tissue);
    const std::vector<std::uint16_t> flags =
        stripped(s_->cells.arrays().flags.host_copy(), s_->tissue);
    auto* out = static_cast<std::uint8_t*>(host);
    for (std::size_t i = 0; i < kind.size(); ++i)
      out[i] = static_cast<std::uint8_t>(cell_state(static_cast<Kind>(kind[i]), flags[i]));
    return;
  }
  if (wanted == "excess_cell") {
    auto* out = static_cast<std::uint8_t*>(host);
    std::fill(out, out + s_->tissue.voxels(), std::uint8_t{0});
    ExcessCells& excess = s_->cells.excess_cells();
    const std::vector<std::int64_t> order = excess.order();
    if (order.empty()) return;
    const std::vector<std::int64_t> voxel = excess.arrays().voxel.host_copy();
    const std::vector<std::uint8_t> kind = excess.arrays().kind.host_copy();
    for (const std::int64_t n : order)
      out[voxel[static_cast<std::size_t>(n)]] = kind[static_cast<std::size_t>(n)];
    return;
  }
  if (wanted == "oxygen_release") {
    auto* out = static_cast<float*>(host);
    std::fill(out, out + s_->grid.lattice.voxels(), 0.0f);
    const BloodPaths& paths = s_->vessels.blood();
    const BloodReport report = s_->measure_blood();
    if (report.given.empty()) return;
    const double h = s_->grid.lattice.spacing;
    const double per_voxel = 1 / (s_->parameters.oxygen.solubility * h * h * h);
    paths.for_each_voxel(report.given, [&](std::int64_t voxel, double given) {
      out[voxel] = static_cast<float>(given * per_voxel);
    });
    return;
  }
  if (wanted == "vessel_fraction") {
    auto* out = static_cast<float*>(host);
    std::fill(out, out + s_->tissue.voxels(), 0.0f);
    const VesselGraph& graph = s_->vessels.graph();
    for (const std::int64_t v : graph.marked_voxels())
      out[v] = static_cast<float>(graph.fraction(v));
    return;
  }
  throw std::invalid_argument("the state has no array called " + wanted);
}

void Site::write(const std::string& wanted, const void* host, std::int64_t count) {
  bool found = false;
  s_->for_each_array([&](const ArrayRow& row, auto& buffer) {
    if (wanted != row.name) return;
    found = true;
    using T = std::remove_reference_t<decltype(*buffer.data())>;
    if constexpr (grows<std::remove_reference_t<decltype(buffer)>>)
      buffer.resize(count >= 0 ? count : buffer.size());
    if (!row.lattice) return buffer.upload(static_cast<const T*>(host));
    std::vector<T> values = buffer.host_copy(); // keeps the ghosts
    fill_interior(values, static_cast<const T*>(host), *row.lattice);
    buffer.upload(values.data());
  });
  if (!found) throw std::invalid_argument("the state has no array called " + wanted);
}

void Site::set_clock(std::int64_t step) {
  s_->step = step;
  s_->followed = -1;
  std::vector<std::int64_t> full; // voxels of vessels
  if (s_->parameters.vessels.pattern != VesselPattern::none) {
    const std::vector<std::uint8_t> kinds =
        stripped(s_->cells.arrays().kind.host_copy(), s_->tissue);
    for (std::size_t v = 0; v < kinds.size(); ++v)
      if (static_cast<Kind>(kinds[v]) == Kind::vessel) full.push_back(static_cast<std::int64_t>(v));
  }
  s_->vessels.rebuild(full);
  s_->cells.rebuild();
  if (s_->lymphatics) s_->lymphatics->rebuild();
  s_->cells.count_now(s_->executor);
}

} // namespace metavox
