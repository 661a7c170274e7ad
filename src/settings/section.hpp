// How a science declares its settings, beside the struct that holds them:
//
//   void describe(Section<OxygenParameters>& s) {
//     s.number(&OxygenParameters::diffusivity, "diffusivity", "um^2/min")
//         .above(0, 1e9).normally("1.2e5 um^2/min")
//         .means("Diffusion coefficient of oxygen in tissue.")
//         .from("Grimes et al. 2014 ...")
//         .preset(Preset::physicell, "1e5 um^2/min", "value of PhysiCell");
//     s.rule([](const OxygenParameters& p, Judge& judge) { ... });
//   }
//
// The file that composes the program's struct lists the sections:
// whole.section(&Parameters::oxygen, "oxygen", describe).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "settings/judge.hpp"
#include "settings/table.hpp"

namespace metavox {

// The T that a section or an entry of a list stands for, in the struct of the whole.
template <class T>
using Locate = std::function<T&(Object, const Path&)>;

// A row under construction.
template <class T>
class SettingRow {
public:
  SettingRow(Setting& setting, Locate<T> locate) : setting_(setting), locate_(std::move(locate)) {}

  SettingRow& above(double low, double at_most_high) {
    setting_.above_low = true;
    return between(low, at_most_high);
  }
  SettingRow& above(double low) {
    setting_.low = low;
    setting_.above_low = true;
    return *this;
  }
  SettingRow& between(double low, double high) {
    setting_.low = low;
    setting_.high = high;
    return *this;
  }
  SettingRow& a_share() { return between(0, 1); }
  // The default, as YAML text. Rows without one, and not derived, must be given.
  SettingRow& normally(std::string_view fallback) {
    setting_.fallback = fallback;
    return *this;
  }
  // A default that follows from others: in words, and from the section's struct.
  template <class Of>
  SettingRow& derived(std::string_view words, Of value) {
    using Value = std::invoke_result_t<Of, const T&>;
    derived(words);
    setting_.derive = [locate = locate_, value, slot = setting_.slot](Object whole,
                                                                      const Path& path) {
      *std::get<Value*>(slot(whole, path)) = value(locate(whole, path));
    };
    return *this;
  }
  // The same where more is known: Section::derive, or the caller of read_table(), sets it.
  SettingRow& derived(std::string_view words) {
    setting_.derived = words;
    return *this;
  }
  SettingRow& means(std::string_view meaning) {
    setting_.meaning = meaning;
    return *this;
  }
  // Where the number comes from; parts are put together.
  template <class... Parts>
  SettingRow& from(const Parts&... parts) {
    (setting_.source += ... += std::string_view(parts));
    return *this;
  }
  SettingRow& preset(Preset preset, std::string_view fallback, std::string_view reason) {
    setting_.presets.push_back({preset, std::string(fallback), std::string(reason)});
    return *this;
  }
  SettingRow& example(std::string_view value) {
    setting_.example = value;
    return *this;
  }
  SettingRow& among(std::vector<std::string_view> words) {
    setting_.words = std::move(words);
    return *this;
  }
  // Only where the neighbour `leaf` has the value `word`; the neighbour comes first.
  SettingRow& only_for(std::string_view leaf, std::string_view word) {
    setting_.only_for = {std::string(leaf), std::string(word)};
    return *this;
  }
  // Where it is false, no other setting of its section has an effect, except these. Whoever gives
  // one is told so.
  SettingRow& switches(std::initializer_list<std::string_view> but_for = {}) {
    setting_.switches = true;
    setting_.act_all_the_same = but_for;
    return *this;
  }
  // A run may be continued with another value.
  SettingRow& without_effect() {
    setting_.acts_on_state = false;
    return *this;
  }

private:
  Setting& setting_;
  Locate<T> locate_;
};

// A list under construction.
class ListRow {
public:
  explicit ListRow(SettingList& list) : list_(list) {}
  ListRow& means(std::string_view meaning) {
    list_.meaning = meaning;
    return *this;
  }
  ListRow& example(std::string_view entry) {
    list_.example = entry;
    return *this;
  }

private:
  SettingList& list_;
};

template <class T>
class Section {
public:
  using Words = std::initializer_list<std::string_view>;

