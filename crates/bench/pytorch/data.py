"""What PyTorch's DataLoader takes to make batches of images: one JSON object; or, with `write`, the images as JPEG files.

Images are cropped to their middle square, brought to SIZE, flipped with a probability of one half, normalised to [-1, 1]
and put together. Pillow's way is that of most: PIL images through torchvision's transforms; torchvision's decodes bytes to
tensors and changes these. A `cache` is a file of N x SIZE x SIZE x 3 bytes, mapped into memory.
"""

import argparse
import io
import json
import os
import resource
import struct
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.io import ImageReadMode, decode_image
from torchvision.transforms import v2


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


class Files:
    """A folder with one sub-folder a person."""

    def __init__(self, path):
        self.paths = sorted(str(path) for path in Path(path).glob("*/*") if path.is_file())

    def __len__(self):
        return len(self.paths)

    def bytes(self, index):
        return read_file(self.paths[index])


class Records:
    """InsightFace's RecordIO: per record a magic number, a length, and a header of 24 bytes before the image."""

    def __init__(self, path):
        lines = (Path(path) / "train.idx").read_text().split("\n")
        offsets = [int(line.split("\t")[1]) for line in lines if line]
        self.path, self.file, self.places = Path(path) / "train.rec", None, []
        with open(self.path, "rb") as file:
            for offset in offsets:
                file.seek(offset)
                _, length, flag = struct.unpack("<III", file.read(12))
                first = 24 + 4 * flag
                if (length & ((1 << 29) - 1)) > first:
                    self.places.append((offset + 8 + first, (length & ((1 << 29) - 1)) - first))

    def __len__(self):
        return len(self.places)

    def bytes(self, index):
        # Each worker has a file of its own.
        self.file = self.file or open(self.path, "rb")
        offset, length = self.places[index]
        self.file.seek(offset)
        return self.file.read(length)


class Encoded(Dataset):
    def __init__(self, source, decoder, size):
        self.source, self.decoder = source, decoder
        after = [v2.Resize(size, antialias=True), v2.CenterCrop(size), v2.RandomHorizontalFlip()]
        to_tensor = [v2.PILToTensor()] if decoder == "pillow" else []
        norm = [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5] * 3, [0.5] * 3)]
        self.change = v2.Compose([*after, *to_tensor, *norm])

    def __len__(self):
        return len(self.source)

    def __getitem__(self, index):
        encoded = self.source.bytes(index)
        if self.decoder == "pillow":
            image = Image.open(io.BytesIO(encoded)).convert("RGB")
        else:
            image = decode_image(torch.frombuffer(bytearray(encoded), dtype=torch.uint8), ImageReadMode.RGB)
        return self.change(image), 0


class Mapped(Dataset):
    def __init__(self, path, size):
        self.pixels = np.memmap(path, np.uint8, "r").reshape(-1, size, size, 3)

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        image = torch.from_numpy(np.array(self.pixels[index])).permute(2, 0, 1)
        if torch.rand(()) < 0.5:
            image = image.flip(2)
        return image.float().div_(127.5).sub_(1), 0


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["write", "folder", "recordio", "cache"])
    parser.add_argument("path")
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--decoder", choices=["pillow", "torchvision"], default="pillow")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--out")
    parser.add_argument("--each", type=int, default=20)
    return parser.parse_args()


def write(options):
    """Files of quality 90 with halved colour resolution, which is Pillow's usual one, from bytes of pixels."""
    pixels = np.fromfile(options.path, np.uint8).reshape(-1, options.size, options.size, 3)
    for number, image in enumerate(pixels):
        folder = Path(options.out) / f"{number // options.each:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number % options.each:04d}.jpg", quality=90)


def core_seconds(workers):
    """What this process and its workers, which still run, have used."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    ticks = 0
    for worker in workers:
        fields = read_file(f"/proc/{worker.pid}/stat").decode().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return own.ru_utime + own.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


def measure(options):
    source = {"folder": Files, "recordio": Records}.get(options.task)
    if source:
        dataset = Encoded(source(options.path), options.decoder, options.size)
    else:
        dataset = Mapped(options.path, options.size)
    loader = DataLoader(
        dataset, options.batch, shuffle=True, num_workers=options.workers, drop_last=True, persistent_workers=True
    )
    # The first epoch starts workers and fills the page cache.
    for _ in loader:
        pass
    workers = loader._iterator._workers
    began, cores_began, images = time.perf_counter(), core_seconds(workers), 0
    while time.perf_counter() - began < options.seconds:
        for batch, _ in loader:
            images += len(batch)
    seconds, used = time.perf_counter() - began, core_seconds(workers) - cores_began
    return {"images": images, "seconds": seconds, "core_seconds": used}


def main():
    options = parse()
    if options.task == "write":
        return write(options)
    torch.set_num_threads(1)
    print(json.dumps(measure(options)))


if __name__ == "__main__":
    main()
