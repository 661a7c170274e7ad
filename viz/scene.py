#!/usr/bin/env pvbatch
"""The picture of quicklook.py as a ParaView scene (5.11 or newer): to turn around, to change, to film.

    pvbatch viz/scene.py RUN_DIR [-o picture.png] [--frame last|N|DAYd] [--size 1600x1200] [--volume]
                                 [--vessels-by perfused|flow|oxygen|age|pressure|haematocrit]
    pvbatch viz/scene.py RUN_DIR --series DIR          a picture per frame
    pvbatch viz/scene.py RUN_DIR --film growth.mp4     a film (needs ffmpeg)
    pvbatch viz/scene.py RUN_DIR --body                all open windows of a body, side by side (body.pvd)

Without a display: xvfb-run -a -s "-screen 0 1280x1024x24" pvbatch --force-offscreen-rendering viz/scene.py ...

In the ParaView program, open View > Python Shell and type

    RUN = "/path/of/the/run"; VESSELS_BY = "flow"; exec(open("/path/of/metavox/viz/scene.py").read())     # or BODY = True

or press "Run Script" with the environment variable METAVOX_RUN set. Without either, the current directory is taken. Every part is
an ordinary filter with a plain name in the pipeline browser (tumour cells, cut, vessel tubes, growing tips ...). If palette.py is not
found from there, set METAVOX_VIZ to the folder that holds it.
"""

import os
import sys

try:
    from paraview.simple import *  # the idiom of ParaView scripts; also gives the names to the interactive shell
except ModuleNotFoundError:
    sys.exit("scene.py: this Python has no ParaView; run it with pvbatch (Debian: package python3-paraview), or open "
             "RUN_DIR/scene.pvsm in ParaView, or use quicklook.py, which needs VTK alone")  # fmt: skip


def find_palette():
    places = [os.environ.get("METAVOX_VIZ"), globals().get("VIZ")]
    if "__file__" in globals():
        places.append(os.path.dirname(os.path.abspath(__file__)))
    places += [os.getcwd(), os.path.join(os.getcwd(), "viz")]
    for place in places:
        if place and os.path.exists(os.path.join(place, "palette.py")):
            if place not in sys.path:
                sys.path.insert(0, place)
            return
    raise RuntimeError("palette.py of metavox not found: set METAVOX_VIZ to the folder viz of the sources")


find_palette()
import headline
import palette
import place

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")  # that ParaView writes
EYE = (0.74, -1.0, 0.62)  # as in quicklook.py: the octant towards it is cut out


def unit(v):
    n = sum(c * c for c in v) ** 0.5
    return [c / n for c in v]


