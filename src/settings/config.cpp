#include "settings/config.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <system_error>
#include <unordered_map>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "settings/expression.hpp"
#include "settings/settings.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

constexpr std::size_t largest_file = 4 << 20;
constexpr std::size_t most_nodes = 100000;
constexpr std::size_t most_text = 16 << 20;
constexpr std::size_t deepest = 32;
constexpr std::size_t longest_key = 200;

// yaml-cpp takes a quoted text without its closing quote to end with the file. This comment, put
// behind every text, then shows up in the value.
constexpr std::string_view end_mark = "# end of configuration 7c1e";

using Source = std::shared_ptr<const std::string>;

Source source_named(std::string name) {
  return std::make_shared<const std::string>(std::move(name));
}

[[noreturn]] void refuse(const Place& place, const std::string& message) {
  throw ConfigError(printable(place.text() + ": " + message));
}

// YAML::Load would hide duplicate keys and share aliased nodes, so that a small file can stand for
// an endless tree. Listening to the parser's events shows the duplicates and bounds size and depth
// while the file is being read.
class TreeBuilder : public YAML::EventHandler {
public:
  TreeBuilder(Source source, bool has_lines) : source_(std::move(source)), has_lines_(has_lines) {}

  Entry take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Entry entry;
    entry.place = at(mark);
    finish(std::move(entry), anchor, mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Entry entry;
    entry.place = at(mark);
    // The parser's own marks for plain and quoted scalars are ? and !.
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(entry.place, "the tag " + tag.substr(0, 40) + " means nothing here; remove it");
    if (value.find(end_mark) != std::string::npos)
      refuse(entry.place, "a quoted text begins here that never ends");
    entry.form = Entry::Form::scalar;
    entry.text = value;
    finish(std::move(entry), anchor, mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      refuse(at(mark), "this alias stands inside what it stands for; write the value out");
    const Anchored& meant = found->second;
    count(nodes_, meant.size, mark);
    if (open_.size() + meant.depth > deepest) refuse_depth(mark);
    attach(meant.entry, meant.size, meant.depth);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, Entry::Form::list);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, Entry::Form::map);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

private:
  struct Size {
    std::size_t nodes = 0, text = 0;
  };
  struct Open {
    Entry entry;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    std::string key;
    Place key_place;
    Size size{1, 0};
    std::size_t depth = 1;
  };
  struct Anchored {
    Entry entry;
    Size size;
    std::size_t depth;
  };

  Place at(const YAML::Mark& mark) const {
    return {source_, has_lines_ ? std::max(mark.line, 0) + 1 : 0};
  }

  [[noreturn]] void refuse_depth(const YAML::Mark& mark) const {
    refuse(at(mark), "nested more than " + std::to_string(deepest) + " levels deep");
  }

  void count(Size& sum, const Size& more, const YAML::Mark& mark) const {
    sum.nodes += more.nodes;
    sum.text += more.text;
    if (sum.nodes > most_nodes)
      refuse(at(mark),
             "more than " + std::to_string(most_nodes) +
                 " values, aliases counted as what they stand for; many cells belong into a file "
                 "named by tissue.cells_csv");
    if (sum.text > most_text)
      refuse(at(mark), "more than 16 MiB of text, aliases counted as what they stand for; write "
                       "shorter values");
  }

  // What an anchor stands for is held a second time until the file has been read.
  void keep(const Entry& entry, YAML::anchor_t anchor, const Size& size, std::size_t depth,
            const YAML::Mark& mark) {
    if (anchor == 0) return;
    count(kept_, size, mark);
    anchors_[anchor] = {entry, size, depth};
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Entry::Form form) {
    if (!open_.empty() && open_.back().entry.form == Entry::Form::map && !open_.back().has_key)
      refuse(at(mark), "a key must be a word, not a list or a map; or a bracket is left open");
    if (open_.size() >= deepest) refuse_depth(mark);
    count(nodes_, {1, 0}, mark);
    Open o;
    o.entry.form = form;
    o.entry.place = at(mark);
    o.anchor = anchor;
    open_.push_back(std::move(o));
  }

  void close() {
    Open o = std::move(open_.back());
    open_.pop_back();
    YAML::Mark mark;
    mark.line = o.entry.place.line - 1;
    keep(o.entry, o.anchor, o.size, o.depth, mark);
    attach(std::move(o.entry), o.size, o.depth);
  }

  void finish(Entry entry, YAML::anchor_t anchor, const YAML::Mark& mark) {
    const Size size{1, entry.text.size()};
    count(nodes_, size, mark);
    keep(entry, anchor, size, 0, mark);
    attach(std::move(entry), size, 0);
  }

  void attach(Entry entry, const Size& size, std::size_t depth) {
    if (open_.empty()) {
      root_ = std::move(entry);
      return;
    }
    Open& parent = open_.back();
    parent.size.nodes += size.nodes;
    parent.size.text += size.text;
    parent.depth = std::max(parent.depth, depth + 1);
    if (parent.entry.form == Entry::Form::list) {
      parent.entry.items.push_back(std::move(entry));
    } else if (!parent.has_key) {
      if (entry.form != Entry::Form::scalar) refuse(entry.place, "a key must be a word");
      check_key(entry);
      parent.has_key = true;
      parent.key = entry.text;
      parent.key_place = entry.place;
    } else {
      parent.has_key = false;
      // The parser finds that a value is missing only at what follows.
      if (entry.form == Entry::Form::empty) entry.place = parent.key_place;
      parent.entry.members.push_back({parent.key, parent.key_place, std::move(entry)});
    }
  }

  static void check_key(const Entry& key) {
    if (key.text.size() > longest_key)
      refuse(key.place, "a key has more than " + std::to_string(longest_key) +
                            " characters: " + in_quotes(key.text, 40));
    for (const char c : key.text)
      if (static_cast<unsigned char>(c) < 32 || c == 127)
        refuse(key.place,
               "a key holds a line break or another control character: " + in_quotes(key.text, 40));
  }

  Source source_;
  bool has_lines_;
  Entry root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  Size nodes_, kept_;
};

void check_characters(std::string_view text, const Source& source) {
  int line = 1;
  bool indenting = true;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) refuse({source, line}, "this is not UTF-8 text; save the file as UTF-8");
    if (c == '\n') {
      ++line;
      indenting = true;
      ++i;
      continue;
    }
    if ((c < 32 && c != '\t' && c != '\r') || c == 127)
      refuse({source, line}, "this is not a text file: it holds control characters");
    if (indenting && c == '\t') {
      const std::size_t next = text.find_first_not_of(" \t\r", i);
      if (next != std::string_view::npos && text[next] != '\n' && text[next] != '#')
        refuse({source, line}, "a tab indents this line; type blanks instead");
    }
    indenting = indenting && (c == ' ' || c == '\t');
    i += length;
  }
}

