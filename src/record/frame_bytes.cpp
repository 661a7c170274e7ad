#include "record/frame_bytes.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "site/site.hpp"
#include "viz/frame_axes.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {

namespace {

// Share of its size that an array keeps. Measured on smooth fields under LZ4: 0.48 with 9 bits
// kept, 0.28 with 7; taken higher here, for fields with fronts in them. Codes of cells are runs of
// equal bytes.
struct Kept {
  double real = 1.02, code = 1.01;
};
Kept kept_by(const OutputParameters& out) {
  Kept kept;
  if (out.compression != Compression::none) {
    kept.real = std::min(1.02, 0.22 + 0.04 * std::clamp(out.mantissa_bits, 0, 23));
    kept.code = 0.40;
  }
  return kept;
}

// Places and the list of what they belong to count upwards, of which LZ4 makes next to nothing.
double geometry_of_point(const OutputParameters& out) {
  return (12 + 8) * (out.compression == Compression::zlib ? 0.5 : 1.01);
}

double voxels_of(const std::array<FrameAxis, 3>& axes) {
  return static_cast<double>(axes[0].count) * axes[1].count * axes[2].count;
}

double bytes_of_fields(const Parameters& p, const Kept& kept) {
  const OutputParameters& out = p.output;
  const auto wanted = [&](const std::string& name) {
    return out.arrays.empty()
               ? !is_bookkeeping(name)
               : std::find(out.arrays.begin(), out.arrays.end(), name) != out.arrays.end();
  };
  double bytes = 0; // of a voxel
  for (const auto& arrays : {state_arrays_of(p), derived_arrays_of(p)})
    for (const ArrayInfo& a : arrays)
      if (a.spacing > 0 && wanted(a.name))
        bytes += static_cast<double>(size_of(a.type)) *
                 (a.type == ElementType::f32 ? kept.real : kept.code);
  const double voxels = voxels_of(frame_axes(p.domain.voxels, p.domain.spacing, out));
  return voxels * bytes;
}

double bytes_of_cells(const Parameters& p, const Kept& kept) {
  const OutputParameters& out = p.output;
  OutputParameters every = out;
  every.stride = 1;
  // Full tissue, the most there can be.
  const double cells = voxels_of(frame_axes(p.domain.voxels, p.domain.spacing, every));
  const double geometry = geometry_of_point(out);
  const double reals = 4 * kept.real /* oxygen */ + 4 /* phase */;
  const double integers = 4 * kept.code + 2 + 2 + 1 + 8;
  return cells * (geometry + reals + integers);
}

double bytes_of_vessels(const Parameters& p) {
  double segments = static_cast<double>(p.vessels.lines.size());
  const auto& n = p.domain.voxels;
  if (p.vessels.pattern == VesselPattern::grid && p.vessels.spacing > 0) {
    // A lattice of capillaries along one axis, and as many again across, cut into pieces of a
    // voxel.
    const double between = p.vessels.spacing / p.domain.spacing;
    const double longest = std::max({n[0], n[1], n[2]});
    const double rows = longest / between + 1;
    segments += 2 * rows * rows * longest;
  }
  if (p.vessels.pattern == VesselPattern::pair) segments += 2.0 * std::max({n[0], n[1], n[2]});
  if (p.vessels.pattern == VesselPattern::hexagonal && p.vessels.spacing > 0) {
    // A sheet holds less than one edge and a half of vessel for each square of an edge.
    const double edge = p.vessels.spacing / p.domain.spacing;
    const double sheets =
        p.vessels.layers > 0
            ? std::max({n[0], n[1], n[2]}) * p.domain.spacing / p.vessels.layers + 1
            : 1;
    const double longest = std::max({n[0], n[1], n[2]}) + edge;
    segments += 1.5 * longest * longest / edge * sheets;
  }
  segments += static_cast<double>(p.vessels.lines.size()) * (n[0] + n[1] + n[2]);
  // Sprouts lay a segment per voxel. One voxel in twenty is 125 mm/mm^3 at 20 um, denser than
  // measured in tumours.
  if (p.sprouting.enabled) segments += 0.05 * n[0] * n[1] * n[2];
  return segments * 80; // a point, 68 bytes, and its share of a line
}

} // namespace

std::size_t estimate_frame_bytes(const Parameters& p) {
  if (!vtk_available()) return 0;
  constexpr double header = 16384; // XML, padding and strings of one file
  const Kept kept = kept_by(p.output);
  double bytes = 0;
  if (p.output.fields) bytes += header + bytes_of_fields(p, kept);
  if (p.output.cells) bytes += header + bytes_of_cells(p, kept);
  if (p.output.vessels) bytes += header + bytes_of_vessels(p);
  return static_cast<std::size_t>(bytes);
}

std::size_t estimate_body_frame_bytes(const Parameters& p, double full) {
  if (!vtk_available() || !(p.output.cells || p.output.vessels)) return 0;
  constexpr double about = 4096; // what is told of a window, and its box
  const Kept kept = kept_by(p.output);
  const auto& n = p.domain.voxels;
  const double cells = full * n[0] * n[1] * n[2];
  const double reals = 4 * kept.real /* oxygen */, // a cell has no radius
      integers = (1 + 4 + 4 + 1 + 2 + 4) * kept.code;
  double bytes = about;
  if (p.output.cells) bytes += cells * (geometry_of_point(p.output) + reals + integers);
  if (p.output.vessels) bytes += bytes_of_vessels(p);
  return static_cast<std::size_t>(bytes);
}

} // namespace metavox
