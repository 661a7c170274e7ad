#include "metavox/sweep.hpp"

#include <charconv>
#include <set>
#include <string>

#include "metavox/config.hpp"
#include "metavox/files.hpp"
#include "metavox/settings.hpp"

#include <yaml-cpp/yaml.h>

namespace metavox {

namespace {

constexpr std::size_t largest_sweep = 100000; // members

std::string flow_text(const YAML::Node& node) {
  if (node.IsScalar() && node.Tag() != "!") return node.Scalar();
  YAML::Emitter emitter;
  emitter.SetMapFormat(YAML::Flow);
  emitter.SetSeqFormat(YAML::Flow);
  emitter << node;
  return emitter.c_str();
}

} // namespace

SweepConfig read_sweep(const std::filesystem::path& file) {
  const auto refuse = [&](const YAML::Mark& mark, const std::string& message) {
    throw ConfigError(file.string() + ":" + std::to_string(mark.is_null() ? 1 : mark.line + 1) +
                      ": " + message);
  };
  std::string text;
  try {
    text = read_text(file, 1 << 22);
  } catch (const IoError& e) {
    throw ConfigError(e.what());
  }
  SweepConfig sweep;
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap())
      refuse({},
             "a sweep is a map with config, and if wanted replicates, seed, until, set and grid");
    const std::vector<std::string> known = {"config", "replicates", "seed", "until", "set", "grid"};
    std::set<std::string> seen;
    const auto check_setting = [&](const YAML::Node& key, std::set<std::string>& before) {
      const std::string name = key.Scalar();
      // Entries of lists are addressed as tissue.cells[0].radius; read_config checks those.
      if (name.find('[') == std::string::npos && find_setting(name) == nullptr)
        refuse(key.Mark(), name + unknown_key(name));
      if (name == "simulation.seed") refuse(key.Mark(), "seeds are given by seed and replicates");
      if (!before.insert(name).second) refuse(key.Mark(), name + " stands twice");
      return name;
    };
    std::set<std::string> settings_seen;
    const auto integer = [&](const YAML::Node& node, const char* name, auto& value) {
      const std::string& s = node.IsScalar() ? node.Scalar() : std::string();
      const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
      if (s.empty() || error != std::errc() || end != s.data() + s.size())
        refuse(node.Mark(), std::string(name) + " must be an integer");
    };
    for (const auto& entry : root) {
      const std::string key = entry.first.Scalar();
      const YAML::Node& value = entry.second;
      if (!seen.insert(key).second) refuse(entry.first.Mark(), key + " stands twice");
      if (key == "config") {
        if (!value.IsScalar() || value.Scalar().empty())
          refuse(value.Mark(), "config must name a file");
        sweep.config = file.parent_path() / value.Scalar();
      } else if (key == "replicates") {
        integer(value, "replicates", sweep.replicates);
        if (sweep.replicates < 1 || sweep.replicates > 100000)
          refuse(value.Mark(), "replicates must be between 1 and 100000");
      } else if (key == "seed") {
        integer(value, "seed", sweep.seed);
      } else if (key == "until") {
        if (!value.IsScalar())
          refuse(value.Mark(), "until must be a time, for example: until: 10 day");
        sweep.until = value.Scalar();
      } else if (key == "set") {
        if (!value.IsMap()) refuse(value.Mark(), "set must be a map of settings");
        for (const auto& s : value)
          sweep.set.emplace_back(check_setting(s.first, settings_seen), flow_text(s.second));
      } else if (key == "grid") {
        if (!value.IsMap())
          refuse(value.Mark(), "grid must be a map of settings with lists of values");
        for (const auto& s : value) {
          const std::string name = check_setting(s.first, settings_seen);
          if (!s.second.IsSequence() || s.second.size() == 0)
            refuse(s.second.Mark(), name + " needs a list of values, for example: [1, 2]");
          std::vector<std::string> values;
          for (const YAML::Node& v : s.second) values.push_back(flow_text(v));
          sweep.grid.emplace_back(name, std::move(values));
        }
      } else {
        const std::string near = closest(key, known);
        refuse(entry.first.Mark(),
               key + " is not part of a sweep" +
                   (near.empty() ? "; there are config, replicates, seed, until, set and grid"
                                 : "; did you mean " + near + "?"));
      }
    }
    if (sweep.config.empty()) refuse({}, "config is missing; it names the configuration to vary");
  } catch (const YAML::Exception& e) {
    refuse(e.mark, e.msg);
  }
  std::size_t members = static_cast<std::size_t>(sweep.replicates);
  for (const auto& [key, values] : sweep.grid) {
    members *= values.size();
    if (members > largest_sweep)
      throw ConfigError(file.string() + ":1: more than " + std::to_string(largest_sweep) +
                        " members; split the sweep");
  }
  return sweep;
}

} // namespace metavox
