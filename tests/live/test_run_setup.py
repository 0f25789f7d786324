"""What is looked at and made before a service starts: conditions, assertions, directories, scheduling, input."""
import os
import re
import shutil
import signal
import subprocess

import pytest

need_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may change users")
# Directories of its own: what a test makes below /run does not meet the machine's.
SCRATCH = ["sh", "-c", "d=$(mktemp -d) && cp /etc/passwd /etc/group $d && "
           "for m in /run /var/lib /var/cache /var/log /etc; do mount -t tmpfs -o mode=755 none $m || exit; done && "
           "cp $d/* /etc && rm -r $d && exec \"$0\" \"$@\""]


def once(tend, text, code=0, **options):
    """A service that runs once; returns what it said."""
    p = tend.serve(f"[svc]\nType=oneshot\nRestart=no\n{text}\n", **options)
    assert p.wait() == code, p.err
    return p


# ---- conditions --------------------------------------------------------------------------------------------

CONDITIONS = {
    "met": ("ConditionPathExists=/", True),
    "not met": ("ConditionPathExists=/no/such", False),
    "negated": ("ConditionPathExists=!/no/such", True),
    "both must hold": ("ConditionPathExists=/\nConditionPathIsDirectory=/no/such", False),
    "one of two": ("ConditionPathExists=|/no/such\nConditionPathExists=|/", True),
    "none of two": ("ConditionPathExists=|/no/such\nConditionPathExists=|!/", False),
    "container": ("ConditionVirtualization=container", True),
    "machine": ("ConditionVirtualization=!container", False),
    "reset": ("ConditionPathExists=/no/such\nConditionPathExists=", True),
    "glob": ("ConditionPathExistsGlob=/et?/pass*", True),
    "environment": ("ConditionEnvironment=MARK=1", True),
    "other environment": ("ConditionEnvironment=MARK=2", False),
    "mount point": ("ConditionPathIsMountPoint=/proc", True),
    "own argument": ("ConditionKernelCommandLine=run", True),
    "no such argument": ("ConditionKernelCommandLine=quiet", False),
}


@pytest.mark.parametrize("text, starts", CONDITIONS.values(), ids=CONDITIONS)
def test_condition(tend, text, starts):
    p = once(tend, f"{text}\nExecStart=echo started", add_env={"MARK": "1"})
    assert p.out == ("started\n" if starts else ""), p.err
    assert ("svc.service: skipped: " in p.err) == (not starts)


# What is made of the world first, and what is asked then.
MADE = {
    "a limit of the container": ("mount -t tmpfs none /sys/fs/cgroup && echo 104857600 >/sys/fs/cgroup/memory.max", "Memory=<200M", True),
    "first boot": ("touch /run/systemd/first-boot", "FirstBoot=yes", True),
    "not the first boot": ("touch /run/systemd/first-boot", "FirstBoot=no", False),
    "this machine": ("echo 0123456789abcdef0123456789abcdef >/etc/machine-id", "Host=01234567-89AB-cdef-0123-456789abcdef", True),
    "another machine": ("echo 0123456789abcdef0123456789abcdef >/etc/machine-id", "Host=01234567-89ab-cdef-0123-456789abcdee", False),
    "an update": ("touch -d 1971-01-01 /etc/.updated", "NeedsUpdate=/etc", True),
    "no update": ("touch -r /usr /etc/.updated", "NeedsUpdate=/etc", False),
}


@need_root
@pytest.mark.parametrize("make, text, starts", MADE.values(), ids=MADE)
def test_condition_of_a_world_that_is_made(tend, make, text, starts):
    p = once(tend, f"Condition{text}\nExecStart=echo started", wrapper=[*SCRATCH, "sh", "-c", f'mkdir -p /run/systemd && {make} && exec "$@"', "sh"])
    assert p.out == ("started\n" if starts else ""), p.err


@need_root
def test_condition_of_a_group_beside_the_first(tend):
    for group, out in (("1234", "started\n"), ("1235", "")):
        p = once(tend, f"ConditionGroup={group}\nExecStart=echo started", wrapper=["setpriv", "--groups", "7,1234"])
        assert p.out == out, p.err


def test_condition_is_named(tend):
    p = once(tend, "ConditionPathExists=/\nConditionPathExists=|/\nConditionFileNotEmpty=!/etc/passwd\nExecStart=echo started")
    assert "svc.service: skipped: ConditionFileNotEmpty=!/etc/passwd is not met" in p.err
    p = once(tend, "ConditionUser=|no-such-user\nExecStart=echo started")
    assert "svc.service: skipped: none of its conditions with | is met" in p.err


