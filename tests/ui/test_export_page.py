"""The part of the Export page before writing: template and limit, what would do nothing or harm, one example."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from test_pages import opened, state_of

from making import gym, said, write
from rollout_curator.errors import FileInTheWay
from rollout_curator.export import Settings
from rollout_curator.printable import digest
from rollout_curator.recipe.recipe import Recipe, plan
from rollout_curator.ui import loading
from rollout_curator.ui.server import site as sites
from rollout_curator.ui.server.serve_options import ServeOptions
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import state
from rollout_curator.workspace import conversion_outcomes
from rollout_curator.workspace.workspace import Workspace

IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
ROLLOUTS: list[dict[str, Any]] = [
    gym(),
    gym(output=[said("a"), {"type": "message", "role": "user", "content": "More?"}, said("b" * 4000)], reward=2.0),
    gym(prompt=[{"role": "user", "content": [IMAGE]}]),
    gym(response={"incomplete_details": {"reason": "max_output_tokens"}}),
    gym(output=[{"type": "function_call", "call_id": "c", "name": "add", "arguments": "{}"}]),
]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Open five rollouts: plain, long, with an image, cut off, ending on a call; looks are waited for."""
    monkeypatch.setattr(loading, "PATIENCE_S", 30.0)
    source = write(tmp_path / "run.jsonl", ROLLOUTS)
    workspace = Workspace.open([source], tmp_path / "cache")
    yield sites.install(Site(ServeOptions(paths=(source,), out_dir=tmp_path), workspace))
    workspace.close()


def table(app: AppTest) -> dict[str, str]:
    """Return the lines of the table with what happens to each."""
    return {control.label: control.value for control in app.segmented_control if "policy" in str(control.key)}


def choose(app: AppTest, name: str, choice: str) -> AppTest:
    """Choose what happens to examples with an issue."""
    return app.segmented_control(key=f"rc.policy-{name}").set_value(choice).run()


def select(app: AppTest, label: str, words: str) -> AppTest:
    """Choose from a list by the words that are shown."""
    box = next(box for box in app.selectbox if box.label == label)
    return box.select(next(option for option in box.options if option.startswith(words))).run()


def captions(app: AppTest) -> str:
    """Return all small print."""
    return "\n".join(caption.value for caption in app.caption).replace("\\", "")


def pieces(app: AppTest) -> list[Any]:
    """Return what the trainer's view was given to draw."""
    mounted = [element.proto for element in app.get("bidi_component")]
    found = [json.loads(proto.json)["pieces"] for proto in mounted if "pieces" in proto.json]
    return list(found[0])


def exportable(app: AppTest) -> str:
    """Return how many the button would write."""
    return app.button(key="rc.export").label


def test_what_is_odd_is_counted_with_what_happens_to_it(site: Site) -> None:
    app = opened("export")
    assert table(app) == {
        "have list content while other examples have text content": "drop",
        "call tools, but no tools were recorded": "keep",
        "were truncated (hit a limit)": "drop",
        "end on a tool call": "keep",
        "contain images": "drop",
    }
    assert "too long" in captions(app)
    assert "Not checked (choose a chat template): template fails," in captions(app)


def test_a_limit_leaves_out_what_is_too_long_and_trim_brings_it_back(site: Site) -> None:
    app = opened("export")
    assert exportable(app) == "Export 3 examples"
    app.number_input(key="rc.limit").set_value(500).run()
    assert (exportable(app), table(app)["exceed the trainer's max length"]) == ("Export 2 examples", "drop")
    choose(app, "over_length", "trim")
    assert exportable(app) == "Export 3 examples"
    assert "Among them: 1 trimmed because it exceeds the trainer's max length." in captions(app)
    assert state_of(app).recipe.trim == ("over_length",)
    choose(app, "over_length", "drop")
    assert (state_of(app).recipe.trim, exportable(app)) == ((), "Export 2 examples")


def test_the_gate_decides_about_calls_at_the_end_and_answers_cut_off(site: Site) -> None:
    app = choose(choose(opened("export"), "ends_in_tool_call", "drop"), "truncated", "keep")
    recipe = state_of(app).recipe
    assert (recipe.drop, recipe.keep, exportable(app)) == (("ends_in_tool_call",), ("truncated",), "Export 3 examples")


