// What tips read of the lattice, and what they do to it.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "vessels/sprout.hpp"
#include "voxel/kind.hpp"
#include "voxel/views.hpp"

namespace metavox {

struct TipPlace {
  double at[3]; // um, inside the box
};

// Values and slopes at a place between the centres of voxels: trilinear in values, and in the
// central differences of the eight voxels around. A voxel beyond the box has the value of the one
// before it, as where nothing passes a face.
struct SenseTips {
  static constexpr const char* name = "vessel.sense_tips";
  static constexpr double bytes = 500;
  const TipPlace* place;
  TipReading* reading;
  FieldView vegf;
  const std::uint8_t* kind;
  const float* matrix;
  const std::uint16_t* membrane;
  bool haptotaxis; // the slope of the matrix is wanted
  Lattice lattice;

  MV_HD Voxel inside(int x, int y, int z) const {
    return lattice.voxel(exact::clamp(x, 0, lattice.nx - 1), exact::clamp(y, 0, lattice.ny - 1),
                         exact::clamp(z, 0, lattice.nz - 1));
  }
  template <class Value>
  MV_HD void slopes(const Value& value, int x, int y, int z, double weight, double* slope) const {
    const double scale = weight / (2 * lattice.spacing);
    slope[0] += scale * (value(inside(x + 1, y, z)) - value(inside(x - 1, y, z)));
    slope[1] += scale * (value(inside(x, y + 1, z)) - value(inside(x, y - 1, z)));
    slope[2] += scale * (value(inside(x, y, z + 1)) - value(inside(x, y, z - 1)));
  }
  MV_HD void operator()(std::int64_t n) const {
    const auto vegf_at = [this](const Voxel& s) { return static_cast<double>(vegf.at(s)); };
    const auto matrix_at = [this](const Voxel& s) { return static_cast<double>(matrix[s.i]); };
    int first[3], own[3];
    double part[3];
    const int extent[3] = {lattice.nx, lattice.ny, lattice.nz};
    for (int a = 0; a < 3; ++a) {
      const double u = place[n].at[a] / lattice.spacing;
      own[a] = exact::clamp(static_cast<int>(::floor(u)), 0, extent[a] - 1);
      const double v = u - 0.5;
      first[a] = exact::clamp(static_cast<int>(::floor(v)), -1, extent[a] - 1);
      part[a] = exact::clamp(v - first[a], 0.0, 1.0);
    }
    TipReading r{};
    for (int corner = 0; corner < 8; ++corner) {
      int c[3];
      double weight = 1;
      for (int a = 0; a < 3; ++a) {
        const int upper = corner >> a & 1;
        c[a] = exact::clamp(first[a] + upper, 0, extent[a] - 1);
        weight *= upper != 0 ? part[a] : 1 - part[a];
      }
      const Voxel s = lattice.voxel(c[0], c[1], c[2]);
      r.vegf += weight * vegf_at(s);
      r.matrix += weight * matrix_at(s);
      slopes(vegf_at, s.x, s.y, s.z, weight, r.slope);
      if (haptotaxis) slopes(matrix_at, s.x, s.y, s.z, weight, r.matrix_slope);
    }
    for (int dz = -1; dz <= 1; ++dz)
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
          const int x = own[0] + dx, y = own[1] + dy, z = own[2] + dz;
          const bool in_box = lattice.holds(x, y, z);
          if (!in_box || membrane[lattice.index(x, y, z)] != 0)
            r.closed |= 1u << closed_bit(dx, dy, dz);
          const int steps = (dx != 0 ? 1 : 0) + (dy != 0 ? 1 : 0) + (dz != 0 ? 1 : 0);
          if (in_box && steps <= 1 && is_tumour(static_cast<Kind>(kind[lattice.index(x, y, z)])))
            r.tumour += 1;
        }
    reading[n] = r;
  }
};

// What is left of the basement membranes in a list of voxels.
struct ReadMembranes {
  static constexpr const char* name = "vessel.membranes";
  static constexpr double bytes = 12;
  const std::int64_t* voxel; // x fastest, no ghosts
  std::uint16_t* left;
  const std::uint16_t* membrane;
  Lattice lattice;
  MV_HD void operator()(std::int64_t n) const { left[n] = membrane[lattice.voxel_at(voxel[n]).i]; }
};

// Tips dissolve the matrix they stand in and touch, as M-like cells do. One after the other: two
// tips may share a voxel.
struct ErodeAtTips {
  static constexpr const char* name = "vessel.erode";
  static constexpr double bytes = 56;
  const std::int64_t* voxel;
  std::int64_t count;
  float* matrix;
  float keep_own, keep_neighbour;
  Lattice lattice;
  MV_HD void operator()(std::int64_t) const {
    const std::int64_t stride[3] = {1, lattice.pitch(), lattice.plane()};
    for (std::int64_t n = 0; n < count; ++n) {
      const std::int64_t i = lattice.voxel_at(voxel[n]).i;
      matrix[i] = matrix[i] * keep_own;
      for (int a = 0; a < 3; ++a) {
        matrix[i - stride[a]] = matrix[i - stride[a]] * keep_neighbour;
        matrix[i + stride[a]] = matrix[i + stride[a]] * keep_neighbour;
      }
    }
  }
};

} // namespace metavox
