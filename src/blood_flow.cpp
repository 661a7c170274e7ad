#include "metavox/blood_flow.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "metavox/core/errors.hpp"
#include "metavox/core/exact.hpp"
#include "metavox/core/random.hpp"
#include "metavox/perfusion.hpp"

namespace metavox {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double pascal_per_mmhg = 133.322;
constexpr double smallest_diameter = 2.0;     // um: the measured laws are not used below it
constexpr double largest_haematocrit = 0.95;  // what packed red cells reach

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

// ---- viscosity ----------------------------------------------------------------------------------

// Apparent viscosity relative to plasma as a function of haematocrit: wall (1 + slope l f(exponent l)), where
// l = ln(1 - H) and f(y) = (e^y - 1) / y, which also holds where the exponent C of the law passes through 0.
struct Rheology {
  double wall, slope, exponent;
};

double growth(double y) { // (e^y - 1) / y
  if (std::fabs(y) > 0.1) return (exact::exp(y) - 1.0) / y;
  double sum = 1.0 / 362880; // Taylor series: the rest is below 1e-15
  sum = sum * y + 1.0 / 40320;
  sum = sum * y + 1.0 / 5040;
  sum = sum * y + 1.0 / 720;
  sum = sum * y + 1.0 / 120;
  sum = sum * y + 1.0 / 24;
  sum = sum * y + 1.0 / 6;
  sum = sum * y + 0.5;
  return sum * y + 1.0;
}

// In vivo law of A. Pries et al. 1994, Circ. Res. 75:904; diameter in um.
Rheology rheology(double diameter) {
  const double d = exact::max_of(diameter, smallest_diameter);
  const double at_45 = 6.0 * exact::exp(-0.085 * d) + 3.2 -
                       2.44 * exact::exp(-0.06 * exact::pow(d, 0.645));
  const double d2 = d * d, d4 = d2 * d2;
  const double share = 1.0 / (1.0 + 1e-11 * (d4 * d4 * d4));
  const double exponent = (0.8 + exact::exp(-0.075 * d)) * (share - 1.0) + share;
  const double ratio = d / (d - 1.1);
  const double wall = ratio * ratio;
  const double log_55 = exact::log(0.55);
  return {wall, (at_45 - 1.0) * wall / (log_55 * growth(exponent * log_55)), exponent};
}

double log_plasma(double haematocrit) { return exact::log(1.0 - haematocrit); }

double relative(const Rheology& r, double log_plasma_share) {
  return r.wall * (1.0 + r.slope * log_plasma_share * growth(r.exponent * log_plasma_share));
}

// ---- preconditioner -----------------------------------------------------------------------------

// A symmetric M-matrix as a graph: conductances between unknowns, and of each unknown to the ground (the ends).
// Eliminates unknowns in the order of their degree. The star of a pivot becomes a clique of its neighbours where that is
// cheap, so that trees, ladders and most sheets are factorised exactly; elsewhere a random tree stands for the clique,
// with the clique as its mean (Y. Gao, R. Kyng and D. Spielman 2023, arXiv:2303.00709). Only sums and products of
// positive numbers occur: the factors are accurate however much conductances differ.
class Elimination {
public:
  struct Link {
    std::int32_t a, b;
    double conductance;
  };

  void factorise(std::size_t n, const std::vector<Link>& links, const std::vector<double>& ground);

  // z = M^-1 r
  void apply(const std::vector<double>& r, std::vector<double>& z) const;

  std::size_t entries() const { return coefficient_.size(); }

private:
  struct Entry {
    std::int32_t to;
    std::uint32_t link;
  };
  struct List {
    std::size_t begin = 0;
    std::uint32_t size = 0, capacity = 0;
  };

  // Pairs are looked for in the shorter list, and not at all between two hubs: their links then stay parallel until one
  // of them becomes the pivot.
  static constexpr std::uint32_t longest_search = 128;
  static constexpr std::size_t exact_degree = 8;

  void append(std::int32_t to, Entry entry);
  void tidy(std::int32_t v);
  void join(std::int32_t a, std::int32_t b, double conductance);
  void enqueue(std::int32_t v);
  void dequeue(std::int32_t v);

  std::vector<std::int32_t> order_;
  std::vector<double> pivot_; // 1 / sum of conductances
  std::vector<std::size_t> row_;
  std::vector<std::int32_t> column_;
  std::vector<double> coefficient_;

