// Frames and checkpoints of a run, written by a thread of their own while the next step runs.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "site/parameters.hpp"
#include "site/snapshot.hpp"

namespace metavox {

class RunFolder;
class Site;

// The arrays that frames of this run show; see vtk_io. Throws ConfigError where output.arrays names
// others.
std::vector<std::string> frame_arrays(const Site& simulation);

// A frame of the state a run failed in, for the eye: all fields in full, whatever frames show. Not
// part of the series, as the step is unfinished. Returns its path.
std::string write_diagnostic(RunFolder& folder, const Site& simulation);

class Writer {
public:
  // `resolved`: the settings, for checkpoints. `begin`: when the site did, min, by the clock that
  // frames show. Folder, parameters and settings are kept by reference.
  Writer(RunFolder& folder, const Parameters& parameters, const std::string& resolved,
         std::vector<std::string> frame_arrays, std::vector<std::string> state_arrays,
         double begin = 0);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Takes a snapshot and leaves it to the thread, after the last one is written and gone: two would
  // take twice the memory, and a disk slower than the physics is waited for either way.
  void save(const Site& simulation, bool frame, bool checkpoint);
  void drain(); // until all is written
  // Throws what stopped the thread, as do save() and drain().
  void check();
  double seconds(); // spent on writing

private:
  struct Job {
    std::shared_ptr<const Snapshot> snapshot;
    bool frame = false, checkpoint = false;
  };
  void work();
  void write(const Job& job);
  void write_frame(const Snapshot& snapshot);

  RunFolder& folder_;
  const OutputParameters& output_;
  const double frame_memory_; // bytes
  const std::string& resolved_;
  std::vector<std::string> frame_arrays_, state_arrays_;
  const double begin_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;
  bool busy_ = false, stop_ = false;
  double seconds_ = 0;
  std::exception_ptr error_;
  std::thread thread_; // last: it uses all of the above
};

} // namespace metavox
