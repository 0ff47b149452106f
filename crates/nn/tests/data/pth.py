"""Writes `narrow.pth` beside it: what PyTorch's `torch.save` makes of each kind of tensor that a state dict can hold.

Run with PyTorch 2.15: python pth.py. The values are multiples of 1/8, exact in every format; `weight_files.rs` knows
them. `python pth.py iresnet18 FILE` writes all of an IResNet-18, with the values of `README.md`'s formula.
"""

import json
import sys
from collections import OrderedDict
from pathlib import Path

import torch
from torch.nn import Parameter

HERE = Path(__file__).parent


def counted(*shape):
    return (torch.arange(torch.Size(shape).numel(), dtype=torch.float32) / 8 - 1).reshape(shape)


def narrow():
    whole = counted(4, 6)
    state = OrderedDict()
    state["module.float32"] = counted(2, 3)
    state["module.float16"] = counted(2, 3).half()
    state["module.bfloat16"] = counted(2, 3).bfloat16()
    state["module.float64"] = counted(2, 3).double()
    state["module.parameter"] = Parameter(counted(2, 3))
    state["module.transposed"] = counted(3, 2).t()
    state["module.slice"] = whole[1:4:2, 2:5]
    state["module.shared"] = whole
    state["module.channels_last"] = counted(2, 3, 2, 2).to(memory_format=torch.channels_last)
    state["module.num_batches_tracked"] = torch.tensor(7)
    state._metadata = OrderedDict([("", {"version": 1})])
    return {"epoch": 3, "lr": 0.1, "done": False, "history": [0.5, 0.25], "state_dict": state}


def fill(name, count):
    mask = (1 << 64) - 1
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & mask
    z = torch.arange(1, count + 1, dtype=torch.int64) * (0x9E3779B97F4A7C15 - (1 << 64)) + (h - (1 << 64) * (h >> 63))

    def shifted(z, by):
        return z ^ (z >> by) & ((1 << (64 - by)) - 1)

    z = shifted(z, 30) * (0xBF58476D1CE4E5B9 - (1 << 64))
    z = shifted(z, 27) * (0x94D049BB133111EB - (1 << 64))
    z = shifted(z, 31)
    return ((z >> 40) & 0xFFFFFF).to(torch.float32) / 2**23 - 1


def value(name, shape):
    if not shape:
        return torch.tensor(0)
    u = fill(f"iresnet18.{name}", torch.Size(shape).numel()).reshape(shape)
    if len(shape) > 1:
        return u * (3 / torch.Size(shape[1:]).numel()) ** 0.5
    if name.endswith(("running_mean", "bias")):
        return 0.1 * u
    if name.endswith("running_var"):
        return 1 + 0.5 * u
    return 0.25 + 0.1 * u if name.endswith("prelu.weight") else 1 + 0.1 * u


if len(sys.argv) == 1:
    torch.save(narrow(), HERE / "narrow.pth")
else:
    shapes = json.loads((HERE / "backbones.json").read_text())[sys.argv[1]]["state_dict"]
    torch.save(OrderedDict((name, value(name, shape)) for name, shape in shapes.items()), sys.argv[2])
