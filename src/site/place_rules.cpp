#include "settings/units.hpp"
#include "site/rules.hpp"

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

// `region`: an entry of tissue.cells or vegf.sources.
template <class Region>
void judge_region(const Parameters& p, Judge& judge, const std::string& name,
                  const Region& region) {
  if (region.shape == Shape::sphere) judge_sphere(p, judge, name, region.centre, region.radius);
  if (region.shape == Shape::box)
    for (std::size_t a = 0; a < 3; ++a)
      judge_extent(p, judge, name, "from", "to", region.from[a], region.to[a], a);
  if (region.shape == Shape::layer)
    judge_extent(p, judge, name, "begin", "end", region.begin, region.end, axis_index(region.axis));
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
    judge_region(p, judge, name, p.tissue.cells[i]);
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
  }
  for (std::size_t i = 0; i < p.vegf.sources.size(); ++i)
    judge_region(p, judge, entry("vegf.sources", i), p.vegf.sources[i]);
  judge_frames(p, judge);
}

} // namespace metavox
