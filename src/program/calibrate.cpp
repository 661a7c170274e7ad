#include "program/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "core/clock.hpp"
#include "core/constants.hpp"
#include "core/errors.hpp"
#include "program/calibration_configs.hpp"
#include "program/exit_code.hpp"
#include "program/standard_output.hpp"
#include "program/typed_option.hpp"
#include "settings/days.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"
#include "site/config.hpp"

namespace metavox {
namespace {

// Least squares; 0 where all x are alike.
double slope_through(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  double mx = 0, my = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    mx += x[i] / n;
    my += y[i] / n;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    xy += (x[i] - mx) * (y[i] - my);
  }
  return xx > 0 ? xy / xx : 0;
}

double metric(Model& model, const char* name) {
  for (const Model::Metric& m : model.measure())
    if (m.name == name) return m.value;
  throw std::out_of_range(std::string("no metric ") + name);
}

// The experiment's own configuration or the user's, with what the command puts into it.
class Setup {
public:
  Setup(const CalibrateOptions& options, const char* name,
        const std::vector<std::string>& always = {})
      : options_(options), own_(options.config.empty() ? calibration_config(name) : std::string()),
        name_(options.config.empty() ? "configs/calibration/" + std::string(name) + ".yaml"
                                     : options.config.string()),
        set_(always) {
    set_.insert(set_.end(), options.set.begin(), options.set.end());
  }
  const std::string& name() const { return name_; }

  Parameters parameters(const std::vector<std::string>& more = {}) const {
    const std::vector<std::string> set = with(more);
    return (own_.empty() ? read_config(options_.config, set) : read_config_text(own_, name_, set))
        .parameters;
  }
  Model model(const std::vector<std::string>& more, int seed) const {
    ModelOptions made;
    made.overrides = with(more);
    made.overrides.push_back("simulation.seed=" + std::to_string(seed));
    made.backend = options_.backend;
    made.threads = options_.threads;
    made.device = options_.device;
    return own_.empty() ? Model::from_file(options_.config, made) : Model::from_text(own_, made);
  }

private:
  std::vector<std::string> with(const std::vector<std::string>& more) const {
    std::vector<std::string> all = set_;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  CalibrateOptions options_;
  std::string own_, name_;
  std::vector<std::string> set_;
};

// The ball that a configuration begins with. Each face of the box that its centre lies on is a
// mirror: the box holds half as much of the tumour.
struct Ball {
  double radius; // um
  double mirrors = 1;
  double room; // um, from the centre to the nearest face that is no mirror

  explicit Ball(const Parameters& p, const std::string& name) {
    if (p.tissue.cells.empty() || p.tissue.cells[0].shape != Shape::sphere)
      throw ConfigError(name +
                        ": tissue.cells[0] must be the sphere that grows; type for example: "
                        "tissue: {cells: [{shape: sphere, kind: epithelial, radius: 200 um}]}");
    radius = p.tissue.cells[0].radius;
    room = 1e18;
    for (std::size_t a = 0; a < 3; ++a) {
      const double edge = p.domain.voxels[a] * p.domain.spacing, at = p.tissue.cells[0].centre[a];
      const bool low = at <= 0, high = at >= edge;
      if (low || high) mirrors *= 2;
      room = std::min({room, low ? room : at, high ? room : edge - at});
    }
  }
  double grown(double volume) const { // um, from mm^3 in the box
    return std::cbrt(3 * mirrors * volume * 1e9 / (4 * pi));
  }
};

// ---- growth.mobility, from how fast a free spheroid grows

class SpeedOfSpheroid final : public Experiment {
public:
  explicit SpeedOfSpheroid(const CalibrateOptions& options)
      : wanted_(typed("--speed", options.speed, "um/min", "40 um/day") * minutes_per_day),
        tolerance_(options.tolerance), setup_(options, "free_spheroid"),
        parameters_(setup_.parameters()), ball_(parameters_, setup_.name()) {
    if (2 * ball_.radius + 4 * parameters_.domain.spacing > ball_.room)
      throw ConfigError(setup_.name() + ": the box is too small: the spheroid grows to " +
                        three_digits(2 * ball_.radius) + " um, and a face is " +
                        three_digits(ball_.room) +
                        " um from its centre; raise domain.size or take a smaller radius");
  }
  Aim aim() const override { return {wanted_, tolerance_, 10, 2e4, 540, 0.4}; }

