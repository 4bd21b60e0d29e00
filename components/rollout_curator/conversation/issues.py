"""Names of issues and skip reasons, in plain words, and which of them keep a rollout out."""

BROKEN_TURNS = frozenset(
    {"unanswered_tool_call", "lost_tool_results", "orphan_tool_message", "duplicate_call_id", "unclosed_think"}
)
"""Kinds of issue that begin at one turn; the turns before it are sound (C12, C13)."""
UNLOADABLE = frozenset({"big_number", "half_surrogate"})
"""Kinds of issue at which the loaders of trainers stop, or which they change: no shorter example mends them (M12)."""

EXCLUDED_BY_DEFAULT = frozenset(
    {
        *BROKEN_TURNS,
        *UNLOADABLE,
        "missing_call_id",
        "unread_content",
        "unread_tools",
        "context_compacted",
        "all_marked",
    }
)
"""Kinds of issue that keep a rollout out unless the user decides otherwise."""

TRIMMABLE = frozenset(
    {
        "trimmed_tail",
        "ends_in_tool_call",
        "unsupported_item",
        "truncated",
        *BROKEN_TURNS,
        "over_length",
        "template_error",
        "prefix_error",
        "history_rewritten",
        "double_encoded",
        "image_repr",
        "skipped_by_trainer",
        "text_beside_calls",
        "mixed_content",
    }
)
"""Kinds of issue that ending the example on an earlier answer can mend."""

HAZARDS = {
    "refused_by_trainer": "would be rejected by the trainer (load fails)",
    "skipped_by_trainer": "would be skipped by the trainer",
    "over_length": "exceed the trainer's max length",
    "no_trained_token": "have no trained tokens",
    "template_error": "make the chat template fail",
    "prefix_error": "make the chat template fail on a prefix of the conversation",
    "history_rewritten": "have earlier turns rewritten by the chat template",
    "double_encoded": "have double-encoded tool arguments",
    "image_repr": "have content rendered as a Python repr",
    "text_beside_calls": "have text beside their tool calls, on which some of the trainer's templates fail",
    "trained_prompt": "have assistant turns in the prompt that would also be trained",
    "mixed_content": "have list content while other examples have text content",
    "none_filled": "have tool schemas that datasets may pad with null keys",
}
"""What an example does in training that nobody wants, as reasons in words that follow a number."""

SKIP_WORDS = {
    "no_params": "have no request parameters",
    "no_response": "have no response",
    "empty_output": "have an empty output",
    "not_a_list": "have a conversation that is not a list",
    "bad_item": "have an invalid conversation item",
    "unknown_role": "have a message of an unknown role",
    "bad_content": "have content that is neither text nor content parts",
    "bad_tool_call": "have a tool call without a function name",
    "unsupported_item": "have an item the chat format cannot express",
    "no_assistant_text": "have no assistant text",
    "no_final_assistant": "have no final assistant message",
    "tail_after_assistant": "do not end with an assistant message",
    "final_tool_call": "would end on a tool call",
    "media": "contain images, audio or video",
    "mixed_marks": "have an answer that is marked as not to be trained in part only",
    "non_finite_number": "contain NaN or Infinity",
    "too_deep": "are nested too deeply for trainers",
}
"""Reasons why no example can be made, in words that follow a number: "6 have no final assistant message"."""

