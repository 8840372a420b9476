#!/bin/sh
# A restored backup signs nothing until it is in step again; recovering makes it whole.
. "$(dirname "$0")/lib.sh"
two_parties
names 3 before >list.txt
ok on south share list.txt --tlp green
ok on south sync
stop south
cp -R south backup
serve south
names 4 after >list.txt
ok on south share list.txt --tlp green
ok on south sync
is "$(acts_of north south)" 3
stop south

step 'restored'
rm -rf south
cp -R backup south
says 1 'restored backup' on south share list.txt --tlp green
says 1 'may not be signed' on south log fence
says 1 'restored backup' on south agreement suspend "$id" share
is "$(on south status --json | value '.agreements[0].fence')" unsure
is "$(acts_of south south)" 2

step 'recovered from north'
says 0 'may be signed' on south log recover
is "$(acts_of south south)" 3
is "$(on south objects list --from south --json | wc -l)" 7
ok on south log fence
names 5 again >list.txt
ok on south share list.txt --tlp green
ok on south sync
is "$(acts_of north south)" 4
says 0 'No proofs' on north evidence list
ok on south log check

step 'restored again, and its owner insists: north has the proof'
rm -rf south
cp -R backup south
says 2 'for which agreement' on south log fence --insist
ok on south log fence "$id" --insist
names 6 forked >list.txt
ok on south share list.txt --tlp green
serve south
says 1 'contradicted itself' on north sync
file=$(on north evidence list --json | value .file)
is "$(on north evidence list --json | value .accused)" south
on north evidence show "$file" >proof.misbehaviour 2>said
on north card show south >south.card 2>said
says 0 'It holds' "$ENTENTE" verify proof.misbehaviour --card south.card
on north card show >north.card 2>said
sed -i 's/^3$/2/' proof.misbehaviour
says 1 'DOES NOT HOLD' "$ENTENTE" verify proof.misbehaviour --card south.card
says 1 'convicted' on north sync
stop north
stop south
