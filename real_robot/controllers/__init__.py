"""Simulated controllers that speak the vendors' wire protocols, each a process of its own.

Against these the vendors' real clients are rehearsed and tested. They are our reading of the protocols: every
behaviour is marked "vendor source", "seen on hardware" or "assumed" where it is written.
"""

CONTROLLERS: dict[str, str] = {
    "ur": "real_robot.controllers.ur:main",
    "xarm": "real_robot.controllers.xarm:main",
    "franka": "real_robot.controllers.franka:main",
}
