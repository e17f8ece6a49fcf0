"""The network between one browser and the server: it delays, drops, reorders what TCP would, and resets.

Frames of one socket keep their order; sockets and HTTP calls overtake each other. While the link is out, frames wait,
as TCP makes them wait; when it is back they come, or the connection turns out to be dead.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final, Protocol

from pilito.exceptions import NetworkError
from pilito.ports import HttpResponse

from simulator.clock import Clock, Place

CALM: Final = 80.0  # seconds; a stalled server is waited for that long
QUICK: Final = 0.05  # seconds


class Backend(Protocol):
    """What the network leads to."""

    def dialled(self, socket: "Socket") -> None: ...

    def received(self, socket: "Socket", text: str) -> None: ...

    def forget(self, socket: "Socket") -> None: ...

    def answer(self, method: str, path: str, token: str | None, body: Any, scheme: str) -> HttpResponse: ...


class Socket:
    """One connection, both ends of it."""

    def __init__(self, place: Place, endpoint: str, token: str, hear: "Ear") -> None:
        self.place = place
        self.endpoint = endpoint
        self.token = token
        self.user = ""  # whose the server takes it for
        self.hear = hear
        self.attached = True  # the page still listens
        self.open = False  # the browser's side
        self.greeted = False  # the server has said something on it
        self.alive = True  # the server's side has not ended it
        self.deaf_since: float | None = None  # from when on nothing of the server's can arrive
        self.heard_at = 0.0  # when the page last heard anything
        self.down_at = 0.0
        self.up_at = 0.0
        self.held: list[tuple[str, tuple[Any, ...]]] = []  # under way while the link is out


class Ear(Protocol):
    """The page's side of a socket."""

    def opened(self, socket: Socket) -> None: ...

    def frame(self, socket: Socket, text: str | None) -> None: ...

    def closed(self, socket: Socket, code: int, reason: str) -> None: ...


