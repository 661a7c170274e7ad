// What crosses between host and device.
#pragma once

#include <cstdint>

namespace metavox {

struct Traffic {
  std::int64_t kernels = 0;
  std::int64_t fills = 0;    // of device memory with zeros
  std::int64_t blocking = 0; // calls that wait for the device
  std::int64_t copies_in = 0, copies_out = 0, bytes_in = 0, bytes_out = 0;
  std::int64_t allocations = 0, releases = 0;

  template <class F>
  static void each(F&& visit) {
    visit("kernels", &Traffic::kernels);
    visit("fills", &Traffic::fills);
    visit("blocking_calls", &Traffic::blocking);
    visit("copies_in", &Traffic::copies_in);
    visit("copies_out", &Traffic::copies_out);
    visit("bytes_in", &Traffic::bytes_in);
    visit("bytes_out", &Traffic::bytes_out);
    visit("allocations", &Traffic::allocations);
    visit("releases", &Traffic::releases);
  }
  Traffic& operator+=(const Traffic& o) {
    each([&](const char*, auto member) { this->*member += o.*member; });
    return *this;
  }
  Traffic& operator-=(const Traffic& o) {
    each([&](const char*, auto member) { this->*member -= o.*member; });
    return *this;
  }
};

} // namespace metavox
