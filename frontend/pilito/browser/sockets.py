"""``WebSocket``: handlers made once for each connector, detached from a socket that is abandoned.

A frame costs no call of Python when it arrives: the browser's own ``Array.push``, bound to an array, is the handler.
The first frame after a quiet time also posts to a ``MessageChannel``; when its turn comes, Python takes all that has
arrived by then in one crossing. What touches every frame is the browser's own functions, bound or handed to each other.
"""

import time
from collections.abc import Sequence
from typing import Any, Final

import js
from pyodide.ffi import JsException, to_js

from pilito.arrivals import Arrivals
from pilito.browser.early import EarlySocket
from pilito.browser.proxies import Proxies
from pilito.ports import SocketSink

_CONNECTING, _OPEN, _CLOSING = 0, 1, 2
_HANDLERS = ("onopen", "onmessage", "onclose")
_SEPARATOR: Final = "\x1e"  # no JSON text contains it
_BINARY: Final = "[object ArrayBuffer]"  # what a binary frame becomes where text is asked for; no JSON text either


def _is_webkit() -> bool:
    return str(getattr(js.navigator, "vendor", "")).startswith("Apple")


class _Collector:
    """``Source``: the ``message`` events of the current socket, kept on the other side until they are taken."""

    def __init__(self, turn: Any) -> None:
        self._events = js.Array.new()
        self.collect = self._events.push.bind(self._events)
        self._channel = js.MessageChannel.new()
        self._channel.port1.onmessage = turn
        self._ring = self._channel.port2.postMessage.bind(self._channel.port2, 0, js.Array.new())
        self._once = js.Object.fromEntries(to_js([["once", True]]))
        self._encoder = js.TextEncoder.new()
        self._make_array = getattr(js.Array, "from")
        self._join = js.Array.prototype.join
        getter = js.Object.getOwnPropertyDescriptor(js.MessageEvent.prototype, "data").get
        self._data_of = js.Function.prototype.call.bind(getter)
        self._socket: Any = None

    def attach(self, socket: Any, arrived: Any = ()) -> None:
        """Collect what arrives on ``socket`` from now on, behind the events that have ``arrived`` before."""
        for event in arrived:
            self.collect(event)
        self._socket = socket
        socket.onmessage = self.collect

    def take(self, limit: int) -> Sequence[str | None]:
        events = self._events.splice(0, limit)
        count = events.length
        if count < 2:
            return [_text(event.data) for event in events]
        texts = self._make_array(events, self._data_of)
        texts.toString = self._join.bind(texts, _SEPARATOR)  # encode() asks for a string and gets all of them joined
        frames = self._encoder.encode(texts).to_bytes().decode().split(_SEPARATOR)
        if len(frames) != count:  # a frame that is no JSON contains the separator
            return [_text(event.data) for event in events]
        return [None if frame == _BINARY else frame for frame in frames]

    def waiting(self) -> int:
        return int(self._events.length)

    def wake(self) -> None:
        self._ring()

    def watch(self) -> None:
        if self._events.length:
            self._ring()
        elif self._socket is not None:
            self._socket.addEventListener("message", self._ring, self._once)

    def drop(self) -> None:
        socket, self._socket = self._socket, None
        self._events.length = 0
        if socket is not None:
            socket.removeEventListener("message", self._ring)

    def release(self) -> None:
        self._channel.port1.onmessage = None
        self._channel.port1.close()


class BrowserConnector:
    """``Connector``. There is no ``onerror``: a ``close`` always follows it and says more."""

    def __init__(self, early: EarlySocket | None = None) -> None:
        self._early = early
        self._proxies = Proxies()
        self._opened = self._proxies.make(self._on_open)
        self._closed = self._proxies.make(self._on_close)
        self._close_late = self._proxies.make(_close_target)
        self._collector = _Collector(self._proxies.make(self._on_turn))
        self._arrivals = Arrivals(self._collector, time.monotonic)
        self._socket: Any = None

    def open(self, generation: int, url: str, protocols: Sequence[str], sink: SocketSink) -> None:
        self.abandon(1000, "Replaced")
        adopted = self._early.adopt(url, protocols) if self._early else None
        if adopted is not None:
            self._adopt(generation, adopted, sink)
            return
        try:
            offered = [to_js(list(protocols))] if protocols else []
            self._socket = js.WebSocket.new(url, *offered)
        except JsException:
            sink.socket_closed(generation, 1006, "the browser refused to open the socket")
            return
        self._arrivals.begin(generation, sink)
        self._socket.binaryType = "arraybuffer"
        self._socket.onopen = self._opened
        self._socket.onclose = self._closed
        self._collector.attach(self._socket)

    def _adopt(self, generation: int, early: Any, sink: SocketSink) -> None:
        """Go on with a socket that plain script has dialled: what has happened to it is told first, in its order."""
        self._arrivals.begin(generation, sink)
        socket, closed = early.socket, early.closed
        self._collector.attach(socket, early.events)
        if early.opened:
            self._arrivals.opened()
        if closed:
            socket.onopen = socket.onmessage = socket.onclose = None
            self._arrivals.closed(closed.code, closed.reason)
            return
        self._socket = socket
        socket.onopen = self._opened
        socket.onclose = self._closed

    def send(self, text: str) -> bool:
        if self._socket is None or self._socket.readyState != _OPEN:
            return False
        try:
            self._socket.send(text)
        except JsException:
            return False
        return True

    def abandon(self, code: int, reason: str) -> None:
        self._arrivals.drop()
        socket, self._socket = self._socket, None
        if socket is None:
            return
        for handler in _HANDLERS:
            setattr(socket, handler, None)
        if socket.readyState == _CONNECTING and _is_webkit():
            socket.onopen = self._close_late  # closing while it connects can wedge Safari
        elif socket.readyState < _CLOSING:
            socket.close(code, reason)

    def release(self) -> None:
        if self._early:
            self._early.discard()
        if self._socket is not None and self._socket.readyState == _CONNECTING and _is_webkit():
            self._socket.close()  # the proxy that would close it later is about to go
        self.abandon(1000, "Client disconnect")
        self._collector.release()
        self._proxies.release()

    def _on_open(self, _: Any) -> None:
        self._arrivals.opened()

    def _on_turn(self, _: Any) -> None:
        self._arrivals.turn()

    def _on_close(self, event: Any) -> None:
        self._socket = None
        self._arrivals.closed(event.code, event.reason)


def _text(data: Any) -> str | None:
    return data if isinstance(data, str) else None


def _close_target(event: Any) -> None:
    event.target.close(1000, "Abandoned")
