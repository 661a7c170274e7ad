// Loaded before the C library into a program under test (LD_PRELOAD), this makes the n-th operation
// on a file, or the n-th large allocation, go wrong, or the calendar jump.
//
//   METAVOX_FAULT  kill:N         the process is killed in the middle of the N-th operation
//                  stop:N         the process stops before the N-th, until it is continued
//                  once:E:N       the N-th fails with errno E, and only that one
//                  from:E:N       the N-th and all later ones fail with errno E
//                  slow:U         every operation waits U microseconds first
//                  memory:B:N     the N-th allocation of B bytes or more fails
//                  clock          the time of day is another one at every look
//   METAVOX_FAULT_COUNT  a file that gets the number of operations (allocations) at the end
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// The C library's own names for what is replaced below.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

namespace {

enum class Mode : int { none, kill, stop, once, from, slow, memory, clock };
Mode mode = Mode::none;
long code = 0, at = 0;
std::atomic<long> count{0}, looks{0};

__attribute__((constructor)) void read_plan() {
  const char* plan = std::getenv("METAVOX_FAULT");
  if (!plan) return;
  if (std::sscanf(plan, "kill:%ld", &at) == 1) mode = Mode::kill;
  if (std::sscanf(plan, "stop:%ld", &at) == 1) mode = Mode::stop;
  if (std::sscanf(plan, "once:%ld:%ld", &code, &at) == 2) mode = Mode::once;
  if (std::sscanf(plan, "from:%ld:%ld", &code, &at) == 2) mode = Mode::from;
  if (std::sscanf(plan, "slow:%ld", &at) == 1) mode = Mode::slow;
  if (std::sscanf(plan, "memory:%ld:%ld", &code, &at) == 2) mode = Mode::memory;
  if (std::strcmp(plan, "clock") == 0) mode = Mode::clock;
}

__attribute__((destructor)) void tell_count() {
  const char* file = std::getenv("METAVOX_FAULT_COUNT");
  if (!file) return;
  const int fd = static_cast<int>(
      syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  char text[32];
  const int n = std::snprintf(text, sizeof text, "%ld\n", count.load());
  if (fd >= 0) syscall(SYS_write, fd, text, static_cast<std::size_t>(n));
}

void die() {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

// True where the operation must fail; errno says how. `half` does the first half of it before a
// death.
template <class Half>
bool goes_wrong(const Half& half) {
  if (mode == Mode::slow) usleep(static_cast<useconds_t>(at));
  if (mode != Mode::kill && mode != Mode::stop && mode != Mode::once && mode != Mode::from)
    return false;
  const long n = ++count;
  if (n < at || (n > at && mode != Mode::from)) return false;
  if (mode == Mode::kill) {
    half();
    die();
  }
  if (mode == Mode::stop) {
    syscall(SYS_kill, getpid(), SIGSTOP);
    return false;
  }
  errno = static_cast<int>(code);
  return true;
}
bool goes_wrong() {
  return goes_wrong([] {});
}

bool memory_fails(std::size_t bytes) {
  if (mode != Mode::memory || static_cast<long>(bytes) < code) return false;
  if (++count != at) return false;
  errno = ENOMEM;
  return true;
}

template <class F>
F next(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

bool writes(int flags) { return (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0; }

} // namespace

extern "C" {

#define MV_OPEN(name)                                                                              \
  int name(const char* path, int flags, ...) {                                                     \
    va_list rest;                                                                                  \
    va_start(rest, flags);                                                                         \
    const mode_t bits = (flags & O_CREAT) ? static_cast<mode_t>(va_arg(rest, int)) : 0;            \
    va_end(rest);                                                                                  \
    static const auto real = next<int (*)(const char*, int, ...)>(#name);                          \
    if (writes(flags) && std::strncmp(path, "/dev/null", 9) != 0 && goes_wrong()) return -1;       \
    return real(path, flags, bits);                                                                \
  }
MV_OPEN(open)
MV_OPEN(open64)

ssize_t write(int fd, const void* data, std::size_t bytes) {
  static const auto real = next<ssize_t (*)(int, const void*, std::size_t)>("write");
  if (fd > 2 && goes_wrong([&] { real(fd, data, bytes / 2); })) return -1;
  return real(fd, data, bytes);
}

#define MV_PWRITE(name, offset_type)                                                               \
  ssize_t name(int fd, const void* data, std::size_t bytes, offset_type offset) {                  \
    static const auto real = next<ssize_t (*)(int, const void*, std::size_t, offset_type)>(#name); \
    if (goes_wrong([&] { real(fd, data, bytes / 2, offset); })) return -1;                         \
    return real(fd, data, bytes, offset);                                                          \
  }
MV_PWRITE(pwrite, off_t)
MV_PWRITE(pwrite64, off64_t)

#define MV_TRUNCATE(name, size_type)                                                               \
  int name(int fd, size_type bytes) {                                                              \
    static const auto real = next<int (*)(int, size_type)>(#name);                                 \
    return goes_wrong() ? -1 : real(fd, bytes);                                                    \
  }
MV_TRUNCATE(ftruncate, off_t)
MV_TRUNCATE(ftruncate64, off64_t)

#define MV_FALLOCATE(name, size_type)                                                              \
  int name(int fd, size_type offset, size_type bytes) {                                            \
    static const auto real = next<int (*)(int, size_type, size_type)>(#name);                      \
    return goes_wrong() ? errno : real(fd, offset, bytes);                                         \
  }
MV_FALLOCATE(posix_fallocate, off_t)
MV_FALLOCATE(posix_fallocate64, off64_t)

int fsync(int fd) {
  static const auto real = next<int (*)(int)>("fsync");
  return goes_wrong() ? -1 : real(fd);
}
int rename(const char* from, const char* to) {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return goes_wrong() ? -1 : real(from, to);
}
int unlink(const char* path) {
  static const auto real = next<int (*)(const char*)>("unlink");
  return goes_wrong() ? -1 : real(path);
}
int mkdir(const char* path, mode_t bits) {
  static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
  return goes_wrong() ? -1 : real(path, bits);
}

void* malloc(std::size_t bytes) { return memory_fails(bytes) ? nullptr : __libc_malloc(bytes); }
void* calloc(std::size_t n, std::size_t bytes) {
  return memory_fails(n * bytes) ? nullptr : __libc_calloc(n, bytes);
}
void* realloc(void* old, std::size_t bytes) {
  return memory_fails(bytes) ? nullptr : __libc_realloc(old, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return memory_fails(bytes) ? nullptr : __libc_memalign(alignment, bytes);
}

// From 1901 to 2103, back and forth.
static std::int64_t wild() {
  return static_cast<std::int64_t>((static_cast<std::uint64_t>(++looks) * 0x9e3779b97f4a7c15ULL) >>
                                   31) -
         (std::int64_t{1} << 32) / 2;
}
time_t time(time_t* out) {
  const time_t now = mode == Mode::clock ? static_cast<time_t>(wild()) : syscall(SYS_time, nullptr);
  if (out) *out = now;
  return now;
}
int clock_gettime(clockid_t which, timespec* out) {
  const auto rc = static_cast<int>(syscall(SYS_clock_gettime, which, out));
  if (rc == 0 && mode == Mode::clock && which == CLOCK_REALTIME) out->tv_sec = wild();
  return rc;
}
int gettimeofday(timeval* __restrict out, void* __restrict zone) {
  const auto rc = static_cast<int>(syscall(SYS_gettimeofday, out, zone));
  if (rc == 0 && mode == Mode::clock) out->tv_sec = wild();
  return rc;
}

} // extern "C"
