"""The peer of classifier.ts: the same networks and steps in PyTorch, a turn of steps for a line.

A line names the case and the way: eager; fused (channels_last, fused AdamW); compiled (torch.compile of
the same). Times are those of the processor.
"""
import json
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

kind, count, size, classes, batch, steps = sys.argv[1], *map(int, sys.argv[2:7])
WIDTH = 24
torch.set_num_threads(1)
rng = np.random.default_rng(1)
pixels = rng.integers(0, 256, (count, 3, size, size), dtype=np.uint8)
labels = torch.arange(count) % classes


class Block(nn.Module):
    """3x3 convolution, batch normalisation and, unless told otherwise, ReLU."""

    def __init__(self, i, o, stride, relu=True):
        super().__init__()
        self.conv, self.norm, self.relu = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), relu

    def forward(self, x):
        y = self.norm(self.conv(x))
        return F.relu(y) if self.relu else y


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.a, self.b = Block(width, width, 1), Block(width, width, 1, relu=False)

    def forward(self, x):
        return F.relu(x + self.b(self.a(x)))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        first = 1 if kind == "shared" else 3
        layers = []
        for stage in range(1, 5):
            layers.append(Block(first if stage == 1 else (stage - 1) * WIDTH, stage * WIDTH, 2))
            if kind == "residual" and stage >= 3:
                layers.append(Residual(stage * WIDTH))
        self.body = nn.Sequential(*layers)
        self.join = nn.Linear(12 * WIDTH, 128) if kind == "shared" else None
        self.head = nn.Linear(128 if kind == "shared" else 4 * WIDTH, classes)

    def forward(self, x):
        if self.join is None:
            return self.head(self.body(x).mean((2, 3)))
        z = self.body(x.reshape(len(x) * 3, 1, size, size)).mean((2, 3)).reshape(len(x), -1)
        return self.head(F.relu(self.join(z)))


def augmented(x):
    """Each pattern flipped by itself, the triplet dilated by exp(N(0, 0.06))."""
    n = len(x)
    scale = torch.exp(0.06 * torch.randn(n))
    maps = torch.zeros(n, 2, 3)
    maps[:, 0, 0] = maps[:, 1, 1] = scale
    x = F.grid_sample(x, F.affine_grid(maps, x.shape, align_corners=False), align_corners=False)
    for axis in (2, 3):
        x = torch.where(torch.rand(n, 3, 1, 1) < 0.5, x.flip(axis), x)
    return x


class Way:
    def __init__(self, name):
        torch.manual_seed(1)
        self.model, self.channels_last = Network(), name != "eager"
        if self.channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), 1e-3, weight_decay=1e-3, fused=name != "eager")
        self.loss = torch.compile(self.plain_loss) if name == "compiled" else self.plain_loss

    def plain_loss(self, x, y):
        return F.cross_entropy(self.model(x), y)


ways = {name: Way(name) for name in ("eager", "fused", "compiled")}
for line in sys.stdin:
    case, name = line.strip().split("/")
    way, times = ways[name], []
    for _ in range(steps):
        start = time.process_time()
        rows = rng.permutation(count)[:batch]
        x = torch.from_numpy(pixels[rows]).float() / 128
        if case != "plain":
            x = augmented(x)
        if way.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        loss = way.loss(x, labels[rows])
        way.optimiser.zero_grad()
        loss.backward()
        way.optimiser.step()
        loss.item()
        times.append(1e3 * (time.process_time() - start))
    print(json.dumps(times), flush=True)
