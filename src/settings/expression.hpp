// Formulas in x, y and z (um from the box's corner), such as "40 + 0.01*x" or "5*exp(-x^2/2e4)".
//
// + - * / ^, parentheses, abs sqrt exp log sin cos, min and max of two or more, and pi. Every
// operation rounds in one way everywhere (core/exact.hpp instead of the C library), so a formula
// gives the same bits on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace metavox {

struct ExpressionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Expression {
public:
  // Throws ExpressionError where `text` is not one whole formula.
  explicit Expression(std::string_view text);

  // Reads the longest formula at the beginning of `text`; `used` becomes its length. What follows,
  // a unit for example, is the caller's.
  static Expression prefix(std::string_view text, std::size_t& used);

  // NaN where the formula has no value: the logarithm of a negative number, a sine beyond |x| =
  // 1e5.
  double operator()(double x, double y, double z) const;

  static constexpr std::size_t longest = 2000; // characters
  static constexpr int deepest = 40;           // nested parentheses, calls, signs and exponents
  static constexpr int stack_size = 64;

private:
  Expression() = default;
  friend class ExpressionParser;

  enum class Op : std::uint8_t {
    constant,
    x,
    y,
    z,
    add,
    subtract,
    multiply,
    divide,
    power,
    negate,
    minimum,
    maximum,
    absolute,
    square_root,
    exponential,
    logarithm,
    sine,
    cosine
  };
  struct Instruction {
    Op op;
    double value; // of a constant
  };
  std::vector<Instruction> program_; // postfix
};

} // namespace metavox
