"""The card that lies beside the weights of the judge of dressing: what it is, how right it is, what it is not."""

from collections.abc import Mapping
from typing import Any

from rewards.judge_card import percent, took

TEXT = """# The embedded judge of dressing

A network of {parameters:,} parameters that says in which of two pictures of the simulated dressing task the sleeve has
come further over the person's arm, or that it cannot tell. It asks nobody and costs nothing.

**What it is not.** It was distilled from the simulator's state: its training saw true progress and where arm, gripper
and opening are. It is no foundation model and does not transfer, least of all to people: it knows one simulated world,
one camera (`front`, 96 x 96 pixels), the right arm, the sleeves of {garment_names}, one wish (a sleeve over the arm,
up to the shoulder), and refuses the rest by name. It sees no force and says nothing about comfort or safety. Nothing
that is learned from its answers is evidence about RL-VLM-F, or about any vision-language model.

**How it was made.** `embodied train-judge --world dressing --out FOLDER --seed {seed}`: {config[groups]:,} episodes of
twenty moments, acted well and badly (`envs/dressing/acting.py`), each drawn {config[copies]} times by
`envs/dressing/posing.py`, {config[epochs]:g} passes{took}. All in scenes of the split `train`. It is tested on
`held-out` scenes: arm poses from other squares of azimuth and flexion, other sizes of sleeves, lighter shades.

**How right it is** on {groups} held-out episodes, acted in the same ways, on pairs whose progress differs by more than
0.005. A side is taken above a probability of {sure:.2f}, which was chosen on other training scenes. The score misses
progress by {error:.3f} on average, by less than {error_90:.3f} in nine of ten pictures; within an episode its rank
correlation with progress is {order:.3f} (median).

| moments of | pairs | right, of those decided | ties withheld | real withheld | right if 0.05 apart | decided then |
|---|---|---|---|---|---|---|
{rows}

By the true difference of progress, right of those decided / withheld:

| difference | one episode | two episodes |
|---|---|---|
{gaps}

By garment (one episode):

| garment | right | right where > 0.05 apart | mean error of the score |
|---|---|---|---|
{garments_rows}

What it says against what is so (one episode): {calibration}.

{pairs_per_second:.0f} pairs a second here. Wordings are read by a grammar (`rewards/sentences_dressing.py`), which
understands {understood} of forty other ones (`rewards/dressed_phrasings.py`, by the author of the grammar; a stranger's
would fare worse) and refuses the rest.
"""
NAMES = {"held-out": "one episode", "held-out, across": "two episodes"}


def text(card: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    tests, own = card["tests"], card["tests"]["held-out"]
    figures = ("right", "ties_withheld", "real_withheld")
    rows = "\n".join(
        f"| {NAMES[name]} | {t['pairs']} | {' | '.join(percent(t[n]) for n in figures)} "
        f"| {percent(t['wide']['right'])} | {percent(t['wide']['decided'])} |"
        for name, t in tests.items()
    )
    garments = "\n".join(
        f"| {name} | {percent(found['right_all'])} | {percent(found['right'])} | {found['error']:.3f} |"
        for name, found in card["by_garment"].items()
    )
    said = (
        f"{percent(row['right'])} right of {row['pairs']} said with {row['said']:.2f}" for row in own["calibration"]
    )
    given = {**card, "understood": percent(card["understood"])}
    return TEXT.format(
        **given, rows=rows, gaps="\n".join(gap(i, tests) for i in range(len(own["by_gap"]))), garments_rows=garments,
        garment_names=", ".join(card["garments"]), groups=card["config"]["test_groups"], took=took(card["seconds"]),
        error=own["error"], error_90=own["error_90"], order=own["order"], calibration="; ".join(said),
    )  # fmt: skip


def gap(i: int, tests: Mapping[str, Any]) -> str:
    """A row of the table by the size of the true difference."""
    edges = tests["held-out"]["by_gap"][i]
    cells = (f"{percent(t['by_gap'][i]['right'])} / {percent(t['by_gap'][i]['withheld'])}" for t in tests.values())
    return f"| {edges['low']:g} to {edges['high']:g} | {' | '.join(cells)} |"
