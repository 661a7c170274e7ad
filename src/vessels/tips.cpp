// The tips of sprouts at work: how they start, walk, meet vessels and each other, branch and
// starve.

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/launch.hpp"
#include "core/random.hpp"
#include "vessels/index.hpp"
#include "vessels/vasculature.hpp"

namespace metavox {
namespace {

// A tip takes what is nearer than this along vessels, or near the place where it left or met a
// vessel, for its own. Assumed: as far as sprouts keep from one another.
constexpr double own_distance = 80; // um
// How far filopodia of a tip reach (quoted from memory).
constexpr double capture_distance = 15; // um
// A tip that meets a vessel this close to a node joins it there. Assumed: below the parts of a
// sprout.
constexpr double node_reach = 5; // um
// Sprouts are drawn in parts of this length. Assumed: a lumen's width.
constexpr double part_length = 10; // um

Point moved(const Point& from, const Vector3& by, double times) {
  Point to{};
  for (std::size_t a = 0; a < 3; ++a) to[a] = on_grain(from[a] + times * by[a]);
  return to;
}

// The part of a slope across a direction, of length 1; false where there is none.
bool across(const double* slope, const Vector3& direction, Vector3& side) {
  double along = 0, length2 = 0, left2 = 0, all2 = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    along += slope[a] * direction[a];
    length2 += direction[a] * direction[a];
    all2 += slope[a] * slope[a];
  }
  for (std::size_t a = 0; a < 3; ++a) {
    side[a] = slope[a] - (length2 > 0 ? along / length2 * direction[a] : 0);
    left2 += side[a] * side[a];
  }
  // What rounding leaves of a slope along the vessel is no direction.
  if (!(left2 > 1e-12 * all2)) return false;
  for (double& v : side) v /= std::sqrt(left2);
  return true;
}

Vector3 difference(const Point& from, const Point& to) {
  return {to[0] - from[0], to[1] - from[1], to[2] - from[2]};
}

double dot(const Vector3& a, const Vector3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// Of a line from p to q, the point nearest to a step from a to b.
Point nearest_to_step(const Point& a, const Point& b, const Point& p, const Point& q) {
  const Vector3 u = difference(a, b), v = difference(p, q), w = difference(p, a);
  const double uu = dot(u, u), uv = dot(u, v), vv = dot(v, v), uw = dot(u, w), vw = dot(v, w);
  const double spread = uu * vv - uv * uv;
  // The best place on the step for the whole line, cut to the step, and then the best on the line.
  const double s =
      spread > 1e-9 * uu * vv ? std::clamp((uv * vw - vv * uw) / spread, 0.0, 1.0) : 1.0;
  Point on_step{};
  for (std::size_t c = 0; c < 3; ++c) on_step[c] = a[c] + s * u[c];
  return nearest_on(p, q, on_step);
}

// Square of a distance in grains, which ties are exact in.
std::int64_t grains2(const Point& a, const Point& b) {
  std::int64_t sum = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    const std::int64_t d = std::llround((a[c] - b[c]) / tip_grain);
    sum += d * d;
  }
  return sum;
}

} // namespace

std::vector<TipReading> Vasculature::read_around(const VesselSurroundings& tissue,
                                                 const std::vector<Point>& places) {
  static_assert(sizeof(TipPlace) == sizeof(Point));
  std::vector<TipReading> readings(places.size());
  if (places.empty()) return readings;
  fit(executor_, place_stage_, places.size());
  fit(executor_, tip_stage_, places.size());
  executor_.copy_in(place_stage_.data(), places.data(), places.size() * sizeof(TipPlace));
  executor_.for_each_index(static_cast<std::int64_t>(places.size()),
                           SenseTips{place_stage_.data(), tip_stage_.data(), tissue.vegf,
                                     tissue.cells.kind_code, tissue.matrix, tissue.membrane,
                                     sprouting_.haptotaxis > 0, tissue_});
  executor_.copy_out(readings.data(), tip_stage_.data(), places.size() * sizeof(TipReading));
  return readings;
}

