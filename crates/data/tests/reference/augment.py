"""Values of Pillow and torchvision for `augment.json`: `python augment.py > augment.json`, with both installed.

The image has 16 x 16 pixels of red, green and blue; each case names what is done, its numbers, and what comes out.
"""

import io
import json

import numpy as np
import torch
from PIL import Image, ImageEnhance
from torchvision.transforms.v2 import functional as F

SIZE = 16


def made():
    """Slopes with a wave on them, so that there is something of every frequency."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    red, green = 16 * x, 255 - 15 * y
    blue = 128 + 100 * np.sin(0.9 * x) * np.cos(0.7 * y + 0.1 * x)
    return np.stack([red, green, np.rint(blue)], axis=2).astype(np.uint8)


def brightness(image, factor):
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(image)).enhance(factor))


def contrast(image, factor):
    return np.asarray(ImageEnhance.Contrast(Image.fromarray(image)).enhance(factor))


def blur(image, sigma):
    kernel = 2 * int(np.ceil(3 * sigma)) + 1
    return F.gaussian_blur(torch.from_numpy(image).permute(2, 0, 1), [kernel] * 2, [sigma] * 2).permute(1, 2, 0).numpy()


def low_resolution(image, small):
    fewer = Image.fromarray(image).resize((small, small), Image.BILINEAR)
    return np.asarray(fewer.resize((SIZE, SIZE), Image.BILINEAR))


def crop(image, side, left, top):
    """Beyond the image its edge is repeated; so many pixels of it are enough."""
    padded = F.pad(torch.from_numpy(image).permute(2, 0, 1), [SIZE] * 4, padding_mode="edge")
    cut = F.resized_crop(padded, top + SIZE, left + SIZE, side, side, [SIZE, SIZE], antialias=True)
    return cut.permute(1, 2, 0).numpy()


def jpeg(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=0)
    return np.asarray(Image.open(file))


CASES = [
    (brightness, [0.5]),
    (brightness, [1.7]),
    (contrast, [0.4]),
    (contrast, [1.8]),
    (blur, [0.8]),
    (blur, [2.0]),
    (low_resolution, [6]),
    (low_resolution, [11]),
    (crop, [10, 3, 5]),
    (crop, [16, -3, 2]),
    (crop, [12, 6, -2]),
    (jpeg, [20]),
    (jpeg, [85]),
]

image = made()
cases = [
    {"change": change.__name__, "numbers": numbers, "pixels": change(image, *numbers).ravel().tolist()}
    for change, numbers in CASES
]
print(json.dumps({"pixels": image.ravel().tolist(), "cases": cases}))
