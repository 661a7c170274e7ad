#!/usr/bin/env python3
"""Pictures of the studies of scripts/studies.py, from the numbers.json of each.

    /usr/bin/python3 viz/studies.py NAME NUMBERS.json -o PICTURE.png

Made to be read without colours: lines differ by dashes and markers, bars by hatching, and what is drawn is named beside it.
"""

import argparse
import json
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import place
import study_tornado

BLUE, RED, GREY, INK = "#1f5f8b", "#c2452d", "#8a8f98", "#222222"
LINES = (("-", "o", BLUE), ("--", "s", RED), (":", "^", INK), ("-.", "D", GREY), ((0, (5, 1, 1, 1, 1, 1)), "v", BLUE))


def style(k):
    dashes, marker, colour = LINES[k % len(LINES)]
    return {"linestyle": dashes, "marker": marker, "color": colour, "markersize": 4.5, "linewidth": 1.5}


def cascade(axes, n):
    """Natural, expected and forced, each with its own mark, on a logarithmic scale; nothing drawn is told as zero."""
    (axis,) = axes
    stages = [s for s in n["stages"] if s["name"] not in ("competent, still asleep",)]
    rows = range(len(stages), 0, -1)
    marks = (("natural", "o", BLUE, "natural, drawn in whole cells"), ("expected", "|", INK, "expected"),
             ("forced", "x", RED, "forced founders, by weight, three organs"))  # fmt: skip
    for key, marker, colour, label in marks:
        at = [(s[key][0], s[key][1], y) for s, y in zip(stages, rows) if s[key][0] and s[key][0] > 0]
        axis.errorbar([v for v, _, _ in at], [y for _, _, y in at], xerr=[e if e == e and e < 0.9 * v else 0 for v, e, _ in at], linestyle="none",
                      marker=marker, markersize=17 if marker == "|" else 6, color=colour, label=label, capsize=2,
                      markerfacecolor="none" if marker == "o" else colour)  # fmt: skip
    for s, y in zip(stages, rows):
        if s["natural"][0] == 0:
            axis.text(1.5e-3, y, "none drawn", va="center", fontsize=8)
    axis.set_yticks(list(rows), [s["name"] for s in stages])
    axis.set_xscale("log")
    axis.set_xlim(1e-3, 1e9)
    axis.set_xlabel("cells in two years, from a primary of 10 mm on")
    axis.legend(loc="lower right", markerscale=0.6)


def dandelion(axes, n):
    whole, low = axes
    for axis in axes:
        for k, (name, label) in enumerate((("founded_expected", "any lesion founded"), ("seen", "metastasis seen within 20 years"),
                                           ("relapsed", "relapse, none visible at removal"))):  # fmt: skip
            axis.errorbar(n["sizes"], [v for v, _ in n[name]], yerr=[e if e == e else 0 for _, e in n[name]], label=label, **style(k))
        for k, (size, middle) in enumerate(n["banded"]):
            axis.errorbar([size], [middle], yerr=0.06, color=INK, capsize=7, linestyle="none", linewidth=2.5, alpha=0.55,
                          label="band, patients (fitted to)" if k == 0 else None)  # fmt: skip
        axis.set_xlabel("diameter at removal [mm]")
    whole.set_ylabel("share of patients")
    whole.set_ylim(0, 1)
    whole.set_xlim(0)
    whole.legend(loc="lower right")
    low.set_xscale("log")
    low.set_yscale("log")
    low.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
    low.set_title("the same, logarithmic")


