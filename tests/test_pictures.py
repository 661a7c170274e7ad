"""What the scripts of viz/ say of what they cannot do: a sentence, at once, and exit code 1 or 2.

    /usr/bin/python3 tests/test_pictures.py RUN_DIR
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import documents

RUN = None
VIZ = os.path.join(documents.SOURCE, "viz")


class Refusals(unittest.TestCase):
    def refuse(self, script, arguments, *words, code=1, output=None):
        begin = time.monotonic()
        call = ["/usr/bin/python3", os.path.join(VIZ, script), RUN, *arguments]
        if script in ("quicklook.py", "film.py"):
            call = ["xvfb-run", "-a", *call]
        with open(output or os.devnull, "w", encoding="utf-8") as sink:
            result = subprocess.run(call, stdout=sink if output else subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = (result.stdout or "") + result.stderr
        what = f"{script} {' '.join(arguments)}: {said}"
        self.assertEqual(result.returncode, code, what)
        self.assertNotIn("Traceback", said, what)
        for word in words:
            self.assertIn(word, said, what)
        self.assertLess(time.monotonic() - begin, 60, what)

    def test_places(self):
        with tempfile.TemporaryDirectory() as folder:
            for script in ("quicklook.py", "film.py", "curves.py"):
                self.refuse(script, ["-o", "/nowhere/x.png"], "there is no folder /nowhere")
                self.refuse(script, ["-o", os.path.join(folder, "x.gif")], "must end in .png")
                self.refuse(script, ["-o", os.path.join(folder, "x")], "must end in .png")
                self.assertEqual(os.listdir(folder), [])
            self.refuse("quicklook.py", ["-o", os.path.join(folder, "x.pdf")], "must end in .png")

    def test_a_full_disk(self):
        self.refuse("metavox_io.py", [], "the output cannot be written: No space left", code=3, output="/dev/full")
        with tempfile.TemporaryDirectory() as folder:
            place = os.path.join(folder, "x.png")
            os.symlink("/dev/full", place)  # takes nothing, as a full disk does
            self.refuse("curves.py", ["-o", place], "x.png: cannot be written: No space left")

    def test_frames_and_arrays(self):
        self.refuse("quicklook.py", ["--frame", "99"], "frames, numbered from 0")
        self.refuse("quicklook.py", ["--frame", "day6"], "day6 is no frame")
        self.refuse("quicklook.py", ["--floor", "oxigen"], "no oxigen", "oxygen")
        self.refuse("quicklook.py", ["--right", "vegf"], "no vegf")
        self.refuse("film.py", ["--stage", "soon"], "soon is no frame")
        self.refuse("quicklook.py", ["--size", "640"], "WIDTHxHEIGHT", code=2)

    def test_the_headline_names_the_preset(self):
        sys.path.insert(0, VIZ)
        import headline

        with tempfile.TemporaryDirectory() as folder:
            run = os.path.join(folder, "nodule")
            os.mkdir(run)
            self.assertEqual(headline.of(run + os.sep), "nodule")
            for provenance, wanted in (('{"preset": "clinical"}', "nodule, preset clinical"),
                                       ('{"preset": "fast"}', "nodule, preset fast"),
                                       ('{"preset": "default"}', "nodule"), ("{", "nodule"), ("[]", "nodule"),
                                       ("{}", "nodule")):  # fmt: skip
                with open(os.path.join(run, "provenance.json"), "w", encoding="utf-8") as file:
                    file.write(provenance)
                self.assertEqual(headline.of(run), wanted, provenance)

    def test_no_paraview(self):
        if subprocess.run(["/usr/bin/python3", "-c", "import paraview"], stderr=subprocess.DEVNULL).returncode == 0:
            self.skipTest("this Python has ParaView")
        self.refuse("scene.py", [], "this Python has no ParaView", "scene.pvsm")

    def test_scene_of_a_moved_run(self):
        """scene.py hands ParaView, of which a stand-in notes what it is told, the state and the folder beside it."""
        with tempfile.TemporaryDirectory() as moved:
            os.mkdir(os.path.join(moved, "paraview"))
            with open(os.path.join(moved, "paraview", "simple.py"), "w", encoding="utf-8") as file:
                file.write("def LoadState(state, data_directory):\n    print(state, data_directory, sep='\\n')\n")
            script = shutil.copy(os.path.join(RUN, "scene.py"), moved)
            said = subprocess.run(["/usr/bin/python3", script], cwd="/", env={"PYTHONPATH": moved}, text=True,
                                  stdout=subprocess.PIPE, check=True)  # fmt: skip
            self.assertEqual(said.stdout.split(), [os.path.join(moved, "scene.pvsm"), moved])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    RUN = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
