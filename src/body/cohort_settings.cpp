#include "body/cohort_settings.hpp"

#include "cells/arrival_rows.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {
namespace {

constexpr std::string_view observer_source = "assumed";

} // namespace

void describe(Section<SheddingParameters>& s) {
  using P = SheddingParameters;
  s.number(&P::fraction, "fraction")
      .between(0, 100)
      .normally("0.02")
      .means("What part of `rate` a lesion sheds.")
      .from(
          "fitted to how often cells are found in patients' blood; closes size, cells in blood and "
          "metastases at 10 mm")
      .preset(Preset::rat, "1", "Butler & Gullino 1975, Cancer Res 35:512");
  s.number(&P::rate, "rate", "1/min")
      .above(0, 1e9)
      .normally("1.676e6 1/day")
      .means("Cells that a lesion of `diameter` would shed: 3.2e6 a gram and day of 0.524 g.")
      .from("3.2e6 a gram and day in a growing rat carcinoma, Butler & Gullino 1975, Cancer Res "
            "35:512; per gram, so that `diameter` goes with it");
  s.number(&P::diameter, "diameter", "um")
      .above(0, 1e6)
      .normally("10 mm")
      .means("At which `rate` holds.")
      .from("a choice: the size that studies quote");
  s.number(&P::exponent, "exponent")
      .between(0, 1)
      .normally("0.3333333333333333")
      .means("a: shedding goes with the number of cells to the power 1 - a; a third is a surface.")
      .from("derived: with shedding by volume the risk up to a size rises too steeply for 2,648 "
            "patients (Koscielny et al. 1984, Br J Cancer 49:709)")
      .preset(Preset::rat, "0", "per gram, as it was measured");
  s.number(&P::clusters, "clusters")
      .a_share()
      .normally("0.026")
      .means("Share of departures that are clusters.")
      .from("2 to 5 % of what circulates, Aceto et al. 2014, Cell 158:1110; the value is what a "
            "lattice gives with an edge of 0.03 that neighbours come along");
  s.integer(&P::cluster_size, "cluster_size")
      .between(2, 15)
      .normally("2")
      .means("Cells of a cluster.")
      .from("assumed: the smallest, which are the most");
}

void describe(Section<LodgedParameters>& s) {
  describe_adhesion(s);
  describe_loss(s, "Rate at which lodged cells flow on, into the chamber behind the organ.");
}

void describe(Section<CrossingParameters>& s) {
  using P = CrossingParameters;
  s.number(&P::out, "out", "1/min")
      .above(0, 1e3)
      .normally("1.6 1/day")
      .means("Rate at which adherent cells come out, divided by the organ's barrier.")
      .from(crossing_source);
  describe_death_of_adherent(s);
  s.number(&P::proteinase, "proteinase")
      .between(0, 1000)
      .normally("1")
      .means(
          "M, how much of proteinases cells have that were shed: they come out at 1.1 M/(M + 0.1) "
          "times `out`, as cells do on a lattice by the factor of that trait.")
      .from("1 is the factor of cells without traits; that it saturates so is assumed");
}

void describe(Section<ColonisationParameters>& s) {
  using P = ColonisationParameters;
  describe_beginning(s);
  s.number(&P::human, "human")
      .a_share()
      .derived("that of the primary, body.primaries[].human",
               [](const ColonisationParameters&) { return -1.0; })
      .example("0.005")
      .means("What is left of that in a patient. Means nothing outside the product of the three, "
             "which with soil and host is at most `begin`.")
      .from("fitted: one metastasis per some 6e7 departed cells, Coumans et al. 2013, BMC Cancer "
            "13:283, and size against metastasis; breast");
  s.number(&P::dormant, "dormant")
      .a_share()
      .normally("0.45")
      .means("Of landed cells, those that lie asleep and will not found a lesion.")
      .from(dormant_source);
  s.number(&P::asleep, "asleep")
      .a_share()
      .derived("0.9 where body.primary is breast, 0.4 for others")
      .example("0.9")
      .means("Of cells that will found a lesion, those that sleep first.")
      .from("fitted to half of the relapses after five years (Tjensvoll et al. 2019) and to the "
            "shape "
            "of late relapse (Pan et al. 2017, N Engl J Med 377:1836) of breast; others assumed");
  describe_waking(s);
  describe_inflamed_factor(s);
}

