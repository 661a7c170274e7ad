#!/usr/bin/env python3
"""Opens every frame of a run with VTK's own readers, as a user's tool would, and checks what it finds.

    /usr/bin/python3 tests/read_frames.py RUN_DIR

Exit code 0: all is well; 1: the first lines say what is not.
"""

import csv
import os
import re
import sys
import xml.etree.ElementTree as xml

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "viz"))
import metavox_tables
import palette

problems, done = [], []


def check(condition, words):
    if not condition:
        problems.append(words)
    return condition


def strings(data, name):
    array = data.GetFieldData().GetAbstractArray(name)
    return None if array is None else [array.GetValue(i) for i in range(array.GetNumberOfValues())]


def read(path):
    reader = vtk.vtkXMLImageDataReader() if path.endswith(".vti") else vtk.vtkXMLPolyDataReader()
    errors = []
    reader.AddObserver("ErrorEvent", lambda *_: errors.append(1))
    reader.SetFileName(path)
    reader.Update()
    return None if errors or reader.GetErrorCode() else reader.GetOutput()


def check_padding(path):
    """ParaView 5.11 of Debian needs the tag at this place; viz/vtk_io.cpp says why."""
    with open(path, "rb") as file:
        head = file.read(1 << 20)
    at = head.find(b"<AppendedData")
    check(at >= 0 and at % 4096 == 4078, f"{path}: <AppendedData at {at}, {at % 4096} modulo 4096 instead of 4078")
    longest = max((len(tag) for tag in re.findall(rb"<[^>]*>", head[: max(at, 0)])), default=0)
    check(longest <= 1024, f"{path}: a tag of {longest} bytes in the header")


def check_common(path, data, day):
    time = data.GetFieldData().GetArray("TimeValue")
    if check(time is not None, f"{path}: no TimeValue"):
        check(abs(time.GetValue(0) - day) <= 1e-9 * max(1, abs(day)), f"{path}: TimeValue {time.GetValue(0)}, index says {day}")
    check(data.GetFieldData().GetArray("step") is not None, f"{path}: no step")
    digest = strings(data, "state_hash")
    check(bool(digest) and re.fullmatch("[0-9a-f]{16}", digest[0]), f"{path}: state_hash is {digest}")
    return digest[0] if digest else None


def check_arrays(path, attributes, data, count):
    names = []
    for i in range(attributes.GetNumberOfArrays()):
        array = attributes.GetArray(i)
        name = array.GetName()
        names.append(name)
        values = vtk_to_numpy(array)
        check(len(values) == count, f"{path}: {name} has {len(values)} values for {count} places")
        check(strings(data, name + "_unit") is not None, f"{path}: no unit for {name}")
        if values.dtype.kind == "f":
            check(np.isfinite(values).all(), f"{path}: {name} holds {(~np.isfinite(values)).sum()} values that are not finite")
        if name in ("oxygen", "glucose", "proteinase", "inhibitor", "matrix") and len(values):
            check(values.min() >= 0, f"{path}: {name} goes down to {values.min()}")
    return names


def check_states(path, attributes, data):
    array = attributes.GetArray("cell_state")
    if array is None:
        return None
    check(array.GetDataType() == vtk.VTK_UNSIGNED_CHAR, f"{path}: cell_state is not a byte per voxel")
    wanted = [palette.CELL_STATES[code][0] for code in sorted(palette.CELL_STATES)]
    check(strings(data, "category_names") == wanted, f"{path}: category_names are {strings(data, 'category_names')}")
    counts = np.bincount(vtk_to_numpy(array), minlength=256)
    check(counts[len(wanted):].sum() == 0, f"{path}: cell_state holds codes without a name")
    return counts


def standing_states(cells):
    """Cells by state without the second ones of their voxels, which the fields do not show."""
    states, second = (cells.GetPointData().GetArray(name) for name in ("cell_state", "second"))
    states = vtk_to_numpy(states)
    return np.bincount(states if second is None else states[vtk_to_numpy(second) == 0], minlength=256)


