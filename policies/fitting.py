"""What every fit shares: the folder's manifest, the data as network inputs, and the end of training."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from embodied.batches import CONSTANT, Normaliser, Source, Transitions, device_of, held, transitions
from embodied.spec import Spec
from embodied.training import Learner, train, write_json
from embodied.types import Policy
from policies import load
from policies.actor import Actor, ActorPolicy, Interface
from policies.pointcloud import CLOUD_FIELDS, Cloud


@runtime_checkable
class FitConfig(Protocol):
    """What every policy's config has."""

    @property
    def obs(self) -> tuple[str, ...]: ...
    @property
    def cloud(self) -> str: ...
    @property
    def points(self) -> int: ...
    @property
    def cloud_hidden(self) -> tuple[int, ...]: ...
    @property
    def hold(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def normalise_obs(self) -> bool: ...
    @property
    def steps(self) -> int: ...
    @property
    def log_every(self) -> int: ...
    @property
    def checkpoint_every(self) -> int: ...


class Saved(Policy, Protocol):
    """A policy that can be written."""

    def save(self, folder: Path) -> None:
        """Whole or not at all."""
        ...


@runtime_checkable
class PolicyLearner(Learner, Protocol):
    """A learner of a policy."""

    def policy(self, interface: Interface, about: Mapping[str, Any], device: str) -> Saved:
        """The policy as it is now."""
        ...


@runtime_checkable
class ActorLearner(Learner, Protocol):
    """A learner of an actor."""

    def actor(self) -> Actor:
        """The actor as it is now."""
        ...


@dataclass(frozen=True, eq=False)
class Rows:
    """Transitions as a network takes them: normalised, on the device. `inputs` are frames, `at` points into them."""

    inputs: tuple[Tensor, ...]
    at: Int64[Tensor, " n"]
    action: Float32[Tensor, "n a"]
    reward: Float32[Tensor, "n 1"]
    terminal: Float32[Tensor, "n 1"]
    about: str
    stride: int = 1

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def of(cls, data: Transitions, interface: Interface, *, standardise_reward: bool, about: str) -> "Rows":
        """All inputs normalised once, ahead of training; rewards z-scored over the data if asked."""
        face = interface.to(data.at.device)
        data = held(data, interface.hold)
        reward = data.reward[:, None]
        if standardise_reward:
            reward = Normaliser.from_data(reward.cpu()).to(reward.device).apply(reward)
        action = face.action.apply(data.action)
        return cls(face.inputs(data.obs), data.at, action, reward, data.terminal[:, None], about, data.stride)


def fit_policy(
    algorithm: str,
    learner: Callable[[Transitions, Interface, str, torch.device], PolicyLearner],
    dataset: Source,
    reward: str,
    config: FitConfig,
    out: Path,
    *,
    seed: int,
    device: str,
    progress: bool,
    span: Literal["mean-std", "min-max"] = "mean-std",
) -> Policy:
    """Fit into `out`, from its last checkpoint; a finished fit is only loaded.

    ValueError if `out` holds a fit of something else.
    """
    out = Path(out)
    where = device_of(device)
    manifest = {
        "algorithm": algorithm,
        "reward": reward,
        "reward_sha256": _digest(dataset, reward),
        "dataset": dataset.fingerprint(),
        "seed": seed,
        "config": _told(config),
    }
    claim(out, manifest)
    if (out / "policy.json").exists():
        return load(out, device)
    cloud = Cloud(config.cloud, config.points) if config.cloud else None
    obs = _seen(dataset.spec, config.obs, cloud)
    data = transitions(dataset, obs, reward, where, size=config.size)
    interface = Interface.of(
        data, normalise=config.normalise_obs, span=span, size=config.size, cloud=cloud, hold=config.hold
    )
    about = f"observations {list(obs)} and reward {reward!r}"
    fitted = learner(data, interface, about, where)
    told = {**manifest, "episodes": len(data.ids), "dropped": list(data.dropped), "transitions": len(data)}
    del data  # the learner has what it takes, and of a cloud that is less
    train(
        fitted,
        config.steps,
        out,
        log_every=config.log_every,
        checkpoint_every=config.checkpoint_every,
        title=algorithm,
        progress=progress,
    )
    fitted.policy(interface, told, str(where)).save(out)
    return load(out, device)


def fit_actor(
    algorithm: str,
    learner: Callable[[Transitions, Interface, str, torch.device], ActorLearner],
    dataset: Source,
    reward: str,
    config: FitConfig,
    out: Path,
    *,
    seed: int,
    device: str,
    progress: bool,
) -> ActorPolicy:
    """The same for a learner of an actor."""

    def made(data: Transitions, interface: Interface, about: str, where: torch.device) -> PolicyLearner:
        return _Acting(learner(data, interface, about, where))

    policy = fit_policy(algorithm, made, dataset, reward, config, out, seed=seed, device=device, progress=progress)
    assert isinstance(policy, ActorPolicy)
    return policy


class _Acting:
    """A learner of an actor, as one of the policy around it."""

    def __init__(self, learner: ActorLearner) -> None:
        self._learner = learner
        self.update, self.tensors, self.load = learner.update, learner.tensors, learner.load

    @property
    def about(self) -> str:
        return self._learner.about

    def policy(self, interface: Interface, about: Mapping[str, Any], device: str) -> ActorPolicy:
        return ActorPolicy(interface, self._learner.actor(), about, device)


def _seen(spec: Spec, obs: tuple[str, ...], cloud: Cloud | None) -> tuple[str, ...]:
    """The observations a fit reads."""
    if cloud is not None:
        named = (*obs, cloud.name)
        cloud.check(spec.restricted(named))
        return named
    obs = obs or tuple(name for name in spec.obs if name not in spec.cameras)
    if not obs:
        raise ValueError(f"the data set has only pictures {list(spec.obs)}; name those to use in config.obs")
    return obs


LATER = {"ending": "nothing", "hold": 1}
"""Settings that fits of before did not have, and what they did."""


def _told(config: FitConfig) -> dict[str, Any]:
    """The config as JSON has it; what was added to it later is told where it is used, so that older fits go on."""
    told: dict[str, Any] = asdict(config)  # type: ignore[call-overload]  # every config is a dataclass
    left_out = () if config.cloud else CLOUD_FIELDS
    left_out = (*left_out, *(name for name, value in LATER.items() if told.get(name) == value))
    return json.loads(json.dumps({name: value for name, value in told.items() if name not in left_out}))


def _digest(dataset: Source, reward: str) -> str:
    digest = hashlib.sha256()
    if reward != CONSTANT:
        for episode, values in sorted(dataset.column(reward).items()):
            digest.update(str(episode).encode() + values.tobytes())
    return digest.hexdigest()


def claim(out: Path, manifest: Mapping[str, Any]) -> None:
    """Write `fit.json`, or refuse a folder in which something else was fitted."""
    path = out / "fit.json"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        write_json(path, manifest)
        return
    before = json.loads(path.read_text())
    if before != manifest:
        raise ValueError(f"{out} holds another fit: {'; '.join(_changes(before, manifest))}; choose another folder")


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _changes(old, new, f"{prefix}{key}.")
        elif old != new:
            found.append(f"{prefix}{key} was {old!r}, now {new!r}")
    return found
