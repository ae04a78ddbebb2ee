"""RAPL: feedback spent on a representation, in which transport to preferred videos is the reward (Tian et al. 2024).

Videos ranked best first teach a small head over frozen features. With R(v) the score of a video under a form,
P(v > w) = sigmoid(k (R(v) - R(w))) (Bradley-Terry); equal ranks are targets of one half. R is
  published   -OT(v, p), p the best video of the same ranking: only the others' two distances are contrasted;
  pairs       -OT(v, q), q the best of another ranking, and the published contrast besides;
  prototype   the mean over frames of 8 cos(z_t, g), g the mean end of all preferred videos: no transport;
  rlhf        the mean over frames of a scalar head, times 5: the baseline, all pairs contrasted.
The gradient of a distance is its plan's (`rewards.ot`). Left out: training the backbone's last stage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Bool, Float32
from torch import Tensor, nn

from embodied.training import seeded
from rewards.frames import Videos
from rewards.ot import TINY, Transport, match, temporal
from rewards.rapl_config import LEARNED, Form, RaplConfig

ENDS = 5
"""Frames at the end of a preferred video that show what is wanted."""
COSINE, SCALAR = 8.0, 5.0
VARIED = 0.1
"""Weight of keeping frames apart in the aligned space."""


@dataclass(frozen=True)
class Ranked:
    """Episodes ranked best first; equal ranks are ties."""

    episodes: tuple[int, ...]
    rank: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.episodes) < 2 or len(self.episodes) != len(self.rank) or list(self.rank) != sorted(self.rank):
            raise ValueError(f"episodes {self.episodes} with ranks {self.rank}; list two or more, best first")
        if len(set(self.episodes)) < len(self.episodes):
            raise ValueError(f"a ranking names an episode twice: {self.episodes}")

    @property
    def decided(self) -> bool:
        """Whether any is better than another."""
        return self.rank[0] != self.rank[-1]


class Heads(nn.Module):
    """Members side by side: features (n, t, f) -> (e, n, t, d)."""

    def __init__(self, members: int, features: int, hidden: int, width: int) -> None:
        super().__init__()
        widths = [features, *([hidden] if hidden else []), width]
        pairs = list(pairwise(widths))
        self.weight = nn.ParameterList(nn.Parameter(torch.randn(members, a, b) / a**0.5) for a, b in pairs)
        self.bias = nn.ParameterList(nn.Parameter(torch.zeros(members, 1, 1, b)) for _, b in pairs)

    def forward(self, x: Float32[Tensor, "n t f"]) -> Float32[Tensor, "e n t d"]:
        found = torch.einsum("ntf,efd->entd", x, self.weight[0]) + self.bias[0]
        for weight, bias in zip(list(self.weight)[1:], list(self.bias)[1:], strict=True):
            found = torch.einsum("entf,efd->entd", torch.relu(found), weight) + bias
        return found


@dataclass(frozen=True, eq=False)
class Aligned:
    """What was fitted: a form, its heads over standardised features, and what it holds videos against."""

    form: Form
    heads: Heads | None
    mean: Tensor
    std: Tensor
    references: Videos
    """Preferred videos, standardised."""
    goal: Float32[Tensor, "e d"] | None
    """Of the prototype form."""

    @torch.no_grad()
    def values(self, videos: Videos, how: Transport) -> Float32[Tensor, "e n t"]:
        """Each member's value of every frame of raw videos; 0 where there is no frame."""
        videos = videos.standardised(self.mean, self.std)
        if self.form == "time":
            count = videos.mask.cumsum(1).float()
            return (count / count[:, -1:] * videos.mask)[None]
        z = videos.feature[None] if self.heads is None else self.heads(videos.feature)
        if self.form == "rlhf":
            found = SCALAR * z[..., 0]
        elif self.form == "prototype":
            assert self.goal is not None
            unit = nn.functional.normalize(z, dim=-1)
            found = COSINE * torch.einsum("entd,ed->ent", unit, nn.functional.normalize(self.goal, dim=-1))
        else:
            found = self._transported(z, videos.mask, how)
        return found * videos.mask

    def _transported(self, z: Tensor, mask: Tensor, how: Transport) -> Tensor:
        """Minus what each frame pays to the closest reference, for each member."""
        other = self.references
        y = other.feature[None] if self.heads is None else self.heads(other.feature)
        best = torch.full((z.shape[0], z.shape[1]), torch.inf)
        paid = torch.zeros(z.shape[:3])
        for r in range(len(other)):
            against = y[:, r : r + 1].expand(-1, z.shape[1], -1, -1)
            masks = mask.expand(z.shape[0], -1, -1), other.mask[r].expand(z.shape[0], z.shape[1], -1)
            if self.form == "prior":
                z, against = torch.ones_like(z), torch.ones_like(against)
            found = match(z, against, how, *masks)
            distance, each = found.distance, found.paid()
            if self.form == "prior":  # the embedding says nothing, and the prior is what is paid
                cost = temporal(*masks)
                each = (found.plan * cost).sum(-1) / found.plan.sum(-1).clamp_min(TINY)
                distance = (found.plan * cost).sum((-1, -2))
            closer = distance < best
            best = torch.where(closer, distance, best)
            paid = torch.where(closer[..., None], each, paid)
        return -paid

    def tensors(self) -> dict[str, Tensor]:
        """All of it, to be written."""
        found = {
            "mean": self.mean, "std": self.std, "references": self.references.feature,
            "reference_mask": self.references.mask, "reference_ids": torch.tensor(self.references.ids),
        }  # fmt: skip
        if self.heads is not None:
            found |= {f"heads.{name}": tensor for name, tensor in self.heads.state_dict().items()}
        return found if self.goal is None else {**found, "goal": self.goal}

    @classmethod
    def from_tensors(cls, form: Form, config: RaplConfig, tensors: Mapping[str, Tensor]) -> "Aligned":
        """The inverse of `tensors`."""
        heads = None
        state = {name.removeprefix("heads."): t for name, t in tensors.items() if name.startswith("heads.")}
        if state:
            members, features, _ = state["weight.0"].shape
            with seeded(0):
                heads = Heads(members, features, config.hidden, 1 if form == "rlhf" else config.width)
            heads.load_state_dict(state)
        ids = tuple(tensors["reference_ids"].tolist())
        references = Videos(ids, tensors["references"], tensors["reference_mask"])
        return cls(form, heads, tensors["mean"], tensors["std"], references, tensors.get("goal"))


