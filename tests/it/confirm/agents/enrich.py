"""Enriches records one by one with a provider, which its owner knows as api.openai.com. It stops at the first refusal.

The payload: {"records": 200, "provider": "http://127.0.0.1:1234"}.
"""

import urllib.error
import urllib.request

import cuetower

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def enriched(provider, record):
    try:
        with direct.open(f"{provider}/v1/enrich/{record}", data=b"{}", timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        raise cuetower.Failed(f"api.openai.com answered {refused.code}") from None


with cuetower.run() as run:
    records = run.do("list", lambda: list(range(1, run.payload["records"] + 1)))
    run.do("deduplicate", lambda: len(set(records)))
    with run.step("enrich", kind="http") as s:
        if not s.done:
            for record in records:
                enriched(run.payload["provider"], record)
                run.count(processed=record, expected=len(records))
            s.output = len(records)
