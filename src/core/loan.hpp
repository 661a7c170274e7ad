// Memory of the back end that its owner has no use for at the moment, lent to who needs some for a
// while.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/exact.hpp"
#include "core/executor.hpp"

namespace metavox {

class Loan {
public:
  Loan() = default; // of nothing
  Loan(void* memory, std::size_t bytes) : memory_(static_cast<char*>(memory)), bytes_(bytes) {}

  // Bytes that n entries of `size` bytes take there, edges included.
  static constexpr std::size_t bytes_for(std::int64_t n, std::size_t size) {
    return (static_cast<std::size_t>(n) * size + edge - 1) / edge * edge;
  }
  // Room for n entries with what was in it; null where what is left does not suffice.
  template <class T>
  T* take(std::int64_t n) {
    const std::size_t wanted = bytes_for(n, sizeof(T));
    if (wanted > bytes_ - taken_) return nullptr;
    void* const begin = memory_ + taken_;
    taken_ += wanted;
    touched_ = exact::max_of(touched_, taken_);
    return static_cast<T*>(begin);
  }
  // All of it is free again, for somebody who comes later.
  void free_all() { taken_ = 0; }
  // Bytes from the beginning that anybody has ever taken: what has to be put right.
  std::size_t touched() const { return touched_; }

private:
  static constexpr std::size_t edge = 256; // where a device likes arrays to begin
  char* memory_ = nullptr;
  std::size_t bytes_ = 0, taken_ = 0, touched_ = 0;
};

// Lists on the back end have room for so many entries more than they need at first.
inline constexpr std::int64_t entries_to_spare = 1024;

// Room for n entries at least, which are lost where it has to be made anew. Memory that grows does
// so by half, so that it seldom has to.
template <class T>
void fit(const Executor& executor, Buffer<T>& buffer, std::int64_t n) {
  if (buffer.size() < n)
    buffer = Buffer<T>(executor, (buffer.size() == 0 ? n : n + n / 2) + entries_to_spare);
}

// An array whose values are of use only while the loan lasts. Where that does not hold it, it has
// memory of its own, which is kept.
template <class T>
class LentArray {
public:
  // Room for n entries of unknown value.
  void place(const Executor& executor, std::int64_t n, Loan& loan) {
    data_ = loan.take<T>(n);
    if (data_ != nullptr) return;
    fit(executor, own_, n);
    data_ = own_.data();
  }
  T* data() { return data_; }
  const T* data() const { return data_; }

private:
  Buffer<T> own_;
  T* data_ = nullptr;
};

} // namespace metavox
