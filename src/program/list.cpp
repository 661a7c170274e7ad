#include "program/list.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include <nlohmann/json.hpp>

#include "body/body_config.hpp"
#include "fields/field_list.hpp"
#include "program/selfcheck.hpp"
#include "settings/listing.hpp"
#include "site/config.hpp"
#include "site/events.hpp"
#include "site/site.hpp"
#include "site/take_apart.hpp"
#include "voxel/kind.hpp"

namespace metavox {
namespace {

using Rows = nlohmann::ordered_json; // an array of objects with the same members

Rows roles_of(unsigned roles) {
  constexpr std::pair<role::Role, const char*> names[] = {
      {role::living, "living"}, {role::normal, "normal"}, {role::tumour, "tumour"},
      {role::dead, "dead"},     {role::kills, "kills"},   {role::walks, "walks"},
      {role::placed, "placed"}};
  Rows list = Rows::array();
  for (const auto& [role, name] : names)
    if ((roles & role) != 0) list.push_back(name);
  return list;
}

Rows list_kinds() {
  Rows rows;
  for (const KindRow& row : kind_rows)
    rows.push_back({{"code", static_cast<int>(row.kind)},
                    {"name", row.name},
                    {"state", row.drawn.code},
                    {"colour", row.drawn.colour},
                    {"roles", roles_of(row.roles)},
                    {"label", row.label}});
  return rows;
}

Rows list_states() {
  Rows rows;
  for (const StateRow& row : state_rows)
    rows.push_back({{"code", row.code},
                    {"column", row.column},
                    {"colour", row.colour},
                    {"roles", roles_of(row.roles)},
                    {"name", row.name},
                    {"label", row.label}});
  return rows;
}

// A small site with everything on, to ask what there is.
Site site_with_everything() {
  return Site(read_config_text(everything_on(), "everything.yaml").parameters, Executor::on_cpu(1));
}

const char* type_name(ElementType type) {
  switch (type) {
  case ElementType::u8: return "UInt8";
  case ElementType::u16: return "UInt16";
  case ElementType::u32: return "UInt32";
  case ElementType::u64: return "UInt64";
  case ElementType::i64: return "Int64";
  case ElementType::f32: return "Float32";
  case ElementType::f64: return "Float64";
  }
  return "";
}

// As somebody typed it: the seven digits that a float holds.
Rows rounded(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.7g", static_cast<double>(value));
  return Rows(std::strtod(text, nullptr));
}

// What frames of fields hold; `lowest` and `highest` of those that diffuse.
Rows list_fields() {
  const Site site = site_with_everything();
  const std::vector<FieldRow> diffusing = Fields::rows(field_settings(site.parameters()));
  Rows rows;
  const auto add = [&](const std::vector<ArrayInfo>& arrays, bool derived) {
    for (const ArrayInfo& a : arrays) {
      if (a.spacing == 0 || is_bookkeeping(a.name)) continue;
      const auto field = std::find_if(diffusing.begin(), diffusing.end(),
                                      [&](const FieldRow& row) { return row.name == a.name; });
      const bool solved = field != diffusing.end();
      rows.push_back({{"name", a.name},
                      {"unit", a.unit},
                      {"type", type_name(a.type)},
                      {"derived", derived},
                      {"lowest", solved ? rounded(field->lowest) : Rows()},
                      {"highest", solved ? rounded(field->highest) : Rows()},
                      {"meaning", a.meaning}});
    }
  };
  add(site.derived_arrays(), true);
  add(site.state_arrays(), false);
  return rows;
}

Rows list_metrics() {
  Site site = site_with_everything();
  Rows rows;
  for (const Metric& m : site.measure())
    rows.push_back(
        {{"name", m.name}, {"unit", m.unit}, {"integer", m.integer}, {"meaning", m.meaning}});
  return rows;
}

Rows list_events() {
  Rows rows;
  for (const EventRow& row : event_rows())
    rows.push_back(
        {{"name", row.name}, {"once", row.once}, {"place", row.place}, {"meaning", row.meaning}});
  return rows;
}

Rows list_settings() { return Rows::parse(settings_json(all_settings())); }

struct List {
  const char* name;
  Rows (*rows)();
};
constexpr List lists[] = {{"kinds", list_kinds},   {"states", list_states},
                          {"fields", list_fields}, {"metrics", list_metrics},
                          {"events", list_events}, {"settings", list_settings}};

std::string cell_of(const Rows& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const Rows& word : value) {
    text += text.empty() ? "" : " ";
    // Of the presets of a setting their names will do; --json has the rest.
    text += word.is_object() ? word.front().get<std::string>() : word.get<std::string>();
  }
  return text;
}

std::string columns_of(const Rows& rows) {
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& member : rows.front().items()) lines.front().push_back(member.key());
  for (const Rows& row : rows) {
    lines.emplace_back();
    for (const auto& member : row.items()) lines.back().push_back(cell_of(member.value()));
  }
  std::vector<std::size_t> width(lines.front().size(), 0);
  for (const auto& line : lines)
    for (std::size_t c = 0; c < line.size(); ++c) width[c] = std::max(width[c], line[c].size());
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c)
      text += line[c] + std::string(width[c] - line[c].size() + 2, ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

} // namespace

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const List& table : lists) names.emplace_back(table.name);
  return names;
}

std::string table_text(const std::string& name, bool json) {
  for (const List& table : lists)
    if (name == table.name) return json ? table.rows().dump(1) + '\n' : columns_of(table.rows());
  throw std::invalid_argument("there is no table of " + name);
}

} // namespace metavox
