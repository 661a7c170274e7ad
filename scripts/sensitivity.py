#!/usr/bin/env python3
"""How much each setting of a one-at-a-time sweep moved the end of the run: a table in Markdown, largest first.

    scripts/sensitivity.py SWEEP_DIR [COLUMN ...]

SWEEP_DIR: folder that `metavox sweep` wrote, of a sweep with `one_at_a_time: true`. COLUMN: of metrics.csv; by default those of size,
oxygen, vessels and normal tissue. A change is that of the mean over replicates against the configuration as it is, of the same seeds.
Below the table stands how much chance alone changes each column (one standard error, from how replicates differ).
"""

import csv
import math
import os
import re
import sys

COLUMNS = ("tumour_volume", "hypoxic_fraction", "necrotic_fraction", "vessel_length", "perfused_fraction", "normal_lost_fraction")


def read(folder):
    """[(what was varied or None, its value, replicate, {column: number})]"""
    with open(os.path.join(folder, "results.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    head = [re.sub(r" \[.*", "", title) for title in rows[0]]
    end = head.index("replicate")
    members = []
    for row in rows[1:]:
        varied = [(head[i], row[i]) for i in range(1, end) if row[i]]
        if len(varied) > 1:
            sys.exit(f"sensitivity.py: {row[0]} varies {len(varied)} settings; the sweep must say one_at_a_time: true")
        if row[end + 2] != "0":
            sys.exit(f"sensitivity.py: {row[0]} has not finished; start the sweep again")
        members.append((*(varied[0] if varied else (None, "")), int(row[end]), dict(zip(head[end + 4 :], row[end + 4 :]))))
    return members


def changes(members, columns):
    """{setting: [(value, {column: [change of each replicate]})]}, a change being a share of the unvaried run."""
    plain = {replicate: numbers for key, _, replicate, numbers in members if key is None}
    found = {}
    for key, value, replicate, numbers in members:
        if key is None:
            continue
        values = found.setdefault(key, {})
        for column in columns:
            base = float(plain[replicate][column])
            change = float(numbers[column]) / base - 1 if base else math.nan
            values.setdefault(value, {}).setdefault(column, []).append(change)
    return {key: list(values.items()) for key, values in found.items()}


def mean(values):
    return sum(values) / len(values)


def chance(table, column):
    """Standard error of a mean change, from the differences between replicates of all members."""
    squares, free, count = 0.0, 0, 1
    for values in table.values():
        for _, by_column in values:
            of = by_column[column]
            squares += sum((v - mean(of)) ** 2 for v in of)
            free += len(of) - 1
            count = len(of)
    return math.sqrt(squares / free / count) if free else math.nan


def percent(share):
    return f"{100 * share:+.0f}"


def main(arguments):
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    columns = arguments[1:] or COLUMNS
    table = changes(read(arguments[0]), columns)
    print("| Setting | Values | " + " | ".join(f"`{c}` [%]" for c in columns) + " |")
    print("|---|---|" + "---|" * len(columns))

    def reach(item):
        return max(abs(mean(by_column[columns[0]])) for _, by_column in item[1])

    for key, values in sorted(table.items(), key=reach, reverse=True):
        cells = [" / ".join(percent(mean(by_column[c])) for _, by_column in values) for c in columns]
        print(f"| `{key}` | {', '.join(value for value, _ in values)} | " + " | ".join(cells) + " |")
    print("| chance alone | one standard error | " + " | ".join(f"{100 * chance(table, c):.1f}" for c in columns) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
