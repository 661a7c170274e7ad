#!/usr/bin/env python3
"""What scripts/sweep_means.py, doubling_time.py, technical_numbers.py and outline.py tell, against numbers by hand.

    /usr/bin/python3 tests/test_validation_scripts.py
"""

import os
import subprocess
import sys
import tempfile
import unittest

import documents

SCRIPTS = os.path.join(documents.SOURCE, "scripts")
sys.path.insert(0, SCRIPTS)
import technical_numbers  # noqa: E402

HEAD = "member,a.b,replicate,seed,exit code,final hash,time [day],vessel_length [mm]\n"


class Means(unittest.TestCase):
    def test_a_point_has_its_mean_its_error_and_its_ratio_to_the_first(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "results.csv"), "w", encoding="utf-8") as file:
                file.write(HEAD + "r1,1,1,1,0,f,7,2\nr2,1,2,2,0,f,7,4\nx1,2,1,1,0,f,7,5\nx2,2,2,2,0,f,7,7\nx3,2,3,3,,,7,\n")
            made = subprocess.run([sys.executable, os.path.join(SCRIPTS, "sweep_means.py"), folder, "vessel_length"],
                                  capture_output=True, text=True, check=False)  # fmt: skip
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        lines = made.stdout.splitlines()
        self.assertEqual(lines[2], "| a.b=1 | 2 | 3 ± 1 |")
        # 2 (hypot(1/6, 1/3)) = 0.745
        self.assertEqual(lines[3], "| a.b=2 | 2 | 6 ± 1 (+100.0 ± 74.5 %) |")
        self.assertEqual(lines[4], "1 members have not finished")


class DoublingTime(unittest.TestCase):
    def test_volume_cells_and_edge_are_told_between_two_days(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "metrics.csv"), "w", encoding="utf-8") as file:
                file.write("time [day],tumour_cells,tumour_volume [mm^3]\n0,1,9\n2,100,0.5\n4,400,1\n6,1,9\n")
            made = subprocess.run([sys.executable, os.path.join(SCRIPTS, "doubling_time.py"), folder, "--begin", "2", "--end", "4"],
                                  capture_output=True, text=True, check=False)  # fmt: skip
        # Radii of balls of 4 and 8 mm^3.
        self.assertEqual(made.stdout, f"{folder}, day 2 to 4: volume doubles in 2.0 days, living cells in 1.0; "
                                      "radius 985 to 1241 um, 128.0 um/day\n")  # fmt: skip


class TechnicalNumbers(unittest.TestCase):
    def test_every_number_is_still_declared_where_it_is_looked_for(self):
        for path in {number[1] for number in technical_numbers.NUMBERS.values()}:
            names = [name for name, number in technical_numbers.NUMBERS.items() if number[1] == path]
            with open(os.path.join(documents.SOURCE, path), encoding="utf-8") as file:
                text = technical_numbers.with_factors(file.read(), names)
            for name in names:
                self.assertIn(f'("METAVOX_{name}", ', text)

    def test_only_the_named_one_of_a_line_takes_a_factor(self):
        text = technical_numbers.with_factors("inline constexpr float a = 0.04f, b = 0.6f;\n", ["b"])
        self.assertEqual(text, 'inline const float a = 0.04f, b = technical_number<float>("METAVOX_b", 0.6f);\n')
        with self.assertRaises(SystemExit):
            technical_numbers.with_factors("constexpr float a = 1;\n", ["c"])

    def test_a_change_is_that_of_the_mean_and_its_error_that_of_pairs(self):
        plain, now = ([{"n": v} for v in values] for values in ((10, 30), (12, 31)))
        mean, error = technical_numbers.change(plain, now, "n")
        self.assertAlmostEqual(mean, 1.5 / 20)
        self.assertAlmostEqual(error, 0.5 / 20)


try:
    import numpy as np
except ImportError:
    np = None


@unittest.skipUnless(np, "needs numpy")
class Outline(unittest.TestCase):
    def radii_of(self, inside):
        import outline

        return outline.radii(inside, outline.cones(inside.shape, 20)), outline.spread

    def test_a_ball_is_round_and_a_cube_is_not(self):
        z, y, x = np.meshgrid(*(np.arange(40) - 19.5,) * 3, indexing="ij")
        ball, spread = self.radii_of(x * x + y * y + z * z <= 12**2)
        self.assertLess(spread(ball[3:]), 1e-9)
        self.assertAlmostEqual(ball[3], 12, delta=0.1)
        cube, spread = self.radii_of(np.maximum(np.maximum(abs(x), abs(y)), abs(z)) <= 10)
        self.assertGreater(spread(cube[3:]), 20)
        self.assertLess(cube[3], cube[5])

    def test_a_tumour_along_one_axis_is_long_there(self):
        z, y, x = np.meshgrid(*(np.arange(40) - 19.5,) * 3, indexing="ij")
        long, spread = self.radii_of(x * x / 1.5 + y * y + z * z <= 10**2)
        self.assertGreater(long[0], 1.1 * long[1])
        self.assertAlmostEqual(long[1], long[2], delta=0.01)


if __name__ == "__main__":
    unittest.main()