  std::vector<List> lists_;
  std::vector<Entry> pool_;
  std::vector<double> weight_;
  std::vector<std::int32_t> degree_;
  std::vector<std::uint8_t> gone_;
  std::vector<std::int32_t> head_, tail_, next_, previous_; // queues by degree
};

void Elimination::append(std::int32_t v, Entry entry) {
  List& list = lists_[at(v)];
  if (list.size == list.capacity) {
    const std::uint32_t capacity = std::max(8u, 2 * list.capacity);
    const std::size_t begin = pool_.size();
    pool_.resize(begin + capacity);
    std::copy_n(pool_.begin() + static_cast<std::ptrdiff_t>(list.begin), list.size,
                pool_.begin() + static_cast<std::ptrdiff_t>(begin));
    list.begin = begin;
    list.capacity = capacity;
  }
  pool_[list.begin + list.size++] = entry;
}

// Drops links to pivots that are gone, once they are many.
void Elimination::tidy(std::int32_t v) {
  List& list = lists_[at(v)];
  if (list.size > 16 && list.size < 2 * static_cast<std::uint32_t>(degree_[at(v)])) return;
  std::uint32_t kept = 0;
  for (std::uint32_t k = 0; k < list.size; ++k) {
    const Entry e = pool_[list.begin + k];
    if (!gone_[at(e.to)]) pool_[list.begin + kept++] = e;
  }
  list.size = kept;
}

void Elimination::join(std::int32_t a, std::int32_t b, double conductance) {
  if (lists_[at(a)].size > lists_[at(b)].size) std::swap(a, b);
  const List& list = lists_[at(a)];
  if (list.size <= longest_search)
    for (std::uint32_t k = 0; k < list.size; ++k)
      if (pool_[list.begin + k].to == b) {
        weight_[pool_[list.begin + k].link] += conductance;
        return;
      }
  const auto link = static_cast<std::uint32_t>(weight_.size());
  weight_.push_back(conductance);
  append(a, {b, link});
  append(b, {a, link});
  ++degree_[at(a)];
  ++degree_[at(b)];
}

void Elimination::enqueue(std::int32_t v) {
  const auto d = at(degree_[at(v)]);
  next_[at(v)] = -1;
  previous_[at(v)] = tail_[d];
  (tail_[d] < 0 ? head_[d] : next_[at(tail_[d])]) = v;
  tail_[d] = v;
}

void Elimination::dequeue(std::int32_t v) {
  const auto d = at(degree_[at(v)]);
  const std::int32_t before = previous_[at(v)], after = next_[at(v)];
  (before < 0 ? head_[d] : next_[at(before)]) = after;
  (after < 0 ? tail_[d] : previous_[at(after)]) = before;
}

void Elimination::factorise(std::size_t n, const std::vector<Link>& links, const std::vector<double>& ground_in) {
  std::vector<double> ground = ground_in;
  order_.clear();
  order_.reserve(n);
  pivot_.clear();
  pivot_.reserve(n);
  row_.assign(1, 0);
  row_.reserve(n + 1);
  column_.clear();
  coefficient_.clear();
  column_.reserve(4 * links.size());
  coefficient_.reserve(4 * links.size());

  lists_.assign(n, {});
  for (const Link& l : links) {
    ++lists_[at(l.a)].capacity;
    ++lists_[at(l.b)].capacity;
  }
  std::size_t used = 0;
  for (List& list : lists_) {
    list.begin = used;
    list.capacity += 2;
    used += list.capacity;
  }
  pool_.clear();
  pool_.reserve(3 * used);
  pool_.resize(used);
  weight_.clear();
  weight_.reserve(4 * links.size());
  degree_.assign(n, 0);
  gone_.assign(n, 0);
  for (const Link& l : links) join(l.a, l.b, l.conductance);

  // A degree can reach the number of links where hubs keep parallel ones.
  head_.assign(2 * n + 2, -1);
  tail_.assign(head_.size(), -1);
  next_.assign(n, -1);
  previous_.assign(n, -1);
  const auto fit = [&](std::int32_t d) {
    if (at(d) >= head_.size()) {
      head_.resize(at(d) * 2, -1);
      tail_.resize(at(d) * 2, -1);
    }
  };
  for (std::size_t v = 0; v < n; ++v) {
    fit(degree_[v]);
    enqueue(static_cast<std::int32_t>(v));
  }

  struct Neighbour {
    std::int32_t to;
    double weight;
  };
  std::vector<Neighbour> near;
  std::vector<double> later; // sums of weights from a neighbour on
  std::vector<std::int32_t> slot(n, -1);
  std::size_t lowest = 0;
  for (std::size_t step = 0; step < n; ++step) {
    while (head_[lowest] < 0) ++lowest;
    const std::int32_t v = head_[lowest];
    dequeue(v);
    gone_[at(v)] = 1;

    near.clear();
    const List list = lists_[at(v)];
    for (std::uint32_t k = 0; k < list.size; ++k) {
      const Entry e = pool_[list.begin + k];
      if (gone_[at(e.to)]) continue;
      std::int32_t& s = slot[at(e.to)];
      if (s < 0) {
        s = static_cast<std::int32_t>(near.size());
        near.push_back({e.to, 0.0});
        dequeue(e.to);
      }
      near[at(s)].weight += weight_[e.link];
      --degree_[at(e.to)];
    }
    for (const Neighbour& m : near) slot[at(m.to)] = -1;
    const std::size_t d = near.size();
    // Ascending weights serve the sampling, and make the order of sums independent of how lists grew.
    std::sort(near.begin(), near.end(), [](const Neighbour& p, const Neighbour& q) {
      return p.weight != q.weight ? p.weight < q.weight : p.to < q.to;
    });
    double sum = ground[at(v)];
    for (const Neighbour& m : near) sum += m.weight;
    const double inverse = sum > 0 ? 1.0 / sum : 0.0;
    order_.push_back(v);
    pivot_.push_back(inverse);
    for (const Neighbour& m : near) {
      const double share = m.weight * inverse;
      column_.push_back(m.to);
      coefficient_.push_back(share);
      ground[at(m.to)] += share * ground[at(v)];
      tidy(m.to);
    }
    row_.push_back(column_.size());

    if (d <= exact_degree) {
      for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = i + 1; j < d; ++j)
          join(near[i].to, near[j].to, near[i].weight * inverse * near[j].weight);
    } else {
      later.resize(d + 1);
      later[d] = 0;
      for (std::size_t i = d; i-- > 0;) later[i] = later[i + 1] + near[i].weight;
      Draw words{};
      for (std::size_t i = 0; i + 1 < d; ++i) {
        if ((i & 3) == 0) words = draw(0, Purpose::flow_preconditioner, static_cast<std::uint64_t>(v), i / 4);
        // The heavier neighbour j, drawn in proportion to its weight.
        const double mark = to_unit(words.word[i & 3]) * later[i + 1];
        std::size_t j = i + 1, end = d - 1;
        while (j < end) {
          const std::size_t middle = (j + end) / 2;
          if (later[middle + 1] < mark)
            end = middle;
          else
            j = middle + 1;
        }
        join(near[i].to, near[j].to, near[i].weight * inverse * later[i + 1]);
      }
    }
    for (const Neighbour& m : near) {
      fit(degree_[at(m.to)]);
      enqueue(m.to);
      lowest = std::min(lowest, at(degree_[at(m.to)]));
    }
  }
}

void Elimination::apply(const std::vector<double>& r, std::vector<double>& z) const {
  const std::size_t n = order_.size();
  for (std::size_t k = 0; k < n; ++k) z[k] = r[k];
  for (std::size_t k = 0; k < n; ++k) {
    const double y = z[at(order_[k])];
    for (std::size_t e = row_[k]; e < row_[k + 1]; ++e) z[at(column_[e])] += coefficient_[e] * y;
  }
  for (std::size_t k = n; k-- > 0;) {
    double y = z[at(order_[k])] * pivot_[k];
    for (std::size_t e = row_[k]; e < row_[k + 1]; ++e) y += coefficient_[e] * z[at(column_[e])];
    z[at(order_[k])] = y;
  }
}

// ---- the bed: unbranched runs of segments as single branches ------------------------------------

constexpr std::int32_t none = -1;

// Part of a branch with one radius: its resistance is plasma * relative viscosity / wall, in mmHg min/um^3.
struct Stretch {
  double plasma; // resistance to plasma
  double slope, exponent; // of the viscosity
};

struct Step { // a segment of a branch, and whether the branch runs through it from `from` to `to`
  std::int32_t segment;
  bool forward;
};

struct Branch {
  std::int32_t from = none, to = none; // vertices
  std::size_t first_step = 0, last_step = 0;
  std::size_t first_stretch = 0, last_stretch = 0;
  double diameter_from = 0, diameter_to = 0; // um, of the segments at its ends
};

