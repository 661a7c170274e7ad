#include "program/calibrate_counters.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <system_error>

#include "body/body_config.hpp"
#include "body/lesion_growth.hpp"
#include "core/errors.hpp"
#include "program/exit_code.hpp"
#include "program/typed_option.hpp"
#include "record/csv.hpp"
#include "settings/days.hpp"
#include "settings/spelling.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"

namespace metavox {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t fewest_rows = 4;

// The smallest value of f between two places, and where; f falls and then rises.
template <class F>
std::pair<double, double> smallest(double low, double high, const F& f) {
  constexpr double golden = 0.6180339887498949;
  double a = high - golden * (high - low), b = low + golden * (high - low);
  double fa = f(a), fb = f(b);
  for (int k = 0; k < 60; ++k) {
    if (fa < fb) {
      high = b, b = a, fb = fa;
      a = high - golden * (high - low), fa = f(a);
    } else {
      low = a, a = b, fa = fb;
      b = low + golden * (high - low), fb = f(b);
    }
  }
  return fa < fb ? std::pair(fa, a) : std::pair(fb, b);
}

GrowthRecord read_growth(const fs::path& run) {
  const auto columns = read_columns(run / "metrics.csv", {"time [day]", "tumour_cells"},
                                    "it is no run of a lattice");
  return {columns[0], columns[1]};
}

// "body.organs[1]" of a name in configs/organs.yaml.
std::string key_of_organ(const std::string& name) {
  const BodyParameters body = read_body_text("body: {}\n", "configs/organs.yaml").settings.body;
  const int place = find_organ(body, name);
  if (place >= 0) return "body.organs[" + std::to_string(place) + "]";
  std::vector<std::string> names;
  std::string list;
  for (const OrganParameters& o : body.organs) {
    names.push_back(o.name);
    list += (list.empty() ? "" : ", ") + o.name;
  }
  const std::string near = closest(name, names);
  throw ConfigError("--organ " + in_quotes(name) + " is no organ of configs/organs.yaml" +
                    (near.empty() ? "; there are " + list : "; did you mean " + near + "?"));
}

} // namespace

double CounterFit::after(double cells, double days) const {
  LesionParameters law{};
  law.growth = LesionGrowth::radial;
  law.density = law.linear_above = 1;
  law.avascular = 1e30; // it has its vessels
  law.radial_fastest = fastest / minutes_per_day;
  law.radial_rate = rate / minutes_per_day;
  law.radial_cells = scale;
  LesionPace pace;
  pace.doubling = 1;
  pace.luck = cells;
  return LesionClock(law, pace).cells_on(days);
}

CounterFit fit_counter(const GrowthRecord& r, double day, double fastest) {
  std::size_t rows = 0;
  while (rows < r.day.size() && r.day[rows] <= day * (1 + 1e-12)) ++rows;
  if (rows < fewest_rows)
    throw ConfigError("until day " + three_digits(day) + " the run has " + std::to_string(rows) +
                      " rows in metrics.csv, " + std::to_string(fewest_rows) +
                      " are needed; let it run on, type a shorter output.report or a later "
                      "--until");
  for (std::size_t k = 0; k < rows; ++k)
    if (!(r.cells[k] >= 1))
      throw ConfigError("on day " + three_digits(r.day[k]) + " there is no tumour in the run");
  CounterFit fit{fastest, 0, 0, 0, rows};
  const auto squares = [&](double log_rate, double log_scale) {
    fit.rate = std::exp(log_rate), fit.scale = std::exp(log_scale);
    double sum = 0;
    for (std::size_t k = 1; k < rows; ++k) {
      const double x = std::log(fit.after(r.cells[0], r.day[k] - r.day[0])) - std::log(r.cells[k]);
      sum += x * x;
    }
    return sum;
  };
  const auto best_rate = [&](double log_scale) {
    return smallest(std::log(1e-4), std::log(1e3),
                    [&](double log_rate) { return squares(log_rate, log_scale); });
  };
  // N_s from one cell to a thousand times as many as there are: a grid, then between its
  // neighbours.
  const double low = 0, high = std::log(1e3 * *std::max_element(r.cells.begin(), r.cells.end()));
  constexpr int places = 24;
  int best = 0;
  double least = 0;
  for (int k = 0; k <= places; ++k) {
    const double here = best_rate(low + (high - low) * k / places).first;
    if (k == 0 || here < least) least = here, best = k;
  }
  const double width = (high - low) / places, middle = low + width * best;
  const double log_scale =
      smallest(std::max(low, middle - width), std::min(high, middle + width), [&](double x) {
        return best_rate(x).first;
      }).second;
  const auto [left, log_rate] = best_rate(log_scale);
  squares(log_rate, log_scale);
  fit.spread = std::sqrt(left / static_cast<double>(rows - 1));
  return fit;
}

int calibrate_counters(const CountersOptions& options) {
  std::error_code ignored;
  if (!fs::is_directory(options.run, ignored))
    throw ConfigError(options.run.string() + " is no run folder");
  const std::string organ = options.organ.empty() ? std::string() : key_of_organ(options.organ);
  const GrowthRecord r = read_growth(options.run);
  if (r.day.size() < fewest_rows)
    throw ConfigError("the run has " + std::to_string(r.day.size()) +
                      " rows in metrics.csv; let it run on, or type a shorter output.report");
  const double until = options.until > 0 ? options.until : (r.day.front() + r.day.back()) / 2;
  const CounterFit fit =
      fit_counter(r, until, typed("--fastest", options.fastest, "1/day", "0.67 1/day"));
  const std::size_t last = fit.rows - 1;
  std::string text = "# " + options.run.string() + ", days " + three_digits(r.day.front()) +
                     " to " + three_digits(r.day[last]) + ", " + std::to_string(fit.rows) +
                     " rows: fitted, standard deviation of ln N " + three_digits(fit.spread) + "\n";
  if (last + 1 < r.day.size()) {
    const double there = r.cells.back();
    const double told = fit.after(r.cells[last], r.day.back() - r.day[last]);
    text += "# predicted from day " + three_digits(r.day[last]) + " for day " +
            three_digits(r.day.back()) + ": " + text_of("%.0f", told) + " cells; there are " +
            text_of("%.0f", there) + ", " +
            (there > 0 ? text_of("%+.1f %%", 100 * (told / there - 1)) : std::string("none")) +
            "\n";
  } else {
    text += "# nothing is left of the run to be predicted\n";
  }
  text += "# of a clone whose cells cannot grow faster than " + options.fastest +
          "; of this run's clone and tissue only\n";
  if (!options.organ.empty()) {
    const std::string rate = three_digits(fit.rate) + " 1/day", cells = three_digits(fit.scale);
    text += "# for a body: --set body.lesions.growth=radial --set '" + organ +
            ".radial_rate=" + rate + "' --set " + organ + ".radial_cells=" + cells +
            "\nradial_rate: " + rate + " # of organs[] " + options.organ +
            "\nradial_cells: " + cells + "\n";
    std::fputs(text.c_str(), stdout);
    return exit_done;
  }
  text += "body:\n  lesions:\n    growth: radial\n    radial_fastest: " + options.fastest +
          "\n    radial_rate: " + three_digits(fit.rate) +
          " 1/day\n    radial_cells: " + three_digits(fit.scale) + "\n";
  std::fputs(text.c_str(), stdout);
  return exit_done;
}

} // namespace metavox
