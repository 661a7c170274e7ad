#!/usr/bin/env python3
"""The checks of CI pass on the tree as it is, and fail on a copy with a defect in it.

/usr/bin/python3 tests/test_checks.py
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COPIED = ("src", "cuda", "viz", "include", "scripts", "tests", "bench")


def has_clang_format():
    for name in ("clang-format-14", "clang-format"):
        path = shutil.which(name)
        if path and "version 14." in subprocess.run([path, "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout:
            return True
    return False


class Checks(unittest.TestCase):
    """Each test works on a copy of its own."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name in COPIED:
            if os.path.isdir(os.path.join(SOURCE, name)):
                shutil.copytree(os.path.join(SOURCE, name), self.path(name), ignore=shutil.ignore_patterns("corpus", "__pycache__"))
        for name in (".clang-format", ".clang-tidy"):
            shutil.copy(os.path.join(SOURCE, name), self.path(name))

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text, mode="w"):
        with open(self.path(name), mode, encoding="utf-8") as file:
            file.write(text)

    def call(self, *command):
        """Exit code and everything said."""
        # A git folder around the temporary one would be taken for the project's.
        result = subprocess.run(command, cwd=self.folder.name, env={**os.environ, "GIT_CEILING_DIRECTORIES": os.path.dirname(self.folder.name)},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # fmt: skip
        return result.returncode, result.stdout

    def test_rooms(self):
        self.assertEqual(self.call(sys.executable, "scripts/rooms.py")[0], 0)

    def test_every_room_is_described(self):
        """docs/architecture.md has a row for every room that scripts/rooms.py knows, and for every folder of src/."""
        sys.path.insert(0, os.path.join(SOURCE, "scripts"))
        import rooms

        with open(os.path.join(SOURCE, "docs", "architecture.md"), encoding="utf-8") as file:
            section = file.read().split("## Rooms")[1].split("\n## ")[0]
        described = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
        self.assertEqual(described, set(rooms.MAY))
        folders = {name for name in os.listdir(os.path.join(SOURCE, "src")) if os.path.isdir(os.path.join(SOURCE, "src", name))}
        self.assertEqual(folders - described, set())

    def test_an_arrow_that_runs_back(self):
        self.write("src/core/backwards.hpp", '#pragma once\n\n#include "program/run.hpp"\n')
        code, said = self.call(sys.executable, "scripts/rooms.py")
        self.assertEqual(code, 1)
        self.assertIn("src/core/backwards.hpp:3: core must not include program", said)

    def test_a_science_that_includes_another(self):
        self.write("src/fields/nosy.cpp", '#include "cells/population.hpp"\n')
        code, said = self.call(sys.executable, "scripts/rooms.py")
        self.assertEqual(code, 1)
        self.assertIn("fields must not include cells", said)

    def test_headers_that_include_each_other(self):
        self.write("src/cells/hen.hpp", '#pragma once\n\n#include "cells/egg.hpp"\n')
        self.write("src/cells/egg.hpp", '#pragma once\n\n#include "cells/hen.hpp"\n')
        code, said = self.call(sys.executable, "scripts/rooms.py")
        self.assertEqual(code, 1)
        self.assertIn("cells/egg.hpp and cells/hen.hpp include each other", said)

    def test_two_types_of_one_name(self):
        self.write("src/cells/hen.hpp", "#pragma once\n\nnamespace metavox {\nstruct Hen {\n  int eggs;\n};\n}\n")
        self.write("src/fields/hen.cpp", "namespace metavox {\nnamespace {\nstruct Hen {\n};\n} // namespace\n}\n")
        self.assertEqual(self.call(sys.executable, "scripts/rooms.py")[0], 0)
        self.write("src/fields/hen.hpp", "#pragma once\n\nnamespace metavox {\nclass Hen {\n};\n}\n")
        code, said = self.call(sys.executable, "scripts/rooms.py")
        self.assertEqual(code, 1)
        self.assertIn("src/fields/hen.hpp:4: a type Hen is in src/cells/hen.hpp:4 already", said)

    @unittest.skipUnless(has_clang_format(), "clang-format 14 is not installed")
    def test_form(self):
        code, said = self.call("scripts/format.sh", "--check")
        self.assertEqual((code, said), (0, ""))
        self.write("src/cells/crooked.hpp", "#pragma once\n\nint  crooked( ) {return 1;}\n")
        code, said = self.call("scripts/format.sh", "--check")
        self.assertNotEqual(code, 0)
        self.assertIn("src/cells/crooked.hpp:3", said)
        self.assertEqual(self.call("scripts/format.sh")[0], 0)
        self.assertEqual(self.call("scripts/format.sh", "--check"), (0, ""))

    @unittest.skipUnless(os.path.exists(os.path.join(SOURCE, "scripts", "long_functions.py")), "no such check yet")
    def test_a_long_function(self):
        self.assertEqual(self.call(sys.executable, "scripts/long_functions.py")[0], 0)
        self.write("src/cells/endless.cpp", "int endless(int n) {\n" + "  n += 1;\n" * 90 + "  return n;\n}\n")
        code, said = self.call(sys.executable, "scripts/long_functions.py")
        self.assertEqual(code, 1)
        self.assertIn("src/cells/endless.cpp:1", said)

    def test_device_code_that_rounds_otherwise(self):
        """scripts/ptx.py on an object file in which one instruction is another's."""
        right = ["add.rn.f32 %f1, %f2, %f3;", "div.rn.f64 %fd1, %fd2, %fd3;", "sqrt.rn.f32 %f1, %f2;", "max.f32 %f1, %f2, 0f00000000;",
                 "fma.rn.s32 %r1, %r2, %r3;", "mad.lo.s32 %r1, %r2, %r3, %r4;", "ld.global.f32 %f1, [%rd1];", "cvt.rn.f32.s32 %f1, %r1;"]  # fmt: skip
        wrong = ["fma.rn.f32 %f1, %f2, %f3, %f4;", "mad.f32 %f1, %f2, %f3, %f4;", "add.f32 %f1, %f2, %f3;", "mul.rz.f32 %f1, %f2, %f3;",
                 "add.ftz.rn.f32 %f1, %f2, %f3;", "div.approx.f32 %f1, %f2, %f3;", "div.full.f32 %f1, %f2, %f3;", "sqrt.approx.f32 %f1, %f2;",
                 "ex2.approx.f32 %f1, %f2;", "rsqrt.approx.f64 %fd1, %fd2;", "max.f32 %f1, %f2, %f3;"]  # fmt: skip
        os.mkdir(self.path("build"))

        def look(lines):
            text = ".version 9.0\n.visible .entry kernel(\n)\n{\n" + "\n".join("\t" + line for line in lines) + "\n}\n"
            with open(self.path("build/launcher.o"), "wb") as file:
                file.write(b"\x7fELF\0\1" + text.encode() + b"\0\0rest")
            return self.call(sys.executable, "scripts/ptx.py", "build")

        code, said = look(right)
        self.assertEqual(code, 0, said)
        for line in wrong:
            code, said = look([*right, line])
            self.assertEqual(code, 1, line)
            self.assertIn("kernel: " + line, said)
        self.assertEqual(look(["mov.u32 %r1, 0;"])[0], 2)

    def test_lint_reads_every_header_that_changed(self):
        """By way of a source that includes it; the one of its name first."""
        self.write("src/cells/new_rule.hpp", "#pragma once\n")
        self.write("src/cells/new_words.hpp", '#pragma once\n\n#include "cells/new_rule.hpp"\n')
        self.write("src/cells/a_reader.cpp", '#include "cells/new_words.hpp"\n')
        self.write("src/cells/new_words.cpp", '#include "cells/new_words.hpp"\n')
        chosen = self.lint_files("src/cells/new_rule.hpp", "README.md")
        self.assertEqual([source for _, source in chosen], ["src/cells/a_reader.cpp"])
        chosen = self.lint_files("src/cells/new_words.hpp")
        self.assertEqual([source for _, source in chosen], ["src/cells/new_words.cpp"])
        self.write("src/cells/new_rule.hpp", "// changed\n", "a")
        again = self.lint_files("src/cells/new_words.hpp")
        self.assertNotEqual(again[0][0], chosen[0][0], "the key must depend on headers of headers")
        everything = [source for _, source in self.lint_files("--all")]
        self.assertEqual([source for _, source in self.lint_files("tests/.clang-tidy")], everything)
        for room in ("src/vessels/flow/", "src/core/", "tests/", "bench/", "viz/"):
            self.assertTrue(any(source.startswith(room) for source in everything), room)

    def lint_files(self, *arguments):
        code, said = self.call(sys.executable, "scripts/lint_files.py", *arguments)
        self.assertEqual(code, 0, said)
        return [line.split() for line in said.splitlines()]


if __name__ == "__main__":
    unittest.main()
