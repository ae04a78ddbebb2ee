"""Frames are new, of the right size, and stamped; a camera that froze, ended or lies is an error that names it."""

import contextlib
import io
import re
import socket
import sys
import threading
import time
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from embodied import plugins, video
from real_robot import cameras
from real_robot.calibration import calibration, calibrations
from real_robot.camera_files import Files, numbered
from real_robot.cameras import Camera, Cameras, Frame, Shot, skew
from real_robot.description import CameraFile
from real_robot.description import Frame as Pose
from real_robot.robot import RobotFault, StaleObservation

HOST = "127.34.0.1"
WIDTH, HEIGHT = 64, 48


def picture(k: int) -> np.ndarray:
    """The kth: its left half red by k, its right half blue, so that a swap of channels shows."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:, : WIDTH // 2, 0] = 10 * k % 250
    image[:, WIDTH // 2 :, 2] = 200
    return image


def folder(path: Path, count: int) -> Path:
    path.mkdir()
    for k in range(count):
        Image.fromarray(picture(k)).save(path / f"frame-{k}.png")
    return path


def described(name: str = "front", **fields: object) -> CameraFile:
    return CameraFile.model_validate(
        {"name": name, "width": WIDTH, "height": HEIGHT, "fps": 50.0, "max_age": 5.0} | fields
    )


def seen(camera: Camera, count: int, seconds: float = 10.0) -> list[Frame]:
    """The next frames that differ in sequence; staleness is passed over."""
    found: list[Frame] = []
    until = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < until:
        with contextlib.suppress(StaleObservation):
            frame = camera.read()
            if not found or frame.sequence > found[-1].sequence:
                found.append(frame)
        time.sleep(0.001)
    assert len(found) == count, f"{len(found)} frames in {seconds} s"
    return found


def until(camera: Camera, error: type[Exception], match: str, seconds: float = 10.0) -> list[Frame]:
    """The frames before a read raises this; staleness is passed over where it is not what is waited for."""
    found: list[Frame] = []
    end = time.monotonic() + seconds
    told = ""
    while time.monotonic() < end and not told:
        try:
            found.append(camera.read())
        except error as raised:
            told = str(raised)
        except StaleObservation:
            pass
        time.sleep(0.002)
    assert re.search(match, told), told or f"no {error.__name__} in {seconds} s"
    return found


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("camera ")]
    assert not left


def test_a_folder_is_replayed_in_the_order_of_its_numbers_and_its_end_is_a_fault(tmp_path):
    with Camera(described(kind="files", source=str(folder(tmp_path / "shots", 12)))) as camera:
        match = r"camera ended: camera 'front' \(files '.*shots'\) ended after 12 frames"
        frames = [camera.read(), *until(camera, RobotFault, match)]
    order = [frame.sequence for frame in frames]
    assert order == sorted(order)
    for frame in frames:
        np.testing.assert_array_equal(frame.image, picture(frame.sequence))


def test_no_frame_of_a_file_comes_before_its_time(tmp_path):
    given = described(kind="files", source=str(folder(tmp_path / "shots", 10)), fps=100.0)
    source, begun = Files(given, threading.Event()), time.monotonic_ns()
    for k in range(10):
        shot = source.read()
        assert shot is not None
        assert shot.stamp >= begun + k * 10_000_000
    with pytest.raises(RobotFault, match="ended after 10 frames"):
        source.read()


def test_numbers_count_as_numbers_not_as_text(tmp_path):
    for name in ("b10.png", "b9.PNG", "c2_1.jpg", "zero.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in numbered(tmp_path)] == ["c2_1.jpg", "b9.PNG", "b10.png", "zero.png"]


def test_a_video_is_replayed(tmp_path):
    frames = np.stack([np.full((192, 256, 3), 20 * k, np.uint8) for k in range(10)])
    encoded = video.encode(frames, 50.0)
    (tmp_path / "film.mp4").write_bytes(encoded.data)
    with Camera(described(kind="files", source=str(tmp_path / "film.mp4"), width=256, height=192)) as camera:
        for frame in seen(camera, 4):
            assert frame.image.mean() == pytest.approx(20 * frame.sequence, abs=6)


def test_a_video_of_opencv_is_replayed(tmp_path):
    cv2 = pytest.importorskip("cv2")
    writer = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 50.0, (WIDTH, HEIGHT))
    for k in range(20):
        writer.write(cv2.cvtColor(picture(k), cv2.COLOR_RGB2BGR))
    writer.release()
    with Camera(described(kind="files", source=str(tmp_path / "film.avi"))) as camera:
        frame = seen(camera, 3)[-1]
    assert np.abs(frame.image.astype(int) - picture(frame.sequence))[:, 8:24].mean() < 12


@pytest.mark.parametrize(
    ("source", "match"),
    [("nothing-here", "is neither a folder nor a file"), ("empty", "is a folder without .png"),
     ("text.png", "failed|cannot be read"), ("broken", "cannot be read: cannot identify")],
)  # fmt: skip
def test_a_source_that_is_none_is_refused_by_name(tmp_path, source, match):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    for path in (tmp_path / "text.png", tmp_path / "broken" / "0.png"):
        path.write_text("no picture")
    camera = Camera(described(kind="files", source=str(tmp_path / source)))
    with pytest.raises(RobotFault, match=match) as raised:
        camera.start()
    assert "camera 'front'" in str(raised.value)
    with pytest.raises(RobotFault):
        camera.read()


def test_another_size_is_refused_with_both_sizes(tmp_path):
    source = str(folder(tmp_path / "shots", 3))
    with pytest.raises(RobotFault, match=r"'front'.* gives 64 x 48 px where the file says 640 x 480; put width = 64"):
        Camera(described(kind="files", source=source, width=640, height=480)).start()


class Scripted:
    """A source whose behaviour a test sets."""

    behaviour = "steady"
    closed = 0

    def __init__(self, description: CameraFile, ending: threading.Event) -> None:
        if self.behaviour == "absent":
            raise cameras.fault(description, "cannot be opened")
        self.ending, self.description = ending, description

    def read(self) -> Shot | None:
        if self.ending.wait(0.005) or self.behaviour == "frozen":
            return None
        if self.behaviour == "vanished":
            raise cameras.fault(self.description, "was unplugged", "camera ended")
        if self.behaviour == "crashed":
            raise OSError("select() timeout")
        if self.behaviour == "late":
            return Shot(picture(0), time.monotonic_ns() - 500_000_000)
        if self.behaviour == "grey":
            return Shot(picture(0)[..., 0], time.monotonic_ns())
        return Shot(picture(0), time.monotonic_ns())

    def close(self) -> None:
        type(self).closed += 1


@pytest.fixture
def scripted(monkeypatch):
    """A camera of this test's own kind of source."""
    kind = type("Own", (Scripted,), {})
    module = types.ModuleType("scripted_camera")
    module.Own = kind  # type: ignore[attr-defined] # a module of this test
    monkeypatch.setitem(sys.modules, "scripted_camera", module)
    monkeypatch.setitem(cameras.CAMERAS, "opencv", "scripted_camera:Own")
    return kind


