"""Every command as a call: ask about pairs, fit a reward, write it beside the episodes, train a policy on it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from pathlib import Path
from typing import Any, Literal

import numpy as np

from embodied import plugins, pricing
from embodied.aligning import read_rankings
from embodied.config import from_plain
from embodied.dataset import Dataset, load_dataset
from embodied.feedback import Answers, Budget, BudgetSpent, Labeler, Store, name
from embodied.labels import read_labels, write_labels, write_ratings
from embodied.presenting import Showing, consult
from embodied.pricing import Estimate
from embodied.stages import Stage
from embodied.terminal import Quit
from embodied.types import Pair, Policy, Preference, Ranking

Progress = Callable[[int, int], None] | None
Data = Dataset | str | Path
HERE = "this machine"
KEPT = "feedback.sqlite"
BATCH = 256  # questions
LIMITS = ("max_queries", "max_tokens", "max_money", "max_error_rate", "partial")


@dataclass(frozen=True)
class LabelConfig:
    """Which questions to put to whom."""

    labeler: str = "noisy"
    """A line of the table of labelers."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Passed to the labeler."""
    goal: str = ""
    """What the pictures are judged by; empty for the data's own sentence, if it has just one."""
    pairs: int = 4000
    group: int = 0
    """Ask about all pairs of so many frames at a time; 0 for independent pairs."""
    across: float = 0.5
    """Share of the questions that compare two episodes."""
    camera: str = "auto"
    """Moments that look alike here are not asked about; 'none' compares the state, 'auto' takes the first camera."""
    focus: str = ""
    """A fitted reward: ask only about the moments that it rates highest."""
    top: float = 0.3
    """The share of moments that count as highest."""
    orders: Literal["one", "both", "random"] = "one"
    """Show each pair as it is, in both orders, or in one of them at random."""
    inconsistent: Literal["abstained", "tie", "mean"] = "abstained"
    """What a pair is given on which the two orders disagree."""
    samples: int = 1
    """How often each presentation is asked."""
    max_queries: int | None = None
    max_tokens: int | None = None
    max_money: float | None = None
    """In the currency of the labeler's prices."""
    max_error_rate: float = 0.2
    """A larger share of failed queries stops the job."""
    partial: bool = False
    """Go on with what was answered when the budget, or the person asked, ends it, instead of stopping there."""

    def __post_init__(self) -> None:
        if self.pairs < 1:
            raise ValueError(f"pairs is {self.pairs}; ask about at least one")
        if not 0 < self.top <= 1:
            raise ValueError(f"top is {self.top}; it is a share above 0 and up to 1")
        if not 0 <= self.max_error_rate <= 1:
            raise ValueError(f"max_error_rate is {self.max_error_rate}; it is a share in [0, 1]")
        if self.samples < 1:
            raise ValueError(f"samples is {self.samples}; ask at least once")

    @property
    def limits(self) -> dict[str, Any]:
        """What may end the job before every pair is answered."""
        return {name: getattr(self, name) for name in LIMITS}

    @property
    def identity(self) -> dict[str, Any]:
        """What tells two jobs apart: limits do not, since they may change between two starts of one job."""
        kept = {name: value for name, value in vars(self).items() if name not in self.limits}
        return {**kept, "options": dict(self.options), "focus": bool(self.focus)}


def opened(dataset: Data) -> Dataset:
    """A data set, given as itself or as its path."""
    return dataset if isinstance(dataset, Dataset) else load_dataset(dataset)


def goal_of(dataset: Dataset, goal: str) -> str:
    """The sentence to judge by."""
    if goal:
        return goal
    if len(dataset.tasks) == 1 and dataset.tasks[0]:
        return dataset.tasks[0]
    raise ValueError(
        f"{dataset.path} has {len(dataset.tasks)} task sentences ({', '.join(map(repr, dataset.tasks[:3]))}); "
        "say with --goal (or --task) what all pictures are to be judged by"
    )


