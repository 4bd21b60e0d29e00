"""Every column of the index: its name, dtype, unit and meaning. The one list of what is known per rollout.

`NUMBERS` are plain arrays, the signals among them, `CLASSES` are codes with a vocabulary per source. Facets
(top-level numbers of the line) are extra float64 columns named as in the file. Bodies stay in the source.
"""

from dataclasses import dataclass

from rollout_curator.signals import SIGNALS

SCHEMA = 7
"""Raise when a column changes, so that older caches are rebuilt."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `dtype` is numpy's name, `unit` is empty for pure numbers."""

    name: str
    dtype: str
    unit: str
    meaning: str


_WEIGHED = (
    Column("weight_read", "int32", "tokens", "estimate: messages of system and users, with what a template adds"),
    Column("weight_earlier", "int32", "tokens", "estimate: answers and calls in the prompt"),
    Column("weight_written", "int32", "tokens", "estimate: answers and calls of the output"),
    Column("weight_thought", "int32", "tokens", "estimate: readable reasoning"),
    Column("weight_results", "int32", "tokens", "estimate: tool results"),
    Column("weight_tools", "int32", "tokens", "estimate: definitions of tools"),
    Column("weight_low", "int32", "tokens", "lower bound of the sum of these estimates"),
    Column("weight_high", "int32", "tokens", "upper bound of the sum of these estimates"),
)
WEIGHTS = tuple(column.name for column in _WEIGHED)
"""How long a rollout is in training, whatever `usage` says: what `cost` adds up."""

NUMBERS = (
    Column("line", "int64", "", "number of the line, record or row in the source, from 1"),
    Column("offset", "int64", "bytes", "where the line starts in the source, or in its copy where it is packed"),
    Column("length", "int64", "bytes", "length of the line without its newline"),
    Column("key_hi", "uint64", "", "first half of the content key (xxh3-128 of the line)"),
    Column("key_lo", "uint64", "", "second half of the content key"),
    Column("reward", "float64", "", "reward, NaN when there is none"),
    Column("attempt", "int64", "", "number of the attempt as the source gives it, -1 when it does not"),
    Column("n_items", "int32", "items", "items in prompt and output together"),
    Column("n_turns", "int32", "turns", "assistant turns in the output"),
    Column("n_user_turns", "int32", "turns", "user messages in prompt and output"),
    Column("n_calls", "int32", "calls", "tool calls in the output"),
    Column("n_tool_errors", "int32", "results", "tool results that look like an error"),
    Column("n_tools", "int32", "tools", "tools offered"),
    Column("n_images", "int32", "images", "image parts"),
    Column("chars_prompt", "int64", "characters", "text of the prompt"),
    Column("chars_out", "int64", "characters", "assistant text and call arguments in the output"),
    Column("chars_reasoning", "int64", "characters", "readable reasoning"),
    Column("chars_tool", "int64", "characters", "tool results"),
    Column("tokens_in", "int64", "tokens", "prompt tokens from `usage`, else estimated"),
    Column("tokens", "int64", "tokens", "generated tokens from `usage`, else an estimate of the text alone"),
    Column("estimated", "bool", "", "whether the token counts are estimates from the text, because `usage` is absent"),
    *_WEIGHED,
    Column("prompt_key", "uint64", "", "hash of the prompt: its items, instructions and tools"),
    Column("task_key", "uint64", "", "hash of the agent and the task the line itself names, else of the prompt"),
    Column("names_agent", "bool", "", "whether the line itself names its agent"),
    *(Column(name, "float64", "", (measure.__doc__ or name).splitlines()[0]) for name, measure in SIGNALS.items()),
)

CLASSES = (
    Column("format", "uint32", "", "format the line was read as"),
    Column("agent", "uint32", "", "agent the line names, else the environment its path names"),
    Column("model", "uint32", "", "model that answered"),
    Column("task", "uint32", "", "the index or id the line gives its task, else a hash of the prompt"),
    Column("finish", "uint32", "", "how the rollout ended"),
    Column("invalid", "uint32", "", "why the reward is invalid (masked, truncated, failed), or empty"),
    Column("flags", "uint32", "", "what reading noticed, joined by |"),
    Column("flat", "uint32", "", "outcome of the flat conversion: skip reason, then issues, joined by |"),
    Column("chat", "uint32", "", "outcome of the chat conversion with reasoning dropped"),
    Column("chat_reasoning", "uint32", "", "outcome of the chat conversion with reasoning kept"),
    Column("gym", "uint32", "", "outcome of the conversion that equals NeMo Gym's own"),
)

FACETS_MAX = 200
