"""The peer of gan.ts for generators on pixels: the same networks, losses and steps in PyTorch.

Same sizes, optimisers, batch, augmentation, input noise, spectral normalisation, lazy gradient
penalty and moving average, in PyTorch's own order of axes. A line names the generator and the way: eager;
fused (channels_last, fused Adam); compiled (the same and torch.compile of both networks, but for steps with the
penalty). The answer is the processor time of a step in each cycle between two penalties, in milliseconds.
"""

import math
import sys

import torch
from gan_peer import Codes, Pair, answer
from torch import nn
from torch.nn import functional as F

LATENT, EMBEDDING, WIDTH, SIZE, CLASSES, SYSTEMS, BATCH, ROWS, EVERY, CYCLES = map(int, sys.argv[1:11])
GAMMA, NOISE, KEEP, FEATURES = 0.5, 0.05, 0.995, 128

SIDES = [8 << i for i in range(int(math.log2(SIZE)) - 2)]
CONDITION = LATENT + EMBEDDING


def channels(side):
    return WIDTH * min(8, SIZE // side)


class Modulation(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.style = nn.InstanceNorm2d(width), nn.Linear(CONDITION, 2 * width)

    def forward(self, x, condition):
        gain, offset = self.style(condition)[:, :, None, None].chunk(2, 1)
        return F.relu(torch.addcmul(offset, self.norm(x), 1 + gain))


class Pixel(nn.Module):
    """Draws from nothing."""

    def __init__(self):
        super().__init__()
        self.embedding = Codes(CLASSES, SYSTEMS, EMBEDDING)
        self.first = nn.Linear(CONDITION, 16 * channels(4))
        sizes = [(channels(side // 2), channels(side)) for side in SIDES]
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False) for a, b in sizes)
        self.norms = nn.ModuleList(Modulation(b) for _, b in sizes)
        self.out = nn.Conv2d(WIDTH, 3, 3, 1, 1)

    def forward(self, z, c):
        condition = torch.cat([z, F.normalize(self.embedding(c), dim=1) * 4], 1)
        x = F.leaky_relu(self.first(condition).view(-1, channels(4), 4, 4), 0.2)
        for up, norm in zip(self.up, self.norms):
            x = norm(up(x), condition)
        return torch.tanh(self.out(x))


class Discriminator(nn.Module):
    """Scores of a batch; one power iteration a step, asked for by `settle`."""

    def __init__(self):
        super().__init__()
        sizes = [(3 if s == SIZE else channels(s), channels(s // 2), s) for s in reversed(SIDES)]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b, _ in sizes)
        self.features, self.out = nn.Linear(16 * channels(4), FEATURES), nn.Linear(FEATURES, 1)
        self.projection = Codes(CLASSES, SYSTEMS, FEATURES)
        self.normal = [*self.convs, self.features, self.out]
        self.u = [F.normalize(torch.randn(m.weight.shape[0]), dim=0) for m in self.normal]
        self.v = [None] * len(self.normal)

    @torch.no_grad()
    def settle(self):
        for i, layer in enumerate(self.normal):
            w = layer.weight.flatten(1)
            self.v[i] = F.normalize(w.T @ self.u[i], dim=0)
            self.u[i] = F.normalize(w @ self.v[i], dim=0)

    def kernels(self):
        return [m.weight / (u @ (m.weight.flatten(1) @ v)) for m, u, v in zip(self.normal, self.u, self.v)]

    def forward(self, x, c):
        *convs, features, out = self.kernels()
        for layer, kernel in zip(self.convs, convs):
            x = F.leaky_relu(F.conv2d(x, kernel, layer.bias, 2, 1), 0.2)
        h = F.leaky_relu(F.linear(x.flatten(1), features, self.features.bias), 0.2)
        return (h * (self.projection(c) / FEATURES**0.5 + out)).sum(1) + self.out.bias


def seen(x):
    """Small moves, contrast, brightness, a square cut out, noise."""
    most, cut, n = int(0.1 * SIZE), round(SIZE / 3), len(x)
    padded = F.pad(x + 1, (most,) * 4)
    moves = torch.randint(0, 2 * most + 1, (n, 2))
    rows = (moves[:, :1] + torch.arange(SIZE))[:, None, :, None]
    columns = (moves[:, 1:] + torch.arange(SIZE))[:, None, None, :]
    levels = padded[torch.arange(n)[:, None, None, None], torch.arange(3)[:, None, None], rows, columns]
    place = torch.arange(SIZE) - torch.randint(0, SIZE, (n, 2, 1)) + cut // 2
    hidden = (place >= 0) & (place < cut)
    factor = 1 - (hidden[:, 0, :, None] & hidden[:, 1, None, :]).float()
    factor = factor * (0.8 + 0.4 * torch.rand(n, 1, 1))
    lift = 0.2 * torch.rand(n, 1, 1, 1) - 0.1
    return levels * factor[:, None] + lift - 1 + NOISE * torch.randn_like(x)


class Training(Pair):
    def __init__(self, way):
        super().__init__(way, Pixel, Discriminator, (4e-4, 6e-4))
        if way != "eager":
            for network in (self.g, self.average, self.d):
                network.to(memory_format=torch.channels_last)
        self.draw, self.judge = self.g, self.d
        if way == "compiled":
            self.draw, self.judge = torch.compile(self.g), torch.compile(self.d)

    def batch(self):
        return real_pixels[torch.randint(0, ROWS, (BATCH,))].float() / 127.5 - 1

    def step(self, i):
        c = torch.randint(0, CLASSES, (BATCH,))
        real, due = self.batch(), i % EVERY == 0
        self.d.settle()
        with torch.no_grad():
            fake = seen(self.draw(torch.randn(BATCH, LATENT), c))
        real = seen(real).requires_grad_(due)
        judge = self.d if due else self.judge
        on_real, on_fake = judge(torch.cat([real, fake]), torch.cat([c, c])).chunk(2)
        loss = F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean()
        if due:
            slope = torch.autograd.grad(self.d(real, c).sum(), real, create_graph=True)[0]
            loss = loss + EVERY * GAMMA / 2 * slope.pow(2).sum((1, 2, 3)).mean()
        return self.update((loss, on_real, on_fake), lambda: -self.judge(seen(self.draw(torch.randn(BATCH, LATENT), c)), c).mean(), KEEP)


real_pixels = torch.randint(0, 170, (ROWS, 3, SIZE, SIZE), dtype=torch.uint8)
answer(Training, EVERY, CYCLES)
