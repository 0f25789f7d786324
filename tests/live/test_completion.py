"""The completions of completions/, as somebody types in a shell: Tab, and what tend makes of the line."""
import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest
from conftest import ROOT, Process, stop
from test_status import Shop

FILES = ROOT / "completions"
# How a shell is started so that it reads nothing but the completion.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], f"bind 'set bell-style none' 'set enable-bracketed-paste off'; source {FILES}/tend.bash"),
    "zsh": (["zsh", "-f", "-i"], f"unsetopt beep list_beep; fpath=({FILES} $fpath); autoload -U compinit; compinit -u -D"),
    "fish": (["fish", "--no-config", "-i"], f"source {FILES}/tend.fish"),
}


class Terminal:
    """A shell on a terminal, inside of the container."""

    def __init__(self, shop, directory, shell):
        words, setup = SHELLS[shell]
        self.fd, slave = pty.openpty()
        environment = {"PATH": f"{os.path.dirname(shop.path)}:{os.environ['PATH']}", "TERM": "xterm", "HOME": str(directory), "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(["nsenter", "--target", str(shop.tend.pid), "--mount", "--pid", f"--wd={directory}", *words],
                                        stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
                                        preexec_fn=Process.take_terminal)
        os.close(slave)
        self.text = ""
        self.type(f"{setup}\n")
        self.type("echo set-$((20 + 3))\n" if shell != "fish" else "echo set-(math 20 + 3)\n")
        self.wait_for("set-23")

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait_for(self, pattern):
        """Waits for what has not been shown before."""
        deadline = time.monotonic() + 20
        while not (found := re.search(pattern, re.sub(r"\x1b(\[[\d;?>]*[a-zA-Z]|[()=>].?)|[\x00\x07\x0f]", "", self.text).replace("\r", ""))):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.text!r}"
            if select.select([self.fd], [], [], 0.5)[0]:
                self.text += os.read(self.fd, 65536).decode(errors="replace")
        self.text = ""
        return found

    def close(self):
        """nsenter(1) waits for the shell, so that nothing of it is left to the namespace."""
        self.type("\nexit\n")
        self.process.wait(20)
        os.close(self.fd)


@pytest.fixture(params=SHELLS)
def terminal(request, tend, tmp_path):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    p = tend.serve("[nginx]\nExecStart=sleep inf\n[postgres]\nExecStart=sleep inf\n")
    p.wait_for("ready: ")
    (tmp_path / "shop-of-the-town.ini").write_text("[a]\nExecStart=x\nRestart=sometimes\n")
    t = Terminal(Shop(tend, p), tmp_path, request.param)
    yield t
    t.close()
    stop(p)


# What is typed, and what tend then says: it is what the whole line says.
LINES = [
    ("tend wai\t\n", r"tend: wait: for which units\?"),
    ("tend calend\t--iter\t2 yearly\n", r"Iteration #2|yearly|\d{4}-01-01 00:00:00"),
    ("tend wait ngi\t--for fai\t--tim\t10ms\n", r"tend: wait: nginx\.service: not failed in time"),
    ("tend events pos\t\n", r"postgres +running"),
    ("tend criti\tngi\t\n", r"nginx\.service @"),
    ("tend help eve\t\n", r"tend events \[UNIT\.\.\.\]"),
    ("tend check shop\t\n", r"shop-of-the-town\.ini:3: error: Restart=sometimes"),
]


def test_lines(terminal):
    for line, said in LINES:
        terminal.type(line)
        terminal.wait_for(said)


def listed(tend):
    """The verbs that tend itself lists, and the options of each."""
    text = tend.run("--help").stdout
    verbs = re.findall(r"^  ([a-z-]+) ", text[text.index("tend VERB"):text.index("tend --help")], re.M)
    return {verb: re.findall(r"^  --([a-z-]+)", tend.run("help", verb).stdout, re.M) for verb in verbs}


def test_all_verbs_and_options(tend, tmp_path):
    """bash offers each verb, and each option of each verb."""
    (tmp_path / "tend").symlink_to(tend.path)

    def offered(*words):
        line = " ".join(f"'{word}'" for word in ("tend", *words))
        script = f'source {FILES}/tend.bash; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _tend; printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-c", script], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, text=True, timeout=20)
        return done.stdout.split()

    verbs = listed(tend)
    assert len(verbs) > 8 and set(verbs) <= set(offered(""))
    for verb, options in verbs.items():
        assert set(offered(verb, "--")) == {"--help", *(f"--{option}" for option in options)}, verb
    assert offered("wait", "--for", "") == ["ready", "stopped", "failed"] == offered("wait", "--for", "=", "")
    assert offered("run", "--log-level", "w") == ["warning"]
    assert offered("run", "--net", "l") == ["loopback"]
    assert offered("top", "--sort", "") == ["order", "name", "state", "restarts", "cpu", "memory"]
    assert offered("wait", "--timeout", "") == []
