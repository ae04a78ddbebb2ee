"""A loopback server that speaks the chat-completions protocol, as well or as badly as a test wants."""

import hashlib
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What goes over the wire: `body` is text or JSON; `cut` closes the line after that many bytes of it."""

    body: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    wait: float = 0.0
    drip: float = 0.0


def says(content: Any, **message: Any) -> Reply:
    """A well-formed completion with this content."""
    finish = message.pop("finish_reason", "stop")
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    return Reply(
        {"id": "c", "object": "chat.completion", "created": 0, "model": "fake", "choices": [choice], "usage": usage}
    )


def verdict(answer: str = "left", confidence: float = 0.8) -> Reply:
    """A completion with the judgement of a pair."""
    return says({"analysis": "the block is nearer", "answer": answer, "confidence": confidence})


def refuses(status: int, message: str = "no", **headers: str) -> Reply:
    """An error as such servers send it."""
    return Reply({"error": {"message": message, "type": "error"}}, status, headers)


def question_of(request: dict[str, Any]) -> str:
    """Names a question by its pictures, in order."""
    parts = [part for message in request["messages"] for part in message["content"] if isinstance(part, dict)]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return hashlib.sha256("".join(urls).encode()).hexdigest()[:16]


class _Quiet(ThreadingHTTPServer):
    """A client that is killed hangs up without a word; nobody needs to read of it."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class FaultyServer:
    """Answers every request by `behave(request, how often this question came before)`; keeps what it saw."""

    def __init__(self, behave: Callable[[dict[str, Any], int], Reply]) -> None:
        self.behave = behave
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.seen: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.busy = self.most_busy = 0
        self.lock = threading.Lock()
        self.came = threading.Event()
        self._http = _Quiet(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # `self` is the handler
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                question = question_of(request)
                with server.lock:
                    before = server.seen[question]
                    server.seen[question] += 1
                    server.requests.append(request)
                    server.headers.append({name.lower(): value for name, value in self.headers.items()})
                    server.busy += 1
                    server.most_busy = max(server.most_busy, server.busy)
                server.came.set()
                try:
                    self.send(server.behave(request, before))
                    with server.lock:
                        server.answered[question] += 1
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the client gave up
                finally:
                    with server.lock:
                        server.busy -= 1

            def send(self, reply: Reply) -> None:
                time.sleep(reply.wait)
                body = (reply.body if isinstance(reply.body, str) else json.dumps(reply.body)).encode()
                if reply.cut == 0:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                for byte in [body] if not reply.drip else [body[i : i + 1] for i in range(len(body))]:
                    self.wfile.write(byte[: reply.cut])
                    self.wfile.flush()
                    time.sleep(reply.drip)
                self.close_connection = reply.cut is not None

            def log_message(self, *_: object) -> None:
                """Quietly."""

        return Handler


@contextmanager
def serving(behave: Callable[[dict[str, Any], int], Reply]) -> Iterator[FaultyServer]:
    """A running server; it is gone afterwards."""
    server = FaultyServer(behave)
    thread = threading.Thread(target=server._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server._http.shutdown()
        server._http.server_close()
        thread.join()