def test_what_is_skipped_holds_nobody_up(tend):
    p = tend.serve("[a]\nConditionPathExists=/no/such\nExecStart=sleep inf\n"
                   "[b]\nType=oneshot\nRestart=no\nAfter=a\nRequires=a\nExecStart=echo on\n")
    assert p.wait() == 0 and p.out == "on\n"


def test_condition_is_looked_at_before_each_start(tend, tmp_path):
    flag = tmp_path / "flag"
    flag.touch()
    p = tend.serve(f"[a]\nRestartSec=0\nConditionPathExists={flag}\nExecStart=sh -c 'echo run; rm {flag}; exit 1'\n")
    assert p.wait() == 0
    assert p.out == "run\n" and f"skipped: ConditionPathExists={flag} is not met" in p.err


def test_foreground_command_that_is_skipped(tend):
    p = tend.serve("[command]\nConditionPathExists=/no/such\n[other]\nExecStart=sleep inf\n", "--", "echo", "started")
    assert p.wait() == 0 and p.out == ""


def test_assertion(tend):
    assert once(tend, "AssertPathExists=/\nExecStart=echo started").out == "started\n"
    p = once(tend, "AssertPathExists=/no/such\nExecStart=echo started", code=70)
    assert p.out == "" and "svc.service: not started: AssertPathExists=/no/such is not met" in p.err


def test_assertion_fails_those_that_require_it(tend):
    p = tend.serve("[a]\nFailureAction=none\nAssertPathExists=/no/such\nExecStart=sleep inf\n"
                   "[b]\nFailureAction=none\nAfter=a\nRequires=a\nExecStart=echo never\n")
    assert p.wait() == 70 and p.out == ""
    assert "b.service: not started: it requires a.service, which has failed" in p.err


@pytest.mark.parametrize("end, code, out", [
    ("exit 0", 0, "started\n"), ("exit 1", 0, ""), ("exit 254", 0, ""), ("exit 255", 255, ""), ("kill -9 $$$$", 137, ""),
    ("kill $$$$", 143, "")])
def test_exec_condition(tend, end, code, out):
    p = once(tend, f"ExecCondition=sh -c '{end}'\nExecStart=echo started", code=code)
    assert p.out == out
    assert ("skipped: ExecCondition= exited with code" in p.err) == (code == 0 and out == "")


def test_exec_condition_lines_and_prefix(tend):
    text = "ExecCondition=-false\nExecCondition=echo second\nExecCondition=false\nExecCondition=echo fourth\nExecStart=echo started"
    assert once(tend, text).out == "second\n"


def test_exec_condition_with_restart_always_does_not_come_back(tend):
    p = tend.serve("[a]\nRestart=always\nExecCondition=false\nExecStart=echo started\nExecStopPost=sh -c 'echo $SERVICE_RESULT'\n")
    assert p.wait() == 0 and p.out == "exec-condition\n"


# Each as systemd answers it too.
ASKED_BOTH = r"""
KernelVersion=>= 5.10
KernelVersion=>=5.10 <7
KernelVersion=< 6.1
KernelVersion=6.*
KernelVersion=!6.*
CPUs=2
CPUs=< 3
Memory=1G
Memory=<= 64M
Architecture=x86-64
Architecture=native
Architecture=arm64
OSRelease=ID=debian
OSRelease=VERSION_ID>=12
OSRelease=VERSION_ID >= 12
OSRelease="VERSION_ID" < 12
OSRelease=NOSUCH=
OSRelease=VERSION_ID==12
OSRelease=VERSION_ID<>12
OSRelease=ID=debian VERSION_ID<5
OSRelease=ID=deb*
Capability=CAP_SYS_ADMIN
Capability=cap_chown
Capability=CAP_NOPE
User=root
User=0
User=@system
User=nobody
Group=root
Group=daemon
Host=*
Host=nope
PathIsMountPoint=/proc
PathIsMountPoint=/proc/self
PathIsReadWrite=/
PathIsReadWrite=/nope
DirectoryNotEmpty=/nope
DirectoryNotEmpty=/etc
PathExistsGlob=/etc/*.conf
PathExistsGlob=/etc/*.nope
PathExistsGlob=/e*/host{s,x}
FileIsExecutable=/bin/sh
FileIsExecutable=/etc/passwd
FileNotEmpty=/etc/passwd
Security=selinux
Security=apparmor
Security=audit
Security=nope
NeedsUpdate=/etc
NeedsUpdate=/var
ACPower=yes
ACPower=no
FirstBoot=yes
FirstBoot=no
KernelCommandLine=nope
OSRelease=ID=debian VERSION_ID>=12
PathExistsGlob=/etc/{nope,host{s,x}}
"""


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd to compare with")
def test_conditions_as_systemd_sees_them(tend):
    asked = ["Condition" + line for line in ASKED_BOTH.split("\n") if line]
    text = "".join(f"[c{i}]\nType=oneshot\nRestart=no\n{line}\nExecStart=echo {i}\n" for i, line in enumerate(asked))
    p = tend.serve(text, pid1=False)
    assert p.wait() == 0, p.err
    ours = {asked[int(number)] for number in p.out.split()}
    theirs = {line for line in asked if subprocess.run(["systemd-analyze", "condition", line], capture_output=True).returncode == 0}
    assert theirs and ours == theirs


