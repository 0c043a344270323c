"""The figures of a study from its cells, by other code: scikit-learn's F1 and recall, SciPy's t.

    python benchmarks/recompute.py STUDY_FOLDER

Prints mean and standard deviation of each arm as the report does, and the difference of each arm to the
baseline with its interval: Student's t over the means of the divisions. Needs numpy, scipy, scikit-learn.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, recall_score

folder = Path(sys.argv[1])
study = json.loads((folder / "study.json").read_text())
study = study.get("study", study)
cells = [json.loads(path.read_text()) for path in sorted((folder / "cells").glob("*.json"))]
figures = defaultdict(dict)
for cell in cells:
    labels, top1 = (np.array(cell["predictions"][name]) for name in ("labels", "top1"))
    present = np.unique(labels)
    few = [c for c in present if cell["trainCounts"][c] < 20]
    many = [c for c in present if cell["trainCounts"][c] > 100]
    recall = lambda which: recall_score(labels, top1, labels=which, average="macro", zero_division=0)
    figures[cell["arm"]][cell["seed"]] = {
        "macro-F1": f1_score(labels, top1, labels=present, average="macro", zero_division=0),
        "few-shot recall": recall(few),
        "many-shot recall": recall(many),
        "top-1 accuracy": accuracy_score(labels, top1),
    }

names = ["macro-F1", "few-shot recall", "many-shot recall", "top-1 accuracy"]
for arm, seeds in figures.items():
    values = {name: 100 * np.array([one[name] for one in seeds.values()]) for name in names}
    row = [f"{name} {v.mean():.1f} ± {v.std(ddof=1):.1f}" for name, v in values.items()]
    print(f"{arm} ({len(seeds)} seeds): " + ", ".join(row))

baseline = figures[study["baseline"]]
print(f"against {study['baseline']}:")
for arm, seeds in figures.items():
    if arm == study["baseline"]:
        continue
    for name in names:
        shared = sorted(set(seeds) & set(baseline))
        difference = 100 * np.array([seeds[s][name] - baseline[s][name] for s in shared])
        mean, error = difference.mean(), difference.std(ddof=1) / np.sqrt(len(shared))
        reach = stats.t.ppf(0.975, len(shared) - 1) * error
        p = 2 * stats.t.sf(abs(mean / error), len(shared) - 1)
        print(f"  {arm}, {name}: {mean:+.1f} ({mean - reach:+.1f} to {mean + reach:+.1f}), p = {p:.2g}")

withheld = defaultdict(list)
for cell in cells:
    if "withheld" not in cell:
        continue
    labels, top1, in_top5 = (np.array(cell["predictions"][name]) for name in ("labels", "top1", "inTop5"))
    groups = [cell["classes"].index(group) for group in cell["withheld"]]
    groups = [label for label in groups if (labels == label).any()]
    hits = [((top1 == labels)[labels == g].mean(), in_top5[labels == g].mean()) for g in groups]
    withheld[cell["arm"]].append((cell["seed"], len(groups), *(100 * np.mean(hits, axis=0)), hits))
if withheld:
    print("groups without a real crystal in training or validation, mean recall / among five:")
for arm, rotations in withheld.items():
    row = [f"{one:.1f} / {five:.1f} ({count} groups)" for _, count, one, five, _ in sorted(rotations, key=lambda r: r[0])]
    every = 100 * np.mean([hit for *_, hits in rotations for hit in hits], axis=0)
    print(f"  {arm}: " + ", ".join(row) + f"; over all {sum(r[1] for r in rotations)}: {every[0]:.1f} / {every[1]:.1f}")
