"""``fetch``, without cookies and with a time-out."""

import json as json_codec
from typing import Any

import js
from pyodide.ffi import JsException, to_js

from pilito.auth_api import parse_answer
from pilito.exceptions import NetworkError
from pilito.ports import HttpResponse, Scheduler


class BrowserHttp:
    """``Http`` over ``fetch``. ``base`` is the backend's origin, ``""`` for our own."""

    def __init__(self, base: str, scheduler: Scheduler) -> None:
        self._base = base
        self._scheduler = scheduler

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: object = None,
        timeout: float = 10.0,
        scheme: str = "Bearer ",
    ) -> HttpResponse:
        headers = {"Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"{scheme}{token}"
        options: dict[str, Any] = {"method": method, "headers": headers, "credentials": "omit", "cache": "no-store"}
        if json is not None:
            headers["Content-Type"] = "application/json"
            options["body"] = json_codec.dumps(json)
        controller = js.AbortController.new()
        options["signal"] = controller.signal
        timer = self._scheduler.call_later(timeout, controller.abort)
        try:
            answer = await js.fetch(f"{self._base}{path}", to_js(options, dict_converter=js.Object.fromEntries))
            return parse_answer(answer.status, await answer.text(), answer.headers.get("retry-after"))
        except (JsException, ValueError):
            # A header value that fetch will not take (a token with line breaks in it) lands here as well: with such a
            # token nothing can be asked, and the next start asks for a login.
            raise NetworkError(f"{method} {path} got no answer. Check the network and try again.") from None
        finally:
            timer.cancel()
