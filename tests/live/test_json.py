"""What `--json` prints is what docs/json.md says: each verb that has it, each key and its type, in that order."""
import json
import re

import pytest
from conftest import ROOT, ini, stop
from test_status import Shop

TEXT = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
# Those of a program beside tend, which test_plot.py looks at, and their tables.
BESIDE = {"plot", "critical-chain"}
BESIDE_TABLES = {"plot-container", "plot-units", "plot-runs", "critical-chain"}
# Verbs that print nothing of their own, or another language.
SILENT = {"run", "set", "kill", "reset", "probe", "help"}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


TYPES = {
    "text": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "number": lambda value: value is None or isinstance(value, int) and value >= 0,
    "size": lambda value: value is None or isinstance(value, int) and value >= 0,
    "time": lambda value: value is None or is_number(value) and value > 1e9,
    "span": lambda value: value is None or is_number(value),
    "share": lambda value: value is None or is_number(value),
    "times": lambda value: isinstance(value, list) and all(is_number(one) and one > 1e9 for one in value),
}


def table(heading):
    """Keys and types of a table of the page."""
    part = re.split(r"^#+ ", TEXT.split(f"### {heading}\n")[1], maxsplit=1, flags=re.M)[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", part, re.M))


def check(value, headings, where, seen):
    """That an object is as its tables say, and all that is in it; which tables those are is added to `seen`."""
    seen.update(headings)
    rows = {key: kind for heading in headings for key, kind in table(heading).items()}
    assert list(value) == list(rows), f"{where}: the keys of {headings}"
    for key, kind in rows.items():
        here = f"{where}.{key}"
        if kind in TYPES:
            assert TYPES[kind](value[key]), f"{here}={value[key]!r} is no {kind}"
            continue
        shape, _, names = kind.partition(" of ")
        names = names.split(" and ") if names else [key]
        for item in [value[key]] if shape == "object" else value[key]:
            if names == [key] and f"### {key}\n" not in TEXT:
                assert TYPES["text"](item), here
            else:
                check(item, names, here, seen)


SHOP = """
[tend]
StopBudget=8s
[web]
Description=The web
ExecStart=sh -c 'sleep inf & exec sleep inf'
ExecReload=true
MemoryMax=64M
CPUQuota=12.5%
[bad]
ExecStart=sh -c 'exit 7'
Restart=no
FailureAction=none
[tick.timer]
OnCalendar=yearly
Unit=job.service
[job]
Type=oneshot
ExecStart=true
[skipped]
ConditionPathExists=/no/such
ExecStart=true
[w.slice]
TasksMax=50%
"""
# A line, the table that what it prints is in, and its exit code.
ROWS = [
    ("status", "status", 0),
    ("status web", "details", 0),
    ("status web bad nosuch", "details", 4),
    ("events web bad", "events", 0),
    ("wait web", "wait", 0),
    ("wait web bad --for=failed --timeout=10ms", "wait", 1),
    ("restart web nosuch", "start", 4),
    ("start web --no-block", "start", 0),
    ("reload web", "start", 0),
    ("reload", "start", 0),
    ("stop web", "start", 0),
    ("health", "health", 0),
    ("health bad", "health", 1),
    ("reload --dry-run", "dry-run", 0),
    ("check {0}", "check", 0),
    ("check {1}", "check", 2),
    ("check --explain", "explain", 0),
    ("check --explain restart Nice=", "explain", 0),
    ("show {0}", "show", 0),
    ("show {0} web tend w.slice --changed", "show", 0),
    ("show {0} web nosuch", "show", 4),
    ("calendar yearly 2000-01-01 weekly --iterations=3", "calendar", 0),
    ("calendar yearly nonsense", "calendar", 2),
    ("prepare --root {2}", "prepare", 0),
]


@pytest.fixture
def shop(tend):
    s = Shop(tend, tend.serve(SHOP))
    s.tend.wait_for("ready: ")
    s.tend.wait_for("bad.service: .*given up")
    return s


def test_all_that_is_printed(shop, tmp_path):
    fresh, wrong = ini(tmp_path, SHOP, "fresh.ini"), ini(tmp_path, "[a]\nExecStrat=true\n", "wrong.ini")
    (tmp_path / "root").mkdir()
    seen = set()
    for line, heading, code in ROWS:
        if heading == "dry-run":
            ini(tmp_path, SHOP.replace("64M", "65M") + "[new]\nExecStart=true\n")
        done = shop.ask(*line.format(fresh, wrong, tmp_path / "root").split(), "--json")
        assert done.returncode == code, (line, done)
        for text in done.stdout.splitlines() if heading == "events" else [done.stdout]:
            answer = json.loads(text)
            check(answer, [heading], line, seen)
            assert all(answer.get(key, True) for key in ("changes", "settings", "expressions", "units")), line
    assert seen | BESIDE_TABLES == set(re.findall(r"^### (\S+)$", TEXT, re.M))
    stop(shop.tend)


def test_each_verb_that_prints_has_it(tend):
    """And a row above; each heading of the page is about one that there is."""
    page = tend.run("--help").stdout
    verbs = re.findall(r"^  ([a-z-]+) +(?!.*\(tend-)", page[page.index("tend VERB"):page.index("tend --help")], re.M)
    have = {verb for verb in verbs if re.search("^  --json", tend.run("help", verb).stdout, re.M)}
    assert have == {line.split()[0] for line, _, _ in ROWS} == set(verbs) - SILENT
    assert set(re.findall(r"^## `tend ([\w-]+)", TEXT, re.M)) <= have | BESIDE


def test_what_has_no_json(tend, tmp_path):
    for words in (["check", ini(tmp_path, SHOP), "--graph"], ["check", "--explain", "--roff"], ["check", "--explain", "states"]):
        done = tend.run(*words, "--json")
        assert done.returncode == 2 and "error" not in done.stdout and done.stderr != "", done
