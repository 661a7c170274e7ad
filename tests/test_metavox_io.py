#!/usr/bin/env python3
"""viz/metavox_io.py against VTK's and HDF5's own readers, array by array, and against damaged files.

    /usr/bin/python3 tests/test_metavox_io.py RUN_DIR METAVOX

RUN_DIR is a run of configs/smoke.yaml, METAVOX the program that made it. Without h5py, checkpoints are held against
their checksums, the frames and `metavox hash` only.
"""

import csv
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "viz"))
before = set(sys.modules)
import metavox_io

loaded = {name.split(".")[0] for name in set(sys.modules) - before}

import vtk
from vtk.util.numpy_support import vtk_to_numpy

try:
    import h5py
except ImportError:
    h5py = None

RUN, METAVOX = None, None
FRAMES = {"fields": (metavox_io.Fields, vtk.vtkXMLImageDataReader), "cells": (metavox_io.Cells, vtk.vtkXMLPolyDataReader),
          "vessels": (metavox_io.Vessels, vtk.vtkXMLPolyDataReader)}  # fmt: skip


def by_vtk(kind, path):
    reader = FRAMES[kind][1]()
    reader.SetFileName(path)
    reader.Update()
    return reader.GetOutput()


def everything(frame):
    """All that can be read of a frame, by name."""
    found = {name: frame[name] for name in frame}
    if isinstance(frame, metavox_io.Cells):
        found["points"] = frame.points
    if isinstance(frame, metavox_io.Vessels):
        found.update({"points": frame.points, "lines": np.concatenate([[len(x), *x] for x in frame.lines])})
        found.update({"line " + name: frame.line_arrays[name] for name in frame.line_arrays})
    return found


def content(path):
    with open(path, "rb") as file:
        return file.read()


class Equal(unittest.TestCase):
    def same(self, found, wanted, what):
        self.assertEqual(found.dtype, wanted.dtype, what)
        self.assertEqual(found.shape, wanted.shape, what)
        self.assertEqual(found.tobytes(), wanted.tobytes(), what)

    def same_arrays(self, found, attributes, what, shape=None):
        names = [attributes.GetArrayName(i) for i in range(attributes.GetNumberOfArrays())]
        self.assertEqual(list(found), names, what)
        for name in names:
            wanted = vtk_to_numpy(attributes.GetArray(name))
            self.same(found[name], wanted if shape is None else wanted.reshape(shape), f"{what}: {name}")

    def same_frame(self, frame, data, what):
        about = data.GetFieldData()
        text = {}
        for i in range(about.GetNumberOfArrays()):
            array = about.GetAbstractArray(i)
            text[array.GetName()] = [array.GetValue(k) for k in range(array.GetNumberOfValues())]
        self.assertEqual(frame.time, text["TimeValue"][0], what)
        self.assertEqual(frame.step, text["step"][0], what)
        self.assertEqual(frame.state_hash, text["state_hash"][0], what)
        self.assertEqual(frame.voxel_size, text["voxel_size"][0], what)
        self.assertEqual(frame.category_names, text.get("category_names", []), what)
        self.assertEqual(frame.kind_names, text.get("kind_names", []), what)
        for name in text:
            if name.endswith("_unit"):
                self.assertEqual(frame.units[name[:-5]], text[name][0], what)
        if isinstance(frame, metavox_io.Fields):
            nx, ny, nz = (n - 1 for n in data.GetDimensions())
            self.assertEqual(frame.shape, (nz, ny, nx), what)
            self.same(frame.spacing, np.array(data.GetSpacing()), what)
            bounds = data.GetBounds()
            for a, middles in enumerate((frame.x, frame.y, frame.z)):
                half = frame.spacing[a] / 2
                self.assertAlmostEqual(middles[0] - half, bounds[2 * a], 6, what)
                self.assertAlmostEqual(middles[-1] + half, bounds[2 * a + 1], 6, what)
            self.same_arrays(frame, data.GetCellData(), what, (nz, ny, nx))
        else:
            self.same_arrays(frame, data.GetPointData(), what)
            self.same(frame.points, vtk_to_numpy(data.GetPoints().GetData()), what + ": points")
        if isinstance(frame, metavox_io.Vessels):
            self.same_arrays(frame.line_arrays, data.GetCellData(), what)
            self.assertEqual(len(frame.lines), data.GetNumberOfLines(), what)
            for i, line in enumerate(frame.lines):
                ids = vtk.vtkIdList()
                data.GetCellPoints(i, ids)
                self.assertEqual(list(line), [ids.GetId(k) for k in range(ids.GetNumberOfIds())], what)


