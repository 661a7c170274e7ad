#include "site/config.hpp"

#include <cctype>
#include <fstream>
#include <system_error>
#include <utility>

#include "settings/override.hpp"
#include "settings/read_table.hpp"
#include "settings/resolve.hpp"
#include "settings/yaml.hpp"
#include "site/settings_table.hpp"

namespace metavox {
// A name for the run that fits on a line, from the name of its file.
std::string run_name(const std::filesystem::path& file) {
  std::string name;
  for (const char c : file.stem().string())
    if (name.size() < 100)
      name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ? c : '_';
  return name.empty() ? "run" : name;
}

Config read_config_text(const std::string& yaml, const std::filesystem::path& name_for_messages,
                        const std::vector<std::string>& overrides,
                        std::optional<std::uint64_t> seed, const std::optional<std::string>& until,
                        FilesNamed files) {
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
  override_with(root, overrides, settings_table(), complaints);
  if (seed)
    override_value(root, "simulation.seed", option_value("--seed", std::to_string(*seed)),
                   complaints);
  if (until)
    override_value(root, "simulation.duration", option_value("--until", *until), complaints);
  Config config{};
  Parameters& p = config.parameters;
  read_table(settings_table(), root, Object::of(p), name_for_messages.parent_path(), whole,
             complaints, files);
  if (complaints.any()) throw ConfigError(complaints.text());
  if (p.simulation.name.empty()) p.simulation.name = run_name(name_for_messages);
  config.resolved = resolve(settings_table(), Object::of(p));
  config.source = name_for_messages;
  config.notes = complaints.notes();
  return config;
}

std::string configuration_text(const std::filesystem::path& file) {
  const Place whole{source_named(file.string()), 0};
  std::error_code failed;
  const auto status = std::filesystem::status(file, failed);
  if (!std::filesystem::exists(status)) refuse(whole, "there is no such file");
  if (std::filesystem::is_directory(status)) refuse(whole, "this is a folder; name a YAML file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) refuse(whole, "the file cannot be opened; check its permissions");
  // One byte more than allowed is enough to know, also of a pipe or device without end.
  std::string text(largest_yaml + 4, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) refuse(whole, "the file cannot be read");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

Config read_config(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                   std::optional<std::uint64_t> seed, const std::optional<std::string>& until,
                   FilesNamed files) {
  return read_config_text(configuration_text(file), file, overrides, seed, until, files);
}

void record_inputs(Config& config, std::vector<InputFile> inputs) {
  config.parameters.simulation.inputs = std::move(inputs);
  config.resolved = resolve(settings_table(), Object::of(config.parameters));
}

} // namespace metavox
