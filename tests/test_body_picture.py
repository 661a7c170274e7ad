"""The picture of a body, viz/body.py, and what viz/metavox_io.py reads of one: every open window is there, forced ones say so, and natural,
expected and forced differ without colours.

    /usr/bin/python3 tests/test_body_picture.py METAVOX
"""

import csv
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

import documents
import numpy as np

VIZ = os.path.join(documents.SOURCE, "viz")
sys.path.insert(0, VIZ)
import metavox_io

METAVOX = None
CONFIG = """
simulation: {duration: 10 h, seed: 3}
domain: {voxels: [16, 16, 16], spacing: 20 um}
tissue:
  parenchyma: 0.45
  cells: [{shape: sphere, kind: epithelial, radius: 80 um, mesenchymal_fraction: 0.5}]
vessels: {pattern: grid, spacing: 60 um}
intravasation: {enabled: true, rate: 0.5 1/h}
oxygen: {faces: no_flux}
body:
  lodged: {adhesion: 1 1/h}
  crossing: {out: 20 1/day}
  fate: {begin: 0.4, go_on: 1, human: 0.01, dormant: 0.5, asleep: 0}
  coupling: linear
  force: [{organ: liver, per: 5 h, founders: 2}]
  windows: {max: 3, shown: 1, size: 240 um, capillaries: 80 um, margin: 0 um}
output: {report: 1 h, frames: 5 h}
"""

