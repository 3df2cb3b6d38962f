"""Decodes what the tower exported, with OpenTelemetry's own protobuf classes: a body on standard input, JSON out."""

import sys

from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

request = ExportTraceServiceRequest()
request.ParseFromString(bytes.fromhex(sys.stdin.read().strip()))
print(MessageToJson(request, indent=None))
