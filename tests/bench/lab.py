"""What the bench and the test of the figures stand on: the small programs, the board that they write to, and a
PID 1 in namespaces of its own. Needs nothing but python3, gcc and unshare; works as root and as an ordinary user."""

import mmap
import os
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "bench"
NAMES = "tiny", "mark", "bare", "orphans", "race", "wall"
TINY, MARK, BARE, ORPHANS, RACE, WALL = PROGRAMS = [BUILD / name for name in NAMES]
COMPILE = os.environ.get("CC", "gcc"), "-std=gnu17", "-D_GNU_SOURCE", f"-I{ROOT}", "-O2", "-Wall", "-static", "-s"


class Broken(Exception):
    """Something does not work at all: nothing to measure."""


def build():
    """Compiles the programs whose sources are newer."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        source = HERE / f"{program.name}.c"
        newest = max(source.stat().st_mtime, (HERE / "board.h").stat().st_mtime)
        if not program.exists() or program.stat().st_mtime < newest:
            subprocess.run([*COMPILE, "-o", program, source], check=True)


def wait_until(condition, seconds, what):
    """Polls, seldom enough not to be in the way of what is measured."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Broken(f"not in {seconds} s: {what}")
        time.sleep(0.005)


class Board:
    """The file of board.h. On tmpfs where there is one, so that no disk is measured."""

    LAYOUT = struct.Struct("=QQQIIII")
    FIELDS = ("begun_at", "full_at", "left_at", "goal", "up", "go", "loops")
    GAPS = 8192

    def __init__(self, goal=0, folder=None):
        """In `folder`, where what writes to it has a /dev/shm of its own."""
        shm = folder or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        with tempfile.NamedTemporaryFile(prefix="tend-bench-", dir=shm, delete=False) as file:
            file.truncate(self.LAYOUT.size + self.GAPS * 8)
            self.path = file.name
            self.map = mmap.mmap(file.fileno(), 0)
        self.set("goal", goal)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.map.close()
        os.unlink(self.path)

    def get(self, field):
        return self.LAYOUT.unpack_from(self.map)[self.FIELDS.index(field)]

    def set(self, field, value):
        at = struct.calcsize("=QQQIIII"[: 1 + self.FIELDS.index(field)])
        struct.pack_into("=I", self.map, at, value)

    def gaps(self, since=0):
        """The gaps noted from number `since` on, as far as the ring still has them; nanoseconds."""
        loops = self.get("loops")
        ring = struct.unpack_from(f"={self.GAPS}Q", self.map, self.LAYOUT.size)
        return [ring[i % self.GAPS] for i in range(max(since, loops - self.GAPS), loops)]


# tend's control socket is not made in the machine's own /run.
OWN_RUN = 'mount -t tmpfs -o mode=755 none /run/systemd 2>/dev/null; exec "$0" "$@"'


