"""The bench of the long tasks: who acts, what is kept, what continues, what is refused, and the page of the tasks."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import envs
from embodied import cli, plugins, wordings
from embodied.bench_model import Listening, ModelOptions, Unavailable
from embodied.bench_records import Log
from embodied.bench_results import PAPER, summary
from embodied.benching import LOG, Scope, Settings, Work, allowed, bench, chosen, number_of_workers
from embodied.models import ModelError, Usage
from envs.tabletop.rearrangement import long_task

pytest.importorskip("pybullet")

ROOT = Path(__file__).parents[1]
TWO = ("pick-and-place-primitive", "put-hidden-block-into-matching-bowl")
SCOPE = Scope(TWO, seeds=2)
BOWL = "pick-and-place-primitive"


def command(*words, out):
    return cli.main(["bench", "tabletop", "--tasks", *TWO, "--seeds", "2", "--workers", "1", "--out", str(out), *words])


def episodes(folder):
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A finished bench of the oracle."""
    out = tmp_path_factory.mktemp("bench") / "oracle"
    bench(Settings("oracle"), SCOPE, out, workers=1)
    return out


def test_the_oracle_solves_what_it_is_given(played):
    found = json.loads((played / "bench.json").read_text())
    assert [row["task"] for row in found["rows"]] == list(TWO)
    for row in found["rows"]:
        assert row["success"]["value"] == row["progress"]["value"] == 1
        assert row["moves"] == row["needed"]
        assert row["ended"] == {"done": 2}
    assert [(e["task"], e["seed"]) for e in episodes(played)] == [(task, seed) for task in TWO for seed in (0, 1)]
    assert all(e["sentence"] and e["seconds"] > 0 for e in episodes(played))


def test_the_command_prints_a_table_and_json_alone_where_that_is_asked(tmp_path, capsys):
    assert command("--agent", "grammar", out=tmp_path) == 0
    shown = capsys.readouterr().out
    assert "pick-and-place-primitive" in shown
    assert "mean over 2 tasks" in shown
    assert command("--agent", "grammar", "--json", out=tmp_path) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["means"][0]["success"]["value"] == 1
    assert [one["letter"] for one in found["paper"]] == ["A"]


def test_a_bench_that_was_killed_continues_and_repeats_nothing(played, tmp_path):
    lines = (played / LOG).read_bytes().splitlines(keepends=True)
    (tmp_path / "begun.json").write_bytes((played / "begun.json").read_bytes())
    (tmp_path / LOG).write_bytes(b"".join(lines[:2]) + lines[2][:40])  # torn in the middle of the third
    told = []
    bench(Settings("oracle"), SCOPE, tmp_path, workers=1, progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 4), (4, 4)]
    assert (tmp_path / LOG).read_bytes().startswith(b"".join(lines[:2]))
    with Log(tmp_path / LOG) as continued, Log(played / LOG) as whole:
        assert continued.records == whole.records
    bench(Settings("oracle"), SCOPE, tmp_path, workers=1, progress=lambda done, total: told.append((done, total)))
    assert len(told) == 2


def test_more_of_the_same_may_be_played_into_a_folder_and_nothing_else(played, tmp_path):
    one = Scope((BOWL,), seeds=1)
    bench(Settings("nothing"), one, tmp_path, workers=1)
    bench(Settings("nothing"), Scope((BOWL,), ("train", "hard"), seeds=2), tmp_path, workers=1)
    assert len(episodes(tmp_path)) == 4
    with pytest.raises(ValueError, match="begun differently \\(agent: 'nothing' there, 'random' asked for"):
        bench(Settings("random"), one, tmp_path, workers=1)
    with pytest.raises(ValueError, match=r"drop: 0\.0 there, 0\.1 asked for"):
        bench(Settings("nothing", drop=0.1), one, tmp_path, workers=1)
    worded = Settings("nothing", wording=wordings.checked({BOWL: ["{block} {prep} {target}"]}))
    with pytest.raises(ValueError, match=f"wording.{BOWL}: None there"):
        bench(worded, one, tmp_path, workers=1)