// Vertices are the network's ends, junctions and blind ends, the unknown ones first.
struct Bed {
  std::size_t unknowns = 0;
  std::vector<std::int32_t> node;       // of each vertex
  std::vector<std::int32_t> vertex;     // of each node, or none
  std::vector<std::int32_t> end;        // of each vertex: its number in network.ends, or none
  std::vector<Branch> branches;         // those that can carry flow
  std::vector<Branch> still;            // those that cannot
  std::vector<Step> steps;
  std::vector<Stretch> stretches;
  // Vertices where nothing flows, and one that has the same pressure and is known by then.
  std::vector<std::pair<std::int32_t, std::int32_t>> hangers;

  struct Arc { // a branch as its vertex sees it
    std::int32_t branch, other;
  };
  std::vector<std::size_t> first_arc; // of each vertex
  std::vector<Arc> arcs;

  Bed(const FlowNetwork& network, const FlowParameters& settings);

private:
  void check(const FlowNetwork& network, const FlowParameters& settings) const;
  std::vector<Branch> contract(const FlowNetwork& network);
  void add_stretches(const FlowNetwork& network, double plasma_viscosity, Branch& branch);

  Rheology rheology_{};         // of the last radius met: neighbours are often as wide
  double rheology_radius_ = -1;
};

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument("blood flow: " + what); }

void Bed::check(const FlowNetwork& network, const FlowParameters& settings) const {
  const auto known = [&](std::int32_t v) { return v >= 0 && v < network.nodes; };
  if (network.nodes < 0) refuse("a negative number of nodes");
  if (network.segments.size() > std::numeric_limits<std::int32_t>::max() / 2) refuse("too many segments");
  if (!(settings.plasma_viscosity > 0) || !std::isfinite(settings.plasma_viscosity))
    refuse("plasma viscosity must be positive");
  for (std::size_t i = 0; i < network.segments.size(); ++i) {
    const FlowNetwork::Segment& s = network.segments[i];
    const auto name = [&] { return "segment " + std::to_string(i); };
    if (!known(s.from) || !known(s.to)) refuse(name() + " joins a node out of range");
    if (!(s.radius > 0) || !std::isfinite(s.radius)) refuse(name() + " has no radius");
    if (!(s.length > 0) || !std::isfinite(s.length)) refuse(name() + " has no length");
    const double g = conductance(s.radius, s.length, settings.plasma_viscosity);
    if (!(g > 1e-100) || !(g < 1e100)) refuse(name() + " has a radius or length beyond all vessels");
  }
  for (std::size_t i = 0; i < network.ends.size(); ++i) {
    const FlowNetwork::End& e = network.ends[i];
    const std::string name = "end " + std::to_string(i);
    if (!known(e.node)) refuse(name + " is at a node out of range");
    if (!std::isfinite(e.pressure)) refuse(name + " has no pressure");
    if (!(e.haematocrit >= 0 && e.haematocrit <= largest_haematocrit))
      refuse(name + " has a haematocrit outside 0 to 0.95");
  }
}

// Follows unbranched runs from junction to junction; numbers vertices in the order of nodes.
std::vector<Branch> Bed::contract(const FlowNetwork& network) {
  const std::size_t nodes = at(network.nodes);
  std::vector<std::int32_t> end_of(nodes, none);
  for (std::size_t i = 0; i < network.ends.size(); ++i) {
    std::int32_t& e = end_of[at(network.ends[i].node)];
    if (e != none) refuse("node " + std::to_string(network.ends[i].node) + " is held at two pressures");
    e = static_cast<std::int32_t>(i);
  }

  std::vector<std::size_t> first(nodes + 1, 0);
  for (const FlowNetwork::Segment& s : network.segments)
    if (s.from != s.to) {
      ++first[at(s.from) + 1];
      ++first[at(s.to) + 1];
    }
  for (std::size_t v = 0; v < nodes; ++v) first[v + 1] += first[v];
  std::vector<std::int32_t> beside(first[nodes]);
  std::vector<std::size_t> next(first.begin(), first.end() - 1);
  for (std::size_t i = 0; i < network.segments.size(); ++i) {
    const FlowNetwork::Segment& s = network.segments[i];
    if (s.from == s.to) {
      if (first[at(s.from)] == first[at(s.from) + 1] && end_of[at(s.from)] == none)
        refuse("no end holds node " + std::to_string(s.from) + " at a pressure");
      continue;
    }
    beside[next[at(s.from)]++] = static_cast<std::int32_t>(i);
    beside[next[at(s.to)]++] = static_cast<std::int32_t>(i);
  }

  vertex.assign(nodes, none);
  for (std::size_t v = 0; v < nodes; ++v) {
    const std::size_t degree = first[v + 1] - first[v];
    if (degree == 0 || (degree == 2 && end_of[v] == none)) continue;
    vertex[v] = static_cast<std::int32_t>(node.size());
    node.push_back(static_cast<std::int32_t>(v));
    end.push_back(end_of[v]);
  }

  std::vector<Branch> all;
  std::vector<std::uint8_t> seen(network.segments.size(), 0);
  steps.reserve(network.segments.size());
  for (const std::int32_t start : node)
    for (std::size_t k = first[at(start)]; k < first[at(start) + 1]; ++k) {
      if (seen[at(beside[k])]) continue;
      Branch branch;
      branch.from = vertex[at(start)];
      branch.first_step = steps.size();
      std::int32_t here = start, through = beside[k];
      for (;;) {
        const FlowNetwork::Segment& s = network.segments[at(through)];
        seen[at(through)] = 1;
        steps.push_back({through, s.from == here});
        here = s.from == here ? s.to : s.from;
        if (vertex[at(here)] != none) break;
        const std::size_t f = first[at(here)];
        through = beside[f] == through ? beside[f + 1] : beside[f];
      }
      branch.to = vertex[at(here)];
      branch.last_step = steps.size();
      all.push_back(branch);
    }
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (!seen[i] && network.segments[i].from != network.segments[i].to)
      refuse("no end holds segment " + std::to_string(i) + " at a pressure");
  return all;
}

