"""The worlds that embedded judges know: weights, networks and cameras, and which of them a data set shows."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from safetensors.torch import load_file
from torch import Tensor, nn

from embodied.vision import to_float
from rewards.judge_dressing_network import DressingNet
from rewards.judge_network import JudgeNet
from rewards.sentences import COLOURS, PREDICATES, Meaning, OutOfScope, understand
from rewards.sentences_dressing import GARMENTS

CAMERA, SIZE = "front", 96
THUMBNAIL = 24
STRANGE = 0.03
"""Share of cells of a colour never seen there above which it is another world or camera; its own stays below 0.02."""

LOOKED_AT = 64  # frames of a data set, to know its world by
AT_ONCE = 32  # pictures; what fits the cache is twice as fast as ten times as many


@dataclass(frozen=True)
class Expertise:
    """One world's judge: the package's weights, what its card must say that it knows, its network, and how that is
    asked: (network, pictures, meaning) -> (2, n), score and doubt."""

    shown: str
    weights: Path
    knows: Mapping[str, Sequence[str]]
    network: Callable[[], nn.Module]
    ask: Callable[[Any, Tensor, Meaning], Tensor]


def ask_tabletop(net: JudgeNet, pictures: Tensor, meaning: Meaning) -> Tensor:
    codes = torch.tensor([meaning.codes()]).expand(len(pictures), -1)
    judged = net(net.look(pictures), codes)
    return torch.stack([judged.score, judged.doubt])


def ask_dressing(net: DressingNet, pictures: Tensor, meaning: Meaning) -> Tensor:
    seen = net(pictures)
    return torch.stack([seen.score, seen.doubt])


WORLDS: Mapping[str, Expertise] = {
    "tabletop": Expertise(
        "the tabletop", Path(__file__).with_name("judge.safetensors"), {"colours": COLOURS},
        lambda: JudgeNet(len(PREDICATES), len(COLOURS)), ask_tabletop,
    ),
    "dressing": Expertise(
        "a sleeve and a person's arm", Path(__file__).with_name("judge_dressing.safetensors"), {"garments": GARMENTS},
        DressingNet, ask_dressing,
    ),
}  # fmt: skip
"""world of a meaning -> who judges it"""


class Judge:
    """Weights and what they are good for: scores pictures by how far a wish has come in them."""

    def __init__(self, world: str, net: nn.Module, card: Mapping[str, Any], seen: Mapping[str, Tensor], digest: str):
        self.world, self.net, self.card, self.seen, self.digest = world, net.eval(), dict(card), dict(seen), digest

    @torch.no_grad()
    def __call__(
        self, frames: UInt8[np.ndarray, "n h w 3"], meaning: Meaning
    ) -> tuple[Float32[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
        """Score and doubt [progress] of each picture; OutOfScope for a wish of another world."""
        self.check(meaning)
        parts = (frames[start : start + AT_ONCE] for start in range(0, len(frames), AT_ONCE))
        found = [WORLDS[self.world].ask(self.net, pictures(part), meaning) for part in parts]
        score, doubt = torch.cat(found, dim=1).numpy() if found else np.zeros((2, 0), np.float32)
        return score, doubt

    def check(self, meaning: Meaning, sentence: str = "") -> None:
        """OutOfScope for a wish of another world."""
        if meaning.world != self.world:
            wish = repr(sentence) if sentence else f"a wish of kind {meaning.predicate!r}"
            raise OutOfScope(
                f"{wish} is about something that this world lacks: it is {WORLDS[self.world].shown}, and the wish is "
                f"about {WORLDS[meaning.world].shown}"
            )

    def strangeness(self, frames: UInt8[np.ndarray, "n h w 3"]) -> float:
        """The share of a picture's cells that are of a colour never seen there in training; the median of them."""
        small = thumbnail(frames)
        return float(((small < self.seen["low"]) | (small > self.seen["high"])).any(1).float().mean((1, 2)).median())


def pictures(frames: UInt8[np.ndarray, "n h w 3"], size: int | None = None) -> Tensor:
    """Frames as a network takes them."""
    return to_float(torch.from_numpy(np.require(frames, requirements=["C", "W"])), size)


def thumbnail(frames: UInt8[np.ndarray, "n h w 3"]) -> Tensor:
    """Pictures averaged down, (n, 3, THUMBNAIL, THUMBNAIL) in [0, 1]."""
    return pictures(frames, THUMBNAIL)


