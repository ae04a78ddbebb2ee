"""A lesson: what a correction taught, when it applies, how far, and on what evidence."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from embodied.corrections import Edit
from embodied.manner import Manner
from embodied.situations import Situation, When

Scope = Literal["limit", "now", "instance", "kind", "everywhere"]
"""In the order in which they win against each other; limits are set by hand and always hold."""

State = Literal["pending", "active", "quarantined", "forgotten"]


class Lesson(BaseModel):
    """When, how, and not when. It is pending until the corrected step has succeeded, and then active.

    `manner` or `edits` is what it changes. `positives` and `negatives` are situations in which it was right and in
    which it was wrong; a negative becomes an exception, or narrows the condition.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: int = 0
    text: str
    """The words it was taught in."""
    when: When
    manner: Manner = Manner()
    edits: tuple[Edit, ...] = ()
    scope: Scope = "kind"
    exceptions: tuple[When, ...] = ()
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
