// The state of a body as two lists of numbers, whole ones and others: what visit(self, archive) of
// its parts writes and reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "core/errors.hpp"
#include "core/exact.hpp"
#include "core/random.hpp"

namespace metavox {

// Appends.
class BodySaver {
public:
  BodySaver(std::vector<std::int64_t>& whole, std::vector<double>& real)
      : whole_(whole), real_(real) {}
  template <class T>
  void operator()(const T& value) {
    if constexpr (std::is_floating_point_v<T>)
      real_.push_back(value);
    else
      whole_.push_back(static_cast<std::int64_t>(value));
  }

private:
  std::vector<std::int64_t>& whole_;
  std::vector<double>& real_;
};

// The hash of what was saved, on from `hash`.
inline std::uint64_t folded(std::uint64_t hash, const std::vector<std::int64_t>& whole,
                            const std::vector<double>& real) {
  for (const std::int64_t n : whole) hash = folded(hash, static_cast<std::uint64_t>(n));
  for (const double x : real) hash = folded(hash, exact::bit_cast<std::uint64_t>(x));
  return hash;
}

// Reads on from a place. Throws NumericalError where nothing is left.
class BodyLoader {
public:
  BodyLoader(const std::vector<std::int64_t>& whole, const std::vector<double>& real,
             std::size_t& whole_at, std::size_t& real_at)
      : whole_(whole), real_(real), whole_at_(whole_at), real_at_(real_at) {}
  template <class T>
  void operator()(T& value) {
    if constexpr (std::is_floating_point_v<T>)
      value = next(real_, real_at_);
    else
      value = static_cast<T>(next(whole_, whole_at_));
  }

private:
  template <class T>
  static T next(const std::vector<T>& from, std::size_t& at) {
    if (at >= from.size()) throw NumericalError("the stored state of a body ends too early");
    return from[at++];
  }
  const std::vector<std::int64_t>& whole_;
  const std::vector<double>& real_;
  std::size_t &whole_at_, &real_at_;
};

} // namespace metavox
