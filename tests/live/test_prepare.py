"""`tend prepare`: what tmpfiles.d and sysusers.d ask for is what systemd's own programs make of it."""
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

TMPFILES = shutil.which("systemd-tmpfiles")
SYSUSERS = shutil.which("systemd-sysusers")

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root makes files of others")

PASSWD = "root:x:0:0:root:/root:/bin/bash\nweb:x:33:33::/var/www:/bin/false\nfoe:x:1000:1000::/home/foe:/bin/sh\n"
GROUP = "root:x:0:\nweb:x:33:\nfoe:x:1000:\nadm:x:4:old\n"


def image(path, files, foreign=()):
    """A root file system. Of `files` a text is a file, None a directory, "-> x" a link; `foreign` ones are foe's."""
    for name in ("etc", "run", "usr/lib/tmpfiles.d", "usr/lib/sysusers.d", "etc/tmpfiles.d", "var/lib", "tmp", "proc"):
        (path / name).mkdir(parents=True, exist_ok=True)
    (path / "tmp").chmod(0o1777)
    for name, text in {"etc/passwd": PASSWD, "etc/group": GROUP, "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
                       "etc/os-release": "ID=debian\nVERSION_ID=12\n", **files}.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            file.mkdir(exist_ok=True)
        elif text.startswith("-> "):
            file.symlink_to(text[3:])
        else:
            file.write_text(text)
    for name in foreign:
        os.lchown(path / name, 1000, 1000)
    return path


def tree(root):
    """All that there is, with kind, mode, owner and contents."""
    found = {}
    for path in sorted(root.rglob("*")):
        name, st = str(path.relative_to(root)), path.lstat()
        if name.startswith(("etc/.pwd.lock", "etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-")):
            continue
        what = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else st.st_rdev
        mode = stat.S_IFMT(st.st_mode) if path.is_symlink() else st.st_mode
        found[name] = (oct(mode), st.st_uid, st.st_gid, what)
    return found


