"""The connector alone, with a sink that parses each frame."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import js
from pilito import wire
from pilito.browser.sockets import BrowserConnector
from pyodide.ffi import create_proxy


class Sink:
    expected = 0
    done: "asyncio.Future[int]"

    def socket_opened(self, generation: int) -> None: ...

    def socket_frames(self, generation: int, frames: Sequence[str | None]) -> None:
        for data in frames:
            self.take(wire.decode(data))

    def socket_behind(self, generation: int, behind: bool) -> None: ...

    def take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "chat_message":
            if message["n"] == self.expected:
                self.expected += 1
        elif kind == "end":
            self.done.set_result(self.expected)
        else:
            js.window.benchReady = True

    def socket_closed(self, generation: int, code: int, reason: str) -> None: ...


async def run(frames: int, per_second: float) -> int:
    sink.expected, sink.done = 0, asyncio.get_running_loop().create_future()
    connector.send(json.dumps({"frames": frames, "per_second": per_second}))
    return await sink.done


sink, connector = Sink(), BrowserConnector()
connector.open(1, f"ws://{js.location.host}/flood", (), sink)
js.window.benchRun = create_proxy(run)
