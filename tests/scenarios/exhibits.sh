#!/bin/sh
# Files as evidence: given, not given, opened later, erased; names and contents that mean harm.
. "$(dirname "$0")/lib.sh"
two_parties
escape=$(printf '\033')

step 'attached: the bytes go along'
head -c 9000000 /dev/urandom >capture.pcap
digest=$(sha256sum capture.pcap | cut -c1-64)
says 2 'tlp is clear' on north exhibit add capture.pcap --tlp pink
says 1 'clauses.exhibit: unmarked' on north exhibit add capture.pcap
says 1 'clauses.exhibit.max_tlp: TLP:red is above the ceiling amber' on north exhibit add capture.pcap --tlp red
is "$(acts_of north north)" 1
says 0 "$digest" on north exhibit add --tlp amber \
    'capture.pcap,grade=B2,about=traffic of 1 March,custody=J. Doe|copied|dd|2026-03-01T10:00:00Z|1 file'
is "$(acts_of north north)" 5 # three parts and the act that names them
ok on north sync
says 0 'B2' on south exhibit list
says 0 'state *here' on south exhibit show "$(echo "$digest" | cut -c1-10)"
says 0 'J. Doe: copied, with dd; result: 1 file (as north says)' on south exhibit show "$digest"
says 0 'Its digest is right' on south exhibit get "$digest" -o copy.pcap
cmp capture.pcap copy.pcap
says 1 'there already' on south exhibit get "$digest" -o copy.pcap
says 2 'say where to' on south exhibit get "$digest"
on south exhibit get "$digest" -o - | cmp - capture.pcap

step 'not attached: a salted digest, and the bytes later'
printf 'the hash of this is easily guessed\n' >plain.txt
guess=$(sha256sum plain.txt | cut -c1-64)
ok on north exhibit add --tlp green 'plain.txt,on-request,conditions=signed by your lawyer,grade=A1'
grep -q "$guess" said && fail 'the digest can be guessed'
salted=$(cut -c1-64 said)
ok on north exhibit add --tlp green plain.txt,withheld
withheld=$(cut -c1-64 said)
ok on north exhibit add --tlp green 'plain.txt,escrow=a notary'
says 2 'no "withhold"' on north exhibit add --tlp green plain.txt,withhold
says 1 'a grade is' on north exhibit add --tlp green plain.txt,grade=G9
ok on north sync
says 0 'conditions *signed by your lawyer' on south exhibit show "$salted"
says 0 'counts as nothing' on south exhibit show "$withheld"
says 1 'only its digest was given' on south exhibit get "$salted" -o no
[ ! -e no ] || fail 'a file of nothing'
says 1 'who alone can provide it' on south exhibit provide "$salted"
ok on north exhibit provide "$salted"
says 1 'given already' on north exhibit provide "$salted"
ok on north sync
says 0 "opened *$guess" on south exhibit show "$salted"
ok on south exhibit get "$salted" -o plain.copy
cmp plain.txt plain.copy

step 'custody goes on'
ok on south exhibit custody "$digest" --step 'south lab|opened a working copy|||same digest'
says 1 'a step of custody' on south exhibit custody "$digest" --step 'nobody'
ok on south sync
says 0 'south lab: opened a working copy; result: same digest (as south says)' on north exhibit show "$digest"

step 'erased, with a receipt; the other keeps its own'
ok on south exhibit erase "$digest" --reason 'end of retention'
says 1 'not here\|erased\|no payload\|withheld' on south exhibit get "$digest" -o gone
says 0 'state *erased' on south exhibit show "$digest"
ok on south sync
says 0 'erased *by south' on north exhibit show "$digest"
ok on north exhibit get "$digest" -o mine
cmp mine capture.pcap
ok on south log check

step 'names and contents that mean harm'
mkdir -p bad
name=$(printf 'bad/e\033[2J;rm -rf ~.txt')
printf '<script>alert(1)</script>\033]0;owned\007' >"$name"
ok on north exhibit add --tlp green "$name" 'plain.txt,name=../../../etc/passwd'
head -c 30000000 /dev/zero | gzip -9 >bomb.gz
ok on north exhibit add --tlp green bomb.gz
ok on north sync
ok on south exhibit list
LC_ALL=C grep -q "$escape" said && fail 'an escape code reached the terminal'
grep -q '\.\./\.\./\.\./etc/passwd' said
[ ! -e etc ] && [ ! -e ../etc/passwd ] || fail 'a name was used as a path'
is "$(find south -name passwd | wc -l)" 0
[ "$(du -sk south | cut -f1)" -lt 25000 ] || fail 'something was unpacked'
says 1 'no exhibit' on south exhibit show ../../etc/passwd
says 1 'no exhibit' on south exhibit show "$(printf 'x\033[2J')"
stop north
stop south
