"""What NumPy and scikit-learn take for the metrics of scores: one JSON object.

SCORES holds float32 cosine similarities, SAME a byte a pair. Tasks: `folds`, the procedure of InsightFace's
eval/verification.py (10 folds; accuracy over 400 thresholds on the squared distance, and the true accept rate at a false
accept rate of 1e-3 over 4000, each threshold a pass over all pairs); `curve`, scikit-learn's roc_curve and its area.
"""

import argparse
import json
import statistics
import time

import numpy as np


def rates(threshold, distance, same):
    accepted = distance < threshold
    true = np.sum(accepted & same)
    false = np.sum(accepted & ~same)
    return true, false


def folds(scores, same):
    distance = 2.0 - 2.0 * scores.astype(np.float64)
    pairs, accuracies, accepts = np.arange(len(same)), [], []
    for held_out in np.array_split(pairs, 10):
        others = np.setdiff1d(pairs, held_out)
        best, threshold = -1, 0.0
        for candidate in np.arange(0, 4, 0.01):
            true, false = rates(candidate, distance[others], same[others])
            right = true + np.sum(~same[others]) - false
            if right > best:
                best, threshold = right, candidate
        true, false = rates(threshold, distance[held_out], same[held_out])
        accuracies.append((true + np.sum(~same[held_out]) - false) / len(held_out))
        wanted, at = 1e-3 * np.sum(~same[others]), 0.0
        for candidate in np.arange(0, 4, 0.001):
            if rates(candidate, distance[others], same[others])[1] <= wanted:
                at = candidate
        accepts.append(rates(at, distance[held_out], same[held_out])[0] / np.sum(same[held_out]))
    return {"accuracy": float(np.mean(accuracies)), "tar": float(np.mean(accepts))}


def curve(scores, same):
    from sklearn.metrics import auc, roc_curve

    far, tar, _ = roc_curve(same, scores)
    return {"auc": float(auc(far, tar))}


arguments = argparse.ArgumentParser()
arguments.add_argument("task", choices=["folds", "curve"])
arguments.add_argument("scores")
arguments.add_argument("same")
arguments.add_argument("--repeats", type=int, default=3)
arguments = arguments.parse_args()
scores = np.fromfile(arguments.scores, dtype=np.float32)
same = np.fromfile(arguments.same, dtype=np.uint8).astype(bool)
times = []
for _ in range(arguments.repeats):
    began = time.perf_counter()
    found = {"folds": folds, "curve": curve}[arguments.task](scores, same)
    times.append(time.perf_counter() - began)
print(json.dumps({"median_seconds": statistics.median(times), **found}))