# ---- directories -------------------------------------------------------------------------------------------

@need_root
def test_directories(tend):
    p = once(tend, "User=nobody\nRuntimeDirectory=web lock/web\nRuntimeDirectoryMode=0750\nStateDirectory=web\nCacheDirectory=web\n"
             "LogsDirectory=web\nLogsDirectoryMode=0700\nConfigurationDirectory=web\nUMask=0077\n"
             "ExecStart=sh -c 'env | grep _DIRECTORY | sort; touch /run/web/x /var/lib/web/x; "
             "stat -c \"%%U %%a %%n\" /run/web /run/lock /run/lock/web /var/lib/web /var/cache/web /var/log/web /etc/web'",
             wrapper=SCRATCH)
    assert p.out.splitlines() == [
        "CACHE_DIRECTORY=/var/cache/web", "CONFIGURATION_DIRECTORY=/etc/web", "LOGS_DIRECTORY=/var/log/web",
        "RUNTIME_DIRECTORY=/run/web:/run/lock/web", "STATE_DIRECTORY=/var/lib/web",
        "nobody 750 /run/web", "root 755 /run/lock", "nobody 750 /run/lock/web", "nobody 755 /var/lib/web",
        "nobody 755 /var/cache/web", "nobody 700 /var/log/web", "root 755 /etc/web"]


@need_root
def test_state_that_is_there_is_given_to_the_user(tend):
    p = once(tend, "User=nobody\nStateDirectory=web\nExecStartPre=+sh -c 'mkdir /var/lib/web/in; touch /var/lib/web/in/f; "
             "chown -R 0 /var/lib/web; ln -s /etc/passwd /var/lib/web/link'\n"
             "ExecStart=sh -c 'cd /var/lib/web; stat -c \"%%U %%n\" . in in/f link; stat -Lc %%U link'", wrapper=SCRATCH)
    assert p.out.splitlines() == ["nobody .", "nobody in", "nobody in/f", "nobody link", "root"]


@need_root
def test_state_that_is_the_users_already(tend):
    """Its mode is set; what is in it is left as it is."""
    p = once(tend, "User=nobody\nStateDirectory=web\nStateDirectoryMode=0750\nExecStart=sh -c 'stat -c \"%%U %%a %%n\" /var/lib/web /var/lib/web/*'",
             wrapper=[*SCRATCH, "sh", "-c", 'mkdir -m 777 /var/lib/web && touch /var/lib/web/x && chmod 640 /var/lib/web/x && '
                      'chown nobody:nogroup /var/lib/web && exec "$@"', "sh"])
    assert p.out == "nobody 750 /var/lib/web\nroot 640 /var/lib/web/x\n"


@need_root
@pytest.mark.parametrize("there, code", [("ln -s /var/lib/web", 0), ("ln -s /var/lib/other", 238), ("touch", 238)])
def test_link_that_is_there(tend, there, code):
    """What leads elsewhere is somebody's: it is not replaced."""
    once(tend, "StateDirectory=web:alias\nExecStart=true", code, wrapper=[*SCRATCH, "sh", "-c", f'{there} /var/lib/alias && exec "$@"', "sh"])


@need_root
def test_what_is_mounted_in_a_runtime_directory_is_left(tend):
    p = tend.serve("[svc]\nType=oneshot\nRestart=no\nRuntimeDirectory=web\n"
                   "ExecStart=sh -c 'mkdir /run/web/sub; mount -t tmpfs none /run/web/sub; touch /run/web/x /run/web/sub/kept'\n"
                   "[late]\nType=oneshot\nRestart=no\nAfter=svc\nExecStart=find /run/web/sub -type f\n", wrapper=SCRATCH)
    assert p.wait() == 0
    assert p.out == "/run/web/sub/kept\n"
    assert "svc.service: removing /run/web: Device or resource busy" in p.err


