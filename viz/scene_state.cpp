#include "viz/scene_state.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "settings/units.hpp"
#include "viz/body_frame.hpp"
#include "viz/frame_axes.hpp"
#include "viz/pvd.hpp"
#include "voxel/kind.hpp"

namespace metavox {

namespace {

using Numbers = std::vector<double>;
using Strings = std::vector<std::string>;

// Objects of ParaView's server manager with those properties that are not its defaults.
class StateFile {
public:
  // The number of a new object; `collection` empty: it is only a part of others.
  int add(const std::string& group, const std::string& type, const std::string& collection,
          const std::string& name) {
    proxies_.push_back({group, type, {}, {}});
    const int id = first_id + static_cast<int>(proxies_.size()) - 1;
    if (!collection.empty()) collections_[collection].emplace_back(id, name);
    return id;
  }
  void set(int id, const std::string& property, const Strings& values) {
    std::string text;
    for (std::size_t k = 0; k < values.size(); ++k)
      text += "        <Element index=\"" + std::to_string(k) + "\" value=\"" +
              xml_text(values[k]) + "\"/>\n";
    put(id, property, values.size(), text);
  }
  void set(int id, const std::string& property, const Numbers& values) {
    Strings texts;
    for (const double v : values) texts.push_back(format_number(v));
    set(id, property, texts);
  }
  void link(int id, const std::string& property, const std::vector<int>& others) {
    std::string text;
    for (const int other : others)
      text += "        <Proxy value=\"" + std::to_string(other) + "\" output_port=\"0\"/>\n";
    put(id, property, others.size(), text);
  }
  // An array that a filter or a colour follows; on points or on cells.
  void follow(int id, const std::string& property, bool cells, const std::string& array) {
    set(id, property, Strings{"", "", "", cells ? "1" : "0", array});
  }
  // A layout that is all taken by a view.
  void lay_out(int id, int view) {
    proxies_[static_cast<std::size_t>(id - first_id)].rest +=
        "      <Layout number_of_elements=\"1\">\n        <Item direction=\"0\" fraction=\"0.5\" "
        "view=\"" +
        std::to_string(view) + "\"/>\n      </Layout>\n";
  }
  std::string text() const {
    std::string out = "<ParaView>\n  <ServerManagerState version=\"5.11.0\">\n";
    for (std::size_t k = 0; k < proxies_.size(); ++k) {
      const Proxy& p = proxies_[k];
      out += "    <Proxy group=\"" + p.group + "\" type=\"" + p.type + "\" id=\"" +
             std::to_string(first_id + static_cast<int>(k)) + "\" servers=\"" +
             (p.group == "sources" || p.group == "filters"  ? "1"
              : p.group == "misc" || p.group == "animation" ? "16"
                                                            : "21") +
             "\">\n" + p.properties + p.rest + "    </Proxy>\n";
    }
    for (const auto& [name, items] : collections_) {
      out += "    <ProxyCollection name=\"" + name + "\">\n";
      for (const auto& [id, item] : items)
        out += "      <Item id=\"" + std::to_string(id) + "\" name=\"" + xml_text(item) + "\"/>\n";
      out += "    </ProxyCollection>\n";
    }
    return out + "  </ServerManagerState>\n</ParaView>\n";
  }

private:
  static constexpr int first_id = 1000;
  struct Proxy {
    std::string group, type, properties, rest;
  };
  void put(int id, const std::string& property, std::size_t count, const std::string& elements) {
    proxies_[static_cast<std::size_t>(id - first_id)].properties +=
        "      <Property name=\"" + property + "\" id=\"" + std::to_string(id) + "." + property +
        "\" number_of_elements=\"" + std::to_string(count) + "\">\n" + elements +
        "      </Property>\n";
  }
  std::vector<Proxy> proxies_;
  std::map<std::string, std::vector<std::pair<int, std::string>>> collections_;
};

// "#ffb31a" as three numbers from 0 to 1.
Numbers colour(std::string_view hex) {
  Numbers rgb;
  for (std::size_t k = 1; k + 1 < hex.size(); k += 2)
    rgb.push_back(std::round(1e4 *
                             static_cast<double>(
                                 std::strtol(std::string(hex.substr(k, 2)).c_str(), nullptr, 16)) /
                             255) /
                  1e4);
  return rgb;
}

// Tumour, its dead and its killers: what a picture of a tumour is of.
bool shown(const StateRow& row) {
  return (row.roles & (role::tumour | role::dead | role::kills)) != 0;
}

struct Box {
  std::array<double, 3> low{}, high{}; // um
  double middle(std::size_t axis) const { return 0.5 * (low[axis] + high[axis]); }
  double edge(std::size_t axis) const { return high[axis] - low[axis]; }
};

// What scenes of sites and of bodies share: one view, readers of a run's series, colours, time.
class Scene {
protected:
  explicit Scene(const std::string& folder) : folder_(folder) {
    view_ = s_.add("views", "RenderView", "views", "RenderView1");
  }

