"""Which variant and instance is chosen."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from obsiverse_endpoints.balancing import REST_SECONDS, Route
from obsiverse_endpoints.routes import RouteDocument

RNG = random.Random(0)
weights = st.lists(st.floats(min_value=0, max_value=1e6, allow_nan=False), min_size=1, max_size=8)


def route(*weight: float, instances: int = 0, before: Route | None = None) -> Route:
    """A route of variants v0, v1, …, each with as many instances."""
    variants = [
        {
            "name": f"v{index}",
            "weight": one,
            "instances": [
                {
                    "id": f"i-{index}-{n}",
                    "containers": [{"hostname": "c", "url": f"http://127.0.0.1:{2000 + 10 * index + n}"}],
                }
                for n in range(instances)
            ],
        }
        for index, one in enumerate(weight)
    ]
    return Route(RouteDocument.model_validate({"arn": "a", "variants": variants}), before)


class Edge(random.Random):
    """The largest number that `random` can give."""

    def random(self) -> float:
        return 1 - 2**-53


@given(weights, st.integers())
def test_variant_of_weight_zero_is_never_chosen(given_weights, seed):
    chosen_from = route(*given_weights)
    for rng in (random.Random(seed), Edge()):
        variant = chosen_from.choose(rng)
        if variant is None:
            assert not any(given_weights)
        else:
            assert variant.weight > 0


@given(
    st.lists(st.integers(min_value=1, max_value=9), min_size=2, max_size=4), st.integers(min_value=0, max_value=1000)
)
def test_shares_follow_the_weights(given_weights, seed):
    rng = random.Random(seed)
    chosen_from = route(*given_weights)
    counted = Counter(chosen_from.choose(rng).name for _ in range(2000))
    for index, weight in enumerate(given_weights):
        # Six standard deviations of a binomial share: what a right choice exceeds once in 10^8 times.
        share = weight / sum(given_weights)
        assert counted[f"v{index}"] / 2000 == pytest.approx(share, abs=6 * (share * (1 - share) / 2000) ** 0.5)


def test_same_seed_makes_the_same_choices():
    first, second = (
        [route(1, 2, 3).choose(rng).name for _ in range(50)] for rng in (random.Random(5), random.Random(5))
    )
    assert first == second


def test_least_outstanding_instance_is_picked():
    variant = route(1, instances=3).variants["v0"]
    for instance, outstanding in zip(variant.instances, (2, 0, 1), strict=True):
        instance.outstanding = outstanding
    assert {variant.pick(0, RNG).document.id for _ in range(6)} == {"i-0-1"}


def test_idle_instances_take_turns():
    variant = route(1, instances=3).variants["v0"]
    assert Counter(variant.pick(0, RNG).document.id for _ in range(9)) == {"i-0-0": 3, "i-0-1": 3, "i-0-2": 3}


def test_resting_instance_is_picked_last_and_again_after_its_rest():
    variant = route(1, instances=2).variants["v0"]
    resting, busy = variant.instances
    busy.outstanding = 5
    resting.rest(100.0)
    assert variant.pick(100.0, RNG) is busy
    assert variant.pick(100.0, RNG, [busy]) is resting
    assert variant.pick(100.0 + REST_SECONDS, RNG) is resting
    assert variant.pick(100.0, RNG, [busy, resting]) is None


def test_instance_that_stays_in_a_new_route_keeps_its_count():
    before = route(1, instances=1)
    before.variants["v0"].instances[0].outstanding = 3
    after = route(1, instances=2, before=before)
    assert [one.outstanding for one in after.variants["v0"].instances] == [3, 0]


def test_pending_instances_get_their_share_and_stand_in_for_the_others():
    document = {
        "name": "v",
        "weight": 1,
        "instances": [{"id": "old", "containers": [{"hostname": "c", "url": "http://127.0.0.1:1"}]}],
        "pending": {
            "share": 0.25,
            "instances": [{"id": "new", "containers": [{"hostname": "c", "url": "http://127.0.0.1:2"}]}],
        },
    }
    variant = Route(RouteDocument.model_validate({"arn": "a", "variants": [document]})).variants["v"]
    counted = Counter(variant.pick(0, RNG).document.id for _ in range(4000))
    assert counted["new"] == pytest.approx(1000, abs=170), "six standard deviations of a binomial share"
    for tried in variant.instances:
        assert variant.pick(0, RNG, [tried]) is not None
    assert variant.pick(0, RNG, variant.instances) is None


def test_instance_that_has_the_model_is_preferred_to_an_idle_one():
    variant = route(1, instances=3).variants["v0"]
    loaded = variant.instances[1]
    loaded.models["m"] = None
    loaded.outstanding = 2
    assert variant.pick(0, RNG, model="m") is loaded
    assert variant.pick(0, RNG, model="other") is not loaded