// The parser speaks of its grammar; a user wants to know what to mend.
std::string in_plain_words(const std::string& what) {
  struct Words {
    std::string_view parser, ours;
  };
  static constexpr Words known[] = {
      {"end of map flow not found", "a { has no }"},
      {"end of sequence flow not found", "a [ has no ]"},
      {"end of map not found", "a line does not fit the indentation of those above it"},
      {"end of sequence not found", "a line does not fit the indentation of those above it"},
      {"illegal map value", "a colon cannot stand here; is the line indented like its neighbours, "
                            "or does a text with a colon need quotes?"},
      {"illegal block entry", "a dash cannot begin an entry here; is the line indented like its "
                              "neighbours?"},
      {"illegal flow end", "a closing bracket has no opening one"},
      {"unknown token", "this character cannot begin a value; put the text in quotes"},
      {"the referenced anchor is not defined",
       "a value that begins with * repeats an earlier one marked by &, and there is none of this "
       "name; put other texts in quotes"}};
  for (const Words& words : known)
    if (what == words.parser) return std::string(words.ours);
  return what.empty() ? "it cannot be read" : what;
}

Entry parse_yaml(std::string_view text, const Source& source, bool has_lines) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (text.substr(0, 2) == "\xFF\xFE" || text.substr(0, 2) == "\xFE\xFF")
    refuse({source, has_lines ? 1 : 0}, "this is UTF-16 text; save the file as UTF-8");
  if (text.size() > largest_file)
    refuse({source, 0},
           "the file has more than 4 MiB; many cells belong into a file named by tissue.cells_csv");
  check_characters(text, source);
  TreeBuilder builder(source, has_lines);
  try {
    std::istringstream stream(std::string(text).append("\n").append(end_mark).append("\n"));
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return {};
    Entry tree = builder.take();
    TreeBuilder second(source, has_lines);
    if (parser && parser.HandleNextDocument(second))
      refuse({source, 0},
             "the file holds more than one YAML document; keep the first and remove ---");
    return tree;
  } catch (const YAML::Exception& e) {
    const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) +
                       (text.empty() || text.back() != '\n' ? 1 : 0);
    const int line = std::min(std::max(e.mark.line, 0) + 1, std::max(lines, 1));
    refuse({source, has_lines ? line : 0}, "not valid YAML: " + in_plain_words(e.msg));
  }
}

void complain_of_duplicates(const Entry& entry, const std::string& path, Complaints& complaints) {
  std::map<std::string_view, int> first_lines;
  for (const Entry::Member& m : entry.members) {
    const std::string key = path.empty() ? m.key : path + "." + m.key;
    const auto [known, is_new] = first_lines.emplace(m.key, m.place.line);
    if (!is_new)
      complaints.add(m.place, key.substr(0, 100) + " is written twice; the first is in line " +
                                  std::to_string(known->second));
    complain_of_duplicates(m.value, key, complaints);
  }
  for (std::size_t i = 0; i < entry.items.size(); ++i)
    complain_of_duplicates(entry.items[i], path + "[" + std::to_string(i) + "]", complaints);
}

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
  return !parts.empty() && parts.size() <= deepest;
}

// Replaces or adds one value of the tree. Wrong keys are left for the check of the whole tree.
void put(Entry& root, const std::string& key, Entry value, Complaints& complaints) {
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

// An override of one way to give the extents takes the place of the other way in the file.
void forget(Entry& root, std::string_view section, std::string_view key) {
  for (Entry::Member& m : root.members)
    if (m.key == section) {
      auto& members = m.value.members;
      members.erase(std::remove_if(members.begin(), members.end(),
                                   [&](const Entry::Member& member) { return member.key == key; }),
                    members.end());
    }
}

void override_with(Entry& root, const std::vector<std::string>& overrides,
                   std::optional<std::uint64_t> seed, const std::optional<std::string>& until,
                   Complaints& complaints) {
  bool voxels = false, size = false;
  for (const std::string& text : overrides) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw ConfigError(printable("--set " + text.substr(0, 100) +
                                  ": a key, = and a value are needed; type for example: --set "
                                  "'oxygen.diffusivity=1e5 um^2/min'"));
    std::string key = text.substr(0, equals);
    while (!key.empty() && key.back() == ' ') key.pop_back();
    voxels = voxels || key == "domain.voxels";
    size = size || key == "domain.size";
  }
  if (voxels && !size) forget(root, "domain", "size");
  if (size && !voxels) forget(root, "domain", "voxels");
  for (const std::string& text : overrides) {
    const std::size_t equals = text.find('=');
    std::string key = text.substr(0, equals);
    while (!key.empty() && key.back() == ' ') key.pop_back();
    const Source source = source_named("--set " + text.substr(0, 200));
    try {
      Entry value = parse_yaml(text.substr(equals + 1), source, false);
      if (!value.place.source) value.place = {source, 0};
      complain_of_duplicates(value, key, complaints);
      put(root, key, std::move(value), complaints);
    } catch (const ConfigError& e) {
      std::string message = e.what();
      if (message.compare(0, source->size() + 2, *source + ": ") == 0)
        message.erase(0, source->size() + 2);
      complaints.add({source, 0}, message);
    }
  }
  const auto put_scalar = [&](const char* option, const char* key, const std::string& value) {
    Entry entry;
    entry.form = Entry::Form::scalar;
    entry.text = value;
    entry.place = {source_named(option), 0};
    put(root, key, std::move(entry), complaints);
  };
  if (seed) put_scalar("--seed", "simulation.seed", std::to_string(*seed));
  if (until) put_scalar("--until", "simulation.duration", *until);
}

// "tissue.cells[3].radius" for "tissue.cells[].radius" and 3.
std::string numbered(const std::string& key, std::size_t index) {
  const std::size_t at = key.find("[]");
  return at == std::string::npos
             ? key
             : key.substr(0, at + 1) + std::to_string(index) + key.substr(at + 1);
}

const Setting& setting_of(std::string_view key) {
  const Setting* s = find_setting(key);
  if (s == nullptr) throw std::logic_error("no setting " + std::string(key));
  return *s;
}

Parameters make_defaults(Preset preset) {
  Parameters p{};
  Complaints complaints;
  for (const Setting& s : settings()) {
    const std::string& text = fallback_of(s, preset);
    if (s.in_list() || text.empty()) continue;
    read_setting(s, s.key, parse_yaml(text, source_named("default of " + s.key), false),
                 s.slot(p, 0), {}, complaints);
  }
  p.simulation.preset = preset;
  if (complaints.any()) throw std::logic_error(complaints.text());
  return p;
}

const Parameters& defaults(Preset preset) {
  static const std::array<Parameters, 3> made{make_defaults(Preset::standard),
                                              make_defaults(Preset::physicell),
                                              make_defaults(Preset::analytic)};
  return made[static_cast<std::size_t>(preset)];
}

// The configuration on its way from a tree to Parameters.
class Interpreter {
public:
  Interpreter(const Entry& root, std::filesystem::path folder, Place whole, Complaints& complaints)
      : root_(root), folder_(std::move(folder)), whole_(std::move(whole)), complaints_(complaints) {
  }

