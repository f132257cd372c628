"""`serve` with SAGEMAKER_MULTI_MODEL: models come and go by name."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import joblib
import pytest
from containers import Container, Served
from sklearn.linear_model import LinearRegression

Serve = Callable[..., Served]
CSV = {"Content-Type": "text/csv"}


def save(container: Container, name: str, slope: float) -> str:
    """A model that multiplies; its path inside the container."""
    folder = container.base / "models" / name / "model"
    folder.mkdir(parents=True)
    joblib.dump(LinearRegression().fit([[0], [1]], [0, slope]), folder / "model.joblib")
    return f"/opt/ml/models/{name}/model"


def load(served: Served, name: str, url: str) -> httpx.Response:
    """Have a model loaded."""
    return served.client.post("/models", json={"model_name": name, "url": url})


def test_models_are_loaded_invoked_listed_and_unloaded(container: Container, serve: Serve) -> None:
    urls = {name: save(container, name, slope) for name, slope in (("two", 2.0), ("three", 3.0))}
    served = serve(SAGEMAKER_MULTI_MODEL="true")
    for name, url in urls.items():
        assert load(served, name, url).status_code == 200
    assert load(served, "two", urls["two"]).status_code == 409
    for name, answer in (("two", 10), ("three", 15)):
        assert served.client.post(f"/models/{name}/invoke", content="5", headers=CSV).json() == pytest.approx([answer])
    listed = served.client.get("/models").json()["models"]
    assert {one["modelName"]: one["modelUrl"] for one in listed} == urls
    assert served.client.delete("/models/two").status_code == 200
    assert served.client.delete("/models/two").status_code == 404
    assert served.client.get("/models/two").status_code == 404
    assert served.client.post("/models/two/invoke", content="5", headers=CSV).status_code == 404
    assert served.client.post("/models/three/invoke", content="5", headers=CSV).json() == pytest.approx([15])


def test_a_model_larger_than_the_memory_that_is_left_is_refused(container: Container, serve: Serve) -> None:
    served = serve(SAGEMAKER_MULTI_MODEL="true")
    url = save(container, "huge", 1.0)
    with (container.base / "models" / "huge" / "model" / "weights.bin").open("wb") as file:
        file.truncate(1 << 43)  # a hole: it takes no disk
    answer = load(served, "huge", url)
    assert answer.status_code == 507
    assert "are left" in answer.json()["message"]


def test_a_model_that_can_not_be_loaded_says_why_and_harms_no_other(container: Container, serve: Serve) -> None:
    good = save(container, "good", 2.0)
    (container.base / "models" / "empty" / "model").mkdir(parents=True)
    served = serve(SAGEMAKER_MULTI_MODEL="true")
    assert load(served, "good", good).status_code == 200
    answer = load(served, "empty", "/opt/ml/models/empty/model")
    assert answer.status_code == 500
    assert "model_fn" in answer.json()["message"]
    assert load(served, "absent", "/opt/ml/models/absent/model").status_code == 404
    assert served.client.get("/ping").status_code == 200
    assert served.client.post("/models/good/invoke", content="5", headers=CSV).json() == pytest.approx([10])
