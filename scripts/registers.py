"""Turns what `ptxas -v` printed into a table; see registers.sh."""

import argparse
import pathlib
import re
import subprocess
import sys

SPILL = 64  # bytes stored; below that ptxas trades a register or two for one more block
REGISTERS_OF_SM, THREADS_OF_SM = 65536, 2048  # sm_80 and sm_90
BLOCK = {"voxels": 256, "bricks": 512, "colours": 256, "maximum": 256, "tally": 256, "indices": 256, "levels": 256,
         "compaction": 256}
LOOPS = {"voxel_kernel": "voxels", "brick_kernel": "bricks", "colour_kernel": "colours", "max_kernel": "maximum",
         "tally_kernel": "tally", "index_kernel": "indices", "level_kernel": "levels", "count_kernel": "compaction",
         "scatter_kernel": "compaction"}


def read(log):
    """[(mangled name, architecture, registers, stack, spill stores, spill loads)]"""
    entries, entry, spills = [], None, None
    for line in log.splitlines():
        if found := re.search(r"Compiling entry function '(\w+)' for 'sm_(\d+)a?'", line):
            entry, spills = found.groups(), None
        elif found := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            # The kernel's own line comes first; functions that it calls may follow.
            if entry and spills is None:
                spills = tuple(map(int, found.groups()))
        elif found := re.search(r"Used (\d+) registers", line):
            if entry and spills is not None:
                entries.append((entry[0], int(entry[1]), int(found.group(1)), *spills))
            entry, spills = None, None
    return entries


def plain(names):
    text = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    return dict(zip(names, text.splitlines()))


def kernel(demangled):
    found = re.search(r"(\w+_kernel)(?:<(.*?)>)?\(", demangled)
    if not found or found.group(1) not in LOOPS:
        return None
    name = found.group(2) or found.group(1)  # compaction has no functor
    functor = re.sub(r"metavox::|\(anonymous namespace\)::", "", name).replace("> ", ">").strip()
    return functor, LOOPS[found.group(1)]


def resident(registers, loop):
    """Threads that registers let an SM hold: whole blocks, registers in eights per thread."""
    blocks = REGISTERS_OF_SM // ((registers + 7) // 8 * 8 * BLOCK[loop])
    return min(THREADS_OF_SM, blocks * BLOCK[loop])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log")
    parser.add_argument("--update", metavar="FILE")
    options = parser.parse_args()
    entries = read(pathlib.Path(options.log).read_text(encoding="utf-8", errors="replace"))
    names = plain(sorted({e[0] for e in entries}))
    rows, left_out = {}, set()
    for mangled, architecture, *numbers in entries:
        key = kernel(names[mangled])
        if key is None:
            left_out.add(names[mangled])
            continue
        rows.setdefault(key, {})[architecture] = numbers
    architectures = sorted({e[1] for e in entries})
    if not rows:
        sys.exit("registers.py: the log names no kernel; was it made with -Xptxas=-v?")
    incomplete = [key for key, row in rows.items() if sorted(row) != architectures]
    if incomplete:
        sys.exit(f"registers.py: {incomplete[0]} is not there for every architecture")
    head = ["functor", "loop"] + [f"sm_{a}" for a in architectures] + ["threads on an SM"]
    lines = ["| " + " | ".join(head) + " |", "|---|---" + "|--:" * (len(architectures) + 1) + "|"]
    spilling, heavy = [], []
    newest = architectures[-1]
    for (functor, loop), row in sorted(rows.items(), key=lambda item: (-item[1][newest][0], item[0])):
        cells = []
        for architecture in architectures:
            registers, stack, stores, loads = row[architecture]
            notes = [f"{stack} B stack"] if stack else []
            if stores or loads:
                notes.append(f"{stores} + {loads} B spilled")
                spilling += [f"{functor} on sm_{architecture}"]
                if stores > SPILL:
                    heavy.append(spilling[-1])
            cells.append(str(registers) + (f" ({', '.join(notes)})" if notes else ""))
        lines.append(f"| `{functor}` | {loop} | " + " | ".join(cells) + f" | {resident(row[newest][0], loop)} |")
    text = "\n".join(lines)
    print(text)
    print(f"\n{len(rows)} kernels, {len(spilling)} spills, {len(heavy)} above {SPILL} bytes; others in the log: {len(left_out)}")
    if options.update:
        path = pathlib.Path(options.update)
        old = path.read_text(encoding="utf-8")
        begin, end = "<!-- registers:begin -->", "<!-- registers:end -->"
        if begin not in old or end not in old:
            sys.exit(f"registers.py: {path} lacks {begin} and {end}")
        path.write_text(old[:old.index(begin)] + begin + "\n" + text + "\n" + old[old.index(end):], encoding="utf-8")
    if heavy:
        sys.exit(f"registers.py: more than {SPILL} bytes spilled in " + ", ".join(sorted(heavy)))


if __name__ == "__main__":
    main()
