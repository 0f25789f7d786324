"""The command line as a user meets it: usage and its errors, check, show, explain and graph."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def cli(tend, tmp_path):
    """A short run in the directory of the test's files: cli("check", "x.ini")."""
    def run(*words, **more):
        return tend.run(*words, cwd=tmp_path, **more)
    return run


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="shop.ini"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name
    return write_file


GOOD = """\
[db]
ExecStart = sleep 60

[web]
Requires = db
After = db
ExecStart = sleep 60
RestartSec = 2s
"""


# ---- usage -------------------------------------------------------------------------------------------------

def test_version(cli):
    for word in ("--version", "-V"):
        done = cli(word)
        assert (done.returncode, done.stdout, done.stderr) == (0, "tend 0.1.0\n", "")


def test_help_lists_every_verb(cli):
    for words in (["--help"], ["-h"], ["help"]):
        done = cli(*words)
        assert done.returncode == 0 and done.stderr == ""
        for verb in ("run", "check", "show", "help", "tend [OPTIONS] -- CMD"):
            assert verb in done.stdout


@pytest.mark.parametrize("verb, option", [("run", "--isolate"), ("check", "--graph"), ("show", "--changed")])
def test_help_of_a_verb(cli, verb, option):
    one, other = cli("help", verb), cli(verb, "--help")
    assert one.returncode == other.returncode == 0
    assert option in one.stdout and one.stdout == other.stdout


def test_nothing_at_all_is_usage(cli):
    done = cli()
    assert done.returncode == 2 and done.stdout == "" and "tend VERB" in done.stderr


@pytest.mark.skipif(os.path.exists("/etc/tend.ini"), reason="there is an /etc/tend.ini here")
def test_nothing_at_all_as_pid_1_is_usage_too(tend):
    p = tend()
    assert p.wait() == 2 and p.out == "" and "tend VERB" in p.err


def test_every_option_of_the_help_is_taken(cli):
    samples = {"SIG:SIG": "TERM:QUIT", "SIG": "TERM", "N": "3", "SPAN": "1s", None: None}
    rows = re.findall(r"^  (--[a-z-]+)(?: ([A-Z:]+))?  ", cli("--help").stdout, re.M)
    assert len(rows) == 9
    for option, value in rows:
        words = [option] + ([samples[value]] if value else [])
        done = cli(*words, "--", "true")
        assert done.returncode == 0, (words, done.stderr)


WRONG = [
    # words, what stderr says
    (["chekc", "x.ini"], ["chekc", "`tend check`", "`tend -- chekc`"]),
    (["sleep", "5"], ["`tend -- sleep`"]),
    (["help", "rnu"], ["rnu", "`tend run`"]),
    (["run", "--isolat"], ["--isolat", "--isolate?"]),
    (["check", "--hepl"], ["--help?"]),
    (["check", "--zzzzzz"], ["`tend help check`"]),
    (["run", "-x"], ["-x"]),
    (["run", "--isolate=yes"], ["takes no value"]),
    (["run", "--stop-budget"], ["--stop-budget", "missing"]),
    (["run", "--stop-budget", "soon"], ["soon"]),
    (["check", "--stop-budget=infinity"], ["infinity"]),
    (["run", "--log-level=loud"], ["loud"]),
    (["run", "--hostname", "x"], ["--isolate"]),
    (["run", "a.ini", "b.ini"], ["b.ini", "`--`"]),
    (["check", "a.ini", "b.ini"], ["b.ini"]),
    (["show", "a.ini", "--", "true"], ["command"]),
]


