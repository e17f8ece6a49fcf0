"""What the console says about one connection, in the words of the reconnect guide."""

from typing import Any, Final

from pilito import closecodes
from pilito.events import LifecycleEvent
from pilito.ports import Console

MESSAGES_PER_SECOND: Final = 20
"""Received messages that get a line of their own: in a flood the lines would cost more than the frames."""


class ConnectionLog:
    """The console's lines for one endpoint."""

    def __init__(self, console: Console, endpoint: str) -> None:
        self._console = console
        self._endpoint = endpoint
        self._second = 0
        self._shown = 0
        self._hidden = 0

    def received(self, message_type: str, now: float) -> None:
        """A server frame, at wall-clock time ``now``."""
        if int(now) != self._second:
            if self._hidden:
                self._console.log("debug", f"Received {self._hidden} more messages")
            self._second, self._shown, self._hidden = int(now), 0, 0
        if self._shown < MESSAGES_PER_SECOND:
            self._shown += 1
            self._console.log("info", f"Received message: {message_type}")
        else:
            self._hidden += 1

    def happened(self, event: LifecycleEvent, detail: dict[str, Any]) -> None:
        """A lifecycle event with its values."""
        match event:
            case LifecycleEvent.RECONNECTING:
                line = f"Scheduling reconnect attempt {detail['attempt']} in {detail['delay']:.1f} s"
                self._console.log("info", line)
            case LifecycleEvent.DISCONNECTED:
                code = detail["code"]
                line = f"WebSocket closed: {code} ({closecodes.name(code)}) {detail['reason']}"
                self._console.log("info", line.rstrip())
            case LifecycleEvent.MAX_RECONNECT_REACHED:
                self._console.log("warn", f"Max reconnect attempts reached: {self._endpoint}")
            case LifecycleEvent.AUTH_ERROR:
                self._console.log("warn", f"Authentication error: {detail['message']}")
            case LifecycleEvent.ERROR:
                self._console.log("warn", f"{self._endpoint}: {detail['message']}")
            case _:
                pass
