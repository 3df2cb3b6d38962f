"""Audits each dependency, for hours. It keeps all that it has read, and reads more each time: it leaks."""

import threading

from tower import DAY, Refused, Run

PACKAGES = 160
kept = [b"\xa5" * (60 << 20)]
at = 0


def beats():
    told = 0
    while True:
        tokens, told = run.tokens - told, run.tokens
        megabytes = 15 + sum(map(len, kept)) // (1 << 20)
        beat = {
            "agent": "release-scribe", "status": "ok", "agent_type": "claude", "tokens_used": tokens, "progress": at,
            "memory_mb": megabytes, "message": f"package {at} of {PACKAGES}",
        }
        try:
            run.door.ask("POST", "/api/v1/heartbeat", beat)
        except (OSError, Refused) as error:
            print(f"the beat was not heard: {error}", flush=True)
        DAY.nap(60)


run = Run.of_command()
run.lent("GITHUB_TOKEN")
threading.Thread(target=beats, daemon=True).start()
for at in range(1, PACKAGES + 1):
    run.calls(f"audit package {at}", "gpt-5", 6_000, 900, 205, output={"known flaws": 0 if at % 7 else 1})
    kept.append(b"\xa5" * ((at // 4 + 1) << 20))
    print(f"package {at} of {PACKAGES}: {'1 known flaw' if at % 7 == 0 else 'fine'}", flush=True)
run.outcome(processed=PACKAGES, expected=PACKAGES, summary=f"{PACKAGES} packages audited.")
