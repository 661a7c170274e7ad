#!/usr/bin/env python3
"""A body as a diagram: the primary, the blood, organs as panels, windows as insets, and a time line.

    /usr/bin/python3 viz/body.py RUN_DIR [-o body.png] [--day D] [--organs N]

Of a run with windows (configs/metastasis.yaml); without --day as it stood last. Needs matplotlib, and no display. What is natural,
expected and forced stands side by side and differs by hatching and words, not by colour alone: natural bars are plain, expected ones
hatched, forced estimates dotted; windows around forced founders have a dashed frame and say FORCED, and what they stand for. Each window
says which lesion its founder left; where one came from another than the primary a tree below the time line shows who came from whom. Where cells
leave by lymph or into a body cavity (configs/ovary.yaml) these ways have panels of their own, before those of the organs.
"""

import argparse
import collections
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import headline
import metavox_io
import numpy as np
import palette
import place

PAPER, INK, SOFT = "#ffffff", "#1c2430", "#5d6775"
NATURAL, EXPECTED, FORCED = "#1f5f8b", "#8a8f98", "#c2452d"
BARS = (("natural", NATURAL, "", "natural, whole cells"), ("expected", "#ffffff", "/////", "expected"),
        ("forced_estimate", "#f3d9d3", "....", "forced, by weight"))  # fmt: skip
STAGES = (("lodged", "lodged"), ("adhered", "adhered"), ("landed", "got out"), ("competent", "can found"),
          ("established", "1,000 cells"))
OUT_OF_CAVITY = (("attached", "attached"), ("dormant", "dormant"), ("competent", "can found"), ("established", "1,000 cells"))
WAYS = (("lymph", "Lymph nodes, by lymph", (("entered_nodes", "entered"), ("in_nodes_now", "there now"), ("dead_in_nodes", "died there"),
                                            ("into_veins", "on into veins"), ("founders_in_nodes", "founded"))),
        ("cavity", "Body cavity", (("shed", "shed into it"), ("floating_now", "afloat now"), ("dead", "died afloat"),
                                   ("attached", "attached"), ("implants", "can found"))))  # fmt: skip
SCALE = (1e-8, 1e5)
PANELS, DRAWN = 6, 2  # panels unless told otherwise; windows in each
BRANCHES = 14  # lesions in the tree


