#include "fields/blood_exchange.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/constants.hpp"
#include "core/launch.hpp"

namespace metavox {

namespace {

struct ConductPieces {
  static constexpr const char* name = "blood.conduct";
  static constexpr double bytes = 24;
  const double* length;
  const double* radius;
  const std::int32_t* first_weight;
  Wall wall;
  double permeability; // um/min, where the wall is given
  double dissolved;    // amount per um^3 of tissue and level
  double diffusivity, spacing;
  double* conductance;
  MV_HD void operator()(std::int64_t n) const {
    const double r = radius[n];
    // A uniform source in the disc keeps its mean this far out: a e^(-1/4).
    const double edge = 0.77880078307140487 * disc_radius(r, spacing, wall == Wall::none);
    double resistance = exact::log(edge / r) / (2.0 * pi * diffusivity);
    if (wall != Wall::none) {
      const double psi = wall == Wall::given ? permeability : oxygen_permeability(r, dissolved);
      resistance += 1.0 / (2.0 * pi * r * psi); // nothing passes through a wall of psi 0
    }
    const bool inside = first_weight[n + 1] > first_weight[n];
    conductance[n] = inside ? length[n] / resistance : 0.0;
  }
};

// Values of the field in touched voxels.
struct ReadSplit {
  static constexpr const char* name = "blood.read";
  static constexpr double bytes = 16;
  const PackedVoxel* voxel;
  SplitLattice split;
  const float* c;
  float* value;
  MV_HD void operator()(std::int64_t n) const { value[n] = c[split.index(voxel[n])]; }
};

// The same at the start, with f and k of all else.
struct KeepBase {
  static constexpr const char* name = "blood.keep";
  static constexpr double bytes = 32;
  const PackedVoxel* voxel;
  SplitLattice split;
  const float *c, *f, *k;
  float *value, *base_f, *base_k;
  MV_HD void operator()(std::int64_t n) const {
    const std::int64_t i = split.index(voxel[n]);
    value[n] = c[i];
    base_f[n] = f[i];
    base_k[n] = k[i];
  }
};

struct GatherTissue {
  static constexpr const char* name = "blood.gather";
  static constexpr double bytes = 16 * 12;
  const std::int32_t* first;
  const DiscWeight* weight;
  const float* value;
  double* tissue;
  MV_HD void operator()(std::int64_t n) const {
    double sum = 0.0;
    for (std::int32_t w = first[n]; w < first[n + 1]; ++w)
      sum += static_cast<double>(weight[w].weight) * static_cast<double>(value[weight[w].at]);
    tissue[n] = sum;
  }
};

// The same from a field as it lies, which takes longer where it is done again and again.
struct GatherField {
  static constexpr const char* name = "blood.gather_field";
  static constexpr double bytes = 20 * 12;
  const std::int32_t* first;
  const DiscWeight* weight;
  const PackedVoxel* voxel;
  Lattice lattice;
  const float* c;
  double* tissue;
  MV_HD void operator()(std::int64_t n) const {
    double sum = 0.0;
    for (std::int32_t w = first[n]; w < first[n + 1]; ++w) {
      const float value = c[lattice.index(voxel[weight[w].at])];
      sum += static_cast<double>(weight[w].weight) * static_cast<double>(value);
    }
    tissue[n] = sum;
  }
};

// What all pieces share of a march.
struct PieceLaw {
  BloodContent content;
  double alpha; // amount per um^3 of tissue and level
  double lag;   // theta: between the response of a piece to its own tissue and that of the lot
  const double* conductance;
  const double* tissue;
  double* level;
  float* change;
  PieceSupply* supply;