// Whether a basement membrane lies on the way.
bool Vasculature::walled(const VesselSurroundings& tissue, const Point& from, const Point& to) {
  std::vector<std::int64_t> voxels;
  for (const VoxelPiece& piece : pieces_of(from, to, tissue_))
    voxels.push_back(tissue_.number(piece.voxel[0], piece.voxel[1], piece.voxel[2]));
  if (voxels.empty()) return true; // beyond the box
  std::vector<std::uint16_t> left(voxels.size());
  fit(executor_, voxel_stage_, voxels.size());
  fit(executor_, membrane_stage_, voxels.size());
  executor_.copy_in(voxel_stage_.data(), voxels.data(), voxels.size() * sizeof(std::int64_t));
  executor_.for_each_index(
      static_cast<std::int64_t>(voxels.size()),
      ReadMembranes{voxel_stage_.data(), membrane_stage_.data(), tissue.membrane, tissue_});
  executor_.copy_out(left.data(), membrane_stage_.data(), left.size() * sizeof(std::uint16_t));
  return std::any_of(left.begin(), left.end(), [](std::uint16_t m) { return m != 0; });
}

bool Vasculature::in_box(const Point& p) const {
  return p[0] > 0 && p[1] > 0 && p[2] > 0 && p[0] < tissue_.nx * tissue_.spacing &&
         p[1] < tissue_.ny * tissue_.spacing && p[2] < tissue_.nz * tissue_.spacing;
}

// ---- walking

void Vasculature::walk_tips(const VesselSurroundings& tissue) {
  for (int substep = 0; substep < substeps_; ++substep) {
    // Tips act one after the other, in an order drawn anew, so that none has the better of its
    // neighbours.
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    std::vector<Point> places;
    const std::uint64_t turn = mix64(mix64(seed_ + static_cast<std::uint64_t>(step_)) +
                                     static_cast<std::uint64_t>(substep));
    for (std::size_t t = 0; t < tips_.size(); ++t) {
      places.push_back(graph_.position(tips_.node[t]));
      if (gone_[t] == 0)
        order.emplace_back(mix64(turn ^ static_cast<std::uint64_t>(tips_.sprout[t])), t);
    }
    std::sort(order.begin(), order.end());
    const std::vector<TipReading> around = read_around(tissue, places);
    for (const auto& [rank, t] : order) {
      if (gone_[t] != 0) continue; // another tip has just fused with it
      if (around[t].tumour > 0 && counters_[first_contact] < 0) {
        counters_[first_contact] = step_;
        report("first_contact", tips_.node[t], "a sprout reaches the tumour");
      }
      move_tip(tissue, t, around[t], substep);
    }
  }
}

void Vasculature::move_tip(const VesselSurroundings& tissue, std::size_t t,
                           const TipReading& around, int substep) {
  const std::array<double, 6> u =
      tip_chances(seed_, Purpose::tip_walk, tips_.sprout[t], step_, substep);
  double ease = 1;
  if (matrix_.hinders && around.matrix > matrix_.threshold)
    ease = exact::exp(-(around.matrix - matrix_.threshold) / matrix_.width);
  Vector3 w{tips_.noise_x[t], tips_.noise_y[t], tips_.noise_z[t]};
  const Point from = graph_.position(tips_.node[t]);
  const Vector3 move = tip_move(rule_, tip_drift(rule_.drive, around), ease, u.data(), w);
  Point to = tip_step(from, move, around.closed, tissue_, w);

  const Encounters met = encounters(t, from, to);
  if (met.in_own_lumen) { // a tip does not go back into the vessel it has left
    to = from;
    for (double& v : w) v = -v;
  }
  tips_.noise_x[t] = w[0];
  tips_.noise_y[t] = w[1];
  tips_.noise_z[t] = w[2];
  if (to != from) lay(t, to, around.closed != 0);
  for (const Encounter& e : met.vessels) {
    // Splits and joints by other tips come between moves, never within one.
    if (walled(tissue, to, e.foot)) continue;
    meet(t, e);
    return;
  }
}

