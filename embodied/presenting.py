"""In which order and how often a pair is shown, and what the answers come to together.

Every presentation is a question of its own to the store, so that none is lost, or asked twice.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from embodied.feedback import Answers, BudgetSpent, Labeler, ask
from embodied.store import Answer, Store
from embodied.types import Pair, Rating, Segment

Orders = Literal["one", "both", "random"]
Inconsistent = Literal["abstained", "tie", "mean"]


@dataclass(frozen=True)
class Presentation:
    """The pair at `place` of a list, as shown once: as it is or flipped, for the n-th time."""

    place: int
    pair: Pair
    flipped: bool = False
    sample: int = 0


@dataclass(frozen=True)
class Showing:
    """How to ask well.

    Orders "one" shows a pair as it is, "random" flips half of the pairs, "both" shows each pair twice; where the two
    answers are not on the same side, the pair is abstained on, tied, or given the mean of both (for teachers whose
    answers are probabilities). `samples` of one order are averaged; most of them abstaining is an abstention.
    """

    orders: Orders = "one"
    samples: int = 1
    inconsistent: Inconsistent = "abstained"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ValueError(f"samples is {self.samples}; ask at least once")

    def presentations(self, pairs: Sequence[Pair]) -> list[Presentation]:
        """Everything to be shown, pair by pair."""
        return [
            Presentation(place, (pair[1], pair[0]) if flipped else pair, flipped, sample)
            for place, pair in enumerate(pairs)
            for flipped in self._flips(pair)
            for sample in range(self.samples)
        ]

    def moments(self, pairs: Sequence[Pair]) -> list[Presentation]:
        """Every moment of these pairs, once, for a teacher that rates them."""
        if self.orders != "one":
            raise ValueError(f"orders is {self.orders!r}, but a rating shows one moment, which has no order")
        moments = dict.fromkeys(segment for pair in pairs for segment in pair)
        return [Presentation(i, (m, m), False, n) for i, m in enumerate(moments) for n in range(self.samples)]

    def asked(self, labeler: Labeler, pairs: Sequence[Pair]) -> list[Presentation]:
        """What this teacher is to be shown; ValueError where it would say the same again and again."""
        if self.samples > 1 and labeler.parameters.get("temperature") == 0:
            raise ValueError(
                f"{self.samples} samples at temperature 0 are one answer, paid for {self.samples} times; "
                "give the labeler a temperature above 0, or ask once"
            )
        return self.moments(pairs) if rates(labeler) else self.presentations(pairs)

    def _flips(self, pair: Pair) -> tuple[bool, ...]:
        if self.orders == "random":
            return (bool(hashlib.sha256(f"{self.seed} {pair}".encode()).digest()[0] & 1),)
        return (False, True) if self.orders == "both" else (False,)


def rates(labeler: Labeler) -> bool:
    """Whether a teacher rates single moments instead of comparing two."""
    return getattr(labeler, "asks", "pairs") == "ratings"


def consult(
    store: Store,
    labeler: Labeler,
    dataset: Any,
    goal: str,
    pairs: Sequence[Pair],
    showing: Showing | None = None,
    *,
    groups: Sequence[str] = (),
    **asking: Any,
) -> Answers:
    """`ask` with every presentation of every pair: one answer per pair, None where a presentation is missing.

    Ratings become preferences: the moment that was rated higher is preferred. Raises what `ask` raises.
    """
    showing = showing or Showing()
    shown = showing.asked(labeler, pairs)
    if groups and len(groups) != len(pairs):
        raise ValueError(f"{len(groups)} group names for {len(pairs)} pairs; give one for each")

    def together(found: Answers) -> Answers:
        return compared(found, pairs, shown) if rates(labeler) else gathered(found, pairs, shown, showing.inconsistent)

    try:
        found = ask(
            store, labeler, dataset, goal, [p.pair for p in shown], sample=[p.sample for p in shown],
            groups=[groups[p.place] for p in shown] if groups and not rates(labeler) else (), **asking,
        )  # fmt: skip
    except BudgetSpent as spent:
        raise BudgetSpent(spent.who, spent.budget, spent.spent, together(spent.answers)) from None
    return together(found)


def gathered(
    found: Answers, pairs: Sequence[Pair], shown: Sequence[Presentation], inconsistent: Inconsistent
) -> Answers:
    """One answer per pair from those to its presentations."""
    by_order: list[dict[bool, list[Answer | None]]] = [{} for _ in pairs]
    for presentation, answer in zip(shown, found.answers, strict=True):
        turned = turned_back(answer) if answer is not None and presentation.flipped else answer
        by_order[presentation.place].setdefault(presentation.flipped, []).append(turned)
    answers: list[Answer | None] = []
    flips: list[bool | None] = []
    for orders in by_order:
        given = [sampled([a for a in some if a is not None]) for some in orders.values() if None not in some]
        complete = len(given) == len(orders)
        answers.append(agreed(given, inconsistent) if complete else None)
        flips.append(flipped(*given) if complete and len(given) == 2 else None)
    return Answers(tuple(pairs), tuple(answers), found.by, found.asked, tuple(flips))


def turned_back(answer: Answer) -> Answer:
    """The answer to a flipped pair, about the pair as it is."""
    return replace(answer, p_left=None if answer.p_left is None else 1.0 - answer.p_left)


def sampled(answers: Sequence[Answer]) -> Answer:
    """Several answers to the same presentation as one; failures count only where there is nothing else."""
    if len(answers) == 1:
        return answers[0]
    opinions = [answer for answer in answers if answer.outcome != "failed"]
    if not opinions:
        return _one(answers, "failed", error=answers[-1].error)
    beliefs = [answer.p_left for answer in opinions if answer.p_left is not None]
    if 2 * len(beliefs) <= len(opinions):
        return _one(answers, "abstained")
    return believed(answers, float(np.mean(beliefs)))


def agreed(answers: Sequence[Answer], inconsistent: Inconsistent) -> Answer:
    """One answer from those to the two orders of a pair (or the only one): they must be on the same side."""
    if len(answers) == 1:
        return answers[0]
    for outcome in ("failed", "abstained"):
        if some := [answer for answer in answers if answer.outcome == outcome]:
            return _one(answers, outcome, error=some[0].error)
    if inconsistent == "mean" or len({side(answer) for answer in answers}) == 1:
        return believed(answers, float(np.mean([answer.p_left for answer in answers if answer.p_left is not None])))
    return _one(answers, inconsistent, p_left=0.5 if inconsistent == "tie" else None)


def flipped(first: Answer, second: Answer) -> bool | None:
    """Whether two orders were given opposite sides, both turned to the same order; None if one has no opinion."""
    if first.p_left is None or second.p_left is None:
        return None
    return {side(first), side(second)} == {-1, 1}


def side(answer: Answer) -> int:
    """1 for left, -1 for right, 0 for neither."""
    return 0 if answer.p_left is None else int(np.sign(answer.p_left - 0.5))


def believed(answers: Sequence[Answer], p_left: float) -> Answer:
    """The answer that all these come to, if so much speaks for the left."""
    return _one(answers, "tie" if p_left == 0.5 else "preferred", p_left=p_left)


def compared(found: Answers, pairs: Sequence[Pair], shown: Sequence[Presentation]) -> Answers:
    """Preferences from ratings: the higher is preferred, equal ones tie; what is not rated is not compared."""
    given: dict[Segment, list[Answer | None]] = {}
    for presentation, answer in zip(shown, found.answers, strict=True):
        given.setdefault(presentation.pair[0], []).append(answer)
    rated = {m: [a.value for a in some if a and a.value is not None] for m, some in given.items()}
    values = {moment: float(np.mean(some)) for moment, some in rated.items() if some}
    answers: list[Answer | None] = []
    for left, right in pairs:
        both = [*given[left], *given[right]]
        if left in values and right in values:
            p_left = 0.5 + 0.5 * float(np.sign(values[left] - values[right]))
            answers.append(believed([a for a in both if a is not None], p_left))
        elif None in both:
            answers.append(None)
        else:
            failed = [a for a in both if a is not None and a.outcome == "failed"]
            answers.append(Answer("failed", error=failed[0].error) if failed else Answer("abstained"))
    ratings = tuple(Rating(moment, value, found.by) for moment, value in values.items())
    return Answers(tuple(pairs), tuple(answers), found.by, found.asked, ratings=ratings)


def _one(answers: Sequence[Answer], outcome: Any, *, p_left: float | None = None, error: str = "") -> Answer:
    """An answer that cost what these cost together, as sure as they are on average."""
    sure = [answer.confidence for answer in answers if answer.confidence is not None]
    return Answer(
        outcome, p_left, float(np.mean(sure)) if sure else None, "", sum(a.tokens_in for a in answers),
        sum(a.tokens_out for a in answers), sum(a.latency for a in answers), error,
    )  # fmt: skip
