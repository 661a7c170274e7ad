#!/usr/bin/env python3
"""A picture of one frame of a run, with nothing but VTK.

    xvfb-run -a /usr/bin/python3 viz/quicklook.py RUN_DIR [-o picture.png] [--frame last|N|DAYd] [--size 1600x1200]

The tumour is drawn cell by cell with a piece cut out, coloured by state; vessels are tubes of their true radius. Slices through
the middle of the cut are thrown onto the three walls behind: oxygen on the floor, proteinase and matrix on the
back walls. Frames come from RUN_DIR/fields.pvd, cells.pvd, vessels.pvd; what is missing is left out.

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
import palette

# Towards the eye. The octant (or quarter) on this side is the one taken out; the walls are the ones opposite.
EYE = np.array([0.74, -1.0, 0.62])


# ---- reading --------------------------------------------------------------------------------------------------------


def read_index(run, kind):
    """[(day, path)] of a .pvd, or [] where there is none."""
    path = os.path.join(run, kind + ".pvd")
    if not os.path.exists(path):
        return []
    root = xml.parse(path).getroot()
    return [(float(d.get("timestep")), os.path.join(run, d.get("file"))) for d in root.iter("DataSet")]


def choose(frames, wanted):
    """Position in the list: 'last', a number counted from 0 (or -1 from the end), or a time like 12.5 or 12d."""
    if wanted == "last":
        return len(frames) - 1
    if wanted.endswith("d") or "." in wanted:
        day = float(wanted.rstrip("d"))
        return min(range(len(frames)), key=lambda i: abs(frames[i][0] - day))
    n = int(wanted)
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


def cloud(where, codes, sizes):
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(where, np.float32), deep=True))
    data = vtk.vtkPolyData()
    data.SetPoints(points)
    table = np.zeros((256, 3), np.uint8)
    for code in palette.CELL_STATES:
        table[code] = np.round(255 * np.array(palette.state_rgb(code)))
    # Small differences in brightness from cell to cell separate neighbours of one state.
    shade = 0.93 + 0.07 * hashed(np.arange(len(codes)) + codes, 11)
    colours = numpy_to_vtk((table[codes] * shade[:, None]).astype(np.uint8), deep=True)
    colours.SetName("colour")
    data.GetPointData().SetScalars(colours)
    size = numpy_to_vtk(np.ascontiguousarray(sizes, np.float32), deep=True)
    size.SetName("size")
    data.GetPointData().AddArray(size)
    return data


def spheres(where, codes, sizes, diameter):
    detail = 14 if len(where) < 40000 else 10 if len(where) < 150000 else 7
    ball = vtk.vtkSphereSource()
    ball.SetThetaResolution(detail)
    ball.SetPhiResolution(max(5, detail - 3))
    ball.SetRadius(0.5)
    mapper = vtk.vtkGlyph3DMapper()
    mapper.SetInputData(cloud(where, codes, sizes * diameter))
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


def colour_table(name):
    stops = palette.field_stops(name)
    at = [s[0] for s in stops]
    t = np.linspace(0, 1, 256)
    return np.stack([np.interp(t, at, [s[1][c] for s in stops]) for c in range(3)], axis=1)


def wall(values, limits, name, origin, along, up):
    """A picture of a 2D array [row along `up`, column along `along`] on a quad. No lighting: colours must match the bar."""
    t = np.clip((values - limits[0]) / max(limits[1] - limits[0], 1e-30), 0, 1)
    pixels = (255 * colour_table(name)[np.nan_to_num(255 * t).astype(int)]).astype(np.uint8)
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


def tubes(vessels, low, high):
    box = vtk.vtkBox()
    box.SetBounds(low[0], high[0], low[1], high[1], low[2], high[2])
    clip = vtk.vtkClipPolyData()
    clip.SetInputData(vessels)
    clip.SetClipFunction(box)
    clip.InsideOutOn()
    # Clipping leaves single segments; joined again, the tube has no seams.
    strip = vtk.vtkStripper()
    strip.SetInputConnection(clip.GetOutputPort())
    strip.JoinContiguousSegmentsOn()
    tube = vtk.vtkTubeFilter()
    tube.SetInputConnection(strip.GetOutputPort())
    tube.SetInputArrayToProcess(0, 0, 0, vtk.vtkDataObject.FIELD_ASSOCIATION_POINTS, "radius")
    tube.SetVaryRadiusToVaryRadiusByAbsoluteScalar()
    tube.SetNumberOfSides(20)
    tube.CappingOn()
    table = vtk.vtkLookupTable()
    table.SetNumberOfTableValues(2)
    table.SetTableValue(0, *palette.rgb(palette.VESSEL_IDLE), 1)
    table.SetTableValue(1, *palette.rgb(palette.VESSEL_PERFUSED), 1)
    mapper = vtk.vtkPolyDataMapper()
    mapper.SetInputConnection(tube.GetOutputPort())
    mapper.SetScalarModeToUsePointFieldData()
    mapper.SelectColorArray("perfused")
    mapper.SetColorModeToMapScalars()  # bytes would be taken for colours otherwise
    mapper.SetLookupTable(table)
    mapper.SetScalarRange(0, 1)
    actor = vtk.vtkActor()
    actor.SetMapper(mapper)
    p = actor.GetProperty()
    p.SetAmbient(0.2)
    p.SetDiffuse(0.85)
    p.SetSpecular(0.35)
    p.SetSpecularPower(30)
    return actor


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

    def colour_bar(self, x, y, width, name, unit, limits, where):
        title = palette.field_label(name)
        self.text(x, y, title[0].upper() + title[1:] + (f"  [{unit}]" if unit != "1" else ""), 17, bold=True)
        self.text(x, y + 22, where, 14, palette.INK_SOFT)
        top, height, steps = y + 36, 14, 128
        table = colour_table(name)
        self.cells(
            [(x + width * i / steps, top, width / steps + 0.5, height) for i in range(steps)],
            [table[int(255 * i / (steps - 1))] for i in range(steps)],
        )
        for t in (0.0, 0.5, 1.0):
            value = limits[0] + t * (limits[1] - limits[0])
            align = {0.0: "left", 0.5: "centre", 1.0: "right"}[t]
            self.text(x + t * width, top + height + 13, palette.number(value), 14, palette.INK_SOFT, align=align)
        return y + 96


# ---- the picture ----------------------------------------------------------------------------------------------------


def limits_of(values, name):
    """Ends of a colour bar: from 0 to a round number above nearly all values, so that bars read well and single voxels
    next to a vessel do not set the scale."""
    finite = values[np.isfinite(values)]
    top = float(np.percentile(finite, 99.8)) if finite.size else 1.0
    if top <= 0:
        return 0.0, 1.0
    step = palette.nice_length(top / 4)
    return 0.0, float(step * np.ceil(top / step - 1e-6))


def draw(lattice, cells, vessels, args, day, title):
    size, zoom = args.size, args.supersample
    grid, origin, h = state_grid(lattice, cells)
    if args.crop:
        low, high = np.array(args.crop[0::2]), np.array(args.crop[1::2])
    else:
        low, high = auto_crop(grid, origin, h)
    first = np.clip(np.round((low - origin) / h).astype(int), 0, np.array(grid.shape[::-1]) - 1)
    last = np.clip(np.round((high - origin) / h).astype(int), first + 1, grid.shape[::-1])
    low, high = origin + first * h, origin + last * h
    part = grid[first[2] : last[2], first[1] : last[1], first[0] : last[0]]

    tumour = np.isin(part, palette.TUMOUR)
    if tumour.any():
        centre = low + h * (np.array([c.mean() for c in np.nonzero(tumour)[::-1]]) + 0.5)
        centre = low + np.round((centre - low) / h) * h  # on a voxel face: whole cells, clean cut
    else:
        centre = (low + high) / 2
    # A handful of cells shows all it has from outside.
    taken = cut_away(part.shape, low, h, centre, args.cut if tumour.sum() >= 200 else "none")
    shown = tumour & visible(tumour & ~taken)
    where, codes, sizes = points_of(shown, part, low, h, args.jitter)

    renderer = vtk.vtkRenderer()
    renderer.SetBackground(*palette.rgb(palette.BACKGROUND))
    if len(where):
        renderer.AddActor(spheres(where, codes, sizes, 1.12 * h))

    lymphocytes = (part == 10) & ~taken
    if lymphocytes.any():
        renderer.AddActor(spheres(*points_of(lymphocytes, part, low, h, args.jitter), 0.9 * h))
    if args.normal:
        # Only behind the tumour, and small: a hint of the tissue around, not a curtain in front.
        z, y, x = (np.arange(n) for n in part.shape)
        c = (centre - low) / h
        behind = (x[None, None, :] - c[0]) * EYE[0] + (y[None, :, None] - c[1]) * EYE[1] + (z[:, None, None] - c[2]) * EYE[2] < 0
        normal = np.isin(part, palette.NORMAL) & behind & (hashed(np.arange(part.size), 5).reshape(part.shape) < args.normal)
        if normal.any():
            actor = spheres(*points_of(normal, part, low, h, 0.6), 0.32 * h)
            actor.GetProperty().SetOpacity(0.35)
            renderer.AddActor(actor)
    if vessels is not None and vessels.GetNumberOfLines() and args.vessels:
        renderer.AddActor(tubes(vessels, low, high))

    # Walls: the slice through the corner of the cut, moved back to the side of the box.
    edge = high - low
    bars = []
    if lattice is not None:
        s = lattice.spacing
        begin = np.clip(np.round((low - lattice.origin) / s).astype(int), 0, np.array(lattice.extent) - 1)
        end = np.clip(np.round((high - lattice.origin) / s).astype(int), begin + 1, lattice.extent)
        mid = np.clip(((centre - lattice.origin) / s).astype(int), begin, end - 1)
        zs, ys, xs = (slice(begin[a], end[a]) for a in (2, 1, 0))
        walls = [
            (args.floor, "floor", 2, lambda v: v[mid[2], ys, xs], low, (edge[0], 0, 0), (0, edge[1], 0)),
            (args.left, "left wall", 0, lambda v: v[zs, ys, mid[0]], low, (0, edge[1], 0), (0, 0, edge[2])),
            (args.right, "right wall", 1, lambda v: v[zs, mid[1], xs], (low[0], high[1], low[2]), (edge[0], 0, 0), (0, 0, edge[2])),
        ]
        for wanted, side, axis, take, corner, along, up in walls:
            name = next((n for n in (wanted, "inhibitor", "glucose", "oxygen") if n in lattice.arrays), None)
            if name is None:
                continue
            # A hair outside the box, so that cells on its border do not flicker through.
            corner = np.array(corner, float)
            corner[axis] += (1 if axis == 1 else -1) * 0.002 * edge.max()
            limits = limits_of(lattice.arrays[name][zs, ys, xs], name)
            renderer.AddActor(wall(take(lattice.arrays[name]).astype(float), limits, name, corner, along, up))
            at = lattice.origin[axis] + (mid[axis] + 0.5) * s
            bars.append((name, lattice.units[name], limits, f"{side}: slice {'xyz'[axis]} = {palette.number(at)} µm"))

    x0, y0, z0 = low
    x1, y1, z1 = high
    back = [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)]
    tops = [(x0, y0, z1), (x0, y1, z1), (x1, y1, z1)]
    edges = [(back[i], back[(i + 1) % 4]) for i in range(4)]
    edges += [(back[0], tops[0]), (back[3], tops[1]), (back[2], tops[2]), (tops[0], tops[1]), (tops[1], tops[2])]
    renderer.AddActor(segments(edges, palette.FRAME, 1.6 * zoom))

    bar = palette.nice_length(0.3 * edge[0])
    gap = 0.035 * edge.max()
    a, b = np.array([x0, y0 - gap, z0]), np.array([x0 + bar, y0 - gap, z0])
    tick = np.array([0, 0.012 * edge.max(), 0])
    renderer.AddActor(segments([(a, b), (a - tick, a + tick), (b - tick, b + tick)], palette.INK, 3.0 * zoom))

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

    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)  # the picture is rendered larger and averaged; peeling and occlusion want single samples
    window.SetSize(size[0] * zoom, size[1] * zoom)
    window.SetAlphaBitPlanes(1)
    window.AddRenderer(renderer)
    renderer.SetUseDepthPeeling(1)
    renderer.SetMaximumNumberOfPeels(8)
    renderer.SetOcclusionRatio(0.02)
    if args.ssao:
        renderer.UseSSAOOn()
        renderer.SetSSAORadius(2.6 * h)
        renderer.SetSSAOBias(0.03 * h)
        renderer.SetSSAOKernelSize(48)
        renderer.SSAOBlurOn()

    corners = [np.array(c) for c in back + tops + [(x1, y0, z1), tuple(a - tick), tuple(b - tick)]]
    aim(renderer, (low + high) / 2, corners, (0.285, 0.985, 0.055, 0.965))

    over = Overlay(renderer, size, zoom)
    unit = min(size[0] / 1600, size[1] / 1200)
    if unit != 1:
        over.zoom = zoom * unit
        over.size = (size[0] / unit, size[1] / unit)
    over.text(48, 62, f"day {day:.2f}".rstrip("0").rstrip("."), 40, bold=True)
    over.text(48, 104, title, 17, palette.INK_SOFT)

    counts = np.bincount(part.reshape(-1), minlength=16)
    y = 168
    over.text(48, y, "Cells in view", 17, bold=True)
    y += 32
    for code in (3, 4, 6, 5, 7, 8, 9, 10):
        if counts[code]:
            over.disc(57, y, 9, palette.state_rgb(code))
            over.text(78, y, palette.state_label(code), 16)
            over.text(392, y, f"{counts[code]:,}".replace(",", " "), 15, palette.INK_SOFT, align="right")
            y += 29
    if vessels is not None and vessels.GetNumberOfLines() and args.vessels:
        at = vtk_to_numpy(vessels.GetPoints().GetData())
        near = ((at >= low) & (at <= high)).all(axis=1)
        flow = vtk_to_numpy(vessels.GetPointData().GetArray("perfused"))[near]
        for wanted, label, colour in ((1, "vessel, perfused", palette.VESSEL_PERFUSED), (0, "vessel, not perfused", palette.VESSEL_IDLE)):
            if (flow == wanted).any():
                over.cells([(46, y - 4, 22, 8)], [palette.rgb(colour)])
                over.text(78, y, label, 16)
                y += 29
    y = max(y + 40, over.size[1] - 48 - 104 * len(bars) + 8)
    for name, unit_name, limits, where_text in bars:
        over.colour_bar(48, y, 300, name, unit_name, limits, where_text)
        y += 104

    def projected(point):
        renderer.SetWorldPoint(*point, 1)
        renderer.WorldToDisplay()
        dx, dy, _ = renderer.GetDisplayPoint()
        return dx / over.zoom, over.size[1] - dy / over.zoom

    window.Render()
    u, v = projected((a + b) / 2)
    over.text(u, v + 26, f"{palette.number(bar)} µm", 18, align="centre")
    window.Render()

    grab = vtk.vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.SetInputBufferTypeToRGB()
    grab.ReadFrontBufferOff()
    grab.ShouldRerenderOff()
    grab.Update()
    image = grab.GetOutput()
    w, hgt, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(hgt, w, 3)
    pixels = pixels.reshape(hgt // zoom, zoom, w // zoom, zoom, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    return pixels, len(where)


def save(pixels, path):
    image = vtk.vtkImageData()
    image.SetDimensions(pixels.shape[1], pixels.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(pixels).reshape(-1, 3), deep=True))
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(path)
    writer.SetInputData(image)
    writer.Write()
    if writer.GetErrorCode():
        sys.exit(f"{path}: cannot be written")


def parse(arguments):
    parser = argparse.ArgumentParser(description="A picture of one frame of a metavox run.")
    parser.add_argument("run", metavar="RUN_DIR")
    parser.add_argument("-o", "--output", help="PNG to write (default RUN_DIR/quicklook.png)")
    parser.add_argument("--frame", default="last", help="last, a number from 0, or a time in days such as 12.5 or 12d")
    parser.add_argument("--size", default="1600x1200", help="pixels, WIDTHxHEIGHT")
    parser.add_argument("--crop", help="part to show in um: x0,x1,y0,y1,z0,z1 (default: around the tumour); 'all' for the whole box")
    parser.add_argument("--cut", choices=("octant", "quarter", "half", "none"), default="octant", help="what is taken out of the tumour")
    parser.add_argument("--floor", default="oxygen", help="array shown on the floor")
    parser.add_argument("--left", default="matrix", help="array shown on the left wall")
    parser.add_argument("--right", default="proteinase", help="array shown on the right wall")
    parser.add_argument("--normal", type=float, default=0.0, metavar="SHARE", help="share of normal cells behind the tumour to hint at")
    parser.add_argument("--jitter", type=float, default=0.35, help="displacement of the spheres in voxels, for the eye only")
    parser.add_argument("--no-vessels", dest="vessels", action="store_false")
    parser.add_argument("--no-ssao", dest="ssao", action="store_false", help="without ambient occlusion (faster)")
    parser.add_argument("--supersample", type=int, default=2, help="rendered so many times larger, then averaged")
    parser.add_argument("--title", help="line under the time (default: the run's folder)")
    args = parser.parse_args(arguments)
    try:
        args.size = tuple(int(n) for n in args.size.lower().split("x"))
        assert len(args.size) == 2 and min(args.size) >= 64
    except (ValueError, AssertionError):
        parser.error("--size wants WIDTHxHEIGHT, for example 1600x1200")
    if args.crop and args.crop != "all":
        try:
            args.crop = [float(v) for v in args.crop.split(",")]
            assert len(args.crop) == 6
        except (ValueError, AssertionError):
            parser.error("--crop wants six numbers in um: x0,x1,y0,y1,z0,z1")
    elif args.crop:
        args.crop = [-1e9, 1e9] * 3  # cut to the lattice later
    return args


def main(arguments=None):
    args = parse(arguments)
    if vtk.vtkRenderWindow().GetClassName() == "vtkXOpenGLRenderWindow" and not os.environ.get("DISPLAY"):
        sys.exit("quicklook.py: this VTK draws through a display and there is none; put 'xvfb-run -a' in front of the command")
    index = {kind: read_index(args.run, kind) for kind in ("fields", "cells", "vessels")}
    leading = index["fields"] or index["cells"]
    if not leading:
        sys.exit(f"{args.run}: no frames (fields.pvd or cells.pvd) here")
    day, path = leading[choose(leading, args.frame)]
    fields = at_day(index["fields"], day)
    lattice = Lattice(read(fields)) if fields else None
    cells = None
    if not shows_every_voxel(lattice):
        cells = at_day(index["cells"], day)
        cells = read(cells) if cells else None
    vessels = at_day(index["vessels"], day)
    vessels = read(vessels) if vessels else None
    title = args.title or os.path.basename(os.path.abspath(args.run))
    pixels, drawn = draw(lattice, cells, vessels, args, day, title)
    output = args.output or os.path.join(args.run, "quicklook.png")
    save(pixels, output)
    print(f"{output}: day {day:g}, {drawn} cells drawn")


if __name__ == "__main__":
    main()
