"""One full step of the conditional GAN in PyTorch eager: the peer of gan.ts.

Same sizes, losses, optimisers, batch, input noise, lazy gradient penalty and moving average.
Prints the milliseconds of a step as JSON. Run: python gan.py [steps] [threads]
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
THREADS = int(sys.argv[2]) if len(sys.argv) > 2 else 2
LATENT, EMBEDDING, HIDDEN, VECTOR, CLASSES, BATCH, ROWS = 64, 48, 384, 206, 56, 128, 1770

torch.set_num_threads(THREADS)
torch.manual_seed(0)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(CLASSES, EMBEDDING)
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


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(VECTOR + 1, HIDDEN),
            nn.LeakyReLU(0.2),
            nn.Linear(HIDDEN, HIDDEN),
            nn.LeakyReLU(0.2),
        )
        self.out = nn.Linear(HIDDEN, 1)
        self.projection = nn.Embedding(CLASSES, HIDDEN)

    def forward(self, x, c):
        spread = x.std(0).mean().expand(len(x), 1)
        h = self.layers(torch.cat([x, spread], 1))
        return self.out(h)[:, 0] + (self.projection(c) * h).sum(1) / HIDDEN**0.5


def step(i):
    c = torch.randint(0, CLASSES, (BATCH,))
    x = values[torch.randint(0, ROWS, (BATCH,))].requires_grad_(i % 4 == 0)
    fake = generator(torch.randn(BATCH, LATENT), c).detach()
    seen = x + 0.1 * torch.randn_like(x)
    on_real = discriminator(seen, c)
    on_fake = discriminator(fake + 0.1 * torch.randn_like(fake), c)
    loss = F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean()
    if i % 4 == 0:
        slope = torch.autograd.grad(on_real.sum(), x, create_graph=True)[0]
        loss = loss + 4 * 0.5 * 0.5 * slope.pow(2).sum(1).mean()
    optimiser_d.zero_grad()
    loss.backward()
    optimiser_d.step()
    fake = generator(torch.randn(BATCH, LATENT), c)
    loss = -discriminator(fake + 0.1 * torch.randn_like(fake), c).mean()
    optimiser_g.zero_grad()
    loss.backward()
    optimiser_g.step()
    with torch.no_grad():
        for a, b in zip(average.parameters(), generator.parameters()):
            a.mul_(0.998).add_(b, alpha=0.002)


values = torch.randn(ROWS, VECTOR)
generator, average, discriminator = Generator(), Generator(), Discriminator()
optimiser_g = torch.optim.Adam(generator.parameters(), 2e-4, betas=(0.0, 0.99))
optimiser_d = torch.optim.Adam(discriminator.parameters(), 4e-4, betas=(0.0, 0.99))
for i in range(20):
    step(i)
start = time.perf_counter()
for i in range(STEPS):
    step(i)
print(json.dumps({"stepMs": 1000 * (time.perf_counter() - start) / STEPS, "torch": torch.__version__}))