def load(weights: str | Path = "", world: str = "") -> Judge:
    """A judge from its weights, the package's own of a world (the tabletop if none is named) if none are named;
    ValueError where they are missing or foreign."""
    path = Path(weights) if weights else WORLDS[world or "tabletop"].weights
    card_path = path.with_suffix(".json")
    for needed in (path, card_path):
        if not needed.exists():
            of = f" --world {world}" if world else ""
            raise ValueError(f"there is no {needed}; train a judge with `embodied train-judge{of} --out {path.parent}`")
    card = json.loads(card_path.read_text())
    found = card.get("world", "tabletop")
    if card.get("kind") != "judge" or found not in WORLDS:
        raise ValueError(f"{card_path} describes no judge of {' or '.join(WORLDS)}; train one that is")
    if world and found != world:
        raise ValueError(f"{card_path} describes a judge of the world {found!r}, not {world!r}; name other weights")
    for what, names in WORLDS[found].knows.items():
        if card.get(what) != list(names):
            raise ValueError(f"{card_path} describes no judge of the {what} {', '.join(names)}; train one that is")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != card["sha256"]:
        raise ValueError(f"{path} is not the file that {card_path.name} describes; it is damaged or was replaced")
    tensors = load_file(path)
    net = WORLDS[found].network()
    net.load_state_dict({k.removeprefix("net."): v.float() for k, v in tensors.items() if k.startswith("net.")})
    return Judge(found, net, card, {k: tensors[k].float() for k in ("low", "high")}, digest)


def of(dataset: Any, camera: str, weights: str | Path = "") -> Judge:
    """The judge of the world that a data set shows.

    Its own sentences say which world it is; where they do not, its pictures do: the one to whose judge they are the
    least strange.
    """
    if weights:
        return load(weights)
    said = worlds(dataset.tasks)
    judges = [load(world=world) for world in (said if len(said) == 1 else WORLDS)]
    return min(judges, key=lambda judge: strangeness(judge, dataset, camera)) if len(judges) > 1 else judges[0]


def worlds(tasks: Sequence[str]) -> set[str]:
    """The worlds that sentences are about; none where one of them is not understood."""
    try:
        return {understand(task).world for task in tasks}
    except OutOfScope:
        return set()


def admitted(judge: Judge, dataset: Any, camera: str) -> None:
    """OutOfScope unless these are pictures of the world, by the camera, that the judge was trained on."""
    strange = strangeness(judge, dataset, camera)
    if strange > STRANGE:
        raise OutOfScope(
            f"these pictures show another world than {WORLDS[judge.world].shown} that the judge was trained on: "
            f"{strange:.0%} of them is of a colour that it never saw there, where {STRANGE:.0%} is allowed; "
            "ask another teacher"
        )


def strangeness(judge: Judge, dataset: Any, camera: str) -> float:
    """How strange the data set's pictures are to the judge; OutOfScope for another camera or size."""
    offers = ", ".join(dataset.cameras) or "no pictures at all"
    if camera not in dataset.cameras:
        raise OutOfScope(f"no camera {camera!r} to show the judge; the data set has {offers}")
    if camera != CAMERA:
        raise OutOfScope(f"the judge was trained on the camera {CAMERA!r} alone, not {camera!r}; ask another teacher")
    shape = tuple(dataset.spec.obs[camera].shape)
    if shape != (SIZE, SIZE, 3):
        raise OutOfScope(f"the judge was trained on pictures of {SIZE} x {SIZE} pixels; these are {shape}")
    ids, lengths = np.asarray(dataset.ids), np.asarray(dataset.lengths)
    chosen = np.linspace(0, len(ids) - 1, min(LOOKED_AT, 4 * len(ids))).round().astype(int)
    share = np.random.default_rng(0).permutation(len(chosen)) / max(1, len(chosen) - 1)  # early and late moments
    moments = np.stack([ids[chosen], (share * lengths[chosen]).astype(np.int64)], axis=1)
    return judge.strangeness(np.asarray(dataset.frames(camera, moments)))


def fits(meaning: Meaning, goal: str, tasks: Sequence[str]) -> None:
    """OutOfScope where the data set's own sentences say that its world lacks what the goal is about."""
    try:
        own = [understand(task) for task in tasks]
    except OutOfScope:
        return  # the data do not say
    garments = {one.garment for one in own}
    worn = meaning.garment is None or None in garments or meaning.garment in garments
    if own and not (worn and meaning.predicate in {one.predicate for one in own}):
        raise OutOfScope(
            f"{goal!r} is about something that this world lacks; its own sentences are of another kind, "
            f"such as {tasks[0]!r}"
        )
