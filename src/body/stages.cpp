#include "body/stages.hpp"

#include <algorithm>
#include <utility>

#include "core/constants.hpp"
#include "core/counts.hpp"
#include "core/exact.hpp"

namespace metavox {
namespace {

// A draw of a step: what for, of which organ or row, in which round of the step, of which class.
struct Which {
  Purpose purpose;
  std::size_t place;
  std::size_t round;
  std::size_t kind;
};

// Whole cells: each share is drawn.
class Drawn {
public:
  Drawn(std::uint64_t seed, std::uint64_t step) : seed_(seed), step_(step) {}
  std::int64_t part(const Which& w, std::int64_t n, double p) const {
    return n > 0 ? binomial(key(w), n, p) : 0;
  }
  template <std::size_t N>
  std::array<std::int64_t, N> split(const Which& w, std::int64_t n,
                                    const std::array<double, N>& weights) const {
    std::array<std::int64_t, N> places{};
    if (n > 0) multinomial(key(w), n, weights.data(), static_cast<int>(N), places.data());
    return places;
  }
  void split(const Which& w, std::int64_t n, const std::vector<double>& weights,
             std::vector<std::int64_t>& places) const {
    if (n > 0)
      multinomial(key(w), n, weights.data(), static_cast<int>(weights.size()), places.data());
    else
      std::fill(places.begin(), places.end(), 0);
  }

private:
  CountKey key(const Which& w) const {
    return {seed_, w.purpose, (w.place * 8 + w.round) * 128, step_,
            static_cast<std::uint32_t>(w.kind)};
  }
  std::uint64_t seed_, step_;
};

// Expected ones: each share is taken.
class Multiplied {
public:
  double part(const Which&, double n, double p) const { return n * p; }
  template <std::size_t N>
  std::array<double, N> split(const Which&, double n, const std::array<double, N>& weights) const {
    double sum = 0;
    for (const double w : weights) sum += w;
    std::array<double, N> places{};
    if (sum > 0)
      for (std::size_t i = 0; i < N; ++i) places[i] = n * (weights[i] / sum);
    return places;
  }
  void split(const Which&, double n, const std::vector<double>& weights,
             std::vector<double>& places) const {
    double sum = 0;
    for (const double w : weights) sum += w;
    for (std::size_t i = 0; i < weights.size(); ++i) places[i] = n * (weights[i] / sum);
  }
};

// Parents within a step, between one place and the next. A place is made anew by whoever comes to
// it first, so what a former step left here does no harm; lists that grew need not grow again.
struct BetweenPlaces {
  using Classes = std::vector<std::array<Parentage, cell_classes>>;
  Classes fresh, again, last;
  std::vector<ByPhenotype<Parentage>> adhered;
  std::array<Parentage, cell_classes> released;
  Parentage before, leaving;

  static BetweenPlaces& of_thread(std::size_t organs) {
    static thread_local BetweenPlaces places;
    if (places.adhered.size() < organs) {
      for (Classes* classes : {&places.fresh, &places.again, &places.last}) classes->resize(organs);
      places.adhered.resize(organs);
    }
    return places;
  }
};

// Parents of the cells whose numbers a step takes on, as these go from place to place. Null: they
// are not followed.
class Followed {
public:
  Followed(StageParents* parents, const ParentKey& key)
      : parents_(parents), key_(key),
        on_(BetweenPlaces::of_thread(parents != nullptr ? parents->organs.size() : 0)) {}

