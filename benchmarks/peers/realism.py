"""The peers of realism.ts: prdc (Naeem et al. 2020) and scikit-learn's brute-force neighbours."""
import contextlib
import json
import os
import resource
import sys
import time

import numpy as np
from prdc import compute_prdc
from sklearn.neighbors import NearestNeighbors

folder, width, k = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
real, fake = (
    np.fromfile(os.path.join(folder, name), dtype=np.float32).reshape(-1, width) for name in ("real", "fake")
)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(run):
    start = time.perf_counter()
    value = run()
    return value, time.perf_counter() - start


with contextlib.redirect_stdout(sys.stderr):
    compute_prdc(real[:2000], fake[:2000], k)
    before = peak()
    nearest, nearest_seconds = timed(
        lambda: NearestNeighbors(n_neighbors=k, algorithm="brute").fit(real).kneighbors(fake)
    )
    value, seconds = timed(lambda: compute_prdc(real, fake, k))

print(
    json.dumps(
        {
            "prdc": {"value": {name: float(v) for name, v in value.items()}, "seconds": seconds},
            "neighbours": {"seconds": nearest_seconds},
            "memory": peak() - before,
        }
    )
)
