#include "body/circulation.hpp"

#include <cstddef>
#include <utility>

#include "core/exact.hpp"

namespace metavox {
namespace {

double through(const Circulation& blood, int bed) {
  return bed == no_bed ? 1.0 : blood.pass[static_cast<std::size_t>(bed)];
}

// Solves a x = b, a row by row, by elimination. Columns of I - A^T are dominated by their diagonal,
// so that no rows need to change places.
std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = a[i * n + k] / a[k * n + k];
      if (factor == 0) continue;
      for (std::size_t j = k; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
      b[i] -= factor * b[k];
    }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k * n + j] * b[j];
    b[k] /= a[k * n + k];
  }
  return b;
}

// Adds what one way does with `cells`, but for what reaches its chamber.
void take_way(const Circulation& blood, const BloodWay& way, double cells, Passage& p) {
  const double gone_on = cells * through(blood, way.bed);
  if (way.bed != no_bed) p.lodged[static_cast<std::size_t>(way.bed)] += cells - gone_on;
  if (way.to == out_of_body) p.passed += gone_on;
}

class CycleSearch {
public:
  explicit CycleSearch(const Circulation& blood) : blood_(blood), state_(blood.dwell.size(), 0) {}

  std::vector<int> find() {
    for (std::size_t c = 0; c < state_.size(); ++c)
      if (state_[c] == 0 && walk(static_cast<int>(c))) return cycle_;
    return {};
  }

private:
  // Depth first; true where a way leads back to a chamber that is still open.
  bool walk(int chamber) {
    state_[static_cast<std::size_t>(chamber)] = 1;
    open_.push_back(chamber);
    for (const BloodRoute& r : blood_.routes) {
      const bool keeps = through(blood_, r.way.bed) < 1.0;
      if (r.from != chamber || keeps || r.way.to == out_of_body || r.way.share <= 0) continue;
      const int seen = state_[static_cast<std::size_t>(r.way.to)];
      if (seen == 1) {
        std::size_t first = 0;
        while (open_[first] != r.way.to) ++first;
        cycle_.assign(open_.begin() + static_cast<std::ptrdiff_t>(first), open_.end());
        return true;
      }
      if (seen == 0 && walk(r.way.to)) return true;
    }
    state_[static_cast<std::size_t>(chamber)] = 2;
    open_.pop_back();
    return false;
  }

  const Circulation& blood_;
  std::vector<int> state_; // 0 not seen, 1 open, 2 done
  std::vector<int> open_, cycle_;
};

} // namespace

Passage follow(const Circulation& blood, const std::vector<BloodWay>& ways) {
  const std::size_t n = blood.dwell.size();
  std::vector<double> alive(n); // share that lives through a stay
  for (std::size_t c = 0; c < n; ++c) alive[c] = exact::exp(-blood.death * blood.dwell[c]);
  // visits = start + A^T visits, A from chamber to chamber
  std::vector<double> a(n * n, 0.0), start(n, 0.0);
  for (std::size_t c = 0; c < n; ++c) a[c * n + c] = 1.0;
  for (const BloodRoute& r : blood.routes) {
    const auto from = static_cast<std::size_t>(r.from);
    if (r.way.to != out_of_body)
      a[static_cast<std::size_t>(r.way.to) * n + from] -=
          alive[from] * r.way.share * through(blood, r.way.bed);
  }
  Passage p;
  p.lodged.assign(blood.pass.size(), 0.0);
  for (const BloodWay& way : ways) {
    take_way(blood, way, way.share, p);
    if (way.to != out_of_body)
      start[static_cast<std::size_t>(way.to)] += way.share * through(blood, way.bed);
  }
  p.visits = solve(std::move(a), std::move(start));
  for (std::size_t c = 0; c < n; ++c) {
    p.dead += p.visits[c] * (1.0 - alive[c]);
    p.flowing += p.visits[c] * (blood.death > 0 ? (1.0 - alive[c]) / blood.death : blood.dwell[c]);
  }
  for (const BloodRoute& r : blood.routes) {
    const auto from = static_cast<std::size_t>(r.from);
    take_way(blood, r.way, p.visits[from] * alive[from] * r.way.share, p);
  }
  return p;
}

std::vector<int> cycle_without_filter(const Circulation& blood) {
  return CycleSearch(blood).find();
}

} // namespace metavox
