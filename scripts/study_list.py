"""The studies of scripts/studies.py: what each runs, what it measures, which rows it is judged by.

A study is a function of Runs that returns (rows, words for its text, numbers for its picture). Rows and bands were written down before
the runs; nothing here is tuned to them.
"""

import math
import os
import random
import re
import statistics
from dataclasses import dataclass

from study_page import Row, number, ratio, read, table
from study_tornado import tornado

NONE = math.nan


def difference(a, b):
    """Of two (value, error)."""
    return a[0] - b[0], math.hypot(*(x[1] for x in (a, b) if math.isfinite(x[1])))


def share(events, all_of):
    """(value, standard error); where it is none or all, that of one event more on either side, as it is not known for certain."""
    value = events / all_of if all_of else NONE
    near = value if 0 < events < all_of else (events + 1) / (all_of + 2)
    return value, math.sqrt(near * (1 - near) / all_of) if all_of else NONE


def over_seeds(values):
    """(mean, its standard error); of what is missing in one there is none"""
    values = list(values)
    if not all(map(math.isfinite, values)):
        return NONE, NONE
    return statistics.mean(values), statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else NONE


# ---- Where cells are lost


STAGES = (  # of cascade.csv, and what stands there for cells
    ("departed", "left the primary"), ("lodged", "lodged, each time anew"), ("released", "of these let go again"),
    ("killed_by_nk", "killed by NK cells"), ("dead_otherwise", "died lodged, otherwise"), ("adhered", "adherent"),
    ("dead_adherent", "died adherent"), ("landed", "outside the vessel"), ("doomed", "outside, doomed"), ("abortive", "outside, a few divisions"),
    ("dormant", "outside, asleep for good"), ("competent", "competent"), ("asleep_now", "competent, still asleep"),
    ("founders", "awake: a lesion"), ("established", "a lesion of 1000 cells"),
)  # fmt: skip
FORCED = ("lung", "liver", "bone")


def last_stages(folder):
    """{(organ, stage): {column: number or nan}} at the end of a body's run."""
    rows = read(folder, "cascade.csv")
    end = rows[-1]["time"]
    return {(r["organ"], r["stage"]): {k: float(r[k] or "nan") for k in r if k not in ("time", "organ", "stage")}
            for r in rows if r["time"] == end}  # fmt: skip


def summed(stages, stage, column, organs=None):
    """(sum over organs, error in quadrature)"""
    of = [v for (organ, s), v in stages.items() if s == stage and (organs is None or organ in organs)]
    error = "forced_error" if column == "forced_estimate" else column + "_error"
    values = [v[column] for v in of if math.isfinite(v[column])]
    if not values:
        return NONE, NONE
    return sum(values), math.sqrt(sum(v[error] ** 2 for v in of if math.isfinite(v[error])))


def estimates(folder):
    return {(r["quantity"], r["organ"], r["source"]): (float(r["value"]), float(r["standard_error"] or "nan")) for r in read(folder, "estimates.csv")}


def z_row(statement, a, b):
    """Two answers to one question: how many errors they are apart."""
    apart, error = difference(a, b)
    return Row(statement, "predicted", apart / error if error else NONE, NONE, -3, 3, "σ")


def read_replicates(folder):
    with open(os.path.join(folder, "resolved.yaml"), encoding="utf-8") as file:
        return int(re.search(r"^  replicates: (\d+)", file.read(), re.M).group(1))


def adhering(stages):
    """(value, error): of cells that lodged and were not let go, those that adhered. All but the adherent are too many to err."""
    adhered, error = summed(stages, "adhered", "natural")
    stayed = summed(stages, "lodged", "natural")[0] - summed(stages, "released", "natural")[0]
    return adhered / stayed, error / stayed


def per(value, cells):
    """Of a (value, error), both per cell."""
    return value[0] / cells, value[1] / cells


def cascade(runs):
    folder = runs.run("two_years", "cascade")
    stages, told = last_stages(folder), estimates(folder)
    natural = {s: summed(stages, s, "natural") for s, _ in STAGES}
    expected = {s: summed(stages, s, "expected") for s, _ in STAGES}
    departed = natural["departed"][0]
    lines = []
    for stage, name in STAGES:
        forced = summed(stages, stage, "forced_estimate", FORCED)
        of_these = summed(stages, stage, "expected", FORCED)
        shown = (lambda v: number(*v) if math.isfinite(v[0]) else "")  # noqa: E731
        lines.append((name, shown(natural[stage]), shown((expected[stage][0], NONE)), number(expected[stage][0] / departed)
                      if math.isfinite(expected[stage][0]) else number(natural[stage][0] / departed),
                      shown((of_these[0], NONE)) if math.isfinite(forced[0]) else "", shown(forced)))  # fmt: skip
    sinks = ("killed_by_nk", "dead_otherwise", "lodged_now", "adherent_now", "dead_adherent", "landed")
    left_over = departed - sum(summed(stages, s, "natural")[0] for s in sinks) - sum(summed(stages, s, "natural", ["blood"])[0]
                                                                                   for s in ("dead_in_flow", "passed_out"))  # fmt: skip
    fates = natural["landed"][0] - sum(natural[s][0] for s in ("doomed", "abortive", "dormant", "competent"))
    with_nk = adhering(last_stages(runs.run("with_nk", "cascade", {"simulation.duration": "60 day"})))
    no_nk = adhering(last_stages(runs.run("no_nk", "cascade", {"simulation.duration": "60 day", "body.host.nk": 0})))
    rat = runs.run("rat", "cascade", {"simulation.duration": "30 day", "body.preset": "rat"})
    days = read(rat, "body.csv")
    gram_days = statistics.mean(float(r["primary_cells"]) for r in days) / 1.25e8 * float(days[-1]["time"])
    awake = last_stages(runs.run("nobody_asleep", "cascade", {"body.fate.asleep": 0}))
    off = {}
    for key, value in (("body.shedding.fraction", 0), ("body.lodged.adhesion", "0 1/h"), ("body.crossing.out", "1e-9 1/day"), ("body.fate.go_on", 0)):
        end = runs.run("without_" + key.split(".")[1], "cascade", {"simulation.duration": "60 day", key: value})
        off[key] = float(read(end, "body.csv")[-1]["expected_competent"])
    usual = float(read(os.path.join(runs.folder, "with_nk"), "body.csv")[-1]["expected_competent"])
    none, bodies = told[("none_competent", "", "expected")][0], int(read_replicates(folder))
    lung = {s: stages[("lung", s)]["natural"] for s in ("adhered", "adherent_now", "landed")}
    three = {source: summed({k: {"expected": v[0], "expected_error": v[1]} for k, v in
                             (((o, "competent"), told.get(("competent", o, source), (NONE, NONE))) for o in FORCED)}, "competent", "expected")
             for source in ("expected", "forced")}  # fmt: skip
    rows = [
        Row("cells that can found a lesion, most of them asleep, expected per cell that left (one metastasis in 60 million: Coumans)", "fitted",
            expected["competent"][0] / departed, NONE, 0.5e-8, 2e-8),
        Row("the same as drawn", "fitted", *per(natural["competent"], departed), 0.5e-8, 2e-8),
        Row("lesions of 1000 cells within two years in lung, liver, bone, by weights of forced founders, per cell that left", "fitted",
            *per(summed(stages, "established", "forced_estimate", FORCED), departed), 0.5e-8, 2e-8, why="nine of ten founders sleep, half of them for 16 years"),
        Row("the same where nobody sleeps", "fitted", *per(summed(awake, "established", "forced_estimate", FORCED),
            summed(awake, "departed", "natural")[0]), 0.5e-8, 2e-8),
        Row("left = dead + lodged + adherent + outside: cells not accounted for", "predicted", round(left_over, 6) + 0.0, NONE, 0, 0),
        Row("outside = doomed + a few divisions + asleep + competent: cells not accounted for", "predicted", round(fates, 6) + 0.0, NONE, 0, 0),
        z_row("competent cells drawn, less expected", natural["competent"], expected["competent"]),
        z_row("outside drawn, less expected", natural["landed"], expected["landed"]),
        z_row("bodies without a competent cell, less mean of e^-Λ", (told[("none_competent", "", "natural")][0], share(none * bodies, bodies)[1]),
              (none, NONE)),
        z_row("competent cells by weights of forced founders, less expected, three organs", three["forced"], three["expected"]),
        Row("of lodged cells that stay, those that adhere", "imposed", *with_nk, 0.005, 0.02),
        Row("the same without NK cells, over that", "imposed", *ratio(no_nk, with_nk), 7, 13),
        Row("of adherent cells in lung, those that come out", "imposed", *share(lung["landed"], lung["adhered"] - lung["adherent_now"]), 0.77, 0.83),
        Row("rat: cells that leave per gram and day", "imposed", *per(summed(last_stages(rat), "departed", "natural"), gram_days), 2.5e6, 4.5e6),
        Row("any of shedding, adhesion, crossing, going on switched off: largest share of competent cells left, expected", "imposed",
            max(off.values()) / usual if usual else NONE, NONE, 0, 0.999),
    ]  # fmt: skip
    words = {
        "stages": table(("Cells by the end", "natural", "expected", "per cell that left", "expected in three organs", "forced there"), lines).rstrip("\n"),
        "bodies": bodies,
        "one_in": number(departed / expected["competent"][0]) if expected["competent"][0] else "none",
    }
    picture = {"stages": [{"name": name, "natural": natural[s], "expected": expected[s], "forced": summed(stages, s, "forced_estimate", FORCED)}
                          for s, name in STAGES]}  # fmt: skip
    return rows, words, picture