@need_root
def test_state_that_is_too_much_to_be_given(tend):
    """PID 1 waits for it: beyond some thousand files that is said, and the service runs all the same."""
    p = once(tend, "User=nobody\nStateDirectory=web\nExecStart=echo up",
             wrapper=[*SCRATCH, "sh", "-c", 'mkdir /var/lib/web && cd /var/lib/web && seq 4200 | xargs touch && exec "$@"', "sh"])
    assert p.out == "up\n"
    assert "svc.service: the owner of all that is in its directories is not enforced: there is too much in them; chown it once" in p.err


@need_root
def test_privileged_command_finds_the_directory_of_the_user(tend):
    p = once(tend, "User=nobody\nRuntimeDirectory=web\nExecStartPre=+stat -c %%U /run/web\nExecStart=true", wrapper=SCRATCH)
    assert p.out == "nobody\n"


@need_root
def test_a_link_of_the_user_leads_nowhere_else(tend):
    """Who owns the outer directory cannot have the inner one be another's."""
    p = once(tend, "User=nobody\nStateDirectory=out out/in\nExecStart=sh -c 'rm -r /var/lib/out/in; ln -s /etc /var/lib/out/in'\n"
             "ExecStart=echo never", code=238, wrapper=SCRATCH)
    assert p.out == "" and re.search("making its state directory: /var/lib/out/in: (Too many levels|Not a directory)", p.err)


@need_root
def test_a_link_of_the_user_has_nothing_else_removed(tend):
    p = once(tend, "User=nobody\nRuntimeDirectory=out/mid/in out\nExecStartPre=+sh -c 'mkdir -p /var/lib/keep/in; touch /var/lib/keep/in/x'\n"
             "ExecStart=sh -c 'mv /run/out/mid /run/out/old; ln -s /var/lib/keep /run/out/mid'\n"
             "[late]\nType=oneshot\nRestart=no\nAfter=svc\nExecStart=sh -c 'ls /var/lib/keep/in; ls -I mount -I systemd /run'", wrapper=SCRATCH)
    assert p.out == "x\n" and "removing /run/out/mid/in: Too many levels of symbolic links" in p.err


AFTERWARDS = "[late]\nType=oneshot\nRestart=no\nAfter=svc\nExecStart=sh -c 'ls -I mount -I systemd /run'\n"


@need_root
@pytest.mark.parametrize("preserve, left", [("no", []), ("yes", ["alias", "web"]), ("restart", [])])
def test_runtime_directory_goes_with_the_service(tend, preserve, left):
    p = tend.serve(f"[svc]\nType=oneshot\nRestart=no\nRuntimeDirectory=web:alias\nRuntimeDirectoryPreserve={preserve}\n"
                   "ExecStart=sh -c 'mkdir -p /run/alias/a/b; touch /run/web/a/b/c; ln -s / /run/web/root'\n"
                   "ExecStopPost=test -e /run/web/a/b/c\n" + AFTERWARDS, wrapper=SCRATCH)
    assert p.wait() == 0, p.err
    assert p.out.split() == left and os.path.exists("/etc/passwd")


@need_root
@pytest.mark.parametrize("preserve, out", [("no", "new\nnew\n"), ("restart", "new\nold\n"), ("yes", "new\nold\n")])
def test_runtime_directory_over_a_restart(tend, preserve, out):
    p = tend.serve(f"[svc]\nRestart=on-failure\nRestartSec=0\nRuntimeDirectory=web\nRuntimeDirectoryPreserve={preserve}\n"
                   "ExecStart=sh -c 'if [ -e /run/web/x ]; then echo old; else echo new; fi; touch /run/web/x; "
                   "[ -e /var/lib/second ] || { touch /var/lib/second; exit 1; }'\n", wrapper=SCRATCH)
    assert p.wait() == 0 and p.out == out, p.err


@need_root
def test_large_runtime_directory_is_out_of_the_way_at_once(tend):
    p = tend.serve("[svc]\nRestart=on-failure\nRestartSec=0\nRuntimeDirectory=web\n"
                   "ExecStart=sh -c 'ls /run/web | wc -l; for i in $(seq 2000); do echo >/run/web/$i; done; "
                   "[ -e /var/lib/second ] || { touch /var/lib/second; exit 1; }'\n"
                   + AFTERWARDS.replace("ls -I mount -I systemd /run", "while ls /run | grep -q web; do sleep .01; done; echo clean"), wrapper=SCRATCH)
    assert p.wait() == 0 and p.out == "0\n0\nclean\n", p.err


