#include <algorithm>
#include <array>
#include <cmath>

#include "settings/text.hpp"
#include "settings/units.hpp"
#include "site/rules.hpp"
#include "voxel/region.hpp"

namespace metavox {
namespace {

void judge_sphere(const Parameters& p, Judge& judge, const std::string& name,
                  const std::array<double, 3>& centre, double radius) {
  for (std::size_t i = 0; i < 3; ++i)
    if (centre[i] + radius <= 0 || centre[i] - radius >= edge(p, i))
      return judge.complain({name + ".centre", name + ".radius"},
                            name + " lies wholly outside the box, which reaches to [" +
                                format_number(edge(p, 0)) + ", " + format_number(edge(p, 1)) +
                                ", " + format_number(edge(p, 2)) + "] um");
}

// An extent of a box or layer, which must rise and must meet the domain.
void judge_extent(const Parameters& p, Judge& judge, const std::string& name,
                  const std::string& low_key, const std::string& high_key, double low, double high,
                  std::size_t axis) {
  const std::string low_name = name + "." + low_key, high_name = name + "." + high_key;
  if (low >= high)
    judge.complain({low_name, high_name}, low_name + " must be below " + high_name + along(axis) +
                                              " (" + format_number(low) + " and " +
                                              format_number(high) + " um)");
  else if (high <= 0 || low >= edge(p, axis))
    judge.complain({low_name}, name + " lies wholly outside the box" + along(axis) +
                                   ", which reaches to " + format_number(edge(p, axis)) + " um");
}

// The voxel along an axis whose centre is nearest to `at`, of `n` voxels.
int nearest_voxel(double at, double spacing, int n) {
  return static_cast<int>(std::clamp(std::floor(at / spacing), 0.0, n - 1.0));
}

// Whether the centre of one of the n voxels lies in the region, which has one that is nearest.
bool holds_a_centre(const Region& region, const std::array<int, 3>& n, double spacing) {
  const std::array<double, 3> near =
      region.shape == Shape::sphere
          ? region.centre
          : (region.shape == Shape::box
                 ? region.from
                 : std::array<double, 3>{region.begin, region.begin, region.begin});
  std::array<int, 3> first{}, last{};
  for (std::size_t a = 0; a < 3; ++a) {
    const int nearest = nearest_voxel(near[a], spacing, n[a]);
    first[a] = std::max(0, nearest - 1), last[a] = std::min(n[a] - 1, nearest + 1);
  }
  for (int z = first[2]; z <= last[2]; ++z)
    for (int y = first[1]; y <= last[1]; ++y)
      for (int x = first[0]; x <= last[0]; ++x)
        if (region.holds({(x + 0.5) * spacing, (y + 0.5) * spacing, (z + 0.5) * spacing}))
          return true;
  return false;
}

std::string um(double v) { return text_of("%.6g", v); }

// Complains where no voxel of edge `spacing` has its centre in the region: it would be nothing.
void judge_centres(const Parameters& p, Judge& judge, const std::string& name, const Region& region,
                   double spacing) {
  std::array<int, 3> n{};
  for (std::size_t a = 0; a < 3; ++a)
    n[a] = static_cast<int>(std::ceil(edge(p, a) / spacing - 0.5));
  if (holds_a_centre(region, n, spacing)) return;
  const std::string what =
      name + " holds the centre of no voxel, so it would stay empty; centres lie at " +
      um(spacing / 2) + ", " + um(1.5 * spacing) + ", " + um(2.5 * spacing) + " um ...; type ";
  if (region.shape == Shape::sphere) {
    double d2 = 0;
    std::array<double, 3> centre{};
    for (std::size_t a = 0; a < 3; ++a) {
      centre[a] = (nearest_voxel(region.centre[a], spacing, n[a]) + 0.5) * spacing;
      d2 += (centre[a] - region.centre[a]) * (centre[a] - region.centre[a]);
    }
    return judge.complain({name + ".radius", name + ".centre"},
                          what + "radius: " + um(std::ceil(std::sqrt(d2) * 1000) / 1000) +
                              " um or more, or centre: [" + um(centre[0]) + " um, " +
                              um(centre[1]) + " um, " + um(centre[2]) + " um]");
  }
  const char* const low = region.shape == Shape::box ? "from" : "begin";
  const char* const high = region.shape == Shape::box ? "to" : "end";
  judge.complain({name + "." + high, name + "." + low}, what + low + " and " + high +
                                                            " that are a voxel (" + um(spacing) +
                                                            " um) or more apart along each axis");
}

// `entry`: of tissue.cells or vegf.sources, laid on voxels of edge `spacing`.
template <class Entry>
void judge_region(const Parameters& p, Judge& judge, const std::string& name, const Entry& entry,
                  double spacing) {
  const std::size_t before = judge.complaints();
  if (entry.shape == Shape::sphere) judge_sphere(p, judge, name, entry.centre, entry.radius);
  if (entry.shape == Shape::box)
    for (std::size_t a = 0; a < 3; ++a)
      judge_extent(p, judge, name, "from", "to", entry.from[a], entry.to[a], a);
  if (entry.shape == Shape::layer)
    judge_extent(p, judge, name, "begin", "end", entry.begin, entry.end, axis_index(entry.axis));
  if (judge.complaints() == before)
    judge_centres(p, judge, name,
                  {entry.shape, entry.centre, entry.radius, entry.from, entry.to, entry.axis,
                   entry.begin, entry.end},
                  spacing);
}

// A membrane is the voxels behind its surface, up to an edge away; some must be in the box. Along
// a row of voxels the distance changes by an edge at most, so it meets every shell in between.
void judge_shell(const Parameters& p, Judge& judge, const std::string& name,
                 const TissueParameters::Membrane& m) {
  const double h = p.domain.spacing;
  if (m.shape == Shape::layer) {
    const double last = edge(p, axis_index(m.axis)) - h / 2;
    if (m.at > last)
      judge.complain({name + ".at"}, name + ".at leaves no voxel behind the sheet; type at most " +
                                         um(last) + " um");
    return;
  }
  double farthest = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    const double d =
        std::max(std::abs(m.centre[a] - h / 2), std::abs(m.centre[a] - edge(p, a) + h / 2));
    farthest += d * d;
  }
  if (std::sqrt(farthest) < m.radius)
    judge.complain({name + ".radius", name + ".centre"},
                   name +
                       " has its surface outside the box, all of which it encloses; type "
                       "radius: " +
                       um(std::floor(std::sqrt(farthest))) + " um or less");
}

std::string entry(const std::string& list, std::size_t i) {
  return list + "[" + std::to_string(i) + "]";
}

void judge_frames(const Parameters& p, Judge& judge) {
  const OutputParameters& o = p.output;
  if (o.region_from == o.region_to) return;
  if (!judge_point(p, judge, "output.region_from", o.region_from) ||
      !judge_point(p, judge, "output.region_to", o.region_to))
    return;
  for (std::size_t i = 0; i < 3; ++i)
    if (o.region_from[i] >= o.region_to[i])
      return judge.complain({"output.region_from", "output.region_to"},
                            "output.region_from must be below output.region_to" + along(i));
}

} // namespace

