#!/usr/bin/env python3
"""Runs every example of the help and of the README's list of commands, and holds the manual page against the help.

    /usr/bin/python3 tests/test_help.py METAVOX

The examples run as they stand, on a tumour small enough for a test; only sizes of benchmarks, of what is calibrated and of what
is validated, numbers of threads and the length of sweeps are made smaller.
"""

import os
import re
import shutil
import subprocess
import sys
import unittest

import documents

METAVOX = None
README = os.path.join(documents.SOURCE, "README.md")
PAGE = os.path.join(documents.SOURCE, "docs", "metavox.1")

TUMOUR = """
simulation:
  duration: 2 day
domain:
  voxels: [10, 10, 10]
tissue:
  cells:
    - shape: sphere
      kind: epithelial
      radius: 60 um
output:
  frames: 2 day
  checkpoints: 1 day
"""
SHEDDING = "vessels: {pattern: grid, spacing: 60 um}\nintravasation: {enabled: true, rate: 1 1/h}\n"
SMALL = "--set tissue.cells[0].radius='80 um'"  # what is calibrated
SWEEP = "config: tumour.yaml\nreplicates: 2\nuntil: 6 h\ngrid:\n  cycle.law: [owen, physicell]\n"


def ask(*arguments):
    return subprocess.run([METAVOX, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


def commands():
    listed = re.search(r"Subcommands:\n(.*?)\n\n", ask("--help"), re.S).group(1)
    return [line.split()[0] for line in listed.splitlines()]


def examples(text):
    """The indented lines below Examples."""
    found = re.search(r"^Examples:\n((?:  .*\n)+)", text, re.M)
    return [line[2:].rstrip() for line in found.group(1).splitlines()] if found else []


def files_of(text):
    """{name: content} of the files that a help text shows under `with NAME:`."""
    found = re.findall(r"^with (\S+?)(?:, for example)?:\n((?:  .*\n)+)", text, re.M)
    return {name: re.sub("^  ", "", content, flags=re.M) for name, content in found}


def smaller(command):
    command = re.sub(r"--size \d+", "--size 16", command)
    command = command.replace("512, 512, 512", "64, 64, 64")
    command = re.sub(r"^metavox calibrate growth .*?(?=\s*[#>]|$)", lambda m: f"{m.group()} --seeds 1 --tolerance 1 {SMALL}", command)
    command = re.sub(r"^metavox calibrate human .*?(?=\s*[#>]|$)", lambda m: f"{m.group()} --patients 100", command)
    command = command.replace("'3 mm'", "'0.5 mm'").replace("'160 day'", "'40 day'")
    return re.sub(r"--(threads|jobs) \d+", r"--\1 1", command)


def write(name, text):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)


class Examples(unittest.TestCase):
    tried = set()  # that take a while and leave nothing that others need

    def try_all(self, lines):
        self.assertTrue(lines)
        shell = documents.Shell()
        self.addCleanup(shell.close)
        for line in map(smaller, lines):
            bare = line.split("#")[0].rstrip()
            if bare in self.tried:
                continue
            printed, failure = shell.run(line)
            self.assertIsNone(failure, f"{line}\n{printed}")
            if re.match("metavox (bench|calibrate|selfcheck)\\b[^>]*$", bare):
                self.tried.add(bare)

    def setUp(self):
        self.context = documents.scratch(METAVOX)
        self.context.__enter__()
        os.environ["OMP_NUM_THREADS"] = "1"  # of little use to a box so small
        write("tumour.yaml", TUMOUR)

    def tearDown(self):
        self.context.__exit__(None, None, None)

    def test_of_the_program(self):
        lines = examples(ask("--help"))
        self.assertGreater(len(lines), 4)
        self.try_all(lines)

    def test_of_every_command(self):
        # What the examples take for granted: two runs that are alike, one that sheds cells, and a list of hashes from elsewhere.
        subprocess.run([METAVOX, "run", "tumour.yaml", "-o", "runs/first", "--quiet"], stdout=subprocess.DEVNULL, check=True)
        shutil.copytree("runs/first", "runs/again")
        write("shed.yaml", TUMOUR + SHEDDING)
        subprocess.run([METAVOX, "run", "shed.yaml", "-o", "runs/intravasation", "--quiet"], stdout=subprocess.DEVNULL, check=True)
        write("there.txt", ask("selfcheck"))
        self.assertGreater(len(commands()), 8)
        for command in commands():
            text = ask(command, "--help")
            for name, content in files_of(text).items():
                if not os.path.exists(name):
                    write(name, re.sub("until: .*", "until: 6 h", content))
            lines = examples(text)
            self.assertTrue(any(re.match(f"metavox {command}\\b", line) for line in lines), f"{command} has no example")
            self.try_all(lines)
        self.assertTrue(os.path.exists("runs/diffusivity/results.csv"))

    def test_configuration_in_the_help_of_run(self):
        shown = files_of(ask("run", "--help"))
        self.assertEqual(list(shown), ["tumour.yaml"])
        write("shown.yaml", shown["tumour.yaml"])
        self.assertIn("shown.yaml is valid", ask("validate", "shown.yaml"))

    def test_of_the_readme(self):
        write("grid.yaml", SWEEP)
        listed = [text for language, text, _ in documents.blocks(README) if text.startswith("metavox run tumour.yaml")]
        self.assertEqual(len(listed), 1)
        lines = listed[0].splitlines()
        self.assertEqual({line.split()[1] for line in lines}, set(commands()), "README.md lists other commands than the program has")
        self.try_all(lines)

    def test_a_wrong_example_would_be_noticed(self):
        for line in ("metavox run tumour.yaml --sed 7", "metavox explain oxygen.difusivity", "metavox hash runs/nowhere"):
            with self.assertRaises(AssertionError):
                self.try_all([line])


class Manual(unittest.TestCase):
    def page(self):
        with open(PAGE, encoding="utf-8") as file:
            return file.read()

    def test_is_in_step_with_the_help(self):
        """Per command: the page names just the options that the help names, and what stands without an option."""
        page = re.sub(r"\\f[BIPR]", "", self.page()).replace("\\-", "-").replace('"', "")
        sections = dict(re.findall(r"^\.SS metavox (\w+)(.*?)(?=^\.S[SH] |\Z)", page, re.M | re.S))
        self.assertEqual(list(sections), commands())
        whole = ask("--help-all")
        for command in commands():
            text = ask(command, "--help")
            self.assertIn(text.split("\n", 1)[0], whole)
            options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.search(r"^Options:\n(.*?)\n\n", text + "\n\n", re.M | re.S).group(1)))
            named = set(re.findall(r"^\.(?:TP\n\.)?[BI]+R? .*?(--[a-z][a-z-]*)", sections[command], re.M))
            self.assertEqual(named | {"--help"}, options, command)
            for kind in re.findall(r"^  \w+ ([A-Z|]+)", text.split("Positionals:")[-1], re.M) if "Positionals:" in text else []:
                self.assertIn(kind, sections[command].split("\n", 1)[0], command)
        general = page.split(".SH OPTIONS")[1].split(".SH COMMANDS")[0]
        for option in set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", ask("--help"), re.M)):
            self.assertIn(option, general)

    def test_version(self):
        self.assertIn(f'"{ask("--version").strip()}"', self.page().splitlines()[0])

    def test_exit_codes(self):
        codes = re.findall(r"\b(\d+) [a-z]", ask("--help").split("Exit codes:")[1].split("'")[0])
        named = re.findall(r"^\.B (\d+)$", self.page().split(".SH EXIT STATUS")[1].split(".SH")[0], re.M)
        self.assertEqual(named, codes)

    @unittest.skipUnless(documents.found("man") or documents.found("groff"), "neither man nor groff is installed")
    def test_renders_without_warnings(self):
        command = ["man", "--warnings", "-l", PAGE] if documents.found("man") else ["groff", "-ww", "-man", "-Tutf8", PAGE]
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"}
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, check=False)
        self.assertEqual((result.returncode, result.stderr.decode()), (0, ""))
        self.assertIn("diffusivity", result.stdout.decode().replace("\N{HYPHEN}\n", ""))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    METAVOX = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
