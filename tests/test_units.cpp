#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "core/exact.hpp"
#include "settings/expression.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

double value(const std::string& text, const char* unit) {
  return convert(parse_quantity(text), unit);
}

std::string message_of(const std::string& text, const char* unit = "1") {
  try {
    value(text, unit);
  } catch (const UnitError& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Units, AValueInTheWantedUnitIsExactlyWhatWasTyped) {
  for (const char* number :
       {"1.2e5", "7.0e-17", "0.1", "1.31e-6", "123456789.123456789", "-3.3", "+2", ".5", "5.",
        "1e-300", "1.7976931348623157e308", "4.9e-324", "0", "0e99", "9007199254740993"})
    EXPECT_EQ(value(std::string(number) + " um^2/min", "um^2/min"), std::strtod(number, nullptr))
        << number;
}

TEST(Units, ReadsNumbersAsPeopleWriteThem) {
  struct Case {
    const char* text;
    double expected; // um^2/min, um, min, mmHg or 1
    const char* unit;
  };
  const Case cases[] = {
      {"+80 um", 80, "um"},
      {"\u221280 um", -80, "um"},
      {"80\u00a0\u00b5m", 80, "um"},
      {"80\u202f\u03bcm", 80, "um"},
      {"80 micrometres", 80, "um"},
      {"1e5 um^2/min", 1e5, "um^2/min"},
      {"1E+5 \u00b5m\u00b2/min", 1e5, "um^2/min"},
      {"1.2\u00d710\u2075 \u00b5m\u00b2\u00b7min\u207b\u00b9", 1.2e5, "um^2/min"},
      {"1.2 x 10^5 um^2/min", 1.2e5, "um^2/min"},
      {"1.2*10^+5 um^2/min", 1.2e5, "um^2/min"},
      {"3\u00b710\u207b\u00b9\u2070", 3e-10, "1"},
      {"12_000 um", 12000, "um"},
      {"1'200'000 um", 1200000, "um"},
      {"12\u202f000.5 um", 12000.5, "um"},
      {"12\u2009000 um", 12000, "um"},
      {"52 mm Hg", 52, "mmHg"},
      {"+.5", 0.5, "1"},
      {"5.", 5, "1"},
      {" 7 \t", 7, "1"},
  };
  for (const Case& c : cases) EXPECT_EQ(message_of(c.text, c.unit), "accepted") << c.text;
  for (const Case& c : cases) EXPECT_EQ(value(c.text, c.unit), c.expected) << c.text;
  for (const char* text : {"12 000 um", "1_00 um", "1,200 um", "12_0000 um", "1__000 um",
                           "1.2*10 um", "1.2e3*10^5 um", "--5 um", "5-3 um", "1 x um", "5 mm Hge"})
    EXPECT_NE(message_of(text, "um"), "accepted") << text;
}

TEST(Units, ReadsWholeNumbersAsPeopleWriteThem) {
  const auto whole = [](const char* text) {
    const Whole w = parse_whole(text);
    if (w.form == Whole::Form::too_large) return std::string("too large");
    if (w.form == Whole::Form::other) return std::string("other");
    return (w.negative ? "-" : "") + std::to_string(w.size);
  };
  EXPECT_EQ(whole("80"), "80");
  EXPECT_EQ(whole("+80"), "80");
  EXPECT_EQ(whole("80.0"), "80");
  EXPECT_EQ(whole("8e1"), "80");
  EXPECT_EQ(whole("800e-1"), "80");
  EXPECT_EQ(whole("1_000_000"), "1000000");
  EXPECT_EQ(whole("2\u00d710\u00b3"), "2000");
  EXPECT_EQ(whole("\u22123"), "-3");
  EXPECT_EQ(whole("-0"), "0");
  EXPECT_EQ(whole("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(whole("18446744073709551616"), "too large");
  EXPECT_EQ(whole("1e30"), "too large");
  for (const char* text : {"2.5", "1e-1", "80 um", "", "x", "nan", "8 0", "0x10", "1e99999999999"})
    EXPECT_TRUE(whole(text) == "other" || whole(text) == "too large") << text;
  EXPECT_EQ(whole("2.5"), "other");
}

TEST(Units, ConvertsBetweenUnits) {
  struct Case {
    const char* text;
    const char* unit;
    double expected;
  };
  const Case cases[] = {{"2 mm", "um", 2000},
                        {"2mm", "um", 2000},
                        {"14 day", "min", 20160},
                        {"14 days", "min", 20160},
                        {"1 week", "min", 10080},
                        {"2 years", "day", 730.5},
                        {"30 s", "min", 0.5},
                        {"6 h", "min", 360},
                        {"1e-10 cm^2/s", "um^2/min", 0.6},
                        {"1e-10 cm2 s-1", "um^2/min", 0.6},
                        {"2000 um^2/s", "um^2/min", 120000},
                        {"5 %", "1", 0.05},
                        {"5%", "1", 0.05},
                        {"0.7", "1", 0.7},
                        {"0.65 nM", "nM", 0.65},
                        {"5 mM", "nM", 5e6},
                        {"5 mM", "mol/L", 5e-3},
                        {"5 mM", "fmol/um^3", 5e-3},
                        {"1.31e-6 fmol/um^3/mmHg", "fmol/um^3/mmHg", 1.31e-6},
                        {"1.31e-6 mM/mmHg", "mol/L/mmHg", 1.31e-9},
                        {"7.0e-17 mol/s/cell", "mol/s/cell", 7.0e-17},
                        {"70 amol/s/cell", "mol/s", 7.0e-17},
                        {"4.2e-15 mol/min", "mol/s/cell", 7.0e-17},
                        {"133.322387415 Pa", "mmHg", 1},
                        {"1 mmHg", "Pa", 133.322387415},
                        {"8 dyn/cm^2", "Pa", 0.8},
                        {"1.2 cP", "mPa*s", 1.2},
                        {"0.012 g/cm/s", "cP", 1.2},
                        {"2 Gy", "cGy", 200},
                        {"0.3 1/Gy", "1/Gy", 0.3},
                        {"3 1/(h)", "1/min", 0.05},
                        {"3 1/(h cell)", "h^-1", 3},
                        {"1440 1/day", "1/min", 1},
                        {"1 \xC2\xB5m", "um", 1},
                        {"1 \xCE\xBCm\xC2\xB2/min", "um^2/min", 1},
                        {"1 \xC2\xB5m\xC2\xB7min\xE2\x81\xBB\xC2\xB9", "um/min", 1},
                        {"3 micron", "um", 3},
                        {"1 L", "um^3", 1e15},
                        {"5 cells", "1", 5},
                        {"0.025 molecules/cell/s", "1/min", 1.5},
                        {"0.25 molecules/s/cell", "molecules/s/cell", 0.25},
                        {"15 1/min", "molecules/s/cell", 0.25},
                        {"4e-19 mol/h/cell", "mol/s/cell", 4e-19 / 3600},
                        {"0.5 nM/h", "nM/min", 0.5 / 60},
                        {"1 uM/s", "nM/min", 6e4},
                        {"2600 cm^2/s/M", "um^2/min/nM", 15600},
                        {"8 dyn/cm^2", "dyn/cm^2", 8},
                        {"0.8 Pa", "dyn/cm^2", 8},
                        {"1 mmHg", "dyn/cm^2", 1333.22387415},
                        {"0.72 g/cm/min", "cP", 1.2},
                        {"1.2 mPa s", "cP", 1.2}};
  for (const Case& c : cases)
    EXPECT_EQ(value(c.text, c.unit), c.expected) << c.text << " in " << c.unit;
}

// 64-bit long double arithmetic decides between neighbours in all but the rarest of these cases.
TEST(Units, ConversionIsCorrectlyRounded) {
  std::mt19937_64 random(7);
  int wrong_by_naive_product = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string number =
        std::to_string(random() % 1000000007) + "e-" + std::to_string(random() % 20);
    const long double exact = strtold(number.c_str(), nullptr);
    const double here = value(number + " 1/day", "1/min");
    EXPECT_LE(std::abs(static_cast<long double>(here) - exact / 1440.0L),
              0.5001L * static_cast<long double>(std::nextafter(here, 1e300) - here))
        << number;
    if (here != std::strtod(number.c_str(), nullptr) * (1.0 / 1440.0)) ++wrong_by_naive_product;
  }
  EXPECT_GT(wrong_by_naive_product, 100); // or this test would prove nothing
}

TEST(Units, RoundTripOfPrintedNumbers) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 5000; ++i) {
    const double v = exact::bit_cast<double>(static_cast<std::uint64_t>(random()));
    if (!std::isfinite(v)) continue;
    EXPECT_EQ(parse_number(format_number(v)), v);
  }
}

