"""Bradley-Terry reward ensembles over images or states, as in RL-VLM-F, with its faults mended.

A segment is preferred in proportion to the exponential of its summed reward (Bradley & Terry 1952; Christiano et
al. 2017): P(left > right) = sigmoid(sum r(left) - sum r(right)). Logits are unbounded, ties are targets of 0.5,
members stop early on pairs they did not see, and each is standardised before they are averaged. What an annotator's
error rate squeezes together (the last centimetre before the goal) is stretched again by `exponent`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float32
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from embodied.config import from_plain
from embodied.dataset import Dataset
from embodied.types import Episode
from embodied.vision import SpatialSoftmaxEncoder, to_float
from rewards.reading import Reader
from rewards.scored import shaped

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class PreferenceConfig:
    """How a reward is fitted to preferences."""

    inputs: tuple[str, ...] = ("front",)
    """One camera, or the low-dimensional arrays to judge by."""
    reads: tuple[str, ...] = ()
    """Low-dimensional observations that an encoder is first taught to read off the picture (see `rewards.reading`);
    empty: the pixels are judged directly."""
    reading_epochs: int = 8
    members: int = 3
    """Networks in the ensemble."""
    epochs: int = 12
    """Passes over the preferences at most; the best one on held-out pairs is kept."""
    batch: int = 128
    """Frames per update."""
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    hidden: int = 128
    size: int = 64
    """Pictures are averaged down to so many pixels."""
    shift: int = 3
    """Random shift augmentation [pixels]."""
    held_out: float = 0.1
    """Share of the preferences kept for early stopping and calibration."""
    ties: Literal["half", "drop"] = "half"
    """What a tie teaches: equal reward, or nothing."""
    smooth: int = 4
    """A frame's value is the mean over so many frames from it on; 1 switches this off."""
    exponent: float = 0.5
    """Reward = exp(exponent * standardised value), standardised again; 0 leaves the value as it is."""

    def __post_init__(self) -> None:
        if not self.inputs:
            raise ValueError("inputs is empty; name a camera or low-dimensional arrays")
        if self.members < 1 or self.epochs < 1 or self.smooth < 1:
            raise ValueError(f"members, epochs and smooth start at 1, not {self.members}, {self.epochs}, {self.smooth}")
        if not 0 < self.held_out < 1:
            raise ValueError(f"held_out is {self.held_out}; a share strictly between 0 and 1 is needed to stop early")


class RewardNet(nn.Module):
    """A frame's value: an encoder (pictures) or a normaliser (states), and two hidden layers; (n, ...) -> (n,)."""

    offset: Tensor
    spread: Tensor

    def __init__(self, image: bool, channels: int, hidden: int) -> None:
        super().__init__()
        self.encoder = SpatialSoftmaxEncoder(channels) if image else None
        self.register_buffer("offset", torch.zeros(channels))
        self.register_buffer("spread", torch.ones(channels))
        width = self.encoder.features if self.encoder else channels
        self.head = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
        )

    def forward(self, frames: Tensor) -> Tensor:
        features = self.encoder(frames) if self.encoder else (frames - self.offset) / self.spread
        return self.head(features).squeeze(-1)


