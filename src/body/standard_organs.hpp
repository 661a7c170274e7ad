// configs/organs.yaml as the program carries it.
#pragma once

namespace metavox {

const char* standard_organs();

} // namespace metavox
