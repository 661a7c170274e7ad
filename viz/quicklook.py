#!/usr/bin/env python3
"""A picture of one frame of a run, with nothing but VTK.

    xvfb-run -a /usr/bin/python3 viz/quicklook.py RUN_DIR [-o picture.png] [--frame last|N|DAYd] [--size 1600x1200]
                                                  [--vessels-by perfused|flow|oxygen|age|pressure|haematocrit] [--open 1] [--cut-vessels]

The tumour is drawn cell by cell with a piece cut out, coloured by state; vessels are tubes of their true radius, growing tips bright
balls. --open takes out the tumour cells that hide a vessel, --cut-vessels the vessels in the cut. Slices through the middle of the
cut are thrown onto the three walls behind: oxygen on the floor, matrix and VEGF (or proteinase) on the back walls. film.py puts
several frames side by side. Frames come from RUN_DIR/fields.pvd, cells.pvd, vessels.pvd; what is missing is left out.

A display is needed unless VTK was built for EGL or OSMesa: on a machine without one, run it under xvfb-run as above.
"""

import argparse
import os
import sys
import xml.etree.ElementTree as xml

import numpy as np

# Python on PATH may not be Debian's, which is the one that has VTK.
try:
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy
except ImportError:
    sys.exit("quicklook.py needs VTK for Python: use /usr/bin/python3 with Debian's python3-vtk9")

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import headline
import palette
import place

# Towards the eye. The octant (or quarter) on this side is the one taken out; the walls are the ones opposite.
EYE = np.array([0.74, -1.0, 0.62])


# ---- reading --------------------------------------------------------------------------------------------------------


def read_index(run, kind):
    """[(day, path)] of a .pvd, or [] where there is none."""
    path = os.path.join(run, kind + ".pvd")
    if not os.path.exists(path):
        return []
    try:
        root = xml.parse(path).getroot()
    except xml.ParseError as problem:
        sys.exit(f"{path}: damaged ({problem}); continue the run, which writes it anew")
    return [(float(d.get("timestep")), os.path.join(run, d.get("file"))) for d in root.iter("DataSet")]


def choose(frames, wanted):
    """Position in the list: 'last', a number counted from 0 (or -1 from the end), or a time like 12.5 or 12d."""
    if wanted == "last":
        return len(frames) - 1
    try:
        if wanted.endswith("d") or "." in wanted:
            day = float(wanted.rstrip("d"))
            nearest = min(range(len(frames)), key=lambda i: abs(frames[i][0] - day))
            if not frames[0][0] <= day <= frames[-1][0]:
                print(f"there is no day {day:g}; taking day {frames[nearest][0]:g}", file=sys.stderr)
            return nearest
        n = int(wanted)
    except ValueError:
        sys.exit(f"{wanted} is no frame; type last, a number from 0, or a time in days such as 12.5 or 12d")
    if not -len(frames) <= n < len(frames):
        sys.exit(f"--frame {n}: there are {len(frames)} frames, numbered from 0")
    return n % len(frames)


def at_day(frames, day):
    return min(frames, key=lambda f: abs(f[0] - day))[1] if frames else None


def read(path):
    reader = vtk.vtkXMLImageDataReader() if path.endswith(".vti") else vtk.vtkXMLPolyDataReader()
    reader.SetFileName(path)
    reader.Update()
    if reader.GetErrorCode():
        sys.exit(f"{path}: VTK cannot read this file")
    return reader.GetOutput()


def text_of(data, name, fallback=""):
    array = data.GetFieldData().GetAbstractArray(name)
    return array.GetValue(0) if array is not None and array.GetNumberOfValues() else fallback


class Lattice:
    """Cell arrays of a fields file as numpy [z, y, x], and where they lie (um)."""

    def __init__(self, image):
        self.extent = tuple(max(1, n - 1) for n in image.GetDimensions())  # voxels
        self.origin = np.array(image.GetOrigin())
        self.spacing = image.GetSpacing()[0]
        voxel = image.GetFieldData().GetArray("voxel_size")
        self.voxel = voxel.GetValue(0) if voxel is not None else self.spacing  # smaller than spacing if written with a stride
        data = image.GetCellData()
        self.arrays = {}
        for i in range(data.GetNumberOfArrays()):
            values = vtk_to_numpy(data.GetArray(i))
            self.arrays[data.GetArrayName(i)] = values.reshape(self.extent[::-1])
        self.units = {name: text_of(image, name + "_unit", "1") for name in self.arrays}

    def low(self):
        return self.origin

    def high(self):
        return self.origin + np.array(self.extent) * self.spacing


def shows_every_voxel(lattice):
    return lattice is not None and "cell_state" in lattice.arrays and lattice.spacing <= 1.001 * lattice.voxel


def state_grid(lattice, cells):
    """cell_state [z, y, x], its origin and spacing: from the fields file, or where that is missing or thinned out, rebuilt from
    the points of the cells file."""
    if shows_every_voxel(lattice) or (cells is None and lattice is not None and "cell_state" in lattice.arrays):
        return lattice.arrays["cell_state"], lattice.origin, lattice.spacing
    if cells is None or cells.GetPointData().GetArray("cell_state") is None:
        sys.exit("neither the fields nor the cells of this frame hold cell_state")
    h = cells.GetFieldData().GetArray("voxel_size").GetValue(0)
    where = np.floor(vtk_to_numpy(cells.GetPoints().GetData()) / h).astype(int)
    codes = vtk_to_numpy(cells.GetPointData().GetArray("cell_state"))
    second = cells.GetPointData().GetArray("second")
    if second is not None:  # a voxel shows the cell that stands in it
        where, codes = where[vtk_to_numpy(second) == 0], codes[vtk_to_numpy(second) == 0]
    if len(where) == 0:
        return np.zeros((1, 1, 1), np.uint8), np.zeros(3), h
    first = where.min(axis=0)
    size = where.max(axis=0) - first + 1
    grid = np.zeros(size[::-1], np.uint8)
    x, y, z = (where - first).T
    grid[z, y, x] = codes
    return grid, first * h, h


# ---- what to draw ---------------------------------------------------------------------------------------------------


