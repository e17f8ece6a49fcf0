"""Whole tabs against a backend that checks: restarts under a limit, and walks through all that befalls a token."""

import itertools
import os
import random

import jwt
import pytest
from pilito.auth import Session

from tests.fakes import pass_time
from tests.pilito.shop import PROFILES, Shop
from tests.pilito.tabs import CHAT, CUSTOMERS, LIST, LOCKS, scenario

EVERY_PROFILE = pytest.mark.parametrize("profile", PROFILES)
ENDPOINTS = (LIST, CUSTOMERS, CHAT)


@LOCKS
@pytest.mark.parametrize("profile", ["guide", "hello", "current"])
@scenario
async def test_five_tabs_on_three_endpoints_recover_after_a_restart(profile: str, locks: bool) -> None:
    """Fifteen connections with ten dials a minute all come back within six minutes, and nobody is logged out."""
    shop = Shop(profile, locks=locks, limit=1000)
    shop.log_in()
    for number in range(5):
        shop.open(visible=number == 0, endpoints=ENDPOINTS)
    await shop.settle()
    assert len(shop.backend.open_sockets()) == 15
    shop.backend.limit = 10
    shop.backend.dials.clear()
    shop.backend.close_all(1012)
    assert await shop.settle() < 360
    assert len(shop.backend.open_sockets()) == 15
    assert all(tab.auth.heard == [] for tab in shop.tabs)
    assert shop.refreshes == 0


@LOCKS
@EVERY_PROFILE
@scenario
async def test_a_dead_token_is_replaced_once_for_every_connection(profile: str, locks: bool) -> None:
    """After a restart that finds the access token dead, two tabs and six connections make one refresh call."""
    shop = Shop(profile, locks=locks)
    access, _ = shop.log_in()
    for _ in range(2):
        shop.open(endpoints=ENDPOINTS)
    await shop.settle()
    shop.backend.refresh_latency = 7.0
    shop.backend.access.pop(access)
    shop.backend.close_all(1012)
    await pass_time(3)
    await shop.settle()
    assert shop.refreshes == 1
    assert all(tab.settled and tab.auth.heard == [] for tab in shop.tabs)


@EVERY_PROFILE
@scenario
async def test_a_server_that_refuses_every_token_is_no_loop(profile: str) -> None:
    """Sockets that refuse a token which HTTP finds good are dialled a few times a minute, and nobody is logged out."""
    shop = Shop(profile)
    shop.log_in()
    shop.backend.mood = "refuse"
    shop.open(endpoints=ENDPOINTS)
    await pass_time(3600)
    assert shop.backend.most_in_a_minute <= 12
    assert shop.refreshes == 0


# --- a walk ---

TOKENS = ("good", "dying", "dead", "revoked", "rotated", "rubbish", "other user", "logged out")
MORTAL = {"dying", "dead", "revoked"}  # what no token is on a server in debug mode
PHASES = ("asking", "dialling", "open", "ready", "waiting", "refused", "suspended")


