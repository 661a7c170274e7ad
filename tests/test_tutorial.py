#!/usr/bin/env python3
"""Pastes docs/tutorial.md, block by block, and compares what is printed with what it shows.

    /usr/bin/python3 tests/test_tutorial.py METAVOX
"""

import os
import re
import sys

import documents

TUTORIAL = os.path.join(documents.SOURCE, "docs", "tutorial.md")


def main(metavox):
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # of little use to a box so small

    def skip(command):
        if "xvfb-run" in command and not documents.found("xvfb-run"):
            return "no xvfb-run here"
        return None

    with open(TUTORIAL, encoding="utf-8") as file:
        text = file.read()
    drawing = documents.found("xvfb-run")
    with documents.scratch(metavox):
        problems, count = documents.try_document(TUTORIAL, skip)
        if not problems:
            for picture in ["profile.png"] + ["hungry.png"] * drawing:
                if not os.path.exists(picture) or os.path.getsize(picture) < 10000:
                    problems.append(f"{TUTORIAL}: {picture} was not drawn")
    if count < 12:
        problems.append(f"{TUTORIAL}: only {count} blocks were run")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not os.path.exists(os.path.join(os.path.dirname(TUTORIAL), target)):
            problems.append(f"{TUTORIAL}: there is no {target}")
    return problems


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    wrong = main(sys.argv[1])
    for words in wrong:
        print("WRONG", words)
    sys.exit(1 if wrong else 0)
