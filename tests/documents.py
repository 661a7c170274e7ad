"""Commands that stand in documents: finds them, runs them, compares what they print with what the document shows."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def blocks(path):
    """[(language, text, line)] of the fenced blocks of a Markdown file."""
    found, language, lines = [], None, []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            fence = re.fullmatch(r"```(\w*)\s*", line)
            if fence and language is None:
                language, lines, start = fence.group(1), [], number
            elif fence:
                found.append((language, "".join(lines), start))
                language = None
            elif language is not None:
                lines.append(line)
    assert language is None, f"{path}: a block without end"
    return found


def matches(shown, printed):
    """Whether output is as shown: a line with only an ellipsis stands for any lines, one within a line for any text."""
    parts = []
    for line in shown.rstrip("\n").split("\n"):
        line = line.rstrip()
        parts.append(r"(?:.*\n)*?" if line == "…" else ".*".join(re.escape(p) for p in line.split("…")) + r"[ ]*\n")
    return re.fullmatch("".join(parts), printed.rstrip("\n") + "\n") is not None


@contextlib.contextmanager
def scratch(metavox):
    """A folder that looks like the top of a source tree that was built, as working directory, with metavox in PATH."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("configs", "viz", "docs", "scripts"):
            os.symlink(os.path.join(SOURCE, name), os.path.join(folder, name))
        os.makedirs(os.path.join(folder, "build", "cpu"))
        os.symlink(os.path.abspath(metavox), os.path.join(folder, "build", "cpu", "metavox"))
        kept, here = dict(os.environ), os.getcwd()
        os.environ["PATH"] = os.path.join(folder, "build", "cpu") + ":" + kept["PATH"]
        os.environ["LC_ALL"] = "C.UTF-8"
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(kept)


class Shell:
    """One bash for all blocks, so that what is exported stays; a command that fails ends it."""

    def __init__(self):
        self.errors = tempfile.TemporaryFile()
        self.bash = subprocess.Popen(["bash", "-e", "-o", "pipefail"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)

    def run(self, text):
        """(what was printed, None), or (what was printed, why it failed)."""
        mark = b"== end of the block\n"
        self.bash.stdin.write(text.encode() + b"\nprintf '== end of the block\\n'\n")
        self.bash.stdin.flush()
        lines = []
        for line in self.bash.stdout:
            if line == mark:
                return b"".join(lines).decode(), None
            lines.append(line)
        self.errors.seek(0)
        return b"".join(lines).decode(), f"exit code {self.bash.wait()}\n{self.errors.read().decode()}"

    def close(self):
        self.bash.stdin.close()
        self.bash.stdout.close()
        self.bash.wait()
        self.errors.close()


def try_document(path, skip=lambda command: None):
    """Runs the blocks marked sh and python in order and compares a text block behind one with its output. skip: says of a
    line of a shell block why it cannot be run here. Returns (problems, blocks run)."""
    problems, count, printed = [], 0, None
    shell, names = Shell(), {"__name__": "__main__"}
    for language, text, line in blocks(path):
        where = f"{path}:{line}"
        began = time.monotonic()
        if language == "sh":
            for command in text.splitlines():
                reason = skip(command)
                if reason:
                    print(f"{where}: not run: {command} ({reason})")
                    text = text.replace(command, ":")
            printed, failure = shell.run(text)
            if failure:
                problems.append(f"{where}: {failure}")
                break
        elif language == "python":
            out = io.StringIO()
            try:
                with contextlib.redirect_stdout(out):
                    exec(compile(text, where, "exec"), names)
            except Exception as error:
                problems.append(f"{where}: {error!r}")
                break
            printed = out.getvalue()
        elif language == "text" and printed is not None:
            if not matches(text, printed):
                problems.append(f"{where}: the document shows\n{text}\nbut this was printed:\n{printed}")
            printed = None
            continue
        else:
            continue
        count += 1
        print(f"{where}: {language}, {time.monotonic() - began:.1f} s")
    shell.close()
    return problems, count


def found(program):
    return shutil.which(program) is not None
