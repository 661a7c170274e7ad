#include "settings/setting.hpp"

#include <cmath>

#include "settings/units.hpp"

namespace metavox {

std::string Setting::section() const {
  const std::size_t dot = key.rfind('.');
  return dot == std::string::npos ? std::string() : key.substr(0, dot);
}

std::string_view Setting::leaf() const {
  return std::string_view(key).substr(key.rfind('.') + 1); // npos + 1 is 0
}

bool Setting::in_list() const { return key.find("[]") != std::string::npos; }

const std::string& Setting::fallback_under(Preset preset) const {
  for (const UnderPreset& p : presets)
    if (p.preset == preset) return p.fallback;
  return fallback;
}

std::string Setting::range_text() const {
  const bool has_low = std::isfinite(low), has_high = std::isfinite(high);
  const std::string with_unit = unit.empty() ? "" : " " + unit;
  if (has_low && has_high)
    return (above_low ? "above " + format_number(low) + " and at most "
                      : "between " + format_number(low) + " and ") +
           format_number(high) + with_unit;
  if (has_low) return (above_low ? "above " : "at least ") + format_number(low) + with_unit;
  return {};
}

std::string Setting::example_text() const {
  std::string value = !example.empty() ? example : fallback;
  if (value.empty() && !words.empty()) value = words.front();
  return std::string(leaf()) + ": " + (value.empty() ? "1" : value);
}

std::string listed(const std::vector<std::string_view>& words) {
  std::string s;
  for (std::size_t i = 0; i < words.size(); ++i)
    s += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  return s;
}

} // namespace metavox
