#include "core/profile.hpp"

#include <algorithm>
#include <cstdio>

namespace metavox {
namespace {

void sort_by_time(std::vector<ProfileRow>& rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const ProfileRow& a, const ProfileRow& b) { return a.seconds > b.seconds; });
}

double gigabytes_per_second(const ProfileRow& row) {
  return row.seconds > 0 ? row.bytes / row.seconds * 1e-9 : 0;
}

} // namespace

std::vector<ProfileRow> profile_rows(const Executor& executor) {
  double whole = 0;
  std::vector<ProfileRow> processes;
  for (const auto& [name, p] : executor.processes()) {
    whole += p.seconds;
    processes.push_back({name, "", p.calls, p.seconds, 0, 0});
  }
  sort_by_time(processes);
  std::vector<ProfileRow> rows;
  for (ProfileRow& p : processes) {
    const Executor::Process& process = executor.processes().at(p.process);
    if (p.process.empty()) p.process = "rest";
    std::vector<ProfileRow> functors;
    double host = p.seconds;
    for (const auto& [name, t] : process.functors) {
      functors.push_back({p.process, name, t.calls, t.seconds, 0, t.bytes});
      host -= t.seconds;
      p.bytes += t.bytes;
    }
    if (!functors.empty())
      functors.push_back({p.process, "host", p.calls, std::max(host, 0.0), 0, 0});
    sort_by_time(functors);
    rows.push_back(p);
    rows.insert(rows.end(), functors.begin(), functors.end());
  }
  for (ProfileRow& row : rows) row.share = whole > 0 ? row.seconds / whole : 0;
  return rows;
}

std::vector<std::string> profile_table(const std::vector<ProfileRow>& rows, std::int64_t steps,
                                       double writer) {
  double whole = 0;
  for (const ProfileRow& row : rows)
    if (row.functor.empty()) whole += row.seconds;
  char text[160];
  std::snprintf(text, sizeof text,
                "profile     %lld steps in %.3f s; writing beside them took %.3f s",
                static_cast<long long>(steps), whole, writer);
  std::vector<std::string> lines{text};
  std::snprintf(text, sizeof text, "  %-32s %9s %11s %8s %11s %8s", "process, functor", "calls",
                "ms", "share", "MB", "GB/s");
  lines.emplace_back(text);
  for (const ProfileRow& row : rows) {
    if (!row.functor.empty() && row.share < 1e-3) continue; // profile.csv has them
    const std::string name = row.functor.empty() ? row.process : "  " + row.functor;
    std::snprintf(text, sizeof text, "  %-32s %9lld %11.2f %6.1f %%", name.c_str(),
                  static_cast<long long>(row.calls), row.seconds * 1e3, row.share * 100);
    std::string line = text;
    if (row.bytes > 0) {
      std::snprintf(text, sizeof text, " %11.1f %8.2f", row.bytes * 1e-6,
                    gigabytes_per_second(row));
      line += text;
    }
    lines.push_back(line);
  }
  return lines;
}

std::string profile_csv(const std::vector<ProfileRow>& rows) {
  std::string all = "process,functor,calls,time [s],share,bytes,speed [GB/s]\n";
  for (const ProfileRow& row : rows) {
    char text[240];
    std::snprintf(text, sizeof text, "%s,%s,%lld,%.9g,%.6f,%.0f,%.6g\n", row.process.c_str(),
                  row.functor.c_str(), static_cast<long long>(row.calls), row.seconds, row.share,
                  row.bytes, gigabytes_per_second(row));
    all += text;
  }
  return all;
}

} // namespace metavox
