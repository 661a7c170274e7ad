#include "body/window_lattice.hpp"

#include <cmath>

#include "core/errors.hpp"
#include "settings/resolve.hpp"
#include "settings/units.hpp"
#include "site/config.hpp"
#include "site/settings_table.hpp"

namespace metavox {
namespace {

void set_box(Parameters& p, const WindowParameters& w) {
  const int n = static_cast<int>(std::lround(w.size / w.spacing));
  p.domain.voxels = {n, n, n};
  p.domain.spacing = w.spacing;
  p.tissue.parenchyma = w.parenchyma;
  p.tissue.stroma = w.stroma;
  p.tissue.cells.clear();
  p.tissue.membranes.clear();
  p.tissue.cells_csv.clear();
  p.tissue.cells_vti.clear();
  p.tissue.cells_vti_map.clear();
  p.simulation.inputs.clear();
  p.serosa.faces.clear(); // the window lies within its organ
  p.tracers.count = 0;
  p.output.region_from = p.output.region_to = {};
  for (Frozen* f : {&p.oxygen.frozen, &p.glucose.frozen, &p.proteinase.frozen, &p.inhibitor.frozen,
                    &p.vegf.frozen, &p.matrix.initial})
    *f = {};
}

void set_vessels(Parameters& p, const WindowParameters& w) {
  VesselParameters& v = p.vessels;
  v.pattern = VesselPattern::grid;
  v.lines.clear();
  v.ends.clear();
  v.file.clear();
  v.spacing = w.capillaries;
  v.radius = w.radius;
  v.jitter = v.exclusion = 0;
}

// A window's first cell lodges for certain, so there must be where.
void require_berths(const Parameters& p, const BodyParameters& body) {
  const WindowParameters& w = body.windows;
  if (w.max == 0 || (!w.founders && w.shown == 0)) return;
  if (!(w.radius < p.lodging.widest_radius))
    throw ConfigError("body.windows.radius (" + format_number(w.radius) +
                      " um) must be below lodging.widest_radius (" +
                      format_number(p.lodging.widest_radius) +
                      " um), or no cell lodges in a window's capillaries");
  if (!(p.lodging.pass < 1))
    throw ConfigError("lodging.pass is 1: no cell lodges in a window's capillaries; type for "
                      "example lodging.pass: 0.5");
}

} // namespace

Parameters lattice_of_window(const Parameters& primary, const BodyParameters& body,
                             std::int32_t organ, bool sheds) {
  const WindowParameters& w = body.windows;
  const OrganParameters& o = body.organs[static_cast<std::size_t>(organ)];
  Parameters p = primary;
  set_box(p, w);
  set_vessels(p, w);
  p.matrix.pattern = MatrixPattern::uniform;
  p.matrix.density = o.matrix;
  p.oxygen.tissue_supply = true;
  p.oxygen.tissue_pressure = p.oxygen.initial = o.oxygen;
  p.oxygen.inlet_oxygen = o.oxygen + w.above;
  p.oxygen.faces.fill({FaceKind::fixed, o.oxygen});
  p.cycle.epithelial /= o.growth;
  p.cycle.mesenchymal /= o.growth;
  p.intravasation.enabled = sheds && primary.intravasation.enabled;
  p.lymphatics.enabled = sheds && primary.lymphatics.enabled;
  p.arrivals.enabled = true;
  p.arrivals.cells = 0;
  p.arrivals.inlet = every_inlet;
  p.landing.waking = body.fate.waking;
  // The body drew by it that the cell lodged here. At 0 and 1 no hazard per length gives it.
  if (o.pass > 0 && o.pass < 1) p.lodging.pass = o.pass;
  return p;
}

void check_windows(const Parameters& primary, const BodyParameters& body) {
  for (std::size_t k = 0; k < body.organs.size(); ++k) {
    Parameters p = lattice_of_window(primary, body, static_cast<std::int32_t>(k), true);
    require_berths(p, body);
    read_config_text(resolve(settings_table(), Object::of(p)), "windows of " + body.organs[k].name);
  }
}

} // namespace metavox
