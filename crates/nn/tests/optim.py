"""Makes `data/optim.json`, the values that `optim.rs` checks against: `python optim.py`, with PyTorch installed."""

import json
import math
import pathlib

import torch
from torch.optim import SGD, AdamW, lr_scheduler
from torch.optim.swa_utils import AveragedModel

RATES = [0.0, 0.05, 0.1, 0.08, 0.06, 0.04, 0.02, 0.01]
PEAK, STEPS = 0.4, 30

torch.manual_seed(0)
START = [torch.randn(shape) for shape in [(3, 4), (5,), (2, 3)]]
GRADIENTS = [[torch.randn_like(value) for value in START] for _ in RATES]
# A gradient that is exactly zero leaves Adam's second moment at zero, where epsilon alone divides.
for gradients in GRADIENTS:
    gradients[0][0, 0] = 0.0


def flat(tensors):
    return [value for tensor in tensors for value in tensor.flatten().tolist()]


def optimizer(make, clip_norm=None, decay_norms=True, head_rate=1.0):
    """The weights after each step: a kernel, a vector with one number a channel, and class centres."""
    kernel, channel, centres = weights = [torch.nn.Parameter(value.clone()) for value in START]
    groups = [{"params": [kernel]}, {"params": [channel]}, {"params": [centres]}]
    if not decay_norms:
        groups[1]["weight_decay"] = 0.0
    rule = make(groups)
    after = []
    for rate, gradients in zip(RATES, GRADIENTS):
        for weight, gradient in zip(weights, gradients):
            weight.grad = gradient.clone()
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(weights, clip_norm)
        for group, factor in zip(rule.param_groups, [1.0, 1.0, head_rate]):
            group["lr"] = rate * factor
        rule.step()
        after.append(flat(weights))
    return after


def average(decay):
    """The moving average of a network whose weights take the values of the first optimiser below."""
    module = torch.nn.ParameterList([torch.nn.Parameter(value.clone()) for value in START])
    averaged = AveragedModel(module, avg_fn=lambda a, w, n: a + (w - a) * (1 - min(decay, n / (9 + n))))
    averaged.update_parameters(module)  # copies the beginning: n is 1 at the first step
    after = []
    for values in OPTIMIZERS["sgd"]:
        with torch.no_grad():
            torch.nn.utils.vector_to_parameters(torch.tensor(values), module)
        averaged.update_parameters(module)
        after.append(flat(averaged.module))
    return after


def schedule(make, warmup=0):
    rule = SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    after = make(rule)
    if warmup:
        rise = lr_scheduler.LambdaLR(rule, lambda step: step / warmup)
        after = lr_scheduler.SequentialLR(rule, [rise, after], [warmup])
    rates = []
    for _ in range(STEPS):
        rates.append(rule.param_groups[0]["lr"])
        rule.step()
        after.step()
    return rates


OPTIMIZERS = {
    "sgd": optimizer(lambda groups: SGD(groups, momentum=0.9, weight_decay=0.01)),
    "nesterov": optimizer(lambda groups: SGD(groups, momentum=0.9, weight_decay=0.01, nesterov=True)),
    "sgd_apart": optimizer(
        lambda groups: SGD(groups, momentum=0.9, weight_decay=0.1),
        clip_norm=2.0,
        decay_norms=False,
        head_rate=10.0,
    ),
    "adamw": optimizer(lambda groups: AdamW(groups)),
    "adamw_apart": optimizer(
        lambda groups: AdamW(groups, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.5),
        clip_norm=2.0,
        decay_norms=False,
        head_rate=0.5,
    ),
}

SCHEDULES = {
    "polynomial": schedule(lambda rule: lr_scheduler.PolynomialLR(rule, STEPS - 5, power=2.0), warmup=5),
    "cosine": schedule(lambda rule: lr_scheduler.CosineAnnealingLR(rule, STEPS - 5), warmup=5),
    "step": schedule(lambda rule: lr_scheduler.MultiStepLR(rule, [12 - 5, 21 - 5], gamma=0.2), warmup=5),
    "one_cycle": schedule(lambda rule: lr_scheduler.OneCycleLR(rule, PEAK, STEPS)),
    "one_cycle_apart": schedule(
        lambda rule: lr_scheduler.OneCycleLR(
            rule, PEAK, STEPS, pct_start=0.45, div_factor=10.0, final_div_factor=100.0
        )
    ),
}

if __name__ == "__main__":
    values = {
        "pytorch": torch.__version__.split("+")[0],
        "rates": RATES,
        "start": flat(START),
        "gradients": [flat(gradients) for gradients in GRADIENTS],
        "optimizers": OPTIMIZERS,
        "average": average(0.4),
        "schedules": SCHEDULES,
    }
    assert all(math.isfinite(value) for run in OPTIMIZERS.values() for step in run for value in step)
    path = pathlib.Path(__file__).parent / "data" / "optim.json"
    path.write_text(json.dumps(values) + "\n")
