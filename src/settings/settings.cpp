#include "settings/settings.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <system_error>
#include <type_traits>

#include "settings/config.hpp"
#include "settings/expression.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"
#include "voxel/kind.hpp"

namespace metavox {
namespace {

using Words = std::vector<std::string_view>;

template <class E>
const Words& words_of();
template <>
const Words& words_of<Preset>() {
  static const Words words{"default", "physicell", "analytic"};
  return words;
}
template <>
const Words& words_of<Uptake>() {
  static const Words words{"michaelis_menten", "first_order", "constant"};
  return words;
}
template <>
const Words& words_of<Relaxation>() {
  static const Words words{"steady", "transient"};
  return words;
}
template <>
const Words& words_of<CycleLaw>() {
  static const Words words{"owen", "physicell"};
  return words;
}
template <>
const Words& words_of<AdhesionRule>() {
  static const Words words{"bonds", "neighbour_count"};
  return words;
}
template <>
const Words& words_of<Shape>() {
  static const Words words{"sphere", "box", "layer"};
  return words;
}
template <>
const Words& words_of<MatrixPattern>() {
  static const Words words{"uniform", "layers", "fibres"};
  return words;
}
template <>
const Words& words_of<VesselPattern>() {
  static const Words words{"none", "lines", "grid", "pair", "hexagonal", "file"};
  return words;
}
template <>
const Words& words_of<PhaseSeparation>() {
  static const Words words{"none", "velocity", "pries"};
  return words;
}
template <>
const Words& words_of<EndRole>() {
  static const Words words{"inlet", "outlet"};
  return words;
}
template <>
const Words& words_of<Compression>() {
  static const Words words{"none", "lz4", "zlib"};
  return words;
}

template <class T>
Slot slot_of(T& member) {
  if constexpr (std::is_enum_v<T>)
    return WordSlot{reinterpret_cast<std::uint8_t*>(&member), &words_of<T>()};
  else
    return &member;
}

struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool above = false;
};
constexpr Range from(double low, double high) { return {low, high, false}; }
constexpr Range above(double low, double high) { return {low, high, true}; }
constexpr Range any_value{};
constexpr Range fraction = from(0, 1);

using SlotFunction = Slot (*)(Parameters&, std::size_t);

// The token of the member gives the key and the access to it, so that neither can go astray.
#define AT(member) #member, [](Parameters & p, std::size_t) { return slot_of(p.member); }
#define IN(list, member)                                                                           \
#list "[]." #member, [](Parameters & p, std::size_t i) { return slot_of(p.list[i].member); }

class Table {
public:
  Setting& add(Type type, const char* key, SlotFunction slot, std::string fallback,
               std::string meaning, std::string source) {
    Setting s;
    s.key = key;
    s.type = type;
    s.fallback = std::move(fallback);
    s.meaning = std::move(meaning);
    s.source = std::move(source);
    s.slot = slot;
    rows_.push_back(std::move(s));
    return rows_.back();
  }
  // A number with a unit; unit "" for pure numbers.
  Setting& number(const char* key, SlotFunction slot, std::string unit, std::string fallback,
                  const Range& range, std::string meaning, std::string source,
                  Type type = Type::quantity) {
    Setting& s = add(type, key, slot, std::move(fallback), std::move(meaning), std::move(source));
    s.unit = std::move(unit);
    s.low = range.low;
    s.high = range.high;
    s.above_low = range.above;
    return s;
  }
  Setting& integer(const char* key, SlotFunction slot, std::string fallback, const Range& range,
                   std::string meaning, std::string source) {
    return number(key, slot, "", std::move(fallback), range, std::move(meaning), std::move(source),
                  Type::integer);
  }
  Setting& boolean(const char* key, SlotFunction slot, std::string fallback, std::string meaning,
                   std::string source) {
    return add(Type::boolean, key, slot, std::move(fallback), std::move(meaning),
               std::move(source));
  }
  Setting& word(const char* key, SlotFunction slot, std::string fallback, std::string meaning,
                std::string source) {
    return add(Type::word, key, slot, std::move(fallback), std::move(meaning), std::move(source));
  }
  Setting& axis(const char* key, SlotFunction slot, std::string fallback, std::string meaning,
                std::string source) {
    Setting& s = word(key, slot, std::move(fallback), std::move(meaning), std::move(source));
    s.words = {"x", "y", "z"};
    return s;
  }
  Setting& point(const char* key, SlotFunction slot, std::string fallback, std::string meaning,
                 std::string source) {
    Setting& s = number(key, slot, "um", std::move(fallback), any_value, std::move(meaning),
                        std::move(source), Type::point);
    s.example = "[500 um, 500 um, 500 um]";
    return s;
  }
  std::vector<Setting> take() { return std::move(rows_); }

private:
  std::vector<Setting> rows_;
};

// Papers and codes that several settings share.
const std::string owen = "Owen et al. 2011, Cancer Res 71:2826, value as coded in "
                         "Owen11Parameters.cpp of github.com/jmsgrogan/MicrovesselChaste";
const std::string franssen =
    "Franssen, Lorenzi, Burgess & Chaplain 2019, Bull Math Biol 81:1965, "
    "doi:10.1007/s11538-019-00597-x (numbers from the tables of MetaSpread, "
    "github.com/alfredohernandezinostroza/MetaSpread)";
const std::string physicell = "Ghaffarizadeh et al. 2018, PLoS Comput Biol 14:e1005991, "
                              "doi:10.1371/journal.pcbi.1005991";
const std::string gell = "Gell, PLoS ONE 18(7):e0288721 (2023), Definitions.h, which repeats "
                         "the hanging-drop example of PhysiCell";
const std::string arcade = "ARCADE, parameter.patch.xml, github.com/bagherilab/ARCADE";
const std::string spqsp = "SPQSP_IO_TNBC, param_all.xml, github.com/popellab/SPQSP_IO_TNBC";
const std::string enderling =
    "scheme of Poleszczuk & Enderling 2014, Appl Math 5:144, doi:10.4236/am.2014.51017";
const std::string carreau =
    "Carreau et al. 2011, J Cell Mol Med 15:1239, doi:10.1111/j.1582-4934.2011.01258.x";
const std::string connor = "Connor et al. 2015, J R Soc Interface 12:20150546, value as coded in "
                           "Connor17Parameters.cpp of "
                           "github.com/jmsgrogan/MicrovesselChaste";
const std::string anderson_chaplain =
    "Anderson & Chaplain 1998, Bull Math Biol 60:857, doi:10.1006/bulm.1998.0042 (quoted from "
    "memory and from re-implementations)";
const std::string qspio = "QSPIO-TNBC, parameters_TNBC.m, github.com/HanwenWang95/QSPIO-TNBC";
const std::string protection =
    "Alon et al. 1995, Nat Med 1:1024; Benjamin et al. 1999, J Clin Invest 103:159";
const std::string adhesion_papers = "rule of the Khain 2007 and Deroulers 2009 type";
const std::string run_choice = "assumed: a choice of the run, not of biology";

void add_run(Table& t) {
  t.add(Type::text, AT(simulation.name), "", "Name of the run in titles and logs.", run_choice)
      .derived = "the name of the configuration file";
  t.word(AT(simulation.preset), "default",
         "Set of defaults to start from; settings written out win over it.",
         "assumed: default is this program's model; physicell and analytic exist to compare with "
         "other codes and with closed forms");
  t.add(Type::seed, AT(simulation.seed), "1",
        "Number from which all random draws follow; the same seed repeats the run bit for bit.",
        run_choice);
  t.number(AT(simulation.duration), "min", "30 day", from(0, 1e9), "Simulated time of the run.",
           run_choice)
      .example = "14 day";

  t.number(AT(domain.voxels), "", "[100, 100, 100]", from(1, 65535),
           "Voxels along x, y and z; give this or domain.size.",
           "assumed: 2 mm at the default spacing, room for a tumour of some 1 mm", Type::extents);
  Setting& size = t.add(
      Type::point, "domain.size", [](Parameters&, std::size_t) { return Slot{}; }, "",
      "Edges of the box, whole multiples of domain.spacing; give this or domain.voxels.",
      run_choice);
  size.unit = "um";
  size.derived = "domain.voxels times domain.spacing";
  size.example = "[2 mm, 2 mm, 2 mm]";
  size.low = 0;
  size.above_low = true;
  t.number(AT(domain.spacing), "um", "20 um", from(0.1, 1000),
           "Edge of a voxel, which holds one cell at most.",
           "assumed, near one epithelial cell: a full lattice is then 1.25e8 cells/cm^3, against "
           "about 1e8 in Del Monte 2009, Cell Cycle 8:505");

  t.number(AT(time.step), "min", "6 min", above(0, 1440),
           "Time between updates of fields and cell states.",
           "phenotype step of PhysiCell, " + physicell);
  Setting& vessel_step =
      t.number(AT(time.vessel_step), "min", "", above(0, 1e6),
               "Time between updates of vessels: sprouts, flow, regression; whole steps of "
               "time.step.",
               "step of the vessels in " + owen);
  vessel_step.derived = "30 min, or the whole number of steps nearest to that";
  vessel_step.example = "30 min";
  t.integer(AT(time.motility_substeps), "3", from(1, 10000),
            "Rounds of cell movement in one step; more of them make each jump less probable.",
            "assumed: rounds of 2 min keep the jump probabilities of the fastest cells below 0.3");

  t.integer(AT(fields.coarsen), "1", from(1, 4),
            "Edge of a field voxel in tissue voxels: 1, 2 or 4; must divide the extents.",
            "assumed: 1 is exact; fields vary over some 100 um, so 2 is safe at 20 um spacing")
      .words = {"1", "2", "4"};
  t.integer(AT(fields.max_cycles), "60", from(1, 100000),
            "V-cycles a field may take before its solve counts as failed.",
            "assumed: several times what the hardest solves need");
}

void add_oxygen(Table& t) {
  t.boolean(AT(oxygen.enabled), "true", "Oxygen is solved and cells respond to it.",
            "assumed: off is for closed-form checks");
  t.word(AT(oxygen.relaxation), "steady",
         "steady: in balance with the cells at every step; transient: followed in time.",
         "diffusion over 110 um takes about 0.1 min, far less than a step");
  t.number(AT(oxygen.substep), "min", "0.1 min", above(0, 1440),
           "Time step of a transient oxygen field; at most time.step.",
           "assumed: the time in which oxygen diffuses over its own length");
  t.number(AT(oxygen.diffusivity), "um^2/min", "1.2e5 um^2/min", above(0, 1e9),
           "Diffusion coefficient of oxygen in tissue.",
           "Grimes et al. 2014, J R Soc Interface 11:20131124 (quoted from memory); between the "
           "1e5 of PhysiCell, " +
               physicell + ", and the 1.45e5 of " + owen);
  t.number(AT(oxygen.decay), "1/min", "0 1/min", from(0, 1e6),
           "First-order loss of oxygen everywhere, with or without cells.",
           "assumed: tissue consumes oxygen through its cells alone")
      .example = "0.1 1/min";
  t.word(AT(oxygen.uptake), "michaelis_menten",
         "Law of uptake: saturating, proportional to the pressure, or constant while oxygen lasts.",
         "Grimes, Fletcher & Partridge 2014, R Soc Open Sci 1:140080 (PMC4448765), who compare "
         "saturating with constant uptake");
  t.number(AT(oxygen.consumption), "mol/s/cell", "7.0e-17 mol/s/cell", from(0, 1e-12),
           "Oxygen that a proliferating tumour cell takes up where there is plenty.",
           "derived from the spheroids of Grimes et al. 2014, J R Soc Interface 11:20131124: 22.1 "
           "mmHg/s times the solubility times the 2494 um^3 of a cell");
  t.number(AT(oxygen.solubility), "fmol/um^3/mmHg", "1.31e-6 fmol/um^3/mmHg", above(0, 1),
           "Oxygen dissolved per volume and pressure.",
           arcade +
               "; Secomb et al. 2004, Ann Biomed Eng 32:1519, use 3.1e-5 mL/mL/mmHg (1.38e-6)");
  Setting& rate = t.number(
      AT(oxygen.first_order_rate), "1/min", "", from(0, 1e9),
      "Uptake rate in a voxel that one proliferating cell fills; only for uptake first_order.",
      "10/min in a cell of 2494 um^3, both from " + physicell);
  rate.derived = "10/min times 2494 um^3 over the voxel's volume: 3.1175 1/min at 20 um";
  rate.example = "3.1175 1/min";
  t.number(AT(oxygen.half_saturation), "mmHg", "2.5 mmHg", from(0, 1000),
           "Pressure at which uptake is half of its maximum; 0 makes it constant.",
           "from memory of the literature, which spans 0.5 to 4 mmHg; to be verified");
  t.number(AT(oxygen.quiescent_factor), "", "0.5", from(0, 100),
           "Uptake of resting tumour cells relative to proliferating ones.",
           "assumed: resting cells respire less; explore 0.1 to 1");
  t.number(AT(oxygen.normal_factor), "", "0.5", from(0, 100),
           "Uptake of normal cells (parenchyma and stroma) relative to proliferating tumour cells.",
           "assumed: explore 0.1 to 1");
  t.number(AT(oxygen.immune_factor), "", "0.1", from(0, 100),
           "Uptake of T cells relative to proliferating tumour cells.",
           "immune cells of the cancer_immune sample of PhysiCell, " + physicell);
  t.number(AT(oxygen.vessel_pressure), "mmHg", "40 mmHg", from(0, 760),
           "Oxygen pressure inside perfused capillaries.",
           "assumed for capillaries at haematocrit 0.45; " + owen + " has 20 mmHg as reference");
  t.number(AT(oxygen.wall_permeability), "um/min", "6e4 um/min", from(0, 1e9),
           "Permeability of the capillary wall to oxygen.", owen + " (6 cm/min)");
  t.boolean(AT(oxygen.tissue_supply), "true",
            "Normal tissue is supplied by capillaries too fine to draw, so that it keeps "
            "tissue_pressure on its own.",
            "assumed: the tissue around a tumour lives without the vessels of the lattice");
  t.number(AT(oxygen.tissue_pressure), "mmHg", "52 mmHg", from(0, 760),
           "Pressure in the healthy organ; 52 mmHg is breast.",
           carreau + " (organ table; breast value from memory)");
  t.number(AT(oxygen.arterial_pressure), "mmHg", "95 mmHg", from(0, 760),
           "Pressure of the blood that feeds the homogenised supply.",
           "assumed: textbook arterial blood at rest");
  t.number(AT(oxygen.medium_pressure), "mmHg", "140 mmHg", from(0, 760),
           "Pressure of the culture medium in voxels without cells; only with medium_exchange.",
           "assumed: medium in balance with humid air that holds 5 % carbon dioxide");
  t.number(AT(oxygen.medium_exchange), "1/min", "0 1/min", from(0, 1e9),
           "Rate at which stirred medium brings empty voxels to medium_pressure; 0: no medium.",
           "assumed: tissue, not culture, is the default")
      .example = "100 1/min";
  t.number(AT(oxygen.tolerance), "mmHg", "1e-3 mmHg", above(0, 100), "Error allowed in a solve.",
           "assumed: a thousandth of the narrowest threshold that cells respond to");
  Setting& faces =
      t.number(AT(oxygen.faces), "mmHg", "", from(0, 760),
               "Outer faces: no_flux, a pressure for all, or a map of x_low ... z_high; faces left "
               "out of the map keep the default.",
               "assumed: the box lies inside a healthy organ", Type::faces);
  faces.derived = "oxygen.tissue_pressure on all six";
  faces.example = "38 mmHg";
  Setting& initial =
      t.number(AT(oxygen.initial), "mmHg", "", from(0, 760), "Pressure everywhere at the start.",
               "assumed: healthy tissue; a steady field forgets it at once");
  initial.derived = "oxygen.tissue_pressure";
  initial.example = "38 mmHg";
  t.number(AT(oxygen.frozen), "mmHg", "none", from(0, 760),
           "Prescribes oxygen instead of solving it: a formula in x, y, z (um) with a unit, or "
           "{file, array} of a .vti file.",
           "assumed: off; it serves closed-form checks", Type::frozen)
      .example = "\"(40 + 0.01*x) mmHg\"";
}

void add_chemicals(Table& t) {
  t.boolean(AT(glucose.enabled), "false", "Glucose is solved and limits cells through ATP.",
            "assumed: oxygen alone is the default limit");
  t.number(AT(glucose.diffusivity), "um^2/min", "2.3e3 um^2/min", above(0, 1e9),
           "Diffusion coefficient of glucose in tissue.",
           arcade + " (39 um^2/s); 110 um^2/s is in use as well");
  t.number(AT(glucose.consumption), "mol/s/cell", "3.5e-16 mol/s/cell", from(0, 1e-11),
           "Glucose that a proliferating tumour cell takes up where there is plenty.",
           "assumed: five times its molar oxygen uptake, as under hypoxia");
  t.number(AT(glucose.half_saturation), "mM", "0.04 mM", from(0, 1000),
           "Concentration at which uptake is half of its maximum.",
           "assumed: small against plasma, so that uptake saturates");
  t.number(AT(glucose.plasma), "mM", "5 mM", from(0, 1000), "Glucose in blood plasma.", arcade);
  t.number(AT(glucose.wall_permeability), "um/min", "180 um/min", from(0, 1e9),
           "Permeability of the capillary wall to glucose.",
           "assumed: that of small drug molecules in this model");
  t.number(AT(glucose.quiescence_atp), "", "0.25", fraction,
           "Share of the ATP made in normal oxygen and plasma glucose below which cells rest.",
           "assumed: rest begins well before starvation");
  t.number(AT(glucose.necrosis_atp), "", "0.1", fraction,
           "Share of that ATP below which cells die at death.necrosis_rate.",
           "assumed: under half of what makes them rest");
  t.number(AT(glucose.tolerance), "mM", "1e-4 mM", above(0, 100), "Error allowed in a solve.",
           "assumed: small against half_saturation");
  t.number(AT(glucose.faces), "mM", "no_flux", from(0, 1000),
           "Outer faces: no_flux, a concentration for all, or a map of x_low ... z_high.",
           "assumed: glucose comes from vessels", Type::faces)
      .example = "5 mM";
  Setting& initial =
      t.number(AT(glucose.initial), "mM", "", from(0, 1000),
               "Concentration everywhere at the start.", "assumed: tissue in balance with plasma");
  initial.derived = "glucose.plasma";
  initial.example = "5 mM";
  t.number(AT(glucose.frozen), "mM", "none", from(0, 1000),
           "Prescribes glucose instead of solving it: a formula in x, y, z (um) with a unit, or "
           "{file, array}.",
           "assumed: off; it serves closed-form checks", Type::frozen)
      .example = "\"(5 - 0.001*z) mM\"";

  t.boolean(AT(proteinase.enabled), "true",
            "M-like cells secrete MMP-2, which diffuses and dissolves matrix.",
            "two-enzyme picture of " + franssen);
  t.number(AT(proteinase.diffusivity), "um^2/min", "6 um^2/min", from(0, 1e9),
           "Diffusion coefficient of MMP-2.",
           franssen + " (1e-9 cm^2/s); slow because MMP-2 binds collagen, Collier 2011, PLoS One "
                      "6:e24029, doi:10.1371/journal.pone.0024029");
  t.number(AT(proteinase.secretion), "1/min", "2.9e-4 1/min", from(0, 1e6),
           "MMP-2 that an M-like cell releases into its voxel, in scaled amounts.",
           franssen + " (0.195 in 4e4 s)");
  t.number(AT(proteinase.decay), "1/min", "1.5e-4 1/min", from(0, 1e6), "Loss of MMP-2.",
           franssen + " (0.1 in 4e4 s)");
  t.number(AT(proteinase.uniform_source), "1/min", "0 1/min", from(0, 1e6),
           "Source of MMP-2 everywhere, to compare with closed forms.",
           "assumed: off in any biological run")
      .example = "1e-4 1/min";
  t.number(AT(proteinase.tolerance), "", "1e-5", above(0, 1), "Error allowed in a solve.",
           "assumed: small against the scaled amounts that occur");
  t.number(AT(proteinase.faces), "", "no_flux", from(0, 1e9),
           "Outer faces: no_flux, a number for all, or a map of x_low ... z_high.",
           "assumed: nothing leaves the tissue", Type::faces);
  t.number(AT(proteinase.initial), "", "0", from(0, 1e9), "Amount everywhere at the start.",
           "assumed: healthy tissue holds none that is active");
  t.number(AT(proteinase.frozen), "", "none", from(0, 1e9),
           "Prescribes MMP-2 instead of solving it: a formula in x, y, z (um), or {file, array}.",
           "assumed: off; it serves closed-form checks", Type::frozen)
      .example = "\"0.2*exp(-x/200)\"";

  t.boolean(AT(inhibitor.enabled), "false",
            "Stroma secretes TIMP, which divides the action of MMP-2 by 1 + TIMP.",
            "assumed: off, as no rates were found");
  t.number(AT(inhibitor.diffusivity), "um^2/min", "6 um^2/min", from(0, 1e9),
           "Diffusion coefficient of TIMP.", "assumed: that of MMP-2");
  t.number(AT(inhibitor.secretion), "1/min", "0 1/min", from(0, 1e6),
           "TIMP that a stromal cell releases, in units of its inhibition constant.",
           "assumed: none until a source gives a rate")
      .example = "1e-4 1/min";
  t.number(AT(inhibitor.decay), "1/min", "1.5e-4 1/min", from(0, 1e6), "Loss of TIMP.",
           "assumed: that of MMP-2");
  t.number(AT(inhibitor.tolerance), "", "1e-5", above(0, 1), "Error allowed in a solve.",
           "assumed: as for MMP-2");
  t.number(AT(inhibitor.faces), "", "no_flux", from(0, 1e9),
           "Outer faces: no_flux, a number for all, or a map of x_low ... z_high.",
           "assumed: nothing leaves the tissue", Type::faces);
  t.number(AT(inhibitor.initial), "", "0", from(0, 1e9), "Amount everywhere at the start.",
           "assumed: none");
  t.number(AT(inhibitor.frozen), "", "none", from(0, 1e9),
           "Prescribes TIMP instead of solving it: a formula in x, y, z (um), or {file, array}.",
           "assumed: off; it serves closed-form checks", Type::frozen)
      .example = "\"0.1*z/1000\"";
}

void add_vegf(Table& t) {
  t.boolean(AT(vegf.enabled), "false",
            "VEGF is solved: cells short of oxygen secrete it, vessels take it up.",
            "assumed: off until vessels are to grow");
  t.word(AT(vegf.relaxation), "steady",
         "steady: in balance with the cells whenever vessels are due; transient: one implicit "
         "step each time.step.",
         "assumed: it settles within some 1.5 h, and vessels take days");
  t.number(AT(vegf.diffusivity), "um^2/min", "4200 um^2/min", above(0, 1e9),
           "Diffusion coefficient of VEGF in tissue.",
           connor + " (70 um^2/s); 1000 in Owen et al. 2011, 1740 in Anderson & Chaplain 1998");
  t.number(AT(vegf.decay), "1/min", "0.0115 1/min", from(0, 1e6), "Loss of VEGF everywhere.",
           qspio + " (16.6 per day); Owen et al. 2011 have 0.01 per min");
  t.number(AT(vegf.basal_secretion), "molecules/s/cell", "0.025 molecules/s/cell", from(0, 1e6),
           "VEGF that a tumour cell releases where there is oxygen.",
           "Stefanini et al. 2008, BMC Syst Biol 2:77 (figure captions; 0.025 to 0.076 fitted for "
           "tumours)");
  t.number(AT(vegf.hypoxic_secretion), "molecules/s/cell", "0.25 molecules/s/cell", from(0, 1e6),
           "VEGF that a hypoxic tumour cell releases; not below basal_secretion.",
           "assumed: ten times the basal rate; explore 0.05 to 1");
  t.number(AT(vegf.hypoxia_high), "mmHg", "15 mmHg", from(0, 760),
           "Pressure below which secretion begins to rise.",
           "HIF response in PhysiCell, " + physicell);
  t.number(AT(vegf.hypoxia_low), "mmHg", "4 mmHg", from(0, 760),
           "Pressure at which it has reached hypoxic_secretion; below hypoxia_high.",
           "HIF response in PhysiCell, " + physicell);
  t.number(AT(vegf.normal_factor), "", "0.02", from(0, 100),
           "Secretion of normal cells (parenchyma and stroma) relative to tumour cells.",
           "assumed: healthy tissue releases little for its volume; the model has no receptors "
           "there that would bind it");
  t.number(AT(vegf.endothelial_uptake), "mol/s/cell", "4e-19 mol/h/cell", from(0, 1e-12),
           "VEGF that an endothelial cell takes up at saturation; one such cell a vessel voxel.",
           connor);
  t.number(AT(vegf.half_saturation), "nM", "0.65 nM", above(0, 1e6),
           "Concentration at which that uptake is half of its maximum.", connor);
  t.number(AT(vegf.tolerance), "nM", "1e-4 nM", above(0, 100), "Error allowed in a solve.",
           "assumed: 1/240 of the concentration at which vessels respond by half");
  t.number(AT(vegf.faces), "nM", "no_flux", from(0, 1e6),
           "Outer faces: no_flux, a concentration for all, or a map of x_low ... z_high.",
           "assumed: the tissue beyond is in the same state", Type::faces)
      .example = "0 nM";
  t.number(AT(vegf.initial), "nM", "0 nM", from(0, 1e6), "Concentration everywhere at the start.",
           "assumed: none; a steady field forgets it at once")
      .example = "0.01 nM";
  t.number(AT(vegf.frozen), "nM", "none", from(0, 1e6),
           "Prescribes VEGF instead of solving it: a formula in x, y, z (um) with a unit, or "
           "{file, array}.",
           "assumed: off; it serves closed-form checks", Type::frozen)
      .example = "\"(0.1*z/2000) nM\"";
  const std::string pellet = "assumed: a choice of the experiment";
  t.word(IN(vegf.sources, shape), "sphere", "Shape that releases VEGF.", pellet);
  Setting& centre = t.point(IN(vegf.sources, centre), "", "Centre of the sphere.", pellet);
  centre.derived = "the middle of the box";
  centre.shapes = "sphere";
  Setting& radius =
      t.number(IN(vegf.sources, radius), "um", "", above(0, 1e6), "Radius of the sphere.", pellet);
  radius.shapes = "sphere";
  radius.example = "100 um";
  t.point(IN(vegf.sources, from), "", "Lowest corner of the box.", pellet).shapes = "box";
  t.point(IN(vegf.sources, to), "", "Highest corner of the box.", pellet).shapes = "box";
  t.axis(IN(vegf.sources, axis), "z", "Normal of the layer.", pellet).shapes = "layer";
  Setting& begin = t.number(IN(vegf.sources, begin), "um", "", from(-1e6, 1e6),
                            "Where the layer begins along its axis.", pellet);
  begin.shapes = "layer";
  begin.example = "0 um";
  Setting& end = t.number(IN(vegf.sources, end), "um", "", from(-1e6, 1e6),
                          "Where the layer ends along its axis.", pellet);
  end.shapes = "layer";
  end.example = "100 um";
  t.number(IN(vegf.sources, rate), "nM/min", "", above(0, 1e6),
           "Release in every voxel whose centre lies inside.", pellet)
      .example = "0.01 nM/min";
  t.number(IN(vegf.sources, duration), "min", "0 min", from(0, 1e9),
           "How long from the start of the run; 0: for ever.", pellet)
      .example = "2 day";
}

void add_matrix(Table& t) {
  t.number(AT(matrix.contact_degradation), "1/min", "6e-3 1/min", from(0, 1e6),
           "Matrix loss under full MT1-MMP in the same voxel.", franssen + " (1e-4 per s)");
  t.number(AT(matrix.soluble_degradation), "1/min", "1.5e-3 1/min", from(0, 1e6),
           "Matrix loss per unit of active MMP-2.", franssen + " (1 in 4e4 s)");
  t.number(AT(matrix.contact_weight), "", "0.16666666666666666", fraction,
           "Weight of the MT1-MMP of each of the six face neighbours.",
           "assumed: a cell reaches its neighbours' voxels with one sixth of its enzyme each");
  t.number(AT(matrix.deposition), "1/min", "1e-4 1/min", from(0, 1e6),
           "Rate at which a stromal cell rebuilds matrix towards matrix.maximum.",
           "assumed: about a week; explore 1e-5 to 1e-3");
  t.number(AT(matrix.maximum), "", "1", above(0, 10), "Density at which deposition stops.",
           "assumed: the reference stroma; up to 1.5 for desmoplasia");
  t.number(AT(matrix.debris_clearance), "1/min", "0.1 1/day", from(0, 1e6),
           "Matrix loss in necrotic voxels.",
           "clearance of dead cells (k_cell_clear) in " + spqsp +
               "; that it holds for matrix is "
               "assumed");
  t.number(AT(matrix.membrane_resistance), "", "1", above(0, 1e6),
           "Cumulative exposure to MT1-MMP that breaks basement membrane.",
           "assumed: the exposure that thins matrix e-fold; that MT1-MMP is what opens it: Sabeh, "
           "Shimizu-Hirota & Weiss 2009, J Cell Biol (PMC2700505)");
  t.word(AT(matrix.pattern), "uniform", "How matrix lies at the start.",
         "assumed: the simplest; layers and fibres guide migration");
  t.number(AT(matrix.density), "", "0.8", from(0, 10),
           "Density at the start; of layers and fibres, that between them.",
           "assumed for breast, as fraction of reference stroma");
  t.axis(AT(matrix.layer_axis), "z", "Normal of the layers and preferred direction of the fibres.",
         "assumed: arbitrary");
  t.number(AT(matrix.layer_thickness), "um", "100 um", above(0, 1e6), "Thickness of a layer.",
           "assumed: some five cells");
  t.number(AT(matrix.layer_density), "", "0.4", from(0, 10), "Density of every second layer.",
           "assumed: half of the dense layers");
  t.number(AT(matrix.fibre_length), "um", "200 um", above(0, 1e6), "Length of a fibre bundle.",
           "assumed: collagen bundles of some hundred um");
  t.number(AT(matrix.fibre_radius), "um", "15 um", above(0, 1e5), "Radius of a fibre bundle.",
           "assumed: above half a voxel, so that bundles stay connected on the lattice");
  t.number(AT(matrix.fibre_fraction), "", "0.2", from(0, 0.9),
           "Share of the volume that bundles are to fill.", "assumed");
  t.number(AT(matrix.fibre_density), "", "1", from(0, 10), "Density inside a bundle.",
           "assumed: the reference stroma");
  t.number(AT(matrix.fibre_alignment), "", "0.5", fraction,
           "Order of the bundles: 0 any direction, 1 all along layer_axis.",
           "assumed: midway; tumour borders show both extremes");
  t.number(AT(matrix.initial), "", "none", from(0, 10),
           "Matrix at the start in place of the pattern: a formula in x, y, z (um), or {file, "
           "array}.",
           "assumed: the pattern is the default", Type::frozen)
      .example = "\"0.2 + 0.6*x/2000\"";
  t.boolean(AT(matrix.frozen), "false", "Matrix never changes.",
            "assumed: off; it serves closed-form checks");
}

void add_cells(Table& t) {
  t.word(AT(cycle.law), "owen",
         "How oxygen sets the pace of the cycle: owen, p/(p + half_pressure); physicell, a ramp.",
         owen + "; the ramp is that of PhysiCell, " + physicell);
  t.number(AT(cycle.epithelial), "min", "1334 min", above(0, 1e7),
           "Cycle time of E-like tumour cells with ample oxygen.", franssen + " (8e4 s)");
  t.number(AT(cycle.mesenchymal), "min", "2000 min", above(0, 1e7),
           "Cycle time of M-like tumour cells with ample oxygen.", franssen + " (1.2e5 s)");
  t.number(AT(cycle.normal), "min", "3000 min", above(0, 1e7),
           "Cycle time of normal cells with ample oxygen.", owen);
  t.number(AT(cycle.variation), "", "0.1", fraction,
           "Coefficient of variation of the cycle time from one division to the next.",
           "assumed: enough to lose synchrony within ten divisions");
  t.number(AT(cycle.half_pressure), "mmHg", "1.4 mmHg", from(0, 760),
           "Pressure at which tumour cells cycle at half speed; 0: oxygen does not matter.", owen);
  t.number(AT(cycle.half_pressure_normal), "mmHg", "3 mmHg", from(0, 760),
           "The same for normal cells.", owen);
  t.number(AT(cycle.ramp_low), "mmHg", "5 mmHg", from(0, 760),
           "Law physicell: no progress at or below this pressure.", gell + "; " + physicell);
  t.number(AT(cycle.ramp_high), "mmHg", "10 mmHg", from(0, 760),
           "Law physicell: full speed from this pressure on.", gell);
  t.number(AT(cycle.push_length), "um", "100 um", from(0, 1e5),
           "How far a dividing tumour cell can push others aside; at most 15 voxels.",
           "assumed: five voxels at 20 um; explore 0 to 15");
  t.boolean(AT(cycle.into_dead), "true", "Newborn cells may take the place of dead ones.",
            "assumed: debris gives way to living cells");

  t.boolean(AT(quiescence.enabled), "true", "Cells short of oxygen leave the cycle.", owen);
  t.number(AT(quiescence.enter), "mmHg", "8.9 mmHg", from(0, 760),
           "Cells rest below this pressure.", owen);
  t.number(AT(quiescence.leave), "mmHg", "9.8 mmHg", from(0, 760),
           "Resting cells return above this pressure; not below quiescence.enter.", owen);
  t.number(AT(quiescence.delay), "min", "2 h", from(0, 1e4),
           "Mean time a cell takes to enter or leave hypoxic rest; 0: one step.",
           "assumed: changes of transcription; at once, cells that share a scarce supply would "
           "rest and wake in step");
  t.number(AT(quiescence.survival), "min", "4000 min", above(0, 1e9),
           "Continuous hypoxic rest that a cell survives.", owen);
  t.boolean(AT(quiescence.crowding), "true",
            "Cells with no free place within the push length rest.", "assumed: contact inhibition");

  t.boolean(AT(death.necrosis), "true", "Cells die of lack of oxygen.", physicell);
  t.number(AT(death.necrosis_high), "mmHg", "5 mmHg", from(0, 760),
           "Pressure below which necrosis begins.", physicell);
  t.number(AT(death.necrosis_low), "mmHg", "2.5 mmHg", from(0, 760),
           "Pressure below which necrosis has its full rate; below necrosis_high.", physicell);
  t.number(AT(death.necrosis_rate), "1/min", "4 1/day", from(0, 1e6),
           "Full rate of necrosis: 1 in 360 min.",
           physicell + " (1 per 6 h in its hanging-drop example)");
  t.number(AT(death.apoptosis), "1/min", "5.3e-5 1/min", from(0, 1e6),
           "Programmed death of tumour cells.", physicell);
  t.number(AT(death.apoptosis_normal), "1/min", "0 1/min", from(0, 1e6),
           "Programmed death of normal cells.",
           "assumed: turnover of healthy tissue is in balance and left out")
      .example = "1e-5 1/min";
  t.number(AT(death.apoptotic_body), "min", "516 min", above(0, 1e9),
           "Time for which an apoptotic body fills its voxel.", physicell);
  t.number(AT(death.debris_clearance), "1/min", "0.1 1/day", from(0, 1e6),
           "Rate at which necrotic debris disappears.",
           spqsp + " (k_cell_clear); PhysiCell lets it last up to 60 days");
  t.number(AT(death.anoikis), "1/min", "1 1/day", from(0, 1e6),
           "Death of tumour cells with neither matrix nor neighbour, before resistance.",
           "assumed: a day without hold");
  t.number(AT(death.anoikis_matrix), "", "0.05", from(0, 10),
           "Matrix density below which a cell has no hold.", "assumed: close to none");
  t.number(AT(death.resistance_epithelial), "", "0.3", fraction,
           "Share of anoikis that E-like cells escape.", "assumed: little");
  t.number(AT(death.resistance_mesenchymal), "", "0.9", fraction,
           "Share of anoikis that M-like and stem cells escape.", "assumed: most");
  t.number(AT(death.crushing), "1/min", "1 1/day", from(0, 1e6),
           "Death of normal cells that tumour presses on with no room left.",
           "assumed: mechanical competition as seen between cell populations; no rate was found");
  t.number(AT(death.t_cell_kill), "1/min", "5 1/day", from(0, 1e6),
           "Rate at which a T cell kills a tumour cell beside it.",
           "Halle et al. 2016, Immunity 44:233, doi:10.1016/j.immuni.2016.01.010; within the 0.9 "
           "to 16 per day of the literature");

  t.boolean(AT(normal.regeneration), "false",
            "Normal cells cycle again where neighbours are missing.",
            "assumed: off, as tumours outgrow repair");
  t.integer(AT(normal.regeneration_neighbours), "2", from(0, 6),
            "Most occupied faces at which a normal cell does so.",
            "assumed: an open wound rather than a lone gap");

  t.boolean(AT(stem.enabled), "false",
            "Only stem cells renew themselves without limit; off: all tumour cells do.",
            enderling + "; off by default to compare with codes without hierarchy");
  t.number(AT(stem.fraction), "", "0.05", fraction, "Share of stem cells among the first cells.",
           "assumed: as small as the share of symmetric divisions");
  t.number(AT(stem.symmetric), "", "0.05", fraction,
           "Share of stem divisions that make two stem cells.",
           spqsp + " (asymmetric 0.95); the same in " + arcade);
  t.integer(AT(stem.capacity), "9", from(0, 15),
            "Divisions left to a progenitor fresh from a stem cell.", spqsp + "; " + enderling);
  t.number(AT(stem.senescent_removal), "1/min", "1e-4 1/day", from(0, 1e6),
           "Rate at which spent progenitors disappear.", spqsp);

  t.number(AT(mutation.probability), "", "1e-3", fraction,
           "Chance per trait and division that a heritable trait changes.",
           "assumed: explore 1e-6 to 1e-2");
  t.number(AT(mutation.deviation), "", "0.1", from(0, 2),
           "Standard deviation of the logarithm of such a change.", "assumed: steps of some 10 %");

  t.boolean(
      AT(transition.enabled), "true", "Tumour cells turn M-like (EMT) and E-like again (MET).",
      "assumed on; that reversibility matters: Tsai et al. 2012, Cancer Cell (PMID 23201165)");
  t.number(AT(transition.emt), "1/min", "1e-5 1/min", from(0, 1e6), "Basic rate of EMT.",
           "assumed: 0.014 per day; explore 1e-6 to 1e-4");
  t.number(AT(transition.met), "1/min", "1e-5 1/min", from(0, 1e6), "Rate of MET.",
           "assumed: equal to EMT; explore 1e-6 to 1e-4");
  t.number(AT(transition.hypoxia_gain), "", "5", from(0, 1e4),
           "How much full hypoxia adds to EMT, in units of the basic rate.", "assumed");
  t.number(AT(transition.matrix_gain), "", "2", from(0, 1e4),
           "How much a matrix-poor edge adds to EMT, in units of the basic rate.", "assumed");
  t.number(AT(transition.matrix_edge), "", "0.3", from(0, 10),
           "Matrix density below which an edge counts as poor.",
           "assumed: half of the density that stops movement");
  t.number(AT(transition.hypoxia_high), "mmHg", "15 mmHg", from(0, 760),
           "Pressure at which the response to hypoxia begins.",
           "HIF response in PhysiCell, " + physicell);
  t.number(AT(transition.hypoxia_low), "mmHg", "4 mmHg", from(0, 760),
           "Pressure at which it is full; below hypoxia_high.",
           "HIF response in PhysiCell, " + physicell);
}

void add_migration(Table& t) {
  t.boolean(AT(migration.enabled), "true", "Cells move on their own.", franssen);
  t.number(AT(migration.epithelial), "um^2/min", "0.3 um^2/min", from(0, 1e6),
           "Random motility of E-like cells.", franssen + " (5e-11 cm^2/s)");
  t.number(AT(migration.mesenchymal), "um^2/min", "0.6 um^2/min", from(0, 1e6),
           "Random motility of M-like cells.", franssen + " (1e-10 cm^2/s); " + owen + " has 0.5");
  t.number(AT(migration.stroma), "um^2/min", "0.1 um^2/min", from(0, 1e6),
           "Random motility of stromal cells.", "assumed: slower than any tumour cell");
  t.number(AT(migration.haptotaxis), "um^2/min", "3 um^2/min", from(0, 1e6),
           "Drift of tumour cells up the matrix gradient, per unit of density.", franssen);
  t.number(AT(migration.chemotaxis), "um^2/min/mmHg", "0 um^2/min/mmHg", from(-1e4, 1e4),
           "Drift of tumour cells towards oxygen; negative: away from it.",
           "assumed: off; 0.05 is a moderate value")
      .example = "0.05 um^2/min/mmHg";
  t.word(AT(migration.adhesion), "bonds",
         "bonds: each tumour neighbour holds a cell back; neighbour_count: a cell moves only with "
         "enough neighbours.",
         adhesion_papers + "; the count is that of Anderson 2005, Math Med Biol 22:163, "
                           "doi:10.1093/imammb/dqi005");
  t.number(AT(migration.bond_ee), "", "0.7", fraction,
           "Chance that a bond between two E-like cells prevents a move.",
           "assumed; " + adhesion_papers);
  t.number(AT(migration.bond_em), "", "0.3", fraction,
           "The same between an E-like and an M-like cell.", "assumed; " + adhesion_papers);
  t.number(AT(migration.bond_mm), "", "0.1", fraction, "The same between two M-like cells.",
           "assumed; " + adhesion_papers);
  t.integer(AT(migration.internal_epithelial), "2", from(0, 6),
            "Rule neighbour_count: neighbours that an E-like cell needs in order to move.",
            "assumed within the 0 to 3 of Anderson 2005, Math Med Biol 22:163, "
            "doi:10.1093/imammb/dqi005");
  t.integer(AT(migration.internal_mesenchymal), "0", from(0, 6),
            "Rule neighbour_count: neighbours that an M-like cell needs in order to move.",
            "assumed within the 0 to 3 of Anderson 2005, Math Med Biol 22:163, "
            "doi:10.1093/imammb/dqi005");
  t.boolean(AT(migration.squeeze), "true", "Dense matrix slows and blocks movement.",
            "Sabeh, Shimizu-Hirota & Weiss 2009, J Cell Biol (PMC2700505)");
  t.number(AT(migration.squeeze_threshold), "", "0.6", from(0, 10),
           "Matrix density up to which movement is free.",
           "assumed; that cross-linked matrix must be cut first: Sabeh, Shimizu-Hirota & Weiss "
           "2009, J Cell Biol (PMC2700505)");
  t.number(AT(migration.squeeze_width), "", "0.1", above(0, 10),
           "Density beyond the threshold over which movement falls e-fold.", "assumed");
  t.number(AT(migration.squeeze_epithelial), "", "0.2", fraction,
           "Further factor for E-like cells in matrix beyond the threshold.", "assumed");

  t.integer(AT(tracers.count), "0", from(0, 1e8),
            "Walkers that obey the movement rule, occupy nothing and meet nobody.",
            "assumed: none; they measure diffusion");
  t.boolean(AT(tracers.mesenchymal), "true", "Walkers move like M-like cells; off: like E-like.",
            "assumed: arbitrary");
  t.point(AT(tracers.start), "", "Where all walkers start.", "assumed: far from the faces")
      .derived = "the middle of the box";
}

void add_tissue(Table& t) {
  const std::string shape_note = "assumed: a choice of the experiment";
  t.number(AT(tissue.parenchyma), "", "0.45", fraction,
           "Share of voxels that hold a normal cell of the organ at the start.",
           "assumed: below half, as a full lattice would be denser than tumours are");
  t.number(AT(tissue.stroma), "", "0.1", fraction,
           "Share of voxels that hold a stromal cell at the start.",
           "assumed: one for every four or five parenchymal cells");
  t.word(IN(tissue.cells, shape), "sphere", "Shape that is filled with cells.", shape_note);
  Setting& kind = t.word(IN(tissue.cells, kind), "epithelial",
                         "What it is filled with; none empties it.", shape_note);
  for (const Kind k : kinds_in(placed_kinds))
    if (k != Kind::none) kind.words.push_back(name_of(k));
  kind.words.push_back(name_of(Kind::none));
  Setting& centre = t.point(IN(tissue.cells, centre), "", "Centre of the sphere.", shape_note);
  centre.derived = "the middle of the box";
  centre.shapes = "sphere";
  Setting& radius = t.number(IN(tissue.cells, radius), "um", "", above(0, 1e6),
                             "Radius of the sphere.", shape_note);
  radius.shapes = "sphere";
  radius.example = "100 um";
  Setting& low = t.point(IN(tissue.cells, from), "", "Lowest corner of the box.", shape_note);
  low.shapes = "box";
  Setting& high = t.point(IN(tissue.cells, to), "", "Highest corner of the box.", shape_note);
  high.shapes = "box";
  t.axis(IN(tissue.cells, axis), "z", "Normal of the layer.", shape_note).shapes = "layer";
  Setting& begin = t.number(IN(tissue.cells, begin), "um", "", from(-1e6, 1e6),
                            "Where the layer begins along its axis.", shape_note);
  begin.shapes = "layer";
  begin.example = "0 um";
  Setting& end = t.number(IN(tissue.cells, end), "um", "", from(-1e6, 1e6),
                          "Where the layer ends along its axis.", shape_note);
  end.shapes = "layer";
  end.example = "100 um";
  t.number(IN(tissue.cells, fraction), "", "1", fraction,
           "Share of the voxels inside that get a cell.", shape_note);
  t.number(IN(tissue.cells, mesenchymal_fraction), "", "0", fraction,
           "Share of those that start M-like; only for kind epithelial.", shape_note);
  t.boolean(IN(tissue.cells, stem), "false", "All of them are stem cells; needs stem.enabled.",
            shape_note);
  Setting& csv =
      t.add(Type::path, AT(tissue.cells_csv), "none",
            "File of cells to add: columns x, y, z (um), kind and, if wanted, clone.", shape_note);
  csv.example = "cells.csv";
  Setting& vti = t.add(Type::path, AT(tissue.cells_vti), "none",
                       "Image file (.vti) whose voxels give the kinds of cells.", shape_note);
  vti.example = "tissue.vti";
  t.add(Type::text, AT(tissue.cells_vti_array), "kind", "Array of cells_vti that holds the kinds.",
        "assumed: the name that frames of this program use");
  Setting& membrane = t.word(IN(tissue.membranes, shape), "sphere",
                             "Surface that is basement membrane.", shape_note);
  membrane.words = {"sphere", "layer"};
  Setting& middle = t.point(IN(tissue.membranes, centre), "", "Centre of the sphere.", shape_note);
  middle.derived = "the middle of the box";
  middle.shapes = "sphere";
  Setting& size = t.number(IN(tissue.membranes, radius), "um", "", above(0, 1e6),
                           "Radius of the sphere.", shape_note);
  size.shapes = "sphere";
  size.example = "150 um";
  t.axis(IN(tissue.membranes, axis), "z", "Normal of the sheet.", shape_note).shapes = "layer";
  Setting& at = t.number(IN(tissue.membranes, at), "um", "", from(-1e6, 1e6),
                         "Where the sheet lies along its axis.", shape_note);
  at.shapes = "layer";
  at.example = "500 um";
}

void add_vessels_and_output(Table& t) {
  t.word(AT(vessels.pattern), "none",
         "Vessels at the start: none, the given lines, a grid of parallel capillaries, a pair of "
         "artery and vein, a hexagonal capillary bed, or those of a file.",
         "assumed: the homogenised supply feeds normal tissue");
  t.point(IN(vessels.lines, from), "", "Where blood enters the vessel.", run_choice);
  t.point(IN(vessels.lines, to), "", "Where it leaves.", run_choice);
  t.number(IN(vessels.lines, radius), "um", "5 um", above(0, 1000),
           "Radius of the vessel; with flow.enabled between 1 and 50 um.", owen);
  t.number(IN(vessels.lines, inlet_pressure), "mmHg", "0 mmHg", from(0, 300),
           "Pressure at `from`; 0: flow.inlet_pressure.", run_choice)
      .example = "25 mmHg";
  t.number(IN(vessels.lines, outlet_pressure), "mmHg", "0 mmHg", from(0, 300),
           "Pressure at `to`; 0: flow.outlet_pressure.", run_choice)
      .example = "15 mmHg";
  t.word(IN(vessels.ends, role), "", "Blood enters (inlet) or leaves (outlet) there.", run_choice);
  t.word(IN(vessels.ends, face), "none",
         "Every free end of a vessel within a voxel of this face of the box; none: see name.",
         run_choice)
      .words = {"none", "-x", "+x", "-y", "+y", "-z", "+z"};
  Setting& name = t.add(Type::text, IN(vessels.ends, name), "none",
                        "The node of vessels.file with this name, the id of its sample in an .swc "
                        "file; none: see face.",
                        run_choice);
  name.example = "artery";
  t.number(IN(vessels.ends, pressure), "mmHg", "0 mmHg", from(0, 300),
           "Blood pressure there; 0: flow.inlet_pressure or flow.outlet_pressure.", run_choice)
      .example = "20 mmHg";
  t.number(AT(vessels.spacing), "um", "150 um", above(0, 1e5),
           "Grid: distance between neighbouring capillaries; pair: between artery and vein; "
           "hexagonal: edge of a hexagon.",
           "assumed for breast; tumours come to some 257 um, Dewhirst et al. 1989, Int J Radiat "
           "Oncol Biol Phys 17:91");
  t.number(AT(vessels.layers), "um", "0 um", from(0, 1e5),
           "Hexagonal: distance between sheets; 0: a single sheet in the middle.",
           "assumed: a flat bed, as in a window chamber or retina")
      .example = "150 um";
  t.number(AT(vessels.jitter), "", "0.2", from(0, 0.5),
           "Grid: random shift of each capillary, as share of the spacing.",
           "assumed: breaks the grid's symmetry");
  t.axis(AT(vessels.axis), "z",
         "Direction of the vessels of a grid or pair, of the flow through a hexagonal bed, which "
         "lies in the plane of this axis and the next (x, y, z, x).",
         "assumed: arbitrary");
  t.number(AT(vessels.radius), "um", "5 um", above(0, 1000),
           "Radius of capillaries and of the artery of a pair; with flow.enabled between 1 and 50 "
           "um.",
           owen);
  t.number(AT(vessels.radius_vein), "um", "8 um", above(0, 1000),
           "Pair: radius of the vein; with flow.enabled between 1 and 50 um.",
           "assumed: wider than the artery, as venules are");
  t.number(AT(vessels.offset), "um", "0 um", from(0, 1e6),
           "Pair: how far the line midway between artery and vein is from the low face of the "
           "next axis; 0: in the middle of the box.",
           run_choice)
      .example = "200 um";
  t.number(AT(vessels.drop), "mmHg", "4 mmHg", above(0, 300),
           "Pair: pressure that artery and vein each lose along the box; twice it must stay below "
           "the difference of flow.inlet_pressure and outlet_pressure.",
           "assumed: leaves a fifth of that difference between the two where it is least");
  t.number(AT(vessels.exclusion), "um", "0 um", from(0, 1e6),
           "Grid: no capillary comes closer than this to the middle of the box.",
           "assumed: none; an avascular nodule needs some")
      .example = "200 um";
  t.boolean(AT(vessels.well_index), "true",
            "Corrects for a lattice line acting as a cylinder of another radius.",
            "Peaceman 1978 (quoted from memory)");
  Setting& file =
      t.add(Type::path, AT(vessels.file), "none",
            "Pattern file: poly-lines with a radius (.vtp) or a tree (.swc).", run_choice);
  file.example = "vessels.vtp";
  t.boolean(AT(vessels.check), "false",
            "Compare the vessel graph with the lattice after every vessel step and stop where they "
            "disagree; slow.",
            run_choice);
  t.number(AT(vessels.file_scale), "", "1", above(0, 1e9),
           "Length in um of one unit of the file, for places and radii.",
           "assumed: files in um, as this program writes them")
      .example = "1000";

  t.boolean(AT(sprouting.enabled), "false", "VEGF makes vessels sprout; needs vegf.enabled.",
            "assumed: off; vessels of the start stay as they are");
  t.number(AT(sprouting.rate), "1/min", "2.5e-4 1/min", from(0, 1e3),
           "Rate at which a voxel of mature vessel sprouts where VEGF is plenty.", owen);
  t.number(AT(sprouting.half_response), "nM", "0.024 nM", above(0, 1e6),
           "VEGF at which it sprouts at half that rate.",
           qspio + " (1.07e3 pg/mL of 45 kDa); belongs with secretion in molecules, where Owen et "
                   "al. 2011 have 0.5 nM with a secretion of its own");
  t.number(AT(sprouting.exclusion), "um", "80 um", from(0, 1e4), "No new sprout so close to a tip.",
           owen);
  t.number(AT(sprouting.diffusivity), "um^2/min", "0.6 um^2/min", from(0, 1e6),
           "Random motility of tips.", anderson_chaplain + " (1e-10 cm^2/s); Owen et al. 2011: 1");
  t.number(AT(sprouting.chemotaxis), "um^2/min/nM", "1.56e4 um^2/min/nM", from(0, 1e9),
           "Drift of tips up the gradient of VEGF, where there is little of it.",
           anderson_chaplain + " (2600 cm^2/s/M); Owen et al. 2011: 2e4");
  t.number(AT(sprouting.saturation), "nM", "0.071 nM", above(0, 1e6),
           "VEGF at which that drift has fallen to half.",
           "derived from the dimensionless 0.6 of " + anderson_chaplain);
  t.number(AT(sprouting.haptotaxis), "um^2/min", "0 um^2/min", from(0, 1e6),
           "Drift of tips up the matrix gradient, per unit of density.",
           "assumed: off; 592 um^2/min corresponds to fibronectin in " + anderson_chaplain)
      .example = "592 um^2/min";
  t.number(AT(sprouting.speed_limit), "um/min", "0.6 um/min", above(0, 1e3),
           "Fastest drift of a tip.", "assumed: 0.86 mm per day; explore 0.1 to 1");
  t.boolean(AT(sprouting.branching), "true", "Tips branch.", anderson_chaplain);
  t.number(AT(sprouting.branching_age), "min", "18 h", from(0, 1e7),
           "Age from which a tip may branch.", anderson_chaplain + " (half of 1.5 day)");
  t.number(AT(sprouting.branching_reference), "nM", "0.042 nM", above(0, 1e6),
           "VEGF by which the steps of the branching probability are scaled.",
           "derived from the dimensionless chemotaxis of " + anderson_chaplain);
  t.number(AT(sprouting.branching_time), "min", "1.5 day", above(0, 1e7),
           "Time to which the branching probabilities refer.", anderson_chaplain);
  t.number(AT(sprouting.branching_exclusion), "um", "80 um", from(0, 1e4),
           "No branch so close to another tip.", "assumed: that of new sprouts");
  t.number(AT(sprouting.starvation), "", "0.1", fraction,
           "Share of half_response below which a tip starves.", "assumed");
  t.number(AT(sprouting.survival), "min", "48 h", above(0, 1e7), "How long a starving tip lives.",
           "assumed: two days");
  t.number(AT(sprouting.proteinase), "", "1", from(0, 100),
           "MT1-MMP of a tip, relative to an M-like cell.",
           "assumed: tips open matrix as invading cells do");
  t.number(AT(sprouting.radius), "um", "4 um", from(1, 50), "Radius of a new sprout.",
           "assumed: somewhat below a capillary's 5 um");
  t.number(AT(sprouting.maturation_age), "min", "5 day", from(0, 1e7),
           "Age from which a perfused stalk may mature.", "assumed: arrival of pericytes");
  t.number(AT(sprouting.maturation_rate), "1/min", "0.2 1/day", from(0, 1e3),
           "Rate at which it then matures.", "assumed: within a week as a rule");

  t.boolean(AT(flow.enabled), "true",
            "Blood flow through the vessels is solved; off: a vessel is perfused where it lies on "
            "a way from inlet to outlet.",
            "assumed on; without vessels there is nothing to solve");
  t.number(AT(flow.inlet_pressure), "mmHg", "25 mmHg", from(0, 300),
           "Pressure where blood enters the box, unless the vessel says otherwise.", owen);
  t.number(AT(flow.outlet_pressure), "mmHg", "15 mmHg", from(0, 300),
           "Pressure where it leaves; below inlet_pressure.", owen);
  t.number(AT(flow.plasma_viscosity), "cP", "1.2 cP", above(0, 1e3), "Viscosity of plasma.",
           owen + " (0.72 g/cm/min)");
  t.number(AT(flow.haematocrit), "", "0.45", from(0, 0.9),
           "Volume share of red cells in blood that enters.", owen);
  t.word(AT(flow.phase_separation), "pries",
         "How red cells divide at a fork: like the blood (none), by the ratio of velocities, or by "
         "the measured law of Pries.",
         "Pries & Secomb 2005, Am J Physiol 289:H2657; velocity: Alarcon, Byrne & Maini 2003, "
         "J Theor Biol 225:257, as coded in MicrovesselChaste");
  t.number(AT(flow.tolerance), "", "1e-4", above(0, 0.1),
           "Largest change of haematocrit in the last iteration.",
           "assumed: far below what oxygen supply notices");
  t.integer(AT(flow.max_iterations), "200", from(1, 1e6),
            "Iterations of flow and haematocrit; what then still changes is told in events.csv, "
            "more than 0.1 is an "
            "error.",
            "assumed: many times the usual number");
  t.boolean(AT(flow.adaptation), "false", "Radii follow the shear stress of the wall.",
            "assumed: off; that vessels do so: Pries, Secomb & Gaehtgens 1998, Am J Physiol "
            "275:H349 (quoted from memory)");
  t.number(AT(flow.adaptation_rate), "1/min", "0.1 1/day", from(0, 1e3),
           "Rate at which a radius follows.", "assumed: ten days");
  t.number(AT(flow.adaptation_shear), "dyn/cm^2", "20 dyn/cm^2", above(0, 1e4),
           "Shear stress that leaves the radius alone.",
           "assumed: between the 10 of arteries and the 40 of capillaries");
  t.number(AT(flow.smallest_radius), "um", "1 um", from(1, 50),
           "Least radius that adaptation leads to.", owen);
  t.number(AT(flow.largest_radius), "um", "50 um", from(1, 50),
           "Largest radius that it leads to; above smallest_radius.", owen);

  t.boolean(AT(regression.enabled), "false", "Vessels that carry too little blood disappear.",
            "assumed: off, as sprouting is");
  t.number(AT(regression.shear), "dyn/cm^2", "8 dyn/cm^2", from(0, 1e4),
           "Shear stress of the wall below which a vessel is not needed.", owen);
  t.number(AT(regression.patience), "min", "4000 min", above(0, 1e9),
           "How long a vessel bears less than that, or no flow at all.",
           owen + "; that it holds for vessels without flow is assumed");
  t.boolean(AT(regression.vegf_protects), "true",
            "Where VEGF suffices for tips (sprouting.starvation), vessels that low shear would "
            "prune stay.",
            protection);
  t.number(AT(regression.occlusion_rate), "1/min", "0.05 1/day", from(0, 1e3),
           "Rate at which crowded tumour presses an immature vessel shut.", "assumed");
  t.number(AT(regression.reopening_rate), "1/min", "0.5 1/day", from(0, 1e3),
           "Rate at which it opens again when nothing presses it any more.",
           "assumed; that it does: Padera et al. 2004, Nature 427:695 (quoted from memory)");
  t.number(AT(regression.occlusion_share), "", "0.8", fraction,
           "Share of a vessel's faces, those to other vessels apart, that tumour must hold for it.",
           "assumed: nearly all round");

  t.number(AT(output.frames), "min", "1 day", from(0, 1e9), "Time between frames; 0: none.",
           run_choice);
  t.number(AT(output.report), "min", "6 h", from(0, 1e9), "Time between rows of metrics.csv.",
           run_choice);
  t.number(AT(output.checkpoints), "min", "1 day", from(0, 1e9),
           "Time between checkpoints; 0: only at the end and when interrupted.", run_choice);
  t.integer(AT(output.keep), "3", from(1, 1e6), "Checkpoints that are kept.", run_choice);
  t.boolean(AT(output.fields), "true", "Frames hold the fields.", run_choice);
  t.boolean(AT(output.cells), "true", "Frames hold the cells.", run_choice);
  t.boolean(AT(output.vessels), "true", "Frames hold the vessels.", run_choice);
  t.add(Type::names, AT(output.arrays), "[]", "Arrays of the field frames; empty: all of them.",
        run_choice)
      .example = "[oxygen, matrix]";
  t.integer(AT(output.stride), "1", from(1, 1024),
            "Field frames keep every n-th voxel along each axis.", run_choice);
  t.point(AT(output.region_from), "[0 um, 0 um, 0 um]",
          "Lowest corner of the part that field frames show; equal to region_to: everything.",
          run_choice);
  t.point(AT(output.region_to), "[0 um, 0 um, 0 um]", "Highest corner of that part.", run_choice);
  t.word(AT(output.compression), "lz4", "Compression of frames.",
         "assumed: lz4 costs next to no time");
  t.integer(AT(output.mantissa_bits), "23", from(1, 23),
            "Bits of the mantissa that float arrays of frames keep; 23: all. Fewer compress "
            "better.",
            run_choice);
}

#undef AT
#undef IN

Parameters one_entry_each() {
  Parameters p{};
  p.tissue.cells.resize(1);
  p.tissue.membranes.resize(1);
  p.vessels.lines.resize(1);
  p.vessels.ends.resize(1);
  p.vegf.sources.resize(1);
  return p;
}

std::vector<Setting> make_settings() {
  Table table;
  add_run(table);
  add_oxygen(table);
  add_chemicals(table);
  add_vegf(table);
  add_matrix(table);
  add_cells(table);
  add_migration(table);
  add_tissue(table);
  add_vessels_and_output(table);
  std::vector<Setting> rows = table.take();
  Parameters probe = one_entry_each();
  for (Setting& s : rows) {
    const Slot slot = s.slot(probe, 0);
    if (s.words.empty())
      if (const auto* word = std::get_if<WordSlot>(&slot)) s.words = *word->words;
  }
  return rows;
}

std::vector<PresetChange> make_preset_changes() {
  std::vector<PresetChange> changes;
  const auto physicell_sets = [&](const char* key, const char* text, const char* reason) {
    changes.push_back({Preset::physicell, key, text, reason});
  };
  physicell_sets("oxygen.diffusivity", "1e5 um^2/min", "value of PhysiCell");
  physicell_sets("oxygen.decay", "0.1 1/min", "value of PhysiCell");
  physicell_sets("oxygen.uptake", "first_order", "law of BioFVM");
  physicell_sets("oxygen.tissue_supply", "false", "PhysiCell supplies through the faces alone");
  physicell_sets("oxygen.tissue_pressure", "38 mmHg", "its faces; oxygen.faces and initial follow");
  physicell_sets("oxygen.quiescent_factor", "1", "uptake does not depend on the phase there");
  physicell_sets("cycle.law", "physicell", "its ramp of proliferation");
  physicell_sets("quiescence.enabled", "false", "the ramp alone stops the cycle there");
  physicell_sets("quiescence.crowding", "false", "cells there do not sense crowding");
  physicell_sets("death.anoikis", "0 1/min", "no such process there");
  physicell_sets("death.crushing", "0 1/min", "no such process there");
  physicell_sets("proteinase.enabled", "false", "no such process there");
  physicell_sets("mutation.probability", "0", "one clone");
  physicell_sets("transition.enabled", "false", "no such process there");
  physicell_sets("migration.enabled", "false", "cells of the example do not crawl");
  physicell_sets("tissue.parenchyma", "0", "the tumour grows in medium");
  physicell_sets("tissue.stroma", "0", "the tumour grows in medium");
  const auto analytic_sets = [&](const char* key, const char* text) {
    changes.push_back({Preset::analytic, key, text, "switched off until asked for"});
  };
  analytic_sets("oxygen.enabled", "false");
  analytic_sets("oxygen.tissue_supply", "false");
  analytic_sets("glucose.enabled", "false");
  analytic_sets("proteinase.enabled", "false");
  analytic_sets("inhibitor.enabled", "false");
  analytic_sets("quiescence.enabled", "false");
  analytic_sets("quiescence.crowding", "false");
  analytic_sets("death.necrosis", "false");
  analytic_sets("death.apoptosis", "0 1/min");
  analytic_sets("death.apoptosis_normal", "0 1/min");
  analytic_sets("death.anoikis", "0 1/min");
  analytic_sets("death.crushing", "0 1/min");
  analytic_sets("death.t_cell_kill", "0 1/min");
  analytic_sets("normal.regeneration", "false");
  analytic_sets("stem.enabled", "false");
  analytic_sets("mutation.probability", "0");
  analytic_sets("transition.enabled", "false");
  analytic_sets("migration.enabled", "false");
  analytic_sets("tissue.parenchyma", "0");
  analytic_sets("tissue.stroma", "0");
  return changes;
}

constexpr std::string_view face_names[6] = {"x_low",  "x_high", "y_low",
                                            "y_high", "z_low",  "z_high"};

std::string listed(const std::vector<std::string_view>& words) {
  std::string s;
  for (std::size_t i = 0; i < words.size(); ++i)
    s += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  return s;
}

std::string yaml_string(const std::string& text) {
  std::string s = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') s += '\\';
    s += c;
  }
  return s + '"';
}

