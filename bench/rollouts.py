"""Synthetic NeMo-Gym-shaped rollouts for benchmarks: many, of a chosen size, the same bytes every time."""

import json
import random
from pathlib import Path

WORDS = [
    "the",
    "model",
    "reads",
    "a",
    "file",
    "runs",
    "tests",
    "finds",
    "why",
    "this",
    "fails",
    "and",
    "tries",
    "again",
]


def write(path: Path, n_rollouts: int, mean_bytes: int, seed: int = 1) -> int:
    """Write `n_rollouts` lines of about `mean_bytes` each to `path`, kept if it begins so; return its size."""
    chance = random.Random(seed)
    prose = " ".join(chance.choice(WORDS) for _ in range(20_000))
    lines = (json.dumps(_rollout(n, chance, prose, mean_bytes)) + "\n" for n in range(n_rollouts))
    first = next(lines)
    if path.exists():
        with open(path, encoding="utf-8") as file:
            if file.readline() == first:
                return path.stat().st_size
    with open(path, "w", encoding="utf-8") as file:
        file.write(first)
        file.writelines(lines)
    return path.stat().st_size


def _rollout(n: int, chance: random.Random, prose: str, mean_bytes: int) -> dict[str, object]:
    turns = 1 + chance.randrange(4)
    each = max(20, int(mean_bytes * chance.uniform(0.5, 1.5)) // (turns * 2 + 1))

    def text(length: int) -> str:
        start = chance.randrange(len(prose) - length - 1) if length < len(prose) else 0
        return prose[start : start + length]

    asked = random.Random(n // 8)
    prompt = " ".join(f"{asked.choice(WORDS)}{asked.randrange(500)}" for _ in range(mean_bytes // 60))
    output: list[dict[str, object]] = []
    for turn in range(turns):
        call = f"call_{n}_{turn}"
        arguments = json.dumps({"path": f"src/{turn}.py", "why": text(40)})
        output.append({"type": "reasoning", "summary": [{"type": "summary_text", "text": text(each // 2)}]})
        output.append({"type": "function_call", "call_id": call, "name": "read_file", "arguments": arguments})
        output.append({"type": "function_call_output", "call_id": call, "output": text(each)})
    part = {"type": "output_text", "text": text(each), "annotations": []}
    output.append({"type": "message", "role": "assistant", "content": [part], "status": "completed"})
    tool = {"type": "function", "name": "read_file", "parameters": {"type": "object", "properties": {"path": {}}}}
    return {
        "_ng_task_index": n // 8,
        "_ng_rollout_index": n % 8,
        "responses_create_params": {"input": [{"role": "user", "content": prompt}], "tools": [tool]},
        "response": {
            "output": output,
            "usage": {"input_tokens": mean_bytes // 8, "output_tokens": turns * each // 4},
        },
        "agent_ref": {"type": "responses_api_agents", "name": ("swe_agent", "math_agent", "shop_agent")[n // 8 % 3]},
        "reward": round(chance.random(), 3),
        "resolution_score": chance.random(),
    }
