#include "program/calibrate_shedding.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <system_error>
#include <utility>

#include "core/errors.hpp"
#include "core/exact.hpp"
#include "program/exit_code.hpp"
#include "record/csv.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"
#include "site/config.hpp"

namespace metavox {

namespace fs = std::filesystem;

namespace {

// Of a tumour of 10 mm: what Butler & Gullino 1975 counted leave a gram in a day (Cancer Res
// 35:512), its weight, and its cells.
constexpr double shed_by_gram = 3.2e6, weight = 0.524, reference_cells = 6.5e7;

double at_day(const SheddingRecord& r, const std::vector<double>& value, double day) {
  const auto after = std::lower_bound(r.day.begin(), r.day.end(), day);
  const auto k = static_cast<std::size_t>(after - r.day.begin());
  if (k == 0) return value.front();
  if (k == r.day.size()) return value.back();
  const double t = (day - r.day[k - 1]) / (r.day[k] - r.day[k - 1]);
  return value[k - 1] + t * (value[k] - value[k - 1]);
}

// f(cells) over the days from `begin` on, by the trapezoid rule.
template <class F>
double integral(const SheddingRecord& r, double begin, const F& f) {
  double sum = 0, day = begin, value = f(at_day(r, r.cells, begin));
  for (std::size_t k = 0; k < r.day.size(); ++k) {
    if (r.day[k] <= begin) continue;
    const double next = f(r.cells[k]);
    sum += (r.day[k] - day) * (value + next) / 2;
    day = r.day[k], value = next;
  }
  return sum;
}

SheddingRecord read_record(const fs::path& file) {
  auto columns = read_columns(file,
                              {"time [day]", "tumour_cells", "departed_cells", "departed_singles",
                               "departures_expected", "departed_clusters"},
                              "in that run no cells leave; run it anew with --set "
                              "intravasation.enabled=true");
  SheddingRecord record{std::move(columns[0]), std::move(columns[1]), std::move(columns[2]),
                        std::move(columns[3]), std::move(columns[4])};
  for (std::size_t k = 0; k < columns[5].size(); ++k) record.departures[k] += columns[5][k];
  return record;
}

} // namespace

double SheddingLaw::per_day(double cells) const {
  if (!(cells > 0)) return 0;
  return share * shed_by_gram * weight * exact::pow(cells / reference_cells, 1 - exponent);
}

SheddingLaw shedding_law(const SheddingOptions& o) {
  SheddingLaw law{};
  if (o.preset == "rat")
    law = {1, 0};
  else if (o.preset == "human")
    law = {0.02, 1.0 / 3};
  else
    throw ConfigError("--preset " + in_quotes(o.preset) + " is neither rat nor human");
  if (o.share >= 0) law.share = o.share;
  if (o.exponent >= 0) law.exponent = o.exponent;
  if (!(law.share > 0)) throw ConfigError("--shed must be above 0");
  return law;
}

Shedding shedding_of(const SheddingRecord& r, const SheddingLaw& law) {
  if (r.day.size() < 2 || !(r.day.back() > r.day.front()))
    throw ConfigError("the run has no two rows in metrics.csv; let it run on, or type a shorter "
                      "output.report");
  Shedding s{};
  s.to = r.day.back();
  s.from = (r.day.front() + s.to) / 2;
  const auto later = [&](const std::vector<double>& v) { return v.back() - at_day(r, v, s.from); };
  s.left = later(r.left);
  const double departures = later(r.departures);
  s.expected = later(r.expected) * (departures > 0 ? s.left / departures : 1);
  s.wanted = integral(r, s.from, [&](double n) { return law.per_day(n); });
  s.tumour = integral(r, s.from, [](double n) { return n; });
  if (!(s.expected > 0) || !(s.wanted > 0))
    throw ConfigError("no cell could leave in the second half of the run, days " +
                      three_digits(s.from) + " to " + three_digits(s.to) +
                      ": there is no tumour beside a vessel that carries red cells, or "
                      "intravasation.rate is 0");
  return s;
}

int calibrate_shedding(const SheddingOptions& options) {
  const SheddingLaw law = shedding_law(options);
  std::error_code ignored;
  if (!fs::is_directory(options.run, ignored))
    throw ConfigError(options.run.string() + " is no run folder");
  const Parameters p = read_config(options.run / "resolved.yaml").parameters;
  const Shedding s = shedding_of(read_record(options.run / "metrics.csv"), law);
  const double rate = p.intravasation.rate * 60;
  std::string text = "# " + options.run.string() + ", days " + three_digits(s.from) + " to " +
                     three_digits(s.to) + ": " + three_digits(s.left) + " cells left, " +
                     three_digits(s.expected) + " expected at " + three_digits(rate) +
                     " 1/h; wanted " + three_digits(s.wanted) + "\n";
  text += "# wanted is the integral of " + three_digits(law.share) +
          " * 3.2e6/g/day * 0.524 g * (cells/6.5e7)^" + three_digits(1 - law.exponent) + " over " +
          three_digits(s.tumour) + " cell days\n";
  text += "# fitted to cells shed by tumours of rats: Butler & Gullino 1975, Cancer Res 35:512" +
          std::string(law.share == 1 && law.exponent == 0 ? "" : "; share and exponent assumed") +
          "\n";
  // Who left is no longer beside a vessel, so that twice the rate sheds less than twice the cells.
  if (s.factor() > 1.1 || s.factor() < 0.9)
    text += "# not there yet: with another rate other cells are left beside the vessels; run it "
            "again with this one, and calibrate anew\n";
  text += "intravasation:\n  rate: " + three_digits(rate * s.factor()) + " 1/h\n";
  std::fputs(text.c_str(), stdout);
  return exit_done;
}

} // namespace metavox