std::string with_unit(double value, const std::string& unit) {
  return unit.empty() ? format_number(value) : format_number(value) + ' ' + unit;
}

// Reads values of one setting and complains in its name.
class Reader {
public:
  Reader(const Setting& setting, std::string key, const std::filesystem::path& folder,
         Complaints& complaints)
      : setting_(setting), key_(std::move(key)), folder_(folder), complaints_(complaints) {}

  bool wrong(const Entry& entry, const std::string& message, bool with_example = true) {
    complaints_.add(entry.place,
                    key_ + " " + message + (with_example ? advice(entry) : std::string()));
    return false;
  }

  // What to type instead. Whoever typed 0 or `off` where 0 will do wants none of it.
  std::string advice(const Entry& entry) const {
    const bool zero_will_do = setting_.low <= 0 && !setting_.above_low && !setting_.unit.empty();
    for (const char* text : {"0", "0.0", "off", "no", "none", "never", "false"})
      if (zero_will_do && entry.text == text) {
        std::string unit = setting_.unit;
        try {
          unit = parse_quantity(setting_.example.empty() ? setting_.fallback : setting_.example)
                     .unit.text;
        } catch (const UnitError&) { // a list, or a formula
        }
        return "; type for none: 0 " + unit;
      }
    return "; type for example: " + example_text(setting_);
  }