def auto_crop(grid, origin, h):
    """Box (low, high in um) around the tumour with room for its surroundings; the whole lattice if that is not much more."""
    full = origin, origin + h * np.array(grid.shape[::-1])
    tumour = np.isin(grid, palette.TUMOUR)
    if not tumour.any():
        return full
    low, high = [], []
    for axis in (2, 1, 0):  # x, y, z
        others = tuple(a for a in range(3) if a != axis)
        inside = np.cumsum(tumour.sum(axis=others))
        # A few strays far out must not shrink the tumour to a dot.
        begin, end = np.searchsorted(inside, [0.002 * inside[-1], 0.998 * inside[-1]])
        low.append(begin)
        high.append(end + 1)
    low, high = np.array(low, float), np.array(high, float)
    centre, edge = (low + high) / 2, max((high - low).max() * 1.45, 16)
    size = np.array(grid.shape[::-1])
    low = np.clip(np.floor(centre - edge / 2), 0, size)
    high = np.clip(np.ceil(centre + edge / 2), 0, size)
    if np.prod(high - low) > 0.6 * np.prod(size):
        return full
    return origin + low * h, origin + high * h


def cut_away(shape, origin, h, centre, how):
    """True for the voxels taken out: towards the eye, seen from the centre."""
    z, y, x = (origin[a] + (np.arange(n) + 0.5) * h for a, n in zip((2, 1, 0), shape))
    right, front, top = x > centre[0], y < centre[1], z > centre[2]
    if how == "octant":
        return top[:, None, None] & front[None, :, None] & right[None, None, :]
    if how == "quarter":
        return np.broadcast_to(front[None, :, None] & right[None, None, :], shape)
    if how == "half":
        return np.broadcast_to(front[None, :, None], shape)
    return np.zeros(shape, bool)


def visible(drawn):
    """Voxels of `drawn` with an empty face, and the layer under them: jittered spheres leave chinks that show one deeper."""

    def inner(block):
        padded = np.pad(block, 1)
        hidden = block.copy()
        for axis in range(3):
            for shift in (0, 2):
                cut = [slice(1, -1)] * 3
                cut[axis] = slice(shift, shift + block.shape[axis])
                hidden &= padded[tuple(cut)]
        return hidden

    return drawn & ~inner(inner(drawn))


def hashed(index, salt):
    """Repeatable numbers in 0..1 per voxel."""
    v = index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt * 0x632BE59BD9B4E019 % 2**64)
    v ^= v >> np.uint64(32)
    v *= np.uint64(0xD6E8FEB86659FD93)
    v ^= v >> np.uint64(29)
    v *= np.uint64(0xD6E8FEB86659FD93)
    return (v >> np.uint64(11)).astype(float) / 2.0**53


def points_of(mask, grid, origin, h, jitter):
    """Centres, codes and size factors of the voxels in a mask. The jitter only takes the eye off the lattice's rows: it is a
    fraction of a voxel, less than the lattice knows about where in it a cell stands."""
    index = np.flatnonzero(mask)
    z, y, x = np.unravel_index(index, mask.shape)
    where = np.stack([x, y, z], axis=1) + 0.5
    for axis in range(3):
        where[:, axis] += jitter * (hashed(index, axis + 1) - 0.5)
    return origin + where * h, grid.reshape(-1)[index], 0.92 + 0.16 * hashed(index, 7)


# ---- VTK pieces -----------------------------------------------------------------------------------------------------


def state_colour(code, mute):
    """Of cells, and of their discs in the legend; a muted tumour leaves colour to the vessels."""
    colour = np.array(palette.state_rgb(code))
    return (1 - mute) * colour + mute * (0.35 * colour.mean() + 0.12)


def cloud(where, codes, sizes, mute):
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(where, np.float32), deep=True))
    data = vtk.vtkPolyData()
    data.SetPoints(points)
    table = np.zeros((256, 3), np.uint8)
    for code in palette.CELL_STATES:
        table[code] = np.round(255 * state_colour(code, mute))
    # Small differences in brightness from cell to cell separate neighbours of one state.
    shade = 0.93 + 0.07 * hashed(np.arange(len(codes)) + codes, 11)
    colours = numpy_to_vtk((table[codes] * shade[:, None]).astype(np.uint8), deep=True)
    colours.SetName("colour")
    data.GetPointData().SetScalars(colours)
    size = numpy_to_vtk(np.ascontiguousarray(sizes, np.float32), deep=True)
    size.SetName("size")
    data.GetPointData().AddArray(size)
    return data


def spheres(where, codes, sizes, diameter, mute=0.0):
    detail = 14 if len(where) < 40000 else 10 if len(where) < 150000 else 7
    ball = vtk.vtkSphereSource()
    ball.SetThetaResolution(detail)
    ball.SetPhiResolution(max(5, detail - 3))
    ball.SetRadius(0.5)
    mapper = vtk.vtkGlyph3DMapper()
    mapper.SetInputData(cloud(where, codes, sizes * diameter, mute))
    mapper.SetSourceConnection(ball.GetOutputPort())
    mapper.SetScaleArray("size")
    mapper.SetScaleModeToScaleByMagnitude()
    mapper.SetScalarModeToUsePointFieldData()
    mapper.SelectColorArray("colour")
    mapper.SetColorModeToDirectScalars()
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    p = actor.GetProperty()
    p.SetAmbient(0.22)
    p.SetDiffuse(0.82)
    p.SetSpecular(0.12)
    p.SetSpecularPower(18)
    return actor


def table_of(stops):
    """256 colours."""
    at = [s[0] for s in stops]
    t = np.linspace(0, 1, 256)
    return np.stack([np.interp(t, at, [s[1][c] for s in stops]) for c in range(3)], axis=1)


def wall(values, limits, name, origin, along, up):
    """A picture of a 2D array [row along `up`, column along `along`] on a quad. No lighting: colours must match the bar."""
    t = np.clip((values - limits[0]) / max(limits[1] - limits[0], 1e-30), 0, 1)
    pixels = (255 * table_of(palette.field_stops(name))[np.nan_to_num(255 * t).astype(int)]).astype(np.uint8)
    image = vtk.vtkImageData()
    image.SetDimensions(values.shape[1], values.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(pixels.reshape(-1, 3), deep=True))
    texture = vtk.vtkTexture()
    texture.SetInputData(image)
    texture.InterpolateOn()
    texture.EdgeClampOn() if hasattr(texture, "EdgeClampOn") else texture.RepeatOff()
    quad = vtk.vtkPlaneSource()
    quad.SetOrigin(origin)
    quad.SetPoint1(np.add(origin, along))
    quad.SetPoint2(np.add(origin, up))
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputConnection(quad.GetOutputPort())
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    actor.SetTexture(texture)
    actor.GetProperty().LightingOff()
    return actor