def short(value):
    """A number for a label: 10,978, 0.029, 1.9e-7."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1e-3 else f"{value:.1e}".replace("e-0", "e-")


Founder = collections.namedtuple("Founder", "time origin lesion name organ parent route left window")


class Story:
    """What the tables of a run tell until a day."""

    def __init__(self, run, day):
        body = run.table("body.csv")
        times = body["time"]
        self.day = times[-1] if day is None else times[int(np.argmin(abs(times - day)))]
        self.body, self.events = body, run.table("events.csv")
        self.row = {name: body[name][times == self.day][-1] for name in body if name != "hash"}
        cascade = run.table("cascade.csv")
        now = cascade["time"] == self.day
        self.cascade = {}
        for k in np.flatnonzero(now):
            key = cascade["organ"][k], cascade["stage"][k]
            self.cascade[key] = {name: self.number(cascade[name][k]) for name, *_ in BARS}
        self.frame = run.body(day=self.day)
        settings = run.resolved
        faces = re.search(r"^serosa:\n  faces: \[(.*)\]", settings, re.MULTILINE)
        self.presets = [f"{what}'s preset {found.group(1)}" for what, section in (("lattice", "simulation"), ("body", "body"))
                        if (found := re.search(rf"^{section}:\n(?:  .*\n)*?  preset: (\w+)", settings, re.MULTILINE))]  # fmt: skip
        self.serosa = [face.strip() for face in faces.group(1).split(",") if face.strip()] if faces else []
        self.lineage = self.read_lineage(run)
        self.founders = run.table("founders.csv")
        # Of those that are forced together in a period each stands for its part.
        together = {organ: int(n) for organ, n in re.findall(r'- organ: "?(\w+)"?\n +per: .*\n +founders: (\d+)', settings)}
        self.weights = {}
        for k in range(self.founders.rows):
            if self.founders["origin"][k] == "forced" and (weight := self.number(self.founders["expected_number"][k])) is not None:
                self.weights[int(self.founders["lesion"][k])] = weight / together.get(self.founders["organ"][k], 1)

    def read_lineage(self, run):
        """Founders until now, in the order in which they came; of runs of earlier versions none."""
        if not os.path.exists(os.path.join(run.path, "lineage.csv")):
            return []
        t = run.table("lineage.csv")
        if "parent_name" not in t:
            return []
        columns = [t[name] for name in ("time", "origin", "lesion", "name", "organ", "parent_name", "route", "left", "window")]
        rows = [Founder(*(str(column[k]) for column in columns)) for k in range(t.rows)]
        return [f for f in rows if float(f.time) <= self.day + 1e-9]

    def founder_of(self, window):
        """Whoever it was opened around; None: not known."""
        forced = window.name.endswith("-forced")
        for f in self.lineage:
            lesion, own = self.number(f.lesion), self.number(f.window)
            if (lesion == window.lesion and (f.origin == "forced") == forced) if window.lesion >= 0 else own == window.number:
                return f
        return None

    @staticmethod
    def number(text):
        try:
            return float(text)
        except ValueError:
            return None

    def organs(self, count):
        """Those with windows, then those that the cavity reaches, then those in which most cells lodged."""
        of_windows = [self.organ_of(w) for w in self.frame.windows if w.number > 0]
        came = {}
        for (organ, stage), v in self.cascade.items():
            if stage in ("lodged", "attached"):
                came[organ] = came.get(organ, 0) + (v["natural"] or 0)
        ranked = sorted(came, key=lambda o: (o not in of_windows, (o, "attached") not in self.cascade, -came[o]))
        return [o for o in ranked if o != "rest" or o in of_windows][:count]

    def ways(self):
        """Panels of what left otherwise than by blood: a title and rows of labels and numbers."""
        return [(title, [(label, self.way_numbers(way, stage)) for stage, label in stages])
                for way, title, stages in WAYS if (way, stages[0][0]) in self.cascade]  # fmt: skip

    def way_numbers(self, way, stage):
        if way != "cavity" or stage not in ("attached", "implants"):
            return self.cascade[way, stage]
        rows = [v for (_, s), v in self.cascade.items() if s == stage]
        return {name: None if name == "forced_estimate" else sum(v[name] for v in rows) for name, *_ in BARS}

    def stages_of(self, organ):
        """Rows of an organ: a label and its numbers. Where no blood brings any the stages of the blood are left out."""
        stages = STAGES
        if (organ, "attached") in self.cascade:
            stages = STAGES[:2] + (("attached", "attached"), ("landed", "landed")) + STAGES[3:]
            if not self.cascade[organ, "lodged"]["expected"]:
                stages = OUT_OF_CAVITY
        return [(label, self.cascade.get((organ, stage), {})) for stage, label in stages]

    @staticmethod
    def organ_of(window):
        return window.name.split("-")[1]

    def windows_in(self, organ):
        return sorted((w for w in self.frame.windows if w.number > 0 and self.organ_of(w) == organ), key=lambda w: (-self.cells_in(w), w.number))

    def cells_in(self, window):
        return int((self.is_cell() & (self.frame["window"] == window.number)).sum())

    def is_cell(self):
        return np.isin(self.frame["cell_state"], palette.LIVING_TUMOUR)


def serosa(axis, story, window, front, flat):
    """Serosal faces of the primary's box, as far as they are not cut away."""
    for face in story.serosa:
        fixed, side = "xyz".index(face[0]), 0.5 if face.endswith("high") else -0.5
        if fixed == 1 and side < front:
            continue
        corners = np.insert(np.array([(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)], float) - 0.5, fixed, side, axis=1)
        corners[:, 1] = np.maximum(corners[:, 1], front)
        axis.plot(*(corners * window.edge @ flat).T, color=palette.INK, linewidth=1.8, linestyle=(0, (5, 1.5)), zorder=3)
    if story.serosa:
        axis.text(0.98, 0.03, "dashed: serosa", color=palette.INK, fontsize=6.5, ha="right", transform=axis.transAxes, zorder=4)


