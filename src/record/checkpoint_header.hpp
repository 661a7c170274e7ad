// The first 512 bytes of a checkpoint, plain text: read and checked without HDF5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "core/errors.hpp"

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

inline constexpr int checkpoint_format = 1;
inline constexpr std::size_t checkpoint_head_bytes = 512; // smallest user block of HDF5

// The text that read_checkpoint_header() reads.
std::string checkpoint_head(const CheckpointHeader& header);

// The header alone, or with all the rest of the file read against its checksum. Throw
// CheckpointError.
CheckpointHeader read_checkpoint_header(const std::filesystem::path& file);
CheckpointHeader check_checkpoint(const std::filesystem::path& file);

} // namespace metavox