def test_a_log_that_is_being_written_or_holds_something_else_is_refused(played, tmp_path):
    with Log(played / LOG), pytest.raises(ValueError, match="written by another bench"):
        Log(played / LOG)
    (tmp_path / LOG).write_text('{"task": "x"}\n')
    with pytest.raises(ValueError, match="line 1 is no record of a bench"):
        Log(tmp_path / LOG)


@pytest.mark.parametrize(("agent", "ended"), [("random", "budget"), ("nothing", "done")])
def test_who_knows_nothing_reaches_nothing(agent, ended, tmp_path):
    found = bench(Settings(agent), SCOPE, tmp_path, workers=1)
    assert found["means"][0]["success"]["value"] == 0
    assert found["means"][0]["progress"]["value"] < 0.2
    assert found["means"][0]["ended"] == {ended: 4}
    assert "4 episodes that did not succeed" in (tmp_path / "report.html").read_text()
    limit = 2 if agent == "random" else 0
    assert all(e["moves"] == (e["needed"] + limit if limit else 0) for e in episodes(tmp_path))


def test_a_block_that_is_often_dropped_is_picked_again(tmp_path):
    found = bench(Settings("oracle", drop=0.5), Scope((BOWL,), seeds=4), tmp_path, workers=1)
    (row,) = found["rows"]
    assert row["failures"]["dropped"] > 0
    assert row["moves"] > row["needed"]
    assert all(e["moves"] <= e["needed"] + 2 for e in episodes(tmp_path))
    assert "dropped" in (tmp_path / "report.html").read_text()


def test_what_goes_wrong_in_a_scene_is_drawn_apart_for_every_task_and_split():
    made = plugins.load("envs.tabletop.rearrangement:Rearrangement")
    drawn = []
    for task, split in ((TWO[0], "train"), (TWO[0], "hard"), (TWO[1], "train"), (TWO[1], "train")):
        env = made(task, split=split, cameras=())
        env.reset(seed=0)
        drawn.append(env.hand.rng.random())
        env.close()
    assert len(set(drawn)) == 3
    assert drawn[2] == drawn[3]


def test_the_report_shows_a_strip_per_task_and_says_what_the_papers_figures_are_not(played):
    page = (played / "report.html").read_text()
    pictures = page.split("On film")[1].count("data:image/png")
    assert pictures == sum(1 + e["moves"] for e in episodes(played) if e["seed"] == 0)
    assert "not comparable" in page
    assert "CLIPort" in page
    assert "http" not in page.replace("http-equiv", "")
    for episode in episodes(played):
        if episode["seed"] == 0:
            assert episode["sentence"] in page


def test_a_wording_is_what_the_agent_is_told(tmp_path):
    path = tmp_path / "wording.json"
    path.write_text(json.dumps({BOWL: ["Would you put the {block} {prep} the {target}?"]}))
    scope = Scope((BOWL,), ("train", "held-out-wording"), 1)
    bench(Settings("nothing", wording=wordings.read(path)), scope, tmp_path / "out", workers=1)
    assert all(e["sentence"].startswith("Would you put the ") for e in episodes(tmp_path / "out"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("[", "is no JSON"),
        ("[]", "looks like"),
        ('{"pick-and-place-primitiv": ["x"]}', f"did you mean '{BOWL}'"),
        (f'{{"{BOWL}": "x"}}', "give a list"),
        (f'{{"{BOWL}": []}}', "at least one template"),
        (f'{{"{BOWL}": [3]}}', "wanted a sentence"),
        (f'{{"{BOWL}": {{"tset": ["x"]}}}}', "no kind of wording"),
        (f'{{"{BOWL}": ["Put the {{block}} away"]}}', "'Put the {block} away' .* wanted {block}, {prep}, {target}"),
        (f'{{"{BOWL}": ["{{block}} {{prep}} {{target}} {{bowl}}"]}}', "has {block}, {bowl}, {prep}, {target}; wanted"),
        (f'{{"{BOWL}": ["{{block"]}}', "cannot be filled in"),
        (f'{{"{BOWL}": ["{{block.__class__}}"]}}', "a slot is a plain name"),
    ],
)
def test_a_wording_that_does_not_fit_is_refused_by_name(given, message, tmp_path):
    path = tmp_path / "wording.json"
    path.write_text(given)
    with pytest.raises(ValueError, match=message):
        wordings.read(path)


