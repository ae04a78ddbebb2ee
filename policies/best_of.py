"""The best of several chunks: a diffusion policy left as it is, whose draws a critic chooses among (as IDQL).

IQL on chunks (Kostrikov et al. 2022; Hansen-Estruch et al. 2023): V(s) is the `expectile` of Q(s, chunk) over logged
chunks, Q is regressed on the discounted rewards of the chunk's actions plus V where it ends. The critic never asks
about a chunk that the data do not have; what it chooses among, the policy drew.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from safetensors.torch import load_file
from torch import Tensor, nn

from embodied.batches import Normaliser, Sampler, Source, Transitions, transitions, windows
from embodied.config import from_plain
from embodied.spec import Spec
from embodied.training import (
    load_optimiser,
    optimiser_tensors,
    prefixed,
    seeded,
    train,
    under,
    write_json,
    write_tensors,
)
from policies import load as load_policy
from policies.actor import as_tensors, digest
from policies.diffusion_policy import DiffusionPolicy
from policies.encoders import trunk
from policies.fitting import claim

SCHEMA = 1


@dataclass(frozen=True)
class BestOfConfig:
    """How chunks are judged, and how many are drawn."""

    draws: int = 16
    """Chunks drawn when acting, of which the best is carried out."""
    expectile: float = 0.7
    discount: float = 0.99
    """Of each step."""
    hidden: tuple[int, ...] = (256, 256)
    steps: int = 5000
    batch: int = 256
    learning_rate: float = 3e-4
    slow: float = 0.005
    """Share of Q that its target takes over in each update."""
    log_every: int = 500
    checkpoint_every: int = 1000

    def __post_init__(self) -> None:
        counts = (self.draws, self.steps, self.batch, self.log_every, self.checkpoint_every, *self.hidden)
        if min(counts) < 1 or not self.hidden:
            raise ValueError(f"{self}: draws, steps, batch, widths and intervals must be >= 1")
        if not (0.5 <= self.expectile < 1 and 0 < self.discount <= 1 and 0 < self.slow <= 1):
            raise ValueError(f"expectile {self.expectile} lies in [0.5, 1), discount and slow in (0, 1]")


class Critic(nn.Module):
    """Q of an observation and a chunk, and V of an observation alone."""

    def __init__(
        self, shapes: Sequence[tuple[int, ...]], chunk: int, hidden: Sequence[int], points: Sequence[int]
    ) -> None:
        super().__init__()
        self.q = nn.ModuleList(trunk(shapes, hidden, points, chunk) for _ in range(2))
        self.q_out = nn.ModuleList(nn.Linear(hidden[-1], 1) for _ in range(2))
        self.v, self.v_out = trunk(shapes, hidden, points), nn.Linear(hidden[-1], 1)

    def both(self, inputs: Sequence[Tensor], chunk: Tensor) -> Float32[Tensor, "2 n"]:
        """Each of the two Qs."""
        flat = chunk.flatten(1)
        pairs = zip(self.q, self.q_out, strict=True)
        return torch.stack([out(body(list(inputs), flat))[:, 0] for body, out in pairs])

    def value(self, inputs: Sequence[Tensor]) -> Float32[Tensor, " n"]:
        """V."""
        return self.v_out(self.v(list(inputs)))[:, 0]


def expectile_error(gap: Tensor, expectile: float) -> Tensor:
    """|tau - [gap < 0]| gap^2: the mean of its squares at 1/2."""
    return torch.where(gap < 0, 1 - expectile, expectile) * gap.square()


class _Learner:
    """Rows of the data as chunks: from frame `at`, over `executed` actions, to the frame where they end."""

    def __init__(self, data: Transitions, policy: DiffusionPolicy, config: BestOfConfig, seed: int) -> None:
        self.about, self._config = "chunks and their rewards", config
        device, face = policy.device, policy.interface
        steps = policy.chunking.executed
        rows = windows(data.lengths, steps)
        index, valid = rows.index.to(device), rows.mask.to(device)
        self._inputs, self._at = face.inputs(data.obs), data.at
        self._chunk = face.action.apply(data.action)[index]
        reward = Normaliser.from_data(data.reward[:, None].cpu()).to(device).apply(data.reward[:, None])[:, 0]
        weight = config.discount ** torch.arange(steps, device=device)
        self._reward = (reward[index] * valid * weight).sum(1)
        length = valid.sum(1)
        last = torch.arange(len(data), device=device) + length - 1
        self._after = data.at[last] + 1
        ended = data.terminal[last] > 0
        self._carry = torch.where(ended, 0.0, config.discount**length)
        with seeded(seed):
            points = policy.points if face.cloud else ()
            self.critic = Critic(face.shapes, self._chunk[0].numel(), config.hidden, points).to(device)
        self._target = copy.deepcopy(self.critic).requires_grad_(False)
        self._optimiser = torch.optim.Adam(self.critic.parameters(), config.learning_rate, fused=True)
        self._sampler = Sampler(len(data), config.batch, seed, device)

    def update(self, step: int) -> Mapping[str, Tensor]:
        config, rows = self._config, self._sampler.at(step)
        seen = [x[self._at[rows]] for x in self._inputs]
        after = [x[self._after[rows]] for x in self._inputs]
        chunk = self._chunk[rows]
        with torch.no_grad():
            wanted = self._reward[rows] + self._carry[rows] * self.critic.value(after)
            best = self._target.both(seen, chunk).amin(0)
        value_loss = expectile_error(best - self.critic.value(seen), config.expectile).mean()
        q_loss = (self.critic.both(seen, chunk) - wanted).square().mean()
        self._optimiser.zero_grad()
        (value_loss + q_loss).backward()
        self._optimiser.step()
        with torch.no_grad():
            for slow, fast in zip(self._target.parameters(), self.critic.parameters(), strict=True):
                slow.lerp_(fast, config.slow)
        return {"q": q_loss.detach(), "v": value_loss.detach()}

    def tensors(self) -> dict[str, Tensor]:
        return {
            **prefixed("critic", self.critic.state_dict()),
            **prefixed("target", self._target.state_dict()),
            **prefixed("adam", optimiser_tensors(self._optimiser)),
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.critic.load_state_dict(under("critic", tensors))
        self._target.load_state_dict(under("target", tensors))
        load_optimiser(self._optimiser, under("adam", tensors))


def fit(
    policy: str | Path,
    dataset: Source,
    reward: str,
    config: BestOfConfig,
    out: Path,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
) -> "BestOf":
    """Fit a critic to reward column `reward` of logged episodes, for the diffusion policy in a folder."""
    out, base = Path(out), load_policy(policy, device)
    if not isinstance(base, DiffusionPolicy) or base.chunking.observed > 1:
        raise ValueError(f"{policy} holds no diffusion policy that sees one frame; its chunks cannot be chosen among")
    about = {
        "algorithm": "best-of", "before": digest(Path(policy) / "policy.json"), "dataset": dataset.fingerprint(),
        "reward": reward, "seed": seed, "config": asdict(config),
    }  # fmt: skip
    claim(out, json.loads(json.dumps(about)))
    if not (out / "policy.json").exists():
        data = transitions(dataset, tuple(base.spec.obs), reward, base.device, size=base.interface.size)
        learner = _Learner(data, base, config, seed)
        train(
            learner, config.steps, out, log_every=config.log_every, checkpoint_every=config.checkpoint_every,
            title="best-of", progress=progress,
        )  # fmt: skip
        BestOf(base, learner.critic, config, about).save(out)
    return load(out, device)


class BestOf:
    """A `Policy` that draws several chunks and carries out the one its critic likes best."""

    def __init__(self, base: DiffusionPolicy, critic: Critic, config: BestOfConfig, about: Mapping[str, Any]) -> None:
        self.base, self.critic, self.config, self.about = base, critic.to(base.device).eval(), config, dict(about)

    @property
    def spec(self) -> Spec:
        """What it needs to see, and what it gives."""
        return self.base.spec

    def reset(self, task: str) -> None:
        """Forget what was seen."""
        self.base.reset(task)

    @torch.no_grad()
    def act(self, obs: Mapping[str, Shaped[np.ndarray, "n ..."]]) -> Float32[np.ndarray, "n h a"]:
        """The best of its draws for every row."""
        inputs = self.base.interface.inputs(as_tensors(self.spec, obs, self.base.device))
        draws, n = self.config.draws, len(inputs[0])
        wide = [x.repeat_interleave(draws, 0) for x in inputs]
        chunks = self.base.sample(wide, self.base.noise(obs, draws))
        worth = self.critic.both(wide, self.base.interface.action.apply(chunks)).amin(0).view(n, draws)
        return chunks.view(n, draws, *chunks.shape[1:])[torch.arange(n), worth.argmax(1)].cpu().numpy()

    def save(self, folder: Path) -> None:
        """The diffusion policy into `base`, the critic, then `policy.json`."""
        self.base.save(folder / "base")
        write_tensors(folder / "critic.safetensors", self.critic.state_dict())
        head = {"schema": SCHEMA, "kind": "best-of", "config": asdict(self.config), "trained": self.about}
        write_json(folder / "policy.json", {**head, "sha256": digest(folder / "critic.safetensors")})


def load(folder: Path, device: str = "cpu") -> BestOf:
    """The inverse of `BestOf.save`."""
    head = json.loads((Path(folder) / "policy.json").read_text())
    path = Path(folder) / "critic.safetensors"
    if head.get("schema") != SCHEMA or digest(path) != head["sha256"]:
        raise ValueError(f"{folder} holds a changed or newer best-of policy; fit it again")
    base = load_policy(Path(folder) / "base", device)
    assert isinstance(base, DiffusionPolicy)
    config = from_plain(BestOfConfig, head["config"])
    chunk = base.chunking.executed * base.spec.action.shape[0]
    with seeded(0):  # what it starts from is overwritten
        critic = Critic(base.interface.shapes, chunk, config.hidden, base.points if base.interface.cloud else ())
    critic.load_state_dict(load_file(path))
    return BestOf(base, critic, config, head["trained"])