def inset(axis, story, window, forced):
    """A window seen from in front and above: its cells, the near half of a large tumour taken away, vessels, the box."""
    frame = story.frame
    here = frame["window"] == window.number
    states = np.asarray(frame["cell_state"])
    at = np.asarray(frame.points, float) - window.corner - window.edge / 2
    flat = np.array([[1.0, 0.0], [0.34, 0.30], [0.0, 1.0]])  # x to the right, y away from the eye, z up
    depth = at[:, 1]
    edge = max(window.edge)
    axis.set_facecolor(palette.BACKGROUND)
    for line in frame.lines:
        if not here[line[0]]:
            continue
        vessel = states[line[0]] == 11
        x, y = (at[line] @ flat).T
        axis.plot(x, y, color=palette.VESSEL_PERFUSED if vessel else palette.FRAME, linewidth=0.7 if vessel else 0.8,
                  alpha=0.75 if vessel else 1, zorder=1, solid_capstyle="round")  # fmt: skip
    shown = here & np.isin(states, palette.SHOWN)
    many = shown.sum() > 400
    if many:
        shown &= depth > 0
    index = np.flatnonzero(shown)
    index = index[np.argsort(-depth[index], kind="stable")]
    x, y = (at[index] @ flat).T if len(index) else (np.zeros(0), np.zeros(0))
    if window.number == 0:
        serosa(axis, story, window, 0 if many else -0.5, flat)
    box = axis.get_window_extent()
    span = 1.42 * edge
    points = 72 / axis.figure.dpi * box.width / span * frame.voxel_size * (1.15 if many else 1.6)
    shade = (0.72 + 0.28 * (0.5 - depth[index] / edge))[:, None]
    colours = np.array([palette.state_rgb(c) for c in states[index]]).reshape(-1, 3) * np.clip(shade, 0, 1)
    axis.scatter(x, y, s=max(points, 2.2) ** 2, c=colours, linewidths=0, zorder=2)
    axis.set_xlim(-span / 2, span / 2)
    axis.set_ylim(-span / 2 * box.height / box.width, span / 2 * box.height / box.width)
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set(visible=True, color=FORCED if forced else INK, linewidth=2.2 if forced else 1.2, linestyle=(0, (4, 2)) if forced else "-")
    length = palette.nice_length(0.3 * edge)
    low = axis.get_ylim()[0]
    axis.plot([-0.46 * span, -0.46 * span + length], [low + 0.05 * span] * 2, color=palette.INK, linewidth=2)
    axis.text(-0.46 * span, low + 0.075 * span, f"{palette.number(length)} µm", color=palette.INK, fontsize=6.5)


def caption(story, window):
    cells = story.cells_in(window)
    words = f"window {window.number}: {cells:,} cell{'s' if cells != 1 else ''}"
    founder = story.founder_of(window)
    came = ""
    if founder and founder.parent:
        came = f"\nfrom {'the primary' if founder.parent.endswith('-primary') else founder.parent}, day {float(founder.left):.3g}"
    if window.name.endswith("-forced"):
        weight = story.weights.get(window.lesion)
        if weight is None:
            return f"FORCED {words}"
        return f"FORCED {words}\nstands for {short(weight)} founders{came}" if weight > 0 else f"FORCED {words}\nstands for none: too early"
    return f"natural {words}" + ("\nof a landed cell that found none" if window.lesion < 0 else "") + came


