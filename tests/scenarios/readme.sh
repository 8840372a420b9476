#!/bin/sh
# The first exchange in README.md, word for word: what a newcomer types works.
. "$(dirname "$0")/lib.sh"
free_port
north=$port
free_port
south=$port
mkdir bin
ln -s "$ENTENTE" bin/entente
# All sh blocks of that section, on our ports, with a moment for the servers to listen.
sed -n '/^## A first exchange/,/^## What it protects/p' "$ENTENTE_SOURCE/README.md" |
    sed -n '/^```sh$/,/^```$/p' | sed -e '/^```/d' \
    -e "s/18443/$north/g; s/18444/$south/g" -e '/^export PATH=/d' -e '/^mkdir /d' \
    -e 's/serve 2> \([a-z]*\)\.log &$/serve 2> \1.log \& pids="$pids $!"; sleep 1/' \
    -e 's/^kill .*/kill $pids; wait/' >typed
[ "$(grep -c '^entente ' typed)" -ge 20 ] || fail 'README.md has lost its first exchange'
{
    echo 'set -e; pids=; trap '\''kill $pids 2>/dev/null || :'\'' EXIT'
    cat typed
} >all
step 'the commands of README.md'
says 0 '^IT HOLDS$' env PATH="$PWD/bin:$PATH" sh ./all
grep -q 'in force' said || fail 'the agreement is not in force'
grep -q 'domain-name:value = .evil.example' said || fail 'nothing was received'
grep -q '^It holds' said || fail 'the proof does not hold'
