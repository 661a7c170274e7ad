// What a site consists of. Only the files of this room look inside.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cells/population.hpp"
#include "fields/field_list.hpp"
#include "site/site.hpp"
#include "site/take_apart.hpp"
#include "tissue/lymphatics.hpp"
#include "tissue/matrix.hpp"
#include "tissue/serosa.hpp"
#include "vessels/vasculature.hpp"

namespace metavox {

Lattice tissue_lattice(const Parameters& parameters, int ghosts = 1);

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
inline constexpr bool grows = false;
template <class T>
inline constexpr bool grows<HostArray<T>> = true;

// The entries of the list of second cells in the order of voxels, found once for all its arrays.
struct ExcessOrder {
  ExcessCells* list;
  std::optional<std::vector<std::int64_t>> found;
  const std::vector<std::int64_t>& entries() {
    if (!found) found = list->order();
    return *found;
  }
};

// An array of that list with the face of a Buffer, on the host in that order.
template <class T>
struct ExcessColumn {
  ExcessOrder* ordered;
  Buffer<T>* values;
  T* data() { return values->data(); }
  std::int64_t size() const { return static_cast<std::int64_t>(ordered->entries().size()); }
  std::vector<T> host_copy() const {
    const std::vector<std::int64_t>& order = ordered->entries();
    const std::vector<T> all = order.empty() ? std::vector<T>() : values->host_copy();
    std::vector<T> sorted;
    sorted.reserve(order.size());
    for (const std::int64_t n : order) sorted.push_back(all[static_cast<std::size_t>(n)]);
    return sorted;
  }
  void upload(const T* host) {
    ordered->list->write(*values, host);
    ordered->found.reset();
  }
  void resize(std::int64_t n) {
    ordered->list->resize(n);
    ordered->found.reset();
  }
};

template <class T>
inline constexpr bool grows<ExcessColumn<T>> = true;

// What is told of the last solve of each field that is present, with the face of a Buffer on the
// host: cycles, then error, in units of the field.
struct LastSolves {
  Fields* fields;
  static constexpr std::int64_t of_field = 2; // entries
  double* data() { return nullptr; }
  std::int64_t size() const { return static_cast<std::int64_t>(host_copy().size()); }
  std::vector<double> host_copy() const {
    std::vector<double> all;
    fields->for_each([&](const Field& field) {
      all.push_back(field.report().cycles);
      all.push_back(static_cast<double>(field.report().error));
    });
    return all;
  }
  void upload(const double* host) {
    std::int64_t at = 0;
    fields->for_each([&](Field& field) {
      SolveReport report;
      report.cycles = static_cast<int>(host[at]);
      report.error = static_cast<float>(host[at + 1]);
      field.remember(report);
      at += of_field;
    });
  }
};

// What lists say about an array. lattice: null where it lies on none. Values of a field beyond
// `lowest` and `highest` end the run.
struct ArrayRow {
  const char* name;
  const char* unit;
  const char* meaning;
  const Lattice* lattice;
  float lowest = -1e-2f, highest = 1e9f;
  bool hashed = true; // not what only tells of the past: the state goes on without it
};

// Whether cells lend memory to solves. On coarser lattices second cells are looked up in it then.
inline bool cells_lend(int coarsen) { return coarsen == 1; }

struct Site::State {
  Parameters parameters;
  Executor executor;
  std::uint64_t seed; // of every draw of this site
  Lattice tissue;
  FieldGrid grid;
  Fields fields;
  Matrix matrix;
  Population cells;
  Vasculature vessels;
  std::optional<Lymphatics> lymphatics; // where `lymphatics` is on
  std::optional<Serosa> serosa;         // where the box has serosal faces
  std::int64_t step = 0;
  std::int64_t founders_per_clone = 1; // at the start
  std::vector<Event> events;
  std::vector<Departure> departures;
  std::vector<std::int32_t> inlets; // nodes through which cells come; empty: every inlet
  std::int64_t followed = -1;       // revision of the vessels that held cells were last told of

  State(const Parameters& p, Executor e, const SiteLayout& layout);

  Oxygen& oxygen() { return fields.get<Oxygen>(); }
  Glucose& glucose() { return fields.get<Glucose>(); }
  Proteinase& proteinase() { return fields.get<Proteinase>(); }
  Inhibitor& inhibitor() { return fields.get<Inhibitor>(); }
  Vegf& vegf() { return fields.get<Vegf>(); }
  Pressure& pressure() { return fields.get<Pressure>(); }
  double time() const { return static_cast<double>(step) * parameters.time.step; } // min