def label(
    dataset: Data,
    out: str | Path,
    config: LabelConfig | None = None,
    *,
    store: str | Path | None = None,
    seed: int = 0,
    permit: Callable[[str], bool] | None = None,
    progress: Progress = None,
) -> list[Preference]:
    """Have pairs of moments judged; `out` becomes a folder with labels.parquet, `store` keeps every answer.

    Asked again, it continues: nothing that was answered is asked twice. Before pictures leave this machine, `permit`
    is told where to; without its yes, ValueError. Raises LabelingStopped above the error rate, BudgetSpent where the
    budget ends and Quit where a person does; all keep what was answered.
    """
    config, data, folder = config or LabelConfig(), opened(dataset), Path(out)
    parents = (data.fingerprint(), *([reward_hash(config.focus)] if config.focus else []))
    stage = Stage(folder, "labels", config.identity, seed, parents)
    table = folder / "labels.parquet"
    if not stage.done():
        goal, labeler, showing = teacher(data, config, seed)
        where = getattr(labeler, "destination", HERE)
        if where != HERE and not (permit and permit(where)):
            raise ValueError(f"pictures of {data.path} would be sent to {where}, which nobody allowed; pass permit")
        pairs, groups = questions(data, config, labeler, seed)
        budget = Budget(config.max_queries, config.max_tokens, config.max_money)
        limited = budget if budget != Budget() else None
        with Store(store or folder / KEPT) as kept:
            try:
                answers = consult(
                    kept, labeler, data, goal, pairs, showing, groups=groups, budget=limited,
                    max_error_rate=config.max_error_rate, progress=progress, batch=batch_of(config.group),
                )  # fmt: skip
            except (BudgetSpent, Quit) as ended:
                if not config.partial:
                    raise
                answers = (
                    ended.answers
                    if isinstance(ended, BudgetSpent)
                    else known(kept, labeler, data, goal, pairs, showing)
                )
            usage = kept.ledger()
        flips = answers.flipped or (None,) * len(pairs)
        given = [(p, a, f) for p, a, f in zip(answers.pairs, answers.answers, flips, strict=True) if a is not None]
        write_labels(table, [p for p, _, _ in given], [a for _, a, _ in given], name(labeler), [f for *_, f in given])
        if answers.ratings:
            write_ratings(folder / "ratings.parquet", answers.ratings)
        stage.finish(goal=goal, by=name(labeler), counts=answers.counts(), usage=usage, limits=config.limits)
    elif stage.record()["counts"]["unasked"] and stage.record().get("limits") != config.limits:
        raise ValueError(
            f"{folder} was finished with {stage.record()['counts']['unasked']} pairs unanswered, under other limits; "
            f"ask for the rest in another folder with --store {store or folder / KEPT}, which asks nothing twice"
        )
    return read_labels(table)


def known(store: Store, labeler: Labeler, data: Dataset, goal: str, pairs: Sequence[Pair], showing: Showing) -> Answers:
    """The answers that there are, without asking for more."""
    try:
        return consult(store, labeler, data, goal, pairs, showing, budget=Budget(queries=0))
    except BudgetSpent as spent:
        return spent.answers


def batch_of(group: int) -> int:
    """How many questions are asked together: whole groups."""
    return BATCH // comb(group, 2) * comb(group, 2) or comb(group, 2) if group else BATCH


def estimate(
    dataset: Data, out: str | Path, config: LabelConfig | None = None, *, store: str | Path | None = None, seed: int = 0
) -> Estimate:
    """What `label` with the same arguments would still ask, and what that costs. Nothing is asked or written."""
    config, data = config or LabelConfig(), opened(dataset)
    goal, labeler, showing = teacher(data, config, seed)
    pairs, _ = questions(data, config, labeler, seed)
    return pricing.estimate(store or Path(out) / KEPT, labeler, data, goal, pairs, showing)


