// One setting: a row that says how its value is spelt, bounded, explained and reached.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <typeinfo>
#include <variant>
#include <vector>

#include "settings/entry.hpp"
#include "settings/preset.hpp"
#include "settings/types.hpp"

namespace metavox {

class Judge;

// The struct that a table of settings fills, of a type that only its sections know.
class Object {
public:
  template <class T>
  static Object of(T& whole) {
    return Object(&whole, typeid(T));
  }
  template <class T>
  T& as() const {
    if (*type_ != typeid(T)) throw std::logic_error("a table of settings got another struct");
    return *static_cast<T*>(address_);
  }

private:
  Object(void* address, const std::type_info& type) : address_(address), type_(&type) {}
  void* address_;
  const std::type_info* type_;
};

// Entries on the way to a value, one index per list, the outermost first: {2, 5} for
// sites[2].tissue.cells[5].radius.
using Path = std::vector<std::size_t>;

enum class Type : std::uint8_t {
  quantity, // a number, with a unit where the setting has a dimension
  integer,
  seed, // 64 bits
  boolean,
  word, // one of a few
  text,
  path,
  point,   // three quantities
  extents, // three integers
  faces,   // no_flux, a quantity, or a map of the six faces
  frozen,  // none, a formula with a unit, or {file, array}
  names,   // a list of words
  labels   // a map of whole numbers to words
};

struct WordSlot { // an enumeration; Setting::enumerators has its words
  std::uint8_t* value;
};

// Where a value is kept. Empty for a setting that is another way to give one.
using Slot = std::variant<std::monostate, double*, int*, std::uint64_t*, bool*, std::string*,
                          std::array<double, 3>*, std::array<int, 3>*, Faces*, Frozen*,
                          std::vector<std::string>*, Labels*, WordSlot>;

struct Setting {
  std::string key; // "oxygen.diffusivity", "tissue.cells[].radius"
  Type type = Type::quantity;
  std::string unit;                          // of the member; "" for pure numbers
  std::vector<std::string_view> words;       // allowed ones, of a word, a text or an integer
  std::vector<std::string_view> enumerators; // words of an enumeration, in its order
  std::string fallback;                      // default as YAML text; "": see `derived`, or required
  std::string derived; // what the default is taken from, in words, where it depends on others
  std::string example; // for messages, where the default makes a poor one
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool above_low = false; // low itself is not allowed
  struct {
    std::string key, word;
  } only_for; // only where this neighbour has that value: shape, sphere; empty: always
  std::string meaning;
  std::string source;
  struct UnderPreset {
    Preset preset;
    std::string fallback, reason;
  };
  std::vector<UnderPreset> presets; // those that say so
  bool chooses_preset = false;
  bool acts_on_state = true; // a run may be continued with another value where it does not
  bool switches = false; // a boolean: where it is false, its section's other settings do nothing,
  std::vector<std::string_view> act_all_the_same; // but for these

  std::function<Slot(Object, const Path&)> slot;
  std::function<void(Object, const Path&)> derive; // sets the default that `derived` speaks of
  // Of a setting that is another way to give `instead_of`: takes the value over to there.
  std::string instead_of;
  std::function<void(const std::array<double, 3>&, Object, const Path&, Judge&)> convert;

  std::string section() const;   // "oxygen"; "tissue.cells[]" for members of a list's entries
  std::string_view leaf() const; // "diffusivity"
  bool in_list() const;
  const std::string& fallback_under(Preset preset) const;
  std::string range_text() const;   // "between 0 and 5 mmHg"; empty where any value goes
  std::string example_text() const; // "diffusivity: 1.2e5 um^2/min", for "type for example"
};

// "sphere, box or layer"
std::string listed(const std::vector<std::string_view>& words);

} // namespace metavox
