#include "body/replicates.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "body/rare_founders.hpp"
#include "core/errors.hpp"
#include "core/exact.hpp"
#include "core/random.hpp"

namespace metavox {

std::uint64_t Replicates::bodies_of(const BodySettings& settings, std::int64_t last) {
  std::uint64_t each = 1;
  if (settings.body.coupling == Coupling::full)
    for (const Stratum& s : strata_of(settings.body, last))
      each += static_cast<std::uint64_t>(s.founders);
  return each * static_cast<std::uint64_t>(settings.body.replicates);
}

std::uint64_t Replicates::bytes_of_body(const BodySettings& settings) {
  const std::uint64_t organ = sizeof(OrganStages<std::int64_t>) + sizeof(OrganStages<double>) +
                              2 * (sizeof(LandedCells<double>) + sizeof(Shed<double>::value_type)) +
                              64;
  // Parents of lodged single cells and clusters, of adherent ones and sleepers, as shed and as
  // landed; of expected ones as well where founders are forced.
  const std::uint64_t lesions = settings.body.reseeding ? most_parents : 2,
                      copies = settings.body.force.empty() ? 1 : 2,
                      parents = sizeof(OrganParents) + sizeof(LandedParents) +
                                sizeof(std::array<Parentage, cell_classes>) +
                                8 * lesions * bytes_of_share;
  return sizeof(Body) + 4096 + (organ + copies * parents) * (settings.body.organs.size() + 1);
}

Replicates::Replicates(const BodySettings& settings, std::int64_t last)
    : plan_(settings), strata_(strata_of(settings.body, last)) {
  const bool aside = settings.body.coupling == Coupling::linear;
  const auto replicates = static_cast<std::size_t>(settings.body.replicates);
  for (std::size_t r = 0; r < replicates; ++r) {
    const std::uint64_t seed = site_seed(settings.simulation.seed, r);
    std::vector<Forced> in_natural;
    natural_.push_back(bodies_.size());
    const std::size_t natural = bodies_.size();
    std::uint64_t others = 0;
    bodies_.emplace_back(plan_, seed);
    replicate_of_.push_back(static_cast<int>(r));
    for (std::size_t k = 0; k < strata_.size(); ++k)
      for (int i = 0; i < strata_[k].founders; ++i) {
        const std::uint64_t own = aside ? seed : site_seed(seed, ++others);
        const Forced f = forced_founder(strata_, k, i, own);
        forced_.push_back({aside ? natural : bodies_.size(), f});
        if (aside) {
          in_natural.push_back(f);
        } else {
          bodies_.emplace_back(plan_, own, std::vector<Forced>{f});
          replicate_of_.push_back(static_cast<int>(r));
        }
      }
    if (aside) bodies_[natural] = Body(plan_, seed, std::move(in_natural));
  }
}

void Replicates::open_windows(const Parameters& primary, Executor executor,
                              const ExternalArrays* external) {
  plan_.windows = true;
  windows_.emplace(primary, plan_, std::move(executor));
  if (external == nullptr) return;
  plan_.first_cells = windows_->open_primary(*external);
  std::vector<Forced> forced;
  for (const Place& p : forced_) forced.push_back(p.forced);
  bodies_[0] = Body(plan_, bodies_[0].seed(), std::move(forced));
  bodies_[0].give_to_window(0, Origin::primary);
}

namespace {

// The lesion of an event; of a window without one, what stands for it.
Lesion lesion_of(const BodyEvent& e, const Body& body, const Windows* windows) {
  if (const Lesion* found = body.lesion(e.lesion, e.origin)) return *found;
  Lesion none;
  none.number = -1;
  none.origin = e.origin;
  none.organ = e.window < 0 ? -1 : windows->record(e.window).organ;
  none.cells = e.what == BodyEvent::What::shown ? 1 : 0;
  return none;
}

ReplicateEvent event_of(const Body& body, int replicate, const BodyEvent& e,
                        const Windows* windows) {
  ReplicateEvent told{body.steps(), replicate, e, lesion_of(e, body, windows)};
  const Parent& p = told.lesion.parent;
  const Origin origin = p.forced ? Origin::forced : Origin::natural; // or what else has a number
  if (const Lesion* parent = p.known() ? body.lesion(p.lesion, origin) : nullptr) {
    told.parent_organ = parent->organ;
    told.parent_origin = parent->origin;
  }
  return told;
}

} // namespace

std::vector<ReplicateEvent> Replicates::advance(std::int64_t to, int threads) {
  if (windows_) threads = 1; // theirs are within a step
  const auto n = static_cast<std::int64_t>(bodies_.size());
  std::vector<std::vector<ReplicateEvent>> of_body(bodies_.size());
  std::vector<std::exception_ptr> failed(bodies_.size());
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (threads > 1)
  for (std::int64_t b = 0; b < n; ++b) {
    const auto k = static_cast<std::size_t>(b);
    try {
      Body& body = bodies_[k];
      while (body.steps() < to) {
        const StepReport report = windows_ ? windows_->step(body) : body.step();
        for (const BodyEvent& e : report.events) {
          // Of a body made for a forced founder only what happens to that one.
          if (e.origin != Origin::forced &&
              natural_[static_cast<std::size_t>(replicate_of_[k])] != k)
            continue;
          of_body[k].push_back(event_of(body, replicate_of_[k], e, windows()));
        }
      }
    } catch (...) {
      failed[k] = std::current_exception();
    }
  }
  for (const std::exception_ptr& error : failed)
    if (error) std::rethrow_exception(error);
  step_ = to;
  std::vector<ReplicateEvent> events;
  for (const auto& some : of_body) events.insert(events.end(), some.begin(), some.end());
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& a, const auto& b) { return a.step < b.step; });
  return events;
}

