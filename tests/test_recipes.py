#!/usr/bin/env python3
"""Checks the Dockerfile as far as that goes without docker, and runs the Slurm script with stand-ins for Slurm.

    /usr/bin/python3 tests/test_recipes.py METAVOX
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import documents

METAVOX = None
DOCKERFILE = os.path.join(documents.SOURCE, "Dockerfile")
SLURM = os.path.join(documents.SOURCE, "scripts", "metavox.slurm")


def instructions():
    """[(instruction, arguments)] of the Dockerfile, comments left out and continued lines joined."""
    with open(DOCKERFILE, encoding="utf-8") as file:
        text = re.sub(r"^#.*\n", "", file.read(), flags=re.M).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


class Docker(unittest.TestCase):
    def test_instructions_and_stages(self):
        known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "ENTRYPOINT", "CMD"}
        self.assertEqual({name for name, _ in instructions()} - known, set())
        stages = [rest.split() for name, rest in instructions() if name == "FROM"]
        self.assertEqual([s[0] for s in stages], ["${BASE}", "${RUN_BASE}"])
        names = [s[2] for s in stages if len(s) == 3 and s[1] == "AS"]
        given = {rest.split("=")[0] for name, rest in instructions() if name == "ARG"}
        for name, rest in instructions():
            for variable in re.findall(r"\$\{(\w+)\}", rest):
                self.assertIn(variable, given)
            if name == "COPY":
                stage = re.match(r"--from=(\S+) ", rest)
                if stage:
                    self.assertIn(stage.group(1), names)
                else:
                    for source in rest.split()[:-1]:
                        self.assertTrue(os.path.exists(os.path.join(documents.SOURCE, source)), source)
            if name in ("ENTRYPOINT", "CMD"):
                json.loads(rest)

    def test_commands(self):
        """They are valid shell, call scripts and presets that exist, and name no packages that setup.sh should name."""
        with open(os.path.join(documents.SOURCE, "CMakePresets.json"), encoding="utf-8") as file:
            presets = {p["name"] for p in json.load(file)["configurePresets"]}
        with open(DOCKERFILE, encoding="utf-8") as file:
            whole = file.read()
        self.assertLessEqual(set(re.findall(r"PRESET=(\w+)", whole)), presets)
        with open(os.path.join(documents.SOURCE, "CMakeLists.txt"), encoding="utf-8") as file:
            project = file.read()
        for option in re.findall(r"-D(METAVOX_\w+)=", whole):
            self.assertRegex(project, rf"\b(option|set)\({option} ")
        scripts, installed = set(), []
        for name, rest in instructions():
            if name == "RUN":
                subprocess.run(["sh", "-n", "-c", rest], check=True)
                scripts |= set(re.findall(r"scripts/[\w-]+\.sh", rest))
                installed += re.findall(r"apt-get install ([^<&|]*)", rest)
        self.assertIn("scripts/setup.sh", scripts)
        for script in scripts:
            self.assertTrue(os.access(os.path.join(documents.SOURCE, script), os.X_OK), script)
        listed = subprocess.run([os.path.join(documents.SOURCE, "scripts", "setup.sh"), "--list"], stdout=subprocess.PIPE, text=True, check=True)
        for words in installed:
            for package in words.split():
                if not package.startswith("-"):
                    self.assertIn(package, listed.stdout.split())

    @unittest.skipUnless(documents.found("dpkg-query"), "no packages of Debian here")
    def test_packages_to_run(self):
        """Every library of the program comes from one of the packages that the second stage installs."""
        script = os.path.join(documents.SOURCE, "scripts", "run-packages.sh")
        result = subprocess.run([script, METAVOX], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
        self.assertEqual(result.stderr, "")
        listed = result.stdout.split()
        files = subprocess.run(["dpkg-query", "-L", *listed], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        have = {os.path.basename(f) for f in files}
        linked = subprocess.run(["ldd", METAVOX], stdout=subprocess.PIPE, text=True, check=True).stdout
        libraries = re.findall(r"=> (/\S+)", linked)
        self.assertTrue(any("vtk" in name for name in libraries) and any("hdf5" in name for name in libraries))
        for library in libraries:
            self.assertTrue({os.path.basename(library), os.path.basename(os.path.realpath(library))} & have, library)


class Setup(unittest.TestCase):
    """setup.sh beside packages of which some are there and some conflict, told by stand-ins for Debian's commands."""

    def run_setup(self, installed, *arguments, refuses=False):
        """(code, what it said, what was asked of apt-get)"""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (
                ("dpkg-query", f'case " {installed} " in *" ${{@: -1}} "*) printf installed ;; *) exit 1 ;; esac\n'),
                ("apt-get", f'echo "$@" >>{folder}/asked\n' + ("[[ $1 == update ]] || exit 100\n" if refuses else "")),
                ("sudo", 'while [[ $1 == *=* || $1 == env ]]; do shift; done\nexec "$@"\n'),
            ):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write("#!/bin/bash\n" + text)
                os.chmod(os.path.join(folder, name), 0o755)
            environment = {**os.environ, "PATH": folder + ":" + os.environ["PATH"]}
            script = os.path.join(documents.SOURCE, "scripts", "setup.sh")
            result = subprocess.run([script, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                with open(os.path.join(folder, "asked"), encoding="utf-8") as file:
                    asked = file.read()
            except FileNotFoundError:
                asked = ""
            return result.returncode, result.stdout, asked

    def test_paraview_stays(self):
        for installed, vtk in (("", True), ("paraview", False), ("python3-paraview git", False), ("paraview-dev", False),
                               ("libvtk9-dev python3-vtk9", True), ("libvtk9-dev python3-vtk9 paraview", True)):  # fmt: skip
            code, said, _ = self.run_setup(installed, "--list")
            self.assertEqual(code, 0, said)
            self.assertEqual("libvtk9-dev" in said.split() and "python3-vtk9" in said.split(), vtk, installed)
            self.assertEqual("paraview-dev" in said.split() and "python3-paraview" in said.split(), not vtk, installed)

    def test_nothing_is_removed(self):
        code, said, asked = self.run_setup("git")
        self.assertEqual(code, 0, said)
        install = next(line for line in asked.splitlines() if "install" in line.split())
        self.assertIn("--no-remove", install.split())
        self.assertNotIn("git", install.split())
        code, said, asked = self.run_setup("git", refuses=True)
        self.assertEqual(code, 1)
        self.assertIn("nothing was removed", said)
        for folder in ("scripts", ".ci"):
            for place, _, files in os.walk(os.path.join(documents.SOURCE, folder)):
                for name in files:
                    with open(os.path.join(place, name), encoding="utf-8", errors="replace") as file:
                        text = file.read()
                    self.assertNotRegex(text, r"apt-get[^\n]*\s(remove|purge|autoremove)\b", name)


class Slurm(unittest.TestCase):
    def test_directives(self):
        with open(SLURM, encoding="utf-8") as file:
            lines = file.read().splitlines()
        subprocess.run(["bash", "-n", SLURM], check=True)
        known = {"job-name", "output", "open-mode", "nodes", "ntasks", "cpus-per-task", "mem", "time", "requeue", "signal"}
        directives = [line for line in lines if line.startswith("#SBATCH")]
        self.assertEqual(lines[0], "#!/bin/bash")
        for line in directives:
            self.assertIn(re.fullmatch(r"#SBATCH --([a-z-]+)(=\S+)?", line).group(1), known)
        # sbatch stops reading directives at the first command.
        first = next(i for i, line in enumerate(lines) if line and not line.startswith("#"))
        self.assertTrue(all(lines.index(line) < first for line in directives))

    def test_stops_goes_on_and_gives_the_same_bits(self):
        with documents.scratch(METAVOX) as folder:
            with open("tumour.yaml", "w", encoding="utf-8") as file:
                file.write("simulation:\n  duration: 15 day\ndomain:\n  voxels: [12, 12, 12]\ntissue:\n  cells:\n    - shape: sphere\n"
                           "      kind: epithelial\n      radius: 60 um\noutput:\n  frames: 15 day\n  report: 1 day\n")  # fmt: skip
            os.makedirs("bin")
            with open("bin/scontrol", "w", encoding="utf-8") as file:
                file.write(f'#!/bin/sh\necho "$@" >>{folder}/requeued\n')
            os.chmod("bin/scontrol", 0o755)
            os.environ.update(PATH=os.path.abspath("bin") + ":" + os.environ["PATH"], SLURM_JOB_ID="17", SLURM_CPUS_PER_TASK="1")

            def submit():
                script = os.path.join("scripts", "metavox.slurm")
                return subprocess.Popen(["bash", script, "tumour.yaml", "runs/a"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

            job = submit()
            metrics = os.path.join("runs", "a", "metrics.csv")
            for _ in range(6000):
                if os.path.exists(metrics) and os.path.getsize(metrics) > 4000:
                    break
                self.assertIsNone(job.poll(), "the job ended before it could be stopped")
                time.sleep(0.01)
            job.send_signal(signal.SIGTERM)
            said = job.communicate(timeout=300)[0].decode()
            self.assertEqual(job.returncode, 130, said)
            with open("requeued", encoding="utf-8") as file:
                self.assertEqual(file.read(), "requeue 17\n")

            job = submit()
            said = job.communicate(timeout=300)[0].decode()
            self.assertEqual(job.returncode, 0, said)
            with open(os.path.join("runs", "a", "provenance.json"), encoding="utf-8") as file:
                provenance = json.load(file)
            self.assertIsNotNone(provenance["restarted_from"])
            with open("requeued", encoding="utf-8") as file:
                self.assertEqual(file.read(), "requeue 17\n")
            whole = subprocess.run(["metavox", "run", "tumour.yaml", "-o", "runs/b", "--threads", "1", "--quiet"], stdout=subprocess.PIPE, text=True, check=True)
            self.assertIn(provenance["final_hash"], whole.stdout)
            shutil.rmtree("runs")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    METAVOX = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
