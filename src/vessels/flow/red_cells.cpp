#include "vessels/flow/red_cells.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace metavox::flow {
namespace {

// Pries and Secomb 2005, Am. J. Physiol. 289:H2657. With more than two daughters it is each against
// the rest, whose squared diameter is the mean over their flow; the threshold falls with their
// effective number, 1 / sum of squared shares of flow, so that some daughter always exceeds it. All
// of it is continuous where a flow passes through 0.
struct PriesLaw {
  double scale, threshold, steepness;

  PriesLaw(double haematocrit, double mother_diameter, double evenness)
      : scale((1.0 - haematocrit) / exact::max_of(mother_diameter, smallest_diameter)),
        threshold(0.964 * scale * exact::min_of(2.0 * evenness, 1.0)),
        steepness(1.0 + 6.98 * scale) {}

  // Share of the red cells of a daughter by its share of the flow, its squared diameter and that of
  // the others. Without a branch, so that rows of it become vector code.
  double share(double fraction, double square, double others) const {
    const double x = (fraction - threshold) / (1.0 - 2.0 * threshold);
    const double a = -13.29 * ((square - others) / (square + others)) * scale;
    const double between = 1.0 / (1.0 + exact::exp(-a - steepness * exact::log(x / (1.0 - x))));
    const double bounded = x < 1 ? between : 1.0;
    return x > 0 ? bounded : 0.0;
  }
};

void share_pries(double haematocrit, double mother_diameter, double total,
                 std::vector<Daughter>& daughters) {
  double evenness = 0;
  for (const Daughter& d : daughters) evenness += d.flow / total * (d.flow / total);
  const PriesLaw law(haematocrit, mother_diameter, evenness);
  if (daughters.size() == 2) {
    Daughter &p = daughters[0], &q = daughters[1];
    p.share = law.share(p.flow / total, p.diameter * p.diameter, q.diameter * q.diameter);
    q.share = 1.0 - p.share;
    return;
  }
  double squares = 0, sum = 0;
  for (const Daughter& d : daughters) squares += d.flow * d.diameter * d.diameter;
  for (Daughter& d : daughters) {
    const double own = d.diameter * d.diameter, rest = total - d.flow;
    d.share = law.share(d.flow / total, own,
                        rest > 0 ? exact::max_of(squares - d.flow * own, 0.0) / rest : own);
    sum += d.share;
  }
  for (Daughter& d : daughters) d.share /= sum;
}

// The fastest daughter carries the densest blood; against it the others' haematocrit falls by the
// ratio of velocities, and to nothing where that ratio exceeds 2.5 (T. Alarcon et al. 2003, J.
// Theor. Biol. 225:257). The jump is a ramp from 2.25 to 2.75: with a jump there need be no flow
// that agrees with its own red cells.
void share_velocity(double total, std::vector<Daughter>& daughters) {
  constexpr double ramp_end = 2.75, ramp = 0.5, lean = 0.5;
  double fastest = 0, sum = 0;
  for (const Daughter& d : daughters)
    fastest = exact::max_of(fastest, d.flow / (d.diameter * d.diameter));
  for (Daughter& d : daughters) {
    const double ratio = fastest * (d.diameter * d.diameter) / d.flow;
    const double drop = exact::clamp((ramp_end - ratio) / ramp, 0.0, 1.0);
    d.share = d.flow / total * drop / (1.0 + lean * (ratio - 1.0));
    sum += d.share;
  }
  for (Daughter& d : daughters) d.share /= sum;
}

// Cells that would pack a daughter too densely go to the others, in proportion to the room they
// have.
void cap(double haematocrit, double total, std::vector<Daughter>& daughters) {
  double over = 0, room = 0;
  const double cells = haematocrit * total;
  const auto spare = [&](const Daughter& d) {
    return largest_haematocrit * d.flow - d.share * cells;
  };
  for (const Daughter& d : daughters) (spare(d) < 0 ? over : room) += std::fabs(spare(d));
  if (over == 0) return;
  for (Daughter& d : daughters) {
    const double s = spare(d);
    d.share += (s < 0 || room == 0 ? s : over * (s / room)) / cells;
  }
}

} // namespace

// Notes the signs of the flows; true where one is new.
bool RedCells::turned(const std::vector<double>& flow) {
  bool any = sign_.size() != flow.size();
  sign_.resize(flow.size());
  for (std::size_t b = 0; b < flow.size(); ++b) {
    const auto sign = static_cast<std::int8_t>((flow[b] > 0 ? 1 : 0) - (flow[b] < 0 ? 1 : 0));
    any |= sign != sign_[b];
    sign_[b] = sign;
  }
  return any;
}

