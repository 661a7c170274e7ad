"""The tornado of scripts/studies.py: every constant of the cascade that has a setting, moved by two, one at a time.

Each is moved where it shows: in a cohort, in a body counted hour by hour, on the lattice of a tumour that sheds, in a bed of vessels. A
group is one such experiment. Nothing here is judged: a row says how far an answer follows a constant, not whether either is right.
"""

import csv
import math
import os
import re
import resource
import statistics
import subprocess
from dataclasses import dataclass, field

import sensitivity
from study_page import SOURCE, Row, number, read, table

NONE = math.nan
ORGANS = ("lung", "liver", "bone", "brain", "adrenal", "kidney", "ovary", "peritoneum", "pleura", "skin", "spleen", "nodes", "breast", "stomach",
          "colon", "prostate", "pancreas", "gut", "rest")  # fmt: skip
LETHAL = ("lung", "liver", "bone", "brain", "kidney")  # a share of them is
UNMOVED = 1e-9  # of an answer that a constant does not reach


@dataclass(frozen=True)
class Move:
    key: str  # settings that are moved together are joined by blanks
    low: str
    high: str
    answers: tuple = ()  # of its group's; none: all of them
    why: str = ""  # it moves nothing in its group, where it does not
    name: str = ""  # on the page, where it is not the key

    def settings(self, value):
        keys, values = self.key.split(), value.split(", ")
        return dict(zip(keys, values * len(keys) if len(values) == 1 else values))


@dataclass(frozen=True)
class Group:
    name: str
    title: str
    config: str  # of configs/studies
    moves: tuple
    answers: dict  # {what the page calls it: function of a run's folder that reads a number, or (events, of so many)}
    base: dict = field(default_factory=dict)  # settings
    seeds: tuple = (1, 2)


# ---- What is read


def summary(name):
    """A number of a cohort's summary.csv."""

    def answer(folder):
        with open(os.path.join(folder, "summary.csv"), newline="", encoding="utf-8") as file:
            return next(float(r["value"]) for r in csv.DictReader(file) if r["name"] == name)

    return answer


def at_end(column, file="metrics.csv"):
    return lambda folder: float(read(folder, file)[-1][column])


def expected(stage, organ=None):
    """Expected cells of a stage of cascade.csv by the end, of all organs or one."""

    def answer(folder):
        rows = read(folder, "cascade.csv")
        then = [r for r in rows if r["time"] == rows[-1]["time"] and r["stage"] == stage]
        of = [float(r["expected"]) for r in then if organ in (None, r["organ"]) and r["expected"]]
        return sum(of) if of else NONE

    return answer


def clusters(folder):
    """(clusters, all that left into blood)"""
    end = read(folder, "metrics.csv")[-1]
    return float(end["departed_clusters"]), float(end["departed_clusters"]) + float(end["departed_singles"])


def lodged(folder):
    """Of the cells that come, the share that each segment of a bed takes, largest first."""
    return sorted((float(r["lodged share"]) for r in read(folder, "lodged.csv")), reverse=True)


def passed(folder):
    return 1 - sum(lodged(folder))


