#!/usr/bin/env python3
"""Oxygen in the tumour of a run, and what stands nearest to where it lacks.

    scripts/tumour_oxygen.py RUN [--day DAY] [--below 2.5]

Prints the median, the 10th and 90th percentile and the shares below 2.5, 5 and 10 mmHg over the voxels of the tumour: living tumour cells
alone, and with the dead, as a needle electrode passes through both. Then, of the voxels below --below mmHg, the shares whose nearest
vessel (any of the frame, sprouts without blood too) is
  shut      pressed shut by growing tissue
  bloodless open, but fewer than one red cell a second passes: no way through, or one shut or slow elsewhere
  empty     carries red cells, whose blood has less than 5 mmHg: it ran out
  far       carries blood with more than that: the rest is the way through tissue
Needs frames of fields and vessels, numpy and scipy.
"""

import argparse
import os
import sys

import numpy as np
from scipy.spatial import cKDTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "viz"))
import metavox_io  # noqa: E402

LIVING, DEAD = ("epithelial", "mesenchymal"), ("apoptotic", "necrotic")
EMPTY = 5  # mmHg, as blood_below_5_mmhg of metrics.csv
STEP = 5  # um between points looked at along a vessel


def distribution(title, p):
    low, middle, high = np.percentile(p, [10, 50, 90])
    shares = ", ".join(f"{100 * np.mean(p < limit):.1f} % below {limit:g}" for limit in (2.5, 5, 10))
    print(f"{title}: {p.size} voxels, median {middle:.1f} mmHg, 10 and 90 % {low:.1f} and {high:.1f}, mean {p.mean():.1f}; {shares}")


def along(vessels):
    """Points every STEP along all lines, with what the vessel is there: an array [n, 3] and a list of classes."""
    points, classes = [], []
    shut, carries, blood = (np.asarray(vessels[name]) for name in ("collapsed", "carries", "oxygen"))
    for line in vessels.lines:
        what = np.where(shut[line] > 0, 0, np.where(carries[line] == 0, 1, np.where(blood[line] < EMPTY, 2, 3)))
        where = vessels.points[line]
        for k in range(len(line) - 1):
            parts = max(1, int(np.ceil(np.linalg.norm(where[k + 1] - where[k]) / STEP)))
            share = (np.arange(parts) + 0.5) / parts
            points.append(where[k] + share[:, None] * (where[k + 1] - where[k]))
            classes.append(np.where(share < 0.5, what[k], what[k + 1]))
    return np.concatenate(points), np.concatenate(classes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--day", type=float)
    parser.add_argument("--below", type=float, default=2.5)
    options = parser.parse_args()
    run = metavox_io.Run(options.run)
    when = (-1,) if options.day is None else (None, options.day)
    frame, vessels = run.frame(*when), run.vessels(*when)
    names = {name: code for code, name in enumerate(frame.kind_names)}
    kind, oxygen = np.asarray(frame["kind"]), np.asarray(frame["oxygen"])
    living = np.isin(kind, [names[n] for n in LIVING])
    tumour = living | np.isin(kind, [names[n] for n in DEAD])
    print(f"{options.run}, day {frame.time:g}")
    distribution("tumour with its dead", oxygen[tumour])
    distribution("living tumour cells", oxygen[living])
    lacking = tumour & (oxygen < options.below)
    if not lacking.any():
        print(f"nothing of it below {options.below:g} mmHg")
        return 0
    points, classes = along(vessels)
    size = np.asarray(frame.spacing, dtype=float) * np.ones(3)
    for title, where in (("the tumour", tumour), (f"what is below {options.below:g} mmHg", lacking)):
        centres = (np.argwhere(where)[:, ::-1] + 0.5) * size
        distance, nearest = cKDTree(points).query(centres)
        of = np.bincount(classes[nearest], minlength=4) / len(centres)
        told = ", ".join(f"{name} {100 * share:.1f} %" for name, share in zip(("shut", "bloodless", "empty", "far"), of))
        print(f"nearest vessel of {title} ({len(centres)} voxels): {told}; median distance {np.median(distance):.0f} um")
    return 0


if __name__ == "__main__":
    sys.exit(main())