  bool scalar(const Entry& entry, const char* expected) {
    switch (entry.form) {
    case Entry::Form::scalar: return true;
    case Entry::Form::empty: return wrong(entry, "has no value");
    case Entry::Form::list: return wrong(entry, std::string("takes ") + expected + ", not a list");
    default: return wrong(entry, std::string("takes ") + expected + ", not a section");
    }
  }

  bool number(const Entry& entry, double& value) {
    if (!scalar(entry, setting_.unit.empty() ? "a number" : "a number with a unit")) return false;
    const Unit unit = setting_.unit.empty() ? Unit{} : parse_unit(setting_.unit);
    double v = 0;
    try {
      const Quantity quantity = parse_quantity(entry.text);
      if (!quantity.has_unit && !unit.dimension.none()) return wrong(entry, "needs a unit");
      if (unit.dimension.none() && !quantity.unit.dimension.none())
        return wrong(entry,
                     "is a pure number and takes no unit like " + in_quotes(quantity.unit.text));
      v = convert(quantity, unit) + 0.0; // turns -0 into 0
    } catch (const UnitError& e) {
      return wrong(entry, std::string("cannot be read: ") + e.what());
    }
    const bool low_enough = v <= setting_.high;
    const bool high_enough = setting_.above_low ? v > setting_.low : v >= setting_.low;
    if (!low_enough || !high_enough)
      return wrong(entry, "is " + in_quotes(entry.text) + "; it must be " + range_text(setting_),
                   false);
    value = v;
    return true;
  }

