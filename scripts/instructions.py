"""Reads callgrind's dumps and compares them with bench/instructions.json; see instructions.sh."""

import argparse
import json
import pathlib
import re
import sys

STORED = pathlib.Path(__file__).resolve().parent.parent / "bench" / "instructions.json"
MORE = 0.10


def count_of(dump):
    """(part, instructions) of one dump; part is None for callgrind's own at the end."""
    part = total = None
    with open(dump, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if found := re.match(r"desc: Trigger: Client Request: (\w+)", line):
                part = found.group(1)
            elif found := re.match(r"(?:summary|totals): (\d+)", line):
                total = int(found.group(1))
    return part, total


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--flags", required=True)
    parser.add_argument("--same", action="store_true", help="only tell whether the stored counts are this compiler's")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("dumps", nargs="*")
    options = parser.parse_args()
    stored = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else None
    if not options.update:
        if stored is None:
            sys.exit(f"instructions.py: there is no {STORED}")
        if (stored["compiler"], stored["flags"]) != (options.compiler, options.flags):
            print(f"instructions.sh: skipped, the stored counts are of {stored['compiler']}, {stored['flags']}; this is "
                  f"{options.compiler}, {options.flags}")
            sys.exit(1 if options.same else 0)
        if options.same:
            return
    counts = {}
    for dump in options.dumps:
        part, total = count_of(dump)
        if part is not None:
            counts[part] = total
    if not counts or None in counts.values() or min(counts.values()) < 10000:
        sys.exit(f"instructions.py: the dumps hold no counts: {counts}")
    if options.update:
        STORED.write_text(json.dumps({"compiler": options.compiler, "flags": options.flags, "instructions": counts},
                                     indent=2) + "\n", encoding="utf-8")
        stored = {"instructions": counts}
    before = stored["instructions"]
    if sorted(before) != sorted(counts):
        sys.exit(f"instructions.py: counted {sorted(counts)}, stored are {sorted(before)}; run instructions.sh --update")
    worse = []
    print(f"{'part':14} {'stored':>13} {'now':>13}")
    for part, now in counts.items():
        change = now / before[part] - 1
        print(f"{part:14} {before[part]:13} {now:13} {100 * change:+7.1f} %")
        if change > MORE:
            worse.append(part)
        elif change < -MORE:
            print(f"  {part} takes fewer: instructions.sh --update makes that the mark")
    if worse:
        sys.exit(f"instructions.py: over {100 * MORE:.0f} % more instructions in {', '.join(worse)}; if they are worth it, "
                 "commit what instructions.sh --update writes, and say why")


if __name__ == "__main__":
    main()
