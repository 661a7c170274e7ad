#include "program/typed_option.hpp"

#include "core/errors.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"

namespace metavox {

double typed(const char* option, const std::string& text, const char* unit, const char* example) {
  std::string wrong;
  try {
    const double value = convert(parse_quantity(text), unit);
    if (value > 0) return value;
    wrong = "must be above 0";
  } catch (const UnitError& e) {
    wrong = e.what();
  }
  throw ConfigError(std::string(option) + " " + in_quotes(text) + ": " + wrong +
                    "; type for example: " + option + " '" + example + "'");
}

} // namespace metavox
