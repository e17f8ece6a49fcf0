"""The recorded calls over HTTP: made again, with our tokens in the place of the recorded ones, and compared."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import jwt

from mock_server.models import User
from mock_server.server import MockServer
from tests.contract.recordings import Line
from tests.contract.shapes import differences

COMPARED = ("content-type", "www-authenticate", "allow", "vary")
ANY_ORIGIN = "access-control-"


class HttpCalls:
    """Remembers under which name a recorded answer handed a token out, and what we got in its place."""

    def __init__(self, server: MockServer, client: httpx.Client, owner: User) -> None:
        self.server, self.client, self.owner = server, client, owner
        self.named: dict[str, str] = {}
        self.pending: httpx.Response | None = None

    def line(self, line: Line) -> None:
        if "statuses" in line:
            self._at_once(line)
        elif line["dir"] == "->":
            self.pending = self._call(line)
        elif self.pending is not None:
            answer, self.pending = self.pending, None
            self._compare(line, answer)

    # --- tokens ---

    def token(self, name: str, tokens: dict[str, str]) -> str:
        """The token that a recording calls ``name``."""
        return tokens.get(name) or self.named.get(name) or self._made(name)

    def _made(self, name: str) -> str:
        issuer = self.server.backend.tokens
        kind = 1 if "refresh" in name or re.fullmatch(r"r(ef)?\d+", name) else 0
        if "garbage" in name:
            return "garbage"
        if "expired" in name:
            found = issuer.issue(self.owner, age=timedelta(days=30))[kind]
        elif "signature" in name:
            found = jwt.encode(issuer.claims(issuer.issue(self.owner)[0]) or {}, "x" * 64, algorithm="HS512")
        elif "no_such" in name or "ghost" in name:
            found = issuer.issue(User(999, "", "", "", "", ""))[0]
        elif "revoked" in name:
            found = issuer.issue(self.owner, age=timedelta(minutes=7))[0]
            issuer.revoke(found)
        else:  # one of a pair of its own: the pairs of the recording differ by when they were made
            found = issuer.issue(self.owner, age=timedelta(seconds=10 + len(self.named)))[kind]
        self.named[name] = found
        return found

    def _put_in(self, value: Any) -> Any:
        if isinstance(value, str):
            return re.sub(r"<(\w+)>", lambda found: self.token(found[1], {}), value)
        return {key: self._put_in(part) for key, part in value.items()} if isinstance(value, dict) else value

    def _learn(self, recorded: Any, mocked: Any) -> None:
        """Take the names of tokens from a recorded answer."""
        if isinstance(recorded, dict) and isinstance(mocked, dict):
            for key in recorded.keys() & mocked.keys():
                self._learn(recorded[key], mocked[key])
        elif isinstance(recorded, str) and isinstance(mocked, str) and (found := re.fullmatch(r"<(\w+)>", recorded)):
            self.named[found[1]] = mocked

    # --- calls ---

    def _call(self, line: Line) -> httpx.Response:
        headers: dict[str, str] = self._put_in(line.get("headers") or {})
        body = self._put_in(line.get("body"))
        content = None if body is None else body if isinstance(body, str) else json.dumps(body)
        if content is not None:
            headers.setdefault("Content-Type", "application/json")
        self.client.cookies.clear()
        answer = self.client.request(line["method"], line["path"], content=content, headers=headers)
        self.client.cookies.clear()
        return answer

    def _compare(self, line: Line, answer: httpx.Response) -> None:
        request = f"{answer.request.method} {answer.request.url.path}"
        assert answer.status_code == line["status"], f"{request}: {answer.status_code}, recorded {line['status']}"
        recorded = line.get("body")
        if isinstance(recorded, dict):
            self._learn(recorded, answer.json())
            found = differences(recorded, answer.json(), "body")
            assert not found, f"{request}: " + "; ".join(found[:5])
        elif isinstance(recorded, str):
            assert answer.text == recorded, request
        for name, value in line.get("headers") or []:
            self._header(request, name.lower(), value, answer)

    def _header(self, request: str, name: str, value: str, answer: httpx.Response) -> None:
        found = answer.headers.get(name)
        if name in COMPARED or name.startswith(ANY_ORIGIN):
            assert found == value, f"{request}: {name} is {found!r}, recorded {value!r}"
        elif name == "set-cookie":
            attributes = [part.partition("=")[0] for part in value.split("; ")]
            assert found is not None, f"{request}: no cookie"
            assert [part.partition("=")[0] for part in found.split("; ")] == attributes, f"{request}: {name}"

    def _at_once(self, line: Line) -> None:
        """The same refresh several times at the same moment."""
        token = self.server.backend.tokens.issue(self.owner, age=timedelta(minutes=3))[1]
        times = len(line["statuses"])

        def refresh(_: int) -> httpx.Response:
            return httpx.post(f"{self.server.url}/api/v1/usr/refresh-access", json={"refresh": token}, timeout=20)

        with ThreadPoolExecutor(times) as pool:
            answers = list(pool.map(refresh, range(times)))
        assert sorted(answer.status_code for answer in answers) == sorted(line["statuses"])
        models = dict(zip(line["statuses"], line.get("bodies", []), strict=False))
        for answer in answers:
            assert not differences(models.get(answer.status_code), answer.json(), "body")
