// Red cells in a bed: how they divide at forks, and where they are carried.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vessels/flow/bed.hpp"
#include "vessels/flow/blood_flow.hpp"

namespace metavox::flow {

struct Daughter {
  std::int32_t branch;
  double flow, diameter, share; // share of the mother's red cells
};

// Carries haematocrit downstream. `flow` and `haematocrit` belong to branches; pressures only
// decide where rounding has made flows run in a circle.
//
// The way of the blood is kept as long as no flow turns round, which after the first iterations is
// rare. It runs in levels: the blood of each comes from earlier ones. Nearly all vertices of a bed
// are forks or confluences, which are worked on in rows.
class RedCells {
public:
  RedCells(const Bed& bed, const FlowNetwork& network, PhaseSeparation rule)
      : bed_(bed), network_(network), rule_(rule) {}
  void distribute(const std::vector<double>& pressure, const std::vector<double>& flow,
                  std::vector<double>& haematocrit);

private:
  struct Level {
    std::size_t first_fork, first_confluence, first_other;
  };

  bool turned(const std::vector<double>& flow);
  void find_way();
  void classify(std::size_t vertex);
  void serve_forks(std::size_t begin, std::size_t end, const double* flow, double* haematocrit);
  void serve(std::size_t vertex, const std::vector<double>& flow, std::vector<double>& haematocrit);

  const Bed& bed_;
  const FlowNetwork& network_;
  PhaseSeparation rule_;

  std::vector<std::int8_t> sign_; // of the flow of each branch
  std::vector<Level> levels_;     // and one more for the ends of the lists
  struct {
    std::vector<std::int32_t> mother, first, second; // branches
    std::vector<double> mother_diameter, first_diameter, second_diameter;
  } forks_; // one branch becomes two
  struct {
    std::vector<std::int32_t> first, second, daughter;
  } confluences_;
  std::vector<std::int32_t> others_; // vertices of another kind
  std::vector<std::int32_t> circle_; // vertices that wait for each other
  std::vector<std::int32_t> still_;  // branches without flow
  std::vector<Daughter> daughters_;
};

} // namespace metavox::flow
