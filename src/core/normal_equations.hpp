// Least squares of few unknowns, on the host.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace metavox {

// Solves g y = `y` by Cholesky's method, g being positive semidefinite, row by row, its lower half
// read. Unknowns whose row says nothing but what those before say are 0.
inline std::vector<double> solve_normal_equations(std::vector<double> g, std::vector<double> y) {
  const std::size_t m = y.size();
  for (std::size_t k = 0; k < m; ++k) {
    const double whole = g[k * m + k];
    double rest = whole;
    for (std::size_t i = 0; i < k; ++i) rest -= g[k * m + i] * g[k * m + i];
    const bool spent = !(rest > 1e-10 * whole);
    const double root = spent ? 0.0 : std::sqrt(rest);
    for (std::size_t i = 0; i < k; ++i) y[k] -= g[k * m + i] * y[i];
    y[k] = spent ? 0.0 : y[k] / root;
    for (std::size_t l = k + 1; l < m; ++l) {
      for (std::size_t i = 0; i < k; ++i) g[l * m + k] -= g[l * m + i] * g[k * m + i];
      g[l * m + k] = spent ? 0.0 : g[l * m + k] / root;
    }
    g[k * m + k] = root;
  }
  for (std::size_t k = m; k-- > 0;) {
    for (std::size_t l = k + 1; l < m; ++l) y[k] -= g[l * m + k] * y[l];
    y[k] = g[k * m + k] > 0 ? y[k] / g[k * m + k] : 0.0;
  }
  return y;
}

} // namespace metavox
