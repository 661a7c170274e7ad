#include "settings/judge.hpp"

#include <utility>

#include "settings/units.hpp"
#include "settings/write_value.hpp"

namespace metavox {

const Entry* Written::find(const std::string& key) const {
  const auto found = entries.find(key);
  return found == entries.end() ? nullptr : found->second;
}

Judge::Judge(const Table& table, const Part& part, Object values, Path path, const Written& written,
             Complaints& complaints)
    : table_(table), part_(part), values_(values), path_(std::move(path)), written_(written),
      complaints_(complaints) {}

std::string Judge::key(std::string_view leaf) const {
  const std::string section = exact_key(part_.key, path_);
  if (leaf.empty()) return section;
  return section.empty() ? std::string(leaf) : section + "." + std::string(leaf);
}

void Judge::complain(const std::vector<std::string>& keys, const std::string& message) {
  complaints_.add(place_of(keys), message);
}

void Judge::note(const std::vector<std::string>& keys, const std::string& message) {
  complaints_.note(place_of(keys), message);
}

// Of the first key that the user wrote, of the file as a whole if none is.
Place Judge::place_of(const std::vector<std::string>& keys) const {
  const Entry* first = nullptr;
  for (const std::string& leaf : keys) {
    const std::string exact = key(leaf), general = general_key(exact);
    const bool entry = general.size() > 2 && general.compare(general.size() - 2, 2, "[]") == 0;
    if (entry ? table_.find_list(general.substr(0, general.size() - 2)) == nullptr
              : table_.find(general) == nullptr)
      throw std::logic_error("a rule speaks of " + exact + ", which is no setting");
    if (first == nullptr) first = written_.find(exact);
  }
  return first != nullptr ? first->place : written_.whole;
}

void Judge::complain_at_item(std::string_view leaf, std::size_t i, const std::string& message) {
  const Entry* entry = written_.find(key(leaf));
  if (entry == nullptr || i >= entry->items.size())
    complain({std::string(leaf)}, message);
  else
    complaints_.add(entry->items[i].place, message);
}

void Judge::ordered(std::string_view low, std::string_view high, Equal equal) {
  const double a = number(low), b = number(high);
  const bool may_be_equal = equal == Equal::allowed;
  if (a < b || (may_be_equal && a == b)) return;
  const auto value = [this](std::string_view leaf, double v) {
    const std::string& unit = setting(leaf).unit;
    return " (" + format_number(v) + (unit.empty() ? "" : " " + unit) + ")";
  };
  complain({std::string(low), std::string(high)},
           key(low) + value(low, a) + " must " + (may_be_equal ? "not be above " : "be below ") +
               key(high) + value(high, b));
}

const Setting& Judge::setting(std::string_view leaf) const {
  const std::string exact = key(leaf);
  const Setting* s = table_.find(general_key(exact));
  if (s == nullptr) throw std::logic_error("a rule asks for " + exact + ", which is no setting");
  return *s;
}

std::string Judge::spelt(std::string_view leaf) const {
  return write_setting(setting(leaf), slot(leaf));
}

const std::string& Judge::entry_example(std::string_view leaf) const {
  const SettingList* list = table_.find_list(general_key(key(leaf)));
  if (list == nullptr)
    throw std::logic_error("a rule asks for " + key(leaf) + ", which is no list");
  return list->example;
}

double Judge::number(std::string_view leaf) const { return *std::get<double*>(slot(leaf)); }

Slot Judge::slot(std::string_view leaf) const {
  Path path;
  general_key(key(leaf), &path);
  return setting(leaf).slot(values_, path);
}

} // namespace metavox
