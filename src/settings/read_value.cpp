#include "settings/read_value.hpp"

#include <algorithm>
#include <cctype>
#include <limits>
#include <system_error>
#include <type_traits>

#include "settings/expression.hpp"
#include "settings/spelling.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"
#include "settings/write_value.hpp"

namespace metavox {
namespace {

// Reads values of one setting and complains in its name.
class Reader {
public:
  Reader(const Setting& setting, std::string key, const std::filesystem::path& folder,
         Complaints& complaints, FilesNamed files)
      : setting_(setting), key_(std::move(key)), folder_(folder), complaints_(complaints),
        files_(files) {}

  bool wrong(const Entry& entry, const std::string& message, bool with_example = true) {
    complaints_.add(entry.place,
                    key_ + " " + message + (with_example ? advice(entry) : std::string()));
    return false;
  }

  // What to type instead. Whoever typed 0 or `off` where 0 will do wants none of it.
  std::string advice(const Entry& entry) const {
    const bool zero_will_do = setting_.low <= 0 && !setting_.above_low && !setting_.unit.empty();
    for (const char* text : {"0", "0.0", "off", "no", "none", "never", "false"})
      if (zero_will_do && entry.text == text) {
        std::string unit = setting_.unit;
        try {
          unit = parse_quantity(setting_.example.empty() ? setting_.fallback : setting_.example)
                     .unit.text;
        } catch (const UnitError&) { // a list, or a formula
        }
        return "; type for none: 0 " + unit;
      }
    return "; type for example: " + setting_.example_text();
  }

  bool scalar(const Entry& entry, const char* expected) {
    switch (entry.form) {
    case Entry::Form::scalar: return true;
    case Entry::Form::empty: return wrong(entry, "has no value");
    case Entry::Form::list: return wrong(entry, std::string("takes ") + expected + ", not a list");
    default: return wrong(entry, std::string("takes ") + expected + ", not a section");
    }
  }

  bool number(const Entry& entry, double& value) {
    if (!scalar(entry, setting_.unit.empty() ? "a number" : "a number with a unit")) return false;
    const Unit unit = setting_.unit.empty() ? Unit{} : parse_unit(setting_.unit);
    double v = 0;
    try {
      const Quantity quantity = parse_quantity(entry.text);
      if (!quantity.has_unit && !unit.dimension.none()) return wrong(entry, "needs a unit");
      if (unit.dimension.none() && !quantity.unit.dimension.none())
        return wrong(entry,
                     "is a pure number and takes no unit like " + in_quotes(quantity.unit.text));
      v = convert(quantity, unit) + 0.0; // turns -0 into 0
    } catch (const UnitError& e) {
      return wrong(entry, std::string("cannot be read: ") + e.what());
    }
    const bool low_enough = v <= setting_.high;
    const bool high_enough = setting_.above_low ? v > setting_.low : v >= setting_.low;
    if (!low_enough || !high_enough)
      return wrong(entry, "is " + in_quotes(entry.text) + "; it must be " + setting_.range_text(),
                   false);
    value = v;
    note_unit(entry, v);
    return true;
  }

  // Whoever types 1e5 um^2/s where the default is 1.2e5 um^2/min may have meant minutes: the number
  // is near the default in another unit than the one that was typed.
  void note_unit(const Entry& entry, double v) {
    // Times and lengths are a choice of the run and vary that much.
    const bool compound = setting_.unit.find('/') != std::string::npos;
    if (setting_.type != Type::quantity || !compound || setting_.fallback.empty()) return;
    try {
      const Quantity typed = parse_quantity(entry.text), usual = parse_quantity(setting_.fallback);
      const double normal = convert(usual, setting_.unit);
      const double meant = convert(Quantity{typed.number, usual.unit, true}, setting_.unit);
      const auto within = [normal](double x, double factor) {
        return x < normal * factor && x > normal / factor;
      };
      if (!(normal > 0) || within(v, 20) || !within(meant, 10)) return;
      complaints_.note(entry.place, key_ + " is " + format_number(v) + " " + setting_.unit + ", " +
                                        text_of("%.4g", v > normal ? v / normal : normal / v) +
                                        (v > normal ? " times" : " times less than") +
                                        " the default of " + setting_.fallback + "; " +
                                        typed.number + " " + usual.unit.text +
                                        " would be near it: is " + in_quotes(typed.unit.text) +
                                        " the unit you mean?");
    } catch (const UnitError&) { // a default that is no quantity
    }
  }

