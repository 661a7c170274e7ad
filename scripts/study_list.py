"""The studies of scripts/studies.py: what each runs, what it measures, which rows it is judged by.

A study is a function of Runs that returns (rows, words for its text, numbers for its picture). Rows and bands were written down before
the runs; nothing here is tuned to them.
"""

import math
import os
import re
import statistics

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
    """Of cells that lodged and were not let go, those that adhered."""
    return summed(stages, "adhered", "natural")[0] / (summed(stages, "lodged", "natural")[0] - summed(stages, "released", "natural")[0])


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
    grams = statistics.mean(float(r["primary_cells"]) for r in days) / 1.25e8
    a_day = float(days[-1]["departed"]) / float(days[-1]["time"])
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
        Row("competent cells per cell that left (one in 60 million: Coumans)", "fitted", expected["competent"][0] / departed, NONE, 0.5e-8, 2e-8),
        Row("left = dead + lodged + adherent + outside: cells not accounted for", "predicted", round(left_over, 6) + 0.0, NONE, 0, 0),
        Row("outside = doomed + a few divisions + asleep + competent: cells not accounted for", "predicted", round(fates, 6) + 0.0, NONE, 0, 0),
        z_row("competent cells drawn, less expected", natural["competent"], expected["competent"]),
        z_row("outside drawn, less expected", natural["landed"], expected["landed"]),
        z_row("bodies without a competent cell, less mean of e^-Λ", (told[("none_competent", "", "natural")][0], share(none * bodies, bodies)[1]),
              (none, NONE)),
        z_row("competent cells by weights of forced founders, less expected, three organs", three["forced"], three["expected"]),
        Row("of lodged cells that stay, those that adhere", "imposed", with_nk, NONE, 0.005, 0.02),
        Row("the same without NK cells, over that", "imposed", no_nk / with_nk, NONE, 7, 13),
        Row("of adherent cells in lung, those that come out", "imposed", *share(lung["landed"], lung["adhered"] - lung["adherent_now"]), 0.77, 0.83),
        Row("rat: cells that leave per gram and day", "imposed", a_day / grams, NONE, 2.5e6, 4.5e6),
        Row("any of shedding, adhesion, crossing, going on switched off: largest share of competent cells left", "imposed",
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


DIE_OF_IT = ("lung", "colon")  # primaries that kill by themselves
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
    for primary in DIE_OF_IT:
        folders = [runs.run(f"{primary}_{name}", "dandelion", {"body.primary": primary, "body.observer.removes": removes}, patients=patients)
                   for name, removes, patients in (("removed", "true", 4000), ("left", "false", 400))]  # fmt: skip
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


def soil(runs):
    pairs = {}  # primary: {organ: (share lodged, soil, frequency)}, of organs whose frequency is known and that blood reaches
    unreached = []
    for primary in PRIMARIES:
        organs = runs.chain(primary)["organs"]
        known = [o for o in organs if o["frequency"]]
        pairs[primary] = {o["name"]: (o["lodged"], o["soil"], o["frequency"]) for o in known if o["lodged"] > 0}
        unreached += [f"{o['name']} of {primary} ({o['frequency']:g})" for o in known if not o["lodged"] > 0]
    wanted = {(p, o): math.log(-math.log(1 - f)) for p, of in pairs.items() for o, (_, _, f) in of.items()}
    flow = {(p, o): math.log(lodged) for p, of in pairs.items() for o, (lodged, _, _) in of.items()}
    keys = list(wanted)
    explained = correlation([flow[k] for k in keys], [wanted[k] for k in keys]) ** 2
    # Without the level of a primary, which no flow explains.
    centred = {name: {k: v[k] - statistics.mean(v[q] for q in keys if q[0] == k[0]) for k in keys} for name, v in (("flow", flow), ("wanted", wanted))}
    many = [k for k in keys if len(pairs[k[0]]) > 1]
    within = correlation([centred["flow"][k] for k in many], [centred["wanted"][k] for k in many]) ** 2
    sigma = {}
    for organ in {o for p in TAUGHT for o in pairs[p]}:
        logs = [math.log(pairs[p][organ][1]) for p in TAUGHT if organ in pairs[p]]
        sigma[organ] = math.exp(statistics.mean(logs))
    others = [p for p in PRIMARIES if p not in TAUGHT]
    by_soil = {(p, o): pairs[p][o][0] * sigma.get(o, 1) for p in others for o in pairs[p]}
    order, first, first_flow, judged = [], 0, 0, 0
    for p in others:
        organs = runs.chain(p)["organs"]  # all that blood reaches; where nothing is known of an organ its soil is 1, or 0
        reached = {o["name"]: o["lodged"] * sigma.get(o["name"], min(1, o["soil"])) for o in organs}
        bare = {o["name"]: o["lodged"] * min(1, o["soil"]) for o in organs}
        top = max((o for o in organs if o["frequency"]), key=lambda o: o["frequency"])["name"]
        guess, bare_guess = max(reached, key=reached.get), max(bare, key=bare.get)
        first, first_flow, judged = first + (guess == top), first_flow + (bare_guess == top), judged + 1
        order.append((p, top, guess, bare_guess))
    # Each primary's level, sigma_p, is not predicted: it is taken from the sum over its organs.
    level = {p: sum(-math.log(1 - pairs[p][o][2]) for o in pairs[p]) / sum(by_soil[(p, o)] for o in pairs[p]) for p in others if pairs[p]}
    held = [k for k in by_soil]
    ranked = correlation(ranks([by_soil[k] * level[k[0]] for k in held]), ranks([wanted[k] for k in held]))
    flat = {p: sum(-math.log(1 - pairs[p][o][2]) for o in pairs[p]) / sum(pairs[p][o][0] for o in pairs[p]) for p in others if pairs[p]}
    ranked_flow = correlation(ranks([pairs[p][o][0] * flat[p] for p, o in held]), ranks([wanted[k] for k in held]))
    inside = [k for k in held if len(pairs[k[0]]) > 1]
    alone = {p: correlation(ranks([by_soil[k] for k in inside if k[0] == p]), ranks([wanted[k] for k in inside if k[0] == p]))
             for p in {k[0] for k in inside}}  # fmt: skip
    sites = []
    for p in PRIMARIES:
        if not pairs[p]:
            continue
        told = runs.cohort(f"from_{p}", "soil", {"body.primary": p})
        bare = runs.cohort(f"from_{p}_flow_only", "soil", {"body.primary": p, **flat_soils(runs, p)}, patients=5000)
        sites += [(p, o, told[f"first_in_{o}"], bare[f"first_in_{o}"], pairs[p][o]) for o in pairs[p]]
    with open(os.path.join(runs.run("walls", "soil", patients=1), "resolved.yaml"), encoding="utf-8") as file:
        out = walls(file.read())
    worst, behind = (max(abs((1 - math.exp(-lam)) - f) for p in PRIMARIES for lam, f in given_back(pairs[p], by)) for by in ({}, out))
    left_out = {}
    for p in TAUGHT:
        of_two = [q for q in TAUGHT if q != p]
        guess = {o: pairs[p][o][0] * math.exp(statistics.mean([math.log(pairs[q][o][1]) for q in of_two if o in pairs[q]] or [0])) for o in pairs[p]}
        truth = ranks([wanted[(p, o)] for o in pairs[p]])
        left_out[p] = (correlation(ranks(list(guess.values())), truth), correlation(ranks([flow[(p, o)] for o in pairs[p]]), truth))
    rows = [
        Row("flow only: r² of ln Λ over primary and organ", "predicted", explained, NONE, 0.25, 0.55, f"of {len(keys)} pairs"),
        Row("the same without the level of each primary", "predicted", within, NONE, unit=f"of {len(many)} pairs"),
        Row("flow times soil gives the frequencies back: largest difference", "imposed", worst, NONE, 0, 0.03),
        Row("the same behind the organs' walls, which cells cross more or less often", "imposed", behind),
        Row("soil of an organ from breast, lung, prostate; colon, stomach, pancreas: rank correlation over primary and organ", "predicted",
            ranked, NONE, 0.6, unit=f"of {len(held)} pairs"),
        Row("the same with flow only", "predicted", ranked_flow, NONE, unit=f"of {len(held)} pairs"),
        *(Row(f"rank correlation within {p}", "predicted", alone[p], NONE, unit=f"of {len(pairs[p])} organs") for p in sorted(alone)),
        *(Row(f"{p} from the other two of breast, lung, prostate: rank correlation (flow only: {number(left_out[p][1])})", "predicted",
              left_out[p][0], NONE, unit=f"of {len(pairs[p])} organs") for p in TAUGHT),
        Row("first organ right, of four primaries", "predicted", first, NONE, 3),
        Row("the same with flow only", "predicted", first_flow, NONE),
    ]  # fmt: skip
    words = {
        "shares": number(correlation([pairs[p][o][0] for p, o in keys], [pairs[p][o][2] for p, o in keys]) ** 2),
        "unreached": ", ".join(unreached),
        "sites": table(("Primary", "Organ", "lodged", "soil", "known frequency", "seen first there", "flow only"),
                       [(p, o, number(100 * of[0]) + " %", number(of[1]), number(of[2]), number(*seen), number(*bare))
                        for p, o, seen, bare, of in sites]).rstrip("\n"),
        "first": table(("Primary", "most frequent", "predicted", "flow only"), order).rstrip("\n"),
        "sigma": ", ".join(f"{o} {number(v)}" for o, v in sorted(sigma.items(), key=lambda item: -item[1])),
    }  # fmt: skip
    picture = {"pairs": [(p, o, flow[(p, o)], wanted[(p, o)]) for p, o in keys], "taught": TAUGHT,
               "predicted": [(p, o, math.log(by_soil[(p, o)] * level[p]), wanted[(p, o)]) for p, o in held]}  # fmt: skip
    return rows, words, picture


def given_back(of, out):
    """[(Λ, frequency)] of a primary's organs, its level such that the sum is right. out: share of adherent cells that come out there."""
    weight = {o: lodged * s * out.get(o, 1) for o, (lodged, s, _) in of.items()}
    level = sum(-math.log(1 - f) for _, _, f in of.values()) / sum(weight.values()) if of else 0
    return [(level * weight[o], f) for o, (_, _, f) in of.items()]


def walls(resolved):
    """{organ: share of adherent cells that come out}, from the text of a resolved.yaml: the rate out over the barrier against that of death."""
    out, death = (float(re.search(rf"\n  crossing:\n(?:    .*\n)*?    {key}: (\S+) 1/min", resolved).group(1)) for key in ("out", "death"))
    found = {}
    for name, barrier in re.findall(r'\n    - name: "(\w+)"\n      drains: .*\n(?:      .*\n)*?      barrier: (\S+)\n', resolved):
        found[name] = out / float(barrier) / (out / float(barrier) + death)
    return found


def flat_soils(runs, primary):
    """Settings that make every soil that a primary names 1."""
    names = ("breast", "lung", "colon", "stomach", "prostate", "ovary", "pancreas")  # the order of configs/organs.yaml
    count = sum(1 for o in runs.chain(primary)["organs"] if o["frequency"])
    return {f"body.primaries[{names.index(primary)}].soils[{k}].soil": 1 for k in range(count)}


# ---- Dormancy


def relapses_by_year(folder, years):
    """Of patients without visible metastases, those with a relapse seen by each year, other deaths aside."""
    rows = [r for r in read(folder, "cohort.csv") if r["seen_at_removal"] == "0"]
    at = [min(float(r["seen_year"]), math.inf) for r in rows if r["seen_year"] and float(r["seen_year"]) < float(r["other_death_year"])]
    return [share(sum(1 for t in at if t <= year), len(rows)) for year in years]


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
        Row("landing to being seen, median, sleep included", "predicted", *told["founding_to_seen_years"], unit="years"),
        Row("lattice: landed cells that are doomed", "imposed", *share(end["landed_doomed"], cells), 0.525 - 3 * share(0.525 * cells, cells)[1],
            0.525 + 3 * share(0.525 * cells, cells)[1]),
        Row("lattice: landed cells asleep for good, drawn", "imposed", *share(end["landed_dormant"], cells), 0.45 - 3 * share(0.45 * cells, cells)[1],
            0.45 + 3 * share(0.45 * cells, cells)[1]),
        Row("lattice: landed cells that divide a few times", "imposed", *share(end["landed_abortive"], cells),
            0.025 - 3 * share(0.025 * cells, cells)[1], 0.025 + 3 * share(0.025 * cells, cells)[1]),
        Row("lattice: doomed cells dead by day 3", "imposed", *share(day_3["deaths_doomed"], end["landed_doomed"]), 0, 0.1),
        Row("lattice: doomed cells dead by day 16", "imposed", *share(day_15["deaths_doomed"], end["landed_doomed"]), 0.97, 1),
        Row("lattice: cells asleep on day 16 over those drawn asleep", "emergent", *share(day_15["asleep"], end["landed_dormant"]), 0.9, 1),
        Row("lattice: day from which on no line of those that divide a few times is left", "imposed", gone[0] if gone else NONE, NONE, 0, 30),
    ]  # fmt: skip
    words = {"variants": table(("Asleep first", "Half-life [years]", "late share", "years 5–10 over 10–20", "relapse seen in 20 years"), lines).rstrip("\n"),
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
            why="fitted to size against relapse, metastases are still too small at removal"),
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

    def less(name):
        """Over the last ten days, as vessels open and shut from day to day."""
        mean = [[statistics.mean(r[name] for r in rows if r["time"] >= late) for rows, _ in group] for group in (fed, bare)]
        return over_seeds(b - a for a, b in zip(*mean))

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
        Row("share of living cells below 10 mmHg, last ten days: with vessels less by", "emergent", *less("hypoxic_fraction")),
        Row("hypoxic cells: that difference in its errors", "emergent", in_errors(less("hypoxic_fraction")), NONE, 3, unit="σ", seeds=len(SEEDS)),
        Row("mean oxygen of living cells, last ten days: with vessels more by", "emergent", -less("oxygen_tumour_mean")[0],
            less("oxygen_tumour_mean")[1], unit="mmHg"),
        Row("mean oxygen: that difference in its errors", "emergent", -in_errors(less("oxygen_tumour_mean")), NONE, 3, unit="σ", seeds=len(SEEDS)),
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


STUDIES = {"cascade": cascade, "dandelion": dandelion, "soil": soil, "dormancy": dormancy, "clinics": clinics, "tornado": tornado, "switch": switch}
LONG = ("switch",)  # run when they are named
