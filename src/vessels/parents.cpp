#include "vessels/parents.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "core/exact.hpp"
#include "core/random.hpp"
#include "settings/units.hpp"
#include "vessels/perfusion.hpp"
#include "voxel/region.hpp"

namespace metavox {
namespace {

using Vector = std::array<double, 3>;

std::int32_t add_node(VesselNetwork& network, const Vector& at, VesselEnd end = VesselEnd::none,
                      double end_pressure = 0, double end_oxygen = 0) {
  VesselNode node{};
  node.position = at;
  node.end = end;
  node.end_pressure = end_pressure;
  node.end_oxygen = end_oxygen;
  network.nodes.push_back(node);
  return static_cast<std::int32_t>(network.nodes.size() - 1);
}

// Blood runs from `from` to `to`. A pressure of 0 stands for that of `flow`, oxygen of 0 for that
// of the radius.
void add_line(VesselNetwork& network, const Vector& from, const Vector& to, double radius,
              double inlet_pressure = 0, double outlet_pressure = 0, double oxygen = 0) {
  const std::int32_t first = add_node(network, from, VesselEnd::inlet, inlet_pressure, oxygen);
  const std::int32_t last = add_node(network, to, VesselEnd::outlet, outlet_pressure, oxygen);
  network.segments.push_back({first, last, radius, true});
}

// f(place along the next axis, along the one after, squared distance from the middle) for every
// capillary of the grid.
template <class F>
void for_each_of_grid(const VesselParameters& p, const Lattice& l, std::uint64_t seed, const F& f) {
  const int along = static_cast<int>(axis_index(p.axis)), u = (along + 1) % 3, v = (along + 2) % 3;
  const double size[3] = {l.nx * l.spacing, l.ny * l.spacing, l.nz * l.spacing};
  const auto lines = [&](int a) {
    return std::max(1, static_cast<int>(std::floor(size[a] / p.spacing)));
  };
  for (int j = 0; j < lines(v); ++j)
    for (int i = 0; i < lines(u); ++i) {
      const Draw d =
          draw(seed, Purpose::vessel_seeding,
               static_cast<std::uint64_t>(j) * 1000003 + static_cast<std::uint64_t>(i), 0);
      const double margin_u = (size[u] - (lines(u) - 1) * p.spacing) / 2;
      const double margin_v = (size[v] - (lines(v) - 1) * p.spacing) / 2;
      const double pu = margin_u + (i + p.jitter * (to_unit(d.word[0]) - 0.5)) * p.spacing;
      const double pv = margin_v + (j + p.jitter * (to_unit(d.word[1]) - 0.5)) * p.spacing;
      const double du = pu - size[u] / 2, dv = pv - size[v] / 2;
      f(pu, pv, du * du + dv * dv);
    }
}

Vector edges_of(const Lattice& l) { return {l.nx * l.spacing, l.ny * l.spacing, l.nz * l.spacing}; }

VesselNetwork jittered_grid(const VesselParameters& p, const Lattice& l, std::uint64_t seed) {
  VesselNetwork network;
  const auto along = axis_index(p.axis);
  const std::size_t u = (along + 1) % 3, v = (along + 2) % 3;
  for_each_of_grid(p, l, seed, [&](double pu, double pv, double from_middle2) {
    if (from_middle2 < p.exclusion * p.exclusion) return;
    Vector from{}, to{};
    to[along] = edges_of(l)[along];
    from[u] = to[u] = pu;
    from[v] = to[v] = pv;
    add_line(network, from, to, p.radius);
  });
  return network;
}

// An artery and a vein whose blood runs the other way, side by side.
VesselNetwork artery_and_vein(const VesselParameters& p, const FlowParameters& flow,
                              const Lattice& l) {
  const Vector size = edges_of(l);
  const auto along = axis_index(p.axis);
  const std::size_t next = (along + 1) % 3, third = (along + 2) % 3;
  const double middle = p.offset > 0 ? p.offset : size[next] / 2;
  const auto at = [&](double low_or_high, double place) {
    Vector v{};
    v[along] = low_or_high;
    v[next] = place;
    v[third] = size[third] / 2;
    return v;
  };
  VesselNetwork network;
  const double artery = middle - p.spacing / 2, vein = middle + p.spacing / 2;
  add_line(network, at(0, artery), at(size[along], artery), p.radius, flow.inlet_pressure,
           flow.inlet_pressure - p.drop);
  add_line(network, at(size[along], vein), at(0, vein), p.radius_vein,
           flow.outlet_pressure + p.drop, flow.outlet_pressure, p.vein_oxygen);
  return network;
}

// Sheets of hexagons, two of whose edges run along the flow. A sheet is made of zigzag rows across
// it: every second knee points back and is fed from the row before or from the low face, the others
// feed the next row or the high face.
VesselNetwork honeycomb(const VesselParameters& p, const Lattice& l) {
  const Vector size = edges_of(l);
  const auto along = axis_index(p.axis);
  const std::size_t across = (along + 1) % 3, third = (along + 2) % 3;
  const double edge = p.spacing, pitch = edge * std::sqrt(3.0) / 2;
  const int rows = static_cast<int>(std::floor(size[along] / (1.5 * edge) * (1 + 1e-12)));
  const int knees =
      1 + static_cast<int>(std::floor((size[across] - l.spacing) / pitch * (1 + 1e-12)));
  if (rows < 2 || knees < 3)
    throw std::invalid_argument("vessels.spacing is too long for hexagons in the box");
  const int sheets =
      p.layers > 0 ? std::max(1, static_cast<int>(std::floor(size[third] / p.layers))) : 1;
  const double stub = (size[along] - 1.5 * edge * (rows - 1) - edge / 2) / 2;
  VesselNetwork network;
  std::vector<std::int32_t> before(static_cast<std::size_t>(knees)), row(before.size());
  for (int sheet = 0; sheet < sheets; ++sheet) {
    const auto at = [&](double where, int knee) {
      Vector v{};
      v[along] = where;
      v[across] = (size[across] - (knees - 1) * pitch) / 2 + knee * pitch;
      v[third] = size[third] / 2 + (sheet - (sheets - 1) / 2.0) * p.layers;
      return v;
    };
    const auto join = [&](std::int32_t from, std::int32_t to) {
      network.segments.push_back({from, to, p.radius, true});
    };
    for (int r = 0; r < rows; ++r) {
      const double low = stub + 1.5 * edge * r;
      const auto points_back = [&](int knee) { return (knee + r) % 2 == 0; };
      for (int k = 0; k < knees; ++k) {
        const auto n = static_cast<std::size_t>(k);
        row[n] = add_node(network, at(points_back(k) ? low : low + edge / 2, k));
        if (points_back(k))
          join(r == 0 ? add_node(network, at(0, k), VesselEnd::inlet) : before[n], row[n]);
        else if (r == rows - 1)
          join(row[n], add_node(network, at(size[along], k), VesselEnd::outlet));
        if (k > 0) {
          if (points_back(k))
            join(row[n], row[n - 1]);
          else
            join(row[n - 1], row[n]);
        }
      }
      std::swap(row, before);
    }
  }
  return network;
}

std::vector<int> degrees_of(const VesselNetwork& network) {
  std::vector<int> degree(network.nodes.size(), 0);
  for (const VesselSegment& s : network.segments) {
    ++degree[static_cast<std::size_t>(s.from)];
    ++degree[static_cast<std::size_t>(s.to)];
  }
  return degree;
}

// vessels.ends: by face or by name, in order. Returns the entry that rules each node, or -1.
std::vector<int> set_ends(VesselNetwork& network, const std::vector<std::string>& names,
                          const VesselParameters& p, const Lattice& l) {
  const std::vector<int> degree = degrees_of(network);
  std::vector<int> entry(network.nodes.size(), -1);
  for (std::size_t i = 0; i < p.ends.size(); ++i) {
    const VesselEndSetting& setting = p.ends[i];
    const std::string key = "vessels.ends[" + std::to_string(i) + "]";
    int found = 0;
    for (std::size_t n = 0; n < network.nodes.size(); ++n) {
      VesselNode& node = network.nodes[n];
      if (!setting.face.empty()) {
        if (degree[n] != 1 || !is_at_face(node.position, setting.face, l)) continue;
      } else if (n >= names.size() || names[n] != setting.name) {
        continue;
      }
      if (degree[n] == 0)
        throw std::invalid_argument(key + " makes node '" + setting.name +
                                    "' an end, but no vessel touches it");
      node.end = setting.role == EndRole::inlet ? VesselEnd::inlet : VesselEnd::outlet;
      node.end_pressure = setting.pressure;
      node.end_oxygen = setting.oxygen;
      node.end_flow = setting.role == EndRole::inlet ? setting.flow : -setting.flow;
      if (node.end_flow == 0) node.end_flow = 0; // -0 is 0
      node.end_haematocrit = setting.haematocrit;
      entry[n] = static_cast<int>(i);
      ++found;
    }
    if (found > 0) continue;
    if (!setting.face.empty())
      throw std::invalid_argument(key + ": no free end of a vessel lies within one voxel of face " +
                                  setting.face + "; name another face, or remove the entry");
    std::string known;
    for (std::size_t n = 0, listed = 0; n < names.size() && listed < 8; ++n)
      if (!names[n].empty()) {
        known += (known.empty() ? "" : ", ") + names[n];
        if (++listed == 8) known += " ...";
      }
    throw std::invalid_argument(key + ": no node of the file is called '" + setting.name + "'; " +
                                (known.empty() ? "its nodes have no names; type a face such as "
                                                 "face: -z"
                                               : "there are " + known));
  }
  return entry;
}

std::string place_of(const VesselNode& node) {
  const Vector& at = node.position;
  return "(" + format_number(at[0]) + ", " + format_number(at[1]) + ", " + format_number(at[2]) +
         ") um";
}

// Each given flow needs a way from an inlet to an outlet, and on it an end that holds a pressure.
void check_given_flows(const VesselNetwork& network, const std::vector<int>& entry) {
  const auto nodes = static_cast<std::int32_t>(network.nodes.size());
  std::vector<std::int32_t> holding;
  for (std::int32_t n = 0; n < nodes; ++n) {
    const VesselNode& node = network.nodes[static_cast<std::size_t>(n)];
    if (node.end != VesselEnd::none && node.end_flow == 0) holding.push_back(n);
  }
  const std::vector<std::pair<std::int32_t, std::int32_t>> edges = edges_of(network);
  const std::vector<std::uint8_t> perfused = perfused_segments(network);
  const std::vector<std::uint8_t> held = edges_in_reach(nodes, edges, perfused, holding);
  std::vector<std::uint8_t> flows(network.nodes.size(), 0), held_at(flows);
  for (std::size_t e = 0; e < edges.size(); ++e)
    for (const std::int32_t n : {edges[e].first, edges[e].second}) {
      flows[static_cast<std::size_t>(n)] |= perfused[e];
      held_at[static_cast<std::size_t>(n)] |= held[e];
    }
  for (std::size_t n = 0; n < network.nodes.size(); ++n) {
    const VesselNode& node = network.nodes[n];
    if (node.end_flow == 0) continue;
    const std::string key = "vessels.ends[" + std::to_string(entry[n]) + "]";
    const bool inlet = node.end == VesselEnd::inlet;
    if (flows[n] == 0)
      throw std::invalid_argument(
          key + " gives a flow to the " + (inlet ? "inlet" : "outlet") + " at " + place_of(node) +
          ", but no vessels lead from there to an " + (inlet ? "outlet" : "inlet") +
          "; add one to vessels.ends, or remove " + key + ".flow");
    if (held_at[n] == 0)
      throw std::invalid_argument(
          key + " gives a flow to the " + (inlet ? "inlet" : "outlet") + " at " + place_of(node) +
          ", and all other ends of these vessels have given flows too, so that nothing says which "
          "pressure there is; remove the flow of one of them, for example " +
          key + ".flow: that end then holds " +
          (inlet ? "flow.inlet_pressure" : "flow.outlet_pressure") + ", or type its pressure");
  }
}

void check_ends(VesselNetwork& network, const FlowParameters& flow, const std::vector<int>& entry) {
  if (network.segments.empty()) return;
  bool given = false;
  double highest = -1, lowest = 1e300;
  for (VesselNode& node : network.nodes) {
    if (node.end == VesselEnd::none) continue;
    const bool inlet = node.end == VesselEnd::inlet;
    given = given || node.end_flow != 0;
    if (node.end_pressure <= 0)
      node.end_pressure = inlet ? flow.inlet_pressure : flow.outlet_pressure;
    if (inlet)
      highest = std::max(highest, node.end_pressure);
    else
      lowest = std::min(lowest, node.end_pressure);
  }
  if (highest < 0 && lowest > 1e299)
    throw std::invalid_argument("the vessels have neither inlet nor outlet; add both to "
                                "vessels.ends, for example [{role: inlet, face: -z}, {role: "
                                "outlet, face: +z}]");
  if (highest < 0)
    throw std::invalid_argument("the vessels have no inlet; add one to vessels.ends, for example "
                                "{role: inlet, face: -z}");
  if (lowest > 1e299)
    throw std::invalid_argument("the vessels have no outlet; add one to vessels.ends, for example "
                                "{role: outlet, face: +z}");
  if (flow.enabled && given) return check_given_flows(network, entry);
  if (flow.enabled && highest <= lowest)
    throw std::invalid_argument("no inlet of the vessels has more pressure than the outlets; raise "
                                "flow.inlet_pressure or the pressures of vessels.ends");
}

} // namespace

GridCount count_grid(const VesselParameters& p, const Lattice& l, std::uint64_t seed) {
  GridCount count;
  for_each_of_grid(p, l, seed, [&](double, double, double from_middle2) {
    ++count.all;
    if (from_middle2 < p.exclusion * p.exclusion) ++count.left_out;
    count.farthest = std::max(count.farthest, std::sqrt(from_middle2));
  });
  return count;
}

VesselNetwork build_parent_vessels(const VesselParameters& p, const FlowParameters& flow,
                                   const Lattice& lattice, std::uint64_t seed,
                                   const VesselNetwork& file,
                                   const std::vector<std::string>& names) {
  VesselNetwork network;
  switch (p.pattern) {
  case VesselPattern::none: return network;
  case VesselPattern::lines:
    for (const VesselLine& line : p.lines)
      add_line(network, line.from, line.to, line.radius, line.inlet_pressure, line.outlet_pressure,
               line.oxygen);
    break;
  case VesselPattern::grid: network = jittered_grid(p, lattice, seed); break;
  case VesselPattern::pair: network = artery_and_vein(p, flow, lattice); break;
  case VesselPattern::hexagonal: network = honeycomb(p, lattice); break;
  case VesselPattern::file:
    if (file.segments.empty())
      throw std::invalid_argument("vessels.file: " + p.file + " was not read");
    network = file;
    break;
  }
  const std::vector<int> entry = set_ends(network, names, p, lattice);
  check_ends(network, flow, entry);
  return network;
}

} // namespace metavox
