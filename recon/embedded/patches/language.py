"""The Amazon States Language: what Retry, Catch, Assign, Choice and Succeed mean."""

from __future__ import annotations

import random
from typing import Any

from ministack.services import stepfunctions

from recon.embedded.patches.replace import replaces

UNCATCHABLE = ("States.Runtime", "States.DataLimitExceeded")


def _is_jsonata(state: dict[str, Any], context: Any) -> bool:
    return bool(stepfunctions._state_query_language(state, context) == "JSONata")


# "States.ALL does not catch States.DataLimitExceeded or States.Runtime" (developer guide, error
# handling); an explicit States.Runtime catcher does not either (LocalStack's recorded
# test_catch_states_runtime).
@replaces(stepfunctions, "_error_matches")
def terminal_errors_match_nothing(original: Any, names: list[str], error: str) -> bool:
    return bool(error not in UNCATCHABLE and original(names, error))


# MiniStack ignores MaxDelaySeconds and JitterStrategy. The wait is worked out here and handed on as
# a constant one.
@replaces(stepfunctions, "_find_matching_retrier")
def cap_and_jitter_the_wait(
    original: Any, retriers: list[dict[str, Any]], error: str, counts: dict[int, int]
) -> tuple[dict[str, Any] | None, int]:
    retrier, index = original(retriers, error, counts)
    if retrier is None:
        return None, index
    wait = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(
        index, 0
    )
    wait = min(wait, retrier.get("MaxDelaySeconds", wait))
    if retrier.get("JitterStrategy") == "FULL":
        wait *= random.random()
    return {**retrier, "IntervalSeconds": wait, "BackoffRate": 1}, index


# "Assign and Output are evaluated in parallel on the values at entry" (developer guide, variables):
# `a: b, b: a` swaps. MiniStack lets a later line see an earlier one's new value.
@replaces(stepfunctions, "_apply_state_assign")
def assign_reads_the_values_at_entry(
    original: Any, state: dict[str, Any], raw_input: Any, context: Any, **bindings: Any
) -> None:
    if context and isinstance(state.get("Assign"), dict) and _is_jsonata(state, context):
        assigned = stepfunctions._apply_jsonata_template(
            state["Assign"], raw_input, context, **bindings
        )
        context["variables"].update(assigned)


# A Succeed state has an Output in JSONata; MiniStack ignores it. It calls this function for Succeed
# alone in JSONata.
@replaces(stepfunctions, "_apply_output_path")
def succeed_evaluates_output(
    original: Any, state: dict[str, Any], data: Any, context: Any = None
) -> Any:
    if state.get("Type") == "Succeed" and _is_jsonata(state, context):
        return stepfunctions._apply_jsonata_output(state, data, context, default=data)
    return original(state, data, context)


# A Choice Condition must be boolean, else States.QueryEvaluationError. MiniStack takes any value
# for true or false.
@replaces(stepfunctions, "_evaluate_jsonata_choice_rule")
def condition_is_boolean(original: Any, rule: dict[str, Any], raw_input: Any, context: Any) -> Any:
    condition = stepfunctions._apply_jsonata_template(rule["Condition"], raw_input, context)
    if not isinstance(condition, bool):
        raise stepfunctions._ExecutionError(
            "States.QueryEvaluationError",
            f"The JSONata expression specified for the field 'Condition' must be boolean, "
            f"but was {condition!r}",
        )
    return condition
