#include "settings/listing.hpp"

#include "settings/explain.hpp"
#include "settings/json.hpp"

namespace metavox {
namespace {

std::string member(const char* name, std::string_view text) {
  return json_string(name) + ":" + json_string(text);
}

std::string row_json(const Setting& s) {
  std::string words, presets;
  for (const std::string_view word : s.words)
    words += (words.empty() ? "" : ",") + json_string(word);
  for (const Setting::UnderPreset& p : s.presets)
    presets += (presets.empty() ? "{" : ",{") + member("preset", name_of(p.preset)) + "," +
               member("default", p.fallback) + "," + member("reason", p.reason) + "}";
  return "{" + member("section", s.section()) + "," + member("key", s.key) + "," +
         member("type", type_text(s)) + "," + member("unit", s.unit) + "," +
         member("default", default_text(s)) + "," +
         member("range", s.words.empty() ? s.range_text() : std::string()) + ",\"words\":[" +
         words + "]," + member("meaning", s.meaning) + "," + member("source", s.source) +
         ",\"presets\":[" + presets + "]," +
         member("for", s.only_for.key.empty() ? "" : s.only_for.key + " " + s.only_for.word) + "}";
}

} // namespace

std::string settings_json(const Table& table) {
  std::string rows;
  for (const Setting& s : table.settings()) rows += (rows.empty() ? "" : ",") + row_json(s);
  return indented("[" + rows + "]");
}

} // namespace metavox
