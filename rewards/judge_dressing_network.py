"""The network of the judge of dressing: finds arm, gripper and opening in a picture, and says how far the sleeve is.

Siamese as the tabletop's is (see `judge_network`): every picture gets a score and a doubt of its own. There is one
wish, so nothing is asked; attention heads are taught to point at the arm's joints, the gripper and the opening's rim,
and others look where they like.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rewards.judge_network import LEAST_DOUBT

POINTS = 10
"""What is pointed at: fingertip, wrist, elbow, shoulder, gripper, opening, and four places of its rim."""

OPENING = 5  # which of them is its middle

FREE = 6
"""Heads that point at nothing in particular."""


class Seen(NamedTuple):
    """Per picture: score and doubt [progress]; for training, log of where each point is looked for (a share of 1 per
    cell), where the points are in the world, how far along the arm the opening is, and whether it encloses the arm
    (logit)."""

    score: Float[Tensor, " n"]
    doubt: Float[Tensor, " n"]
    looked: Float[Tensor, "n p h w"]
    positions: Float[Tensor, "n p 3"]
    along: Float[Tensor, " n"]
    encloses: Float[Tensor, " n"]


class DressingNet(nn.Module):
    """(n, 3, h, w) in [0, 1] -> `Seen`."""

    def __init__(self, *, width: int = 32, depth: int = 24, value: int = 16, hidden: int = 192) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, width, 3, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        self.near, self.far = block(width, 1, 2), block(width, 1, 4)
        heads = POINTS + FREE
        self.keys, self.values = nn.Conv2d(width, heads, 1), nn.Conv2d(width, value, 1)
        self.sharpness = nn.Parameter(torch.zeros(heads))
        self.read = nn.Linear(heads * (value + 5), hidden)
        self.mixed = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 4 + 3 * POINTS)

    def trunk(self, pictures: Float[Tensor, "n 3 h w"]) -> Tensor:
        """What there is to see, (n, width, h / 4, w / 4)."""
        found = self.stem((pictures - 0.5).contiguous(memory_format=torch.channels_last))
        found = torch.relu(found + self.near(found))
        return torch.relu(found + self.far(found))

    def forward(self, pictures: Float[Tensor, "n 3 h w"], halves: bool = False) -> Seen:
        """`halves` has the convolutions computed in bfloat16: for training, where the processor is faster at it."""
        with torch.autocast(pictures.device.type, torch.bfloat16, enabled=halves):
            found = self.trunk(pictures)
        found = found.float()
        fit = (self.keys(found) * self.sharpness.exp()[:, None, None]).flatten(2)
        looked = torch.log_softmax(fit, dim=2)
        weight = looked.exp()
        value = weight @ self.values(found).flatten(2).transpose(1, 2)
        place = weight @ grid(found.shape[2], found.shape[3], found)
        opening = place[:, OPENING, None]
        peak = fit.amax(2, keepdim=True) / 8
        flat = torch.cat([value, place, 3 * (place - opening), peak], dim=2).flatten(1)
        hidden = torch.relu(self.read(flat))
        out = self.out(torch.relu(hidden + self.mixed(hidden)))
        doubt = nn.functional.softplus(out[:, 1] - 3) + LEAST_DOUBT
        positions = out[:, 4:].view(-1, POINTS, 3)
        looked = looked[:, :POINTS].unflatten(2, found.shape[2:])
        return Seen(out[:, 0], doubt, looked, positions, out[:, 2], out[:, 3])


def block(width: int, first: int, second: int) -> nn.Sequential:
    """Two convolutions that look so far around."""
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=first, dilation=first),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=second, dilation=second),
        nn.BatchNorm2d(width),
    )


def grid(height: int, width: int, like: Tensor) -> Tensor:
    """Where each cell is, (cells, 2): x to the right and y down in [-1, 1]."""
    x, y = ((torch.arange(n, device=like.device, dtype=like.dtype) * 2 + 1) / n - 1 for n in (width, height))
    down, across = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([across, down], dim=2).view(-1, 2)
