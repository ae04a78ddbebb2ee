"""A person as a teacher: what keys mean, what can be taken back, and what a quit, an interrupt and a kill leave."""

import io
import json
import os
import signal
import subprocess
import sys
import termios
import time
from itertools import permutations
from select import select as ready

import numpy as np
import pytest
from answering import SmallDataset
from PIL import Image

from embodied.feedback import Question, Store, pose
from embodied.labels import read_rows
from embodied.recorder import create_dataset
from embodied.spec import ArraySpec, Spec
from embodied.terminal import Keys, Quit
from embodied.types import Episode, moment
from rewards.human import order_of, ranked, write_picture
from rewards.labelers import make
from rewards.pairs import group_names, select

GOAL = "lift the block"
PATIENCE = 90  # seconds for a process to say what is expected of it


@pytest.fixture(scope="module")
def dataset():
    return SmallDataset()


def sitting(dataset, typed, monkeypatch, n=5, **options):
    """The answers handed over, by place, when these lines are typed; whether the person quit."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
    groups = options.get("triplets", False)
    pairs = select(dataset, n, np.random.default_rng(0), groups=3 if groups else 0)
    labeler = make("human", dataset, **options)
    questions = pose(labeler, dataset, GOAL, pairs, groups=group_names(pairs, 3) if groups else ())
    found, quit_ = [], False
    try:
        found.extend(labeler.ask(questions))
    except Quit:
        quit_ = True
    return found, quit_


def said(found):
    return {place: (answer.outcome, answer.p_left) for place, answer in found}


def test_each_key_means_what_the_menu_says(dataset, monkeypatch):
    found, quit_ = sitting(dataset, ["a", "right", "same", "c", "left", ""], monkeypatch)
    assert not quit_
    assert said(found) == {
        0: ("preferred", 1.0),
        1: ("preferred", 0.0),
        2: ("tie", 0.5),
        3: ("abstained", None),
        4: ("preferred", 1.0),
    }
    assert all(answer.latency > 0 for _, answer in found)


def test_swapping_sides_and_keys_gives_the_mirrored_answer():
    sides = (moment(0, 1), moment(0, 2))
    for key, other in (("A", "B"), ("B", "A")):
        here = ranked(order_of(key, sides), Question(GOAL, sides, ("x", "y")), 1.0)
        there = ranked(order_of(other, sides[::-1]), Question(GOAL, sides[::-1], ("y", "x")), 1.0)
        assert here.p_left == 1 - there.p_left
        assert order_of(key, sides).segments == order_of(other, sides[::-1]).segments


def test_an_answer_taken_back_is_asked_again_and_only_the_last_one_counts(dataset, monkeypatch):
    found, _ = sitting(dataset, ["a", "a", "u", "u", "b", "s", "a", "a", "a", ""], monkeypatch)
    assert len(found) == len(said(found)) == 5
    assert said(found)[0] == ("preferred", 0.0)
    assert said(found)[1] == ("tie", 0.5)


def test_the_very_last_answer_can_be_taken_back(dataset, monkeypatch):
    found, _ = sitting(dataset, ["a", "a", "u", "b", ""], monkeypatch, n=2)
    assert said(found)[1] == ("preferred", 0.0)


def test_what_is_older_than_the_window_stays(dataset, monkeypatch, capsys):
    found, quit_ = sitting(dataset, ["a", "a", "u", "u", "b", "q"], monkeypatch, undo=1)
    assert quit_
    assert said(found) == {0: ("preferred", 1.0), 1: ("preferred", 0.0)}
    assert "nothing to take back" in capsys.readouterr().err


def test_what_is_put_off_comes_last_and_is_no_answer(dataset, monkeypatch):
    found, _ = sitting(dataset, ["k", "a", "a", "a", "a", "b", ""], monkeypatch)
    assert found[-1][0] == 0
    assert said(found)[0] == ("preferred", 0.0)
    found, quit_ = sitting(dataset, ["a", "k", "k", "q"], monkeypatch)
    assert quit_
    assert set(said(found)) == {0}


@pytest.mark.parametrize("ending", [["q"], []])
def test_quitting_and_the_end_of_the_input_keep_every_answer(dataset, monkeypatch, ending):
    found, quit_ = sitting(dataset, ["a", "b", *ending], monkeypatch)
    assert quit_
    assert said(found) == {0: ("preferred", 1.0), 1: ("preferred", 0.0)}


def test_a_key_that_means_nothing_is_said_and_asked_again(dataset, monkeypatch, capsys):
    found, _ = sitting(dataset, ["y", "?", "a", ""], monkeypatch, n=1)
    assert said(found) == {0: ("preferred", 1.0)}
    shown = capsys.readouterr()
    assert "'y' means nothing here" in shown.err
    assert "Which moment is closer to the goal?" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("order", ["".join(p) for p in permutations("123")])
@pytest.mark.parametrize("ties", [(), (1,), (2,), (1, 2)])
def test_an_order_of_three_says_of_every_pair_what_the_order_says(order, ties):
    segments = tuple(moment(0, t) for t in (4, 8, 15))
    typed = "".join(("=" if i in ties else "") + key for i, key in enumerate(order))
    assert order_of(typed[:-1], segments) is None
    ranking = order_of(typed, segments)
    rank = {segments[int(key) - 1]: i - sum(t <= i for t in ties) for i, key in enumerate(order)}
    for left, right in permutations(segments, 2):
        answer = ranked(ranking, Question(GOAL, (left, right), ("x", "y")), 1.0)
        assert answer.p_left == 0.5 + 0.5 * np.sign(rank[right] - rank[left])


def test_three_moments_in_order_are_three_answers_of_one_group(dataset, monkeypatch):
    found, _ = sitting(dataset, ["312", "2=1", "3", "s", ""], monkeypatch, n=9, triplets=True)
    answers = said(found)
    assert len(answers) == 9
    assert [answers[i][0] for i in range(6, 9)] == ["tie"] * 3
    assert sum(answers[i][0] == "tie" for i in range(3, 6)) == 1
    assert all(answers[i][0] == "preferred" for i in range(3))


def test_triplets_without_groups_of_three_are_refused_with_the_way_out(dataset):
    labeler = make("human", dataset, triplets=True)
    pairs = select(dataset, 6, np.random.default_rng(0), groups=4)
    with pytest.raises(ValueError, match="select them with --group 3"):
        list(labeler.ask(pose(labeler, dataset, GOAL, pairs)))
    with pytest.raises(ValueError, match="a group has 4 moments"):
        list(labeler.ask(pose(labeler, dataset, GOAL, pairs, groups=group_names(pairs, 4))))


def test_the_picture_shows_the_frames_left_to_right(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (3, 48, 64, 3), dtype=np.uint8)
    write_picture(tmp_path / "q.png", frames, "123")
    with Image.open(tmp_path / "q.png") as picture:
        shown = np.asarray(picture)
    for k, frame in enumerate(frames):
        x = 16 + k * (64 * 8 + 16)
        np.testing.assert_array_equal(shown[48 : 48 + 384 : 8, x : x + 512 : 8], frame)
    assert [p.name for p in tmp_path.iterdir()] == ["q.png"]


def test_lines_are_words_or_rows_of_keys(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("a\nSAME\n21 3\n\nleft\n"))
    with Keys({"same": "s"}) as keys:
        assert [keys.read() for _ in range(8)] == ["a", "s", "2", "1", "3", "enter", "left", "end"]


# -- the real command in a real terminal --


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("film") / "data", np.random.default_rng(0)
    spec = Spec({"front": ArraySpec((16, 16, 3), "uint8")}, ArraySpec((1,), low=-1, high=1), 10)
    with create_dataset(path, spec, task=GOAL) as recorder:
        for _ in range(3):
            front = rng.integers(0, 256, (9, 16, 16, 3), dtype=np.uint8)
            recorder.append(Episode(np.zeros((8, 1), np.float32), {"front": front}))
    return path


def heeds_interrupts():
    """A process started by one that ignores SIGINT, as a shell's background job does, would ignore it too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Person:
    """`embodied label --labeler human` in a terminal of its own, whose screen can be waited for."""

    def __init__(self, data, out, *words, pairs=6):
        self.master, slave = os.openpty()
        command = [sys.executable, "-W", "ignore", "-m", "embodied.cli", "label", "--dataset", data, "--out", out]
        command += ["--labeler", "human", "--pairs", pairs, "--json", *words]
        streams = {"stdin": slave, "stderr": slave, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(
            list(map(str, command)),
            **streams,
            env={**os.environ, "TERM": "xterm"},
            preexec_fn=heeds_interrupts,  # noqa: PLW1509 - no thread runs here yet
        )
        os.close(slave)
        self.screen = ""

    def sees(self, text):
        until = time.monotonic() + PATIENCE
        while text not in self.screen:
            assert ready([self.master], [], [], max(0, until - time.monotonic()))[0], self.screen
            self.screen += os.read(self.master, 65536).decode()
        self.screen = self.screen.partition(text)[2]

    def presses(self, *keys):
        """Each at its own question."""
        for key in keys:
            self.sees("? help\r\n> ")
            os.write(self.master, key.encode())

    def leaves(self):
        shown, _ = self.process.communicate(timeout=PATIENCE)
        os.close(self.master)
        return self.process.returncode, shown.decode()


@pytest.fixture
def person(recorded):
    """Sits somebody down in front of a folder of labels; sends everybody home in the end."""
    there = []

    def sits_down(out):
        there.append(Person(recorded, out))
        return there[-1]

    yield sits_down
    for one in there:
        if one.process.poll() is None:
            one.process.kill()
            one.leaves()


def stored(out):
    with Store(out / "feedback.sqlite") as store:
        return [row["outcome"] for row in store.export()]


def test_a_person_answers_by_single_keys_takes_back_quits_and_goes_on_later(person, tmp_path):
    out = tmp_path / "labels"
    first = person(out)
    first.presses("\x1b[D", "b", "u", "s", "c", "q")
    code, shown = first.leaves()
    assert code == 0
    assert "stopped after 3 answers" in json.loads(shown)["unfinished"]
    assert sorted(stored(out)) == ["abstained", "preferred", "tie"]

    second = person(out)
    second.sees("[1 of 3]")
    second.presses("a", "\x1b[C", "a")
    second.sees("That was the last one")
    os.write(second.master, b"\r")
    code, shown = second.leaves()
    assert code == 0
    assert json.loads(shown) | {"labels": ""} == {
        "labels": "", "preferences": 5, "preferred": 4, "tie": 1, "abstained": 1, "failed": 0, "unasked": 0, "asked": 3
    }  # fmt: skip
    assert len(read_rows(out / "labels.parquet")) == 6


@pytest.mark.parametrize("way", ["key", "signal"])
def test_an_interrupt_keeps_every_answer_and_gives_the_terminal_back(person, tmp_path, way):
    one = person(tmp_path / "labels")
    one.presses("a", "b")
    one.sees("[3 of 6]")
    one.sees("? help\r\n> ")
    if way == "key":
        os.write(one.master, b"\x03")
    else:
        one.process.send_signal(signal.SIGINT)
    one.sees("stopped; the same command continues")
    assert termios.tcgetattr(one.master)[3] & termios.ECHO
    assert one.leaves()[0] == 130
    assert stored(tmp_path / "labels") == ["preferred", "preferred"]


def test_a_kill_loses_no_more_than_the_answers_that_could_be_taken_back(person, tmp_path):
    out = tmp_path / "labels"
    one = person(out)
    one.presses("a", "a", "b", "b", "s")
    one.sees("[6 of 6]")
    one.process.kill()
    assert one.leaves()[0] == -signal.SIGKILL
    assert stored(out) == ["preferred", "preferred"]
    again = person(out)
    again.sees("[1 of 4]")
    again.presses("q")
    assert again.leaves()[0] == 0


def test_a_terminal_that_draws_sixels_shows_the_picture_inline(tmp_path):
    pytest.importorskip("textual_image")
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (40, 100))
    words = "import sys; from embodied.terminal import *; draw(inline_pictures(), Path(sys.argv[1]), 5)"
    write_picture(tmp_path / "q.png", np.zeros((2, 16, 16, 3), np.uint8), "AB")
    command = [sys.executable, "-W", "ignore", "-c", words, str(tmp_path / "q.png")]
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        screen, until = b"", time.monotonic() + PATIENCE
        while b"\x1bP" not in screen and time.monotonic() < until and ready([master], [], [], PATIENCE)[0]:
            more = os.read(master, 65536)
            if b"\x1b[c" in more:
                os.write(master, b"\x1b[?62;4c")  # a terminal of class 2, with sixels
            screen += more
        process.kill()
    os.close(master)
    assert b"\x1bP" in screen


def piped(data, out, typed, *words):
    command = [sys.executable, "-m", "embodied.cli", "label", "--dataset", data, "--out", out, "--labeler", "human"]
    return subprocess.run(
        [str(word) for word in (*command, "--json", *words)], input=typed, capture_output=True, text=True, check=False
    )


def test_lines_from_a_pipe_answer_too_and_what_was_given_can_be_used_at_once(recorded, tmp_path):
    words = ("--pairs", "9", "--group", "3", "--options", "triplets", "true")
    made = piped(recorded, tmp_path / "l", "213\n1=2 3\nq\n", *words)
    assert made.returncode == 0, made.stderr
    assert "unfinished" in json.loads(made.stdout)
    used = piped(recorded, tmp_path / "l", "", *words, "--partial")
    assert used.returncode == 0, used.stderr
    assert json.loads(used.stdout)["preferences"] == 6
    assert json.loads(used.stdout)["unasked"] == 3


def test_a_person_is_asked_without_loading_torch():
    code = "import sys, rewards.human, embodied.steps; print({'torch', 'prompt_toolkit'} & {*sys.modules})"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
