"""How far each source of answers can be trusted: everything `embodied feedback stats` says, as plain data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from embodied.dataset import Dataset
from embodied.types import Preference
from rewards.agreement import DECIDED, calibration, kappa, label_accuracy, side_errors, withheld_by_gap
from rewards.answers import Asked, read_answers
from rewards.consensus import dawid_skene, shared_sides
from rewards.consistency import circles, leaning, order_flips, rate, repeats
from rewards.trust import FEWEST, Trust, judged, weighted
from rewards.verdicts import TOLERATED, verdicts

OUTCOMES = ("preferred", "tie", "abstained", "failed")
Gap = Callable[[Asked], np.ndarray]
"""How much more the left side is worth, (n,); NaN where that is unknown."""


def statistics(
    paths: Sequence[str | Path],
    dataset: Dataset | None = None,
    *,
    gold: str = "",
    truth: bool = True,
    fit: bool = True,
    seed: int = 0,
) -> dict[str, Any]:
    """Every source of these stores and label folders, and how much every two agree.

    `against` holds a source against recorded progress (unless `truth` is False), against `gold`, and against a reward
    fitted to other answers (unless `fit` is False), whichever there is. Raises ValueError where there is nothing to
    read, or no such gold.
    """
    sources = read_answers(paths)
    if not sources:
        raise ValueError(f"no answers in {', '.join(map(str, paths))}; `embodied label` asks for some")
    references: dict[str, Gap] = {}
    progress = recorded(dataset) if dataset is not None and truth else {}
    if dataset is not None and progress:
        references["progress"] = against_progress(dataset, progress)
    if gold:
        references["gold"] = against_gold(gold_of(gold, sources))
    found = []
    for goal in dict.fromkeys(asked.goal for asked in sources):
        same = [asked for asked in sources if asked.goal == goal]
        fitted, trust = against_fitted(dataset, same, seed) if dataset is not None and fit else (None, {})
        agreed = dawid_skene(same)
        for asked in same:
            there = references | ({"fitted": fitted} if fitted else {})
            entry = described(asked, there, seed) | {
                "trust": plainly(asked.name, trust), "dawid_skene": agreed.get(asked.name),
            }  # fmt: skip
            if progress:
                entry["against"]["progress"]["by_gap"] = by_gap(asked, progress)
            found.append(entry | {"verdicts": verdicts(entry)})
    return finite({"sources": found, "agreement": agreement(sources), "references": list(references)})


def finite(value: Any) -> Any:
    """The same with None for what is not a number, as JSON has it."""
    if isinstance(value, Mapping):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def described(asked: Asked, references: Mapping[str, Gap], seed: int = 0) -> dict[str, Any]:
    """What one source's answers say by themselves, and against each reference."""
    n = len(asked)
    return {
        "name": asked.name, "source": asked.source, "model": asked.model, "prompt_version": asked.prompt,
        "goal": asked.goal, "questions": n,
        "outcomes": {outcome: int(asked.saying(outcome).sum()) for outcome in OUTCOMES},
        "withheld": {o: rate(int(asked.saying(o).sum()), n) for o in ("tie", "abstained", "failed")},
        "side": leaning(asked), "order": order_flips(asked), "repeats": repeats(asked),
        "circles": circles(asked, seed),
        "against": {kind: compared(asked, gap(asked), DECIDED if kind == "progress" else 0.0)
                    for kind, gap in references.items()},
    }  # fmt: skip


def compared(asked: Asked, gap: np.ndarray, tie: float = 0.0) -> dict[str, Any]:
    """Accuracy, errors about clear differences, what withholding depends on, and calibration against one reference."""
    clear = np.isfinite(gap) & (np.abs(gap) > tie) & asked.decided
    right = (asked.side * gap > 0)[clear]
    errors = {side: rate(*count) for side, count in side_errors(asked.side, np.where(clear, gap, np.nan)).items()}
    said = np.where(np.isfinite(asked.confidence), asked.confidence, np.maximum(asked.p_left, 1 - asked.p_left))
    stated = bool((np.isfinite(asked.confidence) | ((asked.p_left > 0) & (asked.p_left < 1)))[clear].any())
    return {
        "accuracy": rate(int(right.sum()), len(right)),
        "errors": errors,
        "withheld": {o: withheld_by_gap(asked.saying(o), gap) for o in ("tie", "abstained")},
        "calibration": calibration(said[clear], right) if stated else None,
    }


