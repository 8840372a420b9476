#!/bin/sh
# Amend, suspend, resume, withdraw.
. "$(dirname "$0")/lib.sh"
two_parties
names 2 x >list.txt

before=$(on north request new --item 'owner of 203.0.113.7' --use 'case 12' 2>said)
ok on north sync

step 'amending'
on north agreement show "$id" --document >edited.json 2>said
sed -i '/"report": {/,/}/s/"max_tlp": "amber"/"max_tlp": "red"/' edited.json
ok on north agreement amend "$id" edited.json
ok on north sync
says 0 'clauses.share.report.max_tlp: "amber" -> "red"' on south agreement show "$id"
is "$(on south agreement show --json | value .version)" 1
says 2 'or --accept' on south agreement amend "$id"
ok on south agreement amend "$id" --accept
ok on south sync
is "$(on north agreement show --json | value .version)" 2
is "$(on south agreement show --json | value .version)" 2
says 1 'nobody has proposed' on south agreement amend "$id" --accept

step 'an edit that breaks it names the clause and the line'
sed 's/"max_tlp": "red"/"max_tlp": "purple"/' edited.json >bad.json
says 1 'line [0-9]*: clauses.share.report.max_tlp must be one of' "$ENTENTE" agreement check bad.json
says 1 'bad.json' on north agreement amend "$id" bad.json

step 'suspending and resuming'
says 1 'no clause "shore"' on south agreement suspend "$id" shore
ok on south agreement suspend "$id" share --reason 'an audit'
ok on south sync
says 1 'clauses.share: the clause is suspended' on north share list.txt --tlp green
says 0 'Suspended: share' on north agreement show
ok on south agreement resume "$id" share
ok on south sync
ok on north share list.txt --tlp green

step 'withdrawing'
ok on south agreement withdraw "$id" --reason 'the treaty ends'
ok on south sync
ok on north sync
is "$(on north agreement show --json | value .withdrawing)" south
is "$(on north agreement show --json | value .stage)" 'in force'

step 'a case that lived through all of it, as a dossier: both versions of the agreement, and which is in force'
ok on south request refuse "$before" --ground not-held --because 'searched all records'
ok on south sync
ok on north sync
ok on south sync
dossiers "$before" north south
grep -q 'version 2 of the agreement has SHA-256' said
grep -q 'agreement.amend: signed, in log' said
grep -q 'agreement.withdraw: signed, in log' said
! grep -q 'whether version 2 is in force' said || fail 'the amendment is not dated'
stop north
stop south
