#!/bin/sh
# entente psi as people run it: two command lines, TLS, lists in files. One JSON line per case: over
# loopback, and over a link shaped to 1 Gb/s and 100 Mb/s (two network namespaces and tc; skipped, in
# words, without the right to make them).
#
#     bench/psi-link.sh [N]     N items a side, half of them in common; 1048576 if not given
#     RUNS=5 of each; the median is the line that counts
set -eu
: "${ENTENTE:=$(dirname "$0")/../build/src/cli/entente}"
ENTENTE=$(realpath "$ENTENTE")
n=${1:-1048576} runs=${RUNS:-5}
stage=$(mktemp -d "${TMPDIR:-/tmp}/entente-psi-link.XXXXXX")
a=entente-psi-a-$$ b=entente-psi-b-$$ made=''
leave() {
    [ -z "$made" ] || { ip netns del "$a"; ip netns del "$b"; }
    rm -rf "$stage"
}
trap leave EXIT
trap 'exit 130' INT TERM
cd "$stage"
seq -f 'item-%.0f.example' 1 "$n" >a.list
seq -f 'item-%.0f.example' "$((n / 2 + 1))" "$((n / 2 + n))" >b.list
"$ENTENTE" psi --new-secret >secret 2>/dev/null
port=$((20000 + $$ % 20000))

# NAME ADDRESS PREFIX-OF-LISTENER PREFIX-OF-CONNECTOR MODE
case_of() {
    : >samples
    for _ in $(seq "$runs"); do
        port=$((port + 1))
        # shellcheck disable=SC2086
        $3 "$ENTENTE" psi --listen "$2:$port" --set a.list --type domain --secret secret \
            --who connector $5 --json >a.json 2>a.err &
        pid=$!
        # shellcheck disable=SC2086
        $4 "$ENTENTE" psi --connect "$2:$port" --set b.list --type domain --secret secret \
            --who connector $5 --json --out common >b.json 2>b.err || { cat b.err >&2; exit 1; }
        wait $pid
        [ "$(jq .common b.json)" -eq "$((n - n / 2))" ] || { echo "$1: wrong result" >&2; exit 1; }
        rm common
        jq -c --slurpfile l a.json '{seconds, total: (.seconds + .seconds_reading), bits_per_item,
            wire_bytes: (.bytes_in + .bytes_out),
            rss_bytes: ([.rss_bytes, $l[0].rss_bytes] | max)}' b.json >>samples
    done
    jq -s -c --arg bench "$1" --argjson n "$n" 'sort_by(.seconds) as $s | $s[($s | length) / 2 | floor]
        | {bench: $bench, n: $n, median: .seconds, unit: "s", with_reading: .total,
           bits_per_item, wire_bytes, rss_bytes,
           spread: (($s[-1].seconds - $s[0].seconds) / .seconds)}' samples
}

case_of psi-cli/loopback-mal 127.0.0.1 '' '' ''
case_of psi-cli/loopback-sh 127.0.0.1 '' '' --semi-honest
if ip netns add "$a" 2>/dev/null && ip netns add "$b" 2>/dev/null; then
    made=yes
    ip link add va netns "$a" type veth peer name vb netns "$b"
    for x in "$a va 10.99.0.1" "$b vb 10.99.0.2"; do
        # shellcheck disable=SC2086
        set -- $x
        ip -n "$1" addr add "$3/24" dev "$2"
        ip -n "$1" link set "$2" up
    done
    for rate in 1gbit 100mbit; do
        for x in "$a va" "$b vb"; do
            # shellcheck disable=SC2086
            set -- $x
            tc -n "$1" qdisc replace dev "$2" root tbf rate $rate burst 256kb latency 50ms
        done
        for mode in '' --semi-honest; do
            case_of "psi-cli/$rate-$([ -z "$mode" ] && echo mal || echo sh)" 10.99.0.1 \
                "ip netns exec $a" "ip netns exec $b" "$mode"
        done
    done
else
    echo 'psi-link: no right to make network namespaces here: the shaped links are left out' >&2
fi