@pytest.mark.parametrize("words, said", WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_wrong_usage_is_2_and_says_why(cli, words, said):
    done = cli(*words)
    assert done.returncode == 2 and done.stdout == ""
    for word in said:
        assert word in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_output_that_does_not_arrive_is_not_success(tend):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([tend.path, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and b"No space left" in done.stderr


def test_a_missing_file_is_2(cli):
    for verb in ("run", "check", "show"):
        done = cli(verb, "nowhere.ini")
        assert done.returncode == 2
        assert re.search(r"nowhere\.ini: error: .*No such file", done.stdout + done.stderr)


# ---- programs beside tend ------------------------------------------------------------------------------------

SCRIPT = "#!/bin/sh\necho \"$(basename $0) from $(basename $(dirname $0)): $*\"\nexit 7\n"


@pytest.fixture
def beside(tend, tmp_path):
    """tend in a directory of its own, with room for a program beside it: beside("image"), and run(...)."""
    (tmp_path / "own").mkdir()
    (tmp_path / "path").mkdir()
    shutil.copy(tend.path, tmp_path / "own" / "tend")

    def put(name, directory="own", mode=0o755):
        file = tmp_path / directory / name
        file.write_text(SCRIPT)
        file.chmod(mode)

    def run(*words):
        return subprocess.run([tmp_path / "own" / "tend", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={"PATH": f"{tmp_path}/path:/usr/bin:/bin"}, timeout=20, check=False)
    return put, run


def test_a_program_beside_tend_is_a_verb(beside):
    put, run = beside
    put("tend-thing", "path")
    done = run("thing", "a b", "--", "--c")
    assert (done.returncode, done.stdout, done.stderr) == (7, "tend-thing from path: a b -- --c\n", "")
    put("tend-thing", "own")
    assert run("thing").stdout == "tend-thing from own: \n"
    assert run("help", "thing").stdout == "tend-thing from own: --help\n"


def test_a_program_that_is_not_there_is_told(beside):
    put, run = beside
    done = run("image", "list")
    assert done.returncode == 2 and done.stdout == ""
    assert "tend-image is neither beside tend nor in PATH" in done.stderr and "make install-image" in done.stderr
    put("tend-image", "own", 0o644)
    done = run("image", "list")
    assert done.returncode == 2 and "tend-image cannot be executed: Permission denied" in done.stderr


def test_where_a_program_comes_from_is_a_target_of_make(beside):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    listed = re.findall(r"^  ([a-z]+) .*\(tend-\1\)$", beside[1]("--help").stdout, re.M)
    assert len(listed) >= 3
    for name in listed:
        hint = re.search(r"`make ([a-z-]+)`", beside[1](name).stderr)
        assert hint and hint[1] in targets, name


def test_a_path_is_no_program_beside_tend(beside, tmp_path):
    put, run = beside
    (tmp_path / "own" / "tend-x").mkdir()
    put("y", "own/tend-x")
    for word in ("x/y", "../own/tend-x/y", "Thing"):
        done = run(word)
        assert done.returncode == 2 and "not a verb of tend" in done.stderr


# ---- check -------------------------------------------------------------------------------------------------

def test_check_fine(cli, write):
    done = cli("check", write(GOOD))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("shop.ini: 2 services, no problem")


CHECKS = [
    # text, exit code, what is said
    ("[web]\nExecStart = true\nRestrat = always\n", 2, [r"^shop\.ini:3: error: .*Restrat", r"did you mean Restart"]),
    ("[web]\nExecStart = true\nPrivateTmp = yes\n", 1, [r"^shop\.ini:1: warning: web\.service: not enforced: PrivateTmp=$"]),
    ("[web]\nExecStart = true\nRestart = on-faliure\n", 2, [r"^shop\.ini:3: error: .*on-faliure", r"on-failure"]),
    ("[web]\nExecStart = true\nUser = nobdoy\n", 1, [r"^shop\.ini:\d+: warning: .*nobdoy"]),
    ("[web]\nExecStart = /no/such/program\n", 1, [r"^shop\.ini:\d+: warning: .*/no/such/program"]),
    ("[web]\nExecStart = true\nRequires = bd\nAfter = bd\n[db]\nExecStart = true\n", 2,
     [r"^shop\.ini:\d+: error: .*bd"]),
    ("[a]\nExecStart = true\nAfter = b\n[b]\nExecStart = true\nAfter = a\n", 2,
     [r"error: .*a\.service.*b\.service.*a\.service|error: .*b\.service.*a\.service.*b\.service"]),
    ("[web]\nExecStart = echo\nWorkingDirectory = ${NOWHERE}\n", 2, [r"^shop\.ini:3: error: .*NOWHERE"]),
    ("[web]\nRestart = maybe\nKillSignal = SIGNOT\n", 2, [r"^shop\.ini:2: error: ", r"^shop\.ini:3: error: "]),
]


@pytest.mark.parametrize("text, code, said", CHECKS, ids=[row[2][0] for row in CHECKS])
def test_check_names_every_problem(cli, write, text, code, said):
    done = cli("check", write(text))
    assert done.returncode == code, done.stdout
    for pattern in said:
        assert re.search(pattern, done.stdout, re.M), done.stdout
    assert re.search(r"^shop\.ini: .*\d (warning|error)", done.stdout.splitlines()[-1])


def test_check_names_problems_of_values_and_of_the_order_together(cli, write):
    file = write("[a]\nAfter=b\nExecStart=true\nRestart=bogus\n[b]\nAfter=a\nExecStart=true\n")
    done = cli("check", file)
    assert done.returncode == 2
    assert f"{file}:4: error: Restart=bogus: " in done.stdout
    assert "the order goes round in a circle: a.service after b.service after a.service" in done.stdout


@pytest.mark.parametrize("text, code, said", [row for row in CHECKS if row[1] == 2])
def test_run_refuses_what_check_calls_an_error(cli, write, text, code, said):
    done = cli("run", write(text))
    assert (done.returncode, done.stdout) == (code, "")
    for pattern in said:
        assert re.search(pattern, done.stderr, re.M), done.stderr


CHAIN = """\
[tend]
StopBudget = {budget}
[db]
ExecStart = sleep 60
TimeoutStopSec = 6s
[web]
ExecStart = sleep 60
After = db
TimeoutStopSec = 5s
[other]
ExecStart = sleep 60
TimeoutStopSec = 7s
"""


@pytest.mark.parametrize("budget, options, code", [
    ("12s", [], 0),
    ("11s", [], 0),
    ("9s", [], 1),
    ("9s", ["--stop-budget", "20s"], 0),
    ("12s", ["--stop-budget=10s"], 1),
])
def test_check_measures_the_longest_stop(cli, write, budget, options, code):
    done = cli("check", write(CHAIN.format(budget=budget)), *options)
    assert done.returncode == code, done.stdout
    assert ("web.service (5s), then db.service (6s)" in done.stdout) == (code == 1)
    assert "other.service" not in done.stdout


def test_check_leaves_default_time_outs_alone(cli, write):
    done = cli("check", write(GOOD), "--stop-budget", "1s")
    assert done.returncode == 0, done.stdout
    assert "stopping takes 1s at most" in done.stdout


def test_check_counts_the_foreground_command(cli, write):
    done = cli("check", write(GOOD), "--", "true")
    assert done.returncode == 0 and ": 3 services" in done.stdout
    done = cli("check", write(GOOD), "--")
    assert done.returncode == 0 and ": 2 services" in done.stdout


def test_graph_is_dot(cli, write):
    done = cli("check", write(GOOD), "--graph")
    assert done.returncode == 0 and "digraph tend {" in done.stdout
    assert re.search(r'"web[^"]*" -> "db', done.stdout) or re.search(r'"db[^"]*" -> "web', done.stdout)
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg"], input=done.stdout, text=True, stdout=subprocess.DEVNULL, check=True)


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "examples").glob("*.ini")))
def test_examples_have_no_errors(cli, name):
    done = cli("check", str(ROOT / "examples" / name))
    assert done.returncode in (0, 1), done.stdout  # the programs and users of an example need not be here


# ---- run ---------------------------------------------------------------------------------------------------

def test_nothing_at_all_as_pid_1_runs_the_file_of_the_image(tend, tmp_path):
    (tmp_path / "image.ini").write_text("[x]\nExecStart = sh -c 'echo from the image; exit 6'\nRestart = no\n")
    script = 'mount -t tmpfs none /etc && cp "$0" /etc/tend.ini && exec "$@"'
    p = tend(wrapper=["sh", "-c", script, tmp_path / "image.ini"])
    assert p.wait() == 6, p.err
    assert "from the image" in p.out


def test_run_isolated(cli, write):
    script = "hostname; readlink /proc/1/exe; ls -d /proc/[0-9]* | wc -l; exit 4"
    done = cli("run", write(GOOD), "--isolate", "--hostname", "inside", "--", "sh", "-c", script)
    assert done.returncode == 4, done.stderr
    hostname, program, processes = done.stdout.split()
    assert hostname == "inside" and "tend" in program and int(processes) < 10


@pytest.mark.parametrize("level, seen, unseen", [("error", [], ["ready"]), ("info", ["ready"], ["now running"]),
                                                 ("debug", ["ready", "now running"], [])])
def test_run_says_as_much_as_asked(tend, tmp_path, write, level, seen, unseen):
    file = tmp_path / write("[tend]\nLogLevel = warning\n" + GOOD)
    p = tend("run", file, f"--log-level={level}", "--", "sleep", "0.2")
    assert p.wait() == 0
    for word in seen:
        assert word in p.err
    for word in unseen:
        assert word not in p.err


def test_run_has_the_stop_budget_of_the_command_line(tend, tmp_path, write):
    stubborn = "[x]\nExecStart = sh -c 'trap \"\" TERM; echo up; while :; do sleep 1; done'\n"
    p = tend("run", tmp_path / write(stubborn), "--stop-budget", "500ms")
    p.wait_for("^up$")
    began = time.monotonic()
    p.kill(signal.SIGTERM)
    assert p.wait() == 137
    assert 0.3 < time.monotonic() - began < 3


# ---- explain -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("key", ["Restart", "Restart=", "restart"])
def test_explain(cli, key):
    done = cli("check", "--explain", key)
    assert done.returncode == 0
    for word in ("Restart=", "on-failure", "default:", "on-failure in tend.ini, no in a unit file"):
        assert word in done.stdout


def test_explain_an_extension(cli):
    done = cli("check", "--explain", "Instances", "ForwardSignals")
    assert done.returncode == 0 and done.stdout.count("extension") == 2


def test_explain_a_miss(cli):
    done = cli("check", "--explain", "Restrat")
    assert done.returncode == 2 and "did you mean Restart=?" in done.stderr


def test_explain_lists_all(cli):
    done = cli("check", "--explain")
    assert done.returncode == 0
    for key in ("StopBudget", "ExecStart", "LimitNOFILE"):
        assert re.search(rf"^  {key} +\w", done.stdout, re.M)
    assert "PrivateTmp" in done.stdout.partition("not enforced:")[2].partition("Taken")[0].split()
    assert "IPAccounting" in done.stdout.partition("in a container:")[2].partition("refused for:")[0].split()
    assert "RootDirectory" in done.stdout.partition("refused for:")[2].partition("Known")[0].split()
    assert "CPUShares" in done.stdout.partition("not carried out:")[2].split()
    assert max(map(len, done.stdout.partition("not carried out:")[2].splitlines())) <= 80


def test_explain_states_is_the_table_of_rules(cli):
    done = cli("check", "--explain", "states")
    assert done.returncode == 0
    assert "start-pre\n        on command done: start\n" in done.stdout
    assert "stop-sigterm\n        on time out, if may_kill: stop-sigkill\n" in done.stdout


def test_explain_dependencies_is_the_table_of_links(cli):
    done = cli("check", "--explain", "dependencies")
    assert done.returncode == 0
    assert "[a] PartOf=b\n        b: when it is stopped or restarted, so is a\n" in done.stdout
    assert "[a] Conflicts=b\n        a: when it is started, b is stopped\n" in done.stdout
    assert "After=" not in done.stdout


def test_the_manual_is_made_from_the_rows(cli):
    done = cli("check", "--explain", "--roff")
    assert done.returncode == 0
    for key in ("StopBudget", "ExecStart", "Restart"):
        assert rf"\fB{key}=\fR" in done.stdout
    # Nothing that roff would take for a request but those that are meant.
    assert set(re.findall(r"^[.'](\w*)", done.stdout, re.M)) == {"SS", "TP", "br"}
    page = (ROOT / "docs" / "tend.ini.5.in").read_text(encoding="utf-8").replace("@SETTINGS@\n", done.stdout)
    if shutil.which("mandoc"):
        linted = subprocess.run(["mandoc", "-Tlint", "-W", "warning"], input=page, text=True, stdout=subprocess.PIPE,
                                check=False)
        assert linted.stdout == ""


# ---- show --------------------------------------------------------------------------------------------------

def test_show_says_where_from(cli, write):
    write("[web]\nNice = 5\n", "shop.ini.d/local.ini")
    done = cli("show", write(GOOD))
    assert done.returncode == 0, done.stderr
    web = done.stdout[done.stdout.index("web.service ("):]
    for pattern in (r"^  ExecStart=sleep 60 +shop\.ini:7$",
                    r"^  RestartSec=2s +shop\.ini:8$",
                    r"^  Nice=5 +shop\.ini\.d/local\.ini:2 \(drop-in\)$",
                    r"^  Restart=on-failure +default of tend\.ini$",
                    r"^  KillMode=control-group +default$"):
        assert re.search(pattern, web, re.M), web
    assert re.search(r"^  StopBudget=9s +default$", done.stdout, re.M)


def test_show_of_one_unit_and_changed(cli, write):
    done = cli("show", write(GOOD), "web", "--changed")
    assert done.returncode == 0
    keys = re.findall(r"^  (\w+)=", done.stdout, re.M)
    assert sorted(keys) == ["After", "ExecStart", "Requires", "RestartSec"]
    assert done.stdout.lstrip().startswith("web.service (shop.ini:4)")


def test_show_of_the_container(cli, write):
    done = cli("show", write("[tend]\nHostname = h\n" + GOOD), "tend")
    assert done.returncode == 0
    assert re.search(r"^  Hostname=h +shop\.ini:2$", done.stdout, re.M)
    assert "web.service" not in done.stdout


def test_show_an_unknown_unit_is_4(cli, write):
    done = cli("show", write(GOOD), "wbe.service")
    assert done.returncode == 4 and "did you mean web.service?" in done.stderr


def test_show_says_how_budgets_are_kept(cli, write):
    """By whoever is not PID 1 of a container: tests/vm has those who are."""
    budgets = "[a]\nExecStart=true\nTasksMax=7\nMemoryMax=infinity\nIOWeight=5\nBudgetPolicy=require\n[w.slice]\nMemoryMax=1G\n[b]\nExecStart=true\n"
    done = cli("show", write(budgets), "--changed")
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^  (\w+)=\S+ +shop\.ini:\d+, (.*)$", done.stdout, re.M) == [
        ("IOWeight", "not kept"), ("TasksMax", "kept by samples alone"), ("MemoryMax", "not kept")]
    assert re.findall(r"^  not kept by the kernel here: (.*)$", done.stdout, re.M) == [
        "tend is not PID 1 of a container; with BudgetPolicy=require it does not start so", "tend is not PID 1 of a container"]


