"""The login page."""

from pilito.exceptions import AuthenticationError, NetworkError, ServerError
from pilito.markup import Html, escape
from pilito.page import DomEvent, Page, on
from pilito.text import Catalogue


class LoginPage(Page):
    """E-mail and password. Where the login leads afterwards is the application's business (``?next=``)."""

    route = "/login"
    public = True
    title = "login.title"

    def mount(self) -> None:
        self._busy = False
        self.view.render(_form(self.text, session_ended="next" in self.query))
        self.view.focus("#email")

    @on("submit", "form")
    def submit(self, event: DomEvent) -> None:
        email, password = event.form.get("email", "").strip(), event.form.get("password", "")
        missing = {
            name: self.text("login.missing") for name, value in (("email", email), ("password", password)) if not value
        }
        self._complain(missing)
        if missing or self._busy:
            return
        self._set_busy(True)
        # The task outlives the page on purpose: success replaces the page while the call is still returning.
        self.context.scheduler.spawn(self._log_in(email, password), name="login")

    async def _log_in(self, email: str, password: str) -> None:
        try:
            await self.context.auth.login(email, password)
        except AuthenticationError as error:
            self._refused(error)
        except NetworkError:
            self._complain({"": self.text("login.network")})
        except ServerError:
            self._complain({"": self.text("login.server")})
        else:
            return
        self._set_busy(False)

    def _refused(self, error: AuthenticationError) -> None:
        """Name the field where the server names one; a wrong login is said in our own words, and in their language."""
        fields = {name: text for name, text in error.fields.items() if name in ("email", "password")}
        self._complain(fields or {"": self.text("login.wrong")})
        self.view.set_value("#password", "")
        self.view.focus("#password")

    def _complain(self, problems: dict[str, str]) -> None:
        for name in ("email", "password"):
            self.view.text(f"#{name}-problem", problems.get(name, ""))
            self.view.attribute(f"#{name}", "aria-invalid", "true" if name in problems else None)
        self.view.text("#problem", problems.get("", ""))

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.view.attribute("form button", "aria-disabled", "true" if busy else None)
        self.view.text("form button", self.text("login.busy" if busy else "login.button"))


def _form(text: Catalogue, *, session_ended: bool) -> Html:
    hint = text("login.ended" if session_ended else "login.hint")
    return Html(
        '<section class="login"><form novalidate>'
        f'<h1>{escape(text("login.welcome"))}</h1><p class="hint">{escape(hint)}</p>'
        f"{_field(text('login.email'), 'email', 'email', 'username')}"
        f"{_field(text('login.password'), 'password', 'password', 'current-password')}"
        '<p id="problem" class="problem" role="alert"></p>'
        f'<button type="submit" class="primary">{escape(text("login.button"))}</button>'
        "</form></section>"
    )


def _field(label: str, name: str, kind: str, autocomplete: str) -> Html:
    return Html(
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" autocomplete="{autocomplete}" dir="ltr" required'
        f' autocapitalize="none" spellcheck="false" aria-describedby="{name}-problem">'
        f'<p id="{name}-problem" class="problem" role="alert"></p>'
    )
