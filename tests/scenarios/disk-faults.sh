#!/bin/sh
# The real program is ended at each sync of a workload, and its disk fails at each sync and write:
# what was acknowledged is there afterwards, at the same place, and no second history is ever signed.
. "$(dirname "$0")/lib.sh"
[ -n "${FAULTSHIM:-}" ] || { echo "disk-faults: skipped in a sanitized build"; exit 77; }
two_parties
stop north

# Everything north has said, one line an act.
said_by_north() { on north acts list "$id" --from north --all --json | jq -r '[.act, .hash] | @tsv'; }
# Nothing that was there may be gone or different; more may have come.
still_there() { # BEFORE AFTER
    head -n "$(wc -l <"$1")" "$2" | cmp -s - "$1" || fail "an act is gone or changed after $fault"
}
share() { on north share list.txt --tlp green --under "$id"; }

step 'a run without faults'
names 3 first >list.txt
FAULT_COUNT=$stage/count LD_PRELOAD=$FAULTSHIM ok share
read -r syncs writes <count
[ "$syncs" -ge 1 ] && [ "$writes" -ge 1 ] || fail "the shim saw $syncs syncs and $writes writes"

n=0
try() { # FAULT
    fault=$1 n=$((n + 1))
    step "fault $fault"
    said_by_north >before
    names 2 "fault$n-" >list.txt
    status=0
    FAULT=$fault LD_PRELOAD=$FAULTSHIM on north share list.txt --tlp green --under "$id" \
        >said 2>&1 || status=$?
    said_by_north >after
    still_there before after
    if [ "$status" -eq 0 ]; then
        [ "$(wc -l <after)" -gt "$(wc -l <before)" ] || fail "acknowledged, and not there: $fault"
    fi
    on north evidence list >/dev/null 2>&1 || fail "the node does not open after $fault"
}
for k in $(seq 1 "$syncs"); do
    try "sync:$k:kill"
    try "sync:$k:eio"
done
for k in $(seq 1 "$writes"); do
    try "write:$k:kill"
    try "write:$k:enospc"
    try "write:$k:short"
done
[ "$n" -ge 5 ] || fail "only $n faults"

step 'the other side and a stranger see one history'
ok on north log check
ok on north sync
says 0 'No proofs' on south evidence list
is "$(acts_of south north)" "$(said_by_north | wc -l)"
ok on south export log --from north -o north.entente-log
on south card show north >north.card 2>said
says 0 'It holds' "$ENTENTE" verify north.entente-log --card north.card
echo "disk-faults: $n faults, $(said_by_north | wc -l) acts, one history"