@pytest.mark.parametrize("kind, base, code", [("Runtime", "/run", 233), ("State", "/var/lib", 238), ("Cache", "/var/cache", 239),
                                              ("Logs", "/var/log", 240), ("Configuration", "/etc", 241)])
@need_root
def test_directory_that_cannot_be_made(tend, kind, base, code):
    p = once(tend, f"{kind}Directory=file/below\nExecStart=echo never", code=code,
             wrapper=[*SCRATCH, "sh", "-c", f"touch {base}/file && exec \"$0\" \"$@\""])
    assert f"making its {kind.lower()} directory: {base}/file/below: Not a directory" in p.err and p.out == ""


@need_root
def test_working_directory_in_the_state_directory(tend):
    p = once(tend, "StateDirectory=web\nWorkingDirectory=/var/lib/web\nExecStart=pwd", wrapper=SCRATCH)
    assert p.out == "/var/lib/web\n" and "WorkingDirectory" not in p.err


# ---- scheduling, input, signals ----------------------------------------------------------------------------

def test_affinity(tend):
    first = min(os.sched_getaffinity(0))
    assert once(tend, f"CPUAffinity={first}\nExecStart=grep Cpus_allowed_list /proc/self/status").out.split()[1] == str(first)
    p = once(tend, "CPUAffinity=1023\nExecStart=echo on")
    assert p.out == "on\n" and "CPUAffinity= is not enforced: the container has none of these processors" in p.err


def test_timer_slack(tend):
    """Of the service's process, and not of tend."""
    text = "TimerSlackNSec=123us 4ns\nExecStart=sh -c 'cat /proc/self/timerslack_ns /proc/1/timerslack_ns'"
    assert once(tend, text).out.split() == ["123004", "50000"]


def test_core_filter(tend):
    """It is of the memory that tend and the new process share for a moment: tend's own is put back."""
    with open("/proc/self/coredump_filter", encoding="ascii") as f:
        own = f.read().strip()
    text = ("CoredumpFilter=elf-headers 0x1\nExecStart=sh -c 'cat /proc/self/coredump_filter; "
            f"until grep -qx {own} /proc/1/coredump_filter; do sleep 0.01; done; echo back'")
    assert once(tend, text).out.split() == ["00000011", "back"]  # tend may be scheduled after its child


def test_numa(tend):
    text = "ExecStart=grep -m1 stack /proc/self/numa_maps"
    if not os.path.exists("/proc/self/numa_maps"):
        pytest.skip("this kernel has no NUMA")
    assert " interleave:0" in once(tend, f"NUMAPolicy=interleave\nNUMAMask=all\n{text}").out
    assert " bind:0 " in once(tend, f"NUMAPolicy=bind\nNUMAMask=0\n{text}").out
    assert "setting its NUMA policy: there is no NUMAMask=: Invalid argument" in once(tend, f"NUMAPolicy=bind\n{text}", 242).err


@pytest.mark.parametrize("text, shown", [("CPUSchedulingPolicy=batch", "SCHED_BATCH"), ("CPUSchedulingPolicy=idle", "SCHED_IDLE"),
                                         ("CPUSchedulingPolicy=batch\nCPUSchedulingResetOnFork=yes", "SCHED_BATCH|SCHED_RESET_ON_FORK")])
def test_scheduling(tend, text, shown):
    assert f"policy: {shown}" in once(tend, f"{text}\nExecStart=chrt --pid 0").out


@need_root
@pytest.mark.parametrize("text, shown", [("CPUSchedulingPriority=7", "7"), ("", "1")])
def test_real_time(tend, text, shown):
    p = once(tend, f"CPUSchedulingPolicy=rr\n{text}\nExecStart=chrt --pid 0")
    if "is not enforced" in p.err:
        pytest.skip("nobody gets real time here")
    assert "policy: SCHED_RR" in p.out and f"priority: {shown}\n" in p.out


def test_real_time_without_the_capability(tend):
    """In a container it may be refused; the service starts all the same."""
    wrapper = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"] if os.getuid() == 0 else []
    p = once(tend, "CPUSchedulingPolicy=fifo\nCPUSchedulingPriority=10\nExecStart=echo on", wrapper=wrapper)
    assert p.out == "on\n" and p.err.count("CPUSchedulingPolicy= is not enforced: the container lacks the capability") == 1


