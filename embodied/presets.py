"""What a whole run is made of, and the named choices of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from embodied import plugins
from embodied.collecting import CollectConfig
from embodied.plugins import find
from embodied.steps import LabelConfig

STARTS = 1_000_000_000
"""Evaluation starts count from here: no data set begins an episode there."""


ARM_REWARDS = ("learned", "recorded", "constant", "shuffled")


@dataclass(frozen=True)
class Arm:
    """One policy of a run, and the reward it is trained on."""

    policy: str
    reward: str = "learned"

    @property
    def name(self) -> str:
        """As it is written: policy:reward; behaviour cloning looks at no reward."""
        return self.policy if self.policy == "bc" else f"{self.policy}:{self.reward}"

    @classmethod
    def parse(cls, text: str) -> "Arm":
        """'iql:learned'; ValueError where the reward is none that a run makes.

        Besides those of ARM_REWARDS, every reward that needs no answers may be named: 'iql:judge'.
        """
        policy, _, reward = text.partition(":")
        if reward and reward not in ARM_REWARDS and not is_direct(reward):
            raise ValueError(
                f"arm {text!r}: no reward {reward!r}; a run has {', '.join(ARM_REWARDS)} "
                f"and those of the table that need no answers"
            )
        return cls(policy, reward or ("constant" if policy == "bc" else "learned"))


def is_direct(reward: str) -> bool:
    """Whether a name of the table of rewards stands for one that is not fitted to answers."""
    if reward not in plugins.load("rewards:REWARDS"):
        return False
    return not getattr(plugins.plugin("rewards:CONFIGS", reward, "reward"), "needs_labels", True)


CONTROLS = ("iql:learned", "iql:recorded", "iql:constant", "bc", "filtered-bc:learned")


@dataclass(frozen=True)
class RunConfig:
    """The whole job: episodes, feedback, reward, policies, evaluation, report."""

    collect: CollectConfig | None = field(default_factory=CollectConfig)
    """How to record the episodes; nothing where a data set is given."""
    env: str = "envs:embodied/PutBlockInBowl-v0"
    """Where policies are evaluated; empty: offline only."""
    env_options: Mapping[str, Any] = field(default_factory=dict)
    label: LabelConfig = field(default_factory=LabelConfig)
    also: tuple[LabelConfig, ...] = ()
    """More teachers, whose answers are mixed in; without a goal of their own they are given that of `label`."""
    rounds: int = 1
    """2: the second half of the questions is about the moments that a first reward rates highest."""
    quick: Mapping[str, Any] = field(default_factory=lambda: {"members": 1, "epochs": 6})
    """How that first reward differs from the final one."""
    reward: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the reward."""
    direct: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Settings per reward that needs no answers and is named by an arm."""
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Settings per policy."""
    arms: tuple[str, ...] = CONTROLS
    """policy:reward, the first one being the run's own."""
    episodes: int = 100
    """Evaluation episodes per policy."""
    start: int = STARTS
    """The first evaluation start; all policies meet the same ones."""

    def __post_init__(self) -> None:
        if self.rounds not in (1, 2):
            raise ValueError(f"rounds is {self.rounds}; ask in 1 or in 2 rounds")
        if not self.arms:
            raise ValueError("arms is empty; name at least one, such as 'iql:learned'")
        for arm in self.arms:
            Arm.parse(arm)
        if self.episodes < 1:
            raise ValueError(f"episodes is {self.episodes}; evaluate at least one")

    @property
    def identity(self) -> dict[str, Any]:
        """What tells two runs apart; one without more teachers is the same as before there could be any."""
        return {name: value for name, value in vars(self).items() if name != "also" or value}


GOAL = "put the block into the bowl of its own colour"

DEMO = RunConfig(
    label=LabelConfig(labeler="judge", options={"grade": 0.15}, goal=GOAL, pairs=20_000, group=8),
    reward={"members": 2, "epochs": 10, "exponent": 0.0},
    arms=(*CONTROLS, "iql:judge"),
)

COLOURS = replace(
    DEMO,
    collect=CollectConfig(env_options={"colours": 4, "split": "held-out"}),
    env_options={"colours": 4, "split": "held-out"},
)
"""Four colours of blocks, in pairs that the judge was not trained on."""

NOISY = RunConfig(
    label=LabelConfig(labeler="noisy", options={"preset": "rope"}, goal=GOAL, pairs=4000),
    reward={"reads": ("state",), "reading_epochs": 12, "members": 8, "weight_decay": 0.1},
)
"""Few answers, a quarter of them wrong, as of a vision-language model."""

