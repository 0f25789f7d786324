"""What podman has built and saved, run by `tend run --image`. There is no overlay here: the root cannot be written to."""
import fcntl
import pathlib
import shutil

import pytest
from conftest import run

PLACE = pathlib.Path("/var/tmp/images")
BASE = r"""
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && mkdir -p /etc /data /srv/deep /tmp && echo kept >/etc/kept && ln /etc/kept /etc/same && \
     echo root:x:0:0::/:/bin/sh >/etc/passwd && echo shop:x:7:8::/srv:/bin/sh >>/etc/passwd && \
     echo gone >/etc/gone && touch /data/old && chown 7:8 /etc/kept"]
"""
# What the layer below has goes away: a file, and all of a directory.
SHOP = """
FROM base
RUN ["/bin/sh", "-c", "rm -r /etc/gone /data && mkdir /data && touch /data/new"]
ENV A="b c"
WORKDIR /srv/deep
USER shop
ENTRYPOINT ["/bin/sh", "-c"]
CMD ["echo $A; pwd; id -u; id -g; ls /data; stat -c '%h %s' /etc/same; stat -c '%u %g' /etc/kept; ls /etc/gone; exit 3"]
"""
SAID = ["b c", "/srv/deep", "7", "8", "new", "2 5", "7 8"]
FORMATS = ["docker-archive", "oci-archive"]


@pytest.fixture(scope="module")
def podmans():
    """Built once for all workers, and saved in each format."""
    with open("/var/tmp/images.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not PLACE.exists():
            PLACE.mkdir()
            shutil.copy("/bin/busybox", PLACE)
            for name, text in (("base", BASE), ("shop", SHOP)):
                (PLACE / name).write_text(text)
                code, said = run("root", "podman", "build", "--isolation=chroot", "-t", name, "-f", PLACE / name, PLACE)
                assert code == 0, said
            for name in FORMATS:
                code, said = run("root", "podman", "save", f"--format={name}", "-o", PLACE / name, "shop")
                assert code == 0, said


@pytest.mark.usefixtures("podmans")
@pytest.mark.parametrize("user", ["root", "tester"])
@pytest.mark.parametrize("name", FORMATS)
def test_saved_images(name, user):
    code, said = run(user, "/lab/tend", "run", "--image", PLACE / name)
    lines = said.splitlines()
    assert code == 3 and [line for line in lines if line in SAID] == SAID and "old" not in lines, said
    assert "ls: /etc/gone: No such file or directory" in said and "for this user: it is read-only" in said
