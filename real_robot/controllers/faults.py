"""Faults on demand: a small door beside a simulated controller through which a test or a user orders them.

One JSON object a line over TCP on loopback, one JSON object back: {"do": "mute", "seconds": 2.0} is answered by
{"ok": true} or {"ok": false, "why": "..."}. `Door.poll` is called by the controller's own loop; nothing runs beside it.
"""

import contextlib
import json
import selectors
import socket
from collections.abc import Callable, Mapping
from typing import Any

Handler = Callable[..., dict[str, Any] | None]
LONGEST = 65536


class Door:
    """The controller's side: `handlers` maps what may be ordered to functions of the other fields."""

    def __init__(self, host: str, port: int, handlers: Mapping[str, Handler]) -> None:
        self.handlers, self._selector, self._read = dict(handlers), selectors.DefaultSelector(), {}
        self._server = socket.create_server((host, port))
        self._server.setblocking(False)
        self._selector.register(self._server, selectors.EVENT_READ)
        self.address: tuple[str, int] = self._server.getsockname()[:2]

    def poll(self) -> None:
        """Answer whatever has come; returns at once."""
        for key, _ in self._selector.select(0):
            if key.fileobj is self._server:
                client, _ = self._server.accept()
                client.setblocking(False)
                self._selector.register(client, selectors.EVENT_READ)
                self._read[client] = b""
            else:
                self._hear(key.fileobj)  # type: ignore[arg-type] # only sockets are registered

    def _hear(self, client: socket.socket) -> None:
        try:
            found = client.recv(LONGEST)
        except OSError:
            found = b""
        if not found or len(self._read[client]) > LONGEST:
            self._selector.unregister(client)
            self._read.pop(client)
            client.close()
            return
        *lines, self._read[client] = (self._read[client] + found).split(b"\n")
        for line in lines:
            answer = json.dumps(self._answer(line)).encode() + b"\n"
            with contextlib.suppress(OSError):  # who ordered it has gone; the order was carried out
                client.sendall(answer)

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            order = json.loads(line)
            handler = self.handlers[order.pop("do")]
            return {"ok": True, **(handler(**order) or {})}
        except KeyError as error:
            return {"ok": False, "why": f"no order {error}; there are {', '.join(self.handlers)}"}
        except (ValueError, TypeError, AttributeError) as error:
            return {"ok": False, "why": str(error)}

    def close(self) -> None:
        """Close every socket."""
        for client in self._read:
            client.close()
        self._server.close()
        self._selector.close()


def order(address: tuple[str, int], do: str, *, timeout: float = 5.0, **fields: Any) -> dict[str, Any]:
    """Order one thing of a controller; RuntimeError with its reason where it refuses."""
    with socket.create_connection(address, timeout=timeout) as link:
        link.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
        answer = json.loads(link.makefile("rb").readline() or b'{"ok": false, "why": "it closed the link"}')
    if not answer.pop("ok"):
        raise RuntimeError(f"the controller refuses {do!r}: {answer['why']}")
    return answer