  template <class Integer>
  bool whole(const Entry& entry, Integer& value) {
    if (!scalar(entry, "a whole number")) return false;
    const Whole whole = parse_whole(entry.text);
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Integer>::max());
    if (whole.form == Whole::Form::other)
      return wrong(entry, "takes a whole number, not " + in_quotes(entry.text));
    if (whole.form == Whole::Form::too_large || whole.size > most ||
        (std::is_unsigned_v<Integer> && whole.negative))
      return wrong(entry, "is " + in_quotes(entry.text) + "; it must be " + whole_range(Integer{}));
    Integer v = static_cast<Integer>(whole.size);
    if constexpr (std::is_signed_v<Integer>)
      if (whole.negative) v = -v;
    if (setting_.type != Type::seed) {
      const auto real = static_cast<double>(v);
      if (real < setting_.low || real > setting_.high)
        return wrong(entry, "is " + in_quotes(entry.text) + "; it must be " + whole_range(v),
                     false);
      if (!setting_.words.empty() && setting_.type == Type::integer &&
          std::find(setting_.words.begin(), setting_.words.end(), std::to_string(v)) ==
              setting_.words.end())
        return wrong(
            entry, "is " + in_quotes(entry.text) + "; it must be " + listed(setting_.words), false);
    }
    value = v;
    return true;
  }

  bool boolean(const Entry& entry, bool& value) {
    if (!scalar(entry, "true or false")) return false;
    if (entry.text != "true" && entry.text != "false")
      return wrong(entry, "takes true or false, not " + in_quotes(entry.text), false);
    value = entry.text == "true";
    return true;
  }

  // Position in the allowed words; -1 after a complaint.
  int word(const Entry& entry) {
    if (!scalar(entry, "a word")) return -1;
    for (std::size_t i = 0; i < setting_.words.size(); ++i)
      if (setting_.words[i] == entry.text) return static_cast<int>(i);
    const std::string near =
        closest(entry.text, std::vector<std::string>(setting_.words.begin(), setting_.words.end()));
    wrong(entry,
          "takes " + listed(setting_.words) + ", not " + in_quotes(entry.text) +
              (near.empty() ? "" : "; did you mean " + near + "?"),
          false);
    return -1;
  }

  bool one_line(const Entry& entry) {
    return (entry.text.find('\n') == std::string::npos && printable(entry.text) == entry.text) ||
           wrong(entry, "holds a line break or another control character", false);
  }

  bool text(const Entry& entry, std::string& value) {
    if (!scalar(entry, "text")) return false;
    if (entry.text.empty() || entry.text.size() > 200)
      return wrong(entry, "must have between 1 and 200 characters", false);
    if (!one_line(entry)) return false;
    value = entry.text;
    return true;
  }

  bool file(const Entry& entry, std::string& value) {
    if (!scalar(entry, "the path of a file")) return false;
    if (entry.text.empty()) return wrong(entry, "has no value");
    if (!one_line(entry)) return false;
    const std::filesystem::path base = folder_.empty() ? std::filesystem::path(".") : folder_;
    std::error_code failed;
    const std::filesystem::path full =
        std::filesystem::absolute(base / std::filesystem::path(entry.text), failed)
            .lexically_normal();
    const bool missing = failed || !std::filesystem::is_regular_file(full, failed) || failed;
    if (missing && files_ == FilesNamed::must_exist)
      return wrong(entry,
                   "names a file that does not exist: " + full.string() +
                       "; type a full path or one relative to the configuration's folder",
                   false);
    value = full.string();
    return true;
  }

  bool point(const Entry& entry, std::array<double, 3>& value) {
    if (entry.form == Entry::Form::empty) return wrong(entry, "has no value");
    if (entry.form != Entry::Form::list || entry.items.size() != 3)
      return wrong(entry, "takes a list of three quantities");
    std::array<double, 3> v{};
    bool good = true;
    for (std::size_t i = 0; i < 3; ++i) good = number(entry.items[i], v[i]) && good;
    if (good) value = v;
    return good;
  }

  bool extents(const Entry& entry, std::array<int, 3>& value) {
    if (entry.form == Entry::Form::empty) return wrong(entry, "has no value");
    if (entry.form != Entry::Form::list || entry.items.size() != 3)
      return wrong(entry, "takes a list of three whole numbers");
    std::array<int, 3> v{};
    bool good = true;
    for (std::size_t i = 0; i < 3; ++i) good = whole(entry.items[i], v[i]) && good;
    if (good) value = v;
    return good;
  }

  bool face(const Entry& entry, Face& value) {
    if (entry.form == Entry::Form::scalar && entry.text == "no_flux") {
      value = {FaceKind::no_flux, 0.0};
      return true;
    }
    if (entry.form == Entry::Form::scalar && number_length(entry.text) == 0 &&
        !entry.text.empty() && std::isalpha(static_cast<unsigned char>(entry.text[0])) != 0)
      return wrong(entry, "takes no_flux or a value, not " + in_quotes(entry.text));
    Face v{FaceKind::fixed, 0.0};
    if (!number(entry, v.value)) return false;
    value = v;
    return true;
  }