  template <class Integer>
  bool whole(const Entry& entry, Integer& value) {
    if (!scalar(entry, "a whole number")) return false;
    Integer v = 0;
    const char* first = entry.text.data();
    const char* last = first + entry.text.size();
    const auto [end, error] = std::from_chars(first, last, v);
    if (error == std::errc::result_out_of_range ||
        (std::is_unsigned_v<Integer> && !entry.text.empty() && entry.text[0] == '-'))
      return wrong(entry, "is " + in_quotes(entry.text) + "; it must be " + whole_range(v));
    if (error != std::errc() || end != last)
      return wrong(entry, "takes a whole number, not " + in_quotes(entry.text));
    if (setting_.type != Type::seed) {
      const auto real = static_cast<double>(v);
      if (real < setting_.low || real > setting_.high)
        return wrong(entry, "is " + in_quotes(entry.text) + "; it must be " + whole_range(v),
                     false);
      if (!setting_.words.empty() && setting_.type == Type::integer &&
          std::find(setting_.words.begin(), setting_.words.end(), entry.text) ==
              setting_.words.end())
        return wrong(
            entry, "is " + in_quotes(entry.text) + "; it must be " + listed(setting_.words), false);
    }
    value = v;
    return true;
  }

  bool boolean(const Entry& entry, bool& value) {
    if (!scalar(entry, "true or false")) return false;
    if (entry.text != "true" && entry.text != "false")
      return wrong(entry, "takes true or false, not " + in_quotes(entry.text), false);
    value = entry.text == "true";
    return true;
  }

