"""A conversation as markup: the page and its messages. Everything that came over the network is escaped."""

from typing import Any, Final

from pilito.events import Message
from pilito.markup import Html, escape, safe_url
from pilito.ports import Formatter, Row
from pilito.text import Catalogue

from pages.comments import TypedComments
from pages.messages import CAN_SEND, Fate, Own

OURS: Final = frozenset({"AI", "support", "marketing", "operator"})
BUSY: Final = frozenset({"pending", "processing"})


def chat_frame(text: Catalogue) -> Html:
    """The page around the messages, with a place to answer."""
    return Html(
        '<section class="chat"><div class="head">'
        f'<a class="back" href="/conversations"><span aria-hidden="true">‹</span> {escape(text("chat.back"))}</a>'
        f'<h1 id="name" dir="auto">{escape(text("chat.title"))}</h1></div>'
        f'<button type="button" id="older" class="quiet" hidden>{escape(text("chat.older"))}</button>'
        f'<ol id="log" aria-live="polite" aria-label="{escape(text("chat.log"))}" tabindex="0"></ol>'
        '<button type="button" id="latest" class="latest" hidden></button>'
        '<form id="composer" class="composer">'
        '<p id="problem" class="problem" role="alert"></p>'
        f'<label class="away" for="message">{escape(text("chat.message"))}</label>'
        f'<textarea id="message" name="message" rows="2" dir="auto" placeholder="{escape(text("chat.message"))}"'
        ' aria-describedby="length" enterkeyhint="send"></textarea>'
        f'<button type="submit" id="send" class="primary">{escape(text("chat.send"))}</button>'
        '<span id="length" class="hint" role="status"></span></form></section>'
    )


