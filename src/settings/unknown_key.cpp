#include "settings/unknown_key.hpp"

#include <algorithm>
#include <vector>

#include "settings/spelling.hpp"

namespace metavox {
namespace {

void add_once(std::vector<std::string>& list, const std::string& word) {
  if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

// The part of this key; null: there is none.
const Part* part_of(const Part& part, const std::string& key) {
  if (part.key == key) return &part;
  for (const auto& inner : part.sections)
    if (const Part* found = part_of(*inner, key)) return found;
  for (const auto& list : part.lists)
    if (const Part* found = part_of(*list->entry, key)) return found;
  return nullptr;
}

std::vector<std::string> names_in(const Part& part) {
  std::vector<std::string> names;
  for (const Setting* s : part.settings) add_once(names, std::string(s->leaf()));
  for (const auto& list : part.lists) add_once(names, list->name);
  for (const auto& section : part.sections) add_once(names, section->name);
  return names;
}

// The first setting or list with this last word; empty: there is none.
std::string with_leaf(const Table& table, const std::string& leaf) {
  for (const Setting& s : table.settings())
    if (s.leaf() == leaf) return s.key;
  for (const SettingList* list : table.lists())
    if (list->name == leaf) return list->key;
  return {};
}

// What was meant, by falling likeness; empty: nothing is near.
std::string meant(const std::string& key, const std::string& leaf,
                  const std::vector<std::string>& siblings, const Table& table) {
  std::string near = closest(leaf, siblings);
  if (near.empty()) near = with_leaf(table, leaf);
  if (!near.empty()) return near;
  // A known leaf misspelt in the wrong section, or a misspelt section.
  std::vector<std::string> keys, leaves;
  for (const Setting& s : table.settings()) {
    keys.push_back(s.key);
    add_once(leaves, std::string(s.leaf()));
  }
  near = closest(key, keys);
  if (!near.empty()) return near;
  const std::string word = closest(leaf, leaves);
  return word.empty() ? std::string() : with_leaf(table, word);
}

} // namespace

std::string unknown_key(const std::string& key, const Table& table) {
  const std::size_t dot = key.rfind('.');
  const std::string section = dot == std::string::npos ? "" : key.substr(0, dot);
  const std::string leaf = key.substr(dot == std::string::npos ? 0 : dot + 1);
  const std::string shown = key.size() > 100 ? key.substr(0, 100) + "..." : key;
  const Part* part = part_of(table.whole(), section);
  if (part != nullptr)
    for (const auto& [former, advice] : part->gone)
      if (former == leaf) return shown + " is no longer a setting; " + advice;
  const std::vector<std::string> siblings =
      part != nullptr ? names_in(*part) : std::vector<std::string>{};
  const std::string near = meant(key, leaf, siblings, table);
  if (!near.empty()) return shown + " is not a setting; did you mean " + near + "?";
  std::string known;
  for (const std::string& name : siblings) known += (known.empty() ? "" : " ") + name;
  if (known.empty()) return shown + " is not a setting; `metavox explain` lists them all";
  return shown + " is not a setting; " +
         (section.empty() ? std::string("the sections are ") : section + " has ") + known;
}

} // namespace metavox
