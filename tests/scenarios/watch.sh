#!/bin/sh
# What north shares is found in south's logs, and north learns what its indicators were worth.
. "$(dirname "$0")/lib.sh"

step 'without a node'
printf '# bad\nevil[.]example.org\n198.51.100.0/24\nhxxp://bad.example.net/login\n' >iocs.txt
printf '1.5 ask www.Evil.example.org. from 10.0.0.5\n2.5 to 198.51.100.77:443\nnothing\n' >one.log
says 0 'one.log:1:9: domain evil.example.org (iocs.txt)' "$ENTENTE" watch one.log --list iocs.txt
says 0 'one.log:2:8: cidr4 198.51.100.0/24' "$ENTENTE" watch one.log --list iocs.txt
says 0 '^2 hits on 2 of 3 lines' "$ENTENTE" watch one.log --list iocs.txt
printf 'nothing here\n' >none.log
says 1 '^0 hits on 0 of 1 lines' "$ENTENTE" watch none.log --list iocs.txt
says 2 'no such file\|not there\|No such file' "$ENTENTE" watch away.log --list iocs.txt
says 2 'what is to be looked for' "$ENTENTE" -C nowhere watch one.log
says 2 'is text, json, csv or eve' "$ENTENTE" watch one.log --list iocs.txt --format xml
is "$("$ENTENTE" watch - --list iocs.txt --format json <one.log 2>/dev/null | value .value)" evil.example.org
is "$("$ENTENTE" watch one.log --list iocs.txt --format csv 2>/dev/null | wc -l)" 3
is "$("$ENTENTE" watch one.log --list iocs.txt --format eve 2>/dev/null | value .event_type)" alert
printf 'evil.example.org\n' >allow.txt
says 0 '^1 hit on' "$ENTENTE" watch one.log --list iocs.txt --allow allow.txt
printf '{"name":"ours","type":"cidr","list":["198.51.100.0/24"]}' >warning.json
says 0 'Apart from these, 1 hit' "$ENTENTE" watch one.log --list iocs.txt --warninglist warning.json
says 0 'doubtful: on ours' "$ENTENTE" watch one.log --list iocs.txt --warninglist warning.json --doubtful
printf 'see hxxp://bad[.]example[.]net/login and evil[.]example[.]org\n' >report.txt
says 1 '^0 hits' "$ENTENTE" watch report.txt --list iocs.txt
says 0 '^2 hits' "$ENTENTE" watch report.txt --list iocs.txt --defanged

step 'a log that speaks to the terminal'
printf '\033[2J\033]0;owned\007 evil.example.org \033[8m\n' >hostile.log
"$ENTENTE" watch hostile.log --list iocs.txt --color always >said 2>&1
grep -q 'x1b\[2J' said
! grep -q "$(printf '\033')\[2J" said || fail 'an escape code of the log reached the terminal'

step 'many threads give what one gives'
awk 'BEGIN { for (i = 0; i < 400000; i++) print i, "x" i % 977 ".example.org", "198.51." i % 256 ".9" }' >large.log
"$ENTENTE" watch large.log --list iocs.txt --threads 1 >by-one 2>/dev/null
"$ENTENTE" watch large.log large.log --list iocs.txt --threads 4 >by-four 2>/dev/null
cat by-one by-one | cmp - by-four || fail 'four threads do not give what one gives'
[ "$(wc -l <by-one)" -gt 1000 ]

step 'an index that is none'
printf 'not an index' >broken.watch
says 2 'broken.watch' "$ENTENTE" watch one.log --index broken.watch

