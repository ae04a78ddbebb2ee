"""The reward of aligned videos, fitted, saved and given: what each frame of an episode is worth, once it has ended.

A frame's value is the mean of the members', each standardised over the data it was fitted for; an action is judged by
the frame after it. Videos are thinned for it, and values between thinned frames are read off a straight line.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from safetensors.torch import load_file
from torch import Tensor

from embodied import plugins
from embodied.config import from_plain
from embodied.dataset import Dataset
from embodied.training import write_json, write_tensors
from embodied.types import Episode, Preference, Ranking
from rewards.frames import OWN, Encoder, Videos, encoded, load_encoder, padded, thinned
from rewards.rapl import Aligned, Ranked, align, totals, triplet_accuracy
from rewards.rapl_config import CHOSEN, Form, RaplConfig
from rewards.scored import camera_of

SCHEMA_VERSION = 1


class RaplReward:
    """A `RewardFn` of whole episodes."""

    def __init__(
        self, config: RaplConfig, aligned: Aligned, encoder: Encoder, scale: Tensor, told: dict[str, Any]
    ) -> None:
        self.config, self.aligned, self.encoder = config, aligned, encoder
        self.scale, self.told = scale, told
        """Mean and deviation of each member's values, (2, e)."""

    def members(self, videos: Videos) -> Float32[Tensor, "e n t"]:
        """Each member's standardised values of encoded videos."""
        values = self.aligned.values(videos, self.config.readout)
        return (values - self.scale[0][:, None, None]) / self.scale[1][:, None, None] * videos.mask

    def __call__(self, episode: Episode) -> Float32[np.ndarray, " T"]:
        """The value of the frame after each action."""
        frames = np.asarray(episode.obs[self.config.camera])
        at = thinned(len(frames), self.config.frames)
        videos = padded([self.encoder.encode(np.ascontiguousarray(frames[at]))], [0])
        value = self.members(videos)[:, 0].mean(0).numpy()
        return np.interp(np.arange(1, len(frames)), at, value).astype(np.float32)

    def save(self, out: Path) -> None:
        """`reward.safetensors` and the encoder, then `reward.json`, which says that the reward is complete."""
        out.mkdir(parents=True, exist_ok=True)
        write_tensors(out / "reward.safetensors", {**self.aligned.tensors(), "scale": self.scale})
        record = {"schema_version": SCHEMA_VERSION, "kind": "rapl", "config": asdict(self.config), **self.told}
        write_json(out / "reward.json", {**record, "form": self.aligned.form, "encoder_digest": self.encoder.digest})


