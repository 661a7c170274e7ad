// Founding of lesions by what lands and attaches.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "body/host.hpp"
#include "body/patient.hpp"
#include "core/constants.hpp"
#include "core/counts.hpp"
#include "core/exact.hpp"
#include "settings/days.hpp"

namespace metavox {
namespace {

constexpr std::uint64_t implants_identity = 64; // and so many more for the organ

} // namespace

double PatientCourse::chance_to_found(std::size_t organ) const {
  return std::min(body_.fate.begin, plan_.chances[organ] * row_.theta);
}

// Who attaches has landed, and founds as others do that landed in that organ.
void PatientCourse::expect_lesions() {
  const Settling& settling = plan_.settling;
  sources_.clear();
  for (std::size_t i = 0; i < settling.organs(); ++i) {
    const double landed = settling.landed(state_, i);
    const double expected = landed * chance_to_found(settling.organ(i));
    row_.landed += landed;
    row_.expected += expected;
    sources_.push_back({i, settling.organ(i), i, false, expected});
  }
  if (!(row_.attached > 0)) return;
  row_.landed += row_.attached;
  for (const CohortCavity::Surface& surface : plan_.cavity.surfaces()) {
    const double expected = row_.attached * surface.share * chance_to_found(surface.organ);
    row_.expected_implants += expected;
    sources_.push_back({implants_identity + surface.organ, surface.organ, 0, true, expected});
  }
  row_.expected += row_.expected_implants;
}

// Where a primary stays, most lesions come when the patient is long dead. So lesions are drawn
// stretch by stretch, and once all is told those to come are counted only: what comes later acts
// on nothing earlier, and Poisson numbers of stretches are those of the whole.
void PatientCourse::found_and_die() {
  metastases_.clear();
  bool over = false;
  Stretch stretch{0, 0, 0};
  do {
    stretch.last = end_of_stretch(stretch.first);
    for (std::size_t s = 0; s < sources_.size(); ++s) found_lesions(s, stretch, over);
    if (stretch.last + 1 == grid_.size()) break;
    over = over || over_by(grid_[stretch.last]);
    stretch.first = stretch.last;
    ++stretch.number;
  } while (true);
  if (body_.death.lesions && !over) die_before(last_day());
}

// Each stretch has as many lesions as all before it.
std::size_t PatientCourse::end_of_stretch(std::size_t first) const {
  std::size_t low = first, high = grid_.size() - 1;
  if (body_.observer.removes) return high;
  const double wanted = std::max(plan_.first_stretch, 2 * expected_by(first));
  while (high > low + 1) {
    const std::size_t middle = (low + high) / 2;
    (expected_by(middle) < wanted ? low : high) = middle;
  }
  return high;
}

double PatientCourse::expected_by(std::size_t point) const {
  double sum = 0;
  for (const Source& s : sources_) sum += s.expected * share_by(s, point);
  return sum;
}

double PatientCourse::share_by(const Source& source, std::size_t point) const {
  const std::size_t last = grid_.size() - 1;
  if (point == 0 || point == last) return point == 0 ? 0 : 1;
  if (source.implants) return attached_[point] / row_.attached;
  const auto landed = [&](std::size_t k) {
    return landed_[k * plan_.settling.organs() + source.place];
  };
  return landed(last) > 0 ? landed(point) / landed(last) : 0;
}

// Whether what is told of the patient no longer depends on lesions founded after that day.
bool PatientCourse::over_by(double day) {
  if (row_.seen < 0 || row_.removal + row_.seen > day) return false;
  return !body_.death.lesions || die_before(day);
}

// Those that are only counted sleep by their number.
void PatientCourse::found_lesions(std::size_t source, const Stretch& stretch, bool over) {
  const Source& s = sources_[source];
  const double from = share_by(s, stretch.first), share = share_by(s, stretch.last) - from;
  const std::uint64_t before = stretch.number << 32; // room for numbers of lesions
  const std::int64_t founded =
      poisson({seed_, Purpose::founder, s.identity, before, 0}, s.expected * share);
  row_.founded += founded;
  if (s.implants) row_.implants += founded;
  if (over) {
    row_.slept +=
        binomial({seed_, Purpose::founder, s.identity, before, 5}, founded, body_.fate.asleep);
    return;
  }
  for (std::int64_t k = 0; k < founded; ++k) {
    const std::uint64_t number = before + static_cast<std::uint64_t>(k + 1);
    const double came = from + share * unit(Purpose::founder, s.identity, number, 0);
    found_lesion(source,
                 s.implants ? day_attached(came)
                            : day_when(landed_, plan_.settling.organs(), s.place, came),
                 number);
  }
}

// Days of a sleep that would be as long without wound and inflammation.
double PatientCourse::sleep_from(double day, double sleep) const {
  if (!plan_.inflammation.ever()) return sleep;
  const double removed = body_.observer.removes ? row_.removal * minutes_per_day : -1;
  return sleep -
         plan_.inflammation.shortened(day * minutes_per_day, sleep * minutes_per_day, removed) /
             minutes_per_day;
}

// Its first draw told when it landed.
void PatientCourse::found_lesion(std::size_t source, double landed, std::uint64_t number) {
  const std::uint64_t identity = sources_[source].identity;
  const std::size_t organ = sources_[source].organ;
  const auto drawn = [&](std::uint32_t n) { return unit(Purpose::founder, identity, number, n); };
  double start = landed;
  if (drawn(1) < body_.fate.asleep) {
    start +=
        sleep_from(landed, body_.fate.waking / minutes_per_day / ln2 * exponential_time(drawn(2)));
    ++row_.slept;
  }
  const LesionClock clock = metastasis(plan_.laws[organ], identity, number);
  metastases_.push_back({organ, start, clock});
  const auto day_at = [&](double diameter) { // after removal
    return start + clock.day_of(cells_of_diameter(body_.lesions, diameter)) - row_.removal;
  };
  const OrganParameters& o = body_.organs[organ];
  const double u = drawn(3);
  const double visible = std::max(100.0, o.visible + o.visible_width * exact::log(u / (1 - u)));
  const double from = day_at(visible);
  const auto visit = std::lower_bound(plan_.visits.begin(), plan_.visits.end(), from);
  double seen = std::max(0.0, day_at(body_.observer.symptom));
  if (visit != plan_.visits.end()) seen = std::min(seen, *visit);
  if (seen > body_.observer.horizon / minutes_per_day || (row_.seen >= 0 && row_.seen < seen))
    return;
  // Of those seen on one day the first of the first source. Where they are founded stretch by
  // stretch, the first is by lot: it would be the oldest.
  const double lot = body_.observer.removes ? 0 : drawn(6);
  if (row_.seen == seen && std::pair(seen_of_, seen_lot_) <= std::pair(source, lot)) return;
  seen_of_ = source, seen_lot_ = lot;
  row_.seen = seen;
  row_.seen_at_removal = seen <= 0;
  row_.seen_in = static_cast<int>(organ);
  row_.seen_diameter =
      diameter_of_cells(body_.lesions, clock.cells_on(seen + row_.removal - start));
  row_.founded_before_seen = seen + row_.removal - landed;
}

} // namespace metavox
