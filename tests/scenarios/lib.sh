# What the scenarios share: a folder of their own, nodes on loopback, and words for what must be so.
# A scenario begins with `. "$(dirname "$0")/lib.sh"`; it ends well if it reaches its end.
# shellcheck shell=sh
set -eu
: "${ENTENTE:?the program to test}" "${ENTENTE_SOURCE:?the source tree}"
case $ENTENTE in /*) ;; *) ENTENTE=$PWD/$ENTENTE ;; esac
scenario=$(basename "$0" .sh)
stage=$(mktemp -d "${TMPDIR:-/tmp}/entente-$scenario.XXXXXX")
servers='' at='the beginning'
unset ENTENTE_HOME ENTENTE_PASSPHRASE_FILE ENTENTE_LANG
export LC_ALL=C

leave() {
    status=$?
    trap - EXIT
    for pid in $servers; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || :; done
    if [ "$status" -ne 0 ]; then
        echo "$scenario: failed (status $status) after: $at" >&2
        [ ! -f "$stage/said" ] || { echo "--- the last command said"; tail -n 20 "$stage/said"; } >&2
        for log in "$stage"/*.log; do
            [ ! -f "$log" ] || { echo "--- ${log##*/}"; tail -n ${ENTENTE_TAIL:-10} "$log"; } >&2
        done
    fi
    [ -z "${ENTENTE_KEEP:-}" ] && rm -rf "$stage" || echo "$scenario: kept $stage" >&2
    exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$stage"

# What follows is about this; a failure names it.
step() { at=$1; }
fail() { echo "$scenario: $*" >&2; exit 1; }

# The program on the node's folder: on north share ... Output goes to $stage/said too.
on() { node=$1; shift; "$ENTENTE" -C "$node" "$@"; }
# It must succeed.
ok() { "$@" >said 2>&1 || { s=$?; echo "exit status $s of: $*" >>said; return 1; }; }
# It must end with this status and say this (a basic regular expression).
says() { # STATUS WORDS COMMAND...
    want=$1 words=$2
    shift 2
    got=0
    "$@" >said 2>&1 || got=$?
    [ "$got" -eq "$want" ] || fail "exit status $got, not $want, of: $*"
    grep -q -e "$words" said || fail "this does not say \"$words\": $*"
}
is() { [ "$1" = "$2" ] || fail "\"$1\" is not \"$2\""; }
# One value out of one JSON line.
value() { jq -r "$1" | head -n 1; }

port=$((21000 + $$ * 7 % 30000))
free_port() {
    port=$((port + 1))
    while grep -qi ":$(printf %04X "$port") " /proc/net/tcp; do port=$((port + 1)); done
}
# A node in a folder of its slug, on a free port.
node() { # SLUG [OPTION...]
    slug=$1
    shift
    free_port
    ok "$ENTENTE" -C "$slug" init --name "CERT $slug" --slug "$slug" \
        --listen "127.0.0.1:$port" --address "https://127.0.0.1:$port" "$@"
    sed -i 's/^.*poll_seconds.*$/poll_seconds = 1/' "$slug/entente.conf"
}
serve() { # SLUG
    : >"$1.log"
    "$ENTENTE" -C "$1" serve 2>"$1.log" &
    eval "pid_$1=$!"
    servers="$servers $!"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
        grep -q 'ready: ' "$1.log" && return 0
        sleep 0.2
    done
    fail "$1 does not serve"
}
stop() { # SLUG
    eval "kill \$pid_$1; wait \$pid_$1"
}
# Cards and challenges by file: no server is needed.
enrol() { # WHO WHOM
    on "$2" card show >card 2>said
    ok on "$1" card import card
    on "$1" card challenge "$2" >challenge 2>said
    on "$1" card show >card 2>said
    ok on "$2" card import card
    on "$2" card answer challenge >answer 2>said
    ok on "$1" card enrol "$2" --answer answer
}
befriend() { # every one with every other
    for a in "$@"; do for b in "$@"; do [ "$a" = "$b" ] || enrol "$a" "$b"; done; done
}
# An agreement of all, proposed by the first, in force everywhere; $id is its id. All must serve.
agree() { # SLUG SLUG...
    first=$1
    shift
    with=''
    for p in "$@"; do with="$with --with $p"; done
    # shellcheck disable=SC2086
    ok on "$first" agreement new $with --title "Test of $scenario" -o agreement.json
    ok on "$first" agreement sign agreement.json
    id=$(on "$first" agreement list --json | value .id)
    ok on "$first" sync
    for p in "$@"; do ok on "$p" agreement sign "$id"; done
    for p in "$@"; do ok on "$p" sync; done
    ok on "$first" sync
    for p in "$first" "$@"; do
        is "$(on "$p" agreement list --json | value .stage)" 'in force'
    done
}
# north and south, serving, with an agreement.
two_parties() {
    node north
    node south
    befriend north south
    serve north
    serve south
    agree north south
}
# A list of so many names.
names() { # COUNT PREFIX
    seq -f "$2%.0f.example" 1 "$1"
}
acts_of() { # WHO WHOSE: how many acts it holds
    on "$1" status --json | value ".agreements[0].logs[] | select(.party == \"$2\") | .size"
}
# Each of these makes a dossier of the case as of one instant: they hold, with the program and with
# Python alone, and show the same acts in the same states. The report of the last is in $stage/said.
dossiers() { # CASE SLUG SLUG...
    case=$1
    shift
    : "${as_of:=$(date -u +%FT%TZ)}" # the nodes may have a clock of their own
    first=$1
    for p in "$@"; do
        rm -rf "$p.dossier" "$p.d"
        ok on "$p" dossier export "$case" -o "$p.dossier" --at "$as_of" --summary en
        mkdir "$p.d"
        unzip -q "$p.dossier" -d "$p.d"
        says 0 '^IT HOLDS$' env -i PATH="$PATH" python3 -I "$p.d/verify.py" "$p.dossier"
        for part in acts agreement computed payloads; do
            diff -r "$first.d/$part" "$p.d/$part" >difference || fail "$part of $p.dossier differ"
        done
        says 0 '^It holds' "$ENTENTE" verify "$p.dossier"
    done
    unset as_of
}
