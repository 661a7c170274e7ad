#include "record/verify.hpp"

#include <cstdio>
#include <system_error>

#include "core/errors.hpp"
#include "core/file.hpp"
#include "record/checksums.hpp"
#include "record/run_layout.hpp"

namespace metavox {

namespace fs = std::filesystem;

namespace {

// What was found in a window's folder, among what was found in the body's.
void add_site(const fs::path& site, Verification& v) {
  const Verification own = verify_run(site);
  const std::string prefix = std::string(sites_name) + "/" + site.filename().string() + "/";
  for (const auto list : {&Verification::missing, &Verification::altered, &Verification::unlisted,
                          &Verification::unsealed, &Verification::notes})
    for (const std::string& name : own.*list) (v.*list).push_back(prefix + name);
  v.good += own.good;
}

} // namespace

Verification verify_run(const fs::path& run) {
  Verification v;
  std::error_code error;
  if (!fs::is_directory(run, error)) throw IoError(run.string() + ": there is no such folder");
  if (!fs::exists(run / list_name, error))
    throw IoError(run.string() + " has no " + list_name + ": not a run folder, or a damaged one");
  const auto listed = read_checksums(run, &v.altered);
  v.finished = listed.count("provenance.json") > 0;
  for (const auto& [name, sum] : listed) {
    const fs::path file = run / name;
    if (!fs::is_regular_file(file, error)) {
      v.missing.push_back(name);
      continue;
    }
    try {
      const FileSum now = sum_of_file(file);
      if (now == sum) {
        ++v.good;
      } else if (now.bytes != sum.bytes) {
        v.altered.push_back(name + ": " + std::to_string(now.bytes) + " bytes, should have " +
                            std::to_string(sum.bytes));
      } else {
        v.altered.push_back(name + ": checksum " + hex8(now.crc) + ", should be " + hex8(sum.crc));
      }
    } catch (const IoError& e) {
      v.altered.push_back(name + ": " + e.what());
    }
  }
  for (const fs::path& folder : {fs::path(), fs::path("frames"), fs::path("checkpoints")})
    for (const fs::path& entry : entries(run / folder)) {
      const std::string base = entry.filename().string(), name = (folder / base).string();
      if (listed.count(name) > 0 || name == list_name || name == lock_name) continue;
      if (folder.empty() && (name == "frames" || name == "checkpoints" || name == sites_name))
        continue;
      if (is_temporary(base))
        v.notes.push_back(name + ": left over from an interrupted write; the next run removes it");
      else if (is_growing(name) && !v.finished)
        v.unsealed.push_back(name);
      else if (folder.empty() && !is_growing(name) && name != "resolved.yaml")
        v.notes.push_back(name + ": not part of the run");
      else if (!v.finished)
        v.notes.push_back(name + ": not listed yet (the run stopped while adding it)");
      else
        v.unlisted.push_back(name);
    }
  for (const fs::path& site : entries(run / sites_name))
    if (fs::is_directory(fs::symlink_status(site, error))) add_site(site, v);
  if (listed.count("resolved.yaml") == 0) v.missing.push_back("resolved.yaml (not listed)");
  v.ok = v.missing.empty() && v.altered.empty() && v.unlisted.empty();
  return v;
}

int verify_command(const fs::path& run) {
  const Verification v = verify_run(run);
  for (const std::string& name : v.missing) std::printf("missing   %s\n", name.c_str());
  for (const std::string& name : v.altered) std::printf("altered   %s\n", name.c_str());
  for (const std::string& name : v.unlisted) std::printf("unlisted  %s\n", name.c_str());
  for (const std::string& name : v.unsealed)
    std::printf("growing   %s: not sealed yet, cannot be checked\n", name.c_str());
  for (const std::string& note : v.notes) std::printf("note      %s\n", note.c_str());
  if (!v.finished)
    std::printf("the run is not finished: %zu growing files have no checksum yet\n",
                v.unsealed.size());
  const std::size_t bad = v.missing.size() + v.altered.size() + v.unlisted.size();
  if (v.ok)
    std::printf("%s: %zu files as they were written\n", run.c_str(), v.good);
  else
    std::printf("%s: %zu of %zu files are not as they were written\n", run.c_str(), bad,
                bad + v.good);
  return v.ok ? 0 : 3;
}

} // namespace metavox
