"""What every study of scripts/studies.py needs: runs of the program, rows that are judged, the page of a study.

A row is a statement, what kind of answer it has, the value measured, its standard error and the band that it should lie in. Only what
is predicted or emergent can pass or fail. What is imposed or fitted is reported: whether it lies in its band says nothing of the model.
So is the sign of a difference between runs on lattices of too few seeds.
"""

import csv
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KINDS = ("imposed", "fitted", "predicted", "emergent")
JUDGED = ("predicted", "emergent")
SEEDS_OF_A_SIGN = 20  # fewer may agree by luck
LATTICES = ("landed_cells", "switch", "signs", "tornado_body", "../intravasation", "../lymph")  # configurations that have no patients
BODIES = ("cascade", "removal")  # nor have these, but bodies followed hour by hour


@dataclass
class Row:
    statement: str
    kind: str
    value: float = math.nan
    error: float = math.nan  # one standard error; nan: there is none
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    why: str = ""  # behind the verdict
    seeds: int = 0  # that the sign of a difference between runs rests on; 0: it is no such sign

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind} is none of {', '.join(KINDS)}")


def verdict(row):
    """PASS or FAIL of what is judged; `reported` of the rest, with where it lies."""
    banded = math.isfinite(row.low) or math.isfinite(row.high)
    inside = row.low <= row.value <= row.high  # never of a value that is not a number
    few = 0 < row.seeds < SEEDS_OF_A_SIGN
    if row.kind in JUDGED and banded and not few:
        if not inside:
            word = "**FAIL**"
        # A value that may well lie outside shows nothing.
        elif math.isfinite(row.error) and 2 * row.error > row.high - row.low:
            word = "**FAIL**: its error is as wide as the band"
        else:
            word = "**PASS**"
    elif not math.isfinite(row.value):
        word = "**FAIL**: nothing was measured"
    elif banded:
        word = "reported, in band" if inside else "reported, out of band"
    else:
        word = "reported"
    if few:
        word += f"; {row.seeds} seeds, where a sign asks for {SEEDS_OF_A_SIGN}"
    return word + (f"; {row.why}" if row.why else "")


def number(value, error=math.nan):
    """Short text: with an error, as many digits as that has two of."""
    if not math.isfinite(value):
        return "none"
    if math.isfinite(error) and error > 0:
        digits = max(0, 1 - math.floor(math.log10(error)))
        if abs(value) >= 1e5 or 0 < abs(value) < 1e-3:
            power = math.floor(math.log10(abs(value)))
            digits = max(0, 1 - math.floor(math.log10(error / 10**power)))
            return f"({value / 10**power:.{digits}f} ± {error / 10**power:.{digits}f})·10{raised(power)}"
        return f"{value:.{digits}f} ± {error:.{digits}f}"
    if value != 0 and (abs(value) >= 1e5 or abs(value) < 1e-3):
        power = math.floor(math.log10(abs(value)))
        return f"{value / 10**power:.3g}·10{raised(power)}"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def raised(power):
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def band(row):
    if math.isfinite(row.low) and math.isfinite(row.high):
        return number(row.low) if row.low == row.high else f"{number(row.low)} to {number(row.high)}"
    if math.isfinite(row.low):
        return f"≥ {number(row.low)}"
    return f"≤ {number(row.high)}" if math.isfinite(row.high) else "none"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(cells) + " |" for cells in rows]) + "\n"


def verdicts(rows):
    head = ("Statement", "Kind", "Measured", "Band", "Verdict")
    return table(head, [(r.statement, f"*{r.kind}*", " ".join(filter(None, (number(r.value, r.error), r.unit))), band(r), verdict(r))
                        for r in rows])  # fmt: skip


