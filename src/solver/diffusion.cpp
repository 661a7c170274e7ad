#include "solver/diffusion.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include "core/launch.hpp"
#include "solver/smooth.hpp"
#include "solver/transfer.hpp"

namespace metavox {
namespace {

int halved(int n) { return (n + 1) / 2; }

bool smallest(const SplitLattice& l) { return l.nx <= 1 && l.ny <= 1 && l.nz <= 1; }

// The change of a cycle estimates the error before it; the ratio of two changes, doubled for
// safety, the share that stays. `before` is negative for the first cycle.
float error_after(float change, float before, float doubt = 2.0f) {
  const float ratio = before > 0.0f ? exact::clamp(doubt * change / before, 0.1f, 0.9f) : 0.25f;
  return change * ratio / (1.0f - ratio);
}

// Changes that shrink no more are rounding, if they are small. Hastened ones go up and down, so
// that four are compared with four.
bool shrink_no_more(const std::vector<float>& moves, bool hastened) {
  const auto last = moves.end();
  if (!hastened) return moves.size() > 8 && *(last - 1) >= *(last - 5);
  return moves.size() >= 8 &&
         *std::max_element(last - 4, last) >= *std::max_element(last - 8, last - 4);
}

// A step in time leaves at most about this share of its change undone. What it leaves has mostly
// the sign of the change, so that over many steps the share is what amounts are wrong by.
constexpr float left_of_change = 2e-3f;
constexpr float no_floor = -3e38f;

// Red-black sweeps that leave that share where every voxel loses as fast as it exchanges or faster.
int sweeps_of_a_step(double least_loss, double coupling) {
  const double kept = coupling / (coupling + least_loss);
  double left = 1;
  int sweeps = 0;
  for (; left > static_cast<double>(left_of_change); ++sweeps) left *= kept * kept;
  return std::max(sweeps, 3);
}

} // namespace

DiffusionScratch::DiffusionScratch(const Executor& executor, const Lattice& lattice)
    : lattice_(lattice) {
  SplitLattice l{lattice.nx, lattice.ny, lattice.nz, lattice.shift()};
  std::array<int, 3> origin{lattice.x0, lattice.y0, lattice.z0};
  while (true) {
    Level level;
    level.lattice = l;
    const std::int64_t n = l.padded();
    level.c = Buffer<float>(executor, n);
    if (!levels_.empty()) level.guess = Buffer<float>(executor, n);
    level.f = Buffer<float>(executor, n);
    level.k = Buffer<float>(executor, n);
    level.q = Buffer<float>(executor, n);
    levels_.push_back(std::move(level));
    if (smallest(l)) break;
    for (int& o : origin) {
      if (o % 2 != 0)
        throw std::invalid_argument("a piece must begin at a multiple of two on every grid");
      o /= 2;
    }
    l = {halved(l.nx), halved(l.ny), halved(l.nz), (origin[0] + origin[1] + origin[2]) & 1};
  }
}

std::vector<std::size_t> DiffusionScratch::buffers(const Lattice& lattice) {
  SplitLattice l{lattice.nx, lattice.ny, lattice.nz};
  std::vector<std::size_t> bytes(4, static_cast<std::size_t>(l.padded()) * sizeof(float));
  while (!smallest(l)) {
    l = {halved(l.nx), halved(l.ny), halved(l.nz)};
    bytes.insert(bytes.end(), 5, static_cast<std::size_t>(l.padded()) * sizeof(float));
  }
  return bytes;
}

Diffusion::Diffusion(const Executor& executor, const Lattice& lattice,
                     const DiffusionSettings& settings, std::shared_ptr<DiffusionScratch> scratch)
    : executor_(executor), settings_(settings), scratch_(std::move(scratch)),
      closed_(std::all_of(settings.faces.begin(), settings.faces.end(),
                          [](const Face& face) { return face.kind == FaceKind::no_flux; })) {
  std::vector<float> tables;
  std::array<std::vector<double>, 3> width;
  const int extents[3] = {lattice.nx, lattice.ny, lattice.nz};
  for (int a = 0; a < 3; ++a)
    width[static_cast<std::size_t>(a)].assign(static_cast<std::size_t>(extents[a]),
                                              lattice.spacing);
  // Tables along x are split like the lines they go with; a missing odd entry of the end is zero.
  const auto append = [&tables](const std::vector<double>& v, std::size_t axis) {
    const std::size_t offset = tables.size();
    if (axis == 0) {
      const std::size_t half = (v.size() + 1) / 2;
      tables.resize(offset + 2 * half, 0.0f);
      for (std::size_t x = 0; x < v.size(); ++x)
        tables[offset + x / 2 + (x % 2 != 0 ? half : 0)] = static_cast<float>(v[x]);
    } else {
      for (const double x : v) tables.push_back(static_cast<float>(x));
    }
    return offset;
  };
  for (std::size_t level = 0; level < scratch_->levels_.size(); ++level) {
    std::array<Axis, 3> axes{};
    double coupling = 0; // of an inner voxel
    for (std::size_t a = 0; a < 3; ++a) {
      coupling += 2 * settings.diffusivity / (width[a][0] * width[a][0]);
      const std::vector<double>& w = width[a];
      const std::size_t n = w.size();
      const bool fixed_low = settings.faces[2 * a].kind == FaceKind::fixed;
      const bool fixed_high = settings.faces[2 * a + 1].kind == FaceKind::fixed;
      std::vector<double> low(n), high(n), share(n, 0), own(n, 0), other(n, 0);
      const double d = settings.diffusivity;
      for (std::size_t i = 0; i < n; ++i) {
        low[i] =
            i > 0 ? d * 2 / ((w[i - 1] + w[i]) * w[i]) : (fixed_low ? 2 * d / (w[i] * w[i]) : 0);
        high[i] = i + 1 < n ? d * 2 / ((w[i] + w[i + 1]) * w[i])
                            : (fixed_high ? 2 * d / (w[i] * w[i]) : 0);
      }
      std::vector<double> coarse((n + 1) / 2);
      for (std::size_t i = 0; i < coarse.size(); ++i)
        coarse[i] = w[2 * i] + (2 * i + 1 < n ? w[2 * i + 1] : 0);
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t parent = i / 2;
        share[i] = w[i] / coarse[parent];
        const bool single = 2 * parent + 1 >= n;
        // Distance between the child's centre and its parent's, towards the neighbour on the
        // child's side.
        const double offset = single ? 0 : (coarse[parent] - w[i]) / 2;
        const bool upper = (i & 1) != 0;
        const bool edge = upper ? parent + 1 >= coarse.size() : parent == 0;
        if (edge) {
          const bool fixed = upper ? fixed_high : fixed_low;
          own[i] = fixed ? 1 - offset / (coarse[parent] / 2) : 1;
        } else {
          const double gap = (coarse[parent] + coarse[upper ? parent + 1 : parent - 1]) / 2;
          other[i] = offset / gap;
          own[i] = 1 - other[i];
        }
      }
      axes[a] = {append(low, a), append(high, a), append(share, a), append(own, a),
                 append(other, a)};
      width[a] = coarse;
    }
    axes_.push_back(axes);
    inverse_coupling_.push_back(static_cast<float>(1 / coupling));
    if (level == 0) sweeps_only_ = settings.half_saturation <= 0 && settings.least_loss > coupling;
    if (level == 0 && sweeps_only_) first_sweeps_ = sweeps_of_a_step(settings.least_loss, coupling);
  }
  tables_ = Buffer<float>(executor_, static_cast<std::int64_t>(tables.size()));
  tables_.upload(tables.data());
}

