#!/bin/sh
# Logs that the server has followed: rotation, truncation, kill -9, a new index; no line twice, none
# missed; sightings told without anybody's yes.
. "$(dirname "$0")/lib.sh"
hits() { cat south/watch/hits/*.jsonl 2>/dev/null | jq -r .line_number 2>/dev/null | wc -l; }
until_so() { # WHAT COMMAND...: within ten seconds
    what=$1
    shift
    for _ in $(seq 100); do
        "$@" && return 0
        sleep 0.1
    done
    fail "not within ten seconds: $what"
}
have_hits() { [ "$(hits)" -eq "$1" ]; }
running() { on south watch status --json >status.json 2>/dev/null; }

step 'settings'
node north
node south
mkdir logs
free_port
metrics=$port
sed -i -e "s|^#watch = .*|watch = auto $PWD/logs/*.log|" -e 's/^sightings_automatic.*/sightings_automatic = on/' \
    -e 's/^sightings_seconds.*/sightings_seconds = 1/' -e "s/^metrics_port.*/metrics_port = $metrics/" south/entente.conf
befriend north south
says 1 'No logs are followed' on south watch status
serve north
serve south
agree north south

step 'a follower of its own, and a new index without a pause'
i=0
line() { i=$((i + 1)); echo "line $i: $1" >>logs/a.log; }
line evil.example.org
printf 'evil.example.org\n' >list.txt
ok on north share list.txt --tlp green
ok on north sync
until_so 'a running follower' running
until_so 'the first hit' have_hits 1
line quiet.example.org
line late.example.org
sleep 0.5
printf 'late.example.org\n' >more.txt
ok on north share more.txt --tlp green
ok on north sync
two_in_force() { on south watch status --json | jq -e '.indicators == 2' >said 2>&1; }
until_so 'the new index in use' two_in_force
line late.example.org
until_so 'a hit by the new index' have_hits 2

step 'rotation and kill -9 in between'
for n in 1 2 3 4 5; do
    line evil.example.org
    [ $n -ne 3 ] || mv logs/a.log logs/a.log.1
done
until_so 'hits through rotation' have_hits 7
pid=$(jq .pid south/watch/status)
kill -9 "$pid"
for n in 1 2 3; do line evil.example.org; done
another() { [ "$(jq .pid south/watch/status)" != "$pid" ] && running; }
until_so 'another follower' another
until_so 'hits after kill -9' have_hits 10
line evil.example.org
until_so 'one more' have_hits 11

step 'a log that is cut begins anew'
: >logs/a.log
until_so 'the cut seen' sh -c "[ \"\$('$ENTENTE' -C south watch status --json | jq '[.logs[].cut] | add')\" -ge 1 ]"
line evil.example.org
until_so 'a hit in the new log' have_hits 12
sleep 1
have_hits 12 || fail 'a line came twice'

step 'sightings told without anybody'
all_told() { [ "$(on north sightings received --json 2>/dev/null | jq -s '[.[].count] | add')" = 12 ]; }
until_so 'all told' all_told
sleep 2
all_told || fail 'something was told twice'

step 'metrics'
curl -s "http://127.0.0.1:$metrics/metrics" >said
grep -q '^entente_watch_hits_total{log=".*/logs/a.log"} [1-9]' said

step 'the follower ends with its server'
pid=$(jq .pid south/watch/status)
stop south
! kill -0 "$pid" 2>/dev/null || fail 'the follower lives on'
stop north