# ---- Dandelion


SIZES = (1, 2, 5, 10, 15, 20, 30, 40, 50, 70, 100)  # mm
BANDED = {10: 0.10, 30: 0.44, 50: 0.67}


def rise(curve, a, b):
    """Of a curve {size: (value, error)} per cm, between two sizes."""
    value, error = difference(curve[b], curve[a])
    return value / (b - a) * 10, error / (b - a) * 10


def least_z(pairs):
    """The smallest of differences in their errors."""
    return min(value / error if error else (0.0 if value == 0 else math.inf) for value, error in pairs)


def founded_after(folder):
    """Relapses after removal, and the latest landing of one of them after removal in days."""
    count, latest = 0, -math.inf
    for r in read(folder, "cohort.csv"):
        if r["seen_at_removal"] == "1" or not r["seen_year"]:
            continue
        count += 1
        latest = max(latest, (float(r["seen_year"]) - float(r["founded_before_seen_year"])) * 365.25)
    return count, latest


DIE_OF_IT = {"lung": 12000, "colon": 4000}  # primaries that kill by themselves, and patients: metastases of the lung kill first, and little is gained
MARGINS = (0, 0.3, 1, 2, 10)  # mm
TAILS = {"clinic": "3 mm", "short": "0.1 mm"}  # over which the tail of a primary thins out
STAY = 1e-6  # share of a primary's cells


def years_lived(folder, only_metastatic, horizon=20):
    """(mean, its standard error, patients): of the years up to the horizon, those lived after the primary was found, of who came so far."""
    years = [min(float(r["death_year"]), horizon) for r in read(folder, "cohort.csv")
             if float(r["death_year"]) >= 0 and (r["seen_at_removal"] == "1" or not only_metastatic)]  # fmt: skip
    return (*over_seeds(years), len(years)) if years else (NONE, NONE, 0)


def resection(runs):
    """(rows, words): patients whose primaries are removed against others in whom they stay."""
    rows, lines = [], []
    for primary, patients in DIE_OF_IT.items():
        folders = [runs.run(f"{primary}_{name}", "dandelion", {"body.primary": primary, "body.observer.removes": removes}, patients=patients)
                   for name, removes in (("removed", "true"), ("left", "false"))]  # fmt: skip
        for metastatic, who in ((False, "all"), (True, "with a visible metastasis at 30 mm")):
            removed, left = (years_lived(folder, metastatic) for folder in folders)
            gained, error = difference(removed[:2], left[:2])
            lines.append((primary, who, number(*removed[:2]), number(*left[:2]), f"{left[2]}", number(gained, error)))
            small = "their metastases kill first: so small a gain needs more patients" if 0 < gained < 3 * error else ""
            rows.append(Row(f"primary of the {primary}, {who}: years lived of 20 with it removed, less with it left", "emergent",
                            gained / error if error else NONE, NONE, 3, unit="σ", why=small))  # fmt: skip
    head = ("Primary of 30 mm", "Patients", "years lived of 20, removed", "left in place", "patients", "gained")
    return rows, table(head, lines).rstrip("\n")


def left_behind(folder):
    """(share of bodies with cells left where the primary stood, its error, cells that stayed in each)"""
    stayed = [float(r["cells"]) for r in read(folder, "events.csv") if r["event"] == "removed"]
    return (*share(sum(n > 0 for n in stayed), len(stayed)), stayed)


def margins(runs):
    """(rows, words): what stays where a primary stood, by the margin."""
    clean = runs.run("clean", "removal", {"simulation.duration": "2 years", "body.replicates": runs.replicates or 20, "output.report": "30 day"})
    again = max(float(r["primary_cells"]) for r in read(clean, "body.csv") if float(r["removed"]) > 0.999)
    by = {}
    for tail, length in TAILS.items():
        for margin in MARGINS:
            set_to = {"body.removal.margin": f"{margin} mm", "body.removal.tail": 0.7, "body.removal.tail_length": length}
            by[tail, margin] = left_behind(runs.run(f"{tail}_{margin}", "removal", set_to))
    rough = runs.run("rough", "removal", {"body.removal.margin": "0 mm", "body.removal.residual": STAY})
    stayed = left_behind(rough)[2]
    days = read(rough, "body.csv")
    wanted = STAY * (float(days[-1]["resected"]) + statistics.mean(stayed))
    grown = [float(days[k]["primary_cells"]) for k in (1, -1)]

    def falls(tail, last):
        return least_z([difference(by[tail, 0][:2], by[tail, last][:2])])

    rows = [
        Row("margin of 10 mm and no tail: cells where the primary stood, in two years after", "imposed", again, NONE, 0, 0),
        Row(f"a share of {number(STAY)} left: cells that stay, drawn less expected", "predicted", (statistics.mean(stayed) - wanted)
            / math.sqrt(wanted / len(stayed)), NONE, -3, 3, "σ"),
        Row("these nine days later, over that", "imposed", grown[1] / grown[0] if grown[0] else NONE, NONE, 1),
        Row("short tail: bodies with tumour left at a margin of 0", "imposed", *by["short", 0][:2], 0.001),
        Row("the same at 1 mm", "imposed", *by["short", 1][:2], 0, 0),
        Row("short tail: at 0 less at 1 mm", "imposed", falls("short", 1), NONE, 3, unit="σ"),
        Row("tail of the clinic: at 0 less at 10 mm", "imposed", falls("clinic", 10), NONE, 3, unit="σ"),
    ]  # fmt: skip
    head = ["Margin [mm]"] + [f"tail of {length}" for length in TAILS.values()]
    return rows, table(head, [(f"{m:g}", *(number(*by[tail, m][:2]) for tail in TAILS)) for m in MARGINS]).rstrip("\n")


def half_have(runs):
    """{fraction shed: (diameter at which half have a lesion, its error)}"""
    half = {}
    for fraction in (0.01, 0.02, 0.04):
        at = {}
        for size in (10, 20, 30, 50, 70):
            set_to = {"body.observer.diameter": f"{size} mm", "body.shedding.fraction": fraction}
            at[size] = runs.cohort(f"shedding_{fraction}_{size}", "dandelion", set_to, patients=4000)["founded_expected"]
        half[fraction] = where(at, 0.5)
    return half


