// Stands in for the files that use VTK where it is missing (METAVOX_VTK=OFF): the simulator builds
// and runs, and a config that asks for frames is told why it gets none.
#include <stdexcept>

#include "viz/body_frame.hpp"
#include "viz/cell_frame.hpp"
#include "viz/field_frame.hpp"
#include "viz/vessel_frame.hpp"
#include "viz/vtk_available.hpp"

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
std::string body_frame(const BodyPicture&, const OutputParameters&) {
  refuse("writing frames of a body");
}

} // namespace metavox