  int open(const std::string& kind) {
    const int reader = s_.add("sources", "PVDReader", "sources", kind);
    s_.set(reader, "FileName", Strings{folder_ + "/" + kind + ".pvd"});
    readers_.push_back(reader);
    return reader;
  }
  int filter(const std::string& type, const std::string& name, int input) {
    const int f = s_.add("filters", type, "sources", name);
    s_.link(f, "Input", {input});
    return f;
  }
  int threshold(const std::string& name, int input, const std::string& array, int low, int high) {
    const int part = filter("Threshold", name, input);
    s_.follow(part, "SelectInputScalars", false, array);
    s_.set(part, "LowerThreshold", Numbers{static_cast<double>(low)});
    s_.set(part, "UpperThreshold", Numbers{static_cast<double>(high)});
    return part;
  }
  int draw(const std::string& name, int input, const std::string& how) {
    const int r = s_.add("representations", "GeometryRepresentation", "representations", name);
    s_.link(r, "Input", {input});
    s_.set(r, "Representation", Strings{how});
    s_.set(r, "Visibility", Numbers{1});
    drawn_.push_back(r);
    return r;
  }
  void plain(int representation, std::string_view hex) {
    s_.set(representation, "AmbientColor", colour(hex));
    s_.set(representation, "DiffuseColor", colour(hex));
  }
  // Colours of `cell_state`, and their legend.
  int state_colours() {
    Strings names;
    Numbers colours;
    for (const StateRow& row : state_rows) {
      if (!shown(row)) continue;
      names.push_back(std::to_string(row.code));
      names.emplace_back(row.label);
      for (const double c : colour(row.colour)) colours.push_back(c);
    }
    const int table =
        s_.add("lookup_tables", "PVLookupTable", "lookup_tables", "cell_state.PVLookupTable");
    s_.set(table, "IndexedLookup", Numbers{1});
    s_.set(table, "Annotations", names);
    s_.set(table, "AnnotationsInitialized", Numbers{1});
    s_.set(table, "IndexedColors", colours);
    legend(table, "cells", {0.88, 0.6});
    return table;
  }
  void draw_cells(const std::string& name, int input, double radius, int table) {
    const int r = draw(name, input, "Point Gaussian");
    s_.set(r, "GaussianRadius", Numbers{radius});
    s_.follow(r, "ColorArrayName", false, "cell_state");
    s_.link(r, "LookupTable", {table});
  }
  void draw_tubes(int lines) {
    const int tubes = filter("TubeFilter", "vessel tubes", lines);
    s_.follow(tubes, "SelectInputScalars", false, "radius");
    s_.set(tubes, "VaryRadius", Numbers{3}); // by absolute scalar
    s_.set(tubes, "Radius", Numbers{1});
    plain(draw("vessels", tubes, "Surface"), vessel_colour);
  }
  void legend(int table, const std::string& title, const Numbers& place) {
    const int bar =
        s_.add("representations", "ScalarBarWidgetRepresentation", "scalar_bars", title);
    s_.link(bar, "LookupTable", {table});
    s_.set(bar, "Title", Strings{title});
    s_.set(bar, "ComponentTitle", Strings{""});
    s_.set(bar, "Enabled", Numbers{1});
    s_.set(bar, "Visibility", Numbers{1});
    s_.set(bar, "WindowLocation", Numbers{0});
    s_.set(bar, "Position", place);
    s_.set(bar, "ScalarBarLength", Numbers{0.3});
    s_.set(bar, "AddRangeLabels", Numbers{0}); // ticks say the same
    s_.set(bar, "LabelFontSize", Numbers{12});
    s_.set(bar, "TitleFontSize", Numbers{13});
    drawn_.push_back(bar);
  }

