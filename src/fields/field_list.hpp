// Every field of a site. Adding one is a class and its line at the end of this file.
#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "fields/oxygen.hpp"
#include "fields/pressure.hpp"
#include "fields/signal.hpp"
#include "fields/vegf.hpp"

namespace metavox {

template <class... Types>
class FieldList {
public:
  FieldList(const FieldGrid& grid, const FieldSettings& settings)
      // In braces, which go from left to right: memory is allocated in the order of the list.
      : fields_{Types(grid, settings)...} {}

  template <class Type>
  Type& get() {
    return std::get<Type>(fields_);
  }
  template <class Type>
  const Type& get() const {
    return std::get<Type>(fields_);
  }
  // f(field) for those that are present, in the order of the list.
  template <class F>
  void for_each(const F& f) {
    (call(std::get<Types>(fields_), f), ...);
  }
  // The rows of all, those that are not present included.
  static std::vector<FieldRow> rows(const FieldSettings& settings) {
    return {Types::row_of(settings)...};
  }

private:
  template <class Type, class F>
  static void call(Type& field, const F& f) {
    if (field.row().present) f(field);
  }
  std::tuple<Types...> fields_;
};

// Order is part of the state's hash: append.
using Fields = FieldList<Oxygen, Glucose, Proteinase, Inhibitor, Vegf, Pressure>;

} // namespace metavox
