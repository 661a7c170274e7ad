#!/usr/bin/env python3
"""A few frames of one run side by side as one picture, all seen from one place, with one legend.

    xvfb-run -a /usr/bin/python3 viz/film.py RUN_DIR [-o film.png] [--days 0,3,6,9,12] [--panel 520x600] [--columns 5]

Without --days, five frames evenly spaced over the run. The box, the cut and the ends of colour bars are the same in all frames.
Drawing is that of quicklook.py, and so are most options: --vessels-by, --open, --cut, --crop, --floor ...
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import quicklook as look  # first, for its advice where VTK is missing

import numpy as np
import vtk

import palette


def chosen_days(leading, wanted, count):
    """Times of the frames nearest to those wanted, each once."""
    times = [day for day, _ in leading]
    if wanted is None:
        wanted = np.linspace(times[0], times[-1], min(count, len(times)))
    return sorted({min(times, key=lambda t: abs(t - day)) for day in wanted})


def panel(frame, stage, args, first):
    """Pixels of one frame without a legend, and what it would have to say."""
    picture = look.Picture(frame, stage, args)
    zoom, size = args.supersample, args.panel
    middle, length = picture.add_scale(2.2 * zoom * args.unit) if first else (None, "")
    window = look.window_of(picture.renderer, size, zoom)
    look.aim(picture.renderer, (stage.low + stage.high) / 2, stage.corners(), (0.055, 0.975, 0.085, 0.885))
    over = look.Overlay(picture.renderer, (size[0] / args.unit, size[1] / args.unit), zoom * args.unit)
    over.text(30, 42, look.day_text(frame.day), 42, bold=True)
    if first:
        window.Render()
        u, v = look.projected(picture.renderer, middle, over)
        over.text(u - 4, v + 30, length, 26, align="centre")
    return look.grab(window, zoom), picture


class Legend:
    """Entries in rows, as many as fit; drawn once their places are known."""

    size, gap, row = 29, 44, 54

    def __init__(self, width, zoom):
        self.width, self.zoom = width, zoom
        self.x, self.y, self.height, self.left = 0, 0, 0, 34
        self.entries = []
        self.ruler = look.Overlay(None, (1, 1), zoom)

    def place(self, length, height):
        """Where an entry of this length goes; a row is as high as its highest entry."""
        if self.x and self.left + self.x + length > self.width - self.left:
            self.new_row()
        at = self.left + self.x
        self.x += length + self.gap
        self.height = max(self.height, height)
        return at

    def new_row(self):
        if self.x:
            self.x, self.y, self.height = 0, self.y + self.height, 0

    def add(self, label, colour, shape):
        length = 40 + self.ruler.width(label, self.size)
        self.entries.append((self.place(length, self.row), self.y, label, colour, shape))

    def add_bars(self, bars):
        for bar in bars:
            at = self.place(480, 104)
            self.entries.append((at, self.y, bar, 440, "bar"))

    def draw(self, unit):
        self.new_row()
        height = self.y + 14
        renderer = vtk.vtkRenderer()
        renderer.SetBackground(*palette.rgb(palette.BACKGROUND))
        size = int(round(self.width * unit)), int(round(height * unit))
        over = look.Overlay(renderer, (self.width, height), self.zoom * unit)
        window = look.window_of(renderer, size, self.zoom)
        for x, y, what, colour, shape in self.entries:
            y += 24
            if shape == "bar":
                over.colour_bar(x, y, colour, what, size=self.size, height=20, where=False)
                continue
            if shape == "tube":
                over.cells([(x, y - 6, 26, 12)], [colour])
            else:
                over.disc(x + 13, y, 12 if shape == "cell" else 9, colour)
            over.text(x + 38, y, what, self.size)
        return look.grab(window, self.zoom)


def legend(pictures, args, width):
    rows = Legend(width / args.unit, args.supersample)
    for code in (3, 4, 6, 5, 7, 8, 9, 10):
        if any(p.counts[code] for p in pictures):
            rows.add(palette.state_label(code), look.state_colour(code, args.mute), "cell")
    rows.new_row()
    seen = {}
    for p in pictures:
        for label, colour, is_round in p.vessel_legend:
            seen[label] = palette.rgb(colour), "tip" if is_round else "tube"
    for label in ("vessel, perfused", "vessel, not perfused", "growing tip"):
        if label in seen:
            rows.add(label, *seen[label])
    bars = {}
    for p in pictures:
        for bar in ([p.vessel_bar] if p.vessel_bar else []) + p.bars:
            bars.setdefault(bar.title, bar)
    rows.add_bars(list(bars.values()))
    return rows.draw(args.unit)


def parse(arguments):
    parser = argparse.ArgumentParser(description="Several frames of a metavox run side by side.")
    look.add_options(parser, left="none", right="none")
    parser.add_argument("-o", "--output", help="PNG to write (default RUN_DIR/film.png)")
    parser.add_argument("--days", help="times in days: 0,3,6,9,12")
    parser.add_argument("--frames", type=int, default=5, metavar="N", help="without --days: so many, evenly spaced")
    parser.add_argument("--columns", type=int, default=0, metavar="N", help="panels in a row (default: all)")
    parser.add_argument("--panel", default="520x600", help="pixels of one panel, WIDTHxHEIGHT")
    parser.add_argument("--stage", default="last", metavar="FRAME", help="the frame that sets the box shown and the cut: last, N or DAYd")
    args = parser.parse_args(arguments)
    args.panel = look.size_of(parser, "--panel", args.panel)
    args.unit = min(args.panel[0] / 520, args.panel[1] / 600)
    try:
        args.days = [float(d) for d in args.days.split(",")] if args.days else None
    except ValueError:
        parser.error("--days wants numbers with commas between: 0,3,6,9,12")
    if args.frames < 1 or args.columns < 0:
        parser.error("--frames and --columns want a number of one or more")
    return look.check_options(parser, args)


def main(arguments=None):
    args = parse(arguments)
    index, leading = look.open_run(args.run)
    days = chosen_days(leading, args.days, args.frames)
    stage = look.Stage(look.Frame(index, leading[look.choose(leading, args.stage)][0]), args)
    for day in days:  # read twice rather than held in memory all at once
        stage.widen(look.Frame(index, day), args)
    panels, pictures = [], []
    for day in days:
        pixels, picture = panel(look.Frame(index, day), stage, args, not panels)
        picture.renderer = None
        panels.append(pixels)
        pictures.append(picture)
    across = min(args.columns or len(panels), len(panels))
    blank = np.full_like(panels[0], np.round(255 * np.array(palette.rgb(palette.BACKGROUND))).astype(np.uint8))
    panels += [blank] * (-len(panels) % across)
    rows = [np.concatenate(panels[i : i + across], axis=1) for i in range(0, len(panels), across)]
    strip = legend(pictures, args, rows[0].shape[1])
    width = rows[0].shape[1]
    if strip.shape[1] != width:
        strip = strip[:, :width] if strip.shape[1] > width else np.pad(strip, ((0, 0), (0, width - strip.shape[1]), (0, 0)), mode="edge")
    output = args.output or os.path.join(args.run, "film.png")
    look.save(np.concatenate([*rows, strip]), output)
    print(f"{output}: days {', '.join(f'{d:g}' for d in days)}")


if __name__ == "__main__":
    main()
