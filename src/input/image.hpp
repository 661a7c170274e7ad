// Images on their way onto the lattice, which may lie elsewhere and have other voxels.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/lattice.hpp"
#include "settings/types.hpp"

namespace metavox {

// Where the values of an image lie, in the unit of its file.
struct ImagePlaces {
  std::array<double, 3> origin{}; // of the first value: the centre of its voxel
  std::array<double, 3> spacing{1, 1, 1};
  std::array<double, 9> direction{1, 0, 0, 0, 1, 0, 0, 0, 1}; // columns: the image's axes
};

// One array, x fastest.
struct ImageArray {
  std::array<std::int64_t, 3> size{};
  std::optional<ImagePlaces> places; // none: the file says nothing of them
  std::vector<float> values;
};

std::string size_text(const std::array<std::int64_t, 3>& n); // "10 x 7 x 5"

// Whether the values lie at the centres of the lattice's voxels; empty: they do. Else a sentence
// with the numbers, and the unit that would mend it if there is one.
std::string misplaced(const ImageArray& image, LengthUnit unit, const Lattice& lattice);

enum class Between : std::uint8_t { nearest, linear };
// The image at the centres of the lattice's voxels, x fastest without ghosts. `outside`: how many
// of them lie outside the image; their value is 0. Throws std::runtime_error where all do.
std::vector<float> resampled(const ImageArray& image, LengthUnit unit, const Lattice& lattice,
                             Between between, std::int64_t& outside);
// Values of the image that lie in the box and are none of `taken`, with how often: what is smaller
// than a voxel can lie between the centres.
std::map<float, std::int64_t> missed_values(const ImageArray& image, LengthUnit unit,
                                            const Lattice& lattice,
                                            const std::vector<float>& taken);

} // namespace metavox
