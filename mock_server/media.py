"""Pictures and sounds for the seeded messages, made here: nothing comes from another host."""

import io
import struct
import wave
import zlib
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A picture of one colour with a lighter diagonal."""
    light = tuple(min(255, part + 60) for part in colour)
    rows = b"".join(
        b"\0" + b"".join(bytes(light if abs(x * height - y * width) < width * 6 else colour) for x in range(width))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def wav(seconds: float = 0.5) -> bytes:
    """Silence."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * int(8000 * seconds))
    return buffer.getvalue()


def _nothing() -> bytes:
    return b""


_FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "/media/customer_img/default.png": ("image/png", lambda: png(64, 64, (120, 130, 160))),
    "/media/user_img/default.png": ("image/png", lambda: png(64, 64, (60, 120, 110))),
    "/media/photo.png": ("image/png", lambda: png(320, 200, (70, 110, 180))),
    "/media/voice.wav": ("audio/wav", wav),
    "/media/clip.mp4": ("video/mp4", _nothing),
}


async def media(request: Request) -> Response:
    """Serve a generated file; 404 for the others, as object storage does for files that are gone."""
    found = _FILES.get(request.url.path)
    if found is None:
        return PlainTextResponse("Not Found", 404)
    return Response(found[1](), media_type=found[0], headers={"Cache-Control": "max-age=3600"})
