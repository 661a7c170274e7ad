// The configurations of configs/calibration, as they were when the program was built, so that an
// installed program has them too.
#pragma once

#include <string>
#include <string_view>

namespace metavox {

// "free_spheroid", "small_clones" or "clinical_tumour": its YAML.
std::string calibration_config(std::string_view name);

} // namespace metavox
