#include "vessels/flow/pressure_solver.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <utility>

#include "core/errors.hpp"
#include "core/team.hpp"

namespace metavox::flow {

namespace {

// Unknowns in the order of a breadth-first search from the far end of the bed; beds that do not
// hang together follow each other.
std::vector<std::int32_t> far_to_near(const Bed& bed) {
  const std::size_t n = bed.unknowns;
  std::vector<std::int32_t> queue;
  std::vector<std::uint8_t> seen;
  const auto reach = [&](std::int32_t v) {
    if (at(v) >= n || seen[at(v)]) return;
    seen[at(v)] = 1;
    queue.push_back(v);
  };
  const auto search = [&](std::int32_t first) {
    queue.clear();
    seen.assign(n, 0);
    reach(first);
    std::int32_t start = 0;
    for (std::size_t k = 0; queue.size() < n;)
      if (k == queue.size()) {
        reach(start++);
      } else {
        const std::size_t v = at(queue[k++]);
        for (std::size_t a = bed.first_arc[v]; a < bed.first_arc[v + 1]; ++a)
          reach(bed.arcs[a].other);
      }
  };
  search(0);
  search(queue.back());
  return queue;
}

// The part of each unknown, or none for the border. Of two neighbours in different parts the one in
// the earlier part belongs to the border. There are fewer parts, or none, where the border would be
// more than an eighth of all.
std::vector<std::int32_t> cut(const Bed& bed) {
  constexpr std::size_t least = 8192,
                        most_parts = 32; // unknowns of a part: fewer are not worth waking a thread
  const std::size_t n = bed.unknowns;
  std::vector<std::int32_t> part(n, none), queue, border;
  for (std::size_t parts = std::min(n / least, most_parts); parts >= 2; parts /= 2) {
    if (queue.empty()) queue = far_to_near(bed);
    for (std::size_t k = 0; k < n; ++k)
      part[at(queue[k])] = static_cast<std::int32_t>(k * parts / n);
    border.clear();
    for (std::size_t v = 0; v < n; ++v)
      for (std::size_t a = bed.first_arc[v]; a < bed.first_arc[v + 1]; ++a)
        if (const std::int32_t w = bed.arcs[a].other; at(w) < n && part[at(w)] > part[v]) {
          border.push_back(static_cast<std::int32_t>(v));
          break;
        }
    if (border.size() <= n / 8) {
      for (const std::int32_t v : border) part[at(v)] = none;
      return part;
    }
  }
  part.assign(n, none);
  return part;
}

} // namespace

Preconditioner::Preconditioner(const Bed& bed, int threads) : threads_(threads) {
  const std::size_t n = bed.unknowns;
  const std::vector<std::int32_t> part = cut(bed);
  std::vector<std::int32_t> place(n); // of each unknown in its part or in the border
  for (std::size_t v = 0; v < n; ++v) {
    if (part[v] != none && at(part[v]) >= parts_.size()) parts_.resize(at(part[v]) + 1);
    Part& own = part[v] == none ? border_ : parts_[at(part[v])];
    place[v] = static_cast<std::int32_t>(own.unknowns.size());
    own.unknowns.push_back(static_cast<std::int32_t>(v));
    own.inner = own.unknowns.size();
  }
  // A border's unknown gets a place in each part beside it.
  std::vector<std::pair<std::int32_t, std::int32_t>> beside(
      n, {none, none}); // the last such part, and the place
  std::vector<std::vector<std::size_t>> of_part(parts_.size());
  for (std::size_t b = 0; b < bed.joins.size(); ++b) {
    const auto& [from, to] = bed.joins[b];
    const bool inner[2] = {at(from) < n, at(to) < n};
    if (!inner[0] && !inner[1]) continue;
    const std::int32_t first = inner[0] ? from : to, second = inner[0] && inner[1] ? to : none;
    const std::int32_t p =
        part[at(first)] != none || second == none ? part[at(first)] : part[at(second)];
    if (p != none)
      of_part[at(p)].push_back(b);
    else
      border_.joins.push_back({static_cast<std::int32_t>(b), place[at(first)],
                               second == none ? none : place[at(second)]});
  }
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    Part& own = parts_[p];
    const auto place_in = [&](std::int32_t v) {
      if (at(v) >= n) return none;
      if (part[at(v)] != none) return place[at(v)];
      auto& [last, there] = beside[at(v)];
      if (last != static_cast<std::int32_t>(p)) {
        last = static_cast<std::int32_t>(p);
        there = static_cast<std::int32_t>(own.unknowns.size());
        own.unknowns.push_back(v);
        own.border.push_back(place[at(v)]);
      }
      return there;
    };
    for (const std::size_t b : of_part[p]) {
      const std::int32_t places[2] = {place_in(bed.joins[b][0]), place_in(bed.joins[b][1])};
      own.joins.push_back({static_cast<std::int32_t>(b), places[0] == none ? places[1] : places[0],
                           places[0] == none ? none : places[1]});
    }
    own.z.resize(own.unknowns.size());
  }
  border_.z.resize(border_.unknowns.size());
  if (parts_.empty()) threads_ = 1;
}

void Preconditioner::collect(Part& part, const std::vector<double>& conductances) {
  part.ground.assign(part.unknowns.size(), 0.0);
  part.links.clear();
  part.links.reserve(part.joins.size());
  for (const LocalLink& l : part.joins)
    if (l.b == none)
      part.ground[at(l.a)] += conductances[at(l.branch)];
    else
      part.links.push_back({l.a, l.b, conductances[at(l.branch)]});
}

