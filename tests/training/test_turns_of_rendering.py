"""Hostile templates in the app: little memory, one core a user, always to be stopped, and no process stays behind."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from making import environment, gym, write
from rollout_curator.errors import TemplateError
from rollout_curator.export.settings import Settings
from rollout_curator.export.worker_count import count_for
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training.templates import built_in, pasted, render_queue, to_table
from rollout_curator.training.templates.render import Rendered, render
from rollout_curator.training.templates.render_queue import Stopped, Turns, Work, one_at_a_time, own_turns
from rollout_curator.ui.server import proxies, rendering, server
from rollout_curator.ui.server.answers import TOKEN_HEADER, answer
from rollout_curator.ui.server.jobs import CheckJob, ExportJob
from rollout_curator.ui.server.rendering import of_job, of_page, of_request, turns_of
from rollout_curator.ui.server.server import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.workspace.workspace import Workspace

USER = {"role": "user", "content": "2+2?"}
PLAIN = "{{ messages[0].content }}"
SOON_S = 5.0
"""What is stopped ends within this time, half of what a rendering may take."""


def endless(name: str) -> str:
    """Return a template that does not end, unlike that of any other test."""
    return f"{{# {name} #}}{{% for a in range(99999) %}}{{% for b in range(99999) %}}{{% endfor %}}{{% endfor %}}"


class Rendering(threading.Thread):
    """A rendering in a thread of its own, in some work; what came of it is `made` or `raised`."""

    def __init__(self, text: str, work: Work, limit_s: float = 30.0, ended: list[str] | None = None) -> None:
        super().__init__(daemon=True)
        self._text, self._work, self._limit_s = text, work, limit_s
        self.ended = ended if ended is not None else []
        self.made: Rendered | None = None
        self.raised: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Render and note the end."""
        try:
            with self._work.under_way():
                self.made = render(pasted(self._text), [USER], None, limit_s=self._limit_s)
        except (Stopped, TemplateError) as error:
            self.raised = error
        self.ended.append(self._text)


def wait_for(turns: Turns, n: int) -> None:
    """Wait until so many renderings hold a turn or wait for one."""
    deadline = time.monotonic() + 20
    while turns.n_waiting != n and time.monotonic() < deadline:
        time.sleep(0.01)
    assert turns.n_waiting == n


def whole(text: str) -> str:
    """Return what a template writes, or its error."""
    made = render(pasted(text), [USER], None, prefixes=False)
    return made.error or made.whole


# Memory


def test_a_template_has_400_million_bytes() -> None:
    assert whole("{{ ('a' * 150000000) | length }}") == "150000000"
    assert whole("{{ ('a' * 399000000) | length }}") == "MemoryError"


def test_a_long_conversation_of_chinese_fits_into_them() -> None:
    message = {"role": "user", "content": "\u4e2d" * 4_000_000}
    made = render(built_in("chatml"), [message, {"role": "assistant", "content": "4"}], None)
    assert (made.error, made.prefix_error, len(made.whole) > 4_000_000) == ("", "", True)


def test_an_answer_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollout_curator.training.templates.render.ANSWER_CHARS", 1000)
    assert whole("{{ 'a' * 2000 }}") == "it writes more than 1,000 characters in all"


# Turns


def test_a_second_template_of_a_user_waits_for_the_first() -> None:
    turns, ended = Turns(), list[str]()
    first = Rendering(endless("first"), Work(turns), 1.0, ended)
    wait_for(turns, 1)
    second = Rendering(PLAIN, Work(turns), 30.0, ended)
    first.join(20)
    second.join(20)
    assert ended == [endless("first"), PLAIN]
    assert second.made is not None
    assert second.made.whole == "2+2?"


def test_the_template_of_another_user_does_not_wait() -> None:
    slow = Work(Turns())
    first = Rendering(endless("another user"), slow)
    wait_for(slow.turns, 1)
    second = Rendering(PLAIN, Work(Turns()))
    second.join(20)
    assert (second.made is not None, first.is_alive()) == (True, True)
    slow.stop()
    first.join(SOON_S)


def test_no_more_cores_than_there_are_for_all_render_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_queue, "_cores", threading.BoundedSemaphore(1))
    slow, other = Work(Turns()), Work(Turns())
    first = Rendering(endless("cores"), slow)
    wait_for(slow.turns, 1)
    second = Rendering(PLAIN, other)
    wait_for(other.turns, 1)
    assert (second.made, second.is_alive()) == (None, True)
    slow.stop()
    first.join(SOON_S)
    second.join(20)
    assert second.made is not None


def test_a_built_in_template_waits_for_nobody() -> None:
    slow = Work(Turns())
    first = Rendering(endless("built in"), slow)
    wait_for(slow.turns, 1)
    with Work(slow.turns).under_way():
        assert render(built_in("chatml"), [USER], None).error == ""
    slow.stop()
    first.join(SOON_S)


def test_what_would_be_one_too_many_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_queue, "WAITING_MAX", 1)
    slow = Work(Turns())
    first = Rendering(endless("too many"), slow)
    wait_for(slow.turns, 1)
    with pytest.raises(TemplateError, match="wait until one is done"), Work(slow.turns).under_way():
        render(pasted(PLAIN), [USER], None)
    slow.stop()
    first.join(SOON_S)


def test_on_the_command_line_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_queue, "_everyone", None)
    assert (own_turns(), one_at_a_time(pasted(PLAIN))) == (None, False)


