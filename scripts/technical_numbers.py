#!/usr/bin/env python3
"""How much growth moves when a technical number of the program is halved and doubled: a table in Markdown.

    scripts/technical_numbers.py CONFIG [--numbers packed_free,settling ...] [--seeds 5] [--columns tumour_cells,tumour_volume]
                                 [--until '5 day'] [--set key=value ...] [--folder build/technical_numbers]

Technical numbers are constants of the source that are means, not measurements. A copy of the sources in --folder reads each of them
from the environment, times a factor; it is built once. Without a factor it gives the bits of the program itself. CONFIG runs with the
seeds 1 to --seeds for each number and factor, one run after another, each of one thread. The table tells the change of the mean of each
column of metrics.csv (and `front`, the gain of the radius that the volume has, um) at the end against the numbers as they are, and in brackets the standard error of that change from the differences
of the same seeds. Runs already there are not run again. --list prints the numbers.
"""

import argparse
import csv
import math
import os
import re
import statistics
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# name: (what it is, file, text that declares it, text that declares it with a factor)
NUMBERS = {
    "packed_free": ("blurred share of free voxels of packed tissue, 0.04 (va)", "src/voxel/growth.hpp"),
    "lone_free": ("share from which a cell stands alone, 0.6 (vs)", "src/voxel/growth.hpp"),
    "easy_excess": ("share of second cells that tissue holds at ease, 0.02 (e0)", "src/voxel/growth.hpp"),
    "settling": ("time in which more than that gives way, 57.6 min (tau)", "src/voxel/growth.hpp"),
    "leak_length": ("length of the leak of pressure, 5 mm (1/sqrt k_0)", "src/voxel/growth.hpp"),
    "excess_mixing": ("how second cells change places, 4 um^2/min (D_x)", "src/cells/population.cpp"),
    "least_relays": ("fewest rounds of the relay in a step, 3", "src/cells/population.cpp"),
    "voxels_per_entry": ("voxels per entry of the list of second cells at the start, 64", "src/cells/excess_cells.cpp"),
    "least_room": ("least entries of that list, 4096", "src/cells/excess_cells.cpp"),
    "full_from": ("share of lumens from which a voxel is one, 0.6", "src/vessels/graph.hpp"),
    "empty_below": ("share below which it is tissue again, 0.5", "src/vessels/graph.hpp"),
    "longest_part": ("longest part of a parent vessel, 20 um", "src/vessels/graph.hpp"),
    "part_length": ("length at which a sprout lays a node, 10 um", "src/vessels/tips.cpp"),
    "longest_piece": ("longest piece of the march of blood, 20 um", "src/vessels/blood_paths.cpp"),
    "rings": ("rings of the disc that a piece reads, 3", "src/vessels/blood_paths.cpp"),
    "angles": ("places on a ring, 12", "src/vessels/blood_paths.cpp"),
    "usual": ("time of a tip's move, 15 min", "src/vessels/sprout.hpp"),
}
# Marks that belong together move together.
TOGETHER = {"fill_marks": ("full_from", "empty_below"), "list": ("voxels_per_entry", "least_room"), "nodes": ("longest_part", "part_length")}
KNOB = """#pragma once
#include <cmath>
#include <cstdlib>
// A number times what the environment says.
template <class T>
T technical_number(const char* name, T usual) {
  const char* factor = std::getenv(name);
  const double value = static_cast<double>(usual) * (factor != nullptr ? std::atof(factor) : 1.0);
  return static_cast<T>(T(0.5) == T(0) ? std::floor(value + 0.5) : value);
}
"""


def with_factors(text, names):
    """The text with each declaration of a constant of that name read from the environment."""
    declaration = re.compile(r"(inline constexpr|static constexpr|constexpr) (float|double|int|std::int64_t) ([^;()]*);")

    def read(match):
        body = match.group(3)
        parts = [p.split("=", 1) for p in body.split(",")]
        found = [p for p in parts if len(p) == 2 and p[0].strip() in names]
        if not found:
            return match.group()
        kind = {"constexpr": "const", "inline constexpr": "inline const", "static constexpr": "static inline const"}[match.group(1)]
        made = []
        for part in parts:
            name, value = part[0].strip(), part[1].strip()
            if name in names:
                value = f'technical_number<{match.group(2)}>("METAVOX_{name}", {value})'
                done.add(name)
            made.append(f"{name} = {value}")
        return f"{kind} {match.group(2)} {', '.join(made)};"

    done = set()
    text = declaration.sub(read, text)
    missing = set(names) - done
    if missing:
        sys.exit(f"technical_numbers.py: no constant named {', '.join(sorted(missing))} is declared where it was; see NUMBERS")
    return text


def rewritten():
    """{path: text} of the sources that differ in the copy."""
    texts = {"src/core/technical_number.hpp": KNOB}
    for path in sorted({number[1] for number in NUMBERS.values()}):
        names = [name for name, number in NUMBERS.items() if number[1] == path]
        with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
            text = with_factors(file.read(), names)
        if "#pragma once\n" in text:
            text = text.replace("#pragma once\n", '#pragma once\n#include "core/technical_number.hpp"\n', 1)
        else:
            text = '#include "core/technical_number.hpp"\n' + text
        texts[path] = text
    # A constant made of one of them is none any more.
    for path, old, new in (
        ("src/fields/pressure.hpp", "constexpr float unit = 1.0f / 32768,", "const float unit = 1.0f / 32768,"),
        ("src/cells/population.cpp", "constexpr double excess_share", "const double excess_share"),
    ):
        if path not in texts:
            with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
                texts[path] = file.read()
        if old not in texts[path]:
            sys.exit(f"technical_numbers.py: '{old}' is no longer in {path}")
        texts[path] = texts[path].replace(old, new)
    return texts