# ---- the pages ---------------------------------------------------------------------------------------------

@pytest.mark.skipif(not shutil.which("mandoc"), reason="no mandoc")
@pytest.mark.parametrize("page", ["tend.1", "tend-image.1"])
def test_the_manual_page_is_sound(page):
    linted = subprocess.run(["mandoc", "-Tlint", "-W", "warning", str(ROOT / "docs" / page)], text=True,
                            stdout=subprocess.PIPE, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


# What a heading of a manual page is about, where it is no verb's own.
HEADINGS = {
    "ONE COMMAND": ["--help"],
    "PREPARE": ["prepare"],
    "ISOLATION": ["run"],
    "Options of all verbs above but kill and reset": ["status", "start", "stop", "restart", "reload", "health"],
    "Options of the verbs above": ["status", "start", "stop", "restart", "reload", "kill", "reset", "health"],
    "For all of them": ["image"],
}


def manual_options(page):
    """Of each verb the options that a page has an entry for; "--help" is a single command's."""
    found, verbs, is_stacked, is_entry = {}, [], False, False
    for line in page.replace("\\-", "-").splitlines():
        heading = re.match(r"\.S[SH] (?:tend ([a-z-]+)\b)?(.*)", line)
        if heading:
            verb, text = heading.groups()
            verbs = [*(verbs if is_stacked else []), verb] if verb else HEADINGS.get(text, [])
        elif is_entry:
            for verb in verbs:
                found.setdefault(verb, set()).update(re.findall(r"(?<![\w-])--[a-z][a-z-]*", line))
        is_stacked, is_entry = heading is not None, line == ".TP"
    return found


def test_the_manual_has_the_options_that_there_are(cli):
    """Each verb has those that its help lists, and no others."""
    manual = manual_options("".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("tend.1", "tend-image.1")))
    page = cli("--help").stdout
    verbs = re.findall(r"^  ([a-z-]+) ", page[page.index("tend VERB"):page.index("tend --help")], re.M)
    for verb in ["--help", *verbs]:
        done = cli(verb) if verb == "--help" else cli("help", verb)
        if done.returncode == 0:  # else a program that is not built
            assert manual.get(verb, set()) == set(re.findall(r"^  (--[a-z-]+)", done.stdout, re.M)) - {"--help"}, verb
    assert set(manual) <= {"--help", *verbs}


