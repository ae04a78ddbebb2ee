"""Talking with a robot: from a script, from a pipe, and at a terminal where typing stops it."""

import io
import json
import threading
import time

import numpy as np
import pytest

from embodied.cli import main
from embodied.console import Mover, converse, line_editor, status
from embodied.console_commands import COMMANDS, Desk, carried_out
from embodied.console_script import Line, lines, play
from embodied.correcting import Session
from embodied.correction_footage import Spans
from embodied.keeping import Remembering
from embodied.memory import Memory
from embodied.transcript import Transcript
from envs.household.environment import Household
from envs.household.rewinding import Rewinding, body
from envs.household.scene import SceneSpec, Wanted

ONE = SceneSpec(things=(Wanted(kind="mug", attributes=("red",)), Wanted(kind="tray")), distractors=0)


@pytest.fixture
def desk(tmp_path):
    with Memory(tmp_path / "memory.sqlite") as memory:
        yield Desk(Session(Rewinding(Household(ONE, 0)), Remembering(memory), Transcript()), memory)


def said(desk, *script):
    heard = []
    code = play(desk, lines(script), lambda who, words: heard.append((who, words)))
    return code, [words for who, words in heard if who == "robot"]


def test_the_example_teaches_on_one_mug_uses_it_on_another_and_leaves_the_glass_alone(tmp_path, capsys):
    memory = tmp_path / "memory.sqlite"
    code = main(["console", "--env", "tabletop", "--script", "examples/corrections.txt", "--memory", str(memory)])
    told = capsys.readouterr().out
    assert code == 0
    assert "Also for other mugs?" in told
    assert "(pick the blue mug: part handle, because you said 'by the handle, please')" in told
    assert "pick the glass: as usual" in told
    events = [json.loads(line) for line in (tmp_path / "transcript.jsonl").read_text().splitlines()]
    assert [e["to"] for e in events if e["event"] == "applied"] == ["pick the blue mug"]
    assert [e["number"] for e in events] == list(range(len(events)))


def test_a_pipe_is_a_script(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("open the drawer\n"))
    assert main(["console", "--memory", ":memory:"]) == 0
    assert "done" in capsys.readouterr().out


@pytest.mark.parametrize(("script", "code"), [
    (["put the red mug on the tray"], 0),
    (["put the red mug on the moon"], 1),
    (["put the red mug on the tray", "hang the red mug on the tray"], 1),
    (["put the red mug on the tray", "by the handle"], 3),
    (["put the red mug on the tray", "[0.5] /quit"], 0),
])  # fmt: skip
def test_exit_codes_tell_how_it_ended(desk, script, code):
    assert said(desk, *script)[0] == code


@pytest.mark.parametrize("line", ["[soon] left", "[1.0]", "[-1] left"])
def test_a_line_that_cannot_be_timed_is_named(line):
    with pytest.raises(ValueError, match=r"line 2, .* a timed line is"):
        lines(["put the red mug on the tray", line])


def test_comments_and_empty_lines_are_not_said():
    assert lines(["# hello", "", "  left  ", "[ 0.5 s ] slower"]) == [Line("left"), Line("slower", 0.5)]


def test_a_timed_line_stops_the_motion_after_that_time(desk):
    said(desk, "put the red mug on the tray", "[0.8] stop")
    assert len(desk.session.body.world.recorder.ticks) == 20  # of 40 ms


def test_commands_show_and_change_without_moving_anything(desk):
    said(desk, "put the red mug on the tray", "[0.4] stop")
    ticks = len(desk.session.body.world.recorder.ticks)
    assert carried_out(desk, "/plan").startswith("> 1 pick the red mug")
    assert "as usual" in carried_out(desk, "/dry-run")
    assert carried_out(desk, "/slow") == "at half the speed"
    assert desk.session.program.steps[1].manner.speed == 0.125
    assert carried_out(desk, "/memory") == "nothing has been learned yet"
    assert all(f"/{name}" in carried_out(desk, "/help") for name in COMMANDS)
    assert "did you mean 'memory'" in carried_out(desk, "/memroy")
    assert "no number of a lesson" in carried_out(desk, "/forget all")
    assert "/save needs a file" in carried_out(desk, "/save")
    assert "No such file or directory" in carried_out(desk, "/save /nowhere/at/all.json")
    assert len(desk.session.body.world.recorder.ticks) == ticks


