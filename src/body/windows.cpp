#include "body/windows.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>
#include <type_traits>
#include <utility>

#include "body/body_archive.hpp"
#include "body/window_lattice.hpp"
#include "cells/arrested.hpp"
#include "core/errors.hpp"
#include "core/exact.hpp"
#include "core/random.hpp"
#include "voxel/kind.hpp"

namespace metavox {
namespace {

constexpr std::int64_t most_windows = 1000000; // ever

template <class T>
void fit(std::vector<T>& list, std::int64_t n, std::int64_t least) {
  if (n < least || n > most_windows)
    throw NumericalError("the stored state of a body has an impossible number of windows");
  list.resize(static_cast<std::size_t>(n));
}
template <class T>
void fit(const std::vector<T>&, std::int64_t, std::int64_t) {} // when it is saved

// Of a map, its number of entries and each by `one`: read back where it may be written.
template <class Map, class Archive, class One>
void visit_map(Map& map, Archive& archive, const One& one) {
  auto n = static_cast<std::int64_t>(map.size());
  archive(n);
  if constexpr (std::is_const_v<Map>) {
    for (const auto& [key, value] : map) one(key, value, archive);
  } else {
    if (n < 0 || n > most_windows)
      throw NumericalError("the stored state of a body has an impossible number of founders");
    map.clear();
    for (std::int64_t k = 0; k < n; ++k) {
      typename Map::key_type key{};
      typename Map::mapped_type value;
      one(key, value, archive);
      map.emplace(key, std::move(value));
    }
  }
}

std::uint16_t flags_of(Fate fate) {
  switch (fate) {
  case Fate::doomed: return flag_doomed;
  case Fate::abortive: return flag_limited;
  case Fate::dormant: return flag_limited | flag_dormant;
  case Fate::asleep: return flag_competent | flag_dormant;
  case Fate::awake: break;
  }
  return flag_competent;
}

// Of the cells of a lesion that began as one, by the lattice's rates alone: what oxygen and matrix
// do to them a counter does not know.
double mesenchymal_share(Kind began, double age, const TransitionParameters& t) {
  const double m = began == Kind::mesenchymal ? 1 : 0, rate = t.emt + t.met;
  if (!t.enabled || !(rate > 0)) return m;
  const double settled = t.emt / rate;
  return settled + (m - settled) * exact::exp(-rate * age);
}

std::int64_t in_the_middle(const Parameters& p) {
  const std::int64_t n = p.domain.voxels[0], middle = n / 2;
  return (middle * n + middle) * n + middle;
}

// The lesions that a scan finds, the largest first.
std::vector<const Lesion*> seen_by(const ScanParameters& s, const Body& body,
                                   const BodyParameters& p) {
  std::vector<const Lesion*> seen;
  for (const auto* lesions : {&body.lesions(), &body.forced()})
    for (const Lesion& l : *lesions) {
      const bool there =
          s.organ == every_organ || s.organ == p.organs[static_cast<std::size_t>(l.organ)].name;
      const bool counted = l.counted_by == CountedBy::body && !l.asleep;
      if ((l.origin == Origin::natural || l.origin == Origin::forced) && there && counted &&
          static_cast<double>(l.cells) >= s.least)
        seen.push_back(&l);
    }
  std::stable_sort(seen.begin(), seen.end(),
                   [](const Lesion* a, const Lesion* b) { return a->cells > b->cells; });
  return seen;
}

std::string prefix_of(std::int64_t number) {
  char text[40];
  std::snprintf(text, sizeof text, "window_%04lld_", static_cast<long long>(number));
  return text;
}

// Clusters by size and phenotype, of those that went by blood. Cells of a cluster share step and
// number.
std::vector<WindowDeparture> clusters_of(const std::vector<Departure>& departures) {
  struct Group {
    int cells = 0, mesenchymal = 0;
  };
  std::map<std::pair<std::int64_t, std::int64_t>, Group> groups;
  for (const Departure& d : departures) {
    if (d.route != Route::blood) continue;
    Group& g = groups[{d.step, d.number}];
    g.cells += 1;
    g.mesenchymal += d.cell.kind == Kind::mesenchymal ? 1 : 0;
  }
  std::map<std::pair<int, Phenotype>, std::int64_t> clusters;
  for (const auto& [key, g] : groups)
    clusters[{g.cells,
              2 * g.mesenchymal >= g.cells ? Phenotype::mesenchymal : Phenotype::epithelial}] += 1;
  std::vector<WindowDeparture> list;
  list.reserve(clusters.size());
  for (const auto& [what, n] : clusters) list.push_back({what.first, what.second, n});
  return list;
}

ByPhenotype<std::int64_t> cells_by(Route route, const std::vector<Departure>& departures) {
  ByPhenotype<std::int64_t> cells{};
  for (const Departure& d : departures)
    if (d.route == route) cells[static_cast<std::size_t>(phenotype_of(d.cell.kind))] += 1;
  return cells;
}

} // namespace

std::string window_name(const WindowRecord& r, const BodyParameters& body) {
  char number[24];
  std::snprintf(number, sizeof number, "%03lld-", static_cast<long long>(r.number));
  return number + body.organs[static_cast<std::size_t>(r.organ)].name +
         (r.origin == Origin::forced ? "-forced" : "");
}

Windows::Windows(const Parameters& primary, const BodyPlan& plan, Executor executor)
    : primary_(primary), plan_(&plan), executor_(std::move(executor)),
      seed_(primary.simulation.seed),
      site_steps_(std::llround(plan.body.step / primary.time.step)) {}

std::int64_t Windows::open_primary(const ExternalArrays& external) {
  WindowRecord r;
  r.lesion = 0;
  r.origin = Origin::primary;
  r.organ = plan_->home;
  all_.push_back(r);
  return open_site(r, external).site.tumour().cells;
}

bool Windows::sheds(const WindowRecord& r) const {
  return r.origin == Origin::primary ||
         (plan_->body.reseeding && r.lesion >= 0 &&
          !(r.origin == Origin::forced && plan_->body.coupling == Coupling::linear));
}

OpenWindow& Windows::open_site(const WindowRecord& r, const ExternalArrays& external) {
  SiteLayout layout;
  layout.number = static_cast<std::uint64_t>(r.number);
  Site site(r.origin == Origin::primary
                ? primary_
                : lattice_of_window(primary_, plan_->body, r.organ, sheds(r)),
            executor_, external, layout);
  site.take_events(); // of the set-up
  open_.push_back(std::make_unique<OpenWindow>(OpenWindow{r.number, std::move(site), {}, {}}));
  return *open_.back();
}

// ---- a step

StepReport Windows::step(Body& body, bool backwards) {
  founders_.clear();
  if (body.died() >= 0) return body.step(); // all windows are closed
  std::vector<TumourBalance> before;
  for (const auto& w : open_) before.push_back(w->site.tumour());
  for (std::size_t k = 0; k < open_.size(); ++k)
    advance(*open_[backwards ? open_.size() - 1 - k : k], body.waking_pace());
  std::vector<WindowHour> hours;
  for (std::size_t k = 0; k < open_.size(); ++k) {
    const WindowHour hour = hour_of(*open_[k], before[k]);
    if (record(open_[k]->number).lesion >= 0) hours.push_back(hour);
    const std::int64_t lesion = record(open_[k]->number).lesion;
    for (const Departure& d : open_[k]->departures)
      (lesion == 0 ? travellers_ : of_others_[lesion]).add(d.cell, seed_, lesion);
  }
  StepReport report = body.step(hours);
  close_some(body, report);
  body.check_ledger();
  const std::vector<BodyEvent> events = report.events;
  if (body.died() >= 0) { // nothing opens any more
    for (const BodyEvent& e : events)
      if (e.what == BodyEvent::What::founded || e.what == BodyEvent::What::forced)
        remember(*body.lesion(e.lesion, e.origin));
    return report;
  }
  for (const BodyEvent& e : events) open_for(body, e, report);
  const std::vector<Landing> landings = report.landings;
  for (const Landing& l : landings) show(body, l, report);
  scan(body, report);
  return report;
}

// By a step of the body; departures in the order of steps, voxels, slots.
void Windows::advance(OpenWindow& w, double waking_pace) const {
  w.events.clear();
  w.departures.clear();
  w.site.set_waking_pace(waking_pace);
  for (std::int64_t k = 0; k < site_steps_; ++k) {
    w.site.step();
    for (Event& e : w.site.take_events()) w.events.push_back(std::move(e));
    for (const Departure& d : w.site.take_departures()) w.departures.push_back(d);
  }
  std::stable_sort(w.departures.begin(), w.departures.end(),
                   [](const Departure& a, const Departure& b) {
                     return std::tie(a.step, a.voxel, a.slot) < std::tie(b.step, b.voxel, b.slot);
                   });
}

WindowHour Windows::hour_of(const OpenWindow& w, const TumourBalance& before) const {
  const TumourBalance now = w.site.tumour();
  WindowHour h;
  h.lesion = record(w.number).lesion;
  h.origin = record(w.number).origin;
  h.cells = now.cells + now.waiting;
  h.births = now.births - before.births;
  h.deaths = now.deaths - before.deaths;
  for (std::size_t r = 0; r < route_count; ++r)
    h.expected[r] = (now.expected_departures[r] - before.expected_departures[r]) *
                    before.cells_per_departure[r];
  h.departures = clusters_of(w.departures);
  h.by_lymph = cells_by(Route::lymph, w.departures);
  h.into_cavity = cells_by(Route::cavity, w.departures);
  const auto departed = static_cast<std::int64_t>(w.departures.size());
  if (now.departed - before.departed != departed || now.came != before.came ||
      h.cells != before.cells + before.waiting + h.births - h.deaths - departed)
    throw NumericalError("the ledger of window " + std::to_string(w.number) +
                         " is broken: " + std::to_string(before.cells + before.waiting) +
                         " cells, " + std::to_string(h.births) + " born, " +
                         std::to_string(h.deaths) + " died, " + std::to_string(departed) +
                         " departed, " + std::to_string(h.cells) + " are there");
  return h;
}

// ---- closing

bool Windows::too_many(const Parameters& lattice, std::int64_t cells) const {
  const auto& n = lattice.domain.voxels;
  const double voxels = static_cast<double>(n[0]) * n[1] * n[2];
  return static_cast<double>(cells) > plan_->body.windows.full * voxels;
}

bool Windows::too_large(const OpenWindow& w, std::int64_t cells) const {
  return too_many(w.site.parameters(), cells) ||
         w.site.tumour_near_open_face(plan_->body.windows.margin);
}

void Windows::close_some(Body& body, StepReport& report) {
  for (std::size_t k = 0; k < open_.size();) {
    OpenWindow& w = *open_[k];
    WindowRecord& r = all_[static_cast<std::size_t>(w.number)];
    const TumourBalance now = w.site.tumour();
    const std::int64_t cells = now.cells + now.waiting;
    const bool removed = r.origin == Origin::primary && body.removal_is_due();
    const bool over = removed || body.died() >= 0;
    if (cells > 0 && !over && !(r.lesion >= 0 && too_large(w, cells))) {
      ++k;
      continue;
    }
    if (r.lesion >= 0) body.take_from_window(r.lesion, cells, r.origin);
    r.closed = body.steps();
    const auto what = r.lesion >= 0 ? BodyEvent::What::closed : BodyEvent::What::gone;
    report.events.push_back({what, r.lesion, r.origin, r.number});
    if (removed) body.remove_primary(report);
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(k));
  }
}

