#include "site/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>

#include "cells/population.hpp"
#include "core/launch.hpp"
#include "fields/oxygen.hpp"
#include "fields/proteinase.hpp"
#include "fields/vegf.hpp"
#include "site/measure.hpp"
#include "tissue/matrix.hpp"
#include "tissue/start.hpp"
#include "vessels/parents.hpp"
#include "vessels/vasculature.hpp"

namespace metavox {
namespace {

Lattice tissue_lattice(const Parameters& p) {
  return {p.domain.voxels[0], p.domain.voxels[1], p.domain.voxels[2], p.domain.spacing};
}

Lattice field_lattice(const Parameters& p) {
  const int c = p.fields.coarsen;
  const auto covered = [c](int n) { return (n + c - 1) / c; };
  return {covered(p.domain.voxels[0]), covered(p.domain.voxels[1]), covered(p.domain.voxels[2]),
          p.domain.spacing * c};
}

// Without ghosts, x fastest.
template <class T>
std::vector<T> stripped(const std::vector<T>& padded, const Lattice& l) {
  std::vector<T> plain(static_cast<std::size_t>(l.voxels()));
  auto out = plain.begin();
  for (int z = 0; z < l.nz; ++z)
    for (int y = 0; y < l.ny; ++y) {
      const auto line = padded.begin() + l.index(0, y, z);
      out = std::copy(line, line + l.nx, out);
    }
  return plain;
}

template <class T>
void fill_interior(std::vector<T>& padded, const T* plain, const Lattice& l) {
  for (int z = 0; z < l.nz; ++z)
    for (int y = 0; y < l.ny; ++y) {
      std::copy(plain, plain + l.nx, padded.begin() + l.index(0, y, z));
      plain += l.nx;
    }
}

// An array of the vessel graph with the face of a Buffer: it lives on the host and grows.
template <class T>
struct HostArray {
  std::vector<T>* values;
  T* data() { return values->data(); }
  std::int64_t size() const { return static_cast<std::int64_t>(values->size()); }
  std::vector<T> host_copy() const { return *values; }
  void upload(const T* host) { std::copy(host, host + values->size(), values->begin()); }
  void resize(std::int64_t n) { values->resize(static_cast<std::size_t>(n)); }
};
template <class Array>
constexpr bool grows = false;
template <class T>
constexpr bool grows<HostArray<T>> = true;

} // namespace

struct Simulation::State {
  Parameters parameters;
  Executor executor;
  Lattice tissue, fields;
  std::shared_ptr<DiffusionScratch> scratch;
  Metabolite oxygen, glucose;
  Signal proteinase, inhibitor;
  Matrix matrix;
  Population cells;
  Vegf vegf;
  Vasculature vessels;
  std::int64_t step = 0;
  std::vector<Event> events;

  State(const Parameters& p, Executor e)
      : parameters(p), executor(std::move(e)), tissue(tissue_lattice(p)), fields(field_lattice(p)),
        scratch(std::make_shared<DiffusionScratch>(executor, fields)),
        oxygen(executor, tissue, fields, p.fields.coarsen, oxygen_settings(p),
               p.mutation.probability > 0, scratch),
        glucose(executor, tissue, p.glucose.enabled ? fields : Lattice{1, 1, 1, fields.spacing},
                p.fields.coarsen, glucose_settings(p), p.mutation.probability > 0,
                p.glucose.enabled ? scratch : small_scratch()),
        proteinase(executor, tissue, fields, p.fields.coarsen, proteinase_settings(p), scratch),
        inhibitor(executor, tissue, p.inhibitor.enabled ? fields : Lattice{1, 1, 1, fields.spacing},
                  p.fields.coarsen, inhibitor_settings(p),
                  p.inhibitor.enabled ? scratch : small_scratch()),
        matrix(executor, tissue, p), cells(executor, tissue, p),
        vegf(executor, tissue, p.vegf.enabled ? fields : Lattice{1, 1, 1, fields.spacing},
             p.fields.coarsen, p, p.vegf.enabled ? scratch : small_scratch()),
        vessels(executor, tissue, fields, p) {}

  std::shared_ptr<DiffusionScratch> small_scratch() const {
    return std::make_shared<DiffusionScratch>(executor, Lattice{1, 1, 1, 1});
  }

