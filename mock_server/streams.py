"""What the faults of frames make of the frames that a socket is sent."""

import asyncio
from dataclasses import dataclass, field

from mock_server.faults import FRAMES, Fault, Faults

LOOKS_AGAIN = 0.02  # seconds


@dataclass(slots=True)
class Stream:
    """What is kept between the frames of one socket."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    held: list[str] = field(default_factory=list)

    async def shape(self, text: str, faults: Faults, path: str, email: str, tab: int) -> list[str]:
        """Return what goes out instead of ``text``, once it may."""
        while True:
            if not faults.standing(path, email, ("stall",), tab):
                break
            await asyncio.sleep(LOOKS_AGAIN)
        parts = [text]
        for name in FRAMES:
            if not faults.standing(path, email, (name,), tab) or (name == "lose_echo" and not _is_echo(text)):
                continue
            fault = faults.take(path, email, (name,), tab)
            if fault:
                parts = await self._apply(fault, parts)
        if parts and self.held and text not in self.held:
            parts, self.held = [*parts, *self.held], []
        return parts

    async def _apply(self, fault: Fault, parts: list[str]) -> list[str]:
        match fault.name:
            case "drop_frames" | "lose_echo":
                return []
            case "garble":
                return [part[: max(len(part) // 2, 1)] for part in parts]
            case "huge":
                return [_grown(part, int(fault.number("size", 10_000_000))) for part in parts]
            case "duplicate":
                return [copy for part in parts for copy in (part, part)]
            case "reorder" if not self.held:
                self.held = parts
                return []
            case "throttle":
                await asyncio.sleep(sum(len(part.encode()) for part in parts) / fault.number("bytes_per_second", 1000))
        return parts


def _is_echo(text: str) -> bool:
    return text.startswith('{"type":"chat_message",')


def _grown(text: str, size: int) -> str:
    """White space before the last brace is no change to JSON."""
    return text[:-1] + " " * max(size - len(text), 0) + text[-1:]
