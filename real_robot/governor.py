"""The fixed-rate process between whoever commands and the vendor's client: `python -m real_robot.governor FD FD`.

It ticks `governing.Governor` at the arm's own rate by absolute deadlines. The client's stop has a socket of its own
that is looked at first; a client that dies is a stop; a worker that dies is a fault. No torch, no simulator is loaded.
"""

import gc
import select
import signal
import subprocess
import sys
import time
from collections import deque
from typing import Any

import numpy as np

from real_robot import link
from real_robot.description import Description
from real_robot.governing import STREAMING, Act, Governor
from real_robot.link import Channel, Packet
from real_robot.robot import Fault
from real_robot.worker import arm_of, described, realtime

STATUS_EVERY = 0.01
"""Seconds between what a client is told unasked."""
KEPT = 60_000
"""Ticks whose lateness is remembered."""
PATIENCE = 2.0
"""How long a worker may take to end [s]."""


class Process:
    """The loop, its sockets, and the worker."""

    def __init__(self, robot: Description, client: Channel, stop: Channel) -> None:
        self.robot, self.client, self.stop = robot, client, stop
        can = arm_of(robot).capabilities
        self.period = 1.0 / can.servo_hz
        self.governor = Governor(robot, self.period, gripper=can.gripper, overshoot=can.overshoot)
        self.worker: Channel | None = None
        self.abort: Channel | None = None
        self.child: subprocess.Popen[bytes] | None = None
        self.late: deque[float] = deque(maxlen=KEPT)
        self.missed, self.targets, self.told, self.over = 0, 0, 0.0, False
        self.asked_to_end = False
        self.spawn()

    def spawn(self) -> None:
        """Start a worker; one that is still there is ended first."""
        self.end_worker()
        self.worker, theirs = link.pair()
        self.abort, other = link.pair()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "real_robot.worker", str(theirs.fileno()), str(other.fileno())],
            pass_fds=(theirs.fileno(), other.fileno()), env=link.child_environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(),
        )  # fmt: skip
        theirs.close()
        other.close()
        self.worker.send(link.ORDER, self.robot.model_dump(mode="json"))
        self.governor.worker = True

    def run(self) -> None:
        """Until the client is gone, or asked for it, and the arm stands."""
        realtime()
        gc.collect()
        gc.freeze()
        due = time.monotonic() + self.period
        while not self.over:
            links = [c for c in (self.stop, self.client, self.worker) if c is not None and c.open]
            select.select(links, [], [], max(0.0, due - time.monotonic()))
            self.hear()
            if self.asked_to_end and not self.governor.closing:
                self.governor.order("close", time.monotonic())
            now = time.monotonic()
            if now >= due:
                self.late.append(now - due)
                skipped = int((now - due) / self.period)
                self.missed += skipped
                due += skipped * self.period
                self.tick(due)
                due += self.period
        self.end_worker()

    def hear(self) -> None:
        """Everything that came: the stop first."""
        for packet in self.stop.receive():
            self.ordered(packet)
        if self.worker is not None:
            for packet in self.worker.receive():
                self.answered(packet)
            if not self.worker.open and self.governor.worker:
                code = None if self.child is None else self.child.poll()
                self.governor.worker_lost("its link closed" if code is None else f"exit {code}")
        for packet in self.client.receive():
            self.commanded(packet)
        if not self.client.open and not self.governor.closing:
            self.governor.client_lost(time.monotonic())

    def commanded(self, packet: Packet) -> None:
        """A goal or an order of the client's."""
        if packet.kind != link.GOAL:
            self.ordered(packet)
            return
        seconds, opening, whole, *goal = packet.numbers
        reasons = self.governor.command(
            np.array(goal), time.monotonic(), sequence=packet.sequence, stamp=packet.stamp / 1e9,
            seconds=float(seconds), opening=float(opening), whole=bool(whole),
        )  # fmt: skip
        line, moving = self.governor.line, self.governor.moving
        there = None if moving is None else (line.goal if line is not None else moving.q).tolist()
        self.client.send(link.ANSWER, {"reasons": [r.value for r in reasons], "q": there}, packet.sequence)

    def ordered(self, packet: Packet) -> None:
        """An order, answered at once; what it leads to is told by the status."""
        order = packet.data
        do = str(order.pop("do", ""))
        if do == "timing":
            answer: dict[str, Any] = self.timing()
        else:
            try:
                answer = {"why": self.governor.order(do, time.monotonic(), **order)}
            except TypeError as error:
                answer = {"why": f"{do}: {error}"}
            self.act(self.governor.acts)
            self.governor.acts = []
        self.tell(time.monotonic())  # before the answer: whoever waits for it then knows how it stands
        self.client.send(link.ANSWER, answer, packet.sequence)

    def answered(self, packet: Packet) -> None:
        """A reading or an answer of the worker's."""
        now = time.monotonic()
        if packet.kind == link.STATE:
            self.governor.sensed(link.state_of(packet.body, packet.stamp), now)
        elif packet.kind == link.ANSWER:
            answer = packet.data
            fault = answer.pop("fault", None)
            self.governor.answered(packet.sequence, now, None if fault is None else Fault(**fault), **answer)

    def tick(self, due: float) -> None:
        """One period: decide, send, tell."""
        governor, before = self.governor, self.governor.mode
        self.act(governor.tick(due))
        if before in STREAMING and governor.mode not in STREAMING:
            self.act(governor.acts)
            governor.acts = []
        if governor.closing and governor.mode not in STREAMING and governor.pending is None:
            self.over = True
        if due - self.told >= STATUS_EVERY or governor.events:
            self.tell(due)

    def act(self, acts: list[Act]) -> None:
        """Pass on to the worker."""
        for act in acts:
            if act.do == "spawn":
                self.spawn()
            elif self.worker is None or self.abort is None:
                continue
            elif act.do == "target":
                assert act.q is not None
                assert act.qd is not None
                self.targets += 1
                self.worker.send(link.TARGET, np.concatenate([act.q, act.qd]), self.targets)
            elif act.do == "abort":
                self.abort.send(link.ORDER, {"do": "abort"})
            else:
                self.worker.send(link.ORDER, act.fields, act.number)

    def tell(self, now: float) -> None:
        """The status, the newest reading and what happened, to the client."""
        governor = self.governor
        self.told = now
        for event in governor.events:
            self.client.send(link.EVENT, event)
        governor.events = []
        moving, fault = governor.moving, governor.fault
        status = {
            "mode": governor.mode.value, "fault": None if fault is None else vars(fault),
            "why": str(governor.why), "sequence": governor.sequence, "reasons": [r.value for r in governor.told()],
            "q": None if moving is None else moving.q.tolist(), "gripper": governor.gripper,
            "busy": governor.busy, "worker": self.worker_number(),
            "force": int(governor.touch.level), "speed": governor.pace, "freedrive": governor.freed,
        }  # fmt: skip
        self.client.send(link.STATUS, status)
        if governor.state is not None:
            self.client.send_state(governor.state, governor.sequence)

    def worker_number(self) -> int:
        """The worker's process, 0 where there is none."""
        return 0 if self.child is None or not self.governor.worker else self.child.pid

    def timing(self) -> dict[str, Any]:
        """How late ticks were [s], quantiles over the last minute or two."""
        late = np.array(self.late or [0.0])
        quantiles = {f"p{p}": float(np.percentile(late, p)) for p in (50, 90, 99)}
        found = {"ticks": len(self.late), "missed": self.missed, "period": self.period, "max": float(late.max())}
        return found | quantiles

    def end_worker(self) -> None:
        """Close its sockets, which makes it halt the arm and end; kill it where it does not."""
        for channel in (self.worker, self.abort):
            if channel is not None:
                channel.close()
        if self.child is not None:
            try:
                self.child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.worker = self.abort = self.child = None


def main(argv: list[str] | None = None) -> int:
    """Serve the client at the other ends of two sockets."""
    client, stop = (Channel.inherited(int(text)) for text in (sys.argv[1:] if argv is None else argv))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    robot = described(client)
    if robot is None:
        return 0
    process = Process(robot, client, stop)

    def terminated(*_: object) -> None:
        process.asked_to_end = True

    signal.signal(signal.SIGTERM, terminated)
    process.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
