#!/usr/bin/env python3
"""Checks that every include follows the rule of the rooms, that no two headers include each other, and that no two types share
a name.

    scripts/rooms.py [--list]

A room is a folder of src/ (or cuda/, viz/); docs/architecture.md says what each is for. `MAY` is the rule: what a room may
include besides itself. Sciences never include one another. A name stands for one type: of two structs of one name in different
files the linker keeps one set of constructors, silently. Exit code 1 where an arrow runs back, with file and line.
"""

import os
import re
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

GROUND = {"cuda", "core"}
WORDS = GROUND | {"voxel", "settings"}
SCIENCES = {"fields", "tissue", "cells", "immune", "vessels", "treatment"}
SITE = WORDS | {"solver"} | SCIENCES
BODY = SITE | {"site", "follow_up"}
OUTSIDE = BODY | {"body"}

MAY = {
    "cuda": {"core"},  # kernels are templates over core's lattice and executor
    "core": {"cuda"},
    "voxel": GROUND,
    "settings": GROUND,
    "solver": WORDS,
    **{science: WORDS | {"solver"} for science in SCIENCES},
    "site": SITE,
    "follow_up": SITE,
    "body": BODY,
    "input": OUTSIDE,
    "viz": OUTSIDE,  # makes the bytes of frames, which record writes
    "record": OUTSIDE | {"viz"},
    "program": OUTSIDE | {"input", "record", "viz"},
}
INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')
# At the margin: in a namespace, which is not indented, and in no other type.
TYPE = re.compile(r"(?:template <.*> )?(?:struct|class|enum class|union) (\w+)(?: final)?(?: : .*)? \{")


def room_of(path):
    """'src/cells/fate.hpp' and 'cells/fate.hpp' lie in cells; None: outside the rooms (tests, bench)."""
    parts = path.split("/")
    if parts[0] == "src":
        parts = parts[1:]
    return parts[0] if len(parts) > 1 and parts[0] in MAY else None


def lines():
    """(file, line number, line) of every C++ and CUDA file in the rooms."""
    for top in ("src", "cuda", "viz"):
        for folder, _, names in os.walk(os.path.join(SOURCE, top)):
            for name in sorted(names):
                if not name.endswith((".cpp", ".hpp", ".cu", ".cuh")):
                    continue
                path = os.path.relpath(os.path.join(folder, name), SOURCE)
                with open(os.path.join(SOURCE, path), encoding="utf-8") as text:
                    for number, line in enumerate(text, 1):
                        yield path, number, line


def includes():
    """(file, line, included path as written) of every include between the project's own files in the rooms."""
    for path, number, line in lines():
        match = INCLUDE.match(line)
        if match:
            yield path, number, match.group(1)


def types():
    """(file, line, name) of every type that other files could name: not in a nameless namespace, not the stand-in's."""
    nameless = None
    for path, number, line in lines():
        if line.startswith("namespace {"):
            nameless = path
        elif line.startswith("} // namespace\n"):
            nameless = None
        match = TYPE.match(line)
        if match and path != nameless and not path.startswith("cuda/standin/"):
            yield path, number, match.group(1)


def main(arguments):
    """Prints what breaks the rule."""
    if arguments not in ([], ["--list"]):
        sys.exit(__doc__)
    wrong, arrows, headers = [], {}, {}
    for path, line, target in includes():
        here, there = room_of(path), room_of(target)
        if there is None:
            if not target.startswith("metavox/"):  # the door, include/metavox/
                wrong.append(f'{path}:{line}: "{target}" names no room; write room/file.hpp')
            continue
        if here != there:
            arrows[here, there] = arrows.get((here, there), 0) + 1
            if there not in MAY[here]:
                wrong.append(f"{path}:{line}: {here} must not include {there} ({target})")
        if path.endswith((".hpp", ".cuh")):
            headers.setdefault(path.removeprefix("src/"), set()).add(target)
    for one, targets in sorted(headers.items()):
        for other in sorted(targets):
            if one < other and one in headers.get(other, ()):
                wrong.append(f"{one} and {other} include each other")
    defined = {}
    for path, line, name in types():
        first = defined.setdefault(name, (path, line))
        if first[0] != path:
            wrong.append(f"{path}:{line}: a type {name} is in {first[0]}:{first[1]} already")
    if arguments:
        for (here, there), count in sorted(arrows.items()):
            print(f"{here} -> {there}: {count}")
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"rooms.py: {len(wrong)} lines against the rule" if wrong else "rooms.py: every include follows the rule")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