  void start_from(const ExternalArrays& external);
  void grow_vessels();
  void check_vessels();
  void record_events(const Flows& before, const KindCounts& count_before);
  void add_event(const std::string& what, Kind kind, const std::string& detail);

  // Calls f(info, buffer, lattice) for every array; lattice is null where there is none.
  template <class F>
  void for_each_array(const F& f);
};

template <class F>
void Simulation::State::for_each_array(const F& f) {
  Population::Arrays& a = cells.arrays();
  f("kind", "1", "what stands in the voxel: codes of kind.hpp", a.kind, &tissue);
  f("flags", "1", "bits: 1 stem, 2 hypoxic, 4 crowded, 8 senescent, 16 detached", a.flags, &tissue);
  f("clock", "1", "cycle clock: birth at 16384, division at 49152", a.clock, &tissue);
  f("timer", "1", "steps of hypoxic rest, or since death", a.timer, &tissue);
  f("capacity", "1", "divisions left to a progenitor", a.capacity, &tissue);
  f("clone", "1", "label of the founder cell", a.clone, &tissue);
  f("traits", "1", "eight heritable traits, one signed byte each, factor exp(0.02 v)", a.traits,
    &tissue);
  f("matrix", "1", "extracellular matrix, share of reference stroma", matrix.density_buffer(),
    &tissue);
  f("membrane", "1", "basement membrane left, 65535 intact", matrix.membrane_buffer(), &tissue);
  f("oxygen", "mmHg", "oxygen partial pressure", oxygen.field(), &fields);
  if (parameters.glucose.enabled) f("glucose", "mM", "glucose", glucose.field(), &fields);
  f("proteinase", "1", "soluble MMP-2, scaled", proteinase.field(), &fields);
  if (parameters.inhibitor.enabled)
    f("inhibitor", "1", "TIMP, in units of its inhibition constant", inhibitor.field(), &fields);
  if (parameters.vegf.enabled) f("vegf", "nM", "free VEGF", vegf.field(), &fields);
  if (parameters.vessels.pattern != VesselPattern::none)
    vessels.for_each_array(
        [&](const char* name, const char* unit, const char* meaning, auto& values) {
          HostArray<typename std::remove_reference_t<decltype(values)>::value_type> array{&values};
          f(name, unit, meaning, array, static_cast<const Lattice*>(nullptr));
        });
  f("ledger", "1", "changes of kind, [from][to], then overfull jumps", cells.flow_buffer(),
    static_cast<const Lattice*>(nullptr));
  if (parameters.tracers.count > 0)
    f("tracers", "1", "voxel coordinates of walkers that take no room", cells.tracers(),
      static_cast<const Lattice*>(nullptr));
}

namespace {

template <class T>
constexpr ElementType element_type() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return ElementType::u8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return ElementType::u16;
  if constexpr (std::is_same_v<T, std::uint32_t> || std::is_same_v<T, std::int32_t>)
    return ElementType::u32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return ElementType::u64;
  if constexpr (std::is_same_v<T, std::int64_t>) return ElementType::i64;
  if constexpr (std::is_same_v<T, double>) return ElementType::f64;
  return ElementType::f32;
}

template <class Array>
ArrayInfo describe(const char* name, const char* unit, const char* meaning, Array& buffer,
                   const Lattice* lattice) {
  using T = std::remove_reference_t<decltype(*buffer.data())>;
  ArrayInfo info{name, unit, meaning, element_type<T>(), {buffer.size(), 1, 1}, 0};
  info.grows = grows<Array>;
  if (lattice) {
    info.extents = {lattice->nx, lattice->ny, lattice->nz};
    info.spacing = lattice->spacing;
  }
  return info;
}

} // namespace

Simulation::Simulation(const Parameters& parameters, Executor executor,
                       const ExternalArrays& external)
    : s_(std::make_unique<State>(parameters, std::move(executor))) {
  s_->start_from(external);
}
Simulation::~Simulation() = default;
Simulation::Simulation(Simulation&&) noexcept = default;