void Bed::add_stretches(const FlowNetwork& network, double plasma_viscosity, Branch& branch) {
  branch.first_stretch = stretches.size();
  double radius = -1;
  for (std::size_t k = branch.first_step; k < branch.last_step; ++k) {
    const FlowNetwork::Segment& s = network.segments[at(steps[k].segment)];
    if (s.radius != radius) {
      radius = s.radius;
      if (radius != rheology_radius_) {
        rheology_radius_ = radius;
        rheology_ = rheology(2 * radius);
      }
      stretches.push_back({0, rheology_.slope, rheology_.exponent});
    }
    stretches.back().plasma += rheology_.wall / conductance(s.radius, s.length, plasma_viscosity);
  }
  branch.last_stretch = stretches.size();
  branch.diameter_from = 2 * network.segments[at(steps[branch.first_step].segment)].radius;
  branch.diameter_to = 2 * network.segments[at(steps[branch.last_step - 1].segment)].radius;
}

Bed::Bed(const FlowNetwork& network, const FlowParameters& settings) {
  check(network, settings);
  std::vector<Branch> all = contract(network);
  const std::size_t vertices = node.size();

  const auto arcs_of = [&](const std::vector<Branch>& list) {
    first_arc.assign(vertices + 1, 0);
    for (const Branch& b : list) {
      ++first_arc[at(b.from) + 1];
      ++first_arc[at(b.to) + 1];
    }
    for (std::size_t v = 0; v < vertices; ++v) first_arc[v + 1] += first_arc[v];
    arcs.resize(first_arc[vertices]);
    std::vector<std::size_t> next(first_arc.begin(), first_arc.end() - 1);
    for (std::size_t b = 0; b < list.size(); ++b) {
      arcs[next[at(list[b].from)]++] = {static_cast<std::int32_t>(b), list[b].to};
      arcs[next[at(list[b].to)]++] = {static_cast<std::int32_t>(b), list[b].from};
    }
  };

  // Every vertex in reach of an end, with the neighbour that it was reached from.
  arcs_of(all);
  std::vector<std::int32_t> reached, from(vertices, none), end_vertices;
  std::vector<std::uint8_t> seen(vertices, 0);
  for (std::size_t v = 0; v < vertices; ++v)
    if (end[v] != none) {
      end_vertices.push_back(static_cast<std::int32_t>(v));
      seen[v] = 1;
    }
  reached = end_vertices;
  for (std::size_t k = 0; k < reached.size(); ++k)
    for (std::size_t a = first_arc[at(reached[k])]; a < first_arc[at(reached[k]) + 1]; ++a)
      if (const std::int32_t v = arcs[a].other; !seen[at(v)]) {
        seen[at(v)] = 1;
        from[at(v)] = reached[k];
        reached.push_back(v);
      }
  for (std::size_t v = 0; v < vertices; ++v)
    if (!seen[v]) refuse("no end holds node " + std::to_string(node[v]) + " at a pressure");

  // Nothing flows off the simple paths from end to end, nor in a part whose ends are all at one pressure.
  std::vector<std::pair<std::int32_t, std::int32_t>> edges(all.size());
  for (std::size_t b = 0; b < all.size(); ++b) edges[b] = {all[b].from, all[b].to};
  std::vector<std::uint8_t> flows = edges_between(static_cast<std::int32_t>(vertices), edges, end_vertices);
  const auto pressure = [&](std::int32_t v) { return network.ends[at(end[at(v)])].pressure; };
  for (std::size_t b = 0; b < all.size(); ++b)
    if (end[at(all[b].from)] != none && end[at(all[b].to)] != none && pressure(all[b].from) == pressure(all[b].to))
      flows[b] = 0;
  std::vector<std::int32_t> part;
  std::fill(seen.begin(), seen.end(), std::uint8_t{0});
  for (std::size_t start = 0; start < vertices; ++start) {
    if (seen[start] || end[start] != none) continue;
    part.assign(1, static_cast<std::int32_t>(start));
    seen[start] = 1;
    double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
    for (std::size_t k = 0; k < part.size(); ++k)
      for (std::size_t a = first_arc[at(part[k])]; a < first_arc[at(part[k]) + 1]; ++a) {
        const std::int32_t v = arcs[a].other;
        if (!flows[at(arcs[a].branch)]) continue;
        if (end[at(v)] != none) {
          lowest = std::min(lowest, pressure(v));
          highest = std::max(highest, pressure(v));
        } else if (!seen[at(v)]) {
          seen[at(v)] = 1;
          part.push_back(v);
        }
      }
    if (lowest == highest)
      for (const std::int32_t v : part)
        for (std::size_t a = first_arc[at(v)]; a < first_arc[at(v) + 1]; ++a) flows[at(arcs[a].branch)] = 0;
  }

  // Unknown vertices first, in the order of nodes.
  std::vector<std::uint8_t> unknown(vertices, 0);
  for (std::size_t b = 0; b < all.size(); ++b)
    if (flows[b])
      for (const std::int32_t v : {all[b].from, all[b].to})
        if (end[at(v)] == none) unknown[at(v)] = 1;
  std::vector<std::int32_t> number(vertices);
  std::int32_t count = 0;
  for (const bool now : {true, false}) {
    for (std::size_t v = 0; v < vertices; ++v)
      if ((unknown[v] != 0) == now) number[v] = count++;
    if (now) unknowns = at(count);
  }
  for (const std::int32_t v : reached)
    if (!unknown[at(v)] && end[at(v)] == none) hangers.push_back({number[at(v)], number[at(from[at(v)])]});
  const std::vector<std::int32_t> old_node = node, old_end = end;
  for (std::size_t v = 0; v < vertices; ++v) {
    node[at(number[v])] = old_node[v];
    end[at(number[v])] = old_end[v];
    vertex[at(old_node[v])] = number[v];
  }
  for (std::size_t b = 0; b < all.size(); ++b) {
    all[b].from = number[at(all[b].from)];
    all[b].to = number[at(all[b].to)];
    if (flows[b]) add_stretches(network, settings.plasma_viscosity, all[b]);
    (flows[b] ? branches : still).push_back(all[b]);
  }
  arcs_of(branches);
}

// ---- pressures ----------------------------------------------------------------------------------

class PressureSolver {
public:
  explicit PressureSolver(const Bed& bed);

  std::vector<double> conductances; // of the branches; call update() after a change
  void update();

  // Adds to `pressure` what removes the net flows `excess` into unknown vertices, leaving `remainder` of them (in the
  // norm of the preconditioner). The change itself is left in change().
  void correct(const std::vector<double>& excess, double remainder, std::vector<double>& pressure);
  const std::vector<double>& change() const { return x_; }

  int steps() const { return steps_; }

private:
  const Bed& bed_;
  Elimination elimination_;
  std::vector<double> weights_; // of arcs
  std::vector<double> x_, r_, z_, p_, q_;
  int steps_ = 0;
  int fresh_ = -1;  // steps that the first solve after a factorisation took; -1: none yet
  int excess_ = 0;  // steps beyond that since
  bool factorised_ = false;
};

