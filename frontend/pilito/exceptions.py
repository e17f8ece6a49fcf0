"""The errors of the library, a small tree.

    PilitoError
    +-- ConfigurationError    a setting is wrong; the message begins with the name of the field
    +-- IllegalEventError     an event reached the protocol in a state that cannot have it: a bug of ours
    +-- FrameError            a frame from the server cannot be read; the connection goes on
    +-- EncodeError           a message of ours cannot be put on the wire; nothing was sent
    +-- NetworkError          no answer over HTTP: offline, refused or timed out
    +-- AuthenticationError   the server said no to a login or a refresh
    +-- ServerError           the server answered over HTTP, and the answer is no use: try again later
    +-- RouteError            no page has this path

Messages say what to do next and never contain a token.
"""


class PilitoError(Exception):
    """Base of every error raised by this library."""


class ConfigurationError(PilitoError):
    """A setting is wrong. The application does not start; correct the field that the message names."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class IllegalEventError(PilitoError):
    """The protocol was handed an event that its state rules out. Report it with the message: it is a bug."""


class FrameError(PilitoError):
    """A received frame is not a JSON object. It was dropped and the connection lives."""


class EncodeError(PilitoError):
    """A message cannot be sent as JSON text. Nothing was sent; correct the value that the message names."""


class NetworkError(PilitoError):
    """An HTTP call got no answer. Try again when the network is back."""


class AuthenticationError(PilitoError):
    """The server refused a credential. Ask the user to log in again.

    ``fields`` holds the server's complaints by field name (``""`` for the form as a whole), as plain text.
    """

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class ServerError(PilitoError):
    """The server answered with an error of its own or with something unreadable. Try again later."""


class RouteError(PilitoError):
    """No page answers to a path. Check ``PAGES`` and the ``route`` of each page."""
