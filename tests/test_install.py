#!/usr/bin/env python3
"""Installs the build into an empty folder and uses it from there.

    /usr/bin/python3 tests/test_install.py CMAKE BUILD_DIR
"""

import os
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
