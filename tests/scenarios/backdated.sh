#!/bin/sh
# South sets its clock back to refuse in time. The signatures of others say when that cannot have been:
# the time is contradicted, the refusal is late. A question that needs no answer stops no clock; and a
# wrong clock of ours warns, and changes nothing.
. "$(dirname "$0")/lib.sh"
[ -n "${CLOCKSHIM:-}" ] || { echo "backdated: skipped in a sanitized build"; exit 77; }
day=86400
now_is() { for p in north south; do echo $(($1)) >"$p.new"; mv "$p.new" "$p.shift"; done; }
clock() { echo $(($2)) >"$1.new"; mv "$1.new" "$1.shift"; } # of one of them
now_is 0
# Each with a clock of its own.
on() {
    node=$1
    shift
    CLOCK_SHIFT="$stage/$node.shift" LD_PRELOAD=$CLOCKSHIM "$ENTENTE" -C "$node" "$@"
}
serve() {
    : >"$1.log"
    CLOCK_SHIFT="$stage/$1.shift" LD_PRELOAD=$CLOCKSHIM "$ENTENTE" -C "$1" serve 2>"$1.log" &
    eval "pid_$1=$!"
    servers="$servers $!"
    for _ in $(seq 1 50); do
        grep -q 'ready: ' "$1.log" && return 0
        sleep 0.2
    done
    fail "$1 does not serve"
}
settle() { ok on south sync; ok on north sync; ok on south sync; }
same() { # WHAT...
    on north "$@" >north.txt 2>/dev/null
    on south "$@" >south.txt 2>/dev/null
    cmp north.txt south.txt || fail "$* differs"
}
two_parties

step 'asked; then south says nothing for five days'
request=$(on north request new --urgency urgent --facts 'the intruder is active' \
    --item 'the other victims' --use 'case 30' 2>said)
settle
complete=$(on north request new --item 'owner of 203.0.113.7' --use 'case 31' 2>said)
settle
is "$(on south request list --json | wc -l)" 2
stop south
stop north
now_is 5*$day
serve north
serve south
settle

step 'refused with a clock that was set back four days'
stop south
clock south 1*$day
says 0 'is now: refused\|is now: delivered' on south request refuse "$request" --ground not-held --because 'searched all records'
clock south 5*$day
serve south
settle
same request show "$request"
claimed=$(grep -o 'time contradicted: claimed [^;]*' north.txt) || fail 'the time is not contradicted'
echo "$claimed" | grep -q 'cannot be earlier than' || fail "$claimed"
grep -q '^refused .* late, 2 d .* after due' north.txt || fail 'the refusal does not count as late'

step 'a question about what is not missing stops no clock'
ok on south request clarify "$complete" --field purpose --text 'why do you ask?'
settle
same request show "$complete"
grep -q 'does not stop the clock: no mandatory field missing' north.txt
same why "$complete"
grep -q 'does not stop the clock: no mandatory field missing' north.txt
cp north.txt why-before

step 'our own clock is wrong: it warns at the start, and nothing changes'
stop north
clock north 5*$day-10800
serve north
grep -q 'our clock is behind' north.log || fail 'it does not warn'
on north why "$complete" >why-after 2>/dev/null
cmp why-before why-after
stop north
clock north 5*$day+10800
serve north
says 0 . on north sync
grep -q "a peer's clock differs from ours" north.log || fail 'it does not warn'
on north why "$complete" >why-after 2>/dev/null
cmp why-before why-after

step 'a stranger is told that the time is contradicted, and that the refusal is late'
stop north
clock north 5*$day
serve north
settle
as_of=$(CLOCK_SHIFT="$stage/north.shift" LD_PRELOAD=$CLOCKSHIM date -u +%FT%TZ)
dossiers "$request" north south
grep -q 'unknown south/[0-9]*: time contradicted: it claims .*, and cannot be earlier than .*; the interval counts' said
grep -q 'request.refuse: signed, in log, between .*, time contradicted$' said
grep -q '^refused .* late, 2 d .* after due' said
is "$("$ENTENTE" verify north.dossier --json | jq -r '[.acts[] | select(.time_contradicted) | .kind] | unique | @csv')" '"request.refuse"'
for p in north south; do stop $p; done
