// Judges values that belong together and complains at the place where one of them was written.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "settings/complaints.hpp"
#include "settings/table.hpp"

namespace metavox {

// What the user wrote, by exact key: "tissue.cells[2].radius".
struct Written {
  std::map<std::string, const Entry*> entries;
  Place whole; // of the file

  const Entry* find(const std::string& key) const;
};

// Speaks for one section, or one entry of a list: keys are given as they stand there, "radius" for
// tissue.cells[2].radius. Those of lists within it carry indices, as in "cells[2].radius".
// A key that is no setting, list or entry is a mistake of the program: std::logic_error.
class Judge {
public:
  Judge(const Table& table, const Part& part, Object values, Path path, const Written& written,
        Complaints& complaints);

  // The whole key, for messages.
  std::string key(std::string_view leaf) const;

  // Complains at the first of `keys` that the user wrote, at the file as a whole if none is.
  void complain(const std::vector<std::string>& keys, const std::string& message);

  // The same for what is no mistake, but worth a second look.
  void note(const std::vector<std::string>& keys, const std::string& message);

  std::size_t complaints() const { return complaints_.count(); } // so far, of all judges

  // Complains at the i-th item of a value that is a list.
  void complain_at_item(std::string_view leaf, std::size_t i, const std::string& message);

  // Complains where the quantity `low` is not below `high`.
  enum class Equal { refused, allowed };
  void ordered(std::string_view low, std::string_view high, Equal equal = Equal::refused);

  // The row; its value as the resolved file spells it.
  const Setting& setting(std::string_view leaf) const;
  std::string spelt(std::string_view leaf) const;
  // An entry of a list, for "type for example".
  const std::string& entry_example(std::string_view list) const;

private:
  Place place_of(const std::vector<std::string>& keys) const;
  double number(std::string_view leaf) const;
  Slot slot(std::string_view leaf) const;

  const Table& table_;
  const Part& part_;
  Object values_;
  Path path_;
  const Written& written_;
  Complaints& complaints_;
};

} // namespace metavox
