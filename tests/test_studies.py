#!/usr/bin/env python3
"""Studies of few patients from end to end: pages, tables and pictures; and what is told of numbers that are broken.

    /usr/bin/python3 tests/test_studies.py METAVOX
"""

import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace

import documents

METAVOX = None
SCRIPTS = os.path.join(documents.SOURCE, "scripts")
sys.path.insert(0, SCRIPTS)
import study_list  # noqa: E402
import study_page  # noqa: E402
import study_tornado  # noqa: E402
from study_page import Row, Runs, number, verdict, verdicts  # noqa: E402


def study(folder, name, *options):
    """(page, verdicts by statement)"""
    os.makedirs(os.path.join(folder, "docs", "images"), exist_ok=True)
    call = [sys.executable, os.path.join(SCRIPTS, "studies.py"), name, "--metavox", METAVOX, "--runs", os.path.join(folder, "runs"),
            "--docs", os.path.join(folder, "docs"), "--threads", "1", *options]  # fmt: skip
    done = subprocess.run(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with open(os.path.join(folder, "docs", "studies", name + ".md"), encoding="utf-8") as file:
        page = file.read()
    table = page.split("## Verdicts")[1].strip().splitlines()
    assert table[0] == "| Statement | Kind | Measured | Band | Verdict |", table[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[2:]]
    assert all(len(row) == 5 for row in rows), rows
    return page, {row[0]: row[1:] for row in rows}


class Verdicts(unittest.TestCase):
    def test_only_what_is_predicted_or_emergent_passes_or_fails(self):
        for kind in ("predicted", "emergent"):
            self.assertEqual(verdict(Row("", kind, 2, 0.1, 1, 3)), "**PASS**")
            self.assertEqual(verdict(Row("", kind, 4, 0.1, 1, 3)), "**FAIL**")
            self.assertEqual(verdict(Row("", kind, 2)), "reported")
        for kind in ("imposed", "fitted"):
            self.assertEqual(verdict(Row("", kind, 2, 0.1, 1, 3)), "reported, in band")
            self.assertEqual(verdict(Row("", kind, 4, 0.1, 1, 3)), "reported, out of band")
        with self.assertRaises(ValueError):
            Row("", "guessed", 1)

    def test_a_sign_over_few_seeds_is_reported(self):
        for kind in ("predicted", "emergent"):
            for value, said in ((38, "reported, in band"), (-38, "reported, out of band")):
                for seeds in (1, 2, 19):
                    self.assertEqual(verdict(Row("", kind, value, low=3, seeds=seeds)), f"{said}; {seeds} seeds, where a sign asks for 20")
            self.assertEqual(verdict(Row("", kind, 38, low=3, seeds=20)), "**PASS**")
            self.assertEqual(verdict(Row("", kind, -38, low=3, seeds=20)), "**FAIL**")
        self.assertIn("**FAIL**", verdict(Row("", "emergent", math.nan, low=3, seeds=2)))

    def test_what_is_fitted_or_imposed_never_passes_whatever_else_is_said_of_it(self):
        for kind in ("imposed", "fitted"):
            for row in (Row("", kind, 2, 0.1, 1, 3), Row("", kind, 2, low=2, high=2), Row("", kind, 0, math.nan, 0, 0, "σ", "exact"),
                        Row("", kind, 38, low=3, seeds=40), Row("", kind, 2), Row("", kind, 2, 5, 1, 3)):  # fmt: skip
                self.assertNotIn("PASS", verdict(row))

    def test_a_broken_number_fails(self):
        for broken in (math.nan, math.inf, -math.inf):
            for kind in ("predicted", "emergent"):
                self.assertEqual(verdict(Row("", kind, broken, low=1, high=3)), "**FAIL**")
            self.assertIn("**FAIL**", verdict(Row("", "predicted", broken)))
            self.assertIn("**FAIL**", verdict(Row("", "fitted", broken, low=1, high=3)))
        self.assertEqual(verdict(Row("", "predicted", math.nan, low=1)), "**FAIL**")
        self.assertIn("**FAIL**", verdict(Row("", "predicted", 2, 1.5, 1, 3)))  # inside, and may as well lie outside
        self.assertIn("none", verdicts([Row("x", "predicted", math.nan, low=1)]))

    def test_numbers_have_the_digits_of_their_errors(self):
        self.assertEqual(number(0.25764, 0.0022), "0.2576 ± 0.0022")
        self.assertEqual(number(83534742, 3018), "(8.35347 ± 0.00030)·10⁷")
        self.assertEqual(number(1.56e-8), "1.56·10⁻⁸")
        self.assertEqual(number(-3.5), "-3.5")


class Measures(unittest.TestCase):
    def test_ranks_and_correlation_are_those_by_hand(self):
        self.assertEqual(study_list.ranks([3, 1, 3, 2]), [3.5, 1, 3.5, 2])
        self.assertAlmostEqual(study_list.correlation([1, 2, 3], [2, 4, 6]), 1)
        self.assertAlmostEqual(study_list.correlation([1, 2, 3], [1, -2, 1]), 0)
        self.assertTrue(math.isnan(study_list.correlation([1, 1], [1, 2])))

    def test_a_curve_is_read_between_its_points(self):
        size, error = study_list.where({10: (0.2, 0.01), 20: (0.4, 0.04), 30: (0.8, 0.12)}, 0.5)
        self.assertAlmostEqual(size, 22.5)
        self.assertAlmostEqual(error, 10 / 0.4 * math.hypot(0.75 * 0.04, 0.25 * 0.12))
        self.assertTrue(all(map(math.isnan, study_list.where({10: (0.2, 0.1), 20: (0.4, 0.1)}, 0.5))))
        self.assertEqual(study_list.rise({10: (0.1, 0.03), 30: (0.5, 0.04)}, 10, 30)[0], 0.2)
        self.assertAlmostEqual(study_list.rise({10: (0.1, 0.03), 30: (0.5, 0.04)}, 10, 30)[1], 0.025)

    def test_means_over_seeds_and_days_between_rows_are_those_by_hand(self):
        self.assertEqual(study_list.over_seeds([1, 2, 3]), (2, 1 / math.sqrt(3)))
        self.assertTrue(all(map(math.isnan, study_list.over_seeds([1, math.nan, 3]))))
        rows = [{"time": 0, "d": 10}, {"time": 2, "d": 20}, {"time": 4, "d": 40}]
        self.assertEqual(study_list.day_of(rows, "d", 25), 2.5)
        self.assertTrue(math.isnan(study_list.day_of(rows, "d", 41)))

    class Nodules:
        """Runs as if made: with vessels, `times` the volume by day 40, less hypoxia and more oxygen."""

        def __init__(self, folder, times):
            self.folder, self.times = folder, times

        def run(self, name, config, settings, seed):
            path = os.path.join(self.folder, name)
            os.makedirs(path, exist_ok=True)
            fed = settings == {}
            with open(os.path.join(path, "metrics.csv"), "w", encoding="utf-8") as file:
                file.write("time [day],hash,preset,tumour_volume [mm^3],tumour_cells,hypoxic_fraction,oxygen_tumour_mean [mmHg],"
                           "tumour_diameter [um],fractal_dimension,touches_face\n")  # fmt: skip
                for day in (0, 10, 20, 30, 40):
                    grown = 0.02 * (1 + day / 10)
                    volume = grown * (1 + (self.times - 1) * day / 40) if fed else grown
                    hypoxic, oxygen = (0.6 + 0.01 * seed, 10 + 0.1 * seed) if fed else (0.8 + 0.015 * seed, 9 + 0.05 * seed)
                    file.write(f"{day},0,fast,{volume},{1e5 * volume},{hypoxic},{oxygen},{200 + 25 * day},1.8,{int(day > 20)}\n")
            with open(os.path.join(path, "events.csv"), "w", encoding="utf-8") as file:
                file.write("time [day],event,x [um],y [um],z [um],detail\n")
                if fed:
                    file.write(f"8,first_contact,1350,0,0,\n{8 + seed},first_flow,0,0,0,\n99,first_flow,0,0,0,\n")
            return path

    def test_signs_are_judged_by_pairs_of_twenty_seeds(self):
        with tempfile.TemporaryDirectory() as folder:
            rows, words, pairs = study_list.signs(self.Nodules(folder, 2))
        n = len(study_list.SIGN_SEEDS)
        mean, error = statistics.mean(study_list.SIGN_SEEDS), statistics.stdev(study_list.SIGN_SEEDS) / math.sqrt(n)
        found = [row for row in rows if row.unit == "σ"]
        for row, z in zip(found, ((0.2 + 0.005 * mean) / (0.005 * error), (1 + 0.05 * mean) / (0.05 * error)), strict=True):
            self.assertAlmostEqual(row.value, z, places=6)
            self.assertEqual(verdict(row), "**PASS**")
        self.assertEqual((words["seeds"], words["fed"], len(pairs["hypoxic_fraction"])), (n, n, n))

    def test_the_switch_tells_with_from_without(self):
        with tempfile.TemporaryDirectory() as folder:
            for times, said in ((2.5, "**PASS**"), (1.5, "**FAIL**")):
                rows, words, _ = study_list.switch(self.Nodules(folder, times))
                self.assertAlmostEqual(rows[0].value, times)
                self.assertEqual(verdict(rows[0]), said)
            by_text = {row.statement: row for row in rows}
            mean = statistics.mean(study_list.SEEDS)
            self.assertEqual(by_text["red cells first pass a new vessel at the tumour"].value, 8 + mean)
            self.assertAlmostEqual(by_text["speed of the front until contact; the limit of tips is imposed"].value, 0.15)
            self.assertEqual(by_text["from a nodule of 0.32 mm to the volume of a ball of 1 mm, with vessels"].value, 32)
            self.assertFalse([row.statement for row in rows if row.unit == "σ"])  # two seeds are no ground for a sign
            self.assertEqual((words["touched"], words["to_4_mm"]), ("30", "120"))

    def test_what_lands_times_soil_is_the_frequency_and_what_flows_is_not(self):
        pairs = study_list.Pairs.__new__(study_list.Pairs)
        pairs.of, pairs.soil = dict.fromkeys(study_list.PRIMARIES, []), {"breast": {"liver": 2.0, "bone": 4.0}}
        pairs.of["breast"] = ["liver", "bone"]
        pairs.landed = {("breast", "liver"): 0.1, ("breast", "bone"): 0.05}
        pairs.lodged = {("breast", "liver"): 0.1, ("breast", "bone"): 0.1}
        pairs.frequency = dict.fromkeys(pairs.landed, 1 - math.exp(-0.4))
        for lam, frequency in study_list.given_back(pairs, "breast", pairs.landed):
            self.assertAlmostEqual(1 - math.exp(-lam), frequency)
        self.assertAlmostEqual(study_list.farthest(pairs, pairs.landed), 0)
        behind = study_list.given_back(pairs, "breast", pairs.lodged)
        self.assertAlmostEqual(behind[1][0], 2 * behind[0][0])
        self.assertAlmostEqual(behind[0][0] + behind[1][0], 0.8)
        self.assertAlmostEqual(study_list.farthest(pairs, pairs.lodged), math.exp(-0.8 / 3) - math.exp(-0.4))

    def test_an_organ_is_counted_with_the_first_or_in_life(self):
        # (first seen, death, lesions, expected) of all, and of the same patients with lesions in one organ only
        everywhere = [(1, 5, 9, 3.0), (1, 5, 9, 3.0), (2, 3, 9, 3.0), (6, 4, 9, 3.0), (math.inf, 9, 0, 3.0)]
        there = [(1, 8, 2, 1.0), (4, 8, 3, 1.0), (7, 8, 1, 1.0), (6, 8, 1, 1.0), (math.inf, 9, 0, 1.0)]
        found = study_list.seen_there(everywhere, there)
        self.assertAlmostEqual(found.with_first[0], 1 / 3)  # the second is seen later, the third after death
        self.assertAlmostEqual(found.in_life[0], 2 / 3)
        self.assertEqual((found.lesions, found.expected), ([2, 3], 1.0))
        self.assertEqual(found.counted("prostate"), found.in_life)
        self.assertEqual(found.counted("colon"), found.with_first)

    def test_what_the_command_of_soil_prints_is_read(self):
        own, product = study_page.soils_in("# breast\n#   bone  lodged 2 %, found in 0.65\nsoils: # of primaries[] breast\n"
                                           "  - {organ: bone, frequency: 0.65, soil: 18.95}\n  - {organ: lung, frequency: 0.3, soil: 2.5e-05}\n"
                                           "# lung\nsoils: # of primaries[] lung\n  - {organ: lung, frequency: 0.22, soil: 0.2816}\n"
                                           "soils: # of a primary of which nothing is known: predicted by these\n"
                                           "  - {organ: lung, soil: 0.2537} # of 2 primaries\n")  # fmt: skip
        self.assertEqual(own, {"breast": {"bone": 18.95, "lung": 2.5e-5}, "lung": {"lung": 0.2816}})
        self.assertEqual(product, {"lung": 0.2537})

    def test_errors_of_shares_medians_and_bootstraps(self):
        self.assertEqual(study_list.share(25, 100), (0.25, math.sqrt(0.25 * 0.75 / 100)))
        for events in (0, 100):  # not known for certain
            value, error = study_list.share(events, 100)
            self.assertEqual(value, events / 100)
            self.assertAlmostEqual(error, math.sqrt(1 / 102 * 101 / 102 / 100))
        values = list(range(101))
        self.assertEqual(study_list.median(values)[0], 50)
        self.assertAlmostEqual(study_list.median(values)[1], math.sqrt(101) / 2, delta=0.6)
        self.assertTrue(math.isnan(study_list.median([])[0]))
        value, error = study_list.with_error(statistics.mean, values, 2000)
        self.assertEqual(value, 50)
        self.assertAlmostEqual(error, statistics.pstdev(values) / math.sqrt(101), delta=0.15)
        self.assertTrue(math.isnan(study_list.with_error(lambda items: 1.0, values)[1]))
        self.assertTrue(math.isnan(study_list.with_error(lambda items: math.nan, values)[1]))

    def test_years_lived_and_cells_left_are_counted(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "cohort.csv"), "w", encoding="utf-8") as file:
                file.write("patient,seen_at_removal,death_year [year]\n0,1,2\n1,1,4\n2,0,33\n3,1,-1\n")
            self.assertEqual(study_list.years_lived(folder, True), (3, 1, 2))
            self.assertAlmostEqual(study_list.years_lived(folder, False)[0], 26 / 3)
            with open(os.path.join(folder, "events.csv"), "w", encoding="utf-8") as file:
                file.write("time [day],event,cells\n1,removed,0\n1,removed,3\n1,removed,1\n2,forced,1\n1,removed,0\n")
            value, error, cells = study_list.left_behind(folder)
            self.assertEqual((value, error, cells), (0.5, 0.25, [0, 3, 1, 0]))