TEST(Units, ErrorsSayWhatIsWrong) {
  struct Case {
    const char* text;
    const char* unit;
    const char* part;
  };
  const Case cases[] = {{"", "um", "missing"},
                        {"fast", "um", "does not begin with a number"},
                        {"um 5", "um", "does not begin with a number"},
                        {"nan", "um", "not a finite number"},
                        {"-inf um", "um", "not a finite number"},
                        {".inf", "1", "not a finite number"},
                        {"5 mmhg", "mmHg", "did you mean mmHg?"},
                        {"5 Day", "min", "did you mean day?"},
                        {"5 furlong", "um", "`furlong` is not a unit"},
                        {"5 mmHg", "um", "measures pressure, not length"},
                        {"5", "um", "measures a pure number, not length"},
                        {"5 um", "1", "not a pure number"},
                        {"1e999 um", "um", "too large"},
                        {"1e305 m", "um", "too large"},
                        {"1e-999 um", "um", "too small"},
                        {"5 um^", "um", "lacks an exponent"},
                        {"5 um^2.5", "um", "not an integer"},
                        {"5 um^99", "um", "exponent beyond 12"},
                        {"5 um^9999", "um", "out of reach"},
                        {"5 um/", "um", "ends too early"},
                        {"5 (um", "um", "closing parenthesis"},
                        {"5 um)", "um", "is not a unit"},
                        {"5 ((((((((((um))))))))))", "um", "too many parentheses"},
                        {"1,000 um", "um", "without commas"},
                        {"5 10 um", "um", "no numbers but 1"},
                        {"5 um um^12 um^12 um^12", "um", "beyond 30"},
                        {"5 Pa^12", "mmHg", "too complicated"},
                        {"0x10 um", "um", "is not a unit"},
                        {"1 / (24 h)", "1/min", "is not a unit"}};
  for (const Case& c : cases)
    EXPECT_NE(message_of(c.text, c.unit).find(c.part), std::string::npos)
        << c.text << " -> " << message_of(c.text, c.unit);
  EXPECT_NE(message_of(std::string(5000, '9')).find("too long"), std::string::npos);
  EXPECT_NE(message_of(std::string("1 ") + std::string(150, '(')).find("too many"),
            std::string::npos);
}