class Frames(Equal):
    def test_equal_vtk_array_by_array(self):
        run = metavox_io.Run(RUN)
        for kind in FRAMES:
            series = run.series(kind)
            self.assertGreater(len(series), 2)
            self.assertEqual([day for day, _ in series], list(run.times))
            for i, (day, path) in enumerate(series):
                frame = getattr(run, kind if kind != "fields" else "frame")(i)
                self.assertAlmostEqual(frame.time, day, 12)
                self.same_frame(frame, by_vtk(kind, path), path)

    def test_last_and_nearest(self):
        run = metavox_io.Run(RUN)
        first, middle, last = run.times
        self.assertEqual(run.frame().time, last)
        self.assertEqual(run.frame(-3).time, first)
        self.assertEqual(run.cells(day=middle * 1.2).time, middle)
        self.assertEqual(run.vessels(day=1e9).time, last)
        for wrong in (3, -4):
            with self.assertRaisesRegex(IndexError, "3 frames of fields"):
                run.frame(wrong)

    def test_every_way_vtk_writes(self):
        """Encodings, compressors, byte orders, header widths, and blocks so small that there are many."""
        sources = {kind: by_vtk(kind, metavox_io.Run(RUN).series(kind)[-1][1]) for kind in FRAMES}
        sources["fields"].GetCellData().RemoveArray("kind")
        with tempfile.TemporaryDirectory() as folder:
            for kind, data in sources.items():
                for mode in ("appended raw", "appended base64", "binary", "ascii"):
                    for compressor in ("None", "ZLib", "LZ4"):
                        for big in (False, True):
                            writer = vtk.vtkXMLImageDataWriter() if kind == "fields" else vtk.vtkXMLPolyDataWriter()
                            path = os.path.join(folder, "again.vti" if kind == "fields" else "again.vtp")
                            writer.SetFileName(path)
                            writer.SetInputData(data)
                            getattr(writer, f"SetCompressorTypeTo{compressor}")()
                            getattr(writer, "SetDataModeTo" + mode.split()[0].capitalize())()
                            writer.SetEncodeAppendedData(mode.endswith("base64"))
                            writer.SetBlockSize(4096)
                            (writer.SetByteOrderToBigEndian if big else writer.SetByteOrderToLittleEndian)()
                            (writer.SetHeaderTypeToUInt32 if big else writer.SetHeaderTypeToUInt64)()
                            self.assertEqual(writer.Write(), 1)
                            what = f"{kind}, {mode}, {compressor}, {'big' if big else 'little'} endian"
                            frame = FRAMES[kind][0](path)
                            if mode != "ascii":
                                self.same_frame(frame, data, what)
                            else:  # decimals are rounded, so by VTK's reading of the same file
                                self.same_frame(frame, by_vtk(kind, path), what)

    def test_both_lz4_decoders(self):
        path = metavox_io.Run(RUN).series("fields")[-1][1]
        kept = metavox_io._lz4_fast
        self.addCleanup(setattr, metavox_io, "_lz4_fast", kept)
        found = []
        for function in (kept, None):
            metavox_io._lz4_fast = function
            found.append(everything(metavox_io.Fields(path)))
        for name in found[0]:
            self.same(found[-1][name], found[0][name], name)
        self.assertEqual(metavox_io._lz4_plain(b"\x1fa\x01\x00" + bytes([230]) + b"\x00", 250), b"a" * 250)  # longest length

    def test_traits_are_factors(self):
        cells = metavox_io.Run(RUN).cells()
        raw = cells["traits"]
        self.assertTrue(raw.any(), "no cell has mutated; the run tests nothing")
        for i in np.flatnonzero(raw)[:50]:
            for k in range(8):
                byte = (int(raw[i]) >> (8 * k)) & 255
                wanted = np.exp(0.02 * (byte - 256 if byte > 127 else byte))
                self.assertAlmostEqual(cells.traits[i, k], wanted, 12)

    def test_names_and_units(self):
        frame = metavox_io.Run(RUN).frame()
        self.assertEqual(frame.units["oxygen"], "mmHg")
        self.assertIn("oxygen", frame)
        with self.assertRaisesRegex(KeyError, "did you mean oxygen"):
            frame["oxigen"]
        with self.assertRaises(ValueError):
            frame["oxygen"][0, 0, 0] = 1  # a view of the file's content


