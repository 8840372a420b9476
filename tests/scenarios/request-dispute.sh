#!/bin/sh
# A request is refused, contested, escalated and then answered; another is extended, clarified,
# suspended by both, and withdrawn. Both sides show the same all the way.
. "$(dirname "$0")/lib.sh"
two_parties
settle() { ok on south sync; ok on north sync; ok on south sync; }
same() { # WHAT...
    on north "$@" >north.txt 2>/dev/null
    on south "$@" >south.txt 2>/dev/null
    cmp north.txt south.txt || fail "$* differs"
}
state() { on north request show "$1" --json | value .state; }

step 'a refusal needs an agreed ground, what that ground needs, and an offer where the clause says so'
request=$(on north request new --item 'logs of host 203.0.113.9' --item 'who rents it' --use 'case 13' 2>said)
settle
says 2 'by clause ground.privilege-immunity' on south request refuse "$request" --ground privilege-immunity
says 2 'clauses.ground.ongoing-case.needs: the refusal must say its "date"' on south request refuse "$request" --ground ongoing-case
says 2 'partial or conditional help has to be asked for or offered first' \
    on south request refuse "$request" --ground ongoing-case --because 2027-03-01
ok on south request refuse "$request" --ground no-legal-power --because 'Telecom Act, section 7' --text 'a court has to order it'
settle
is "$(state "$request")" refused
same request show "$request"
grep -q '^ground    no-legal-power' north.txt
grep -q 'provision: Telecom Act, section 7' north.txt
grep -q 'scope: all' north.txt
says 0 'refused, .* before due' on north request list

step 'contested, escalated, answered'
says 2 'say why' on north request contest "$request"
ok on north request contest "$request" --reason 'section 9 allows it in emergencies'
settle
is "$(state "$request")" contested
says 2 'that rung of the ladder is not open' on north request escalate "$request" --rung 2
says 0 'state is now: escalated' on north request escalate "$request" --text 'please look again'
settle
same request show "$request"
grep -q '^rung      1, point of contact' south.txt
says 0 'state is now: answered' on south request answer "$request" --text 'ordered by the court on 3 March: see file'
settle
same request show "$request"
same why "$request"
says 0 'state is now: closed' on north request accept "$request" --rate usefulness=3
settle
same request show "$request"

step 'more time as of right, once; a question that stops the clock, and its answer'
request=$(on north request new --item 'sample of the tool' --type info --use 'case 14' 2>said)
settle
says 2 'longer than agreed' on south request extend "$request" --by '11 days'
ok on south request extend "$request" --by '10 days' --reason 'many hosts'
says 2 'no extension is left' on south request extend "$request" --by '1 day'
says 0 'state is now: waiting' on south request clarify "$request" --item 1 --text 'which tool?'
settle
says 2 'not possible in this state' on south request clarify "$request" --item 1
says 0 'clarify' on north request list --due
ok on north request clarify "$request" --text 'the loader, not the implant'
settle
is "$(state "$request")" open
same why "$request"
grep -q 'extended by 10 days' north.txt
grep -q 'clarified: the clock runs' north.txt

step 'suspended when both say so; withdrawn by who asked'
says 2 'has proposed nothing' on south request agree "$request"
ok on north request suspend "$request" --until 2027-01-10
settle
says 2 'no such open proposal' on north request agree "$request"
ok on south request agree "$request"
settle
same why "$request"
grep -q 'suspended by both: all clocks stop' north.txt
says 2 'not this party.s to do' on south request withdraw "$request"
says 0 'state is now: withdrawn' on north request withdraw "$request" --text 'found it ourselves'
settle
same request show "$request"
grep -q 'text: found it ourselves' south.txt

step 'a drill is marked as one everywhere'
request=$(on north request new --item 'drill: are you there?' --use drill --exercise 2>said)
settle
says 0 'info (exercise)' on south request list
same request show "$request"
grep -q '^EXERCISE$' south.txt
is "$(on south status --json | value '.agreements[0].logs[] | select(.own | not) | .cases')" 'the same'
for p in north south; do stop $p; done
