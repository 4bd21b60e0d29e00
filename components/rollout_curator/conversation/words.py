"""Names of issues and skip reasons, in plain words, and which of them keep a rollout out."""

UNLOADABLE = frozenset({"big_number", "half_surrogate"})
"""Kinds of issue at which the loaders of trainers stop, or which they change: no shorter example mends them."""

EXCLUDED_BY_DEFAULT = (
    frozenset(
        {"unanswered_tool_call", "lost_tool_results", "orphan_tool_message", "duplicate_call_id", "unclosed_think"}
    )
    | UNLOADABLE
)
"""Kinds of issue that keep a rollout out unless the user decides otherwise (C12, C13, M12)."""

TRIMMABLE = frozenset(
    {
        "trimmed_tail",
        "ends_in_tool_call",
        "unsupported_item",
        "truncated",
        *(EXCLUDED_BY_DEFAULT - UNLOADABLE),
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
    "refused_by_trainer": "are refused by the trainer",
    "skipped_by_trainer": "are passed over by the trainer",
    "over_length": "are longer than the trainer's limit",
    "no_trained_token": "have nothing that is trained on",
    "template_error": "make the chat template fail",
    "prefix_error": "make the chat template fail part of the way",
    "history_rewritten": "have earlier turns rewritten by the chat template",
    "double_encoded": "have tool arguments that are encoded twice",
    "image_repr": "have parts that are printed as Python code",
    "text_beside_calls": "lose the text beside their tool calls",
    "trained_prompt": "have answers in the prompt that are trained too",
    "mixed_content": "have contents that are lists, where others are text",
    "none_filled": "have tools that may get keys they never had",
}
"""What an example does in training that nobody wants, as reasons in words that follow a number."""

SKIP_WORDS = {
    "no_params": "have no request parameters",
    "no_response": "have no response",
    "empty_output": "have an empty output",
    "not_a_list": "have a conversation that is not a list",
    "bad_item": "have an element that is not a conversation item",
    "unknown_role": "have a message of an unknown role",
    "bad_content": "have content that is neither text nor parts",
    "bad_tool_call": "have a tool call without a function name",
    "unsupported_item": "have an item that chat cannot express",
    "no_assistant_text": "have no assistant text",
    "no_final_assistant": "have nothing left to end on",
    "tail_after_assistant": "do not end with the assistant",
    "final_tool_call": "would end on a tool call",
    "media": "have images, sound or video",
    "non_finite_number": "have a number that is not finite",
    "too_deep": "are nested too deep for trainers to read",
}
"""Reasons why no example can be made, in words that follow a number: "6 have nothing left to end on"."""

ISSUE_WORDS = {
    **SKIP_WORDS,
    # Issues: an example is made, and this should be known.
    "nested_output": "have lists inside the conversation",
    "nested_cumulative": "repeat the conversation so far at each step",
    "prompt_in_output": "have their prompt in the output",
    "dropped_function_call": "lose tool calls",
    "dropped_function_call_output": "lose tool results",
    "dropped_reasoning": "lose reasoning",
    "dropped_input_function_call": "lose tool calls in the prompt",
    "dropped_input_function_call_output": "lose tool results in the prompt",
    "dropped_input_reasoning": "lose reasoning in the prompt",
    "dropped_item": "lose an item that is not text",
    "dropped_user_turn": "lose later user turns",
    "dropped_media": "lose images, sound or video",
    "dropped_part": "lose a part of a message",
    "dropped_tool": "lose the description of a tool",
    "dropped_empty_assistant": "had an assistant message with nothing in it",
    "stripped_think": "had thinking taken out of the text",
    "reasoning": "have reasoning",
    "reasoning_hidden": "have reasoning that was not disclosed",
    "image": "have images",
    "audio": "have sound",
    "video": "have video",
    "placeholder": "have a tool result that is not text",
    "bad_tool_args": "have tool arguments that are not a JSON object",
    "missing_call_id": "have a tool call or result without an id",
    "trimmed_tail": "have messages after the last assistant message cut off",
    "ends_in_tool_call": "end on a tool call",
    "unanswered_tool_call": "have a tool call that was never answered",
    "late_tool_result": "have a tool result that does not follow its call",
    "lost_tool_results": "have text after a tool call, where its result is missing",
    "orphan_tool_message": "have a tool result without a call",
    "duplicate_call_id": "use the id of an open tool call again",
    "no_user": "have no user message",
    "big_number": "have a number beyond 64 bits, which the trainer's loader changes",
    "rounded_number": "have decimals that the trainer's loader rounds",
    "half_surrogate": "have half a surrogate pair, at which trainers stop",
    "truncated": "were cut off",
    "unclosed_think": "have thinking that was never closed",
    "trimmed": "are cut short",
    **HAZARDS,
}
"""Kind of issue or skip reason -> words that follow a number: "6 end on a tool call"."""


def issue_kind(issue: str) -> str:
    """Return the kind of an issue: what stands before the colon."""
    return issue.partition(":")[0]
