// How fast the clock of a tumour cell runs: oxygen, rest and traits set its pace, pressure holds it
// back. Fate moves clocks by it, and the pressure field has its sources from it.
#pragma once

#include <cstdint>

#include "core/exact.hpp"
#include "voxel/kind.hpp"
#include "voxel/views.hpp"

namespace metavox {

struct Pace {
  bool physicell_ramp;                      // or p / (p + half_pressure)
  float epithelial, mesenchymal;            // cycles per min at full speed; 0: none divides
  float half_pressure, ramp_low, ramp_high; // mmHg of oxygen
  bool inhibited;                           // by pressure
  float half;                               // kPa at which the clock runs at half its pace
  float outside;                            // kPa on the tissue as a whole

  // Share of the full pace that oxygen allows.
  MV_HD float oxygen_share(float oxygen) const {
    if (physicell_ramp)
      return exact::clamp((oxygen - ramp_low) / (ramp_high - ramp_low), 0.0f, 1.0f);
    return oxygen > 0.0f ? oxygen / (oxygen + half_pressure) : 0.0f;
  }
  // Cycles per min of what stands in a voxel, under no pressure.
  MV_HD float rate(Kind kind, std::uint16_t flags, std::uint64_t traits, TraitFactors factor,
                   float oxygen) const {
    if (!is_tumour(kind) || (flags & flags_of_no_cycle) != 0) return 0.0f;
    const float full = (kind == Kind::mesenchymal ? mesenchymal : epithelial) /
                       factor.of(traits, Trait::cycle_time);
    return full * oxygen_share(oxygen);
  }
  // Share of that pace which pressure (kPa) leaves, f: Hill's curve, 1 under tension.
  MV_HD float held_back(float pressure) const {
    const float q = felt(pressure);
    return 1.0f / (1.0f + q * q);
  }
  // -df/dP, 1/kPa.
  MV_HD float slope(float pressure) const {
    const float q = felt(pressure);
    const float f = 1.0f / (1.0f + q * q);
    return (2.0f * q) * (f * f) / half;
  }

private:
  // Pressure in units of the half one; a NaN reads as none.
  MV_HD float felt(float pressure) const {
    const float q = (pressure + outside) / half;
    return inhibited && q > 0.0f ? q : 0.0f;
  }
};

} // namespace metavox
