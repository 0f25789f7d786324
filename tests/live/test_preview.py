"""`tend reload --dry-run`: what a reload would do is said, comes about when it is done, and not before."""
import json

import pytest
from conftest import ini, stop, until
from test_status import Shop

BEFORE = """
[web]
ExecStart=sleep inf
[db]
ExecStart=sleep inf
[app]
Requires=db
After=db
ExecStart=sleep inf
[old]
ExecStart=sleep inf
[rest]
Type=oneshot
ExecStart=true
[tick.timer]
OnCalendar=yearly
Unit=rest.service
[same]
ExecStart=sleep inf
"""
AFTER = BEFORE.replace("[old]\nExecStart=sleep inf\n", "").replace("[web]\n", "[web]\nMemoryMax=200M\n").replace(
    "[db]\nExecStart=sleep inf", "[db]\nNice=1\nExecStart=sleep inf").replace("ExecStart=true", "ExecStart=true now") + "[fresh]\nExecStart=sleep inf\n"
CHANGES = {"web.service": ("live", ""), "db.service": ("restart", ""), "app.service": ("restart", "db.service"), "rest.service": ("change", ""),
           "fresh.service": ("new", ""), "old.service": ("gone", "")}


@pytest.fixture
def shop(tend):
    p = tend.serve(BEFORE)
    p.wait_for("ready: ")
    return Shop(tend, p)


def pids(s):
    return {name: unit["main_pid"] for name, unit in s.status()[1].items()}


def test_what_would_change(shop, tmp_path):
    assert shop.ask("reload", "--dry-run").stdout == "nothing would change\n"
    ini(tmp_path, AFTER)
    before = pids(shop)
    done = shop.ask("reload", "--dry-run", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    changes = json.loads(done.stdout)["changes"]
    assert {change["unit"]: (change["change"], change["with"]) for change in changes} == CHANGES
    assert len(changes) == len(CHANGES)
    assert pids(shop) == before and "reloading" not in shop.tend.err

    lines = shop.ask("reload", "--dry-run").stdout.splitlines()
    assert "app.service: is restarted, as it goes with db.service" in lines and len(lines) == len(CHANGES)

    # And so it comes about.
    assert shop.ask("reload").returncode == 0
    assert shop.ask("wait", "web", "db", "app", "fresh").returncode == 0
    until(lambda: "old" not in pids(shop))
    after = pids(shop)
    assert after["web"] == before["web"] and after["same"] == before["same"]
    assert after["db"] != before["db"] and after["app"] != before["app"] and "old" not in after
    assert shop.ask("reload", "--dry-run").stdout == "nothing would change\n"
    stop(shop.tend)


def test_broken_files(shop, tmp_path):
    ini(tmp_path, BEFORE + "[web]\nRestart=sometimes\n")
    done = shop.ask("reload", "--dry-run")
    assert done.returncode == 1 and "Restart=sometimes" in done.stderr and done.stdout == ""
    assert shop.ask("status").returncode == 0
    stop(shop.tend)


def test_no_memory_is_taken(shop, tmp_path):
    """A child does it: PID 1 has read nothing."""
    ini(tmp_path, "".join(f"[s{n}]\nExecStart=sleep {n}\n" for n in range(300)))
    shop.ask("reload", "--dry-run")
    before = int(shop.tend.status("RssAnon").split()[0])
    for _ in range(10):
        assert shop.ask("reload", "--dry-run").stdout.count("is new") == 300
    assert int(shop.tend.status("RssAnon").split()[0]) - before <= 30
    stop(shop.tend)


def test_wrong_words(shop):
    done = shop.ask("reload", "--dry-run", "web")
    assert done.returncode == 2 and "only of the files" in done.stderr
    stop(shop.tend)