PressureSolver::PressureSolver(const Bed& bed) : conductances(bed.branches.size(), 0.0), bed_(bed) {
  weights_.resize(bed.first_arc[bed.unknowns]);
  x_.assign(bed.node.size(), 0.0); // stays 0 at the ends
  p_ = x_;
  for (auto* v : {&r_, &z_, &q_}) v->assign(bed.unknowns, 0.0);
}

void PressureSolver::update() {
  for (std::size_t a = 0; a < weights_.size(); ++a) weights_[a] = conductances[at(bed_.arcs[a].branch)];
  // A factorisation costs about as much as a dozen steps.
  if (factorised_ && excess_ <= 12) return;
  std::vector<Elimination::Link> links;
  links.reserve(conductances.size());
  std::vector<double> ground(bed_.unknowns, 0.0);
  for (std::size_t b = 0; b < conductances.size(); ++b) {
    const std::int32_t v[2] = {bed_.branches[b].from, bed_.branches[b].to};
    const bool inner[2] = {at(v[0]) < bed_.unknowns, at(v[1]) < bed_.unknowns};
    if (inner[0] && inner[1])
      links.push_back({v[0], v[1], conductances[b]});
    else
      for (int k = 0; k < 2; ++k)
        if (inner[k]) ground[at(v[k])] += conductances[b];
  }
  elimination_.factorise(bed_.unknowns, links, ground);
  factorised_ = true;
  fresh_ = -1;
  excess_ = 0;
}

// Sums in four parts, in the same order everywhere.
double dot(const std::vector<double>& a, const std::vector<double>& b, std::size_t n) {
  double s[4] = {0, 0, 0, 0};
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (std::size_t k = 0; k < 4; ++k) s[k] += a[i + k] * b[i + k];
  for (; i < n; ++i) s[0] += a[i] * b[i];
  return (s[0] + s[1]) + (s[2] + s[3]);
}

void PressureSolver::correct(const std::vector<double>& excess, double remainder, std::vector<double>& pressure) {
  const std::size_t n = bed_.unknowns;
  std::fill(x_.begin(), x_.end(), 0.0);
  std::copy_n(excess.begin(), n, r_.begin());
  double rz = 0, first = 0;
  int taken = 0;
  for (;; ++taken) {
    elimination_.apply(r_, z_);
    const double now = dot(r_, z_, n);
    if (!(now >= 0) || !std::isfinite(now))
      throw NumericalError("blood flow: pressures are not numbers");
    if (taken == 0) first = now;
    if (now <= remainder * remainder * first || now < 1e-290) break;
    if (taken >= 2000) throw NumericalError("blood flow: pressures do not converge");
    const double beta = taken == 0 ? 0.0 : now / rz;
    rz = now;
    for (std::size_t i = 0; i < n; ++i) p_[i] = z_[i] + beta * p_[i];
    double curvature = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (std::size_t a = bed_.first_arc[i]; a < bed_.first_arc[i + 1]; ++a)
        sum += weights_[a] * (p_[i] - p_[at(bed_.arcs[a].other)]);
      q_[i] = sum;
      curvature += sum * p_[i];
    }
    const double alpha = rz / curvature;
    for (std::size_t i = 0; i < n; ++i) {
      x_[i] += alpha * p_[i];
      r_[i] -= alpha * q_[i];
    }
  }
  for (std::size_t i = 0; i < n; ++i) pressure[i] += x_[i];
  steps_ += taken;
  if (fresh_ < 0) fresh_ = taken;
  excess_ += std::max(0, taken - fresh_);
}

// ---- red cells ----------------------------------------------------------------------------------

struct Daughter {
  std::int32_t branch;
  double flow, diameter, share; // share of the mother's red cells
};

// Pries and Secomb 2005, Am. J. Physiol. 289:H2657. With more than two daughters it is each against the rest, whose
// squared diameter is the mean over their flow; the threshold falls with their effective number, 1 / sum of squared
// shares of flow, so that some daughter always exceeds it. All of it is continuous where a flow passes through 0.
void share_pries(double haematocrit, double mother_diameter, double total, std::vector<Daughter>& daughters) {
  const double scale = (1.0 - haematocrit) / exact::max_of(mother_diameter, smallest_diameter);
  double evenness = 0;
  for (const Daughter& d : daughters) evenness += d.flow / total * (d.flow / total);
  const double x0 = 0.964 * scale * exact::min_of(2.0 * evenness, 1.0);
  const double b = 1.0 + 6.98 * scale;
  const auto share = [&](double fraction, double square, double others) {
    const double x = (fraction - x0) / (1.0 - 2.0 * x0);
    if (!(x > 0)) return 0.0;
    if (!(x < 1)) return 1.0;
    const double a = -13.29 * ((square - others) / (square + others)) * scale;
    return 1.0 / (1.0 + exact::exp(-a - b * exact::log(x / (1.0 - x))));
  };
  if (daughters.size() == 2) {
    Daughter &p = daughters[0], &q = daughters[1];
    p.share = share(p.flow / total, p.diameter * p.diameter, q.diameter * q.diameter);
    q.share = 1.0 - p.share;
    return;
  }
  double squares = 0, sum = 0;
  for (const Daughter& d : daughters) squares += d.flow * d.diameter * d.diameter;
  for (Daughter& d : daughters) {
    const double own = d.diameter * d.diameter, rest = total - d.flow;
    d.share = share(d.flow / total, own, rest > 0 ? exact::max_of(squares - d.flow * own, 0.0) / rest : own);
    sum += d.share;
  }
  for (Daughter& d : daughters) d.share /= sum;
}

// The fastest daughter carries the densest blood; against it the others' haematocrit falls by the ratio of velocities,
// and to nothing where that ratio exceeds 2.5 (T. Alarcon et al. 2003, J. Theor. Biol. 225:257). The jump is a ramp
// from 2.25 to 2.75: with a jump there need be no flow that agrees with its own red cells.
void share_velocity(double total, std::vector<Daughter>& daughters) {
  constexpr double ramp_end = 2.75, ramp = 0.5, lean = 0.5;
  double fastest = 0, sum = 0;
  for (const Daughter& d : daughters)
    fastest = exact::max_of(fastest, d.flow / (d.diameter * d.diameter));
  for (Daughter& d : daughters) {
    const double ratio = fastest * (d.diameter * d.diameter) / d.flow;
    const double drop = exact::clamp((ramp_end - ratio) / ramp, 0.0, 1.0);
    d.share = d.flow / total * drop / (1.0 + lean * (ratio - 1.0));
    sum += d.share;
  }
  for (Daughter& d : daughters) d.share /= sum;
}

