"""A manager with everything around it, on virtual time, with sockets in the test's hand."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

from pilito.carriers import QueryCarrier
from pilito.manager import WebSocketManager
from pilito.policy import Policy
from pilito.ports import Issued, TokenAnswer

from tests.fakes import Clock, FakeConnector, Lines, pass_time, run

ENDPOINT = "/ws/conversations/"


class Tokens:
    """A token source that answers what the test says."""

    def __init__(self) -> None:
        self.answer: TokenAnswer = Issued("TOKEN")
        self.asked: list[dict[str, Any]] = []
        self.alive = True

    async def token(self, endpoint: str, **how: Any) -> TokenAnswer:
        self.asked.append(how)
        return self.answer

    async def healthy(self) -> bool:
        return self.alive


class World:
    """A manager with everything around it."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.clock, self.console, self.tokens = Clock(), Lines(), Tokens()
        self.connectors: list[FakeConnector] = []
        self.policy = policy
        self.manager = self.make(ENDPOINT)
        self.connector = self.connectors[0]

    def make(self, endpoint: str) -> WebSocketManager:
        self.connectors.append(FakeConnector())
        return WebSocketManager(
            endpoint,
            url=f"ws://shop.test{endpoint}",
            connector=self.connectors[-1],
            tokens=self.tokens,
            scheduler=self.clock,
            random=random.Random(1),
            console=self.console,
            carrier=QueryCarrier(),
            policy=self.policy,
        )

    async def ready(self) -> "World":
        self.manager.connect()
        await pass_time()
        self.connector.last.accept()
        return self

    def heard(self, event: str) -> list[dict[str, Any]]:
        details: list[dict[str, Any]] = []
        self.manager.on(event, details.append)
        return details


def scenario(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Run an async test on virtual time."""

    def wrapped() -> None:
        run(test)

    wrapped.__name__, wrapped.__doc__ = test.__name__, test.__doc__
    return wrapped
