#include "program/info.hpp"

#include <cstdio>

#include <zlib.h>

#include "core/executor.hpp"
#include "core/file.hpp"
#include "core/machine.hpp"
#include "record/build_info.hpp"
#include "record/checkpoint.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {

int info_command(const std::string& libraries) {
  std::printf("metavox %s (commit %s)\n", version().c_str(), commit().c_str());
  std::printf("compiler     %s, for %s\n", compiler().c_str(), instruction_set().c_str());
  std::printf("flags        %s\n", build_flags().c_str());
  std::printf("back ends    cpu: %s\n", Executor::on_cpu().description().c_str());
  const std::string obstacle = Executor::cuda_obstacle();
  if (obstacle.empty()) {
    const Executor gpu = Executor::on_cuda();
    std::printf("             cuda: %s, %s free\n", gpu.description().c_str(),
                bytes_text(gpu.memory_available()).c_str());
  } else {
    std::printf("             cuda: not usable: %s\n", obstacle.c_str());
  }
  const Allowance machine = allowance();
  const auto by = [](const std::string& limit) { return limit.empty() ? "" : " (" + limit + ")"; };
  std::printf("processors   %d%s\n", machine.processors, by(machine.processor_limit).c_str());
  std::printf("memory       %s free%s\n", bytes_text(machine.memory).c_str(),
              by(machine.memory_limit).c_str());
  std::printf("frames       %s\n", vtk_available() ? "VTK XML" : "none: built without VTK");
  std::printf("checkpoints  %s\n",
              checkpoints_available() ? checkpoint_library().c_str() : "none: built without HDF5");
  std::printf("libraries    zlib %s, %s\n", zlibVersion(), libraries.c_str());
  return 0;
}

} // namespace metavox
