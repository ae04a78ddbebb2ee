"""Robots behind one contract: vendors' arms behind a governor with limits, and simulations as they are."""

ROBOTS: dict[str, str] = {
    "ur": "real_robot.ur:UR",
    "xarm": "real_robot.xarm:XArm",
    "franka": "real_robot.franka:Franka",
}
"""kind of a robot file -> its vendor's adapter, an `Arm`; "sim" needs none."""