void Simulation::State::start_from(const ExternalArrays& external) {
  const VesselNetwork parents =
      build_parent_vessels(parameters, tissue, external.vessel_file, external.vessel_names);
  VesselGraph laid(tissue);
  laid.lay(parents);
  const InitialTissue start =
      build_tissue(parameters, tissue, external, laid.take_changes().entered);
  Population::Arrays& a = cells.arrays();
  a.kind.upload(start.kind.data());
  a.flags.upload(start.flags.data());
  a.capacity.upload(start.capacity.data());
  a.clock.upload(start.clock.data());
  a.clone.upload(start.clone.data());
  matrix.density_buffer().upload(start.matrix.data());
  matrix.membrane_buffer().upload(start.membrane.data());
  vessels.start(parents);
  vessels.take_changes(); // the kinds show them already
  const auto fill = [&](Buffer<float>& field, const std::string& name, const Lattice& lattice,
                        const Frozen& frozen, double initial) {
    std::vector<float> values;
    if (frozen.active()) {
      values = prescribed_field(frozen, name, lattice, tissue, parameters.fields.coarsen, external);
    } else {
      values.assign(static_cast<std::size_t>(lattice.padded()), 0.0f);
      const std::vector<float> plain(static_cast<std::size_t>(lattice.voxels()),
                                     static_cast<float>(initial));
      fill_interior(values, plain.data(), lattice);
    }
    field.upload(values.data());
  };
  fill(oxygen.field(), "oxygen", oxygen.lattice(), parameters.oxygen.frozen,
       parameters.oxygen.initial);
  fill(glucose.field(), "glucose", glucose.lattice(), parameters.glucose.frozen,
       parameters.glucose.initial);
  fill(proteinase.field(), "proteinase", proteinase.lattice(), parameters.proteinase.frozen,
       parameters.proteinase.initial);
  fill(vegf.field(), "vegf", vegf.lattice(), parameters.vegf.frozen, parameters.vegf.initial);
  fill(inhibitor.field(), "inhibitor", inhibitor.lattice(), parameters.inhibitor.frozen,
       parameters.inhibitor.initial);
  cells.count_now(executor);
}

void Simulation::step() {
  State& s = *s_;
  const Flows flows_before = s.cells.flows();
  const KindCounts counts_before = s.cells.counts();

  const auto during = [&](const char* process, const auto& body) {
    s.executor.during(process, body);
  };
  during("oxygen", [&] {
    s.oxygen.relax(s.executor, s.cells.view(), s.vessels.walls(), s.cells.factors(), s.step == 0);
  });
  during("glucose", [&] {
    s.glucose.relax(s.executor, s.cells.view(), s.vessels.walls(), s.cells.factors(), s.step == 0);
  });
  during("cells", [&] {
    s.cells.advance(s.executor, s.oxygen.concentration(), s.glucose.concentration(),
                    s.matrix.density(), s.matrix.membrane(), s.step);
  });
  during("MMP", [&] { s.proteinase.relax(s.executor, s.cells.view(), s.cells.factors()); });
  during("TIMP", [&] { s.inhibitor.relax(s.executor, s.cells.view(), s.cells.factors()); });
  during("matrix", [&] {
    s.matrix.degrade(s.executor, s.cells.view(), s.cells.factors(), s.proteinase.concentration(),
                     s.inhibitor.concentration());
  });

  const bool vessels_due = s.vessels.due(s.step);
  if (vessels_due || s.vegf.every_step())
    during("VEGF", [&] {
      s.vegf.relax(s.executor, s.cells.view(), s.cells.factors(), s.oxygen.field().data(), time(),
                   s.step == 0);
    });
  if (vessels_due) during("vessels", [&] { s.grow_vessels(); });

  during("cells", [&] { s.cells.check_ledger(s.executor, s.step); });
  s.step += 1;
  during("events", [&] { s.record_events(flows_before, counts_before); });
}

void Simulation::State::grow_vessels() {
  vessels.advance(
      {vegf.concentration(), cells.view(), matrix.density_buffer().data(), matrix.membrane()},
      step);
  const VesselGraph::Changes changed = vessels.take_changes();
  cells.make_way(executor, changed.entered, changed.left, matrix.membrane());
  for (Event& e : vessels.take_events()) events.push_back(std::move(e));
  if (parameters.vessels.check) check_vessels();
}

void Simulation::State::check_vessels() {
  const std::string flaw = vessels.graph().flaw(stripped(cells.arrays().kind.host_copy(), tissue));
  if (!flaw.empty())
    throw NumericalError("vessels and lattice disagree at step " + std::to_string(step) + ": " +
                         flaw);
}