def test_a_template_is_chosen_and_shows_its_text(site: Site) -> None:
    app = select(opened("export"), "Chat template", "ChatML, no tools")
    assert state_of(app).recipe.template["name"] == "chatml"
    assert "Not checked (choose a chat template)" not in captions(app)
    heads = [piece["head"] for piece in pieces(app)]
    assert heads == ["message 1, user \u00b7 about 10 tokens", "message 2, assistant \u00b7 about 7 tokens"]
    assert [piece["trained"] for piece in pieces(app)] == [False, True]
    assert pieces(app)[1]["text"] == "<|im_start|>assistant\n4.<|im_end|>\n"


def test_a_pasted_template_is_taken_and_a_wrong_one_is_told(site: Site) -> None:
    app = select(opened("export"), "Chat template", "Paste…")
    app.text_area(key="rc.template-text").input("{% if %}").run()
    assert "not a chat template" in app.warning[0].value
    app.text_area(key="rc.template-text").input("{% for m in messages %}{{ m.content }}{% endfor %}").run()
    assert state_of(app).recipe.template["name"] == "pasted"
    assert not app.warning


def test_a_template_of_a_file_is_taken(site: Site, tmp_path: Path) -> None:
    (tmp_path / "mine.jinja").write_text("{% for m in messages %}{{ m.content }}{% endfor %}")
    app = select(opened("export"), "Chat template", "From file or folder…")
    app.text_input(key="rc.template-path").input(str(tmp_path / "absent.jinja")).run()
    assert "no such file or folder" in app.warning[0].value
    app.text_input(key="rc.template-path").input(str(tmp_path / "mine.jinja")).run()
    assert state_of(app).recipe.template["name"] == "mine.jinja"


