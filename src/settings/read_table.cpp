#include "settings/read_table.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settings/judge.hpp"
#include "settings/read_value.hpp"
#include "settings/unknown_key.hpp"
#include "settings/write_value.hpp"

namespace metavox {
namespace {

class TableReader {
public:
  TableReader(const Table& table, Object into, std::filesystem::path folder, Place whole,
              Complaints& complaints, FilesNamed files)
      : table_(table), into_(into), folder_(std::move(folder)), complaints_(complaints),
        files_(files) {
    written_.whole = std::move(whole);
  }

  void read(const Entry& root) {
    sort_by_key(root, table_.whole(), "");
    choose_preset();
    read_part(table_.whole(), {}, written_.whole);
    // Rules judge values, so they wait until every value could be read.
    if (complaints_.any()) return;
    tell_idle(table_.whole());
    judge(table_.whole(), {});
  }

private:
  // Sorts the tree's values by exact key and complains of those that no setting takes.
  void sort_by_key(const Entry& entry, const Part& part, const std::string& exact) {
    for (const Entry::Member& m : entry.members) {
      const std::string shown = exact.empty() ? m.key : exact + "." + m.key;
      const std::size_t dot = m.key.find('.');
      if (exact.empty() && dot != std::string::npos && table_.find(m.key) != nullptr) {
        complaints_.add(m.place, m.key + " must be written in two levels: " + m.key.substr(0, dot) +
                                     ": and beneath it " + m.key.substr(dot + 1) + ":");
      } else if (part.setting(m.key) != nullptr) {
        written_.entries[shown] = &m.value;
      } else if (const SettingList* list = part.list(m.key)) {
        sort_list(m, *list, shown);
      } else if (const Part* section = part.section(m.key)) {
        if (m.value.form == Entry::Form::map)
          sort_by_key(m.value, *section, shown);
        else if (m.value.form != Entry::Form::empty)
          complaints_.add(m.place, shown + " is a section; put its settings beneath it, indented" +
                                       section_example(*section, m.value));
      } else {
        const std::string key = part.key.empty() ? m.key : part.key + "." + m.key;
        // The search for what was meant takes a while, and only the first complaints are shown.
        complaints_.add(m.place, complaints_.full() ? std::string() : unknown_key(key, table_));
      }
    }
  }

  // What to type where `value` was given to the section as a whole.
  static std::string section_example(const Part& section, const Entry& value) {
    if (section.settings.empty()) return {};
    const bool switched = value.form == Entry::Form::scalar &&
                          (value.text == "true" || value.text == "false") &&
                          section.setting("enabled") != nullptr;
    return "; type for example: " + section.name + ": {" +
           (switched ? "enabled: " + value.text : section.settings.front()->example_text()) + "}";
  }

  void sort_list(const Entry::Member& m, const SettingList& list, const std::string& shown) {
    if (m.value.form == Entry::Form::empty) return;
    if (m.value.form != Entry::Form::list) {
      complaints_.add(m.place, shown + " takes a list; begin each entry with a dash");
      return;
    }
    written_.entries[shown] = &m.value;
    for (std::size_t i = 0; i < m.value.items.size(); ++i) {
      const Entry& item = m.value.items[i];
      const std::string name = shown + "[" + std::to_string(i) + "]";
      written_.entries[name] = &item;
      if (item.form == Entry::Form::map)
        sort_by_key(item, *list.entry, name);
      else
        complaints_.add(item.place, name + " takes settings like " + list.example);
    }
  }

  const Entry* given(const Setting& s, const Path& path) const {
    return written_.find(exact_key(s.key, path));
  }

  bool read_given(const Setting& s, const Path& path, const Entry& entry) {
    return read_setting(s, exact_key(s.key, path), entry, s.slot(into_, path), folder_, complaints_,
                        files_);
  }
  // The same where the default stands in its place so far.
  bool read_instead(const Part& part, const Setting& s, const Path& path, const Entry& entry) {
    if (switch_of(part) == nullptr || s.fallback.empty()) return read_given(s, path, entry);
    const std::string before = write_setting(s, s.slot(into_, path));
    const bool could = read_given(s, path, entry);
    if (could && write_setting(s, s.slot(into_, path)) != before) changed_.push_back(&s);
    return could;
  }

  static const Setting* switch_of(const Part& part) {
    for (const Setting* s : part.settings)
      if (s->switches) return s;
    return nullptr;
  }

  // Settings with another value than their default in a section that is switched off. A file that
  // spells out every default, as resolved.yaml does, need not hear of them.
  void tell_idle(const Part& part) {
    for (const auto& section : part.sections) tell_idle(*section);
    const Setting* on = switch_of(part);
    if (on == nullptr || *std::get<bool*>(on->slot(into_, {}))) return;
    std::vector<std::string_view> idle;
    for (const Setting* s : part.settings)
      if (std::find(changed_.begin(), changed_.end(), s) != changed_.end() && s != on &&
          std::find(on->act_all_the_same.begin(), on->act_all_the_same.end(), s->leaf()) ==
              on->act_all_the_same.end())
        idle.push_back(s->key);
    if (idle.empty()) return;
    std::string text(idle[0]);
    for (std::size_t k = 1; k < idle.size(); ++k)
      text.append(k + 1 < idle.size() ? ", " : " and ").append(idle[k]);
    complaints_.note(written_.find(std::string(idle[0]))->place,
                     text + (idle.size() > 1 ? " have" : " has") + " no effect: " + on->key +
                         " is false");
  }

