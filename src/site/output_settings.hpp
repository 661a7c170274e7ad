// Settings of what a run writes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace metavox {

enum class Compression : std::uint8_t { none, lz4, zlib };

struct OutputParameters {
  double frames;      // min between frames; 0: none
  double report;      // min between rows of metrics.csv
  double checkpoints; // min between checkpoints; 0: only at the end and when interrupted
  int keep;           // checkpoints kept
  bool fields, cells, vessels;
  std::vector<std::string> arrays; // of fields.pvd; empty: all
  int stride;
  std::array<double, 3> region_from, region_to; // um; equal: whole box
  Compression compression;
  int mantissa_bits; // kept in float32 output, 23: lossless
};

template <class T>
class Section;

void describe(Section<OutputParameters>& section);

} // namespace metavox
