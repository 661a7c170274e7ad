#include "record/provenance.hpp"

#include <ctime>
#include <system_error>

#include <nlohmann/json.hpp>

#include "core/file.hpp"
#include "record/build_info.hpp"

namespace metavox {

namespace fs = std::filesystem;

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string provenance_text(const Provenance& p, const std::string& earlier_sessions) {
  nlohmann::ordered_json j;
  j["program"] = "metavox";
  j["version"] = version();
  j["commit"] = commit();
  j["build_flags"] = build_flags();
  j["compiler"] = compiler();
  j["instruction_set"] = instruction_set();
  j["backend"] = p.backend;
  j["device"] = p.device;
  j["threads"] = p.threads;
  j["config"] = p.config;
  j["command"] = p.command;
  j["preset"] = p.preset;
  j["seed"] = p.seed;
  j["start"] = p.start;
  j["end"] = p.end.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(p.end);
  j["exit_reason"] = p.exit_reason;
  j["exit_code"] = p.exit_code < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(p.exit_code);
  j["first_step"] = p.first_step;
  j["steps"] = p.steps;
  j["simulated_days"] = p.days;
  j["final_hash"] =
      p.final_hash.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(p.final_hash);
  j["restarted_from"] = p.restarted_from.empty() ? nlohmann::ordered_json()
                                                 : nlohmann::ordered_json(p.restarted_from);
  auto inputs = nlohmann::ordered_json::array();
  for (const Provenance::Input& i : p.inputs)
    inputs.push_back(
        {{"setting", i.setting}, {"file", i.file}, {"bytes", i.bytes}, {"crc32", i.crc32}});
  j["inputs"] = inputs;
  if (!earlier_sessions.empty())
    j["earlier_sessions"] = nlohmann::ordered_json::parse(earlier_sessions);
  return j.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string sessions_of(const fs::path& run) {
  std::error_code ignored;
  if (!fs::exists(run / "provenance.json", ignored)) return {};
  const auto old =
      nlohmann::ordered_json::parse(read_text(run / "provenance.json"), nullptr, false);
  if (!old.is_object()) return {};
  auto sessions = nlohmann::ordered_json::array();
  if (old.contains("earlier_sessions") && old["earlier_sessions"].is_array())
    sessions = old["earlier_sessions"];
  auto last = old;
  for (const char* name : {"earlier_sessions", "program", "seed"}) last.erase(name);
  sessions.push_back(last);
  return sessions.dump();
}

RunSummary summary_of(const fs::path& run) {
  RunSummary summary;
  std::error_code ignored;
  const fs::path file = run / "provenance.json";
  if (!fs::is_regular_file(file, ignored)) return summary;
  const auto j = nlohmann::json::parse(read_text(file), nullptr, false);
  if (!j.is_object()) return summary;
  const auto text = [&](const char* name) {
    return j.contains(name) && j[name].is_string() ? j[name].get<std::string>() : std::string();
  };
  summary.found = true;
  summary.exit_reason = text("exit_reason");
  summary.final_hash = text("final_hash");
  if (j.contains("exit_code") && j["exit_code"].is_number_integer())
    summary.exit_code = j["exit_code"];
  if (j.contains("steps") && j["steps"].is_number_integer()) summary.steps = j["steps"];
  return summary;
}

} // namespace metavox