// Takes the tip to a place: the last part of its sprout grows, or a new one begins.
void Vasculature::lay(std::size_t t, const Point& to, bool by_steps) {
  const std::int32_t from = tips_.node[t];
  double last = part_length;
  if (graph_.degree(from) == 1)
    graph_.for_each_segment(from, [&](std::int32_t s, std::int32_t) {
      if (graph_.segments().sprout[at(s)] == tips_.sprout[t]) last = graph_.length(s);
    });
  // Beside walls each move is kept, as a straight part could cut their corners.
  if (last < part_length && !by_steps) {
    graph_.move_node(from, to);
    return;
  }
  const std::int32_t node = graph_.add_node(to, tips_.sprout[t]);
  graph_.add_segment(from, node, sprouting_.radius, tips_.generation[t], tips_.sprout[t], step_);
  tips_.node[t] = node;
}

// ---- meeting

// Nodes less than `farthest` away along vessels, with that distance.
std::vector<std::pair<std::int32_t, double>> Vasculature::along_vessels(std::int32_t node,
                                                                        double farthest) const {
  std::vector<std::pair<std::int32_t, double>> reached{{node, 0.0}};
  for (std::size_t k = 0; k < reached.size(); ++k) {
    // The nearest of those that are not settled, the lower number first.
    for (std::size_t m = k + 1; m < reached.size(); ++m)
      if (std::make_pair(reached[m].second, reached[m].first) <
          std::make_pair(reached[k].second, reached[k].first))
        std::swap(reached[m], reached[k]);
    const std::int32_t here = reached[k].first;
    const double distance = reached[k].second;
    graph_.for_each_segment(here, [&](std::int32_t s, std::int32_t other) {
      const double there = distance + graph_.length(s);
      if (there >= farthest) return;
      for (auto& [n, d] : reached)
        if (n == other) {
          d = std::min(d, there);
          return;
        }
      reached.emplace_back(other, there);
    });
  }
  return reached;
}

Vasculature::Encounters Vasculature::encounters(std::size_t t, const Point& from, const Point& to) {
  Encounters met;
  std::vector<Encounter> near;
  std::vector<std::int32_t> own_lumens;
  Point low{}, high{};
  for (std::size_t a = 0; a < 3; ++a) {
    low[a] = std::min(from[a], to[a]) - capture_distance;
    high[a] = std::max(from[a], to[a]) + capture_distance;
  }
  const bool close_to_root = distance2(to, tips_.root(t)) < own_distance * own_distance;
  graph_.for_each_near(low, high, [&](std::int32_t s) {
    const Point a = graph_.position(graph_.segments().from[at(s)]),
                b = graph_.position(graph_.segments().to[at(s)]);
    Point foot = nearest_to_step(from, to, a, b);
    for (double& v : foot) v = on_grain(v);
    const double reach = capture_distance + graph_.segments().radius[at(s)];
    const std::int64_t d2 = grains2(foot, nearest_on(from, to, foot));
    if (static_cast<double>(d2) * tip_grain * tip_grain > reach * reach ||
        graph_.voxel_at(foot) < 0)
      return;
    const std::int32_t sprout = graph_.segments().sprout[at(s)];
    if (close_to_root && sprout == tips_.exempt[t])
      own_lumens.push_back(s);
    else
      near.push_back({d2, s, foot});
  });
  for (const std::int32_t s : own_lumens) {
    const std::int32_t a = graph_.segments().from[at(s)], b = graph_.segments().to[at(s)];
    const double radius = graph_.segments().radius[at(s)];
    if (a == tips_.node[t] || b == tips_.node[t] || sprout_of(s) == tips_.sprout[t]) continue;
    const auto inside = [&](const Point& p) {
      return distance2(p, nearest_on(graph_.position(a), graph_.position(b), p)) < radius * radius;
    };
    if (inside(to) && !inside(from)) met.in_own_lumen = true;
  }
  if (near.empty()) return met;
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  const auto reached = along_vessels(tips_.node[t], own_distance);
  for (const Encounter& e : near) {
    const std::int32_t ends[2] = {graph_.segments().from[at(e.segment)],
                                  graph_.segments().to[at(e.segment)]};
    const bool own = std::any_of(reached.begin(), reached.end(), [&](const auto& r) {
      return (r.first == ends[0] || r.first == ends[1]) &&
             r.second + std::sqrt(distance2(graph_.position(r.first), e.foot)) < own_distance;
    });
    if (!own) met.vessels.push_back(e);
  }
  return met;
}

