"""Writes COUNT samples of 512 x 512 in the Summit layout, 165 a file, into FOLDER.

python3 prepare-data.py FOLDER COUNT [--sparse]

--sparse stores no pixels: HDF5 then hands out the fill value, so that thousands of samples take
no disk. Memory and cost a sample can be measured so; throughput needs stored pixels.
"""

import sys
from pathlib import Path

import h5py
import numpy as np

PER_FILE = 165
SIZE = 512


def write_sample(group, number, stack):
    if stack is None:
        group.create_dataset("cbed_stack", (3, SIZE, SIZE), np.float32, fillvalue=np.float32(1e-4))
    else:
        group.create_dataset("cbed_stack", data=np.roll(stack, number, axis=2))
    group.attrs["space_group"] = np.bytes_(str(1 + number % 230))
    group.attrs["material"] = np.bytes_(f"mp-{number // 10}")
    group.attrs["energy_keV"] = np.int64(100 + 10 * (number % 10))
    group.attrs["formula"] = "Fe8 O14 F2"
    group.attrs["z_dirs"] = np.eye(3, dtype=np.int64)[None]
    group.attrs["y_dirs"] = np.eye(3)[None]
    for name in ("semi_angles_rad", "d_hkls_angstrom", "abc_angstrom"):
        group.attrs[name] = np.array([1.0, 2.0, 3.0])
    group.attrs["angles_degree"] = np.array([90.0, 90.0, 90.0])


def main(folder, count, sparse):
    rng = np.random.default_rng(0)
    stack = None if sparse else rng.exponential(1e-4, (3, SIZE, SIZE)).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    for rank, start in enumerate(range(0, count, PER_FILE)):
        with h5py.File(folder / f"batch_{rank}.h5", "w") as file:
            for number in range(start, min(count, start + PER_FILE)):
                write_sample(file.create_group(f"sample_{number // 10}_{number % 10}"), number, stack)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), "--sparse" in sys.argv)