// What would pack a daughter too densely goes to the others, in proportion to the room they have.
void cap(double haematocrit, double total, std::vector<Daughter>& daughters) {
  double over = 0, room = 0;
  const double cells = haematocrit * total;
  const auto spare = [&](const Daughter& d) { return largest_haematocrit * d.flow - d.share * cells; };
  for (const Daughter& d : daughters) (spare(d) < 0 ? over : room) += std::fabs(spare(d));
  if (over == 0) return;
  for (Daughter& d : daughters) {
    const double s = spare(d);
    d.share += (s < 0 || room == 0 ? s : over * (s / room)) / cells;
  }
}

// Carries haematocrit downstream. `flow` and `haematocrit` belong to branches; pressures only decide where rounding has
// made flows run in a circle.
class RedCells {
public:
  RedCells(const Bed& bed, const FlowNetwork& network, PhaseSeparation rule)
      : bed_(bed), network_(network), rule_(rule), waiting_(bed.node.size()) {
    order_.reserve(bed.node.size());
  }
  void distribute(const std::vector<double>& pressure, const std::vector<double>& flow,
                  std::vector<double>& haematocrit);

private:
  void serve(std::size_t vertex, const std::vector<double>& flow, std::vector<double>& haematocrit);
  bool leaves(std::size_t vertex, std::int32_t branch, double flow) const {
    return flow > 0 ? at(bed_.branches[at(branch)].from) == vertex : at(bed_.branches[at(branch)].to) == vertex;
  }

  const Bed& bed_;
  const FlowNetwork& network_;
  PhaseSeparation rule_;
  std::vector<std::int32_t> waiting_; // inflows not served yet; none: served
  std::vector<std::int32_t> order_;
  std::vector<Daughter> daughters_;
};

void RedCells::serve(std::size_t v, const std::vector<double>& flow, std::vector<double>& haematocrit) {
  double in = 0, cells = 0, out = 0, mother = 0, densest = 0;
  daughters_.clear();
  for (std::size_t a = bed_.first_arc[v]; a < bed_.first_arc[v + 1]; ++a) {
    const std::int32_t b = bed_.arcs[a].branch;
    const double q = flow[at(b)], size = std::fabs(q);
    const Branch& branch = bed_.branches[at(b)];
    const double diameter = at(branch.from) == v ? branch.diameter_from : branch.diameter_to;
    if (q == 0) continue;
    if (leaves(v, b, q)) {
      out += size;
      densest = exact::max_of(densest, haematocrit[at(b)]);
      daughters_.push_back({b, size, diameter, 0.0});
    } else {
      in += size;
      cells += size * haematocrit[at(b)];
      mother += size * diameter;
    }
  }
  if (daughters_.empty()) return;
  const bool inner = v < bed_.unknowns;
  double mixed;
  if (!inner) {
    // An end cuts through a larger vessel: all that leaves it is one blood.
    const double entering = exact::max_of(out - in, 0.0);
    mixed = (cells + entering * network_.ends[at(bed_.end[v])].haematocrit) / (in + entering);
  } else {
    mixed = in > 0 ? cells / in : densest;
  }
  if (!inner || daughters_.size() == 1 || mixed == 0 || in == 0 || rule_ == PhaseSeparation::none) {
    for (const Daughter& d : daughters_) haematocrit[at(d.branch)] = mixed;
    return;
  }
  if (rule_ == PhaseSeparation::pries)
    share_pries(mixed, mother / in, out, daughters_);
  else
    share_velocity(out, daughters_);
  cap(mixed, out, daughters_);
  for (const Daughter& d : daughters_) haematocrit[at(d.branch)] = d.share * mixed * out / d.flow;
}

void RedCells::distribute(const std::vector<double>& pressure, const std::vector<double>& flow,
                          std::vector<double>& haematocrit) {
  const std::size_t vertices = bed_.node.size();
  std::fill(waiting_.begin(), waiting_.end(), 0);
  for (std::size_t b = 0; b < flow.size(); ++b) {
    if (flow[b] == 0)
      haematocrit[b] = 0;
    else
      ++waiting_[at(flow[b] > 0 ? bed_.branches[b].to : bed_.branches[b].from)];
  }
  order_.clear();
  for (std::size_t v = 0; v < vertices; ++v)
    if (waiting_[v] == 0) order_.push_back(static_cast<std::int32_t>(v));
  const auto pass = [&](std::size_t k) {
    const std::size_t v = at(order_[k]);
    waiting_[v] = none;
    serve(v, flow, haematocrit);
    for (const Daughter& d : daughters_) {
      const Branch& b = bed_.branches[at(d.branch)];
      const std::int32_t other = at(b.from) == v ? b.to : b.from;
      if (waiting_[at(other)] > 0 && --waiting_[at(other)] == 0) order_.push_back(other);
    }
  };
  for (std::size_t k = 0; k < order_.size(); ++k) pass(k);
  if (order_.size() == vertices) return;
  const std::size_t done = order_.size();
  for (std::size_t v = 0; v < vertices; ++v)
    if (waiting_[v] != none) order_.push_back(static_cast<std::int32_t>(v));
  std::sort(order_.begin() + static_cast<std::ptrdiff_t>(done), order_.end(), [&](std::int32_t p, std::int32_t q) {
    return pressure[at(p)] != pressure[at(q)] ? pressure[at(p)] > pressure[at(q)] : p < q;
  });
  for (std::size_t k = done; k < order_.size(); ++k) serve(at(order_[k]), flow, haematocrit);
}

// ---- the fixed point of haematocrit -------------------------------------------------------------

// Moves the haematocrit in use towards the one found from it.
//
// Each branch has a relaxation factor of its own, since what oscillates, or creeps away from a state that is not stable,
// is a few vessels here and there: the secant through the last two changes of its haematocrit would end them, and is
// followed within bounds (A. Aitken 1926 for one number). In long runs the upper bound falls off (W. Mann 1953,
// Proc. Am. Math. Soc. 4:506). Towards the end a few slow modes are left, which are extrapolated together
// (D. Anderson 1965, J. ACM 12:547) unless that makes it worse.
class Mixing {
public:
  Mixing(std::size_t branches, bool steep)
      : least_(steep ? 0.005 : 0.05), most_(steep ? 1.0 : 2.0), rise_(steep ? 1.2 : 2.0),
        relaxation_(branches, 0.5), last_(branches, 0.0), now_(branches) {}

