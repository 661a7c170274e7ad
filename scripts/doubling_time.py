#!/usr/bin/env python3
"""Doubling times of the tumour of each run, and how fast its edge moves.

    scripts/doubling_time.py RUN [RUN ...] [--begin 8] [--end 18] [--whole]

Of the volume and of the living cells, between two days of metrics.csv (the rows nearest to them). The radius is that of the sphere whose
eighth, in a corner that mirrors it, has the volume; --whole: the sphere itself. Negative: it shrinks, halving in that time.
"""

import argparse
import csv
import math
import os
import re
import sys


def rows_of(run):
    with open(os.path.join(run, "metrics.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    head = [re.sub(r" \[.*", "", title) for title in rows[0]]
    return [dict(zip(head, row)) for row in rows[1:]]


def doubling(days, before, after):
    growth = math.log(after / before)
    return days * math.log(2) / growth if growth else math.inf


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--begin", type=float, default=8)
    parser.add_argument("--end", type=float, default=18)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    for run in options.runs:
        rows = rows_of(run)
        first, last = (min(rows, key=lambda r: abs(float(r["time"]) - day)) for day in (options.begin, options.end))
        days = float(last["time"]) - float(first["time"])
        if days <= 0:
            sys.exit(f"doubling_time.py: {run} ends on day {float(rows[-1]['time']):g}")
        volumes = [float(row["tumour_volume"]) * (1 if options.whole else 8) for row in (first, last)]
        radii = [1000 * (3 * volume / (4 * math.pi)) ** (1 / 3) for volume in volumes]
        cells = [float(row["tumour_cells"]) for row in (first, last)]
        print(
            f"{run}, day {float(first['time']):g} to {float(last['time']):g}: volume doubles in {doubling(days, *volumes):.1f} days, "
            f"living cells in {doubling(days, *cells):.1f}; radius {radii[0]:.0f} to {radii[1]:.0f} um, "
            f"{(radii[1] - radii[0]) / days:.1f} um/day"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
