#include "settings/table.hpp"

#include <algorithm>
#include <cctype>

#include "settings/yaml.hpp"

namespace metavox {
namespace {

std::string beneath(const std::string& section, std::string_view name) {
  return section.empty() ? std::string(name) : section + "." + std::string(name);
}

template <class Pointers>
auto named(const Pointers& all, std::string_view name) -> decltype(&*all.front()) {
  for (const auto& one : all)
    if (one->name == name) return &*one;
  return nullptr;
}

} // namespace

const Setting* Part::setting(std::string_view leaf) const {
  for (const Setting* s : settings)
    if (s->leaf() == leaf) return s;
  return nullptr;
}

const SettingList* Part::list(std::string_view wanted) const { return named(lists, wanted); }

const Part* Part::section(std::string_view wanted) const { return named(sections, wanted); }

const Setting* Table::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

const SettingList* Table::find_list(std::string_view key) const {
  for (const SettingList* list : lists_)
    if (list->key == key) return list;
  return nullptr;
}

const Setting* Table::chooses_preset() const {
  for (const Setting& s : settings_)
    if (s.chooses_preset) return &s;
  return nullptr;
}

const Entry& Table::fallback(const Setting& setting, Preset preset) const {
  return fallbacks_.at(&setting)[static_cast<std::size_t>(preset)];
}

Setting& Table::add(Part& part, std::string_view leaf, Type type) {
  Setting& s = settings_.emplace_back();
  s.key = beneath(part.key, leaf);
  s.type = type;
  if (!by_key_.emplace(s.key, &s).second) throw std::logic_error(s.key + " is declared twice");
  part.settings.push_back(&s);
  return s;
}

SettingList& Table::add_list(Part& part, std::string_view name) {
  SettingList& list = *part.lists.emplace_back(std::make_unique<SettingList>());
  list.name = name;
  list.key = beneath(part.key, name);
  list.entry = std::make_unique<Part>();
  list.entry->name = list.name + "[]";
  list.entry->key = list.key + "[]";
  lists_.push_back(&list);
  return list;
}

Part& Table::add_section(Part& part, std::string_view name) {
  Part& section = *part.sections.emplace_back(std::make_unique<Part>());
  section.name = name;
  section.key = beneath(part.key, name);
  return section;
}

Setting& Table::at(std::string_view key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) throw std::logic_error("no setting " + std::string(key));
  return *found->second;
}

void Table::finish() {
  for (const Setting& s : settings_) {
    const Source source = source_named("default of " + s.key);
    for (std::size_t p = 0; p < preset_names.size(); ++p)
      fallbacks_[&s][p] = parse_yaml(s.fallback_under(static_cast<Preset>(p)), source, false);
  }
}

std::string general_key(std::string_view exact, Path* path) {
  std::string general;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    general += exact[i];
    if (exact[i] != '[') continue;
    std::size_t index = 0;
    while (i + 1 < exact.size() && std::isdigit(static_cast<unsigned char>(exact[i + 1])) != 0)
      index = 10 * index + static_cast<std::size_t>(exact[++i] - '0');
    if (path != nullptr) path->push_back(index);
  }
  return general;
}

std::string exact_key(std::string_view general, const Path& path) {
  std::string exact;
  std::size_t used = 0;
  for (const char c : general) {
    exact += c;
    if (c == '[' && used < path.size()) exact += std::to_string(path[used++]);
  }
  return exact;
}

} // namespace metavox
