"""Type=forking: the main process is one that the command has left behind. And PIDFile= of other types."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import pytest
from conftest import ini, until

# A daemon as they are written in C: it forks once or twice, leaves its session, wipes out its environment if it is told to.
DAEMON = r"""
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void write_pid(const char *path) {
        FILE *f = fopen(path, "w");
        fprintf(f, "%d\n", getpid());
        fclose(f);
}

int main(int argc, char **argv) {
        const char *how = argv[1], *file = argc > 2 ? argv[2] : NULL;
        if (strchr(how, 'f') && fork() > 0) {
                if (strchr(how, 'F'))
                        usleep(100000); /* the second fork is through */
                _exit(strchr(how, 'x') ? 3 : 0);
        }
        if (strchr(how, 'l')) { /* known before it has left the session, as nginx */
                write_pid(file);
                usleep(200000);
        }
        setsid();
        if ((strchr(how, '2') || strchr(how, 'F')) && fork() > 0)
                _exit(0);
        if (strchr(how, 'w'))
                for (char **at = environ; *at; at++)
                        memset(*at, 0, strlen(*at));
        if (strchr(how, 's'))
                usleep(300000); /* the PID file comes late */
        if (file && !strchr(how, 'l'))
                write_pid(file);
        if (strchr(how, 'o') && chown(file, 65534, -1) < 0)
                _exit(5);
        if (strchr(how, 'u') && setuid(65534) < 0)
                _exit(5);
        if (strchr(how, 'e'))
                _exit(4);
        if (strchr(how, 'm') && fork() == 0)
                for (;;)
                        pause();
        dprintf(1, "up %d\n", getpid());
        if (strchr(how, 'D')) {
                usleep(1500000);
                _exit(0);
        }
        if (strchr(how, 'd')) {
                usleep(500000);
                _exit(0);
        }
        for (;;)
                pause();
}
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    directory = tmp_path_factory.mktemp("daemon")
    (directory / "daemon.c").write_text(DAEMON)
    subprocess.run(["gcc", "-w", "-o", directory / "daemon", directory / "daemon.c"], check=True)
    return directory / "daemon"


def stop(p, code=0):
    p.kill(signal.SIGTERM)
    assert p.wait() == code


def outside(p, inside):
    """What that PID of the namespace is called here."""
    return until(lambda: [pid for pid in p.descendants() if p.inside(pid) == int(inside)])[0]


def is_gone(pid):
    return not os.path.exists(f"/proc/{pid}") or "Z" in pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


# ---- the main process ------------------------------------------------------------------------------------------

# How the daemon goes about it, and whether it writes a PID file.
WAYS = {
    "one fork": ("f", False),
    "two forks": ("fF", False),
    "two forks, one left for a moment": ("f2", False),
    "wiped environment": ("fw", False),
    "file": ("f", True),
    "file, two forks": ("f2", True),
    "file that comes late": ("fs", True),
    "file, wiped environment": ("f2w", True),
    "file, more than one process": ("fm", True),
}


@pytest.mark.parametrize("way", WAYS)
def test_main_process_is_found(tend, tmp_path, daemon, way):
    """Its end is the service's: it comes back, and what it was killed by is known."""
    how, file = WAYS[way]
    name = tmp_path / "run.pid"
    p = tend.serve(f"[a]\nType=forking\nExecStart={daemon} {how} {name if file else ''}\nRestartSec=10ms\n"
                   + (f"PIDFile={name}\n" if file else "") + "[b]\nAfter=a\nExecStart=sh -c 'echo behind; exec sleep inf'\n")
    up = p.wait_for(r"^up (\d+)$")[1]
    p.wait_for(rf"^tend: a\.service: its main process is now pid {up}$")
    p.wait_for(r"^tend: a\.service: started, pid \d+$")
    p.wait_for("^behind$")
    os.kill(outside(p, up), signal.SIGKILL)
    p.wait_for(r"^tend: a\.service: was killed by SIGKILL; starts again in 10ms \(it was killed, restart 1\)$")
    again = p.wait_for(r"^up (\d+)$", after=1)[1]
    p.wait_for(rf"^tend: a\.service: its main process is now pid {again}$")
    pid = outside(p, again)
    stop(p)
    assert is_gone(pid)
    assert not name.exists(), "the PID file is removed"


