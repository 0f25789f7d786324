"""A package is installed and removed by the real apt-get while tend runs: its own scripts start and stop what it has brought."""
import os
import subprocess

import pytest

NAMES = "nginx", "nginx-common"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """What apt-get would fetch; the container has a network of its own, with nobody on it."""
    directory = tmp_path_factory.mktemp("packages")
    os.chmod(directory, 0o755)
    done = subprocess.run(["apt-get", "-q", "download", *NAMES], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        pytest.skip(f"Debian's packages cannot be had: {done.stderr.strip().splitlines()[-1]}")
    return sorted(directory.glob("*.deb"))


def install(p, packages):
    into = f"/proc/{p.pid}/root/tmp"
    for package in packages:
        subprocess.run(["cp", package, into], check=True)
    return p.run("DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends /tmp/*.deb 2>&1", 60)


@pytest.mark.limit(170)
def test_nginx_comes_and_goes(container, packages):
    p = container("printf '#!/bin/sh\\nexit 0\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; dpkg --purge --force-depends nginx nginx-light nginx-common libnginx-mod-http-echo; "
                  "test ! -e /usr/sbin/nginx; printf '[keep]\\nExecStart=sleep inf\\n' >/etc/tend.ini", "run")
    p.wait_for("^tend: ready: ")
    code, said = install(p, packages)
    assert code == 0, said
    p.ask("curl -si localhost", r"(?s)^Server: nginx.*</html>")
    code, said = p.run("systemctl status nginx")
    assert code == 0 and "/nginx.service; enabled" in said and "Active: active (running)" in said, said
    assert "nginx: master process" in said and "nginx: worker process" in said
    code, said = p.run("invoke-rc.d nginx status")
    assert code == 0, said
    assert p.run("deb-systemd-invoke restart nginx")[0] == 0
    p.ask("curl -si localhost", r"(?s)^Server: nginx.*</html>")

    code, said = p.run("DEBIAN_FRONTEND=noninteractive apt-get -q remove -y nginx nginx-common 2>&1", 60)
    assert code == 0, said
    p.wait_for("^tend: nginx.service: stopped$")
    assert p.run("systemctl is-active nginx") == (3, "inactive\n")
    assert "nginx" not in p.run("ps -e -o comm")[1]
    p.kill(15)
    assert p.wait() == 0
