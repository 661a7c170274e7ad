// VEGF: the call of starving cells for vessels.
//
//   dV/dt = D lap V + s(p) n - delta V - u_EC n_EC V / (V + K_EC)
//
// Secretion ramps up with hypoxia between two pressures (thresholds of the HIF response as in A.
// Ghaffarizadeh et al. 2018, PLoS Comput. Biol. 14:e1005991); rates after F. Mac Gabhann and A.
// Popel's compartment models (BMC Syst. Biol. 2008, 2:77), uptake by endothelium after A. Connor et
// al. 2015 (J. R. Soc. Interface 12:20150546).
#pragma once

#include <vector>

#include "fields/field.hpp"

namespace metavox {

struct VegfLaw {
  static constexpr const char* name = "vegf.assemble";
  static constexpr const char* excess_name = "vegf.add_excess";
  static constexpr double bytes = 17;
  static constexpr bool rests = false, loses = false, takes_up = true, ramps = true;
  static constexpr bool supplied = false;
  static constexpr Term scaled = Term::source;
  static constexpr Trait trait = Trait::vegf;
};

// A place that releases VEGF by itself: a pellet in the cornea.
struct FieldSource {
  std::int64_t voxel; // of the field, x fastest, no ghosts
  float rate;         // nM/min
  float spare;
};

struct AddSources {
  static constexpr const char* name = "vegf.sources";
  static constexpr double bytes = 20;
  const FieldSource* source;
  Lattice lattice;
  SplitLattice split;
  float* f;
  MV_HD void operator()(std::int64_t n) const {
    const Voxel s = lattice.voxel_at(source[n].voxel);
    const std::int64_t j = split.index(s.x, s.y, s.z);
    f[j] = f[j] + source[n].rate;
  }
};

// Endothelium takes up VEGF by its length.
struct AddEndothelium {
  static constexpr const char* name = "vegf.endothelium";
  static constexpr double bytes = 24;
  const VesselLength* vessel;
  float per_length; // nM/min for a um of vessel in a voxel, at saturation
  Lattice lattice;
  SplitLattice split;
  float* q;
  MV_HD void operator()(std::int64_t n) const {
    const Voxel s = lattice.voxel_at(vessel[n].voxel);
    const std::int64_t j = split.index(s.x, s.y, s.z);
    q[j] = q[j] + per_length * vessel[n].length;
  }
};

class Vegf : public Field {
public:
  Vegf(const FieldGrid& grid, const FieldSettings& settings);
  static FieldRow row_of(const FieldSettings& settings);
  // Brings the field into balance with oxygen, cells and endothelium, or steps it in time. `oxygen`
  // lies on the same lattice. `first`: start from coarse grids. Throws NumericalError where the
  // solver does not converge.
  void relax(const CellView& cells, const ExcessView& excess, const VesselLengths& vessels,
             TraitFactors factor, const float* oxygen, double time, bool first);
  // Solved in every step, or only when vessels look at it.
  bool every_step() const { return solved() && transient_; }

private:
  struct Pellet {
    std::int64_t begin, count;
    double until; // min; 0: for ever
  };
  void lay_pellets(const FieldSettings& settings);

  VegfParameters settings_;
  double step_; // min
  bool transient_, traits_matter_;
  VoxelTerms terms_;
  std::vector<Pellet> pellets_;
  Buffer<FieldSource> sources_;
};

} // namespace metavox