DiffusionLevel Diffusion::view(std::size_t level) const {
  DiffusionScratch::Level& l = scratch_->levels_[level];
  const auto table = [&](std::size_t offset) { return tables_.data() + offset; };
  const std::array<Axis, 3>& a = axes_[level];
  return {l.lattice,        table(a[0].low),  table(a[0].high),
          table(a[1].low),  table(a[1].high), table(a[2].low),
          table(a[2].high), l.c.data(),       l.f.data(),
          l.k.data(),       l.q.data(),       static_cast<float>(settings_.half_saturation)};
}

TransferWeights Diffusion::transfer(std::size_t level) const {
  const auto table = [&](std::size_t offset) { return tables_.data() + offset; };
  const std::array<Axis, 3>& a = axes_[level];
  return {table(a[0].share), table(a[1].share), table(a[2].share),
          table(a[0].own),   table(a[1].own),   table(a[2].own),
          table(a[0].other), table(a[1].other), table(a[2].other)};
}

void Diffusion::load(const float* field, float* c) {
  const DiffusionScratch::Level& finest = scratch_->levels_.front();
  const Lattice& lattice = scratch_->lattice();
  executor_.for_each_voxel(lattice, LoadField{lattice, finest.lattice, field, c});
  std::array<float, 6> value{};
  for (std::size_t a = 0; a < 6; ++a)
    if (settings_.faces[a].kind == FaceKind::fixed)
      value[a] = static_cast<float>(settings_.faces[a].value);
  fill_faces(c, value);
}