std::uint64_t Replicates::hash() const {
  std::uint64_t hash = bodies_.size();
  for (const Body& body : bodies_) hash = folded(hash, body.hash());
  if (windows_) hash = mix64(hash ^ windows_->hash());
  return hash;
}

void Replicates::save(std::vector<std::int64_t>& whole, std::vector<double>& real) const {
  whole.push_back(static_cast<std::int64_t>(bodies_.size()));
  for (const Body& body : bodies_) body.save(whole, real);
  if (windows_) windows_->save(whole, real);
}

void Replicates::load(const std::vector<std::int64_t>& whole, const std::vector<double>& real) {
  if (whole.empty() || whole[0] != static_cast<std::int64_t>(bodies_.size()))
    throw NumericalError("it holds " + std::to_string(whole.empty() ? 0 : whole[0]) +
                         " bodies, this run has " + std::to_string(bodies_.size()) +
                         ": with coupling full a run that forces founders cannot be made longer");
  std::size_t whole_at = 1, real_at = 0;
  for (Body& body : bodies_) body.load(whole, real, whole_at, real_at);
  if (windows_) windows_->load(whole, real, whole_at, real_at);
  if (whole_at != whole.size() || real_at != real.size())
    throw NumericalError("it holds more than the bodies of this run");
  step_ = bodies_[0].steps();
  for (const Body& body : bodies_)
    if (body.steps() != step_) throw NumericalError("its bodies stand at different steps");
}

std::int64_t natural_lesions(const Body& body, std::int32_t organ) {
  return std::count_if(body.lesions().begin(), body.lesions().end(), [&](const Lesion& l) {
    return l.origin == Origin::natural && (organ < 0 || l.organ == organ);
  });
}
std::int64_t natural_established(const Body& body, std::int32_t organ) {
  return std::count_if(body.lesions().begin(), body.lesions().end(), [&](const Lesion& l) {
    return l.origin == Origin::natural && (organ < 0 || l.organ == organ) && l.established >= 0;
  });
}

