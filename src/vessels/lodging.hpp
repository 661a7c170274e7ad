// Where cells that flow with the blood lodge.
//
// Free cells enter with the blood, divide at forks as it does, and lodge on their way with a hazard
// per length that grows as the vessel narrows and the flow slows: dPhi/ds = -kappa Phi along the
// solved flow. So they do not all lodge in the first capillary they meet, which is where a rule of
// width alone would put them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vessels/graph.hpp"
#include "vessels/lodging_settings.hpp"

namespace metavox {

// kappa in 1/um away from forks, in a vessel of this radius (um) and mean speed of the blood
// (um/min).
double lodging_hazard(const LodgingParameters& settings, double radius, double speed);

// um/min, mean over the cross-section; flow in um^3/min, whichever way.
double blood_speed(double flow, double radius);

class Lodging {
public:
  // Part of a segment with one hazard.
  struct Stretch {
    std::int32_t segment;
    double begin, length;  // um, downstream along the segment
    double hazard;         // 1/um
    double depth;          // um that cells have come from an inlet to its begin, on average
    double arriving, lost; // shares of the cells that enter the bed
  };
  struct Place {
    std::int32_t segment;
    double along; // um from its node `from`
    double depth; // um that cells have come from an inlet, on average
  };

  // Of vessels whose flow is solved. Blood enters at ends from which more flows into the bed than
  // comes out of it there, whatever they are called. Cells come with it through those nodes;
  // through every such end where none is named. The graph must outlive it, unchanged.
  Lodging(const VesselGraph& graph, const LodgingParameters& settings,
          const std::vector<std::int32_t>& inlets = {});

  // Of the same cells those that lodge between these corners alone (um): shares, places and numbers
  // for place() are of them.
  Lodging within(const Point& low, const Point& high) const;

  // Those with blood in them, downstream.
  const std::vector<Stretch>& stretches() const { return stretches_; }
  double entering() const { return entering_; } // um^3/min of blood, where cells come in
  double lodged() const { return cumulative_.empty() ? 0 : cumulative_.back(); } // share
  // Where the cell of a uniform number in (0, 1) lodges; none: it passes. Numbers below lodged()
  // give a place.
  std::optional<Place> place(double uniform) const;

private:
  explicit Lodging(const VesselGraph& graph) : graph_(graph) {}
  void add_up();

  const VesselGraph& graph_;
  std::vector<Stretch> stretches_;
  std::vector<double> cumulative_; // of what is lost
  double entering_ = 0;
};

} // namespace metavox
