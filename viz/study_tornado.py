"""The picture of scripts/studies.py tornado: a panel for each answer of the cohorts, and one for each further experiment."""

import math

INK, LOW, HIGH, CHANCE = "#222222", "white", "#1f5f8b", "#d8d8d8"
WIDE = 8  # answers from which on a group has a panel for each


def reach(change):
    """What is drawn of a change: in per cent, and beyond ± 100 by its logarithm, so that a bar of 600 % leaves those of 10 % to be seen."""
    percent = 100 * change
    return percent if abs(percent) <= 100 else math.copysign(100 + 50 * math.log2(abs(percent) / 100), percent)


def bars(axis, y, pair):
    """The lower value above, the higher below it, with their errors."""
    for (change, error), up, face in zip(pair, (0.19, -0.19), (LOW, HIGH)):
        if not math.isfinite(change):
            continue
        shown = 100 * error if math.isfinite(error) and abs(change) < 1 else None
        axis.barh(y + up, reach(change), height=0.36, facecolor=face, edgecolor=INK, linewidth=0.6, xerr=shown, ecolor=INK,
                  error_kw={"linewidth": 0.7, "capsize": 1.5})  # fmt: skip
        if abs(change) > 1:
            axis.text(reach(change), y + up, f" {100 * change:+.0f}", va="center", fontsize=6.5)


def scale(axis):
    """No numbers where the scale is a logarithm: a bar tells its own there."""
    axis.margins(x=0.12)
    axis.tick_params(axis="x", labelsize=7)
    low, high = axis.get_xlim()
    axis.set_xticks([t for t in axis.get_xticks() if abs(t) <= 100 and low <= t <= high])


def frame(axis, labels, title, chance=0):
    rows = range(len(labels), 0, -1)
    if math.isfinite(chance) and chance > 0:
        axis.axvspan(-300 * chance, 300 * chance, color=CHANCE, zorder=0)
    axis.axvline(0, color=INK, linewidth=0.8)
    axis.set_yticks(rows, labels, fontsize=7.5)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(0.3, len(labels) + 0.7)
    for y in rows:
        axis.axhline(y - 0.5, color="#eeeeee", linewidth=0.6, zorder=0)
    axis.set_title(title, fontsize=8.5)
    return rows


def cohorts(figure, grid, groups):
    """All answers side by side, one group below the other; a constant has one row across them."""
    rows = [(group, row) for group in groups for row in group["rows"]]
    answers = groups[0]["answers"]
    for k, name in enumerate(answers):
        axis = figure.add_subplot(grid[k])
        labels = [row["label"] + (", lesions by radius" if group is not groups[0] else "") for group, row in rows] if k == 0 else [""] * len(rows)
        for y, (_, row) in zip(frame(axis, labels, name, groups[0]["chance"].get(name, 0)), rows):
            bars(axis, y, [(change, math.nan) for change, _ in row["answers"][name]])
        scale(axis)


def rest(figure, grid, group):
    """A panel of an experiment with answers of each constant's own."""
    rows = [(row["label"], answer, pair) for row in group["rows"] for answer, pair in row["answers"].items()]
    axis = figure.add_subplot(grid)
    for y, (_, _, pair) in zip(frame(axis, [f"{label}: {answer}" for label, answer, _ in rows], group["title"]), rows):
        bars(axis, y, pair)
    scale(axis)


def draw(axes, numbers):
    figure = axes[0].figure
    axes[0].remove()
    groups = numbers["groups"]
    patients = [g for g in groups if len(g["answers"]) >= WIDE and len(g["rows"][0]["answers"]) >= WIDE]
    others = [g for g in groups if g not in patients]
    above, below = figure.add_gridspec(2, 1, height_ratios=(max(1, sum(len(g["rows"]) for g in patients)), 38))
    if patients:
        cohorts(figure, above.subgridspec(1, len(patients[0]["answers"])), patients)
    columns = ([g for g in others if g["name"] == "rat"], [g for g in others if g["name"] != "rat"])
    for spot, column in zip(below.subgridspec(1, 2), columns):
        if column:
            heights = [1.5 + sum(len(r["answers"]) for r in g["rows"]) for g in column]
            for place, group in zip(spot.subgridspec(len(column), 1, height_ratios=heights), column):
                rest(figure, place, group)
    import matplotlib.patches as patches

    keys = ((LOW, "half, or the lower value"), (HIGH, "twice, or the higher"), (CHANCE, "chance, three errors"))
    figure.legend(handles=[patches.Patch(facecolor=face, edgecolor=INK, label=text) for face, text in keys], loc="upper right", ncol=3)


def few_colours(path):
    """A third of the size on disk, and looks the same."""
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(32)
    small.save(path, optimize=True)
