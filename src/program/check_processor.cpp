// A program compiled for newer processors says so on an older one, before anything else. Part of
// the program, not of the library, which would leave it out.
#include <unistd.h>

#if defined(__x86_64__)
// Runs before anything that was compiled for a newer processor, so that a wrong machine gets a
// sentence instead of "illegal instruction".
__attribute__((constructor(101), target("no-avx"))) static void check_processor() {
  __builtin_cpu_init();
  const char* missing = nullptr;
#if defined(__AVX__)
  if (!__builtin_cpu_supports("avx")) missing = "AVX";
#endif
#if defined(__AVX2__)
  if (!__builtin_cpu_supports("avx2")) missing = "AVX2";
#endif
#if defined(__FMA__)
  if (!__builtin_cpu_supports("fma")) missing = "FMA";
#endif
#if defined(__AVX512F__)
  if (!__builtin_cpu_supports("avx512f")) missing = "AVX-512";
#endif
#if defined(__AVX512VL__)
  if (!__builtin_cpu_supports("avx512vl")) missing = "AVX-512 VL";
#endif
  if (missing == nullptr) return;
  const auto say = [](const char* text) {
    unsigned long n = 0;
    while (text[n] != '\0') ++n;
    if (write(STDERR_FILENO, text, n) < 0) _exit(4);
  };
  say("metavox: this program was compiled for processors with ");
  say(missing);
  say(", which this one lacks; build it here, or with -march=x86-64-v2\n");
  _exit(4);
}
#endif
