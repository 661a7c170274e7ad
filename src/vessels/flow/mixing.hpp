// The fixed point of haematocrit.
#pragma once

#include <cstddef>
#include <vector>

namespace metavox::flow {

// Moves the haematocrit in use towards the one found from it.
//
// Each branch has a relaxation factor of its own, since only a few vessels here and there
// oscillate, or creep away from an unstable state: the secant through the last two changes of its
// haematocrit would end them, and is followed within bounds (A. Aitken 1926 for one number). In
// long runs the upper bound falls off (W. Mann 1953, Proc. Am. Math. Soc. 4:506). Towards the end a
// few slow modes are left, which are extrapolated together (D. Anderson 1965, J. ACM 12:547) unless
// that makes it worse.
class Mixing {
public:
  Mixing(std::size_t branches, bool steep, int team)
      : least_(steep ? 0.005 : 0.05), most_(steep ? 1.0 : 2.0), rise_(steep ? 1.2 : 2.0),
        team_(team), relaxation_(branches, 0.5), last_(branches, 0.0), now_(branches) {}

  void advance(int iteration, double change, const std::vector<double>& found,
               std::vector<double>& used);

private:
  static constexpr double fall = 0.5, long_run = 100, small_change = 3e-4;
  static constexpr std::size_t depth = 6;
  static constexpr int longest_try = 24;

  void remember(const std::vector<double>& used);
  std::vector<double> combine() const;

  double least_, most_, rise_;
  int team_;
  std::vector<double> relaxation_, last_, now_, before_;
  std::vector<std::vector<double>> steps_,
      differences_; // of haematocrit in use, of what it lacked; oldest first
  bool together_ = false;
  int since_ = 0, resume_ = 0, pause_ = 8;
  double last_change_ = 0;
};

} // namespace metavox::flow