  Parameters read() {
    walk(root_, "", "");
    Preset preset = Preset::standard;
    if (const Entry* entry = given("simulation.preset")) {
      Parameters chosen{};
      const Setting& s = setting_of("simulation.preset");
      if (read_setting(s, s.key, *entry, s.slot(chosen, 0), folder_, complaints_))
        preset = chosen.simulation.preset;
    }
    p_ = defaults(preset);
    for (const Setting& s : settings())
      if (!s.in_list() && s.type != Type::faces && s.key != "simulation.preset")
        if (const Entry* entry = given(s.key))
          read_setting(s, s.key, *entry, s.slot(p_, 0), folder_, complaints_);
    derive_domain();
    derive_time();
    derive_fields();
    for (const Setting& s : settings())
      if (s.type == Type::faces)
        if (const Entry* entry = given(s.key))
          read_setting(s, s.key, *entry, s.slot(p_, 0), folder_, complaints_);
    read_lists();
    // Rules between settings judge values, so they wait until every value could be read.
    if (!complaints_.any()) check_rules();
    return p_;
  }

private:
  const Entry* given(const std::string& key) const {
    const auto found = given_.find(key);
    return found == given_.end() ? nullptr : found->second;
  }

  // Sorts the tree's values by key and complains of those that no setting takes. `general` has []
  // for indices.
  void walk(const Entry& entry, const std::string& general, const std::string& exact) {
    for (const Entry::Member& m : entry.members) {
      const std::string key = general.empty() ? m.key : general + "." + m.key;
      const std::string shown = exact.empty() ? m.key : exact + "." + m.key;
      if (general.empty() && m.key.find('.') != std::string::npos &&
          find_setting(m.key) != nullptr) {
        const std::size_t dot = m.key.find('.');
        complaints_.add(m.place, m.key + " must be written in two levels: " + m.key.substr(0, dot) +
                                     ": and beneath it " + m.key.substr(dot + 1) + ":");
      } else if (find_setting(key) != nullptr) {
        given_[shown] = &m.value;
      } else if (find_list(key) != nullptr) {
        walk_list(m, key, shown);
      } else if (is_section(key)) {
        if (m.value.form == Entry::Form::map)
          walk(m.value, key, shown);
        else if (m.value.form != Entry::Form::empty)
          complaints_.add(m.place, key + " is a section; put its settings beneath it, indented");
      } else {
        // The search for what was meant takes a while, and only the first complaints are shown.
        complaints_.add(m.place, complaints_.full() ? std::string() : unknown_key(key));
      }
    }
  }

  void walk_list(const Entry::Member& m, const std::string& key, const std::string& shown) {
    if (m.value.form == Entry::Form::empty) return;
    if (m.value.form != Entry::Form::list) {
      complaints_.add(m.place, shown + " takes a list; begin each entry with a dash");
      return;
    }
    find_list(key)->resize(p_lists_, m.value.items.size());
    for (std::size_t i = 0; i < m.value.items.size(); ++i) {
      const Entry& item = m.value.items[i];
      const std::string name = shown + "[" + std::to_string(i) + "]";
      given_[name] = &item;
      if (item.form == Entry::Form::map)
        walk(item, key + "[]", name);
      else
        complaints_.add(item.place, name + " takes settings like " + example_of_list(key));
    }
  }

  static std::string example_of_list(const std::string& key) {
    return key == "vessels.lines"      ? "{from: [0 um, 0 um, 0 um], to: [0 um, 0 um, 2 mm]}"
           : key == "vessels.ends"     ? "{role: inlet, face: -z}"
           : key == "vegf.sources"     ? "{shape: sphere, radius: 100 um, rate: 0.01 nM/min}"
           : key == "tissue.membranes" ? "{shape: sphere, radius: 150 um}"
                                       : "{shape: sphere, kind: epithelial, radius: 100 um}";
  }

  static bool is_section(const std::string& key) {
    for (const Setting& s : settings())
      if (s.key.size() > key.size() && s.key.compare(0, key.size(), key) == 0 &&
          s.key[key.size()] == '.')
        return true;
    return false;
  }

  // Place of the first of the keys that the user wrote, or the whole file.
  Place place_of(const std::vector<std::string>& keys) const {
    for (const std::string& key : keys)
      if (const Entry* entry = given(key)) return entry->place;
    return whole_;
  }
  void complain(const std::vector<std::string>& keys, const std::string& message) {
    complaints_.add(place_of(keys), message);
  }

  void derive_domain() {
    const Entry* size = given("domain.size");
    if (size == nullptr) return;
    if (given("domain.voxels") != nullptr)
      complaints_.add(size->place,
                      "domain.size and domain.voxels say the same thing twice; remove one of them");
    const Setting& s = setting_of("domain.size");
    std::array<double, 3> edges{};
    if (!read_setting(s, s.key, *size, Slot{&edges}, folder_, complaints_)) return;
    const double h = p_.domain.spacing;
    for (std::size_t i = 0; i < 3; ++i) {
      const double n = std::round(edges[i] / h);
      if (std::abs(edges[i] - n * h) > 1e-9 * edges[i] || n < 1) {
        const double lower = std::floor(edges[i] / h);
        complaints_.add(size->items[i].place,
                        "domain.size is no whole multiple of domain.spacing along " +
                            std::string(1, "xyz"[i]) + "; the nearest are " +
                            (lower >= 1 ? format_number(lower * h) + " um and " : "") +
                            format_number((lower + 1) * h) + " um");
        return;
      }
      if (n > setting_of("domain.voxels").high) {
        complaints_.add(size->items[i].place,
                        "domain.size needs " + format_number(n) + " voxels along " +
                            std::string(1, "xyz"[i]) + "; at most " +
                            format_number(setting_of("domain.voxels").high) + " are possible");
        return;
      }
      p_.domain.voxels[i] = static_cast<int>(n);
    }
  }

  void derive_time() {
    if (given("time.vessel_step") != nullptr) return;
    const double step = p_.time.step, steps = std::max(1.0, std::round(30 / step));
    p_.time.vessel_step = std::abs(steps * step - 30) < 1e-9 ? 30 : steps * step;
  }

  double edge(std::size_t axis) const { return p_.domain.voxels[axis] * p_.domain.spacing; }
  std::array<double, 3> middle() const { return {edge(0) / 2, edge(1) / 2, edge(2) / 2}; }

  void derive_fields() {
    const double h = p_.domain.spacing;
    if (given("simulation.name") == nullptr) p_.simulation.name = name_;
    if (given("oxygen.first_order_rate") == nullptr)
      p_.oxygen.first_order_rate = 10.0 * 2494.0 / (h * h * h);
    p_.oxygen.faces.fill({FaceKind::fixed, p_.oxygen.tissue_pressure});
    if (given("oxygen.initial") == nullptr) p_.oxygen.initial = p_.oxygen.tissue_pressure;
    if (given("glucose.initial") == nullptr) p_.glucose.initial = p_.glucose.plasma;
    if (given("tracers.start") == nullptr) p_.tracers.start = middle();
  }

