#include "program/body_tables.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "body/lesion_growth.hpp"
#include "core/exact.hpp"
#include "core/file.hpp"
#include "record/csv.hpp"
#include "settings/days.hpp"
#include "settings/text.hpp"
#include "voxel/views.hpp"

namespace metavox {
namespace {

std::string error_text(const Estimate& e) { return e.error < 0 ? "" : csv_number(e.error); }
std::string both(const Estimate& e) { return csv_number(e.value) + "," + error_text(e); }

std::string day_of(const Replicates& bodies, std::int64_t step) {
  return csv_number(static_cast<double>(step) * bodies.plan().body.step / minutes_per_day);
}

// Empty where it is none, -1.
std::string organ_name(const Replicates& bodies, std::int32_t organ) {
  return organ < 0 ? "" : bodies.plan().body.organs[static_cast<std::size_t>(organ)].name;
}

double cells_of_metastases(const Body& body) {
  double cells = 0;
  for (const Lesion& l : body.lesions())
    if (l.origin == Origin::natural) cells += static_cast<double>(l.cells);
  return cells;
}

// A number of each stage of an organ, of whole and of expected cells alike.
struct StageRow {
  const char* name;
  std::int64_t (*natural)(const OrganStages<std::int64_t>&);
  double (*expected)(const OrganStages<double>&);
};

const std::vector<StageRow>& stage_rows() {
  static const std::vector<StageRow> rows = [] {
    std::vector<StageRow> r;
    const auto add = [&](const char* name, auto of) { r.push_back({name, of, of}); };
    add("lodged", [](const auto& o) { return o.arrived; });
    add("lodged_now", [](const auto& o) { return o.lodged_cells(); });
    add("killed_by_nk", [](const auto& o) { return o.killed; });
    add("dead_otherwise", [](const auto& o) { return o.died; });
    add("released", [](const auto& o) { return o.released; });
    add("adhered", [](const auto& o) { return o.adhered; });
    add("adherent_now", [](const auto& o) { return o.adherent_cells(); });
    add("dead_adherent", [](const auto& o) { return o.died_adherent; });
    add("landed", [](const auto& o) { return o.landed; });
    add("doomed", [](const auto& o) { return o.fate[0]; });
    add("abortive", [](const auto& o) { return o.fate[1]; });
    add("dormant", [](const auto& o) { return o.fate[2]; });
    add("competent", [](const auto& o) { return o.competent(); });
    add("asleep_now", [](const auto& o) { return o.asleep_cells(); });
    add("founders", [](const auto& o) { return o.founders(); });
    return r;
  }();
  return rows;
}

bool is_forced_into(const Replicates& bodies, std::int32_t organ) {
  return std::any_of(bodies.strata().begin(), bodies.strata().end(),
                     [&](const Stratum& s) { return s.organ == organ; });
}

// What forced founders tell of a stage; empty where they tell nothing.
std::string forced_cells(const Replicates& bodies, std::int32_t organ, const std::string& stage) {
  if (!is_forced_into(bodies, organ)) return ",";
  if (stage == "competent")
    return both(bodies.forced_estimate(organ, [](const Lesion&) { return 1.0; }));
  if (stage == "founders")
    return both(
        bodies.forced_estimate(organ, [](const Lesion& l) { return l.asleep ? 0.0 : 1.0; }));
  if (stage == "established")
    return both(bodies.forced_estimate(
        organ, [](const Lesion& l) { return l.established >= 0 ? 1.0 : 0.0; }));
  return ",";
}

const char* name_of(BodyEvent::What what) {
  switch (what) {
  case BodyEvent::What::founded: return "founded";
  case BodyEvent::What::established: return "established";
  case BodyEvent::What::died_out: return "died_out";
  case BodyEvent::What::forced: return "forced";
  case BodyEvent::What::opened: return "window_opened";
  case BodyEvent::What::closed: return "window_closed";
  case BodyEvent::What::uncovered: return "no_window_left";
  case BodyEvent::What::shown: return "window_shows";
  case BodyEvent::What::gone: return "window_empty";
  case BodyEvent::What::unfit: return "window_too_small";
  case BodyEvent::What::removed: return "removed";
  case BodyEvent::What::died: return "died";
  case BodyEvent::What::died_of_burden: return "died_of_burden";
  case BodyEvent::What::died_otherwise: return "died_otherwise";
  default: return "woken";
  }
}

} // namespace

BodyTable body_rows(const Replicates& bodies) {
  BodyTable t;
  t.header = "time [day],step,hash";
  t.rows = csv_number(bodies.time() / minutes_per_day) + "," + std::to_string(bodies.steps()) +
           "," + hex16(bodies.hash());
  const auto add = [&](const char* name, const auto& of) {
    t.header += std::string(",") + name;
    t.rows += "," + csv_number(bodies.mean(of).value);
  };
  const LesionParameters& law = bodies.plan().body.lesions;
  const auto sum = [](const Body& b, const auto& of) {
    std::int64_t n = 0;
    for (const auto& o : b.natural().organs) n += of(o);
    return n;
  };
  add("primary_cells", [](const Body& b) { return b.lesions()[0].cells; });
  add("primary_diameter [mm]", [&](const Body& b) {
    return diameter_of_cells(law, static_cast<double>(b.lesions()[0].cells)) / 1e3;
  });
  add("departed", [](const Body& b) { return b.natural().departed; });
  add("lodged",
      [&](const Body& b) { return sum(b, [](const auto& o) { return o.lodged_cells(); }); });
  add("adherent",
      [&](const Body& b) { return sum(b, [](const auto& o) { return o.adherent_cells(); }); });
  add("landed", [&](const Body& b) { return sum(b, [](const auto& o) { return o.landed; }); });
  add("dormant", [&](const Body& b) { return sum(b, [](const auto& o) { return o.fate[2]; }); });
  add("asleep",
      [&](const Body& b) { return sum(b, [](const auto& o) { return o.asleep_cells(); }); });
  add("natural_lesions", [](const Body& b) { return natural_lesions(b, -1); });
  add("natural_established", [](const Body& b) { return natural_established(b, -1); });
  add("natural_cells_of_metastases", cells_of_metastases);
  add("expected_blood_cells [1/mL]", [](const Body& b) { return b.blood_level() * 1e12; });
  add("expected_competent", [](const Body& b) { return b.expected_founders(); });
  if (!founders_act(bodies.plan().body))
    add("expected_chance_of_none",
        [](const Body& b) { return exact::exp(-b.expected_founders()); });
  if (is_planned(bodies.plan().body.removal)) {
    add("removed", [](const Body& b) { return b.removed() >= 0 ? 1.0 : 0.0; });
    add("resected", [](const Body& b) { return b.lesions()[0].resected; });
    const RemovalParameters& r = bodies.plan().body.removal;
    if (r.spills()) {
      add("spilled_into_blood", [](const Body& b) { return b.spilled_into_blood(); });
      add("spilled_into_cavity", [](const Body& b) { return b.spilled_into_cavity(); });
    }
    if (r.washed > 0) add("washed_out", [](const Body& b) { return b.cavity().washed; });
  }
  if (bodies.plan().lymph.enabled()) {
    add("departed_by_lymph", [](const Body& b) { return b.lymph().departed; });
    add("in_nodes", [](const Body& b) { return b.lymph().in_nodes(); });
    add("out_of_nodes", [](const Body& b) { return b.lymph().passed; });
    add("founders_in_nodes", [](const Body& b) { return b.lymph().founded; });
    add("expected_founders_in_nodes", [](const Body& b) { return b.expected_lymph().founded; });
    add("largest_node [mm]", [&](const Body& b) {
      std::int64_t most = 0;
      for (const Lesion& l : b.lesions())
        if (l.origin == Origin::nodal) most = std::max(most, l.cells);
      return diameter_of_cells(law, static_cast<double>(most)) / 1e3;
    });
  }
  if (bodies.plan().cavity.enabled()) {
    add("departed_into_cavity", [](const Body& b) { return b.cavity().shed(); });
    add("in_cavity", [](const Body& b) { return b.cavity().in_cavity(); });
    add("dead_in_cavity", [](const Body& b) { return b.cavity().died; });
    add("attached", [](const Body& b) { return b.cavity().attached_to_all(); });
    add("implants", [](const Body& b) { return b.cavity().implants_on_all(); });
    add("expected_implants", [](const Body& b) { return b.expected_cavity().implants_on_all(); });
  }
  const BodyParameters& body = bodies.plan().body;
  for (std::size_t o = 0; o < body.organs.size(); ++o)
    if (bodies.plan().load.can_fail(o))
      add(("function_" + body.organs[o].name).c_str(),
          [&](const Body& b) { return b.function(static_cast<std::int32_t>(o)); });
  if (body.death.lesions || body.death.others)
    add("alive", [](const Body& b) { return b.died() < 0 ? 1.0 : 0.0; });
  t.header += "\n";
  t.rows += "\n";
  return t;
}

BodyTable cascade_rows(const Replicates& bodies) {
  BodyTable t;
  t.header = "time [day],organ,stage,natural,natural_error,expected,expected_error,"
             "forced_estimate,forced_error\n";
  const std::string day = csv_number(bodies.time() / minutes_per_day);
  const auto row = [&](const std::string& organ, const char* stage, const Estimate& natural,
                       const std::string& expected, const std::string& forced) {
    t.rows += day + "," + organ + "," + stage + "," + both(natural) + "," + expected + "," +
              forced + "\n";
  };
  const auto flow = [&](const char* stage, const auto& of) {
    row("blood", stage, bodies.mean([&](const Body& b) { return of(b.natural()); }),
        both(bodies.mean([&](const Body& b) { return of(b.expected()); })), ",");
  };
  flow("departed", [](const auto& s) { return s.departed; });
  flow("dead_in_flow", [](const auto& s) { return s.dead_in_flow; });
  flow("passed_out", [](const auto& s) { return s.passed_out; });
  // Of lymph and the cavity, of whole and of expected cells alike.
  const auto lymph = [&](const char* stage, const auto& of) {
    row("lymph", stage, bodies.mean([&](const Body& b) { return of(b.lymph()); }),
        both(bodies.mean([&](const Body& b) { return of(b.expected_lymph()); })), ",");
  };
  if (bodies.plan().lymph.enabled()) {
    lymph("entered_nodes", [](const auto& s) { return s.departed; });
    lymph("in_nodes_now", [](const auto& s) { return s.in_nodes(); });
    lymph("dead_in_nodes", [](const auto& s) { return s.died; });
    lymph("into_veins", [](const auto& s) { return s.passed; });
    lymph("founders_in_nodes", [](const auto& s) { return s.founded; });
    if (is_planned(bodies.plan().body.removal))
      lymph("resected", [](const auto& s) { return s.resected; });
  }
  const CavityLaw& law = bodies.plan().cavity;
  const auto floating = [&](const std::string& organ, const char* stage, const auto& of) {
    row(organ, stage, bodies.mean([&](const Body& b) { return of(b.cavity()); }),
        both(bodies.mean([&](const Body& b) { return of(b.expected_cavity()); })), ",");
  };
  if (law.enabled()) {
    floating("cavity", "shed", [](const auto& s) { return s.shed(); });
    floating("cavity", "floating_now", [](const auto& s) { return s.in_cavity(); });
    floating("cavity", "dead", [](const auto& s) { return s.died; });
    if (bodies.plan().body.removal.washed > 0)
      floating("cavity", "washed_out", [](const auto& s) { return s.washed; });
  }
  if (is_planned(bodies.plan().body.removal))
    row("primary", "resected", bodies.mean([](const Body& b) { return b.lesions()[0].resected; }),
        ",", ",");
  if (bodies.plan().body.removal.spills())
    row("primary", "spilled", bodies.mean([](const Body& b) { return b.lesions()[0].spilled; }),
        ",", ",");
  for (std::size_t k = 0; k < bodies.plan().body.organs.size(); ++k) {
    const auto organ = static_cast<std::int32_t>(k);
    const std::string name = organ_name(bodies, organ);
    const Estimate arrived =
        bodies.mean([&](const Body& b) { return b.expected().organs[k].arrived; });
    if (!(arrived.value > 0) && !law.reaches(k)) continue;
    if (law.reaches(k)) {
      floating(name, "attached", [&](const auto& s) { return s.attached[k]; });
      floating(name, "implants", [&](const auto& s) { return s.implants[k]; });
    }
    for (const StageRow& stage : stage_rows())
      row(name, stage.name,
          bodies.mean([&](const Body& b) { return stage.natural(b.natural().organs[k]); }),
          both(bodies.mean([&](const Body& b) { return stage.expected(b.expected().organs[k]); })),
          forced_cells(bodies, organ, stage.name));
    row(name, "established",
        bodies.mean([&](const Body& b) { return natural_established(b, organ); }), ",",
        forced_cells(bodies, organ, "established"));
  }
  return t;
}

BodyTable founder_rows(const Replicates& bodies, const std::vector<ReplicateEvent>& events) {
  BodyTable t;
  t.header = "time [day],replicate,origin,lesion,organ,phenotype,slept,stratum,expected_number\n";
  for (const ReplicateEvent& e : events) {
    if (e.event.what != BodyEvent::What::founded && e.event.what != BodyEvent::What::forced)
      continue;
    const Lesion& l = e.lesion;
    t.rows += day_of(bodies, e.step) + "," + std::to_string(e.replicate) + "," + name_of(l.origin) +
              "," + std::to_string(l.number) + "," + organ_name(bodies, l.organ) + "," +
              (l.phenotype == Phenotype::epithelial ? "E" : "M") + "," + (l.slept ? "1" : "0") +
              "," + (l.origin == Origin::forced ? std::to_string(l.stratum) : "") + "," +
              (l.origin == Origin::forced ? csv_number(l.weight) : "") + "\n";
  }
  return t;
}

namespace {

std::string numbered(std::int64_t number) { return number < 0 ? "" : std::to_string(number); }

} // namespace

BodyTable event_rows(const Replicates& bodies, const std::vector<ReplicateEvent>& events) {
  BodyTable t;
  t.header = "time [day],event,replicate,origin,lesion,organ,cells,window\n";
  for (const ReplicateEvent& e : events)
    t.rows += day_of(bodies, e.step) + "," + name_of(e.event.what) + "," +
              std::to_string(e.replicate) + "," + name_of(e.lesion.origin) + "," +
              numbered(e.lesion.number) + "," + organ_name(bodies, e.lesion.organ) + "," +
              std::to_string(e.lesion.cells) + "," + numbered(e.event.window) + "\n";
  return t;
}

Passed passed(const Replicates& bodies) {
  const Body& body = bodies.natural(0);
  Passed p{{}, body.natural(), body.lymph(), body.cavity()};
  p.departed.resize(p.stages.organs.size());
  for (const auto* lesions : {&body.lesions(), &body.forced()})
    for (const Lesion& l : *lesions) p.departed[static_cast<std::size_t>(l.organ)] += l.departed;
  return p;
}

// Named as the stages of cascade.csv.
std::string passages(const Replicates& bodies, const Passed& before) {
  const Passed now = passed(bodies);
  const std::string day = day_of(bodies, bodies.steps());
  std::string text;
  const auto row = [&](const std::string& place, const std::string& what, std::int64_t so_far,
                       std::int64_t until_then) {
    if (so_far > until_then)
      text += day + "," + what + ",0,natural,," + place + "," +
              std::to_string(so_far - until_then) + ",\n";
  };
  row("nodes", "by_lymph", now.lymph.departed, before.lymph.departed);
  row("nodes", "dead_in_nodes", now.lymph.died, before.lymph.died);
  row("nodes", "into_veins", now.lymph.passed, before.lymph.passed);
  row("nodes", "founders_in_nodes", now.lymph.founded, before.lymph.founded);
  row("cavity", "into_cavity", now.cavity.shed(), before.cavity.shed());
  row("cavity", "dead", now.cavity.died, before.cavity.died);
  row("blood", "dead_in_flow", now.stages.dead_in_flow, before.stages.dead_in_flow);
  row("blood", "passed_out", now.stages.passed_out, before.stages.passed_out);
  for (std::size_t k = 0; k < now.departed.size(); ++k) {
    const std::string organ = organ_name(bodies, static_cast<std::int32_t>(k));
    const OrganStages<std::int64_t>&a = before.stages.organs[k], &b = now.stages.organs[k];
    row(organ, "departed", now.departed[k], before.departed[k]);
    row(organ, "lodged", b.arrived, a.arrived);
    row(organ, "killed_by_nk", b.killed, a.killed);
    row(organ, "dead_otherwise", b.died, a.died);
    row(organ, "released", b.released, a.released);
    row(organ, "adhered", b.adhered, a.adhered);
    row(organ, "dead_adherent", b.died_adherent, a.died_adherent);
    row(organ, "attached", now.cavity.attached[k], before.cavity.attached[k]);
    for (std::size_t f = 0; f < fates; ++f)
      row(organ, std::string("landed_") + name_of(static_cast<Fate>(f)), b.fate[f], a.fate[f]);
  }
  return text;
}

std::string lesion_name(const Replicates& bodies, const Lesion& l) {
  const std::string organ = organ_name(bodies, l.organ);
  if (l.origin == Origin::primary) return organ + "-primary";
  return organ + "-" + std::to_string(l.number) + (l.origin == Origin::forced ? "-forced" : "");
}

namespace {

std::string parent_cells(const Replicates& bodies, const Parent& p, std::int32_t organ,
                         Origin origin) {
  if (!p.known()) return ",,,,";
  Lesion parent;
  parent.number = p.lesion;
  parent.organ = organ;
  parent.origin = origin;
  return std::to_string(p.lesion) + "," + lesion_name(bodies, parent) + "," +
         organ_name(bodies, organ) + "," + name_of(p.route) + "," + day_of(bodies, p.left + 1);
}

// The window that was opened around a lesion in these events; -1: none was.
std::int64_t window_of(const Lesion& l, const std::vector<ReplicateEvent>& events) {
  for (const ReplicateEvent& e : events)
    if (e.event.what == BodyEvent::What::opened && e.event.lesion == l.number &&
        e.event.origin == l.origin)
      return e.event.window;
  return -1;
}

std::string record_cells(Fate fate, const Cell& cell, bool travelled) {
  std::string text = std::string(name_of(fate)) + "," + std::string(name_of(cell.kind)) + "," +
                     (travelled ? std::to_string(cell.clone) : "");
  for (const TraitRow& trait : trait_rows)
    text += "," + std::to_string(value_of(cell.traits, trait.trait));
  return text;
}

std::string founder_cells(const Replicates& bodies, const std::vector<ReplicateEvent>& events,
                          const ReplicateEvent& e) {
  const Lesion& l = e.lesion;
  std::string row = std::to_string(l.number) + "," + lesion_name(bodies, l) + "," +
                    organ_name(bodies, l.organ) + "," +
                    parent_cells(bodies, l.parent, e.parent_organ, e.parent_origin);
  if (bodies.windows() == nullptr) return row;
  const FounderRecord& founder = *bodies.windows()->founder_of(l.number, l.origin);
  return row + "," + numbered(window_of(l, events)) + "," +
         record_cells(l.asleep ? Fate::asleep : Fate::awake, founder.cell, founder.travelled);
}

std::string shown_cells(const Replicates& bodies, const WindowFounder& f) {
  const WindowRecord& r = bodies.windows()->record(f.window);
  const Lesion* parent = bodies.natural(0).lesion(f.parent.lesion, Origin::natural);
  return ",," + organ_name(bodies, r.organ) + "," +
         parent_cells(bodies, f.parent, parent != nullptr ? parent->organ : -1,
                      parent != nullptr ? parent->origin : Origin::natural) +
         "," + std::to_string(f.window) + "," + record_cells(r.fate, f.cell, f.travelled);
}

} // namespace

BodyTable lineage_rows(const Replicates& bodies, const std::vector<ReplicateEvent>& events) {
  BodyTable t;
  t.header = "time [day],replicate,origin,lesion,name,organ,parent,parent_name,parent_organ,route,"
             "left [day]";
  if (bodies.windows() != nullptr) {
    t.header += ",window,fate,kind,clone";
    for (const TraitRow& trait : trait_rows) t.header += "," + std::string(trait.name);
  }
  t.header += "\n";
  const auto row = [&](const ReplicateEvent& e, const std::string& cells) {
    t.rows += day_of(bodies, e.step) + "," + std::to_string(e.replicate) + "," +
              name_of(e.lesion.origin) + "," + cells + "\n";
  };
  for (const ReplicateEvent& e : events) {
    const BodyEvent::What what = e.event.what;
    if (what == BodyEvent::What::founded || what == BodyEvent::What::forced)
      row(e, founder_cells(bodies, events, e));
    if (what != BodyEvent::What::shown) continue;
    for (const WindowFounder& f : bodies.windows()->founders())
      if (f.window == e.event.window) row(e, shown_cells(bodies, f));
  }
  return t;
}

namespace {

// A node of a tree before it is written: a founder, with what came from it.
struct TreeNode {
  int replicate = 0;
  bool forced = false;
  std::string name, parent, clone;
  double founded = 0, left = 0;                                // days
  std::vector<std::pair<std::string, std::string>> founded_by; // clones and subtrees
};

// As Newick has it: what is not a plain word stands in quotes; there is no quote in a name.
std::string label(const std::string& name) {
  const bool plain =
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos;
  return plain ? name : "'" + name + "'";
}
std::string branch(double days) { return ":" + text_of("%.10g", days); }

// The last that was added came first.
std::string below(const TreeNode& node) {
  std::vector<std::pair<std::string, std::string>> clones;
  std::string text;
  const auto add = [](std::string& list, const std::string& one) {
    list += (list.empty() ? "" : ",") + one;
  };
  for (auto child = node.founded_by.rbegin(); child != node.founded_by.rend(); ++child) {
    if (child->first.empty() || child->first == node.clone) {
      add(text, child->second);
      continue;
    }
    auto of = std::find_if(clones.begin(), clones.end(),
                           [&](const auto& c) { return c.first == child->first; });
    if (of == clones.end()) of = clones.insert(of, {child->first, ""});
    add(of->second, child->second);
  }
  for (const auto& [clone, founded] : clones) add(text, "(" + founded + ")clone-" + clone + ":0");
  return text.empty() ? "" : "(" + text + ")";
}

std::vector<TreeNode> tree_nodes(const std::string& csv) {
  const std::vector<std::vector<std::string>> rows = split_rows(csv);
  const auto column = [&](const char* name) {
    return static_cast<std::size_t>(std::find(rows[0].begin(), rows[0].end(), name) -
                                    rows[0].begin());
  };
  std::vector<TreeNode> nodes;
  if (rows.empty()) return nodes;
  const std::size_t day = column("time [day]"), replicate = column("replicate"),
                    origin = column("origin"), name = column("name"),
                    parent = column("parent_name"), left = column("left [day]"),
                    clone = column("clone");
  for (std::size_t k = 1; k < rows.size(); ++k) {
    const std::vector<std::string>& row = rows[k];
    if (row.size() != rows[0].size() || row[name].empty()) continue;
    TreeNode n;
    n.replicate = static_cast<int>(as_integer(row[replicate]).value_or(0));
    n.forced = row[origin] == metavox::name_of(Origin::forced);
    n.name = row[name], n.parent = row[parent];
    n.founded = as_number(row[day]).value_or(0), n.left = as_number(row[left]).value_or(0);
    if (clone < row.size()) n.clone = row[clone];
    nodes.push_back(std::move(n));
  }
  return nodes;
}

} // namespace

std::string lineage_trees(const std::string& csv, const std::string& primary, int replicates,
                          bool apart) {
  std::vector<TreeNode> nodes = tree_nodes(csv);
  std::vector<TreeNode> roots(static_cast<std::size_t>(replicates));
  std::vector<std::string> others(roots.size());
  std::map<std::pair<int, std::string>, TreeNode*> known;
  for (std::size_t r = 0; r < roots.size(); ++r) known[{static_cast<int>(r), primary}] = &roots[r];
  for (TreeNode& n : nodes)
    if (!(apart && n.forced)) known[{n.replicate, n.name}] = &n;
  // Nobody comes before his parent.
  for (auto n = nodes.rbegin(); n != nodes.rend(); ++n) {
    if (n->replicate < 0 || n->replicate >= replicates) continue;
    if (apart && n->forced) {
      std::string& text = others[static_cast<std::size_t>(n->replicate)];
      const bool of_primary = n->parent.empty() || n->parent == primary;
      const std::string tip =
          "(" + label(n->name) + branch(of_primary ? n->founded : n->founded - n->left) + ")";
      text = (of_primary ? tip : "(" + tip + label(n->parent) + branch(n->left) + ")") +
             label(primary) + ";\n" + text;
      continue;
    }
    const auto found = known.find({n->replicate, n->parent});
    TreeNode& parent =
        found != known.end() ? *found->second : roots[static_cast<std::size_t>(n->replicate)];
    parent.founded_by.emplace_back(n->clone, below(*n) + label(n->name) +
                                                 branch(n->founded - parent.founded));
  }
  std::string text;
  for (std::size_t r = 0; r < roots.size(); ++r)
    text += below(roots[r]) + label(primary) + ";\n" + others[r];
  return text;
}

std::string compartments(const Replicates& bodies) {
  const auto mean = [&](const auto& of) { return text_of("%.6g", bodies.mean(of).value); };
  const auto over_organs = [&](const auto& of) {
    return mean([&](const Body& b) {
      std::int64_t sum = 0;
      for (const auto& o : b.natural().organs) sum += of(o);
      return sum;
    });
  };
  std::string text =
      mean([](const Body& b) { return b.lesions()[0].cells; }) + " in the primary, " +
      over_organs([](const auto& o) { return o.lodged_cells(); }) + " lodged, " +
      over_organs([](const auto& o) { return o.adherent_cells(); }) + " adherent, " +
      over_organs([](const auto& o) { return o.landed; }) + " landed, " +
      mean([](const Body& b) { return natural_lesions(b, -1); }) + " natural lesions";
  if (bodies.plan().cavity.enabled())
    text += ", " + mean([](const Body& b) { return b.cavity().in_cavity(); }) + " in the cavity";
  if (bodies.windows() != nullptr)
    text += ", " + counted(static_cast<std::int64_t>(bodies.windows()->open().size()), "window",
                           "windows");
  return text;
}

std::string estimates_csv(const Replicates& bodies) {
  std::string text = "quantity,organ,source,value,standard_error,method\n";
  for (const BodyNumber& n : numbers_of(bodies)) {
    const bool given = n.method.rfind("not given", 0) != 0;
    text += n.quantity + "," + n.organ + "," + n.source + "," +
            (given ? both(n.estimate) : std::string(",")) + "," + csv_cell(n.method) + "\n";
  }
  return text;
}

} // namespace metavox
