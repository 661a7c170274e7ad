#include "record/run_layout.hpp"

#include <algorithm>
#include <cstdio>
#include <system_error>

#include "core/errors.hpp"
#include "core/file.hpp"
#include "record/csv.hpp"

namespace metavox {

namespace fs = std::filesystem;

const char* name_of(FrameKind kind) {
  switch (kind) {
  case FrameKind::fields: return "fields";
  case FrameKind::cells: return "cells";
  case FrameKind::body: return "body";
  default: return "vessels";
  }
}

const char* extension_of(FrameKind kind) { return kind == FrameKind::fields ? ".vti" : ".vtp"; }

std::string frame_name(FrameKind kind, std::int64_t step) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "_%08lld", static_cast<long long>(step));
  return std::string("frames/") + name_of(kind) + digits + extension_of(kind);
}

std::string checkpoint_name(std::int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "checkpoints/step_%08lld.h5", static_cast<long long>(step));
  return name;
}

std::optional<std::int64_t> step_in(std::string_view name, std::string_view before,
                                    std::string_view after) {
  if (name.size() < before.size() + 8 + after.size() || name.substr(0, before.size()) != before ||
      name.substr(name.size() - after.size()) != after)
    return {};
  name.remove_prefix(before.size());
  name.remove_suffix(after.size());
  if (name.find_first_not_of("0123456789") != std::string_view::npos) return {};
  return as_integer(name);
}

bool is_frame(const std::string& name) {
  for (const FrameKind kind : frame_kinds)
    for (const char* before : {"", "diagnostic_"})
      if (step_in(name, std::string(before) + name_of(kind) + "_", extension_of(kind))) return true;
  return false;
}

bool is_temporary(const std::string& name) {
  return name.size() > 1 && name[0] == '.' && name.find(".tmp-") != std::string::npos;
}

bool is_growing(const std::string& name) {
  return std::find(growing.begin(), growing.end(), name) != growing.end();
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> all;
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(folder, error))) return all;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    all.push_back(it->path());
  if (error) fail_with("list", folder, error.value());
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::pair<std::int64_t, fs::path>> checkpoints_of(const fs::path& run) {
  std::vector<std::pair<std::int64_t, fs::path>> all;
  for (const fs::path& file : entries(run / "checkpoints"))
    if (const auto step = step_in(file.filename().string(), "step_", ".h5"))
      all.emplace_back(*step, file);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  return all;
}

bool looks_like_run(const fs::path& path) {
  std::error_code ignored;
  const fs::path provenance = path / "provenance.json";
  // An empty one, as disks leave that were full or lost their power, says nothing.
  if (fs::is_regular_file(provenance, ignored) && fs::file_size(provenance, ignored) > 0) {
    try {
      return read_text(provenance, 1 << 24).find("\"program\": \"metavox\"") != std::string::npos;
    } catch (const IoError&) {
      return false;
    }
  }
  return fs::is_regular_file(path / "resolved.yaml", ignored) &&
         fs::is_regular_file(path / list_name, ignored) &&
         fs::is_directory(path / "frames", ignored) &&
         fs::is_directory(path / "checkpoints", ignored);
}

} // namespace metavox
