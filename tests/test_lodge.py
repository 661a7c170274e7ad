#!/usr/bin/env python3
"""`metavox lodge` against the flow and the flux of cells in a mesh of vessels, solved here on their own.

    /usr/bin/python3 tests/test_lodge.py METAVOX

Pressures and the flux of free cells are dense linear systems of numpy; of the program's results nothing goes into them.
Blood holds no red cells here, so that the viscosity follows from the radius alone.
"""

import csv
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

METAVOX = None
BOX = 600.0  # um
PASS, PATH, CAPILLARY, WIDEST, SLOW, FAST, FORK, FORK_LENGTH = 0.5, 600.0, 5.0, 7.0, 600.0, 0.1, 3.0, 20.0
BED = """
domain: {{voxels: [30, 30, 30], spacing: 20 um}}
flow: {{haematocrit: 0, inlet_pressure: {inlet} mmHg, outlet_pressure: 15 mmHg}}
vessels:
  pattern: file
  file: mesh.vtp
  ends: [{{role: inlet, face: -x}}, {{role: outlet, face: +x}}]
"""


def mesh(seed=4, n=4):
    """Places of nodes and (from, to, radius) of vessels that blood crosses along x."""
    draw = np.random.default_rng(seed)
    places, vessels = [], []
    for z in range(n):
        for y in range(n):
            for x in range(n):
                place = 75 + 150 * np.array([x, y, z]) + draw.uniform(-30, 30, 3)
                place[0] = 0 if x == 0 else BOX if x == n - 1 else place[0]
                places.append(place)
    for z in range(n):
        for y in range(n):
            for x in range(n):
                here = (z * n + y) * n + x
                for other, there in ((here + 1, x + 1 < n), (here + n, y + 1 < n), (here + n * n, z + 1 < n)):
                    if there and (other == here + 1 or 0 < x < n - 1):
                        vessels.append((here, other, draw.uniform(3, 8.5)))
    return np.array(places), vessels


def vtp(places, vessels):
    def array(kind, name, values, **more):
        also = "".join(f' {key}="{value}"' for key, value in more.items())
        return f'<DataArray type="{kind}" Name="{name}" format="ascii"{also}>{" ".join(map(repr, values))}</DataArray>'

    points = [float(v) for v in places.flatten()]
    lines = [v for vessel in vessels for v in vessel[:2]]
    return (
        '<?xml version="1.0"?>\n<VTKFile type="PolyData" version="1.0" byte_order="LittleEndian" header_type="UInt64">\n<PolyData>'
        f'<Piece NumberOfPoints="{len(places)}" NumberOfVerts="0" NumberOfLines="{len(vessels)}" NumberOfStrips="0" NumberOfPolys="0">'
        f'<PointData></PointData><CellData>{array("Float64", "radius", [float(v[2]) for v in vessels])}</CellData>'
        f'<Points>{array("Float64", "points", points, NumberOfComponents=3)}</Points>'
        f'<Lines>{array("Int64", "connectivity", lines)}{array("Int64", "offsets", [2 * (k + 1) for k in range(len(vessels))])}</Lines>'
        "</Piece></PolyData></VTKFile>\n"
    )


def solved(places, vessels, inlet):
    """Flow (um^3/min, from first to second node) and share of the cells that lodge, of each vessel."""
    count = len(places)
    start, stop = np.array([v[0] for v in vessels]), np.array([v[1] for v in vessels])
    radius = np.array([v[2] for v in vessels])
    length = np.linalg.norm(places[start] - places[stop], axis=1)
    # Plasma of 1.2 cP; Pries' law in vivo without red cells is (D / (D - 1.1))^2.
    viscosity = 1.2 * (2 * radius / (2 * radius - 1.1)) ** 2
    conductance = np.pi * radius**4 / (8 * viscosity * length) * (133.322 * 60 / 1e-3)
    matrix, right = np.zeros((count, count)), np.zeros(count)
    for a, b, g in zip(start, stop, conductance):
        matrix[a, a] += g
        matrix[b, b] += g
        matrix[a, b] -= g
        matrix[b, a] -= g
    for held, pressure in ((places[:, 0] == 0, inlet), (places[:, 0] == BOX, 15.0)):
        for n in np.flatnonzero(held):
            matrix[n] = 0
            matrix[n, n] = 1
            right[n] = pressure
    pressure = np.linalg.solve(matrix, right)
    flow = conductance * (pressure[start] - pressure[stop])

    up, down, carried = np.where(flow > 0, start, stop), np.where(flow > 0, stop, start), np.abs(flow)
    leaves, comes = np.bincount(up, carried, count), np.bincount(down, carried, count)
    out = np.bincount(up, minlength=count)
    narrow = np.maximum(0, 1 - radius / WIDEST)
    speed = carried / (np.pi * radius**2) / 60  # um/s
    hazard = -np.log(PASS) / (PATH * (1 - CAPILLARY / WIDEST)) * narrow * np.where(speed < SLOW, 1, FAST)
    behind = np.where(out[up] > 1, np.minimum(FORK_LENGTH, length), 0)
    kept = np.exp(-hazard * (length + (FORK - 1) * behind))
    # Cells at nodes: those that enter, and those that vessels bring.
    enter = np.where(places[:, 0] == 0, np.maximum(leaves - comes, 0), 0)
    brought = np.zeros((count, count))
    total = np.maximum(leaves, comes)
    for k in range(len(vessels)):
        brought[down[k], up[k]] += carried[k] / total[up[k]] * kept[k]
    cells = np.linalg.solve(np.eye(count) - brought, enter / enter.sum())
    return flow, cells[up] * carried / total[up] * (1 - kept), speed