class Vessels:
    """Lines of a vessels file as numpy arrays: points with their values line after line, `first` where each line begins."""

    def __init__(self, at, first, values):
        self.at, self.first, self.values = at, first, values

    @classmethod
    def of(cls, data):
        offsets = vtk_to_numpy(data.GetLines().GetOffsetsArray()).astype(np.int64)
        order = vtk_to_numpy(data.GetLines().GetConnectivityArray())
        arrays = data.GetPointData()
        values = {}
        for i in range(arrays.GetNumberOfArrays()):
            values[arrays.GetArrayName(i)] = vtk_to_numpy(arrays.GetArray(i))[order]
        if "perfused" in values:  # runs of old
            values.setdefault("carries", values["perfused"])
        return cls(vtk_to_numpy(data.GetPoints().GetData()).astype(float)[order], offsets, values)

    def lengths(self):
        step = np.linalg.norm(np.diff(self.at, axis=0), axis=1) if len(self.at) > 1 else np.zeros(0)
        step[self.first[1:-1] - 1] = 0
        return step  # to the next point, 0 at the end of a line

    def smoothed(self, rounds, reach):
        """Steps from voxel to voxel rounded off. Ends stay, and corners between segments longer than `reach`: those are meant."""
        at, radius = self.at.copy(), self.values["radius"].astype(float)
        if len(at) > 2:
            step = self.lengths()
            inner = np.ones(len(at), bool)
            inner[self.first[:-1]] = inner[self.first[1:] - 1] = False
            inner[1:-1] &= (step[1:] <= reach) & (step[:-1] <= reach)
            k = np.flatnonzero(inner)
            for _ in range(rounds):
                at[k] = 0.25 * at[k - 1] + 0.5 * at[k] + 0.25 * at[k + 1]
                radius[k] = 0.25 * radius[k - 1] + 0.5 * radius[k] + 0.25 * radius[k + 1]
        return Vessels(at, self.first, {**self.values, "radius": radius})

    def starts(self):
        """First points of segments, and the line of every point."""
        line = np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))
        return np.flatnonzero(line[1:] == line[:-1]), line

    def within(self, low, high):
        """Cut at the sides of a box. A filter of VTK's would merge points of different lines at junctions."""
        a, line = self.starts()
        p, d = self.at[a], self.at[a + 1] - self.at[a]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.stack([(low - p) / d, (high - p) / d])
        outside = (d == 0) & ((p < low) | (p > high))
        t[0][d == 0], t[1][d == 0] = -np.inf, np.inf
        enter = np.clip(t.min(axis=0).max(axis=1), 0, 1)
        leave = np.clip(t.max(axis=0).min(axis=1), 0, 1)
        kept = (enter < leave) & ~outside.any(axis=1)
        return self._pieces(a[kept], enter[kept], leave[kept], line)

    def without(self, hidden):
        """Less the segments with a hidden point."""
        a, line = self.starts()
        a = a[~(hidden[a] | hidden[a + 1])]
        return self._pieces(a, np.zeros(len(a)), np.ones(len(a)), line)

    def _pieces(self, a, enter, leave, line):
        """From each segment a, a + 1 the part enter .. leave, those that touch joined into lines."""
        if len(a) == 0:
            names = {**self.values, "tip": line, "cut": line}
            return Vessels(np.zeros((0, 3)), np.zeros(1, np.int64), {n: v[:0] for n, v in names.items()})
        joined = np.zeros(len(a), bool)
        joined[1:] = (a[1:] == a[:-1] + 1) & (line[a[1:]] == line[a[:-1]]) & (enter[1:] == 0) & (leave[:-1] == 1)
        run = np.cumsum(~joined) - 1
        to = np.arange(len(a)) + run + 1  # where the end of each segment goes
        begins = np.flatnonzero(~joined)
        source, share = np.empty(len(a) + len(begins), np.int64), np.empty(len(a) + len(begins))
        source[to], share[to] = a, leave
        source[to[begins] - 1], share[to[begins] - 1] = a[begins], enter[begins]

        def between(v):
            if v.dtype.kind in "iub":
                return v[np.where(share < 0.5, source, source + 1)]
            t = share if v.ndim == 1 else share[:, None]
            return (1 - t) * v[source] + t * v[source + 1]

        values = {name: between(v) for name, v in self.values.items()}
        values["tip"] = np.where(share % 1 == 0, values["tip"], 0) if "tip" in values else np.zeros(len(source), np.uint8)
        values["cut"] = (share % 1 != 0).astype(np.uint8)
        return Vessels(between(self.at), np.append(to[begins] - 1, len(source)), values)


def vessel_limits(vessels, by):
    """Ends of the colour bar for a number: powers of ten for flow, from zero or between round numbers for others."""
    scale, needs_flow = palette.VESSEL_FIELDS[by][2:4]
    values = vessels.values[by]
    keep = vessels.values["perfused"] > 0 if needs_flow else np.ones(len(values), bool)
    if by == "age" and "generation" in vessels.values and (vessels.values["generation"] > 0).any():
        keep = vessels.values["generation"] > 0  # parent vessels are older than all that is worth telling apart
    values = values[keep]
    if scale == "log":
        values = values[values > 0]
        if not values.size:
            return 1e-3, 1.0
        top = np.ceil(np.log10(np.percentile(values, 99.8)) - 1e-3)
        return float(10 ** max(np.floor(np.log10(np.percentile(values, 5))), top - 4, -12.0)), float(10**top)
    if not values.size:
        return 0.0, 1.0
    bottom = 0.0 if scale == "zero" else float(np.percentile(values, 0.5))
    top = float(np.percentile(values, 99.5))
    step = palette.nice_length(max(top - bottom, 1e-3 * abs(top), 1e-12) / 4)
    return float(step * np.floor(bottom / step + 1e-6)), float(step * np.ceil(top / step - 1e-6)) if top > bottom else bottom + step


def scaled(values, limits, log):
    if log:
        values, limits = np.log10(np.maximum(values, 1e-30)), np.log10(limits)
    return np.clip((values - limits[0]) / max(limits[1] - limits[0], 1e-30), 0, 1)


def working(vessels, by):
    """Where red cells pass; where colours are numbers of the blood, wherever any blood does."""
    return vessels.values["carries" if by == "perfused" else "perfused"] > 0


def vessel_colours(vessels, by, limits):
    idle = ~working(vessels, by)
    if by == "perfused":
        colours = np.tile(palette.rgb(palette.VESSEL_PERFUSED), (len(idle), 1))
    else:
        t = scaled(vessels.values[by], limits, palette.VESSEL_FIELDS[by][2] == "log")
        colours = table_of(palette.vessel_stops(by))[np.nan_to_num(255 * t).astype(int)]
    if by == "perfused" or palette.VESSEL_FIELDS[by][3]:
        colours[idle] = palette.rgb(palette.VESSEL_IDLE if by == "perfused" else palette.VESSEL_NO_FLOW)
    return (255 * colours).round().astype(np.uint8)


