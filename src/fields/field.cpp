#include "fields/field.hpp"

namespace metavox {

Lattice FieldGrid::lattice_of(const Lattice& tissue, int coarsen) {
  const auto covered = [coarsen](int n) { return (n + coarsen - 1) / coarsen; };
  return {covered(tissue.nx), covered(tissue.ny), covered(tissue.nz), tissue.spacing * coarsen,
          tissue.ghosts};
}

FieldGrid::FieldGrid(const Executor& e, const Lattice& t, int c)
    : executor(e), tissue(t), lattice(lattice_of(t, c)), coarsen(c),
      scratch(std::make_shared<DiffusionScratch>(e, lattice)) {}

FieldGrid FieldGrid::of_one_voxel() const {
  FieldGrid small = *this;
  small.lattice = Lattice{1, 1, 1, lattice.spacing};
  small.scratch = std::make_shared<DiffusionScratch>(executor, small.lattice);
  return small;
}

Field::Field(const FieldGrid& grid, const FieldRow& row, const DiffusionSettings& settings)
    : grid_(row.present ? grid : grid.of_one_voxel()), row_(row),
      diffusion_(grid_.executor, grid_.lattice, settings, grid_.scratch),
      values_(grid_.executor, grid_.lattice.padded()) {}

} // namespace metavox
