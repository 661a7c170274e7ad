// Factors of a network's conductances.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace metavox::flow {

// A symmetric M-matrix as a graph: conductances between unknowns, and of each unknown to the ground
// (the ends). Eliminates unknowns in the order of their degree. The star of a pivot becomes a
// clique of its neighbours where that is cheap, so that trees, ladders and most sheets are
// factorised exactly; elsewhere a random tree stands for the clique, with the clique as its mean
// (Y. Gao, R. Kyng and D. Spielman 2023, arXiv:2303.00709). Only sums and products of positive
// numbers occur: the factors are accurate however much conductances differ.
class Elimination {
public:
  struct Link {
    std::int32_t a, b;
    double conductance;
  };

  // Eliminates the unknowns below `inner`; there is one for each element of `ground`. The links and
  // ground among the others that result replace `links` and `ground`. `key` begins the random
  // numbers.
  void factorise(std::size_t inner, std::uint64_t key, std::vector<Link>& links,
                 std::vector<double>& ground);

  // Forward substitution (descend) and back substitution (ascend), in place.
  void descend(std::vector<double>& z) const;
  void ascend(std::vector<double>& z) const;

private:
  struct Entry {
    std::int32_t to;
    std::uint32_t link;
  };
  struct Neighbour {
    std::int32_t to;
    double weight;
  };
  struct List {
    std::size_t begin = 0;
    std::uint32_t size = 0, capacity = 0;
  };

  // Pairs are looked for in the shorter list, and not at all between two hubs: their links then
  // stay parallel until one of them becomes the pivot.
  static constexpr std::uint32_t longest_search = 128;
  static constexpr std::size_t exact_degree = 8;

  void start(std::size_t inner, const std::vector<Link>& links);
  void make_lists(std::size_t n, const std::vector<Link>& links);
  void make_queues(std::size_t n, std::size_t inner);
  void fit(std::int32_t degree);
  void gather(std::int32_t v, std::size_t inner);
  double write_row(std::int32_t v, std::vector<double>& ground);
  void join_all(double inverse);
  void join_some(std::int32_t v, std::uint64_t key, double inverse);
  void append(std::int32_t to, Entry entry);
  void tidy(std::int32_t v);
  void join(std::int32_t a, std::int32_t b, double conductance);
  void enqueue(std::int32_t v);
  void dequeue(std::int32_t v);

  std::vector<std::int32_t> order_;
  std::vector<double> pivot_; // 1 / sum of conductances
  std::vector<std::size_t> row_;
  std::vector<std::int32_t> column_;
  std::vector<double> coefficient_;

  std::vector<List> lists_;
  std::vector<Entry> pool_;
  std::vector<double> weight_;
  std::vector<std::int32_t> degree_;
  std::vector<std::uint8_t> gone_;
  std::vector<std::int32_t> head_, tail_, next_, previous_; // queues by degree
  std::vector<Neighbour> near_;                             // of the pivot at hand
  std::vector<double> later_;                               // sums of weights from one of them on
  std::vector<std::int32_t> slot_;                          // of each unknown in near_, or -1
};

} // namespace metavox::flow