def balls(where, diameters, colours, detail, ambient):
    ball = vtk.vtkSphereSource()
    ball.SetThetaResolution(detail)
    ball.SetPhiResolution(max(5, detail - 3))
    data = vtk.vtkPolyData()
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(where, np.float32), deep=True))
    data.SetPoints(points)
    for name, values in (("colour", np.ascontiguousarray(colours)), ("size", np.ascontiguousarray(diameters, np.float32))):
        array = numpy_to_vtk(values, deep=True)
        array.SetName(name)
        data.GetPointData().AddArray(array)
    mapper = vtk.vtkGlyph3DMapper()
    mapper.SetInputData(data)
    mapper.SetSourceConnection(ball.GetOutputPort())
    mapper.SetScaleArray("size")
    mapper.SetScaleModeToScaleByMagnitude()
    mapper.SetScalarModeToUsePointFieldData()
    mapper.SelectColorArray("colour")
    mapper.SetColorModeToDirectScalars()
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetAmbient(ambient)
    actor.GetProperty().SetDiffuse(1 - 0.6 * ambient)
    return actor


def tubes(vessels, colours, h):
    """Actors: tubes of the vessels' radius, round ends that close the gaps at junctions, and growing tips."""
    total = len(vessels.at)
    points, lines, data = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(vessels.at, np.float32), deep=True))
    lines.SetData(numpy_to_vtk(vessels.first.astype(np.int64), deep=True, array_type=vtk.VTK_ID_TYPE),
                  numpy_to_vtk(np.arange(total, dtype=np.int64), deep=True, array_type=vtk.VTK_ID_TYPE))
    data.SetPoints(points)
    data.SetLines(lines)
    for name, values in (("radius", vessels.values["radius"].astype(np.float32)), ("colour", colours)):
        array = numpy_to_vtk(np.ascontiguousarray(values), deep=True)
        array.SetName(name)
        data.GetPointData().AddArray(array)
    tube = vtk.vtkTubeFilter()
    tube.SetInputData(data)
    tube.SetInputArrayToProcess(0, 0, 0, vtk.vtkDataObject.FIELD_ASSOCIATION_POINTS, "radius")
    tube.SetVaryRadiusToVaryRadiusByAbsoluteScalar()
    tube.SetNumberOfSides(20 if total < 20000 else 12 if total < 100000 else 8 if total < 400000 else 6)
    tube.CappingOn()
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputConnection(tube.GetOutputPort())
    mapper.SetScalarModeToUsePointFieldData()
    mapper.SelectColorArray("colour")
    mapper.SetColorModeToDirectScalars()
    body = vtk.vtkActor()
    body.SetMapper(mapper)
    p = body.GetProperty()
    p.SetAmbient(0.24)
    p.SetDiffuse(0.85)
    p.SetSpecular(0.35)
    p.SetSpecularPower(30)
    actors = [body]
    ends = np.concatenate([vessels.first[:-1], vessels.first[1:] - 1])
    ends = ends[vessels.values["cut"][ends] == 0]
    if len(ends):
        detail = 16 if len(ends) < 5000 else 10 if len(ends) < 50000 else 7
        actors.append(balls(vessels.at[ends], 2.02 * vessels.values["radius"][ends], colours[ends], detail, 0.24))
    tips = np.flatnonzero(vessels.values["tip"])
    if len(tips):
        bright = np.tile(np.round(255 * np.array(palette.rgb(palette.VESSEL_TIP))).astype(np.uint8), (len(tips), 1))
        size = np.maximum(3 * vessels.values["radius"][tips], h)
        actors.append(balls(vessels.at[tips], size, bright, 16 if len(tips) < 5000 else 8, 0.6))
    return actors


def segments(pairs, colour, width):
    points, lines = vtk.vtkPoints(), vtk.vtkCellArray()
    for a, b in pairs:
        lines.InsertNextCell(2)
        lines.InsertCellPoint(points.InsertNextPoint(a))
        lines.InsertCellPoint(points.InsertNextPoint(b))
    data = vtk.vtkPolyData()
    data.SetPoints(points)
    data.SetLines(lines)
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputData(data)
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(*palette.rgb(colour))
    actor.GetProperty().SetLineWidth(width)
    actor.GetProperty().LightingOff()
    return actor


def aim(renderer, middle, corners, frame):
    """Sets the camera so that all corners fall into a part (left, right, bottom, top as fractions) of the picture."""
    camera = renderer.GetActiveCamera()
    eye = EYE / np.linalg.norm(EYE)
    camera.SetViewUp(0, 0, 1)
    camera.SetViewAngle(20)
    camera.SetFocalPoint(*middle)
    reach = max(np.linalg.norm(c - middle) for c in corners)
    distance = reach / np.tan(np.radians(10))
    width, height = renderer.GetRenderWindow().GetSize()
    for _ in range(12):  # distance and size depend on one another through the perspective; a few rounds settle it
        camera.SetPosition(*(middle + eye * distance))
        camera.SetWindowCenter(0, 0)
        matrix = camera.GetCompositeProjectionTransformMatrix(width / height, -1, 1)
        seen = []
        for corner in corners:
            x, y, _, w = matrix.MultiplyPoint((*corner, 1))
            seen.append((x / w, y / w))
        seen = np.array(seen)
        size = seen.max(axis=0) - seen.min(axis=0)
        room = 2 * np.array([frame[1] - frame[0], frame[3] - frame[2]])
        distance *= max(size / room)
    centre = (seen.max(axis=0) + seen.min(axis=0)) / 2
    target = np.array([frame[0] + frame[1] - 1, frame[2] + frame[3] - 1])
    camera.SetWindowCenter(*(centre - target))
    renderer.ResetCameraClippingRange()