namespace {

std::int64_t competent_of(const Body& body) {
  std::int64_t sum = 0;
  for (const auto& o : body.natural().organs) sum += o.competent();
  return sum;
}

// Chances that there is none, and whether natural and expected numbers agree.
void whole_body(const Replicates& bodies, std::vector<BodyNumber>& numbers) {
  const bool act = founders_act(bodies.plan().body);
  const auto natural = [&](const char* quantity, const auto& of, const char* method) {
    numbers.push_back({quantity, "", "natural", bodies.mean(of), method});
  };
  natural(
      "departed", [](const Body& b) { return b.natural().departed; }, "cells, as drawn");
  natural("competent", competent_of, "cells that will found a lesion or did, as drawn");
  numbers.push_back({"competent", "", "expected",
                     bodies.mean([](const Body& b) { return b.expected_founders(); }),
                     "Lambda, given what lesions shed"});
  numbers.push_back({"competent_less_expected", "", "natural", bodies.mean([](const Body& b) {
                       return static_cast<double>(competent_of(b)) - b.expected_founders();
                     }),
                     "nothing within its error: natural less Lambda is a martingale"});
  natural(
      "none_competent", [](const Body& b) { return competent_of(b) == 0 ? 1.0 : 0.0; },
      "share of bodies");
  numbers.push_back(
      {"none_competent", "", "expected", act ? Estimate{} : bodies.mean([](const Body& b) {
         return exact::exp(-b.expected_founders());
       }),
       act ? "not given: with body.reseeding or body.death.lesions founders act on their number"
           : "mean of e^-Lambda; exact where cells found one by one"});
  natural(
      "established", [](const Body& b) { return natural_established(b, -1); },
      "lesions of body.established cells");
  natural(
      "none_established", [](const Body& b) { return natural_established(b, -1) == 0 ? 1.0 : 0.0; },
      "share of bodies");
  const DyingParameters& d = bodies.plan().body.death;
  if (!d.lesions && !d.others) return;
  natural(
      "dead", [](const Body& b) { return b.died() >= 0 ? 1.0 : 0.0; }, "share of bodies");
  natural(
      "dead_of_metastases",
      [](const Body& b) { return b.died() >= 0 && b.death().of_metastases ? 1.0 : 0.0; },
      "share of bodies");
}

Estimate none_of(const Estimate& number) {
  const double none = exact::exp(-number.value);
  return {none, number.error < 0 ? -1 : none * number.error};
}

} // namespace

std::vector<BodyNumber> numbers_of(const Replicates& bodies) {
  std::vector<BodyNumber> numbers;
  whole_body(bodies, numbers);
  const BodyParameters& body = bodies.plan().body;
  for (std::size_t k = 0; k < body.organs.size(); ++k) {
    const auto organ = static_cast<std::int32_t>(k);
    const std::string& name = body.organs[k].name;
    const Estimate expected =
        bodies.mean([&](const Body& b) { return b.expected().organs[k].competent(); });
    if (!(expected.value > 0)) continue;
    numbers.push_back({"competent", name, "natural", bodies.mean([&](const Body& b) {
                         return b.natural().organs[k].competent();
                       }),
                       "as drawn"});
    numbers.push_back({"competent", name, "expected", expected, "Lambda"});
    const bool forced = std::any_of(bodies.strata().begin(), bodies.strata().end(),
                                    [&](const Stratum& s) { return s.organ == organ; });
    if (forced)
      numbers.push_back({"competent", name, "forced",
                         bodies.forced_estimate(organ, [](const Lesion&) { return 1.0; }),
                         "sum of the weights of forced founders"});
    numbers.push_back({"established", name, "natural",
                       bodies.mean([&](const Body& b) { return natural_established(b, organ); }),
                       "as drawn"});
    if (!forced) continue;
    const Estimate established = bodies.forced_estimate(
        organ, [](const Lesion& l) { return l.established >= 0 ? 1.0 : 0.0; });
    numbers.push_back({"established", name, "forced", established,
                       "weights of forced founders that were established"});
    if (body.coupling != Coupling::linear) continue;
    numbers.push_back({"none_established", name, "forced", none_of(established),
                       "e^-number: lesions that do not act on one another"});
    if (body.splitting == 0) continue;
    const Estimate split = bodies.forced_estimate(organ, [&](const Lesion& l, const Body& in) {
      const std::uint64_t seed =
          course_seed(bodies.natural(0).seed(), 0xfffd, static_cast<std::uint64_t>(l.founded),
                      static_cast<std::uint64_t>(l.number));
      const ForcedCourse course{organ, l.founded, bodies.steps(), in.removal_time()};
      return chance_of_establishment(bodies.plan(), course, body.splitting, 1, seed).chance.value;
    });
    numbers.push_back({"established", name, "forced", split,
                       "weights of forced founders times their chances, by splitting"});
  }
  return numbers;
}

} // namespace metavox
