// The host memory a run takes at its peak, from what is alive at the same time; see docs/output.md.
#include "record/peak_memory.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <new>

#include "fields/field_list.hpp"
#include "site/site.hpp"
#include "site/take_apart.hpp"
#include "tissue/start.hpp"
#include "viz/frame_axes.hpp"
#include "voxel/region.hpp"

namespace metavox {

namespace {

// Measured: the program with its libraries and a lattice of nothing, without and with frames.
constexpr double program = 32 * 1048576, program_with_frames = 40 * 1048576;
double product(const std::array<int, 3>& n) { return static_cast<double>(n[0]) * n[1] * n[2]; }

std::array<int, 3> field_voxels(const Parameters& p) {
  std::array<int, 3> n{};
  for (std::size_t a = 0; a < 3; ++a)
    n[a] = (p.domain.voxels[a] + p.fields.coarsen - 1) / p.fields.coarsen;
  return n;
}

double padded(std::array<int, 3> n) {
  for (int& extent : n) extent += 2;
  return product(n);
}

// Large buffers of the CPU begin and end at pages of 2 MiB.
double rounding(const Parameters& p) {
  constexpr double page = 2 * 1048576;
  double lost = 0;
  for (const std::size_t buffer : device_buffers(p)) {
    const auto bytes = static_cast<double>(buffer);
    if (bytes >= 2 * page) lost += std::ceil(bytes / page) * page - bytes;
  }
  return lost;
}

// Cells and dead bodies there can be by the end.
double most_cells(const Parameters& p) {
  const double n = product(p.domain.voxels), h = p.domain.spacing;
  if (!p.tissue.cells_vti.empty() || !p.tissue.cells_csv.empty()) return n;
  double tumour = 0;
  for (const SeedShape& s : p.tissue.cells) {
    double volume = n;
    if (s.shape == Shape::sphere) volume = 4.18879 * std::pow(s.radius / h, 3);
    if (s.shape == Shape::layer)
      volume = n * (s.end - s.begin) / (h * p.domain.voxels[axis_index(s.axis)]);
    if (s.shape == Shape::box) {
      volume = 1;
      for (std::size_t a = 0; a < 3; ++a)
        volume *= std::max(0.0, std::min(s.to[a] / h, double(p.domain.voxels[a])) -
                                    std::max(s.from[a] / h, 0.0));
    }
    tumour += volume * s.fraction;
  }
  const auto grown = [&](double cycle) {
    return std::exp2(std::min(60.0, p.simulation.duration / cycle));
  };
  double normal = (p.tissue.parenchyma + p.tissue.stroma) * n;
  if (p.normal.regeneration) normal *= grown(p.cycle.normal);
  tumour *= grown(std::min(p.cycle.epithelial, p.cycle.mesenchymal));
  return std::min(n, normal + tumour);
}

} // namespace

// Copies of what cannot be lent, and the file twice, as VTK hands it over.
double estimate_frame_memory(const Parameters& p) {
  const OutputParameters& out = p.output;
  const double n = product(p.domain.voxels);
  const bool packed = out.compression != Compression::none;
  const double real = packed ? std::min(1.0, 0.22 + 0.04 * out.mantissa_bits) : 1.0,
               code = packed ? 0.4 : 1.0;
  double most = 0;
  if (out.fields) {
    const auto axes = frame_axes(p.domain.voxels, p.domain.spacing, out);
    const double shown = static_cast<double>(axes[0].count) * axes[1].count * axes[2].count;
    const auto wanted = [&](const std::string& name) {
      return out.arrays.empty()
                 ? !is_bookkeeping(name)
                 : std::find(out.arrays.begin(), out.arrays.end(), name) != out.arrays.end();
    };
    double fields = 0, tissue = 0, codes = 0; // floats on either lattice; bytes of codes
    for (const auto& arrays : {state_arrays_of(p), derived_arrays_of(p)})
      for (const ArrayInfo& a : arrays) {
        if (!(a.spacing > 0) || !wanted(a.name)) continue;
        if (a.type != ElementType::f32)
          codes += static_cast<double>(size_of(a.type));
        else
          (a.spacing > p.domain.spacing ? fields : tissue) += 1;
      }
    const bool whole = shown == n;
    const bool lent = whole && out.mantissa_bits >= 23;
    const double copies = (lent ? 0 : 4 * tissue) + 4 * fields + (whole ? 0 : codes);
    most = std::max(most, shown * (copies + 2 * (4 * (tissue + fields) * real + codes * code)));
  }
  if (out.cells) {
    // A number of its voxel, a position, two entries of a list, then its values.
    const double values = 4 * code + 2 + 1 + 2 + 8 + 4 + 4 * real;
    most = std::max(most, most_cells(p) *
                              (8 + 12 + 8 + 24 + 2 * ((12 + 8) * (packed ? 0.7 : 1.0) + values)));
  }
  if (out.vessels) most = std::max(most, 200 * estimate_vessel_nodes(p));
  return most;
}

void ask_for_memory(double bytes) {
  // In one piece, untouched, for arrays; and in pieces so small that they stay with the heap when
  // they are given back.
  void* const whole = std::malloc(static_cast<std::size_t>(bytes) + 1);
  std::array<void*, 512> small{};
  bool refused = whole == nullptr;
  for (void*& piece : small) {
    piece = std::malloc(std::size_t{32} << 10);
    refused = refused || piece == nullptr;
  }
  for (void* piece : small) std::free(piece);
  std::free(whole);
  if (refused) throw std::bad_alloc();
}

std::uint64_t estimate_host_bytes(const Parameters& p, bool frames, bool checkpoints, bool restart,
                                  bool on_cpu) {
  const double n = product(p.domain.voxels), m = product(field_voxels(p));
  const double n_padded = padded(p.domain.voxels), m_padded = padded(field_voxels(p));
  // An array on its way to the host exists with and without ghosts besides its place in the
  // snapshot, which holds those before it.
  double state = 0, taking = 0;
  for (const ArrayInfo& a : state_arrays_of(p)) {
    const auto bytes = static_cast<double>(a.bytes()), each = static_cast<double>(size_of(a.type));
    const double ghosts = a.spacing > p.domain.spacing ? m_padded : a.spacing > 0 ? n_padded : 0;
    state += bytes;
    taking = std::max(taking, state + bytes + each * ghosts);
  }
  double shown = 0;
  if (frames)
    for (const ArrayInfo& a : derived_arrays_of(p)) shown += static_cast<double>(a.bytes());
  // cell_state is made from kind and flags.
  if (frames) taking = std::max(taking, state + shown + 3 * n + 2 * n_padded);
  double files = p.matrix.initial.file.empty() ? 0 : 1;
  for (const FieldRow& row : Fields::rows(field_settings(p)))
    files += row.frozen.file.empty() ? 0 : 1;
  const double building = static_cast<double>(InitialTissue::bytes_per_voxel) * n_padded +
                          4 * (m + m_padded) + 4 * n * files +
                          (p.lymphatics.enabled ? n_padded + 8 * p.lymphatics.share * n : 0);
  const double measuring = 16.0 * p.domain.voxels[1] * p.domain.voxels[2]; // counts of lines
  double most = std::max(building, measuring);
  if (checkpoints || frames) most = std::max(most, taking);
  if (checkpoints && restart) most = std::max(most, state + building);
  if (frames) most = std::max(most, state + shown + estimate_frame_memory(p));
  most += frames ? program_with_frames : program;
  most += bytes_per_vessel_node * estimate_vessel_nodes(p);
  if (on_cpu) most += rounding(p);
  return static_cast<std::uint64_t>(most);
}

} // namespace metavox
