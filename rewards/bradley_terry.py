"""Fitting a reward ensemble to preferences: shared frames encoded once, held-out early stopping, resumable."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn

from embodied.config import config_hash
from embodied.dataset import Dataset
from embodied.types import Episode, Preference, Segment
from embodied.vision import shifted, to_float
from rewards.preference import PreferenceConfig, RewardEnsemble, RewardNet, build, describe, joined
from rewards.reading import fit_reader, read, sample

SAMPLE = 2048  # frames, at least, on which the scale of the reward is measured
BINS = 10

Unit = tuple[np.ndarray, np.ndarray]  # the pairs, and the frames they need


@dataclass(frozen=True, eq=False)
class PairData:
    """Preferences over a table of distinct frames.

    `left` and `right` are (P, L) rows of that table, -1 where a segment is shorter than the longest; the weights
    that `gather` gives are 1 on average, so that they change what counts and not how large an update is.
    """

    frames: Tensor
    left: np.ndarray
    right: np.ndarray
    p_left: np.ndarray
    weight: np.ndarray


def table(preferences: Sequence[Preference], moments: dict[tuple[int, int], int]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `moments` for both sides, filling `moments` with (episode, frame) as they are met."""
    longest = max(len(s) for p in preferences for s in (p.left, p.right))

    def rows(segment: Segment) -> list[int]:
        found = [moments.setdefault((segment.episode, t), len(moments)) for t in range(segment.start, segment.stop)]
        return found + [-1] * (longest - len(found))

    return np.array([rows(p.left) for p in preferences]), np.array([rows(p.right) for p in preferences])


def gather(dataset: Dataset, preferences: Sequence[Preference], config: PreferenceConfig) -> PairData:
    """The preferences with their frames in memory, pictures already at the nets' size."""
    moments: dict[tuple[int, int], int] = {}
    left, right = table(preferences, moments)
    frames = inputs_at(dataset, config, np.array(list(moments), np.int64))
    p_left = np.array([p.p_left for p in preferences], np.float32)
    weight = np.array([p.weight for p in preferences])
    return PairData(frames, left, right, p_left, (weight / weight.mean()).astype(np.float32))


def inputs_at(dataset: Dataset, config: PreferenceConfig, moments: np.ndarray) -> Tensor:
    """Frames (n, h, w, C) of bytes or states (n, d) for (n, 2) moments."""
    if describe(dataset, config)["image"]:
        return read_pictures(dataset, config, moments)
    return recorded(dataset, config.inputs, moments)


def read_pictures(dataset: Dataset, config: PreferenceConfig, moments: np.ndarray) -> Tensor:
    """Pictures as bytes at the nets' size, (n, size, size, C)."""
    chunks = []
    for i in range(0, len(moments), 1024):
        picture = torch.from_numpy(dataset.frames(config.inputs[0], moments[i : i + 1024])).permute(0, 3, 1, 2)
        if picture.shape[-1] != config.size:
            picture = nn.functional.interpolate(picture.float(), size=(config.size,) * 2, mode="area").round()
        chunks.append(picture.byte().permute(0, 2, 3, 1).contiguous())
    return torch.cat(chunks)


def recorded(dataset: Dataset, names: Sequence[str], moments: np.ndarray) -> Tensor:
    """Low-dimensional observations side by side at (n, 2) moments, (n, d)."""
    arrays = dataset.low_dim(names)
    start = {int(e): int(s) for e, s in zip(dataset.ids, first_frames(dataset), strict=True)}
    rows = np.array([start[int(e)] + int(t) for e, t in moments])
    return torch.from_numpy(joined([arrays[name][rows] for name in names]))


def first_frames(dataset: Dataset) -> np.ndarray:
    """Where each episode starts among all frames."""
    return np.concatenate([[0], np.cumsum(dataset.lengths + 1)[:-1]])


