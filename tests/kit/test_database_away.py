"""What counts as a database that cannot be reached: 503 and worth trying again, rather than a fault of ours."""

from asyncpg import InternalClientError
from sqlalchemy.exc import DataError, InternalError

from aftercare.kit.http import database_is_away


def failed(kind: type[InternalError] | type[DataError], cause: Exception) -> Exception:
    told = Exception("as the dialect tells it")
    told.__cause__ = cause
    return kind("SELECT 1", None, told)


def test_a_connection_that_was_closed_between_two_statements_is_away() -> None:
    # As seen when the server ends a session whose next statement is just being sent.
    confused = InternalClientError("cannot switch to state 15; another operation (2) is in progress")
    assert database_is_away(failed(InternalError, confused))


def test_a_value_that_no_column_can_hold_is_our_own_fault() -> None:
    assert not database_is_away(failed(DataError, ValueError("out of range")))