def cross_product(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def open_index(run, kind):
    path = os.path.join(run, kind + ".pvd")
    if not os.path.exists(path):
        return None
    reader = PVDReader(registrationName=kind, FileName=path)
    reader.UpdatePipelineInformation()
    return reader


def times_of(*readers):
    # Of one frame alone ParaView gives a number, not a list.
    steps = [r.TimestepValues for r in readers if r is not None]
    times = sorted({t for s in steps for t in (list(s) if hasattr(s, "__len__") else [s])})
    if not times:
        raise RuntimeError("the run has no frames yet")
    return times


def choose(times, wanted):
    if wanted == "last":
        return times[-1]
    try:
        if wanted.endswith("d") or "." in wanted:
            day = float(wanted.rstrip("d"))
            nearest = min(times, key=lambda t: abs(t - day))
            if not times[0] <= day <= times[-1]:
                print(f"scene.py: there is no day {day:g}; taking day {nearest:g}", file=sys.stderr)
            return nearest
        number = int(wanted)
    except ValueError:
        raise RuntimeError(f"--frame {wanted}: type last, a number from 0, or a time in days such as 12.5 or 12d") from None
    if not -len(times) <= number < len(times):
        raise RuntimeError(f"--frame {wanted}: there are {len(times)} frames, numbered from 0")
    return times[number]


def picture_size(text):
    words = text.lower().split("x")
    if len(words) != 2 or not all(w.isdigit() and 16 <= int(w) <= 16384 for w in words):
        raise RuntimeError(f"--size {text}: type width x height in pixels, for example 1600x1200")
    return tuple(int(w) for w in words)


def need_ffmpeg():
    import shutil

    if shutil.which("ffmpeg") is None:
        raise RuntimeError("a film needs ffmpeg (apt-get install ffmpeg); --series DIR writes the single pictures")


def plain(representation, colour):
    """One colour. ColorBy(rep, None) throws in ParaView 5.11."""
    representation.ColorArrayName = [None, ""]
    representation.DiffuseColor = palette.rgb(colour)
    representation.AmbientColor = palette.rgb(colour)


def tell(proxy, **settings):
    """Sets what this version of ParaView knows: names of some display properties differ between versions."""
    for name, value in settings.items():
        try:
            setattr(proxy, name, value)
        except Exception:
            pass


def category_colours(array, entries):
    table = GetColorTransferFunction(array)
    table.InterpretValuesAsCategories = 1
    table.AnnotationsInitialized = 1
    table.Annotations = [text for code, label, _ in entries for text in (str(code), label)]
    table.IndexedColors = [c for _, _, colour in entries for c in palette.rgb(colour)]
    return table


def field_colours(name, top):
    table = GetColorTransferFunction(name)
    table.RGBPoints = [v for at, colour in palette.field_stops(name) for v in (at * top, *colour)]
    table.ColorSpace = "RGB"
    table.AutomaticRescaleRangeMode = "Never"
    return table


def round_top(value):
    if not value > 0:
        return 1.0
    step = palette.nice_length(value / 4)
    return step * -(-(value * (1 - 1e-6)) // step)


def points(view, size):
    """Font size that keeps its share of the picture: sizes here are meant for 1600 x 1200."""
    width, height = view.ViewSize
    return max(6, int(round(size * min(width / 1600, height / 1200))))


def bar(view, table, title, top, position, length=0.19):
    b = GetScalarBar(table, view)
    tell(b, WindowLocation="Any Location", AutoOrient=0)
    b.Orientation = "Horizontal"
    b.Position = position
    b.ScalarBarLength = length
    tell(b, ScalarBarThickness=points(view, 12), Title=title, ComponentTitle="", HorizontalTitle=1)
    tell(b, TitleFontSize=points(view, 15), LabelFontSize=points(view, 13), TitleColor=palette.rgb(palette.INK), LabelColor=palette.rgb(palette.INK_SOFT))
    tell(b, TitleBold=1, AutomaticLabelFormat=0, LabelFormat="%.3g", RangeLabelFormat="%.3g", DrawTickMarks=0)
    # Ends and middle alone: ParaView's own ticks collide with the ends.
    tell(b, UseCustomLabels=1, CustomLabels=[0.5 * top], AddRangeLabels=1)
    tell(b, TitleJustification="Left")
    b.Visibility = 1
    return b


def annotation(view, words, position, size, colour=palette.INK, bold=0, name="text"):
    source = Text(registrationName=name, Text=words)
    shown = Show(source, view)
    tell(shown, WindowLocation="Any Location")
    shown.Position = position
    shown.FontSize = points(view, size)
    shown.Color = palette.rgb(colour)
    shown.Bold = bold
    tell(shown, Interactivity=0)
    return source


# Scripts of programmable filters. ParaView runs them among the names of this file, to which it adds functions of arrays that are
# called like Python's own (min, sum, any ...): bodies are functions, and those names are cleared away again.
CLEAR = """
import builtins
for metavox_name in dir(builtins):
    if not metavox_name.startswith("_"):
        globals().pop(metavox_name, None)
"""
# Steps from voxel to voxel are rounded off as in quicklook.py; ends of lines stay.
ROUNDED = """
def metavox_rounded(lines, output, rounds, reach):
    import numpy
    from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    output.ShallowCopy(lines)
    if lines.GetNumberOfLines() == 0:
        return
    at = vtk_to_numpy(lines.GetPoints().GetData()).astype(float)
    first = vtk_to_numpy(lines.GetLines().GetOffsetsArray())
    order = vtk_to_numpy(lines.GetLines().GetConnectivityArray())
    if not numpy.array_equal(order, numpy.arange(len(at))):
        return
    step = numpy.linalg.norm(numpy.diff(at, axis=0), axis=1)
    inner = numpy.ones(len(at), bool)
    inner[first[:-1]] = inner[first[1:] - 1] = False
    inner[1:-1] &= (step[1:] <= reach) & (step[:-1] <= reach)
    k = numpy.flatnonzero(inner)
    for _ in range(rounds):
        at[k] = 0.25 * at[k - 1] + 0.5 * at[k] + 0.25 * at[k + 1]
    points = lines.GetPoints().NewInstance()
    points.SetData(numpy_to_vtk(at.astype(numpy.float32), deep=True))
    output.SetPoints(points)

metavox_rounded(self.GetInputDataObject(0, 0), self.GetOutputDataObject(0), 3, REACH)
"""
TIPS = """
def metavox_tips(lines, output):
    import numpy, vtk
    from vtk.util.numpy_support import vtk_to_numpy
    points, verts = vtk.vtkPoints(), vtk.vtkCellArray()
    tip = lines.GetPointData().GetArray("tip")
    for i in numpy.flatnonzero(vtk_to_numpy(tip)) if tip is not None else ():
        verts.InsertNextCell(1)
        verts.InsertCellPoint(points.InsertNextPoint(lines.GetPoint(int(i))))
    output.SetPoints(points)
    output.SetVerts(verts)

metavox_tips(self.GetInputDataObject(0, 0), self.GetOutputDataObject(0))
"""


class Scene:
    """The pipeline; its members are the proxies, to be changed further."""

    def __init__(self, run, frame="last", size=(1600, 1200), volume=False, vessels_by="perfused"):
        self.run = os.path.abspath(run)
        self.vessels_by = vessels_by
        paraview.simple._DisableFirstRenderCameraReset()
        self.cells = open_index(run, "cells")
        self.fields = open_index(run, "fields")
        self.vessels = open_index(run, "vessels")
        if self.cells is None and self.fields is None:
            raise RuntimeError(f"{run}: no cells.pvd and no fields.pvd here")
        self.times = times_of(self.cells, self.fields)
        self.day = choose(self.times, frame)
        self.view = self.make_view(size)
        # The box and the cut come from the last frame, so that nothing jumps in a film.
        self.measure()
        self.draw_cells()
        self.draw_vessels()
        self.draw_walls()
        if volume:
            self.draw_volume()
        self.draw_box()
        self.label()
        self.aim()
        self.go_to(self.day)

    # ---- set-up ----

    def make_view(self, size):
        view = GetActiveView()
        if view is None or view.GetXMLName() != "RenderView":
            view = CreateView("RenderView")
        SetActiveView(view)
        view.ViewSize = list(size)
        tell(view, UseColorPaletteForBackground=0, BackgroundColorMode="Single Color")
        view.Background = palette.rgb(palette.BACKGROUND)
        view.OrientationAxesVisibility = 0
        tell(view, CenterAxesVisibility=0, UseFXAA=1, DepthPeeling=1)
        tell(view, KeyLightWarmth=0.55, FillLightWarmth=0.42, KeyLightElevation=42, KeyLightAzimuth=-28)
        # Ambient occlusion is what makes a heap of spheres look solid; the property changed its name over the versions.
        tell(view, UseSSAO=1, UseAmbientOcclusion=1, Blur=1, KernelSize=48)
        return view

    def measure(self):
        last = self.times[-1]
        reader = self.fields if self.fields is not None else self.cells
        reader.UpdatePipeline(last)
        bounds = reader.GetDataInformation().GetBounds()
        self.low, self.high = list(bounds[0::2]), list(bounds[1::2])
        self.voxel = 20.0
        size = self.field_value(reader, "voxel_size")
        if size:
            self.voxel = size
        self.centre = [(a + b) / 2 for a, b in zip(self.low, self.high)]
        self.tumour = None
        if self.cells is not None:
            self.tumour = Threshold(registrationName="tumour cells", Input=self.cells)
            self.tumour.Scalars = ["POINTS", "cell_state"]
            self.tumour.LowerThreshold, self.tumour.UpperThreshold = min(palette.TUMOUR), max(palette.TUMOUR)
            self.tumour.UpdatePipeline(last)
            about = self.tumour.GetDataInformation()
            if about.GetNumberOfPoints():
                b = about.GetBounds()
                self.centre = [round((b[i] + b[i + 1]) / 2 / self.voxel) * self.voxel for i in (0, 2, 4)]
                half = max(1.45 * max(b[1] - b[0], b[3] - b[2], b[5] - b[4]), 16 * self.voxel) / 2
                low = [max(l, c - half) for l, c in zip(self.low, self.centre)]
                high = [min(h, c + half) for h, c in zip(self.high, self.centre)]
                share = 1.0
                for l, h, fl, fh in zip(low, high, self.low, self.high):
                    share *= (h - l) / (fh - fl)
                if share < 0.6:
                    self.low, self.high = low, high
        self.edge = [h - l for l, h in zip(self.low, self.high)]
        # Reach of the occlusion: a few cells. The presets take it from the size of the whole scene and leave grain on the walls.
        tell(self.view, UseSSAODefaultPresets=0, Radius=2.6 * self.voxel, Bias=0.03 * self.voxel)

    @staticmethod
    def field_value(reader, name):
        info = reader.FieldData.GetArray(name)
        return info.GetRange(0)[0] if info is not None else None

    def unit_of(self, name):
        """The file's own string; fetching one voxel's worth of data is enough to get the field data across."""
        try:
            tiny = ExtractSubset(Input=self.fields, VOI=[0, 1, 0, 1, 0, 1])
            data = paraview.servermanager.Fetch(tiny)
            Delete(tiny)
            text = data.GetFieldData().GetAbstractArray(name + "_unit").GetValue(0)
            return "" if text == "1" else f" [{text}]"
        except Exception:
            return ""

    # ---- parts ----

    def draw_cells(self):
        if self.tumour is None:
            return
        # T cells belong in the picture, but not into the measure of the tumour.
        self.tumour.UpperThreshold = 10
        self.cut = Clip(registrationName="cut", Input=self.tumour)
        self.cut.ClipType = "Box"
        tell(self.cut.ClipType, UseReferenceBounds=0)
        far = [2 * e for e in self.edge]
        self.cut.ClipType.Position = [self.centre[0], self.centre[1] - far[1], self.centre[2]]
        self.cut.ClipType.Length = far
        self.cut.Invert = 0  # keep what is outside of the box
        shown = Show(self.cut, self.view)
        shown.SetRepresentationType("Point Gaussian")
        shown.GaussianRadius = 0.6 * self.voxel
        shown.ShaderPreset = "Sphere"
        tell(shown, ScaleByArray=0, Emissive=0, Specular=0.1)
        entries = [(c, palette.state_label(c), palette.CELL_STATES[c][2]) for c in palette.SHOWN]
        table = category_colours("cell_state", entries)
        ColorBy(shown, ("POINTS", "cell_state"))
        shown.LookupTable = table
        legend = GetScalarBar(table, self.view)
        tell(legend, WindowLocation="Any Location", Title="Cells", ComponentTitle="", AutoOrient=0)
        legend.Orientation = "Vertical"
        legend.Position = [0.022, 0.50]
        legend.ScalarBarLength = 0.31
        tell(legend, TextPosition="Ticks left/bottom, annotations right/top", HorizontalTitle=1)
        tell(legend, ScalarBarThickness=points(self.view, 16))
        tell(legend, TitleFontSize=points(self.view, 15), LabelFontSize=points(self.view, 14), TitleJustification="Left", TitleBold=1)
        tell(legend, TitleColor=palette.rgb(palette.INK), LabelColor=palette.rgb(palette.INK), DrawNanAnnotation=0)
        legend.Visibility = 1

    def draw_vessels(self):
        if self.vessels is None:
            return
        self.vessels.UpdatePipeline(self.times[-1])
        if self.vessels.GetDataInformation().GetNumberOfCells() == 0:
            return
        # Tubes first, then the box: clipped lines would be merged at junctions, where lines keep points of their own.
        rounded = ProgrammableFilter(registrationName="vessels, rounded", Input=self.vessels)
        rounded.Script = ROUNDED.replace("REACH", str(1.9 * self.voxel)) + CLEAR
        self.tubes = Tube(registrationName="vessel tubes", Input=rounded)
        self.tubes.Scalars = ["POINTS", "radius"]
        self.tubes.VaryRadius = "By Absolute Scalar"
        segments = self.vessels.GetDataInformation().GetNumberOfPoints()
        self.tubes.NumberofSides = 18 if segments < 50000 else 8
        near = Clip(registrationName="vessels near", Input=self.tubes)
        near.ClipType = "Box"
        tell(near.ClipType, UseReferenceBounds=0)
        near.ClipType.Position = self.low
        near.ClipType.Length = self.edge
        near.Invert = 1
        # Perfused is what red cells pass; numbers of the blood are shown wherever any blood does, and in runs of old.
        passed = self.vessels_by == "perfused" and self.vessels.PointData.GetArray("carries") is not None
        self.perfusion = "carries" if passed else "perfused"
        if self.vessels_by == "perfused":
            self.show_vessels(near, self.perfusion, self.perfusion_colours())
        else:
            array = self.vessels.PointData.GetArray(self.vessels_by)
            if array is None:
                raise RuntimeError(f"the vessels of this run have no {self.vessels_by}; there are {', '.join(self.vessels.PointData.keys())}")
            flowing = near
            if palette.VESSEL_FIELDS[self.vessels_by][3]:  # vessels without blood keep their own colour
                parts = []
                for name, low, high in (("vessels with blood", 1, 1), ("vessels without blood", 0, 0)):
                    part = Threshold(registrationName=name, Input=near)
                    part.Scalars = ["POINTS", self.perfusion]
                    part.LowerThreshold, part.UpperThreshold = low, high
                    parts.append(part)
                flowing = parts[0]
                self.show_vessels(parts[1], self.perfusion, self.perfusion_colours())
            title, unit, scale = palette.VESSEL_FIELDS[self.vessels_by][:3]
            table, limits = self.vessel_table(flowing, scale)
            self.show_vessels(flowing, self.vessels_by, table)
            words = f"Vessels: {title}" + ("" if unit == "1" else f" [{unit}]")
            b = bar(self.view, table, words, limits[1], [0.022, 0.405])
            if scale == "log":
                tell(b, CustomLabels=[(limits[0] * limits[1]) ** 0.5])
            else:
                tell(b, CustomLabels=[(limits[0] + limits[1]) / 2])
        self.draw_tips()

    def perfusion_colours(self):
        idle = palette.VESSEL_IDLE if self.vessels_by == "perfused" else palette.VESSEL_NO_FLOW
        return category_colours(self.perfusion, [(0, "vessel, not perfused", idle), (1, "vessel, perfused", palette.VESSEL_PERFUSED)])

    def show_vessels(self, what, array, table):
        shown = Show(what, self.view)
        ColorBy(shown, ("POINTS", array))
        shown.LookupTable = table
        shown.SetScalarBarVisibility(self.view, False)
        tell(shown, Specular=0.3, Ambient=0.3, Diffuse=0.9)

    def vessel_table(self, part, scale):
        """Colours of a number, named apart from the field of the same name ("oxygen"), and the ends of their scale."""
        part.UpdatePipeline(self.times[-1])
        array = part.PointData.GetArray(self.vessels_by)
        low, high = array.GetRange(0) if array is not None else (0.0, 1.0)
        if scale == "log":
            import math

            top = math.ceil(math.log10(high) - 1e-3) if high > 0 else 0
            low, high = 10.0 ** max(top - 4, math.floor(math.log10(low)) if low > 0 else top - 4), 10.0**top
        else:
            low = 0.0 if scale == "zero" else low
            step = palette.nice_length(max(high - low, 1e-12) / 4)
            low, high = step * (low // step), step * -(-high // step)
            high = high if high > low else low + step
        table = GetColorTransferFunction("vessel_" + self.vessels_by)
        place = (lambda t: low * (high / low) ** t) if scale == "log" else (lambda t: low + t * (high - low))
        table.RGBPoints = [v for at, colour in palette.vessel_stops(self.vessels_by) for v in (place(at), *colour)]
        table.ColorSpace = "RGB"
        table.AutomaticRescaleRangeMode = "Never"
        table.UseLogScale = 1 if scale == "log" else 0
        return table, (low, high)

    def draw_tips(self):
        tips = ProgrammableFilter(registrationName="growing tips", Input=self.vessels)
        tips.Script = TIPS + CLEAR
        balls = Glyph(registrationName="balls at tips", Input=tips, GlyphType="Sphere")
        balls.OrientationArray, balls.ScaleArray = ["POINTS", "No orientation array"], ["POINTS", "No scale array"]
        balls.GlyphMode, balls.ScaleFactor = "All Points", self.voxel
        tell(balls.GlyphType, ThetaResolution=12, PhiResolution=10)
        shown = Show(balls, self.view)
        plain(shown, palette.VESSEL_TIP)
        tell(shown, Ambient=0.65, Diffuse=0.6)

    def draw_walls(self):
        if self.fields is None:
            return
        names = list(self.fields.CellData.keys())
        at = 0.30
        right = "vegf" if "vegf" in names else "proteinase"
        for name, side, axis in (("oxygen", "floor", 2), ("matrix", "left wall", 0), (right, "right wall", 1)):
            if name not in names:
                continue
            cut = Slice(registrationName=f"{name} slice", Input=self.fields)
            cut.SliceType = "Plane"
            normal = [0, 0, 0]
            normal[axis] = 1
            origin = list(self.centre)
            origin[axis] += 0.25 * self.voxel  # inside a layer of voxels, not on the face between two
            cut.SliceType.Origin, cut.SliceType.Normal = origin, normal
            smooth = CellDatatoPointData(registrationName=f"{name} smoothed", Input=cut)
            near = Clip(registrationName=f"{name} near", Input=smooth)
            near.ClipType = "Box"
            tell(near.ClipType, UseReferenceBounds=0)
            near.ClipType.Position = [l - 1 for l in self.low]
            near.ClipType.Length = [e + 2 for e in self.edge]
            near.Invert = 1
            moved = Transform(registrationName=f"{name} on the {side}", Input=near)
            moved.Transform = "Transform"
            shift = [0.0, 0.0, 0.0]
            margin = 0.002 * max(self.edge)
            shift[axis] = (self.high[axis] + margin if axis == 1 else self.low[axis] - margin) - origin[axis]
            moved.Transform.Translate = shift
            shown = Show(moved, self.view)
            shown.SetRepresentationType("Surface")
            tell(shown, Ambient=1.0, Diffuse=0.0, Specular=0.0)  # colours must match the bar
            top = round_top(self.fields.CellData[name].GetRange(0)[1])
            ColorBy(shown, ("POINTS", name))
            table = field_colours(name, top)  # after ColorBy, which fits the range to this slice
            shown.LookupTable = table
            title = palette.field_label(name)
            bar(self.view, table, f"{title[0].upper()}{title[1:]}{self.unit_of(name)}, {side}", top, [0.022, at])
            at -= 0.105

    def draw_volume(self):
        """Oxygen as mist, densest where there is most: shows the supply between the vessels."""
        if self.fields is None or "oxygen" not in list(self.fields.CellData.keys()):
            return
        shown = Show(self.fields, self.view)
        shown.SetRepresentationType("Volume")
        ColorBy(shown, ("CELLS", "oxygen"))
        top = round_top(self.fields.CellData["oxygen"].GetRange(0)[1])
        opacity = GetOpacityTransferFunction("oxygen")
        opacity.Points = [0, 0, 0.5, 0, 0.5 * top, 0.0, 0.5, 0, top, 0.03, 0.5, 0]
        shown.LookupTable = field_colours("oxygen", top)
        shown.ScalarOpacityFunction = opacity
        tell(shown, ScalarOpacityUnitDistance=4 * self.voxel)

    def draw_box(self):
        (x0, y0, z0), (x1, y1, z1) = self.low, self.high
        box = PolyLineSource(registrationName="box")
        path = [(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0), (x0, y0, z0), (x0, y0, z1), (x0, y1, z1), (x1, y1, z1),
                (x1, y1, z0), (x0, y1, z0), (x0, y1, z1)]
        box.Points = [v for p in path for v in p]
        shown = Show(box, self.view)
        plain(shown, palette.FRAME)
        tell(shown, LineWidth=1.5, Ambient=1.0, Diffuse=0.0)

        length = palette.nice_length(0.3 * self.edge[0])
        gap = 0.035 * max(self.edge)
        line = Line(registrationName="scale bar", Point1=[x0, y0 - gap, z0], Point2=[x0 + length, y0 - gap, z0])
        shown = Show(line, self.view)
        plain(shown, palette.INK)
        tell(shown, LineWidth=4, Ambient=1.0, Diffuse=0.0)
        words = Text(registrationName="scale bar text", Text=f"{palette.number(length)} µm")
        shown = Show(words, self.view)
        tell(shown, TextPropMode="Billboard 3D Text", FontSize=points(self.view, 16), Color=palette.rgb(palette.INK), Justification="Center")
        tell(shown, BillboardPosition=[x0 + 0.42 * length, y0 - 3.2 * gap, z0 - gap])

    def label(self):
        source = self.cells if self.cells is not None else self.fields
        clock = AnnotateTimeFilter(registrationName="time", Input=source, Format="day {time:.2f}")
        shown = Show(clock, self.view)
        tell(shown, WindowLocation="Any Location")
        shown.Position = [0.022, 0.93]
        shown.FontSize = points(self.view, 30)
        shown.Bold = 1
        shown.Color = palette.rgb(palette.INK)
        annotation(self.view, headline.of(self.run), [0.022, 0.895], 15, palette.INK_SOFT, name="run")

    def aim(self):
        eye = unit(EYE)
        right = unit(cross_product([-e for e in eye], [0, 0, 1]))
        reach = sum(e * e for e in self.edge) ** 0.5 / 2
        middle = [(a + b) / 2 for a, b in zip(self.low, self.high)]
        width, height = self.view.ViewSize
        tangent = 0.17632698  # of half the view angle, 10 degrees
        distance = reach / tangent * 1.03 / min(1.0, width / height / 1.3)
        # Moved aside so that the scene stands right of the legend.
        aside = [-0.24 * distance * tangent * r for r in right]
        aside[2] -= 0.02 * self.edge[2]
        self.view.CameraViewAngle = 20
        self.view.CameraFocalPoint = [m + a for m, a in zip(middle, aside)]
        self.view.CameraPosition = [m + a + distance * e for m, a, e in zip(middle, aside, eye)]
        self.view.CameraViewUp = [0, 0, 1]
        tell(self.view, CenterOfRotation=middle)

    # ---- pictures ----

    def go_to(self, day):
        scene = GetAnimationScene()
        scene.UpdateAnimationUsingDataTimeSteps()
        scene.AnimationTime = day
        self.view.ViewTime = day
        Render(self.view)

    def picture(self, path):
        SaveScreenshot(path, self.view, ImageResolution=list(self.view.ViewSize))
        if not os.path.exists(path):  # ParaView prints that it failed, and goes on
            raise RuntimeError(f"{path}: ParaView could not write it")

    def series(self, folder):
        os.makedirs(folder, exist_ok=True)
        for i, day in enumerate(self.times):
            self.go_to(day)
            self.picture(os.path.join(folder, f"frame_{i:06d}.png"))
        return len(self.times)

    def film(self, path, per_second=12):
        import subprocess
        import tempfile

        need_ffmpeg()
        with tempfile.TemporaryDirectory() as folder:
            count = self.series(folder)
            made = subprocess.run(
                ["ffmpeg", "-y", "-loglevel", "error", "-framerate", str(per_second), "-i", os.path.join(folder, "frame_%06d.png"),
                 "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "18", path],
            )
            if made.returncode != 0:
                raise RuntimeError(f"{path}: ffmpeg failed, as it says above")
        return count


class BodyScene(Scene):
    """All windows of a body that are open, side by side; those around forced founders have a thick red box and say so. Labels are of the
    chosen frame: windows that open or close in a film come and go without."""

    def __init__(self, run, frame="last", size=(1600, 700)):
        self.run = os.path.abspath(run)
        paraview.simple._DisableFirstRenderCameraReset()
        self.body = open_index(run, "body")
        if self.body is None:
            raise RuntimeError(f"{run}: no body.pvd here; it is written by runs of a body with windows")
        self.times = times_of(self.body)
        self.day = choose(self.times, frame)
        import metavox_io

        tables = metavox_io.Run(self.run)
        self.frame = tables.body(day=self.day)
        self.view = self.make_view(size)
        voxel = self.frame.voxel_size or 20.0
        tell(self.view, UseSSAODefaultPresets=0, Radius=2.6 * voxel, Bias=0.03 * voxel)
        self.draw_cells_of_windows(voxel)
        self.draw_vessels_of_windows()
        self.draw_boxes()
        self.label_windows()
        self.tell_counts(tables)
        self.aim_at_windows()
        self.go_to(self.day)

    def part(self, name, source, array, low, high):
        part = Threshold(registrationName=name, Input=source)
        part.Scalars = ["POINTS", array]
        part.LowerThreshold, part.UpperThreshold = low, high
        return part

    def draw_cells_of_windows(self, voxel):
        entries = [(c, palette.state_label(c), palette.CELL_STATES[c][2]) for c in palette.SHOWN]
        # Codes of cells lie on both sides of that of vessels.
        for name, low, high in (("cells", 3, 10), ("sleepers", 12, 12)):
            shown = Show(self.part(name, self.body, "cell_state", low, high), self.view)
            shown.SetRepresentationType("Point Gaussian")
            shown.GaussianRadius = 0.6 * voxel
            shown.ShaderPreset = "Sphere"
            tell(shown, ScaleByArray=0, Emissive=0, Specular=0.1)
            table = category_colours("cell_state", entries)
            ColorBy(shown, ("POINTS", "cell_state"))
            shown.LookupTable = table
            shown.SetScalarBarVisibility(self.view, False)

    def draw_vessels_of_windows(self):
        lines = ExtractSurface(registrationName="vessels", Input=self.part("vessels and no cells", self.body, "cell_state", 11, 11))
        tubes = Tube(registrationName="vessel tubes", Input=lines)
        tubes.Scalars = ["POINTS", "radius"]
        tubes.VaryRadius = "By Absolute Scalar"
        tubes.NumberofSides = 8
        plain(Show(tubes, self.view), palette.VESSEL_PERFUSED)

    def draw_boxes(self):
        edges = self.part("boxes", self.body, "cell_state", 0, 0)
        for name, low, high, colour, width in (("natural boxes", 0, 1, palette.INK_SOFT, 1.5), ("forced boxes", 2, 2, palette.VESSEL_PERFUSED, 4)):
            shown = Show(self.part(name, edges, "origin", low, high), self.view)
            plain(shown, colour)
            tell(shown, LineWidth=width, Ambient=1.0, Diffuse=0.0)

    def label_windows(self):
        for window in self.frame.windows:
            mine = self.frame["window"] == window.number
            cells = sum(int((mine & (self.frame["cell_state"] == code)).sum()) for code in palette.LIVING_TUMOUR)
            forced = window.name.endswith("-forced")
            organ = window.name.split("-")[1]
            words = f"{'FORCED, ' if forced else ''}{organ}\n{cells:,} cells"
            label = Show(Text(registrationName=f"window {window.number}", Text=words), self.view)
            tell(label, TextPropMode="Billboard 3D Text", FontSize=points(self.view, 15), Justification="Center", Bold=1 if forced else 0)
            tell(label, Color=palette.rgb(palette.INK))
            at = window.corner + window.edge * (0.5, -0.12, 0.0)
            tell(label, BillboardPosition=[float(v) for v in at])

    def tell_counts(self, tables):
        body = tables.table("body.csv")
        row = min(range(body.rows), key=lambda k: abs(body["time"][k] - self.day))
        counts = ", ".join(f"{body[name][row]:,.0f} {words}" for name, words in
                           (("departed", "departed"), ("lodged", "lodged"), ("adherent", "adherent"), ("landed", "got out of vessels"),
                            ("natural_lesions", "natural lesions")))  # fmt: skip
        clock = AnnotateTimeFilter(registrationName="time", Input=self.body, Format="day {time:.2f}")
        shown = Show(clock, self.view)
        tell(shown, WindowLocation="Any Location")
        shown.Position = [0.022, 0.90]
        shown.FontSize = points(self.view, 30)
        shown.Bold = 1
        shown.Color = palette.rgb(palette.INK)
        annotation(self.view, headline.of(self.run), [0.022, 0.85], 15, palette.INK_SOFT, name="run")
        annotation(self.view, counts, [0.022, 0.04], 15, palette.INK_SOFT, name="counts")

    def aim_at_windows(self):
        corners = [c for w in self.frame.windows for c in (w.corner, w.corner + w.edge)] or [[0, 0, 0], [1000, 1000, 1000]]
        low = [float(min(c[a] for c in corners)) for a in range(3)]
        high = [float(max(c[a] for c in corners)) for a in range(3)]
        middle = [(a + b) / 2 for a, b in zip(low, high)]
        width, height = self.view.ViewSize
        tangent = 0.17632698  # of half the view angle, 10 degrees
        across, up = high[0] - low[0], high[1] - low[1] + high[2] - low[2]
        distance = 0.5 * max(across * height / width, 0.8 * up) / tangent * 1.25
        eye = unit((0.0, -0.55, 0.85))
        self.view.CameraViewAngle = 20
        self.view.CameraFocalPoint = middle
        self.view.CameraPosition = [m + distance * e for m, e in zip(middle, eye)]
        self.view.CameraViewUp = [0, 1, 0]
        tell(self.view, CenterOfRotation=middle)


def main(arguments):
    import argparse

    parser = argparse.ArgumentParser(prog="scene.py", description="ParaView scene of a metavox run.")
    parser.add_argument("run", metavar="RUN_DIR")
    parser.add_argument("-o", "--output", help="PNG to write (default RUN_DIR/scene.png)")
    parser.add_argument("--frame", default="last", help="last, a number from 0, or a time in days such as 12.5 or 12d")
    parser.add_argument("--size", help="width x height in pixels (default 1600x1200; with --body 1600x700)")
    parser.add_argument("--body", action="store_true", help="all open windows of a body, side by side")
    parser.add_argument("--vessels-by", choices=palette.VESSELS_BY, default="perfused", help="what vessels are coloured by")
    parser.add_argument("--volume", action="store_true", help="also oxygen as a translucent volume")
    parser.add_argument("--series", metavar="DIR", help="a picture of every frame")
    parser.add_argument("--film", metavar="FILE.mp4", help="a film of all frames")
    parser.add_argument("--rate", type=int, default=12, help="frames per second of the film")
    args = parser.parse_args(arguments)
    size = picture_size(args.size or ("1600x700" if args.body else "1600x1200"))
    if not os.path.isdir(args.run):
        raise RuntimeError(f"{args.run}: there is no such folder")
    if args.output:
        place.check(args.output, PICTURES)
    if args.film:
        place.check(args.film, (".mp4", ".mkv", ".mov", ".avi"))
        need_ffmpeg()
        if args.rate < 1:
            raise RuntimeError(f"--rate {args.rate}: at least one frame per second")
    scene = BodyScene(args.run, args.frame, size) if args.body else Scene(args.run, args.frame, size, args.volume, args.vessels_by)
    if args.series:
        print(f"{args.series}: {scene.series(args.series)} pictures")
    if args.film:
        print(f"{args.film}: {scene.film(args.film, args.rate)} frames")
    if args.output or not (args.series or args.film):
        output = args.output or os.path.join(args.run, "scene.png")
        scene.go_to(scene.day)
        scene.picture(output)
        print(f"{output}: day {scene.day:g}")


if os.path.basename(sys.argv[0] if sys.argv else "") == "scene.py":  # under pvbatch and pvpython
    try:
        main(sys.argv[1:])
    except (RuntimeError, ValueError, OSError) as problem:
        sys.exit(f"scene.py: {problem}")
else:  # in ParaView's own shell
    run_shown = globals().get("RUN") or os.environ.get("METAVOX_RUN") or os.getcwd()
    metavox_scene = BodyScene(run_shown) if globals().get("BODY") else Scene(run_shown, vessels_by=globals().get("VESSELS_BY") or "perfused")