def test_what_it_leaves_behind_is_ended(tend, tmp_path, daemon):
    """By the session that it made late, since nothing else says whose the child was."""
    name = tmp_path / "run.pid"
    p = tend.serve(f"[a]\nType=forking\nExecStart={daemon} flwm {name}\nPIDFile={name}\nRestartSec=10ms\n")
    up = p.wait_for(r"^up (\d+)$")[1]
    main = outside(p, up)
    child = until(lambda: p.descendants_of(main))[0]
    os.kill(main, signal.SIGKILL)
    p.wait_for(r"^up (\d+)$", after=1)
    assert is_gone(child)
    stop(p)


def test_who_is_left_behind_later_is_no_main_process(tend, daemon):
    """Only of a daemon that has just come up is it the process in between that has ended."""
    p = tend.serve(f"[a]\nType=forking\nExecStart={daemon} fmD\n")
    p.wait_for(r"^tend: a\.service: started, pid \d+$")
    p.wait_for("^tend: a.service: finished")
    assert p.wait() == 0
    assert p.err.count("its main process is now pid") == 1


def test_behind_it_waits_for_the_file(tend, tmp_path, daemon):
    name = tmp_path / "run.pid"
    p = tend.serve(f"[a]\nType=forking\nExecStart={daemon} fs {name}\nPIDFile={name}\n"
                   f"[b]\nAfter=a\nExecStart=sh -c 'test -s {name} && echo there'\nRestart=no\n")
    p.wait_for("^there$")
    stop(p)


def test_file_that_never_comes(tend, tmp_path, daemon):
    p = tend.serve(f"[a]\nType=forking\nExecStart={daemon} f\nPIDFile={tmp_path}/none\nTimeoutStartSec=300ms\nRestart=no\n")
    assert p.wait() != 0
    assert "a.service: ran out of time; given up on" in p.err


@pytest.mark.parametrize("command", ["sleep 0.3 &", "exit 3"], ids=["has died", "has failed"])
def test_file_that_nobody_is_left_to_write(tend, tmp_path, command):
    """Where there is no time limit, as for PostgreSQL, nothing else would end the wait."""
    p = tend.serve(f"[a]\nType=forking\nExecStart=-sh -c '{command}'\nPIDFile={tmp_path}/none\nTimeoutStartSec=infinity\nRestart=no\n")
    assert p.wait() == 70
    assert "a.service: left nobody for PIDFile= to name; given up on" in p.err


def test_failure_that_does_not_count(tend, daemon):
    """With a "-" before it the command has done its work: what it has left is the service."""
    p = tend.serve(f"[a]\nType=forking\nExecStart=-{daemon} fx\nRestart=no\n")
    up = p.wait_for(r"^up (\d+)$")[1]
    p.wait_for(rf"^tend: a\.service: started, pid {up}$")
    stop(p)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("how, believed", [("fwou", True), ("fwo", False)], ids=["its own", "another's"])
def test_file_of_a_user(tend, tmp_path, daemon, how, believed):
    """Whose environment is gone may be named by its own user, as PostgreSQL does; nobody names a process of root's."""
    name = tmp_path / "run.pid"
    p = tend.serve(f"[a]\nType=forking\nExecStart={daemon} {how} {name}\nPIDFile={name}\nTimeoutStartSec=1s\nRestart=no\n")
    up = p.wait_for(r"^up (\d+)$")[1]
    if believed:
        p.wait_for(rf"^tend: a\.service: its main process is now pid {up}$")
        return stop(p)
    p.wait_for(r"^tend: a\.service: ran out of time")
    assert "its main process is now" not in p.err