def copy_and_build(folder):
    copy = os.path.join(folder, "source")
    texts = {path: text.encode() for path, text in rewritten().items()}
    for root, folders, files in os.walk(SOURCE):
        folders[:] = [name for name in folders if name not in ("build", ".git", "runs")]
        for name in (n for n in files if n != ".git"):
            path = os.path.relpath(os.path.join(root, name), SOURCE)
            if path not in texts:
                with open(os.path.join(SOURCE, path), "rb") as file:
                    texts[path] = file.read()
    for path, content in texts.items():
        there = os.path.join(copy, path)
        os.makedirs(os.path.dirname(there), exist_ok=True)
        if os.path.exists(there):
            with open(there, "rb") as file:
                if file.read() == content:
                    continue  # nothing to compile anew
        with open(there, "wb") as file:
            file.write(content)
    quiet = {"cwd": copy, "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run(["cmake", "--preset", "cpu", "-DMETAVOX_TESTS=OFF", "-DMETAVOX_BENCH=OFF", *os.environ.get("METAVOX_CMAKE", "").split()], **quiet)
    subprocess.run(["cmake", "--build", "build/cpu", "--target", "metavox_cli", "--parallel", str(os.cpu_count())], **quiet)
    return os.path.join(copy, "build", "cpu", "metavox")


def end_of(program, options, folder, names, factor, seed):
    """The last row of metrics.csv as {column: number}."""
    run = os.path.join(folder, "runs", f"{'_'.join(names) or 'plain'}_{factor}", str(seed))
    if not os.path.exists(os.path.join(run, "done")):
        environment = {**os.environ, **{f"METAVOX_{name}": str(factor) for name in names}}
        command = [program, "run", options.config, "-o", run, "--force", "--threads", "1", "--seed", str(seed)]
        command += ["--until", options.until] if options.until else []
        for pair in options.set:
            command += ["--set", pair]
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if told.returncode != 0:
            sys.exit(f"technical_numbers.py: {' '.join(command)}: {told.stderr}")
        open(os.path.join(run, "done"), "w", encoding="utf-8").close()
    with open(os.path.join(run, "metrics.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    head = [re.sub(r" \[.*", "", title) for title in rows[0]]
    end = dict(zip(head, rows[-1]))
    volume = head.index("tumour_volume")
    first, last = ((3 * float(rows[k][volume]) / (4 * math.pi)) ** (1 / 3) for k in (1, -1))
    end["front"] = 1000 * (last - first)
    return end


def change(plain, now, column):
    """Change of the mean, and its standard error from pairs of the same seed; shares of one."""
    before, after = ([float(end[column]) for end in ends] for ends in (plain, now))
    mean = statistics.mean(before)
    if mean == 0:
        return math.nan, math.nan
    differences = [(b - a) / mean for a, b in zip(before, after)]
    error = statistics.stdev(differences) / math.sqrt(len(differences)) if len(differences) > 1 else math.nan
    return statistics.mean(differences), error


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?")
    parser.add_argument("--numbers", help="default: all; those of TOGETHER move together")
    parser.add_argument("--factors", default="0.5,2")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--columns", default="tumour_cells,tumour_volume,front")
    parser.add_argument("--until")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--folder", default=os.path.join(SOURCE, "build", "technical_numbers"))
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    singles = [n for n in NUMBERS if not any(n in group for group in TOGETHER.values())]
    if options.list or not options.config:
        for name in singles:
            print(f"{name:16} {NUMBERS[name][0]}")
        for name, group in TOGETHER.items():
            print(f"{name:16} {' with '.join(NUMBERS[n][0] for n in group)}")
        return 0 if options.list else 2
    columns = options.columns.split(",")
    program = copy_and_build(options.folder)
    runs = os.path.join(options.folder, os.path.splitext(os.path.basename(options.config))[0])
    seeds = range(1, options.seeds + 1)
    plain = [end_of(program, options, runs, (), 1, seed) for seed in seeds]
    print(f"{options.config}, {options.seeds} seeds; mean as it is: ", end="")
    print(", ".join(f"{c} {statistics.mean(float(end[c]) for end in plain):.5g}" for c in columns), flush=True)
    print("| Number | Factor | " + " | ".join(f"`{c}` [%]" for c in columns) + " |")
    print("|---|---|" + "---|" * len(columns))
    for name in options.numbers.split(",") if options.numbers else [*singles, *TOGETHER]:
        group = TOGETHER.get(name, (name,))
        for factor in options.factors.split(","):
            now = [end_of(program, options, runs, group, factor, seed) for seed in seeds]
            told = (change(plain, now, c) for c in columns)
            cells = " | ".join(f"{100 * mean:+.1f} ({100 * error:.1f})" for mean, error in told)
            print(f"| `{name}` | {factor} | {cells} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
