// The balance of a site's tumour, as bodies keep it.

#include <cmath>

#include "site/state.hpp"
#include "site/take_apart.hpp"

namespace metavox {
namespace {

constexpr bool leaves_alive(int code) {
  const auto to = static_cast<Reservoir>(code);
  return to == Reservoir::blood || to == Reservoir::lymph || to == Reservoir::cavity;
}
constexpr bool comes_alive(int code) {
  const auto from = static_cast<Reservoir>(code);
  return from == Reservoir::arrived || from == Reservoir::handed_over;
}
constexpr bool of_tumour(int code) {
  return code < static_cast<int>(Reservoir::born) && (tumour_kinds >> code & 1) != 0;
}

} // namespace

TumourBalance Site::tumour() const {
  const State& s = *s_;
  const Ledger& ledger = s.cells.ledger();
  TumourBalance b;
  for (int from = 0; from < flow_width; ++from)
    for (int to = 0; to < flow_width; ++to) {
      const std::int64_t n =
          ledger.flow[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
      if (of_tumour(from) == of_tumour(to)) continue; // phenotypes change, or others' business
      if (of_tumour(to))
        (comes_alive(from) ? b.came : b.births) += n;
      else
        (leaves_alive(to) ? b.departed : b.deaths) += n;
    }
  for (const Kind k : kinds_in(tumour_kinds))
    b.cells += s.cells.counts()[static_cast<std::size_t>(k)];
  const Arrested& held = s.cells.arrested();
  if (s.parameters.arrivals.enabled) {
    b.waiting = static_cast<std::int64_t>(held.size());
    // Of those who came with the blood the ledger knows who landed.
    b.came += held.counted(Arrested::came) - held.counted(Arrested::landed);
    b.deaths += held.counted(Arrested::killed) + held.counted(Arrested::died_lodged) +
                held.counted(Arrested::died_adherent);
    b.departed += held.counted(Arrested::released) + held.counted(Arrested::passed);
  }
  if (cells_leave(s.parameters)) {
    const Departures& left = s.cells.departures();
    for (std::size_t k = 0; k < route_count; ++k) {
      const auto r = static_cast<Route>(k);
      b.expected_departures[k] =
          static_cast<double>(left.counted(Departures::expected, r)) / expected_unit;
      const std::int64_t groups =
          left.counted(Departures::singles, r) + left.counted(Departures::clusters, r);
      if (groups > 0)
        b.cells_per_departure[k] = static_cast<double>(left.counted(Departures::left_cells, r)) /
                                   static_cast<double>(groups);
    }
  }
  return b;
}

bool Site::tumour_near_open_face(double margin) const {
  const State& s = *s_;
  const std::array<bool, 6> open = open_faces(s.parameters);
  const Lattice& l = s.tissue;
  const int near = static_cast<int>(std::floor(margin / l.spacing + 0.5));
  const std::vector<std::uint8_t> kind = s.cells.arrays().kind.host_copy();
  const int n[3] = {l.nx, l.ny, l.nz};
  for (int face = 0; face < 6; ++face) {
    if (!open[static_cast<std::size_t>(face)]) continue;
    const int axis = face / 2;
    int first[3] = {0, 0, 0}, last[3] = {n[0], n[1], n[2]};
    (face % 2 == 0 ? last : first)[axis] =
        face % 2 == 0 ? std::min(near, n[axis]) : std::max(0, n[axis] - near);
    for (int z = first[2]; z < last[2]; ++z)
      for (int y = first[1]; y < last[1]; ++y)
        for (int x = first[0]; x < last[0]; ++x)
          if (is_tumour(static_cast<Kind>(kind[static_cast<std::size_t>(l.index(x, y, z))])))
            return true;
  }
  return false;
}

} // namespace metavox