def test_command_that_fails(tend, daemon):
    p = tend.serve(f"[a]\nType=forking\nExecStart={daemon} fx\nRestart=no\n")
    assert p.wait() == 3
    assert "a.service: ExecStart= exited with code 3" in p.err


def test_command_that_never_returns(tend, daemon):
    """A program that does not fork is no service of that type."""
    p = tend.serve(f"[a]\nType=forking\nExecStart={daemon} -\nTimeoutStartSec=300ms\nRestart=no\n")
    assert p.wait() != 0
    assert "a.service: ran out of time" in p.err


def test_daemon_that_dies_at_once(tend, daemon):
    """It is not known how; what is known is that nobody is left."""
    p = tend.serve(f"[a]\nType=forking\nGuessMainPID=no\nExecStart={daemon} fe\nRestart=no\n")
    p.wait_for(r"^tend: a\.service: started; its main process is not known$")
    assert p.wait() == 0


def test_unknown_main_process(tend, daemon):
    """Two processes are left and no file says which: the service lasts as long as anybody does."""
    p = tend.serve(f"[a]\nType=forking\nGuessMainPID=no\nExecStart={daemon} fm\nRestart=no\n[b]\nExecStart=sleep inf\n")
    up = p.wait_for(r"^up (\d+)$")[1]
    p.wait_for(r"^tend: a\.service: started; its main process is not known$")
    first = outside(p, up)
    second = p.descendants_of(first)[0]
    os.kill(first, signal.SIGKILL)
    until(lambda: is_gone(first))
    assert not re.search("a.service: finished", p.err)
    os.kill(second, signal.SIGKILL)
    p.wait_for(r"^tend: a\.service: finished$")
    stop(p)


def test_unknown_main_process_is_stopped(tend, daemon):
    p = tend.serve(f"[a]\nType=forking\nGuessMainPID=no\nExecStart={daemon} fm\n")
    pid = outside(p, p.wait_for(r"^up (\d+)$")[1])
    stop(p)
    assert is_gone(pid)


def test_no_wake_up_while_it_runs(tend, daemon):
    """A service whose main process is not known is not looked at again and again."""
    p = tend.serve(f"[a]\nType=forking\nGuessMainPID=no\nExecStart={daemon} fm\n")
    p.wait_for("main process is not known")
    time.sleep(0.5)
    before = p.switches_asleep()
    time.sleep(1.5)
    assert p.status("voluntary_ctxt_switches") == before
    stop(p)


def test_file_of_another_service(tend, tmp_path, daemon):
    """A file that names a process of somebody else is not believed."""
    name = tmp_path / "run.pid"
    p = tend.serve(f"[b]\nExecStart=sh -c 'echo $$$$ > {name}; exec sleep inf'\n"
                   f"[a]\nAfter=b\nType=forking\nExecStart=sh -c 'while ! test -s {name}; do :; done; exec {daemon} f'\n"
                   f"PIDFile={name}\nTimeoutStartSec=1s\nRestart=no\nFailureAction=none\n")
    p.wait_for("a.service: ran out of time")
    assert "its main process is now" not in p.err
    stop(p)


def test_file_of_a_simple_service(tend, tmp_path):
    """The main process ends, and the file names its successor: as at nginx's upgrade, for any type."""
    name = tmp_path / "run.pid"
    p = tend.serve(f"[a]\nPIDFile={name}\nRestart=no\n"
                   f"ExecStart=sh -c '(echo up; exec sleep inf) & echo $! > {name}; sleep 0.2'\n[b]\nExecStart=sleep inf\n")
    p.wait_for("^up$")
    up = p.wait_for(r"a\.service: its main process is now pid (\d+)$")[1]
    os.kill(outside(p, up), signal.SIGKILL)
    p.wait_for(r"a\.service: was killed by SIGKILL; given up on")


def test_relative_file_and_show(tend, tmp_path):
    done = tend.run("show", ini(tmp_path, "[a]\nType=forking\nPIDFile=x/%N.pid\nExecStart=true\n"), "a")
    assert "PIDFile=/run/x/a.pid" in done.stdout.replace(" = ", "=")


