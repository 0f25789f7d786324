"""What the live tests share: tend as a real PID 1, in a PID namespace of its own.

Helpers come by `from conftest import PIPE, ini, until`. A test takes the fixture `tend`, and so runs once for each build
(TEND_BINARIES="build/tend build/static/tend"; both, where they exist, by default). It is a factory:

    def test_exit_code(tend):
        p = tend("--", "sh", "-c", "exit 7")        # PID 1 of a new namespace; stdin is /dev/null
        assert p.wait() == 7                        # exit code of the namespace; all of its output has been read then
        assert p.err == ""                          # what came so far: p.out, p.err (text)

    def test_stop(tend, tmp_path):
        p = tend("run", ini(tmp_path, "[a]\\nExecStart=sh -c 'echo up; exec sleep inf'\\n"))
        p.wait_for(r"^up$")                         # waits for a line in stdout or stderr, returns the match
        p.kill(signal.SIGTERM)                      # to tend itself
        assert p.wait() == 0

    tend.serve(text, ...)        `tend run` on a file of that text: tend.serve("[a]\\nExecStart=sleep inf", "--", "bash")
    tend(..., pty=True)          a terminal: p.type("text"), output in p.out, Ctrl-C is p.type("\\x03")
    tend(..., stdin=PIPE)        p.type() writes to it, p.close_stdin()
    tend(..., env={"A": "b"})    the whole environment; `add_env` adds to the usual one
    tend(..., argv0="tini")      called by another name
    tend(..., pid1=False)        in no namespace, as a child of the test
    tend(..., wrapper=["prlimit", "--nofile=20"])   goes before tend, inside of the namespace: it must exec what follows
    tend.path                    the binary's path, tend.run(...) a finished short run (subprocess.run: check, show, --help)

    p.pid                        tend as seen from here: p.children() its children, p.descendants(), p.proc("status"),
                                 p.comm(pid), p.inside(pid) what PID that is in the namespace
    p.enter("systemctl", "status", "web")   a finished short run inside of its namespaces (subprocess.run)
    until(lambda: ...)           waits until it is true, looking every 5 ms, and returns it; for what has no event

Nothing waits without an end: 20 s for each wait, 60 s for each test (@pytest.mark.limit(120) for others). Whatever a
test leaves running is killed, and only that. Where there are no namespaces to be had the tests skip, with CI they fail.
"""
import ctypes
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PIPE = subprocess.PIPE
PYTHON = [sys.executable, "-IS", "-c"]
WAIT = int(os.environ.get("TEND_WAIT", "20"))  # seconds, for any one thing
LIMIT = 3 * WAIT  # for a test

# Goes before a command: root with no more than Docker's capabilities.
AS_IN_DOCKER = ["setpriv", "--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw"
                ",+sys_chroot,+mknod,+audit_write,+setfcap", "--inh-caps=-all"]

LISTENER = """
import signal, sys
every = signal.valid_signals()
signal.pthread_sigmask(signal.SIG_BLOCK, every)
print("ready", flush=True)
while True:
    n = signal.sigwait(every)
    print("got", int(n), flush=True)
    if n == int(sys.argv[1]):
        sys.exit(0)
"""


def listener(last=signal.SIGUSR2):
    """The words of a command that says "ready", then each signal that it gets, and ends with 0 at the last one."""
    return [*PYTHON, LISTENER, str(int(last))]

# What the services of tests that talk to tend begin with. They end with the container.
TALK = """\
import array, os, select, signal, socket, sys, time
def sender():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = os.environ['NOTIFY_SOCKET']
    s.connect('\\0' + name[1:] if name[0] == '@' else name)
    return s
def tell(text):
    sender().send(text if isinstance(text, bytes) else text.encode())
def say(*words):
    os.write(1, (' '.join(map(str, words)) + '\\n').encode())
def stay():
    while True:
        signal.pause()
"""


def binaries():
    names = os.environ.get("TEND_BINARIES", "build/tend build/static/tend").split()
    return [ROOT / name for name in names if (ROOT / name).exists()]


