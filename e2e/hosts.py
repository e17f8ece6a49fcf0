"""Real web servers with the snippets that the build ships, and a backend beside the build."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from mock_server.testing.waiting import eventually

_NGINX = """\
daemon off;
user {user};
pid {work}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {work};
    proxy_temp_path {work};
    fastcgi_temp_path {work};
    uwsgi_temp_path {work};
    scgi_temp_path {work};
    server {{
        listen 127.0.0.1:{port};
        location ~ ^/(api|ws|media)/ {{
            proxy_pass {backend};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
        }}
{snippet}
    }}
}}
"""
_CADDY = """\
{{
	admin off
	auto_https off
}}
http://127.0.0.1:{port} {{
	@backend path /api/* /ws/* /media/*
	handle @backend {{
		reverse_proxy {backend}
	}}
{snippet}
}}
"""


def nginx(build: Path, work: Path, port: int, backend: str) -> list[str]:
    """Write a configuration around the build's snippet. Returns the command that runs it."""
    snippet = _at(build, build / "nginx.conf")
    text = _NGINX.format(user=getpass.getuser(), work=work, port=port, backend=f"http://{backend}", snippet=snippet)
    (work / "nginx.conf").write_text(text)
    return ["nginx", "-p", str(work), "-e", "stderr", "-c", str(work / "nginx.conf")]


def caddy(build: Path, work: Path, port: int, backend: str) -> list[str]:
    """The same for Caddy."""
    (work / "Caddyfile").write_text(_CADDY.format(port=port, backend=backend, snippet=_at(build, build / "Caddyfile")))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(work / "Caddyfile")]


Host = Callable[[Path, Path, int, str], list[str]]
HOSTS: dict[str, Host] = {"nginx": nginx, "caddy": caddy}


def installed(name: str) -> bool:
    return shutil.which(name) is not None


@contextmanager
def hosted(name: str, build: Path, work: Path, backend: str) -> Iterator[str]:
    """Serve ``build`` with the named server and ``backend`` (an address) below ``/api/``, ``/ws/`` and ``/media/``.

    Yields the server's address. Fails with what the server said when it does not start.
    """
    port = _free_port()
    command = HOSTS[name](build, work, port, urlsplit(backend).netloc)
    with (work / "said.txt").open("w") as said:
        environment = {**os.environ, "XDG_CONFIG_HOME": str(work), "XDG_DATA_HOME": str(work)}  # where Caddy writes
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=work, env=environment)
    try:
        eventually(lambda: process.poll() is not None or _answers(port), seconds=20)
        assert process.poll() is None, (work / "said.txt").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _at(build: Path, snippet: Path) -> str:
    """The snippet as one adapts it: with the folder where the build really is."""
    text = snippet.read_text()
    assert "/var/www/pilito" in text
    return text.replace("/var/www/pilito", str(build))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/")
    except httpx.TransportError:
        return False
    return True
