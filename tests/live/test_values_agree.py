"""What `tend show` says that a unit file's values come to is what systemd, asked with --test, loads from the same file."""
import os
import random
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

MANAGER = "/lib/systemd/systemd"
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "s": " "}

pytestmark = pytest.mark.skipif(not os.access(MANAGER, os.X_OK), reason="there is no systemd to compare with")

PIECES = ["a", "b c", " ", "  ", "\t", '"', "'", "\\", "\\n", "\\x41", "\\101", "\\u00e9", "\\U0001f600", "\\s", "\\;", ";", " ; ",
          "$A", "${A}", "$$", "%n", "%%", "%i", "%I", "%p", "%Q", "%", "é", '\\"', "\\'", "\\\\", "{}", "#", "-", "@", "+", "=",
          "\\q", "\\x4", "\\t", "/x", "~", "*", "\\x00", "\\000", "%j", "%f", "\\ "]

SPANS = ["5", "5s", "90", "1h30min", "1.5s", "0", "infinity", "2 days 3h", "100ms", "1y", "1M", "1w", "3us", "5 s", "1h 1h", "0.001", "55s500ms",
         "1min 1s 1ms", "12months", "7µs", "1.", ".5", "1e3", "-1", "5 5", "s", "", "inf", "1h30", "4294967295", "99999y"]

# Each setting with what it is given, one after another; where systemd calls a value wrong and goes on without, tend refuses it.
VALUES = {
    "TimeoutStopSec": SPANS,
    "RestartSec": SPANS,
    "RuntimeMaxSec": SPANS,
    "KillSignal": ["TERM", "SIGHUP", "9", "RTMIN+3", "SIGRTMAX-1", "SIGRTMIN", "FOO", "0", "65", "sigterm", ""],
    "FinalKillSignal": ["ABRT", "SIGSEGV", "34"],
    "UMask": ["0022", "77", "0", "0777", "1777", "8", "0o22"],
    "Restart": ["no", "always", "on-failure", "On-Failure", "yes", ""],
    "KillMode": ["mixed", "process", "none", "cgroup"],
    "Nice": ["0", "5", "-20", "19", "20", "+3", "1 0"],
    "OOMScoreAdjust": ["0", "-1000", "1000", "1001", "x"],
    "SendSIGKILL": ["yes", "no", "on", "OFF", "t", "F", "1", "0", "y", "maybe"],
    "RemainAfterExit": ["true", "False", "2"],
    "LimitNOFILE": ["100", "100:200", "infinity", "1K", "200:100", "5:infinity", "x", "10:", "1G"],
    "LimitCPU": ["5", "1min", "5ms", "3s:1min", "infinity"],
    "LimitAS": ["1G", "1.5G", "10M:20M", "4k", "1 M", "1B", "1Gi"],
    "LimitNICE": ["-5", "+5", "10", "-5:+3", "41"],
    "RuntimeDirectoryMode": ["0700", "755", "07777", "9"],
    "WorkingDirectory": ["/tmp", "-/nope", "tmp", "/%p"],
    "Description": ["x%" + letter for letter in "abBCEfHiIjJlLmMnNopPqStTvVwWA%"] + ["100% sure", "a%", "%/", "%é", '"q"', "  x  y  "],
    "Environment": ['A=b "C=d e" F=%i', "A='x y'", 'A="x"y', "A=\\x41", "A", "1=2", "A= B=", "A=$B", '"A=a\\"b"', "A=b\\\\c", "A=%%"],
}


def unquote(text):
    """The words of a line as either of the two writes it."""
    words, word, quoted, rest = [], None, False, text
    while rest:
        m = re.match(r'\\x([0-9a-f]{2})|\\([0-7]{3})|\\(.)|(")|( )|(.)', rest, re.DOTALL)
        rest = rest[m.end():]
        if m[4]:
            quoted, word = not quoted, word or ""
        elif m[5] and not quoted:
            words, word = words + ([word] if word is not None else []), None
        else:
            word = (word or "") + (chr(int(m[1], 16)) if m[1] else chr(int(m[2], 8)) if m[2] else
                                   ESCAPES.get(m[3], m[3]) if m[3] else m[0])
    return words + ([word] if word is not None else [])


