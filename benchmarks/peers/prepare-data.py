"""Writes COUNT samples of 512 x 512 in the Summit layout, 165 a file, into FOLDER.

python3 prepare-data.py FOLDER COUNT [SHARE]

SHARE samples that follow each other are links to one stored stack (HDF5 hard links), so that
thousands take little disk. A reader does not see it: it reads 3 MiB of stored pixels for each.
"""

import sys
from pathlib import Path

import h5py
import numpy as np

PER_FILE = 165
SIZE = 512


def write_sample(group, number, stack):
    if isinstance(stack, h5py.Dataset):
        group["cbed_stack"] = stack
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


def main(folder, count, share):
    rng = np.random.default_rng(0)
    stack = rng.exponential(1e-4, (3, SIZE, SIZE)).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    for rank, start in enumerate(range(0, count, PER_FILE)):
        with h5py.File(folder / f"batch_{rank}.h5", "w") as file:
            stored = None
            for number in range(start, min(count, start + PER_FILE)):
                group = file.create_group(f"sample_{number // 10}_{number % 10}")
                fresh = (number - start) % share == 0
                write_sample(group, number, stack if fresh else stored)
                stored = group["cbed_stack"]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)
