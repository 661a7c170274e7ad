#include "body/splitting.hpp"

#include <algorithm>
#include <cstddef>

#include "core/random.hpp"

namespace metavox {

std::uint64_t course_seed(std::uint64_t seed, std::uint64_t repeat, std::uint64_t level,
                          std::uint64_t course) {
  const Draw d = draw(seed, Purpose::splitting, (repeat << 16) | level, course);
  return static_cast<std::uint64_t>(d.word[0]) << 32 | d.word[1];
}

std::int64_t level_for(std::vector<std::int64_t> highest, std::int64_t from, std::int64_t last) {
  std::sort(highest.begin(), highest.end());
  const std::size_t at = highest.size() * 7 / 10;
  return std::clamp(highest[std::min(at, highest.size() - 1)], from + 1, last);
}

} // namespace metavox