def test_a_source_that_freezes_is_stale_with_its_age_and_the_limit_and_not_before(scripted):
    with Camera(described(max_age=0.1)) as camera:
        before = camera.read()
        scripted.behaviour = "frozen"
        until(camera, StaleObservation, r"camera 'front': its newest frame is 0\.\d+ s old, the limit is 0\.1 s")
        assert time.monotonic_ns() - before.stamp > 0.1e9
        scripted.behaviour = "steady"
        assert seen(camera, 3)[-1].sequence > before.sequence, "frames that come again are taken again"


def test_frames_that_come_late_are_stale_though_they_keep_coming(scripted):
    scripted.behaviour = "late"
    with Camera(described(max_age=0.2)) as camera, pytest.raises(StaleObservation, match=r"is 0\.5\d* s old"):
        camera.read()


@pytest.mark.parametrize(("behaviour", "match"), [("vanished", "was unplugged"), ("crashed", r"failed: select\(\)")])
def test_a_device_that_vanishes_is_a_fault_until_it_is_started_again(scripted, behaviour, match):
    camera = Camera(described())
    camera.start()
    scripted.behaviour = behaviour
    until(camera, RobotFault, match)
    with pytest.raises(RobotFault, match=match):
        camera.read()
    scripted.behaviour = "steady"
    with pytest.raises(RobotFault, match=match):
        camera.read()
    camera.start()
    assert camera.read().sequence >= 0
    camera.close()
    assert scripted.closed == 2


