"""Holds what cif-corpus.js read against gemmi: elements and their ratios, and the group that a file
states. A group that the atoms have above the stated one (moyo, 0.01 angstrom) is no disagreement in
itself; those and all others are listed."""

import collections
import functools
import json
import math
import re
import sys

import gemmi


def reduced(counts):
    least = functools.reduce(math.gcd, counts.values(), 0) or 1
    return {element: n // least for element, n in sorted(counts.items())}


table = collections.Counter()
for line in open(sys.argv[1]):
    mine = json.loads(line)
    try:
        small = gemmi.read_small_structure(mine["file"])
        sites = small.get_all_unit_cell_sites()
        partial = any(site.occ < 0.995 for site in small.sites)
        stated = gemmi.find_spacegroup_by_name(small.spacegroup_hm)
    except Exception:
        table["gemmi cannot read it; " + ("refused" if "refused" in mine else "read") + " here"] += 1
        continue
    if "refused" in mine:
        table["refused here, " + ("partly occupied" if partial or "partly" in mine["refused"] else "else")] += 1
        if not (partial or "partly" in mine["refused"]):
            print(mine["refused"])
        continue
    if not sites:
        table["gemmi finds no site"] += 1
        continue
    theirs = reduced(collections.Counter(site.element.name.replace("D", "H") if site.element.name == "D" else site.element.name for site in sites))
    ours = reduced({e: int(n) for e, n in re.findall(r"([A-Z][a-z]?)(\d+)", mine["formula"])})
    group = "no group stated" if stated is None else "same group" if stated.number == mine["spaceGroup"] else "higher group"
    if group == "higher group" and mine["spaceGroup"] < stated.number:
        group = "lower number"
    same = ours == theirs
    table[f"{group}, {'same' if same else 'other'} composition"] += 1
    if not same or group in ("higher group", "lower number"):
        print(mine["file"], stated and stated.number, mine["spaceGroup"], "" if same else f"{mine['formula']} against {theirs}")
for what, count in table.most_common():
    print(f"{count:5} {what}")