  void show_day() {
    if (readers_.empty()) return;
    const int day = filter("TimeToTextConvertor", "day", readers_.front());
    s_.set(day, "Format", Strings{"day {time:.2f}"});
    tell("day", day, upper_left, 16);
  }
  // Words of a source, in a corner.
  void tell(const std::string& name, int words, double corner, double size) {
    const int r = s_.add("representations", "TextSourceRepresentation", "representations", name);
    s_.link(r, "Input", {words});
    s_.set(r, "Visibility", Numbers{1});
    s_.set(r, "WindowLocation", Numbers{corner});
    s_.set(r, "FontSize", Numbers{size});
    drawn_.push_back(r);
  }

  // From where the box is seen: `far` of its diagonals away.
  void look(const Box& box, const std::array<double, 3>& eye, const std::array<double, 3>& up,
            double far, const Numbers& size) {
    const double length = std::sqrt(eye[0] * eye[0] + eye[1] * eye[1] + eye[2] * eye[2]);
    double diagonal = 0;
    for (std::size_t a = 0; a < 3; ++a) diagonal += box.edge(a) * box.edge(a);
    diagonal = std::sqrt(diagonal);
    Numbers centre, position;
    for (std::size_t a = 0; a < 3; ++a) {
      centre.push_back(box.middle(a));
      position.push_back(centre[a] + far * diagonal * eye[a] / length);
    }
    s_.set(view_, "CameraPosition", position);
    s_.set(view_, "CameraFocalPoint", centre);
    s_.set(view_, "CenterOfRotation", centre);
    s_.set(view_, "CameraViewUp", Numbers{up[0], up[1], up[2]});
    s_.set(view_, "CameraParallelScale", Numbers{0.55 * diagonal});
    s_.set(view_, "UseColorPaletteForBackground", Numbers{0});
    s_.set(view_, "Background", colour("#0b0e14"));
    s_.set(view_, "ViewSize", size); // where no window decides
    s_.link(view_, "Representations", drawn_);
    const int layout = s_.add("misc", "ViewLayout", "layouts", "metavox");
    s_.lay_out(layout, view_); // a view without a layout stays blank
  }

  void keep_time() {
    const int keeper = s_.add("misc", "TimeKeeper", "timekeeper", "TimeKeeper1");
    s_.link(keeper, "TimeSources", readers_);
    s_.link(keeper, "Views", {view_});
    const int cue = s_.add("animation", "TimeAnimationCue", "animation", "TimeAnimationCue1");
    s_.link(cue, "AnimatedProxy", {keeper});
    s_.set(cue, "AnimatedPropertyName", Strings{"Time"});
    const int scene = s_.add("animation", "AnimationScene", "animation", "AnimationScene1");
    s_.link(scene, "Cues", {cue});
    s_.link(scene, "TimeKeeper", {keeper});
    s_.link(scene, "ViewModules", {view_});
    s_.set(scene, "PlayMode", Numbers{2}); // snap to the frames
  }

