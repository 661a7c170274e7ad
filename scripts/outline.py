#!/usr/bin/env python3
"""How round the tumour of each run is, and of all together: along axes, edges and corners of the box.

    scripts/outline.py RUN [RUN ...] [--day DAY] [--cone 20]

A direction's radius is that of a ball whose share of a cone of --cone degrees round it holds as many voxels of the tumour, dead ones
included, as the tumour has there, over what a voxelised ball of the tumour's volume reads, round the middle of the box. Printed per run
are the means over the three axes (each as well), all edges and all corners, and their spread: (largest - smallest) /
mean. With several runs the means over runs come last; that is what runs whose vessels point along x, y and z are for.
"""

import argparse
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "viz"))
import metavox_io  # noqa: E402

INSIDE = ("epithelial", "mesenchymal", "apoptotic", "necrotic")
AXES = np.eye(3)
EDGES = np.array([(a, b, c) for a in (1, 0, -1) for b in (1, 0, -1) for c in (1, 0, -1) if abs(a) + abs(b) + abs(c) == 2], float)
CORNERS = np.array([(1, b, c) for b in (1, -1) for c in (1, -1)], float)


def cones(shape, half_angle):
    """For each direction (x, y, z, edges, corners): indices of voxels in its cone and their parts, from 27 points of each."""
    parts = (np.arange(3) + 0.5) / 3
    nz, ny, nx = shape
    directions = np.concatenate([AXES, EDGES[: len(EDGES) // 2], CORNERS])
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    weights = np.zeros((len(directions), *shape), np.uint8)
    z0, y0, x0 = np.meshgrid(np.arange(nz) - nz / 2, np.arange(ny) - ny / 2, np.arange(nx) - nx / 2, indexing="ij", sparse=True)
    for dz in parts:
        for dy in parts:
            for dx in parts:
                x, y, z = x0 + dx, y0 + dy, z0 + dz
                r = np.sqrt(x * x + y * y + z * z) * np.cos(np.radians(half_angle))
                for k, d in enumerate(directions):
                    weights[k] += np.abs(d[0] * x + d[1] * y + d[2] * z) >= r
    return weights


def radii(inside, weights):
    """Radii along x, y, z, along edges and along corners, voxels, over those of a ball of the same volume."""
    nz, ny, nx = inside.shape
    ball_radius = (3 * inside.sum() / (4 * np.pi)) ** (1 / 3)
    z, y, x = np.meshgrid(*(np.arange(n) + 0.5 - n / 2 for n in (nz, ny, nx)), indexing="ij", sparse=True)
    ball = x * x + y * y + z * z <= ball_radius**2
    held, full = (np.array([w[where].sum(dtype=np.int64) for w in weights], float) for where in (inside, ball))

    def of(which):
        return ball_radius * (held[which].sum() / full[which].sum()) ** (1 / 3)

    each = [of(slice(k, k + 1)) for k in range(3)]
    edges = 3 + len(EDGES) // 2
    return np.array([*each, of(slice(0, 3)), of(slice(3, edges)), of(slice(edges, None))])


def spread(front):
    return 100 * (front.max() - front.min()) / front.mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--day", type=float)
    parser.add_argument("--cone", type=float, default=20)
    options = parser.parse_args()
    found, weights = [], None
    for path in options.runs:
        frame = metavox_io.Run(path).frame(-1, options.day)
        names = list(frame.kind_names)
        inside = np.isin(np.asarray(frame["kind"]), [names.index(name) for name in INSIDE])
        if weights is None or weights.shape[1:] != inside.shape:
            weights = cones(inside.shape, options.cone)
        found.append(radii(inside, weights) * np.asarray(frame.spacing)[0])
        tell(f"{path}, day {frame.time:g}", found[-1])
    if len(found) > 1:
        print(f"mean of the spreads: {np.mean([spread(f[3:]) for f in found]):.1f} %")
        tell("means over the runs", np.mean(found, axis=0))
    return 0


def tell(title, f):
    print(
        f"{title}: x {f[0]:.0f}, y {f[1]:.0f}, z {f[2]:.0f} um; axes {f[3]:.1f}, edges {f[4]:.1f}, corners {f[5]:.1f} um: "
        f"spread {spread(f[3:]):.1f} % (x, y, z alone {spread(f[:3]):.1f} %)"
    )


if __name__ == "__main__":
    sys.exit(main())
