"""The raster: what is seen lies where it should, hides what is behind it, and is the same every time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.dressing.cloud import cloud
from envs.dressing.raster import NEAR, Camera, Raster
from envs.dressing.shapes import Capsules, Mesh

CLOTH, ARM, HEAD = 1, 2, 5
AHEAD = Camera(eye=(0, 0, 0), target=(1, 0, 0))
"""Along x; right is -y, up is z."""

BLUE = np.array([0.2, 0.4, 0.8])
NO_FACES = Mesh(np.zeros((0, 3)), np.zeros((0, 3), int), BLUE, CLOTH)
seeds = st.integers(0, 2**32 - 1)


def mesh(vertices, faces=((0, 1, 2),), **rest):
    return Mesh(np.array(vertices, float).reshape(-1, 3), np.array(faces), BLUE, CLOTH, **rest)


def capsules(*each, label=ARM):
    """Of (start, end, radius)."""
    start, end, radius = ([part[i] for part in each] for i in range(3))
    shape = (len(each), 3)
    return Capsules(
        np.array(start, float).reshape(shape),
        np.array(end, float).reshape(shape),
        np.array(radius, float),
        np.full(shape, 0.7),
        np.full(len(each), label),
    )


def wall(x, size=9.0):
    """A square across the view, facing it, at that depth."""
    corners = [(x, size, -size), (x, -size, -size), (x, -size, size), (x, size, size)]
    return mesh(corners, [(0, 1, 2), (0, 2, 3)])


def sleeve(rng, around=12, rings=8):
    """A tapered tube along y with dents, open at both ends."""
    turn, way = np.meshgrid(np.linspace(0, 2 * np.pi, around, endpoint=False), np.linspace(0, 1, rings))
    radius = 0.2 - 0.1 * way + rng.uniform(-0.02, 0.02, way.shape)
    tube = np.stack([1 + radius * np.cos(turn), way - 0.5, radius * np.sin(turn)], -1).reshape(-1, 3)
    here = np.arange(around * (rings - 1))
    beside = here // around * around + (here + 1) % around
    faces = [np.stack([here, here + around, beside + around], 1), np.stack([here, beside + around, beside], 1)]
    return Mesh(tube, np.concatenate(faces), BLUE, CLOTH)


def seen(raster, drawn, label):
    """The points of that label."""
    return raster.unproject(drawn.depth, *np.nonzero(drawn.label == label))


def distance(points, start, end):
    """Of points from a line segment."""
    line = np.subtract(end, start)
    share = np.clip((points - start) @ line / max(line @ line, 1e-300), 0, 1)
    return np.linalg.norm(points - start - share[:, None] * line, axis=1)


def first_hit(ray, vertices, faces):
    """Möller and Trumbore's way, one face at a time: depth along x, and how far its nearest edge is (in shares)."""
    best, margin = np.inf, np.inf
    for a, b, c in vertices[faces]:
        solved = np.linalg.solve(np.stack([b - a, c - a, -ray], 1), -a)
        shares = np.array([1 - solved[0] - solved[1], solved[0], solved[1]])
        margin = min(margin, abs(shares).min()) if shares.min() > -1e-3 else margin
        if shares.min() >= 0 and min(a[0], b[0], c[0]) >= NEAR:
            best = min(best, solved[2])
    return best, margin


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_any_mesh_is_drawn_as_one_ray_per_pixel_would(seed):
    rng = np.random.default_rng(seed)
    cloth = Mesh(
        rng.uniform((-0.3, -1, -1), (2, 1, 1), (9, 3)), np.sort(rng.random((7, 9)).argsort(1)[:, :3]), BLUE, CLOTH
    )
    raster = Raster(AHEAD, 14, 10)
    drawn = raster.draw(cloth, capsules())
    assert (np.isfinite(drawn.depth) == (drawn.label == CLOTH)).all()
    for row, col in np.ndindex(10, 14):
        depth, margin = first_hit(raster.world_rays[row, col], cloth.vertices, cloth.faces)
        if margin > 1e-6:
            assert drawn.depth[row, col] == pytest.approx(depth, rel=1e-4)