def teacher(data: Dataset, config: LabelConfig, seed: int) -> tuple[str, Any, Showing]:
    """The goal, who is asked about it, and how."""
    labeler = plugins.plugin("rewards:LABELERS", config.labeler, "labeler")(data, **config.options)
    goal = config.goal or "what a person took over for" if hasattr(labeler, "questions") else goal_of(data, config.goal)
    return goal, labeler, Showing(config.orders, config.samples, config.inconsistent, seed)


def questions(data: Dataset, config: LabelConfig, labeler: Any, seed: int) -> tuple[list[Any], Sequence[str]]:
    """The pairs to ask about, and the group each belongs to; a teacher may bring questions of its own."""
    if own := getattr(labeler, "questions", None):
        return own(config.pairs, np.random.default_rng(seed)), ()
    camera = {"auto": data.cameras[0] if data.cameras else None, "none": None}.get(config.camera, config.camera)
    pairs = plugins.load("rewards.pairs:select")(
        data, config.pairs, np.random.default_rng(seed), camera=camera, across=config.across, groups=config.group,
        moments=best_moments(data, config.focus, config.top) if config.focus else None,
    )  # fmt: skip
    return pairs, plugins.load("rewards.pairs:group_names")(pairs, config.group) if config.group else ()


def best_moments(data: Dataset, reward: str | Path, top: float) -> np.ndarray:
    """(m, 2) episode and frame of the share of moments that a reward values highest."""
    judge = saved_reward(reward)
    values = [judge.values(episode) for episode in data]
    moments = np.array([(int(i), t) for i, v in zip(data.ids, values, strict=True) for t in range(len(v))], np.int64)
    flat = np.concatenate(values)
    return moments[flat > np.quantile(flat, 1 - top)]


def saved_reward(folder: str | Path) -> Any:
    """The reward in a folder, of whatever kind; ValueError if there is none."""
    path = Path(folder) / "reward.json"
    if not path.exists():
        raise ValueError(f"{folder} holds no finished reward (no reward.json); `embodied fit-reward` makes one")
    kind = json.loads(path.read_text())["kind"]
    return plugins.plugin("rewards:LOADERS", kind, "reward")(folder)


def reward_hash(folder: str | Path) -> str:
    """Identity of a finished stage, to be a parent of another."""
    from embodied.config import read_manifest

    return str(read_manifest(Path(folder))["hash"])


def settings(table: str, name: str, kind: str, values: Mapping[str, Any]) -> Any:
    """A sibling's configuration object from plain values; unknown names are refused."""
    return from_plain(plugins.plugin(table, name, kind), values)


def fit_reward(
    dataset: Data,
    labels: Sequence[str | Path],
    out: str | Path,
    *,
    reward: str = "preference",
    config: Mapping[str, Any] | None = None,
    control: Literal["none", "shuffled"] = "none",
    weights: Literal["auto", "none"] | Mapping[str, float] = "auto",
    seed: int = 0,
    device: str = "auto",
    shared: Path | None = None,
    progress: Progress = None,
) -> Any:
    """Fit a reward to label tables; control "shuffled" deals the answers to other questions first.

    A reward that needs no labels may be given some: it then says how many it agrees with. ValueError where a reward
    needs labels and has none, or there is nothing to shuffle. With "auto" `weights` an answer counts as much as its
    source (`Preference.by`) can be trusted, found without any truth and written to sources.json (see `rewards.trust`);
    a mapping names the weights of sources, and the others keep theirs. In the folder `shared`, what does not depend on
    the answers is kept for the next reward.
    """
    data, folder = opened(dataset), Path(out)
    chosen = settings("rewards:CONFIGS", reward, "reward", config or {})
    check_labels(reward, chosen, labels, control)
    ranked = [path for path in labels if plugins.load("rewards.rankings:holds")(path)]
    labels = [path for path in labels if path not in ranked]
    rankings = read_rankings(data, ranked)
    parents = (data.fingerprint(), *(reward_hash(table_of(path).parent) for path in labels), *map(repr, rankings))
    about = {"reward": reward, "control": control, **({} if weights == "auto" else {"weights": weights})}
    stage = Stage(folder, "reward", {**about, **vars(chosen)}, seed, parents)
    if not stage.done():
        preferences = read_labels(*(table_of(path) for path in labels))
        if control == "shuffled":
            rng = np.random.default_rng(seed)
            preferences, rankings = shuffled(preferences, rng), [disordered(each, rng) for each in rankings]
        elif preferences and weights != "none":
            weigh = plugins.load("rewards.trust:weigh")
            preferences = weigh(data, preferences, weights, chosen, folder, seed=seed, device=device, shared=shared)
        fit = plugins.plugin("rewards:REWARDS", reward, "reward")
        if not getattr(chosen, "ranks", False):
            preferences = [*preferences, *(pair for each in rankings for pair in each.pairs())]
            rankings = []
        taught = [*preferences, *rankings]
        fit(data, taught, chosen, folder, seed=seed, device=device, shared=shared, progress=progress)
        stage.finish(preferences=len(taught))
    return plugins.plugin("rewards:LOADERS", reward, "reward")(folder)


