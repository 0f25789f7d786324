"""tend-metrics: what it tells is read by the parser that Prometheus' own people keep."""
import contextlib
import http.client
import os
import socket
import subprocess

import pytest
from conftest import ROOT, binaries, stop, until

parser = pytest.importorskip("prometheus_client.openmetrics.parser")

PROGRAM = ROOT / "build" / "tend-metrics"
SHOP = r"""
[web]
ExecStart=sleep inf
MemoryMax=64M
CPUQuota=50%
HealthCheck=file:/
HealthIntervalSec=50ms
[loop]
ExecStart=sh -c 'exit 3'
Restart=always
RestartSec=10ms
StartLimitBurst=3
FailureAction=none
[odd\x2dname]
ExecStartPre=sleep 0.2
ExecStart=sleep inf
"""


class Place:
    """tend with services, and its metrics."""

    def __init__(self, process):
        self.tend = process

    def ask(self, *words):
        return self.tend.enter(PROGRAM, *words)

    def families(self):
        done = self.ask()
        assert (done.returncode, done.stderr) == (0, "")
        return read(done.stdout)


def read(text):
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def samples(family, **labels):
    """The values of those that have these labels, by the other ones."""
    return {tuple(v for k, v in sorted(s.labels.items()) if k not in labels): s.value
            for s in family.samples if labels.items() <= s.labels.items()}


@pytest.fixture
def place(tend):
    if not PROGRAM.exists():
        pytest.skip("make build/tend-metrics")

    def make(text=SHOP, ready="loop.service: .*given up"):
        p = tend.serve(text)
        p.wait_for(ready)
        return Place(p)
    return make


def value(family, **labels):
    found = samples(family, **labels)
    assert len(found) == 1, family
    return next(iter(found.values()))


def test_page(place):
    p = place()
    until(lambda: value(p.families()["tend_unit_health"], unit="web.service", tend_unit_health="healthy") == 1)
    f = until(lambda: (f := p.families()) and value(f["tend_units_up"]) == 2 and f)
    assert value(f["tend_log_dropped_lines"]) == 0
    assert value(f["tend_units"]) == 3 and value(f["tend_units_up"]) == 2 and value(f["tend_units_failed"]) == 1
    assert value(f["tend_unit_up"], unit="web.service") == 1 and value(f["tend_unit_up"], unit="loop.service") == 0
    assert value(f["tend_unit_active_state"], unit="loop.service", tend_unit_active_state="failed") == 1
    assert value(f["tend_unit_active_state"], unit="loop.service", tend_unit_active_state="active") == 0
    assert value(f["tend_unit_memory_limit_bytes"], unit="web.service") == 64 << 20
    assert value(f["tend_unit_cpu_limit_ratio"], unit="web.service") == 0.5
    assert samples(f["tend_unit_memory_limit_bytes"], unit="loop.service") == {}
    assert set(samples(f["tend_unit_limit_kept"], unit="web.service", limit="memory")) <= {("kernel",), ("sampled",), ("none",)}
    assert samples(f["tend_unit_health"], unit="loop.service") == {}
    assert 0 <= value(f["tend_unit_start_duration_seconds"], unit="web.service") < 60
    assert 0.2 <= value(f["tend_unit_start_duration_seconds"], unit=r"odd\x2dname.service") < 60
    assert value(f["tend_unit_runs_ended"], unit="loop.service", result="exit-code") == 3
    assert value(f["tend_unit_exit_code"], unit="loop.service") == 3
    assert value(f["tend_unit_up"], unit=r"odd\x2dname.service") == 1
    stop(p.tend)


