"""What overlayfs makes of the layers of the store is what the image means; for root, and for an ordinary user."""
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

import pytest
from conftest import PYTHON
from images import Image, directory, file, hard, layer, link
from test_image import PROGRAM, Store, needs_root, pytestmark, store, tree  # pylint: disable=unused-import

# Mounts the layers in a mount namespace of its own, and prints what is there.
LOOK = """
import json, os, stat, subprocess, sys
told, at = json.loads(sys.argv[1]), sys.argv[2]
lower = told["lower"]
root = lower[0]
if len(lower) > 1:
    options = "lowerdir=" + ":".join(lower) + ("," + told["mount"] if told["mount"] else "")
    subprocess.run(["mount", "-t", "overlay", "-o", options, "none", at], check=True)
    root = at
found = {}
for where, directories, files in os.walk(root):
    for name in directories + files:
        path = os.path.join(where, name)
        st = os.lstat(path)
        what = os.readlink(path) if stat.S_ISLNK(st.st_mode) else open(path, errors="replace").read(1000) if stat.S_ISREG(st.st_mode) else ""
        found[os.path.relpath(path, root)] = [stat.filemode(st.st_mode), st.st_uid, st.st_gid, what]
print(json.dumps(found))
"""


def look(told, at, before=()):
    """What is in an image, through overlayfs."""
    os.makedirs(at, exist_ok=True)
    done = subprocess.run([*before, "unshare", "--mount", *PYTHON, LOOK, json.dumps(told), str(at)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def names(found):
    return sorted(name for name, about in found.items() if about[0][0] != "d")


# ---- whiteouts ------------------------------------------------------------------------------------------------

BELOW = layer(directory("a"), file("a/one", "1"), file("a/two", "2"), directory("a/in"), file("a/in/three", "3"), directory("b"), file("b/four", "4"))
# What the layer above has, and which files there are then.
WHITEOUTS = {
    "a file": ([directory("a"), file("a/.wh.one")], "a/in/three a/two b/four"),
    "a directory": ([directory("a"), file("a/.wh.in")], "a/one a/two b/four"),
    "a directory at the root": ([file(".wh.a")], "b/four"),
    "all of a directory": ([directory("a"), file("a/.wh..wh..opq"), file("a/new")], "a/new b/four"),
    "all, said last": ([directory("a"), file("a/new"), file("a/.wh..wh..opq")], "a/new b/four"),
    "all of the root": ([file(".wh..wh..opq"), file("new")], "new"),
    "a directory, which is new": ([file(".wh.a"), directory("a"), file("a/new")], "a/new b/four"),
    "a directory, which was new": ([directory("a"), file("a/new"), file(".wh.a")], "a/new b/four"),
    "a directory, which nothing describes": ([file(".wh.a"), file("a/new")], "a/new b/four"),
    "a file, which is new": ([directory("a"), file("a/.wh.one"), file("a/one", "new")], "a/in/three a/one a/two b/four"),
    "a file, which was new": ([directory("a"), file("a/one", "new"), file("a/.wh.one")], "a/in/three a/one a/two b/four"),
    "a directory by a file": ([directory("a"), file("a/.wh.in"), file("a/in", "file")], "a/in a/one a/two b/four"),
    "nothing": ([directory("a"), file("a/.wh.nothing"), file("c/.wh.nothing")], "a/in/three a/one a/two b/four"),
    "aufs' own": ([directory(".wh..wh.plnk"), file(".wh..wh.plnk/1.2"), file(".wh..wh.aufs")], "a/in/three a/one a/two b/four"),
}
USERS = {"root": [], "user namespace": ["unshare", "--user", "--map-root-user"]}


@needs_root
@pytest.mark.parametrize("who", USERS)
@pytest.mark.parametrize("name", WHITEOUTS)
def test_whiteouts(store, tmp_path, name, who):
    entries, left = WHITEOUTS[name]
    path = Image([BELOW, layer(*entries)]).layout(tmp_path / "image")
    store.before = USERS[who]
    told = store.unpack(path)
    assert told["mount"] is None or who != "root"  # which root sees without
    found = look(told, tmp_path / "at", USERS[who])
    assert names(found) == left.split()
    assert found == look(store.unpack("--flat", path), tmp_path / "at", USERS[who])


def test_whiteouts_are_no_trouble_to_a_flat_one(store, tmp_path):
    for name, (entries, left) in WHITEOUTS.items():
        root = store.root("--flat", Image([BELOW, layer(*entries)]).layout(tmp_path / name))
        assert names(tree(root)) == left.split(), name


# ---- directories that a layer does not describe -----------------------------------------------------------------

IMPLICIT = {
    # how it looks below, what the layer has above, whether overlayfs can put them together
    "as usual": ([directory("a")], [file("a/x")], True),
    "nowhere": ([directory("b")], [file("a/x")], True),
    "mode": ([directory("a", mode=0o1777)], [file("a/x")], False),
    "owner": ([directory("a", uid=7)], [file("a/x")], False),
    "group": ([directory("a", gid=7)], [file("a/x")], False),
    "a link": ([directory("usr"), directory("usr/bin"), link("a", "usr/bin")], [file("a/x")], False),
    "an absolute link": ([directory("usr"), directory("usr/bin"), link("a", "/usr/bin")], [file("a/x")], False),
    "a link on the way": ([directory("usr"), link("a", "usr")], [file("a/b/x")], False),
    "a link in the layer": ([directory("b", mode=0o700)], [link("a", "b"), file("a/x")], False),
    "by a link in the layer": ([directory("b"), directory("b/n", mode=0o700)], [directory("b"), link("a", "b"), file("a/n/x")], False),
    "hard link into what is below": ([directory("a"), file("a/y", "y")], [directory("a"), hard("a/x", "a/y")], False),
    "described later": ([directory("a", mode=0o700)], [file("a/x"), directory("a", mode=0o1777)], True),
    "emptied": ([directory("a", mode=0o1777)], [file("a/.wh..wh..opq"), file("a/x")], False),
    "removed": ([directory("a", mode=0o1777)], [file(".wh.a"), file("a/x")], True),
    "removed later": ([directory("a", mode=0o700)], [file("a/x"), file(".wh.a")], True),
    "whiteouts where nothing is": ([directory("a")], [directory("b"), file("b/.wh.c"), file("b/x")], False),
    "whiteouts beside an opaque one": ([directory("a")], [file("a/.wh.c"), file("a/.wh..wh..opq"), file("a/x")], True),
}


@needs_root
@pytest.mark.parametrize("name", IMPLICIT)
def test_directories_that_a_layer_does_not_describe(store, tmp_path, name):
    below, above, fits = IMPLICIT[name]
    path = Image([layer(*below), layer(*above)]).layout(tmp_path / "image")
    told = store.unpack(path)
    assert (len(told["lower"]) == 2) == fits
    assert look(told, tmp_path / "at") == look(store.unpack("--flat", path), tmp_path / "at")
    if not fits:
        found = look(told, tmp_path / "at")
        for about in below if name not in ("removed", "emptied") else []:
            assert about[0].name in found and int(found[about[0].name][1]) == about[0].uid
        assert any(name.endswith("/x") for name in found)


@needs_root
def test_how_a_directory_was_before_it_was_removed_does_not_matter(store, tmp_path):
    path = Image([layer(directory("a", mode=0o700), file("a/old")), layer(file(".wh.a")), layer(file("a/new"))]).layout(tmp_path / "image")
    told = store.unpack(path)
    assert len(told["lower"]) == 3
    found = look(told, tmp_path / "at")
    assert names(found) == ["a/new"] and found == look(store.unpack("--flat", path), tmp_path / "at")


@needs_root
def test_an_entry_goes_where_the_link_below_leads(store, tmp_path):
    below = [directory("usr"), directory("usr/bin"), link("bin", "/usr/bin"), link("sbin", "../../usr/bin")]
    root = store.root(Image([layer(*below), layer(file("bin/a", "a"), file("sbin/b", "b"))]).layout(tmp_path / "image"))
    assert (root / "usr/bin/a").read_text() == "a" and (root / "usr/bin/b").read_text() == "b"
    assert os.readlink(root / "bin") == "/usr/bin"


@needs_root
@pytest.mark.parametrize("seed", range(6))
def test_random_images_are_the_same_in_both_forms(store, tmp_path, seed):
    chance = random.Random(seed)
    places = ["a", "a/b", "a/b/c", "d", "d/b"]

    def entries(first):
        made = [directory(place, mode=chance.choice([0o755, 0o755, 0o700])) for place in places if first or chance.random() < 0.5]
        made += [file(f"{chance.choice(places)}/f{chance.randrange(4)}", str(chance.random())) for _ in range(6)]
        if not first:
            made += [file(f"{chance.choice(places)}/.wh.f{chance.randrange(4)}") for _ in range(4)]
            made += [file(f"{place}/.wh..wh..opq") for place in places if chance.random() < 0.2]
        return made

    path = Image([layer(*entries(i == 0)) for i in range(5)]).layout(tmp_path / "image")
    assert look(store.unpack(path), tmp_path / "at") == look(store.unpack("--flat", path), tmp_path / "at")


# ---- an ordinary user -------------------------------------------------------------------------------------------

USER = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", "env", "HOME=/nonexistent"]


@pytest.fixture
def ordinary():
    """A store of an ordinary user, below a directory of its own: (store, directory)."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        home = pathlib.Path(place) / "home"
        home.mkdir()
        os.chown(home, 54321, 54321)
        shutil.copy(PROGRAM, place)
        one = Store(home / "store")
        one.words = lambda verb, *words: [*USER, *one.before, f"{place}/tend-image", verb, "--store", str(one.path), *map(str, words)]
        yield one, pathlib.Path(place)
        one.before = []
        one.run("prune")


SHOP = [layer(directory("./"), directory("closed", mode=0, uid=33), file("closed/x", "x", uid=33, gid=44, mode=0), file("kept", "k"), link("to", "kept", uid=33)),
        layer(file(".wh.kept"), directory("closed", mode=0, uid=33), file("closed/.wh..wh..opq"), file("closed/y", "y", uid=33))]


@needs_root
def test_an_ordinary_user_has_all_files(ordinary):
    store, place = ordinary
    done = store.run("unpack", "--json", Image(SHOP).layout(place / "image"))
    assert done.returncode == 0 and "all files belong to you alone: /etc/subuid and /etc/subgid lend no users" in done.stderr
    told = json.loads(done.stdout)
    assert told["owners"] == "own" and all(path.endswith("-own/root") for path in told["lower"]) and told["mount"] == "userxattr"
    found = look(told, place / "home/at", [*USER, "unshare", "--user", "--map-root-user"])
    assert found == {"closed": ["d---------", 0, 0, ""], "closed/y": ["-rw-r--r--", 0, 0, "y"], "to": ["lrwxrwxrwx", 0, 0, "kept"]}
    assert store.run("remove", "latest").stdout == "removed 2 layers\n" and store.layers() == []


# Where nobody is lent users, the test lends them: in a mount namespace of its own.
LEND = "mount --bind $0 /etc/subuid && mount --bind $0 /etc/subgid && mount --bind $1 /etc/passwd && shift && exec \"$@\""


@needs_root
@pytest.mark.skipif(not shutil.which("newuidmap") or not os.path.exists("/etc/subuid"), reason="no newuidmap (package uidmap)")
def test_an_ordinary_user_is_lent_users(ordinary):
    store, place = ordinary
    (place / "lent").write_text("shopper:300000:1000\n")
    (place / "passwd").write_text("root:x:0:0::/:/bin/sh\nshopper:x:54321:54321::/:/bin/sh\n")
    words = store.words
    store.words = lambda *more: ["unshare", "--mount", "sh", "-c", LEND, place / "lent", place / "passwd", *words(*more)]
    told = store.unpack(Image(SHOP).layout(place / "image"))
    assert told["owners"] == "300000" and all(path.endswith("-300000/root") for path in told["lower"])
    assert os.stat(pathlib.Path(told["lower"][0]) / "closed").st_uid == 300032

    done = store.run("unpack", Image([layer(file("far", uid=5000))]).layout(place / "other"))
    assert done.returncode == 1 and "far: its owner 5000:0 cannot be had" in done.stderr and "/etc/subuid" in done.stderr
    assert store.run("remove", "latest").stdout == "removed 2 layers\n" and store.layers() == [] and store.drafts() == []


@needs_root
def test_no_user_namespaces(ordinary):
    store, place = ordinary
    store.before = ["unshare", "--user", "--map-root-user", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh",
                    "setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    done = store.run("unpack", Image(SHOP).layout(place / "image"))
    assert done.returncode == 1 and "making a user namespace: No space left on device" in done.stderr and "sysctl" in done.stderr


# ---- images of real tools ---------------------------------------------------------------------------------------

@pytest.fixture
def made_by_umoci(tmp_path):
    """An image with two layers, made by umoci around busybox."""
    if not shutil.which("umoci") or not shutil.which("busybox"):
        pytest.skip("no umoci or no busybox to make an image with (packages umoci, busybox-static)")

    def umoci(*words):
        subprocess.run(["umoci", *map(str, words)], check=True, capture_output=True, timeout=60)

    umoci("init", "--layout", tmp_path / "umoci")
    umoci("new", "--image", f"{tmp_path}/umoci:base")
    umoci("unpack", "--image", f"{tmp_path}/umoci:base", tmp_path / "one")
    root = tmp_path / "one/rootfs"
    for name in ("bin", "etc", "tmp"):
        (root / name).mkdir()
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    for name in ("sh", "cat", "ls", "id"):
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (root / "etc/gone").write_text("gone\n")
    os.chmod(root / "tmp", 0o1777)
    umoci("repack", "--image", f"{tmp_path}/umoci:base", tmp_path / "one")
    umoci("unpack", "--image", f"{tmp_path}/umoci:base", tmp_path / "two")
    (tmp_path / "two/rootfs/etc/gone").unlink()
    (tmp_path / "two/rootfs/etc/new").write_text("new\n")
    umoci("repack", "--image", f"{tmp_path}/umoci:shop", tmp_path / "two")
    umoci("config", "--image", f"{tmp_path}/umoci:shop", "--config.cmd", "/bin/sh", "--config.env", "A=b", "--config.workingdir", "/tmp")
    return f"{tmp_path}/umoci:shop"


@needs_root
def test_an_image_of_umoci(store, tmp_path, made_by_umoci):
    told = store.unpack(made_by_umoci)
    assert (told["name"], told["cmd"], told["env"], told["directory"]) == ("shop", ["/bin/sh"], ["A=b"], "/tmp") and len(told["lower"]) == 2
    found = look(told, tmp_path / "at", ["sh", "-c", 'exec "$@"', "sh"])
    assert names({name: about for name, about in found.items() if name.startswith("etc")}) == ["etc/new", "etc/passwd"]
    assert found["tmp"][0] == "drwxrwxrwt" and found["bin/sh"][3] == "busybox"
