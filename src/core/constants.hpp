// Numbers of mathematics.
#pragma once

namespace metavox {

inline constexpr double pi = 3.14159265358979323846;
inline constexpr double ln2 = 0.69314718055994530942;

} // namespace metavox