  void read_lists() {
    for (const SettingList& list : setting_lists()) {
      const std::size_t n = list.size(p_lists_);
      list.resize(p_, n);
      for (std::size_t i = 0; i < n; ++i) {
        const Entry* item = given(list.key + "[" + std::to_string(i) + "]");
        if (item->form == Entry::Form::map) read_list_entry(list.key + "[]", i, *item);
      }
    }
  }

  void read_list_entry(const std::string& section, std::size_t index, const Entry& item) {
    std::string shape;
    for (const Setting& s : settings()) {
      if (s.section() != section) continue;
      const std::string key = numbered(s.key, index);
      const Slot slot = s.slot(p_, index);
      const bool belongs = s.shapes.empty() || s.shapes == shape;
      if (!s.fallback.empty()) {
        const auto [text, is_new] = list_defaults_.try_emplace(&s);
        if (is_new)
          text->second = parse_yaml(s.fallback, source_named("default of " + s.key), false);
        read_setting(s, key, text->second, slot, folder_, complaints_);
      } else if (const auto* text = std::get_if<std::string*>(&slot))
        **text = s.words.empty() ? std::string() : std::string(s.words.front());
      else if (belongs && s.leaf() == "centre")
        *std::get<std::array<double, 3>*>(slot) = middle();
      const Entry* entry = given(key);
      if (entry != nullptr && !belongs) {
        if (!shape.empty())
          complaints_.add(entry->place, key + " belongs to shape " + s.shapes + ", but this is a " +
                                            shape + "; remove it or change the shape");
      } else if (entry != nullptr) {
        const bool good = read_setting(s, key, *entry, slot, folder_, complaints_);
        if (!good && s.leaf() == "shape") return; // what else belongs here is unknown
      } else if (belongs && s.fallback.empty() && s.leaf() != "centre") {
        complaints_.add(item.place, key + " is missing; type for example: " + example_text(s));
      }
      if (s.leaf() == "shape") shape = write_setting(s, slot);
    }
  }

  // ---- rules between settings

  void check_rules() {
    check_domain();
    check_time();
    check_thresholds();
    check_fields();
    check_migration();
    check_shapes();
    check_vegf();
    check_vessels();
    check_vessel_ends();
    check_vessel_growth();
    check_flow();
    check_output();
  }

  void check_domain() {
    const auto& n = p_.domain.voxels;
    const double voxels = static_cast<double>(n[0]) * n[1] * n[2];
    if (voxels > 2147483648.0)
      complain({"domain.voxels", "domain.size"},
               "the box has " + format_number(voxels) +
                   " voxels; at most 2147483648 (2^31) are possible; type fewer "
                   "voxels or a larger domain.spacing");
    for (std::size_t i = 0; i < 3; ++i)
      if (n[i] % p_.fields.coarsen != 0) {
        complain(
            {"fields.coarsen", "domain.voxels", "domain.size"},
            "fields.coarsen " + std::to_string(p_.fields.coarsen) + " does not divide the " +
                std::to_string(n[i]) + " voxels along " + std::string(1, "xyz"[i]) + "; type " +
                std::to_string(n[i] / p_.fields.coarsen * p_.fields.coarsen + p_.fields.coarsen) +
                " voxels or fields.coarsen: 1");
        break;
      }
    if (p_.cycle.push_length > 15.0 * p_.domain.spacing * (1 + 1e-12))
      complain({"cycle.push_length", "domain.spacing"},
               "cycle.push_length " + format_number(p_.cycle.push_length) +
                   " um is more than 15 voxels; type at most " +
                   format_number(15.0 * p_.domain.spacing) + " um");
  }

  void check_time() {
    if (p_.simulation.duration / p_.time.step > 4e9)
      complain({"simulation.duration", "time.step"},
               "simulation.duration takes " +
                   format_number(std::ceil(p_.simulation.duration / p_.time.step)) +
                   " steps; at most 4e9 are possible; type a longer time.step");
    if (p_.oxygen.enabled && p_.oxygen.relaxation == Relaxation::transient &&
        p_.oxygen.substep > p_.time.step)
      complain({"oxygen.substep", "time.step"}, "oxygen.substep is longer than time.step (" +
                                                    format_number(p_.time.step) +
                                                    " min); type a shorter one");
    const double steps = p_.time.vessel_step / p_.time.step;
    if (std::round(steps) < 1 || std::abs(steps - std::round(steps)) > 1e-9 * steps) {
      const double lower = std::floor(steps) * p_.time.step;
      complain({"time.vessel_step", "time.step"},
               "time.vessel_step (" + format_number(p_.time.vessel_step) +
                   " min) must be a whole number of steps of time.step (" +
                   format_number(p_.time.step) + " min); type " +
                   (lower > 0 ? format_number(lower) + " min or " : "") +
                   format_number(lower + p_.time.step) + " min");
    }
    const auto at_least_a_step = [&](const char* key, double interval) {
      if (interval > 0 && interval < p_.time.step)
        complain({key, "time.step"}, std::string(key) + " is " + format_number(interval) +
                                         " min, shorter than time.step (" +
                                         format_number(p_.time.step) +
                                         " min); type 0 min for none, or at least one step");
    };
    at_least_a_step("output.frames", p_.output.frames);
    at_least_a_step("output.report", p_.output.report);
    at_least_a_step("output.checkpoints", p_.output.checkpoints);
  }

  void ordered(const char* low_key, double low, const char* high_key, double high,
               bool may_be_equal) {
    if (low < high || (may_be_equal && low == high)) return;
    complain({low_key, high_key}, std::string(low_key) + " (" + format_number(low) +
                                      " mmHg) must " +
                                      (may_be_equal ? "not be above " : "be below ") + high_key +
                                      " (" + format_number(high) + " mmHg)");
  }

  void check_thresholds() {
    ordered("quiescence.enter", p_.quiescence.enter, "quiescence.leave", p_.quiescence.leave, true);
    ordered("death.necrosis_low", p_.death.necrosis_low, "death.necrosis_high",
            p_.death.necrosis_high, false);
    ordered("cycle.ramp_low", p_.cycle.ramp_low, "cycle.ramp_high", p_.cycle.ramp_high, false);
    ordered("transition.hypoxia_low", p_.transition.hypoxia_low, "transition.hypoxia_high",
            p_.transition.hypoxia_high, false);
    ordered("vegf.hypoxia_low", p_.vegf.hypoxia_low, "vegf.hypoxia_high", p_.vegf.hypoxia_high,
            false);
    if (p_.oxygen.enabled && p_.oxygen.tissue_supply)
      ordered("oxygen.tissue_pressure", p_.oxygen.tissue_pressure, "oxygen.arterial_pressure",
              p_.oxygen.arterial_pressure, false);
    if (p_.glucose.enabled && p_.glucose.necrosis_atp > p_.glucose.quiescence_atp)
      complain({"glucose.necrosis_atp", "glucose.quiescence_atp"},
               "glucose.necrosis_atp (" + format_number(p_.glucose.necrosis_atp) +
                   ") must not be above glucose.quiescence_atp (" +
                   format_number(p_.glucose.quiescence_atp) + ")");
    if (p_.tissue.parenchyma + p_.tissue.stroma > 1.0)
      complain({"tissue.parenchyma", "tissue.stroma"},
               "tissue.parenchyma and tissue.stroma add up to " +
                   format_number(p_.tissue.parenchyma + p_.tissue.stroma) +
                   "; together they fill at most 1");
  }

