"""The real systemctl of Debian 12 (252) and of Debian 13 (257), asked the same of a real systemd and of tend, with the same unit files:
what it prints and its exit codes are the same, but for what DIFFERENT lists."""
import pathlib
import re
import subprocess

import pytest
from conftest import ROOT, TEND, Container, live, make_debian

PACKAGES = ("systemd", "dbus", "dash", "coreutils", "util-linux", "mount", "base-files", "libc-bin")
SUITES = {"bookworm": "252", "trixie": "257"}

UNITS = {
    "web.service": "[Unit]\nDescription=The web\nDocumentation=man:web(8)\n[Service]\nExecStart=sleep inf\nExecReload=true\n"
                   "[Install]\nWantedBy=multi-user.target\nAlias=www.service\n",
    "bad.service": "[Unit]\nDescription=The bad\n[Service]\nExecStart=false\n",
    "job.service": "[Service]\nType=oneshot\nExecStart=true\n",
    "stay.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=true\n",
    "slow.service": "[Service]\nType=notify\nExecStart=sleep inf\nTimeoutStartSec=infinity\n",
    "fails.service": "[Service]\nType=oneshot\nExecStart=false\n",
    "needs.service": "[Unit]\nRequires=fails.service\nAfter=fails.service\n[Service]\nExecStart=sleep inf\n",
    "short.service": "[Service]\nExecStart=sleep 0.3\n",
    "late.service": "[Service]\nExecStart=sh -c 'sleep 0.3; exit 3'\n",
    "idle.service": "[Service]\nExecStart=sleep inf\n",
    "kept.service": "[Service]\nExecStart=sleep inf\n",
    "tick.timer": "[Timer]\nOnCalendar=yearly\nUnit=job.service\n[Install]\nWantedBy=timers.target\n",
    "sock.socket": "[Socket]\nListenStream=/run/sock\n",
    "sock.service": "[Service]\nExecStart=sleep inf\n",
    "watch.path": "[Path]\nPathExists=/run/nosuch\nUnit=stay.service\n",
    "broken.service": "[Service]\nType=simple\n",
    "worker@.service": "[Unit]\nDescription=Worker %i\n[Service]\nExecStart=sleep inf\n[Install]\nWantedBy=multi-user.target\nDefaultInstance=one\n",
    "hand.service": "[Unit]\nRefuseManualStart=yes\n[Service]\nExecStart=sleep inf\n",
    "stays.service": "[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=sleep inf\n",
    "sliced.service": "[Service]\nExecStart=sleep inf\nSlice=crew.slice\n",
    "crew.slice": "[Slice]\nTasksMax=100\n",
    "cond.service": "[Unit]\nConditionPathExists=/nosuch\n[Service]\nExecStart=sleep inf\n",
    "assert.service": "[Unit]\nAssertPathExists=/nosuch\n[Service]\nExecStart=sleep inf\n",
}
STARTED = "web.service bad.service tick.timer sock.socket watch.path worker@1.service sliced.service stays.service"
LAB = f"[Unit]\nWants=dbus.service {STARTED}\nAfter={STARTED}\n"

