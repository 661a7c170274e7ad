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

namespace metavox {

class Extrapolation {
public:
  static constexpr int depth = 5;
  // Bytes on the back end per entry of the map, where turns are remembered.
  static constexpr std::size_t bytes = 2 * sizeof(double) + 2 * depth * sizeof(float);

  explicit Extrapolation(const Executor& executor) : executor_(executor) {}
  // Forgets all turns. Memory is taken where `n` entries need more than there is: for `room`.
  void begin(std::int64_t n, std::int64_t room);
  // A turn, `met` being g(used). Returns the largest difference between them; `size` is room for
  // one number per entry.
  float take(const double* used, const double* met, float* size);
  int turns() const { return turns_; } // since begin()
  // Writes into `used` what to go on with after the last turn taken. Entries below 0 become 0.
  void go_on(double* used, const double* met);

private:
  int columns() const { return turns_ - 1 < depth ? turns_ - 1 : depth; }
  float* column(Buffer<float>& buffer, int turn) const;
  std::vector<double> weights();

  Executor executor_;
  std::int64_t n_ = 0;
  int turns_ = 0;
  Buffer<double> lack_, met_;         // of the last turn
  Buffer<float> differences_, steps_; // of lack and of met from turn to turn, the last `depth`
  std::vector<float> largest_;        // lack in each turn
};

} // namespace metavox
