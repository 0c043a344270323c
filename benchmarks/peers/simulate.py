"""Seconds a CBED pattern by abTEM (NumPy, float32, two threads): SrTiO3 [001], 7 x 7 x 24.5 cells.

Prints one JSON object: grid points -> best of three, potential included.
"""

import importlib.util
import json
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("NUMBA_NUM_THREADS", "2")

import abtem  # noqa: E402
import numpy as np  # noqa: E402
from ase import Atoms  # noqa: E402

abtem.config.set({"dask.lazy": False, "precision": "float32", "num_threads": 2, "fftw.threads": 2})
if importlib.util.find_spec("pyfftw") is None:
    abtem.config.set({"fft": "numpy"})

CELL, SLICES = 3.905, 49
numbers, positions = [], []
for plane in range(SLICES):
    sites = (
        [(38, 0, 0), (8, 0.5, 0.5)]
        if plane % 2 == 0
        else [(22, 0.5, 0.5), (8, 0, 0.5), (8, 0.5, 0)]
    )
    for z, u, v in sites:
        for i in range(7):
            for j in range(7):
                numbers.append(z)
                # A little inside the slice, so that rounding does not move an atom to another.
                positions.append(((u + i) * CELL, (v + j) * CELL, (plane + 0.25) * CELL / 2))
atoms = Atoms(numbers, positions=positions, cell=(7 * CELL, 7 * CELL, SLICES * CELL / 2), pbc=True)


def pattern(points):
    potential = abtem.Potential(
        atoms, gpts=points, slice_thickness=CELL / 2 + 1e-9, projection="infinite", parametrization="kirkland"
    )
    probe = abtem.Probe(energy=100e3, semiangle_cutoff=6, soft=False)
    probe.grid.match(potential)
    return np.asarray(probe.multislice(potential, scan=(7 * CELL / 2,) * 2).array)


seconds = {}
for points in map(int, sys.argv[1:]):
    pattern(points)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        pattern(points)
        times.append(time.perf_counter() - start)
    seconds[points] = min(times)
print(json.dumps(seconds))
