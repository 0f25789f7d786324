"""The store of tend-image when there is no room, and when many change it at once."""
import fcntl
import os
import pathlib
import subprocess
import threading

import pytest
from conftest import until
from images import Image, file, layer
from test_image import LAYERS, needs_root, pytestmark, store  # pylint: disable=unused-import
from test_image_overlay import USER, ordinary  # pylint: disable=unused-import

# A store on a file system of its own; afterwards what is in it, and whether what is smaller has room.
SMALL = r"""
mount -t tmpfs -o mode=700,$3 none "$1" || exit 99
"$0" unpack --store "$1" "$2"
code=$?
(cd "$1" && ls tmp layers/sha256 flat/sha256 images)
"$0" unpack --quiet --store "$1" "$4" >/dev/null && echo the next has room
exit $code
"""
FULL = {
    "bytes": ("size=1m", [file("large", "x" * (3 << 20))], "large: writing the file: No space left on device"),
    "bytes, in the second layer": ("size=1m", [file("small"), file("large", "x" * (3 << 20))], "large: writing the file: No space left on device"),
    "files": ("nr_inodes=100", [file(f"f{i}") for i in range(200)], "making the file: No space left on device"),
}


@needs_root
@pytest.mark.parametrize("name", FULL)
def test_a_full_disk(store, tmp_path, name):
    options, entries, said = FULL[name]
    path = Image([LAYERS[0], layer(*entries)], compression="+gzip").layout(tmp_path / "image")
    small = Image([layer(file("a"))]).layout(tmp_path / "small")
    store.path.mkdir()
    program = store.words("unpack")[0]
    done = subprocess.run(["unshare", "--mount", "sh", "-c", SMALL, program, store.path, path, options, small], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and said in done.stderr and str(path) in done.stderr
    assert done.stdout == "flat/sha256:\n\nimages:\n\nlayers/sha256:\n\ntmp:\nthe next has room\n"


def test_nobody_hears_it(store, tmp_path):
    """Records that have not arrived are no success."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(store.words("unpack", Image(LAYERS).layout(tmp_path / "image")), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "writing to standard output" in done.stderr


# What one holds who looks up layers, and one who makes a draft and has not locked it yet.
@needs_root
@pytest.mark.parametrize("held", ["lock", "tmp"])
def test_removal_waits_for_those_who_unpack(store, tmp_path, held):
    store.unpack(Image(LAYERS).layout(tmp_path / "image"))
    lock = os.open(store.path / held, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with subprocess.Popen(store.words("remove", "latest"), stdout=subprocess.PIPE, text=True) as waiting:
            until(lambda: "flock" in pathlib.Path(f"/proc/{waiting.pid}/stack").read_text())
            assert len(store.layers()) == 2
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert waiting.communicate(timeout=20)[0] == "removed 2 layers\n"
    finally:
        os.close(lock)


# Where the layers of an ordinary user are; below his home here.
PLACES = {
    "cache": ("env XDG_CACHE_HOME={home}/c HOME={home}", "c/tend"),
    "home": ("env -u XDG_CACHE_HOME HOME={home}", ".cache/tend"),
    "a cache that is relative": ("env XDG_CACHE_HOME=home/c HOME={home}", ".cache/tend"),
    "neither": ("env -u XDG_CACHE_HOME -u HOME", None),
}


@needs_root
@pytest.mark.parametrize("name", PLACES)
def test_the_usual_store(ordinary, name):
    place = ordinary[1]
    words, where = PLACES[name]
    done = subprocess.run([*USER, *words.format(home=place / "home").split(), place / "tend-image", "list"], cwd=place, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == ((0, "") if where else (1, "tend-image: no place for the layers: neither XDG_CACHE_HOME nor HOME is set\n"
                                                                     "        --store DIR says where they are kept\n"))
    assert [str(path.parent.relative_to(place / "home")) for path in place.rglob("layers")] == ([where] if where else [])


def test_removing_while_others_unpack(store, tmp_path):
    """Whoever is told of layers has them: what is removed was removed before, or is after."""
    paths = [Image([layer(*[file(f"f{i}", str(n)) for i in range(50)]), layer(file(f"own{n}"))], name=f"n{n}").layout(tmp_path / str(n)) for n in range(2)]
    wrong = []

    def unpack(path):
        for _ in range(8):
            done = store.run("unpack", path)
            if done.returncode != 0 or "lower=" not in done.stdout:
                wrong.append(done.stderr)

    def remove():
        for n in range(8):
            for words in (["remove", f"n{n % 2}"], ["prune"]):
                done = store.run(*words)
                if done.returncode != 0 and "no image is called so" not in done.stderr:
                    wrong.append(done.stderr)

    threads = [threading.Thread(target=unpack, args=[path]) for path in paths] + [threading.Thread(target=remove)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    for path in paths:
        done = store.run("unpack", path)
        assert done.returncode == 0 and len(done.stdout.split("lower=")) == 3
    assert len(store.layers()) == 4 and store.drafts() == []
    assert all(len(list((store.path / "layers/sha256" / name / "root").iterdir())) in (1, 50) for name in store.layers())
