#!/bin/sh
# Story 5: a claim is lodged, denied and attacked, revised, and ends in a joint finding with both
# signatures. Four eyes: what the agreement puts above the weight goes with two officers or not at all.
. "$(dirname "$0")/lib.sh"
node north
node south
befriend north south
serve north
serve south
ok on north agreement new --with south --title 'Claims' -o draft.json
sed 's/"two_officers": \[\]/"two_officers": ["claim", "claim.revise", "claim.finding", "agree"]/' draft.json >agreement.json
ok on north agreement sign agreement.json
id=$(on north agreement list --json | value .id)
ok on north sync
ok on south agreement sign "$id"
ok on south sync
ok on north sync
exchange() { ok on north sync; ok on south sync; ok on north sync; }

step 'officers'
for party in north south; do
    for name in ann bo cy; do
        ok "$ENTENTE" officer key $name -o "$party-$name.key" --no-passphrase
        [ $name = cy ] || ok on $party officer enrol "$party-$name.key.pub"
    done
done
is "$(stat -c %a north-ann.key)" 600
says 2 'two officers' on north officer enrol north-cy.key.pub
ok on north officer enrol north-cy.key.pub --draft more.json
says 0 'officer.add' "$ENTENTE" officer sign more.json --show
ok "$ENTENTE" officer sign more.json --key north-ann.key
says 2 'two officers' on north officer send more.json
says 1 'four eyes are two people' "$ENTENTE" officer sign more.json --key north-ann.key
ok "$ENTENTE" officer sign more.json --key north-bo.key
ok on north officer send more.json
exchange
is "$(on south officer list --json | wc -l)" 5
says 2 'already' on north officer enrol north-cy.key.pub --recovery
printf '{"key":"%064d","officer":"eve","own":"AAAA"}' 0 >eve.pub
says 2 'not a key\|has not signed' on south officer enrol eve.pub --recovery

step 'what is not a claim is not sent: exit 2'
acts=$(acts_of north north)
lodge() { on north claim new --predicate originated-from --subject 'scans of 1 March' \
    --object '203.0.113.0/24' "$@"; }
half="--likelihood likely --confidence moderate"
says 2 'two hypotheses' lodge $half --hypothesis 'the named network' --draft no.json
[ ! -e no.json ] || fail 'a draft of what may not be sent'
says 2 'two hypotheses' lodge $half --hypothesis 'the named network'
says 2 'confidence' lodge --likelihood likely --hypothesis a --alternative b
says 2 'likelihood' lodge --confidence low --hypothesis a --alternative b
says 2 'ICD 203' lodge --likelihood perhaps --confidence low --hypothesis a --alternative b
says 2 'low, moderate or high' lodge --likelihood likely --confidence certain --hypothesis a --alternative b
says 2 'less evidence' lodge $half --hypothesis a --alternative b
is "$(acts_of north north)" "$acts"

step 'lodged by two officers'
printf 'a log' >log.txt
printf 'a picture' >picture.txt
printf 'a secret' >secret.txt
for spec in 'log.txt,grade=B2,custody=duty desk|copied|||one file' 'picture.txt,escrow=a notary,grade=A1' secret.txt,withheld; do
    ok on north exhibit add --tlp amber "$spec"
    cut -c1-64 said >>digests
done
e1=$(sed -n 1p digests) e2=$(sed -n 2p digests) e3=$(sed -n 3p digests)
cite="--exhibit $e1 --exhibit $e2 --exhibit $e3"
full="$half $cite --matrix +++ --matrix +-."
says 2 'two officers' lodge $full --hypothesis 'the named network' --alternative 'others through it' --text 'It was they.'
ok lodge $full --hypothesis 'the named network' --alternative 'others through it' --text 'It was they.' --draft claim.json
says 0 'It was they' "$ENTENTE" officer sign claim.json --show
says 2 'two officers' on north officer send claim.json
ok "$ENTENTE" officer sign claim.json --key north-ann.key
says 2 'two officers' on north officer send claim.json
sed 's/"It was they."/"It was he."/' claim.json >changed.json
cp claim.json twice.json
jq '.body.officers += [.body.officers[0]]' claim.json >twice.json # one officer, twice
says 2 'two officers' on north officer send twice.json
ok "$ENTENTE" officer sign claim.json --key north-bo.key
cp claim.json kept.json
ok "$ENTENTE" officer sign changed.json --key north-bo.key # ann signed another text
says 2 'two officers' on north officer send changed.json
says 1 'a draft of north' on south officer send claim.json
ok on north officer send claim.json
says 2 'two officers' on north officer send kept.json # what was signed once is said once
claim=$(on north claim list --json | value .id)
exchange
is "$(on south claim list --json | value .id)" "$claim"
is "$(on south claim list --json | jq -r '[.state,.likelihood,.confidence,.evidence,.evidence_held,.evidence_withheld]|@csv')" '"lodged","likely","moderate",3,2,1'

step 'shown alike at both, nothing decided'
on north claim show "$claim" >n.txt
on south claim show "$claim" >s.txt
cmp n.txt s.txt
grep -q 'no reply yet' n.txt
grep -q 'B2/-' n.txt
grep -q 'counted as nothing' n.txt
grep -q 'The program decides nothing' n.txt
says 0 'H1 .*against: 0' on south claim matrix "$claim"
says 0 'H2 .*against: 1' on south claim matrix "$claim"
says 0 '(withheld: counted as nothing)' on south claim matrix "$claim"