def test_lessons_can_be_shown_saved_and_forgotten(desk, tmp_path):
    said(desk, "put the red mug on the tray", "by the handle", "yes")
    assert "'by the handle'" in carried_out(desk, "/memory")
    assert json.loads(carried_out(desk, "/memory 1"))["manner"] == {"part": "handle"}
    assert "lessons are in" in carried_out(desk, f"/save {tmp_path / 'lessons.json'}")
    assert "by the handle" in (tmp_path / "lessons.json").read_text()
    assert carried_out(desk, "/forget 1") == "lesson 1 is forgotten"
    assert carried_out(desk, "/forget last") == "the last change of the memory is taken back"
    assert len(desk.memory.lessons()) == 1


def test_another_task_in_the_middle_of_one_is_asked_about(desk):
    code, heard = said(desk, "put the red mug on the tray", "[0.4] pick up the red mug", "no", "carry on")
    assert "shall I leave this, and pick up the red mug?" in heard[2]
    assert code == 0
    assert desk.session.body.surroundings()["red mug"].place == "tray"


def test_dressing_is_slowed_raised_and_stopped_in_words(tmp_path, capsys):
    script = tmp_path / "talk.txt"
    script.write_text("dress the arm\n[0.6] slower\n[0.4] higher at the elbow\n[0.4] stop\n/skip\n")
    assert main(["console", "--env", "dressing", "--script", str(script), "--memory", ":memory:"]) == 0
    told = capsys.readouterr().out
    assert "I go on: speed 0.15" in told
    assert "I go on: part elbow, offset (0, 0, " in told


class Paced(Mover):
    """Moves a hundred times as fast as real time."""

    def __init__(self, desk, done):
        super().__init__(desk, done, pace=100.0)


def test_stopping_a_moving_robot_ends_the_motion_within_a_tick(desk):
    replies = []
    desk.session.instruct("put the red mug on the tray")
    mover = Mover(desk, replies.append, pace=1.0)
    mover.start()
    while not desk.session.body.world.recorder.ticks:
        time.sleep(0.001)  # the other thread has to begin
    mover.stop()
    before = len(desk.session.body.world.recorder.ticks)
    mover.wait()
    assert replies[0].state == "stopped"
    assert len(desk.session.body.world.recorder.ticks) <= before + 1
    mover.stop()
    assert "stopped | put the red mug on the tray | 1/2 pick the red mug" in status(desk, mover)


def test_what_breaks_while_moving_is_told_and_ends_nothing(desk):
    def broken(*_):
        raise RuntimeError("the cable came off")

    desk.session.instruct("put the red mug on the tray")
    desk.session.body.perform = broken
    replies = []
    mover = Paced(desk, replies.append)
    mover.start()
    mover.wait()
    assert "the cable came off" in replies[0].text
    assert desk.session.state == "failed"


def test_a_pace_that_is_none_is_refused(desk):
    with pytest.raises(ValueError, match="pace is 0"):
        Mover(desk, print, pace=0)


def test_typing_stops_the_robot_and_what_is_typed_is_the_correction(desk, capsys):
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    world = desk.session.body.world
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):

        def person():
            keys.send_text("put the red mug on the tray\r")
            while len(world.recorder.ticks) < 3:
                time.sleep(0.005)
            keys.send_text("b")
            while desk.session.state != "stopped":
                time.sleep(0.005)
            still = len(world.recorder.ticks)
            time.sleep(0.1)
            assert len(world.recorder.ticks) == still
            keys.send_text("y the handle\r")
            while desk.session.state != "asking":
                time.sleep(0.005)
            keys.send_text("yes\r")
            keys.send_text("\x04")

        typing = threading.Thread(target=person)
        typing.start()
        converse(desk, pace=10.0, prompt=line_editor())
        typing.join()
    assert [lesson.text for lesson in desk.memory.lessons()] == ["by the handle"]
    assert desk.memory.show(1).scope == "kind"


