#include "settings/explain.hpp"

#include "settings/complaints.hpp"
#include "settings/text.hpp"
#include "settings/unknown_key.hpp"

namespace metavox {
namespace {

std::string explain_one(const Setting& s) {
  std::string text = s.key + "    " + type_text(s) + "\n  " + s.meaning + "\n";
  if (!s.only_for.key.empty())
    text += "  for      " + s.only_for.key + " " + s.only_for.word + " only\n";
  text += "  default  " + default_text(s) + "\n";
  for (const Setting::UnderPreset& p : s.presets)
    text += "  preset   " + std::string(name_of(p.preset)) + ": " + p.fallback + " (" + p.reason +
            ")\n";
  const std::string range = s.words.empty() ? s.range_text() : std::string();
  if (!range.empty()) text += "  range    " + range + "\n";
  text += "  source   " + s.source + "\n";
  return text;
}

} // namespace

std::string type_text(const Setting& s) {
  const std::string unit = s.unit.empty() ? "number" : "quantity in " + s.unit;
  switch (s.type) {
  case Type::quantity: return unit;
  case Type::integer: return s.words.empty() ? "whole number" : "one of " + listed(s.words);
  case Type::seed: return "whole number of 64 bits";
  case Type::boolean: return "true or false";
  case Type::word: return "one of " + listed(s.words);
  case Type::text: return "text";
  case Type::path: return "path of a file, or none";
  case Type::point: return "[x, y, z], each a " + unit;
  case Type::extents: return "[nx, ny, nz]";
  case Type::faces: return "no_flux, a " + unit + ", or a map of the six faces";
  case Type::frozen:
    return "none, a formula" + (s.unit.empty() ? "" : " in " + s.unit) +
           ", or {file, array, geometry, unit}";
  case Type::names: return "list of words";
  case Type::labels: return "map of whole numbers to " + listed(s.words);
  }
  return {};
}

std::string default_text(const Setting& s) {
  return !s.derived.empty()   ? s.derived
         : s.fallback.empty() ? "none; it must be given"
                              : s.fallback;
}

std::string explain(const std::string& key, const Table& table) {
  // tissue.cells[2].radius is the same setting as tissue.cells[].radius
  const std::string general = general_key(key);
  if (const Setting* s = table.find(general)) return explain_one(*s);
  const auto all_that = [&](auto&& fits) {
    std::string text;
    for (const Setting& s : table.settings())
      if (fits(s.key)) text += (text.empty() ? "" : "\n") + explain_one(s);
    return text;
  };
  std::string text = all_that([&](const std::string& k) {
    return k.compare(0, general.size(), general) == 0 && k.size() > general.size() &&
           (k[general.size()] == '.' || k[general.size()] == '[');
  });
  if (text.empty()) // the last word alone, of whatever sections
    text = all_that([&](const std::string& k) {
      return k.size() > general.size() && k[k.size() - general.size() - 1] == '.' &&
             k.compare(k.size() - general.size(), general.size(), general) == 0;
    });
  if (text.empty()) throw ConfigError(printable(unknown_key(key, table)));
  return text;
}

std::string explain_all(const Table& table) {
  std::string text;
  for (const Setting& s : table.settings()) text += (text.empty() ? "" : "\n") + explain_one(s);
  return text;
}

} // namespace metavox
