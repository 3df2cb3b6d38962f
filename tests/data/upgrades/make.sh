#!/usr/bin/env bash
# Makes one data folder as the program of an older commit leaves it.
#
#   tests/data/upgrades/make.sh COMMIT [PROGRAM]
#
# COMMIT is built in a worktree of its own unless PROGRAM, the folder with its cuetowerctl, is named. The folder is written
# beside this script as format-N.tar.gz, with what was counted in it as format-N.json.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
commit=$(git -C "$here" rev-parse --short "$1")
work=$(mktemp -d)
tower=
trap 'if [ -n "$tower" ]; then kill -9 "$tower" 2>/dev/null || true; fi; git -C "$here" worktree remove --force "$work/tree" 2>/dev/null || true; rm -rf "$work"' EXIT

if [ $# -gt 1 ]; then
  program=$2
else
  git -C "$here" worktree add --detach "$work/tree" "$commit" >&2
  packages=(-p cuetower-cli)
  if [ -d "$work/tree/src-tauri/launcher" ]; then packages+=(-p cuetower-launcher); fi
  (cd "$work/tree" && cargo build "${packages[@]}") >&2
  program=${CARGO_TARGET_DIR:-$work/tree/target}/debug
  mkdir "$work/bin"
  cp "$program/cuetowerctl" "$work/bin/"
  if [ -d "$work/tree/src-tauri/launcher" ]; then cp "$program/cuetower-launcher" "$work/bin/"; fi
  program=$work/bin
fi

data=$work/data
mkdir "$data"
ctl() { "$program/cuetowerctl" --data "$data" "$@"; }
# What an older program has not yet is refused by it, and left out.
try() { ctl "$@" >/dev/null 2>>"$work/refused" || true; }
add() { try cue add - <<<"$1"; }

# The demo fleet reports, lies, falls silent, and makes steps, gates and permits, as far as the program knows them.
# Not by `ctl`: a function in the background is a shell of its own.
"$program/cuetowerctl" --data "$data" serve --demo --vault memory --no-notifications --listen 127.0.0.1:0 --desk 127.0.0.1:0 --ready-json >"$work/ready" 2>"$work/log" &
tower=$!
until [ -s "$work/ready" ]; do
  kill -0 "$tower" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
  sleep 0.2
done

command='"transport": "command", "confirm": "exit_code", "retry": {"max_attempts": 1}'
add "{\"name\": \"exits\", $command, \"command\": {\"argv\": [\"true\"]}, \"schedule\": {\"type\": \"manual\"}}"
add "{\"name\": \"fails\", $command, \"command\": {\"argv\": [\"false\"]}, \"schedule\": {\"type\": \"manual\"}}"
add "{\"name\": \"ticks\", $command, \"command\": {\"argv\": [\"true\"]}, \"schedule\": {\"type\": \"recurring\", \"cron\": \"* * * * * *\", \"timezone\": \"UTC\"}}"
add "{\"name\": \"new-year\", $command, \"command\": {\"argv\": [\"true\"]}, \"schedule\": {\"type\": \"once\", \"at\": \"2030-01-01T00:00:00+01:00\", \"timezone\": \"Europe/Berlin\"}}"
add "{\"name\": \"monthly\", $command, \"command\": {\"argv\": [\"true\"], \"env\": {\"KEY\": \"{{secret:OPENAI}}\"}}, \"schedule\": {\"type\": \"recurring\", \"cron\": \"0 9 1 * *\", \"timezone\": \"Europe/Berlin\"}}"
add "{\"name\": \"hook\", \"transport\": \"webhook\", \"callback\": {\"url\": \"http://127.0.0.1:9/none\", \"headers\": {\"X-Team\": \"sales\"}}, \"schedule\": {\"type\": \"manual\"}, \"retry\": {\"max_attempts\": 1}}"
add "{\"name\": \"job\", \"transport\": \"worker\", \"schedule\": {\"type\": \"manual\"}}"
add "{\"name\": \"watched\", \"transport\": \"watch\", \"schedule\": {\"type\": \"manual\"}}"
add "{\"name\": \"gone\", $command, \"command\": {\"argv\": [\"true\"]}, \"schedule\": {\"type\": \"manual\"}}"
add "{\"name\": \"follows\", $command, \"command\": {\"argv\": [\"true\"]}, \"schedule\": {\"type\": \"after\", \"cue\": \"exits\", \"on\": \"confirmed\"}}"
add "{\"name\": \"asks\", $command, \"command\": {\"argv\": [\"true\"]}, \"schedule\": {\"type\": \"manual\"}, \"gate\": {\"before_delivery\": true}}"
add "{\"name\": \"spends\", $command, \"command\": {\"argv\": [\"true\"]}, \"schedule\": {\"type\": \"manual\"}, \"budget\": {\"run\": {\"cost_usd\": 0.5}, \"day\": {\"tokens\": 1000}}}"
try call secret_set '{"name": "OPENAI", "value": "sk-of-nobody-4711"}'
try pool set shared --concurrency 2
try settings set backup.keep 3
for cue in exits exits exits fails hook job asks spends gone; do try cue fire "$cue"; done
try cue rm gone

# Long enough for each of the fleet to run and for its silent agent to be noticed.
sleep "${SECONDS_UP:-50}"

# What fires often is paused: however much later the folder is opened, few due times were missed.
for cue in $(ctl --json cue list | python3 -c 'import json, sys
for cue in json.load(sys.stdin)["cues"]:
    if len(cue["definition"]["schedule"].get("cron", "").split()) == 6: print(cue["id"])'); do
  try cue pause "$cue"
done
sleep 8
kill -TERM "$tower"
wait "$tower" || { cat "$work/log" >&2; exit 1; }
tower=

# Doors, locks and the demo's agents are of this machine alone.
rm -rf "$data/demo" "$data/lock" "$data/tower.lock" "$data/desk.json" "$data/owner.token" "$data/owner.key" "$data/runs" "$data/logs" "$data/backups"
python3 - "$data/cuetower.db" "$commit" "$work/count.json" <<'PYTHON'
import json, sqlite3, sys
path, commit, to = sys.argv[1:]
store = sqlite3.connect(path)
store.execute("pragma wal_checkpoint(truncate)")
tables = [name for (name,) in store.execute("select name from sqlite_master where type = 'table'")]
rows = {name: store.execute(f'select count(*) from "{name}"').fetchone()[0]
        for name in ("cues", "runs", "occurrences", "attempts", "alerts", "steps", "gates", "workers") if name in tables}
found = {"format": store.execute("pragma user_version").fetchone()[0], "commit": commit, "rows": rows,
         "verdicts": dict(store.execute("select confirmed, count(*) from runs group by confirmed order by confirmed"))}
store.execute("vacuum")
store.close()
open(to, "w").write(json.dumps(found, indent=2) + "\n")
PYTHON
format=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["format"])' "$work/count.json")
rm -f "$data"/cuetower.db-wal "$data"/cuetower.db-shm
tar -C "$data" --sort=name --owner=0 --group=0 -czf "$here/format-$format.tar.gz" .
cp "$work/count.json" "$here/format-$format.json"
tar -tzf "$here/format-$format.tar.gz" >&2
cat "$work/count.json" >&2
