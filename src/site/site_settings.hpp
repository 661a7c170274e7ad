// Settings of the run and of the box: simulation, domain, time, fields.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "settings/preset.hpp"

namespace metavox {

// A file that the configuration names, as a run found it.
struct InputFile {
  std::string setting; // that names it: "vessels.file"
  std::uint64_t bytes;
  std::string crc32; // 8 lower-case hexadecimal digits
};

struct SimulationParameters {
  std::string name;
  Preset preset;
  std::uint64_t seed;
  double duration; // min
  std::vector<InputFile> inputs;
};

struct DomainParameters {
  std::array<int, 3> voxels; // from domain.voxels or domain.size / domain.spacing
  double spacing;            // um
};

struct TimeParameters {
  double step;           // min: fields, cell state (dt_f = dt_c)
  double vessel_step;    // min: sprouts, flow, regression (dt_v); a multiple of step
  int motility_substeps; // dt_m = step / motility_substeps
};

struct FieldsParameters {
  int coarsen;    // 1, 2 or 4: edge of a field voxel in tissue voxels
  int max_cycles; // V-cycles allowed in one solve
};

template <class T>
class Section;

void describe(Section<SimulationParameters>& section);
void describe(Section<DomainParameters>& section);
void describe(Section<TimeParameters>& section);
void describe(Section<FieldsParameters>& section);

} // namespace metavox