TEST(Units, NamesDimensions) {
  EXPECT_EQ(describe(parse_unit("um^2/min").dimension), "length^2/time");
  EXPECT_EQ(describe(parse_unit("1/day").dimension), "1/time");
  EXPECT_EQ(describe(parse_unit("%").dimension), "a pure number");
  EXPECT_EQ(describe(parse_unit("mol/s/cell").dimension), "amount/time");
}

double evaluate(const std::string& text, double x = 0, double y = 0, double z = 0) {
  return Expression(text)(x, y, z);
}

TEST(Expressions, FollowTheRulesOfArithmetic) {
  EXPECT_EQ(evaluate("1 + 2*3"), 7);
  EXPECT_EQ(evaluate("(1 + 2)*3"), 9);
  EXPECT_EQ(evaluate("7 - 2 - 1"), 4);
  EXPECT_EQ(evaluate("8/4/2"), 1);
  EXPECT_EQ(evaluate("-2^2"), -4);
  EXPECT_EQ(evaluate("2^3^2"), 512);
  EXPECT_EQ(evaluate("2^-2"), 0.25);
  EXPECT_EQ(evaluate("(-2)^3"), -8);
  EXPECT_EQ(evaluate("--3"), 3);
  EXPECT_EQ(evaluate("2*-3"), -6);
  EXPECT_EQ(evaluate("1e2+1.5"), 101.5);
  EXPECT_EQ(evaluate("40 + 0.01*x", 100), 40 + 0.01 * 100.0);
  EXPECT_EQ(evaluate("x - 10*y + 100*z", 1, 2, 3), 281);
  EXPECT_EQ(evaluate("min(x, y, 2)", 5, 4), 2);
  EXPECT_EQ(evaluate("max(x, y)", 5, 4), 5);
  EXPECT_EQ(evaluate("abs(x)", -3), 3);
  EXPECT_EQ(evaluate("sqrt(2)"), std::sqrt(2.0));
  EXPECT_EQ(evaluate("pi"), 3.14159265358979323846);
  EXPECT_EQ(evaluate("exp(x)", 1.3), exact::exp(1.3));
  EXPECT_EQ(evaluate("log(x)", 1.3), exact::log(1.3));
  EXPECT_EQ(evaluate("sin(x) + cos(x)", 1.3), exact::sin(1.3) + exact::cos(1.3));
  EXPECT_NEAR(evaluate("2^0.5"), std::sqrt(2.0), 1e-15);
  EXPECT_EQ(evaluate("0^0.5"), 0);
  EXPECT_TRUE(std::isnan(evaluate("log(0-1)")));
  EXPECT_TRUE(std::isnan(evaluate("sqrt(0-1)")));
  EXPECT_TRUE(std::isnan(evaluate("exp(0/0)")));
  EXPECT_TRUE(std::isnan(evaluate("sin(1e300)")));
  EXPECT_TRUE(std::isnan(evaluate("(-2)^0.5")));
}

