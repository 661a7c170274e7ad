// The second cells of a population: their list, and how it is kept.
#pragma once

#include <cstdint>
#include <vector>

#include "cells/division.hpp"
#include "core/executor.hpp"
#include "voxel/excess.hpp"

namespace metavox {

class ExcessCells {
public:
  // Throws ResourceError where memory is missing.
  ExcessCells(const Executor& executor, const Lattice& lattice);

  // `held`: by voxel, see ExcessView; `slot` holds what map() wrote.
  ExcessView view(std::uint8_t* held, const std::uint32_t* slot = nullptr);
  std::int64_t entries() const { return count_; }

  // In `slot`, by voxel and `nothing` everywhere, the entry that is there; and `nothing` again.
  void map(std::uint32_t* slot);
  void unmap(std::uint32_t* slot, std::uint32_t nothing);

  // The list anew: the second cells of the voxels marked in `held`, in their order. Where none was
  // in the list, the cell that stands there divides.
  void renew(std::uint8_t* held, std::uint32_t* slot, std::uint32_t nothing,
             const Division& division);

  // Entries more at the end of the list, without cells; returned is the first.
  std::int64_t extend(std::int64_t more);

  std::uint32_t* aim() { return aim_.data(); } // by entry

  // The state: a value for each second cell, in the order of voxels.
  struct Arrays {
    Buffer<std::int64_t> voxel;
    Buffer<std::uint8_t> kind, capacity;
    Buffer<std::uint16_t> flags, clock, timer, clone, waited;
    Buffer<std::uint64_t> traits;
    template <class F>
    void for_each(const F& f) {
      f("excess_voxel", "voxel of a second cell, x fastest", voxel);
      f("excess_kind", "its kind", kind);
      f("excess_flags", "its flags", flags);
      f("excess_clock", "its cycle clock", clock);
      f("excess_timer", "its timer", timer);
      f("excess_capacity", "divisions left to it", capacity);
      f("excess_clone", "its clone", clone);
      f("excess_traits", "its heritable traits", traits);
      f("excess_waited", "steps that it has been where a vessel fills the voxel", waited);
    }
  };
  Arrays& arrays() { return list_; }
  // The entries of cells that are there, in the order of voxels.
  std::vector<std::int64_t> order() const;
  // The number of entries, whose arrays are written next, one by one. Where it is that of the cells
  // that are there, they are put in order without gaps.
  void resize(std::int64_t n);
  template <class T>
  void write(Buffer<T>& array, const T* host) {
    if (count_ > 0)
      executor_.copy_in(array.data(), host, static_cast<std::size_t>(count_) * sizeof(T));
  }

  // Entries that there is room for at the start.
  static std::int64_t first_room(const Lattice& lattice);
  // Bytes of each buffer there.
  static std::vector<std::size_t> buffers(const Lattice& lattice);

private:
  ExcessView view_of(Arrays& arrays, std::uint8_t* held, const std::uint32_t* slot);
  void fit(std::int64_t entries);

  Executor executor_;
  Lattice lattice_;
  Arrays list_, other_;
  Buffer<std::uint32_t> marked_, aim_;
  std::int64_t count_ = 0, room_ = 0;
};

} // namespace metavox
