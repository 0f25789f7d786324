"""Ansible's module for systemd, run by itself with its arguments as JSON, as Ansible runs it on a host."""
import importlib.util
import json
import re
import shutil

import pytest
from conftest import stop
from test_systemctl import OWN_ETC, UNIT, Container

found = importlib.util.find_spec("ansible")
pytestmark = pytest.mark.skipif(not found or not shutil.which("systemctl"), reason="ansible-core (or systemd's systemctl) is not installed")


@pytest.fixture
def module(tend):
    p = tend.serve("[web]\nExecStart=sleep inf\nExecReload=true\n[keep]\nExecStart=sleep inf\n", wrapper=OWN_ETC)
    p.wait_for("ready: ")
    c = Container(p)

    def run(**arguments):
        """What it answers."""
        done = p.enter("env", "LC_ALL=C.UTF-8", "/usr/bin/python3", "-m", "ansible.modules.systemd", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
        return json.loads(done.stdout.splitlines()[-1])
    yield c, run
    stop(p)


def test_states(module):
    c, run = module
    pid = c.show("web", "MainPID")
    assert run(name="web", state="started")["changed"] is False
    answer = run(name="web", state="restarted")
    assert answer["changed"] is True and answer["status"]["ActiveState"] == "active" and c.show("web", "MainPID") != pid
    assert run(name="web", state="reloaded")["changed"] is True
    assert run(name="web", state="stopped")["changed"] is True and c.show("web", "ActiveState") == "inactive"
    assert run(name="web", state="stopped")["changed"] is False
    assert run(name="web", state="started")["changed"] is True and c.show("web", "ActiveState") == "active"


def test_unit_files(module):
    c, run = module
    c.write("new.service", UNIT)
    answer = run(name="new", enabled=True, state="started", daemon_reload=True)
    assert answer["changed"] is True and answer["enabled"] is True and c.show("new", "ActiveState") == "active"
    assert run(name="new", enabled=True, state="started")["changed"] is False
    answer = run(name="new", enabled=False, state="stopped")
    assert answer["changed"] is True and c.ctl("is-enabled", "new").stdout == "disabled\n"


def test_what_there_is_not(module):
    _, run = module
    answer = run(name="nosuch", state="started")
    assert answer["failed"] is True and "Could not find the requested service nosuch" in answer["msg"]


# What is to be, and whether Ansible has to do anything for it. It is played by Ansible itself, on localhost.
PLAY = [
    ("builtin.service", "name=web state=started", False),
    ("builtin.systemd", "name=web state=restarted", True),
    ("builtin.service", "name=web state=stopped", True),
    ("builtin.service", "name=web state=stopped", False),
    ("builtin.systemd", "daemon_reload=true", False),
    ("builtin.systemd", "name=new enabled=true state=started daemon_reload=true", True),
    ("builtin.systemd", "name=new enabled=true state=started", False),
    ("builtin.service", "name=new enabled=false state=stopped", True),
    ("builtin.systemd", "name=new masked=true", True),
    ("builtin.systemd", "name=new masked=true", False),
]


@pytest.mark.limit(300)
@pytest.mark.skipif(not shutil.which("ansible-playbook"), reason="ansible-playbook (ansible-core) is not installed")
def test_a_playbook(module, tmp_path):
    c, _ = module
    c.write("../../../run/systemd/system/new.service", UNIT)  # not where it is masked
    tasks = "".join(f"    - ansible.{name}: {words}\n" for name, words, _ in PLAY)
    play = tmp_path / "play.yml"
    play.write_text(f"- hosts: localhost\n  connection: local\n  gather_facts: true\n  gather_subset: [service_mgr]\n  tasks:\n{tasks}")
    done = c.tend.enter("env", "LC_ALL=C.UTF-8", f"HOME={tmp_path}", "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=0", "ansible-playbook", "-i", "localhost,",
                        "-e", "ansible_python_interpreter=/usr/bin/python3", play, seconds=240)
    assert done.returncode == 0, done.stdout + done.stderr
    answers = re.findall(r"^(ok|changed|fatal): \[localhost\]", done.stdout, re.M)
    assert answers == ["ok"] + ["changed" if changes else "ok" for _, _, changes in PLAY], done.stdout
    assert c.ctl("is-active", "web", "new").stdout == "inactive\ninactive\n"
