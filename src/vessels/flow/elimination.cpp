#include "vessels/flow/elimination.hpp"

#include <algorithm>
#include <cstddef>

#include "core/random.hpp"
#include "vessels/index.hpp"

namespace metavox::flow {

void Elimination::append(std::int32_t v, Entry entry) {
  List& list = lists_[at(v)];
  if (list.size == list.capacity) {
    const std::uint32_t capacity = std::max(8u, 2 * list.capacity);
    const std::size_t begin = pool_.size();
    pool_.resize(begin + capacity);
    std::copy_n(pool_.begin() + static_cast<std::ptrdiff_t>(list.begin), list.size,
                pool_.begin() + static_cast<std::ptrdiff_t>(begin));
    list.begin = begin;
    list.capacity = capacity;
  }
  pool_[list.begin + list.size++] = entry;
}

// Drops links to pivots that are gone, once they are many.
void Elimination::tidy(std::int32_t v) {
  List& list = lists_[at(v)];
  if (list.size > 16 && list.size < 2 * static_cast<std::uint32_t>(degree_[at(v)])) return;
  std::uint32_t kept = 0;
  for (std::uint32_t k = 0; k < list.size; ++k) {
    const Entry e = pool_[list.begin + k];
    if (!gone_[at(e.to)]) pool_[list.begin + kept++] = e;
  }
  list.size = kept;
}

void Elimination::join(std::int32_t a, std::int32_t b, double conductance) {
  if (lists_[at(a)].size > lists_[at(b)].size) std::swap(a, b);
  const List& list = lists_[at(a)];
  if (list.size <= longest_search)
    for (std::uint32_t k = 0; k < list.size; ++k)
      if (pool_[list.begin + k].to == b) {
        weight_[pool_[list.begin + k].link] += conductance;
        return;
      }
  const auto link = static_cast<std::uint32_t>(weight_.size());
  weight_.push_back(conductance);
  append(a, {b, link});
  append(b, {a, link});
  ++degree_[at(a)];
  ++degree_[at(b)];
}

void Elimination::enqueue(std::int32_t v) {
  const auto d = at(degree_[at(v)]);
  next_[at(v)] = -1;
  previous_[at(v)] = tail_[d];
  (tail_[d] < 0 ? head_[d] : next_[at(tail_[d])]) = v;
  tail_[d] = v;
}

void Elimination::dequeue(std::int32_t v) {
  const auto d = at(degree_[at(v)]);
  const std::int32_t before = previous_[at(v)], after = next_[at(v)];
  (before < 0 ? head_[d] : next_[at(before)]) = after;
  (after < 0 ? tail_[d] : previous_[at(after)]) = before;
}

void Elimination::start(std::size_t inner, const std::vector<Link>& links) {
  order_.clear();
  order_.reserve(inner);
  pivot_.clear();
  pivot_.reserve(inner);
  row_.assign(1, 0);
  row_.reserve(inner + 1);
  column_.clear();
  coefficient_.clear();
  column_.reserve(4 * links.size());
  coefficient_.reserve(4 * links.size());
}

void Elimination::make_lists(std::size_t n, const std::vector<Link>& links) {
  lists_.assign(n, {});
  for (const Link& l : links) {
    ++lists_[at(l.a)].capacity;
    ++lists_[at(l.b)].capacity;
  }
  std::size_t used = 0;
  for (List& list : lists_) {
    list.begin = used;
    list.capacity += 2;
    used += list.capacity;
  }
  pool_.clear();
  pool_.reserve(3 * used);
  pool_.resize(used);
  weight_.clear();
  weight_.reserve(4 * links.size());
  degree_.assign(n, 0);
  gone_.assign(n, 0);
  for (const Link& l : links) join(l.a, l.b, l.conductance);
}

// A degree can reach the number of links where hubs keep parallel ones.
void Elimination::make_queues(std::size_t n, std::size_t inner) {
  head_.assign(2 * n + 2, -1);
  tail_.assign(head_.size(), -1);
  next_.assign(n, -1);
  previous_.assign(n, -1);
  for (std::size_t v = 0; v < inner; ++v) {
    fit(degree_[v]);
    enqueue(static_cast<std::int32_t>(v));
  }
}

void Elimination::fit(std::int32_t d) {
  if (at(d) >= head_.size()) {
    head_.resize(at(d) * 2, -1);
    tail_.resize(at(d) * 2, -1);
  }
}

// The neighbours of a pivot and what joins it to each, by weight; those that wait for their turn
// leave their queue.
void Elimination::gather(std::int32_t v, std::size_t inner) {
  near_.clear();
  const List list = lists_[at(v)];
  for (std::uint32_t k = 0; k < list.size; ++k) {
    const Entry e = pool_[list.begin + k];
    if (gone_[at(e.to)]) continue;
    std::int32_t& s = slot_[at(e.to)];
    if (s < 0) {
      s = static_cast<std::int32_t>(near_.size());
      near_.push_back({e.to, 0.0});
      if (at(e.to) < inner) dequeue(e.to);
    }
    near_[at(s)].weight += weight_[e.link];
    --degree_[at(e.to)];
  }
  for (const Neighbour& m : near_) slot_[at(m.to)] = -1;
  // Ascending weights serve the sampling, and make the order of sums independent of how lists
  // grew.
  std::sort(near_.begin(), near_.end(), [](const Neighbour& p, const Neighbour& q) {
    return p.weight != q.weight ? p.weight < q.weight : p.to < q.to;
  });
}

// The pivot's row of the factor; what it is joined to the ground by passes to its neighbours.
// Returns the inverse of its diagonal.
double Elimination::write_row(std::int32_t v, std::vector<double>& ground) {
  double sum = ground[at(v)];
  for (const Neighbour& m : near_) sum += m.weight;
  const double inverse = sum > 0 ? 1.0 / sum : 0.0;
  order_.push_back(v);
  pivot_.push_back(inverse);
  for (const Neighbour& m : near_) {
    const double share = m.weight * inverse;
    column_.push_back(m.to);
    coefficient_.push_back(share);
    ground[at(m.to)] += share * ground[at(v)];
    tidy(m.to);
  }
  row_.push_back(column_.size());
  return inverse;
}

// A clique of the neighbours in place of the star.
void Elimination::join_all(double inverse) {
  const std::size_t d = near_.size();
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = i + 1; j < d; ++j)
      join(near_[i].to, near_[j].to, near_[i].weight * inverse * near_[j].weight);
}

