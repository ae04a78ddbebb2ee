"""The gate of the memory: whether a lesson applies in a situation, is asked about, or is ignored, and why.

It only decides; what the lessons change is put together elsewhere (`embodied.conflicts`). A verdict depends on the
situation, the lesson and the thresholds alone, so that a change of one lesson cannot flip the verdict on another.
First come predicates that all must hold, then a score in [0, 1], then doubts that hold it down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, nextafter
from typing import Literal

from embodied.lessons import Lesson
from embodied.similarity import Alike, kinds_alike
from embodied.situations import Seen, Situation, When

APPLY, ASK = 0.75, 0.5
"""Scores from which a lesson applies, and from which it is asked about. By choice: the same kind scores 1, a kind that
is called alike 0.65, anything else below 0.5."""

DOUBT = 0.6
"""The score that remains where there is reason to doubt."""

NEAR = 0.75
"""A negative as like as this stands in the way, unless positives at least as like are more than twice as many."""

RATIO = 2.0
"""Lengths taught on a thing of another size are asked about beyond this ratio of the sizes."""

LABELS, FLOOR = 20, 0.3
"""How many labelled scores calibration wants, and how low it may set the threshold of asking."""

COLOURS = frozenset(
    ("red", "green", "blue", "cyan", "yellow", "orange", "purple", "violet", "pink", "magenta", "brown")
)
NEUTRAL = frozenset(("black", "white", "grey", "gray", "beige", "golden", "silver", "transparent"))
SIZES = frozenset(("big", "small", "large", "little", "tiny", "huge", "tall", "short", "long", "wide", "narrow"))
OWN_WORDS = COLOURS | NEUTRAL | SIZES
"""Words that tell one thing from another of its kind: they never make a condition unless somebody says so."""

LENGTHS = frozenset({"offset", "distance"})
Decision = Literal["apply", "ask", "ignore"]


@dataclass(frozen=True)
class Thresholds:
    """Scores from which a lesson applies and from which it is asked about: 0 < ask <= apply <= 1."""

    apply: float = APPLY
    ask: float = ASK

    def __post_init__(self) -> None:
        if not 0 < self.ask <= self.apply <= 1:
            raise ValueError(f"thresholds are apply {self.apply} and ask {self.ask}; wanted 0 < ask <= apply <= 1")

    def decide(self, score: float) -> Decision:
        """What a score means."""
        return "apply" if score >= self.apply else "ask" if score >= self.ask else "ignore"


CAREFUL = Thresholds()
"""The constants."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says of one lesson in one situation."""

    lesson: Lesson
    decision: Decision
    score: float
    why: str


def judge(
    lesson: Lesson,
    now: Situation,
    *,
    seen: Seen | None = None,
    taught: Seen | None = None,
    run: str = "",
    thresholds: Thresholds = CAREFUL,
    alike: Alike = kinds_alike,
) -> Verdict:
    """Whether a lesson applies now; its state is not looked at.

    `seen` is the picture of the object now and `taught` that of the object it was taught on; they count where they
    are of one encoder. `run` is the present one: a lesson for "now" holds in no other.
    """
    if bar := barred(lesson, now, run):
        return Verdict(lesson, "ignore", 0.0, bar)
    likeness = seen.like(taught) if seen is not None and taught is not None else None
    score, why = max((fit(when, now, likeness, alike) for when in lesson.conditions), key=lambda found: found[0])
    if lesson.scope == "limit":
        score = float(score == 1)
    elif score >= thresholds.ask and any(same(good, now) for good in lesson.positives):
        score, why = 1.0, "it was right in just this"
    elif score >= thresholds.apply and (reason := doubt(lesson, now)):
        score, why = DOUBT, reason
    if score > DOUBT and likeness is None and lesson.run != run and unnamed(lesson):
        score, why = DOUBT, f"nothing tells whether this is the same {lesson.when.kind}"
    return Verdict(lesson, thresholds.decide(score), score, why)


def barred(lesson: Lesson, now: Situation, run: str = "") -> str:
    """Why it is out whatever it scores; "" if it is not."""
    if lesson.scope == "now" and not (run and run == lesson.run):
        return "it was meant for that time only"
    if any(exception.holds(now) for exception in lesson.exceptions):
        return "this is an exception from it"
    if any(same(bad, now) for bad in lesson.negatives):
        return "it was wrong in just this"
    return ""


