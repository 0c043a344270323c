"""Writes FILES files of COUNT samples in the Summit layout, of 16 x 16 pixels, into FOLDER.

python3 index-data.py FOLDER [FILES] [COUNT]      for timing the index, which reads no patterns
"""

import importlib
import sys
from pathlib import Path

import h5py
import numpy as np

SIZE = 16
write_sample = importlib.import_module("prepare-data").write_sample


def main(folder, files=1138, count=16):
    stack = np.full((3, SIZE, SIZE), 1e-4, np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    for rank in range(files):
        with h5py.File(folder / f"batch_train_{rank}.h5", "w") as file:
            file.attrs["camera"] = np.array([SIZE, 5.12 / SIZE, SIZE / 2])
            for number in range(rank * count, (rank + 1) * count):
                write_sample(file.create_group(f"sample_{number // 10}_{number % 10}"), number, stack)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
