"""What the server has really said about sessions, and what a browser may therefore do with its tokens."""

from typing import TYPE_CHECKING, Final

from pilito.auth import Session
from pilito.ports import HttpResponse

from simulator.clock import Clock

if TYPE_CHECKING:
    from simulator.tab import Tab

NEWS: Final = 2.0  # seconds until a tab that is awake knows what another one has heard
BEFORE: Final = 5.0  # seconds by which the reason may have come before this tab believed in the session
SECOND_REFUSAL: Final = 200.0  # seconds in which a second refusal over a socket is the session's end


class Sessions:
    """One browser's sessions, watched from outside."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._owners: dict[str, str] = {}  # of every access token that was ever given out
        self._spent: dict[str, tuple[float, Tab]] = {}  # refresh tokens: when the new pair came, and to whom
        self._asking: dict[str, set[Tab]] = {}  # refresh tokens that are under way
        self._ended_at = -1.0  # when something last happened that ends a session
        self._ended_by_server_at = -1.0  # and when that was something which the server has said
        self._refused_at = -1.0  # when a socket was last closed because of its token
        self._distrusted: set[str] = set()  # access tokens that the server has refused, over HTTP or a socket
        self._logged_out: dict[str, float] = {}  # users, and when
        self._valid_since: dict[Tab, tuple[str, float]] = {}

    def issued(self, access: str, user: str) -> None:
        """The server has given out a token."""
        self._owners[access] = user

    def ends(self) -> None:
        """The server has refused a pair."""
        self._ended_at = self._ended_by_server_at = self._clock.now

    def logs_in(self, user: str) -> None:
        """The server lets somebody in, which is the end of whoever was there."""
        self._logged_out.pop(user, None)
        self._ended_at = self._clock.now

    def logs_out(self, user: str) -> None:
        """Somebody presses the button."""
        self._logged_out[user] = self._ended_at = self._clock.now

    def stays(self, user: str) -> None:
        """A tab stores whose browser this is."""
        self._logged_out.pop(user, None)

    def unknown(self, access: str) -> None:
        """The server has said that a token is nobody's."""
        self._distrusted.add(access)

    def refused(self, access: str) -> None:
        """The server closes a socket because of its token. The second one is the end."""
        self.unknown(access)
        if self._clock.now - self._refused_at < SECOND_REFUSAL:
            self.ends()
        self._refused_at = self._clock.now

    def refreshes(self, tab: "Tab", refresh: str) -> None:
        """A tab is about to ask for a new pair."""
        at, who = self._spent.get(refresh, (0.0, tab))
        awake = who is tab or self._clock.now - tab.awake_since > NEWS
        if refresh in self._spent and awake and not who.dead:
            tab.fail(f"a refresh token is used again, {self._clock.now - at:.1f} s after its new pair has come")
        if any(asking.dead is False and asking is not tab for asking in self._asking.get(refresh, ())):
            tab.fail("two tabs ask for a new pair at a time")
        self._asking.setdefault(refresh, set()).add(tab)

    def has_asked(self, tab: "Tab", refresh: str) -> None:
        """A tab has an answer, or wants none any more."""
        self._asking.get(refresh, set()).discard(tab)

    def refreshed(self, tab: "Tab", refresh: str, answer: HttpResponse) -> None:
        """The answer has come to a tab that lives."""
        if answer.status == 200 and answer.body is not None:
            self._spent[refresh] = (self._clock.now, tab)
        elif answer.status == 401:
            self.ends()

    def forgets(self, tab: "Tab", access: str) -> None:
        """A tab takes a token out of storage: after a logout, or because the server will not have it."""
        by_hand = self._logged_out.get(self._owners.get(access, "")) == self._clock.now
        if not by_hand and access in self._owners and access not in self._distrusted:
            tab.fail("a session was ended whose token nobody has refused")

    def dials(self, tab: "Tab", token: str) -> None:
        """A socket is about to be dialled with a token."""
        user = tab.auth.user.id if tab.auth.user else None
        if user is not None and self._owners.get(token) != user:
            tab.fail(f"a token of {self._owners.get(token, 'nobody')} is dialled with on the screen of {user}")

    def check_leak(self, tab: "Tab", text: str) -> None:
        """No line of the console holds a token."""
        if ".sig" in text and any(token in text for token in self._owners):
            tab.fail("a token is in the console")

    def check(self, tab: "Tab") -> None:
        """A session ends when somebody ends it, or the server does, and for no other reason."""
        user = tab.auth.user.id if tab.auth.user and tab.auth.session is Session.VALID else ""
        before, since = self._valid_since.get(tab, ("", self._clock.now))
        if user == before:
            left = self._logged_out.get(user, 0.0)
            if since < left < self._clock.now - NEWS and tab.awake_since < self._clock.now - NEWS:
                tab.fail(f"user {user} has logged out and is still on the screen")
            return
        if before and not user:
            self._check_end(tab, before, since)
        self._valid_since[tab] = (user, self._clock.now)

    def _check_end(self, tab: "Tab", user: str, since: float) -> None:
        if self._ended_at < since - BEFORE:
            tab.fail("the session has ended, and nobody has ended it")
        by_hand = user in self._logged_out and self._ended_by_server_at < since - BEFORE
        if by_hand and "next=" in tab.navigation.path:
            tab.fail(f"user {user} has logged out, and is told that the session has ended")
