#!/bin/sh
# A third that is no party cosigns the logs, by the C2SP witness protocol, and stands in the proofs.
. "$(dirname "$0")/lib.sh"
node north
node south
node third
befriend north south
for p in north south third; do serve $p; done

step 'who the witness is, and what it witnesses'
on third witness key >third.witness 2>said
says 1 'card.note: line 1' on north agreement new --with south --witness north/card.note -o x.json
ok on north agreement new --with south --witness third.witness -o agreement.json
ok on north agreement sign agreement.json
id=$(on north agreement list --json | value .id)
says 3 'they know nothing of it' sh -c "'$ENTENTE' -C north sync; exit 3"
on north log key >logs.txt 2>said
is "$(wc -l <logs.txt)" 2
says 0 '2 logs added' on third witness add logs.txt
says 0 '0 logs added' on third witness add logs.txt
is "$(on third witness list | wc -l)" 2
says 1 'no line that begins with' on third witness add "$ENTENTE_SOURCE/examples/eyes-only.json"

step 'signed, shared, cosigned'
ok on north sync
ok on south agreement sign "$id"
ok on south sync
names 3 x >list.txt
ok on north share list.txt --tlp green
ok on north sync
ok on north sync

step 'in the proof'
ok on north proof north/1 -o proof
says 0 '^IT HOLDS$' sh -c "cd proof && sed -n 's/^    //p' README.txt | sh"
grep -q '^5. third/witness cosigned' said
grep -q '^5. south/mirror cosigned' said
on third card show >third.card 2>said
says 0 'It holds' "$ENTENTE" verify proof --card third.card
for p in north south third; do stop $p; done