class Lodge(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def run_lodge(self, text, *arguments):
        with open(self.path("bed.yaml"), "w", encoding="utf-8") as file:
            file.write(text)
        return subprocess.run([METAVOX, "lodge", "bed.yaml", *arguments], cwd=self.folder.name, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)  # fmt: skip

    def table(self, name="bed_lodged.csv"):
        with open(self.path(name), encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def shares(self, places, vessels):
        """What the table says is lost, and drawn, by vessel: the nearest to the middle of each segment."""
        start, stop = places[[v[0] for v in vessels]], places[[v[1] for v in vessels]]
        lost, drawn, speed = np.zeros(len(vessels)), np.zeros(len(vessels)), np.zeros(len(vessels))
        for row in self.table():
            middle = np.array([float(row[f"{a} [um]"]) for a in "xyz"])
            along = np.clip(((middle - start) * (stop - start)).sum(1) / ((stop - start) ** 2).sum(1), 0, 1)
            distance = np.linalg.norm(start + along[:, None] * (stop - start) - middle, axis=1)
            k = int(distance.argmin())
            self.assertLess(distance[k], 1e-6)
            self.assertAlmostEqual(float(row["radius [um]"]), vessels[k][2])
            lost[k] += float(row["lodged share"])
            drawn[k] += int(row["count"])
            speed[k] = float(row["speed [um/s]"])
        return lost, drawn, speed

    def test_shares_are_those_of_the_flux(self):
        places, vessels = mesh()
        for inlet in (16, 25):  # in the second most vessels flow too fast for cells to hold on
            with open(self.path("mesh.vtp"), "w", encoding="utf-8") as file:
                file.write(vtp(places, vessels))
            arrivals = 100000
            ran = self.run_lodge(BED.format(inlet=inlet), "-n", str(arrivals))
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            lost, drawn, speed = self.shares(places, vessels)
            flow, wanted, fast = solved(places, vessels, inlet)
            self.assertGreater(np.count_nonzero(np.abs(flow) > 1), 80)
            np.testing.assert_allclose(speed, fast, rtol=1e-5, atol=1e-3)
            np.testing.assert_allclose(lost, wanted, atol=1e-6)
            self.assertGreater(wanted.sum(), 0.1 if inlet == 16 else 0.01)
            # 1 - pass, as it is printed and as it is drawn.
            told = {line.split()[0]: float(line.split()[2].strip(",")) for line in ran.stdout.splitlines() if line[:5] in ("pass ", "lodge")}
            self.assertAlmostEqual(told["lodge"], 1 - told["pass"], delta=2e-5)
            self.assertAlmostEqual(told["lodge"], wanted.sum(), delta=1e-5)
            self.assertAlmostEqual(drawn.sum() / arrivals, wanted.sum(), delta=0.01)
            sd = np.sqrt(arrivals * wanted * (1 - wanted))
            self.assertLess(np.abs(drawn - arrivals * wanted).max() / np.maximum(sd, 1).max(), 4.5)
            chi2 = ((drawn - arrivals * wanted) ** 2 / np.maximum(arrivals * wanted, 1e-9))[arrivals * wanted > 5]
            self.assertLess(chi2.sum(), chi2.size + 5 * np.sqrt(2 * chi2.size))

    def test_few_lodge_in_the_first_voxel(self):
        ran = self.run_lodge(
            "domain: {size: [0.6 mm, 0.6 mm, 0.6 mm]}\nvessels: {pattern: grid, spacing: 100 um}\nflow: {inlet_pressure: 16 mmHg}\n"
        )  # the blood flows slowly
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        lost = {}
        for row in self.table():
            z = float(row["z [um]"])
            lost[z] = lost.get(z, 0) + float(row["lodged share"])
        self.assertAlmostEqual(sum(lost.values()), 0.5, delta=0.005)  # the path that lodging.pass speaks of
        self.assertLess(lost[min(lost)], 0.1 * 0.5)
        self.assertGreater(lost[min(lost)], 0.01)
        self.assertIn("lodge        share 0.50000", ran.stdout)

    def test_a_seed_gives_the_same_table_again(self):
        bed = "domain: {size: [0.4 mm, 0.4 mm, 0.4 mm]}\nvessels: {pattern: grid}\n"
        texts = []
        for name, seed in (("a.csv", "3"), ("b.csv", "3"), ("c.csv", "4")):
            self.assertEqual(self.run_lodge(bed, "-o", name, "--seed", seed).returncode, 0)
            with open(self.path(name), encoding="utf-8") as file:
                texts.append(file.read())
        self.assertEqual(texts[0], texts[1])
        self.assertNotEqual(texts[0], texts[2])

    def test_what_is_no_bed_is_refused(self):
        box = "domain: {size: [0.2 mm, 0.2 mm, 0.2 mm]}\n"
        off = "vessels: {pattern: grid}\nflow: {enabled: false}\noxygen: {blood: fixed}\n"
        for text, words in ((box, "vessels: {pattern: grid}"), (box + off, "flow.enabled: true")):
            ran = self.run_lodge(text)
            self.assertEqual((ran.returncode, ran.stdout), (2, ""))
            self.assertIn(words, ran.stderr)
        self.assertEqual(os.listdir(self.folder.name), ["bed.yaml"])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    METAVOX = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
