"""Diffusion Policy: chunks of actions drawn by denoising, given the last observations (Chi et al. 2023).

minimise E || eps - net(x_k, k, obs) ||^2, x_k = sqrt(kept_k) chunk + sqrt(1 - kept_k) eps, k uniform. A chunk of
`horizon` actions begins at the first of the `observed` frames; of it, `executed` actions from now on are carried out.
Actions and states are brought onto [-1, 1] inside the policy, whose weights are a moving average of the trained ones.
Left out: in-painting, local conditioning, and crops of pictures.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from embodied.batches import Sampler, Source, Transitions, windows
from embodied.training import cosine, load_optimiser, optimiser_tensors, prefixed, seeded, under
from policies.actor import Interface
from policies.denoisers import Shape
from policies.denoising import Kind, kept_signal, noised
from policies.diffusion_policy import Chunker, Chunking, DiffusionPolicy
from policies.fitting import fit_policy
from policies.pointcloud import check


@dataclass(frozen=True)
class DiffusionConfig:
    """How a diffusion policy is trained."""

    obs: tuple[str, ...] = ()
    """Observations the policy sees; empty for every one that is no picture, or with a cloud for it alone."""
    size: int = 64
    """Pictures are averaged down to so many pixels."""
    hidden: tuple[int, ...] = ()
    """Widths of layers before the denoiser; empty hands it a state as it is, and reads pictures and clouds by 128."""
    cloud: str = ""
    """An observation of (points, 3 + classes) whose last point is the gripper's."""
    points: int = 96
    cloud_hidden: tuple[int, ...] = (48, 64)
    observed: int = 1
    """Frames seen, the newest last. With more than one the policy remembers, and must be asked at every step."""
    executed: int = 8
    """Actions carried out before the next chunk is drawn."""
    horizon: int = 16
    """Actions drawn."""
    shape: Shape = field(default_factory=Shape)
    levels: int = 100
    """Noise levels in training."""
    sampler: Kind = "ddim"
    sampling_steps: int = 10
    """Denoising steps when acting."""
    batch: int = 256
    steps: int = 10_000
    learning_rate: float = 3e-4
    warm_up: int = 500
    """Updates over which the learning rate rises, before it falls along a cosine."""
    weight_decay: float = 1e-6
    average: float = 0.75
    """The moving average's decay after t updates is 1 - (1 + t) ** -average, and 0.9999 at most."""
    normalise_obs: bool = True
    log_every: int = 500
    checkpoint_every: int = 2000

    def __post_init__(self) -> None:
        whole = (self.batch, self.steps, self.size, self.observed, self.executed, self.horizon, self.levels)
        if min(*whole, self.sampling_steps, self.log_every, self.checkpoint_every, *self.hidden) < 1:
            raise ValueError(f"{self}: every count, width and interval must be >= 1")
        if self.observed - 1 + self.executed > self.horizon:
            raise ValueError(
                f"a chunk of {self.horizon} actions from the first of {self.observed} observed frames on has no "
                f"{self.executed} to carry out; take a horizon of {self.observed - 1 + self.executed} or more"
            )
        if self.sampling_steps > self.levels:
            raise ValueError(f"{self.sampling_steps} denoising steps of {self.levels} noise levels; take fewer steps")
        if not (self.learning_rate > 0 and self.average > 0):
            raise ValueError(f"learning_rate {self.learning_rate} and average {self.average} must be positive")
        check(self)

    @property
    def hold(self) -> int:
        """Actions are never held: chunks are there for that."""
        return 1

    @property
    def chunking(self) -> Chunking:
        """What of this the policy needs for acting."""
        return Chunking(self.observed, self.executed, self.horizon, self.levels, self.sampler, self.sampling_steps)


def fit(
    dataset: Source,
    reward: str,
    config: DiffusionConfig,
    out: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
) -> DiffusionPolicy:
    """Clone every episode that column `reward` covers ('constant' covers all); the reward itself is not used."""

    def learner(data: Transitions, interface: Interface, about: str, where: torch.device) -> DiffusionLearner:
        chunks = Chunks.of(data, interface, config.observed, config.horizon, about=about)
        hidden = layers(interface, config.hidden)
        with seeded(seed):
            network = Chunker.of(interface, config.chunking, config.shape, hidden, config.cloud_hidden)
        return DiffusionLearner(chunks, network, config, seed, where)

    policy = fit_policy(
        "diffusion", learner, dataset, reward, config, out, seed=seed, device=device, progress=progress, span="min-max"
    )
    assert isinstance(policy, DiffusionPolicy)
    return policy


def layers(interface: Interface, hidden: tuple[int, ...]) -> tuple[int, ...]:
    """The widths meant: a bare state needs none."""
    bare = len(interface.shapes) == 1 and len(interface.shapes[0]) == 1
    return hidden or (() if bare else (128,))


