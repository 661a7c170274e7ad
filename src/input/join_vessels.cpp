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

#include "core/errors.hpp"
#include "input/faults.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"

namespace metavox {

namespace {

class Joiner {
public:
  Joiner(const VesselFile& vessels, const Parameters& p, ExternalArrays& external)
      : vessels_(vessels), p_(p), scale_(p.vessels.file_scale * in_um(p.vessels.file_unit)),
        network_(external.vessel_file), names_(external.vessel_names) {}

  void join(std::vector<std::string>& told) {
    for (const std::string& fault : vessels_.faults) faults_.add(p_.vessels.file + ": " + fault);
    for (const VesselFile::Point& point : vessels_.points) add(point);
    touched_.assign(network_.nodes.size(), 0);
    for (const VesselFile::Stretch& stretch : vessels_.stretches) add(stretch);
    if (outside_ > 0) faults_.add(where_all_lie());
    fill_radii();
    for (std::size_t i = 0; i < network_.segments.size(); ++i)
      if ((!from_points_[i] || network_.segments[i].radius == 0) &&
          (i == 0 || line_of_[i] != line_of_[i - 1])) // a line has many pieces
        check_radius(place("line", line_of_[i]), network_.segments[i].radius);
    drop_untouched();
    faults_.raise();
    tell(told);
  }

private:
  std::string place(const char* what, std::int64_t number) const {
    return p_.vessels.file + (vessels_.is_text ? ":" : std::string(", ") + what + " ") +
           std::to_string(number) + ": ";
  }
  std::string at_point(const VesselFile::Point& point) const {
    return place("point", point.number);
  }
  // What can be given up on: 0, or no number at all.
  static bool missing(double radius) { return radius == 0 || std::isnan(radius); }

  void check_radius(const std::string& where, double radius) {
    if (!std::isfinite(radius) || radius <= 0)
      faults_.add(where + "the radius is " + format_number(radius) + "; it must be above 0");
    else if (p_.flow.enabled && (radius < 1 || radius > 50))
      faults_.add(where + "the radius is " + format_number(radius) +
                  " um; where blood flow is solved it must be between 1 and 50 um; mend "
                  "it, vessels.file_unit, vessels.file_scale (" +
                  format_number(p_.vessels.file_scale) + ") or type flow.enabled: false");
  }

  // In um, on the faces where rounding put it beside them.
  std::array<double, 3> position_of(const VesselFile::Point& point) {
    std::array<double, 3> position{};
    bool inside = true;
    for (std::size_t a = 0; a < 3; ++a) {
      const double edge = p_.domain.voxels[a] * p_.domain.spacing;
      const double x = point.position[a] * scale_ + p_.vessels.file_offset[a];
      if (!std::isfinite(x)) {
        faults_.add(at_point(point) + std::string(1, "xyz"[a]) + " is not a finite number");
        return position;
      }
      low_[a] = std::min(low_[a], x), high_[a] = std::max(high_[a], x);
      // Single precision may round a point on a face to outside of it.
      const bool off = x < -1e-6 * edge || x > edge * (1 + 1e-6);
      if (inside && off) {
        inside = false;
        if (outside_++ < 3)
          faults_.add(at_point(point) + std::string(1, "xyz"[a]) + " = " + format_number(x) +
                      " um lies outside the box, which spans 0 to " + format_number(edge) +
                      " um; move the vessels or mend vessels.file_scale (" +
                      format_number(p_.vessels.file_scale) + ")");
      }
      position[a] = off ? x : std::clamp(x, 0.0, edge); // what is off stays apart from others
      if (position[a] == 0) position[a] = 0;            // -0 is 0
    }
    return position;
  }

