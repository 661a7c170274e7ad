// configs/ovary.yaml, the body whose primary lets cells go by blood, by lymph and into a cavity: a
// small and quick one in which every table tells the same of each way, and (Long) as it is shipped.

#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "folder.hpp"
#include "program/cohort.hpp"
#include "record/run_layout.hpp"
#include "tables.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;
using support::Columns;

RunOptions ovary(const Folder& folder, const std::vector<std::string>& set = {}) {
  RunOptions o;
  o.config = fs::path(METAVOX_SOURCE_DIR) / "configs/ovary.yaml";
  o.output = folder.path() / "ovary";
  o.set = set;
  o.quiet = true;
  o.threads = 1;
  return o;
}

// What the tables say at the end: cells by stage and organ, natural and expected.
struct Told {
  explicit Told(const fs::path& run)
      : body(run / "body.csv"), cascade(run / "cascade.csv"), events(run / "events.csv") {
    const double end = cascade.at_end("time [day]");
    for (std::size_t k = 0; k < cascade.count(); ++k)
      if (cascade.number(k, "time [day]") == end)
        natural[{cascade.word(k, "organ"),
                 cascade.word(k, "stage")}] = cascade.number(k, "natural"),
                                 expected[{cascade.word(k, "organ"), cascade.word(k, "stage")}] =
                                     cascade.number(k, "expected");
    for (std::size_t k = 0; k < events.count(); ++k)
      if (events.word(k, "origin") == "natural")
        passed[{events.word(k, "organ"), events.word(k, "event")}] += events.number(k, "cells");
  }
  // Of all organs.
  double everywhere(const std::string& stage) const {
    double sum = 0;
    for (const auto& [row, cells] : natural)
      if (row.second == stage && row.first != "blood" && row.first != "cavity") sum += cells;
    return sum;
  }
  Columns body, cascade, events;
  std::map<std::pair<std::string, std::string>, double> natural, expected, passed;
};

// Two days of a tumour of a hundred and fifty cells that sheds fast.
const std::vector<std::string> small{"simulation.duration=2 day",
                                     "domain.size=[0.4 mm, 0.4 mm, 0.4 mm]",
                                     "tissue.cells[0].centre=[0.10 mm, 0.20 mm, 0.20 mm]",
                                     "tissue.cells[0].radius=110 um",
                                     "intravasation.rate=0.1 1/h",
                                     "lymphatics.tumour_faces=6",
                                     "tissue.parenchyma=0.3",
                                     "tissue.stroma=0.3",
                                     "lymphatics.share=0.5",
                                     "lymphatics.rate=0.5 1/h",
                                     "serosa.rate=5 1/day",
                                     "matrix.membrane_resistance=0.02",
                                     "body.lymph.dwell=3 h",
                                     "body.lodged.adhesion=0.3 1/h",
                                     "body.force[0].per=12 h",
                                     "body.windows.size=240 um",
                                     "body.windows.capillaries=80 um",
                                     "body.windows.max=3",
                                     "output.frames=0 h",
                                     "output.checkpoints=0 h"};