def namespace():
    """The words that make the rest of a command PID 1."""
    words = ["unshare", "--fork", "--kill-child", "--pid", "--mount-proc"]
    return words if os.getuid() == 0 else words + ["--user", "--map-root-user"]


# The control socket is not made in the machine's own /run, and a tend of the machine is not asked.
OWN_RUN = 'for d in /run/systemd /run/tend; do mount -t tmpfs -o mode=755 none "$d" 2>/dev/null; done; exec env -i "$@"'


def own_run(environment):
    """The words that do that and then execute the rest with this very environment."""
    return ["sh", "-c", OWN_RUN, "sh", *(f"{name}={value}" for name, value in environment.items())]


def until(question, seconds=WAIT, what="what the test waits for"):
    """Waits until the answer is true, and returns it. An error that a vanishing process makes is no answer yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = question()
        except (FileNotFoundError, ProcessLookupError):
            answer = None
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not come about in {seconds} s"
        select.select([], [], [], 0.005)


def children(pid):
    """The children of all threads of a process."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            found += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that has ended
    return found


def let_in(directory):
    """Other users may reach a directory of pytest's, and the program that is there."""
    for path in directory, *directory.parents:
        if path == pathlib.Path(tempfile.gettempdir()):
            break
        path.chmod(0o755)


def ini(directory, text, name="tend.ini"):
    """A file of that text; returns its path as a string."""
    path = pathlib.Path(directory) / name
    path.write_text(text)
    return str(path)