double Simulation::time() const { return static_cast<double>(s_->step) * s_->parameters.time.step; }
std::int64_t Simulation::steps() const { return s_->step; }
const Parameters& Simulation::parameters() const { return s_->parameters; }
const Executor& Simulation::executor() const { return s_->executor; }
Executor& Simulation::executor() { return s_->executor; }
std::shared_ptr<const VesselNetwork> Simulation::vessels() const {
  return s_->vessels.network(s_->step);
}

std::uint64_t Simulation::hash() const {
  std::uint64_t total = mix64(static_cast<std::uint64_t>(s_->step) + 0x6d65746173746173ULL);
  std::uint64_t salt = 0;
  s_->for_each_array(
      [&](const char*, const char*, const char*, auto& buffer, const Lattice* lattice) {
        using T = std::remove_reference_t<decltype(*buffer.data())>;
        salt += 0x9e3779b97f4a7c15ULL;
        if (lattice) {
          const auto halves =
              s_->executor.tally_over(*lattice, HashArray<T>{buffer.data(), *lattice, salt});
          total = mix64(total ^ static_cast<std::uint64_t>(halves[0])) +
                  mix64(salt ^ static_cast<std::uint64_t>(halves[1]));
        } else {
          total = mix64(total + static_cast<std::uint64_t>(buffer.size()) + salt);
          for (const T v : buffer.host_copy()) {
            std::uint64_t bits = 0;
            std::memcpy(&bits, &v, sizeof v);
            total = mix64(total + bits + salt);
          }
        }
      });
  return total;
}

std::vector<ArrayInfo> Simulation::state_arrays() const {
  std::vector<ArrayInfo> infos;
  s_->for_each_array([&](const char* name, const char* unit, const char* meaning, auto& buffer,
                         const Lattice* lattice) {
    infos.push_back(describe(name, unit, meaning, buffer, lattice));
  });
  return infos;
}

std::vector<ArrayInfo> Simulation::derived_arrays() const {
  const Lattice& l = s_->tissue;
  const Lattice& f = s_->fields;
  return {{"cell_state",
           "1",
           "kind and rest of the cell in the voxel",
           ElementType::u8,
           {l.nx, l.ny, l.nz},
           l.spacing},
          {"vessel_supply",
           "1/min",
           "conductance of perfused vessel walls for oxygen",
           ElementType::f32,
           {f.nx, f.ny, f.nz},
           f.spacing}};
}

void Simulation::read(const std::string& wanted, void* host) const {
  bool found = false;
  s_->for_each_array(
      [&](const char* name, const char*, const char*, auto& buffer, const Lattice* lattice) {
        if (wanted != name) return;
        found = true;
        using T = std::remove_reference_t<decltype(*buffer.data())>;
        std::vector<T> values = buffer.host_copy();
        if (lattice) values = stripped(values, *lattice);
        std::copy(values.begin(), values.end(), static_cast<T*>(host));
      });
  if (found) return;
  if (wanted == "cell_state") {
    const std::vector<std::uint8_t> kind =
        stripped(s_->cells.arrays().kind.host_copy(), s_->tissue);
    const std::vector<std::uint8_t> flags =
        stripped(s_->cells.arrays().flags.host_copy(), s_->tissue);
    auto* out = static_cast<std::uint8_t*>(host);
    for (std::size_t i = 0; i < kind.size(); ++i)
      out[i] = static_cast<std::uint8_t>(cell_state(static_cast<Kind>(kind[i]), flags[i]));
    return;
  }
  if (wanted == "vessel_supply") {
    auto* out = static_cast<float*>(host);
    std::fill(out, out + s_->fields.voxels(), 0.0f);
    for (const VesselWall& w : s_->vessels.host_walls()) out[w.voxel] = w.conductance;
    return;
  }
  throw std::invalid_argument("the state has no array called " + wanted);
}

void Simulation::write(const std::string& wanted, const void* host, std::int64_t count) {
  bool found = false;
  s_->for_each_array(
      [&](const char* name, const char*, const char*, auto& buffer, const Lattice* lattice) {
        if (wanted != name) return;
        found = true;
        using T = std::remove_reference_t<decltype(*buffer.data())>;
        if constexpr (grows<std::remove_reference_t<decltype(buffer)>>)
          if (count >= 0) buffer.resize(count);
        if (!lattice) return buffer.upload(static_cast<const T*>(host));
        std::vector<T> values = buffer.host_copy(); // keeps the ghosts
        fill_interior(values, static_cast<const T*>(host), *lattice);
        buffer.upload(values.data());
      });
  if (!found) throw std::invalid_argument("the state has no array called " + wanted);
}

