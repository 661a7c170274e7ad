#include "viz/pvd.hpp"

#include "settings/units.hpp"

namespace metavox {

std::string xml_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    default: out += c;
    }
  }
  return out;
}

std::string pvd_entry(double day, const std::string& path) {
  return "    <DataSet timestep=\"" + format_number(day) + "\" part=\"0\" file=\"" +
         xml_text(path) + "\"/>\n";
}

std::string pvd_index(const std::vector<std::pair<double, std::string>>& frames,
                      std::size_t blanks) {
  std::string text = "<?xml version=\"1.0\"?>\n"
                     "<VTKFile type=\"Collection\" version=\"1.0\" byte_order=\"LittleEndian\">\n"
                     "  <Collection>\n";
  for (const auto& [day, path] : frames) text += pvd_entry(day, path);
  if (blanks > 0) text += std::string(blanks - 1, ' ') + "\n";
  return text.append(pvd_end);
}

} // namespace metavox
