"""A language model as planner: what it says is validated, asked again and counted, and never just done."""

import json

import numpy as np
import pytest
from faulty_server import FaultyServer, refuses, says, serving
from symbolic import SymbolicBody
from tabletop_scenes import MATCHING, PRIMITIVE

from embodied.backoff import Backoff
from embodied.goals import Goal, Inside
from embodied.models import ModelError, Recording, Replay, Usage
from embodied.models_openai import Endpoint, OpenAIModel
from embodied.plans import plan
from embodied.pursuit import PlannerFailed, Report
from embodied.skills import program
from policies.model_planner import ModelPlanner
from policies.planner import Retry, pursue
from policies.planner_words import Answer
from policies.reporters import TruthReporter

SENTENCE = "put the red block in the yellow bowl"
GOOD = json.dumps(
    {"why": "as asked", "steps": [{"skill": "pick", "object": "red block"}, {"skill": "place", "on": "yellow bowl"}]}
)
DONE = json.dumps({"why": "it is there", "done": True})


class Scripted:
    """A model that says what it was given, the last over and over; it keeps what it was asked."""

    name = "scripted"
    destination = "this machine"
    parameters = {}  # noqa: RUF012 # as the protocol has it

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def complete(self, messages, schema):
        self.asked.append(messages)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ModelError):
            raise answer
        return Usage(10, 5, 0.1, 1, answer)


def run(model, body=None, moves=6, **more):
    planner = ModelPlanner(model, **more)
    body = body or SymbolicBody(PRIMITIVE)
    return pursue(SENTENCE, body, planner, TruthReporter(), Retry("re-plan"), moves), planner, body


def test_a_valid_program_is_done_and_the_model_says_when_it_is_over():
    result, planner, body = run(Scripted(GOOD, DONE))
    assert (result.ended, result.reason, result.calls) == ("done", "it is there", 2)
    assert body.now.inside(body.now["red block"], "yellow bowl")
    assert (planner.ledger.calls, planner.ledger.invalid) == (2, 0)
    assert (planner.ledger.usage.tokens_in, planner.ledger.usage.tokens_out) == (20, 10)


def test_the_model_is_told_the_scene_the_task_and_how_the_last_step_went():
    model = Scripted(GOOD, GOOD, DONE)
    run(model, SymbolicBody(PRIMITIVE, misses=1.0))
    system, user = model.asked[1]
    assert system.role == "system"
    text = " ".join(user.parts)
    for words in (SENTENCE, "the red block (block, red, small)", "pick red block) failed, missed", "at the beginning"):
        assert words in text


def test_a_picture_goes_with_the_words():
    picture = np.zeros((8, 8, 3), np.uint8)
    model = Scripted(DONE)
    run(model, look=lambda: picture)
    assert model.asked[0][1].parts[-1] is picture


RAMBLING = "Well, let me think about the red block. " * 50


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (RAMBLING, "no JSON object"),
        ("ha" * 60_000, "no JSON object"),
        ("{" * 5000, "no JSON object"),
        ('{"steps": [{"skill": "fly"}]}', "fly"),
        ('{"steps": [{"skill": "pick", "object": "unicorn"}]}', "nothing is called 'unicorn'"),
        ('{"steps": [{"skill": "pick", "object": "yellow bowl"}]}', "cannot be moved"),
        ('{"steps": [{"skill": "place"}]}', "place needs either"),
        ('{"steps": [{"skill": "move to", "at": [99, 0, 0]}]}', "less than or equal to 2"),
        ('{"steps": []}', "no steps"),
        ('{"done": true, "steps": [{"skill": "home"}]}', "one or the other"),
        ('{"done": true, "shell": "rm"}', "Extra inputs"),
        (json.dumps({"steps": [{"skill": "wait"}] * 40}), "at most 12"),
    ],
    ids=lambda text: text[:24],
)
def test_an_answer_that_will_not_do_is_sent_back_with_what_is_wrong(bad, problem):
    model = Scripted(bad, GOOD, DONE)
    result, planner, _ = run(model)
    assert result.ended == "done"
    assert planner.ledger.invalid == 1
    assert problem in model.asked[1][-1].parts[0]
    result, planner, body = run(Scripted(bad))
    assert result.ended == "planner failed"
    assert "no valid answer in 3 tries" in result.reason
    assert (planner.ledger.calls, body.done) == (3, [])