def busiest(folder):
    """Of what lodges, what does so in that tenth of the segments that takes most."""
    shares = lodged(folder)
    return sum(shares[: len(shares) // 10]) / sum(shares)


# ---- What moves


COHORT = (
    Move("body.pass", "0.3", "0.95"), Move("body.shedding.fraction", "0.01", "0.04"), Move("body.shedding.exponent", "0.1667", "0.6667"),
    Move("body.shedding.rate", "8.38e5 1/day", "3.352e6 1/day"), Move("body.shedding.clusters", "0.013", "0.052"),
    Move("body.shedding.cluster_size", "2", "4"), Move("body.lodged.adhesion", "0.00205 1/h", "0.0082 1/h"),
    Move("body.lodged.adhesion", "4e-4 1/h", "2e-2 1/h", name="`lodged.adhesion`, all readings"),
    Move("body.lodged.nk", "0.185 1/h", "0.74 1/h"), Move("body.lodged.other", "0.018 1/h", "0.072 1/h"),
    Move("body.lodged.release", "0.05 1/h", "0.2 1/h"), Move("body.lodged.shield", "10", "40"), Move("body.lodged.break_up", "0.01 1/h", "0.04 1/h"),
    Move("body.crossing.out", "0.8 1/day", "3.2 1/day"), Move("body.crossing.death", "0.2 1/day", "0.8 1/day"),
    Move("body.organs[2].barrier", "0.25", "1", name="barrier of bone"), Move("body.fate.begin", "0.0125", "0.05"),
    Move("body.fate.go_on", "0.005", "0.02"), Move("body.fate.human", "0.0025", "0.01"),
    Move("body.fate.dormant", "0.225", "0.9", why="cells that sleep for good found nothing, and an aspirate of marrow does not count them"),
    Move("body.fate.asleep", "0.45", "1"), Move("body.fate.waking", "8 years", "32 years"), Move("body.host.spread", "0.6", "2.4"),
    Move("body.host.nk", "0.5", "2"), Move("body.lesions.doubling", "80 day", "320 day"), Move("body.lesions.doubling_spread", "0.25", "1"),
    Move("body.lesions.ratio", "1.1", "4.4"), Move("body.lesions.early", "0.075", "0.3"), Move("body.lesions.avascular", "1.8e4", "7.2e4"),
    Move("body.lesions.vessels", "90 day", "360 day"), Move("body.lesions.linear_above", "25 mm", "100 mm"),
    Move("body.lymph.competence", "8.75e-7", "3.5e-6"), Move("body.lymph.spread", "1.25", "5"), Move("body.lymph.blood", "0.015", "0.06"),
    Move("body.lymph.nodes", "1", "4"), Move("body.blood.circuit", "0.5 min", "2 min"), Move("body.blood.volume", "2.5 L", "10 L"),
    Move("body.blood.death", "0.1 1/h", "1 1/h"), Move("body.observer.diameter", "11 mm", "44 mm"),
    Move("body.observer.diameter_spread", "0.275", "1.1"), Move("body.observer.symptom", "15 mm", "60 mm"),
    Move("body.organs[2].visible", "5 mm", "20 mm", name="visible in bone"),
    Move("body.primaries[0].soils[0].frequency", "0.325", "0.9", name="frequency in bone"),
    Move("body.host.mortality", "0.003 1/year", "0.012 1/year"),
    Move("body.organs[0].threshold", "0.25", "1", name="threshold of lung"), Move("body.organs[1].threshold", "0.3", "1", name="threshold of liver"),
    Move("body.organs[2].threshold", "0.25", "1", name="threshold of bone"),
    Move("body.organs[3].threshold", "0.05", "0.2", name="threshold of brain"),
    Move("body.organs[5].threshold", "0.35", "1", name="threshold of kidney"),
    Move("body.organs[0].volume", "0.5 L", "2 L", name="volume of lung"), Move("body.organs[1].volume", "0.9 L", "3.6 L", name="volume of liver"),
    Move("body.organs[2].volume", "0.6 L", "2.4 L", name="volume of bone"), Move("body.organs[3].volume", "0.7 L", "2.8 L", name="volume of brain"),
    Move("body.organs[5].volume", "155 mL", "620 mL", name="volume of kidney"),
    Move(" ".join(f"body.organs[{k}].volume" for k, organ in enumerate(ORGANS) if organ not in LETHAL),
         "7 mL, 5.5 mL, 50 mL, 50 mL, 1.5 L, 75 mL, 15 mL, 250 mL, 75 mL, 185 mL, 8.5 mL, 70 mL, 325 mL, 22.5 L",
         "28 mL, 22 mL, 200 mL, 200 mL, 6 L, 300 mL, 60 mL, 1 L, 300 mL, 740 mL, 34 mL, 280 mL, 1.3 L, 90 L", name="volumes of all other organs"),
)  # fmt: skip
RADIAL = (
    Move("body.lesions.radial_fastest", "0.335 1/day", "1.34 1/day"), Move("body.lesions.radial_rate", "0.56 1/day", "2.24 1/day"),
    Move("body.lesions.radial_cells", "270", "1080"),
)  # fmt: skip
LEFT, LANDED, LUNG, FLOWING = "cells that left by blood", "cells landed", "cells landed in lung", "cells per mL of blood then"
TO_NODES, IN_NODES, TO_VEINS, NODES = "cells into nodes", "cells in nodes then", "cells from nodes into veins", "lesions founded in nodes"
FLOAT, ATTACHED = "cells shed into the cavity", "cells attached"
RAT = (
    Move("body.shedding.fraction", "0.5", "2", (LEFT,)), Move("body.shedding.exponent", "0.1667", "0.3333", (LEFT,)),
    Move("body.shedding.rate", "8.38e5 1/day", "3.352e6 1/day", (LEFT,)), Move("body.pass", "0.475", "0.99", (LANDED, LUNG, FLOWING)),
    Move("body.blood.circuit", "4 s", "16 s", (FLOWING,)), Move("body.blood.volume", "8 mL", "32 mL", (FLOWING,)),
    Move("body.blood.death", "0.1 1/h", "1 1/h", (LANDED, FLOWING)), Move("body.lymph.share", "0.01", "0.04", (TO_NODES, NODES)),
    Move("body.lymph.dwell", "6 h", "24 h", (IN_NODES, TO_VEINS)), Move("body.lymph.pass", "0.05", "0.2", (TO_VEINS, NODES)),
    Move("body.lymph.competence", "8.75e-7", "3.5e-6", (NODES,)),
    Move("body.cavity.rate", "5e-4 1/day", "2e-3 1/day", (FLOAT, ATTACHED)), Move("body.cavity.exposed", "0.05", "0.2", (FLOAT, ATTACHED)),
    Move("body.cavity.death", "0.5 1/day", "2 1/day", (ATTACHED,)),
    Move("body.cavity.resistance_epithelial", "0.15", "0.6", (ATTACHED,), "a tumour that is counted sheds M-like cells only"),
    Move("body.cavity.resistance_mesenchymal", "0.45", "1", (ATTACHED,)), Move("body.cavity.attachment", "0.05 1/h", "0.2 1/h", (ATTACHED,)),
)  # fmt: skip
OUT, TOGETHER = "cells expected into blood", "clusters among what leaves"
BY_LYMPH, BY_CAVITY = "cells expected into lymph", "cells expected into the cavity"
WALLS = (
    Move("intravasation.rate", "0.00725 1/h", "0.029 1/h", (OUT,)),
    Move("intravasation.leakiness", "2", "8", (OUT,)), Move("intravasation.tight", "0.05", "0.2", (OUT,)),
    Move("intravasation.epithelial", "0.025", "0.1", (OUT,)),
)  # fmt: skip
TOGETHER_BY = (Move("intravasation.clustering", "0.015", "0.06"),)
WAYS = (
    Move("lymphatics.share", "0.04", "0.16", (BY_LYMPH,)), Move("lymphatics.rate", "0.00725 1/h", "0.029 1/h", (BY_LYMPH,)),
)  # fmt: skip
SEROSA = (Move("serosa.rate", "0.05 1/day", "0.2 1/day"),)
HALF_A_DAY = {"simulation.duration": "12 h"}
BED = (
    Move("lodging.pass", "0.25", "0.95"), Move("lodging.widest_radius", "6.5 um", "14 um"), Move("lodging.slow_speed", "300 um/s", "1200 um/s"),
    Move("lodging.fork", "1.5", "6"),
)  # fmt: skip

# The names of the cascade's table of parameters, and the settings that hold them; none: the program has no such setting.
SYMBOLS = {
    "k_iv": ("intravasation.rate",), "a_leak": ("intravasation.leakiness",), "w_m": ("intravasation.tight",), "m_E": ("intravasation.epithelial",),
    "f_shed": ("body.shedding.fraction",), "a": ("body.shedding.exponent",), "s_0": ("body.shedding.rate",), "eps_o": ("body.pass", "lodging.pass"),
    "kappa_c": ("intravasation.clustering", "body.shedding.clusters"), "k_adh": ("body.lodged.adhesion",), "k_NK": ("body.lodged.nk",),
    "k_oth": ("body.lodged.other",), "k_rel": ("body.lodged.release",), "c_cl": ("body.lodged.shield",), "k_br": ("body.lodged.break_up",),
    "p_plt": (),
    "k_ext": ("body.crossing.out",), "k_d2": ("body.crossing.death",), "f_hum": ("body.fate.human", "body.fate.begin", "body.fate.go_on"),
    "sigma": ("body.host.spread", "body.lesions.doubling_spread"), "s_d": ("body.fate.asleep",), "k_wake": ("body.fate.waking",),
    "R_c": ("lodging.widest_radius",), "v_c": ("lodging.slow_speed",), "f_branch": ("lodging.fork",), "r_0": ("body.lesions.radial_fastest",),
    "r": ("body.lesions.radial_rate",), "N_s": ("body.lesions.radial_cells",), "f_L": ("body.lymph.share", "lymphatics.share"),
    "k_lv": ("lymphatics.rate",), "node pass": ("body.lymph.pass",), "dwell": ("body.lymph.dwell",),
    "node competence": ("body.lymph.competence", "body.lymph.spread"), "node-blood f": ("body.lymph.blood",),
    "k_per": ("serosa.rate", "body.cavity.rate"), "peritoneal death": ("body.cavity.death",),
    "r_an": ("body.cavity.resistance_epithelial", "body.cavity.resistance_mesenchymal"), "attachment": ("body.cavity.attachment",),
    "V_o": tuple(f"body.organs[{k}].volume" for k in range(len(ORGANS))),
    "L": tuple(f"body.organs[{ORGANS.index(o)}].threshold" for o in LETHAL), "circuit": ("body.blood.circuit",), "V_blood": ("body.blood.volume",),
    "mu": ("body.blood.death",), "kappa": (), "k_rec": (), "engaged_motility": (), "k_p": (), "A_h": (), "N_ref": (),
}  # fmt: skip

PATIENTS = {
    "P(met)": summary("founded_expected"), "relapse in 20 y": summary("relapsed"), "first in bone": summary("first_in_bone"),
    "in lung": summary("first_in_lung"), "in liver": summary("first_in_liver"), "late share": summary("late_share"),
    "nodes": summary("nodes_positive"), "cell in blood": summary("blood_positive"), "killed": summary("dead_of_metastases"),
    "years to death": summary("seen_to_death_years"),
}  # fmt: skip
GROUPS = (
    Group("cohort", "Patients", "tornado", COHORT, PATIENTS),
    Group("radial", "The same with lesions that grow by their radius", "tornado", RADIAL, PATIENTS, {"body.lesions.growth": "radial"}),
    Group("rat", "A body hour by hour: blood, nodes, cavity", "tornado_body", RAT, {
        LEFT: expected("departed"), LANDED: expected("landed"), LUNG: expected("landed", "lung"),
        FLOWING: at_end("expected_blood_cells", "body.csv"), TO_NODES: expected("entered_nodes"), IN_NODES: expected("in_nodes_now"),
        TO_VEINS: expected("into_veins"), NODES: expected("founders_in_nodes"), FLOAT: expected("shed"), ATTACHED: expected("attached")}, seeds=(1,)),
    Group("young", "The same from a primary of 60 µm", "tornado_body", RADIAL, {"cells of the primary": at_end("primary_cells", "body.csv")},
          {"body.diameter": "60 um"}, tuple(range(1, 9))),
    Group("walls", "A tumour that sheds, on its lattice, 12 h", "../intravasation", WALLS, {OUT: at_end("departures_expected")}, HALF_A_DAY,
          (1,)),
    Group("clusters", "The same, shedding eight times as much", "../intravasation", TOGETHER_BY, {TOGETHER: clusters},
          {**HALF_A_DAY, "intravasation.rate": "0.116 1/h"}, (1,)),
    Group("ways", "A tumour at lymphatics, on its lattice, 12 h", "../lymph", WAYS, {BY_LYMPH: at_end("lymph_departures_expected")}, HALF_A_DAY,
          (1,)),
    Group("serosa", "The same at a serosa, a day", "../lymph", SEROSA, {BY_CAVITY: at_end("cavity_departures_expected")},
          {"simulation.duration": "1 day"}, (1,)),
    Group("bed", "A bed of vessels", "tornado_bed", BED, {"cells that pass": passed, "lodged in the busiest tenth": busiest},
          seeds=(1,)),
)  # fmt: skip


# ---- Runs


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def lodge(runs, name, config, settings):
    """The folder in which `metavox lodge` of a bed has written lodged.csv."""
    folder = os.path.join(runs.folder, name)
    os.makedirs(folder, exist_ok=True)
    said = [part for text in [*(f"{key}={value}" for key, value in settings.items()), *runs.set] for part in ("--set", text)]
    subprocess.run([runs.metavox, "lodge", os.path.join(SOURCE, "configs", "studies", config + ".yaml"), "-n", "0", "-o",
                    os.path.join(folder, "lodged.csv"), *said], stdout=subprocess.DEVNULL, check=True)  # fmt: skip
    return folder


class Costs:
    """Processor time of runs: of one that --reuse leaves as it is, what it took."""

    def __init__(self):
        self.seconds = 0.0

    def run(self, runs, group, name, settings, seed):
        before = children()
        if group.name == "bed":
            folder = lodge(runs, name, group.config, settings)
        else:
            folder = runs.run(name, group.config, settings, seed)
        used, note = children() - before, folder + ".seconds"
        if used == 0 and os.path.exists(note):
            with open(note, encoding="utf-8") as file:
                used = float(file.read())
        with open(note, "w", encoding="utf-8") as file:
            file.write(str(used))
        self.seconds += used
        return folder


def member(runs, costs, group, name, settings):
    """({answer: [of each seed]}, folder of the first seed)"""
    folders = [costs.run(runs, group, f"{group.name}_{name}_{seed}", {**group.base, **settings}, seed) for seed in group.seeds]
    return {answer: [of(folder) for folder in folders] for answer, of in group.answers.items()}, folders[0]


def measure(runs, costs, group):
    """({answer: [of each seed]} as it is, {move: answers of both values}, {move: the setting as it is})"""
    plain, folder = member(runs, costs, group, "as_it_is", {})
    moved, usual = {}, {}
    for move in group.moves:
        short = "".join(c if c.isalnum() else "_" for c in move.name or move.key)
        moved[move] = []
        for which, value in (("low", move.low), ("high", move.high)):
            numbers, at = member(runs, costs, group, f"{short}_{which}", move.settings(value))
            moved[move].append(numbers)
            if which == "low":
                usual[move] = as_it_is(runs, group, move, folder, at)
    return plain, moved, usual


# ---- Settings as they are


def setting(resolved, key):
    """The number that a resolved configuration has for a key such as body.organs[2].barrier."""
    parts = [int(p) if p.isdigit() else p for p in re.findall(r"\w+", key)]
    path, count = [], {}
    for line in resolved.splitlines():
        text = line.split("#")[0].rstrip()
        if not text:
            continue
        indent = len(text) - len(text.lstrip())
        while path and path[-1][0] >= indent:
            path.pop()
        text = text.strip()
        if text.startswith("- "):
            at = (indent, tuple(p for _, p in path))
            count[at] = count.get(at, -1) + 1
            path.append((indent, count[at]))
            indent, text = indent + 2, text[2:]
        name, _, value = text.partition(":")
        path.append((indent, name))
        if [p for _, p in path] == parts:
            return float(value.split()[0])
    raise KeyError(key)


def as_it_is(runs, group, move, plain, low):
    """What the first setting of a move is where nothing moves it, in the unit of its values; and its factors."""
    first, unit = (move.low.split(", ")[0].split(" ", 1) + [""])[:2]
    key = move.key.split()[0]
    if group.name == "bed":
        said = subprocess.run([runs.metavox, "explain", key], stdout=subprocess.PIPE, text=True, check=True).stdout
        usual = float(re.search(r"default +(\S+)", said).group(1))
    else:
        values = []
        for folder in (plain, low):
            with open(os.path.join(folder, "resolved.yaml"), encoding="utf-8") as file:
                values.append(setting(file.read(), key))
        usual = values[0] / values[1] * float(first)
    return usual, unit


def doubled(move, usual):
    """Whether its values are half and twice of what it is."""
    ends = [float(value.split(", ")[0].split(" ")[0]) for value in (move.low, move.high)]
    return all(math.isclose(end, factor * usual, rel_tol=2e-3) for end, factor in zip(ends, (0.5, 2)))


# ---- The page


def pooled(values):
    """(value, error) of what seeds gave: numbers, or events of so many"""
    if isinstance(values[0], tuple):
        events, of = (sum(v[k] for v in values) for k in (0, 1))
        share = events / of if of else NONE
        return share, math.sqrt(share * (1 - share) / of) if of else NONE
    if not all(map(math.isfinite, values)):
        return NONE, NONE
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else NONE


def change(plain, moved):
    """(change, error) as shares of what it is, seed by seed; of events their own errors"""
    if isinstance(plain[0], tuple):
        (a, ea), (b, eb) = pooled(moved), pooled(plain)
        return (a / b - 1, a / b * math.hypot(ea / a, eb / b)) if a and b else (NONE, NONE)
    return pooled([m / p - 1 if p else NONE for m, p in zip(moved, plain)])


def percent(value):
    shown, error = (100 * v for v in value)
    if not math.isfinite(shown):
        return "none"
    return f"{shown:+.0f}" if not (math.isfinite(error) and error >= 0.5) else f"{shown:+.0f} ± {error:.0f}"


def label(move):
    return move.name or f"`{move.key.removeprefix('body.')}`"


def values_text(move, usual, unit):
    """(as it is, moved to)"""
    if " " in move.key:
        return "", "half, twice"
    return re.sub(r"e([+-])0?", lambda e: "e" + e.group(1).strip("+"), f"{usual:.4g}") + (f" {unit}" if unit else ""), f"{move.low}, {move.high}"


def silent(group, plain, move, sides):
    """Whether none of its answers moves."""
    of = move.answers or group.answers
    return all(abs(v[0]) < UNMOVED for side in sides for v in [change(plain[a], side[a]) for a in of] if math.isfinite(v[0]))


def moves_first(group, plain, sides):
    """How far a constant moves the first two answers together, at the value that moves them more."""
    return max(sum(abs(change(plain[a], side[a])[0]) for a in list(group.answers)[:2]) for side in sides)


def by_seed(plain, moved, answer):
    """Changes of every seed, as sensitivity.chance takes them."""
    return {move: [("", {answer: [m / p - 1 if p else NONE for m, p in zip(side[answer], plain[answer])]}) for side in sides]
            for move, sides in moved.items()}  # fmt: skip


def wide(group, plain, moved, usual):
    """A row for each constant with changes of all answers, largest of the first two first; (table, chance, moves in that order)"""

    def reach(item):
        most = [abs(change(plain[a], side[a])[0]) for side in item[1] for a in group.answers]
        return moves_first(group, plain, item[1]), max(filter(math.isfinite, most), default=0)

    order = sorted(moved.items(), key=reach, reverse=True)
    chance = {a: sensitivity.chance(by_seed(plain, moved, a), a) for a in group.answers}
    lines = [("as it is", "", "", *(number(*pooled(plain[a])) for a in group.answers))]
    for move, sides in order:
        lines.append((label(move), *values_text(move, *usual[move]),
                      *(" / ".join(percent((change(plain[a], side[a])[0], NONE)) for side in sides) for a in group.answers)))  # fmt: skip
    lines.append(("chance alone", "", "one standard error", *(f"{100 * chance[a]:.1f}" for a in group.answers)))
    return table(("Constant", "As it is", "Moved to", *group.answers), lines).rstrip("\n"), chance, [move for move, _ in order]


def long(group, plain, moved, usual):
    """A row for each constant and answer of its own."""
    lines = []
    for move in group.moves:
        for a in move.answers or group.answers:
            sides = moved[move]
            lines.append((label(move), *values_text(move, *usual[move]), a, number(*pooled(plain[a])), *(number(*pooled(s[a])) for s in sides),
                          " / ".join(percent(change(plain[a], s[a])) for s in sides)))  # fmt: skip
    return table(("Constant", "As it is", "Moved to", "Answer", "as it is", "lower", "higher", "change [%]"), lines).rstrip("\n")


def drawn(group, plain, moved, order, chance):
    """For the picture: [low, high] of each answer of each constant, and its error where seeds tell one."""
    rows = []
    for move in order:
        rows.append({"label": label(move).replace("`", ""),
                     "answers": {a: [change(plain[a], side[a]) for side in moved[move]] for a in move.answers or group.answers}})  # fmt: skip
    return {"name": group.name, "title": group.title, "answers": list(group.answers), "chance": chance, "rows": rows}


def tornado(runs, groups=GROUPS):
    costs, words, picture, quiet, ends, rows = Costs(), {}, [], [], [], []
    for group in groups:
        plain, moved, usual = measure(runs, costs, group)
        order, chance = group.moves, {}
        if group.answers is PATIENTS:
            words[group.name], chance, order = wide(group, plain, moved, usual)
        else:
            words[group.name] = long(group, plain, moved, usual)
        picture.append(drawn(group, plain, moved, order, chance))
        for move in group.moves:
            if silent(group, plain, move, moved[move]):
                quiet.append(f"{label(move)} ({group.title.lower()}{': ' + move.why if move.why else ''})")
            if " " not in move.key and not doubled(move, usual[move][0]):
                ends.append(label(move))
        if group.name == "cohort":
            rows += judged(group, plain, moved, chance)
    rows += counted(groups, len(quiet))
    words |= {"silent": "; ".join(quiet) or "none", "ends": ", ".join(dict.fromkeys(ends)) or "none", "seconds": f"{costs.seconds:.0f}",
              "minutes": number(costs.seconds / 120), "names": named(),
              "absent": ", ".join(f"`{symbol}`" for symbol, keys in SYMBOLS.items() if not keys)}  # fmt: skip
    return rows, words, {"groups": picture}


def named():
    """The names of the cascade's table and their settings; those of lists once."""
    lists = {symbol: dict.fromkeys(re.sub(r"\[\d+\]", "[]", key) for key in keys) for symbol, keys in SYMBOLS.items()}
    return "; ".join(f"{symbol}: " + ", ".join(f"`{key}`" for key in keys) for symbol, keys in lists.items() if keys)


def counted(groups, quiet):
    """The rows about what was moved."""
    have = [symbol for symbol, keys in SYMBOLS.items() if keys]
    done = {key for group in groups for move in group.moves for key in move.key.split()}
    return [
        Row("names of the cascade's table that have a setting: moved", "imposed", sum(set(SYMBOLS[s]) <= done for s in have), unit=f"of {len(have)}"),
        Row("names that have none", "imposed", len(SYMBOLS) - len(have), unit=f"of {len(SYMBOLS)}"),
        Row("constants moved in an experiment of theirs that move none of its answers", "predicted", quiet,
            unit=f"of {sum(len(group.moves) for group in groups)}"),
    ]  # fmt: skip


def judged(group, plain, moved, chance):
    """The rows about a cohort that say more than how far."""
    reach = {move: moves_first(group, plain, sides) for move, sides in moved.items()}
    asleep = next((sides for move, sides in moved.items() if move.key == "body.fate.asleep"), None)
    human = next((r for move, r in reach.items() if move.key == "body.fate.human"), NONE)
    late = 100 * change(plain["late share"], asleep[0]["late share"])[0] if asleep else NONE
    error = 100 * chance["late share"]
    return [
        Row("constants that move P(met) and relapse more than the fitted factor `fate.human` and its twins", "fitted",
            sum(r > human + 1e-9 for r in reach.values()), NONE, unit=f"of {len(reach)}"),
        Row("less sleep, fewer late relapses: change with 0.45 asleep for 0.9", "predicted", late, error, -100, -3 * error, "%"),
    ]  # fmt: skip