void describe(Section<LesionParameters>& s) {
  using P = LesionParameters;
  s.choice(&P::growth, "growth", {"exponential", "radial"})
      .normally("exponential")
      .means("Law by which lesions grow: by a doubling time, as human tumours are followed, or by "
             "their radius, which continues a fast clone's lattice. Not interchangeable: risk by "
             "size goes with diameter^(3(1-a)), radial with one power more.")
      .from("assumed: exponential for patients");
  s.number(&P::density, "density", "1/um^3")
      .above(0)
      .normally("1.25e-4 1/um^3")
      .means("Tumour cells in a volume.")
      .from("one in a voxel of 20 um; about 1e8/cm^3 in Del Monte 2009, Cell Cycle 8:505");
  s.number(&P::doubling, "doubling", "min")
      .above(0)
      .normally("160 day")
      .means("Median doubling time of a primary's volume.")
      .from("breast: 157 days in mammography at 50 to 70 years, 80 below, 188 above; 164 in "
            "three-dimensional ultrasound");
  s.number(&P::doubling_spread, "doubling_spread")
      .between(0, 3)
      .normally("0.5")
      .means("Standard deviation of its logarithm between patients.")
      .from("the same: 80 to 210 days, 66 to 521");
  s.number(&P::ratio, "ratio")
      .above(0, 100)
      .normally("2.2")
      .means("Doubling time of a primary over that of its metastases.")
      .from("fitted on 2,648 patients, Koscielny et al. 1985, Br J Cancer 52:457");
  s.number(&P::early, "early")
      .above(0, 1)
      .normally("0.15")
      .means("Doubling time of a metastasis of less than `avascular` cells, over its later one.")
      .from("derived: with one rate throughout nothing that begins as one cell is seen after six "
            "years, and no share of sleepers meets early and late relapses both");
  s.number(&P::death, "death", "1/min")
      .between(0, 1)
      .normally("0 1/day")
      .example("0.2 1/day")
      .means("Rate at which the cells of a lesion of less than 1000 die, and are made up for by "
             "births: small lesions may die out by chance. For bodies followed hour by hour.")
      .from("assumed: none, as the chance of a landed cell to found a lesion counts those that "
            "last; with 0.076 a day nine of ten would die out");
  s.number(&P::avascular, "avascular")
      .above(1, 1e9)
      .normally("3.6e4")
      .means("Cells at which a lesion waits for vessels; below it sheds nothing.")
      .from("a sphere of 0.8 mm");
  s.number(&P::vessels, "vessels", "min")
      .between(0, 1e9)
      .normally("180 day")
      .means("Mean time that a metastasis waits there; 0: none.")
      .from("assumed");
  s.number(&P::linear_above, "linear_above", "um")
      .above(0, 1e7)
      .normally("50 mm")
      .means("Above this diameter it is the diameter that grows at a constant rate.")
      .from("assumed");
  s.number(&P::radial_fastest, "radial_fastest", "1/min")
      .above(0, 1)
      .normally("0.67 1/day")
      .means("Radial: the rate that cells cannot exceed.")
      .from("derived from lattice runs of the fast clone, before growth by pressure");
  s.number(&P::radial_rate, "radial_rate", "1/min")
      .above(0, 1)
      .normally("1.12 1/day")
      .means("Radial: r of dN/dt = N r / (1 + (N/N_s)^(1/3)).")
      .from("fitted: metavox calibrate counters, days 0 to 6 of the primary of "
            "configs/metastasis.yaml, "
            "seeds 1 and 2");
  s.number(&P::radial_cells, "radial_cells")
      .above(0, 1e9)
      .normally("540")
      .means("Radial: N_s.")
      .from("the same");
}

