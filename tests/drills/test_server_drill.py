"""The server from outside, by raw sockets, as a process that strace watches; and sources after a whole session."""

import os
import re
import shutil
import signal
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import AppServer

from drilling import digest, forked, refusal_faults, tasks
from ledger import Tried, size
from making import SAMPLE_DATA, call, write
from rollout_curator.errors import CuratorError
from rollout_curator.sources.find import find
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site, check_roots

pytestmark = [pytest.mark.drill, pytest.mark.skipif(sys.platform != "linux", reason="sockets are looked up in /proc")]

SECRET = "a-secret-outside-of-the-root"
STRACE = ("strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a root of rollouts and a secret beside it."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "root").mkdir()
    (folder / "root-of-others").mkdir()
    write(folder / "root" / "rollouts.jsonl", tasks(40))
    for secret in ("secret.jsonl", "root-of-others/secret.jsonl"):
        (folder / secret).write_text(f'{{"prompt": "{SECRET}", "completion": "x", "reward": 1}}\n')
    (folder / "root" / "link.jsonl").symlink_to(folder / "secret.jsonl")
    (folder / "root" / "up").symlink_to(folder)
    return folder


@pytest.fixture(scope="module")
def app(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Start the app on that root, under strace where there is one."""
    home = tmp_path_factory.mktemp("home")
    watching = (*STRACE, "-o", str(home / "trace")) if shutil.which("strace") else ()
    server = AppServer([str(place / "root" / "rollouts.jsonl"), "--root", str(place / "root")], home, under=watching)
    server.start()
    yield server
    server.stop()


def asked(port: int, path: str, host: str, *more: str) -> tuple[int, bytes]:
    """Return the status and the answer to a request that is sent as it stands."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *more, "Connection: close" if not more else "X-A: b"]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sent:
        sent.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))
        answer = b""
        sent.settimeout(10)
        try:
            while len(answer) < 2_000_000 and (part := sent.recv(65_536)):
                answer += part
                if more:
                    break
        except TimeoutError:
            pass
    found = re.match(rb"HTTP/1\.1 (\d+)", answer)
    return int(found[1]) if found else 0, answer


