#!/bin/sh
# Three parties under one agreement: nothing assumes two.
. "$(dirname "$0")/lib.sh"
for p in east north south; do node $p; done
befriend east north south
for p in east north south; do serve $p; done
agree north east south

step 'for all'
names 3 all >all.txt
ok on north share all.txt --tlp green
ok on north sync
for p in east south; do is "$(on $p objects list --from north --json | wc -l)" 3; done

step 'for one'
names 2 one >one.txt
says 1 'not a party' on north share one.txt --tlp green --to west
ok on north share one.txt --tlp green --to south
ok on north sync
is "$(on south objects list --from north --json | wc -l)" 5
is "$(on east objects list --from north --json | wc -l)" 3
is "$(acts_of east north)" 3
says 0 'not for us' on east acts list --from north

step 'proofs from all sides'
for p in east north south; do
    ok on $p proof north/1 -o proof-$p
    says 0 '^IT HOLDS$' sh -c "cd proof-$p && sed -n 's/^    //p' README.txt | sh"
    grep -q '^5. \(east\|south\)/mirror cosigned' said
    says 0 'It holds' "$ENTENTE" verify proof-$p
done
says 1 'not addressed\|not here\|not for\|missing' on east proof north/2 -o closed

step 'a case between two of them, as a dossier of each of the three'
request=$(on north request new --to south --item 'owner of 203.0.113.7' --use 'case 12' 2>said)
for p in north south east north south; do ok on $p sync; done
ok on south request refuse "$request" --ground not-held --because 'searched all records'
for p in south north east south; do ok on $p sync; done
dossiers "$request" east north south
grep -q 'request.refuse: signed, in log' said
is "$("$ENTENTE" verify east.dossier --json | jq -r '[.parties[].slug] | @csv')" '"east","north","south"'
for p in east north south; do stop $p; done
