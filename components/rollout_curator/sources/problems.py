"""Lines and records that are no rollouts: what each kind is called, and which are JSON objects of another sort."""

PROBLEM_WORDS = {
    "not_json": "not JSON",
    "several_objects": "several objects on one line",
    "cut": "cut off",
    "not_object": "JSON, but not an object",
    "invalid_utf8": "not UTF-8",
    "too_deep": "nested too deep",
    "too_long": "too long",
    "too_many_values": "too many values",
    "materialized_input": "materialized inputs, without response and reward",
    "reward_profile": "reward profiles",
    "failure_record": "failure records",
    "not_read_yet": "records of a framework that is not read yet",
    "preference_pair": "preference pairs",
    "unrecognised": "no known shape of rollout",
}

OTHER_OBJECTS = (
    "materialized_input",
    "reward_profile",
    "failure_record",
    "not_read_yet",
    "preference_pair",
    "unrecognised",
)
"""Kinds that are whole objects, only no rollouts: they need a look, and nothing is broken."""
