// Cells that come with the blood: where they lodge, what happens to them in the vessel against
// closed forms, where they land and what they are then, that none is lost, and that nothing of it
// depends on threads or restarts.

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "cells/arrested.hpp"
#include "core/errors.hpp"
#include "core/random.hpp"
#include "support.hpp"
#include "vessels/berths.hpp"
#include "vessels/lodging.hpp"
#include "voxel/ledger.hpp"

namespace metavox {
namespace {

using namespace support;

const Lattice cube{20, 20, 20, 20};

ArrestParameters arrest(const std::vector<std::string>& overrides = {}) {
  return parameters_of("domain: {voxels: [20, 20, 20], spacing: 20 um}\n", overrides).arrest;
}

Cell tumour_cell(Kind kind = Kind::mesenchymal) {
  Cell c;
  c.kind = kind;
  c.clock = clock_zero;
  return c;
}

// What is left of so many singles or clusters after some time, in steps of 30 minutes.
Arrested held_after(const ArrestParameters& p, int groups, std::size_t size, Berth berth,
                    double hours, double step = 0.5, std::uint64_t seed = 5) {
  Arrested held(p, cube, seed);
  for (int n = 0; n < groups; ++n)
    held.add(std::vector<Cell>(size, tumour_cell()), berth, 0, 0, 0, 0);
  for (std::uint64_t k = 0; static_cast<double>(k) * step < hours - 1e-9; ++k)
    held.advance(step * 60, k);
  EXPECT_TRUE(held.balanced());
  return held;
}
double counted(const Arrested& held, Arrested::Counter c) {
  return static_cast<double>(held.counted(c));
}

// ---- in the vessel

// One cell: which of four risks comes first, and when.
TEST(Arrest, RisksOfSinglesFollowTheClosedForm) {
  const double a = 0.0041, nk = 0.37, other = 0.036, release = 0.1, all = a + nk + other + release;
  constexpr int n = 200000;
  for (const double step : {0.5, 3.0}) { // an exact law does not know the step
    const Arrested held = held_after(arrest({"arrest.out=0 1/min", "arrest.death=0 1/min"}), n, 1,
                                     Berth::lodged, 3, step, 7);
    const double gone = 1 - std::exp(-all * 3);
    const auto near = [&](Arrested::Counter c, double share) {
      EXPECT_NEAR(counted(held, c), n * share, 3 * std::sqrt(n * share * (1 - share))) << c;
    };
    near(Arrested::killed, gone * nk / all);
    near(Arrested::died_lodged, gone * other / all);
    near(Arrested::released, gone * release / all);
    near(Arrested::adhered, gone * a / all);
    EXPECT_EQ(static_cast<double>(held.count(Berth::lodged)) + counted(held, Arrested::killed) +
                  counted(held, Arrested::died_lodged) + counted(held, Arrested::released) +
                  counted(held, Arrested::adhered),
              n);
  }
}

// Where no cell flows on: 1 % adhere, and without NK cells 10.2 times as many.
TEST(Arrest, WithoutNKCellsTenTimesAsManyAdhere) {
  constexpr int n = 400000;
  const auto adhere = [](double status) {
    return counted(held_after(arrest({"arrest.release=0 1/min",
                                      "arrest.nk_status=" + std::to_string(status)}),
                              n, 1, Berth::lodged, 400, 10),
                   Arrested::adhered) /
           n;
  };
  const double with = adhere(1), without = adhere(0);
  const auto sd = [](double p) { return std::sqrt(p * (1 - p) / n); };
  EXPECT_NEAR(with, 0.0041 / 0.4101, 3 * sd(0.01));
  EXPECT_NEAR(without, 0.0041 / 0.0401, 3 * sd(0.1));
  EXPECT_NEAR(without / with, 10.2, 10.2 * 3 * sd(0.01) / 0.01);
}

// A cluster adheres whole, or breaks and its cells go on alone; both deaths are shielded.
TEST(Arrest, ClustersLeaveNineteenToFortyEightTimesTheAdherentCells) {
  constexpr int groups = 200000;
  const double alone = 0.0041 / 0.4101;
  for (const std::size_t size : {2, 3, 4, 5}) {
    const Arrested held =
        held_after(arrest({"arrest.release=0 1/min", "arrest.out=0 1/min", "arrest.death=0 1/min"}),
                   groups, size, Berth::lodged, 2000, 50, 1);
    const double whole = 0.0041 + 0.406 / 20 + 0.02, n = static_cast<double>(size);
    const double per_cluster = (0.0041 * n + 0.02 * n * alone) / whole;
    // Of the number that one leaves: n with p, else a binomial of those that parted.
    const double square = (0.0041 * n * n + 0.02 * n * alone * (1 + (n - 1) * alone)) / whole;
    const double sd = std::sqrt((square - per_cluster * per_cluster) / groups);
    const double found = counted(held, Arrested::adhered) / groups;
    EXPECT_NEAR(found, per_cluster, 3 * sd) << size;
    EXPECT_GT(found / alone, 19 * 0.98);
    EXPECT_LT(found / alone, 48.5 * 1.02);
    EXPECT_NEAR(found / alone, 9.7 * n, 0.3 * n) << size;
    EXPECT_NEAR(counted(held, Arrested::broken), groups * 0.02 / whole,
                3 * std::sqrt(groups * 0.25));
    EXPECT_EQ(held.count(Berth::adherent), counted(held, Arrested::adhered));
  }
}

TEST(Arrest, ClustersFlowOnTogether) {
  Arrested held =
      held_after(arrest({"arrest.release=1 1/h", "arrest.nk=0 1/h", "arrest.other=0 1/h",
                         "arrest.adhesion=0 1/h", "arrest.break_up=0 1/h"}),
                 500, 3, Berth::lodged, 100, 1);
  EXPECT_EQ(held.size(), 0u);
  EXPECT_EQ(held.counted(Arrested::released), 1500);
  EXPECT_EQ(held.counted(Arrested::releases), 500);
  std::map<std::int64_t, int> size;
  for (const Departure& d : held.take_released()) {
    size[d.number] += 1;
    EXPECT_EQ(d.slot, slot_of_released);
    EXPECT_EQ(d.route, Route::blood);
    EXPECT_EQ(d.cell.kind, Kind::mesenchymal);
  }
  EXPECT_EQ(size.size(), 500u);
  for (const auto& [number, n] : size) EXPECT_EQ(n, 3);
  EXPECT_TRUE(held.take_released().empty());
}

// Of adherent cells out/(out + death) come out in the end; MT1-MMP opens the way.
TEST(Arrest, CrossingFollowsProteinaseBarrierAndInhibitor) {
  constexpr int n = 100000;
  const auto out = [&](const std::vector<std::string>& overrides, int proteinase) {
    Arrested held(arrest(overrides), cube, 3);
    Cell c = tumour_cell();
    c.traits = std::uint64_t{static_cast<std::uint8_t>(proteinase)} << 16;
    for (int k = 0; k < n; ++k) held.add({c}, Berth::adherent, 0, 0, 0, 0);
    for (std::uint64_t k = 0; k < 48; ++k) held.advance(60, k);
    EXPECT_TRUE(held.balanced());
    return counted(held, Arrested::crossed) / n;
  };
  const auto expected = [](double rate) { // 1/day; two days
    return rate / (rate + 0.4) * (1 - std::exp(-2 * (rate + 0.4)));
  };
  const double sd = std::sqrt(0.25 / n);
  EXPECT_NEAR(out({}, 0), expected(1.6), 3 * sd);
  EXPECT_NEAR(out({"arrest.barrier=2.5"}, 0), expected(0.64), 3 * sd);
  EXPECT_NEAR(out({"arrest.inhibitor=60 nM"}, 0), expected(0.4), 3 * sd);
  const double m = std::exp(-0.02 * 100);
  EXPECT_NEAR(out({}, -100), expected(1.6 * 1.1 * m / (m + 0.1)), 3 * sd);
}

// ---- in a site

// Nothing happens by itself in the tissue; what is put there stays as it is.
std::string quiet(const std::string& vessels, const std::string& more, int voxels = 20) {
  const std::string edge = std::to_string(voxels);
  return "simulation: {duration: 100 day}\ndomain: {voxels: [" + edge + ", " + edge + ", " + edge +
         "], spacing: 20 um}\n"
         "cycle: {enabled: false}\ntransition: {enabled: false}\nquiescence: {enabled: false}\n"
         "oxygen: {enabled: false}\ngrowth: {mobility: 0 um^2/kPa/day}\nmigration: {enabled: "
         "false}\n"
         "death: {necrosis: false, apoptosis: 0 1/min, apoptosis_share: 0, anoikis: 0 1/min}\n"
         "tissue: {parenchyma: 0, stroma: 0}\n"
         "vessels: " +
         vessels + "\n" + more;
}
const char* const grid = "{pattern: grid, spacing: 100 um, radius: 4 um}";
const char* const straight = "{pattern: lines, lines: [{from: [0 um, 210 um, 210 um], to: [400 um, "
                             "210 um, 210 um], radius: 4 um}]}";
const char* const all_asleep = "landing: {begin: 0, dormant: 1, waking: 1e9 day}\n";

// 10^4 adherent cells at a barrier of 1: 0.8 (1 - exp(-6)) of them are out on day 3; with C = K_I
// it is 2/3 (1 - exp(-3.6)).
TEST(ArrestInASite, FourInFiveAdherentCellsAreOutsideByDayThree) {
  for (const auto& [inhibitor, wanted] : {std::pair{"0 nM", 0.798}, {"20 nM", 0.6485}}) {
    Site site = simulation_of(
        quiet(grid, std::string("arrivals: {enabled: true, cells: 10000, state: adherent}\n") +
                        all_asleep),
        {std::string("arrest.inhibitor=") + inhibitor});
    advance(site, 720);
    auto m = metrics_of(site);
    EXPECT_EQ(m["arrived_cells"], 10000);
    const double out = m["crossed_cells"] / 10000;
    EXPECT_NEAR(out, wanted, 3 * std::sqrt(wanted * (1 - wanted) / 10000)) << inhibitor;
    EXPECT_NEAR(out, wanted, 0.03);
    EXPECT_EQ(m["held_adherent"] + m["adherent_died"] + m["crossed_cells"], 10000);
    EXPECT_EQ(m["landed_cells"], tumour_of(count_cells(site)));
    EXPECT_EQ(m["landed_cells"] + m["held_outside"], m["crossed_cells"]);
  }
}

// They come one after the other over the time that is set.
TEST(ArrestInASite, CellsComeOverTheTimeThatIsSet) {
  Site site = simulation_of(quiet(
      grid, "arrivals: {enabled: true, cells: 1000, from: 6 h, over: 20 h, cluster_size: 4, "
            "mesenchymal: 0.25}\narrest: {adhesion: 0 1/h, nk: 0 1/h, other: 0 1/h, release: 0 "
            "1/h, break_up: 0 1/h}\n"));
  advance(site, 60);
  EXPECT_EQ(metrics_of(site)["arrived_cells"], 0);
  for (int hour = 1; hour <= 20; ++hour) {
    advance(site, 10);
    EXPECT_NEAR(metrics_of(site)["arrived_cells"], 50 * hour, 4);
  }
  advance(site, 200);
  EXPECT_EQ(metrics_of(site)["held_lodged"], 1000);
  std::map<std::int64_t, std::vector<std::size_t>> clusters;
  const auto group = array_of<std::int64_t>(site, "held_group");
  const auto voxel = array_of<std::int64_t>(site, "held_voxel");
  const auto clone = array_of<std::uint16_t>(site, "held_clone");
  for (std::size_t n = 0; n < group.size(); ++n) clusters[group[n]].push_back(n);
  EXPECT_EQ(clusters.size(), 250u);
  std::set<std::uint16_t> labels;
  for (const auto& [number, cells] : clusters) {
    EXPECT_EQ(cells.size(), 4u);
    labels.insert(clone[cells.front()]);
    for (const std::size_t n : cells) {
      EXPECT_EQ(voxel[n], voxel[cells.front()]);
      EXPECT_EQ(clone[n], clone[cells.front()]);
    }
  }
  EXPECT_EQ(labels.size(), 250u) << "a label each";
  const auto kind = array_of<std::uint8_t>(site, "held_kind");
  const auto m_like = std::count(kind.begin(), kind.end(), std::uint8_t{4});
  EXPECT_NEAR(static_cast<double>(m_like), 250, 3 * std::sqrt(1000 * 0.25 * 0.75));
}

const char* const frozen_in_vessels =
    "arrest: {adhesion: 0 1/h, nk: 0 1/h, other: 0 1/h, release: 0 1/h}\n";

// The vessels of a site, as its arrays have them.
VesselGraph graph_of(const Site& site) {
  VesselGraph graph(cube);
  const auto copy = [&](const char* name, auto& values) {
    values = array_of<typename std::remove_reference_t<decltype(values)>::value_type>(site, name);
  };
  VesselGraph::Nodes& n = graph.nodes();
  copy("vessel_node_x", n.x), copy("vessel_node_y", n.y), copy("vessel_node_z", n.z);
  copy("vessel_node_sprout", n.sprout), copy("vessel_node_end", n.end);
  copy("vessel_node_end_pressure", n.end_pressure);
  copy("vessel_node_end_oxygen", n.end_oxygen), copy("vessel_node_pressure", n.pressure);
  n.end_flow.assign(n.x.size(), 0), n.end_haematocrit.assign(n.x.size(), -1);
  VesselGraph::Segments& s = graph.segments();
  copy("vessel_from", s.from), copy("vessel_to", s.to), copy("vessel_radius", s.radius);
  copy("vessel_born", s.born), copy("vessel_idle", s.idle);
  copy("vessel_generation", s.generation), copy("vessel_sprout", s.sprout);
  copy("vessel_flags", s.flags), copy("vessel_flow", s.flow);
  copy("vessel_haematocrit", s.haematocrit);
  s.membrane.assign(s.from.size(), 1);
  graph.rebuild();
  return graph;
}

// chi^2 of the numbers in segments against shares, less its expectation, in standard deviations.
double chi2_score(const std::vector<std::int32_t>& segment, const std::vector<double>& share) {
  std::vector<double> found(share.size(), 0.0);
  for (const std::int32_t s : segment) found[static_cast<std::size_t>(s)] += 1;
  const auto n = static_cast<double>(segment.size());
  double chi2 = 0, bins = -1, rest = 0, rest_found = 0;
  for (std::size_t k = 0; k < share.size(); ++k) {
    if (n * share[k] < 5) {
      rest += n * share[k], rest_found += found[k];
      if (share[k] <= 0) {
        EXPECT_EQ(found[k], 0) << "nobody lodges in segment " << k;
      }
      continue;
    }
    chi2 += (found[k] - n * share[k]) * (found[k] - n * share[k]) / (n * share[k]);
    bins += 1;
  }
  if (rest > 5) chi2 += (rest_found - rest) * (rest_found - rest) / rest, bins += 1;
  EXPECT_GT(bins, 10);
  return (chi2 - bins) / std::sqrt(2 * bins);
}

std::vector<double> shares_of(const Lodging& lodging, std::size_t segments) {
  std::vector<double> share(segments, 0.0);
  for (const Lodging::Stretch& s : lodging.stretches())
    share[static_cast<std::size_t>(s.segment)] += s.lost;
  return share;
}

// For certain, where `lodge` says that those lodge who do; and by a face, where cells do that come
// by the inlets within a voxel of it.
TEST(ArrestInASite, CellsLodgeWhereTheFlowTakesThem) {
  // Hexagons: forks, and flows that differ; blood runs along z.
  const char* const bed = "{pattern: hexagonal, spacing: 60 um, layers: 120 um, radius: 5 um}";
  for (const char* inlet : {"every", "-z", "-x"}) {
    Site site =
        simulation_of(quiet(bed, std::string("arrivals: {enabled: true, cells: 20000, inlet: ") +
                                     inlet + "}\n" + frozen_in_vessels));
    site.step();
    const VesselGraph graph = graph_of(site);
    const auto near_x = [&](std::int32_t n) { return graph.position(n)[0] < 20; };
    std::vector<std::int32_t> inlets, near;
    for (std::int32_t n = 0; n < graph.node_count(); ++n)
      if (graph.nodes().end[static_cast<std::size_t>(n)] == 1) {
        inlets.push_back(n);
        if (near_x(n)) near.push_back(n);
      }
    ASSERT_EQ(inlets.size(), 12u);
    ASSERT_EQ(near.size(), 3u);
    const LodgingParameters& settings = site.parameters().lodging;
    const Lodging lodging(graph, settings,
                          std::string(inlet) == "-x" ? near : std::vector<std::int32_t>{});
    ASSERT_GT(lodging.lodged(), 0.02);
    std::vector<double> share = shares_of(lodging, graph.segments().from.size());
    for (double& x : share) x /= lodging.lodged();
    const auto segment = array_of<std::int32_t>(site, "held_segment");
    EXPECT_EQ(segment.size(), 20000u);
    EXPECT_LT(std::abs(chi2_score(segment, share)), 4) << inlet;
    const auto voxel = array_of<std::int64_t>(site, "held_voxel");
    for (std::size_t n = 0; n < voxel.size(); ++n)
      EXPECT_TRUE(runs_through(graph, segment[n], voxel[n]) || ends_at(graph, segment[n], voxel[n]))
          << n;
    // What comes by each inlet adds up to what comes by all.
    std::vector<double> sum(share.size(), 0.0);
    const Lodging every(graph, settings);
    for (const std::int32_t n : inlets) {
      const Lodging one(graph, settings, {n});
      const std::vector<double> part = shares_of(one, share.size());
      for (std::size_t k = 0; k < sum.size(); ++k)
        sum[k] += part[k] * one.entering() / every.entering();
    }
    const std::vector<double> whole = shares_of(every, share.size());
    for (std::size_t k = 0; k < sum.size(); ++k) EXPECT_NEAR(sum[k], whole[k], 1e-12);
  }
}

// Two vessels, blood enters the one at -x and the other at +x: who comes by a face lodges in its
// own.
TEST(ArrestInASite, CellsComeByTheInletThatIsNamed) {
  const char* const two =
      "{pattern: lines, lines: [{from: [0 um, 110 um, 210 um], to: [400 um, 110 um, 210 um], "
      "radius: 4 um}, {from: [400 um, 310 um, 210 um], to: [0 um, 310 um, 210 um], radius: 4 um}]}";
  const auto rows = [&](const char* inlet) {
    Site site =
        simulation_of(quiet(two, std::string("arrivals: {enabled: true, cells: 400, inlet: ") +
                                     inlet + "}\n" + frozen_in_vessels));
    site.step();
    std::map<int, int> by_y;
    for (const std::int64_t v : array_of<std::int64_t>(site, "held_voxel"))
      by_y[cube.voxel_at(v).y] += 1;
    return by_y;
  };
  EXPECT_EQ(rows("-x"), (std::map<int, int>{{5, 400}}));
  EXPECT_EQ(rows("+x"), (std::map<int, int>{{15, 400}}));
  EXPECT_EQ(rows("every").size(), 2u);
}

// ---- landing

Arrival outside(std::int64_t voxel, std::uint16_t flags = 0) {
  Arrival a;
  a.berth = Berth::outside;
  a.voxel = voxel;
  a.cells = {tumour_cell()};
  a.cells[0].flags = flags;
  a.fate_is_drawn = (flags & fate_flags) == 0;
  return a;
}

TEST(Landing, FatesAreDrawnInTheirShares) {
  const Arrested held(arrest(), cube, 11);
  const auto rule = [](const std::vector<std::string>& overrides) {
    return landing_rule(
        parameters_of("domain: {voxels: [20, 20, 20], spacing: 20 um}\n", overrides).landing, 6);
  };
  const LandingRule plain = rule({}), many = rule({"landing.competent=0.02", "landing.asleep=0.3"});
  EXPECT_NEAR(plain.competent, 0.025 * 0.01 * 0.005, 1e-12);
  constexpr int n = 200000;
  std::map<std::string, double> found;
  std::vector<double> time;
  for (int k = 0; k < n; ++k) {
    Held h{};
    h.number = k;
    h.cell = tumour_cell();
    h.cell.flags = flag_stem | flag_hypoxic;
    const Cell c = held.with_fate(h, many);
    EXPECT_NE(c.flags & flag_hypoxic, 0);
    const bool competent = (c.flags & flag_competent) != 0, limited = (c.flags & flag_limited) != 0,
               asleep = (c.flags & flag_dormant) != 0, doomed = (c.flags & flag_doomed) != 0;
    EXPECT_EQ(competent + limited + doomed, 1);
    EXPECT_EQ(competent, (c.flags & flag_stem) != 0)
        << "only those that go on may renew themselves";
    found["competent"] += competent;
    found["asleep first"] += competent && asleep;
    found["abortive"] += limited && !asleep;
    found["dormant"] += limited && asleep;
    found["doomed"] += doomed;
    if (limited) found["capacity " + std::to_string(c.capacity)] += 1;
    if (doomed) time.push_back(c.timer * 6 / 1440.0);
    const Cell usual = held.with_fate(h, plain);
    found["dormant by default"] += (usual.flags & (flag_dormant | flag_competent)) == flag_dormant;
  }
  const auto near = [&](const char* what, double share) {
    EXPECT_NEAR(found[what], n * share, 3 * std::sqrt(n * share * (1 - share))) << what;
  };
  near("competent", 0.02), near("asleep first", 0.006), near("abortive", 0.005);
  near("dormant", 0.45), near("doomed", 0.525), near("dormant by default", 0.45);
  for (const char* c : {"capacity 1", "capacity 2", "capacity 3", "capacity 4"}) near(c, 0.455 / 4);
  EXPECT_EQ(found.count("capacity 0") + found.count("capacity 5"), 0u);
  // Uniform between day 3 and 13.
  double mean = 0, square = 0;
  for (const double t : time) mean += t / static_cast<double>(time.size());
  for (const double t : time) square += (t - mean) * (t - mean) / static_cast<double>(time.size());
  EXPECT_NEAR(mean, 8, 0.03);
  EXPECT_NEAR(square, 100.0 / 12, 0.1);
  EXPECT_GE(*std::min_element(time.begin(), time.end()), 3);
  EXPECT_LE(*std::max_element(time.begin(), time.end()), 13);
}

// All alive on day 3, none on day 13, and none has divided, whatever the cycle.
TEST(Landing, DoomedCellsDieBetweenDayThreeAndThirteen) {
  Site site =
      simulation_of(quiet(straight, "arrivals: {enabled: true}\nlanding: {begin: 0, dormant: "
                                    "0}\n"),
                    {"cycle.enabled=true", "cycle.epithelial=10 h", "cycle.mesenchymal=10 h",
                     "quiescence.enabled=true", "death.apoptosis=0.2 1/day"});
  std::vector<Arrival> all;
  for (int n = 0; n < 300; ++n) all.push_back(outside(13 * n));
  site.arrive(all);
  std::map<int, std::int64_t> alive; // by day
  for (int day = 1; day <= 13; ++day) {
    advance(site, 240);
    alive[day] = tumour_of(count_cells(site));
  }
  EXPECT_EQ(metrics_of(site)["landed_doomed"], 300);
  EXPECT_EQ(alive[3], 300);
  EXPECT_LT(alive[4], 300);
  EXPECT_NEAR(static_cast<double>(alive[8]), 150, 3 * std::sqrt(75.0));
  EXPECT_GT(alive[12], 0);
  advance(site, 1); // they landed within the first step
  EXPECT_EQ(tumour_of(count_cells(site)), 0);
  EXPECT_EQ(metrics_of(site)["deaths_doomed"], 300);
  EXPECT_EQ(metrics_of(site)["births"], 0);
}

const std::vector<std::string> lively{"cycle.enabled=true", "cycle.epithelial=10 h",
                                      "cycle.mesenchymal=10 h", "migration.enabled=true",
                                      "transition.enabled=true"};

// Who sleeps neither divides nor moves, turns or leaves; it wakes at its rate, and then it lives.
TEST(Landing, SleepersStayWhatAndWhereTheyAreUntilTheyWake) {
  std::vector<Arrival> all;
  std::vector<std::int64_t> where;
  for (int n = 0; n < 400; ++n) {
    where.push_back(std::int64_t{19} * n + 3);
    all.push_back(outside(where.back(), flag_competent | flag_dormant));
  }
  for (const char* waking : {"1e9 day", "2 day"}) {
    std::vector<std::string> overrides = lively;
    overrides.push_back(std::string("landing.waking=") + waking);
    overrides.emplace_back("death.apoptosis=0.2 1/day");
    Site site = simulation_of(
        quiet(straight,
              "arrivals: {enabled: true}\nintravasation: {enabled: true, rate: 10 1/h}\n"),
        overrides);
    site.arrive(all);
    advance(site, 1);
    EXPECT_EQ(metrics_of(site)["asleep"], 400);
    const auto before = array_of<std::uint8_t>(site, "kind");
    const auto clocks = array_of<std::uint16_t>(site, "clock");
    advance(site, 240);
    auto m = metrics_of(site);
    const auto kinds = array_of<std::uint8_t>(site, "kind");
    const auto flags = array_of<std::uint16_t>(site, "flags");
    int asleep = 0;
    for (const std::int64_t v : where) {
      const auto i = static_cast<std::size_t>(v);
      if ((flags[i] & flag_dormant) == 0) continue;
      ++asleep;
      EXPECT_EQ(kinds[i], before[i]);
    }
    EXPECT_EQ(m["asleep"], asleep) << "each where it was";
    if (std::string(waking) == "2 day") {
      EXPECT_NEAR(asleep, 400 * std::sqrt(0.5), 3 * std::sqrt(400 * 0.7071 * 0.2929));
      EXPECT_GT(m["births"], 50);
      EXPECT_GT(m["departed_cells"], 0);
    } else {
      EXPECT_EQ(asleep, 400);
      EXPECT_EQ(m["births"], 0);
      EXPECT_EQ(m["departed_cells"], 0);
      EXPECT_EQ(array_of<std::uint16_t>(site, "clock"), clocks);
    }
  }
}

TEST(Landing, InflammationWakesTenTimesAsFast) {
  const auto left = [](const char* inflamed) {
    Site site = simulation_of(quiet(
        straight, std::string("arrivals: {enabled: true}\nlanding: {waking: 10 day, inflamed: ") +
                      inflamed + "}\n"));
    std::vector<Arrival> all;
    for (int n = 0; n < 1000; ++n)
      all.push_back(outside(std::int64_t{7} * n + 3, flag_competent | flag_dormant));
    site.arrive(all);
    advance(site, 241);
    return metrics_of(site)["asleep"];
  };
  EXPECT_NEAR(left("true"), 500, 3 * std::sqrt(250.0));
  EXPECT_NEAR(left("false"), 1000 * std::pow(0.5, 0.1), 3 * std::sqrt(65.0));
}

// A cell with three divisions leaves eight and no more, with stem cells or without; they are spent
// and die at their rate.
TEST(Landing, LimitedLineagesEndWithTwoToTheirCapacity) {
  for (const char* stem : {"false", "true"}) {
    std::vector<std::string> overrides = lively;
    overrides.push_back(std::string("stem.enabled=") + stem);
    overrides.emplace_back("transition.enabled=false");
    overrides.emplace_back("landing.spent=0 1/min");
    overrides.emplace_back("stem.senescent_removal=0 1/min");
    Site site = simulation_of(quiet(straight, "arrivals: {enabled: true}\n"), overrides);
    std::vector<Arrival> all;
    for (int n = 0; n < 40; ++n) {
      all.push_back(outside(std::int64_t{197} * n + 3, flag_limited));
      all.back().cells[0].clone = static_cast<std::uint16_t>(n + 1);
      all.back().cells[0].capacity = static_cast<std::uint8_t>(1 + n % 4);
    }
    site.arrive(all);
    advance(site, 240 * 5);
    std::map<int, int> size;
    const auto clone = array_of<std::uint16_t>(site, "clone");
    const auto kind = array_of<std::uint8_t>(site, "kind");
    for (std::size_t v = 0; v < kind.size(); ++v)
      if (is_tumour(static_cast<Kind>(kind[v]))) size[clone[v]] += 1;
    const auto second = array_of<std::uint16_t>(site, "excess_clone");
    for (const std::uint16_t c : second) size[c] += 1;
    for (int n = 0; n < 40; ++n) EXPECT_EQ(size[n + 1], 2 << (n % 4)) << n;
    EXPECT_EQ(metrics_of(site)["births"], 10 * (1 + 3 + 7 + 15));
  }
}

TEST(Landing, SpentCellsDieAtTheirRate) {
  Site site =
      simulation_of(quiet(straight, "arrivals: {enabled: true}\nlanding: {spent: 0.5 1/day}\n"));
  std::vector<Arrival> all;
  for (int n = 0; n < 1000; ++n) all.push_back(outside(std::int64_t{7} * n + 3, flag_limited));
  site.arrive(all);
  advance(site, 1 + 480);
  auto m = metrics_of(site);
  EXPECT_NEAR(m["deaths_senescent"], 1000 * (1 - std::exp(-1)), 3 * std::sqrt(1000 * 0.2325));
  EXPECT_EQ(m["deaths_senescent"] + m["tumour_cells"], 1000);
}

// In the vessel's own voxel; once that is taken beside it; then as second cells; then they wait.
TEST(Landing, AFullBedMakesCellsWaitAndLosesNone) {
  Site site = simulation_of(quiet(straight, "arrivals: {enabled: true}\n"));
  const std::int64_t middle = cube.number(10, 10, 10);
  const auto land = [&](int n) {
    for (int k = 0; k < n; ++k) site.arrive({outside(middle, flag_competent | flag_dormant)});
    advance(site, 5);
    return metrics_of(site);
  };
  const auto kind = [&](int x, int y, int z) {
    return array_of<std::uint8_t>(site, "kind")[static_cast<std::size_t>(cube.number(x, y, z))];
  };
  EXPECT_EQ(land(1)["landed_cells"], 1);
  EXPECT_EQ(kind(10, 10, 10), 4) << "its own first";
  auto m = land(6);
  EXPECT_EQ(m["landed_cells"], 7);
  EXPECT_EQ(m["excess_cells"], 0);
  for (const auto& [x, y, z] :
       {std::array{9, 10, 10}, {11, 10, 10}, {10, 9, 10}, {10, 11, 10}, {10, 10, 9}, {10, 10, 11}})
    EXPECT_EQ(kind(x, y, z), 4);
  // Second cells find free voxels and make room; so the whole box is filled.
  std::vector<std::uint8_t> kinds(8000, 1);
  site.write("kind", kinds.data());
  site.set_clock(site.steps());
  m = land(7);
  EXPECT_EQ(m["landed_cells"], 14);
  EXPECT_EQ(m["excess_cells"], 7);
  m = land(20);
  EXPECT_EQ(m["landed_cells"], 14);
  EXPECT_EQ(m["held_outside"], 20);
  advance(site, 200);
  m = metrics_of(site);
  EXPECT_EQ(m["held_outside"], 20);
  EXPECT_EQ(m["excess_cells"], 7);
  // Once there is room they land.
  kinds.assign(8000, 0);
  site.write("kind", kinds.data());
  site.set_clock(site.steps());
  advance(site, 50);
  m = metrics_of(site);
  EXPECT_EQ(m["held_outside"], 0);
  EXPECT_EQ(m["landed_cells"], 34);
  EXPECT_EQ(tumour_of(count_cells(site)), 27) << "seven of them were overwritten by this test";
}

// A lumen that fills voxels: cells land beside it.
TEST(Landing, IsBesideALumen) {
  Site site = simulation_of(
      quiet("{pattern: lines, lines: [{from: [0 um, 210 um, 210 um], to: [400 um, 210 um, 210 um], "
            "radius: 30 um}]}",
            "arrivals: {enabled: true}\n"));
  std::vector<Arrival> all;
  for (int n = 0; n < 12; ++n) {
    Arrival a = outside(cube.number(10, 10, 10));
    a.berth = Berth::adherent;
    all.push_back(a);
  }
  site.arrive(all);
  advance(site, 2000);
  auto m = metrics_of(site);
  EXPECT_GT(m["landed_cells"], 4);
  EXPECT_EQ(m["held_outside"] + m["held_adherent"], 0);
}

// ---- vessels change

// Whatever number a segment has got, its cells are still in it; where there is none any more they
// are outside.
TEST(ArrestInASite, CellsFollowTheVesselsThatHoldThem) {
  Site site = simulation_of(quiet(straight, std::string("arrivals: {enabled: true, cells: 300}\n") +
                                                frozen_in_vessels + all_asleep));
  site.step();
  const auto segment = array_of<std::int32_t>(site, "held_segment");
  const auto turn_round = [&](const char* name, auto example) {
    auto values = array_of<decltype(example)>(site, name);
    std::reverse(values.begin(), values.end());
    site.write(name, values.data(), static_cast<std::int64_t>(values.size()));
  };
  turn_round("vessel_from", std::int32_t{}), turn_round("vessel_to", std::int32_t{});
  turn_round("vessel_flow", double{});
  site.set_clock(site.steps());
  advance(site, 5);
  const auto later = array_of<std::int32_t>(site, "held_segment");
  ASSERT_EQ(later.size(), 300u);
  for (std::size_t n = 0; n < 300; ++n) EXPECT_EQ(later[n], 19 - segment[n]);
  // The vessel is elsewhere.
  auto y = array_of<double>(site, "vessel_node_y");
  for (double& v : y) v = 90;
  site.write("vessel_node_y", y.data(), static_cast<std::int64_t>(y.size()));
  site.set_clock(site.steps());
  advance(site, 5);
  auto m = metrics_of(site);
  EXPECT_EQ(m["held_lodged"], 0);
  EXPECT_EQ(m["landed_cells"] + m["held_outside"], 300);
  EXPECT_GT(m["landed_cells"], 100);
}

// ---- a tumour that sheds, and cells that come

const char* const both_ways = R"(
simulation: {name: arrivals, seed: 3, duration: 30 day}
domain: {voxels: [16, 16, 16], spacing: 20 um}
tissue:
  parenchyma: 0.4
  stroma: 0.1
  cells:
    - {shape: sphere, kind: epithelial, radius: 90 um, mesenchymal_fraction: 0.4}
transition: {emt: 1e-3 1/min, met: 1e-3 1/min}
mutation: {probability: 0.3}
stem: {enabled: true, fraction: 0.5}
vegf: {enabled: true, hypoxic_secretion: 1 molecules/s/cell}
sprouting: {enabled: true, rate: 5e-3 1/min, maturation_age: 6 h, radius: 6 um}
regression: {enabled: true, patience: 12 h}
vessels: {pattern: grid, spacing: 110 um, radius: 5 um, check: true}
intravasation: {enabled: true, rate: 0.2 1/h, clustering: 0.5, healing: 2 h}
arrivals: {enabled: true, cells: 3000, over: 4 day, cluster_size: 3}
arrest: {adhesion: 0.2 1/h}
landing: {competent: 0.02, asleep: 0.5, begin: 0.3, waking: 1 day, doomed_from: 0.5 day, doomed_until: 2 day}
)";

// What there is and what went is what there was and what came: the run itself would stop at a step
// where it is not.
TEST(Arrest, LedgerIsExactOverAThousandSteps) {
  Site site(parameters_of(both_ways), Executor::on_cpu(2));
  const std::int64_t start = tumour_of(count_cells(site));
  std::int64_t departed = 0, released = 0, last = -1;
  for (int n = 0; n < 1000; ++n) {
    if (n % 100 == 7) { // others bring some more
      Arrival a = outside(static_cast<std::int64_t>(
          draw(1, Purpose::test, static_cast<std::uint64_t>(n), 0).word[0] % 4096));
      site.arrive({a, a});
    }
    site.step();
    for (const Departure& d : site.take_departures()) {
      (d.slot == slot_of_released ? released : departed) += 1;
      EXPECT_TRUE(is_tumour(d.cell.kind));
      EXPECT_TRUE(d.number == last || d.number == last + 1) << d.number << " after " << last;
      last = d.number;
    }
  }
  const auto flow = array_of<std::int64_t>(site, "ledger");
  const auto passed = [&](int from, int to) {
    return flow[static_cast<std::size_t>(from * flow_width + to)];
  };
  std::int64_t born = 0, came = 0, left = 0, dead = 0, other = 0;
  for (const Kind k : kinds_in(tumour_kinds)) {
    const int code = static_cast<int>(k);
    born += passed(static_cast<int>(Reservoir::born), code);
    came += passed(static_cast<int>(Reservoir::arrived), code);
    left += passed(code, static_cast<int>(Reservoir::blood));
    for (const Kind d : kinds_in(dead_kinds)) dead += passed(code, static_cast<int>(d));
    for (const Reservoir r : {Reservoir::left, Reservoir::pressed_out, Reservoir::cleared})
      other += passed(code, static_cast<int>(r));
  }
  auto m = metrics_of(site);
  EXPECT_EQ(tumour_of(count_cells(site)) + left, start + born + came - dead - other);
  EXPECT_EQ(static_cast<double>(came), m["landed_cells"]);
  EXPECT_EQ(left, departed);
  EXPECT_EQ(static_cast<double>(released), m["arrived_released"] + m["arrived_passed"]);
  EXPECT_EQ(m["arrived_cells"], 3020);
  EXPECT_EQ(m["held_lodged"] + m["held_adherent"] + m["held_outside"] + m["landed_cells"] +
                m["arrived_released"] + m["arrived_passed"] + m["lodged_killed"] +
                m["lodged_died"] + m["adherent_died"],
            3020);
  EXPECT_GT(came, 500);
  EXPECT_GT(departed, 200);
  EXPECT_GT(released, 100);
  EXPECT_GT(m["deaths_doomed"], 20);
  EXPECT_GT(array_of<std::int32_t>(site, "vessel_from").size(), 300u);
}

TEST(Arrest, ThreadsAndRestartsLeaveNoTrace) {
  constexpr int steps = 300;
  const auto visit = [](Site& site) {
    Arrival a = outside(1234);
    Arrival b;
    b.cells = {tumour_cell(), tumour_cell(Kind::epithelial)};
    site.arrive({a, b, a});
  };
  Site reference(parameters_of(both_ways), Executor::on_cpu(1));
  advance(reference, steps / 2 + 1);
  visit(reference);
  EXPECT_GT(array_of<std::int64_t>(reference, "held_number").size(), 30u);
  Site resumed(parameters_of(both_ways), Executor::on_cpu(2));
  advance(resumed, 2);
  restore(resumed, reference);
  EXPECT_EQ(resumed.hash(), reference.hash());
  advance(reference, steps - steps / 2 - 1);
  advance(resumed, steps - steps / 2 - 1);
  EXPECT_EQ(resumed.hash(), reference.hash());
  EXPECT_EQ(state_of(resumed), state_of(reference));
  for (const Executor& executor : executors()) {
    Site site(parameters_of(both_ways), executor);
    advance(site, steps / 2 + 1);
    visit(site);
    advance(site, steps - steps / 2 - 1);
    EXPECT_EQ(site.hash(), reference.hash()) << executor.description();
    EXPECT_EQ(state_of(site), state_of(reference)) << executor.description();
  }
}

// What a step does is told at its end: a run that goes on from a checkpoint keeps the rows up to
// its time, and those of the step after it come again.
TEST(Arrest, EventsCarryTheEndOfTheirStep) {
  Site site(parameters_of(both_ways), Executor::on_cpu(1));
  site.take_events();
  std::set<std::string> told;
  for (int n = 0; n < 300; ++n) {
    site.step();
    for (const Event& e : site.take_events()) {
      EXPECT_EQ(e.time, site.time()) << e.what;
      told.insert(e.what);
    }
  }
  for (const char* what : {"arrival", "first_landing", "founder"})
    EXPECT_EQ(told.count(what), 1u) << what;
}

// The list is part of the hash: another cell in it is another state.
TEST(Arrest, TheHashKnowsWhoIsHeld) {
  Site site = simulation_of(quiet(grid, "arrivals: {enabled: true, cells: 20}\n"));
  site.step();
  const std::uint64_t before = site.hash();
  auto traits = array_of<std::uint64_t>(site, "held_traits");
  ASSERT_FALSE(traits.empty());
  traits[0] ^= 1;
  site.write("held_traits", traits.data(), static_cast<std::int64_t>(traits.size()));
  EXPECT_NE(site.hash(), before);
}

// Off, it leaves neither arrays nor bits.
TEST(Arrest, OffLeavesNothing) {
  const std::string off = "arrivals.enabled=false";
  Site site(parameters_of(both_ways, {off}), Executor::on_cpu(2)),
      other(parameters_of(both_ways, {off, "arrest.nk=7 1/h", "landing.dormant=0"}),
            Executor::on_cpu(2));
  advance(site, 40), advance(other, 40);
  EXPECT_EQ(site.hash(), other.hash());
  for (const ArrayInfo& info : site.state_arrays())
    EXPECT_EQ(info.name.rfind("held_", 0) == 0 || info.name.rfind("arriv", 0) == 0, false)
        << info.name;
  EXPECT_EQ(metrics_of(site).count("arrived_cells"), 0u);
  EXPECT_THROW(site.arrive({outside(0)}), std::invalid_argument);
}

// ---- what cannot be

std::string refusal(const std::string& yaml) {
  try {
    simulation_of(yaml);
  } catch (const std::exception& e) {
    return e.what();
  }
  return "taken";
}

TEST(Arrest, RefusesWhatCannotBe) {
  const std::string box = "domain: {voxels: [20, 20, 20], spacing: 20 um}\n",
                    on = "arrivals: {enabled: "
                         "true, cells: 5";
  const std::string bed = std::string("vessels: ") + grid + "\n";
  const auto names = [&](const std::string& yaml, const char* what) {
    const std::string said = refusal(yaml);
    EXPECT_NE(said.find(what), std::string::npos) << said;
  };
  names(box + on + "}\n", "needs vessels to come by");
  names(box + bed + "flow: {enabled: false}\n" + on + "}\n", "flow.enabled is false");
  names(box + bed + on + ", inlet: portal}\n", "neither every nor a face");
  names(box + bed + on + ", inlet: +y}\n", "there is no inlet on face +y");
  names(box + "vessels: {pattern: grid, spacing: 100 um, radius: 9 um}\n" + on + "}\n",
        "no cell could lodge");
  names(box + bed + on + "}\nlanding: {begin: 0.6, dormant: 0.6}\n", "add up to 1.2");
  names(box + bed + on + "}\nlanding: {competent: 0.5}\n", "must not be above landing.begin");
  names(box + bed + on + "}\nlanding: {doomed_until: 300 day}\n", "landing.doomed_until takes");
  EXPECT_EQ(refusal(box + bed + on + "}\n"), "taken");

  Site site = simulation_of(quiet(straight, "arrivals: {enabled: true}\n"));
  const auto refused = [&](auto change) {
    Arrival a = outside(0);
    change(a);
    EXPECT_THROW(site.arrive({a}), std::invalid_argument);
  };
  refused([](Arrival& a) { a.voxel = 8000; });
  refused([](Arrival& a) { a.voxel = -1; });
  refused([](Arrival& a) { a.cells.clear(); });
  for (const std::int32_t node : {1, 20, 21}) // its outlet, within the vessel, nowhere
    refused([&](Arrival& a) { a.berth = Berth::lodged, a.voxel = -1, a.inlet = node; });
  refused([](Arrival& a) { a.berth = Berth::lodged; }); // no vessel there
  refused([](Arrival& a) { a.cells[0].kind = Kind::stroma; });
  refused([](Arrival& a) { a.fate_is_drawn = false; });
}

} // namespace
} // namespace metavox