  // Position in the allowed words; -1 after a complaint.
  int word(const Entry& entry) {
    if (!scalar(entry, "a word")) return -1;
    for (std::size_t i = 0; i < setting_.words.size(); ++i)
      if (setting_.words[i] == entry.text) return static_cast<int>(i);
    const std::string near =
        closest(entry.text, std::vector<std::string>(setting_.words.begin(), setting_.words.end()));
    wrong(entry,
          "takes " + listed(setting_.words) + ", not " + in_quotes(entry.text) +
              (near.empty() ? "" : "; did you mean " + near + "?"),
          false);
    return -1;
  }

  bool one_line(const Entry& entry) {
    return (entry.text.find('\n') == std::string::npos && printable(entry.text) == entry.text) ||
           wrong(entry, "holds a line break or another control character", false);
  }

  bool text(const Entry& entry, std::string& value) {
    if (!scalar(entry, "text")) return false;
    if (entry.text.empty() || entry.text.size() > 200)
      return wrong(entry, "must have between 1 and 200 characters", false);
    if (!one_line(entry)) return false;
    value = entry.text;
    return true;
  }

  bool file(const Entry& entry, std::string& value) {
    if (!scalar(entry, "the path of a file")) return false;
    if (entry.text.empty()) return wrong(entry, "has no value");
    if (!one_line(entry)) return false;
    const std::filesystem::path base = folder_.empty() ? std::filesystem::path(".") : folder_;
    std::error_code failed;
    const std::filesystem::path full =
        std::filesystem::absolute(base / std::filesystem::path(entry.text), failed)
            .lexically_normal();
    if (failed || !std::filesystem::is_regular_file(full, failed) || failed)
      return wrong(entry,
                   "names a file that does not exist: " + full.string() +
                       "; type a full path or one relative to the configuration's folder",
                   false);
    value = full.string();
    return true;
  }

