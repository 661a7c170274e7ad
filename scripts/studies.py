#!/usr/bin/env python3
"""Runs studies of the cascade and writes their pages, docs/studies/NAME.md, and pictures, docs/images/study_NAME.png.

    scripts/studies.py [NAME ...] [--metavox PATH] [--threads N] [--runs DIR] [--docs DIR] [--patients N] [--replicates N]
                       [--set KEY=VALUE ...] [--no-pictures] [--reuse]

NAME: cascade, dandelion, soil, dormancy, clinics, tornado, some minutes, which are run without a name; switch and signs, an hour each. A study
is configs/studies/NAME.yaml, the text around its numbers in configs/studies/NAME.md, and what it measures in scripts/study_list.py. Runs lie in
--runs (runs/studies).
--patients, --replicates and --set change every run: for a look, not for pages that are kept. --reuse: runs that are there, of the same
settings and program, are not run again, for changes of text and pictures.
"""

import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import study_page
from study_list import LONG, STUDIES


def picture(name, numbers, docs):
    """docs/images/study_NAME.png by viz/studies.py, which has matplotlib."""
    call = ["/usr/bin/python3", os.path.join(study_page.SOURCE, "viz", "studies.py"), name, numbers, "-o",
            os.path.join(docs, "images", f"study_{name}.png")]  # fmt: skip
    if subprocess.run(call, check=False).returncode != 0:
        sys.exit(f"studies.py: the picture of {name} was not drawn; --no-pictures leaves it as it is")


def study(name, options):
    runs = study_page.Runs(os.path.abspath(options.metavox), os.path.join(options.runs, name), options.threads, options.patients,
                           options.replicates, options.set, options.reuse)  # fmt: skip
    os.makedirs(runs.folder, exist_ok=True)
    rows, words, numbers = STUDIES[name](runs)
    path = os.path.join(runs.folder, "numbers.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(numbers, file)
    page = study_page.write(name, rows, words, runs, options.docs)
    if not options.no_pictures:
        picture(name, path, options.docs)
    failed = sum("FAIL" in study_page.verdict(row) for row in rows)
    print(f"{page}: {len(rows)} rows, {failed} failed")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--metavox", default=os.path.join(study_page.SOURCE, "build", "cpu", "metavox"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", default=os.path.join("runs", "studies"))
    parser.add_argument("--docs", default=os.path.join(study_page.SOURCE, "docs"))
    parser.add_argument("--patients", type=int, default=0)
    parser.add_argument("--replicates", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--no-pictures", action="store_true")
    parser.add_argument("--reuse", action="store_true")
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in STUDIES:
            parser.error(f"there is no study {name}; there are {', '.join(STUDIES)}")
    if not os.access(options.metavox, os.X_OK):
        sys.exit(f"studies.py: there is no program {options.metavox}; build it, or name it with --metavox")
    for name in options.names or [name for name in STUDIES if name not in LONG]:
        study(name, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