def test_a_device_that_gives_nothing_is_refused_in_time(scripted):
    scripted.behaviour = "frozen"
    begun = time.monotonic()
    with pytest.raises(RobotFault, match=r"'front'.* gave no frame within 0\.2 s"):
        Camera(described()).start(timeout=0.2)
    assert time.monotonic() - begun < 2.0
    assert scripted.closed == 1


def test_pictures_that_are_not_colour_are_refused(scripted):
    scripted.behaviour = "grey"
    with pytest.raises(RobotFault, match=r"gives uint8 \(48, 64\), not colour"):
        Camera(described()).start()


def test_closing_is_safe_at_any_time_and_twice(scripted):
    camera = Camera(described())
    camera.close()
    camera.start()
    camera.start()
    camera.close()
    camera.close()
    assert scripted.closed == 1
    with pytest.raises(RobotFault, match="is not started"):
        camera.read()


def test_a_device_that_hangs_is_told_and_left_behind(scripted, monkeypatch):
    monkeypatch.setattr(cameras, "CLOSING", 0.05)
    entered, go = threading.Event(), threading.Event()

    def hang(_: Scripted) -> None:
        entered.set()
        go.wait()

    camera = Camera(described())
    camera.start()
    scripted.read = hang
    assert entered.wait(5)
    thread = camera._thread
    with pytest.warns(UserWarning, match=r"'front' did not let go of its device in 0\.05 s"):
        camera.close()
    go.set()
    assert thread is not None
    thread.join(5)


def test_all_cameras_start_and_read_together_and_their_skew_is_told(tmp_path):
    source = str(folder(tmp_path / "shots", 50))
    with Cameras([described(name, kind="files", source=source, fps=25.0) for name in ("front", "wrist")]) as both:
        frames = both.read()
        assert set(frames) == {"front", "wrist"}
        stamps = [frame.stamp for frame in frames.values()]
        assert skew(frames) == pytest.approx((max(stamps) - min(stamps)) / 1e9)
    assert skew({}) == 0.0


def test_one_camera_that_cannot_start_leaves_none_open(scripted, tmp_path):
    pair = Cameras([described("front"), described("wrist", kind="files", source=str(tmp_path / "none"))])
    with pytest.raises(RobotFault, match="camera 'wrist'"):
        pair.start()
    assert scripted.closed == 1


def test_one_stale_camera_is_named_among_several(scripted, tmp_path):
    source = str(folder(tmp_path / "shots", 200))
    with Cameras([described("wrist", kind="files", source=source), described("front", max_age=0.1)]) as both:
        scripted.behaviour = "frozen"
        until(both.cameras["front"], StaleObservation, "camera 'front'")
        with pytest.raises(StaleObservation, match="camera 'front'"):
            both.read()


@pytest.mark.parametrize(
    ("kind", "library", "extra"), [("opencv", "cv2", "cameras"), ("realsense", "pyrealsense2", "realsense")]
)
def test_a_missing_library_names_the_extra(monkeypatch, kind, library, extra):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setitem(plugins.EXTRAS, library, extra)
    with pytest.raises(ModuleNotFoundError, match=rf"pip install 'embodied-feedback\[{extra}\]'"):
        Camera(described(kind=kind)).start()


class Stream:
    """An MJPEG server on loopback: one client, a frame every 20 ms, until told otherwise."""

    def __init__(self) -> None:
        self.server = socket.create_server((HOST, 0))
        self.mode = "steady"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server.getsockname()[1]}/stream"

    def _serve(self) -> None:
        head = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
        k = 0
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            try:
                client.recv(65536)
                client.sendall(head)
                while self.mode != "closed":
                    if self.mode == "steady":
                        buffer = io.BytesIO()
                        Image.fromarray(picture(k)).save(buffer, "JPEG", quality=95)
                        data = buffer.getvalue()
                        part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(data)
                        client.sendall(part + data + b"\r\n")
                        k += 1
                    time.sleep(0.02)
            except OSError:
                pass
            client.close()

    def close(self) -> None:
        self.mode = "closed"
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join(5)


@pytest.fixture
def stream():
    pytest.importorskip("cv2")
    found = Stream()
    yield found
    found.close()


