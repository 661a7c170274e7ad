#include <cmath>

#include "settings/expression.hpp"
#include "settings/units.hpp"
#include "site/rules.hpp"

namespace metavox {
namespace {

// A formula can go wrong anywhere; a coarse grid over the box finds what is wrong over a region or
// at the faces.
void judge_formula(const Parameters& p, Judge& judge, const std::string& key,
                   const Frozen& frozen) {
  if (frozen.expression.empty()) return;
  const Setting& s = judge.setting(key);
  const Expression formula(frozen.expression);
  for (int k = 0; k <= 8; ++k)
    for (int j = 0; j <= 8; ++j)
      for (int i = 0; i <= 8; ++i) {
        const double x = edge(p, 0) * i / 8, y = edge(p, 1) * j / 8, z = edge(p, 2) * k / 8;
        const double v = formula(x, y, z);
        if (v >= s.low && v <= s.high) continue;
        judge.complain({key}, key + " is " +
                                  (std::isfinite(v) ? format_number(v) : "not a number") +
                                  " at x = " + format_number(x) + ", y = " + format_number(y) +
                                  ", z = " + format_number(z) + " um; it must be " +
                                  s.range_text() + " everywhere in the box");
        return;
      }
}

void judge_frozen(const Parameters& p, Judge& judge, const std::string& field, const Frozen& frozen,
                  bool enabled) {
  if (frozen.active() && !enabled)
    judge.complain({field + ".frozen"}, field + ".frozen prescribes a field that " + field +
                                            ".enabled: false leaves out; type " + field +
                                            ".enabled: true or remove it");
  judge_formula(p, judge, field + ".frozen", frozen);
}

} // namespace

void judge_fields(const Parameters& p, Judge& judge) {
  judge_frozen(p, judge, "oxygen", p.oxygen.frozen, p.oxygen.enabled);
  judge_frozen(p, judge, "glucose", p.glucose.frozen, p.glucose.enabled);
  judge_frozen(p, judge, "proteinase", p.proteinase.frozen, p.proteinase.enabled);
  judge_frozen(p, judge, "inhibitor", p.inhibitor.frozen, p.inhibitor.enabled);
  judge_frozen(p, judge, "vegf", p.vegf.frozen, p.vegf.enabled);
  judge_formula(p, judge, "matrix.initial", p.matrix.initial);
}

} // namespace metavox
