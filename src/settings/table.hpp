// The settings of a program: rows in sections, and lists whose entries have sections and lists of
// their own. section.hpp builds one; reading, explain, the schema and the rest walk it.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "settings/setting.hpp"

namespace metavox {

struct Part;

// A list of maps: tissue.cells and the like.
struct SettingList {
  std::string key;  // "tissue.cells"
  std::string name; // "cells"
  std::string meaning;
  std::string example; // an entry: "{shape: sphere, radius: 100 um}"
  std::function<std::size_t(Object, const Path&)> size;
  std::function<void(Object, const Path&, std::size_t)> resize;
  std::unique_ptr<Part> entry; // its key ends in []
};

// A section, an entry of a list, or the whole.
struct Part {
  std::string key;  // "oxygen", "tissue.cells[]"; empty for the whole
  std::string name; // "oxygen"
  std::vector<Setting*> settings;
  std::vector<std::unique_ptr<SettingList>> lists;
  std::vector<std::unique_ptr<Part>> sections;
  // Settings of former versions, and what to type instead.
  std::vector<std::pair<std::string, std::string>> gone;
  // Judge values that belong together, once all could be read.
  std::vector<std::function<void(Object, const Path&, Judge&)>> rules;

  const Setting* setting(std::string_view leaf) const;
  const SettingList* list(std::string_view name) const;
  const Part* section(std::string_view name) const;
};

class Table {
public:
  Table() : whole_(std::make_unique<Part>()) {}

  // All rows, in the order in which they were declared.
  const std::deque<Setting>& settings() const { return settings_; }
  const std::vector<const SettingList*>& lists() const { return lists_; }
  const Part& whole() const { return *whole_; }
  Part& whole() { return *whole_; }

  // Null where there is none. Keys as rows have them: "tissue.cells[].radius".
  const Setting* find(std::string_view key) const;
  const SettingList* find_list(std::string_view key) const;
  const Setting* chooses_preset() const; // the row that does; null: none

  // The default as a tree; a place without lines.
  const Entry& fallback(const Setting& setting, Preset preset) const;

  // For section.hpp. Throws std::logic_error where the key is taken.
  Setting& add(Part& part, std::string_view leaf, Type type);
  SettingList& add_list(Part& part, std::string_view name);
  Part& add_section(Part& part, std::string_view name);
  Setting& at(std::string_view key); // throws std::logic_error where there is none
  void finish();                     // parses the defaults

private:
  std::deque<Setting> settings_; // a deque keeps addresses
  std::vector<const SettingList*> lists_;
  std::unique_ptr<Part> whole_;
  std::unordered_map<std::string_view, Setting*> by_key_;
  std::unordered_map<const Setting*, std::array<Entry, preset_names.size()>> fallbacks_;
};

// "sites[2].tissue.cells[5].radius" as "sites[].tissue.cells[].radius", and {2, 5}.
std::string general_key(std::string_view exact, Path* path = nullptr);

// "sites[].tissue.cells[].radius" and {2, 5} the other way round; indices beyond the path stay out.
std::string exact_key(std::string_view general, const Path& path);

} // namespace metavox
