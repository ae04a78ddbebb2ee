"""The loop: logs, checkpoints, resuming, divergence."""

import json

import numpy as np
import pytest
import torch

from embodied.training import (
    cosine,
    load_optimiser,
    optimiser_tensors,
    prefixed,
    save_checkpoint,
    seeded,
    train,
    under,
    write_json,
)


class Line:
    """Fits a line with Adam; stops like a killed process would at `killed_at`."""

    about = "observations ['x'] and reward 'y'"

    def __init__(self, killed_at: int = -1, nan_at: int = -1) -> None:
        self.weight = torch.zeros(2, requires_grad=True)
        self.adam = torch.optim.Adam([self.weight], lr=0.05, fused=True)
        self.killed_at, self.nan_at = killed_at, nan_at
        self.seen: list[int] = []

    def update(self, step):
        if step == self.killed_at:
            raise KeyboardInterrupt
        self.seen.append(step)
        x = torch.linspace(-1, 1, 8) + 0.01 * step
        loss = (self.weight[0] * x + self.weight[1] - 3 * x + 1).square().mean()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        return {"loss": loss.detach() * (float("nan") if step == self.nan_at else 1.0)}

    def tensors(self):
        return {"weight": self.weight, **prefixed("adam", optimiser_tensors(self.adam))}

    def load(self, tensors):
        self.weight.data.copy_(tensors["weight"])
        load_optimiser(self.adam, under("adam", tensors))


def metrics(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("killed_at", [1, 19, 20, 21, 39, 45])
def test_a_killed_run_called_again_ends_with_the_same_bits(tmp_path, killed_at):
    straight = Line()
    train(straight, 47, tmp_path / "straight", log_every=7, checkpoint_every=20)
    with pytest.raises(KeyboardInterrupt):
        train(Line(killed_at), 47, tmp_path / "killed", log_every=7, checkpoint_every=20)
    again = Line()
    train(again, 47, tmp_path / "killed", log_every=7, checkpoint_every=20)
    assert again.seen[0] == killed_at // 20 * 20
    assert torch.equal(again.weight, straight.weight)
    for name, tensor in straight.tensors().items():
        assert torch.equal(again.tensors()[name], tensor), name
    steps = [row["step"] for row in metrics(tmp_path / "killed")]
    assert steps == sorted(set(steps))
    assert steps[-1] == 47


def test_a_finished_run_called_again_does_nothing(tmp_path):
    train(Line(), 5, tmp_path)
    again = Line()
    train(again, 5, tmp_path)
    assert again.seen == []


def test_the_log_holds_the_mean_loss_since_the_last_entry(tmp_path):
    class Counting(Line):
        def update(self, step):
            return {"loss": torch.tensor(float(step))}

    train(Counting(), 10, tmp_path, log_every=4, checkpoint_every=10)
    assert metrics(tmp_path) == [{"step": 4, "loss": 1.5}, {"step": 8, "loss": 5.5}, {"step": 10, "loss": 8.5}]


def test_tensorboard_reads_the_losses(tmp_path):
    train(Line(), 10, tmp_path, log_every=5)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [5, 10]


def test_a_loss_that_is_not_finite_stops_with_its_step_and_columns(tmp_path):
    with pytest.raises(FloatingPointError, match=r"loss is nan at step 13, learning from .*'x'.*'y'"):
        train(Line(nan_at=13), 30, tmp_path, log_every=10, checkpoint_every=10)
    assert json.loads((tmp_path / "checkpoint.json").read_text())["step"] == 10


def test_only_the_newest_checkpoint_stays(tmp_path):
    train(Line(), 30, tmp_path, checkpoint_every=10)
    assert [path.name for path in tmp_path.glob("*.safetensors*")] == ["checkpoint-30.safetensors"]


def test_a_half_written_checkpoint_is_not_seen(tmp_path):
    learner = Line()
    train(learner, 10, tmp_path, checkpoint_every=10)
    (tmp_path / "checkpoint-20.safetensors.partial").write_bytes(b"cut")
    (tmp_path / "checkpoint-20.safetensors").write_bytes(b"cut, and never named by checkpoint.json")
    train(Line(), 12, tmp_path, checkpoint_every=10)
    assert json.loads((tmp_path / "checkpoint.json").read_text())["step"] == 12


def test_a_line_cut_by_the_kill_is_taken_back(tmp_path):
    learner = Line()
    train(learner, 10, tmp_path, log_every=5, checkpoint_every=10)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 15, "loss": 0.1}\n{"step": 2')
    train(Line(), 20, tmp_path, log_every=5, checkpoint_every=10)
    assert [row["step"] for row in metrics(tmp_path)] == [5, 10, 15, 20]


def test_a_checkpoint_of_another_schema_is_refused(tmp_path):
    save_checkpoint(Line(), 3, tmp_path)
    write_json(tmp_path / "checkpoint.json", {"schema": 99, "step": 3, "tensors": "x"})
    with pytest.raises(ValueError, match="schema 99"):
        train(Line(), 5, tmp_path)


def test_intervals_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="log_every 0"):
        train(Line(), 5, tmp_path, log_every=0)


def test_seeding_networks_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    with seeded(3):
        one = torch.nn.Linear(4, 4).weight
    assert torch.equal(torch.get_rng_state(), before)
    with seeded(3):
        assert torch.equal(torch.nn.Linear(4, 4).weight, one)


def test_the_cosine_falls_from_one_to_nothing():
    assert cosine(0, 100) == 1
    assert cosine(50, 100) == pytest.approx(0.5)
    assert cosine(100, 100) == pytest.approx(0)
    assert (np.diff([cosine(step, 100) for step in range(101)]) < 0).all()
