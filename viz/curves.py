#!/usr/bin/env python3
"""Curves of a run over time, from its metrics.csv.

    /usr/bin/python3 viz/curves.py RUN_DIR [-o curves.png] [--panels cells,shares,vegf,tips,distance]

Columns are sorted into panels by their names; a panel without columns is left out, so that this works on a file of any preset,
and so is a column that is zero all along.
Column titles are `name [unit]`, the first is `time [day]`.
"""

import argparse
import csv
import math
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import headline
import palette
import place
from metavox_tables import KINDS, STATES

COLUMNS = {code: row[0] for code, row in STATES.items() if code != 0}  # of metrics.csv, by state

# Titles of panels and what their columns are called; the first panel that matches takes a column. "log" draws counts that span
# decades; a unit cannot be mixed with another in one panel, so columns of a second unit get a panel of their own.
PANELS = (
    ("solver cycles", r"cycle(s)?$|iterations", False),
    ("solver residuals", r"residual|_error$|imbalance", True),
    ("distance to the nearest vessel", r"^vessel_distance", False),
    ("length of vessels", r"^vessel_length$", False),
    ("density of vessels", r"^(vessel_length|microvessel|capillary|vessel)_density$|^branch_density$", False),
    ("tips, branches, loops", r"^(growing_)?tips$|branch_points|branches|anastomoses|^sprouts|^loops", False),
    ("shape of the network", r"fractal|tortuosity|lacunarity", False),
    ("VEGF", r"vegf", False),
    ("blood flow", r"flow", False),
    ("pressure of growth", r"^pressure_(mean|min|max)$", False),
    ("blood pressure", r"pressure", False),
    ("shear of vessel walls", r"shear", False),
    ("haematocrit", r"haematocrit|hematocrit", False),
    ("speed of blood", r"velocity", False),
    ("radius of vessels", r"^vessel_(mean_)?(radius|diameter)|^(mean|median)_(vessel_)?(radius|diameter)", False),
    ("oxygen", r"^oxygen|pO2", False),
    ("glucose", r"^glucose", False),
    ("matrix", r"^matrix|ecm", False),
    ("proteinase and inhibitor", r"^proteinase|mmp|^inhibitor|timp", False),
    ("shares", r"fraction", False),
    ("size of the tumour", r"diameter|radius|extent|volume|sphericity|roughness|farthest", False),
    ("movement of tracers", r"tracer", False),
    ("vessels lost", r"regress|collapse|occlu|prun", False),
    ("events", r"births|divisions|deaths|moves|emt|met$|kills", False),
    ("tissue", f"^({'|'.join(column for code, column in COLUMNS.items() if code not in palette.TUMOUR)})$", True),
    ("vessels", r"vessel|perfus|sprout|mature", True),
    ("cell cycle", r"^phase_", True),
    ("detached from the tumour", r"^detached|without_tumour", True),
    ("states of tumour cells", r"proliferating|hypoxic|necrotic|apoptotic|senescent|crowded|quiescent", True),
    ("cells", r"^cells|_cells$|^n_|count|epithelial|mesenchymal|stem|tumour|clones", True),
)
# Panels that come first, in this order; the others follow in the order above.
FIRST = ("cells", "states of tumour cells", "size of the tumour", "shares", "oxygen", "VEGF", "length of vessels", "density of vessels",
         "tips, branches, loops", "distance to the nearest vessel", "blood flow")
LAST = ("solver cycles", "solver residuals")
COUNTS = ("cells", "states of tumour cells", "tissue", "cell cycle", "detached from the tumour", "vessels")  # may be zero on a log scale
IGNORED = r"^(step|hash|state_hash|seed|wall_time|seconds|steps_per_second|active_bricks|touches_face)$"

# A state keeps the colour it has in the pictures, and so does what is told of a kind or state of tumour cells (`hypoxic_fraction`).
STATE_COLOURS = tuple((f"^{column}$", STATES[code][3]) for code, column in COLUMNS.items()) + tuple(
    (f"(^|_){name}(_|$)", colour)
    for name, *_, colour, roles in [*KINDS.values(), *STATES.values()]
    if {"tumour", "dead"} & set(roles)
)
# So do perfused vessels and growing tips.
BY_NAME = ((r"perfused", palette.VESSEL_PERFUSED), (r"^(growing_)?tips$", palette.VESSEL_TIP), (r"^anastomoses$", palette.VESSEL_PERFUSED))
OTHERS = ("#e9edf3", "#3ab5c4", "#c3ae8a", "#d5517f", "#9db4ff", "#a7b64a", "#e28b5a")


