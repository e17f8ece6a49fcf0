"""Login, refresh, logout, and what is said about the user who asks."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mock_server import accounts
from mock_server.backend import Backend
from mock_server.http_api import COOKIE, Calls, Endpoint, read_body, unauthorized
from mock_server.models import now

WEEK = 604_800  # seconds
REQUIRED, BLANK, NULL = "This field is required.", "This field may not be blank.", "This field may not be null."
AT_ONCE = 2  # refreshes that the backend works on side by side


class AuthCalls(Calls):
    """Below ``/api/v1/usr/``, without a trailing slash."""

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        self._refreshing = asyncio.Semaphore(AT_ONCE)

    def calls(self) -> list[tuple[str, dict[str, Endpoint]]]:
        usr = "/api/v1/usr"
        return [
            (f"{usr}/login", {"POST": self.login}),
            (f"{usr}/refresh-access", {"POST": self.refresh_access}),
            (f"{usr}/refresh", {"POST": self.refresh}),
            (f"{usr}/auth/status", {"GET": self.status}),
            (f"{usr}/auth/dashboard-test", {"GET": self.dashboard_test}),
            (f"{usr}/profile", {"GET": self.profile, "PATCH": self.profile}),
            (f"{usr}/logout", {"GET": self.logout}),
        ]

    async def login(self, request: Request) -> Response:
        body, problem = await read_body(request)
        if problem:
            return JSONResponse({"detail": problem}, 400)
        complaints = {name: [text] for name in ("email_or_username", "password") if (text := _complaint(body, name))}
        if complaints:
            return JSONResponse(complaints, 400)
        user = self.backend.store.user_by_login(str(body["email_or_username"]))
        if user is None or user.password != body["password"]:
            return JSONResponse({"non_field_errors": ["Invalid email/username or password."]}, 400)
        self.backend.hub.totals["logins"] += 1
        access, refresh = self.backend.tokens.issue(user)
        data = self.shown(accounts.at_login(user), request)
        answer = {"refresh_token": refresh, "access_token": access, "user_data": data}
        return _with_cookie(JSONResponse(answer), access)

    async def refresh_access(self, request: Request) -> Response:
        return await self._rotate(request, both=True)

    async def refresh(self, request: Request) -> Response:
        """Hands the access token out in the cookie alone."""
        return await self._rotate(request, both=False)

    async def _rotate(self, request: Request, *, both: bool) -> Response:
        body, _ = await read_body(request)
        self.backend.hub.totals["refreshes"] += 1
        pair = await self._exchange(body.get("refresh"))
        slow = self.backend.faults.take("/ws/", "", ("slow_refresh",))
        if slow:
            await asyncio.sleep(slow.number("seconds", 7))
        if pair is None:
            return JSONResponse({"success": False, "errors": ["refresh is invalid"]}, 401)
        access, refresh = pair
        data = {"refresh_token": refresh, **({"access_token": access} if both else {})}
        return _with_cookie(JSONResponse({"success": True, "data": data}), access)

    async def _exchange(self, token: Any) -> tuple[str, str] | None:
        """Check, then exchange: two that come at once both find the old token alive, a third does not."""
        async with self._refreshing:
            identity = self.backend.tokens.user_id(token, kinds=("refresh",)) if isinstance(token, str) else None
            user = self.backend.store.users.get(identity) if identity is not None else None
            if user is None:
                return None
            await asyncio.sleep(self.backend.settings.timing.overlap)
            return self.backend.tokens.rotate(token, user)

    async def status(self, request: Request) -> Response:
        """Always 200, also while every socket is stalled."""
        self.backend.hub.totals["status_calls"] += 1
        user = self.user(request)
        has_header = "authorization" in request.headers
        cookies = {name: name in request.cookies for name in (COOKIE, "HTTP_REFRESH", "USER_INFO", "sessionid")}
        answer = {
            "authenticated": user is not None,
            "timestamp": str(now()),
            "cookies_present": cookies,
            "headers_present": {"Authorization": has_header, "HTTP_AUTHORIZATION": has_header},
            "user": accounts.in_status(user) if user else None,
        }
        return JSONResponse(self.shown(answer, request))

    async def dashboard_test(self, request: Request) -> Response:
        user = self.user(request)
        return JSONResponse({"success": True, "user_id": user.id}) if user else unauthorized()

    async def profile(self, request: Request) -> Response:
        user = self.user(request)
        return JSONResponse(self.shown(accounts.in_profile(user), request)) if user else unauthorized()

    async def logout(self, request: Request) -> Response:
        """Says that it did. Only a bare token is really revoked: the backend hashes whatever the header holds."""
        self.backend.hub.totals["logouts"] += 1
        self.backend.tokens.revoke(request.headers.get("authorization", ""))
        response = JSONResponse({"success": True, "data": {"message": "Logged out"}})
        ends = format_datetime(datetime.now(UTC), usegmt=True)
        attributes = f"expires={ends}; HttpOnly; Max-Age=0; Path=/; SameSite=None"  # browsers ignore such a one
        response.headers["Set-Cookie"] = f'{COOKIE}=""; {attributes}'
        return response


def _complaint(body: dict[str, Any], name: str) -> str:
    if name not in body:
        return REQUIRED
    if body[name] is None:
        return NULL
    return "" if str(body[name]).strip() else BLANK


def _with_cookie(response: Response, access: str) -> Response:
    ends = format_datetime(datetime.now(UTC) + timedelta(seconds=WEEK), usegmt=True)
    attributes = f"expires={ends}; HttpOnly; Max-Age={WEEK}; Path=/; SameSite=Lax"
    response.headers["Set-Cookie"] = f'{COOKIE}="Bearer {access}"; {attributes}'
    return response
