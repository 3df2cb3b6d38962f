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

# A run that is under way, as its agent sees it: CUETOWER_URL, CUETOWER_RUN, CUETOWER_TOKEN and the rest are set. They are not
# exported: the tower knows what comes out of a run, and the next `cuetowerctl` of the page is the owner's.
# $1: further fields of its cue.
inside_a_run() {
  inside=$((${inside:-0} + 1))
  local told="$HOME/inside-$inside"
  cuetowerctl cue add - > /dev/null <<JSON
{ "name": "inside-$inside", "transport": "command", "schedule": { "type": "manual" },
  "command": { "shell": "export -p | grep -E ' (CUETOWER_|OTEL_|TRACEPARENT)' > $told.part; sed 's/^export //' $told.part > $told.told; mv $told.told $told; exec sleep 300" } ${1:+, $1} }
JSON
  cuetowerctl cue fire "inside-$inside" > /dev/null
  until_it_is test -e "$told"
  . "$told"
}

# What is refused over HTTP is a command that failed.
curl() {
  local word
  for word; do
    if [[ $word =~ ^-[a-zA-Z]*f[a-zA-Z]*$ ]]; then
      command curl -sS "$@"
      return
    fi
  done
  command curl -sS --fail-with-body "$@"
}

# What stands at the end of a new trigger URL of a cue.
trigger() { cuetowerctl cue trigger "$1" --renew | sed 's|.*/triggers/||'; }

# The id of a key, by its name.
key_id() {
  cuetowerctl key list --json | python3 -c "import json, sys
print(next(key['id'] for key in json.load(sys.stdin)['keys'] if key['name'] == '$1'))"
}

# Somebody else's server, which answers whatever it is sent with {}; its address is $HEARS.
hears() {
  python3 - > "$HOME/hears" <<'PYTHON' &
from http.server import BaseHTTPRequestHandler, HTTPServer

class Hears(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *said):
        pass

server = HTTPServer(("127.0.0.1", 0), Hears)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
PYTHON
  until_it_is test -s "$HOME/hears"
  HEARS=$(cat "$HOME/hears")
}

# A question of an agent, with a payload that may be changed; its id.
a_gate() {
  curl "$TOWER/v1/gates" -H "Authorization: Bearer $KEY" -d "{\"agent\": \"asker\", \"key\": \"q$RANDOM$RANDOM\", \"title\": \"May I?\", \"payload\": {\"n\": 1}}" | json "['id']"
}

# Says yes to whatever is asked, once something is.
approves() {
  until_it_is sh -c "cuetowerctl gates | grep -q gate_"
  cuetowerctl answer "$(cuetowerctl gates | grep -o 'gate_[0-9a-z-]*' | head -1)" approve > /dev/null
}