  // A line through the radius between 1.25 and 2 times that of the start, or where it does not
  // come so far, through the second half of the time.
  double measure(double mobility, int seed) override {
    Model model = setup_.model(overrides(mobility), seed);
    std::vector<double> time, radius;
    while (radius.empty() ||
           (radius.back() < 2 * ball_.radius && model.time() < model.duration())) {
      if (!radius.empty()) model.run_until(std::min(model.time() + 180, model.duration()));
      time.push_back(model.time() / minutes_per_day);
      radius.push_back(ball_.grown(metric(model, "tumour_volume")));
    }
    const auto begin = std::find_if(radius.begin(), radius.end(),
                                    [&](double r) { return r >= 1.25 * ball_.radius; });
    auto skipped = static_cast<std::size_t>(begin - radius.begin());
    if (radius.back() < 2 * ball_.radius) skipped = std::min(skipped, radius.size() / 2);
    time.erase(time.begin(), time.begin() + static_cast<std::ptrdiff_t>(skipped));
    radius.erase(radius.begin(), radius.begin() + static_cast<std::ptrdiff_t>(skipped));
    return slope_through(time, radius);
  }

  std::string setting(double v) const override { return "growth.mobility " + quantity(v); }
  std::string told(double v) const override { return text_of("%.1f um/day", v); }
  std::string goal() const override { return "a speed of " + three_digits(wanted_) + " um/day"; }
  std::string yaml(double v) const override { return "growth:\n  mobility: " + quantity(v) + "\n"; }
  std::string source() const override {
    return "the speed of a free spheroid from " + three_digits(1.25 * ball_.radius) + " to " +
           three_digits(2 * ball_.radius) + " um, typed as " + three_digits(wanted_) + " um/day";
  }
  std::string config() const override { return setup_.name(); }

private:
  static std::string quantity(double mobility) { return three_digits(mobility) + " um^2/kPa/day"; }
  static std::vector<std::string> overrides(double mobility) {
    return {"growth.mobility=" + text_of("%.9g", mobility) + " um^2/kPa/day"};
  }

  double wanted_, tolerance_; // um/day
  Setup setup_;
  Parameters parameters_;
  Ball ball_;
};

// ---- growth.half_pressure, from what a stress from outside leaves of births

class BirthsUnderStress final : public Experiment {
public:
  explicit BirthsUnderStress(const CalibrateOptions& options)
      : stress_(typed("--stress", options.stress, "kPa", "5 kPa")), share_(options.share),
        tolerance_(options.tolerance), setup_(options, "small_clones"),
        parameters_(setup_.parameters()),
        product_(parameters_.growth.mobility * minutes_per_day * parameters_.growth.half_pressure) {
  }
  Aim aim() const override {
    // f = 1 / (1 + q^2) if the clones had no pressure of their own.
    const double guess = stress_ * std::sqrt(share_ / (1 - share_));
    return {share_, tolerance_, guess / 30, guess * 30, guess, 2 * (1 - share_)};
  }

  double measure(double half, int seed) override {
    const auto i = static_cast<std::size_t>(seed);
    if (free_.size() <= i) free_.resize(i + 1);
    if (!free_[i]) free_[i] = births({"growth.external_pressure=0 kPa"}, seed);
    std::vector<std::string> set{"growth.external_pressure=" + text_of("%.9g", stress_) + " kPa"};
    set.push_back("growth.half_pressure=" + text_of("%.9g", half) + " kPa");
    set.push_back("growth.mobility=" + text_of("%.9g", product_ / half) + " um^2/kPa/day");
    return births(set, seed) / *free_[i];
  }

