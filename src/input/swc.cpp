#include "input/swc.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/errors.hpp"
#include "input/bounded.hpp"
#include "input/faults.hpp"
#include "input/text_lines.hpp"
#include "settings/text.hpp"

namespace metavox {

namespace {

struct Sample {
  VesselFile::Point point;
  std::int64_t id = 0, parent = -1; // -1: a root
};

Sample read_sample(std::string_view line, const TextLines& lines) {
  std::array<std::string_view, 7> word;
  for (std::string_view& w : word) {
    const std::size_t length = std::min(line.find_first_of(" \t"), line.size());
    w = line.substr(0, length);
    line = trimmed(line.substr(length));
  }
  if (word[6].empty())
    lines.refuse("a sample has seven columns: id type x y z radius parent, with blanks between");
  const auto id = parsed<std::int64_t>(word[0]), above = parsed<std::int64_t>(word[6]);
  if (!id || *id < 0)
    lines.refuse("the id is " + cited(word[0]) + "; type a whole number, for example 1");
  if (!above || *above < -1)
    lines.refuse("the parent is " + cited(word[6]) + "; type the id of a sample, or -1 for a root");
  if (*above == *id)
    lines.refuse("sample " + std::to_string(*id) +
                 " is its own parent; type another's id, or -1 for a root");
  Sample sample{{}, *id, *above};
  for (std::size_t a = 0; a < 4; ++a) {
    const auto value = parsed<double>(word[a + 2]);
    if (!value || !std::isfinite(*value))
      lines.refuse(std::string(a < 3 ? std::string(1, "xyz"[a]) : "the radius") + " is " +
                   cited(word[a + 2]) + "; type a number, for example 7.5");
    (a < 3 ? sample.point.position[a] : sample.point.radius) = *value;
  }
  sample.point.name = std::to_string(*id);
  sample.point.number = lines.number();
  if (*above < 0) sample.point.end = VesselEnd::inlet;
  return sample;
}

// What `read` complains of; empty: of nothing.
template <class F>
std::string complaint(const F& read) {
  try {
    read();
  } catch (const ConfigError& e) {
    return e.what();
  }
  return {};
}

// Every sample must lead to a root.
void check_roots(const VesselFile& vessels, const std::vector<std::int32_t>& above,
                 const TextLines& lines) {
  // 1: on the way of the sample at hand, 2: it does.
  std::vector<char> seen(above.size(), 0);
  for (std::size_t i = 0; i < above.size(); ++i) {
    auto at = static_cast<std::int32_t>(i);
    while (at >= 0 && seen[static_cast<std::size_t>(at)] == 0) {
      seen[static_cast<std::size_t>(at)] = 1;
      at = above[static_cast<std::size_t>(at)];
    }
    if (at >= 0 && seen[static_cast<std::size_t>(at)] == 1)
      lines.refuse(vessels.points[static_cast<std::size_t>(at)].number,
                   "the parents of sample " + vessels.points[static_cast<std::size_t>(at)].name +
                       " lead back to it; one of them must be a root, with parent -1");
    for (at = static_cast<std::int32_t>(i); at >= 0 && seen[static_cast<std::size_t>(at)] == 1;
         at = above[static_cast<std::size_t>(at)])
      seen[static_cast<std::size_t>(at)] = 2;
  }
}

} // namespace

VesselFile read_swc(std::istream& stream, const std::string& file) {
  TextLines lines(stream, file);
  VesselFile vessels;
  vessels.is_text = true;
  std::vector<std::int64_t> parents;
  std::unordered_map<std::int64_t, std::int32_t> point_of;
  Faults faults;
  for (std::string_view line; lines.next(line);) {
    Sample sample;
    const std::string wrong = complaint([&] { sample = read_sample(line, lines); });
    if (!wrong.empty()) {
      faults.add(wrong);
      continue;
    }
    const auto [known, is_new] =
        point_of.emplace(sample.id, static_cast<std::int32_t>(vessels.points.size()));
    if (!is_new) {
      const VesselFile::Point& first = vessels.points[static_cast<std::size_t>(known->second)];
      faults.add(complaint([&] {
        lines.refuse("id " + sample.point.name + " stands in line " + std::to_string(first.number) +
                     " already; give each sample its own");
      }));
      continue;
    }
    if (vessels.points.size() >= std::numeric_limits<std::int32_t>::max())
      lines.refuse("more samples than can be counted");
    constexpr std::size_t bytes_of_a_point = 600; // with what the graph makes of it
    push_checked(vessels.points, std::move(sample.point), "the samples of " + file,
                 bytes_of_a_point);
    parents.push_back(sample.parent);
  }
  faults.raise();
  if (vessels.points.empty())
    lines.refuse(1, "the file holds no samples; a sample is a line: id type x y z radius parent");
  std::vector<std::int32_t> above(parents.size(), -1);
  for (std::size_t i = 0; i < parents.size(); ++i) {
    if (parents[i] < 0) continue;
    const auto found = point_of.find(parents[i]);
    if (found == point_of.end()) {
      faults.add(complaint([&] {
        lines.refuse(vessels.points[i].number,
                     "its parent " + std::to_string(parents[i]) + " is not in the file");
      }));
      continue;
    }
    above[i] = found->second;
    vessels.stretches.push_back(
        {above[i], static_cast<std::int32_t>(i), 0, vessels.points[i].number});
  }
  faults.raise();
  check_roots(vessels, above, lines);
  return vessels;
}

VesselFile read_swc(const std::filesystem::path& file) {
  std::ifstream stream = open_text("vessels.file", file);
  return read_swc(stream, file.string());
}

} // namespace metavox
