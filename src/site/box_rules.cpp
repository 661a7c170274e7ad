#include <array>
#include <cmath>

#include "settings/units.hpp"
#include "site/rules.hpp"

namespace metavox {

void judge_box(const Parameters& p, Judge& judge) {
  const auto& n = p.domain.voxels;
  const double voxels = static_cast<double>(n[0]) * n[1] * n[2];
  if (voxels > 2147483648.0)
    judge.complain({"domain.voxels", "domain.size"},
                   "the box has " + format_number(voxels) +
                       " voxels; at most 2147483648 (2^31) are possible; type fewer voxels or a "
                       "larger domain.spacing");
  const int coarsen = p.fields.coarsen;
  for (std::size_t i = 0; i < 3; ++i)
    if (n[i] % coarsen != 0) {
      judge.complain({"fields.coarsen", "domain.voxels", "domain.size"},
                     "fields.coarsen " + std::to_string(coarsen) + " does not divide the " +
                         std::to_string(n[i]) + " voxels" + along(i) + "; type " +
                         std::to_string(n[i] / coarsen * coarsen + coarsen) +
                         " voxels or fields.coarsen: 1");
      break;
    }
}

void judge_serosa(const Parameters& p, Judge& judge) {
  const std::array<bool, 6> serosal = serosal_faces(p.serosa);
  constexpr int least = 4; // both membranes, and a voxel behind each
  for (std::size_t a = 0; a < 3; ++a)
    if ((serosal[2 * a] || serosal[2 * a + 1]) && p.domain.voxels[a] < least)
      judge.complain({"serosa.faces", "domain.voxels", "domain.size"},
                     "serosa.faces needs " + std::to_string(least) + " voxels" + along(a) +
                         ", for a membrane one voxel inside; the box has " +
                         std::to_string(p.domain.voxels[a]));
  if (!p.serosa.faces.empty() && (p.matrix.frozen || p.matrix.contact_degradation <= 0))
    judge.note({"serosa.faces", p.matrix.frozen ? "matrix.frozen" : "matrix.contact_degradation"},
               "serosa.faces: nothing breaks their membranes, so no cell is shed; they wear where "
               "matrix.contact_degradation is above 0 and matrix.frozen is false");
}

void judge_times(const Parameters& p, Judge& judge) {
  const double step = p.time.step;
  if (p.simulation.duration / step > 4e9)
    judge.complain({"simulation.duration", "time.step"},
                   "simulation.duration takes " +
                       format_number(std::ceil(p.simulation.duration / step)) +
                       " steps; at most 4e9 are possible; type a longer time.step");
  if (p.oxygen.enabled && p.oxygen.relaxation == Relaxation::transient && p.oxygen.substep > step)
    judge.complain({"oxygen.substep", "time.step"}, "oxygen.substep is longer than time.step (" +
                                                        format_number(step) +
                                                        " min); type a shorter one");
  const auto at_least_a_step = [&](const std::string& key, double interval) {
    if (interval > 0 && interval < step)
      judge.complain({key, "time.step"},
                     key + " is " + format_number(interval) + " min, shorter than time.step (" +
                         format_number(step) + " min); type 0 min for none, or at least one step");
  };
  at_least_a_step("output.frames", p.output.frames);
  at_least_a_step("output.report", p.output.report);
  at_least_a_step("output.checkpoints", p.output.checkpoints);
}

} // namespace metavox
