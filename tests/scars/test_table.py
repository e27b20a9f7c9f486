"""
The fourteen tests that a bus and a store owe: where each of them is.

Each once failed somewhere: in a library, in a broker, in somebody's production. Those that a room's
own tests cover completely are named here and not written twice; this table is held against what
there is.
"""

import ast

import pytest

from tests.house.source import ROOT

#: What must hold, and the tests that would say otherwise.
TABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "1. killed between commit and acknowledge: one effect": {
        "tests/scars/test_crashes.py": (
            "test_01_killed_between_commit_and_acknowledge_it_has_one_effect",
        ),
        "tests/service/test_intake.py": ("test_a_repetition_after_a_restart_is_told_too",),
    },
    "2. killed between sent and the answer: the venue is asked, no second order": {
        "tests/scars/test_crashes.py": (
            "test_02_killed_between_sending_and_the_answer_the_venue_says_what_became_of_it",
        ),
        "tests/crash/test_crash.py": (
            "test_killed_anywhere_nothing_is_placed_twice_and_nothing_is_lost",
        ),
    },
    "3. cancelled at random moments: no torn state, redelivery agrees": {
        "tests/scars/test_core.py": (
            "test_03_whoever_is_cancelled_at_any_moment_finds_its_message_complete_or_absent",
        ),
        "tests/store/test_cancellation.py": ("test_a_cancelled_commit_is_complete_or_absent",),
    },
    "4. the connection drops while a handler runs: same end": {
        "tests/scars/test_broker.py": (
            "test_04_a_connection_that_drops_while_messages_are_worked_on_changes_nothing",
        ),
        "tests/bus/test_rabbitmq_outages.py": (
            "test_a_connection_that_is_cut_again_and_again_loses_nothing",
            "test_an_iterator_outlives_the_broker",
        ),
    },
    "5. poison that raises, poison that kills: dead letters, others flow": {
        "tests/scars/test_crashes.py": (
            "test_05_a_message_that_kills_the_process_ends_as_a_dead_one_and_others_flow",
        ),
        "tests/bus/test_rabbitmq_careful.py": (
            "test_what_kills_one_process_after_another_ends_alone_among_the_dead",
        ),
        "tests/fuzz/test_broker.py": ("test_ten_thousand_spoilt_messages",),
    },
    "6. two workers, work in hand at the hand-over: the token refuses the first": {
        "tests/scars/test_crashes.py": (
            "test_06_and_07_a_runtime_that_slept_through_its_lease_is_refused_by_the_token",
        ),
    },
    "7. stopped longer than the lease: the same": {
        "tests/scars/test_crashes.py": (
            "test_06_and_07_a_runtime_that_slept_through_its_lease_is_refused_by_the_token",
        ),
        "tests/store/test_fencing.py": (
            "test_a_runtime_that_was_stopped_longer_than_its_lease_writes_nothing",
        ),
        "tests/store/test_two_runtimes.py": (
            "test_a_runtime_that_was_stopped_longer_than_its_lease_ends_itself",
        ),
    },
    "8. fifty at once, finished in any order: order per execution": {
        "tests/scars/test_broker.py": (
            "test_08_fifty_at_once_finished_in_any_order_were_handed_out_in_theirs",
        ),
        "tests/service/test_intake.py": (
            "test_messages_of_one_round_are_stepped_in_the_order_of_delivery",
        ),
        "tests/service/test_relay.py": (
            "test_whatever_fails_everything_arrives_in_order_and_is_confirmed",
        ),
    },
    "9. unroutable: an error, and the row stays": {
        "tests/scars/test_broker.py": (
            "test_09_an_unroutable_message_is_an_error",
            "test_09_an_unroutable_message_stays_in_the_outbox_until_somebody_listens",
        ),
    },
    "10. broker down: the outbox drains in order, one id is one message": {
        "tests/scars/test_broker.py": (
            "test_10_while_the_broker_is_down_the_outbox_grows_and_afterwards_it_drains_in_order",
        ),
        "tests/service/test_publishing.py": (
            "test_dying_after_the_confirmation_repeats_a_message_under_the_same_id",
        ),
    },
    "11. SQLite: settings read back, fifty units at once": {
        "tests/store/test_sqlite.py": (
            "test_the_writer_is_durable",
            "test_a_pragma_that_does_not_take_refuses_the_start",
        ),
        "tests/store/test_concurrency.py": (
            "test_fifty_units_at_once_on_ten_connections_are_all_written",
        ),
    },
    "12. PostgreSQL: backend killed while the lease is held: the holder stops": {
        "tests/scars/test_crashes.py": (
            "test_12_a_holder_whose_backend_is_killed_stops_and_can_be_started_again",
        ),
        "tests/store/test_two_runtimes.py": (
            "test_a_runtime_whose_connections_were_killed_ends_and_the_next_one_goes_on",
        ),
        "tests/store/test_lost_connections.py": (
            "test_whenever_it_breaks_nothing_acknowledged_is_lost_and_nothing_is_torn",
        ),
    },
    "13. a step never waits": {
        "tests/scars/test_core.py": ("test_13_a_chart_steps_without_a_loop",),
    },
    "14. databases does what we know of it": {
        "tests/store/test_databases.py": (
            "test_a_connection_lives_only_as_long_as_it_is_held",
            "test_a_transaction_begins_deferred",
            "test_the_result_of_execute_does_not_tell_whether_a_row_was_touched",
            "test_a_child_task_is_outside_the_transaction",
        ),
        "tests/store/test_databases_on_postgres.py": (
            "test_the_result_of_execute_says_nothing_and_the_driver_s_own_does",
            "test_a_child_task_is_outside_the_transaction",
            "test_a_session_s_lock_is_given_back_with_the_connection",
        ),
    },
}


def functions_of(file: str) -> dict[str, ast.AST]:
    module = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: node for node in ast.walk(module) if isinstance(node, functions)}


def test_there_are_fourteen() -> None:
    assert [int(name.partition(".")[0]) for name in TABLE] == list(range(1, 15))


@pytest.mark.parametrize("scar", TABLE)
def test_what_the_table_names_is_there_and_is_not_skipped(scar: str) -> None:
    for file, names in TABLE[scar].items():
        found = functions_of(file)
        for name in names:
            assert name in found, f"{scar}: {file} has no {name}"
            marks = [ast.unparse(mark) for mark in getattr(found[name], "decorator_list", [])]
            assert not [mark for mark in marks if "skip" in mark or "xfail" in mark]