# In this order. "= UNIT STATE" waits until is-active says so.
ROWS = """
= bad failed
is-active web
is-active bad
is-active nosuch
is-active web bad nosuch
is-active --quiet web
is-active 'w*'
is-active crew.slice nosuch.slice
is-active ''
is-failed web
is-failed bad
is-failed nosuch
is-failed web bad
is-system-running
is-system-running --wait
is-enabled web
is-enabled bad
is-enabled nosuch
is-enabled masked
is-enabled worker@1
is-enabled tick.timer
status web
status bad
status job
status nosuch
status masked
status cond
status web bad
status tick.timer
status watch.path
status sliced
status worker@1
status 'wor*'
status 99999
status -n 0 web
show -p ActiveState,SubState,Result,ExecMainStatus,ExecMainCode,NRestarts,Type bad
show -p LoadState,ActiveState,SubState,LoadError nosuch
show -p LoadState,ActiveState,SubState,LoadError masked
show --value -p Id,Description web
show -p NoSuchProperty web
show -p LoadState,ActiveState,SubState,ControlGroup,Description,TasksMax crew.slice
list-units web.service bad.service
list-units --all 'w*'
list-units --failed
list-units --type=timer
list-units --type=slice 'crew*'
list-units --type=nosuch
list-units --plain --no-legend web.service
list-units --state=running --legend=false web.service bad.service
list-units --output=json web.service
list-unit-files web.service bad.service masked.service
list-unit-files --state=masked masked.service
list-unit-files --type=timer tick.timer
list-unit-files nosuch
list-jobs
list-timers tick.timer
list-sockets sock.socket
list-sockets --output=json sock.socket
list-paths watch.path
list-automounts
list-machines
cat web
cat worker@1
cat nosuch
edit web
reload web
reload idle
reload bad
reload nosuch
try-restart web
try-restart bad
try-restart idle
try-restart nosuch
restart web
restart nosuch
reload-or-restart web
reload-or-restart job
reload-or-restart nosuch
try-reload-or-restart web
try-reload-or-restart bad
try-reload-or-restart nosuch
start job
start web
start web job
start nosuch
start nosuch web
start masked
start broken
start hand
start fails
start needs
is-active needs
start cond
is-active cond
start assert
start worker@2 worker@3
is-active worker@2 worker@3
stop 'worker@[23]*'
is-active worker@2 worker@3
start stay
status stay
stop stay
is-active stay
start 'a b'
start 'nosuch*'
start
start --quiet fails
start --job-mode=fail web
start --job-mode=ignore-dependencies web
start --show-transaction web
restart --show-transaction --no-block web
= web active
stop idle
stop stays
stop nosuch
stop --job-mode=nosuch web
stop web
is-active web
start web
start --no-block slow
= slow activating
status slow
list-jobs --no-legend
list-jobs --after --no-legend
cancel nosuch
cancel 99999
stop slow
is-active slow
list-jobs
cancel
start --wait short
is-active short
start --wait late
start --wait nosuch
restart --wait short
kill web
= web inactive
status web
start web
kill --signal=HUP --kill-whom=main web
= web inactive
start web
kill --kill-whom=control web
kill --signal=0 web
kill --signal=65 web
kill --signal=NOSUCH web
kill nosuch
kill --kill-value=5 --signal=RTMIN+1 web
reset-failed bad
is-failed bad
reset-failed nosuch
reset-failed
is-system-running
start bad
= bad failed
restart web
set-property --runtime web TasksMax=50
set-property --runtime web MemoryMax=nonsense
set-property --runtime web
set-property --runtime nosuch TasksMax=50
set-property --runtime 'nosuch*' TasksMax=50
set-property --runtime web Slice=x
enable web
is-enabled web
is-enabled --full web
is-enabled www
disable web
is-enabled web
enable --runtime web
is-enabled web
disable --runtime web
enable nosuch
disable nosuch
enable masked
enable bad
enable worker@4
is-enabled worker@4
disable worker@4
enable www
reenable idle
preset web
is-enabled web
disable --now web
is-active web
enable --now web
is-active web
mask fails
mask kept2
is-enabled kept2
unmask kept2
is-enabled kept2
mask --runtime kept2
start kept2
unmask --runtime kept2
set-property kept TasksMax=9
daemon-reload
service-watchdogs
service-log-level web
isolate web
isolate sysinit.target
freeze web
thaw web
clean web
clean nosuch
set-property --runtime web Description=x
revert web
link /etc/systemd/system/web.service
add-wants lab.target job
set-default lab.target
show-environment
set-environment A=b
log-level debug
service-watchdogs no
bind web /etc /mnt
status 1
stop crew.slice
kill crew.slice
nosuchverb
poweroff --dry-run
rescue
"""

# What tend answers instead: exit code and a part of what normal() leaves of what it says; why is in docs/control.md.
DIFFERENT = {
    "is-active needs": (3, "failed"),
    "set-property kept TasksMax=9": (1, "Unit kept.service is not there"),
    "isolate sysinit.target": (4, "not isolated"),
    "freeze web": (1, "FreezeUnit"),
    "thaw web": (1, "ThawUnit"),
    "clean web": (1, "CleanUnit"),
    "set-property --runtime web Description=x": (1, "Cannot set property Description"),
    "revert web": (1, "RevertUnitFiles"),
    "link /etc/systemd/system/web.service": (1, "LinkUnitFiles"),
    "add-wants lab.target job": (1, "AddDependencyUnitFiles"),
    "set-default lab.target": (1, "SetDefaultTarget"),
    "show-environment": (1, "Environment"),
    "set-environment A=b": (1, "SetEnvironment"),
    "log-level debug": (1, "LogControl1"),
    "service-watchdogs no": (1, "no property can be set here"),
    "service-log-level web": (1, "BusName"),
    "bind web /etc /mnt": (1, "BindMountUnit"),
    "status 1": (1, "PID 1 does not belong to any loaded unit."),
    "stop crew.slice": (3, "do it to the units that lie in it"),
    "kill crew.slice": (1, "do it to the units that lie in it"),
    "rescue": (4, "not isolated"),
}

