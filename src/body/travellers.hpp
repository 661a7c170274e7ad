// What cells that travel were like. Compartments of a body hold numbers only; of the cells that
// left the windows of a lesion some are kept, each with the same chance, and a founder that came
// from there has the record of one of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "body/stages.hpp"
#include "voxel/views.hpp"

namespace metavox {

inline constexpr std::size_t most_travellers = 1024; // of a phenotype

Phenotype phenotype_of(Kind kind);

template <class Self, class Archive>
void visit_cell(Self& c, Archive& a) {
  a(c.kind), a(c.flags), a(c.clock), a(c.timer), a(c.capacity), a(c.clone), a(c.traits);
}

class Travellers {
public:
  // In an order that does not depend on how it was come by. Draws belong to the lesion.
  void add(const Cell& cell, std::uint64_t seed, std::int64_t lesion = 0);
  // One of a phenotype, or of all that departed; nothing where there was none. u, v: of [0, 1).
  std::optional<Cell> pick(std::optional<Phenotype> phenotype, double u, double v) const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    for (std::size_t p = 0; p < phenotypes; ++p) {
      archive(self.seen_[p]);
      auto n = static_cast<std::int64_t>(self.kept_[p].size());
      archive(n);
      fit(self.kept_[p], n);
      for (auto& c : self.kept_[p]) visit_cell(c, archive);
    }
  }

private:
  static void fit(std::vector<Cell>& kept, std::int64_t n);
  static void fit(const std::vector<Cell>&, std::int64_t) {} // when it is saved

  std::array<std::int64_t, phenotypes> seen_{};
  std::array<std::vector<Cell>, phenotypes> kept_;
};

} // namespace metavox
