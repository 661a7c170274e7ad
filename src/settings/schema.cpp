#include "settings/schema.hpp"

#include <cmath>

#include "settings/json.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

const std::string number_pattern = "[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?";
// A unit begins with a letter, a parenthesis or 1/; e is left out, as 1e5 has none.
const std::string quantity_pattern =
    "^\\s*" + number_pattern + "(\\s*[A-DF-Za-df-z%(\u00b5\u03bc]|\\s+1\\s*/).*$";

std::string json_quantity(const Setting& s) {
  if (!s.unit.empty()) return R"("type":"string","pattern":)" + json_string(quantity_pattern);
  std::string number = R"({"type":"number")";
  if (std::isfinite(s.low))
    number += (s.above_low ? R"(,"exclusiveMinimum":)" : R"(,"minimum":)") + format_number(s.low);
  if (std::isfinite(s.high)) number += R"(,"maximum":)" + format_number(s.high);
  number += '}';
  return R"("anyOf":[)" + number + R"(,{"type":"string","pattern":)" +
         json_string("^\\s*" + number_pattern + "\\s*%?\\s*$") + "}]";
}

std::string json_words(const std::vector<std::string_view>& words, bool as_text) {
  std::string s = "\"enum\":[";
  for (std::size_t i = 0; i < words.size(); ++i)
    s += (i == 0 ? "" : ",") + (as_text ? json_string(words[i]) : std::string(words[i]));
  return s + "]";
}

std::string json_type(const Setting& s) {
  const std::string integer =
      R"("type":"integer","minimum":)" + format_number(std::isfinite(s.low) ? s.low : 0) +
      (std::isfinite(s.high) ? R"(,"maximum":)" + format_number(s.high) : std::string());
  switch (s.type) {
  case Type::quantity: return json_quantity(s);
  case Type::integer: return s.words.empty() ? integer : json_words(s.words, false);
  case Type::seed: return R"("type":"integer","minimum":0,"maximum":18446744073709551615)";
  case Type::boolean: return R"("type":"boolean")";
  case Type::word: return json_words(s.words, true);
  case Type::text: return R"("type":"string","minLength":1,"maxLength":200)";
  case Type::path: return R"("type":"string","minLength":1)";
  case Type::point:
    return R"("type":"array","minItems":3,"maxItems":3,"items":{)" + json_quantity(s) + "}";
  case Type::extents:
    return R"("type":"array","minItems":3,"maxItems":3,"items":{)" + integer + "}";
  case Type::faces: {
    const std::string face = R"({"anyOf":[{"const":"no_flux"},{)" + json_quantity(s) + "}]}";
    std::string map = R"({"type":"object","additionalProperties":false,"properties":{)";
    for (std::size_t i = 0; i < 6; ++i)
      map += (i == 0 ? "" : ",") + json_string(face_names[i]) + ":" + face;
    return R"("anyOf":[)" + face + "," + map + "}}]";
  }
  case Type::frozen:
    return R"("anyOf":[{"type":["string","number"]},{"type":"object","additionalProperties":false,)"
           R"("required":["file","array"],"properties":{"file":{"type":"string"},)"
           R"("array":{"type":"string"},"geometry":{"enum":["match","ignore","resample"]},)"
           R"("unit":{"enum":["nm","um","mm","cm","m"]}}}])";
  case Type::names:
    return R"("type":"array","uniqueItems":true,"items":{"type":"string","pattern":"^[A-Za-z0-9_]+$"})";
  case Type::labels:
    return R"("type":["object","null"],"additionalProperties":false,"patternProperties":{"^[0-9]+$":{)" +
           json_words(s.words, true) + "}}";
  }
  return {};
}

// "[0 um, 0 um, 0 um]" as a list of texts.
std::string json_point(std::string_view point) {
  std::string value = "[";
  std::string_view rest = point.substr(1, point.size() - 2);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    value += (value.size() == 1 ? "" : ",") + json_string(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 2);
  }
  return value + "]";
}

std::string json_default(const Setting& s) {
  if (s.type == Type::point) return json_point(s.fallback);
  const bool raw = s.type == Type::integer || s.type == Type::seed || s.type == Type::boolean ||
                   s.type == Type::extents || s.type == Type::names || s.type == Type::labels ||
                   (s.type == Type::quantity && s.unit.empty());
  return raw ? s.fallback : json_string(s.fallback);
}

std::string json_setting(const Setting& s) {
  std::string description = s.meaning;
  if (!s.unit.empty()) description += " In " + s.unit + " or a unit like it.";
  if (!s.only_for.key.empty())
    description += " For " + s.only_for.key + " " + s.only_for.word + ".";
  const std::string range = s.words.empty() ? s.range_text() : std::string();
  if (!range.empty()) description += " Range: " + range + ".";
  if (!s.derived.empty()) description += " Default: " + s.derived + ".";
  description += " Source: " + s.source + ".";
  std::string json =
      json_string(s.leaf()) + ":{" + json_type(s) + ",\"description\":" + json_string(description);
  if (!s.fallback.empty()) json += ",\"default\":" + json_default(s);
  return json + "}";
}

std::string json_properties(const Part& part);

// Members that an entry must give.
std::string json_required(const Part& entry) {
  std::string required;
  for (const Setting* s : entry.settings)
    if (s->fallback.empty() && s->derived.empty() && s->only_for.key.empty())
      required += (required.empty() ? "" : ",") + json_string(s->leaf());
  return required.empty() ? std::string() : "\"required\":[" + required + "],";
}

std::string json_list(const SettingList& list) {
  return json_string(list.name) + R"(:{"type":["array","null"],"description":)" +
         json_string(list.meaning) + R"(,"items":{"type":"object","additionalProperties":false,)" +
         json_required(*list.entry) + "\"properties\":{" + json_properties(*list.entry) + "}}}";
}

std::string json_section(const Part& section) {
  std::string json = json_string(section.name) +
                     R"(:{"type":["object","null"],"additionalProperties":false,"properties":{)" +
                     json_properties(section) + "}";
  for (const Setting* s : section.settings)
    if (!s->instead_of.empty())
      json += R"(,"not":{"required":[)" +
              json_string(std::string_view(s->instead_of).substr(s->instead_of.rfind('.') + 1)) +
              "," + json_string(s->leaf()) + "]}";
  return json + "}";
}

std::string json_properties(const Part& part) {
  std::string json;
  const auto add = [&json](const std::string& one) { json += (json.empty() ? "" : ",") + one; };
  for (const Setting* s : part.settings) add(json_setting(*s));
  for (const auto& list : part.lists) add(json_list(*list));
  for (const auto& section : part.sections) add(json_section(*section));
  return json;
}

} // namespace

std::string json_schema(const Table& table) {
  return indented(R"({"$schema":"https://json-schema.org/draft/2020-12/schema",)"
                  R"("title":"metavox configuration","type":"object","additionalProperties":false,)"
                  R"("properties":{)" +
                  json_properties(table.whole()) + "}}");
}

} // namespace metavox