# ---- conditions --------------------------------------------------------------------------------------------

CONDITIONS = "[a]\nExecStart=true\nConditionPathExists=/\nConditionPathExists=!/proc\nConditionUser=|no-such-user\nAssertPathExists=/no/such\n"


def test_show_says_how_conditions_are(cli, write):
    done = cli("show", write(CONDITIONS), "a")
    assert done.returncode == 0, done.stderr
    for pattern in (r"^  ConditionPathExists=/ +shop\.ini:4, met here$", r"^  ConditionPathExists=!/proc +shop\.ini:4, not met here$",
                    r"^  ConditionUser=\|no-such-user +shop\.ini:5, not met here$", r"^  AssertPathExists=/no/such +shop\.ini:6, not met here$",
                    r"^  Restart=on-failure +default of tend\.ini$"):
        assert re.search(pattern, done.stdout, re.M), done.stdout


def test_check_says_what_would_not_start(cli, write):
    done = cli("check", write(CONDITIONS))
    assert done.returncode == 0, done.stdout
    assert "shop.ini:1: note: a.service: here its start would be skipped: ConditionPathExists=!/proc is not met\n" in done.stdout
    assert "shop.ini:1: note: a.service: here its start would fail: AssertPathExists=/no/such is not met\n" in done.stdout
    assert "note:" not in cli("check", write("[a]\nExecStart=true\nConditionPathExists=/\n")).stdout
