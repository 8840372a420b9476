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

step 'an emergency of west meanwhile'
began=$(date +%s)
ok on west request new --under "$other" --to north --type info --urgency emergency --facts 'the grid' \
    --item 'who owns 203.0.113.7' --use defence --steps none
real=$(on west request list --under "$other" --json | value .id)
until on north request list --under "$other" --json 2>/dev/null | grep -q "$real"; do
    [ $(($(date +%s) - began)) -lt 60 ] || fail 'the emergency was never shown'
    sleep 0.2
done
shown=$(($(date +%s) - began))
[ "$shown" -le 10 ] || fail "the emergency was shown after $shown s"

step 'all of it is taken, by quota; what is malformed is named as that'
until [ "$(held)" = "$all" ]; do
    [ $(($(date +%s) - began)) -lt "${ENTENTE_FLOOD_SECONDS:-90}" ] || fail "$(held) of $all acts came"
    sleep 0.5
done
began=$(date +%s)
ok on north request list --under "$flooded"
escape=$(printf '\033')
LC_ALL=C grep -q "$escape" said && fail 'an escape code reached the terminal'
on north request list --under "$flooded" --all --json >list.json 2>said || on north request list --under "$flooded" --json >list.json
listed=$(($(date +%s) - began))
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
echo "flood: $requests requests, $emergencies emergencies; the real one shown after $shown s; listed in $listed s;" \
    "north's memory $before kB before, $after kB at most; $told notices"
stop north
stop south
stop west
