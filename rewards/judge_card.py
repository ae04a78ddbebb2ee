"""The card that lies beside a judge's weights: what it is, what it was made from, how right it is, what it is not."""

from collections.abc import Mapping
from typing import Any

NAMES = {
    "scenes": "scenes that it never saw",
    "colours": "pairs of colours that it never saw together",
    "wordings": "wordings by somebody who had not seen its grammar",
}


TEXT = """# The embedded judge

A network of {parameters:,} parameters that says in which of two pictures of the simulated tabletop a wish has come
further, or that it cannot tell. It asks nobody and costs nothing.

**What it is not.** It was distilled from the simulator's state: its training saw the order of true progress and where
things are. It is no foundation model and does not transfer: it knows one world, one camera (`front`, 96 x 96 pixels),
the colours {colour_names}, the wishes {wishes}, and refuses the rest by name. Nothing that is learned
from its answers is evidence about RL-VLM-F, or about any vision-language model.

**How it was made.** `embodied train-judge --out FOLDER --seed {seed}`: {config[groups]:,} scenes of six moments,
posed by `envs/tabletop/posing.py`, {config[epochs]:g} passes{took}. Pairs of
colours of the tabletop's split `held-out` were in no training question.

**How right it is**, on {tests[scenes][pairs]:,} pairs of moments of one scene whose progress differs by more than 0.005
(5 mm of way), and on {tests[scenes][ties]:,} that differ by less. A side is taken above a probability of {sure:.2f},
which was chosen on other scenes:

| test | pairs | right, of those decided | ties withheld | real differences withheld |
|---|---|---|---|---|
{rows}

By the true difference of progress, right of those decided / withheld:

| difference | {heads} |
|---|{rules}
{gaps}

By kind of wish, on new scenes: {kinds}. {pairs_per_second:.0f} pairs a second here. Wordings are
read by a grammar (`rewards/sentences.py`), which understands {understood} of those other wordings
(`rewards/phrasings.py`) and refuses the rest.
"""


def percent(share: float) -> str:
    """0.947 as 94.7 %."""
    return f"{100 * share:.1f} %"


def text(card: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    tests = card["tests"]
    names = ("right", "ties_withheld", "real_withheld")
    rows = "\n".join(
        f"| {NAMES[name]} | {t['pairs']} | {' | '.join(percent(t[n]) for n in names)} |" for name, t in tests.items()
    )
    gaps = "\n".join(gap(i, tests) for i in range(len(tests["scenes"]["by_gap"])))
    kinds = ", ".join(f"{name} {percent(share)}" for name, share in card["by_predicate"].items())
    return TEXT.format(
        **card, rows=rows, gaps=gaps, kinds=kinds, heads=" | ".join(NAMES[n] for n in tests), rules="---|" * len(tests),
        took=took(card["seconds"]), colour_names=", ".join(card["colours"]), wishes=", ".join(card["predicates"]),
        understood=percent(tests["wordings"]["understood"]),
    )  # fmt: skip


def took(seconds: int | None) -> str:
    """How long one command took, if one did it all."""
    return "" if seconds is None else f"; {seconds} seconds here, other work running"


def gap(i: int, tests: Mapping[str, Any]) -> str:
    """A row of the table by the size of the true difference."""
    edges = tests["scenes"]["by_gap"][i]
    cells = (f"{percent(t['by_gap'][i]['right'])} / {percent(t['by_gap'][i]['withheld'])}" for t in tests.values())
    return f"| {edges['low']:g} to {edges['high']:g} | {' | '.join(cells)} |"
