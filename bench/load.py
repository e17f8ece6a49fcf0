"""``python -m bench.load``: how many sockets one process of the mock holds, and how many frames a second it pushes.

The server runs in a process of its own, the clients in this one, over loopback. Idle sockets are spread over the chats
of one user; the pushes are what a customer's message causes: the list of conversations, to every list that is open.
Exit code 1 where a frame that was pushed did not arrive.
"""

import argparse
import asyncio
import gc
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from bench.process import Process

LOGIN = {"email_or_username": "sara@example.com", "password": "demo-sara"}
SPARE_FILES = 200  # what both processes open beside the sockets
AT_ONCE = 50  # handshakes under way
STAMP = re.compile(r"load-(\d+)")


@dataclass
class Load:
    """One run: what was asked for, and what was seen."""

    sockets: int
    rate: int
    seconds: int
    lists: int
    server: Process
    url: str
    token: str = ""
    chats: list[str] = field(default_factory=list)
    open: list[ClientConnection] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)  # seconds from the order to the frame, of each frame

    @property
    def pushes(self) -> int:
        """How many pushes make the asked rate: each one is a frame to every list."""
        return self.rate * self.seconds // self.lists

    async def run(self) -> bool:
        """Open the sockets, push, print; whether every frame arrived."""
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            answer = (await http.post("/api/v1/usr/login", json=LOGIN)).json()
            self.token = answer["access_token"]
            await self._dial("/ws/conversations/")
            self.chats = await self._chats()
            await self._hold()
            return await self._push(http)

    async def _dial(self, path: str) -> ClientConnection:
        address = f"{self.url.replace('http', 'ws', 1)}{path}?token={self.token}"
        socket = await connect(address, compression=None, ping_interval=None, open_timeout=60, max_size=None)
        self.open.append(socket)
        return socket

    async def _chats(self) -> list[str]:
        """The ids of the user's conversations."""
        socket = self.open[0]
        await socket.send('{"type": "get_conversations", "filters": {"page_size": 500}}')
        async for text in socket:
            frame = json.loads(text)
            if frame.get("pagination", {}).get("page_size") == 500:
                return [str(row["id"]) for row in frame["conversations"]]
        raise ConnectionError("the server closed the socket that was to list its conversations")

    async def _hold(self) -> None:
        """Open the idle sockets and weigh them."""
        before, began = self.server.memory(), time.monotonic()
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with gate:
                socket = await self._dial(f"/ws/chat/{self.chats[1 + number % (len(self.chats) - 1)]}/")
                async for text in socket:  # the first data is the last thing that an idle socket is sent
                    if "recent_messages" in str(text)[:100]:
                        break

        await asyncio.gather(*(one(number) for number in range(self.sockets)))
        gc.freeze()  # the clients' own objects are not to be searched while the server is measured
        took, after = time.monotonic() - began, self.server.memory()
        print(f"sockets   {self.sockets} idle, opened in {took:.1f} s")
        each = (after - before) / max(self.sockets, 1) / 1024
        print(f"memory    {each:.1f} KiB per socket; {before >> 20} MiB before, {after >> 20} MiB with them")

    async def _push(self, http: httpx.AsyncClient) -> bool:
        """Push at the asked rate to the lists, which count what comes."""
        lists = [await self._dial("/ws/conversations/") for _ in range(self.lists - 1)]
        readers = [asyncio.create_task(self._read(socket)) for socket in (self.open[0], *lists)]
        busy, began = self.server.cpu_seconds(), time.monotonic()
        async with asyncio.TaskGroup() as orders:
            for number in range(self.pushes):
                await asyncio.sleep(max(0.0, began + number * self.lists / self.rate - time.monotonic()))
                self.sent.append(time.monotonic())
                order = {"event": "customer_message", "conversation": self.chats[0], "content": f"load-{number}"}
                orders.create_task(http.post("/__mock__/push", json=order))
        await asyncio.wait(readers, timeout=10)
        took, busy = time.monotonic() - began, self.server.cpu_seconds() - busy
        for reader in readers:
            reader.cancel()
        asked, came = self.pushes * self.lists, len(self.late)
        print(f"pushes    {came} of {asked} frames arrived in {took:.1f} s, {came / took:.0f} a second")
        if came > 1:
            cuts = quantiles(self.late, n=100)
            print(f"lateness  {cuts[49] * 1000:.0f} ms in the middle, {cuts[98] * 1000:.0f} ms for the last hundredth")
        print(f"server    {busy / took:.0%} of a core while pushing")
        return came == asked

    async def _read(self, socket: ClientConnection) -> None:
        came = 0
        async for text in socket:
            stamp = STAMP.search(str(text))
            if stamp:
                self.late.append(time.monotonic() - self.sent[int(stamp[1])])
                came += 1
                if came == self.pushes:
                    return


def _number(least: int, most: int) -> Any:
    def parse(text: str) -> int:
        if not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be a number from {least} to {most}, not {text!r}")
        return int(text)

    return parse


def allow_files(wanted: int) -> str:
    """Raise the limit of open files for this process and its children; returns what to do where it cannot be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = hard == resource.RLIM_INFINITY
    if not unlimited and hard < wanted:
        return (
            f"{wanted} open files are needed and {hard} allowed: raise the hard limit (ulimit -Hn) or lower --sockets"
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return ""


@contextmanager
def mock(*flags: str) -> Iterator[tuple[Process, str]]:
    """A mock in a process of its own, and its address."""
    command = [sys.executable, "-m", "mock_server", "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            found = re.search(r"http://\S+", child.stdout.readline())
            if not found:
                raise ChildProcessError("the mock did not start; see its output above")
            yield Process(child.pid), found[0].replace("localhost", "127.0.0.1")
        finally:
            child.kill()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sockets", type=_number(0, 20_000), default=5000, help="idle sockets (5000)")
    parser.add_argument("--rate", type=_number(1, 20_000), default=2000, help="frames a second, in all (2000)")
    parser.add_argument("--seconds", type=_number(1, 60), default=10, help="how long frames are pushed (10)")
    parser.add_argument("--lists", type=_number(1, 1000), default=20, help="open lists that each push goes to (20)")
    flags = parser.parse_args(arguments)
    problem = allow_files(flags.sockets + flags.lists + SPARE_FILES)
    if problem:
        print(f"bench.load: {problem}", file=sys.stderr)
        return 2
    with mock("--conversations", "300") as (server, url):
        return 0 if asyncio.run(Load(**vars(flags), server=server, url=url).run()) else 1


if __name__ == "__main__":
    sys.exit(main())
