"""Implicit Q-learning (Kostrikov et al. 2021) on d3rlpy's implementation, fed from tensors that stay on the device.

    V(s)   <-  expectile of Q(s, a)                             L2^tau(min Q_target - V)
    Q(s,a) <-  r + gamma V(s'), no bootstrap where the episode terminated
    pi     <-  maximise  min(exp(beta A / std A), max_weight) log pi(a | s),   A = min Q_target - V

Added to d3rlpy's: rewards z-scored over the data, the advantage divided by its running standard deviation, and an
actor learning rate that falls along a cosine. With the three off, losses and parameters are d3rlpy's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from embodied.batches import Sampler, Source, Transitions
from embodied.graphs import Recorded
from embodied.training import cosine, load_optimiser, optimiser_tensors, prefixed, seeded, under
from policies.actor import Actor, ActorPolicy, Interface, filled
from policies.fitting import Rows, fit_actor
from policies.pointcloud import check

if TYPE_CHECKING:
    from policies.offline import DeviceIQLImpl


@dataclass(frozen=True)
class IQLConfig:
    """How IQL is fitted; the defaults are what worked on mixed manipulation data."""

    obs: tuple[str, ...] = ()
    """Observations the policy sees; empty for every one that is no picture, or with a cloud for it alone."""
    size: int = 64
    """Pictures are averaged down to so many pixels."""
    hidden: tuple[int, ...] = (128, 128)
    """Widths of the layers of every network."""
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
    actor_learning_rate: float = 3e-4
    critic_learning_rate: float = 3e-4
    cosine: bool = True
    """Let the actor's learning rate fall to zero along a cosine."""
    gamma: float = 0.95
    """Per decision."""
    expectile: float = 0.7
    tau: float = 0.005
    """How fast the target critics follow."""
    beta: float = 3.0
    """Inverse temperature of the advantage."""
    max_weight: float = 20.0
    """Weights exp(beta A) are clipped here."""
    normalise_advantage: bool = True
    """Divide the advantage by its running standard deviation."""
    standardise_reward: bool = True
    """z-score the reward over the data."""
    ending: Literal["nothing", "worst"] = "nothing"
    """What follows where an episode terminated: nothing more, or the lowest reward for ever, as after a failure."""
    normalise_obs: bool = True
    log_every: int = 500
    checkpoint_every: int = 2000

    def __post_init__(self) -> None:
        if min(self.batch, self.steps, self.hold, *self.hidden, self.size, self.log_every, self.checkpoint_every) < 1:
            raise ValueError(f"{self}: batch, steps, hold, hidden, size and the two intervals must be >= 1")
        check(self)
        if self.ending not in ("nothing", "worst"):
            raise ValueError(f"no ending {self.ending!r}; there are 'nothing' and 'worst'")
        for name, low, high in (("gamma", 0, 1), ("expectile", 0, 1), ("tau", 0, 1)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} is {getattr(self, name)}; it must lie in [{low}, {high}]")
        for name in ("actor_learning_rate", "critic_learning_rate", "beta", "max_weight"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be positive")


class IQLLearner:
    """d3rlpy's networks and optimisers, and the running scale of the advantage."""

    def __init__(self, rows: Rows, impl: "DeviceIQLImpl", config: IQLConfig, seed: int, device: torch.device) -> None:
        from policies.offline import RunningScale

        self.about = rows.about
        self._rows, self._impl, self._config = rows, impl, config
        self._sampler = Sampler(len(rows), config.batch, seed, device)
        impl.scale = RunningScale(device) if config.normalise_advantage else None
        self._step = Recorded(self._learn)

    def _learn(self, index: Tensor) -> Tensor:
        from policies.offline import mini_batch

        losses = self._impl.update_on_device(mini_batch(self._rows, index, self._impl.device))
        return torch.stack([losses[name] for name in LOSSES])

    def update(self, step: int) -> Mapping[str, Tensor]:
        if self._config.cosine:
            set_rate(self._impl.policy_optim, self._config.actor_learning_rate * cosine(step, self._config.steps))
        losses = self._step(self._sampler.at(step))
        return dict(zip(LOSSES, losses.unbind(), strict=True))

    def tensors(self) -> dict[str, Tensor]:
        kept: dict[str, Tensor] = {}
        for name, part in self._parts().items():
            own = optimiser_tensors(part) if isinstance(part, torch.optim.Optimizer) else part.state_dict()
            kept |= prefixed(name, own)
        return kept | (prefixed("scale", self._impl.scale.tensors()) if self._impl.scale else {})

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        for name, part in self._parts().items():
            if isinstance(part, torch.optim.Optimizer):
                load_optimiser(part, under(name, tensors))
            else:
                part.load_state_dict(under(name, tensors))
        if self._impl.scale:
            self._impl.scale.load(under("scale", tensors))

    def _parts(self) -> dict[str, torch.nn.Module | torch.optim.Optimizer]:
        modules = self._impl.parts
        return {
            "policy": modules.policy,
            "q": modules.q_funcs,
            "target": modules.targ_q_funcs,
            "value": modules.value_func,
            "actor_adam": modules.actor_optim.optim,
            "critic_adam": modules.critic_optim.optim,
        }

    def actor(self) -> Actor:
        """d3rlpy's policy as the network we save: the same parameters under our names."""
        shapes = [tuple(x.shape[1:]) for x in self._rows.inputs]
        theirs = {ours(name): tensor for name, tensor in self._impl.policy.state_dict().items()}
        return filled(shapes, self._rows.action.shape[1], self._config.hidden, theirs, self._config.cloud_hidden)


def ours(name: str) -> str:
    """A parameter's name in d3rlpy, as ours: `_encoder._layers.0.weight` is `encoder.layers.0.weight`."""
    return ".".join(part.removeprefix("_") for part in name.split("."))


LOSSES = ("q_loss", "v_loss", "actor_loss")


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The learning rate of every group from now on, in place where it is a tensor that a graph has recorded."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def fit(
    dataset: Source,
    reward: str,
    config: IQLConfig,
    out: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
) -> ActorPolicy:
    """Fit IQL to column `reward` ('constant' is the control that is told nothing) and save the policy in `out`."""

    def learner(data: Transitions, interface: Interface, about: str, where: torch.device) -> IQLLearner:
        return make_learner(data, interface, config, seed, where, about)

    return fit_actor("iql", learner, dataset, reward, config, out, seed=seed, device=device, progress=progress)