  // Of a class in an organ, n of which came in this step or round: m more, by a row.
  template <class Number>
  void come(std::size_t row, std::size_t round, std::size_t o, std::size_t c, Number n, Number m) {
    if (parents_ == nullptr || !(m > 0)) return;
    auto& to = round == 0 ? on_.fresh : (round == 1 ? on_.again : on_.last);
    const auto& from = round == 0 ? parents_->shed[row] : on_.released;
    join(to[o][c], n, from[c], m, at(Where::transit, round, row, o, c));
  }
  // Of lodged ones: how many of a former step and of what came stay and leave.
  template <class Number>
  void meet_risks(std::size_t round, std::size_t o, std::size_t c, Number n,
                  std::pair<Number, Number> stay, std::pair<Number, Number> leave) {
    if (parents_ == nullptr) return;
    Parentage& lodged = parents_->organs[o].lodged[c];
    const Parentage& came = (round == 1 ? on_.fresh : on_.again)[o][c];
    if (round == 1) std::swap(on_.before, lodged);
    join(lodged, n, on_.before, stay.first, at(Where::lodged, round, 0, o, c));
    join(lodged, n + stay.first, came, stay.second, at(Where::lodged, round, 1, o, c));
    gather(on_.before, leave.first, came, leave.second, at(Where::lodged, round, 2, o, c));
  }
  template <class Number>
  void adhere(std::size_t round, std::size_t o, std::size_t c, Number n, Number m) {
    if (parents_ == nullptr) return;
    join(on_.adhered[o][phenotype_of_class(c)], n, on_.leaving, m,
         at(Where::lodged, round, 3, o, c));
  }
  void release(std::size_t c) {
    if (parents_ != nullptr) on_.released[c] = on_.leaving;
  }
  // Clusters of a class become n more single cells beside those that came.
  template <class Number>
  void fall_apart(std::size_t round, std::size_t o, std::size_t c, Number n, Number m) {
    if (parents_ == nullptr) return;
    const std::size_t one = class_of(1, static_cast<Phenotype>(phenotype_of_class(c)));
    join((round == 1 ? on_.fresh : on_.again)[o][one], n, on_.leaving, m,
         at(Where::lodged, round, 4, o, c));
  }
  template <class Number>
  void stay(std::size_t o, std::size_t c, Number n, Number m) {
    if (parents_ == nullptr || !(m > 0)) return;
    join(parents_->organs[o].lodged[c], n, on_.last[o][c], m, at(Where::lodged, 3, 0, o, c));
  }
  // Of adherent ones: as of lodged ones.
  template <class Number>
  void cross(std::size_t o, std::size_t p, std::pair<Number, Number> stay,
             std::pair<Number, Number> leave) {
    if (parents_ == nullptr) return;
    Parentage& adherent = parents_->organs[o].adherent[p];
    const Parentage& adhered = on_.adhered[o][p];
    gather(adherent, leave.first, adhered, leave.second, at(Where::out, 0, 0, o, p));
    join(adherent, stay.first, adhered, stay.second, at(Where::out, 0, 1, o, p));
  }
  // m of those that left land with a fate, or that come out of `from`, where n had it already.
  template <class Number>
  void land(std::size_t o, std::size_t p, std::size_t f, Number n, Number m,
            const Parentage* from = nullptr) {
    if (parents_ == nullptr || !(m > 0)) return;
    join(parents_->landed[o].cells[p][f], n, from != nullptr ? *from : on_.leaving, m,
         at(Where::out, 1, f, o, p));
  }
  // Of n sleepers some wake.
  template <class Number>
  void wake(std::size_t o, std::size_t p, Number n, Number woken) {
    if (parents_ == nullptr) return;
    Parentage& asleep = parents_->organs[o].asleep[p];
    if (woken > 0) parents_->landed[o].woken[p] = asleep;
    join(asleep, n - woken, asleep, Number{}, key_);
  }
  template <class Number>
  void fall_asleep(std::size_t o, std::size_t p, Number n, Number m, const Parentage* from,
                   std::size_t round) {
    if (parents_ == nullptr) return;
    join(parents_->organs[o].asleep[p], n, from != nullptr ? *from : on_.leaving, m,
         at(Where::out, 2, round, o, p));
  }

private:
  enum class Where : std::uint8_t { transit, lodged, out };

  ParentKey at(Where where, std::size_t round, std::size_t sub, std::size_t o,
               std::size_t c) const {
    ParentKey key = key_;
    key.place = (((static_cast<std::uint64_t>(where) * 4 + round) * 128 + sub) * 64 + o) * 32 + c;
    return key;
  }
  template <class Number>
  static void join(Parentage& to, Number n, const Parentage& from, Number m, const ParentKey& key) {
    to.join(static_cast<double>(n), from, static_cast<double>(m), key);
  }
  template <class Number>
  void gather(const Parentage& a, Number n, const Parentage& b, Number m, const ParentKey& key) {
    join(on_.leaving, Number{}, a, n, key);
    join(on_.leaving, n, b, m, key);
  }

