#include "settings/expression.hpp"

#include <cmath>
#include <limits>

#include "core/exact.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

// exact.hpp turns arguments into integers, which is undefined for NaN and for huge ones: those are
// kept out.
double exponential(double v) { return v != v ? v : exact::exp(v); }
double logarithm(double v) {
  if (!(v > 0.0)) return nan_value;
  return v > std::numeric_limits<double>::max() ? v : exact::log(v);
}
double sine(double v) { return std::abs(v) <= 1e5 ? exact::sin(v) : nan_value; }
double cosine(double v) { return std::abs(v) <= 1e5 ? exact::cos(v) : nan_value; }

double power(double base, double exponent) {
  if (std::abs(exponent) <= 64.0 && exponent == std::floor(exponent)) {
    auto n = static_cast<unsigned>(std::abs(exponent));
    double result = 1.0;
    for (double square = base; n != 0; n >>= 1, square *= square) // NOLINT(cert-flp30-c): n counts
      if ((n & 1) != 0) result *= square;
    return exponent < 0.0 ? 1.0 / result : result;
  }
  if (base == 0.0 && exponent > 0.0) return 0.0;
  return exponential(exponent * logarithm(base));
}

} // namespace

class ExpressionParser {
public:
  explicit ExpressionParser(std::string_view text) : text_(text) {
    if (text.size() > Expression::longest)
      fail("is longer than " + std::to_string(Expression::longest) + " characters");
  }

  Expression parse(std::size_t& used) {
    sum(0);
    used = end_;
    return std::move(expression_);
  }

private:
  using Op = Expression::Op;

  [[noreturn]] void fail(const std::string& what) const {
    throw ExpressionError("the formula `" + std::string(text_.substr(0, 60)) +
                          (text_.size() > 60 ? "...` " : "` ") + what);
  }

  char next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  // `end_` trails behind `at_` so that blanks after the formula do not count as part of it.
  void take(std::size_t characters = 1) { end_ = at_ += characters; }

  void emit(Op op, int pushes, double value = 0.0) {
    expression_.program_.push_back({op, value});
    height_ += pushes;
    if (height_ > Expression::stack_size)
      fail("needs too many intermediate values; write it shorter");
  }

  void sum(int depth) {
    if (depth > Expression::deepest) fail("is nested too deeply");
    term(depth);
    for (;;) {
      const char c = next();
      if (c != '+' && c != '-') return;
      take();
      term(depth);
      emit(c == '+' ? Op::add : Op::subtract, -1);
    }
  }

  void term(int depth) {
    signed_power(depth);
    for (;;) {
      const char c = next();
      if (c != '*' && c != '/') return;
      if (text_.substr(at_, 2) == "**") fail("uses **; write x^2");
      take();
      signed_power(depth);
      emit(c == '*' ? Op::multiply : Op::divide, -1);
    }
  }

  // -x^2 is -(x^2), 2^-1 is allowed, a^b^c is a^(b^c).
  void signed_power(int depth) {
    if (depth > Expression::deepest) fail("is nested too deeply");
    const char c = next();
    if (c == '-' || c == '+') {
      take();
      signed_power(depth + 1);
      if (c == '-') emit(Op::negate, 0);
      return;
    }
    operand(depth);
    if (next() != '^') return;
    take();
    signed_power(depth + 1);
    emit(Op::power, -1);
  }

