#include "tissue/serosa_settings.hpp"

#include <algorithm>
#include <iterator>

#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/text.hpp"
#include "settings/types.hpp"

namespace metavox {
namespace {

void faces_are_known(const SerosaParameters& p, Judge& judge) {
  for (const std::string& face : p.faces)
    if (std::find(std::begin(face_names), std::end(face_names), face) == std::end(face_names))
      judge.complain(
          {"faces"},
          judge.key("faces") + ": " + in_quotes(face) +
              " is no face of the box; type x_low, x_high, y_low, y_high, z_low or z_high");
}

} // namespace

std::array<bool, 6> serosal_faces(const SerosaParameters& p) {
  std::array<bool, 6> serosal{};
  for (std::size_t a = 0; a < serosal.size(); ++a)
    serosal[a] = std::find(p.faces.begin(), p.faces.end(), face_names[a]) != p.faces.end();
  return serosal;
}

void describe(Section<SerosaParameters>& s) {
  using P = SerosaParameters;
  s.names(&P::faces, "faces")
      .normally("[]")
      .example("[x_low, z_high]")
      .means(
          "Faces of the box (x_low, x_high, y_low ...) behind which a body cavity lies; a basement "
          "membrane lies one voxel inside, and growth does not press cells out there.")
      .from(sources::run_choice);
  s.number(&P::rate, "rate", "1/min")
      .between(0, 10)
      .normally("1e-3 1/day")
      .means("Rate at which a tumour cell that touches a broken voxel of that membrane is shed "
             "into the cavity.")
      .from("assumed; explore 1e-4 to 1e-1 1/day");
  s.rule(faces_are_known);
}

} // namespace metavox