  // Blood that brings `amount` per minute, which would rise by `rise` if all tissue rose by one.
  // `p`: its level on entry, then on leaving.
  MV_HD void pass(std::int64_t n, double flow, double haematocrit, double& p, double& amount,
                  double& rise) const {
    const double wall = conductance[n], exchange = alpha * wall, around = tissue[n];
    const double bound = flow * haematocrit * content.haemoglobin;
    double slope;
    const double now =
        content.level(bound, flow * content.solubility + exchange, amount + exchange * around,
                      exact::min_of(p, around), exact::max_of(p, around), p, slope);
    const double left = exact::max_of(amount - exchange * (now - around), 0.0);
    supply[n].given = amount - left;
    // How the level follows its own tissue, and how with all tissue upstream.
    const double own = exchange / slope, all = (rise + exchange) / slope;
    supply[n].steepness = wall * (lag * (1.0 - own) + (1.0 - lag) * exact::max_of(0.0, 1.0 - all));
    rise = (slope - exchange) * all;
    const double moved = now - level[n];
    change[n] = static_cast<float>(moved < 0.0 ? -moved : moved);
    level[n] = now;
    p = now;
    amount = left;
  }
};

// All that leaves one vertex, up to the next ones.
struct MarchBlood {
  static constexpr const char* name = "blood.march";
  static constexpr double bytes = 400;
  PieceLaw law;
  const BloodVertex* vertex;
  const BloodBranch* branch;
  const std::int32_t* arc;
  double entering;                     // level; negative: the vertex's own oxygen
  double *carried, *response, *at_end; // of branches, where they end