  void start_from(const ExternalArrays& external);
  void grow_vessels();
  void depart(); // by all ways, at the end of a vessel step
  void tell_first(const Departure& by_its_route);
  void receive(); // what comes with the blood, likewise
  void find_inlets(const VesselNetwork& parents, const std::vector<std::string>& names);
  std::optional<std::pair<std::vector<Cell>, double>> next_scheduled(double end) const;
  void follow_vessels();
  void land();
  void take_released(std::int64_t done); // steps
  void press();                          // growth's pressure, as the cells stand now
  // Marks of free voxels joined to a face of the box, by voxel; null where there is no medium.
  const std::uint8_t* reached_by_medium();
  // f(excess): second cells as fields see them, which on coarser lattices look them up by voxel.
  template <class F>
  void with_excess(const F& f) {
    const bool mapped = grid.coarsen > 1;
    f(mapped ? cells.map_excess() : cells.excess());
    if (mapped) cells.unmap_excess();
  }
  // f(loan): memory that cells lend meanwhile.
  template <class F>
  void with_loan(const F& f) {
    Loan loan = cells_lend(grid.coarsen) ? cells.lend() : Loan();
    f(loan);
    cells.take_back(executor, loan);
  }
  BloodReport measure_blood(); // what the blood's oxygen does
  void check_vessels();
  void record_events(const Ledger& before, const KindCounts& count_before);
  // Something of the step at hand has happened at a place (um): at its end, as rows of a run that
  // goes on from a checkpoint are kept up to its time.
  void tell(std::string what, const std::array<double, 3>& place, std::string detail);
  void tell_of(const EventRow& event, const std::array<double, 3>& place);
  std::array<double, 3> place_of(Kind kind) const; // of the first, else of the first tumour cell
  std::optional<std::array<double, 3>> first_place(KindMask wanted) const;

  // f(row, buffer) for every array of the state. The order is part of the hash: append.
  template <class F>
  void for_each_array(const F& f);
};

template <class F>
void Site::State::for_each_array(const F& f) {
  const auto of_tissue = [&](const char* name, const char* meaning, auto& buffer) {
    f(ArrayRow{name, "1", meaning, &tissue}, buffer);
  };
  cells.arrays().for_each(of_tissue);
  matrix.arrays().for_each(of_tissue);
  fields.for_each([&](Field& field) {
    const FieldRow& row = field.row();
    f(ArrayRow{row.name, row.unit, row.meaning, &grid.lattice, row.lowest, row.highest},
      field.values());
  });
  if (parameters.vessels.pattern != VesselPattern::none)
    vessels.for_each_array(
        [&](const char* name, const char* unit, const char* meaning, auto& values) {
          HostArray<typename std::remove_reference_t<decltype(values)>::value_type> array{&values};
          f(ArrayRow{name, unit, meaning, nullptr}, array);
        });
  f(ArrayRow{"ledger", "1", "changes of kind, [from][to], then deaths, [cause][kind]", nullptr,
             -1e-2f, 1e9f, false},
    cells.ledger_buffer());
  ExcessOrder order{&cells.excess_cells(), {}};
  cells.excess_cells().arrays().for_each([&](const char* name, const char* meaning, auto& buffer) {
    using T = std::remove_reference_t<decltype(*buffer.data())>;
    ExcessColumn<T> column{&order, &buffer};
    f(ArrayRow{name, "1", meaning, nullptr}, column);
  });
  if (cells_leave(parameters)) {
    HostArray<std::int64_t> left{&cells.departures().counters()};
    f(ArrayRow{"departures", "1",
               "by blood, lymph, cavity: departures of singles and of clusters, cells that left; "
               "expected departures, and those an hour, in units of 2^-32",
               nullptr, -1e-2f, 1e9f, false},
      left);
  }
  if (parameters.arrivals.enabled) {
    const auto on_host = [&](const char* name, const char* meaning, auto& values) {
      HostArray<typename std::remove_reference_t<decltype(values)>::value_type> array{&values};
      f(ArrayRow{name, "1", meaning, nullptr}, array);
    };
    cells.arrested().list().for_each(on_host);
    on_host("arrivals",
            "cells that came, that were sent by `arrivals`, that found no vessel to lodge in, and "
            "what became of the others: see cells/arrested.hpp",
            cells.arrested().counters());
    on_host("arrival_inlets", "nodes through which cells come; none: every inlet", inlets);
  }
  if (parameters.tracers.count > 0)
    f(ArrayRow{"tracers", "1", "voxel coordinates of walkers that take no room", nullptr},
      cells.tracers());
  if (lymphatics) of_tissue("lymphatic", Lymphatics::meaning, lymphatics->state());
  LastSolves solves{&fields};
  f(ArrayRow{"solves", "1", "of each field's last solve its V-cycles and its estimated error",
             nullptr, -1e-2f, 1e9f, false},
    solves);
}

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
ArrayInfo describe(const ArrayRow& row, Array& buffer) {
  using T = std::remove_reference_t<decltype(*buffer.data())>;
  ArrayInfo info{row.name, row.unit, row.meaning, element_type<T>(), {buffer.size(), 1, 1}, 0};
  info.grows = grows<Array>;
  info.hashed = row.hashed;
  if (row.lattice) {
    info.extents = {row.lattice->nx, row.lattice->ny, row.lattice->nz};
    info.spacing = row.lattice->spacing;
  }
  return info;
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

} // namespace metavox
