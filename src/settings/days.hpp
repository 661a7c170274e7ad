// Times are minutes inside the program, days in what it writes.
#pragma once

namespace metavox {

inline constexpr double minutes_per_day = 1440.0;
inline constexpr double days_per_year = 365.25;

} // namespace metavox
