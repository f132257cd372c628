"""Lambda functions as tasks of the agent."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from platform_under_test import ACCOUNT, Platform, wait_for

ROLE = f"arn:aws:iam::{ACCOUNT}:role/function"


def packed(**modules: str) -> bytes:
    """A deployment package of some modules; `__` in a name is a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, source in modules.items():
            archive.writestr(name.replace("__", "/") + ".py", source)
    return buffer.getvalue()


class Function:
    """A function of one handler in module `app`."""

    def __init__(self, platform: Platform, name: str, source: str, **more: Any) -> None:
        self.client = platform.client("lambda")
        self.name = name
        self.client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": packed(app=source)},
            **more,
        )
        self.client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})

    def invoke(self, payload: object = None) -> tuple[Any, str | None, str]:
        """The answer, the kind of error, and the log's tail."""
        answer = self.client.invoke(FunctionName=self.name, Payload=json.dumps(payload), LogType="Tail")
        document = json.load(answer["Payload"])
        return document, answer.get("FunctionError"), base64.b64decode(answer["LogResult"]).decode()


def test_a_function_answers_with_what_its_handler_returns_and_its_log_has_lambda_s_lines(platform: Platform) -> None:
    source = "def handler(event, context):\n    print('got', event['n'])\n    return {'twice': event['n'] * 2}\n"
    function = Function(platform, "twice", source)
    answer, error, log = function.invoke({"n": 21})
    assert (answer, error) == ({"twice": 42}, None)
    request = re.search(r"START RequestId: (\S+) Version: \$LATEST\ngot 21\n", log)
    assert request, log
    assert f"END RequestId: {request[1]}\nREPORT RequestId: {request[1]}\tDuration: " in log
    assert "\tMemory Size: 128 MB\tMax Memory Used: " in log
    assert "Init Duration" in log
    _, _, warm = function.invoke({"n": 1})
    assert "got 1\n" in warm
    assert "got 21" not in warm
    assert "Init Duration" not in warm


def test_a_warm_environment_keeps_the_module_and_its_temporary_folder(platform: Platform) -> None:
    source = (
        "import os, tempfile\ncalls = 0\ndef handler(event, context):\n    global calls\n    calls += 1\n"
        "    open(os.path.join(tempfile.gettempdir(), 'seen'), 'a').write('x')\n"
        "    return [calls, open(os.path.join(tempfile.gettempdir(), 'seen')).read()]\n"
    )
    function = Function(platform, "warm", source)
    assert [function.invoke()[0] for _ in range(2)] == [[1, "x"], [2, "xx"]]


def test_invocations_at_once_have_environments_of_their_own(platform: Platform) -> None:
    source = "import os, time\ndef handler(event, context):\n    time.sleep(1)\n    return os.getpid()\n"
    function = Function(platform, "parallel", source, Timeout=30)
    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(lambda _: function.invoke()[0], range(3)))) == 3


def test_an_exception_is_answered_as_aws_does(platform: Platform) -> None:
    source = "def handler(event, context):\n    raise KeyError('missing')\n"
    answer, error, log = Function(platform, "raises", source).invoke()
    assert error == "Unhandled"
    assert (answer["errorType"], answer["errorMessage"]) == ("KeyError", "'missing'")
    assert "handler" in answer["stackTrace"][0]
    assert "[ERROR] KeyError: 'missing'" in log


def test_a_function_that_is_too_slow_is_ended_and_the_next_one_is_served(platform: Platform) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'slept'\n"
    function = Function(platform, "slow", source, Timeout=1)
    answer, error, log = function.invoke(20)
    assert error == "Unhandled"
    assert answer["errorType"] == "Sandbox.Timedout"
    assert answer["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in log
    assert function.invoke(0)[0] == "slept"


@pytest.mark.parametrize(
    ("how", "reason"),
    [("os._exit(3)", "exit status 3"), ("os.kill(os.getpid(), 9)", "signal: killed")],
    ids=["exit", "kill"],
)
def test_a_function_that_ends_its_runtime_is_an_exit_error(platform: Platform, how: str, reason: str) -> None:
    source = f"import os\ndef handler(event, context):\n    {how} if event else None\n    return 'alive'\n"
    function = Function(platform, f"ends-{how[3:6].strip('_.')}", source)
    answer, error, _ = function.invoke(1)
    assert (error, answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert answer["errorMessage"].endswith(f"Error: Runtime exited with error: {reason}")
    assert function.invoke(0)[0] == "alive"


def test_a_module_that_can_t_be_imported_is_an_import_error(platform: Platform) -> None:
    answer = platform_invoke(Function(platform, "broken", "import nowhere\n"))
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'nowhere'" in answer["errorMessage"]


def platform_invoke(function: Function) -> Any:
    """The answer of a function that has no log."""
    return json.load(function.client.invoke(FunctionName=function.name, Payload=b"{}")["Payload"])


def test_environment_variables_layers_and_the_trace_reach_the_function(platform: Platform) -> None:
    lambda_ = platform.client("lambda")
    content = {"ZipFile": packed(python__shared="VALUE = 'of the layer'\n")}
    layer = lambda_.publish_layer_version(LayerName="shared", Content=content)["LayerVersionArn"]
    source = (
        "import os, shared\ndef handler(event, context):\n"
        "    return [os.environ['OWN'], shared.VALUE, os.environ['_X_AMZN_TRACE_ID'], context.function_name]\n"
    )
    function = Function(platform, "equipped", source, Layers=[layer], Environment={"Variables": {"OWN": "mine"}})
    own, shared, trace, name = function.invoke()[0]
    assert (own, shared, name) == ("mine", "of the layer", "equipped")
    assert trace.startswith("Root=1-")


def test_a_function_writes_to_cloudwatch_logs(platform: Platform) -> None:
    Function(platform, "writes", "def handler(event, context):\n    print('a line of its own')\n").invoke()
    logs = platform.client("logs")

    def lines() -> list[str]:
        try:
            found = logs.filter_log_events(logGroupName="/aws/lambda/writes")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [one["message"].strip() for one in found]

    wait_for(lambda: "a line of its own" in lines(), "the line")


def test_a_warm_environment_serves_again_and_again_without_another(platform: Platform) -> None:
    function = Function(platform, "kept", "import os\ndef handler(event, context):\n    return os.getpid()\n")
    assert len({function.invoke()[0] for _ in range(20)}) == 1


def test_reserved_concurrency_is_the_limit_of_invocations_at_once(platform: Platform) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(2)\n    return 'slept'\n"
    function = Function(platform, "limited", source, Timeout=30)
    function.client.put_function_concurrency(FunctionName="limited", ReservedConcurrentExecutions=1)
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(function.invoke) for _ in range(3)]
    errors = [error for call in calls if isinstance(error := call.exception(), ClientError)]
    assert [error.response["Error"]["Code"] for error in errors] == ["TooManyRequestsException"] * 2


def test_a_function_that_takes_more_memory_than_it_has_is_killed_and_started_again(platform: Platform) -> None:
    source = (
        "def handler(event, context):\n    kept = []\n    while event['leak']:\n        kept.append(b'x' * (4 << 20))\n"
        "    return 'fits'\n"
    )
    function = Function(platform, "leaks", source, Timeout=30, MemorySize=128)
    assert function.invoke({"leak": False})[:2] == ("fits", None)
    document, error, _ = function.invoke({"leak": True})
    assert (document["errorType"], error) == ("Runtime.ExitError", "Unhandled")
    assert document["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert function.invoke({"leak": False})[:2] == ("fits", None)
