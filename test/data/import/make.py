"""Makes the samples that the formats' own libraries write of stack.npy: python3 make.py LIBRARY...

Run with HyperSpy 1.7.3, RosettaSciIO 0.14, ncempy 1.17, emdfile 0.0.16 (the writer of
py4DSTEM), nexusformat 2.0.2 and tifffile 2026.3.3. Scales are 0.04 1/angstrom a pixel, in the units that people meet.
"""
import sys
from pathlib import Path

import numpy as np

here = Path(__file__).parent
counts = np.rint(np.load(here / "stack.npy")).astype(np.uint16)
coordinates = np.arange(48.0)


def signal_axes(scale, units):
    """Axes of a stack as RosettaSciIO passes them to its writers."""
    def axis(i, name, size, step, unit):
        return {"_type": "UniformDataAxis", "name": name, "size": size, "scale": step, "offset": 0.0, "units": unit,
                "navigate": i == 0, "index_in_array": i, "is_binned": False}
    return [axis(0, "zone", 3, 1.0, None), axis(1, "ky", 48, scale, units), axis(2, "kx", 48, scale, units)]


def rosetta_signal(scale, units):
    return {"data": counts, "axes": signal_axes(scale, units), "metadata": {"General": {"title": "stack"}, "Signal": {}},
            "original_metadata": {}, "learning_results": {}, "tmp_parameters": {}, "models": {},
            "attributes": {"_lazy": False, "ragged": False}, "package_info": {"package": "rosettasciio", "package_version": "0.14"}}


def hyperspy():
    import hyperspy.api as hs

    signal = hs.signals.Signal2D(counts)
    for axis in signal.axes_manager.signal_axes:
        axis.scale, axis.units = 0.04, r"$\AA^{-1}$"  # as pyxem writes it
    signal.metadata.General.title = "stack"
    signal.save(here / "hyperspy.hspy", overwrite=True)


def rosettasciio():
    from rsciio import emd, hspy, nexus, tiff

    hspy.file_writer(str(here / "rosettasciio.hspy"), rosetta_signal(0.04, "1 / Å"))
    nexus.file_writer(str(here / "rosettasciio.nxs"), rosetta_signal(0.4, "1/nm"))
    emd.file_writer(str(here / "rosettasciio.emd"), rosetta_signal(0.4, "$nm^{-1}$"), compression="gzip")
    tiff.file_writer(str(here / "rosettasciio.tif"), rosetta_signal(0.4, "1/nm"))


def ncempy():
    from ncempy.io.emd import fileEMD

    zone = (np.arange(3.0), "zone", "[]")
    axes = [(0.4 * coordinates, name, "[n_m^-1]") for name in ("ky", "kx")]
    (here / "ncempy.emd").unlink(missing_ok=True)
    with fileEMD(here / "ncempy.emd", readonly=False) as file:
        file.put_emdgroup("stack", counts, (zone, *axes), compression="gzip")


def emdfile():
    from emdfile import Array, Root, save

    array = Array(counts, name="stack", dims=[[0, 1], [0, 0.04], [0, 0.04]], dim_units=["", "A^-1", "A^-1"],
                  dim_names=["zone", "qx", "qy"])
    root = Root(name="stack_root")
    root.tree(array)
    save(str(here / "emdfile.h5"), root, mode="o")


def nexusformat():
    from nexusformat.nexus import NXdata, NXentry, NXfield, NXroot

    mrad = 1000 * 0.04 * 0.03701436614  # electrons of 100 keV
    axes = [NXfield(mrad * coordinates, name=name, units="mrad") for name in ("ky", "kx")]
    data = NXdata(NXfield(counts, name="counts"), (NXfield(np.arange(3.0), name="zone"), *axes))
    NXroot(NXentry(data)).save(str(here / "nexusformat.nxs"), mode="w")


def tifffile():
    from tifffile import imwrite

    imwrite(here / "planes.tif", counts)
    imwrite(here / "imagej.tif", counts, imagej=True, resolution=(2.5, 2.5), metadata={"unit": "1/nm", "axes": "ZYX"})


for library in sys.argv[1:]:
    globals()[library]()
