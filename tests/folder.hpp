// A folder for the files of one test, removed with it.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <gtest/gtest.h>
#include <unistd.h>

namespace metavox {

class Folder {
public:
  explicit Folder(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = parent / ("metavox_" + std::string(info->test_suite_name()) + "_" + info->name() + "_" +
                      std::to_string(::getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }
  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace metavox
