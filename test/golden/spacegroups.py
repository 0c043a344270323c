"""Writes spacegroups.json from gemmi's table of space groups (version 0.5.7)."""
import hashlib
import json

import gemmi

SOURCE = (
    "gemmi 0.5.7, spacegroup_table(), reference settings; columns: number, Hermann-Mauguin symbol, "
    "point group, crystal system, operations of the conventional cell, Sohncke, inversion centre, "
    "SHA-256 (12 digits) of the sorted operations, each written as nine rotation entries by rows "
    "and three translations in 24ths"
)


def row(group):
    operations = sorted(
        " ".join(str(v // 24) for r in o.rot for v in r) + " " + " ".join(str(v % 24) for v in o.tran)
        for o in group.operations()
    )
    return [
        group.number,
        group.hm.replace(" ", ""),
        group.point_group_hm(),
        group.crystal_system_str(),
        len(operations),
        int(group.is_sohncke()),
        int(group.is_centrosymmetric()),
        hashlib.sha256("\n".join(operations).encode()).hexdigest()[:12],
    ]


groups = sorted((g for g in gemmi.spacegroup_table() if g.is_reference_setting()), key=lambda g: g.number)
lines = ",\n".join("    " + json.dumps(row(g)) for g in groups)
with open("spacegroups.json", "w") as file:
    file.write('{\n  "source": %s,\n  "groups": [\n%s\n  ]\n}\n' % (json.dumps(SOURCE), lines))