  static constexpr double lower_left = 1, upper_left = 4; // of ParaView's corners
  static constexpr const char* box_colour = "#98a3b3";
  static constexpr const char* vessel_colour = "#e0283a";
  StateFile s_;

private:
  const std::string& folder_;
  int view_ = 0;
  std::vector<int> readers_, drawn_;
};

class SiteScene : Scene {
public:
  SiteScene(const Parameters& p, const std::string& folder) : Scene(folder), p_(p) {
    const auto axes = frame_axes(p.domain.voxels, p.domain.spacing, p.output);
    for (std::size_t a = 0; a < 3; ++a) {
      box_.low[a] = axes[a].origin * p.domain.spacing;
      box_.high[a] = box_.low[a] + axes[a].count * axes[a].stride * p.domain.spacing;
      thick_ = thick_ && axes[a].count >= 8;
    }
  }

  std::string text() {
    if (p_.output.fields) show_fields();
    if (p_.output.cells) show_cells();
    if (p_.output.vessels) draw_tubes(open("vessels"));
    show_day();
    // In front, a little to the right.
    look(box_, {0.45, -1.0, 0.62}, {0, 0, 1}, 1.85, {1200, 900});
    keep_time();
    return s_.text();
  }

private:
  int plane(const std::array<double, 3>& normal) {
    // Between the faces of voxels: a plane on them would show both sides.
    Numbers origin;
    for (std::size_t a = 0; a < 3; ++a) origin.push_back(box_.middle(a) + 0.25 * p_.domain.spacing);
    const int p = s_.add("implicit_functions", "Plane", "", "");
    s_.set(p, "Origin", origin);
    s_.set(p, "Normal", Numbers{normal[0], normal[1], normal[2]});
    return p;
  }
  // The side of the middle plane across y that is nearer to the eye, or the other one.
  int half(const std::string& name, int input, bool near) {
    if (!thick_) return input;
    const int clip = filter("Clip", name, input);
    s_.link(clip, "ClipFunction", {plane({0, 1, 0})});
    s_.set(clip, "Invert", Numbers{near ? 1.0 : 0.0});
    return clip;
  }
  void show_fields() {
    const int fields = open("fields");
    plain(draw("box", fields, "Outline"), box_colour);
    const auto& arrays = p_.output.arrays;
    const bool oxygen =
        arrays.empty() || std::find(arrays.begin(), arrays.end(), "oxygen") != arrays.end();
    const std::string array = oxygen ? "oxygen" : arrays.front();
    const int cut = filter("Cut", array + " level", fields);
    s_.link(cut, "CutFunction", {plane({0, 0, 1})});
    const int front = half(array + " in front", cut, true);
    const int table =
        s_.add("lookup_tables", "PVLookupTable", "lookup_tables", array + ".PVLookupTable");
    const double top = 60; // mmHg
    static constexpr const char* stops[] = {"#0b0a1c", "#2f2a66", "#355f9f",
                                            "#3598a8", "#63cfab", "#e2f7e6"};
    Numbers points;
    for (std::size_t k = 0; k < 6; ++k) {
      points.push_back(static_cast<double>(k) * top / 5);
      for (const double c : colour(stops[k])) points.push_back(c);
    }
    s_.set(table, "RGBPoints", points);
    s_.set(table, "ColorSpace", Numbers{0});
    // Of oxygen the range is known; others follow the frame.
    s_.set(table, "AutomaticRescaleRangeMode", Numbers{oxygen ? -1.0 : 1.0});
    s_.set(table, "ScalarRangeInitialized", Numbers{1});
    const int r = draw(array, front, "Surface");
    s_.follow(r, "ColorArrayName", true, array);
    s_.link(r, "LookupTable", {table});
    legend(table, oxygen ? "oxygen, mmHg" : array, {0.88, 0.06});
  }

  void show_cells() {
    int lowest = 255, highest = 0;
    for (const StateRow& row : state_rows) {
      if (!shown(row)) continue;
      lowest = std::min(lowest, row.code);
      highest = std::max(highest, row.code);
    }
    const int tumour = threshold("tumour cells", open("cells"), "cell_state", lowest, highest),
              far = half("tumour, cut open", tumour, false), table = state_colours();
    draw_cells("tumour", far, 0.6 * p_.domain.spacing, table);
  }

