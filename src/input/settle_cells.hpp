// Cells that a configuration asks for, against the room there is.
#pragma once

#include <string>
#include <vector>

#include "core/lattice.hpp"
#include "site/parameters.hpp"
#include "voxel/external.hpp"

namespace metavox {

// Gives each cell of the table p.tissue.cells_csv a voxel of its own, as cells_csv_overlap says:
// moves or drops those in `external.placed` that would share one. `vessels`: voxels that vessels
// take. Says in `told` what was moved or dropped. Throws ConfigError where that is refused, or
// where no voxel is free.
void settle_cells(const Parameters& p, const Lattice& lattice,
                  const std::vector<std::int64_t>& vessels, ExternalArrays& external,
                  std::vector<std::string>& told);

// Says in `told` what the cells asked for come to. Throws ConfigError where an entry that asks for
// cells would have none.
void tell_cells(const Parameters& p, const Lattice& lattice,
                const std::vector<std::int64_t>& vessels, const ExternalArrays& external,
                std::vector<std::string>& told);

} // namespace metavox
