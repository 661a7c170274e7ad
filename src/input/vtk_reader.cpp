// What the program reads of VTK's files: one array of a .vti, the poly-lines of a .vtp.
#include "input/vtk_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <stdexcept>

#include "core/executor.hpp"
#include "input/bounded.hpp"
#include "input/vtk_xml.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"

namespace metavox {

namespace {

constexpr std::uint64_t most_points = std::numeric_limits<std::int32_t>::max() - 1;

const XmlElement* array_in(const XmlElement* attributes, const std::string& name) {
  if (attributes != nullptr)
    for (const XmlElement& array : attributes->children)
      if (const std::string* n = array.attribute("Name"))
        if (*n == name) return &array;
  return nullptr;
}

int components_of(const XmlElement& array) {
  return static_cast<int>(array.whole("NumberOfComponents", 1000, 1));
}

// ---- images

// First and last point along each axis.
struct Extent {
  std::array<std::int64_t, 3> first{}, last{};

  // A flat image has one layer of cells.
  std::int64_t count(std::size_t axis, bool cells) const {
    const std::int64_t points = last[axis] - first[axis] + 1;
    return cells ? std::max<std::int64_t>(1, points - 1) : points;
  }
};

Extent extent_of(const XmlElement& element, const char* key) {
  const std::string* text = element.attribute(key);
  if (text == nullptr)
    throw VtkError(std::string("<") + std::string(element.name) + "> lacks " + key);
  Extent e;
  const char* at = text->data();
  const char* const end = at + text->size();
  const auto skip = [&] {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) ++at;
  };
  bool good = true;
  for (std::size_t i = 0; i < 6 && good; ++i) {
    skip();
    std::int32_t value = 0;
    const auto [behind, error] = std::from_chars(at, end, value);
    good = error == std::errc();
    at = behind;
    (i % 2 == 0 ? e.first : e.last)[i / 2] = value;
  }
  skip();
  for (std::size_t a = 0; a < 3; ++a) good = good && e.last[a] >= e.first[a];
  if (!good || at != end)
    throw VtkError(std::string(key) + " is " + in_quotes(*text, 60) +
                   "; it must be six whole numbers, two rising ones per axis");
  return e;
}

// Numbers of an attribute: `count` finite ones, or `absent` where there is no such attribute.
template <std::size_t count>
std::array<double, count> numbers_of(const XmlElement& element, const char* key,
                                     const std::array<double, count>& absent) {
  const std::string* text = element.attribute(key);
  if (text == nullptr) return absent;
  std::array<double, count> values{};
  const char* at = text->c_str();
  bool good = true;
  for (double& v : values) {
    char* behind = nullptr;
    v = std::strtod(at, &behind);
    good = good && behind != at && std::isfinite(v);
    at = behind;
  }
  if (!good || !trimmed(at).empty())
    throw VtkError(std::string(key) + " is " + in_quotes(*text, 60) + "; it must be " +
                   std::to_string(count) + " numbers");
  return values;
}

// Where the image says that its points lie; none where it says nothing.
std::optional<ImagePlaces> places_of(const XmlElement& image) {
  if (image.attribute("Spacing") == nullptr && image.attribute("Origin") == nullptr &&
      image.attribute("Direction") == nullptr)
    return {};
  ImagePlaces p;
  p.spacing = numbers_of<3>(image, "Spacing", {1, 1, 1});
  p.origin = numbers_of<3>(image, "Origin", {0, 0, 0});
  p.direction = numbers_of<9>(image, "Direction", {1, 0, 0, 0, 1, 0, 0, 0, 1});
  for (const double s : p.spacing)
    if (!(s > 0)) throw VtkError("Spacing is " + format_number(s) + "; it must be above 0");
  return p;
}

class ImageReader {
public:
  ImageReader(const VtkXml& xml, const std::string& name) : xml_(xml), name_(name) {
    whole_ = extent_of(xml.data(), "WholeExtent");
    places_ = places_of(xml.data());
    for (const XmlElement& c : xml.data().children)
      if (c.name == "Piece") pieces_.push_back(&c);
    if (pieces_.empty()) throw VtkError("it holds no data");
  }