def both(tend, tmp_path, files, program, *options, foreign=()):
    """The same image under systemd's program and under tend; what each made of it, and what tend said."""
    theirs, ours = (image(tmp_path / name, files, foreign) for name in ("theirs", "ours"))
    done = subprocess.run([program, *options, f"--root={theirs}"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = tend.run("prepare", "--root", str(ours), *(["--boot"] if "--remove" in options else []))
    return tree(theirs), tree(ours), f"{said.stdout}{said.stderr}\n--- theirs:\n{done.stderr}", said


LINES = {
    "d": "d /run/a 0750 web adm",
    "d with defaults": "d /run/a",
    "d with parents": "d /run/a/b/c 0700 web web",
    "d of special modes": "d /run/a 2775 root adm\nd /run/b 1777\nd /run/c 4755",
    "d that is there": "d /run/there 0711 web web",
    "d that is a file": "d /run/file 0711",
    "d that is a file, and must not be": "d= /run/file 0711",
    "d for what is new only": "d /run/there :0711 :web :web\nd /run/new :0711 :web :web",
    "d in quotes": 'd "/run/a b" 0700\nd "/run/c d" 0700',
    "d twice the same": "d /run/a 0700\nd /run/a 0700",
    "d twice, not the same": "d /run/a 0700\nd /run/a 0711 web",
    "d below one that comes later": "d /run/a/b 0700\nd /run/a 0711 web",
    "d in /var/run": "d /var/run/a 0700 web",
    "D, v, q, Q": "D /run/a 0700 web\nv /run/b 0711\nq /run/c\nQ /run/d 0700 - adm",
    "by numbers": "d /run/a 0755 1234 567",
    "no such user": "d /run/a 0755 nobodyknows\nd /run/b",
    "no such type": "y /run/a\nd /run/b",
    "no such mode": "d /run/a 0999\nd /run/b",
    "not absolute": "d run/a\nd /run/b",
    "f": "f /run/a 0640 web adm - some text",
    "f with escapes": "f /run/a - - - - one\\ntwo\\x21\\t%%",
    "f that is there": "f /run/file 0600 web web - new",
    "f+": "f+ /run/file 0600 - - - new\nF /run/other - - - - new",
    "f of nothing": "f /run/a",
    "f below": "f /run/a/b 0600 - - - x",
    "f that is a directory": "f /run/there 0600",
    "f in base64": "f~ /run/a - - - - aGVsbG8K",
    "f of a credential": "f^ /run/a - - - - none",
    "specifiers": "f /run/%m.%o.%w - - - - %o %U %u %g %G %h %%",
    "w": "w /run/file - - - - text\nw /run/none - - - - text",
    "w+": "w+ /run/file - - - - more",
    "w through a link": "w /run/link - - - - text",
    "w of a pattern": "w /run/f* - - - - all",
    "p": "p /run/a 0600 web\np /run/file 0600\np+ /run/link 0640",
    "L": "L /run/a - - - - ../target\nL /run/b\nL /run/link - - - - new",
    "L+": "L+ /run/link - - - - new\nL+ /run/file - - - - new\nL+ /run/there - - - - new",
    "c and b": "c /run/a 0600 - - - 1:3\nb /run/b 0600 web - - 7:1",
    "C": "C /run/a - - - - /usr/share/tree\nC /run/b\nC /run/file - - - - /usr/share/tree/x",
    "C into an empty one": "C /run/there - - - - /usr/share/tree",
    "C of what is there, with a mode": "C /run/file 0600 web - - /usr/share/tree/x\nC /run/there 0711 - - - /usr/share/tree",
    "C into one that is not empty": "C /usr/share/tree/sub - - - - /usr/share/factory/run/b",
    "C of a user's file": "C /run/a - - - - /home/foe/mine.txt\nC /run/b 0640 web - - /home/foe/mine.txt",
    "C of nothing that is there": "C /run/a - - - - /usr/share/none",
    "e": "e /run/there 0700 web\ne /run/none 0700\ne /run/t*e - - adm",
    "z": "z /run/there 0700 web adm\nz /run/f* 0600 - adm\nz /run/none 0600\nz /run/link 0600 web",
    "z that masks": "z /run/file ~0777\nz /run/there ~2777",
    "Z": "Z /usr/share/tree ~0750 web adm",
    "z before e": "z /run/there 0711 - adm\ne /run/there 0700 web",
    "z behind d": "z /run/a 0700 web\nd /run/a 0755",
    "boot alone": "d! /run/a 0700\nr! /run/none",
    "failures that may be": "f- /run/there 0600 - - - x",
    "what is about cleaning": "x /run/there\nX /run/file\nd /run/a 0755 - - 10d\ne /run/there - - - ~5d",
    "links of root": "d /run/way/a 0700 web\nf /var/alias/b 0600 - - - x",
    "a way through somebody's directory": "d /home/foe/way/a 0755\nf /home/foe/way/b 0600 - - - x\nz /home/foe/roots 0777\nw /home/foe/out - - - - evil\n"
                                          "Z /home/foe 0777 web\nL /home/foe/sub/x - - - - y\nd /home/foe/mine 0700 foe foe",
    "comments": "# d /run/a\n\n   ; x\n  d   /run/b   0700  \n",
}

FILES = {"run/there": None, "run/file": "text", "run/link": "-> file", "usr/share/tree/x": "x", "usr/share/tree/sub/y": "y",
         "usr/share/tree/l": "-> x", "usr/share/factory/run/b/z": "z", "run/way": "-> ../var/lib", "var/alias": "-> /var/lib/none",
         "home/foe/way": "-> /srv", "home/foe/out": "-> /srv/out", "home/foe/sub": None, "home/foe/roots": "r", "home/foe/mine.txt": "m", "srv/out": "x"}


@pytest.mark.skipif(not TMPFILES, reason="there is no systemd-tmpfiles to compare with")
@pytest.mark.parametrize("text", LINES.values(), ids=LINES)
def test_makes_what_systemd_makes(tend, tmp_path, text):
    theirs, ours, said, _ = both(tend, tmp_path, {**FILES, "usr/lib/tmpfiles.d/a.conf": text + "\n"}, TMPFILES, "--create", "--boot",
                                 foreign=["home/foe", "home/foe/way", "home/foe/out", "home/foe/sub", "home/foe/mine.txt"])
    assert ours == theirs, said


REMOVALS = {
    "r": "r /run/file\nr /run/there\nr /run/none\nr /usr/share/tree\nr! /run/l*",
    "R": "R /usr/share/tree\nR /run/l*k\nR /run/none",
    "D": "D /usr/share/tree 0700 web\nD! /run/there/new 0700",
    "one below another": "r /usr/share/tree\nR /usr/share/tree/sub\nr /usr/share/tree/x\nr /usr/share/tree/l",
}


@pytest.mark.skipif(not TMPFILES, reason="there is no systemd-tmpfiles to compare with")
@pytest.mark.parametrize("text", REMOVALS.values(), ids=REMOVALS)
def test_removes_what_systemd_removes(tend, tmp_path, text):
    theirs, ours, said, _ = both(tend, tmp_path, {**FILES, "usr/lib/tmpfiles.d/a.conf": text + "\n"}, TMPFILES, "--create", "--boot", "--remove")
    assert ours == theirs, said
    ours = image(tmp_path / "kept", {**FILES, "usr/lib/tmpfiles.d/a.conf": text + "\n"})
    before = tree(ours)
    tend.run("prepare", "--root", str(ours))
    assert before.keys() <= tree(ours).keys()  # nothing is removed unless that is asked for


@pytest.mark.skipif(not TMPFILES, reason="there is no systemd-tmpfiles to compare with")
def test_files_override_each_other(tend, tmp_path):
    theirs, ours, said, _ = both(tend, tmp_path, {
        "usr/lib/tmpfiles.d/a.conf": "d /run/vendor 0700\n", "etc/tmpfiles.d/a.conf": "d /run/admin 0700\n",
        "usr/lib/tmpfiles.d/b.conf": "d /run/masked 0700\n", "etc/tmpfiles.d/b.conf": "-> /dev/null",
        "usr/lib/tmpfiles.d/z.conf": "d /run/both 0711\n", "run/tmpfiles.d/y.conf": "d /run/both 0700 web\n",
        "usr/lib/tmpfiles.d/readme": "d /run/no.conf\n",
    }, TMPFILES, "--create", "--boot")
    assert ours == theirs, said
    assert "run/admin" in ours and "run/vendor" not in ours and "run/masked" not in ours


def test_says_what_is_wrong_with_its_line(tend, tmp_path):
    root = image(tmp_path / "root", {**FILES, "usr/lib/tmpfiles.d/a.conf": "# x\nd /run/a 0999\nq\nd /run/b 0755 gone\nd /run/file\na /run/there - - - - u:web:r\n"
                                                                          "d /run/c/%i\nd /run/d\nd /run/d 0700\ne /run/file 0700\nC /usr/share/tree/x - - - - /usr/share/tree/l\n"
                                                                          "w /run/none - - - - x\nL /run/link - - - - file\n"
                                                                          "f- /usr/share 0600\nf+ /srv/linked - - - - x\n"})
    os.link(root / "srv/out", root / "srv/linked")
    said = tend.run("prepare", "--root", str(root))
    assert said.returncode == 2
    for line, words in {2: "error: 0999: not an octal mode", 3: "error: the line: it lacks a path", 4: "error: gone: there is no such user",
                        5: "error: /run/file: something of another kind is there", 6: "warning: /run/there: attributes and access lists are not set",
                        7: "error: /run/c/%i: no such specifier", 9: "warning: /run/d: /usr/lib/tmpfiles.d/a.conf:8 has said it differently", 10: "error: /run/file: Not a directory",
                        14: "warning: /usr/share: something of another kind is there",
                        15: "error: /srv/linked: it has other names"}.items():
        assert f"/usr/lib/tmpfiles.d/a.conf:{line}: {words}" in said.stdout
    assert not re.search(r"a\.conf:(11|12|13): ", said.stdout)  # what may well be so


ACCOUNTS = {
    "u": 'u _web - "A web server" /var/lib/web\nu other -',
    "u with a shell": "u a - - /home/a /bin/sh",
    "u with a number": "u a 123\nu b 33",
    "u with a group": "u a 123:web\nu b 124:33\nu c -:web",
    "u with the number of another's group": "u a 4\nu b 4:web",
    "u that is there": "u web 77",
    "g": "g a -\ng b 321\ng web 5",
    "u and g": "g a 300\nu a -\nu b 300",
    "m": "m foe adm\nm foe newgroup\nm newuser adm\nm old adm",
    "r": "u a -\nu b -\nr - 500-501",
    "twice": "u a 200\nu a 300\nu b 400\nu b 400",
    "by a file": "u a /etc/mine",
    "wrong": "u 1a -\nu a:b -\nx c -\nu d 99999999999\nu e - - relative\nu good 222\nu f - \"a:b\" /home/f\nu g - - /a:b",
    "many": "".join(f"u s{i} -\n" for i in range(20)),
}


@pytest.mark.skipif(not SYSUSERS, reason="there is no systemd-sysusers to compare with")
@pytest.mark.parametrize("shadows", [True, False], ids=["shadows", "none"])
@pytest.mark.parametrize("text", ACCOUNTS.values(), ids=ACCOUNTS)
def test_makes_the_accounts_that_systemd_makes(tend, tmp_path, text, shadows):
    shadow = {"etc/shadow": "root:*:19000:0:99999:7:::\n", "etc/gshadow": "root:*::\nadm:*::old\n"} if shadows else {}
    theirs, ours, said, done = both(tend, tmp_path, {**shadow, "etc/mine": "", "usr/lib/sysusers.d/a.conf": text + "\n"}, SYSUSERS)
    accounts = {name: entry for name, entry in ours.items() if re.match("etc/g?(passwd|group|shadow)", name)}
    assert accounts == {name: entry for name, entry in theirs.items() if re.match("etc/g?(passwd|group|shadow)", name)}, said


def limited(tend, root, *words):
    return subprocess.run([*words, tend.path, "prepare", "--root", str(root)], capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_devices_are_the_runtimes_business(tend, tmp_path):
    """Where nobody may make them, as in most containers, there is nothing to say."""
    root = image(tmp_path / "root", {"usr/lib/tmpfiles.d/a.conf": "c /run/null 0666 - - - 1:3\nd /run/a\n"})
    said = limited(tend, root, "setpriv", "--bounding-set=-mknod", "--inh-caps=-mknod")
    assert (said.returncode, said.stdout) == (0, ""), said.stdout
    assert (root / "run/a").is_dir() and not (root / "run/null").exists()


def test_what_is_read_only_is_counted(tend, tmp_path):
    """An image that is read-only by intent gets one line, not one for each of its own."""
    root = image(tmp_path / "root", {"usr/lib/tmpfiles.d/a.conf": "d /run/a\nf /run/b\nd /run\n"})
    said = limited(tend, root, "unshare", "--mount", "sh", "-c", f"mount --bind {root} {root} && mount -o remount,bind,ro {root} && exec \"$@\"", "sh")
    assert "a.conf:" not in said.stdout + said.stderr
    assert "read-only" in said.stdout + said.stderr


def test_nothing_is_locked_where_nothing_is_lacking(tend, tmp_path):
    """So that an image whose /etc is read-only has nothing to say."""
    root = image(tmp_path / "root", {"usr/lib/sysusers.d/a.conf": "u web -\ng adm -\nm old adm\nu old 500\n",
                                     "etc/passwd": PASSWD + "old:x:500:500::/:/bin/sh\n", "etc/group": GROUP + "old:x:500:\n"})
    said = tend.run("prepare", "--root", str(root))
    assert (said.returncode, said.stdout) == (0, ""), said.stdout
    assert not (root / "etc/.pwd.lock").exists()


def test_another_file_system_is_not_copied(tend, tmp_path):
    """Its mount point is left out, as systemd leaves it out."""
    root = image(tmp_path / "root", {**FILES, "usr/lib/tmpfiles.d/a.conf": "C /run/a - - - - /usr/share/tree\n"})
    inner = root / "usr/share/tree/sub"
    done = subprocess.run(["unshare", "--mount", "sh", "-c", f"mount -t tmpfs none {inner} && touch {inner}/z && exec \"$@\"", "sh",
                           tend.path, "prepare", "--root", str(root)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (root / "run/a").iterdir()) == ["l", "x"]