def test_in_the_app_what_is_nobodys_work_waits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_queue, "_everyone", None)
    server._parts(ServeOptions())
    assert (one_at_a_time(pasted(PLAIN)), one_at_a_time(built_in("chatml")), one_at_a_time(None)) == (
        True,
        False,
        False,
    )


def test_an_export_renders_in_one_process_where_it_waits_for_its_turn(opened: Workspace) -> None:
    plan = recipes.plan(Recipe(template=to_table(pasted(PLAIN)), max_tokens=100))
    with Work(Turns()).under_way():
        assert one_at_a_time(plan.look.template)
        assert count_for(opened, opened.column("length").astype("int64") * 0, plan) == 1


# Ends


def test_a_rendering_that_is_stopped_ends_at_once_and_is_not_held_against_it() -> None:
    work = Work(Turns())
    one = Rendering(endless("stopped"), work)
    wait_for(work.turns, 1)
    work.stop()
    one.join(SOON_S)
    assert (one.is_alive(), type(one.raised)) == (False, Stopped)
    assert render(pasted(endless("stopped")), [USER], None, limit_s=0.3).error == "rendering timed out after 0.3 s"


def test_a_rendering_that_waits_can_be_stopped() -> None:
    slow = Work(Turns())
    first = Rendering(endless("waited for"), slow)
    wait_for(slow.turns, 1)
    waiting = Work(slow.turns)
    second = Rendering(PLAIN, waiting)
    wait_for(slow.turns, 2)
    waiting.stop()
    second.join(SOON_S)
    assert (type(second.raised), first.is_alive()) == (Stopped, True)
    slow.stop()
    first.join(SOON_S)


def test_all_renderings_of_a_page_have_a_limit_together() -> None:
    with pytest.raises(TemplateError, match=r"takes longer than 0\.5 seconds"), Work(Turns(), 0.5).under_way():
        render(pasted(endless("page")), [USER], None)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Workspace]:
    """Open a few rollouts."""
    workspace = Workspace.open([write(tmp_path / "run.jsonl", [gym() for _ in range(40)])], tmp_path / "cache")
    yield workspace
    workspace.close()


def test_a_look_with_a_slow_template_is_cancelled_at_once(opened: Workspace) -> None:
    plan = recipes.plan(Recipe(template=to_table(pasted(endless("look")))))
    job = CheckJob(opened, plan, with_hazards=True)
    wait_for(of_job().turns, 1)
    job.stop()
    assert (job.wait(SOON_S), job.failure) == (True, None)


def test_an_export_with_a_slow_template_is_cancelled_at_once(opened: Workspace, tmp_path: Path) -> None:
    recipe = Recipe(template=to_table(pasted(endless("export"))), max_tokens=100, drop=("over_length",))
    job = ExportJob(opened, recipe, tmp_path / "out.jsonl", Settings(agreed=frozenset({tmp_path / "out.jsonl"})))
    wait_for(of_job().turns, 1)
    job.stop()
    assert (job.wait(SOON_S), job.is_stopped, job.failure) == (True, True, None)
    assert not (tmp_path / "out.jsonl").exists()


ORPHAN = """
import sys
from rollout_curator.training.templates import pasted
from rollout_curator.training.templates.render import render
print("begun", flush=True)
render(pasted(sys.argv[1]), [{"role": "user", "content": "x"}], None, limit_s=8.0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_process_whose_server_was_killed_ends_itself() -> None:
    argv = [sys.executable, "-c", ORPHAN, endless("orphan")]
    server = subprocess.Popen(argv, env=environment(), stdout=subprocess.PIPE)
    worker = _child(server.pid)
    server.kill()
    server.wait()
    deadline = time.monotonic() + 60
    while _runs(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _runs(worker)


def _child(parent: int) -> int:
    """Wait for the process that another one started and that is at work, and return its number."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for entry in filter(str.isdigit, os.listdir("/proc")):
            fields = _stat(int(entry))
            if fields and int(fields[1]) == parent and int(fields[11]) > 30:  # more than its start takes
                return int(entry)
        time.sleep(0.02)
    raise AssertionError("no process renders")


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _runs(pid: int) -> bool:
    fields = _stat(pid)
    return bool(fields) and fields[0] != "Z"


# Whose


def test_the_pages_of_one_address_share_their_turns() -> None:
    assert of_request({}, "10.0.0.7").turns is of_request({}, "10.0.0.7").turns
    assert of_request({}, "10.0.0.7").turns is not of_request({}, "10.0.0.8").turns
    assert of_page().turns is of_request({}, "127.0.0.1").turns


def test_behind_a_proxy_each_who_is_signed_in_has_their_own() -> None:
    anna, ben = ({proxies.NAME_HEADER: name} for name in ("anna", "ben"))
    assert of_request(anna, "127.0.0.1").turns is not of_request(ben, "127.0.0.1").turns
    assert of_request(anna, "127.0.0.1").turns is of_request(anna, "10.0.0.7").turns


def test_so_many_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "KNOWN_MAX", 2)
    first = turns_of("a")
    turns_of("b")
    last = turns_of("c")
    assert (turns_of("c") is last, turns_of("a") is first) == (True, False)


def test_a_request_renders_in_the_turns_of_whoever_sent_it() -> None:
    site = Site(ServeOptions())
    seen: list[Turns | None] = []

    def work() -> bytes:
        seen.append(own_turns())
        return b"{}"

    async def asked(request: Request) -> Response:
        return await answer(request, site, work)

    client = TestClient(Starlette(routes=[Route("/api", asked)]))
    assert client.get("/api", headers={TOKEN_HEADER: site.token}).status_code == 200
    assert seen == [turns_of("testclient")]
