"""Asking a teacher about pairs of moments: nothing answered is asked again, nothing paid for is lost."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from embodied.prices import Prices
from embodied.store import Answer, Question, Spent, Store, StoreError
from embodied.types import Pair, Preference, Rating

__all__ = [
    "Answer",
    "Answers",
    "Budget",
    "BudgetSpent",
    "Labeler",
    "LabelingStopped",
    "Question",
    "Spent",
    "Store",
    "StoreError",
    "ask",
    "pose",
]

EARLIEST_STOP = 20  # answers before an error rate means anything
FIRST_TASTE = 8  # queries to learn what one costs in tokens
QUICK = 0.2  # seconds for a batch below which the next one is larger
LARGEST_BATCH = 4096  # queries claimed at once by a teacher that answers without delay


@runtime_checkable
class Labeler(Protocol):
    """A teacher: an oracle, a model or a person. Its answers are stored under the first four attributes.

    `parameters` is plain JSON. `shows` is what identifies a moment to it: a camera, low-dimensional names, or
    nothing (the moment itself counts). `ask` yields (index, answer) in order of completion, each as it arrives.

    A teacher may further have `identify(moments) -> hashes` where it is shown more than `shows` tells, `prices` where
    it costs money, `questions(n, rng) -> pairs` where it brings its own, `asks = "ratings"` where it rates single
    moments, and a `destination` its pictures go to.
    """

    @property
    def source(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def prompt_version(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def shows(self) -> str | tuple[str, ...]: ...

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]: ...


@dataclass(frozen=True)
class Budget:
    """The most one teacher may cost for one goal in one store, earlier runs and failures included; None: no limit."""

    queries: int | None = None
    tokens: int | None = None
    money: float | None = None

    def __post_init__(self) -> None:
        for name, limit in (("queries", self.queries), ("tokens", self.tokens), ("money", self.money)):
            if limit is not None and limit < 0:
                raise ValueError(f"budget of {limit} {name}; give a number >= 0, or None for no limit")

    def room(self, spent: Spent) -> int | None:
        """How many more queries fit, judging tokens and money by the mean so far; None if there is no limit."""
        rooms = []
        if self.queries is not None:
            rooms.append(self.queries - spent.queries - spent.claimed)
        for limit, so_far in ((self.tokens, spent.tokens), (self.money, spent.money)):
            if limit is not None:
                left = limit - so_far
                mean = so_far / spent.queries if spent.queries else 0.0
                rooms.append(int(left / mean + 1e-9) - spent.claimed if mean else FIRST_TASTE * (left > 0))
        return max(0, min(rooms)) if rooms else None


@dataclass(frozen=True)
class Answers:
    """The answers to `pairs`, in their order; None where nothing was asked (the budget ended before)."""

    pairs: tuple[Pair, ...]
    answers: tuple[Answer | None, ...]
    by: str = ""
    asked: int = 0
    flipped: tuple[bool | None, ...] = ()
    """Whether a pair shown in both orders was judged differently; None where it was not shown so."""
    ratings: tuple[Rating, ...] = ()

    def __len__(self) -> int:
        return len(self.pairs)

    def preferences(self) -> list[Preference]:
        """Preferences and ties; abstentions and failures give none."""
        return [
            Preference(pair[0], pair[1], answer.p_left, self.by)
            for pair, answer in zip(self.pairs, self.answers, strict=True)
            if answer is not None and answer.p_left is not None
        ]

    def counts(self) -> dict[str, int]:
        """How many of each outcome, "unasked", and "asked": queries this call made (the rest was known).

        Where pairs were shown in both orders, "flipped" of them were judged by the order.
        """
        found = Counter("unasked" if answer is None else answer.outcome for answer in self.answers)
        named = {name: found[name] for name in ("preferred", "tie", "abstained", "failed", "unasked")}
        flips = {} if all(f is None for f in self.flipped) else {"flipped": sum(f is True for f in self.flipped)}
        return {**named, **flips, "asked": self.asked}


class LabelingStopped(RuntimeError):
    """Too many queries failed. What was answered is kept; `failed` of `asked` failed, lastly with `last_error`."""

    def __init__(self, who: str, failed: int, asked: int, last_error: str, limit: float) -> None:
        super().__init__(
            f"{who} failed {failed} of {asked} queries, more than {limit:.0%}; the last error was: {last_error}. "
            f"Everything answered is kept; mend the cause and repeat the command, which asks only what is missing"
        )
        self.failed, self.asked, self.last_error = failed, asked, last_error


class BudgetSpent(RuntimeError):
    """The budget ended before the questions did; `answers` holds what was answered, now or earlier."""

    def __init__(self, who: str, budget: Budget, spent: Spent, answers: Answers) -> None:
        missing, money = answers.counts()["unasked"], f" for {spent.money:.4g}" if spent.money else ""
        super().__init__(
            f"the budget of {who} is spent: {spent.queries} queries and {spent.tokens} tokens{money} of "
            f"{budget}; {missing} of {len(answers)} pairs are unanswered. Everything answered is kept; "
            f"raise the budget and repeat the command, or go on with what there is"
        )
        self.who, self.budget, self.spent, self.answers = who, budget, spent, answers


def pose(
    labeler: Labeler,
    dataset: Any,
    goal: str,
    pairs: Sequence[Pair],
    *,
    sample: int | Sequence[int] = 0,
    groups: Sequence[str] = (),
) -> list[Question]:
    """The questions `labeler` would be asked, with the hashes of what it would be shown; `sample` for all or each.

    Raises ValueError for a pair of segments longer than one frame, or if `groups` does not name one group per pair.
    """
    if groups and len(groups) != len(pairs):
        raise ValueError(f"{len(groups)} group names for {len(pairs)} pairs; give one for each")
    for left, right in pairs:
        if len(left) != 1 or len(right) != 1:
            raise ValueError(f"cannot ask about {left} and {right}: a question shows single frames, see moment()")
    if not pairs:
        return []
    shown = np.array([(s.episode, s.start) for pair in pairs for s in pair], np.int64)
    moments, place = np.unique(shown, axis=0, return_inverse=True)
    hashes = _hashes(labeler, dataset, moments)
    named = [hashes[i] for i in place.ravel().tolist()]
    samples = [sample] * len(pairs) if isinstance(sample, int) else list(sample)
    return [
        Question(goal, pair, (named[2 * i], named[2 * i + 1]), samples[i], groups[i] if groups else "")
        for i, pair in enumerate(pairs)
    ]


def ask(
    store: Store,
    labeler: Labeler,
    dataset: Any,
    goal: str,
    pairs: Sequence[Pair],
    *,
    budget: Budget | None = None,
    max_error_rate: float = 0.2,
    batch: int = 256,
    sample: int | Sequence[int] = 0,
    groups: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Answers:
    """Have every pair answered, asking only what the store does not know, and return the answers in order.

    An answer that took time (`latency > 0`) is committed the moment it arrives, computed ones by the batch. What
    another live process is asking is waited for and then read. What failed in an earlier call is asked again.
    `progress` is told (done, total). Raises LabelingStopped when more than `max_error_rate` of the queries fail
    (looked at from the 20th on, and at the end), BudgetSpent when `budget` does not cover the rest.
    """
    if budget is not None and budget.money is not None and getattr(labeler, "prices", None) is None:
        raise ValueError(f"a budget of {budget.money:g} in money, but no prices of {name(labeler)}; give its prices")
    questions = pose(labeler, dataset, goal, pairs, sample=sample, groups=groups)
    teacher = store.teacher(labeler.source, labeler.model, labeler.prompt_version, labeler.parameters, goal)
    keys = store.keys(teacher, questions)
    wanted: dict[str, Question] = {}
    for key, question in zip(keys, questions, strict=True):
        wanted.setdefault(key, question)
    known = store.answered(list(wanted))
    job = _Job(store, labeler, teacher, wanted, max_error_rate, progress, known)
    try:
        complete = job.run(budget, batch, sleep)
    finally:
        store.release()
    answers = Answers(tuple(pairs), tuple(job.known.get(key) for key in keys), name(labeler), job.asked)
    if not complete and budget is not None:
        raise BudgetSpent(name(labeler), budget, store.spent(teacher), answers)
    return answers


def name(labeler: Labeler) -> str:
    """How a labeler signs its preferences."""
    return f"{labeler.source}:{labeler.model}" if labeler.model else labeler.source


@dataclass
class _Job:
    """One call of `ask` under way: what is known, and how asking has gone so far."""

    store: Store
    labeler: Labeler
    teacher: int
    wanted: Mapping[str, Question]
    max_error_rate: float
    progress: Callable[[int, int], None] | None
    known: dict[str, Answer] = field(default_factory=dict)
    asked: int = 0
    failed: int = 0
    last_error: str = ""
    renewed: float = field(default_factory=time.monotonic)

    def run(self, budget: Budget | None, batch: int, sleep: Callable[[float], None]) -> bool:
        """Ask until everything is known (True) or the budget is spent (False)."""
        self._report()
        waiting = [key for key in self.wanted if key not in self.known]
        pause = 0.05
        while waiting:
            held: list[str] = []
            before = len(self.known)
            while waiting:
                room = budget.room(self.store.spent(self.teacher)) if budget else None
                count = batch if room is None else min(batch, room)
                some, waiting = waiting[:count], waiting[count:]
                if not some:
                    return self._without_budget(waiting + held)
                began = time.monotonic()
                held += self._round(some)
                if time.monotonic() - began < QUICK:
                    batch = min(2 * batch, LARGEST_BATCH)
            waiting = held
            if held:
                pause = 0.05 if len(self.known) > before else min(2 * pause, 2.0)
                sleep(pause)
        self._stop_if_failing(final=True)
        return True

    def _without_budget(self, waiting: list[str]) -> bool:
        self.known |= self.store.answered(waiting)
        self._stop_if_failing(final=True)
        return all(key in self.known for key in waiting)

    def _round(self, keys: list[str]) -> list[str]:
        """Claim and ask these; return those that somebody else holds."""
        claim = self.store.claim(self.teacher, {key: self.wanted[key] for key in keys})
        self.known |= claim.answered
        if claim.mine:
            self._ask(claim.mine)
        self._report()
        return claim.held

    def _ask(self, keys: list[str]) -> None:
        unwritten: dict[str, Answer] = {}
        missing = set(keys)
        answers = self.labeler.ask([self.wanted[key] for key in keys])
        try:
            for index, answer in answers:
                unwritten[keys[index]] = answer
                missing.discard(keys[index])
                if answer.latency > 0:
                    self._commit(unwritten)
                    unwritten = {}
        finally:
            if unwritten:
                self._commit(unwritten, check=False)
            if close := getattr(answers, "close", None):
                close()  # what is not yet sent stays unsent
        self._stop_if_failing()
        if missing:
            raise RuntimeError(
                f"{name(self.labeler)} answered {len(keys) - len(missing)} of {len(keys)} questions; "
                f"a labeler yields one answer, if need be a failed one, for every question"
            )

    def _commit(self, answers: dict[str, Answer], check: bool = True) -> None:
        prices: Prices | None = getattr(self.labeler, "prices", None)
        money = sum(prices.of(a.tokens_in, a.tokens_out) for a in answers.values()) if prices else 0.0
        self.known |= self.store.commit(self.teacher, answers, money)
        self.asked += len(answers)
        for answer in answers.values():
            if answer.outcome == "failed":
                self.failed += 1
                self.last_error = answer.error
        if check:
            self._stop_if_failing()
        if time.monotonic() - self.renewed > self.store.lease / 4:
            self.store.renew()
            self.renewed = time.monotonic()
        self._report()

    def _stop_if_failing(self, final: bool = False) -> None:
        enough = final or self.asked >= EARLIEST_STOP
        if enough and self.asked and self.failed / self.asked > self.max_error_rate:
            raise LabelingStopped(name(self.labeler), self.failed, self.asked, self.last_error, self.max_error_rate)

    def _report(self) -> None:
        if self.progress:
            self.progress(len(self.known), len(self.wanted))


def _hashes(labeler: Labeler, dataset: Any, moments: np.ndarray) -> list[str]:
    if identify := getattr(labeler, "identify", None):
        return identify(moments)
    if shows := labeler.shows:
        return dataset.frame_hashes(shows if isinstance(shows, str) else list(shows), moments)
    identity = dataset.fingerprint()
    return [hashlib.sha256(f"{identity} {e} {t}".encode()).hexdigest() for e, t in moments.tolist()]
