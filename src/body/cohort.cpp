#include "body/cohort.hpp"

#include <algorithm>
#include <cmath>

#include "body/patient.hpp"
#include "core/exact.hpp"
#include "settings/days.hpp"

namespace metavox {
namespace {

constexpr double never = 1e18;

// Of a patient without visible metastases at removal: when a metastasis is seen, unless another
// death comes first.
double relapse_of(const PatientRow& r) {
  return r.seen >= 0 && r.seen < r.other_death ? r.seen : never;
}

struct Share {
  double events = 0, all = 0;
  void count(bool event) {
    events += event ? 1 : 0;
    all += 1;
  }
  double value() const { return all > 0 ? events / all : 0; }
  double error() const { return all > 0 ? std::sqrt(value() * (1 - value()) / all) : 0; }
};

// Relapses over the time in which they could have come, between two years.
struct Rate {
  double events = 0, years = 0;
  void follow(const PatientRow& r, double from, double to) {
    const double end = std::min(relapse_of(r), r.other_death) / days_per_year;
    years += std::max(0.0, std::min(end, to) - from);
    const double relapse = relapse_of(r) / days_per_year;
    events += relapse > from && relapse <= to ? 1 : 0;
  }
  double value() const { return years > 0 ? events / years : 0; }
};
CohortNumber ratio(const std::string& name, const Rate& a, const Rate& b,
                   const std::string& meaning) {
  if (a.events <= 0 || b.events <= 0) return {name, 0, 0, meaning};
  const double value = a.value() / b.value();
  return {name, value, value * std::sqrt(1 / a.events + 1 / b.events), meaning};
}

double median(std::vector<double> v) {
  if (v.empty()) return 0;
  const auto middle = v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

// Of a test at removal: how many are positive, and what that says of five years.
void judge_test(std::vector<CohortNumber>& numbers, const std::vector<PatientRow>& rows,
                const std::string& name, const std::string& what,
                bool (*positive)(const PatientRow&)) {
  Share share, free;
  Rate with, without;
  for (const PatientRow& r : rows) {
    if (r.seen_at_removal) continue;
    share.count(positive(r));
    (positive(r) ? with : without).follow(r, 0, 5);
    if (positive(r)) free.count(relapse_of(r) > 5 * days_per_year);
  }
  numbers.push_back({name + "_positive", share.value(), share.error(),
                     "of patients without visible metastases, those with " + what});
  numbers.push_back(ratio(name + "_rate_ratio", with, without,
                          "relapses per year of these over the others, five years"));
  numbers.push_back({name + "_positive_free", free.value(), free.error(),
                     "of these, no relapse seen in five years"});
}

// Where the first metastasis is seen, organ by organ of those that a primary names.
void judge_sites(std::vector<CohortNumber>& numbers, const BodyParameters& body,
                 const std::vector<PatientRow>& rows) {
  for (const SoilParameters& soil : primary_named(body, body.primary).soils) {
    const int organ = organ_index(body, soil.organ);
    Share first;
    for (const PatientRow& r : rows)
      if (r.seen >= 0) first.count(r.seen_in == organ);
    numbers.push_back({"first_in_" + soil.organ, first.value(), first.error(),
                       "of metastases seen first, those in " + soil.organ});
  }
}

void judge_nodes(std::vector<CohortNumber>& numbers, const BodyParameters& body,
                 const std::vector<PatientRow>& rows) {
  if (!body.lymph.enabled) return;
  Share share, near_15;
  double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (const PatientRow& r : rows) {
    const bool positive = r.largest_node >= body.lymph.positive;
    const double cm = r.diameter / 1e4;
    share.count(positive);
    if (cm > 1.35 && cm < 1.65) near_15.count(positive);
    if (cm < 0.5 || cm > 5) continue;
    const double y = positive ? 1 : 0;
    n += 1, sx += cm, sy += y, sxx += cm * cm, sxy += cm * y;
  }
  numbers.push_back({"nodes_positive", share.value(), share.error(),
                     "patients with a node's lesion above lymph.positive at removal"});
  numbers.push_back({"nodes_positive_at_15_mm", near_15.value(), near_15.error(),
                     "of primaries of 13.5 to 16.5 mm"});
  const double spread = n * sxx - sx * sx;
  if (spread > 0) {
    const double p = sy / n;
    numbers.push_back({"nodes_slope_per_cm", (n * sxy - sx * sy) / spread,
                       std::sqrt(p * (1 - p) * n / spread),
                       "rise of that share with diameter, 5 to 50 mm"});
  }
}

void judge_implants(std::vector<CohortNumber>& numbers, const BodyParameters& body,
                    const std::vector<PatientRow>& rows) {
  if (!body.cavity.enabled) return;
  Share implanted;
  const auto n = static_cast<double>(rows.size());
  double expected = 0, expected2 = 0;
  for (const PatientRow& r : rows) {
    implanted.count(r.implants > 0);
    const double any = 1 - exact::exp(-r.expected_implants);
    expected += any / n, expected2 += any * any / n;
  }
  numbers.push_back(
      {"implanted_expected", expected,
       std::sqrt(std::max(0.0, expected2 - expected * expected) / n),
       "chance that any implant of the cavity founds a lesion: mean of 1 - e^-Lambda"});
  numbers.push_back(
      {"implanted", implanted.value(), implanted.error(), "patients in whom any did, as drawn"});
}

void judge_deaths(std::vector<CohortNumber>& numbers, const BodyParameters& body,
                  const std::vector<PatientRow>& rows) {
  if (!body.death.lesions) return;
  const double horizon = body.observer.horizon / minutes_per_day;
  Share dead, by_metastasis, before;
  std::vector<double> from_seen;
  for (const PatientRow& r : rows) {
    const bool of_metastases = r.cause != DeathOf::other && r.of_metastases;
    const bool within = r.death <= horizon;
    dead.count(within && of_metastases);
    before.count(r.death < 0);
    if (within) by_metastasis.count(of_metastases);
    if (of_metastases && r.seen >= 0 && r.death >= r.seen)
      from_seen.push_back((r.death - r.seen) / days_per_year);
  }
  numbers.push_back({"dead_of_metastases", dead.value(), dead.error(),
                     "patients who die of metastases within the horizon"});
  numbers.push_back({"deaths_of_metastases", by_metastasis.value(), by_metastasis.error(),
                     "of all deaths within the horizon, those of metastases"});
  numbers.push_back({"dead_before_removal", before.value(), before.error(),
                     "patients whom lesions kill before the primary is found"});
  numbers.push_back({"seen_to_death_years", median(from_seen), 0,
                     "from a metastasis seen to death of metastases, median"});
}

} // namespace

std::vector<PatientRow> follow_patients(const BodySettings& settings, std::int64_t first,
                                        std::int64_t count, int threads) {
  const CohortPlan plan(settings);
  std::vector<PatientRow> rows(static_cast<std::size_t>(count));
#pragma omp parallel num_threads(threads)
  {
    PatientCourse course(plan);
#pragma omp for schedule(dynamic, 16)
    for (std::int64_t k = 0; k < count; ++k)
      rows[static_cast<std::size_t>(k)] = course.follow(static_cast<std::uint64_t>(first + k));
  }
  return rows;
}

std::vector<CohortNumber> summary_of(const BodySettings& settings,
                                     const std::vector<PatientRow>& rows) {
  const BodyParameters& body = settings.body;
  const double horizon = body.observer.horizon / minutes_per_day;
  std::vector<CohortNumber> numbers;
  Share founded, at_removal, seen, relapsed, relapsed_5, late;
  Rate early_rate, late_rate;
  std::vector<double> took, diameters;
  double expected = 0, expected2 = 0, natural = 0, shed = 0;
  const auto n = static_cast<double>(rows.size());
  for (const PatientRow& r : rows) {
    founded.count(r.founded > 0);
    const double none = exact::exp(-r.expected);
    expected += (1 - none) / n, expected2 += (1 - none) * (1 - none) / n;
    natural += static_cast<double>(r.founded) / n;
    shed += r.shed / n;
    at_removal.count(r.seen_at_removal);
    seen.count(r.seen >= 0);
    if (r.seen_at_removal) continue;
    const double relapse = relapse_of(r);
    relapsed.count(relapse <= horizon);
    relapsed_5.count(relapse <= 5 * days_per_year);
    early_rate.follow(r, 5, 10);
    late_rate.follow(r, 10, 20);
    if (relapse > horizon) continue;
    if (relapse <= 20 * days_per_year) late.count(relapse > 5 * days_per_year);
    took.push_back(r.founded_before_seen / days_per_year);
    diameters.push_back(r.seen_diameter / 1e3);
  }
  numbers.push_back({"patients", n, 0, "virtual patients"});
  numbers.push_back({"shed_cells", shed, 0, "cells shed into blood until removal, mean"});
  numbers.push_back({"founded_expected", expected, std::sqrt((expected2 - expected * expected) / n),
                     "chance that any lesion is founded: mean of 1 - e^-Lambda"});
  numbers.push_back({"founded", founded.value(), founded.error(),
                     "patients in whom any lesion was founded, as drawn"});
  numbers.push_back({"lesions", natural, 0, "lesions founded, mean, as drawn"});
  numbers.push_back({"seen_at_removal", at_removal.value(), at_removal.error(),
                     "patients with a visible metastasis at removal"});
  numbers.push_back({"seen", seen.value(), seen.error(),
                     "metastasis seen within the horizon, if nobody died of anything else"});
  numbers.push_back({"relapsed", relapsed.value(), relapsed.error(),
                     "of patients without visible metastases, relapse seen within the horizon"});
  numbers.push_back(
      {"relapsed_5y", relapsed_5.value(), relapsed_5.error(), "the same in five years"});
  numbers.push_back({"late_share", late.value(), late.error(),
                     "of relapses seen within twenty years, those after five"});
  numbers.push_back(ratio("hazard_5_10_over_10_20", early_rate, late_rate,
                          "relapses per year in years 5 to 10 over those in 10 to 20"));
  numbers.push_back({"founding_to_seen_years", median(took), 0,
                     "from landing to being seen, median, sleep included"});
  numbers.push_back({"seen_diameter_mm", median(diameters), 0, "diameter when seen, median"});
  judge_sites(numbers, body, rows);
  judge_test(numbers, rows, "blood", "a tumour cell in the sample",
             [](const PatientRow& r) { return r.in_blood > 0; });
  judge_test(numbers, rows, "marrow", "a sleeping cell in the aspirate",
             [](const PatientRow& r) { return r.in_marrow > 0; });
  judge_nodes(numbers, body, rows);
  judge_implants(numbers, body, rows);
  judge_deaths(numbers, body, rows);
  return numbers;
}

} // namespace metavox