def test_dbus_is_refused(tend, tmp_path):
    done = tend.run("check", ini(tmp_path, "[a]\nType=dbus\nBusName=x.y\nExecStart=true\n"))
    assert done.returncode != 0
    assert "Type=dbus: it is ready when it has its name on the system bus" in done.stderr + done.stdout
    assert "Type=notify" in done.stderr + done.stdout


# ---- Type=idle -------------------------------------------------------------------------------------------------

def test_idle_goes_last(tend, tmp_path):
    os.mkfifo(tmp_path / "gate")
    p = tend.serve(f"[a]\nType=idle\nExecStart=sh -c 'echo idle; exec sleep inf'\n"
                   f"[b]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sh -c 'echo b; read x < {tmp_path}/gate'\n"
                   f"[c]\nAfter=b\nType=oneshot\nRemainAfterExit=yes\nExecStart=sh -c 'echo c'\n")
    p.wait_for("^b$")
    (tmp_path / "gate").write_text("go\n")
    p.wait_for("^idle$")
    assert p.out.split() == ["b", "c", "idle"]
    stop(p)


def test_idle_does_not_wait_for_ever(tend):
    p = tend.serve("[a]\nType=idle\nExecStart=sh -c 'echo idle; exec sleep inf'\n"
                   "[b]\nType=oneshot\nExecStart=sh -c 'echo b; exec sleep inf'\n[c]\nAfter=a\nExecStart=sh -c 'echo c; exec sleep inf'\n")
    p.wait_for("^b$")
    p.wait_for("^idle$", seconds=10)
    p.wait_for("^c$")
    p.kill(signal.SIGTERM)
    p.wait()


# ---- nginx -----------------------------------------------------------------------------------------------------

NGINX = """\
daemon on;
pid {0}/nginx.pid;
error_log {0}/error.log;
worker_processes 2;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi;
    uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
    server {{ listen 127.0.0.1:{1}; return 200 "hello\\n"; }}
}}
"""


class Nginx:
    def __init__(self, program, directory):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (directory / "nginx.conf").write_text(NGINX.format(directory, self.port))
        self.unit = f"[nginx]\nType=forking\nPIDFile={directory}/nginx.pid\nExecStart={program} -c {directory}/nginx.conf\nKillMode=mixed\n"

    def page(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/") as page:
            return page.read() == b"hello\n"


@pytest.fixture
def nginx(tmp_path):
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        pytest.skip("nginx is not installed")
    return Nginx(program, tmp_path)


def test_nginx(tend, nginx):
    p = tend.serve(nginx.unit)
    main = p.wait_for(r"nginx\.service: started, pid (\d+)$")[1]
    assert nginx.page()
    os.kill(outside(p, main), signal.SIGKILL)
    p.wait_for(r"nginx\.service: was killed by SIGKILL; starts again")
    p.wait_for(r"nginx\.service: started, pid (\d+)$", after=1)
    assert nginx.page()
    stop(p)


def test_nginx_upgrade(tend, tmp_path, nginx):
    """USR2 makes a new main process, QUIT ends the old one: the service goes on as the new one."""
    p = tend.serve(nginx.unit)
    old = p.wait_for(r"nginx\.service: started, pid (\d+)$")[1]
    until(lambda: len(p.descendants_of(outside(p, old))) == 2)
    os.kill(outside(p, old), signal.SIGUSR2)
    new = until(lambda: (tmp_path / "nginx.pid.oldbin").exists() and (tmp_path / "nginx.pid").read_text().strip())
    assert new != old
    until(lambda: len(p.descendants_of(outside(p, new))) == 2)
    os.kill(outside(p, old), signal.SIGQUIT)
    p.wait_for(rf"nginx\.service: its main process is now pid {new}$")
    assert nginx.page()
    os.kill(outside(p, new), signal.SIGKILL)
    p.wait_for(r"nginx\.service: was killed by SIGKILL; starts again")
    p.wait_for(r"nginx\.service: started, pid (\d+)$", after=1)
    stop(p)
