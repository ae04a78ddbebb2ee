"""Sources of answers judged: each fault is named with its evidence, with truth and without, and no good source is."""

import json

import numpy as np
import pytest
import torch

from embodied import cli
from embodied.arguments import weights_of
from embodied.dataset import load_dataset
from embodied.feedback import Answer, Store, ask
from embodied.labels import write_labels
from embodied.recorder import create_dataset
from embodied.spec import ArraySpec, Spec
from embodied.steps import LabelConfig, feedback_stats, fit_reward, label
from embodied.types import Episode, Preference, moment
from rewards import bradley_terry, trust
from rewards.answers import read_answers
from rewards.consensus import dawid_skene
from rewards.consistency import circles, order_flips, repeats
from rewards.faulty import RATES
from rewards.labelers import make
from rewards.preference import PreferenceConfig
from rewards.sources import statistics

EPISODES, STEPS, PAIRS = 30, 15, 500
SPEC = Spec({"state": ArraySpec((3,))}, ArraySpec((1,), low=-1, high=1), 10)
WORDS = {
    "always-left": "always says left",
    "flips": "flips about",
    "abstains": "abstains at random",
    "position-biased": "leans left",
}
CONFIG = PreferenceConfig(inputs=("state",), members=2)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A state of three numbers; progress rises with a bent sum of two of them."""
    torch.set_num_threads(1)
    path, rng = tmp_path_factory.mktemp("bent") / "data", np.random.default_rng(1)
    with create_dataset(path, SPEC, extra={"progress": ArraySpec((), "float32")}, task="rise") as recorder:
        for _ in range(EPISODES):
            state = rng.uniform(-1, 1, (STEPS + 1, 3)).astype(np.float32)
            recorder.append(
                Episode(np.zeros((STEPS, 1), np.float32), {"state": state}, extra={"progress": height(state)})
            )
    return load_dataset(path)


def height(state):
    """True progress in [0, 1]."""
    return (1 / (1 + np.exp(-2 * state[:, 0] - 2 * state[:, 1] ** 2 + 1))).astype(np.float32)


@pytest.fixture(scope="module")
def folders(data, tmp_path_factory):
    """Labels by a clean source and by every bad one, each about questions of its own."""
    there = tmp_path_factory.mktemp("labels")
    label(data, there / "clean", LabelConfig("oracle", pairs=PAIRS), seed=0)
    for kind in RATES:
        label(data, there / kind, LabelConfig("faulty", {"kind": kind}, pairs=PAIRS), seed=1)
    return there


def said(found, source):
    """The verdicts on one source."""
    return [v["words"] for one in found["sources"] if one["source"] == source for v in one["verdicts"]]


@pytest.mark.parametrize("truth", [True, False])
@pytest.mark.parametrize("kind", RATES)
def test_a_bad_source_is_found_and_the_good_one_beside_it_is_not_accused(kind, truth, data, folders):
    found = statistics([folders / "clean", folders / kind], data, truth=truth, fit=not truth)
    assert any(WORDS[kind] in words for words in said(found, "faulty")), said(found, "faulty")
    assert said(found, "oracle") == []


@pytest.mark.parametrize("kind", RATES)
def test_a_bad_source_costs_little_without_any_truth(kind, data, folders):
    clean, bad = ([*answers(folders / name)] for name in ("clean", kind))
    found = trust.trusted(data, clean + bad, CONFIG)
    cost = accuracy(data, clean) - accuracy(data, trust.weighted(clean + bad, found))
    assert cost <= 0.03


def answers(folder):
    """The preferences of a label folder."""
    from embodied.labels import read_labels

    return read_labels(folder / "labels.parquet")


def accuracy(data, preferences):
    """Share of random pairs of unseen states in the right order."""
    rng = np.random.default_rng(9)
    state = rng.uniform(-1, 1, (4000, 3)).astype(np.float32)
    value = bradley_terry.fit(data, preferences, CONFIG).value(state)
    true = height(state)
    return float(((value[:2000] > value[2000:]) == (true[:2000] > true[2000:])).mean())


def test_a_lapse_and_a_guess_are_found_where_they_were_put():
    rng = np.random.default_rng(0)
    difference = rng.normal(0, 2, 8000)
    source = np.repeat(["sure", "flips", "left", "biased"], 2000)
    lapse = np.repeat([0.0, 0.6, 1.0, 0.5], 2000)
    guess = np.repeat([0.5, 0.5, 1.0, 1.0], 2000)
    looks = rng.random(8000) < 1 / (1 + np.exp(-3 * difference))
    left = np.where(rng.random(8000) < lapse, rng.random(8000) < guess, looks)
    found = trust.estimate(difference, left, source.tolist())
    for name, true in (("sure", 0.0), ("flips", 0.6), ("left", 1.0), ("biased", 0.5)):
        assert found[name].low <= true + 0.01
        assert found[name].high >= true - 0.01
        assert found[name].lapse == pytest.approx(true, abs=0.08)
    assert found["flips"].flips == pytest.approx(0.3, abs=0.05)
    assert found["biased"].guess > 0.9
    assert found["left"].worthless


def test_weights_undo_a_leaning():
    """A side that is said too often weighs less by just as much: both sides weigh the same in sum."""
    biased = trust.Trust(0.5, 0.4, 0.6, 1.0, 0.75, 100)
    assert biased.weight(True) * 0.75 == pytest.approx(biased.weight(False) * 0.25)
    always = trust.Trust(1.0, 0.99, 1.0, 1.0, 1.0, 100)
    assert always.weight(True) == 0


def test_no_source_is_dropped_where_none_can_be_told_from_a_coin():
    asked = [Preference(moment(0, 0), moment(0, 1), 1.0, "a"), Preference(moment(0, 0), moment(0, 1), 0.0, "b")]
    nothing = trust.Trust(1.0, 0.5, 1.0, 0.5, 0.5, 50)
    assert trust.weighted(asked, {"a": nothing, "b": nothing}) == asked


def test_a_weight_of_two_teaches_as_two_answers_do():
    frames = torch.arange(4, dtype=torch.float32)[:, None]
    logit = torch.tensor([0.3, -1.2])
    p_left = np.array([1.0, 0.0], np.float32)
    sides = np.array([[0], [1]]), np.array([[2], [3]])
    weighty = bradley_terry.PairData(frames, *sides, p_left, np.array([2.0, 1.0], np.float32))
    plain = bradley_terry.PairData(frames, *sides, p_left, np.ones(2, np.float32))
    doubled = bradley_terry.loss(logit[[0, 0, 1]], plain, np.array([0, 0, 1])) * 3
    assert float(bradley_terry.loss(logit, weighty, np.arange(2)) * 2) == pytest.approx(float(doubled))


def test_weights_of_sources_are_given_found_or_left_alone(data, folders, tmp_path):
    tables = [folders / "clean", folders / "always-left"]
    quick = {"inputs": ("state",), "members": 1, "epochs": 4}
    fit_reward(data, tables, tmp_path / "auto", config=quick)
    found = json.loads((tmp_path / "auto" / "sources.json").read_text())
    assert found["faulty:always-left"]["lapse"] > 0.9
    named = fit_reward(data, tables, tmp_path / "named", config=quick, weights={"faulty:always-left": 0})
    alone = fit_reward(data, tables[:1], tmp_path / "alone", config=quick, weights="none")
    np.testing.assert_array_equal(named(data.episode(3)), alone(data.episode(3)))
    with pytest.raises(ValueError, match="no answers by 'faulty:left'; the labels are by"):
        fit_reward(data, tables, tmp_path / "wrong", config=quick, weights={"faulty:left": 0})
    with pytest.raises(ValueError, match="give auto, none, or SOURCE WEIGHT"):
        weights_of(["faulty:left"])
    assert weights_of(["vlm:a", "0.5"]) == {"vlm:a": 0.5}


def test_both_orders_and_repeats_are_seen_in_a_store(data, tmp_path):
    pairs = [(moment(int(i), 0), moment(int(i), 1)) for i in data.ids]
    with Store(tmp_path / "s.sqlite") as store:
        for labeler in (make("faulty", data, kind="always-left"), make("oracle", data, tie=0)):
            ask(store, labeler, data, "rise", pairs)
            ask(store, labeler, data, "rise", [(b, a) for a, b in pairs])
            ask(store, labeler, data, "rise", pairs, sample=1)
    by_name = {asked.source: asked for asked in read_answers([tmp_path / "s.sqlite", tmp_path / "s.sqlite"])}
    for name, flips in (("faulty", 1.0), ("oracle", 0.0)):
        order = order_flips(by_name[name])
        assert (order["n"], order["value"]) == (EPISODES, flips)
        again = repeats(by_name[name])
        assert (again["n"], again["value"]) == (EPISODES, 0.0)
        assert len(by_name[name]) == 3 * EPISODES
    words = {one["source"]: said({"sources": [one]}, one["source"]) for one in
             feedback_stats([tmp_path / "s.sqlite"])["sources"]}  # fmt: skip
    assert words["faulty"] == ["always says left", "changes its mind with the order of 100% of the pairs"]
    assert words["oracle"] == []


def test_an_order_has_no_circles_and_a_coin_a_quarter(tmp_path):
    rng = np.random.default_rng(0)
    pairs = [(moment(0, i), moment(0, j)) for i in range(24) for j in range(i)]
    coin = [Answer("preferred", float(rng.random() < 0.5)) for _ in pairs]
    write_labels(tmp_path / "order" / "labels.parquet", pairs, [Answer("preferred", 1.0)] * len(pairs), "order")
    write_labels(tmp_path / "coin" / "labels.parquet", pairs, coin, "coin")
    found = {asked.source: circles(asked) for asked in read_answers([tmp_path / "order", tmp_path / "coin"])}
    assert found["order"]["value"] == 0
    assert found["order"]["p"] < 0.01
    assert found["coin"]["value"] == pytest.approx(0.25, abs=0.05)
    assert found["coin"]["n"] == 24 * 23 * 22 / 6


def test_three_sources_tell_who_is_right_without_truth(data, tmp_path):
    for number, (kind, rate) in enumerate((("flips", 0.1), ("flips", 0.2), ("flips", 0.3), ("always-left", 1.0))):
        labeler = make("faulty", data, kind=kind, rate=rate, seed=number, tie=0.0)
        pairs = [(moment(int(i), t), moment(int(i), t + 1)) for i in data.ids for t in range(STEPS)]
        with Store(tmp_path / f"{number}.sqlite") as store:
            found = ask(store, labeler, data, "rise", pairs)
        write_labels(tmp_path / f"{number}" / "labels.parquet", pairs, list(found.answers), f"source-{number}")
    agreed = dawid_skene(read_answers([tmp_path / str(k) for k in range(4)]))
    assert agreed["source-0"]["accuracy"] == pytest.approx(0.9, abs=0.1)
    assert agreed["source-2"]["accuracy"] == pytest.approx(0.7, abs=0.1)
    assert agreed["source-3"]["left_if_right"] > 0.95
    assert dawid_skene(read_answers([tmp_path / "0", tmp_path / "1"])) == {}


def test_gold_answers_stand_in_for_progress(data, folders):
    with pytest.raises(ValueError, match="no gold answers 'human'"):
        feedback_stats([folders / "clean"], gold="human")
    found = feedback_stats([folders / "clean"], gold=str(folders / "flips"))
    assert found["references"] == ["gold"]


def test_what_is_no_store_and_another_data_set_are_named(data, folders, tmp_path):
    with pytest.raises(ValueError, match="is no feedback store and no folder of labels"):
        feedback_stats([tmp_path])
    foreign = tmp_path / "foreign" / "labels.parquet"
    write_labels(foreign, [(moment(99, 0), moment(0, 1))], [Answer("preferred", 1.0)], "somebody")
    with pytest.raises(ValueError, match="frame 0 of episode 99"):
        feedback_stats([foreign.parent], data)


def test_the_command_prints_words_and_json(data, folders, capsys):
    words = ["feedback", "stats", str(folders / "clean"), str(folders / "always-left"), "--dataset", str(data.path)]
    assert cli.main(words) == 0
    assert "always says left" in capsys.readouterr().out
    assert cli.main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert {one["source"] for one in found["sources"]} == {"oracle", "faulty"}


@pytest.mark.parametrize(
    ("options", "complaint"), [({"kind": "flip"}, "did you mean 'flips'"), ({"rate": 1.5}, r"rate is 1\.5")]
)
def test_a_fault_that_makes_no_sense_is_refused(data, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        make("faulty", data, **options)
