// Numbers with units, as people type them: "1.2e5 um^2/min", "7.0e-17 mol/s/cell", "5 %".
//
// Scales between units are exact fractions times a power of ten, and the decimal digits that were
// typed take part in the conversion, so a converted value is the double closest to the true one,
// the same on every machine.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "settings/days.hpp"

namespace metavox {

// what() is a sentence without a full stop that says what was wrong and what to type.
struct UnitError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Pressure is a base dimension here and mass is not: the model weighs nothing, and mmHg then stays
// exact.
struct Dimension {
  std::array<int, 5> exponents{}; // length, time, pressure, amount of substance, radiation dose
  bool none() const { return exponents == std::array<int, 5>{}; }
  bool operator==(const Dimension& other) const { return exponents == other.exponents; }
  bool operator!=(const Dimension& other) const { return !(*this == other); }
};

// "length^2/time"; "a pure number" without dimension.
std::string describe(const Dimension& dimension);

// One of it is numerator / denominator * 10^ten in um, min, mmHg, mol, Gy. Both integers stay below
// 2^60.
struct Unit {
  Dimension dimension;
  std::uint64_t numerator = 1;
  std::uint64_t denominator = 1;
  int ten = 0;
  std::string text = "1";
};

// Products, quotients, integer powers and parentheses of the names in units.cpp; cells and
// molecules are counts, so they have no dimension. Throws UnitError.
Unit parse_unit(std::string_view text);

struct Quantity {
  std::string number;    // the digits as typed
  Unit unit;             // a pure number where none was typed
  bool has_unit = false; // something was typed after the number
};

// A decimal number, then a unit or nothing. A number may be written as people do: +80, .5, 5., 1e5,
// 1.2×10⁵ or 1.2*10^5, a minus of typography, digits in groups of three (1_000, 1'000, or a thin
// blank). Throws UnitError, also for nan and infinities.
Quantity parse_quantity(std::string_view text);

// The value of `quantity` in `unit`. Throws UnitError for another dimension and for numbers beyond
// a double.
double convert(const Quantity& quantity, const Unit& unit);
double convert(const Quantity& quantity, std::string_view unit);

// The double next to a plain decimal number. Throws UnitError.
double parse_number(std::string_view text);

// A whole number, also written as 80., 8e1 or 1_000; `too_large`: its size is beyond 64 bits.
struct Whole {
  enum class Form : std::uint8_t { whole, other, too_large } form = Form::other;
  bool negative = false;
  std::uint64_t size = 0;
};
Whole parse_whole(std::string_view text);

// How many leading characters of `text` form a decimal number; 0: none.
std::size_t number_length(std::string_view text);

// The shortest text that reads back as exactly `value`.
std::string format_number(double value);

// Likewise, rounded to three digits.
std::string three_digits(double value);

} // namespace metavox
