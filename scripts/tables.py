#!/usr/bin/env python3
"""Compares every table that is made from `metavox list` with what the program prints, or writes them anew.

    scripts/tables.py [METAVOX] [--update]

METAVOX: the program, build/cpu/metavox by default. The tables are viz/metavox_tables.py, and in docs/ what stands between the
lines `<!-- list TABLE:begin -->` and `<!-- list TABLE:end -->`. Of settings, docs show a choice: there the defaults are compared
and the other columns are yours. Exit codes: 0 all alike (or written), 1 some differ, 2 usage.
"""

import difflib
import glob
import json
import os
import re
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON = "viz/metavox_tables.py"
BLOCK = re.compile(r"(<!-- list ([a-z ]+):begin -->\n)(.*?)(<!-- list \2:end -->\n)", re.S)


class Program:
    """The tables of a program: program["kinds"] is a list of dictionaries, asked for once."""

    def __init__(self, path):
        self.path, self.kept = path, {}

    def __getitem__(self, name):
        if name not in self.kept:
            told = subprocess.run([self.path, "list", name, "--json"], stdout=subprocess.PIPE, check=True).stdout
            self.kept[name] = json.loads(told)
        return self.kept[name]


# ---- Python ---------------------------------------------------------------------------------------------------------


def python_tables(program):
    """The module that palette.py and others read."""
    lines = [
        '"""The kinds of cells, and the states they are drawn and counted in, by code; from the rows in src/voxel/kind.hpp.',
        "",
        "Written by scripts/tables.py --update: change the rows, not this file.",
        '"""',
        "",
        "# code: (name in inputs and frames, label, colour, roles)",
        "KINDS = {",
    ]
    for row in program["kinds"]:
        lines.append(f"    {row['code']}: {entry(row['name'], row['label'], row['colour'], row['roles'])},")
    lines += ["}", "", "# code: (column of metrics.csv, name in frames, label in pictures, colour, roles)", "STATES = {"]
    for row in program["states"]:
        lines.append(f"    {row['code']}: {entry(row['column'], row['name'], row['label'], row['colour'], row['roles'])},")
    return "\n".join(lines + ["}"]) + "\n"


def entry(*values):
    """A tuple with double quotes."""
    words = [json.dumps(v) if isinstance(v, str) else entry(*v) for v in values]
    return "(" + ", ".join(words) + ("," if len(words) == 1 else "") + ")"


# ---- docs -----------------------------------------------------------------------------------------------------------


def table(titles, rows):
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in (titles, *rows)]
    lines.insert(1, "|" + "---|" * len(titles) + "\n")
    return "".join(lines).replace("|  |", "| |")


def unit(text):
    """As docs write it; empty where there is none."""
    return "" if text == "1" else text


def kinds(rows):
    return table(["Code", "Word", "", "Roles"], [[str(r["code"]), f"`{r['name']}`", r["label"], ", ".join(r["roles"])] for r in rows])


def states(rows):
    return table(["`cell_state`", "In frames", "In pictures", "Column of metrics.csv"],
                 [[str(r["code"]), r["name"], r["label"], f"`{r['column']}`" if r["code"] else ""] for r in rows])  # fmt: skip


def fields(rows):
    return table(["Array", "Unit", "Type", ""], [[f"`{r['name']}`", unit(r["unit"]) or "–", r["type"], r["meaning"]] for r in rows])


def metrics(rows):
    """Neighbours with the same meaning and unit share a line."""
    lines = []
    for row in rows:
        same = (row["unit"], row["meaning"])
        if not lines or lines[-1][1] != same:
            lines.append(([], same))
        lines[-1][0].append(f"`{row['name']}`")
    return table(["Column", "Unit", ""], [[", ".join(names), unit(of), meaning] for names, (of, meaning) in lines])


def events(rows, once):
    return table(["Event", "", "Place"], [[f"`{r['name']}`", r["meaning"], r["place"]] for r in rows if r["once"] == once])


def settings(rows, text):
    """The table as it stands, with the defaults of the program in its second column."""
    default = {row["key"]: row["default"] for row in rows}
    lines = []
    for line in text.splitlines():
        match = re.fullmatch(r"\| `([^`]+)` \| (.*?) \|(.*)", line)
        if match and match.group(1) not in default:
            sys.exit(f"tables.py: docs list {match.group(1)}, which is not a setting")
        lines.append(f"| `{match.group(1)}` | {default[match.group(1)]} |{match.group(3)}" if match else line)
    return "\n".join(lines) + "\n"


def document(program, text):
    def block(match):
        begin, name, old, end = match.groups()
        if name == "settings":
            return begin + settings(program[name], old) + end
        makers = {"kinds": kinds, "states": states, "fields": fields, "metrics": metrics,
                  "events once": lambda rows: events(rows, True), "events often": lambda rows: events(rows, False)}  # fmt: skip
        if name not in makers:
            sys.exit(f"tables.py: docs ask for a table of {name}; there are {', '.join([*makers, 'settings'])}")
        return begin + makers[name](program[name.split()[0]]) + end

    return BLOCK.sub(block, text)


def main(arguments):
    update = "--update" in arguments
    paths = [a for a in arguments if a != "--update"]
    if len(paths) > 1 or any(p.startswith("-") for p in paths):
        print(__doc__, file=sys.stderr)
        return 2
    program = Program(os.path.abspath(paths[0] if paths else os.path.join(SOURCE, "build", "cpu", "metavox")))
    wanted = {PYTHON: python_tables(program)}
    blocks = 0
    for path in sorted(glob.glob(os.path.join(SOURCE, "docs", "*.md"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        begun = len(re.findall("<!-- list .*:begin -->", text))
        if begun != len(BLOCK.findall(text)):
            sys.exit(f"tables.py: {path}: a table begins that does not end")
        blocks += begun
        wanted[os.path.relpath(path, SOURCE)] = document(program, text)
    different = 0
    for name, text in wanted.items():
        path = os.path.join(SOURCE, name)
        old = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                old = file.read()
        if old == text:
            continue
        different += 1
        if update:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            print(f"tables.py: {name} written")
        else:
            sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), text.splitlines(True), name, "metavox list", n=1))
    if different and not update:
        print(f"tables.py: {different} files differ from what the program prints; scripts/tables.py --update writes them")
        return 1
    if not update:
        print(f"tables.py: {PYTHON} and {blocks} tables in docs are what the program prints")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
