#include "fields/pressure.hpp"

#include <algorithm>
#include <cmath>

#include "core/launch.hpp"

namespace metavox {
namespace {

// Pressure has neither.
constexpr float lowest_pressure = -1e9f, no_floor = -3e38f;

DiffusionSettings pressure_diffusion(const FieldSettings& p) {
  const GrowthParameters& g = p.growth;
  DiffusionSettings s{};
  s.name = "pressure";
  s.section = "growth";
  s.diffusivity = g.mobility > 0 ? g.mobility : 1; // where there is none, nothing is solved
  s.tolerance = g.tolerance * g.half_pressure;
  s.max_cycles = p.max_cycles;
  for (std::size_t a = 0; a < 6; ++a)
    s.faces[a] = {p.open[a] ? FaceKind::fixed : FaceKind::no_flux, 0};
  s.floor = no_floor;
  return s;
}

} // namespace

Pressure::Pressure(const FieldGrid& grid, const FieldSettings& p)
    : Field(grid, row_of(p), pressure_diffusion(p)), settings_(p.growth), pace_(p.pace),
      apoptotic_(1 / p.apoptotic_body), necrotic_(p.debris_clearance),
      every_(std::max<std::int64_t>(1, std::llround(p.growth.refresh / p.step))) {}

FieldRow Pressure::row_of(const FieldSettings& p) {
  const bool on = p.growth.mobility > 0;
  return {"pressure", "kPa", "pressure of growing tissue", on, on, {}, 0, lowest_pressure};
}

void Pressure::relax(const CellView& cells, const FieldView& oxygen, TraitFactors factor,
                     const RoomView& room, std::int64_t step) {
  if (!due(step)) return;
  const auto process = grid_.executor.process(row().name);
  const double leak = static_cast<double>(growth::leak_length), depth = settings_.depth;
  AssemblePressure assemble{};
  assemble.cell = cells;
  assemble.oxygen = oxygen;
  assemble.factor = factor;
  assemble.room = room;
  assemble.pace = pace_;
  assemble.leak = static_cast<float>(settings_.mobility / (leak * leak));
  assemble.absorption = static_cast<float>(settings_.mobility / (depth * depth));
  assemble.apoptotic = static_cast<float>(apoptotic_);
  assemble.necrotic = static_cast<float>(necrotic_);
  assemble.tissue = grid_.tissue;
  assemble.coarsen = grid_.coarsen;
  newton([&](const DiffusionLevel& fine, int cycles) {
    assemble.first = cycles == 0;
    assemble.split = fine.lattice;
    assemble.pressure = fine.c;
    assemble.last = fine.q;
    assemble.f = fine.f;
    assemble.k = fine.k;
    grid_.executor.for_each_voxel(grid_.lattice, assemble);
  });
}

} // namespace metavox
