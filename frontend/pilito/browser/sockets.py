"""``WebSocket``: synchronous handlers, made once for each connector, detached from a socket that is abandoned."""

from collections.abc import Sequence
from typing import Any

import js
from pyodide.ffi import JsException, to_js

from pilito.browser.proxies import Proxies
from pilito.ports import SocketSink

_CONNECTING, _OPEN, _CLOSING = 0, 1, 2
_HANDLERS = ("onopen", "onmessage", "onclose")


def _is_webkit() -> bool:
    return str(getattr(js.navigator, "vendor", "")).startswith("Apple")


class BrowserConnector:
    """``Connector``. There is no ``onerror``: a ``close`` always follows it and says more."""

    def __init__(self) -> None:
        self._proxies = Proxies()
        self._opened = self._proxies.make(self._on_open)
        self._received = self._proxies.make(self._on_message)
        self._closed = self._proxies.make(self._on_close)
        self._close_late = self._proxies.make(_close_target)
        self._socket: Any = None
        self._generation = 0
        self._sink: SocketSink | None = None

    def open(self, generation: int, url: str, protocols: Sequence[str], sink: SocketSink) -> None:
        self.abandon(1000, "Replaced")
        self._generation, self._sink = generation, sink
        try:
            offered = [to_js(list(protocols))] if protocols else []
            self._socket = js.WebSocket.new(url, *offered)
        except JsException:
            sink.socket_closed(generation, 1006, "the browser refused to open the socket")
            return
        self._socket.binaryType = "arraybuffer"
        self._socket.onopen = self._opened
        self._socket.onmessage = self._received
        self._socket.onclose = self._closed

    def send(self, text: str) -> bool:
        if self._socket is None or self._socket.readyState != _OPEN:
            return False
        try:
            self._socket.send(text)
        except JsException:
            return False
        return True

    def abandon(self, code: int, reason: str) -> None:
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
        if self._socket is not None and self._socket.readyState == _CONNECTING and _is_webkit():
            self._socket.close()  # the proxy that would close it later is about to go
        self.abandon(1000, "Client disconnect")
        self._sink = None
        self._proxies.release()

    def _on_open(self, _: Any) -> None:
        if self._sink:
            self._sink.socket_opened(self._generation)

    def _on_message(self, event: Any) -> None:
        if self._sink:
            data = event.data
            self._sink.socket_frame(self._generation, data if isinstance(data, str) else None)

    def _on_close(self, event: Any) -> None:
        self._socket = None
        if self._sink:
            self._sink.socket_closed(self._generation, event.code, event.reason)


def _close_target(event: Any) -> None:
    event.target.close(1000, "Abandoned")
