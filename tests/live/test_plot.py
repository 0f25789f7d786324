"""`tend plot` and `tend critical-chain`: starts that the test holds in its hands, gate by gate."""
import errno
import json
import os
import pathlib
import re
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import stop, until
from test_json import table

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<b onload=\"x\">'Files' & accounts</b> ]]> &amp; \x01\ufffe"
# Each reads from a gate of its own before it goes on.
SHOP = r"""
[web]
After=db cache
Requires=db
Type=notify
ExecStart={web}
RestartSec=1ms
[setup]
Description={hostile}
Type=oneshot
RemainAfterExit=yes
ExecStart=sh -c 'read x <{gates}/setup'
[db]
After=setup
Type=notify
ExecStart={db}
[cache]
After=setup
ExecStart=sleep inf
[bad\x2done]
After=cache
ExecStart=sh -c 'read x <{gates}/bad; exit 7'
Restart=no
FailureAction=none
[job]
Type=oneshot
ExecStart=true
[job.timer]
OnCalendar=yearly
"""
WAITS = "open('{gate}').read()\ntell('READY=1')\nstay()\n"


class Shop:
    def __init__(self, tend, directory, script):
        for name in ("setup", "db", "web", "bad"):
            os.mkfifo(directory / f"gate-{name}")
        words = {name: script(name, WAITS.format(gate=directory / f"gate-{name}")) for name in ("web", "db")}
        text = SHOP.format(gates=f"{directory}/gate-", hostile=HOSTILE, **words).replace("gate-/", "gate-")
        self.directory = directory
        self.path = tend.path
        self.tend = tend.serve(text)

    def open(self, gate):
        """Lets one go through, as soon as it is there."""
        def reach():
            try:
                return os.open(self.directory / f"gate-{gate}", os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                assert error.errno == errno.ENXIO
                return None
        fd = until(reach, what=f"somebody at the gate of {gate}")
        os.write(fd, b"go\n")
        os.close(fd)

    def ask(self, *words):
        return self.tend.enter(self.path, *words)

    def told(self, *words):
        done = self.ask(*words)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def status(self, name):
        return json.loads(self.ask("status", "--json", name).stdout)["units"][0]

    def start(self):
        """All of it, one after the other."""
        self.open("setup")
        self.open("db")
        self.open("bad")
        self.tend.wait_for(r"bad\\x2done.service: .*given up")
        self.open("web")
        self.tend.wait_for("ready: ")

    def crash(self):
        """web is killed and comes back."""
        self.told("kill", "--signal=KILL", "web")
        self.open("web")
        self.told("wait", "web", "--for", "ready")
        assert self.status("web")["restarts"] == 1


@pytest.fixture
def shop(tend, tmp_path, script):
    if not pathlib.Path(f"{tend.path}-plot").exists():
        pytest.skip("tend-plot is not built")
    return Shop(tend, tmp_path, script)


# ---- the picture ---------------------------------------------------------------------------------------------------

PARTS = {"tend-waiting": "waiting", "tend-hatched": "starting", "tend-up": "up", "tend-line tend-down": "down", "tend-line": "unknown"}


class Picture:
    """An SVG, taken apart: the bars of each row by their part, in pixels, and the names of its marks."""

    def __init__(self, text):
        self.root = ElementTree.fromstring(text)
        self.title = self.root.find(f"{SVG}title").text
        self.rows = {}
        for row in self.root.iterfind(f"{SVG}g[@class='row']"):
            name = row.find(f"{SVG}text").text
            self.rows[name] = {"title": row.find(f"{SVG}title").text, "marks": [], "bars": [], "texts": [t.text for t in row.iterfind(f"{SVG}text")]}
            for group in row.iterfind(f"{SVG}g"):
                shape = group[1]
                if shape.tag == f"{SVG}use":
                    self.rows[name]["marks"].append(shape.get("href").removeprefix("#tend-"))
                elif shape.tag == f"{SVG}rect":
                    x = float(shape.get("x"))
                    self.rows[name]["bars"].append((PARTS[shape.get("class")], x, x + float(shape.get("width"))))
                else:
                    self.rows[name]["bars"].append((PARTS[shape.get("class")], None, None))

    def bar(self, name, part):
        return next((x, end) for what, x, end in self.rows[name]["bars"] if what == part)


def test_picture(shop):
    shop.start()
    shop.crash()
    picture = Picture(shop.told("plot"))
    assert picture.title.startswith(f"{os.uname().nodename}: ready after ")
    assert picture.title.endswith(", 5 of 6 units up, 1 failed")
    assert set(picture.rows) == {"setup.service", "job.timer", "db.service", "cache.service", r"bad\x2done.service", "web.service"}
    parts = {name: [part for part, _, _ in row["bars"]] for name, row in picture.rows.items()}
    assert parts["db.service"] == ["waiting", "starting", "up"]
    assert parts["web.service"] == ["waiting", "starting", "up", "down", "starting", "up"]
    assert parts[r"bad\x2done.service"] == ["waiting", "up"]
    assert picture.rows["web.service"]["marks"] == ["restart"]
    assert picture.rows["web.service"]["texts"][-1] == "1 restart"
    assert picture.rows[r"bad\x2done.service"]["marks"] == ["failed"]
    assert picture.rows[r"bad\x2done.service"]["texts"][-1] == "exited with code 7"
    # Rows come in the order in which the units began, and nobody begins before those that it is ordered after are up.
    order = list(picture.rows)
    assert order.index("setup.service") < order.index("db.service") < order.index("web.service")
    assert order[-1] == "web.service"
    for name, first in (("db.service", "setup.service"), ("web.service", "db.service")):
        assert picture.bar(name, "waiting")[1] == pytest.approx(picture.bar(name, "starting")[0], abs=0.02)
        assert picture.bar(first, "starting")[1] <= picture.bar(name, "starting")[0] + 0.02
        assert picture.bar(first, "up")[0] == pytest.approx(picture.bar(first, "starting")[1], abs=1)
    assert picture.bar("web.service", "up")[0] > picture.bar("db.service", "up")[0]
    assert stop(shop.tend) == 0


def test_picture_is_for_everybody(shop):
    """No script, nothing from elsewhere, any text in it; and names for those who do not see it."""
    shop.start()
    text = shop.told("plot")
    root = Picture(text).root
    ids = {e.get("id"): e for e in root.iter() if e.get("id")}
    assert ids[root.get("aria-labelledby")].text and ids[root.get("aria-describedby")].text
    assert {e.tag.removeprefix(SVG) for e in root.iter()} == {"svg", "title", "desc", "style", "defs", "pattern", "g", "rect", "path", "circle",
                                                              "text", "use"}
    for element in root.iter():
        assert not any(name.startswith("on") for name in element.keys())
        assert element.get("href", "#tend-").startswith("#tend-")
        assert element.get("href", "#")[1:] in {"", *ids}
    assert re.findall(r"url\((.)", text) == ["#"] and "@import" not in text
    assert "prefers-color-scheme:dark" in text
    title = Picture(text).rows["setup.service"]["title"]
    assert "<b onload=\"x\">'Files' & accounts</b> ]]> &amp; \ufffd\ufffd; exited; its start was over at " in title


def test_picture_of_a_start_that_is_not_over(shop):
    shop.open("setup")
    shop.tend.wait_for("cache.service: started")
    picture = Picture(shop.told("plot"))
    assert ": not ready after " in picture.title
    assert [part for part, _, _ in picture.rows["web.service"]["bars"]] == ["waiting"]
    assert picture.rows["web.service"]["texts"][-1] == "waits for db.service"
    assert [part for part, _, _ in picture.rows["db.service"]["bars"]] == ["waiting", "starting"]
    lines = shop.told("critical-chain").splitlines()
    assert lines[0].startswith("not ready after ")
    assert re.match(r"web\.service has waited for [\d.]+m?s: waits for db\.service$", lines[3])
    assert re.match(r"└─db\.service @\S+ \+\S+, not up yet: waits for READY=1$", lines[4])
    assert re.match(r"  └─setup\.service @\S+ \+\S+$", lines[5])


def test_restarts_that_are_not_kept(tend, tmp_path):
    """15 runs of which the first, the last 8 that have ended and the one that is up are known."""
    if not pathlib.Path(f"{tend.path}-plot").exists():
        pytest.skip("tend-plot is not built")
    p = tend.serve("[loop]\nRestart=always\nRestartSec=1ms\nRestartSteps=0\nStartLimitIntervalSec=0\n"
                   f"ExecStart=sh -c 'echo >>{tmp_path}/runs; [ $(wc -l <{tmp_path}/runs) -lt 15 ] || exec sleep inf; exit 3'\n")
    until(lambda: (tmp_path / "runs").read_text().count("\n") == 15)
    unit = json.loads(p.enter(tend.path, "plot", "--json").stdout)["units"][0]
    assert (unit["lost"], len(unit["runs"])) == (5, 10)
    assert [run["asked"] is None for run in unit["runs"]] == [False] + 9 * [True]
    assert [run["result"] for run in unit["runs"]] == 9 * ["exit-code"] + [""]
    row = Picture(p.enter(tend.path, "plot").stdout).rows["loop.service"]
    assert row["texts"][-1] == "14 restarts; 5 earlier restarts not kept"
    assert [part for part, _, _ in row["bars"] if part == "unknown"] == ["unknown"]
    assert row["marks"] == 9 * ["restart"]


def test_a_thousand_units(tend, tmp_path):
    if not pathlib.Path(f"{tend.path}-plot").exists():
        pytest.skip("tend-plot is not built")
    p = tend.serve("".join(f"[s{i}]\nType=oneshot\nRemainAfterExit=yes\nExecStart=true\n{f'After=s{i - 100}' if i >= 100 else ''}\n"
                           for i in range(1000)))
    p.wait_for("ready: 1000 of 1000")
    picture = Picture(p.enter(tend.path, "plot").stdout)
    assert len(picture.rows) == 1000
    begun = [picture.bar(name, "starting")[0] for name in picture.rows]
    assert begun == sorted(begun)
    chain = json.loads(p.enter(tend.path, "critical-chain", "--json").stdout)["chain"]
    assert len(chain) == 10
    for unit, before in zip(chain, chain[1:]):
        assert before["settled"] <= unit["begun"]
        assert int(before["name"][1:-8]) == int(unit["name"][1:-8]) - 100


# ---- the file ------------------------------------------------------------------------------------------------------

def test_into_a_file(shop):
    shop.start()
    path = shop.directory / "start.svg"
    assert shop.told("plot", path) == ""
    assert len(Picture(path.read_text()).rows) == 6
    done = shop.ask("plot", shop.directory / "missing" / "start.svg")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.search(r"^tend: plot: .*/missing/start\.svg: No such file or directory$", done.stderr, re.M)
    done = shop.tend.enter("sh", "-c", f"{shop.path} plot >/dev/full")
    assert done.returncode == 1 and "tend: plot: standard output: No space left on device" in done.stderr
    # Where there is nothing to put there, what was there stays.
    before = path.read_text()
    done = shop.ask("plot", path, "--socket", shop.directory / "nobody")
    assert done.returncode == 5 and path.read_text() == before


def test_json(shop):
    """The record: also of what was never asked to start, which no picture shows."""
    shop.start()
    shop.crash()
    record = json.loads(shop.told("plot", "--json"))
    container = record["container"]
    units = {unit["name"]: unit for unit in record["units"]}
    assert container["hostname"] == os.uname().nodename
    assert container["started"] < container["ready"] < container["now"]
    assert units["job.service"]["runs"] == []
    assert units["web.service"]["after"] == ["db.service", "cache.service"]
    assert units["setup.service"]["description"].startswith("<b onload=\"x\">")
    first, second = units["web.service"]["runs"]
    assert container["started"] <= first["asked"] < first["begun"] < first["ready"] <= container["ready"] < first["ended"]
    assert (first["failed"], first["result"], first["why"]) == (True, "signal", "was killed by SIGKILL")
    assert second["asked"] is None and first["ended"] < second["begun"] < second["ready"]
    assert (second["ended"], second["failed"], second["result"]) == (None, False, "")
    assert units["db.service"]["runs"][0]["ready"] <= first["begun"]
    assert list(container) == list(table("plot-container"))
    assert all(list(unit) == list(table("plot-units")) for unit in record["units"])
    assert list(first) == list(table("plot-runs"))


def test_restart_by_hand_waits_for_others(shop):
    """What was asked for afterwards has a waiting of its own."""
    shop.start()
    shop.told("stop", "db")
    shop.told("start", "--no-block", "web")
    until(lambda: shop.status("web")["why"] == "waits for db.service")
    shop.open("db")
    shop.open("web")
    shop.told("wait", "web", "--for", "ready")
    units = {unit["name"]: unit for unit in json.loads(shop.told("plot", "--json"))["units"]}
    web, db = units["web.service"]["runs"][-1], units["db.service"]["runs"][-1]
    assert web["asked"] is not None and web["asked"] < db["ready"] <= web["begun"]
    assert units["web.service"]["runs"][0]["why"] == "stopped"


# ---- the chain -----------------------------------------------------------------------------------------------------

def names(text):
    return [re.sub(r"[ └─]+", "", line.split("@")[0]) for line in text.splitlines()[3:]]


def test_chain(shop):
    shop.start()
    text = shop.told("critical-chain")
    assert text.startswith("ready after ")
    assert names(text) == ["web.service", "db.service", "setup.service"]
    assert names(shop.told("critical-chain", "cache.service")) == ["cache.service", "setup.service"]
    assert names(shop.told("critical-chain", "setup")) == ["setup.service"]
    assert re.search(r"^bad\\x2done\.service @\S+ \+0$", shop.told("critical-chain", r"bad\x2done"), re.M)
    answer = json.loads(shop.told("critical-chain", "--json"))
    web, db, setup = answer["chain"]
    assert web["settled"] <= answer["container"]["ready"]
    assert setup["asked"] <= setup["begun"] < setup["settled"] <= db["begun"] < db["settled"] <= web["begun"]
    assert db["took"] == pytest.approx(db["settled"] - db["begun"], abs=1e-5)
    assert list(answer["container"]) == list(table("plot-container")) and list(web) == list(table("critical-chain"))
    assert [unit["tries"] for unit in answer["chain"]] == [1, 1, 1] and not any(unit["failed"] for unit in answer["chain"])


@pytest.mark.parametrize("words, code, said", [
    (["critical-chain", "nobody"], 4, "tend: critical-chain: nobody: no such unit"),
    (["critical-chain", "job"], 3, "tend: critical-chain: job: it was never asked to start"),
    (["critical-chain", "web", "db"], 2, "tend: critical-chain: db: one word too many"),
    (["critical-chain", "--socket", "/nowhere"], 5, "tend: critical-chain: /nowhere: "),
    (["plot", "a", "b"], 2, "tend: plot: b: one word too many"),
    (["plot", "--colour"], 2, "unrecognized option '--colour'"),
    (["plot", "--socket", "/nowhere"], 5, "tend: plot: /nowhere: "),
])
def test_exit_codes(shop, words, code, said):
    shop.start()
    done = shop.ask(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_help(tend):
    if not pathlib.Path(f"{tend.path}-plot").exists():
        pytest.skip("tend-plot is not built")
    assert tend.run("plot", "--help").stdout.startswith("tend plot [FILE] [OPTIONS]\n")
    assert tend.run("help", "critical-chain").stdout.startswith("tend critical-chain [UNIT] [OPTIONS]\n")
    assert tend.run("plot").returncode == 5