def units(data: PairData, batch: int) -> list[Unit]:
    """Pairs that share frames, kept together so that a frame is encoded once; split where larger than a batch."""
    first = np.where(data.left >= 0, data.left, data.left[:, :1])
    other = np.where(data.right >= 0, data.right, data.right[:, :1])
    sides = np.concatenate([first, other], axis=1)
    edges = np.stack([np.repeat(sides[:, :1], sides.shape[1], axis=1).ravel(), sides.ravel()])
    n = len(data.frames)
    _, component = connected_components(coo_array((np.ones(edges.shape[1]), edges), shape=(n, n)), directed=False)
    owner = component[sides[:, 0]]
    order = np.argsort(owner, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(owner[order])) + 1)
    found = []
    for group in groups:
        parts = [group] if len(np.unique(sides[group])) <= batch else np.array_split(group, -(-len(group) * 2 // batch))
        found += [(part, np.unique(sides[part])) for part in parts]
    return found


def batches(parts: Sequence[Unit], batch: int, rng: np.random.Generator | None) -> list[Unit]:
    """Units put together, in random order where an rng is given, until each holds about `batch` frames."""
    order = list(parts) if rng is None else [parts[i] for i in rng.permutation(len(parts)).tolist()]
    found: list[Unit] = []
    pairs: list[np.ndarray] = []
    frames: list[np.ndarray] = []
    for more_pairs, more_frames in order:
        pairs.append(more_pairs)
        frames.append(more_frames)
        if sum(map(len, frames)) >= batch:
            found.append((np.concatenate(pairs), np.unique(np.concatenate(frames))))
            pairs, frames = [], []
    if pairs:
        found.append((np.concatenate(pairs), np.unique(np.concatenate(frames))))
    return found


def updates(parts: Sequence[Unit], batch: int, epochs: int, seed: int) -> int:
    """How many batches there are in so many epochs at most; units of uneven sizes make more of them in some orders."""
    rng = np.random.default_rng(seed)
    needed = sum(len(batches(parts, batch, rng)) for _ in range(epochs))
    return max(needed, (len(batches(parts, batch, None)) + 1) * epochs)


def logits(value: Callable[[Tensor], Tensor], data: PairData, unit: Unit, device: torch.device) -> Tensor:
    """sum r(left) - sum r(right) for the pairs of a unit; `value` maps its frames to (n,)."""
    pairs, frames = unit
    local = np.full(len(data.frames) + 1, len(frames))
    local[frames] = np.arange(len(frames))
    local[-1] = len(frames)  # the padding row, worth nothing
    values = torch.cat([value(data.frames[torch.from_numpy(frames)].to(device)), torch.zeros(1, device=device)])
    left, right = (torch.from_numpy(local[side[pairs]]).to(device) for side in (data.left, data.right))
    return values[left].sum(1) - values[right].sum(1)


def loss(logit: Tensor, data: PairData, pairs: np.ndarray) -> Tensor:
    """Mean over the pairs of the answers' weight times their negative log-likelihood."""
    target = torch.from_numpy(data.p_left[pairs]).to(logit.device)
    weight = torch.from_numpy(data.weight[pairs]).to(logit.device)
    each = nn.functional.binary_cross_entropy_with_logits(logit, target, reduction="none")
    return (each * weight).mean()


@torch.no_grad()
def held_out(net: RewardNet, data: PairData, parts: Sequence[Unit], device: torch.device) -> dict[str, Any]:
    """Negative log-likelihood, and accuracy among decided pairs, of pairs that were not trained on."""
    pairs = np.concatenate([pairs for pairs, _ in parts])
    logit = torch.cat([logits(lambda f: net(as_input(f)), data, unit, device).cpu() for unit in parts])
    decided = data.p_left[pairs] != 0.5
    right = (logit.numpy() > 0) == (data.p_left[pairs] > 0.5)
    accuracy = float(right[decided].mean()) if decided.any() else float("nan")
    return {"nll": float(loss(logit, data, pairs)), "accuracy": accuracy}


def as_input(frames: Tensor) -> Tensor:
    """Stored frames as a net takes them: pictures in [0, 1], states as they are."""
    return to_float(frames) if frames.ndim == 4 else frames


def fit_member(
    net: RewardNet,
    data: PairData,
    parts: tuple[list[Unit], list[Unit]],
    config: PreferenceConfig,
    seed: int,
    device: torch.device,
) -> list[dict[str, Any]]:
    """Train one net in place to its best epoch on the held-out pairs; returns the learning curve."""
    train, test = parts
    shift = config.shift if net.encoder else 0

    def value(frames: Tensor) -> Tensor:
        return net(shifted(as_input(frames), shift, generator) if shift else as_input(frames))

    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    steps = updates(train, config.batch, config.epochs, seed)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, total_steps=steps)
    curve, best = [], {"nll": float("inf")}
    kept = {k: v.clone() for k, v in net.state_dict().items()}
    test_batches = batches(test, 512, None)
    for epoch in range(config.epochs):
        net.train()
        total = []
        for unit in batches(train, config.batch, rng):
            logit = logits(value, data, unit, device)
            objective = loss(logit, data, unit[0])
            optimiser.zero_grad(set_to_none=True)
            objective.backward()
            optimiser.step()
            schedule.step()
            total.append(objective.detach())
        train_nll = float(torch.stack(total).mean())
        if not np.isfinite(train_nll):
            raise ValueError(
                f"the reward's loss became {train_nll} in epoch {epoch}; lower learning_rate ({config.learning_rate})"
            )
        curve.append({"epoch": epoch, "train_nll": train_nll} | held_out(net.eval(), data, test_batches, device))
        if curve[-1]["nll"] < best["nll"]:
            best = curve[-1]
            kept = {k: v.clone() for k, v in net.state_dict().items()}
    net.load_state_dict(kept)
    return curve


def usable(preferences: Sequence[Preference], config: PreferenceConfig) -> list[Preference]:
    """Those that teach something; refuses a set from which nothing can be learned."""
    kept = [p for p in preferences if p.weight > 0 and (config.ties == "half" or p.p_left != 0.5)]
    if sum(p.p_left != 0.5 for p in kept) < 2:
        raise ValueError(
            f"{len(kept)} usable preferences of {len(preferences)}, fewer than 2 of them decided: a reward cannot be "
            "fitted to ties and abstentions; ask about more different moments or another labeler"
        )
    return kept


def split(data: PairData, config: PreferenceConfig, rng: np.random.Generator) -> tuple[list[Unit], list[Unit]]:
    """(training, held-out) units; no frame is in both unless all pairs hang together."""
    parts = units(data, config.batch)
    order, wanted, taken = rng.permutation(len(parts)), config.held_out * len(data.p_left), 0
    if len(parts) == 1:
        pairs = rng.permutation(parts[0][0])
        cut = min(max(1, int(wanted)), len(pairs) - 1)
        return [(pairs[cut:], _frames(data, pairs[cut:]))], [(pairs[:cut], _frames(data, pairs[:cut]))]
    test: list[Unit] = []
    for i in order[:-1]:
        if taken >= wanted and test:
            break
        test.append(parts[i])
        taken += len(parts[i][0])
    return [parts[i] for i in order[len(test) :]], test


def _frames(data: PairData, pairs: np.ndarray) -> np.ndarray:
    found = np.unique(np.concatenate([data.left[pairs], data.right[pairs]], axis=None))
    return found[found >= 0]


def sample_episodes(dataset: Dataset, rng: np.random.Generator, images: bool) -> list[Episode]:
    """Random episodes that hold at least SAMPLE frames together."""
    found, frames = [], 0
    for i in rng.permutation(len(dataset)):
        found.append(dataset.episode(int(dataset.ids[i]), images=images))
        frames += len(found[-1]) + 1
        if frames >= SAMPLE:
            break
    return found


@torch.no_grad()
def reliability(ensemble: RewardEnsemble, data: PairData, parts: Sequence[Unit]) -> dict[str, Any]:
    """Held-out pairs: the mean member's stated probability against how often it was right, in bins of confidence."""
    pairs = np.concatenate([pairs for pairs, _ in parts])
    nets = [net for net in ensemble.nets if isinstance(net, RewardNet)]
    each = [
        torch.cat([logits(lambda f, n=net: n(as_input(f)), data, u, ensemble.device) for u in parts]) for net in nets
    ]
    stated = torch.sigmoid(torch.stack(each)).mean(0).cpu().numpy()
    label = data.p_left[pairs]
    decided = label != 0.5
    confidence, right = np.maximum(stated, 1 - stated)[decided], ((stated > 0.5) == (label > 0.5))[decided]
    place = np.minimum(((confidence - 0.5) * 2 * BINS).astype(int), BINS - 1)
    bins = [
        {"stated": float(confidence[place == b].mean()), "right": float(right[place == b].mean()), "n": int(n)}
        for b in range(BINS)
        if (n := (place == b).sum())
    ]
    error = sum(b["n"] * abs(b["stated"] - b["right"]) for b in bins) / max(1, decided.sum())
    accuracy = float(right.mean()) if decided.any() else float("nan")
    return {"accuracy": accuracy, "calibration_error": float(error), "decided": int(decided.sum()), "bins": bins}


def save_member(net: nn.Module, curve: list[dict[str, Any]], path: Path) -> None:
    """Keep a finished member, curve first: whoever sees the weights has both."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(curve))
    unfinished = path.with_suffix(".tmp")
    save_file(net.state_dict(), unfinished)
    unfinished.rename(path)


def fit(
    dataset: Dataset,
    preferences: Sequence[Preference],
    config: PreferenceConfig | None = None,
    out: Path | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    shared: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RewardEnsemble:
    """Fit the ensemble; with `out`, finished members survive a kill and the result is saved there.

    In the folder `shared`, an encoder that was taught to read is kept for every reward fitted to the same data.
    Raises ValueError where there is nothing to learn from, or an input that the data lacks.
    """
    config = config or PreferenceConfig()
    width = describe(dataset, config)
    data = gather(dataset, usable(preferences, config), config)
    train, test = split(data, config, np.random.default_rng(seed))
    ensemble = build(config, width, seed)
    ensemble.to(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    record: dict[str, Any] = {"preferences": len(preferences), "seed": seed}
    if width.get("read"):
        record["reading"] = teach_to_read(ensemble, dataset, seed, shared or out)
        data = replace(data, frames=read(ensemble.reader, data.frames, ensemble.device))  # type: ignore[arg-type]
    curves = []
    for k, net in enumerate(ensemble.nets):
        if data.frames.ndim == 2:
            net.offset.copy_(data.frames.mean(0))  # type: ignore[operator, union-attr]
            net.spread.copy_(data.frames.std(0).clamp_min(1e-6))  # type: ignore[operator, union-attr]
        done = out / f"member-{k}.safetensors" if out else None
        if done and done.exists():
            net.load_state_dict(load_file(done))
            curves.append(json.loads(done.with_suffix(".json").read_text()))
        else:
            curves.append(fit_member(net, data, (train, test), config, seed * 1000 + k, ensemble.device))  # type: ignore[arg-type]
            if done:
                save_member(net, curves[-1], done)
        if progress:
            progress(k + 1, config.members)
    ensemble.calibrate(sample_episodes(dataset, np.random.default_rng(seed), bool(width["image"])))
    if out:
        record["held_out"] = reliability(ensemble, data, test) | {"pairs": sum(len(pairs) for pairs, _ in test)}
        ensemble.save(out, curves=curves, **record)
        for rest in (*out.glob("member-*"), *out.glob("reader-*")):
            rest.unlink()
    return ensemble


def teach_to_read(ensemble: RewardEnsemble, dataset: Dataset, seed: int, shared: Path | None) -> dict[str, Any]:
    """Replace the ensemble's reader by a taught one; says how well it reads pictures that it did not see."""
    config = ensemble.config
    moments = sample(dataset, np.random.default_rng(seed))
    target = recorded(dataset, config.reads, moments)
    target = (target - target.mean(0)) / target.std(0).clamp_min(1e-6)
    about = [config.inputs, config.reads, config.size, config.reading_epochs, seed]
    kept = shared / f"reader-{config_hash(about, [dataset.fingerprint()])[:16]}.safetensors" if shared else None
    ensemble.reader, r2 = fit_reader(
        read_pictures(dataset, config, moments), target,
        epochs=config.reading_epochs, seed=seed, device=ensemble.device, out=kept,
    )  # fmt: skip
    return {"observations": list(config.reads), "r2": r2, "frames": len(moments)}
