#include "settings/units.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>
#include <vector>

#include "settings/text.hpp"

namespace metavox {
namespace {

constexpr std::uint64_t largest = std::uint64_t{1}
                                  << 60; // a decimal digit times it still fits 64 bits
constexpr std::size_t longest_text = 200;

struct NamedUnit {
  std::string_view name;
  std::array<int, 5> exponents; // length, time, pressure, amount, dose
  std::uint64_t numerator, denominator;
  int ten;
};

// 1 mmHg is 133.322387415 Pa, and 1 kg is 1 Pa m s^2.
constexpr std::uint64_t pascals = 133322387415; // 1e-9 Pa in one mmHg

constexpr NamedUnit named_units[] = {
    {"1", {}, 1, 1, 0},
    {"%", {}, 1, 1, -2},
    {"cell", {}, 1, 1, 0},
    {"cells", {}, 1, 1, 0},
    {"molecule", {}, 1, 1, 0},
    {"molecules", {}, 1, 1, 0},
    {"voxel", {}, 1, 1, 0},
    {"voxels", {}, 1, 1, 0},
    {"um", {1}, 1, 1, 0},
    {"micron", {1}, 1, 1, 0},
    {"microns", {1}, 1, 1, 0},
    {"micrometer", {1}, 1, 1, 0},
    {"micrometers", {1}, 1, 1, 0},
    {"micrometre", {1}, 1, 1, 0},
    {"micrometres", {1}, 1, 1, 0},
    {"nm", {1}, 1, 1, -3},
    {"mm", {1}, 1, 1, 3},
    {"cm", {1}, 1, 1, 4},
    {"dm", {1}, 1, 1, 5},
    {"m", {1}, 1, 1, 6},
    {"L", {3}, 1, 1, 15},
    {"l", {3}, 1, 1, 15},
    {"mL", {3}, 1, 1, 12},
    {"ml", {3}, 1, 1, 12},
    {"uL", {3}, 1, 1, 9},
    {"nL", {3}, 1, 1, 6},
    {"pL", {3}, 1, 1, 3},
    {"fL", {3}, 1, 1, 0},
    {"ms", {0, 1}, 1, 6, -4},
    {"s", {0, 1}, 1, 6, -1},
    {"sec", {0, 1}, 1, 6, -1},
    {"second", {0, 1}, 1, 6, -1},
    {"seconds", {0, 1}, 1, 6, -1},
    {"min", {0, 1}, 1, 1, 0},
    {"minute", {0, 1}, 1, 1, 0},
    {"minutes", {0, 1}, 1, 1, 0},
    {"mins", {0, 1}, 1, 1, 0},
    {"h", {0, 1}, 6, 1, 1},
    {"hr", {0, 1}, 6, 1, 1},
    {"hrs", {0, 1}, 6, 1, 1},
    {"hour", {0, 1}, 6, 1, 1},
    {"hours", {0, 1}, 6, 1, 1},
    {"d", {0, 1}, 144, 1, 1},
    {"day", {0, 1}, 144, 1, 1},
    {"days", {0, 1}, 144, 1, 1},
    {"week", {0, 1}, 1008, 1, 1},
    {"weeks", {0, 1}, 1008, 1, 1},
    {"year", {0, 1}, 52596, 1, 1}, // 365.25 days
    {"years", {0, 1}, 52596, 1, 1},
    {"mmHg", {0, 0, 1}, 1, 1, 0},
    {"Pa", {0, 0, 1}, 1, pascals, 9},
    {"hPa", {0, 0, 1}, 1, pascals, 11},
    {"kPa", {0, 0, 1}, 1, pascals, 12},
    {"mPa", {0, 0, 1}, 1, pascals, 6},
    {"P", {0, 1, 1}, 1, 6 * pascals, 7}, // poise, 0.1 Pa s
    {"cP", {0, 1, 1}, 1, 6 * pascals, 5},
    {"dyn", {2, 0, 1}, 1, pascals, 16}, // 1e-5 Pa m^2
    {"N", {2, 0, 1}, 1, pascals, 21},
    {"kg", {1, 2, 1}, 1, 36 * pascals, 13},
    {"g", {1, 2, 1}, 1, 36 * pascals, 10},
    {"mg", {1, 2, 1}, 1, 36 * pascals, 7},
    {"ug", {1, 2, 1}, 1, 36 * pascals, 4},
    {"ng", {1, 2, 1}, 1, 36 * pascals, 1},
    {"pg", {1, 2, 1}, 1, 36 * pascals, -2},
    {"mol", {0, 0, 0, 1}, 1, 1, 0},
    {"mmol", {0, 0, 0, 1}, 1, 1, -3},
    {"umol", {0, 0, 0, 1}, 1, 1, -6},
    {"nmol", {0, 0, 0, 1}, 1, 1, -9},
    {"pmol", {0, 0, 0, 1}, 1, 1, -12},
    {"fmol", {0, 0, 0, 1}, 1, 1, -15},
    {"amol", {0, 0, 0, 1}, 1, 1, -18},
    {"M", {-3, 0, 0, 1}, 1, 1, -15}, // mol per litre
    {"mM", {-3, 0, 0, 1}, 1, 1, -18},
    {"uM", {-3, 0, 0, 1}, 1, 1, -21},
    {"nM", {-3, 0, 0, 1}, 1, 1, -24},
    {"pM", {-3, 0, 0, 1}, 1, 1, -27},
    {"fM", {-3, 0, 0, 1}, 1, 1, -30},
    {"Gy", {0, 0, 0, 0, 1}, 1, 1, 0},
    {"cGy", {0, 0, 0, 0, 1}, 1, 1, -2},
    {"mGy", {0, 0, 0, 0, 1}, 1, 1, -3},
};

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
void reduce(Unit& unit) {
  const std::uint64_t common = std::gcd(unit.numerator, unit.denominator);
  unit.numerator /= common;
  unit.denominator /= common;
  while (unit.numerator % 10 == 0) unit.numerator /= 10, ++unit.ten;
  while (unit.denominator % 10 == 0) unit.denominator /= 10, --unit.ten;
}

std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  if (a > largest / b) throw UnitError("this unit is too complicated; write it with fewer factors");
  return a * b;
}

// Scale and dimension only; the text is the caller's.
Unit multiplied(const Unit& a, const Unit& b) {
  const std::uint64_t g = std::gcd(a.numerator, b.denominator);
  const std::uint64_t h = std::gcd(b.numerator, a.denominator);
  Unit c;
  c.numerator = product(a.numerator / g, b.numerator / h);
  c.denominator = product(a.denominator / h, b.denominator / g);
  c.ten = a.ten + b.ten;
  for (std::size_t i = 0; i < c.dimension.exponents.size(); ++i) {
    c.dimension.exponents[i] = a.dimension.exponents[i] + b.dimension.exponents[i];
    if (std::abs(c.dimension.exponents[i]) > 30)
      throw UnitError("this unit has an exponent beyond 30; write it with smaller ones");
  }
  reduce(c);
  return c;
}

Unit inverse(const Unit& a) {
  Unit b;
  b.numerator = a.denominator;
  b.denominator = a.numerator;
  b.ten = -a.ten;
  for (std::size_t i = 0; i < b.dimension.exponents.size(); ++i)
    b.dimension.exponents[i] = -a.dimension.exponents[i];
  return b;
}

Unit power(const Unit& a, int exponent) {
  if (std::abs(exponent) > 12)
    throw UnitError("this unit has an exponent beyond 12; write it with smaller ones");
  Unit b;
  for (int i = 0; i < std::abs(exponent); ++i) b = multiplied(b, a);
  return exponent < 0 ? inverse(b) : b;
}

// Greek micro, superscripts and raised dots become the ASCII that the grammar knows.
std::string to_ascii(std::string_view text) {
  struct Spelling {
    std::string_view from, to;
  };
  static constexpr Spelling spellings[] = {
      {"\xC2\xB5", "u"},     {"\xCE\xBC", "u"},     {"\xC2\xB7", "*"},     {"\xE2\x8B\x85", "*"},
      {"\xC3\x97", "*"},     {"\xE2\x88\x92", "-"}, {"\xE2\x80\xAF", " "}, {"\xC2\xA0", " "},
      {"\xE2\x80\x89", " "}, {"\xE2\x80\x93", "-"}};
  static constexpr Spelling raised[] = {
      {"\xC2\xB9", "1"},     {"\xC2\xB2", "2"},     {"\xC2\xB3", "3"},     {"\xE2\x81\xB4", "4"},
      {"\xE2\x81\xB5", "5"}, {"\xE2\x81\xB6", "6"}, {"\xE2\x81\xB7", "7"}, {"\xE2\x81\xB8", "8"},
      {"\xE2\x81\xB9", "9"}, {"\xE2\x81\xB0", "0"}, {"\xE2\x81\xBB", "-"}, {"\xE2\x81\xBA", "+"}};
  std::string ascii;
  bool in_exponent = false;
  while (!text.empty()) {
    bool found = false;
    for (const Spelling& s : raised) {
      if (text.substr(0, s.from.size()) != s.from) continue;
      if (!in_exponent) ascii += '^';
      ascii += s.to;
      text.remove_prefix(s.from.size());
      in_exponent = found = true;
      break;
    }
    if (found) continue;
    in_exponent = false;
    for (const Spelling& s : spellings) {
      if (text.substr(0, s.from.size()) != s.from) continue;
      ascii += s.to;
      text.remove_prefix(s.from.size());
      found = true;
      break;
    }
    if (found) continue;
    ascii += text.front();
    text.remove_prefix(1);
  }
  return ascii;
}

const NamedUnit* find_unit(std::string_view name) {
  for (const NamedUnit& u : named_units)
    if (u.name == name) return &u;
  return nullptr;
}

class UnitParser {
public:
  explicit UnitParser(std::string_view text) : text_(text) {}