  MV_HD void operator()(std::int64_t n) const {
    const BloodVertex v = vertex[n];
    double amount = 0.0, rise = 0.0, highest = 0.0;
    for (std::int32_t a = v.first_in; a < v.first_out; ++a) {
      amount += carried[arc[a]];
      rise += response[arc[a]];
      highest = exact::max_of(highest, at_end[arc[a]]);
    }
    amount *= 1.0 - v.leaving;
    rise *= 1.0 - v.leaving;
    if (v.entering > 0.0) {
      const double level = entering >= 0.0 ? entering : v.oxygen;
      amount += v.entering * law.content.of(level, v.haematocrit);
      highest = exact::max_of(highest, level);
    }
    double flow = 0.0, red = 0.0;
    for (std::int32_t a = v.first_out; a < v.last_out; ++a) {
      flow += branch[arc[a]].flow;
      red += branch[arc[a]].flow * branch[arc[a]].haematocrit;
    }
    if (!(flow > 0.0)) return;
    const BloodContent& content = law.content;
    double slope;
    // Red cells that end elsewhere than they came from, by rounding, may lift it above all inflows.
    const double p = content.level(red * content.haemoglobin, flow * content.solubility, amount,
                                   0.0, 2.0 * highest + 1.0, highest, slope);
    // The main branch takes what rounding leaves.
    double rest = amount;
    for (std::int32_t a = v.first_out; a < v.last_out; ++a)
      if (arc[a] != v.main) rest -= branch[arc[a]].flow * content.of(p, branch[arc[a]].haematocrit);
    for (std::int32_t a = v.first_out; a < v.last_out; ++a) {
      const BloodBranch& b = branch[arc[a]];
      double here = p, brought = arc[a] != v.main ? b.flow * content.of(p, b.haematocrit)
                                                  : exact::max_of(rest, 0.0);
      double d = 0.0;
      if (content.haemoglobin > 0.0) content.curve.at(p, d);
      const double share =
          b.flow * (b.haematocrit * content.haemoglobin * d + content.solubility) / slope;
      double follows = rise * share;
      for (std::int64_t k = b.first_piece; k < b.last_piece; ++k)
        law.pass(k, b.flow, b.haematocrit, here, brought, follows);
      carried[arc[a]] = brought;
      response[arc[a]] = follows;
      at_end[arc[a]] = here;
    }
  }
};

// Blood that never runs out.
struct HoldBlood {
  static constexpr const char* name = "blood.hold";
  static constexpr double bytes = 52;
  PieceLaw law;
  double held;
  MV_HD void operator()(std::int64_t n) const {
    const double wall = law.conductance[n];
    law.supply[n] = {law.alpha * wall * (held - law.tissue[n]), wall};
    law.change[n] = 0.0f;
    law.level[n] = held;
  }
};

// What is given answers to tissue as it is, the march having gone through `used`.
struct GiveOnwards {
  static constexpr const char* name = "blood.give_onwards";
  static constexpr double bytes = 40;
  const double *used, *met;
  double alpha;
  PieceSupply* supply;
  MV_HD void operator()(std::int64_t n) const {
    PieceSupply& s = supply[n];
    s.given += alpha * s.steepness * (used[n] - met[n]);
  }
};

struct LargestChange {
  static constexpr const char* name = "blood.change";
  static constexpr double bytes = 4;
  const float* change;
  MV_HD float operator()(const Voxel& s) const { return change[s.x]; }
};

struct SupplyVoxels {
  static constexpr const char* name = "blood.supply";
  static constexpr double bytes = 24 + 24 * 1.2 + 8;
  const PackedVoxel* voxel;
  const std::int32_t* first;
  const DiscWeight* piece;
  const float *value, *base_f, *base_k;
  const PieceSupply* supply;
  double per_level, per_volume; // 1/alpha, 1/h^3
  SplitLattice split;
  float *f, *k;
  MV_HD void operator()(std::int64_t n) const {
    const double now = static_cast<double>(value[n]);
    double source = 0.0, loss = 0.0;
    for (std::int32_t w = first[n]; w < first[n + 1]; ++w) {
      const double share = static_cast<double>(piece[w].weight);
      const PieceSupply s = supply[piece[w].at];
      source += share * (s.given * per_level + s.steepness * now);
      loss += share * s.steepness;
    }
    const std::int64_t i = split.index(voxel[n]);
    f[i] = static_cast<float>(static_cast<double>(base_f[n]) + source * per_volume);
    k[i] = static_cast<float>(static_cast<double>(base_k[n]) + loss * per_volume);
  }
};

// Midway between the response of a piece and that of the whole bed convergence is fastest, and safe
// where discs are wide; where it is not, the bed's pieces are taken one by one. Measured on beds,
// loops and sprouting networks.
constexpr double usual_lag = 0.4, safe_lag = 1.0;
constexpr int patience = 6, look_back = 4; // cycles
constexpr float slow = 0.7f;
// Many slow vessels together answer to the tissue far more weakly than each to its own, so that
// turns overlook a rise of all of it. Where they shrink by less than two fifths each, the next ones
// are extrapolated from them.
constexpr int hasten_look_back = 2; // cycles
constexpr float hasten_from = 0.36f;
// A state extrapolated to is off by at most about so many of its last change: measured, 2 to 4.4 in
// networks, up to 14 in closed beds that take up next to nothing.
constexpr float hastened_left = 10.0f;
// Extrapolated changes that grow beyond this multiple of their smallest lead away: plain turns,
// with each piece taken by itself, come next, and may be extrapolated from in their turn.
constexpr float no_help = 2.0f;

} // namespace

BloodExchange::BloodExchange(const Executor& executor, const BloodSubstance& substance)
    : executor_(executor), substance_(substance), extrapolation_(executor) {
  if (substance.haemoglobin <= 0) return;
  curve_ = SaturationCurve::make_table(substance.half, substance.exponent);
  table_ = Buffer<double>(executor_, static_cast<std::int64_t>(curve_.size()));
  table_.upload(curve_.data());
}

// `table`: the curve's, where it is used.
BloodContent BloodExchange::content(const double* table) const {
  return {{table, substance_.half, substance_.exponent}, substance_.haemoglobin, substance_.plasma};
}

// In the order of place_lent().
double BloodExchange::bytes_of_its_own(double pieces, double touched, std::size_t lent) {
  // Branches are few.
  double own = (pieces + entries_to_spare) * 2 * sizeof(double) +
               static_cast<double>(entries_to_spare * 3 * sizeof(double));
  const auto place = [&](double n, std::size_t size) {
    const std::size_t bytes = Loan::bytes_for(static_cast<std::int64_t>(n), size);
    if (bytes <= lent)
      lent -= bytes;
    else
      own += static_cast<double>(bytes + Loan::bytes_for(entries_to_spare, size));
  };
  place(pieces, Extrapolation::bytes);
  for (int n = 0; n < 3; ++n) place(touched, sizeof(float));
  place(pieces, sizeof(PieceSupply));
  for (int n = 0; n < 2; ++n) place(pieces, sizeof(double));
  place(pieces, sizeof(float));
  return own;
}

// The largest first, as they are the hardest to place.
void BloodExchange::place_lent(Loan& loan) {
  loan.free_all();
  extrapolation_.begin(blood_.pieces, loan);
  for (LentArray<float>* a : {&value_, &base_f_, &base_k_})
    a->place(executor_, blood_.touched, loan);
  supply_.place(executor_, blood_.pieces, loan);
  for (LentArray<double>* a : {&tissue_, &met_}) a->place(executor_, blood_.pieces, loan);
  change_.place(executor_, blood_.pieces, loan);
}

void BloodExchange::look_at(const BloodView& blood, Loan& loan) {
  const bool changed = blood.edition != blood_.edition || blood.pieces != blood_.pieces;
  blood_ = blood;
  if (!any()) return;
  place_lent(loan);
  if (!changed) return;
  for (Buffer<double>* b : {&conductance_, &level_}) fit(executor_, *b, blood.pieces);
  for (Buffer<double>* b : {&carried_, &response_, &at_end_}) fit(executor_, *b, blood.branches);
  executor_.for_each_index(
      blood.pieces, ConductPieces{blood.length, blood.radius, blood.first_weight,
                                  substance_.fixed ? Wall::none : substance_.wall,
                                  substance_.permeability, substance_.dissolved,
                                  substance_.diffusivity, substance_.spacing, conductance_.data()});
}

void BloodExchange::march() {
  const PieceLaw law{content(table_.data()), substance_.dissolved, lag_,
                     conductance_.data(),    tissue_.data(),       level_.data(),
                     change_.data(),         supply_.data()};
  if (substance_.fixed)
    executor_.for_each_index(blood_.pieces, HoldBlood{law, substance_.level});
  else
    executor_.for_each_level(*blood_.levels, blood_.level,
                             MarchBlood{law, blood_.vertex, blood_.branch, blood_.arc,
                                        substance_.entering, carried_.data(), response_.data(),
                                        at_end_.data()});
}

void BloodExchange::begin(const DiffusionLevel& fine) {
  fine_ = fine;
  lag_ = usual_lag;
  hastened_ = led_away_ = false;
  changes_.clear();
  executor_.for_each_index(blood_.touched,
                           KeepBase{blood_.voxel, fine.lattice, fine.c, fine.f, fine.k,
                                    value_.data(), base_f_.data(), base_k_.data()});
  // In a circle some blood is asked for before it has come.
  if (blood_.circles)
    for (Buffer<double>* b : {&carried_, &response_, &at_end_}) b->clear();
}

// The march follows the tissue as it is.
void BloodExchange::plain_turn() {
  std::swap(tissue_, met_);
  march();
}

// What tissue has become against what was marched through; the march itself waits until what to
// go on with is asked for.
float BloodExchange::hastened_turn() {
  const float change = extrapolation_.take(tissue_.data(), met_.data(), change_.data());
  least_ = exact::min_of(least_, change);
  if (change <= no_help * least_) return change;
  hastened_ = false;
  led_away_ = true;
  lag_ = safe_lag;
  changes_.clear();
  plain_turn();
  return change;
}

// Looks at how plain turns shrink.
void BloodExchange::watch() {
  const auto n = changes_.size();
  if (n < patience) return;
  if (changes_[n - 1] > hasten_from * changes_[n - 1 - hasten_look_back]) {
    hastened_ = true;
    lag_ = led_away_ ? safe_lag : usual_lag;
    extrapolation_.begin();
    least_ = extrapolation_.take(met_.data(), tissue_.data(), change_.data());
  } else if (changes_[n - 1] > slow * changes_[n - 1 - look_back]) {
    lag_ = safe_lag;
  }
}

Exchange::Answer BloodExchange::answer(int cycles) {
  if (cycles > 0)
    executor_.for_each_index(blood_.touched,
                             ReadSplit{blood_.voxel, fine_.lattice, fine_.c, value_.data()});
  executor_.for_each_index(
      blood_.pieces, GatherTissue{blood_.first_weight, blood_.weight, value_.data(), met_.data()});
  if (hastened_) return {hastened_turn(), hastened_left};
  plain_turn();
  if (cycles == 0) return {}; // there is nothing to compare with
  const Lattice row{static_cast<int>(blood_.pieces), 1, 1, 1};
  changes_.push_back(executor_.max_over(row, LargestChange{change_.data()}));
  watch();
  return {changes_.back(), 0.0f};
}

void BloodExchange::impose() {
  if (hastened_ && extrapolation_.turns() > 1) {
    extrapolation_.go_on(tissue_.data(), met_.data());
    march();
    executor_.for_each_index(blood_.pieces, GiveOnwards{tissue_.data(), met_.data(),
                                                        substance_.dissolved, supply_.data()});
  }
  const double h = substance_.spacing;
  executor_.for_each_index(blood_.touched,
                           SupplyVoxels{blood_.voxel, blood_.first_piece_at, blood_.piece_at,
                                        value_.data(), base_f_.data(), base_k_.data(),
                                        supply_.data(), 1 / substance_.dissolved, 1 / (h * h * h),
                                        fine_.lattice, fine_.f, fine_.k});
}

BloodReport BloodExchange::report(const float* field, const Lattice& lattice) {
  BloodReport report;
  if (!any()) return report;
  lag_ = usual_lag;
  if (blood_.circles)
    for (Buffer<double>* b : {&carried_, &response_, &at_end_}) b->clear();
  executor_.for_each_index(blood_.pieces,
                           GatherField{blood_.first_weight, blood_.weight, blood_.voxel, lattice,
                                       field, tissue_.data()});
  march();
  const auto copied = [&](const auto* from, std::int64_t count) {
    std::vector<std::decay_t<decltype(*from)>> values(static_cast<std::size_t>(count));
    if (count > 0) executor_.copy_out(values.data(), from, values.size() * sizeof *from);
    return values;
  };
  report.level = copied(level_.data(), blood_.pieces);
  for (const PieceSupply& s : copied(supply_.data(), blood_.pieces))
    report.given.push_back(s.given);
  report.saturation.assign(report.level.size(), 0.0);
  const auto saturation = [&](double p) {
    return p > 0 ? SaturationCurve::hill(p, substance_.half, substance_.exponent) : 0.0;
  };
  if (substance_.haemoglobin > 0)
    for (std::size_t n = 0; n < report.level.size(); ++n)
      report.saturation[n] = saturation(report.level[n]);
  if (substance_.fixed) return report;
  const std::int64_t vertices = blood_.levels->empty() ? 0 : blood_.levels->back();
  const auto vertex = copied(blood_.vertex, vertices);
  const auto carried = copied(carried_.data(), blood_.branches);
  const auto at_end = copied(at_end_.data(), blood_.branches);
  const auto branch = copied(blood_.branch, blood_.branches);
  const BloodContent blood = content(curve_.data());
  std::int32_t arcs = 0;
  for (const BloodVertex& v : vertex) arcs = std::max(arcs, v.last_out);
  const auto arc = copied(blood_.arc, arcs);
  for (const BloodVertex& v : vertex) {
    if (v.entering > 0)
      report.in += v.entering * blood.of(substance_.entering >= 0 ? substance_.entering : v.oxygen,
                                         v.haematocrit);
    if (v.leaving <= 0) continue;
    double arrives = 0;
    for (std::int32_t a = v.first_in; a < v.first_out; ++a) {
      const auto b = static_cast<std::size_t>(arc[static_cast<std::size_t>(a)]);
      arrives += carried[b];
      const double red = v.leaving * branch[b].flow * branch[b].haematocrit;
      report.red_out += red;
      if (substance_.haemoglobin > 0) report.bound_out += red * saturation(at_end[b]);
    }
    report.out += v.leaving * arrives;
  }
  return report;
}

} // namespace metavox
