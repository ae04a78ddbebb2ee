"""What is wrong with a source of answers in plain words, each with the evidence that would hold in an argument.

Nothing is said unless a 99 % interval lies beyond the threshold, or chance alone has p < 0.001.
"""

from collections.abc import Mapping
from typing import Any

CHANCE = 1e-3
ALWAYS = 0.95
TOLERATED = 0.1  # errors about clear differences, flips of order, failures
BLIND = 0.6  # area under the curve below which withholding hardly depends on the difference
FEW = 20

AGAINST = {
    "progress": "the recorded progress",
    "gold": "the gold answers",
    "fitted": "a reward fitted to other answers",
}
Verdict = dict[str, str]


def verdicts(source: Mapping[str, Any]) -> list[Verdict]:
    """What is wrong with a source, worst first; `source` is an entry of `rewards.sources.statistics`."""
    found = [*_side(source["side"]), *_order(source["order"]), *_errors(source), *_withheld(source)]
    found += [*_repeats(source["repeats"]), *_failures(source)]
    return found or _at_random(source)


def _side(side: Mapping[str, Any]) -> list[Verdict]:
    if side["n"] < FEW or side["p"] >= CHANCE:
        return []
    name, share = ("left", side["value"]) if side["value"] > 0.5 else ("right", 1 - side["value"])
    words = f"always says {name}" if share >= ALWAYS else f"leans {name}"
    return [_said(words, f"{share:.0%} of {side['n']} decided answers; a coin gives that with p = {side['p']:.0e}")]


def _order(order: Mapping[str, Any]) -> list[Verdict]:
    if order["low"] <= TOLERATED:
        return []
    words = f"changes its mind with the order of {order['value']:.0%} of the pairs"
    evidence = f"of {order['n']} pairs shown in both orders {_interval(order)}; {order['left_twice']} times left twice"
    return [_said(words, evidence)]


def _errors(source: Mapping[str, Any]) -> list[Verdict]:
    kind = next((k for k in ("progress", "gold") if k in source["against"]), "")
    if kind:
        left, right = (source["against"][kind]["errors"][side] for side in ("left", "right"))
        if min(left["n"], right["n"]) < FEW or min(left["low"], right["low"]) <= TOLERATED:
            return []
        alike = max(left["low"], right["low"]) <= min(left["high"], right["high"])
        share = (left["value"] * left["n"] + right["value"] * right["n"]) / (left["n"] + right["n"])
        share = share if alike else min(left["value"], right["value"])
        n, against = left["n"] + right["n"], AGAINST[kind]
        evidence = f"wrong in {share:.0%} of {n} clear differences by {against}: {_sides(left, right)}"
        return [_said(_flips(share), evidence)]
    trust = source["trust"]
    if trust is None or trust["flips_low"] <= trust["tolerated"]:
        return []
    evidence = (
        f"of {trust['n']} answers held against {AGAINST['fitted']}, {_percents(trust, 'flips')} are wrong blindly"
    )
    return [_said(_flips(trust["flips"]), evidence)]


def _flips(share: float) -> str:
    return "answers the opposite" if share > 0.65 else f"flips about {100 * share:.0f} %"


def _withheld(source: Mapping[str, Any]) -> list[Verdict]:
    kind = next((k for k in AGAINST if k in source["against"]), "")
    found = []
    for outcome, words in (("abstained", "abstains"), ("tie", "ties")) if kind else ():
        share, area = source["withheld"][outcome], source["against"][kind]["withheld"][outcome]
        if area["n"] >= FEW and share["low"] > 0.02 and area["high"] < BLIND:
            evidence = (
                f"{share['value']:.0%} of {share['n']} questions, no rarer where {AGAINST[kind]} differs much: "
                f"area under the curve {area['value']:.2f} [{area['low']:.2f}, {area['high']:.2f}], blind is 0.5"
            )
            found.append(_said(f"{words} at random", evidence))
    return found


def _repeats(repeats: Mapping[str, Any]) -> list[Verdict]:
    if repeats["low"] <= TOLERATED / 2:
        return []
    evidence = f"of {repeats['n']} repetitions {_interval(repeats)}"
    return [_said(f"contradicts itself in {repeats['value']:.0%} of repeated questions", evidence)]


def _failures(source: Mapping[str, Any]) -> list[Verdict]:
    failed = source["withheld"]["failed"]
    if failed["low"] <= TOLERATED:
        return []
    return [_said(f"fails in {failed['value']:.0%} of the questions", f"{_interval(failed)} of {failed['n']}")]


def _at_random(source: Mapping[str, Any]) -> list[Verdict]:
    circles, trust = source["circles"], source["trust"]
    if circles["n"] >= FEW and circles["p"] > 0.05:
        evidence = (
            f"{circles['value']:.0%} of {circles['n']} triples go in a circle, of a coin's {circles['chance']:.0%}"
        )
        return [_said("cannot be told from a coin", evidence)]
    if trust is not None and trust["worthless"] and not trust["alone"]:
        evidence = f"its {trust['n']} answers agree with {AGAINST['fitted']} no more than guesses do; others' do"
        return [_said("cannot be told from a coin", evidence)]
    return []


def _said(words: str, evidence: str) -> Verdict:
    return {"words": words, "evidence": evidence}


def _sides(left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    return f"{_interval(left)} where left is ahead, {_interval(right)} where right is"


def _interval(share: Mapping[str, Any]) -> str:
    return f"{share['value']:.0%} [{100 * share['low']:.0f}, {100 * share['high']:.0f}]"


def _percents(trust: Mapping[str, Any], name: str) -> str:
    return f"{trust[name]:.0%} [{100 * trust[f'{name}_low']:.0f}, {100 * trust[f'{name}_high']:.0f}]"