class Tornado(unittest.TestCase):
    MOVED = ("k_iv", "a_leak", "w_m", "m_E", "f_shed", "a", "s_0", "eps_o", "kappa_c", "k_adh", "k_NK", "k_oth", "k_rel", "c_cl", "k_br", "k_ext",
             "k_d2", "f_hum", "sigma", "s_d", "k_wake", "R_c", "v_c", "f_branch", "r_0", "r", "N_s", "f_L", "k_lv", "node pass", "dwell",
             "node competence", "node-blood f", "k_per", "peritoneal death", "r_an", "attachment", "V_o", "L", "circuit", "V_blood", "mu")  # fmt: skip
    ABSENT = ("p_plt", "kappa", "k_rec", "engaged_motility", "k_p", "A_h", "N_ref")

    def test_every_constant_of_the_cascades_table_is_moved_or_named_as_absent(self):
        """Names of the table of parameters in CASCADE.md, which is not in the sources."""
        self.assertEqual(sorted(study_tornado.SYMBOLS), sorted(self.MOVED + self.ABSENT))
        moved = {key for group in study_tornado.GROUPS for move in group.moves for key in move.key.split()}
        for symbol in self.MOVED:
            keys = study_tornado.SYMBOLS[symbol]
            self.assertTrue(keys, f"{symbol} has a setting, and none is named")
            self.assertFalse(set(keys) - moved, f"{symbol} is not moved")
        rat = {move.key for move in next(group.moves for group in study_tornado.GROUPS if group.name == "rat")}
        for key in ("shedding.fraction", "shedding.exponent", "pass", "blood.circuit", "blood.volume"):  # of which the preset has values of its own
            self.assertIn("body." + key, rat)
        with open(os.path.join(documents.SOURCE, "docs", "studies", "tornado.md"), encoding="utf-8") as file:
            page = file.read()
        for symbol in self.ABSENT:
            self.assertEqual(study_tornado.SYMBOLS[symbol], ())
            self.assertTrue(f"`{symbol}`" in page, symbol)
        for group in study_tornado.GROUPS:
            for move in group.moves:
                self.assertTrue(f"| {study_tornado.label(move)} |" in page, move.key)

    def test_what_is_named_as_absent_is(self):
        said = subprocess.run([METAVOX, "explain"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertNotRegex(said, r"(?m)^immune\.|platelet", "move it in scripts/study_tornado.py")

    def test_the_program_takes_every_value(self):
        with open(os.path.join(documents.SOURCE, "configs", "organs.yaml"), encoding="utf-8") as file:
            self.assertEqual(tuple(re.findall(r"- \{name: (\w+), drains", file.read())), study_tornado.ORGANS)
        for group in study_tornado.GROUPS:
            config = os.path.join(documents.SOURCE, "configs", "studies", group.config + ".yaml")
            for move in group.moves:
                for value in (move.low, move.high):
                    said = {**group.base, **move.settings(value)}
                    done = subprocess.run([METAVOX, "validate", config, *(x for k, v in said.items() for x in ("--set", f"{k}={v}"))],
                                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
                    self.assertEqual(done.returncode, 0, (group.name, move.key, value, done.stderr))

    def test_settings_are_read_from_resolved_configurations(self):
        text = "body:\n  organs:\n    - name: \"a\"\n      volume: 7 um^3\n    - name: \"b\"\n      volume: 8 um^3\n  pass: 0.5\nlist:\n  pass: 2\n"
        for key, number_there in (("body.organs[1].volume", 8), ("body.organs[0].volume", 7), ("body.pass", 0.5), ("list.pass", 2)):
            self.assertEqual(study_tornado.setting(text, key), number_there)
        with self.assertRaises(KeyError):
            study_tornado.setting(text, "body.organs[2].volume")

    def test_changes_and_their_errors_are_those_by_hand(self):
        value, error = study_tornado.change([10, 20], [11, 26])
        self.assertAlmostEqual(value, 0.2)
        self.assertAlmostEqual(error, 0.1)
        value, error = study_tornado.change([(10, 100), (30, 100)], [(5, 100), (15, 100)])
        self.assertAlmostEqual(value, -0.5)
        self.assertAlmostEqual(error, 0.5 * math.hypot(math.sqrt(0.1 * 0.9 / 200) / 0.1, math.sqrt(0.2 * 0.8 / 200) / 0.2))
        self.assertTrue(math.isnan(study_tornado.change([0, 0], [1, 1])[0]))
        self.assertEqual((study_tornado.percent((0.123, 0.02)), study_tornado.percent((0.123, 0.001)), study_tornado.percent((math.nan, 0.1))),
                         ("+12 ± 2", "+12", "none"))  # fmt: skip

    def test_each_experiment_runs_and_shows_what_its_constants_do(self):
        short = {name: "12 min" for name in ("walls", "clusters", "ways", "serosa")}
        groups = [replace(g, moves=g.moves[-3:], base={**g.base, **({"simulation.duration": short[g.name]} if g.name in short else {})}, seeds=(1,))
                  for g in study_tornado.GROUPS]  # fmt: skip
        shown = ("body.lymph.share", "body.cavity.resistance_epithelial")
        groups[2] = replace(groups[2], moves=tuple(m for m in study_tornado.RAT if m.key in shown))
        with tempfile.TemporaryDirectory() as folder:
            rows, words, picture = study_tornado.tornado(Runs(METAVOX, folder, 1, 60), groups)
        self.assertEqual([g["name"] for g in picture["groups"]], [g.name for g in study_tornado.GROUPS])
        self.assertNotIn("PASS", verdicts([r for r in rows if "sleep" not in r.statement]))

        def cells(table, answer):
            lines = [line.strip("| ").split(" | ") for line in words[table].splitlines() if f"| {answer} |" in line]
            return {line[0]: line[1:] for line in lines}

        share = cells("rat", "cells into nodes")["`lymph.share`"]
        self.assertEqual(share[:3] + share[-1:], ["0.02", "0.01, 0.04", "cells into nodes", "-50 / +100"])
        self.assertIn("`cavity.resistance_epithelial` (a body hour by hour: blood, nodes, cavity: a tumour that is counted", words["silent"])
        self.assertNotIn("lymph.share", words["silent"])
        self.assertIn("volumes of all other organs", words["cohort"])
        for key in ("`lodging.widest_radius`", "`lodging.slow_speed`", "`lodging.fork`"):
            low, high = (float(text) for text in cells("bed", "cells that pass")[key][-1].split(" / "))
            self.assertTrue(high < 0 < low, key)  # more lodge of each
        self.assertIn("`lodging.widest_radius`", words["ends"])
        self.assertNotIn("`lodging.fork`", words["ends"])


class Pages(unittest.TestCase):
    def test_a_study_runs_from_its_configuration_to_its_page_and_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            page, rows = study(folder, "clinics", "--patients", "400")
            self.assertIn("](../images/study_clinics.png)", page)
            with open(os.path.join(folder, "docs", "images", "study_clinics.png"), "rb") as file:
                self.assertEqual(file.read(8), b"\x89PNG\r\n\x1a\n")
            with open(os.path.join(folder, "runs", "clinics", "all", "summary.csv"), encoding="utf-8") as file:
                told = {line.split(",")[0]: float(line.split(",")[1]) for line in file.read().splitlines()[1:]}
            for statement, name in (("a cell in 7.5 mL at removal (prototype 0.218)", "blood_positive"),
                                    ("the same, rise per cm (0.116)", "nodes_slope_per_cm")):  # fmt: skip
                self.assertAlmostEqual(float(rows[statement][1].split(" ")[0]), told[name], delta=1e-3)
            self.assertNotRegex(page, r"\$\{")
            for kind, _, _, word in rows.values():
                self.assertRegex(word, r"^(\*\*PASS\*\*|\*\*FAIL\*\*|reported)")
                self.assertTrue(kind in ("*predicted*", "*emergent*") or "PASS" not in word, (kind, word))

    def test_a_broken_model_fails(self):
        """With lymph nodes as in a body that has none, and with nothing shed, what was predicted is not met."""
        with tempfile.TemporaryDirectory() as folder:
            _, rows = study(folder, "clinics", "--patients", "400", "--no-pictures", "--set", "body.shedding.fraction=0")
            judged = [word for kind, _, _, word in rows.values() if kind == "*predicted*"]
            self.assertFalse([word for word in judged if "PASS" in word])
            self.assertIn("**FAIL**", rows["the same, rise per cm (0.116)"][3])
            self.assertIn("**FAIL**", rows["relapses of these over the others' (2.32)"][3])

    def test_bodies_are_counted_and_agree_with_what_is_expected(self):
        with tempfile.TemporaryDirectory() as folder:
            page, rows = study(folder, "cascade", "--replicates", "2", "--no-pictures", "--set", "simulation.duration=20 day")
            accounts = [r for s, r in rows.items() if "not accounted for" in s]
            self.assertEqual([(r[1], r[3]) for r in accounts], [("0", "**PASS**")] * 2)
            self.assertRegex(page, r"\| left the primary \| \(\d")

    def test_removal_is_told_from_none_and_clean_margins_from_others(self):
        with tempfile.TemporaryDirectory() as folder:
            page, rows = study(folder, "dandelion", "--patients", "10", "--replicates", "10", "--no-pictures")
            self.assertNotIn("needs death by metastasis", page)
            self.assertEqual(rows["margin of 10 mm and no tail: cells where the primary stood, in two years after"],
                             ["*imposed*", "0", "0", "reported, in band"])  # fmt: skip
            self.assertIn("**PASS**", rows["a share of 1·10⁻⁶ left: cells that stay, drawn less expected"][3])
            self.assertFalse([row for row in rows.values() if row[0] in ("*imposed*", "*fitted*") and "PASS" in row[3]])

    def test_a_primary_that_kills_is_better_out(self):
        kept = study_list.DIE_OF_IT
        with tempfile.TemporaryDirectory() as folder:
            try:
                study_list.DIE_OF_IT = {"colon": 4000}
                rows, told = study_list.resection(study_page.Runs(METAVOX, folder, 1, patients=60))
            finally:
                study_list.DIE_OF_IT = kept
            self.assertEqual(verdict(rows[0]), "**PASS**")
            self.assertEqual(len(told.splitlines()), 4)

    def test_soil_is_that_of_patients_whatever_flow_and_walls(self):
        with tempfile.TemporaryDirectory() as folder:
            page, rows = study(folder, "soil", "--patients", "20", "--no-pictures")
            self.assertEqual(rows["first organ right, of four primaries"][1], "3.00 ± 0.87")
            fit = rows["lesions that patients expect, organ by organ, give the frequencies back: largest difference"]
            self.assertEqual((fit[0], fit[3]), ("*fitted*", "reported, in band"))
            self.assertLess(float(re.sub(r"·10⁻⁵$", "e-5", fit[1])), 3e-4)  # four digits of a soil
            self.assertGreater(float(rows["what flow brings times that soil, without walls and what is let go: the same"][1]), 0.1)
            self.assertEqual(rows["bone of half the soil: lesions expected there, over before"][1], "0.5")
            self.assertIn("| breast | bone | 2.38 % | 0.0362 % |", page)
            with open(os.path.join(folder, "runs", "soil", "walls", "resolved.yaml"), encoding="utf-8") as file:
                out = study_list.walls(file.read())
        self.assertEqual(len(out), 19)
        for organ, barrier in (("lung", 1), ("liver", 0.5), ("brain", 5), ("adrenal", 0.7)):
            self.assertAlmostEqual(out[organ], 1.6 / barrier / (1.6 / barrier + 0.4), places=6)

    def test_the_lattice_of_dormancy_has_the_columns_that_are_read(self):
        with tempfile.TemporaryDirectory() as folder:
            config = os.path.join(documents.SOURCE, "configs", "studies", "landed_cells.yaml")
            subprocess.run([METAVOX, "run", config, "-o", os.path.join(folder, "run"), "--until", "12 min", "--threads", "1", "--quiet"],
                           stdout=subprocess.DEVNULL, check=True)  # fmt: skip
            days = study_list.landed(os.path.join(folder, "run"))
            self.assertEqual(set(days[-1]), set(study_list.LANDED))
            self.assertEqual(days[-1]["time"], 12 / 1440)

    def test_relapses_are_those_seen_between_two_years_of_who_was_free_and_alive(self):
        told = {"0": ("0", "6", "30", 1), "1": ("0", "5", "30", 0), "2": ("0", "", "30", 0), "3": ("1", "6", "30", None),
                "4": ("0", "20", "19", 0), "5": ("0", "20", "20", 0), "6": ("0", "20", "21", 1), "7": ("0", "20.5", "30", 0)}  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "cohort.csv"), "w", encoding="utf-8") as file:
                file.write("patient,seen_at_removal,seen_year,other_death_year\n")
                file.writelines(f"{k},{v[0]},{v[1]},{v[2]}\n" for k, v in told.items())
            found = study_list.relapsing(folder, 5, 20)
        self.assertEqual(found, {k: v[3] for k, v in told.items() if v[3] is not None})
        mean, error = study_list.more({"0": 1, "1": 1, "9": 1}, {"0": 1, "1": 0, "2": 1})
        self.assertEqual(mean, 0.5)
        self.assertAlmostEqual(error, 0.5)

    def test_inflammation_makes_more_relapses_the_more_of_it_there_is(self):
        with tempfile.TemporaryDirectory() as folder:
            runs = study_page.Runs(METAVOX, folder, 1, patients=1000)
            lines, late = study_list.what_wakes(runs, runs.cohort("as_it_is", "dormancy"))
            early = [float(line[2].split(" ")[0]) for line in lines]
            self.assertEqual(early, sorted(early))
            self.assertLess(early[0], early[-1])
            self.assertEqual(len(set(late.values())), len(study_list.WAKING))

    def test_the_lattice_of_the_switch_has_the_columns_that_are_read(self):
        with tempfile.TemporaryDirectory() as folder:
            page, rows = study(folder, "switch", "--no-pictures", "--set", "simulation.duration=12 min")
            self.assertEqual(rows["volume with vessels over that without, day 0.00833 (Naumov 2006)"][1], "1")
            self.assertIn("**FAIL**", rows["red cells first pass a new vessel at the tumour"][3])

    def test_names_and_programs_that_are_not_there_are_told(self):
        for arguments, words in ((["dandelions"], "there is no study dandelions"), (["clinics", "--metavox", "/nowhere"], "there is no program")):
            done = subprocess.run([sys.executable, os.path.join(SCRIPTS, "studies.py"), *arguments], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)


class Kept(unittest.TestCase):
    """The pages of the tree."""

    def test_each_study_has_its_configuration_its_text_its_page_and_its_picture(self):
        for name in study_list.STUDIES:
            for path in (f"configs/studies/{name}.yaml", f"configs/studies/{name}.md", f"docs/studies/{name}.md", f"docs/images/study_{name}.png"):
                self.assertTrue(os.path.exists(os.path.join(documents.SOURCE, path)), path)
            self.assertLess(os.path.getsize(os.path.join(documents.SOURCE, f"docs/images/study_{name}.png")), 150e3)

    def test_nothing_fitted_imposed_or_of_few_seeds_passes_on_any_page(self):
        for name in study_list.STUDIES:
            with open(os.path.join(documents.SOURCE, "docs", "studies", name + ".md"), encoding="utf-8") as file:
                rows = [line.strip("| \n").split(" | ") for line in file.read().split("## Verdicts")[1].strip().splitlines()[2:]]
            self.assertTrue(rows, name)
            for statement, kind, _, _, word in rows:
                self.assertIn(kind.strip("*"), study_page.KINDS, statement)
                if kind.strip("*") not in study_page.JUDGED or "where a sign asks" in word:
                    self.assertTrue(word.startswith("reported"), (name, statement, word))

    def test_the_text_of_a_page_is_that_of_its_template(self):
        for name in study_list.STUDIES:
            with open(os.path.join(documents.SOURCE, "configs", "studies", name + ".md"), encoding="utf-8") as file:
                parts = re.split(r"\$\{\w+\}", file.read())
            with open(os.path.join(documents.SOURCE, "docs", "studies", name + ".md"), encoding="utf-8") as file:
                page = file.read()
            at = 0
            for part in parts:
                found = page.find(part, at)
                self.assertGreaterEqual(found, 0, f"docs/studies/{name}.md lacks: {part!r}; run scripts/studies.py {name}")
                at = found + len(part)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    METAVOX = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