@dataclass(frozen=True, eq=False)
class Chunks:
    """Every moment of the data: the rows of its frames in `inputs`, and the chunk of normalised actions around it."""

    inputs: tuple[Tensor, ...]
    frames: Tensor
    """(n, o): rows of `inputs`, the newest last; before an episode's start its first frame is repeated."""
    actions: Tensor
    """(n, h, a); past an episode's ends its first or last action is repeated."""
    about: str

    @classmethod
    def of(cls, data: Transitions, interface: Interface, observed: int, horizon: int, *, about: str) -> "Chunks":
        """Of all transitions, on their device."""
        face, device = interface.to(data.at.device), data.at.device
        seen = windows(data.lengths, 1, observed - 1).index.to(device)
        wide = windows(data.lengths, horizon - observed + 1, observed - 1).index.to(device)
        return cls(face.inputs(data.obs), data.at[seen], face.action.apply(data.action)[wide], about)

    def __len__(self) -> int:
        return len(self.actions)

    def seen(self, rows: Tensor) -> tuple[Tensor, ...]:
        """The inputs of some moments, frame by frame: each (b * o, ...)."""
        frames = self.frames[rows].flatten()
        return tuple(x[frames] for x in self.inputs)


class DiffusionLearner:
    """One gradient step per update; its state is the network's, its average's and AdamW's."""

    def __init__(
        self, chunks: Chunks, network: Chunker, config: DiffusionConfig, seed: int, device: torch.device
    ) -> None:
        self.about, self._chunks, self._config, self._seed = chunks.about, chunks, config, seed
        self.network = network.to(device).train()
        self._average = [p.detach().clone() for p in network.parameters()]
        self._kept = kept_signal(config.levels).to(device)
        self._sampler = Sampler(len(chunks), config.batch, seed, device)
        self._optimiser = torch.optim.AdamW(
            network.parameters(), config.learning_rate, (0.95, 0.999), weight_decay=config.weight_decay, fused=True
        )

    def update(self, step: int) -> Mapping[str, Tensor]:
        config = self._config
        rate = config.learning_rate * min(1.0, (step + 1) / max(1, config.warm_up)) * cosine(step, config.steps)
        self._optimiser.param_groups[0]["lr"] = rate
        rows = self._sampler.at(step)
        loss = denoising_error(self.network, self._kept, self._chunks, rows, draws(rows, self._seed, step)).mean()
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        average_into(self._average, list(self.network.parameters()), step, config.average)
        return {"loss": loss.detach()}

    def tensors(self) -> dict[str, Tensor]:
        average = {str(i): p for i, p in enumerate(self._average)}
        return {
            **prefixed("network", self.network.state_dict()),
            **prefixed("average", average),
            **prefixed("adam", optimiser_tensors(self._optimiser)),
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.network.load_state_dict(under("network", tensors))
        for i, p in enumerate(self._average):
            p.copy_(tensors[f"average.{i}"])
        load_optimiser(self._optimiser, under("adam", tensors))

    def policy(self, interface: Interface, about: Mapping[str, object], device: str) -> DiffusionPolicy:
        """The policy of the averaged weights."""
        with torch.no_grad():
            for p, mean in zip(self.network.parameters(), self._average, strict=True):
                p.copy_(mean)
        config = self._config
        return DiffusionPolicy(
            interface, self.network, about, device, chunking=config.chunking, shape=config.shape,
            hidden=layers(interface, config.hidden), points=config.cloud_hidden if config.cloud else (),
        )  # fmt: skip


def draws(rows: Tensor, seed: int, step: int) -> torch.Generator:
    """The random numbers of an update: a function of seed and step alone, on the device."""
    return torch.Generator(rows.device).manual_seed((seed * 1_000_003 + step) % 2**63)


def denoising_error(network: Chunker, kept: Tensor, chunks: Chunks, rows: Tensor, generator: torch.Generator) -> Tensor:
    """|| eps - net ||^2 of chunks at one random noise level each, averaged over a chunk's numbers: (b,)."""
    clean = chunks.actions[rows]
    level = torch.randint(len(kept), (len(rows),), generator=generator, device=rows.device)
    noise = torch.randn(clean.shape, generator=generator, device=rows.device)
    guess = network.noise_in(noised(clean, noise, kept[level]), level, chunks.seen(rows))
    return (guess - noise).square().mean((1, 2))


def average_into(average: list[Tensor], parameters: list[Tensor], step: int, power: float) -> None:
    """One step of the moving average after update `step` (0, 1, ...), in place."""
    decay = min(1.0 - math.pow(1.0 + step, -power), 0.9999)
    with torch.no_grad():
        get_ema_multi_avg_fn(decay)(average, [p.detach() for p in parameters], step)
