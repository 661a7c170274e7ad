// Rows of settings that say where something is: a sphere, a box, a layer. They follow the row of
// "shape" in any struct with these members.
#pragma once

#include <string_view>

#include "settings/section.hpp"

namespace metavox {

inline constexpr std::string_view choice_of_experiment = "assumed: a choice of the experiment";

template <class T>
void sphere_rows(Section<T>& s, std::string_view radius) {
  s.point(&T::centre, "centre")
      .derived("the middle of the box")
      .only_for("shape", "sphere")
      .means("Centre of the sphere.")
      .from(choice_of_experiment);
  s.number(&T::radius, "radius", "um")
      .above(0, 1e6)
      .example(radius)
      .only_for("shape", "sphere")
      .means("Radius of the sphere.")
      .from(choice_of_experiment);
}

template <class T>
void region_rows(Section<T>& s) {
  sphere_rows(s, "100 um");
  s.point(&T::from, "from")
      .only_for("shape", "box")
      .means("Lowest corner of the box.")
      .from(choice_of_experiment);
  s.point(&T::to, "to")
      .only_for("shape", "box")
      .means("Highest corner of the box.")
      .from(choice_of_experiment);
  s.axis(&T::axis, "axis")
      .normally("z")
      .only_for("shape", "layer")
      .means("Normal of the layer.")
      .from(choice_of_experiment);
  s.number(&T::begin, "begin", "um")
      .between(-1e6, 1e6)
      .example("0 um")
      .only_for("shape", "layer")
      .means("Where the layer begins along its axis.")
      .from(choice_of_experiment);
  s.number(&T::end, "end", "um")
      .between(-1e6, 1e6)
      .example("100 um")
      .only_for("shape", "layer")
      .means("Where the layer ends along its axis.")
      .from(choice_of_experiment);
}

} // namespace metavox
