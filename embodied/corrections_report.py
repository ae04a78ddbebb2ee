"""What the bench of corrections found: means per keeping with intervals over seeds, as JSON and as a table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from embodied.bench_corrections import Played, Results, Tried
from embodied.statistics import bootstrap


def per_seed(results: Sequence[Results], value: Callable[[Results], float]) -> dict[str, float]:
    """Mean and 95 % interval of a number per seed."""
    found = np.array([value(one) for one in results], np.float64)
    found = found[np.isfinite(found)]
    if len(found) == 0:
        return {"value": float("nan"), "low": float("nan"), "high": float("nan")}
    return asdict(bootstrap(found[:, None], np.random.default_rng(0)))


def mean(values: Iterable[float]) -> float:
    """The mean; NaN of nothing."""
    found = [float(value) for value in values]
    return sum(found) / len(found) if found else float("nan")


def by_round(results: Sequence[Results], round_: int, value: Callable[[Played], float]) -> dict[str, float]:
    """A number per task, in that round."""
    return per_seed(results, lambda one: mean(value(p) for p in one.played if p.round == round_))


def scope(results: Sequence[Results], about: str, crowd: int, value: Callable[[Tried], float]) -> dict[str, float]:
    """A share of the fresh situations of that sort, beside so many lessons."""
    return per_seed(results, lambda one: mean(value(t) for t in one.tried if (t.about, t.crowd) == (about, crowd)))


def summary(results: Sequence[Results]) -> dict[str, Any]:
    """Per keeping: corrections and wishes fulfilled by round, questions per lesson, scope beside so many lessons."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(one.order.keeping for one in results):
        ours = [one for one in results if one.order.keeping == name]
        rounds = sorted({p.round for one in ours for p in one.played})
        lessons = sum(p.lessons for one in ours for p in one.played)
        found[name] = {
            "seeds": len(ours),
            "corrections": [by_round(ours, r, lambda p: p.corrections) for r in rounds],
            "fulfilled": [by_round(ours, r, lambda p: p.fulfilled) for r in rounds],
            "reached": [by_round(ours, r, lambda p: p.reached) for r in rounds],
            "caused": per_seed(ours, lambda one: mean(p.caused for p in one.played)),
            "unclear": per_seed(ours, lambda one: mean(p.unclear for p in one.played)),
            "questions_per_lesson": sum(p.questions for o in ours for p in o.played) / lessons if lessons else 0.0,
            "scope": {
                str(crowd): {
                    "S_in": scope(ours, "in", crowd, lambda t: t.fulfilled),
                    "S_near": scope(ours, "near", crowd, lambda t: t.changed),
                    "S_out": scope(ours, "out", crowd, lambda t: t.changed),
                }
                for crowd in ours[0].order.crowds
            },
        }
    return found


def markdown(found: Mapping[str, Any]) -> str:
    """Two tables: corrections per task by round, and scope."""
    first = next(iter(found.values()))
    rounds = range(1, len(first["corrections"]) + 1)
    lines = [
        "| kept | " + " | ".join(f"corrections, round {r}" for r in rounds)
        + " | wishes fulfilled at the end | questions per lesson | not understood per task | caused per task |",
        "|---" * (len(rounds) + 5) + "|",
    ]  # fmt: skip
    for name, one in found.items():
        told = " | ".join(shown(value) for value in one["corrections"])
        ended = one["fulfilled"][-1]["value"]
        asked, unclear, caused = one["questions_per_lesson"], one["unclear"]["value"], one["caused"]["value"]
        lines.append(f"| {name} | {told} | {ended:.2f} | {asked:.2f} | {unclear:.2f} | {caused:.2f} |")
    crowds = list(first["scope"])
    heads = (f"S_in / S_near / S_out beside {n} others" for n in crowds)
    lines += ["", "| kept | " + " | ".join(heads) + " | S_overall |"]
    lines.append("|---" * (len(crowds) + 2) + "|")
    for name, one in found.items():
        cells = [
            " / ".join(f"{one['scope'][n][key]['value']:.2f}" for key in ("S_in", "S_near", "S_out")) for n in crowds
        ]
        last = {key: value["value"] for key, value in one["scope"][crowds[-1]].items()} if crowds else {}
        overall = (last["S_in"] + 1 - (last["S_near"] + last["S_out"]) / 2) / 2 if last else float("nan")
        lines.append(f"| {name} | {' | '.join(cells)} | {overall:.2f} |")
    return "\n".join(lines) + "\n"


def shown(value: Mapping[str, float]) -> str:
    """A mean with its interval."""
    return f"{value['value']:.2f} [{value['low']:.2f}, {value['high']:.2f}]"