step 'denied, attacked, answered with other evidence'
says 2 'not possible in this state' on south claim rebut "$claim" --target evidence/2 --attacks custody
ok on south claim ack "$claim"
says 2 'a reply is' on south claim reply "$claim" perhaps
says 2 "not this party's" on north claim reply "$claim" deny
ok on south claim reply "$claim" deny --text 'It was not us. Our logs show nothing.'
says 2 'say what is attacked' on south claim rebut "$claim" --target evidence/2
ok on south claim rebut "$claim" --target "$e2" --attacks custody --text 'nobody says who held it'
printf 'our own log' >own.txt
ok on south claim evidence "$claim" --attach own.txt,grade=A2 --text 'our own log of that day'
ok on south claim grade "$claim" --grade "$e1=C3"
exchange
says 0 'attacked by south: custody: nobody says who held it' on north claim show "$claim"
says 0 'B2/C3' on north claim show "$claim"
says 0 'It was they' on north claim show "$claim"
grep -q '| It was not us. Our logs show nothing' said
ok on north exhibit get "$(sha256sum own.txt | cut -c1-20)" -o got.txt
cmp own.txt got.txt

step 'revised; every version stays'
says 2 'two officers' on north claim revise "$claim" --likelihood 45-55 --reason 'custody of E2'
ok on north claim revise "$claim" --likelihood 'roughly even chance' --confidence low --reason 'custody of E2' --draft revise.json
for who in bo cy; do ok "$ENTENTE" officer sign revise.json --key north-$who.key; done
ok on north officer send revise.json
exchange
says 0 'roughly even chance (45-55 %)' on south claim show "$claim"
grep -q 'likely (55-80 %)' said
says 2 'proposed nothing' on north claim agree "$claim"

step 'a joint finding needs both signatures'
ok on north claim finding "$claim" --agreed 'there were scans' --disputed 'who ordered them' --unresolved 'the machine' --draft finding.json
for who in ann cy; do ok "$ENTENTE" officer sign finding.json --key north-$who.key; done
ok on north officer send finding.json
exchange
says 0 'PROPOSED FINDING, signed by one side only' on south claim show "$claim"
grep -q 'JOINT FINDING' said && fail 'a finding of one side passes for joint'
says 2 'two officers' on south claim agree "$claim"
ok on south claim agree "$claim" --draft agree.json
for who in ann bo; do ok "$ENTENTE" officer sign agree.json --key south-$who.key; done
ok on south officer send agree.json
exchange
says 0 'JOINT FINDING, signed by both' on north claim show "$claim"
grep -q 'agreed: there were scans' said
is "$(on north claim list --json | value .state)" found
on north claim show "$claim" >n.txt
on south claim show "$claim" >s.txt
cmp n.txt s.txt
grep -qi 'guilty\|fault' n.txt && fail 'a verdict'

step 'as STIX, with twins; nothing above the label'
ok on south export stix -o none.json --tlp green
is "$(jq '.objects | length' none.json)" 2
says 2 'tlp is clear' on south export stix -o no.json --tlp pink
ok on south export stix -o bundle.json --tlp amber
[ "$(jq '[.objects[] | select(.type == "note" or .type == "opinion")] | length' bundle.json)" -gt 8 ] || fail 'no twins'
jq -r '.objects[] | select(.type == "opinion") | .opinion' bundle.json | grep -q strongly-disagree
"$ENTENTE_SOURCE/tools/check-stix" bundle.json "$ENTENTE_SOURCE/schema" || [ $? -eq 77 ] || fail 'not by the rules for extensions'
ok on south export stix -o twins.json --tlp amber --twins
jq -r '.objects[].type' twins.json | sort -u | grep -v 'note\|opinion' && fail 'more than twins'
"$ENTENTE_SOURCE/tools/check-stix" twins.json "$ENTENTE_SOURCE/schema" || [ $? -eq 77 ] || fail 'twins that are no STIX'

step 'an officer removed: what was signed stays, what comes does not count'
says 2 'two officers' on north officer remove cy
ok on north officer remove cy --recovery
exchange
is "$(on south officer list --json | wc -l)" 4
is "$(on south claim list --json | value .state)" found

step 'a stranger sees whose officers signed, and that it was two; with one, or another text, it is none'
dossiers "$claim" north south
grep -q '^state  *found' said
grep -q '^  *2. officer: bo' said
grep -q 'officer.remove: signed, in log' said
is "$("$ENTENTE" verify north.dossier --json | jq -r '.cases[0].state')" found

step 'a drill is kept apart'
ok lodge $full --hypothesis a --alternative b --exercise --draft drill.json
for who in ann bo; do ok "$ENTENTE" officer sign drill.json --key north-$who.key; done
ok on north officer send drill.json
exchange
is "$(on south claim list --json | wc -l)" 1
is "$(on south claim list --exercise --json | wc -l)" 1
says 0 'Drills are not shown' on south claim list

step 'a template, and words that mean harm'
ok on north claim new --template
cp said template.json
jq . template.json >/dev/null
escape=$(printf '\033')
ok lodge $full --hypothesis "$(printf 'a\033[2J')" --alternative '<b>b</b>' --exercise --text "$(printf '\033]0;owned\007\nsecond line')" --draft bad.json
for who in ann bo; do ok "$ENTENTE" officer sign bad.json --key north-$who.key; done
LC_ALL=C grep -q "$escape" said && fail 'an escape code reached the terminal'
ok on north officer send bad.json
exchange
for what in 'claim list --exercise' 'claim show last' 'claim show last --acts' 'claim matrix last' 'claim show last --json'; do
    ok on south $what
    LC_ALL=C grep -q "$escape" said && fail "an escape code reached the terminal: $what"
done
says 1 'no case' on south claim show 00000000
says 1 'at least 4' on south claim show "$(printf 'x\033')"
says 1 'no draft' on north officer send agreement.json
stop north
stop south
