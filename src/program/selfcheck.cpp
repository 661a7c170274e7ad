#include "program/selfcheck.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>

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
sprouting: {enabled: true, rate: 0.01 1/min, maturation_age: 0 min}
regression: {enabled: true}
time: {vessel_step: 12 min}
vessels: {pattern: grid, spacing: 150 um}
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

// The defaults, fields on the tissue lattice.
constexpr const char* plain = R"(
simulation: {name: selfcheck, seed: 3, duration: 1 day}
domain: {voxels: [33, 25, 19], spacing: 20 um}
vessels: {pattern: grid, spacing: 200 um}
tissue:
  cells:
    - {shape: sphere, kind: epithelial, radius: 120 um, mesenchymal_fraction: 0.3}
)";

std::uint64_t fold(std::uint64_t hash, const void* data, std::size_t bytes) {
  const auto* at = static_cast<const unsigned char*>(data);
  while (bytes > 0) {
    std::uint64_t word = 0;
    const std::size_t n = std::min<std::size_t>(bytes, 8);
    std::memcpy(&word, at, n);
    hash = mix64(hash ^ word) + 0x9e3779b97f4a7c15ULL;
    at += n;
    bytes -= n;
  }
  return hash;
}

} // namespace

const char* everything_on() { return everything; }

std::vector<std::pair<std::string, std::uint64_t>> selfcheck(const Executor& executor) {
  std::vector<std::pair<std::string, std::uint64_t>> hashes;
  int round = 0;
  for (const char* text : {plain, everything}) {
    const std::string tag = round++ == 0 ? "plain/" : "everything/";
    const Config config = read_config_text(text, "selfcheck.yaml");
    Site simulation(config.parameters, executor);
    Executor& own = simulation.executor();
    std::vector<char> host;
    own.trace([&](const char* name, const void* result, std::size_t bytes) {
      const std::string label = tag + name;
      auto entry = std::find_if(hashes.begin(), hashes.end(),
                                [&](const auto& h) { return h.first == label; });
      if (entry == hashes.end()) entry = hashes.insert(hashes.end(), {label, 0});
      std::uint64_t hash = fold(entry->second, result, bytes);
      own.visit_memory([&](const void* memory, std::size_t size) {
        host.resize(size);
        own.copy_out(host.data(), memory, size);
        hash = fold(hash, host.data(), size);
      });
      entry->second = hash;
    });
    for (int step = 0; step < 6; ++step) simulation.step();
    simulation.measure();
    simulation.hash();
    simulation.check();
    own.trace({});
  }
  return hashes;
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

int selfcheck_command() {
  const auto print = [](const Executor& executor) {
    const auto hashes = selfcheck(executor);
    std::printf("# %s\n", executor.description().c_str());
    for (const auto& [name, hash] : hashes)
      std::printf("%s  %s\n", hex16(hash).c_str(), name.c_str());
    return hashes;
  };
  const auto cpu = print(Executor::on_cpu());
  const std::vector<std::string> missing = functors_without_hash(cpu);
  for (const std::string& name : missing)
    std::fprintf(stderr, "metavox: %s is a functor of this program, but selfcheck never ran it\n",
                 name.c_str());
  if (!missing.empty()) return exit_numerical;
  if (!Executor::cuda_obstacle().empty()) return 0;
  const auto gpu = print(Executor::on_cuda());
  int different = gpu.size() == cpu.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(cpu.size(), gpu.size()); ++i)
    if (cpu[i] != gpu[i]) {
      std::fprintf(stderr, "metavox: %s differs between cpu and cuda\n", cpu[i].first.c_str());
      ++different;
    }
  return different == 0 ? exit_done : exit_numerical;
}

} // namespace metavox