  bool point(const Entry& entry, std::array<double, 3>& value) {
    if (entry.form == Entry::Form::empty) return wrong(entry, "has no value");
    if (entry.form != Entry::Form::list || entry.items.size() != 3)
      return wrong(entry, "takes a list of three quantities");
    std::array<double, 3> v{};
    bool good = true;
    for (std::size_t i = 0; i < 3; ++i) good = number(entry.items[i], v[i]) && good;
    if (good) value = v;
    return good;
  }

  bool extents(const Entry& entry, std::array<int, 3>& value) {
    if (entry.form == Entry::Form::empty) return wrong(entry, "has no value");
    if (entry.form != Entry::Form::list || entry.items.size() != 3)
      return wrong(entry, "takes a list of three whole numbers");
    std::array<int, 3> v{};
    bool good = true;
    for (std::size_t i = 0; i < 3; ++i) good = whole(entry.items[i], v[i]) && good;
    if (good) value = v;
    return good;
  }

  bool face(const Entry& entry, Face& value) {
    if (entry.form == Entry::Form::scalar && entry.text == "no_flux") {
      value = {FaceKind::no_flux, 0.0};
      return true;
    }
    if (entry.form == Entry::Form::scalar && number_length(entry.text) == 0 &&
        !entry.text.empty() && std::isalpha(static_cast<unsigned char>(entry.text[0])) != 0)
      return wrong(entry, "takes no_flux or a value, not " + in_quotes(entry.text));
    Face v{FaceKind::fixed, 0.0};
    if (!number(entry, v.value)) return false;
    value = v;
    return true;
  }

