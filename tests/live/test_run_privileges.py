"""What the processes of a service may do: capabilities, secure bits, no new privileges, and whose settings count for which command."""
import os
import re

import pytest

need_root = pytest.mark.skipif(os.getuid() != 0, reason="only root has capabilities to give")
CAPS = {"chown": 0, "setuid": 7, "setpcap": 8, "net_bind_service": 10, "net_admin": 12, "net_raw": 13, "sys_nice": 23}
SHOW = "grep -E ^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Uid): /proc/self/status"


def bits(*names):
    return sum(1 << CAPS[name] for name in names)


def once(tend, text, code=0, command=SHOW, **options):
    p = tend.serve(f"[svc]\nType=oneshot\nRestart=no\n{text}\nExecStart={command}\n", **options)
    assert p.wait() == code, p.err
    return p


def sets(p):
    """The lines of /proc/PID/status: the sets of capabilities as numbers."""
    found = dict(re.findall(r"^(\w+):\s*(\w+)", p.out, re.M))
    return {key: int(value, 16 if key.startswith("Cap") else 10) for key, value in found.items()}


def without(*names):
    """A container that lacks these."""
    words = ",".join(f"-{name}" for name in names)
    return ["setpriv", f"--bounding-set={words}", f"--inh-caps={words}"]


# ---- the bounding set --------------------------------------------------------------------------------------

BOUNDS = {
    "list": ("CapabilityBoundingSet=CAP_CHOWN CAP_NET_RAW", bits("chown", "net_raw")),
    "merged": ("CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=cap_net_raw", bits("chown", "net_raw")),
    "taken away": ("CapabilityBoundingSet=CAP_CHOWN CAP_NET_RAW\nCapabilityBoundingSet=~ CAP_NET_RAW", bits("chown")),
    "none": ("CapabilityBoundingSet=", 0),
    "number": ("CapabilityBoundingSet=0", bits("chown")),
    "none first": ("CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=\nCapabilityBoundingSet=CAP_NET_RAW", bits("net_raw")),
}


@need_root
@pytest.mark.parametrize("text, want", BOUNDS.values(), ids=BOUNDS)
def test_bounding_set(tend, text, want):
    """Root gets no more than that by its execve(2)."""
    got = sets(once(tend, text))
    assert got["CapBnd"] == want and got["CapEff"] == want and got["CapPrm"] == want
    assert got["CapInh"] == 0 and got["CapAmb"] == 0


@need_root
@pytest.mark.parametrize("text, gone", [("CapabilityBoundingSet=~CAP_NET_RAW CAP_CHOWN", bits("net_raw", "chown")),
                                        ("CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=~", 0), ("NoNewPrivileges=no", 0)])
def test_bounding_set_of_all_others(tend, text, gone):
    whole = int(re.search(r"^CapBnd:\s*(\w+)", open("/proc/self/status").read(), re.M)[1], 16)
    assert sets(once(tend, text))["CapBnd"] == whole & ~gone


@need_root
def test_bounding_set_of_another_user(tend):
    got = sets(once(tend, "User=nobody\nCapabilityBoundingSet=CAP_CHOWN CAP_SETUID"))
    assert got["CapBnd"] == bits("chown", "setuid") and got["CapEff"] == 0 and got["Uid"] == 65534


@need_root
def test_what_the_container_lacks_is_named(tend):
    p = once(tend, "CapabilityBoundingSet=CAP_CHOWN CAP_NET_ADMIN", wrapper=without("net_admin"))
    assert sets(p)["CapBnd"] == bits("chown")
    assert "the container has no CAP_NET_ADMIN, which CapabilityBoundingSet= would leave it (--cap-add=NET_ADMIN)" in p.err
    p = once(tend, "CapabilityBoundingSet=~CAP_CHOWN", wrapper=without("net_admin"))
    assert "CAP_NET_ADMIN" not in p.err


@need_root
def test_bounding_set_without_the_right_to_change_it(tend):
    """What it asks for is less than it has: it goes on, and says so."""
    p = once(tend, "CapabilityBoundingSet=CAP_CHOWN", wrapper=without("setpcap"))
    assert sets(p)["CapBnd"] & bits("net_raw")
    assert "CapabilityBoundingSet= is not enforced: the container lacks CAP_SETPCAP for it (--cap-add=SETPCAP)" in p.err


@need_root
def test_bounding_set_of_what_is_handed_on(tend):
    """A program that the service executes must not get by it what tend was started with."""
    got = sets(once(tend, "CapabilityBoundingSet=CAP_CHOWN", wrapper=["setpriv", "--inh-caps=+chown,+net_raw"]))
    assert got["CapInh"] & bits("chown", "net_raw") == bits("chown")


# ---- the ambient set ---------------------------------------------------------------------------------------

@need_root
def test_ambient_set_of_another_user(tend):
    got = sets(once(tend, "User=nobody\nAmbientCapabilities=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_RAW"))
    want = bits("net_bind_service", "net_raw")
    assert (got["CapAmb"], got["CapEff"], got["CapInh"], got["Uid"]) == (want, want, want, 65534)


@need_root
def test_ambient_set_of_the_container_is_not_the_services(tend):
    got = sets(once(tend, "User=nobody\nAmbientCapabilities=CAP_CHOWN",
                    wrapper=["setpriv", "--inh-caps=+net_raw", "--ambient-caps=+net_raw"]))
    assert got["CapAmb"] == got["CapInh"] == bits("chown")