def make_learner(
    data: Transitions, interface: Interface, config: IQLConfig, seed: int, device: torch.device, about: str = ""
) -> IQLLearner:
    """Fresh networks over those transitions; the same for the same seed."""
    from policies.offline import make_impl

    rows = Rows.of(data, interface, standardise_reward=config.standardise_reward, about=about)
    if config.ending == "worst":
        rows = replace(rows, reward=rows.reward + rows.terminal * forever(rows.reward.min(), config.gamma))
    actions = rows.action.shape[1]
    with seeded(seed):
        impl = make_impl(
            interface.shapes, actions, config.hidden, settings(config), device_name(device), config.cloud_hidden
        )
    return IQLLearner(rows, impl, config, seed, device)


def forever(reward: Tensor, gamma: float) -> Tensor:
    """The discounted sum of a reward from the next step on, without end (a thousand times it, where gamma is 1)."""
    return reward * gamma / max(1 - gamma, 1e-3)


def settings(config: IQLConfig) -> dict[str, object]:
    """The settings as d3rlpy names them."""
    return {
        "actor_learning_rate": config.actor_learning_rate,
        "critic_learning_rate": config.critic_learning_rate,
        "batch_size": config.batch,
        "gamma": config.gamma,
        "tau": config.tau,
        "expectile": config.expectile,
        "weight_temp": config.beta,
        "max_weight": config.max_weight,
    }


def device_name(device: torch.device) -> str:
    """The device as d3rlpy names it."""
    return f"{device.type}:{device.index or 0}"