  Unit parse() {
    const Unit unit = product_of_factors(0);
    if (at_ < text_.size()) throw UnitError(not_a_unit(text_.substr(at_)));
    return unit;
  }

private:
  std::string not_a_unit(std::string_view what) const {
    std::string message = in_quotes(what, 40) + " is not a unit";
    const std::string wanted = lower(what);
    for (const NamedUnit& u : named_units)
      if (lower(u.name) == wanted && u.name != what)
        return message + "; did you mean " + std::string(u.name) + "?";
    return message + "; units are written like um^2/min, 1/day, mmHg, mM, mol/s/cell or %";
  }

  void skip_blanks() {
    while (at_ < text_.size() && blank(text_[at_])) ++at_;
  }

  Unit product_of_factors(int depth) {
    if (depth > 8) throw UnitError("this unit has too many parentheses; write it with fewer");
    Unit unit = factor(depth);
    for (;;) {
      skip_blanks();
      if (at_ >= text_.size() || text_[at_] == ')') return unit;
      const char c = text_[at_];
      if (c == '*' || c == '/') ++at_;
      const Unit next = factor(depth);
      unit = multiplied(unit, c == '/' ? inverse(next) : next);
    }
  }

  Unit factor(int depth) {
    skip_blanks();
    if (at_ >= text_.size())
      throw UnitError("the unit " + in_quotes(text_, 40) + " ends too early");
    Unit unit;
    const char c = text_[at_];
    if (c == '(') {
      ++at_;
      unit = product_of_factors(depth + 1);
      if (at_ >= text_.size() || text_[at_] != ')')
        throw UnitError("the unit " + in_quotes(text_, 40) + " lacks a closing parenthesis");
      ++at_;
    } else if (c == '1' || c == '%') {
      unit = named(text_.substr(at_, 1));
      ++at_;
      if (at_ < text_.size() && (digit(text_[at_]) || text_[at_] == '.'))
        throw UnitError("a unit holds no numbers but 1 and exponents; " + in_quotes(text_, 40) +
                        " has one");
    } else {
      std::size_t end = at_;
      while (end < text_.size() && letter(text_[end])) ++end;
      if (end == at_) {
        if (digit(c) || c == '.')
          throw UnitError("a number stands where a unit should, at " +
                          in_quotes(text_.substr(at_), 40) + "; write one number, then its unit");
        if (c == ',') throw UnitError("write the number without commas: 12000.5 or 1.20005e4");
        throw UnitError(not_a_unit(text_.substr(at_)));
      }
      // "mm Hg" is one unit.
      std::size_t mercury = end;
      while (mercury < text_.size() && blank(text_[mercury])) ++mercury;
      if (text_.substr(at_, end - at_) == "mm" && text_.substr(mercury, 2) == "Hg" &&
          (mercury + 2 >= text_.size() || !letter(text_[mercury + 2]))) {
        unit = named("mmHg");
        end = mercury + 2;
      } else {
        unit = named(text_.substr(at_, end - at_));
      }
      at_ = end;
    }
    return power_of(unit);
  }

