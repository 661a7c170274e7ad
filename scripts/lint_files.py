#!/usr/bin/env python3
"""Which sources clang-tidy has to read for a change, each with a key of everything that its reading depends on.

    scripts/lint_files.py --all | FILE...

Prints lines "KEY SOURCE". A changed source stands for itself. A header is read through a source that includes it, if only by
way of other headers: the one of the same name where there is one, else one that is read anyway, else the first. Where
the rules of clang-tidy changed, everything is read. The key is a hash of the source, of the project's headers that
it includes, and of the rules.
"""

import hashlib
import os
import re
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLACES = ("src", "viz", "bench", "tests")
# Not read, as the build for the CPU does not compile them: comparisons with libraries that few machines have; the main of the fuzzers,
# which is compiled once for each target; tests of the stand-in for the CUDA runtime.
ELSEWHERE = ("bench/compare/compare_biofvm.cpp", "bench/compare/compare_hypre.cpp", "tests/fuzz/fuzz_main.cpp",
             "tests/test_standin.cpp", "tests/test_standin_race.cpp")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def text_of(path):
    with open(os.path.join(SOURCE, path), "rb") as file:
        return file.read()


def project_files():
    """Every C++ file of the project that is not ignored, committed or not; without git, every one there is."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=SOURCE, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)  # fmt: skip
    paths = listed.stdout.split("\n") if listed.returncode == 0 else [
        os.path.relpath(os.path.join(folder, name), SOURCE)
        for place in PLACES + ("include", "cuda") for folder, _, names in os.walk(os.path.join(SOURCE, place)) for name in names
    ]  # fmt: skip
    return sorted({p for p in paths if p.endswith((".cpp", ".hpp", ".cuh")) and os.path.exists(os.path.join(SOURCE, p))})


def included(path, files):
    """The project's files that `path` names in its includes; src/, include/ and its own folder are where they are looked for."""
    for name in INCLUDE.findall(text_of(path).decode("utf-8", "replace")):
        for folder in (os.path.dirname(path), "src", "", "include"):
            target = os.path.normpath(os.path.join(folder, name))
            if target in files:
                yield target
                break


def main(arguments):
    """Prints the sources."""
    if not arguments:
        sys.exit(__doc__)
    every = project_files()
    files = set(every)
    direct = {path: set(included(path, files)) for path in every}

    def closure(path):
        seen, todo = {path}, [path]
        while todo:
            for target in direct[todo.pop()] - seen:
                seen.add(target)
                todo.append(target)
        return seen

    sources = [p for p in every if p.endswith(".cpp") and p.split("/")[0] in PLACES and p not in ELSEWHERE]
    reach = {source: closure(source) for source in sources}
    rules = [p for p in (".clang-tidy", "tests/.clang-tidy") if os.path.exists(os.path.join(SOURCE, p))]
    if arguments == ["--all"] or set(arguments) & set(rules):
        chosen = sources
    else:
        changed = [os.path.relpath(os.path.abspath(a), SOURCE) for a in arguments]
        chosen = [p for p in changed if p in reach]
        for header in (p for p in changed if p in files and p not in reach):
            readers = [s for s in sources if header in reach[s]]
            pair = [s for s in readers if os.path.splitext(s)[0] == os.path.splitext(header)[0]]
            if pair and pair[0] not in chosen:
                chosen.append(pair[0])
            elif readers and not set(readers) & set(chosen):
                chosen.append(readers[0])
    law = b"".join(text_of(p) for p in rules)
    for source in chosen:
        digest = hashlib.sha256(law)
        for path in [source] + sorted(reach[source]):
            digest.update(path.encode() + b"\0" + text_of(path))
        print(digest.hexdigest()[:16], source)


if __name__ == "__main__":
    main(sys.argv[1:])
