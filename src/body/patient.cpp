#include "body/patient.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "body/host.hpp"
#include "core/counts.hpp"
#include "core/exact.hpp"
#include "settings/days.hpp"

namespace metavox {
namespace {

constexpr std::uint64_t nodes_identity = 63;         // beyond the places of organs
constexpr double longest_life = 100 * days_per_year; // after removal, that is looked at

// Every three months for two years, every six to year five, then every year.
std::vector<double> visits_until(double horizon) {
  std::vector<double> days{0};
  const auto add = [&](double year) {
    if (year * days_per_year <= horizon) days.push_back(year * days_per_year);
  };
  for (int k = 1; k <= 8; ++k) add(0.25 * k);
  for (int k = 5; k <= 10; ++k) add(0.5 * k);
  for (int k = 6; k <= 1000 && k * days_per_year <= horizon; ++k) add(k);
  return days;
}

} // namespace

CohortPlan::CohortPlan(const BodySettings& settings)
    : body(settings.body), primary(primary_named(settings.body, settings.body.primary)),
      seed(settings.simulation.seed),
      settling(settings.body, primary, settings.body.step / minutes_per_day),
      cavity(settings.body, settings.body.step / minutes_per_day), inflammation(settings.body),
      visits(visits_until(settings.body.observer.horizon / minutes_per_day)), marrow(-1),
      load(settings.body) {
  const std::vector<double> soils = soils_for(body, primary);
  for (std::size_t o = 0; o < body.organs.size(); ++o) laws.push_back(lesions_in(body, o));
  for (const double soil : soils)
    chances.push_back(body.fate.begin * body.fate.go_on * body.fate.human * soil);
  for (std::size_t i = 0; i < settling.organs(); ++i)
    if (body.organs[settling.organ(i)].name == "bone") marrow = static_cast<int>(i);
}

PatientCourse::PatientCourse(const CohortPlan& plan)
    : plan_(plan), body_(plan.body), primary_(plan.body.lesions, {1, 1, 0, 1, 1}),
      state_(plan.settling.nothing()), scratch_(plan.settling.nothing()) {}

PatientRow PatientCourse::follow(std::uint64_t patient) {
  seed_ = patient_seed(plan_.seed, patient);
  row_ = PatientRow{};
  draw_host();
  grow_primary();
  found_in_nodes();
  let_settle();
  let_attach();
  take_samples();
  expect_lesions();
  found_and_die();
  return row_;
}

// The n-th uniform number of a draw, two of them to a round.
double PatientCourse::unit(Purpose purpose, std::uint64_t identity, std::uint64_t step,
                           std::uint32_t n) const {
  const counts::Pair pair = counts::pair_of({seed_, purpose, identity, step, 1 + n / 2}, 0);
  return n % 2 == 0 ? pair.u : pair.v;
}

void PatientCourse::draw_host() {
  const Host host = metavox::draw_host(body_, seed_);
  row_.theta = host.theta;
  row_.node_theta = host.node_theta;
  row_.doubling = host.doubling;
  row_.diameter = host.diameter;
  row_.age = host.age;
  row_.other_death = host.other_death;
}

void PatientCourse::grow_primary() {
  const LesionParameters& law = body_.lesions;
  LesionPace pace;
  pace.doubling = row_.doubling;
  pace.luck = law.avascular; // it sheds from there on: day 0
  pace.fastness = law.doubling / minutes_per_day / row_.doubling;
  primary_ = LesionClock(law, pace);
  row_.removal = std::max(0.0, primary_.day_of(cells_of_diameter(law, row_.diameter)));
  // Steps end at removal; the first one begins before shedding does.
  const double h = plan_.settling.step();
  const auto steps = static_cast<std::size_t>(std::ceil(row_.removal / h));
  nodes_.clear();
  grid_.assign(1, row_.removal - static_cast<double>(steps) * h);
  shed_.assign(1, 0.0);
  for (std::size_t k = 1; k <= steps; ++k) {
    const double end = row_.removal - static_cast<double>(steps - k) * h;
    const double begin = std::max(0.0, grid_.back());
    shed_.push_back(shed_.back() +
                    (end - begin) / 6 *
                        (shed_on(begin) + 4 * shed_on(0.5 * (begin + end)) + shed_on(end)));
    grid_.push_back(end);
  }
}

double PatientCourse::shed_on(double day) const {
  double cells = shed_by(body_.shedding, body_.lesions, primary_.cells_on(day));
  for (const Node& node : nodes_)
    cells += body_.lymph.blood *
             shed_by(body_.shedding, body_.lesions, node.clock.cells_on(day - node.start));
  return cells;
}

// Where a share of what was cumulated on the grid was reached, straight lines within steps.
double PatientCourse::day_when(const std::vector<double>& cumulated, std::size_t stride,
                               std::size_t first, double share) const {
  std::size_t low = 0, high = grid_.size() - 1;
  const auto at = [&](std::size_t k) { return cumulated[k * stride + first]; };
  const double wanted = share * at(high);
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (at(middle) < wanted ? low : high) = middle;
  }
  const double rise = at(high) - at(low);
  const double part = rise > 0 ? (wanted - at(low)) / rise : 0;
  // Within the step in which shedding begins, from there.
  const double begin = std::max(0.0, grid_[low]);
  return begin + part * (grid_[high] - begin);
}

