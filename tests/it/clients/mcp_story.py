"""A whole story told by the official MCP client for Python, unmodified: what can be called, a cue made and fired, the owner
asked, the outcome reported, the run read.

Arguments: `http URL KEY`, or `stdio CUETOWERCTL DATA KEY`; then how to agree on a version: `auto`, or `legacy` for the
handshake of before 2026-07-28. Runs with 1.x, which knows nothing else, and 2.x. Ends with one JSON line.
"""

import asyncio
import contextlib
import importlib.metadata
import json
import sys

MODERN = not importlib.metadata.version("mcp").startswith("1.")
HOW, *WHERE, MODE = sys.argv[1:]
KEY = WHERE[-1]


@contextlib.asynccontextmanager
async def transport():
    if HOW == "stdio":
        from mcp import StdioServerParameters
        from mcp.client.stdio import stdio_client

        ctl, data, key = WHERE
        server = StdioServerParameters(command=ctl, args=["mcp", "--data", data], env={"CUETOWER_API_KEY": key})
        async with stdio_client(server) as streams:
            yield streams[:2]
        return
    if MODERN:
        from mcp.client.streamable_http import streamable_http_client
        from mcp.shared._httpx_utils import create_mcp_http_client

        client = create_mcp_http_client(headers={"Authorization": f"Bearer {KEY}"})
        async with client, streamable_http_client(WHERE[0], http_client=client) as streams:
            yield streams[:2]
        return
    from mcp.client.streamable_http import streamablehttp_client

    async with streamablehttp_client(WHERE[0], headers={"Authorization": f"Bearer {KEY}"}) as streams:
        yield streams[:2]


@contextlib.asynccontextmanager
async def session():
    """The client, and the version that it agreed on."""
    if MODERN:
        from mcp.client.client import Client

        async with Client(transport(), mode=MODE) as client:
            yield client, client.protocol_version
        return
    from mcp import ClientSession

    async with transport() as (read, write), ClientSession(read, write) as client:
        told = await client.initialize()
        yield client, told.protocolVersion


def of(result, modern, old):
    return getattr(result, modern if MODERN else old)


