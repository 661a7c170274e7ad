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

// The first section of this name, wherever it stands; empty: there is none.
std::string section_named(const Part& part, const std::string& name) {
  for (const auto& section : part.sections) {
    if (section->name == name) return section->key;
    const std::string inner = section_named(*section, name);
    if (!inner.empty()) return inner;
  }
  return {};
}

// The setting whose section and last word are both near; empty: there is none. Taken as one word,
// a long section would make any of its settings near.
std::string near_in_both(const std::string& section, const std::string& leaf, const Table& table) {
  std::vector<std::string> sections;
  for (const Setting& s : table.settings())
    add_once(sections, s.key.substr(0, s.key.size() - s.leaf().size()));
  const std::string near = closest(section + ".", sections);
  if (near.empty()) return {};
  std::vector<std::string> leaves;
  for (const Setting& s : table.settings())
    if (s.key.size() == near.size() + s.leaf().size() && s.key.compare(0, near.size(), near) == 0)
      leaves.emplace_back(s.leaf());
  const std::string word = closest(leaf, leaves);
  return word.empty() ? std::string() : near + word;
}

// What was meant, by falling likeness; empty: nothing is near.
std::string meant(const std::string& section, const std::string& leaf,
                  const std::vector<std::string>& siblings, const Table& table) {
  std::string near = closest(leaf, siblings);
  if (near.empty()) near = with_leaf(table, leaf);
  if (near.empty()) near = section_named(table.whole(), leaf);
  if (near.empty()) near = near_in_both(section, leaf, table);
  if (!near.empty()) return near;
  // Misspelt, and in the wrong section.
  std::vector<std::string> leaves;
  for (const Setting& s : table.settings()) add_once(leaves, std::string(s.leaf()));
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
  const std::string near = meant(section, leaf, siblings, table);
  if (!near.empty()) return shown + " is not a setting; did you mean " + near + "?";
  std::string known;
  for (const std::string& name : siblings) known += (known.empty() ? "" : " ") + name;
  if (known.empty()) return shown + " is not a setting; `metavox explain` lists them all";
  return shown + " is not a setting; " +
         (section.empty() ? std::string("the sections are ") : section + " has ") + known;
}

} // namespace metavox