// Joins the tip to a vessel at the point it has reached: at a node there, or a new one.
void Vasculature::meet(std::size_t t, const Encounter& e) {
  const std::int32_t from = graph_.segments().from[at(e.segment)],
                     to = graph_.segments().to[at(e.segment)];
  const double first = distance2(graph_.position(from), e.foot),
               second = distance2(graph_.position(to), e.foot);
  if (std::min(first, second) <= node_reach * node_reach)
    return join(t, first <= second ? from : to);
  // The ways of the blood are made of segments: they are found anew, though no loop may close.
  if (graph_.has(e.segment, VesselGraph::perfused)) blood_changed_ = true;
  join(t, graph_.split(e.segment, e.foot));
}

void Vasculature::join(std::size_t t, std::int32_t node) {
  const std::int32_t own = tips_.node[t];
  bool linked = own == node;
  graph_.for_each_segment(
      own, [&](std::int32_t, std::int32_t other) { linked = linked || other == node; });
  if (!linked && distance2(graph_.position(own), graph_.position(node)) > 0)
    graph_.add_segment(own, node, sprouting_.radius, tips_.generation[t], tips_.sprout[t], step_);
  topology_changed_ = true;
  std::size_t other = tips_.size();
  for (std::size_t k = 0; k < tips_.size(); ++k)
    if (k != t && gone_[k] == 0 && tips_.node[k] == node) other = k;
  if (other == tips_.size()) {
    gone_[t] = 1;
    counters_[vessel_fusions] += 1;
    report("fusion", own, "sprout " + std::to_string(tips_.sprout[t]) + " meets a vessel");
    return;
  }
  // Of two tips the older sprout goes on.
  counters_[tip_fusions] += 1;
  report("fusion", own,
         "sprout " + std::to_string(tips_.sprout[t]) + " meets sprout " +
             std::to_string(tips_.sprout[other]));
  const std::size_t stays = tips_.sprout[t] < tips_.sprout[other] ? t : other;
  const std::size_t ends = stays == t ? other : t;
  gone_[ends] = 1;
  tips_.part_from(stays, tips_.sprout[ends], graph_.position(tips_.node[stays]));
}

// ---- the matrix

void Vasculature::erode(const VesselSurroundings& tissue) {
  if (sprouting_.proteinase <= 0 || matrix_.frozen) return;
  std::vector<std::int64_t> voxels;
  for (std::size_t t = 0; t < tips_.size(); ++t)
    if (gone_[t] == 0) voxels.push_back(graph_.voxel(tips_.node[t]));
  if (voxels.empty()) return;
  fit(executor_, voxel_stage_, voxels.size());
  executor_.copy_in(voxel_stage_.data(), voxels.data(), voxels.size() * sizeof(std::int64_t));
  const double loss =
      matrix_.contact_degradation * sprouting_.proteinase * steps_between_ * step_length_;
  executor_.for_each_index(
      1, ErodeAtTips{voxel_stage_.data(), static_cast<std::int64_t>(voxels.size()), tissue.matrix,
                     static_cast<float>(exact::exp(-loss)),
                     static_cast<float>(exact::exp(-loss * matrix_.contact_weight)), tissue_});
}

// ---- branching