  void advance(int iteration, double change, const std::vector<double>& found, std::vector<double>& used);

private:
  static constexpr double fall = 0.5, long_run = 100, small_change = 3e-4;
  static constexpr std::size_t depth = 6;
  static constexpr int longest_try = 24;

  void remember(const std::vector<double>& used);
  std::vector<double> combine() const;

  double least_, most_, rise_;
  std::vector<double> relaxation_, last_, now_, before_;
  std::vector<std::vector<double>> steps_, differences_; // of haematocrit in use, of what it lacked; oldest first
  bool together_ = false;
  int since_ = 0, resume_ = 0, pause_ = 8;
  double last_change_ = 0;
};

void Mixing::remember(const std::vector<double>& used) {
  if (steps_.size() < depth) {
    steps_.emplace_back(used.size());
    differences_.emplace_back(used.size());
  } else {
    std::rotate(steps_.begin(), steps_.begin() + 1, steps_.end());
    std::rotate(differences_.begin(), differences_.begin() + 1, differences_.end());
  }
  for (std::size_t b = 0; b < used.size(); ++b) {
    steps_.back()[b] = used[b] - before_[b];
    differences_.back()[b] = now_[b] - last_[b];
  }
}

// Weights of the differences that come closest to what is lacking now: normal equations by Cholesky's method, without
// differences that say nothing new.
std::vector<double> Mixing::combine() const {
  const std::size_t m = differences_.size(), n = now_.size();
  std::vector<double> g(m * m), y(m);
  for (std::size_t i = 0; i < m; ++i) {
    y[i] = dot(differences_[i], now_, n);
    for (std::size_t j = 0; j <= i; ++j) g[i * m + j] = dot(differences_[i], differences_[j], n);
  }
  for (std::size_t k = 0; k < m; ++k) {
    const double whole = g[k * m + k];
    double rest = whole;
    for (std::size_t i = 0; i < k; ++i) rest -= g[k * m + i] * g[k * m + i];
    const bool spent = !(rest > 1e-10 * whole);
    const double root = spent ? 0.0 : std::sqrt(rest);
    for (std::size_t i = 0; i < k; ++i) y[k] -= g[k * m + i] * y[i];
    y[k] = spent ? 0.0 : y[k] / root;
    for (std::size_t l = k + 1; l < m; ++l) {
      for (std::size_t i = 0; i < k; ++i) g[l * m + k] -= g[l * m + i] * g[k * m + i];
      g[l * m + k] = spent ? 0.0 : g[l * m + k] / root;
    }
    g[k * m + k] = root;
  }
  for (std::size_t k = m; k-- > 0;) {
    for (std::size_t l = k + 1; l < m; ++l) y[k] -= g[l * m + k] * y[l];
    y[k] = g[k * m + k] > 0 ? y[k] / g[k * m + k] : 0.0;
  }
  return y;
}

void Mixing::advance(int iteration, double change, const std::vector<double>& found, std::vector<double>& used) {
  const std::size_t n = used.size();
  for (std::size_t b = 0; b < n; ++b) now_[b] = found[b] - used[b];

  if (together_ && (change > 1.5 * last_change_ || iteration - since_ >= longest_try)) {
    together_ = false;
    pause_ *= 2;
    resume_ = iteration + pause_;
    steps_.clear();
    differences_.clear();
  } else if (together_) {
    remember(used);
  } else if (change < small_change && iteration >= resume_) {
    together_ = true;
    since_ = iteration;
  }
  last_change_ = change;

  if (!together_) {
    const double highest = most_ * exact::min_of(1.0, long_run / iteration);
    for (std::size_t b = 0; b < n; ++b)
      if (last_[b] != 0) {
        const double ratio = now_[b] / last_[b];
        const double secant = ratio < 1.0 ? 1.0 / (1.0 - ratio) : rise_;
        relaxation_[b] = exact::clamp(relaxation_[b] * exact::clamp(secant, fall, rise_), least_, highest);
      }
  }
  last_ = now_;
  before_ = used;
  const std::vector<double> weights = combine();
  for (std::size_t b = 0; b < n; ++b) {
    double h = used[b], lacking = now_[b];
    for (std::size_t i = 0; i < weights.size(); ++i) {
      h -= weights[i] * steps_[i][b];
      lacking -= weights[i] * differences_[i][b];
    }
    used[b] = exact::clamp(h + relaxation_[b] * lacking, 0.0, largest_haematocrit);
  }
}

} // namespace

// ---- public -------------------------------------------------------------------------------------

double relative_viscosity(double diameter, double haematocrit) {
  if (!(diameter > 0)) refuse("a diameter must be positive");
  if (!(haematocrit >= 0 && haematocrit < 1)) refuse("a haematocrit must lie in [0, 1)");
  return relative(rheology(diameter), log_plasma(haematocrit));
}

double conductance(double radius, double length, double viscosity) {
  constexpr double per_minute = pascal_per_mmhg * 60.0 / 1e-3; // 1 cP = 1e-3 Pa s
  const double r2 = radius * radius;
  return pi * (r2 * r2) / (8.0 * viscosity * length) * per_minute;
}

double wall_shear_stress(double pressure_drop, double radius, double length) {
  return std::fabs(pressure_drop) * (10.0 * pascal_per_mmhg) * radius / (2.0 * length);
}

