"""`tend run --image`: an image as the root of an isolated run, and what its configuration asks for."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from conftest import until
from images import Image, directory, file, layer, link
from test_image import PROGRAM, needs_root, pytestmark  # pylint: disable=unused-import
from test_image_overlay import made_by_umoci  # pylint: disable=unused-import

BUSYBOX = shutil.which("busybox")
USER = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]


def busybox(*more):
    """The lowest layer: a shell, and what is needed beside it."""
    data = pathlib.Path(BUSYBOX).read_bytes()
    return layer(directory("bin"), file("bin/busybox", data, mode=0o755), *[link(f"bin/{name}", "busybox") for name in
                 ("sh", "cat", "ls", "id", "env", "pwd", "sleep", "kill", "echo", "touch")],
                 directory("etc"), file("etc/passwd", "root:x:0:0::/:/bin/sh\nshop:x:7:8::/srv:/bin/sh\n"),
                 file("etc/group", "root:x:0:\nshop:x:8:\nother:x:9:\n"), directory("tmp", mode=0o1777), *more)


@pytest.fixture
def beside(tend):
    """tend with tend-image beside it, in a place that everybody can reach: run(...), made(image), a user's words."""
    if not BUSYBOX:
        pytest.skip("no busybox to make an image with (package busybox-static)")
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        shutil.copy(tend.path, place / "tend")
        shutil.copy(PROGRAM, place / "tend-image")
        (place / "cache").mkdir()

        def words(*more, user=False):
            # Root has its layers in /var/cache/tend: not in a test.
            store = [*USER, "env", f"XDG_CACHE_HOME={place}/cache"] if user else [
                "unshare", "--mount", "sh", "-c", f'mount --bind {place}/cache /var/cache && exec "$@"', "sh"]
            return [*store, str(place / "tend"), "run", *map(str, more)]

        def run(*more, user=False, **options):
            if user:
                os.chown(place / "cache", 54321, 54321)
            return subprocess.run(words(*more, user=user), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                                  check=False, **options)

        run.words, run.place = words, place
        yield run


def made(run, config=None, layers=None):
    return Image(layers or [busybox()], config).layout(run.place / "image")


@needs_root
@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary user"])
def test_an_image_is_run(beside, user):
    image = made(beside, {"Cmd": ["sh", "-c", "echo $A; pwd; id -u; test ! -e /new && touch /new && ls /; exit 7"], "Env": ["A=b c"],
                          "WorkingDir": "/srv/deep"})
    for _ in range(2):  # what is written is gone the next time
        done = beside("--image", image, user=user)
        assert done.returncode == 7, done.stderr
        lines = done.stdout.splitlines()
        assert lines[:3] == ["b c", "/srv/deep", "0"]
        assert set(lines[3:]) == {"bin", "dev", "etc", "new", "proc", "run", "srv", "sys", "tmp"}


@needs_root
def test_the_command_is_put_together_as_engines_do(beside):
    image = made(beside, {"Entrypoint": ["/bin/echo", "entry"], "Cmd": ["own"]})
    assert beside("--image", image).stdout == "entry own\n"
    assert beside("--image", image, "--", "other", "words").stdout == "entry other words\n"
    none = made(beside, {})
    done = beside("--image", none)
    assert done.returncode == 2 and "the image has no command" in done.stderr


@needs_root
@pytest.mark.parametrize("asked, told", [("shop", "7 8"), ("shop:other", "7 9"), ("7:9", "7 9"), ("", "0 0"), ("0:0", "0 0")])
def test_the_user_is_the_images(beside, asked, told):
    image = made(beside, {"Cmd": ["sh", "-c", "echo $(id -u) $(id -g)"], "User": asked})
    assert beside("--image", image).stdout == told + "\n"


@needs_root
def test_the_environment_is_the_images_alone(beside):
    image = made(beside, {"Cmd": ["env"], "Env": ["A=b"]})
    done = beside("--image", image, "--env", "C=d", env={**os.environ, "SECRET": "x", "TERM": "vt100"})
    lines = done.stdout.splitlines()
    assert "A=b" in lines and "C=d" in lines and "TERM=vt100" in lines and "SECRET=x" not in lines
    assert any(line.startswith("PATH=") and line.endswith(":/bin") for line in lines)


