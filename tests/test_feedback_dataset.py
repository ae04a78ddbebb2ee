"""The whole way over a data set on disk: choose pairs, ask, keep, and read again after more was recorded."""

import numpy as np
import pytest

from embodied.dataset import create_dataset, load_dataset, open_recorder
from embodied.feedback import Store, ask
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode
from rewards import pairs
from rewards.labelers import make

STEPS, SIZE = 12, 24


def episode(rng):
    progress = np.sort(rng.random(STEPS + 1)).astype(np.float32)
    front = rng.integers(0, 256, (STEPS + 1, SIZE, SIZE, 3), np.uint8)
    return Episode(
        rng.uniform(-1, 1, (STEPS, 2)).astype(np.float32),
        {"state": rng.normal(size=(STEPS + 1, 3)).astype(np.float32), "front": front},
        extra={"progress": progress},
        task="lift",
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "wander"
    rng = np.random.default_rng(0)
    front = ArraySpec((SIZE, SIZE, 3), "uint8")
    spec = Spec({"state": ArraySpec((3,)), "front": front}, ArraySpec((2,), low=-1, high=1), hz=10)
    with create_dataset(path, spec, task="lift", extra={"progress": ArraySpec(())}) as recorder:
        for _ in range(6):
            recorder.append(episode(rng))
    return path


@pytest.mark.parametrize("name", ["oracle", "noisy", "time"])
def test_a_recorded_data_set_is_labelled_and_stays_so_when_it_grows(folder, tmp_path, name):
    dataset = load_dataset(folder)
    chosen = pairs.select(dataset, 200, np.random.default_rng(0), camera="front")
    with Store(tmp_path / "s.db") as store:
        first = ask(store, make(name, dataset), dataset, "lift", chosen)
        assert first.counts()["failed"] == first.counts()["unasked"] == 0
        with open_recorder(folder) as recorder:
            recorder.append(episode(np.random.default_rng(1)))
        grown = load_dataset(folder)
        again = ask(store, make(name, grown), grown, "lift", chosen)
    assert again.answers == first.answers
    if name != "time":  # it knows moments by the data set they are of, and costs nothing
        assert again.asked == 0


def test_the_oracle_of_a_recorded_data_set_reads_its_progress(folder, tmp_path):
    dataset = load_dataset(folder)
    chosen = pairs.select(dataset, 100, np.random.default_rng(0))
    with Store(tmp_path / "s.db") as store:
        answers = ask(store, make("oracle", dataset, tie=0.0), dataset, "lift", chosen)
    for preference in answers.preferences():
        left, right = (
            dataset.episode(s.episode, images=False).extra["progress"][s.start]
            for s in (preference.left, preference.right)
        )
        assert preference.p_left == float(left > right)


def test_pictures_of_a_recorded_data_set_are_known_by_what_they_show(folder, tmp_path):
    dataset = load_dataset(folder)
    oracle = make("oracle", dataset, shows="front")
    chosen = pairs.select(dataset, 56, np.random.default_rng(0), camera="front", groups=8)
    with Store(tmp_path / "s.db") as store:
        ask(store, oracle, dataset, "lift", chosen, groups=pairs.group_names(chosen, 8))
        rows = list(store.export())
        assert ask(store, oracle, dataset, "lift", chosen).asked == 0
    assert len({row["group_id"] for row in rows}) == 2
    row = rows[0]
    moment = np.array([[row["left_episode"], row["left_start"]]])
    assert dataset.frame_hashes("front", moment) == [row["left_hash"]]