void RedCells::find_way() {
  const std::size_t vertices = bed_.node.size();
  levels_.clear();
  forks_ = {};
  confluences_ = {};
  others_.clear();
  circle_.clear();
  still_.clear();
  std::vector<std::int32_t> waiting(vertices, 0); // inflows not served yet
  for (std::size_t b = 0; b < sign_.size(); ++b)
    if (sign_[b] == 0)
      still_.push_back(static_cast<std::int32_t>(b));
    else
      ++waiting[at(bed_.joins[b][sign_[b] > 0 ? 1 : 0])];
  std::vector<std::int32_t> order;
  order.reserve(vertices);
  for (std::size_t v = 0; v < vertices; ++v)
    if (waiting[v] == 0) order.push_back(static_cast<std::int32_t>(v));
  const auto begin_level = [&] {
    levels_.push_back({forks_.mother.size(), confluences_.first.size(), others_.size()});
  };
  for (std::size_t begin = 0; begin < order.size();) {
    begin_level();
    for (const std::size_t end = order.size(); begin < end; ++begin) {
      const std::size_t v = at(order[begin]);
      classify(v);
      for (std::size_t a = bed_.first_arc[v]; a < bed_.first_arc[v + 1]; ++a) {
        const Bed::Arc& arc = bed_.arcs[a];
        if (arc.outward * sign_[at(arc.branch)] > 0 && --waiting[at(arc.other)] == 0)
          order.push_back(arc.other);
      }
    }
  }
  begin_level();
  for (std::size_t v = 0; v < vertices; ++v)
    if (waiting[v] > 0) circle_.push_back(static_cast<std::int32_t>(v));
}

void RedCells::classify(std::size_t v) {
  std::array<const Bed::Arc*, 2> in{}, out{}; // the first two of each
  std::size_t ins = 0, outs = 0;
  for (std::size_t a = bed_.first_arc[v]; a < bed_.first_arc[v + 1]; ++a) {
    const Bed::Arc& arc = bed_.arcs[a];
    const double leaving = arc.outward * sign_[at(arc.branch)];
    if (leaving > 0 && outs++ < 2) out[outs - 1] = &arc;
    if (leaving < 0 && ins++ < 2) in[ins - 1] = &arc;
  }
  const bool inner = bed_.end[v] == none;
  if (inner && rule_ == PhaseSeparation::pries && ins == 1 && outs == 2) {
    forks_.mother.push_back(in[0]->branch);
    forks_.first.push_back(out[0]->branch);
    forks_.second.push_back(out[1]->branch);
    forks_.mother_diameter.push_back(in[0]->diameter);
    forks_.first_diameter.push_back(out[0]->diameter);
    forks_.second_diameter.push_back(out[1]->diameter);
  } else if (inner && ins == 2 && outs == 1) {
    confluences_.first.push_back(in[0]->branch);
    confluences_.second.push_back(in[1]->branch);
    confluences_.daughter.push_back(out[0]->branch);
  } else if (outs > 0) {
    others_.push_back(static_cast<std::int32_t>(v));
  }
}