class Network:
    """One browser's link."""

    def __init__(self, clock: Clock, random: Random, latency: float) -> None:
        self._clock = clock
        self._random = random
        self._latency = latency
        self.backend: Backend
        self.out = ""  # "", "silent" (packets vanish) or "refused" (the device knows)
        self.sockets: list[Socket] = []
        self._troubled_until = 0.0

    def trouble(self, seconds: float) -> None:
        """For so long something is wrong with the link or with the server."""
        self._troubled_until = max(self._troubled_until, self._clock.now + seconds)

    def carries(self, socket: Socket) -> bool:
        """Whether everything has been well for long, so that nobody can take this socket for a dead one."""
        calm = self._clock.now - self._troubled_until > CALM and self._latency <= QUICK
        return calm and socket.greeted and socket.open and socket.alive and socket.deaf_since is None

    def delay(self) -> float:
        """How long one way takes this time, in seconds. Rounded, so that things meet in one moment."""
        spread = self._random.random()
        return round(self._latency * (0.5 + spread if spread < 0.95 else 20 * spread), 2)

    # --- sockets ---

    def dial(self, socket: Socket) -> None:
        """The browser wants to open a socket."""
        self.sockets.append(socket)
        if self.out == "refused":
            self._clock.after(0.01, self._arrive, socket, "closed", (1006, ""), place=None)
        elif not self.out:
            self._clock.after(self.delay(), self._dialled, socket)

    def _dialled(self, socket: Socket) -> None:
        if socket.alive and not self.out:
            self.backend.dialled(socket)

    def accept(self, socket: Socket) -> None:
        self._send_down(socket, "opened", ())

    def refuse(self, socket: Socket) -> None:
        """The handshake fails; the page cannot see why."""
        self.close(socket, 1006, "")

    def down(self, socket: Socket, text: str | None) -> None:
        """A frame from the server."""
        socket.greeted = True
        self._send_down(socket, "frame", (text,))

    def close(self, socket: Socket, code: int, reason: str) -> None:
        """The server ends the socket."""
        if socket.alive:
            self._send_down(socket, "closed", (code, reason))
            socket.alive = False
            self._deafen(socket)

    def vanish(self, socket: Socket) -> None:
        """Both directions die without a word, as when a router forgets a connection."""
        socket.alive = False
        socket.held.clear()
        self._deafen(socket)
        self.backend.forget(socket)

    def reset(self, socket: Socket) -> None:
        """The connection breaks for both ends."""
        self.backend.forget(socket)
        self.close(socket, 1006, "")

    def up(self, socket: Socket, text: str) -> None:
        """A frame from the page. Nobody can tell a frame that is lost."""
        if self.out or not socket.alive:
            return
        socket.up_at = max(self._clock.now + self.delay(), socket.up_at)
        self._clock.at(socket.up_at, self._received, socket, text)

    def leave(self, socket: Socket) -> None:
        """The page has closed the socket."""
        if socket in self.sockets:
            self.sockets.remove(socket)
        if not self.out:
            self._clock.at(max(self._clock.now + self.delay(), socket.up_at), self.backend.forget, socket)

    def _received(self, socket: Socket, text: str) -> None:
        if socket.alive and not self.out:
            self.backend.received(socket, text)

    def _send_down(self, socket: Socket, what: str, args: tuple[Any, ...]) -> None:
        if not socket.alive:
            return
        if self.out:
            socket.held.append((what, args))
            return
        socket.down_at = max(self._clock.now + self.delay(), socket.down_at)
        self._clock.at(socket.down_at, self._arrive, socket, what, args, place=socket.place)

    def _arrive(self, socket: Socket, what: str, args: tuple[Any, ...]) -> None:
        if what == "closed" and socket in self.sockets:
            self.sockets.remove(socket)
        if socket.attached:
            socket.heard_at = self._clock.now
            getattr(socket.hear, what)(socket, *args)

    def _deafen(self, socket: Socket) -> None:
        if socket.deaf_since is None:
            socket.deaf_since = self._clock.now

    # --- the link ---

    def cut(self, how: str) -> None:
        """The link goes out."""
        self.out = how
        for socket in self.sockets:
            self._deafen(socket)
            if how == "refused" and self._random.random() < 0.3:
                socket.alive = False
                self._clock.after(0.01, self._arrive, socket, "closed", (1006, ""), place=socket.place)

    def heal(self) -> None:
        """From now on the link is there, and quick: what is slow for ever is not well."""
        self._latency = min(self._latency, QUICK)
        self.trouble(0)  # what was slow is still under way
        self.mend()

    def mend(self) -> None:
        """The link is back: what was held arrives, or the connection is found dead, or nothing is ever heard of it."""
        if not self.out:
            return
        self.out = ""
        for socket in [*self.sockets]:
            chance = self._random.random()
            held, socket.held = socket.held, []
            if not socket.open or chance < 0.3:
                self.reset(socket)
            elif chance < 0.4:
                self.vanish(socket)
            elif socket.alive:
                socket.deaf_since = None
                for what, args in held:
                    self._send_down(socket, what, args)

    # --- HTTP ---

    def call(self, place: Place, request: tuple[Any, ...], answered: Callable[[HttpResponse | None], None]) -> None:
        """An HTTP call; ``answered`` hears ``None`` when it fails at once, and nothing when it is lost."""
        if self.out == "refused":
            self._clock.after(0.01, answered, None, place=place)
        elif not self.out:
            self._clock.after(self.delay(), self._called, place, request, answered)

    def _called(self, place: Place, request: tuple[Any, ...], answered: Callable[[HttpResponse | None], None]) -> None:
        if self.out:
            return
        try:
            response: HttpResponse | None = self.backend.answer(*request)
        except NetworkError:
            response = None
        if response is not None and response.status == 0:
            return  # carried out, and the answer is lost
        self._clock.after(self.delay(), answered, response, place=place)


def token_of(url: str) -> str:
    """The token in a socket's address. It needs no decoding: a JWT is made of unreserved characters."""
    return url.partition("&token=")[2].partition("&")[0]
