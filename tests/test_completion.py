#!/usr/bin/env python3
"""Drives completions/metavox.bash as bash does: words and a cursor go in, replies come out.

    /usr/bin/python3 tests/test_completion.py METAVOX
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "completions", "metavox.bash")
METAVOX = None


def ask(*arguments):
    return subprocess.run([METAVOX, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for name in ("tumour.yaml", "notes.txt", "runs/first/provenance.json", "runs/first/checkpoints/step_00000480.h5", "my run/x.yaml"):
            path = os.path.join(cls.folder.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8"):
                pass

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def answers(self, queries):
        """What bash would offer with the cursor at the end of the last word of each query. It cuts words at `=`."""
        script = f". {shlex.quote(SCRIPT)}\n"
        for words in queries:
            pieces = [METAVOX]
            for word in words:
                pieces += [p for p in re.split("(=)", word) if p] or [""]
            script += f"COMP_WORDS=({shlex.join(pieces)}); COMP_CWORD={len(pieces) - 1}; _metavox || echo FAILED\n"
            script += 'for reply in "${COMPREPLY[@]}"; do printf "%s\\n" "$reply"; done; echo ==\n'
        result = subprocess.run(["bash", "-c", script], cwd=self.folder.name, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        found = [sorted(part.split("\n")[:-1]) for part in result.stdout.split("==\n")[:-1]]
        self.assertEqual(len(found), len(queries))
        return found

    def replies(self, *words):
        return self.answers([words])[0]

    def check(self, *table):
        for (words, wanted), found in zip(table, self.answers([words for words, _ in table])):
            self.assertEqual(found, wanted, words)

    def test_commands(self):
        listed = re.search(r"Subcommands:\n(.*?)\n\n", ask("--help"), re.S).group(1)
        commands = sorted(line.split()[0] for line in listed.splitlines())
        self.assertGreater(len(commands), 8)
        self.assertEqual(self.replies(""), commands)
        self.check(
            (("ve",), ["verify"]),
            (("nosuch", ""), []),
            (("--",), ["--help", "--help-all", "--version"]),
        )

    def test_every_option_of_every_command(self):
        table = []
        for command in self.replies(""):
            options = re.findall(r"^  (?:(-\w),)?(--[a-z-]+)", ask(command, "--help"), re.M)
            self.assertIn(("-h", "--help"), options)
            table.append(((command, "--"), sorted(long for _, long in options)))
            table.append(((command, "-"), sorted(name for names in options for name in names if name)))
        self.check(*table)

    def test_values_of_options(self):
        self.check(
            (("run", "tumour.yaml", "--backend", ""), ["auto", "cpu", "cuda"]),
            (("run", "--backend", "c"), ["cpu", "cuda"]),
            (("run", "--backend=cu"), ["cuda"]),
            (("run", "--seed", ""), []),
            (("run", "-o", "ru"), ["runs"]),
            (("run", "--restart", "runs/first/checkpoints/"), ["runs/first/checkpoints/step_00000480.h5"]),
            (("bench", "--json", "n"), ["notes.txt"]),
            (("list", ""), ["events", "fields", "kinds", "metrics", "settings", "states"]),
            (("list", "ki"), ["kinds"]),
        )

    def test_files(self):
        self.check(
            (("run", ""), ["my run", "runs", "tumour.yaml"]),
            (("run", "my run/"), ["my run/x.yaml"]),
            (("sweep", "t"), ["tumour.yaml"]),
            (("verify", ""), ["my run", "runs"]),
            (("hash", "runs/first/checkpoints/"), ["runs/first/checkpoints/step_00000480.h5"]),
            # One configuration is enough, wherever it stands.
            (("run", "tumour.yaml", ""), []),
            (("run", "--set", "oxygen.decay=1", "--quiet", "-o", "x", "--backend=cpu", ""), ["my run", "runs", "tumour.yaml"]),
            (("run", "--set", "oxygen.decay=1", "t.yaml", "--quiet", ""), []),
        )

    def test_settings(self):
        keys = [line.split()[0] for line in ask("explain").splitlines() if re.match("[a-z]", line)]
        sections = sorted({key.split(".")[0] for key in keys})
        self.assertGreater(len(keys), 200)
        self.check(
            (("run", "tumour.yaml", "--set", ""), [s + "." for s in sections]),
        )
        found = sum(self.answers([("run", "--set", section + ".") for section in sections]), [])
        self.assertEqual(sorted(found), sorted(key.replace("[]", "[0]") + "=" for key in keys))
        self.check(
            (("run", "--set", "oxygen.diff"), ["oxygen.diffusivity="]),
            (("explain", "oxygen.diff"), ["oxygen.diffusivity"]),
            (("explain", "ox"), ["oxygen"]),
        )

    def test_words_of_settings(self):
        self.check(
            (("run", "--set", "glucose.enabled="), ["false", "true"]),
            (("run", "--set", "simulation.preset=ph"), ["physicell"]),
            (("run", "t.yaml", "--set", "tissue.cells[1].shape="), ["box", "layer", "sphere"]),
            (("run", "--set", "oxygen.diffusivity="), []),
        )

    def test_bash_finds_it_by_the_name_of_the_program(self):
        script = f'. "{SCRIPT}"; complete -p metavox'
        told = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual(told.strip(), "complete -F _metavox metavox")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    METAVOX = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