def nested(story):
    """Founders for the tree, each below its parent: where a metastasis founded another. Forebears first, then in the order of coming."""
    by_name = {f.name: f for f in story.lineage if f.name}
    if not any(f.parent in by_name for f in by_name.values()):
        return []
    chosen = []
    for f in sorted(by_name.values(), key=lambda f: (f.parent not in by_name, float(f.time))):
        line = [f]
        while line[0].parent in by_name:
            line.insert(0, by_name[line[0].parent])
        fresh = [g for g in line if g not in chosen]
        if len(chosen) + len(fresh) <= BRANCHES:
            chosen += fresh
    below = {}
    for f in sorted(chosen, key=lambda f: float(f.time)):
        below.setdefault(f.parent if f.parent in by_name else "", []).append(f)
    rows = []

    def descend(name):
        for f in below.get(name, []):
            rows.append(f)
            descend(f.name)

    descend("")
    return rows


def tree(axis, story, rows):
    """A line for each lesion from the day on which it was founded; from its parent's a thin one for its first cell on the way."""
    height = {"": 0.0, **{f.name: -1.0 - k for k, f in enumerate(rows)}}
    names = {f.name for f in rows}
    axis.plot([0, story.day], [0, 0], color=INK, linewidth=2)
    axis.text(story.day, 0.0, "  primary", fontsize=7, va="center")
    for f in rows:
        y, up, forced = height[f.name], height[f.parent if f.parent in names else ""], f.origin == "forced"
        founded, left = float(f.time), story.number(f.left)
        if left is not None:
            axis.plot([left, left, founded], [up, y, y], color=SOFT, linewidth=0.7)
            axis.plot([left], [up], marker={"blood": "o", "lymph": "|", "cavity": "s"}[f.route], markersize=4, color=INK, markerfacecolor=PAPER)
        axis.plot([founded, story.day], [y, y], color=FORCED if forced else NATURAL, linewidth=2, linestyle=(0, (3, 1.5)) if forced else "-")
        axis.text(story.day, y, f"  {f.name}" + (", FORCED" if forced else ""), fontsize=6.5, va="center", color=FORCED if forced else INK)
    lesions = len({f.name for f in story.lineage if f.name})
    left_out = "" if lesions == len(rows) else f"; {len(rows)} of {lesions} lesions"
    axis.set_title(f"Who came from whom: thick from its founding on, thin on the way; it left by blood (ring), lymph (bar), cavity (square){left_out}",
                   fontsize=7, loc="left", pad=2)  # fmt: skip
    axis.set_ylim(-len(rows) - 0.6, 0.6)
    axis.set_xlim(0, story.body["time"][-1])
    axis.set_axis_off()


def largest(windows):
    """As many as are drawn of windows in order of size: the first forced and the first natural one among them."""
    by_kind = {}
    for window in windows:
        by_kind.setdefault(window.name.endswith("-forced"), window)
    chosen = [*by_kind.values(), *(w for w in windows if w not in by_kind.values())][:DRAWN]
    return [w for w in windows if w in chosen]


class Upper:
    """A figure above a strip of it, placed by shares of what is above: of the same look whether there is a strip or none."""

    def __init__(self, figure, strip):
        self.figure, self.strip = figure, strip

    def up(self, y):
        return self.strip + y * (1 - self.strip)

    def text(self, x, y, words, **style):
        self.figure.text(x, self.up(y), words, **style)

    def add_axes(self, box):
        return self.figure.add_axes((box[0], self.up(box[1]), box[2], box[3] * (1 - self.strip)))

    def rectangle(self, box, **style):
        from matplotlib.patches import Rectangle

        self.figure.add_artist(Rectangle((box[0], self.up(box[1])), box[2], box[3] * (1 - self.strip), transform=self.figure.transFigure, **style))

    def disc(self, x, y, colour):
        from matplotlib.lines import Line2D

        self.figure.add_artist(Line2D([x], [self.up(y)], marker="o", markersize=4.5, color=colour, linestyle="none", transform=self.figure.transFigure))


