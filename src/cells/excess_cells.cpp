#include "cells/excess_cells.hpp"

#include <algorithm>
#include <utility>

#include "cells/renew_excess.hpp"
#include "core/launch.hpp"

namespace metavox {
namespace {

// Of all voxels, the share that there is room for from the start: some two in a hundred voxels of a
// growing tumour hold a second cell.
constexpr std::int64_t voxels_per_entry = 64, least_room = 4096;

} // namespace

std::int64_t ExcessCells::first_room(const Lattice& lattice) {
  return std::min(lattice.voxels(), std::max(least_room, lattice.voxels() / voxels_per_entry));
}

std::vector<std::size_t> ExcessCells::buffers(const Lattice& lattice) {
  const auto n = static_cast<std::size_t>(first_room(lattice));
  std::vector<std::size_t> bytes;
  Arrays arrays;
  for (int k = 0; k < 2; ++k)
    arrays.for_each([&](const char*, const char*, auto& buffer) {
      bytes.push_back(n * sizeof(*buffer.data()));
    });
  bytes.insert(bytes.end(), 2, n * sizeof(std::uint32_t));
  return bytes;
}

ExcessCells::ExcessCells(const Executor& executor, const Lattice& lattice)
    : executor_(executor), lattice_(lattice) {
  fit(first_room(lattice));
}

void ExcessCells::fit(std::int64_t entries) {
  if (entries <= room_) return;
  const auto grown = [&](auto& buffer, bool keep) {
    using T = std::remove_reference_t<decltype(*buffer.data())>;
    std::vector<T> values = keep ? buffer.host_copy() : std::vector<T>();
    buffer = Buffer<T>(executor_, entries);
    if (keep && !values.empty())
      executor_.copy_in(buffer.data(), values.data(), values.size() * sizeof(T));
  };
  list_.for_each([&](const char*, const char*, auto& buffer) { grown(buffer, count_ > 0); });
  other_.for_each([&](const char*, const char*, auto& buffer) { grown(buffer, false); });
  grown(marked_, false);
  grown(aim_, false);
  room_ = entries;
}

ExcessView ExcessCells::view_of(Arrays& a, std::uint8_t* held, const std::uint32_t* slot) {
  return {a.voxel.data(),
          {a.kind.data(), a.flags.data(), a.clock.data(), a.timer.data(), a.capacity.data(),
           a.clone.data(), a.traits.data()},
          a.waited.data(),
          held,
          slot,
          count_,
          lattice_};
}
ExcessView ExcessCells::view(std::uint8_t* held, const std::uint32_t* slot) {
  return view_of(list_, held, slot);
}

void ExcessCells::map(std::uint32_t* slot) {
  executor_.for_each_index(count_, MapExcess{view(nullptr), slot});
}
void ExcessCells::unmap(std::uint32_t* slot, std::uint32_t nothing) {
  executor_.for_each_index(count_, UnmapExcess{view(nullptr), slot, nothing});
}

void ExcessCells::renew(std::uint8_t* held, std::uint32_t* slot, std::uint32_t nothing,
                        const Division& division) {
  map(slot);
  std::int64_t n = executor_.compact(held, lattice_.padded(), marked_.data(), room_);
  if (n > room_) {
    fit(n + n / 2);
    n = executor_.compact(held, lattice_.padded(), marked_.data(), room_);
  }
  executor_.for_each_index(n, RenewExcess{marked_.data(), view(held),
                                          view_of(other_, held, nullptr), slot, nothing, division});
  std::swap(list_, other_);
  count_ = n;
}

std::int64_t ExcessCells::extend(std::int64_t more) {
  const std::int64_t first = count_;
  if (first + more > room_) fit(first + more + (first + more) / 2);
  count_ += more;
  return first;
}

void ExcessCells::resize(std::int64_t n) {
  if (n == count_) return;
  const std::vector<std::int64_t> order = this->order();
  if (n == static_cast<std::int64_t>(order.size())) {
    list_.for_each([&](const char*, const char*, auto& buffer) {
      const auto all = buffer.host_copy();
      auto kept = all;
      for (std::size_t k = 0; k < order.size(); ++k)
        kept[k] = all[static_cast<std::size_t>(order[k])];
      buffer.upload(kept.data());
    });
  } else {
    fit(n);
  }
  count_ = n;
}

std::vector<std::int64_t> ExcessCells::order() const {
  const auto n = static_cast<std::size_t>(count_);
  std::vector<std::int64_t> voxel(n), entries;
  std::vector<std::uint8_t> kind(n);
  if (n == 0) return entries;
  executor_.copy_out(voxel.data(), list_.voxel.data(), n * sizeof(voxel[0]));
  executor_.copy_out(kind.data(), list_.kind.data(), n * sizeof(kind[0]));
  for (std::size_t k = 0; k < n; ++k)
    if (kind[k] != 0) entries.push_back(static_cast<std::int64_t>(k));
  std::sort(entries.begin(), entries.end(), [&](std::int64_t a, std::int64_t b) {
    return voxel[static_cast<std::size_t>(a)] < voxel[static_cast<std::size_t>(b)];
  });
  return entries;
}

} // namespace metavox
