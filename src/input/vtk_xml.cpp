#include "input/vtk_xml.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/file.hpp"
#include "input/bounded.hpp"
#include "settings/text.hpp"

namespace metavox {

namespace {

constexpr std::size_t most_elements = 100000, deepest = 16, longest_name = 200,
                      most_attributes = 100, longest_value = 10000, most_attribute_bytes = 16 << 20;
// zlib packs 1032 bytes of zeros into one at best, LZ4 255.
constexpr std::size_t best_packing = 1100;

std::optional<std::uint64_t> whole_number(std::string_view text) {
  text = trimmed(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// The part of XML that VTK writes. Ends at <AppendedData>, behind which comes what is no XML.
class XmlParser {
public:
  explicit XmlParser(std::string_view text) : text_(text) {}

  XmlElement parse() {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
    XmlElement root;
    skip_misc();
    if (!open_tag(root)) fail("it begins with an empty element");
    content(root, 1);
    return root;
  }
  std::size_t at() const { return at_; } // behind the tag <AppendedData ...> where there is one
  bool has_appended() const { return has_appended_; }

private:
  [[noreturn]] void fail(const std::string& what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<long>(at_), '\n');
    throw VtkError("line " + std::to_string(line) + ": " + what);
  }

  bool starts(std::string_view with) const { return text_.substr(at_, with.size()) == with; }

  void skip_to_behind(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) fail("`" + std::string(end) + "` is missing");
    at_ = found + end.size();
  }

  void skip_blanks() {
    while (at_ < text_.size() && blank(text_[at_])) ++at_;
  }

  // Blanks, <?xml ... ?>, comments, <!DOCTYPE ...>.
  void skip_misc() {
    for (;;) {
      skip_blanks();
      if (starts("<?"))
        skip_to_behind("?>");
      else if (starts("<!--"))
        skip_to_behind("-->");
      else if (starts("<!"))
        fail("declarations are not read");
      else
        return;
    }
  }

  std::string_view name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !blank(text_[at_]) &&
           std::string_view("<>/=\"'&").find(text_[at_]) == std::string_view::npos &&
           static_cast<unsigned char>(text_[at_]) >= 32)
      ++at_;
    const std::string_view n = text_.substr(begin, at_ - begin);
    if (n.empty() || n.size() > longest_name) fail("a name is missing or too long");
    return n;
  }

