"""The peer of gan.ts: the same networks, losses and steps in PyTorch, a turn of cycles a line.

Same sizes, optimisers, batch, groups, input noise, lazy gradient penalty and moving average. A cycle is the
four steps between two penalties; its processor time is given for one step, in milliseconds. A line ends in
the way: eager; fused (fused Adam); compiled (the same and torch.compile of both losses, but for steps with the
penalty, whose second derivative it cannot give).
"""

import sys

import torch
from gan_peer import Codes, Pair, answer
from torch import nn
from torch.nn import functional as F

LATENT, EMBEDDING, HIDDEN, VECTOR, CLASSES, SYSTEMS, BATCH, ROWS, CYCLES = map(int, sys.argv[1:10])
EVERY, GAMMA, NOISE, KEEP, GROUP, BETWEEN = 4, 20, 0.1, 0.998, 4, 0.5


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = Codes(CLASSES, SYSTEMS, EMBEDDING)
        self.layers = nn.Sequential(
            nn.Linear(LATENT + EMBEDDING, HIDDEN),
            nn.LayerNorm(HIDDEN),
            nn.LeakyReLU(0.2),
            nn.Linear(HIDDEN, HIDDEN),
            nn.LayerNorm(HIDDEN),
            nn.LeakyReLU(0.2),
            nn.Linear(HIDDEN, VECTOR),
        )

    def forward(self, z, c):
        return self.layers(torch.cat([z, F.normalize(self.embedding(c), dim=1) * 4], 1))


def with_spread(x):
    groups = x.view(-1, GROUP, x.shape[1])
    spread = (groups.var(1, unbiased=False) + 1e-8).sqrt().mean(1)
    return torch.cat([x, spread.repeat_interleave(GROUP)[:, None]], 1)


class Discriminator(nn.Module):
    """Scores of batches under the same classes, which go through together."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(VECTOR + 1, HIDDEN),
            nn.LeakyReLU(0.2),
            nn.Linear(HIDDEN, HIDDEN),
            nn.LeakyReLU(0.2),
        )
        self.out = nn.Linear(HIDDEN, 1)
        self.projection = Codes(CLASSES, SYSTEMS, HIDDEN)

    def forward(self, batches, c):
        h = self.layers(torch.cat([with_spread(x) for x in batches]))
        direction = self.projection(c) / HIDDEN**0.5 + self.out.weight
        scores = (h.view(len(batches), len(c), -1) * direction).sum(2) + self.out.bias
        return scores.unbind()


def noisy(x):
    return x + NOISE * torch.randn_like(x)


class Training(Pair):
    def __init__(self, way):
        super().__init__(way, Generator, Discriminator, (2e-4, 4e-4))
        self.judge, self.please = self.discriminator_loss, self.generator_loss
        if way == "compiled":
            self.judge, self.please = torch.compile(self.judge), torch.compile(self.please)

    def discriminator_loss(self, seen, fake, c):
        on_real, on_fake = self.d([seen, fake], c)
        return F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean(), on_real, on_fake

    def generator_loss(self, z, c):
        return -self.d([noisy(self.g(z, c))], c)[0].mean()

    def step(self, i):
        c = torch.randint(0, CLASSES, (BATCH // GROUP,)).repeat_interleave(GROUP)
        own, other = (values[torch.randint(0, ROWS, (BATCH,))] for _ in range(2))
        real = torch.lerp(own, other, BETWEEN * torch.rand(BATCH, 1))
        due = i % EVERY == 0
        seen = noisy(real).requires_grad_(due)
        with torch.no_grad():
            fake = noisy(self.g(torch.randn(BATCH, LATENT), c))
        loss, on_real, on_fake = (self.discriminator_loss if due else self.judge)(seen, fake, c)
        if due:
            slope = torch.autograd.grad(on_real.sum(), seen, create_graph=True)[0]
            loss = loss + EVERY * GAMMA / 2 * slope.pow(2).sum(1).mean()
        return self.update((loss, on_real, on_fake), lambda: self.please(torch.randn(BATCH, LATENT), c), KEEP)


values = torch.randn(ROWS, VECTOR)
answer(Training, EVERY, CYCLES)
