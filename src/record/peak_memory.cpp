// The host memory a run takes at its peak, from what is alive at the same time; see docs/output.md.
#include "record/peak_memory.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <new>

#include "site/simulation.hpp"
#include "viz/frame_axes.hpp"
#include "voxel/region.hpp"

namespace metavox {

namespace {

// Measured: the program with its libraries and a lattice of nothing, without and with frames.
constexpr double program = 32 * 1048576, program_with_frames = 40 * 1048576;
// A node and its segment: arrays of the graph, lists and marks, and copies of them in a snapshot.
constexpr double bytes_per_vessel_node = 520;

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

double field_count(const Parameters& p) {
  return 2.0 + (p.glucose.enabled ? 1 : 0) + (p.inhibitor.enabled ? 1 : 0) +
         (p.vegf.enabled ? 1 : 0);
}

// Large buffers of the CPU begin and end at pages of 2 MiB.
double rounding(const Parameters& p) {
  constexpr double page = 2 * 1048576;
  const double n = padded(p.domain.voxels), m = padded(field_voxels(p));
  double lost = 0;
  const auto add = [&](double bytes, double count) {
    if (bytes >= 2 * page) lost += count * (std::ceil(bytes / page) * page - bytes);
  };
  add(n, 6);     // kind, flags, capacity, neighbours, room twice
  add(2 * n, 5); // clock, timer, clone, plans, membrane
  add(4 * n, 2); // contests, matrix
  add(8 * n, 1); // traits
  add(4 * m, field_count(p) + 4);
  add(m / 2, 5); // the next level of the solver
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
    const auto wanted = [&](const char* name) {
      return out.arrays.empty() ||
             std::find(out.arrays.begin(), out.arrays.end(), name) != out.arrays.end();
    };
    double fields = 0, tissue = wanted("matrix") ? 1 : 0, codes = 0;
    for (const auto& [name, exists] : {std::pair{"oxygen", true},
                                       {"proteinase", true},
                                       {"vessel_supply", true},
                                       {"glucose", p.glucose.enabled},
                                       {"inhibitor", p.inhibitor.enabled},
                                       {"vegf", p.vegf.enabled}})
      if (exists && wanted(name)) fields += 1;
    for (const auto& [name, bytes] :
         {std::pair{"kind", 1}, {"cell_state", 1}, {"flags", 1}, {"membrane", 2}})
      if (wanted(name)) codes += bytes;
    const bool whole = shown == n;
    const bool lent = whole && out.mantissa_bits >= 23;
    const double copies = (lent ? 0 : 4 * tissue) +
                          (lent && p.fields.coarsen == 1 ? 0 : 4 * fields) + (whole ? 0 : codes);
    most = std::max(most, shown * (copies + 2 * (4 * (tissue + fields) * real + codes * code)));
  }
  if (out.cells) {
    // A number of its voxel, a position, two entries of a list, then its values.
    const double values = 3 * code + 2 + 1 + 2 + 8 + 4 + 4 * real;
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
  // Cells 17 bytes, matrix and membrane 6.
  const double tracers = 12.0 * p.tracers.count;
  const double cells = 17 * n, state = cells + 6 * n + 4 * field_count(p) * m + tracers;
  const double shown = frames ? n + 4 * m : 0; // cell_state, vessel_supply
  // An array on its way to the host exists with and without ghosts besides its place in the
  // snapshot.
  const double taking = std::max(
      {cells + 8 * (n + n_padded), state + 4 * (m + m_padded), state + shown + 2 * n + n_padded});
  double files = 0;
  for (const Frozen* f : {&p.oxygen.frozen, &p.glucose.frozen, &p.proteinase.frozen,
                          &p.inhibitor.frozen, &p.vegf.frozen, &p.matrix.initial})
    files += f->file.empty() ? 0 : 1;
  const double building = 13 * n_padded + 4 * (m + m_padded) + 4 * n * files;
  double most = std::max(building, n + n_padded); // measuring
  if (checkpoints || frames) most = std::max(most, taking);
  if (checkpoints && restart) most = std::max(most, state + building);
  if (frames) most = std::max(most, state + shown + estimate_frame_memory(p));
  most += frames ? program_with_frames : program;
  most += bytes_per_vessel_node * estimate_vessel_nodes(p);
  if (on_cpu) most += rounding(p);
  return static_cast<std::uint64_t>(most);
}

} // namespace metavox
