"""The command that lets somebody watch a policy and take over."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embodied.arguments import Pairs, options, shown


@dataclass
class Intervene:
    """Let a policy act while somebody watches and takes over where it goes wrong; record what both do.

    `embodied label --labeler takeovers` makes preferences of it; `embodied train --policy bc --config who person`
    clones what the person did.
    """

    policy: Path
    """Folder made by `embodied train`."""
    out: Path
    """A data set that the episodes are appended to; begun if there is none."""
    env: str = "envs:embodied/PutBlockInBowl-v0"
    person: str = "scripted"
    """scripted (takes over where progress stalls or falls), keyboard, or nobody: the policy's own episodes."""
    episodes: int = 60
    start: int = 500_000_000
    """The first start seed; a start that was watched of this policy already is not watched again."""
    env_options: Pairs = field(default_factory=dict)
    """Passed to the environment: NAME VALUE ..."""
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied.about import describe
        from embodied.intervening import InterveneConfig, intervene

        config = InterveneConfig(self.env, self.person, self.episodes, self.start, options(self.env_options))
        with shown(self.json, "episodes") as tell:
            data = intervene(self.policy, self.out, config, progress=None if self.person == "keyboard" else tell)
        return describe(data) | {"human share of the actions": round(float(data.human().mean()), 3)}
