#include "program/sweep_config.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "core/file.hpp"
#include "input/text_lines.hpp"
#include "settings/complaints.hpp"
#include "settings/spelling.hpp"
#include "settings/text.hpp"
#include "settings/unknown_key.hpp"
#include "settings/yaml.hpp"
#include "site/config.hpp"
#include "site/settings_table.hpp"

namespace metavox {

namespace {

constexpr std::size_t largest_sweep = 100000;           // members
constexpr std::size_t most_text = std::size_t{1} << 28; // bytes of settings, of all members

const char* const parts_of_a_sweep = "config, replicates, seed, until, set, grid and one_at_a_time";

// A scalar as YAML that may stand anywhere: as it is where that reads back, else in quotes.
std::string scalar_text(const std::string& text) {
  try {
    Complaints ignored;
    const Entry list = read_yaml("[" + text + "]", "", ignored);
    if (list.form == Entry::Form::list && list.items.size() == 1 &&
        list.items[0].form == Entry::Form::scalar && list.items[0].text == text)
      return text;
  } catch (const ConfigError&) {
    // It has a meaning of its own.
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
  return out + '"';
}

std::string flow_text(const Entry& entry) {
  if (entry.form == Entry::Form::empty) return "~";
  if (entry.form == Entry::Form::scalar) return scalar_text(entry.text);
  std::string text;
  if (entry.form == Entry::Form::list) {
    for (const Entry& item : entry.items) text += (text.empty() ? "" : ", ") + flow_text(item);
    return "[" + text + "]";
  }
  for (const Entry::Member& m : entry.members)
    text += (text.empty() ? "" : ", ") + scalar_text(m.key) + ": " + flow_text(m.value);
  return "{" + text + "}";
}

class SweepReader {
public:
  SweepReader(std::filesystem::path file, Complaints& complaints)
      : file_(std::move(file)), complaints_(complaints) {}

  SweepConfig read(const Entry& root) {
    const Place whole{std::make_shared<const std::string>(file_.string()), 1};
    if (root.form != Entry::Form::map) {
      complaints_.add(whole, std::string("a sweep is a map of ") + parts_of_a_sweep +
                                 "; type for example: config: tumour.yaml");
      return {};
    }
    for (const Entry::Member& m : root.members) part(m);
    if (sweep_.config.empty() && root.find("config") == nullptr)
      complaints_.add(whole, "config is missing; it names the configuration to vary, for example: "
                             "config: tumour.yaml");
    check_size(whole);
    return std::move(sweep_);
  }

private:
  void part(const Entry::Member& m) {
    const Entry& value = m.value;
    if (m.key == "config") {
      if (value.form != Entry::Form::scalar || value.text.empty() || value.text.size() > 4000)
        complaints_.add(m.place, "config must name a file; type for example: config: tumour.yaml");
      else
        sweep_.config = file_.parent_path() / value.text;
    } else if (m.key == "replicates") {
      integer(m, "replicates: 3", sweep_.replicates);
      if (sweep_.replicates < 1 || sweep_.replicates > 100000) {
        complaints_.add(value.place, "replicates must be between 1 and 100000");
        sweep_.replicates = 1;
      }
    } else if (m.key == "seed") {
      integer(m, "seed: 1", sweep_.seed);
    } else if (m.key == "until") {
      if (value.form != Entry::Form::scalar)
        complaints_.add(m.place, "until must be a time; type for example: until: 10 day");
      else
        sweep_.until = value.text;
    } else if (m.key == "set") {
      if (value.form != Entry::Form::map)
        return complaints_.add(
            m.place, "set must be a map of settings; type for example: set: {matrix.density: 0.5}");
      for (const Entry::Member& s : value.members)
        if (setting(s)) sweep_.set.emplace_back(s.key, flow_text(s.value));
    } else if (m.key == "grid") {
      if (value.form != Entry::Form::map)
        return complaints_.add(m.place, "grid must be a map of settings with lists of values; type "
                                        "for example: grid: {matrix.density: [0.5, 1]}");
      for (const Entry::Member& s : value.members) axis(s);
    } else if (m.key == "one_at_a_time") {
      if (value.form != Entry::Form::scalar || (value.text != "true" && value.text != "false"))
        return complaints_.add(m.place, "one_at_a_time must be true or false");
      sweep_.one_at_a_time = value.text == "true";
    } else {
      const std::string near =
          closest(m.key, {"config", "replicates", "seed", "until", "set", "grid", "one_at_a_time"});
      complaints_.add(m.place, m.key + " is not part of a sweep" +
                                   (near.empty() ? std::string("; there are ") + parts_of_a_sweep
                                                 : "; did you mean " + near + "?"));
    }
  }

  bool setting(const Entry::Member& m) {
    // Entries of lists are addressed as tissue.cells[0].radius; read_config checks those.
    if (m.key.find('[') == std::string::npos && settings_table().find(m.key) == nullptr &&
        settings_table().find_list(m.key) == nullptr)
      complaints_.add(m.place,
                      complaints_.full() ? std::string() : unknown_key(m.key, settings_table()));
    else if (m.key == "simulation.seed")
      complaints_.add(m.place, "seeds are given by seed and replicates; remove simulation.seed");
    else if (!settings_.insert(m.key).second)
      complaints_.add(m.place, m.key + " stands in set and in grid; remove one of them");
    else
      return true;
    return false;
  }

  void axis(const Entry::Member& m) {
    if (!setting(m)) return;
    if (m.value.form != Entry::Form::list || m.value.items.empty()) {
      complaints_.add(m.place, m.key + " needs a list of values; type for example: " + m.key +
                                   ": [" + example(m.key) + "]");
      return;
    }
    std::vector<std::string> values;
    for (const Entry& v : m.value.items) values.push_back(flow_text(v));
    sweep_.grid.emplace_back(m.key, std::move(values));
  }

  static std::string example(const std::string& key) {
    const Setting* s = settings_table().find(key);
    const std::string value = s == nullptr ? "" : s->example_text().substr(s->leaf().size() + 2);
    return value.empty() ? "80 um, 100 um" : value + ", " + value;
  }

  template <class Integer>
  void integer(const Entry::Member& m, const char* typed, Integer& value) {
    const std::string& s = m.value.text;
    if (const auto whole = parsed<Integer>(s))
      value = *whole;
    else
      complaints_.add(m.place, m.key + " must be a whole number, not " + in_quotes(s) +
                                   "; type for example: " + typed);
  }

  void check_size(const Place& whole) {
    std::size_t points = 1, text = 100;
    const auto replicates = static_cast<std::size_t>(sweep_.replicates);
    for (const auto& [key, value] : sweep_.set) text += key.size() + value.size();
    for (const auto& [key, values] : sweep_.grid) {
      std::size_t longest = 0;
      for (const std::string& v : values) longest = std::max(longest, v.size());
      text += key.size() + 2 * longest;
      points = sweep_.one_at_a_time ? points + values.size() : points * values.size();
      if (points * replicates > largest_sweep) {
        complaints_.add(whole,
                        "more than " + std::to_string(largest_sweep) + " members; split the sweep");
        return;
      }
    }
    const std::size_t members = points * replicates;
    if (text > most_text / members)
      complaints_.add(whole, "the settings of all " + std::to_string(members) +
                                 " members take more than 256 MiB; split the sweep, or put what "
                                 "they share into the configuration");
  }

  std::filesystem::path file_;
  Complaints& complaints_;
  SweepConfig sweep_;
  std::set<std::string> settings_;
};

} // namespace

SweepConfig read_sweep_text(const std::string& yaml, const std::filesystem::path& file) {
  Complaints complaints;
  const Entry root = read_yaml(yaml, file.string(), complaints);
  SweepConfig sweep = SweepReader(file, complaints).read(root);
  if (complaints.any()) throw ConfigError(complaints.text());
  return sweep;
}

SweepConfig read_sweep(const std::filesystem::path& file) {
  std::string text;
  try {
    text = read_text(file, 1 << 22);
  } catch (const IoError& e) {
    throw ConfigError(printable(e.what()));
  }
  return read_sweep_text(text, file);
}

} // namespace metavox