bool judge_point(const Parameters& p, Judge& judge, const std::string& key,
                 const std::array<double, 3>& point) {
  for (std::size_t i = 0; i < 3; ++i)
    if (point[i] < 0 || point[i] > edge(p, i) * (1 + 1e-12)) {
      judge.complain({key}, key + " lies outside the box" + along(i) + " (" +
                                format_number(point[i]) + " um); the box reaches from 0 to " +
                                format_number(edge(p, i)) + " um");
      return false;
    }
  return true;
}

void judge_places(const Parameters& p, Judge& judge) {
  for (std::size_t i = 0; i < p.tissue.cells.size(); ++i) {
    const std::string name = entry("tissue.cells", i);
    judge_region(p, judge, name, p.tissue.cells[i], p.domain.spacing);
    const SeedShape& s = p.tissue.cells[i];
    if (s.stem && (s.kind == "epithelial" || s.kind == "mesenchymal") && !p.stem.enabled)
      judge.complain({name + ".stem", "stem.enabled"}, name + ".stem needs stem.enabled: true");
  }
  for (std::size_t i = 0; i < p.tissue.membranes.size(); ++i) {
    const TissueParameters::Membrane& m = p.tissue.membranes[i];
    const std::string name = entry("tissue.membranes", i);
    if (m.shape == Shape::sphere) judge_sphere(p, judge, name, m.centre, m.radius);
    const double length = edge(p, axis_index(m.axis));
    if (m.shape == Shape::layer && (m.at < 0 || m.at > length))
      judge.complain({name + ".at"}, name + ".at lies outside the box along " + m.axis +
                                         ", which reaches from 0 to " + format_number(length) +
                                         " um");
    else
      judge_shell(p, judge, name, m);
  }
  for (std::size_t i = 0; i < p.vegf.sources.size(); ++i)
    judge_region(p, judge, entry("vegf.sources", i), p.vegf.sources[i],
                 p.domain.spacing * p.fields.coarsen);
  judge_frames(p, judge);
}

} // namespace metavox
