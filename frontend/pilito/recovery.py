"""What follows the end of an attempt: another one at once, a wait, or nothing before somebody asks."""

from pilito import backoff, closecodes
from pilito.closecodes import Verdict
from pilito.events import LifecycleEvent, Reason, RequestToken, SocketClosed, State, Timer
from pilito.machine import Machine


class Recovery(Machine):
    """Turns the end of an attempt into the next one, or into none."""

    def _ask_for_token(self) -> None:
        self._enter(State.AUTHENTICATING, self.reason)
        self.generation += 1
        self._current = self.generation
        self._start_timer(Timer.HANDSHAKE, self._policy.token)
        verify = self.never_opened > 0
        self._effects.append(RequestToken(self.generation, verify=verify, refresh=self._refresh_due))

    def _fresh_budget(self) -> None:
        self.attempts = 0
        self.never_opened = min(self.never_opened, 1)  # the next request still asks why, if the last dial never opened

    def _closed(self, event: SocketClosed) -> None:
        self._current = None
        self._ended(closecodes.close_verdict(event.code), event.code, event.reason)

    def _ended(self, verdict: Verdict, code: int, reason: str) -> None:
        """Act on a close, or on the frame that announces one."""
        if self._current is not None:
            self._abandon("Closing")
        self._down(code, reason)
        match verdict:
            case Verdict.AUTH:
                self._token_refused(reason)
            case Verdict.FORBIDDEN:
                self._give_up(Reason.FORBIDDEN)
            case Verdict.REFUSED:
                self._give_up(Reason.REFUSED)
            case Verdict.REPLACED:
                self._replaced()
            case Verdict.THROTTLED:
                wait = closecodes.retry_after(reason) or self._policy.throttled_delay
                self._back_off(Reason.THROTTLED, wait)
            case Verdict.RETRY:
                self._back_off(Reason.LOST, closecodes.retry_after(reason))

    def _token_refused(self, reason: str) -> None:
        """One forced refresh. Refused again soon after it, the session is over."""
        earlier = self._refreshed_at
        if earlier is not None and abs(self._now - earlier) < self._policy.second_refusal:
            self._give_up(Reason.UNAUTHORIZED)
            self._announce(LifecycleEvent.AUTH_ERROR, message="The server refused the session. Log in again.")
            return
        self._refresh_due = True
        self._ask_for_token()

    def _replaced(self) -> None:
        earlier = self._kicked_at
        self._barred = earlier is not None and abs(self._now - earlier) < self._policy.second_kick
        self._kicked_at = self._now
        self._enter(State.SUSPENDED, Reason.REPLACED)

    def _link_dead(self, reason: Reason, why: str) -> None:
        """Give the socket up without waiting for its close event, which may take a minute."""
        self._abandon("No answer")
        self._down(closecodes.ABNORMAL, why)
        self._back_off(reason)

    def _back_off(self, reason: Reason, minimum: float | None = None) -> None:
        if reason is Reason.LOST and self._offline_hint:
            reason = Reason.OFFLINE
        if self.attempts >= self._policy.max_attempts:
            self._enter(State.SUSPENDED, Reason.EXHAUSTED)
            self._announce(LifecycleEvent.MAX_RECONNECT_REACHED, attempts=self.attempts)
            return
        self.attempts += 1
        delay = backoff.delay(self.attempts, self._policy, self._random)
        self._wait(reason, delay if minimum is None else max(delay, self._asked_for(minimum)))

    def _asked_for(self, seconds: float) -> float:
        """A wait that somebody else asked for: believed within reason, and spread so that not all come back at once."""
        believed = min(max(seconds, self._policy.first_delay), self._policy.longest_retry_after)
        return backoff.at_least(believed, self._policy, self._random)

    def _wait(self, reason: Reason, delay: float) -> None:
        self._enter(State.WAITING, reason)
        self._start_timer(Timer.RETRY, delay)
        self.next_retry_at = self._now + delay
        self._announce(LifecycleEvent.RECONNECTING, attempt=self.attempts, delay=delay)

    def _give_up(self, reason: Reason) -> None:
        self._enter(State.CLOSED, reason)