  bool faces(const Entry& entry, Faces& value) {
    if (entry.form != Entry::Form::map) {
      Face all{};
      if (entry.form == Entry::Form::list)
        return wrong(entry, "takes no_flux, one value, or a map of x_low to z_high, not a list");
      if (!face(entry, all)) return false;
      value.fill(all);
      return true;
    }
    Faces v = value;
    bool good = true;
    for (const Entry::Member& m : entry.members) {
      const auto* name = std::find(std::begin(face_names), std::end(face_names), m.key);
      if (name == std::end(face_names)) {
        const std::string near =
            closest(m.key, std::vector<std::string>(std::begin(face_names), std::end(face_names)));
        complaints_.add(m.place,
                        key_ + " has no face " + in_quotes(m.key) +
                            (near.empty() ? "; its faces are x_low, x_high, y_low, y_high, "
                                            "z_low and z_high"
                                          : "; did you mean " + near + "?"));
        good = false;
        continue;
      }
      Reader one(setting_, key_ + "." + m.key, folder_, complaints_, files_);
      good = one.face(m.value, v[static_cast<std::size_t>(name - std::begin(face_names))]) && good;
    }
    if (good) value = v;
    return good;
  }

  bool frozen(const Entry& entry, Frozen& value) {
    if (entry.form == Entry::Form::scalar) return formula(entry, value);
    if (entry.form == Entry::Form::empty) return wrong(entry, "has no value");
    if (entry.form == Entry::Form::list)
      return wrong(entry, "takes none, a formula, or a map of file and array, not a list");
    Frozen v;
    bool good = true;
    for (const Entry::Member& m : entry.members) {
      Reader one(setting_, key_ + "." + m.key, folder_, complaints_, files_);
      if (m.key == "file") {
        good = one.file(m.value, v.file) && good;
        if (!v.file.empty() && std::filesystem::path(v.file).extension() != ".vti")
          good = one.wrong(m.value, "must be a .vti file", false);
      } else if (m.key == "array") {
        good = one.text(m.value, v.array) && good;
      } else if (m.key == "geometry") {
        std::uint8_t number = 0;
        good = one.one_of(m.value, image_geometry_names, number) && good;
        v.geometry = static_cast<ImageGeometry>(number);
      } else if (m.key == "unit") {
        std::uint8_t number = 0;
        good = one.one_of(m.value, length_unit_names, number) && good;
        v.unit = static_cast<LengthUnit>(number);
      } else {
        complaints_.add(m.place, key_ + " has no part " + in_quotes(m.key) +
                                     "; its parts are file, array, geometry and unit");
        good = false;
      }
    }
    if (good && (v.file.empty() || v.array.empty()))
      return wrong(entry, "needs both parts: {file: fields.vti, array: " + array_hint() + "}",
                   false);
    if (good) value = v;
    return good;
  }

  bool names(const Entry& entry, std::vector<std::string>& value) {
    if (entry.form == Entry::Form::empty) {
      value.clear();
      return true;
    }
    if (entry.form != Entry::Form::list) return wrong(entry, "takes a list of words");
    std::vector<std::string> v;
    for (const Entry& item : entry.items) {
      bool good = item.form == Entry::Form::scalar && !item.text.empty() && item.text.size() <= 60;
      if (good)
        for (const char c : item.text)
          good = good && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_');
      if (!good) return wrong(item, "takes words of letters, digits and _");
      if (std::find(v.begin(), v.end(), item.text) != v.end())
        return wrong(item, "names " + in_quotes(item.text) + " twice", false);
      v.push_back(item.text);
    }
    value = std::move(v);
    return true;
  }

