"""The application's whole path: connector, manager, protocol, and a page's handler."""

import asyncio
import random
from typing import Any

import js
from pilito.browser.console import BrowserConsole
from pilito.browser.sockets import BrowserConnector
from pilito.browser.timing import BrowserScheduler
from pilito.carriers import QueryCarrier
from pilito.manager import WebSocketManager
from pilito.ports import Issued
from pyodide.ffi import create_proxy

expected = 0
done: "asyncio.Future[int]"


class Tokens:
    async def token(self, endpoint: str, **_: object) -> Issued:
        return Issued("bench")

    async def healthy(self) -> bool:
        return True


def received(message: dict[str, Any]) -> None:
    global expected
    if message["n"] == expected:
        expected += 1


async def run(frames: int, per_second: float) -> int:
    global expected, done
    expected, done = 0, asyncio.get_running_loop().create_future()
    manager.send({"type": "order", "frames": frames, "per_second": per_second})
    return await done


def ready(_: object) -> None:
    js.window.benchReady = True


manager = WebSocketManager(
    "/flood",
    url=f"ws://{js.location.host}/flood",
    connector=BrowserConnector(),
    tokens=Tokens(),
    scheduler=BrowserScheduler(),
    random=random.Random(),
    console=BrowserConsole(),
    carrier=QueryCarrier(),
)
manager.on_message("chat_message", received)
manager.on_message("end", lambda _: done.set_result(expected))
manager.on("connected", ready)
js.window.benchRun = create_proxy(run)
manager.connect()
