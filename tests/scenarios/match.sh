#!/bin/sh
# Two nodes compare lists under their agreement: what is common, what the clause refuses on either
# side, what an audit finds, and that no item passes over the wire.
. "$(dirname "$0")/lib.sh"
# "last" is the last by second: no two offers in one.
on() { node=$1; shift; [ "${1:-} ${2:-}" != 'match offer' ] || sleep 1.1; "$ENTENTE" -C "$node" "$@"; }
shared=${ENTENTE_SHARED:-$ENTENTE_SOURCE/../shared}/data/lists
node north
node south
node west
befriend north south west
for p in north south west; do serve $p; done

# West is the arbiter, and there are more purposes than the template has.
ok on north agreement new --template community --with south --with west --title Comparisons -o draft
jq '(.parties[] | select(.slug == "west") | .role) = "arbiter"
    | .clauses.match["many"] = (.clauses.match["c2-domains"] + {per_day: 100, items_per_quarter: 30000})
    | .clauses.match["c2-ip"] = (.clauses.match["c2-domains"] + {items: ["ipv4"], per_day: 100})
    | .clauses.match["agreed-ip"] = (.clauses.match["c2-ip"] + {guessable: true})
    | .clauses.match["how-many"] = (.clauses.match["c2-domains"]
        + {per_day: 100, result: "cardinality", to: "asker"})' draft >agreement.json
ok on north agreement sign agreement.json
id=$(on north agreement list --json | value .id)
ok on north sync
for p in south west; do ok on $p agreement sign "$id"; done
for p in south west north south; do ok on $p sync; done
is "$(on south agreement list --json | value .stage)" 'in force'

match() { on "$1" match "$2" last --json | value "$3"; }
# What stands in the last comparison, by its state, at both.
both() { for p in north south; do is "$(on $p match show last --json | value "$1")" "$2"; done; }
settle() { ok on north sync; ok on south sync; ok on north sync; }

step 'an offer, an acceptance, a run'
names 300 a >north.list
{ names 44 a | sed 's/\./[.]/'; names 100 b; names 100 b; echo; echo 'not a domain'; } >south.list
says 0 'kept *300' on north match offer --with south --under $id --purpose c2-domains --set north.list
ok on north sync
says 0 'offered by north' on south match show last
says 0 'permitted  by clauses.match.c2-domains' on south match show last
says 1 'our own offer' on north match accept last --set north.list
says 1 'not accepted' on north match run last
says 0 'twice *100' on south match accept last --set south.list
says 0 '44 items in common' on north match run last --items north.items
settle
both .state compared
both .count 44
both .differ false
is "$(on north match show last --json | value '.transcripts[0]')" \
    "$(on south match show last --json | value '.transcripts[1]')"
ok on south match show last --items south.items --stix south.stix --tlp green --request south.request
names 44 a | sort | cmp - north.items
is "$(head -n 1 south.items)" 'a10[.]example'
session=$(on north match list --json | value .id)
is "$(stat -c %a "north/match/$session/digests" "north/match/$session" | tr '\n' ' ')" '600 700 '
says 1 'compared, not accepted' on south match run last

step 'what follows from it'
says 0 'shared *1  grouping' on south share south.stix
ok on south request new --to north --body south.request
is "$(on north acts list --from north --json | jq -r .kind | grep -c '^match')" 2

step 'nothing in common is an answer'
names 200 z >none.list
ok on south match offer --with north --under $id --purpose c2-domains --set none.list
ok on south sync
ok on north match accept last --set north.list
says 0 '^0 items in common' on north match run last
settle
both .count 0

step 'shards, and the mode against honest sides only'
ok on north match offer --with south --under $id --purpose c2-domains --set north.list --shards 3 --semi-honest
ok on north sync
ok on south match accept last --set south.list
says 0 '44 items in common' on south match run last
settle
both .count 44

step 'a refusal'
ok on north match offer --with south --under $id --purpose c2-domains --set north.list
ok on north sync
says 0 'Refused' on south match refuse last --reason 'not this week'
ok on south sync
both .state refused
says 0 'because: not this week' on north match show last
says 1 'refused already' on south match accept last --set south.list

step 'what the clause does not permit leaves no trace and sends nothing'
acts=$(acts_of north north)
names 3 a >small.list
says 1 'clauses.match.c2-domains.min: .* 3 items, fewer than 16' \
    on north match offer --with south --under $id --purpose c2-domains --set small.list
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do echo one.example; done >probe.list
says 1 'has 1 items, fewer than 16' \
    on north match offer --with south --under $id --purpose c2-domains --set probe.list
says 1 'comparisons for "salaries" are not agreed' \
    on north match offer --with south --under $id --purpose salaries --set north.list
says 1 'items of type sha256 are not agreed' \
    on north match offer --with south --under $id --purpose c2-domains --type sha256 --set north.list
says 1 'not another party' on north match offer --with north --under $id \
    --purpose c2-domains --set north.list
is "$(acts_of north north)" "$acts"
is "$(find north/match -name seed | wc -l)" 4

