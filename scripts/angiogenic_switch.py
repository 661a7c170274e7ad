#!/usr/bin/env python3
"""Contact, first flow, network and volumes of a sweep of configs/validation/angiogenic_switch.yaml.

    scripts/angiogenic_switch.py SWEEP_DIR [--day DAY] [--parents 0.15]

Per member: the days on which a sprout first touched the tumour and on which red cells first passed a new vessel there, the speed of the
front until contact (mm/day from parents at x = --parents mm), and on DAY (default: the last that all members have) the volume, the
box-counting dimension of the projected network and the share of the length that carries red cells.
Then the ratio of the mean volumes with and without sprouts.
"""

import argparse
import csv
import json
import os
import re
import statistics
import sys


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return [dict(zip((re.sub(r" \[.*", "", title) for title in rows[0]), row)) for row in rows[1:]]


def members(folder):
    """[(path of the run, whether it sprouts)]"""
    found = []
    for root, _, files in sorted(os.walk(folder)):
        if "resolved.yaml" in files and "metrics.csv" in files:
            with open(os.path.join(root, "resolved.yaml"), encoding="utf-8") as file:
                section = re.search(r"^sprouting:\n((?:[ #].*\n)*)", file.read(), re.M)
            found.append((root, "enabled: true" in section.group(1)))
    return found


def tell(path, sprouts, day, parents):
    rows = table(os.path.join(path, "metrics.csv"))
    with open(os.path.join(path, "provenance.json"), encoding="utf-8") as file:
        seed = json.load(file)["seed"]
    row = min(rows, key=lambda r: abs(float(r["time"]) - day))
    said = f"{'sprouts' if sprouts else 'none':8} seed {seed}: day {float(row['time']):g}, {float(row['tumour_volume']):.4f} mm^3"
    if sprouts:
        events = table(os.path.join(path, "events.csv"))
        first = {e["event"]: e for e in reversed(events)}
        contact, flow = first.get("first_contact"), first.get("first_flow")
        if contact:
            at = float(contact["time"])
            said += f", contact day {at:.2f}, front {(1e-3 * float(contact['x']) - parents) / at:.3f} mm/day"
        said += f", first flow day {float(flow['time']):.2f}" if flow else ", no flow"
        said += f", dimension {float(row['fractal_dimension']):.3f}, carrying {float(row['perfused_fraction']):.3f}"
    print(said)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep")
    parser.add_argument("--day", type=float)
    parser.add_argument("--parents", type=float, default=0.15)
    options = parser.parse_args()
    found = members(options.sweep)
    if not found:
        sys.exit(f"angiogenic_switch.py: no runs in {options.sweep}")
    day = options.day or min(float(table(os.path.join(path, "metrics.csv"))[-1]["time"]) for path, _ in found)
    volumes = {True: [], False: []}
    for path, sprouts in sorted(found, key=lambda member: not member[1]):
        volumes[sprouts].append(float(tell(path, sprouts, day, options.parents)["tumour_volume"]))
    if volumes[True] and volumes[False]:
        ratio = statistics.mean(volumes[True]) / statistics.mean(volumes[False])
        print(f"volume with sprouts over without: {ratio:.2f} on day {day:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
