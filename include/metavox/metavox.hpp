// The door of the library: what other programs include. It needs the standard library alone.
//
//   find_package(metavox REQUIRED)
//   target_link_libraries(my_program PRIVATE metavox::metavox)
//
//   metavox::Model model = metavox::Model::from_file("tumour.yaml");
//   model.run_until(24 * 60);
//   const std::vector<float> oxygen = model.read<float>("oxygen");
//
// A model gives the bits that `metavox run` gives for the same settings. Programs must not be
// linked with -ffast-math, which makes the processor drop small numbers.
//
// Lengths are in um and times in minutes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace metavox {

// Settings are wrong: what() holds a line `file:line: message` for each thing to mend.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reading or writing failed: what() names the file and the reason.
struct IoError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Memory, disk or a device is missing: what() says how much is needed, or what stands in the way.
struct ResourceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A device failed at its work: what() says in which functor.
struct DeviceError : ResourceError {
  using ResourceError::ResourceError;
};

// A number of the run went wrong, and nothing after it can be trusted: what() says which, and
// where.
struct NumericalError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// How a model is made, besides its settings.
struct ModelOptions {
  // Replace settings of the file, as --set does: "oxygen.diffusivity=1e5 um^2/min",
  // "tissue.cells[0].radius=80 um".
  std::vector<std::string> overrides;
  // "auto" takes a GPU if there is one; "cpu", "cuda". Results do not depend on it.
  std::string backend = "auto";
  // Of the CPU; 0: all. Results do not depend on it.
  int threads = 0;
  // Which GPU, by CUDA's number; -1: the one that CUDA prefers.
  int device = -1;
};

// Tissue that grows step by step.
//
// A model may be handed from thread to thread, but is used by one at a time. Several models may
// exist; those on the CPU may also be used at the same time, each from a thread of its own.
//
// Besides what stands at each method: std::bad_alloc where memory runs out, and std::logic_error
// from all methods of a model that was moved from.
class Model {
public:
  enum class Type : std::uint8_t { u8, u16, u32, u64, i64, f32, f64 };

  // What there is to read. x runs fastest: the value of voxel (x, y, z) is entry
  // (z * extents[1] + y) * extents[0] + x.
  struct Array {
    std::string name;    // "oxygen"
    std::string unit;    // "mmHg"; "1": a pure number or code
    std::string meaning; // one line
    Type type = Type::f32;
    std::array<std::int64_t, 3> extents{}; // arrays of vessels: {n, 1, 1}
    double spacing = 0;                    // um, edge of its voxels; 0: not on a lattice
    std::size_t count() const {
      return static_cast<std::size_t>(extents[0] * extents[1] * extents[2]);
    }
  };

  struct Metric {
    std::string name; // a column of metrics.csv: "tumour_cells"
    std::string unit; // "um"; "1": a count or share
    double value = 0;
  };

  struct Event {
    double time = 0;            // min
    std::string what;           // "first_necrosis"; docs/output.md has them all
    double x = 0, y = 0, z = 0; // um
    std::string detail;
  };

  // From a configuration file, or from the text of one, in which relative file names start in the
  // working directory. Throws ConfigError for settings or files they name, ResourceError where
  // memory or the back end asked for is missing, std::invalid_argument for options that are none.
  static Model from_file(const std::filesystem::path& file, const ModelOptions& options = {});
  static Model from_text(const std::string& yaml, const ModelOptions& options = {});
  // The model that a checkpoint was made of, at its step: one of save() or of `metavox run`. Throws
  // IoError where it is damaged, cannot be read or is of a program too different, ConfigError where
  // options.overrides set what acts on the state, and what from_file() throws.
  static Model from_checkpoint(const std::filesystem::path& checkpoint,
                               const ModelOptions& options = {});

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  // One step of `time.step`. Throws NumericalError.
  void step();
  // Steps until time() is at least `time` (min), none if it is already, then check(). Throws
  // NumericalError, std::invalid_argument where `time` is no number or too many steps away.
  void run_until(double time);
  // A look at every value of the state. Throws NumericalError where one is no number, out of all
  // bounds, or where parts of the state contradict each other.
  void check() const;

  double time() const;         // min
  std::int64_t steps() const;  // since time 0
  double duration() const;     // min, simulation.duration: where `metavox run` ends
  std::uint64_t hash() const;  // of the whole state, as `metavox hash` prints it
  std::string backend() const; // "CPU, 8 threads"

  // All settings as YAML, each with its unit; from_text() of it makes an equal model.
  const std::string& parameters() const;

  // The columns of metrics.csv that hold numbers. The state is left alone.
  std::vector<Metric> measure();
  // What happened since the last call, oldest first, then forgotten.
  std::vector<Event> take_events();

  // All arrays of the state, and those made for pictures ("cell_state"). Extents of arrays of
  // vessels change from step to step.
  std::vector<Array> arrays() const;
  // Throws std::out_of_range for a name that is none of them.
  Array array(const std::string& name) const;
  // The values now: array(name).count() of them. T is the C++ type of array(name).type: uint8_t,
  // uint16_t, uint32_t, uint64_t, int64_t, float or double of <cstdint>; throws
  // std::invalid_argument for another one, std::out_of_range as array() does.
  template <class T>
  std::vector<T> read(const std::string& name) const;

  // Writes a checkpoint, whole or not at all, as `metavox run` does. Throws IoError, also where
  // the library was built without HDF5.
  void save(const std::filesystem::path& checkpoint) const;

private:
  struct State;
  explicit Model(std::unique_ptr<State> state);
  State& state() const;
  std::unique_ptr<State> state_;
};

// "0.1.0"
std::string version();

} // namespace metavox
