# What pages may call in `<!-- run: … -->`, where a reader would have something of their own. docs/testing.md tells of them.

# Asks again until it is so.
until_it_is() {
  local tries=0
  until "$@" > /dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || { echo "it never was so: $*" >&2; return 1; }
    sleep 0.1
  done
}

until_it_says() { until_it_is grep -qF -- "$2" "$1"; }

# A part of the JSON on standard input: json "['cues'][0]['id']"
json() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }

# The id of a cue, by its name.
cue_id() { cuetowerctl cue show "$1" --json | json "['id']"; }

# The newest run of a cue.
newest() { cuetowerctl runs --cue "$1" --limit 1 --json | json "['runs'][0]['run_id']"; }

# Waits until a run has ended.
ended() { until_it_is sh -c "cuetowerctl run show '$1' --json | grep -q '\"ended_at_ms\": *[0-9]'"; }

# A run that is under way, as its agent sees it: CUETOWER_URL, CUETOWER_RUN, CUETOWER_TOKEN and the rest are set.
# $1: further fields of its cue.
inside_a_run() {
  inside=$((${inside:-0} + 1))
  local told="$HOME/inside-$inside"
  cuetowerctl cue add - > /dev/null <<JSON
{ "name": "inside-$inside", "transport": "command", "schedule": { "type": "manual" },
  "command": { "shell": "export -p | grep -E ' (CUETOWER_|OTEL_|TRACEPARENT)' > $told.part; mv $told.part $told; exec sleep 300" } ${1:+, $1} }
JSON
  cuetowerctl cue fire "inside-$inside" > /dev/null
  until_it_is test -e "$told"
  . "$told"
}
