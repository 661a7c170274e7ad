// What other programs hold of a run: settings and the site they describe.
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>

#include "input/inputs.hpp"
#include "metavox/metavox.hpp"
#include "program/backend.hpp"
#include "program/plan.hpp"
#include "program/restart.hpp"
#include "record/checkpoint.hpp"
#include "record/schedule.hpp"
#include "settings/resolve.hpp"
#include "site/config.hpp"
#include "site/settings_table.hpp"
#include "site/site.hpp"

namespace metavox {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view backends[] = {"auto", "cpu", "cuda"};

Executor executor_of(const ModelOptions& options, const Parameters& p) {
  bool known = false;
  for (const std::string_view name : backends) known = known || options.backend == name;
  if (!known)
    throw std::invalid_argument("ModelOptions: there is no back end '" + options.backend +
                                "'; there are auto, cpu and cuda");
  if (options.threads < 0) throw std::invalid_argument("ModelOptions: fewer than 0 threads");
  std::string note;
  return choose_executor(options.backend, options.threads, options.device, voxels_of(p), note);
}

// The site that settings describe, where there is memory for it; `restored`: the state that it will
// be given, so that no input file is read.
Site site_of(Config& config, const Executor& executor, const Snapshot* restored) {
  const Parameters& p = config.parameters;
  Schedule schedule = schedule_of(p);
  schedule.frames = 0; // a model writes none
  Needs needs = needs_of(p, schedule);
  require_memory(needs, p, executor);
  Inputs inputs;
  if (restored != nullptr) {
    inputs.absent = true;
    add_network(needs, p, schedule, *restored);
  } else {
    inputs = read_inputs(p);
    record_inputs(config, inputs.files);
    add_network(needs, p, schedule, inputs.vessel_file);
  }
  if (p.vessels.pattern == VesselPattern::file) require_memory(needs, p, executor);
  return {p, executor, inputs};
}

// Of the types that read() is instantiated for.
template <class T>
constexpr Model::Type type_of() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return Model::Type::u8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return Model::Type::u16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return Model::Type::u32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return Model::Type::u64;
  if constexpr (std::is_same_v<T, std::int64_t>) return Model::Type::i64;
  if constexpr (std::is_same_v<T, float>) return Model::Type::f32;
  return Model::Type::f64;
}

Model::Type type_of(ElementType type) {
  switch (type) {
  case ElementType::u8: return Model::Type::u8;
  case ElementType::u16: return Model::Type::u16;
  case ElementType::u32: return Model::Type::u32;
  case ElementType::u64: return Model::Type::u64;
  case ElementType::i64: return Model::Type::i64;
  case ElementType::f32: return Model::Type::f32;
  default: return Model::Type::f64;
  }
}

const char* type_text(Model::Type type) {
  constexpr const char* names[] = {"uint8_t", "uint16_t", "uint32_t", "uint64_t",
                                   "int64_t", "float",    "double"};
  return names[static_cast<std::size_t>(type)];
}

} // namespace

struct Model::State {
  Config config;
  Site simulation;

  State(Config settings, const ModelOptions& options, const Snapshot* restored = nullptr)
      : config(std::move(settings)),
        simulation(site_of(config, executor_of(options, config.parameters), restored)) {}
};

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model::State& Model::state() const {
  if (!state_) throw std::logic_error("this metavox::Model was moved from");
  return *state_;
}

Model Model::from_file(const fs::path& file, const ModelOptions& options) {
  return Model(std::make_unique<State>(read_config(file, options.overrides), options));
}

Model Model::from_text(const std::string& yaml, const ModelOptions& options) {
  return Model(
      std::make_unique<State>(read_config_text(yaml, "configuration", options.overrides), options));
}

