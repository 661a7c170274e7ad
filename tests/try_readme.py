#!/usr/bin/env python3
"""Runs every command of README.md, in order, as it stands there. scripts/clean-room.sh calls this in a fresh system.

    /usr/bin/python3 tests/try_readme.py [--build build/cpu] [--tests]

Run it at the top of the source tree. What the README leaves to the reader is filled in: tumour.yaml is the README's own
example of a configuration, grid.yaml a small sweep of it. scripts/test.sh runs with --tests only, ParaView's commands
where there is a ParaView.
"""

import argparse
import os
import subprocess
import sys
import time

import documents

GRID = "config: tumour.yaml\nreplicates: 2\nuntil: 1 day\ngrid:\n  cycle.epithelial: [18 h, 24 h]\n"


def reason_to_skip(command, tests):
    words = command.split()
    if words[0] == "scripts/test.sh" and not tests:
        return "takes long; --tests runs it"
    if words[0] == "pvbatch" and not documents.found("pvbatch"):
        return "no ParaView here"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/cpu", help="folder of the program")
    parser.add_argument("--tests", action="store_true", help="run scripts/test.sh as well")
    arguments = parser.parse_args()
    os.environ["PATH"] = os.path.abspath(arguments.build) + ":" + os.environ["PATH"]
    readme = documents.blocks("README.md")
    with open("tumour.yaml", "w", encoding="utf-8") as file:
        file.write(next(text for language, text, _ in readme if language == "yaml"))
    with open("grid.yaml", "w", encoding="utf-8") as file:
        file.write(GRID)
    wrong, count, skipped = [], 0, 0
    for language, text, line in readme:
        commands = text.splitlines() if language == "" else [text] if language == "python" else []
        for command in commands:
            if not command.split():
                continue
            why = reason_to_skip(command, arguments.tests) if language == "" else None
            first = command.splitlines()[0]
            if why:
                print(f"skipped  {first} ({why})", flush=True)
                skipped += 1
                continue
            program = ["bash", "-c", command] if language == "" else ["/usr/bin/python3", "-c", command]
            began = time.monotonic()
            result = subprocess.run(program, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            count += 1
            said = "done    " if result.returncode == 0 else f"FAILED {result.returncode}"
            print(f"{said} {first} ({time.monotonic() - began:.0f} s)", flush=True)
            if result.returncode != 0:
                wrong.append(first)
                print(result.stdout.decode("utf-8", "replace")[-3000:], flush=True)
    print(f"{count} commands of README.md, {len(wrong)} failed, {skipped} skipped")
    return 1 if wrong or count < 15 else 0


if __name__ == "__main__":
    sys.exit(main())
