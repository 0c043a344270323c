"""The peer of gan-crystal.ts: the same networks, losses and step in PyTorch, on a ready batch.

Same sizes, optimisers, differentiable neighbours and structure factors, groups, jitter, lazy gradient penalty and
moving average; the crystals are random numbers of the right shape. A line ends in the way: eager; fused (fused Adam);
compiled (the same and torch.compile of both losses, but for steps with the penalty). The answer is the processor
time of a step in each cycle between two penalties, in milliseconds.
"""

import math
import sys

import torch
from gan_peer import Codes, Pair, answer
from torch import nn
from torch.nn import functional as F

NUMBERS = tuple(map(int, sys.argv[1:19]))
B, S, K, A, N, E, H, FACTS, PROPERTIES, LATENT, SITE_LATENT, EMBEDDING, TOKENS, HIDDEN, CLASSES, SYSTEMS, EVERY, CYCLES = NUMBERS
GROUP, GAMMA, CLASH, FREQUENCY, JITTER, KEEP, GLOBAL = 4, 10, 1, 2, 0.04, 0.995, 8
SHELLS, WIDTHS = torch.tensor([0.8, 1, 1.2, 1.45, 1.75, 2.1]), torch.tensor([0.3, 1, 3, 9, 27, 80])
AROUND = 2 * len(SHELLS)
CHANGE = torch.tensor([0.12, 0.12, 0.12, 0.1, 0.1, 0.1])


def one_hot(*shape):
    return F.one_hot(torch.randint(0, shape[-1], shape[:-1]), shape[-1]).float()


def crystals():
    """A batch of random numbers in the shapes of gan/crystal/codec.ts."""
    angles = math.pi / 2 + 0.1 * torch.randn(B, 3)
    return {
        "facts": torch.randn(B, S, FACTS),
        "mask": (torch.arange(S) < 6).float().view(1, S, 1).repeat(B, 1, 1),
        "multiplicity": torch.full((B, S, 1), 4.0),
        "slots": one_hot(B, S, K),
        "slotMask": torch.ones(B, K, 1),
        "freedom": torch.eye(3).repeat(B, S, 1, 1),
        "atoms": (one_hot(B, A, S), torch.randn(B, A, 3, 3), torch.rand(B, A, 3)),
        "centres": torch.ones(B, 1, 1),
        "neighbours": (one_hot(B, S * N, S), torch.randn(B, S * N, 3, 3), torch.rand(B, S * N, 3)),
        "neighbourMask": torch.ones(B, S, N),
        "reflections": torch.randint(-3, 4, (B, H, 3)).float(),
        "cellFreedom": torch.eye(6).repeat(B, 1, 1),
        "positions": torch.rand(B, S, 3),
        "species": one_hot(B, K, E),
        "cells": torch.cat([1.7 + 0.3 * torch.rand(B, 3), angles], 1),
    }


ELEMENTS = {
    "properties": torch.randn(E, PROPERTIES),
    "volumes": 10 + 5 * torch.rand(E, 1),
    "factors": torch.rand(E, len(WIDTHS)),
    "usual": 2 + torch.rand(E, E),
    "least": 1 + torch.rand(E, E),
    "likeness": -torch.rand(E, E),
}


def lattice(cells):
    a, b, c = cells[:, :3].exp().split(1, 1)
    ca, cb, cg = cells[:, 3:].cos().split(1, 1)
    sg = (1 - cg**2).clamp_min(1e-3).sqrt()
    cy = (ca - cb * cg) / sg
    cz = (1 - cb**2 - cy**2).clamp_min(1e-3).sqrt()
    zero = torch.zeros_like(a)
    rows = torch.cat([a, zero, zero, b * cg, b * sg, zero, c * cb, c * cy, c * cz], 1).view(-1, 3, 3)
    return rows, a * b * sg * c * cz


def images(of, positions):
    site, rotation, translation = of
    return ((site @ positions).unsqueeze(2) @ rotation).squeeze(2) + translation


def surroundings(batch, positions, species, cells):
    rows, _ = lattice(cells)
    apart = images(batch["neighbours"], positions).view(B, S, N, 3) - positions.unsqueeze(2)
    distance = ((apart.view(B, S * N, 3) @ rows).square().sum(2) + 1e-4).sqrt().view(B, S, N)
    of_sites = batch["slots"] @ species
    whose = batch["neighbours"][0].view(B, S, N, S)

    def pairwise(table):
        pairs = (of_sites @ table) @ of_sites.transpose(1, 2)
        return (whose * pairs.unsqueeze(2)).sum(3)

    usual = pairwise(ELEMENTS["usual"]).clamp_min(0.5)
    clash = ((pairwise(ELEMENTS["least"]) - distance).relu() / usual * batch["neighbourMask"]).sum(2, keepdim=True)
    anion = ((of_sites @ ELEMENTS["properties"])[:, :, 2] + 1) / 2
    anions = (whose * anion.view(B, 1, 1, S)).sum(3, keepdim=True)
    shells = ((distance / usual).unsqueeze(3) - SHELLS).square().mul(-0.5 / 0.13**2).exp()
    shells = shells * batch["neighbourMask"].unsqueeze(3)
    both = torch.cat([shells, shells * anions], 3)
    return both.sum(2), both.transpose(2, 3) @ (apart / distance.unsqueeze(3)), clash


