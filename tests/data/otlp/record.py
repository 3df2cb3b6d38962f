"""Records what the real OpenTelemetry SDK for Python sends, into the files beside this one.

    python3 -m venv v && v/bin/pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
    v/bin/python record.py

Recorded with opentelemetry-sdk 1.45.2 and opentelemetry-exporter-otlp-proto-http 1.45.2.
"""

import gzip
import http.server
import pathlib
import threading

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanKind, Status, StatusCode

HERE = pathlib.Path(__file__).parent
RUN = "8f0b3f0e-1234-4abc-8def-000000000001"
START = 1_790_000_000_000_000_000
bodies = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        bodies.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Counted(IdGenerator):
    def __init__(self):
        self.number = 0

    def generate_span_id(self):
        self.number += 1
        return self.number

    def generate_trace_id(self):
        return 0xA0000000000000000000000000000000 + self.number + 1


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()


def record(name, resource, spans, compression=Compression.NoCompression):
    provider = TracerProvider(resource=Resource(resource), id_generator=Counted())
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{server.server_port}/v1/traces", compression=compression)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    spans(provider.get_tracer("recorded", "1"))
    provider.shutdown()
    headers, body = bodies.pop()
    assert not bodies and headers["Content-Type"] == "application/x-protobuf"
    (HERE / name).write_bytes(body)


def timed(tracer, name, after_ms, took_ms, kind=SpanKind.INTERNAL, attributes=None):
    span = tracer.start_span(name, kind=kind, attributes=attributes, start_time=START + after_ms * 1_000_000)
    return span, START + (after_ms + took_ms) * 1_000_000


def genai(tracer):
    """The GenAI conventions, new names: an agent, a call with its messages, a tool, a call that failed."""
    from opentelemetry import trace

    agent, agent_ends = timed(tracer, "invoke_agent leads", 0, 900, attributes={"gen_ai.operation.name": "invoke_agent"})
    with trace.use_span(agent):
        chat, ends = timed(tracer, "chat gpt-4o", 10, 400, SpanKind.CLIENT, {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.usage.input_tokens": 1200,
            "gen_ai.usage.output_tokens": 300,
            "gen_ai.usage.cache_read.input_tokens": 1000,
            "gen_ai.usage.reasoning.output_tokens": 120,
            "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Find leads."}]}]',
            "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"Found 3."}]}]',
            "gen_ai.response.finish_reasons": ["stop"],
            "http.request.header.authorization": ["Bearer sk-proj-abcdefghijklmnopqrstuvwxyz"],
        })
        chat.end(ends)
        tool, ends = timed(tracer, "execute_tool crm_insert", 420, 20, attributes={
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "crm_insert",
            "gen_ai.tool.call.arguments": '{"lead":"Ünïcode GmbH 🚀"}',
            "gen_ai.tool.call.result": "inserted",
            "cuetower.step": "enrich",
        })
        tool.end(ends)
        failed, ends = timed(tracer, "chat gpt-4o", 450, 30, SpanKind.CLIENT, {
            "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o",
            "error.type": "RateLimitError",
        })
        class RateLimitError(Exception):
            pass
        failed.record_exception(RateLimitError("429 Too Many Requests"), timestamp=START + 470_000_000)
        failed.set_status(Status(StatusCode.ERROR, "429 Too Many Requests"))
        failed.end(ends)
    agent.end(agent_ends)


def older(tracer):
    """The names of before: `gen_ai.system`, `prompt_tokens`, numbered prompts (OpenLLMetry), messages as events."""
    span, ends = timed(tracer, "openai.chat", 0, 100, SpanKind.CLIENT, {
        "gen_ai.system": "openai",
        "llm.request.type": "chat",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.prompt_tokens": 50,
        "gen_ai.usage.completion_tokens": 7,
        "llm.usage.total_tokens": 57,
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "Hello?",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "Hi.",
        "cueapi.execution_id": RUN,
    })
    span.end(ends)
    span, ends = timed(tracer, "fetch.tool", 100, 10, attributes={
        "traceloop.span.kind": "tool",
        "traceloop.entity.name": "fetch",
        "traceloop.entity.input": '{"args":["https://example.com"]}',
        "traceloop.entity.output": '"<html>"',
    })
    span.end(ends)
    span, ends = timed(tracer, "chat claude", 200, 10, SpanKind.CLIENT, {
        "gen_ai.system": "anthropic",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 34,
        "gen_ai.usage.cache_read_input_tokens": 2000,
    })
    span.add_event("gen_ai.user.message", {"content": "And now?"}, timestamp=START + 201_000_000)
    span.add_event("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": '{"content":"Done."}'},
                   timestamp=START + 209_000_000)
    span.end(ends)


def openinference(tracer):
    """What Arize's instrumentations send."""
    span, ends = timed(tracer, "ChatCompletion", 0, 100, attributes={
        "openinference.span.kind": "LLM",
        "llm.model_name": "gpt-4o",
        "llm.provider": "openai",
        "llm.token_count.prompt": 80,
        "llm.token_count.completion": 20,
        "llm.token_count.total": 100,
        "llm.token_count.prompt_details.cache_read": 64,
        "llm.token_count.completion_details.reasoning": 5,
        "llm.cost.total": 0.0123,
        "input.value": '{"messages":[{"role":"user","content":"Hi"}]}',
        "input.mime_type": "application/json",
        "output.value": "Hello",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "Hi",
        "metadata": '{"tenant":"a"}',
    })
    span.end(ends)
    span, ends = timed(tracer, "retrieve", 100, 10, attributes={
        "openinference.span.kind": "RETRIEVER", "input.value": "leads in Berlin",
        "retrieval.documents.0.document.content": "doc", "scores": [0.5, 0.25], "ok": True, "ratio": 0.5,
    })
    span.end(ends)
    span, ends = timed(tracer, "POST", 120, 10, SpanKind.CLIENT, {
        "http.request.method": "POST", "url.full": "https://api.openai.com/v1/chat?api_key=abcdef123456",
        "server.address": "api.openai.com", "http.response.status_code": 429, "error.type": "429",
    })
    span.set_status(Status(StatusCode.ERROR))
    span.end(ends)


def batch(tracer):
    """What a busy agent's exporter sends at once: 512 spans of one trace."""
    from opentelemetry import trace

    agent, agent_ends = timed(tracer, "invoke_agent leads", 0, 9000, attributes={"gen_ai.operation.name": "invoke_agent"})
    with trace.use_span(agent):
        for number in range(511):
            chat, ends = timed(tracer, "chat gpt-4o", 10 + number, 400, SpanKind.CLIENT, {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.response.model": "gpt-4o-2024-08-06",
                "gen_ai.response.id": f"chatcmpl-{number:06}",
                "gen_ai.usage.input_tokens": 1200,
                "gen_ai.usage.output_tokens": 300,
                "gen_ai.response.finish_reasons": ["stop"],
                "server.address": "api.openai.com",
                "server.port": 443,
            })
            chat.end(ends)
    agent.end(agent_ends)


record("genai.bin", {"service.name": "leads", "cuetower.run_id": RUN}, genai)
record("older.bin.gz", {"service.name": "leads"}, older, Compression.Gzip)
record("older.bin.zz", {"service.name": "leads"}, older, Compression.Deflate)
record("openinference.bin", {"service.name": "leads", "telemetry.sdk.language": "python"}, openinference)
record("batch.bin", {"service.name": "leads"}, batch)
assert gzip.decompress((HERE / "older.bin.gz").read_bytes())
