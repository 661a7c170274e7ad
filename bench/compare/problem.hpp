// The problem all solvers of the comparison get, and the double precision in which they are judged.
//
//   k c - D lap c = 0 in a cube, c = 38 mmHg on its faces
//
// Oxygen around and in a spheroid: D = 1e5 um^2/min, voxels of 20 um, k = 10/min in a centred
// sphere of a quarter of the edge, 0.1/min elsewhere. Cell centres, 7 points; a face is half a
// voxel away from the outermost centres.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace compare {

struct Problem {
  int n;
  double diffusivity = 1e5, spacing = 20, face = 38, inside = 10, outside = 0.1;

  explicit Problem(int edge) : n(edge) {}
  double coupling() const { return diffusivity / (spacing * spacing); } // to one neighbour, 1/min
  std::size_t voxels() const { return static_cast<std::size_t>(n) * n * n; }
  std::size_t index(int x, int y, int z) const {
    return (static_cast<std::size_t>(z) * n + static_cast<std::size_t>(y)) * n +
           static_cast<std::size_t>(x);
  }
  bool in_sphere(int x, int y, int z) const {
    const double a = x + 0.5 - n / 2.0, b = y + 0.5 - n / 2.0, c = z + 0.5 - n / 2.0;
    return a * a + b * b + c * c < n * n / 16.0;
  }
  std::vector<float> loss() const {
    std::vector<float> k(voxels());
    for (int z = 0; z < n; ++z)
      for (int y = 0; y < n; ++y)
        for (int x = 0; x < n; ++x)
          k[index(x, y, z)] = static_cast<float>(in_sphere(x, y, z) ? inside : outside);
    return k;
  }
  int faces_at(int x, int y, int z) const {
    return (x == 0) + (x == n - 1) + (y == 0) + (y == n - 1) + (z == 0) + (z == n - 1);
  }
  double centre(const std::vector<double>& c) const { return c[index(n / 2, n / 2, n / 2)]; }
};

// out = A c; a face counts twice in the diagonal. With `rhs` it is b - A c.
inline void apply(const Problem& p, const std::vector<float>& k, const std::vector<double>& c,
                  bool rhs, std::vector<double>& out) {
  const int n = p.n;
  const double w = p.coupling();
  const auto sy = static_cast<std::ptrdiff_t>(n), sz = sy * n;
#pragma omp parallel for schedule(static)
  for (int z = 0; z < n; ++z)
    for (int y = 0; y < n; ++y)
      for (int x = 0; x < n; ++x) {
        const std::size_t i = p.index(x, y, z);
        const double* here = c.data() + i;
        const int faces = p.faces_at(x, y, z);
        double sum = 0;
        if (x > 0) sum += here[-1];
        if (x < n - 1) sum += here[1];
        if (y > 0) sum += here[-sy];
        if (y < n - 1) sum += here[sy];
        if (z > 0) sum += here[-sz];
        if (z < n - 1) sum += here[sz];
        const double a = (static_cast<double>(k[i]) + w * (6 + faces)) * *here - w * sum;
        out[i] = rhs ? 2 * w * p.face * faces - a : a;
      }
}

inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  const auto n = static_cast<std::ptrdiff_t>(a.size());
#pragma omp parallel for schedule(static) reduction(+ : sum)
  for (std::ptrdiff_t i = 0; i < n; ++i)
    sum += a[static_cast<std::size_t>(i)] * b[static_cast<std::size_t>(i)];
  return sum;
}

// |b - A c| / |b|, Euclidean.
inline double relative_residual(const Problem& p, const std::vector<float>& k,
                                const std::vector<double>& c) {
  std::vector<double> r(c.size());
  apply(p, k, c, true, r);
  const double norm = std::sqrt(dot(r, r));
  apply(p, k, std::vector<double>(c.size(), 0.0), true, r);
  return norm / std::sqrt(dot(r, r));
}

inline double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(a[i] - b[i]);
    if (!(d <= largest)) largest = d;
  }
  return largest;
}

// Conjugate gradients preconditioned by the diagonal, from `c`, until |b - A c| <= 1e-12 |b|. Slow
// and simple, so that the reference owes nothing to the solvers it judges.
inline int refine(const Problem& p, const std::vector<float>& k, std::vector<double>& c) {
  const std::size_t m = c.size();
  const auto count = static_cast<std::ptrdiff_t>(m);
  std::vector<double> r(m), z(m), d(m), q(m), inverse(m);
  apply(p, k, std::vector<double>(m, 0.0), true, r);
  const double goal = 1e-12 * std::sqrt(dot(r, r));
  for (int zz = 0; zz < p.n; ++zz)
    for (int y = 0; y < p.n; ++y)
      for (int x = 0; x < p.n; ++x) {
        const std::size_t i = p.index(x, y, zz);
        inverse[i] = 1 / (static_cast<double>(k[i]) + p.coupling() * (6 + p.faces_at(x, y, zz)));
      }
  apply(p, k, c, true, r);
  double rho = 0;
  for (int iteration = 0; iteration < 100000; ++iteration) {
    if (std::sqrt(dot(r, r)) <= goal) return iteration;
    for (std::size_t i = 0; i < m; ++i) z[i] = inverse[i] * r[i];
    const double fresh = dot(r, z), beta = iteration == 0 ? 0 : fresh / rho;
    rho = fresh;
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const auto j = static_cast<std::size_t>(i);
      d[j] = z[j] + beta * d[j];
    }
    apply(p, k, d, false, q);
    const double alpha = rho / dot(d, q);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const auto j = static_cast<std::size_t>(i);
      c[j] += alpha * d[j];
      r[j] -= alpha * q[j];
    }
  }
  throw std::runtime_error("the reference did not converge");
}

// Centre values of the discrete problem from elsewhere: 64 computed beforehand, 128 by hypre to a
// true relative residual of 2e-14. 0: not known for this edge.
inline double known_centre(int n) { return n == 64 ? 4.249335 : n == 128 ? 0.174717297 : 0; }

inline void save(const std::string& file, const std::vector<double>& c) {
  std::FILE* f = std::fopen(file.c_str(), "wb");
  const bool good = f && std::fwrite(c.data(), sizeof(double), c.size(), f) == c.size();
  if (!f || std::fclose(f) != 0 || !good) throw std::runtime_error("cannot write " + file);
}
inline std::vector<double> restore(const std::string& file, std::size_t size) {
  std::vector<double> c(size);
  std::FILE* f = std::fopen(file.c_str(), "rb");
  const bool good = f && std::fread(c.data(), sizeof(double), size, f) == size;
  if (f) std::fclose(f);
  if (!good) throw std::runtime_error("cannot read " + file);
  return c;
}

} // namespace compare
