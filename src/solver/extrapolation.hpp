// The fixed point of a map, sought by turns x -> g(x) that shrink slowly and evenly: the last turns
// tell where that ends (D. Anderson 1965, J. ACM 12:547).
//
// Of the sums x_n + sum of w_j (x_j - x_n) over the last turns that one is taken which leaves the
// smallest difference g - x, in the sense of least squares, were g linear; and of it the next x
// is g. Scalar products are sums of whole numbers, so they have no order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/executor.hpp"
#include "core/loan.hpp"

namespace metavox {

class Extrapolation {
public:
  static constexpr int depth = 5;
  // Bytes on the back end per entry of the map.
  static constexpr std::size_t bytes = sizeof(double) + (1 + 2 * depth) * sizeof(float);

  explicit Extrapolation(const Executor& executor) : executor_(executor) {}
  // What n entries take, in doubles.
  static constexpr std::int64_t doubles_for(std::int64_t n) {
    return (static_cast<std::int64_t>(bytes) * n + 7) / 8;
  }
  // Forgets all turns; n entries from now on, in memory for so many. The loan lasts as long as
  // turns are taken.
  void begin(std::int64_t n, Loan& loan);
  // The same entries, in the same memory.
  void begin();
  // A turn, `met` being g(used). Returns the largest difference between them; `size` is room for
  // one number per entry.
  float take(const double* used, const double* met, float* size);
  int turns() const { return turns_; } // since begin()
  // Writes into `used` what to go on with after the last turn taken. Entries below 0 become 0.
  void go_on(double* used, const double* met);

private:
  int columns() const { return turns_ - 1 < depth ? turns_ - 1 : depth; }
  float* lack() {
    void* const behind = met_.data() + n_;
    return static_cast<float*>(behind);
  }
  float* difference(int turn) { return lack() + (1 + turn % depth) * n_; }
  float* step(int turn) { return lack() + (1 + depth + turn % depth) * n_; }
  std::vector<double> weights();

  Executor executor_;
  std::int64_t n_ = 0;
  int turns_ = 0;
  // One piece of memory: met of the last turn, then floats: its lack, met - used, and how lack and
  // met went from turn to turn, the last `depth` of each.
  LentArray<double> met_;
  std::vector<float> largest_; // lack in each turn
};

} // namespace metavox
