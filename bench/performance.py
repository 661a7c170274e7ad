#!/usr/bin/env python3
"""Measures steps over sizes, tumours and vessels, and writes the tables and the plot of docs/performance.md.

    cmake --build build/cpu --target bench_scaling
    bench/performance.py measure -o bench/results/DATE-scaling.json
    bench/performance.py write bench/results/DATE-scaling.json bench/results/DATE-compare.json
    bench/performance.py gpu bench-256.json bench-512.json ... --driver TEXT -o bench/results/DATE-GPU.json
    bench/performance.py write-gpu bench/results/DATE-GPU.json      # its tables here and in README.md
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "compare"))
import machine  # noqa: E402

PAGE = pathlib.Path("docs/performance.md")
PLOT = pathlib.Path("docs/images/scaling.png")

# Bytes a functor moves at least, per site it visits, and how they were counted. The program has the same numbers; the
# script stops where they differ.
COUNTS = {
    "blood.change": (4, "level 4, per piece"),
    "blood.conduct": (24, "length 8, radius 8; conductance 8 written, per piece"),
    "blood.gather": (192, "twelve voxels of the disc, weight and level 16 each, per piece"),
    "blood.give_onwards": (40, "two levels, steepness, given 32; given 8 written, per piece"),
    "blood.keep": (32, "voxel 8, c 4, f 4, k 4; 12 written, per voxel that blood reaches"),
    "blood.march": (400, "a branch of a few pieces, per branch"),
    "blood.read": (16, "voxel 8, c 4; 4 written, per voxel that blood reaches"),
    "blood.supply": (60.8, "voxel, value, base 24, 1.2 pieces of 24; f, k 8 written, per voxel that blood reaches"),
    "cell.activity": (64, "a line of kinds, per brick"),
    "cell.age_excess": (64, "a record read and written, per second cell"),
    "cell.count": (1, "kind"),
    "cell.end_crowding": (6, "claim 4, plan 2 written"),
    "cell.fate": (10, "kind 1, neighbours 1, oxygen 4, pressure 4; a tumour cell 24 more: traits 8, clock 4, timer 4, "
                      "matrix 4, flags 2, capacity 1"),
    "cell.mark_births": (2, "clock"),
    "cell.sense": (2, "kind 1; neighbours 1 written"),
    "cell.spread_crowding": (4, "share 2; 2 written, a pass"),
    "cell.start_crowding": (6, "kind 1, mark 1; two shares 4 written"),
    "cell.widen_activity": (2, "flag 1; 1 written, per brick"),
    "diffusion.add_operator": (8, "guess 4; f 4 written back"),
    "diffusion.correct": (1, "an eighth of the coarse c and guess"),
    "diffusion.fill_face": (4, "c 4 written, per voxel of a face"),
    "diffusion.load": (8, "field 4; c 4 written"),
    "diffusion.residual": (0, "nothing the sweeps have not read"),
    "diffusion.restrict": (12, "c, guess, f 12 written, per coarse voxel"),
    "diffusion.restrict_coefficients": (72, "k, q of eight children 64; k, q 8 written, per coarse voxel"),
    "diffusion.restrict_loss": (36, "k of eight children 32; k 4 written, per coarse voxel"),
    "diffusion.restrict_loss_at": (44, "k of eight children 32, voxel 8; k 4 written, per coarse voxel that blood reaches"),
    "diffusion.restrict_uptake": (12, "c, guess, f 12 written, per coarse voxel"),
    "diffusion.smooth": (16, "c 4, f 4, k 4; c 4 written; all sweeps of a walk together"),
    "diffusion.smooth_uptake": (20, "c 4, f 4, k 4, q 4; c 4 written; all sweeps of a walk together"),
    "diffusion.start_change": (4, "field 4, f 4 written back, less c 4 that sweeps need not read"),
    "diffusion.store": (8, "c 4; field 4 written"),
    "excess.commit": (64, "a record read and written, per second cell"),
    "excess.count": (1, "kind, per second cell"),
    "excess.map": (12, "voxel 8; entry 4 written, per second cell"),
    "excess.propose": (64, "six neighbours, per second cell"),
    "excess.renew": (64, "a record read and written, per second cell"),
    "excess.settle": (16, "voxel 8, kinds, flags, per second cell"),
    "excess.withdraw": (8, "aim 4; claim 4 written, per second cell"),
    "extrapolation.go_on": (36, "level 8, five steps 20; 8 written, per piece"),
    "extrapolation.largest": (4, "difference 4, per piece"),
    "extrapolation.multiply": (28, "difference 8, five of them 20, per piece"),
    "extrapolation.take": (60, "two levels and the last two 32; those, their changes and size 28 written, per piece"),
    "matrix.degrade": (13, "kind 1, MMP 4, matrix 4; matrix 4 written"),
    "migration.commit": (2, "plan"),
    "migration.propose": (1, "kind, in each of three rounds"),
    "migration.withdraw": (2, "plan"),
    "oxygen.add_excess": (40, "a record 16; f, k, q 24, per second cell"),
    "oxygen.assemble": (14, "kind 1, flags 1; f, k, q 12 written"),
    "pressure.assemble": (29, "kind 1, shares 4, c 4, last 4; c, last, f, k 16 written; a tumour voxel 14 more"),
    "signal.assemble": (13, "kind 1, old field 4; f, k 8 written"),
}
FUSED = {"diffusion.add_operator", "diffusion.correct", "diffusion.residual", "diffusion.restrict",
         "diffusion.restrict_uptake", "diffusion.start_change"}


def run(build, **options):
    arguments = [str(pathlib.Path(build) / "bench" / "bench_scaling")]
    for name, value in options.items():
        arguments += [f"--{name}", str(value)]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False,
                            env=machine.environment(options["threads"]))
    if result.returncode != 0:
        raise SystemExit(f"performance.py: {' '.join(arguments)} failed:\n{result.stderr}")
    answer = json.loads(result.stdout)
    answer["setting"] = " ".join(arguments[1:])
    answer["load_after"] = machine.load()
    print(f"{' '.join(arguments[1:])}: step {step_time(answer) * 1e3:.1f} ms, copy "
          f"{min(answer['copy_s']) * 1e3:.2f} ms", file=sys.stderr)
    return answer


def measure(options):
    sizes = [n for n in (64, 96, 128, 192, 256, 384) if n <= options.largest]
    middle = min(128, options.largest)
    result = {"machine": machine.describe(), "voxels": [], "cells": [], "vessels": []}
    for _ in range(options.rounds):
        for n in sizes:
            for threads in (1, 2):
                result["voxels"].append(run(options.build, size=n, threads=threads, periods=3 if n < 200 else 1))
        for share in (0.04, 0.12, 0.24, 0.36, 0.48):
            result["cells"].append(run(options.build, size=middle, threads=2, periods=3,
                                       tumour=round(share * middle * 20)))
        for spacing in (800, 400, 200, 140, 100):
            result["vessels"].append(run(options.build, size=middle, threads=2, periods=3, spacing=spacing, growing=1))
    result["machine"]["load_at_the_end"] = machine.load()
    pathlib.Path(options.output).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


# ---- tables ------------------------------------------------------------------------------------------------------

def rounds_of(rows, **wanted):
    return [r for r in rows if all(r[k] == v for k, v in wanted.items())]


def middle_of(rows):
    """The repeats of one setting as one: the median of each process and functor."""
    merged = dict(rows[0])
    for key in ("copy_s", "step_s", "step_cpu_s"):
        merged[key] = [v for r in rows for v in r[key]]
    merged["profiled_step_s"] = statistics.median(r["profiled_step_s"] for r in rows)
    merged["processes"] = {name: statistics.median(r["processes"][name] for r in rows if name in r["processes"])
                           for r in rows for name in r["processes"]}
    merged["functors"] = {name: dict(f, seconds=statistics.median(r["functors"][name]["seconds"] for r in rows
                                                                  if name in r["functors"]))
                          for r in rows for name, f in r["functors"].items()}
    return merged


def step_time(answer):
    """The median of periods, each the mean of the steps in which pressure and vessels fall due once."""
    return statistics.median(answer["step_s"])


def copy_time(answer):
    """The median, as a single copy is now and then lucky in what caches hold."""
    return statistics.median(answer["copy_s"])


def least_bytes(answer):
    return sum(f["bytes"] for f in answer["functors"].values())


def least_copies(answer):
    """Copies that moving those bytes would take at the speed of a copy."""
    return least_bytes(answer) / (8 * answer["size"] ** 3)


def check_counts(answer):
    for name, f in answer["functors"].items():
        if f["sites"] == 0:
            continue
        if name not in COUNTS:
            raise SystemExit(f"performance.py: {name} is not counted")
        if abs(f["bytes"] / f["sites"] - COUNTS[name][0]) > 1e-9:
            raise SystemExit(f"performance.py: {name} moves {f['bytes'] / f['sites']} bytes by the program, "
                             f"{COUNTS[name][0]} by hand")


def step_table(rows):
    lines = ["| voxels | threads | step, ms | fastest, ms | voxels/s | CPU time, ms | a copy, ms | copies | bytes a voxel, at least | share of the copy limit |",
             "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for size, threads in sorted({(r["size"], r["threads"]) for r in rows}):
        best = middle_of(rounds_of(rows, size=size, threads=threads))
        seconds = step_time(best)
        in_copies = seconds / copy_time(best)
        lines.append(f"| {size}³ | {threads} | {seconds * 1e3:.1f} | {min(best['step_s']) * 1e3:.1f} | "
                     f"{size ** 3 / seconds * 1e-6:.0f} million | {statistics.median(best['step_cpu_s']) * 1e3:.1f} | "
                     f"{copy_time(best) * 1e3:.2f} | {in_copies:.0f} | {least_bytes(best) / size ** 3:.0f} | "
                     f"{100 * least_copies(best) / in_copies:.0f} % |")
    return "\n".join(lines)


def functor_table(rows):
    columns = [(256, 2), (256, 1), (64, 2), (384, 2)]
    answers = []
    for size, threads in columns:
        mine = rounds_of(rows, size=size, threads=threads)
        answers.append(middle_of(mine) if mine else None)
    first = answers[0]
    if first is None:
        raise SystemExit("performance.py: 256³ in two threads was not measured")
    for a in answers:
        if a:
            check_counts(a)
    head = "| functor | bytes per site, counted | MB a step | ms |"
    rule = "|---|---|--:|--:|"
    for size, threads in columns:
        head += f" {size}³, {threads} thread{'s' if threads > 1 else ''} |"
        rule += "--:|"
    lines = [head, rule]

    def share(answer, seconds, moved):
        if not answer or seconds <= 0:
            return ""
        if moved == 0:
            return "0 %"
        limit = moved / (8 * answer["size"] ** 3) * copy_time(answer)
        return f"{100 * limit / seconds:.0f} %"

    for name, f in sorted(first["functors"].items(), key=lambda item: -item[1]["seconds"]):
        if f["seconds"] < 2e-3 * step_time(first) and name not in FUSED:
            continue
        count = COUNTS.get(name)
        counted = f"{count[0]}: {count[1]}" if count else ""
        mark = " ᶠ" if name in FUSED else ""
        cells = [share(a, a["functors"][name]["seconds"], a["functors"][name]["bytes"])
                 if a and name in a["functors"] else "" for a in answers]
        lines.append(f"| `{name}`{mark} | {counted} | {f['bytes'] * 1e-6:.1f} | {f['seconds'] * 1e3:.2f} | "
                     + " | ".join(cells) + " |")
    whole = [share(a, step_time(a), least_bytes(a)) if a else "" for a in answers]
    lines.append(f"| **whole step** | | {least_bytes(first) * 1e-6:.0f} | {step_time(first) * 1e3:.1f} | "
                 + " | ".join(whole) + " |")
    return "\n".join(lines)


def process_table(rows):
    best = middle_of(rounds_of(rows, size=256, threads=2))
    total = sum(best["processes"].values())
    lines = ["| process | share |", "|---|--:|"]
    for name, seconds in sorted(best["processes"].items(), key=lambda item: -item[1]):
        if seconds > 1e-3 * total:
            lines.append(f"| {name} | {100 * seconds / total:.0f} % |")
    return "\n".join(lines)


def plot(result):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), sharey=False)

    def best(rows, key):
        groups = {}
        for r in rows:
            groups.setdefault((r["size"], r["threads"], r["setting"]), []).append(r)
        return sorted(((key(g[0]), middle_of(g)) for g in groups.values()), key=lambda point: point[0])

    groups_of = {"solver": ("diffusion.",), "cells": ("cell.", "migration.", "excess."),
                 "assembly, matrix": ("oxygen.", "signal.", "vegf.", "pressure.", "matrix."),
                 "vessels": ("vessel.", "blood.", "extrapolation.")}

    def group(answer, name):
        return sum(f["seconds"] for n, f in answer["functors"].items() if n.startswith(groups_of[name]))

    left = axes[0]
    for threads, marker in ((2, "o"), (1, "s")):
        points = best([r for r in result["voxels"] if r["threads"] == threads], lambda r: r["size"])
        left.loglog([k ** 3 for k, _ in points], [step_time(r) for _, r in points], marker + "-",
                    label=f"step, {threads} thread{'s' if threads > 1 else ''}")
    points = best([r for r in result["voxels"] if r["threads"] == 1], lambda r: r["size"])
    for name in ("solver", "cells", "assembly, matrix"):
        left.loglog([k ** 3 for k, _ in points], [group(r, name) for _, r in points], ".--", linewidth=0.9, label=name)
    middle = points[len(points) // 2]
    ends = [points[0][0] ** 3, points[-1][0] ** 3]
    left.loglog(ends, [step_time(middle[1]) * e / middle[0] ** 3 for e in ends], ":", color="grey", label="proportional")
    left.set_xlabel("voxels")
    left.set_ylabel("seconds a step")

    for axis, rows, key, label in ((axes[1], result["cells"], "tumour_cells", "tumour cells"),
                                   (axes[2], result["vessels"], "vessel_segments", "growing vessel segments")):
        points = best(rows, lambda r: r[key])
        axis.semilogx([k for k, _ in points], [step_time(r) for _, r in points], "o-", label="step")
        for name in ("solver", "cells", "assembly, matrix") + (("vessels",) if key == "vessel_segments" else ()):
            axis.semilogx([k for k, _ in points], [group(r, name) for _, r in points], ".--", linewidth=0.9, label=name)
        axis.set_xlabel(f"{label} in {rows[0]['size']}³ voxels")
        axis.set_ylim(0, 1.35 * axis.get_ylim()[1])
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7, frameon=False)
    figure.tight_layout()
    figure.savefig(PLOT, dpi=100)
    if PLOT.stat().st_size > 200_000:
        raise SystemExit(f"performance.py: {PLOT} is larger than 200 kB")


def gathered(options):
    """The files that `metavox bench` wrote on a GPU, as one."""
    boxes = [json.loads(pathlib.Path(name).read_text(encoding="utf-8")) for name in options.files]
    devices = {box["device"] for box in boxes}
    if len(devices) != 1:
        raise SystemExit(f"performance.py: files of several devices: {', '.join(sorted(devices))}")
    boxes.sort(key=lambda box: box["size"])
    result = {"device": devices.pop().removeprefix("CUDA, "), "driver": options.driver, "date": options.date,
              "boxes": boxes}
    pathlib.Path(options.output).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def gpu_table(result):
    """Whole steps, for README.md. Boxes whose bench ran out of time lack some numbers."""
    def number(box, key, form):
        return form.format(box[key]) if key in box else ""

    rows = ["| voxels | a copy | V(3,2) cycle | whole default step | voxels/s | bytes a voxel | with VEGF and growing vessels |",
            "|--:|--:|--:|--:|--:|--:|--:|"]
    for box in result["boxes"]:
        growing = f"{box['vessel_step_ms']:.1f} ms ({box['vessel_segments']:,} segments)" if "vessel_step_ms" in box else ""
        rows.append(f"| {box['size']}³ | {box['copy_ms']:.3f} ms | {number(box, 'cycle_ms', '{:.2f} ms')} | "
                    f"**{number(box, 'step_ms', '{:.1f} ms')}** | {box.get('voxels_per_s', 0) / 1e9:.2f}·10⁹ | "
                    f"{number(box, 'bytes_per_voxel', '{:.1f}')} | {growing} |")
    return "\n".join(rows)


def gpu_functors(result):
    boxes = [box for box in result["boxes"] if "functors" in box]
    names = [row["functor"] for row in boxes[-1]["functors"]]
    head = " | ".join(f"{box['size']}³, ms | % of a copy" for box in boxes)
    rows = [f"| functor | {head} |", "|---|" + "--:|--:|" * len(boxes)]
    for name in names:
        cells = []
        for box in boxes:
            row = next((r for r in box["functors"] if r["functor"] == name), None)
            cells.append(f"{row['ms_per_step']:.3f} | {100 * row['gb_per_s'] / box['copy_gb_per_s']:.0f}" if row else " | ")
        rows.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def write_gpu(options):
    result = json.loads(pathlib.Path(options.results).read_text(encoding="utf-8"))
    put("gpu", gpu_table(result), pathlib.Path("README.md"))
    put("gpu-functors", gpu_functors(result))


def put(name, text, file=PAGE):
    page = file.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if begin not in page or end not in page:
        raise SystemExit(f"performance.py: {file} lacks {begin} and {end}")
    file.write_text(page[:page.index(begin)] + begin + "\n" + text + "\n" + page[page.index(end):], encoding="utf-8")


def write(options):
    result = json.loads(pathlib.Path(options.results).read_text(encoding="utf-8"))
    for name, text in (("steps", step_table(result["voxels"])), ("functors", functor_table(result["voxels"])),
                       ("processes", process_table(result["voxels"]))):
        put(name, text)
    plot(result)
    if options.compare:
        import run as compare
        put("compare", compare.table(json.loads(pathlib.Path(options.compare).read_text(encoding="utf-8"))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    m = commands.add_parser("measure")
    m.add_argument("--build", default="build/cpu")
    m.add_argument("--rounds", type=int, default=2)
    m.add_argument("--largest", type=int, default=384)
    m.add_argument("-o", "--output", required=True)
    g = commands.add_parser("gpu")
    g.add_argument("files", nargs="+")
    g.add_argument("--driver", required=True)
    g.add_argument("--date", required=True)
    g.add_argument("-o", "--output", required=True)
    commands.add_parser("write-gpu").add_argument("results")
    w = commands.add_parser("write")
    w.add_argument("results")
    w.add_argument("compare", nargs="?")
    options = parser.parse_args()
    {"measure": measure, "write": write, "gpu": gathered, "write-gpu": write_gpu}[options.command](options)


if __name__ == "__main__":
    main()