# What is different each time, or throughout: pattern, what stands for it.
MASKS = [
    (r"\b(\w{3} )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+", "DATE"),
    (r"DATE(;? [^\n]*?(ago|left|days|month[^\n]*days))?", "DATE"),
    (r"((?:PID: |├─|└─|Process: )\s*)\d+", r"\1PID"),
    (r"(Duration|Invocation): .*", r"\1"),
    (r"(Enqueued \w+ job|Job:|Job) \d+|^\d+(?= \S+\.service )", r"\1 N"),
    (r"\n *(CPU|Memory|Tasks): .*", ""),               # whether a controller is there
    (r"CGroup: /(system\.slice/)?(system-\w+\.slice/)?", "CGroup: /"),  # tend has no slice but those that are named
    (r"\n *CGroup: \S+(?=\n[^└├]*\Z)", ""),
    (r"\n *Process: [^\n]* Exec(Reload|Stop|StartPre|StartPost)=.*", ""),  # tend remembers the main process alone
    (r"Job type reload is not applicable for unit (\S+)\.$|(?<=: )(\S+) cannot be reloaded: it has no ExecReload=$|"
     r"(?<=: )(\S+) is not active, and cannot be reloaded$", "cannot be reloaded"),
    (r"(?<=: )(Operation refused, unit \S+ may be requested by dependency only|\S+ is (?:started|stopped) by other units alone) \(.*", "by other units alone"),
    (r"(?<=bad unit file setting)[.:].*", ""),
    (r"Unit (\S+) not (loaded|found)\.", r"Unit \1 is not there"),
    (r"Cannot set property (\w+)( while|, or unknown).*", r"Cannot set property \1"),
    (r"(Failed to (?:enable|disable|mask) unit): .*", r"\1"),  # of two ways in systemd itself
    (r"units are not isolated in a container|Operation refused, unit may not be isolated\.", "not isolated"),
]


def normal(text):
    for pattern, instead in MASKS:
        text = re.sub(pattern, instead, text, flags=re.M)
    lines = [" ".join(line.split()) for line in text.strip().splitlines()]
    order = sorted(lines) if any(re.match("Removed|Created|TriggeredBy", line) for line in lines) else lines
    return "\n".join(order)


def script(rows):
    """A shell script that does them, one after the other: code, output and errors of each, with bytes between that they have not."""
    lines = []
    for row in rows:
        command = f"timeout 10 systemctl --no-pager {row}"
        if row.startswith("= "):
            unit, state = row.split()[1:]
            command = f"timeout 10 sh -c 'until [ $(systemctl is-active {unit}) = {state} ]; do sleep 0.05; done'"
        lines.append(f"{command} >/tmp/out 2>/tmp/err </dev/null; printf '%s\\001' $?; cat /tmp/out; printf '\\001'; cat /tmp/err; printf '\\002'")
    return "\n".join(lines)


def prepare():
    """What is done in the container before its PID 1 runs: the same files for both, and none of the image's to be started."""
    text = ("mount -t tmpfs -o mode=755 tmpfs /run; mkdir /run/dbus; rm -rf /usr/lib/systemd/system/*.wants /usr/lib/systemd/system/*.requires\n"
            "printf 'root:x:0:0:root:/root:/bin/sh\\nmessagebus:x:100:100::/:/bin/sh\\n' >/etc/passwd; printf 'root:x:0:\\nmessagebus:x:100:\\n' >/etc/group\n"
            "echo 0123456789abcdef0123456789abcdef >/etc/machine-id; rm -rf /etc/systemd/system/*; ln -s /dev/null /etc/systemd/system/masked.service\n"
            "printf '[tend]\\nSystemBus=yes\\n' >/etc/tend.ini\n")
    for name, unit in {**UNITS, "lab.target": LAB}.items():
        unit = unit.replace("[Service]\n", "[Unit]\nStartLimitIntervalSec=0\n[Service]\n")  # however fast the machine is
        text += f"cat >/etc/systemd/system/{name} <<'END'\n{unit}END\n"
    return text


def remove_cgroups(name):
    """Of a container that has ended."""
    subprocess.run(["unshare", "--mount", "sh", "-c", 'mount --make-rprivate / && mount -t cgroup2 cgroup2 /mnt && '
                    'find "/mnt/$1" -depth -type d -exec rmdir {} +', "sh", name], check=False, capture_output=True)