LesionClock PatientCourse::metastasis(const LesionParameters& law, std::uint64_t identity,
                                      std::uint64_t number) const {
  LesionPace pace;
  pace.doubling = row_.doubling / law.ratio;
  pace.early = law.early;
  pace.wait =
      law.vessels / minutes_per_day * exponential_time(unit(Purpose::founder, identity, number, 4));
  // A birth process from one cell without deaths is e^(r t) times this.
  pace.luck =
      std::min(exponential_time(unit(Purpose::founder, identity, number, 5)), 0.5 * law.avascular);
  pace.fastness = law.doubling / minutes_per_day / row_.doubling;
  return {law, pace};
}

// Lesions in nodes are founded by the primary alone, and never sleep.
void PatientCourse::found_in_nodes() {
  if (!body_.lymph.enabled || grid_.size() < 2) return;
  const double expected = body_.lymph.competence * row_.node_theta * shed_.back();
  row_.nodes = poisson({seed_, Purpose::founder, nodes_identity, 0, 0}, expected);
  // The first to come, one for each node: what is founded later where a lesion stands is part of
  // it. Of n uniform times the next is the smallest of those left.
  const std::int64_t followed = std::min<std::int64_t>(row_.nodes, body_.lymph.nodes);
  std::vector<Node> founded;
  double later = 1;
  for (std::int64_t k = 0; k < followed; ++k) {
    const auto number = static_cast<std::uint64_t>(k + 1);
    const double u = unit(Purpose::founder, nodes_identity, number, 0);
    later *= exact::exp(exact::log(u) / static_cast<double>(row_.nodes - k));
    const double start = day_when(shed_, 1, 0, 1 - later);
    founded.push_back({start, metastasis(body_.lesions, nodes_identity, number)});
    const double cells = founded.back().clock.cells_on(row_.removal - start);
    row_.largest_node = std::max(row_.largest_node, diameter_of_cells(body_.lesions, cells));
  }
  nodes_ = std::move(founded);
  // Those that will not shed before removal need not be asked.
  const double end = body_.observer.removes ? row_.removal : last_day();
  nodes_.erase(
      std::remove_if(nodes_.begin(), nodes_.end(),
                     [&](const Node& n) { return n.start + n.clock.day_of_vessels() >= end; }),
      nodes_.end());
}

