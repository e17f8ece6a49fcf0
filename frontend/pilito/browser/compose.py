"""The composition: ports to library to application, in one place."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import js

from pilito.app import App
from pilito.auth import Auth
from pilito.auth_api import parse_answer
from pilito.backoff import Leaning
from pilito.browser.console import BrowserConsole, Inspector
from pilito.browser.early import EarlySocket
from pilito.browser.formatting import BrowserFormatter
from pilito.browser.http import BrowserHttp
from pilito.browser.life import BrowserNavigation, BrowserPageLife
from pilito.browser.sockets import BrowserConnector
from pilito.browser.tabs import BrowserChannel, BrowserLocks, BrowserStorage
from pilito.browser.timing import BrowserScheduler
from pilito.browser.updates import updates_of_this_build
from pilito.browser.view import BrowserDocument
from pilito.budget import DialBudget
from pilito.carriers import carrier_named, redact
from pilito.channel_locks import ChannelLocks
from pilito.exceptions import ConfigurationError
from pilito.lifecycle import Lifecycle
from pilito.manager import WebSocketManager
from pilito.page import Page
from pilito.ports import HttpResponse
from pilito.registry import Registry
from pilito.text import Strings


def start(pages: Sequence[type[Page]], languages: Mapping[str, Strings]) -> None:
    """Start the application in this document. A failure is shown there and raised again."""
    try:
        _start(pages, languages)
    except Exception as error:
        js.window.pilitoBootFailed(redact(f"{type(error).__name__}: {error}"))
        raise


def _start(pages: Sequence[type[Page]], languages: Mapping[str, Strings]) -> None:
    backend = _backend()
    scheduler = BrowserScheduler()
    storage, channel = BrowserStorage(), BrowserChannel("pilito")
    locks = BrowserLocks(scheduler, ChannelLocks(channel, scheduler, random.Random()))
    life = BrowserPageLife()
    console = BrowserConsole()
    carrier = carrier_named(_configured("pilito-carrier"))
    early = EarlySocket()
    auth = Auth(
        http=BrowserHttp(backend, scheduler),
        storage=storage,
        locks=locks,
        channel=channel,
        scheduler=scheduler,
        budget=DialBudget(storage, locks, scheduler, life, early.dialled),
        early=_early_answer,
    )
    sockets = (backend or js.location.origin).replace("http", "ws", 1)

    def make_manager(endpoint: str) -> WebSocketManager:
        return WebSocketManager(
            endpoint,
            url=f"{sockets}{endpoint}",
            connector=BrowserConnector(early),
            tokens=auth,
            scheduler=scheduler,
            random=Leaning(random.Random()),
            console=console,
            carrier=carrier,
        )

    registry = Registry(make_manager)
    inspector = Inspector(registry.connections, scheduler)
    app = App(
        pages,
        languages=languages,
        document=BrowserDocument(),
        registry=registry,
        auth=auth,
        navigation=BrowserNavigation(),
        scheduler=scheduler,
        storage=storage,
        life=life,
        format=BrowserFormatter(),
        console=console,
        updates=updates_of_this_build(),
    )
    Lifecycle(life, registry, channel)
    app.start()
    inspector.set_base()


def _backend() -> str:
    """The origin of the backend from the page's configuration; ``""`` for the page's own."""
    backend = _configured("pilito-backend").rstrip("/")
    if backend and not backend.startswith(("http://", "https://")):
        raise ConfigurationError("pilito-backend", "must be an address such as https://api.example.com; see index.html")
    return backend


def _configured(name: str) -> str:
    """What ``index.html`` says in a meta element; ``""`` where it says nothing."""
    meta = js.document.querySelector(f'meta[name="{name}"]')
    return str(meta.content) if meta else ""


async def _early_answer(token: str) -> HttpResponse | None:
    """The answer that boot.js has asked for while Python was starting, if it asked for this very token."""
    asked: Any = getattr(js.window, "pilitoSession", None)
    js.window.pilitoSession = None
    text = await asked(token) if asked else None
    if not isinstance(text, str):
        return None
    found = json.loads(text)
    return parse_answer(found["status"], found["body"])
