"""The training loop: the same final parameters for the same seed, also after being killed and called again.

A learner turns a step number into an update; what a step does depends on that number and the learner's tensors
alone. A checkpoint is therefore those tensors and the number.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

CHECKPOINT = "checkpoint.json"
METRICS = "metrics.jsonl"


@runtime_checkable
class Learner(Protocol):
    """What `train` drives."""

    @property
    def about(self) -> str:
        """The columns it learns from, in words, for the message when it diverges."""
        ...

    def update(self, step: int) -> Mapping[str, Tensor]:
        """One update; its losses as scalars that stay on the device."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Everything the next update depends on."""
        ...

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """The inverse of `tensors`."""
        ...


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Networks made in here start from this seed (on the CPU); the global generators are left as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def write_json(path: Path, data: Any) -> None:
    """Whole or not at all."""
    unfinished = path.with_name(path.name + ".partial")
    with unfinished.open("w") as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Whole or not at all, as safetensors."""
    unfinished = path.with_name(path.name + ".partial")
    save_file({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}, unfinished)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.rename(path)


def cosine(step: int, steps: int) -> float:
    """The share of the learning rate left at a step: 1 at the start, 0 at the end."""
    return 0.5 * (1.0 + math.cos(math.pi * step / steps))


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state of an optimiser, named `<parameter>.<entry>`."""
    state = optimiser.state_dict()["state"]
    return {f"{p}.{name}": torch.as_tensor(value) for p, entries in state.items() for name, value in entries.items()}


def load_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """The inverse of `optimiser_tensors`."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        parameter, name = key.split(".", 1)
        state.setdefault(int(parameter), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under `prefix.`."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those under `prefix.`, without it: the inverse of `prefixed`."""
    start = prefix + "."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def train(
    learner: Learner,
    steps: int,
    out: Path,
    *,
    log_every: int = 500,
    checkpoint_every: int = 2000,
    title: str = "train",
    progress: bool = False,
) -> None:
    """Run updates 0 ... steps - 1, from the last checkpoint in `out` if there is one.

    Writes `metrics.jsonl` and TensorBoard events (the mean of each loss since the last entry) every `log_every`
    steps and a checkpoint every `checkpoint_every` and at the end. Raises FloatingPointError at a loss that is not
    finite, naming the step.
    """
    if steps < 1 or log_every < 1 or checkpoint_every < 1:
        raise ValueError(f"steps {steps}, log_every {log_every} and checkpoint_every {checkpoint_every} must be >= 1")
    out.mkdir(parents=True, exist_ok=True)
    start = _resume(learner, out)
    if start >= steps:
        return
    with ExitStack() as stack:
        journal = stack.enter_context(_Journal(out, start))
        tick = stack.enter_context(_Progress(title, start, steps, progress))
        record: Tensor | None = None
        names: tuple[str, ...] = ()
        since = start
        for step in range(start, steps):
            losses = learner.update(step)
            if record is None:
                names = tuple(losses)
                record = torch.zeros(log_every, len(names), device=next(iter(losses.values())).device)
            record[step - since] = torch.stack(tuple(losses.values()))
            done = step + 1
            checkpoint = done % checkpoint_every == 0 or done == steps
            if checkpoint or done % log_every == 0:  # the only moments at which the device is waited for
                rows = record[: done - since].cpu()
                _check(rows, names, since, learner.about)
                journal.write(done, dict(zip(names, rows.mean(0).tolist(), strict=True)))
                tick.update(done, rows.mean(0).tolist(), names)
                since = done
            if checkpoint:
                save_checkpoint(learner, done, out)


def _check(rows: Tensor, names: tuple[str, ...], since: int, about: str) -> None:
    bad = torch.nonzero(~torch.isfinite(rows))
    if len(bad):
        row, column = bad[0].tolist()
        raise FloatingPointError(
            f"{names[column]} is {rows[row, column].item()} at step {since + row}, learning from {about}; "
            "lower the learning rate, or look at the scale of those columns"
        )


def save_checkpoint(learner: Learner, step: int, out: Path) -> None:
    """The learner after `step` updates; an older checkpoint goes only when this one counts."""
    name = f"checkpoint-{step}.safetensors"
    write_tensors(out / name, learner.tensors())
    write_json(out / CHECKPOINT, {"schema": 1, "step": step, "tensors": name})
    for old in out.glob("checkpoint-*.safetensors*"):
        if old.name != name:
            old.unlink()


def _resume(learner: Learner, out: Path) -> int:
    path = out / CHECKPOINT
    if not path.exists():
        return 0
    state = json.loads(path.read_text())
    if state.get("schema") != 1:
        raise ValueError(f"{path} has schema {state.get('schema')}, this program reads 1; train into another folder")
    learner.load(load_file(out / state["tensors"]))
    return int(state["step"])


class _Journal(AbstractContextManager["_Journal"]):
    """metrics.jsonl and TensorBoard events; what a killed run wrote past its checkpoint is taken back."""

    def __init__(self, out: Path, start: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        path = out / METRICS
        lines = path.read_text().splitlines() if path.exists() else []
        path.write_text("".join(f"{line}\n" for line in lines if _step(line) <= start))
        self._file = path.open("a")
        self._events = SummaryWriter(str(out), purge_step=start + 1 if start else None)

    def write(self, step: int, losses: Mapping[str, float]) -> None:
        self._file.write(json.dumps({"step": step, **losses}) + "\n")
        self._file.flush()
        for name, value in losses.items():
            self._events.add_scalar(name, value, step)

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._events.close()


def _step(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except json.JSONDecodeError:  # the line at which a run was killed
        return math.inf


class _Progress(AbstractContextManager["_Progress"]):
    def __init__(self, title: str, start: int, steps: int, show: bool) -> None:
        from rich.progress import Progress

        self._bar = Progress(disable=not show)
        self._task = self._bar.add_task(title, total=steps, completed=start)
        self._title = title

    def __enter__(self) -> "_Progress":
        self._bar.start()
        return self

    def update(self, done: int, losses: list[float], names: tuple[str, ...]) -> None:
        told = " ".join(f"{name} {value:.3g}" for name, value in zip(names, losses, strict=True))
        self._bar.update(self._task, completed=done, description=f"{self._title} {told}")

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
