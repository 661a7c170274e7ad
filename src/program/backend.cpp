#include "program/backend.hpp"

namespace metavox {

Executor choose_executor(const std::string& backend, int threads, int device, std::string& note) {
  note.clear();
  if (backend == "cuda") return Executor::on_cuda(threads, device);
  if (backend == "auto") {
    const std::string obstacle = Executor::cuda_obstacle();
    if (obstacle.empty()) return Executor::on_cuda(threads, device);
    note = "no GPU: " + obstacle;
  }
  return Executor::on_cpu(threads);
}

} // namespace metavox