def read_metrics(run):
    """{day: {column name: value}} with units stripped."""
    path = os.path.join(run, "metrics.csv")
    if not os.path.exists(path):
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows:
        return {}
    names = [re.sub(r"\s*\[.*\]$", "", title).strip() for title in rows[0]]
    table = {}
    for row in rows[1:]:
        values = {}
        for name, text in zip(names, row):
            try:
                values[name] = float(text)
            except ValueError:
                values[name] = text
        table[values.get(names[0])] = values
    return table


def metrics_at(table, day):
    near = [d for d in table if isinstance(d, float) and abs(d - day) < 1e-6 * max(1, abs(day))]
    return table[near[0]] if near else {}


VESSEL_POINTS = {"radius", "flow", "velocity", "shear", "pressure", "haematocrit", "oxygen", "age", "tip", "node", "perfused",
                 "carries", "generation", "sprout", "mature", "collapsed"}
VESSEL_CLASS = ("perfused", "carries", "generation", "sprout", "mature", "collapsed")


def check_vessels(path, data):
    """Lines have points of their own, one class each and lengths that add up. Returns the number of growing tips."""
    points, lines = data.GetPointData(), data.GetCellData()
    value = {name: vtk_to_numpy(points.GetArray(name)) for name in VESSEL_POINTS}
    offsets = vtk_to_numpy(data.GetLines().GetOffsetsArray())
    order = vtk_to_numpy(data.GetLines().GetConnectivityArray())
    count = np.diff(offsets)
    check(np.array_equal(order, np.arange(len(order))) and len(order) == data.GetNumberOfPoints(), f"{path}: lines share points")
    check((count >= 2).all(), f"{path}: a line of one point")
    check(value["radius"].min() > 0, f"{path}: a radius of zero or less")
    for name in ("flow", "velocity", "shear", "haematocrit", "oxygen", "age"):
        check(value[name].min() >= 0, f"{path}: {name} goes down to {value[name].min()}")
    check(value["haematocrit"].max() < 1, f"{path}: haematocrit of {value['haematocrit'].max()}")
    for name in ("perfused", "carries", "mature", "collapsed", "tip"):
        check(set(np.unique(value[name])) <= {0, 1}, f"{path}: {name} is not 0 or 1")
    for name in VESSEL_CLASS:
        same = lines.GetArray(name) is not None and np.array_equal(np.repeat(vtk_to_numpy(lines.GetArray(name)), count), value[name])
        check(same, f"{path}: {name} changes along a line, or differs between its points and the line")
    idle = value["perfused"] == 0
    check(not value["flow"][idle].any(), f"{path}: flow in a vessel that is not perfused")
    check(not value["carries"][idle].any(), f"{path}: red cells in a vessel that is not perfused")
    at = vtk_to_numpy(data.GetPoints().GetData()).astype(float)
    check(np.isfinite(at).all(), f"{path}: positions that are not finite")
    step = np.zeros(len(at))
    step[1:] = np.linalg.norm(np.diff(at, axis=0), axis=1)
    step[offsets[:-1]] = 0
    length, wanted = np.add.reduceat(step, offsets[:-1]), vtk_to_numpy(lines.GetArray("length"))
    check(np.allclose(length, wanted, rtol=1e-4, atol=1e-2), f"{path}: lengths of lines differ from their points'")
    return int(value["tip"].sum())


# Columns of metrics.csv that count cells by `kind` and by `cell_state`, with the codes they count.
BY_KIND = {name: (code,) for code, (name, _, _, roles) in metavox_tables.KINDS.items() if {"living", "dead"} & set(roles)}
BY_STATE = {row[0]: (code,) for code, row in metavox_tables.STATES.items() if code in palette.LIVING_TUMOUR}


def compare_counts(path, row, kinds, states, matched):
    for table, counts in ((BY_KIND, kinds), (BY_STATE, states)):
        if counts is None:
            continue
        for what, codes in table.items():
            for column in (what, "cells_" + what, what + "_cells", "n_" + what):
                if isinstance(row.get(column), float):
                    found = int(sum(counts[c] for c in codes))
                    check(row[column] == found, f"{path}: {found} cells, metrics.csv has {column} = {row[column]:.0f}")
                    matched.add(column)


