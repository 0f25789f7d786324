"""Each setting of a budget, in the file that the kernel reads it from."""
import re

import pytest
from conftest import stop, until

MIB = 1 << 20

KNOBS = {
    "MemoryMin=1M": ("memory.min", str(MIB)),
    "MemoryLow=2M": ("memory.low", str(2 * MIB)),
    "MemoryHigh=3M": ("memory.high", str(3 * MIB)),
    "MemoryMax=50%": ("memory.max", str(100 * MIB)),
    "MemoryMax=infinity": ("memory.max", "max"),
    "MemorySwapMax=4M": ("memory.swap.max", str(4 * MIB)),
    "MemoryZSwapMax=5M": ("memory.zswap.max", str(5 * MIB)),
    "OOMPolicy=kill": ("memory.oom.group", "1"),
    "TasksMax=25%": ("pids.max", "100"),
    "CPUWeight=300": ("cpu.weight", "300"),
    "CPUWeight=idle": ("cpu.idle", "1"),
    "CPUQuota=20%": ("cpu.max", "20000 100000"),
    "CPUQuota=150%\nCPUQuotaPeriodSec=10ms": ("cpu.max", "15000 10000"),
    "AllowedCPUs=0": ("cpuset.cpus", "0"),
    "AllowedMemoryNodes=0": ("cpuset.mems", "0"),
    "IOWeight=50": (("io.weight", "io.bfq.weight"), re.compile(r"^(default )?50$")),
    "IODeviceLatencyTargetSec=/lab 25ms": ("io.latency", re.compile(r"^\d+:\d+ target=25000$")),
    "IOReadBandwidthMax=/lab 3M": ("io.max", re.compile(r"^\d+:\d+ rbps=3000000 wbps=max riops=max wiops=max$")),
    "IOReadIOPSMax=/lab/tend 77": ("io.max", re.compile(r"^\d+:\d+ rbps=max wbps=max riops=77 wiops=max$")),
}


def file_of(box, group, files):
    """The first of them that this kernel has; None: it keeps no such budget, and that has to be said."""
    files = [files] if isinstance(files, str) else files
    return next((f"{group}/{file}" for file in files if (box.path / group / file).exists()), None)


def test_every_budget_reaches_its_file(box):
    """The percentages are of the container's own limits, not of the machine's. What this kernel was built without is named."""
    box.limit("memory.max", str(200 * MIB))
    box.limit("pids.max", "400")
    names = [f"s{n}" for n in range(len(KNOBS))]
    p = box.serve("".join(f"[{name}]\n{lines}\nExecStart=sleep inf\n" for name, lines in zip(names, KNOBS)))
    p.wait_for(f"ready: {len(names)} of")
    missing = []
    for name, (lines, (files, wanted)) in zip(names, KNOBS.items()):
        file = file_of(box, f"{name}.service", files)
        if file is None:
            missing.append(lines)
            assert f"{name}.service: {lines.split('=')[0]}= is not enforced: " in p.err, lines
            continue
        got = box.read(file)
        assert wanted.match(got) if isinstance(wanted, re.Pattern) else got == wanted, lines
    assert p.err.count("not enforced") == len(missing)
    assert set(missing) <= {"MemoryZSwapMax=5M", "IOWeight=50", "IODeviceLatencyTargetSec=/lab 25ms"}
    print("not in this kernel:", missing)


def start_up(box, tmp_path, lines):
    """A service with those lines, and one after it that is not up before tmp_path/go is there."""
    p = box.serve(f"[a]\n{lines}\nExecStart=sleep inf\n"
                  f"[b]\nAfter=a\nExecStartPre=sh -c 'until [ -e {tmp_path}/go ]; do sleep 0.05; done'\nExecStart=sleep inf\n")
    p.wait_for("a.service: started")
    return p


def test_startup_budget_counts_until_all_are_up(box, tmp_path):
    p = start_up(box, tmp_path, "CPUWeight=50\nStartupCPUWeight=200\nIOWeight=70\nStartupIOWeight=700\n"
                               "MemoryHigh=300M\nStartupMemoryHigh=100M")
    read = lambda: [box.read(f"a.service/{file}") for file in ("cpu.weight", "io.weight", "memory.high")]
    assert read() == ["200", "default 700", str(100 * MIB)]
    (tmp_path / "go").touch()
    p.wait_for("ready: 2 of 2")
    until(lambda: read() == ["50", "default 70", str(300 * MIB)])
    assert stop(p) == 0


@pytest.mark.real_time
def test_startup_processors_are_given_back(box, tmp_path):
    """The kernel takes no empty set of them from who lives there."""
    p = start_up(box, tmp_path, "StartupAllowedCPUs=0")
    assert box.read("a.service/cpuset.cpus") == "0"
    (tmp_path / "go").touch()
    p.wait_for("ready: 2 of 2")
    until(lambda: box.read("a.service/cpuset.cpus.effective") == "0-1")
    assert stop(p) == 0
