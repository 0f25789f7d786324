"""`tend probe`: a server answers, a file is there, a command says yes; and how what does not is told."""
import contextlib
import http.server
import os
import signal
import socket
import subprocess
import threading
import time

import pytest
from conftest import until


@pytest.fixture
def probe(tend):
    def run(*words, code, why=None, **more):
        done = tend.run("probe", *words, **more)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        if why is not None:
            assert done.stderr == (f"{words[-1] if '--' not in words else words[words.index('--') + 1]}: {why}\n" if why else "")
        return done.stderr
    return run


@contextlib.contextmanager
def listening(family=socket.AF_INET, address=("127.0.0.1", 0), answer=None):
    """A server that gives each connection to `answer`; without one nobody accepts. Its port, or its path."""
    ended = threading.Event()
    with socket.socket(family) as s:
        s.bind(address)
        s.listen()

        def serve():
            while not ended.is_set():
                try:
                    connection = s.accept()[0]
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    answer(connection)

        if answer:
            threading.Thread(target=serve, daemon=True).start()
        name = s.getsockname()
        yield name[1] if family != socket.AF_UNIX else name
        ended.set()
        if answer:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- tcp: and unix: ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost"])
def test_tcp(probe, host):
    with listening() as port:
        probe(f"tcp:{host}:{port}", code=0, why="")


def test_tcp_of_the_other_family(probe):
    """localhost is both."""
    try:
        with listening(socket.AF_INET6, ("::1", 0)) as port:
            probe(f"tcp:[::1]:{port}", code=0, why="")
            probe(f"tcp:localhost:{port}", code=0, why="")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


def test_tcp_refused(probe):
    probe(f"tcp:127.0.0.1:{free_port()}", code=1, why="Connection refused")


def test_name_from_hosts(probe):
    with listening() as port:
        names = [line.split("#")[0].split() for line in open("/etc/hosts")]
        name = next((n for words in names if words and words[0].startswith("127.") for n in words[1:] if n != "localhost"), None)
        if not name:
            pytest.skip("/etc/hosts has no other name for this machine")
        probe(f"tcp:{name}:{port}", code=0, why="")


def test_name_that_nobody_knows(tend, probe):
    said = probe("tcp:nobody.invalid:80", "--timeout", "2s", code=1)
    assert said.startswith("tcp:nobody.invalid:80: ")
    if "static" in tend.path:
        assert "nobody.invalid is not in /etc/hosts, and this build of tend has no resolver: use an address" in said


def test_unix(probe, tmp_path):
    path = str(tmp_path / "a.sock")
    with listening(socket.AF_UNIX, path):
        probe(f"unix:{path}", code=0, why="")
    probe(f"unix:{path}", code=1, why="Connection refused")
    os.unlink(path)
    probe(f"unix:{path}", code=1, why="No such file or directory")


def test_unix_abstract(probe):
    name = f"tend-probe-{os.getpid()}"
    with listening(socket.AF_UNIX, "\0" + name):
        probe(f"unix:@{name}", code=0, why="")
    probe(f"unix:@{name}", code=1, why="Connection refused")


def test_unix_queue_is_full(probe, tmp_path):
    """Nobody takes what waits there: it is tried for as long as there is time."""
    path = str(tmp_path / "a.sock")
    with contextlib.ExitStack() as stack, socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                c = stack.enter_context(socket.socket(socket.AF_UNIX))
                c.setblocking(False)
                c.connect(path)
        probe("--timeout", "300ms", f"unix:{path}", code=1, why="no answer in time")


