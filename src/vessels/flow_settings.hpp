// Settings of blood flow.
#pragma once

#include <cstdint>

namespace metavox {

enum class PhaseSeparation : std::uint8_t { none, velocity, pries };

struct FlowParameters {
  bool enabled;            // Poiseuille flow; off: perfusion alone decides
  double inlet_pressure;   // mmHg
  double outlet_pressure;  // mmHg
  double plasma_viscosity; // cP
  double haematocrit;      // of blood that enters
  PhaseSeparation phase_separation;
  double tolerance; // largest change of haematocrit between the last two iterations
  int max_iterations;
  bool adaptation;                        // radii follow wall shear stress
  double adaptation_rate;                 // 1/min
  double adaptation_shear;                // dyn/cm^2 that leaves the radius alone
  double smallest_radius, largest_radius; // um, bounds of adaptation
};

template <class T>
class Section;

void describe(Section<FlowParameters>& section);

} // namespace metavox
