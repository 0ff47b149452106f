"""Makes `data/zoo.json`, the values that `backbones.rs` checks networks against of which InsightFace's own run is not
at hand: `python backbones.py`, with NumPy and PyTorch installed. The modules are written from the papers that the
backbones' files name; weights, inputs and the loss are those of `data/backbones.json`, in float64."""

import json
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

EMBEDDING, CLASSES, LABELS = 512, 10, [3, 7, 0, 9, 3, 5]


def fill(name, shape):
    """The values of `support::fill`."""
    hashed = 0xCBF29CE484222325
    for byte in name.encode():
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    count = int(np.prod(shape))
    z = np.uint64(hashed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return torch.from_numpy(((z >> np.uint64(40)).astype(np.float64) / 2**23 - 1).reshape(shape))


class Unit(nn.Module):
    """Convolution, batch norm and, where there is one, PReLU."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1, prelu=False, pad=True):
        super().__init__()
        padding = kernel // 2 if pad else 0
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs) if prelu else nn.Identity()

    def forward(self, x):
        return self.prelu(self.bn(self.conv(x)))


class Embedding(nn.Module):
    """A linear layer over one position, and its batch norm."""

    def __init__(self, inputs):
        super().__init__()
        self.conv = nn.Linear(inputs, EMBEDDING, bias=False)
        self.bn = nn.BatchNorm1d(EMBEDDING)

    def forward(self, x):
        return self.bn(self.conv(x.flatten(1)))


# GhostFaceNetV1


def wide(channels):
    rounded = max(4, int(channels + 2) // 4 * 4)
    return rounded + 4 if rounded < 0.9 * channels else rounded


class Ghost(nn.Module):
    def __init__(self, inputs, outputs, prelu):
        super().__init__()
        half = outputs // 2
        self.primary = Unit(inputs, half, 1, prelu=prelu)
        self.cheap = Unit(half, half, 3, groups=half, prelu=prelu)

    def forward(self, x):
        primary = self.primary(x)
        return torch.cat([primary, self.cheap(primary)], 1)


class Excite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        hidden = wide(channels * 0.25)
        self.conv_reduce = nn.Conv2d(channels, hidden, 1)
        self.prelu = nn.PReLU(hidden)
        self.conv_expand = nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        gates = self.conv_expand(self.prelu(self.conv_reduce(x.mean((2, 3), keepdim=True))))
        return x * torch.clamp(0.2 * gates + 0.5, 0, 1)


class GhostBlock(nn.Module):
    def __init__(self, inputs, kernel, inner, outputs, excited, stride):
        super().__init__()
        self.ghost1 = Ghost(inputs, inner, True)
        self.conv_dw = Unit(inner, inner, kernel, stride, inner) if stride > 1 else nn.Identity()
        self.se = Excite(inner) if excited else nn.Identity()
        self.ghost2 = Ghost(inner, outputs, False)
        changes = stride > 1 or inputs != outputs
        self.shortcut = (
            nn.Sequential(Unit(inputs, inputs, kernel, stride, inputs), Unit(inputs, outputs, 1))
            if changes
            else nn.Identity()
        )

    def forward(self, x):
        return self.ghost2(self.se(self.conv_dw(self.ghost1(x)))) + self.shortcut(x)


class GhostFaceNet(nn.Module):
    KERNELS = [3, 3, 3, 5, 5, 3, 3, 3, 3, 3, 3, 5, 5, 5, 5, 5]
    INNER = [16, 48, 72, 72, 120, 240, 200, 184, 184, 480, 672, 672, 960, 960, 960, 512]
    OUTPUTS = [16, 24, 24, 40, 40, 80, 80, 80, 80, 112, 112, 160, 160, 160, 160, 160]
    EXCITED = [0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 0, 1]
    STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]

    def __init__(self, stride, size):
        super().__init__()
        channels = wide(16 * 1.3)
        self.conv_stem = Unit(3, channels, 3, stride, prelu=True)
        blocks = []
        for kernel, inner, outputs, excited, step in zip(
            self.KERNELS, self.INNER, self.OUTPUTS, self.EXCITED, self.STRIDES
        ):
            inner, outputs = wide(inner * 1.3), wide(outputs * 1.3)
            blocks.append(GhostBlock(channels, kernel, inner, outputs, excited, step))
            channels = outputs
        self.blocks = nn.Sequential(*blocks)
        last = wide(512 * 1.3)
        self.conv_head = Unit(channels, last, 1, prelu=True)
        self.gdc = Unit(last, last, -(-size // (16 * stride)), groups=last, pad=False)
        self.embedding = Embedding(last)

    def forward(self, x):
        return self.embedding(self.gdc(self.conv_head(self.blocks(self.conv_stem(x)))))


# MobileFaceNet, of InsightFace's names


class Layers(nn.Module):
    """What InsightFace calls `layers`, with a shortcut where there is one."""

    def __init__(self, *layers, shortcut=False):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.shortcut = shortcut

    def forward(self, x):
        return self.layers(x) + x if self.shortcut else self.layers(x)


def conv(inputs, outputs, kernel, stride=1, groups=1, prelu=True, pad=True):
    padding = kernel // 2 if pad else 0
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)]
    layers += [nn.BatchNorm2d(outputs)] + ([nn.PReLU(outputs)] if prelu else [])
    return Layers(*layers)


def bottleneck(inputs, inner, outputs, stride, shortcut):
    depthwise = conv(inner, inner, 3, stride, inner)
    return Layers(conv(inputs, inner, 1), depthwise, conv(inner, outputs, 1, prelu=False), shortcut=shortcut)


class MobileFaceNet(nn.Module):
    def __init__(self, scale, size):
        super().__init__()
        narrow, broad = 64 * scale, 128 * scale

        def repeated(channels, inner, count):
            return Layers(*[bottleneck(channels, inner, channels, 1, True) for _ in range(count)])

        self.layers = nn.Sequential(
            conv(3, narrow, 3, 2),
            conv(narrow, narrow, 3, 1, 64),
            bottleneck(narrow, 128, narrow, 2, False),
            repeated(narrow, 128, 4),
            bottleneck(narrow, 256, broad, 2, False),
            repeated(broad, 256, 6),
            bottleneck(broad, 512, broad, 2, False),
            repeated(broad, 256, 2),
        )
        self.conv_sep = conv(broad, 512, 1)
        whole = conv(512, 512, size // 16, groups=512, prelu=False, pad=False)
        linear = nn.Linear(512, EMBEDDING, bias=False)
        self.features = Layers(whole, nn.Flatten(), linear, nn.BatchNorm1d(EMBEDDING))

    def forward(self, x):
        return self.features(self.conv_sep(self.layers(x)))


# IResNet, of InsightFace's names


class IBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        changes = stride > 1 or inputs != outputs
        projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.downsample = nn.Sequential(projection, nn.BatchNorm2d(outputs)) if changes else nn.Identity()

    def forward(self, x):
        path = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        return self.bn3(self.conv2(path)) + self.downsample(x)


class IResNet(nn.Module):
    def __init__(self, blocks, size):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.prelu = nn.PReLU(64)
        inputs = 64
        for stage, count in enumerate(blocks):
            outputs = 64 << stage
            layers = [IBlock(inputs if at == 0 else outputs, outputs, 2 if at == 0 else 1) for at in range(count)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
            inputs = outputs
        self.bn2 = nn.BatchNorm2d(inputs)
        self.fc = nn.Linear(inputs * (size // 16) ** 2, EMBEDDING)
        self.features = nn.BatchNorm1d(EMBEDDING)
        self.features.weight.requires_grad = False

    def forward(self, x):
        x = self.prelu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.features(self.fc(self.bn2(x).flatten(1)))


def filled(model, module):
    slopes = {f"{name}.weight" for name, part in module.named_modules() if isinstance(part, nn.PReLU)}
    state = {}
    for name, value in module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = value
            continue
        u = fill(f"{model}.{name}", tuple(value.shape))
        if value.dim() > 1:
            u = u * (3 / np.prod(value.shape[1:])) ** 0.5
        elif name.endswith("running_mean") or name.endswith("bias"):
            u = 0.1 * u
        elif name.endswith("running_var"):
            u = 1 + 0.5 * u
        else:
            u = 0.25 + 0.1 * u if name in slopes else 1 + 0.1 * u
        # Weights are given in float32.
        state[name] = u.float().double()
    module.load_state_dict(state)


def first(tensor, count):
    return [float(f"{value:.7g}") for value in tensor.flatten()[:count].tolist()]


def values(model, module, size, every_gradient):
    module = module.double()
    filled(model, module)
    x = fill(f"{model}.input", (6, 3, size, size))
    module.eval()
    with torch.no_grad():
        evaluated = module(x[:2])
    module.train()
    embedding = module(x)
    centres = fill(f"{model}.head", (CLASSES, EMBEDDING)).requires_grad_()
    cosines = F.normalize(embedding) @ F.normalize(centres).T
    angles = torch.acos(cosines.clamp(-1 + 1e-7, 1 - 1e-7))
    labels = torch.tensor(LABELS)
    margin = 0.5 * F.one_hot(labels, CLASSES)
    loss = F.cross_entropy(16 * torch.cos(angles + margin), labels)
    loss.backward()
    gradients = {name: value.grad for name, value in module.named_parameters() if value.grad is not None}
    squares = sum(float(gradient.square().sum()) for gradient in [*gradients.values(), centres.grad])
    described = {name: list(value.shape) for name, value in module.state_dict().items()}
    running = {name: value for name, value in module.state_dict().items() if "running" in name}
    kept = gradients if every_gradient else dict([*gradients.items()][:4] + [*gradients.items()][-4:])
    kept_running = running if every_gradient else dict([*running.items()][:4] + [*running.items()][-4:])
    return {
        "size": size,
        "parameters": sum(value.numel() for value in module.parameters()),
        "grad": {
            name: {"norm": first(gradient.norm(), 1), "first": first(gradient, 4)}
            for name, gradient in kept.items()
        },
        "grad_head": {"norm": first(centres.grad.norm(), 1), "first": first(centres.grad, 4)},
        "grad_total_norm": [squares**0.5],
        "train_loss_arcface_s16_m0.5_exact": [loss.item()],
        "running_after_one_train_forward": {name: first(value, 4) for name, value in kept_running.items()},
        "eval_embedding": first(evaluated, 2 * EMBEDDING),
        "train_embedding_first_row": first(embedding, EMBEDDING),
        "state_dict": described,
    }


MODELS = {
    "mobilefacenet_scale1": (lambda size: MobileFaceNet(1, size), 64, True),
    "ghostfacenet_v1_1": (lambda size: GhostFaceNet(1, size), 48, True),
    "ghostfacenet_v1_2": (lambda size: GhostFaceNet(2, size), 80, True),
    "iresnet200": (lambda size: IResNet([6, 26, 60, 6], size), 32, False),
}

if __name__ == "__main__":
    torch.set_num_threads(2)
    # The formulas agree with InsightFace's own run where that is at hand.
    known = json.loads((pathlib.Path(__file__).parent / "data" / "backbones.json").read_text())
    for model, module in [("iresnet18", IResNet([2, 2, 2, 2], 112)), ("mobilefacenet", MobileFaceNet(2, 112))]:
        found, expected = values(model, module, 112, False), known[model]
        assert list(found["state_dict"].items()) == list(expected["state_dict"].items()), model
        assert abs(found["grad_total_norm"][0] / expected["grad_total_norm"][0] - 1) < 1e-4, model
        assert np.allclose(found["eval_embedding"], expected["eval_embedding"], rtol=1e-3, atol=2e-3), model
    made = {}
    for model, (make, size, every_gradient) in MODELS.items():
        made[model] = values(model, make(size), size, every_gradient)
        print(model, made[model]["parameters"], made[model]["grad_total_norm"])
    path = pathlib.Path(__file__).parent / "data" / "zoo.json"
    path.write_text(json.dumps(made, separators=(",", ":")) + "\n")