def align(videos: Videos, ranked: Sequence[Ranked], form: Form, config: RaplConfig, seed: int = 0) -> Aligned:
    """Fit a form to rankings of videos. ValueError where the rankings cannot teach it, or the space collapses."""
    decided = [each for each in ranked if each.decided]
    if not decided:
        raise ValueError(
            f"none of the {len(ranked)} rankings says that one video is better than another; equal ones alone have no "
            "preferred video to hold others against: rank some that differ"
        )
    mean, std = videos.statistics()
    standard = videos.standardised(mean, std)
    best = list(dict.fromkeys(each.episodes[0] for each in decided))
    rng = np.random.default_rng([seed, 5])
    chosen = standard.at([best[i] for i in rng.permutation(len(best))[: config.references]])
    references = Videos(
        tuple(standard.ids[i] for i in chosen.tolist()), standard.feature[chosen], standard.mask[chosen]
    )
    if form not in LEARNED:
        return Aligned(form, None, mean, std, references, None)
    if form in ("published", "pairs") and all(len(each.episodes) < 3 for each in ranked):
        raise ValueError(
            f"form {form!r} contrasts the two others of a ranking with its best; rank three videos at a time"
        )
    with seeded(seed):
        heads = Heads(config.members, videos.feature.shape[-1], config.hidden, 1 if form == "rlhf" else config.width)
    _Fit(standard, ranked, form, config, heads, seed).run()
    goal = None
    if form == "prototype":
        rows = standard.at(best)
        with torch.no_grad():
            goal = ends(heads(standard.feature[rows]), standard.mask[rows])
    aligned = Aligned(form, heads, mean, std, references, goal)
    if form != "rlhf" and (apart := spread(aligned, standard)) < config.spread:
        raise ValueError(
            f"the aligned space has collapsed: its frames differ by {apart:.4f} on average (cosine distance), less "
            f"than {config.spread:g}; give more rankings that differ, a smaller learning rate, or another encoder"
        )
    return aligned


