// Counter-based random numbers: a draw belongs to (seed, purpose, identity, step), never to a
// thread.
//
// Philox4x32-10, Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC'11.
#pragma once

#include <cstdint>

#include "core/host_device.hpp"

namespace metavox {

// One line per random process. Stored in no file, but the numbers decide every result: append,
// never renumber.
enum class Purpose : std::uint32_t {
  seeding = 1,     // initial cells
  fate = 2,        // clock dither, death, transitions
  division = 4,    // where the daughter goes, what it inherits
  inheritance = 5, // traits of the mother's side
  inheritance_daughter = 6,
  motility = 7,           // the substep is part of the counter
  departure = 16,         // of a cell beside a vessel; which of its voxel's is part of the counter
  departing_cluster = 17, // of a cell that leaves and a direction, which is part of the counter
  vessel_seeding = 32,
  fibre_seeding = 33,
  tracer = 34,
  lymph_seeding = 35,       // of a voxel
  flow_preconditioner = 40, // which fill of the blood-flow solver's elimination is kept
  sprouting = 50,           // of a node
  tip_walk = 51,            // of a sprout; the substep is part of the counter
  branching = 52,           // of a sprout
  maturation = 53,          // of a segment
  occlusion = 54,           // of a segment
  make_way = 55,            // of a voxel
  tip_start = 56,           // of a sprout: the velocity it begins with
  excess_fate = 57,         // of the second cell of a voxel
  relay = 58,               // of the same; the substep is part of the counter
  test = 63,
  // Of a cell that came with the blood, by its number.
  lodging = 70,       // where; a place outside the box is drawn again, the counter tells how often
  arriving = 71,      // of those that `arrivals` sends: when, what they are
  arrest = 72,        // what happens to it in the vessel; the event is part of the counter
  landing_voxel = 73, // which of the free ones
  landing_fate = 74,  // what it will be
  // Of a body: the identity is lesion * 64 + organ, the substep of the counter 32 * round + class.
  shedding = 80,  // of a lesion: how many cells leave it
  transit = 81,   // in which bed those end that left
  settling = 82,  // of an organ: what becomes of lodged cells
  crossing = 83,  // of adherent ones
  landing = 84,   // of those that came out
  waking = 85,    // of sleepers
  host = 86,      // of a patient: what he is like
  founder = 87,   // of a lesion yet to be: when, whether it sleeps, when it is seen
  reading = 88,   // of a patient: what a sample shows
  counter = 89,   // of a lesion: births, deaths, whether vessels come
  forcing = 90,   // of a forced founder: when it comes, whether it sleeps
  splitting = 91, // of a course of a rare event: its own seed
  reservoir = 92, // of a cell that departed, by its number in its lesion, whose is the step's
                  // place: which record it takes the place of
  window = 93,    // of a window, by its number: whose record its founder has, how long it lives
  handover = 94,  // of a voxel: its rank among those as far away, what comes to stand there
  // Ends, of a body as well.
  resection = 100, // of a lesion: how many cells a removal leaves
  dying = 101,     // of a patient: how long until something else ends a life
  lymph = 102,     // of a node: what becomes of the cells in it
  cavity = 103,    // of floating cells by phenotype: what becomes of them; 1024: how many come
  lineage = 104    // of a place: which of its cells' parents it keeps; of a founder: whose it is
};

struct Draw {
  std::uint32_t word[4];
};

MV_HD inline Draw philox4x32(const std::uint32_t (&counter)[4], const std::uint32_t (&key)[2]) {
  std::uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  std::uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(p1);
    c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// `identity` below 2^48 (a global voxel index or a number of its own kind), `step` below 2^40.
MV_HD inline Draw draw(std::uint64_t seed, Purpose purpose, std::uint64_t identity,
                       std::uint64_t step, std::uint32_t substep = 0) {
  const std::uint32_t counter[4] = {
      static_cast<std::uint32_t>(identity),
      static_cast<std::uint32_t>(identity >> 32) | (static_cast<std::uint32_t>(purpose) << 16),
      static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32) | (substep << 8)};
  const std::uint32_t key[2] = {static_cast<std::uint32_t>(seed),
                                static_cast<std::uint32_t>(seed >> 32)};
  return philox4x32(counter, key);
}

// The draws of sixteen voxels `offset` places behind the first, word by word: the same numbers as
// draw() gives one by one, in the form that compilers turn into vector code.
struct DrawList {
  static constexpr int size = 16;
  std::uint32_t word[4][size];
  Draw at(int n) const { return {{word[0][n], word[1][n], word[2][n], word[3][n]}}; }
};
inline void draw_list(std::uint64_t seed, Purpose purpose, std::uint64_t first,
                      const std::uint16_t* offset, std::uint64_t step, std::uint32_t substep,
                      DrawList& list) {
  constexpr int n = DrawList::size;
  std::uint64_t c0[n], c1[n], c2[n], c3[n];
  for (int x = 0; x < n; ++x) {
    const std::uint64_t identity = first + offset[x];
    c0[x] = identity & 0xffffffffu;
    c1[x] = (identity >> 32) | (static_cast<std::uint64_t>(purpose) << 16);
    c2[x] = step & 0xffffffffu;
    c3[x] = (step >> 32) | (std::uint64_t{substep} << 8);
  }
  std::uint64_t k0 = seed & 0xffffffffu, k1 = seed >> 32;
  for (int round = 0; round < 10; ++round) {
#pragma omp simd
    for (int x = 0; x < n; ++x) {
      const std::uint64_t p0 = 0xD2511F53u * (c0[x] & 0xffffffffu);
      const std::uint64_t p1 = 0xCD9E8D57u * (c2[x] & 0xffffffffu);
      c0[x] = (p1 >> 32) ^ c1[x] ^ k0;
      c1[x] = p1;
      c2[x] = (p0 >> 32) ^ c3[x] ^ k1;
      c3[x] = p0;
    }
    k0 = (k0 + 0x9E3779B9u) & 0xffffffffu;
    k1 = (k1 + 0xBB67AE85u) & 0xffffffffu;
  }
#pragma omp simd
  for (int x = 0; x < n; ++x) {
    list.word[0][x] = static_cast<std::uint32_t>(c0[x]);
    list.word[1][x] = static_cast<std::uint32_t>(c1[x]);
    list.word[2][x] = static_cast<std::uint32_t>(c2[x]);
    list.word[3][x] = static_cast<std::uint32_t>(c3[x]);
  }
}

// Strictly inside (0, 1).
MV_HD inline double to_unit(std::uint32_t word) { return (word + 0.5) * (1.0 / 4294967296.0); }

// A uniform integer below n; n up to 2^16 keeps the bias below 2^-16.
MV_HD inline std::uint32_t below(std::uint32_t word, std::uint32_t n) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * n) >> 32);
}

