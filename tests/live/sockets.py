"""What the tests of sockets share: `from sockets import local`."""
import socket

# What a service begins with that looks at what it was handed: `fds`, and `names` beside them.
LISTEN = r"""
n = int(os.environ.get('LISTEN_FDS', 0))
if n and int(os.environ['LISTEN_PID']) != os.getpid():
    say('LISTEN_PID is', os.environ['LISTEN_PID'])
names = os.environ.get('LISTEN_FDNAMES', '').split(':') if n else []
fds = list(range(3, 3 + n))
"""


def local(path, kind=socket.SOCK_STREAM):
    c = socket.socket(socket.AF_UNIX, kind)
    c.settimeout(20)
    c.connect(str(path))
    return c


def ask(c, word=b"hello"):
    c.sendall(word)
    return c.recv(100)


def free_port(family=socket.AF_INET):
    with socket.socket(family) as s:
        s.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        return s.getsockname()[1]


def reload(p, path, text):
    path.write_text(text)
    p.kill(1)
    p.wait_for("reloading: ")
