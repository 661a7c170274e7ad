// What the HDF5 library writes, kept in memory.
#pragma once

#include <map>
#include <string>

#include <hdf5.h>

namespace metavox::hdf5 {

// Pieces by their place in the file; none overlap.
using Image = std::map<haddr_t, std::string>;

// Lets files that are created with the property list `access` write into `image` instead of to
// disk. For one file at a time, from its creation to its end; a negative value tells of failure.
herr_t write_into(Image& image, hid_t access);

} // namespace metavox::hdf5
