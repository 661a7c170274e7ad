#!/usr/bin/env python3
"""metavox's solver against hypre and against BioFVM's scheme: same problem, same cores, in turn, in one run.

    cmake --build build/cpu --target compare_solvers compare_hypre
    bench/compare/run.py --size 256 --threads 2 1 -o bench/results/DATE-compare.json
    bench/compare/run.py --table bench/results/DATE-compare.json

BioFVM's own code is measured besides where the build has it: configure with -DBIOFVM_DIR=/where/PhysiCell/is, and build
compare_biofvm as well. At 256^3 it takes 13 GiB.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import machine  # noqa: E402

HOUR_STEPS = 6000  # of 0.01 min


def call(program, *arguments, threads=1, ranks=0):
    command = [str(program), *map(str, arguments)]
    environment = machine.environment(threads)
    if ranks > 0:
        # A rank that waits lets others run, or a busy machine would be charged to hypre.
        command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca",
                   "mpi_yield_when_idle", "1", "-np", str(ranks)] + command
        environment["OMP_NUM_THREADS"] = "1"
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if result.returncode != 0:
        raise SystemExit(f"run.py: {' '.join(command)} failed:\n{result.stderr}")
    answer = json.loads(result.stdout.strip().splitlines()[-1])
    answer["load_after"] = machine.load()
    return answer


def total(answer):
    return min(a + b for a, b in zip(answer["setup_s"], answer["solve_s"]))


def measure(options):
    folder = pathlib.Path(options.build) / "bench"
    ours, hypre = folder / "compare_solvers", folder / "compare_hypre"
    biofvm = folder / "compare_biofvm"
    have_hypre = hypre.exists()
    if not have_hypre:
        print("run.py: compare_hypre was not built (no hypre with MPI); left out", file=sys.stderr)
    result = {"problem": "k c - D lap c = 0, D 1e5 um^2/min, 20 um voxels, 38 mmHg on the faces, k 10/min in a centred "
                         "sphere of a quarter of the edge, 0.1/min elsewhere",
              "size": options.size, "machine": machine.describe(), "runs": []}
    with tempfile.TemporaryDirectory() as scratch:
        reference = os.path.join(scratch, "reference")
        small = os.path.join(scratch, "small")
        most = max(options.threads)
        if options.reference:
            reference = options.reference
        if not os.path.exists(reference):
            result["reference"] = call(ours, "reference", "--size", options.size, "--threads", most, "--file",
                                       reference, threads=most)
        result["small_reference"] = call(ours, "reference", "--size", 64, "--threads", most, "--file", small,
                                         threads=most)
        result["biofvm_error"] = [call(ours, "lod-error", "--size", 64, "--threads", most, "--file", small, "--dt", dt,
                                       threads=most) for dt in (0.01, 0.005, 0.0025)]
        result["ours_small"] = call(ours, "ours", "--size", 64, "--threads", most, "--file", small, "--cycles", 5,
                                    threads=most)
        # Errors of an hour are judged in a smaller box: each needs a reference of its own.
        result["hour_errors"] = {
            key: call(ours, kind, "--size", min(128, options.size), "--threads", most, threads=most)
            for key, kind in (("hour", "hour"), ("cold_hour", "cold-hour"))}
        for threads in sorted(options.threads, reverse=True):
            run = {"threads": threads, "ours": [], "hypre": [], "biofvm": [], "hour": [], "cold_hour": []}
            common = ["--size", options.size]
            if have_hypre and threads == most:
                result["hypre_variants"] = [
                    call(hypre, *common, "--relax", relax, "--rap", rap, "--repeats", 2,
                         ranks=threads) for relax in (2, 3) for rap in (0, 1)]
            best = min(result["hypre_variants"], key=total) if have_hypre else None
            for _ in range(options.rounds):
                run["ours"].append(call(ours, "ours", *common, "--threads", threads, "--file", reference, "--repeats",
                                        3, "--cycles", options.cycles, threads=threads))
                if best:
                    run["hypre"].append(call(hypre, *common, "--relax", best["relax"], "--rap", best["rap"],
                                             "--repeats", 2, "--file", reference, ranks=threads))
                run["biofvm"].append(call(ours, "lod", *common, "--threads", threads, "--steps", options.steps,
                                          threads=threads))
                if biofvm.exists():
                    run.setdefault("biofvm_itself", []).append(
                        call(biofvm, *common, "--threads", threads, "--steps", options.steps, threads=threads))
                for key, kind in (("hour", "hour"), ("cold_hour", "cold-hour")):
                    run[key].append(call(ours, kind, *common, "--threads", threads, "--judge", 0, threads=threads))
            if best and threads == most:
                # For equal errors.
                run["hypre_tolerances"] = [
                    call(hypre, *common, "--relax", best["relax"], "--rap", best["rap"], "--tolerance", tolerance,
                         "--file", reference, ranks=threads) for tolerance in (1e-4, 1e-5)]
            result["runs"].append(run)
    result["machine"]["load_at_the_end"] = machine.load()
    pathlib.Path(options.output).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def best_cold(run, limit):
    """Fewest cycles whose true residual is below the limit, over all rounds; None if there are none."""
    for rows in zip(*(o["cold_by_cycles"] for o in run["ours"])):
        if all(r["relative_residual"] <= limit for r in rows):
            return rows
    return None


def flat(answers, *keys):
    """All repeats of all rounds; several keys are added up repeat by repeat."""
    return [sum(parts) for a in answers for parts in zip(*(a[k] for k in keys))]


def table(result):
    n = result["size"]
    lines = []
    for run in result["runs"]:
        cores = "1 core" if run["threads"] == 1 else f"{run['threads']} cores"
        alone = run["threads"] == 1  # ranks that wait burn time of the processor, so it is compared on one core
        lines += [f"{n}³, {cores}:", "",
                  "| | fastest, s | ratio | median, s | ratio |" + (" CPU time, s | ratio |" if alone else "")
                  + " relative residual | largest error, mmHg |",
                  "|---|--:|--:|--:|--:|" + ("--:|--:|" if alone else "") + "--:|--:|"]
        base = []

        def row(name, times, cpu, answer):
            values = [min(times), statistics.median(times)] + ([min(cpu) if cpu else None] if alone else [])
            if not base:
                base.extend(values)
            cells = []
            for value, unit in zip(values, base):
                cells += ["", ""] if value is None else [f"{value:.3g}", f"{value / unit:.1f}"]
            lines.append(f"| {name} | " + " | ".join(cells) + f" | {answer['relative_residual']:.1e} | "
                         f"{answer['max_error_mmHg']:.1e} |")

        below = best_cold(run, 1e-6)
        if below:
            row(f"metavox, cold, {below[0]['cycles']} cycles", flat(below, "seconds"), flat(below, "cpu_s"), below[0])
        own = [o["cold_own_stop"] for o in run["ours"]]
        row(f"metavox, cold, its own stop at 10⁻³ mmHg: {own[0]['cycles']} cycles", flat(own, "seconds"),
            flat(own, "cpu_s"), own[0])
        if run["hypre"]:
            h = run["hypre"][0]
            name = f"hypre, {h['iterations']} iterations"
            row(name + ", set-up and solve", flat(run["hypre"], "setup_s", "solve_s"), flat(run["hypre"], "cpu_s"), h)
            row(name + ", solve alone", flat(run["hypre"], "solve_s"), [], h)
        for h in run.get("hypre_tolerances", []):
            row(f"hypre to {h['tolerance']:.0e}, {h['iterations']} iterations, set-up and solve",
                flat([h], "setup_s", "solve_s"), h["cpu_s"], h)
        lines += ["", f"| an hour of oxygen, {n}³, {cores} | s | ratio | CPU time, s | ratio | largest error, mmHg |",
                  "|---|--:|--:|--:|--:|--:|"]
        unit = None
        for key, name in (("hour", "metavox, ten solves, 2 % of the sphere changed before each"),
                          ("cold_hour", "metavox, ten solves from nothing")):
            answers = run[key]
            seconds, cpu = min(a["seconds"] for a in answers), min(a["cpu_s"] for a in answers)
            unit = unit or (seconds, cpu)
            lines.append(f"| {name} | {seconds:.3g} | {seconds / unit[0]:.1f} | {cpu:.3g} | {cpu / unit[1]:.1f} | "
                         f"{result['hour_errors'][key]['max_error_mmHg']:.1e}, at {min(128, n)}³ |")
        error = result["biofvm_error"][0]["max_error_mmHg"]
        for key, name in (("line_step", "line by line, as published"), ("block_step", "reordered for caches")):
            step = min(flat(run["biofvm"], key + "_s"))
            cpu = min(b[key + "_cpu_s"] for b in run["biofvm"])
            lines.append(f"| BioFVM's scheme, {HOUR_STEPS} steps {name}, {step * 1e3:.0f} ms each | "
                         f"{step * HOUR_STEPS:.4g} | {step * HOUR_STEPS / unit[0]:.0f} | {cpu * HOUR_STEPS:.4g} | "
                         f"{cpu * HOUR_STEPS / unit[1]:.0f} | {error:.2f}, at 64³ |")
        own = run.get("biofvm_itself")
        if own:
            spread, taken = min(flat(own, "diffusion_step_s")), min(flat(own, "uptake_step_s"))
            hour = (spread + taken) * HOUR_STEPS
            lines.append(f"| BioFVM itself ({own[0]['version']}), {HOUR_STEPS} steps, diffusion {spread * 1e3:.0f} ms and uptake "
                         f"{taken * 1e3:.0f} ms each, {own[0]['peak_memory_GiB']:.1f} GiB | {hour:.4g} | {hour / unit[0]:.0f} | | | |")
        lines.append("")
    lines += ["| BioFVM's scheme at rest, 64³ | steps | largest error, mmHg | centre, mmHg |", "|---|--:|--:|--:|"]
    for e in result["biofvm_error"]:
        lines.append(f"| steps of {e['dt_min']:g} min | {e['steps']} | {e['max_error_mmHg']:.3f} | {e['centre_mmHg']:.4f} |")
    small = result["ours_small"]["cold_own_stop"]
    lines.append(f"| metavox, {small['cycles']} cycles | | {small['max_error_mmHg']:.1e} | {small['centre_mmHg']:.4f} |")
    lines.append(f"| reference | | | {result['small_reference']['centre_mmHg']:.6f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/cpu")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reference", help="file of the reference: used if it exists, else written")
    parser.add_argument("--cycles", type=int, default=4, help="metavox's cold solves with 1 to so many cycles")
    parser.add_argument("--steps", type=int, default=10, help="BioFVM steps that are timed")
    parser.add_argument("-o", "--output", default="compare.json")
    parser.add_argument("--table", metavar="JSON", help="print the tables of an earlier run")
    options = parser.parse_args()
    result = json.loads(pathlib.Path(options.table).read_text(encoding="utf-8")) if options.table else measure(options)
    print(table(result))


if __name__ == "__main__":
    main()
