"""The vendor's client made quiet: it prints to standard output on import and on connecting, and logs there too.

Its errors are return codes, and it opens sockets with a process-wide timeout that is put back here. Nothing of it is
imported before it is needed.
"""

import contextlib
import functools
import logging
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from real_robot.robot import Fault, RobotFault
from real_robot.xarm_codes import failure, returned


@functools.cache
def vendor() -> Any:
    """The vendor's package, imported; RobotFault that says how it is installed."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            import xarm.wrapper
    except ModuleNotFoundError as error:
        text = f"the vendor's client is missing ({error.name}): pip install 'embodied-feedback[xarm]'"
        raise RobotFault(Fault("not ready", text, clearable=False)) from error
    except OSError as error:  # it makes a folder for logs in the home directory
        raise RobotFault(Fault("not ready", f"the vendor's client cannot be imported: {error}")) from error
    from xarm.core.utils.log import logger, origin_logger

    logger.setLevel(logging.CRITICAL + 1)
    origin_logger.setLevel(logging.CRITICAL + 1)
    vars(logger)["warn"] = logger.warning  # the old name, which warns of itself at every servo target
    for name, module in list(sys.modules.items()):
        if name.startswith("xarm."):
            vars(module)["print"] = _unheard
    return xarm


def _unheard(*_: object, **__: object) -> None:
    """In place of `print` in the vendor's modules."""


@contextlib.contextmanager
def _own_timeouts() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def opened(host: str, port: int, reply: float) -> Any:
    """A client on the control port alone, without reports; `reply` is how long an answer may take [s]."""
    package = vendor()
    from xarm.core.config.x_config import XCONF

    setattr(XCONF.SocketConf, "TCP_CONTROL_PORT", port)  # noqa: B010 # a constant to type checkers
    try:
        address = socket.gethostbyname(host)  # the client takes anything else than numbers for a serial port
        with _own_timeouts():
            api = package.wrapper.XArmAPI(
                address, is_radian=True, forbid_uds=True, enable_report=False, check_joint_limit=False
            )
    except Exception as error:  # the client raises nothing more special
        raise RobotFault(Fault("link", f"no control link to {host}:{port}: {error}")) from error
    api.set_timeout(reply)
    return api


def closed(api: Any) -> None:
    """Let go of a client, whatever state it is in."""
    with contextlib.suppress(Exception):  # it joins threads and closes sockets that may be gone
        api.disconnect()


def must(code: Any, call: str) -> None:
    """RobotFault unless a call returned 0; some return a list that begins with the code."""
    number = int(code[0]) if isinstance(code, Sequence) else int(code)
    if number != 0:
        raise RobotFault(returned(number, call))


def called(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """What a call of the client returns; RobotFault where it raises, which it does not promise not to."""
    try:
        return call(*args, **named)
    except Exception as error:  # the client promises nothing about what it raises
        name = getattr(call, "__name__", "a call")
        raise RobotFault(Fault("link", f"{name} failed in the client: {error!r}")) from error


@functools.cache
def latched(error: int) -> Fault:
    """The fault of a controller's error in the vendor's words."""
    vendor()
    from xarm.core.config.x_code import ControllerError

    told = ControllerError(error)
    return failure(error, told.title["en"].strip().rstrip("."), told.description["en"].strip())
