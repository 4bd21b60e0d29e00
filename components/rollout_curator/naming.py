"""What people call the columns: the words of axes, filters, figures and tables."""

COMPONENT = "reward_components."
"""Facets with this beginning are parts of the reward."""
_WORDS = {
    "n_items": "items",
    "n_turns": "turns",
    "n_user_turns": "user turns",
    "n_calls": "tool calls",
    "n_tool_errors": "tool errors",
    "n_tools": "tools offered",
    "n_images": "images",
    "chars_prompt": "prompt characters",
    "chars_out": "answer characters",
    "chars_reasoning": "reasoning characters",
    "chars_tool": "tool result characters",
    "tokens_in": "prompt tokens",
    "tokens": "generated tokens",
    "estimated": "tokens estimated",
    "final_chars": "final answer characters",
    "group": "task",
    "task_id": "task",
    "task_mean": "mean reward of the task",
    "finish": "ending",
    "source": "file",
}


def name_of(column: str) -> str:
    """Return what people call a column; a name from data comes back nearly as it is."""
    if column.startswith(COMPONENT):
        return f"reward part {column.removeprefix(COMPONENT)}"
    return _WORDS.get(column) or column.replace("_", " ")