void Simulation::set_clock(std::int64_t step) {
  s_->step = step;
  s_->vessels.rebuild();
  s_->cells.count_now(s_->executor);
}

std::vector<Event> Simulation::take_events() { return std::exchange(s_->events, {}); }

// At the first voxel where the kind stands; nothing where there is none.
void Simulation::State::add_event(const std::string& what, Kind kind, const std::string& detail) {
  // One line instead of the lattice comes to the host.
  const std::uint8_t* kinds = cells.arrays().kind.data();
  const float found = executor.max_over(tissue, FirstLineOf{kinds, kind, tissue.ny});
  if (found == 0) return;
  const int number = FirstLineOf::value(found), y = number % tissue.ny, z = number / tissue.ny;
  std::vector<std::uint8_t> line(static_cast<std::size_t>(tissue.nx));
  executor.copy_out(line.data(), kinds + tissue.index(0, y, z), line.size());
  const auto x = static_cast<int>(
      std::find(line.begin(), line.end(), static_cast<std::uint8_t>(kind)) - line.begin());
  const auto centre = [&](int n) { return (n + 0.5) * tissue.spacing; };
  events.push_back({static_cast<double>(step) * parameters.time.step, what, centre(x), centre(y),
                    centre(z), detail});
}

// Milestones are read off the ledger, so a restarted run reports the same ones.
void Simulation::State::record_events(const Flows& before, const KindCounts& count_before) {
  const Flows& now = cells.flows();
  const auto first = [&](Kind from, Kind to) {
    const auto f = static_cast<std::size_t>(from), t = static_cast<std::size_t>(to);
    return before[f][t] == 0 && now[f][t] > 0;
  };
  const auto starved = [](const Flows& f) {
    std::int64_t n = 0;
    for (const Kind k : kinds_in(tumour_kinds))
      n += f[static_cast<std::size_t>(k)][static_cast<std::size_t>(Kind::necrotic)];
    return n;
  };
  if (starved(before) == 0 && starved(now) > 0)
    add_event("first_necrosis", Kind::necrotic, "a tumour cell died of hypoxia");
  if (first(Kind::parenchyma, Kind::necrotic))
    add_event("normal_tissue_starves", Kind::necrotic, "a normal cell died of hypoxia");
  if (first(Kind::epithelial, Kind::mesenchymal))
    add_event("first_emt", Kind::mesenchymal, "an E-like cell became M-like");
  if (first(Kind::mesenchymal, Kind::epithelial))
    add_event("first_met", Kind::epithelial, "an M-like cell became E-like");
  const auto living = [](const KindCounts& c) {
    std::int64_t n = 0;
    for (const Kind k : kinds_in(tumour_kinds)) n += c[static_cast<std::size_t>(k)];
    return n;
  };
  if (living(count_before) > 0 && living(cells.counts()) == 0)
    events.push_back({static_cast<double>(step) * parameters.time.step, "tumour_extinct", 0, 0, 0,
                      "no living tumour cell is left"});
}

