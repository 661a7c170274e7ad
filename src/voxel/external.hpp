// What a site starts from besides its settings: arrays, cells and vessels that files give.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "voxel/vessel_network.hpp"

namespace metavox {

// Arrays a config names by file, read by the caller (the library behind VTK files stays out of
// here). Values are in internal units, x fastest, on the tissue lattice.
struct ExternalArrays {
  bool absent = false; // nothing was read, as a checkpoint follows: what files give stays empty
  std::vector<std::pair<std::string, std::vector<float>>> fields; // "oxygen", "matrix" ...
  std::vector<std::uint8_t> cells;                                // kind codes; empty: none
  struct PlacedCell {
    double x, y, z; // um
    std::uint8_t kind;
    std::uint16_t clone;
    std::int64_t line = 0; // of the table; 0: of none
  };
  std::vector<PlacedCell> placed;
  VesselNetwork vessel_file;             // of vessels.file, in um
  std::vector<std::string> vessel_names; // of its nodes; "": none
  const std::vector<float>* field(const std::string& name) const {
    for (const auto& [n, v] : fields)
      if (n == name) return &v;
    return nullptr;
  }
};

} // namespace metavox
