// A lesion as a counter: whole cells that divide, leave and die, hour by hour. It may instead be
// counted elsewhere, by a window around it: then its numbers come from there.
//
// Units: steps and cells.
#pragma once

#include <cstdint>
#include <vector>

#include "body/cohort_settings.hpp"
#include "body/organ_settings.hpp"
#include "body/stages.hpp"

namespace metavox {

enum class Origin : std::uint8_t {
  primary,
  natural,
  forced, // put there, with a weight: never to be counted among natural ones
  nodal   // in a node, by lymph
};
inline constexpr Origin origins[] = {Origin::primary, Origin::natural, Origin::forced,
                                     Origin::nodal}; // in the order of their codes
const char* name_of(Origin origin);
enum class CountedBy : std::uint8_t { body, window };

struct Lesion {
  std::int64_t number = 0; // 0: the primary; then as they come
  std::int32_t organ = 0;  // of body.organs
  Phenotype phenotype = Phenotype::mesenchymal;
  Origin origin = Origin::natural;
  CountedBy counted_by = CountedBy::body;
  bool asleep = false; // a forced one may have to wake first; natural sleepers are no lesions yet
  bool slept = false;
  bool vascular = false; // beyond lesions.avascular cells it needs vessels
  std::int64_t cells = 0;
  std::int64_t founded = 0;      // step
  std::int64_t established = -1; // step at which it first had body.established cells; -1: never
  std::int64_t founded_with = 1; // cells
  std::int64_t births = 0, deaths = 0, departed = 0; // so far
  std::int64_t resected = 0, spilled = 0;            // likewise; part of the state by the body
  std::int32_t stratum = -1;                         // of a forced one
  double weight = 0;                                 // of a forced one: lesions it stands for
  Parent parent; // of its founder; a part of the state by the body

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    a(s.number), a(s.organ), a(s.phenotype), a(s.origin), a(s.counted_by), a(s.asleep);
    a(s.slept), a(s.vascular), a(s.cells), a(s.founded), a(s.established), a(s.founded_with);
    a(s.births), a(s.deaths), a(s.departed), a(s.stratum), a(s.weight);
  }
};

// How lesions of a body grow: a law of cohorts, and chance where there are few cells.
class LesionLaw {
public:
  // `doubling`: days, of the primary. `step`: min. `organs`: metastases have their r and N_s; the
  // primary, and all where there are none, those of the law.
  LesionLaw(const LesionParameters& law, double doubling, double step,
            const std::vector<OrganParameters>& organs = {});

  // Rate of growth times a step: of so many cells, where `room` of the organ is left (1: all of
  // it). Net of what leaves.
  double exponent(const Lesion& lesion, double room) const;

  // One step: `departed` cells that left are born again, as rates of growth are net of them.
  // `fits`: the most cells that the lesion may gain. Draws belong to lesion and step.
  void advance(Lesion& lesion, double exponent, std::int64_t departed, std::int64_t fits,
               std::uint64_t seed, std::uint64_t step) const;

  double density() const { return law_.density; }

private:
  struct Radial {
    double rate, cells; // r of a step, N_s
  };
  const Radial& radial_of(const Lesion& lesion) const;

  LesionParameters law_;
  double primary_rate_, rate_, early_rate_; // of a step
  double fastest_;
  Radial radial_;
  std::vector<Radial> radial_in_;         // organs
  double linear_cells_, death_, vessels_; // chances in a step
};

} // namespace metavox
