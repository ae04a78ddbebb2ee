"""Hidden preferences: when something is wanted, what, and whether it was done so; what a scripted person goes by."""

from collections.abc import Sequence
from math import degrees, dist, hypot
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from embodied.corrections import Edit, Ref
from embodied.manner import Manner
from embodied.plugins import find
from embodied.situations import Entity, Situation, When
from envs.household.things import KINDS
from envs.household.trace import Done, Trace, completed
from envs.household.world import wrapped

Length = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Metres = Annotated[float, Field(ge=-0.3, le=0.3, allow_inf_nan=False)]
Angle = Annotated[float, Field(ge=-3.2, le=3.2, allow_inf_nan=False)]


class Plain(BaseModel):
    """What all requirements have: JSON that is checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        """What was not as required in that act, as a fact; None where all was."""
        raise NotImplementedError

    def remedy(self, when: When) -> Manner | Edit:
        """What would make it right."""
        raise NotImplementedError


class PartIs(Plain):
    """It is held by that part when the act ends."""

    want: Literal["part"] = "part"
    part: str

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        grasped = trace.last("grasped", done.act.object, act)
        held = grasped.part if grasped else "nothing"
        return None if held == self.part else f"it was held by the {held}, not by the {self.part}"

    def remedy(self, when: When) -> Manner:
        return Manner(part=self.part)


class Distance(Plain):
    """A drawer is open so far afterwards [m]."""

    want: Literal["distance"] = "distance"
    value: Annotated[float, Field(ge=0, le=0.25)]
    tolerance: Length = 0.01

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        event = trace.last("opened", done.act.object, act) or trace.last("closed", done.act.object, act)
        far = event.extension if event else 0.0
        return None if abs(far - self.value) <= self.tolerance else f"it is open by {far:.3f} m, not {self.value:.3f} m"

    def remedy(self, when: When) -> Manner:
        return Manner(distance=self.value)


class Offset(Plain):
    """It is taken, or ends up, so far from the usual place, in the frame of the thing or of the target [m]."""

    want: Literal["offset"] = "offset"
    value: tuple[Metres, Metres, Metres]
    tolerance: Length = 0.015

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        kind = "grasped" if done.act.verb in ("pick", "open", "close") else "released"
        event = trace.last(kind, done.act.object, act)
        if event is None:
            return "it was not done"
        there, value = event.offset, self.value
        if done.act.verb == "hang":
            there, value = (0.0, there[1], 0.0), (0.0, value[1], 0.0)
        if dist(there, value) <= self.tolerance:
            return None
        told = ", ".join(f"{v:.3f}" for v in event.offset)
        return f"it was at {told} m, not at {', '.join(f'{v:.3f}' for v in self.value)} m"

    def remedy(self, when: When) -> Manner:
        return Manner(offset=self.value)


class Turn(Plain):
    """It ends up turned so far relative to its target [rad]."""

    want: Literal["turn"] = "turn"
    value: Angle
    tolerance: Length = 0.2

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        event = trace.last("released", done.act.object, act)
        if event is None:
            return "it was not put anywhere"
        if abs(wrapped(event.turn - self.value)) <= self.tolerance:
            return None
        return f"it is turned by {degrees(event.turn):.0f} degrees, not {degrees(self.value):.0f}"

    def remedy(self, when: When) -> Manner:
        return Manner(turn=self.value)


class Upright(Plain):
    """It never leans further than this while it is held [rad]."""

    want: Literal["upright"] = "upright"
    limit: Length = 0.09

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        lean = max((abs(t.thing.tilt) for t in trace.during(act) if t.thing is not None), default=0.0)
        return None if lean <= self.limit else f"it leant by {degrees(lean):.0f} degrees"

    def remedy(self, when: When) -> Manner:
        return Manner(upright=True)


class ClearOf(Plain):
    """What is held, or the empty hand, keeps a distance [m] from all things of a kind, seen from above."""

    want: Literal["clear of"] = "clear of"
    kind: str
    distance: Length = 0.1

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        things = [thing for thing in done.around if thing.kind == self.kind]
        points = [(tick.thing or tick.tip) for tick in trace.during(act)]
        ways = (
            (hypot(p.x - t.position[0], p.y - t.position[1]) - max(t.size[:2]) / 2, t) for t in things for p in points
        )
        near, thing = min(ways, key=lambda way: way[0], default=(1.0, None))
        if thing is None or near >= self.distance:
            return None
        where = f"{near:.2f} m past" if near > 0 else "over or through"
        return f"it was carried {where} the {thing.name}, not {self.distance:.2f} m off"

    def remedy(self, when: When) -> Manner:
        return Manner(clear_of=(self.kind,))


class Between(Plain):
    """A number that is bounded from one side or both."""

    at_least: Length | None = None
    at_most: Length | None = None

    @model_validator(mode="after")
    def bounded(self) -> "Between":
        if self.at_least is None and self.at_most is None:
            raise ValueError("neither at_least nor at_most; give one")
        if (self.at_least or 0) >= (self.at_most or 10):
            raise ValueError(f"nothing is at least {self.at_least} and at most {self.at_most}")
        return self

    def out(self, low: float, high: float) -> float | None:
        """The value that is out of bounds, of the lowest and the highest that there was."""
        if self.at_least is not None and low < self.at_least - 1e-6:
            return low
        return high if self.at_most is not None and high > self.at_most + 1e-6 else None

    def inside(self, margin: float) -> float:
        """A value well within the bounds."""
        if self.at_least is None:
            return (self.at_most or 0.0) * (1 - margin)
        return self.at_least * (1 + margin) if self.at_most is None else (self.at_least + self.at_most) / 2


class Height(Between):
    """How high its foot is above the table on its way across [m]."""

    want: Literal["height"] = "height"

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        heights = [t.thing.z for t in trace.during(act) if t.carrying and t.thing is not None]
        found = self.out(min(heights), max(heights)) if heights else None
        return None if found is None else f"it was carried {found:.2f} m high"

    def remedy(self, when: When) -> Manner:
        return Manner(height=self.inside(0.1))


class Speed(Between):
    """The highest speed of the hand [m/s]."""

    want: Literal["speed"] = "speed"

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        speed = trace.speed(act)
        return None if self.out(speed, speed) is None else f"the hand moved at {speed:.2f} m/s"

    def remedy(self, when: When) -> Manner:
        return Manner(speed=self.inside(0.1))


class Force(Plain):
    """The force of the grip [N]."""

    want: Literal["force"] = "force"
    at_most: Annotated[float, Field(gt=0, le=40)]

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        event = trace.last("grasped", done.act.object, act)
        force = event.force if event else 0.0
        return None if force <= self.at_most else f"it was held with {force:.0f} N"

    def remedy(self, when: When) -> Manner:
        return Manner(force=0.9 * self.at_most)


class Approach(Plain):
    """From where the hand comes to take it."""

    want: Literal["approach"] = "approach"
    approach: Literal["above", "side"]

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        event = trace.last("grasped", done.act.object, act)
        way = event.approach if event else "nowhere"
        return None if way == self.approach else f"it was taken from {way}"

    def remedy(self, when: When) -> Manner:
        return Manner(approach=self.approach)


class Target(Plain):
    """It goes to a thing of that kind."""

    want: Literal["target"] = "target"
    kind: str

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        event = trace.last("released", done.act.object, act)
        where = event.on if event else ""
        kind = done.around[where].kind if where else "nothing"
        return None if kind == self.kind else f"it went to the {where or kind}, which is no {self.kind}"

    def remedy(self, when: When) -> Edit:
        what = Ref(kind=when.kind or "", attributes=when.attributes)
        return Edit(kind="elsewhere", what=what, other=Ref(kind=self.kind), verb=when.verb)


class Order(Plain):
    """Of the acts in which it applies, those on `what` come first or last, or before or after those on `other`."""

    want: Literal["order"] = "order"
    rule: Literal["first", "last", "before", "after"]
    what: Ref
    other: Ref | None = None

    @model_validator(mode="after")
    def related(self) -> "Order":
        if (self.other is None) == (self.rule in ("before", "after")):
            raise ValueError(f"{self.rule} {'needs' if self.other is None else 'has no'} other")
        return self

    def misplaced(self, trace: Trace, acts: Sequence[int]) -> str | None:
        """Which act came at the wrong time."""
        ours = [i for i in acts if self.what.fits(thing(trace.acts[i]))]
        rest = [i for i in acts if i not in ours and (self.other is None or self.other.fits(thing(trace.acts[i])))]
        late = self.rule in ("last", "after")
        for i in ours:
            for j in rest:
                if (i < j) == late:
                    return f"{trace.acts[i].act} came {'before' if i < j else 'after'} {trace.acts[j].act}"
        return None

    def remedy(self, when: When) -> Edit:
        return Edit(kind=self.rule, what=self.what, other=self.other, verb=when.verb)


class Skip(Plain):
    """It is left alone."""

    want: Literal["skip"] = "skip"
    what: Ref

    def wrong(self, trace: Trace, act: int, done: Done) -> str | None:
        return "it was touched" if self.what.fits(thing(done)) else None

    def remedy(self, when: When) -> Edit:
        return Edit(kind="skip", what=self.what, verb=when.verb)


Requirement = Annotated[
    PartIs | Distance | Offset | Turn | Upright | ClearOf | Height | Speed | Force | Approach | Target | Order | Skip,
    Field(discriminator="want"),
]


class Wish(BaseModel):
    """A preference that the robot does not know: `says` is how a person would say it, `when` where it applies.

    `near` are tasks or probes that are much like it and must go on as before, `out` such as have nothing to do with
    it; both are named by their ids.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    says: str = Field(min_length=1)
    when: When
    requires: Requirement
    near: tuple[str, ...] = ()
    out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def speaks_of_kinds(self) -> "Wish":
        kinds = [self.when.kind, self.when.target_kind, getattr(self.requires, "kind", None)]
        refs = (getattr(self.requires, name, None) for name in ("what", "other"))
        for kind in (*kinds, *(ref.kind for ref in refs if ref is not None)):
            if kind:
                find(KINDS, kind, "kind")
        if isinstance(self.requires, PartIs) and self.when.kind:
            find({part.name: part for part in KINDS[self.when.kind].parts}, self.requires.part, "part")
        return self


