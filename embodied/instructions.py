"""From an instruction to a plan of acts: what to do with which things, in the order in which it was said."""

import re

from embodied.correction_references import Spoken, candidates, listed, only, things
from embodied.correction_words import Unclear, normalised
from embodied.corrections import Moment
from embodied.manner import Verb
from embodied.situations import Entity, Surroundings
from embodied.skills import Act, Program

VERBS: tuple[tuple[Verb, str], ...] = (
    ("hand over", r"hand|give|pass|reach|offer|deliver"),
    ("hang", r"hang"),
    ("open", r"open|pull open"),
    ("close", r"close|shut|push shut"),
    ("place", r"put|place|load|set|lay|bring|move|carry|transfer|stow|drop|store|take|clear|tidy|get"),
    ("pick", r"pick|grasp|grab|lift|hold"),
    ("dress", r"dress|pull|slip"),
)
GOAL = re.compile(r"\b(?:on|onto|in|into|inside|to|over|from|up)\b")
SPLIT = re.compile(r"(?:,? and then|,? then|[.,;] (?=(?:now|then|after that)\b)|,? and (?=(?:{})\b))".format(
    "|".join(words for _, words in VERBS)))  # fmt: skip

Found = list[tuple[Spoken, ...]]


def instructed(sentence: str, around: Surroundings) -> Program:
    """The plan that a sentence asks for.

    Several things of a kind ("the glasses", "all mugs", "everything fragile") are taken nearest first. Things are put
    away with a pick and a place each, what is held with a place alone. ValueError says what was not understood, or is
    not there.
    """
    steps: list[Act] = []
    if re.search(r"\bnot\b", words := normalised(sentence)):
        raise Unclear("That says what shall not be done; what shall I do?")
    for clause in SPLIT.split(words):
        if clause.strip():
            steps += acts(clause.strip(" .,;!?"), around)
    if not steps:
        raise Unclear("I found nothing to do in that; say for instance 'put the mug on the tray'")
    return Program(steps=tuple(steps), sentence=sentence)


def acts(clause: str, around: Surroundings) -> list[Act]:
    """Those of one clause."""
    verb: Verb | None = next((verb for verb, words in VERBS if re.search(rf"\b(?:{words})\b", clause)), None)
    if verb is None:
        raise Unclear(f"I know no such task as {clause!r}; I can open, close, pick up, put, hang and hand over things")
    moment = Moment(around)
    text, found = things(everything(clause), moment)
    cut = GOAL.search(text, text.find("@") if "@" in text else 0)
    first = text if cut is None else text[: cut.start()]
    rest = "" if cut is None else text[cut.start() :]
    what = [thing for spoken in spoken_of(first, found) for thing in meant(spoken, moment)]
    goals = [thing for spoken in spoken_of(rest, found) for thing in meant(spoken, moment)]
    if verb == "hand over" or (verb == "place" and re.search(r"\b(?:to|bring|get) me\b", clause)):
        verb = "hand over"
        goals = [thing for thing in around if thing.kind == "hand"]
    if verb == "hang" and not goals:
        goals = [thing for thing in around if thing.kind == "rack"]
    if verb == "dress":
        return [Act(verb="dress", object=next((t.name for t in around if t.kind == "sleeve"), "sleeve"))]
    if not what:
        raise Unclear(f"{verb} what? There is {listed(around)}")
    alone: dict[str, Verb] = {"open": "open", "close": "close", "pick": "pick"}
    if verb in alone:
        return [Act(verb=alone[verb], object=thing.name) for thing in what]
    if len(goals) != 1:
        raise Unclear(f"{verb} the {what[0].name} where? There is {listed(around)}")
    order = sorted(what, key=lambda thing: (thing.position[0] ** 2 + thing.position[1] ** 2, thing.name))
    return [
        act
        for thing in (what if len(found) > 1 and len(what) == len(set(what)) and not many(first, found) else order)
        for act in (Act(verb="pick", object=thing.name), Act(verb=verb, object=thing.name, target=goals[0].name))
        if act.verb != "pick" or thing.name != around.held
    ]


def everything(clause: str) -> str:
    """ "Everything fragile" as "all fragile things"."""
    return re.sub(r"\b(?:everything|anything)(?: that is)?(?: (\w+))?", lambda m: f"all {m[1] or ''} things", clause)


def spoken_of(text: str, found: Found) -> list[Spoken]:
    """The things that stand in a part of the text."""
    return [spoken for number in re.findall(r"@(\d+)", text) for spoken in found[int(number)]]


def many(text: str, found: Found) -> bool:
    """Whether several things are meant by one phrase."""
    return any(spoken.plural or spoken.generic for spoken in spoken_of(text, found))


def meant(spoken: Spoken, moment: Moment) -> tuple[Entity, ...]:
    """All things of a phrase that means several, or the one."""
    if spoken.plural or (spoken.generic and not spoken.words.startswith(("a ", "an "))):
        fits = tuple(t for t in candidates(spoken, moment) if t.kind not in ("head", "hand", "table", "tray", "rack"))
        return fits or (only(spoken, moment),)
    return (only(spoken, moment),)
