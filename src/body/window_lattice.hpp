// What the lattices of a body's windows are made of.
#pragma once

#include <cstdint>

#include "body/body_settings.hpp"
#include "site/parameters.hpp"

namespace metavox {

// A window of an organ: its tissue, oxygen and capillaries, and the cells of the primary's lattice
// with all their rules. `sheds`: what enters its vessels goes on.
Parameters lattice_of_window(const Parameters& primary, const BodyParameters& body,
                             std::int32_t organ, bool sheds);

// Complains of nothing but what the windows of some organ would be refused for: throws ConfigError
// that names the organ.
void check_windows(const Parameters& primary, const BodyParameters& body);

} // namespace metavox