  // The array where it fits the lattice (null: any), with its places; else misfit() says why not.
  std::optional<ImageArray> fitting(const std::array<int, 3>* voxels) {
    for (const bool cells : {true, false}) {
      const XmlElement* array = array_in(pieces_[0]->child(section(cells)), name_);
      if (array == nullptr) continue;
      const std::array<std::int64_t, 3> size{whole_.count(0, cells), whole_.count(1, cells),
                                             whole_.count(2, cells)};
      const int components = components_of(*array);
      if (components == 1 &&
          (voxels == nullptr ||
           (size[0] == (*voxels)[0] && size[1] == (*voxels)[1] && size[2] == (*voxels)[2])))
        return ImageArray{size, placed(cells), collected(cells, size)};
      misfit_ += (misfit_.empty() ? "" : "; ") + std::string(cells ? "cell" : "point") +
                 " data of " + size_text(size) + " with " + std::to_string(components) +
                 (components == 1 ? " component" : " components");
    }
    return {};
  }
  const std::string& misfit() const { return misfit_; }

  std::string names() const {
    std::string found;
    for (const bool cells : {true, false})
      if (const XmlElement* attributes = pieces_[0]->child(section(cells)))
        for (const XmlElement& array : attributes->children)
          if (const std::string* name = array.attribute("Name"))
            if (found.size() < 1000)
              found += (found.empty() ? "" : ", ") + printable(name->substr(0, 60)) +
                       (cells ? " (cell data)" : " (point data)");
    return found.empty() ? "none" : found;
  }

private:
  // The places of its first value: cells lie half an edge behind their first point.
  std::optional<ImagePlaces> placed(bool cells) const {
    std::optional<ImagePlaces> p = places_;
    if (!p) return p;
    std::array<double, 3> shift{}; // along the image's own axes
    for (std::size_t a = 0; a < 3; ++a)
      shift[a] = (static_cast<double>(whole_.first[a]) + (cells ? 0.5 : 0.0)) * p->spacing[a];
    for (std::size_t row = 0; row < 3; ++row)
      for (std::size_t a = 0; a < 3; ++a) p->origin[row] += p->direction[3 * row + a] * shift[a];
    return p;
  }

  static const char* section(bool cells) { return cells ? "CellData" : "PointData"; }

  std::vector<float> collected(bool cells, const std::array<std::int64_t, 3>& size) const {
    const std::int64_t wanted = size[0] * size[1] * size[2];
    std::vector<float> values;
    std::vector<bool> filled;
    std::int64_t read = 0, missing = wanted;
    for (const XmlElement* piece : pieces_) {
      const Extent part = extent_of(*piece, "Extent");
      std::array<std::int64_t, 3> n{}, from{};
      for (std::size_t a = 0; a < 3; ++a) {
        n[a] = part.count(a, cells);
        from[a] = part.first[a] - whole_.first[a];
        if (part.first[a] < whole_.first[a] || part.last[a] > whole_.last[a] ||
            from[a] + n[a] > size[a])
          throw VtkError("a piece reaches beyond WholeExtent");
      }
      const std::int64_t count = n[0] * n[1] * n[2];
      read += count;
      if (read > 8 * wanted) throw VtkError("its pieces overlap");
      const XmlElement* array = array_in(piece->child(section(cells)), name_);
      if (array == nullptr || components_of(*array) != 1) throw VtkError("a piece lacks the array");
      std::vector<float> part_values = xml_.numbers<float>(*array, static_cast<std::size_t>(count));
      if (pieces_.size() == 1 && count == wanted) return part_values;
      values.resize(static_cast<std::size_t>(wanted));
      filled.resize(values.size());
      std::size_t k = 0;
      for (std::int64_t z = 0; z < n[2]; ++z)
        for (std::int64_t y = 0; y < n[1]; ++y)
          for (std::int64_t x = 0; x < n[0]; ++x, ++k) {
            const auto i = static_cast<std::size_t>(
                ((z + from[2]) * size[1] + y + from[1]) * size[0] + x + from[0]);
            if (!filled[i]) --missing;
            filled[i] = true;
            values[i] = part_values[k];
          }
    }
    if (missing > 0)
      throw VtkError("its pieces leave out " + std::to_string(missing) + " of " +
                     std::to_string(wanted) + " values");
    return values;
  }

  const VtkXml& xml_;
  const std::string& name_;
  Extent whole_;
  std::optional<ImagePlaces> places_;
  std::vector<const XmlElement*> pieces_;
  std::string misfit_;
};

// ---- poly-lines

// As this program, MicrovesselChaste, VMTK and others call it.
constexpr const char* radius_names[] = {
    "radius",        "Radius",        "RADIUS",         "Node Radius",
    "Vessel Radius", "NodeRadius",    "VesselRadius",   "Segment Radius",
    "node_radius",   "vessel_radius", "segment_radius", "MaximumInscribedSphereRadius"};

class PolylineReader {
public:
  PolylineReader(const VtkXml& xml, std::string radius) : xml_(xml), radius_(std::move(radius)) {}

