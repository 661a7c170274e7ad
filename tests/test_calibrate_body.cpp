// `metavox calibrate counters`, `soil` and `human`: closed forms, and that what is found gives what
// was asked for.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/circulation.hpp"
#include "body/cohort.hpp"
#include "body/settling.hpp"
#include "body_support.hpp"
#include "core/errors.hpp"
#include "folder.hpp"
#include "program/calibrate_body.hpp"
#include "program/calibrate_counters.hpp"
#include "settings/days.hpp"
#include "site/site.hpp"

namespace metavox {
namespace {

using support::settings_of;

// dN/dt = N min(r_0, r/(1 + (N/N_s)^(1/3))) in small steps of Runge and Kutta.
GrowthRecord radial(double cells, double fastest, double rate, double scale, int days) {
  const auto slope = [&](double n) {
    return n * std::min(fastest, rate / (1 + std::cbrt(n / scale)));
  };
  GrowthRecord r;
  for (int day = 0; day <= days; ++day) {
    r.day.push_back(day);
    r.cells.push_back(cells);
    for (int k = 0; k < 400; ++k) {
      const double h = 1.0 / 400, a = slope(cells), b = slope(cells + h / 2 * a),
                   c = slope(cells + h / 2 * b), d = slope(cells + h * c);
      cells += h / 6 * (a + 2 * b + 2 * c + d);
    }
  }
  return r;
}

TEST(CalibrateCounters, FindsTheLawAndPredictsTheRest) {
  for (const auto& [rate, scale] : {std::pair{1.38, 316.0}, {0.9, 4000.0}, {3.0, 30.0}}) {
    const GrowthRecord r = radial(900, 0.67, rate, scale, 12);
    const CounterFit fit = fit_counter(r, 6, 0.67);
    EXPECT_EQ(fit.rows, 7u);
    EXPECT_LT(fit.spread, 1e-4);
    EXPECT_NEAR(fit.rate / rate, 1, 0.02) << rate;
    EXPECT_NEAR(fit.scale / scale, 1, 0.05) << rate;
    EXPECT_NEAR(fit.after(r.cells[6], 6) / r.cells[12], 1, 2e-3) << rate;
  }
  // A clone that only doubles: r_0 is all there is to see, whatever r and N_s.
  const GrowthRecord fast = radial(10, 0.67, 100, 1e6, 8);
  const CounterFit fit = fit_counter(fast, 4, 0.67);
  EXPECT_NEAR(fit.after(fast.cells[4], 4) / fast.cells[8], 1, 1e-3);
}

// What is fitted to a lattice of an organ is printed as that organ's, and taken by a body.
TEST(CalibrateCounters, GivesAnOrganItsPair) {
  const GrowthRecord r = radial(900, 0.67, 0.9, 4000, 12);
  std::string csv = "time [day],tumour_cells\n";
  for (std::size_t k = 0; k < r.day.size(); ++k)
    csv += std::to_string(r.day[k]) + "," + std::to_string(r.cells[k]) + "\n";
  const Folder folder;
  folder.write("metrics.csv", csv);
  CountersOptions options;
  options.run = folder.path();
  options.organ = "liver";
  testing::internal::CaptureStdout();
  EXPECT_EQ(calibrate_counters(options), 0);
  const std::string text = testing::internal::GetCapturedStdout();
  double rate = 0, cells = 0;
  const std::size_t at = text.find("\nradial_rate: ");
  ASSERT_NE(at, std::string::npos) << text;
  ASSERT_EQ(std::sscanf(text.c_str() + at,
                        "\nradial_rate: %lf 1/day # of organs[] liver\nradial_cells: %lf", &rate,
                        &cells),
            2)
      << text;
  EXPECT_NEAR(rate / 0.9, 1, 0.02);
  EXPECT_NEAR(cells / 4000, 1, 0.06);
  const std::size_t from = text.find("'body.organs[1].radial_rate=") + 1;
  const BodyParameters body =
      settings_of("body: {}\n", {text.substr(from, text.find('\'', from) - from)}).body;
  EXPECT_NEAR(body.organs[1].radial_rate * 1440, rate, 1e-9);
  EXPECT_EQ(body.organs[0].radial_rate, body.lesions.radial_rate);
  options.organ = "livre";
  try {
    calibrate_counters(options);
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_NE(std::string(e.what()).find("did you mean liver?"), std::string::npos) << e.what();
  }
}

TEST(CalibrateCounters, SaysWhatItCannotFit) {
  const GrowthRecord r = radial(900, 0.67, 1.38, 316, 12);
  EXPECT_THROW(fit_counter(r, 2, 0.67), ConfigError); // three rows
  GrowthRecord none = r;
  none.cells[1] = 0;
  EXPECT_THROW(fit_counter(none, 6, 0.67), ConfigError);
}

// The primary of configs/metastasis.yaml, of a seed that nothing was fitted to: the law that is
// fitted to its days 0 to 6 goes on from day 6 as the lattice does, within 10 % by day 12 (the
// design's band). So do the defaults, which are the pair for seeds 1 and 2. Four minutes.
TEST(LongCounters, GoOnAsTheirLatticeDoes) {
  const BodyConfig config = read_body(
      std::filesystem::path(METAVOX_SOURCE_DIR) / "configs/metastasis.yaml", {"simulation.seed=3"});
  Site lattice(*config.lattice, Executor::on_cpu());
  const auto steps = std::llround(minutes_per_day / 4 / config.lattice->time.step);
  GrowthRecord r;
  for (int quarter = 0; quarter <= 48; ++quarter) {
    if (quarter > 0)
      for (std::int64_t k = 0; k < steps; ++k) lattice.step();
    r.day.push_back(0.25 * quarter);
    r.cells.push_back(static_cast<double>(lattice.tumour().cells));
  }
  const LesionParameters& law = config.settings.body.lesions;
  const CounterFit fit = fit_counter(r, 6, 0.67),
                   usual{law.radial_fastest * minutes_per_day, law.radial_rate * minutes_per_day,
                         law.radial_cells, 0, 0};
  EXPECT_EQ(fit.rows, 25u);
  const double there = r.cells[48], told = fit.after(r.cells[24], 6),
               told_by_default = usual.after(r.cells[24], 6);
  std::printf("day 6 %.0f cells, day 12 %.0f; r %.3f a day, N_s %.0f: %.0f; defaults: %.0f\n",
              r.cells[24], there, fit.rate, fit.scale, told, told_by_default);
  EXPECT_NEAR(told / there, 1, 0.1);
  EXPECT_NEAR(told_by_default / there, 1, 0.1);
}

// Frequencies that come of a soil which is a product are given back by it, and the organs' factors
// are those that were put in, up to one number for all.
TEST(CalibrateSoil, FindsAProduct) {
  const double organs[] = {40, 250, 110}, primaries[] = {0.7, 3.0};
  std::string yaml = R"(
body:
  primary: one
  chambers: [{name: right, dwell: 0.25}, {name: left, dwell: 0.75}]
  organs:
    - {name: lung, drains: left, volume: 1 L}
    - {name: bone, drains: right, volume: 1 L}
    - {name: brain, drains: right, volume: 1 L}
  routes:
    - {from: right, through: lung, share: 1}
    - {from: left, through: bone, share: 0.7}
    - {from: left, through: brain, share: 0.3}
  primaries:
)";
  const char* const names[] = {"one", "two"};
  const char* const to[] = {"right", "left"};
  const auto with = [&](const double frequency[2][3]) {
    std::string text = yaml;
    for (int p = 0; p < 2; ++p) {
      text += std::string("    - {name: ") + names[p] + ", organ: bone, ways: [{to: " + to[p] +
              ", share: 1}], soils: [";
      const char* const organ[] = {"lung", "bone", "brain"};
      for (int o = 0; o < 3; ++o)
        text += std::string(o > 0 ? ", " : "") + "{organ: " + organ[o] +
                ", frequency: " + std::to_string(frequency[p][o]) + "}";
      text += "]}\n";
    }
    return settings_of(text).body;
  };
  double frequency[2][3] = {{0.1, 0.1, 0.1}, {0.1, 0.1, 0.1}};
  const BodyParameters first = with(frequency);
  std::vector<std::vector<double>> landed;
  for (const PrimaryParameters& p : first.primaries) landed.push_back(landed_shares(first, p));
  for (int p = 0; p < 2; ++p)
    for (int o = 0; o < 3; ++o)
      frequency[p][o] =
          1 - std::exp(-primaries[p] * organs[o] *
                       landed[static_cast<std::size_t>(p)][static_cast<std::size_t>(o)]);
  const BodyParameters body = with(frequency);
  const SoilProduct product = soil_product(body, {"one", "two"});
  ASSERT_EQ(product.organs.size(), 3u);
  for (std::size_t o = 0; o < 3; ++o) {
    EXPECT_EQ(product.organs[o].primaries, 2);
    EXPECT_NEAR(product.organs[o].sigma / product.organs[0].sigma / (organs[o] / organs[0]), 1,
                1e-3);
    for (std::size_t p = 0; p < 2; ++p)
      EXPECT_NEAR(product.organs[o].sigma * product.primaries[p].sigma * landed[p][o] /
                      -std::log(1 - frequency[p][o]),
                  1, 1e-4);
  }
  EXPECT_EQ(soil_product(body, {"one"}).organs[0].primaries, 1);
}

TEST(CalibrateHuman, GivesTheShareThatWasAskedFor) {
  const BodySettings s = settings_of("body: {primary: lung}\n");
  HumanOptions options;
  options.metastatic = 0.3;
  options.patients = 200;
  options.threads = 1;
  double below = 0, above = 1;
  const double human = human_for(s, options, [&](double, double share) {
    if (share < 0.3) below = std::max(below, share);
    if (share >= 0.3) above = std::min(above, share);
  });
  EXPECT_LT(above - below, 0.03);
  BodySettings own = s;
  own.body.fate.human = human;
  double seen = 0;
  for (const PatientRow& r : follow_patients(own, 0, 200, 1)) seen += r.seen_at_removal ? 1 : 0;
  EXPECT_NEAR(seen / 200, 0.3, 0.02);
  options.metastatic = 0.9999;
  EXPECT_THROW(human_for(s, options, [](double, double) {}), ConfigError);
}

// Of a primary that stays it is the share in whom a metastasis is seen before they die.
TEST(CalibrateHuman, CountsALifeWhereThePrimaryStays) {
  const BodySettings s =
      settings_of("body: {primary: brain, observer: {removes: false}, death: {lesions: true}}\n");
  HumanOptions options;
  options.metastatic = 0.1;
  options.patients = 100;
  options.threads = 1;
  BodySettings own = s;
  own.body.fate.human = human_for(s, options, [](double, double) {});
  double seen = 0, at_first = 0, all = 0;
  for (const PatientRow& r : follow_patients(own, 0, 100, 1)) {
    if (r.death < 0) continue;
    all += 1, seen += r.seen >= 0 && r.seen < r.death, at_first += r.seen_at_removal;
  }
  EXPECT_NEAR(seen / all, 0.1, 0.03);
  EXPECT_LT(at_first / all, 0.06); // fitted to the first day alone it would be 0.1 of that
}

} // namespace
} // namespace metavox
