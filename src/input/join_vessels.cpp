#include "input/join_vessels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "settings/config.hpp"
#include "settings/units.hpp"

namespace metavox {

namespace {

class Joiner {
public:
  Joiner(const VesselFile& vessels, const Parameters& p, ExternalArrays& external)
      : vessels_(vessels), p_(p), scale_(p.vessels.file_scale), network_(external.vessel_file),
        names_(external.vessel_names) {}

  void join() {
    for (const VesselFile::Point& point : vessels_.points) add(point);
    touched_.assign(network_.nodes.size(), 0);
    for (const VesselFile::Stretch& stretch : vessels_.stretches) add(stretch);
    drop_untouched();
  }

private:
  std::string place(const char* what, std::int64_t number) const {
    return p_.vessels.file + (vessels_.is_text ? ":" : std::string(", ") + what + " ") +
           std::to_string(number) + ": ";
  }
  std::string at_point(const VesselFile::Point& point) const {
    return place("point", point.number);
  }
  void check_radius(const std::string& where, double radius) const {
    if (!std::isfinite(radius) || radius <= 0)
      throw ConfigError(where + "the radius is " + format_number(radius) + "; it must be above 0");
    if (p_.flow.enabled && (radius < 1 || radius > 50))
      throw ConfigError(where + "the radius is " + format_number(radius) +
                        " um; where blood flow is solved it must be between 1 and 50 um; mend "
                        "it, vessels.file_scale (" +
                        format_number(scale_) + ") or type flow.enabled: false");
  }

  // In um, on the faces where rounding put it beside them.
  std::array<double, 3> position_of(const VesselFile::Point& point) const {
    std::array<double, 3> position{};
    for (std::size_t a = 0; a < 3; ++a) {
      const double edge = p_.domain.voxels[a] * p_.domain.spacing;
      double x = point.position[a] * scale_;
      if (!std::isfinite(x))
        throw ConfigError(at_point(point) + std::string(1, "xyz"[a]) + " is not a finite number");
      // Single precision may round a point on a face to outside of it.
      if (x < -1e-6 * edge || x > edge * (1 + 1e-6))
        throw ConfigError(at_point(point) + std::string(1, "xyz"[a]) + " = " + format_number(x) +
                          " um lies outside the box, which spans 0 to " + format_number(edge) +
                          " um; move the vessels or mend vessels.file_scale (" +
                          format_number(scale_) + ")");
      x = std::clamp(x, 0.0, edge);
      position[a] = x == 0 ? 0 : x; // -0 is 0
    }
    return position;
  }

  void add(const VesselFile::Point& point) {
    VesselNode node{};
    node.position = position_of(point);
    if (!(point.end_pressure >= 0 && point.end_pressure <= 300))
      throw ConfigError(at_point(point) + "end_pressure is " + format_number(point.end_pressure) +
                        "; it must be between 0 and 300 mmHg, 0 for that of flow");
    const auto [known, is_new] =
        node_at_.emplace(node.position, static_cast<std::int32_t>(network_.nodes.size()));
    node_of_.push_back(known->second);
    if (is_new) {
      network_.nodes.push_back(node);
      names_.emplace_back();
      first_point_.push_back(node_of_.size() - 1);
    }
    const auto n = static_cast<std::size_t>(known->second);
    VesselNode& joint = network_.nodes[n];
    if (point.end != VesselEnd::none && joint.end != VesselEnd::none && point.end != joint.end)
      throw ConfigError(at_point(point) + "it is an inlet or outlet, and the opposite of " +
                        (vessels_.is_text ? "line " : "point ") +
                        std::to_string(vessels_.points[first_point_[n]].number) +
                        " in the same place");
    if (point.end != VesselEnd::none) {
      joint.end = point.end;
      joint.end_pressure = std::max(joint.end_pressure, point.end_pressure);
    }
    if (names_[n].empty()) names_[n] = point.name;
  }

  void add(const VesselFile::Stretch& stretch) {
    const VesselFile::Point& from = vessels_.points[static_cast<std::size_t>(stretch.from)];
    const VesselFile::Point& to = vessels_.points[static_cast<std::size_t>(stretch.to)];
    const std::int32_t a = node_of_[static_cast<std::size_t>(stretch.from)],
                       b = node_of_[static_cast<std::size_t>(stretch.to)];
    const std::string where = place("line", stretch.number);
    const std::string between = (vessels_.is_text ? "lines " : "points ") +
                                std::to_string(from.number) + " and " + std::to_string(to.number);
    if (a == b)
      throw ConfigError(where +
                        (stretch.from == stretch.to
                             ? "it joins point " + std::to_string(from.number) + " to itself"
                             : "it has a piece without length: " + between +
                                   " are in the same place; remove one of them"));
    if (!drawn_.emplace(std::min(a, b), std::max(a, b)).second)
      throw ConfigError(where + "the piece between " + between +
                        " is drawn twice; remove one of the two");
    double radius = stretch.radius * scale_;
    if (stretch.radius > 0) {
      check_radius(where, radius);
    } else {
      check_radius(at_point(from), from.radius * scale_);
      check_radius(at_point(to), to.radius * scale_);
      radius = 0.5 * (from.radius + to.radius) * scale_;
    }
    network_.segments.push_back({a, b, radius, true});
    touched_[static_cast<std::size_t>(a)] = touched_[static_cast<std::size_t>(b)] = 1;
  }

  // Drops points without a segment; one that is marked as an end is an error.
  void drop_untouched() {
    std::vector<std::int32_t> kept(network_.nodes.size(), -1);
    std::size_t count = 0;
    for (std::size_t n = 0; n < network_.nodes.size(); ++n) {
      if (touched_[n] == 0) {
        if (network_.nodes[n].end == VesselEnd::none) continue;
        throw ConfigError(at_point(vessels_.points[first_point_[n]]) + "this " +
                          (network_.nodes[n].end == VesselEnd::inlet ? "inlet" : "outlet") +
                          " touches no vessel; join it to one, or remove it");
      }
      kept[n] = static_cast<std::int32_t>(count);
      network_.nodes[count] = network_.nodes[n];
      if (n != count) names_[count] = std::move(names_[n]);
      ++count;
    }
    network_.nodes.resize(count);
    names_.resize(count);
    for (VesselSegment& s : network_.segments) {
      s.from = kept[static_cast<std::size_t>(s.from)];
      s.to = kept[static_cast<std::size_t>(s.to)];
    }
  }

  const VesselFile& vessels_;
  const Parameters& p_;
  const double scale_;
  VesselNetwork& network_;
  std::vector<std::string>& names_; // of nodes
  std::map<std::array<double, 3>, std::int32_t> node_at_;
  std::vector<std::int32_t> node_of_;    // of points
  std::vector<std::size_t> first_point_; // of nodes
  std::set<std::pair<std::int32_t, std::int32_t>> drawn_;
  std::vector<char> touched_;
};

} // namespace

void join_vessels(const VesselFile& vessels, const Parameters& p, ExternalArrays& external) {
  Joiner(vessels, p, external).join();
}

} // namespace metavox
