// The tree of values that a configuration file holds, free of the YAML library, and where each of
// them was written.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace metavox {

using Source = std::shared_ptr<const std::string>;

inline Source source_named(std::string name) {
  return std::make_shared<const std::string>(std::move(name));
}

// Where a value was written: "tumour.yaml:12", or "--set oxygen.decay=0".
struct Place {
  Source source;
  int line = 0; // 0: the source has no lines
  std::string text() const;
};

struct Entry {
  enum class Form : std::uint8_t { empty, scalar, list, map };
  struct Member;
  Form form = Form::empty;
  std::string text;            // scalar
  std::vector<Entry> items;    // list
  std::vector<Member> members; // map, in the order of the file, duplicates included
  Place place;

  const Entry* find(std::string_view key) const;
};
struct Entry::Member {
  std::string key;
  Place place;
  Entry value;
};

} // namespace metavox
