// When rows, frames and checkpoints are due.
#pragma once

#include <cstdint>

#include "site/parameters.hpp"

namespace metavox {

// When things happen, in whole steps from t = 0. Cadences are the nearest multiple of a step; 0
// means never.
struct Schedule {
  double step = 0; // min
  std::int64_t last = 0;
  std::int64_t report = 0, frames = 0, checkpoints = 0;
  bool row_at(std::int64_t s) const {
    return s == 0 || s == last || (report > 0 && s % report == 0);
  }
  bool frame_at(std::int64_t s) const {
    return frames > 0 && (s == 0 || s == last || s % frames == 0);
  }
  bool checkpoint_at(std::int64_t s) const {
    return s == last || (checkpoints > 0 && s > 0 && s % checkpoints == 0);
  }
  // How many steps after `from` are due, `from` included where it is 0.
  std::int64_t rows(std::int64_t from = 0) const;
  std::int64_t frame_count(std::int64_t from = 0) const;
  std::int64_t checkpoint_count(std::int64_t from = 0) const;
};
Schedule schedule_of(const Parameters& parameters);

} // namespace metavox
