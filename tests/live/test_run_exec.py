"""What a service gets: its command line, environment, user, limits, standard streams and all the rest."""
import os
import re
import signal
import stat

import pytest
from conftest import until

USUAL = {"PATH": "/usr/bin:/bin", "HOME": "/root"}
need_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may change users")


def lines(text):
    return text.split("\n")[:-1]


def once(tend, text, **options):
    """A service that runs once; returns what it said."""
    p = tend.serve(f"[svc]\nType=oneshot\nRestart=no\n{text}\n", **options)
    assert p.wait() == 0, p.err
    return p.out


# ---- command lines -----------------------------------------------------------------------------------------

COMMANDS = {
    "words": ("one two  three", ["one", "two", "three"]),
    "quotes": ("\"one two\" 'three four' five\" \"six", None),
    "empty word": ("'' \"\"", ["", ""]),
    "escapes": (r"a\x41b \101 tab\tulator back\\slash \s", ["aAb", "A", "tab\tulator", "back\\slash", " "]),
    "semicolon": ("a \\; b", ["a", ";", "b"]),
    "comment signs": ("a # b ;c", ["a", "#", "b", ";c"]),
    "variable": ("${A} $A x${A}y", ["1 2", "1", "2", "x1 2y"]),
    "unset": ("${NO_SUCH:-} $NO_SUCH_ONE end", ["", "end"]),
    "default": ("${NO_SUCH:-word} ${A:-word}", ["word", "1 2"]),
    "dollar": ("$$A $$$$ a$", ["$A", "$$", "a$"]),
    "specifiers": ("%n %N %p %% %i|", ["svc.service", "svc", "svc", "%", "|"]),
    "other signs": ("* ? ~ > < & | `x` !", ["*", "?", "~", ">", "<", "&", "|", "`x`", "!"]),
    "continued": ("one \\\n  two \\\n; a comment\n  three", ["one", "two", "three"]),
}


@pytest.mark.parametrize("given, words", COMMANDS.values(), ids=COMMANDS)
def test_command_line(tend, tmp_path, given, words):
    (tmp_path / "show").write_text('#!/bin/sh\nfor word; do printf "<%s>\\n" "$word"; done\n')
    (tmp_path / "show").chmod(0o755)
    if words is None:
        words = ["one two", "three four", "five six"]
    out = once(tend, f"Environment='A=1 2'\nExecStart={tmp_path}/show {given}")
    assert lines(out) == [f"<{word}>" for word in words]


def test_long_command_line(tend):
    word = "x" * 60000
    assert once(tend, f"ExecStart=echo {word}") == word + "\n"


PREFIXES = {
    "-": ("ExecStart=-false\nExecStart=echo on", "on\n"),
    "@": ("ExecStart=@sh other-name -c 'echo $$0'", "other-name\n"),
    ":": ("ExecStart=:echo ${PATH} $$ $X", "${PATH} $$ $X\n"),
    "-@": ("ExecStart=-@false other-name\nExecStart=echo on", "on\n"),
    "@-:": ("ExecStart=@-:echo other-name $X", "$X\n"),
}


@pytest.mark.parametrize("text, out", PREFIXES.values(), ids=PREFIXES)
def test_prefix(tend, text, out):
    assert once(tend, text) == out


@need_root
@pytest.mark.parametrize("prefix, name", [("", "nobody"), ("+", "root"), ("!", "root")])
def test_prefix_and_user(tend, prefix, name):
    assert once(tend, f"User=nobody\nExecStart={prefix}id -un") == name + "\n"


def test_privileged_command_has_no_limits(tend):
    out = once(tend, "LimitNOFILE=100\nExecStart=sh -c 'ulimit -n'\nExecStart=+sh -c 'ulimit -n'")
    assert lines(out)[0] == "100" and lines(out)[1] != "100"


# ---- environment -------------------------------------------------------------------------------------------

FILE = "# a comment\nA=file\nB='two words'\nC=\"quoted \\\"words\\\"\"\n\n; another\nD=${A}\nnonsense\nE=last\n"