  StageParents* parents_;
  ParentKey key_;
  BetweenPlaces& on_;
};

constexpr std::size_t risk_adhesion = 0, risk_nk = 1, risk_other = 2, risk_release = 3,
                      risk_break = 4;

} // namespace

const char* name_of(Fate fate) {
  constexpr const char* names[fates] = {"doomed", "abortive", "dormant", "asleep", "awake"};
  return names[static_cast<std::size_t>(fate)];
}

StepChances chances_of_leaving(double x) {
  const double stays = exact::exp(-x);
  // (1 - e^-x)/x; its series where the difference has no digits left
  const double fresh_stays = x > 1e-3 ? (1 - stays) / x : 1 - x / 2 * (1 - x / 3 * (1 - x / 4));
  return {1 - stays, 1 - fresh_stays};
}

StageLaw::StageLaw(const BodyParameters& body, double theta) : step_(body.step) {
  const PrimaryParameters& primary = primary_named(body, body.primary);
  const Circulation blood = circulation_of(body);
  const auto add = [&](const std::vector<BloodWay>& ways) {
    const Passage p = follow(blood, ways);
    std::vector<double> ends = p.lodged;
    ends.push_back(p.dead);
    ends.push_back(p.passed);
    for (double& share : ends) share = std::max(0.0, share); // rounding
    ends_.push_back(std::move(ends));
    flowing_.push_back(p.flowing);
  };
  add(ways_of(body, primary));
  for (const OrganParameters& o : body.organs) add({{no_bed, chamber_index(body, o.drains), 1.0}});

  const LodgedParameters& l = body.lodged;
  lodged_.resize(body.organs.size());
  risks_.resize(body.organs.size());
  for (std::size_t o = 0; o < body.organs.size(); ++o)
    for (std::size_t size = 1; size <= most_in_cluster; ++size) {
      const double shield = size > 1 ? l.shield : 1;
      std::array<double, 5>& r = risks_[o][size - 1];
      r = {l.adhesion * body.organs[o].adhesion, l.nk * body.host.nk / shield, l.other / shield,
           l.release, size > 1 ? l.break_up : 0};
      lodged_[o][size - 1] = chances_of_leaving((r[0] + r[1] + r[2] + r[3] + r[4]) * step_);
    }
  const std::vector<double> soils = soils_for(body, primary);
  const ColonisationParameters& f = body.fate;
  for (std::size_t o = 0; o < body.organs.size(); ++o) {
    const double out = body.crossing.rate_out() / body.organs[o].barrier;
    ways_out_.push_back({out, body.crossing.death});
    crossing_.push_back(chances_of_leaving((out + body.crossing.death) * step_));
    const double found = std::min(f.begin, f.begin * f.go_on * f.human * soils[o] * theta);
    fates_.push_back({std::max(0.0, 1 - f.begin - f.dormant), f.begin - found, f.dormant,
                      found * f.asleep, found * (1 - f.asleep)});
  }
  waking_ = ln2 / f.waking;
}

double StageLaw::competence(std::size_t organ) const {
  return fates_[organ][static_cast<std::size_t>(Fate::asleep)] +
         fates_[organ][static_cast<std::size_t>(Fate::awake)];
}

double StageLaw::waking(double pace) const { return exact::chance(waking_ * pace, step_); }

StageParents::StageParents(std::size_t n) : organs(n), shed(1 + n), landed(n) {}

template <class Number>
Stages<Number> StageLaw::none() const {
  Stages<Number> s;
  s.organs.resize(organs());
  return s;
}

// One step in its parts.
template <class Number, class Split>
class StageLaw::Round {
public:
  using Classes = std::vector<std::array<Number, cell_classes>>;

  Round(const StageLaw& law, Stages<Number>& s, const Split& split, const Whose& whose)
      : law_(law), s_(s), split_(split), whose_(whose.parents, whose.key), fresh_(law.organs()),
        adhered_(law.organs()), places_(law.organs() + 2) {}

  void transit(std::size_t row, std::size_t round, const std::array<Number, cell_classes>& groups,
               Classes& to) {
    for (std::size_t c = 0; c < cell_classes; ++c) {
      if (!(groups[c] > 0)) continue;
      split_.split({Purpose::transit, row, round, c}, groups[c], law_.ends_[row], places_);
      const auto size = static_cast<Number>(size_of_class(c));
      const std::size_t n = law_.organs();
      for (std::size_t o = 0; o < n; ++o) {
        whose_.come(row, round, o, c, to[o][c], places_[o]);
        to[o][c] += places_[o];
        s_.organs[o].arrived += size * places_[o];
      }
      s_.dead_in_flow += size * places_[n];
      s_.passed_out += size * places_[n + 1];
    }
  }