MetricRow Simulation::measure() {
  State& s = *s_;
  const Parameters& p = s.parameters;
  MetricRow row;
  const auto count = [&](const std::string& name, std::int64_t n) {
    row.push_back({name, "1", static_cast<double>(n), true});
  };
  const auto real = [&](const std::string& name, const std::string& unit, double v) {
    row.push_back({name, unit, v, false});
  };
  const CellView cell = s.cells.view();
  const auto bin = s.executor.tally_over(
      s.tissue,
      TallyCells{cell.kind_code, cell.flags, cell.clock, s.matrix.density(),
                 s.oxygen.concentration(), static_cast<float>(p.migration.squeeze_threshold)});
  const auto at = [&](int b) { return bin[static_cast<std::size_t>(b)]; };
  const std::int64_t epithelial = at(TallyCells::epithelial_bin),
                     mesenchymal = at(TallyCells::mesenchymal_bin);
  const std::int64_t living = epithelial + mesenchymal;
  count("tumour_cells", living);
  count("epithelial", epithelial);
  count("mesenchymal", mesenchymal);
  for (const StateRow& state : state_rows)
    if (state.code != 0) count(std::string(state.column), at(state.code));
  count("phase_g1", at(TallyCells::phase_bin));
  count("phase_s", at(TallyCells::phase_bin + 1));
  count("phase_g2m", at(TallyCells::phase_bin + 2));
  count("cells_without_tumour_neighbour", at(TallyCells::detached_bin));

  const std::vector<std::uint8_t> kind = stripped(s.cells.arrays().kind.host_copy(), s.tissue);
  const TumourShape shape = measure_shape(kind, s.tissue);
  const double h = p.domain.spacing;
  const double volume = static_cast<double>(shape.living + shape.dead) * h * h * h;
  constexpr double pi = 3.14159265358979323846;
  real("tumour_volume", "mm^3", volume * 1e-9);
  real("tumour_diameter", "um", std::cbrt(6 * volume / pi));
  real("extent_x", "um", shape.extent[0]);
  real("extent_y", "um", shape.extent[1]);
  real("extent_z", "um", shape.extent[2]);
  real("radius_of_gyration", "um", shape.gyration);
  real("farthest_cell", "um", shape.farthest);
  count("detached_clusters", shape.detached_clusters);
  count("detached_cells", shape.detached_cells);
  count("touches_face", shape.touches_face ? 1 : 0);
  const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0.0; };
  const auto necrotic = static_cast<double>(at(static_cast<int>(drawn_state(Kind::necrotic))));
  real("hypoxic_fraction", "1",
       share(static_cast<double>(at(TallyCells::hypoxic_bin)), static_cast<double>(living)));
  real("necrotic_fraction", "1", share(necrotic, static_cast<double>(shape.living + shape.dead)));

  const Flows& flow = s.cells.flows();
  const auto flowed = [&](Kind from, Kind to) {
    return flow[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
  };
  std::int64_t normal_lost = 0, normal_born = 0;
  std::int64_t normal = 0;
  for (const Kind k : kinds_in(normal_kinds)) {
    for (const Kind dead : kinds_in(dead_kinds)) normal_lost += flowed(k, dead);
    normal_born += flowed(Kind::none, k);
    normal += at(static_cast<int>(drawn_state(k)));
  }
  real("normal_lost_fraction", "1",
       share(static_cast<double>(normal_lost - normal_born),
             static_cast<double>(normal + normal_lost - normal_born)));
  std::int64_t births = 0, apoptosis = 0, necrosis = 0;
  for (const Kind k : kinds_in(tumour_kinds)) {
    births += flowed(Kind::none, k);
    apoptosis += flowed(k, Kind::apoptotic);
    necrosis += flowed(k, Kind::necrotic);
  }
  count("births", births);
  count("deaths_apoptotic", apoptosis);
  count("deaths_necrotic", necrosis);
  count("emt", flowed(Kind::epithelial, Kind::mesenchymal));
  count("met", flowed(Kind::mesenchymal, Kind::epithelial));

  const auto field = [&](const std::string& name, const std::string& unit, const float* c,
                         const Lattice& l) {
    const auto sum = s.executor.tally_over(l, TallyField{c});
    real(name + "_mean", unit, from_fixed_point(sum[0]) / static_cast<double>(l.voxels()));
    real(name + "_min", unit,
         static_cast<double>(SmallestOf::value(s.executor.max_over(l, SmallestOf{c}))));
    real(name + "_max", unit, static_cast<double>(s.executor.max_over(l, LargestOf{c})));
  };
  const auto solver = [&](const std::string& name, const std::string& unit, const SolveReport& r) {
    count(name + "_cycles", r.cycles);
    real(name + "_error", unit, static_cast<double>(r.error));
  };
  field("oxygen", "mmHg", s.oxygen.field().data(), s.fields);
  real("oxygen_tumour_mean", "mmHg",
       share(from_fixed_point(at(TallyCells::oxygen_bin)), static_cast<double>(living)));
  solver("oxygen", "mmHg", s.oxygen.report());
  if (p.glucose.enabled) {
    field("glucose", "mM", s.glucose.field().data(), s.fields);
    solver("glucose", "mM", s.glucose.report());
  }
  field("proteinase", "1", s.proteinase.field().data(), s.fields);
  solver("proteinase", "1", s.proteinase.report());
  if (p.inhibitor.enabled) {
    field("inhibitor", "1", s.inhibitor.field().data(), s.fields);
    solver("inhibitor", "1", s.inhibitor.report());
  }
  if (p.vegf.enabled) {
    field("vegf", "nM", s.vegf.field().data(), s.fields);
    if (s.vegf.solved()) solver("vegf", "nM", s.vegf.report());
  }
  const auto voxels = static_cast<double>(s.tissue.voxels());
  real("matrix_mean", "1", from_fixed_point(at(TallyCells::matrix_bin)) / voxels);
  real("matrix_degraded_fraction", "1", static_cast<double>(at(TallyCells::degraded_bin)) / voxels);
  s.vessels.measure(row, kind);
  if (p.tracers.count > 0) {
    const std::vector<std::int32_t> position = s.cells.tracers().host_copy();
    const auto n = static_cast<double>(p.tracers.count);
    double msd = 0;
    for (std::size_t a = 0; a < 3; ++a) {
      const double origin = std::floor(p.tracers.start[a] / h);
      double m1 = 0, m2 = 0, m4 = 0;
      for (std::size_t k = a; k < position.size(); k += 3) m1 += (position[k] - origin) / n;
      for (std::size_t k = a; k < position.size(); k += 3) {
        const double d = position[k] - origin - m1;
        m2 += d * d / n;
        m4 += d * d * d * d / n;
        msd += (position[k] - origin) * (position[k] - origin) / n;
      }
      const std::string axis(1, "xyz"[a]);
      real("tracer_mean_" + axis, "um", m1 * h);
      real("tracer_variance_" + axis, "um^2", m2 * h * h);
      real("tracer_kurtosis_" + axis, "1", share(m4, m2 * m2));
    }
    real("tracer_msd", "um^2", msd * h * h);
  }
  count("active_bricks", s.cells.active_bricks());
  return row;
}