def thing(done: Done) -> Entity:
    """What an act was done to."""
    return done.around[done.act.object]


def applies(wish: Wish, now: Situation) -> bool:
    """Whether a wish has something to say about an act."""
    return wish.when.holds(now)


def broken(wish: Wish, trace: Trace, situations: Sequence[Situation] | None = None) -> str | None:
    """What was not as wished, as a fact that names the act; None where nothing was, or where it did not apply.

    Of several tries at the same act only the last that went well counts. `situations` are those of the trace's acts,
    where others shall be judged by than they had themselves.
    """
    given = situations if situations is not None else [done.situation for done in trace.acts]
    if len(given) != len(trace.acts):
        raise ValueError(f"{len(given)} situations for {len(trace.acts)} acts; give one for each")
    acts = [i for i in completed(trace) if applies(wish, given[i])]
    if isinstance(wish.requires, Order):
        return wish.requires.misplaced(trace, acts)
    for i in acts:
        wrong = wish.requires.wrong(trace, i, trace.acts[i])
        if wrong is not None:
            return f"act {i}, {trace.acts[i].act}: {wrong}"
    return None


def remedy(wish: Wish) -> Manner | Edit:
    """The manner, or the edit of the plan, with which a wish is fulfilled."""
    return wish.requires.remedy(wish.when)