def test_what_runs_out_of_memory(place):
    p = place("[hog]\nExecStart=sh -c 'x=$(yes | head -c 200M); sleep inf'\nMemoryMax=32M\nRestart=no\nFailureAction=none\n"
              "[web]\nExecStart=sleep inf\n", ready="hog.service: .*given up")
    f = p.families()
    assert value(f["tend_unit_oom_kills"], unit="hog.service") == 1
    assert value(f["tend_unit_runs_ended"], unit="hog.service", result="oom-kill") == 1
    assert value(f["tend_unit_oom_kills"], unit="web.service") == 0
    assert value(f["tend_unit_memory_bytes"], unit="web.service") > 0
    assert value(f["tend_unit_tasks"], unit="web.service") == 1
    stop(p.tend)


def test_lines_that_nobody_reads(tend, tmp_path):
    if not PROGRAM.exists():
        pytest.skip("make build/tend-metrics")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(reader, b"x" * 4096)
    p = tend.serve("[a]\nStandardError=null\nExecStart=sh -c 'echo up; exec sleep inf'\n",
                   wrapper=["sh", "-c", f'exec 2>{pipe}; exec "$@"', "sh"])
    p.wait_for("^up$")
    f = until(lambda: (f := Place(p).families()) and value(f["tend_log_dropped_lines"]) > 0 and f)
    assert value(f["tend_unit_up"], unit="a.service") == 1
    stop(p)
    os.close(reader)


def test_as_nobody(place):
    """Whoever may read needs no more."""
    if os.getuid() != 0:
        pytest.skip("needs another user")
    p = place("[a]\nExecStart=sleep inf\n", ready="ready: ")
    done = p.tend.enter("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", PROGRAM)
    assert (done.returncode, done.stderr) == (0, "") and 'tend_unit_up{unit="a.service"} 1' in done.stdout
    stop(p.tend)


def test_by_tend(place, tend):
    """tend runs it as any verb, when it is beside tend."""
    if not PROGRAM.samefile(PROGRAM.with_name("tend-metrics")) or str(tend.path) != str(ROOT / "build" / "tend"):
        pytest.skip("tend-metrics is beside the other tend")
    p = place()
    done = p.tend.enter(tend.path, "metrics")
    assert done.returncode == 0 and done.stdout.endswith("# EOF\n")
    stop(p.tend)


