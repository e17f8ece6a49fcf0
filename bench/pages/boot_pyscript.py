"""The conversations page as PyScript's manual would have it: its ``fetch``, its ``WebSocket`` and ``pyscript.web``."""

import asyncio
import json
from html import escape
from typing import Any

import js
from pyscript import WebSocket, fetch, window  # type: ignore[import-not-found]
from pyscript.web import a, li, page, span  # type: ignore[import-not-found]

token = window.localStorage.getItem("access_token")


def row(item: dict[str, Any]) -> Any:
    last = item["last_message"] or {"content": ""}
    link = a(
        span(escape(item["title"] or ""), classes="title", dir="auto"),
        span(escape(last["content"] or "")[:160], classes="excerpt", dir="auto"),
        href=f"/chat/{item['id']}",
    )
    found = li(link, classes="row")
    found._dom_element.setAttribute("data-conversation-id", str(item["id"]))
    return found


def received(event: Any) -> None:
    message = json.loads(event.data)
    if message["type"] == "conversations_list":
        page["#rows"].append(*[row(item) for item in message["conversations"]])


def opened(_: Any) -> None:
    socket.send(json.dumps({"type": "get_conversations", "filters": {"page": 1, "page_size": 20}}))


async def start() -> None:
    global socket
    answer = await fetch("/api/v1/usr/auth/status", headers={"Authorization": f"Bearer {token}"})
    if (await answer.json())["authenticated"]:
        url = f"ws://{js.location.host}/ws/conversations/?token={token}"
        socket = WebSocket(url=url, onmessage=received, onopen=opened)


socket: Any = None
starting = [asyncio.ensure_future(start())]