namespace {

// What vessels take on the lattice: voxels along parents, field voxels their walls reach, and
// voxels that sprouts may take, in which a dense tumour network has one in a hundred. A network
// read from a file is counted when it is laid.
struct VesselExtent {
  double voxels = 0, walls = 0, grown = 0;
};

VesselExtent vessel_extent(const Parameters& p, const Lattice& tissue, const Lattice& fields) {
  // A vessel wider than the lattice's own line reaches the four field voxels beside its own as
  // well.
  const auto reach = [&](double radius) {
    return p.vessels.well_index && radius > 0.2 * fields.spacing ? 5.0 : 1.0;
  };
  VesselExtent e;
  if (p.vessels.pattern != VesselPattern::none && p.vessels.pattern != VesselPattern::file) {
    // Of a grid that fills a wide box a part will do: laying the whole of it takes memory that may
    // not be there.
    Parameters sample = p;
    double share = 1;
    if (p.vessels.pattern == VesselPattern::grid)
      for (int& extent : sample.domain.voxels)
        if (extent > 1024) {
          share *= extent / 1024.0;
          extent = 1024;
        }
    const VesselNetwork parents = build_parent_vessels(sample, tissue_lattice(sample));
    for (const VesselSegment& s : parents.segments) {
      const Point& a = parents.nodes[static_cast<std::size_t>(s.from)].position;
      const Point& b = parents.nodes[static_cast<std::size_t>(s.to)].position;
      double length2 = 0;
      for (std::size_t k = 0; k < 3; ++k) length2 += (a[k] - b[k]) * (a[k] - b[k]);
      e.voxels += share * std::sqrt(length2) / tissue.spacing;
      e.walls += share * std::sqrt(length2) / fields.spacing * reach(s.radius);
    }
  }
  if (p.sprouting.enabled) {
    e.grown = 0.01 * static_cast<double>(tissue.voxels());
    e.walls += e.grown * tissue.spacing / fields.spacing * reach(p.sprouting.radius);
  }
  return e;
}

// Lists of vessels on the device: walls, and readings on their way to the host. They grow by half
// more than they need.
std::size_t estimate_vessel_bytes(const Parameters& p, const Lattice& tissue,
                                  const Lattice& fields) {
  const VesselExtent e = vessel_extent(p, tissue, fields);
  const double listed = p.sprouting.enabled ? 1.5 * (e.voxels + e.grown) : 0;
  return static_cast<std::size_t>((1.5 * e.walls + 1024) * sizeof(VesselWall) +
                                  listed * (sizeof(std::int64_t) + sizeof(VesselReading)));
}

} // namespace

