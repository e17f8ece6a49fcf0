# ruff: noqa: E501  - the table is read by its columns
"""The connection as one table: every state against everything that can happen.

Three rules stand above the table:

* An event with a generation other than the current one is dropped before the table is asked. The generation ends with
  the attempt, so a late event of an abandoned socket is never seen, and no CLOSING state is needed.
* A timer that was cancelled or replaced is dropped before the table is asked, by its serial.
* Entering a state cancels every timer; the row then starts its own.

``TRANSITIONS`` holds what does something, ``IGNORED`` what is allowed and does nothing, with the reason. Every other
pair cannot happen under the rules above and raises ``IllegalEventError``. ``docs/design.md`` is generated from here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pilito.events import State


class Trigger(StrEnum):
    """What can happen, as the table names it: an input, or one timer of ``TimerFired``."""

    CONNECT = "connect"  # the application wants a connection
    DISCONNECT = "disconnect"  # the application wants none
    RETRY_NOW = "retry now"  # the user asks for an attempt
    WAKE = "wake"  # a dial may succeed now
    SUSPEND = "suspend"  # the browser is about to stop us
    CHECK = "check"  # the browser says "offline"
    TOKEN_ISSUED = "token issued"  # there is a token
    TOKEN_DENIED = "token denied"  # there will be none before a login
    TOKEN_UNAVAILABLE = "no token for now"  # offline, server in trouble, throttled, queued or refused
    OPENED = "opened"  # the browser opened the socket
    FRAME = "frame"  # a frame was read
    CLOSED = "closed"  # the browser closed the socket
    HEALTH = "HTTP checked"  # HTTP answered, or did not
    HANDSHAKE = "HANDSHAKE fires"  # a token, an open socket or a first frame is overdue
    RETRY = "RETRY fires"  # the next attempt is due
    UPTIME = "UPTIME fires"  # the connection has lasted
    IDLE = "IDLE fires"  # silence is long enough to ask
    PROBE = "PROBE fires"  # the answer to a probe is overdue


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: the method of ``Protocol`` that carries it out, the states it may lead to, and what happens, in a clause."""

    handler: str
    to: tuple[State, ...]
    does: str


_C, _A, _D, _O, _R, _W, _S = (
    State.CLOSED,
    State.AUTHENTICATING,
    State.CONNECTING,
    State.OPEN,
    State.READY,
    State.WAITING,
    State.SUSPENDED,
)