class RewardEnsemble:
    """Several reward nets as one `RewardFn`; `episode -> (T,)`, judged by the frame after each action."""

    def __init__(
        self,
        config: PreferenceConfig,
        nets: Sequence[RewardNet],
        width: Mapping[str, int | bool],
        reader: Reader | None = None,
    ) -> None:
        self.config = config
        self.nets = nn.ModuleList(nets).eval()
        self.reader = reader
        self.width = dict(width)
        self.statistics = {
            "mean": torch.zeros(len(nets)),
            "std": torch.ones(len(nets)),
            "scale": torch.tensor([0.0, 1.0]),
        }
        self.device = torch.device("cpu")

    def to(self, device: str | torch.device) -> "RewardEnsemble":
        """The same nets on another device."""
        self.device = torch.device(device)
        self.nets.to(self.device)
        if self.reader:
            self.reader.to(self.device)
        return self

    def prepare(self, frames: np.ndarray) -> Tensor:
        """Frames as stored -> frames as the nets take them, (n, C, h, w) or (n, d)."""
        tensor = torch.from_numpy(np.require(frames, requirements=["C", "W"])).to(self.device)
        if not self.width["image"]:
            return tensor.float()
        picture = to_float(tensor, self.config.size)
        return self.reader(picture) if self.reader else picture

    @torch.no_grad()
    def members(self, frames: np.ndarray, batch: int = 512) -> Float32[np.ndarray, "k n"]:
        """Each member's raw value of each frame, unbounded."""
        found = []
        for i in range(0, len(frames), batch):
            prepared = self.prepare(frames[i : i + batch])
            found.append(torch.stack([net(prepared) for net in self.nets]))
        return torch.cat(found, dim=1).cpu().numpy()

    def value(self, frames: np.ndarray) -> Float32[np.ndarray, " n"]:
        """Mean of the members, each standardised over the data it was fitted for."""
        return self.standardised(frames).mean(axis=0)

    def standardised(self, frames: np.ndarray) -> Float32[np.ndarray, "k n"]:
        """Each member's value on a common scale: zero mean and unit deviation over the data."""
        mean, std = (self.statistics[name].numpy()[:, None] for name in ("mean", "std"))
        return ((self.members(frames) - mean) / std).astype(np.float32)

    def __call__(self, episode: Episode) -> Float32[np.ndarray, " T"]:
        shift, scale = self.statistics["scale"].tolist()
        return ((self.shaped(self.values(episode)) - shift) / scale).astype(np.float32)

    def values(self, episode: Episode) -> Float32[np.ndarray, " frames"]:
        """The value of each of the T + 1 frames."""
        return self.value(self.inputs(episode))

    def inputs(self, episode: Episode) -> np.ndarray:
        """What the nets judge of an episode, (T + 1, ...)."""
        missing = [name for name in self.config.inputs if name not in episode.obs]
        if missing:
            raise ValueError(f"this reward judges {missing[0]!r}; the episode offers {sorted(episode.obs)}")
        return joined([episode.obs[name] for name in self.config.inputs])

    def shaped(self, value: Float32[np.ndarray, " frames"]) -> Float32[np.ndarray, " actions"]:
        """From the values of all frames to the reward of each action, before the last standardisation."""
        return shaped(value, self.config.smooth, self.config.exponent)

    def calibrate(self, episodes: Sequence[Episode]) -> None:
        """Measure the members' and the reward's scale on these episodes."""
        frames = [self.inputs(episode) for episode in episodes]
        raw = np.concatenate([self.members(f) for f in frames], axis=1)
        self.statistics["mean"] = torch.from_numpy(raw.mean(axis=1))
        self.statistics["std"] = torch.from_numpy(np.maximum(raw.std(axis=1), 1e-6))
        reward = np.concatenate([self.shaped(self.value(f)) for f in frames])
        self.statistics["scale"] = torch.tensor([float(reward.mean()), max(float(reward.std()), 1e-6)])

    def save(self, folder: Path, **record: Any) -> None:
        """Weights as safetensors, then reward.json: whoever sees the latter sees a whole reward."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"nets.{k}": v.contiguous().cpu() for k, v in self.nets.state_dict().items()}
        if self.reader:
            tensors |= {f"reader.{k}": v.contiguous().cpu() for k, v in self.reader.state_dict().items()}
        save_file({**tensors, **self.statistics}, folder / "reward.safetensors")
        text = json.dumps(
            {"schema_version": SCHEMA_VERSION, "kind": "preference", "config": asdict(self.config), "width": self.width}
            | record,
            indent=1,
        )
        unfinished = folder / "reward.json.tmp"
        unfinished.write_text(text)
        unfinished.rename(folder / "reward.json")


def joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """One picture, or several low-dimensional arrays side by side: (n, H, W, C) or (n, d)."""
    if arrays[0].ndim == 4:
        if len(arrays) > 1:
            raise ValueError("a reward judges one camera; give several as one wide picture")
        return arrays[0]
    return np.concatenate([np.asarray(a, np.float32).reshape(len(a), -1) for a in arrays], axis=1)


def build(config: PreferenceConfig, width: Mapping[str, int | bool], seed: int = 0) -> RewardEnsemble:
    """A fresh ensemble; weights depend on `seed` alone and leave the global generator as it was."""
    read = int(width.get("read", 0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        image, channels = (False, read) if read else (bool(width["image"]), int(width["channels"]))
        nets = [RewardNet(image, channels, config.hidden) for _ in range(config.members)]
        reader = Reader(int(width["channels"]), read) if read else None
    return RewardEnsemble(config, nets, width, reader)


def load(folder: str | Path) -> RewardEnsemble:
    """Read what `save` wrote; refuses other kinds and newer versions by name."""
    path = Path(folder) / "reward.json"
    if not path.exists():
        raise ValueError(
            f"{folder} holds no finished reward (no reward.json); run `embodied fit-reward --out {folder}`"
        )
    record = json.loads(path.read_text())
    if record["schema_version"] > SCHEMA_VERSION:
        raise ValueError(f"{path} has schema version {record['schema_version']}; this program reads {SCHEMA_VERSION}")
    config = from_plain(PreferenceConfig, record["config"])
    ensemble = build(config, record["width"])
    tensors = load_file(path.with_name("reward.safetensors"))
    ensemble.nets.load_state_dict({k.removeprefix("nets."): v for k, v in tensors.items() if k.startswith("nets.")})
    if ensemble.reader:
        own = {k.removeprefix("reader."): v for k, v in tensors.items() if k.startswith("reader.")}
        ensemble.reader.load_state_dict(own)
        ensemble.reader.eval()
    ensemble.statistics = {k: tensors[k] for k in ensemble.statistics}
    return ensemble


def describe(dataset: Dataset, config: PreferenceConfig) -> dict[str, int | bool]:
    """Whether the inputs are a picture, how many channels or dimensions they have, and how many are read off it."""
    for name in (*config.inputs, *config.reads):
        if name not in dataset.spec.obs:
            raise ValueError(f"{dataset.path} has no observation {name!r}; it offers {sorted(dataset.spec.obs)}")
    first = dataset.spec.obs[config.inputs[0]]
    if first.is_image:
        return {"image": True, "channels": first.shape[-1], "read": _dimensions(dataset, config.reads)}
    if config.reads:
        raise ValueError(f"{config.inputs[0]!r} is no picture, so {config.reads[0]!r} cannot be read off it")
    return {"image": False, "channels": _dimensions(dataset, config.inputs)}


def _dimensions(dataset: Dataset, names: Sequence[str]) -> int:
    if images := [name for name in names if dataset.spec.obs[name].is_image]:
        raise ValueError(f"{images[0]!r} is a picture; name low-dimensional arrays, or one camera alone")
    return sum(int(np.prod(dataset.spec.obs[name].shape)) for name in names)
