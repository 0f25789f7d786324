"""The demo shows what it says: as whoever runs the tests and, where that is root, as an ordinary user too."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
from conftest import ROOT

DEMO = ROOT / "examples" / "demo" / "run"
UNPACKED = ROOT / "build" / "demo"
NOBODY = 65534

# Each of them is a thing that was promised to be seen.
SEEN = [r"start: tend run --isolate --net host", r"redis answers PING with PONG",
        r"nginx serves: count \d+, by pid \d+ on host demo where PID 1 is tend",
        r"answers PING again \d+ ms after the kill",
        r"worker\.service: .* its MemoryMax=", r"worker\.service: ran out of memory; starts again", r"the budget held: redis and nginx never noticed", r"exit code 0", r"nothing is left: no process, no mount"]


def play(tend, folder, user=()):
    done = subprocess.run([*user, DEMO, folder], env=dict(os.environ, TEND=tend.path), timeout=170,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    for words in SEEN:
        assert re.search(words, done.stdout), f"not seen: {words}\n{done.stdout}"
    assert done.stdout.count("worker.service: MemoryMax= ") <= 1  # how it is kept is said once


@pytest.mark.limit(180)  # the first time, the daemons are downloaded
def test_demo(tend):
    play(tend, UNPACKED)


@pytest.mark.limit(180)
@pytest.mark.skipif(os.getuid() != 0, reason="the other test is that of an ordinary user already")
def test_demo_as_ordinary_user(tend):
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    if subprocess.run([*user, "test", "-x", DEMO, "-a", "-x", tend.path]).returncode != 0:
        pytest.skip("the checkout is not for ordinary users to read")
    with tempfile.TemporaryDirectory(prefix="tend-demo-") as folder:
        if (UNPACKED / "root").exists():  # or it is downloaded once more
            shutil.copytree(UNPACKED / "root", pathlib.Path(folder) / "root", symlinks=True)
        os.chmod(folder, 0o755)
        os.chown(folder, NOBODY, NOBODY)
        play(tend, folder, user)
