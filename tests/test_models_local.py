"""Local `transformers` models of random weights: everything works but their judgement."""

import json

import numpy as np
import pytest
from answering import SmallDataset

from embodied.feedback import Store, ask
from embodied.models import Decider, Message, Model, ModelError
from embodied.presenting import Showing, consult
from rewards.labelers import make
from rewards.pairs import select
from rewards.prompts import OPTIONS, Verdict, decided

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tiny_models import TINY, llava  # noqa: E402

from embodied.models_local import LocalModel  # noqa: E402

SAYS = '{"analysis":"x","answer":"left","confidence":0.7}'
RNG = np.random.default_rng(0)
ASK = [
    Message("system", ("You judge.",)),
    Message("user", tuple(x for s in ("left", "right") for x in (s, RNG.integers(0, 256, (40, 50, 3), np.uint8)))),
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Each family once at random, and a LLaVA that always says the same."""
    folder = tmp_path_factory.mktemp("models")
    made = {name: build(folder / name) for name, build in TINY.items()}
    return {**made, "left": llava(folder / "left", says=SAYS)}


@pytest.fixture(scope="module")
def models(folders):
    return {name: LocalModel(folder, device="cpu", max_tokens=6) for name, folder in folders.items()}


@pytest.mark.parametrize("name", TINY)
def test_a_local_model_writes_and_tells_what_it_took(models, name):
    model = models[name]
    assert isinstance(model, Model)
    assert isinstance(model, Decider)
    assert model.destination == "this machine"
    usage = model.complete(ASK, Verdict)
    assert (usage.tokens_out, usage.requests) == (6, 1)
    assert usage.tokens_in > 2 * 4
    assert usage.raw
    assert usage.raw == model.complete(ASK, Verdict).raw


def stepwise(model, inputs, tokens):
    """The log-probability of tokens after a prompt, one forward pass for each."""
    total, inputs = 0.0, dict(inputs)
    for token in tokens:
        with torch.inference_mode():
            logits = model._model(**inputs, use_cache=False).logits[0, -1]
        total += float(logits.double().log_softmax(-1)[token])
        shape = inputs["input_ids"].shape
        for key, value in inputs.items():
            if torch.is_tensor(value) and value.shape == shape:
                last = {"input_ids": token, "attention_mask": 1}.get(key, 0)
                inputs[key] = torch.cat([value, torch.full((1, 1), last, dtype=value.dtype)], dim=1)
    return total


@pytest.mark.parametrize("name", TINY)
def test_the_probability_of_an_option_is_the_product_of_its_tokens(models, name):
    model = models[name]
    options = ("left", "right", "same", "no")
    tokens = {o: model._processor.tokenizer(o, add_special_tokens=False)["input_ids"] for o in options}
    assert {len(t) for t in tokens.values()} == {1, 5, 2}
    found, usage = model.decide(ASK, options)
    inputs = model._inputs(ASK)
    wanted = np.array([stepwise(model, inputs, tokens[o]) for o in options])
    wanted = np.exp(wanted - wanted.max())
    assert list(found.values()) == pytest.approx(wanted / wanted.sum(), rel=1e-4)
    assert sum(found.values()) == pytest.approx(1)
    assert (usage.tokens_in, usage.tokens_out) == (inputs["input_ids"].shape[1], 0)


@pytest.mark.parametrize("name", TINY)
def test_a_decision_depends_on_the_pictures_and_not_on_the_order_of_options(models, name):
    model = models[name]
    here, _ = model.decide(ASK, OPTIONS)
    there, _ = model.decide(ASK, OPTIONS[::-1])
    assert here == pytest.approx(there)
    other, _ = model.decide([ASK[0], Message("user", (*ASK[1].parts[:3], ASK[1].parts[1]))], OPTIONS)
    assert here != pytest.approx(other, rel=1e-9)


def test_options_that_begin_alike_are_refused(models):
    with pytest.raises(ValueError, match="'left now' begins as 'left' does"):
        models["llava"].decide(ASK, ("left", "left now"))


def test_probabilities_become_a_soft_label():
    def label(*shares):
        from embodied.models import Usage

        found = decided(dict(zip(OPTIONS, shares, strict=True)), Usage())
        return found.outcome, found.p_left, found.confidence

    assert label(0.6, 0.2, 0.1, 0.1) == ("preferred", pytest.approx(0.65 / 0.9), 0.6)
    assert label(0.2, 0.2, 0.5, 0.1) == ("tie", 0.5, 0.5)
    assert label(0.2, 0.1, 0.2, 0.5) == ("abstained", None, 0.5)
    assert label(1.0, 0.0, 0.0, 0.0) == ("preferred", 1.0, 1.0)


def test_a_local_teacher_labels_by_probability_in_both_orders(folders, tmp_path):
    dataset = SmallDataset()
    pairs = select(dataset, 6, np.random.default_rng(0), camera="front")
    labeler = make("vlm", dataset, folder=str(folders["qwen2_5_vl"]), style="decide", device="cpu")
    with Store(tmp_path / "s.db") as store:
        found = consult(store, labeler, dataset, "lift", pairs, Showing("both", inconsistent="mean"))
        rows = list(store.export())
    assert len(rows) == 12
    assert found.counts()["failed"] == 0
    assert all(sum(json.loads(row["raw"]).values()) == pytest.approx(1, abs=1e-5) for row in rows)
    assert {row["model"] for row in rows} == {"qwen2_5_vl"}
    assert all(row["tokens_in"] > 50 and row["latency"] > 0 for row in rows)


def test_a_local_teacher_that_writes_json_is_read_and_one_that_babbles_fails(folders, tmp_path):
    dataset = SmallDataset()
    pairs = select(dataset, 3, np.random.default_rng(0), camera="front")
    with Store(tmp_path / "s.db") as store:
        for name, outcome in (("left", "preferred"), ("qwen2_5_vl", "failed")):
            labeler = make("vlm", dataset, folder=str(folders[name]), max_tokens=3, device="cpu")
            found = ask(store, labeler, dataset, "lift", pairs, max_error_rate=1)
            assert {a.outcome for a in found.answers} == {outcome}
        assert all(failure["error"].startswith(("unreadable", "empty")) for failure in store.failures())


def test_weights_tell_models_of_one_name_apart(folders, models, tmp_path):
    other = llava(tmp_path / "llava", seed=1)
    assert LocalModel(other, device="cpu").name == models["llava"].name == "llava"
    assert LocalModel(other, device="cpu").parameters["weights"] != models["llava"].parameters["weights"]


def test_temperature_makes_samples_differ(folders):
    hot = LocalModel(folders["llava"], device="cpu", temperature=5.0, max_tokens=8)
    texts = set()
    for _ in range(4):
        try:
            texts.add(hot.complete(ASK, Verdict).raw)
        except ModelError as error:
            assert error.kind == "empty"  # noqa: PT017 - nothing but special tokens was drawn
    assert len(texts) > 1


def text_only(folder):
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(vocab_size=50, n_embd=8, n_layer=1, n_head=1)).save_pretrained(folder)
    return folder


def test_what_is_no_vision_language_model_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no model in .*nothing: it has no config\.json"):
        LocalModel(tmp_path / "nothing")
    with pytest.raises(ValueError, match="holds a 'gpt2', not a whole vision-language model"):
        LocalModel(text_only(tmp_path / "gpt2"))


def test_a_model_without_its_processor_is_named(folders, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.json", "model.safetensors", "generation_config.json"):
        (bare / name).write_bytes((folders["llava"] / name).read_bytes())
    with pytest.raises(ValueError, match="holds a 'llava'"):
        LocalModel(bare)


def test_settings_that_cannot_be_are_refused(folders):
    with pytest.raises(ValueError, match="no dtype 'float33'"):
        LocalModel(folders["llava"], dtype="float33")
    with pytest.raises(ValueError, match="at least 0 and 1"):
        LocalModel(folders["llava"], max_tokens=0)


def test_a_missing_library_names_its_extra(monkeypatch, folders):
    import builtins
    import sys

    real = builtins.__import__

    def without(name, *rest):
        if name.partition(".")[0] == "transformers":
            raise ModuleNotFoundError("No module named 'transformers'", name="transformers")
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "embodied.models_local")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r"embodied-feedback\[local\]"):
        make("vlm", SmallDataset(), folder=str(folders["llava"]))


def test_only_a_model_that_tells_probabilities_can_decide():
    with pytest.raises(ValueError, match="tells no probability of them; leave out style=decide"):
        make("vlm", SmallDataset(), base_url="http://127.0.0.1:9/v1", model="m", style="decide")
    with pytest.raises(ValueError, match="folder of a local model instead"):
        make("vlm", SmallDataset(), base_url="http://127.0.0.1:9/v1", model="m", folder="here")