void describe(Section<LymphParameters>& s) {
  using P = LymphParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("true")
      .means("Cells leave by lymph too, to a node.")
      .from(sources::run_choice);
  s.number(&P::share, "share")
      .between(0, 100)
      .normally("0")
      .example("0.02")
      .means("Of a body followed hour by hour: cells that leave a lesion by lymph per cell that "
             "leaves it by blood, of the primary and, with reseeding, of its metastases. How many "
             "leave a lattice by it the lattice says; 0: lymph is not followed.")
      .from("a choice: not followed; 0.02 is assumed, the share of stroma that is lymphatics. How "
            "many lesions nodes get does not depend on it: `competence` is per cell by blood");
  s.number(&P::dwell, "dwell", "min")
      .above(0, 1e7)
      .normally("12 h")
      .means("Mean time that a cell stays in a node, there.")
      .from("assumed");
  s.number(&P::pass, "pass")
      .between(0, 0.999)
      .normally("0.1")
      .means("Share of cells that a node lets through, to the next one or into the veins; of the "
             "others some found a lesion.")
      .from("assumed");
  s.number(&P::competence, "competence")
      .between(0, 1)
      .normally("1.75e-6")
      .means("Lesions founded in nodes per cell that leaves by blood.")
      .from("fitted: a third of breast primaries of 15 mm have a node above `positive`");
  s.number(&P::spread, "spread")
      .between(0, 5)
      .normally("2.5")
      .means("Standard deviation of the logarithm of a patient's own factor for nodes, beside "
             "host.spread; mean 1.")
      .from(
          "assumed, so that the share of patients with nodes rises slowly with size (Carter et al. "
          "1989, Cancer 63:181)");
  s.number(&P::blood, "blood")
      .between(0, 10)
      .normally("0.03")
      .means("A node's lesion sheds into blood what another of its size does, times this.")
      .from(
          "fitted: with 0.1, which would be as good a guess, patients with cells in blood relapse "
          "three times as often as the others, not 1.9 times (Janni et al. 2016); 0.5 would make "
          "lymph the main way, against Knijn et al. 2016");
  s.integer(&P::nodes, "nodes")
      .between(1, P::most_nodes)
      .normally("2")
      .means("Nodes with a lesion each, the first that are founded; what comes later is part of "
             "them.")
      .from("assumed: one node after the other up to the thoracic duct");
  s.number(&P::positive, "positive", "um")
      .above(0, 1e6)
      .normally("2 mm")
      .means("Diameter from which a node's lesion counts at removal.")
      .from("definition of a macrometastasis");
}

void describe(Section<HostParameters>& s) {
  using P = HostParameters;
  s.number(&P::spread, "spread")
      .between(0, 5)
      .normally("1.2")
      .means("Standard deviation of the logarithm of what patients make of landed cells; mean 1.")
      .from("fitted to size against metastasis of 2,648 patients, beside the spread of doubling "
            "times (1.3 without it)");
  s.number(&P::nk, "nk")
      .between(0, 100)
      .normally("1")
      .means("Status of NK cells: multiplies lodged.nk.")
      .from("definition");
  s.number(&P::age, "age", "min")
      .above(0)
      .normally("60 years")
      .means("Mean age at removal.")
      .from("assumed");
  s.number(&P::age_spread, "age_spread", "min")
      .between(0, 1e9)
      .normally("12 years")
      .means("Its standard deviation.")
      .from("assumed");
  s.number(&P::mortality, "mortality", "1/min")
      .between(0, 1)
      .normally("0.006 1/year")
      .means("Rate of other deaths at the age of 60.")
      .from("assumed");
  s.number(&P::mortality_slope, "mortality_slope", "1/min")
      .above(0, 1)
      .normally("0.095 1/year")
      .means("How fast the logarithm of that rate rises.")
      .from("assumed: doubles in 7.3 years");
  s.list(&P::inflammation, "inflammation", describe)
      .means("Periods of inflammation, an infection for example, in which sleepers wake "
             "fate.inflamed_factor times faster.")
      .example("{from: 1 year, until: 1.02 years, every: 0.5 years}");
}

void describe(Section<ObserverParameters>& s) {
  using P = ObserverParameters;
  s.number(&P::diameter, "diameter", "um")
      .above(0, 1e6)
      .normally("22 mm")
      .means("Median diameter at which primaries are found, and removed with nothing left.")
      .from(observer_source, ": breast");
  s.number(&P::diameter_spread, "diameter_spread")
      .between(0, 2)
      .normally("0.55")
      .means("Standard deviation of its logarithm.")
      .from(observer_source, "; the rate ratio of patients with cells in blood rises with it");
  s.boolean(&P::removes, "removes")
      .normally("true")
      .means("The primary is removed when it is found. Without, it goes on to grow and to shed for "
             "as long as the patient could live, or until `horizon`.")
      .from(sources::run_choice);
  s.number(&P::symptom, "symptom", "um")
      .above(0, 1e6)
      .normally("30 mm")
      .means("Diameter at which a metastasis is noticed between visits.")
      .from(observer_source);
  s.number(&P::horizon, "horizon", "min")
      .above(0, 1e8)
      .normally("20 years")
      .means("Time that patients are followed: visits every three months for two years, every six "
             "to year five, then once a year.")
      .from(observer_source);
  s.number(&P::sample, "sample", "um^3")
      .above(0)
      .normally("7.5 mL")
      .means("Blood drawn at removal.")
      .from("of the usual test");
  s.number(&P::aspirate, "aspirate")
      .a_share()
      .normally("2.7e-5")
      .means("Of the marrow's sleeping cells, those in an aspirate.")
      .from("fitted: 31 % of patients positive, Braun et al. 2005, N Engl J Med 353:793");
}

} // namespace metavox
