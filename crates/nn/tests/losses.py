"""Makes `data/losses.json`, the values that `losses.rs` checks against: `python losses.py`, with PyTorch installed.

The formulas of the papers, differentiated by PyTorch in float64; two batches, so that running values have moved."""

import json
import math
import pathlib

import torch
import torch.nn.functional as F

LABELS = [torch.tensor([0, 1, 2, 3, 4, 0, 1, 2]), torch.tensor([4, 4, 3, 1, 0, 2, 2, 1])]
CLASSES, WIDTH = 5, 16


def fill(name, count):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    values = []
    for i in range(count):
        z = (h + (i + 1) * 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        values.append(((z ^ (z >> 31)) >> 40) / 2**23 - 1)
    return torch.tensor(values, dtype=torch.float64)


def arc(cosine, margin):
    """cos(θ + m), and cos θ - m·sin m past π - m."""
    plain = torch.cos(torch.arccos(cosine) + margin)
    return torch.where(cosine > torch.cos(math.pi - margin), plain, cosine - margin * torch.sin(margin))


class CurricularFace:
    scale, margin, share, t = 64.0, torch.tensor(0.5, dtype=torch.float64), 0.3, 0.0

    def loss(self, cosines, labels, norms):
        own = cosines.gather(1, labels[:, None])
        self.t = self.share * own.mean().item() + (1 - self.share) * self.t
        hard = cosines > torch.cos(torch.arccos(own) + self.margin)
        logits = torch.where(hard, cosines * (self.t + cosines), cosines)
        logits = logits.scatter(1, labels[:, None], arc(own, self.margin))
        return F.cross_entropy(self.scale * logits, labels)


class MagFace:
    scale, low, high, least, most, weight = 64.0, 0.45, 0.8, 10.0, 50.0, 35.0

    def loss(self, cosines, labels, norms):
        a = norms.clamp(self.least, self.most)
        margin = (self.high - self.low) / (self.most - self.least) * (a - self.least) + self.low
        own = cosines.gather(1, labels[:, None])
        logits = cosines.scatter(1, labels[:, None], arc(own, margin[:, None]))
        return F.cross_entropy(self.scale * logits, labels) + self.weight * (a / self.most**2 + 1 / a).mean()


class AdaFace:
    scale, margin, h, share, mean, deviation = 64.0, 0.4, 0.333, 0.3, 20.0, 100.0

    def loss(self, cosines, labels, norms):
        norms = norms.detach().clamp(0.001, 100)
        self.mean = self.share * norms.mean().item() + (1 - self.share) * self.mean
        self.deviation = self.share * norms.std().item() + (1 - self.share) * self.deviation
        z = (self.h * (norms - self.mean) / (self.deviation + 1e-3)).clamp(-1, 1)[:, None]
        own = cosines.gather(1, labels[:, None]).clamp(-0.999, 0.999)
        theta = (torch.arccos(own) - self.margin * z).clamp(1e-3, math.pi - 1e-3)
        logits = cosines.scatter(1, labels[:, None], torch.cos(theta) - (self.margin + self.margin * z))
        return F.cross_entropy(self.scale * logits, labels)


class AdaCos:
    def __init__(self, dynamic):
        self.dynamic, self.scale = dynamic, math.sqrt(2) * math.log(CLASSES - 1)

    def loss(self, cosines, labels, norms):
        if self.dynamic:
            with torch.no_grad():
                others = torch.exp(self.scale * cosines).scatter(1, labels[:, None], 0).sum(1)
                median = torch.arccos(cosines.gather(1, labels[:, None])).median()
                cosine = torch.cos(torch.clamp(median, max=math.pi / 4))
                self.scale = max(1.0, (torch.log(others.mean()) / cosine).item())
        return F.cross_entropy(self.scale * cosines, labels)


class Smoothed:
    def loss(self, cosines, labels, norms):
        return F.cross_entropy(16 * cosines, labels, label_smoothing=0.1)


class Focal:
    def loss(self, cosines, labels, norms):
        each = F.cross_entropy(16 * cosines, labels, reduction="none")
        return ((1 - torch.exp(-each)) ** 2 * each).mean()


def batches(rule):
    found = []
    centres = fill("losses.centres", CLASSES * WIDTH).reshape(CLASSES, WIDTH).requires_grad_()
    for number, labels in enumerate(LABELS):
        embeddings = 20 * fill(f"losses.embeddings.{number}", 8 * WIDTH).reshape(8, WIDTH)
        # Two images much like their own class, so that angles of all sizes occur.
        embeddings[:2] = 15 * centres.detach()[labels[:2]] + 0.2 * embeddings[:2]
        embeddings.requires_grad_()
        cosines = F.linear(F.normalize(embeddings), F.normalize(centres))
        loss = rule.loss(cosines, labels, embeddings.norm(dim=1))
        d_embeddings, d_centres = torch.autograd.grad(loss, [embeddings, centres])
        gradients = {"embeddings": d_embeddings.flatten().tolist(), "centres": d_centres.flatten().tolist()}
        found.append({"labels": labels.tolist(), "loss": loss.item(), **gradients})
    return found


RULES = {
    "curricularface": CurricularFace(),
    "magface": MagFace(),
    "adaface": AdaFace(),
    "adacos.fixed": AdaCos(False),
    "adacos.dynamic": AdaCos(True),
    "normface.smoothed": Smoothed(),
    "normface.focal": Focal(),
}
path = pathlib.Path(__file__).parent / "data" / "losses.json"
path.write_text(json.dumps({name: batches(rule) for name, rule in RULES.items()}) + "\n")