// ---- opening

bool Windows::any_left() const {
  const auto others = std::count_if(open_.begin(), open_.end(), [&](const auto& w) {
    return record(w->number).origin != Origin::primary;
  });
  return others < plan_->body.windows.max;
}

// Around natural founders and around forced ones that do not sleep, or once they wake. Lesions of
// nodes stay counters: later founders join them.
void Windows::open_for(Body& body, const BodyEvent& e, StepReport& report) {
  if (e.what != BodyEvent::What::founded && e.what != BodyEvent::What::forced &&
      e.what != BodyEvent::What::woken)
    return;
  const Lesion& lesion = *body.lesion(e.lesion, e.origin);
  if (e.what != BodyEvent::What::woken) remember(lesion);
  if (!opens_around(lesion)) return;
  if (!any_left()) {
    report.events.push_back({BodyEvent::What::uncovered, e.lesion, e.origin});
    return;
  }
  const WindowRecord r = next_record(lesion, body.steps());
  const Parent parent = lesion.parent;
  if (body.give_to_window(e.lesion, e.origin) != 1)
    throw NumericalError("a founder is not one cell");
  all_.push_back(r);
  settle(r, *founder_of(e.lesion, e.origin), parent);
  report.events.push_back({BodyEvent::What::opened, e.lesion, e.origin, r.number});
}