void Preconditioner::factorise(const std::vector<double>& conductances) {
  std::exception_ptr error; // none may leave a parallel region
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads_)
  for (std::size_t p = 0; p < parts_.size(); ++p) try {
      collect(parts_[p], conductances);
      parts_[p].elimination.factorise(parts_[p].inner, p + 1, parts_[p].links, parts_[p].ground);
    } catch (...) {
#pragma omp critical
      error = std::current_exception();
    }
  if (error) std::rethrow_exception(error);
  collect(border_, conductances);
  for (const Part& p : parts_) {
    const auto place = [&](std::int32_t local) { return p.border[at(local) - p.inner]; };
    for (const Elimination::Link& l : p.links)
      border_.links.push_back({place(l.a), place(l.b), l.conductance});
    for (std::size_t k = p.inner; k < p.unknowns.size(); ++k)
      border_.ground[at(p.border[k - p.inner])] += p.ground[k];
  }
  border_.elimination.factorise(border_.inner, 0, border_.links, border_.ground);
}

void Preconditioner::apply(const std::vector<double>& r, std::vector<double>& z) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads_)
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    Part& part = parts_[p];
    for (std::size_t k = 0; k < part.inner; ++k) part.z[k] = r[at(part.unknowns[k])];
    std::fill(part.z.begin() + static_cast<std::ptrdiff_t>(part.inner), part.z.end(), 0.0);
    part.elimination.descend(part.z);
  }
  for (std::size_t k = 0; k < border_.inner; ++k) border_.z[k] = r[at(border_.unknowns[k])];
  for (const Part& part : parts_)
    for (std::size_t k = part.inner; k < part.z.size(); ++k)
      border_.z[at(part.border[k - part.inner])] += part.z[k];
  border_.elimination.descend(border_.z);
  border_.elimination.ascend(border_.z);
  for (std::size_t k = 0; k < border_.inner; ++k) z[at(border_.unknowns[k])] = border_.z[k];
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads_)
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    Part& part = parts_[p];
    for (std::size_t k = part.inner; k < part.z.size(); ++k)
      part.z[k] = border_.z[at(part.border[k - part.inner])];
    part.elimination.ascend(part.z);
    for (std::size_t k = 0; k < part.inner; ++k) z[at(part.unknowns[k])] = part.z[k];
  }
}

PressureSolver::PressureSolver(const Bed& bed, int threads)
    : conductances(bed.branches.size(), 0.0), bed_(bed),
      threads_(team_for(static_cast<std::int64_t>(bed.unknowns), threads)),
      preconditioner_(bed, threads) {
  weights_.resize(bed.first_arc[bed.unknowns]);
  for (std::size_t a = 0; a < weights_.size(); ++a) others_.push_back(bed.arcs[a].other);
  x_.assign(bed.node.size(), 0.0); // stays 0 at the ends
  p_ = x_;
  for (auto* v : {&r_, &z_, &q_}) v->assign(bed.unknowns, 0.0);
}

void PressureSolver::update() {
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::size_t a = 0; a < weights_.size(); ++a)
    weights_[a] = conductances[at(bed_.arcs[a].branch)];
  // A factorisation costs about as much as a dozen steps.
  if (factorised_ && excess_ <= 12) return;
  preconditioner_.factorise(conductances);
  factorised_ = true;
  fresh_ = -1;
  excess_ = 0;
}

// Sums in four parts.
double dot(const std::vector<double>& a, const std::vector<double>& b, std::size_t n) {
  double s[4] = {0, 0, 0, 0};
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (std::size_t k = 0; k < 4; ++k) s[k] += a[i + k] * b[i + k];
  for (; i < n; ++i) s[0] += a[i] * b[i];
  return (s[0] + s[1]) + (s[2] + s[3]);
}

void PressureSolver::correct(const std::vector<double>& excess, double remainder,
                             std::vector<double>& pressure) {
  const std::size_t n = bed_.unknowns;
  std::fill(x_.begin(), x_.end(), 0.0);
  std::copy_n(excess.begin(), n, r_.begin());
  double rz = 0, first = 0;
  int taken = 0;
  for (;; ++taken) {
    preconditioner_.apply(r_, z_);
    const double now = dot(r_, z_, n);
    if (!(now >= 0) || !std::isfinite(now))
      throw NumericalError("blood flow: pressures are not numbers");
    if (taken == 0) first = now;
    if (now <= remainder * remainder * first || now < 1e-290) break;
    if (taken >= 2000) throw NumericalError("blood flow: pressures do not converge");
    const double beta = taken == 0 ? 0.0 : now / rz;
    rz = now;
#pragma omp parallel num_threads(threads_)
    {
#pragma omp for schedule(static)
      for (std::size_t i = 0; i < n; ++i) p_[i] = z_[i] + beta * p_[i];
#pragma omp for schedule(static)
      for (std::size_t i = 0; i < n; ++i) {
        double sum = 0;
        for (std::size_t a = bed_.first_arc[i]; a < bed_.first_arc[i + 1]; ++a)
          sum += weights_[a] * (p_[i] - p_[at(others_[a])]);
        q_[i] = sum;
      }
    }
    double curvature = 0;
    for (std::size_t i = 0; i < n; ++i) curvature += q_[i] * p_[i];
    const double alpha = rz / curvature;
#pragma omp parallel for schedule(static) num_threads(threads_)
    for (std::size_t i = 0; i < n; ++i) {
      x_[i] += alpha * p_[i];
      r_[i] -= alpha * q_[i];
    }
  }
  for (std::size_t i = 0; i < n; ++i) pressure[i] += x_[i];
  steps_ += taken;
  if (fresh_ < 0) fresh_ = taken;
  excess_ += std::max(0, taken - fresh_);
}

} // namespace metavox::flow
