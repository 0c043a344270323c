"""Patterns by abTEM (NumPy's or SciPy's FFT, float64) for benchmarks/peers/agreement.ts.

Reads a JSON list of cases from the file named first, writes intensities to the file named second.
A case of the kind `waves` has the atoms of one period, whose mean potential every slice carries, and
tilted plane waves; one of the kind `probe` has its atoms in three dimensions.
"""

import json
import sys
import time

import abtem
import numpy as np
from abtem.potentials.iam import PotentialArray
from ase import Atoms

abtem.config.set({"dask.lazy": False, "precision": "float64", "fft": "numpy"})


def potential(case, thickness, depth):
    """The potential (slices, x, y) of a case's atoms, blurred by its Debye-Waller factor."""
    numbers = [atom[0] for atom in case["atoms"]]
    positions = [atom[1:] for atom in case["atoms"]]
    atoms = Atoms(numbers, positions=positions, cell=(*case["cell"], depth), pbc=True)
    volts = np.asarray(
        abtem.Potential(
            atoms,
            gpts=case["gpts"],
            slice_thickness=thickness,
            projection="infinite",
            parametrization=case["factors"],
        )
        .build()
        .array
    )
    kx, ky = (np.fft.fftfreq(n, side / n) for n, side in zip(case["gpts"], case["cell"]))
    blur = np.exp(-2 * np.pi**2 * case["displacement"] ** 2 * (kx[:, None] ** 2 + ky**2))
    return np.fft.ifft2(np.fft.fft2(volts) * blur).real


def waves(case):
    """(tilts, beams): intensities of the asked beams, a fraction of the incident plane wave."""
    mean = potential(case, case["period"], case["period"])[0] * case["step"] / case["period"]
    array = np.repeat(mean[None], case["slices"], axis=0)
    slices = PotentialArray(array, slice_thickness=case["step"], extent=case["cell"])
    out = []
    for tilt in case["tilts"]:
        wave = abtem.PlaneWave(energy=1000 * case["energy"], tilt=tilt).multislice(slices)
        spectrum = np.abs(np.fft.fft2(np.asarray(wave.array))) ** 2 / np.prod(case["gpts"]) ** 2
        out.append([float(spectrum[i, j]) for i, j in case["beams"]])
    return out


def probe(case):
    """(beams): intensities of a probe in the middle of the cell, a fraction of the probe."""
    depth = case["step"] * case["slices"]
    array = potential(case, case["step"], depth)
    slices = PotentialArray(array, slice_thickness=case["step"], extent=case["cell"])
    made = abtem.Probe(
        energy=1000 * case["energy"], semiangle_cutoff=case["semiangle"], soft=False
    )
    made.grid.match(slices)
    wave = made.multislice(slices, scan=[side / 2 for side in case["cell"]])
    spectrum = np.abs(np.fft.fft2(np.asarray(wave.array))) ** 2
    entered = np.abs(np.fft.fft2(np.asarray(made.build(scan=[s / 2 for s in case["cell"]]).array))) ** 2
    spectrum /= entered.sum()
    return [[float(spectrum[i, j]) for i, j in case["beams"]]]


with open(sys.argv[1]) as file:
    cases = json.load(file)
results = []
for case in cases:
    start = time.perf_counter()
    intensities = waves(case) if case["kind"] == "waves" else probe(case)
    results.append({"intensities": intensities, "seconds": time.perf_counter() - start})
with open(sys.argv[2], "w") as file:
    json.dump({"version": abtem.__version__, "results": results}, file)
