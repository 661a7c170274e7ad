#!/usr/bin/env python3
"""Installs the build into an empty folder, uses it from there, and takes it away again.

    /usr/bin/python3 tests/test_install.py CMAKE BUILD_DIR
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import documents

CMAKE, BUILD = None, None


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.prefix = os.path.join(cls.folder.name, "prefix")
        command = [CMAKE, "--install", BUILD, "--prefix", cls.prefix]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        with open(os.path.join(BUILD, "install_manifest.txt"), encoding="utf-8") as manifest:
            cls.manifest = manifest.read()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def call(self, *command, **environment):
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, cwd=self.folder.name,
                                env={**os.environ, "LC_ALL": "C.UTF-8", **environment})  # fmt: skip
        self.assertEqual((result.returncode, result.stderr), (0, ""), command)
        return result.stdout

    def path(self, *names):
        return os.path.join(self.prefix, *names)

    def test_program_and_examples(self):
        self.assertTrue(self.call(self.path("bin", "metavox"), "--version").startswith("metavox "))
        for name in sorted(os.listdir(os.path.join(documents.SOURCE, "configs"))):
            if name.endswith(".yaml"):
                said = self.call(self.path("bin", "metavox"), "validate", self.path("share", "metavox", "configs", name))
                self.assertIn("is valid", said)

    def test_only_headers_that_work_are_installed(self):
        headers = [name for folder in os.walk(self.path("include")) for name in folder[2]]
        self.assertEqual(headers, ["metavox.hpp"])
        self.assertTrue(os.path.exists(self.path("share", "doc", "metavox", "LICENSE")))

    def test_another_program_finds_links_and_runs_the_library(self):
        """The example as it was installed: its hash is the program's."""
        source, build = self.path("share", "metavox", "examples", "oxygen_profile"), os.path.join(self.folder.name, "example")
        self.call(CMAKE, "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_BUILD_TYPE=Release")
        self.call(CMAKE, "--build", build)
        config = os.path.join(source, "tissue.yaml")
        lines = self.call(os.path.join(build, "oxygen_profile"), config).splitlines()
        self.assertEqual(len(lines), 33)
        self.assertRegex(lines[0], r"^ +10 um +\d+\.\d\d mmHg$")
        said = self.call(self.path("bin", "metavox"), "run", config, "-o", os.path.join(self.folder.name, "run"), "--quiet")
        self.assertEqual(said.strip(), lines[-1])

        # What is wrong is said, and where; nothing crashes.
        empty = os.path.join(self.folder.name, "empty.yaml")
        with open(empty, "w", encoding="utf-8"):
            pass
        result = subprocess.run([os.path.join(build, "oxygen_profile"), empty], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, check=False)  # fmt: skip
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("empty.yaml:1: ", result.stderr)

    def test_uninstall_takes_everything_away(self):
        """As the target `uninstall` does it, in an installation of its own."""
        prefix, manifest = os.path.join(self.folder.name, "again"), os.path.join(self.folder.name, "manifest.txt")
        shutil.copytree(self.prefix, prefix)
        with open(manifest, "w", encoding="utf-8") as file:
            file.write(self.manifest.replace(self.prefix, prefix))
        kept = os.path.join(prefix, "share", "metavox", "configs", "mine.yaml")
        with open(kept, "w", encoding="utf-8"):
            pass
        script = os.path.join(documents.SOURCE, "cmake", "uninstall.cmake")
        subprocess.run([CMAKE, f"-DMANIFEST={manifest}", "-P", script], stdout=subprocess.DEVNULL, check=True)
        left = [os.path.join(folder, name) for folder, _, names in os.walk(prefix) for name in names]
        self.assertEqual(left, [kept])
        self.assertFalse(os.path.exists(os.path.join(prefix, "include", "metavox")))

    def test_reader(self):
        program = "import metavox_io, sys; print(metavox_io.__file__); metavox_io.Run; print('vtk' in sys.modules)"
        said = self.call("/usr/bin/python3", "-B", "-c", program, PYTHONPATH=self.path("share", "metavox", "viz")).split()
        self.assertEqual(said, [self.path("share", "metavox", "viz", "metavox_io.py"), "False"])

    @unittest.skipUnless(documents.found("man"), "man is not installed")
    def test_manual_page_is_found(self):
        said = self.call("man", "metavox", MANPATH=self.path("share", "man"), MANWIDTH="80")
        self.assertIn("METAVOX(1)", said)

    def test_completion_is_where_bash_looks(self):
        """bash-completion loads share/bash-completion/completions/NAME for the command NAME."""
        script = self.path("share", "bash-completion", "completions", "metavox")
        said = self.call("bash", "-c", f'. "{script}"; COMP_WORDS=(metavox va) COMP_CWORD=1; _metavox; echo "${{COMPREPLY[@]}}"',
                         PATH=self.path("bin") + ":" + os.environ["PATH"])  # fmt: skip
        self.assertEqual(said, "validate\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    CMAKE, BUILD = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