  Unit named(std::string_view name) const {
    const NamedUnit* u = find_unit(name);
    if (u == nullptr) throw UnitError(not_a_unit(name));
    Unit unit;
    unit.dimension.exponents = u->exponents;
    unit.numerator = u->numerator;
    unit.denominator = u->denominator;
    unit.ten = u->ten;
    reduce(unit);
    return unit;
  }

  // um^2, um2, s^-1 and s-1 are all in use.
  Unit power_of(const Unit& unit) {
    std::size_t at = at_;
    const bool caret = at < text_.size() && text_[at] == '^';
    if (caret) ++at;
    const bool minus = at < text_.size() && text_[at] == '-';
    if (minus || (caret && at < text_.size() && text_[at] == '+')) ++at;
    int exponent = 0;
    std::size_t digits = 0;
    while (at < text_.size() && digit(text_[at])) {
      if (++digits > 3)
        throw UnitError("the unit " + in_quotes(text_, 40) + " has an exponent out of reach");
      exponent = exponent * 10 + (text_[at++] - '0');
    }
    if (digits == 0) {
      if (caret || minus)
        throw UnitError("the unit " + in_quotes(text_, 40) + " lacks an exponent after ^ or -");
      return unit;
    }
    if (at < text_.size() && text_[at] == '.')
      throw UnitError("the unit " + in_quotes(text_, 40) +
                      " has an exponent that is not an integer");
    at_ = at;
    return power(unit, minus ? -exponent : exponent);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct Decimal {
  bool negative = false;
  std::vector<std::uint8_t> digits; // most significant first, no leading zero; empty: 0
  long ten = 0;
};

Decimal decimal_of(std::string_view number) {
  Decimal d;
  std::size_t i = 0;
  if (number[i] == '+' || number[i] == '-') d.negative = number[i++] == '-';
  bool fraction = false;
  for (; i < number.size() && number[i] != 'e' && number[i] != 'E'; ++i) {
    if (number[i] == '.') {
      fraction = true;
      continue;
    }
    if (fraction) --d.ten;
    if (!d.digits.empty() || number[i] != '0')
      d.digits.push_back(static_cast<std::uint8_t>(number[i] - '0'));
  }
  if (i < number.size()) {
    ++i;
    bool minus = false;
    if (number[i] == '+' || number[i] == '-') minus = number[i++] == '-';
    long exponent = 0;
    for (; i < number.size(); ++i) exponent = std::min(exponent * 10 + (number[i] - '0'), 100000L);
    d.ten += minus ? -exponent : exponent;
  }
  return d;
}

double to_double(const Decimal& d, std::string_view as_typed) {
  std::string text = d.negative ? "-" : "";
  for (const std::uint8_t digit_value : d.digits) text += static_cast<char>('0' + digit_value);
  if (d.digits.empty()) text += '0';
  text += 'e' + std::to_string(d.digits.empty() ? 0 : d.ten);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  const bool huge = static_cast<long>(d.digits.size()) + d.ten > 0;
  throw UnitError(in_quotes(as_typed, 40) +
                  (huge ? " is too large for a double" : " is too small for a double"));
}

// "1_000", "1'000" and "1 000" with a thin or unbreakable blank, as "1000". Only groups of three
// behind one to three digits: anything else is left, and refused later.
std::string without_groups(std::string_view text) {
  static constexpr std::string_view separators[] = {"_", "'", "\xE2\x80\xAF", "\xE2\x80\x89",
                                                    "\xC2\xA0"};
  std::size_t i = 0, digits = 0;
  while (i < text.size() && !digit(text[i])) ++i;
  std::string out(text.substr(0, i));
  for (; i < text.size() && digit(text[i]); ++i, ++digits) out += text[i];
  if (digits == 0 || digits > 3) return std::string(text);
  for (;;) {
    std::size_t length = 0;
    for (const std::string_view s : separators)
      if (text.substr(i, s.size()) == s) length = s.size();
    const std::string_view group = text.substr(std::min(text.size(), i + length), 4);
    if (length == 0 || group.size() < 3 || !digit(group[0]) || !digit(group[1]) ||
        !digit(group[2]) || (group.size() > 3 && digit(group[3])))
      break;
    out += group.substr(0, 3);
    i += length + 3;
  }
  return out + std::string(text.substr(i));
}

// A power of ten that was written out: how many characters of "×10^5" it takes, and its exponent.
std::size_t power_of_ten(std::string_view text, std::string& exponent) {
  std::size_t i = 0;
  const auto skip = [&] {
    while (i < text.size() && blank(text[i])) ++i;
  };
  skip();
  if (i >= text.size() || (text[i] != '*' && text[i] != 'x')) return 0;
  ++i;
  skip();
  if (text.substr(i, 3) != "10^") return 0;
  i += 3;
  exponent.clear();
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) exponent += text[i++];
  const std::size_t first = i;
  for (; i < text.size() && digit(text[i]); ++i) exponent += text[i];
  return i > first ? i : 0;
}

} // namespace

std::string describe(const Dimension& dimension) {
  static constexpr std::string_view names[] = {"length", "time", "pressure", "amount", "dose"};
  std::string over, under;
  for (std::size_t i = 0; i < dimension.exponents.size(); ++i) {
    const int e = dimension.exponents[i];
    if (e == 0) continue;
    std::string& part = e > 0 ? over : under;
    if (e > 0 && !part.empty()) part += ' ';
    if (e < 0) part += '/';
    part += names[i];
    if (std::abs(e) > 1) part += '^' + std::to_string(std::abs(e));
  }
  if (over.empty() && under.empty()) return "a pure number";
  return (over.empty() ? "1" : over) + under;
}

Unit parse_unit(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) throw UnitError("a unit is missing");
  if (text.size() > longest_text) throw UnitError("this unit is too long");
  Unit unit = UnitParser(trimmed(to_ascii(text))).parse();
  unit.text = text;
  return unit;
}