SMOKE = replace(
    NOISY,
    rounds=2,
    collect=CollectConfig(episodes=12),
    label=replace(DEMO.label, pairs=280),
    quick={"members": 1, "epochs": 1},
    reward={"reads": ("state",), "reading_epochs": 1, "members": 1, "epochs": 2},
    policies={name: {"steps": 60, "log_every": 20, "checkpoint_every": 20} for name in ("iql", "bc", "filtered-bc")},
    episodes=4,
)

STACK = replace(
    NOISY,
    collect=CollectConfig(env="envs:embodied/StackBlocks-v0"),
    env="envs:embodied/StackBlocks-v0",
    label=replace(NOISY.label, goal=""),
)

SLEEVE = "envs:embodied/Dressing-v0"
CLOUD = {"cloud": "cloud", "obs": ("gripper", "pull"), "hold": 5, "batch": 64, "steps": 4000}
WORST = {**CLOUD, "gamma": 0.9, "ending": "worst"}

DRESSING = RunConfig(
    collect=CollectConfig(env=SLEEVE, mix="dressing", episodes=240),
    env=SLEEVE,
    env_options={"split": "held-out"},
    label=LabelConfig(
        labeler="judge",
        options={"grade": 0.15},
        goal="pull the sleeve over the person's arm, up to the shoulder",
        pairs=12_000,
        group=8,
    ),
    also=(LabelConfig(labeler="time", pairs=2000, across=0.0),),
    reward={"members": 2, "epochs": 10, "exponent": 0.0},
    policies={"iql": WORST, "bc": CLOUD},
    arms=("iql:learned", "iql:recorded", "iql:constant", "bc"),
)
"""A sleeve over an arm, from point clouds, onto arms and sleeves that the data do not show."""

SMOKE_DRESSING = replace(
    DRESSING,
    collect=CollectConfig(env=SLEEVE, mix="dressing", episodes=8, env_options={"horizon": 30}),
    env_options={"split": "held-out", "horizon": 30},
    label=replace(DRESSING.label, pairs=112),
    also=(LabelConfig(labeler="time", pairs=50, across=0.0),),
    reward={"members": 1, "epochs": 1, "exponent": 0.0},
    policies={
        name: {**settings, "steps": 40, "log_every": 20, "checkpoint_every": 20}
        for name, settings in DRESSING.policies.items()
    },
    episodes=2,
)

OFFLINE = RunConfig(
    collect=None,
    env="",
    label=LabelConfig(labeler="time", pairs=4000, across=0.0),
    arms=("iql:learned", "iql:constant", "bc", "filtered-bc:learned"),
)

PRESETS: dict[str, RunConfig] = {
    "demo": DEMO,
    "colours": COLOURS,
    "noisy": NOISY,
    "stack": STACK,
    "dressing": DRESSING,
    "offline": OFFLINE,
    "smoke": SMOKE,
    "smoke-dressing": SMOKE_DRESSING,
}


def preset(name: str) -> RunConfig:
    """A preset by name; KeyError with the nearest one."""
    return find(PRESETS, name, "preset")


def changed(
    name: str,
    *,
    task: str = "",
    labeler: str = "",
    options: Mapping[str, Any] | None = None,
    pairs: int | None = None,
    mix: str = "",
    env: str | None = None,
    arms: Sequence[str] = (),
    episodes: int | None = None,
    updates: int | None = None,
    given: bool = False,
) -> RunConfig:
    """A preset with what the command line says otherwise; a data set that is `given` is not recorded."""
    config = preset(name)
    label = config.label
    if labeler:
        label = replace(label, labeler=labeler, options=options or {})
    elif options:
        label = replace(label, options={**label.options, **options})
    label = replace(label, goal=task or label.goal, pairs=pairs or label.pairs)
    if mix:
        if config.collect is None or given:
            raise ValueError(f"mix {mix!r} is about recording episodes, and here none are recorded; leave it out")
        config = replace(config, collect=replace(config.collect, mix=mix))
    if given:
        config = replace(config, collect=None)
    arms = tuple(arms) or config.arms
    policies = dict(config.policies)
    for policy in {Arm.parse(arm).policy for arm in arms} if updates else ():
        policies[policy] = {**policies.get(policy, {}), "steps": updates}
    env = config.env if env is None else env
    return replace(
        config, label=label, env=env, arms=arms, policies=policies, episodes=episodes or config.episodes
    )  # fmt: skip