  std::string setting(double v) const override { return "growth.half_pressure " + quantity(v); }
  std::string told(double v) const override { return text_of("%.3f of births", v); }
  std::string goal() const override {
    return three_digits(share_) + " of births under " + three_digits(stress_) + " kPa";
  }
  std::string yaml(double v) const override {
    return "growth:\n  half_pressure: " + quantity(v) +
           "\n  mobility: " + three_digits(product_ / v) +
           " um^2/kPa/day # so that growth without stress stays\n";
  }
  std::string source() const override {
    return "births of small clones under a stress, typed as " + three_digits(share_) +
           " of them under " + three_digits(stress_) + " kPa";
  }
  std::string config() const override { return setup_.name(); }

private:
  static std::string quantity(double half) { return three_digits(half) + " kPa"; }

  // Per cell and day, over the whole run.
  double births(const std::vector<std::string>& set, int seed) const {
    Model model = setup_.model(set, seed);
    double lived = 0, cells = metric(model, "tumour_cells"); // cell days
    const double end = model.duration();
    while (model.time() < end) {
      const double begin = model.time(), before = cells;
      model.run_until(std::min(begin + 60, end));
      cells = metric(model, "tumour_cells");
      lived += (model.time() - begin) / minutes_per_day * (before + cells) / 2;
    }
    return metric(model, "births") / lived;
  }

  double stress_, share_, tolerance_; // kPa
  Setup setup_;
  Parameters parameters_;
  double product_;                          // um^2/day
  std::vector<std::optional<double>> free_; // births without stress, by seed
};

// ---- death.apoptosis_share, from how long a tumour takes to double

class DoublingOfTumour final : public Experiment {
public:
  explicit DoublingOfTumour(const CalibrateOptions& options)
      : wanted_(typed("--doubling", options.doubling, "min", "160 day") / minutes_per_day),
        diameter_(typed("--diameter", options.diameter, "um", "3 mm")),
        tolerance_(options.tolerance), setup_(options, "clinical_tumour", room_for(diameter_)) {
    const Ball ball(setup_.parameters(), setup_.name());
    if (ball.radius + 200 > ball.room)
      throw ConfigError(setup_.name() + ": the box leaves no 200 um of tissue around a tumour of " +
                        three_digits(diameter_) +
                        " um; its centre must lie in a corner, at [0 um, 0 um, "
                        "0 um]");
  }
  // Searched along the share of births that is not lost; measured is growth per day.
  Aim aim() const override { return {ln2 / wanted_, tolerance_, 0.01, 0.8, 0.1, 0.8}; }

  // Exponential growth of the volume after 4/9 of the time, in which pressure, bodies and gaps
  // come to rest.
  double measure(double kept, int seed) override {
    Model model = setup_.model(overrides(kept), seed);
    const double end = model.duration(), settled = end * 4 / 9;
    std::vector<double> time, size;
    constexpr int points = 20;
    for (int n = 0; n <= points; ++n) {
      model.run_until(settled + (end - settled) * n / points);
      const double volume = metric(model, "tumour_volume");
      if (!(volume > 0)) return 0;
      time.push_back(model.time() / minutes_per_day);
      size.push_back(std::log(volume));
    }
    return slope_through(time, size);
  }