bool Windows::opens_around(const Lesion& l) const {
  return l.origin != Origin::nodal && plan_->body.windows.founders && !l.asleep &&
         l.counted_by != CountedBy::window;
}

// A draw of the window that it gets at once, or else of the lesion: so what a window begins with
// does not depend on lesions that have none.
void Windows::remember(const Lesion& l) {
  const bool forced = l.origin == Origin::forced, window = opens_around(l) && any_left();
  const Draw d = window ? draw(seed_, Purpose::window, all_.size(), 0, 0)
                        : draw(seed_, Purpose::lineage, static_cast<std::uint64_t>(l.number),
                               static_cast<std::uint64_t>(l.founded), forced ? 16 : 17);
  known_[{l.number, forced}] =
      draw_record(l.parent, forced ? std::optional<Phenotype>{} : l.phenotype, d);
}

WindowRecord Windows::next_record(const Lesion& lesion, std::int64_t step) const {
  WindowRecord r;
  r.number = static_cast<std::int64_t>(all_.size());
  r.lesion = lesion.number;
  r.origin = lesion.origin;
  r.organ = lesion.organ;
  r.opened = step;
  return r;
}

// Lesions that are counted, natural ones and forced ones that do not sleep. Those of nodes stay
// counters, and so does the primary.
void Windows::scan(Body& body, StepReport& report) {
  const BodyParameters& b = plan_->body;
  for (const ScanParameters& s : b.windows.scan) {
    if (b.step_that_reaches(s.time) != body.steps()) continue;
    for (const Lesion* lesion : seen_by(s, body, b)) look_at(body, *lesion, report);
  }
}

