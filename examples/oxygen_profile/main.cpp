// Runs a configuration to its end and prints the oxygen along x, through the middle of the box.
#include <cstdio>

#include <metavox/metavox.hpp>

int main(int count, char** arguments) {
  if (count != 2) return std::fputs("oxygen_profile CONFIG\n", stderr), 2;
  try {
    metavox::Model model = metavox::Model::from_file(arguments[1]);
    model.run_until(model.duration());
    const metavox::Model::Array about = model.array("oxygen");
    const std::vector<float> oxygen = model.read<float>("oxygen"); // x runs fastest
    const auto [nx, ny, nz] = about.extents;
    for (std::int64_t x = 0; x < nx; ++x) {
      const std::size_t voxel = static_cast<std::size_t>((nz / 2 * ny + ny / 2) * nx + x);
      std::printf("%6.0f um %6.2f %s\n", (static_cast<double>(x) + 0.5) * about.spacing,
                  static_cast<double>(oxygen[voxel]), about.unit.c_str());
    }
    std::printf("final hash %016llx\n", static_cast<unsigned long long>(model.hash()));
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "oxygen_profile: %s\n", error.what()), 1;
  }
}
