#!/bin/sh
# South goes silent. A witness has signed for the request, so it counts as delivered after the grace;
# the clock runs, is overdue, and the ladder is climbed. South comes back and sees the same instants;
# its late answer is taken, and marked late. Silence has admitted nothing.
. "$(dirname "$0")/lib.sh"
[ -n "${CLOCKSHIM:-}" ] || { echo "silent-party: skipped in a sanitized build"; exit 77; }
hour=3600
now_is() { echo $(($1)) >shift.new; mv shift.new "$CLOCK_SHIFT"; } # seconds from the beginning
export CLOCK_SHIFT="$stage/shift"
now_is 0
export LD_PRELOAD="$CLOCKSHIM"

node north
node south
node third
befriend north south
for p in north south third; do serve $p; done
on third witness key >third.witness 2>said
ok on north agreement new --with south --witness third.witness -o draft.json
# The first rung has an hour, so that the second can be taken before the request would lapse.
jq '.clauses.ladder[0].time = "1 hour"' draft.json >agreement.json
ok on north agreement sign agreement.json
id=$(on north agreement list --json | value .id)
on north sync >said 2>&1 || :
for p in north south; do
    on north log key >logs.txt 2>said
done
ok on third witness add logs.txt
ok on north sync
ok on south agreement sign "$id"
ok on south sync
ok on north sync
witnessed() { # until the witness has signed for all of ours
    for _ in $(seq 1 50); do
        on north request show last >said 2>&1 && ! grep -q 'nobody has signed' said && return 0
        sleep 0.2
    done
    fail 'the witness did not sign'
}
same() { # WHAT...
    on north "$@" >north.txt 2>/dev/null
    on south "$@" >south.txt 2>/dev/null
    cmp north.txt south.txt || fail "$* differs"
}

step 'asked while south is off: the witness signs for it'
stop south
request=$(on north request new --urgency emergency --facts 'a hospital is being encrypted' \
    --item 'take 203.0.113.7 off the net' --type mitigate --use 'case 20' 2>said)
witnessed
is "$(on north request show "$request" --json | value .state)" sent

step 'after the grace it counts as delivered, by nobody but the witness'
now_is 61*60
is "$(on north request show "$request" --json | value .deemed)" true
on north request show "$request" | grep -q '^deemed  '
on north why "$request" 2>/dev/null >why-then
grep -q 'deemed: first signature of somebody else .* and the grace of 1 h' why-then

step 'overdue at the due instant, and up the ladder with an act'
now_is 8*$hour+30*60
says 0 'answer: .* left\|late' on north request list
now_is 10*$hour+30*60
says 0 'OVERDUE by 1 h' on north request list
on north request show "$request" | grep -q '^rung      1, point of contact'
says 0 'state is now: delivered' on north request escalate "$request"
witnessed
on north request show "$request" | grep -q '^rung      2, hotline'

step 'south comes back and shows the same instants'
now_is 11*$hour
serve south
ok on south sync
ok on north sync
ok on south sync
same why "$request"
diff why-then north.txt >difference || fail 'the instants changed when south came back'
same request show "$request" --at "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
grep -q 'OVERDUE' south.txt
is "$(on south request show "$request" --json | value .deemed)" true
says 0 'OVERDUE by' on south request list --due

step 'answered two days late: taken, and marked so'
now_is 60*$hour
says 0 'state is now: answered' on south request answer "$request" --text 'it is off'
ok on south sync
ok on north sync
ok on south sync
same request show "$request"
grep -q '^answered .* late, 2 d .* after due' north.txt || fail 'not marked late'
says 0 'answered, 2 d .* after due' on north request list
! grep -qi 'admit' north.txt || fail 'silence is not to be read as an admission'
is "$(on north status --json | value '.agreements[0].logs[] | select(.own | not) | .cases')" 'the same'

step 'a stranger sees whose signature counted: the witness'
as_of=$(date -u +%FT%TZ)
dossiers "$request" north south
grep -q 'outside witness third/witness' said
grep -q 'deemed: first signature of somebody else .* and the grace of 1 h' said
grep -q '^answered .* late, 2 d .* after due' said
is "$(ls north.d/heads/north | wc -l)" "$(grep -l ' third/witness ' north.d/heads/north/* | wc -l)"
for p in north south third; do stop $p; done
