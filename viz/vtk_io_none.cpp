// Stands in for vtk_io.cpp where VTK is missing (METAVOX_VTK=OFF): the simulator builds and runs,
// and a config that asks for frames is told why it gets none.
#include <stdexcept>

#include "viz/vtk_io.hpp"

namespace metavox {

namespace {
[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error("this build has no VTK: " + what +
                           " needs one configured with -DMETAVOX_VTK=ON (Debian: libvtk9-dev)");
}
} // namespace

bool vtk_available() { return false; }

std::string fields_frame(const Snapshot&, const OutputParameters&) {
  refuse("writing field frames");
}
std::string cells_frame(const Snapshot&, const OutputParameters&) { refuse("writing cell frames"); }
std::string vessels_frame(const Snapshot&, const OutputParameters&) {
  refuse("writing vessel frames");
}
std::string pvd_index(const std::vector<std::pair<double, std::string>>&) {
  refuse("indexing frames");
}

// Not an error: `validate` and the disk check ask this of every config, and this build writes no
// frames.
std::size_t estimate_frame_bytes(const Parameters&) { return 0; }

} // namespace metavox