  std::string setting(double v) const override { return "death.apoptosis_share " + share(v); }
  std::string told(double v) const override {
    return v > 0 ? "doubles in " + text_of("%.1f days", ln2 / v) : "does not grow";
  }
  std::string goal() const override {
    return three_digits(diameter_ / 1000) + " mm that double in " + three_digits(wanted_) + " days";
  }
  std::string yaml(double v) const override {
    return "death:\n  apoptosis: 0 1/min # a share of births instead\n  apoptosis_share: " +
           share(v) + "\n";
  }
  std::string source() const override {
    return "the doubling time of a tumour of " + three_digits(diameter_ / 1000) + " mm, typed as " +
           three_digits(wanted_) + " days";
  }
  std::string config() const override { return setup_.name(); }

private:
  static std::string share(double kept) { return three_digits(1 - kept); }
  static std::vector<std::string> overrides(double kept) {
    return {"death.apoptosis=0 1/min", "death.apoptosis_share=" + text_of("%.9g", 1 - kept)};
  }
  // The sphere, and a box of the eighth of it that lies in the corner, in whole 80 um.
  static std::vector<std::string> room_for(double diameter) {
    const std::string edge = text_of("%.0f um", 80 * std::ceil((diameter / 2 + 200) / 80));
    return {"domain.size=[" + edge + ", " + edge + ", " + edge + "]",
            "tissue.cells[0].radius=" + text_of("%.9g", diameter / 2) + " um"};
  }

  double wanted_, diameter_, tolerance_; // days, um
  Setup setup_;
};

// Mean of logarithms, and its standard error.
struct Spread {
  double mean, error;
};
Spread spread_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, square = 0;
  for (const double v : values) mean += std::log(v) / n;
  for (const double v : values) square += (std::log(v) - mean) * (std::log(v) - mean);
  return {std::exp(mean), n > 1 ? std::sqrt(square / (n - 1) / n) : 0};
}

} // namespace

std::unique_ptr<Experiment> experiment_of(const CalibrateOptions& options) {
  const int named = static_cast<int>(!options.speed.empty()) +
                    static_cast<int>(!options.stress.empty()) +
                    static_cast<int>(!options.doubling.empty());
  if (named != 1)
    throw ConfigError("name one thing that was measured: --speed '40 um/day', --stress '5 kPa' or "
                      "--doubling '160 day' --diameter '3 mm'");
  if (!options.speed.empty()) return std::make_unique<SpeedOfSpheroid>(options);
  if (!options.stress.empty()) return std::make_unique<BirthsUnderStress>(options);
  return std::make_unique<DoublingOfTumour>(options);
}

int calibrate(const CalibrateOptions& options) {
  const std::unique_ptr<Experiment> experiment = experiment_of(options);
  const Aim aim = experiment->aim();
  say("# wanted: " + experiment->goal() + "; the experiment is " + experiment->config());
  const auto measured_by = [&](int seed) {
    return [&, seed](double value) {
      const Clock::time_point begin = Clock::now();
      const double measured = experiment->measure(value, seed);
      say("# seed " + std::to_string(seed) + ", " + experiment->setting(value) + ": " +
          experiment->told(measured) + "  (" + text_of("%.0f s", seconds_since(begin)) + ")");
      return measured;
    };
  };
  Answer answer;
  try {
    answer = find_value(measured_by(1), aim);
  } catch (const OutOfReach& e) {
    throw ConfigError("no value reaches " + experiment->goal() + ": " +
                      experiment->setting(e.nearest.value) + ", the end of what is tried, gives " +
                      experiment->told(e.nearest.measured) +
                      "; look at the other settings of the experiment (--set, --config)");
  }
  std::vector<double> values{corrected(answer.best, aim.wanted, answer.power)};
  for (int seed = 2; seed <= options.seeds; ++seed)
    values.push_back(corrected({answer.best.value, measured_by(seed)(answer.best.value)},
                               aim.wanted, answer.power));
  const Spread found = spread_of(values);
  say("# fitted to " + experiment->source());
  say("# [assumed] unless that number is a measurement which you can name beside it");
  say(options.seeds > 1
          ? "# one standard error over " + std::to_string(options.seeds) +
                " seeds: " + experiment->setting(found.mean * std::exp(-found.error)) + " to " +
                experiment->setting(found.mean * std::exp(found.error))
          : "# one seed: how much is chance was not measured");
  std::fputs(experiment->yaml(found.mean).c_str(), stdout);
  return exit_done;
}

} // namespace metavox