# fmt: off
TRANSITIONS: Final[dict[tuple[State, Trigger], Rule]] = {
    # no socket is wanted
    (_C, Trigger.CONNECT): Rule("start", (_A,), "attempts = 0; ask for a token"),
    (_C, Trigger.RETRY_NOW): Rule("retry_closed", (_A, _C), "dial if FORBIDDEN or REFUSED; else stay: nobody wants a socket"),
    # waiting for a token
    (_A, Trigger.DISCONNECT): Rule("stop", (_C,), "REQUESTED; the token will be dropped when it comes"),
    (_A, Trigger.SUSPEND): Rule("suspend", (_S,), "FROZEN"),
    (_A, Trigger.WAKE): Rule("hope", (_A,), "attempts = 0: should this one fail, the budget is fresh"),
    (_A, Trigger.TOKEN_ISSUED): Rule("dial", (_D,), "open the socket with it; start HANDSHAKE"),
    (_A, Trigger.TOKEN_DENIED): Rule("deny", (_C,), "UNAUTHORIZED; `auth_error`; the app shows login"),
    (_A, Trigger.TOKEN_UNAVAILABLE): Rule("no_token", (_W, _S), "back off, for as long as the answer asks"),
    (_A, Trigger.HANDSHAKE): Rule("token_overdue", (_W, _S), "back off"),
    # waiting for the browser to open
    (_D, Trigger.DISCONNECT): Rule("stop", (_C,), "abandon the socket; REQUESTED"),
    (_D, Trigger.SUSPEND): Rule("suspend", (_S,), "abandon the socket; FROZEN"),
    (_D, Trigger.WAKE): Rule("hope", (_D,), "attempts = 0: should this one fail, the budget is fresh"),
    (_D, Trigger.OPENED): Rule("opened", (_O,), "start HANDSHAKE again, for the first frame"),
    (_D, Trigger.CLOSED): Rule("never_opened", (_W, _S), "back off; the next token request asks over HTTP why"),
    (_D, Trigger.HANDSHAKE): Rule("dial_overdue", (_W, _S), "abandon the socket; back off"),
    # open, server silent
    (_O, Trigger.DISCONNECT): Rule("stop", (_C,), "close with 1000; REQUESTED"),
    (_O, Trigger.SUSPEND): Rule("suspend", (_S,), "close with 1000; FROZEN"),
    (_O, Trigger.WAKE): Rule("hope", (_O,), "attempts = 0: should this one fail, the budget is fresh"),
    (_O, Trigger.CHECK): Rule("check_open", (_O,), "ask over HTTP whether the server is there"),
    (_O, Trigger.FRAME): Rule("first_frame", (_R, _O, _A, _C, _S), "valid: READY; unreadable: report; control frame: as its close code"),
    (_O, Trigger.CLOSED): Rule("closed", (_W, _S, _A, _C), "by `close_verdict`"),
    (_O, Trigger.HEALTH): Rule("open_health", (_O, _W, _S), "no answer: OFFLINE, back off; an answer: slow, wait on"),
    (_O, Trigger.HANDSHAKE): Rule("silence_overdue", (_O, _W, _S), "first time: ask over HTTP and wait up to 30 s in all; then abandon, back off"),
    # server confirmed
    (_R, Trigger.DISCONNECT): Rule("stop", (_C,), "close with 1000; REQUESTED"),
    (_R, Trigger.SUSPEND): Rule("suspend", (_S,), "close with 1000; FROZEN"),
    (_R, Trigger.WAKE): Rule("wake_ready", (_R,), "attempts = 0; after silence: probe, and expect the answer within 3 s"),
    (_R, Trigger.CHECK): Rule("check_ready", (_R,), "probe, and expect the answer within 3 s"),
    (_R, Trigger.FRAME): Rule("frame", (_R, _A, _C, _S), "deliver; the silence begins anew; control frame: as its close code"),
    (_R, Trigger.CLOSED): Rule("closed", (_W, _S, _A, _C), "by `close_verdict`"),
    (_R, Trigger.HEALTH): Rule("ready_health", (_R, _W, _S), "no answer: OFFLINE, abandon, back off; an answer: slow, keep the socket up to 60 s"),
    (_R, Trigger.UPTIME): Rule("lasted", (_R,), "attempts = 0; `stable`, which wakes sibling tabs"),
    (_R, Trigger.IDLE): Rule("idle", (_R,), "probe, if it was silent for so long"),
    (_R, Trigger.PROBE): Rule("probe_overdue", (_R, _W, _S), "ask over HTTP, which also lets queued frames pass; after 60 s abandon, back off"),
    # backing off
    (_W, Trigger.DISCONNECT): Rule("stop", (_C,), "REQUESTED"),
    (_W, Trigger.SUSPEND): Rule("suspend", (_S,), "FROZEN"),
    (_W, Trigger.RETRY): Rule("retry", (_A,), "ask for a token"),
    (_W, Trigger.RETRY_NOW): Rule("retry_now", (_A,), "attempts = 0; ask for a token"),
    (_W, Trigger.WAKE): Rule("wake_waiting", (_A, _W), "attempts = 0; ask for a token now; QUEUED only if looked at; not if THROTTLED or REFUSED"),
    (_W, Trigger.CHECK): Rule("note_offline", (_W,), "LOST becomes OFFLINE; the timer stays"),
    # waiting for a reason to try
    (_S, Trigger.CONNECT): Rule("retry_now", (_A,), "attempts = 0; ask for a token"),
    (_S, Trigger.DISCONNECT): Rule("stop", (_C,), "REQUESTED"),
    (_S, Trigger.RETRY_NOW): Rule("retry_now", (_A,), "attempts = 0; ask for a token"),
    (_S, Trigger.WAKE): Rule("wake_suspended", (_A, _S), "attempts = 0; ask for a token; REPLACED only if looked at, and only once"),
}

# fmt: on
_UNDER_WAY: Final = "an attempt is under way"
IGNORED: Final[dict[tuple[State, Trigger], str]] = {
    (_C, Trigger.DISCONNECT): "nothing to close",
    (_C, Trigger.WAKE): "no socket is wanted",
    (_C, Trigger.SUSPEND): "no socket to close",
    (_C, Trigger.CHECK): "no link to check",
    **{(state, Trigger.CONNECT): _UNDER_WAY for state in (_A, _D)},
    **{(state, Trigger.CONNECT): "there is a connection" for state in (_O, _R)},
    (_W, Trigger.CONNECT): "a timer will dial",
    **{(state, Trigger.RETRY_NOW): _UNDER_WAY for state in (_A, _D, _O)},
    (_R, Trigger.RETRY_NOW): "there is a connection",
    **{(state, Trigger.CHECK): "its own time-out decides" for state in (_A, _D)},
    (_S, Trigger.SUSPEND): "no socket to close",
    (_S, Trigger.CHECK): "no link to check",
}


def markdown_table() -> str:
    """Return the table as Markdown, in the order of the states and triggers."""
    rows = ["| state | event | next | what happens |", "|---|---|---|---|"]
    for state in State:
        for trigger in Trigger:
            rule = TRANSITIONS.get((state, trigger))
            if rule:
                to = " or ".join(target.name for target in rule.to)
                rows.append(f"| {state.name} | {trigger.value} | {to} | {rule.does} |")
    ignored: dict[str, list[str]] = {}
    for (state, trigger), why in IGNORED.items():
        ignored.setdefault(f"{trigger.value}: {why}", []).append(state.name)
    rows += ["", "Allowed and without effect:", ""]
    rows += [f"- {', '.join(states)}: {what}" for what, states in ignored.items()]
    return "\n".join(rows) + "\n"
