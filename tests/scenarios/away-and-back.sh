#!/bin/sh
# A peer that is away for long loses nothing, and nobody waits for it.
. "$(dirname "$0")/lib.sh"
two_parties

step 'south goes away'
stop south
for i in 1 2 3; do
    names $((i * 100)) "week$i-" >list.txt
    ok on north share list.txt --tlp green
done
says 3 'away' on north sync
is "$(on north status --json | value '.agreements[0].logs[] | select(.own) | .unacknowledged')" 3
says 0 'not acknowledged' on north status

step 'it comes back'
serve south
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(acts_of south north)" = 4 ] && break
    sleep 0.5
done
is "$(acts_of south north)" 4
is "$(on south objects list --from north --json | wc -l)" 600
ok on north sync
is "$(on north status --json | value '.agreements[0].logs[] | select(.own) | .unacknowledged')" 0

step 'north goes away and comes back at another address'
stop north
names 7 south >list.txt
ok on south share list.txt --tlp green
free_port
sed -i "s/^listen = .*/listen = 127.0.0.1:$port/; s|^address = .*|address = https://127.0.0.1:$port|" \
    north/entente.conf
serve north
is "$(on north card show --json | value .serial)" 2
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(acts_of north south)" = 2 ] && break
    sleep 0.5
done
is "$(on north objects list --from south --json | wc -l)" 7
ok on north sync
is "$(on south card show north --json | value '.addresses[0]')" "https://127.0.0.1:$port"
stop north
stop south