@settings(deadline=None, max_examples=50)
@given(seeds)
def test_any_capsule_is_drawn_as_walking_along_the_rays_would(seed):
    rng = np.random.default_rng(seed)
    start, end = rng.uniform((0.5, -1, -1), (2, 1, 1), (2, 3))
    radius = rng.uniform(0.02, 0.4)
    raster = Raster(AHEAD, 16, 12)
    drawn = raster.draw(NO_FACES, capsules((start, end, radius)))
    rays = raster.world_rays.reshape(-1, 3)
    unit = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    way, nearest = np.zeros(len(unit)), np.full(len(unit), np.inf)
    for _ in range(400):
        clear = distance(unit * way[:, None], start, end) - radius
        nearest, way = np.minimum(nearest, clear), way + clear
    hits = nearest < 1e-5
    unsure = (nearest < 1e-2) & (nearest > 1e-8)
    depth = np.where(hits, way * unit[:, 0], np.inf)
    ok = unsure | (depth < NEAR) | np.isclose(drawn.depth.ravel(), depth, rtol=1e-4)
    assert ok.all()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ((1, 0.3, 0), (1.5, -0.3, 0.2)),
        ((1, 0, 0), (1, 0, 0)),
        ((1, 0.01, 0), (2, 0.01, 0)),
        ((2, 0, 0), (1, 0, 0)),
        ((1, 0.5, 0.4), (0.6, 5, 0.4)),
        ((1, 0.1, 0.1), (-1, 2, 0.1)),
    ],
    ids=["slanted", "sphere", "end-on", "end-on-reversed", "out-of-the-picture", "past-the-eye"],
)
def test_the_points_of_a_capsule_lie_on_it(start, end):
    raster = Raster(AHEAD, 64, 48)
    points = seen(raster, raster.draw(NO_FACES, capsules((start, end, 0.1))), ARM)
    assert len(points) > 20
    assert distance(points, np.array(start), np.array(end)) == pytest.approx(0.1, abs=1e-6)


def test_the_points_of_a_tilted_plane_lie_in_it():
    across, up, origin = np.array([0.5, -1.2, 0.1]), np.array([-0.4, 0.1, 1.0]), np.array([1.3, 0.4, -0.5])
    corners = [origin, origin + across, origin + across + up, origin + up]
    raster = Raster(Camera(eye=(0.1, 0.2, 0.3), target=(1, 0, 0.1), fov=60), 64, 48)
    points = seen(raster, raster.draw(mesh(corners, [(0, 1, 2), (0, 2, 3)]), capsules()), CLOTH)
    normal = np.cross(across, up) / np.linalg.norm(np.cross(across, up))
    assert len(points) > 500
    assert abs((points - origin) @ normal).max() < 1e-6


def test_what_is_nearer_hides_what_is_behind():
    raster, ball = Raster(AHEAD, 32, 24), capsules(((1, 0, 0), (1, 0, 0), 0.2))
    alone = raster.draw(NO_FACES, ball).label == ARM
    assert (raster.draw(wall(0.5), ball).label == CLOTH).all()
    behind = raster.draw(wall(1.5), ball).label
    assert alone.any()
    assert (behind == np.where(alone, ARM, CLOTH)).all()
    half = raster.draw(wall(1.0), ball)
    assert (half.label == ARM).any()
    assert half.depth.max() == 1


def test_a_wall_in_pieces_has_no_holes():
    rng = np.random.default_rng(0)
    y, z = np.meshgrid(np.linspace(1, -1, 12), np.linspace(1, -1, 12))
    y[1:-1, 1:-1] += rng.uniform(-0.05, 0.05, (10, 10))
    corner = np.arange(144).reshape(12, 12)
    a, b, c, d = (corner[i : 11 + i, j : 11 + j].ravel() for i in (0, 1) for j in (0, 1))
    faces = np.concatenate([np.stack([a, c, d], 1), np.stack([a, d, b], 1)])
    cloth = mesh(np.stack([np.ones_like(y), y, z], -1), faces)
    for size in (24, 23, 11):
        drawn = Raster(AHEAD, size, size).draw(cloth, capsules())
        assert (drawn.label == CLOTH).all()
        assert drawn.depth == pytest.approx(1, rel=1e-6)


def test_a_face_far_larger_than_the_picture_fills_it():
    drawn = Raster(AHEAD, 17, 9).draw(mesh([(2, 900, -900), (2, -900, -900), (2, 0, 900)]), capsules())
    assert drawn.depth == pytest.approx(2, rel=1e-6)


def test_a_narrow_picture_is_the_middle_of_a_wide_one():
    cloth, body = sleeve(np.random.default_rng(1)), capsules(((0.9, 0.8, 0), (1.3, -0.8, 0.2), 0.08))
    wide, narrow = (Raster(AHEAD, width, 30).draw(cloth, body) for width in (60, 14))
    assert {CLOTH, ARM} <= set(narrow.label.flat)
    assert (wide.label[:, 23:37] == narrow.label).all()
    np.testing.assert_allclose(wide.depth[:, 23:37], narrow.depth, rtol=1e-6)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (40, 90), (31, 31)])
