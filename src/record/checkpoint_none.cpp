// Stands in for checkpoint.cpp where HDF5 is missing (METAVOX_HDF5=OFF): runs work, but they cannot
// be interrupted and continued.
#include "record/checkpoint.hpp"

namespace metavox {

namespace {
[[noreturn]] void refuse(const std::filesystem::path& file, const char* what) {
  throw CheckpointError("checkpoint " + file.string() + ": cannot be " + what +
                        ": this build has no HDF5; one configured with -DMETAVOX_HDF5=ON has "
                        "(Debian: libhdf5-dev)");
}
} // namespace

bool checkpoints_available() { return false; }
std::string checkpoint_library() { return "none"; }

FileSum write_checkpoint(const std::filesystem::path& file, const Snapshot&, const std::string&,
                         const std::vector<std::string>&) {
  refuse(file, "written");
}
Checkpoint read_checkpoint(const std::filesystem::path& file) { refuse(file, "read"); }

} // namespace metavox
