#include "settings/override.hpp"

#include <algorithm>
#include <cctype>

#include "settings/text.hpp"
#include "settings/yaml.hpp"

namespace metavox {
namespace {

// "tissue.cells[0].radius" as tissue, cells, [0], radius.
bool split_key(std::string_view key, std::vector<std::string>& parts) {
  if (key.empty() || key.size() > 200) return false;
  std::string word;
  for (std::size_t i = 0; i <= key.size(); ++i) {
    const char c = i < key.size() ? key[i] : '.';
    if (c == '.') {
      const bool after_index = i > 0 && key[i - 1] == ']';
      if (word.empty() && !after_index) return false;
      if (!word.empty()) parts.push_back(word);
      word.clear();
    } else if (c == '[') {
      const std::size_t end = key.find(']', i);
      if (end == std::string_view::npos || end == i + 1 || end - i > 7) return false;
      if (word.empty() && !(i > 0 && key[i - 1] == ']')) return false;
      if (!word.empty()) parts.push_back(word);
      word.clear();
      for (std::size_t j = i + 1; j < end; ++j)
        if (std::isdigit(static_cast<unsigned char>(key[j])) == 0) return false;
      parts.push_back(std::string(key.substr(i, end - i + 1)));
      i = end;
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-') {
      if (i > 0 && key[i - 1] == ']') return false;
      word += c;
    } else {
      return false;
    }
  }
  return !parts.empty() && parts.size() <= deepest_yaml;
}

void forget(Entry& root, const std::string& key) {
  const std::size_t dot = key.rfind('.');
  Entry* section = &root;
  for (std::size_t begin = 0; dot != std::string::npos && begin < dot && section != nullptr;) {
    const std::size_t end = key.find('.', begin);
    Entry* inner = nullptr;
    for (Entry::Member& m : section->members)
      if (m.key == key.substr(begin, end - begin)) inner = &m.value;
    section = inner;
    begin = end + 1;
  }
  if (section == nullptr) return;
  const std::string leaf = dot == std::string::npos ? key : key.substr(dot + 1);
  auto& members = section->members;
  members.erase(std::remove_if(members.begin(), members.end(),
                               [&](const Entry::Member& m) { return m.key == leaf; }),
                members.end());
}

// An override of one way to give a value takes the place of the other way in the file.
void forget_other_ways(Entry& root, const std::vector<std::string>& keys, const Table& table) {
  const auto given = [&](const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  for (const Setting& s : table.settings()) {
    if (s.instead_of.empty() || s.in_list() || given(s.key) == given(s.instead_of)) continue;
    forget(root, given(s.key) ? s.instead_of : s.key);
  }
}

std::string key_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw ConfigError(printable("--set " + text.substr(0, 100) +
                                ": a key, = and a value are needed; type for example: --set "
                                "'oxygen.diffusivity=1e5 um^2/min'"));
  std::string key = text.substr(0, equals);
  while (!key.empty() && key.back() == ' ') key.pop_back();
  return key;
}

} // namespace

void override_value(Entry& root, const std::string& key, Entry value, Complaints& complaints) {
  const Place place = value.place;
  std::vector<std::string> parts;
  if (!split_key(key, parts)) {
    complaints.add(place, "`" + key.substr(0, 100) +
                              "` is not a key; type for example: oxygen.diffusivity=1e5 um^2/min");
    return;
  }
  Entry* at = &root;
  std::string walked;
  for (const std::string& part : parts) {
    if (part[0] == '[') {
      const auto index = static_cast<std::size_t>(std::stoul(part.substr(1, part.size() - 2)));
      if (at->form != Entry::Form::list || index >= at->items.size()) {
        complaints.add(place,
                       walked + " has " +
                           std::to_string(at->form == Entry::Form::list ? at->items.size() : 0) +
                           " entries, counted from 0; there is no " + part);
        return;
      }
      at = &at->items[index];
    } else {
      if (at->form == Entry::Form::empty) {
        at->form = Entry::Form::map;
        at->place = place;
      }
      if (at->form != Entry::Form::map) {
        complaints.add(place, walked + " is a single value or a list in the file; give " + walked +
                                  " as a whole");
        return;
      }
      auto found = std::find_if(at->members.begin(), at->members.end(),
                                [&](const Entry::Member& m) { return m.key == part; });
      if (found == at->members.end()) {
        Entry fresh;
        fresh.place = place;
        at->members.push_back({part, place, std::move(fresh)});
        found = at->members.end() - 1;
      }
      found->place = place;
      at = &found->value;
    }
    walked += (walked.empty() || part[0] == '[' ? "" : ".") + part;
  }
  *at = std::move(value);
}

void override_with(Entry& root, const std::vector<std::string>& overrides, const Table& table,
                   Complaints& complaints) {
  std::vector<std::string> keys;
  keys.reserve(overrides.size());
  for (const std::string& text : overrides) keys.push_back(key_of(text));
  forget_other_ways(root, keys, table);
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    const std::string &text = overrides[i], &key = keys[i];
    const Source source = source_named("--set " + text.substr(0, 200));
    try {
      Entry value = parse_yaml(std::string_view(text).substr(text.find('=') + 1), source, false);
      if (!value.place.source) value.place = {source, 0};
      complain_of_duplicates(value, key, complaints);
      override_value(root, key, std::move(value), complaints);
    } catch (const ConfigError& e) {
      std::string message = e.what();
      if (message.compare(0, source->size() + 2, *source + ": ") == 0)
        message.erase(0, source->size() + 2);
      complaints.add({source, 0}, message);
    }
  }
}

Entry option_value(const std::string& option, const std::string& text) {
  Entry entry;
  entry.form = Entry::Form::scalar;
  entry.text = text;
  entry.place = {source_named(option), 0};
  return entry;
}

} // namespace metavox
