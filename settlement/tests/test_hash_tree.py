"""One hash over many: the same in any order, and each leaf can show that it is in it."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.hash_tree import path_of, root_of
from settlement.services.measuring.inputs import run_digest

LEAVES = st.sets(st.integers(0, 999), min_size=1, max_size=20).map(
    lambda numbers: [hashlib.sha256(str(number).encode()).hexdigest() for number in numbers]
)
quick = settings(max_examples=40, deadline=None)


@quick
@given(LEAVES.flatmap(lambda leaves: st.tuples(st.just(leaves), st.permutations(leaves))))
def test_the_order_of_participants_changes_no_byte_of_a_runs_hash(both):
    digests = {run_digest({}, [(leaf[:6], leaf) for leaf in leaves]) for leaves in both}
    assert len(digests) == 1


@quick
@given(LEAVES)
def test_each_leaf_leads_to_the_root_by_its_path(leaves):
    for leaf in leaves:
        found = leaf
        for side, other in path_of(leaf, leaves):
            pair = other + found if side == "left" else found + other
            found = hashlib.sha256(pair.encode()).hexdigest()
        assert found == root_of(leaves)


@quick
@given(LEAVES, st.integers(1000, 2000))
def test_another_leaf_makes_another_root(leaves, number):
    other = hashlib.sha256(str(number).encode()).hexdigest()
    assert root_of([*leaves[1:], other]) != root_of(leaves)
