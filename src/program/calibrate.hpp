// `metavox calibrate growth`: a setting of growth with which something measured comes out as it was
// measured. The measured value is an argument; the experiment is a configuration.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "program/log_search.hpp"

namespace metavox {

struct CalibrateOptions {
  // One of the three, with its unit; the others empty.
  std::string speed;    // of the radius of a free spheroid: growth.mobility
  std::string stress;   // that leaves `share` of births: growth.half_pressure
  std::string doubling; // time of the volume of a tumour of `diameter`: death.apoptosis_share
  double share = 0.5;
  std::string diameter = "3 mm";

  std::filesystem::path config; // of the experiment; empty: the program's own
  std::vector<std::string> set; // "key=value"
  int seeds = 3;
  double tolerance = 0.03; // of what is measured
  std::string backend = "auto";
  int threads = 0, device = -1;
};

// What is measured in one kind of experiment, and which setting it tells.
class Experiment {
public:
  virtual ~Experiment() = default;
  virtual Aim aim() const = 0;
  // A run with the value, or several.
  virtual double measure(double value, int seed) = 0;
  virtual std::string setting(double value) const = 0; // "growth.mobility 540 um^2/kPa/day"
  virtual std::string told(double measured) const = 0; // "39.1 um/day"
  virtual std::string goal() const = 0;                // "a speed of 40 um/day"
  virtual std::string yaml(double value) const = 0;    // to be pasted, lines with their newlines
  virtual std::string source() const = 0;              // what the result rests on
  virtual std::string config() const = 0;              // its file
};
// Throws ConfigError for options and configurations that make none.
std::unique_ptr<Experiment> experiment_of(const CalibrateOptions& options);

// Prints a line per measurement and then the result; all of it together is YAML. Returns the exit
// code. Throws ConfigError, also where no value in range will do.
int calibrate(const CalibrateOptions& options);

} // namespace metavox
