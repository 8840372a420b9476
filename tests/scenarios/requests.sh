#!/bin/sh
# A request from asking to acceptance: both sides show the same bytes, and what is not agreed does not
# leave the house.
. "$(dirname "$0")/lib.sh"
node north
node south
befriend north south
serve north
serve south

acts() { acts_of north north; }
ask() { on north request new --to south --type info --urgency normal --use 'case 12' "$@"; }

step 'before anybody has signed'
ok on north agreement new --with south --title 'Test of requests' -o agreement.json
cp agreement.json plain.json
jq 'del(.clauses.request.audit)
    | .zones["Europe/Berlin"] = {"rule": "CET-1CEST,M3.5.0,M10.5.0/3"}
    | .zones["Asia/Shanghai"] = {"rule": "CST-8"}
    | .parties[0].zone = "Europe/Berlin" | .parties[1].zone = "Asia/Shanghai"' plain.json >agreement.json
ok on north agreement sign agreement.json
says 2 'is not in force: not every party has signed' ask --item 'a question'
is "$(acts)" 1
id=$(on north agreement list --json | value .id)
ok on north sync
ok on south agreement sign "$id"
ok on south sync
ok on north sync

step 'what is not agreed is refused here, with its clause, and nothing is sent'
before=$(acts)
says 2 'by clause request.audit' on north request new --to south --type audit --item x --use y
says 2 '"intended_use" is missing, by clause request.info.fields' on north request new --to south --item x
says 2 'by clause request.info$' ask --item x --tlp red
says 2 'by clause clock.urgency.urgent' on north request new --urgency urgent --item x --use y
says 2 'none of the known words' on north request new --urgency soon --item x --use y
says 2 'say what is asked' ask
says 2 'is not a party of agreement' on north request new --to west --item x --use y
says 0 'It would be sent' ask --item x --dry-run
is "$(acts)" "$before"

step 'asked: there within ten seconds, with the due instant in both zones'
request=$(ask --item 'owner of 203.0.113.7 on 2026-03-01' --item 'since when' 2>said)
echo "$request" | grep -qx '[0-9a-f]\{64\}' || fail "no id: $request"
began=$(date +%s)
for _ in $(seq 1 50); do
    on south request list --to-us --json >list 2>&1 && grep -q "$request" list && break
    sleep 0.2
done
[ $(($(date +%s) - began)) -le 10 ] || fail 'south saw it only after ten seconds'
says 0 "$(echo "$request" | cut -c1-12).* info .*Z = .* Europe/Berlin = .* Asia/Shanghai" on south request list

same() { # WHAT...: both print the same bytes
    on north "$@" "$request" >north.txt 2>/dev/null
    on south "$@" "$request" >south.txt 2>/dev/null
    cmp north.txt south.txt || fail "$* differs"
}
settle() { ok on south sync; ok on north sync; ok on south sync; }
settle
step 'show and why are the same on both sides'
same request show
grep -q 'ask: owner of 203.0.113.7' north.txt
same request show --json
same why
grep -q 'due .*Z = .*Europe/Berlin, .*Asia/Shanghai' north.txt

step 'acknowledged, answered item by item, with a file'
echo 'leased to Example Hosting' >lease.txt
ok on south request ack "$request" --text 'on it'
says 2 'there is no such item' on south request answer "$request" --body - <<'END'
{"items":[{"item":7,"status":"answered"}]}
END
says 2 'does not begin with the number of an item' on south request answer "$request" --item '7: nothing'
ok on south request answer "$request" --item '1: leased to Example Hosting' --attach lease.txt,grade=A2
says 0 'state is now: answered' on south request answer "$request" --not-held '2: our records begin later'
settle
says 0 'answered, .* before due.*accept or contest' on north request list
same request show
grep -q 'text: our records begin later' north.txt
grep -q 'availability: attached' north.txt
says 2 'not possible in this state' on south request refuse "$request" --ground not-held --because 'all of it'

step 'only who asked may accept; with a rating the request is closed'
says 2 'not this party.s to do' on south request accept "$request"
says 0 'state is now: closed' on north request accept "$request" --rate timeliness=5 --rate accuracy=4
settle
same request show
says 0 'There is no open request' on south request list
says 0 'closed, .* before due' on south request list --all

step 'the parties agree on what their logs come to'
is "$(on north status --json | value '.agreements[0].logs[] | select(.own | not) | .cases')" 'the same'
is "$(on south status --json | value '.agreements[0].logs[] | select(.own | not) | .cases')" 'the same'
for p in north south; do stop $p; done
