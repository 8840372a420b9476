#!/bin/sh
# What hostile people put on a command line or into a file gives one clear error, exit status 1 or
# 2, and nothing on the terminal that it should obey.
. "$(dirname "$0")/lib.sh"
two_parties
escape=$(printf '\033')

# One error, that names this, escaped.
refuses() { # STATUS WORDS COMMAND...
    at="refusing: $*"
    says "$@"
    is "$(grep -c '^entente: ' said)" 1
    if LC_ALL=C grep -q "$escape" said; then fail 'an escape code reached the terminal'; fi
}

step 'files'
printf '{"type":"bundle","objects":[' >deep.json
i=0
while [ $i -lt 100 ]; do printf '[' >>deep.json; i=$((i + 1)); done
printf '{"type":"indicator","type":"malware","id":"indicator--x"}' >twice.json
printf '{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[{"type":"x\377"}]}' >utf8.json
printf '{"type":"bundle","objects":[{"type":"indicator",' >cut.json
printf '{"name":"\\ud800"}' >surrogate.json
head -c 3000000 /dev/zero >zeros.bin
head -c 3000000 /dev/zero | tr '\0' 'a' >long-line.txt
printf 'n = 1e99999\n{"a":1e99999}' >number.json
: >empty
for f in deep twice utf8 cut surrogate number; do
    got=0
    on north share $f.json --tlp green >said 2>&1 || got=$?
    is "$got" 1
    LC_ALL=C grep -q "$escape" said && fail "$f: an escape code"
    is "$(acts_of north north)" 1
done
refuses 1 'deep.json' on north share deep.json --tlp green
for f in zeros.bin long-line.txt empty; do
    got=0
    on north share $f --tlp green >said 2>&1 || got=$?
    is "$got" 1
done

step 'a list with escape codes'
printf 'evil\033]0;owned\007.example\n\033[2Jgood.example\nfine.example\n' >escape.txt
ok on north share escape.txt --tlp green
LC_ALL=C grep -q "$escape" said && fail 'an escape code reached the terminal'

step 'an object whose words are escape codes'
cat >codes.json <<'X'
{"type":"indicator","spec_version":"2.1","id":"indicator--1b6b3a5e-0c0f-4c52-9d6c-6a2f0a3f7d12",
"created":"2026-01-15T09:00:00.000Z","modified":"2026-01-15T09:00:00.000Z",
"name":"\u001b]0;owned\u0007\u202egnp.exe","pattern":"[domain-name:value = '\u001b[31mred.example']",
"pattern_type":"stix","valid_from":"2026-01-15T09:00:00Z"}
X
ok on north share codes.json --tlp green
LC_ALL=C grep -q "$escape" said && fail 'an escape code reached the terminal'
ok on north objects list
LC_ALL=C grep -q "$escape" said && fail 'an escape code reached the terminal'

step 'objects in a circle, and an object over the limit'
common='"spec_version":"2.1","created":"2026-01-15T09:00:00.000Z","modified":"2026-01-15T09:00:00.000Z"'
one=grouping--2b6b3a5e-0c0f-4c52-9d6c-6a2f0a3f7d12 other=grouping--3b6b3a5e-0c0f-4c52-9d6c-6a2f0a3f7d12
self=relationship--4b6b3a5e-0c0f-4c52-9d6c-6a2f0a3f7d12
cat >circle.json <<X
{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[
{"type":"grouping",$common,"id":"$one","context":"unspecified","object_refs":["$other"]},
{"type":"grouping",$common,"id":"$other","context":"unspecified","object_refs":["$one","$other"]},
{"type":"relationship",$common,"id":"$self","relationship_type":"related-to","source_ref":"$self","target_ref":"$self"}]}
X
ok timeout 20 "$ENTENTE" -C north share circle.json --tlp green
ok timeout 20 "$ENTENTE" -C north objects show "$one"
ok timeout 20 "$ENTENTE" -C north sync
{ printf '{"type":"note",%s,"id":"note--5b6b3a5e-0c0f-4c52-9d6c-6a2f0a3f7d12","content":"' "$common"
  head -c 17000000 /dev/zero | tr '\0' 'a'
  printf '","object_refs":["%s"]}' "$one"; } >large.json
refuses 1 'large.json' on north share large.json --tlp green
rm large.json

step 'names'
printf 'x' >"$(printf 'e\033[2Jv.json')"
says 1 'x1b\[2J' on north share "$(printf 'e\033[2Jv.json')" --tlp green
LC_ALL=C grep -q "$escape" said && fail 'an escape code reached the terminal'
refuses 1 'x1b\[2J' on north share "$(printf 'none\033[2Jv.json')"
refuses 1 'no such file' on north share ../../nothing/../here
refuses 1 'agreement' on north share list.txt --under ../../etc
refuses 1 'agreement' on north agreement show "$(printf '\033[31m')"
refuses 1 'no card of' on north agreement new --with ../../../etc/passwd
refuses 1 'slug' "$ENTENTE" -C fresh init --name N --slug ../up
refuses 1 'control character' "$ENTENTE" -C fresh init --name "$(printf 'a\nb')" --slug fresh
refuses 1 'no proof' on north evidence show ../../../../etc/passwd
refuses 1 'no object' on north objects show 'indicator--'
refuses 1 'no object\|named by' on north proof 'indicator--../../x' -o out
refuses 1 'not a party' on north share escape.txt --tlp green --to "$(printf 'x\033[1m')"
refuses 1 'named like' on north acts show north/-1
refuses 1 'hex digits' on north acts show zz
[ ! -e fresh/entente.conf ] || fail 'a refused init made a node'

step 'cards, challenges, agreements'
on north card show >mine.card 2>said
sed '2s/CERT/cert/' mine.card >changed.card
refuses 1 'changed.card: card' on south card import changed.card
refuses 1 'empty' on south card import empty
refuses 1 'zeros.bin' on south card import zeros.bin
refuses 1 'zeros.bin' on south card answer zeros.bin
refuses 1 'deep.json' "$ENTENTE" agreement check deep.json
refuses 1 'zeros.bin' on north agreement sign zeros.bin
refuses 1 'twice.json: .*twice\|twice.json: .*"type"' "$ENTENTE" agreement check twice.json
refuses 1 'deep.json' on north witness add deep.json

step 'the command line'
refuses 2 'no command' "$ENTENTE" "$(printf 'x\033[2J')"
refuses 2 'there is no such option' on north share --tlp=green --nonsense list.txt
refuses 2 'needs a value' on north share list.txt --tlp
refuses 2 'tlp is clear' on north share escape.txt --tlp "$(printf 'x\033[2J')"
refuses 2 'something is missing' on north revoke
refuses 2 'one too many' on north peers "$(printf 'x\033[2J')"
refuses 2 '-o' on north export log
long=$(head -c 100000 /dev/zero | tr '\0' 'a')
refuses 2 'no command' "$ENTENTE" "$long"
refuses 1 'agreement' on north agreement show "$long"

step 'the server is still there'
ok on north status
grep -q 'serving since' said
ok on north sync
stop north
stop south