ISSUE_WORDS = {
    **SKIP_WORDS,
    # Issues: an example is made, and this should be known.
    "nested_output": "have nested lists in the conversation",
    "nested_cumulative": "repeat the whole history at each step",
    "prompt_in_output": "repeat the prompt in the output",
    "dropped_function_call": "lose tool calls",
    "dropped_function_call_output": "lose tool results",
    "dropped_reasoning": "lose reasoning",
    "dropped_input_function_call": "lose tool calls in the prompt",
    "dropped_input_function_call_output": "lose tool results in the prompt",
    "dropped_input_reasoning": "lose reasoning in the prompt",
    "dropped_item": "lose a non-text item",
    "dropped_user_turn": "lose later user turns",
    "dropped_media": "lose images, audio or video",
    "dropped_part": "lose part of a message",
    "dropped_tool": "lose the description of a tool",
    "dropped_empty_assistant": "had an empty assistant message (removed)",
    "stripped_think": "had <think> blocks removed from the text",
    "reasoning": "have reasoning",
    "reasoning_hidden": "have hidden (encrypted or missing) reasoning",
    "image": "contain images",
    "audio": "contain audio",
    "video": "contain video",
    "file": "have a file or other media that no trainer takes",
    "unread": "have fields that were not read",
    "unread_content": "have content that was not understood",
    "unread_tools": "have tools that could not be read",
    "tools_not_recorded": "call tools, but no tools were recorded",
    "unknown_tool": "call a tool that was not offered",
    "arguments_off_schema": "have tool arguments that break the tool's schema",
    "empty_arguments": "have empty tool arguments, written as {}",
    "paired_by_order": "have tool results without ids, paired with their calls by order",
    "made_call_ids": "have tool calls without ids (ids were generated)",
    "joined_answers": "have consecutive answers, merged into one",
    "context_compacted": "had their context rewritten on the way, so the model never saw this conversation",
    "marked_turns": "have answers that are marked as not to be trained",
    "all_marked": "have all their answers marked as not to be trained",
    "template_kwargs": "were sampled with settings of the chat template",
    "bad_tool_args": "have tool arguments that are not a JSON object",
    "missing_call_id": "have a tool call or result without a call_id",
    "trimmed_tail": "had messages after the last assistant message removed",
    "ends_in_tool_call": "end on a tool call",
    "unanswered_tool_call": "have a tool call without a result",
    "late_tool_result": "have a tool result out of order",
    "lost_tool_results": "continue after a tool call whose result is missing",
    "orphan_tool_message": "have an orphan tool result (no matching call)",
    "duplicate_call_id": "reuse the id of a pending tool call",
    "no_user": "have no user message",
    "big_number": "have a number beyond 64 bits, which the trainer's loader changes",
    "rounded_number": "have decimals that the trainer's loader rounds",
    "half_surrogate": "contain invalid Unicode (lone surrogate), on which trainers fail",
    "truncated": "were truncated",
    "unclosed_think": "have an unclosed <think> block",
    "trimmed": "are trimmed",
    **HAZARDS,
}
"""Kind of issue or skip reason -> words that follow a number: "6 end on a tool call"."""


LEFT_OUT_WORDS = {
    "reasoning": ("block of reasoning", "blocks of reasoning"),
    "hidden_reasoning": ("block of hidden reasoning", "blocks of hidden reasoning"),
    "tool_calls": ("tool call", "tool calls"),
    "tool_results": ("tool result", "tool results"),
    "tools": ("tool definition", "tool definitions"),
    "media": ("image, sound, video or file", "images, sounds, videos or files"),
    "parts": ("message part", "message parts"),
    "items": ("item that is not text", "items that are not text"),
    "user_turns": ("later user turn", "later user turns"),
    "instructions": ("set of instructions", "sets of instructions"),
    "names": ("author name", "author names"),
    "tail": ("message after the last answer", "messages after the last answer"),
    "trimmed": ("message after the cut", "messages after the cut"),
    "template_kwargs": ("chat template setting", "chat template settings"),
    "marks": ("mark of an answer as not to be trained", "marks of answers as not to be trained"),
}
"""What was recorded and is not in an example, by kind: the words for one such thing, and for several."""
_BY_FLAT = dict.fromkeys(
    ("reasoning", "tool_calls", "tool_results", "tools", "items", "user_turns", "names"), "flat has none"
)
_CAUSES = {
    "reasoning": "option reasoning = drop",
    "hidden_reasoning": "only the provider can read it",
    "tools": "not functions",
    "media": "option media, or not accepted by any trainer",
    "parts": "of a kind no rule knows",
    "items": "unsupported_item is kept",
    "instructions": "option with_instructions = false",
    "names": "of messages that were joined, or option names",
    "tail": "option trailing = trim",
    "trimmed": "trim",
    "template_kwargs": "this trainer reads none",
    "marks": "this trainer reads none",
}
TOLD = frozenset({"reasoning", "image", "audio", "video"})
"""Issues that say what an example has, not what it lost or how it was changed."""


def left_out_cause(kind: str, style: str) -> str:
    """Return by which option or rule a kind of thing is left out of examples of a format, flat or chat."""
    return (_BY_FLAT.get(kind) if style == "flat" else None) or _CAUSES.get(kind, "")


def count_left_out(kind: str, n: int) -> str:
    """Return how many things of a kind are left out: 1 tool call, 1,204 tool calls."""
    one, several = LEFT_OUT_WORDS.get(kind, (kind, kind))
    return f"{n:,} {one if n == 1 else several}"


def issue_kind(issue: str) -> str:
    """Return the kind of an issue: what stands before the colon."""
    return issue.partition(":")[0]