def fit(
    dataset: Dataset,
    preferences: Sequence[Preference | Ranking],
    config: RaplConfig | None = None,
    out: Path | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    shared: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RaplReward:
    """Align a space with rankings (preferences are rankings of two) and measure it on those held out.

    With form "auto" the held-out rankings choose among `CHOSEN`, and what was chosen is fitted to all rankings.
    """
    config = config or RaplConfig()
    config = replace(config, camera=camera_of(dataset, config.camera))
    encoder, config = prepared(dataset, config, shared or out, seed, device)
    ranked = [ranked_of(each) for each in preferences]
    videos = encoded(dataset, encoder, config.camera, most=config.frames, progress=progress)
    training, watching = split(ranked, config.held_out, seed)
    forms: tuple[Form, ...] = CHOSEN if config.form == "auto" else (config.form,)
    found = {form: measured(videos, training, watching, form, config, seed) for form in forms}
    form = max(forms, key=lambda name: found[name]) if watching else forms[0]
    aligned = align(videos, ranked, form, config, seed)
    reward = RaplReward(config, aligned, encoder, torch.stack([torch.zeros(1), torch.ones(1)]), {})
    values = aligned.values(videos, config.readout)
    rows = values[:, videos.mask]
    std = rows.std(1, correction=0)
    reward.scale = torch.stack([rows.mean(1), torch.where(std > 1e-9, std, torch.ones_like(std))])
    every = triplet_accuracy(totals(reward.members(videos), videos.mask).mean(0), videos, ranked)
    reward.told = {
        "rankings": len(ranked), "held_out": {"accuracy": found[form], "rankings": len(watching)},
        "forms": found, "accuracy on all rankings": every, "seed": seed, "dataset": dataset.fingerprint(),
    }  # fmt: skip
    if out:
        reward.save(out)
    return reward


def prepared(
    dataset: Dataset, config: RaplConfig, folder: Path | None, seed: int, device: str
) -> tuple[Encoder, RaplConfig]:
    """The encoder meant; one of the data set's own frames is pre-trained into `folder`/encoder first."""
    if config.encoder not in OWN:
        return load_encoder(config.encoder, device), config
    if folder is None:
        raise ValueError(f"encoder {config.encoder!r} is pre-trained on the data, and needs a folder to lie in")
    place = folder / f"encoder-{config.encoder}"
    if not (place / "encoder.json").exists():
        pretrain_encoder(dataset, place, kind=config.encoder, camera=config.camera, seed=seed)
    return load_encoder(str(place)), replace(config, encoder=str(place))


def pretrain_encoder(
    dataset: Dataset, out: Path, *, kind: str = "objects", camera: str = "", seed: int = 0, **settings: Any
) -> dict[str, Any]:
    """Pre-train an encoder without labels on a data set's frames; its settings, also written to encoder.json."""
    module = plugins.find(OWN, kind, "kind of encoder").partition(":")[0]
    told, tensors = plugins.load(f"{module}:pretrain")(dataset, camera_of(dataset, camera), seed=seed, **settings)
    out.mkdir(parents=True, exist_ok=True)
    write_tensors(out / "encoder.safetensors", tensors)
    write_json(out / "encoder.json", {"kind": kind, "settings": told, "dataset": dataset.fingerprint()})
    return told


def ranked_of(given: Preference | Ranking) -> Ranked:
    """A ranking or preference between episodes, as rankings of episodes."""
    if isinstance(given, Ranking):
        return Ranked(tuple(s.episode for s in given.segments), given.rank)
    left, right = given.left.episode, given.right.episode
    if given.p_left == 0.5:
        return Ranked((left, right), (0, 0))
    return Ranked((left, right) if given.p_left > 0.5 else (right, left), (0, 1))


def split(ranked: Sequence[Ranked], held_out: float, seed: int) -> tuple[list[Ranked], list[Ranked]]:
    """Rankings to learn from, and to watch; too few to spare any leave none to watch."""
    order = np.random.default_rng([seed, 7]).permutation(len(ranked))
    count = round(held_out * len(ranked))
    return [ranked[i] for i in order[count:]], [ranked[i] for i in order[:count]]


def measured(
    videos: Videos, training: Sequence[Ranked], watching: Sequence[Ranked], form: Form, config: RaplConfig, seed: int
) -> float:
    """How often a form that is fitted to some rankings orders others rightly; NaN where there are none."""
    if not watching:
        return float("nan")
    aligned = align(videos, training, form, config, seed)
    return triplet_accuracy(totals(aligned.values(videos, config.readout), videos.mask).mean(0), videos, watching)


def load(folder: str | Path) -> RaplReward:
    """The reward saved there; ValueError where it is none, of a newer version, or its encoder was replaced."""
    path = Path(folder) / "reward.json"
    if not path.exists():
        raise ValueError(f"{folder} holds no finished reward (no reward.json); run `embodied fit-reward --reward rapl`")
    record = json.loads(path.read_text())
    if record.get("kind") != "rapl":
        raise ValueError(f"{path} is a reward of kind {record.get('kind')!r}, not 'rapl'")
    if record["schema_version"] > SCHEMA_VERSION:
        raise ValueError(f"{path} has schema version {record['schema_version']}; this program reads {SCHEMA_VERSION}")
    config = from_plain(RaplConfig, record["config"])
    encoder = load_encoder(config.encoder)
    if encoder.digest != record["encoder_digest"]:
        raise ValueError(f"the encoder {config.encoder!r} that {path} was fitted with has been replaced; fit it again")
    tensors = load_file(path.with_suffix(".safetensors"))
    aligned = Aligned.from_tensors(record["form"], config, tensors)
    told = {k: v for k, v in record.items() if k not in ("schema_version", "kind", "config", "form", "encoder_digest")}
    return RaplReward(config, aligned, encoder, tensors["scale"], told)


def episode_totals(
    folder: str | Path, dataset: Dataset, progress: Callable[[int, int], None] | None = None
) -> Float32[np.ndarray, "e n"]:
    """Each member's mean value of every episode of a data set, by a saved reward."""
    reward = load(folder)
    camera, most = camera_of(dataset, reward.config.camera), reward.config.frames
    videos = encoded(dataset, reward.encoder, camera, most=most, progress=progress)
    return totals(reward.members(videos), videos.mask).numpy()
