"""One measurement of PyTorch's training step or embedding, on the networks that arclab's engine is measured on.

Prints one line of JSON: median_seconds, steps, peak_bytes, before_bytes, and on a GPU gpu_peak_bytes. Needs PyTorch alone.

On a GPU the network runs under autocast and the head in float32, as InsightFace's arcface_torch has it; images arrive as bytes, as
arclab's do, from pinned memory, and embeddings go back. Algorithms are those that cuDNN finds fastest.
"""

import argparse
import json
import math
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
    "iresnet50": (112, 512, lambda i, e: iresnet(i, e, 64, 1, [(64, 3), (128, 4), (256, 14), (512, 3)], False)),
    "iresnet100": (112, 512, lambda i, e: iresnet(i, e, 64, 1, [(64, 3), (128, 13), (256, 30), (512, 3)], False)),
}


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def arcface_loss(embedding, centres, labels):
    cosines = F.linear(F.normalize(embedding), F.normalize(centres)).clamp(-1 + 1e-7, 1 - 1e-7)
    own = cosines.gather(1, labels[:, None])
    target = torch.cos(torch.acos(own) + MARGIN)
    return F.cross_entropy(SCALE * cosines.scatter(1, labels[:, None], target), labels)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--task", choices=["train", "embed"], required=True)
    parser.add_argument("--device", choices=["cpu", "cuda"], required=True)
    parser.add_argument("--layout", choices=["nchw", "channels_last"], required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--precision", choices=["bf16", "fp16", "tf32", "float32"], default="float32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--seconds", type=float, required=True)
    return parser.parse_args()


def case(options):
    """The step of a case, to be called again and again."""
    image, embedding, build = MODELS[options.model]
    device, half = torch.device(options.device), {"bf16": torch.bfloat16, "fp16": torch.float16}.get(options.precision)
    layout = torch.channels_last if options.layout == "channels_last" else torch.contiguous_format
    network = build(image, embedding).to(device, memory_format=layout)
    centres = nn.Parameter(torch.randn(CLASSES, embedding, device=device) * 0.01)
    optimizer = torch.optim.SGD([*network.parameters(), centres], lr=0.001, momentum=0.9, weight_decay=5e-4)
    scaler = torch.amp.GradScaler(options.device, enabled=half is torch.float16)
    network.train(options.task == "train")
    forward = torch.compile(network) if options.compile else network
    labels = (torch.arange(options.batch) * 37 % CLASSES).to(device)
    if options.device == "cpu":
        images = torch.rand(options.batch, 3, image, image).to(memory_format=layout)
    else:
        images = torch.randint(256, (options.batch, image, image, 3), dtype=torch.uint8).pin_memory()

    def embed():
        # Bytes of N x H x W x C, seen as N x C x H x W, are channels last as they are.
        if options.device == "cuda":
            pixels = images.to(device, non_blocking=True).permute(0, 3, 1, 2).float()
            pixels = pixels.div_(127.5).sub_(1)
        else:
            pixels = images
        with torch.autocast(options.device, half, enabled=half is not None):
            return forward(pixels).float()

    def step():
        if options.task == "embed":
            with torch.inference_mode():
                return embed().cpu()
        optimizer.zero_grad()
        scaler.scale(arcface_loss(embed(), centres, labels)).backward()
        scaler.step(optimizer)
        scaler.update()

    return step


def measure(options, step):
    """Seconds a step. A GPU runs behind: it is waited for at the end of as many steps as keep it at work."""
    finish = torch.cuda.synchronize if options.device == "cuda" else lambda: None

    def timed(steps):
        start = time.perf_counter()
        for _ in range(steps):
            step()
        finish()
        return (time.perf_counter() - start) / steps

    timed(8 if options.device == "cuda" else 2)
    at_a_time = min(max(math.ceil(0.1 / timed(1)), 1), 100) if options.device == "cuda" else 1
    began, times = time.perf_counter(), []
    while len(times) < 3 or time.perf_counter() - began < options.seconds:
        times.append(timed(at_a_time))
    return {"median_seconds": statistics.median(times), "steps": len(times) * at_a_time}


def main():
    options = parse()
    torch.manual_seed(0)
    if options.threads:
        torch.set_num_threads(options.threads)
    # The first tensor brings in what PyTorch itself needs.
    torch.zeros(1).add_(1)
    before = peak_bytes()
    torch.backends.cudnn.benchmark = True
    # PyTorch lets convolutions use TF32 unless told otherwise, and products only where told.
    is_tf32 = options.precision != "float32"
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = is_tf32
    measured = measure(options, case(options))
    measured |= {"peak_bytes": peak_bytes(), "before_bytes": before}
    if options.device == "cuda":
        # What is held, in use or not, as arclab counts it.
        measured["gpu_peak_bytes"] = torch.cuda.max_memory_reserved()
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