def state_key(figure, story, x, y):
    """The states that are drawn, with their colours, in two rows."""
    found = [code for code in palette.SHOWN if (np.asarray(story.frame["cell_state"]) == code).any()]
    for k, code in enumerate(found):
        at, row = x + 0.105 * (k % 2), y - 0.0145 * (k // 2)
        figure.disc(at + 0.004, row + 0.004, palette.state_rgb(code))
        figure.text(at + 0.011, row, palette.state_label(code).replace("proliferating, ", "dividing, "), fontsize=6.3)


def bars(axis, stages, wide):
    """A logarithmic bar for each number of each stage, given its label; none is a word, as no bar could be."""
    rows = range(len(stages), 0, -1)
    for (_, numbers), y in zip(stages, rows):
        for k, (name, face, hatch, _) in enumerate(BARS):
            value, at = numbers.get(name), y + 0.27 * (1 - k)
            if value is None:
                continue
            if value > SCALE[0]:
                axis.barh(at, value - SCALE[0], left=SCALE[0], height=0.25, facecolor=face, edgecolor=FORCED if name == "forced_estimate" else INK,
                          hatch=hatch, linewidth=0.6)  # fmt: skip
            axis.text(max(value, SCALE[0]) * 1.6, at, short(value), va="center", fontsize=6, color=INK)
    axis.set_xscale("log")
    axis.set_xlim(SCALE[0], SCALE[1] * 300)
    ticks = {1e-6: "10⁻⁶", 1e-3: "10⁻³", 1: "1", 1e3: "10³"} if wide else {1e-6: "10⁻⁶", 1: "1"}
    axis.set_xticks(list(ticks), list(ticks.values()), fontsize=6.5)
    axis.minorticks_off()
    axis.set_ylim(0.45, len(stages) + 0.6)
    axis.set_yticks(list(rows), [label for label, _ in stages], fontsize=7)
    axis.tick_params(length=2)
    axis.axvline(1, color=SOFT, linewidth=0.6, linestyle=":", zorder=0)


def time_line(axis, story):
    body, events, day = story.body, story.events, story.day
    until = body["time"] <= day + 1e-9
    ways = [column for column in ("departed_by_lymph", "departed_into_cavity") if column in body]
    lines = [("primary_cells", "cells in the primary", "-", "", NATURAL), ("departed", "left by blood so far" if ways else "departed so far", "--", "", INK),
             ("lodged", "lodged now", ":", "", INK),
             ("landed", "landed so far" if "departed_into_cavity" in ways else "got out so far", "-.", "", NATURAL)]  # fmt: skip
    for column, label, marker in (("departed_by_lymph", "left by lymph so far", "|"), ("departed_into_cavity", "left into the cavity so far", ".")):
        if column in ways:
            lines.append((column, label, "-", marker, SOFT))
    often = max(1, int(until.sum()) // 24)
    for name, label, dashes, marker, colour in lines:
        values = body[name][until]
        axis.plot(body["time"][until], np.where(values > 0, values, np.nan), linestyle=dashes, marker=marker, markevery=often, markersize=7 if marker == "|" else 6,
                  color=colour, linewidth=0.9 if marker else 1.5, label=label)  # fmt: skip
    axis.set_yscale("log")
    axis.set_ylim(0.02, None)
    axis.set_yticks([1, 1e2, 1e4], ["1", "100", "10⁴"], fontsize=7)
    axis.minorticks_off()
    axis.set_xlim(0, body["time"][-1])
    axis.axvline(day, color=SOFT, linewidth=0.8)
    marks = (("forced", "x", FORCED, "founder forced", 0.25), ("founded", "*", NATURAL, "natural founder", 0.25),
             ("window_opened", "^", INK, "window opens", 0.09), ("window_shows", "o", INK, "window shows a natural landing", 0.09),
             ("window_closed", "v", INK, "window closes into a counter", 0.035), ("window_empty", "s", INK, "window empty", 0.035),
             ("removed", "D", INK, "primary removed", 0.25), ("died", "P", INK, "died of an organ", 0.25),
             ("died_of_burden", "P", INK, "died of all lesions together", 0.25), ("died_otherwise", "P", INK, "died otherwise", 0.25))  # fmt: skip
    for what, marker, colour, label, height in marks:
        at = [t for t, e in zip(events["time"], events["event"]) if e == what and t <= day + 1e-9]
        if at:
            axis.plot(at, [height] * len(at), marker=marker, linestyle="none", color=colour, markersize=6, label=label,
                      markerfacecolor="none" if marker in "os" else colour)  # fmt: skip
    axis.set_xlabel("day", fontsize=8)
    axis.tick_params(labelsize=7)
    axis.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), fontsize=7, frameon=False)