class Process:
    """tend, running. See the top of this file."""

    def __init__(self, command, pid1, use_pty, stdin, env):
        self.pid1 = pid1
        self.texts = {"out": b"", "err": b""}
        self.terminal = None
        self._pid = None
        if use_pty:
            self.terminal, slave = pty.openpty()
            self.popen = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env,
                                          start_new_session=True, preexec_fn=self.take_terminal)
            os.close(slave)
            self.readers = {self.terminal: "out"}
        else:
            self.popen = subprocess.Popen(command, stdin=stdin, stdout=PIPE, stderr=PIPE, env=env,
                                          start_new_session=True)
            self.readers = {self.popen.stdout.fileno(): "out", self.popen.stderr.fileno(): "err"}
        for descriptor in self.readers:
            os.set_blocking(descriptor, False)
        self.end = os.pidfd_open(self.popen.pid)

    @staticmethod
    def take_terminal():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    # -- what it says -----------------------------------------------------------------------------------------------

    out = property(lambda self: self.text("out"))
    err = property(lambda self: self.text("err"))

    def text(self, name):
        self.read(0)
        return self.texts[name].decode(errors="replace")

    def read(self, seconds, also=()):
        """Takes in what there is, or waits that long for it. False at the end of all output."""
        if not self.readers and not also:
            return False
        for descriptor in select.select([*self.readers, *also], [], [], seconds)[0]:
            if descriptor not in self.readers:
                continue
            try:
                data = os.read(descriptor, 65536)
            except BlockingIOError:
                continue
            except OSError:  # the other side of the terminal is closed
                data = b""
            if data:
                self.texts[self.readers[descriptor]] += data
            else:
                del self.readers[descriptor]
        return bool(self.readers)

    def wait_for(self, pattern, seconds=WAIT, after=0):
        """Waits for a match in stdout or stderr (`^` and `$` are those of lines). `after` many matches are passed over."""
        deadline = time.monotonic() + seconds
        while True:
            for name in ("out", "err"):
                found = list(re.finditer(pattern, self.texts[name].decode(errors="replace").replace("\r\n", "\n"), re.M))
                if len(found) > after:
                    return found[after]
            left = deadline - time.monotonic()
            if left <= 0 or not self.readers:
                why = f"not within {seconds} s" if self.readers else "and its output has ended"
                pytest.fail(f"no {pattern!r} in what it said, {why}:\n--- out\n{self.out}\n--- err\n{self.err}", pytrace=True)
            self.read(left)

    def type(self, text):
        data = text.encode() if isinstance(text, str) else text
        os.write(self.terminal if self.terminal is not None else self.popen.stdin.fileno(), data)

    def close_stdin(self):
        self.popen.stdin.close()

    # -- its end ----------------------------------------------------------------------------------------------------

    def wait(self, seconds=WAIT):
        """Its exit code (negative: killed by that signal), with all of its output read. A program that keeps the pipes open
        after tend's end is not waited for."""
        deadline = time.monotonic() + seconds
        while self.popen.poll() is None:
            left = deadline - time.monotonic()
            if left <= 0:
                pytest.fail(f"still running after {seconds} s:\n--- out\n{self.out}\n--- err\n{self.err}", pytrace=True)
            self.read(left, also=[self.end])
        while self.read(0.05) and select.select(list(self.readers), [], [], 0)[0]:
            pass
        return self.popen.returncode

    @property
    def ended(self):
        return self.popen.poll() is not None

    def kill(self, number):
        os.kill(self.pid, number)

    def close(self):
        """Ends what still runs. The namespace's processes die with their PID 1, and that with unshare."""
        if self.popen.poll() is None:
            kill_quietly(self.popen.pid)
            self.popen.wait()
        for file in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if file:
                file.close()
        if self.terminal is not None:
            os.close(self.terminal)
        os.close(self.end)

    # -- what it looks like -----------------------------------------------------------------------------------------

    @property
    def pid(self):
        """tend, by its PID in the namespace of the test. Once it runs: not unshare, and not a wrapper before its exec."""
        if not self.pid1:
            return self.popen.pid
        if self._pid is None:
            self._pid = until(lambda: children(self.popen.pid), what="PID 1 of the namespace")[0]
        return self._pid

    def children(self):
        return children(self.pid)

    def descendants(self):
        return self.descendants_of(self.pid)

    @staticmethod
    def descendants_of(pid):
        found, todo = [], [pid]
        while todo:
            try:
                new = children(todo.pop())
            except (FileNotFoundError, ProcessLookupError):
                continue
            found += new
            todo += new
        return found

    def proc(self, name, pid=None):
        return pathlib.Path(f"/proc/{pid or self.pid}/{name}").read_text()

    def status(self, field, pid=None):
        """A line of /proc/PID/status: status("SigBlk")."""
        return re.search(rf"^{field}:\s*(.*)$", self.proc("status", pid), re.M)[1]

    def switches_asleep(self):
        """How often it has gone to sleep, once it sleeps: two equal readings with a look at its state between them."""
        def settled():
            before = self.status("voluntary_ctxt_switches")
            asleep = self.status("State").startswith("S")
            return before if asleep and self.status("voluntary_ctxt_switches") == before else None
        return until(settled)

    def comm(self, pid):
        return self.proc("comm", pid).rstrip("\n")

    def enter(self, *words, seconds=WAIT, **options):
        """A short run in tend's namespaces: .returncode, .stdout, .stderr."""
        who = [] if os.getuid() == 0 else ["--user", "--preserve-credentials"]
        return subprocess.run(["nsenter", "--target", str(self.pid), "--mount", "--pid", *who, *map(str, words)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, **options)

    def inside(self, pid):
        return int(self.status("NSpid", pid).split()[-1])


def kill_quietly(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end_strays():
    """What outlived a tend that was no PID 1 has become ours: see pytest_configure()."""
    while strays := children(os.getpid()):
        for pid in strays:
            kill_quietly(pid)
            os.waitpid(pid, 0)


class Tend:
    """The factory that the fixture gives."""

    def __init__(self, path, directory):
        self.path = str(path)
        self.directory = directory
        self.running = []

    def named(self, name):
        """A link to the binary by another name."""
        link = self.directory / name
        if not link.exists():
            link.symlink_to(self.path)
        return str(link)

    def __call__(self, *args, pid1=True, pty=False, stdin=subprocess.DEVNULL, env=None, add_env=None, argv0=None, wrapper=()):
        program = self.named(argv0) if argv0 else self.path
        environment = dict(os.environ if env is None else env, **(add_env or {}))
        has_socket = args[:1] == ("run",)
        if has_socket and not pid1 and "XDG_RUNTIME_DIR" not in {**(env or {}), **(add_env or {})}:
            environment["XDG_RUNTIME_DIR"] = str(self.directory)
        before = [*namespace(), *(own_run(environment) if has_socket else [])] if pid1 else []
        command = [*before, *wrapper, program, *map(str, args)]
        process = Process(command, pid1, pty, stdin, environment)
        self.running.append(process)
        return process

    def serve(self, text, *args, **options):
        return self("run", ini(self.directory, text), *args, **options)

    def run(self, *args, argv0=None, seconds=WAIT, **options):
        """A short run that ends by itself, not as PID 1: .returncode, .stdout, .stderr."""
        program = self.named(argv0) if argv0 else self.path
        return subprocess.run([program, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds, **options)

    def close(self):
        for process in self.running:
            process.close()
        end_strays()


def pytest_configure(config):
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    for keyboard in (signal.SIGINT, signal.SIGQUIT):  # a shell without job control ignores them for what it runs with &
        if signal.getsignal(keyboard) == signal.SIG_IGN:
            signal.signal(keyboard, signal.SIG_DFL)
    config.addinivalue_line("markers", "limit(seconds): how long the test may take")


def pytest_generate_tests(metafunc):
    if "tend" in metafunc.fixturenames:
        found = binaries()
        metafunc.parametrize("tend", found, indirect=True, ids=["static" if "static" in p.parts else "shared" for p in found])


@pytest.fixture(scope="session")
def can_unshare():
    """Whether namespaces can be had here; the reason why not, otherwise."""
    done = subprocess.run([*namespace(), "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT)
    return None if done.returncode == 0 else f"no PID namespace to be had here: {done.stderr.strip()}"


@pytest.fixture
def tend(request, tmp_path, can_unshare):
    if can_unshare and os.environ.get("CI"):
        pytest.fail(can_unshare, pytrace=False)
    if can_unshare:
        pytest.skip(can_unshare)
    factory = Tend(request.param, tmp_path)
    yield factory
    factory.close()


@pytest.fixture(params=["root", "user"])
def walled(request, tend):
    """A command behind `tend run --isolate`, by root and by an ordinary user, with the machine's own root around it."""
    if os.getuid() != 0 and request.param == "root":
        pytest.skip("for root")
    is_other = os.getuid() == 0 and request.param == "user"
    with tempfile.TemporaryDirectory(prefix="tend-wall-") as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        (place / "tend").write_bytes(pathlib.Path(tend.path).read_bytes())
        (place / "tend").chmod(0o755)
        (place / "runtime").mkdir()
        (place / "runtime").chmod(0o777)
        tend.path = str(place / "tend")

        who = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"] if is_other else []

        def start(*command, options=(), wrapper=(), **more):
            return tend("run", "--isolate", *options, *(["--", *command] if command else []), pid1=False, wrapper=[*wrapper, *who],
                        add_env={"XDG_RUNTIME_DIR": str(place / "runtime")}, **more)
        start.place, start.who, start.is_root = place, who, request.param == "root"
        yield start


@pytest.fixture(autouse=True)
def limit(request):
    """Ends a test that hangs, wherever it hangs."""
    mark = request.node.get_closest_marker("limit")
    seconds = mark.args[0] if mark else LIMIT

    def too_long(number, frame):
        raise TimeoutError(f"the test took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def script(tmp_path):
    """Writes a service in Python; returns the command line that runs it."""
    def write(name, text):
        (tmp_path / name).write_text(TALK + text)
        return f"python3 -IS {tmp_path / name}"
    return write


def stop(p):
    p.kill(signal.SIGTERM)
    return p.wait()
