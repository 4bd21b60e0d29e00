"""How a server is started, as the command line and `streamlit run` say it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ServeOptions:
    """How the app is started.

    No `paths` means the sample data. `roots` limit which files may be opened. Any `address` but a loopback one needs
    `shared` (a token, made when none is given) or `behind_proxy` (something in front asks who it is, and names them in
    `user_header`); headers of proxies count from the addresses `proxies`, usually loopback ones; `hosts` are the
    names by which browsers then reach it, `origins` the whole addresses where a proxy gives the app another host.
    """

    paths: tuple[Path, ...] = ()
    roots: tuple[Path, ...] = ()
    port: int = 8501
    address: str = "127.0.0.1"
    decisions: Path | None = None
    cache: Path | None = None
    out_dir: Path | None = None
    recipe: Path | None = None
    reviewer: str = ""
    shared: bool = False
    token: str = ""
    proxies: tuple[str, ...] = ()
    user_header: str = "X-Forwarded-User"
    behind_proxy: bool = False
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    @property
    def serves_others(self) -> bool:
        """Say whether others than who started the app use it."""
        return self.shared or self.behind_proxy