double estimate_vessel_nodes(const Parameters& p) {
  const VesselExtent e = vessel_extent(p, tissue_lattice(p), field_lattice(p));
  return e.voxels + e.grown;
}

std::size_t estimate_device_bytes(const Parameters& p) {
  const Lattice tissue = tissue_lattice(p), fields = field_lattice(p);
  const auto n = static_cast<std::size_t>(tissue.padded()),
             m = static_cast<std::size_t>(fields.padded());
  std::size_t field_arrays = 2; // oxygen and proteinase
  if (p.glucose.enabled) ++field_arrays;
  if (p.inhibitor.enabled) ++field_arrays;
  if (p.vegf.enabled) ++field_arrays;
  return DiffusionScratch::bytes(fields) + field_arrays * m * 4 + Population::bytes(tissue) +
         n * (4 + 2) + estimate_vessel_bytes(p, tissue, fields) +
         static_cast<std::size_t>(p.tracers.count) * 12 + (std::size_t{64} << 10);
}

namespace {

// Sums of the program hold values up to this; nothing in tissue comes near it.
constexpr float largest_value = 1e9f;
// Solvers end within their tolerance of a concentration of zero.
constexpr float least_value = -1e-2f;

std::string value_text(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", v);
  return text;
}

} // namespace

void Simulation::check() const {
  State& s = *s_;
  const auto at_voxel = [](const Lattice& l, std::size_t plain) {
    const Site at = l.site_of(static_cast<std::int64_t>(plain));
    return " at voxel (" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " +
           std::to_string(at.z) + ")";
  };
  s.for_each_array(
      [&](const char* name, const char* unit, const char*, auto& buffer, const Lattice* lattice) {
        using T = std::remove_reference_t<decltype(*buffer.data())>;
        const auto refuse = [&](double v, const std::string& where) {
          throw NumericalError(std::string(name) + " is " + value_text(v) +
                               (unit[0] == '1' ? "" : " " + std::string(unit)) + where);
        };
        if constexpr (std::is_floating_point_v<T>) {
          if (!lattice) { // of vessels, where flows and pressures may be negative
            const std::vector<T> values = buffer.host_copy();
            for (std::size_t i = 0; i < values.size(); ++i)
              if (!std::isfinite(values[i]))
                refuse(static_cast<double>(values[i]), " at entry " + std::to_string(i));
          }
        }
        if constexpr (std::is_same_v<T, float>) {
          if (!lattice ||
              s.executor.max_over(*lattice, Strayed{buffer.data(), least_value}) <= largest_value)
            return;
          const std::vector<float> values = stripped(buffer.host_copy(), *lattice);
          for (std::size_t i = 0; i < values.size(); ++i)
            if (!(std::abs(Strayed::of(values[i], least_value)) <= largest_value))
              refuse(static_cast<double>(values[i]), at_voxel(*lattice, i));
        }
      });
  if (s.executor.max_over(s.tissue, LargestKind{s.cells.arrays().kind.data()}) >=
      static_cast<float>(kind_count)) {
    const std::vector<std::uint8_t> kinds = stripped(s.cells.arrays().kind.host_copy(), s.tissue);
    for (std::size_t i = 0; i < kinds.size(); ++i)
      if (kinds[i] >= kind_count)
        throw NumericalError("kind has the code " + std::to_string(kinds[i]) +
                             ", which stands for nothing," + at_voxel(s.tissue, i));
  }
  if (s.parameters.vessels.pattern != VesselPattern::none) s.check_vessels();
}

Snapshot take_snapshot(const Simulation& simulation, const std::vector<std::string>& names) {
  Snapshot shot;
  shot.time = simulation.time();
  shot.step = simulation.steps();
  shot.hash = simulation.hash();
  shot.voxels = simulation.parameters().domain.voxels;
  shot.spacing = simulation.parameters().domain.spacing;
  shot.vessels = simulation.vessels();
  std::vector<ArrayInfo> infos = simulation.state_arrays();
  for (const ArrayInfo& derived : simulation.derived_arrays()) infos.push_back(derived);
  for (const ArrayInfo& info : infos) {
    if (!names.empty() && std::find(names.begin(), names.end(), info.name) == names.end()) continue;
    Snapshot::Array array;
    array.info = info;
    array.data.resize(info.bytes());
    simulation.read(info.name, array.data.data());
    shot.arrays.push_back(std::move(array));
  }
  return shot;
}

} // namespace metavox
