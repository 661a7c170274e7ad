// What the host side asks of the CUDA runtime. Plain C++, so that files not compiled by nvcc can
// include it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace metavox::cuda {

std::string obstacle(); // why no device can be used; empty: one can
std::string device_name();
std::size_t memory_free();
void* allocate(std::size_t bytes); // zero-filled; nullptr when the device has no room
void release(void* memory) noexcept;
void copy_in(void* device, const void* host, std::size_t bytes);
void copy_out(void* host, const void* device, std::size_t bytes);
void fill_zero(void* device, std::size_t bytes);
void synchronise();
std::int64_t compact(const std::uint8_t* flags, std::int64_t n, std::uint32_t* ids);

} // namespace metavox::cuda