class Tables(unittest.TestCase):
    def test_metrics(self):
        with open(os.path.join(RUN, "metrics.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        table = metavox_io.Run(RUN).metrics
        self.assertEqual(table.rows, len(rows) - 1)
        self.assertEqual(len(table), len(rows[0]))
        for i, (name, title) in enumerate(zip(table, rows[0])):
            unit = "" if table.units[name] == "1" else f" [{table.units[name]}]"
            self.assertEqual(name + unit, title)
            texts = [row[i] for row in rows[1:]]
            if name in ("hash", "preset"):
                self.assertEqual(list(table[name]), texts)
            else:
                self.assertEqual(table[name].dtype.kind, "i" if name == "step" else "f", name)
                self.assertEqual(list(table[name]), [float(t) for t in texts])
        self.assertEqual(table.units["oxygen_mean"], "mmHg")
        with self.assertRaisesRegex(KeyError, "oxygen_mean"):
            table["oxygen_maen"]

    def test_events(self):
        with open(os.path.join(RUN, "events.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        table = metavox_io.Run(RUN).events
        self.assertEqual(list(table), ["time", "event", "x", "y", "z", "detail"])
        self.assertGreater(table.rows, 3)
        self.assertEqual(list(table["event"]), [row["event"] for row in rows])
        self.assertEqual(list(table["detail"]), [row["detail"] for row in rows])
        self.assertEqual(list(table["y"]), [float(row["y [um]"]) for row in rows])

    def test_a_run_that_goes_on(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run")
            shutil.copytree(RUN, path)
            run = metavox_io.Run(path)
            rows = run.metrics.rows
            self.assertIs(run.metrics, run.metrics)
            metrics = os.path.join(path, "metrics.csv")
            last = content(metrics).splitlines(keepends=True)[-1]
            with open(metrics, "ab") as file:
                file.write(last)
            self.assertEqual(run.metrics.rows, rows + 1)

    def test_hashes_stay_text(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "t.csv")
            for text, wrong in (("hash,b [um]\n12e4567890123456,1\n1111111111111111,2\n", None), ("a,b\n1\n", ":2: damaged"),
                                ("", "empty"), ("time [day],b\nsoon,1\n", "not a number")):  # fmt: skip
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                if wrong:
                    with self.assertRaisesRegex(metavox_io.Error, wrong):
                        metavox_io.Table(path)
                else:
                    table = metavox_io.Table(path)
                    self.assertEqual(list(table["hash"]), ["12e4567890123456", "1111111111111111"])
                    self.assertEqual(list(table["b"]), [1.0, 2.0])

    def test_one_hash_everywhere(self):
        run = metavox_io.Run(RUN)
        told = subprocess.run([METAVOX, "hash", RUN], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        final = run.provenance["final_hash"]
        self.assertIn(final, told)
        for found in (run.frame().state_hash, run.cells().state_hash, run.vessels().state_hash, run.checkpoint().state_hash,
                      str(run.metrics["hash"][-1])):  # fmt: skip
            self.assertEqual(found, final)

    def test_needs_numpy_only(self):
        foreign = loaded - set(sys.stdlib_module_names) - {"metavox_io", "numpy", "mtrand"}
        self.assertFalse({n for n in foreign if not n.startswith("_")}, "metavox_io imports more than numpy")


class Checkpoints(Equal):
    @unittest.skipIf(h5py is None, "h5py is not installed")
    def test_equal_h5py_array_by_array(self):
        run = metavox_io.Run(RUN)
        self.assertGreater(len(run.checkpoints), 1)
        for path in run.checkpoints:
            found = metavox_io.Checkpoint(path)
            with h5py.File(path, "r") as file:
                wanted = {"state/" + n: d for n, d in file["state"].items()}
                self.assertEqual(set(found), set(wanted) | {"resolved.yaml"})
                self.assertEqual(found.resolved, file["resolved.yaml"][()].decode())
                for name, dataset in wanted.items():
                    self.same(found[name], dataset[()], name)
                    self.assertEqual(found.units[name], dataset.attrs["unit"].decode() or "1")
                    self.assertEqual(found.meanings[name], dataset.attrs["meaning"].decode())
                self.assertEqual(set(found.attributes), set(file.attrs))
                for name, value in file.attrs.items():
                    value = value.decode() if isinstance(value, bytes) else value
                    self.assertTrue(np.array_equal(found.attributes[name], value), name)

    def test_equal_the_frame_of_the_same_step(self):
        run = metavox_io.Run(RUN)
        checkpoint, frame = run.checkpoint(), run.frame()
        self.assertEqual(checkpoint.step, frame.step)
        self.assertAlmostEqual(checkpoint.time, frame.time, 12)
        shared = [name for name in frame if "state/" + name in checkpoint]
        self.assertGreater(len(shared), 6)
        for name in shared:
            self.same(checkpoint["state/" + name], frame[name], name)
            self.same(checkpoint[name], frame[name], name)
        with open(os.path.join(RUN, "resolved.yaml"), encoding="utf-8") as file:
            self.assertEqual(checkpoint.resolved, file.read())
        with self.assertRaisesRegex(KeyError, "did you mean state/oxygen"):
            checkpoint["state/oxigen"]
        with self.assertRaisesRegex(IndexError, "there are 2 checkpoints"):
            run.checkpoint(2)


class Damage(unittest.TestCase):
    """A file that is cut or altered gives an Error that names it, never a crash; a checkpoint never gives other values."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.run_path = os.path.join(self.folder, "run")
        shutil.copytree(RUN, self.run_path)
        self.run_ = metavox_io.Run(self.run_path)
        self.random = random.Random(1)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def files(self):
        return {kind: self.run_.series(kind)[-1][1] for kind in FRAMES}

    def test_cut_frames(self):
        for kind, path in self.files().items():
            whole = content(path)
            for end in [0, 1, 100, 4000, 5000, len(whole) // 2, len(whole) - 20, len(whole) - 3]:
                with open(path, "wb") as file:
                    file.write(whole[:end])
                with self.assertRaisesRegex(metavox_io.Error, os.path.basename(path) + ".*cut short"):
                    everything(FRAMES[kind][0](path))

    def test_a_hole_in_frames(self):
        """The end is there, something in the middle is not."""
        for kind, path in self.files().items():
            whole = content(path)
            at = whole.index(b"<AppendedData")
            tag = whole.index(b"<DataArray")  # elsewhere a header may be blank
            for begin, end in ((tag + 5, tag + 45), (at + 3000, len(whole) - 200), (at + 20, len(whole) - 40)):
                with open(path, "wb") as file:
                    file.write(whole[:begin] + whole[end:])
                with self.assertRaisesRegex(metavox_io.Error, os.path.basename(path)):
                    everything(FRAMES[kind][0](path))

    def test_altered_frames(self):
        errors = 0
        for kind, path in self.files().items():
            whole = content(path)
            at = whole.index(b"<AppendedData")
            header = len(whole[:at].rstrip())
            for trial in range(120):
                place = self.random.randrange(header) if trial % 2 else self.random.randrange(at, len(whole))
                data = bytearray(whole)
                data[place] ^= 1 << self.random.randrange(8)
                with open(path, "wb") as file:
                    file.write(data)
                try:
                    everything(FRAMES[kind][0](path))
                except metavox_io.Error as error:
                    self.assertIn(os.path.basename(path), str(error))
                    errors += 1
                except KeyError:  # the name of an array was hit
                    self.assertLess(place, header)
        self.assertGreater(errors, 60)

    def test_altered_checkpoints(self):
        path = self.run_.checkpoints[-1]
        whole = content(path)
        wanted = {name: values if isinstance(values, str) else values.tobytes() for name, values in metavox_io.Checkpoint(path).items()}
        wrong = 0
        for trial in range(300):
            # Half of the hits where HDF5 keeps its structure, the rest anywhere.
            place = self.random.randrange(512, 60000) if trial % 2 else self.random.randrange(len(whole))
            data = bytearray(whole)
            data[place] ^= 1 << self.random.randrange(8)
            with open(path, "wb") as file:
                file.write(data)
            try:
                checkpoint = metavox_io.Checkpoint(path)
                for name in checkpoint:
                    value = checkpoint[name]
                    if name in wanted:
                        self.assertEqual(value if isinstance(value, str) else value.tobytes(), wanted[name])
            except metavox_io.Error as error:
                self.assertIn(os.path.basename(path), str(error))
                wrong += 1
        self.assertGreater(wrong, 100)

    def test_altered_heads_of_checkpoints(self):
        """Step, time and hash are taken from the text in front."""
        path = self.run_.checkpoints[-1]
        whole = content(path)
        text = len(whole[:512].split(b"version")[0])
        for place in [*range(0, text, 3), 300, 500, 511]:
            with open(path, "wb") as file:
                file.write(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with self.assertRaises(metavox_io.Error, msg=f"byte {place}"):
                metavox_io.Checkpoint(path)

    def test_cut_checkpoints(self):
        path = self.run_.checkpoints[-1]
        whole = content(path)
        for end, words in ((0, "empty"), (7, "not a checkpoint"), (300, "truncated"), (512, "truncated"), (len(whole) - 1, "truncated")):
            with open(path, "wb") as file:
                file.write(whole[:end])
            with self.assertRaisesRegex(metavox_io.Error, words):
                metavox_io.Checkpoint(path)
        with open(path, "wb") as file:
            file.write(whole + b"x")
        with self.assertRaisesRegex(metavox_io.Error, "damaged"):
            metavox_io.Checkpoint(path)

    def test_missing(self):
        with self.assertRaisesRegex(metavox_io.Error, "no such folder"):
            metavox_io.Run(os.path.join(self.folder, "nothing"))
        with self.assertRaisesRegex(metavox_io.Error, "not a run folder"):
            metavox_io.Run(self.folder)
        os.remove(self.files()["cells"])
        with self.assertRaisesRegex(metavox_io.Error, "cells_.*No such file"):
            self.run_.cells()
        os.remove(os.path.join(self.run_path, "metrics.csv"))
        with self.assertRaisesRegex(metavox_io.Error, "metrics.csv: No such file"):
            self.run_.metrics
        with open(os.path.join(self.run_path, "fields.pvd"), "w", encoding="utf-8") as file:
            file.write("<VTKFile><Collection><DataSet/></Collection></VTKFile>")
        with self.assertRaisesRegex(metavox_io.Error, "fields.pvd: damaged"):
            self.run_.frame()
        with open(os.path.join(self.run_path, "provenance.json"), "w", encoding="utf-8") as file:
            file.write("{")
        with self.assertRaisesRegex(metavox_io.Error, "provenance.json: damaged"):
            self.run_.provenance

    def test_verify(self):
        self.assertEqual(self.run_.verify(), [])
        name = "frames/" + os.path.basename(self.files()["fields"])
        with open(os.path.join(self.run_path, name), "r+b") as file:
            file.seek(5000)
            byte = file.read(1)[0]
            file.seek(5000)
            file.write(bytes([byte ^ 4]))
        os.remove(os.path.join(self.run_path, "events.csv"))
        wrong = self.run_.verify()
        self.assertEqual(len(wrong), 2)
        self.assertIn("events.csv: missing", wrong)
        self.assertTrue(any(w.startswith(name) for w in wrong))

    def test_as_a_program(self):
        def call(*arguments):
            command = [sys.executable, metavox_io.__file__, *arguments]
            return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)

        result = call(self.run_path, "--verify")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        run, frame = self.run_, self.run_.frame()
        for words in (run.provenance["final_hash"], "3 frames", f"{frame['oxygen'].max():.6g}", "every file matches",
                      f"{int((run.events['event'] == 'sprout').sum())} sprout"):  # fmt: skip
            self.assertIn(words, result.stdout)
        reader, writer = os.pipe()
        os.close(reader)  # as `head` does when it has its lines
        command = [sys.executable, metavox_io.__file__, self.run_path]
        early = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
        os.close(writer)
        self.assertEqual((early.returncode, early.stderr), (0, ""))
        os.remove(self.files()["vessels"])
        result = call(self.run_path, "--verify")
        self.assertEqual(result.returncode, 1)
        self.assertIn(": missing", result.stdout)
        result = call(self.folder)
        self.assertEqual(result.returncode, 3)
        self.assertIn("not a run folder", result.stderr)
        self.assertNotIn("Traceback", result.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    RUN, METAVOX = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
