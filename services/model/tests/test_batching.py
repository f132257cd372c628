"""Batches: the answers are those of each request alone, in whatever company it is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsiverse_model.errors import Overloaded
from obsiverse_model.serving import content, defaults
from obsiverse_model.serving.batching import Batcher
from obsiverse_model.serving.handlers import Handlers
from obsiverse_model.serving.inference import Inference, Request

# Whole numbers: a sum of them does not depend on the order that a batch's size brings with it.
WEIGHTS = np.array([[1.0], [-2.0], [3.0]])
rows = st.lists(st.lists(st.integers(-1000, 1000), min_size=1, max_size=4), min_size=1, max_size=5)
bodies = st.one_of(
    st.lists(st.lists(st.integers(-1000, 1000), min_size=3, max_size=3), min_size=1, max_size=5).map(
        lambda table: "\n".join(",".join(map(str, row)) for row in table)
    ),
    rows.map(lambda table: "\n".join(",".join(map(str, row)) for row in table)),
    st.text(max_size=10),
)


class Counting:
    """Handlers over WEIGHTS that count their predictions."""

    def __init__(self, shape: Any = lambda prediction: prediction) -> None:
        self.calls = 0
        self._shape = shape

    def predict(self, data: Any) -> Any:
        """data @ WEIGHTS; raises ValueError for other widths and for a row that begins with 13."""
        self.calls += 1
        if (data[:, 0] == 13).any():
            raise ValueError("unlucky")
        return self._shape(data @ WEIGHTS)

    def inference(self) -> Inference:
        """An inference over these handlers."""
        return Inference(Handlers(content.decode, self.predict, defaults.output_fn))


def request(body: str) -> Request:
    """A CSV request."""
    return Request(body.encode(), "text/csv", "*/*")


def shown(answer: Any) -> Any:
    """An answer as something that can be compared."""
    return (type(answer), str(answer)) if isinstance(answer, Exception) else answer


SHAPES = {
    "array": lambda prediction: prediction,
    "list": lambda prediction: prediction.tolist(),
    "one value": lambda prediction: np.float64(prediction.sum()),
    "dictionary": lambda prediction: {"scores": prediction},
    "pair": lambda prediction: (prediction, prediction > 0),
}


@pytest.mark.parametrize("shape", SHAPES)
@given(st.lists(bodies, min_size=1, max_size=8))
def test_batched_answers_are_those_of_each_request_alone(shape: str, asked: list[str]) -> None:
    requests = [request(body) for body in asked]
    together = Counting(SHAPES[shape]).inference().answer(requests)
    alone = [Counting(SHAPES[shape]).inference().answer([each])[0] for each in requests]
    assert [shown(answer) for answer in together] == [shown(answer) for answer in alone]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_tensors_are_batched_like_arrays(lengths: list[int]) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(3, 2)
    handlers = Handlers(
        lambda body, kind: defaults.input_fn(model, body, kind),
        lambda data: defaults.predict_fn(data, model),
        defaults.output_fn,
    )
    generator = np.random.default_rng(sum(lengths))
    requests = [request("\n".join(",".join(map(str, row)) for row in generator.normal(size=(n, 3)))) for n in lengths]
    together = [
        np.array(content.decode(each.body, "application/json")) for each in Inference(handlers).answer(requests)
    ]  # type: ignore[union-attr]
    for each, answer in zip(requests, together, strict=True):
        [alone] = Inference(handlers).answer([each])
        np.testing.assert_allclose(answer, content.decode(alone.body, "application/json"), rtol=1e-5, atol=1e-6)  # type: ignore[union-attr]


def test_requests_of_one_width_are_one_prediction() -> None:
    counting = Counting()
    counting.inference().answer([request("1,2,3"), request("4,5,6\n7,8,9"), request("1,1,1")])
    assert counting.calls == 1


def test_one_bad_request_fails_alone() -> None:
    answers = Counting().inference().answer([request("1,2,3"), request("13,0,0"), request("0,0,1")])
    assert [type(answer).__name__ for answer in answers] == ["Answer", "ValueError", "Answer"]


@given(st.lists(st.integers(), min_size=1, max_size=40), st.integers(1, 8))
def test_every_item_gets_its_own_result_and_no_batch_is_too_large(items: list[int], size: int) -> None:
    sizes: list[int] = []

    async def run(batch: list[int]) -> list[int | Exception]:
        sizes.append(len(batch))
        await asyncio.sleep(0)
        return [item * 2 for item in batch]

    async def main() -> None:
        batcher = Batcher[int, int](run, size, 0, 100)
        async with batcher.running():
            done = await asyncio.gather(*(batcher.submit(item) for item in items))
        assert [each.value for each in done] == [item * 2 for item in items]
        assert sum(sizes) == len(items)
        assert max(sizes) <= size

    asyncio.run(main())


def test_idle_model_is_not_waited_for_and_a_busy_one_fills_its_batch() -> None:
    batches: list[list[int]] = []
    entered, gate = asyncio.Event(), asyncio.Event()

    async def run(batch: list[int]) -> list[int | Exception]:
        batches.append(batch)
        entered.set()
        await gate.wait()
        return list(batch)

    async def main() -> None:
        batcher = Batcher[int, int](run, 3, 3600, 100)
        async with batcher.running():
            first = asyncio.create_task(batcher.submit(0))
            await entered.wait()
            rest = [asyncio.create_task(batcher.submit(item)) for item in (1, 2)]
            await asyncio.sleep(0)
            gate.set()
            await first
            last = asyncio.create_task(batcher.submit(3))
            await asyncio.wait_for(asyncio.gather(*rest, last), 10)
        assert batches == [[0], [1, 2, 3]]

    asyncio.run(main())


def test_full_queue_is_refused_at_once() -> None:
    async def run(batch: list[int]) -> list[int | Exception]:
        return list(batch)

    async def main() -> None:
        batcher = Batcher[int, int](run, 1, 0, 2)
        waiting = [asyncio.create_task(batcher.submit(item)) for item in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await batcher.submit(3)
        async with batcher.running():
            assert [each.value for each in await asyncio.gather(*waiting)] == [1, 2]

    asyncio.run(main())


def test_failure_of_a_whole_batch_is_told_to_each() -> None:
    async def run(_batch: list[int]) -> list[int | Exception]:
        raise RuntimeError("broken")

    async def main() -> None:
        batcher = Batcher[int, int](run, 4, 0, 10)
        async with batcher.running():
            done = await asyncio.gather(*(batcher.submit(item) for item in range(3)))
            assert [str(each.value) for each in done] == ["broken"] * 3
            # It goes on after that.
            assert str((await batcher.submit(4)).value) == "broken"

    asyncio.run(main())