class Overlay:
    """Text and flat shapes in pixels of the final picture, counted from its top left corner."""

    def __init__(self, renderer, size, zoom):
        self.renderer, self.size, self.zoom = renderer, size, zoom

    def _place(self, x, y):
        return x * self.zoom, (self.size[1] - y) * self.zoom

    def text(self, x, y, words, size, colour=palette.INK, bold=False, align="left"):
        actor = vtk.vtkTextActor()
        actor.SetInput(words)
        p = actor.GetTextProperty()
        p.SetFontFamilyToArial()
        p.SetFontSize(int(round(size * self.zoom)))
        p.SetColor(*palette.rgb(colour))
        p.SetBold(bold)
        p.SetVerticalJustificationToCentered()
        {"left": p.SetJustificationToLeft, "right": p.SetJustificationToRight, "centre": p.SetJustificationToCentered}[align]()
        actor.SetPosition(*self._place(x, y))
        self.renderer.AddActor2D(actor)

    def cells(self, rectangles, colours, opacity=1.0):
        """Filled rectangles (x, y, width, height), each of one colour."""
        points, polys = vtk.vtkPoints(), vtk.vtkCellArray()
        for x, y, w, h in rectangles:
            polys.InsertNextCell(4)
            for px, py in ((x, y), (x + w, y), (x + w, y + h), (x, y + h)):
                polys.InsertCellPoint(points.InsertNextPoint(*self._place(px, py), 0))
        self._flat(points, polys, colours, opacity)

    def disc(self, x, y, radius, colour):
        points, polys = vtk.vtkPoints(), vtk.vtkCellArray()
        polys.InsertNextCell(48)
        for k in range(48):
            a = 2 * np.pi * k / 48
            px, py = self._place(x + radius * np.cos(a), y + radius * np.sin(a))
            polys.InsertCellPoint(points.InsertNextPoint(px, py, 0))
        self._flat(points, polys, [colour], 1.0)

    def _flat(self, points, polys, colours, opacity):
        data = vtk.vtkPolyData()
        data.SetPoints(points)
        data.SetPolys(polys)
        flat = np.round(255 * np.array(colours)).astype(np.uint8).reshape(-1, 3)
        data.GetCellData().SetScalars(numpy_to_vtk(flat, deep=True))
        mapper = vtk.vtkPolyDataMapper2D()
        mapper.SetInputData(data)
        actor = vtk.vtkActor2D()
        actor.SetMapper(mapper)
        actor.GetProperty().SetOpacity(opacity)
        self.renderer.AddActor2D(actor)

    def width(self, words, size, bold=False):
        p = vtk.vtkTextProperty()
        p.SetFontFamilyToArial()
        p.SetFontSize(int(round(size * self.zoom)))
        p.SetBold(bold)
        box = [0, 0, 0, 0]
        vtk.vtkTextRenderer.GetInstance().GetBoundingBox(p, words, box, 72)
        return (box[1] - box[0]) / self.zoom

    def colour_bar(self, x, y, width, bar, size=17, height=14, where=True):
        title = bar.title[0].upper() + bar.title[1:] + (f"  [{bar.unit}]" if bar.unit not in ("", "1") else "")
        self.text(x, y, title, size, bold=True)
        if where:
            self.text(x, y + 22, bar.where, 14, palette.INK_SOFT)
        top, steps = y + (36 if where else 0.75 * size), 128
        table = table_of(bar.stops)
        self.cells(
            [(x + width * i / steps, top, width / steps + 0.5, height) for i in range(steps)],
            [table[int(255 * i / (steps - 1))] for i in range(steps)],
        )
        small = size - 3
        for t, words in bar.ticks():
            align = "left" if t == 0 else "right" if t == 1 else "centre"
            self.text(x + t * width, top + height + 0.93 * small, words, small, palette.INK_SOFT, align=align)
        return y + 96