def answers(root, name, command):
    """What one of them says to each row."""
    rows = [row for row in ROWS.strip().splitlines()]
    machine = f"accept-{root.name}-{name}"
    c = Container(TEND, prepare(), command, root, machine)
    try:
        code, said = c.run("until systemctl is-active worker@1 >/dev/null 2>&1; do sleep 0.05; done", 20)
        assert code == 0, f"{name} did not come up: {said}\n{c.out}{c.err}"
        code, said = c.run(script(rows), 120)
        assert code == 0, said
    finally:
        c.close()
        remove_cgroups(machine)
    parts = [part.split("\1") for part in said.split("\2")[:-1]]
    assert len(parts) == len(rows)
    return {row: (int(code), normal(out), normal(err)) for row, (code, out, err) in zip(rows, parts)}


def can_have_cgroups():
    done = subprocess.run(["unshare", "--mount", "--cgroup", "sh", "-c", "mount --make-rprivate / && mount -t cgroup2 cgroup2 /mnt && "
                           "mkdir /mnt/accept-probe && rmdir /mnt/accept-probe"], check=False, capture_output=True, text=True)
    return None if done.returncode == 0 else f"systemd needs cgroups that it may write to: {done.stderr.strip()}"


@pytest.fixture(scope="module", params=SUITES)
def both(request, can_unshare):
    root = ROOT / "build" / "accept" / request.param
    reason = can_unshare or can_have_cgroups() or make_debian(f"--unpack={request.param}", root, *PACKAGES)
    if reason:
        pytest.skip(reason)
    units = [word for unit in STARTED.split() for word in ("--unit", unit)]
    return (request.param,
            answers(root, "systemd", ["/usr/bin/env", "container=other", "/lib/systemd/systemd", "--unit=lab.target", "--log-target=null"]),
            answers(root, "tend", ["/usr/bin/tend", "run", "/etc/tend.ini", *units]))


@pytest.mark.limit(300)
def test_verbs(both):
    suite, systemd, tend = both
    wrong = []
    for row, (code, out, err) in systemd.items():
        if row in DIFFERENT:
            wanted, part = DIFFERENT[row]
            fits = tend[row][0] == wanted and part in tend[row][1] + tend[row][2]
            fits = fits or "Unknown command verb" in err and tend[row] == (code, out, err)  # an older systemctl
        else:
            fits = tend[row] == (code, out, err)
        if not fits:
            wrong.append(f"systemctl {row}\n--- systemd: {code}\n{out}\n{err}\n--- tend: {tend[row][0]}\n{tend[row][1]}\n{tend[row][2]}\n")
    assert not wrong, f"systemctl {SUITES[suite]}: {len(wrong)} of {len(systemd)} differ\n" + "\n".join(wrong)
    assert len(systemd) > 150


def test_manual_says_what_is_different():
    text = pathlib.Path(ROOT / "docs" / "control.md").read_text()
    part = text[text.index("## What is different from systemd"):]
    missing = {row.split()[0] for row in DIFFERENT} - set(re.findall(r"`([a-z-]+)", part[:part.index("\n## ")]))
    assert not missing


@pytest.mark.limit(120)
def test_what_257_has_new(can_unshare):
    """A value that goes with a signal, and a service that asks who it is. That needs a systemctl of Debian 13, and no systemd."""
    root = ROOT / "build" / "accept" / "trixie"
    reason = can_unshare or make_debian("--unpack=trixie", root, *PACKAGES)
    if reason:
        pytest.skip(reason)
    ini = ("[tend]\\nSystemBus=yes\\n[me]\\nType=oneshot\\nExecStart=systemctl whoami\\n[two]\\nExecStart=sleep inf\\nRestart=no\\nFailureAction=none\\n[keep]\\nExecStart=sleep inf\\n")
    c = Container(TEND, prepare() + f"printf '{ini}' >/etc/tend.ini", ["/usr/bin/tend", "run"], root, f"accept-{root.name}-new")
    try:
        c.wait_for("^me.service$")
        c.wait_for("two.service: started")
        assert c.run("systemctl kill --kill-value=7 --signal=TERM two")[0] == 1
        assert c.run("systemctl kill --kill-value=7 --signal=RTMIN+3 --kill-whom=main two") == (0, "")
        c.wait_for("two.service: .*killed by")
    finally:
        c.close()
        remove_cgroups(f"accept-{root.name}-new")