@pytest.mark.slow
def test_opencv_reads_a_stream_in_rgb(stream):
    with Camera(described(source=stream.url)) as camera:
        frame = seen(camera, 5)[-1]
    assert frame.image[:, 40:56, 2].mean() > 150, "blue stands last"
    assert frame.image[:, 40:56, 0].mean() < 50
    assert 0 <= time.monotonic_ns() - frame.stamp < 10e9


@pytest.mark.slow
def test_a_stream_that_freezes_is_stale_and_then_a_fault(stream):
    with Camera(described(source=stream.url, max_age=0.2)) as camera:
        seen(camera, 3)
        stream.mode = "frozen"
        until(camera, StaleObservation, "its newest frame is")
        begun = time.monotonic()
        until(camera, RobotFault, "gives no more frames")
        assert time.monotonic() - begun < 8, "the stream's own time limit ends the read"


@pytest.mark.slow
def test_a_stream_that_is_closed_is_a_fault(stream):
    with Camera(described(source=stream.url)) as camera:
        seen(camera, 3)
        stream.mode = "closed"
        until(camera, RobotFault, "camera 'front'.* gives no more frames")


@pytest.mark.slow
def test_opencv_refuses_a_size_that_a_stream_has_not(stream):
    with pytest.raises(RobotFault, match="gives 64 x 48 px where the file says 320 x 240"):
        Camera(described(source=stream.url, width=320, height=240)).start()


@pytest.mark.slow
def test_opencv_refuses_a_device_that_is_not_there_and_a_file():
    pytest.importorskip("cv2")
    with pytest.raises(RobotFault, match=r"'front' \(opencv '/dev/video97'\) cannot be opened"):
        Camera(described(source="/dev/video97")).start()
    with pytest.raises(RobotFault, match='kind = "files" replays it'):
        Camera(described(source=__file__)).start()


class Capture:
    """What `OpenCV` calls of cv2.VideoCapture, as a V4L2 device answers it."""

    made: "Capture"

    def __init__(self, source: object, *_: object) -> None:
        self.source, self.set_to, self.released, self.late_ms = source, {}, False, 30.0
        type(self).made = self

    def isOpened(self) -> bool:
        return True

    def set(self, name: str, value: float) -> bool:
        self.set_to[name] = value
        return True

    def getBackendName(self) -> str:
        return "V4L2"

    def get(self, _: str) -> float:
        return time.monotonic() * 1e3 - self.late_ms

    def grab(self) -> bool:
        time.sleep(0.002)
        return True

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.ascontiguousarray(picture(3)[..., ::-1])

    def release(self) -> None:
        self.released = True


@pytest.fixture
def cv2_of_a_device(monkeypatch):
    fake = types.ModuleType("cv2")
    names = {f"CAP_PROP_{n}": n for n in ("FRAME_WIDTH", "FRAME_HEIGHT", "FPS", "BUFFERSIZE", "POS_MSEC")}
    for name, value in {**names, "VideoCapture": Capture, "COLOR_BGR2RGB": 4}.items():
        setattr(fake, name, value)
    fake.cvtColor = lambda image, code: np.ascontiguousarray(image[..., ::-1])  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cv2", fake)


def test_a_device_is_asked_for_its_size_and_stamps_are_the_kernels(cv2_of_a_device):
    with Camera(described(source="2", fps=30.0)) as camera:
        assert Capture.made.source == 2
        wanted = {"FRAME_WIDTH": 64, "FRAME_HEIGHT": 48, "FPS": 30, "BUFFERSIZE": 1}
        assert Capture.made.set_to == wanted
        frame = camera.read()
        np.testing.assert_array_equal(frame.image, picture(3))
        assert time.monotonic_ns() - frame.stamp > 0.029e9
        Capture.made.late_ms = 1e6  # a clock that is not ours: the time of the grab then
        assert seen(camera, 3)[-1].sequence > frame.sequence
    assert Capture.made.released


def test_a_kernels_stamp_that_is_old_is_stale(cv2_of_a_device):
    with Camera(described(max_age=0.2)) as camera:
        Capture.made.late_ms = 900.0
        until(camera, StaleObservation, r"camera 'front': its newest frame is 0\.9")


