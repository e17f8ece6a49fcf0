"""Groups over several processes: what one pushes to a group, the sockets of the others in that group get too.

Shared through Redis are the pushes and the key that signs tokens, so that a login with one process is good for all. Not
shared is what each process keeps: conversations and messages (the same at the start, for the same seed), counts,
faults, revoked tokens and the journal. A page sees a message that came to another process at once; the list that it
asks for itself comes from its own process and does not know of it.
"""

import asyncio
import contextlib
import json
import secrets
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from mock_server.backend import Backend
from mock_server.errors import MockError

CHANNEL = "pilito.groups"
KEY = "pilito.token-key"
TRIES_AGAIN = 1.0  # seconds after a lost connection


class Relay:
    """Connects one backend with the others at ``url``, from entering to leaving a ``with`` block.

    Entering raises ``MockError`` where no Redis answers. One that is lost later is tried again; meanwhile this process
    goes on alone, and its journal says so.
    """

    def __init__(self, backend: Backend, url: str) -> None:
        self._hub = backend.hub
        self._tokens = backend.tokens
        self._store = backend.store
        self._url = url
        self._name = secrets.token_hex(8)  # knows its own pushes when they come back
        self._redis: Redis | None = None
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            self._redis = Redis.from_url(self._url)
            await self._redis.set(KEY, self._tokens.key, nx=True)
            shared = await self._redis.get(KEY)
            self._tokens.key = shared.decode() if isinstance(shared, bytes) else self._tokens.key
            feed = self._redis.pubsub()
            await feed.subscribe(CHANNEL)
        except (RedisError, OSError, ValueError) as error:
            await self._close()
            shown = urlsplit(self._url).hostname or "?"
            raise MockError(
                f"--redis: no Redis at {shown} ({type(error).__name__}); start one with redis-server, "
                "and give its address as redis://HOST:PORT"
            ) from None
        self._store.random.seed()  # or the next message of each process would have the same id
        self._listener = asyncio.create_task(self._listen(feed))
        self._hub.elsewhere = self.publish
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hub.elsewhere = None
        if self._listener:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        await self._close()

    async def publish(self, group: str, text: str) -> None:
        """Tell the other processes what was pushed to a group here."""
        assert self._redis is not None
        try:
            await self._redis.publish(CHANNEL, json.dumps({"from": self._name, "group": group, "text": text}))
        except (RedisError, OSError) as error:
            self._hub.journal.add("relay", problem=type(error).__name__)

    async def _listen(self, feed: PubSub) -> None:
        while True:
            try:
                async for message in feed.listen():
                    if message["type"] == "message":
                        await self._hear(message["data"])
            except (RedisError, OSError) as error:
                self._hub.journal.add("relay", problem=type(error).__name__)
                await asyncio.sleep(TRIES_AGAIN)

    async def _hear(self, data: bytes) -> None:
        """Pass on what another process has pushed; what is none of ours is dropped."""
        try:
            told = json.loads(data)
            sender, group, text = told["from"], told["group"], told["text"]
        except (ValueError, KeyError, TypeError):
            return
        if sender != self._name and isinstance(group, str) and isinstance(text, str):
            await self._hub.deliver(group, text)

    async def _close(self) -> None:
        if self._redis:
            with contextlib.suppress(RedisError, OSError):
                await self._redis.aclose()
