#!/usr/bin/env python3
"""Lists C++ functions of more than 80 lines that give no reason for it.

    scripts/long_functions.py [FOLDER_OR_FILE ...]        default: src cuda viz include

A reason is a comment right above the function with the words "Long because". Lines count from the function's first to its closing
brace. Exit code 1 where there is such a function.
"""

import os
import re
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ("src", "cuda", "viz", "include")
MOST = 80
CONTAINER = re.compile(r"^(inline\s+)?(namespace|class|struct|union|enum|extern)\b")
TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"  # comments
    r'|R"(?P<mark>[^(]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\''  # texts
    r"|^[ \t]*#(?:\\\n|[^\n])*",  # the preprocessor's lines
    re.S | re.M,
)


def bare(text):
    """The text with comments, strings and the preprocessor's lines blanked, line breaks kept."""
    return TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def functions(text):
    """(first line, last line, head) of every function outside other functions; lines count from 1."""
    code = bare(text)
    stack = []  # what is open: None for a container, (first line, head) for a function, False for anything in one
    begin = 0  # of what the next brace may be the body of
    for at, c in enumerate(code):
        if c == "{":
            head = code[begin:at]
            inside = any(kind is not None for kind in stack)
            initialises = at > 0 and not code[at - 1].isspace()  # member{value}: bodies have a blank in front
            head = head.strip()
            container = CONTAINER.match(re.sub(r"^template\s*<.*?>\s*", "", head, flags=re.S)) and not head.endswith(")")
            if inside or initialises or not container and "(" not in head:
                stack.append(False)
            elif container:
                stack.append(None)
                begin = at + 1
            else:
                first = begin + len(code[begin:at]) - len(code[begin:at].lstrip())
                stack.append((code.count("\n", 0, first) + 1, " ".join(head.split())))
        elif c == "}" and stack:
            kind = stack.pop()
            if kind:
                yield kind[0], code.count("\n", 0, at) + 1, kind[1]
            if not any(k is not None for k in stack) and kind is not False:
                begin = at + 1
        elif c == ";" and not any(kind is not None for kind in stack):
            begin = at + 1
        elif c == ":" and re.search(r"\b(public|private|protected)\s*$", code[begin:at]):
            begin = at + 1


def reason_above(lines, first):
    """Whether the comment that ends right above line `first` says why the function is long."""
    at = first - 2
    while at >= 0 and lines[at].lstrip().startswith("//"):
        if "Long because" in lines[at]:
            return True
        at -= 1
    return False


def files(paths):
    for path in paths:
        path = os.path.join(SOURCE, path)
        if os.path.isfile(path):
            yield path
        for folder, _, names in sorted(os.walk(path)):
            for name in sorted(names):
                if name.endswith((".cpp", ".hpp", ".cu", ".cuh")):
                    yield os.path.join(folder, name)


def main(paths):
    wrong = []
    for path in files(paths or FOLDERS):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        lines = text.split("\n")
        for first, last, head in functions(text):
            if last - first + 1 > MOST and not reason_above(lines, first):
                name = re.search(r"([~\w:]+|operator\W+)\s*\(", head)
                wrong.append((last - first + 1, f"{os.path.relpath(path, SOURCE)}:{first}", name.group(1) if name else head[:40]))
    for length, where, name in sorted(wrong, reverse=True):
        print(f"{where}: {name} has {length} lines")
    print(f"long_functions.py: {len(wrong)} functions have more than {MOST} lines and no reason at their head" if wrong else
          f"long_functions.py: every function of more than {MOST} lines says why")  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
