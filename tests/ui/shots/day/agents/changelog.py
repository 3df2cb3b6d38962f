"""Writes what changed since yesterday into CHANGES.md."""

from tower import Run, written

run = Run.of_command()
run.lent("ANTHROPIC_API_KEY", "GITHUB_TOKEN")
with run.step("read commits", takes=8) as step:
    step.output = {"commits": 23}
for part in ("fixes", "features", "upgrade notes"):
    run.calls(f"write {part}", "claude-sonnet-4-5", 22_000, 4_000, 150, output={"entries": 7})
with run.step("write CHANGES.md", takes=4) as step:
    written("CHANGES.md", ["# Changes"] + [f"- change {n}" for n in range(1, 24)])
    step.output = {"lines": 24}
print("23 commits, 21 entries")
run.outcome(processed=23, expected=23, summary="21 entries in CHANGES.md.", result_ref="CHANGES.md")
