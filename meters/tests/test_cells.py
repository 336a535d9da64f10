"""The text of a multi-row INSERT says exactly the numbers that went in."""

import numpy as np
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from meters.services.cells import Numbers, Times, rows_of

WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)


@given(st.lists(st.tuples(WHOLE, WHOLE, st.booleans()), min_size=1, max_size=30))
def test_every_number_is_written_as_it_is(rows):
    first, second, known = zip(*rows, strict=True)
    text = rows_of([Numbers(np.array(first)), Numbers(np.array(second), np.array(known))])
    read = [tuple(row.split(",")) for row in text[1:-1].split("),(")]
    expected = [(one, two if is_known else None) for one, two, is_known in rows]
    assert [(int(one), None if two.strip() == "NULL" else int(two)) for one, two in read] == expected


def test_numbers_of_different_length_and_sign_share_a_width():
    assert rows_of([Numbers(np.array([7, -12, 1000]))]) == "( 0007),(-0012),( 1000)"
    assert rows_of([Numbers(np.array([0, 9_999, 10_000]))]) == "(00000),(09999),(10000)"


def test_what_is_not_known_is_null():
    column = Numbers(np.array([5, 6]), np.array([False, True]))
    assert rows_of([column]) == "(NULL),(   6)"
    assert column.objects() == [None, 6]


def test_times_are_written_as_numbers_for_mariadb_and_as_text_for_sqlite():
    column = Times(np.array([1_719_835_200, 0]))
    assert rows_of([column]) == "(20240701120000),(19700101000000)"
    assert column.objects() == ["2024-07-01 12:00:00", "1970-01-01 00:00:00"]


def test_nothing_gives_no_rows():
    assert rows_of([Numbers(np.array([], np.int64)), Times(np.array([], np.int64))]) == ""


def test_the_database_reads_the_same_numbers(db):
    values = [0, 7, -12, 10**10, -(2**63) + 1, 2**63 - 1]
    text = rows_of([Numbers(np.array(values))])
    with connection.cursor() as cursor:
        cursor.execute(f"WITH listed (value) AS (VALUES {text}) SELECT value FROM listed")
        assert sorted(row[0] for row in cursor.fetchall()) == sorted(values)