  bool labels(const Entry& entry, Labels& value) {
    if (entry.form == Entry::Form::empty) {
      value.clear();
      return true;
    }
    if (entry.form != Entry::Form::map)
      return wrong(entry, "takes a map of labels, whole numbers, to words");
    Labels v;
    bool good = true;
    for (const Entry::Member& m : entry.members) {
      const Whole whole = parse_whole(m.key);
      if (whole.form != Whole::Form::whole || whole.negative || whole.size > 1000000000) {
        complaints_.add(m.place, key_ + " has the label " + in_quotes(m.key) +
                                     "; it must be a whole number; type for example: " +
                                     setting_.example_text());
        good = false;
        continue;
      }
      Reader one(setting_, key_ + "." + m.key, folder_, complaints_, files_);
      good = one.word(m.value) >= 0 && good;
      v[static_cast<int>(whole.size)] = m.value.text;
    }
    if (good) value = std::move(v);
    return good;
  }

private:
  // The number of the word in `words`; false after a complaint.
  template <std::size_t n>
  bool one_of(const Entry& entry, const std::array<std::string_view, n>& words,
              std::uint8_t& value) {
    if (!scalar(entry, "a word")) return false;
    for (std::size_t i = 0; i < n; ++i)
      if (words[i] == entry.text) {
        value = static_cast<std::uint8_t>(i);
        return true;
      }
    return wrong(entry,
                 "takes " + listed({std::begin(words), std::end(words)}) + ", not " +
                     in_quotes(entry.text),
                 false);
  }

  std::string array_hint() const { return setting_.section(); }

  std::string whole_range(std::uint64_t) const { return "between 0 and 18446744073709551615"; }
  std::string whole_range(int) const { return setting_.range_text(); }

  bool formula(const Entry& entry, Frozen& value) {
    if (entry.text == "none") {
      value = Frozen{};
      return true;
    }
    std::string expression;
    std::string_view rest;
    const std::string_view all = entry.text;
    try {
      std::size_t used = 0;
      Expression::prefix(all, used);
      const std::size_t first = all.find_first_not_of(" \t\n");
      expression = all.substr(first, used - first);
      rest = all.substr(used);
      const std::size_t begin = rest.find_first_not_of(" \t\n");
      rest = begin == std::string_view::npos ? std::string_view{} : rest.substr(begin);
    } catch (const ExpressionError& e) {
      return wrong(entry, std::string("cannot be read: ") + e.what());
    }
    const Unit unit = setting_.unit.empty() ? Unit{} : parse_unit(setting_.unit);
    if (rest.empty() && !unit.dimension.none())
      return wrong(entry, "needs a unit after the formula");
    if (!rest.empty()) {
      double scale = 1;
      try {
        scale = convert(Quantity{"1", parse_unit(rest), true}, unit);
      } catch (const UnitError& e) {
        return wrong(entry,
                     std::string("has something else than a unit after its formula: ") + e.what());
      }
      // Folded into the formula, so that the resolved file can state it in the setting's own unit.
      if (scale != 1) expression = format_number(scale) + "*(" + expression + ")";
    }
    if (expression.size() > Expression::longest) return wrong(entry, "has too long a formula");
    Frozen v;
    v.expression = expression;
    value = v;
    return true;
  }

  const Setting& setting_;
  std::string key_;
  const std::filesystem::path& folder_;
  Complaints& complaints_;
  FilesNamed files_;
};

} // namespace

bool read_setting(const Setting& setting, const std::string& key, const Entry& entry,
                  const Slot& slot, const std::filesystem::path& folder, Complaints& complaints,
                  FilesNamed files) {
  Reader reader(setting, key, folder, complaints, files);
  struct Visitor {
    Reader& reader;
    const Setting& setting;
    const Entry& entry;
    bool operator()(std::monostate) const { return true; }
    bool operator()(double* v) const { return reader.number(entry, *v); }
    bool operator()(int* v) const { return reader.whole(entry, *v); }
    bool operator()(std::uint64_t* v) const { return reader.whole(entry, *v); }
    bool operator()(bool* v) const { return reader.boolean(entry, *v); }
    bool operator()(std::string* v) const {
      if (setting.fallback == "none" && entry.form == Entry::Form::scalar && entry.text == "none") {
        v->clear();
        return true;
      }
      if (setting.type == Type::path) return reader.file(entry, *v);
      if (setting.words.empty()) return reader.text(entry, *v);
      if (reader.word(entry) < 0) return false;
      *v = entry.text;
      return true;
    }
    bool operator()(std::array<double, 3>* v) const { return reader.point(entry, *v); }
    bool operator()(std::array<int, 3>* v) const { return reader.extents(entry, *v); }
    bool operator()(Faces* v) const { return reader.faces(entry, *v); }
    bool operator()(Frozen* v) const { return reader.frozen(entry, *v); }
    bool operator()(std::vector<std::string>* v) const { return reader.names(entry, *v); }
    bool operator()(Labels* v) const { return reader.labels(entry, *v); }
    bool operator()(const WordSlot& v) const {
      if (reader.word(entry) < 0) return false;
      const auto& words = setting.enumerators;
      const auto at = std::find(words.begin(), words.end(), entry.text);
      *v.value = static_cast<std::uint8_t>(at - words.begin());
      return true;
    }
  };
  return std::visit(Visitor{reader, setting, entry}, slot);
}

} // namespace metavox
