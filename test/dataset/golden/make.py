"""Makes area.json (OpenCV's INTER_AREA) and long-double.h5 (h5py). Run: python3 make.py"""

import json
from pathlib import Path

import cv2
import h5py
import numpy as np

here = Path(__file__).parent

# Area averaging by OpenCV, for an integer and for two fractional ratios.
rng = np.random.default_rng(7)
cases = []
for source, target in [(12, 4), (12, 5), (10, 7)]:
    image = rng.random((source, source), dtype=np.float32)
    reduced = cv2.resize(image, (target, target), interpolation=cv2.INTER_AREA)
    cases.append({"from": source, "to": target, "image": image.ravel().tolist(), "reduced": reduced.ravel().tolist()})
(here / "area.json").write_text(json.dumps({"opencv": cv2.__version__, "cases": cases}))


def sample(file, name, **attributes):
    """One group in the Summit layout; `None` leaves an attribute out."""
    group = file.create_group(name)
    group["cbed_stack"] = (1e-4 * (1 + np.arange(192) / 192)).reshape(3, 8, 8).astype(np.float32)
    base = {
        "space_group": np.bytes_("123"),
        "material": np.bytes_("mp-1001605"),
        "energy_keV": np.int64(130),
        "formula": "Fe8 O14 F2",
        "z_dirs": np.array([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]], np.int64),
        "y_dirs": np.array([[[0.5, 1, 2], [3, 4, 5], [6, 7, 8]]]),
        "semi_angles_rad": np.array([0.001, 0.002, 0.003]),
        "d_hkls_angstrom": np.array([2.0, 1.5, 1.2]),
        "abc_angstrom": np.array([3.0, 3.0, 5.0]),
        "angles_degree": np.array([90.0, 90.0, 90.0]),
    }
    for key, value in {**base, **attributes}.items():
        if value is not None:
            group.attrs[key] = value


with h5py.File(here / "long-double.h5", "w") as file:
    file.attrs["camera"] = np.array([8.0, 0.64, 4.0])
    sample(file, "sample_0_3")
    garbage = np.frombuffer(rng.bytes(48), np.longdouble)
    sample(file, "sample_1_3", semi_angles_rad=garbage, material=np.bytes_("mp-2"))
    sample(file, "sample_2_3", abc_angstrom=np.array([3, 3, 5], np.longdouble), material=np.bytes_("mp-3"))
    sample(file, "sample_3_3", material="mp-4", space_group="225", energy_keV=np.float32(150))
    sample(file, "sample_4_3", material=np.bytes_("mp-5"), energy_keV=None, z_dirs=None, formula=None)
    sample(file, "sample_5_3", material=None)
    sample(file, "sample_6_3", material=np.bytes_("mp-7"), space_group=np.bytes_("231"))
    sample(file, "sample_7_3", material=np.bytes_("mp-8"), colour=np.bytes_("red"), space_group=np.int64(14))
    file["a_dataset"] = np.arange(3)
    file.create_group("sample_8_3")
    sample(file, "sample_9_3", material=np.bytes_("mp-9"), abc_angstrom=np.array([np.nan, 3, 5]))
    sample(file, "sample_9_4", material=np.bytes_("mp-9"), energy_keV=np.array([1, 2]), z_dirs=np.arange(4), formula=np.array([1.5]))

with h5py.File(here / "big-endian.h5", "w") as file:
    values = (2.0 ** (np.arange(768) % 24 - 12)).reshape(3, 16, 16)
    file.create_group("sample_0_0").create_dataset("cbed_stack", data=values.astype(">f4"))