  std::string value() {
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '"' && quote != '\'') fail("an attribute has no value in quotes");
    const std::size_t end = text_.find(quote, ++at_);
    if (end == std::string_view::npos || end - at_ > longest_value)
      fail("an attribute's value does not end or is too long");
    std::string out;
    while (at_ < end) {
      const char c = text_[at_++];
      if (c == '<') fail("an attribute's value holds <");
      if (c != '&') {
        out += c;
        continue;
      }
      const std::size_t semicolon = text_.find(';', at_);
      if (semicolon == std::string_view::npos || semicolon > end) fail("& without a name and ;");
      const std::string_view entity = text_.substr(at_, semicolon - at_);
      at_ = semicolon + 1;
      static constexpr std::pair<std::string_view, char> known[] = {
          {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
      const auto* found = std::find_if(std::begin(known), std::end(known),
                                       [&](const auto& k) { return k.first == entity; });
      if (found == std::end(known)) fail("&" + std::string(entity.substr(0, 20)) + "; is unknown");
      out += found->second;
    }
    ++at_;
    attribute_bytes_ += out.size();
    if (attribute_bytes_ > most_attribute_bytes) fail("it has too many attributes");
    return out;
  }

  // Reads <name key="value" ...>; false where the element ends with />.
  bool open_tag(XmlElement& element) {
    if (++elements_ > most_elements) fail("it has too many elements");
    if (!starts("<")) fail("an element should begin here");
    ++at_;
    element.name = name();
    for (;;) {
      skip_blanks();
      if (starts("/>")) return at_ += 2, false;
      if (starts(">")) return at_ += 1, true;
      if (element.attributes.size() >= most_attributes) fail("an element has too many attributes");
      const std::string_view key = name();
      if (element.attribute(key) != nullptr)
        fail("attribute " + std::string(key) + " stands twice");
      skip_blanks();
      if (!starts("=")) fail("attribute " + std::string(key) + " has no value");
      ++at_;
      skip_blanks();
      element.attributes.emplace_back(key, value());
    }
  }

  void content(XmlElement& element, std::size_t depth) {
    if (depth > deepest) fail("elements are nested too deeply");
    for (;;) {
      const std::size_t begin = at_;
      at_ = std::min(text_.find('<', at_), text_.size());
      const std::string_view text = trimmed(text_.substr(begin, at_ - begin));
      if (element.text.empty()) element.text = text;
      if (at_ >= text_.size())
        fail("the file is cut short: <" + std::string(element.name) + "> has no end");
      if (starts("<?") || starts("<!")) {
        skip_misc();
        continue;
      }
      if (starts("</")) {
        at_ += 2;
        if (name() != element.name)
          fail("<" + std::string(element.name) + "> ends with another name");
        skip_blanks();
        if (!starts(">")) fail("an end tag lacks its >");
        ++at_;
        return;
      }
      XmlElement child;
      const bool filled = open_tag(child);
      if (child.name == "AppendedData" && depth == 1 && filled) {
        element.children.push_back(std::move(child));
        has_appended_ = true;
        return;
      }
      if (filled) content(child, depth + 1);
      element.children.push_back(std::move(child));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0, elements_ = 0, attribute_bytes_ = 0;
  bool has_appended_ = false;
};

// One block of LZ4; false unless it gives exactly `size` bytes.
bool unpack_lz4(std::string_view in, char* out, std::size_t size) {
  std::size_t i = 0, o = 0;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(in[at]); };
  const auto length = [&](std::size_t& n) {
    for (unsigned more = 255; more == 255; n += more) {
      if (i >= in.size()) return false;
      more = byte(i++);
    }
    return true;
  };
  while (i < in.size()) {
    const unsigned token = byte(i++);
    std::size_t literals = token >> 4;
    if (literals == 15 && !length(literals)) return false;
    if (literals > in.size() - i || literals > size - o) return false;
    std::copy_n(in.data() + i, literals, out + o);
    i += literals, o += literals;
    if (i == in.size()) return o == size;
    if (in.size() - i < 2) return false;
    const std::size_t distance = byte(i) | static_cast<std::size_t>(byte(i + 1)) << 8;
    i += 2;
    std::size_t match = token & 15;
    if (match == 15 && !length(match)) return false;
    match += 4;
    if (distance == 0 || distance > o || match > size - o) return false;
    for (; match > 0; --match, ++o) out[o] = out[o - distance]; // may overlap
  }
  return false;
}

struct NumberType {
  const char* name;
  std::size_t bytes;
};
constexpr NumberType number_types[] = {{"Int8", 1},    {"UInt8", 1},  {"Int16", 2}, {"UInt16", 2},
                                       {"Int32", 4},   {"UInt32", 4}, {"Int64", 8}, {"UInt64", 8},
                                       {"Float32", 4}, {"Float64", 8}};

// What is beyond a float becomes infinite, which every reader refuses.
template <class T>
T narrowed(double value) {
  if (std::is_same_v<T, float> && std::abs(value) > std::numeric_limits<float>::max())
    return std::copysign(std::numeric_limits<T>::infinity(), static_cast<T>(value > 0 ? 1 : -1));
  return static_cast<T>(value);
}

template <class T, class From>
T value_at(const char* bytes, bool swap) {
  std::array<char, sizeof(From)> b{};
  std::copy_n(bytes, sizeof(From), b.begin());
  if (swap) std::reverse(b.begin(), b.end());
  From value;
  std::memcpy(&value, b.data(), sizeof value);
  if constexpr (std::is_same_v<From, double>)
    return narrowed<T>(value);
  else
    return static_cast<T>(value);
}

template <class T>
using Convert = T (*)(const char*, bool);
template <class T>
constexpr Convert<T> converters[] = {value_at<T, std::int8_t>,  value_at<T, std::uint8_t>,
                                     value_at<T, std::int16_t>, value_at<T, std::uint16_t>,
                                     value_at<T, std::int32_t>, value_at<T, std::uint32_t>,
                                     value_at<T, std::int64_t>, value_at<T, std::uint64_t>,
                                     value_at<T, float>,        value_at<T, double>};

std::string name_of(const XmlElement& array) {
  const std::string* name = array.attribute("Name");
  return name == nullptr ? "an array" : "array '" + printable(name->substr(0, 60)) + "'";
}

std::string text_of(const XmlElement& element, std::string_view key, const char* absent) {
  const std::string* value = element.attribute(key);
  return value == nullptr ? absent : *value;
}

template <class T>
std::vector<T> ascii_numbers(const XmlElement& array, std::size_t count) {
  const std::string name = name_of(array);
  if (count > array.text.size()) // a digit and a blank each
    throw VtkError(name + " holds fewer than the " + std::to_string(count) + " values expected");
  check_room(count * sizeof(T), name);
  std::vector<T> values;
  values.reserve(count);
  for (std::string_view text = trimmed(array.text); !text.empty();) {
    std::size_t length = 0;
    while (length < text.size() && !blank(text[length])) ++length;
    const std::string word(text.substr(0, std::min<std::size_t>(length, 400)));
    char* end = nullptr;
    const double value = std::strtod(word.c_str(), &end);
    if (end != word.c_str() + word.size() || word.size() != length)
      throw VtkError(name + ": " + in_quotes(word, 40) + " is not a number");
    if (values.size() == count)
      throw VtkError(name + " holds more than the " + std::to_string(count) + " values expected");
    values.push_back(narrowed<T>(value));
    text.remove_prefix(length);
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  }
  if (values.size() != count)
    throw VtkError(name + " holds " + std::to_string(values.size()) + " values where " +
                   std::to_string(count) + " are expected");
  return values;
}

} // namespace

const std::string* XmlElement::attribute(std::string_view key) const {
  for (const auto& [name_, value] : attributes)
    if (name_ == key) return &value;
  return nullptr;
}

const XmlElement* XmlElement::child(std::string_view key) const {
  for (const XmlElement& c : children)
    if (c.name == key) return &c;
  return nullptr;
}

std::uint64_t XmlElement::whole(std::string_view key, std::uint64_t largest,
                                std::uint64_t absent) const {
  const std::string* text_value = attribute(key);
  if (text_value == nullptr) return absent;
  const auto value = whole_number(*text_value);
  if (!value || *value > largest)
    throw VtkError(std::string(key) + " of <" + std::string(name) + "> is " +
                   in_quotes(*text_value, 40) + "; it must be a whole number up to " +
                   std::to_string(largest));
  return *value;
}

// The bytes behind an array's text or offset, plain or in base64. Base64 may be padded in between:
// VTK pads behind the header, other programs do not.
class VtkXml::Stream {
public:
  Stream(std::string_view text, bool base64) : text_(text), base64_(base64) {}