class Bar:
    """A colour bar: its title, what it spans and where its colours are found."""

    def __init__(self, title, unit, stops, limits, where, log=False):
        self.title, self.unit, self.stops, self.limits, self.where, self.log = title, unit, stops, limits, where, log

    def ticks(self):
        low, high = self.limits
        if self.log:
            decades = int(round(np.log10(high / low)))
            every = -(-decades // 4)
            return [(k / decades, f"{low * 10.0**k:g}") for k in range(0, decades + 1, every)]
        return [(t, palette.number(low + t * (high - low))) for t in (0.0, 0.5, 1.0)]


# ---- the picture ----------------------------------------------------------------------------------------------------


class Frame:
    """The files of one time, read. Cells are read only where the fields do not show every voxel."""

    def __init__(self, index, day):
        fields = at_day(index["fields"], day)
        self.day = day
        self.lattice = Lattice(read(fields)) if fields else None
        cells = None if shows_every_voxel(self.lattice) else at_day(index["cells"], day)
        self.grid, self.origin, self.h = state_grid(self.lattice, read(cells) if cells else None)
        vessels = at_day(index["vessels"], day)
        vessels = read(vessels) if vessels else None
        self.vessels = Vessels.of(vessels) if vessels is not None and vessels.GetNumberOfLines() else None


class Stage:
    """What stays as it is from frame to frame: the box shown (um), the corner of the cut, the ends of colour bars."""

    def __init__(self, frame, args):
        grid, origin, h = frame.grid, frame.origin, frame.h
        low, high = (np.array(args.crop[0::2]), np.array(args.crop[1::2])) if args.crop else auto_crop(grid, origin, h)
        first = np.clip(np.round((low - origin) / h).astype(int), 0, np.array(grid.shape[::-1]) - 1)
        last = np.clip(np.round((high - origin) / h).astype(int), first + 1, grid.shape[::-1])
        self.low, self.high = origin + first * h, origin + last * h
        tumour = np.isin(self.part(frame)[0], palette.TUMOUR)
        if tumour.any():
            centre = self.low + h * (np.array([c.mean() for c in np.nonzero(tumour)[::-1]]) + 0.5)
            self.centre = self.low + np.round((centre - self.low) / h) * h  # on a voxel face: whole cells, clean cut
        else:
            self.centre = (self.low + self.high) / 2
        self.limits = {}

    def part(self, frame):
        """cell_state inside of the box, and where that begins; a grid rebuilt from points may hold less than the box."""
        size = np.array(frame.grid.shape[::-1])
        first = np.clip(np.round((self.low - frame.origin) / frame.h).astype(int), 0, size)
        last = np.clip(np.round((self.high - frame.origin) / frame.h).astype(int), first, size)
        part = frame.grid[first[2] : last[2], first[1] : last[1], first[0] : last[0]]
        return part, frame.origin + first * frame.h

    def slices(self, frame, args):
        """(name, side, values, corner, along, up, words) of the walls: the slices through the corner of the cut."""
        lattice = frame.lattice
        if lattice is None:
            return
        s, edge = lattice.spacing, self.high - self.low
        begin = np.clip(np.round((self.low - lattice.origin) / s).astype(int), 0, np.array(lattice.extent) - 1)
        end = np.clip(np.round((self.high - lattice.origin) / s).astype(int), begin + 1, lattice.extent)
        mid = np.clip(((self.centre - lattice.origin) / s).astype(int), begin, end - 1)
        zs, ys, xs = (slice(begin[a], end[a]) for a in (2, 1, 0))
        corner = np.array([self.low[0], self.high[1], self.low[2]])
        walls = (
            (args.floor, "floor", 2, (mid[2], ys, xs), self.low, (edge[0], 0, 0), (0, edge[1], 0)),
            (args.left, "left wall", 0, (zs, ys, mid[0]), self.low, (0, edge[1], 0), (0, 0, edge[2])),
            (args.right, "right wall", 1, (zs, mid[1], xs), corner, (edge[0], 0, 0), (0, 0, edge[2])),
        )
        for wanted, side, axis, cut, corner, along, up in walls:
            if wanted == "none":
                continue
            if wanted == "auto":
                first = {"floor": ("oxygen",), "left wall": ("matrix",), "right wall": ("vegf", "proteinase")}[side]
                name = next((n for n in (*first, "inhibitor", "glucose", "oxygen") if n in lattice.arrays), None)
            elif wanted in lattice.arrays:
                name = wanted
            else:
                sys.exit(f"the frames of this run have no {wanted}; there are {', '.join(sorted(lattice.arrays))}")
            if name is None:
                continue
            # A hair outside the box, so that cells on its border do not flicker through.
            corner = np.array(corner, float)
            corner[axis] += (1 if axis == 1 else -1) * 0.002 * edge.max()
            at = lattice.origin[axis] + (mid[axis] + 0.5) * s
            words = f"{side}: slice {'xyz'[axis]} = {palette.number(at)} µm"
            yield name, lattice.arrays[name][zs, ys, xs], lattice.arrays[name][cut].astype(float), corner, along, up, words

    def vessels(self, frame, args):
        if frame.vessels is None or not args.vessels:
            return None
        inside = frame.vessels.smoothed(args.smooth, 1.9 * frame.h).within(self.low, self.high)
        if args.cut_vessels:
            front = inside.at[:, 1] < self.centre[1]
            right, top = inside.at[:, 0] > self.centre[0], inside.at[:, 2] > self.centre[2]
            where = {"octant": front & right & top, "quarter": front & right, "half": front, "none": np.zeros(len(front), bool)}
            inside = inside.without(where[args.cut])
        if args.vessels_by not in ("perfused", *inside.values):
            sys.exit(f"the vessels of this run have no {args.vessels_by}; there are {', '.join(sorted(frame.vessels.values))}")
        return inside if len(inside.at) else None

    def widen(self, frame, args):
        """Takes a frame into account in the ends of the colour bars."""
        found = {}
        for name, box, *_ in self.slices(frame, args):
            found[name] = limits_of(box, name)
        vessels = self.vessels(frame, args)
        if vessels is not None and args.vessels_by != "perfused":
            found["vessels"] = vessel_limits(vessels, args.vessels_by)
        for name, (low, high) in found.items():
            a, b = self.limits.get(name, (low, high))
            self.limits[name] = min(a, low), max(b, high)

    def corners(self):
        return [np.array([x, y, z]) for x in (self.low[0], self.high[0]) for y in (self.low[1], self.high[1])
                for z in (self.low[2], self.high[2])]


def limits_of(values, name):
    """Ends of a colour bar: from 0 to a round number above nearly all values, so that bars read well and single voxels
    next to a vessel do not set the scale."""
    finite = values[np.isfinite(values)]
    top = float(np.percentile(finite, 99.8)) if finite.size else 1.0
    if top <= 0:
        return 0.0, 1.0
    step = palette.nice_length(top / 4)
    return 0.0, float(step * np.ceil(top / step - 1e-6))


def in_front(mask, origin, h, vessels, reach):
    """Voxels that hide a vessel from the eye: those nearer than it whose middle falls within `reach` voxels of its picture."""
    eye = EYE / np.linalg.norm(EYE)
    right = np.cross(eye, [0, 0, 1])
    right /= np.linalg.norm(right)
    up = np.cross(right, eye)
    index = np.flatnonzero(mask)
    if not len(index):
        return mask
    z, y, x = np.unravel_index(index, mask.shape)
    cells = origin + (np.stack([x, y, z], axis=1) + 0.5) * h
    # Only vessels with tumour around them need a way in.
    where = np.floor((vessels.at - origin) / h).astype(int)
    size = np.array(mask.shape[::-1])
    ok = ((where >= 0) & (where < size)).all(axis=1)
    wx, wy, wz = where[ok].T
    at = vessels.at[ok]
    near = np.zeros(len(at), bool)
    for dx, dy, dz in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)):
        n = np.clip(np.stack([wx + dx, wy + dy, wz + dz]), 0, (size - 1)[:, None])
        near |= mask[n[2], n[1], n[0]]
    at = at[near]
    if not len(at):
        return np.zeros_like(mask)
    pixel = 0.5 * h
    both = np.concatenate([cells, at])
    u, v = both @ right / pixel, both @ up / pixel
    u, v = (u - u.min()).astype(int) + 8, (v - v.min()).astype(int) + 8
    depth = np.full((v.max() + 9, u.max() + 9), np.inf)
    n = len(cells)
    wide = int(np.ceil(reach / 0.5))
    for du in range(-wide, wide + 1):
        for dv in range(-wide, wide + 1):
            if du * du + dv * dv <= wide * wide + 1:
                np.minimum.at(depth, (v[n:] + dv, u[n:] + du), -(at @ eye))
    hides = -(cells @ eye) < depth[v[:n], u[:n]] - 0.4 * h
    hides &= np.isfinite(depth[v[:n], u[:n]])
    out = np.zeros(mask.size, bool)
    out[index[hides]] = True
    return out.reshape(mask.shape)


