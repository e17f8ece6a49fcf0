"""A socket that sends what the client orders: ``{"frames": 1000, "per_second": 0, "kind": "message"}``.

Frames are as long as the backend's. Each carries its number as ``n``; the last one is ``{"type": "end"}``. With
``per_second`` 0 they go out as fast as the line takes them. They are put together beforehand and written to the
transport as they are, so that what is measured is the page and not this server.
"""

import asyncio
import functools
import json
import struct
import time
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from mock_server.wire import SCOPE_KEY

BURST = 32  # frames in one write
KEPT = 5000  # different frames; longer floods begin again, with their numbers
FULL = 1_000_000  # bytes that may wait in the transport
TICK = 0.004  # seconds between two writes of a flood with a rate


async def flood(socket: WebSocket) -> None:
    """Serve one client until it goes."""
    await socket.accept()
    await socket.send_text('{"type":"connection_established","message":"bench"}')
    try:
        while True:
            order = await socket.receive_json()
            if isinstance(order, dict) and "frames" in order:
                await _send(socket, int(order["frames"]), float(order.get("per_second", 0)))
    except (WebSocketDisconnect, ValueError):
        return


async def _send(socket: WebSocket, frames: int, per_second: float) -> None:
    transport = socket.scope[SCOPE_KEY].transport
    encoded, began, sent = _encoded(), time.monotonic(), 0
    while sent < frames:
        due = min(frames, int((time.monotonic() - began) * per_second) + 1) if per_second else frames
        if transport.get_write_buffer_size() < FULL:
            upto = min(due, sent + BURST)
            transport.write(b"".join(encoded[number % KEPT] for number in range(sent, upto)))
            sent = upto
        await asyncio.sleep(TICK if sent >= due else 0)
    await socket.send_text('{"type":"end"}')


@functools.cache
def _encoded() -> list[bytes]:
    return [_as_websocket(json.dumps(frame(n), ensure_ascii=False, separators=(",", ":"))) for n in range(KEPT)]


def _as_websocket(text: str) -> bytes:
    """A text frame of a server, whole and unmasked."""
    payload = text.encode()
    short = len(payload) < 126
    return (
        struct.pack("!BB", 0x81, len(payload)) + payload
        if short
        else struct.pack("!BBH", 0x81, 126, len(payload)) + payload
    )


def frame(number: int) -> dict[str, Any]:
    """A customer's message as the backend sends one, about 900 bytes."""
    customer = {
        "id": 7,
        "first_name": "نگار",
        "last_name": "Karimi",
        "username": "negar_k",
        "email": None,
        "phone_number": "+98 912 000 0000",
        "description": "",
        "source": "telegram",
        "source_id": "4471",
        "profile_picture": None,
        "created_at": "2026-10-01T09:00:00.123456Z",
        "updated_at": "2026-11-20T09:00:00.123456Z",
        "tag": [{"id": 1, "name": "VIP", "created_at": "2026-10-01T09:00:00.123456Z", "created_by": None}],
        "data": {},
    }
    message = {
        "id": f"m{number}",
        "content": f"سلام، سفارش شماره {number} من کجاست؟ Where is my order?",
        "type": "customer",
        "customer": customer,
        "conversation_id": "aB3dE9",
        "is_ai_response": False,
        "is_answered": False,
        "created_at": f"2026-11-20T09:{number // 60 % 60:02d}:{number % 60:02d}.123456Z",
        "feedback": "none",
        "feedback_comment": "",
        "feedback_at": None,
        "message_type": "text",
        "media_url": None,
        "media_file": None,
        "processing_status": "completed",
        "transcription": "",
    }
    return {"type": "chat_message", "n": number, "message": message, "external_send_result": None}
