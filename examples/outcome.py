"""How an agent that the tower started reports its outcome, with the Python standard library only.

The tower hands a started command the address of the agents' door, the id of the run and a token that is good for this
attempt alone. Reporting the same outcome twice is harmless; a different one is refused with 409.
"""

import json
import os
import urllib.request


def report(success, **fields):
    """Report the outcome of this run. Fields: result, error, summary, external_id, result_url, processed, errors,
    expected, tokens, cost_usd, metadata. Raises urllib.error.HTTPError if the tower refuses it."""
    tower, run = os.environ["CUETOWER_URL"], os.environ["CUETOWER_RUN"]
    request = urllib.request.Request(
        f"{tower}/v1/executions/{run}/outcome",
        data=json.dumps({"success": success, **fields}).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["CUETOWER_TOKEN"],
            "Content-Type": "application/json",
        },
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
