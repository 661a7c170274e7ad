// A network of vessels as the flow solver sees it: unbranched runs of segments are single branches.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "vessels/flow/blood_flow.hpp"
#include "vessels/flow/rheology.hpp"
#include "vessels/index.hpp"

namespace metavox::flow {

inline constexpr std::int32_t none = -1;

// Throws std::invalid_argument.
[[noreturn]] void refuse(const std::string& what);

// Parts of branches with one radius each; the resistance of a part is plasma * relative viscosity /
// wall, in mmHg min/um^3.
struct Stretches {
  std::vector<double> plasma;          // resistance to plasma
  std::vector<double> slope, exponent; // of the viscosity
  std::vector<std::int32_t> branch;

  std::size_t size() const { return plasma.size(); }
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
  std::vector<std::int32_t> node;   // of each vertex
  std::vector<std::int32_t> vertex; // of each node, or none
  std::vector<std::int32_t> end;    // of each vertex: its number in network.ends, or none
  std::vector<double> driven;       // um^3/min that enter at ends where a flow is given
  std::vector<Branch> branches;     // those that can carry flow
  std::vector<Branch> still;        // those that cannot
  std::vector<Step> steps;
  Stretches stretches; // of `branches`, in their order
  // Vertices where nothing flows, and one that has the same pressure and is known by then.
  std::vector<std::pair<std::int32_t, std::int32_t>> hangers;

  struct Arc { // a branch as its vertex sees it
    std::int32_t branch, other;
    double outward = 0;  // 1 where the vertex is the branch's `from`, else -1
    double diameter = 0; // um, of the branch at this vertex
  };
  std::vector<std::array<std::int32_t, 2>>
      joins; // `from` and `to` of each branch, close together for loops over all
  std::vector<std::size_t> first_arc; // of each vertex
  std::vector<Arc> arcs;

  Bed(const FlowNetwork& network, const FlowParameters& settings);

private:
  // Every vertex in reach of a held end, with the neighbour that it was reached from; all ends.
  struct Reach {
    std::vector<std::int32_t> order, ends;
    std::vector<std::int32_t> from; // of each vertex, or none
  };

  void check(const FlowNetwork& network, const FlowParameters& settings) const;
  bool holds(const FlowNetwork& network, std::int32_t v) const; // a pressure
  std::vector<Branch> contract(const FlowNetwork& network);
  void make_arcs(const std::vector<Branch>& list);
  Reach reach_of_ends(const FlowNetwork& network) const;
  std::vector<std::uint8_t> flowing(const FlowNetwork& network, const std::vector<Branch>& all,
                                    const std::vector<std::int32_t>& ends) const;
  void still_parts(const FlowNetwork& network, std::vector<std::uint8_t>& flows) const;
  std::vector<std::int32_t> renumber(const FlowNetwork& network, const std::vector<Branch>& all,
                                     const std::vector<std::uint8_t>& flows, const Reach& reach);
  void add_stretches(const FlowNetwork& network, double plasma_viscosity, std::int32_t number,
                     Branch& branch);

  Rheology rheology_{}; // of the last radius met: neighbours are often as wide
  double rheology_radius_ = -1;
};

// Conductances of the branches begin to end - 1 for the haematocrits in use.
void conductances_of(const Bed& bed, std::size_t begin, std::size_t end, const double* haematocrit,
                     double* conductance);

} // namespace metavox::flow