async def tell(client):
    async def call(name, arguments, fails=False):
        result = await client.call_tool(name, arguments)
        said = of(result, "structured_content", "structuredContent")
        assert bool(of(result, "is_error", "isError")) == fails, (name, said)
        text = json.loads(result.content[0].text)
        assert text == (said["error"] if fails else said), (name, text, said)
        return text

    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    for tool in tools.values():
        schema = of(tool, "input_schema", "inputSchema")
        assert schema["type"] == "object" and tool.description and tool.title, tool

    watched = {"transport": "watch", "schedule": {"type": "manual"}, "expect": {"min_processed": 3}}
    cue = await call("create_cue", {"name": "told by mcp", "agent": "ada", "payload": {"to": [1]}, **watched})
    again = await call("create_cue", {"name": "told by mcp", **watched}, fails=True)
    assert again["code"] == "duplicate_cue_name" and again["status"] == 409, again
    cues = await call("list_cues", {"status": "active", "limit": 10})
    assert [found["name"] for found in cues["cues"]] == ["told by mcp"], cues
    assert (await call("pause_cue", {"cue_id": cue["id"]}))["status"] == "paused"
    assert (await call("resume_cue", {"cue_id": cue["id"]}))["status"] == "active"

    fire = {"cue_id": cue["id"], "payload": {"to": [1, 2, 3]}, "idempotency_key": "once"}
    run = (await call("fire_cue", fire))["id"]
    assert (await call("fire_cue", fire))["id"] == run, "fired once"
    # It is handed out as soon as nothing holds it up.
    end = asyncio.get_running_loop().time() + 60
    while "acknowledged" not in (said := (await client.call_tool("begin_run", {"run_id": run})).content[0].text):
        assert asyncio.get_running_loop().time() < end, said
        await asyncio.sleep(0.05)
    await call("heartbeat", {"run_id": run, "message": "begins", "progress": 0, "tokens": 10})
    told = await call("get_run", {"run_id": run})
    assert told["payload"] == {"to": [1, 2, 3]} and told["triggered_by"] == "manual_fire", told

    step = {"run_id": run, "key": "send / 1", "kind": "http", "input": {"to": 3}}
    begun = await call("begin_step", step)
    assert begun["state"] == "started" and begun["tries"] == 1 and begun["idempotency_key"], begun

    question = {"run_id": run, "key": "send", "title": "Send 3 mails?", "payload": {"to": [1, 2, 3]}, "reversible": False}
    waiting = await call("ask_owner", {**question, "wait_seconds": 0})
    assert waiting["state"] == "waiting" and waiting["goes"] is None and "nobody said yes" in waiting["note"], waiting
    print(json.dumps({"asks": waiting["id"]}), flush=True)
    answer = waiting
    while answer["state"] == "waiting":
        answer = await call("check_answer", {"gate_id": waiting["id"], "wait_seconds": 25})
    assert answer["state"] == "edited" and answer["goes"] is True, answer
    assert answer["payload"] == {"to": [1, 2]} and answer["comment"] == "not the third", answer
    assert "with `payload` as it stands here" in answer["note"], answer
    same = await call("ask_owner", question)
    assert same["id"] == waiting["id"] and same["state"] == "edited", "asked again it is the same question"

    done = {"run_id": run, "key": "send / 1", "output": {"sent": 2}, "tokens": {"input": 10, "output": 5}}
    assert (await call("complete_step", done))["state"] == "completed"
    again = await call("begin_step", step)
    assert again["state"] == "completed" and again["output"] == {"sent": 2}, again
    await call("begin_step", {"run_id": run, "key": "check"})
    assert (await call("fail_step", {"run_id": run, "key": "check", "error": "429"}))["state"] == "failed"
    await call("begin_step", {"run_id": run, "key": "check"})
    await call("complete_step", {"run_id": run, "key": "check"})

    wrong = await call("report_outcome", {"run_id": run, "success": True, "result": 7}, fails=True)
    assert wrong["details"][0]["field"] == "body.result", wrong
    reported = await call("report_outcome", {"run_id": run, "success": True, "processed": 3, "summary": "2 were sent"})
    return reported, run, cue["id"], tools, call


async def main():
    async with session() as (client, version):
        reported, run, cue, tools, call = await tell(client)
        assert reported["outcome_recorded"], reported
        another = await call("report_outcome", {"run_id": run, "success": False}, fails=True)
        assert another["code"] == "outcome_already_recorded", another
        runs = await call("list_runs", {"cue_id": cue})
        assert [found["id"] for found in runs["executions"]] == [run], runs
        assert (await call("get_cue", {"cue_id": cue}))["run_count"] == 1
        missing = await call("get_run", {"run_id": "none"}, fails=True)
        assert missing["code"] == "execution_not_found", missing
        extra = await call("list_cues", {"page": 2}, fails=True)
        assert extra["code"] == "validation_error" and extra["details"][0]["field"] == "page", extra
        try:
            await client.call_tool("gate_answer", {"gate_id": "x"})
            raise SystemExit("there is a tool that answers gates")
        except Exception as error:
            assert "There is no tool `gate_answer`" in str(error), error

        uri = f"cuetower://runs/{run}"
        listed = [str(resource.uri) for resource in (await client.list_resources()).resources]
        assert listed == [uri], listed
        templates = of(await client.list_resource_templates(), "resource_templates", "resourceTemplates")
        assert [of(template, "uri_template", "uriTemplate") for template in templates] == ["cuetower://runs/{run_id}"]
        if MODERN:
            read = await client.read_resource(uri)
        else:
            from pydantic import AnyUrl

            read = await client.read_resource(AnyUrl(uri))
        text = read.contents[0].text
        print(json.dumps({"run": run, "version": version, "tools": sorted(tools), "story": text}))


asyncio.run(asyncio.wait_for(main(), 120))