// A window that would close at once is not opened.
void Windows::look_at(Body& body, const Lesion& lesion, StepReport& report) {
  const auto tell = [&](BodyEvent::What what, std::int64_t window = -1) {
    report.events.push_back({what, lesion.number, lesion.origin, window});
  };
  const WindowRecord r = next_record(lesion, body.steps());
  if (too_many(lattice_of_window(primary_, plan_->body, r.organ, sheds(r)), lesion.cells))
    return tell(BodyEvent::What::unfit);
  if (!any_left()) return tell(BodyEvent::What::uncovered);
  OpenWindow& w = open_site(r, {});
  const Parameters& p = w.site.parameters();
  const WindowFounder founder =
      founder_with(r, *founder_of(lesion.number, lesion.origin), lesion.parent, p);
  const double age = static_cast<double>(body.steps() - lesion.founded) * plan_->body.step;
  w.site.hand_over({lesion.cells, in_the_middle(p), founder.cell,
                    mesenchymal_share(founder.cell.kind, age, p.transition)});
  if (too_large(w, lesion.cells)) {
    open_.pop_back();
    return tell(BodyEvent::What::unfit);
  }
  const std::int64_t handed = body.give_to_window(lesion.number, lesion.origin);
  if (w.site.tumour().cells != handed)
    throw NumericalError("a lesion of " + std::to_string(handed) + " cells became a window of " +
                         std::to_string(w.site.tumour().cells));
  all_.push_back(r);
  founders_.push_back(founder);
  tell(BodyEvent::What::opened, r.number);
}

