"""A Franka Panda with a suction tool: its cheap model, and its joints for a tool that points down.

The model is pybullet_data's, drawn with its collision meshes (10 to 70 times fewer faces), its fingers replaced
by a stick whose lamp is lit while something is held.
"""

import tempfile
from math import acos, atan2, cos, hypot, pi, sin
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

JOINTS = range(7)
HOME = (0.45, 0.0, 0.2)
"""Where the tip waits [m], in the frame of the base."""

FORCE = (87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0)
"""Joint torques [N m] of the data sheet."""

LIMITS = ((-2.96, 2.96), (-1.83, 1.83), (-2.96, 2.96), (-3.1, 0.0), (-2.96, 2.96), (-0.08, 3.8), (-2.96, 2.96))

TOOL = 0.16
"""From the hand's flange to the tip of the stick [m]."""

SHOULDER, UPPER, FORE, ELBOW, WRIST, FLANGE = 0.333, 0.316, 0.384, 0.0825, 0.088, 0.107

STICK = """<robot>
  <link name="tool">
    <inertial><mass value="0.1"/><inertia ixx="0.1" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.1"/></inertial>
    <visual>
      <origin xyz="0 0 -0.05"/><geometry><cylinder radius="0.008" length="0.1"/></geometry>
      <material name="stick"><color rgba="0.2 0.2 0.22 1"/></material>
    </visual>
    <collision><origin xyz="0 0 -0.05"/><geometry><cylinder radius="0.01" length="0.1"/></geometry></collision>
  </link>
  <joint name="tool_joint" type="fixed">
    <origin xyz="0 0 {tool}"/><parent link="panda_hand"/><child link="tool"/>
  </joint>
  <link name="lamp">
    <inertial><mass value="0.01"/><inertia ixx="0.01" ixy="0" ixz="0" iyy="0.01" iyz="0" izz="0.01"/></inertial>
    <visual>
      <geometry><cylinder radius="0.018" length="0.035"/></geometry>
      <material name="lamp"><color rgba="0.2 0.2 0.22 1"/></material>
    </visual>
  </link>
  <joint name="lamp_joint" type="fixed">
    <origin xyz="0 0 -0.045"/><parent link="tool"/><child link="lamp"/>
  </joint>
</robot>"""


def urdf(folder: Path) -> str:
    """The Panda of `folder` (pybullet_data/franka_panda) with the stick for fingers, as URDF text."""
    robot = ElementTree.parse(folder / "panda.urdf").getroot()
    gone = ("finger", "grasptarget")
    for part in list(robot):
        if any(word in part.get("name", "") for word in gone):
            robot.remove(part)
    for mesh in robot.iter("mesh"):
        file = mesh.get("filename", "").removeprefix("package://").replace("/visual/", "/collision/")
        mesh.set("filename", (folder / file).as_posix())
    robot.extend(ElementTree.fromstring(STICK.format(tool=TOOL)))
    return ElementTree.tostring(robot, encoding="unicode")


def load(bullet: Any) -> tuple[int, int, int]:
    """Load the robot into a client: the body, its link 'tool' (the frame of the tip) and its link 'lamp'."""
    import pybullet_data

    text = urdf(Path(pybullet_data.getDataPath()) / "franka_panda")
    with tempfile.TemporaryDirectory(prefix="panda-") as folder:  # of its own, so that processes never meet in it
        file = Path(folder) / "panda.urdf"
        file.write_text(text, encoding="utf-8")
        body = bullet.loadURDF(str(file), useFixedBase=True)
    links = {bullet.getJointInfo(body, j)[12].decode(): j for j in range(bullet.getNumJoints(body))}
    return body, links["tool"], links["lamp"]


def joints(x: float, y: float, z: float, yaw: float = 0.0) -> tuple[float, ...]:
    """The seven joint angles [rad] that put the tip at (x, y, z) [m, base frame], pointing down, turned by yaw.

    Closed form with joints 3 and 5 at zero: the arm is then a planar arm in the vertical plane through its base,
    and the same pose always has the same joints. Unreachable positions give the nearest stretched or folded arm;
    angles are clipped to the joint limits.
    """
    radius = hypot(x, y) - WRIST
    height = z + FLANGE + TOOL - SHOULDER
    upper, fore = hypot(UPPER, ELBOW), hypot(FORE, ELBOW)
    reach = min(max(hypot(radius, height), abs(upper - fore) + 1e-6), upper + fore - 1e-6)
    lift = acos((upper**2 + reach**2 - fore**2) / (2 * upper * reach))
    bend = pi - acos((upper**2 + fore**2 - reach**2) / (2 * upper * fore))
    first = atan2(radius, height) - lift
    second = first + bend + atan2(ELBOW, FORE)
    q1, q2 = atan2(y, x), first - atan2(ELBOW, UPPER)
    q4, q6 = q2 - second, second
    q7 = atan2(sin(pi / 4 + q1 - yaw), cos(pi / 4 + q1 - yaw))
    angles = (q1, q2, 0.0, q4, 0.0, q6, q7)
    return tuple(min(max(q, low), high) for q, (low, high) in zip(angles, LIMITS, strict=True))
