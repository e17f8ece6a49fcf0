"""One conversation: its messages, and a place to answer."""

from typing import Any, Final

from pilito.events import LifecycleEvent, Message, State
from pilito.markup import Html, escape
from pilito.page import DomEvent, Page, on, on_lifecycle, on_message
from pilito.painter import Painter
from pilito.ports import Row

from pages.chat_rows import ChatRows
from pages.comments import TypedComments
from pages.list_page import person
from pages.message_rows import chat_frame
from pages.messages import PAGE, Fate, History, Messages, are_rows
from pages.outbox import Outbox

LIMIT: Final = 1000  # characters; the backend's REST call refuses more
SLOW_AFTER: Final = 15.0  # seconds without an echo before the row says so
LOST_AFTER: Final = 70.0  # seconds: a stalled server echoes after up to a minute
LOOK_AGAIN: Final = 4.0  # seconds between the two looks for a message whose fate is unknown
POLL: Final = 10.0  # seconds: the newest backend does not push AI answers
POLLS: Final = 18  # then nobody is expected to answer soon
COMMENT_SETTLES: Final = 1.0
THE_END: Final = 10_000_000.0


class ChatPage(Page):
    """``/chat/<id>``"""

    route = "/chat/{id}"
    endpoint = "/ws/chat/{id}/"
    title = "chat.title"

    def mount(self) -> None:
        self._messages, self._history = Messages(), History()
        self._comments = TypedComments(self.context.storage)
        self._rows = ChatRows(self._messages, self.text, self.format, self._comments)
        self._painter = Painter(self.call_later, self._paint)
        self._to_end = False
        self._deleted = False
        self._fresh = 0  # new messages of the customer's below what is in view
        self._arrived = 0  # of these, since the last paint
        self._marked = ""
        self._polls = 0  # since the customer's newest message
        self._polling = False
        self._numbers = 0
        self._looking = False
        self._outbox, self._draft = Outbox(self.context.storage, self.params["id"]), f"draft.{self.params['id']}"
        self._messages.load(self._outbox.load())
        self._forget_watch = self.context.storage.subscribe(self._stored_elsewhere)
        self.view.render(chat_frame(self.text))
        self.view.set_value("#message", self.context.storage.get(self._draft) or "")
        self._count()
        self._show()
        self.view.focus("#message")
        if self.connected:
            self._ask_newest()

    def unmount(self) -> None:
        self._forget_watch()

    # --- the connection ---

    @on_lifecycle(LifecycleEvent.STATE_CHANGED)
    def _state_changed(self, detail: dict[str, Any]) -> None:
        """Buttons that send follow the connection; what was on its way when it went has an unknown fate."""
        if detail["previous"] is State.READY and detail["state"] is not State.READY:
            self._history.lost()
            self._marked = ""  # the mark may be lost, too: the next snapshot tells
            if self._messages.dropped():
                self._keep()
        self._show()

    def became_visible(self) -> None:
        self._ask_newest()
        self._mark_read()

    def _ask_newest(self) -> None:
        self.socket.send("get_messages", filters={"offset": 0, "page_size": PAGE})

    @on_message("recent_messages")
    def _page_came(self, message: Message) -> None:
        """A page of history: the newest one, one that closes a gap behind it, or an older one that was asked for."""
        found = message.get("pagination")
        pagination: dict[str, Any] = found if isinstance(found, dict) else {}
        rows, older = are_rows(message.get("messages")), self._history.is_older(pagination)
        first = not self._history.loaded
        self._messages.snapshot(rows, settles=not older)
        missing = self._history.came(self._messages, rows, pagination)
        if missing:
            self.socket.send("get_messages", filters=missing)
        elif not older:
            self._look_for_lost()
        self._keep()
        self._show(to_end=first)

    @on_message("chat_message")
    def _message(self, message: Message) -> None:
        """A new message, the echo of ours, or an old id with new content."""
        row = message.get("message")
        if self._messages.arrived(row) and isinstance(row, dict):
            result = message.get("external_send_result")
            if isinstance(result, dict) and result.get("success") is False:
                self._rows.undelivered.add(str(row["id"]))
            self._arrived += row.get("type") == "customer"
        self._keep()
        self._painter.soon()

    @on_message("ai_message")
    def _ai_message(self, message: Message) -> None:
        self._message(message)

    @on_message("feedback_submitted")
    def _rated(self, message: Message) -> None:
        data = message.get("data")
        if isinstance(data, dict):
            self._feedback_changed(data)

    @on_message("feedback_updated")
    def _feedback_changed(self, data: Message) -> None:
        identity, comment = str(data.get("message_id")), str(data.get("comment") or "")
        known = self._messages.change(
            identity,
            feedback=str(data.get("feedback") or "none"),
            feedback_comment=comment,
            feedback_at=data.get("feedback_at"),
        )
        self._comments.saved(identity, comment)
        if known:
            self._show()

    @on_message("conversation_deleted")
    def _conversation_deleted(self, _: Message) -> None:
        self._deleted = True
        self._problem(self.text("chat.deleted"))
        self.view.attribute("#message", "disabled", "")
        self.view.attribute("#send", "disabled", "")

    @on_message("error")
    def _server_error(self, message: Message) -> None:
        """Errors never say which request failed, but only a message can fail to be saved."""
        problem = str(message.get("error") or message.get("message") or "")
        if problem == "Failed to save message":
            self._messages.not_saved()
            self._keep()
            self._show()
        self._history.lost()
        self._problem(self.text("chat.error", problem=problem[:200]))

    # --- the user ---

    @on("input", "#message")
    def _typed(self, event: DomEvent) -> None:
        if event.value:
            self.context.storage.set(self._draft, event.value)
        else:
            self.context.storage.remove(self._draft)
        self._count()

    @on("keydown", "#message")
    def _key(self, event: DomEvent) -> bool:
        """Enter sends, unless it makes a new line (Shift) or ends a composition of an input method."""
        if event.key != "Enter" or event.shift or event.composing:
            return False
        self._send()
        return True

    @on("submit", "#composer")
    def _submitted(self, _: DomEvent) -> None:
        self._send()

    def _send(self) -> None:
        text = self.view.value("#message").strip()
        if not text or self._deleted:
            return
        if len(text) > LIMIT:
            self._problem(self.text("chat.too_long", n=LIMIT))
            return
        self._numbers += 1
        key = f"pending-{int(self.context.scheduler.now() * 1000)}-{self._numbers}"
        sent = self.socket.send("chat_message", content=text)
        self._messages.write(key, text, sent=sent)
        if sent:
            self._watch_echo(key)
        self._clear_draft()
        self._problem("")
        self._keep()
        self._show(to_end=True)

    @on("click", "[data-send]")
    def _send_again(self, event: DomEvent) -> None:
        """The user's choice for a message that is queued, missing or failed; it goes out once."""
        own = self._messages.find(event.data["send"])
        if own and self.socket.send("chat_message", content=own.text):
            self._messages.resent(own.key)
            self._watch_echo(own.key)
            self._keep()
            self._show(to_end=True)

    @on("click", "[data-discard]")
    def _discard(self, event: DomEvent) -> None:
        self._messages.discard(event.data["discard"])
        self._outbox.discard(event.data["discard"])
        self._show()
        self.view.focus("#message")

    @on("click", "[data-feedback]")
    def _rate(self, event: DomEvent) -> None:
        """A second click takes a rating back. The comment goes along, because leaving it out erases it."""
        message = self._messages.get(event.data["for"])
        if message:
            chosen = event.data["feedback"]
            given = "none" if message.get("feedback") == chosen else chosen
            self._submit_feedback(event.data["for"], given, str(message.get("feedback_comment") or ""))

    @on("input", "[data-comment-on]")
    def _comment_typed(self, event: DomEvent) -> None:
        self._comments.keep(event.data["comment-on"], event.value)

    @on("change", "[data-comment-on]")
    def _comment_left(self, event: DomEvent) -> None:
        """The row shows it also when it comes into view again. Not at once: a row that changes under the pointer would
        swallow the click that has ended the typing."""
        self.call_later(COMMENT_SETTLES, lambda: self._rows.write_anew(event.data["comment-on"]))

    @on("submit", "[data-comment]")
    def _commented(self, event: DomEvent) -> None:
        message = self._messages.get(event.data["comment"])
        if message:
            given = str(message.get("feedback") or "none")
            self._submit_feedback(event.data["comment"], given, event.form.get("comment", ""))

    def _submit_feedback(self, identity: str, feedback: str, comment: str) -> None:
        self.socket.send("submit_feedback", message_id=identity, feedback=feedback, comment=comment)

    @on("scroll", "#log")
    def _scrolled(self, _: DomEvent) -> None:
        position = self.view.scroll("#log")
        if position.at_bottom and self._fresh:
            self._fresh = 0
            self._show_latest()
        if position.top < 80 and self._history.loaded:
            self._look_back()

    @on("click", "#older")
    def _older(self, _: DomEvent) -> None:
        self._look_back()

    @on("click", "#latest")
    def _to_latest(self, _: DomEvent) -> None:
        self._fresh = 0
        self.view.set_scroll("#log", THE_END)
        self._show_latest()

    def _look_back(self) -> None:
        """Ask for the next older page."""
        filters = self._history.older(self._messages)
        if filters and not self.socket.send("get_messages", filters=filters):
            self._history.lost()

    # --- the fate of what was sent ---

    def _watch_echo(self, key: str) -> None:
        self.call_later(SLOW_AFTER, lambda: self._echo_is_slow(key))
        self.call_later(LOST_AFTER, lambda: self._echo_is_lost(key))

    def _echo_is_slow(self, key: str) -> None:
        self._messages.unanswered(key)
        self._show()

    def _echo_is_lost(self, key: str) -> None:
        own = self._messages.find(key)
        if own and own.fate is Fate.SLOW and self._messages.dropped():
            self._keep()
            self._show()
            self._ask_newest()

    def _look_for_lost(self) -> None:
        """A snapshot without the message may be too early: another worker may be storing it. Look once more."""
        if not self._messages.has(Fate.UNKNOWN):
            self._looking = False
        elif not self._looking:
            self._looking = True
            self.call_later(LOOK_AGAIN, self._ask_newest)
        else:
            self._looking = False
            self._messages.looked_in_vain()

    def _keep(self) -> None:
        """Unsent messages survive a reload and the end of the session."""
        self._outbox.keep(self._messages.own)

    def _stored_elsewhere(self, key: str | None, value: str | None) -> None:
        """Another tab with this conversation has sent or discarded something."""
        change = self._outbox.changed(key, value)
        if change:
            self._messages.changed_elsewhere(*change)
            self._watch_echo(change[0])  # the tab that has sent it may be gone before the echo comes
            if self._messages.has(Fate.UNKNOWN) and not self._looking:
                self._ask_newest()
            self._show()

    def _clear_draft(self) -> None:
        self.view.set_value("#message", "")
        self.context.storage.remove(self._draft)
        self._count()

    # --- reading ---

    def _mark_read(self) -> None:
        """Once for each new message of the customer, while somebody looks."""
        newest = self._messages.newest_unanswered
        if newest is None or not self.context.life.visible or not self.connected:
            return
        if newest != self._marked and self.socket.send("mark_read"):
            self._marked = newest
            self._poll_for_answer()

    def _poll_for_answer(self) -> None:
        """The newest backend does not push AI answers: while a customer waits, ask now and then."""
        self._polls = 0
        if not self._polling:
            self._polling = True
            self.call_later(POLL, self._poll)

    def _poll(self) -> None:
        rows = self._messages.rows
        self._polling = bool(rows) and rows[-1].get("type") == "customer" and self._polls < POLLS
        if not self._polling:
            return
        self._polls += 1
        if self.context.life.visible and self.connected:
            self._ask_newest()
        self.call_later(POLL, self._poll)

    # --- showing ---

    def _show(self, *, to_end: bool = False) -> None:
        """Bring the log up to date now; ``to_end`` scrolls to the newest message."""
        self._to_end = self._to_end or to_end
        self._painter.now()

    def _paint(self) -> None:
        at_bottom = self.view.scroll("#log").at_bottom
        self._fresh += 0 if at_bottom else self._arrived
        self._arrived = 0
        self._rows.can_send = self.connected
        empty = Row("empty", Html(f'<li class="empty">{escape(self._nothing())}</li>'))
        self.view.rows("#log", self._rows if len(self._rows) else [empty])
        self._show_head()
        self._show_latest()
        if self._to_end or at_bottom:  # once everything around the log has its size
            self.view.set_scroll("#log", THE_END)
        self._to_end = False
        self._mark_read()

    def _show_head(self) -> None:
        customers = [row["customer"] for row in self._messages.rows[-1:] if row.get("customer")]
        self.view.text(
            "#name", person(customers[0], self.text("chat.customer")) if customers else self.text("chat.title")
        )
        self.view.attribute("#older", "hidden", None if self._history.has_older else "")

    def _show_latest(self) -> None:
        words = self.text("chat.new", n=self._fresh) if self._fresh else ""
        self.view.text("#latest", words)
        self.view.attribute("#latest", "hidden", None if self._fresh else "")

    def _nothing(self) -> str:
        return self.text("chat.empty" if self._history.loaded else "chat.loading")

    def _problem(self, words: str) -> None:
        self.view.text("#problem", words)

    def _count(self) -> None:
        length = len(self.view.value("#message").strip())
        near = length > LIMIT * 0.8
        self.view.text("#length", self.text("chat.count", n=length, limit=LIMIT) if near else "")
        self.view.attribute("#length", "data-over", "true" if length > LIMIT else None)
