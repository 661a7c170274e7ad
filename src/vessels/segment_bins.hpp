// Which segments may lie near a place: cubes of space with the numbers of those that reach into
// them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace metavox {

using Point = std::array<double, 3>; // um

class SegmentBins {
public:
  // Of segment numbers by the box around each; what is removed must have been added like that.
  void add(std::int32_t segment, const Point& low, const Point& high) {
    for_each_bin(low, high, [&](std::int64_t bin) { bins_[bin].push_back(segment); });
  }
  void remove(std::int32_t segment, const Point& low, const Point& high) {
    for_each_bin(low, high, [&](std::int64_t bin) {
      std::vector<std::int32_t>& held = bins_[bin];
      *std::find(held.begin(), held.end(), segment) = held.back();
      held.pop_back();
      if (held.empty()) bins_.erase(bin);
    });
  }
  void clear() { bins_.clear(); }
  // f(segment) for all whose box shares a bin with this one, in no order, perhaps twice.
  template <class F>
  void for_each(const Point& low, const Point& high, const F& f) const {
    for_each_bin(low, high, [&](std::int64_t bin) {
      const auto found = bins_.find(bin);
      if (found == bins_.end()) return;
      for (const std::int32_t segment : found->second) f(segment);
    });
  }

private:
  // Twice the reach of a tip: a search looks into eight bins as a rule.
  static constexpr double edge = 40;      // um
  static constexpr double farthest = 1e6; // bins from the corner of the box; all beyond is one

  static std::int64_t cut(double v) {
    return static_cast<std::int64_t>(std::min(std::max(std::floor(v / edge), -1.0), farthest));
  }
  template <class F>
  static void for_each_bin(const Point& low, const Point& high, const F& f) {
    for (std::int64_t z = cut(low[2]); z <= cut(high[2]); ++z)
      for (std::int64_t y = cut(low[1]); y <= cut(high[1]); ++y)
        for (std::int64_t x = cut(low[0]); x <= cut(high[0]); ++x)
          f((x + 1) + ((y + 1) << 21) + ((z + 1) << 42));
  }

  std::unordered_map<std::int64_t, std::vector<std::int32_t>> bins_;
};

} // namespace metavox
