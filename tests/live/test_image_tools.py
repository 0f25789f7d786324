"""Images that buildah has built and pushed in each form, and that skopeo has copied from one to another, unpacked and run."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from test_image import needs_root, pytestmark, store  # pylint: disable=unused-import
from test_image_overlay import LEND
from test_image_run import BUSYBOX, USER, beside  # pylint: disable=unused-import

pytestmark = [pytestmark, needs_root, pytest.mark.skipif(not (BUSYBOX and shutil.which("buildah") and shutil.which("skopeo")),
                                                         reason="no busybox, buildah or skopeo (packages busybox-static, buildah, skopeo)")]

# Its second RUN makes what the layer below has go away: a file, and all of a directory.
CONTAINERFILE = r"""
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && mkdir -p /etc /data/deep && echo root:x:0:0::/:/bin/sh >/etc/passwd && \
     echo kept >/etc/kept && ln /etc/kept /etc/same && echo gone >/etc/gone && touch /data/old && mkdir -m 1777 /tmp && chown 7:8 /tmp"]
RUN ["/bin/sh", "-c", "rm -r /etc/gone /data && mkdir /data && touch /data/new"]
ENV A="b c"
WORKDIR /srv/deep
USER 7:8
STOPSIGNAL SIGUSR1
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo $A; pwd; id -u; id -g; ls /data; stat -c '%h %s' /etc/same; ls -ln -d /tmp; ls /etc/gone; exit 3"]
"""
SAID = ["b c", "/srv/deep", "7", "8", "new", "2 5"]
FORMS = {
    "docker-archive": ("docker-archive:{}:shop:v1", []),
    "oci-archive": ("oci-archive:{}:v1", []),
    "layout": ("oci:{}:v1", []),
    "layout, zstd": ("oci:{}:v1", ["--compression-format=zstd"]),
    "layout, not compressed": ("oci:{}:v1", ["--disable-compression"]),
}


class Buildah:
    """buildah and skopeo with a storage of their own, and a mount namespace: buildah leaves a mount there."""

    def __init__(self, path):
        self.path = path
        (path / "context").mkdir()
        shutil.copy(BUSYBOX, path / "context/busybox")
        for self.driver in ("overlay", "vfs"):  # not every file system can be below an overlay
            (path / "storage.conf").write_text(f'[storage]\ndriver = "{self.driver}"\nrunroot = "{path}/run"\ngraphroot = "{path}/graph-{self.driver}"\n')
            try:
                self.build("shop:v1", CONTAINERFILE)
                break
            except subprocess.CalledProcessError as e:
                said = e.stderr
        else:
            pytest.skip(f"buildah cannot build here: {said[-300:]}")

    def __call__(self, *words):
        environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(self.path / "storage.conf"), "HOME": str(self.path)}
        return subprocess.run(["unshare", "--mount", *map(str, words)], env=environment, check=True, capture_output=True, text=True, timeout=120, cwd=self.path)

    def build(self, name, text, *words):
        (self.path / "Containerfile").write_text(text)
        self("buildah", "build", "--quiet", "--layers", "--isolation=chroot", *words, "-t", name, "-f", "Containerfile", "context")

    def push(self, form):
        to, words = FORMS[form]
        path = self.path / form.replace(", ", "-").replace(" ", "-")
        if not path.exists():
            self("buildah", "push", "--quiet", *words, "shop:v1", to.format(path))
        return path


@pytest.fixture(scope="module")
def buildah(tmp_path_factory):
    made = Buildah(tmp_path_factory.mktemp("buildah"))
    yield made
    made("buildah", "rmi", "--all", "--force")


def test_all_forms_are_one_image(store, buildah):
    """Told in the same words, and unpacked once."""
    told = [store.unpack(buildah.push(form)) for form in FORMS]
    assert all({**one, "name": None} == {**told[0], "name": None} for one in told)
    assert len(store.layers()) == len(told[0]["lower"]) == 3
    assert told[0]["id"] == "sha256:" + json.loads(buildah("buildah", "inspect", "--type=image", "shop:v1").stdout)["FromImageID"]
    assert {one["name"].removeprefix("docker.io/library/").removeprefix("shop:") for one in told} == {"v1"}
    assert (told[0]["stop-signal"], told[0]["user"], told[0]["directory"]) == ("SIGUSR1", "7:8", "/srv/deep")
    assert "A=b c" in told[0]["env"] and told[0]["entrypoint"] == ["/bin/sh", "-c"]


def test_whiteouts_of_buildah(store, buildah):
    if buildah.driver != "overlay":
        pytest.skip("buildah has no overlay here, and other drivers of its name each file")
    upper = pathlib.Path(store.unpack(buildah.push("layout"))["lower"][0])
    assert os.getxattr(upper / "data", "trusted.overlay.opaque") == b"y"
    assert (upper / "etc/gone").is_char_device() and os.stat(upper / "etc/gone").st_rdev == 0


@pytest.mark.parametrize("form", FORMS)
def test_root_runs_it(beside, buildah, form):
    done = beside("--image", buildah.push(form))
    assert done.returncode == 3, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:6] == SAID and lines[6].split()[:4] == ["drwxrwxrwt", "2", "7", "8"] and len(lines) == 7


@pytest.mark.skipif(not shutil.which("newuidmap") or not os.path.exists("/etc/subuid"), reason="no newuidmap (package uidmap)")
@pytest.mark.parametrize("form", ["docker-archive", "layout, zstd"])
def test_an_ordinary_user_runs_it(beside, buildah, form):
    """One whom users are lent to: the image has files of others, and is run by another."""
    place = beside.place
    (place / "lent").write_text("shopper:300000:1000\n")
    (place / "passwd").write_text("root:x:0:0::/:/bin/sh\nshopper:x:54321:54321::/:/bin/sh\n")
    path = buildah.push(form)
    subprocess.run(["cp", "-r", path, place / "image"], check=True)
    subprocess.run(["chmod", "-R", "a+rX", place / "image"], check=True)
    os.chown(place / "cache", 54321, 54321)
    done = subprocess.run(["unshare", "--mount", "sh", "-c", LEND, place / "lent", place / "passwd", *USER, "env", f"XDG_CACHE_HOME={place}/cache",
                           place / "tend", "run", "--image", place / "image"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stdout.splitlines()[:6] == SAID and done.stdout.splitlines()[6].split()[:4] == ["drwxrwxrwt", "2", "7", "8"]
    subprocess.run([*USER, "env", f"XDG_CACHE_HOME={place}/cache", place / "tend-image", "prune"], capture_output=True, check=True)


COPIES = {"to a layout": ("docker-archive", "oci:{}:v1"), "to an archive": ("layout", "docker-archive:{}:shop:v1"),
          "of an archive to one": ("oci-archive", "oci-archive:{}:v1")}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_skopeo_is_the_same(store, tmp_path, buildah, name):
    form, to = COPIES[name]
    path = buildah.push(form)
    tag = ":shop:v1" if form == "docker-archive" else ":v1"
    kind = FORMS[form][0].split(":")[0]
    buildah("skopeo", "copy", "--quiet", "--insecure-policy", f"{kind}:{path}{tag}", to.format(tmp_path / "copy"))
    lower = store.unpack(path)["lower"]
    assert store.unpack(tmp_path / "copy")["lower"] == lower and len(store.layers()) == 3


def test_an_index_of_several_platforms(store, tmp_path, buildah):
    for architecture in ("amd64", "s390x"):
        (buildah.path / "context/name").write_text(architecture)
        buildah.build(f"plain:{architecture}", "FROM scratch\nCOPY name /name\n", f"--platform=linux/{architecture}")
    buildah("buildah", "manifest", "create", "many", *[f"localhost/plain:{name}" for name in ("amd64", "s390x")])
    buildah("buildah", "manifest", "push", "--all", "many", f"oci:{tmp_path}/many:many")
    for architecture in ("s390x", "amd64"):
        assert (store.root("--platform", f"linux/{architecture}", f"{tmp_path}/many:many") / "name").read_text() == architecture
    done = store.run("unpack", "--platform=linux/vax", f"{tmp_path}/many")
    assert done.returncode == 1 and "nothing in it is for this platform" in done.stderr
