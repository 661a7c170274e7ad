// Parameters taken apart: what each science is handed of them. Here alone one science's settings
// become another's numbers.
#pragma once

#include <array>

#include "cells/population_settings.hpp"
#include "fields/field_settings.hpp"
#include "site/parameters.hpp"
#include "tissue/start.hpp"
#include "vessels/vasculature_settings.hpp"

namespace metavox {

// How fast the clocks of tumour cells run.
Pace pace_of(const Parameters& parameters);
// The faces of the box that growing tissue can leave by.
std::array<bool, 6> open_faces(const Parameters& parameters);
FieldSettings field_settings(const Parameters& parameters);
PopulationSettings population_settings(const Parameters& parameters);
// Whether tumour cells may leave, by whatever way.
bool cells_leave(const Parameters& parameters);
StemStart stem_start(const Parameters& parameters);
VasculatureSettings vasculature_settings(const Parameters& parameters);

} // namespace metavox