void Diffusion::fill_faces(float* c, const std::array<float, 6>& value) {
  const DiffusionScratch::Level& finest = scratch_->levels_.front();
  const Lattice& lattice = scratch_->lattice();
  const int n[3] = {lattice.nx, lattice.ny, lattice.nz};
  for (int axis = 0; axis < 3; ++axis)
    for (int side = 0; side < 2; ++side)
      executor_.for_each_index(lattice.voxels() / n[axis],
                               FillFace{finest.lattice, c, axis, side == 0 ? -1 : n[axis],
                                        value[static_cast<std::size_t>(2 * axis + side)]});
}

void Diffusion::store(float* field, bool add) const {
  const DiffusionScratch::Level& finest = scratch_->levels_.front();
  executor_.for_each_voxel(scratch_->lattice(),
                           StoreField{scratch_->lattice(), finest.lattice, finest.c.data(), field,
                                      add, settings_.floor});
}

void Diffusion::restrict_coefficients() {
  for (std::size_t level = 0; level + 1 < axes_.size(); ++level)
    executor_.for_each_voxel(
        scratch_->levels_[level + 1].lattice.box(),
        RestrictCoefficients<true>{view(level), view(level + 1), transfer(level)});
}

// What an exchange gives and takes where it touches the field, and the coarse coefficients that
// follow from those. One by one, a voxel of a list takes thirty times as long as in a walk over all
// lines (measured on a CPU; by the bytes that are moved, ten times on a GPU).
void Diffusion::impose(Exchange& exchange) {
  exchange.impose();
  const Exchange::Coarse coarse = exchange.coarse();
  for (std::size_t level = 0; level + 1 < axes_.size() && level + 1 < coarse.first->size();
       ++level) {
    const std::int64_t begin = (*coarse.first)[level], end = (*coarse.first)[level + 1];
    const RestrictCoefficients<false> loss{view(level), view(level + 1), transfer(level)};
    const Lattice box = scratch_->levels_[level + 1].lattice.box();
    if (20 * (end - begin) > box.voxels())
      executor_.for_each_voxel(box, loss);
    else
      executor_.for_each_index(end - begin, RestrictLossAt{loss, coarse.voxels + begin});
  }
}

