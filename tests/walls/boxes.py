"""The programs that a wall is made of, each started with what the product wrote and ended with the block."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.walls.places import PROXY_ADDRESS, PROXY_PORT, RESOLVERS, SOCKS_PORT, WORLD_DNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.nets import Net

LOGGED: Final = ("sh", "-c", 'exec "$@" >>"$0" 2>&1')
"""Run with what is said in a file."""
RESOLVING: Final = ("unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"')
"""Run with another file of name servers, which nobody else gets to see."""
# The shell stays the first process of its namespace: when it is killed, so are all that dante forks.
FORKING: Final = ("unshare", "--pid", "--fork", "--kill-child", "sh", "-c", '"$@"; exit $?', "sh")
"""Run what becomes many processes."""
SHOWING: Final = (
    "unshare",
    "-m",
    "sh",
    "-c",
    'mount --bind "$0" "$1" && mount --bind "$2" "$3" && shift 3 && exec "$@"',
)
"""Run with two other files in the place of two that there are, which nobody else gets to see."""
HELPER: Final = "/usr/lib/squid/basic_ncsa_auth"
SQUID: Final = f"""\
pid_filename none
cache_log stdio:/dev/null
cache deny all
cache_mem 8 MB
coredump_dir none
pinger_enable off
visible_hostname wall.test
dns_nameservers {WORLD_DNS[0]}
hosts_file none
shutdown_lifetime 0 seconds
positive_dns_ttl 1 second
negative_dns_ttl 1 second
"""
DANTE: Final = f"""\
logoutput: stdout
internal: {PROXY_ADDRESS} port = {SOCKS_PORT}
external: {PROXY_ADDRESS}
clientmethod: none
user.privileged: root
user.unprivileged: nobody
"""
HAPROXY: Final = """\
global
	log stdout format raw local0
defaults
	log global
	option tcplog
"""


@contextmanager
def dnsmasq(net: Net, folder: Path, rules: str = "") -> Iterator[None]:
    """Run the client's name server, which passes everything on and may feed the packet filter."""
    # A cache would keep changes from the client, and the filter from hearing of addresses again.
    lines = ["no-resolv", "no-hosts", "pid-file=", "user=nobody", "bind-interfaces", "cache-size=0"]
    lines += [f"listen-address={one}" for one in RESOLVERS] + [f"server={one}" for one in WORLD_DNS[:1]]
    conf = folder / "dnsmasq.conf"
    conf.write_text("\n".join([*lines, rules]) + "\n")
    command = ("dnsmasq", "--keep-in-foreground", "-C", str(conf))
    with net.daemon(*LOGGED, str(folder / "dnsmasq.log"), *command, port=53, address=RESOLVERS[0]):
        yield


@contextmanager
def squid(net: Net, folder: Path, rules: str, login: tuple[str, str] | None) -> Iterator[None]:
    """Run a proxy that clients ask for tunnels; with a login, only those that give it."""
    lines = [f"http_port {PROXY_ADDRESS}:{PROXY_PORT}", f"access_log stdio:{_log(folder, 'proxy.log')}", SQUID]
    if login:
        user, password = login
        known = folder / "proxy.users"
        known.write_text(f"{user}:{_hashed(password, '-apr1')}\n")
        lines += [
            f"auth_param basic program {HELPER} {known}",
            "auth_param basic children 1 startup=1 idle=1",
            "auth_param basic realm wall",
            "acl somebody proxy_auth REQUIRED",
            "http_access deny !somebody",
        ]
    conf = folder / "proxy.conf"
    conf.write_text("\n".join([*lines, rules, "http_access deny all"]) + "\n")
    with net.daemon("squid", "-N", "-f", str(conf), port=PROXY_PORT, address=PROXY_ADDRESS):
        yield


@contextmanager
def dante(net: Net, folder: Path, rules: str, login: tuple[str, str] | None) -> Iterator[None]:
    """Run a SOCKS proxy; with a login, only those that give it.

    It takes users of the system, so it is shown others than there are.
    """
    conf, servers = folder / "socks.conf", folder / "world.conf"
    conf.write_text(f"{DANTE}socksmethod: {'username' if login else 'none'}\n{rules}")
    servers.write_text(f"nameserver {WORLD_DNS[0]}\n")
    shown: tuple[str, ...] = ()
    if login:
        user, password = login
        users, secrets = folder / "socks.passwd", folder / "socks.shadow"
        users.write_text(f"{Path('/etc/passwd').read_text()}{user}:x:65533:65534::/nonexistent:/usr/sbin/nologin\n")
        secrets.write_text(f"{user}:{_hashed(password, '-6')}:19000:0:99999:7:::\n")
        shown = (*SHOWING, str(users), "/etc/passwd", str(secrets), "/etc/shadow")
    command = (*RESOLVING, str(servers), *shown, *FORKING, "danted", "-f", str(conf))
    with net.daemon(*LOGGED, str(folder / "socks.log"), *command, port=SOCKS_PORT, address=PROXY_ADDRESS):
        yield


@contextmanager
def squid_in_the_way(net: Net, folder: Path, rules: str, certificate: Path) -> Iterator[None]:
    """Run a proxy that connections are led to; its ports are those that the rules themselves tell."""
    ports = re.findall(r"^#   (https?_port .*)$", rules, re.MULTILINE)
    assert ports, "the rules name no port to lead connections to"
    lines = [f"http_port 127.0.0.1:{PROXY_PORT}", *(port.replace("FILE", str(certificate)) for port in ports)]
    conf = folder / "splice.conf"
    logged = f"access_log stdio:{_log(folder, 'splice.log')}"
    conf.write_text("\n".join([*lines, logged, SQUID, rules]) + "\n")
    with net.daemon("squid", "-N", "-f", str(conf), port=PROXY_PORT):
        yield


@contextmanager
def haproxy(net: Net, folder: Path, rules: str) -> Iterator[None]:
    """Run a proxy that connections are led to."""
    main, conf, servers = folder / "main.cfg", folder / "haproxy.cfg", folder / "world.conf"
    main.write_text(HAPROXY)
    conf.write_text(rules)
    servers.write_text(f"nameserver {WORLD_DNS[0]}\n")
    command = (*RESOLVING, str(servers), "haproxy", "-db", "-f", str(main), "-f", str(conf))
    with net.daemon(*LOGGED, str(folder / "sni.log"), *command, port=443):
        yield


def _hashed(password: str, kind: str) -> str:
    """Write a password down as a file of users has it."""
    made = subprocess.run(
        ["openssl", "passwd", kind, "-stdin"], input=password, capture_output=True, text=True, check=True
    )
    return made.stdout.strip()


def _log(folder: Path, name: str) -> Path:
    """Make a log that squid may write, whoever it runs as."""
    file = folder / name
    file.touch()
    file.chmod(0o666)
    return file