def test_no_tend(tend, tmp_path):
    done = subprocess.run([PROGRAM, "--socket", tmp_path / "none"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr == f"tend: metrics: {tmp_path}/none: No such file or directory\n"


@pytest.mark.parametrize("words, code", [(["--help"], 0), (["--nothing"], 2), (["word"], 2), (["--listen", "nowhere"], 1)])
def test_words(words, code):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == code
    assert (done.stdout if code == 0 else done.stderr) != ""


# ---- over HTTP

class OverUnix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=15)
        self.where = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(15)
        self.sock.connect(self.where)


def get(path, page, method="GET"):
    c = OverUnix(path)
    c.request(method, page)
    answer = c.getresponse()
    return answer.status, answer.getheader("Content-Type"), answer.read().decode()


@pytest.fixture
def server(place, tmp_path):
    """It serves as one of tend's own services."""
    def make(more="", how="ExecStart={program} --listen {path}/m.sock\n", ready="ready: ", **options):
        how = how.format(program=PROGRAM, path=tmp_path)
        p = place(f"[metrics]\nType=notify\n{how}{more}", ready=ready, **options)
        p.where = tmp_path / "m.sock"
        return p
    return make


def test_serves(server):
    p = server("[a]\nExecStart=sleep inf\n")
    status, kind, text = get(p.where, "/metrics")
    assert (status, kind) == (200, "application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert value(read(text)["tend_unit_up"], unit="metrics.service") == 1
    assert get(p.where, "/metrics", "HEAD")[::2] == (200, "")
    assert get(p.where, "/metrics", "POST")[0] == 405
    assert get(p.where, "/")[0] == 404
    assert get(p.where, "/readyz") == (200, "text/plain; charset=utf-8", "running: 2 of 2 up, 0 failed\n")
    assert get(p.where, "/healthz")[0] == 200
    stop(p.tend)


def test_healthz_tells_a_failure(server):
    p = server("[bad]\nExecStart=false\nRestart=no\nFailureAction=none\n", ready="bad.service: ")
    until(lambda: p.where.exists() and get(p.where, "/healthz")[0] == 503)
    assert get(p.where, "/healthz")[2] == "degraded: 1 of 2 up, 1 failed\n"
    assert get(p.where, "/readyz")[0] == 503
    stop(p.tend)


def test_takes_the_socket_that_tend_listens_on(server, tmp_path):
    p = server(f"[metrics.socket]\nListenStream={tmp_path}/m.sock\n", how="ExecStart={program}\n", ready="metrics.socket: ")
    until(lambda: (tmp_path / "m.sock").exists())
    assert get(p.where, "/metrics")[0] == 200
    stop(p.tend)


def test_clients_that_mean_no_good(server):
    """Many, silent ones, ones without an end: the others are served, and it stays as small as it was."""
    p = server()
    silent = []
    for _ in range(40):  # more than it takes; those beyond are closed or wait
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(15)
        s.connect(str(p.where))
        silent.append(s)
    for s in silent[:30]:
        s.close()
    assert get(p.where, "/readyz")[0] == 200
    endless = socket.socket(socket.AF_UNIX)
    endless.settimeout(15)
    endless.connect(str(p.where))
    with pytest.raises(OSError):
        for _ in range(1000):
            endless.sendall(b"x" * 65536)
    assert get(p.where, "/metrics")[0] == 200
    pid = next(pid for pid in p.tend.descendants() if p.tend.comm(pid) == "tend-metrics")
    assert int(p.tend.status("RssAnon", pid).split()[0]) < 4096
    for s in silent[30:]:
        s.close()
    stop(p.tend)


def test_replaces_a_stale_socket(server, tmp_path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(tmp_path / "m.sock"))
    p = server()
    assert get(p.where, "/readyz")[0] == 200
    stop(p.tend)


def test_address_in_use(tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        address = f"127.0.0.1:{s.getsockname()[1]}"
        done = subprocess.run([PROGRAM, "--listen", address], capture_output=True, text=True, timeout=15)
    assert done.returncode == 1
    assert done.stderr == f"tend-metrics: {address}: listening: Address already in use\n"


@pytest.mark.parametrize("address, host", [("127.0.0.1:{}", "127.0.0.1"), ("[::1]:{}", "::1"), ("{}", "127.0.0.1"), ("{}", "::1")])
def test_addresses(tmp_path, address, host):
    """A port alone is that of every address, of both families."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as s:
        try:
            s.bind((host, 0))
        except OSError as error:
            pytest.skip(f"no {host} here: {error}")
        port = s.getsockname()[1]
    with subprocess.Popen([PROGRAM, "--listen", address.format(port), "--socket", tmp_path / "none"]) as p:
        def connected():
            c = http.client.HTTPConnection(host, port, timeout=15)
            try:
                c.connect()
            except ConnectionRefusedError:
                return None
            return c
        c = until(connected)
        for page, status in (("/healthz", 503), ("/metrics?a=b", 503), ("/metrics/", 404), ("/../metrics", 404), ("//", 404)):
            c.request("GET", page)
            answer = c.getresponse()
            assert (answer.status, bool(answer.read())) == (status, True), page
        p.terminate()
        assert p.wait(15) == 0


def test_tend_is_gone(tmp_path):
    """A page that cannot be made says so."""
    env = dict(os.environ, XDG_RUNTIME_DIR=str(tmp_path))
    with subprocess.Popen([PROGRAM, "--listen", tmp_path / "m.sock", "--socket", tmp_path / "none"], env=env) as p:
        until(lambda: (tmp_path / "m.sock").exists())
        assert get(tmp_path / "m.sock", "/metrics")[0] == 503
        p.terminate()
        assert p.wait(15) == 0
