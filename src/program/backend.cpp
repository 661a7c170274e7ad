#include "program/backend.hpp"

#include "core/machine.hpp"

namespace metavox {

Executor choose_executor(const std::string& backend, int threads, int device, std::int64_t voxels,
                         std::string& note) {
  note.clear();
  std::string about_threads;
  const int team = threads_for(threads, voxels, allowance(), about_threads);
  if (backend == "cuda") return Executor::on_cuda(team, device);
  if (backend == "auto") {
    const std::string obstacle = Executor::cuda_obstacle();
    if (obstacle.empty()) return Executor::on_cuda(team, device);
    note = "no GPU: " + obstacle;
  }
  if (!about_threads.empty()) note = about_threads + (note.empty() ? "" : "; " + note);
  return Executor::on_cpu(team);
}

} // namespace metavox
