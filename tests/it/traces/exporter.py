"""Sends GenAI spans with the real OpenTelemetry SDK, as an agent would.

    exporter.py URL TOKEN JOBS

JOBS is JSON: a list of {run?, by: "resource"|"span"|"traceparent"|"nothing", traceparent?, spans, compression, service, trace?}.
Prints how many spans were exported, and how long that took.
"""

import json
import logging
import sys
import time

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

logging.basicConfig(level=logging.WARNING)
url, token, jobs = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
began = time.monotonic()
exported = 0

for job in jobs:
    resource = {"service.name": job.get("service", "leads")}
    if job["by"] == "resource":
        resource["cuetower.run_id"] = job["run"]
    provider = TracerProvider(resource=Resource(resource))
    exporter = OTLPSpanExporter(
        endpoint=f"{url}/v1/traces",
        headers={"Authorization": f"Bearer {token}"},
        compression=Compression(job.get("compression", "none")),
    )
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=200_000))
    tracer = provider.get_tracer("agent")
    own = {"cuetower.run_id": job["run"]} if job["by"] == "span" else {}
    inherited = None
    if job["by"] == "traceparent":
        inherited = TraceContextTextMapPropagator().extract({"traceparent": job["traceparent"]})
    calls, left = job.get("calls_per_trace", 99), job["spans"]
    while left > 0:
        with tracer.start_as_current_span("invoke_agent", context=inherited or context.Context(), attributes={
            "gen_ai.operation.name": "invoke_agent", **own,
        }) as root:
            left -= 1
            if job.get("trace"):
                print("trace", format(root.get_span_context().trace_id, "032x"))
            for _ in range(min(calls, left)):
                span = tracer.start_span(f"chat {job.get('model', 'test-model')}", attributes={
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": job.get("model", "test-model"),
                    "gen_ai.usage.input_tokens": 1000,
                    "gen_ai.usage.output_tokens": 100,
                    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Find leads."}]}]',
                    "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Found 3."}]}]',
                    **own,
                })
                span.end()
                left -= 1
    provider.shutdown()
    exported += job["spans"]

print(json.dumps({"exported": exported, "seconds": time.monotonic() - began}))
