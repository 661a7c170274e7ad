#include "body/body_config.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "body/standard_organs.hpp"
#include "body/window_lattice.hpp"
#include "core/errors.hpp"
#include "settings/days.hpp"
#include "settings/override.hpp"
#include "settings/read_table.hpp"
#include "settings/resolve.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/units.hpp"
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
  if (s.body.patients > 0 && is_planned(s.body.removal))
    judge.complain(
        {"body.removal.time", "body.removal.diameter", "body.removal.found"},
        "body.removal is of a body followed hour by hour; primaries of body.patients are "
        "removed when they are found, unless body.observer.removes is false");
  if (s.body.patients > 0 && s.body.cavity.enabled && !(s.body.cavity.exposed > 0))
    judge.note({"body.cavity.enabled"},
               "body.cavity.exposed is 0: no lattice tells of body.patients whether a serosa is "
               "broken, so nothing comes into their cavity");
  if (hours && s.body.removal.time > s.simulation.duration)
    judge.note({"body.removal.time"}, "body.removal.time comes after the end of the run");
}

void describe_file(Section<BodySettings>& whole) {
  whole.section(&BodySettings::simulation, "simulation", describe_run);
  whole.section(&BodySettings::body, "body", describe);
  whole.section(&BodySettings::output, "output", describe_output);
  whole.derive("body.organs[].pass", [](const BodySettings& s) { return s.body.pass; });
  whole.derive("body.organs[].radial_rate",
               [](const BodySettings& s) { return s.body.lesions.radial_rate; });
  whole.derive("body.organs[].radial_cells",
               [](const BodySettings& s) { return s.body.lesions.radial_cells; });
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

namespace {

// Sections of a lattice in the file.
bool is_of_lattice(const Entry::Member& m) {
  return body_table().whole().section(m.key) == nullptr &&
         settings_table().whole().section(m.key) != nullptr;
}
bool has_lattice(const Entry& root) {
  return std::any_of(root.members.begin(), root.members.end(), is_of_lattice);
}

Entry without_body(const Entry& root) {
  Entry site = root;
  site.members.erase(std::remove_if(site.members.begin(), site.members.end(),
                                    [](const Entry::Member& m) { return m.key == "body"; }),
                     site.members.end());
  return site;
}

// The section body; of the others what the table of bodies knows, as a lattice has more of them.
Entry with_body_alone(const Entry& root) {
  Entry body = root;
  body.members.clear();
  for (const Entry::Member& m : root.members) {
    const Part* part = body_table().whole().section(m.key);
    if (part == nullptr) continue;
    Entry::Member kept = m;
    if (m.key != "body" && m.value.form == Entry::Form::map)
      kept.value.members.erase(std::remove_if(kept.value.members.begin(), kept.value.members.end(),
                                              [&](const Entry::Member& leaf) {
                                                return body_table().find(m.key + "." + leaf.key) ==
                                                       nullptr;
                                              }),
                               kept.value.members.end());
    body.members.push_back(std::move(kept));
  }
  return body;
}

// A body without a lattice has no use for how a lattice is written down, and the file need not be
// changed for that. What would change the lattice's results is left for the table to refuse.
void drop_output_of_lattice(Entry& root, Complaints& complaints) {
  for (Entry::Member& m : root.members) {
    if (body_table().whole().section(m.key) == nullptr) continue;
    std::vector<Entry::Member>& leaves = m.value.members;
    const auto idle = [&](const Entry::Member& leaf) {
      const std::string key = m.key + "." + leaf.key;
      const Setting* s = settings_table().find(key);
      if (s == nullptr || s->acts_on_state || body_table().find(key) != nullptr) return false;
      complaints.note(leaf.place,
                      key + " has no effect: it is of a lattice, and this body has none");
      return true;
    };
    leaves.erase(std::remove_if(leaves.begin(), leaves.end(), idle), leaves.end());
  }
}

// The lattice's settings, and those of the body as a section at their end.
std::string resolve_both(const BodyConfig& config) {
  BodySettings settings = config.settings;
  const std::string body = resolve(body_table(), Object::of(settings));
  if (!config.lattice) return body;
  Parameters lattice = *config.lattice;
  const std::size_t from = body.find("\nbody:");
  const std::size_t to = body.find("\n\n", from);
  return resolve(settings_table(), Object::of(lattice)) +
         body.substr(from, to == std::string::npos ? to : to + 1 - from);
}

void judge_lattice(const BodySettings& s, const Parameters& p, const Place& whole,
                   Complaints& complaints) {
  const auto refuse = [&](const std::string& why) { complaints.add(whole, why); };
  const double vessel_steps = s.body.step / p.time.vessel_step;
  if (vessel_steps < 1 || std::abs(vessel_steps - std::round(vessel_steps)) > 1e-9 * vessel_steps)
    refuse("body.step (" + format_number(s.body.step) +
           " min) must be a whole number of time.vessel_step (" +
           format_number(p.time.vessel_step) + " min) where the primary has a lattice");
  if (!(p.simulation.duration > 0))
    refuse("simulation.duration must be above 0 where the primary has a lattice");
  if (s.body.replicates != 1)
    refuse("body.replicates must be 1 where the primary has a lattice; run it with other seeds");
  if (p.lymphatics.enabled && !(s.body.lymph.share > 0))
    refuse("lymphatics.enabled: cells leave the lattices by lymph, and with body.lymph.share 0 no "
           "node takes them; type body.lymph.share: 0.02, which also is what the primary sheds by "
           "lymph once its window has closed, or lymphatics.enabled: false");
  if (!p.lymphatics.enabled && s.body.lymph.share > 0)
    refuse(
        "body.lymph.share: the primary's lattice has no lymphatics, so cells would leave by lymph "
        "only once its window has closed; type lymphatics.enabled: true, or body.lymph.share: 0");
  if (!s.body.force.empty() && s.body.coupling != Coupling::linear)
    refuse("forced founders have windows beside the natural lesions of one body: type "
           "body.coupling: linear");
  if (p.landing.inflamed)
    refuse("landing.inflamed: not all of a body's sleepers are on its lattices; type for example "
           "body.host.inflammation: [{from: 0 day, until: 10 years}], which wakes them wherever "
           "they are, or landing.inflamed: false");
  if (!p.serosa.faces.empty() && !s.body.cavity.enabled)
    refuse("serosa.faces: cells are shed into a cavity, and the body has none; type "
           "body.cavity.enabled: true, or serosa.faces: []");
  const double voxels = std::round(s.body.windows.size / s.body.windows.spacing);
  if (std::fmod(voxels, p.fields.coarsen) != 0)
    refuse("fields.coarsen (" + std::to_string(p.fields.coarsen) +
           ") does not divide the voxels of a window, body.windows.size over "
           "body.windows.spacing (" +
           format_number(voxels) + ")");
}

} // namespace

BodyConfig read_body_text(const std::string& yaml, const std::filesystem::path& name_for_messages,
                          const std::vector<std::string>& overrides,
                          std::optional<std::uint64_t> seed,
                          const std::optional<std::string>& until, FilesNamed files) {
  const Source source = source_named(name_for_messages.string());
  Entry root = parse_yaml(yaml, source, true);
  Complaints complaints;
  const Place whole{source, 1};
  if (root.form != Entry::Form::map || root.find("body") == nullptr)
    refuse(whole, "the file has no section body; type for example:\n  body:\n    primary: breast");
  complain_of_duplicates(root, "", complaints);
  const Entry* patients = root.find("body")->find("patients");
  if (patients != nullptr && patients->text != "0")
    for (const Entry::Member& m : root.members)
      if (is_of_lattice(m))
        complaints.add(m.place, m.key + " is of a lattice, and body.patients have none; remove it");
  if (complaints.any()) throw ConfigError(complaints.text());
  add_standard_lists(root);
  override_with(root, overrides, has_lattice(root) ? all_settings() : body_table(), complaints);
  if (seed)
    override_value(root, "simulation.seed", option_value("--seed", std::to_string(*seed)),
                   complaints);
  if (until)
    override_value(root, "simulation.duration", option_value("--until", *until), complaints);
  BodyConfig config{};
  const auto folder = name_for_messages.parent_path();
  if (!has_lattice(root)) {
    drop_output_of_lattice(root, complaints);
  } else {
    read_table(settings_table(), without_body(root), Object::of(config.lattice.emplace()), folder,
               whole, complaints, files);
    root = with_body_alone(root);
    const double days =
        complaints.any() ? 1 : config.lattice->simulation.duration / minutes_per_day;
    override_value(root, "simulation.duration",
                   option_value("simulation.duration", format_number(days) + " day"), complaints);
  }
  read_table(body_table(), root, Object::of(config.settings), folder, whole, complaints);
  if (config.lattice && !complaints.any())
    judge_lattice(config.settings, *config.lattice, whole, complaints);
  if (!config.lattice && !config.settings.body.windows.scan.empty())
    complaints.add(whole, "body.windows.scan opens lattices, and the file describes none; add the "
                          "sections of the primary's, for example domain: {voxels: [40, 40, 40]} "
                          "and vessels: {pattern: grid}, or remove it");
  if (complaints.any()) throw ConfigError(complaints.text());
  if (config.settings.simulation.name.empty())
    config.settings.simulation.name = run_name(name_for_messages);
  fill_soils(config.settings.body);
  fill_human(config.settings.body);
  if (config.lattice) {
    config.lattice->simulation.name = config.settings.simulation.name;
    config.settings.simulation.duration = config.lattice->simulation.duration;
    config.settings.output = {config.lattice->output.report, config.lattice->output.checkpoints,
                              config.lattice->output.keep};
    check_windows(*config.lattice, config.settings.body);
  }
  config.resolved = resolve_both(config);
  config.source = name_for_messages;
  config.notes = complaints.notes();
  return config;
}

BodyConfig read_body(const std::filesystem::path& file, const std::vector<std::string>& overrides,
                     std::optional<std::uint64_t> seed, const std::optional<std::string>& until,
                     FilesNamed files) {
  return read_body_text(configuration_text(file), file, overrides, seed, until, files);
}

void record_inputs(BodyConfig& config, std::vector<InputFile> inputs) {
  if (!config.lattice) return;
  config.lattice->simulation.inputs = std::move(inputs);
  config.resolved = resolve_both(config);
}

std::string lattice_part(const std::string& resolved) {
  return resolved.substr(0, resolved.find("\nbody:"));
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
