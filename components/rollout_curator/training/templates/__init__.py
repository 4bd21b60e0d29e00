"""Chat templates: where one comes from, how it renders a conversation, what of that is each message's text.

`base` names and loads templates, `render` runs them in a process that can be ended, `worker` is that process.
Knows Jinja and nothing of rollouts, trainers or files of examples.
"""

from rollout_curator.training.templates.base import (
    WORDS,
    ChatTemplate,
    built_in,
    from_table,
    load,
    parsed,
    pasted,
    to_table,
    with_tokenizer,
    without_tokenizer,
)

__all__ = [
    "WORDS",
    "ChatTemplate",
    "built_in",
    "from_table",
    "load",
    "parsed",
    "pasted",
    "to_table",
    "with_tokenizer",
    "without_tokenizer",
]