@need_root
def test_ambient_set_is_within_the_bounds(tend):
    got = sets(once(tend, "User=nobody\nCapabilityBoundingSet=CAP_NET_RAW\nAmbientCapabilities=CAP_NET_BIND_SERVICE CAP_NET_RAW"))
    assert got["CapAmb"] == got["CapEff"] == got["CapBnd"] == bits("net_raw")


@need_root
def test_ambient_capability_serves(tend):
    """An ordinary user listens where only root may."""
    code = "import socket; socket.create_server((\"127.0.0.1\", 80)); print(\"listens\")"
    bare = ["unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]
    text = "User=nobody\nNoNewPrivileges=yes\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"
    assert once(tend, text + "AmbientCapabilities=CAP_NET_BIND_SERVICE", command=f"python3 -IS -c '{code}'", wrapper=bare).out == "listens\n"
    assert "PermissionError" in once(tend, text, code=1, command=f"python3 -IS -c '{code}'", wrapper=bare).err


@need_root
def test_ambient_capability_that_the_container_lacks(tend):
    p = once(tend, "User=nobody\nAmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW", wrapper=without("net_admin"))
    assert sets(p)["CapAmb"] == bits("net_raw")
    assert "AmbientCapabilities=: the container has no CAP_NET_ADMIN, so it goes without (--cap-add=NET_ADMIN)" in p.err


@need_root
def test_ambient_capability_that_tend_has_not_itself(tend):
    """As with systemd: 218, and what failed."""
    p = once(tend, "AmbientCapabilities=CAP_NET_RAW", code=218, wrapper=["setpriv", "--securebits=+noroot", "--inh-caps=-all"])
    assert p.out == "" and "limiting its capabilities: AmbientCapabilities= names what tend itself has not: Operation" in p.err


# ---- the other two -----------------------------------------------------------------------------------------

@need_root
@pytest.mark.parametrize("text, said", [("SecureBits=noroot noroot-locked", "noroot,noroot_locked"),
                                        ("User=nobody\nSecureBits=no-setuid-fixup\nSecureBits=keep-caps-locked", "no_setuid_fixup,keep_caps_locked"),
                                        ("SecureBits=noroot\nSecureBits=", "[none]")])
def test_secure_bits(tend, text, said):
    p = once(tend, text, command="setpriv --dump")
    assert sorted(re.search(r"^Securebits: (.*)$", p.out, re.M)[1].split(",")) == sorted(said.split(","))


@need_root
def test_secure_bits_without_the_right(tend):
    p = once(tend, "SecureBits=noroot", code=213, wrapper=without("setpcap"))
    assert "setting its secure bits: Operation not permitted" in p.err


@pytest.mark.parametrize("text, want", [("NoNewPrivileges=yes", 1), ("NoNewPrivileges=no", 0), ("", 0)])
def test_no_new_privileges(tend, text, want):
    assert sets(once(tend, text))["NoNewPrivs"] == want


def test_in_a_user_namespace(tend):
    """An ordinary user's root has all of them there."""
    user = ["unshare", "--user", "--map-root-user"]
    got = sets(once(tend, "CapabilityBoundingSet=CAP_NET_RAW\nAmbientCapabilities=CAP_NET_RAW\nNoNewPrivileges=yes", wrapper=user))
    assert (got["CapBnd"], got["CapEff"], got["CapAmb"], got["NoNewPrivs"]) == (bits("net_raw"), bits("net_raw"), bits("net_raw"), 1)


# ---- whose settings count for which command ----------------------------------------------------------------

ALL = "User=nobody\nCapabilityBoundingSet=CAP_CHOWN CAP_SETUID\nNoNewPrivileges=yes\n"
FULL = "full"


@need_root
@pytest.mark.parametrize("prefix, uid, bounds, no_new", [("", 65534, bits("chown", "setuid"), 1), ("!", 0, bits("chown", "setuid"), 1),
                                                         ("!!", 65534, bits("chown", "setuid"), 1), ("+", 0, FULL, 0)])
def test_prefixes(tend, prefix, uid, bounds, no_new):
    got = sets(once(tend, ALL, command=prefix + SHOW))
    assert (got["Uid"], got["NoNewPrivs"]) == (uid, no_new)
    assert got["CapBnd"] == bounds if bounds != FULL else got["CapBnd"] & bits("net_admin")


@need_root
def test_permissions_start_only(tend):
    p = once(tend, f"{ALL}PermissionsStartOnly=yes\nExecStartPre={SHOW}", command="true")
    assert sets(p)["Uid"] == 0 and sets(p)["NoNewPrivs"] == 0
    p = once(tend, f"{ALL}PermissionsStartOnly=yes\nExecStartPre=true")
    assert sets(p)["Uid"] == 65534 and sets(p)["NoNewPrivs"] == 1


@need_root
def test_a_change_of_user_without_the_right(tend):
    """Said as what it is: the user cannot be changed in this container."""
    p = once(tend, "User=nobody", code=216, wrapper=["setpriv", "--bounding-set=-setuid,-setgid", "--inh-caps=-all"])
    assert "changing its groups: nobody: Operation not permitted" in p.err and p.out == ""
    p = once(tend, "User=nobody", code=217, wrapper=["setpriv", "--bounding-set=-setuid", "--inh-caps=-all"])
    assert "changing its user: nobody: Operation not permitted" in p.err and p.out == ""
