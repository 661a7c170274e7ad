// Frames for ParaView and VTK: a snapshot becomes the whole content of a file, in memory, so that
// whoever owns the run folder decides how it reaches the disk (temporary name, fsync, rename).
//
// Three kinds of file, each with its own .pvd index:
//   fields_*.vti    the lattice; a voxel is a VTK cell, so values are cell data and nothing is
//                   interpolated on writing (field_frame.hpp)
//   cells_*.vtp     a point per cell with its state (cell_frame.hpp)
//   vessels_*.vtp   poly-lines between junctions, with radius, flow, oxygen, age ... at points
//                   (vessel_frame.hpp)
//
// Array names are those of the snapshot ("oxygen"); the unit of each stands in the field data as a
// string "oxygen_unit". Lengths are in um, TimeValue in days. The same snapshot always gives the
// same bytes. A program built without VTK writes no frames: the functions throw std::runtime_error.
#pragma once

namespace metavox {

bool vtk_available();

} // namespace metavox
