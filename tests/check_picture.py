#!/usr/bin/env python3
"""Checks that a picture of quicklook.py or scene.py shows a tumour rather than an empty window.

    /usr/bin/python3 tests/check_picture.py picture.png [--states 3,5,9] [--share 0.002]

Shading changes a colour's brightness but hardly its hue, so a pixel belongs to the palette's colour whose direction in RGB it shares.
Each wanted state must fill its share of the picture, more than its swatch in the legend does.
"""

import argparse
import os
import sys

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "viz"))
import palette


def load(path):
    reader = vtk.vtkPNGReader()
    if not os.path.exists(path) or not reader.CanReadFile(path):
        sys.exit(f"WRONG {path}: not a PNG")
    reader.SetFileName(path)
    reader.Update()
    image = reader.GetOutput()
    width, height, _ = image.GetDimensions()
    pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
    return pixels[..., :3].astype(float) / 255


def pixels_of_states(pixels):
    """{code: number of pixels}"""
    flat = pixels.reshape(-1, 3)
    length = np.linalg.norm(flat, axis=1)
    codes = [c for c in palette.CELL_STATES if c not in (0, 1, 2, 10)]  # the greys would catch text
    colours = np.array([palette.state_rgb(c) for c in codes])
    directions = colours / np.linalg.norm(colours, axis=1, keepdims=True)
    alike = (flat / np.maximum(length, 1e-9)[:, None]) @ directions.T
    best = alike.argmax(axis=1)
    brightness = length / np.linalg.norm(colours, axis=1)[best]
    good = (alike.max(axis=1) > 0.990) & (brightness > 0.22) & (brightness < 1.12)
    return {code: int((good & (best == i)).sum()) for i, code in enumerate(codes)}


def main(arguments=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("picture")
    parser.add_argument("--states", default="3,5,9", help="codes of cell_state that must show")
    parser.add_argument("--share", type=float, default=0.002, help="of the picture, at least, for each of them")
    args = parser.parse_args(arguments)
    pixels = load(args.picture)
    height, width = pixels.shape[:2]
    wrong = []
    if width < 200 or height < 150:
        wrong.append(f"only {width} x {height} pixels")
    different = len(np.unique((pixels[::3, ::3] * 31).astype(int).reshape(-1, 3), axis=0))
    if different < 60:
        wrong.append(f"only {different} colours")
    if pixels.std() < 0.03:
        wrong.append("hardly any contrast")
    counts = pixels_of_states(pixels)
    for code in (int(c) for c in args.states.split(",")):
        name = palette.state_label(code)
        if counts.get(code, 0) < args.share * width * height:
            wrong.append(f"{counts.get(code, 0)} pixels of '{name}', {args.share * width * height:.0f} wanted")
        else:
            print(f"checked {name}: {counts[code]} pixels")
    for words in wrong:
        print(f"WRONG {args.picture}: {words}")
    if not wrong:
        print(f"checked {args.picture}: {width} x {height}, {different} colours")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