  void operand(int depth) {
    const char c = next();
    if (c == '(') {
      take();
      sum(depth + 1);
      if (next() != ')') fail("lacks a closing parenthesis");
      take();
      return;
    }
    if (digit(c) || c == '.') {
      const std::size_t length = number_length(text_.substr(at_));
      if (length == 0) fail("has a point that is not part of a number");
      try {
        emit(Op::constant, 1, parse_number(text_.substr(at_, length)));
      } catch (const UnitError& e) {
        fail(std::string("has a number that cannot be used: ") + e.what());
      }
      take(length);
      return;
    }
    if (!letter(c)) {
      if (c == '\0') fail("ends too early");
      fail(std::string("has an unexpected character at position ") + std::to_string(at_ + 1));
    }
    std::size_t end = at_;
    while (end < text_.size() && (letter(text_[end]) || digit(text_[end]))) ++end;
    const std::string_view name = text_.substr(at_, end - at_);
    if (name == "x") return take(1), emit(Op::x, 1);
    if (name == "y") return take(1), emit(Op::y, 1);
    if (name == "z") return take(1), emit(Op::z, 1);
    if (name == "pi") return take(2), emit(Op::constant, 1, 3.14159265358979323846);
    struct Function {
      std::string_view name;
      Op op;
      bool two;
    };
    static constexpr Function functions[] = {
        {"min", Op::minimum, true},      {"max", Op::maximum, true},
        {"abs", Op::absolute, false},    {"sqrt", Op::square_root, false},
        {"exp", Op::exponential, false}, {"log", Op::logarithm, false},
        {"sin", Op::sine, false},        {"cos", Op::cosine, false}};
    for (const Function& f : functions)
      if (f.name == name) return take(name.size()), call(f.name, f.op, f.two, depth);
    fail("uses `" + std::string(name.substr(0, 30)) +
         "`, which it cannot; it knows x y z pi min max abs sqrt exp log sin cos");
  }

  void call(std::string_view name, Op op, bool two, int depth) {
    if (next() != '(') fail("lacks an opening parenthesis after " + std::string(name));
    take();
    sum(depth + 1);
    int arguments = 1;
    while (next() == ',') {
      take();
      sum(depth + 1);
      if (++arguments > 1 && two) emit(op, -1);
      if (!two) fail("gives " + std::string(name) + " more than one argument");
    }
    if (two && arguments < 2)
      fail("gives " + std::string(name) + " one argument; it takes two or more");
    if (next() != ')') fail("lacks a closing parenthesis after " + std::string(name));
    take();
    if (!two) emit(op, 0);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  int height_ = 0;
  Expression expression_;
};

Expression Expression::prefix(std::string_view text, std::size_t& used) {
  return ExpressionParser(text).parse(used);
}

Expression::Expression(std::string_view text) {
  std::size_t used = 0;
  *this = prefix(text, used);
  if (text.find_first_not_of(" \t\n", used) != std::string_view::npos)
    throw ExpressionError("the formula `" + std::string(text.substr(0, 60)) +
                          "` ends at position " + std::to_string(used) +
                          ", but more text follows; is an operator missing?");
}

double Expression::operator()(double x, double y, double z) const {
  double stack[stack_size + 1] = {}; // the first stays unused
  double* top = stack;
  for (const Instruction& i : program_) {
    switch (i.op) {
    case Op::constant: *++top = i.value; break;
    case Op::x: *++top = x; break;
    case Op::y: *++top = y; break;
    case Op::z: *++top = z; break;
    case Op::add: --top, top[0] += top[1]; break;
    case Op::subtract: --top, top[0] -= top[1]; break;
    case Op::multiply: --top, top[0] *= top[1]; break;
    case Op::divide: --top, top[0] /= top[1]; break;
    case Op::power: --top, top[0] = power(top[0], top[1]); break;
    case Op::negate: top[0] = -top[0]; break;
    case Op::minimum: --top, top[0] = top[1] < top[0] ? top[1] : top[0]; break;
    case Op::maximum: --top, top[0] = top[0] < top[1] ? top[1] : top[0]; break;
    case Op::absolute: top[0] = std::abs(top[0]); break;
    case Op::square_root: top[0] = std::sqrt(top[0]); break;
    case Op::exponential: top[0] = exponential(top[0]); break;
    case Op::logarithm: top[0] = logarithm(top[0]); break;
    case Op::sine: top[0] = sine(top[0]); break;
    case Op::cosine: top[0] = cosine(top[0]); break;
    }
  }
  return stack[1];
}

} // namespace metavox
