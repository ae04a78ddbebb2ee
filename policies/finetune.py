"""Preference fine-tuning of a diffusion policy, from pairs of episodes that it made itself.

The losses are in `policies.alignment`. Winner and loser are compared at the same moments, noise level and noise; what
the frozen policy errs there is worked out once. The policy is a moving average of the weights, at the look at which
it ordered most held-out pairs rightly; alignment ends early where it drifts from the winners.
"""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from embodied.batches import CONSTANT, Source, transitions
from embodied.config import config_hash
from embodied.training import load_optimiser, optimiser_tensors, prefixed, train, under
from policies import alignment, load
from policies.denoising import kept_signal, noised
from policies.diffusion import Chunks, denoising_error, draws
from policies.diffusion_policy import Chunker, DiffusionPolicy
from policies.finetune_config import FinetuneConfig
from policies.fitting import claim


@dataclass(frozen=True)
class EpisodePair:
    """One episode is preferred to another, of the same data set."""

    winner: int
    loser: int
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.winner == self.loser:
            raise ValueError(f"episode {self.winner} is preferred to itself; a pair names two episodes")
        if not (np.isfinite(self.weight) and self.weight > 0):
            raise ValueError(f"weight is {self.weight}; it must be finite and positive")


def finetune(
    policy: str | Path,
    dataset: Source,
    pairs: Sequence[EpisodePair],
    config: FinetuneConfig,
    out: Path,
    *,
    demos: Source | None = None,
    scores: Mapping[int, float] | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
) -> DiffusionPolicy:
    """Align the diffusion policy in a folder with pairs of episodes of `dataset`; write it, and `alignment.json`.

    `demos` anchor it beside the winners. `scores` judge episodes for rwr; without them the pairs do. ValueError for a
    policy of another kind, pairs of unknown episodes, none to learn from, or `out` with another alignment in it.
    """
    out, before = Path(out), load(policy, device)
    if not isinstance(before, DiffusionPolicy):
        raise ValueError(f"{policy} holds a policy that is no diffusion policy; train one with --policy diffusion")
    if not pairs:
        raise ValueError("no pair to learn from; ask which of two episodes is better first")
    known = {int(i) for i in dataset.ids}
    if strange := sorted({e for p in pairs for e in (p.winner, p.loser)} - known):
        raise ValueError(f"pairs name the episodes {strange[:5]}, which the data set does not have")
    told = {
        "algorithm": f"finetune-{config.method}",
        "before": hashlib.sha256((Path(policy) / "policy.json").read_bytes()).hexdigest(),
        "dataset": dataset.fingerprint(),
        "demos": demos.fingerprint() if demos is not None else None,
        "pairs": config_hash([asdict(p) for p in pairs]),
        "scores": config_hash(sorted((scores or {}).items())),
        "seed": seed,
        "config": asdict(config),
    }
    claim(out, json.loads(json.dumps(told)))
    if not (out / "policy.json").exists():
        learner = Aligner(before, dataset, pairs, config, demos=demos, scores=scores, seed=seed)
        train(
            learner, config.steps, out, log_every=config.log_every, checkpoint_every=config.checkpoint_every,
            title=f"finetune ({config.method})", progress=progress,
        )  # fmt: skip
        learner.policy(told).save(out)
    found = load(out, device)
    assert isinstance(found, DiffusionPolicy)
    return found