step 'the fifth session of a day, on either side'
ok on north match offer --with south --under $id --purpose c2-domains --set north.list
ok on north match offer --with south --under $id --purpose c2-domains --set north.list
ok on north sync
fourth=$(on south match list --json | jq -r 'select(.state == "offered").id' | head -n 1)
fifth=$(on south match list --json | jq -r 'select(.state == "offered").id' | tail -n 1)
ok on south match accept "$fourth" --set south.list
says 1 'per_day: 4 sessions have been accepted today' on south match accept "$fifth" --set south.list
ok on south sync
says 1 'per_day' on north match offer --with south --under $id --purpose c2-domains --set north.list
stop south
serve south # counted from the record: a restart forgets nothing
says 1 'per_day' on south match offer --with north --under $id --purpose c2-domains --set south.list

step 'the fourth: a worker is killed in the middle; both logs say so; it may be tried again'
cat >dying-worker <<'END'
#!/bin/sh
kill -9 $$
END
chmod +x dying-worker
echo "$stage/dying-worker" >"south/match/$fourth/worker"
got=0
on north match run "$fourth" >said 2>&1 || got=$?
is "$got" 3
settle
is "$(on north match show "$fourth" --json | value .state)" accepted
[ "$(on south match show "$fourth" --json | value .aborts)" -ge 1 ] || fail 'no abort on the record'
echo "$ENTENTE match worker" >"south/match/$fourth/worker"
says 0 '44 items in common' on north match run "$fourth"
settle

step 'the budget of a quarter'
names 9000 q >large.list
ok on north match offer --with south --under $id --purpose many --set large.list
ok on north sync
ok on south match accept last --set south.list
says 0 'items in common' on north match run last
settle
says 0 'kept *9,000' on north match offer --with south --under $id --purpose many --set large.list
ok on north sync
ok on south match accept last --set south.list
settle
says 1 'items_per_quarter: north has tested up to 27006 items of 30000.*may test 13503' \
    on north match offer --with south --under $id --purpose many --set large.list

step 'types whose values can all be tried'
seq -f '192.0.2.%.0f' 1 100 >ip.list
says 1 'guessable' on north match offer --with south --under $id --purpose c2-ip --set ip.list
ok on north match offer --with south --under $id --purpose agreed-ip --set ip.list
ok on north sync
{ seq -f '192.0.2.%.0f' 91 150; echo 2001:db8::1; } >ip2.list
says 0 'left out *1  of another type' on south match accept last --set ip2.list
says 0 '10 items in common' on north match run last
settle

step 'the number alone, to the asker alone'
ok on north match offer --with south --under $id --purpose how-many --set north.list
ok on north sync
ok on south match accept last --set south.list
says 0 'this side has not' on south match run last
settle
says 0 'the number withheld' on south match show last
says 1 'not shown' on north match show last --items none.items
says 1 'not we' on south match show last --items none.items
[ ! -e none.items ] || fail 'items were written'

step 'what leaves a run holds no item and no digest of one'
ok on north match offer --with south --under $id --purpose how-many --set north.list \
    --worker "tee $stage/north.in | $ENTENTE match worker | tee $stage/north.out"
ok on north sync
ok on south match accept last --set south.list \
    --worker "tee $stage/south.in | $ENTENTE match worker | tee $stage/south.out"
says 0 '44 items in common' on north match run last
session=$(on north match show last --json | value .id)
for p in north south; do
    for way in in out; do od -An -v -tx1 "$p.$way" | tr -d ' \n' >"$p.$way.hex"; done
    od -An -v -tx1 -w32 "$p/match/$session/digests" | tr -d ' ' | cut -c 1-32 >halves
    grep -q -F -f halves "$p.in.hex" || fail 'the worker was given no digests: the check is blind'
    ! grep -q -F -f halves "$p.out.hex" || fail "a digest of $p's list left its worker"
    ! grep -q -a 'example' "$p.out" || fail "an item of $p's list left its worker"
    [ "$(wc -c <"$p.out")" -gt 20000 ] || fail 'what left was not recorded'
done

step 'an audit: drawn by the other side, opened to the arbiter alone'
says 1 'obody has asked' on south match audit "$fourth" --open --to west
says 1 'not an arbiter' on south match audit "$fourth" --open --to north
ok on north match audit "$fourth" --ask 5
ok on north sync
ok on south match audit "$fourth" --open --leaf a7.example --leaf nowhere.example --to west -o audit
says 0 'It holds' "$ENTENTE" match audit --check audit
is "$(grep -c '^drawn' said)" 5
grep -q '^there *a7' said || grep -q '^drawn *a7' said
grep -q '^absent *nowhere.example' said
sed 's/"item":"[^"]*"/"item":"other.example"/' audit >lie
says 1 'input not as committed' "$ENTENTE" match audit --check lie
jq -c 'del(.leaves[0])' audit >less
says 1 'a leaf that was asked for is not opened\|not shown to be absent' "$ENTENTE" match audit --check less
jq -c '.ask.payload |= sub("\"leaves\":5"; "\"leaves\":1")' audit >fewer
says 1 'the act "ask"' "$ENTENTE" match audit --check fewer
jq -c '.absent = ["a7.example"]' audit >denial
says 1 'not shown to be absent' "$ENTENTE" match audit --check denial

if [ -r "$shared/amnesty-nso-domains.txt" ]; then
    step 'the real lists'
    for pair in citizenlab-nso-2016:44 citizenlab-badtraffic:0; do
        ok on north match offer --with south --under $id --purpose how-many \
            --set "$shared/amnesty-nso-domains.txt"
        ok on north sync
        ok on south match accept last --set "$shared/${pair%:*}.csv"
        says 0 "^${pair#*:} items in common" on north match run last
    done
else
    echo 'match: the real lists are not here; the made ones were compared'
fi