class Comparison:
    """Unit files in a directory that an ordinary user may read: systemd refuses --test to root."""

    def __init__(self, tend, directory):
        self.tend, self.directory, self.units = tend, directory, []
        self.user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        self.environment = {"XDG_RUNTIME_DIR": str(directory), "HOME": str(directory), "PATH": os.environ["PATH"],
                            "SYSTEMD_UNIT_PATH": str(directory), "SYSTEMD_LOG_LEVEL": "crit"}

    def add(self, text):
        name = f"e{len(self.units)}@x-y.service"
        (self.directory / name.replace("x-y", "")).write_text(text)
        self.units.append(name)
        return name

    def theirs(self):
        wants = "".join(f"Wants={name}\n" for name in self.units)
        (self.directory / "all.target").write_text(f"[Unit]\n{wants}")
        said = subprocess.run([*self.user, MANAGER, "--test", "--system", "--unit=all.target"], capture_output=True, text=True,
                              env=self.environment, stdin=subprocess.DEVNULL, check=True).stdout
        found, values, kind = {}, {}, ""
        for line in said.split("\n"):
            if m := re.match(r"\t?-> Unit (\S+):$", line):
                values = found.setdefault(m[1], {})
            elif m := re.match(r"\t\t-> (Exec\w+):", line):
                kind = m[1]
            elif m := re.match(r"\t\t\tCommand Line: (.*)$|\t\t(\w[\w ]*): ?(.*)$", line):
                values.setdefault(m[2] or kind, []).append(m[3] if m[2] else m[1])
        return found

    def ours(self, name):
        """None where tend refuses the unit."""
        # Without a home the directories are the system's, as there.
        environment = {key: value for key, value in self.environment.items() if key not in ("HOME", "XDG_RUNTIME_DIR")}
        shown = subprocess.run([*self.user, str(self.tend.path), "show", "--unit-path", str(self.directory), "--unit", name],
                               capture_output=True, text=True, env=environment)
        if shown.returncode != 0:
            assert re.search(r"@\.service:\d+: error: ", shown.stderr), shown.stderr
            return None
        found = {}
        for m in re.finditer(r"^  (\w+)=(.*?) +(?:default(?: of a unit file)?|/\S+:\d+)$", shown.stdout, re.MULTILINE):
            found.setdefault(m[1], []).append(m[2])
        return found


@pytest.fixture
def comparison(tend):
    directory = Path(tempfile.mkdtemp(prefix="tend-agree-"))
    directory.chmod(0o755)
    yield Comparison(tend, directory)
    shutil.rmtree(directory)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_words_of_commands(comparison, seed):
    """Command lines by chance. What systemd only drops of them with a warning, as a last command with a wrong quote, tend refuses."""
    chance = random.Random(seed)
    lines = ["".join(chance.choices(PIECES, k=chance.randint(1, 9))) for _ in range(250)]
    units = {comparison.add(f"[Service]\nType=oneshot\nExecStart=/bin/echo {line}\n"): line for line in lines}
    found, agreed = comparison.theirs(), 0
    for name, line in units.items():
        theirs, ours = found[name], comparison.ours(name)
        if ours is None:
            assert theirs["Unit Load State"] == ["bad-setting"] or " ;" in line or "\t;" in line, line
        else:
            assert [unquote(c) for c in theirs.get("ExecStart", [])] == [unquote(c) for c in ours["ExecStart"]], line
            agreed += 1
    assert agreed > 100


def size(text):
    m = re.fullmatch(r"(\d+)([KMGTPE]?)", text)
    return str(int(m[1]) << 10 * " KMGTPE".index(m[2] or " ")) if m else text


UNITS = {"y": 31557600, "month": 2629800, "w": 604800, "d": 86400, "h": 3600, "min": 60, "s": 1}


def seconds(text):
    parts = re.findall(r"(\d+)(y|month|w|d|h|min|ms|us|s|$)", text)
    return str(sum(int(n) * UNITS.get(unit, 0) for n, unit in parts)) if parts else text


# systemd cuts spans to seconds here, shows hard limits in numbers, and no "-"; what is not set it takes from itself.
PLAIN = {
    "Environment": lambda v: unquote(v) if v.startswith('"') else [v],
    "Limit": lambda v: size(v.split(":")[-1]).replace("18446744073709551615", "infinity"),
    "Signal": lambda v: v.replace("SIGRTMIN+0", "SIGRTMIN"),
    "Sec": seconds,
    "WorkingDirectory": lambda v: v.removeprefix("-"),
}


def plain(key, values, unset):
    """Values as both would write them."""
    change = next((change for end, change in PLAIN.items() if key.startswith(end) or key.endswith(end)), str)
    return [v for v in map(change, values or []) if v not in ("", "0", change(unset))]


@pytest.mark.parametrize("key", VALUES)
def test_the_same_values(comparison, key):
    section = "Unit" if key == "Description" else "Service"
    rest = "[Service]\nType=oneshot\nExecStart=/bin/true\n"
    default = comparison.add(rest)
    units = {comparison.add(f"[{section}]\n{key}={value}\n{rest}"): value for value in VALUES[key]}
    found = comparison.theirs()
    unset = (found[default].get(key) or [""])[0]
    assert len(found) > len(units)
    for name, value in units.items():
        theirs, ours = plain(key, found[name].get(key), unset), comparison.ours(name)
        if ours is None:
            assert found[name]["Unit Load State"] == ["bad-setting"] or not theirs, value
        else:
            assert plain(key, ours.get(key), unset) == theirs, value