ENVIRONMENTS = {
    "the container's": ("", {"A": "outer", "PATH": "/usr/bin:/bin"}),
    "set": ("Environment=A=1 B=2", {"A": "1", "B": "2"}),
    "quoted": ("Environment=\"A=one two\" 'B=three \"four\"'", {"A": "one two", "B": 'three "four"'}),
    "the last one": ("Environment=A=1\nEnvironment=A=2", {"A": "2"}),
    "reset": ("Environment=A=1 B=2\nEnvironment=\nEnvironment=C=3", {"A": "outer", "B": None, "C": "3"}),
    "specifiers": ("Environment=A=%n", {"A": "svc.service"}),
    "default": ("Environment=B=${NO_SUCH:-fallback} C=${A}", {"B": "fallback", "C": "outer"}),
    "unset": ("Environment=B=2\nUnsetEnvironment=A B", {"A": None, "B": None}),
    "unset a value": ("Environment=B=2\nUnsetEnvironment=A=other B=2", {"A": "outer", "B": None}),
    "file": ("EnvironmentFile={}/file", {"A": "file", "B": "two words", "C": 'quoted "words"', "D": "${A}", "E": "last"}),
    "file over set": ("Environment=A=1 Z=26\nEnvironmentFile={}/file", {"A": "file", "Z": "26"}),
    "files in order": ("EnvironmentFile={}/file\nEnvironmentFile={}/other", {"A": "other", "E": "last"}),
    "pattern": ("EnvironmentFile={}/[fo]*e*", {"A": "other", "E": "last"}),
    "pattern that fits nothing": ("EnvironmentFile=-{}/none*\nEnvironmentFile={}/other", {"A": "other"}),
    "pattern, and one that is no file": ("EnvironmentFile=-{}/[bo]*", {"A": "other"}),
    "optional": ("EnvironmentFile=-{}/none\nEnvironmentFile={}/other", {"A": "other"}),
    "reset files": ("EnvironmentFile={}/none\nEnvironmentFile=\nEnvironmentFile={}/other", {"A": "other", "E": None}),
    "not tend's own": ("", {"NOTIFY_SOCKET": None, "LISTEN_FDS": None, "LISTEN_PID": None}),
}