// As serve() for each fork, in rows.
void RedCells::serve_forks(std::size_t begin, std::size_t end, const double* flow,
                           double* haematocrit) {
  constexpr std::size_t most = 128;
  std::array<double, most> mixed, total, share, first, second, densest;
  for (; begin < end; begin += most) {
    const std::size_t count = std::min(most, end - begin);
    const std::int32_t *mother = forks_.mother.data() + begin, *p = forks_.first.data() + begin,
                       *q = forks_.second.data() + begin;
    const double *mother_diameter = forks_.mother_diameter.data() + begin,
                 *p_diameter = forks_.first_diameter.data() + begin,
                 *q_diameter = forks_.second_diameter.data() + begin;
    for (std::size_t k = 0; k < count; ++k) {
      const double in = std::fabs(flow[mother[k]]), p_flow = std::fabs(flow[p[k]]),
                   q_flow = std::fabs(flow[q[k]]);
      mixed[k] = in * haematocrit[mother[k]] / in;
      total[k] = p_flow + q_flow;
      const double p_part = p_flow / total[k], q_part = q_flow / total[k];
      const PriesLaw law(mixed[k], in * mother_diameter[k] / in, p_part * p_part + q_part * q_part);
      share[k] = law.share(p_part, p_diameter[k] * p_diameter[k], q_diameter[k] * q_diameter[k]);
      first[k] = share[k] * mixed[k] * total[k] / p_flow;
      second[k] = (1.0 - share[k]) * mixed[k] * total[k] / q_flow;
      densest[k] = exact::max_of(first[k], second[k]);
    }
    for (std::size_t k = 0; k < count; ++k) {
      if (densest[k] >
          0.999 * largest_haematocrit) { // else nothing is to be capped, whatever the rounding
        daughters_.assign({{p[k], std::fabs(flow[p[k]]), p_diameter[k], share[k]},
                           {q[k], std::fabs(flow[q[k]]), q_diameter[k], 1.0 - share[k]}});
        cap(mixed[k], total[k], daughters_);
        first[k] = daughters_[0].share * mixed[k] * total[k] / daughters_[0].flow;
        second[k] = daughters_[1].share * mixed[k] * total[k] / daughters_[1].flow;
      }
      haematocrit[p[k]] = mixed[k] == 0 ? 0.0 : first[k];
      haematocrit[q[k]] = mixed[k] == 0 ? 0.0 : second[k];
    }
  }
}

void RedCells::serve(std::size_t v, const std::vector<double>& flow,
                     std::vector<double>& haematocrit) {
  double in = 0, cells = 0, out = 0, mother = 0, densest = 0;
  daughters_.clear();
  for (std::size_t a = bed_.first_arc[v]; a < bed_.first_arc[v + 1]; ++a) {
    const Bed::Arc& arc = bed_.arcs[a];
    const double leaving = arc.outward * flow[at(arc.branch)];
    if (leaving > 0) {
      out += leaving;
      densest = exact::max_of(densest, haematocrit[at(arc.branch)]);
      daughters_.push_back({arc.branch, leaving, arc.diameter, 0.0});
    } else if (leaving < 0) {
      in -= leaving;
      cells -= leaving * haematocrit[at(arc.branch)];
      mother -= leaving * arc.diameter;
    }
  }
  if (daughters_.empty()) return;
  const bool inner = bed_.end[v] == none;
  double mixed;
  if (!inner) {
    // An end cuts through a larger vessel: all that leaves it is one blood.
    const double entering = exact::max_of(out - in, 0.0);
    mixed = (cells + entering * network_.ends[at(bed_.end[v])].haematocrit) / (in + entering);
  } else {
    mixed = in > 0 ? cells / in : densest;
  }
  if (!inner || daughters_.size() == 1 || mixed == 0 || in == 0 || rule_ == PhaseSeparation::none) {
    for (const Daughter& d : daughters_) haematocrit[at(d.branch)] = mixed;
    return;
  }
  if (rule_ == PhaseSeparation::pries)
    share_pries(mixed, mother / in, out, daughters_);
  else
    share_velocity(out, daughters_);
  cap(mixed, out, daughters_);
  for (const Daughter& d : daughters_) haematocrit[at(d.branch)] = d.share * mixed * out / d.flow;
}

void RedCells::distribute(const std::vector<double>& pressure, const std::vector<double>& flow,
                          std::vector<double>& haematocrit) {
  if (turned(flow)) find_way();
  for (const std::int32_t b : still_) haematocrit[at(b)] = 0;
  for (std::size_t l = 0; l + 1 < levels_.size(); ++l) {
    const Level &now = levels_[l], &next = levels_[l + 1];
    serve_forks(now.first_fork, next.first_fork, flow.data(), haematocrit.data());
    for (std::size_t k = now.first_confluence; k < next.first_confluence; ++k) {
      const std::size_t p = at(confluences_.first[k]), q = at(confluences_.second[k]);
      const double from_p = std::fabs(flow[p]), from_q = std::fabs(flow[q]);
      haematocrit[at(confluences_.daughter[k])] =
          (from_p * haematocrit[p] + from_q * haematocrit[q]) / (from_p + from_q);
    }
    for (std::size_t k = now.first_other; k < next.first_other; ++k)
      serve(at(others_[k]), flow, haematocrit);
  }
  std::sort(circle_.begin(), circle_.end(), [&](std::int32_t p, std::int32_t q) {
    return pressure[at(p)] != pressure[at(q)] ? pressure[at(p)] > pressure[at(q)] : p < q;
  });
  for (const std::int32_t v : circle_) serve(at(v), flow, haematocrit);
}

} // namespace metavox::flow
