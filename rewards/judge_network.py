"""The embedded judge's network: looks where a sentence points, and says how far its wish has come in a picture.

Siamese: every picture gets a score (in units of progress) and a doubt of its own; an answer about two pictures is a
matter of their difference, so that exchanging them exchanges the answer, exactly. The block and the target are found
by attention whose queries are made of what the sentence names, each from its own words alone: colours meet for the
first time after both have been found, which is why pairs of colours that were never trained together are no harder.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

SAME = 0.005
"""A smaller difference of progress is a tie: 5 mm on the way to a block or with it."""

LEAST_DOUBT = 0.002
TIP = 2  # the attention head after the block's and the target's


class View(NamedTuple):
    """A picture's cells, encoded once for any number of sentences: keys (n, c, d) and values (n, c, v)."""

    keys: Tensor
    values: Tensor


class Judged(NamedTuple):
    """Per picture and sentence: score and doubt [progress]; for training, where block, target and tip are in the
    picture and in the world, and the block's colour (logits)."""

    score: Float[Tensor, " m"]
    doubt: Float[Tensor, " m"]
    places: Float[Tensor, "m 3 2"]
    positions: Float[Tensor, "m 3 3"]
    colour: Float[Tensor, "m c"]


class JudgeNet(nn.Module):
    """(n, 3, h, w) in [0, 1] and (predicate, block's colour, target's colour) -> `Judged`; a colour may be -1: the one
    block there is, and the block's own."""

    def __init__(self, predicates: int, colours: int, *, width: int = 48, depth: int = 24, value: int = 32) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, width, 3, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        self.context = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=2, dilation=2),
            nn.BatchNorm2d(width),
        )
        self.keys, self.values = nn.Conv2d(width, depth, 1), nn.Conv2d(width, value, 1)
        self.block, self.target = nn.Embedding(colours + 1, depth), nn.Embedding(colours, depth)
        self.kind, self.others = nn.Embedding(predicates, depth), nn.Embedding(predicates, 4 * depth)
        self.colour = nn.Linear(value, colours)
        self.tip = nn.Parameter(torch.randn(depth))
        heads, hidden = 7, 192
        self.read = nn.Linear(heads * (value + 3) + 9, hidden)
        self.film = nn.Embedding(predicates, 2 * hidden)
        self.mixed, self.out = nn.Linear(hidden, hidden), nn.Linear(hidden, 2 + 9)
        for embedding in (self.block, self.target, self.kind, self.others):
            nn.init.normal_(embedding.weight, std=0.7)
        nn.init.normal_(self.film.weight, std=0.1)
        self.colours, self.heads, self.depth = colours, heads, depth

    def look(self, pictures: Float[Tensor, "n 3 h w"]) -> View:
        """What there is to see, before anything is asked."""
        found = self.stem(pictures - 0.5)
        found = torch.relu(found + self.context(found))
        return View(self.keys(found).flatten(2).transpose(1, 2), self.values(found).flatten(2).transpose(1, 2))

    def forward(self, view: View, meaning: Int[Tensor, "n 3"]) -> Judged:
        """One sentence for each picture of the view."""
        predicate, block, target = meaning.long().unbind(1)
        cells = view.keys.shape[1]
        grid = self._grid(cells, view.keys)
        subject, seen, clear = self._attend(view, self.block(block % (self.colours + 1))[:, None], grid)
        colour = self.colour(subject[:, 0])
        named = self.target(target.clamp_min(0))
        own = colour.softmax(1) @ self.target.weight  # of the block's own colour: ask for the one just seen
        asked = torch.where((target < 0)[:, None], own, named) + self.kind(predicate)
        queries = torch.cat(
            [
                asked[:, None],
                self.tip.expand(len(asked), 1, -1),
                self.others(predicate).view(len(asked), -1, self.depth),
            ],
            dim=1,
        )
        value, place, peak = self._attend(view, queries, grid)
        values = torch.cat([subject, value], dim=1)
        places = torch.cat([seen, place], dim=1)
        peaks = torch.cat([clear, peak], dim=1)
        return self._weigh(predicate, values, places, peaks, colour)

    def _attend(self, view: View, queries: Tensor, grid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is found at the places that fit each query, where these are, and how strongly the best fits."""
        fit = queries @ view.keys.transpose(1, 2)
        weight = torch.softmax(fit, dim=2)
        return weight @ view.values, weight @ grid, fit.amax(2, keepdim=True) / 8

    def _weigh(self, predicate: Tensor, values: Tensor, places: Tensor, peaks: Tensor, colour: Tensor) -> Judged:
        block, target, tip = places[:, 0], places[:, 1], places[:, TIP]
        apart = torch.cat([block - target, block - tip, tip - target], dim=1) * 3
        far = apart.view(-1, 3, 2).norm(dim=2)
        flat = torch.cat([values, places, peaks], dim=2).flatten(1)
        scale, shift = self.film(predicate).chunk(2, dim=1)
        hidden = torch.relu(self.read(torch.cat([flat, apart, far], dim=1)) * (1 + scale) + shift)
        out = self.out(torch.relu(hidden + self.mixed(hidden)))
        doubt = nn.functional.softplus(out[:, 1] - 3) + LEAST_DOUBT
        return Judged(out[:, 0], doubt, places[:, :3], out[:, 2:].view(-1, 3, 3), colour)

    @staticmethod
    def _grid(cells: int, like: Tensor) -> Tensor:
        """Where each cell is, (cells, 2): x to the right and y down in [-1, 1]."""
        side = round(cells**0.5)
        line = (torch.arange(side, device=like.device, dtype=like.dtype) * 2 + 1) / side - 1
        y, x = torch.meshgrid(line, line, indexing="ij")
        return torch.stack([x, y], dim=2).view(cells, 2)


def answers(
    left: tuple[Tensor, Tensor], right: tuple[Tensor, Tensor], same: float = SAME
) -> tuple[Float[Tensor, "*n"], Float[Tensor, "*n"], Float[Tensor, "*n"]]:
    """P(left is further), P(same) and P(right is further) from (score, doubt) of both.

    The difference of progress is taken to be logistic about the difference of scores, as wide as both doubts
    together; "same" is that it is smaller than `same`.
    """
    gap = left[0] - right[0]
    width = torch.sqrt(left[1] ** 2 + right[1] ** 2)
    further, behind = torch.sigmoid((gap - same) / width), torch.sigmoid((-gap - same) / width)
    return further, (1 - further - behind).clamp_min(1e-6), behind
