#!/bin/sh
# Story 10: the half-yearly review at two nodes, each number explained, comments of both.
. "$(dirname "$0")/lib.sh"
two_parties
year=$(date -u +%Y)

step 'a period with nothing in it has zeros'
ok on north review 1999-H1
grep -q '^  received  *0$' said || fail 'no zeros'
grep -q '^  requests made  *0  *0  *0$' said || fail 'no zeros in what was given and got'

step 'requests: one answered, one refused, one ignored, one drill'
new() { on "$1" request new --to "$2" --type info --urgency normal --item "$3" \
    --purpose incident-response --use 'case 12' --steps none --json ${4:-} | value .id; }
one=$(new north south 'owner of 192.0.2.7')
two=$(new north south 'owner of 192.0.2.8')
new north south 'owner of 192.0.2.9' >said
drill=$(new north south 'a test' --exercise)
ok on north sync
ok on south request ack "$one"
ok on south request answer "$one" --text 'nobody'
ok on south request refuse "$two" --ground sovereignty-security
ok on south sync
ok on north request accept "$one" --rate timeliness=4
printf 'evil.example\nbad.example\n' >list.txt
ok on north share list.txt --tlp amber
ok on north sync
ok on south sync
ok on north sync

both() { # the same bytes at both nodes, asked until all dates have come across
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        on north review "$year" "$@" >north.out 2>said || return 1
        on south review "$year" "$@" >south.out 2>said || return 1
        cmp -s north.out south.out && return 0
        on north sync >said 2>&1 || :
        on south sync >said 2>&1 || :
        sleep 1
    done
    diff north.out south.out >said
    return 1
}
step 'both nodes print the same bytes'
both --json
both
hash=$(sed -n 's/^hash of this report //p' north.out)
is "$(on north review "$year" --json | head -c -1 | sha256sum | cut -d' ' -f1)" "$hash"

step 'every number names its acts'
on north review "$year" --json >numbers.json
is "$(jq -r '.rows[] | select(.section == "timeliness" and .type == "all" and (.drill | not) and
    .from == "north") | .received' numbers.json)" 3
is "$(on north review "$year" --explain timeliness/north/south/all/all/received --json | wc -l)" 3
is "$(on north review "$year" --explain drill/timeliness/north/south/all/all/received --json |
    value .act)" "$drill"
is "$(on south review "$year" --explain gave-and-got/north/indicators_shared --json |
    value .counts_for)" 2
is "$(on south review "$year" --explain ratings/north/south/timeliness/given_4 --json | wc -l)" 1
says 1 'no such number' on north review "$year" --explain timeliness/north/received
says 2 'not a period' on north review 2026-H3

step 'comments of both stand in both reports, and change the hash'
ok on south review comment "$year" --text 'We were on holiday.'
ok on north review comment "$year" --text 'So were <we>.'
ok on north sync
ok on south sync
ok on north sync
both
grep -q 'south: We were on holiday\.$' north.out || fail 'no comment of south'
grep -q 'north: So were <we>\.$' north.out || fail 'no comment of north'
[ "$(sed -n 's/^hash of this report //p' north.out)" != "$hash" ] || fail 'the hash did not change'

step 'the page: whole, the same at both, and nothing in it runs'
ok on north review "$year" --html north.html
ok on south review "$year" --html south.html
cmp -s north.html south.html || fail 'the pages differ'
grep -q 'So were &lt;we&gt;' north.html || fail 'the comment is not there, or not escaped'
! grep -qi '<script\|https\{0,1\}:' north.html || fail 'the page reaches elsewhere'