std::size_t number_length(std::string_view text) {
  std::size_t i = 0, digits = 0;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  for (; i < text.size() && digit(text[i]); ++i) ++digits;
  if (i < text.size() && text[i] == '.')
    for (++i; i < text.size() && digit(text[i]); ++i) ++digits;
  if (digits == 0) return 0;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    std::size_t j = i + 1;
    if (j < text.size() && (text[j] == '+' || text[j] == '-')) ++j;
    const std::size_t first = j;
    while (j < text.size() && digit(text[j])) ++j;
    if (j > first) i = j;
  }
  return i;
}

Quantity parse_quantity(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) throw UnitError("a number is missing");
  if (text.size() > longest_text)
    throw UnitError(in_quotes(text, 40) + " is too long for a number with a unit");
  const std::string typed = to_ascii(without_groups(text));
  const std::string_view plain = trimmed(typed);
  std::size_t length = number_length(plain);
  if (length == 0) {
    std::string_view bare = plain;
    while (!bare.empty() && (bare.front() == '+' || bare.front() == '-' || bare.front() == '.'))
      bare.remove_prefix(1);
    const std::string word = lower(bare.substr(0, 3));
    if (word == "nan" || word == "inf")
      throw UnitError(in_quotes(text, 40) + " is not a finite number");
    throw UnitError(in_quotes(text, 40) + " does not begin with a number");
  }
  Quantity quantity;
  quantity.number = plain.substr(0, length);
  if (quantity.number.find_first_of("eE") == std::string::npos) {
    std::string exponent;
    const std::size_t power = power_of_ten(plain.substr(length), exponent);
    if (power > 0) quantity.number += "e" + exponent;
    length += power;
  }
  const std::string_view rest = trimmed(plain.substr(length));
  if (!rest.empty()) {
    quantity.unit = parse_unit(rest);
    quantity.has_unit = true;
  }
  return quantity;
}

