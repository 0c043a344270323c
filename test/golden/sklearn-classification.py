"""Writes sklearn-classification.json: reference metrics of random predictions by scikit-learn."""
import json
import numpy as np
import sklearn
from sklearn import metrics as m

rs = np.random.RandomState(7)
K, N = 7, 90
labels = rs.choice([0, 1, 2, 3, 4, 6], size=N, p=[0.4, 0.25, 0.15, 0.1, 0.06, 0.04])  # 5 is absent
logits = rs.randn(N, K) + 1.6 * np.eye(K)[labels]
p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
p = np.round(p, 6)
predicted = p.argmax(1)
present = sorted(set(labels))
kw = dict(labels=present, zero_division=0)
confidence, hit = p.max(1), predicted == labels
bins = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
ece = sum((bins == b).mean() * abs(hit[bins == b].mean() - confidence[bins == b].mean()) for b in range(15) if (bins == b).any())
recall = m.recall_score(labels, predicted, average=None, **kw)
out = dict(
    source=f"scikit-learn {sklearn.__version__}; ECE and G-mean by numpy from their definitions",
    classCount=K, labels=labels.tolist(), probabilities=p.ravel().tolist(), present=[int(c) for c in present],
    macroF1=m.f1_score(labels, predicted, average="macro", **kw),
    macroPrecision=m.precision_score(labels, predicted, average="macro", **kw),
    macroRecall=m.recall_score(labels, predicted, average="macro", **kw),
    weightedF1=m.f1_score(labels, predicted, average="weighted", **kw),
    weightedPrecision=m.precision_score(labels, predicted, average="weighted", **kw),
    weightedRecall=m.recall_score(labels, predicted, average="weighted", **kw),
    balancedAccuracy=m.recall_score(labels, predicted, average="macro", **kw),
    gMean=float(np.exp(np.log(recall).mean())),
    top1=m.accuracy_score(labels, predicted),
    top3=m.top_k_accuracy_score(labels, p, k=3, labels=range(K)),
    top5=m.top_k_accuracy_score(labels, p, k=5, labels=range(K)),
    ece=float(ece),
    f1=m.f1_score(labels, predicted, average=None, **kw).tolist(),
    precision=m.precision_score(labels, predicted, average=None, **kw).tolist(),
    recall=recall.tolist(),
    confusion=m.confusion_matrix(labels, predicted, labels=range(K)).tolist(),
)
json.dump(out, open(__file__.replace(".py", ".json"), "w"))