@pytest.mark.parametrize("text, shown", [("IOSchedulingClass=idle", "idle"), ("IOSchedulingClass=none\nIOSchedulingPriority=6", "none: prio 0"),
                                         ("IOSchedulingPriority=6", "best-effort: prio 6"),
                                         ("IOSchedulingClass=best-effort\nIOSchedulingPriority=1", "best-effort: prio 1")])
def test_io_scheduling(tend, text, shown):
    assert once(tend, f"{text}\nExecStart=ionice").out == shown + "\n"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the names are those of a PC")
def test_personality(tend):
    assert once(tend, "Personality=x86\nExecStart=uname -m").out == "i686\n"
    assert once(tend, "Personality=x86-64\nExecStart=uname -m").out == "x86_64\n"


def test_input_from_the_file(tend):
    text = "StandardInputText=one \\x41 \"two\"\nStandardInputText=  %n\nStandardInputData=dGhy ZWU=\nExecStartPre=cat\nExecStart=cat"
    assert once(tend, text).out == 'one A "two"\nsvc.service\nthree'
    assert once(tend, "StandardInput=null\n" + text).out == ""
    assert once(tend, "StandardInput=data\nExecStart=cat").out == ""


def test_exec_search_path(tend, tmp_path):
    program = tmp_path / "own" / "program"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n/usr/bin/env | /bin/grep ^PATH=\n")
    program.chmod(0o755)
    text = f"ExecSearchPath=/no/such:{program.parent}\nExecStart=program"
    assert once(tend, text).out == f"PATH=/no/such:{program.parent}\n"
    assert once(tend, f"Environment=PATH={program.parent}:/usr/bin\n{text}").out == f"PATH={program.parent}:/usr/bin\n"


def test_final_kill_signal(tend):
    p = tend.serve("[a]\nTimeoutStopSec=200ms\nFinalKillSignal=SIGUSR1\n"
                   "ExecStart=sh -c 'trap \"\" TERM; trap \"echo usr1; exit 0\" USR1; echo up; while :; do sleep .05; done'\n")
    p.wait_for("^up$")
    p.kill(signal.SIGTERM)
    p.wait()
    assert "usr1" in p.out


def test_send_sighup(tend):
    p = tend.serve("[a]\nSendSIGHUP=yes\n"
                   "ExecStart=sh -c 'trap \"\" TERM; trap \"echo hup; exit 0\" HUP; echo up; while :; do sleep .05; done'\n")
    p.wait_for("^up$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0 and "hup" in p.out


def test_restart_kill_signal(tend, tmp_path):
    """The stop that a changed file asks for is one of a restart; the last one is not."""
    text = ("[a]\nDescription={}\nRestartKillSignal=SIGUSR1\nExecStart=sh -c 'trap \"echo usr1; exit 0\" USR1; "
            "trap \"echo term; exit 0\" TERM; echo up; while :; do sleep .05; done'\n")
    p = tend.serve(text.format("one"))
    p.wait_for("^up$")
    (tmp_path / "tend.ini").write_text(text.format("two").replace("RestartKill", "Environment=X=1\nRestartKill"))
    p.kill(signal.SIGHUP)
    p.wait_for("^usr1$")
    p.wait_for("^up$", after=1)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0 and p.out.split() == ["up", "usr1", "up", "term"]


def test_specifiers(tend):
    out = once(tend, "ExecStart=echo %v %l %G %g %b %j").out.split()
    names = os.uname()
    assert out[0] == names.release and out[1] == names.nodename.split(".")[0]
    assert out[2] == str(os.getgid()) or os.getuid() != 0
    assert len(out[4]) == 32 and out[5] == "svc"


@pytest.mark.parametrize("line, words", [
    ("PAMName=login", "PAMName=: tend has no PAM"), ("SyslogIdentifier=x", "without meaning in a container: SyslogIdentifier="),
    ("TTYVTDisallocate=yes", "without meaning in a container: TTYVTDisallocate="), ("ConditionPathIsEncrypted=/", "ConditionPathIsEncrypted= is a setting of systemd")])
def test_noted(tend, tmp_path, line, words):
    (tmp_path / "x.ini").write_text(f"[a]\n{line}\nExecStart=true\n")
    done = tend.run("check", tmp_path / "x.ini")
    assert done.returncode == 1 and words in done.stderr + done.stdout
