"""A lesson: what a correction taught, when it applies, how far, and on what evidence."""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from embodied.corrections import Edit
from embodied.manner import Manner
from embodied.situations import Situation, When

Scope = Literal["limit", "now", "instance", "kind", "everywhere"]
SCOPES: tuple[Scope, ...] = ("limit", "now", "instance", "kind", "everywhere")
"""In the order in which they win against each other; limits are set by hand and always hold."""

State = Literal["pending", "active", "quarantined", "forgotten"]


class Lesson(BaseModel):
    """When, how, and not when. It is pending until the corrected step has succeeded, and then active.

    `manner` or `edits` is what it changes. It applies where `when` or one of `also` holds and none of the `exceptions`.
    `positives` and `negatives` are situations in which it was right and in which it was wrong, the newest last; a
    negative becomes an exception, or narrows the condition.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: int = 0
    text: str
    """The words it was taught in."""
    when: When
    also: tuple[When, ...] = ()
    """Further conditions, to which somebody said yes."""
    manner: Manner = Manner()
    edits: tuple[Edit, ...] = ()
    scope: Scope = "kind"
    exceptions: tuple[When, ...] = ()
    noticed: frozenset[str] = frozenset()
    """What held of the thing it was taught on ("full"), and nobody said whether it matters: where it lacks, we ask."""
    positives: tuple[Situation, ...] = ()
    negatives: tuple[Situation, ...] = ()
    size: float = 0.0
    """Longest edge of the thing it was taught on [m]; 0 is unknown."""
    user: str = ""
    robot: str = ""
    run: str = ""
    """Where it was taught, and at which step."""
    step: int = 0
    created: float = 0.0
    """Seconds since 1970; `used` the same."""
    used: float = 0.0
    applied: int = 0
    confirmed: int = 0
    overridden: int = 0
    state: State = "pending"
    asked: bool = False
    """Whether its one question was asked."""

    @property
    def conditions(self) -> tuple[When, ...]:
        """All under which it applies."""
        return (self.when, *self.also)

    @property
    def rule(self) -> str:
        """What it says, without the evidence: equal for lessons that say the same."""
        said = self.model_dump(mode="json", include={"when", "manner", "edits", "scope"}, exclude_defaults=True)
        return json.dumps(_sorted(said), sort_keys=True)

    def __str__(self) -> str:
        return f"lesson {self.id} ({self.text!r})"


def _sorted(said: Any) -> Any:
    """Sets come as lists in any order; those of attributes are put in one."""
    if isinstance(said, dict):
        return {key: sorted(value) if key == "attributes" else _sorted(value) for key, value in said.items()}
    return [_sorted(value) for value in said] if isinstance(said, list) else said