Model Model::from_checkpoint(const fs::path& file, const ModelOptions& options) {
  const Checkpoint checkpoint = read_checkpoint(file);
  Config config = read_config_text(checkpoint.resolved, file, options.overrides, {}, {},
                                   FilesNamed::may_be_missing);
  std::string changed;
  for (const std::string& d :
       setting_differences(settings_table(), checkpoint.resolved, config.resolved))
    changed += "\n  " + d;
  if (!changed.empty())
    throw ConfigError(file.string() + ": the state of a checkpoint belongs to its own settings " +
                      "(there: checkpoint, here: asked for)" + changed);
  Model model(std::make_unique<State>(std::move(config), options, &checkpoint.snapshot));
  metavox::restore(model.state_->simulation, checkpoint, file);
  model.state_->simulation.take_events(); // of the set-up, told before
  return model;
}

void Model::step() { state().simulation.step(); }

void Model::run_until(double time) {
  State& s = state();
  constexpr double most_steps = 1e15;
  const double wanted = std::ceil(time / s.config.parameters.time.step - 1e-9);
  if (!(wanted <= most_steps))
    throw std::invalid_argument("Model::run_until: " + std::to_string(time) +
                                " min is no time that steps can reach");
  while (static_cast<double>(s.simulation.steps()) < wanted) s.simulation.step();
  s.simulation.check();
}

void Model::check() const { state().simulation.check(); }

double Model::time() const { return state().simulation.time(); }
std::int64_t Model::steps() const { return state().simulation.steps(); }
double Model::duration() const { return state().config.parameters.simulation.duration; }
std::uint64_t Model::hash() const { return state().simulation.hash(); }
std::string Model::backend() const { return state().simulation.executor().description(); }
const std::string& Model::parameters() const { return state().config.resolved; }

std::vector<Model::Metric> Model::measure() {
  std::vector<Metric> metrics;
  for (const metavox::Metric& m : state().simulation.measure())
    if (m.word.empty()) metrics.push_back({m.name, m.unit.empty() ? "1" : m.unit, m.value});
  return metrics;
}

std::vector<Model::Event> Model::take_events() {
  std::vector<Event> events;
  for (const metavox::Event& e : state().simulation.take_events())
    events.push_back({e.time, e.what, e.x, e.y, e.z, e.detail});
  return events;
}

std::vector<Model::Array> Model::arrays() const {
  const Site& simulation = state().simulation;
  std::vector<Array> all;
  for (const auto& some : {simulation.state_arrays(), simulation.derived_arrays()})
    for (const ArrayInfo& a : some)
      all.push_back({a.name, a.unit, a.meaning, type_of(a.type), a.extents, a.spacing});
  return all;
}

Model::Array Model::array(const std::string& name) const {
  std::string known;
  for (const Array& a : arrays()) {
    if (a.name == name) return a;
    known += (known.empty() ? "" : ", ") + a.name;
  }
  throw std::out_of_range("there is no array '" + name + "'; there are " + known);
}

template <class T>
std::vector<T> Model::read(const std::string& name) const {
  const Array a = array(name);
  if (a.type != type_of<T>())
    throw std::invalid_argument("array '" + name + "' is of " + type_text(a.type) + ", not of " +
                                type_text(type_of<T>()));
  std::vector<T> values(a.count());
  state().simulation.read(name, values.data());
  return values;
}

template std::vector<std::uint8_t> Model::read(const std::string&) const;
template std::vector<std::uint16_t> Model::read(const std::string&) const;
template std::vector<std::uint32_t> Model::read(const std::string&) const;
template std::vector<std::uint64_t> Model::read(const std::string&) const;
template std::vector<std::int64_t> Model::read(const std::string&) const;
template std::vector<float> Model::read(const std::string&) const;
template std::vector<double> Model::read(const std::string&) const;

void Model::save(const fs::path& checkpoint) const {
  const State& s = state();
  std::vector<std::string> names;
  for (const ArrayInfo& info : s.simulation.state_arrays()) names.push_back(info.name);
  write_checkpoint(checkpoint, take_snapshot(s.simulation, names), s.config.resolved);
}

} // namespace metavox
