"""The classifier behind a hunch: trains it on all authors' wordings, and says how well it does on one it did not read.

Reads benchmarks/wordings/hunch.json; writes embodied/hunch.safetensors and benchmarks/results/hunch.{json,md}.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from safetensors.torch import save_file
from torch import Tensor, nn

from embodied.config import commit
from embodied.correction_hunch import NOTHING, WEIGHTS, features

WORDINGS = Path(__file__).parent / "wordings" / "hunch.json"
RESULTS = Path(__file__).parent / "results"
SIZE = 1 << 14
CUTS = (0.3, 0.5, 0.7, 0.8, 0.9)


@dataclass
class Hunch:
    """How it is trained."""

    epochs: int = 8
    batch: int = 64
    rate: float = 0.5
    drop: float = 0.4
    """Share of an utterance's pieces that are left out, drawn anew each time."""
    decay: float = 3e-5
    smoothing: float = 0.05
    seed: int = 0


def fit(rows: list[np.ndarray], labels: np.ndarray, classes: int, how: Hunch) -> tuple[Tensor, Tensor]:
    """Multinomial logistic regression by Adagrad: the table (SIZE, classes) and the bias."""
    rng = np.random.default_rng(how.seed)
    table, bias = torch.zeros(SIZE, classes, requires_grad=True), torch.zeros(classes, requires_grad=True)
    optimiser = torch.optim.Adagrad([table, bias], lr=how.rate)
    for _ in range(how.epochs):
        for chosen in np.array_split(rng.permutation(len(rows)), len(rows) // how.batch):
            kept = [rows[i][rng.random(len(rows[i])) > how.drop] for i in chosen]
            starts = np.cumsum([0, *(len(k) for k in kept[:-1])])
            weight = np.concatenate([np.full(len(k), max(1, len(k)) ** -0.5) for k in kept])
            logits = nn.functional.embedding_bag(
                torch.from_numpy(np.concatenate(kept)), table, torch.from_numpy(starts), mode="sum",
                per_sample_weights=torch.from_numpy(weight).float(),
            ) + bias  # fmt: skip
            wanted = torch.from_numpy(labels[chosen])
            loss = nn.functional.cross_entropy(logits, wanted, label_smoothing=how.smoothing)
            optimiser.zero_grad()
            (loss + how.decay * table.square().sum()).backward()
            optimiser.step()
    return table.detach(), bias.detach()


def judged(rows: list[np.ndarray], labels: np.ndarray, table: Tensor, bias: Tensor) -> dict[str, Any]:
    """How often the first and one of the first three is right, and what is right above each probability."""
    logits = torch.stack([table[row].sum(0) / len(row) ** 0.5 for row in map(torch.from_numpy, rows)]) + bias
    shares, wanted = logits.softmax(1), torch.from_numpy(labels)
    top = shares.topk(3, 1).indices
    right = top[:, 0] == wanted
    above = {}
    for cut in CUTS:
        sure = shares.amax(1) > cut
        above[str(cut)] = {"share": float(sure.float().mean()), "right": float(right[sure].float().mean())}
    return {"first": float(right.float().mean()), "first three": float((top == wanted[:, None]).any(1).float().mean()),
            "above": above}  # fmt: skip


def main(how: Hunch) -> None:
    """Judge it on each author in turn, then train on all."""
    torch.set_num_threads(1)
    said = json.loads(WORDINGS.read_text(encoding="utf-8"))["wordings"]
    names, authors = list(said), list(next(iter(said.values())))
    every = [(a, features(s, SIZE), names.index(m)) for m in names for a in authors for s in said[m][a]]
    found: dict[str, Any] = {}
    for author in authors:
        parts = [[(row, m) for a, row, m in every if (a == author) is held] for held in (False, True)]
        (rows, labels), (others, theirs) = (([r for r, _ in p], np.array([m for _, m in p])) for p in parts)
        found[author] = judged(others, theirs, *fit(rows, labels, len(names), how))
    table, bias = fit([row for _, row, _ in every], np.array([m for *_, m in every]), len(names), how)
    save_file({"table": table.half(), "bias": bias}, WEIGHTS, {"meanings": json.dumps(names)})
    record = {"commit": commit(), "wordings": len(every), "meanings": len(names), "unread author": found}
    (RESULTS / "hunch.json").write_text(json.dumps(record, indent=1) + "\n")
    (RESULTS / "hunch.md").write_text(told(record))


def told(record: dict[str, Any]) -> str:
    """The card."""
    rows = ""
    for author, each in record["unread author"].items():
        cells = [f"{100 * above['right']:.0f} ({100 * above['share']:.0f})" for above in each["above"].values()]
        rows += f"| {author} | {100 * each['first']:.0f} | {100 * each['first three']:.0f} | {' | '.join(cells)} |\n"
    about = (
        f"Linear, over hashed words and pieces of words; {record['wordings']} wordings of {record['meanings']} "
        f"meanings ({len(NOTHING)} of which change nothing) by three authors. Each row: trained on the two others, "
        "right in % on this author, whom it has not read, without knowing what is being done; then, of those above a "
        "probability, how many are right (and how many those are)."
    )
    head = "| unread author | first | first three | " + " | ".join(f"> {cut}" for cut in CUTS) + " |\n|---|---|---|"
    return f"# The classifier behind a hunch\n\n{about}\n\n{head}{'---|' * len(CUTS)}\n{rows}"


if __name__ == "__main__":
    main(tyro.cli(Hunch))
