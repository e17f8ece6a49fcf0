"""What a page last showed, kept for the same user's next start: plain script paints it before Python is there.

Kept are the shell and the page as the browser shows them, under the user's id; ``frontend/painted.js`` reads them. They
go with the session, so that nobody sees the rows of somebody who has left.
"""

from typing import Final

from pilito.account import last_seen_key
from pilito.auth import Auth, Session
from pilito.ports import Document, Scheduler, Storage, TimerHandle

SHELL: Final = "shell"
FIRST: Final = 1.0  # seconds from a page's first fresh rows until they are kept
AGAIN: Final = 15.0  # seconds between one time and the next, while rows keep changing


class LastSeen:
    """Keeps what the page in view shows, once it says that it is fresh."""

    def __init__(self, document: Document, storage: Storage, auth: Auth, scheduler: Scheduler) -> None:
        self._document = document
        self._storage = storage
        self._auth = auth
        self._scheduler = scheduler
        self._path = ""
        self._kept = ""  # the path that was kept last
        self._timer: TimerHandle | None = None

    def fresh(self, path: str) -> None:
        """What is shown at ``path`` is what the server has: keep it soon. With ``""`` it is not to be kept."""
        if not path:
            self.leave()
            return
        self._path = path
        if self._timer is None:
            self._timer = self._scheduler.call_later(AGAIN if path == self._kept else FIRST, self.keep)

    def keep(self) -> None:
        """Keep now what was to be kept soon, as when the page is about to go. Without a session nothing is kept."""
        path = self._path
        self.leave()
        user = self._auth.user
        if not path or user is None or self._auth.session is not Session.VALID:
            return
        self._kept = path
        for what, view in ((SHELL, self._document.shell), (path, self._document.page)):
            key = last_seen_key(user, what)
            if not self._storage.set(key, view.picture()):
                self._storage.remove(key)  # a full store: rather nothing than something older

    def leave(self) -> None:
        """The page is left: what was not kept is not."""
        self._path = ""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
