// The pressure of growth as cells feel it.
#pragma once

#include "voxel/views.hpp"

namespace metavox {

struct PressureView {
  FieldView field; // kPa
  bool on;         // or there is none anywhere
  MV_HD float at(const Voxel& s) const { return on ? field.at(s) : 0.0f; }
};

} // namespace metavox
