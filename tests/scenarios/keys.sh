#!/bin/sh
# Keys are rotated and revoked; what was signed before stands, and peers follow.
. "$(dirname "$0")/lib.sh"
two_parties
names 2 old >list.txt
ok on north share list.txt --tlp green
ok on north sync
stop north

step 'rotating the key for acts, and the one for heads'
old=$(on north key list --json | value .acts)
ok on north key rotate acts
ok on north key rotate checkpoints
says 1 'does not change' on north key rotate recovery
says 2 'there is no key' on north key rotate nonsense
[ "$(on north key list --json | value .acts)" != "$old" ] || fail 'it is the old key'
serve north
names 2 new >list.txt
ok on north share list.txt --tlp green
ok on north sync
is "$(on south objects list --from north --json | wc -l)" 4
is "$(on south card show north --json | value .serial)" "$(on north card show --json | value .serial)"

step 'proofs of before and after'
ok on south proof north/1 -o before
says 0 '^IT HOLDS$' sh -c "cd before && sed -n 's/^    //p' README.txt | sh"
last=$(($(acts_of south north) - 1))
ok on south proof "north/$last" -o after
says 0 '^IT HOLDS$' sh -c "cd after && sed -n 's/^    //p' README.txt | sh"
says 0 'It holds' "$ENTENTE" verify after

step 'revoking'
stop north
says 2 'a time like' on north key revoke acts --since yesterday
ok on north key revoke acts
serve north
ok on north share list.txt --tlp green
ok on north sync
is "$(acts_of south north)" "$(acts_of north north)"
stop north
stop south