def test_unix_of_datagrams(probe, tmp_path):
    path = str(tmp_path / "a.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        probe(f"unix:{path}", code=0, why="")


# ---- http:// -----------------------------------------------------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def do_GET(self):
        Handler.seen.append((self.path, dict(self.headers)))
        self.send_response(int(self.path.rsplit("/", 1)[-1].split("?")[0] or 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as s:
        Handler.seen.clear()
        threading.Thread(target=s.serve_forever, daemon=True).start()
        yield s.server_address[1]
        s.shutdown()


@pytest.mark.parametrize("status, code", [(200, 0), (204, 0), (302, 0), (399, 0), (400, 1), (404, 1), (503, 1)])
def test_http(probe, server, status, code):
    probe(f"http://localhost:{server}/{status}", code=code, why=f"status {status}" if code else "")


def test_http_request(probe, server):
    probe(f"http://127.0.0.1:{server}/a/200?x=1#part", code=0)
    path, headers = Handler.seen[0]
    assert path == "/a/200?x=1"
    assert headers["Host"] == f"127.0.0.1:{server}" and headers["Connection"] == "close" and headers["User-Agent"].startswith("tend/")
    probe(f"http://127.0.0.1:{server}", code=0)
    assert Handler.seen[1][0] == "/"


def slowly(data):
    def answer(connection):
        connection.recv(1024)
        for byte in data:
            connection.sendall(bytes([byte]))
    return answer


def endless(begin, more):
    def answer(connection):
        connection.recv(1024)
        connection.sendall(begin)
        while True:
            connection.sendall(more * 100)
    return answer


def drip(connection):
    """One byte at a time, for ever: no try may last longer than it should."""
    connection.recv(1024)
    connection.sendall(b"HTTP/1.1 100 Continue\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.01)


ANSWERS = {
    "in pieces": (slowly(b"HTTP/1.1 200 OK\r\n\r\n"), 0, ""),
    "interim first": (slowly(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), 0, ""),
    "endless behind the status": (endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), 0, ""),
    "endless before it": (endless(b"HTTP/1.1 100 Continue\r\n", b"X: y\r\n"), 1, "no status in all that it answers"),
    "another protocol from now on": (slowly(b"HTTP/1.1 101 Switching Protocols\r\n"), 1, "status 101"),
    "another protocol": (lambda c: c.sendall(b"SSH-2.0-x\r\n"), 1, "what answers is not HTTP"),
    "garbage": (lambda c: c.sendall(os.urandom(1000)), 1, None),
    "nothing": (lambda c: c.recv(1024), 1, "it has closed the connection without an answer"),
    "half of it": (lambda c: (c.recv(1024), c.sendall(b"HTTP/1.1 2")), 1, "it has closed the connection without an answer"),
    "drip": (drip, 1, "no answer in time"),
}


@pytest.mark.parametrize("answer, code, why", ANSWERS.values(), ids=ANSWERS)
def test_http_hostile(probe, answer, code, why):
    with listening(answer=answer) as port:
        probe("--timeout", "1s", f"http://127.0.0.1:{port}/", code=code, why=why)


def test_http_hang(probe):
    """It is there, but nobody accepts: the kernel has taken the connection."""
    with listening() as port:
        probe(f"tcp:127.0.0.1:{port}", code=0)
        began = time.monotonic()
        probe("--timeout", "300ms", f"http://127.0.0.1:{port}/", code=1, why="no answer in time")
        assert 0.25 < time.monotonic() - began < 5


# ---- file: and exec: ---------------------------------------------------------------------------------------

def test_file(probe, tmp_path):
    probe(f"file:{tmp_path}/a", code=1, why="No such file or directory")
    (tmp_path / "a").touch()
    probe(f"file:{tmp_path}/a", code=0, why="")


COMMANDS = {
    "yes": ("exec:true", 0, ""),
    "no": ("exec:false", 1, "exited with code 1"),
    "its last line": ("exec:sh -c 'echo one; echo two words >&2; exit 3'", 1, "exited with code 3: two words"),
    "a signal": ("exec:sh -c 'kill -9 $$'", 1, "was killed by SIGKILL"),
    "not a program": ("exec:/etc/passwd", 1, "exited with code 126: /etc/passwd: Permission denied"),
    "not there": ("exec:nobody-has-this", 1, "exited with code 127: nobody-has-this: No such file or directory"),
    "much output": ("exec:sh -c 'yes | head -c 1000000; exit 0'", 0, ""),
    "too slow": ("exec:sleep 60", 1, "not through in time"),
    "leaves the pipe open": ("exec:sh -c 'sleep 60 & exit 0'", 0, ""),
}


@pytest.mark.parametrize("target, code, why", COMMANDS.values(), ids=COMMANDS)
def test_exec(probe, target, code, why):
    probe("--timeout", "2s", target, code=code, why=why)


def test_exec_words(probe):
    probe("--", "exec:test", "a b", "=", "a b", code=0)
    probe("--", "exec:sh", "-c", "exit 4", code=1, why="exited with code 4")


def alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().split(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("how", ["time", "TERM", "KILL"])
def test_exec_leaves_nobody(tend, tmp_path, how):
    """The command's children go with it; of a probe that is killed outright, at least the command does."""
    words = [tend.path, "probe", "--timeout", "500ms" if how == "time" else "60s", "--", "exec:sh", "-c",
             f"sleep 60 & echo $! $$ >{tmp_path}/pids.new; mv {tmp_path}/pids.new {tmp_path}/pids; wait"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as p:
        child, command = map(int, until(lambda: (tmp_path / "pids").read_text()).split())
        if how != "time":
            p.send_signal(getattr(signal, f"SIG{how}"))
        assert p.wait() == (-9 if how == "KILL" else 1)
    until(lambda: not alive(command))
    if how == "KILL":
        os.kill(child, signal.SIGKILL)
    until(lambda: not alive(child))


# ---- --wait, and the command line --------------------------------------------------------------------------

def test_wait(tend, tmp_path):
    """Tried until it is there; each reason is told once."""
    with subprocess.Popen([tend.path, "probe", "--wait", "20s", f"file:{tmp_path}/a"], stderr=subprocess.PIPE, text=True) as p:
        assert p.stderr.readline() == f"file:{tmp_path}/a: No such file or directory\n"
        (tmp_path / "a").touch()
        assert p.wait() == 0
        assert p.stderr.read() == ""


def test_wait_is_over(probe, tmp_path):
    began = time.monotonic()
    probe("--wait", "300ms", f"file:{tmp_path}/a", code=1, why="No such file or directory")
    assert time.monotonic() - began > 0.2


def test_wait_tries_a_hang_again(tend):
    """A try has a limit of its own."""
    began = time.monotonic()

    def answer(connection):
        connection.recv(1024)
        if time.monotonic() - began > 1:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            time.sleep(0.3)

    with listening(answer=answer) as port:
        done = tend.run("probe", "--wait", "15s", "--timeout", "200ms", f"http://127.0.0.1:{port}/")
    assert done.returncode == 0
    assert "no answer in time" in done.stderr


WRONG = {
    "nothing": ([], "a target is missing"),
    "two": (["file:/a", "file:/b"], "one word too many"),
    "both ways": (["file:/a", "--", "file:/b"], "one target at a time"),
    "arguments of a file": (["--", "file:/a", "b"], "one word too many"),
    "https": (["https://a/"], "there is no TLS in tend"),
    "log": (["log:ready"], "not carried out: tend does not read what a service prints"),
    "fd": (["fd:3"], "it is for ReadyWhen= alone"),
    "no kind": (["localhost:80"], "none of tcp:HOST:PORT unix:PATH"),
    "no port": (["tcp:localhost"], "there is no port"),
    "quote": (["exec:sh -c 'a"], "a quote that is not closed"),
    "span": (["--timeout", "soon", "file:/"], "not a value it takes"),
}


@pytest.mark.parametrize("words, why", WRONG.values(), ids=WRONG)
def test_wrong(probe, words, why):
    assert why in probe(*words, code=2)