def plainly(name: str, trust: Mapping[str, Trust]) -> dict[str, Any] | None:
    """What is known of a source by a fitted reward, with the weights its answers would have among these sources."""
    if name not in trust:
        return None
    found = trust[name]
    blind = min(found.guess, 1 - found.guess)
    others = [t.flips for other, t in trust.items() if other != name]
    left, right = (weight_of(name, trust, left) for left in (True, False))
    return asdict(found) | {
        "worthless": found.worthless, "flips": found.flips, "flips_low": found.low * blind,
        "flips_high": found.high * blind, "alone": not others,
        "tolerated": 2 * TOLERATED if not others else TOLERATED + min(others),
        "weight_left": left, "weight_right": right,
    }  # fmt: skip


def weight_of(name: str, trust: Mapping[str, Trust], left: bool) -> float:
    """The weight of an answer for that side, the best source's being 1."""
    from embodied.types import moment

    return weighted([Preference(moment(0, 0), moment(0, 1), float(left), name)], trust)[0].weight


def recorded(dataset: Dataset) -> dict[int, np.ndarray]:
    """True progress per frame of each episode, (T + 1,); empty where the data set has none."""
    try:
        flat = dataset.low_dim(["progress"])["progress"]
    except KeyError:
        return {}
    return dict(zip(dataset.ids.tolist(), np.split(flat, np.cumsum(dataset.lengths + 1)[:-1]), strict=True))


def against_progress(dataset: Dataset, progress: Mapping[int, np.ndarray]) -> Gap:
    """The difference in progress; ValueError for answers about other episodes."""

    def gap(asked: Asked) -> np.ndarray:
        for segment in (s for pair in asked.pairs for s in pair):
            if segment.stop > len(progress.get(segment.episode, ())):
                raise ValueError(
                    f"{asked.name} was asked about frame {segment.stop - 1} of episode {segment.episode}, which "
                    f"{dataset.path} does not have; name the data set that the answers are about"
                )
        return np.array([progress[a.episode][a.stop - 1] - progress[b.episode][b.stop - 1] for a, b in asked.pairs])

    return gap


def by_gap(asked: Asked, progress: Mapping[int, np.ndarray]) -> list[dict[str, Any]]:
    """Shares of right, wrong, tied and withheld answers by the size of the true difference."""
    sides = [None if np.isnan(p) else float(p) for p in asked.p_left]
    return [asdict(b) for b in label_accuracy(asked.pairs, asked.outcome, sides, progress)]


def gold_of(gold: str, sources: Sequence[Asked]) -> list[Asked]:
    """The answers to hold others against: of a store or folder, or of the sources whose name begins so."""
    if Path(gold).exists():
        return read_answers([gold])
    if found := [asked for asked in sources if asked.name.startswith(gold)]:
        return found
    raise ValueError(f"no gold answers {gold!r}: no such path, and the sources are {[s.name for s in sources]}")


def against_gold(gold: Sequence[Asked]) -> Gap:
    """1, 0 or -1 as the gold answers have it on average; a source is not held against itself."""
    votes: dict[Any, list[tuple[str, float]]] = {}
    for one in gold:
        where, turn = one.turned()
        for key, side in zip(where, (one.side * turn).tolist(), strict=True):
            if np.isfinite(side):
                votes.setdefault(key, []).append((one.name, side))

    def gap(asked: Asked) -> np.ndarray:
        where, turn = asked.turned()
        others = [[side for name, side in votes.get(key, ()) if name != asked.name] for key in where]
        return turn * np.array([np.sign(np.sum(sides)) if sides else np.nan for sides in others], np.float64)

    return gap


def against_fitted(dataset: Dataset, sources: Sequence[Asked], seed: int) -> tuple[Gap | None, dict[str, Trust]]:
    """The difference by a reward that was not fitted to answers about that pair, and the trust that comes of it."""
    preferences = [p for asked in sources for p in asked.preferences()]
    if sum(p.p_left != 0.5 for p in preferences) < FEWEST:
        return None, {}
    trust, judge = judged(dataset, preferences, seed=seed)
    return lambda asked: np.asarray(judge([Preference(a, b, 0.5) for a, b in asked.pairs]), np.float64), trust


def agreement(sources: Sequence[Asked]) -> list[dict[str, Any]]:
    """Cohen's kappa of every two sources with a goal in common on the pairs that both decided."""
    found = []
    for a, b in combinations(sources, 2):
        one, other = shared_sides(a, b) if a.goal == b.goal else ([], [])
        if one:
            same = sum(x == y for x, y in zip(one, other, strict=True))
            found.append({"a": a.name, "b": b.name, "kappa": kappa(one, other), "agree": rate(same, len(one))})
    return found