@needs_root
def test_the_stop_signal_is_the_images(beside):
    image = made(beside, {"Cmd": ["sh", "-c", "trap 'echo stopped; exit 5' USR1; echo up; while :; do sleep 0.1; done"], "StopSignal": "SIGUSR1"})
    with subprocess.Popen(beside.words("--image", image), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        assert p.stdout.readline() == "up\n"
        p.terminate()
        assert p.wait(timeout=20) == 5 and p.stdout.read() == "stopped\n"


@needs_root
def test_services_beside_the_image(beside):
    image = made(beside, {"Cmd": ["echo", "not me"]})
    (beside.place / "shop.ini").write_text("[a]\nType=oneshot\nExecStart=sh -c 'echo service in $(cat /etc/group | wc -l)'\n")
    assert "not me" not in beside(beside.place / "shop.ini", "--image", image).stdout
    both = beside(beside.place / "shop.ini", "--image", image, "--", "sh", "-c", "echo and a command")
    assert both.returncode == 0 and "and a command\n" in both.stdout


@needs_root
@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary user"])
def test_a_hostile_image_runs_nothing(beside, user):
    image = made(beside, {"Cmd": ["echo", "run"]}, [busybox(file("../evil"))])
    done = beside("--image", image, user=user)
    assert done.returncode == 71 and done.stdout == "" and "../evil: a path with .. in it" in done.stderr
    assert not list(beside.place.glob("cache/tend/layers/sha256/*")) and not list(beside.place.glob("cache/tend/tmp/*"))


@needs_root
def test_the_layers_of_a_run_are_not_removed(beside):
    image = made(beside, {"Cmd": ["sh", "-c", "echo up; sleep 60"]})
    with subprocess.Popen(beside.words("--image", image), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as p:
        def remove(verb, *words):
            return json.loads(subprocess.run([PROGRAM, verb, "--json", "--store", beside.place / "cache/tend", *words], check=True, capture_output=True).stdout)

        assert p.stdout.readline() == "up\n"
        assert remove("remove", "latest") == {"removed": 0, "in_use": 1, "drafts": 0}
        p.terminate()
        p.wait(timeout=20)
        until(lambda: remove("prune")["removed"] == 1)


@needs_root
def test_without_tend_image(beside):
    image = made(beside)
    (beside.place / "tend-image").unlink()
    done = beside("--image", image, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 2 and "tend-image is neither beside tend nor in PATH" in done.stderr and "make install-image" in done.stderr


@needs_root
@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary user"])
def test_an_image_of_umoci_is_run(beside, made_by_umoci, user):
    path, name = made_by_umoci.rsplit(":", 1)
    shutil.copytree(path, beside.place / "umoci")
    subprocess.run(["chmod", "-R", "a+rX", beside.place / "umoci"], check=True)
    done = beside("--image", f"{beside.place}/umoci:{name}", "--", "sh", "-c", "cat /etc/new; ls /etc; pwd; echo $A; exit 3", user=user)
    assert done.returncode == 3, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "new" and "gone" not in lines and lines[-2:] == ["/tmp", "b"]


# The store is below an overlay of an overlay, over which the kernel lays no third.
NO_OVERLAY = r"""
place=$0
for n in 1 2; do
        mount -t tmpfs none $place/$n && mkdir $place/$n/u $place/$n/w && chown 54321 $place/$n/u &&
                mount -t overlay -o upperdir=$place/$n/u,workdir=$place/$n/w,lowerdir=$place/cache overlay $place/cache || exit 99
done
exec "$@"
"""


@needs_root
@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary user"])
def test_without_an_overlay_an_image_is_one_directory(beside, user):
    """Which cannot be written to; that is said, and what is always in memory can."""
    layers = [busybox(directory("proc"), directory("dev"), directory("sys"), directory("run")), layer(directory("etc"), file("etc/new", "new\n"))]
    image = made(beside, {"Cmd": ["sh", "-c", "cat /etc/new; touch /run/x && echo written; touch /etc/x; ls /etc"]}, layers)
    for name in "12":
        (beside.place / name).mkdir()
    done = subprocess.run(["unshare", "--mount", "sh", "-c", NO_OVERLAY, beside.place, *beside.words("--image", image, user=user)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == ["new", "written", "group", "new", "passwd"] and done.returncode == 0, done.stderr
    assert "touch: /etc/x: Read-only file system" in done.stderr
    assert "the kernel lays no overlay over" in done.stderr and "for this user: it is read-only" in done.stderr


@needs_root
@pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
def test_layers_are_no_way_out(beside, user):
    """tend holds the directories of the layers while it runs: nobody inside has them in reach."""
    (beside.place / "mark").write_text("of outside\n")
    up = "../" * 20
    done = beside("--image", made(beside), "--", "/bin/sh", "-c", f"for n in /proc/1/fd/* /proc/self/fd/*; do "
                  f"[ -e $n/{up}{beside.place}/mark ] && echo escaped by $n; done; echo over", user=user)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "over\n"