def atomic_volume(batch, species):
    return ((batch["slots"] @ species @ ELEMENTS["volumes"]) * batch["multiplicity"]).sum(1).clamp_min(1)


def globals_of(batch, species, cells):
    lengths = cells[:, :3]
    packing = (lattice(cells)[1].log() - atomic_volume(batch, species).log()) * 3
    count = (batch["mask"].sum(1) - 4) / 4
    return torch.cat([lengths - lengths.mean(1, True), (cells[:, 3:] - math.pi / 2) * 2, packing, count], 1)


def amplitudes(batch, positions, species, cells):
    rows, volume = lattice(cells)
    phase = 2 * math.pi * images(batch["atoms"], positions) @ batch["reflections"].transpose(1, 2)
    p, q, r = rows.unbind(1)
    cross = [torch.linalg.cross(q, r), torch.linalg.cross(r, p), torch.linalg.cross(p, q)]
    dual = torch.stack(cross, 1) / volume.unsqueeze(2)
    squares = (batch["reflections"] @ dual).square().sum(2, keepdim=True)
    of_atoms = batch["atoms"][0] @ (batch["slots"] @ species @ ELEMENTS["factors"])
    factors = of_atoms @ (-squares * WIDTHS).exp().transpose(1, 2) * batch["centres"]
    re, im = (phase.cos() * factors).sum(1), (phase.sin() * factors).sum(1)
    return ((re**2 + im**2) / volume**2 + 1e-4).log() * 0.5 + 2.5


def appearance(batch, positions, species, cells):
    counts, _, clash = surroundings(batch, positions, species, cells)
    properties = batch["slots"] @ species @ ELEMENTS["properties"]
    sites = torch.cat([batch["facts"], properties, counts * 0.5], 2) * batch["mask"]
    crystal = torch.cat([globals_of(batch, species, cells), amplitudes(batch, positions, species, cells) * 0.5], 1)
    return sites, crystal, (clash * batch["mask"]).sum((1, 2))


def jittered(batch, positions, species, cells):
    move = JITTER * torch.randn(B, S, 3) / cells[:, None, :3].exp()
    along = (move.unsqueeze(2) @ batch["freedom"]).squeeze(2)
    change = (0.3 * JITTER * torch.randn(B, 1, 6) @ batch["cellFreedom"]).squeeze(1)
    return positions + along, species, cells + change


def leaky(x):
    return F.leaky_relu(x, 0.2)


