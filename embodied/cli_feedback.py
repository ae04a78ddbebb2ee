"""The commands about feedback: asking, fitting a reward to the answers, judging their sources, training the judge."""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from embodied.arguments import Pairs, agree, options, shown, weights_of


@dataclass
class Label:
    """Have pairs of moments of a data set judged by a teacher; every answer is kept, none is asked for twice."""

    dataset: Path
    out: Path
    """Folder of the label table."""
    labeler: str = "noisy"
    """judge, oracle, noisy, time, vlm, clip, roboclip, human, or faulty: an oracle that fails in one known way."""
    options: Pairs = field(default_factory=dict)
    """Passed to the labeler: NAME VALUE ..., such as `preset drawer`, or `model NAME base_url ADDRESS`."""
    goal: str = ""
    """What the pictures are judged by; the data's own sentence if it has just one."""
    pairs: int = 4000
    group: int = 0
    """Ask about all pairs of so many frames at a time."""
    across: float = 0.5
    """Share of the questions that compare two episodes."""
    camera: str = "auto"
    focus: str = ""
    """Ask about the moments that this fitted reward rates highest."""
    top: float = 0.3
    store: Path | None = None
    """Where answers are kept; feedback.sqlite in `out` if not given. Several runs may share one."""
    orders: Literal["one", "both", "random"] = "one"
    """Show each pair as it is, in both orders, or in one of them at random."""
    inconsistent: Literal["abstained", "tie", "mean"] = "abstained"
    """What a pair is given on which the two orders disagree."""
    samples: int = 1
    """How often each presentation is asked."""
    max_queries: int | None = None
    max_tokens: int | None = None
    max_money: float | None = None
    """In the currency of the labeler's options price_in and price_out, per million tokens."""
    max_error_rate: float = 0.2
    partial: bool = False
    """Go on with what was answered when the budget, or the person asked, ends it."""
    seed: int = 0
    yes: bool = False
    """Do not ask before pictures leave this machine."""
    estimate: bool = False
    """Ask nothing; say how many questions are open, and what they would take in tokens, money and time."""
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.config import read_manifest
        from embodied.steps import LabelConfig, estimate, label

        given = {field.name: getattr(self, field.name) for field in fields(LabelConfig)}
        config = LabelConfig(**{**given, "options": options(self.options)})
        if self.estimate:
            return vars(estimate(self.dataset, self.out, config, store=self.store, seed=self.seed))
        with shown(self.json, "answers") as tell:
            found = label(
                self.dataset, self.out, config, store=self.store, seed=self.seed, permit=agree(self.yes), progress=tell
            )
        return {"labels": str(self.out), "preferences": len(found), **read_manifest(self.out)["counts"]}


@dataclass
class FitReward:
    """Fit a reward to label tables, or measure the scale of one that needs none."""

    dataset: Path
    out: Path
    labels: list[Path] = field(default_factory=list)
    """Folders made by `embodied label`; all but preference need none, and say how well they agree with any given."""
    reward: str = "preference"
    """preference, judge, clip or roboclip."""
    config: Pairs = field(default_factory=dict)
    """Settings of the reward: NAME VALUE ..., such as `members 5 inputs '["state"]'`, or `negative "an empty bowl"`."""
    control: Literal["none", "shuffled"] = "none"
    """"shuffled" deals the answers to other questions first: what a reward is worth that knows nothing."""
    weights: list[str] = field(default_factory=lambda: ["auto"])
    """How much an answer counts: "auto" as much as its source can be trusted, found without any truth; "none" all
    alike; or SOURCE WEIGHT ..., such as `vlm:NAME 0.5`."""
    seed: int = 0
    device: str = "auto"
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.steps import fit_reward

        with shown(self.json, "members") as tell:
            fit_reward(
                self.dataset, self.labels, self.out, reward=self.reward, config=options(self.config),
                control=self.control, weights=weights_of(self.weights), seed=self.seed, device=self.device,
                progress=tell,
            )  # fmt: skip
        record = json.loads((self.out / "reward.json").read_text())
        return {"reward": str(self.out), **{k: v for k, v in record["held_out"].items() if k != "bins"}}


@dataclass
class Feedback:
    """Say how far each source of answers can be trusted, with the evidence."""

    action: Annotated[Literal["stats"], tyro.conf.Positional]
    answers: Annotated[list[Path], tyro.conf.Positional]
    """Feedback stores, or folders made by `embodied label`."""
    dataset: Path | None = None
    """What the answers are about. With recorded progress they are held against it; in any case against a reward that
    is fitted to other answers."""
    gold: str = ""
    """Answers to hold the others against: a folder or store, or the beginning of a source's name, such as `human`."""
    seed: int = 0
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied import show
        from embodied.steps import feedback_stats

        found = feedback_stats(self.answers, self.dataset, gold=self.gold, seed=self.seed)
        if not self.json:
            show.sources(found)
        return found


@dataclass
class Relabel:
    """Write a fitted reward beside the episodes as one more column; columns are never overwritten."""

    dataset: Path
    reward: Path
    """Folder made by `embodied fit-reward`."""
    name: str
    """The new column's name."""
    folder: Path | None = None
    """Where columns go if the data set is not to be touched."""
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.steps import relabel

        with shown(self.json, "episodes") as tell:
            path = relabel(self.dataset, self.reward, self.name, folder=self.folder, progress=tell)
        return {"column": self.name, "path": str(path)}


@dataclass
class TrainJudge:
    """Train an embedded judge from nothing: pose moments of its world, learn from them, and write its card."""

    out: Path
    """Gets judge.safetensors, judge.json and judge.md (judge_dressing.* for dressing), and keeps the posed moments; an
    unfinished one is continued."""
    world: Literal["tabletop", "dressing"] = "tabletop"
    """What it is to judge."""
    config: Pairs = field(default_factory=dict)
    """Settings: NAME VALUE ..., such as `groups 2000 epochs 4`."""
    seed: int = 0
    workers: int | None = None
    """Processes that pose, and threads that train; all cores if not given."""
    device: str = "auto"
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.judging import train_judge

        with shown(self.json, "scenes") as tell:
            card = train_judge(
                self.out, options(self.config), world=self.world, seed=self.seed, workers=self.workers,
                device=self.device, progress=tell,
            )  # fmt: skip
        tests = {
            name: {k: v for k, v in test.items() if not isinstance(v, list | dict)}
            for name, test in card["tests"].items()
        }
        stem = "judge" if self.world == "tabletop" else f"judge_{self.world}"
        return {"judge": str(self.out / f"{stem}.safetensors"), "sure": card["sure"], "tests": tests}
