"""Does to the mock what a recording did to the real backend, line by line, and says where the two part."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from mock_server.server import MockServer
from mock_server.timing import Timing
from tests.contract import naive
from tests.contract.causes import Causes
from tests.contract.clients import CUT, ORIGIN, Client, RefusedError, text_of
from tests.contract.http_calls import HttpCalls
from tests.contract.recordings import Line, Recording
from tests.contract.shapes import differences
from tests.contract.world import World, clock_after

PACE = 0.1  # the mock's time, and that of the platform in the recording, runs ten times as fast
CLOSES = "<client closes"
UNSEEN = {"search", "conversation_status", "has_unread"}
"""Filters that look at what no frame shows: the texts of all messages, and the conversations of other users."""

NOT_HELD = {
    "b-error": "a page's event before the close that follows it, which is held",
    "cache": "what the recorder saw inside the backend; the calls around it hold what follows from it",
    "console": "what Chromium writes of a dial that failed, which is held",
    "summary": "the closes above it once more",
}
"""Kinds of lines that ask nothing of the mock, and why."""


@dataclass
class Socket:
    """A recorded socket while it is open: ours, and the path it is on."""

    client: Client
    path: str
    closed_by_us: bool = False

    @property
    def chat(self) -> str:
        found = re.search(r"/ws/chat/(\w+)/", self.path)
        return found[1] if found else ""


@dataclass
class Replay:
    """One recording against one mock."""

    recording: Recording
    version: str
    tally: Counter[str] = field(default_factory=Counter)
    sockets: dict[str, Socket] = field(default_factory=dict)

    def run(self) -> Counter[str]:
        """Replay everything; returns how much of what was held. Raises ``AssertionError`` at the first difference."""
        world = World(self.recording)
        timing = replace(Timing().scaled(PACE), window=0.0, overlap=0.3)  # the recorders were not counted
        debug, flavour = self.recording.debug, self.recording.flavour
        self.server = MockServer(
            profile=self.version, server=flavour, debug=debug, strict=True, deflate=True, timing=timing, conversations=0
        )
        self.server.backend.store = world.store
        with clock_after(world.begun), self.server:
            self._prepare(world)
            try:
                for number, line in enumerate(self.recording.lines):
                    self.here, self.ahead = f"line {number + 2}", self.recording.lines[number + 1 :]
                    self._line(line)
                self._all_quiet()
            finally:
                self.causes.close()
                for socket in self.sockets.values():
                    socket.client.close()
        return self.tally

    def _prepare(self, world: World) -> None:
        tokens = self.server.backend.tokens
        access, refresh = tokens.issue(world.owner)
        self.tokens = {"access": access, "refresh": refresh, "t1": access, "r1": refresh}
        self.tokens["access_user2"], _ = tokens.issue(world.other)
        self.causes = Causes(self.server, world.owner.email, self.tokens)
        self.http = HttpCalls(self.server, self.causes.http, world.owner)
        self.note, self.note_path, self.called = "", "", False
        found = re.search(r"platform call (?:takes|of) (\d+) s", self.recording.about)
        self.slow = found is not None
        if found:
            self.server.fault("slow_platform", seconds=int(found[1]) * PACE)

    def _line(self, line: Line) -> None:
        act: dict[str, Callable[[Line], None]] = {
            "note": self._note,
            "open": self._open,
            "b-open": self._open,
            "refused": self._refused,
            "->": self._send,
            "<-": self._expect,
            "b-message": self._expect,
            "silence": self._silence,
            "close": self._close,
            "b-close": self._close,
            "naive": self._naive_pages,
            "same-second": self._same_second,
            "claims": self._claims,
            "state": self._state,
        }
        if line["dir"] in act:
            act[line["dir"]](line)
        elif line["dir"] not in NOT_HELD:
            raise AssertionError(
                f"{self.recording.name}.jsonl, {self.here}: a line of the unknown kind {line['dir']!r}; say in "
                "Replay._line of tests/contract/replay.py what it asks of the mock, or in NOT_HELD why it asks nothing"
            )

    # --- what happens beside the sockets ---

    def _note(self, line: Line) -> None:
        self.note, self.note_path, self.called = str(line.get("text", "")), str(line.get("path", "")), False
        if "SIGTERM" in self.note:
            self.server.stop()
        elif re.search(r"\b(SIGKILL|kill)", self.note):
            self.server.kill()
        elif re.search(r"\b(SIGHUP|HUP|reload)\b", self.note):
            self.server.fault("restart", seconds=0)
        elif self.note.startswith("REST") or "over HTTP" in self.note:
            self._call(self.note)

    def _call(self, label: str) -> None:
        """Make a call before the frames that it brings, though the recording tells of it after them."""
        named = next((line["label"] for line in self.ahead if line["who"] == "http" and "label" in line), "")
        chat = next((socket.chat for socket in self.sockets.values() if socket.chat), "")
        frames = (line["frame"] for line in self.ahead if line["dir"] == "<-" and line["who"] != "http")
        told: dict[str, Any] = next((frame for frame in frames if "conversations" in frame), {})
        statuses = [row["status"] for row in told.get("conversations", []) if row["id"] == chat]
        self.causes.status_to_set = statuses[0] if statuses else "active"
        assert self.causes.owner is not None
        have = len(self.server.backend.store.of_user(self.causes.owner))
        self.causes.conversations_to_go = max(have - told.get("count", 0), 1)
        self.answer = self.causes.call(named if label.startswith("REST") and named else label, chat)
        self.called = True

    def _http(self, line: Line) -> None:
        if line["dir"] == "->" or "statuses" in line or self.http.pending is not None:
            self.tally["HTTP calls"] += line["dir"] == "<-"
            self.http.line(line)
            return
        answer = self.answer if self.called else self.causes.status()
        if answer is None:
            return  # a call whose path the recording does not tell: only its silence on the sockets is held
        self.tally["HTTP calls"] += 1
        assert answer.status_code == line["status"], (
            f"{self.here}: HTTP {answer.status_code}, recorded {line['status']}"
        )
        if isinstance(line.get("body"), dict):
            self._same(line["body"], answer.json())

    def _same_second(self, line: Line) -> None:
        user = self.causes.owner
        assert user is not None
        made = {self.server.backend.tokens.issue(user)[0] for _ in range(3)}
        assert len(made) <= line["distinct_tokens"], f"{self.here}: {len(made)} tokens within a second"

    def _claims(self, line: Line) -> None:
        import jwt

        access, refresh = self.tokens["access"], self.tokens["refresh"]
        assert jwt.get_unverified_header(access) == line["header"], self.here
        assert (len(access), len(refresh)) == (line["access_len"], line["refresh_len"]), self.here
        for token, recorded in ((access, line["access"]), (refresh, line["refresh"])):
            claims = jwt.decode(token, options={"verify_signature": False})
            assert set(claims) == set(recorded), self.here
            assert claims["type"] == recorded["type"], self.here
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000", claims["created_at"]), self.here

    # --- sockets ---

    def _address(self, line: Line) -> tuple[str, str]:
        """The path of a dial with its query, tokens put in; a browser's is told by what it was sent."""
        if "url" not in line:
            path = self.note_path or self._browsers_path(line)
            return path, f"{path}?token={self.tokens['access']}"
        _, _, rest = line["url"].removeprefix("ws://").partition("/")
        put_in = re.sub(r"<(\w+)>", lambda found: self.http.token(found[1], self.tokens), rest)
        return f"/{rest.partition('?')[0]}", f"/{put_in}"

    def _browsers_path(self, line: Line) -> str:
        frames = [
            later["frame"]
            for later in self.ahead
            if later["who"] == line["who"] and later["dir"] == "b-message" and isinstance(later["frame"], dict)
        ]
        kinds = {"conversations_list": "conversations", "customers_list": "customers", "wizard_status": "wizard-status"}
        for frame in frames:
            if frame.get("type") in kinds:
                return f"/ws/{kinds[frame['type']]}/"
            chat = frame.get("conversation_id") or (frame.get("messages") or [{}])[0].get("conversation_id")
            if chat:
                return f"/ws/chat/{chat}/"
        return "/ws/conversations/"

    def _dial(self, line: Line) -> tuple[str, Client]:
        path, address = self._address(line)
        url = f"ws://127.0.0.1:{self.server.port}{address}"
        return path, Client(url, origin=line.get("origin", ORIGIN))

    def _open(self, line: Line) -> None:
        self.tally["opened"] += 1
        try:
            path, client = self._dial(line)
        except RefusedError as refused:
            raise AssertionError(f"{self.here}: {refused}, recorded as opened") from None
        told = line.get("extensions", line.get("headers", {}).get("sec-websocket-extensions", ""))
        assert bool(client.extensions) == bool(told), (
            f"{self.here}: extensions {client.extensions!r}, recorded {told!r}"
        )
        self.sockets[line["who"]] = Socket(client, path)

    def _refused(self, line: Line) -> None:
        self.tally["refused"] += 1
        try:
            self._dial(line)
        except RefusedError as refused:
            wanted = (line.get("http_status", CUT), line.get("body", "")) if "http_status" in line else (CUT, "")
            assert (refused.status, refused.body) == wanted, f"{self.here}: {refused}, recorded {wanted}"
        else:
            raise AssertionError(f"{self.here}: opened, recorded as refused")

    def _send(self, line: Line) -> None:
        if line["who"] == "http":
            return self._http(line)
        socket = self.sockets[line["who"]]
        if str(line["frame"]).startswith(CLOSES):
            if not self.slow:
                self._quiet(line["who"])
            socket.closed_by_us = True
            return None
        self.tally["requests"] += 1
        return socket.client.send(text_of(line["frame"]))

    def _expect(self, line: Line) -> None:
        if line["who"] == "http":
            return self._http(line)
        self.tally["frames"] += 1
        recorded, mocked = line["frame"], self._next(line)
        filters = recorded.get("filters") if isinstance(recorded, dict) else None
        loose = bool(set(filters if isinstance(filters, dict) else ()) & UNSEEN)
        return self._same(recorded, mocked, loose=loose)

    def _next(self, line: Line) -> Any:
        socket = self.sockets[line["who"]]
        if not socket.client.heard:
            self._listen(socket)
        if not socket.client.heard and not self.slow and isinstance(line["frame"], dict):
            self.causes.happen(line, line["frame"], socket.chat)
            self._listen(socket)
        shown = str(line["frame"])[:120]
        assert socket.client.heard, f"{self.here}: {line['who']} hears nothing, recorded is {shown}"
        return socket.client.heard.pop(0)

    def _listen(self, socket: Socket) -> None:
        if self.slow:
            socket.client.wait()
            return
        for other in self.sockets.values():
            other.client.settle()

    def _same(self, recorded: Any, mocked: Any, *, loose: bool = False) -> None:
        found = differences(recorded, mocked, loose=loose)
        assert not found, f"{self.here} of {self.recording.name}: " + "; ".join(found[:5])

    def _silence(self, line: Line) -> None:
        self.tally["silences"] += 1
        self._quiet(line["who"])

    def _quiet(self, who: str) -> None:
        client = self.sockets[who].client
        client.settle()
        assert not client.heard, f"{self.here}: {who} hears {str(client.heard[0])[:200]}, which was not recorded"

    def _all_quiet(self) -> None:
        for who, socket in self.sockets.items():
            if socket.client.code is None and not self.slow:
                self._quiet(who)

    def _close(self, line: Line) -> None:
        self.tally["closes"] += 1
        socket = self.sockets.get(line["who"])
        if socket is None:  # a browser's dial that failed: it never opened
            self._down(line)
            return
        client = socket.client
        if socket.closed_by_us:
            client.close(line["code"])
        elif "abort" in self.note and line["code"] == 1006:
            client.abort()
        elif line["dir"] == "b-close" and line["code"] == 1000 and not self._kicked(line, socket):
            self._quiet(line["who"])
            client.close()
        else:
            client.wait_for_end()
        assert client.code == line["code"], f"{self.here}: ends with {client.code}, recorded {line['code']}"
        assert not client.heard, f"{self.here}: {line['who']} hears {client.heard[:1]} before its end"
        del self.sockets[line["who"]]

    def _down(self, line: Line) -> None:
        try:
            self._dial(line)
        except RefusedError:
            assert line["code"] == 1006, self.here
        else:
            raise AssertionError(f"{self.here}: opened, recorded as failed")

    def _kicked(self, line: Line, socket: Socket) -> bool:
        """Whether another tab was there when the server closed this one."""
        return any(other is not socket and other.path == socket.path for other in self.sockets.values())

    def _naive_pages(self, line: Line) -> None:
        """Runs all of a story's naive pages side by side, at the first one's line."""
        if not self.tally["naive pages"]:
            pages = [line, *(later for later in self.ahead if later["dir"] == "naive")]
            self.tally["naive pages"] += len(pages)
            naive.run(f"ws://127.0.0.1:{self.server.port}", self.tokens["access"], pages, self.here)

    def _state(self, line: Line) -> None:
        """What a page's socket says of itself: 1 is open, 3 is closed."""
        is_open = line["who"] in self.sockets
        assert line["readyState"] == (1 if is_open else 3), f"{self.here}: open is {is_open}, recorded {line}"
