#include "settings/resolve.hpp"

#include <map>
#include <utility>

#include "settings/write_value.hpp"
#include "settings/yaml.hpp"

namespace metavox {
namespace {

// Writes parts of the table, each line with its indentation.
class Resolver {
public:
  explicit Resolver(Object values) : values_(values) {}

  // What a part holds: its lists, rows and sections. `path` leads to it.
  void write(const Part& part, const Path& path, std::size_t indent) {
    for (const auto& list : part.lists) write_list(*list, path, indent);
    std::map<std::string_view, std::string> spelt;
    for (const Setting* s : part.settings) {
      const Slot slot = s->slot(values_, path);
      if (std::holds_alternative<std::monostate>(slot)) continue;
      std::string& value = spelt[s->leaf()];
      value = write_setting(*s, slot);
      if (s->only_for.key.empty() || spelt[s->only_for.key] == s->only_for.word)
        line(indent, std::string(s->leaf()) + ": " + value);
    }
    for (const auto& section : part.sections) write_section(*section, path, indent);
  }

  std::string take() { return std::move(text_); }

private:
  void line(std::size_t indent, const std::string& text) {
    // The first line of a list's entry begins with its dash.
    if (dash_) text_ += std::string(indent - 2, ' ') + "- " + text + "\n";
    if (!dash_) text_ += std::string(indent, ' ') + text + "\n";
    dash_ = false;
  }

  void write_list(const SettingList& list, const Path& path, std::size_t indent) {
    const std::size_t n = list.size(values_, path);
    if (indent == 0) text_ += "\n";
    line(indent, list.name + (n == 0 ? ": []" : ":"));
    for (std::size_t i = 0; i < n; ++i) {
      Path entry = path;
      entry.push_back(i);
      dash_ = true;
      write(*list.entry, entry, indent + 4);
      if (dash_) line(indent + 4, "{}");
    }
  }

  void write_section(const Part& section, const Path& path, std::size_t indent) {
    if (indent == 0) text_ += "\n";
    line(indent, section.name + ":");
    write(section, path, indent + 2);
  }

  Object values_;
  std::string text_;
  bool dash_ = false;
};

void flatten(const Entry& entry, const std::string& path,
             std::map<std::string, std::string>& values) {
  if (entry.form == Entry::Form::scalar) values[path] = entry.text;
  for (const Entry::Member& m : entry.members)
    flatten(m.value, path.empty() ? m.key : path + "." + m.key, values);
  for (std::size_t i = 0; i < entry.items.size(); ++i)
    flatten(entry.items[i], path + "[" + std::to_string(i) + "]", values);
}

// A value's key may go on within its setting: oxygen.faces.x_low, output.region_to[2].
bool acts_on_state(const Table& table, const std::string& exact) {
  for (std::string key = general_key(exact); !key.empty();) {
    if (const Setting* s = table.find(key)) return s->acts_on_state;
    const std::size_t end = key.find_last_of(".[");
    key.erase(end == std::string::npos ? 0 : end);
  }
  return true;
}

} // namespace

std::string resolve(const Table& table, Object values) {
  Resolver resolver(values);
  resolver.write(table.whole(), {}, 0);
  return "# Every setting of the run, defaults included. Running this file repeats the run.\n" +
         resolver.take();
}

std::vector<std::string> setting_differences(const Table& table, const std::string& resolved_a,
                                             const std::string& resolved_b) {
  std::map<std::string, std::string> there, here;
  flatten(parse_yaml(resolved_a, source_named("resolved.yaml"), true), "", there);
  flatten(parse_yaml(resolved_b, source_named("resolved.yaml"), true), "", here);
  std::map<std::string, std::pair<const std::string*, const std::string*>> both;
  for (const auto& [key, value] : there) both[key].first = &value;
  for (const auto& [key, value] : here) both[key].second = &value;
  std::vector<std::string> differences;
  for (const auto& [key, pair] : both) {
    if (!acts_on_state(table, key)) continue;
    const auto& [a, b] = pair;
    if (a != nullptr && b != nullptr && *a == *b) continue;
    differences.push_back(key + ": " + (a != nullptr ? *a : std::string("absent")) + " there, " +
                          (b != nullptr ? *b : std::string("absent")) + " here");
  }
  return differences;
}

} // namespace metavox