const FounderRecord* Windows::founder_of(std::int64_t lesion, Origin origin) const {
  const auto known = known_.find({lesion, origin == Origin::forced});
  return known == known_.end() ? nullptr : &known->second;
}

// Around the first cells that landed and found no lesion. Sleepers that may found one are counted
// where they sleep.
void Windows::show(const Body& body, const Landing& l, StepReport& report) {
  if (competent(l.fate)) return;
  for (std::int64_t k = 0; k < l.cells && shown_ < plan_->body.windows.shown && any_left(); ++k) {
    WindowRecord r;
    r.number = static_cast<std::int64_t>(all_.size());
    r.organ = l.organ;
    r.fate = l.fate;
    r.opened = body.steps();
    const auto number = static_cast<std::uint64_t>(r.number);
    const Parent parent =
        body.parents_of(l).pick(to_unit(draw(seed_, Purpose::lineage, number, 0, 18).word[0]));
    all_.push_back(r);
    ++shown_;
    settle(r, draw_record(parent, l.phenotype, draw(seed_, Purpose::window, number, 0, 0)), parent);
    report.events.push_back({BodyEvent::What::shown, -1, Origin::natural, r.number});
  }
}

// One cell with its fate, out of the capillary near the middle that the flow took it to: the body
// has drawn that it lodged, adhered and crossed.
void Windows::settle(const WindowRecord& r, const FounderRecord& founder, const Parent& parent) {
  Site& site = open_site(r, {}).site;
  const Parameters& p = site.parameters();
  Arrival a;
  a.berth = Berth::outside;
  a.fate_is_drawn = false;
  founders_.push_back(founder_with(r, founder, parent, p));
  a.cells = {founders_.back().cell};
  a.reach = plan_->body.windows.reach;
  site.arrive({a});
}

// A counter's cells are taken to be like the one that it began with [assumed], as when it becomes a
// window; but E-like or M-like as they left.
FounderRecord Windows::draw_record(const Parent& parent, std::optional<Phenotype> phenotype,
                                   const Draw& d) const {
  const double u = to_unit(d.word[0]), v = to_unit(d.word[1]);
  const Kind kind = phenotype == Phenotype::epithelial ? Kind::epithelial : Kind::mesenchymal;
  if (parent.lesion > 0) {
    const auto travellers = of_others_.find(parent.lesion);
    if (travellers != of_others_.end() && !parent.forced)
      if (const auto kept = travellers->second.pick(phenotype, u, v)) return {*kept, true};
    const auto known = known_.find({parent.lesion, parent.forced});
    if (known != known_.end()) {
      FounderRecord like = known->second;
      if (phenotype) like.cell.kind = kind;
      return like;
    }
  }
  if (const auto kept = travellers_.pick(phenotype, u, v)) return {*kept, true};
  FounderRecord none; // has left a window yet
  none.cell.kind = kind;
  none.cell.clock =
      static_cast<std::uint16_t>(clock_zero + static_cast<int>(below(d.word[2], 32768)));
  none.cell.clone = 1;
  return none;
}

WindowFounder Windows::founder_with(const WindowRecord& r, const FounderRecord& founder,
                                    const Parent& parent, const Parameters& p) const {
  const Draw e = draw(seed_, Purpose::window, static_cast<std::uint64_t>(r.number), 0, 1);
  Cell c = founder.cell;
  c.timer = 0;
  c.flags &= flag_stem;
  c = with_fate(c, flags_of(r.fate), landing_rule(p.landing, p.time.step), e.word[0], e.word[1]);
  return {r.number, c, founder.travelled, parent};
}

// ---- the state