class Aligner:
    """A `Learner` of an aligned policy. Once it has stopped, its updates change nothing."""

    def __init__(
        self, before: DiffusionPolicy, dataset: Source, pairs: Sequence[EpisodePair], config: FinetuneConfig, *,
        demos: Source | None = None, scores: Mapping[int, float] | None = None, seed: int = 0,
    ) -> None:  # fmt: skip
        self._before, self._config, self._seed = before, config, seed
        self.about = f"{len(pairs)} pairs of episodes"
        device = before.device
        obs = tuple(before.spec.obs)
        data = transitions(dataset, obs, CONSTANT, device, size=before.interface.size)
        self._chunks = chunks_of(data, before, self.about)
        first = {e: int(s) for e, s in zip(data.ids, torch.cumsum(data.lengths, 0) - data.lengths, strict=True)}
        length = dict(zip(data.ids, data.lengths.tolist(), strict=True))
        self._first = torch.tensor([[first[p.winner], first[p.loser]] for p in pairs], device=device)
        self._shared = torch.tensor([min(length[p.winner], length[p.loser]) for p in pairs], device=device)
        self._weight = torch.tensor([p.weight for p in pairs], dtype=torch.float32, device=device)
        self._watching, self._learning = _split(pairs, config.held_out, seed, device)
        learned = [pairs[i] for i in self._learning.tolist()]
        scored = dict(scores or standings(learned))
        self._rows, rates = _cloned(data.ids, first, length, learned, scored, config)
        self._rows, self._rates = self._rows.to(device), rates.to(device)
        self._demos = None if demos is None else chunks_of(
            transitions(demos, obs, CONSTANT, device, size=before.interface.size), before, "demonstrations"
        )  # fmt: skip

        self._frozen = before.network
        self._network = copy.deepcopy(before.network).train()
        if self._network.eye is not None:
            self._network.eye.requires_grad_(config.train_eye)
        self._trained = [p for p in self._network.parameters() if p.requires_grad]
        self._average = copy.deepcopy(before.network)
        self._best = copy.deepcopy(before.network)
        self._optimiser = torch.optim.AdamW(
            self._trained, config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
        self._kept = kept_signal(before.chunking.levels).to(device)
        self._level, self._noise = self._bank(int(self._shared.max()))
        self._error_before = self._remembered()
        used = self._error_before[~self._error_before.isnan()]
        self._sharpness = config.sharpness / float(used.mean())
        # what a later look compares with: best accuracy, looks since then, whether it has stopped, at which update
        self._state = torch.tensor([-1.0, 0.0, 0.0, 0.0])
        self.looks: list[dict[str, float]] = []

    def _bank(self, longest: int) -> tuple[Tensor, Tensor]:
        """Noise and its level for every moment: (t, m) and (t, m, h, a)."""
        generator = torch.Generator().manual_seed(self._seed)
        shape = (longest, self._config.banks)
        level = torch.randint(len(self._kept), shape, generator=generator)
        noise = torch.randn((*shape, *self._chunks.actions.shape[1:]), generator=generator)
        return level.to(self._before.device), noise.to(self._before.device)

    def _error(self, network: Chunker, rows: Tensor, moment: Tensor, bank: Tensor) -> Tensor:
        """The denoising error of chunks (r,) with the noise of their moment and bank."""
        level, noise = self._level[moment, bank], self._noise[moment, bank]
        x = noised(self._chunks.actions[rows], noise, self._kept[level])
        guess = network.noise_in(x, level, self._chunks.seen(rows))
        return (guess - noise).square().mean((1, 2))

    @torch.no_grad()
    def _remembered(self) -> Tensor:
        """What the policy before errs at every row of a pair, in every bank; NaN where no pair looks: (n, m)."""
        found = torch.full((len(self._chunks), self._config.banks), float("nan"), device=self._before.device)
        moment = torch.full((len(self._chunks),), -1, device=self._before.device)
        for (winner, loser), shared in zip(self._first.tolist(), self._shared.tolist(), strict=True):
            for start in (winner, loser):
                moment[start : start + shared] = torch.arange(shared, device=moment.device)
        rows = torch.nonzero(moment >= 0)[:, 0]
        for part in rows.split(512):
            for bank in range(self._config.banks):
                found[part, bank] = self._error(self._frozen, part, moment[part], torch.full_like(part, bank))
        return found

    def _margins(self, network: Chunker, pairs: Tensor, moments: Tensor, banks: Tensor) -> tuple[Tensor, Tensor]:
        """The error's change of winners and losers of pairs (b,) at moments (b, p): both (b,)."""
        rows = self._first[pairs][:, :, None] + moments[:, None]
        rows = rows.flatten()
        moment, bank = (x[:, None].expand(-1, 2, -1).flatten() for x in (moments, banks))
        change = self._error(network, rows, moment, bank) - self._error_before[rows, bank]
        change = change.view(len(pairs), 2, -1).mean(2)
        return change[:, 0], change[:, 1]

    def update(self, step: int) -> Mapping[str, Tensor]:
        """One gradient step, and at times a look."""
        config, device = self._config, self._before.device
        zero = torch.zeros((), device=device)
        if self._state[2]:
            return {"preference": zero, "anchor": zero, "nearness": zero}
        generator = draws(self._first, self._seed, step)
        preference, anchor, nearness = zero, zero, zero
        if config.method in ("anchored", "dpo", "kto"):
            preference = self._preference(generator)
        if config.method in ("anchored", "winners", "rwr"):
            anchor = self._anchor(generator)
        if config.method == "anchored" and config.nearness:
            nearness = self._nearness(generator)
        weight = config.anchor if config.method == "anchored" else 1.0
        loss = preference + weight * anchor + config.nearness * nearness
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimiser.step()
        with torch.no_grad():
            for mean, p in zip(self._average.parameters(), self._network.parameters(), strict=True):
                mean.lerp_(p, 1 - min(config.average, (1 + step) / (10 + step)))
        if (step + 1) % config.check_every == 0 or step + 1 == config.steps:
            self._look(step + 1)
        return {"preference": preference.detach(), "anchor": anchor.detach(), "nearness": nearness.detach()}

    def _preference(self, generator: torch.Generator) -> Tensor:
        config, device = self._config, self._before.device
        pick = torch.randint(len(self._learning), (config.batch,), generator=generator, device=device)
        pairs = self._learning[pick]
        share = torch.rand((config.batch, config.phases), generator=generator, device=device)
        moments = (share * self._shared[pairs][:, None]).long()
        banks = torch.randint(config.banks, moments.shape, generator=generator, device=device)
        winner, loser = self._margins(self._network, pairs, moments, banks)
        weight = self._weight[pairs]
        if config.method == "kto":
            good = torch.cat([torch.ones_like(winner), -torch.ones_like(loser)])
            return alignment.liked(torch.cat([winner, loser]), good, weight.repeat(2), self._sharpness)
        return alignment.preferred(winner - loser, weight, self._sharpness, config.smoothing)

    def _anchor(self, generator: torch.Generator) -> Tensor:
        """The denoising error on winners (rwr: on all, weighted), and on as many demonstrations."""
        size, device = self._config.batch * self._config.phases, self._before.device
        pick = torch.randint(len(self._rows), (size,), generator=generator, device=device)
        error = denoising_error(self._network, self._kept, self._chunks, self._rows[pick], generator)
        loss = (error * self._rates[pick]).mean()
        if self._demos is None or self._config.method != "anchored":
            return loss
        rows = torch.randint(len(self._demos), (size,), generator=generator, device=device)
        return 0.5 * (loss + denoising_error(self._network, self._kept, self._demos, rows, generator).mean())

    def _nearness(self, generator: torch.Generator) -> Tensor:
        """How far the guesses on pure noise are from those of the policy before."""
        size, device = self._config.batch, self._before.device
        rows = torch.randint(len(self._chunks), (size,), generator=generator, device=device)
        x = torch.randn(self._chunks.actions[rows].shape, generator=generator, device=device)
        level = torch.randint(len(self._kept), (size,), generator=generator, device=device)
        seen = self._chunks.seen(rows)
        with torch.no_grad():
            wanted = self._frozen.noise_in(x, level, seen)
        return (self._network.noise_in(x, level, seen) - wanted).square().mean()

    def _look(self, step: int) -> None:
        """Measure drift and accuracy of the averaged network; keep it where it is the best, and stop where it must."""
        config = self._config
        found = {"step": float(step), **self.measured(self._average)}
        self.looks.append(found)
        drifted = bool(config.drift) and found["winner drift"] > config.drift
        best, since = float(self._state[0]), float(self._state[1])
        if not drifted and (found["accuracy"] > best or config.method in ("winners", "rwr")):
            self._best.load_state_dict(self._average.state_dict())
            best, since = found["accuracy"], 0.0
        else:
            since += 1
        tired = bool(config.patience) and since >= config.patience and config.method not in ("winners", "rwr")
        self._state = torch.tensor([best, since, float(drifted or tired), float(step)])

    @torch.no_grad()
    def measured(self, network: Chunker) -> dict[str, float]:
        """Implicit accuracy on the held-out pairs (without any: on all), and winners' error as a multiple of before."""
        pairs = self._watching if len(self._watching) else self._learning
        margins, after, before = [], [], []
        for pair in pairs.split(16):
            moments = torch.stack([torch.linspace(0, int(n) - 1, 16).round().long() for n in self._shared[pair]])
            moments = moments.to(self._before.device)
            for bank in range(self._config.banks):
                winner, loser = self._margins(network, pair, moments, torch.full_like(moments, bank))
                margins.append(winner - loser)
                rows = self._first[pair][:, :1] + moments
                was = self._error_before[rows, bank].mean(1)
                after.append(was + winner)
                before.append(was)
        per_pair = torch.stack([torch.cat(margins[b :: self._config.banks]) for b in range(self._config.banks)]).mean(0)
        return {
            "accuracy": alignment.accuracy(per_pair),
            "margin": float((self._sharpness * per_pair).median()),
            "winner drift": float(torch.cat(after).sum() / torch.cat(before).sum()),
        }

    def tensors(self) -> dict[str, Tensor]:
        looks = torch.tensor([list(look.values()) for look in self.looks], dtype=torch.float64).reshape(-1, 4)
        return {
            **prefixed("network", self._network.state_dict()),
            **prefixed("average", self._average.state_dict()),
            **prefixed("best", self._best.state_dict()),
            **prefixed("adam", optimiser_tensors(self._optimiser)),
            "state": self._state,
            "looks": looks,
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        for name, network in (("network", self._network), ("average", self._average), ("best", self._best)):
            network.load_state_dict(under(name, tensors))
        load_optimiser(self._optimiser, under("adam", tensors))
        self._state = tensors["state"].cpu()
        names = ("step", "accuracy", "margin", "winner drift")
        self.looks = [dict(zip(names, row, strict=True)) for row in tensors["looks"].tolist()]

    def policy(self, about: Mapping[str, Any]) -> DiffusionPolicy:
        """The best of the averaged networks, as a policy; where none was any good, the one before."""
        told = {**about, "looks": self.looks, "stopped": bool(self._state[2]), "last update": int(self._state[3])}
        return self._before.with_network(self._best, told)


def chunks_of(data: Any, policy: DiffusionPolicy, about: str) -> Chunks:
    """Chunks as a policy sees them."""
    return Chunks.of(data, policy.interface, policy.chunking.observed, policy.chunking.horizon, about=about)


def standings(pairs: Sequence[EpisodePair]) -> dict[int, float]:
    """What pairs alone say of each episode: the share of its comparisons that it won, half a win and a loss added."""
    won, met = dict[int, float](), dict[int, float]()
    for pair in pairs:
        won[pair.winner] = won.get(pair.winner, 0.0) + pair.weight
        for episode in (pair.winner, pair.loser):
            met[episode] = met.get(episode, 0.0) + pair.weight
    return {episode: (won.get(episode, 0.0) + 0.5) / (count + 1.0) for episode, count in met.items()}


def _split(pairs: Sequence[EpisodePair], held_out: float, seed: int, device: torch.device) -> tuple[Tensor, Tensor]:
    order = np.random.default_rng([seed, 8]).permutation(len(pairs))
    count = min(round(held_out * len(pairs)), len(pairs) - 1)
    watching, learning = (torch.tensor(np.sort(part), device=device) for part in (order[:count], order[count:]))
    return watching, learning


def _cloned(
    ids: Sequence[int], first: Mapping[int, int], length: Mapping[int, int], pairs: Sequence[EpisodePair],
    scores: Mapping[int, float], config: FinetuneConfig,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The rows that are cloned, and how much each counts."""
    if config.method == "rwr":
        chosen = [e for e in ids if e in scores]
        weight = alignment.weights_of_scores(torch.tensor([scores[e] for e in chosen]).float(), config.temperature)
    else:
        chosen = list(dict.fromkeys(p.winner for p in pairs))
        weight = torch.ones(len(chosen))
    rows = [torch.arange(first[e], first[e] + length[e]) for e in chosen]
    rates = [w.expand(length[e]) for w, e in zip(weight, chosen, strict=True)]
    return torch.cat(rows), torch.cat(rates)
