#pragma once

namespace metavox {

inline constexpr double pi = 3.14159265358979323846;

} // namespace metavox
