// The settings of the program: which sections there are, and in which order.
#pragma once

#include "settings/table.hpp"

namespace metavox {

struct Parameters;
template <class T>
class Section;

// All sections of a site.
void describe_site(Section<Parameters>& whole);

// The table of Parameters.
const Table& settings_table();

} // namespace metavox