// Each level is walked once on the way down, with the residual, and once up, with the correction.
// The operator's share in a coarse right side is that of the first guess, which sweeps leave alone.
template <bool saturating>
void Diffusion::cycle(std::size_t level, float lowest, float& residual, float& correction,
                      bool add_operator) {
  const DiffusionLevel here = view(level);
  const Lattice box = here.lattice.box();
  const SmoothField<saturating> smooth{here, smallest(here.lattice) ? 1.0f : over_relaxation,
                                       lowest};
  AddOperator<saturating> add{here};
  if (add_operator) add.level.c = scratch_->levels_[level].guess.data();
  residual = correction = 0.0f;
  if (level + 1 == axes_.size()) { // one voxel, solved exactly
    if (add_operator)
      executor_.chain(box, settings_.sweeps_before, add, smooth, box, NoStage{});
    else
      executor_.for_each_colour(box, settings_.sweeps_before, smooth);
    return;
  }
  const DiffusionLevel coarse = view(level + 1);
  const Lattice coarse_box = coarse.lattice.box();
  float* guess = scratch_->levels_[level + 1].guess.data();
  const RestrictResidual<saturating> restrict_residual{here, coarse, guess, transfer(level),
                                                       inverse_coupling_[level]};
  // Only the finest level's figures are looked at.
  const Largest largest = level == 0 ? Largest::wanted : Largest::ignored;
  residual = add_operator ? executor_.chain(box, settings_.sweeps_before, add, smooth, coarse_box,
                                            restrict_residual, largest)
                          : executor_.chain(box, settings_.sweeps_before, NoStage{}, smooth,
                                            coarse_box, restrict_residual, largest);
  float coarse_residual, coarse_correction;
  cycle<saturating>(level + 1, lowest, coarse_residual, coarse_correction, true);
  correction = executor_.chain(
      box, settings_.sweeps_after,
      CorrectField{here.lattice, coarse.lattice, here.c, coarse.c, guess, transfer(level), lowest},
      smooth, box, NoStage{}, largest);
}

template <bool saturating>
void Diffusion::guess_from_coarse() {
  AddFaces faces{};
  for (std::size_t a = 0; a < 6; ++a)
    faces.value[a] = settings_.faces[a].kind == FaceKind::fixed
                         ? static_cast<float>(settings_.faces[a].value)
                         : 0.0f;
  const std::size_t depth = axes_.size();
  for (std::size_t level = 0; level + 1 < depth; ++level)
    executor_.for_each_voxel(scratch_->levels_[level + 1].lattice.box(),
                             RestrictProblem{view(level), view(level + 1), transfer(level)});
  // Fixed faces enter every coarse right side once; the averages above carry those of f only.
  for (std::size_t level = 1; level < depth; ++level) {
    faces.level = view(level);
    executor_.for_each_voxel(faces.level.lattice.box(), faces);
  }
  for (std::size_t level = depth - 1; level > 0; --level) {
    float residual, correction;
    cycle<saturating>(level, settings_.floor, residual, correction);
    const DiffusionLevel fine = view(level - 1), coarse = view(level);
    executor_.for_each_voxel(fine.lattice.box(),
                             InterpolateField{fine.lattice, coarse.lattice, fine.c, coarse.c,
                                              transfer(level - 1), settings_.floor});
  }
}

template <bool saturating>
SolveReport Diffusion::solve_as(Start start, Exchange* exchange) {
  restrict_coefficients();
  if (start == Start::cold) guess_from_coarse<saturating>();
  SolveReport report;
  // The field's changes shrink so fast that their ratio is doubled for safety; with an exchange
  // they shrink slowly and evenly.
  const float doubt = exchange != nullptr ? 1.0f : 2.0f;
  float before = -1.0f, own_before = -1.0f;
  std::vector<float> moves;
  bool hastened = false;
  while (report.cycles < settings_.max_cycles) {
    float residual = 0, correction = 0;
    cycle<saturating>(0, settings_.floor, residual, correction);
    report.cycles += 1;
    report.residual = residual;
    if (!(correction < 1e30f) || !(residual < 1e30f)) break;
    const float change = correction + residual;
    report.error = error_after(change, before, doubt);
    before = change;
    if (exchange != nullptr) {
      const Exchange::Answer answer = exchange->answer(report.cycles);
      const float own = error_after(answer.moved, own_before, doubt);
      own_before = answer.moved;
      const float moved = exact::max_of(change, answer.moved);
      report.error = answer.left > 0.0f ? answer.left * moved
                                        : 2.0f * exact::max_of(report.error, own); // both lag
      if (answer.left > 0.0f && !hastened) moves.clear();
      hastened = answer.left > 0.0f;
      moves.push_back(moved);
      report.converged = shrink_no_more(moves, hastened) &&
                         moves.back() <= 2.0f * static_cast<float>(settings_.tolerance);
    }
    if (report.error <= static_cast<float>(settings_.tolerance)) report.converged = true;
    if (report.converged) break;
    if (exchange != nullptr) impose(*exchange);
  }
  return report;
}