def listening(port: int) -> set[str]:
    """Return the addresses, as /proc writes them, on which something listens at a port."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    return {line[1].split(":")[0] for line in lines if line[3] == "0A" and int(line[1].split(":")[1], 16) == port}


HOSTS = [
    "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:{port}", "0.0.0.0:{port}",
    "localhost@evil.example", "", "[::2]:{port}", "127.0.0.2:{port}", "192.168.0.1", "2130706433", "0x7f000001",
    "localhost, evil.example", "evil.example#localhost", "localhost\\.evil.example", "xn--lcalhost-54a",
]  # fmt: skip
OTHERS = ["0.0.0.0", "::", "192.168.1.7", "example.org"]
UPGRADE = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {'A' * 22}=="]


@pytest.mark.promises(25)
def test_it_answers_to_nobody_else(app: AppServer, report: Callable[..., None]) -> None:
    found = [] if listening(app.port) == {"0100007F"} else [f"it listens on {listening(app.port)}"]
    n = 0
    for host in HOSTS:
        for path, more in (("/", []), ("/_stcore/health", []), ("/api/rollouts", []), ("/_stcore/stream", UPGRADE)):
            named = host.format(port=app.port)
            status, _ = asked(app.port, path, named, *more, *([f"Origin: http://{named}"] if more else []))
            n += 1
            found += [f"{named!r} gets {path} with {status}"] if status in (101, 200) else []
    own, _ = asked(app.port, "/", f"127.0.0.1:{app.port}")
    found += [] if own == 200 else [f"its own name gets {own}"]
    for address in OTHERS:
        refused = forked("ui", SAMPLE_DATA, "--address", address, "--port", "0", limit_s=30)
        found += [f"--address {address}: {fault}" for fault in refusal_faults(refused, "--shared")]
    report(Tried(25, f"{n} requests with {len(HOSTS)} other host names: {len(found)} answered; loopback only", found))


def ways_out(place: Path) -> list[str]:
    """Return paths that lead out of the root in all the ways they are written."""
    root, up = place / "root", "../"
    plain = [
        f"{root}/{up}secret.jsonl",
        f"{root}/link.jsonl",
        f"{root}/up/secret.jsonl",
        f"{root}-of-others/secret.jsonl",
    ]
    plain += [f"{root}/{up * 20}{place}/secret.jsonl", f"{root}/./{up}./secret.jsonl", f"{root}//..//secret.jsonl"]
    plain += ["/etc/passwd", "/proc/self/environ", "/dev/stdin", "~/.ssh/id_rsa", f"{place}/*.jsonl", f"{place}"]
    plain += [f"file://{place}/secret.jsonl", f"{root}/up", f"{root}/{up}", f"{root}/x/../../secret.jsonl"]
    plain += [f"{root}/../*/secret.jsonl", f"{root}/up/*.jsonl", f"{root}/../secret.jsonl\0", ".."]
    return plain


@pytest.mark.promises(26)
def test_nothing_outside_the_root_is_opened(app: AppServer, place: Path, report: Callable[..., None]) -> None:
    found, tries = [], ways_out(place)
    for path in tries:
        try:
            opened = find([path])
            check_roots(opened, (place / "root",))
            found += [f"{path} is opened"] if opened else []
        except (CuratorError, ValueError, OSError):
            pass
    routes = [path for path in tries if path.isprintable()]
    prefixes = [
        "",
        "/static/",
        "/media/",
        "/component/",
        "/_stcore/",
        "/app/static/",
        "/api/raw?view=",
        "/api/rollout?key=",
    ]
    forms = [str, lambda path: path.replace("../", "..%2f"), lambda path: path.replace("../", "%2e%2e/"),
             lambda path: path.replace("../", "..%5c"), lambda path: path.replace("../", "....//")]  # fmt: skip
    n = 0
    for prefix in prefixes:
        for form in forms[: None if size("texts") else 2]:
            for path in routes:
                _, answer = asked(app.port, (prefix + form(path)).replace(" ", "%20") or "/", f"127.0.0.1:{app.port}")
                n += 1
                found += (
                    [f"{prefix}{form(path)} shows it"] if SECRET.encode() in answer or b"root:x:0" in answer else []
                )
    site = Site(ServeOptions(paths=(place / "root",), out_dir=place / "root", shared=True))
    for path in [*tries, "../x.jsonl", f"{place}/x.jsonl", "up/x.jsonl"]:
        try:
            out = site.out_path(path if path.endswith(".jsonl") else f"{path}/x.jsonl")
            found += [] if (place / "root") in out.resolve().parents else [f"an export may go to {out}"]
        except (CuratorError, ValueError):
            pass
    report(Tried(26, f"{len(tries)} ways out, {n:,} requests for them: {len(found)} reads outside", found))


@pytest.mark.promises(27)
@pytest.mark.skipif(not shutil.which("strace"), reason="there is no strace here")
def test_the_server_connects_to_nobody(app: AppServer, report: Callable[..., None]) -> None:
    for path in (
        "/",
        "/review",
        "/export",
        "/data",
        "/select",
        "/sources",
        "/rewards",
        "/_stcore/health",
        "/_stcore/host-config",
    ):
        assert asked(app.port, path, f"127.0.0.1:{app.port}")[0] == 200
    trace = (app.home / "trace").read_text()
    calls = re.findall(r'(?:connect|sendto|sendmsg)\(.*?sin6?_addr=.*?"([^"]+)"|sin_addr=inet_addr\("([^"]+)"\)', trace)
    outside = [address for pair in calls for address in pair if address and address not in ("127.0.0.1", "::1")]
    found = [] if re.search(r"\w+\(", trace) or app.answers() else ["nothing was watched"]
    report(Tried(27, f"from start through all pages: {len(outside)} connections", [*found, *outside]))


def state(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Return digest, time and mode of every source in a folder."""
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".jsonl", ".gz") and not path.name.startswith("out")
    ]
    return {str(path): (digest(path), path.stat().st_mtime_ns, stat.S_IMODE(path.stat().st_mode)) for path in files}


@pytest.mark.promises(28)
def test_no_source_is_ever_written(tmp_path: Path, report: Callable[..., None]) -> None:
    """Every verb, exports into the folder of the sources, one over a source, one that is killed."""
    folder = tmp_path / "rollouts"
    shutil.copytree(SAMPLE_DATA, folder, ignore=shutil.ignore_patterns("generator", "*.md", "curat*"))
    before, source = state(folder), next(folder.rglob("*.jsonl"))
    here = ["--cache-dir", tmp_path / "cache"]
    key = call("export", folder, "--out", folder / "out.jsonl", "--metadata", "key", *here)
    assert key.code == 0
    first = re.search(r'"key":"([0-9a-f]{32})"', (folder / "out.jsonl").read_text())
    assert first
    acts: list[list[object]] = [
        ["check", folder, *here], ["index", folder, *here], ["stats", folder, "--look", *here],
        ["decide", folder, "--key", first[1], "--verdict", "reject", *here], ["review", folder, *here],
        ["export", folder, "--out", folder / "out.parquet", "--as", "parquet", "--split", "validation=0.2", *here],
        ["export", folder, "--out", source, *here], ["export", source, "--out", source, *here],
        ["export", folder, "--out", folder / "out.jsonl", "--card", source.name, *here],
        ["verify", folder / "out.jsonl.manifest.json"], ["diff", folder / "out.jsonl.manifest.json", source],
        ["decisions", "export", folder, "--out", folder / "out_decisions.jsonl"],
        ["decisions", "export", folder, "--out", source],
        ["decisions", "import", folder, "--from", folder / "out_decisions.jsonl"],
    ]  # fmt: skip
    for act in acts:
        forked(*act)
    forked("export", folder, "--out", folder / "out.jsonl", *here, stop=(0.1, signal.SIGKILL))
    now = state(folder)
    found = [f"{os.path.relpath(name, folder)} changed" for name in before if before[name] != now.get(name)]
    report(Tried(28, f"{len(before)} sources after {len(acts) + 2} commands: {len(found)} changed", found))
