"""Whether a folder lies on a disk of this machine: SQLite's write-ahead log needs one."""

import re
import socket
from pathlib import Path

NETWORK = re.compile(
    r"9p|acfs|afp|afs|beegfs|ceph|cifs|coda|davfs|drvfs|gfs2|glusterfs|gpfs|lustre|ncpfs|nfs\d*|ocfs2|orangefs"
    r"|panfs|pvfs2|smb\w*|vboxsf|virtiofs|wekafs"
    r"|fuse.*(ceph|dav|gcs|gluster|goofys|juicefs|rclone|s3|seaweed|smb|sshfs).*"
)
MOUNTS = Path("/proc/self/mountinfo")


def filesystem(path: Path, mounts: str) -> tuple[str, str]:
    """Type and mount point of the file system that holds `path`, given the text of /proc/self/mountinfo."""
    found = ("", "")
    for line in mounts.splitlines():
        before, separator, after = line.partition(" - ")
        if not separator:
            continue
        point = re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), before.split()[4])  # a space is \040
        if Path(path).is_relative_to(point) and len(point) >= len(found[1]):
            found = (after.split()[0], point)
    return found


def is_network(kind: str) -> bool:
    """True of a file system type that several machines share."""
    return NETWORK.fullmatch(kind) is not None


def refuse_network(path: Path) -> None:
    """Raise ValueError, saying where to go instead, if `path` would lie on a network file system."""
    if not MOUNTS.exists():
        return  # no mount table outside Linux; SQLite itself then refuses what has no shared memory
    kind, point = filesystem(path.absolute().resolve(), MOUNTS.read_text())
    if is_network(kind):
        raise ValueError(
            f"{path} lies on {point}, a network file system ({kind}), where two processes can damage an SQLite "
            f"file; put the feedback store on a local disk of {socket.gethostname()}, for example "
            f"/var/tmp/{path.name}, and copy it when the work is done"
        )
