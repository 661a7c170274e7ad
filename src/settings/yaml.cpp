#include "settings/yaml.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <sstream>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "settings/text.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

constexpr std::size_t most_nodes = 100000;
constexpr std::size_t most_text = 16 << 20;
constexpr std::size_t longest_key = 200;

// yaml-cpp takes a quoted text without its closing quote to end with the file. This comment, put
// behind every text, then shows up in the value.
constexpr std::string_view end_mark = "# end of configuration 7c1e";

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
    if (open_.size() + meant.depth > deepest_yaml) refuse_depth(mark);
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
    refuse(at(mark), "nested more than " + std::to_string(deepest_yaml) + " levels deep");
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
    if (open_.size() >= deepest_yaml) refuse_depth(mark);
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
    if (o.entry.form == Entry::Form::map) merge(o.entry);
    YAML::Mark mark;
    mark.line = o.entry.place.line - 1;
    keep(o.entry, o.anchor, o.size, o.depth, mark);
    attach(std::move(o.entry), o.size, o.depth);
  }

  // `<<: *other`: what this map does not say itself is taken from another map, or from the first of
  // several that says it.
  static void merge(Entry& map) {
    const auto is_merge = [](const Entry::Member& m) { return m.key == "<<"; };
    const auto first = std::stable_partition(map.members.begin(), map.members.end(),
                                             [&](const Entry::Member& m) { return !is_merge(m); });
    if (first == map.members.end()) return;
    if (std::next(first) != map.members.end())
      refuse(std::next(first)->place,
             "<< is written twice; type one list: <<: [*one, *two], the first of which wins");
    std::vector<Entry::Member> sources(std::make_move_iterator(first),
                                       std::make_move_iterator(map.members.end()));
    map.members.erase(first, map.members.end());
    std::unordered_set<std::string> known;
    for (const Entry::Member& m : map.members) known.insert(m.key);
    const auto take = [&](Entry& from) {
      if (from.form != Entry::Form::map)
        refuse(from.place, "<< takes over the settings of a section marked by &, as in <<: *name, "
                           "or of several, as in <<: [*one, *two]");
      for (Entry::Member& m : from.members)
        if (known.insert(m.key).second) map.members.push_back(std::move(m));
    };
    for (Entry::Member& m : sources) {
      if (m.value.form != Entry::Form::list)
        take(m.value);
      else
        for (Entry& item : m.value.items) take(item);
    }
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
// The n-th line, from 1; empty where there is none.
std::string_view line_of(std::string_view text, int n) {
  for (; n > 1 && !text.empty(); --n) {
    const std::size_t end = text.find('\n');
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return n < 1 ? std::string_view{} : text.substr(0, text.find('\n'));
}

// What to type where somebody wrote "size: [1.6, 0.8, 0.8] mm"; empty where it is something else.
std::string unit_behind_list(std::string_view line) {
  // The innermost list is the first that closes.
  const std::size_t close = line.find(']');
  if (close == std::string_view::npos || close == 0) return {};
  const std::size_t open = line.rfind('[', close);
  if (open == std::string_view::npos) return {};
  std::string_view unit = line.substr(close + 1);
  unit = trimmed(unit.substr(0, unit.find_first_of("#,}]")));
  if (unit.empty()) return {};
  std::string list;
  try {
    parse_unit(unit);
    std::string_view rest = line.substr(open + 1, close - open - 1);
    for (bool more = true; more;) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const Quantity number = parse_quantity(rest.substr(0, comma));
      if (number.has_unit) return {};
      list += (list.empty() ? "[" : ", ") + number.number + " " + std::string(unit);
      more = comma < rest.size();
      rest.remove_prefix(more ? comma + 1 : rest.size());
    }
  } catch (const UnitError&) {
    return {};
  }
  return "a unit stands behind the list; write it behind each number: " + list + "]";
}

} // namespace

Entry parse_yaml(std::string_view text, const Source& source, bool has_lines) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (text.substr(0, 2) == "\xFF\xFE" || text.substr(0, 2) == "\xFE\xFF")
    refuse({source, has_lines ? 1 : 0}, "this is UTF-16 text; save the file as UTF-8");
  if (text.size() > largest_yaml)
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
    if (parser && parser.HandleNextDocument(second)) {
      if (const std::string advice = unit_behind_list(line_of(text, 1)); !advice.empty())
        refuse({source, has_lines ? 1 : 0}, advice);
      refuse({source, 0},
             "the file holds more than one YAML document; keep the first and remove ---");
    }
    return tree;
  } catch (const YAML::Exception& e) {
    const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) +
                       (text.empty() || text.back() != '\n' ? 1 : 0);
    const int line = std::min(std::max(e.mark.line, 0) + 1, std::max(lines, 1));
    for (const int near : {line, line - 1})
      if (const std::string advice = unit_behind_list(line_of(text, near)); !advice.empty())
        refuse({source, has_lines ? near : 0}, advice);
    refuse({source, has_lines ? line : 0}, "not valid YAML: " + in_plain_words(e.msg));
  }
}

void complain_of_duplicates(const Entry& entry, const std::string& path, Complaints& complaints) {
  std::map<std::string_view, int> first_lines;
  for (const Entry::Member& m : entry.members) {
    const std::string key = path.empty() ? m.key : path + "." + m.key;
    const auto [known, is_new] = first_lines.emplace(m.key, m.place.line);
    if (!is_new)
      complaints.add(m.place, key.substr(0, 100) + " is written twice; " +
                                  (known->second > 0
                                       ? "the first is in line " + std::to_string(known->second)
                                       : std::string("keep one")));
    complain_of_duplicates(m.value, key, complaints);
  }
  for (std::size_t i = 0; i < entry.items.size(); ++i)
    complain_of_duplicates(entry.items[i], path + "[" + std::to_string(i) + "]", complaints);
}
Entry read_yaml(std::string_view text, const std::string& name_for_messages,
                Complaints& complaints) {
  Entry root = parse_yaml(text, source_named(name_for_messages), true);
  complain_of_duplicates(root, "", complaints);
  return root;
}

} // namespace metavox
