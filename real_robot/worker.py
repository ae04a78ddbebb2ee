"""The process that holds a vendor's client and may die: `python -m real_robot.worker FD FD`, started by the governor.

It sends the newest target of the governor to the arm and every reading back. When the governor goes, however it went,
the arm is halted; the abort has a socket and a thread of its own, for a client that is stuck in a call.
"""

import contextlib
import gc
import os
import select
import signal
import sys
import threading
import time
from typing import Any

import numpy as np

from embodied import plugins
from real_robot import link
from real_robot.description import Description, describe
from real_robot.link import Channel, Packet
from real_robot.robot import Arm, Fault, RobotFault

OLD = 0.05
"""Targets that waited longer than this are not sent [s]."""


def arm_of(robot: Description) -> Arm:
    """The vendor's adapter of a robot file; nothing is opened."""
    return plugins.plugin("real_robot:ROBOTS", robot.kind, "robot")(robot)


class Worker:
    """The loop around one arm."""

    def __init__(self, arm: Arm, channel: Channel) -> None:
        self.arm, self.channel = arm, channel
        self.joints, self.period = arm.capabilities.joints, 1.0 / arm.capabilities.servo_hz
        self.connected = self.serving = False
        self.sequence = 0

    def run(self) -> None:
        """Until the governor goes."""
        due = time.monotonic()
        while True:
            select.select([self.channel], [], [], max(0.0, due - time.monotonic()))
            target = None
            for packet in self.channel.receive():
                target = self.heard(packet, target)
            if not self.channel.open:
                return
            if target is not None and self.serving:
                self.serve(target)
            if target is not None or time.monotonic() >= due:
                self.tell()
                due = time.monotonic() + self.period * 1.5

    def heard(self, packet: Packet, target: Packet | None) -> Packet | None:
        """Carry out an order; of targets the newest is kept."""
        if packet.kind == link.TARGET:
            return packet
        if packet.kind == link.ORDER:
            self.carry_out(packet.sequence, packet.data)
        return None if packet.kind == link.ORDER else target  # a target before an order does not outlive it

    def carry_out(self, number: int, order: dict[str, Any]) -> None:
        """One order, and its answer."""
        do = order.get("do", "")
        try:
            answer = self.done(do, order)
        except RobotFault as error:
            answer = {"fault": vars(error.fault)}
        except (ValueError, OSError, ModuleNotFoundError) as error:
            answer = {"fault": vars(Fault("client", f"{do}: {error}"))}
        self.channel.send(link.ANSWER, answer, number)

    def done(self, do: str, order: dict[str, Any]) -> dict[str, Any]:
        """What an order gives."""
        if do == "connect":
            checks = self.arm.connect()
            self.connected = True
            return {"checks": [vars(check) for check in checks]}
        if do == "ready":
            self.arm.ready()
            self.serving = True
        elif do == "grip":
            self.arm.grip(float(order["opening"]), float(order["force"]))
        elif do == "halt":
            self.serving = False
            self.arm.halt()
        elif do == "recover":
            self.serving = False
            self.arm.recover()
            self.connected = True
        elif do == "freedrive":
            self.arm.freedrive(bool(order["on"]))
        else:
            raise ValueError(f"no order {do!r}")
        return {}

    def serve(self, packet: Packet) -> None:
        """Send a target, unless it waited too long."""
        if time.monotonic_ns() - packet.stamp > OLD * 1e9:
            return
        q, qd = np.split(packet.numbers, [self.joints])
        try:
            self.arm.servo(q, qd)
        except RobotFault as error:
            self.serving = False
            self.channel.send(link.ANSWER, {"fault": vars(error.fault)}, 0)

    def tell(self) -> None:
        """Send the newest reading."""
        if not self.connected:
            return
        self.sequence += 1
        try:
            self.channel.send_state(self.arm.read(), self.sequence)
        except RobotFault as error:
            self.connected = self.serving = False
            self.channel.send(link.ANSWER, {"fault": vars(error.fault)}, 0)


def watch(arm: Arm, channel: Channel) -> None:
    """The abort's thread: a packet, or the end of the governor, stops the arm on a path of its own."""
    while channel.open:
        select.select([channel], [], [])
        if channel.receive() or not channel.open:
            with contextlib.suppress(RobotFault, OSError):  # the other path is tried as well
                arm.abort()


def realtime(priority: int = 20) -> bool:
    """Ask for a real-time priority; whether it was given."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (AttributeError, OSError):
        return False
    return True


def main(argv: list[str] | None = None) -> int:
    """Serve the governor at the other ends of two sockets."""
    descriptors = [int(text) for text in (sys.argv[1:] if argv is None else argv)]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is its reader's; the governor tells us
    channel, stop = (Channel.inherited(descriptor) for descriptor in descriptors)
    robot = described(channel)
    if robot is None:
        return 0
    arm = arm_of(robot)
    threading.Thread(target=watch, args=(arm, stop), daemon=True).start()
    gc.collect()
    gc.freeze()
    try:
        Worker(arm, channel).run()
    finally:
        with contextlib.suppress(RobotFault, OSError):
            arm.halt()
        with contextlib.suppress(RobotFault, OSError):
            arm.close()
    return 0


def described(channel: Channel) -> Description | None:
    """The robot that the first packet describes; None where the other end went."""
    while channel.open:
        select.select([channel], [], [])
        if found := channel.receive(1):
            return describe(found[0].data)
    return None


if __name__ == "__main__":
    raise SystemExit(main())
