"""What waits for what."""

from hypothesis import given
from hypothesis import strategies as st

from obsiverse import compose
from obsiverse.compose import Link


def test_dependencies_say_what_is_waited_for(project):
    loaded = project(
        """\
        services:
          a:
            image: x
            depends_on:
              b: {condition: service_healthy, restart: true}
              c: {condition: service_completed_successfully, required: false}
              d: {condition: service_started, required: false}
          b: {image: x}
          c: {image: x}
          d: {image: x, profiles: [more]}
        """
    )
    assert loaded.dependencies("a") == (
        Link("b", "service_healthy", required=True, restart=True),
        Link("c", "service_completed_successfully", required=False, restart=False),
    )
    assert loaded.dependencies("b") == ()
    assert loaded.start_order()[-1] == "a"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]), max_size=20))
def test_each_service_starts_after_what_it_depends_on(tmp_path_factory, edges):
    needs = {name: sorted({b for a, b in edges if a == name}) for name in range(10)}
    lines = [f"  s{name}: {{image: x, depends_on: [{', '.join(f's{b}' for b in needs[name])}]}}" for name in needs]
    file = tmp_path_factory.mktemp("graph") / "compose.yaml"
    file.write_text("services:\n" + "\n".join(lines))
    order = compose.load([file], environment={}).start_order()
    assert sorted(order) == [f"s{name}" for name in range(10)]
    assert all(order.index(f"s{b}") < order.index(f"s{a}") for a, b in edges)
