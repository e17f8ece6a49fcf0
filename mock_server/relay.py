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
import sys
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from mock_server.backend import Backend
from mock_server.errors import MockError

CHANNEL = "pilito.groups"
KEY = "pilito.token-key"
TRIES_AGAIN = 0.5  # seconds after a lost connection
WAITING = 10_000  # pushes that wait to go out; what comes while Redis is lost is not kept


class Relay:
    """Connects one backend with the others at ``url``, from entering to leaving a ``with`` block.

    Entering raises ``MockError`` where no Redis answers. One that is lost later is tried again, with one line on stderr
    when it goes and one when it is back; meanwhile pushes stay in this process, where nobody waits for Redis.
    """

    def __init__(self, backend: Backend, url: str) -> None:
        self._hub = backend.hub
        self._tokens = backend.tokens
        self._store = backend.store
        self._shown = urlsplit(url).hostname or "?"
        self._url = url
        self._name = secrets.token_hex(8)  # knows its own pushes when they come back
        self._redis: Redis | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._out: asyncio.Queue[str] = asyncio.Queue(WAITING)
        self._lost = False

    async def __aenter__(self) -> Self:
        try:
            self._redis = Redis.from_url(self._url, retry=Retry(NoBackoff(), 0))
            feed = await self._subscribed()
        except (RedisError, OSError, ValueError) as error:
            await self._close()
            raise MockError(
                f"--redis: no Redis at {self._shown} ({type(error).__name__}); start one with redis-server, "
                "and give its address as redis://HOST:PORT"
            ) from None
        self._store.random.seed()  # or the next message of each process would have the same id
        self._tasks = [asyncio.create_task(self._listen(feed)), asyncio.create_task(self._send())]
        self._hub.elsewhere = self.publish
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hub.elsewhere = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._close()

    def publish(self, group: str, text: str) -> None:
        """Tell the other processes what is pushed to a group here, as soon as Redis takes it."""
        with contextlib.suppress(asyncio.QueueFull):
            self._out.put_nowait(json.dumps({"from": self._name, "group": group, "text": text}))

    async def _send(self) -> None:
        assert self._redis is not None
        while True:
            push = await self._out.get()
            if self._lost:
                continue
            try:
                await self._redis.publish(CHANNEL, push)
            except (RedisError, OSError) as error:
                self._note(lost=True, why=type(error).__name__)

    async def _subscribed(self) -> PubSub:
        """A feed of what the others push. The key that signs tokens is the first one's, after a loss of Redis too."""
        assert self._redis is not None
        await self._redis.set(KEY, self._tokens.key, nx=True)
        shared = await self._redis.get(KEY)
        self._tokens.key = shared.decode() if isinstance(shared, bytes) else self._tokens.key
        feed = self._redis.pubsub()
        await feed.subscribe(CHANNEL)
        return feed

    async def _listen(self, feed: PubSub) -> None:
        while True:
            try:
                async for message in feed.listen():
                    if message["type"] == "subscribe":
                        self._note(lost=False)
                    elif message["type"] == "message":
                        await self._hear(message["data"])
            except (RedisError, OSError) as error:
                self._note(lost=True, why=type(error).__name__)
            await asyncio.sleep(TRIES_AGAIN)
            with contextlib.suppress(RedisError, OSError):
                await feed.aclose()  # type: ignore[no-untyped-call]
                await self._close()  # what was connected to the old one
                feed = await self._subscribed()

    def _note(self, *, lost: bool, why: str = "") -> None:
        """Say once that Redis is lost, and once that it is back."""
        if lost == self._lost:
            return
        self._lost = lost
        told = f"is lost ({why}); pushes stay in this process until it is back" if lost else "is back"
        sys.stderr.write(f"mock_server: Redis at {self._shown} {told}\n")  # at once: other processes write there, too
        sys.stderr.flush()
        self._hub.journal.add("relay", problem=why, lost=lost)

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