def test_a_shared_server_reads_no_template_from_elsewhere(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "theirs.jinja"
    elsewhere.write_text("x")
    sites.install(Site(ServeOptions(paths=site.options.paths, shared=True), site.workspace))
    app = select(opened("export"), "Chat template", "From file or folder…")
    app.text_input(key="rc.template-path").input(str(elsewhere)).run()
    assert "no such file can be opened from here" in app.warning[0].value
    assert state_of(app).recipe.template == {}


def test_one_steps_through_the_examples(site: Site) -> None:
    app = opened("export")
    assert (app.button(key="rc.previous").disabled, app.button(key="rc.next").disabled) == (True, False)
    app.button(key="rc.next").click().run()
    assert (state_of(app).nth, app.number_input(key="rc.nth").value) == (2, 2)
    assert any("bbbb" in block.value for block in app.code)
    app.number_input(key="rc.nth").set_value(3).run()
    assert app.button(key="rc.next").disabled


def test_the_rollout_last_read_in_review_is_one_press_away(site: Site) -> None:
    assert site.workspace
    app = opened("export")
    assert not [button for button in app.button if button.key == "rc.last"]
    state_of(app).key = site.workspace.key(4)
    app.run().button(key="rc.last").click().run()
    assert state_of(app).nth == 3


def test_a_look_that_takes_long_shows_how_far_it_is_and_can_be_cancelled(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened("export")
    monkeypatch.setattr(loading, "PATIENCE_S", 0.0)
    assert site.workspace
    monkeypatch.setattr(conversion_outcomes, "LOOK_EVERY", 1)
    with closing(site.workspace.conversion_outcomes.check_examples(plan(Recipe(target="openai")))) as another:
        assert next(another) == 1
        app.number_input(key="rc.limit").set_value(500).run()
        assert "rc.export" not in [button.key for button in app.button]
        app.button(key="rc.cancel-look").click().run()
    assert state_of(app).recipe.max_tokens is None
    assert exportable(app) == "Export 3 examples"


def test_of_many_rollouts_hazards_are_looked_for_when_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "ALWAYS_MAX", 2)
    app = opened("export")
    assert "5 examples not checked yet." in captions(app)
    assert "have contents that are lists, where others are text" not in table(app)
    app.button(key="rc.look").click().run()
    assert "have list content while other examples have text content" in table(app)


def test_a_trainer_that_refuses_columns_gets_none(site: Site) -> None:
    app = opened("export")
    app.multiselect(key="rc.metadata").select("line").run()
    app.selectbox(key="rc.target").select("openai").run()
    assert (state_of(app).recipe.target, state_of(app).recipe.metadata) == ("openai", ())


def test_each_file_of_somebody_else_is_asked_for_by_itself(site: Site, tmp_path: Path) -> None:
    for name in ("curated.nemo_rl", "curated.nemo_rl.control", "other"):
        (tmp_path / f"{name}.jsonl").write_text("mine\n")
    app = opened("export", min="1.5")
    app.checkbox(key="rc.with-control").check().run()
    app.checkbox(key=f"rc.replace-{digest(tmp_path / 'curated.nemo_rl.jsonl')}").check().run()
    assert app.button(key="rc.export").disabled
    app.checkbox(key=f"rc.replace-{digest(tmp_path / 'curated.nemo_rl.control.jsonl')}").check().run()
    assert not app.button(key="rc.export").disabled
    app.text_input[0].set_value("other.jsonl").run()
    assert app.button(key="rc.export").disabled
    assert [box.value for box in app.checkbox if "other" in box.label] == [False]


WAITS = "Tick each file above that would be overwritten, or enter another file name."


def test_beside_the_button_stands_for_what_it_waits(site: Site, tmp_path: Path) -> None:
    assert WAITS not in captions(opened("export"))
    (tmp_path / "curated.nemo_rl.jsonl").write_text("mine\n")
    app = opened("export")
    assert app.button(key="rc.export").disabled
    assert WAITS in captions(app)
    app.checkbox(key=f"rc.replace-{digest(tmp_path / 'curated.nemo_rl.jsonl')}").check().run()
    assert WAITS not in captions(app)


def test_a_card_and_a_report_of_somebody_else_are_asked_for_by_name(site: Site, tmp_path: Path) -> None:
    for name in ("curated.nemo_rl.card.md", "curated.nemo_rl.report.jsonl"):
        (tmp_path / name).write_text("mine\n")
    app = opened("export")
    app.checkbox(key="rc.card").check().run()
    app.checkbox(key="rc.report").check().run()
    (box,) = [box for box in app.checkbox if box.label.startswith("Overwrite ")]
    assert box.label.replace("\\", "") == (
        "Overwrite curated.nemo_rl.report.jsonl of 5 bytes (was not written by rollout-curator), "
        "curated.nemo_rl.card.md of 5 bytes (was not written by rollout-curator)"
    )
    assert app.button(key="rc.export").disabled
    box.check().run()
    app.button(key="rc.export").click().run()
    assert site.export is not None
    assert site.export.wait(20)
    assert site.export.result is not None
    assert "curated.nemo_rl.card.md was overwritten: it was not written by rollout-curator." in site.export.result.notes


def test_an_export_that_was_edited_by_hand_is_asked_for(site: Site, tmp_path: Path) -> None:
    app = opened("export")
    app.button(key="rc.export").click().run()
    assert site.export is not None
    assert site.export.wait(20)
    out = tmp_path / "curated.nemo_rl.jsonl"
    assert not opened("export").button(key="rc.export").disabled
    out.write_bytes(out.read_bytes().replace(b"4", b"5", 1))
    app = opened("export")
    assert [box.label.replace("\\", "") for box in app.checkbox if "rc.replace" in str(box.key)] == [
        "Overwrite curated.nemo_rl.jsonl of 4.43 kB (was changed since rollout-curator wrote it)"
    ]
    assert app.button(key="rc.export").disabled


def test_a_file_that_comes_after_the_page_was_drawn_is_not_replaced_and_then_asked_for(
    site: Site, tmp_path: Path
) -> None:
    app = opened("export")
    out = tmp_path / "curated.nemo_rl.jsonl"
    assert site.workspace
    out.write_text("mine\n")
    job = site.begin_export(site.workspace, Recipe(), out, Settings())
    assert job.wait(20)
    assert (out.read_text(), type(job.failure)) == ("mine\n", FileInTheWay)
    app.run()
    assert app.error[0].value.replace("\\", "") == (
        f"{out}: was not written by rollout-curator, so it is not overwritten; nothing was written: tick it above or "
        "enter another name."
    )
    assert app.button(key="rc.export").disabled


def test_the_command_writes_the_control_too_where_one_is_asked_for(site: Site, tmp_path: Path) -> None:
    app = opened("export", min="1.5")
    app.checkbox(key="rc.with-control").check().run()
    assert [block.value for block in app.code if block.value.endswith("--with-control 1")]
    app.button(key="rc.export").click().run()
    assert site.export is not None
    assert site.export.wait(20)
    assert site.export.result is not None
    assert site.export.result.command.endswith("--with-control 1")
    app.run()
    assert [block.value for block in app.code if block.value.endswith("--with-control 1")]


def test_controls_beside_a_file_may_have_as_many_tokens(site: Site, tmp_path: Path) -> None:
    app = opened("export", min="1.5")
    app.checkbox(key="rc.with-control").check().run()
    assert app.selectbox(key="rc.beside-by").value == "rollouts"
    app.selectbox(key="rc.beside-by").set_value("tokens").run()
    command = next(block.value for block in app.code if block.value.startswith("rollout-curator export"))
    assert "--control-by tokens" in command and command.endswith("--with-control 1")


def test_several_controls_have_a_seed_each(site: Site, tmp_path: Path) -> None:
    app = opened("export", min="1.5")
    app.checkbox(key="rc.with-control").check().run()
    app.number_input(key="rc.controls").set_value(2).run()
    app.button(key="rc.export").click().run()
    assert site.export is not None
    assert site.export.wait(20)
    assert [made.path.name for made in site.export.controls] == [
        "curated.nemo_rl.control-1.jsonl",
        "curated.nemo_rl.control-2.jsonl",
    ]
    app.run()
    told = [block.value for block in app.markdown if "Wrote a random baseline" in block.value]
    assert len(told) == 2
    assert all("with the selection of" in words for words in told)


def test_a_control_that_was_stopped_or_may_not_be_written_is_told(site: Site, tmp_path: Path) -> None:
    source = Workspace.open([write(tmp_path / "out.control.jsonl", ROLLOUTS)], tmp_path / "cache")
    job = site.begin_export(source, Recipe(min_reward=1.5), tmp_path / "out.jsonl", Settings(seeds=(0,)))
    assert job.wait(20)
    assert "out.control.jsonl: is a source file" in str(job.failure)
    assert not (tmp_path / "out.jsonl").exists()
    job = site.begin_export(source, Recipe(min_reward=1.5), tmp_path / "new.jsonl", Settings(seeds=(0,)))
    assert job.wait(20)
    job.controls = []
    app = opened("export")
    assert [note.value for note in app.info if note.value.startswith("Cancelled before all random baselines")]


def test_an_old_link_to_a_trainer_still_opens_it(site: Site) -> None:
    assert {"min", "target", "format"} <= set(state.EVERYWHERE)
    assert state_of(opened("export", target="axolotl")).recipe.target == "axolotl"


# Pairs


def pairing(tmp_path: Path, *lines: dict[str, Any]) -> AppTest:
    """Open the page on some attempts at one task, with pairs chosen and the form named that TRL takes."""
    source = write(tmp_path / "attempts.jsonl", [{**line, "_ng_task_index": 0} for line in lines])
    sites.install(Site(ServeOptions(paths=(source,), out_dir=tmp_path), Workspace.open([source], tmp_path / "cache2")))
    app = opened("export")
    app.segmented_control(key="rc.rows").set_value("pairs").run()
    return select(app, "Pair format", "TRL")


LOOKS = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
SEES = {"type": "function_call_output", "call_id": "c", "output": "seven"}


def test_the_sides_of_pairs_are_measured_before_they_are_written(site: Site, tmp_path: Path) -> None:
    app = pairing(tmp_path, gym(reward=1.0, output=[LOOKS, SEES, said("7")]), gym(reward=0.0, output=[said("no")]))
    assert (
        "The chosen side is longer in the only pair (median 7 vs 2 characters of the model's own). "
        "With tool results and user turns it is longer in the only pair (median 12 vs 2 characters). "
        "It takes more turns in the only pair (median 2 vs 1)."
    ) in captions(app)
    assert (
        "36% of the characters of the sides are not the model's (tool results, user turns), in the only pair, and "
        "TRL's DPO trains on them as on answers."
    ) in captions(app)


def test_lengths_and_the_turns_of_others_are_a_choice(site: Site, tmp_path: Path) -> None:
    app = pairing(tmp_path, gym(reward=1.0, output=[LOOKS, SEES, said("7")]), gym(reward=0.0, output=[said("no")]))
    select(app, "Pairing rule", "the two closest in length")
    select(app, "Length ratio of the two sides", "≤ 1.5 to 1")
    assert "1 has no such pair close enough in length" in captions(app)
    select(app, "Length ratio of the two sides", "any")
    select(app, "Tool results and user turns within a side", "leave such pairs out")
    assert "1 has no such pair with only the model's own turns" in captions(app)
    chosen = state_of(app).recipe.pairs
    assert chosen is not None
    assert (chosen.rule, chosen.max_length_ratio, chosen.other_turns) == ("closest_length", 0.0, "leave_out")


def test_with_pairs_the_page_tells_what_the_trainer_does_with_pairs(site: Site, tmp_path: Path) -> None:
    app = pairing(tmp_path, gym(reward=1.0, output=[said("7")]), gym(reward=0.0, output=[said("no")]))
    says = "\n".join(text.value for text in app.markdown if text.value.startswith("- ")).replace("\\", "")
    assert "every token counts, tool results and user turns too" in says
    assert "TRL trains on every token, prompts too" not in says
    select(app, "Pair format", "NeMo RL")
    says = "\n".join(text.value for text in app.markdown if text.value.startswith("- ")).replace("\\", "")
    assert "NeMo RL's DPO trains on the last message of each side alone" in says


def test_the_view_says_where_it_is_not_known_what_trl_trains(site: Site) -> None:
    app = select(select(opened("export"), "Trainer", "TRL"), "Chat template", "ChatML, no tools")
    heads = [text.value for text in app.markdown if text.value.startswith("**As")]
    assert heads == ["**As this template renders it, not TRL**: about 16 tokens"]
    assert [piece["trained"] for piece in pieces(app)] == [None, None]
    assert "Unknown what TRL trains: this template does not belong to a model" in app.warning[0].value.replace("\\", "")
    assert "Not checked (choose the trainer's own template)" in captions(app)


def test_rows_a_step_and_epochs_of_the_cost_are_those_of_the_config_and_of_the_command(site: Site) -> None:
    app = opened("export", target="trl", min="1.5")
    app.number_input(key="rc.cost-batch-trl-1024").set_value(2)
    app.number_input(key="rc.cost-epochs").set_value(3).run()
    app.checkbox(key="rc.with-control").check().run()
    assert "--batch-size 2 --epochs 3" in " ".join(block.value for block in app.code)
    app.button(key="rc.export").click().run()
    assert site.export is not None
    assert site.export.wait(30)
    assert site.export.result is not None
    for written in (site.export.result, *site.export.controls):
        assert "gradient_accumulation_steps=2" in written.config
        assert "num_train_epochs=3" in written.config
    assert len(site.export.controls) == 1
    assert "--batch-size 2 --epochs 3" in site.export.result.command


def test_what_was_not_changed_in_the_cost_is_not_in_the_command(site: Site) -> None:
    assert "--batch-size" not in " ".join(block.value for block in opened("export", target="trl").code)


def test_where_the_config_sets_no_steps_the_cost_says_so(site: Site) -> None:
    assert "OpenAI chooses batch size and epochs itself" in captions(opened("export", target="openai"))


def test_what_trains_nothing_costs_nothing(site: Site) -> None:
    assert "Training cost" not in [one.label for one in opened("export", target="gym").expander]


@pytest.mark.parametrize(
    ("target", "head"),
    [
        ("nemo_rl", "**Messages NeMo RL receives**: about "),
        ("openai", "**Messages OpenAI receives**: about "),
        ("gym", "**Messages NeMo Gym makes**: about "),
    ],
)
def test_without_a_template_the_view_claims_only_the_messages(site: Site, target: str, head: str) -> None:
    app = opened("export", target=target)
    assert any(text.value.startswith(head) for text in app.markdown)
    assert not any("renders it" in text.value for text in app.markdown)
