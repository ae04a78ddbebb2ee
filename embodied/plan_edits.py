"""Change what is left of a plan as a person said: order, omissions, other things, other targets, additions."""

from collections.abc import Callable, Sequence

from embodied.corrections import Edit, Ref
from embodied.situations import Entity, Surroundings
from embodied.skills import Act, At, Program, Step

Unit = tuple[Step, ...]
"""Adjacent steps about one thing, which move together: picking it up and putting it down."""
TARGETED = ("place", "hang", "hand over")


def apply(edits: Sequence[Edit], program: Program, around: Surroundings) -> Program:
    """The program with these edits made, one after the other; what is carried out already stays as it is.

    "first" is as early as still possible: what is in the hand is put down before. ValueError where an edit speaks of
    nothing that is left to do, or of several things where one is meant; it says what there is.
    """
    done, left = program.steps[: program.at.step], program.steps[program.at.step :]
    units = grouped(left)
    held = bool(done and left and named(done[-1]) and named(done[-1]) == named(left[0]) and aimed(left[0]))
    for edit in edits:
        units = EDITS[edit.kind](edit, units, around, held)
        held = held and bool(units) and named(units[0][0]) == named(left[0])
    steps = (*done, *(step for unit in units for step in unit))
    same = len(steps) > program.at.step and bool(left) and steps[program.at.step] == left[0]
    at = program.at if same else At(step=program.at.step)
    return Program(steps=steps, at=at, sentence=program.sentence)


def named(step: Step) -> str:
    """The thing that a step is about; "" for none."""
    return getattr(step, "object", None) or ""


def aimed(step: Step) -> bool:
    """Whether a step puts something somewhere."""
    return step.skill == "place" or (isinstance(step, Act) and step.verb in TARGETED)


def grouped(steps: Sequence[Step]) -> tuple[Unit, ...]:
    """Steps as units."""
    units: list[Unit] = []
    for step in steps:
        if units and named(step) and named(units[-1][-1]) == named(step):
            units[-1] = (*units[-1], step)
        else:
            units.append((step,))
    return tuple(units)


def thing(unit: Unit, around: Surroundings) -> Entity | None:
    """What a unit is about, if it is there."""
    name = named(unit[0])
    return around[name] if name and name in around else None


def goals(unit: Unit) -> tuple[str, ...]:
    """Where a unit puts what it is about."""
    return tuple(name for step in unit if (name := getattr(step, "target", None) or getattr(step, "on", None)))


def told(ref: Ref) -> str:
    """A reference in words."""
    return ref.name or " ".join((*sorted(ref.attributes), ref.kind or "thing"))


def fitting(ref: Ref, edit: Edit, units: Sequence[Unit], around: Surroundings) -> tuple[int, ...]:
    """The places of the units that a reference means; ValueError for none."""
    found = []
    for place, unit in enumerate(units):
        entity = thing(unit, around)
        verbs = {step.verb if isinstance(step, Act) else step.skill for step in unit}
        if entity is None or not ref.fits(entity) or (ref is edit.what and edit.verb and edit.verb not in verbs):
            continue
        if edit.kind == "skip" and edit.other is not None:
            there = [around[name] for name in goals(unit) if name in around]
            if not any(edit.other.fits(goal) for goal in there):
                continue
        found.append(place)
    if not found:
        rest = ", ".join(f"the {named(unit[0])}" for unit in units if named(unit[0])) or "nothing"
        raise ValueError(f"nothing that is left to do is about the {told(ref)}; left are {rest}")
    return tuple(found)


def single(ref: Ref, edit: Edit, units: Sequence[Unit], around: Surroundings) -> int:
    """The place of the one unit; ValueError lists several."""
    found = fitting(ref, edit, units, around)
    if len(found) > 1:
        some = ", ".join(f"the {named(units[place][0])}" for place in found)
        raise ValueError(f"the {told(ref)} may be {some}; name one of them")
    return next(iter(found))


def entity_of(ref: Ref | None, kind: str, around: Surroundings, but: str = "") -> Entity:
    """The one thing of a reference."""
    if ref is None:
        raise ValueError(f"an edit of kind {kind!r} needs 'other': what it is, or where it goes")
    found = [entity for entity in ref.among(around) if entity.name != but]
    if len(found) != 1:
        some = ", ".join(f"the {entity.name}" for entity in (found or around)) or "nothing"
        raise ValueError(
            f"the {told(ref)} may be {some}; name one" if found else f"no {told(ref)} here; there is {some}"
        )
    return found[0]