// A tree of them, drawn at random.
void Elimination::join_some(std::int32_t v, std::uint64_t key, double inverse) {
  const std::size_t d = near_.size();
  later_.resize(d + 1);
  later_[d] = 0;
  for (std::size_t i = d; i-- > 0;) later_[i] = later_[i + 1] + near_[i].weight;
  Draw words{};
  for (std::size_t i = 0; i + 1 < d; ++i) {
    if ((i & 3) == 0)
      words = draw(key, Purpose::flow_preconditioner, static_cast<std::uint64_t>(v), i / 4);
    // The heavier neighbour j, drawn in proportion to its weight.
    const double mark = to_unit(words.word[i & 3]) * later_[i + 1];
    std::size_t j = i + 1, end = d - 1;
    while (j < end) {
      const std::size_t middle = (j + end) / 2;
      if (later_[middle + 1] < mark)
        end = middle;
      else
        j = middle + 1;
    }
    join(near_[i].to, near_[j].to, near_[i].weight * inverse * later_[i + 1]);
  }
}

void Elimination::factorise(std::size_t inner, std::uint64_t key, std::vector<Link>& links,
                            std::vector<double>& ground) {
  const std::size_t n = ground.size();
  start(inner, links);
  make_lists(n, links);
  make_queues(n, inner);
  slot_.assign(n, -1);
  std::size_t lowest = 0;
  for (std::size_t step = 0; step < inner; ++step) {
    while (head_[lowest] < 0) ++lowest;
    const std::int32_t v = head_[lowest];
    dequeue(v);
    gone_[at(v)] = 1;
    gather(v, inner);
    const double inverse = write_row(v, ground);
    if (near_.size() <= exact_degree)
      join_all(inverse);
    else
      join_some(v, key, inverse);
    for (const Neighbour& m : near_) {
      if (at(m.to) >= inner) continue;
      fit(degree_[at(m.to)]);
      enqueue(m.to);
      lowest = std::min(lowest, at(degree_[at(m.to)]));
    }
  }
  links.clear();
  for (std::size_t v = inner; v < n; ++v)
    for (std::uint32_t k = 0; k < lists_[v].size; ++k) {
      const Entry e = pool_[lists_[v].begin + k];
      if (!gone_[at(e.to)] && at(e.to) > v)
        links.push_back({static_cast<std::int32_t>(v), e.to, weight_[e.link]});
    }
}

void Elimination::descend(std::vector<double>& z) const {
  for (std::size_t k = 0; k < order_.size(); ++k) {
    const double y = z[at(order_[k])];
    for (std::size_t e = row_[k]; e < row_[k + 1]; ++e) z[at(column_[e])] += coefficient_[e] * y;
  }
}

void Elimination::ascend(std::vector<double>& z) const {
  for (std::size_t k = order_.size(); k-- > 0;) {
    double y = z[at(order_[k])] * pivot_[k];
    for (std::size_t e = row_[k]; e < row_[k + 1]; ++e) y += coefficient_[e] * z[at(column_[e])];
    z[at(order_[k])] = y;
  }
}

} // namespace metavox::flow
