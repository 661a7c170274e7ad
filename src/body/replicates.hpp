// The bodies of a run: replicates of the same settings, which differ in their draws, and, where
// founders are forced and lesions act on one another, a body of its own for each of these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "body/body.hpp"
#include "body/windows.hpp"

namespace metavox {

// What happened in one of them.
struct ReplicateEvent {
  std::int64_t step = 0; // done when it had happened
  int replicate = 0;
  BodyEvent event;
  Lesion lesion; // as it is then; of a window without one its organ
  // Of the lesion's parent, in the body in which this happened; organ -1: it has none.
  std::int32_t parent_organ = -1;
  Origin parent_origin = Origin::primary;
};

class Replicates {
public:
  // To be followed until step `last`: forced founders of later periods are none.
  Replicates(const BodySettings& settings, std::int64_t last);
  Replicates(const Replicates&) = delete;
  Replicates& operator=(const Replicates&) = delete;

  // The primary begins as a window, with what its files hold, and others may open; of one replicate
  // whose forced founders stand aside, before its first step. Null: its state is to be loaded.
  void open_windows(const Parameters& primary, Executor executor, const ExternalArrays* external);
  Windows* windows() { return windows_ ? &*windows_ : nullptr; }
  const Windows* windows() const { return windows_ ? &*windows_ : nullptr; }

  // Bodies that a run has, and what each takes at least.
  static std::uint64_t bodies_of(const BodySettings& settings, std::int64_t last);
  static std::uint64_t bytes_of_body(const BodySettings& settings);

  // All of them up to a step, on so many threads. Events in the order of steps, then of bodies.
  std::vector<ReplicateEvent> advance(std::int64_t to, int threads);

  std::int64_t steps() const { return step_; }
  double time() const { return static_cast<double>(step_) * plan_.body.step; } // min
  std::uint64_t hash() const;
  void save(std::vector<std::int64_t>& whole, std::vector<double>& real) const;
  // Throws NumericalError where the numbers are no state of these bodies. Arrays of windows that
  // are open then are to be written afterwards.
  void load(const std::vector<std::int64_t>& whole, const std::vector<double>& real);

  const BodyPlan& plan() const { return plan_; }
  const std::vector<Stratum>& strata() const { return strata_; }
  std::size_t count() const { return natural_.size(); }
  // Natural numbers are read from these alone; forced lesions in them stand aside.
  const Body& natural(std::size_t replicate) const { return bodies_[natural_[replicate]]; }

  // Of every founder that is forced in a replicate, what it stands for and `outcome` of it, and of
  // the body that it is in where that is asked for; 0 for those to come.
  template <class Of>
  std::vector<Outcome> outcomes(std::size_t replicate, Of outcome) const {
    std::vector<Outcome> all;
    const std::size_t each = forced_.size() / count();
    for (std::size_t k = replicate * each; k < (replicate + 1) * each; ++k) {
      const Forced& f = forced_[k].forced;
      Outcome o{f.stratum, 0, 0};
      const Body& body = bodies_[forced_[k].body];
      for (const Lesion& l : body.forced()) {
        if (l.number != f.number) continue;
        if constexpr (std::is_invocable_v<Of, const Lesion&, const Body&>)
          o = {l.stratum, l.weight, outcome(l, body)};
        else
          o = {l.stratum, l.weight, outcome(l)};
      }
      all.push_back(o);
    }
    return all;
  }
  // A sum over natural founders in an organ as forced ones tell it: mean over replicates.
  template <class Of>
  Estimate forced_estimate(std::int32_t organ, Of outcome) const {
    std::vector<double> values;
    Estimate one;
    for (std::size_t r = 0; r < count(); ++r) {
      one = estimate_from(strata_, outcomes(r, outcome), organ);
      values.push_back(one.value);
    }
    return values.size() == 1 ? one : mean_of(values);
  }
  // Means over replicates of a number of each body.
  template <class Of>
  Estimate mean(Of number) const {
    std::vector<double> values;
    for (std::size_t r = 0; r < count(); ++r)
      values.push_back(static_cast<double>(number(natural(r))));
    return mean_of(values);
  }

private:
  struct Place {
    std::size_t body;
    Forced forced;
  };
  BodyPlan plan_;
  std::vector<Stratum> strata_;
  std::vector<Body> bodies_;
  std::vector<int> replicate_of_;    // by body
  std::vector<std::size_t> natural_; // body of each replicate
  std::vector<Place> forced_;        // as many of each replicate, in their order
  std::int64_t step_ = 0;
  std::optional<Windows> windows_; // of the only body
};

// Lesions of a body that came by themselves, and those of them that were established.
std::int64_t natural_lesions(const Body& body, std::int32_t organ);
std::int64_t natural_established(const Body& body, std::int32_t organ);

// One number about a run, and how it was come by.
struct BodyNumber {
  std::string quantity, organ; // organ empty: of the body
  std::string source;          // natural, expected, forced
  Estimate estimate;
  std::string method;
};
std::vector<BodyNumber> numbers_of(const Replicates& bodies);

} // namespace metavox