step 'what is in force at a node'
two_parties
printf 'evil.example.org\n203.0.113.9\nseen.example.net\n' >list.txt
ok on north share list.txt --tlp green
ok on north sync
says 0 'in force: 3' on south watch compile
printf '{"_path":"dns","ts":1700000000.5,"id.orig_h":"10.1.2.3","query":"a.evil.example.org"}\n' >dns.log
printf '{"_path":"dns","ts":1700000100.5,"id.orig_h":"10.1.2.4","query":"evil.example.org"}\n' >>dns.log
says 0 "(north/1 under $(echo "$id" | cut -c 1-8)) in dns query" on south watch dns.log
is "$(on south watch compile --json | value .in_force)" 3
ok on south watch compile -o carried.watch
says 0 'domain evil.example.org (north/1' "$ENTENTE" watch dns.log --index carried.watch

step 'the way back'
says 0 'waits to be told' on south watch dns.log --sightings
is "$(on south sightings list --json | value .count)" 2
is "$(on south sightings list --json | value .for)" north
is "$(on south sightings list --json | value .about)" evil.example.org
says 0 '1 sighting told' on south sightings release
says 1 'Nothing waits' on south sightings release
ok on south sync
says 0 'Others have seen 1 indicator of ours' on north sightings received
is "$(on north sightings received --json | value .count)" 2
is "$(on north sightings received --json | value .by)" south
is "$(on north sightings received --json | value .first_seen)" 2023-11-14T22:13:20Z
on north objects list --from south --type sighting --json >said
is "$(value .tlp <said)" amber
! grep -q '10\.1\.2' said || fail 'an own address left with a sighting'
ok on south watch dns.log --sightings
says 0 'will not be told' on south sightings drop
is "$(on south sightings list --json | wc -l)" 0

step 'what is withdrawn is found no more'
object=$(on north objects list --from north --json | jq -r 'select(.object.name == "evil.example.org") | .id')
ok on north revoke "$object"
ok on north sync
says 0 'withdrawn by their sharer' on south watch compile
says 1 '^0 hits' on south watch dns.log

step 'an agreement that forbids detection'
sed 's/"detection": true/"detection": false/' agreement.json | jq 'del(.amends)' >forbids.json
jq --arg n "$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" '.nonce = $n | .title = "Not for detection"' \
    forbids.json >forbids2.json
ok on north agreement sign forbids2.json
ok on north sync
second=$(on north agreement list --json | jq -r 'select(.title == "Not for detection") | .id')
ok on south agreement sign "$second"
ok on south sync
ok on north sync
printf 'secret.example.org\n' >secret.txt
ok on north share secret.txt --tlp green --under "$second"
ok on north sync
says 0 'not to be used for detection' on south watch compile
printf 'a secret.example.org b\n' >secret.log
says 1 '^0 hits' on south watch secret.log
stop north
stop south

step 'patterns of several parts'
cat >patterns.json <<'BUNDLE'
{"type":"bundle","id":"bundle--00000000-0000-4000-8000-00000000000a","objects":[
{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-000000000001","created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","valid_from":"2023-01-01T00:00:00Z","pattern_type":"stix",
"pattern":"([domain-name:value = 'evil.example.org'] FOLLOWEDBY [ipv4-addr:value = '203.0.113.9']) WITHIN 300 SECONDS"},
{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-000000000002","created":"2026-01-01T00:00:00Z","modified":"2026-01-01T00:00:00Z","valid_from":"2023-01-01T00:00:00Z","pattern_type":"stix",
"pattern":"[x-thing:name = 'a' AND x-thing:age > 7]"}]}
BUNDLE
printf '{"_path":"dns","ts":1700000000.5,"query":"evil.example.org"}\n' >events.log
printf '{"_path":"conn","ts":1700000100.5,"id.orig_h":"10.0.0.1","id.resp_h":"203.0.113.9"}\n' >>events.log
says 0 '1 match of a pattern' "$ENTENTE" watch events.log --list patterns.json --patterns
grep -q 'no log gives x-thing' said || fail 'what is not supported is not named'
sed 's/1700000100/1700000900/' events.log >late.log
says 1 '0 matches of patterns' "$ENTENTE" watch late.log --list patterns.json --patterns
