"""The scene as MuJoCo reads it: a flex cloth, limbs that are moved, and what is there for pictures alone.

MuJoCo's elastic2d cloth under the integrator "discrete" with CG: of what was tried it is the fast one that does not
let limbs through and reports forces that add up. Edge constraints without convergence let limbs through; IPC reports
no force and is no part of the saved state.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from envs.dressing.engine import mujoco
from envs.dressing.garment import Cloth
from envs.dressing.person import LIMBS, SKIN, body
from envs.dressing.scene import Scene

HZ = 25
SUBSTEPS = 3
TIMESTEP = 1 / (HZ * SUBSTEPS)
VERTEX = 0.006
"""Radius of a vertex of the cloth: what cannot go through it [m]."""

THICKNESS = 1e-3
CONTACT = 'friction="{friction:.6g} .005 .0001" solref="{solref} 1" solimp=".8 .99 .003"'
"""Harder contacts than this let 40 iterations of CG chatter for ever on the fine mesh, where softer ones settle."""
UNTOUCHED = 'contype="0" conaffinity="0"'
STEEL = (0.30, 0.31, 0.34)


def written(scene: Scene, cloth: Cloth, position: Float[np.ndarray, " 3"], rotation: Float[np.ndarray, "3 3"]) -> str:
    """The scene with the sleeve at rest, held by a gripper of that pose."""
    garment, person = scene.garment, scene.person
    friction = CONTACT.format(friction=garment.friction, solref=2 * TIMESTEP)
    touch = f'contype="1" conaffinity="2" {friction}'
    radii = person.radii
    ends = [*np.maximum(radii[:-1], radii[1:]), radii[-1]]
    limbs = "".join(
        f'<body name="{name}" mocap="true">{rounded(length, radius, end, touch, tip=name == LIMBS[0])}</body>'
        for name, length, radius, end in zip(LIMBS, person.lengths, radii, ends, strict=True)
    )
    rest = "".join(
        f'<geom type="capsule" size="{part.radius:.6f}" fromto="{numbers([*part.start, *part.end])}" {UNTOUCHED} '
        f'rgba="{numbers(part.colour)} 1"/>'
        for part in body(person)
    )
    block = f'{touch} group="3"'  # which is not drawn
    blocks = "".join(
        f'<geom type="cylinder" size="{part.radius:.6f}" fromto="{numbers([*part.start, *part.end])}" {block}/>'
        f'<geom size="{part.radius:.6f}" pos="{numbers(part.start)}" {block}/>'
        f'<geom size="{part.radius:.6f}" pos="{numbers(part.end)}" {block}/>'
        for part in body(person)
        if part.touchable
    )
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, rotation.ravel())
    vertices = position - rotation @ np.array([0, *hold(scene)]) + cloth.vertices @ rotation.T
    anchors = {v: numbers(rotation.T @ (vertices[v] - position)) for v in cloth.gripped}
    grips = "".join(
        f'<connect body1="gripper" body2="sleeve_{v}" anchor="{anchor}" solref=".01 1"/>'
        for v, anchor in anchors.items()
    )
    return f"""<mujoco>
<option timestep="{TIMESTEP}" integrator="discrete" solver="CG" iterations="40" tolerance="1e-6" cone="pyramidal"/>
<visual><headlight ambient=".35 .35 .35" diffuse=".3 .3 .3" specular="0 0 0"/></visual>
<asset><texture type="skybox" builtin="gradient" width="16" height="96" rgb1=".95 .96 .98" rgb2=".74 .77 .82"/></asset>
<worldbody><light directional="true" pos="0 -2 3" dir="-.3 .6 -.7" diffuse=".5 .5 .5" castshadow="false"/>
{limbs}{blocks}{rest}
<body name="gripper" mocap="true" pos="{numbers(position)}" quat="{numbers(quaternion)}">
<geom type="capsule" size=".012" fromto="0 -.025 0 0 .025 0" {UNTOUCHED} rgba="{numbers(STEEL)} 1"/>
<geom type="capsule" size=".02" fromto="0 0 0 0 0 .125" {UNTOUCHED} rgba="{numbers(STEEL)} 1"/></body>
<flexcomp name="sleeve" type="direct" dim="2" mass="{garment.mass:.6f}" radius="{VERTEX}"
 rgba="{numbers(garment.colour)} 1" point="{numbers(vertices)}" element="{" ".join(map(str, cloth.faces.ravel()))}">
<contact contype="2" conaffinity="1" selfcollide="none" condim="3" {friction}/>
<elasticity young="{garment.stiffness / THICKNESS:.6g}" poisson="0.2" thickness="{THICKNESS}"
 elastic2d="stretch" damping="1e-2"/>
</flexcomp></worldbody><equality>{grips}</equality></mujoco>"""


def rounded(length: float, radius: float, end: float, touch: str, *, tip: bool) -> str:
    """A limb along z as a cylinder and spheres.

    Not as a capsule: MuJoCo (4.0.0) misses where an edge of a triangle crosses the side of one, so that cloth is
    pulled through a limb between two of its vertices.
    """
    half, skin = length / 2, f'rgba="{numbers(SKIN)} 1"'
    return (
        f'<geom type="cylinder" size="{radius:.6f} {half:.6f}" {touch} {skin}/>'
        f'<geom size="{end:.6f}" pos="0 0 {half:.6f}" {touch} {skin}/>'
        + (f'<geom size="{radius:.6f}" pos="0 0 {-half:.6f}" {touch} {skin}/>' if tip else "")
    )


def hold(scene: Scene) -> tuple[float, float]:
    """Where the gripper is from the middle of the opening: to the side, and up [m]."""
    side, up = scene.grasp
    return side, scene.garment.armhole + up


def numbers(values: Sequence[float] | np.ndarray) -> str:
    """As MuJoCo's XML has them, without loss."""
    return " ".join(repr(float(x)) for x in np.asarray(values).ravel())