def dandelion(runs):
    curves = {"seen": {}, "relapsed": {}, "founded_expected": {}}
    for size in SIZES:
        told = runs.cohort(f"{size}_mm", "dandelion", {"body.observer.diameter": f"{size} mm"}, patients=None if size in BANDED else 10000)
        for name, curve in curves.items():
            curve[size] = told[name]
    relapses, latest = founded_after(os.path.join(runs.folder, "30_mm"))
    seen = curves["seen"]
    steps = [difference(seen[b], seen[a]) for a, b in zip(SIZES, SIZES[1:])]
    slopes = [rise(seen, a, b) for a, b in ((10, 30), (30, 50), (50, 100))]
    half = half_have(runs)
    survival, lived = resection(runs)
    local, stays = margins(runs)
    rows = [Row(f"metastasis seen within 20 years of removal at {size} mm", "fitted", *seen[size], middle - 0.06, middle + 0.06)
            for size, middle in BANDED.items()]  # fmt: skip
    rows += [
        Row("that share rises with every step of size: least rise", "predicted", least_z(steps[2:]), NONE, 3, unit="σ, from 5 mm on"),
        Row("steep first: rise per cm from 10 to 30 mm over that from 30 to 50", "predicted", *ratio(slopes[0], slopes[1]), 1),
        Row("the same from 30 to 50 mm over that from 50 to 100", "predicted", *ratio(slopes[1], slopes[2]), 1),
        Row("never flat: rise per cm from 50 to 100 mm", "predicted", least_z([slopes[2]]), NONE, 3, unit="σ"),
        Row("any lesion founded, removal at 10 mm", "predicted", *curves["founded_expected"][10]),
        Row("the same at 30 mm", "predicted", *curves["founded_expected"][30]),
        Row("the same at 50 mm", "predicted", *curves["founded_expected"][50]),
        Row("nothing was left, relapse all the same: seen after removal at 50 mm less at 10 mm, of patients without visible metastases",
            "predicted", least_z([difference(curves["relapsed"][50], curves["relapsed"][10])]), NONE, 3, unit="σ"),
        Row("relapses from cells that left before removal at 30 mm: the latest landed after it", "imposed", max(latest, 0), NONE, 0, 30, "days"),
        Row("shedding twice as much: diameter at which half have a lesion, over that with half as much", "predicted",
            *ratio(half[0.04], half[0.01]), 0, 0.9),
        *survival,
        *local,
    ]  # fmt: skip
    lines = [(f"{size}", number(*seen[size]), number(*curves["relapsed"][size]), number(*curves["founded_expected"][size])) for size in SIZES]
    words = {
        "curve": table(("Removed at [mm]", "seen within 20 years", "relapse of those with none visible at removal", "any lesion founded"), lines).rstrip("\n"),
        "relapses": relapses, "half": number(half[0.02][0]), "half_less": number(half[0.01][0]), "half_more": number(half[0.04][0]),
        "lived": lived, "stays": stays, "bodies": runs.replicates or 200,
    }  # fmt: skip
    return rows, words, {"sizes": SIZES, **{k: [c[s] for s in SIZES] for k, c in curves.items()}, "banded": list(BANDED.items())}


def where(curve, height):
    """(The size at which a curve {size: (value, error)} reaches a height, its error), straight lines between."""
    sizes = sorted(curve)
    for a, b in zip(sizes, sizes[1:]):
        (low, low_error), (high, high_error) = curve[a], curve[b]
        if low <= height <= high and high > low:
            part = (height - low) / (high - low)
            return a + (b - a) * part, (b - a) / (high - low) * math.hypot((1 - part) * low_error, part * high_error)
    return NONE, NONE


# ---- Soil


PRIMARIES = ("breast", "lung", "prostate", "colon", "stomach", "pancreas", "ovary")
TAUGHT = ("breast", "lung", "prostate")  # soil of an organ is taken from these
AUTOPSIES = ("prostate",)  # whose frequencies are of autopsies; registries count what is found when the first metastasis is
EXPOSED = {"colon": 0.065, "stomach": 0.162}  # share of the serosa that is broken, fitted to how often the peritoneum has metastases