def fit(when: When, now: Situation, likeness: float | None = None, alike: Alike = kinds_alike) -> tuple[float, str]:
    """How well a condition fits, and why; 0 where a word differs other than the kind."""
    unlike = when.unlike(now)
    for word in unlike:
        if word == "attributes":
            return 0.0, f"it is for what is {' and '.join(sorted(when.attributes))}"
        if word != "kind":
            return 0.0, f"it is for {word.replace('_', ' ')} {getattr(when, word)!r}, not {getattr(now, word)!r}"
    if unlike:
        score = alike(when.kind or "", now.kind)
        why = f"a {now.kind or 'thing'} is {'like' if score >= ASK else 'no'} {when.kind}"
        if score < 1 and when.object is None and likeness is not None and likeness > score:
            score, why = min(DOUBT, likeness), f"this {now.kind} looks like a {when.kind}"
        return score, why
    if when.object is not None and likeness is not None:
        return max(0.0, 1 + 2 * likeness) / 3, f"it is called {when.object}, and looks {likeness:.2f} like it"
    return 1.0, "its condition holds"


def doubt(lesson: Lesson, now: Situation) -> str:
    """Why one should ask although the condition holds; "" if there is no reason."""
    lacking = lesson.noticed - now.attributes
    if lacking and all(lacking & good.attributes for good in lesson.positives):
        return f"it was taught on a thing that was {' and '.join(sorted(lacking))}"
    sizes = [size for size in (lesson.size, *(good.size for good in lesson.positives)) if size]
    if LENGTHS & lesson.manner.said.keys() and now.size and sizes and all(not _close(size, now.size) for size in sizes):
        return f"it was taught on a thing of {sizes[0]:.2f} m, this one has {now.size:.2f} m"
    against = [alikeness(bad, now) for bad in lesson.negatives if not explained(lesson, bad)]
    nearest = max(against, default=0.0)
    if nearest >= NEAR:
        near = sum(value >= NEAR for value in against)
        if sum(alikeness(good, now) >= nearest for good in lesson.positives) <= 2 * near:
            return "it was wrong in something much like this"
    return ""


def unnamed(lesson: Lesson) -> bool:
    """Whether it is for one thing that has no name of its own: elsewhere another may be called "spoon", too."""
    return lesson.scope == "instance" and bool(lesson.run) and lesson.when.object in (lesson.when.kind, "")


def explained(lesson: Lesson, bad: Situation) -> bool:
    """Whether a negative lies outside by a general word: it then says nothing about what lies inside."""
    if not any(when.holds(bad) for when in lesson.conditions):
        return True
    return any(exception.object is None and exception.holds(bad) for exception in lesson.exceptions)


def same(a: Situation, b: Situation) -> bool:
    """Whether two situations differ in nothing but the instruction and the object's size."""
    return a.model_copy(update={"task": "", "size": 0.0}) == b.model_copy(update={"task": "", "size": 0.0})


def alikeness(a: Situation, b: Situation) -> float:
    """How alike two situations are, in [0, 1]; 0 where they differ in verb or in kind of target."""
    if a.verb != b.verb or a.target_kind != b.target_kind:
        return 0.0
    first, second = a.attributes - OWN_WORDS, b.attributes - OWN_WORDS
    shared = len(first & second) / len(first | second) if first | second else 1.0
    return 0.5 * kinds_alike(a.kind, b.kind) + 0.3 * shared + 0.1 * (a.object == b.object) + 0.1 * (a.place == b.place)


def calibrated(labels: Sequence[tuple[float, bool]], alpha: float = 0.1) -> Thresholds:
    """Thresholds by split-conformal prediction from scores and whether applying was right.

    Of further wrong situations at most `alpha` then score enough to apply, of further right ones at most `alpha` too
    little to be asked about (Vovk et al. 2005; for exchangeable situations, on average over the labels). They are
    only ever more careful than the constants, and those where there are fewer than 20 labels. Wrong ones that score
    1 cannot be told by score: they are the business of exceptions.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}; it lies between 0 and 1")
    if len(labels) < LABELS:
        return CAREFUL
    right = sorted(score for score, good in labels if good)
    wrong = sorted(score for score, good in labels if not good and score < 1)
    low, high = ASK, APPLY
    if (k := floor(alpha * (len(right) + 1))) >= 1:
        low = min(ASK, max(FLOOR, right[k - 1]))
    if wrong:
        k = ceil((1 - alpha) * (len(wrong) + 1))
        high = max(APPLY, nextafter(wrong[k - 1], 2.0)) if k <= len(wrong) else 1.0
    return Thresholds(min(1.0, high), low)


def _close(a: float, b: float) -> bool:
    return max(a, b) <= RATIO * min(a, b)