def soil(axes, n):
    flow, both, patients = axes
    markers = {p: m for p, m in zip(("breast", "lung", "prostate", "colon", "stomach", "pancreas", "ovary"), "osD^v<>")}
    for axis, pairs in ((flow, n["pairs"]), (both, n["predicted"])):
        for primary, marker in markers.items():
            at = [(x, y, o) for p, o, x, y in pairs if p == primary]
            if not at:
                continue
            axis.scatter([x for x, _, _ in at], [y for _, y, _ in at], marker=marker, s=34, label=f"from {primary}", edgecolor=INK, linewidth=0.6,
                         facecolor=BLUE if primary in n["taught"] else RED)  # fmt: skip
            for x, y, organ in at:  # beside a mark to its right, the name goes to the left
                near = any(0 < other - x < 0.9 and abs(height - y) < 0.12 for _, _, other, height in pairs)
                axis.annotate(organ, (x, y), xytext=(-6, -3) if near else (6, -3), ha="right" if near else "left", textcoords="offset points",
                              fontsize=7.5)  # fmt: skip
        axis.set_ylabel("ln(−ln(1 − frequency))")
        axis.margins(0.14, 0.08)
        axis.legend(loc="upper left", fontsize=7.5)
    flow.set_xlabel("ln of the share of cells that lodge there")
    flow.set_title("flow only")
    both.set_xlabel("ln Λ: flow times soil from breast, lung, prostate")
    both.set_title("predicted for the others")
    ends = [v for _, _, x, y in n["predicted"] for v in (x, y)]
    both.plot([min(ends), max(ends)], [min(ends), max(ends)], color=GREY, linestyle="--", linewidth=1)
    for primary, marker in markers.items():
        at = [(x, y, e, o) for p, o, x, y, e in n["patients"] if p == primary]
        patients.errorbar([x for x, *_ in at], [y for _, y, *_ in at], yerr=[e for *_, e, _ in at], marker=marker, color=INK, markersize=5.5, linestyle="none",
                          markerfacecolor=BLUE if primary in n["taught"] else RED, markeredgewidth=0.6, linewidth=0.8)  # fmt: skip
    far = [(x, y, o) for _, o, x, y, _ in n["patients"] if abs(x - y) > 0.15]
    for x, y, organ in far:  # of three marks side by side the left has its name to the left, the middle one above
        near = sum(0 < other - x < 0.12 and abs(height - y) < 0.04 for other, height, _ in far)
        where, side = (((6, -3), "left"), ((0, 6), "center"), ((-6, -3), "right"))[min(near, 2)]
        patients.annotate(organ, (x, y), xytext=where, ha=side, textcoords="offset points", fontsize=7.5)
    patients.fill_between([0, 1], [-0.03, 0.97], [0.03, 1.03], color="#d8d8d8", zorder=0, label="within 0.03")
    patients.set_xlim(0, 1)
    patients.set_ylim(0, 1)
    patients.set_xlabel("known frequency, to which soil is fitted")
    patients.set_ylabel("of patients with a metastasis seen, those with one\nthere when the first is (prostate: before death)")
    patients.set_title("fitted soil, in patients of the program")
    patients.legend(loc="upper left", fontsize=7.5)


def dormancy(axes, n):
    relapse, cells = axes
    for k, (label, curve) in enumerate(n["curves"].items()):
        relapse.plot(n["years"], [v for v, _ in curve], label=label, markevery=4, **style(k))
    relapse.axvline(5, color=GREY, linewidth=1)
    relapse.text(5.2, 0.005, "five years", fontsize=8)
    relapse.set_ylim(0)
    relapse.set_xticks(range(0, 21, 5))
    relapse.set_xlabel("years after removal")
    relapse.set_ylabel("patients with a relapse seen")
    relapse.legend()
    for k, (name, label) in enumerate((("landed_cells", "landed, so far"), ("tumour_cells", "alive"), ("asleep", "asleep"), ("deaths_doomed", "doomed, dead so far"))):
        cells.plot(n["days"], n[name], label=label, markevery=5, **style(k))
    cells.set_xlabel("day on the lattice")
    cells.set_ylabel("cells")
    cells.set_ylim(0)
    cells.legend()


def clinics(axes, n):
    """Each row on a scale of its band: 0 its lower end, 1 its upper."""
    (axis,) = axes
    rows = [r for r in n["rows"] if all(math.isfinite(v) for v in (r[4], r[5]))]
    for y, (statement, kind, value, error, low, high) in zip(range(len(rows), 0, -1), rows):
        judged = kind in ("predicted", "emergent")
        scale = high - low
        axis.errorbar([(value - low) / scale], [y], xerr=[error / scale if error == error else 0], marker="s" if judged else "o", capsize=3, color=INK,
                      markersize=7, markerfacecolor=BLUE if judged else "white", linestyle="none")  # fmt: skip
        axis.text(1.32, y, f"{value:.3g}", va="center", fontsize=8.5)
    axis.axvspan(0, 1, color="#dfe6ec", zorder=0)
    axis.set_yticks(range(len(rows), 0, -1), [r[0] for r in rows])
    axis.set_xticks([0, 1], ["lower end\nof the band", "upper end"])
    axis.set_xlim(-0.45, 1.5)
    for judged, label in ((True, "predicted"), (False, "fitted")):
        axis.plot([], [], marker="s" if judged else "o", color=INK, markerfacecolor=BLUE if judged else "white", linestyle="none", label=label)
    axis.legend(loc="upper left", fontsize=8)