def transit(axis, story):
    """What left, by each way that is followed, and what became of it in the blood."""
    axis.set_axis_off()
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    whole = {stage: sum(v["natural"] or 0 for (organ, s), v in story.cascade.items() if s == stage and organ != "blood")
             for stage in ("lodged_now", "killed_by_nk", "dead_otherwise", "adherent_now", "dead_adherent", "landed")}  # fmt: skip
    blood = {stage: story.cascade.get(("blood", stage), {}) for stage in ("departed", "dead_in_flow", "passed_out")}
    others = [(label, story.row[column]) for label, column in (("left by lymph", "departed_by_lymph"), ("left into the cavity", "departed_into_cavity"))
              if column in story.row]  # fmt: skip
    lines = [("left by blood", blood["departed"].get("natural") or 0), *others, ("lodged now", whole["lodged_now"]), ("killed by NK cells", whole["killed_by_nk"]),
             ("dead otherwise", whole["dead_otherwise"] + (blood["dead_in_flow"].get("natural") or 0)), ("adherent now", whole["adherent_now"]),
             ("died adherent", whole["dead_adherent"]), ("got out of vessels", whole["landed"] - story.row.get("attached", 0))]  # fmt: skip
    if blood["passed_out"].get("natural"):
        lines.append(("passed out", blood["passed_out"]["natural"]))
    apart = min(0.1, 0.7 / (len(lines) - 1))
    axis.text(0, 0.99, "Natural cells, by whatever way" if others else "Blood, natural cells", fontsize=9, fontweight="bold", va="top")
    for k, (label, value) in enumerate(lines):
        y = 0.85 - apart * k
        axis.text(0, y, label, fontsize=8, va="center")
        axis.text(0.98, y, short(value), fontsize=8, va="center", ha="right", fontweight="bold")
    axis.annotate("", (1.0, 0.02), (0.0, 0.02), arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.5})
    axis.text(0.5, 0.05, "to the organs", fontsize=7, ha="center", color=SOFT)


