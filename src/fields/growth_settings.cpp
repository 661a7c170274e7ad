#include "fields/growth_settings.hpp"

#include "settings/section.hpp"

namespace metavox {
namespace {

void pressure(Section<GrowthParameters>& s) {
  using P = GrowthParameters;
  s.number(&P::mobility, "mobility", "um^2/kPa/min")
      .between(0, 1e6)
      .normally("540 um^2/kPa/day")
      .means("How readily tissue flows down a gradient of pressure; 0: no pressure, and a newborn "
             "only enters a free face neighbour.")
      .from("assumed: free spheroids then grow by 35 to 43 um of radius per day; explore 200 to "
            "1500 um^2/kPa/day");
  s.number(&P::half_pressure, "half_pressure", "kPa")
      .above(0, 1e4)
      .normally("5 kPa")
      .means("Pressure at which clocks of tumour cells run at half their pace.")
      .from("assumed: 1 to 10 kPa slow division of clamped spheroids, Montel et al. 2011, Phys Rev "
            "Lett 107:188102, and Delarue et al. 2014, Biophys J 107:1821 (abstracts); free growth "
            "depends on mobility times half_pressure alone");
  s.boolean(&P::inhibition, "inhibition")
      .normally("true")
      .means("Pressure slows the clocks of tumour cells; off: they run at the pace of oxygen.")
      .from("Delarue et al. 2014, Biophys J 107:1821 (abstract): a block late in G1, reversible");
  s.number(&P::external_pressure, "external_pressure", "kPa")
      .between(0, 1e4)
      .normally("0 kPa")
      .example("5 kPa")
      .means("Pressure on the tissue from outside, which cells feel besides that of growth.")
      .from("assumed: none; the experiments of Montel et al. 2011 clamp 0 to 10 kPa");
  s.boolean(&P::matrix_yield, "matrix_yield")
      .normally("false")
      .means("Free voxels of dense matrix count as room only as far as cells squeeze into them.")
      .from("assumed: off; growing tissue tears what single cells cannot pass");
}

void solution(Section<GrowthParameters>& s) {
  using P = GrowthParameters;
  s.choice(&P::faces, "faces", {"auto", "open", "closed"})
      .normally("auto")
      .means("Outer faces: open lets tissue out at no pressure, closed holds it back; auto: open "
             "where oxygen's face has a value. An axis of one voxel is closed in any case.")
      .from("assumed: the tissue beyond goes on where oxygen's does");
  s.number(&P::depth, "depth", "um")
      .above(0, 1e6)
      .normally("20 um")
      .means("Depth to which free space takes pressure off the tissue beside it.")
      .from("assumed: about a cell; explore 10 to 40 um");
  s.number(&P::spread, "spread", "um")
      .above(0, 200)
      .normally("20 um")
      .means("Standard deviation of the distance over which free voxels and second cells are felt: "
             "about half the width of the surface in which growth is hardly held back.")
      .from("assumed: about a cell; half and twice it, a ball of 205 um has 7 % less and 17 % more "
            "volume");
  s.number(&P::refresh, "refresh", "min")
      .above(0, 1440)
      .normally("30 min")
      .means("Time between solves, rounded to steps, at least one.")
      .from("assumed: far less than a cycle; 6 min grew the same");
  s.number(&P::tolerance, "tolerance")
      .above(0, 1)
      .normally("0.01")
      .means("Error of the pressure allowed in a solve, as a share of half_pressure.")
      .from("assumed: it changes clocks by less than 1 %");
}

} // namespace

void describe(Section<GrowthParameters>& s) {
  pressure(s);
  solution(s);
}

} // namespace metavox
