#include "tissue/matrix.hpp"

#include <type_traits>

#include "core/launch.hpp"

namespace metavox {

Matrix::Matrix(const Executor& executor, const Lattice& lattice, const MatrixParameters& m,
               double step, bool inhibited)
    : lattice_(lattice), frozen_(m.frozen) {
  arrays_.for_each([&](const char*, const char*, auto& buffer) {
    buffer = std::decay_t<decltype(buffer)>(executor, lattice.padded());
  });
  p_.dt = static_cast<float>(step);
  p_.contact = static_cast<float>(m.contact_degradation);
  p_.soluble = static_cast<float>(m.soluble_degradation);
  p_.neighbour_weight = static_cast<float>(m.contact_weight);
  p_.deposition = static_cast<float>(m.deposition);
  p_.maximum = static_cast<float>(m.maximum);
  p_.debris = static_cast<float>(m.debris_clearance);
  p_.exposure_unit = static_cast<float>(membrane_intact / m.membrane_resistance);
  p_.inhibited = inhibited;
}

void Matrix::degrade(const Executor& executor, const CellView& cells, TraitFactors factor,
                     const FieldView& proteinase, const FieldView& inhibitor) {
  if (frozen_) return;
  const auto process = executor.process("matrix");
  executor.for_each_voxel(lattice_, DegradeMatrix{cells.kind_code, cells.traits, proteinase,
                                                  inhibitor, arrays_.density.data(),
                                                  arrays_.membrane.data(), factor, p_, lattice_});
}

} // namespace metavox
