// Frames for ParaView and VTK: a snapshot becomes the whole content of a file, in memory, so that
// whoever owns the run folder decides how it reaches the disk (temporary name, fsync, rename).
//
// Three kinds of file, each with its own .pvd index:
//   fields_*.vti    the lattice; a voxel is a VTK cell, so values are cell data and nothing is
//                   interpolated on writing
//   cells_*.vtp     a point per cell with its state
//   vessels_*.vtp   poly-lines between junctions, with radius, flow, oxygen, age ... at points
//
// Array names are those of the snapshot ("oxygen"); the unit of each stands in the field data as a
// string "oxygen_unit". Lengths are in um, TimeValue in days. The same snapshot always gives the
// same bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "site/parameters.hpp"
#include "site/snapshot.hpp"

namespace metavox {

bool vtk_available();

std::string fields_frame(const Snapshot& snapshot, const OutputParameters& output);
std::string cells_frame(const Snapshot& snapshot, const OutputParameters& output);
std::string vessels_frame(const Snapshot& snapshot, const OutputParameters& output);
std::string pvd_index(const std::vector<std::pair<double, std::string>>& day_and_relative_path);

// Upper estimate of what one frame (all its files) takes on disk.
std::size_t estimate_frame_bytes(const Parameters& parameters);

// The voxels a fields file holds along one axis: first, first + stride, ... (count of them). The
// sample sits in the middle of its block where the stride is odd, and `origin` (in voxels) is
// chosen so that the centre of each VTK cell is the centre of the sampled voxel whatever the
// stride: fields, cells and vessels stay in register.
struct FrameAxis {
  int first, count, stride;
  double origin; // voxels, corner of the first VTK cell
};
std::array<FrameAxis, 3> frame_axes(std::array<int, 3> voxels, double spacing,
                                    const OutputParameters& output);

// Drops all but the leading `bits` of the 23 mantissa bits, rounding to nearest and ties to even:
// neighbours then share their low bytes and the compressor finds something to compress. Infinities
// and NaN pass; nothing finite becomes infinite.
inline float round_mantissa(float value, int bits) {
  if (bits >= 23 || bits < 0) return value;
  std::uint32_t u;
  std::memcpy(&u, &value, sizeof u);
  constexpr std::uint32_t exponent = 0x7f800000u;
  if ((u & exponent) == exponent) return value;
  const int drop = 23 - bits;
  const std::uint32_t mask = (std::uint32_t{1} << drop) - 1;
  const std::uint32_t odd = (u >> drop) & 1u;
  const std::uint32_t rounded = (u + (mask >> 1) + odd) & ~mask;
  u = (rounded & exponent) == exponent ? u & ~mask : rounded;
  std::memcpy(&value, &u, sizeof u);
  return value;
}

} // namespace metavox
