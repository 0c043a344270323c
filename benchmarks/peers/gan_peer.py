"""What the peers of all GANs share: codes of the classes, the two updates of a step, the answers to turns."""

import json
import sys
import time

import torch
from torch import nn

WAYS = ("eager", "fused", "compiled")

torch.set_num_threads(1)
torch.manual_seed(0)


class Codes(nn.Module):
    """What a class and its crystal system add up to."""

    def __init__(self, classes, systems, width):
        super().__init__()
        self.own, self.system = nn.Embedding(classes, width), nn.Embedding(systems, width)
        self.system_of = torch.arange(classes) % systems

    def forward(self, c):
        return self.own(c) + self.system(self.system_of[c])


class Pair:
    """Both networks, the moving average of the generator, and their optimisers."""

    def __init__(self, way, generator, discriminator, rates):
        self.g, self.average, self.d = generator(), generator(), discriminator()
        fused = {"betas": (0.0, 0.99), "fused": way != "eager"}
        self.optimiser_g = torch.optim.Adam(self.g.parameters(), rates[0], **fused)
        self.optimiser_d = torch.optim.Adam(self.d.parameters(), rates[1], **fused)

    def update(self, judged, please, keep):
        """Descends the discriminator's loss, then the generator's, which `please` computes; the figures of a step."""
        loss, on_real, on_fake = judged
        descend(self.optimiser_d, loss)
        losses = [loss.item(), on_real.mean().item(), on_fake.mean().item()]
        self.d.requires_grad_(False)
        loss = please()
        descend(self.optimiser_g, loss)
        self.d.requires_grad_(True)
        with torch.no_grad():
            for a, b in zip(self.average.parameters(), self.g.parameters()):
                a.lerp_(b, 1 - keep)
        return [*losses, loss.item()]


def descend(optimiser, loss):
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def answer(training, every, cycles):
    """A line ends in a way; the answer is the processor time of a step in each cycle of `every`, in milliseconds."""
    trainings = {way: training(way) for way in WAYS}
    for line in sys.stdin:
        asked, times = trainings[line.strip().split("/")[1]], []
        for _ in range(cycles):
            start = time.process_time()
            for i in range(every):
                asked.step(i)
            times.append(1e3 * (time.process_time() - start) / every)
        print(json.dumps(times), flush=True)
