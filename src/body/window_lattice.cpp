#include "body/window_lattice.hpp"

#include <cmath>

#include "settings/resolve.hpp"
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
  return p;
}

void check_windows(const Parameters& primary, const BodyParameters& body) {
  for (std::size_t k = 0; k < body.organs.size(); ++k) {
    Parameters p = lattice_of_window(primary, body, static_cast<std::int32_t>(k), true);
    read_config_text(resolve(settings_table(), Object::of(p)), "windows of " + body.organs[k].name);
  }
}

} // namespace metavox
