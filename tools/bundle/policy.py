"""The build's headers: one table, from which the manifest and the snippets for nginx and Caddy are written."""

from typing import Final

HOST: Final = "$host"
"""Stands for the address that the page was asked for; the snippets put their server's own variable there."""
YEAR: Final = "public, max-age=31536000, immutable"

WORKER_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
    "X-Content-Type-Options": "nosniff",
}
"""The service worker's: asked for anew each time, and able to reach nobody but the server that it came from."""


def content_security_policy(backend: str) -> str:
    """The policy of the build: scripts from here, no ``eval``, no HTML or script from strings but through our policies.

    ``backend`` is the backend's origin, ``""`` for the page's own. Pictures and sounds may come from anywhere over
    http(s): the backend keeps them in object storage.
    """
    sockets = f"{backend} {backend.replace('http', 'ws', 1)}" if backend else f"ws://{HOST} wss://{HOST}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self'",
            "style-src 'self'",
            f"connect-src 'self' {sockets}",
            "img-src 'self' http: https: data:",
            "media-src 'self' http: https:",
            "font-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types pilito pilito-worker",
        )
    )


def page_headers(backend: str) -> dict[str, str]:
    """The headers of every answer that is a page."""
    return {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": content_security_policy(backend),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def nginx(backend: str) -> str:
    """A ``server`` body for nginx: files with their compressed twins, and the page for every other path."""

    def lines(table: dict[str, str]) -> str:
        said = {name: value.replace(HOST, "$http_host") for name, value in table.items()}
        return "\n".join(f'    add_header {name} "{value}" always;' for name, value in said.items())

    return f"""\
# In a server block, with the content of this folder below /var/www/pilito. Where nginx has the module ngx_brotli, take
# the mark before brotli_static away.
root /var/www/pilito;
gzip_static on;
gzip_vary on;
# brotli_static on;
types {{
    text/html html;
    text/css css;
    text/javascript js mjs;
    application/wasm wasm;
    application/json json;
    application/zip zip;
    image/svg+xml svg;
    application/octet-stream bin;
}}

location /assets/ {{
    try_files $uri =404;
    add_header Cache-Control "{YEAR}"; # not always: nobody shall keep a 404 for a year
    add_header X-Content-Type-Options "nosniff" always;
}}

location = /service-worker.js {{
    try_files $uri =404;
{lines(WORKER_HEADERS)}
}}

location / {{
    try_files /index.html =404;
{lines(page_headers(backend))}
}}
"""


def caddy(backend: str) -> str:
    """A site body for Caddy."""

    def lines(table: dict[str, str]) -> str:
        said = {name: value.replace(HOST, "{http.request.hostport}") for name, value in table.items()}
        return "\n".join(f'\t\t{name} "{value}"' for name, value in said.items())

    return f"""\
# In a site block, with the content of this folder below /var/www/pilito.
root * /var/www/pilito

handle /assets/* {{
	@there file # nobody shall keep a 404 for a year
	header @there Cache-Control "{YEAR}"
	header X-Content-Type-Options "nosniff"
	file_server {{
		precompressed br gzip
	}}
}}

handle /service-worker.js {{
	header {{
{lines(WORKER_HEADERS)}
	}}
	file_server {{
		precompressed br gzip
	}}
}}

handle {{
	rewrite * /index.html
	header {{
{lines(page_headers(backend))}
	}}
	file_server {{
		precompressed br gzip
	}}
}}
"""