  VesselFile read() {
    for (const XmlElement& piece : xml_.data().children)
      if (piece.name == "Piece") read_piece(piece);
    if (lines_ == 0) throw VtkError("it holds no lines; vessels are poly-lines");
    vessels_.radius_array = radius_;
    return std::move(vessels_);
  }

private:
  // The array of radii, by the name that was given or one that is known.
  void find_radius(const XmlElement& piece) {
    const XmlElement *points = piece.child("PointData"), *cells = piece.child("CellData");
    const auto held = [&](const std::string& name) {
      return array_in(points, name) != nullptr || array_in(cells, name) != nullptr;
    };
    if (!radius_.empty() && held(radius_)) return;
    if (radius_.empty())
      for (const char* name : radius_names)
        if (held(name)) {
          radius_ = name;
          return;
        }
    std::string others;
    for (const XmlElement* attributes : {points, cells})
      if (attributes != nullptr)
        for (const XmlElement& array : attributes->children)
          if (const std::string* name = array.attribute("Name"))
            if (others.size() < 500)
              others += (others.empty() ? "" : ", ") + printable(name->substr(0, 60));
    throw VtkError("there is no array '" + (radius_.empty() ? std::string("radius") : radius_) +
                   "', of points or of lines; " +
                   (others.empty() ? std::string("add one, in units of the file")
                                   : "it has " + others +
                                         "; type the one of the radii as vessels.file_radius, or "
                                         "add it, in units of the file"));
  }

  using Numbers = std::vector<double>;

  std::optional<Numbers> numbers(const XmlElement& piece, const char* section, const char* name,
                                 std::uint64_t count) const {
    const XmlElement* array = array_in(piece.child(section), name);
    if (array == nullptr) return {};
    if (components_of(*array) != 1)
      throw VtkError(std::string("array '") + name +
                     "' must hold one number for each point or line");
    return xml_.numbers<double>(*array, count);
  }

  void read_piece(const XmlElement& piece) {
    const std::uint64_t points = piece.whole("NumberOfPoints", most_points, 0),
                        verts = piece.whole("NumberOfVerts", most_points, 0),
                        lines = piece.whole("NumberOfLines", most_points, 0),
                        strips = piece.whole("NumberOfStrips", most_points, 0),
                        polys = piece.whole("NumberOfPolys", most_points, 0);
    if (points + vessels_.points.size() > most_points) throw VtkError("it holds too many points");
    if (lines == 0) return;
    const XmlElement* coordinates = piece.child("Points");
    if (coordinates == nullptr || coordinates->children.empty() ||
        components_of(coordinates->children[0]) != 3)
      throw VtkError("<Points> must hold an array of three components");
    const Numbers place = xml_.numbers<double>(coordinates->children[0], 3 * points);
    constexpr std::size_t bytes_of_a_point = 600; // with what the graph makes of it
    check_room(points * bytes_of_a_point, std::to_string(points) + " points");
    find_radius(piece);
    const auto point_radius = numbers(piece, "PointData", radius_.c_str(), points);
    const auto cell_radius =
        numbers(piece, "CellData", radius_.c_str(), verts + lines + strips + polys);
    const auto end = numbers(piece, "PointData", "end", points);
    const auto pressure = numbers(piece, "PointData", "end_pressure", points);
    std::vector<std::string> names;
    if (const XmlElement* array = array_in(piece.child("PointData"), "name"))
      if (array->attribute("type") != nullptr && *array->attribute("type") == "String")
        names = xml_.strings(*array, points);

    const auto before = static_cast<std::int32_t>(vessels_.points.size());
    for (std::size_t i = 0; i < points; ++i) {
      VesselFile::Point point;
      point.number = before + static_cast<std::int64_t>(i);
      for (std::size_t a = 0; a < 3; ++a) point.position[a] = place[3 * i + a];
      if (point_radius) point.radius = (*point_radius)[i];
      if (pressure) point.end_pressure = (*pressure)[i];
      if (!names.empty()) point.name = names[i];
      const double code = end ? (*end)[i] : 0;
      if (code == 0 || code == 1 || code == 2)
        point.end = static_cast<VesselEnd>(static_cast<int>(code));
      else if (vessels_.faults.size() < 20)
        vessels_.faults.push_back("point " + std::to_string(point.number) + " has end " +
                                  format_number(code) +
                                  "; it must be 0 (none), 1 (inlet) or 2 (outlet)");
      vessels_.points.push_back(std::move(point));
    }
    read_lines(piece, lines, points, before, point_radius ? nullptr : cell_radius->data() + verts);
  }

