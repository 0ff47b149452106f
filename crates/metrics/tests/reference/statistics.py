"""Values of scikit-learn, SciPy and statsmodels for tests: python3 statistics.py > statistics.json

pip install scipy statsmodels scikit-learn
"""

import json
import sys

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

M = (1 << 64) - 1


def uniform(name, n):
    """n numbers in [0, 1), as reference/README.md's fill has them, moved."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & M
    out = []
    for i in range(n):
        z = (h + (i + 1) * 0x9E3779B97F4A7C15) & M
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M
        z ^= z >> 31
        out.append((z >> 40) / (1 << 24))
    return np.array(out)


def lists(name, n, levels):
    """Truth and two lists of scores of which many are tied: `levels` distinct values at most."""
    same = uniform(name + ".same", n) < 0.4
    scores = []
    for variant, gap in (("a", 0.25), ("b", 0.35)):
        raw = 0.4 * uniform(f"{name}.{variant}", n) + 0.2 * uniform(name + ".shared", n) + gap * same
        scores.append(np.floor(raw * levels) / levels)
    return same, scores[0].astype(np.float32), scores[1].astype(np.float32)


def roc(name, n, levels):
    same, scores, _ = lists(name, n, levels)
    fpr, tpr, _ = roc_curve(same, scores, drop_intermediate=False)
    gap = np.abs(fpr - (1 - tpr))
    at = int(np.argmin(gap))
    return {
        "name": name, "pairs": n, "levels": levels,
        "auc": roc_auc_score(same, scores), "eer": (fpr[at] + 1 - tpr[at]) / 2, "points": len(fpr),
        "tar_at_far": {str(far): tpr[fpr <= far].max() for far in (0.5, 0.1, 0.01, 0.001)},
    }


def placements(same, scores):
    x, y = scores[same].astype(float), scores[~same].astype(float)
    psi = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    return psi.mean(axis=1), psi.mean(axis=0)


def delong(name, n, levels):
    """By the definition, with all m × n comparisons."""
    same, a, b = lists(name, n, levels)
    (a10, a01), (b10, b01) = placements(same, a), placements(same, b)
    d10, d01 = b10 - a10, b01 - a01
    value = d10.mean()
    deviation = np.sqrt(d10.var(ddof=1) / len(d10) + d01.var(ddof=1) / len(d01))
    assert abs(value - (roc_auc_score(same, b) - roc_auc_score(same, a))) < 1e-12
    half = stats.norm.ppf(0.975) * deviation
    return {
        "name": name, "pairs": n, "levels": levels, "value": value, "low": value - half, "high": value + half,
        "p": 2 * stats.norm.sf(abs(value / deviation)),
    }


def cochran_armitage(at, found, count):
    """As SciPy's pearsonr: with Pearson's r over single pairs, z = r √N (statsmodels' Table.test_ordinal_association gives it)."""
    at, found, count = map(np.array, (at, found, count))
    table = np.stack([found, count - found])
    from statsmodels.stats.contingency_tables import Table

    association = Table(table, shift_zeros=False).test_ordinal_association(row_scores=np.array([1, 0]), col_scores=at)
    # It divides by N - 1, where the test divides by N.
    n = count.sum()
    z = association.zscore * np.sqrt(n / (n - 1))
    x = np.repeat(at, count)
    y = np.concatenate([np.r_[np.ones(f), np.zeros(c - f)] for f, c in zip(found, count)])
    slope = stats.linregress(x, y).slope
    return {"at": at.tolist(), "found": found.tolist(), "count": count.tolist(), "slope": slope,
            "p": 2 * stats.norm.sf(abs(z))}


def wilson(found, count):
    low, high = proportion_confint(found, count, method="wilson")
    return {"found": found, "count": count, "low": low, "high": high}


def seeds(differences):
    test = stats.ttest_1samp(differences, 0)
    low, high = test.confidence_interval()
    return {"differences": differences, "value": float(np.mean(differences)), "low": low, "high": high, "p": test.pvalue}


def welch(a, b):
    test = stats.ttest_ind(b, a, equal_var=False)
    low, high = test.confidence_interval()
    return {"a": a, "b": b, "low": low, "high": high, "p": test.pvalue}


P = [[0.01, 0.04, 0.03], [0.2, 0.001, 0.02, 0.02, 0.9], [0.5], [0.7, 0.8]]
json.dump(
    {
        "versions": {m.__name__: m.__version__ for m in (scipy, statsmodels, sklearn, np)},
        "roc": [roc("ties", 2000, 40), roc("few", 57, 7), roc("fine", 5000, 100000)],
        "delong": [delong("ties", 800, 40), delong("few", 57, 7), delong("fine", 1500, 100000)],
        "trend": [cochran_armitage([0, 1, 2, 3], [5, 9, 14, 20], [60, 55, 58, 50]),
                  cochran_armitage([0.5, 2, 7], [30, 28, 31], [100, 90, 110])],
        "wilson": [wilson(*x) for x in ((0, 10), (3, 10), (10, 10), (5970, 6000), (1, 1))],
        "mcnemar": [{"a_only": a, "b_only": b, "p": mcnemar([[0, a], [b, 0]], exact=True).pvalue}
                    for a, b in ((5, 0), (15, 5), (30, 18), (3, 4), (120, 163), (1, 0), (700, 790))],
        "holm": [{"p": p, "corrected": multipletests(p, method="holm")[1].tolist()} for p in P],
        "seeds": [seeds([0.01, 0.02, 0.03]), seeds([-0.004, 0.001]), seeds([0.3, -0.1, 0.2, 0.25, 0.0, 0.1])],
        "welch": [welch([0.71, 0.73, 0.70], [0.74, 0.76]), welch([1.0, 2.0, 4.0, 8.0], [1.5, 1.6, 1.7])],
    },
    sys.stdout, indent=1,
)
print()
