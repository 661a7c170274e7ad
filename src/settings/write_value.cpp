#include "settings/write_value.hpp"

#include "settings/units.hpp"

namespace metavox {
namespace {

std::string yaml_string(const std::string& text) {
  std::string s = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') s += '\\';
    s += c;
  }
  return s + '"';
}

std::string with_unit(double value, const std::string& unit) {
  return unit.empty() ? format_number(value) : format_number(value) + ' ' + unit;
}

} // namespace

std::string write_setting(const Setting& setting, const Slot& slot) {
  struct Visitor {
    const Setting& setting;
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(const double* v) const { return with_unit(*v, setting.unit); }
    std::string operator()(const int* v) const { return std::to_string(*v); }
    std::string operator()(const std::uint64_t* v) const { return std::to_string(*v); }
    std::string operator()(const bool* v) const { return *v ? "true" : "false"; }
    std::string operator()(const std::string* v) const {
      if (setting.fallback == "none" && v->empty()) return "none";
      return setting.words.empty() ? yaml_string(*v) : *v;
    }
    std::string operator()(const std::array<double, 3>* v) const {
      return "[" + with_unit((*v)[0], setting.unit) + ", " + with_unit((*v)[1], setting.unit) +
             ", " + with_unit((*v)[2], setting.unit) + "]";
    }
    std::string operator()(const std::array<int, 3>* v) const {
      return "[" + std::to_string((*v)[0]) + ", " + std::to_string((*v)[1]) + ", " +
             std::to_string((*v)[2]) + "]";
    }
    std::string operator()(const Faces* v) const {
      std::string s = "{";
      for (std::size_t i = 0; i < v->size(); ++i)
        s += (i == 0 ? "" : ", ") + std::string(face_names[i]) + ": " +
             ((*v)[i].kind == FaceKind::no_flux ? "no_flux"
                                                : with_unit((*v)[i].value, setting.unit));
      return s + "}";
    }
    std::string operator()(const Frozen* v) const {
      if (!v->file.empty())
        return "{file: " + yaml_string(v->file) + ", array: " + yaml_string(v->array) +
               ", geometry: " +
               std::string(image_geometry_names[static_cast<std::size_t>(v->geometry)]) +
               ", unit: " + std::string(length_unit_names[static_cast<std::size_t>(v->unit)]) + "}";
      if (v->expression.empty()) return "none";
      return yaml_string(setting.unit.empty() ? v->expression : v->expression + " " + setting.unit);
    }
    std::string operator()(const std::vector<std::string>* v) const {
      std::string s = "[";
      for (const std::string& name : *v) s += (s.size() == 1 ? "" : ", ") + name;
      return s + "]";
    }
    std::string operator()(const Labels* v) const {
      std::string s = "{";
      for (const auto& [label, word] : *v)
        s += (s.size() == 1 ? "" : ", ") + std::to_string(label) + ": " + word;
      return s + "}";
    }
    std::string operator()(const WordSlot& v) const {
      return std::string(setting.enumerators[*v.value]);
    }
  };
  return std::visit(Visitor{setting}, slot);
}

} // namespace metavox
