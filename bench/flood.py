"""A socket that sends what the client orders: ``{"frames": 1000, "per_second": 0, "kind": "message"}``.

Frames are as long as the backend's. Each carries its number as ``n``; the last one is ``{"type": "end"}``. With
``per_second`` 0 they go out as fast as the line takes them.
"""

import asyncio
import json
import time
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

BURST = 64  # frames between two looks at the clock


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
    began = time.monotonic()
    for number in range(frames):
        if per_second:
            await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
        elif number % BURST == 0:
            await asyncio.sleep(0)
        await socket.send_text(json.dumps(frame(number), ensure_ascii=False, separators=(",", ":")))
    await socket.send_text('{"type":"end"}')


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