  void arrive(const Shed<Number>& shed) {
    for (std::size_t row = 0; row < shed.size(); ++row) {
      for (std::size_t c = 0; c < cell_classes; ++c)
        s_.departed += shed[row][c] * static_cast<Number>(size_of_class(c));
      transit(row, 0, shed[row], fresh_);
    }
  }

  // Lodged cells meet their risks: those of former steps and what came in this one, then, in a
  // second round, those that were let go and lodged again.
  void settle() {
    Classes again(law_.organs()), last(law_.organs());
    for (std::size_t o = 0; o < law_.organs(); ++o) {
      const std::array<Number, cell_classes> old = s_.organs[o].lodged;
      s_.organs[o].lodged = {};
      meet_risks(o, 1, old, fresh_[o], again);
    }
    for (std::size_t o = 0; o < law_.organs(); ++o) meet_risks(o, 2, {}, again[o], last);
    for (std::size_t o = 0; o < law_.organs(); ++o)
      for (std::size_t c = 0; c < cell_classes; ++c) {
        whose_.stay(o, c, s_.organs[o].lodged[c], last[o][c]);
        s_.organs[o].lodged[c] += last[o][c];
      }
  }

  void cross(std::vector<LandedCells<Number>>& landed, double waking) {
    for (std::size_t o = 0; o < law_.organs(); ++o) {
      OrganStages<Number>& organ = s_.organs[o];
      landed[o] = {};
      for (std::size_t p = 0; p < phenotypes; ++p) {
        const Number old = organ.adherent[p], fresh = adhered_[o][p],
                     of_old = split_.part({Purpose::crossing, o, 0, p}, old, law_.crossing_[o].old),
                     of_fresh =
                         split_.part({Purpose::crossing, o, 1, p}, fresh, law_.crossing_[o].fresh),
                     leaving = of_old + of_fresh;
        whose_.template cross<Number>(o, p, {old - of_old, fresh - of_fresh}, {of_old, of_fresh});
        organ.adherent[p] += fresh - leaving;
        if (leaving > 0) {
          const auto ways = split_.split({Purpose::crossing, o, 2, p}, leaving, law_.ways_out_[o]);
          organ.landed += ways[0];
          organ.died_adherent += ways[1];
          landed[o].cells[p] = split_.split({Purpose::landing, o, 0, p}, ways[0], law_.fates_[o]);
          for (std::size_t f = 0; f < fates; ++f) {
            whose_.land(o, p, f, Number{}, landed[o].cells[p][f]);
            organ.fate[f] += landed[o].cells[p][f];
          }
        }
        const Number woken = split_.part({Purpose::waking, o, 0, p}, organ.asleep[p], waking);
        const Number fell = landed[o].cells[p][static_cast<std::size_t>(Fate::asleep)];
        whose_.wake(o, p, organ.asleep[p], woken);
        whose_.fall_asleep(o, p, organ.asleep[p] - woken, fell, nullptr, 0);
        organ.woken += woken;
        landed[o].woken[p] = woken;
        organ.asleep[p] += fell - woken;
      }
    }
  }

private:
  // Clusters first: what falls apart is single within the same step.
  void meet_risks(std::size_t o, std::size_t round, const std::array<Number, cell_classes>& old,
                  std::array<Number, cell_classes> fresh, Classes& again) {
    std::array<Number, cell_classes> released{};
    OrganStages<Number>& organ = s_.organs[o];
    for (std::size_t c = cell_classes; c-- > 0;) {
      if (!(old[c] > 0) && !(fresh[c] > 0)) continue;
      const std::size_t size = size_of_class(c), p = phenotype_of_class(c);
      const auto cells = static_cast<Number>(size);
      const Chances& chance = law_.lodged_[o][size - 1];
      const Number of_old = split_.part({Purpose::settling, o, 2 * round, c}, old[c], chance.old);
      const Number of_fresh =
          split_.part({Purpose::settling, o, 2 * round + 1, c}, fresh[c], chance.fresh);
      const Number leaving = of_old + of_fresh;
      whose_.template meet_risks<Number>(
          round, o, c, organ.lodged[c], {old[c] - of_old, fresh[c] - of_fresh}, {of_old, of_fresh});
      organ.lodged[c] += old[c] + fresh[c] - leaving;
      if (!(leaving > 0)) continue;
      const auto left =
          split_.split({Purpose::settling, o, round - 1, c}, leaving, law_.risks_[o][size - 1]);
      whose_.adhere(round, o, c, adhered_[o][p], cells * left[risk_adhesion]);
      adhered_[o][p] += cells * left[risk_adhesion];
      organ.adhered += cells * left[risk_adhesion];
      organ.killed += cells * left[risk_nk];
      organ.died += cells * left[risk_other];
      organ.released += cells * left[risk_release];
      released[c] += left[risk_release];
      whose_.release(c);
      if (size == 1) continue;
      Number& single = fresh[class_of(1, static_cast<Phenotype>(p))];
      whose_.fall_apart(round, o, c, single, cells * left[risk_break]);
      single += cells * left[risk_break];
    }
    transit(1 + o, round, released, again);
  }

