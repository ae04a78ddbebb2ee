"""Robot descriptions for tests, and a governor whose worker does everything at once."""

import numpy as np

from real_robot.description import describe
from real_robot.governing import Governor
from real_robot.robot import ArmState, Fault

TABLES = {
    "ur": {"id": "ur", "kind": "ur", "model": "ur5e",
           "workspace": {"low": (-0.8, -0.4, 0.05), "high": (-0.2, 0.4, 0.8)},
           "keepouts": ({"name": "head", "centre": (-0.5, 0.3, 0.6), "radius": 0.15},)},
    "xarm": {"id": "xarm", "kind": "xarm", "model": "xarm6",
             "workspace": {"low": (0.15, -0.4, 0.05), "high": (0.6, 0.4, 0.8)},
             "keepouts": ({"name": "post", "low": (0.3, 0.25, 0.0), "high": (0.4, 0.35, 0.6)},)},
    "franka": {"id": "fr3", "kind": "franka", "model": "fr3",
               "workspace": {"low": (0.15, -0.4, 0.05), "high": (0.7, 0.4, 0.9)}},
}  # fmt: skip


def robot(kind="ur", **changes):
    """A description of a usual arm of that kind."""
    return describe({**TABLES[kind], **changes})


class Bench:
    """A governor, an arm that stands where it was sent, and a clock."""

    def __init__(self, kind="ur", period=0.004, **changes):
        self.robot = robot(kind, **changes)
        self.governor = Governor(self.robot, period)
        self.governor.worker = True
        self.period, self.now, self.number = period, 50.0, 0
        self.q, self.qd = self.robot.home_q.copy(), np.zeros(len(self.robot.home_q))
        self.wrench, self.ready, self.fault, self.muted = np.zeros(6), True, None, False
        self.targets, self.orders, self.aborts = [], [], 0
        self.refuse: dict[str, Fault] = {}

    def tick(self, times=1):
        for _ in range(times):
            self.now += self.period
            if not self.muted:
                state = ArmState(
                    int(self.now * 1e9), self.now, self.q, self.qd, self.wrench, 0.0, self.ready, self.fault
                )
                self.governor.sensed(state, self.now)
            for act in self.governor.tick(self.now):
                if act.do == "target":
                    self.targets.append(act.q)
                    self.q, self.qd = act.q, act.qd
                elif act.do == "abort":
                    self.aborts += 1
                elif act.do == "order":
                    self.orders.append(act.fields["do"])
                    self.governor.answered(act.number, self.now, self.refuse.get(act.fields["do"]), checks=[])
        return self

    def armed(self):
        assert self.governor.order("connect", self.now) == ""
        self.tick(2)
        assert self.governor.order("arm", self.now) == ""
        return self.tick(2)

    def command(self, change, seconds=0.1, *, age=0.0, **more):
        self.number += 1
        goal = self.q + np.asarray(change)
        return self.governor.command(
            goal, self.now, **{"sequence": self.number, "stamp": self.now - age, "seconds": seconds, **more}
        )

    def stream(self, change, commands=5, each=0.1):
        for _ in range(commands):
            self.command(change, each)
            self.tick(round(each / self.period))
        return self