class MessageRows:
    """Writes rows in the user's language."""

    def __init__(self, text: Catalogue, formatter: Formatter, comments: TypedComments) -> None:
        self._text = text
        self._format = formatter
        self._comments = comments

    def message(self, message: Message, *, undelivered: bool, day: str = "") -> Row:
        """A message of the server's. ``day`` is the date in words, for the first message of a day."""
        identity, kind = str(message["id"]), str(message.get("type") or "")
        side = "ours" if kind in OURS else "theirs"
        when = str(message.get("created_at") or "")
        note = f'<p class="state">{escape(self._text("chat.state.undelivered"))}</p>' if undelivered else ""
        return Row(
            identity,
            Html(
                f'<li class="message {side} from-{escape(kind.lower())}" data-message-id="{escape(identity)}"'
                f' data-type="{escape(kind)}">{_day(day)}<div class="bubble">'
                f'<p class="by">{escape(self._text.known("chat.from", kind))}</p>{self._content(message)}'
                f'<time datetime="{escape(when)}" title="{escape(self._format.date_time(when))}">'
                f"{escape(self._format.time(when))}</time>{note}{self._feedback(message)}</div></li>"
            ),
        )

    def own(self, own: Own, *, can_send: bool) -> Row:
        """A message of ours that the server has not shown yet."""
        words = escape(self._text(f"chat.state.{own.fate}"))
        buttons = self._choices(own, can_send) if own.fate in CAN_SEND else ""
        return Row(
            own.key,
            Html(
                f'<li class="message ours pending" data-message-id="{escape(own.key)}" data-status="{own.fate}">'
                f'<div class="bubble"><p class="text" dir="auto">{escape(own.text)}</p>'
                f'<p class="state" role="status">{words}</p>{buttons}</div></li>'
            ),
        )

    def _choices(self, own: Own, can_send: bool) -> str:
        key, discard = escape(own.key), escape(self._text("chat.discard"))
        send = self._text("chat.send_now" if own.fate is Fate.QUEUED else "chat.retry")
        disabled = "" if can_send else " disabled"
        return (
            f'<p class="choices"><button type="button" data-send="{key}"{disabled}>{escape(send)}</button>'
            f'<button type="button" class="quiet" data-discard="{key}">{discard}</button></p>'
        )

    # --- content ---

    def _content(self, message: Message) -> str:
        kind, content = str(message.get("message_type") or "text"), str(message.get("content") or "")
        text = f'<p class="text" dir="auto">{escape(content)}</p>' if content else ""
        if kind == "text":
            return text
        return f"{self._media(kind, message)}{text}{self._transcription(message)}{self._progress(message)}"

    def _media(self, kind: str, message: Message) -> str:
        label = escape(self._text.known("chat", kind))
        url = escape(safe_url(message.get("media_url") or message.get("media_file")))
        if not url:
            return f'<p class="media-label">{label}</p>'
        link = (
            f'<a href="{url}" target="_blank" rel="noopener noreferrer nofollow">{label}'
            f'<span class="away"> ({escape(self._text("chat.open_media"))})</span></a>'
        )
        if kind == "image":
            picture = f'<img src="{url}" alt="{label}" loading="lazy" referrerpolicy="no-referrer">'
            return f'<figure>{picture}<figcaption class="media-label">{link}</figcaption></figure>'
        if kind == "voice":
            return f'<p class="media-label">{label}</p><audio controls preload="none" src="{url}"></audio>'
        if kind == "video":
            return f'<p class="media-label">{link}</p><video controls preload="none" src="{url}"></video>'
        return f'<p class="media-label">{link}</p>'

    def _transcription(self, message: Message) -> str:
        words = message.get("transcription")
        if not words:
            return ""
        label = f'<span class="media-label">{escape(self._text("chat.transcription"))}:</span>'
        return f'<p class="transcription">{label} <span dir="auto">{escape(words)}</span></p>'

    def _progress(self, message: Message) -> str:
        status = message.get("processing_status")
        key = "chat.pending" if status in BUSY else "chat.unprocessed" if status == "failed" else ""
        return f'<p class="state">{escape(self._text(key))}</p>' if key else ""

    # --- feedback ---

    def _feedback(self, message: Message) -> str:
        """Buttons to rate an AI answer, and the comment that goes with the rating."""
        if message.get("type") != "AI":
            return ""
        identity, given = escape(str(message["id"])), str(message.get("feedback") or "none")
        buttons = "".join(self._rate(identity, value, key, sign, given) for value, key, sign in _RATINGS)
        group = escape(self._text("chat.feedback"))
        return f'<div class="feedback" role="group" aria-label="{group}">{buttons}</div>{self._comment(message, given)}'

    def _rate(self, identity: str, value: str, key: str, sign: str, given: str) -> str:
        pressed = "true" if given == value else "false"
        return (
            f'<button type="button" class="quiet" id="fb-{value}-{identity}" data-feedback="{value}"'
            f' data-for="{identity}" aria-pressed="{pressed}" aria-label="{escape(self._text(key))}">{sign}</button>'
        )

    def _comment(self, message: dict[str, Any], given: str) -> str:
        if given == "none":
            return ""
        identity, label = escape(str(message["id"])), escape(self._text("chat.comment"))
        words = self._comments.shown(str(message["id"]), str(message.get("feedback_comment") or ""))
        return (
            f'<form class="comment" data-comment="{identity}">'
            f'<input id="fc-{identity}" name="comment" maxlength="500" dir="auto" data-comment-on="{identity}"'
            f' aria-label="{label}" placeholder="{label}" value="{escape(words)}">'
            f'<button type="submit" class="quiet">{escape(self._text("chat.save_comment"))}</button></form>'
        )


# Drawn and not a sign of a font: many systems have no emoji, and a box is no answer.
_THUMB: Final = (
    '<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"{turn}>'
    '<path d="M3 11h3.5v9.5H3zM8.5 11l4-8c1.7 0 2.8 1.2 2.5 3l-.5 3.5h5c1.2 0 2 1.1 1.7 2.2l-1.9 7.2c-.3 1-1.1'
    ' 1.6-2.1 1.6H8.5z"/></svg>'
)
_RATINGS: Final = (
    ("positive", "chat.good", _THUMB.format(turn="")),
    ("negative", "chat.bad", _THUMB.format(turn=' class="down"')),
)


def _day(shown: str) -> str:
    return f'<div class="day" role="separator"><span>{escape(shown)}</span></div>' if shown else ""
