#include "body/settling.hpp"

#include <cmath>
#include <utility>

#include "settings/days.hpp"

namespace metavox {
namespace {

using Matrix = std::vector<double>;

Matrix product(const Matrix& a, const Matrix& b, std::size_t n) {
  Matrix c(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k) {
      const double factor = a[i * n + k];
      if (factor == 0) continue;
      for (std::size_t j = 0; j < n; ++j) c[i * n + j] += factor * b[k * n + j];
    }
  return c;
}

double largest_row(const Matrix& a, std::size_t n) {
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += std::abs(a[i * n + j]);
    largest = sum > largest ? sum : largest;
  }
  return largest;
}

// Days spent in each stage by a cell that begins by `shed`, where `rates` (row by row, to from)
// lead from one to another: rates days + shed = 0, by elimination. Columns are dominated by their
// diagonal, so that no rows need to change places. What never leaves a stage goes nowhere from
// there, so that its time does not matter: 0.
std::vector<double> days_in_stages(Matrix rates, std::vector<double> shed) {
  const std::size_t n = shed.size();
  const auto leaves = [&](std::size_t k) { return rates[k * n + k] < 0; };
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t i = k + 1; i < n && leaves(k); ++i) {
      const double factor = rates[i * n + k] / rates[k * n + k];
      if (factor == 0) continue;
      for (std::size_t j = k; j < n; ++j) rates[i * n + j] -= factor * rates[k * n + j];
      shed[i] -= factor * shed[k];
    }
  std::vector<double> days(n, 0.0);
  for (std::size_t k = n; k-- > 0;) {
    if (!leaves(k)) continue;
    double sum = shed[k];
    for (std::size_t j = k + 1; j < n; ++j) sum += rates[k * n + j] * days[j];
    days[k] = -sum / rates[k * n + k];
  }
  return days;
}

} // namespace

std::vector<double> SettlingChain::landed_in_the_end() const {
  const std::size_t n = organ.size(), wide = 4 * n + 1, on_their_way = 3 * n, shed = 4 * n;
  Matrix rates;
  std::vector<double> start;
  for (std::size_t i = 0; i < on_their_way; ++i) {
    for (std::size_t j = 0; j < on_their_way; ++j) rates.push_back(generator[i * wide + j]);
    start.push_back(generator[i * wide + shed]);
  }
  const std::vector<double> days = days_in_stages(std::move(rates), std::move(start));
  std::vector<double> landed;
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < on_their_way; ++j)
      sum += generator[(on_their_way + i) * wide + j] * days[j];
    landed.push_back(sum);
  }
  return landed;
}

Matrix matrix_exponential(Matrix a, std::size_t n, double t) {
  int squarings = 0;
  for (double& x : a) x *= t;
  double size = largest_row(a, n);
  while (size > 0.5) {
    for (double& x : a) x *= 0.5;
    size *= 0.5;
    ++squarings;
  }
  // Horner's form of the series to degree 16: at 1/2 what is left is below 1e-19.
  Matrix e(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) e[i * n + i] = 1;
  for (int degree = 16; degree >= 1; --degree) {
    e = product(a, e, n);
    for (double& x : e) x /= degree;
    for (std::size_t i = 0; i < n; ++i) e[i * n + i] += 1;
  }
  for (int k = 0; k < squarings; ++k) e = product(e, e, n);
  return e;
}

// The chain, and its flow as a number with a first and a second derivative: s' = s1, s1' = s2.
DrivenStep driven_step(const Matrix& generator, std::size_t n, double step) {
  const std::size_t wide = n + 1, m = n + 3, flow = n;
  Matrix all(m * m, 0.0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < wide; ++j) all[i * m + j] = generator[i * wide + j];
  all[flow * m + flow + 1] = 1;
  all[(flow + 1) * m + flow + 2] = 1;
  const Matrix e = matrix_exponential(std::move(all), m, step);
  DrivenStep result;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) result.exponential.push_back(e[i * m + j]);
    const double w0 = e[i * m + flow], w1 = e[i * m + flow + 1] / step,
                 w2 = e[i * m + flow + 2] / (step * step);
    // A parabola through three values: its derivatives by Lagrange.
    result.begin.push_back(w0 - 3 * w1 + 4 * w2);
    result.middle.push_back(4 * w1 - 8 * w2);
    result.end.push_back(4 * w2 - w1);
  }
  return result;
}

