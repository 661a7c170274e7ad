#include "body/body.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "body/body_archive.hpp"
#include "body/lesion_growth.hpp"
#include "core/counts.hpp"
#include "core/errors.hpp"
#include "core/exact.hpp"
#include "settings/days.hpp"

namespace metavox {
namespace {

constexpr std::size_t most_lesions = 1000000;
constexpr double most_shed = 1e12; // cells of a lesion in a step: so far draws are exact

void resize_as_told(std::vector<Lesion>& lesions, std::int64_t n) {
  if (n < 0 || n > static_cast<std::int64_t>(most_lesions))
    throw NumericalError("the stored state of a body has an impossible number of lesions");
  lesions.resize(static_cast<std::size_t>(n));
}
void resize_as_told(const std::vector<Lesion>&, std::int64_t) {} // when it is saved

Host host_of(const BodySettings& s) {
  return s.body.patient < 0
             ? middle_host(s.body)
             : draw_host(s.body, patient_seed(s.simulation.seed,
                                              static_cast<std::uint64_t>(s.body.patient)));
}

// Words are put together only where something is wrong: this runs in every step.
[[noreturn]] void broken(const std::string& where, const char* what, std::int64_t left,
                         std::int64_t right) {
  throw NumericalError("the ledger of a body is broken: " + where + ": " + what + ", " +
                       std::to_string(left) + " against " + std::to_string(right));
}
void require_equal(const std::string& where, const char* what, std::int64_t left,
                   std::int64_t right) {
  if (left != right) broken(where, what, left, right);
}
void require_counts(const std::string& where, const OrganStages<std::int64_t>& o) {
  for (const std::int64_t n : o.lodged)
    if (n < 0) broken(where, "fewer than none lodged", n, 0);
  for (std::size_t p = 0; p < phenotypes; ++p)
    if (o.adherent[p] < 0 || o.asleep[p] < 0)
      broken(where, "fewer than none adherent or asleep", o.adherent[p], o.asleep[p]);
}
void require_sound(const Lesion& l, double capacity) {
  const auto where = [&] {
    return std::string("lesion ") + std::to_string(l.number) + ", " + name_of(l.origin);
  };
  const std::int64_t left =
      l.founded_with + l.births - l.deaths - l.departed - l.resected - l.spilled;
  if (left != l.cells)
    broken(where(),
           "founded with and born, less dead, departed, resected and spilled, and its cells", left,
           l.cells);
  if (l.spilled < 0) broken(where(), "fewer than none spilled", l.spilled, 0);
  if (l.cells < 0) broken(where(), "fewer cells than none", l.cells, 0);
  if (l.counted_by == CountedBy::body && static_cast<double>(l.cells) > capacity + 1)
    broken(where(), "larger than its organ", l.cells, static_cast<std::int64_t>(capacity));
}

} // namespace

BodyPlan::BodyPlan(const BodySettings& settings)
    : body(settings.body), host(host_of(settings)), stages(settings.body, host.theta),
      inflammation(settings.body),
      growth(settings.body.lesions, host.doubling, settings.body.step, settings.body.organs),
      home(organ_index(settings.body, primary_named(settings.body, settings.body.primary).organ)),
      first_cells(static_cast<std::int64_t>(
          std::llround(cells_of_diameter(settings.body.lesions, settings.body.diameter)))),
      load(settings.body), lymph(settings.body, host.node_theta), cavity(settings.body),
      nodes(find_organ(settings.body, "nodes")) {
  for (const OrganParameters& o : body.organs) capacity.push_back(o.volume * body.lesions.density);
  const RemovalParameters& r = body.removal;
  removal_step = r.time > 0 ? body.step_that_reaches(r.time) : -1;
  double largest = r.diameter;
  if (r.found) largest = largest > 0 ? std::min(largest, host.diameter) : host.diameter;
  removal_cells =
      largest > 0
          ? std::max<std::int64_t>(1, std::llround(cells_of_diameter(body.lesions, largest)))
          : 0;
}

Body::Body(const BodyPlan& plan, std::uint64_t seed, std::vector<Forced> forced)
    : plan_(&plan), seed_(seed), plan_of_forced_(std::move(forced)),
      stand_aside_(plan.body.coupling == Coupling::linear), natural_(plan.stages.no_cells()),
      expected_(plan.stages.nothing_expected()), lymph_(plan.lymph.none<std::int64_t>()),
      expected_lymph_(plan.lymph.none<double>()), cavity_(plan.cavity.none<std::int64_t>()),
      expected_cavity_(plan.cavity.none<double>()), parents_(plan), shed_(1 + plan.stages.organs()),
      expected_shed_(1 + plan.stages.organs()), landed_(plan.stages.organs()),
      expected_landed_(plan.stages.organs()), room_(plan.stages.organs()),
      occupied_(plan.stages.organs()) {
  Lesion primary;
  primary.organ = plan.home;
  primary.origin = Origin::primary;
  primary.vascular = true;
  primary.cells = primary.founded_with = plan.first_cells;
  lesions_.push_back(primary);
  if (plan.body.death.others) other_death_ = other_death();
  if (has_forced()) expected_parents_.emplace(plan);
}

template <class Self, class Archive>
void Body::visit(Self& self, Archive& archive) {
  archive(self.step_);
  Stages<std::int64_t>::visit(self.natural_, archive);
  Stages<double>::visit(self.expected_, archive);
  for (auto* lesions : {&self.lesions_, &self.forced_}) {
    auto n = static_cast<std::int64_t>(lesions->size());
    archive(n);
    resize_as_told(*lesions, n);
    for (auto& lesion : *lesions) Lesion::visit(lesion, archive);
  }
  archive(self.level_);
  if (is_planned(self.plan_->body.removal)) {
    archive(self.removed_);
    for (auto* lesions : {&self.lesions_, &self.forced_})
      for (auto& lesion : *lesions) archive(lesion.resected);
    const RemovalParameters& r = self.plan_->body.removal;
    if (r.spills()) {
      archive(self.lesions_[0].spilled), archive(self.spilled_into_blood_);
      archive(self.expected_into_blood_);
    }
    if (r.washed > 0) archive(self.cavity_.washed), archive(self.expected_cavity_.washed);
  }
  if (self.plan_->lymph.enabled()) {
    LymphStages<std::int64_t>::visit(self.lymph_, archive, self.plan_->windows);
    LymphStages<double>::visit(self.expected_lymph_, archive, self.plan_->windows);
  }
  if (self.plan_->cavity.enabled()) {
    CavityStages<std::int64_t>::visit(self.cavity_, archive);
    CavityStages<double>::visit(self.expected_cavity_, archive);
    if (self.plan_->windows) archive(self.through_serosa_);
  }
  const DyingParameters& d = self.plan_->body.death;
  if (d.lesions || d.others) {
    archive(self.died_), archive(self.other_death_), archive(self.death_.cause);
    archive(self.death_.organ), archive(self.death_.of_metastases), archive(self.death_.load);
  }
}

template <class Self, class Archive>
void Body::visit_parents(Self& self, Archive& archive) {
  for (auto* lesions : {&self.lesions_, &self.forced_})
    for (auto& lesion : *lesions) Parent::visit(lesion.parent, archive);
  Parents::visit(self.parents_, archive, *self.plan_);
  if (self.expected_parents_) Parents::visit(*self.expected_parents_, archive, *self.plan_);
}

void Body::save(std::vector<std::int64_t>& whole, std::vector<double>& real) const {
  BodySaver saver(whole, real);
  visit(*this, saver);
  visit_parents(*this, saver);
}

void Body::load(const std::vector<std::int64_t>& whole, const std::vector<double>& real,
                std::size_t& whole_at, std::size_t& real_at) {
  BodyLoader loader(whole, real, whole_at, real_at);
  visit(*this, loader);
  visit_parents(*this, loader);
  check_numbers_of_parents();
  check_ledger();
}

std::uint64_t Body::hash() const {
  std::vector<std::int64_t> whole;
  std::vector<double> real;
  BodySaver saver(whole, real);
  visit(*this, saver);
  if (plan_->parents_act()) visit_parents(*this, saver);
  return folded(seed_, whole, real);
}

double Body::expected_founders() const {
  double sum = 0;
  for (const OrganStages<double>& o : expected_.organs) sum += o.competent();
  return sum;
}

// ---- the step, in the order of its processes

StepReport Body::step(const std::vector<WindowHour>& windows) {
  StepReport report;
  if (died_ >= 0) {
    ++step_;
    return report;
  }
  primary_before_ = lesions_[0].cells;
  waking_ = plan_->stages.waking(waking_pace());
  measure_room();
  shed(windows, report);
  const auto number = static_cast<std::uint64_t>(step_);
  plan_->stages.advance(natural_, shed_, landed_, waking_, seed_, number, &parents_.stages);
  double flowing = 0; // cells times min
  for (std::size_t row = 0; row < expected_shed_.size(); ++row)
    for (std::size_t c = 0; c < cell_classes; ++c)
      flowing += expected_shed_[row][c] * static_cast<double>(size_of_class(c)) *
                 plan_->stages.flowing(row);
  for (std::size_t o = 0; o < plan_->stages.organs(); ++o)
    flowing -= expected_.organs[o].released * plan_->stages.flowing(1 + o);
  plan_->stages.advance(expected_, expected_shed_, expected_landed_, waking_, {seed_, number, 0, 1},
                        expected_parents_ ? &expected_parents_->stages : nullptr);
  for (std::size_t o = 0; o < plan_->stages.organs(); ++o)
    flowing += expected_.organs[o].released * plan_->stages.flowing(1 + o);
  float_and_attach();
  level_ = flowing / plan_->body.step / plan_->body.blood.volume;
  found(report);
  grow(report);
  force_founders(report);
  tell_landings(report);
  ++step_;
  if (removal_is_due() && lesions_[0].counted_by == CountedBy::body) remove_primary(report);
  judge_death(report);
  check_ledger();
  return report;
}

bool Body::acts(const Lesion& lesion) const {
  return !(lesion.origin == Origin::forced && stand_aside_) && !lesion.asleep;
}

bool Body::sheds(const Lesion& lesion) const {
  return lesion.origin == Origin::primary || lesion.origin == Origin::nodal ||
         (plan_->body.reseeding && acts(lesion));
}

// What lesions have left of their organs, for this step.
void Body::measure_room() {
  std::fill(occupied_.begin(), occupied_.end(), 0);
  for (const auto* lesions : {&lesions_, &forced_})
    for (const Lesion& l : *lesions)
      if (acts(l)) occupied_[static_cast<std::size_t>(l.organ)] += l.cells;
  for (std::size_t o = 0; o < room_.size(); ++o)
    room_[o] = std::max(0.0, 1 - static_cast<double>(occupied_[o]) / plan_->capacity[o]);
}

void Body::shed_from(Lesion& lesion, double room, Growing& growing) {
  const BodyParameters& b = plan_->body;
  growing = {};
  if (lesion.counted_by == CountedBy::window) return;
  growing.exponent = plan_->growth.exponent(lesion, room);
  if (!sheds(lesion) || static_cast<double>(lesion.cells) < b.lesions.avascular) return;
  // By as many as it has in the middle of the step.
  const double middle =
      static_cast<double>(lesion.cells) * exact::exp(0.5 * std::min(growing.exponent, 1.0));
  const double cells = shed_by(b.shedding, b.lesions, middle) * (b.step / minutes_per_day) *
                       (lesion.origin == Origin::nodal ? b.lymph.blood : 1);
  if (cells > most_shed)
    throw NumericalError("lesion " + std::to_string(lesion.number) + " would shed " +
                         std::to_string(cells) + " cells in a step; lower body.shedding.fraction");
  const auto size = static_cast<std::size_t>(b.shedding.cluster_size);
  const auto of = static_cast<double>(size);
  const double clusters = cells * b.shedding.clusters / (1 + b.shedding.clusters * (of - 1));
  const std::size_t row =
      lesion.origin == Origin::primary ? 0 : 1 + static_cast<std::size_t>(lesion.organ);
  const std::uint64_t identity =
      (static_cast<std::uint64_t>(lesion.number) * 2 + (lesion.origin == Origin::forced ? 1 : 0)) *
      64;
  const auto leave = [&](std::size_t of_size, double groups) {
    const std::size_t c = class_of(of_size, lesion.phenotype);
    const std::int64_t drawn =
        poisson({seed_, Purpose::shedding, identity, static_cast<std::uint64_t>(step_),
                 static_cast<std::uint32_t>(c)},
                groups);
    into_blood({lesion, step_}, row, c, drawn, groups);
    growing.departed += drawn * static_cast<std::int64_t>(of_size);
  };
  leave(size, clusters);
  leave(1, cells - of * clusters);
  if (lesion.origin == Origin::primary) growing.departed += shed_into_cavity(lesion, middle);
  if (!plan_->lymph.enabled() || lesion.origin == Origin::nodal) return;
  const double by_lymph = plan_->lymph.share() * cells;
  constexpr std::uint64_t behind_the_nodes = LymphParameters::most_nodes; // whose keys they are
  const std::int64_t drawn = poisson(
      {seed_, Purpose::lymph, behind_the_nodes + identity, static_cast<std::uint64_t>(step_), 0},
      by_lymph);
  into_nodes(lesion, static_cast<std::size_t>(lesion.phenotype), drawn, by_lymph);
  growing.departed += drawn;
}

// ---- lymph

// What the last node lets through comes into the veins, as single cells, in the same step.
void Body::flow_through_nodes(StepReport& report) {
  if (!plan_->lymph.enabled()) return;
  const auto number = static_cast<std::uint64_t>(step_);
  NodeParents* const expected_nodes = expected_parents_ ? &expected_parents_->nodes : nullptr;
  const auto out = plan_->lymph.advance(lymph_, by_lymph_, seed_, number, &parents_.nodes);
  const auto expected = plan_->lymph.advance(expected_lymph_, expected_by_lymph_,
                                             {seed_, number, 0, 1}, expected_nodes);
  const std::size_t row = 1 + static_cast<std::size_t>(plan_->nodes);
  for (std::size_t p = 0; p < phenotypes; ++p) {
    const auto phenotype = static_cast<Phenotype>(p);
    const std::size_t c = class_of(1, phenotype);
    out_of_nodes(row, c, p, static_cast<double>(out.passed[p]), expected.passed[p]);
    shed_[row][c] += out.passed[p];
    expected_shed_[row][c] += expected.passed[p];
    for (std::int64_t k = 0; k < out.founded[p]; ++k) found_in_node(phenotype, report);
  }
}

// The first founders have a node each; who comes later is part of the first one's lesion.
void Body::found_in_node(Phenotype phenotype, StepReport& report) {
  Lesion* first = nullptr;
  int there = 0;
  for (Lesion& l : lesions_)
    if (l.origin == Origin::nodal) {
      ++there;
      if (first == nullptr) first = &l;
    }
  if (first != nullptr && there >= plan_->body.lymph.nodes) {
    const auto o = static_cast<std::size_t>(plan_->nodes);
    const bool fits = static_cast<double>(occupied_[o]) + 1 <= plan_->capacity[o];
    first->founded_with += 1;
    (fits ? first->cells : first->deaths) += 1;
    occupied_[o] += fits ? 1 : 0;
    return;
  }
  found_lesion(plan_->nodes, phenotype, Origin::nodal,
               parents_.nodes.founded[static_cast<std::size_t>(phenotype)], report);
}

void Body::shed(const std::vector<WindowHour>& windows, StepReport& report) {
  for (auto& row : shed_) row.fill(0);
  for (auto& row : expected_shed_) row.fill(0);
  by_lymph_ = {};
  expected_by_lymph_ = {};
  into_cavity_ = {};
  expected_into_cavity_ = {};
  let_spill_flow();
  growing_.resize(lesions_.size());
  forced_growing_.resize(forced_.size());
  std::size_t in_windows = 0;
  for (std::size_t k = 0; k < lesions_.size(); ++k) {
    shed_from(lesions_[k], room_[static_cast<std::size_t>(lesions_[k].organ)], growing_[k]);
    in_windows += lesions_[k].counted_by == CountedBy::window ? 1 : 0;
  }
  for (std::size_t k = 0; k < forced_.size(); ++k) {
    const Lesion& l = forced_[k];
    const auto o = static_cast<std::size_t>(l.organ);
    const double alone = std::max(0.0, 1 - static_cast<double>(l.cells) / plan_->capacity[o]);
    shed_from(forced_[k], stand_aside_ ? alone : room_[o], forced_growing_[k]);
    in_windows += l.counted_by == CountedBy::window ? 1 : 0;
  }
  require_equal("windows", "lesions in them, and windows that tell of their hour",
                static_cast<std::int64_t>(in_windows), static_cast<std::int64_t>(windows.size()));
  for (const WindowHour& hour : windows) follow_window(hour, report);
  flow_through_nodes(report);
}

void Body::follow_window(const WindowHour& hour, StepReport& report) {
  Lesion& lesion = window_lesion(hour.lesion, hour.origin, true);
  const std::size_t row =
      lesion.origin == Origin::primary ? 0 : 1 + static_cast<std::size_t>(lesion.organ);
  std::int64_t departed = 0;
  for (const WindowDeparture& d : hour.departures) {
    if (d.size < 1 || d.size > static_cast<int>(most_in_cluster) || d.clusters < 0)
      throw NumericalError("a window let a cluster of " + std::to_string(d.size) + " cells go, " +
                           std::to_string(d.clusters) + " times");
    into_blood({lesion, step_}, row, class_of(static_cast<std::size_t>(d.size), d.phenotype),
               d.clusters, 0);
    departed += d.size * d.clusters;
  }
  departed += follow_by_lymph(hour, lesion);
  departed += follow_into_cavity(hour, lesion);
  require_equal("a window", "its cells by its flows, and as it tells",
                lesion.cells + hour.births - hour.deaths - departed, hour.cells);
  lesion.births += hour.births;
  lesion.deaths += hour.deaths;
  lesion.departed += departed;
  if (lesion.cells > 0 && hour.cells == 0)
    report.events.push_back({BodyEvent::What::died_out, lesion.number, lesion.origin});
  lesion.cells = hour.cells;
  const SheddingParameters& s = plan_->body.shedding;
  const auto of = static_cast<double>(s.cluster_size);
  const double cells = hour.expected[static_cast<std::size_t>(Route::blood)];
  const double clusters = cells * s.clusters / (1 + s.clusters * (of - 1));
  into_blood({lesion, step_}, row,
             class_of(static_cast<std::size_t>(s.cluster_size), lesion.phenotype), 0, clusters);
  into_blood({lesion, step_}, row, class_of(1, lesion.phenotype), 0, cells - of * clusters);
}

// Cells that left a window by lymph.
std::int64_t Body::follow_by_lymph(const WindowHour& hour, const Lesion& lesion) {
  std::int64_t cells = 0;
  for (std::size_t p = 0; p < phenotypes; ++p) {
    if (hour.by_lymph[p] < 0)
      broken("a window", "cells that left it by lymph", hour.by_lymph[p], 0);
    into_nodes(lesion, p, hour.by_lymph[p], 0);
    cells += hour.by_lymph[p];
  }
  if (cells > 0 && !plan_->lymph.enabled())
    broken("a window", "cells that left it by lymph, which is not followed", cells, 0);
  into_nodes(lesion, static_cast<std::size_t>(lesion.phenotype), 0,
             hour.expected[static_cast<std::size_t>(Route::lymph)]);
  return cells;
}

// What is due in this step, each with the founders that were expected in it.
void Body::force_founders(StepReport& report) {
  for (const Forced& f : plan_of_forced_) {
    if (f.step != step_) continue;
    Lesion l;
    l.number = f.number;
    l.organ = f.organ;
    l.origin = Origin::forced;
    l.cells = 1;
    l.founded = step_;
    l.stratum = f.stratum;
    double founders = 0;
    for (const auto& cells : expected_landed_[static_cast<std::size_t>(f.organ)].cells)
      for (const Fate fate : {Fate::asleep, Fate::awake})
        founders += cells[static_cast<std::size_t>(fate)];
    l.weight = static_cast<double>(f.steps) * founders;
    l.parent = parent_of_forced(f);
    l.asleep = l.slept =
        counts::pair_of({seed_, Purpose::forcing, static_cast<std::uint64_t>(f.number), 0, 2}, 0)
            .u < plan_->body.fate.asleep;
    forced_.push_back(l);
    report.events.push_back({BodyEvent::What::forced, l.number, Origin::forced});
  }
}

Lesion& Body::found_lesion(std::int32_t organ, Phenotype phenotype, Origin origin,
                           const Parentage& parents, StepReport& report) {
  if (lesions_.size() >= most_lesions)
    throw ResourceError("a body has " + std::to_string(lesions_.size()) +
                        " lesions; lower body.fate.human or body.shedding.fraction");
  Lesion l;
  l.number = static_cast<std::int64_t>(lesions_.size());
  l.organ = organ;
  l.phenotype = phenotype;
  l.origin = origin;
  l.cells = 1;
  l.founded = step_;
  l.parent = parents.pick(parent_draw(l.number, false));
  lesions_.push_back(l);
  report.events.push_back({BodyEvent::What::founded, l.number, origin});
  return lesions_.back();
}

void Body::found(StepReport& report) {
  for (std::size_t o = 0; o < landed_.size(); ++o)
    for (std::size_t p = 0; p < phenotypes; ++p) {
      const auto organ = static_cast<std::int32_t>(o);
      const auto phenotype = static_cast<Phenotype>(p);
      constexpr auto awake = static_cast<std::size_t>(Fate::awake);
      const LandedParents& parents = parents_.stages.landed[o];
      for (std::int64_t k = 0; k < landed_[o].cells[p][awake]; ++k)
        found_lesion(organ, phenotype, Origin::natural, parents.cells[p][awake], report);
      for (std::int64_t k = 0; k < landed_[o].woken[p]; ++k)
        found_lesion(organ, phenotype, Origin::natural, parents.woken[p], report).slept = true;
    }
}

void Body::grow_one(Lesion& lesion, const Growing& growing, std::int64_t fits, StepReport& report) {
  if (lesion.counted_by == CountedBy::body && !lesion.asleep && lesion.cells > 0) {
    plan_->growth.advance(lesion, growing.exponent, growing.departed, fits, seed_,
                          static_cast<std::uint64_t>(step_));
    if (lesion.cells == 0)
      report.events.push_back({BodyEvent::What::died_out, lesion.number, lesion.origin});
  }
  if (lesion.asleep && lesion.counted_by == CountedBy::body &&
      counts::pair_of({seed_, Purpose::forcing, static_cast<std::uint64_t>(lesion.number),
                       static_cast<std::uint64_t>(step_), 1},
                      0)
              .u < waking_) {
    lesion.asleep = false;
    report.events.push_back({BodyEvent::What::woken, lesion.number, lesion.origin});
  }
  if (lesion.established < 0 && static_cast<double>(lesion.cells) >= plan_->body.established) {
    lesion.established = step_ + 1;
    if (lesion.origin != Origin::primary)
      report.events.push_back({BodyEvent::What::established, lesion.number, lesion.origin});
  }
}

// Those that were there when the step began; founders of this step grow from the next one on.
void Body::grow(StepReport& report) {
  for (std::size_t k = 0; k < growing_.size(); ++k) {
    const auto o = static_cast<std::size_t>(lesions_[k].organ);
    const std::int64_t before = lesions_[k].cells;
    grow_one(lesions_[k], growing_[k], static_cast<std::int64_t>(plan_->capacity[o]) - occupied_[o],
             report);
    occupied_[o] += lesions_[k].cells - before;
  }
  for (std::size_t k = 0; k < forced_growing_.size(); ++k) {
    const auto o = static_cast<std::size_t>(forced_[k].organ);
    const std::int64_t before = forced_[k].cells;
    grow_one(forced_[k], forced_growing_[k],
             static_cast<std::int64_t>(plan_->capacity[o]) - (stand_aside_ ? before : occupied_[o]),
             report);
    if (!stand_aside_) occupied_[o] += forced_[k].cells - before;
  }
}

void Body::tell_landings(StepReport& report) const {
  // Founders of this step are the last lesions, organ by organ, those that never slept first.
  std::int64_t founder = static_cast<std::int64_t>(lesions_.size());
  for (const LandedCells<std::int64_t>& l : landed_)
    for (std::size_t p = 0; p < phenotypes; ++p)
      founder -= l.cells[p][static_cast<std::size_t>(Fate::awake)] + l.woken[p];
  for (std::size_t o = 0; o < landed_.size(); ++o)
    for (std::size_t p = 0; p < phenotypes; ++p) {
      for (std::size_t f = 0; f < fates; ++f) {
        const std::int64_t cells = landed_[o].cells[p][f];
        if (cells == 0) continue;
        const std::uint64_t place = (static_cast<std::uint64_t>(step_) * 64 + o) * 16 + f * 2 + p;
        const auto fate = static_cast<Fate>(f);
        report.landings.push_back({static_cast<std::int32_t>(o), fate, static_cast<Phenotype>(p),
                                   cells, fate == Fate::awake ? founder : -1, place});
      }
      founder += landed_[o].cells[p][static_cast<std::size_t>(Fate::awake)] + landed_[o].woken[p];
    }
}

// ---- death

double Body::function(std::int32_t organ) const {
  double cells = 0;
  for (const auto* lesions : {&lesions_, &forced_})
    for (const Lesion& l : *lesions)
      if (l.organ == organ && acts(l)) cells += static_cast<double>(l.cells);
  return plan_->load.function(static_cast<std::size_t>(organ), cells / plan_->growth.density());
}

// The step after which something else ends this life. A cohort's patient is as old when his primary
// is found as was drawn; the one in the middle has a death of his own in each body.
std::int64_t Body::other_death() const {
  const BodyParameters& b = plan_->body;
  LesionPace pace;
  pace.doubling = plan_->host.doubling;
  pace.luck = b.lesions.avascular;
  pace.fastness = b.lesions.doubling / minutes_per_day / pace.doubling;
  const LesionClock clock(b.lesions, pace);
  const double found = clock.day_of(cells_of_diameter(b.lesions, plan_->host.diameter)) -
                       clock.day_of(static_cast<double>(lesions_[0].cells));
  const double days = b.patient < 0
                          ? gompertz_time(b.host, std::max(0.0, plan_->host.age - found),
                                          counts::pair_of({seed_, Purpose::dying, 0, 0, 0}, 0).u)
                          : std::max(0.0, found + plan_->host.other_death);
  return static_cast<std::int64_t>(std::ceil(std::min(days * minutes_per_day / b.step, 1e15)));
}

void Body::judge_death(StepReport& report) {
  const DyingParameters& d = plan_->body.death;
  if (d.lesions) die_of_lesions(report);
  if (!d.others || died_ >= 0 || step_ < other_death_) return;
  death_ = {DeathOf::other, -1, false, 0};
  died_ = step_;
  report.events.push_back({BodyEvent::What::died_otherwise, -1, Origin::primary});
}

void Body::die_of_lesions(StepReport& report) {
  const double density = plan_->growth.density();
  std::vector<double> volumes(plan_->capacity.size());
  const auto each_metastasis = [&](const auto& look) {
    for (const auto* lesions : {&lesions_, &forced_})
      for (const Lesion& l : *lesions)
        if (l.origin != Origin::primary && acts(l)) look(l);
  };
  each_metastasis([&](const Lesion& l) {
    volumes[static_cast<std::size_t>(l.organ)] += static_cast<double>(l.cells) / density;
  });
  death_ = plan_->load.judge(volumes, static_cast<double>(lesions_[0].cells) / density);
  if (death_.cause == DeathOf::none) return;
  died_ = step_;
  // The largest lesion there stands for all of them.
  const Lesion* largest = nullptr;
  if (death_.of_metastases)
    each_metastasis([&](const Lesion& l) {
      if (l.organ == death_.organ && (largest == nullptr || l.cells > largest->cells)) largest = &l;
    });
  if (largest == nullptr) largest = &lesions_[0];
  const auto what =
      death_.cause == DeathOf::organ ? BodyEvent::What::died : BodyEvent::What::died_of_burden;
  report.events.push_back({what, largest->number, largest->origin});
}

// ---- windows

const Lesion* Body::lesion(std::int64_t number, Origin origin) const {
  if (origin != Origin::forced) // each in the place of its number
    return number >= 0 && number < static_cast<std::int64_t>(lesions_.size())
               ? &lesions_[static_cast<std::size_t>(number)]
               : nullptr;
  const auto found = std::find_if(forced_.begin(), forced_.end(),
                                  [&](const Lesion& l) { return l.number == number; });
  return found == forced_.end() ? nullptr : &*found;
}

Lesion& Body::window_lesion(std::int64_t number, Origin origin, bool in_window) {
  const Lesion* found = lesion(number, origin);
  const std::string name =
      (origin == Origin::forced ? "forced lesion " : "lesion ") + std::to_string(number);
  if (found == nullptr) throw NumericalError("there is no " + name);
  if ((found->counted_by == CountedBy::window) != in_window)
    throw NumericalError(name + " is counted by " + (in_window ? "the body" : "a window") +
                         " already");
  return const_cast<Lesion&>(*found);
}

std::int64_t Body::give_to_window(std::int64_t number, Origin origin) {
  Lesion& lesion = window_lesion(number, origin, false);
  lesion.counted_by = CountedBy::window;
  return lesion.cells;
}

void Body::take_from_window(std::int64_t number, std::int64_t cells, Origin origin) {
  Lesion& lesion = window_lesion(number, origin, true);
  require_equal("a window", "cells that it gives back, and its lesion's", cells, lesion.cells);
  lesion.counted_by = CountedBy::body;
  lesion.vascular = true;
}

// ---- the ledger

void Body::check_ledger() const {
  static const std::string blood = "blood";
  std::int64_t somewhere = natural_.dead_in_flow + natural_.passed_out;
  std::vector<std::int64_t> founded(natural_.organs.size());
  std::int64_t departed = 0, in_nodes = 0;
  for (const auto* lesions : {&lesions_, &forced_})
    for (const Lesion& l : *lesions) {
      require_sound(l, plan_->capacity[static_cast<std::size_t>(l.organ)]);
      departed += l.departed + l.spilled;
      if (l.origin == Origin::natural) ++founded[static_cast<std::size_t>(l.organ)];
      if (l.origin == Origin::nodal) in_nodes += l.founded_with;
    }
  for (std::size_t k = 0; k < natural_.organs.size(); ++k) {
    const OrganStages<std::int64_t>& o = natural_.organs[k];
    const std::string& name = plan_->body.organs[k].name;
    require_counts(name, o);
    const std::int64_t lodged = o.lodged_cells(), adherent = o.adherent_cells();
    require_equal(name, "arrived, and lodged, released, dead or adhered", o.arrived,
                  lodged + o.released + o.killed + o.died + o.adhered);
    const std::int64_t attached = cavity_.attached[k], out = o.landed - attached;
    require_equal(name, "adhered, and adherent, dead or landed", o.adhered,
                  adherent + o.died_adherent + out);
    std::int64_t drawn = 0;
    for (const std::int64_t n : o.fate) drawn += n;
    require_equal(name, "landed, and its fates", o.landed, drawn);
    require_equal(name, "cells that fell asleep, and asleep or woken",
                  o.fate[static_cast<std::size_t>(Fate::asleep)], o.asleep_cells() + o.woken);
    require_equal(name, "founders, and lesions", o.founders(), founded[k]);
    somewhere += lodged + adherent + o.killed + o.died + o.died_adherent + out;
    if (attached < 0 || cavity_.implants[k] < 0 || cavity_.implants[k] > attached)
      broken(name, "competent ones of those that attached, and all", cavity_.implants[k], attached);
  }
  static const std::string cavity = "cavity";
  for (const std::int64_t n : cavity_.floating)
    if (n < 0) broken(cavity, "fewer cells than none", n, 0);
  require_equal(cavity, "departed into it, and all that came of it", cavity_.shed(),
                cavity_.in_cavity() + cavity_.died + cavity_.attached_to_all() + cavity_.washed);
  static const std::string nodes = "nodes";
  if (lymph_.in_nodes() < 0) broken(nodes, "fewer cells than none", lymph_.in_nodes(), 0);
  for (std::size_t k = 0; k < lymph_.in_node.size(); ++k)
    if (lymph_.epithelial[k] < 0 || lymph_.epithelial[k] > lymph_.in_node[k])
      broken(nodes, "E-like cells, and all", lymph_.epithelial[k], lymph_.in_node[k]);
  require_equal(nodes, "departed by lymph, and all that came of it", lymph_.departed,
                lymph_.in_nodes() + lymph_.died + lymph_.founded + lymph_.passed + lymph_.resected);
  require_equal(nodes, "founded in them, and with what lesions there began", lymph_.founded,
                in_nodes);
  // What the cut of this step spilled into the blood flows in the next one.
  require_equal(blood,
                "departed from lesions, spilled and out of nodes, and into it, them and the cavity",
                departed + lymph_.passed,
                natural_.departed + lymph_.departed + cavity_.shed() +
                    (spill_waits() ? spilled_into_blood_ : 0));
  require_equal(blood, "departed, and all that came of it", natural_.departed, somewhere);
  check_parents();
}

} // namespace metavox
