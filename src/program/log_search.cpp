#include "program/log_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "core/errors.hpp"
#include "settings/text.hpp"

namespace metavox {
namespace {

constexpr double endless = std::numeric_limits<double>::infinity();

struct Point {
  double at;  // logarithm of the value
  double off; // logarithm of measured over wanted; -endless: nothing at all
};

// A slope that two points can be trusted with: near the one expected, or else that.
double slope_of(const Point& a, const Point& b, double expected) {
  const double slope = (b.off - a.off) / (b.at - a.at);
  const double ratio = slope / expected;
  return std::isfinite(ratio) && ratio > 0.2 && ratio < 5 ? slope : expected;
}

class Search {
public:
  explicit Search(const Aim& aim) : aim_(aim), low_(std::log(aim.low)), high_(std::log(aim.high)) {}

  // Where to measure next, or nothing where the last value is good enough.
  std::optional<double> next(const Tried& last) {
    const Point p{std::log(last.value),
                  last.measured > 0 ? std::log(last.measured / aim_.wanted) : -endless};
    if (std::abs(p.off) <= std::log1p(aim_.tolerance)) return std::nullopt;
    std::optional<Point>& here = p.off < 0 ? little_ : much_;
    std::optional<Point>& there = p.off < 0 ? much_ : little_;
    // Illinois: an end that stays twice loses half its say.
    if (there && &here == moved_ && std::isfinite(there->off)) there->off *= 0.5;
    moved_ = &here;
    const std::optional<Point> before = here;
    here = p;
    return std::exp(little_ && much_ ? inside() : outward(p, before, last));
  }

private:
  double inside() const {
    const double width = much_->at - little_->at;
    if (std::abs(width) < 2e-3)
      throw NumericalError("measurements scatter more than they depend on the setting: raise "
                           "--tolerance, or take a larger tumour");
    double share = 0.5;
    if (std::isfinite(little_->off))
      share = std::clamp(-little_->off / (much_->off - little_->off), 0.05, 0.95);
    return little_->at + share * width;
  }

  // Towards what is wanted, by no more than a factor of four.
  double outward(const Point& p, const std::optional<Point>& before, const Tried& last) const {
    const double power = before ? slope_of(*before, p, aim_.power) : aim_.power;
    const double end = (p.off < 0) == (aim_.power > 0) ? high_ : low_;
    if (std::abs(p.at - end) < 1e-9) throw OutOfReach(last);
    const double step = std::clamp(-p.off / power, -std::log(4.0), std::log(4.0));
    return std::clamp(p.at + step, low_, high_);
  }

  const Aim& aim_;
  const double low_, high_;
  std::optional<Point> little_, much_;
  const std::optional<Point>* moved_ = nullptr; // the one of the two that moved last
};

} // namespace

Answer find_value(const std::function<double(double)>& measure, const Aim& aim) {
  Search search(aim);
  Answer answer{{}, aim.power, {}};
  for (std::optional<double> value = aim.first; value;) {
    if (answer.tried.size() == static_cast<std::size_t>(aim.most))
      throw NumericalError("no value found within " + std::to_string(aim.most) +
                           " measurements: raise --tolerance");
    answer.tried.push_back({*value, measure(*value)});
    value = search.next(answer.tried.back());
  }
  answer.best = answer.tried.back();
  const Tried* nearest = nullptr;
  for (const Tried& t : answer.tried)
    if (t.value != answer.best.value && t.measured > 0 &&
        (nearest == nullptr || std::abs(std::log(t.value / answer.best.value)) <
                                   std::abs(std::log(nearest->value / answer.best.value))))
      nearest = &t;
  if (nearest != nullptr)
    answer.power =
        slope_of({std::log(nearest->value), std::log(nearest->measured)},
                 {std::log(answer.best.value), std::log(answer.best.measured)}, aim.power);
  return answer;
}

double corrected(const Tried& tried, double wanted, double power) {
  if (!(tried.measured > 0))
    throw NumericalError("with another seed nothing grows: take a larger tumour");
  return tried.value * std::pow(wanted / tried.measured, 1 / power);
}

} // namespace metavox
