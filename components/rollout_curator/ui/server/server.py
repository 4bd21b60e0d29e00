"""The server: Streamlit's app with the reader's routes, a guard before it, and settings nobody can loosen.

`serve` is what the command line calls; `parts` is what `app.py` gives to `streamlit run`. Whatever a config file, an
environment variable or a flag says, the settings in `settings` hold, and the app does not start when one does not.
"""

import os
import socket
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from starlette.middleware import Middleware
from streamlit import config
from streamlit.starlette import App

from rollout_curator.errors import ServerRefused
from rollout_curator.terminal import tell
from rollout_curator.training.templates.render_queue import share_cores
from rollout_curator.ui import scripts
from rollout_curator.ui.reader.routes import routes
from rollout_curator.ui.server import connections, logout, protocol_errors
from rollout_curator.ui.server.error_log import log_error
from rollout_curator.ui.server.guard import Guard
from rollout_curator.ui.server.origin import public_hosts
from rollout_curator.ui.server.proxies import Proxies
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site, install

__all__ = ["ServeOptions", "parts", "serve"]

UI = Path(__file__).parents[1]
LOOPBACK = ("localhost", "127.0.0.1", "::1")
WILDCARDS = ("", "0.0.0.0", "::")
PORTS_TRIED = 50
TOKEN_CHARS = 16
SAFE: Mapping[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "server.corsAllowedOrigins": [],
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 1,
    "server.runOnSave": False,
    "server.scriptHealthCheckEnabled": False,
}
"""Settings that are the same however and wherever the app runs."""


def serve(options: ServeOptions) -> None:
    """Serve the app until it is interrupted. Raises ServerRefused for settings that would not be safe."""
    options = checked(options)
    options = replace(options, port=_free_port(options))
    forced = {**settings(options), "logger.hideWelcomeMessage": True, "server.port": options.port}
    App(**_parts(options)).run(config=forced)


def parts(options: ServeOptions) -> dict[str, Any]:
    """Return the arguments of `App`, for a server that listens where Streamlit is told to. Raises ServerRefused."""
    options = checked(replace(options, address=str(config.get_option("server.address") or "")))
    for name, value in settings(options).items():
        config.set_option(name, value, "rollout-curator")
    return _parts(options)


def checked(options: ServeOptions) -> ServeOptions:
    """Return options that are safe to serve by, with a token where one is needed. Raises ServerRefused."""
    if options.shared and options.token and len(options.token) < TOKEN_CHARS:
        raise ServerRefused(
            f"a token of {len(options.token)} characters is too short; use at least {TOKEN_CHARS}, or omit it"
        )
    public_hosts(options.origins)
    if is_loopback(options.address):
        return options if options.shared else replace(options, token="")
    if options.behind_proxy:
        if not options.hosts and not options.origins:
            raise ServerRefused("behind a proxy the app must know how browsers reach it; set --origin https://NAME")
        return options
    if not options.shared:
        where = "every address of this machine" if options.address in WILDCARDS else options.address
        raise ServerRefused(
            f"refusing to listen on {where} without a token; use 127.0.0.1, "
            "or start it with `rollout-curator ui --address ADDRESS --shared`"
        )
    return options


def settings(options: ServeOptions) -> dict[str, Any]:
    """Return every setting of Streamlit that is forced, the look included."""
    own = {"server.address": options.address, "server.allowedHosts": list(hosts(options))}
    return {**SAFE, **own, **theme()}


def theme() -> dict[str, Any]:
    """Return the look as Streamlit's settings."""
    table = tomllib.loads((UI / "theme.toml").read_text(encoding="utf-8"))["theme"]
    flat = {f"theme.{name}": value for name, value in table.items() if not isinstance(value, dict)}
    for part in ("light", "dark"):
        flat.update({f"theme.{part}.{name}": value for name, value in table[part].items()})
    return flat


def hosts(options: ServeOptions) -> tuple[str, ...]:
    """Return the host names the app answers to: loopback ones, those given, and this machine's own when shared."""
    names = [*LOOPBACK, *options.hosts, *public_hosts(options.origins)]
    if options.shared and not is_loopback(options.address):
        names += [socket.gethostname(), socket.getfqdn()]
        names += _own_addresses() if options.address in WILDCARDS else [options.address]
    return tuple(dict.fromkeys(name.lower() for name in names if name))


def is_loopback(address: str) -> bool:
    """Say whether only this machine can reach an address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def check_settings(options: ServeOptions) -> None:
    """Refuse to run when a setting is not what it must be. Raises ServerRefused."""
    for name, expected in settings(options).items():
        found = config.get_option(name)
        if found != expected and not name.startswith("theme."):
            raise ServerRefused(f"Streamlit setting {name} is {found!r}, must be {expected!r}; stopping")


def _parts(options: ServeOptions) -> dict[str, Any]:
    if options.shared and not options.token:
        options = replace(options, token=token_urlsafe(24))
    share_cores()
    connections.allow_files()
    protocol_errors.install()
    site = install(Site(options))
    os.environ["FORWARDED_ALLOW_IPS"] = ""  # else uvicorn believes what proxies say before `Proxies` knows from where
    proxies = Proxies(options.proxies, options.user_header if options.behind_proxy else "")
    guard = Middleware(
        Guard,
        hosts=hosts(options),
        token=options.token,
        origins=options.origins,
        sessions=site.sessions,
        proxies=proxies,
        behind_proxy=options.behind_proxy,
    )

    @asynccontextmanager
    async def lifespan(_app: App) -> AsyncIterator[None]:
        check_settings(options)
        site.open()
        tell(f"rollout-curator: {_address(options)} (Ctrl-C to stop)")
        try:
            yield
        finally:
            site.close()

    return {
        "script_path": UI / "entry" / "script.py",
        "lifespan": lifespan,
        "routes": [*routes(site), logout.route(site), scripts.route()],
        "middleware": [guard],
        "on_script_error": _note_error,
    }


def _note_error(error: Exception) -> bool:
    """Log what a callback raised; the page shows Streamlit's own words without details."""
    log_error(error)
    return False


def _address(options: ServeOptions) -> str:
    host = socket.getfqdn() if options.address in WILDCARDS else options.address
    shown = f"[{host}]" if ":" in host else host
    link = f"?token={options.token}" if options.token else ""
    return f"http://{shown}:{config.get_option('server.port')}/{link}".rstrip("/")


def _free_port(options: ServeOptions) -> int:
    """Return the port asked for; when that is the usual one and taken, the next free one."""
    if not options.port:
        return 0
    usual = options.port == ServeOptions.port
    for port in range(options.port, options.port + (PORTS_TRIED if usual else 1)):
        with socket.socket(socket.AF_INET6 if ":" in options.address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((options.address, port))
            except OSError:
                continue
            return port
    raise ServerRefused(
        f"port {options.port} on {options.address} is not available; choose another with --port, or 0 for any"
    )


def _own_addresses() -> list[str]:
    try:
        return socket.gethostbyname_ex(socket.gethostname())[2]
    except OSError:
        return []