@pytest.mark.parametrize("text, expected", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_environment(tend, tmp_path, text, expected):
    (tmp_path / "file").write_text(FILE)
    (tmp_path / "other").write_text("A=other\n")
    (tmp_path / "bad").mkdir()
    out = once(tend, text.replace("{}", str(tmp_path)) + "\nExecStart=env",
               env={**USUAL, "A": "outer", "NOTIFY_SOCKET": "@none", "LISTEN_FDS": "1", "LISTEN_PID": "1"})
    have = dict(line.split("=", 1) for line in lines(out))
    for name, value in expected.items():
        assert have.get(name) == value, f"{name} in {have}"


def test_environment_file_is_read_at_each_start(tend, tmp_path):
    (tmp_path / "file").write_text("A=1\n")
    p = tend.serve(f"[a]\nWorkingDirectory={tmp_path}\nRestartSec=0\nEnvironmentFile={tmp_path}/file\n"
                   "ExecStart=sh -c 'echo A=$A; echo A=2 > file; [ $A = 2 ]'\n")
    assert p.wait() == 0
    assert lines(p.out) == ["A=1", "A=2"]


def test_invocation_id(tend):
    """One for all commands of a start, and another for the next start."""
    p = tend.serve("[a]\nRestartSec=0\nStartLimitBurst=2\nExecStartPre=sh -c 'echo $INVOCATION_ID'\n"
                   "ExecStart=sh -c 'echo $INVOCATION_ID; exit 3'\n")
    assert p.wait() == 3
    first, again, second, last = lines(p.out)
    assert first == again != second == last
    assert re.fullmatch("[0-9a-f]{32}", first) and re.fullmatch("[0-9a-f]{32}", second)


def test_no_environment_at_all(tend):
    out = once(tend, "ExecStart=env", env={})
    have = dict(line.split("=", 1) for line in lines(out))
    assert set(have) == {"PATH", "INVOCATION_ID"} and "/usr/bin" in have["PATH"]


def test_program_is_looked_for_in_the_path_of_the_service(tend, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "prog").write_text(f"#!/bin/sh\necho {folder}\n")
    (tmp_path / "two" / "prog").chmod(0o755)  # the one in `one` may not be executed
    assert once(tend, f"Environment=PATH=/no/such:{tmp_path}/one:{tmp_path}/two:/bin\nExecStart=prog") == "two\n"


# ---- users -------------------------------------------------------------------------------------------------

USERS = {
    "name": ("User=daemon", "daemon 1 1 1"),
    "number": ("User=1", "daemon 1 1 1"),
    "number of nobody": ("User=54321\nGroup=54321", "54321 54321 54321 54321"),
    "its group": ("User=nobody", "nobody 65534 65534 65534"),
    "another group": ("User=daemon\nGroup=mail", "daemon 1 8 8"),
    "group alone": ("Group=mail", "root 0 8"),
    "more groups": ("User=daemon\nSupplementaryGroups=mail 9999", "daemon 1 1 1 8 9999"),
}


@need_root
@pytest.mark.parametrize("text, said", USERS.values(), ids=USERS)
def test_user(tend, text, said):
    out = once(tend, text + "\nExecStart=sh -c 'echo $(id -un 2>&-) $(id -u) $(id -g) $(id -G)'")
    assert out.split()[:len(said.split())] == said.split()
    if "User=" in text:
        assert out.split() == said.split()


@need_root
@pytest.mark.parametrize("text, groups", [("User=daemon", "1 777"), ("Group=daemon", "1"), ("User=daemon\nGroup=extra", "777")],
                         ids=["user", "group alone", "both"])
def test_groups_that_have_members(tend, tmp_path, text, groups):
    (tmp_path / "group").write_text("root:x:0:\nextra:x:777:nobody,daemon\ndaemon:x:1:\n")
    out = once(tend, text + "\nExecStart=id -G",
               wrapper=["sh", "-c", f'mount --bind {tmp_path}/group /etc/group && exec "$@"', "sh"])
    assert out == groups + "\n"


@need_root
def test_user_variables(tend):
    out = once(tend, "User=daemon\nExecStart=sh -c 'echo $$HOME $$USER $$LOGNAME $$SHELL'", env=USUAL)
    assert out == "/usr/sbin daemon daemon /usr/sbin/nologin\n"


@need_root
def test_user_has_no_capabilities(tend):
    out = once(tend, "User=daemon\nExecStart=grep -E 'Cap(Eff|Prm)|Groups' /proc/self/status")
    assert [line.split()[1:] for line in lines(out)] == [["1"], ["0" * 16], ["0" * 16]]


@need_root
def test_home(tend):
    assert once(tend, "User=daemon\nWorkingDirectory=~\nExecStart=pwd") == "/usr/sbin\n"


# ---- limits and the like -----------------------------------------------------------------------------------

SETTINGS = {
    "LimitNOFILE": ("LimitNOFILE=100", "ulimit -Sn; ulimit -Hn", "100 100"),
    "soft and hard": ("LimitNOFILE=100:200", "ulimit -Sn; ulimit -Hn", "100 200"),
    "LimitCORE": ("LimitCORE=0", "ulimit -c", "0"),
    "LimitFSIZE": ("LimitFSIZE=1M", "ulimit -f", "2048"),
    "LimitCPU": ("LimitCPU=1min", "ulimit -t", "60"),
    "LimitSTACK infinity": ("LimitSTACK=infinity", "ulimit -s", "unlimited"),
    "UMask": ("UMask=0027", "umask", "0027"),
    "Nice": ("Nice=5", "cut -d\" \" -f19 /proc/self/stat", "5"),
    "OOMScoreAdjust": ("OOMScoreAdjust=500", "cat /proc/self/oom_score_adj", "500"),
    "WorkingDirectory": ("WorkingDirectory=/usr", "pwd", "/usr"),
    "WorkingDirectory, optional": ("WorkingDirectory=-/no/such", "echo went on", "went on"),
    "SIGPIPE ignored": ("", "grep SigIgn /proc/self/status", "SigIgn: 0000000000001000"),
    "SIGPIPE not ignored": ("IgnoreSIGPIPE=no", "grep SigIgn /proc/self/status", "SigIgn: 0000000000000000"),
    "no signal blocked": ("", "grep SigBlk /proc/self/status", "SigBlk: 0000000000000000"),
    "its own session": ("", "cut -d\" \" -f6 /proc/$$$$/stat; echo $$$$", None),
    "no descriptor but the three": ("", "exec ls /proc/self/fd", "0 1 2 3"),
}


@pytest.mark.parametrize("text, command, said", SETTINGS.values(), ids=SETTINGS)
def test_setting(tend, text, command, said):
    out = once(tend, f"{text}\nExecStart=sh -c '{command}'").split()
    if said is None:
        assert out[0] == out[1]
    else:
        assert out == said.split()


def test_umask_is_the_containers(tend):
    assert once(tend, "ExecStart=sh -c umask", wrapper=["sh", "-c", 'umask 0071; exec "$@"', "sh"]) == "0071\n"


def test_directory_is_the_containers(tend, tmp_path):
    assert once(tend, "ExecStart=pwd", wrapper=["env", "-C", str(tmp_path)]) == f"{tmp_path}\n"


# ---- standard streams --------------------------------------------------------------------------------------

def test_output_goes_where_tends_goes(tend):
    p = tend.serve("[a]\nType=oneshot\nExecStart=sh -c 'echo out; echo err >&2'\n")
    assert p.wait() == 0
    assert p.out == "out\n" and "\nerr\n" in "\n" + p.err


OLD = "a line that is longer than what comes\n"
STREAMS = {
    "file": ("StandardOutput=file:{}", "out\nerr\n" + OLD[8:]),
    "append": ("StandardOutput=append:{}", OLD + "out\nerr\n"),
    "truncate": ("StandardOutput=truncate:{}", "out\nerr\n"),
    "one file for both": ("StandardOutput=truncate:{}\nStandardError=truncate:{}", "out\nerr\n"),
    "error alone": ("StandardError=truncate:{}", "err\n"),
    "error elsewhere": ("StandardOutput=truncate:{}\nStandardError=null", "out\n"),
    "output alone": ("StandardOutput=null\nStandardError=truncate:{}", "err\n"),
}


@pytest.mark.parametrize("text, content", STREAMS.values(), ids=STREAMS)
def test_streams_to_files(tend, tmp_path, text, content):
    log = tmp_path / "log"
    log.write_text(OLD)
    p = tend.serve(f"[a]\nType=oneshot\n{text.replace('{}', str(log))}\nExecStart=sh -c 'echo out; echo err >&2'\n")
    assert p.wait() == 0
    assert log.read_text() == content
    assert "out\n" not in p.out or text.startswith("StandardError")


def test_a_file_blocks(tend, tmp_path):
    """It is opened without waiting, for PID 1's sake; the service gets it as any shell would give it."""
    os.mkfifo(tmp_path / "fifo")
    held = os.open(tmp_path / "fifo", os.O_RDWR)
    code = "import os; print([os.get_blocking(fd) for fd in (0, 1)], flush=True)"
    once(tend, f"StandardInput=file:{tmp_path}/fifo\nStandardOutput=file:{tmp_path}/fifo\nExecStart=python3 -IS -c '{code}'")
    assert os.read(held, 100) == b"[True, True]\n"
    os.close(held)


def test_new_file_has_the_mode_of_the_umask(tend, tmp_path):
    once(tend, f"UMask=0037\nStandardOutput=append:{tmp_path}/new\nExecStart=echo x")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_appends_run_after_run(tend, tmp_path):
    p = tend.serve(f"[a]\nRestartSec=0\nStartLimitBurst=3\nStandardOutput=append:{tmp_path}/log\nExecStart=sh -c 'echo run; exit 1'\n")
    assert p.wait() == 1
    assert (tmp_path / "log").read_text() == "run\n" * 3


INPUTS = {
    "default": ("", "cat", ""),
    "null": ("StandardInput=null", "cat", ""),
    "file": ("StandardInput=file:{}", "cat", "from the file\n"),
    "inherit": ("StandardInput=inherit", "head -n1", "from outside\n"),
}


@pytest.mark.parametrize("text, command, said", INPUTS.values(), ids=INPUTS)
def test_input(tend, tmp_path, text, command, said):
    (tmp_path / "input").write_text("from the file\n")
    (tmp_path / "outside").write_text("from outside\n")
    with open(tmp_path / "outside", encoding="utf-8") as stdin:
        p = tend.serve(f"[a]\nType=oneshot\n{text.replace('{}', str(tmp_path / 'input'))}\nExecStart={command}\n", stdin=stdin)
    assert p.wait() == 0
    assert p.out == said


def test_fifo_without_a_reader_holds_nobody_up(tend, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    p = tend.serve(f"[a]\nRestart=no\nFailureAction=none\nStandardOutput=file:{tmp_path}/fifo\nExecStart=echo x\n"
                   "[b]\nAfter=a\nExecStart=sh -c 'echo b; exec sleep inf'\n")
    p.wait_for("^b$")
    assert "a.service: opening its standard output: " in p.err
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_service_sees_no_difference_of_its_pipes(tend):
    """tend makes its own stderr non-blocking; what the services inherit is not."""
    out = once(tend, "ExecStart=grep flags /proc/self/fdinfo/2")
    assert int(out.split()[1], 8) & os.O_NONBLOCK == 0


def test_foreground_flag_of_limits_that_may_not_be_raised(tend):
    """Without CAP_SYS_RESOURCE a limit goes as near as it can, and that is said once."""
    p = tend.serve("[a]\nType=oneshot\nLimitNOFILE=infinity\nExecStart=sh -c 'ulimit -n'\n",
                   wrapper=["prlimit", "--nofile=50:60", "setpriv", "--bounding-set=-all", "--inh-caps=-all"])
    assert p.wait() == 0
    assert p.out == "60\n"
    assert p.err.count("is not enforced: the container lacks the capability for it") == 1


def test_children_of_all_kinds_are_reaped(tend):
    p = tend.serve("[a]\nExecStartPre=true\nExecStart=sh -c 'echo up; exec sleep inf'\nExecStartPost=-false\nExecStop=true\n")
    p.wait_for("^tend: ready")
    p.wait_for("^up$")
    until(lambda: len(p.children()) == 1)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
