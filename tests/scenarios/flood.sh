#!/bin/sh
# Story 8: south floods north with requests, false emergencies and bodies that mean harm, while west's
# real emergency is shown at north within ten seconds and north's memory stays under its cap.
# ENTENTE_FLOOD="REQUESTS EMERGENCIES" for more than the ordinary suite's; make flood does.
. "$(dirname "$0")/lib.sh"
: "${FLOODER:?the program that floods}"
case $FLOODER in /*) ;; *) FLOODER=$OLDPWD/$FLOODER ;; esac
set -- ${ENTENTE_FLOOD:-2000 200}
requests=$1 emergencies=$2
cap_kb=${ENTENTE_FLOOD_KB:-700000}
node north
node south
node west
befriend north south west
serve north
serve south
serve west
agree north south
flooded=$id
ok on north agreement new --with west --title 'Without the flood' -o other.json
ok on north agreement sign other.json
other=$(on north agreement list --json | jq -r "select(.id != \"$flooded\") | .id")
ok on north sync
ok on west agreement sign "$other"
ok on west sync
ok on north sync
rss() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid_north/status"; }
before=$(rss)

step 'the flood is written, and south gives it to north'
stop south
"$FLOODER" south "$requests" "$emergencies"
serve south
held() { on north status --json | jq -r ".agreements[] | select(.id == \"$flooded\") | .logs[] | select(.party == \"south\") | .size"; }
all=$((requests + emergencies + 6))

# A real one, seen at north; the longest of all is in $shown.
shown=0
emergency() { # WHEN
    began_at=$(date +%s)
    ok on west request new --under "$other" --to north --type info --urgency emergency --facts "the grid, $1" \
        --item 'who owns 203.0.113.7' --use defence --steps none
    real=$(on west request list --under "$other" --json | jq -r .id | grep -v -x -F "$reals" | head -n 1)
    reals="$reals
$real"
    until on north request list --under "$other" --json 2>/dev/null | grep -q "$real"; do
        [ $(($(date +%s) - began_at)) -lt 60 ] || fail "the emergency $1 was never shown"
        sleep 0.2
    done
    until on north notices --json 2>/dev/null | grep -q "$real"; do
        [ $(($(date +%s) - began_at)) -lt 60 ] || fail "nobody was told of the emergency $1"
        sleep 0.2
    done
    took=$(($(date +%s) - began_at))
    [ "$took" -le 10 ] || fail "the emergency $1 was shown after $took s"
    [ "$took" -le "$shown" ] || shown=$took
}
reals='none yet'

step 'an emergency of west meanwhile'
flooding=$(date +%s)
emergency 'when the flood begins'
half=$((all / 2))
until [ "$(held)" -ge "$half" ]; do
    [ $(($(date +%s) - flooding)) -lt "${ENTENTE_FLOOD_SECONDS:-90}" ] || fail "$(held) of $all acts came"
    sleep 0.2
done
emergency 'in the midst of it'

step 'all of it is taken, by quota; what is malformed is named as that'
until [ "$(held)" = "$all" ]; do
    [ $(($(date +%s) - flooding)) -lt "${ENTENTE_FLOOD_SECONDS:-90}" ] || fail "$(held) of $all acts came"
    sleep 0.5
done
taken=$(($(date +%s) - flooding))
emergency 'when all of it is here'
began=$(date +%s)
ok on north request list --under "$flooded"
escape=$(printf '\033')
LC_ALL=C grep -q "$escape" said && fail 'an escape code reached the terminal'
listed=$(($(date +%s) - began))
[ "$listed" -le 10 ] || fail "what is due first was listed after $listed s"
[ "$(wc -l <said)" -le 103 ] || fail 'the list has no end'
grep -q -- '--limit 0' said || fail 'nothing says that there is more'
ok on north request list --under "$flooded" --from south --overdue --limit 5
on north request list --under "$flooded" --all --json >list.json
is "$(wc -l <list.json)" "$((requests + emergencies))"

step 'who is queued sees where, and both sides see the same'
ok on south sync
on south request list --under "$flooded" --from-us --all --json >theirs.json
queue() { jq -r 'select(.queue) | "\(.queue) \(.queued_until) \(.id)"' "$1" | sort -n; }
queue list.json >here
queue theirs.json >there
cmp -s here there || fail 'the queue is not the same at both sides'
queued=$(wc -l <here)
is "$(cut -d' ' -f1 <here | head -n 1)" 1
is "$(cut -d' ' -f1 <here | tail -n 1)" "$queued"
[ "$queued" -gt $((requests / 2)) ] || fail "only $queued are queued"
last_queued=$(tail -n 1 here | cut -d' ' -f3)
for side in north south; do says 0 'queue' on "$side" why "$last_queued" --under "$flooded"; done
[ "$(jq -r 'select(.urgency == "emergency") | .id' list.json | wc -l)" -le 5 ] || fail 'more emergencies count than agreed'
last=$((all - 1))
says 0 'request' on north acts show "south/$last" --under "$flooded"
is "$(find north -name passwd | wc -l)" 0
after=$(rss)
[ "$after" -lt "$cap_kb" ] || fail "north's memory: $after kB, over $cap_kb"
told=$(on north notices --json | wc -l)
[ "$told" -le 200 ] || fail "$told notices"
ok on north status
ok on west sync
ended=$(date +%s)
stop north
stopped=$(($(date +%s) - ended))
[ "$stopped" -le 15 ] || fail "north stopped after $stopped s"
stop south
stop west
echo "flood: $requests requests, $emergencies false emergencies, taken in $taken s: $queued queued with their place;" \
    "real emergencies shown and told after $shown s at most; what is due first listed in $listed s;" \
    "north's memory $before kB before, $after kB at most; $told notices; stopped in $stopped s"
