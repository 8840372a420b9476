#!/bin/sh
# Two parties on loopback, from init to a verified proof.
. "$(dirname "$0")/lib.sh"

step 'cards by the wire'
node north
node south
serve north
serve south
on north card show >north.card 2>said
on south card show >south.card 2>said
says 0 'state *pending' on north card import south.card
ok on south card import north.card
says 0 'is enrolled' on north card enrol south
ok on south card enrol north
is "$(on north peers --json | value .enrolled)" true

step 'an agreement'
agree north south
says 1 'signed already' on north agreement sign "$id"

step 'sharing'
printf '# a list\nevil[.]example\nhxxp://bad[.]example/a\n192.0.2.7\n' >list.txt
says 1 'unmarked' on north share list.txt
says 1 'Nothing was shared' on north share --dry-run list.txt
says 0 'dry run' on north share --dry-run --tlp amber list.txt
says 0 'to share *3' on north share --dry-run --tlp amber list.txt
is "$(acts_of north north)" 1
says 0 'shared *3  indicator, TLP:AMBER' on north share list.txt --tlp amber
is "$(acts_of north north)" 2
says 1 'clauses.share.indicator.max_tlp: TLP:red is above the ceiling amber' \
    on north share "$ENTENTE_SOURCE/examples/eyes-only.json"
ok on north sync
is "$(on south objects list --from north --json | wc -l)" 3
object=$(on south objects list --from north --type indicator --json | value .id)
says 0 'marking *TLP:amber' on south objects show "$object"

step 'what carries no marking of its own goes under the label given'
sed '/object_marking_refs/d; s/"2026-01-15T09:00:00Z",/"2026-01-15T09:00:00Z"/; s/7d11/7d12/' \
    "$ENTENTE_SOURCE/examples/eyes-only.json" >plain.json
says 0 'shared *1  indicator, TLP:GREEN' on north share plain.json --tlp green
ok on north sync
unmarked=indicator--1b6b3a5e-0c0f-4c52-9d6c-6a2f0a3f7d12
says 0 'marking *TLP:green' on south objects show $unmarked
is "$(on south objects show $unmarked --json | value .tlp)" green
is "$(on south objects list --tlp green --json | value .id)" $unmarked
ok on north revoke $unmarked
ok on north sync

step 'what south says comes back'
ok on south share "$ENTENTE_SOURCE/examples/badtraffic-2018.txt" --tlp green
ok on south sync
is "$(on north objects list --from south --tlp green --json | wc -l)" 25
is "$(on north objects list --from south --tlp amber --json | wc -l)" 0

step 'a proof'
ok on south proof "$object" -o proof
says 1 'not empty' on south proof "$object" -o proof
mkdir elsewhere
cp -R proof elsewhere/
says 0 'It holds' "$ENTENTE" verify elsewhere/proof
is "$("$ENTENTE" verify --json elsewhere/proof | value .holds)" true

step 'withdrawing'
says 1 'we have not shared' on south revoke "$object"
ok on north revoke "$object" --reason 'a false alarm'
says 1 'withdrawn already' on north revoke "$object"
ok on north sync
is "$(on south objects list --from north --json | wc -l)" 2
is "$(on south objects list --from north --revoked --json | wc -l)" 4

step 'a whole log as a file'
ok on south export log --from north -o north.log-file
says 0 'It holds' "$ENTENTE" verify north.log-file --card north.card --card south.card
ok on south log check
stop north
stop south
