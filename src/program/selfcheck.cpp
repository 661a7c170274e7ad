#include "program/selfcheck.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <set>

#include "core/exact.hpp"
#include "core/file.hpp"
#include "core/functors.hpp"
#include "core/random.hpp"
#include "program/exit_code.hpp"
#include "site/config.hpp"
#include "site/site.hpp"

namespace metavox {
namespace {

constexpr const char* everything = R"(
simulation: {name: selfcheck, seed: 7, duration: 1 day}
domain: {voxels: [26, 22, 18], spacing: 20 um}
fields: {coarsen: 2}
oxygen: {tissue_pressure: 30 mmHg, initial: 30 mmHg}
glucose: {enabled: true}
inhibitor: {enabled: true, secretion: 1e-4 1/min, diffusivity: 600 um^2/min}
stem: {enabled: true, fraction: 0.2}
mutation: {probability: 0.2}
transition: {emt: 1e-3 1/min, met: 1e-3 1/min}
normal: {regeneration: true, regeneration_neighbours: 4}
death: {apoptosis: 1e-3 1/min}
migration: {chemotaxis: 0.05 um^2/min/mmHg}
tracers: {count: 50}
vegf:
  enabled: true
  relaxation: transient
  initial: 0.02 nM
  sources:
    - {shape: sphere, radius: 60 um, rate: 0.1 nM/min}
sprouting: {enabled: true, rate: 0.01 1/min, maturation_age: 0 min, radius: 9 um}
regression: {enabled: true, patience: 12 min}
time: {vessel_step: 12 min}
vessels: {pattern: grid, spacing: 150 um, radius: 7.8 um}
intravasation: {enabled: true, rate: 20 1/h, tight: 1, clustering: 0.5}
lymphatics: {enabled: true, share: 0.3}
serosa: {faces: [z_low, y_high], rate: 0.1 1/min}
arrivals: {enabled: true, cells: 400, over: 36 min}
lodging: {widest_radius: 20 um}
arrest: {adhesion: 1 1/min, out: 1000 1/day}
tissue:
  parenchyma: 0.4
  stroma: 0.1
  cells:
    - {shape: sphere, kind: epithelial, radius: 90 um, mesenchymal_fraction: 0.4}
    - {shape: box, kind: t_cell, from: [100 um, 100 um, 100 um], to: [160 um, 160 um, 160 um], fraction: 0.3}
    - {shape: box, kind: necrotic, from: [300 um, 200 um, 200 um], to: [360 um, 260 um, 260 um]}
  membranes:
    - {shape: sphere, radius: 130 um}
)";

// More than one block of threads along x, more lines than blocks that a device holds at once, and
// more vessels than threads of a block.
constexpr const char* wide = R"(
simulation: {name: selfcheck, seed: 5, duration: 1 day}
domain: {voxels: [130, 70, 66], spacing: 20 um}
vegf: {enabled: true}
sprouting: {enabled: true, maturation_age: 0 min}
vessels: {pattern: grid, spacing: 80 um}
tissue:
  parenchyma: 0.3
  stroma: 0.1
  cells:
    - {shape: sphere, kind: epithelial, radius: 400 um, mesenchymal_fraction: 0.3}
)";

// The defaults, fields on the tissue lattice.
constexpr const char* plain = R"(
simulation: {name: selfcheck, seed: 3, duration: 1 day}
domain: {voxels: [33, 25, 19], spacing: 20 um}
vessels: {pattern: grid, spacing: 200 um}
tissue:
  cells:
    - {shape: sphere, kind: epithelial, radius: 120 um, mesenchymal_fraction: 0.3}
)";

// Vessels that hold their oxygen.
constexpr const char* held = R"(
simulation: {name: selfcheck, seed: 7, duration: 1 day}
domain: {voxels: [17, 15, 13], spacing: 20 um}
oxygen: {blood: fixed, medium_exchange: 10 1/min}
vessels: {pattern: grid, spacing: 100 um}
)";

// Cells that come with the blood, more than there is room for.
constexpr const char* arriving = R"(
simulation: {name: selfcheck, seed: 11, duration: 1 day}
domain: {voxels: [15, 14, 13], spacing: 20 um}
time: {vessel_step: 12 min}
vessels: {pattern: grid, spacing: 100 um}
tissue: {parenchyma: 0.9}
arrivals: {enabled: true, cells: 400, state: adherent}
arrest: {out: 0.1 1/min}
)";

// Slow blood all through closed tissue.
constexpr const char* slow = R"(
simulation: {name: selfcheck, seed: 13, duration: 1 day}
domain: {voxels: [14, 13, 16], spacing: 20 um}
oxygen: {faces: no_flux, tissue_supply: false}
flow: {inlet_pressure: 15.02 mmHg, outlet_pressure: 15 mmHg}
vessels: {pattern: grid, spacing: 40 um}
tissue: {parenchyma: 0.3}
)";

