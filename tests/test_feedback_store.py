"""The store's file: where it may lie, who may open it, and what a fault leaves behind."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from embodied import localdisk, owner
from embodied.feedback import Answer, Question, Store, StoreError
from embodied.localdisk import filesystem, is_network
from embodied.types import moment

ROOT = Path(__file__).parents[1]
MOUNTS = r"""
21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
22 21 0:5 / /proc rw - proc proc rw
30 21 0:41 / /home rw,relatime shared:2 - nfs4 server:/export rw,vers=4.2
31 30 8:2 / /home/ada/scratch rw - xfs /dev/sdb1 rw
32 21 0:50 / /mnt/my\040share rw - fuse.sshfs ada@far:/ rw
"""


def questions(n):
    return [Question("lift", (moment(0, k), moment(1, k)), (f"left {k}", f"right {k}")) for k in range(n)]


def claim(store, n):
    number = store.teacher("s", "m", "1", {}, "lift")
    asked = questions(n)
    keys = store.keys(number, asked)
    return number, keys, store.claim(number, dict(zip(keys, asked, strict=True)))


def fill(path, n, **answer):
    with Store(path) as store:
        number, keys, _ = claim(store, n)
        store.commit(number, dict.fromkeys(keys, Answer("tie", 0.5, **answer)))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/tmp/s.db", "ext4"),
        ("/home/ada/s.db", "nfs4"),
        ("/home/ada/scratch/s.db", "xfs"),
        ("/homeless/s.db", "ext4"),
        ("/mnt/my share/s.db", "fuse.sshfs"),
    ],
)
def test_the_mount_table_tells_which_file_system_holds_a_path(path, kind):
    assert filesystem(Path(path), MOUNTS)[0] == kind


def test_file_systems_that_machines_share_are_known():
    shared = ("nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "ceph", "fuse.sshfs", "fuse.gcsfuse", "9p", "beegfs")
    assert all(map(is_network, shared))
    assert not any(map(is_network, ("ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "fuseblk", "f2fs")))


def test_a_network_file_system_is_refused_with_where_to_go_instead(tmp_path, monkeypatch):
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS.replace("/home rw", f"{tmp_path.resolve()} rw"))
    monkeypatch.setattr(localdisk, "MOUNTS", table)
    with pytest.raises(ValueError, match=r"network file system \(nfs4\).*local disk.*/var/tmp/s.db"):
        Store(tmp_path / "s.db")
    assert not (tmp_path / "s.db").exists()


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    Store(tmp_path / "s.db").close()
    with sqlite3.connect(tmp_path / "s.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ValueError, match=r"s.db is a feedback store of version 99.*reads up to 2"):
        Store(tmp_path / "s.db")


def test_a_database_of_another_program_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "photos.db") as db:
        db.execute("CREATE TABLE photo (id)")
    db.close()
    before = (tmp_path / "photos.db").read_bytes()
    with pytest.raises(ValueError, match=r"photos\.db is an SQLite file of another program"):
        Store(tmp_path / "photos.db")
    assert (tmp_path / "photos.db").read_bytes() == before


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "s.db").write_bytes(b"once upon a time " * 1000)
    with pytest.raises(StoreError, match=r"s\.db: file is not a database.*damaged"):
        Store(tmp_path / "s.db")


def test_damaged_pages_are_named_with_a_way_to_recover(tmp_path):
    fill(tmp_path / "s.db", 500)
    bytes_ = bytearray((tmp_path / "s.db").read_bytes())
    bytes_[8 * 4096 : -4096] = b"\xff" * (len(bytes_) - 9 * 4096)
    (tmp_path / "s.db").write_bytes(bytes_)
    with pytest.raises(StoreError, match=r"s\.db: database disk image is malformed.*\.recover"):  # noqa: SIM117
        with Store(tmp_path / "s.db") as store:
            claim(store, 500)


def test_a_full_disk_is_named_and_loses_nothing_committed(tmp_path):
    fill(tmp_path / "s.db", 50)
    with Store(tmp_path / "s.db") as store:
        pages = store._one("PRAGMA page_count")[0]
        store._one(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match=r"s\.db: database or disk is full.*nothing committed is lost"):
            claim(store, 5000)
        store._one("PRAGMA max_page_count = 100000")
        assert len(store) == 50
        assert len(claim(store, 60)[2].mine) == 10


FILLER = """
import resource, sys
sys.path.insert(0, {root!r})
sys.path.insert(0, {tests!r})
import test_feedback_store as t
from embodied.feedback import Store, StoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    for n in range(100, 20_000, 100):
        t.fill({path!r}, n, raw="x" * 100)
except StoreError as error:
    print(error)
