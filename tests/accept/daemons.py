"""The daemons of the acceptance test, a row each: Debian's packages, the unit that is run from its unmodified file, and how
one sees from outside that it does its job. `python3 daemons.py` prints all packages: what make/debian is given.
"""
from dataclasses import dataclass, field

TOOLS = "curl procps iproute2 systemd"


@dataclass
class Daemon:
    unit: str  # as given to --unit
    packages: str  # parted by blanks
    does: str  # the job, in words for the table
    job: str = "true"  # a shell command inside, asked until its output has what it `sees`
    sees: str = ""  # a regular expression
    job_again: str = ""  # the same after its restart, where that has to be asked in another way
    also: list = field(default_factory=list)  # units beside it that the job needs
    prepare: str = "true"  # a shell command inside, before tend starts: what an administrator would have configured
    prepared: str = ""  # the same in words for the table
    killed: int = 0  # 0: back after SIGKILL; else the code that tend ends with, since its Restart= does not say so
    seconds: int = 20  # how long its job may take to be seen
    budget: str = "9s"  # for its stop: 9s is tend's own
    name: str = ""  # in the table, where it is not the unit's
    kind: str = "daemon"  # or "refused", "skipped", "oneshot", "stays": see test_daemons.py


KERBEROS = """
    printf '[libdefaults]\\ndefault_realm = BOX\\n[realms]\\nBOX = {\\nkdc = localhost\\nadmin_server = localhost\\n}\\n' >/etc/krb5.conf
    kdb5_util create -s -r BOX -P secret
    echo '*/admin@BOX *' >/etc/krb5kdc/kadm5.acl
    kadmin.local addprinc -pw secret root/admin
"""
BACKEND = """
    printf "backend_clustering_mode = 'raw'\\nbackend_hostname0 = '/run/postgresql'\\nbackend_port0 = 5432\\n" >>/etc/pgpool2/pgpool.conf
"""
OWN_CLOCK = """
    mkdir /etc/systemd/system/chrony.service.d
    printf '[Unit]\\nConditionCapability=\\n' >/etc/systemd/system/chrony.service.d/container.conf
    echo 'DAEMON_OPTS=-x' >/etc/default/chrony
"""
KEYS = "ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519; cat /root/.ssh/id_ed25519.pub >/root/.ssh/authorized_keys"
STREAM = "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
PSQL = "cd /; setpriv --reuid=postgres --regid=postgres --init-groups psql -At {} -c 'select 40+2'"


DAEMONS = [
    Daemon("nginx", "nginx-light", "serves a page", "curl -si localhost", r"(?s)^Server: nginx.*</html>", killed=137),
    Daemon("redis-server", "redis-server redis-tools", "answers PING", "redis-cli ping", "PONG"),
    Daemon("ssh", "openssh-server openssh-client", "accepts a login", "ssh -o StrictHostKeyChecking=no localhost echo in", "^in$",
           prepare="mkdir -p -m 700 /root/.ssh; " + KEYS, prepared="a key of root's"),
    Daemon("cron", "cron", "runs a job", "cat /tmp/at-boot", "done", job_again="cat /tmp/each-minute", seconds=70,
           prepare="printf '@reboot root echo done >/tmp/at-boot\\n* * * * * root echo done >/tmp/each-minute\\n' >/etc/cron.d/test",
           prepared="two jobs"),
    Daemon("postgresql@15-main", "postgresql-15", "runs a query", PSQL.format(""), "^42$", killed=2),
    Daemon("avahi-daemon", "avahi-daemon", "Type=dbus", kind="refused"),
    Daemon("mariadb", "mariadb-server", "runs a query", "mariadb -Ne 'select 40+2'", "^42$"),
    Daemon("chrony", "chrony", "ConditionCapability=CAP_SYS_TIME", kind="skipped"),
    Daemon("chrony", "chrony", "answers chronyc", "chronyc tracking", "^Leap status", name="chrony, by a drop-in",
           prepare=OWN_CLOCK, prepared="the condition is reset, -x leaves the clock alone", killed=137),
    Daemon("logrotate", "logrotate", "rotates a log", "cat /var/log/test.log.1", "^line$", kind="oneshot",
           prepare="echo line >/var/log/test.log; printf '/var/log/test.log {\\nsize 1\\nrotate 2\\n}\\n' >/etc/logrotate.d/test",
           prepared="a log"),
    Daemon("prosody", "prosody", "opens an XMPP stream",
           f'bash -c \'exec 3<>/dev/tcp/localhost/5222; printf %s "$0" >&3; head -c 200 <&3\' "{STREAM}"', "from='localhost'"),
    Daemon("privoxy", "privoxy", "serves its own page", "curl -s -x localhost:8118 http://config.privoxy.org/", r"This is <a href=\S+>Privoxy</a>",
           killed=137),
    Daemon("tor@default", "tor", "answers on its SOCKS port", "curl -s localhost:9050", "SOCKS proxy"),
    Daemon("named-resolvconf", "bind9 bind9-dnsutils openresolv", "names the local BIND", "resolvconf -l lo.named", "nameserver 127.0.0.1",
           also=["named"], kind="stays"),
    Daemon("ejabberd", "ejabberd", "says its status", "ejabberdctl status", "is running in that node", seconds=60, budget="60s"),
    Daemon("apache2", "apache2", "serves a page", "curl -s localhost", "Apache2 Debian Default Page"),
    Daemon("rpcbind", "rpcbind", "lists itself", "rpcinfo -p localhost", "portmapper"),
    Daemon("unbound", "unbound bind9-dnsutils", "resolves a name", "dig +short @127.0.0.1 localhost", "^127.0.0.1$",
           prepare="echo RESOLVCONF=false >/etc/default/unbound", prepared="without resolvconf, which would restart it"),
    Daemon("caddy", "caddy", "serves a page", "curl -s localhost", "Your web server is working", killed=137),
    Daemon("pgpool2", "pgpool2 postgresql-15", "runs a query through it", PSQL.format("-p 9999 -h localhost"), "^42$",
           also=["postgresql@15-main"], prepare=BACKEND, prepared="the backend's address", killed=137),
    Daemon("krb5-admin-server", "krb5-admin-server krb5-user krb5-kdc", "lists its principals",
           "kadmin -p root/admin -w secret listprincs", "kadmin/admin@BOX", also=["krb5-kdc"], prepare=KERBEROS, prepared="a realm"),
]

if __name__ == "__main__":
    print(*sorted({name for daemon in DAEMONS for name in daemon.packages.split()} | set(TOOLS.split())))
