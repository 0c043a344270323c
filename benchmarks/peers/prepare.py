"""The peer of `gan data prepare`: h5py reads, OpenCV averages, a pool of processes.

python3 prepare.py FOLDER OUT.npy WORKERS [SIZE]     prints seconds and samples as JSON
"""

import json
import sys
import time
from multiprocessing import Pool
from pathlib import Path

import cv2
import h5py
import numpy as np

cv2.setNumThreads(1)


def prepare_file(job):
    path, size = job
    images, labels = [], []
    with h5py.File(path) as file:
        for group in file.values():
            facts = dict(group.attrs)
            stack = group["cbed_stack"][()]
            small = np.stack([cv2.resize(x, (size, size), interpolation=cv2.INTER_AREA) for x in stack], -1)
            value = 10 * (np.maximum(np.log(np.maximum(small, 1e-30)), -17) + 17)
            images.append(np.clip(np.round(value), 0, 255).astype(np.uint8))
            labels.append(int(facts["space_group"]))
    return np.stack(images), labels


def main(folder, out, workers, size=64):
    start = time.perf_counter()
    jobs = [(path, size) for path in sorted(Path(folder).glob("*.h5"))]
    with Pool(workers) as pool:
        parts = pool.map(prepare_file, jobs, chunksize=1)
    np.save(out, np.concatenate([images for images, _ in parts]))
    samples = sum(len(labels) for _, labels in parts)
    print(json.dumps({"seconds": time.perf_counter() - start, "samples": samples}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *map(int, sys.argv[4:]))
