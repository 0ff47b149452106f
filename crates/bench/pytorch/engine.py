"""One measurement of PyTorch's training step or embedding, on the networks that arclab's engine is measured on.

Prints one line of JSON: median_seconds, steps, peak_bytes, before_bytes. Needs PyTorch alone.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

CLASSES, SCALE, MARGIN = 100, 64.0, 0.5


def unit(inputs, outputs, kernel, stride=1, padding=0, groups=1, prelu=True):
    """A convolution with its batch norm and PReLU."""
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([nn.PReLU(outputs)] if prelu else []))


class Residual(nn.Module):
    """path(x) + shortcut(x)."""

    def __init__(self, path, shortcut=None):
        super().__init__()
        self.path, self.shortcut = path, shortcut or nn.Identity()

    def forward(self, x):
        return self.path(x) + self.shortcut(x)


def iresnet(image, embedding, stem, stem_stride, stages, early_stride):
    """IResNet: each stage halves the image in the first of its blocks."""
    layers, inputs = [unit(3, stem, 3, stem_stride, 1)], stem
    for outputs, blocks in stages:
        for block in range(blocks):
            stride = 2 if block == 0 else 1
            first, second = (stride, 1) if early_stride else (1, stride)
            path = nn.Sequential(
                nn.BatchNorm2d(inputs),
                unit(inputs, outputs, 3, first, 1),
                unit(outputs, outputs, 3, second, 1, prelu=False),
            )
            changes = stride != 1 or inputs != outputs
            layers.append(Residual(path, unit(inputs, outputs, 1, stride, prelu=False) if changes else None))
            inputs = outputs
    last = (image // 16) ** 2 * inputs
    return nn.Sequential(
        *layers, nn.BatchNorm2d(inputs), nn.Flatten(), nn.Linear(last, embedding), nn.BatchNorm1d(embedding)
    )


def bottleneck(inputs, inner, outputs, stride):
    return nn.Sequential(
        unit(inputs, inner, 1),
        unit(inner, inner, 3, stride, 1, groups=inner),
        unit(inner, outputs, 1, prelu=False),
    )


def mobilefacenet(image, embedding, channels=128):
    """Blocks 1, 4, 6, 2 and scale 2."""
    wide = 2 * channels
    layers = [unit(3, channels, 3, 2, 1), unit(channels, channels, 3, 1, 1, groups=64)]
    for inputs, inner, outputs, blocks in [
        (channels, channels, channels, 4),
        (channels, wide, wide, 6),
        (wide, 2 * wide, wide, 2),
    ]:
        layers.append(bottleneck(inputs, inner, outputs, 2))
        layers += [Residual(bottleneck(outputs, outputs, outputs, 1)) for _ in range(blocks)]
    layers += [unit(wide, 512, 1), unit(512, 512, image // 16, groups=512, prelu=False), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(512, embedding, bias=False), nn.BatchNorm1d(embedding))


MODELS = {
    "small": (64, 128, lambda i, e: iresnet(i, e, 32, 2, [(32, 1), (64, 1), (128, 2)], True)),
    "mobilefacenet": (112, 512, mobilefacenet),
    "iresnet18": (112, 512, lambda i, e: iresnet(i, e, 64, 1, [(64, 2), (128, 2), (256, 2), (512, 2)], False)),
}


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def arcface_loss(embedding, centres, labels):
    cosines = F.linear(F.normalize(embedding), F.normalize(centres)).clamp(-1 + 1e-7, 1 - 1e-7)
    own = cosines.gather(1, labels[:, None])
    target = torch.cos(torch.acos(own) + MARGIN)
    return F.cross_entropy(SCALE * cosines.scatter(1, labels[:, None], target), labels)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--task", choices=["train", "embed"], required=True)
    parser.add_argument("--layout", choices=["nchw", "channels_last"], required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    # The first tensor brings in what PyTorch itself needs.
    torch.zeros(1).add_(1)
    before = peak_bytes()
    image, embedding, build = MODELS[options.model]
    layout = torch.channels_last if options.layout == "channels_last" else torch.contiguous_format
    network = build(image, embedding).to(memory_format=layout)
    images = torch.rand(options.batch, 3, image, image).to(memory_format=layout)
    labels = torch.arange(options.batch) * 37 % CLASSES
    centres = nn.Parameter(torch.randn(CLASSES, embedding) * 0.01)
    parameters = [*network.parameters(), centres]
    optimizer = torch.optim.SGD(parameters, lr=0.001, momentum=0.9, weight_decay=5e-4)
    network.train(options.task == "train")

    def step():
        if options.task == "embed":
            with torch.inference_mode():
                return network(images)
        optimizer.zero_grad()
        arcface_loss(network(images), centres, labels).backward()
        optimizer.step()

    for _ in range(2):
        step()
    began, times = time.perf_counter(), []
    while len(times) < 3 or time.perf_counter() - began < options.seconds:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(
        json.dumps(
            {
                "median_seconds": statistics.median(times),
                "steps": len(times),
                "peak_bytes": peak_bytes(),
                "before_bytes": before,
            }
        )
    )


if __name__ == "__main__":
    main()