SettlingChain settling_chain(const BodyParameters& body, const PrimaryParameters& primary) {
  SettlingChain chain;
  const Circulation blood = circulation_of(body);
  const Passage first = follow(blood, ways_of(body, primary));
  // Where cells come out again that an organ lets go.
  std::vector<Passage> again;
  for (const OrganParameters& o : body.organs)
    again.push_back(follow(blood, {{no_bed, chamber_index(body, o.drains), 1.0}}));
  for (std::size_t o = 0; o < body.organs.size(); ++o) {
    double reached = first.lodged[o];
    for (const Passage& p : again) reached += p.lodged[o];
    if (reached > 0) chain.organ.push_back(o);
  }
  const std::size_t n = chain.organ.size();
  const auto day = [](double per_minute) { return per_minute * minutes_per_day; };
  const LodgedParameters& l = body.lodged;
  const double killed = day(l.nk * body.host.nk + l.other);
  const double release = day(l.release), break_up = day(l.break_up);
  const auto size = static_cast<double>(body.shedding.cluster_size);
  const double clusters_shed = // clusters per cell that leaves
      body.shedding.clusters / (1 + body.shedding.clusters * (size - 1));
  const std::size_t wide = 4 * n + 1, shed = 4 * n;
  chain.generator.assign(4 * n * wide, 0.0);
  const auto rate = [&](std::size_t to, std::size_t from) -> double& {
    return chain.generator[to * wide + from];
  };
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t cluster = i, single = n + i, adherent = 2 * n + i, landed = 3 * n + i;
    const OrganParameters& o = body.organs[chain.organ[i]];
    const double adhesion = day(l.adhesion * o.adhesion);
    const double out = day(body.crossing.rate_out()) / o.barrier;
    rate(cluster, cluster) -= adhesion + killed / l.shield + break_up + release;
    rate(single, single) -= adhesion + killed + release;
    rate(single, cluster) += size * break_up;
    rate(adherent, cluster) += size * adhesion;
    rate(adherent, single) += adhesion;
    rate(adherent, adherent) -= out + day(body.crossing.death);
    rate(landed, adherent) += out;
    for (std::size_t k = 0; k < n; ++k) { // let go by i, lodged in k
      rate(k, cluster) += release * again[chain.organ[i]].lodged[chain.organ[k]];
      rate(n + k, single) += release * again[chain.organ[i]].lodged[chain.organ[k]];
    }
    rate(cluster, shed) = clusters_shed * first.lodged[chain.organ[i]];
    rate(single, shed) = (1 - size * clusters_shed) * first.lodged[chain.organ[i]];
    const double flow = again[chain.organ[i]].flowing / minutes_per_day * release;
    chain.flow_of_single.push_back(flow);
    chain.flow_of_clusters.push_back(size * flow);
  }
  chain.flow_of_shed = first.flowing / minutes_per_day;
  return chain;
}

Settling::Settling(const BodyParameters& body, const PrimaryParameters& primary, double step)
    : chain_(settling_chain(body, primary)), n_(chain_.organ.size()), step_(step) {
  DrivenStep chain = driven_step(chain_.generator, 4 * n_, step);
  exponential_.assign(3 * n_ * 4 * n_, 0.0);
  for (std::size_t i = 0; i < 4 * n_; ++i)
    for (std::size_t j = 0; j < 3 * n_; ++j)
      exponential_[j * 4 * n_ + i] = chain.exponential[i * 4 * n_ + j];
  begin_ = std::move(chain.begin);
  middle_ = std::move(chain.middle);
  end_ = std::move(chain.end);
}

double Settling::on_their_way(const State& s) const {
  double sum = 0;
  for (std::size_t i = 0; i < 3 * n_; ++i) sum += s[i];
  return sum;
}

void Settling::advance(State& s, State& scratch, double begin, double middle, double end) const {
  const std::size_t n = n_, all = 4 * n;
  double* const to = scratch.data();
  const double* const from = s.data();
  for (std::size_t i = 0; i < all; ++i)
    to[i] = begin * begin_[i] + middle * middle_[i] + end * end_[i];
  for (std::size_t i = 3 * n; i < all; ++i) to[i] += from[i];
  // By columns, each from where its block begins: clusters lead to single cells, not back.
  for (std::size_t j = 0; j < 2 * n; ++j) {
    const double* const column = exponential_.data() + j * all;
    const double x = from[j];
    for (std::size_t i = j < n ? 0 : n; i < all; ++i) to[i] += x * column[i];
  }
  for (std::size_t k = 0; k < n; ++k) { // adherent cells stay in their organ
    const double* const column = exponential_.data() + (2 * n + k) * all;
    to[2 * n + k] += from[2 * n + k] * column[2 * n + k];
    to[3 * n + k] += from[2 * n + k] * column[3 * n + k];
  }
  s.swap(scratch);
}

double Settling::flowing(const State& s, double shed) const {
  double cells = shed * chain_.flow_of_shed;
  for (std::size_t i = 0; i < n_; ++i)
    cells += s[i] * chain_.flow_of_clusters[i] + s[n_ + i] * chain_.flow_of_single[i];
  return cells;
}

std::vector<double> Settling::landed_in_the_end() const { return chain_.landed_in_the_end(); }

std::vector<double> landed_shares(const BodyParameters& body, const PrimaryParameters& primary) {
  const SettlingChain chain = settling_chain(body, primary);
  const std::vector<double> landed = chain.landed_in_the_end();
  std::vector<double> shares(body.organs.size(), 0.0);
  for (std::size_t i = 0; i < landed.size(); ++i) shares[chain.organ[i]] = landed[i];
  return shares;
}

} // namespace metavox