double convert(const Quantity& quantity, const Unit& unit) {
  if (quantity.unit.dimension != unit.dimension)
    throw UnitError(in_quotes(quantity.unit.text, 40) + " measures " +
                    describe(quantity.unit.dimension) + ", not " + describe(unit.dimension) +
                    " as " + unit.text + " does");
  Decimal d = decimal_of(quantity.number);
  const Unit scale = multiplied(quantity.unit, inverse(unit));
  d.ten += scale.ten;
  if (scale.numerator != 1) {
    std::uint64_t carry = 0;
    for (std::size_t i = d.digits.size(); i-- > 0;) {
      carry += d.digits[i] * scale.numerator;
      d.digits[i] = static_cast<std::uint8_t>(carry % 10);
      carry /= 10;
    }
    for (; carry > 0; carry /= 10)
      d.digits.insert(d.digits.begin(), static_cast<std::uint8_t>(carry % 10));
  }
  if (scale.denominator != 1 && !d.digits.empty()) {
    // The point halfway between two doubles has at most 767 digits; with more digits than that, and
    // one more for what is left over, the nearest double to the quotient is known for certain.
    std::vector<std::uint8_t> quotient;
    std::uint64_t remainder = 0;
    std::size_t i = 0;
    while (i < d.digits.size() || (remainder != 0 && quotient.size() < 800)) {
      remainder = remainder * 10 + (i < d.digits.size() ? d.digits[i] : 0);
      if (i++ >= d.digits.size()) --d.ten;
      const auto next = static_cast<std::uint8_t>(remainder / scale.denominator);
      if (next != 0 || !quotient.empty()) quotient.push_back(next);
      remainder %= scale.denominator;
    }
    if (remainder != 0) {
      quotient.push_back(1);
      --d.ten;
    }
    d.digits = std::move(quotient);
  }
  return to_double(d, quantity.number + " " + quantity.unit.text);
}

