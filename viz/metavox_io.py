#!/usr/bin/env python3
"""Reads what metavox writes: frames, tables, provenance and checkpoints. Needs numpy and nothing else.

    import metavox_io
    run = metavox_io.Run("runs/first")
    run.times                               # days of the frames
    run.metrics["oxygen_mean"]              # a column of metrics.csv; run.metrics.units["oxygen_mean"] is 'mmHg'
    run.events["event"], run.events["time"]
    frame = run.frame(-1)                   # the last one; run.frame(day=3) is the one nearest to day 3
    frame["oxygen"]                         # [z, y, x]; frame.units["oxygen"], frame.spacing
    run.cells(-1)["phase"]                  # a value per cell; run.cells(-1).points says where the cells are
    run.vessels(-1).lines                   # poly-lines, as indices of run.vessels(-1).points
    run.checkpoint()["state/oxygen"]        # [z, y, x], every bit of the state

As a program it tells what is in a run folder, and with --verify compares every file with its checksum:

    python3 metavox_io.py runs/first [--verify]

Times are days and lengths um from the corner of the box, unless said otherwise. Arrays are read when they are asked
for, and read-only. docs/output.md says what each array and column means.
"""

import argparse
import base64
import collections.abc
import contextlib
import csv
import ctypes
import difflib
import json
import math
import os
import re
import struct
import sys
import xml.etree.ElementTree as xml
import zlib

import numpy as np


class Error(Exception):
    """A file that is missing, damaged or not what it should be. The text names the file."""


def _lookup(mapping, name, what):
    try:
        return mapping[name]
    except KeyError:
        near = difflib.get_close_matches(str(name), mapping, 3, 0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(mapping)}"
        raise KeyError(f"{what} has no '{name}'; {advice}") from None


@contextlib.contextmanager
def _guarded(path):
    """Turns what parsing bytes without sense raises into an Error."""
    try:
        yield
    except (struct.error, ValueError, IndexError, RecursionError, AttributeError, TypeError) as error:
        raise Error(f"{path}: damaged: its structure makes no sense ({error})") from None


def _open(path):
    try:
        return open(path, "rb")
    except OSError as error:
        raise Error(f"{path}: {error.strerror}") from None


def _read_text(path):
    with _open(path) as file:
        try:
            return file.read().decode("utf-8")
        except UnicodeDecodeError:
            raise Error(f"{path}: damaged: this is not text") from None


# ---- tables ---------------------------------------------------------------------------------------------------------


class Table(collections.abc.Mapping):
    """Columns of a .csv file by name, without their units: arrays of one length. `units` has the units ('1' where there
    is none), `names` the names in order, `rows` the length. Numbers are float64, `step` int64, hashes and words text."""

    def __init__(self, path):
        self.path = str(path)
        lines = list(csv.reader(_read_text(path).splitlines()))
        if not lines or not lines[0]:
            raise Error(f"{path}: empty; a table begins with the names of its columns")
        self.names, self.units = [], {}
        for title in lines[0]:
            name, unit = re.fullmatch(r"\s*(.*?)\s*(?:\[(.*)\])?\s*", title).groups()
            self.names.append(name)
            self.units[name] = unit or "1"
        for number, line in enumerate(lines[1:], 2):
            if len(line) != len(self.names):
                raise Error(f"{path}:{number}: damaged: {len(line)} values for {len(self.names)} columns")
        self.rows = len(lines) - 1
        self._columns = {name: self._column(name, [line[i] for line in lines[1:]]) for i, name in enumerate(self.names)}

    def _column(self, name, values):
        # A hash such as 12e4567890123456 would pass for a number.
        if name.endswith("hash") or name in ("event", "detail"):
            return np.array(values, dtype=str)
        try:
            return np.array(values, dtype=np.int64 if name == "step" else np.float64)
        except ValueError:
            if name in ("step", "time"):
                raise Error(f"{self.path}: damaged: '{name}' holds something that is not a number") from None
            return np.array(values, dtype=str)

    def __getitem__(self, name):
        return _lookup(self._columns, name, self.path)

    def __iter__(self):
        return iter(self.names)

    def __len__(self):
        return len(self.names)


# ---- compressed blocks ----------------------------------------------------------------------------------------------


def _lz4_library():
    """The system's LZ4 if there is one: a hundred times faster than what follows, with the same result."""
    for name in ("liblz4.so.1", "liblz4.1.dylib", "liblz4.dll"):
        try:
            function = ctypes.CDLL(name).LZ4_decompress_safe
        except (OSError, AttributeError):
            continue
        function.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
        function.restype = ctypes.c_int
        return function
    return None


