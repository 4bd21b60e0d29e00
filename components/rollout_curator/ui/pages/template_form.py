"""The chat template, the tokenizer and the limit that examples are looked at with: built in, a file, or pasted."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rollout_curator.errors import CuratorError
from rollout_curator.recipe import recipe as recipes
from rollout_curator.recipe.plan import Plan
from rollout_curator.recipe.recipe import Recipe
from rollout_curator.training import templates, tokens
from rollout_curator.training.templates import ChatTemplate
from rollout_curator.training.templates.render import check
from rollout_curator.ui.server.browser_paths import reach_of, typed
from rollout_curator.ui.server.rendering import of_page
from rollout_curator.ui.server.site import Site
from rollout_curator.ui.state import settings, state
from rollout_curator.ui.text import label, sentence_case

NONE, FILE, PASTE, GIVEN = "none", "file", "paste", "given"
PASTED_CHARS = 200_000


def template_form(site: Site, recipe: Recipe, left: DeltaGenerator, right: DeltaGenerator) -> None:
    """Draw the choice of chat template and limit in two places of a row, and what they ask for under it."""
    plan = recipes.plan(recipe)
    with left:
        _choice(plan)
    with right:
        usual = plan.look.target.usual_limit
        st.number_input(
            "Max length (tokens)",
            min_value=1,
            step=256,
            placeholder=f"trainer default: {usual:,}" if usual else "none",
            help=f"If longer, {label(plan.target.title)} {label(plan.target.too_long or 'does nothing')}",
            **state.bind("limit", recipe.max_tokens, settings.set_limit),
        )
    asked = state.session().template_from
    if asked == FILE:
        _file(site)
    elif asked == PASTE:
        _paste()
    template = plan.look.template
    if plan.target.renders == "itself":
        st.caption(f"{label(plan.target.title)} uses its own templates; this choice has no effect.")
    elif template is not None:
        _tokenizer(site, template)


def _choice(plan: Plan) -> None:
    template = plan.look.template
    is_given = template is not None and not template.is_built_in
    said = {NONE: "none", **templates.WORDS, FILE: "from file or folder…", PASTE: "paste…"}
    if template is not None and is_given:
        said = {GIVEN: f"{template.name} (given)", **said}
    now = GIVEN if is_given else template.name if template is not None else NONE
    asked = state.session().template_from
    st.selectbox(
        "Chat template",
        list(said),
        format_func=lambda choice: sentence_case(said.get(choice) or str(choice)),
        help="Best: the model's own (tokenizer_config.json or chat_template.jinja). Built-in templates only resemble "
        "those of some model families.",
        **state.bind("template", asked or now, _take, choices=said.values()),
    )


def _take(choice: str) -> None:
    """Take a choice of the list: a template, or the wish to give one."""
    now = state.session()
    now.template_from = choice if choice in (FILE, PASTE) else ""
    if choice in templates.WORDS:
        settings.set_template(templates.built_in(choice))
    elif choice == NONE:
        settings.set_template(None)


def _file(site: Site) -> None:
    st.text_input(
        "Path of a .jinja file, a tokenizer_config.json or a tokenizer folder",
        max_chars=1000,
        placeholder="models/my-model",
        **state.bind("template-path", "", lambda given: _load(site, given)),
    )


def _load(site: Site, given: str) -> None:
    _try(lambda: templates.load(typed(site, given), reach=reach_of(site)))


def _paste() -> None:
    st.text_area(
        "Jinja template, or the whole tokenizer_config.json",
        height=160,
        max_chars=PASTED_CHARS,
        **state.bind("template-text", "", lambda given: _try(lambda: templates.pasted(given))),
    )


def _tokenizer(site: Site, template: ChatTemplate) -> None:
    """Draw how tokens are counted."""
    if not tokens.has_tokenizers():
        st.caption(
            "Token counts are estimates. For exact counts install the `tokenizers` extra and give the model's "
            "tokenizer.json."
        )
        return
    st.text_input(
        "Tokenizer for exact counts (tokenizer.json or its folder)",
        max_chars=1000,
        placeholder="none (estimated)",
        **state.bind("tokenizer", template.tokenizer, lambda given: _count_with(site, template, given)),
    )


def _count_with(site: Site, template: ChatTemplate, given: str) -> None:
    def made() -> ChatTemplate:
        bare = templates.without_tokenizer(template)
        if not given.strip():
            return bare
        counted = templates.with_tokenizer(bare, typed(site, given), reach=reach_of(site))
        tokens.count(["a"], counted.tokenizer)
        return counted

    _try(made)


def _try(make: Callable[[], ChatTemplate]) -> None:
    """Take a template if it is one; else keep what was, and say why."""
    now = state.session()
    try:
        with of_page().under_way():
            made = make()
            check(made)
    except CuratorError as error:
        now.notice = str(error)
        return
    now.template_from = ""
    settings.set_template(made)