  void read_lines(const XmlElement& piece, std::uint64_t lines, std::uint64_t points,
                  std::int32_t before, const double* radii) {
    const XmlElement* cells = piece.child("Lines");
    const XmlElement* offset_array = array_in(cells, "offsets");
    const XmlElement* index_array = array_in(cells, "connectivity");
    if (offset_array == nullptr || index_array == nullptr)
      throw VtkError("<Lines> must hold the arrays connectivity and offsets");
    const Numbers offsets = xml_.numbers<double>(*offset_array, lines);
    // Whole numbers that rise.
    double last = 0;
    for (const double o : offsets) {
      if (!(o >= last && o <= static_cast<double>(most_points) && o == std::floor(o)))
        throw VtkError("the offsets of its lines are damaged");
      last = o;
    }
    const Numbers indices = xml_.numbers<double>(*index_array, static_cast<std::size_t>(last));
    std::size_t k = 0;
    for (std::size_t l = 0; l < lines; ++l, ++lines_) {
      const auto behind = static_cast<std::size_t>(offsets[l]);
      const std::string line = "line " + std::to_string(lines_);
      if (behind - k < 2) throw VtkError(line + " has fewer than two points");
      std::int32_t from = -1;
      for (; k < behind; ++k) {
        if (!(indices[k] >= 0 && indices[k] < static_cast<double>(points) &&
              indices[k] == std::floor(indices[k])))
          throw VtkError(line + " refers to point " + format_number(indices[k]) +
                         ", but there are " + std::to_string(points));
        const std::int32_t to = before + static_cast<std::int32_t>(indices[k]);
        if (from >= 0)
          vessels_.stretches.push_back(
              {from, to, radii == nullptr ? 0 : radii[l], static_cast<std::int64_t>(lines_)});
        from = to;
      }
    }
  }

  const VtkXml& xml_;
  std::string radius_; // array
  VesselFile vessels_;
  std::size_t lines_ = 0;
};

} // namespace

ImageArray read_vti_image(const VtkXml& xml, const std::string& array,
                          const std::array<int, 3>* voxels) {
  ImageReader reader(xml, array);
  auto image = reader.fitting(voxels);
  if (image) {
    for (std::size_t i = 0; i < image->values.size(); ++i)
      if (!std::isfinite(image->values[i]))
        throw VtkError("value " + std::to_string(i) + " (x runs fastest) is not a finite number");
    return std::move(*image);
  }
  if (!reader.misfit().empty())
    throw VtkError("the lattice needs " +
                   (voxels == nullptr
                        ? std::string()
                        : size_text({(*voxels)[0], (*voxels)[1], (*voxels)[2]}) + " ") +
                   "values of one component, found " + reader.misfit());
  throw VtkError("there is no such array; the file has " + reader.names());
}

std::vector<float> read_vti_array(const VtkXml& xml, const std::string& array,
                                  std::array<int, 3> voxels) {
  return read_vti_image(xml, array, &voxels).values;
}

VesselFile read_vessel_polylines(const VtkXml& xml, const std::string& radius_array) {
  return PolylineReader(xml, radius_array).read();
}

std::vector<float> read_vti_array(const std::filesystem::path& file, const std::string& array,
                                  std::array<int, 3> voxels) {
  return read_vti_image(file, array, &voxels).values;
}

ImageArray read_vti_image(const std::filesystem::path& file, const std::string& array,
                          const std::array<int, 3>* voxels) {
  const std::string where = file.string() + ", array '" + array + "': ";
  try {
    return read_vti_image(VtkXml(file, "ImageData", "image file (.vti)"), array, voxels);
  } catch (const VtkError& e) {
    throw std::runtime_error(printable(where + e.what()));
  } catch (const ResourceError& e) {
    throw ResourceError(printable(where + e.what()));
  }
}

VesselFile read_vessel_polylines(const std::filesystem::path& file,
                                 const std::string& radius_array) {
  try {
    return read_vessel_polylines(VtkXml(file, "PolyData", "file of poly-lines (.vtp)"),
                                 radius_array);
  } catch (const VtkError& e) {
    throw std::runtime_error(printable(file.string() + ": " + e.what()));
  } catch (const ResourceError& e) {
    throw ResourceError(printable(file.string() + ": " + e.what()));
  }
}

} // namespace metavox