  // `depth`: how many lists lie above.
  Section(Table& table, Part& part, Locate<T> locate, std::size_t depth)
      : table_(table), part_(part), locate_(std::move(locate)), depth_(depth) {}

  SettingRow<T> number(double T::*member, std::string_view leaf, std::string_view unit = "") {
    return with_unit(Type::quantity, member, leaf, unit);
  }
  SettingRow<T> integer(int T::*member, std::string_view leaf) {
    return row(Type::integer, member, leaf);
  }
  SettingRow<T> seed(std::uint64_t T::*member, std::string_view leaf) {
    return row(Type::seed, member, leaf);
  }
  SettingRow<T> boolean(bool T::*member, std::string_view leaf) {
    return row(Type::boolean, member, leaf);
  }
  // An enumeration of one byte; `words` in the order of its enumerators.
  template <class Enumeration, class List = Words>
  SettingRow<T> choice(Enumeration T::*member, std::string_view leaf, const List& words) {
    static_assert(std::is_enum_v<Enumeration> && sizeof(Enumeration) == 1);
    Setting& s = table_.add(part_, leaf, Type::word);
    s.enumerators.assign(words.begin(), words.end());
    s.words = s.enumerators;
    s.slot = [locate = locate_, member](Object whole, const Path& path) {
      return Slot{WordSlot{reinterpret_cast<std::uint8_t*>(&(locate(whole, path).*member))}};
    };
    return {s, locate_};
  }
  // The set of defaults that the others start from.
  template <class List = Words>
  SettingRow<T> preset(Preset T::*member, std::string_view leaf, const List& words) {
    SettingRow<T> made = choice(member, leaf, preset_names);
    part_.settings.back()->chooses_preset = true;
    return made.among({words.begin(), words.end()});
  }
  SettingRow<T> word(std::string T::*member, std::string_view leaf,
                     std::vector<std::string_view> words) {
    return row(Type::word, member, leaf).among(std::move(words));
  }
  SettingRow<T> axis(std::string T::*member, std::string_view leaf) {
    return word(member, leaf, {"x", "y", "z"});
  }
  SettingRow<T> text(std::string T::*member, std::string_view leaf) {
    return row(Type::text, member, leaf);
  }
  SettingRow<T> file(std::string T::*member, std::string_view leaf) {
    return row(Type::path, member, leaf);
  }
  SettingRow<T> point(std::array<double, 3> T::*member, std::string_view leaf) {
    return with_unit(Type::point, member, leaf, "um").example("[500 um, 500 um, 500 um]");
  }
  SettingRow<T> extents(std::array<int, 3> T::*member, std::string_view leaf) {
    return row(Type::extents, member, leaf);
  }
  SettingRow<T> faces(Faces T::*member, std::string_view leaf, std::string_view unit = "") {
    return with_unit(Type::faces, member, leaf, unit);
  }
  SettingRow<T> frozen(Frozen T::*member, std::string_view leaf, std::string_view unit = "") {
    return with_unit(Type::frozen, member, leaf, unit);
  }
  SettingRow<T> names(std::vector<std::string> T::*member, std::string_view leaf) {
    return row(Type::names, member, leaf);
  }
  SettingRow<T> labels(Labels T::*member, std::string_view leaf,
                       std::vector<std::string_view> words) {
    return row(Type::labels, member, leaf).among(std::move(words));
  }
  // Another way to give the setting `instead`, as a point: `convert` takes it over to there.
  template <class Convert>
  SettingRow<T> point_instead_of(std::string_view instead, std::string_view leaf,
                                 std::string_view unit, Convert convert) {
    Setting& s = table_.add(part_, leaf, Type::point);
    s.unit = unit;
    s.instead_of = table_.at(key(instead)).key;
    s.slot = [](Object, const Path&) { return Slot{}; };
    s.convert = [locate = locate_, convert](const std::array<double, 3>& value, Object whole,
                                            const Path& path, Judge& judge) {
      convert(value, locate(whole, path), judge);
    };
    return {s, locate_};
  }

