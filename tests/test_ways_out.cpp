// Cells that leave by lymphatics, and through a serosal face into a cavity: which voxels have a
// lymphatic, when it works, what an intact membrane holds back, hazards against closed forms, how
// ways compete, the ledger, and that nothing of it depends on threads or restarts. Of the blood
// alone: test_departures.cpp.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "site/take_apart.hpp"
#include "support.hpp"
#include "tissue/lymphatics.hpp"
#include "vessels/walls.hpp"
#include "voxel/ledger.hpp"

namespace metavox {
namespace {

using namespace support;

// ---- a box whose cells do nothing but leave

std::string still(const std::string& more, double spacing = 20,
                  const std::string& kind = "mesenchymal") {
  const std::string edge = std::to_string(static_cast<int>(400 / spacing));
  return "simulation: {duration: 30 day}\ndomain: {voxels: [" + edge + ", " + edge + ", " + edge +
         "], spacing: " + std::to_string(spacing) +
         " um}\n"
         "cycle: {enabled: false}\ntransition: {enabled: false}\nquiescence: {enabled: false}\n"
         "growth: {mobility: 0 um^2/kPa/day}\n"
         "death: {necrosis: false, apoptosis: 0 1/min, anoikis: 0 1/min}\n"
         "migration: {enabled: false}\nmatrix: {contact_degradation: 0 1/min}\n"
         "tissue: {parenchyma: 0, stroma: 0.01, cells: [{shape: box, kind: " +
         kind +
         ", from: [0 um, 0 um, 0 um], to: [400 um, 400 um, 400 um]}]}\n"
         "intravasation: {clustering: 0, epithelial: 0.05, leakiness: 4, tight: 0.5}\n" +
         more;
}

// A share of all voxels, whatever stands there.
std::vector<std::uint8_t> anywhere(const Site& site, double share, std::uint64_t seed = 5) {
  std::vector<std::uint8_t> state(info_of(site, "lymphatic").count(), 0);
  for (std::size_t v = 0; v < state.size(); ++v)
    if (to_unit(draw(seed, Purpose::test, v, 0).word[0]) < share) state[v] = 1;
  return state;
}
void put(Site& site, const std::vector<std::uint8_t>& lymphatic) {
  site.write("lymphatic", lymphatic.data());
  site.set_clock(site.steps());
}

Lattice box_of(const Site& site) {
  const auto& n = site.parameters().domain.voxels;
  return {n[0], n[1], n[2], site.parameters().domain.spacing};
}

// What voxels share of lymphatics that all work, in units of the wall of one in a voxel of 20 um,
// where no lumen fills a voxel.
std::vector<double> shares_of(const Lattice& box, const std::vector<std::uint8_t>& lymphatic) {
  std::vector<double> area(lymphatic.size(), 0);
  for (std::size_t v = 0; v < lymphatic.size(); ++v) {
    if (lymphatic[v] == 0) continue;
    std::vector<std::int64_t> sharers{static_cast<std::int64_t>(v)};
    for_each_beside(box, static_cast<std::int64_t>(v),
                    [&](std::int64_t n) { sharers.push_back(n); });
    for (const std::int64_t n : sharers)
      area[static_cast<std::size_t>(n)] +=
          std::pow(box.spacing / 20, 3) / static_cast<double>(sharers.size());
  }
  return area;
}

// ---- where they are

TEST(Lymphatics, LieInTheirShareOfStroma) {
  for (const double share : {0.02, 0.3}) {
    const Site site = simulation_of("domain: {voxels: [48, 44, 40], spacing: 20 um}\n"
                                    "tissue: {parenchyma: 0.2, stroma: 0.5}\n"
                                    "lymphatics: {enabled: true}\n",
                                    {"lymphatics.share=" + std::to_string(share)});
    const auto kind = array_of<std::uint8_t>(site, "kind"),
               lymphatic = array_of<std::uint8_t>(site, "lymphatic");
    double stroma = 0, drawn = 0;
    for (std::size_t v = 0; v < kind.size(); ++v) {
      const bool here = kind[v] == static_cast<std::uint8_t>(Kind::stroma);
      stroma += here ? 1 : 0;
      drawn += lymphatic[v];
      EXPECT_LE(lymphatic[v], here ? 1 : 0);
    }
    EXPECT_GT(stroma, 40000);
    EXPECT_NEAR(drawn, share * stroma, 3 * std::sqrt(share * (1 - share) * stroma));
  }
}

TEST(Lymphatics, AreDrawnBySeed) {
  const std::string text = "domain: {voxels: [20, 20, 20], spacing: 20 um}\n"
                           "tissue: {parenchyma: 0, stroma: 1}\n"
                           "lymphatics: {enabled: true, share: 0.5}\n";
  const auto of_seed = [&](const std::string& seed) {
    return array_of<std::uint8_t>(simulation_of(text, {"simulation.seed=" + seed}), "lymphatic");
  };
  EXPECT_EQ(of_seed("1"), of_seed("1"));
  EXPECT_NE(of_seed("1"), of_seed("2"));
}

// ---- when they work

// One lymphatic, tumour at k of its faces, tissue at the others: it works up to three, and then the
// k cells enter it with a seventh of its rate each.
TEST(Lymphatics, CollapseWithTheFacesThatTumourTakes) {
  const char* const text = "lymphatics: {enabled: true, rate: 0.02 1/h}\n";
  for (const Kind around : {Kind::none, Kind::parenchyma, Kind::stroma, Kind::necrotic})
    for (const Kind tumour : {Kind::mesenchymal, Kind::epithelial})
      for (int faces = 0; faces <= 6; ++faces) {
        Site site = simulation_of(still(text), {"death.debris_clearance=0 1/min"});
        const Lattice box = box_of(site);
        std::vector<std::uint8_t> kind(static_cast<std::size_t>(box.voxels()),
                                       static_cast<std::uint8_t>(around)),
            lymphatic(kind.size(), 0);
        const std::int64_t place = box.number(9, 10, 11);
        lymphatic[static_cast<std::size_t>(place)] = 1;
        int left = faces;
        for_each_beside(box, place, [&](std::int64_t v) {
          if (left-- > 0) kind[static_cast<std::size_t>(v)] = static_cast<std::uint8_t>(tumour);
        });
        site.write("kind", kind.data());
        put(site, lymphatic);
        site.step();
        const double m = tumour == Kind::mesenchymal ? 1 : 0.05,
                     wanted = faces <= 3 ? 24 * 0.02 * m * faces / 7 : 0;
        Metrics now = metrics_of(site);
        EXPECT_NEAR(now["lymph_shedding_expected"], wanted, 1e-6) << faces;
        EXPECT_EQ(now["lymphatics"], 1);
        EXPECT_EQ(now["lymphatics_working"], faces <= 3 ? 1 : 0) << faces;
        EXPECT_EQ(array_of<std::uint8_t>(site, "lymphatic")[static_cast<std::size_t>(place)],
                  faces <= 3 ? 1 : 2);
        // And it opens again.
        std::fill(kind.begin(), kind.end(), static_cast<std::uint8_t>(around));
        site.write("kind", kind.data());
        site.set_clock(site.steps());
        advance(site, 5);
        EXPECT_EQ(metrics_of(site)["lymphatics_working"], 1);
      }
}

TEST(Lymphatics, CollapseAtTheFacesThatAreSet) {
  for (const int most : {0, 2, 6}) {
    Site site = simulation_of(
        still("lymphatics: {enabled: true, tumour_faces: " + std::to_string(most) + "}\n"));
    put(site, anywhere(site, 0.1));
    site.step();
    // Tumour on all sides, but at the box.
    const Lattice box = box_of(site);
    const auto state = array_of<std::uint8_t>(site, "lymphatic");
    for (std::int64_t v = 0; v < box.voxels(); ++v) {
      if (state[static_cast<std::size_t>(v)] == 0) continue;
      int faces = 0;
      for_each_beside(box, v, [&](std::int64_t) { ++faces; });
      EXPECT_EQ(state[static_cast<std::size_t>(v)], faces <= most ? 1 : 2);
    }
  }
}

// ---- hazards

// All that share a lymphatic lose k m together; per volume of tissue it does not know the lattice.
TEST(Lymphatics, TakeTheSamePerVolumeAtEverySpacing) {
  for (const double spacing : {20.0, 10.0})
    for (const char* kind : {"mesenchymal", "epithelial"}) {
      Site site = simulation_of(
          still("lymphatics: {enabled: true, tumour_faces: 6, rate: 0.02 1/h}\n", spacing, kind));
      const Lattice box = box_of(site);
      std::vector<std::uint8_t> lymphatic(static_cast<std::size_t>(box.voxels()), 0);
      // A tenth of a millimetre on each side, from a corner on: 125 voxels of 20 um.
      const int n = static_cast<int>(100 / spacing);
      for (int z = 0; z < n; ++z)
        for (int y = 0; y < n; ++y)
          for (int x = 0; x < n; ++x) lymphatic[static_cast<std::size_t>(box.number(x, y, z))] = 1;
      put(site, lymphatic);
      site.step();
      const double m = std::string(kind) == "epithelial" ? 0.05 : 1;
      EXPECT_NEAR(metrics_of(site)["lymph_shedding_expected"] / 24, 0.02 * m * 125, 1e-4 * m)
          << spacing;
    }
}

// Lumens take no share: those around share what they leave, and a lymphatic whose voxel a lumen
// fills works no more.
TEST(Lymphatics, LoseNothingToLumens) {
  Site site = simulation_of(still("lymphatics: {enabled: true, tumour_faces: 6, rate: 0.02 1/h}\n"
                                  "vessels: {pattern: grid, spacing: 60 um, radius: 9 um}\n"));
  const auto lymphatic = anywhere(site, 0.3);
  put(site, lymphatic);
  site.step();
  const auto kind = array_of<std::uint8_t>(site, "kind");
  double open = 0, filled = 0;
  for (std::size_t v = 0; v < kind.size(); ++v) {
    if (lymphatic[v] == 0) continue;
    (kind[v] == static_cast<std::uint8_t>(Kind::vessel) ? filled : open) += 1;
  }
  EXPECT_GT(filled, 10);
  EXPECT_NEAR(metrics_of(site)["lymph_shedding_expected"] / 24, 0.02 * open, 1e-3);
  EXPECT_EQ(metrics_of(site)["lymphatics_working"], open);
}

TEST(Lymphatics, FollowTheTraitOfProteinaseAndLetSleepersLie) {
  const auto shed = [](std::uint64_t traits, std::uint16_t flags) {
    Site site = simulation_of(still("lymphatics: {enabled: true, tumour_faces: 6}\n"));
    put(site, anywhere(site, 0.05));
    const std::vector<std::uint64_t> all(20 * 20 * 20, traits);
    const std::vector<std::uint16_t> flag(20 * 20 * 20, flags);
    site.write("traits", all.data());
    site.write("flags", flag.data());
    site.step();
    return metrics_of(site)["lymph_shedding_expected"];
  };
  EXPECT_NEAR(shed(0x280000, 0) / shed(0, 0), std::exp(0.02 * 40), 1e-5);
  EXPECT_EQ(shed(0, flag_dormant | flag_limited), 0);
}

TEST(Lymphatics, TakeTumourCellsAlone) {
  for (const char* kind : {"parenchyma", "stroma", "t_cell", "necrotic"}) {
    Site site = simulation_of(still("lymphatics: {enabled: true, rate: 10 1/h}\n", 20, kind),
                              {"death.debris_clearance=0 1/min"});
    put(site, anywhere(site, 0.1));
    const Count before = count_cells(site);
    advance(site, 50);
    EXPECT_EQ(count_cells(site), before) << kind;
    EXPECT_EQ(metrics_of(site)["lymph_departures_expected"], 0) << kind;
  }
}

// Each cell that shares lymphatics of area A is still there after t with exp(-k A t); the sum over
// all cells, to 3 standard deviations.
TEST(Lymphatics, HazardsOfPinnedCellsFollowTheClosedForm) {
  Site site =
      simulation_of(still("lymphatics: {enabled: true, tumour_faces: 6, rate: 0.08 1/h}\n"));
  const auto lymphatic = anywhere(site, 0.05);
  put(site, lymphatic);
  const std::vector<double> area = shares_of(box_of(site), lymphatic);
  advance(site, 60); // 12 vessel steps of 30 min
  const auto after = array_of<std::uint8_t>(site, "kind");
  double expected = 0, variance = 0, gone = 0;
  for (std::size_t v = 0; v < area.size(); ++v) {
    const double p = 1 - std::exp(-0.08 * area[v] * 6);
    expected += p;
    variance += p * (1 - p);
    if (after[v] != 0) continue;
    gone += 1;
    EXPECT_GT(area[v], 0) << "who shares no lymphatic stays";
  }
  EXPECT_GT(expected, 150);
  EXPECT_NEAR(gone, expected, 3 * std::sqrt(variance));
  Metrics m = metrics_of(site);
  EXPECT_EQ(m["lymph_departed_cells"], gone);
  EXPECT_EQ(m["lymph_departed_singles"], gone);
  EXPECT_EQ(m["lymph_departed_clusters"], 0);
  EXPECT_NEAR(m["lymph_departures_expected"], gone, 3 * std::sqrt(expected));
  EXPECT_EQ(m.count("departed_cells"), 0u) << "no way into the blood";
  std::int64_t number = 0;
  for (const Departure& d : site.take_departures()) {
    EXPECT_EQ(d.route, Route::lymph);
    EXPECT_EQ(d.segment, -1);
    EXPECT_EQ(d.number, number++);
    EXPECT_EQ(after[static_cast<std::size_t>(d.voxel)], 0);
  }
  EXPECT_EQ(static_cast<double>(number), gone);
  int told = 0;
  for (const Event& e : site.take_events()) told += e.what == "first_lymph" ? 1 : 0;
  EXPECT_EQ(told, 1);
}

// ---- serosal faces

constexpr const char* two_faces = "serosa: {faces: [x_low, z_high], rate: 0.1 1/h}\n";

// Of [x_low, z_high]: the sheets one voxel inside.
bool in_sheet(const Lattice& box, std::int64_t v) {
  const Voxel s = box.voxel_at(v);
  return s.x == 1 || s.z == box.nz - 2;
}

TEST(Serosa, IsASheetOneVoxelInside) {
  const Site site = simulation_of(still(two_faces));
  const Lattice box = box_of(site);
  const auto membrane = array_of<std::uint16_t>(site, "membrane");
  std::int64_t n = 0;
  for (std::int64_t v = 0; v < box.voxels(); ++v) {
    EXPECT_EQ(membrane[static_cast<std::size_t>(v)], in_sheet(box, v) ? 65535 : 0);
    n += in_sheet(box, v) ? 1 : 0;
  }
  EXPECT_EQ(n, 2 * 400 - 20);
}

// Intact, it sheds nobody: exactly none, at any rate, whoever stands there; of E-like cells, which
// do not wear it, however thin.
TEST(Serosa, ShedsNobodyWhileItIsIntact) {
  for (const char* kind : {"epithelial", "mesenchymal"}) {
    Site site =
        simulation_of(still("serosa: {faces: [x_low, z_high], rate: 10 1/min}\n", 20, kind));
    auto membrane = array_of<std::uint16_t>(site, "membrane");
    const Lattice box = box_of(site);
    for (std::int64_t v = 0; v < box.voxels(); ++v)
      membrane[static_cast<std::size_t>(v)] = in_sheet(box, v) ? 1 : 0;
    if (std::string(kind) == "epithelial") site.write("membrane", membrane.data());
    const Count before = count_cells(site);
    advance(site, 100);
    EXPECT_EQ(count_cells(site), before);
    EXPECT_TRUE(site.take_departures().empty());
    Metrics m = metrics_of(site);
    EXPECT_EQ(m["cavity_departures_expected"], 0);
    EXPECT_EQ(m["cavity_shedding_expected"], 0);
    EXPECT_EQ(m["serosa_broken"], 0);
  }
}

// Each tumour cell in a broken voxel, or with a face on one, is still there after t with exp(-k t);
// the others for certain.
TEST(Serosa, HazardsOfPinnedCellsFollowTheClosedForm) {
  for (const char* kind : {"epithelial", "mesenchymal"}) {
    Site site = simulation_of(still(two_faces, 20, kind));
    const Lattice box = box_of(site);
    auto membrane = array_of<std::uint16_t>(site, "membrane");
    std::vector<std::uint8_t> touches(membrane.size(), 0);
    double broken = 0;
    for (std::int64_t v = 0; v < box.voxels(); ++v) {
      const auto i = static_cast<std::size_t>(v);
      if (!in_sheet(box, v) || to_unit(draw(8, Purpose::test, i, 0).word[0]) > 0.2) continue;
      membrane[i] = 0;
      broken += 1;
      touches[i] = 1;
      for_each_beside(box, v, [&](std::int64_t n) { touches[static_cast<std::size_t>(n)] = 1; });
    }
    site.write("membrane", membrane.data());
    site.step();
    const double n = static_cast<double>(std::count(touches.begin(), touches.end(), 1));
    EXPECT_GT(n, 500);
    Metrics m = metrics_of(site);
    EXPECT_NEAR(m["serosa_broken"], broken / 780, 1e-9);
    EXPECT_NEAR(m["cavity_shedding_expected"] / 24, 0.1 * n, 1e-5 * n);
    advance(site, 59); // 12 vessel steps in all
    const auto after = array_of<std::uint8_t>(site, "kind");
    double gone = 0;
    for (std::size_t v = 0; v < after.size(); ++v) {
      if (after[v] != 0) continue;
      gone += 1;
      EXPECT_EQ(touches[v], 1) << "who touches nothing broken stays";
    }
    const double p = 1 - std::exp(-0.1 * 6);
    EXPECT_NEAR(gone, n * p, 3 * std::sqrt(n * p * (1 - p))) << kind;
    EXPECT_EQ(metrics_of(site)["cavity_departed_cells"], gone);
    for (const Departure& d : site.take_departures()) {
      EXPECT_EQ(d.route, Route::cavity);
      EXPECT_EQ(d.segment, -1);
    }
    int told = 0;
    for (const Event& e : site.take_events()) told += e.what == "first_cavity" ? 1 : 0;
    EXPECT_EQ(told, 1);
  }
}

// M-like cells wear it through; until then nobody leaves, and E-like ones alone never do.
TEST(Serosa, IsBrokenByProteinase) {
  for (const bool enzyme : {true, false}) {
    Site site = simulation_of(
        "domain: {voxels: [20, 12, 12], spacing: 20 um}\n"
        "tissue: {parenchyma: 0, stroma: 0, cells: [{shape: layer, axis: x, begin: 40 um, end: 100 "
        "um, kind: epithelial}]}\n"
        "cycle: {enabled: false}\ntransition: {enabled: false}\n"
        "death: {necrosis: false, apoptosis: 0 1/min, anoikis: 0 1/min}\n"
        "matrix: {membrane_resistance: 0.5}\n"
        "serosa: {faces: [x_low], rate: 0.2 1/h}\n",
        {std::string("tissue.cells[0].mesenchymal_fraction=") + (enzyme ? "0.3" : "0")});
    std::int64_t first_hole = -1, first_gone = -1;
    for (int n = 0; n < 300; ++n) {
      site.step();
      Metrics m = metrics_of(site);
      if (first_hole < 0 && m["serosa_broken"] > 0) first_hole = n;
      if (first_gone < 0 && !site.take_departures().empty()) first_gone = n;
      if (first_hole < 0) {
        ASSERT_EQ(m["cavity_departures_expected"], 0);
      }
    }
    EXPECT_EQ(first_hole >= 0, enzyme);
    EXPECT_EQ(first_gone >= 0, enzyme);
    if (!enzyme) continue;
    EXPECT_GT(first_hole, 10) << "some hours";
    EXPECT_GE(first_gone, first_hole);
  }
}

TEST(Serosa, LetsGrowthPressNobodyOut) {
  const auto open = open_faces(parameters_of("growth: {faces: open}\nserosa: {faces: [y_high]}\n"));
  EXPECT_EQ(open, (std::array<bool, 6>{true, true, true, false, true, true}));
}

TEST(Serosa, SaysWhatItLacks) {
  const auto told = [](const std::string& text) -> std::string {
    try {
      parameters_of(text);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return {};
  };
  EXPECT_NE(told("serosa: {faces: [left]}").find("type x_low, x_high"), std::string::npos);
  EXPECT_NE(told("domain: {voxels: [20, 20, 3], spacing: 20 um}\nserosa: {faces: [z_low]}")
                .find("4 voxels along z"),
            std::string::npos);
  EXPECT_EQ(told("domain: {voxels: [20, 20, 3], spacing: 20 um}\nserosa: {faces: [x_low]}"), "");
  bool noted = false;
  for (const auto& note :
       read_config_text("serosa: {faces: [x_low]}\nmatrix: {frozen: true}\n", "test.yaml").notes)
    noted = noted || note.find("nothing breaks") != std::string::npos;
  EXPECT_TRUE(noted);
}

// Without one there is nothing of it; with one its lists are counted.
TEST(Serosa, NoneLeavesNothing) {
  const std::string text = "domain: {voxels: [20, 20, 20], spacing: 20 um}\n";
  Site site = simulation_of(text), other = simulation_of(text, {"serosa.rate=5 1/min"});
  advance(site, 5), advance(other, 5);
  EXPECT_EQ(site.hash(), other.hash());
  EXPECT_EQ(site.executor().memory_allocated(), other.executor().memory_allocated());
  for (const auto& [name, value] : metrics_of(site))
    EXPECT_TRUE(name.find("cavity") == std::string::npos &&
                name.find("serosa") == std::string::npos);
  const Parameters with = parameters_of(text + "serosa: {faces: [x_low, z_high]}\n");
  EXPECT_EQ(estimate_device_bytes(with), estimate_device_bytes(site.parameters()) + 13 * 6 * 400);
}

// ---- ways that compete

// Hazards l, b and c at once: a cell leaves within t with p = 1 - exp(-(l + b + c) t), by each way
// with its share of p.
TEST(WaysOut, CompeteWithTheirSharesOfTheHazard) {
  Site site = simulation_of(still("vessels: {pattern: grid, spacing: 100 um, radius: 4 um}\n"
                                  "lymphatics: {enabled: true, tumour_faces: 6, rate: 0.5 1/h}\n"
                                  "serosa: {faces: [x_low, y_low, z_low], rate: 0.1 1/h}\n"),
                            {"intravasation.enabled=true", "intravasation.rate=1 1/h"});
  const auto lymphatic = anywhere(site, 0.15);
  put(site, lymphatic);
  const std::vector<std::uint16_t> broken(lymphatic.size(), 0);
  site.write("membrane", broken.data());
  const std::vector<double> lymph = shares_of(box_of(site), lymphatic);
  VesselNetwork net = *site.vessels();
  VesselGraph graph(box_of(site));
  graph.lay(net);
  for (std::uint8_t& f : graph.segments().flags)
    f = static_cast<std::uint8_t>(f | VesselGraph::perfused | VesselGraph::carries);
  std::vector<double> blood(lymph.size(), 0);
  for (const WallContact& c : wall_contacts(graph))
    blood[static_cast<std::size_t>(c.voxel)] += c.area * 0.5; // mature and whole
  const auto before = array_of<std::uint8_t>(site, "kind");
  advance(site, 60);
  double all = 0;
  std::map<Route, double> expected, variance, gone;
  for (std::size_t v = 0; v < lymph.size(); ++v) {
    if (before[v] != static_cast<std::uint8_t>(Kind::mesenchymal)) continue;
    const Voxel s = box_of(site).voxel_at(static_cast<std::int64_t>(v));
    const double l = 0.5 * lymph[v], b = 1.0 * blood[v],
                 c = std::min({s.x, s.y, s.z}) <= 2 ? 0.1 : 0, h = l + b + c;
    if (!(h > 0)) continue;
    all += l > 0 && b > 0 && c > 0 ? 1 : 0;
    const double p = 1 - std::exp(-h * 6);
    for (const auto& [route, q] : {std::pair{Route::lymph, p * l / h},
                                   {Route::blood, p * b / h},
                                   {Route::cavity, p * c / h}}) {
      expected[route] += q;
      variance[route] += q * (1 - q);
    }
  }
  EXPECT_GT(all, 300);
  for (const Departure& d : site.take_departures()) {
    gone[d.route] += 1;
    EXPECT_EQ(d.segment >= 0, d.route == Route::blood);
  }
  for (const Route r : {Route::blood, Route::lymph, Route::cavity}) {
    EXPECT_GT(expected[r], 300) << name_of(r);
    EXPECT_NEAR(gone[r], expected[r], 3 * std::sqrt(variance[r])) << name_of(r);
  }
  Metrics m = metrics_of(site);
  EXPECT_EQ(m["departed_cells"], gone[Route::blood]);
  EXPECT_EQ(m["lymph_departed_cells"], gone[Route::lymph]);
  EXPECT_NEAR(m["departures_expected"], gone[Route::blood], 3 * std::sqrt(expected[Route::blood]));
  EXPECT_NEAR(m["lymph_departures_expected"], gone[Route::lymph],
              3 * std::sqrt(expected[Route::lymph]));
  EXPECT_EQ(m["cavity_departed_cells"], gone[Route::cavity]);
  EXPECT_NEAR(m["cavity_departures_expected"], gone[Route::cavity],
              3 * std::sqrt(expected[Route::cavity]));
}

// Who leaves does not depend on what else could be left by: with a lymphatic that takes nothing
// blood takes whom it took without.
TEST(WaysOut, OneThatTakesNothingChangesNothing) {
  const auto left = [](const std::vector<std::string>& more) {
    std::vector<std::string> all{"intravasation.enabled=true", "intravasation.rate=0.3 1/h",
                                 "intravasation.clustering=0.5"};
    all.insert(all.end(), more.begin(), more.end());
    Site site =
        simulation_of(still("vessels: {pattern: grid, spacing: 100 um, radius: 4 um}\n"), all);
    advance(site, 60);
    std::vector<std::int64_t> voxels;
    for (const Departure& d : site.take_departures()) {
      EXPECT_EQ(d.route, Route::blood);
      for (const std::int64_t n : {d.voxel, d.number, std::int64_t{d.segment}}) voxels.push_back(n);
    }
    return voxels;
  };
  const auto alone = left({});
  EXPECT_GT(alone.size(), 100u);
  EXPECT_EQ(left({"lymphatics.enabled=true", "lymphatics.rate=0 1/h", "tissue.stroma=1"}), alone);
}

// ---- a tumour that grows, and leaves by every way

const char* const shedding = R"(
simulation: {name: ways, seed: 3, duration: 30 day}
domain: {voxels: [16, 16, 16], spacing: 20 um}
tissue:
  parenchyma: 0.3
  stroma: 0.4
  cells:
    - {shape: sphere, kind: epithelial, radius: 120 um, mesenchymal_fraction: 0.4}
transition: {emt: 1e-3 1/min, met: 1e-3 1/min}
mutation: {probability: 0.3}
cycle: {epithelial: 6 h, mesenchymal: 6 h}
growth: {faces: closed}
vegf: {enabled: true, hypoxic_secretion: 1 molecules/s/cell}
sprouting: {enabled: true, rate: 5e-3 1/min, maturation_age: 6 h, radius: 8 um}
regression: {enabled: true, patience: 12 h}
vessels: {pattern: grid, spacing: 110 um, radius: 7.9 um, check: true}
intravasation: {enabled: true, rate: 0.3 1/h, clustering: 0.2, healing: 2 h}
lymphatics: {enabled: true, share: 0.3, rate: 0.6 1/h}
matrix: {membrane_resistance: 0.1}
serosa: {faces: [x_low, z_high], rate: 0.05 1/h}
)";

// What there is and what left is what there was and what came, kind by kind and way by way: the run
// itself would stop at a step where it is not.
TEST(WaysOut, LedgerIsExactOverAThousandSteps) {
  Site site(parameters_of(shedding), Executor::on_cpu(2));
  const auto first = array_of<std::uint8_t>(site, "lymphatic");
  const std::int64_t start = tumour_of(count_cells(site));
  std::map<Route, std::int64_t> listed, seconds;
  std::map<std::int64_t, std::set<Route>> ways;
  std::int64_t last = -1;
  std::int64_t voxel = -1;
  for (int n = 0; n < 1000; ++n) {
    site.step();
    voxel = -1;
    for (const Departure& d : site.take_departures()) {
      listed[d.route] += 1;
      seconds[d.route] += d.slot;
      ways[d.number].insert(d.route);
      EXPECT_TRUE(is_tumour(d.cell.kind));
      EXPECT_TRUE(d.number == last || d.number == last + 1);
      if (d.number != last) {
        EXPECT_GE(d.voxel, voxel) << "in the order of voxels, whatever their way";
        voxel = d.voxel;
      }
      last = d.number;
    }
  }
  for (const auto& [number, taken] : ways) EXPECT_EQ(taken.size(), 1u) << "a cluster goes one way";
  const auto flow = array_of<std::int64_t>(site, "ledger");
  const auto passed = [&](Kind from, int to) {
    return flow[static_cast<std::size_t>(static_cast<int>(from) * flow_width + to)];
  };
  std::int64_t born = 0, dead = 0, other = 0;
  std::map<Route, std::int64_t> departed;
  for (const Kind k : kinds_in(tumour_kinds)) {
    born += flow[static_cast<std::size_t>(static_cast<int>(Reservoir::born) * flow_width +
                                          static_cast<int>(k))];
    departed[Route::blood] += passed(k, static_cast<int>(Reservoir::blood));
    departed[Route::lymph] += passed(k, static_cast<int>(Reservoir::lymph));
    departed[Route::cavity] += passed(k, static_cast<int>(Reservoir::cavity));
    for (const Kind d : kinds_in(dead_kinds)) dead += passed(k, static_cast<int>(d));
    for (const Reservoir r : {Reservoir::left, Reservoir::pressed_out, Reservoir::cleared})
      other += passed(k, static_cast<int>(r));
  }
  Metrics m = metrics_of(site);
  for (const auto& [route, prefix] :
       {std::pair{Route::blood, ""}, {Route::lymph, "lymph_"}, {Route::cavity, "cavity_"}}) {
    EXPECT_EQ(departed[route], listed[route]) << name_of(route);
    EXPECT_EQ(static_cast<double>(departed[route]), m[std::string(prefix) + "departed_cells"]);
    EXPECT_GT(departed[route], 200) << name_of(route);
    EXPECT_GT(seconds[route], 0) << "second cells leave as well";
    EXPECT_GT(m[std::string(prefix) + "departed_clusters"], 0);
  }
  const std::int64_t away =
      departed[Route::blood] + departed[Route::lymph] + departed[Route::cavity];
  EXPECT_EQ(tumour_of(count_cells(site)) + away, start + born - dead - other);
  const TumourBalance balance = site.tumour();
  EXPECT_EQ(balance.departed, away);
  EXPECT_EQ(balance.cells, start + balance.births - balance.deaths - balance.departed);

  // They stay with their voxels, though stroma has gone from most of them.
  const auto now = array_of<std::uint8_t>(site, "lymphatic"),
             kind = array_of<std::uint8_t>(site, "kind");
  std::map<std::uint8_t, int> states;
  int bare = 0;
  for (std::size_t v = 0; v < now.size(); ++v) {
    EXPECT_EQ(now[v] == 0, first[v] == 0);
    states[now[v]] += 1;
    bare += now[v] != 0 && kind[v] != static_cast<std::uint8_t>(Kind::stroma) ? 1 : 0;
  }
  EXPECT_GT(states[1], 20);
  EXPECT_GT(states[2], 20);
  EXPECT_GT(bare, 100);
  EXPECT_EQ(m["lymphatics_working"], states[1]);
}

TEST(WaysOut, ThreadsAndRestartsLeaveNoTrace) {
  constexpr int steps = 120;
  Site reference(parameters_of(shedding), Executor::on_cpu(1));
  advance(reference, steps / 2 + 1);
  reference.take_departures();
  Site resumed(parameters_of(shedding, {"simulation.seed=4"}), Executor::on_cpu(2));
  EXPECT_NE(array_of<std::uint8_t>(resumed, "lymphatic"),
            array_of<std::uint8_t>(reference, "lymphatic"));
  Site again(parameters_of(shedding), Executor::on_cpu(2));
  advance(again, 2);
  restore(again, reference);
  again.take_departures();
  EXPECT_EQ(again.hash(), reference.hash());
  EXPECT_EQ(metrics_of(again)["lymphatics_working"], metrics_of(reference)["lymphatics_working"]);
  advance(reference, steps - steps / 2 - 1);
  advance(again, steps - steps / 2 - 1);
  EXPECT_EQ(again.hash(), reference.hash());
  EXPECT_EQ(state_of(again), state_of(reference));
  const std::vector<Departure> later = reference.take_departures();
  std::map<Route, int> by;
  for (const Departure& d : later) by[d.route] += 1;
  EXPECT_GT(by[Route::blood], 5);
  EXPECT_GT(by[Route::lymph], 5);
  EXPECT_GT(by[Route::cavity], 5);
  EXPECT_EQ(hash_of(again.take_departures()), hash_of(later));
  std::uint64_t all = 0;
  for (const Executor& executor : executors()) {
    Site site(parameters_of(shedding), executor);
    advance(site, steps);
    EXPECT_EQ(site.hash(), reference.hash()) << executor.description();
    EXPECT_EQ(state_of(site), state_of(reference)) << executor.description();
    const std::uint64_t hash = hash_of(site.take_departures());
    if (all == 0) all = hash;
    EXPECT_EQ(hash, all) << executor.description();
  }
}

// Off, they leave neither arrays nor bits; on, their byte is counted.
TEST(Lymphatics, OffLeaveNothing) {
  const std::vector<std::string> off{"lymphatics.enabled=false"};
  Site site(parameters_of(shedding, off), Executor::on_cpu(2)),
      other(parameters_of(shedding, {off[0], "lymphatics.rate=7 1/h", "lymphatics.share=1"}),
            Executor::on_cpu(2));
  advance(site, 40), advance(other, 40);
  EXPECT_EQ(site.hash(), other.hash());
  EXPECT_EQ(site.executor().memory_allocated(), other.executor().memory_allocated());
  for (const ArrayInfo& info : site.state_arrays()) EXPECT_NE(info.name, "lymphatic");
  for (const auto& [name, value] : metrics_of(site))
    EXPECT_EQ(name.find("lymph"), 0 + std::string::npos);
  const Site on(parameters_of(shedding, {"lymphatics.share=0.02"}), Executor::on_cpu(2));
  const Parameters &with = on.parameters(), &without = site.parameters();
  const std::size_t padded = 18 * 18 * 18;
  EXPECT_GE(estimate_device_bytes(with), estimate_device_bytes(without) + padded);
  EXPECT_LE(estimate_device_bytes(with), estimate_device_bytes(without) + 2 * padded);
  EXPECT_EQ(state_arrays_of(with).size(), state_arrays_of(without).size() + 1);
}

TEST(Lymphatics, NeedStroma) {
  try {
    parameters_of("tissue: {stroma: 0}\nlymphatics: {enabled: true}\n");
    ADD_FAILURE();
  } catch (const ConfigError& e) {
    EXPECT_NE(std::string(e.what()).find("tissue.stroma: 0.1"), std::string::npos) << e.what();
  }
  EXPECT_NO_THROW(parameters_of("tissue: {stroma: 0, cells: [{shape: sphere, kind: stroma, radius: "
                                "100 um}]}\nlymphatics: {enabled: true}\n"));
}

TEST(Lymphatics, TakeTheRateOfTheBloodWhereNoneIsGiven) {
  EXPECT_NEAR(parameters_of("lymphatics: {enabled: true}").lymphatics.rate, 0.02 / 60, 1e-12);
  EXPECT_NEAR(parameters_of("intravasation: {rate: 0.3 1/h}").lymphatics.rate, 0.3 / 60, 1e-12);
}

} // namespace
} // namespace metavox
