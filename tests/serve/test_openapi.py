"""Whatever is sent, the server does not make a mistake (5xx)."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

StartServer = Callable[..., Any]

_EXAMPLES = 10


@schemathesis.serializer("application/offset+octet-stream")
def bytes_as_they_are(_: object, value: Any) -> bytes:
    """What is sent to an upload."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def server(start_shared: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("folders") / "data"
    folder.mkdir()
    (folder / "notes.txt").write_text("text")
    # small, so that no answer is that the disk is full
    return start_shared("--folder", folder, "--max-upload-gb", "0.001")


@pytest.mark.slow
def test_nothing_that_can_be_sent_makes_the_server_fail(server: Any) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/api/openapi.json")
    # a stream of events has no end
    all_of_them = schema.exclude(path_regex="events$").get_all_operations()
    operations = [found.ok() for found in all_of_them if isinstance(found, Ok)]
    assert len(operations) > 15
    sent = 0

    for operation in operations:
        # a look at a movie starts a process
        examples = 3 if operation.path.endswith("/movie") else _EXAMPLES

        @given(case=operation.as_strategy())
        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        def check(case: Any) -> None:
            nonlocal sent
            sent += 1
            parameters = case.path_parameters or {}
            if "job_id" in parameters:
                # else all that is tested is that there is no such job
                parameters["job_id"] = _some_job(server)
            if "folder" in parameters:
                parameters["folder"] = "data"
            case.call_and_validate(checks=[not_a_server_error], timeout=60)

        check()
    assert sent >= len(operations)


def _some_job(server: Any) -> str:
    jobs = server.http.get("/api/jobs?state=uploading&limit=1").json()["jobs"]
    if not jobs:
        jobs = [server.ask(name="film.npy", source={"kind": "upload", "size_bytes": 1000})]
    return str(jobs[0]["id"])
