#include "body/afloat.hpp"

#include "core/constants.hpp"
#include "core/exact.hpp"

namespace metavox {

Afloat afloat(const CavityParameters& c, Phenotype phenotype) {
  const bool e_like = phenotype == Phenotype::epithelial;
  return {c.death * (1 - (e_like ? c.resistance_epithelial : c.resistance_mesenchymal)),
          c.attachment};
}

double cells_at_surface(double cells) {
  return exact::pow(36 * pi, 1.0 / 3) * exact::pow(cells, 2.0 / 3);
}

double shed_through_serosa(const CavityParameters& c, double minutes) {
  return c.rate * c.exposed * minutes * cells_at_surface(1);
}

} // namespace metavox
