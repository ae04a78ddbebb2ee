"""What has been understood of an utterance so far, and the numbers that its words come to in the moment."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import pi
from typing import Any

from pydantic import ValidationError

from embodied.correction_amounts import PLAIN, Amount
from embodied.correction_frames import vector, where
from embodied.correction_references import Spoken, only
from embodied.correction_words import Unclear
from embodied.corrections import Correction, Edit, History, Moment, Reach, Ref
from embodied.manner import Manner, Verb
from embodied.situations import Entity, Point

SPEED, FORCE, HEIGHT, PULL = 0.25, 15.0, 0.12, 0.08
"""What a body does unasked: speed [m/s], force of the fingers [N], height of carrying [m], length of a pull [m]."""
BOUNDS = {
    "offset": "one correction moves at most 0.3 m (30 cm) along each axis",
    "tilt": "I tilt at most 90 degrees",
    "turn": "I turn at most 180 degrees",
    "distance": "I pull or push at most 0.6 m (60 cm)",
    "height": "I carry between 0.02 m and 0.5 m (2 and 50 cm) above the table",
    "speed": "I move at up to 0.5 m/s (50 cm per second)",
    "force": "I grip with up to 40 N",
}


@dataclass
class Reading:
    """A correction that is being read: filled by rules, closed by `result`."""

    text: str
    moment: Moment
    amounts: Sequence[Amount] = ()
    things: Sequence[tuple[Spoken, ...]] = ()
    parts: Sequence[str] = ()
    ways: list[re.Match[str]] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    shift: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    own: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    went: list[Point] = field(default_factory=list)
    moved: bool = False
    inexact: bool = False
    avoided: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    about: Ref | None = None
    target: Ref | None = None
    verb: Verb | None = None
    reach: Reach | None = None
    general: bool = False
    history: History = "none"
    vague: list[str] = field(default_factory=list)
    confidence: float = 1.0

    @property
    def act_verb(self) -> Verb | None:
        """What is being done, or what the words say is done."""
        return self.verb or (self.moment.act.verb if self.moment.act else None)

    @property
    def last(self) -> Correction | None:
        """The last correction of the manner."""
        return next((c for c in reversed(self.moment.before) if c.intent == "adjust" and c.manner.said), None)

    @property
    def now(self) -> Manner:
        """The manner in which it is being done."""
        return self.moment.act.manner if self.moment.act else Manner()

    def current(self) -> Entity | None:
        """What is being handled."""
        around, act = self.moment.around, self.moment.act
        name = act.object if act else around.held
        return around[name] if name and name in around else None

    def goal(self) -> Entity | None:
        """Where it is going."""
        act = self.moment.act
        return self.moment.around[act.target] if act and act.target and act.target in self.moment.around else None

    def thing(self) -> Entity:
        """What it is about; Unclear where nothing is being done and nothing was named."""
        current = self.current()
        if self.about is not None and (self.about.name or self.about.kind):
            fits = self.about.among(self.moment.around)
            kin = [t for t in self.moment.around if not self.about.kind or t.kind == self.about.kind]
            if current is not None and current in (*fits, *kin):
                return current
            if fits or kin:
                return (fits or kin)[0]
            raise Unclear(f"I see no {self.about.name or self.about.kind} to measure that by. What is it about?")
        if current is not None:
            return current
        if len(self.moment.around.entities) == 1:
            return self.moment.around.entities[0]
        names = tuple(entity.name for entity in self.moment.around)[:3]
        raise Unclear("Nothing is being done; what is it about?", tuple(f"the {n}: {self.text}" for n in names))

    def frame(self) -> Entity:
        """The thing in whose frame an offset is."""
        return where(self.act_verb, self.thing(), self.goal())

    def edge(self) -> float:
        """The longest edge [m] of what it is about."""
        return max(self.thing().size)

    def amount(self, index: str | None) -> Amount:
        """The amount of a token's number; none is a plain one."""
        return self.amounts[int(index)] if index else PLAIN

    def length(self, amount: Amount, of: str) -> float:
        """Metres of an amount; what was chosen for the speaker is recorded."""
        if amount.measure == "length":
            return amount.value
        if amount.measure != "vague":
            raise Unclear(f"I need a length for {of}, such as '2 cm'. How far?", ("2 cm", "a bit"))
        value = amount.length(self.edge())
        self.vague.append(f"{of}: {amount.words} = {1000 * value:.0f} mm")
        self.inexact = self.inexact or of == "offset"
        return value

    def angle(self, amount: Amount, of: str) -> float:
        """Radians of an amount."""
        if amount.measure == "vague":
            self.vague.append(f"{of}: {amount.words} = {180 * amount.angle() / pi:.0f} degrees")
        elif amount.measure != "angle":
            raise Unclear(f"I need an angle for {of}, such as '20 degrees'. How much?")
        return amount.angle()

    def move(self, way: Point, amount: Amount, times: float = 1.0) -> None:
        """An offset along a direction of the base's frame."""
        if any(sum(a * b for a, b in zip(way, other, strict=True)) * times < -0.5 for other in self.went):
            raise Unclear("Which of the two directions do you mean?", ("a bit to the left", "a bit to the right"))
        self.went.append(tuple(times * x for x in way))  # type: ignore[arg-type]
        size = times * self.length(amount, "offset")
        self.shift = [old + size * w for old, w in zip(self.shift, way, strict=True)]
        self.moved = True

    def put(self, name: str, value: Any) -> None:
        """A field of the manner; Unclear where it leaves the bounds."""
        if name in ("tilt", "turn"):
            value = self.said.get(name, 0.0) + value
        elif isinstance(value, float):
            value = round(value, 9)
        try:
            Manner.model_validate({name: value})
        except ValidationError:
            raise Unclear(f"That is too much or too little: {BOUNDS[name]}. How much shall it be?", (
                "a bit more", "carry on")) from None  # fmt: skip
        if name not in ("clear_of", "tilt", "turn") and self.said.get(name, value) != value:
            raise Unclear(f"That is two different things for the {name}; which one?", ("carry on", "stop"))
        self.said[name] = value

    def again(self, times: float, amount: Amount | None = None) -> bool:
        """The last correction once more, so many times; False where none can be repeated so."""
        if self.last is None:
            return False
        manner = self.last.manner
        if manner.offset is not None:
            factor = times
            if amount is not None:
                size = sum(x * x for x in manner.offset) ** 0.5
                factor = times * self.length(amount, "offset") / size if size else 0.0
            self.own = [old + factor * x for old, x in zip(self.own, manner.offset, strict=True)]
            self.moved = True
        for name in ("tilt", "turn"):
            if (value := getattr(manner, name)) is not None:
                self.put(
                    name, times * (value if amount is None else self.angle(amount, name) * (1 if value > 0 else -1))
                )
        self.history = "last"
        return manner.offset is not None or manner.tilt is not None or manner.turn is not None

    def manner(self) -> Manner:
        """What was understood of how to do it."""
        if self.moved:
            own = [a + b for a, b in zip(self.frame().to_own(*self.shift), self.own, strict=True)]
            self.put("offset", tuple(round(x, 3 if self.inexact else 9) + 0.0 for x in own))
        manner = Manner.model_validate(self.said)
        try:
            self.now.then(manner)
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            raise Unclear(
                f"With what was said before, that is too much: {BOUNDS[name]}. How much shall it be?"
            ) from None
        return manner

    def one(self, index: str, *, current: bool = True) -> Entity:
        """The thing of a token."""
        spoken = self.things[int(index)]
        if len(spoken) > 1:
            raise Unclear(f"One thing at a time: {' or '.join(s.words for s in spoken)}?")
        return only(next(iter(spoken)), self.moment, near=self.current(), current=current)

    def way(self, index: str) -> tuple[str, Point]:
        """The name and the vector of a direction's token."""
        match = self.ways[int(index)]
        name = next(kind for kind, value in match.groupdict().items() if value is not None)
        return name, vector(match, self.moment, self.things, self.frame())


def replaced(text: str, match: re.Match[str]) -> str:
    """The text without what a rule has understood."""
    return f"{text[: match.start()]} ; {text[match.end() :]}"
