"""Networks that say what noise is in a chunk of actions: a temporal U-Net with FiLM, and a transformer.

Both as in Diffusion Policy (Chi et al. 2023). What depends on the noise level alone, and what on the observation
alone, is worked out apart from the chunk (`levels`, `seen`): sampling does the first once per policy and the second
once per chunk. FiLM is linear in Mish([level, observation]), and Mish acts on each number, so the two parts add up.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

Network = Literal["unet", "transformer"]


class Waves(nn.Module):
    """A number as sines and cosines of falling frequency: (n,) -> (n, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        rates = torch.exp(torch.arange(half) * (-math.log(10_000) / (half - 1)))
        self.register_buffer("rates", rates, persistent=False)
        self.rates: Tensor

    def forward(self, x: Tensor) -> Tensor:
        angle = x.float()[:, None] * self.rates
        return torch.cat([angle.sin(), angle.cos()], dim=-1)


class Block(nn.Module):
    """Convolution over time, group norm, Mish: (n, c, h) -> (n, d, h)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2), nn.GroupNorm(groups, outputs), nn.Mish()
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Residual(nn.Module):
    """Two blocks, with scale and bias from outside between them."""

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.first, self.second = Block(inputs, outputs, kernel, groups), Block(outputs, outputs, kernel, groups)
        self.skip = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.film = 2 * outputs

    def forward(self, x: Tensor, film: Float[Tensor, "n f"]) -> Tensor:
        scale, bias = film.unsqueeze(-1).chunk(2, dim=1)
        return self.second(scale * self.first(x) + bias) + self.skip(x)


class UNet(nn.Module):
    """(n, h, a) with an observation of `features` numbers; h must be a multiple of 2 ** (levels - 1)."""

    def __init__(
        self, actions: int, features: int, channels: Sequence[int] = (256, 512, 1024), kernel: int = 5,
        groups: int = 8, width: int = 256,
    ) -> None:  # fmt: skip
        super().__init__()
        self.width, self.features = width, features
        self.clock = nn.Sequential(Waves(width), nn.Linear(width, 4 * width), nn.Mish(), nn.Linear(4 * width, width))

        def pair(inputs: int, outputs: int) -> nn.ModuleList:
            return nn.ModuleList([Residual(a, outputs, kernel, groups) for a in (inputs, outputs)])

        ways = list(pairwise((actions, *channels)))
        self.down = nn.ModuleList(pair(a, b) for a, b in ways)
        self.shrink = nn.ModuleList(nn.Conv1d(b, b, 3, stride=2, padding=1) for b in channels[:-1])
        self.middle = pair(channels[-1], channels[-1])
        self.up = nn.ModuleList(pair(2 * b, a) for a, b in reversed(ways[1:]))
        self.grow = nn.ModuleList(nn.ConvTranspose1d(a, a, 4, stride=2, padding=1) for a in reversed(channels[:-1]))
        self.out = nn.Sequential(Block(channels[0], channels[0], kernel, groups), nn.Conv1d(channels[0], actions, 1))
        self._widths = [m.film for m in self.modules() if isinstance(m, Residual)]
        self.film = nn.Linear(width + features, sum(self._widths))

    def levels(self, level: Int64[Tensor, " k"]) -> Float[Tensor, "k f"]:
        """What noise levels do to every block."""
        return nn.functional.linear(
            nn.functional.mish(self.clock(level)), self.film.weight[:, : self.width], self.film.bias
        )

    def seen(self, obs: Float[Tensor, "n o d"]) -> Float[Tensor, "n f"]:
        """What observations do to every block."""
        return nn.functional.linear(nn.functional.mish(obs.flatten(1)), self.film.weight[:, self.width :])

    def forward(
        self, x: Float[Tensor, "n h a"], level: Float[Tensor, "k f"], seen: Float[Tensor, "n f"]
    ) -> Float[Tensor, "n h a"]:
        """The noise in x, at what `levels` and `seen` gave (one level for all rows, or one each)."""
        films = iter((level + seen).split(self._widths, dim=1))
        x = x.transpose(1, 2)
        kept = []
        for i, (first, second) in enumerate(self.down):  # type: ignore[misc]  # module lists hold pairs
            x = second(first(x, next(films)), next(films))
            kept.append(x)
            x = self.shrink[i](x) if i < len(self.shrink) else x
        for block in self.middle:
            x = block(x, next(films))
        for i, (first, second) in enumerate(self.up):  # type: ignore[misc]
            x = second(first(torch.cat([x, kept.pop()], dim=1), next(films)), next(films))
            x = self.grow[i](x)
        return self.out(x).transpose(1, 2)


class Transformer(nn.Module):
    """The same with actions as tokens, which see those before them, and level and observations as memory."""

    def __init__(
        self, actions: int, features: int, observed: int, horizon: int, layers: int = 8, heads: int = 4,
        width: int = 256, dropout: float = 0.3,
    ) -> None:  # fmt: skip
        super().__init__()
        self.waves = Waves(width)
        self.action, self.look = nn.Linear(actions, width), nn.Linear(features, width)
        self.place = nn.Parameter(torch.randn(1, horizon, width) * 0.02)
        self.memory_place = nn.Parameter(torch.randn(1, 1 + observed, width) * 0.02)
        self.memory = nn.Sequential(nn.Linear(width, 4 * width), nn.Mish(), nn.Linear(4 * width, width))
        layer = nn.TransformerDecoderLayer(
            width, heads, 4 * width, dropout, "gelu", batch_first=True, norm_first=True
        )  # fmt: skip
        self.decoder = nn.TransformerDecoder(layer, layers)
        self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, actions)
        future = torch.full((horizon, horizon), float("-inf")).triu(1)
        late = torch.full((horizon, 1 + observed), float("-inf")).triu(2)  # an action sees no later observation
        self.register_buffer("future", future, persistent=False)
        self.register_buffer("late", late, persistent=False)
        self.future: Tensor
        self.late: Tensor

    def levels(self, level: Int64[Tensor, " k"]) -> Float[Tensor, "k f"]:
        """The memory's token of a noise level."""
        return self.memory(self.waves(level) + self.memory_place[:, 0])

    def seen(self, obs: Float[Tensor, "n o d"]) -> Float[Tensor, "n o f"]:
        """The memory's tokens of observations."""
        return self.memory(self.look(obs) + self.memory_place[:, 1:])

    def forward(
        self, x: Float[Tensor, "n h a"], level: Float[Tensor, "k f"], seen: Float[Tensor, "n o f"]
    ) -> Float[Tensor, "n h a"]:
        """The noise in x, at what `levels` and `seen` gave (one level for all rows, or one each)."""
        memory = torch.cat([level.expand(len(x), -1)[:, None], seen], dim=1)
        tokens = self.decoder(self.action(x) + self.place, memory, tgt_mask=self.future, memory_mask=self.late)
        return self.out(self.norm(tokens))


@dataclass(frozen=True)
class Shape:
    """Which network, and how large."""

    network: Network = "unet"
    channels: tuple[int, ...] = (64, 128, 256)
    """Of the U-Net, level by level."""
    kernel: int = 5
    groups: int = 8
    layers: int = 8
    """Of the transformer."""
    heads: int = 4
    width: int = 128
    """Of the noise level's embedding, and of the transformer's tokens."""
    dropout: float = 0.1
    """In the transformer."""

    def build(self, actions: int, features: int, observed: int, horizon: int) -> UNet | Transformer:
        """The network for chunks (h, a) and observations (o, d)."""
        if self.network == "transformer":
            return Transformer(actions, features, observed, horizon, self.layers, self.heads, self.width, self.dropout)
        shrinks = 2 ** (len(self.channels) - 1)
        if horizon % shrinks:
            raise ValueError(
                f"horizon {horizon} is halved {len(self.channels) - 1} times; take a multiple of {shrinks}"
            )
        if bad := [c for c in self.channels if c % self.groups]:
            raise ValueError(f"channels {bad} are no multiples of {self.groups}, the groups of the norm")
        return UNet(actions, features * observed, self.channels, self.kernel, self.groups, self.width)