template <class Self, class Archive>
void Windows::visit(Self& self, Archive& archive) {
  auto n = static_cast<std::int64_t>(self.all_.size());
  archive(n);
  fit(self.all_, n, 1);
  for (auto& r : self.all_) WindowRecord::visit(r, archive);
  archive(self.shown_);
  Travellers::visit(self.travellers_, archive);
  if (self.plan_->parents_act())
    visit_map(self.of_others_, archive, [](auto& lesion, auto& travellers, auto& a) {
      a(lesion), Travellers::visit(travellers, a);
    });
  if (self.founders_matter())
    visit_map(self.known_, archive, [](auto& lesion, auto& founder, auto& a) {
      a(lesion.first), a(lesion.second), FounderRecord::visit(founder, a);
    });
}

// Whether what a lesion began with is asked for later than when it was founded.
bool Windows::founders_matter() const {
  const BodyParameters& b = plan_->body;
  return !b.windows.scan.empty() || plan_->parents_act() || (!b.force.empty() && b.fate.asleep > 0);
}

void Windows::save(std::vector<std::int64_t>& whole, std::vector<double>& real) const {
  BodySaver saver(whole, real);
  visit(*this, saver);
}

void Windows::load(const std::vector<std::int64_t>& whole, const std::vector<double>& real,
                   std::size_t& whole_at, std::size_t& real_at) {
  BodyLoader loader(whole, real, whole_at, real_at);
  visit(*this, loader);
  open_.clear();
  ExternalArrays absent;
  absent.absent = true;
  for (const WindowRecord& r : all_) {
    const bool sound = r.organ >= 0 &&
                       r.organ < static_cast<std::int32_t>(plan_->body.organs.size()) &&
                       &r - all_.data() == r.number;
    if (!sound) throw NumericalError("the stored state of a body has an impossible window");
    if (r.closed < 0) open_site(r, absent);
  }
}

void Windows::add_arrays(Snapshot& snapshot) const {
  for (const auto& w : open_) {
    const std::string prefix = prefix_of(w->number);
    for (ArrayInfo info : w->site.state_arrays()) {
      Snapshot::Array a;
      a.data.resize(info.bytes());
      w->site.read(info.name, a.data.data());
      info.name = prefix + info.name;
      a.info = std::move(info);
      snapshot.arrays.push_back(std::move(a));
    }
  }
}

void Windows::write_arrays(const Snapshot& snapshot, std::int64_t step) {
  for (const auto& w : open_) {
    const std::string prefix = prefix_of(w->number);
    Snapshot own;
    own.step = (step - record(w->number).opened) * site_steps_;
    for (const Snapshot::Array& a : snapshot.arrays) {
      if (a.info.name.compare(0, prefix.size(), prefix) != 0) continue;
      own.arrays.push_back(a);
      own.arrays.back().info.name.erase(0, prefix.size());
    }
    write_snapshot(w->site, own);
  }
}

std::uint64_t Windows::hash() const {
  std::vector<std::int64_t> whole;
  std::vector<double> real;
  save(whole, real);
  std::uint64_t hash = folded(0, whole, real);
  for (const auto& w : open_) hash = folded(hash, w->site.hash());
  return hash;
}

std::uint64_t Windows::of_all(const Parameters& primary, const BodyParameters& body,
                              const std::function<std::uint64_t(const Parameters&)>& number) {
  std::uint64_t most = 0;
  for (std::size_t k = 0; k < body.organs.size(); ++k)
    most = std::max(most,
                    number(lattice_of_window(primary, body, static_cast<std::int32_t>(k), true)));
  return number(primary) + most * static_cast<std::uint64_t>(body.windows.max);
}

std::uint64_t Windows::device_bytes(const Parameters& primary, const BodyParameters& body) {
  return of_all(primary, body, [](const Parameters& p) { return estimate_device_bytes(p); });
}

std::uint64_t Windows::state_bytes(const Parameters& primary, const BodyParameters& body) {
  return of_all(primary, body, [](const Parameters& p) {
    // Arrays of the graph, and of what a list grows to, are small beside the lattice's.
    constexpr double per_node = 200;
    std::size_t bytes = static_cast<std::size_t>(per_node * estimate_vessel_nodes(p));
    for (const ArrayInfo& a : state_arrays_of(p)) bytes += a.bytes() + 8192;
    return bytes;
  });
}

} // namespace metavox