TEST(BodyWays, TablesAgreeOnEveryWay) {
  const Folder folder;
  const RunOptions o = ovary(folder, small);
  ASSERT_EQ(run_cohort(o), exit_done);
  const Told t(o.output);
  const auto body = [&](const char* column) { return t.body.at_end(column); };
  const auto now = [&](const char* organ, const char* stage) {
    return t.natural.at({organ, stage});
  };
  const auto events = [&](const char* organ, const char* event) {
    const auto at = t.passed.find({organ, event});
    return at == t.passed.end() ? 0 : at->second;
  };
  for (const char* way : {"departed", "departed_by_lymph", "departed_into_cavity"})
    EXPECT_GT(body(way), 20) << way;
  // Of those that left lesions: by which way.
  EXPECT_EQ(events("ovary", "departed") + body("out_of_nodes"),
            body("departed") + body("departed_by_lymph") + body("departed_into_cavity"));
  // Every way out of a vessel, and every death.
  std::map<std::string, double> told;
  for (const auto& [row, cells] : t.natural)
    for (const char* stage : {"lodged", "killed_by_nk", "dead_otherwise", "released", "adhered",
                              "dead_adherent", "dead_in_flow", "passed_out"})
      if (row.second == stage) {
        EXPECT_EQ(events(row.first.c_str(), stage), cells) << row.first << " " << stage;
        told[stage] += cells;
      }
  for (const char* stage : {"killed_by_nk", "dead_otherwise", "released", "dead_adherent"})
    EXPECT_GT(told[stage], 0) << stage;
  // Lymph.
  EXPECT_EQ(events("nodes", "by_lymph"), body("departed_by_lymph"));
  EXPECT_EQ(now("lymph", "entered_nodes"), body("departed_by_lymph"));
  EXPECT_EQ(now("lymph", "in_nodes_now"), body("in_nodes"));
  EXPECT_EQ(now("lymph", "into_veins"), body("out_of_nodes"));
  EXPECT_EQ(now("lymph", "founders_in_nodes"), body("founders_in_nodes"));
  EXPECT_GT(now("lymph", "dead_in_nodes"), 0);
  EXPECT_EQ(now("lymph", "entered_nodes"),
            now("lymph", "in_nodes_now") + now("lymph", "dead_in_nodes") +
                now("lymph", "into_veins") + now("lymph", "founders_in_nodes"));
  for (const char* stage : {"dead_in_nodes", "into_veins", "founders_in_nodes"})
    EXPECT_EQ(events("nodes", stage), now("lymph", stage)) << stage;
  // The cavity.
  EXPECT_EQ(events("cavity", "dead"), now("cavity", "dead"));
  EXPECT_EQ(events("cavity", "into_cavity"), body("departed_into_cavity"));
  EXPECT_EQ(now("cavity", "shed"), body("departed_into_cavity"));
  EXPECT_EQ(now("cavity", "shed"),
            now("cavity", "floating_now") + now("cavity", "dead") + t.everywhere("attached"));
  EXPECT_GT(t.natural.at({"peritoneum", "attached"}), t.natural.at({"ovary", "attached"}));
  EXPECT_GT(t.natural.at({"ovary", "attached"}), 0);
  for (const char* organ : {"peritoneum", "ovary"})
    EXPECT_EQ(events(organ, "attached"), now(organ, "attached")) << organ;
  EXPECT_EQ(now("peritoneum", "lodged"), 0);
  EXPECT_EQ(now("peritoneum", "landed"), now("peritoneum", "attached"));
  // Each stage of a way beside what is expected of it.
  for (const auto& [row, cells] : t.natural)
    if (row.first == "lymph" || row.first == "cavity" || row.second == "attached") {
      EXPECT_NEAR(cells, t.expected.at(row), 5 * std::sqrt(t.expected.at(row)) + 1)
          << row.first << " " << row.second;
    }
  // Windows: of the primary, of forced founders in the peritoneum, of natural cells that attached.
  int forced = 0, natural = 0;
  for (const auto& site : fs::directory_iterator(o.output / "sites")) {
    const std::string name = site.path().filename().string();
    const bool is_forced = name.find("-forced") != std::string::npos;
    EXPECT_TRUE(!is_forced || name.find("-peritoneum-") != std::string::npos) << name;
    forced += is_forced ? 1 : 0;
    natural += is_forced || name == "000-ovary" ? 0 : 1;
  }
  EXPECT_GE(forced, 1);
  EXPECT_GE(natural, 1);
}

// Four days of it as it is shipped. Bands: blood as in LongMetastasis; of those that float no more
// 0.77 of E-like and 0.96 of M-like cells attach, 0.1/h against (1 - resistance)/day; of them nine
// in ten to the peritoneum. All ten days would take minutes.
TEST(LongOvary, LeavesByThreeWays) {
  const Folder folder;
  RunOptions o = ovary(folder, {"simulation.duration=4 day"});
  ASSERT_EQ(run_cohort(o), exit_done);
  const Told t(o.output);
  double cell_days = 0;
  for (std::size_t k = 1; k < t.body.count(); ++k)
    cell_days += 0.5 * (t.body.number(k, "primary_cells") + t.body.number(k - 1, "primary_cells")) *
                 (t.body.number(k, "time [day]") - t.body.number(k - 1, "time [day]"));
  const auto of_all = [&](const char* column) { return t.body.at_end(column) / cell_days; };
  EXPECT_GT(of_all("departed"), 0.02);
  EXPECT_LT(of_all("departed"), 0.04);
  EXPECT_GT(t.body.at_end("departed_by_lymph"), 0);
  const double attached = t.body.at_end("attached"), dead = t.body.at_end("dead_in_cavity");
  EXPECT_GT(attached, 50);
  EXPECT_NEAR(attached / (attached + dead), 0.865, 0.095 + 4 * 0.34 / std::sqrt(attached + dead));
  EXPECT_NEAR(t.natural.at({"peritoneum", "attached"}) / attached, 0.9,
              4 * 0.3 / std::sqrt(attached));
  EXPECT_EQ(t.natural.at({"peritoneum", "lodged"}), 0);
  EXPECT_GT(t.natural.at({"lung", "lodged"}), 100);
  EXPECT_EQ(t.body.at_end("natural_lesions"), 0);
}

} // namespace
} // namespace metavox