// Probability as a 32-bit threshold: an event happens where word < threshold(p).
MV_HD inline std::uint32_t threshold(double probability) {
  if (!(probability > 0.0)) return 0;
  if (probability >= 1.0) return 0xffffffffu;
  return static_cast<std::uint32_t>(probability * 4294967296.0);
}

// A rank for contested voxels. A bijection of the 32-bit voxel number for every (seed, step,
// substep): two cells never tie, and nobody is favoured. (Rounds of xor, odd multiplication and
// xor-shift, each of which can be undone.)
MV_HD inline std::uint32_t contest_rank(std::uint32_t voxel, std::uint32_t key0,
                                        std::uint32_t key1) {
  std::uint32_t v = voxel ^ key0;
  v ^= v >> 16;
  v *= 0x7feb352du;
  v ^= v >> 15;
  v += key1;
  v *= 0x846ca68bu;
  v ^= v >> 16;
  v *= 0x9e3779b1u;
  v ^= v >> 15;
  return v;
}

// Finaliser of MurmurHash3 (A. Appleby): spreads every input bit over the word.
MV_HD inline std::uint64_t mix64(std::uint64_t v) {
  v ^= v >> 33;
  v *= 0xff51afd7ed558ccdULL;
  v ^= v >> 33;
  v *= 0xc4ceb9fe1a85ec53ULL;
  v ^= v >> 33;
  return v;
}

// A hash of numbers, one after the other, with another at its end.
MV_HD inline std::uint64_t folded(std::uint64_t hash, std::uint64_t word) {
  return mix64(hash ^ word) + 0x9e3779b97f4a7c15ULL;
}

// The seed of the n-th site ever opened in a run, so that no two sites draw the same numbers. Site
// 0 has the seed of the run.
MV_HD inline std::uint64_t site_seed(std::uint64_t seed, std::uint64_t n) {
  return n == 0 ? seed : mix64(seed + n * 0x9e3779b97f4a7c15ULL);
}

} // namespace metavox
