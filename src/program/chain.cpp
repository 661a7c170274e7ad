#include "program/chain.hpp"

#include <cstdio>
#include <numeric>

#include <nlohmann/json.hpp>

#include "body/body_config.hpp"
#include "body/circulation.hpp"
#include "body/settling.hpp"
#include "core/errors.hpp"
#include "program/exit_code.hpp"
#include "settings/spelling.hpp"
#include "settings/text.hpp"

namespace metavox {
namespace {

struct FoundPassage {
  const BodyParameters& body;
  const PrimaryParameters& primary;
  Circulation blood;
  Passage passage;
  std::vector<double> soils;
  std::vector<double> landed; // of one cell shed, in the end

  double circuits() const { return passage.flowing / body.blood.circuit; }
  // 0: not known
  double frequency(std::size_t organ) const {
    for (const SoilParameters& s : primary.soils)
      if (s.organ == body.organs[organ].name) return s.frequency;
    return 0;
  }
};

void print_json(const FoundPassage& a) {
  using Json = nlohmann::ordered_json;
  Json chambers = Json::array(), organs = Json::array();
  for (std::size_t c = 0; c < a.body.chambers.size(); ++c)
    chambers.push_back({{"name", a.body.chambers[c].name}, {"visits", a.passage.visits[c]}});
  for (std::size_t o = 0; o < a.body.organs.size(); ++o) {
    const double f = a.frequency(o);
    organs.push_back({{"name", a.body.organs[o].name},
                      {"pass", a.body.organs[o].pass},
                      {"lodged", a.passage.lodged[o]},
                      {"landed", a.landed[o]},
                      {"soil", a.soils[o]},
                      {"frequency", f > 0 ? Json(f) : Json()}});
  }
  const Json all{{"from", a.primary.name},     {"preset", name_of(a.body.preset)},
                 {"pass", a.body.pass},        {"chambers", chambers},
                 {"organs", organs},           {"dead", a.passage.dead},
                 {"passed", a.passage.passed}, {"minutes_flowing", a.passage.flowing},
                 {"circuits", a.circuits()}};
  std::printf("%s\n", all.dump(1).c_str());
}

void print_table(const FoundPassage& a) {
  std::printf("from        %s, a share of %.4g through a bed, preset %s\n", a.primary.name.c_str(),
              a.body.pass, std::string(name_of(a.body.preset)).c_str());
  for (std::size_t c = 0; c < a.body.chambers.size(); ++c)
    std::printf("%-11s visited %.4f times\n", a.body.chambers[c].name.c_str(), a.passage.visits[c]);
  std::printf("flowing     %.4g min, %.4g circuits of %.4g min\n\n", a.passage.flowing,
              a.circuits(), a.body.blood.circuit);
  std::printf("%-12s %9s %9s %9s %11s\n", "organ", "lodged %", "landed %", "soil", "frequency");
  std::vector<std::size_t> order(a.body.organs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
    return a.passage.lodged[x] > a.passage.lodged[y];
  });
  for (const std::size_t o : order) {
    const double f = a.frequency(o);
    std::printf("%-12s %9.4f %9.4g %9.4g %11s\n", a.body.organs[o].name.c_str(),
                100 * a.passage.lodged[o], 100 * a.landed[o], a.soils[o],
                f > 0 ? text_of("%.3g", f).c_str() : "-");
  }
  double lodged = 0;
  for (const double share : a.passage.lodged) lodged += share;
  std::printf("\nlodged %.4f %%, dead in the flow %.4f %%, passed out %.4f %%\n", 100 * lodged,
              100 * a.passage.dead, 100 * a.passage.passed);
}

} // namespace

const PrimaryParameters& primary_from(const BodyParameters& body, const std::string& name,
                                      const std::filesystem::path& file) {
  std::vector<std::string> names;
  for (const PrimaryParameters& p : body.primaries) {
    if (p.name == name) return p;
    names.push_back(p.name);
  }
  const std::string near = closest(name, names);
  std::string list;
  for (const std::string& n : names) list += (list.empty() ? "" : ", ") + n;
  throw ConfigError("--from " + in_quotes(name) + " is no primary of " + file.string() +
                    (near.empty() ? "; there are " + list : "; did you mean " + near + "?"));
}

int chain(const ChainOptions& options) {
  std::vector<std::string> set = options.set;
  if (!options.pass.empty()) set.push_back("body.pass=" + options.pass);
  const BodyConfig config = read_body(options.config, set);
  const BodyParameters& body = config.settings.body;
  const std::string from = options.from.empty() ? body.primary : options.from;
  const PrimaryParameters& primary = primary_from(body, from, options.config);
  const Circulation blood = circulation_of(body);
  const FoundPassage answer{body,
                            primary,
                            blood,
                            follow(blood, ways_of(body, primary)),
                            soils_for(body, primary),
                            landed_shares(body, primary)};
  if (options.json)
    print_json(answer);
  else
    print_table(answer);
  return exit_done;
}

} // namespace metavox