# Every name of ParaView that the scripts use makes an object which takes any attribute; what is made is printed.
STAND_IN = '''
import sys
import xml.etree.ElementTree as xml

paraview = sys.modules["paraview"]
paraview.simple = sys.modules[__name__]


class Thing:
    ViewSize = (1600, 700)

    def __init__(self, kind, settings):
        print(kind, repr(settings.get("registrationName", "")), settings.get("Text", settings.get("FileName", "")).replace("\\n", " "))
        if "FileName" in settings:
            tags = xml.parse(settings["FileName"]).getroot().iter("DataSet")
            self.TimestepValues = [float(t.get("timestep")) for t in tags]

    def __getattr__(self, name):
        return lambda *a, **k: None


def _DisableFirstRenderCameraReset():
    pass


def SaveScreenshot(path, *a, **k):
    open(path, "w").close()


def maker(kind):
    return lambda *a, **settings: Thing(kind, settings)


__all__ = ["paraview", "SaveScreenshot"]
for kind in ("PVDReader", "Threshold", "Show", "Text", "Tube", "ExtractSurface", "ColorBy", "GetColorTransferFunction", "GetActiveView", "CreateView",
             "SetActiveView", "AnnotateTimeFilter", "GetAnimationScene", "Render"):
    globals()[kind] = maker(kind)
    __all__.append(kind)
'''


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class BodyPicture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        config = os.path.join(cls.folder.name, "toy.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG)
        cls.run_path = os.path.join(cls.folder.name, "toy")
        subprocess.run([METAVOX, "run", config, "-o", cls.run_path, "--quiet", "--threads", "1"], check=True, stdout=subprocess.DEVNULL)
        cls.made = metavox_io.Run(cls.run_path)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def draw(self, name, *arguments, run=None):
        output = os.path.join(self.folder.name, name)
        call = ["/usr/bin/python3", os.path.join(VIZ, "body.py"), run or self.run_path, "-o", output, *arguments]
        return output, subprocess.run(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_frames_hold_every_open_window(self):
        frame, sites = self.made.body(), self.made.sites
        self.assertGreaterEqual(len(frame.windows), 4)
        for window in frame.windows:
            last = sites[window.name].metrics
            here = frame["window"] == window.number
            cells = here & np.isin(frame["cell_state"], (3, 4, 5, 6, 7, 12))
            self.assertEqual(cells.sum(), last["tumour_cells"][-1], window.name)
            low, high = frame.points[here].min(axis=0), frame.points[here].max(axis=0)
            self.assertTrue((low >= window.corner - 1e-3).all() and (high <= window.corner + window.edge + 1e-3).all(), window)
            origin = {frame.origin_names[code] for code in frame["origin"][here]}
            self.assertEqual(origin, {"primary" if window.number == 0 else "forced" if "forced" in window.name else "natural"})
            self.assertEqual({frame.organ_names[code] for code in frame["organ"][here]}, {window.name.split("-")[1]})
        boxes = [(w.corner[0], w.corner[0] + w.edge[0]) for w in frame.windows]
        self.assertTrue(all(a[1] < b[0] for a, b in zip(boxes, boxes[1:])), "side by side")
        self.assertEqual([day for day, _ in self.made.series("body")], [0, 5 / 24, 10 / 24])
        self.assertIn("body.csv: 11 rows", metavox_io.summary(self.made))

    def test_forced_windows_say_so_and_what_they_stand_for(self):
        output, done = self.draw("body.svg")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(output, encoding="utf-8") as file:
            text = file.read()
        words = ["".join(t.itertext()) for t in xml.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]
        said = "\n".join(words)
        forced = {row["lesion"]: float(row["expected_number"]) for row in rows(os.path.join(self.run_path, "founders.csv"))
                  if row["origin"] == "forced"}  # fmt: skip
        shown = [w for w in self.made.body().windows if w.name.endswith("-forced")]
        self.assertGreaterEqual(len(shown), 2)
        for window in shown:
            self.assertRegex(said, f"FORCED window {window.number}: \\d+ cell")
            weight = forced[str(window.lesion)] / 2 # two stand for the founders of a period
            near = re.findall(r"stands for (\S+) founders", said)
            self.assertTrue(any(abs(float(n) / weight - 1) < 0.06 for n in near), (weight, near))
        natural = [w for w in self.made.body().windows if w.number and not w.name.endswith("-forced")]
        for window in natural:
            self.assertRegex(said, f"natural window {window.number}: \\d+ cell")
        for word in ("expected", "natural, whole cells", "forced, by weight", "Liver", "lodged now"):
            self.assertIn(word, said)
        # The numbers of the tables, at the last row.
        departed = [r for r in rows(os.path.join(self.run_path, "cascade.csv")) if r["stage"] == "departed"][-1]["natural"]
        self.assertIn(departed, words)
        self.assertIn("stroke-dasharray", text)

    def test_nodes_and_cavity(self):
        """What left by lymph and through a serosa is told beside the blood; without these ways no word of them."""
        run = os.path.join(self.folder.name, "ways")
        ways = ["tissue.stroma=0.3", "lymphatics.enabled=true", "lymphatics.share=0.5", "lymphatics.tumour_faces=6", "body.lymph.share=0.02",
                "serosa.faces=[x_low]", "serosa.rate=1 1/h", "matrix.membrane_resistance=0.01", "body.cavity.enabled=true",
                "tissue.cells[0].centre=[80 um, 160 um, 160 um]"]  # fmt: skip
        call = [METAVOX, "run", os.path.join(self.folder.name, "toy.yaml"), "-o", run, "--quiet", "--threads", "1"]
        subprocess.run([*call, *(word for way in ways for word in ("--set", way))], check=True, stdout=subprocess.DEVNULL)
        last = rows(os.path.join(run, "body.csv"))[-1]
        words = {}
        for name, path in (("ways.svg", run), ("bare.svg", None)):
            output, done = self.draw(name, run=path)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(output, encoding="utf-8") as file:
                words[name] = ["".join(t.itertext()) for t in xml.fromstring(file.read()).iter("{http://www.w3.org/2000/svg}text")]
        told, bare = words["ways.svg"], words["bare.svg"]
        for label, column in (("left by lymph", "departed_by_lymph"), ("left into the cavity", "departed_into_cavity")):
            self.assertGreater(float(last[column]), 0, column)
            self.assertEqual(told[told.index(label) + 1], last[column])
            self.assertNotIn(label, bare)
        # Each way has a panel with its stages, and an organ that only the cavity reaches has no rows of the blood.
        panels = {"Lymph nodes, by lymph": ["entered", "there now", "died there", "on into veins", "founded"],
                  "Body cavity": ["shed into it", "afloat now", "died afloat", "attached", "can found"],
                  "Pleura": ["attached", "dormant", "can found", "1,000 cells"]}  # fmt: skip
        numbers = {"Lymph nodes, by lymph": ["departed_by_lymph", "in_nodes"], "Body cavity": ["departed_into_cavity", "in_cavity", "dead_in_cavity", "attached"],
                   "Pleura": ["attached"]}  # fmt: skip
        for title, labels in panels.items():
            self.assertNotIn(title, bare)
            self.assertIn(title, told)
            at = next((k for k in range(len(told)) if told[k : k + len(labels)] == labels), None)
            self.assertIsNotNone(at, f"rows of {title}")
            bars = told[at + len(labels) : at + 4 * len(labels)]
            self.assertEqual(bars[0], last[numbers[title][0]], title)
            for column in numbers[title]:
                self.assertIn(last[column], bars, (title, column))
        self.assertIn("dashed: serosa", told)
        self.assertNotIn("dashed: serosa", bare)
        self.assertIn("left into the cavity so far", told)
        self.assertIn("departed so far", bare)

    def test_who_came_from_whom(self):
        """Every window says whom its founder left; where a metastasis founds another a tree is drawn, with each of its lesions below its parent."""
        config, run = os.path.join(documents.SOURCE, "tests", "reseeding.yaml"), os.path.join(self.folder.name, "reseeding")
        subprocess.run([METAVOX, "run", config, "-o", run, "--quiet", "--threads", "1", "--set", "body.windows.shown=0",
                        "--set", "output.frames=7 h", "--set", "output.checkpoints=0 day"], check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        lesions = [row for row in rows(os.path.join(run, "lineage.csv")) if row["name"]]
        nested = {row["name"]: row["parent_name"] for row in lesions if row["parent"] != "0"}
        self.assertGreaterEqual(len(nested), 1)
        said = {}
        for name, path in (("nested.svg", run), ("flat.svg", None)):
            output, done = self.draw(name, run=path)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(output, encoding="utf-8") as file:
                said[name] = ["".join(t.itertext()).strip() for t in xml.fromstring(file.read()).iter("{http://www.w3.org/2000/svg}text")]
        words = said["nested.svg"]
        title = next(k for k, line in enumerate(words) if line.startswith("Who came from whom"))
        self.assertIn(f"14 of {len(lesions)} lesions", words[title])
        drawn = [line for line in words if line in {row["name"] for row in lesions}]
        self.assertEqual(len(drawn), 14)
        for child, parent in nested.items():
            self.assertIn(child, drawn)
            self.assertLess(drawn.index(parent), drawn.index(child))
        self.assertFalse(any(line.startswith("Who came") for line in said["flat.svg"]))
        shown = [w for w in self.made.body().windows if w.number]
        told = [line for line in said["flat.svg"] if re.match(r"from the primary, day 0\.\d+", line)]
        self.assertEqual(len(told), len(shown))

    def test_without_colours(self):
        """In grey the three marks of the legend differ: dark and even, light with few lines, light with dots of another rhythm."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib.image import imread

        output, done = self.draw("body.png")
        self.assertEqual(done.returncode, 0, done.stderr)
        grey = imread(output)[..., :3] @ np.array([0.3, 0.59, 0.11])
        height, width = grey.shape
        marks = []
        for k in range(3):
            x, y = int((0.40 + 0.17 * k) * width), int((1 - 0.966 - 0.018) * height)
            marks.append(grey[y + 3 : y + int(0.018 * height) - 3, x + 3 : x + int(0.022 * width) - 3])
        natural, expected, forced = marks
        self.assertLess(natural.std(), 0.01)
        self.assertLess(natural.mean(), 0.5)
        for other in (expected, forced):
            self.assertGreater(other.std(), 0.05)
            self.assertGreater(other.mean(), 0.6)
        # Lines run through a row of pixels at regular places; dots leave whole rows empty.
        self.assertGreater(np.ptp(forced.mean(axis=1)), 1.5 * np.ptp(expected.mean(axis=1)))

    def test_scene_in_paraview(self):
        """scene.py --body builds its pipeline; of ParaView a stand-in, which notes what is made and asked for."""
        with tempfile.TemporaryDirectory() as place:
            os.mkdir(os.path.join(place, "paraview"))
            with open(os.path.join(place, "paraview", "simple.py"), "w", encoding="utf-8") as file:
                file.write(STAND_IN)
            picture = os.path.join(place, "scene.png")
            call = ["/usr/bin/python3", os.path.join(VIZ, "scene.py"), self.made.path, "--body", "-o", picture]
            done = subprocess.run(call, env={"PYTHONPATH": place}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 0, done.stderr)
            said = done.stdout
            windows = self.made.body().windows
            for window in windows:
                self.assertIn(f"Text 'window {window.number}'", said)
            self.assertEqual(said.count("FORCED"), sum(w.name.endswith("-forced") for w in windows))
            self.assertIn(os.path.join(self.made.path, "body.pvd"), said)
            for name in ("cells", "sleepers", "vessels and no cells", "boxes", "natural boxes", "forced boxes"):
                self.assertIn(f"Threshold '{name}'", said)
            departed = int(self.made.table("body.csv")["departed"][-1])
            self.assertIn(f"{departed:,} departed", said)
            bare = subprocess.run([*call[:2], self.made.sites["000-breast"].path, "--body"], env={"PYTHONPATH": place}, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
            self.assertIn("no body.pvd here", bare.stderr)

    def test_what_it_refuses(self):
        for arguments, word in ((["--organs", "0"], "--organs"), (["-o", "/nowhere/x.png"], "there is no folder"), (["-o", "x.gif"], "must end in .png")):
            done = self.draw("never.png", *arguments)[1]
            self.assertEqual(done.returncode, 1)
            self.assertIn(word, done.stderr)
            self.assertNotIn("Traceback", done.stderr)
        site = self.made.sites["000-breast"].path
        done = subprocess.run(["/usr/bin/python3", os.path.join(VIZ, "body.py"), site], stderr=subprocess.PIPE, text=True)
        self.assertIn("no body.pvd here", done.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    METAVOX = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