// Fields stepped in time are solved for their change, whose rounding is small against that of the
// field, so that amounts are conserved over many steps. The field itself stands where uptake would.
StartChange Diffusion::start_change(float* field) {
  const DiffusionLevel fine = view(0);
  StartChange start{fine, fine.c};
  start.level.c = fine.q;
  load(field, fine.q);
  fill_faces(fine.c, {});
  return start;
}

// Where every voxel loses more than it exchanges, sweeps alone converge fast, and the residual
// bounds the error: |e| <= max |r| / min k.
SolveReport Diffusion::sweep_until_done(float* field) {
  const DiffusionLevel fine = view(0);
  const Lattice box = fine.lattice.box();
  const StartChange start = start_change(field);
  const double coupling = 1 / static_cast<double>(inverse_coupling_[0]);
  SolveReport report;
  float before = 0.0f;
  while (report.cycles < settings_.max_cycles) {
    const SmoothField<false> smooth{fine, 1.0f, no_floor};
    const ResidualNorm<false> residual{fine};
    // The first sweeps mostly do, and more follow two by two.
    report.residual = report.cycles == 0
                          ? executor_.chain(box, first_sweeps_, start, smooth, box, residual)
                          : executor_.chain(box, 2, NoStage{}, smooth, box, residual);
    report.cycles += 1;
    report.error = report.residual *
                   static_cast<float>((settings_.least_loss + coupling) / settings_.least_loss);
    if (!(report.residual < 1e30f)) break;
    // A residual that shrinks no more is rounding: each pair of sweeps leaves less than a quarter
    // of an error.
    const bool settled = report.cycles > 1 && report.residual >= 0.5f * before;
    before = report.residual;
    report.converged = settled || report.error <= static_cast<float>(settings_.tolerance);
    if (report.converged) break;
  }
  if (report.residual < 1e30f) store(field, true);
  return report;
}

SolveReport Diffusion::change_by_cycles(float* field) {
  executor_.for_each_voxel(view(0).lattice.box(), start_change(field));
  restrict_coefficients();
  SolveReport report;
  float before = -1.0f, allowed = static_cast<float>(settings_.tolerance);
  while (report.cycles < settings_.max_cycles && !report.converged) {
    float residual = 0, correction = 0;
    cycle<false>(0, no_floor, residual, correction);
    report.cycles += 1;
    report.residual = residual;
    if (!(correction < 1e30f) || !(residual < 1e30f)) return report;
    const float change = correction + residual;
    // The first cycle starts from none and so finds about the whole change.
    if (report.cycles == 1) allowed = exact::min_of(allowed, left_of_change * change);
    report.error = error_after(change, before);
    before = change;
    report.converged = report.error <= allowed;
  }
  store(field, true);
  return report;
}

SolveReport Diffusion::solve(float* field, Start start, Exchange* exchange) {
  if (exchange == nullptr && sweeps_only_) return sweep_until_done(field);
  if (exchange == nullptr && settings_.least_loss > 0 && settings_.half_saturation <= 0)
    return change_by_cycles(field);
  const DiffusionLevel fine = view(0);
  load(field, fine.c);
  if (exchange != nullptr) {
    exchange->begin(fine);
    exchange->answer(0);
    exchange->impose();
  }
  if (closed_) {
    const Lattice box = fine.lattice.box();
    const bool saturating = settings_.half_saturation > 0;
    if (executor_.max_over(box, LargestSink{fine, saturating, false}) == 0.0f) {
      if (executor_.max_over(box, LargestSink{fine, saturating, true}) > 0.0f)
        throw NumericalError(
            settings_.name +
            ": sources but neither sinks nor open faces, so there is no steady state");
      // Nothing enters and nothing leaves: whatever level the field has reached stays.
      SolveReport report;
      report.converged = true;
      return report;
    }
  }
  const SolveReport report = settings_.half_saturation > 0 ? solve_as<true>(start, exchange)
                                                           : solve_as<false>(start, exchange);
  // A NaN has reached every voxel by now, so the old field is kept: it shows where the NaN began.
  if (report.residual < 1e30f) store(field);
  return report;
}