  std::string where_all_lie() const {
    std::string spans, offset;
    bool fits = true;
    for (std::size_t a = 0; a < 3; ++a) {
      const double edge = p_.domain.voxels[a] * p_.domain.spacing, width = high_[a] - low_[a];
      fits = fits && width <= edge * (1 + 1e-9);
      spans += (a == 0 ? "" : ", ") + std::string(1, "xyz"[a]) + " " + text_of("%.6g", low_[a]) +
               " to " + text_of("%.6g", high_[a]);
      offset += (a == 0 ? "" : ", ") +
                text_of("%.6g", p_.vessels.file_offset[a] + (edge - width) / 2 - low_[a]) + " um";
    }
    return p_.vessels.file + ": " + counted(outside_, "point lies", "points lie") +
           " outside the box; all of them span " + spans + " um" +
           (fits ? "; to put them in its middle, type vessels.file_offset: [" + offset + "]"
                 : "; that is more than the box holds: mend vessels.file_unit or domain.size");
  }

  void add(const VesselFile::Point& point) {
    VesselNode node{};
    node.position = position_of(point);
    if (!(point.end_pressure >= 0 && point.end_pressure <= 300))
      faults_.add(at_point(point) + "end_pressure is " + format_number(point.end_pressure) +
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
      faults_.add(at_point(point) + "it is an inlet or outlet, and the opposite of " +
                  (vessels_.is_text ? "line " : "point ") +
                  std::to_string(vessels_.points[first_point_[n]].number) + " in the same place");
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
    if (a == b) {
      ++pointlike_;
      return;
    }
    double radius = stretch.radius * scale_; // 0: not known yet
    const bool from_points = missing(radius);
    if (from_points) {
      radius = radius_between(from, to) * scale_;
      bare_ += missing(from.radius) || missing(to.radius) ? 1 : 0;
    }
    std::vector<double>& known = drawn_[{std::min(a, b), std::max(a, b)}];
    for (const double r : known)
      if (std::abs(r - radius) <= 1e-6 * std::abs(r)) {
        ++doubled_;
        return;
      }
    known.push_back(radius);
    touched_[static_cast<std::size_t>(a)] = touched_[static_cast<std::size_t>(b)] = 1;
    if (known.size() == 1) return push(a, b, radius, stretch.number, from_points);
    // A vessel beside another one: a joint in the middle keeps them apart.
    ++parallel_;
    VesselNode middle{};
    for (std::size_t k = 0; k < 3; ++k)
      middle.position[k] = 0.5 * (network_.nodes[static_cast<std::size_t>(a)].position[k] +
                                  network_.nodes[static_cast<std::size_t>(b)].position[k]);
    const auto joint = static_cast<std::int32_t>(network_.nodes.size());
    network_.nodes.push_back(middle);
    names_.emplace_back();
    touched_.push_back(1);
    first_point_.push_back(static_cast<std::size_t>(stretch.from));
    push(a, joint, radius, stretch.number, from_points);
    push(joint, b, radius, stretch.number, from_points);
  }

  void push(std::int32_t a, std::int32_t b, double radius, std::int64_t line, bool from_points) {
    network_.segments.push_back({a, b, radius, true});
    line_of_.push_back(line);
    from_points_.push_back(from_points);
  }

  // The mean, or that of the one point that has a radius; 0: neither has. Wrong ones are told.
  double radius_between(const VesselFile::Point& from, const VesselFile::Point& to) {
    double sum = 0;
    int n = 0;
    for (const VesselFile::Point* point : {&from, &to}) {
      if (missing(point->radius)) continue;
      if (!(point->radius > 0 && std::isfinite(point->radius)) &&
          wrong_.insert(point->number).second)
        check_radius(at_point(*point), point->radius * scale_);
      else if (p_.flow.enabled && wrong_.count(point->number) == 0 &&
               (point->radius * scale_ < 1 || point->radius * scale_ > 50)) {
        wrong_.insert(point->number);
        check_radius(at_point(*point), point->radius * scale_);
      }
      sum += std::clamp(std::abs(point->radius * scale_), 1e-6, 1e6) / scale_;
      ++n;
    }
    return n == 0 ? 0 : sum / n;
  }

  // Pieces without a radius take that of what they hang on, from near to far.
  void fill_radii() {
    std::vector<std::vector<std::size_t>> at(network_.nodes.size());
    std::vector<std::size_t> unknown;
    for (std::size_t i = 0; i < network_.segments.size(); ++i)
      if (network_.segments[i].radius == 0) unknown.push_back(i);
    if (unknown.empty()) return;
    std::vector<double> sum(network_.nodes.size(), 0.0), count(sum);
    for (std::size_t i = 0; i < network_.segments.size(); ++i) {
      const VesselSegment& s = network_.segments[i];
      for (const std::int32_t end : {s.from, s.to}) {
        const auto n = static_cast<std::size_t>(end);
        if (s.radius == 0)
          at[n].push_back(i);
        else
          sum[n] += s.radius, count[n] += 1;
      }
    }
    std::vector<std::size_t> ready;
    for (std::size_t n = 0; n < sum.size(); ++n)
      if (count[n] > 0) {
        sum[n] /= count[n];
        ready.push_back(n);
      }
    for (std::size_t k = 0; k < ready.size(); ++k)
      for (const std::size_t i : at[ready[k]]) {
        VesselSegment& s = network_.segments[i];
        if (s.radius != 0) continue;
        s.radius = sum[ready[k]];
        const auto other =
            static_cast<std::size_t>(static_cast<std::size_t>(s.from) == ready[k] ? s.to : s.from);
        if (count[other] > 0) continue;
        sum[other] = s.radius, count[other] = 1;
        ready.push_back(other);
      }
  }

  // Drops points without a segment; one that is marked as an end is an error.
  void drop_untouched() {
    std::vector<std::int32_t> kept(network_.nodes.size(), -1);
    std::size_t count = 0;
    for (std::size_t n = 0; n < network_.nodes.size(); ++n) {
      if (touched_[n] == 0) {
        if (network_.nodes[n].end != VesselEnd::none)
          faults_.add(at_point(vessels_.points[first_point_[n]]) + "this " +
                      (network_.nodes[n].end == VesselEnd::inlet ? "inlet" : "outlet") +
                      " touches no vessel; join it to one, or remove it");
        continue;
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

  void tell(std::vector<std::string>& told) const {
    std::string mended;
    const auto add = [&](std::int64_t n, const std::string& text) {
      if (n > 0) mended += (mended.empty() ? "" : ", ") + text;
    };
    add(pointlike_, counted(pointlike_, "piece", "pieces") + " without length left out");
    add(doubled_, counted(doubled_, "piece", "pieces") + " drawn twice left out");
    add(bare_, counted(bare_, "piece", "pieces") +
                   " with a missing radius given that of the nearest points");
    if (!mended.empty()) told.push_back("vessels.file: mended: " + mended);
    if (parallel_ > 0)
      told.push_back("vessels.file: " + counted(parallel_, "vessel runs", "vessels run") +
                     " beside another between the same two nodes");
    if (!vessels_.radius_array.empty() && vessels_.radius_array != "radius")
      told.push_back("vessels.file: the radii are those of array " + vessels_.radius_array);
  }

  const VesselFile& vessels_;
  const Parameters& p_;
  const double scale_;
  VesselNetwork& network_;
  std::vector<std::string>& names_; // of nodes
  std::map<std::array<double, 3>, std::int32_t> node_at_;
  std::vector<std::int32_t> node_of_;    // of points
  std::vector<std::size_t> first_point_; // of nodes
  std::vector<std::int64_t> line_of_;    // of segments, in the file
  std::map<std::pair<std::int32_t, std::int32_t>, std::vector<double>> drawn_; // radii
  std::vector<char> touched_;
  Faults faults_;
  std::array<double, 3> low_{1e300, 1e300, 1e300}, high_{-1e300, -1e300, -1e300}; // um
  std::int64_t outside_ = 0, pointlike_ = 0, doubled_ = 0, parallel_ = 0, bare_ = 0;
  std::set<std::int64_t> wrong_;  // points whose radius was told
  std::vector<bool> from_points_; // of segments: the radius is that of points
};

} // namespace

void join_vessels(const VesselFile& vessels, const Parameters& p, ExternalArrays& external,
                  std::vector<std::string>& told) {
  Joiner(vessels, p, external).join(told);
}

} // namespace metavox