  void check_fields() {
    check_frozen("oxygen", p_.oxygen.frozen, p_.oxygen.enabled);
    check_frozen("glucose", p_.glucose.frozen, p_.glucose.enabled);
    check_frozen("proteinase", p_.proteinase.frozen, p_.proteinase.enabled);
    check_frozen("inhibitor", p_.inhibitor.frozen, p_.inhibitor.enabled);
    check_frozen("vegf", p_.vegf.frozen, p_.vegf.enabled);
    check_formula("matrix.initial", p_.matrix.initial);
  }

  void check_frozen(const std::string& field, const Frozen& frozen, bool enabled) {
    if (frozen.active() && !enabled)
      complain({field + ".frozen"}, field + ".frozen prescribes a field that " + field +
                                        ".enabled: false leaves out; type " + field +
                                        ".enabled: true or remove it");
    check_formula(field + ".frozen", frozen);
  }

  // A formula can go wrong anywhere; a coarse grid over the box finds what is wrong over a region
  // or at the faces.
  void check_formula(const std::string& key, const Frozen& frozen) {
    if (frozen.expression.empty()) return;
    const Setting& s = setting_of(key);
    const Expression formula(frozen.expression);
    for (int k = 0; k <= 8; ++k)
      for (int j = 0; j <= 8; ++j)
        for (int i = 0; i <= 8; ++i) {
          const double x = edge(0) * i / 8, y = edge(1) * j / 8, z = edge(2) * k / 8;
          const double v = frozen.unit_scale * formula(x, y, z);
          if (v >= s.low && v <= s.high) continue;
          complain({key}, key + " is " +
                              (std::isfinite(v) ? format_number(v) : std::string("not a number")) +
                              " at x = " + format_number(x) + ", y = " + format_number(y) +
                              ", z = " + format_number(z) + " um; it must be " + range_text(s) +
                              " everywhere in the box");
          return;
        }
  }

  void check_migration() {
    const MigrationParameters& m = p_.migration;
    if (m.enabled && m.chemotaxis != 0.0 && !p_.oxygen.enabled)
      complain({"migration.chemotaxis", "oxygen.enabled"},
               "migration.chemotaxis follows oxygen, but oxygen.enabled is false; type "
               "oxygen.enabled: true or "
               "migration.chemotaxis: 0 um^2/min/mmHg");
    if (p_.tracers.count > 0 && !m.enabled)
      complain({"tracers.count", "migration.enabled"},
               "tracers.count asks for walkers, but migration.enabled is false; type "
               "migration.enabled: true");
    if (p_.tracers.count > 0) inside("tracers.start", p_.tracers.start, {"tracers.start"});
    if (!m.enabled) return;
    // The sum of the six jump probabilities where a cell in bare tissue faces dense matrix, or
    // anoxia rich oxygen, on all sides; the scheme turns upwind there.
    double densest = std::max({1.0, p_.matrix.maximum, p_.matrix.density});
    if (p_.matrix.pattern == MatrixPattern::layers)
      densest = std::max(densest, p_.matrix.layer_density);
    if (p_.matrix.pattern == MatrixPattern::fibres)
      densest = std::max(densest, p_.matrix.fibre_density);
    double richest =
        std::max({p_.oxygen.initial, p_.oxygen.vessel_pressure, p_.oxygen.tissue_pressure});
    for (const Face& face : p_.oxygen.faces)
      if (face.kind == FaceKind::fixed) richest = std::max(richest, face.value);
    const double drift = m.haptotaxis * densest + std::abs(m.chemotaxis) * richest;
    const std::array<std::pair<const char*, double>, 3> kinds{
        {{"migration.mesenchymal", m.mesenchymal + drift},
         {"migration.epithelial", m.epithelial + drift},
         {"migration.stroma", m.stroma}}};
    const double h2 = p_.domain.spacing * p_.domain.spacing;
    for (const auto& [key, jump] : kinds) {
      const double sum = 6.0 * jump * p_.time.step / p_.time.motility_substeps / h2;
      if (sum <= 1.0) continue;
      complain({key, "migration.haptotaxis", "migration.chemotaxis", "time.motility_substeps",
                "time.step", "domain.spacing"},
               std::string(key) +
                   " with haptotaxis and chemotaxis makes a cell jump with probability " +
                   format_number(std::round(sum * 1000) / 1000) +
                   " in one round, which must not pass 1; type time.motility_substeps: " +
                   format_number(std::ceil(sum * p_.time.motility_substeps)) + " or more");
      break;
    }
  }

  bool inside(const std::string& what, const std::array<double, 3>& point,
              const std::vector<std::string>& keys) {
    for (std::size_t i = 0; i < 3; ++i)
      if (point[i] < 0 || point[i] > edge(i) * (1 + 1e-12)) {
        complain(keys, what + " lies outside the box along " + std::string(1, "xyz"[i]) + " (" +
                           format_number(point[i]) + " um); the box reaches from 0 to " +
                           format_number(edge(i)) + " um");
        return false;
      }
    return true;
  }

  static std::size_t axis_of(const std::string& axis) {
    return axis == "x" ? 0 : axis == "y" ? 1 : 2;
  }

  void check_sphere(const std::string& name, const std::array<double, 3>& centre, double radius) {
    for (std::size_t i = 0; i < 3; ++i)
      if (centre[i] + radius <= 0 || centre[i] - radius >= edge(i)) {
        complain({name + ".centre", name + ".radius"},
                 name + " lies wholly outside the box, which reaches to [" +
                     format_number(edge(0)) + ", " + format_number(edge(1)) + ", " +
                     format_number(edge(2)) + "] um");
        return;
      }
  }

  // An extent of a box or layer, which must rise and must meet the domain.
  void check_extent(const std::string& name, const char* low_key, const char* high_key, double low,
                    double high, std::size_t axis) {
    const std::string along = std::string(" along ") + "xyz"[axis];
    if (low >= high)
      complain({name + "." + low_key, name + "." + high_key},
               name + "." + low_key + " must be below " + name + "." + high_key + along + " (" +
                   format_number(low) + " and " + format_number(high) + " um)");
    else if (high <= 0 || low >= edge(axis))
      complain({name + "." + low_key}, name + " lies wholly outside the box" + along +
                                           ", which reaches to " + format_number(edge(axis)) +
                                           " um");
  }