SolveReport Diffusion::solve_or_throw(float* field, Start start, Exchange* exchange) {
  const SolveReport report = solve(field, start, exchange);
  expect_converged(report, field);
  return report;
}

SolveReport Diffusion::newton(float* field, const Linearise& linearise) {
  const DiffusionLevel fine = view(0);
  load(field, fine.c);
  SolveReport report;
  float before = -1.0f;
  while (report.cycles < settings_.max_cycles && !report.converged) {
    linearise(fine, report.cycles);
    restrict_coefficients();
    float residual = 0, correction = 0;
    cycle<false>(0, no_floor, residual, correction);
    report.cycles += 1;
    report.residual = residual;
    if (!(correction < 1e30f) || !(residual < 1e30f)) break;
    const float change = correction + residual;
    report.error = error_after(change, before);
    before = change;
    report.converged = report.error <= static_cast<float>(settings_.tolerance);
  }
  if (report.residual < 1e30f) store(field);
  expect_converged(report, field);
  return report;
}

void Diffusion::expect_converged(const SolveReport& report, const float* field) const {
  if (report.converged) return;
  // A number that is not one spreads through the field at once, so its cause is looked for first.
  const DiffusionScratch::Level& finest = scratch_->levels_.front();
  const SplitLattice& split = finest.lattice;
  const auto find = [&](const auto& lattice, const float* array, const char* what, float limit) {
    std::vector<float> host(static_cast<std::size_t>(lattice.padded()));
    executor_.copy_out(host.data(), array, host.size() * sizeof(float));
    for (int z = 0; z < lattice.nz; ++z)
      for (int y = 0; y < lattice.ny; ++y)
        for (int x = 0; x < lattice.nx; ++x)
          if (!(std::abs(host[static_cast<std::size_t>(lattice.index(x, y, z))]) < limit))
            throw NumericalError(settings_.name + ": " + what + " is not a number at voxel (" +
                                 std::to_string(x) + ", " + std::to_string(y) + ", " +
                                 std::to_string(z) + ")");
  };
  find(scratch_->lattice(), field, "the value before the solve", 1e30f);
  find(split, finest.f.data(), "the source", 1e37f);
  find(split, finest.k.data(), "the loss rate", 1e37f);
  if (settings_.half_saturation > 0) find(split, finest.q.data(), "the uptake", 1e37f);
  find(split, finest.c.data(), "the value", 1e30f);
  char numbers[160];
  std::snprintf(numbers, sizeof numbers,
                " did not converge: after %d cycles the error is about %g, the tolerance %g",
                report.cycles, static_cast<double>(report.error), settings_.tolerance);
  throw NumericalError(settings_.name + numbers + "; raise fields.max_cycles or " +
                       (settings_.section.empty() ? settings_.name : settings_.section) +
                       ".tolerance");
}

void Diffusion::cycles(float* field, int n, bool prepare) {
  if (prepare) {
    load(field, scratch_->levels_.front().c.data());
    restrict_coefficients();
  }
  float residual, correction;
  for (int k = 0; k < n; ++k)
    if (settings_.half_saturation > 0)
      cycle<true>(0, settings_.floor, residual, correction);
    else
      cycle<false>(0, settings_.floor, residual, correction);
  if (prepare) store(field);
}

float Diffusion::residual(float* field) {
  load(field, scratch_->levels_.front().c.data());
  const DiffusionLevel fine = view(0);
  const Lattice box = fine.lattice.box();
  return settings_.half_saturation > 0 ? executor_.max_over(box, ResidualNorm<true>{fine})
                                       : executor_.max_over(box, ResidualNorm<false>{fine});
}

} // namespace metavox
