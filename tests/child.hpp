// The real program as a child process: started, watched, killed.
#pragma once

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.hpp"

namespace metavox::support {

struct Ended {
  int code = -1; // exit code; -1: died by a signal
  int signal = 0;
  long peak_kib = 0; // resident memory
};

class Child {
public:
  // `prepare` runs in the child before the program starts. Output of both kinds goes to `output`.
  Child(const std::vector<std::string>& arguments, const std::filesystem::path& output,
        const std::vector<std::pair<std::string, std::string>>& environment = {},
        const std::function<void()>& prepare = {}) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (!output.empty()) {
      const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
      ::dup2(fd, STDOUT_FILENO);
      ::dup2(fd, STDERR_FILENO);
      ::close(fd);
    }
    ::setenv("GOMP_SPINCOUNT", "100", 1); // and no second start of the program by itself
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    if (prepare) prepare();
    std::vector<char*> argv;
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ~Child() {
    if (pid_ > 0 && !waited_) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void signal(int number) const { ::kill(pid_, number); }
  bool running() {
    if (waited_) return false;
    int status = 0;
    rusage used{};
    const pid_t done = ::wait4(pid_, &status, WNOHANG, &used);
    if (done == pid_) note(status, used);
    return !waited_;
  }
  Ended wait() {
    int status = 0;
    rusage used{};
    while (!waited_) {
      if (::wait4(pid_, &status, 0, &used) == pid_)
        note(status, used);
      else if (errno != EINTR)
        break;
    }
    return ended_;
  }
  // True once `condition` holds; false when the program ends first.
  bool wait_until(const std::function<bool()>& condition) {
    while (!condition()) {
      if (!running()) return condition();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

private:
  void note(int status, const rusage& used) {
    waited_ = true;
    ended_.peak_kib = used.ru_maxrss;
    if (WIFEXITED(status)) ended_.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended_.signal = WTERMSIG(status);
  }
  pid_t pid_ = -1;
  bool waited_ = false;
  Ended ended_;
};

// A folder in memory where there is one: what is tested are orders of operations, and syncing a
// disk a thousand times takes minutes.
inline std::filesystem::path quick_folder() {
  namespace fs = std::filesystem;
  const fs::path memory = "/dev/shm";
  return ::access(memory.c_str(), W_OK) == 0 && disk_free(memory) > (std::uint64_t{256} << 20)
             ? memory
             : fs::temp_directory_path();
}

} // namespace metavox::support
