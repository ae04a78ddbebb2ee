"""The commands around rankings of videos: ranking, pre-training an encoder, aligning a policy."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from embodied.arguments import Pairs, options, shown


@dataclass
class Rank:
    """Rank episodes of a data set, a few at a time, by what was measured of them: what a person would say, for studies.

    A person's own are a rankings.json, best first, equal ranks for ties:
    {"by": "NAME", "rankings": [{"episodes": [4, 7, 2], "rank": [0, 1, 1]}]}.
    """

    dataset: Path
    out: Path
    """Gets rankings.json."""
    score: str = "-cost"
    """A measure or reward column, summed up over the episode; with a minus, less is better."""
    rankings: int = 50
    size: int = 3
    """Episodes in each."""
    gap: float = 0.1
    """Episodes closer than this share of the scores' range are not ranked."""
    equal: int = 0
    """So many rankings more of episodes that are equal."""
    flip: float = 0.0
    """Share of the rankings turned round, to see what wrong ones do."""
    seed: int = 0
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.aligning import rank

        count = rank(
            self.dataset, self.out, self.score, seed=self.seed, count=self.rankings, size=self.size, gap=self.gap,
            equal=self.equal, flip=self.flip,
        )  # fmt: skip
        return {"rankings": str(self.out), "count": count}


@dataclass
class PretrainEncoder:
    """Pre-train an encoder on a data set's own frames, without labels, for `fit-reward --reward rapl`."""

    dataset: Path
    out: Path
    kind: Literal["objects", "contrastive"] = "objects"
    """objects: where things of each colour are. contrastive: what tells the moments of a video apart."""
    camera: str = ""
    config: Pairs = field(default_factory=dict)
    """Settings: NAME VALUE ..., such as `things 4` or `steps 2000`."""
    seed: int = 0
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.aligning import pretrain

        return {"encoder": str(self.out), **pretrain(
            self.dataset, self.out, kind=self.kind, camera=self.camera, seed=self.seed, config=options(self.config)
        )}  # fmt: skip


@dataclass
class Finetune:
    """Align a diffusion policy with preferences between its own episodes."""

    policy: Path
    """Folder made by `embodied train --policy diffusion`."""
    dataset: Path
    """Episodes to compare, as a rule the policy's own: `embodied intervene`, `embodied collect`."""
    out: Path
    rankings: list[Path] = field(default_factory=list)
    """Folders with rankings.json: what was said."""
    reward: Path | None = None
    """A fitted reward: pairs of which its members are sure are added."""
    pairs: int = 200
    """So many of those, at most."""
    demos: Path | None = None
    """Demonstrations that the policy shall not forget."""
    method: Literal["anchored", "dpo", "winners", "rwr", "kto"] = "anchored"
    config: Pairs = field(default_factory=dict)
    """Settings: NAME VALUE ..., such as `steps 4000 anchor 0.5`."""
    seed: int = 0
    device: str = "auto"
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.aligning import align

        with shown(self.json, "episodes") as tell:
            return align(
                self.policy, self.dataset, self.out, rankings=self.rankings, reward=self.reward, pairs=self.pairs,
                demos=self.demos, config={"method": self.method, **options(self.config)}, seed=self.seed,
                device=self.device, progress=tell,
            )  # fmt: skip