void Vasculature::branch_and_starve(const VesselSurroundings& tissue) {
  std::vector<Point> places;
  for (const std::int32_t n : tips_.node) places.push_back(graph_.position(n));
  const std::vector<TipReading> around = read_around(tissue, places);
  const double dt = steps_between_ * step_length_;
  const std::size_t tips_before = tips_.size();
  for (std::size_t t = 0; t < tips_before; ++t) {
    if (gone_[t] != 0) continue;
    const double vegf = around[t].vegf;
    if (vegf < sprouting_.starvation * sprouting_.half_response) {
      if (tips_.starving[t] < 0) tips_.starving[t] = step_;
      if (static_cast<double>(step_ - tips_.starving[t]) * step_length_ >= sprouting_.survival) {
        gone_[t] = 1;
        counters_[starved_tips] += 1;
        report("tip_death", tips_.node[t],
               "sprout " + std::to_string(tips_.sprout[t]) + " found no VEGF");
        continue;
      }
    } else {
      tips_.starving[t] = -1;
    }
    const double age =
        static_cast<double>(step_ - std::max(tips_.born[t], tips_.branched[t])) * step_length_;
    if (!sprouting_.branching || age < sprouting_.branching_age) continue;
    const double share = branching_probability(vegf / sprouting_.branching_reference);
    if (share <= 0) continue;
    const double rate = share >= 1 ? 3.0 / sprouting_.branching_time
                                   : -exact::log(1 - share) / sprouting_.branching_time;
    const Draw d = draw(seed_, Purpose::branching, static_cast<std::uint64_t>(tips_.sprout[t]),
                        static_cast<std::uint64_t>(step_));
    if (to_unit(d.word[0]) >= exact::chance(rate, dt)) continue;
    const std::int32_t node = tips_.node[t];
    if (tip_within(graph_.position(node), sprouting_.branching_exclusion, t)) continue;
    // Lateral: across the way it has come.
    Vector3 way{};
    graph_.for_each_segment(node, [&](std::int32_t s, std::int32_t other) {
      if (sprout_of(s) == tips_.sprout[t])
        way = difference(graph_.position(other), graph_.position(node));
    });
    Vector3 side{};
    if (!across(around[t].slope, way, side)) continue;
    const Point place = moved(places[t], side, 2 * sprouting_.radius);
    if (!in_box(place) || walled(tissue, places[t], place)) continue;
    const std::int32_t fresh = new_tip(node, place, tips_.generation[t] + 1, tips_.sprout[t]);
    gone_.push_back(0);
    tips_.part_from(t, fresh, places[t]);
    tips_.branched[t] = step_;
    counters_[branches] += 1;
    report("branch", node,
           "sprout " + std::to_string(tips_.sprout[t]) + " branches into sprout " +
               std::to_string(fresh));
  }
}

// ---- starting

// Whether a sprout may leave a vessel at a node of two segments.
bool Vasculature::may_sprout(std::int32_t n) const {
  bool may = graph_.degree(n) == 2;
  graph_.for_each_segment(n, [&](std::int32_t s, std::int32_t) {
    may = may && graph_.has(s, VesselGraph::mature) && !graph_.has(s, VesselGraph::collapsed);
  });
  if (!may) return false;
  // None starts so near a junction. A hair more, so that nodes a cell apart count whatever rounding
  // does.
  for (const auto& [other, distance] : along_vessels(n, endothelial_cell_length + 1e-6))
    if (graph_.degree(other) > 2) return false;
  return true;
}