  bool faces(const Entry& entry, Faces& value) {
    if (entry.form != Entry::Form::map) {
      Face all{};
      if (entry.form == Entry::Form::list)
        return wrong(entry, "takes no_flux, one value, or a map of x_low to z_high, not a list");
      if (!face(entry, all)) return false;
      value.fill(all);
      return true;
    }
    Faces v = value;
    bool good = true;
    for (const Entry::Member& m : entry.members) {
      const auto* name = std::find(std::begin(face_names), std::end(face_names), m.key);
      if (name == std::end(face_names)) {
        const std::string near =
            closest(m.key, std::vector<std::string>(std::begin(face_names), std::end(face_names)));
        complaints_.add(m.place,
                        key_ + " has no face " + in_quotes(m.key) +
                            (near.empty() ? "; its faces are x_low, x_high, y_low, y_high, "
                                            "z_low and z_high"
                                          : "; did you mean " + near + "?"));
        good = false;
        continue;
      }
      Reader one(setting_, key_ + "." + m.key, folder_, complaints_);
      good = one.face(m.value, v[static_cast<std::size_t>(name - std::begin(face_names))]) && good;
    }
    if (good) value = v;
    return good;
  }

  bool frozen(const Entry& entry, Frozen& value) {
    if (entry.form == Entry::Form::scalar) return formula(entry, value);
    if (entry.form == Entry::Form::empty) return wrong(entry, "has no value");
    if (entry.form == Entry::Form::list)
      return wrong(entry, "takes none, a formula, or a map of file and array, not a list");
    Frozen v;
    bool good = true;
    for (const Entry::Member& m : entry.members) {
      Reader one(setting_, key_ + "." + m.key, folder_, complaints_);
      if (m.key == "file") {
        good = one.file(m.value, v.file) && good;
        if (!v.file.empty() && std::filesystem::path(v.file).extension() != ".vti")
          good = one.wrong(m.value, "must be a .vti file", false);
      } else if (m.key == "array") {
        good = one.text(m.value, v.array) && good;
      } else {
        complaints_.add(m.place, key_ + " has no part " + in_quotes(m.key) +
                                     "; its parts are file and array");
        good = false;
      }
    }
    if (good && (v.file.empty() || v.array.empty()))
      return wrong(entry, "needs both parts: {file: fields.vti, array: " + array_hint() + "}",
                   false);
    if (good) value = v;
    return good;
  }

  bool names(const Entry& entry, std::vector<std::string>& value) {
    if (entry.form == Entry::Form::empty) {
      value.clear();
      return true;
    }
    if (entry.form != Entry::Form::list) return wrong(entry, "takes a list of words");
    std::vector<std::string> v;
    for (const Entry& item : entry.items) {
      bool good = item.form == Entry::Form::scalar && !item.text.empty() && item.text.size() <= 60;
      if (good)
        for (const char c : item.text)
          good = good && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_');
      if (!good) return wrong(item, "takes words of letters, digits and _");
      if (std::find(v.begin(), v.end(), item.text) != v.end())
        return wrong(item, "names " + in_quotes(item.text) + " twice", false);
      v.push_back(item.text);
    }
    value = std::move(v);
    return true;
  }

private:
  std::string array_hint() const { return setting_.section(); }

  std::string whole_range(std::uint64_t) const { return "between 0 and 18446744073709551615"; }
  std::string whole_range(int) const { return range_text(setting_); }

  bool formula(const Entry& entry, Frozen& value) {
    if (entry.text == "none") {
      value = Frozen{};
      return true;
    }
    std::string expression;
    std::string_view rest;
    const std::string_view all = entry.text;
    try {
      std::size_t used = 0;
      Expression::prefix(all, used);
      const std::size_t first = all.find_first_not_of(" \t\n");
      expression = all.substr(first, used - first);
      rest = all.substr(used);
      const std::size_t begin = rest.find_first_not_of(" \t\n");
      rest = begin == std::string_view::npos ? std::string_view{} : rest.substr(begin);
    } catch (const ExpressionError& e) {
      return wrong(entry, std::string("cannot be read: ") + e.what());
    }
    const Unit unit = setting_.unit.empty() ? Unit{} : parse_unit(setting_.unit);
    if (rest.empty() && !unit.dimension.none())
      return wrong(entry, "needs a unit after the formula");
    if (!rest.empty()) {
      double scale = 1;
      try {
        scale = convert(Quantity{"1", parse_unit(rest), true}, unit);
      } catch (const UnitError& e) {
        return wrong(entry,
                     std::string("has something else than a unit after its formula: ") + e.what());
      }
      // Folded into the formula, so that the resolved file can state it in the setting's own unit.
      if (scale != 1) expression = format_number(scale) + "*(" + expression + ")";
    }
    if (expression.size() > Expression::longest) return wrong(entry, "has too long a formula");
    Frozen v;
    v.expression = expression;
    value = v;
    return true;
  }

  const Setting& setting_;
  std::string key_;
  const std::filesystem::path& folder_;
  Complaints& complaints_;
};

// Edit distance with swaps of neighbours (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

std::string lower(std::string_view text) {
  std::string s(text);
  for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return s;
}

} // namespace

std::string Place::text() const {
  const std::string name = source ? *source : std::string("configuration");
  return line > 0 ? name + ":" + std::to_string(line) : name;
}

const Entry* Entry::find(std::string_view key) const {
  for (const Member& m : members)
    if (m.key == key) return &m.value;
  return nullptr;
}

void Complaints::add(const Place& place, const std::string& message) {
  if (!full()) lines_.push_back(printable(place.text() + ": " + message));
  ++count_;
}

std::string Complaints::text() const {
  std::string s;
  for (const std::string& line : lines_) s += (s.empty() ? "" : "\n") + line;
  if (count_ > lines_.size()) s += "\n... and " + std::to_string(count_ - lines_.size()) + " more";
  return s;
}

std::string Setting::section() const { return key.substr(0, key.rfind('.')); }

std::string_view Setting::leaf() const { return std::string_view(key).substr(key.rfind('.') + 1); }

bool Setting::in_list() const { return key.find("[]") != std::string::npos; }

const std::vector<Setting>& settings() {
  static const std::vector<Setting> table = make_settings();
  return table;
}

const Setting* find_setting(std::string_view key) {
  for (const Setting& s : settings())
    if (s.key == key) return &s;
  return nullptr;
}

const std::vector<SettingList>& setting_lists() {
  static const std::vector<SettingList> lists{
      {"tissue.cells",
       "Shapes filled with cells, in order; later ones replace what earlier ones put.",
       [](const Parameters& p) { return p.tissue.cells.size(); },
       [](Parameters& p, std::size_t n) { p.tissue.cells.resize(n); }},
      {"tissue.membranes", "Basement membranes: the surfaces of shapes.",
       [](const Parameters& p) { return p.tissue.membranes.size(); },
       [](Parameters& p, std::size_t n) { p.tissue.membranes.resize(n); }},
      {"vegf.sources", "Shapes that release VEGF, such as pellets.",
       [](const Parameters& p) { return p.vegf.sources.size(); },
       [](Parameters& p, std::size_t n) { p.vegf.sources.resize(n); }},
      {"vessels.lines", "Vessels of pattern lines.",
       [](const Parameters& p) { return p.vessels.lines.size(); },
       [](Parameters& p, std::size_t n) { p.vessels.lines.resize(n); }},
      {"vessels.ends",
       "Where blood enters and leaves, in order; on the pattern's own ends, later ones win.",
       [](const Parameters& p) { return p.vessels.ends.size(); },
       [](Parameters& p, std::size_t n) { p.vessels.ends.resize(n); }}};
  return lists;
}

const SettingList* find_list(std::string_view key) {
  for (const SettingList& list : setting_lists())
    if (list.key == key) return &list;
  return nullptr;
}

const std::vector<PresetChange>& preset_changes() {
  static const std::vector<PresetChange> changes = make_preset_changes();
  return changes;
}

const std::string& fallback_of(const Setting& setting, Preset preset) {
  for (const PresetChange& c : preset_changes())
    if (c.preset == preset && c.key == setting.key) return c.fallback;
  return setting.fallback;
}

std::string closest(std::string_view wrong, const std::vector<std::string>& candidates) {
  if (wrong.size() > 60) return {};
  const std::string w = lower(wrong);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, w.size() / 3) + 1;
  for (const std::string& c : candidates) {
    const std::size_t d = distance(w, lower(c));
    if (d < best_distance) best_distance = d, best = c;
  }
  return best;
}

std::string unknown_key(const std::string& key) {
  const std::size_t dot = key.rfind('.');
  const std::string section = dot == std::string::npos ? "" : key.substr(0, dot);
  const std::string leaf = key.substr(dot == std::string::npos ? 0 : dot + 1);
  const auto said = [&](const std::string& hint) {
    std::string shown = key.size() > 100 ? key.substr(0, 100) + "..." : key;
    return shown + " is not a setting" + hint;
  };
  std::vector<std::string> siblings, everywhere, sections;
  const auto add_once = [](std::vector<std::string>& list, const std::string& word) {
    if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
  };
  std::string elsewhere;
  for (const Setting& s : settings()) {
    const std::string name(s.leaf());
    if (s.section() == section) add_once(siblings, name);
    add_once(sections, s.key.substr(0, s.key.find('.')));
    if (name == leaf && elsewhere.empty()) elsewhere = s.key;
    everywhere.push_back(s.key);
  }
  for (const SettingList& list : setting_lists()) {
    const std::size_t at = list.key.rfind('.');
    if (list.key.substr(0, at) == section) add_once(siblings, list.key.substr(at + 1));
    if (list.key.substr(at + 1) == leaf && elsewhere.empty()) elsewhere = list.key;
  }
  if (section.empty()) siblings = sections;
  const std::string near = closest(leaf, siblings);
  if (!near.empty()) return said("; did you mean " + near + "?");
  if (!elsewhere.empty()) return said("; did you mean " + elsewhere + "?");
  // A known leaf misspelt in the wrong section, or a misspelt section.
  const std::string far = closest(key, everywhere);
  if (!far.empty()) return said("; did you mean " + far + "?");
  std::string leaf_near;
  {
    std::vector<std::string> leaves;
    for (const Setting& s : settings()) add_once(leaves, std::string(s.leaf()));
    const std::string l = closest(leaf, leaves);
    for (const Setting& s : settings())
      if (!l.empty() && s.leaf() == l && leaf_near.empty()) leaf_near = s.key;
  }
  if (!leaf_near.empty()) return said("; did you mean " + leaf_near + "?");
  std::string known;
  for (const std::string& name : siblings) known += (known.empty() ? "" : " ") + name;
  if (known.empty()) return said("; `metavox explain` lists them all");
  return said("; " + (section.empty() ? std::string("the sections are ") : section + " has ") +
              known);
}

std::string range_text(const Setting& s) {
  const bool low = std::isfinite(s.low), high = std::isfinite(s.high);
  const std::string unit = s.unit.empty() ? "" : " " + s.unit;
  if (low && high)
    return (s.above_low ? "above " + format_number(s.low) + " and at most "
                        : "between " + format_number(s.low) + " and ") +
           format_number(s.high) + unit;
  if (low) return (s.above_low ? "above " : "at least ") + format_number(s.low) + unit;
  return {};
}

std::string example_text(const Setting& s) {
  std::string value = !s.example.empty() ? s.example : s.fallback;
  if (value.empty() && !s.words.empty()) value = s.words.front();
  if (value.empty()) value = s.type == Type::text ? "breast_nodule" : "1";
  return std::string(s.leaf()) + ": " + value;
}

bool read_setting(const Setting& setting, const std::string& key, const Entry& entry,
                  const Slot& slot, const std::filesystem::path& folder, Complaints& complaints) {
  Reader reader(setting, key, folder, complaints);
  struct Visitor {
    Reader& reader;
    const Setting& setting;
    const Entry& entry;
    bool operator()(std::monostate) const { return true; }
    bool operator()(double* v) const { return reader.number(entry, *v); }
    bool operator()(int* v) const { return reader.whole(entry, *v); }
    bool operator()(std::uint64_t* v) const { return reader.whole(entry, *v); }
    bool operator()(bool* v) const { return reader.boolean(entry, *v); }
    bool operator()(std::string* v) const {
      if (setting.fallback == "none" && entry.form == Entry::Form::scalar && entry.text == "none") {
        v->clear();
        return true;
      }
      if (setting.type == Type::path) return reader.file(entry, *v);
      if (setting.words.empty()) return reader.text(entry, *v);
      if (reader.word(entry) < 0) return false;
      *v = entry.text;
      return true;
    }
    bool operator()(std::array<double, 3>* v) const { return reader.point(entry, *v); }
    bool operator()(std::array<int, 3>* v) const { return reader.extents(entry, *v); }
    bool operator()(Faces* v) const { return reader.faces(entry, *v); }
    bool operator()(Frozen* v) const { return reader.frozen(entry, *v); }
    bool operator()(std::vector<std::string>* v) const { return reader.names(entry, *v); }
    bool operator()(const WordSlot& v) const {
      if (reader.word(entry) < 0) return false;
      const auto at = std::find(v.words->begin(), v.words->end(), entry.text);
      *v.value = static_cast<std::uint8_t>(at - v.words->begin());
      return true;
    }
  };
  return std::visit(Visitor{reader, setting, entry}, slot);
}