def read_columns(path):
    """[(name, unit, values)], not-a-number where a cell is empty or not a number."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if len(rows) < 2:
        sys.exit(f"{path}: no rows yet")

    def value(text):
        try:
            return float(text)
        except ValueError:
            return math.nan

    columns = []
    for i, title in enumerate(rows[0]):
        match = re.fullmatch(r"\s*(.*?)\s*(?:\[(.*)\])?\s*", title)
        columns.append((match.group(1), match.group(2) or "", [value(r[i]) if i < len(r) else math.nan for r in rows[1:]]))
    return columns


def sort_into_panels(columns):
    """{(title, unit, log): [(name, values)]} in the order of PANELS."""
    found = {}
    for name, unit, values in columns[1:]:
        if re.search(IGNORED, name) or not any(math.isfinite(v) and v != 0 for v in values):  # zero all along is no news
            continue
        for rank, (title, pattern, log) in enumerate(PANELS):
            if re.search(pattern, name, re.IGNORECASE):
                found.setdefault((rank, title, unit, log), []).append((name, values))
                break
        else:
            found.setdefault((len(PANELS), "other", unit, False), []).append((name, values))
    order = {title: i - len(FIRST) for i, title in enumerate(FIRST)}
    order.update({title: len(PANELS) + 1 + i for i, title in enumerate(LAST)})
    return {key[1:]: found[key] for key in sorted(found, key=lambda k: (order.get(k[1], k[0]), k[2]))}


def draw(columns, output, title, only=None):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "figure.facecolor": palette.BACKGROUND, "axes.facecolor": "#10151e", "savefig.facecolor": palette.BACKGROUND,
            "axes.edgecolor": palette.FRAME, "axes.labelcolor": palette.INK_SOFT, "text.color": palette.INK,
            "xtick.color": palette.INK_SOFT, "ytick.color": palette.INK_SOFT, "grid.color": "#232b38",
            "axes.grid": True, "axes.spines.top": False, "axes.spines.right": False, "font.size": 9,
            "axes.titlesize": 11, "axes.titleweight": "bold", "axes.titlelocation": "left", "legend.frameon": False,
        }
    )
    panels = sort_into_panels(columns)
    if only:
        panels = {key: lines for key, lines in panels.items() if any(w in key[0].lower() for w in only)}
    if not panels:
        sys.exit("metrics.csv has nothing to draw besides time" if not only else "no panel has one of these words in its title")
    across = min(3 if len(panels) <= 12 else 4, len(panels))
    down = -(-len(panels) // across)
    figure, axes = plt.subplots(down, across, figsize=(5.4 * across, 3.5 * down), squeeze=False, constrained_layout=True)
    axes = axes.reshape(-1)
    time = columns[0][2]
    for axis, ((name, unit, log), lines) in zip(axes, panels.items()):
        used, spare = set(), list(OTHERS)
        positive = [v for _, values in lines for v in values if math.isfinite(v) and v > 0]
        for column, values in lines:
            colour = next((c for pattern, c in BY_NAME if re.search(pattern, column)), None) or next(
                (colour for pattern, colour in STATE_COLOURS if re.search(pattern, column)), None)
            if colour is None or colour in used:
                colour = spare.pop(0) if spare else None
            used.add(colour)
            label = re.sub(r"^(n|cells)_", "", column).replace("_", " ")
            marker = "o" if len(time) < 25 else None
            axis.plot(time, values, color=colour, linewidth=1.8, marker=marker, markersize=3, label=label)
        # Counts and residuals of one decade or so read better on a plain scale.
        if log and positive and max(positive) > 50 * min(positive):
            axis.set_yscale("symlog" if name in COUNTS else "log", **({"linthresh": 1} if name in COUNTS else {}))
        elif min(v for _, values in lines for v in values if math.isfinite(v)) >= 0:
            axis.set_ylim(bottom=0)
        axis.set_title(name[0].upper() + name[1:])
        axis.set_ylabel(unit.replace("um", "µm").replace("^3", "³").replace("^2", "²") if unit else "")
        axis.set_xlabel("time [day]")
        axis.legend(fontsize=8, loc="best", ncol=2 if len(lines) > 6 else 1, labelcolor=palette.INK)
    for axis in axes[len(panels):]:
        axis.set_visible(False)
    figure.suptitle(title, fontsize=14, fontweight="bold", x=0.01, ha="left")
    figure.savefig(output, dpi=130)
    return len(panels)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Curves of a metavox run.")
    parser.add_argument("run", metavar="RUN_DIR")
    parser.add_argument("-o", "--output", help="PNG, PDF or SVG to write (default RUN_DIR/curves.png)")
    parser.add_argument("--panels", metavar="WORDS", help="only panels with one of these words in their title: cells,size,shares,vegf,tips")
    args = parser.parse_args(arguments)
    if args.output:
        try:
            place.check(args.output, (".png", ".pdf", ".svg"))
        except ValueError as problem:
            sys.exit(str(problem))
    source = os.path.join(args.run, "metrics.csv")
    if not os.path.exists(source):
        sys.exit(f"{source}: there is no such file")
    columns = read_columns(source)
    output = args.output or os.path.join(args.run, "curves.png")
    only = [w.strip().lower() for w in args.panels.split(",") if w.strip()] if args.panels else None
    try:
        panels = draw(columns, output, headline.of(args.run), only)
    except OSError as problem:
        sys.exit(f"{output}: cannot be written: {problem.strerror}")
    print(f"{output}: {len(columns[0][2])} rows, {panels} panels")


if __name__ == "__main__":
    main()