class Walk:
    """Two tabs of one person to whom everything happens, in an order drawn from a seed."""

    def __init__(self, seed: int, *, debug: bool) -> None:
        self.random = random.Random(seed)
        profile, locks, self.debug = self.random.choice(PROFILES), self.random.random() < 0.5, debug
        self.shop = Shop(profile, locks=locks, debug=self.debug, limit=self.random.choice([10, 1000]))
        self.shop.server.spell = self._spell
        self.lifetime = 7 * 86_400.0
        self.steps = [f"{profile}, locks {locks}, debug {self.debug}"]

    def _spell(self, number: int, user: int) -> str:
        claims = {"user_id": str(user), "exp": self.shop.clock.now() + self.lifetime, "n": number}
        return jwt.encode(claims, "k" * 64, "HS512")

    async def begin(self) -> None:
        self.shop.log_in()
        for _ in range(2):
            self.shop.open().auth.read_claims()
        await self.shop.settle()

    # --- what befalls the token ---

    async def token(self, what: str) -> None:
        self.steps.append(f"token {what}")
        server, storage = self.shop.backend, self.shop.tabs[0].auth.storage
        access, refresh = storage.get("access_token") or "", storage.get("refresh_token") or ""
        actor = self.random.choice(self.shop.tabs).auth
        if what == "dying":
            self.lifetime = 40.0
            dying, refresh = server.issue(server.access.get(access, 1))
            self.lifetime = 7 * 86_400.0
            storage.set("refresh_token", refresh)
            storage.set("access_token", dying)
            self.shop.clock.call_later(40.0, lambda: server.kill(dying))
        elif what in ("dead", "revoked"):
            server.kill(access)
            if what == "revoked":
                server.refresh.pop(refresh, None)
        elif what == "rotated":
            await actor.ask(refresh=True)
        elif what == "rubbish":
            storage.set("access_token", f"rubbish {len(self.steps)}")
        elif what == "other user":
            await actor.login(self.random.choice(["one@x", "two@x"]), "right")
        elif what == "logged out":
            await actor.logout()

    # --- in which phase the sockets are ---

    async def phase(self, what: str) -> None:
        self.steps.append(f"sockets {what}")
        server = self.shop.backend
        server.latency = 3.0 if what == "asking" else 0.05
        server.mood = {"dialling": "hang", "open": "silent", "refused": "refuse"}.get(what, "well")
        if what == "suspended":
            server.close_all(1000)
        elif what != "ready":
            server.close_all(self.random.choice([1006, 1012, 1011, 4001]))
        await pass_time(1.0 if what == "waiting" else self.random.choice([2.5, 4.0, 8.0, 20.0]))

    # --- where it ends ---

    async def end(self) -> None:
        """Everything is well again, every connection is cut once, and the user looks at both tabs."""
        server = self.shop.backend
        server.latency, server.mood = 0.05, "well"
        await pass_time(90)
        alive = self._alive()
        server.close_all(1012)
        for _ in range(3):
            await pass_time(130)
            for tab in self.shop.tabs:
                tab.wake()
        await pass_time(30)
        self._check(alive)

    def _alive(self) -> bool:
        """Whether what is stored could be a session: the server takes the access token, or the refresh token."""
        stored, server = self.shop.stored, self.shop.backend
        return stored.get("access_token") in server.access or (
            bool(stored.get("access_token")) and stored.get("refresh_token") in server.refresh
        )

    def _check(self, alive: bool) -> None:
        story, tabs = " > ".join(self.steps), self.shop.tabs
        assert self.shop.clock.failures == [], story
        assert [tab.wrong for tab in tabs] == [[], []], story
        assert {tab.auth.session for tab in tabs} == {Session.VALID if alive else Session.NONE}, story
        assert max(self.shop.backend.refreshed_with.values(), default=0) <= 1, story
        assert self.shop.backend.most_in_a_minute < 60, story
        if alive:
            users = {tab.auth.user.id for tab in tabs if tab.auth.user}
            assert users == {str(self.shop.backend.access[self.shop.stored["access_token"]])}, story
            assert all(tab.settled for tab in tabs), f"{story}: {[tab.states for tab in tabs]}"
        else:
            assert "access_token" not in self.shop.stored, story
            assert self.shop.backend.open_sockets() == {}, story


STARTS = list(itertools.product(TOKENS, PHASES))


@pytest.mark.parametrize(("token", "phase"), STARTS)
@pytest.mark.parametrize("seed", range(int(os.environ.get("PILITO_WALKS", "3"))))
@scenario
async def test_every_walk_ends_in_the_right_place(token: str, phase: str, seed: int) -> None:
    """From every state of the token in every phase of the sockets, whatever follows: live as the user, or at login."""
    walk = Walk(1000 * seed + STARTS.index((token, phase)), debug=seed % 3 == 2 and token not in MORTAL)
    await walk.begin()
    await walk.phase(phase)
    await walk.token(token)
    for _ in range(4):
        if walk.random.random() < 0.5:
            await walk.phase(walk.random.choice(PHASES))
        else:
            await walk.token(walk.random.choice([what for what in TOKENS if not walk.debug or what not in MORTAL]))
        await pass_time(walk.random.choice([0.0, 0.1, 1.0, 15.0]))
    await walk.end()
