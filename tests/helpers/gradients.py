"""Gradient matching as a person would write it first, for the tests of `dc` and `dsa`."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tests.helpers.clips import network_input

from limbeck import methods
from limbeck._config import merge
from limbeck._runtime import generator
from limbeck.networks import heads
from limbeck.networks.convnet import ConvNet

WIDTH = 6


def make(name: str, **settings):
    """The method at a size that runs in a blink."""
    base = {
        "steps": 3,
        "start": "random",
        "updates": 2,
        "network_epochs": 2,
        "encoders": {"network": {"options": {"width": WIDTH}}, "batch": None},
        "optimiser": {"kind": "sgd", "lr": 0.1, "momentum": 0.5},
    }
    return methods.load(name).configured(**merge(base, settings))


def distance(real, synthetic):
    """Row by row."""
    total = 0.0
    for r, s in zip(real, synthetic, strict=True):
        for i in range(len(r) if r.ndim > 1 else 0):
            a, b = r[i].flatten(), s[i].flatten()
            total = total + 1 - (a * b).sum() / ((a * a).sum().sqrt() * (b * b).sum().sqrt() + 1e-6)
    return total


def naive(real, method, *, seed, change):
    """Everything in one graph, torch's optimisers, the network's training written out; the pairs and the losses."""
    began = method.model_copy(update={"steps": 0}).distill(real, seed=seed)
    pairs = [began.tensors[m].clone().requires_grad_() for m in ("audio", "image")]
    optimiser = torch.optim.SGD(pairs, lr=method.optimiser.lr, momentum=method.optimiser.momentum)
    clips = [network_input(real, kind=method.sound)[m] for m in ("audio", "image")]
    losses, updates = [], method.updates
    for step in range(method.steps):
        if step % updates == 0:
            draw = generator(seed, "weights", step // updates)
            encoders = ConvNet(width=WIDTH).encoders(real.shapes, generator=draw)
            dims, letters = {m: e.dim for m, e in encoders.items()}, {"audio": "A", "image": "V"}
            linears = heads.load("ensemble")(dims, len(real.classes), letters, generator=draw).classifiers
            for linear in (linears["audio"], linears["image"]):
                torch.nn.init.kaiming_uniform_(linear.weight, a=5**0.5, generator=draw)
            nets = [torch.nn.Sequential(encoders[m], linears[m]) for m in ("audio", "image")]
        else:
            for _ in range(method.network_epochs):
                for net, x in zip(nets, pairs, strict=True):
                    gradients = torch.autograd.grad(
                        F.cross_entropy(net(change(x.detach())), began.labels), list(net.parameters())
                    )
                    with torch.no_grad():
                        for w, g in zip(net.parameters(), gradients, strict=True):
                            w -= method.network_lr * g
        total = torch.zeros(())
        for c in range(len(real.classes)):
            own = began.labels == c
            for net, x, clip in zip(nets, pairs, clips, strict=True):
                weights = list(net.parameters())
                of_real = F.cross_entropy(net(change(clip[real.of_class(c)])), real.labels[real.of_class(c)])
                of_pairs = F.cross_entropy(net(change(x[own])), began.labels[own])
                target = [g.detach() for g in torch.autograd.grad(of_real, weights)]
                total = total + distance(target, torch.autograd.grad(of_pairs, weights, create_graph=True))
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        losses.append(total.item())
    return *(p.detach() for p in pairs), losses