  // The rows of a member as if they were of this struct.
  template <class S>
  void part(S T::*member, void (*describe_it)(Section<S>&)) {
    Section<S> same(
        table_, part_,
        [locate = locate_, member](Object whole, const Path& path) -> S& {
          return locate(whole, path).*member;
        },
        depth_);
    describe_it(same);
  }
  template <class S>
  void section(S T::*member, std::string_view name, void (*describe_it)(Section<S>&)) {
    Section<S> inner(
        table_, table_.add_section(part_, name),
        [locate = locate_, member](Object whole, const Path& path) -> S& {
          return locate(whole, path).*member;
        },
        depth_);
    describe_it(inner);
  }
  template <class E>
  ListRow list(std::vector<E> T::*member, std::string_view name,
               void (*describe_entry)(Section<E>&)) {
    SettingList& made = table_.add_list(part_, name);
    made.size = [locate = locate_, member](Object whole, const Path& path) {
      return (locate(whole, path).*member).size();
    };
    made.resize = [locate = locate_, member](Object whole, const Path& path, std::size_t n) {
      (locate(whole, path).*member).resize(n);
    };
    Section<E> entry(
        table_, *made.entry,
        [locate = locate_, member, depth = depth_](Object whole, const Path& path) -> E& {
          return (locate(whole, path).*member).at(path.at(depth));
        },
        depth_ + 1);
    describe_entry(entry);
    return ListRow(made);
  }

  // A setting of former versions: `advice` says what to type instead.
  void gone(std::string_view leaf, std::string_view advice) {
    part_.gone.emplace_back(leaf, advice);
  }

  // Sets the default of a row further down, `derived` in words there. Keys within lists have [].
  template <class Of>
  void derive(std::string_view leaf, Of value) {
    using Value = std::invoke_result_t<Of, const T&>;
    Setting& s = table_.at(key(leaf));
    s.derive = [locate = locate_, value, slot = s.slot](Object whole, const Path& path) {
      *std::get<Value*>(slot(whole, path)) = value(locate(whole, path));
    };
  }

  // Rules run in the order of sections, inner ones first, once every value could be read.
  void rule(void (*judge_it)(const T&, Judge&)) {
    part_.rules.push_back(
        [locate = locate_, judge_it](Object whole, const Path& path, Judge& judge) {
          judge_it(locate(whole, path), judge);
        });
  }
  // The quantity `low` must be below `high`.
  void ordered(std::string low, std::string high, Judge::Equal equal = Judge::Equal::refused) {
    table_.at(key(low)), table_.at(key(high));
    part_.rules.push_back(
        [low = std::move(low), high = std::move(high), equal](Object, const Path&, Judge& judge) {
          judge.ordered(low, high, equal);
        });
  }

private:
  std::string key(std::string_view leaf) const {
    return part_.key.empty() ? std::string(leaf) : part_.key + "." + std::string(leaf);
  }
  template <class Member>
  SettingRow<T> row(Type type, Member T::*member, std::string_view leaf) {
    Setting& s = table_.add(part_, leaf, type);
    s.slot = [locate = locate_, member](Object whole, const Path& path) {
      return Slot{&(locate(whole, path).*member)};
    };
    return {s, locate_};
  }
  template <class Member>
  SettingRow<T> with_unit(Type type, Member T::*member, std::string_view leaf,
                          std::string_view unit) {
    SettingRow<T> made = row(type, member, leaf);
    part_.settings.back()->unit = unit;
    return made;
  }

  Table& table_;
  Part& part_;
  Locate<T> locate_;
  std::size_t depth_;
};

// The table of a struct: `describe_whole` lists its sections.
template <class T>
Table make_table(void (*describe_whole)(Section<T>&)) {
  Table table;
  Section<T> whole(
      table, table.whole(), [](Object object, const Path&) -> T& { return object.as<T>(); }, 0);
  describe_whole(whole);
  table.finish();
  return table;
}

} // namespace metavox
