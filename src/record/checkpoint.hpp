// A checkpoint: the whole state of a run in one HDF5 file (h5py and h5dump read it).
//
//   first 512 bytes   plain text (an HDF5 user block): "metavox checkpoint", format, size, step,
//                     hash, and a CRC-32 of everything behind it
//   /                 attributes format_version, program_version, time [min], step, state_hash ...
//   /resolved.yaml    the settings, as text
//   /state/NAME       one contiguous dataset per array, z slowest; attributes unit, meaning,
//                     spacing [um], crc32, order
//
// The text is checked before the HDF5 library sees a byte, so a torn or altered file is refused and
// never parsed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "core/file.hpp"
#include "site/snapshot.hpp"

namespace metavox {

// what() names the file and what is wrong with it: exit code 3.
struct CheckpointError : IoError {
  using IoError::IoError;
};

struct CheckpointHeader {
  int format = 0;
  std::uint64_t bytes = 0; // of the file
  std::uint32_t crc = 0;   // of all behind the header
  std::int64_t step = 0;
  double time = 0; // min
  std::uint64_t hash = 0;
  std::string version; // of the program that wrote it
};

struct Checkpoint {
  CheckpointHeader header;
  Snapshot snapshot; // without vessels
  std::string resolved;
};

bool checkpoints_available();
std::string checkpoint_library(); // "HDF5 1.10.8"; "none"

// Bytes the file will have, at most.
std::uint64_t checkpoint_bytes(const Snapshot& snapshot, std::size_t resolved_bytes);

// Writes all arrays of the snapshot, or only those named. Returns the checksum of the whole file.
FileSum write_checkpoint(const std::filesystem::path& file, const Snapshot& snapshot,
                         const std::string& resolved, const std::vector<std::string>& names = {});

Checkpoint read_checkpoint(const std::filesystem::path& file);

// The first 512 bytes alone, or with all the rest read against their checksum. Needs no HDF5.
CheckpointHeader read_checkpoint_header(const std::filesystem::path& file);
CheckpointHeader check_checkpoint(const std::filesystem::path& file);

} // namespace metavox
