#!/usr/bin/env python3
"""The table of scripts/sensitivity.py against changes by hand.

    /usr/bin/python3 tests/test_sensitivity.py
"""

import os
import subprocess
import sys
import tempfile
import unittest

import documents

SCRIPT = os.path.join(documents.SOURCE, "scripts", "sensitivity.py")
HEAD = "member,a.b,c.d,replicate,seed,exit code,final hash,time [day],tumour_volume [mm^3],vessel_length [mm]\n"
PLAIN = "r1,,,1,1,0,f,7,10,2\nr2,,,2,2,0,f,7,20,2\n"


class Table(unittest.TestCase):
    def make(self, rows):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "results.csv"), "w", encoding="utf-8") as file:
                file.write(HEAD + rows)
            return subprocess.run([sys.executable, SCRIPT, folder, "tumour_volume", "vessel_length"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip

    def test_changes_are_those_of_like_seeds_and_the_largest_comes_first(self):
        made = self.make(PLAIN + "x,1 um,,1,1,0,f,7,11,2\nx,1 um,,2,2,0,f,7,26,1\ny,,5,1,1,0,f,7,4,2\ny,,5,2,2,0,f,7,8,2\n"
                         "z,,6,1,1,0,f,7,15,4\nz,,6,2,2,0,f,7,30,4\n")  # fmt: skip
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        lines = made.stdout.splitlines()
        self.assertEqual(lines[2], "| `c.d` | 5, 6 | -60 / +50 | +0 / +100 |")
        self.assertEqual(lines[3], "| `a.b` | 1 um | +20 | -25 |")  # +10 and +30; 0 and -50
        # Squares 0.02 and 0 and 0 over three degrees of freedom, of means of two.
        self.assertEqual(lines[4], "| chance alone | one standard error | 5.8 | 14.4 |")

    def test_other_sweeps_are_refused(self):
        for rows, words in (("x,1,2,1,1,0,f,7,1,1\n", "one_at_a_time: true"), ("x,1,,1,1,,,7,1,1\n", "has not finished")):
            made = self.make(PLAIN + rows)
            self.assertEqual((made.returncode, made.stdout), (1, ""))
            self.assertIn(words, made.stderr)


if __name__ == "__main__":
    unittest.main()