@pytest.mark.parametrize("kind", ["unavailable", "rejected", "refusal"])
def test_a_model_that_refuses_or_is_not_there_fails_the_planner_at_once(kind):
    result, planner, body = run(Scripted(ModelError(kind, "sorry", Usage(requests=4))))
    assert (result.ended, planner.ledger.calls, planner.ledger.usage.requests) == ("planner failed", 1, 4)
    assert f"({kind}): sorry" in result.reason
    assert not body.done


def test_a_model_that_never_says_done_is_ended_and_so_is_one_that_says_nothing():
    back = json.dumps({"steps": [{"skill": "pick", "object": "red block"}, {"skill": "place", "at": [0.4, 0.2]}]})
    model = Scripted(*[GOOD, back] * 20)
    assert run(model)[0].ended == "budget"
    assert run(Scripted(back))[0].ended == "stuck"
    assert run(Scripted(ModelError("empty", "nothing")))[0].ended == "planner failed"


def test_a_thought_before_the_answer_does_no_harm():
    assert run(Scripted(f"<think>{{}} hm {RAMBLING}</think>\n```json\n{GOOD}\n```", DONE))[0].ended == "done"


def test_recorded_answers_plan_the_same_again(tmp_path):
    path = tmp_path / "answers.jsonl"
    goal = Goal((Inside(tuple((f"{c} block", (f"{c} bowl",)) for c in ("red", "blue"))),))
    steps = [step.model_dump(mode="json") for step in program(plan(goal, MATCHING)).steps]
    first, _, body = run(Recording(Scripted(json.dumps({"steps": steps}), DONE), path), SymbolicBody(MATCHING))
    again, planner, same = run(Replay.load(path), SymbolicBody(MATCHING))
    assert goal.holds(body.now)
    assert same.now == body.now
    assert [o.step for o in again.outcomes] == [o.step for o in first.outcomes]
    assert planner.ledger.calls == 2


def endpoint(server: FaultyServer):
    return OpenAIModel(Endpoint(server.url, "planner", backoff=Backoff(retries=0), timeout=5))


def test_a_served_model_that_breaks_down_fails_the_planner_with_the_reason():
    with serving(lambda request, n: refuses(500)) as server:
        result, _, _ = run(endpoint(server))
    assert result.ended == "planner failed"
    assert "unavailable" in result.reason
    with serving(lambda request, n: says(GOOD if n == 0 else DONE)) as server:
        assert run(endpoint(server))[0].ended == "done"


def test_a_planner_is_not_asked_before_it_is_told_a_sentence():
    with pytest.raises(PlannerFailed, match="reset first"):
        ModelPlanner(Scripted(DONE)).plan(Report(PRIMITIVE))
    with pytest.raises(ValueError, match="at least once"):
        ModelPlanner(Scripted(DONE), tries=0)


def test_an_answer_has_the_form_that_the_prompt_shows():
    assert Answer.model_validate_json(GOOD).steps[0].skill == "pick"


@pytest.mark.slow
@pytest.mark.parametrize("what", ["", GOOD], ids=["at-random", "always-picks"])
def test_a_served_tiny_model_plans_or_fails_with_a_reason(tmp_path, what):
    pytest.importorskip("transformers")
    from test_serving import transformers_serve
    from tiny_models import TINY

    model = TINY["llava"](tmp_path / "tiny", says=what)
    with transformers_serve(model, tmp_path / "cache") as url:
        asked = OpenAIModel(Endpoint(url, str(model), max_tokens=20, timeout=120))
        result, planner, body = run(asked)
    assert planner.ledger.calls >= 1
    if what:
        assert body.now.inside(body.now["red block"], "yellow bowl")
        assert result.ended in ("stuck", "budget")
    else:
        assert (result.ended, body.done) == ("planner failed", [])
