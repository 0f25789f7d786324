"""Containers of an OCI runtime, as Docker configures them: an image with busybox and tend, and its config.json."""
import json
import os
import pathlib
import platform
import shutil
import subprocess

PROFILE = pathlib.Path("/usr/share/containers/seccomp.json")  # of golang-github-containers-common
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())

CAPABILITIES = ["CAP_" + name for name in (
    "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE").split()]

# What Docker's profile, unlike podman's, leaves to CAP_SYS_ADMIN: nobody makes namespaces or mounts. See "Seccomp
# security profiles for Docker" in its manual.
REFUSED = set("clone clone3 mount mount_setattr move_mount open_tree fsconfig fsmount fsopen fspick umount umount2 setns unshare "
              "pivot_root keyctl add_key request_key io_uring_enter io_uring_register io_uring_setup userfaultfd".split())
NAMESPACES = 0x7E020000  # the flags of clone(2) that make one


def seccomp():
    """Docker's profile for its default capabilities, in the words of the runtime."""
    rules = [{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": NAMESPACES, "op": "SCMP_CMP_MASKED_EQ"}]},
             {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]
    for rule in json.loads(PROFILE.read_text())["syscalls"]:
        includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
        names = [name for name in rule["names"] if name not in REFUSED]
        fits = (ARCHITECTURE in includes.get("arches", [ARCHITECTURE]) and set(includes.get("caps", [])) <= set(CAPABILITIES)
                and not set(excludes.get("caps", [])) & set(CAPABILITIES))
        if fits and names and rule["action"] == "SCMP_ACT_ALLOW":
            rules.append({"names": names, "action": rule["action"], "args": rule.get("args") or []})
    return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": [f"SCMP_ARCH_{platform.machine().upper()}"], "syscalls": rules}


def image(root, tend, without=()):
    """A root file system: all of busybox's names in /bin, tend, and the usual directories but for some."""
    for name in {"bin", "sbin", "etc", "usr", "proc", "sys", "dev", "run", "tmp"} - set(without):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin")
    subprocess.run(["chroot", root, "/bin/busybox", "--install", "-s", "/bin"], check=True)
    (root / "usr/bin").symlink_to("../bin")
    shutil.copy(tend, root / "bin/tend")
    shutil.copy(tend, root / "sbin/init")
    for name in {"run", "tmp"} - set(without):  # what is empty and cannot be written to is as good as missing
        (root / name / ".keep").touch()
        (root / name).chmod(0o1777 if name == "tmp" else 0o755)
    return root


def capable(config, names):
    """These capabilities, and no others."""
    config["process"]["capabilities"] = {kind: list(names) for kind in ("bounding", "effective", "permitted")}


def administer(config):
    """With CAP_SYS_ADMIN, for which Docker's filter would let it mount."""
    capable(config, [*CAPABILITIES, "CAP_SYS_ADMIN"])
    config["linux"].pop("seccomp", None)


def options_of(config, destination):
    """The mount options of one of its mounts, to be changed."""
    return next(mount for mount in config["mounts"] if mount["destination"] == destination).setdefault("options", [])


def configuration(runtime, folder, root, words, *, rootless=False):
    """What the runtime would run, with what Docker changes: its capabilities, a cgroup namespace, its filter."""
    subprocess.run([runtime, "spec", *(["--rootless"] if rootless else [])], cwd=folder, check=True)
    config = json.loads((folder / "config.json").read_text())
    config["process"].update(terminal=False, args=[str(word) for word in words], noNewPrivileges=False)
    config["process"].pop("rlimits", None)
    config["root"] = {"path": str(root), "readonly": False}
    config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "cgroup"] + [{"type": "cgroup"}]
    if not rootless:
        capable(config, CAPABILITIES)
    config["linux"]["seccomp"] = seccomp()
    return config


def write(folder, config):
    (folder / "config.json").write_text(json.dumps(config))


def pid_of(folder):
    text = (folder / "pid").read_text() if os.path.exists(folder / "pid") else ""
    return int(text) if text else None
