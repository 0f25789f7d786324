"""tend-image: what becomes of an image in the store, and of a store that many use."""
import fcntl
import json
import os
import pathlib
import shutil
import stat
import subprocess

import pytest
from conftest import ROOT, until
from images import Image, device, directory, fifo, file, hard, layer, link, zstd

PROGRAM = ROOT / "build" / "tend-image"

pytestmark = pytest.mark.skipif(not PROGRAM.exists() and not os.environ.get("CI"), reason="build/tend-image is not built (make image)")
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="takes root")


class Store:
    """tend-image on a store of its own."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.before = []  # words in front of the program

    def words(self, verb, *words):
        return [*self.before, str(PROGRAM), verb, "--store", str(self.path), *map(str, words)]

    def run(self, verb, *words, **more):
        return subprocess.run(self.words(verb, *words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False, **more)

    def unpack(self, *words, **more):
        """What it prints, as a dictionary; it has to succeed."""
        done = self.run("unpack", "--json", *words, **more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def root(self, *words, **more):
        """The one directory that an image of one layer, or a flat one, is."""
        lower = self.unpack(*words, **more)["lower"]
        assert len(lower) == 1
        return pathlib.Path(lower[0])

    def layers(self):
        return sorted(path.name for path in self.path.glob("layers/sha256/*"))

    def drafts(self):
        return list(self.path.glob("tmp/*"))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def tree(root):
    """What is in a directory, as far as a container can see it."""
    found = {}
    for path in sorted(pathlib.Path(root).rglob("*")):
        st = path.lstat()
        what = (os.readlink(path) if path.is_symlink() else path.read_text() if stat.S_ISREG(st.st_mode) else None)
        found[str(path.relative_to(root))] = (stat.filemode(st.st_mode), st.st_uid, st.st_gid, what)
    return found


# ---- forms ---------------------------------------------------------------------------------------------------

LAYERS = [layer(directory("etc"), file("etc/a", "one"), file("etc/b", "two")),
          layer(directory("etc"), file("etc/.wh.a"), file("etc/c", "three"))]
FORMS = {
    "layout": lambda image, path: image.layout(path),
    "layout-tar": lambda image, path: image.layout_tar(path),
    "layout-tar-gz": lambda image, path: image.layout_tar(path, mode="w:gz"),
    "layout-tar-zst": lambda image, path: path.write_bytes(zstd(image.layout_tar(path).read_bytes())) and path,
    "docker": lambda image, path: image.docker(path),
    "docker-gz": lambda image, path: image.docker(path, mode="w:gz"),
    "docker-25": lambda image, path: image.docker_25(path),
    "docker-links": lambda image, path: image.docker(path, links=[0, 1]),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_image_in_each_form(store, tmp_path, form):
    if form == "layout-tar-zst" and not shutil.which("zstd"):
        pytest.skip("no zstd to make one with (package zstd)")
    image = Image(LAYERS, {"Cmd": ["sh"]})
    told = store.unpack(FORMS[form](image, tmp_path / "image"))
    assert store.layers() == sorted(d.removeprefix("sha256:") for d in image.diff_ids)
    assert [pathlib.Path(path).parent.name for path in told["lower"]] == [d.removeprefix("sha256:") for d in image.diff_ids[::-1]]
    assert (pathlib.Path(told["lower"][1]) / "etc/a").read_text() == "one"
    assert store.drafts() == []


@pytest.mark.parametrize("compression", ["", "+gzip", "+zstd"])
def test_layers_are_compressed_in_any_way(store, tmp_path, compression):
    if compression == "+zstd" and not shutil.which("zstd"):
        pytest.skip("no zstd to make one with (package zstd)")
    root = store.root(Image([LAYERS[0]], compression=compression).layout(tmp_path / "image"))
    assert (root / "etc/b").read_text() == "two"


def test_the_configuration_is_told(store, tmp_path):
    config = {"Env": ["A=b c", "PATH=/bin", "L=two\nlines"], "WorkingDir": "/srv", "User": "7:8", "StopSignal": "SIGINT",
              "Entrypoint": ["/bin/e", ""], "Cmd": ["x y", "z"]}
    path = Image([LAYERS[0]], config).layout(tmp_path / "image")
    told = store.unpack(path)
    assert (told["env"], told["directory"], told["user"], told["stop-signal"], told["entrypoint"], told["cmd"]) == \
        (config["Env"], "/srv", "7:8", "SIGINT", ["/bin/e", ""], ["x y", "z"])

    records = [r.split("=", 1) for r in store.run("unpack", "--null", path).stdout.split("\0")]
    assert records[-2:] == [["end", ""], [""]]
    assert [value for key, value in records[:-1] if key == "env"] == config["Env"]
    assert [value for key, value in records[:-1] if key == "entrypoint"] == ["/bin/e", ""]
    lines = store.run("unpack", path).stdout.splitlines()
    assert 'env="L=two\\nlines"' in lines and "user=7:8" in lines and 'cmd="x y"' in lines and lines[-1] == 'end=""'


def test_a_layer_is_unpacked_once(store, tmp_path):
    first = store.unpack(Image(LAYERS, compression="+gzip").layout(tmp_path / "one"))
    made = [os.stat(path).st_ino for path in first["lower"]]
    second = store.unpack(Image([*LAYERS, layer(file("more"))]).docker(tmp_path / "two"))
    assert [os.stat(path).st_ino for path in second["lower"][1:]] == made and len(store.layers()) == 3


def test_an_image_without_layers_is_an_empty_directory(store, tmp_path):
    assert list(store.root(Image([]).layout(tmp_path / "image")).iterdir()) == []


def test_a_layer_twice_is_one(store, tmp_path):
    empty = layer()
    most = len(LAYERS[0]) + len(LAYERS[1]) + len(empty)
    told = store.unpack("--max-size", most, Image([LAYERS[0], empty, LAYERS[1], empty]).layout(tmp_path / "image"))
    assert len(told["lower"]) == 3 == len(set(told["lower"]))


def test_more_layers_than_are_mounted_over_each_other(store, tmp_path):
    layers = [layer(file(f"f{n}")) for n in range(61)]
    assert len(list(store.root(Image(layers).layout(tmp_path / "image")).iterdir())) == 61


@needs_root
def test_what_was_tried_first_does_not_count(store, tmp_path):
    """Layers by themselves would not do: a directory that is not described is unlike what it is below."""
    layers = [layer(directory("a", mode=0o700)), layer(device("a/dev", 8, 0), file("a/x"))]
    done = store.run("unpack", "--json", "--max-size", sum(map(len, layers)), "--max-entries", 3, Image(layers).layout(tmp_path / "image"))
    assert done.returncode == 0 and "left out: 1 device node (" in done.stderr
    assert len(json.loads(done.stdout)["lower"]) == 1


NO_ATTRIBUTES = """
mount -t ramfs -o mode=700 none "$1" || exit 99
"$0" unpack --json --store "$1" "$2"
"""


@needs_root
def test_a_file_system_without_attributes(store, tmp_path):
    """Nothing could say to overlayfs that a directory hides those below."""
    path = Image([layer(directory("a"), file("a/old")), layer(directory("a"), file("a/.wh..wh..opq"), file("a/new"))]).layout(tmp_path / "image")
    store.path.mkdir()
    done = subprocess.run(["unshare", "--mount", "sh", "-c", NO_ATTRIBUTES, PROGRAM, store.path, path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and len(json.loads(done.stdout)["lower"]) == 1


def test_the_umask_is_not_the_images(store, tmp_path):
    store.before = ["sh", "-c", 'umask 077 && exec "$@"', "sh"]
    root = store.root(Image([layer(file("a/b"))]).layout(tmp_path / "image"))
    assert [stat.S_IMODE(os.stat(root / name).st_mode) for name in (".", "a", "a/b")] == [0o755, 0o755, 0o644]


# ---- which image -----------------------------------------------------------------------------------------------

def test_one_of_several_is_named(store, tmp_path):
    one, two = (Image([layer(file(name))], name=f"example/shop:{name}") for name in ("one", "two"))
    path = one.layout(tmp_path / "with:colon", two)
    for wanted in ("two", "shop:two", "example/shop:two"):
        assert (store.root(f"{path}:{wanted}") / "two").exists()
    for wrong in (path, f"{path}:wo", f"{path}:shop"):
        done = store.run("unpack", wrong)
        assert done.returncode == 1 and "example/shop:one, example/shop:two" in done.stderr


def test_one_image_by_two_names(store, tmp_path):
    """There is nothing to choose."""
    image = Image([LAYERS[0]])
    path = image.layout(tmp_path / "image")
    row = image.row()
    (path / "index.json").write_text(json.dumps({"manifests": [row, {**row, "annotations": {"org.opencontainers.image.ref.name": "other"}}]}))
    assert store.unpack(path)["name"] == "latest"


def test_one_of_several_with_the_same_tag(store, tmp_path):
    """As docker save writes them since version 25."""
    one, two = (Image([layer(file(name))], name=f"{name}:latest") for name in ("one", "two"))
    path = one.docker_25(tmp_path / "image", two)
    for name in ("one", "two"):
        assert (store.root(f"{path}:{name}:latest") / name).exists()
    done = store.run("unpack", f"{path}:latest")
    assert done.returncode == 1 and "it has docker.io/library/one:latest, docker.io/library/two:latest" in done.stderr


def test_the_platform_is_picked(store, tmp_path):
    images = [Image([layer(file(name))], name=None, architecture=name) for name in ("sparc", "vax")]
    own = Image([layer(file("own"))], name=None)
    path = images[0].layout(tmp_path / "image", images[1], own)
    assert (store.root(path) / "own").exists()
    assert (store.root("--platform", "linux/vax", path) / "vax").exists()
    done = store.run("unpack", "--platform=linux/pdp11", path)
    assert done.returncode == 1 and "nothing in it is for this platform" in done.stderr

    images[0].platform = {}
    done = store.run("unpack", images[0].layout(tmp_path / "foreign"))
    assert done.returncode == 1 and "it is for linux/sparc" in done.stderr and "--platform" in done.stderr


def test_an_index_in_an_index(store, tmp_path):
    image = Image([LAYERS[0]], name=None)
    inner = image.put({"schemaVersion": 2, "manifests": [image.row()]}, "index")
    inner["annotations"] = {"org.opencontainers.image.ref.name": "many"}
    path = image.layout(tmp_path / "image")
    (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [inner]}))
    for name, data in image.files.items():
        (path / name).write_bytes(data)
    assert (store.root(f"{path}:many") / "etc/a").exists()


# ---- files -----------------------------------------------------------------------------------------------------

@needs_root
def test_files_are_as_the_layer_says(store, tmp_path):
    long = "/".join(["deep" * 10] * 20)
    root = store.root(Image([layer(
        directory("./", mode=0o750, uid=5),
        directory("d", mode=0o1777, uid=1, gid=2, mtime=123456789), file("d/x", "x" * 100000, mode=0o4711, uid=33, gid=44),
        link("absolute", "/etc/passwd"), link("d/relative", "../../../x", uid=9), hard("same", "d/x"), fifo("pipe", mode=0o622),
        file("große-Straße-e\u0301", "ü"), hard("e\u0301", "große-Straße-e\u0301"), link("to", "e\u0301"), directory(long), file(long + "/f", "far"), file("old", mtime=-1000),
        file("twice", "first"), file("twice", "second"), file("was-file"), directory("was-file"), directory("was-dir"),
        file("was-dir/in"), file("was-dir", "now a file"),
    )]).layout(tmp_path / "image"))

    def about(name):
        st = os.lstat(root / name)
        return stat.filemode(st.st_mode), st.st_uid, st.st_gid

    assert about(".") == ("drwxr-x---", 5, 0)
    assert about("d") == ("drwxrwxrwt", 1, 2) and os.stat(root / "d").st_mtime == 123456789
    assert about("d/x") == ("-rws--x--x", 33, 44) and os.stat(root / "d/x").st_mtime == 1000000000
    assert os.readlink(root / "absolute") == "/etc/passwd" and os.readlink(root / "d/relative") == "../../../x"
    assert about("d/relative")[1] == 9 and about("pipe")[0] == "prw--w--w-"
    assert os.path.samefile(root / "same", root / "d/x")
    assert (root / "große-Straße-e\u0301").read_text() == "ü" and (root / long / "f").read_text() == "far"
    assert (root / "to").read_text() == "ü"
    assert os.stat(root / "old").st_mtime == -1000 and os.lstat(root / "absolute").st_mtime == 1000000000
    assert (root / "twice").read_text() == "second" and (root / "was-file").is_dir() and (root / "was-dir").is_file()


@needs_root
def test_extended_attributes(store, tmp_path):
    capability = bytes.fromhex("0100000200200000000000000000000000000000")
    done = store.run("unpack", "--json", Image([layer(
        file("ping", pax={"SCHILY.xattr.user.note": "kept", "SCHILY.xattr.security.capability": capability.decode("latin1")}),
        file("evil", pax={"SCHILY.xattr.user.overlay.redirect": "/etc", "SCHILY.xattr.trusted.overlay.metacopy": "y"}),
        directory("hidden", pax={"SCHILY.xattr.trusted.overlay.opaque": "y"}),
    )]).layout(tmp_path / "image"))
    root = pathlib.Path(json.loads(done.stdout)["lower"][0])
    assert os.getxattr(root / "ping", "user.note") == b"kept"
    assert os.getxattr(root / "ping", "security.capability") == capability
    assert os.listxattr(root / "evil") == os.listxattr(root / "hidden") == []
    assert "left out: 3 extended attributes" in done.stderr


def test_access_control_lists_are_left_out(store, tmp_path):
    done = store.run("unpack", Image([layer(file("a", pax={"SCHILY.acl.access": "user::rw-,user:7:rw-,group::r--,mask::rw-,other::r--"}))]).layout(tmp_path / "image"))
    assert done.returncode == 0 and "left out: 1 access control list\n" in done.stderr


def test_holes_stay_holes(store, tmp_path):
    with open(tmp_path / "sparse", "wb") as out:
        out.truncate(1 << 30)
        out.seek(1 << 29)
        out.write(b"middle")
    if os.stat(tmp_path / "sparse").st_blocks > 1000:
        pytest.skip("no holes on this file system")
    subprocess.run(["tar", "--sparse", "--format=posix", "-cf", tmp_path / "layer.tar", "-C", tmp_path, "sparse"], check=True)
    root = store.root(Image([(tmp_path / "layer.tar").read_bytes()]).layout(tmp_path / "image"))
    st = os.stat(root / "sparse")
    assert st.st_size == 1 << 30 and st.st_blocks < 1000
    with open(root / "sparse", "rb") as data:
        data.seek(1 << 29)
        assert data.read(7) == b"middle\0"


def test_devices_are_left_out(store, tmp_path):
    done = store.run("unpack", "--json", Image([layer(directory("dev"), device("dev/sda", 8, 0, mode=0o666),
                                                      device("dev/gone", 0, 0), file("dev/log"))]).layout(tmp_path / "image"))
    root = pathlib.Path(json.loads(done.stdout)["lower"][0])
    assert [path.name for path in root.glob("dev/*")] == ["log"]
    assert "left out: 2 device nodes (tend makes /dev itself)" in done.stderr


# ---- the store ---------------------------------------------------------------------------------------------------

def test_two_at_once(store, tmp_path):
    path = Image([layer(*[file(f"f{i}-{n}", "x" * 1000) for i in range(200)]) for n in range(3)]).layout(tmp_path / "image")
    all_of_them = [subprocess.Popen(store.words("unpack", path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(5)]
    told = {process.communicate(timeout=60) for process in all_of_them}
    assert [process.returncode for process in all_of_them] == [0] * 5 and len(told) == 1
    assert len(store.layers()) == 3 and store.drafts() == []
    assert all(len(list((store.path / "layers/sha256" / name / "root").iterdir())) == 200 for name in store.layers())


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace")
def test_a_killed_one_leaves_nothing_that_is_taken_for_whole(store, tmp_path):
    path = Image(LAYERS).layout(tmp_path / "image")
    store.before = ["strace", "-f", "-o", str(tmp_path / "trace"), "-e", "trace=renameat,renameat2", "-e",
                    "inject=renameat,renameat2:signal=SIGKILL"]
    assert store.run("unpack", path).returncode in (-9, 137)
    assert store.layers() == [] and store.drafts() != []
    store.before = []
    store.unpack(path)
    assert len(store.layers()) == 2 and store.drafts() == []


def test_a_draft_of_somebody_alive_is_left_alone(store, tmp_path):
    store.run("list")
    for name in ("dead", "alive"):
        (store.path / "tmp" / name / "root").mkdir(parents=True)
    descriptor = os.open(store.path / "tmp/alive", os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        store.unpack(Image(LAYERS).layout(tmp_path / "image"))
        assert [path.name for path in store.drafts()] == ["alive"]
    finally:
        os.close(descriptor)
    assert json.loads(store.run("prune", "--json").stdout)["drafts"] == 1 and store.drafts() == []


def test_list_remove_and_prune(store, tmp_path):
    assert store.run("list").stdout == ""
    for name, layers in (("one", LAYERS), ("two", [LAYERS[0], layer(file("x"))])):
        store.unpack(Image(layers, name=name).layout(tmp_path / name))
    listed = json.loads(store.run("list", "--json").stdout)
    assert [(row["name"], row["layers"], row["source"]) for row in listed] == \
        [("one", 2, str(tmp_path / "one")), ("two", 2, str(tmp_path / "two"))]
    assert store.run("list").stdout.splitlines()[1].startswith("one  ")

    for wrong in ("three", listed[0]["id"][7:10]):  # three digits are too few
        done = store.run("remove", wrong)
        assert done.returncode == 1 and f"{wrong}: no image is called so" in done.stderr
    assert store.run("remove", "two").stdout == "removed 1 layers\n"
    assert len(store.layers()) == 2
    assert store.run("remove", listed[0]["id"][7:17]).stdout == "removed 2 layers\n"
    assert store.layers() == [] and json.loads(store.run("list", "--json").stdout) == []
    assert json.loads(store.run("prune", "--json").stdout) == {"removed": 0, "in_use": 0, "drafts": 0}


def test_a_name_that_two_images_have(store, tmp_path):
    for name in ("one", "two"):
        store.unpack(Image([layer(file(name))]).layout(tmp_path / name))
    done = store.run("remove", "latest")
    assert done.returncode == 1 and "latest: 2 images are called so" in done.stderr and len(store.layers()) == 2


def test_an_image_whose_layer_is_gone_is_none(store, tmp_path):
    path = Image(LAYERS).layout(tmp_path / "image")
    lower = store.unpack(path)["lower"]
    shutil.rmtree(pathlib.Path(lower[0]).parent)
    assert store.run("prune").stdout == "removed 1 layers\n"
    assert store.layers() == [] and store.run("list").stdout == ""
    assert store.unpack(path)["lower"] == lower and len(store.layers()) == 2


def test_what_is_in_use_stays(store, tmp_path):
    told = store.unpack(Image(LAYERS).layout(tmp_path / "image"))
    descriptor = os.open(os.path.dirname(told["lower"][0]), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        assert store.run("remove", "latest").stdout == "removed 1 layers; 1 are in use and stay\n"
        assert store.layers() == [os.path.basename(os.path.dirname(told["lower"][0]))]
    finally:
        os.close(descriptor)
    assert store.run("prune").stdout == "removed 1 layers\n" and store.layers() == []


@pytest.mark.parametrize("mode, owner", [(0o702, 0), (0o720, 0), pytest.param(0o700, 54321, marks=needs_root)])
def test_a_store_of_others_is_refused(tmp_path, mode, owner):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    if owner:
        os.chown(tmp_path / "open", owner, owner)
    done = Store(tmp_path / "open").run("unpack", Image(LAYERS).layout(tmp_path / "image"))
    assert done.returncode == 1 and "others may write to it" in done.stderr and not list((tmp_path / "open").iterdir())


def test_the_store_is_nobody_elses_to_look_into(store, tmp_path):
    store.unpack(Image(LAYERS).layout(tmp_path / "image"))
    assert all(stat.S_IMODE(os.stat(path).st_mode) == 0o700 for path in (store.path, store.path / "layers", store.path / "flat"))


# ---- usage -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("words, said", [
    ([], "a verb is missing"), (["fetch"], "fetch: no such verb"), (["unpack"], "which image?"), (["unpack", "a", "b"], "too many words"),
    (["list", "x"], "too many words"), (["unpack", "--flta", "x"], "--flta: no such option"), (["unpack", "--store"], "a value is missing"),
    (["unpack", "--max-size=big", "x"], "big: not a value"), (["unpack", "--platform", "a/b/c/d", "x"], "not OS/ARCHITECTURE"),
    (["list", "-x"], "-x: no such option"), (["list", "--json=yes"], "takes no value"),
])
def test_wrong_usage_is_2(words, said):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""


def test_help_and_version():
    for words, said in ((["--help"], "tend image unpack"), (["list", "--help"], "--store DIR"), (["--version"], "tend-image 0.1.0")):
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0 and said in done.stdout and done.stderr == ""
