"""The real `transformers serve` over loopback, asked by the real client through `embodied label`."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from recording import record, small_episode
from tiny_models import TINY

from embodied.cli import main
from embodied.labels import read_rows
from embodied.store import Store

pytest.importorskip("transformers")
pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("accelerate")

SAYS = '{"analysis":"x","answer":"right","confidence":0.7}'
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    rng = np.random.default_rng(0)
    episodes = [small_episode(rng, 20, task="lift") for _ in range(4)]
    return record(tmp_path_factory.mktemp("data") / "small", episodes)


@contextmanager
def transformers_serve(model, cache):
    """The address of a running server of that model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cache.mkdir(exist_ok=True)
    command = [Path(sys.executable).parent / "transformers", "serve", model, "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(cache)}
    with (cache.parent / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--device", "cpu", "--dtype", "float32"], env=environment, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + 900  # it imports much, and cores may be shared
            while not healthy(port):
                assert process.poll() is None, (cache.parent / "serve.log").read_text()[-2000:]
                assert time.monotonic() < deadline, "the server did not come up"
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait(30)


def healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.mark.parametrize("says", ["", SAYS], ids=["at-random", "always-right"])
@pytest.mark.parametrize("name", TINY)
def test_a_served_model_is_asked_through_the_command(recorded, tmp_path, capsys, name, says):
    model = TINY[name](tmp_path / name, says=says)
    with transformers_serve(model, tmp_path / "cache") as url:
        words = [
            "label",
            "--dataset",
            str(recorded),
            "--out",
            str(tmp_path / "out"),
            "--labeler",
            "vlm",
            "--pairs",
            "6",
        ]
        words += ["--orders", "both", "--max-error-rate", "1.0", "--json", "--options", "base_url", url]
        words += ["model", str(model), "max_tokens", "12", "concurrency", "2", "timeout", "120"]
        assert main(words) == 0
        assert main(words) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[0])
    with Store(tmp_path / "out" / "feedback.sqlite") as store:
        rows, (usage,) = list(store.export()), store.ledger()
    assert len(rows) == 12
    assert all(row["tokens_in"] > 100 and row["tokens_out"] > 0 for row in rows)
    if says:  # "right" in both orders is a preference for the order
        assert {row["outcome"] for row in rows} == {"preferred"}
        assert (found["abstained"], found["flipped"], usage["queries"]) == (6, 6, 12)
    else:  # babble is neither an opinion nor lost
        assert {row["outcome"] for row in rows} == {"failed"}
        assert all(row["error"].startswith(("unreadable", "empty")) for row in rows)
        assert found["failed"] == 6
    assert len(read_rows(tmp_path / "out" / "labels.parquet")) == 6