def test_every_environment_of_the_console_makes_a_body():
    from envs import BODIES

    assert set(BODIES) == {"tabletop", "dressing"}
    assert {"mug", "glass", "drawer", "tray"} <= body("", "train", 3).surroundings().kinds


def test_a_recorded_session_says_which_motion_was_asked_for_and_teaches(tmp_path, capsys):
    from embodied.dataset import load_dataset
    from rewards.takeovers import Takeovers

    script = tmp_path / "said.txt"
    script.write_text("put the red mug on the tray\n[2.5] by the handle\nno\n")
    command = ["console", "--script", str(script), "--memory", ":memory:", "--record", str(tmp_path / "data"), "--json"]
    assert main(command) == 0
    assert main(command) == 0
    data = load_dataset(tmp_path / "data")
    assert len(data) == 2
    episode = data[0]
    asked = np.flatnonzero(episode.human)
    assert asked[0] == pytest.approx(2.5 * 25, abs=2)
    assert not episode.human[-1]  # what came after the corrected step was the robot's own
    tip = episode.obs["state"][:, :3]
    assert np.abs(np.diff(tip, axis=0) * 25 / 0.5 - episode.action[:, :3]).max() < 0.02
    teacher = Takeovers(data)
    assert len(teacher.found) == 2
    assert teacher.questions(20, np.random.default_rng(0))


def test_a_session_without_motion_is_not_recorded(tmp_path, capsys):
    (tmp_path / "said.txt").write_text("put the red mug on the moon\n")
    code = main(
        ["console", "--script", str(tmp_path / "said.txt"), "--memory", ":memory:", "--record", str(tmp_path / "d")]
    )
    assert code == 1
    assert "nothing moved" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_what_things_look_like_is_kept_and_compared_where_a_clip_model_is_named(tmp_path, capsys):
    pytest.importorskip("open_clip")
    pytest.importorskip("pybullet")
    from tinyclip import save_tiny_clip

    clip = save_tiny_clip(tmp_path / "clip")
    script = tmp_path / "said.txt"
    script.write_text("put the red mug on the tray\n[2.5] by the handle\nyes\nput the blue mug on the tray\n")
    memory = tmp_path / "memory.sqlite"
    assert main(["console", "--script", str(script), "--memory", str(memory), "--clip", str(clip)]) == 0
    assert "(pick the blue mug: part handle" in capsys.readouterr().out
    with Memory(memory) as opened:
        (lesson,) = opened.lessons()
        seen = opened._rows.picture(lesson.id)
    assert seen is not None
    assert seen.encoder.startswith("clip:")
    body_ = body("", "train", 0)
    red, blue, again = (body_.close_up(name) for name in ("red mug", "blue mug", "red mug"))
    assert np.array_equal(red, again)
    assert not np.array_equal(red, blue)
    assert body_.close_up("moon") is None


def test_a_body_without_a_camera_cannot_be_looked_through(tmp_path):
    pytest.importorskip("open_clip")
    from tinyclip import save_tiny_clip

    from embodied.openclip import load_clip
    from embodied.sight import eye

    clip = load_clip(str(save_tiny_clip(tmp_path / "clip")), cache="none")
    with pytest.raises(ValueError, match="object has no camera"):
        eye(object(), clip)


def test_a_correction_of_a_later_step_marks_that_step_and_not_the_one_under_way():
    spans = Spans()
    spans.open("b", 1.0, later=True)
    spans.begin("a", 1.5)
    spans.done("a", 3.0)
    assert spans.all(3.5) == []
    spans.begin("b", 4.0)
    assert spans.all(5.0) == [(4.0, 5.0)]
    spans.open("b", 4.5)  # said again while it goes on
    spans.done("b", 6.0)
    spans.done("c", 7.0)
    assert spans.all(8.0) == [(4.0, 6.0)]
