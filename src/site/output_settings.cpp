#include "site/output_settings.hpp"

#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {
namespace {

void intervals(Section<OutputParameters>& s) {
  using P = OutputParameters;
  s.number(&P::frames, "frames", "min")
      .between(0, 1e9)
      .normally("1 day")
      .without_effect()
      .means("Time between frames; 0: none.")
      .from(sources::run_choice);
  s.number(&P::report, "report", "min")
      .between(0, 1e9)
      .normally("6 h")
      .without_effect()
      .means("Time between rows of metrics.csv.")
      .from(sources::run_choice);
  s.number(&P::checkpoints, "checkpoints", "min")
      .between(0, 1e9)
      .normally("1 day")
      .without_effect()
      .means("Time between checkpoints; 0: only at the end and when interrupted.")
      .from(sources::run_choice);
  s.integer(&P::keep, "keep")
      .between(1, 1e6)
      .normally("3")
      .without_effect()
      .means("Checkpoints that are kept.")
      .from(sources::run_choice);
}

void frames(Section<OutputParameters>& s) {
  using P = OutputParameters;
  s.boolean(&P::fields, "fields")
      .normally("true")
      .without_effect()
      .means("Frames hold the fields.")
      .from(sources::run_choice);
  s.boolean(&P::cells, "cells")
      .normally("true")
      .without_effect()
      .means("Frames hold the cells.")
      .from(sources::run_choice);
  s.boolean(&P::vessels, "vessels")
      .normally("true")
      .without_effect()
      .means("Frames hold the vessels.")
      .from(sources::run_choice);
  s.names(&P::arrays, "arrays")
      .normally("[]")
      .example("[oxygen, matrix]")
      .without_effect()
      .means("Arrays of the field frames; empty: all of them.")
      .from(sources::run_choice);
  s.integer(&P::stride, "stride")
      .between(1, 1024)
      .normally("1")
      .without_effect()
      .means("Field frames keep every n-th voxel along each axis.")
      .from(sources::run_choice);
  s.point(&P::region_from, "region_from")
      .normally("[0 um, 0 um, 0 um]")
      .without_effect()
      .means("Lowest corner of the part that field frames show; equal to region_to: everything.")
      .from(sources::run_choice);
  s.point(&P::region_to, "region_to")
      .normally("[0 um, 0 um, 0 um]")
      .without_effect()
      .means("Highest corner of that part.")
      .from(sources::run_choice);
  s.choice(&P::compression, "compression", {"none", "lz4", "zlib"})
      .normally("lz4")
      .without_effect()
      .means("Compression of frames.")
      .from("assumed: lz4 costs next to no time");
  s.integer(&P::mantissa_bits, "mantissa_bits")
      .between(1, 23)
      .normally("23")
      .without_effect()
      .means(
          "Bits of the mantissa that float arrays of frames keep; 23: all. Fewer compress better.")
      .from(sources::run_choice);
}

} // namespace

void describe(Section<OutputParameters>& s) {
  intervals(s);
  frames(s);
}

} // namespace metavox