class Picture:
    """A renderer filled with one frame, and what its legend has to say."""

    def __init__(self, frame, stage, args):
        self.stage, self.args = stage, args
        self.renderer = renderer = vtk.vtkRenderer()
        renderer.SetBackground(*palette.rgb(palette.BACKGROUND))
        part, origin = stage.part(frame)
        low, high, centre, h = stage.low, stage.high, stage.centre, frame.h
        self.h = h
        self.counts = np.bincount(part.reshape(-1), minlength=16)
        tumour = np.isin(part, palette.TUMOUR)
        vessels = stage.vessels(frame, args)
        # A handful of cells shows all it has from outside.
        taken = np.array(cut_away(part.shape, origin, h, centre, args.cut if tumour.sum() >= 200 else "none"))
        if args.open > 0 and vessels is not None:
            hiding = in_front(tumour & ~taken, origin, h, vessels, 1.0)
            taken |= hiding & (hashed(np.arange(part.size), 3).reshape(part.shape) < args.open)
        shown = tumour & visible(tumour & ~taken)
        where, codes, sizes = points_of(shown, part, origin, h, args.jitter)
        self.drawn = len(where)
        if len(where):
            renderer.AddActor(spheres(where, codes, sizes, 1.12 * h, args.mute))
        lymphocytes = (part == 10) & ~taken
        if lymphocytes.any():
            renderer.AddActor(spheres(*points_of(lymphocytes, part, origin, h, args.jitter), 0.9 * h))
        if args.normal:
            # Only behind the tumour, and small: a hint of the tissue around, not a curtain in front.
            z, y, x = (np.arange(n) for n in part.shape)
            c = (centre - origin) / h
            behind = (x[None, None, :] - c[0]) * EYE[0] + (y[None, :, None] - c[1]) * EYE[1] + (z[:, None, None] - c[2]) * EYE[2] < 0
            normal = np.isin(part, palette.NORMAL) & behind & (hashed(np.arange(part.size), 5).reshape(part.shape) < args.normal)
            if normal.any():
                actor = spheres(*points_of(normal, part, origin, h, 0.6), 0.32 * h)
                actor.GetProperty().SetOpacity(0.35)
                renderer.AddActor(actor)

        self.bars, self.vessel_bar = [], None
        self.vessel_legend = []  # (label, colour, round)
        if vessels is not None:
            if args.vessels_by != "perfused":
                title, unit, scale = palette.VESSEL_FIELDS[args.vessels_by][:3]
                limits = stage.limits["vessels"]
                self.vessel_bar = Bar(f"vessels: {title}", unit, palette.vessel_stops(args.vessels_by), limits, "tubes", scale == "log")
            for actor in tubes(vessels, vessel_colours(vessels, args.vessels_by, stage.limits.get("vessels")), h):
                renderer.AddActor(actor)
            flow = working(vessels, args.vessels_by)
            if args.vessels_by == "perfused" and flow.any():
                self.vessel_legend.append(("vessel, perfused", palette.VESSEL_PERFUSED, False))
            if not flow.all() and (args.vessels_by == "perfused" or palette.VESSEL_FIELDS[args.vessels_by][3]):
                colour = palette.VESSEL_IDLE if args.vessels_by == "perfused" else palette.VESSEL_NO_FLOW
                self.vessel_legend.append(("vessel, not perfused", colour, False))
            if vessels.values["tip"].any():
                self.vessel_legend.append(("growing tip", palette.VESSEL_TIP, True))
        for name, _, values, corner, along, up, words in stage.slices(frame, args):
            limits = stage.limits[name]
            renderer.AddActor(wall(values, limits, name, corner, along, up))
            self.bars.append(Bar(palette.field_label(name), frame.lattice.units[name], palette.field_stops(name), limits, words))

        x0, y0, z0 = low
        x1, y1, z1 = high
        back = [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)]
        tops = [(x0, y0, z1), (x0, y1, z1), (x1, y1, z1)]
        edges = [(back[i], back[(i + 1) % 4]) for i in range(4)]
        edges += [(back[0], tops[0]), (back[3], tops[1]), (back[2], tops[2]), (tops[0], tops[1]), (tops[1], tops[2])]
        renderer.AddActor(segments(edges, palette.FRAME, 1.6 * args.supersample))

        # Key light from the upper left of the eye, a cool fill, a rim from behind: forms read without deep black shadows.
        kit = vtk.vtkLightKit()
        kit.SetKeyLightIntensity(1.0)
        kit.SetKeyLightAngle(42, -28)
        kit.SetKeyLightWarmth(0.55)
        kit.SetKeyToFillRatio(3.0)
        kit.SetKeyToHeadRatio(3.2)
        kit.SetKeyToBackRatio(4.0)
        kit.SetFillLightWarmth(0.42)
        kit.AddLightsToRenderer(renderer)
        if args.ssao:
            renderer.UseSSAOOn()
            renderer.SetSSAORadius(2.6 * h)
            renderer.SetSSAOBias(0.03 * h)
            renderer.SetSSAOKernelSize(48)
            renderer.SSAOBlurOn()

    def add_scale(self, width):
        """A line of round length along the lower left edge; returns its middle and text."""
        edge = self.stage.high - self.stage.low
        length = palette.nice_length(0.3 * edge[0])
        x0, y0, z0 = self.stage.low
        gap = 0.035 * edge.max()
        a, b = np.array([x0, y0 - gap, z0]), np.array([x0 + length, y0 - gap, z0])
        tick = np.array([0, 0.012 * edge.max(), 0])
        self.renderer.AddActor(segments([(a, b), (a - tick, a + tick), (b - tick, b + tick)], palette.INK, width))
        return (a + b) / 2, f"{palette.number(length)} µm"


def window_of(renderer, size, zoom):
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)  # the picture is rendered larger and averaged; peeling and occlusion want single samples
    window.SetSize(size[0] * zoom, size[1] * zoom)
    window.SetAlphaBitPlanes(1)
    window.AddRenderer(renderer)
    renderer.SetUseDepthPeeling(1)
    renderer.SetMaximumNumberOfPeels(8)
    renderer.SetOcclusionRatio(0.02)
    return window


def projected(renderer, point, over):
    """Of a point in the box, in the overlay's pixels; after a first Render()."""
    renderer.SetWorldPoint(*point, 1)
    renderer.WorldToDisplay()
    dx, dy, _ = renderer.GetDisplayPoint()
    return dx / over.zoom, over.size[1] - dy / over.zoom


