"""From the items of a rollout to one training example: `flat` as the SFT guide of NeMo Gym has it, `chat` with tools.

Pure functions. Knows items, messages and tools; does not know files, thresholds, trainers or which examples
are left out in the end (it only names the issues that usually keep one out).
Shape of the input: `Rollout.prompt` and `Rollout.output`, Responses items or chat messages, as they were collected.
"""

from rollout_curator.conversation.chat import to_chat
from rollout_curator.conversation.encoding import encode
from rollout_curator.conversation.flat import to_flat
from rollout_curator.conversation.issues import (
    EXCLUDED_BY_DEFAULT,
    HAZARDS,
    ISSUE_WORDS,
    SKIP_WORDS,
    TOLD,
    TRIMMABLE,
    UNLOADABLE,
    count_left_out,
    issue_kind,
    left_out_cause,
)
from rollout_curator.conversation.items import item_type, normalise, open_rollout
from rollout_curator.conversation.loss_marks import answers, mark_items
from rollout_curator.conversation.options import GYM_OPTIONS, ChatOptions, FlatOptions
from rollout_curator.conversation.outcomes import Outcome, Outcomes, usual_outcomes
from rollout_curator.conversation.sharegpt import record_of

__all__ = [
    "EXCLUDED_BY_DEFAULT",
    "GYM_OPTIONS",
    "HAZARDS",
    "ISSUE_WORDS",
    "SKIP_WORDS",
    "TOLD",
    "TRIMMABLE",
    "UNLOADABLE",
    "ChatOptions",
    "FlatOptions",
    "Outcome",
    "Outcomes",
    "answers",
    "count_left_out",
    "encode",
    "issue_kind",
    "item_type",
    "left_out_cause",
    "mark_items",
    "normalise",
    "open_rollout",
    "record_of",
    "to_chat",
    "to_flat",
    "usual_outcomes",
]
