"""Images that mean no good: refused in words that name the image, the layer, the entry and the reason; nothing is left in the
store, and nothing outside of it is touched."""
import fcntl
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import tarfile

import pytest
from conftest import until
from images import ARCHITECTURE, Image, directory, entry, file, hard, layer, link, sha256, write_tar
from test_image import LAYERS, Store, pytestmark, store  # pylint: disable=unused-import

OUTSIDE = "/srv/out"  # no path that means anything to this machine


def refuse(store, path, *said, words=()):
    done = store.run("unpack", *words, path)
    assert done.returncode == 1 and done.stdout == "", done.stderr
    for word in (pathlib.Path(path).name, *said):
        assert str(word) in done.stderr
    assert store.layers() == [] and store.drafts() == [] and list(store.path.glob("flat/*/*")) == []
    assert json.loads(store.run("list", "--json").stdout) == []
    return done.stderr


# ---- entries -------------------------------------------------------------------------------------------------

def deep(n):
    return "/".join("d" * n)


ENTRIES = {
    "dots": ([file("../evil")], "../evil", "a path with .. in it"),
    "dots inside": ([directory("a"), file("a/../../evil")], "a/../../evil", "a path with .. in it"),
    "absolute": ([file("/evil")], "/evil", "an absolute path"),
    "through an absolute link": ([link("a", OUTSIDE), file("a/evil")], "a/evil", "a symbolic link to none"),
    "through a link upwards": ([link("a", "../../../../../../../../srv/out"), file("a/evil")], "a/evil", "a symbolic link to none"),
    "through links in each other": ([link("a", "b"), link("b", "a"), file("a/evil")], "a/evil", "Too many levels of symbolic links"),
    "through a file": ([file("a"), file("a/evil")], "a/evil", "what it is in is no directory"),
    "hard link outside": ([hard("evil", "../../../etc/passwd")], "evil", "a hard link to a path with .. in it"),
    "hard link to an absolute path": ([hard("evil", "/etc/passwd")], "evil", "a hard link to an absolute path"),
    "hard link through a link": ([link("a", "/etc"), hard("evil", "a/passwd")], "evil", "a hard link to a/passwd, which the image does not have"),
    "hard link to itself": ([file("a"), hard("a", "./a")], "a", "a hard link to itself"),
    "hard link to a directory": ([directory("a"), hard("b", "a")], "b", "a hard link to a directory"),
    "hard link to a whiteout": ([file("a"), hard("b", ".wh.a")], "b", "a hard link to what a whiteout removes"),
    "whiteout of nothing": ([file(".wh.")], ".wh.", "a whiteout of nothing"),
    "whiteout of what is above": ([file("a/.wh...")], "a/.wh...", "a whiteout of nothing"),
    "in a whiteout": ([file(".wh.a/b")], ".wh.a/b", "an entry inside of what a whiteout removes"),
    "long name": ([file("n" * 256)], "a name of more than 255 bytes"),
    "long path": ([file("/".join(["n" * 200] * 30))], "a path of more than 4095 bytes"),
    "deep": ([file(deep(1000))], "more than 256 directories in each other"),
    "root that is a link": ([link(".", OUTSIDE)], "the root is a directory, and nothing else"),
    "root that is a file": ([file(".")], "the root is a directory, and nothing else"),
    "group": ([file("evil", gid=1 << 40)], "evil", "its owner is no number that a user can have"),
    "owner": ([file("evil", uid=1 << 40)], "evil", "its owner is no number that a user can have"),
    "empty link": ([link("evil", "")], "evil", "a symbolic link to nothing"),
    "through a link that is gone": ([directory("a"), link("a/up", ".."), file("a/up/a"), file("a/up/evil")], "a/up/evil", "what it is in is no directory"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_entries(store, tmp_path, name):
    entries, *said = ENTRIES[name]
    data = layer(file("good"), *entries)
    refuse(store, Image([LAYERS[0], data]).layout(tmp_path / "image"), "layer sha256:" + sha256(data), *said)
    assert not os.path.exists(OUTSIDE) and not list(tmp_path.rglob("evil"))


def test_links_are_followed_inside_alone(store, tmp_path):
    """Absolute links are what every image has: they mean the image's root."""
    (tmp_path / "etc").mkdir()
    root = store.root(Image([layer(directory("etc"), link("a", "/etc"), link("b", "../../../../../../../.." + str(tmp_path) + "/etc"),
                                   directory(str(tmp_path)[1:] + "/etc"), file("a/in", "a"), file("b/in", "b"))]).layout(tmp_path / "image"))
    assert (root / "etc/in").read_text() == "a" and (root / str(tmp_path)[1:] / "etc/in").read_text() == "b"
    assert list((tmp_path / "etc").iterdir()) == []


def test_a_directory_that_becomes_a_link_later(store, tmp_path):
    """Its time is set at the end: not through the link."""
    root = store.root(Image([layer(directory("b", mtime=9), directory("a", mtime=7), link("a", "b"))]).layout(tmp_path / "image"))
    assert os.stat(root / "b").st_mtime == 9


def test_modes_of_the_image_let_nobody_in(store, tmp_path):
    root = store.root(Image([layer(directory("./", mode=0o777), file("su", mode=0o6755))]).layout(tmp_path / "image"))
    assert stat.S_IMODE(os.stat(root / "su").st_mode) == 0o6755
    assert stat.S_IMODE(os.stat(root.parent).st_mode) == 0o700


# ---- sizes ---------------------------------------------------------------------------------------------------

def test_a_bomb_is_seen_before_it_goes_off(store, tmp_path):
    """It says that it has 10 GB: what is behind it is not even read."""
    info = tarfile.TarInfo("bomb")
    info.size = 10 << 30
    data = info.tobuf(tarfile.PAX_FORMAT) + bytes(1 << 20)
    said = refuse(store, Image([data], compression="+gzip").layout(tmp_path / "image"), "bomb", "with it the image is larger than the limit")
    assert "--max-size" in said


def test_a_bomb_that_goes_off_piece_by_piece(store, tmp_path):
    pieces = [file(f"f{i}", bytes(1 << 20)) for i in range(40)]
    path = Image([layer(*pieces[:20]), layer(*pieces[20:])], compression="+gzip").layout(tmp_path / "image")
    refuse(store, path, "larger than the limit", words=["--max-size", "30M"])
    store.unpack("--max-size", "50M", path)


def test_a_bomb_behind_the_end_of_the_tar(store, tmp_path):
    data = layer(file("a")) + bytes(40 << 20)
    refuse(store, Image([data], compression="+gzip").layout(tmp_path / "image"), "larger than the limit", words=["--max-size", "30M"])


def test_a_bomb_of_links_to_a_blob(store, tmp_path):
    """A million entries that take nothing."""
    path = Image([layer(*[file(f"f{i}") for i in range(200)])]).layout(tmp_path / "image")
    assert "--max-entries" in refuse(store, path, "f150", "more entries than the limit", words=["--max-entries", "150"])
    for words in ([], ["--flat"]):
        store.unpack(*words, "--max-entries", "200", path)


def test_a_bomb_of_members(store, tmp_path):
    """A tar whose headers never end, with no image in them."""
    (tmp_path / "image").write_bytes(entry("file")[0].tobuf() * 100001)
    refuse(store, tmp_path / "image", "the tar has more than 100000 files")


def test_deep_trees_are_removed_again(store, tmp_path):
    """By links each 200 deeper than the last, deeper than any path can say."""
    entries = []
    for i in range(8):
        at = f"{'l' + str(i - 1) + '/' if i else ''}" + deep(200)
        entries += [directory(at), link(f"l{i}", (f"l{i - 1}/" if i else "") + deep(200))]
    store.unpack(Image([layer(*entries)]).layout(tmp_path / "image"))
    assert store.run("remove", "latest").stdout == "removed 1 layers\n"
    assert store.layers() == [] and store.drafts() == []


# ---- lies ----------------------------------------------------------------------------------------------------

def lie_about_digest(image):
    image.descriptors[1]["digest"] = "sha256:" + "5" * 64
    return "its digest is a lie"


def lie_about_size(image):
    image.descriptors[1]["size"] += 1
    return "bytes where the manifest says"


def lie_about_less(image):
    image.descriptors[1]["size"] -= 1
    return "it has more than the"


def lie_about_contents(image):
    image.config["rootfs"]["diff_ids"] = [image.diff_ids[0], "sha256:" + "5" * 64]
    return "its contents are sha256:"


def forget_a_layer(image):
    image.config["rootfs"]["diff_ids"] = image.diff_ids[:1]
    return "the manifest has 2 layers, the configuration 1"


def cut_off(image):
    image.blobs[1] = image.blobs[1][:-20]
    image.descriptors[1].update(size=len(image.blobs[1]), digest="sha256:" + sha256(image.blobs[1]))
    return "decompress"


def be_encrypted(image):
    image.descriptors[1]["mediaType"] += "+encrypted"
    return "layer 2 is of a type that is not known"


def use_sha512(image):
    image.descriptors[1]["digest"] = "sha512:" + hashlib.sha512(image.blobs[1]).hexdigest()
    return "is not of sha256"


def lead_out(image):
    image.descriptors[1]["digest"] = "sha256:../../../../etc/passwd"
    return "is no digest"


@pytest.mark.parametrize("lie", [lie_about_digest, lie_about_size, lie_about_less, lie_about_contents, forget_a_layer, cut_off, be_encrypted,
                                 use_sha512, lead_out])
def test_lies(store, tmp_path, lie):
    image = Image(LAYERS, compression="+gzip")
    said = lie(image)
    if lie is lead_out:  # no such file can be written either
        image.manifest = lambda: {"config": image.put(image.config, "config"), "layers": image.descriptors}
    done = store.run("unpack", image.layout(tmp_path / "image"))
    assert done.returncode == 1 and said in done.stderr and done.stdout == ""
    assert store.drafts() == [] and json.loads(store.run("list", "--json").stdout) == []
    # What was right stays, and is no image.
    assert store.run("prune").returncode == 0 and store.layers() == []


def test_what_follows_the_compressed_data_is_checked_too(store, tmp_path):
    """Some pad it with zeros."""
    image = Image([LAYERS[0]], compression="+gzip")
    blob = image.blobs[0] + bytes(1 << 20)
    image.blobs[0] = blob[:-1] + b"\1"
    image.descriptors[0].update(size=len(blob), digest="sha256:" + sha256(blob))
    refuse(store, image.layout(tmp_path / "lie"), "its digest is a lie")
    image.blobs[0] = blob
    assert (store.root(image.layout(tmp_path / "image")) / "etc/a").exists()


@pytest.mark.parametrize("which", ["manifest", "config"])
def test_descriptions_are_checked_as_well(store, tmp_path, which):
    image = Image([LAYERS[0]])
    path = image.layout(tmp_path / "image")
    digest = image.row()["digest"] if which == "manifest" else image.manifest()["config"]["digest"]
    blob = path / "blobs/sha256" / digest.removeprefix("sha256:")
    blob.write_bytes(blob.read_bytes().replace(b"linux", b"Linux").replace(b'"schemaVersion": 2', b'"schemaVersion": 3'))
    refuse(store, path, "its digest is a lie")


def test_the_configuration_of_an_archive_is_checked(store, tmp_path):
    image = Image([LAYERS[0]])
    image.docker(tmp_path / "right")
    with tarfile.open(tmp_path / "right") as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar}
    config = next(name for name in files if name.endswith(".json") and name != "manifest.json")
    files[config] = files[config].replace(b"linux", b"linux ")
    refuse(store, write_tar(tmp_path / "image", files), "its digest is a lie")


def test_sizes_of_descriptions_are_checked(store, tmp_path):
    image = Image([LAYERS[0]])
    path = image.layout(tmp_path / "image")
    row = image.row()
    (path / "index.json").write_text(json.dumps({"manifests": [{**row, "size": row["size"] + 1}]}))
    refuse(store, path, f"has {row['size']} bytes where {row['size'] + 1} are said")


def test_what_is_missing_is_named(store, tmp_path):
    image = Image([LAYERS[0]])
    path = image.layout(tmp_path / "image")
    (path / "blobs/sha256" / image.diff_ids[0].removeprefix("sha256:")).unlink()
    refuse(store, path, f"blobs/sha256/{image.diff_ids[0].removeprefix('sha256:')} is missing")


def test_blobs_that_are_links_out(store, tmp_path):
    image = Image([LAYERS[0]])
    path = image.layout(tmp_path / "image")
    blob = path / "blobs/sha256" / image.diff_ids[0].removeprefix("sha256:")
    blob.rename(tmp_path / "elsewhere")
    blob.symlink_to(tmp_path / "elsewhere")
    refuse(store, path, "Invalid cross-device link")


def test_a_fifo_is_not_waited_for(store, tmp_path):
    path = Image([LAYERS[0]]).layout(tmp_path / "image")
    (path / "index.json").unlink()
    os.mkfifo(path / "index.json")
    refuse(store, path, "index.json")


# ---- JSON ----------------------------------------------------------------------------------------------------

JSON = {
    "no JSON": ("{", "its index is no JSON"),
    "depth": ("[" * 100000, "its index is no JSON that can be read: line 1: nested too deeply"),
    "twice": ('{"manifests": [], "manifests": []}', "a key twice"),
    "huge": ('{"x": "' + "y" * (5 << 20) + '"}', "more than 4194304 bytes"),
    "no list": ('{"manifests": {}}', '"manifests" is not a list'),
    "nothing": ("{}", '"manifests" is missing'),
    "a list": ("[]", '"manifests" is missing'),
    "numbers": ('{"manifests": [7]}', "a descriptor is not an object"),
    "no digest": ('{"manifests": [{"size": 7}]}', "a descriptor has no digest"),
    "negative": ('{"manifests": [{"size": -7, "digest": "sha256:' + "5" * 64 + '"}]}', '"size" is negative'),
    "upper case": ('{"manifests": [{"size": 7, "digest": "sha256:' + "A" * 64 + '"}]}', "is no digest"),
    "many": ('{"manifests": [' + ",".join(["{}"] * 10001) + "]}", "more than 10000 entries"),
    "empty": ('{"manifests": []}', "there is no image in it"),
    "not UTF-8": (b'{"manifests": "\xff\xfe"}', "its index is no JSON"),
}


@pytest.mark.parametrize("name", JSON)
def test_json(store, tmp_path, name):
    text, said = JSON[name]
    path = Image([LAYERS[0]]).layout(tmp_path / "image")
    (path / "index.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    refuse(store, path, said)


def test_an_index_in_itself(store, tmp_path):
    """It cannot hold its own digest, but a long chain is made easily."""
    image = Image([LAYERS[0]])
    row = image.row()
    for _ in range(10):
        row = image.put({"manifests": [row]}, "index")
    path = image.layout(tmp_path / "image")
    (path / "index.json").write_text(json.dumps({"manifests": [row]}))
    for name, data in image.files.items():
        (path / name).write_bytes(data)
    refuse(store, path, "more than 4 indexes in each other")


@pytest.mark.parametrize("config, said", [({"Env": ["=x"]}, "NAME=VALUE"), ({"Env": "A=b"}, '"Env" is not a list'), ({"Cmd": [7]}, "not a string"),
                                          ({"User": 7}, '"User" is not a string')])
def test_configurations(store, tmp_path, config, said):
    refuse(store, Image([LAYERS[0]], config).layout(tmp_path / "image"), said)


# ---- tars ----------------------------------------------------------------------------------------------------

def test_a_layer_that_is_no_tar(store, tmp_path):
    refuse(store, Image([b"no tar at all" * 100]).layout(tmp_path / "image"), "its tar is damaged")


def test_a_tar_that_ends_in_the_middle(store, tmp_path):
    refuse(store, Image([layer(file("a", "x" * 100000))[:50000]]).layout(tmp_path / "image"), "a:", "its tar is damaged")


def test_no_image_at_all(store, tmp_path):
    (tmp_path / "text").write_text("hello\n" * 1000)
    (tmp_path / "folder").mkdir()
    write_tar(tmp_path / "tar", {"a": b"b"})
    assert "OCI image layout" in refuse(store, tmp_path / "text", "no tar that can be read")
    assert "OCI image layout" in refuse(store, tmp_path / "folder", "neither an index.json nor a manifest.json")
    assert "OCI image layout" in refuse(store, tmp_path / "tar", "neither an index.json nor a manifest.json")
    (tmp_path / "directories").write_bytes(layer(directory("index.json"), directory("manifest.json")))
    refuse(store, tmp_path / "directories", "neither an index.json nor a manifest.json")
    refuse(store, tmp_path / "nowhere", "No such file")
    refuse(store, "/dev/null", "neither a directory nor a file")


def test_an_archive_whose_layers_lead_out(store, tmp_path):
    config = json.dumps({"os": "linux", "architecture": ARCHITECTURE, "rootfs": {"diff_ids": ["sha256:" + "5" * 64]}}).encode()
    for name in ("../../etc/passwd", "/etc/passwd"):
        files = {"c.json": config, "manifest.json": json.dumps([{"Config": "c.json", "Layers": [name]}]).encode()}
        refuse(store, write_tar(tmp_path / "image", files), "no name that a file of an image can have")
    files["manifest.json"] = json.dumps([{"Config": "c.json", "Layers": ["a"]}]).encode()
    refuse(store, write_tar(tmp_path / "image", files, {"a": "../../etc/passwd"}), "a link that leads out of the image")
    refuse(store, write_tar(tmp_path / "image", files, {"a": "b", "b": "a"}), "too many links")


def test_names_are_no_orders_to_the_terminal(store, tmp_path):
    said = refuse(store, Image([layer(file("../\x1b[2Jevil"))]).layout(tmp_path / "image"), "a path with .. in it")
    assert "\x1b" not in said and r"\x1b[2Jevil" in said


def test_gzip_in_gzip(store, tmp_path):
    """What is inside of the layer has to be a tar."""
    refuse(store, Image([gzip.compress(layer(file("a")), mtime=0)], compression="+gzip").layout(tmp_path / "image"), "its contents are sha256:")


def test_a_sparse_file_larger_than_any_disk(store, tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info, data = entry("sparse", pax={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 62), "GNU.sparse.name": "sparse"},
                           data=b"1\n0\n512\n".ljust(512, b"\0") + bytes(512))
        tar.addfile(info, io.BytesIO(data))
    refuse(store, Image([out.getvalue()]).layout(tmp_path / "image"), "sparse", "setting its size")


def test_a_bomb_in_front_of_the_image_can_be_left(store, tmp_path):
    """10 GB to be passed over for each file that is looked for: nothing is written, and Ctrl-C ends it."""
    header = tarfile.TarInfo("bomb")
    header.size = 10 << 30
    nothing = gzip.compress(bytes(64 << 20), mtime=0)
    (tmp_path / "image").write_bytes(gzip.compress(header.tobuf(), mtime=0) + nothing * 160)
    with subprocess.Popen(store.words("unpack", tmp_path / "image"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: int(re.search(r"rchar: (\d+)", pathlib.Path(f"/proc/{process.pid}/io").read_text())[1]) > 1 << 17)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 130 and "image: interrupted" in said
    assert store.layers() == [] and store.drafts() == []


def test_interrupted_in_a_file(store, tmp_path):
    """One of 2 GB, of which little is written."""
    info = tarfile.TarInfo("large")
    info.size = 2 << 30
    data = gzip.compress(info.tobuf(), mtime=0) + gzip.compress(bytes(64 << 20), mtime=0) * 32
    image = Image([b""])
    image.blobs = [data]
    image.descriptors[0].update(mediaType="application/vnd.oci.image.layer.v1.tar+gzip", size=len(data), digest="sha256:" + sha256(data))
    with subprocess.Popen(store.words("unpack", image.layout(tmp_path / "image")), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: [path for path in store.path.glob("tmp/*/root/large") if path.stat().st_size > 0])
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 143 and "large: interrupted" in said
    assert store.layers() == [] and store.drafts() == []


def test_interrupted(store, tmp_path):
    """By a signal while it waits for the store: nothing is left, and the code says by which."""
    store.run("list")
    path = Image(LAYERS).layout(tmp_path / "image")
    with open(store.path / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(store.words("unpack", path), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as waiting:
            until(lambda: "flock" in pathlib.Path(f"/proc/{waiting.pid}/stack").read_text())
            waiting.send_signal(signal.SIGTERM)
            assert waiting.wait(timeout=20) == 143
    assert store.layers() == [] and store.drafts() == []
