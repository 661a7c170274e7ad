#!/usr/bin/env python3
"""Means over the replicates of a sweep: a table in Markdown, with standard errors.

    scripts/sweep_means.py SWEEP_DIR COLUMN [COLUMN ...]

SWEEP_DIR: folder that `metavox sweep` wrote. COLUMN: of metrics.csv, at the end of each member. One row per point of the grid; behind
each mean the standard error of the mean, and from the second row on its ratio to the first row's. Members that have not finished are
left out, and counted.
"""

import csv
import math
import os
import re
import statistics
import sys


def points(folder):
    """{what was varied: [{column: number}]} of the finished members, and how many have not finished."""
    with open(os.path.join(folder, "results.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    head = [re.sub(r" \[.*", "", title) for title in rows[0]]
    end = head.index("replicate")
    found, unfinished = {}, 0
    for row in rows[1:]:
        if row[end + 2] != "0":
            unfinished += 1
            continue
        name = ", ".join(f"{head[i]}={row[i]}" for i in range(1, end)) or "as it is"
        found.setdefault(name, []).append(dict(zip(head[end + 4 :], row[end + 4 :])))
    return found, unfinished


def mean_and_error(values):
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return statistics.mean(values), error


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    found, unfinished = points(arguments[0])
    columns = arguments[1:]
    print("| Varied | Seeds | " + " | ".join(f"`{c}`" for c in columns) + " |")
    print("|---|---|" + "---|" * len(columns))
    first = None
    for name, ends in found.items():
        means = [mean_and_error([float(end[c]) for end in ends]) for c in columns]
        told = [f"{m:.4g} ± {e:.2g}" for m, e in means]
        if first is None:
            first = means
        else:
            for k, ((m, e), (m0, e0)) in enumerate(zip(means, first)):
                if m0 and m:
                    told[k] += f" ({100 * (m / m0 - 1):+.1f} ± {100 * abs(m / m0) * math.hypot(e / m, e0 / m0):.1f} %)"
        print(f"| {name} | {len(ends)} | " + " | ".join(told) + " |")
    if unfinished:
        print(f"{unfinished} members have not finished")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