def check_labels(reward: str, config: Any, labels: Sequence[str | Path], control: str) -> None:
    """Refuse a reward without the labels that it is fitted to, and a control that has nothing to control."""
    needs = getattr(config, "needs_labels", True)
    if needs and not labels:
        raise ValueError(f"the reward {reward!r} is fitted to answers; give folders made by `embodied label` as labels")
    if not needs and control != "none":
        raise ValueError(f"the reward {reward!r} is fitted to no answers, so control {control!r} would change nothing")


def disordered(ranking: Ranking, rng: np.random.Generator) -> Ranking:
    """The same episodes with the ranks dealt at random."""
    from dataclasses import replace

    return replace(ranking, segments=tuple(ranking.segments[i] for i in rng.permutation(len(ranking.segments))))


def feedback_stats(
    answers: Sequence[str | Path], dataset: Data | None = None, *, gold: str = "", truth: bool = True, seed: int = 0
) -> dict[str, Any]:
    """How far each source in these stores and label folders can be trusted, as plain data; see `rewards.sources`.

    With a `dataset`, answers are held against its progress, if it records any and `truth` is wanted, and against a
    reward fitted to the other answers; with `gold` (a store or label folder, or the beginning of a source's name)
    against those answers.
    """
    data = None if dataset is None else opened(dataset)
    return plugins.load("rewards.sources:statistics")(answers, data, gold=gold, truth=truth, seed=seed)


def table_of(path: str | Path) -> Path:
    """A label table, given as itself or as its folder."""
    return Path(path) / "labels.parquet" if Path(path).is_dir() else Path(path)


def shuffled(preferences: Sequence[Preference], rng: np.random.Generator) -> list[Preference]:
    """The same questions and the same answers, dealt at random: a control that knows nothing of the goal."""
    from dataclasses import replace

    dealt = rng.permutation([p.p_left for p in preferences])
    return [replace(p, p_left=float(a)) for p, a in zip(preferences, dealt, strict=True)]


def relabel(
    dataset: Data, reward: str | Path, column: str, *, folder: Path | None = None, progress: Progress = None
) -> Path:
    """Judge every action by a fitted reward and write that as a column; where there is one, it stays untouched."""
    from embodied.columns import write_column

    data = opened(dataset)
    judge = saved_reward(reward)
    values: dict[int, np.ndarray] = {}
    for episode in data:
        values[episode.id] = judge(episode)
        if progress:
            progress(len(values), len(data))
    return write_column(data, column, values, {"reward": reward_hash(reward), "data": data.fingerprint()}, folder)


def train(
    dataset: Data,
    out: str | Path,
    *,
    policy: str = "iql",
    reward: str = "recorded",
    config: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
) -> Policy:
    """Train a policy on a reward column ("recorded": the data's own; "constant": the control); resumes in `out`."""
    data = opened(dataset)
    chosen = settings("policies:CONFIGS", policy, "policy", config or {})
    fit = plugins.plugin("policies:POLICIES", policy, "policy")
    return fit(data, reward, chosen, Path(out), seed=seed, device=device, progress=progress)
