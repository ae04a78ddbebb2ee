"""From noise to data: the squared-cosine schedule, and the steps of DDPM and DDIM as rows of one table.

Ho et al. 2020 (DDPM, the small posterior variance), Song et al. 2021 (DDIM, eta 0), Nichol & Dhariwal 2021 (the
schedule). A step needs four numbers, which are made once: with x0 = clip((x - s eps) / a),
x' = onto * x0 + keep * x + noise * eps + spread * z. Nothing in the loop depends on the data or waits for the device.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Self

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

Kind = Literal["ddim", "ddpm"]
MOST_BETA = 0.999
OFFSET = 0.008


def kept_signal(steps: int) -> Float32[Tensor, " k"]:
    """The share of the signal's variance left after 1 ... k noising steps, falling along a squared cosine."""
    if steps < 1:
        raise ValueError(f"{steps} noising steps; there is at least one")

    def share(t: float) -> float:
        return math.cos((t + OFFSET) / (1 + OFFSET) * math.pi / 2) ** 2

    betas = [min(1 - share((i + 1) / steps) / share(i / steps), MOST_BETA) for i in range(steps)]
    return torch.cumprod(1.0 - torch.tensor(betas, dtype=torch.float32), 0)


def noised(
    clean: Float32[Tensor, "n h a"], noise: Float32[Tensor, "n h a"], kept: Float32[Tensor, " n"]
) -> Float32[Tensor, "n h a"]:
    """What is left of clean data at a share of kept signal."""
    kept = kept[:, None, None]
    return kept.sqrt() * clean + (1 - kept).sqrt() * noise


@dataclass(frozen=True, eq=False)
class Steps:
    """The way from noise to data, k steps: `at` names the noise level of each; the last gives the data."""

    at: Int64[Tensor, " k"]
    signal: Float32[Tensor, " k"]
    """sqrt of the signal's share at each step."""
    dirt: Float32[Tensor, " k"]
    """sqrt of the noise's share."""
    onto: Float32[Tensor, " k"]
    keep: Float32[Tensor, " k"]
    noise: Float32[Tensor, " k"]
    spread: Float32[Tensor, " k"]

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def of(cls, kept: Float32[Tensor, " levels"], kind: Kind, count: int) -> Self:
        """`count` of the levels, evenly from the noisiest kept one down to the cleanest; DDPM between them too."""
        levels = len(kept)
        if not 1 <= count <= levels:
            raise ValueError(f"{count} denoising steps of {levels} noise levels; take 1 ... {levels}")
        stride = levels // count
        at = torch.arange(count).flip(0) * stride
        here = kept[at]
        after = torch.where(at >= stride, kept[(at - stride).clamp_min(0)], torch.ones(()))
        if kind == "ddim":
            zero = torch.zeros(count)
            return cls(at, here.sqrt(), (1 - here).sqrt(), after.sqrt(), zero, (1 - after).sqrt(), zero)
        if kind != "ddpm":
            raise ValueError(f"no sampler {kind!r}; there are 'ddim' and 'ddpm'")
        step = here / after
        onto = after.sqrt() * (1 - step) / (1 - here)
        keep = step.sqrt() * (1 - after) / (1 - here)
        variance = ((1 - after) / (1 - here) * (1 - step)).clamp_min(1e-20)
        spread = torch.where(at > 0, variance.sqrt(), torch.zeros(()))
        return cls(at, here.sqrt(), (1 - here).sqrt(), onto, keep, torch.zeros(count), spread)

    @property
    def draws(self) -> int:
        """How many arrays of noise one sample takes: the start, and one a step where the steps are noisy."""
        return 1 + len(self) if bool((self.spread > 0).any()) else 1

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in self.__dataclass_fields__})

    def run(
        self,
        predict: Callable[[Float[Tensor, "n h a"], int], Float[Tensor, "n h a"]],
        noise: Float32[Tensor, "m n h a"],
    ) -> Float32[Tensor, "n h a"]:
        """Data, from `predict(x, step)` -> the noise in x, and standard normal noise of `draws` arrays.

        Clean data lies in [-1, 1], and is clipped to it at every step.
        """
        x = noise[0]
        for step in range(len(self)):
            guess = predict(x, step).float()
            clean = ((x - self.dirt[step] * guess) / self.signal[step]).clamp(-1.0, 1.0)
            x = self.onto[step] * clean + self.keep[step] * x + self.noise[step] * guess
            if len(noise) > 1:
                x = x + self.spread[step] * noise[1 + step]
        return x