class Stage:
    """A command as PID 1 of namespaces of its own, with its own /proc. Ends with the `with`, whatever happens."""

    def __init__(self, board, *command):
        who = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        self.board = board
        self.log = tempfile.TemporaryFile()
        self.outside = subprocess.Popen(
            ["unshare", *who, "--fork", "--pid", "--mount-proc", "--kill-child", "sh", "-c", OWN_RUN, MARK, board.path, *command],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        try:
            wait_until(lambda: board.get("begun_at") or self.outside.poll() is not None, 10, "namespaces")
            self.pid = child_of(self.outside.pid)
            self.pidfd = os.pidfd_open(self.pid)
        except (Broken, StopIteration, OSError) as error:
            self.outside.kill()
            self.outside.wait()
            raise Broken(f"no namespaces to be PID 1 of: {error} {self.words()}") from error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.outside.kill()  # --kill-child: and with it PID 1, and with that all the rest
        self.outside.wait()
        select.select([self.pidfd], [], [], 10)
        os.close(self.pidfd)
        self.log.close()

    def words(self):
        """What has been said on stdout and stderr."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-2000:]

    def wait_until(self, condition, seconds, what):
        try:
            wait_until(lambda: condition() or self.outside.poll() is not None, seconds, what)
        except Broken as error:
            raise Broken(f"{error}: {self.words()}") from error
        if self.outside.poll() is not None and not condition():
            raise Broken(f"PID 1 ended, exit code {self.outside.returncode}: {self.words()}")

    def wait_full(self):
        """Waits for all programs of the board; the nanoseconds from PID 1's exec to the last one's main()."""
        board = self.board
        self.wait_until(lambda: board.get("full_at"), 60, f"{board.get('goal')} programs are up")
        return board.get("full_at") - board.get("begun_at")

    def stop(self):
        """SIGTERM; the nanoseconds until PID 1 has ended, and its exit code."""
        begin = time.monotonic_ns()
        os.kill(self.pid, signal.SIGTERM)
        if not select.select([self.pidfd], [], [], 60)[0]:
            raise Broken(f"still there 60 s after SIGTERM: {self.words()}")
        return time.monotonic_ns() - begin, self.outside.wait()

    def cpu(self):
        """Nanoseconds of CPU that PID 1 has used: the clock of clock_getcpuclockid(3)."""
        return cpu_of(self.pid)

    def child(self, name):
        """The process of that name that PID 1 has made; None where there is none."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            if parent_in(stat) == self.pid and f"({name})" in stat.read_text():
                return int(stat.parent.name)
        return None

    def processes(self):
        """How many there are in its namespace, ended and not yet reaped ones included."""
        return sum(name.isdigit() for name in os.listdir(f"/proc/{self.pid}/root/proc"))

    def memory(self):
        """Of PID 1, in KiB: its proportional share, and what is private to it and written to."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()[1:]
        size = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        return size["Pss"], size["Private_Dirty"]

    def wakeups(self, seconds):
        """Context switches of PID 1 in that time, and its system calls (None where strace cannot). The call that it
        waits in does not count: strace shows it without an end."""
        with tempfile.NamedTemporaryFile(mode="r") as trace:
            tracer = shutil.which("strace") and subprocess.Popen(
                ["strace", "-f", "-qq", "-o", trace.name, "-p", str(self.pid)], stderr=subprocess.DEVNULL)
            try:
                time.sleep(0.5)
                traced = bool(tracer) and tracer.poll() is None
                before = self.switches()
                time.sleep(seconds)
                after = self.switches()
            finally:
                if tracer:
                    tracer.terminate()
                    tracer.wait()
            calls = [line for line in trace if "<detached ...>" not in line]
        return after - before, len(calls) if traced else None

    def switches(self):
        return sum(int(line.split()[1]) for task in Path(f"/proc/{self.pid}/task").iterdir()
                   for line in (task / "status").read_text().splitlines() if "ctxt_switches" in line)


def cpu_of(pid):
    return time.clock_gettime_ns((~pid << 3) | 2)


def all_processes():
    """How many there are on this machine, roughly: what the kernel gives /proc as its number of links."""
    return os.stat("/proc").st_nlink


def child_of(parent):
    """The one child of a process: StopIteration where there is none."""
    stats = Path("/proc").glob("[0-9]*/stat")
    return next(int(stat.parent.name) for stat in stats if parent_in(stat) == parent)


def parent_in(stat):
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None  # it ended meanwhile


def write_services(path, sections):
    """A tend.ini: name of the section to the lines in it."""
    path.write_text("\n".join(line for name, lines in sections.items() for line in (f"[{name}]", *lines, "")))
    return path


def services(folder, count, board):
    """A tend.ini with that many services that only wait."""
    lines = [f"ExecStart={TINY} {board.path}"]
    return write_services(folder / f"{count}.ini", {f"s{i}": lines for i in range(count)})


def idle_memory(tend, folder, count):
    """Memory of tend as PID 1 with that many services: of a copy, so that nobody else has mapped its pages, and one
    that is on the disk, or the pages of a file that was just written would count as dirtied by the process."""
    own = shutil.copy(tend, BUILD / "tend")
    with open(own, "rb") as file:
        os.fsync(file)
    with Board(goal=count) as board, Stage(board, own, "run", services(folder, count, board)) as stage:
        stage.wait_full()
        time.sleep(1)
        return stage.memory()
