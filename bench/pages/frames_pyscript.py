"""PyScript's own ``WebSocket``, as its manual shows it."""

import asyncio
import json
from typing import Any

import js
from pyodide.ffi import create_proxy
from pyscript import WebSocket  # type: ignore[import-not-found]

expected = 0
done: "asyncio.Future[int]"


def received(event: Any) -> None:
    global expected
    message = json.loads(event.data)
    kind = message["type"]
    if kind == "chat_message":
        if message["n"] == expected:
            expected += 1
    elif kind == "end":
        done.set_result(expected)
    else:
        js.window.benchReady = True


async def run(frames: int, per_second: float) -> int:
    global expected, done
    expected, done = 0, asyncio.get_running_loop().create_future()
    socket.send(json.dumps({"frames": frames, "per_second": per_second}))
    return await done


js.window.benchRun = create_proxy(run)
socket = WebSocket(url=f"ws://{js.location.host}/flood", onmessage=received)
