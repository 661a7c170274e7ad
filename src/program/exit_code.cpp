#include "program/exit_code.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <string_view>
#include <system_error>

#include <unistd.h>

#include "core/errors.hpp"
#include "core/executor.hpp"
#include "core/machine.hpp"

namespace metavox {

namespace fs = std::filesystem;

int code_of(const std::exception_ptr& error, std::string& message) {
  try {
    std::rethrow_exception(error);
  } catch (const ConfigError& e) {
    message = e.what();
    return exit_config;
  } catch (const IoError& e) {
    message = e.what();
    return exit_io;
  } catch (const ResourceError& e) {
    message = e.what();
    return exit_resources;
  } catch (const NumericalError& e) {
    message = e.what();
    return exit_numerical;
  } catch (const std::bad_alloc&) {
    message = "out of memory; take fewer voxels or a coarser grid of fields (fields.coarsen)";
    return exit_resources;
  } catch (const fs::filesystem_error& e) {
    message = e.what();
    return exit_io;
  } catch (const std::system_error& e) {
    message = e.what();
    // No room for another thread.
    if (e.code() == std::errc::resource_unavailable_try_again ||
        e.code() == std::errc::not_enough_memory) {
      message =
          "the system gives this process no other thread (" + message + "); " + advice_on_threads;
      return exit_resources;
    }
    return exit_io;
  } catch (const std::exception& e) {
    message = std::string("internal error: ") + e.what();
    return exit_internal;
  } catch (...) {
    message = "internal error of unknown kind";
    return exit_internal;
  }
}

int guarded(const std::function<int()>& body) {
  std::string message;
  int code = exit_done;
  try {
    return body();
  } catch (...) {
    code = code_of(std::current_exception(), message);
  }
  std::fflush(stdout);
  // Configuration messages begin with file:line: so that editors can jump there.
  std::fprintf(stderr, "%s%s\n", code == exit_config ? "" : "metavox: ", message.c_str());
  return code;
}

// VTK lets an exception out of a destructor where even a few bytes are refused. All files are whole
// at any time, so what is left to do is to say it.
void end_without_memory() {
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    const std::string_view text = "metavox: out of memory in a library that cannot stand it\n";
    if (::write(STDERR_FILENO, text.data(), text.size()) >= 0) ::_exit(exit_resources);
    ::_exit(exit_resources);
  } catch (...) {
  }
  std::abort();
}

} // namespace metavox
