"""What a labelling run would cost: what is still to be asked, times what a query of this teacher takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embodied.feedback import Labeler, pose
from embodied.presenting import Showing
from embodied.prices import Cost, Terms
from embodied.store import Question, Store
from embodied.types import Pair


@dataclass(frozen=True)
class Estimate:
    """`queries` presentations of `pairs` pairs are wanted, of which `answered` are known and the rest is asked.

    Tokens, money and seconds are those of what is asked; None where nothing tells. `basis` says what they rest on.
    """

    pairs: int
    queries: int
    answered: int
    to_ask: int
    tokens_in: int
    tokens_out: int
    money: float | None
    seconds: float | None
    basis: str


def estimate(
    path: str | Path,
    labeler: Labeler,
    dataset: Any,
    goal: str,
    pairs: Sequence[Pair],
    showing: Showing | None = None,
) -> Estimate:
    """The cost of having these pairs answered, with the store at `path` if there is one. Nothing is asked."""
    shown = (showing or Showing()).asked(labeler, pairs)
    questions = pose(labeler, dataset, goal, [p.pair for p in shown], sample=[p.sample for p in shown])
    wanted, known, cost = len(questions), 0, None
    if Path(path).exists():
        with Store(path) as store:
            teacher = store.teacher(labeler.source, labeler.model, labeler.prompt_version, labeler.parameters, goal)
            keys = set(store.keys(teacher, questions))
            wanted, known, cost = len(keys), len(store.answered(list(keys))), learned(store, labeler, teacher)
    else:
        wanted = len({(q.hashes, q.sample) for q in questions})
    cost = cost or guessed(labeler, questions)
    terms: Terms = getattr(labeler, "terms", None) or Terms()
    rest = wanted - known
    tokens = rest * cost.tokens_in, rest * cost.tokens_out
    money = None if terms.prices is None else terms.prices.of(*tokens)
    seconds = terms.seconds(rest, cost)
    return Estimate(len(pairs), wanted, known, rest, round(tokens[0]), round(tokens[1]), money, seconds, cost.basis)


def learned(store: Store, labeler: Labeler, teacher: int) -> Cost | None:
    """The mean over what this teacher was asked before, for this goal if possible; None if it never was."""
    calls = 2 if labeler.prompt_version.startswith("two-stage") else 1
    spent = store.spent(teacher)
    queries, tokens_in, tokens_out, seconds, about = (
        spent.queries, spent.tokens_in, spent.tokens_out, spent.seconds, "this goal",
    )  # fmt: skip
    if not queries:
        same = ("source", "model", "prompt_version", "parameters")
        mine = (labeler.source, labeler.model, labeler.prompt_version, dict(labeler.parameters))
        rows = [row for row in store.ledger() if tuple(row[name] for name in same) == mine]
        queries, tokens_in, tokens_out, seconds = (
            sum(row[name] for row in rows) for name in ("queries", "tokens_in", "tokens_out", "seconds")
        )
        about = "other goals"
    if not queries:
        return None
    basis = f"the mean of {queries} queries of this teacher for {about}"
    return Cost(tokens_in / queries, tokens_out / queries, seconds / queries, calls, basis)


def guessed(labeler: Labeler, questions: Sequence[Question]) -> Cost:
    """What a teacher says of itself before it was ever asked; nothing, for one that costs nothing."""
    cost = getattr(labeler, "cost", None)
    if cost is None:
        return Cost(basis="this teacher counts no tokens")
    return cost(questions[0]) if questions else Cost()
