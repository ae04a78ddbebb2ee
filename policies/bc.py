"""Behaviour cloning, and its filtered form: the same on the episodes that a reward column likes best.

maximise E log pi(a | s), pi a Gaussian with a tanh mean (or minimise its squared error), Pomerleau 1988; filtered BC
keeps the top share of episodes by their summed reward, as in Chen et al. 2021.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from embodied.batches import CONSTANT, Sampler, Source, Transitions
from embodied.training import cosine, load_optimiser, optimiser_tensors, prefixed, seeded, under
from policies.actor import Actor, ActorPolicy, Interface
from policies.fitting import Rows, fit_actor
from policies.pointcloud import check


@dataclass(frozen=True)
class BCConfig:
    """How behaviour is cloned."""

    obs: tuple[str, ...] = ()
    """Observations the policy sees; empty for every one that is no picture, or with a cloud for it alone."""
    size: int = 64
    """Pictures are averaged down to so many pixels."""
    hidden: tuple[int, ...] = (128, 128)
    """Widths of the layers."""
    cloud: str = ""
    """An observation of (points, 3 + classes) whose last point is the gripper's; the action is read off there."""
    points: int = 96
    """So many points of it, evenly chosen; the gripper's always among them."""
    cloud_hidden: tuple[int, ...] = (48, 64)
    """Widths of the layers at each point."""
    hold: int = 1
    """Actions last so many steps: learned from the mean of as many recorded ones, and carried out as often."""
    batch: int = 256
    steps: int = 10_000
    """Updates; the last one makes the policy."""
    learning_rate: float = 3e-4
    cosine: bool = True
    """Let the learning rate fall to zero along a cosine."""
    loss: Literal["nll", "mse"] = "nll"
    """Gaussian likelihood, or squared error of the mean."""
    who: Literal["everyone", "person"] = "everyone"
    """Clone every action, or only those for which a person had taken over (Kelly et al. 2019, HG-DAgger)."""
    normalise_obs: bool = True
    log_every: int = 500
    checkpoint_every: int = 2000

    def __post_init__(self) -> None:
        if min(self.batch, self.steps, self.hold, *self.hidden, self.size, self.log_every, self.checkpoint_every) < 1:
            raise ValueError(f"{self}: batch, steps, hold, hidden, size and the two intervals must be >= 1")
        check(self)
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate}; it must be positive")
        if self.loss not in ("nll", "mse"):
            raise ValueError(f"no loss {self.loss!r}; there are 'nll' and 'mse'")
        if self.who not in ("everyone", "person"):
            raise ValueError(f"who is {self.who!r}; there are 'everyone' and 'person'")
        if self.who == "person" and self.hold > 1:
            raise ValueError(f"who 'person' cuts episodes into pieces, which hold {self.hold} cannot average; hold 1")


@dataclass(frozen=True)
class FilteredBCConfig(BCConfig):
    """How the better part of the behaviour is cloned."""

    top: float = 0.2
    """Share of episodes kept, by their summed reward."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.top <= 1:
            raise ValueError(f"top is {self.top}; a share lies in (0, 1]")


class BCLearner:
    """One gradient step per update; all its state is the actor's and Adam's."""

    def __init__(self, rows: Rows, network: Actor, config: BCConfig, seed: int, device: torch.device) -> None:
        self.about = rows.about
        self._rows, self._config = rows, config
        self._network = network.to(device)
        self._sampler = Sampler(len(rows), config.batch, seed, device)
        self._optimiser = torch.optim.Adam(self._network.parameters(), lr=config.learning_rate, fused=True)

    def update(self, step: int) -> Mapping[str, Tensor]:
        config, rows = self._config, self._rows
        if config.cosine:
            self._optimiser.param_groups[0]["lr"] = config.learning_rate * cosine(step, config.steps)
        index = self._sampler.at(step)
        frames = rows.at[index]
        mean, log_std = self._network(tuple(x[frames] for x in rows.inputs))
        error = rows.action[index] - mean
        loss = gaussian_nll(error, log_std).mean() if config.loss == "nll" else error.square().mean()
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        return {"loss": loss.detach()}

    def tensors(self) -> dict[str, Tensor]:
        return {
            **prefixed("actor", self._network.state_dict()),
            **prefixed("adam", optimiser_tensors(self._optimiser)),
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self._network.load_state_dict(under("actor", tensors))
        load_optimiser(self._optimiser, under("adam", tensors))

    def actor(self) -> Actor:
        return self._network


def gaussian_nll(error: Tensor, log_std: Tensor) -> Tensor:
    """-log N(error; 0, exp(log_std)), summed over the dimensions of the action: (n, a) -> (n, 1)."""
    log_2pi = 1.8378770664093453
    return (0.5 * (error * torch.exp(-log_std)).square() + log_std + 0.5 * log_2pi).sum(-1, keepdim=True)


def fit(
    dataset: Source,
    reward: str,
    config: BCConfig,
    out: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
) -> ActorPolicy:
    """Clone every episode that column `reward` covers ('constant' covers all); the reward itself is not used."""

    def learner(data: Transitions, interface: Interface, about: str, where: torch.device) -> BCLearner:
        return _learner(data, interface, about, config, seed, where)

    return fit_actor("bc", learner, dataset, reward, config, out, seed=seed, device=device, progress=progress)


def fit_filtered(
    dataset: Source,
    reward: str,
    config: FilteredBCConfig,
    out: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
) -> ActorPolicy:
    """Clone the share `config.top` of the covered episodes with the largest sum of column `reward`."""
    if reward == CONSTANT:
        raise ValueError("filtered-bc ranks episodes by their reward, and a constant one ranks none; use bc")

    def learner(data: Transitions, interface: Interface, about: str, where: torch.device) -> BCLearner:
        return _learner(best_episodes(data, config.top), interface, about, config, seed, where)

    return fit_actor("filtered-bc", learner, dataset, reward, config, out, seed=seed, device=device, progress=progress)


def best_episodes(data: Transitions, top: float) -> Transitions:
    """The share of episodes with the largest summed reward, at least one; of equals the earlier."""
    count = max(1, round(top * len(data.ids)))
    order = torch.argsort(data.returns().cpu(), descending=True, stable=True)
    marks = torch.zeros(len(data.ids), dtype=torch.bool)
    marks[order[:count]] = True
    return data.keep(marks)


def _learner(
    data: Transitions, interface: Interface, about: str, config: BCConfig, seed: int, where: torch.device
) -> BCLearner:
    if config.who == "person":
        if not data.human.any():
            raise ValueError("no action of these data is a person's; `embodied intervene` records some")
        data = data.where(data.human)
    rows = Rows.of(data, interface, standardise_reward=False, about=about)
    with seeded(seed):
        network = Actor(interface.shapes, interface.spec.action.shape[0], config.hidden, config.cloud_hidden)
    return BCLearner(rows, network, config, seed, where)