FlowReport solve_flow(const FlowNetwork& network, const FlowParameters& settings, FlowSolution& solution) {
  const Bed bed(network, settings);
  const std::size_t nodes = at(network.nodes), segments = network.segments.size();
  const std::size_t branches = bed.branches.size(), vertices = bed.node.size();
  const bool warm = solution.pressure.size() == nodes && solution.haematocrit.size() == segments;

  // First guess.
  std::vector<double> pressure(vertices), used(branches), found(branches), flow(branches);
  double entering = 0, top = -std::numeric_limits<double>::infinity(), bottom = -top;
  for (const FlowNetwork::End& e : network.ends) {
    if (e.pressure > top) entering = e.haematocrit;
    top = std::max(top, e.pressure);
    bottom = std::min(bottom, e.pressure);
  }
  for (std::size_t v = 0; v < vertices; ++v) {
    const double guess = warm ? solution.pressure[at(bed.node[v])] : 0.0;
    if (bed.end[v] != none)
      pressure[v] = network.ends[at(bed.end[v])].pressure;
    else
      pressure[v] = guess >= bottom && guess <= top ? guess : 0.5 * (bottom + top);
  }
  for (std::size_t b = 0; b < branches; ++b) {
    const double guess = warm ? solution.haematocrit[at(bed.steps[bed.branches[b].first_step].segment)] : entering;
    used[b] = guess >= 0 && guess <= largest_haematocrit ? guess : entering;
  }

  FlowReport report;
  PressureSolver solver(bed);
  RedCells cells(bed, network, settings.phase_separation);
  std::vector<double> excess(bed.unknowns);
  const auto set_conductances = [&] {
    for (std::size_t b = 0; b < branches; ++b) {
      const double l = log_plasma(used[b]);
      double resistance = 0;
      for (std::size_t k = bed.branches[b].first_stretch; k < bed.branches[b].last_stretch; ++k) {
        const Stretch& s = bed.stretches[k];
        resistance += s.plasma * (1.0 + s.slope * l * growth(s.exponent * l));
      }
      solver.conductances[b] = 1.0 / resistance;
    }
    solver.update();
  };
  const auto set_flows = [&] {
    for (std::size_t b = 0; b < branches; ++b)
      flow[b] = solver.conductances[b] * (pressure[at(bed.branches[b].from)] - pressure[at(bed.branches[b].to)]);
  };
  // Net flow into unknown vertices; returns the largest, and what enters at the ends.
  const auto balance = [&](double& inflow) {
    double largest = 0;
    inflow = 0;
    for (std::size_t v = 0; v < vertices; ++v) {
      double sum = 0;
      for (std::size_t a = bed.first_arc[v]; a < bed.first_arc[v + 1]; ++a) {
        const std::int32_t b = bed.arcs[a].branch;
        sum += at(bed.branches[at(b)].to) == v ? flow[at(b)] : -flow[at(b)];
      }
      if (v < bed.unknowns) {
        excess[v] = sum;
        largest = std::max(largest, std::fabs(sum));
      } else if (sum < 0) {
        inflow -= sum;
      }
    }
    return largest;
  };
  // Corrections go to flows as well as to pressures: a flow along a wide short vessel is then not left to the last
  // digits of the pressures at its ends.
  const auto solve_tightly = [&] {
    double inflow = 0, best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 12; ++round) {
      const double imbalance = balance(inflow);
      report.imbalance = inflow > 0 ? imbalance / inflow : 0.0;
      if (report.imbalance == 0 || report.imbalance > 0.5 * best) break;
      best = report.imbalance;
      solver.correct(excess, 1e-5, pressure);
      for (std::size_t b = 0; b < branches; ++b) {
        const Branch& branch = bed.branches[b];
        flow[b] += solver.conductances[b] * (solver.change()[at(branch.from)] - solver.change()[at(branch.to)]);
      }
    }
    if (!(report.imbalance <= 1e-9)) throw NumericalError("blood flow: flows do not balance");
    return inflow;
  };
  const auto compare = [&](double inflow) {
    found = used;
    cells.distribute(pressure, flow, found);
    double change = 0;
    for (std::size_t b = 0; b < branches; ++b)
      if (std::fabs(flow[b]) > 1e-9 * inflow) change = std::max(change, std::fabs(found[b] - used[b]));
    return report.haematocrit_change = change;
  };

  constexpr double reduction = 1e-3; // of a pressure solve's residual, which starts from the last one's result
  Mixing mixing(branches, settings.phase_separation == PhaseSeparation::velocity);
  for (;;) {
    ++report.iterations;
    set_conductances();
    set_flows();
    double inflow = 0;
    balance(inflow);
    solver.correct(excess, reduction, pressure);
    set_flows();
    balance(inflow);
    double change = compare(inflow);
    if (change <= settings.tolerance) {
      inflow = solve_tightly();
      change = compare(inflow);
      if (change <= settings.tolerance) break;
    }
    if (report.iterations >= settings.max_iterations) {
      report.settled = false;
      compare(solve_tightly());
      break;
    }
    mixing.advance(report.iterations, change, found, used);
  }
  report.solver_steps = solver.steps();

  // Back to nodes and segments.
  for (const auto& [v, known] : bed.hangers) pressure[at(v)] = pressure[at(known)];
  solution.pressure.assign(nodes, 0.0);
  solution.flow.assign(segments, 0.0);
  solution.haematocrit.assign(segments, 0.0);
  solution.viscosity.assign(segments, 0.0);
  for (const FlowNetwork::End& e : network.ends) solution.pressure[at(e.node)] = e.pressure;
  for (std::size_t v = 0; v < vertices; ++v) solution.pressure[at(bed.node[v])] = pressure[v];
  Rheology law{};
  double radius = -1, cells_at = -1, viscosity = 0;
  const auto viscosity_of = [&](const FlowNetwork::Segment& s, double haematocrit) {
    if (s.radius != radius || haematocrit != cells_at) {
      if (s.radius != radius) law = rheology(2 * s.radius);
      radius = s.radius;
      cells_at = haematocrit;
      viscosity = settings.plasma_viscosity * relative(law, log_plasma(haematocrit));
    }
    return viscosity;
  };
  for (std::size_t b = 0; b < branches; ++b) {
    const Branch& branch = bed.branches[b];
    const double from = pressure[at(branch.from)], to = pressure[at(branch.to)];
    double passed = 0;
    for (std::size_t k = branch.first_step; k < branch.last_step; ++k) {
      const std::size_t i = at(bed.steps[k].segment);
      const FlowNetwork::Segment& s = network.segments[i];
      solution.flow[i] = bed.steps[k].forward ? flow[b] : -flow[b];
      solution.haematocrit[i] = found[b];
      solution.viscosity[i] = viscosity_of(s, used[b]);
      passed += 1.0 / conductance(s.radius, s.length, solution.viscosity[i]);
      if (k + 1 < branch.last_step)
        solution.pressure[at(bed.steps[k].forward ? s.to : s.from)] =
            from + (to - from) * (passed * solver.conductances[b]);
    }
  }
  for (const Branch& branch : bed.still)
    for (std::size_t k = branch.first_step; k < branch.last_step; ++k) {
      const std::size_t i = at(bed.steps[k].segment);
      const FlowNetwork::Segment& s = network.segments[i];
      solution.viscosity[i] = viscosity_of(s, 0.0);
      solution.pressure[at(s.from)] = solution.pressure[at(s.to)] = pressure[at(branch.from)];
    }
  for (std::size_t i = 0; i < segments; ++i)
    if (const FlowNetwork::Segment& s = network.segments[i]; s.from == s.to)
      solution.viscosity[i] = viscosity_of(s, 0.0);
  return report;
}

} // namespace metavox
