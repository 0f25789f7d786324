"""`tend run`: what sysusers.d and tmpfiles.d ask for is there before the first service."""
import fcntl
import os
import time

import pytest
from conftest import ini, let_in, stop, until

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount what the tests need")


def alone(tmp_path, tmpfiles="", sysusers="", more="true"):
    """A wrapper in which these lines are all that there is of such."""
    for name, text in {"tmpfiles.d": tmpfiles, "sysusers.d": sysusers}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.conf").write_text(text)
    script = ("for kind in tmpfiles.d sysusers.d; do"
              " for d in /etc /run /usr/local/lib; do [ ! -d $d/$kind ] || mount -t tmpfs none $d/$kind; done;"
              f" mount --bind {tmp_path}/$kind /usr/lib/$kind; done; {more} && exec \"$@\"")
    return ["unshare", "--mount", "sh", "-ec", script, "sh"]


def test_files_are_there_before_services(tend, tmp_path):
    made = tmp_path / "made"
    path = ini(tmp_path, f"[tend]\nPrepare=create\n[a]\nType=oneshot\nExecStart=stat -c '%%a %%U %%F' {made}\n")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("kept")
    p = tend("run", path, wrapper=alone(tmp_path, f"d {made} 0751 daemon\nD {tmp_path}/there\na /tmp - - - - u:daemon:r\nd {tmp_path}/x 0999\n"))
    assert p.wait() == 0
    assert p.out == "751 daemon directory\n"
    assert "/usr/lib/tmpfiles.d/a.conf:4: 0999: not an octal mode" in p.err and "access lists" not in p.err
    assert (tmp_path / "there" / "file").exists()


def test_a_boot_removes_too(tend, tmp_path):
    stale = tmp_path / "stale"
    stale.write_text("old")
    path = ini(tmp_path, f"[tend]\nPrepare=boot\n[a]\nType=oneshot\nExecStart=test ! -e {stale}\n")
    p = tend("run", path, wrapper=alone(tmp_path, f"r! {stale}\n"))
    assert p.wait() == 0


# What there is in the way of all three lines, and the one line about it.
REFUSALS = {
    "another user": (":", ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], "tend does not run as root"),
    "a read-only file system": ("mount -t tmpfs -o ro none /mnt", [], "the file system is read-only; mount a tmpfs on /run"),
}


@pytest.mark.parametrize("make, enter, why", REFUSALS.values(), ids=REFUSALS)
def test_refused(tend, tmp_path, make, enter, why):
    let_in(tmp_path)
    path = ini(tmp_path, "[tend]\nPrepare=create\nControl=no\n[a]\nType=oneshot\nExecStart=true\n")
    p = tend("run", path, wrapper=[*alone(tmp_path, "d /mnt/a 0751 daemon\nd /mnt/b - daemon\nf /mnt/c\n", more=make), *enter])
    assert p.wait() == 0, p.err
    assert [line for line in p.err.splitlines() if "tmpfiles.d" in line] == [f"tend: 3 lines of tmpfiles.d are not carried out: {why}"]


@pytest.mark.parametrize("how, is_made", [("units", True), ("elsewhere", False), ("no", False), ("ini", False), ("guest", False)])
def test_left_to_itself(tend, tmp_path, how, is_made):
    """It is done where a container runs an image's unit files."""
    made = tmp_path / "made"
    (tmp_path / "a.service").write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n")
    arguments = {"units": ["--unit", tmp_path / "a.service"], "guest": ["--unit", tmp_path / "a.service"],
                 "elsewhere": ["--unit", "a", f"--unit-path={tmp_path}"],
                 "no": [ini(tmp_path, f"[tend]\nPrepare=no\nUnits={tmp_path}/a.service\n")],
                 "ini": [ini(tmp_path, "[a]\nType=oneshot\nExecStart=true\n", "own.ini")]}[how]
    p = tend("run", *arguments, wrapper=alone(tmp_path, f"d {made} 0751\n"), pid1=how != "guest")
    assert p.wait() == 0
    assert made.exists() == is_made, p.err


def test_signals_are_heard_meanwhile(tend, tmp_path):
    """Somebody holds the lock of the accounts: no service starts, and a stop does not wait."""
    lock = tmp_path / "lock"
    path = ini(tmp_path, "[tend]\nPrepare=create\n[a]\nExecStart=sleep inf\n")
    with open(lock, "w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        p = tend("run", path, wrapper=alone(tmp_path, "", "u tend-test-user -\n", f"cp -a /etc {tmp_path}/etc; mount --bind {tmp_path}/etc /etc; touch /etc/.pwd.lock; mount --bind {lock} /etc/.pwd.lock"))
        until(lambda: p.comm(p.pid) == "tend" and [pid for pid in p.children() if p.comm(pid) == "tend"])
        began = time.monotonic()
        assert stop(p) == 0
        assert time.monotonic() - began < 5
        assert "a.service: started" not in p.err
