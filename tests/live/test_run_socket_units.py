"""Socket units as files: systemd's directories, drop-ins, sockets.target, and one that Debian ships."""
import os
import pathlib
import subprocess

import pytest
from conftest import stop
from sockets import local

UUIDD = pathlib.Path("/lib/systemd/system/uuidd.socket")


def lay(directory, files):
    """Writes unit files; "-> x" makes a link. Returns the option that makes tend look there."""
    for name, text in files.items():
        path = directory / "system" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text[3:])
        else:
            path.write_text(text)
    return f"--unit-path={directory / 'system'}"


def accepting(tmp_path):
    return {"a.socket": f"[Socket]\nListenStream={tmp_path}/s\nAccept=yes\n[Install]\nWantedBy=sockets.target\n",
            "a@.service": "[Unit]\nAfter=b.service\nWants=b.service\n[Service]\nExecStart=/bin/cat\nStandardInput=socket\n",
            "a@.service.d/more.conf": "[Service]\nExecStart=\nExecStart=/bin/sh -c 'echo %p; exec cat'\n",
            "b.service": "[Service]\nExecStart=/bin/sleep inf\n"}


@pytest.mark.parametrize("how", ["by name", "enabled", "from tend.ini"])
def test_template_of_connections(tend, tmp_path, how):
    """The template and its drop-ins are found with the socket, and what they want is there before the first connection."""
    files = accepting(tmp_path)
    if how == "enabled":
        files["sockets.target.wants/a.socket"] = "-> ../a.socket"
    words = {"by name": ["--unit", "a.socket"], "enabled": ["--enabled"], "from tend.ini": [str(tmp_path / "tend.ini")]}[how]
    if how == "from tend.ini":
        (tmp_path / "tend.ini").write_text("[tend]\nUnits=a.socket\n")
    p = tend("run", lay(tmp_path, files), *words)
    p.wait_for("a.socket: listening on")
    assert p.err.index("b.service: started") < p.err.index("a.socket: listening")
    c = local(tmp_path / "s")
    assert c.recv(2) == b"a\n"
    c.sendall(b"x")
    assert c.recv(2) == b"x"
    c.close()
    p.wait_for(r"a@0-\d+-0\.service: finished")
    assert stop(p) == 0


def test_no_template(tend, tmp_path):
    files = accepting(tmp_path)
    del files["a@.service"]
    done = tend.run("check", lay(tmp_path, files), "--unit", "a.socket")
    assert "a.socket: there is no template a@.service for its connections" in done.stdout and done.returncode == 2


def test_with_its_service(tend, tmp_path):
    """A service that is asked for brings the socket that it requires, comes behind it and gets its descriptor at once."""
    p = tend("run", lay(tmp_path, {
        "a.service": "[Unit]\nRequires=a.socket\n[Service]\nExecStart=/bin/sh -c 'echo $$LISTEN_FDS $$LISTEN_FDNAMES; exec sleep inf'\n",
        "a.socket": f"[Socket]\nListenStream={tmp_path}/s\n",
        "a.socket.d/name.conf": "[Socket]\nFileDescriptorName=wire\n"}), "--unit", "a")
    p.wait_for("^1 wire$")
    p.wait_for("a.service: started")
    assert p.err.index("a.socket: listening") < p.err.index("a.service: started")
    assert stop(p) == 0


@pytest.mark.skipif(not UUIDD.exists(), reason="there is no uuidd.socket: install uuid-runtime")
@pytest.mark.skipif(os.getuid() != 0, reason="its service changes to a user of its own, which root alone may do")
def test_one_of_debian(tend, tmp_path):
    """uuidd is started by its first client, and takes the listening socket over from tend."""
    where = lay(tmp_path, {"uuidd.socket": UUIDD.read_text(), "uuidd.service": UUIDD.with_name("uuidd.service").read_text(),
                           "uuidd.socket.d/here.conf": f"[Socket]\nListenStream=\nListenStream={tmp_path}/request\n"})
    os.chmod(tmp_path, 0o755)
    p = tend("run", where, "--unit", "uuidd.socket")
    p.wait_for("uuidd.socket: listening on")
    assert not p.children()
    done = subprocess.run(["uuidd", "-s", str(tmp_path / "request"), "-r", "-n", "2"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and "List of UUIDs" in done.stdout
    p.wait_for("uuidd.service: started")
    assert stop(p) == 0