_lz4_fast = _lz4_library()


def _lz4_plain(block, size):
    """LZ4 block format: literals, then a copy of what lies `offset` bytes back, and so on; the last part has no copy."""
    out, at, i = bytearray(size), 0, 0

    def extended(length, i):
        while True:
            more = block[i]
            i += 1
            length += more
            if more != 255:
                return length, i

    while True:
        token = block[i]
        i += 1
        length = token >> 4
        if length == 15:
            length, i = extended(length, i)
        if i + length > len(block) or at + length > size:
            raise ValueError
        out[at : at + length] = block[i : i + length]
        i += length
        at += length
        if i == len(block):
            break
        offset = block[i] | block[i + 1] << 8
        i += 2
        length = (token & 15) + 4
        if length == 19:
            length, i = extended(length, i)
        if not 0 < offset <= at or at + length > size:
            raise ValueError
        if offset >= length:
            out[at : at + length] = out[at - offset : at - offset + length]
        else:  # the copy overlaps itself: a pattern repeats
            out[at : at + length] = (out[at - offset : at] * (length // offset + 1))[:length]
        at += length
    if at != size:
        raise ValueError
    return bytes(out)


def _unlz4(block, size):
    if size > 255 * len(block) + 64:  # no block of LZ4 holds so much
        raise ValueError
    if _lz4_fast is None:
        return _lz4_plain(block, size)
    out = ctypes.create_string_buffer(size)
    if _lz4_fast(block, out, len(block), size) != size:
        raise ValueError
    return out.raw


def _unzlib(block, size):
    data = zlib.decompress(block)
    if len(data) != size:
        raise ValueError
    return data


_COMPRESSORS = {None: None, "": None, "vtkLZ4DataCompressor": _unlz4, "vtkZLibDataCompressor": _unzlib}

# ---- VTK XML --------------------------------------------------------------------------------------------------------

_TYPES = {"Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4", "Int64": "i8",
          "UInt64": "u8", "Float32": "f4", "Float64": "f8"}  # fmt: skip


class _VtkFile:
    """A VTK XML file: the tree of its tags, and the content of an array's tag."""

    def __init__(self, path, kind):
        self.path = str(path)
        with _open(path) as file:
            self.size = file.seek(0, os.SEEK_END)
            file.seek(max(0, self.size - 64))
            if not file.read().rstrip().endswith(b"</VTKFile>"):
                raise Error(f"{path}: the file is cut short; its last word must be </VTKFile>")
            file.seek(0)
            head = b""
            while b"<AppendedData" not in head:  # which holds what no XML parser may see
                more = file.read(1 << 16)
                if not more:
                    break
                head += more
            tag = re.search(rb"<AppendedData[^>]*>\s*_", head) or re.search(rb"<AppendedData[^>]*>\s*_", head + file.read(4096))
        text = head if tag is None else head[: tag.start()] + b"</VTKFile>"
        try:
            self.root = xml.fromstring(text)
        except xml.ParseError as error:
            raise Error(f"{path}: damaged: {error}") from None
        self.data = None if tag is None else tag.end()
        self.base64 = tag is not None and b"base64" in tag.group()
        if self.root.tag != "VTKFile" or self.root.get("type") != kind:
            raise Error(f"{path}: a VTK XML file of type {kind} is wanted, this is {self.root.get('type')}")
        order = "<" if self.root.get("byte_order") == "LittleEndian" else ">"
        self.order, self.header = order, np.dtype(order + _TYPES[self.root.get("header_type", "UInt32")])
        if self.root.get("compressor") not in _COMPRESSORS:
            raise Error(f"{path}: compressed by {self.root.get('compressor')}; this reads LZ4, ZLib and none")
        self.unpack = _COMPRESSORS[self.root.get("compressor")]

    def tag(self, *names):
        found = self.root.find("/".join(names))
        if found is None:
            raise Error(f"{self.path}: damaged: no <{names[-1]}>")
        return found

    def array(self, tag, tuples=None):
        """The values of an array's tag, [tuples] or [tuples, components]; strings as a list."""
        name, kind = tag.get("Name"), tag.get("type")
        if kind != "String" and kind not in _TYPES:
            raise Error(f"{self.path}: array '{name}' is of the unknown type {kind}")
        dtype = np.dtype("i1" if kind == "String" else self.order + _TYPES[kind])
        try:
            if tag.get("format") == "ascii":
                words = (tag.text or "").split()
                values = np.array([int(w) if dtype.kind in "iu" else float(w) for w in words], dtype=dtype)
            else:
                data = self._bytes(tag)
                values = np.frombuffer(data, dtype=dtype)
        except (ValueError, IndexError, TypeError, OverflowError, zlib.error):
            raise Error(f"{self.path}: damaged: array '{name}' cannot be unpacked") from None
        if kind == "String":
            return [word.decode("utf-8", "replace") for word in values.tobytes().split(b"\0")[:-1]]
        with _guarded(self.path):
            components = int(tag.get("NumberOfComponents", "1"))
        if components < 1 or len(values) % components or (tuples is not None and len(values) != tuples * components):
            raise Error(f"{self.path}: damaged: array '{name}' has {len(values)} values, not {tuples} x {components}")
        if not values.dtype.isnative:
            values = values.astype(dtype.newbyteorder("="))
        values.flags.writeable = False
        return values if components == 1 else values.reshape(-1, components)

    def _bytes(self, tag):
        if tag.get("format") == "appended":
            if self.data is None:
                raise ValueError
            offset = int(tag.get("offset"))
            if self.base64:
                with _open(self.path) as file:
                    file.seek(self.data)
                    text = file.read()
                ends = [int(t.get("offset")) for t in self.root.iter() if t.get("offset")] + [text.rindex(b"</AppendedData>")]
                return self._unpacked(_Memory(text[offset : min(e for e in ends if e > offset)]))
            with _open(self.path) as file:
                file.seek(self.data + offset)
                return self._unpacked(file)
        return self._unpacked(_Memory((tag.text or "").encode()))

    def _unpacked(self, stream):
        def numbers(count):
            return [int(n) for n in np.frombuffer(self._exactly(stream, count * self.header.itemsize), self.header)]

        if self.unpack is None:
            return self._exactly(stream, numbers(1)[0])
        (blocks,) = numbers(1)
        full, last = numbers(2)
        if blocks > self.size:
            raise ValueError
        sizes = numbers(blocks)
        wanted = [full] * (blocks - (last > 0)) + ([last] if last > 0 and blocks > 0 else [])
        return b"".join(self.unpack(self._exactly(stream, packed), size) for packed, size in zip(sizes, wanted))

    def _exactly(self, stream, count):
        if count > self.size:
            raise ValueError
        data = stream.read(count)
        if len(data) != count:
            raise ValueError
        return data


class _Memory:
    """Base64 text as a stream of bytes. Several pieces, each with its own padding, may follow one another."""

    def __init__(self, text):
        self.bytes, self.at = b"".join(base64.b64decode(t) for t in re.findall(rb"[^=]+=*", b"".join(text.split()))), 0

    def read(self, count):
        self.at += count
        return self.bytes[self.at - count : self.at]


class _Arrays(collections.abc.Mapping):
    """Arrays of a file by name, each read when it is asked for, then kept."""

    def __init__(self, file, section, what, shape):
        self._file, self._what, self._shape, self._kept = file, what, shape, {}
        self._tags = {tag.get("Name"): tag for tag in section}
        if None in self._tags:
            raise Error(f"{file.path}: damaged: an array without name")

    def __getitem__(self, name):
        tag = _lookup(self._tags, name, f"{self._file.path} ({self._what})")
        if name not in self._kept:
            values = self._file.array(tag, math.prod(self._shape))
            self._kept[name] = values.reshape(self._shape + values.shape[1:])
        return self._kept[name]

    def __iter__(self):
        return iter(self._tags)

    def __len__(self):
        return len(self._tags)


class _Frame(collections.abc.Mapping):
    """What frames of fields, cells and vessels have in common: `time` (days), `step`, `state_hash`, `voxel_size` (um),
    `units` by array, `category_names` and `kind_names` by code of `cell_state` and `kind`; frame[NAME] is an array."""

    _type = None

    def __init__(self, path):
        self.path = str(path)
        with _guarded(path):
            self._load()

    def _load(self):
        path = self.path
        self._file = _VtkFile(path, self._type)
        about = {t.get("Name"): t for t in self._file.tag(self._type, "FieldData")}

        def value(name):
            if name not in about:
                raise Error(f"{path}: no '{name}'; was this file written by metavox?")
            values = self._file.array(about[name])
            if len(values) == 0:
                raise Error(f"{path}: damaged: '{name}' is empty")
            return values[0]

        self.time, self.step = float(value("TimeValue")), int(value("step"))
        self.state_hash, self.voxel_size = value("state_hash"), float(value("voxel_size"))
        self.units = {n[:-5]: value(n) for n in about if n.endswith("_unit")}
        self.category_names = self._file.array(about["category_names"]) if "category_names" in about else []
        self.kind_names = self._file.array(about["kind_names"]) if "kind_names" in about else []
        self._read()

    def _piece(self, *names):
        return self._file.tag(self._type, "Piece", *names)

    def _count(self, what):
        with _guarded(self.path):
            return int(self._piece().get(what, "0"))

    def __getitem__(self, name):
        return self._main[name]

    def __iter__(self):
        return iter(self._main)

    def __len__(self):
        return len(self._main)


class Fields(_Frame):
    """A frame of voxels: frame[NAME] is [z, y, x]. `shape` of these arrays; `spacing` and `origin` (um; x, y, z) of the
    voxels and of the box's corner; `x`, `y`, `z`: where the middles of the voxels are (um)."""

    _type = "ImageData"

    def _read(self):
        image = self._file.tag(self._type)
        extent = [int(n) for n in self._piece().get("Extent").split()]
        self.shape = (extent[5] - extent[4], extent[3] - extent[2], extent[1] - extent[0])
        if min(self.shape) < 0:
            raise Error(f"{self.path}: damaged: an extent of {extent}")
        self.spacing = np.array([float(n) for n in image.get("Spacing").split()])
        self.origin = np.array([float(n) for n in image.get("Origin").split()]) + self.spacing * extent[0:6:2]
        self.x, self.y, self.z = (
            self.origin[a] + self.spacing[a] * (np.arange(self.shape[2 - a]) + 0.5) for a in range(3)
        )  # fmt: skip
        self._main = _Arrays(self._file, self._piece("CellData"), "voxels", self.shape)


class _Points(_Frame):
    _type = "PolyData"

    def _read(self):
        self._main = _Arrays(self._file, self._piece("PointData"), "points", (self._count("NumberOfPoints"),))

    @property
    def points(self):
        """Where the points are: [points, 3], um; x, y, z."""
        tags = list(self._piece("Points"))
        if not tags:
            raise Error(f"{self.path}: damaged: no positions")
        return self._file.array(tags[0], self._count("NumberOfPoints"))


TRAITS = ("cycle time", "oxygen use", "proteinase", "adhesion", "hypoxia tolerance", "drug resistance", "immunogenicity",
          "VEGF")  # fmt: skip


class Cells(_Points):
    """A frame of cells: cells[NAME] has a value per cell, `points` is [cells, 3] (um). Those that stand in their voxel come first;
    cells["second"] is 1 for the others."""

    @property
    def traits(self):
        """Heritable traits, [cells, 8], as factors of the population's value; their names are in TRAITS."""
        values = np.ascontiguousarray(self["traits"]).view(np.int8).reshape(-1, 8)
        if sys.byteorder == "big":
            values = values[:, ::-1]
        return np.exp(0.02 * values)


class Vessels(_Points):
    """A frame of vessels: `points` is [points, 3] (um) and vessels[NAME] has a value per point. Each line has points of
    its own, in the direction of the blood. `lines`: for each line the indices of its points; `line_arrays[NAME]` has a
    value per line."""

    def _read(self):
        super()._read()
        self.line_arrays = _Arrays(self._file, self._piece("CellData"), "lines", (self._count("NumberOfLines"),))

    @property
    def lines(self):
        """A list with an array of indices into the points for each line."""
        tags = {t.get("Name"): t for t in self._piece("Lines")}
        try:
            order = self._file.array(tags["connectivity"])
            ends = self._file.array(tags["offsets"], self._count("NumberOfLines"))
        except KeyError:
            raise Error(f"{self.path}: damaged: no lines") from None
        points = self._count("NumberOfPoints")
        if len(ends) and (ends[0] < 0 or (np.diff(ends) < 0).any() or ends[-1] != len(order)):
            raise Error(f"{self.path}: damaged: lines end where they should not")
        if len(order) and not (0 <= order.min() and order.max() < points):
            raise Error(f"{self.path}: damaged: a line refers to a point that does not exist")
        return np.split(order, ends[:-1]) if len(ends) else []


Window = collections.namedtuple("Window", "number lesion name corner edge")


class Body(Vessels):
    """A frame of a body: the points and lines of all windows that are open, side by side (um). body["window"], ["organ"], ["origin"] tell
    whose a point is, body["cell_state"] what: 11 vessels, 0 edges of the boxes, all others cells. `windows`: of each open one its number,
    lesion (-1: none), name, and where its box stands; `organ_names` and `origin_names` by code."""

    def _read(self):
        super()._read()
        about = {t.get("Name"): t for t in self._file.tag(self._type, "FieldData")}
        try:
            columns = [self._file.array(about["window_" + name]) for name in Window._fields]
            self.organ_names, self.origin_names = (self._file.array(about[name]) for name in ("organ_names", "origin_names"))
        except KeyError as name:
            raise Error(f"{self.path}: no {name}; this is no frame of a body") from None
        number, lesion, names, corner, edge = columns
        # A single tuple of three is still a row.
        corner, edge = (np.reshape(a, (-1, 3)) for a in (corner, edge))
        self.windows = [Window(int(number[k]), int(lesion[k]), names[k], corner[k], edge[k]) for k in range(len(names))]


# ---- checkpoints ----------------------------------------------------------------------------------------------------


class _Hdf5:
    """As much of the HDF5 format as metavox's checkpoints use: superblock 0 or 1, groups with symbol tables, contiguous
    datasets of numbers or text. Format: 'HDF5 File Format Specification', versions 1 to 3."""

    def __init__(self, path, file, base):
        self.path, self.file, self.base = path, file, base
        self.end = file.seek(0, os.SEEK_END)
        start = self.read(0, 96, absolute=True)
        if start[:8] != b"\x89HDF\r\n\x1a\n":
            raise Error(f"{path}: damaged: no HDF5 signature behind the header")
        if start[8] > 1 or start[13] != 8 or start[14] != 8:
            raise Error(f"{path}: written with HDF5's superblock {start[8]}, this reads 0 and 1; open it with h5py")
        at = 24 if start[8] == 0 else 28
        self.base = struct.unpack_from("<Q", start, at)[0]
        self.root = struct.unpack_from("<Q", start, at + 40)[0]

    def read(self, at, count, absolute=False):
        at += self.base
        if at + count > self.end:
            raise Error(f"{self.path}: damaged: it refers to a place behind its end")
        self.file.seek(at)
        return self.file.read(count)

    def messages(self, header):
        """(type, content) of the messages of an object."""
        version, _, count, _, size = struct.unpack("<BBHII", self.read(header, 12))
        if version != 1:
            raise Error(f"{self.path}: an HDF5 object header this does not know; open the file with h5py")
        blocks, found = [(header + 16, size)], []
        while blocks:
            at, size = blocks.pop(0)
            block, i = self.read(at, size), 0
            while i + 8 <= size and len(found) < count:
                kind, length, flags = struct.unpack_from("<HHB", block, i)
                body = block[i + 8 : i + 8 + length]
                i += 8 + length
                if flags & 2:
                    raise Error(f"{self.path}: HDF5 shares a message, which this does not read; open the file with h5py")
                found.append((kind, body))
                if kind == 0x10:
                    blocks.append(struct.unpack_from("<QQ", body))
                    if len(blocks) > 1000:
                        raise Error(f"{self.path}: damaged: an object without end")
        return found

    def links(self, header):
        """{name: address of the object} of a group."""
        for kind, body in self.messages(header):
            if kind == 0x11:
                tree, heap = struct.unpack_from("<QQ", body)
                if self.read(heap, 4) != b"HEAP":
                    raise Error(f"{self.path}: damaged: a group without names")
                size, _, names = struct.unpack("<QQQ", self.read(heap + 8, 24))
                return dict(self._symbols(tree, self.read(names, size), 0))
        raise Error(f"{self.path}: a group in a form this does not know; open the file with h5py")

    def _symbols(self, node, names, depth):
        magic = self.read(node, 4)
        if magic == b"TREE" and depth < 8:
            (used,) = struct.unpack("<H", self.read(node + 6, 2))
            keys = self.read(node + 24, used * 16 + 8)
            for i in range(used):
                yield from self._symbols(struct.unpack_from("<Q", keys, 8 + 16 * i)[0], names, depth + 1)
        elif magic == b"SNOD":
            (used,) = struct.unpack("<H", self.read(node + 6, 2))
            entries = self.read(node + 8, used * 40)
            for i in range(used):
                name, header = struct.unpack_from("<QQ", entries, 40 * i)
                if name >= len(names):
                    raise Error(f"{self.path}: damaged: an object without name")
                yield names[name : names.index(b"\0", name)].decode(), header
        else:
            raise Error(f"{self.path}: damaged: a group without entries")

    def type(self, body):
        """numpy's type for a datatype message."""
        kind, bits, size = body[0] & 15, body[1], struct.unpack_from("<I", body, 4)[0]
        order = ">" if bits & 1 else "<"
        if kind == 3:
            return np.dtype(("S", size))
        if kind == 0 and size in (1, 2, 4, 8):
            return np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}")
        if kind == 1 and size in (4, 8):
            return np.dtype(f"{order}f{size}")
        raise Error(f"{self.path}: an HDF5 type this does not know; open the file with h5py")

    def extents(self, body):
        version, axes = body[0], body[1]
        return struct.unpack_from(f"<{axes}Q", body, 8 if version == 1 else 4)

    def attributes(self, header):
        """{name: value}: numbers, arrays or text."""
        found = {}
        for kind, body in self.messages(header):
            if kind != 0x0C:
                continue
            version, _, *sizes = struct.unpack_from("<BBHHH", body)
            at, parts = 9 if version == 3 else 8, []
            for size in sizes:
                parts.append(body[at : at + size])
                at += (size + 7) // 8 * 8 if version == 1 else size
            name, dtype, shape = parts[0].split(b"\0")[0].decode(), self.type(parts[1]), self.extents(parts[2])
            values = np.frombuffer(body, dtype, math.prod(shape), at).reshape(shape)
            text = dtype.kind == "S"
            found[name] = values.item().decode() if text and not shape else values.item() if not shape else values.copy()
        return found

    def dataset(self, header):
        """The values of a dataset and their bytes as they are in the file."""
        parts = dict(self.messages(header))
        try:
            dtype, shape, layout = self.type(parts[3]), self.extents(parts[1]), parts[8]
        except KeyError:
            raise Error(f"{self.path}: damaged: a dataset without type, shape or place") from None
        if layout[0] != 3 or layout[1] != 1:
            raise Error(f"{self.path}: a dataset that is not in one piece; open the file with h5py")
        place, size = struct.unpack_from("<QQ", layout, 2)
        if size != math.prod(shape) * dtype.itemsize:
            raise Error(f"{self.path}: damaged: a dataset of {size} bytes for {math.prod(shape)} values")
        data = self.read(place, size) if size else b""
        return np.frombuffer(data, dtype).reshape(shape), data


class Checkpoint(collections.abc.Mapping):
    """The whole state at one step: checkpoint["state/NAME"] (or just NAME) as it is stored, [z, y, x] for arrays of the
    lattice and [1, 1, n] for lists; `units` and `meanings` by name; `resolved`: the settings (YAML); `attributes` of the
    file; `time` (days), `step`, `state_hash`. Checksums are compared whenever something is read."""

    _head = 512

    def __init__(self, path):
        self.path = str(path)
        with _open(path) as file:
            head = file.read(self._head)
            if not head.startswith(b"metavox checkpoint\n"):
                raise Error(f"{path}: {'the file is empty' if not head else 'this is not a checkpoint of metavox'}")
            if len(head) < self._head:
                raise Error(f"{path}: truncated after {len(head)} bytes")
            if head[-14:] != b"head %08x\n" % zlib.crc32(head[:-14]):
                raise Error(f"{path}: damaged: its header does not match its own checksum")
            said = dict(line.split(" ", 1) for line in head.decode("ascii", "replace").splitlines()[1:] if " " in line.strip())
            size = file.seek(0, os.SEEK_END)
            if said["format"] != "1":
                raise Error(f"{path}: format {said['format']}, but this reads format 1")
            if size != int(said["bytes"]):
                what = "truncated" if size < int(said["bytes"]) else "damaged"
                raise Error(f"{path}: {what}: {size} bytes, should be {said['bytes']}")
            self.step, self.state_hash, self.time = int(said["step"]), said["hash"], float(said["time"]) / 1440
            with _guarded(path):
                h5 = _Hdf5(self.path, file, self._head)
                top = h5.links(h5.root)
                self.attributes = h5.attributes(h5.root)
                if "state" not in top or "resolved.yaml" not in top:
                    raise Error(f"{path}: damaged: no state or no settings")
                self._where = {"resolved.yaml": top["resolved.yaml"]}
                self._where.update({"state/" + n: a for n, a in h5.links(top["state"]).items()})
                self._about = {n: h5.attributes(a) for n, a in self._where.items()}
        if self.attributes.get("state_hash") != self.state_hash:
            raise Error(f"{path}: damaged: its header and its content disagree")
        self._about = dict(sorted(self._about.items(), key=lambda item: item[1].get("order", -1)))
        self.units = {n: a.get("unit", "1") or "1" for n, a in self._about.items()}
        self.meanings = {n: a.get("meaning", "") for n, a in self._about.items()}

    def __getitem__(self, name):
        if "state/" + str(name) in self._where:
            name = "state/" + name
        header = _lookup(self._where, name, self.path)
        with _open(self.path) as file, _guarded(self.path):
            values, data = _Hdf5(self.path, file, self._head).dataset(header)
        if zlib.crc32(data) != self._about[name].get("crc32"):
            raise Error(f"{self.path}: damaged: '{name}' does not match its checksum")
        return values if values.dtype.kind != "S" else values.item().decode()

    def __iter__(self):
        return iter(self._about)

    def __len__(self):
        return len(self._about)

    @property
    def resolved(self):
        """The settings, as text (YAML)."""
        return self["resolved.yaml"]


# ---- a run ----------------------------------------------------------------------------------------------------------


class Run:
    """A run folder. Everything is read when it is asked for; a run that is still going on can be read as well."""

    def __init__(self, path):
        self.path = str(path)
        if not os.path.isdir(path):
            raise Error(f"{path}: there is no such folder")
        if not os.path.exists(os.path.join(path, "provenance.json")):
            raise Error(f"{path}: not a run folder: it has no provenance.json")
        self._kept = {}

    def _table(self, name):
        """A table, read again where its file has grown."""
        path = os.path.join(self.path, name)
        try:
            state = os.stat(path)
        except OSError as error:
            raise Error(f"{path}: {error.strerror}") from None
        key = (state.st_mtime_ns, state.st_size)
        if self._kept.get(name, (None,))[0] != key:
            self._kept[name] = (key, Table(path))
        return self._kept[name][1]

    def table(self, name):
        """A Table by its file's name: of a body "body.csv", "cascade.csv", "founders.csv", "lineage.csv" ..."""
        return self._table(name)

    @property
    def metrics(self):
        """metrics.csv: a Table with a row per report."""
        return self._table("metrics.csv")

    @property
    def events(self):
        """events.csv: a Table with columns time (day), event, x, y, z (um), detail."""
        return self._table("events.csv")

    @property
    def departures(self):
        """departures.csv, where cells leave by the vessels: a Table with a row for each that did."""
        return self._table("departures.csv")

    @property
    def provenance(self):
        """provenance.json: a dict with version, commit, seed, back end, exit reason, final hash ..."""
        path = os.path.join(self.path, "provenance.json")
        try:
            return json.loads(_read_text(path))
        except ValueError as error:
            raise Error(f"{path}: damaged: {error}") from None

    @property
    def resolved(self):
        """Every setting with its unit, as text (YAML)."""
        return _read_text(os.path.join(self.path, "resolved.yaml"))

    def series(self, kind):
        """[(day, path), ...] of the frames of a kind: 'fields', 'cells', 'vessels' or 'body'."""
        index = os.path.join(self.path, kind + ".pvd")
        try:
            tags = list(xml.fromstring(_read_text(index)).iter("DataSet"))
            return [(float(t.get("timestep")), os.path.join(self.path, t.get("file"))) for t in tags]
        except (xml.ParseError, TypeError, ValueError) as error:
            raise Error(f"{index}: damaged: {error}") from None

    @property
    def times(self):
        """Days of the frames, [frames]."""
        for kind in ("fields", "cells", "vessels", "body"):
            if os.path.exists(os.path.join(self.path, kind + ".pvd")):
                return np.array([day for day, _ in self.series(kind)])
        raise Error(f"{self.path}: the run has no frames")

    def _at(self, kind, index, day):
        series = self.series(kind)
        if not series:
            raise Error(f"{self.path}: the run has no frames of {kind} yet")
        if day is not None:
            index = int(np.argmin([abs(d - day) for d, _ in series]))
        if not -len(series) <= index < len(series):
            raise IndexError(f"{self.path}: there are {len(series)} frames of {kind}, 0 to {len(series) - 1}; not {index}")
        return series[index][1]

    def frame(self, index=-1, day=None):
        """The Fields of a frame, by its number (-1: the last) or the one nearest to a day."""
        return Fields(self._at("fields", index, day))

    def cells(self, index=-1, day=None):
        """The Cells of a frame, likewise."""
        return Cells(self._at("cells", index, day))

    def vessels(self, index=-1, day=None):
        """The Vessels of a frame, likewise."""
        return Vessels(self._at("vessels", index, day))

    def body(self, index=-1, day=None):
        """The Body of a frame, likewise: all open windows of a body."""
        return Body(self._at("body", index, day))

    @property
    def sites(self):
        """The Run of each window that a body ever opened, by the name of its folder."""
        folder = os.path.join(self.path, "sites")
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        return {n: Run(os.path.join(folder, n)) for n in names if os.path.exists(os.path.join(folder, n, "provenance.json"))}

    @property
    def checkpoints(self):
        """Paths of the checkpoints, oldest first."""
        folder = os.path.join(self.path, "checkpoints")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return [os.path.join(folder, n) for n in sorted(names) if re.fullmatch(r"step_\d+\.h5", n)]

    def checkpoint(self, index=-1):
        """A Checkpoint, by its number (-1: the newest)."""
        files = self.checkpoints
        if not -len(files) <= index < len(files):
            raise IndexError(f"{self.path}: there are {len(files)} checkpoints; not number {index}")
        return Checkpoint(files[index])

    def verify(self):
        """Compares every file that checksums.txt lists; a list of sentences about those that differ, empty if none."""
        wrong = []
        lines = _read_text(os.path.join(self.path, "checksums.txt")).splitlines()
        for line in lines:
            try:
                crc, size, name = line.split(" ", 2)
                crc, size = int(crc, 16), int(size)
            except ValueError:
                wrong.append(f"checksums.txt: '{line}' is no checksum")
                continue
            path, found, count = os.path.join(self.path, name), 0, 0
            if not os.path.exists(path):
                wrong.append(f"{name}: missing")
                continue
            with _open(path) as file:
                while piece := file.read(1 << 22):
                    found, count = zlib.crc32(piece, found), count + len(piece)
            if (found, count) != (crc, size):
                wrong.append(f"{name}: {count} bytes with checksum {found:08x}, should be {size} with {crc:08x}")
        return wrong


def summary(run):
    """What is in a run, as text."""
    p = run.provenance
    seconds = f"final hash {p['final_hash']}" if p.get("final_hash") else "no final hash"
    lines = [f"{run.path}: metavox {p.get('version')}, preset {p.get('preset', 'default')}, seed {p.get('seed')}, {p.get('exit_reason')}, {seconds}"]
    for kind in ("fields", "cells", "vessels", "body"):
        if os.path.exists(os.path.join(run.path, kind + ".pvd")):
            days = [day for day, _ in run.series(kind)]
            if days:
                lines.append(f"{kind:12}{len(days)} frames, day {days[0]:g} to {days[-1]:g}")
    lines.append(f"checkpoints {', '.join(os.path.basename(c) for c in run.checkpoints) or 'none'}")

    def row(name, unit, values):
        values = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        numbers = [values.min(), values.mean(dtype=float), values.max()] if values.size else [math.nan] * 3
        return f"  {name:16}{unit if unit != '1' else '':8}" + "".join(f"{float(v):>14.6g}" for v in numbers)

    if os.path.exists(os.path.join(run.path, "fields.pvd")) and run.series("fields"):
        frame = run.frame(-1)
        z, y, x = frame.shape
        lines += ["", f"Last frame, day {frame.time:g}: {x} x {y} x {z} voxels of {frame.spacing[0]:g} um"]
        lines.append(f"  {'array':24}{'min':>14}{'mean':>14}{'max':>14}")
        lines += [row(name, frame.units.get(name, "1"), frame[name]) for name in frame]
    of_body = os.path.exists(os.path.join(run.path, "body.csv"))
    table = run.table("body.csv") if of_body else run.metrics
    if of_body:
        lines.append(f"windows     {', '.join(run.sites) or 'none'}")
    if table.rows:
        lines += ["", f"{os.path.basename(table.path)}: {table.rows} rows, {len(table)} columns"]
        lines.append(f"  {'column':30}{'day %g' % table['time'][0]:>14}{'day %g' % table['time'][-1]:>14}")
        for name in ("primary_cells", "departed", "lodged", "adherent", "landed", "natural_lesions", "expected_competent", "tumour_cells", "tumour_diameter", "hypoxic_fraction", "necrotic_fraction", "oxygen_tumour_mean",
                     "vessel_length", "perfused_fraction"):  # fmt: skip
            if name in table:
                unit = "" if table.units[name] == "1" else f" [{table.units[name]}]"
                lines.append(f"  {name + unit:30}{table[name][0]:>14.6g}{table[name][-1]:>14.6g}")
    names, counts = np.unique(run.events["event"], return_counts=True)
    lines += ["", "events.csv: " + (", ".join(f"{c} {n}" for n, c in zip(names, counts)) or "nothing happened")]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Tells what is in a run folder of metavox.")
    parser.add_argument("run", help="run folder")
    parser.add_argument("--verify", action="store_true", help="compare every file with its checksum")
    arguments = parser.parse_args()
    try:
        run = Run(arguments.run)
        print(summary(run), flush=True)
        if arguments.verify:
            wrong = run.verify()
            print("\n" + ("\n".join(wrong) if wrong else "every file matches its checksum"), flush=True)
            return 1 if wrong else 0
    except Error as error:
        print(f"metavox_io: {error}", file=sys.stderr)
        return 3
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"metavox_io: the output cannot be written: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