@dataclass
class Runs:
    """Runs of the program, each in a folder of the study's own."""

    metavox: str
    folder: str
    threads: int = 2
    patients: int = 0  # 0: those of the configuration
    replicates: int = 0
    set: list = field(default_factory=list)  # on top of what a study sets
    reuse: bool = False  # runs that this program has finished with the same settings

    def run(self, name, config, settings=None, seed=None, patients=None):
        """The folder of a run of configs/studies/CONFIG.yaml with these settings."""
        folder = os.path.join(self.folder, name)
        said = dict(settings or {})
        if self.patients and config not in LATTICES + BODIES:
            said["body.patients"] = self.patients
        elif patients:
            said["body.patients"] = patients
        if self.replicates and config in BODIES:
            said["body.replicates"] = self.replicates
        command = [self.metavox, "run", os.path.join(SOURCE, "configs", "studies", config + ".yaml"), "-o", folder, "--force", "--quiet"]
        for key, value in said.items():
            command += ["--set", f"{key}={value}"]
        for text in self.set:
            command += ["--set", text]
        if seed is not None:
            command += ["--seed", str(seed)]
        note = folder + ".command"
        said = "\n".join([*command, str(os.path.getmtime(self.metavox)), str(os.path.getmtime(command[2]))])
        if self.reuse and os.path.exists(note):
            with open(note, encoding="utf-8") as file:
                if file.read() == said:
                    return folder
        done = subprocess.run([*command, "--threads", str(self.threads)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False)  # fmt: skip
        if done.returncode != 0:
            sys.exit(f"studies.py: {' '.join(command)}\n{done.stderr}")
        with open(note, "w", encoding="utf-8") as file:
            file.write(said)
        return folder

    def cohort(self, name, config, settings=None, seed=None, patients=None):
        """{name: (value, error)} of summary.csv"""
        folder = self.run(name, config, settings, seed, patients)
        with open(os.path.join(folder, "summary.csv"), newline="", encoding="utf-8") as file:
            return {r["name"]: (float(r["value"]), float(r["standard_error"]) or math.nan) for r in csv.DictReader(file)}

    def chain(self, primary):
        said = subprocess.run([self.metavox, "chain", os.path.join(SOURCE, "configs", "studies", "soil.yaml"), "--from", primary, "--json"],
                              stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
        return json.loads(said.stdout)

    def soils(self, primaries):
        """What `metavox calibrate soil` fits to these: ({primary: {organ: soil}}, {organ: soil} of a primary of which nothing is known)."""
        said = subprocess.run([self.metavox, "calibrate", "soil", os.path.join(SOURCE, "configs", "studies", "soil.yaml"),
                               *(f"--from={p}" for p in primaries)], stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
        return soils_in(said.stdout)


def soils_in(text):
    """The two tables of Runs.soils, from what the command prints."""
    own, product, into = {}, {}, None
    for line in text.splitlines():
        if head := re.match(r"soils: # of primaries\[\] (\w+)$", line):
            into = own.setdefault(head.group(1), {})
        elif line.startswith("soils: # of a primary of which nothing is known"):
            into = product
        elif entry := re.match(r"  - \{organ: (\w+),.*\bsoil: ([^\s}]+)\}", line):
            into[entry.group(1)] = float(entry.group(2))
    return own, product


def read(folder, name):
    """Rows of a table of a run, titles without units."""
    with open(os.path.join(folder, name), newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    head = [re.sub(r" \[.*", "", title) for title in rows[0]]
    return [dict(zip(head, row)) for row in rows[1:]]


def ratio(a, b):
    """Of two (value, error), as of independent ones."""
    if not b[0]:
        return math.nan, math.nan
    value = a[0] / b[0]
    if not a[0]:
        return 0.0, math.nan
    parts = [x[1] / x[0] for x in (a, b) if math.isfinite(x[1])]
    return value, abs(value) * math.hypot(*parts) if parts else math.nan


def write(name, rows, words, runs, docs):
    """docs/studies/NAME.md from configs/studies/NAME.md: ${...} in that text are numbers of the run, ${rows} the verdicts."""
    with open(os.path.join(SOURCE, "configs", "studies", name + ".md"), encoding="utf-8") as file:
        text = file.read()
    words = {**words, "rows": verdicts(rows).rstrip("\n")}

    def word(match):
        if match.group(1) not in words:
            sys.exit(f"studies.py: configs/studies/{name}.md asks for {match.group(1)}; there are {', '.join(sorted(words))}")
        return str(words[match.group(1)])

    text = re.sub(r"\$\{(\w+)\}", word, text)
    folder = os.path.join(docs, "studies")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + ".md")
    begin = f"<!-- Written by scripts/studies.py {name} from configs/studies/{name}.md: change that, not this. -->\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(begin + text)
    return path