void PatientCourse::let_settle() {
  const Settling& settling = plan_.settling;
  const std::size_t n = settling.organs();
  std::fill(state_.begin(), state_.end(), 0.0);
  landed_.assign(n, 0.0);
  const auto note = [&] {
    for (std::size_t i = 0; i < n; ++i) landed_.push_back(settling.landed(state_, i));
  };
  double begin = shed_on(grid_[0]);
  for (std::size_t k = 1; k < grid_.size(); ++k) {
    const double middle = shed_on(0.5 * (grid_[k - 1] + grid_[k])), end = shed_on(grid_[k]);
    if (grid_[k - 1] < 0) { // what is shed from day 0 on, spread over the step
      const double mean = shed_[k] / settling.step();
      settling.advance(state_, scratch_, mean, mean, mean);
      row_.shed += shed_[k];
    } else {
      settling.advance(state_, scratch_, begin, middle, end);
      row_.shed += settling.step() / 6 * (begin + 4 * middle + end);
    }
    begin = end;
    note();
  }
  const double last = grid_.size() > 1 ? begin : 0;
  row_.level = settling.flowing(state_, last) / body_.blood.volume;
  if (plan_.marrow >= 0)
    row_.sleepers =
        body_.fate.dormant * settling.landed(state_, static_cast<std::size_t>(plan_.marrow));
  while (!body_.observer.removes && grid_.size() > 1 && grid_.back() < last_day()) {
    const double h = settling.step(), day = grid_.back(), now = shed_on(day);
    settling.advance(state_, scratch_, now, shed_on(day + 0.5 * h), shed_on(day + h));
    grid_.push_back(day + h);
    note();
  }
  // What is on its way at removal still lands.
  const double enough = 1e-12 * settling.on_their_way(state_);
  while (grid_.size() > 1 && settling.on_their_way(state_) > enough) {
    settling.advance(state_, scratch_, 0, 0, 0);
    grid_.push_back(grid_.back() + settling.step());
    note();
  }
}

double PatientCourse::into_cavity_on(double day) const {
  return plan_.cavity.shed(primary_.cells_on(day));
}

// On the grid of what settles. What floats at its end attaches after it.
void PatientCourse::let_attach() {
  const CohortCavity& cavity = plan_.cavity;
  afloat_ = {};
  attached_.assign(1, 0.0);
  if (!cavity.sheds()) return;
  const double h = plan_.settling.step();
  for (std::size_t k = 1; k < grid_.size(); ++k) {
    const bool before_removal = k < shed_.size();
    double begin = 0, middle = 0, end = 0, cells = 0;
    if (before_removal || !body_.observer.removes) {
      const double from = std::max(0.0, grid_[k - 1]), to = grid_[k];
      begin = into_cavity_on(from), middle = into_cavity_on(0.5 * (from + to)),
      end = into_cavity_on(to);
      cells = (to - from) / 6 * (begin + 4 * middle + end);
      // What is shed from day 0 on, spread over the step.
      if (grid_[k - 1] < 0) begin = middle = end = cells / h;
    }
    if (before_removal) row_.into_cavity += cells;
    cavity.advance(afloat_, begin, middle, end);
    attached_.push_back(afloat_.attached);
  }
  row_.attached = cavity.attached_in_the_end(afloat_);
}

double PatientCourse::day_attached(double share) const {
  const double wanted = share * row_.attached, on_grid = attached_.back();
  if (wanted >= on_grid) return grid_.back() + plan_.cavity.days_until(afloat_, wanted - on_grid);
  return day_when(attached_, 1, 0, wanted / on_grid);
}

void PatientCourse::take_samples() {
  row_.in_blood = poisson({seed_, Purpose::reading, 0, 0, 0}, row_.level * body_.observer.sample);
  row_.in_marrow =
      poisson({seed_, Purpose::reading, 1, 0, 0}, row_.sleepers * body_.observer.aspirate);
}

// ---- death

double PatientCourse::last_day() const {
  const double most =
      body_.observer.removes ? longest_life : body_.observer.horizon / minutes_per_day;
  return row_.removal + std::min(row_.other_death, most);
}