  void choose_preset() {
    const Setting* s = table_.chooses_preset();
    if (s == nullptr) return;
    read_setting(*s, s->key, table_.fallback(*s, preset_), s->slot(into_, {}), folder_,
                 complaints_);
    const Entry* entry = given(*s, {});
    if (entry != nullptr) read_given(*s, {}, *entry);
    preset_ = static_cast<Preset>(*std::get<WordSlot>(s->slot(into_, {})).value);
  }

  // The whole, or an entry of a list: values, defaults that follow from them, inner lists.
  void read_part(const Part& part, const Path& path, const Place& place) {
    read_values(part, path, place);
    convert(part, path);
    derive(part, path);
    read_faces(part, path);
    read_lists(part, path);
  }

  void read_values(const Part& part, const Path& path, const Place& place) {
    for (const Setting* s : part.settings)
      if (!s->chooses_preset && !read_value(part, *s, path, place)) return;
    for (const auto& section : part.sections) read_values(*section, path, place);
  }

  // False where it is unknown what else belongs to the part.
  bool read_value(const Part& part, const Setting& s, const Path& path, const Place& place) {
    const Entry* entry = given(s, path);
    if (!s.fallback_under(preset_).empty()) read_given(s, path, table_.fallback(s, preset_));
    if (!s.instead_of.empty()) return true; // convert() reads it
    if (!belongs(part, s, path)) {
      if (entry != nullptr)
        complaints_.add(entry->place, exact_key(s.key, path) + " belongs to " + s.only_for.key +
                                          " " + s.only_for.word + ", but this is a " +
                                          decider(part, s, path) + "; remove it or change the " +
                                          s.only_for.key);
    } else if (entry != nullptr) {
      // A map of some faces leaves the others at their default, so read_faces() comes later.
      return s.type == Type::faces || read_instead(part, s, path, *entry) || !decides(part, s);
    } else if (s.fallback.empty() && s.derived.empty()) {
      complaints_.add(place, exact_key(s.key, path) +
                                 " is missing; type for example: " + s.example_text());
    }
    return true;
  }

  // The value of the neighbour that says whether this setting belongs to the part.
  std::string decider(const Part& part, const Setting& s, const Path& path) const {
    const Setting& neighbour = *part.setting(s.only_for.key);
    return write_setting(neighbour, neighbour.slot(into_, path));
  }
  bool belongs(const Part& part, const Setting& s, const Path& path) const {
    return s.only_for.key.empty() || s.only_for.word == decider(part, s, path);
  }
  static bool decides(const Part& part, const Setting& s) {
    for (const Setting* other : part.settings)
      if (other->only_for.key == s.leaf()) return true;
    return false;
  }

  void convert(const Part& part, const Path& path) {
    for (const Setting* s : part.settings) {
      const Entry* entry = s->instead_of.empty() ? nullptr : given(*s, path);
      if (entry == nullptr) continue;
      const std::string key = exact_key(s->key, path), other = exact_key(s->instead_of, path);
      if (written_.find(other) != nullptr)
        complaints_.add(entry->place,
                        key + " and " + other + " say the same thing twice; remove one of them");
      std::array<double, 3> value{};
      if (!read_setting(*s, key, *entry, Slot{&value}, folder_, complaints_)) continue;
      Judge judge(table_, part, into_, path, written_, complaints_);
      s->convert(value, into_, path, judge);
    }
    for (const auto& section : part.sections) convert(*section, path);
  }

  void derive(const Part& part, const Path& path) {
    for (const Setting* s : part.settings)
      if (s->derive && (s->type == Type::faces || given(*s, path) == nullptr) &&
          belongs(part, *s, path))
        s->derive(into_, path);
    for (const auto& section : part.sections) derive(*section, path);
  }

  void read_faces(const Part& part, const Path& path) {
    for (const Setting* s : part.settings)
      if (s->type == Type::faces && belongs(part, *s, path))
        if (const Entry* entry = given(*s, path)) read_given(*s, path, *entry);
    for (const auto& section : part.sections) read_faces(*section, path);
  }

  void read_lists(const Part& part, const Path& path) {
    for (const auto& list : part.lists) {
      const std::string key = exact_key(list->key, path);
      const Entry* entries = written_.find(key);
      const std::size_t n = entries == nullptr ? 0 : entries->items.size();
      list->resize(into_, path, n);
      for (std::size_t i = 0; i < n; ++i) {
        Path entry = path;
        entry.push_back(i);
        if (entries->items[i].form == Entry::Form::map)
          read_part(*list->entry, entry, entries->items[i].place);
      }
    }
    for (const auto& section : part.sections) read_lists(*section, path);
  }

  void judge(const Part& part, const Path& path) {
    for (const auto& section : part.sections) judge(*section, path);
    for (const auto& list : part.lists)
      for (std::size_t i = 0; i < list->size(into_, path); ++i) {
        Path entry = path;
        entry.push_back(i);
        judge(*list->entry, entry);
      }
    Judge one(table_, part, into_, path, written_, complaints_);
    for (const auto& rule : part.rules) rule(into_, path, one);
  }

  const Table& table_;
  Object into_;
  std::filesystem::path folder_;
  Complaints& complaints_;
  FilesNamed files_;
  Written written_;
  std::vector<const Setting*> changed_; // from their defaults, where a section can be switched off
  Preset preset_ = Preset::standard;
};

} // namespace

void read_table(const Table& table, const Entry& root, Object into,
                const std::filesystem::path& folder, const Place& whole, Complaints& complaints,
                FilesNamed files) {
  TableReader(table, into, folder, whole, complaints, files).read(root);
}

} // namespace metavox