  void check_shapes() {
    for (std::size_t i = 0; i < p_.tissue.cells.size(); ++i) {
      const SeedShape& s = p_.tissue.cells[i];
      const std::string name = "tissue.cells[" + std::to_string(i) + "]";
      if (s.shape == Shape::sphere) check_sphere(name, s.centre, s.radius);
      if (s.shape == Shape::box)
        for (std::size_t a = 0; a < 3; ++a) check_extent(name, "from", "to", s.from[a], s.to[a], a);
      if (s.shape == Shape::layer)
        check_extent(name, "begin", "end", s.begin, s.end, axis_of(s.axis));
      if (s.mesenchymal_fraction > 0 && s.kind != "epithelial")
        complain({name + ".mesenchymal_fraction"},
                 name + ".mesenchymal_fraction is for kind epithelial, but the kind is " + s.kind +
                     "; remove it");
      if (s.stem && s.kind != "epithelial" && s.kind != "mesenchymal")
        complain({name + ".stem"},
                 name + ".stem is for tumour cells, but the kind is " + s.kind + "; remove it");
      else if (s.stem && !p_.stem.enabled)
        complain({name + ".stem", "stem.enabled"}, name + ".stem needs stem.enabled: true");
    }
    for (std::size_t i = 0; i < p_.tissue.membranes.size(); ++i) {
      const TissueParameters::Membrane& m = p_.tissue.membranes[i];
      const std::string name = "tissue.membranes[" + std::to_string(i) + "]";
      if (m.shape == Shape::sphere) check_sphere(name, m.centre, m.radius);
      if (m.shape == Shape::layer && (m.at < 0 || m.at > edge(axis_of(m.axis))))
        complain({name + ".at"}, name + ".at lies outside the box along " + m.axis +
                                     ", which reaches from 0 to " +
                                     format_number(edge(axis_of(m.axis))) + " um");
    }
  }

  std::string spelt(const char* key) {
    return write_setting(setting_of(key), setting_of(key).slot(p_, 0));
  }

  void check_vegf() {
    const VegfParameters& v = p_.vegf;
    if (v.basal_secretion > v.hypoxic_secretion)
      complain({"vegf.hypoxic_secretion", "vegf.basal_secretion"},
               "vegf.hypoxic_secretion (" + format_number(v.hypoxic_secretion) +
                   " molecules/s/cell) must not be below vegf.basal_secretion (" +
                   format_number(v.basal_secretion) + " molecules/s/cell)");
    if (!v.sources.empty() && !v.enabled)
      complain({"vegf.sources[0]"}, "vegf.sources is given, but vegf.enabled is false; type "
                                    "vegf.enabled: true or remove the sources");
    else if (!v.sources.empty() && v.frozen.active())
      complain({"vegf.sources[0]"}, "vegf.sources has no effect, as vegf.frozen prescribes the "
                                    "field; remove one of them");
    for (std::size_t i = 0; i < v.sources.size(); ++i) {
      const VegfParameters::Source& s = v.sources[i];
      const std::string name = "vegf.sources[" + std::to_string(i) + "]";
      if (s.shape == Shape::sphere) check_sphere(name, s.centre, s.radius);
      if (s.shape == Shape::box)
        for (std::size_t a = 0; a < 3; ++a) check_extent(name, "from", "to", s.from[a], s.to[a], a);
      if (s.shape == Shape::layer)
        check_extent(name, "begin", "end", s.begin, s.end, axis_of(s.axis));
    }
  }

  // The law of viscosity and the tables behind it end there.
  void check_radius(const std::string& key, double radius) {
    if (!p_.flow.enabled || (radius >= 1 && radius <= 50)) return;
    complain({key, "vessels.pattern"},
             key + " is " + format_number(radius) +
                 " um; where blood flow is solved it must be between 1 and 50 um; type such a "
                 "radius or flow.enabled: false");
  }

  void check_vessels() {
    const VesselParameters& v = p_.vessels;
    const std::string pattern = spelt("vessels.pattern");
    if (v.pattern == VesselPattern::lines && v.lines.empty())
      complain({"vessels.pattern"}, "vessels.pattern is lines, but vessels.lines has none; add " +
                                        example_of_list("vessels.lines"));
    if (v.pattern != VesselPattern::lines && !v.lines.empty())
      complain({"vessels.lines[0]"}, "vessels.lines is given, but vessels.pattern is " + pattern +
                                         "; type vessels.pattern: lines");
    if (v.pattern == VesselPattern::file && v.file.empty())
      complain({"vessels.pattern"},
               "vessels.pattern is file, but vessels.file names none; type for "
               "example: file: vessels.vtp");
    if (v.pattern != VesselPattern::file && !v.file.empty())
      complain({"vessels.file"}, "vessels.file is given, but vessels.pattern is " + pattern +
                                     "; type vessels.pattern: file");
    if (!v.file.empty()) {
      const std::string ending = std::filesystem::path(v.file).extension().string();
      if (ending != ".vtp" && ending != ".swc")
        complain({"vessels.file"}, "vessels.file must end in .vtp or .swc, not in `" +
                                       ending.substr(0, 20) + "`; convert the file to one of them");
    }
    if ((v.pattern == VesselPattern::grid || v.pattern == VesselPattern::pair ||
         v.pattern == VesselPattern::hexagonal) &&
        v.spacing < p_.domain.spacing)
      complain({"vessels.spacing", "domain.spacing"},
               "vessels.spacing must not be below domain.spacing (" +
                   format_number(p_.domain.spacing) + " um)");
    else if (v.pattern == VesselPattern::pair)
      check_pair();
    else if (v.pattern == VesselPattern::hexagonal)
      check_hexagonal();
    for (std::size_t i = 0; i < v.lines.size(); ++i) {
      const std::string name = "vessels.lines[" + std::to_string(i) + "]";
      const VesselLine& line = v.lines[i];
      const bool good = inside(name + ".from", line.from, {name + ".from"}) &&
                        inside(name + ".to", line.to, {name + ".to"});
      if (good && line.from == line.to)
        complain({name + ".to"}, name + " has no length: from and to are the same");
      check_radius(name + ".radius", line.radius);
      const double in = line.inlet_pressure > 0 ? line.inlet_pressure : p_.flow.inlet_pressure;
      const double out = line.outlet_pressure > 0 ? line.outlet_pressure : p_.flow.outlet_pressure;
      if (p_.flow.enabled && in <= out && (line.inlet_pressure > 0 || line.outlet_pressure > 0))
        complain(
            {name + ".inlet_pressure", name + ".outlet_pressure"},
            name + " has " + format_number(in) + " mmHg at its inlet and " + format_number(out) +
                " mmHg at its outlet; type a higher inlet_pressure or a lower outlet_pressure");
    }
  }

