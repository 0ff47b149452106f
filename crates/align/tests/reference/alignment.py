"""Values of scikit-image for tests: python3 alignment.py > alignment.json

pip install numpy scikit-image
"""

import json
import sys

import numpy as np
import skimage
from skimage.transform import SimilarityTransform, warp

TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
WIDTH, HEIGHT = 240, 200
# Pixels of each crop that are kept.
PLACES = range(0, 112, 9)


def photo():
    """Steps and ramps, of whole numbers, so that any program draws the same."""
    y, x, channel = np.mgrid[0:HEIGHT, 0:WIDTH, 0:3]
    return ((x * x + 3 * x * y + 5 * y * y) // 64 + 40 * channel) % 256


def faces(rng):
    """The template turned, scaled, moved and disturbed; the last one is mirrored, which no similarity undoes."""
    for case in range(12):
        angle, scale = rng.uniform(-1, 1), rng.uniform(0.6, 1.8)
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        moved = (TEMPLATE - 56) @ turn.T + [rng.uniform(60, 180), rng.uniform(50, 150)]
        moved += rng.normal(0, 3 * scale, (5, 2))
        # So that the file has exactly what was computed with.
        yield np.round(moved * [-1, 1] + [WIDTH, 0] if case == 11 else moved, 4)


cases = []
for points in faces(np.random.default_rng(7)):
    transform = SimilarityTransform.from_estimate(points, TEMPLATE)
    image = photo().astype(float)
    crop = warp(image, transform.inverse, output_shape=(112, 112), order=1, mode="constant", cval=0, clip=False)
    matrix = transform.params
    cases.append(
        {
            "points": points.tolist(),
            "cosine": matrix[0, 0],
            "sine": matrix[1, 0],
            "shift": matrix[:2, 2].tolist(),
            "pixels": [round(value, 3) for y in PLACES for x in PLACES for value in crop[y, x]],
        }
    )

json.dump({"numpy": np.__version__, "scikit_image": skimage.__version__, "cases": cases}, sys.stdout, indent=None)
print()
