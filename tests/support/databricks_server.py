"""A loopback server with Databricks' calls for files, runs of jobs, registered models and serving endpoints.

    with DatabricksServer() as server:
        lm = LM("databricks/base", api_base=server.address, api_key=TOKEN, train_kwargs={"job_id": 7, …})

It keeps files, runs, models and endpoints, refuses what Databricks refuses, and gives lists in pages. A run
goes one step on with each look; its job reads the uploaded file and registers a version of the model.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "dapi-of-the-test-0123456789abcdef"
JOB = 71
PAGE = 2
Answer = tuple[int, Any]


class Refused(Exception):
    """An answer in Databricks' form of errors."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class Run:
    """A run of the job; `states` are those to come."""

    number: int
    parameters: dict[str, str]
    began: int
    states: deque[str]
    state: str = "PENDING"
    ending: tuple[str, str] = ("SUCCESS", "")
    rows: list[dict[str, Any]] = field(default_factory=list)


class DatabricksServer:
    """The workspace; `endings` and `failures` say what is to go wrong."""

    def __init__(self) -> None:
        self.volumes = {"main/ml/files"}
        self.folders: set[str] = set()
        self.files: dict[str, bytes] = {}
        self.runs: dict[int, Run] = {}
        self.tokens: dict[str, int] = {}
        self.models: dict[str, list[dict[str, Any]]] = {}
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.bodies: list[Any] = []
        self.failures: dict[str, deque[int]] = {}
        """Statuses to answer with, in turn, by a part of the call."""
        self.run_ending = ("SUCCESS", "")
        self.endpoint_fails = False
        self.registers = True
        self.status_of_versions = deque(["READY"])
        self.optimization: dict[str, Any] = {
            "optimizable": True, "model_type": "llama", "throughput_chunk_size": 980,
        }  # fmt: skip
        self.looks = 2
        """How many looks a run and an endpoint take."""
        self.during: Callable[[str], None] = lambda call: None
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> DatabricksServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(workspace) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                place = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(place.query).items()}
                status, found = workspace.answer(self.command, unquote(place.path), query, self.headers, body)
                content = b"" if found is None else json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

        return Handler

    def answer(self, method: str, path: str, query: dict[str, str], headers: Any, body: bytes) -> Answer:
        """What a request is answered with."""
        call = f"{method} {path}"
        self.asked.append(call)
        self.during(call)
        try:
            for part, statuses in self.failures.items():
                if part in call and statuses:
                    raise Refused(statuses.popleft(), "SCRIPTED", f"refused {headers['Authorization']}")
            if headers["Authorization"] != f"Bearer {TOKEN}":
                raise Refused(401, "UNAUTHENTICATED", f"no such token: {headers['Authorization']}")
            for wanted, pattern, serve in _ROUTES:
                found = re.fullmatch(pattern, path)
                if wanted == method and found:
                    if method in ("POST",) or path.endswith("/config"):
                        if headers["Content-Type"] != "application/json":
                            raise Refused(400, "MALFORMED_REQUEST", "not JSON")
                        self.bodies.append(json.loads(body))
                    with self._lock:
                        return serve(self, found.groups(), query, body)
            raise Refused(404, "ENDPOINT_NOT_FOUND", f"no API for {call}")
        except Refused as error:
            return error.status, {"error_code": error.code, "message": str(error)}

    # --- files ------------------------------------------------------------------------------------------

    def _in_volume(self, path: str) -> None:
        volume = "/".join(path.split("/")[2:5])
        if not path.startswith("/Volumes/") or volume not in self.volumes:
            raise Refused(404, "NOT_FOUND", f"Volume '{volume.replace('/', '.')}' does not exist.")

    def make_folder(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        self._in_volume(parts[0])
        self.folders.add(parts[0])
        return 204, None

    def put_file(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        self._in_volume(parts[0])
        if parts[0].rpartition("/")[0] not in self.folders:
            raise Refused(404, "NOT_FOUND", "The parent directory does not exist.")
        if parts[0] in self.files and query.get("overwrite") != "true":
            raise Refused(409, "ALREADY_EXISTS", "The file exists.")
        self.files[parts[0]] = body
        return 204, None

    def drop_file(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        if self.files.pop(parts[0], None) is None:
            raise Refused(404, "NOT_FOUND", "The file does not exist.")
        return 204, None

    # --- runs -------------------------------------------------------------------------------------------

    def run_now(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        facts = json.loads(body)
        token, parameters = facts.get("idempotency_token", ""), facts.get("job_parameters", {})
        if facts.keys() - {"job_id", "job_parameters", "idempotency_token"} or len(token) > 64:
            raise Refused(400, "INVALID_PARAMETER_VALUE", "unknown field, or too long a token")
        if facts["job_id"] != JOB:
            raise Refused(400, "INVALID_PARAMETER_VALUE", f"Job {facts['job_id']} does not exist.")
        if not all(isinstance(value, str) for value in parameters.values()):
            raise Refused(400, "MALFORMED_REQUEST", "job_parameters must be a map of strings")
        if token not in self.tokens:
            number = self.tokens[token] = 900 + len(self.runs)
            states = deque(["QUEUED", *["RUNNING"] * self.looks, "TERMINATED"])
            run = Run(number, parameters, int(time.time() * 1000), states, ending=self.run_ending)
            run.rows = [json.loads(line) for line in self.files[parameters["train_data_path"]].splitlines()]
            self.runs[number] = run
        return 200, {"run_id": self.tokens[token], "number_in_job": self.tokens[token]}

    def _run(self, number: Any) -> Run:
        if int(number) not in self.runs:
            raise Refused(400, "INVALID_PARAMETER_VALUE", f"Run {number} does not exist.")
        return self.runs[int(number)]

    def get_run(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        run = self._run(query["run_id"])
        if run.states:
            run.state = run.states.popleft()
            if run.state == "TERMINATED" and run.ending[0] == "SUCCESS" and self.registers:
                self.register(run.parameters["register_to"])
        status: dict[str, Any] = {"state": run.state}
        if run.state == "TERMINATED":
            code, message = run.ending
            status["termination_details"] = {"code": code, "type": "CLIENT_ERROR", "message": message}
        page = f"{self.address}/jobs/{JOB}/runs/{run.number}"
        return 200, {"run_id": run.number, "start_time": run.began, "status": status, "run_page_url": page}

    def cancel_run(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        run = self._run(json.loads(body)["run_id"])
        if run.state != "TERMINATED":
            run.states, run.ending = deque(["TERMINATED"]), ("USER_CANCELED", "Run cancelled.")
        return 200, {}

    # --- models -----------------------------------------------------------------------------------------

    def register(self, model: str, created: int | None = None) -> None:
        """Add a version of a model."""
        versions = self.models.setdefault(model, [])
        now = int(time.time() * 1000) if created is None else created
        versions.append({"version": len(versions) + 1, "created_at": now})

    def get_versions(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        if parts[0] not in self.models:
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"Registered model '{parts[0]}' does not exist.")
        found = [{**each, "status": self.status_of_versions[0]} for each in self.models[parts[0]]]
        # No order is promised, and a page may be empty.
        found.sort(key=lambda each: (each["version"] % 2, -each["version"]))
        start = int(query.get("page_token", "-1"))
        if start < 0:
            return 200, {"next_page_token": "0"}
        page: dict[str, Any] = {"model_versions": found[start : start + PAGE]}
        if start + PAGE < len(found):
            page["next_page_token"] = str(start + PAGE)
        elif len(self.status_of_versions) > 1:
            self.status_of_versions.popleft()
        return 200, page

    def get_optimization(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        return 200, self.optimization

    # --- endpoints --------------------------------------------------------------------------------------

    def get_endpoint(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        found = self._endpoint(parts[0])
        found["looks"] -= 1
        if found["looks"] == 0 and "pending_config" in found:
            if self.endpoint_fails:
                entity = found["pending_config"]["served_entities"][0]
                entity["state"] = {"deployment_state_message": "out of GPUs"}
                found["state"]["config_update"] = "UPDATE_FAILED"
            else:
                found["config"] = found.pop("pending_config")
                found["state"] = {"ready": "READY", "config_update": "NOT_UPDATING"}
        return 200, found

    def _endpoint(self, name: str) -> dict[str, Any]:
        if name not in self.endpoints:
            raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"The endpoint with name '{name}' does not exist.")
        return self.endpoints[name]

    def create_endpoint(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        facts = json.loads(body)
        if facts["name"] in self.endpoints:
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", f"Endpoint '{facts['name']}' already exists.")
        state = {"ready": "NOT_READY", "config_update": "NOT_UPDATING"}
        self.endpoints[facts["name"]] = {"name": facts["name"], "state": state}
        return self._update(facts["name"], facts["config"])

    def update_endpoint(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        return self._update(parts[0], json.loads(body))

    def _update(self, name: str, config: dict[str, Any]) -> Answer:
        found = self._endpoint(name)
        if found["state"]["config_update"] == "IN_PROGRESS":
            raise Refused(409, "RESOURCE_CONFLICT", f"Endpoint '{name}' is being updated.")
        (entity,) = config["served_entities"]
        versions = [str(each["version"]) for each in self.models.get(entity["entity_name"], ())]
        if entity["entity_version"] not in versions or "." in name:
            raise Refused(400, "INVALID_PARAMETER_VALUE", "no such version, or a bad name")
        found["pending_config"] = config
        found["state"]["config_update"] = "IN_PROGRESS"
        found["looks"] = self.looks
        return 200, found

    # --- answers ----------------------------------------------------------------------------------------

    def complete(self, parts: tuple[str, ...], query: dict[str, str], body: bytes) -> Answer:
        name = parts[0] if parts else json.loads(body)["model"]
        if self._endpoint(name)["state"]["ready"] != "READY":
            raise Refused(400, "BAD_REQUEST", "not ready")
        message = {"role": "assistant", "content": f"from {name}"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        return 200, {
            "id": "1", "object": "chat.completion", "created": 1, "model": name, "choices": choices,
            "usage": usage,
        }  # fmt: skip


_Serve = Callable[[DatabricksServer, tuple[str, ...], dict[str, str], bytes], Answer]
_ENDPOINTS = "/api/2.0/serving-endpoints"
_ROUTES: tuple[tuple[str, str, _Serve], ...] = (
    ("PUT", r"/api/2.0/fs/directories(/.+)", DatabricksServer.make_folder),
    ("PUT", r"/api/2.0/fs/files(/.+)", DatabricksServer.put_file),
    ("DELETE", r"/api/2.0/fs/files(/.+)", DatabricksServer.drop_file),
    ("POST", r"/api/2.2/jobs/run-now", DatabricksServer.run_now),
    ("GET", r"/api/2.2/jobs/runs/get", DatabricksServer.get_run),
    ("POST", r"/api/2.2/jobs/runs/cancel", DatabricksServer.cancel_run),
    ("GET", r"/api/2.1/unity-catalog/models/([^/]+)/versions", DatabricksServer.get_versions),
    ("GET", rf"{_ENDPOINTS}/get-model-optimization-info/([^/]+)/([^/]+)", DatabricksServer.get_optimization),
    ("GET", rf"{_ENDPOINTS}/([^/]+)", DatabricksServer.get_endpoint),
    ("POST", _ENDPOINTS, DatabricksServer.create_endpoint),
    ("PUT", rf"{_ENDPOINTS}/([^/]+)/config", DatabricksServer.update_endpoint),
    ("POST", r"/serving-endpoints/chat/completions", DatabricksServer.complete),
)
