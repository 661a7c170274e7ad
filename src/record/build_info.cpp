#include "record/build_info.hpp"

#ifndef METAVOX_VERSION
#define METAVOX_VERSION "0.0.0"
#endif
#ifndef METAVOX_COMMIT
#define METAVOX_COMMIT "unknown"
#endif
#ifndef METAVOX_FLAGS
#define METAVOX_FLAGS "unknown"
#endif

namespace metavox {

std::string version() { return METAVOX_VERSION; }
std::string commit() { return METAVOX_COMMIT; }
std::string build_flags() { return METAVOX_FLAGS; }

std::string compiler() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#elif defined(__GNUC__)
  return std::string("GCC ") + __VERSION__;
#else
  return "unknown";
#endif
}

std::string instruction_set() {
#if defined(__AVX512F__)
  return "AVX-512";
#elif defined(__AVX2__)
  return "AVX2";
#elif defined(__AVX__)
  return "AVX";
#elif defined(__x86_64__)
  return "x86-64 baseline";
#elif defined(__aarch64__)
  return "AArch64";
#else
  return "generic";
#endif
}

} // namespace metavox
