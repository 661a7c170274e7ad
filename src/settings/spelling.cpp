#include "settings/spelling.hpp"

#include <algorithm>
#include <cstddef>

#include "settings/text.hpp"

namespace metavox {
namespace {

// Edit distance with swaps of neighbours (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

// What somebody who typed the beginning of a word meant; empty: none, or more than one.
std::string only_one_that_begins(const std::string& with,
                                 const std::vector<std::string>& candidates) {
  constexpr std::size_t least = 3; // letters
  std::string found;
  if (with.size() < least) return found;
  for (const std::string& c : candidates) {
    if (lower(c).compare(0, with.size(), with) != 0) continue;
    if (!found.empty()) return {};
    found = c;
  }
  return found;
}

} // namespace

std::string closest(std::string_view wrong, const std::vector<std::string>& candidates) {
  if (wrong.size() > 60) return {};
  const std::string w = lower(wrong);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, w.size() / 3) + 1;
  for (const std::string& c : candidates) {
    const std::size_t d = distance(w, lower(c));
    if (d < best_distance) best_distance = d, best = c;
  }
  return best.empty() ? only_one_that_begins(w, candidates) : best;
}

} // namespace metavox