TEST(Expressions, APrefixLeavesTheUnit) {
  const auto rest = [](const std::string& text) {
    std::size_t used = 0;
    Expression::prefix(text, used);
    return text.substr(used);
  };
  EXPECT_EQ(rest("(40 + 0.01*x) mmHg"), " mmHg");
  EXPECT_EQ(rest("40 mmHg"), " mmHg");
  EXPECT_EQ(rest("x 1/min"), " 1/min");
  EXPECT_EQ(rest("x*2%"), "%");
  EXPECT_EQ(rest("x  "), "  ");
}

TEST(Expressions, RefuseNonsense) {
  const char* cases[] = {"",      "   ",     "1 +",      "(1",        "1)",    "q",    "1 2",
                         "sin",   "sin x",   "sin(1,2)", "min(1)",    "min()", "1..2", ".",
                         "x y",   "2x",      "2**3",     "system(1)", "1e999", "*3",   "x = 3",
                         "pi pi", "min(1,)", "\x01",     "\xff\xfe",  "exp(",  "a.b",  "1;2"};
  for (const char* text : cases) EXPECT_THROW(Expression{text}, ExpressionError) << text;
  EXPECT_THROW(Expression(std::string(1000, '(')), ExpressionError);
  EXPECT_THROW(Expression(std::string(1999, '-') + "1"), ExpressionError);
  EXPECT_THROW(Expression(std::string(100000, 'x')), ExpressionError);
  std::string powers = "2";
  for (int i = 0; i < 500; ++i) powers += "^2";
  EXPECT_THROW(Expression{powers}, ExpressionError);
  std::string deep;
  for (int i = 0; i < 60; ++i) deep += "1+2*(";
  EXPECT_THROW(Expression{deep}, ExpressionError);
}

TEST(Expressions, SurviveRandomText) {
  std::mt19937_64 random(3);
  const std::string alphabet = "xyz0123456789.e+-*/^()minabsqrtexplogcos, pi";
  int good = 0;
  for (int i = 0; i < 200000; ++i) {
    std::string text;
    for (std::size_t n = random() % 24; n > 0; --n) text += alphabet[random() % alphabet.size()];
    try {
      Expression{text}(1.0, 2.0, 3.0);
      ++good;
    } catch (const ExpressionError&) {
    }
  }
  EXPECT_GT(good, 100);
}

} // namespace
} // namespace metavox