def over_sites(x, mask):
    return [(x * mask).sum(1) / mask.sum(1), (x * mask).sum(1) / 4]


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        token = FACTS + PROPERTIES + AROUND + 6 + SITE_LATENT + LATENT + EMBEDDING
        self.embedding, self.sites = Codes(CLASSES, SYSTEMS, EMBEDDING), nn.Linear(token, TOKENS)
        self.context = nn.Linear(2 * TOKENS + LATENT + EMBEDDING + GLOBAL, HIDDEN)
        self.again, self.moves = nn.Linear(TOKENS + HIDDEN, TOKENS), nn.Linear(TOKENS, AROUND + 3)
        self.slots, self.species = nn.Linear(TOKENS + HIDDEN, TOKENS), nn.Linear(TOKENS, E)
        self.warmth, self.cell = nn.Linear(TOKENS, 1), nn.Linear(HIDDEN, 7)

    def forward(self, batch, view, c):
        counts, pulls, properties, crystal = view
        condition = torch.cat([torch.randn(B, LATENT), self.embedding(c)], 1)
        turns = 2 * math.pi * batch["positions"]
        to_sites = condition.unsqueeze(1).expand(-1, S, -1)
        parts = [batch["facts"], properties, counts * 0.5, turns.cos(), turns.sin(), torch.randn(B, S, SITE_LATENT), to_sites]
        first = leaky(self.sites(torch.cat(parts, 2)))
        context = leaky(self.context(torch.cat([*over_sites(first, batch["mask"]), condition, crystal], 1)))
        again = leaky(self.again(torch.cat([first, context.unsqueeze(1).expand(-1, S, -1)], 2)))
        species = self.choose(batch, again, context)
        cells = self.change(batch, species, context)
        moves = self.moves(again).tanh() * 0.35
        along = (moves[:, :, None, :AROUND] @ pulls).squeeze(2)
        free = moves[:, :, AROUND:] / batch["cells"][:, None, :3].exp()
        allowed = ((along + free).unsqueeze(2) @ batch["freedom"]).squeeze(2)
        return batch["positions"] + allowed, species, cells

    def choose(self, batch, again, context):
        members = batch["slots"].sum(1).clamp_min(1).unsqueeze(2)
        of_slots = batch["slots"].transpose(1, 2) @ again / members
        slot = leaky(self.slots(torch.cat([of_slots, context.unsqueeze(1).expand(-1, K, -1)], 2)))
        like = batch["species"] @ ELEMENTS["likeness"]
        gumbel = -(-torch.rand(B, K, E).clamp(1e-6, 1 - 1e-6).log()).log()
        logits = like * self.warmth(slot).tanh().exp() + self.species(slot).tanh() * 1.5 + gumbel
        soft = logits.softmax(2)
        hard = F.one_hot(logits.argmax(2), E).float()
        return (hard + soft - soft.detach()) * batch["slotMask"]

    def change(self, batch, species, context):
        raw = self.cell(context).tanh()
        was = atomic_volume(batch, batch["species"])
        grown = (atomic_volume(batch, species).log() - was.log() + raw[:, 6:] * 0.15) / 3
        whole = torch.cat([grown, grown, grown, torch.zeros(B, 3)], 1)
        return batch["cells"] + whole + ((raw[:, :6] * CHANGE).unsqueeze(1) @ batch["cellFreedom"]).squeeze(1)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.sites, self.again = nn.Linear(FACTS + PROPERTIES + AROUND, TOKENS), nn.Linear(TOKENS, TOKENS)
        self.first = nn.Linear(2 * TOKENS + GLOBAL + H + 1, HIDDEN)
        self.second, self.out, self.projection = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, 1), Codes(CLASSES, SYSTEMS, HIDDEN)

    def forward(self, sites, crystal, mask, c):
        tokens = leaky(self.again(leaky(self.sites(sites))))
        x = torch.cat([*over_sites(tokens, mask), crystal], 1)
        spread = (x.view(-1, GROUP, x.shape[1]).var(1, unbiased=False) + 1e-8).sqrt().mean(1)
        h = leaky(self.second(leaky(self.first(torch.cat([x, spread.repeat_interleave(GROUP)[:, None]], 1)))))
        return (h * (self.projection(c) / HIDDEN**0.5 + self.out.weight)).sum(1) + self.out.bias


def shares(batch, species):
    return species.sum((0, 1)) / batch["slotMask"].sum()


class Training(Pair):
    def __init__(self, way):
        super().__init__(way, Generator, Discriminator, (3e-4, 6e-4))
        self.judge, self.please, self.see = self.discriminator_loss, self.generator_loss, self.look
        if way == "compiled":
            self.judge, self.please, self.see = map(torch.compile, (self.judge, self.please, self.see))

    def look(self, real, references, c):
        """What both sides show the discriminator, and the view of the references."""
        start = [references[name] for name in ("positions", "species", "cells")]
        counts, pulls, _ = surroundings(references, *start)
        properties = references["slots"] @ references["species"] @ ELEMENTS["properties"]
        view = (counts, pulls, properties, globals_of(references, *start[1:]))
        on_real = appearance(real, *jittered(real, *(real[name] for name in ("positions", "species", "cells"))))
        on_fake = appearance(references, *jittered(references, *self.g(references, view, c)))
        return view, on_real[:2], on_fake[:2]

    def discriminator_loss(self, real, fake, masks, c):
        on_real, on_fake = self.d(*real, masks[0], c), self.d(*fake, masks[1], c)
        return F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean(), on_real, on_fake

    def generator_loss(self, real, references, view, c):
        opened = self.g(references, view, c)
        sites, crystal, clash = appearance(references, *jittered(references, *opened))
        own, made = shares(real, real["species"]), shares(references, opened[1])
        frequency = ((own - made) ** 2 / (own + made + 0.01)).sum()
        return -self.d(sites, crystal, references["mask"], c).mean() + CLASH * clash.mean() + FREQUENCY * frequency

    def step(self, i):
        c = torch.randint(0, CLASSES, (B // GROUP,)).repeat_interleave(GROUP)
        due, masks = i % EVERY == 0, (REAL["mask"], REFERENCES["mask"])
        with torch.no_grad():
            view, real, fake = self.see(REAL, REFERENCES, c)
        real = [x.clone().requires_grad_(due) for x in real]
        loss, on_real, on_fake = (self.discriminator_loss if due else self.judge)(real, fake, masks, c)
        if due:
            sites, crystal = torch.autograd.grad(on_real.sum(), real, create_graph=True)
            penalty = sites.square().sum((1, 2)) + crystal.square().sum(1)
            loss = loss + EVERY * GAMMA / 2 * penalty.mean()
        return self.update((loss, on_real, on_fake), lambda: self.please(REAL, REFERENCES, view, c), KEEP)


REAL, REFERENCES = crystals(), crystals()
answer(Training, EVERY, CYCLES)