"""


def test_a_disk_that_refuses_to_write_is_named_and_loses_nothing_committed(tmp_path):
    path = str(tmp_path / "s.db")
    code = FILLER.format(root=str(ROOT), tests=str(ROOT / "tests"), path=path)
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"{path}: " in shown.stdout
    assert "nothing committed is lost" in shown.stdout
    with Store(path) as store:
        assert len(store) >= 100
        assert store._one("PRAGMA integrity_check")[0] == "ok"


def test_an_unwritable_folder_is_named(tmp_path):
    (tmp_path / "s.db").mkdir()
    with pytest.raises(StoreError, match=r"s\.db: unable to open database file; .*writable"):
        Store(tmp_path / "s.db")


def test_two_stores_never_both_hold_a_query(tmp_path):
    with Store(tmp_path / "s.db") as ours, Store(tmp_path / "s.db") as theirs:
        _, keys, mine = claim(ours, 10)
        _, _, other = claim(theirs, 12)
        assert mine.mine == keys
        assert other.held == keys
        assert len(other.mine) == 2


def test_a_closed_store_gives_its_claims_back(tmp_path):
    first = Store(tmp_path / "s.db")
    claim(first, 3)
    first.close()
    with Store(tmp_path / "s.db") as second:
        assert len(claim(second, 3)[2].mine) == 3


def test_a_released_failure_stays_a_failure(tmp_path):
    with Store(tmp_path / "s.db") as store:
        number, keys, _ = claim(store, 1)
        store.commit(number, {keys[0]: Answer("failed", raw="hm", error="prose")})
        assert claim(store, 1)[2].mine == keys
        store.release()
        assert [row["error"] for row in store.export()] == ["prose"]


DEAD = """
import os, sys
sys.path.insert(0, {root!r})
sys.path.insert(0, {tests!r})
import test_feedback_store as t
t.claim(t.Store({path!r}), 5)
os.kill(os.getpid(), 9)
"""


def test_the_claims_of_a_killed_process_are_free_at_once(tmp_path):
    path = str(tmp_path / "s.db")
    code = DEAD.format(root=str(ROOT), tests=str(ROOT / "tests"), path=path)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with Store(path) as store:
        assert store._one("SELECT count(*) FROM query WHERE outcome = 'claimed'") == (5,)
        assert len(claim(store, 5)[2].mine) == 5


def test_a_claim_from_before_a_reboot_is_free_and_one_out_of_sight_waits_for_its_lease(tmp_path, monkeypatch):
    boot, namespace, *rest = owner.myself().split("|")
    assert not owner.is_gone("|".join((boot, namespace, *rest)))
    assert owner.is_gone("|".join(("an earlier boot", namespace, *rest)))
    assert owner.is_gone("|".join((boot, namespace, rest[0], "another start", rest[2])))
    assert not owner.is_gone("|".join((boot, "another container", rest[0], "another start", rest[2])))
    with Store(tmp_path / "s.db", lease=100) as theirs, Store(tmp_path / "s.db") as ours:
        claim(theirs, 4)
        assert len(claim(ours, 4)[2].held) == 4
        later = owner.since_boot() + 101
        monkeypatch.setattr("embodied.store.since_boot", lambda: later)
        assert len(claim(ours, 4)[2].mine) == 4


def test_a_renewed_lease_outlasts_the_first(tmp_path, monkeypatch):
    start = owner.since_boot()
    with Store(tmp_path / "s.db", lease=100) as theirs, Store(tmp_path / "s.db") as ours:
        claim(theirs, 1)
        monkeypatch.setattr("embodied.store.since_boot", lambda: start + 90)
        theirs.renew()
        monkeypatch.setattr("embodied.store.since_boot", lambda: start + 150)
        assert claim(ours, 1)[2].held


def test_the_first_answer_stands_when_a_lease_ran_out(tmp_path):
    with Store(tmp_path / "s.db", lease=-1) as slow, Store(tmp_path / "s.db") as quick:
        number, keys, _ = claim(slow, 1)
        claim(quick, 1)
        assert quick.commit(number, {keys[0]: Answer("tie", 0.5)})[keys[0]].outcome == "tie"
        assert slow.commit(number, {keys[0]: Answer("abstained")})[keys[0]].outcome == "tie"


OPEN = """
import sys
sys.path.insert(0, {root!r})
from embodied.feedback import Store
Store({path!r}).close()
"""


def test_many_processes_may_create_the_store_at_once(tmp_path):
    code = OPEN.format(root=str(ROOT), path=str(tmp_path / "s.db"))
    running = [subprocess.Popen([sys.executable, "-c", code], env=os.environ) for _ in range(4)]
    assert [process.wait() for process in running] == [0, 0, 0, 0]