void Vasculature::start_sprouts(const VesselSurroundings& tissue) {
  const double dt = steps_between_ * step_length_;
  std::vector<std::int32_t> willing;
  std::vector<Point> places;
  for (std::int32_t n = 0; n < static_cast<std::int32_t>(reading_.size()); ++n) {
    const double vegf = static_cast<double>(reading_[at(n)].vegf);
    if (vegf <= 0 || !graph_.node_alive(n) || graph_.degree(n) != 2) continue;
    double length = 0;
    graph_.for_each_segment(n,
                            [&](std::int32_t s, std::int32_t) { length += graph_.length(s) / 2; });
    const double rate = sprouting_.rate * (length / endothelial_cell_length) * vegf /
                        (vegf + sprouting_.half_response);
    const Draw d = draw(seed_, Purpose::sprouting, static_cast<std::uint64_t>(n),
                        static_cast<std::uint64_t>(step_));
    if (to_unit(d.word[0]) >= exact::chance(rate, dt)) continue;
    if (graph_.voxel(n) < 0 || !may_sprout(n)) continue;
    willing.push_back(n);
    places.push_back(graph_.position(n));
  }
  const std::vector<TipReading> around = read_around(tissue, places);
  for (std::size_t k = 0; k < willing.size(); ++k) {
    const std::int32_t n = willing[k];
    if (!may_sprout(n) || tip_within(places[k], sprouting_.exclusion, tips_.size())) continue;
    // Towards VEGF, straight out of the wall.
    std::vector<Point> ends;
    double radius = 0;
    std::int32_t generation = 0;
    graph_.for_each_segment(n, [&](std::int32_t s, std::int32_t other) {
      ends.push_back(graph_.position(other));
      radius = std::max(radius, graph_.segments().radius[at(s)]);
      generation = std::max(generation, graph_.segments().generation[at(s)]);
    });
    Vector3 side{};
    if (!across(around[k].slope, difference(ends[0], ends[1]), side)) continue;
    const Point place = moved(places[k], side, radius + sprouting_.radius);
    if (!in_box(place) || in_lumen(place) || walled(tissue, places[k], place)) continue;
    const std::int32_t fresh = new_tip(n, place, generation + 1, graph_.nodes().sprout[at(n)]);
    counters_[sprouts] += 1;
    report("sprout", n, "sprout " + std::to_string(fresh) + " starts");
  }
}

bool Vasculature::in_lumen(const Point& p) {
  bool found = false;
  graph_.for_each_near(p, p, [&](std::int32_t s) {
    const Point a = graph_.position(graph_.segments().from[at(s)]),
                b = graph_.position(graph_.segments().to[at(s)]);
    const double radius = graph_.segments().radius[at(s)];
    found = found || distance2(p, nearest_on(a, b, p)) < radius * radius;
  });
  return found;
}

std::int32_t Vasculature::new_tip(std::int32_t from, const Point& place, std::int32_t generation,
                                  std::int32_t parent_sprout) {
  if (counters_[next_sprout] >= 2147483647)
    throw NumericalError("more sprouts than the vessel graph has numbers for");
  const auto sprout = static_cast<std::int32_t>(counters_[next_sprout]++);
  const std::int32_t node = graph_.add_node(place, sprout);
  graph_.add_segment(from, node, sprouting_.radius, generation, sprout, step_);
  const std::array<double, 6> u = tip_chances(seed_, Purpose::tip_start, sprout, step_, 0);
  tips_.node.push_back(node);
  tips_.sprout.push_back(sprout);
  tips_.generation.push_back(generation);
  tips_.exempt.push_back(parent_sprout);
  tips_.root_x.push_back(place[0]);
  tips_.root_y.push_back(place[1]);
  tips_.root_z.push_back(place[2]);
  tips_.noise_x.push_back(rule_.spread * exact::normal_quantile(u[0]));
  tips_.noise_y.push_back(rule_.spread * exact::normal_quantile(u[1]));
  tips_.noise_z.push_back(rule_.spread * exact::normal_quantile(u[2]));
  tips_.born.push_back(step_);
  tips_.branched.push_back(step_);
  tips_.starving.push_back(-1);
  return sprout;
}

void Vasculature::remove_tips(const std::vector<std::uint8_t>& gone) {
  std::size_t kept = 0;
  for (std::size_t t = 0; t < gone.size(); ++t) {
    if (gone[t] != 0) continue;
    tips_.for_each([&](auto& v) { v[kept] = v[t]; });
    ++kept;
  }
  tips_.for_each([&](auto& v) { v.resize(kept); });
  gone_.assign(kept, 0);
}

bool Vasculature::tip_within(const Point& p, double distance, std::size_t except) const {
  for (std::size_t t = 0; t < tips_.size(); ++t)
    if (t != except && (t >= gone_.size() || gone_[t] == 0) &&
        distance2(graph_.position(tips_.node[t]), p) < distance * distance)
      return true;
  return false;
}

} // namespace metavox
