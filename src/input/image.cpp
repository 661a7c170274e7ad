#include "input/image.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <unordered_set>

#include "input/bounded.hpp"
#include "settings/text.hpp"

namespace metavox {
namespace {

std::string um(double v) { return text_of("%.6g", v); }

std::string triple(const std::array<double, 3>& v, const char* between) {
  return um(v[0]) + between + um(v[1]) + between + um(v[2]);
}

bool is_upright(const ImagePlaces& p) {
  for (std::size_t i = 0; i < 9; ++i)
    if (std::abs(p.direction[i] - (i % 4 == 0 ? 1 : 0)) > 1e-6) return false;
  return true;
}

// Whether spacing and origin, `scale` um to a unit, are the lattice's. Files may hold floats.
bool lies_on(const ImagePlaces& p, double scale, const Lattice& l) {
  const int n[3] = {l.nx, l.ny, l.nz};
  for (std::size_t a = 0; a < 3; ++a) {
    const double tolerance = 1e-3 * l.spacing;
    const double first = p.origin[a] * scale - 0.5 * l.spacing;
    const double last = first + (n[a] - 1) * (p.spacing[a] * scale - l.spacing);
    if (std::abs(first) > tolerance || std::abs(last) > tolerance ||
        std::abs(p.spacing[a] * scale - l.spacing) > tolerance)
      return false;
  }
  return true;
}

std::array<double, 9> inverse(const std::array<double, 9>& m) {
  const auto minor = [&](std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    return m[a] * m[d] - m[b] * m[c];
  };
  const double det = m[0] * minor(4, 5, 7, 8) - m[1] * minor(3, 5, 6, 8) + m[2] * minor(3, 4, 6, 7);
  if (!(std::abs(det) > 1e-9)) throw std::runtime_error("the axes of Direction lie in one plane");
  return {minor(4, 5, 7, 8) / det, minor(2, 1, 8, 7) / det, minor(1, 2, 4, 5) / det,
          minor(5, 3, 8, 6) / det, minor(0, 2, 6, 8) / det, minor(2, 0, 5, 3) / det,
          minor(3, 4, 6, 7) / det, minor(1, 0, 7, 6) / det, minor(0, 1, 3, 4) / det};
}

// From a place in the box, um, to indices of the image that are whole at its values.
class ToIndex {
public:
  ToIndex(const ImagePlaces& p, double scale)
      : p_(p), scale_(scale), inverse_(inverse(p.direction)) {}
  std::array<double, 3> operator()(const std::array<double, 3>& at) const {
    std::array<double, 3> d{}, index{};
    for (std::size_t a = 0; a < 3; ++a) d[a] = at[a] / scale_ - p_.origin[a];
    for (std::size_t a = 0; a < 3; ++a)
      index[a] =
          (inverse_[3 * a] * d[0] + inverse_[3 * a + 1] * d[1] + inverse_[3 * a + 2] * d[2]) /
          p_.spacing[a];
    return index;
  }

private:
  const ImagePlaces& p_;
  double scale_;
  std::array<double, 9> inverse_;
};

class Sampler {
public:
  Sampler(const ImageArray& image, Between between) : image_(image), between_(between) {}

  // False outside of the image, which reaches half a voxel beyond its outer values.
  bool sample(const std::array<double, 3>& index, float& value) const {
    for (std::size_t a = 0; a < 3; ++a)
      if (!(index[a] >= -0.5 - 1e-9 &&
            index[a] <= static_cast<double>(image_.size[a]) - 0.5 + 1e-9))
        return false;
    std::array<std::int64_t, 3> low{};
    std::array<double, 3> part{};
    for (std::size_t a = 0; a < 3; ++a) {
      const double last = static_cast<double>(image_.size[a] - 1);
      const double i = std::clamp(index[a], 0.0, last);
      low[a] = static_cast<std::int64_t>(
          std::min(last, std::floor(between_ == Between::linear ? i : i + 0.5)));
      part[a] = i - static_cast<double>(low[a]);
    }
    value = between_ == Between::linear ? linear(low, part) : at(low);
    return true;
  }

private:
  float at(const std::array<std::int64_t, 3>& i) const {
    return image_
        .values[static_cast<std::size_t>((i[2] * image_.size[1] + i[1]) * image_.size[0] + i[0])];
  }
  float linear(const std::array<std::int64_t, 3>& low, const std::array<double, 3>& part) const {
    double sum = 0;
    for (unsigned corner = 0; corner < 8; ++corner) {
      std::array<std::int64_t, 3> i = low;
      double weight = 1;
      for (std::size_t a = 0; a < 3; ++a) {
        const bool high = (corner >> a & 1u) != 0;
        weight *= high ? part[a] : 1 - part[a];
        if (high) i[a] = std::min(i[a] + 1, image_.size[a] - 1);
      }
      if (weight > 0) sum += weight * static_cast<double>(at(i));
    }
    return static_cast<float>(sum);
  }