double convert(const Quantity& quantity, std::string_view unit) {
  return convert(quantity, parse_unit(unit));
}

double parse_number(std::string_view text) {
  text = trimmed(text);
  const Quantity quantity = parse_quantity(text);
  if (quantity.has_unit) throw UnitError(in_quotes(text, 40) + " is not a plain number");
  return convert(quantity, Unit{});
}

Whole parse_whole(std::string_view text) {
  Whole whole;
  try {
    const Quantity quantity = parse_quantity(text);
    if (quantity.has_unit) return whole;
    const Decimal d = decimal_of(quantity.number);
    whole.negative = d.negative && !d.digits.empty();
    std::size_t count = d.digits.size();
    long ten = d.ten;
    for (; ten < 0 && count > 0 && d.digits[count - 1] == 0; ++ten) --count;
    if (ten < 0 && count > 0) return whole; // a fraction
    whole.form = Whole::Form::whole;
    const auto append = [&](std::uint64_t next) {
      constexpr std::uint64_t most = ~std::uint64_t{0};
      if (whole.size > (most - next) / 10) whole.form = Whole::Form::too_large;
      whole.size = whole.size * 10 + next;
    };
    for (std::size_t i = 0; i < count; ++i) append(d.digits[i]);
    for (; ten > 0 && count > 0 && whole.form == Whole::Form::whole; --ten) append(0);
  } catch (const UnitError&) {
    whole.form = Whole::Form::other;
  }
  return whole;
}

std::string format_number(double value) {
  std::array<char, 40> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return error == std::errc() ? std::string(buffer.data(), end) : std::string("0");
}

std::string three_digits(double value) { return format_number(std::stod(text_of("%.3g", value))); }

} // namespace metavox
