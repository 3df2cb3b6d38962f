#!/bin/sh
# What an owner does with an installed Cuetower, in the words they would type. `story.sh PART`, as that owner, in a home of
# their own that stays from part to part: `cargo xtask test --only package` has it run in a clean root, and installs, removes
# and purges between the parts.
set -eu
umask 077
cd "$HOME"
export CUETOWER_VAULT_PASSPHRASE=kept-by-heart CUETOWER_BACKUP_PASSPHRASE=kept-on-paper
ROOT="${ROOT:-}"
UNIT="$ROOT/usr/lib/systemd/user/cuetower.service"
OLD="$HOME/.local/share/cuetower"
NEW="$HOME/restored"
SECRET=open-sesame-42

fail() {
  echo "story: $*" >&2
  [ -f tower.log ] && tail -n 30 tower.log >&2
  exit 1
}

# Until the command does it, 30 s at most.
until_it() {
  tries=300
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "this never came: $*"
    sleep 0.1
  done
}

# As systemd starts it: what the installed unit says, with the vault that needs no session.
up() {
  $ROOT$(sed -n 's/^ExecStart=//p' "$UNIT") --vault file ${DOORS:-} "$@" >>tower.log 2>&1 &
  tower=$!
  until_it ctl "$@" status
}

down() {
  kill -TERM "$tower"
  wait "$tower" || fail "the tower ended with $?"
}

ctl() {
  "$ROOT/usr/bin/cuetowerctl" "$@"
}

confirmed() {
  ctl "$@" runs --json | grep -c '"confirmed": "confirmed"' || true
}

at_least() {
  wanted=$1
  shift
  [ "$(confirmed "$@")" -ge "$wanted" ]
}

lent() {
  ctl secret list --json | grep -q '"last_used_by": "first-cue"'
}

# Everything of the tower that a backup is to bring back.
told() {
  ctl "$@" cue list --json
  ctl "$@" runs --json
  ctl "$@" ledger --json
  ctl "$@" secret list --json
}

case $1 in
first)
  ctl --version
  up
  printf %s "$SECRET" | ctl secret set KEY
  cat >cue.json <<CUE
{ "name": "first-cue", "agent": "counter", "transport": "command", "schedule": { "type": "manual" },
  "command": { "argv": ["sh", "-c", "test \"\$KEY\" = $SECRET && echo counted >> counted.txt"], "cwd": "$HOME",
               "env": { "KEY": "{{secret:KEY}}" } },
  "confirm": "exit_code", "checks": [{ "check": "file", "path": "counted.txt", "newer_than_fire": true, "min_lines": 1 }] }
CUE
  ctl cue add cue.json
  ctl cue fire first-cue
  until_it at_least 1
  [ "$(cat counted.txt)" = counted ] || fail "the cue's own file says $(cat counted.txt)"
  ctl runs
  # Who used a secret is written a moment after.
  until_it lent
  told >before.json
  ctl backup "$HOME/tower.backup" --secrets
  down
  ;;
window)
  # Started as its icon does, and closed by whoever looked at it.
  "$ROOT/usr/bin/cuetower" --vault file --no-notifications ${DOORS:-} >>tower.log 2>&1 &
  tower=$!
  until_it ctl status
  ctl cue fire first-cue
  until_it at_least 2
  tries=900
  until [ -f seen ] || [ "$tries" -eq 0 ]; do
    kill -0 "$tower" || fail "the window's program is gone"
    tries=$((tries - 1))
    sleep 0.1
  done
  [ -f seen ] || fail "nobody saw a window"
  down
  ;;
gone)
  for file in cuetower cuetowerctl cuetower-launcher; do
    [ ! -e "$ROOT/usr/bin/$file" ] || fail "/usr/bin/$file is still there"
  done
  left=$(find "$ROOT/usr" "$ROOT/etc" "$ROOT/var/lib" -path "$ROOT/var/lib/dpkg" -prune -o -iname '*cuetower*' -print 2>/dev/null || true)
  [ -z "$left" ] || fail "left behind: $left"
  [ -s "$OLD/cuetower.db" ] || fail "the owner's tower went with the package"
  [ -s tower.backup ] || fail "the owner's backup went with the package"
  ;;
back)
  ctl restore "$HOME/tower.backup" --secrets --vault file --data "$NEW"
  up --data "$NEW"
  told --data "$NEW" >after.json
  diff before.json after.json >changes || fail "what came back is not what was there: $(cat changes)"
  # Nothing crashed: the tower that the backup is of was stopped in order, later.
  if ctl --data "$NEW" alerts --json | grep tower_was_off; then fail "a restored tower says that it crashed"; fi
  # Its secret came along: the command ends with 0 with that very value alone.
  ctl --data "$NEW" cue fire first-cue
  until_it at_least 2 --data "$NEW"
  ctl --data "$NEW" ledger audit
  down
  # The folder that was never touched is taken up by the new installation as well.
  up
  at_least 2 || fail "the old folder lost its runs"
  down
  ;;
*)
  fail "there is no part $1"
  ;;
esac
