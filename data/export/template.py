"""Makes hyperspy.hspy, what HyperSpy writes of a signal like ours but for its data:
python3 template.py (HyperSpy 1.7.3). `gan data export --format hspy` fills a copy of it."""
import os

import h5py
import hyperspy.api as hs
import numpy as np

TITLE = "CBED triplets"
FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hyperspy.hspy")

signal = hs.signals.Signal2D(np.zeros((2, 3, 8, 8), np.float32))
signal.metadata.General.title = TITLE
for axis in signal.axes_manager._axes:
    axis.name, axis.units = "x", "x"
signal.save(FILE, overwrite=True)

# Neither its data nor the hour of its making is kept; what is deleted takes room until written anew.
with h5py.File(FILE) as old, h5py.File(FILE + ".new", "w", libver="earliest") as new:
    for name, value in old.attrs.items():
        new.attrs[name] = value
    experiment = new.create_group(f"Experiments/{TITLE}")
    for name, value in old[experiment.name].attrs.items():
        experiment.attrs[name] = value
    for name in old[experiment.name]:
        if name != "data":
            old.copy(f"{experiment.name}/{name}", experiment)
    del new[f"{experiment.name}/metadata/General/FileIO"]
os.replace(FILE + ".new", FILE)
