// Real numbers made shorter, for compressors.
#pragma once

#include <cstdint>
#include <cstring>

namespace metavox {

// Drops all but the leading `bits` of the 23 mantissa bits, rounding to nearest and ties to even:
// neighbours then share their low bytes and the compressor finds something to compress. Infinities
// and NaN pass; nothing finite becomes infinite.
inline float round_mantissa(float value, int bits) {
  if (bits >= 23 || bits < 0) return value;
  std::uint32_t u;
  std::memcpy(&u, &value, sizeof u);
  constexpr std::uint32_t exponent = 0x7f800000u;
  if ((u & exponent) == exponent) return value;
  const int drop = 23 - bits;
  const std::uint32_t mask = (std::uint32_t{1} << drop) - 1;
  const std::uint32_t odd = (u >> drop) & 1u;
  const std::uint32_t rounded = (u + (mask >> 1) + odd) & ~mask;
  u = (rounded & exponent) == exponent ? u & ~mask : rounded;
  std::memcpy(&value, &u, sizeof u);
  return value;
}

} // namespace metavox
