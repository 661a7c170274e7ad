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

#include "core/file.hpp"
#include "record/checkpoint_header.hpp"
#include "site/snapshot.hpp"

namespace metavox {

struct Checkpoint {
  CheckpointHeader header;
  Snapshot snapshot; // without vessels
  std::string resolved;
};

bool checkpoints_available();
std::string checkpoint_library(); // "HDF5 1.10.8"; "none"

// Bytes the file will have, at most.
inline std::uint64_t checkpoint_bytes(const Snapshot& snapshot, std::size_t resolved_bytes) {
  // Headers, names and attributes take 2-3 KiB per array.
  std::uint64_t bytes = 65536 + resolved_bytes;
  for (const Snapshot::Array& a : snapshot.arrays) bytes += a.data.size() + 8192;
  return bytes;
}

// Writes all arrays of the snapshot, or only those named. Returns the checksum of the whole file.
// Throws CheckpointError.
FileSum write_checkpoint(const std::filesystem::path& file, const Snapshot& snapshot,
                         const std::string& resolved, const std::vector<std::string>& names = {});

// Throws CheckpointError where the file is damaged, cannot be read or is not a checkpoint.
Checkpoint read_checkpoint(const std::filesystem::path& file);

} // namespace metavox