def free(units: Sequence[Unit], places: Sequence[int], held: bool, kind: str) -> None:
    """ValueError where what is in the hand would be left there."""
    if held and 0 in places:
        raise ValueError(f"the {named(units[0][0])} is in the hand already: it must be put down, not {kind}")


def moved(units: Sequence[Unit], places: Sequence[int], to: int) -> tuple[Unit, ...]:
    """Units taken out and put in before the place `to` of what was there."""
    taken = tuple(units[place] for place in places)
    front = tuple(unit for place, unit in enumerate(units[:to]) if place not in places)
    back = tuple(unit for place, unit in enumerate(units[to:], to) if place not in places)
    return (*front, *taken, *back)


def first(edit: Edit, units: tuple[Unit, ...], around: Surroundings, held: bool) -> tuple[Unit, ...]:
    places = [place for place in fitting(edit.what, edit, units, around) if not (held and place == 0)]
    return moved(units, places, int(held))


def last(edit: Edit, units: tuple[Unit, ...], around: Surroundings, held: bool) -> tuple[Unit, ...]:
    places = fitting(edit.what, edit, units, around)
    free(units, places, held, "left for the end")
    return moved(units, places, len(units))


def beside(edit: Edit, units: tuple[Unit, ...], around: Surroundings, held: bool) -> tuple[Unit, ...]:
    if edit.other is None:
        raise ValueError(f"an edit of kind {edit.kind!r} needs 'other': {edit.kind} what")
    what, other = single(edit.what, edit, units, around), single(edit.other, edit, units, around)
    if what == other:
        raise ValueError(f"the {named(units[what][0])} cannot come {edit.kind} itself")
    if edit.kind == "before" and what > other:
        free(units, (other,), held, "kept waiting")
        return moved(units, (what,), other)
    if edit.kind == "after" and what < other:
        free(units, (what,), held, "kept waiting")
        return moved(units, (what,), other + 1)
    return units


def skip(edit: Edit, units: tuple[Unit, ...], around: Surroundings, held: bool) -> tuple[Unit, ...]:
    places = fitting(edit.what, edit, units, around)
    free(units, places, held, "skipped")
    return tuple(unit for place, unit in enumerate(units) if place not in places)


def changed(step: Step, **fields: str) -> Step:
    """A step with other fields, validated."""
    return type(step).model_validate({**step.model_dump(), **fields})


def instead(edit: Edit, units: tuple[Unit, ...], around: Surroundings, held: bool) -> tuple[Unit, ...]:
    place = single(edit.what, edit, units, around)
    free(units, (place,), held, "exchanged")
    new = entity_of(edit.other, "instead", around, named(units[place][0]))
    unit = tuple(changed(step, object=new.name) for step in units[place])
    return (*units[:place], unit, *units[place + 1 :])


def elsewhere(edit: Edit, units: tuple[Unit, ...], around: Surroundings, held: bool) -> tuple[Unit, ...]:
    place = single(edit.what, edit, units, around)
    new = entity_of(edit.other, "elsewhere", around)
    if not goals(units[place]):
        raise ValueError(
            f"nothing in the plan puts the {named(units[place][0])} anywhere, so it cannot go to the {new.name}"
        )
    unit = tuple(
        changed(step, **{"target" if isinstance(step, Act) else "on": new.name}) if goals((step,)) else step
        for step in units[place]
    )
    return (*units[:place], unit, *units[place + 1 :])


def add(edit: Edit, units: tuple[Unit, ...], around: Surroundings, held: bool) -> tuple[Unit, ...]:
    if edit.verb is None:
        raise ValueError(
            f"adding the {told(edit.what)} needs a verb: place, hang, hand over, open, close, pick or dress"
        )
    new = entity_of(edit.what, "add", around)
    if edit.verb not in TARGETED:
        return (*units, (Act(verb=edit.verb, object=new.name),))
    goal = entity_of(edit.other, "add", around, new.name)
    return (*units, (Act(verb="pick", object=new.name), Act(verb=edit.verb, object=new.name, target=goal.name)))


EDITS: dict[str, Callable[[Edit, tuple[Unit, ...], Surroundings, bool], tuple[Unit, ...]]] = {
    "first": first, "last": last, "before": beside, "after": beside, "skip": skip, "instead": instead,
    "elsewhere": elsewhere, "add": add,
}  # fmt: skip
