"""The command line: flags in, one server in the foreground, a clean end on Ctrl-C."""

import argparse
import asyncio
import contextlib
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import uvicorn

from mock_server import processes, scenarios
from mock_server.app import make_files_app
from mock_server.backend import Backend, Settings
from mock_server.errors import MockError
from mock_server.journal import Journal
from mock_server.profiles import PROFILES, profile
from mock_server.scenarios import SCENARIOS
from mock_server.seed import USERS
from mock_server.server import listen, serving, uvicorn_server


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, and what to do."""
        print(f"mock_server: {message}; see python -m mock_server --help", file=sys.stderr)
        raise SystemExit(2)


def parser() -> argparse.ArgumentParser:
    found = _Parser(prog="python -m mock_server", description="The app with a mock of its backend, on one port.")
    found.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    found.add_argument("--port", type=_port, default=5173, help="port to listen on (5173); 0 picks a free one")
    versions = f"version of the backend: {', '.join(PROFILES)} (guide), or a commit of it"
    found.add_argument("--profile", default="guide", help=versions)
    found.add_argument("--debug", action="store_true", help="accept every token, as the published settings do")
    found.add_argument("--server", choices=("uvicorn", "daphne"), default="uvicorn", help="whose close codes (uvicorn)")
    found.add_argument("--first-message", action="store_true", help="let a socket bring its token in its first frame")
    found.add_argument("--strict", action="store_true", help="check origins, and take 10 sockets a minute of a user")
    found.add_argument("--deflate", action="store_true", help="compress frames where uvicorn does")
    found.add_argument("--conversations", type=_count, default=300, help="how many conversations Sara has (300)")
    found.add_argument("--redis", type=_redis, help="share pushes and logins with other processes, over this Redis")
    found.add_argument(
        "--processes", type=_processes, default=1, help="how many, on ports from --port on; needs --redis"
    )
    found.add_argument("--journal", type=Path, help="write what happens to this file, as JSON lines without tokens")
    found.add_argument("--control-open", action="store_true", help="let other machines use /__mock__/ too")
    found.add_argument("--scenario", help=f"a bad day, from the start: {', '.join(SCENARIOS)}; --list describes them")
    found.add_argument("--list", action="store_true", help="list the scenarios and what a user would see, and end")
    found.add_argument("--backend", type=_backend, help="serve the app's files only, for this real backend")
    found.add_argument("--dist", type=Path, help="serve the build in this folder instead of the sources")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; returns the exit code."""
    flags = parser().parse_args(arguments)
    if flags.list:
        print(scenarios.listing())
        return 0
    try:
        chosen = profile(flags.profile)
        if flags.scenario is not None:
            scenarios.find(flags.scenario)
    except MockError as error:
        return _say(str(error))
    if flags.processes > 1 and not flags.redis:
        return _say("--processes: several need --redis URL, or none would know of the others' pushes")
    if flags.dist and not (flags.dist / "manifest.json").is_file():
        return _say(f"{flags.dist} holds no build; run make build")
    if flags.processes > 1:
        return processes.run(sys.argv[1:] if arguments is None else arguments, flags.port, flags.processes)
    try:
        listener = listen(flags.host, flags.port)
    except OSError as error:
        return _say(
            f"cannot listen on {flags.host}:{flags.port} ({error.strerror}); choose another with --port or PORT="
        )
    shown = "localhost" if flags.host in ("127.0.0.1", "::1") else flags.host
    url = f"http://{shown}:{listener.getsockname()[1]}"
    backend = None
    if flags.backend:
        server = uvicorn_server(make_files_app(flags.backend, flags.dist))
    else:
        settings = Settings(
            chosen,
            flags.debug,
            flags.server,
            flags.conversations,
            control_open=flags.control_open,
            first_message=flags.first_message,
            strict=flags.strict,
            deflate=flags.deflate,
        )
        backend = Backend(settings)
        if flags.journal:
            backend.hub.journal = Journal(flags.journal)
        server = serving(backend, scenario=flags.scenario or "", dist=flags.dist)
    try:
        asyncio.run(_serve(server, listener, backend, flags, url))
    except KeyboardInterrupt:
        pass
    except MockError as error:
        return _say(str(error))
    finally:
        listener.close()
    return 0


async def _serve(
    server: uvicorn.Server, listener: socket.socket, backend: Backend | None, flags: argparse.Namespace, url: str
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        if backend and flags.redis:
            from mock_server.relay import Relay  # nobody else needs the client library

            await stack.enter_async_context(Relay(backend, flags.redis))
        _announce(url, flags)
        await server.serve(sockets=[listener])


def _announce(url: str, flags: argparse.Namespace) -> None:
    if flags.backend:
        print(f"Pilito on {url}, talking to {flags.backend}", flush=True)
        return
    debug = ", debug mode" if flags.debug else ""
    print(f"Pilito on {url} (mock backend, profile {flags.profile}{debug})", flush=True)
    for user in USERS:
        print(f"  log in as {user.email} / {user.password}", flush=True)
    print("Ctrl-C ends it.", flush=True)


def _say(problem: str) -> int:
    print(f"mock_server: {problem}", file=sys.stderr)
    return 2


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 65535, not {text!r}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) > 100_000:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 100000, not {text!r}")
    return int(text)


def _processes(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"must be a number from 1 to 64, not {text!r}")
    return int(text)


def _redis(text: str) -> str:
    scheme, separator, host = text.partition("://")
    if not separator or scheme not in ("redis", "rediss") or not host:
        raise argparse.ArgumentTypeError(f"must be an address such as redis://127.0.0.1:6379, not {text!r}")
    return text


def _backend(text: str) -> str:
    scheme, separator, host = text.partition("://")
    if not separator or scheme not in ("http", "https") or not host or any(sign in text for sign in " \"'<>\\"):
        raise argparse.ArgumentTypeError(f"must be an address such as https://api.example.com, not {text!r}")
    return text.rstrip("/")
