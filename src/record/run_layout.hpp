// What lies where in a run folder, and what of it is a run's.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metavox {

enum class FrameKind : std::uint8_t { fields, cells, vessels, body };
inline constexpr FrameKind frame_kinds[4] = {FrameKind::fields, FrameKind::cells,
                                             FrameKind::vessels, FrameKind::body};
const char* name_of(FrameKind kind);      // "fields"
const char* extension_of(FrameKind kind); // ".vti"

// "frames/fields_00001200.vti", relative to the run folder.
std::string frame_name(FrameKind kind, std::int64_t step);
std::string checkpoint_name(std::int64_t step);

// The step in "fields_00001200.vti", which stands between `before` and `after`; nothing for any
// other name.
std::optional<std::int64_t> step_in(std::string_view name, std::string_view before,
                                    std::string_view after);
// Of a frame, or of what add_diagnostic() writes.
bool is_frame(const std::string& name);
// Of a file that was being written when its writer died.
bool is_temporary(const std::string& name);

inline constexpr const char* lock_name = ".lock";
inline constexpr const char* list_name = "checksums.txt";
inline constexpr const char* sites_name = "sites"; // of a body: a run folder for each window
inline constexpr const char* scene_name = "scene.pvsm";
inline constexpr const char* scene_script_name = "scene.py";
// Sealed at the end of a run; before, their content changes.
inline constexpr std::array<const char*, 18> growing = {
    "provenance.json", "log.txt",     "metrics.csv", "events.csv",  "departures.csv",
    "fields.pvd",      "cells.pvd",   "vessels.pvd", "body.pvd",    "profile.csv",
    "cohort.csv",      "summary.csv", "body.csv",    "cascade.csv", "founders.csv",
    "estimates.csv",   "lineage.csv", "lineage.nwk"};
// Of these, tables of a body that grow row by row; their first column is the time in days.
inline constexpr std::array<const char*, 4> body_tables = {"body.csv", "cascade.csv",
                                                           "founders.csv", "lineage.csv"};
// Of these, what is written where a body ends: it tells of the whole run.
inline constexpr const char* estimates_name = "estimates.csv";
bool is_growing(const std::string& name);

// Entries of a folder in order of their names; empty where there is no such folder. A link to a
// folder counts as a file: what it leads to is not ours.
std::vector<std::filesystem::path> entries(const std::filesystem::path& folder);

// Steps of the checkpoints in a run folder, newest first.
std::vector<std::pair<std::int64_t, std::filesystem::path>>
checkpoints_of(const std::filesystem::path& run);

bool looks_like_run(const std::filesystem::path& path);

} // namespace metavox