def grab(window, zoom):
    """Pixels [row, column, RGB] from the top row down, averaged over zoom x zoom."""
    window.Render()
    copy = vtk.vtkWindowToImageFilter()
    copy.SetInput(window)
    copy.SetInputBufferTypeToRGB()
    copy.ReadFrontBufferOff()
    copy.ShouldRerenderOff()
    copy.Update()
    image = copy.GetOutput()
    w, h, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(h, w, 3)
    pixels = pixels.reshape(h // zoom, zoom, w // zoom, zoom, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    return pixels[::-1]


def day_text(day):
    return f"day {day:.2f}".rstrip("0").rstrip(".")


def draw(frame, stage, args, title):
    size, zoom = args.size, args.supersample
    picture = Picture(frame, stage, args)
    middle, length = picture.add_scale(3.0 * zoom)
    window = window_of(picture.renderer, size, zoom)
    aim(picture.renderer, (stage.low + stage.high) / 2, stage.corners() + [middle], (0.285, 0.985, 0.055, 0.965))

    over = Overlay(picture.renderer, size, zoom)
    unit = min(size[0] / 1600, size[1] / 1200)
    if unit != 1:
        over.zoom = zoom * unit
        over.size = (size[0] / unit, size[1] / unit)
    over.text(48, 62, day_text(frame.day), 40, bold=True)
    over.text(48, 104, title, 17, palette.INK_SOFT)
    y = 168
    over.text(48, y, "Cells in view", 17, bold=True)
    y += 32
    for code in (3, 4, 6, 5, 7, 8, 9, 10):
        if picture.counts[code]:
            over.disc(57, y, 9, state_colour(code, args.mute))
            over.text(78, y, palette.state_label(code), 16)
            over.text(392, y, f"{picture.counts[code]:,}".replace(",", " "), 15, palette.INK_SOFT, align="right")
            y += 29
    for label, colour, is_round in picture.vessel_legend:
        if is_round:
            over.disc(57, y, 7, palette.rgb(colour))
        else:
            over.cells([(46, y - 4, 22, 8)], [palette.rgb(colour)])
        over.text(78, y, label, 16)
        y += 29
    bars = ([picture.vessel_bar] if picture.vessel_bar else []) + picture.bars
    y = max(y + 40, over.size[1] - 48 - 104 * len(bars) + 8)
    for bar in bars:
        over.colour_bar(48, y, 300, bar)
        y += 104
    window.Render()
    u, v = projected(picture.renderer, middle, over)
    over.text(u, v + 26, length, 18, align="centre")
    return grab(window, zoom), picture.drawn


def save(pixels, path):
    image = vtk.vtkImageData()
    image.SetDimensions(pixels.shape[1], pixels.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(pixels[::-1]).reshape(-1, 3), deep=True))
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(path)
    writer.SetInputData(image)
    writer.Write()
    if writer.GetErrorCode():
        sys.exit(f"{path}: cannot be written")


def add_options(parser, **defaults):
    """Those that film.py knows as well."""
    parser.add_argument("run", metavar="RUN_DIR")
    parser.add_argument("--crop", help="part to show in um: x0,x1,y0,y1,z0,z1 (default: around the tumour); 'all' for the whole box")
    parser.add_argument("--cut", choices=("octant", "quarter", "half", "none"), default="octant", help="what is taken out of the tumour")
    parser.add_argument("--open", type=float, default=0.0, metavar="SHARE", help="share of tumour cells left out where they hide a vessel")
    parser.add_argument("--floor", default="auto", help="array shown on the floor, or none (default: oxygen)")
    parser.add_argument("--left", default="auto", help="array shown on the left wall, or none (default: matrix)")
    parser.add_argument("--right", default="auto", help="array shown on the right wall, or none (default: vegf, or proteinase)")
    parser.add_argument("--normal", type=float, default=0.0, metavar="SHARE", help="share of normal cells behind the tumour to hint at")
    parser.add_argument("--mute", type=float, metavar="SHARE", help="how grey the tumour is (default: 0, or 0.6 where vessels show numbers)")
    parser.add_argument("--jitter", type=float, default=0.35, help="displacement of the spheres in voxels, for the eye only")
    parser.add_argument("--vessels-by", choices=palette.VESSELS_BY, default="perfused", help="what vessels are coloured by")
    parser.add_argument("--smooth", type=int, default=3, metavar="ROUNDS", help="how far voxel steps of vessels are rounded off, 0: not")
    parser.add_argument("--cut-vessels", action="store_true", help="vessels are cut like the tumour: for dense beds")
    parser.add_argument("--no-vessels", dest="vessels", action="store_false")
    parser.add_argument("--no-ssao", dest="ssao", action="store_false", help="without ambient occlusion (faster)")
    parser.add_argument("--supersample", type=int, default=2, help="rendered so many times larger, then averaged")
    parser.set_defaults(**defaults)


def size_of(parser, option, text):
    try:
        size = tuple(int(n) for n in text.lower().split("x"))
        assert len(size) == 2 and min(size) >= 64
        return size
    except (ValueError, AssertionError):
        parser.error(f"{option} wants WIDTHxHEIGHT, for example 1600x1200")


def check_options(parser, args):
    if not os.path.isdir(args.run):
        sys.exit(f"{args.run}: there is no such folder")
    if args.output:
        try:
            place.check(args.output, (".png",))
        except ValueError as problem:
            sys.exit(str(problem))
    if args.mute is None:
        args.mute = 0.0 if args.vessels_by == "perfused" else 0.6
    if args.crop and args.crop != "all":
        try:
            args.crop = [float(v) for v in args.crop.split(",")]
            assert len(args.crop) == 6
        except (ValueError, AssertionError):
            parser.error("--crop wants six numbers in um: x0,x1,y0,y1,z0,z1")
    elif args.crop:
        args.crop = [-1e9, 1e9] * 3  # cut to the lattice later
    return args


def parse(arguments):
    parser = argparse.ArgumentParser(description="A picture of one frame of a metavox run.")
    add_options(parser)
    parser.add_argument("-o", "--output", help="PNG to write (default RUN_DIR/quicklook.png)")
    parser.add_argument("--frame", default="last", help="last, a number from 0, or a time in days such as 12.5 or 12d")
    parser.add_argument("--size", default="1600x1200", help="pixels, WIDTHxHEIGHT")
    parser.add_argument("--title", help="line under the time (default: the run's folder, and its preset if that is fast or clinical)")
    args = parser.parse_args(arguments)
    args.size = size_of(parser, "--size", args.size)
    return check_options(parser, args)


def open_run(run):
    """Indices by kind, and the list of frames that leads."""
    if vtk.vtkRenderWindow().GetClassName() == "vtkXOpenGLRenderWindow" and not os.environ.get("DISPLAY"):
        sys.exit("this VTK draws through a display and there is none; put 'xvfb-run -a' in front of the command")
    index = {kind: read_index(run, kind) for kind in ("fields", "cells", "vessels")}
    leading = index["fields"] or index["cells"]
    if not leading:
        sys.exit(f"{run}: no frames (fields.pvd or cells.pvd) here")
    return index, leading


def main(arguments=None):
    args = parse(arguments)
    index, leading = open_run(args.run)
    frame = Frame(index, leading[choose(leading, args.frame)][0])
    stage = Stage(frame, args)
    stage.widen(frame, args)
    pixels, drawn = draw(frame, stage, args, args.title or headline.of(args.run))
    output = args.output or os.path.join(args.run, "quicklook.png")
    save(pixels, output)
    print(f"{output}: day {frame.day:g}, {drawn} cells drawn")


if __name__ == "__main__":
    main()
