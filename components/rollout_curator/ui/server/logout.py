"""Logging out of a shared app: the session ends, its websockets close, its cookies go; what waits to be saved stays."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from rollout_curator.ui.server import guard, identity
from rollout_curator.ui.server.origin import own_host
from rollout_curator.ui.server.site import Site

PATH = "/leave"
LEFT = "You are logged out. To come back, open the link that was printed where the app was started.\n"


def route(site: Site) -> Route:
    """Return the route that ends the session of whoever asks."""

    async def leave(request: Request) -> Response:
        if own_host(request.scope) is None:
            return PlainTextResponse("cross-site request refused\n", 403)
        site.sessions.end(guard.session_of(request.headers))
        answer = PlainTextResponse(LEFT, headers={"Cache-Control": "no-store", "Clear-Site-Data": '"cache"'})
        answer.delete_cookie(guard.COOKIE, path="/", httponly=True, samesite="strict")
        answer.delete_cookie(identity.COOKIE, path="/", samesite="strict")
        return answer

    return Route(PATH, leave, methods=["POST"])