def draw(run, output, day=None, organs=None):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "text.color": INK, "axes.labelcolor": INK,
                         "hatch.linewidth": 0.6, "svg.fonttype": "none", "svg.hashsalt": "metavox"})  # fmt: skip
    story = Story(run, day)
    ways = story.ways()
    panels = [(title, rows, []) for title, rows in ways]
    panels += [(organ.capitalize(), story.stages_of(organ), story.windows_in(organ)) for organ in story.organs(max(1, PANELS - len(ways)) if organs is None else organs)]
    across = 3 if len(panels) > 2 else max(1, len(panels))
    down = max(1, -(-len(panels) // across))
    width, height = 15.0, 5.6 + 2.0 * max(0, down - 2) + 3.6
    branches = nested(story)
    strip = 0.35 + 0.17 * (1 + len(branches)) if branches else 0
    whole = plt.figure(figsize=(width, height + strip), dpi=100, facecolor=PAPER)
    figure = Upper(whole, strip / (height + strip))
    top, low, left = 0.915, 0.30, 0.245
    apart = "" if abs(story.frame.time - story.day) < 1e-6 else f" (windows: day {story.frame.time:g})"
    figure.text(0.012, 0.965, f"{headline.of(run.path)}: day {story.day:g}{apart}", fontsize=15, fontweight="bold")
    figure.text(0.012, 0.945, ", ".join(story.presets), fontsize=8, color=SOFT)
    for k, (_, face, hatch, label) in enumerate(BARS):
        figure.rectangle((0.40 + 0.17 * k, 0.966, 0.022, 0.018), facecolor=face, hatch=hatch, edgecolor=INK, linewidth=0.6)
        figure.text(0.427 + 0.17 * k, 0.968, label, fontsize=9)
    # The primary, and the blood below it.
    primary = [w for w in story.frame.windows if w.number == 0]
    axis = figure.add_axes((0.012, 0.605, 0.205, top - 0.62))
    if primary:
        inset(axis, story, primary[0], False)
    else:
        axis.set_axis_off()
        axis.text(0.5, 0.5, "no window: a counter", ha="center", fontsize=9)
    figure.text(0.012, top - 0.005, f"Primary: {short(story.row['primary_cells'])} cells", fontsize=9, fontweight="bold")
    state_key(figure, story, 0.012, 0.59)
    transit(figure.add_axes((0.012, low, 0.205, 0.24)), story)
    cell_w, cell_h = (0.988 - left) / across, (top - low + 0.02) / down
    for k, (title, rows, windows) in enumerate(panels):
        x, y = left + cell_w * (k % across), top + 0.015 - cell_h * (k // across + 1)
        figure.rectangle((x, y, cell_w - 0.008, cell_h - 0.012), facecolor="none", edgecolor=SOFT, linewidth=0.8)
        figure.text(x + 0.006, y + cell_h - 0.035, title, fontsize=10, fontweight="bold")
        if len(windows) > DRAWN:
            figure.text(x + cell_w - 0.014, y + cell_h - 0.033, f"{DRAWN} of {len(windows)} windows", fontsize=6.3, ha="right", color=SOFT)
        windows = largest(windows)
        part = 0.54 if windows else 0.97
        bars(figure.add_axes((x + 0.052, y + 0.03, cell_w * part - 0.058, cell_h - 0.075)), rows, not windows)
        for n, window in enumerate(windows):
            forced = window.name.endswith("-forced")
            tall = (cell_h - 0.05) / max(len(windows), 2)
            at = y + cell_h - 0.035 - tall * (n + 1) + 0.004
            inset(figure.add_axes((x + cell_w * part + 0.002, at + 0.03, cell_w * (1 - part) - 0.016, tall - 0.038)), story, window, forced)
            figure.text(x + cell_w * part + 0.002, at + 0.026, caption(story, window), fontsize=6.3, va="top", color=FORCED if forced else INK,
                        fontweight="bold" if forced else "normal", linespacing=1.05)  # fmt: skip
    time_line(figure.add_axes((0.04, 0.055, 0.76, low - 0.10)), story)
    if branches:
        tree(whole.add_axes((0.04, 0.1 / (height + strip), 0.76, (strip - 0.3) / (height + strip))), story, branches)
    whole.savefig(output, dpi=100, facecolor=PAPER, metadata={"Software": None} if output.endswith(".png") else None)
    return story


def main(arguments=None):
    parser = argparse.ArgumentParser(description="A body of metavox as a diagram.")
    parser.add_argument("run", metavar="RUN_DIR")
    parser.add_argument("-o", "--output", help="PNG, PDF or SVG to write (default RUN_DIR/body.png)")
    parser.add_argument("--day", type=float, help="the row and frame nearest to it (default: the last)")
    parser.add_argument("--organs", type=int, metavar="N",
                        help="panels of organs: those with windows, those that the cavity reaches, then where most cells lodged (default: what "
                        "makes six with those of lymph and cavity)")  # fmt: skip
    args = parser.parse_args(arguments)
    output = args.output or os.path.join(args.run, "body.png")
    try:
        place.check(output, (".png", ".pdf", ".svg"))
        if args.organs is not None and args.organs < 1:
            raise ValueError("--organs wants a number of one or more")
        if not os.path.exists(os.path.join(args.run, "body.pvd")):
            raise ValueError(f"{args.run}: no body.pvd here; this draws runs of a body with windows, such as configs/metastasis.yaml")
        story = draw(metavox_io.Run(args.run), output, args.day, args.organs)
    except (ValueError, metavox_io.Error) as problem:
        sys.exit(str(problem))
    except OSError as problem:
        sys.exit(f"{output}: cannot be written: {problem.strerror}")
    print(f"{output}: day {story.day:g}, {len(story.frame.windows)} windows")


if __name__ == "__main__":
    main()
