// Settings that a site, where cells come with the blood, and a body, which counts them, have in
// common: their units, defaults and sources stand here once.
#pragma once

#include <string_view>

#include "settings/section.hpp"

namespace metavox {

inline constexpr std::string_view lodged_source =
    "derived from three together: lodged cells are lost with a half-life of 1.7 h (Meng et al. "
    "2004, Clin Cancer Res 10:8152: 1 to 2.4 h), 1 % of them adhere (Fidler 1970, J Natl Cancer "
    "Inst 45:773), ten times as many without NK cells (Gorelik et al. 1982, Int J Cancer 30:107)";
inline constexpr std::string_view crossing_source =
    "above 80 % by 24 h, Koop et al. 1995, Cancer Res 55:2520; with `death` 0.80 are alive and "
    "outside on day 3 (Luzzi et al. 1998), 0.69 on day 1";
inline constexpr std::string_view landed_source =
    "Luzzi et al. 1998, Am J Pathol 153:865, as quoted: of injected cells 80 % were outside on day "
    "3, 1 in 40 of these began to grow, 1 in 100 of those went on";
inline constexpr std::string_view dormant_source =
    "36 % of injected cells on day 13 over 80 % that had come out, Luzzi et al. 1998";

template <class P>
void describe_adhesion(Section<P>& s) {
  s.number(&P::adhesion, "adhesion", "1/min")
      .between(0, 1e3)
      .normally("0.0041 1/h")
      .means("Rate at which lodged cells adhere.")
      .from(lodged_source, "; 4e-4 to 2e-2 /h is explored");
  s.number(&P::nk, "nk", "1/min")
      .between(0, 1e3)
      .normally("0.37 1/h")
      .means("Rate at which NK cells kill lodged ones.")
      .from(lodged_source);
}

// `release`: where cells go that flow on.
template <class P>
void describe_loss(Section<P>& s, std::string_view release) {
  s.number(&P::other, "other", "1/min")
      .between(0, 1e3)
      .normally("0.036 1/h")
      .means("Rate at which lodged cells die otherwise.")
      .from(lodged_source);
  s.number(&P::release, "release", "1/min")
      .between(0, 1e3)
      .normally("0.1 1/h")
      .means(release)
      .from("assumed");
  s.number(&P::shield, "shield")
      .between(1, 1000)
      .normally("20")
      .means("Divides both deaths in a cluster.")
      .from("with `break_up` clusters of 2 to 5 leave 19 to 48 times the adherent cells of one; 23 "
            "to 50, Aceto et al. 2014, Cell 158:1110");
  s.number(&P::break_up, "break_up", "1/min")
      .between(0, 1e3)
      .normally("0.02 1/h")
      .means("Rate at which a cluster falls into single cells.")
      .from("assumed; at 0.25 /h clusters would be gone before anything else happened");
}

template <class P>
void describe_death_of_adherent(Section<P>& s) {
  s.number(&P::death, "death", "1/min")
      .between(0, 1e3)
      .normally("0.4 1/day")
      .means("Rate at which adherent cells die before they are out.")
      .from("derived: see `out`");
}

template <class P>
void describe_beginning(Section<P>& s) {
  s.number(&P::begin, "begin")
      .a_share()
      .normally("0.025")
      .means("Of landed cells, those that divide.")
      .from(landed_source);
  s.number(&P::go_on, "go_on")
      .a_share()
      .normally("0.01")
      .means("Of those, the ones that go on.")
      .from(landed_source);
}

template <class P>
void describe_waking(Section<P>& s) {
  s.number(&P::waking, "waking", "min")
      .above(0)
      .normally("16 years")
      .means("Half-life of sleep.")
      .from("12 years and more; 12, 29 and 69 are to be explored; fitted within that range");
}

template <class P>
void describe_inflamed_factor(Section<P>& s) {
  s.number(&P::inflamed_factor, "inflamed_factor")
      .between(1, 1e6)
      .normally("10")
      .means("How many times faster sleepers wake where the tissue is inflamed or wounded.")
      .from("assumed");
}

} // namespace metavox
