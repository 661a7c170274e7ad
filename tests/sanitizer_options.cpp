// Options of the sanitizers' runtimes, which ask for them by these names; without a sanitizer
// nobody does. Refused allocations are tested. Libraries that were not compiled for the thread
// sanitizer are not watched; OpenMP tells it of its barriers by itself (libarcher, which comes with
// clang's runtime).

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {
const char* __asan_default_options() { return "allocator_may_return_null=1"; }
const char* __tsan_default_options() {
  return "allocator_may_return_null=1:ignore_noninstrumented_modules=1";
}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
