"""What `tend check --unit` calls wrong about a unit file is what `systemd-analyze verify` calls wrong about it."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ANALYZE = shutil.which("systemd-analyze")
MANAGER = "/lib/systemd/systemd"
SIMPLE = "[Service]\nExecStart=/bin/true\n"

pytestmark = pytest.mark.skipif(not ANALYZE, reason="there is no systemd-analyze to compare with")

FILES = {
    "fine": SIMPLE,
    "a quote that is not closed": '[Service]\nExecStart=/bin/true "a\n',
    "no ExecStart": "[Service]\nRestart=no\n",
    "no [Service]": "[Unit]\nDescription=a\n",
    "an empty file": "",
    "two ExecStart": SIMPLE + "ExecStart=/bin/false\n",
    "an ExecStart that is taken back": "[Service]\nExecStart=/bin/true\nExecStart=\nType=oneshot\n",
    "an ExecStop alone": "[Service]\nExecStop=/bin/true\nType=oneshot\n",
    "an ExecStop that stays": "[Service]\nExecStop=/bin/true\nType=oneshot\nRemainAfterExit=yes\n",
    "a oneshot that always restarts": SIMPLE + "Type=oneshot\nRestart=always\n",
    "a oneshot that is forced to": SIMPLE + "Type=oneshot\nRestartForceExitStatus=1\n",
    "several commands on a line": "[Service]\nType=oneshot\nExecStart=/bin/true ; /bin/false\n",
    "a name for a program": "[Service]\nExecStart=true\n",
    "a path that begins nowhere": "[Service]\nExecStart=bin/true\n",
    "a program that is a directory": "[Service]\nExecStart=/bin/\n",
    "no such program": "[Service]\nExecStart=/bin/nonono\n",
    "a prefix and no program": "[Service]\nExecStart=-\n",
    "@ without a name": "[Service]\nExecStart=@/bin/true\n",
    "a prefix twice": "[Service]\nExecStart=++/bin/true\n",
    "prefixes that exclude each other": "[Service]\nExecStart=+!/bin/true\n",
    "no such specifier": "[Service]\nExecStart=/bin/true %Q\n",
    "no such specifier in a variable": SIMPLE + "Environment=A=%Q\n",
    "no name of a variable": SIMPLE + "Environment=1A=b\n",
    "a variable that is not closed": SIMPLE + 'Environment="A=b c\n',
    "no name of a unit": "[Unit]\nAfter=a/b\n" + SIMPLE,
    "behind itself": "[Unit]\nAfter=x.service\n" + SIMPLE,
    "required and missing": "[Unit]\nRequires=missing.service\n" + SIMPLE,
    "wanted and missing": "[Unit]\nWants=missing.service\n" + SIMPLE,
    "a header that is not closed": "[Service\nExecStart=/bin/true\n" + SIMPLE,
    "no equals sign": SIMPLE + "Foo\n",
    "before all sections": "Foo=1\n" + SIMPLE,
    "an unknown setting": SIMPLE + "Foo=1\n",
    "a setting that is X-": SIMPLE + "X-Foo=1\n",
    "an unknown section": SIMPLE + "[Foo]\nA=1\n",
    "a section that is X-": SIMPLE + "[X-Foo]\nA=1\n",
    "another section's setting": "[Unit]\nUser=root\n" + SIMPLE,
    "an old spelling": SIMPLE + "StartLimitInterval=10\n",
    "no such type": SIMPLE + "Type=foo\n",
    "no such signal": SIMPLE + "KillSignal=FOO\n",
    "no limit": SIMPLE + "LimitNOFILE=abc\n",
    "no span": SIMPLE + "TimeoutStartSec=x\n",
    "no boolean": SIMPLE + "RemainAfterExit=foo\n",
    "no mode": SIMPLE + "UMask=999\n",
    "out of range": SIMPLE + "Nice=100\n",
    "no exit status": SIMPLE + "SuccessExitStatus=999 FOO\n",
    "a directory that begins nowhere": SIMPLE + "WorkingDirectory=there\n",
    "a directory that may be absent": SIMPLE + "WorkingDirectory=-/nope\n",
    "a file that begins nowhere": SIMPLE + "EnvironmentFile=there\n",
    "no such output": SIMPLE + "StandardOutput=foo\n",
    "nothing is killed": SIMPLE + "KillMode=none\n",
    "a comment in a continued line": "[Service]\nExecStart=/bin/true \\\n# c\n a\n",
}


ELAPSES = "[Timer]\nOnBootSec=1h\n"
TIMERS = {
    "fine": ELAPSES,
    "an empty file": "",
    "no [Timer]": "[Unit]\nDescription=a\n",
    "nothing to wait for": "[Timer]\nPersistent=yes\n",
    "all taken back": ELAPSES + "OnBootSec=\n",
    "all taken back by another": ELAPSES + "OnCalendar=\n",
    "a calendar that cannot be read": "[Timer]\nOnCalendar=often\n",
    "and one that can": "[Timer]\nOnCalendar=often\nOnCalendar=daily\n",
    "no such zone": "[Timer]\nOnCalendar=daily Nowhere/Here\n",
    "no span": ELAPSES + "OnBootSec=soon\n",
    "no accuracy": ELAPSES + "AccuracySec=soon\n",
    "no boolean": ELAPSES + "Persistent=perhaps\n",
    "no name of a unit": ELAPSES + "Unit=a/b\n",
    "a timer that starts itself": ELAPSES + "Unit=x.timer\n",
    "the settings of a service": ELAPSES + "ExecStart=/bin/true\n",
    "the section of a service": ELAPSES + SIMPLE,
    "what must be there is not": "[Unit]\nRequires=missing.service\n" + ELAPSES,
    "an unknown setting": ELAPSES + "Often=yes\n",
}


WATCHES = "[Path]\nPathExists=/no/such\n"
PATHS = {
    "fine": WATCHES,
    "an empty file": "",
    "no [Path]": "[Unit]\nDescription=a\n",
    "nothing to watch": "[Path]\nMakeDirectory=yes\n",
    "all taken back": WATCHES + "PathExists=\n",
    "all taken back by another": WATCHES + "PathChanged=\n",
    "a path that begins nowhere": "[Path]\nPathExists=there\n",
    "and one that does not": "[Path]\nPathExists=there\nPathExists=/there\n",
    "a path with ..": WATCHES + "PathChanged=/a/../b\n",
    "a path with needless slashes": "[Path]\nPathChanged=//a/./b/\n",
    "no mode": WATCHES + "DirectoryMode=999\n",
    "no boolean": WATCHES + "MakeDirectory=perhaps\n",
    "no number": WATCHES + "TriggerLimitBurst=many\n",
    "no span": WATCHES + "TriggerLimitIntervalSec=soon\n",
    "no such specifier": WATCHES + "PathChanged=/a/%Q\n",
    "no name of a unit": WATCHES + "Unit=a/b\n",
    "a path that starts itself": WATCHES + "Unit=x.path\n",
    "the settings of a service": WATCHES + "ExecStart=/bin/true\n",
    "the section of a service": WATCHES + SIMPLE,
    "what must be there is not": "[Unit]\nRequires=missing.service\n" + WATCHES,
    "an unknown setting": WATCHES + "Often=yes\n",
}


def theirs(path):
    """What systemd says about a unit file: fine, a warning, or that it is not loaded; and the text."""
    done = subprocess.run([ANALYZE, "verify", "--man=no", str(path)], capture_output=True, text=True,
                          env=dict(os.environ, SYSTEMD_UNIT_PATH=f"{path.parent}:"))
    if re.search("bad unit file|bad-setting|is masked|Failed to (load|create)|not found", done.stderr):
        return 2, done.stderr
    return (1 if re.search(rf"\b{path.name}|missing\.service", done.stderr) else 0), done.stderr


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_the_same_is_wrong(tend, tmp_path, text):
    (tmp_path / "x.service").write_text(text)
    code, said = theirs(tmp_path / "x.service")
    checked = tend.run("check", "--unit", str(tmp_path / "x.service"), "--unit-path", f"{tmp_path}:")
    assert checked.returncode == code, said


@pytest.mark.parametrize("text", TIMERS.values(), ids=TIMERS)
def test_the_same_is_wrong_with_timers(tend, tmp_path, text):
    (tmp_path / "x.timer").write_text(text)
    (tmp_path / "x.service").write_text(SIMPLE)
    code, said = theirs(tmp_path / "x.timer")
    checked = tend.run("check", "--unit", str(tmp_path / "x.timer"), "--unit-path", f"{tmp_path}:")
    assert checked.returncode == code, said


@pytest.mark.parametrize("text", PATHS.values(), ids=PATHS)
def test_the_same_is_wrong_with_paths(tend, tmp_path, text):
    (tmp_path / "x.path").write_text(text)
    (tmp_path / "x.service").write_text(SIMPLE)
    code, said = theirs(tmp_path / "x.path")
    checked = tend.run("check", "--unit", str(tmp_path / "x.path"), "--unit-path", f"{tmp_path}:")
    assert checked.returncode == code, said


@pytest.mark.skipif(not os.access(MANAGER, os.X_OK), reason="there is no systemd to ask for its settings")
@pytest.mark.parametrize("section, kind", [("Unit", "service"), ("Service", "service"), ("Install", "service"), ("Timer", "timer"), ("Path", "path")])
def test_the_same_settings_in_the_same_sections(tend, tmp_path, section, kind):
    """Every setting that systemd has, in each section: unknown there to one is unknown there to the other."""
    items = subprocess.run([MANAGER, "--dump-configuration-items"], capture_output=True, text=True, check=True).stdout
    # An empty value is right for most; a boolean has none, and some refuse to load without.
    values = {m[1]: "no" if "BOOLEAN" in m[2] or m[1].startswith(("Private", "Protect")) else ""
              for m in re.finditer(r"^(\w+)=(.*)$", items, re.MULTILINE)}
    assert len(values) > 300
    text = "".join(f"{key}={value}\n" for key, value in values.items())
    service = SIMPLE.replace("Exec", "ExecStart=\nExec", 1)
    (tmp_path / "x.service").write_text(f"{SIMPLE}[{section}]\n{text}{service}" if kind == "service" else SIMPLE)
    if kind != "service":
        (tmp_path / f"x.{kind}").write_text(f"[{section}]\n{text}{ELAPSES if kind == 'timer' else WATCHES}")
    _, said = theirs(tmp_path / f"x.{kind}")
    checked = tend.run("check", "--unit", str(tmp_path / f"x.{kind}"), "--unit-path", f"{tmp_path}:")
    unknown = set(re.findall(r"warning: (\w+)=: no setting of", checked.stdout))
    assert unknown == set(re.findall(r"Unknown key(?: name)? '(\w+)'", said))


def of_this_machine(*suffixes):
    found = {path.name: path for where in ("/lib/systemd/system", "/etc/systemd/system") for suffix in suffixes
             for path in pathlib.Path(where).glob(f"*{suffix}") if path.is_file() and "@" not in path.name and path.stat().st_size}
    return sorted(found.values())


@pytest.mark.parametrize("path", of_this_machine(".timer"), ids=lambda path: path.name)
def test_what_the_distribution_ships_loads(tend, path):
    shown = tend.run("show", "--unit", str(path), "--changed")
    assert shown.returncode == 0, shown.stderr
    triggered = [section.split("\n")[0].split()[0] for section in shown.stdout.split("\n\n")]
    assert len(triggered) > 1 and triggered[0] == path.name  # and what it starts


BUDGETS = """MemoryMax=64M MemoryMax=1.5G MemoryMax=60% MemoryMax=12.5% MemoryMax=0.01% MemoryMax=100% MemoryMax=infinity MemoryMax= MemoryMax=0
MemoryMax=0% MemoryMax=101% MemoryMax=much MemoryMax=-1 MemoryMax=5X MemoryHigh=0 MemoryLow=0 MemoryMin=0 MemoryMin=5% MemorySwapMax=0
MemorySwapMax=5G TasksMax=64 TasksMax=50% TasksMax=0 TasksMax=64M TasksMax=infinity TasksMax= CPUWeight=1 CPUWeight=10000
CPUWeight=10001 CPUWeight=0 CPUWeight=idle CPUWeight= CPUWeight=x IOWeight=idle IOWeight=100 IOWeight=0 CPUQuota=20% CPUQuota=0.5%
CPUQuota=1000% CPUQuota=0% CPUQuota=20 CPUQuota=-5% CPUQuota= CPUQuota=% CPUQuotaPeriodSec=10ms CPUQuotaPeriodSec= CPUQuotaPeriodSec=x
AllowedCPUs=0-2,5 AllowedCPUs=0-2|5 AllowedCPUs=1- AllowedCPUs= AllowedMemoryNodes=0 IODeviceWeight=/dev/null|200 IODeviceWeight=/dev/null
IODeviceWeight=/dev/null|0 IODeviceWeight=/dev/null|10001 IODeviceWeight= IOReadBandwidthMax=/var|4M
IOReadBandwidthMax=/var|4Q IOReadBandwidthMax=/var IOReadIOPSMax=/var|1K IOWriteIOPSMax=/var|x IOWriteBandwidthMax=
IODeviceLatencyTargetSec=/dev/null|25ms IODeviceLatencyTargetSec=/dev/null|x OOMPolicy=stop OOMPolicy=continue OOMPolicy=kill OOMPolicy=maybe
Delegate=yes Delegate=no Delegate=memory|pids Delegate= Slice=a.slice Slice=a-b.slice Slice=a Slice=-.slice
MemoryAccounting=yes MemoryAccounting=x TasksAccounting=no CPUAccounting=on IOAccounting=1 StartupCPUWeight=5 StartupIOWeight=x
StartupAllowedCPUs=0 StartupAllowedMemoryNodes=x"""


def test_the_same_budgets_are_wrong(tend, tmp_path):
    """A blank is written | here. Both say the line, and all of them are asked at once."""
    lines = [line.replace("|", " ") for line in BUDGETS.split()]
    (tmp_path / "x.service").write_text(SIMPLE + "\n".join(lines) + "\n")
    _, said = theirs(tmp_path / "x.service")
    checked = tend.run("check", "--unit", str(tmp_path / "x.service"), "--unit-path", f"{tmp_path}:")
    first = SIMPLE.count("\n") + 1
    wrong = {lines[int(n) - first] for n in re.findall(r"x\.service:(\d+): ", checked.stdout)}
    assert wrong == {lines[int(n) - first] for n in re.findall(r"x\.service:(\d+): ", said)}, said