  const ImageArray& image_;
  Between between_;
};

} // namespace

std::string size_text(const std::array<std::int64_t, 3>& n) {
  return std::to_string(n[0]) + " x " + std::to_string(n[1]) + " x " + std::to_string(n[2]);
}

std::string misplaced(const ImageArray& image, LengthUnit unit, const Lattice& lattice) {
  if (!image.places) return {};
  const ImagePlaces& p = *image.places;
  const double scale = in_um(unit), h = lattice.spacing;
  if (is_upright(p) && lies_on(p, scale, lattice)) return {};
  std::array<double, 3> spacing{}, low{};
  for (std::size_t a = 0; a < 3; ++a) {
    spacing[a] = p.spacing[a] * scale;
    low[a] = (p.origin[a] - 0.5 * p.spacing[a]) * scale;
  }
  std::string text = "its voxels are " + triple(spacing, " x ") + " um from (" + triple(low, ", ") +
                     ") on" + (is_upright(p) ? "" : ", along turned axes") +
                     "; those of the lattice are " + triple({h, h, h}, " x ") +
                     " um from (0, 0, 0) on";
  if (is_upright(p))
    for (std::size_t u = 0; u < length_unit_names.size(); ++u)
      if (lies_on(p, in_um(static_cast<LengthUnit>(u)), lattice))
        text += "; they agree in " + std::string(length_unit_names[u]);
  return text;
}

std::vector<float> resampled(const ImageArray& image, LengthUnit unit, const Lattice& l,
                             Between between, std::int64_t& outside) {
  const ImagePlaces places = image.places.value_or(ImagePlaces{});
  const ToIndex to_index(places, in_um(unit));
  const Sampler sampler(image, between);
  check_room(static_cast<std::size_t>(l.voxels()) * sizeof(float), "a resampled image");
  std::vector<float> values(static_cast<std::size_t>(l.voxels()), 0.0f);
  outside = 0;
  std::size_t k = 0;
  for (int z = 0; z < l.nz; ++z)
    for (int y = 0; y < l.ny; ++y)
      for (int x = 0; x < l.nx; ++x, ++k)
        if (!sampler.sample(
                to_index({(x + 0.5) * l.spacing, (y + 0.5) * l.spacing, (z + 0.5) * l.spacing}),
                values[k]))
          ++outside;
  if (outside == l.voxels())
    throw std::runtime_error("the image lies wholly outside the box, whose edges are " +
                             triple({l.nx * l.spacing, l.ny * l.spacing, l.nz * l.spacing}, ", ") +
                             " um; its voxels are " + triple(places.spacing, " x ") + " from (" +
                             triple(places.origin, ", ") + ") on, in " +
                             std::string(length_unit_names[static_cast<std::size_t>(unit)]));
  return values;
}

std::map<float, std::int64_t> missed_values(const ImageArray& image, LengthUnit unit,
                                            const Lattice& l, const std::vector<float>& taken) {
  const std::unordered_set<float> known(taken.begin(), taken.end());
  const ImagePlaces p = image.places.value_or(ImagePlaces{});
  const double scale = in_um(unit);
  const int n[3] = {l.nx, l.ny, l.nz};
  std::map<float, std::int64_t> missed;
  std::size_t k = 0;
  for (std::int64_t z = 0; z < image.size[2]; ++z)
    for (std::int64_t y = 0; y < image.size[1]; ++y)
      for (std::int64_t x = 0; x < image.size[0]; ++x, ++k) {
        const float value = image.values[k];
        if (value == 0 || known.count(value) != 0) continue;
        const std::array<double, 3> along{static_cast<double>(x) * p.spacing[0],
                                          static_cast<double>(y) * p.spacing[1],
                                          static_cast<double>(z) * p.spacing[2]};
        bool inside = true;
        for (std::size_t a = 0; a < 3; ++a) {
          const double at =
              (p.origin[a] + p.direction[3 * a] * along[0] + p.direction[3 * a + 1] * along[1] +
               p.direction[3 * a + 2] * along[2]) *
              scale;
          inside = inside && at >= 0 && at <= n[a] * l.spacing;
        }
        if (inside && (missed.size() < 1000 || missed.count(value) != 0)) ++missed[value];
      }
  return missed;
}

} // namespace metavox