def ranks(values):
    """Ranks from 1 on, ties shared."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    found = [0.0] * len(values)
    k = 0
    while k < len(order):
        end = k
        while end + 1 < len(order) and values[order[end + 1]] == values[order[k]]:
            end += 1
        for i in order[k : end + 1]:
            found[i] = (k + end) / 2 + 1
        k = end + 1
    return found


def correlation(x, y):
    mx, my = statistics.mean(x), statistics.mean(y)
    sx, sy = (math.sqrt(sum((v - m) ** 2 for v in values)) for values, m in ((x, mx), (y, my)))
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / (sx * sy) if sx and sy else NONE


def rank_correlation(keys, guess, truth):
    return correlation(ranks([guess[k] for k in keys]), ranks([truth[k] for k in keys]))


def with_error(statistic, items, times=500):
    """(statistic(items), its standard error by a bootstrap over the items); draws that it is not defined for are left out."""
    draw = random.Random(1)
    drawn = [statistic(draw.choices(items, k=len(items))) for _ in range(times)]
    drawn = [v for v in drawn if math.isfinite(v)]
    error = statistics.stdev(drawn) if len(drawn) > times / 2 else NONE
    return statistic(items), error if error > 1e-9 else NONE  # what no draw changes has an error that so few items do not tell


def rate(frequency):
    """Λ of a chance 1 − e^(−Λ)."""
    return -math.log(1 - frequency)


def soil_setting(primary, soils):
    """The setting that gives a primary these soils {organ: soil}."""
    names = ("breast", "lung", "colon", "stomach", "prostate", "ovary", "pancreas", "brain")  # the order of configs/organs.yaml
    return {f"body.primaries[{names.index(primary)}].soils": "[" + ", ".join(f"{{organ: {o}, soil: {s}}}" for o, s in soils.items()) + "]"}


class Pairs:
    """Primaries and organs whose frequency is known and that blood reaches."""

    def __init__(self, runs):
        self.organs = {p: runs.chain(p)["organs"] for p in PRIMARIES}
        self.soil = runs.soils(PRIMARIES)[0]  # {primary: {organ: soil}}, fitted by the command
        known = {p: [o for o in of if o["frequency"]] for p, of in self.organs.items()}
        self.of = {p: [o["name"] for o in known[p] if o["lodged"] > 0] for p in PRIMARIES}
        self.keys = [(p, o) for p in PRIMARIES for o in self.of[p]]
        self.lodged, self.landed = ({(p, o["name"]): o[stage] for p in PRIMARIES for o in self.organs[p]} for stage in ("lodged", "landed"))
        self.frequency = {(p, o["name"]): o["frequency"] for p in PRIMARIES for o in known[p]}
        self.wanted = {k: math.log(rate(self.frequency[k])) for k in self.keys}
        self.flow = {k: math.log(self.lodged[k]) for k in self.keys}
        self.unreached = [f"{o['name']} of {p} ({o['frequency']:g})" for p in PRIMARIES for o in known[p] if not o["lodged"] > 0]

    def by(self, soils):
        """{pair: what lands times the soil of its organ, as far as that is told}"""
        return {(p, o): self.landed[p, o] * soils.get(o, 1) for p, o in self.keys}

    def level(self, primary, guess):
        """What a guess of a primary has to be multiplied with, so that the sum over its organs is right."""
        return sum(rate(self.frequency[primary, o]) for o in self.of[primary]) / sum(guess[primary, o] for o in self.of[primary])

    def levelled(self, primaries, guess):
        """{pair: guess times its primary's level}"""
        return {(p, o): guess[p, o] * self.level(p, guess) for p in primaries for o in self.of[p]}


def flow_rows(pairs):
    """What flow alone says."""

    def explained(primaries):
        keys = [(p, o) for p in primaries for o in pairs.of[p]]
        return correlation([pairs.flow[k] for k in keys], [pairs.wanted[k] for k in keys]) ** 2

    def within(primaries):  # without the level of a primary, which no flow explains
        centred = []
        for p in primaries:
            x, y = ([values[p, o] for o in pairs.of[p]] for values in (pairs.flow, pairs.wanted))
            centred += [(a - statistics.mean(x), b - statistics.mean(y)) for a, b in zip(x, y)]
        return correlation(*zip(*centred)) ** 2

    many = [p for p in PRIMARIES if len(pairs.of[p]) > 1]
    return [
        Row("flow only: r² of ln Λ over primary and organ", "predicted", *with_error(explained, [p for p in PRIMARIES if pairs.of[p]]),
            0.25, 0.55, f"of {len(pairs.keys)} pairs"),
        Row("the same without the level of each primary", "predicted", *with_error(within, many),
            unit=f"of {sum(len(pairs.of[p]) for p in many)} pairs"),
    ]  # fmt: skip


def given_back(pairs, primary, reached):
    """[(Λ, frequency)] of a primary's organs, its level such that the sum is right. reached: {pair: share of cells that soil acts on}."""
    guess = {(primary, o): reached[primary, o] * pairs.soil[primary][o] for o in pairs.of[primary]}
    return [(lam, pairs.frequency[k]) for k, lam in pairs.levelled([primary], guess).items()]


def farthest(pairs, reached):
    """The largest difference between a frequency and what comes of such shares with the soil of the command."""
    return max(abs(1 - math.exp(-lam) - f) for p in PRIMARIES if pairs.of[p] for lam, f in given_back(pairs, p, reached))


def walls(resolved):
    """{organ: share of adherent cells that come out}, from the text of a resolved.yaml: the rate out over the barrier against that of death."""
    out, death = (float(re.search(rf"\n  crossing:\n(?:    .*\n)*?    {key}: (\S+) 1/min", resolved).group(1)) for key in ("out", "death"))
    found = {}
    for name, barrier in re.findall(r'\n    - name: "(\w+)"\n      drains: .*\n(?:      .*\n)*?      barrier: (\S+)\n', resolved):
        found[name] = out / float(barrier) / (out / float(barrier) + death)
    return found


def of_patients(folder):
    """Rows of cohort.csv as (year in which the first metastasis is seen, inf: never; year of death; lesions founded, lesions expected)."""
    return [(float(r["seen_year"] or "inf"), float(r["death_year"]), int(r["lesions"]), float(r["expected_lesions"])) for r in read(folder, "cohort.csv")]


def cavity_of(primary):
    """Settings of a primary some of whose patients have metastases of the peritoneum."""
    return {"body.cavity.enabled": "true", "body.cavity.exposed": EXPOSED[primary]} if primary in EXPOSED else {}


def only_in(runs, pairs, primary, organ, name=None, soil=1.0, settings=None):
    """Patients in whom lesions are founded in one organ only, whose draws are those of the patients in whom all are."""
    soils = {o["name"]: 0 for o in pairs.organs[primary]}
    soils[organ] = soil * pairs.soil[primary].get(organ, 1)
    return of_patients(runs.run(name or f"{primary}_only_{organ}", "soil",
                                {"body.primary": primary, **cavity_of(primary), **soil_setting(primary, soils), **(settings or {})}))  # fmt: skip


def mean(values):
    return statistics.mean(values) if values else NONE


@dataclass
class There:
    """An organ in a primary's patients."""

    with_first: tuple  # of patients with a metastasis seen before death, those with one there when the first is seen; with its error
    in_life: tuple  # the same before death
    expected: float  # lesions, per patient
    lesions: list  # founded there, of each patient with one seen there before death
    first: tuple = (NONE, NONE)  # of the metastases that are seen first
    by_flow: tuple = (NONE, NONE)  # the same, with flow only

    def counted(self, primary):
        """As the frequency of that primary is."""
        return self.in_life if primary in AUTOPSIES else self.with_first


def seen_there(usual, there):
    """There of the patients of a primary, and of the same ones in whom lesions are founded in one organ only."""
    ill = [(only, all_of) for only, all_of in zip(there, usual) if all_of[0] < all_of[1]]
    lesions = [only[2] for only, all_of in ill if only[0] < all_of[1]]
    return There(share(sum(only[0] <= all_of[0] for only, all_of in ill), len(ill)), share(len(lesions), len(ill)), mean([e for *_, e in there]), lesions)


def patients_of(runs, pairs):
    """{pair: There}, the peritoneum of EXPOSED among them."""
    found = {}
    for p in PRIMARIES:
        if not pairs.of[p]:
            continue
        own = {"body.primary": p, **cavity_of(p)}
        told = runs.cohort(f"from_{p}", "soil", {**own, **soil_setting(p, pairs.soil[p])})
        bare = runs.cohort(f"from_{p}_flow_only", "soil", {**own, **soil_setting(p, dict.fromkeys(pairs.of[p], 1))})
        usual = of_patients(os.path.join(runs.folder, f"from_{p}"))
        for o in pairs.of[p] + (["peritoneum"] if p in EXPOSED else []):
            there = found[p, o] = seen_there(usual, only_in(runs, pairs, p, o))
            there.first, there.by_flow = (told.get(f"first_in_{o}", there.first), bare.get(f"first_in_{o}", there.by_flow))
    return found


def fit_rows(runs, pairs, found):
    """The soil of the command: what it was fitted to, and what it makes of it in patients."""
    with open(os.path.join(runs.run("walls", "soil", patients=1), "resolved.yaml"), encoding="utf-8") as file:
        out = walls(file.read())
    expected = {k: found[k].expected / pairs.soil[k[0]][k[1]] for k in pairs.keys}
    told = [k for k in pairs.keys if len(pairs.of[k[0]]) > 1]  # of one organ alone nothing is fitted
    off = {k: found[k].counted(k[0])[0] - pairs.frequency[k] for k in told}
    worst = max(off, key=lambda k: abs(off[k]))
    usual = mean([e for *_, e in only_in(runs, pairs, "breast", "bone")])
    poor = mean([e for *_, e in only_in(runs, pairs, "breast", "bone", "bone_of_half_the_soil", 0.5)])
    hard = mean([e for *_, e in only_in(runs, pairs, "breast", "bone", "bone_behind_walls", 1.0, {"body.organs[2].barrier": 1})])
    inside = out["lung"] / out["bone"]  # of a barrier of 1 against one of 0.5
    return [
        Row("lesions that patients expect, organ by organ, give the frequencies back: largest difference", "fitted", farthest(pairs, expected), NONE, 0, 0.03),
        Row("what flow brings times that soil, without walls and what is let go: the same", "predicted", farthest(pairs, pairs.lodged)),
        Row(f"patients with a metastasis seen: those with one there as the frequency counts, less known, where that is most ({worst[1]} of {worst[0]})",
            "predicted", off[worst], found[worst].counted(worst[0])[1], -0.03, 0.03, why=MISSED),
        Row("the same, mean distance", "predicted", mean([abs(v) for v in off.values()]), NONE, unit=f"of {len(off)} pairs"),
        Row("the same, were all that is seen before death counted", "predicted", mean([abs(found[k].in_life[0] - pairs.frequency[k]) for k in told]), NONE,
            unit=f"of {len(off)} pairs"),
        Row("the same as the frequency counts against what is known, rank correlation", "fitted", *with_error(lambda keys: rank_correlation(keys,
            {k: found[k].counted(k[0])[0] for k in told}, pairs.frequency), told), unit=f"of {len(off)} pairs"),
        *(Row(f"{p}: of patients with a metastasis seen, those with one of the peritoneum when the first is", "fitted", *found[p, "peritoneum"].with_first,
              pairs.frequency[p, "peritoneum"] - 0.03, pairs.frequency[p, "peritoneum"] + 0.03) for p in EXPOSED),
        Row("bone of half the soil: lesions expected there, over before", "imposed", poor / usual if usual else NONE, NONE, 0.49, 0.51),
        Row("bone behind walls twice as hard to cross: the same", "imposed", hard / usual if usual else NONE, NONE, inside - 0.01, inside + 0.01),
    ]  # fmt: skip


MISSED = "soil is fitted to lesions founded; lung and liver show theirs from 4 and 8 mm on, bone from 10 mm, and organs without data take their part"


def whole_pattern(runs, pairs, sigma, primary, organ):
    """Of patients with a metastasis seen, those with one in the organ whose frequency is known; soil of all organs from those of other primaries."""
    whole = {o["name"]: sigma.get(o["name"], min(1, o["soil"])) for o in pairs.organs[primary]}
    alone = {o: v if o == organ else 0 for o, v in whole.items()}
    usual, there = (of_patients(runs.run(f"{primary}_predicted{name}", "soil", {"body.primary": primary, **soil_setting(primary, soils)}))
                    for name, soils in (("", whole), (f"_only_{organ}", alone)))  # fmt: skip
    return Row(f"{primary}, soil of all organs from these: of patients with a metastasis seen, those with one in the {organ} when the first is "
               f"(known: {pairs.frequency[primary, organ]:g})", "predicted", *seen_there(usual, there).with_first)  # fmt: skip


def predicted_rows(runs, pairs):
    """(rows, by soil, words) of one soil per organ, from breast, lung and prostate, for the others."""
    sigma = runs.soils(TAUGHT)[1]
    others = [p for p in PRIMARIES if p not in TAUGHT]
    by_soil, by_flow = (pairs.levelled([p for p in others if pairs.of[p]], guess) for guess in (pairs.by(sigma), pairs.lodged))
    held = list(by_soil)
    rows = [
        Row("soil of an organ from breast, lung, prostate; colon, stomach, pancreas: rank correlation over primary and organ", "predicted",
            *with_error(lambda keys: rank_correlation(keys, by_soil, pairs.wanted), held), 0.6, unit=f"of {len(held)} pairs"),
        Row("the same with flow only", "predicted", *with_error(lambda keys: rank_correlation(keys, by_flow, pairs.wanted), held),
            unit=f"of {len(held)} pairs"),
    ]  # fmt: skip
    for p in others:
        if len(pairs.of[p]) > 1:
            rows.append(Row(f"rank correlation within {p}", "predicted", *with_error(lambda keys: rank_correlation(keys, by_soil, pairs.wanted),
                                                                                    [(p, o) for o in pairs.of[p]]), unit=f"of {len(pairs.of[p])} organs"))  # fmt: skip
    order = []
    for p in others:  # all that blood reaches; where nothing is known of an organ its soil is 1, or 0
        soils = {o["name"]: sigma.get(o["name"], min(1, o["soil"])) for o in pairs.organs[p]}
        bare = {o["name"]: min(1, o["soil"]) for o in pairs.organs[p]}
        top = max((o for o in pairs.organs[p] if o["frequency"]), key=lambda o: o["frequency"])["name"]
        order.append((p, top, *(max(s, key=lambda o, s=s, by=by: by[p, o] * s[o]) for s, by in ((soils, pairs.landed), (bare, pairs.lodged)))))
    right = [[guess == top for _, top, guess, _ in order], [bare == top for _, top, _, bare in order]]
    rows += [Row(text, "predicted", sum(of), len(of) * share(sum(of), len(of))[1], low) for text, of, low in
             (("first organ right, of four primaries", right[0], 3), ("the same with flow only", right[1], -math.inf))]  # fmt: skip
    rows.append(whole_pattern(runs, pairs, sigma, "pancreas", "liver"))
    words = {"first": table(("Primary", "most frequent", "predicted", "flow only"), order).rstrip("\n"),
             "sigma": ", ".join(f"{o} {number(v)}" for o, v in sorted(sigma.items(), key=lambda item: -item[1]))}  # fmt: skip
    return rows, by_soil, words


ODD = {"lung": "brain is its first organ and the last of breast and prostate, which no product of an organ's and a primary's soil can have"}  # where soil of the others does not help


def left_out_rows(runs, pairs):
    """(rows, words) of primaries that do not drain into the portal vein, each from the other two: better than by flow?"""
    rows, words = [], []
    for p in TAUGHT:
        soils = runs.soils([q for q in TAUGHT if q != p])[1]
        guess, keys = pairs.by(soils), [(p, o) for o in pairs.of[p]]

        def gain(these, guess=guess):
            return rank_correlation(these, guess, pairs.wanted) - rank_correlation(these, pairs.flow, pairs.wanted)

        by_soil, by_flow = (rank_correlation(keys, g, pairs.wanted) for g in (guess, pairs.flow))
        gained, error = with_error(gain, keys)
        words.append(f"{p}'s organs have a rank correlation of {number(by_soil)} with soil and {number(by_flow)} without")
        why = [] if gained > 0 else [ODD.get(p, "")]
        if not abs(gained) > 2 * error:
            why.append("within its error, of so few organs")
        rows.append(Row(f"{p} from the other two of breast, lung, prostate: rank correlation {number(by_soil)}, flow only {number(by_flow)}; more by",
                        "predicted", gained, error, 1e-6, unit=f"of {len(keys)} organs", why="; ".join(filter(None, why))))  # fmt: skip
    return rows, ", ".join(words)


def brain_rows(runs):
    """Tumours of the brain: seen beyond the skull, of lives with the tumour and, were it gone for good, without."""
    own = {"body.primary": "brain", **soil_setting("brain", {"brain": 0})}
    away = runs.cohort("brain_away", "soil", own)
    years = [float(r["seen_year"] or "inf") for r in read(os.path.join(runs.folder, "brain_away"), "cohort.csv")]
    left = runs.run("brain_left", "soil", {**own, "body.observer.removes": "false"}, patients=2000)
    alive = [r for r in read(left, "cohort.csv") if float(r["death_year"]) >= 0]
    lived = median([float(r["death_year"]) for r in alive])[0]
    in_life = sum(bool(r["seen_year"]) and float(r["seen_year"]) < float(r["death_year"]) for r in alive)
    return [
        Row("brain tumours: seen outside the skull before death, the tumour left in place", "fitted", *share(in_life, len(alive)), 0, 0.02,
            why=f"half live {number(lived)} years with it"),
        Row("the same when the tumour is found", "predicted", *away["seen_at_removal"], 0, 0.02),
        Row("the same within two years of removal", "predicted", *share(sum(y <= 2 for y in years), len(years)), 0, 0.02),
        Row("the same within 20 years of removal, were all cured of the tumour and nobody died", "predicted", *away["seen"], 0, 0.02,
            why="within its error of the band's end; nobody was followed like this, so it is the row before death that counts"),
    ]  # fmt: skip


def site_rows(runs, found):
    """What texts say of single organs: liver and stomach, brain and lung, brain tumours."""
    livers = found["stomach", "liver"].lesions
    return [
        Row("stomach: of patients with a metastasis seen, those with one in the liver when the first is", "fitted", *found["stomach", "liver"].with_first,
            0.45, 0.51, why="soil is fitted to lesions founded, see above"),
        Row("stomach: lesions founded in livers with one seen before death, mean", "predicted", *over_seeds(livers), 1),
        Row("stomach: of such livers, those with more than one", "predicted", *share(sum(n > 1 for n in livers), len(livers))),
        Row("lung: of patients with a metastasis seen, those with one in the brain when the first is", "fitted", *found["lung", "brain"].with_first, 0.36, 0.42,
            why="likewise"),
        *brain_rows(runs),
    ]  # fmt: skip


def without_data(pairs, primary):
    """(Organs of a primary without a frequency in which cells land and found lesions, their share of what can found one)."""
    weight = {o["name"]: o["landed"] * o["soil"] for o in pairs.organs[primary]}
    blank = [o for o, w in weight.items() if w > 0 and o not in pairs.of[primary]]
    return blank, sum(weight[o] for o in blank) / sum(weight.values())


def soil(runs):
    pairs = Pairs(runs)
    found = patients_of(runs, pairs)
    predicted, by_soil, words = predicted_rows(runs, pairs)
    left_out, words["others"] = left_out_rows(runs, pairs)
    rows = flow_rows(pairs) + fit_rows(runs, pairs, found) + predicted + left_out + site_rows(runs, found)
    blank, part = without_data(pairs, "breast")
    words |= {
        "shares": number(correlation([pairs.lodged[k] for k in pairs.keys], [pairs.frequency[k] for k in pairs.keys]) ** 2),
        "unreached": ", ".join(pairs.unreached), "blank": ", ".join(blank), "part": number(100 * part),
        "many": number(sum(found["lung", o].expected for o in pairs.of["lung"])),
        "few": number(sum(rate(pairs.frequency["lung", o]) for o in pairs.of["lung"])),
        "exposed": " and ".join(f"{number(100 * e)} % of {p}" for p, e in EXPOSED.items()),
        "sites": table(("Primary", "Organ", "lodged", "landed", "soil", "known frequency", "seen with the first", "seen before death", "seen first there", "flow only"),
                       [(p, o, number(100 * pairs.lodged[p, o]) + " %", number(100 * pairs.landed[p, o]) + " %", number(pairs.soil[p][o]),
                         number(pairs.frequency[p, o]), *(number(*of) for of in (found[p, o].with_first, found[p, o].in_life, found[p, o].first,
                                                                                 found[p, o].by_flow))) for p, o in pairs.keys]).rstrip("\n"),
    }  # fmt: skip
    picture = {"pairs": [(*k, pairs.flow[k], pairs.wanted[k]) for k in pairs.keys], "taught": TAUGHT,
               "predicted": [(*k, math.log(v), pairs.wanted[k]) for k, v in by_soil.items()],
               "patients": [(*k, pairs.frequency[k], *found[k].counted(k[0])) for k in pairs.keys]}  # fmt: skip
    return rows, words, picture


# ---- Dormancy


def relapses_by_year(folder, years):
    """Of patients without visible metastases, those with a relapse seen by each year, other deaths aside."""
    rows = [r for r in read(folder, "cohort.csv") if r["seen_at_removal"] == "0"]
    at = [min(float(r["seen_year"]), math.inf) for r in rows if r["seen_year"] and float(r["seen_year"]) < float(r["other_death_year"])]
    return [share(sum(1 for t in at if t <= year), len(rows)) for year in years]


def years_to_be_seen(folder, horizon=20):
    """From landing to being seen, of relapses of patients without visible metastases, years; other deaths are earlier than none."""
    return [float(r["founded_before_seen_year"]) for r in read(folder, "cohort.csv") if r["seen_at_removal"] == "0" and r["seen_year"]
            and float(r["seen_year"]) < min(float(r["other_death_year"]), horizon + 1e-9)]  # fmt: skip


WAKING = (  # what wakes sleepers, and the settings that say so: episodes of a week
    ("the wound of the removal, 14 days", "wound", {"body.removal.wound": "14 day"}),
    ("inflammation twice a year", "episodes_2", {"body.host.inflammation": "[{from: 0 day, until: 7 day, every: 0.5 years}]"}),
    ("inflammation six times a year", "episodes_6", {"body.host.inflammation": "[{from: 0 day, until: 7 day, every: 60.875 day}]"}),
    ("wound, and six times a year", "both",
     {"body.removal.wound": "14 day", "body.host.inflammation": "[{from: 0 day, until: 7 day, every: 60.875 day}]"}),
)  # fmt: skip


def relapsing(folder, begin, end):
    """{patient: 1 or 0}: whether a relapse is seen between two years, of those without a visible metastasis."""
    rows = [r for r in read(folder, "cohort.csv") if r["seen_at_removal"] == "0"]
    return {r["patient"]: float(r["seen_year"] != "" and begin < float(r["seen_year"]) <= end and float(r["seen_year"]) < float(r["other_death_year"]))
            for r in rows}  # fmt: skip


def more(a, b):
    """(mean, error) of what the patients of `a` have more than the same ones of `b`; those that only one has are left out."""
    return over_seeds([a[k] - b[k] for k in a if k in b])


def what_wakes(runs, usual):
    """(lines of a table, {name: (value, error) of late relapses more than without})"""
    plain = os.path.join(runs.folder, "as_it_is")
    late = {"plain": relapsing(plain, 5, 20)}
    early = {"plain": relapsing(plain, 0, 5)}
    lines = [("nothing but time", number(*usual["late_share"]), number(*over_seeds(early["plain"].values())), "",
              number(*over_seeds(late["plain"].values())), "")]  # fmt: skip
    for words, name, settings in WAKING:
        told = runs.cohort(name, "dormancy", settings)
        folder = os.path.join(runs.folder, name)
        late[name], early[name] = relapsing(folder, 5, 20), relapsing(folder, 0, 5)
        lines.append((words, number(*told["late_share"]), number(*over_seeds(early[name].values())), number(*more(early[name], early["plain"])),
                      number(*over_seeds(late[name].values())), number(*more(late[name], late["plain"]))))  # fmt: skip
    return lines, {name: more(late[name], late["plain"]) for name in late if name != "plain"}


LANDED = ("time", "tumour_cells", "landed_cells", "landed_competent", "landed_abortive", "landed_dormant", "landed_doomed", "deaths_doomed", "asleep")


def landed(folder):
    """Fates of landed cells on a lattice, day by day."""
    return [{name: float(row[name]) for name in LANDED} for row in read(folder, "metrics.csv")]


def on_day(days, day):
    return min(days, key=lambda r: abs(r["time"] - day))


def dormancy(runs):
    years = list(range(0, 21))
    told = runs.cohort("as_it_is", "dormancy")
    curves = {"0.9 asleep, 16 years": relapses_by_year(os.path.join(runs.folder, "as_it_is"), years)}
    lines = [("0.9", "16", number(*told["late_share"]), number(*told["hazard_5_10_over_10_20"]), number(*told["relapsed"]))]
    for asleep, waking in ((0, 16), (0.5, 16), (0.74, 12), (0.9, 12), (0.9, 29), (0.9, 69)):
        name = f"asleep_{asleep}_{waking}"
        other = runs.cohort(name, "dormancy", {"body.fate.asleep": asleep, "body.fate.waking": f"{waking} years"}, patients=10000)
        lines.append((f"{asleep:g}", str(waking), number(*other["late_share"]), number(*other["hazard_5_10_over_10_20"]), number(*other["relapsed"])))
        if (asleep, waking) in ((0, 16), (0.5, 16), (0.9, 69)):
            curves[f"{asleep:g} asleep, {waking} years" if asleep else "none asleep"] = relapses_by_year(os.path.join(runs.folder, name), years)
        if asleep == 0:
            awake = other
    wakes, later = what_wakes(runs, told)
    days = landed(runs.run("lattice", "landed_cells"))
    end, day_3, day_15 = days[-1], on_day(days, 3), on_day(days, 16)
    cells = end["landed_cells"]
    gone = [r["time"] for r in days if r["landed_cells"] == cells and r["tumour_cells"] == r["asleep"]]
    rows = [
        Row("of relapses within 20 years, those after five", "fitted", *told["late_share"], 0.35, 0.65),
        Row("relapses a year, years 5 to 10 over 10 to 20", "fitted", *told["hazard_5_10_over_10_20"], 0.7, 2),
        Row("nobody sleeps: of relapses within 20 years, those after five", "predicted", *awake["late_share"]),
        Row("the same, less than with sleepers by", "predicted", difference(told["late_share"], awake["late_share"])[0]
            / difference(told["late_share"], awake["late_share"])[1], NONE, 3, unit="σ"),
        Row("landing to being seen, median, sleep included", "predicted", *median(years_to_be_seen(os.path.join(runs.folder, "as_it_is"))), unit="years"),
        Row("relapses in years 5 to 20, more than without: a wound of 14 days", "imposed", *later["wound"]),
        Row("the same: a week of inflammation twice a year", "imposed", *later["episodes_2"]),
        Row("the same: six times a year", "imposed", *later["episodes_6"]),
        Row("lattice: landed cells that are doomed", "imposed", *share(end["landed_doomed"], cells), 0.525 - 3 * share(0.525 * cells, cells)[1],
            0.525 + 3 * share(0.525 * cells, cells)[1]),
        Row("lattice: landed cells asleep for good, drawn", "imposed", *share(end["landed_dormant"], cells), 0.45 - 3 * share(0.45 * cells, cells)[1],
            0.45 + 3 * share(0.45 * cells, cells)[1]),
        Row("lattice: landed cells that divide a few times", "imposed", *share(end["landed_abortive"], cells),
            0.025 - 3 * share(0.025 * cells, cells)[1], 0.025 + 3 * share(0.025 * cells, cells)[1]),
        Row("lattice: doomed cells dead by day 3", "imposed", *share(day_3["deaths_doomed"], end["landed_doomed"]), 0, 0.1),
        Row("lattice: doomed cells dead by day 16", "imposed", *share(day_15["deaths_doomed"], end["landed_doomed"]), 0.97, 1),
        Row("lattice: cells asleep on day 16 over those drawn asleep", "emergent", *share(day_15["asleep"], end["landed_dormant"]), 0.9, 1),
        Row("lattice: day from which on no line of those that divide a few times is left", "imposed", gone[0] if gone else NONE, NONE, 0, 30, "days, of one run"),
    ]  # fmt: skip
    words = {"variants": table(("Asleep first", "Half-life [years]", "late share", "years 5–10 over 10–20", "relapse seen in 20 years"), lines).rstrip("\n"),
             "waking": table(("What wakes them", "late share", "relapse in years 0–5", "more", "in years 5–20", "more"), wakes).rstrip("\n"),
             "landed": f"{cells:.0f}", "abortive": f"{end['landed_abortive']:.0f}",
             "woken": f"{end['landed_dormant'] - end['asleep']:.0f}",
             "to_wake": number(end["landed_dormant"] * (1 - 0.5 ** (30 / 365.25 / 16)))}  # fmt: skip
    picture = {"years": years, "curves": curves, "days": [r["time"] for r in days],
               **{k: [r[k] for r in days] for k in ("asleep", "landed_cells", "tumour_cells", "deaths_doomed")}}  # fmt: skip
    return rows, words, picture


# ---- Clinics


def relative(name, a, b):
    value, error = ratio(a[name], b[name])
    return 100 * (value - 1), 100 * error


def at_first(runs, primary):
    """(what a cohort of that primary tells, its share with a positive node or a visible metastasis when the primary is found)"""
    name = f"primary_{primary}"
    told = runs.cohort(name, "clinics", {"body.primary": primary}, patients=4000)
    patients = list(read(os.path.join(runs.folder, name), "cohort.csv"))
    return told, share(sum(r["seen_at_removal"] == "1" or float(r["largest_node_mm"]) >= 2 for r in patients), len(patients))


def years_left(folder):
    """Medians: years from a relapse seen to death, and from removal to death of all."""
    patients = list(read(folder, "cohort.csv"))
    relapsed = [r for r in patients if r["seen_year"] and r["seen_at_removal"] == "0" and float(r["seen_year"]) < float(r["death_year"])]
    if not relapsed:
        return NONE, NONE
    return (statistics.median(float(r["death_year"]) - float(r["seen_year"]) for r in relapsed),
            statistics.median(float(r["death_year"]) for r in patients))  # fmt: skip


def clinics(runs):
    told = runs.cohort("all", "clinics")
    first = {p: at_first(runs, p) for p in PRIMARIES}
    spread = [s for _, s in first.values()]
    untreated = runs.cohort("untreated", "clinics", {"body.observer.removes": "false"}, patients=2000)
    after, before = years_left(os.path.join(runs.folder, "all"))
    no_lymph = runs.cohort("without_lymph", "clinics", {"body.lymph.enabled": "false"})
    spreads = {s: runs.cohort(f"spread_{s}", "clinics", {"body.observer.diameter_spread": s}, patients=20000) for s in (0.35, 0.75)}
    spreads[0.55] = told
    rows = [
        Row("a cell in 7.5 mL at removal (prototype 0.218)", "fitted", *told["blood_positive"], 0.12, 0.30),
        Row("relapses of these over the others', five years (2.11)", "fitted", *told["blood_rate_ratio"], 1.3, 2.6),
        Row("of these free of relapse at five years (0.71)", "predicted", *told["blood_positive_free"], 0.6, 1),
        Row("a sleeping cell in the aspirate (0.30)", "fitted", *told["marrow_positive"], 0.2, 0.4),
        Row("relapses of these over the others' (2.32)", "predicted", *told["marrow_rate_ratio"], 1.5, 3.2),
        Row("of relapses within 20 years, those after five (0.456)", "fitted", *told["late_share"], 0.35, 0.65),
        Row("relapses a year, years 5 to 10 over 10 to 20 (1.83)", "fitted", *told["hazard_5_10_over_10_20"], 0.7, 2),
        Row("nodes positive at 15 mm (a third)", "fitted", *told["nodes_positive_at_15_mm"], 0.27, 0.40),
        Row("the same, rise per cm (0.116)", "predicted", *told["nodes_slope_per_cm"], 0.08, 0.13),
        Row("without lymph: relapse seen in 20 years (−8)", "predicted", *relative("relapsed", no_lymph, told), -20, 20, "%"),
        Row("without lymph: relapse within five years (−16)", "predicted", *relative("relapsed_5y", no_lymph, told), -20, 20, "%"),
        Row("without lymph: visible at removal (−13)", "predicted", *relative("seen_at_removal", no_lymph, told), -20, 20, "%"),
        Row("visible metastases at removal (0.018), within a factor of two of registries", "predicted", *told["seen_at_removal"], 0.03, 0.12,
            why="one that never sleeps takes 2.3 years (lung) to 3.1 (bone) from one cell to what is seen, so that its cell left a primary of 4 to 6 mm, "
            "and nine of ten sleep, fitted to late relapses; whom a metastasis brings to the clinic, registries count and this observer does not"),
        Row("landing to being seen, median, sleep included (6.1)", "predicted", *told["founding_to_seen_years"], unit="years"),
        Row("primary of the lung: visible metastases when it is found (0.425)", "fitted", *first["lung"][0]["seen_at_removal"], 0.30, 0.55),
        Row("seven primaries: a node or a metastasis when they are found, mean (0.66)", "predicted", statistics.mean(s[0] for s in spread),
            math.hypot(*(s[1] for s in spread)) / len(spread), 0.5, 0.8),
        Row("no treatment, the primary stays: of deaths within 20 years, those of metastases (text: 0.95)", "predicted",
            *untreated["deaths_of_metastases"], 0.85, 1),
        Row("the primary removed: of deaths within 20 years, those of metastases", "predicted", *told["deaths_of_metastases"]),
        Row("years from a relapse seen to death over years from removal to death, medians", "predicted", after / before if before else NONE, NONE, 0, 0.999),
    ]  # fmt: skip
    words = {"spreads": table(("Spread of ln diameter", "a cell in blood", "rate ratio", "marrow", "rate ratio"),
                              [(f"{s:g}", *(number(*spreads[s][n]) for n in ("blood_positive", "blood_rate_ratio", "marrow_positive", "marrow_rate_ratio")))
                               for s in sorted(spreads)]).rstrip("\n"),
             "patients": f"{told['patients'][0]:.0f}"}  # fmt: skip
    return rows, words, {"rows": [(r.statement, r.kind, r.value, r.error, r.low, r.high) for r in rows]}


# ---- The angiogenic switch


SEEDS = (1, 2)
TOLD = ("tumour_volume", "tumour_cells", "hypoxic_fraction", "oxygen_tumour_mean", "tumour_diameter")
PARENTS = 0.15  # mm, where the artery and the vein of the switch's configuration stand


def median(values):
    """(median, its standard error: half of the way between the ranks that are one standard deviation off)"""
    values = sorted(values)
    n = len(values)
    if n < 9:
        return statistics.median(values) if values else NONE, NONE
    off = math.sqrt(n) / 2
    return statistics.median(values), (values[math.ceil(n / 2 + off) - 1] - values[math.floor(n / 2 - off)]) / 2


def in_errors(value):
    """Of a (mean, error): how many errors it is away from nothing."""
    return value[0] / value[1] if value[1] else NONE


def nodule(folder):
    """The rows of a run, in numbers, and the first event of each kind as (day, x in mm)."""
    rows = [{k: float(v) for k, v in r.items() if k not in ("hash", "preset")} for r in read(folder, "metrics.csv")]
    first = {}
    for e in read(folder, "events.csv"):
        first.setdefault(e["event"], (float(e["time"]), 1e-3 * float(e["x"])))
    return rows, first


def day_of(rows, name, height):
    """The day on which a column first comes to a height, straight lines between rows; nan: it does not."""
    for a, b in zip(rows, rows[1:]):
        if a[name] < height <= b[name]:
            return a["time"] + (b["time"] - a["time"]) * (height - a[name]) / (b[name] - a[name])
    return NONE


def late_mean(rows, name):
    """The mean of a column over the last ten days of a run, as vessels open and shut from day to day."""
    since = rows[-1]["time"] - 10
    return statistics.mean(r[name] for r in rows if r["time"] >= since)


def less(fed, bare, name):
    """By how much that mean is less with vessels than without, seed by seed: (mean, error)."""
    return over_seeds(late_mean(b, name) - late_mean(a, name) for (a, _), (b, _) in zip(fed, bare))


def switch(runs):
    fed = [nodule(runs.run(f"with_{s}", "switch", {}, s)) for s in SEEDS]
    bare = [nodule(runs.run(f"without_{s}", "switch", {"sprouting.enabled": "false"}, s)) for s in SEEDS]
    end = fed[0][0][-1]["time"]
    late = end - 10 if end > 10 else 0
    days = [end * k / 4 for k in range(5)]

    def at(group, name, day):
        return [on_day(rows, day)[name] for rows, _ in group]

    def times(name, day):
        return over_seeds(a / b if b else NONE for a, b in zip(at(fed, name, day), at(bare, name, day)))

    def first(event, column):
        return over_seeds(of.get(event, (NONE, NONE))[column] for _, of in fed)

    contact = [of.get("first_contact", (NONE, NONE)) for _, of in fed]
    front = over_seeds((x - PARENTS) / day for day, x in contact)
    growth = {name: over_seeds(b / a for a, b in zip(at(group, "tumour_volume", late), at(group, "tumour_volume", end)))
              for name, group in (("with", fed), ("without", bare))}  # fmt: skip
    millimetre = {name: [day_of(rows, "tumour_diameter", 1000) for rows, _ in group] for name, group in (("with", fed), ("without", bare))}
    speed = over_seeds((b - a) / 2 / (end - late) for a, b in zip(at(fed, "tumour_diameter", late), at(fed, "tumour_diameter", end)))
    rows = [
        Row(f"volume with vessels over that without, day {number(end)} (Naumov 2006)", "predicted", *times("tumour_volume", end), 2),
        Row("the same ten days before", "predicted", *times("tumour_volume", late)),
        Row("living cells, likewise, at the end", "predicted", *times("tumour_cells", end)),
        Row("volume at the end over that ten days before, without vessels: does it come to rest?", "emergent", *growth["without"]),
        Row("the same with vessels", "emergent", *growth["with"]),
        Row("share of living cells below 10 mmHg, last ten days: with vessels less by", "emergent", *less(fed, bare, "hypoxic_fraction")),
        Row("mean oxygen of living cells, last ten days: with vessels more by", "emergent", -less(fed, bare, "oxygen_tumour_mean")[0],
            less(fed, bare, "oxygen_tumour_mean")[1], unit="mmHg"),
        Row("first sprout at the tumour", "predicted", *first("first_contact", 0), unit="days"),
        Row("red cells first pass a new vessel at the tumour", "predicted", *first("first_flow", 0), 7, 21, "days"),
        Row("speed of the front until contact; the limit of tips is imposed", "predicted", *front, 0.1, 0.8, "mm/day"),
        Row("box-counting dimension of the network at the end, projected (Gazit 1995)", "emergent",
            *over_seeds(at(fed, "fractal_dimension", end)), 1.75, 1.95),
        Row("from a nodule of 0.32 mm to the volume of a ball of 1 mm, with vessels", "emergent", *over_seeds(millimetre["with"]), unit="days"),
        Row("radius of such a ball over the last ten days, with vessels", "emergent", *speed, unit="µm/day"),
    ]  # fmt: skip
    lines = [(number(day), *(number(*over_seeds(at(group, name, day))) for name in TOLD[:4] for group in (fed, bare))) for day in days]
    head = ["Day"] + [f"{name}, {how}" for name in ("volume [mm³]", "living cells", "below 10 mmHg", "mean oxygen [mmHg]") for how in ("with", "without")]
    touched = [min((r["time"] for r in rows_ if r["touches_face"]), default=NONE) for rows_, _ in fed + bare]
    words = {"days": table(head, lines).rstrip("\n"), "seeds": len(SEEDS), "end": number(end),
             "touched": number(min((t for t in touched if math.isfinite(t)), default=NONE)),
             "without_1_mm": f"{sum(map(math.isfinite, millimetre['without']))} of {len(SEEDS)}",
             "to_4_mm": number(1500 / speed[0]) if speed[0] > 0 else "none"}  # fmt: skip
    picture = {name: [{"days": [r["time"] for r in rows_], **{k: [r[k] for r in rows_] for k in TOLD}} for rows_, _ in group]
               for name, group in (("with", fed), ("without", bare))}  # fmt: skip
    picture["flow"] = [of["first_flow"][0] for _, of in fed if "first_flow" in of]
    return rows, words, picture


SIGN_SEEDS = range(1, 21)


def signs(runs):
    """What vessels of its own do to a nodule small enough for as many seeds as a sign asks for."""
    fed = [nodule(runs.run(f"with_{s}", "signs", {}, s)) for s in SIGN_SEEDS]
    bare = [nodule(runs.run(f"without_{s}", "signs", {"sprouting.enabled": "false"}, s)) for s in SIGN_SEEDS]
    n, end = len(SIGN_SEEDS), fed[0][0][-1]["time"]
    rows = []
    for name, statement, sign, unit in (("hypoxic_fraction", "share of living cells below 10 mmHg, last ten days: with vessels less by", 1, ""),
                                        ("oxygen_tumour_mean", "mean oxygen of living cells, last ten days: with vessels more by", -1, "mmHg")):  # fmt: skip
        value, error = less(fed, bare, name)
        rows.append(Row(statement, "emergent", sign * value, error, unit=unit))
        rows.append(Row("that difference in its errors", "emergent", sign * in_errors((value, error)), NONE, 3, unit="σ", seeds=n))
    times = {name: over_seeds(a[-1][name] / b[-1][name] for (a, _), (b, _) in zip(fed, bare)) for name in ("tumour_volume", "tumour_cells")}
    rows.append(Row(f"volume with vessels over that without, day {number(end)}", "predicted", *times["tumour_volume"]))
    rows.append(Row("living cells, likewise", "predicted", *times["tumour_cells"]))
    flow = [of["first_flow"][0] for _, of in fed if "first_flow" in of]
    words = {"seeds": n, "end": number(end), "flow": number(*over_seeds(flow)), "fed": len(flow)}
    pairs = {name: [(late_mean(b, name), late_mean(a, name)) for (a, _), (b, _) in zip(fed, bare)] for name in ("hypoxic_fraction", "oxygen_tumour_mean")}
    return rows, words, pairs


STUDIES = {"cascade": cascade, "dandelion": dandelion, "soil": soil, "dormancy": dormancy, "clinics": clinics, "tornado": tornado, "switch": switch,
           "signs": signs}  # fmt: skip
LONG = ("switch", "signs")  # run when they are named