class Pipeline:
    """What `RealSense` calls of pyrealsense2.pipeline."""

    refuse, gone = "", False
    asked: list[tuple[object, ...]]

    def start(self, config: "Pipeline") -> object:
        type(self).asked = config.asked_for  # type: ignore[attr-defined]
        if self.refuse:
            raise RuntimeError(self.refuse)
        sensor = types.SimpleNamespace(get_depth_scale=lambda: 0.001)
        device = types.SimpleNamespace(first_depth_sensor=lambda: sensor)
        return types.SimpleNamespace(get_device=lambda: device)

    def wait_for_frames(self, timeout_ms: int) -> object:
        time.sleep(0.005)
        if self.gone:
            raise RuntimeError(f"Frame didn't arrive within {timeout_ms}")
        millimetres = np.full((HEIGHT, WIDTH), 1500, np.uint16)
        millimetres[0] = 0
        colour = types.SimpleNamespace(
            get_data=lambda: picture(5),
            get_timestamp=lambda: time.time() * 1e3 - 40.0,
            get_frame_timestamp_domain=lambda: "system",
        )
        return types.SimpleNamespace(
            get_color_frame=lambda: colour, get_depth_frame=lambda: types.SimpleNamespace(get_data=lambda: millimetres)
        )

    def stop(self) -> None:
        pass


class Asked:
    def __init__(self) -> None:
        self.asked_for: list[tuple[object, ...]] = []

    def enable_device(self, serial: str) -> None:
        self.asked_for.append(("device", serial))

    def enable_stream(self, *what: object) -> None:
        self.asked_for.append(what)


@pytest.fixture
def pyrealsense2(monkeypatch):
    fake, pipeline = types.ModuleType("pyrealsense2"), type("Own", (Pipeline,), {})
    space = types.SimpleNamespace
    for name, value in {
        "pipeline": pipeline, "config": Asked, "stream": space(color="color", depth="depth"),
        "format": space(rgb8="rgb8", z16="z16"), "timestamp_domain": space(system_time="system", global_time="global"),
        "align": lambda to: space(process=lambda frames: frames),
    }.items():  # fmt: skip
        setattr(fake, name, value)
    monkeypatch.setitem(sys.modules, "pyrealsense2", fake)
    return pipeline


def test_a_realsense_gives_metres_and_the_time_of_capture(pyrealsense2):
    with Camera(described(kind="realsense", source="0123", depth=True, fps=30.0)) as camera:
        frame = camera.read()
    assert pyrealsense2.asked == [
        ("device", "0123"), ("color", 64, 48, "rgb8", 30), ("depth", 64, 48, "z16", 30)
    ]  # fmt: skip
    np.testing.assert_array_equal(frame.image, picture(5))
    assert frame.depth is not None
    assert np.isnan(frame.depth[0]).all()
    np.testing.assert_allclose(frame.depth[1:], 1.5, rtol=1e-6)
    assert time.monotonic_ns() - frame.stamp > 0.039e9


def test_a_realsense_without_depth_has_none_and_one_that_refuses_says_why(pyrealsense2):
    with Camera(described(kind="realsense")) as camera:
        assert camera.read().depth is None
        assert pyrealsense2.asked == [("color", 64, 48, "rgb8", 50)]
        pyrealsense2.gone = True
        until(camera, RobotFault, "'front'.* gives no more frames: Frame didn't arrive within 2000")
    pyrealsense2.refuse = "No device connected"
    with pytest.raises(RobotFault, match="cannot be started at 64 x 48, 50 Hz: No device connected"):
        Camera(described(kind="realsense")).start()


def test_calibrations_are_arrays_and_tables():
    matrix = ((600.0, 0.0, 32.0), (0.0, 610.0, 24.0), (0.0, 0.0, 1.0))
    pose = Pose(xyz=(0.1, 0.2, 0.3), rotation=(0.0, 0.0, np.pi / 2))
    given = described(matrix=matrix, distortion=(0.1, 0.0, 0.0, 0.0), pose=pose, on_flange=True)
    found = calibration(given)
    np.testing.assert_array_equal(found.matrix, matrix)
    assert found.pose is not None
    np.testing.assert_allclose(found.pose @ [1, 0, 0, 1], [0.1, 1.2, 0.3, 1.0], atol=1e-12)
    table = calibrations([given, described("bare")])
    assert table["front"]["frame"] == "flange"
    assert table["front"]["distortion"] == [0.1, 0, 0, 0]
    assert table["bare"] == {"size": [64, 48], "matrix": None, "distortion": [], "pose": None, "frame": "base"}
