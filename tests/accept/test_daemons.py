"""Debian's daemons under tend, from their own unit files: started, seen at work, reloaded, killed, stopped.

Each is a row of docs/daemons.md, and what a test has seen has to be what the row says. Where it is not, build/accept/daemons.md
is the page as it ought to be.
"""
import re
import signal

import pytest
from conftest import ROOT
from daemons import DAEMONS

PAGE = ROOT / "docs" / "daemons.md"
SEEN = ROOT / "build" / "accept" / "daemons.md"
MARK = "<!-- what follows is made by `make accept` -->\n"
COLUMNS = "unit", "is seen at work", "reloaded", "killed by SIGKILL", "stopped", "not enforced"


# ---- what tend says ----------------------------------------------------------------------------------------------

def told(daemon, words):
    return rf"^tend: {re.escape(daemon.unit)}\.service: {words}"


def shown(p, daemon, name):
    """A property, as the real systemctl shows it."""
    code, said = p.run(f"systemctl show --value --property={name} {daemon.unit}")
    assert code == 0, said
    return said.strip()


def not_enforced(p, daemon):
    """The settings of its file that tend has said it leaves out."""
    unit = re.escape(daemon.unit)
    lines = re.findall(rf"warning: {unit}\.service: not enforced:([^;\n]*)", p.err)
    return sorted(set(re.findall(r"(\w+)=", " ".join(lines)) +
                      re.findall(rf"warning: {unit}\.service: (\w+)= is a setting of systemd that tend does not carry out", p.err)))


# ---- what is done to it ------------------------------------------------------------------------------------------

def start(container, daemon):
    units = [word for name in [*daemon.also, daemon.unit] for word in ("--unit", name)]
    return container(daemon.prepare, "run", f"--stop-budget={daemon.budget}", *units)


def start_and_ask(container, daemon):
    p = start(container, daemon)
    p.wait_for(r"^tend: ready: \d+ of \d+ services are up$", daemon.seconds)
    p.ask(daemon.job, daemon.sees, daemon.seconds)
    return p


def stop(p, daemon):
    """Within the budget, and nobody has to be killed."""
    p.kill(signal.SIGTERM)
    assert p.wait(daemon.seconds) == 0, p.err
    said = p.err[p.err.index("tend: stopping"):]
    assert "SIGKILL" not in said and "killed" not in said, said
    return "code 0" + (f" (--stop-budget={daemon.budget})" if daemon.budget != "9s" else "")


def reload(p, daemon):
    """By the real systemctl, and it works on."""
    if shown(p, daemon, "CanReload") == "no":
        return "has no ExecReload="
    code, said = p.run(f"systemctl reload {daemon.unit}", daemon.seconds)
    assert code == 0, f"{said}\n--- err\n{p.err}"
    p.wait_for(told(daemon, "reloaded$"))
    p.ask(daemon.job, daemon.sees, daemon.seconds)
    return "yes"


def kill(p, daemon):
    """What becomes of it, and whether tend still runs."""
    p.run(f"kill -KILL {shown(p, daemon, 'MainPID')}")
    if daemon.killed == 0:
        p.wait_for(told(daemon, r".*; starts again"))
        p.wait_for(told(daemon, r"(ready|started), pid \d+$"), after=1)
        p.ask(daemon.job_again or daemon.job, daemon.sees, daemon.seconds)
        return "back", True
    why = p.wait_for(told(daemon, r".*; given up on: (Restart=\S+)$"))[1]
    if daemon.also:
        return f"failed: {why}", True
    assert p.wait() == daemon.killed, p.err
    return f"ends with code {daemon.killed}: {why}", False


def daemon_row(container, daemon):
    p = start_and_ask(container, daemon)
    left = not_enforced(p, daemon)
    reloaded = reload(p, daemon)
    killed, runs = kill(p, daemon)
    if not runs:
        p = start_and_ask(container, daemon)
    return daemon.does, reloaded, killed, stop(p, daemon), left


def stays_row(container, daemon):
    """It has no process once its work is done, and something to do when it is stopped."""
    p = start_and_ask(container, daemon)
    return daemon.does, "", "", stop(p, daemon), not_enforced(p, daemon)


def oneshot_row(container, daemon):
    """Alone it is the container, and ends with its work."""
    p = start(container, daemon)
    assert p.wait() == 0, p.err
    return daemon.does, "", "", "code 0 when done", not_enforced(p, daemon)


def refused_row(container, daemon):
    p = start(container, daemon)
    assert p.wait() == 2
    why = re.search(rf"error: {daemon.does}: (.*)$", p.err, re.M)[1]
    return f"refused, {daemon.does}: {why}", "", "", "", []


def skipped_row(container, daemon):
    p = start(container, daemon)
    assert p.wait() == 0
    p.wait_for(told(daemon, f"skipped: {re.escape(daemon.does)} is not met$"))
    return f"skipped, {daemon.does}", "", "", "code 0", []


ROWS = {"daemon": daemon_row, "stays": stays_row, "oneshot": oneshot_row, "refused": refused_row, "skipped": skipped_row}


# ---- the page ----------------------------------------------------------------------------------------------------

def row(*cells):
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|\n"


def name_of(daemon):
    return daemon.name or daemon.unit


def page_rows():
    """By the name in their first column."""
    table = PAGE.read_text().partition(MARK)[2] if PAGE.exists() else ""
    return {line.split(" | ")[0].removeprefix("| "): line + "\n" for line in table.splitlines()[2:]}


@pytest.fixture(scope="module")
def page():
    """The rows as they were seen: what has not been run is as it was."""
    rows = page_rows()
    yield rows
    order = [name_of(daemon) for daemon in DAEMONS]
    text = PAGE.read_text().partition(MARK)[0] if PAGE.exists() else ""
    SEEN.write_text(text + MARK + row(*COLUMNS) + row(*["---"] * len(COLUMNS)) + "".join(rows[name] for name in order if name in rows))


@pytest.mark.limit(240)
@pytest.mark.parametrize("daemon", DAEMONS, ids=name_of)
def test_daemon(container, page, daemon):
    name = name_of(daemon)
    does, reloaded, killed, stopped, left = ROWS[daemon.kind](container, daemon)
    work = does + (f" ({daemon.prepared})" if daemon.prepared else "")
    before, page[name] = page.get(name), row(name, work, reloaded, killed, stopped, " ".join(left))
    assert page[name] == before, f"the row in docs/daemons.md is another: see {SEEN.relative_to(ROOT)}"


def test_page_has_no_other_rows():
    assert list(page_rows()) == [name_of(daemon) for daemon in DAEMONS]
