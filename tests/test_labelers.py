"""One contract for every teacher that needs no model, and what each claims of itself."""

import numpy as np
import pytest
from answering import SmallDataset
from tinyclip import save_tiny_clip

from embodied.feedback import Labeler, Store, ask, pose
from embodied.types import moment
from rewards import LABELERS
from rewards.labelers import make
from rewards.oracle import BINS, PRESETS, TABLES, Oracle, shares
from rewards.pairs import select

LOCAL = {
    name: {} for name in LABELERS if name not in ("vlm", "human", "judge", "takeovers")
}  # which need pictures of the tabletop, or somebody


@pytest.fixture(scope="module")
def dataset():
    return SmallDataset(episodes=30, actions=50)


@pytest.fixture(scope="module")
def pairs(dataset):
    return select(dataset, 6000, np.random.default_rng(0))


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The options that a labeler cannot do without here."""

    def options(name):
        if name not in ("clip", "roboclip"):
            return {}
        pytest.importorskip("open_clip")
        folder = tmp_path_factory.getbasetemp() / "tiny-clip"
        return {"model": str(folder if folder.exists() else save_tiny_clip(folder)), "cache": "none"}

    return options


def answers_of(labeler, dataset, pairs, sample=0):
    found = dict(labeler.ask(pose(labeler, dataset, "lift", pairs, sample=sample)))
    return [found[i] for i in range(len(pairs))]


def gaps(dataset, pairs):
    rows = [dataset.rows(np.array([(s.episode, s.start) for s in side])) for side in zip(*pairs, strict=True)]
    return dataset.progress[rows[0]].astype(float) - dataset.progress[rows[1]].astype(float)


@pytest.mark.parametrize("name", LOCAL)
def test_a_labeler_answers_every_question_once(name, dataset, pairs, own):
    labeler = make(name, dataset, **own(name))
    assert isinstance(labeler, Labeler)
    questions = pose(labeler, dataset, "lift", pairs[:100])
    assert sorted(i for i, _ in labeler.ask(questions)) == list(range(100))
    assert list(labeler.ask([])) == []


@pytest.mark.parametrize("name", LOCAL)
def test_a_labeler_asked_again_in_another_order_says_the_same(name, dataset, pairs, own):
    labeler, other = (make(name, dataset, **own(name)) for _ in range(2))
    there, back = answers_of(labeler, dataset, pairs[:200]), answers_of(other, dataset, pairs[199::-1])[::-1]
    assert [(a.outcome, a.p_left) for a in there] == [(a.outcome, a.p_left) for a in back]


@pytest.mark.parametrize("name", LOCAL)
def test_a_labeler_fills_a_store_once(name, dataset, pairs, own, tmp_path):
    with Store(tmp_path / "s.db") as store:
        first = ask(store, make(name, dataset, **own(name)), dataset, "lift", pairs[:50])
        again = ask(store, make(name, dataset, **own(name)), dataset, "lift", pairs[:50])
    assert first.answers == again.answers
    assert again.asked == 0


def test_an_unknown_labeler_is_refused_with_the_nearest_name(dataset):
    with pytest.raises(ValueError, match="did you mean 'oracle'"):
        make("oracel", dataset)


def test_the_perfect_oracle_is_right_and_ties_what_is_close(dataset, pairs):
    gap = gaps(dataset, pairs)
    for answer, g in zip(answers_of(make("oracle", dataset, tie=0.05), dataset, pairs), gap, strict=True):
        assert answer.p_left == (0.5 if abs(g) <= 0.05 else float(g > 0))


@pytest.mark.parametrize("name", ["oracle", "time"])
def test_swapping_a_pair_swaps_the_answer(name, dataset, pairs):
    labeler = make(name, dataset)
    for a, b in zip(
        answers_of(labeler, dataset, pairs), answers_of(labeler, dataset, [(r, le) for le, r in pairs]), strict=True
    ):
        assert a.outcome == b.outcome
        assert a.p_left is None or a.p_left == 1 - b.p_left


@pytest.mark.parametrize("preset", PRESETS)
def test_a_noisy_oracle_errs_and_ties_as_its_table_says(preset, dataset, pairs):
    answers = answers_of(make("noisy", dataset, preset=preset, seed=1), dataset, pairs)
    gap = gaps(dataset, pairs)
    wanted = shares(preset, np.abs(gap))
    said = np.array([a.p_left for a in answers])
    seen = np.stack([said == (gap > 0), said == (gap < 0), said == 0.5], axis=1)
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 1)):
        some = (np.abs(gap) >= low) & (np.abs(gap) < high)
        error = 4 * np.sqrt(0.25 / some.sum())
        assert np.abs(seen[some].mean(axis=0) - wanted[some].mean(axis=0)).max() < error


@pytest.mark.parametrize("preset", TABLES)
def test_at_the_middle_of_a_bin_the_table_is_met(preset):
    table = np.array(TABLES[preset], float)
    assert shares(preset, BINS) == pytest.approx(table / table.sum(axis=1, keepdims=True))
    assert shares(preset, np.linspace(0, 1, 101)).sum(axis=1) == pytest.approx(1)


def test_the_judge_is_right_on_95_percent_of_what_differs_and_ties_the_rest():
    assert shares("judge", np.array([0.0, 0.03, 0.031, 0.9])) == pytest.approx(
        np.array([[0, 0, 1], [0, 0, 1], [0.95, 0.05, 0], [0.95, 0.05, 0]])
    )


def test_noise_is_of_the_seed_the_order_shown_and_the_sample(dataset, pairs):
    some = pairs[:400]
    first = answers_of(make("noisy", dataset), dataset, some)
    assert first != answers_of(make("noisy", dataset, seed=1), dataset, some)
    assert first != answers_of(make("noisy", dataset), dataset, some, sample=1)
    assert first != answers_of(make("noisy", dataset), dataset, [(b, a) for a, b in some])


def test_undecided_may_mean_abstained(dataset, pairs):
    tied = answers_of(make("noisy", dataset), dataset, pairs[:300])
    abstained = answers_of(make("noisy", dataset, undecided="abstained"), dataset, pairs[:300])
    assert [a.outcome.replace("tie", "abstained") for a in tied] == [a.outcome for a in abstained]


def test_equal_progress_leans_to_neither_side():
    flat = SmallDataset(episodes=20, actions=50)
    flat.progress[:] = 0.5
    pairs = select(flat, 3000, np.random.default_rng(0))
    said = [a.p_left for a in answers_of(make("noisy", flat, preset="soccer"), flat, pairs) if a.p_left != 0.5]
    assert abs(np.mean(said) - 0.5) < 0.04


@pytest.mark.parametrize(
    ("name", "options", "error", "complaint"),
    [
        ("noisy", {"preset": "ropes"}, ValueError, "did you mean 'rope'"),
        ("oracle", {"tie": -1.0}, ValueError, "tie is -1.0"),
        ("noisy", {"undecided": "shrug"}, (ValueError, TypeError), "shrug"),
        ("time", {"certainty": 0.5}, ValueError, "certainty is 0.5"),
    ],
)
def test_options_that_make_no_sense_are_refused(dataset, name, options, error, complaint):
    with pytest.raises(error, match=complaint):
        make(name, dataset, **options)


def test_progress_that_is_no_number_is_refused():
    broken = SmallDataset()
    broken.progress[3] = np.nan
    with pytest.raises(ValueError, match="'progress' holds nan"):
        Oracle(broken)


def test_a_moment_outside_the_data_is_refused(dataset):
    with pytest.raises(KeyError, match="no frame 51 of episode 0"):
        Oracle(dataset).at(np.array([[0, 51]]))


def test_time_order_prefers_the_later_frame_and_abstains_across_episodes(dataset):
    pairs = [(moment(0, 9), moment(0, 2)), (moment(0, 2), moment(0, 9)), (moment(0, 2), moment(10, 9))]
    soft = answers_of(make("time", dataset, certainty=0.75), dataset, pairs)
    assert [a.p_left for a in soft] == [0.75, 0.25, None]
    assert soft[2].outcome == "abstained"


def test_time_order_knows_look_alike_frames_apart(dataset):
    flat = SmallDataset()
    flat.progress[:] = 0
    flat.state[:] = 0
    both = [(moment(0, 1), moment(0, 2)), (moment(0, 2), moment(0, 1))]
    assert [a.p_left for a in answers_of(make("time", flat), flat, both)] == [0.0, 1.0]
