// The table of settings: key, type, unit, default, range, meaning and source of every member of
// Parameters.
//
// Reading a configuration, the resolved file, `explain` and the JSON Schema are all made from this
// one table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "settings/parameters.hpp"

namespace metavox {

// Where a value was written: "tumour.yaml:12", or "--set oxygen.decay=0".
struct Place {
  std::shared_ptr<const std::string> source;
  int line = 0; // 0: the source has no lines
  std::string text() const;
};

// One value of a configuration file, free of the YAML library.
struct Entry {
  enum class Form : std::uint8_t { empty, scalar, list, map };
  struct Member;
  Form form = Form::empty;
  std::string text;            // scalar
  std::vector<Entry> items;    // list
  std::vector<Member> members; // map, in the order of the file, duplicates included
  Place place;

  const Entry* find(std::string_view key) const;
};
struct Entry::Member {
  std::string key;
  Place place;
  Entry value;
};

class Complaints;
// The tree of a YAML text, in config.cpp. Throws ConfigError where it is none or has no bounds;
// complains of keys that occur twice.
Entry read_yaml(std::string_view text, const std::string& name_for_messages,
                Complaints& complaints);

// Everything that is wrong with a configuration, so that a user can mend it in one go.
class Complaints {
public:
  void add(const Place& place, const std::string& message);
  bool any() const { return count_ > 0; }
  std::size_t count() const { return count_; }
  bool full() const { return count_ >= 20; } // more are counted, not shown
  std::string text() const;                  // one per line, the first 20

private:
  std::vector<std::string> lines_;
  std::size_t count_ = 0;
};

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
  names    // a list of words
};

struct WordSlot { // an enumeration of parameters.hpp; words in the order of its enumerators
  std::uint8_t* value;
  const std::vector<std::string_view>* words;
};

using Slot = std::variant<std::monostate, double*, int*, std::uint64_t*, bool*, std::string*,
                          std::array<double, 3>*, std::array<int, 3>*, Faces*, Frozen*,
                          std::vector<std::string>*, WordSlot>;

struct Setting {
  std::string key; // "oxygen.diffusivity", "tissue.cells[].radius"
  Type type = Type::quantity;
  std::string unit;                    // of the member; "" for pure numbers
  std::vector<std::string_view> words; // allowed ones, of a word or a text
  std::string fallback;                // default as YAML text; "": see `derived`, or required
  std::string derived; // what the default is taken from, in words, where it depends on others
  std::string example; // for messages, where the default makes a poor one
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool above_low = false; // low itself is not allowed
  std::string shapes;     // of a list entry: the shapes that have it; "": all
  std::string meaning;
  std::string source;
  std::function<Slot(Parameters&, std::size_t)> slot; // the index is that of the list entry

  std::string section() const;   // "oxygen"; "tissue.cells[]" for members of a list's entries
  std::string_view leaf() const; // "diffusivity"
  bool in_list() const;
};

const std::vector<Setting>& settings();
const Setting* find_setting(std::string_view key);

// The lists of maps: "tissue.cells[]" and the like.
struct SettingList {
  std::string key; // "tissue.cells"
  std::string meaning;
  std::function<std::size_t(const Parameters&)> size;
  std::function<void(Parameters&, std::size_t)> resize;
};
const std::vector<SettingList>& setting_lists();
const SettingList* find_list(std::string_view key);

// Default text under a preset, and the preset's reason where it differs from the table's.
struct PresetChange {
  Preset preset;
  std::string key, fallback, reason;
};
const std::vector<PresetChange>& preset_changes();
const std::string& fallback_of(const Setting& setting, Preset preset);

// Puts `entry` into the slot. `key` is how the user addresses it ("tissue.cells[2].radius"). Wrong
// values are complained about and leave the slot as it was; returns whether it was set. Relative
// paths start at `folder`.
bool read_setting(const Setting& setting, const std::string& key, const Entry& entry,
                  const Slot& slot, const std::filesystem::path& folder, Complaints& complaints);

// The value as YAML text that reads back to the same bits.
std::string write_setting(const Setting& setting, const Slot& slot);

// "between 0 and 5 mmHg"; empty where any value goes.
std::string range_text(const Setting& setting);

// "diffusivity: 1.2e5 um^2/min", for "type for example".
std::string example_text(const Setting& setting);

// The closest of `candidates` to a misspelt word; empty: none is close.
std::string closest(std::string_view wrong, const std::vector<std::string>& candidates);

// What to say about a key that does not exist: " is not a setting; did you mean ...?"
std::string unknown_key(const std::string& key);

} // namespace metavox