// A vessel that most of the tissue is far from, and a lesion that was counted before.
constexpr const char* sparse = R"(
simulation: {name: selfcheck, seed: 17, duration: 1 day}
domain: {voxels: [32, 32, 16], spacing: 20 um}
vessels: {pattern: grid, spacing: 600 um}
)";

struct Case {
  const char* name;
  const char* text;
  int steps;
  bool each_launch; // or the first of each functor, where all memory is much
  int counted = 0;  // cells of a lesion that comes to stand in it
};
constexpr Case cases[] = {{"plain", plain, 6, true},       {"everything", everything, 6, true},
                          {"wide", wide, 2, false},        {"held", held, 2, true},
                          {"arriving", arriving, 4, true}, {"slow", slow, 1, true},
                          {"sparse", sparse, 1, true, 40}};

std::uint64_t fold_word(std::uint64_t hash, const unsigned char* at, std::size_t bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, bytes);
  return folded(hash, word);
}

// Eight chains side by side: one alone would wait for each of its multiplications.
std::uint64_t fold(std::uint64_t hash, const void* data, std::size_t bytes) {
  constexpr std::size_t chains = 8, block = chains * 8;
  const auto* at = static_cast<const unsigned char*>(data);
  if (bytes >= block) {
    std::array<std::uint64_t, chains> chain{};
    for (std::size_t k = 0; k < chains; ++k) chain[k] = hash + k;
    for (; bytes >= block; bytes -= block, at += block)
      for (std::size_t k = 0; k < chains; ++k) chain[k] = fold_word(chain[k], at + 8 * k, 8);
    for (const std::uint64_t end : chain) hash = folded(hash, end);
  }
  while (bytes > 0) {
    const std::size_t n = std::min<std::size_t>(bytes, 8);
    hash = fold_word(hash, at, n);
    at += n;
    bytes -= n;
  }
  return hash;
}

// What one launch left behind.
struct Launch {
  std::string label;                  // case/functor
  std::uint64_t result = 0;           // of a reduction
  std::vector<std::uint64_t> buffers; // oldest first
};

// Calls after(launch, executor) behind every launch of all cases, until it returns false.
void watch(const Executor& executor, const std::function<bool(Launch, const Executor&)>& after) {
  struct Enough {};
  std::vector<char> host;
  try {
    for (const Case& c : cases) {
      const Config config = read_config_text(c.text, "selfcheck.yaml");
      Site simulation(config.parameters, executor);
      Executor& own = simulation.executor();
      std::set<std::string> seen;
      own.trace([&](const char* name, const void* result, std::size_t bytes) {
        if (!seen.insert(name).second && !c.each_launch) return;
        Launch launch{std::string(c.name) + "/" + name, fold(0, result, bytes), {}};
        own.visit_memory([&](const void* memory, std::size_t size) {
          host.resize(size);
          own.copy_out(host.data(), memory, size);
          launch.buffers.push_back(fold(0, host.data(), size));
        });
        if (!after(std::move(launch), own)) throw Enough{};
      });
      if (c.counted > 0) simulation.hand_over({c.counted, 0, {}, 0.5});
      for (int step = 0; step < c.steps; ++step) simulation.step();
      simulation.measure();
      simulation.hash();
      simulation.check();
      own.trace({});
    }
  } catch (const Enough&) {
  }
}

std::vector<char> contents(const Executor& executor, std::size_t buffer) {
  std::vector<char> host;
  std::size_t number = 0;
  executor.visit_memory([&](const void* memory, std::size_t size) {
    if (number++ != buffer) return;
    host.resize(size);
    executor.copy_out(host.data(), memory, size);
  });
  return host;
}

// The first four bytes in which two memories differ, both ways that they are likely meant.
std::string where_they_differ(const std::vector<char>& a, const std::vector<char>& b) {
  if (a.size() != b.size())
    return std::to_string(a.size()) + " bytes against " + std::to_string(b.size());
  const auto at =
      static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
  const std::size_t word = at / 4 * 4, n = std::min<std::size_t>(4, a.size() - word);
  std::size_t different = 0;
  for (std::size_t k = 0; k < a.size(); ++k) different += a[k] != b[k] ? 1 : 0;
  const auto say = [&](const std::vector<char>& v) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, v.data() + word, n);
    char text[64];
    std::snprintf(text, sizeof text, "0x%08x (%.9g as a float)", bits,
                  static_cast<double>(exact::bit_cast<float>(bits)));
    return std::string(text);
  };
  return std::to_string(different) + " of " + std::to_string(a.size()) + " bytes, from byte " +
         std::to_string(at) + " on: " + say(a) + " against " + say(b);
}

