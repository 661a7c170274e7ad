#!/usr/bin/env python3
"""Checks the PTX of every launcher: whatever a GPU computes rounds as the CPU does.

    scripts/ptx.py BUILD

BUILD is a folder of a CUDA build whose device code is not compressed (CMAKE_CUDA_FLAGS=--no-compress): the PTX lies in its
objects as text. Found is

  fma, mad of floats           two operations with one rounding
  .approx, .ftz, .full         not the nearest number, or zero for a small one
  add, sub, mul, div, rcp,     without .rn: a driver that compiles the PTX may contract them, or another rounding is meant
  sqrt of floats
  min, max of floats           unless one side is a constant: the sides differ on NaN and on zeros of both signs
  sin, cos, lg2, ex2, tanh,    approximate on every device
  rsqrt

and, for the functors that use none of it, said. Exit code 1 where something is found, with functor and line; 2 where no PTX
is there.
"""

import os
import re
import subprocess
import sys

ROUNDED = re.compile(r"\b(add|sub|mul|div|rcp|sqrt)((?:\.\w+)*)\.f(?:32|64)\b")
FUSED = re.compile(r"\b(fma|mad)((?:\.\w+)*)\.f(?:32|64)\b")
LOOSE = re.compile(r"\b\w+(?:\.\w+)*\.(approx|ftz|full)\b")
TABLE = re.compile(r"\b(sin|cos|lg2|ex2|tanh|rsqrt)(?:\.\w+)*\.f(?:16|32|64)\b")
EXTREME = re.compile(r"\b(min|max)((?:\.\w+)*)\.f(?:32|64)\s+([^;]*);")
ENTRY = re.compile(r"\.(?:entry|func)\s+(?:\([^)]*\)\s*)?([\w$]+)")
CONSTANT = re.compile(r"^0[fFdD][0-9a-fA-F]+$")


def fault(line):
    """What is wrong with an instruction, or None."""
    if FUSED.search(line):
        return "one rounding for two operations"
    loose = LOOSE.search(line)
    if loose:
        return "." + loose.group(1) + " is not the nearest number"
    if TABLE.search(line):
        return "approximate on every device"
    rounded = ROUNDED.search(line)
    if rounded and ".rn" not in rounded.group(2):
        return "no .rn"
    extreme = EXTREME.search(line)
    if extreme:
        operands = [word.strip() for word in extreme.group(3).split(",")]
        if not any(CONSTANT.match(word) for word in operands[1:]):
            return "differs from the host on NaN and on signed zeros"
    return None


def texts(data):
    """PTX programs inside an object file."""
    for match in re.finditer(rb"\.version\s+\d", data):
        end = data.find(b"\0", match.start())
        yield data[match.start() : end if end >= 0 else len(data)].decode("ascii", "replace")


def look(ptx):
    """(entry, line, what) for each fault; and the number of floating-point instructions seen."""
    entry, found, seen = "?", [], 0
    for line in ptx.splitlines():
        line = line.split("//")[0]
        start = ENTRY.search(line)
        if start:
            entry = start.group(1)
        if re.search(r"\.f(32|64)\b", line) and not re.search(r"\b(ld|st|mov|cvt|setp|selp)\b", line):
            seen += 1
        what = fault(line)
        if what:
            found.append((entry, line.strip(), what))
    return found, seen


def demangled(name):
    try:
        return subprocess.run(["c++filt", name], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return name


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    objects = programs = instructions = 0
    faults = []
    for folder, _, names in os.walk(sys.argv[1]):
        for name in sorted(names):
            if not name.endswith(".o"):
                continue
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found_any = False
                for ptx in texts(file.read()):
                    found_any = True
                    programs += 1
                    found, seen = look(ptx)
                    instructions += seen
                    faults += [(path, *f) for f in found]
                objects += found_any
    if instructions == 0:
        print(f"ptx.py: no PTX with floating-point instructions in {sys.argv[1]}; build with "
              "-DCMAKE_CUDA_FLAGS=--no-compress", file=sys.stderr)
        return 2
    for path, entry, line, what in faults:
        print(f"{os.path.basename(path)}: {demangled(entry)}: {line}  ({what})")
    print(f"ptx.py: {objects} objects with kernels, {instructions} floating-point instructions, {len(faults)} that are not the CPU's")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
