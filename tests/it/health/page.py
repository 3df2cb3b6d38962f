"""Reads a page of figures as Prometheus' own client does; says every sample and the type of every family."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = list(text_string_to_metric_families(sys.stdin.read()))
samples = [[s.name, s.labels, s.value] for family in families for s in family.samples]
types = {family.name: family.type for family in families}
assert all(family.documentation for family in families), "each family says what it is"
print(json.dumps({"samples": samples, "types": types}))