  const Parameters& p_;
  Box box_;
  bool thick_ = true; // enough to be cut open
};

// All windows of a body that are open, side by side.
class BodyScene : Scene {
public:
  BodyScene(const Parameters& primary, const BodyParameters& body, const std::string& folder)
      : Scene(folder), primary_(primary), windows_(body.windows) {}

  std::string text() {
    const int body = open("body");
    if (primary_.output.cells) show_cells(body);
    if (primary_.output.vessels)
      draw_tubes(filter("DataSetSurfaceFilter", "vessels and no cells",
                        threshold("vessels", body, "cell_state", vessel, vessel)));
    show_boxes(body);
    show_day();
    look(room(), {0.0, -0.55, 0.85}, {0, 1, 0}, 1.55, {1600, 900});
    keep_time();
    return s_.text();
  }

private:
  // One part for each run of codes between those that are not shown.
  void show_cells(int body) {
    const int table = state_colours();
    for (std::size_t k = 0; k < state_rows.size(); ++k) {
      if (!shown(state_rows[k])) continue;
      const std::size_t first = k;
      while (k + 1 < state_rows.size() && shown(state_rows[k + 1])) ++k;
      const std::string name = first == k ? std::string(state_rows[k].label) : "cells";
      draw_cells(name,
                 threshold(name, body, "cell_state", static_cast<int>(first), static_cast<int>(k)),
                 0.6 * primary_.domain.spacing, table);
    }
  }

  // Their points stand for no cell. What is forced has another colour and a thicker line.
  void show_boxes(int body) {
    const int edges = threshold("boxes", body, "cell_state", 0, 0);
    const auto show = [&](const std::string& name, Origin from, Origin to, const char* hex,
                          double width) {
      const int r =
          draw(name, threshold(name, edges, "origin", static_cast<int>(from), static_cast<int>(to)),
               "Surface");
      plain(r, hex);
      s_.set(r, "Ambient", Numbers{1});
      s_.set(r, "Diffuse", Numbers{0});
      s_.set(r, "LineWidth", Numbers{width});
    };
    show("boxes of the primary and natural cells", Origin::primary, Origin::natural, box_colour,
         1.5);
    show("boxes of forced founders", Origin::forced, Origin::forced, vessel_colour, 4);
    const int words = s_.add("sources", "TextSource", "sources", "what boxes mean");
    s_.set(words, "Text", Strings{"thick red boxes: around forced founders"});
    tell("what boxes mean", words, lower_left, 14);
  }

  // Of the primary and of as many windows as will be open or shown at a time.
  Box room() const {
    Box box;
    const auto add = [&](const std::array<double, 3>& corner, const std::array<double, 3>& size) {
      for (std::size_t a = 0; a < 3; ++a) box.high[a] = std::max(box.high[a], corner[a] + size[a]);
    };
    std::array<double, 3> size{};
    for (std::size_t a = 0; a < 3; ++a)
      size[a] = primary_.domain.voxels[a] * primary_.domain.spacing;
    add({0, 0, 0}, size);
    for (int k = 1; k <= windows_.max + windows_.shown; ++k)
      add(window_corner(k, size[0], windows_.size), {windows_.size, windows_.size, windows_.size});
    return box;
  }

  static constexpr int vessel = static_cast<int>(drawn_state(Kind::vessel));
  const Parameters& primary_;
  const WindowParameters& windows_;
};

} // namespace

std::string scene_state(const Parameters& parameters, const std::string& folder) {
  return SiteScene(parameters, folder).text();
}

std::string body_scene_state(const Parameters& primary, const BodyParameters& body,
                             const std::string& folder) {
  return BodyScene(primary, body, folder).text();
}

std::string scene_script() {
  return "# Opens this run in ParaView wherever its folder lies: File > Load State.\n"
         "import os\n"
         "from paraview.simple import LoadState\n"
         "\n"
         "folder = os.path.dirname(os.path.abspath(__file__))\n"
         "LoadState(os.path.join(folder, \"scene.pvsm\"), data_directory=folder)\n";
}

} // namespace metavox
