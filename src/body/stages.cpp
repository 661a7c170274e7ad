#include "body/stages.hpp"

#include <algorithm>

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

  Round(const StageLaw& law, Stages<Number>& s, const Split& split)
      : law_(law), s_(s), split_(split), fresh_(law.organs()), adhered_(law.organs()),
        places_(law.organs() + 2) {}

  void transit(std::size_t row, std::size_t round, const std::array<Number, cell_classes>& groups,
               Classes& to) {
    for (std::size_t c = 0; c < cell_classes; ++c) {
      if (!(groups[c] > 0)) continue;
      split_.split({Purpose::transit, row, round, c}, groups[c], law_.ends_[row], places_);
      const auto size = static_cast<Number>(size_of_class(c));
      const std::size_t n = law_.organs();
      for (std::size_t o = 0; o < n; ++o) {
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
      for (std::size_t c = 0; c < cell_classes; ++c) s_.organs[o].lodged[c] += last[o][c];
  }

  void cross(std::vector<LandedCells<Number>>& landed, double waking) {
    for (std::size_t o = 0; o < law_.organs(); ++o) {
      OrganStages<Number>& organ = s_.organs[o];
      landed[o] = {};
      for (std::size_t p = 0; p < phenotypes; ++p) {
        const Number leaving =
            split_.part({Purpose::crossing, o, 0, p}, organ.adherent[p], law_.crossing_[o].old) +
            split_.part({Purpose::crossing, o, 1, p}, adhered_[o][p], law_.crossing_[o].fresh);
        organ.adherent[p] += adhered_[o][p] - leaving;
        if (leaving > 0) {
          const auto ways = split_.split({Purpose::crossing, o, 2, p}, leaving, law_.ways_out_[o]);
          organ.landed += ways[0];
          organ.died_adherent += ways[1];
          landed[o].cells[p] = split_.split({Purpose::landing, o, 0, p}, ways[0], law_.fates_[o]);
          for (std::size_t f = 0; f < fates; ++f) organ.fate[f] += landed[o].cells[p][f];
        }
        const Number woken = split_.part({Purpose::waking, o, 0, p}, organ.asleep[p], waking);
        organ.woken += woken;
        landed[o].woken[p] = woken;
        organ.asleep[p] += landed[o].cells[p][static_cast<std::size_t>(Fate::asleep)] - woken;
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
      const Number leaving =
          split_.part({Purpose::settling, o, 2 * round, c}, old[c], chance.old) +
          split_.part({Purpose::settling, o, 2 * round + 1, c}, fresh[c], chance.fresh);
      organ.lodged[c] += old[c] + fresh[c] - leaving;
      if (!(leaving > 0)) continue;
      const auto left =
          split_.split({Purpose::settling, o, round - 1, c}, leaving, law_.risks_[o][size - 1]);
      adhered_[o][p] += cells * left[risk_adhesion];
      organ.adhered += cells * left[risk_adhesion];
      organ.killed += cells * left[risk_nk];
      organ.died += cells * left[risk_other];
      organ.released += cells * left[risk_release];
      released[c] += left[risk_release];
      if (size > 1) fresh[class_of(1, static_cast<Phenotype>(p))] += cells * left[risk_break];
    }
    transit(1 + o, round, released, again);
  }

  const StageLaw& law_;
  Stages<Number>& s_;
  const Split& split_;
  Classes fresh_; // lodged in this step
  std::vector<std::array<Number, phenotypes>> adhered_;
  std::vector<Number> places_;
};

template <class Number, class Split>
void StageLaw::advance_with(Stages<Number>& s, const Shed<Number>& shed,
                            std::vector<LandedCells<Number>>& landed, double waking,
                            const Split& split) const {
  Round<Number, Split> round(*this, s, split);
  round.arrive(shed);
  round.settle();
  round.cross(landed, waking);
}

void StageLaw::advance(Stages<std::int64_t>& s, const Shed<std::int64_t>& shed,
                       std::vector<LandedCells<std::int64_t>>& landed, double waking,
                       std::uint64_t seed, std::uint64_t step) const {
  advance_with(s, shed, landed, waking, Drawn(seed, step));
}

void StageLaw::advance(Stages<double>& s, const Shed<double>& shed,
                       std::vector<LandedCells<double>>& landed, double waking) const {
  advance_with(s, shed, landed, waking, Multiplied());
}

template <class Number, class Split>
Number StageLaw::land_with(OrganStages<Number>& s, std::size_t organ,
                           const ByPhenotype<Number>& cells, LandedCells<Number>& landed,
                           const Split& split) const {
  constexpr auto asleep = static_cast<std::size_t>(Fate::asleep),
                 awake = static_cast<std::size_t>(Fate::awake);
  Number competent{};
  for (std::size_t p = 0; p < phenotypes; ++p) {
    if (!(cells[p] > 0)) continue;
    const auto drawn = split.split({Purpose::landing, organ, 1, p}, cells[p], fates_[organ]);
    for (std::size_t f = 0; f < fates; ++f) {
      landed.cells[p][f] += drawn[f];
      s.fate[f] += drawn[f];
    }
    s.landed += cells[p];
    s.asleep[p] += drawn[asleep];
    competent += drawn[asleep] + drawn[awake];
  }
  return competent;
}

std::int64_t StageLaw::land(Stages<std::int64_t>& s, std::size_t organ,
                            const ByPhenotype<std::int64_t>& cells,
                            LandedCells<std::int64_t>& landed, std::uint64_t seed,
                            std::uint64_t step) const {
  return land_with(s.organs[organ], organ, cells, landed, Drawn(seed, step));
}

double StageLaw::land(Stages<double>& s, std::size_t organ, const ByPhenotype<double>& cells,
                      LandedCells<double>& landed) const {
  return land_with(s.organs[organ], organ, cells, landed, Multiplied());
}

template Stages<std::int64_t> StageLaw::none<std::int64_t>() const;
template Stages<double> StageLaw::none<double>() const;

} // namespace metavox