def test_pixels_are_square_and_up_is_up(width, height):
    raster = Raster(AHEAD, width, height)
    rows, cols = np.nonzero(raster.draw(NO_FACES, capsules(((3, 0, 0), (3, 0, 0), 0.5))).label == ARM)
    assert np.ptp(rows) == np.ptp(cols) > 5
    assert (rows.min() + rows.max(), cols.min() + cols.max()) == (height - 1, width - 1)

    def middle(y, z):
        return [part.mean() for part in np.nonzero(raster.draw(wall_piece(y, z), capsules()).label == CLOTH)]

    def wall_piece(y, z):
        return mesh([(3, y - 0.2, z), (3, y + 0.2, z), (3, y, z + 0.2)])

    (row, col), (higher, _), (_, righter) = middle(0, 0), middle(0, 0.5), middle(-0.3, 0)
    assert higher < row
    assert righter > col


def test_up_may_be_any_way_but_along_the_gaze():
    ball = capsules(((1, 0, 0.3), (1, 0, 0.3), 0.1))
    upright = Raster(AHEAD, 21, 21).draw(NO_FACES, ball).label
    tipped = Raster(Camera((0, 0, 0), (1, 0, 0), up=(0, 1, 0)), 21, 21).draw(NO_FACES, ball).label
    assert (np.rot90(upright, -1) == tipped).all()
    with pytest.raises(ValueError, match=r"up cannot be \(2.0, 0.0, 0.0\); choose one that is not along the gaze"):
        Camera((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), up=(2.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="a field of view of 180 degrees"):
        Camera((0, 0, 0), (1, 0, 0), fov=180)
    with pytest.raises(ValueError, match="a picture of 0 x 9 pixels"):
        Raster(AHEAD, 0, 9)


def test_behind_the_eye_and_without_area_nothing_is_drawn():
    raster, ball = Raster(AHEAD, 17, 13), capsules(((-1, 0, 0), (-2, 0, 0), 0.3), ((0, 0, 0), (0, 0, 0), 0.2))
    for cloth in (
        wall(-1),
        wall(NEAR / 2),
        mesh([(1, 9, -9), (-1, -9, -9), (1, 0, 9)]),
        mesh([(1, 0, 0), (1, 0.2, 0), (1, 0.4, 0)]),
        mesh([(1, 0, 0), (1, 0, 0), (1, 0.4, 0.1)]),
        NO_FACES,
    ):
        drawn = raster.draw(cloth, ball, shaded=True)
        assert (drawn.label == -1).all()
        assert np.isinf(drawn.depth).all()
        assert (drawn.rgb == raster.draw(NO_FACES, capsules(), shaded=True).rgb).all()


@settings(deadline=None, max_examples=10)
@given(seeds)
def test_equal_scenes_are_drawn_in_equal_bits_shaded_or_not(seed):
    def draw(shaded):
        rng = np.random.default_rng(seed)
        body = capsules(((1, 0.6, 0), (1, -0.6, 0), 0.08), ((1, 0.6, 0.3), (1, 0.6, 0.3), 0.15))
        return Raster(AHEAD, 40, 30).draw(sleeve(rng), body, shaded=shaded)

    once, again, plain = draw(True), draw(True), draw(False)
    for name in ("depth", "label", "rgb"):
        np.testing.assert_array_equal(getattr(once, name), getattr(again, name), strict=True)
    np.testing.assert_array_equal(once.depth, plain.depth)
    assert plain.rgb is None


def test_the_inside_is_darker_than_the_outside_unless_it_has_a_colour():
    raster, outside = Raster(AHEAD, 8, 8), wall(1)
    inwards = outside.faces[:, ::-1]
    bright, dark, red = (
        raster.draw(cloth, capsules(), shaded=True).rgb[4, 4].astype(int)
        for cloth in (
            outside,
            mesh(outside.vertices, inwards),
            mesh(outside.vertices, inwards, inside=np.array([1.0, 0, 0])),
        )
    )
    assert bright.argmax() == 2
    assert abs(bright - 2 * dark).max() <= 1
    assert red[0] > 0
    assert (red[1:] == 0).all()


def test_folds_outlines_and_distance_show_in_a_picture():
    raster = Raster(AHEAD, 33, 33)

    def picture(cloth, body=None):
        return raster.draw(cloth, body or capsules(), shaded=True).rgb.astype(int)

    bent = mesh([(1.2, 2, -1), (1, 0, -1), (1.2, -2, -1), (1, 0, 1)], [(0, 3, 1), (1, 3, 2)])
    left, right = picture(bent)[16, [14, 18]]
    assert (left > right).all()
    assert picture(wall(0.8))[16, 16, 2] > picture(wall(1.2))[16, 16, 2]
    plain, hidden = picture(wall(1.2)), picture(wall(1.2), capsules(((0.8, 0, 0), (0.8, 0, 0), 0.1)))
    rim = np.flatnonzero((hidden != plain).any(2)[16])
    assert hidden[16, rim[0]].sum() < hidden[16, rim[2]].sum()


def test_what_is_not_a_number_is_refused_by_name():
    bad = wall(1).vertices.copy()
    bad[2, 1] = np.nan
    with pytest.raises(ValueError, match=r"vertex 2 is at \[1.0, nan, 9.0\]; where a simulation has blown up"):
        mesh(bad)
    with pytest.raises(ValueError, match=r"end of capsule 1 is at .*inf"):
        capsules(((1, 0, 0), (1, 0, 0), 0.1), ((1, 0, 0), (1, np.inf, 0), 0.1))
    with pytest.raises(ValueError, match=r"start of capsule 0 is at .*1e\+200"):
        capsules(((1e200, 0, 0), (1, 0, 0), 0.1))
    for radius in (0, -1, np.nan):
        with pytest.raises(ValueError, match=r"the radius of capsule 0 is .* m; use a positive one"):
            capsules(((1, 0, 0), (1, 0, 0), radius))


def test_what_does_not_fit_together_is_refused():
    one = np.zeros((1, 3))
    with pytest.raises(ValueError, match=r"face \[0, 1, 4\] names a vertex the mesh lacks; it has 4"):
        mesh(wall(1).vertices, [(0, 1, 2), (0, 1, 4)])
    with pytest.raises(ValueError, match=r"the colour of the mesh is .*bytes divided by 255"):
        Mesh(one, np.zeros((0, 3), int), 255 * BLUE, CLOTH)
    with pytest.raises(ValueError, match="the colour of the inside of the mesh"):
        mesh(wall(1).vertices, inside=-BLUE)
    with pytest.raises(ValueError, match=r"the label of the mesh is -1; .* use 0 or more"):
        Mesh(one, np.zeros((0, 3), int), BLUE, -1)
    with pytest.raises(ValueError, match="the label of capsule 0 is -3"):
        capsules(((1, 0, 0), (1, 0, 0), 0.1), label=-3)


def test_a_pixel_that_sees_nothing_has_no_point():
    raster = Raster(AHEAD, 16, 12)
    drawn = raster.draw(NO_FACES, capsules(((1, 0, 0), (1, 0, 0), 0.1)))
    with pytest.raises(ValueError, match="nothing is seen in row 0, column 3; ask for pixels whose label is not -1"):
        raster.unproject(drawn.depth, np.array([6, 0]), np.array([8, 3]))


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_cloud_has_as_many_points_as_asked_for(cloth_count, arm_count):
    raster, fallback = Raster(AHEAD, 32, 24), np.array([[0, 0, 0], [7, 8, 9], [1, 2, 3.0]])
    body = capsules(((0.9, 0.6, 0), (0.9, -0.6, 0.1), 0.1))
    drawn = raster.draw(sleeve(np.random.default_rng(2)), body)
    points, label = cloud(raster, drawn, [(CLOTH, cloth_count), (HEAD, 5), (ARM, arm_count)], fallback)
    assert (label == np.repeat([CLOTH, HEAD, ARM], [cloth_count, 5, arm_count])).all()
    assert points.shape == (len(label), 3)
    assert (points[label == HEAD] == [7, 8, 9]).all()
    for wanted, count in ((CLOTH, cloth_count), (ARM, arm_count)):
        every, some = seen(raster, drawn, wanted), points[label == wanted]
        place = [int(np.flatnonzero((every == point).all(1))[0]) for point in some]
        assert place == sorted(place)
        times = np.bincount(place, minlength=len(every)) if place else np.zeros(len(every), int)
        assert np.ptp(times) <= 1
        assert times.sum() == count


def test_a_cloud_that_cannot_be_is_refused():
    raster = Raster(AHEAD, 8, 8)
    drawn = raster.draw(NO_FACES, capsules())
    with pytest.raises(ValueError, match="2 labels but 1 fallback points; give one for each"):
        cloud(raster, drawn, [(1, 3), (2, 3)], np.zeros((1, 3)))
    with pytest.raises(ValueError, match="-1 points of label 2; ask for 0 or more"):
        cloud(raster, drawn, [(2, -1)], np.zeros((1, 3)))
    assert [len(part) for part in cloud(raster, drawn, [], np.zeros((0, 3)))] == [0, 0]
