#include "body/body_config.hpp"

#include <utility>

#include "body/standard_organs.hpp"
#include "core/errors.hpp"
#include "settings/days.hpp"
#include "settings/override.hpp"
#include "settings/read_table.hpp"
#include "settings/resolve.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/yaml.hpp"
#include "site/config.hpp"
#include "site/settings_table.hpp"

namespace metavox {
namespace {

void describe_run(Section<BodyRunParameters>& s) {
  using P = BodyRunParameters;
  s.text(&P::name, "name")
      .derived("the name of the configuration file")
      .example("breast_cohort")
      .without_effect()
      .means("Name of the run in titles and logs.")
      .from(sources::run_choice);
  s.seed(&P::seed, "seed")
      .normally("1")
      .means(
          "Number from which all random draws follow; the same seed repeats the run bit for bit.")
      .from(sources::run_choice);
  s.number(&P::duration, "duration", "min")
      .between(0, 1e9)
      .normally("0 day")
      .example("5 years")
      .without_effect()
      .means("Time for which a body is followed hour by hour; 0: not at all.")
      .from(sources::run_choice);
}

void describe_output(Section<BodyOutputParameters>& s) {
  using P = BodyOutputParameters;
  s.number(&P::report, "report", "min")
      .between(0, 1e9)
      .normally("10 day")
      .without_effect()
      .means("Time between rows of body.csv and cascade.csv.")
      .from(sources::run_choice);
  s.number(&P::checkpoints, "checkpoints", "min")
      .between(0, 1e9)
      .normally("100 day")
      .without_effect()
      .means("Time between checkpoints; 0: only at the end and when interrupted.")
      .from(sources::run_choice);
  s.integer(&P::keep, "keep")
      .between(1, 1e6)
      .normally("3")
      .without_effect()
      .means("Checkpoints that are kept.")
      .from(sources::run_choice);
}

void judge_file(const BodySettings& s, Judge& judge) {
  const bool hours = s.simulation.duration > 0;
  if (hours && s.body.patients > 0)
    judge.complain({"simulation.duration", "body.patients"},
                   "body.patients are followed until observer.horizon, whatever the duration; "
                   "leave one of simulation.duration and body.patients out");
  if (!hours) judge_steps(s.body, judge);
}

void describe_file(Section<BodySettings>& whole) {
  whole.section(&BodySettings::simulation, "simulation", describe_run);
  whole.section(&BodySettings::body, "body", describe);
  whole.section(&BodySettings::output, "output", describe_output);
  whole.derive("body.organs[].pass", [](const BodySettings& s) { return s.body.pass; });
  whole.derive("body.step", [](const BodySettings& s) {
    return s.simulation.duration > 0 ? 60.0 : 10 * minutes_per_day;
  });
  whole.rule(judge_file);
}

struct Everything {
  Parameters site;
  BodyParameters body;
};

void describe_everything(Section<Everything>& whole) {
  whole.part(&Everything::site, describe_site);
  whole.section(&Everything::body, "body", describe);
}

// Lists that the file leaves out.
void add_standard_lists(Entry& root) {
  Entry* body = nullptr;
  for (Entry::Member& m : root.members)
    if (m.key == "body") body = &m.value;
  if (body == nullptr || (body->form != Entry::Form::map && body->form != Entry::Form::empty))
    return;
  body->form = Entry::Form::map;
  static const Entry standard =
      parse_yaml(standard_organs(), source_named("configs/organs.yaml"), true);
  for (const Entry::Member& m : standard.find("body")->members)
    if (m.value.form == Entry::Form::list && body->find(m.key) == nullptr)
      body->members.push_back(m);
}

} // namespace

const Table& body_table() {
  static const Table table = make_table(describe_file);
  return table;
}

const Table& all_settings() {
  static const Table table = make_table(describe_everything);
  return table;
}

BodyConfig read_body_text(const std::string& yaml, const std::filesystem::path& name_for_messages,
                          const std::vector<std::string>& overrides,
                          std::optional<std::uint64_t> seed,
                          const std::optional<std::string>& until) {
  const Source source = source_named(name_for_messages.string());
  Entry root = parse_yaml(yaml, source, true);
  Complaints complaints;
  const Place whole{source, 1};
  if (root.form != Entry::Form::map || root.find("body") == nullptr)
    refuse(whole, "the file has no section body; type for example:\n  body:\n    primary: breast");
  complain_of_duplicates(root, "", complaints);
  for (Entry::Member& m : root.members)
    if (body_table().whole().section(m.key) == nullptr &&
        settings_table().whole().section(m.key) != nullptr)
      complaints.add(m.place,
                     m.key + " is of a lattice, and a body of counters has none; remove it");
  if (complaints.any()) throw ConfigError(complaints.text());
  add_standard_lists(root);
  override_with(root, overrides, body_table(), complaints);
  if (seed)
    override_value(root, "simulation.seed", option_value("--seed", std::to_string(*seed)),
                   complaints);
  if (until)
    override_value(root, "simulation.duration", option_value("--until", *until), complaints);
  BodyConfig config{};
  read_table(body_table(), root, Object::of(config.settings), name_for_messages.parent_path(),
             whole, complaints);
  if (complaints.any()) throw ConfigError(complaints.text());
  if (config.settings.simulation.name.empty())
    config.settings.simulation.name = run_name(name_for_messages);
  fill_soils(config.settings.body);
  config.resolved = resolve(body_table(), Object::of(config.settings));
  config.source = name_for_messages;
  config.notes = complaints.notes();
  return config;
}

BodyConfig read_body(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                     std::optional<std::uint64_t> seed, const std::optional<std::string>& until) {
  return read_body_text(configuration_text(file), file, overrides, seed, until);
}

bool has_body(const std::filesystem::path& file) {
  try {
    const Entry root = parse_yaml(configuration_text(file), source_named(file.string()), true);
    return root.find("body") != nullptr;
  } catch (const ConfigError&) {
    return false;
  }
}

} // namespace metavox