def switch(axes, n):
    """Every run, with vessels and without."""
    for axis, name, label, scale in zip(axes, ("tumour_volume", "hypoxic_fraction", "oxygen_tumour_mean"),
                                        ("volume [mm³]", "share of living cells below 10 mmHg", "mean oxygen of living cells [mmHg]"), (None, 1, 20)):  # fmt: skip
        for k, (group, how) in enumerate((("with", "with vessels"), ("without", "without"))):
            for j, run in enumerate(n[group]):
                axis.plot(run["days"], run[name], label=how if j == 0 else None, markevery=(4 * j, 12), **{**style(k), "linewidth": 1})
        axis.set_xlabel("day")
        axis.set_ylabel(label)
        axis.set_ylim(0, scale)
        axis.set_xlim(0)
    for day in n["flow"]:
        axes[0].axvline(day, ymax=0.06, color=INK, linewidth=1)
    if n["flow"]:
        axes[0].annotate("red cells pass\na new vessel", (max(n["flow"]), 0), xytext=(2, 22), textcoords="offset points", fontsize=8)
    axes[0].legend()


def signs(axes, n):
    """Each seed a point: without vessels across, with them upwards. On the line nothing has changed."""
    for axis, name, label in zip(axes, ("hypoxic_fraction", "oxygen_tumour_mean"),
                                 ("share of living cells below 10 mmHg", "mean oxygen of living cells [mmHg]")):  # fmt: skip
        across, upwards = zip(*n[name])
        low, high = min(across + upwards), max(across + upwards)
        room = 0.1 * (high - low)
        axis.plot((low - room, high + room), (low - room, high + room), color=INK, linewidth=0.8, linestyle=":")
        axis.plot(across, upwards, marker="o", color=BLUE, markerfacecolor="white", linestyle="none")
        axis.set_xlabel(f"{label}, without vessels")
        axis.set_ylabel("with vessels")


PICTURES = {  # panels, width and height in inches, title
    "cascade": (cascade, 1, (8.5, 5.2), "Where cells are lost"),
    "dandelion": (dandelion, 2, (9.5, 4.2), "Risk against size at removal"),
    "soil": (soil, 3, (13.5, 4.8), "Where metastases are: flow, and flow with soil"),
    "dormancy": (dormancy, 2, (9.5, 4.2), "Late relapse, and landed cells on a lattice"),
    "clinics": (clinics, 1, (9, 4.8), "One cohort against clinics"),
    "switch": (switch, 3, (11, 4.2), "A nodule with vessels of its own, and without"),
    "signs": (signs, 2, (9.5, 4.4), "A nodule with vessels of its own against the same without, seed by seed"),
    "tornado": (study_tornado.draw, 1, (12.5, 21), "Each constant moved by a factor of two: change in per cent"),
}


def draw(name, numbers, output):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "legend.fontsize": 8,
                         "axes.titlesize": 10, "axes.titlelocation": "left"})  # fmt: skip
    function, panels, size, title = PICTURES[name]
    figure, axes = plt.subplots(1, panels, figsize=size, squeeze=False, constrained_layout=True)
    function(axes[0], numbers)
    figure.suptitle(title, fontsize=12, fontweight="bold", x=0.01, ha="left")
    figure.savefig(output, dpi=100, metadata={"Software": None})
    if name == "tornado" and output.endswith(".png"):
        study_tornado.few_colours(output)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Pictures of the studies.")
    parser.add_argument("name", choices=PICTURES)
    parser.add_argument("numbers", metavar="NUMBERS.json")
    parser.add_argument("-o", "--output", required=True)
    args = parser.parse_args(arguments)
    try:
        place.check(args.output, (".png", ".pdf", ".svg"))
        with open(args.numbers, encoding="utf-8") as file:
            numbers = json.load(file)
    except (ValueError, OSError) as problem:
        sys.exit(str(problem))
    draw(args.name, numbers, args.output)
    print(args.output)


if __name__ == "__main__":
    main()