def main(run):
    table = read_metrics(run)
    indices = {}
    for kind in ("fields", "cells", "vessels"):
        index = os.path.join(run, kind + ".pvd")
        if os.path.exists(index):
            frames = [(float(d.get("timestep")), d.get("file")) for d in xml.parse(index).getroot().iter("DataSet")]
            check([d for d, _ in frames] == sorted({d for d, _ in frames}), f"{index}: times do not increase")
            indices[kind] = frames
    if not check(any(indices.values()), f"{run}: no frames at all"):
        return
    hashes, lattice_counts, matched, tips_matched = {}, {}, set(), 0
    for kind, frames in indices.items():
        seen = set()
        for day, name in frames:
            path = os.path.join(run, name)
            if not check(os.path.exists(path), f"{path}: listed in {kind}.pvd, but there is no such file"):
                continue
            check_padding(path)
            data = read(path)
            if not check(data is not None, f"{path}: VTK's reader reports errors"):
                continue
            digest = check_common(path, data, day)
            check(hashes.setdefault(day, digest) == digest, f"{path}: another state_hash than the other files of day {day}")
            if kind == "fields":
                extent = [max(1, n - 1) for n in data.GetDimensions()]
                check(data.GetSpacing()[0] > 0, f"{path}: no spacing")
                seen.update(check_arrays(path, data.GetCellData(), data, int(np.prod(extent))))
                counts = check_states(path, data.GetCellData(), data)
                size = data.GetFieldData().GetArray("voxel_size")
                if counts is not None and size is not None and size.GetValue(0) == data.GetSpacing()[0]:
                    lattice_counts[day] = counts
            elif kind == "cells":
                n = data.GetNumberOfPoints()
                check(data.GetNumberOfVerts() == n == data.GetNumberOfCells(), f"{path}: {n} points, {data.GetNumberOfVerts()} verts")
                seen.update(check_arrays(path, data.GetPointData(), data, n))
                states = check_states(path, data.GetPointData(), data)
                if states is not None:
                    check(states[0] + states[11] == 0, f"{path}: empty voxels or vessels among the cells")
                    if day in lattice_counts:
                        standing = standing_states(data)
                        same = np.array_equal(np.delete(standing, [0, 11]), np.delete(lattice_counts[day], [0, 11]))
                        check(same, f"{path}: other cells than in the fields of day {day}")
                kinds = data.GetPointData().GetArray("kind")
                kinds = np.bincount(vtk_to_numpy(kinds), minlength=16) if kinds is not None and n else None
                if n:
                    at = vtk_to_numpy(data.GetPoints().GetData())
                    check(np.isfinite(at).all(), f"{path}: positions that are not finite")
                compare_counts(path, metrics_at(table, day), kinds, states, matched)
            else:
                n = data.GetNumberOfPoints()
                check(data.GetNumberOfLines() == data.GetNumberOfCells(), f"{path}: something else than lines")
                seen.update(check_arrays(path, data.GetPointData(), data, n))
                check_arrays(path, data.GetCellData(), data, data.GetNumberOfCells())
                missing = VESSEL_POINTS - seen
                if check(not missing, f"{path}: no {', '.join(sorted(missing))}") and n:
                    tips = check_vessels(path, data)
                    wanted = metrics_at(table, day).get("tips")
                    if isinstance(wanted, float):
                        tips_matched += check(wanted == tips, f"{path}: {tips} tips, metrics.csv has {wanted:.0f}")
        done.append(f"{kind}: {len(frames)} frames with {', '.join(sorted(seen)) or 'no arrays'}")
    if tips_matched:
        done.append(f"tips equal metrics.csv in {tips_matched} frames")
    if matched:
        done.append("cell counts equal metrics.csv in " + ", ".join(sorted(matched)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
    for words in problems:
        print("WRONG", words)
    for words in done:
        print("checked", words)
    sys.exit(1 if problems else 0)