  void check_pair() {
    const VesselParameters& v = p_.vessels;
    check_radius("vessels.radius", v.radius);
    check_radius("vessels.radius_vein", v.radius_vein);
    const std::size_t next = (axis_of(v.axis) + 1) % 3;
    const double width = edge(next), middle_at = v.offset > 0 ? v.offset : width / 2;
    const std::string along = std::string(" along ") + "xyz"[next];
    if (v.spacing >= width)
      complain({"vessels.spacing"}, "vessels.spacing must be below the edge of the box" + along +
                                        " (" + format_number(width) +
                                        " um), across which artery and vein lie");
    else if (middle_at - v.spacing / 2 < 0 || middle_at + v.spacing / 2 > width)
      complain({"vessels.offset", "vessels.spacing"},
               "vessels.offset puts artery or vein outside the box" + along + "; type " +
                   format_number(v.spacing / 2) + " to " + format_number(width - v.spacing / 2) +
                   " um");
    const FlowParameters& f = p_.flow;
    if (f.enabled && 2 * v.drop >= f.inlet_pressure - f.outlet_pressure)
      complain({"vessels.drop", "flow.inlet_pressure", "flow.outlet_pressure"},
               "vessels.drop is " + format_number(v.drop) +
                   " mmHg in the artery and in the vein, which leaves nothing of the " +
                   format_number(f.inlet_pressure - f.outlet_pressure) +
                   " mmHg between flow.inlet_pressure and flow.outlet_pressure; type less than "
                   "half of that");
  }

  void check_hexagonal() {
    const VesselParameters& v = p_.vessels;
    check_radius("vessels.radius", v.radius);
    const std::size_t along = axis_of(v.axis), across = (along + 1) % 3, third = (along + 2) % 3;
    const double length = 3 * v.spacing, width = 1.7320508075688772 * v.spacing + p_.domain.spacing;
    if (edge(along) < length || edge(across) < width)
      complain({"vessels.spacing", "domain.voxels", "domain.size"},
               "vessels.spacing is too long for hexagons in the box: they need " +
                   format_number(length) + " um along " + std::string(1, "xyz"[along]) + " and " +
                   format_number(std::ceil(width)) + " um along " + std::string(1, "xyz"[across]) +
                   "; type at most " +
                   format_number(std::floor(std::min(
                       edge(along) / 3, (edge(across) - p_.domain.spacing) / 1.7320508075688772))) +
                   " um");
    // Rows, knees of a row, sheets: as many nodes, more or less.
    const double nodes = edge(along) / (1.5 * v.spacing) *
                         (edge(across) / (0.8660254037844386 * v.spacing)) *
                         (v.layers > 0 ? std::max(1.0, edge(third) / v.layers) : 1.0);
    if (nodes > 1e8)
      complain({"vessels.spacing", "vessels.layers"},
               "vessels.spacing and vessels.layers make some " +
                   format_number(std::round(nodes / 1e6)) +
                   " million forks; at most 100 million are possible; type longer ones");
    if (v.layers > 0 && v.layers < p_.domain.spacing)
      complain({"vessels.layers"}, "vessels.layers must not be below domain.spacing (" +
                                       format_number(p_.domain.spacing) +
                                       " um); type 0 um for a single sheet");
    if (v.layers > edge(third))
      complain({"vessels.layers"},
               "vessels.layers is more than the box's edge along " + std::string(1, "xyz"[third]) +
                   " (" + format_number(edge(third)) + " um); type 0 um for a single sheet");
  }

  void check_vessel_ends() {
    const VesselParameters& v = p_.vessels;
    if (v.pattern == VesselPattern::grid) check_radius("vessels.radius", v.radius);
    if (v.pattern == VesselPattern::none && !v.ends.empty()) {
      complain({"vessels.ends[0]"}, "vessels.ends is given, but there are no vessels; type "
                                    "vessels.pattern: grid, or remove the ends");
      return;
    }
    double highest = 0, lowest = 1e300; // pressure of inlets and outlets; a file has its own
    const bool own_ends = v.pattern != VesselPattern::file;
    if (own_ends) highest = p_.flow.inlet_pressure, lowest = p_.flow.outlet_pressure;
    const auto pressure_of = [&](const VesselEndSetting& end) {
      return end.pressure > 0             ? end.pressure
             : end.role == EndRole::inlet ? p_.flow.inlet_pressure
                                          : p_.flow.outlet_pressure;
    };
    for (const VesselEndSetting& end : v.ends)
      if (end.role == EndRole::inlet)
        highest = std::max(highest, pressure_of(end));
      else
        lowest = std::min(lowest, pressure_of(end));
    for (std::size_t i = 0; i < v.ends.size(); ++i) {
      const VesselEndSetting& end = v.ends[i];
      const std::string name = "vessels.ends[" + std::to_string(i) + "]";
      if (end.face.empty() == end.name.empty())
        complain({name}, name +
                             (end.face.empty() ? " says neither face nor name; "
                                               : " says both face and name; ") +
                             "type one of them, for example: " + example_of_list("vessels.ends"));
      else if (!end.name.empty() && v.pattern != VesselPattern::file)
        complain({name + ".name"}, name + ".name is for vessels.pattern file; type a face such as "
                                          "face: -z");
      if (!p_.flow.enabled) continue;
      const double p = pressure_of(end);
      if (end.role == EndRole::inlet && lowest < 1e300 && p <= lowest)
        complain({name + ".pressure", name}, name + " is an inlet at " + format_number(p) +
                                                 " mmHg, which is not above any outlet (" +
                                                 format_number(lowest) +
                                                 " mmHg is the lowest); type a higher pressure");
      if (end.role == EndRole::outlet && highest > 0 && p >= highest)
        complain({name + ".pressure", name}, name + " is an outlet at " + format_number(p) +
                                                 " mmHg, which is not below any inlet (" +
                                                 format_number(highest) +
                                                 " mmHg is the highest); type a lower pressure");
    }
  }

  void check_vessel_growth() {
    const SproutingParameters& s = p_.sprouting;
    if (!s.enabled) return;
    if (!p_.vegf.enabled)
      complain({"sprouting.enabled", "vegf.enabled"},
               "sprouting.enabled needs VEGF, but vegf.enabled is false; type vegf.enabled: true");
    if (p_.vessels.pattern == VesselPattern::none)
      complain({"sprouting.enabled", "vessels.pattern"},
               "sprouting.enabled needs vessels to sprout from, but vessels.pattern is none; type "
               "for example vessels.pattern: grid");
    if (s.radius >= p_.domain.spacing)
      complain({"sprouting.radius", "domain.spacing"},
               "sprouting.radius must be below domain.spacing (" +
                   format_number(p_.domain.spacing) + " um), as a sprout is a line of voxels");
    const double voxels = s.speed_limit * p_.time.vessel_step / p_.domain.spacing;
    if (voxels > 10 * (1 + 1e-12))
      complain({"sprouting.speed_limit", "time.vessel_step"},
               "sprouting.speed_limit takes a tip through " +
                   format_number(std::round(voxels * 10) / 10) +
                   " voxels in one time.vessel_step, and 10 is the most; type a speed_limit of at "
                   "most " +
                   format_number(10 * p_.domain.spacing / p_.time.vessel_step) +
                   " um/min or a shorter vessel_step");
  }