  std::size_t left() const { return base64_ ? held_ + text_.size() / 4 * 3 + 3 : text_.size(); }

  bool read(char* to, std::size_t bytes) {
    if (!base64_) {
      if (bytes > text_.size()) return false;
      std::copy_n(text_.data(), bytes, to);
      text_.remove_prefix(bytes);
      return true;
    }
    for (; bytes > 0; --bytes) {
      if (held_ == 0 && !next_four()) return false;
      *to++ = three_[given_++];
      --held_;
    }
    return true;
  }

  std::uint64_t word(std::size_t bytes, bool swap, const std::string& name) {
    char b[8];
    if (!read(b, bytes)) throw VtkError(name + " is cut short or not base64");
    return bytes == 4 ? value_at<std::uint64_t, std::uint32_t>(b, swap)
                      : value_at<std::uint64_t, std::uint64_t>(b, swap);
  }

private:
  static int digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
  }

  bool next_four() {
    std::uint32_t bits = 0;
    std::size_t digits = 0, padding = 0;
    while (digits + padding < 4) {
      while (!text_.empty() && blank(text_.front())) text_.remove_prefix(1);
      if (text_.empty()) return false;
      const char c = text_.front();
      text_.remove_prefix(1);
      const int value = digit(c);
      if (c == '=' && digits >= 2)
        ++padding;
      else if (value >= 0 && padding == 0)
        ++digits;
      else
        return false;
      bits = bits << 6 | static_cast<std::uint32_t>(std::max(value, 0));
    }
    for (std::size_t i = 0; i < 3; ++i) three_[i] = static_cast<char>(bits >> (16 - 8 * i) & 255);
    given_ = 0;
    held_ = digits - 1;
    return true;
  }

  std::string_view text_;
  bool base64_;
  std::array<char, 3> three_{};
  std::size_t given_ = 0, held_ = 0;
};