std::string write_setting(const Setting& setting, const Slot& slot) {
  struct Visitor {
    const Setting& setting;
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(const double* v) const { return with_unit(*v, setting.unit); }
    std::string operator()(const int* v) const { return std::to_string(*v); }
    std::string operator()(const std::uint64_t* v) const { return std::to_string(*v); }
    std::string operator()(const bool* v) const { return *v ? "true" : "false"; }
    std::string operator()(const std::string* v) const {
      if (setting.fallback == "none" && v->empty()) return "none";
      return setting.words.empty() ? yaml_string(*v) : *v;
    }
    std::string operator()(const std::array<double, 3>* v) const {
      return "[" + with_unit((*v)[0], setting.unit) + ", " + with_unit((*v)[1], setting.unit) +
             ", " + with_unit((*v)[2], setting.unit) + "]";
    }
    std::string operator()(const std::array<int, 3>* v) const {
      return "[" + std::to_string((*v)[0]) + ", " + std::to_string((*v)[1]) + ", " +
             std::to_string((*v)[2]) + "]";
    }
    std::string operator()(const Faces* v) const {
      std::string s = "{";
      for (std::size_t i = 0; i < v->size(); ++i)
        s += (i == 0 ? "" : ", ") + std::string(face_names[i]) + ": " +
             ((*v)[i].kind == FaceKind::no_flux ? "no_flux"
                                                : with_unit((*v)[i].value, setting.unit));
      return s + "}";
    }
    std::string operator()(const Frozen* v) const {
      if (!v->file.empty())
        return "{file: " + yaml_string(v->file) + ", array: " + yaml_string(v->array) + "}";
      if (v->expression.empty()) return "none";
      return yaml_string(setting.unit.empty() ? v->expression : v->expression + " " + setting.unit);
    }
    std::string operator()(const std::vector<std::string>* v) const {
      std::string s = "[";
      for (const std::string& name : *v) s += (s.size() == 1 ? "" : ", ") + name;
      return s + "]";
    }
    std::string operator()(const WordSlot& v) const { return std::string((*v.words)[*v.value]); }
  };
  return std::visit(Visitor{setting}, slot);
}

namespace {

std::string type_text(const Setting& s) {
  const std::string unit = s.unit.empty() ? "number" : "quantity in " + s.unit;
  switch (s.type) {
  case Type::quantity: return unit;
  case Type::integer: return s.words.empty() ? "whole number" : "one of " + listed(s.words);
  case Type::seed: return "whole number of 64 bits";
  case Type::boolean: return "true or false";
  case Type::word: return "one of " + listed(s.words);
  case Type::text: return "text";
  case Type::path: return "path of a file, or none";
  case Type::point: return "[x, y, z], each a " + unit;
  case Type::extents: return "[nx, ny, nz]";
  case Type::faces: return "no_flux, a " + unit + ", or a map of the six faces";
  case Type::frozen:
    return "none, a formula" + (s.unit.empty() ? "" : " in " + s.unit) + ", or {file, array}";
  case Type::names: return "list of words";
  }
  return {};
}

std::string default_text(const Setting& s) {
  return !s.derived.empty()   ? s.derived
         : s.fallback.empty() ? "none; it must be given"
                              : s.fallback;
}

std::string explain_one(const Setting& s) {
  std::string text = s.key + "    " + type_text(s) + "\n  " + s.meaning + "\n";
  if (!s.shapes.empty()) text += "  for      shape " + s.shapes + " only\n";
  text += "  default  " + default_text(s) + "\n";
  for (const PresetChange& c : preset_changes())
    if (c.key == s.key)
      text += "  preset   " + std::string(words_of<Preset>()[static_cast<std::size_t>(c.preset)]) +
              ": " + c.fallback + " (" + c.reason + ")\n";
  const std::string range = s.words.empty() ? range_text(s) : std::string();
  if (!range.empty()) text += "  range    " + range + "\n";
  text += "  source   " + s.source + "\n";
  return text;
}

std::string json_string(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string s = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (s += '\\') += c;
    else if (byte < 32)
      ((s += "\\u00") += hex[byte >> 4]) += hex[byte & 15];
    else
      s += c;
  }
  return s + '"';
}

const std::string number_pattern = "[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?";
// A unit begins with a letter, a parenthesis or 1/; e is left out, as 1e5 has none.
const std::string quantity_pattern =
    "^\\s*" + number_pattern + "(\\s*[A-DF-Za-df-z%(\u00b5\u03bc]|\\s+1\\s*/).*$";

std::string json_quantity(const Setting& s) {
  if (!s.unit.empty()) return R"("type":"string","pattern":)" + json_string(quantity_pattern);
  std::string number = R"({"type":"number")";
  if (std::isfinite(s.low))
    number += (s.above_low ? R"(,"exclusiveMinimum":)" : R"(,"minimum":)") + format_number(s.low);
  if (std::isfinite(s.high)) number += R"(,"maximum":)" + format_number(s.high);
  number += '}';
  return R"("anyOf":[)" + number + R"(,{"type":"string","pattern":)" +
         json_string("^\\s*" + number_pattern + "\\s*%?\\s*$") + "}]";
}

std::string json_words(const Words& words, bool as_text) {
  std::string s = "\"enum\":[";
  for (std::size_t i = 0; i < words.size(); ++i)
    s += (i == 0 ? "" : ",") + (as_text ? json_string(words[i]) : std::string(words[i]));
  return s + "]";
}

std::string json_type(const Setting& s) {
  const std::string integer =
      R"("type":"integer","minimum":)" + format_number(std::isfinite(s.low) ? s.low : 0) +
      (std::isfinite(s.high) ? R"(,"maximum":)" + format_number(s.high) : std::string());
  switch (s.type) {
  case Type::quantity: return json_quantity(s);
  case Type::integer: return s.words.empty() ? integer : json_words(s.words, false);
  case Type::seed: return R"("type":"integer","minimum":0,"maximum":18446744073709551615)";
  case Type::boolean: return R"("type":"boolean")";
  case Type::word: return json_words(s.words, true);
  case Type::text: return R"("type":"string","minLength":1,"maxLength":200)";
  case Type::path: return R"("type":"string","minLength":1)";
  case Type::point:
    return R"("type":"array","minItems":3,"maxItems":3,"items":{)" + json_quantity(s) + "}";
  case Type::extents:
    return R"("type":"array","minItems":3,"maxItems":3,"items":{)" + integer + "}";
  case Type::faces: {
    const std::string face = R"({"anyOf":[{"const":"no_flux"},{)" + json_quantity(s) + "}]}";
    std::string map = R"({"type":"object","additionalProperties":false,"properties":{)";
    for (std::size_t i = 0; i < 6; ++i)
      map += (i == 0 ? "" : ",") + json_string(face_names[i]) + ":" + face;
    return R"("anyOf":[)" + face + "," + map + "}}]";
  }
  case Type::frozen:
    return R"("anyOf":[{"type":["string","number"]},{"type":"object","additionalProperties":false,)"
           R"("required":["file","array"],"properties":{"file":{"type":"string"},)"
           R"("array":{"type":"string"}}}])";
  case Type::names:
    return R"("type":"array","uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9_]+$"})";
  }
  return {};
}

std::string json_setting(const Setting& s) {
  std::string description = s.meaning;
  if (!s.unit.empty()) description += " In " + s.unit + " or a unit like it.";
  if (!s.shapes.empty()) description += " For shape " + s.shapes + ".";
  const std::string range = s.words.empty() ? range_text(s) : std::string();
  if (!range.empty()) description += " Range: " + range + ".";
  if (!s.derived.empty()) description += " Default: " + s.derived + ".";
  description += " Source: " + s.source + ".";
  std::string json =
      json_string(s.leaf()) + ":{" + json_type(s) + ",\"description\":" + json_string(description);
  if (!s.fallback.empty()) {
    const bool raw = s.type == Type::integer || s.type == Type::seed || s.type == Type::boolean ||
                     s.type == Type::extents || s.type == Type::names ||
                     (s.type == Type::quantity && s.unit.empty());
    std::string value = raw ? s.fallback : json_string(s.fallback);
    if (s.type == Type::point) {
      value = "[";
      std::string_view rest = std::string_view(s.fallback).substr(1, s.fallback.size() - 2);
      while (!rest.empty()) {
        const std::size_t comma = rest.find(", ");
        value += (value.size() == 1 ? "" : ",") + json_string(rest.substr(0, comma));
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 2);
      }
      value += "]";
    }
    json += ",\"default\":" + value;
  }
  return json + "}";
}

// {"a":1} with line breaks and two blanks per level.
std::string indented(const std::string& compact) {
  std::string out;
  std::size_t level = 0;
  bool in_string = false;
  const auto new_line = [&] { out += '\n' + std::string(2 * level, ' '); };
  for (std::size_t i = 0; i < compact.size(); ++i) {
    const char c = compact[i];
    if (in_string) {
      out += c;
      if (c == '\\')
        out += compact[++i];
      else if (c == '"')
        in_string = false;
      continue;
    }
    const bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
    if (opens && i + 1 < compact.size() && (compact[i + 1] == '}' || compact[i + 1] == ']')) {
      (out += c) += compact[++i];
      continue;
    }
    if (closes) --level, new_line();
    out += c;
    if (c == '"') in_string = true;
    if (opens) ++level, new_line();
    if (c == ',') new_line();
    if (c == ':') out += ' ';
  }
  return out + '\n';
}

std::string json_properties(const std::string& section) {
  std::string json;
  for (const Setting& s : settings())
    if (s.section() == section) json += (json.empty() ? "" : ",") + json_setting(s);
  return json;
}

} // namespace

std::string explain(const std::string& key) {
  std::string general; // tissue.cells[2].radius is the same setting as tissue.cells[].radius
  for (const char c : key)
    if (general.empty() || general.back() != '[' ||
        std::isdigit(static_cast<unsigned char>(c)) == 0)
      general += c;
  if (const Setting* s = find_setting(general)) return explain_one(*s);
  std::string text;
  for (const Setting& s : settings())
    if (s.key.compare(0, general.size(), general) == 0 && s.key.size() > general.size() &&
        (s.key[general.size()] == '.' || s.key[general.size()] == '['))
      text += (text.empty() ? "" : "\n") + explain_one(s);
  if (text.empty()) throw ConfigError(printable(unknown_key(key)));
  return text;
}

std::string explain_all() {
  std::string text;
  for (const Setting& s : settings()) text += (text.empty() ? "" : "\n") + explain_one(s);
  return text;
}

std::string json_schema() {
  std::string sections;
  std::vector<std::string> done;
  for (const Setting& s : settings()) {
    const std::string section = s.key.substr(0, s.key.find('.'));
    if (std::find(done.begin(), done.end(), section) != done.end()) continue;
    done.push_back(section);
    std::string properties = json_properties(section);
    for (const SettingList& list : setting_lists()) {
      if (list.key.compare(0, section.size() + 1, section + ".") != 0) continue;
      std::string required;
      for (const Setting& m : settings())
        if (m.section() == list.key + "[]" && m.fallback.empty() && m.derived.empty() &&
            m.shapes.empty())
          required += (required.empty() ? "" : ",") + json_string(m.leaf());
      properties += "," + json_string(list.key.substr(section.size() + 1)) +
                    R"(:{"type":["array","null"],"description":)" + json_string(list.meaning) +
                    R"(,"items":{"type":"object","additionalProperties":false,)" +
                    (required.empty() ? std::string() : "\"required\":[" + required + "],") +
                    "\"properties\":{" + json_properties(list.key + "[]") + "}}}";
    }
    sections += (sections.empty() ? "" : ",") + json_string(section) +
                R"(:{"type":["object","null"],"additionalProperties":false,"properties":{)" +
                properties + "}";
    if (section == "domain") sections += R"(,"not":{"required":["voxels","size"]})";
    sections += "}";
  }
  return indented(R"({"$schema":"https://json-schema.org/draft/2020-12/schema",)"
                  R"("title":"metavox configuration","type":"object","additionalProperties":false,)"
                  R"("properties":{)" +
                  sections + "}}");
}

} // namespace metavox