// Whether lesions kill before that day, and before anything else does.
bool PatientCourse::die_before(double day) {
  row_.cause = DeathOf::other;
  row_.death = row_.other_death;
  // More than this there cannot be: without one another's room.
  const double end = std::min(day, last_day());
  const bool before = unhindered(std::nextafter(row_.removal, 0.0)).load >= 1;
  if (!before && unhindered(end).load < 1) return false;
  die_of_lesions(little_before(before ? row_.removal : end), end);
  return row_.cause != DeathOf::other;
}

double PatientCourse::primary_volume(double day) const {
  if (body_.observer.removes && day >= row_.removal) return 0;
  return std::min(primary_.cells_on(day) / body_.lesions.density,
                  plan_.load.volume(plan_.load.home()));
}

// As if every lesion had all of its organ to itself.
Verdict PatientCourse::unhindered(double day) {
  volumes_.assign(body_.organs.size(), 0.0);
  for (const Metastasis& m : metastases_)
    volumes_[m.organ] += m.clock.cells_on(day - m.start) / body_.lesions.density;
  for (std::size_t o = 0; o < volumes_.size(); ++o)
    volumes_[o] = std::min(volumes_[o], plan_.load.volume(o));
  return plan_.load.judge(volumes_, primary_volume(day));
}

// A day until which lesions are not in one another's way: the last one at which they fill less than
// a hundredth of every organ and are less than half of what kills.
double PatientCourse::little_before(double end) {
  const auto little = [&](double day) {
    bool small = unhindered(day).load < 0.5;
    for (std::size_t o = 0; o < volumes_.size(); ++o)
      small = small && volumes_[o] < 0.01 * plan_.load.volume(o);
    return small;
  };
  double low = 0, high = end;
  for (int k = 0; k < 24; ++k) {
    const double middle = 0.5 * (low + high);
    (little(middle) ? low : high) = middle;
  }
  return low;
}

// Steps of a tenth of a doubling time. The share of an organ that is left slows down all that is
// in it: by how much in the middle of a step follows from the last two steps.
void PatientCourse::die_of_lesions(double from, double end) {
  const double step = std::max(0.25, row_.doubling / body_.lesions.ratio / 10);
  for (Metastasis& m : metastases_) m.age = std::max(0.0, from - m.start);
  std::vector<double> room(body_.organs.size(), 1.0), last = room;
  double load_before = 0;
  const auto steps = static_cast<std::int64_t>(std::ceil(std::max(0.0, end - from) / step));
  for (std::int64_t k = 0; k <= steps; ++k) {
    const double day = from + static_cast<double>(k) * step;
    volumes_.assign(body_.organs.size(), 0.0);
    for (const Metastasis& m : metastases_)
      if (day >= m.start) volumes_[m.organ] += m.clock.cells_on(m.age) / body_.lesions.density;
    const double primary = primary_volume(day);
    const Verdict v = plan_.load.judge(volumes_, primary);
    if (v.cause != DeathOf::none) {
      const double rise = load_before > 0 ? exact::log(v.load / load_before) : 0;
      const double late = rise > 0 ? std::min(1.0, exact::log(v.load) / rise) : 0;
      if (day - late * step >= end) return;
      row_.death = day - late * step - row_.removal;
      row_.cause = v.cause;
      row_.death_in = v.organ;
      row_.of_metastases = v.of_metastases;
      return;
    }
    load_before = v.load;
    last.swap(room);
    for (std::size_t o = 0; o < room.size(); ++o)
      room[o] = plan_.load.function(o, volumes_[o] + (o == plan_.load.home() ? primary : 0));
    for (Metastasis& m : metastases_) {
      const double begin = std::max(day, m.start);
      const double middle = room[m.organ] + 0.5 * (room[m.organ] - last[m.organ]);
      if (begin < day + step) m.age += std::max(0.0, middle) * (day + step - begin);
    }
  }
}

} // namespace metavox