def ends(z: Float32[Tensor, "e n t d"], mask: Bool[Tensor, "n t"]) -> Float32[Tensor, "e d"]:
    """The mean direction of the last frames of videos."""
    count = mask.sum(1, keepdim=True)
    at = torch.arange(mask.shape[1], device=mask.device)
    last = mask & (at >= count - ENDS)
    unit = nn.functional.normalize(z, dim=-1) * last[None, ..., None]
    return unit.sum((1, 2)) / last.sum()


@torch.no_grad()
def spread(aligned: Aligned, standard: Videos) -> float:
    """Mean cosine distance between random frames in the aligned space."""
    assert aligned.heads is not None
    rows = standard.feature[standard.mask]
    generator = torch.Generator().manual_seed(0)
    some = rows[torch.randint(len(rows), (512,), generator=generator)]
    unit = nn.functional.normalize(aligned.heads(some[None])[:, 0], dim=-1)
    return float(1.0 - (unit @ unit.transpose(1, 2)).mean())


class _Fit:
    """One alignment under way."""

    def __init__(
        self, videos: Videos, ranked: Sequence[Ranked], form: Form, config: RaplConfig, heads: Heads, seed: int
    ) -> None:
        self.videos, self.form, self.config, self.heads = videos, form, config, heads
        self.rng = np.random.default_rng([seed, 6])
        place = {number: i for i, number in enumerate(videos.ids)}
        longest = max(len(each.episodes) for each in ranked)
        self.rows = torch.tensor(
            [[place[e] for e in each.episodes] + [-1] * (longest - len(each.episodes)) for each in ranked]
        )
        self.rank = torch.tensor([[*each.rank] + [-1] * (longest - len(each.rank)) for each in ranked])
        self.decided = torch.tensor([each.decided for each in ranked])
        # each member's own bootstrap: how often it drew each ranking
        drawn = self.rng.integers(0, len(ranked), (config.members, len(ranked)))
        count = np.stack([np.bincount(row, minlength=len(ranked)) for row in drawn]).astype(np.float32)
        self.weight = torch.from_numpy(count) if config.members > 1 else torch.ones(1, len(ranked))
        self.preferred = torch.tensor(sorted({int(self.rows[i, 0]) for i in torch.nonzero(self.decided)[:, 0]}))

    def run(self) -> None:
        """All updates."""
        config = self.config
        optimiser = torch.optim.AdamW(self.heads.parameters(), config.learning_rate, weight_decay=config.weight_decay)
        for _ in range(config.steps):
            picked = torch.from_numpy(self.rng.choice(len(self.rows), min(config.batch, len(self.rows)), replace=False))
            loss = self.loss(picked)
            if not torch.isfinite(loss):
                raise FloatingPointError("the alignment's loss is not finite; take a smaller learning rate")
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

    def loss(self, picked: Tensor) -> Tensor:
        """Bradley-Terry over the contrasts of some rankings, and keeping frames apart."""
        rows = self.rows[picked]
        used, place = torch.unique(rows[rows >= 0], return_inverse=True)
        z = self.heads(self.videos.feature[used])
        where = torch.full_like(rows, -1)
        where[rows >= 0] = place
        mask = self.videos.mask[used]
        terms = self.contrasts(z, mask, where, self.rank[picked], picked)
        weight = self.weight[:, picked]
        total, count = torch.zeros(()), torch.zeros(())
        for logit, target, valid in terms:
            smooth = target * (1 - 2 * self.config.smoothing) + self.config.smoothing
            error = nn.functional.binary_cross_entropy_with_logits(logit, smooth.expand_as(logit), reduction="none")
            counted = weight * valid
            total, count = total + (error * counted).sum(), count + counted.sum()
        loss = total / count.clamp_min(1.0)
        if self.form != "rlhf":
            unit = nn.functional.normalize(z[:, mask], dim=-1)
            deviation = (unit.var(1) + 1e-6).sqrt().mean(-1) * unit.shape[-1] ** 0.5
            loss = loss + VARIED * torch.relu(0.5 - deviation).mean()
        return loss

    def contrasts(
        self, z: Tensor, mask: Tensor, where: Tensor, rank: Tensor, picked: Tensor
    ) -> list[tuple[Tensor, Tensor, Tensor]]:
        """(logit (e, b), target (b,), valid (b,)) of every contrast of rankings."""
        k = self.config.sharpness
        found = []
        if self.form in ("rlhf", "prototype"):
            score = self._scores(z, mask)
            for i in range(where.shape[1]):
                for j in range(i + 1, where.shape[1]):
                    found.append(self._pair(score[:, where[:, i]], score[:, where[:, j]], rank, i, j, 1.0))
            return found
        anchor = where[:, :1].expand_as(where)
        near = self._distances(z, mask, where, anchor)
        for i in range(1, where.shape[1]):
            for j in range(i + 1, where.shape[1]):
                found.append(self._pair(-near[:, :, i], -near[:, :, j], rank, i, j, k))
        if self.form == "pairs":
            other = self._others(where, picked)
            far = self._distances(z, mask, where, other[:, None].expand_as(where))
            for i in range(where.shape[1]):
                for j in range(i + 1, where.shape[1]):
                    found.append(self._pair(-far[:, :, i], -far[:, :, j], rank, i, j, k))
        return found

    @staticmethod
    def _pair(left: Tensor, right: Tensor, rank: Tensor, i: int, j: int, k: float) -> tuple[Tensor, Tensor, Tensor]:
        valid = ((rank[:, i] >= 0) & (rank[:, j] >= 0)).float()
        target = torch.where(rank[:, i] == rank[:, j], 0.5, 1.0)
        return k * (left - right), target, valid

    def _scores(self, z: Tensor, mask: Tensor) -> Tensor:
        """(e, n): the mean value of each video."""
        if self.form == "rlhf":
            each = SCALAR * z[..., 0]
        else:
            with torch.no_grad():
                good = self.heads(self.videos.feature[self.preferred])
            goal = nn.functional.normalize(ends(good, self.videos.mask[self.preferred]), dim=-1)
            each = COSINE * torch.einsum("entd,ed->ent", nn.functional.normalize(z, dim=-1), goal)
        return (each * mask).sum(-1) / mask.sum(-1)

    def _distances(self, z: Tensor, mask: Tensor, left: Tensor, right: Tensor) -> Tensor:
        """(e, b, m): transport between videos of the batch, by place; what is no video costs nothing."""
        a, b = left.clamp_min(0).flatten(), right.clamp_min(0).flatten()
        e = z.shape[0]
        masks = (m.expand(e, -1, -1) for m in (mask[a], mask[b]))
        return match(z[:, a], z[:, b], self.config.transport, *masks).distance.unflatten(1, left.shape)

    def _others(self, where: Tensor, picked: Tensor) -> Tensor:
        """For each ranking of the batch, the best video of another decided one in it; its own best if there is none."""
        decided = self.decided[picked]
        order = torch.nonzero(decided)[:, 0]
        found = where[:, 0].clone()
        if len(order) > 1:
            found[order] = where[order.roll(1), 0]
        if len(order):
            found[~decided] = where[order[0], 0]
        return found


def triplet_accuracy(value: Float32[Tensor, " n"], videos: Videos, ranked: Sequence[Ranked]) -> float:
    """How often a video's value orders two of a ranking as they are ranked; ties of values are half."""
    place = {number: i for i, number in enumerate(videos.ids)}
    right = []
    for each in ranked:
        for i in range(len(each.episodes)):
            for j in range(i + 1, len(each.episodes)):
                if each.rank[i] != each.rank[j]:
                    gap = float(value[place[each.episodes[i]]] - value[place[each.episodes[j]]])
                    right.append(0.5 if gap == 0 else float(gap > 0))
    return float(np.mean(right)) if right else float("nan")


def totals(values: Float32[Tensor, "e n t"], mask: Bool[Tensor, "n t"]) -> Float32[Tensor, "e n"]:
    """Mean over frames of each video, for each member."""
    return values.sum(-1) / mask.sum(-1)
