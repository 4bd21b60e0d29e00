"""The scripts of the components as real ES modules, served by this server under a hash of all they say.

Streamlit is given a loader of a few lines, which imports the modules from their own addresses: the policy of `headers`
lets scripts of this origin run and no others. An address names its content, so a browser keeps what it got for good and
never mixes modules of two versions; an address of another version is not answered. Scripts are read once, when they
are first wanted: what a running server serves stays what it said it is. Knows nothing of what they do.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

UI = Path(__file__).parent
ROOMS = ("reader", "picker")
"""The rooms whose scripts are served, by the name they have in addresses."""
PATH = "/scripts/{version}/{name:path}"
FOREVER = "private, max-age=31536000, immutable"
IMPORTED = re.compile(r'from "\./(\w+\.js)";')
LOADER = """\
const at = new URL("scripts/%s/", window.__streamlit?.BACKEND_BASE_URL ?? location.origin);
const load = (name) => import(new URL(name, at));
let loaded;
for (let wait = 250; !loaded; wait = Math.min(8000, wait * 2)) {
  // All at once, not one after the other; while the server does not answer (a TypeError) again and again.
  try { [loaded] = await Promise.all(%s.map(load)); } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
export default loaded.default;
"""


def loader(name: str) -> str:
    """Return the script for Streamlit that imports a module, such as `reader/main.js`, and hands on its default."""
    names = ", ".join(f'"{needed}"' for needed in needs(name))
    return LOADER % (version(), f"[{names}]")


def needs(name: str) -> list[str]:
    """Return a module and all that it imports, directly or not, itself first."""
    found = [name]
    for one in found:
        room = one.partition("/")[0]
        imported = (f"{room}/{other}" for other in IMPORTED.findall(scripts()[one].decode("utf-8")))
        found += [other for other in dict.fromkeys(imported) if other not in found]
    return found


def text(name: str) -> str:
    """Return what a file below the folder of the components holds."""
    return (UI / name).read_text(encoding="utf-8")


@cache
def scripts() -> Mapping[str, bytes]:
    """Return every script that is served, by its name."""
    files = sorted(file for room in ROOMS for file in (UI / room).glob("*.js"))
    return {f"{file.parent.name}/{file.name}": file.read_bytes() for file in files}


@cache
def version() -> str:
    """Return the hash of all scripts."""
    return hash_of(scripts())


def hash_of(found: Mapping[str, bytes]) -> str:
    """Return a hash of scripts: another name, another byte or another file makes another."""
    digest = hashlib.sha256()
    for name, script in found.items():
        digest.update(f"{name} {len(script)}\n".encode() + script)
    return digest.hexdigest()[:32]


def route() -> Route:
    """Return the route that serves the scripts of this version and nothing else."""
    return Route(PATH, _answer, methods=["GET"])


async def _answer(request: Request) -> Response:
    asked = request.path_params
    script = scripts().get(asked["name"]) if asked["version"] == version() else None
    if script is None:
        return PlainTextResponse("no script of this version\n", 404, headers={"Cache-Control": "no-store"})
    return Response(script, media_type="text/javascript", headers={"Cache-Control": FOREVER})