VtkXml::VtkXml(const std::filesystem::path& file, const char* type, const char* what) {
  const Descriptor d(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!d.open() || ::fstat(d.get(), &status) != 0)
    throw VtkError(errno == ENOENT ? std::string("there is no such file")
                                   : std::string("cannot be opened: ") + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw VtkError("this is not a file");
  mapped_bytes_ = static_cast<std::size_t>(status.st_size);
  if (mapped_bytes_ == 0) throw VtkError("the file is empty");
  mapped_ = ::mmap(nullptr, mapped_bytes_, PROT_READ, MAP_PRIVATE, d.get(), 0);
  if (mapped_ == MAP_FAILED) {
    mapped_ = nullptr;
    throw VtkError(std::string("cannot be read: ") + std::strerror(errno));
  }
  try {
    read({static_cast<const char*>(mapped_), mapped_bytes_}, type, what);
  } catch (...) {
    ::munmap(mapped_, mapped_bytes_);
    throw;
  }
}

VtkXml::VtkXml(std::string_view bytes, const char* type, const char* what) {
  read(bytes, type, what);
}

VtkXml::~VtkXml() {
  if (mapped_ != nullptr) ::munmap(mapped_, mapped_bytes_);
}

void VtkXml::read(std::string_view bytes, const char* type, const char* what) {
  const std::string other = std::string("this is not a VTK XML ") + what;
  if (bytes.substr(0, 4096).find("<VTKFile") == std::string_view::npos) throw VtkError(other);
  std::string_view end = bytes;
  while (!end.empty() && blank(end.back())) end.remove_suffix(1);
  constexpr std::string_view last = "</VTKFile>";
  if (end.size() < last.size() || end.substr(end.size() - last.size()) != last)
    throw VtkError("the file is cut short; its last word must be </VTKFile>");
  XmlParser parser(end);
  XmlElement root = parser.parse();
  if (root.name != "VTKFile" || text_of(root, "type", "") != type) throw VtkError(other);
  const std::string order = text_of(root, "byte_order", "LittleEndian");
  if (order != "LittleEndian" && order != "BigEndian")
    throw VtkError("byte_order must be LittleEndian or BigEndian, not " + in_quotes(order, 40));
  const std::uint16_t one = 1;
  char first = 0;
  std::memcpy(&first, &one, 1);
  swap_ = (order == "BigEndian") == (first == 1);
  const std::string header = text_of(root, "header_type", "UInt32");
  if (header != "UInt32" && header != "UInt64")
    throw VtkError("header_type must be UInt32 or UInt64, not " + in_quotes(header, 40));
  header_bytes_ = header == "UInt32" ? 4 : 8;
  const std::string packing = text_of(root, "compressor", "");
  if (packing == "vtkZLibDataCompressor")
    packing_ = Packing::zlib;
  else if (packing == "vtkLZ4DataCompressor")
    packing_ = Packing::lz4;
  else if (!packing.empty())
    throw VtkError("it is packed by " + in_quotes(packing, 40) +
                   ", which cannot be read; save it with ZLib, LZ4 or no compression");
  if (parser.has_appended()) {
    const std::string encoding = text_of(*root.child("AppendedData"), "encoding", "base64");
    if (encoding != "raw" && encoding != "base64")
      throw VtkError("appended data must be raw or base64, not " + in_quotes(encoding, 40));
    appended_base64_ = encoding == "base64";
    std::string_view rest = end.substr(parser.at());
    while (!rest.empty() && blank(rest.front())) rest.remove_prefix(1);
    if (rest.empty() || rest.front() != '_') throw VtkError("appended data must begin with _");
    rest.remove_prefix(1);
    const std::size_t close = rest.rfind("</AppendedData");
    if (close == std::string_view::npos) throw VtkError("</AppendedData> is missing");
    appended_ = rest.substr(0, close);
  }
  for (XmlElement& c : root.children)
    if (c.name == type) {
      data_ = std::move(c);
      return;
    }
  throw VtkError(std::string("it lacks <") + type + ">");
}

VtkXml::Stream VtkXml::stream_of(const XmlElement& array) const {
  const std::string format = text_of(array, "format", "ascii");
  if (format == "binary") return {array.text, true};
  if (format != "appended")
    throw VtkError(name_of(array) + " has format " + in_quotes(format, 40) +
                   "; it must be ascii, binary or appended");
  const std::uint64_t offset = array.whole("offset", appended_.size(), appended_.size());
  return {appended_.substr(offset), appended_base64_};
}

std::string VtkXml::compressed(Stream& stream, const std::string& name, std::size_t bytes,
                               bool at_most) const {
  const auto word = [&] { return stream.word(header_bytes_, swap_, name); };
  const std::uint64_t blocks = word(), block = word(), partial = word();
  const auto wrong = [&]() -> VtkError {
    return VtkError(name + " has blocks that do not add up to its size");
  };
  if (blocks == 0) {
    if (!at_most && bytes != 0) throw wrong();
    return {};
  }
  if (blocks > stream.left() / header_bytes_ || (blocks > 1 && block > bytes) || partial > bytes ||
      (partial == 0 && block > bytes))
    throw wrong();
  const std::uint64_t last = partial != 0 ? partial : block;
  if (blocks > 1 && (bytes - last) / (blocks - 1) < block) throw wrong();
  const std::uint64_t total = (blocks - 1) * block + last;
  if (total > bytes || (!at_most && total != bytes) || block == 0) throw wrong();
  std::vector<std::uint64_t> sizes;
  std::uint64_t packed_total = 0;
  for (std::uint64_t b = 0; b < blocks; ++b) {
    sizes.push_back(word());
    if (sizes.back() > stream.left() - std::min<std::size_t>(stream.left(), packed_total))
      throw VtkError(name + " is cut short");
    packed_total += sizes.back();
  }
  if (total / best_packing > packed_total) throw wrong();
  check_room(total, name);
  std::string out(total, '\0'), packed;
  std::size_t at = 0;
  for (std::uint64_t b = 0; b < blocks; ++b) {
    const std::size_t size = b + 1 < blocks ? block : last;
    packed.resize(sizes[b]);
    if (!stream.read(packed.data(), packed.size()))
      throw VtkError(name + " is cut short or not base64");
    bool good = false;
    if (packing_ == Packing::lz4) {
      good = unpack_lz4(packed, out.data() + at, size);
    } else {
      auto n = static_cast<uLongf>(size);
      good = ::uncompress(reinterpret_cast<Bytef*>(out.data() + at), &n,
                          reinterpret_cast<const Bytef*>(packed.data()),
                          static_cast<uLong>(packed.size())) == Z_OK &&
             n == size;
    }
    if (!good)
      throw VtkError(name + " is damaged: block " + std::to_string(b) + " cannot be unpacked");
    at += size;
  }
  return out;
}

// The bytes of a binary or appended array: exactly `bytes`, or at most.
std::string VtkXml::raw(const XmlElement& array, std::size_t bytes, bool at_most) const {
  const std::string name = name_of(array);
  Stream stream = stream_of(array);
  if (packing_ != Packing::none) return compressed(stream, name, bytes, at_most);
  const std::uint64_t stored = stream.word(header_bytes_, swap_, name);
  if (at_most ? stored > bytes : stored != bytes)
    throw VtkError(name + " holds " + std::to_string(stored) + " bytes where " +
                   (at_most ? "at most " : "") + std::to_string(bytes) + " are expected");
  if (stored > stream.left()) throw VtkError(name + " is cut short");
  check_room(stored, name);
  std::string out(stored, '\0');
  if (!stream.read(out.data(), out.size())) throw VtkError(name + " is cut short or not base64");
  return out;
}

template <class T>
std::vector<T> VtkXml::numbers(const XmlElement& array, std::size_t count) const {
  const std::string name = name_of(array);
  const std::string type = text_of(array, "type", "Float32");
  const auto* known = std::find_if(std::begin(number_types), std::end(number_types),
                                   [&](const NumberType& t) { return type == t.name; });
  if (known == std::end(number_types))
    throw VtkError(name + " is of type " + in_quotes(type, 40) + ", which holds no numbers");
  if (text_of(array, "format", "ascii") == "ascii") return ascii_numbers<T>(array, count);
  if (count > std::numeric_limits<std::size_t>::max() / 8) throw VtkError(name + " is too large");
  const std::string bytes = raw(array, count * known->bytes, false);
  const Convert<T> convert = converters<T>[known - std::begin(number_types)];
  check_room(count * sizeof(T), name);
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = convert(bytes.data() + i * known->bytes, swap_);
  return values;
}

template std::vector<float> VtkXml::numbers<float>(const XmlElement&, std::size_t) const;
template std::vector<double> VtkXml::numbers<double>(const XmlElement&, std::size_t) const;

std::vector<std::string> VtkXml::strings(const XmlElement& array, std::size_t count) const {
  const std::string name = name_of(array);
  std::string bytes;
  if (text_of(array, "format", "ascii") == "ascii") {
    // A number per character, 0 behind each string.
    std::size_t characters = 0;
    for (std::size_t i = 0; i < array.text.size(); ++i)
      characters += !blank(array.text[i]) && (i == 0 || blank(array.text[i - 1]));
    for (const double c : ascii_numbers<double>(array, characters)) {
      if (!(c >= -128 && c <= 255)) throw VtkError(name + " holds what is no character");
      bytes += static_cast<char>(static_cast<int>(c));
    }
  } else {
    bytes = raw(array, std::size_t{1} << 30, true);
  }
  std::vector<std::string> all;
  for (std::size_t at = 0; all.size() < count;) {
    const std::size_t end = bytes.find('\0', at);
    if (end == std::string::npos)
      throw VtkError(name + " holds fewer than the " + std::to_string(count) + " strings expected");
    all.push_back(bytes.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

} // namespace metavox
