"""What stops before what."""

from hypothesis import given
from hypothesis import strategies as st

from obsiverse.engine.startup import waves
from obsiverse.engine.units import Dependency, Plan, Unit


def unit(name, *needs, **env):
    return Unit(name, {"env": env}, tuple(Dependency(need, "service_started") for need in needs))


def test_a_service_stops_before_what_it_needs():
    assert waves([unit("db"), unit("api", "db"), unit("web", "api"), unit("lone")]) == [
        ["web", "lone"],
        ["api"],
        ["db"],
    ]


@given(st.lists(st.sets(st.integers(0, 9)), max_size=10))
def test_every_service_stops_once_and_after_those_that_need_it(needs):
    units = [unit(str(i), *(str(n) for n in wanted if n < i)) for i, wanted in enumerate(needs)]
    order = [name for wave in waves(units) for name in wave]
    assert sorted(order) == sorted(one.name for one in units)
    for one in units:
        assert all(order.index(one.name) < order.index(dependency.service) for dependency in one.dependencies)


def test_choosing_a_service_takes_what_it_needs_along():
    plan = Plan((unit("db"), unit("api", "db"), unit("lone")))
    assert [one.name for one in plan.choose(["api"], oneshots=True)] == ["db", "api"]
