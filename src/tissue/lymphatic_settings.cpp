#include "tissue/lymphatic_settings.hpp"

#include "settings/section.hpp"

namespace metavox {

void describe(Section<LymphaticParameters>& s) {
  using P = LymphaticParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("false")
      .switches()
      .means("Some voxels have a lymphatic, which tumour cells enter.")
      .from("assumed: off; a run of growth alone loses no cells");
  s.number(&P::share, "share")
      .a_share()
      .normally("0.02")
      .means("Share of the voxels with stroma at the start that have a lymphatic.")
      .from("assumed; explore 0.005 to 0.05");
  s.integer(&P::tumour_faces, "tumour_faces")
      .between(0, 6)
      .normally("3")
      .means("A lymphatic works while living tumour stands at no more of its voxel's six faces.")
      .from("assumed, for what Padera et al. 2002, Science 296:1883, saw (quoted from memory): "
            "lymphatics within tumours carry nothing, those at their margin do; explore 1 to 6");
  s.number(&P::rate, "rate", "1/min")
      .between(0, 10)
      .derived("intravasation.rate")
      .example("2e-2 1/h")
      .means("Rate at which M-like cells of normal MT1-MMP enter the lymphatic of a voxel, all "
             "that share it together: as through a wall of 503 um^2 in a voxel of 20 um, in "
             "proportion to the volume of others. E-like cells: times intravasation.epithelial.")
      .from("assumed: that of entry into blood, without a membrane to pass; explore 0.1 to 10 "
            "times");
}

} // namespace metavox