std::vector<Launch> all_launches(const Executor& executor) {
  std::vector<Launch> launches;
  watch(executor, [&](Launch launch, const Executor&) {
    launches.push_back(std::move(launch));
    return true;
  });
  return launches;
}

std::vector<std::pair<std::string, std::uint64_t>> hashes_of(const std::vector<Launch>& launches) {
  std::vector<std::pair<std::string, std::uint64_t>> hashes;
  for (const Launch& launch : launches) {
    auto entry = std::find_if(hashes.begin(), hashes.end(),
                              [&](const auto& h) { return h.first == launch.label; });
    if (entry == hashes.end()) entry = hashes.insert(hashes.end(), {launch.label, 0});
    entry->second = fold(entry->second, &launch.result, sizeof launch.result);
    entry->second =
        fold(entry->second, launch.buffers.data(), launch.buffers.size() * sizeof(std::uint64_t));
  }
  return hashes;
}

// `expected` is what `reference` did.
std::string first_difference(const std::vector<Launch>& expected, const Executor& reference,
                             const Executor& executor) {
  std::size_t number = 0, buffer = 0;
  bool differs = false, in_result = false;
  std::string label;
  std::vector<char> found;
  watch(executor, [&](const Launch& launch, const Executor& own) {
    label = launch.label;
    const Launch none{};
    const Launch& e = number < expected.size() ? expected[number] : none;
    buffer = static_cast<std::size_t>(std::mismatch(launch.buffers.begin(), launch.buffers.end(),
                                                    e.buffers.begin(), e.buffers.end())
                                          .first -
                                      launch.buffers.begin());
    in_result = launch.result != e.result;
    differs = launch.label != e.label || in_result || launch.buffers.size() != e.buffers.size() ||
              buffer < launch.buffers.size();
    if (differs) found = contents(own, buffer);
    ++number;
    return !differs;
  });
  if (!differs && number == expected.size()) return {};
  std::string text = "launch " + std::to_string(number) + ", " + label + ": ";
  if (!differs) return text + "the last one, of " + std::to_string(expected.size());
  if (expected.size() < number) return text + "one too many";
  if (expected[number - 1].label != label) return text + "expected " + expected[number - 1].label;
  if (in_result) text += "another result; ";
  if (found.empty()) return text + "memory is the same";
  std::vector<char> wanted;
  std::size_t again = 0;
  watch(reference, [&](const Launch&, const Executor& own) {
    if (++again < number) return true;
    wanted = contents(own, buffer);
    return false;
  });
  return text + "buffer " + std::to_string(buffer) + " differs in " +
         where_they_differ(wanted, found);
}

} // namespace

const char* everything_on() { return everything; }

std::vector<std::pair<std::string, std::uint64_t>> selfcheck(const Executor& executor) {
  return hashes_of(all_launches(executor));
}

std::string first_difference(const Executor& reference, const Executor& executor) {
  return first_difference(all_launches(reference), reference, executor);
}

std::vector<std::string>
functors_without_hash(const std::vector<std::pair<std::string, std::uint64_t>>& hashes) {
  // Copies an array to learn the speed of memory; no rule of the model.
  std::set<std::string> known{"bench.copy"};
  for (const auto& [label, hash] : hashes) known.insert(label.substr(label.find('/') + 1));
  std::vector<std::string> missing;
  for (const std::string& name : launchable_functors())
    if (known.count(name) == 0) missing.push_back(name);
  return missing;
}

int selfcheck_command(const std::string& backend, int device) {
  const Executor cpu = Executor::on_cpu();
  const std::vector<Launch> launches = all_launches(cpu);
  const auto hashes = hashes_of(launches);
  std::printf("# %s\n", cpu.description().c_str());
  for (const auto& [name, hash] : hashes)
    std::printf("%s  %s\n", hex16(hash).c_str(), name.c_str());
  const std::vector<std::string> missing = functors_without_hash(hashes);
  for (const std::string& name : missing)
    std::fprintf(stderr, "metavox: %s is a functor of this program, but selfcheck never ran it\n",
                 name.c_str());
  if (!missing.empty()) return exit_numerical;
  if (backend == "cpu") return exit_done;
  if (backend == "auto" && !Executor::cuda_obstacle().empty()) return exit_done;
  const Executor cuda = Executor::on_cuda(0, device);
  const std::string difference = first_difference(launches, cpu, cuda);
  if (difference.empty()) {
    std::printf("# %s: the same after every launch\n", cuda.description().c_str());
    return exit_done;
  }
  std::fprintf(stderr, "metavox: %s gives other bits than the CPU: %s\n",
               cuda.description().c_str(), difference.c_str());
  return exit_numerical;
}

} // namespace metavox