  const StageLaw& law_;
  Stages<Number>& s_;
  const Split& split_;
  Followed whose_;
  Classes fresh_; // lodged in this step
  std::vector<std::array<Number, phenotypes>> adhered_;
  std::vector<Number> places_;
};

template <class Number, class Split>
void StageLaw::advance_with(Stages<Number>& s, const Shed<Number>& shed,
                            std::vector<LandedCells<Number>>& landed, double waking,
                            const Split& split, const Whose& whose) const {
  Round<Number, Split> round(*this, s, split, whose);
  round.arrive(shed);
  round.settle();
  round.cross(landed, waking);
}

void StageLaw::advance(Stages<std::int64_t>& s, const Shed<std::int64_t>& shed,
                       std::vector<LandedCells<std::int64_t>>& landed, double waking,
                       std::uint64_t seed, std::uint64_t step, StageParents* whose) const {
  advance_with(s, shed, landed, waking, Drawn(seed, step), {whose, {seed, step}});
}

void StageLaw::advance(Stages<double>& s, const Shed<double>& shed,
                       std::vector<LandedCells<double>>& landed, double waking,
                       const ParentKey& key, StageParents* whose) const {
  advance_with(s, shed, landed, waking, Multiplied(), {whose, key});
}

template <class Number, class Split>
Number StageLaw::land_with(OrganStages<Number>& s, std::size_t organ,
                           const ByPhenotype<Number>& cells, LandedCells<Number>& landed,
                           const Split& split, const Whose& whose,
                           const ByPhenotype<Parentage>* from) const {
  constexpr auto asleep = static_cast<std::size_t>(Fate::asleep),
                 awake = static_cast<std::size_t>(Fate::awake);
  Followed parents(from != nullptr ? whose.parents : nullptr, whose.key);
  Number competent{};
  for (std::size_t p = 0; p < phenotypes; ++p) {
    if (!(cells[p] > 0)) continue;
    const auto drawn = split.split({Purpose::landing, organ, 1, p}, cells[p], fates_[organ]);
    const Parentage* those = from != nullptr ? &(*from)[p] : nullptr;
    for (std::size_t f = 0; f < fates; ++f) {
      parents.land(organ, p, f, landed.cells[p][f], drawn[f], those);
      landed.cells[p][f] += drawn[f];
      s.fate[f] += drawn[f];
    }
    s.landed += cells[p];
    parents.fall_asleep(organ, p, s.asleep[p], drawn[asleep], those, 1);
    s.asleep[p] += drawn[asleep];
    competent += drawn[asleep] + drawn[awake];
  }
  return competent;
}

std::int64_t StageLaw::land(Stages<std::int64_t>& s, std::size_t organ,
                            const ByPhenotype<std::int64_t>& cells,
                            LandedCells<std::int64_t>& landed, std::uint64_t seed,
                            std::uint64_t step, StageParents* whose,
                            const ByPhenotype<Parentage>* from) const {
  return land_with(s.organs[organ], organ, cells, landed, Drawn(seed, step), {whose, {seed, step}},
                   from);
}

double StageLaw::land(Stages<double>& s, std::size_t organ, const ByPhenotype<double>& cells,
                      LandedCells<double>& landed, const ParentKey& key, StageParents* whose,
                      const ByPhenotype<Parentage>* from) const {
  return land_with(s.organs[organ], organ, cells, landed, Multiplied(), {whose, key}, from);
}

template Stages<std::int64_t> StageLaw::none<std::int64_t>() const;
template Stages<double> StageLaw::none<double>() const;

} // namespace metavox