def test_every_task_of_the_table_fits_its_own_wording():
    own = plugins.load("envs.tabletop.brief:known_wordings")()
    assert set(wordings.checked(own)) == set(envs.LONG_TASKS)


def test_tasks_are_chosen_by_id_group_letter_and_family_and_named_once():
    assert chosen(["all"]) == tuple(envs.LONG_TASKS)
    assert all(long_task(name).moves >= 3 for name in chosen(["long"]))
    assert {long_task(name).paper for name in chosen(["paper"])} == set(PAPER)
    assert chosen(["E"]) == ("put-even-blocks-in-same-color-zone",)
    assert set(chosen(["hidden", "hidden", "E"])) == {n for n in envs.LONG_TASKS if "hidden" in n or "even" in n}
    with pytest.raises(ValueError, match="did you mean 'hidden'"):
        chosen(["hiden"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"agent": "oracl"}, "did you mean 'oracle'"),
        ({"agent": "grammar", "reporter": "noisy"}, "accuracy None"),
        ({"agent": "oracle", "reporter": "noisy", "accuracy": 0.8}, "told nothing"),
        ({"agent": "grammar", "reporter": "noisy", "accuracy": 1.8}, "it is a probability"),
        ({"agent": "grammar", "accuracy": 0.8}, "truth"),
        ({"agent": "model"}, "options of a model"),
        ({"retry": "never"}, "no way to retry"),
        ({"drop": 2.0}, "drop"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings(**settings)


def test_a_scope_that_makes_no_sense_is_refused():
    for changes, message in (
        ({"splits": ("trian",)}, "did you mean 'train'"),
        ({"splits": ("train", "train")}, "each once"),
        ({"tasks": ()}, "at least one"),
        ({"seeds": 0}, "at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            Scope(**{"tasks": (BOWL,), **changes})
    assert Scope((BOWL,), ("unseen-colours+hard",)).jobs()[0].split == "unseen-colours+hard"


def test_a_noisy_reporter_misleads_the_same_way_each_time(tmp_path):
    settings = Settings("grammar", reporter="noisy", accuracy=0.5)
    for name in ("a", "b"):
        bench(settings, Scope((BOWL,), seeds=4), tmp_path / name, workers=1)
    first, second = (Log(tmp_path / name / LOG) for name in ("a", "b"))
    with first, second:
        assert first.records == second.records
        assert any(r.moves != r.needed or not r.success for r in first.records.values())


def test_what_a_worker_is_sent_arrives_equal():
    worded = wordings.checked({BOWL: ["{block} {prep} {target}"]})
    work = Work(SCOPE.jobs()[0], Settings("model", wording=worded, model=LOCAL), 2, Path("here"))
    assert pickle.loads(pickle.dumps(work)) == work
    stopped = pickle.loads(pickle.dumps(Unavailable("gone")))
    assert str(stopped) == "gone"


class Scripted:
    """A model that says what it was given, or raises it."""

    name, destination, parameters = "scripted", "this machine", {}  # as the protocol has it

    def __init__(self, *answers):
        self.answers = list(answers)

    def complete(self, messages, schema):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ModelError):
            raise answer
        return Usage(1000, 10, 0.1, 1, answer)


LOCAL = ModelOptions("http://127.0.0.1:1/v1", "tiny", price_in=2.0, price_out=4.0)


def test_a_model_is_played_and_what_it_takes_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(ModelOptions, "made", lambda self, share: Scripted('{"done": true, "why": "enough"}'))
    scope = Scope((BOWL,), seeds=2)
    found = bench(Settings("model", model=LOCAL), scope, tmp_path, workers=1)
    assert found["tokens"] == {"in": 2000, "out": 20}
    assert found["money"] == pytest.approx((2000 * 2 + 20 * 4) / 1e6)
    assert [e["reason"] for e in episodes(tmp_path)] == ["enough"] * 2
    assert number_of_workers(Settings("model", model=ModelOptions(folder="here")), 9, 4) == 1


def test_other_prices_and_limits_continue_a_bench_and_another_temperature_does_not():
    same = [Settings("model", model=replace(LOCAL, price_in=9.0, requests_per_minute=60, retries=1)),
            Settings("model", model=LOCAL)]  # fmt: skip
    assert same[0].identity == same[1].identity
    assert Settings("model", model=replace(LOCAL, temperature=1.0)).identity != same[0].identity


def test_a_model_that_nobody_reaches_stops_the_bench_and_is_no_score(tmp_path, monkeypatch):
    gone = ModelError("unavailable", "no connection")
    monkeypatch.setattr(ModelOptions, "made", lambda self, share: Scripted('{"done": true}', gone))
    settings = Settings("model", model=ModelOptions("http://127.0.0.1:2/v1", "tiny"))
    with pytest.raises(Unavailable, match=r"no connection; the same command continues"):
        bench(settings, Scope((BOWL,), seeds=3), tmp_path, workers=1)
    assert len(episodes(tmp_path)) == 1
    refusing = Listening(Scripted("{}", ModelError("rejected", "too long")))
    refusing.complete([], Usage)
    with pytest.raises(ModelError):
        refusing.complete([], Usage)
    refusing.check()  # one question that it will not take is the planner's failure


def test_pictures_leave_only_with_a_yes():
    afar = Settings("model", model=ModelOptions("http://models.example/v1", "big", pictures=True))
    with pytest.raises(ValueError, match=r"sent to models\.example"):
        allowed(afar, lambda where: False)
    allowed(afar, lambda where: where == "models.example")
    allowed(Settings("model", model=ModelOptions("http://models.example/v1", "big")), None)
    allowed(Settings("model", model=ModelOptions("http://127.0.0.1:1/v1", "big", pictures=True)), None)


def test_a_mistyped_option_of_the_model_is_answered_with_the_nearest(tmp_path, capsys):
    assert command("--agent", "model", "--options", "modle", "x", out=tmp_path) == 1
    assert "did you mean 'model'" in capsys.readouterr().err
    assert command("--options", "model", "x", "base_url", "http://127.0.0.1:1/v1", out=tmp_path) == 1
    assert "options of a model belong to the agent model" in capsys.readouterr().err


def test_the_mean_over_tasks_is_that_of_all_their_episodes(played):
    with Log(played / LOG) as log:
        records = list(log.records.values())
    found = summary(records, Settings("oracle"))
    rows = found["rows"]
    for name in ("success", "progress"):
        assert found["means"][0][name]["value"] == pytest.approx(np.mean([row[name]["value"] for row in rows]))


def test_the_page_of_the_tasks_lists_and_pictures_every_one():
    page = (ROOT / "docs" / "tasks.md").read_text()
    for name in envs.LONG_TASKS:
        assert f"| `{name}` | {long_task(name).paper} |" in page
        assert f"(tasks/{name}.png)" in page
        assert 1000 < (ROOT / "docs" / "tasks" / f"{name}.png").stat().st_size < 60_000
    assert {path.stem for path in (ROOT / "docs" / "tasks").iterdir()} == set(envs.LONG_TASKS)


def test_a_task_is_pictured_at_first_and_solved(tmp_path, capsys):
    from PIL import Image

    words = ["bench", "tabletop", "--tasks", BOWL, "--pictures", str(tmp_path / "tasks")]
    assert cli.main(words) == 0
    with Image.open(tmp_path / "tasks" / f"{BOWL}.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    before, after = np.array_split(pixels, 2, axis=1)
    assert (before[:, : after.shape[1]] != after).any()
    assert (tmp_path / "tasks.md").read_text().count(".png") == 1
    assert "tasks: 1" in capsys.readouterr().out
