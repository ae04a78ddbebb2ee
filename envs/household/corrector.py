"""A scripted person with hidden wishes and wordings of their own, who watches and says what is wrong."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embodied.corrections import Edit
from embodied.manner import Manner
from embodied.situations import Situation
from envs.household.tasks import Task
from envs.household.wishes import Wish, applies, broken, remedy
from envs.household.world import World

FILE = Path(__file__).with_name("wordings.json")
Wordings = Mapping[str, Mapping[str, Sequence[str]]]
SETS = ("train", "held-out")


def wordings(path: Path = FILE) -> Wordings:
    """{wish: {"train": [sentence, ...], "held-out": [...]}}; a wish is "TASK" or "TASK/2" for a task's second.

    ValueError names what is wrong with the file.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds no object of wishes and their wordings")
    for wish, sets in found.items():
        if not isinstance(sets, dict) or not sets or sets.keys() - set(SETS):
            raise ValueError(f"{path}: {wish!r} needs 'train' and 'held-out', each a list of sentences")
        for name, sentences in sets.items():
            if not isinstance(sentences, list) or not all(isinstance(s, str) and s.strip() for s in sentences):
                raise ValueError(f"{path}: {wish!r}, {name!r} is no list of sentences")
    return found


def key(task: Task, number: int) -> str:
    """The name of a task's wish."""
    return task.id if number == 0 else f"{task.id}/{number + 1}"


@dataclass(frozen=True)
class Remark:
    """What is said, because of which wish."""

    text: str
    wish: Wish


class Corrector:
    """Somebody who wants a task's wishes fulfilled, and how they like things done in general: what the wishes of the
    tasks `besides` say of manners. Each wording is used before one is used again."""

    def __init__(
        self, task: Task, said: Wordings, which: str, rng: np.random.Generator, besides: Sequence[Task] = ()
    ) -> None:
        if which not in SETS:
            raise ValueError(f"no set of wordings {which!r}; there are {' and '.join(SETS)}")
        self.task, self.rng = task, rng
        self.words: dict[Wish, list[str]] = {}
        for one in (task, *besides):
            for number, wish in enumerate(one.wishes):
                if wish not in self.words and (one is task or isinstance(remedy(wish), Manner)):
                    self.words[wish] = list(said.get(key(one, number), {}).get(which, ())) or [wish.says]
        self.left: dict[Wish, list[str]] = {}

    def remark(self, world: World) -> Remark | None:
        """What they say to what has been done so far; None if nothing is wrong."""
        trace = world.recorder.trace()
        for wish in self.words:
            if broken(wish, trace) is not None:
                return Remark(self.wording(wish), wish)
        return None

    def wording(self, wish: Wish) -> str:
        """One of its wordings."""
        if not self.left.get(wish):
            words = self.words[wish]
            self.left[wish] = [words[i] for i in self.rng.permutation(len(words))]
        return self.left[wish].pop()

    def choose(self, options: Sequence[Any], remark: Remark | None) -> int | None:
        """Which meaning was meant: the one that does most of what the wish requires; None if none does."""
        if remark is None:
            return None
        wanted = remedy(remark.wish)
        scores = [agreement(wanted, option.means) for option in options]
        return int(np.argmax(scores)) if max(scores) > 0 else None

    def holds(self, changed: Manner, edits: Sequence[Edit], now: Situation) -> bool:
        """Whether something that was learned is wanted in a situation: what a truthful person answers."""
        for wish in self.words:
            wanted = remedy(wish)
            same = wanted.said.keys() & changed.said.keys() if isinstance(wanted, Manner) else bool(edits)
            if same and applies(wish, now):
                return True
        return False


def agreement(wanted: Manner | Edit, means: Any) -> float:
    """How much of what is wanted a meaning does."""
    if isinstance(wanted, Edit):
        return float(any(edit.kind == wanted.kind for edit in means.edits))
    said = means.manner.said
    return sum(close(said.get(name), value) for name, value in wanted.said.items())


def close(said: Any, wanted: Any) -> float:
    """1 for equal values, less for numbers that differ, and 0 for those that nobody would take for the same."""
    if said is None:
        return 0.0
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        apart = abs(float(said) - float(wanted))
        return 1.0 / (1.0 + 10 * apart) if apart <= 0.5 * abs(float(wanted)) + 0.02 else 0.0
    return float(said == wanted)