  void check_flow() {
    const FlowParameters& f = p_.flow;
    if (f.enabled && f.inlet_pressure <= f.outlet_pressure)
      complain({"flow.inlet_pressure", "flow.outlet_pressure"},
               "flow.inlet_pressure (" + format_number(f.inlet_pressure) +
                   " mmHg) must be above flow.outlet_pressure (" +
                   format_number(f.outlet_pressure) + " mmHg)");
    if (f.smallest_radius >= f.largest_radius)
      complain({"flow.smallest_radius", "flow.largest_radius"},
               "flow.smallest_radius (" + format_number(f.smallest_radius) +
                   " um) must be below flow.largest_radius (" + format_number(f.largest_radius) +
                   " um)");
    if (f.adaptation && !f.enabled)
      complain({"flow.adaptation", "flow.enabled"},
               "flow.adaptation follows the shear stress of blood flow, but flow.enabled is false; "
               "type flow.enabled: true or flow.adaptation: false");
  }

  void check_output() {
    const OutputParameters& o = p_.output;
    if (o.region_from == o.region_to) return;
    if (!inside("output.region_from", o.region_from, {"output.region_from"}) ||
        !inside("output.region_to", o.region_to, {"output.region_to"}))
      return;
    for (std::size_t i = 0; i < 3; ++i)
      if (o.region_from[i] >= o.region_to[i]) {
        complain({"output.region_from", "output.region_to"},
                 "output.region_from must be below output.region_to along " +
                     std::string(1, "xyz"[i]));
        return;
      }
  }

public:
  std::string name_; // of the run, unless the configuration gives one

private:
  const Entry& root_;
  std::filesystem::path folder_;
  Place whole_;
  Complaints& complaints_;
  std::map<std::string, const Entry*> given_;
  std::map<const Setting*, Entry> list_defaults_;
  Parameters p_{};
  Parameters p_lists_{}; // holds the lengths of the lists while defaults are still being chosen
};

std::string resolve(Parameters& p) {
  std::string text =
      "# Every setting of the run, defaults included. Running this file repeats the run.\n";
  std::string section;
  for (const Setting& s : settings()) {
    if (s.in_list()) continue;
    const Slot slot = s.slot(p, 0);
    if (std::holds_alternative<std::monostate>(slot)) continue;
    if (s.section() != section) {
      section = s.section();
      text += "\n" + section + ":\n";
      for (const SettingList& list : setting_lists()) {
        if (list.key.compare(0, section.size() + 1, section + ".") != 0) continue;
        text += "  " + list.key.substr(section.size() + 1) + ":";
        if (list.size(p) == 0) text += " []";
        text += "\n";
        for (std::size_t i = 0; i < list.size(p); ++i) {
          std::string shape;
          bool first = true;
          for (const Setting& m : settings()) {
            if (m.section() != list.key + "[]") continue;
            const std::string value = write_setting(m, m.slot(p, i));
            if (m.leaf() == "shape") shape = value;
            if (!m.shapes.empty() && m.shapes != shape) continue;
            text += (first ? "    - " : "      ") + std::string(m.leaf()) + ": " + value + "\n";
            first = false;
          }
        }
      }
    }
    text += "  " + std::string(s.leaf()) + ": " + write_setting(s, slot) + "\n";
  }
  return text;
}

// A name for the run that fits on a line, from the name of its file.
std::string run_name(const std::filesystem::path& file) {
  std::string name;
  for (const char c : file.stem().string())
    if (name.size() < 100)
      name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ? c : '_';
  return name.empty() ? "run" : name;
}

void flatten(const Entry& entry, const std::string& path,
             std::map<std::string, std::string>& values) {
  if (entry.form == Entry::Form::scalar) values[path] = entry.text;
  for (const Entry::Member& m : entry.members)
    flatten(m.value, path.empty() ? m.key : path + "." + m.key, values);
  for (std::size_t i = 0; i < entry.items.size(); ++i)
    flatten(entry.items[i], path + "[" + std::to_string(i) + "]", values);
}

bool acts_on_state(const std::string& key) {
  return key.compare(0, 7, "output.") != 0 && key != "simulation.duration" &&
         key != "simulation.name";
}

} // namespace

Entry read_yaml(std::string_view text, const std::string& name_for_messages,
                Complaints& complaints) {
  Entry root = parse_yaml(text, source_named(name_for_messages), true);
  complain_of_duplicates(root, "", complaints);
  return root;
}

Config read_config_text(const std::string& yaml, const std::filesystem::path& name_for_messages,
                        const std::vector<std::string>& overrides,
                        std::optional<std::uint64_t> seed,
                        const std::optional<std::string>& until) {
  const Source source = source_named(name_for_messages.string());
  Entry root = parse_yaml(yaml, source, true);
  Complaints complaints;
  const Place whole{source, 1};
  if (root.form == Entry::Form::empty)
    refuse(whole,
           "the file is empty; `metavox explain` lists what it can hold, for example tissue.cells");
  if (root.form != Entry::Form::map)
    refuse(whole, "the file must hold sections with settings, such as\n  oxygen:\n    diffusivity: "
                  "1.2e5 um^2/min");
  complain_of_duplicates(root, "", complaints);
  override_with(root, overrides, seed, until, complaints);
  Interpreter interpreter(root, name_for_messages.parent_path(), whole, complaints);
  interpreter.name_ = run_name(name_for_messages);
  Config config;
  config.parameters = interpreter.read();
  if (complaints.any()) throw ConfigError(complaints.text());
  config.resolved = resolve(config.parameters);
  config.source = name_for_messages;
  return config;
}

Config read_config(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                   std::optional<std::uint64_t> seed, const std::optional<std::string>& until) {
  const Place whole{source_named(file.string()), 0};
  std::error_code failed;
  const auto status = std::filesystem::status(file, failed);
  if (!std::filesystem::exists(status)) refuse(whole, "there is no such file");
  if (std::filesystem::is_directory(status)) refuse(whole, "this is a folder; name a YAML file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) refuse(whole, "the file cannot be opened; check its permissions");
  // One byte more than allowed is enough to know, also of a pipe or device without end.
  std::string text(largest_file + 4, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) refuse(whole, "the file cannot be read");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return read_config_text(text, file, overrides, seed, until);
}

std::vector<std::string> setting_differences(const std::string& resolved_a,
                                             const std::string& resolved_b) {
  std::map<std::string, std::string> there, here;
  flatten(parse_yaml(resolved_a, source_named("resolved.yaml"), true), "", there);
  flatten(parse_yaml(resolved_b, source_named("resolved.yaml"), true), "", here);
  std::map<std::string, std::pair<const std::string*, const std::string*>> both;
  for (const auto& [key, value] : there) both[key].first = &value;
  for (const auto& [key, value] : here) both[key].second = &value;
  std::vector<std::string> differences;
  for (const auto& [key, pair] : both) {
    if (!acts_on_state(key)) continue;
    const auto& [a, b] = pair;
    if (a != nullptr && b != nullptr && *a == *b) continue;
    differences.push_back(key + ": " + (a != nullptr ? *a : std::string("absent")) + " there, " +
                          (b != nullptr ? *b : std::string("absent")) + " here");
  }
  return differences;
}

} // namespace metavox
