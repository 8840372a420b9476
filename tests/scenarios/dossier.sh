#!/bin/sh
# A request becomes a dossier, and strangers check it: with the program, with Python alone, and with
# openssl by the lines of its README. What was changed, left out or withheld is named. A time-stamp
# authority made with openssl dates it.
. "$(dirname "$0")/lib.sh"
settle() { ok on south sync; ok on north sync; ok on south sync; }
unpack() { rm -rf "$2" && mkdir "$2" && unzip -q "$1" -d "$2"; }
# On a machine without the program: nothing but what README.txt names, and no network is used.
by_hand() { (cd "$1" && sed -n 's/^    //p' README.txt | env -i PATH="$PATH" sh); }
by_python() { env -i PATH="$PATH" python3 -I "$1/verify.py" "$2"; }
# Change one byte of a file inside an archive and mend the archive's checksums, as a forger would.
forge() { # DOSSIER NAME NEW
    python3 - "$1" "$2" "$3" <<'P'
import struct, sys, zipfile, zlib
old, target, new = sys.argv[1:]
z = zipfile.ZipFile(old)
body, central, n = b"", b"", 0
for i in z.infolist():
    name, data = i.filename.encode(), bytearray(z.read(i))
    if i.filename == target:
        data[len(data) // 2] ^= 1
    common = struct.pack("<HHHHHIIIHH", 10, 0, 0, 0, 0x21, zlib.crc32(data), len(data), len(data), len(name), 0)
    central += struct.pack("<IH", 0x02014B50, 3 << 8 | 10) + common + struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, len(body)) + name
    body += struct.pack("<I", 0x04034B50) + common + name + bytes(data)
    n += 1
open(new, "wb").write(body + central + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, n, n, len(central), len(body), 0))
P
}

two_parties
step 'two requests: one refused and contested, one answered'
quarrel=$(on north request new --item 'logs of host 203.0.113.9' --item 'who rents it' --use 'case 13' 2>said)
settle
ok on south request refuse "$quarrel" --ground no-legal-power --because 'Telecom Act, section 7'
settle
ok on north request contest "$quarrel" --reason 'section 9 allows it'
settle
other=$(on north request new --item 'owner of 203.0.113.7' --use 'case 12' 2>said)
settle
ok on south request ack "$other"
settle
on south card show >south.card 2>said
on north card show >north.card 2>said

step 'both nodes make a dossier of the first, and it tells what they show'
now=$(date -u +%FT%TZ)
says 0 'marked TLP:amber' on north dossier export "$quarrel" -o north.dossier --at "$now" --why 'to the arbiter'
grep -q 'other matters, and not shown: 2' said
ok on south dossier export "$quarrel" -o south.dossier --at "$now"
says 1 'is there already: nothing is overwritten' on south dossier export "$quarrel" -o south.dossier
says 0 '^It holds' "$ENTENTE" verify north.dossier --card north.card --card south.card
grep -q 'its key is the one you gave' said
grep -q 'north/1 *request: signed, in log, between' said
grep -q ' contested$' said
grep -q 'unknown north: what north seq 3 says: it is not shown' said
says 0 '^成立。' "$ENTENTE" --lang zh verify south.dossier
grep -q '不可知 north: ' said
says 0 'whose key this is: anybody can make' "$ENTENTE" --lang zh verify south.dossier --json
LC_ALL=C grep -q "$(printf '[\200-\377]')" said && fail 'JSON for machines is not in English'
says 0 '^It holds' "$ENTENTE" verify south.dossier
grep -q 'nobody here vouches that this key is its own' said
unpack north.dossier north.d
unpack south.dossier south.d
diff -r north.d/computed south.d/computed || fail 'the states differ'
diff -r north.d/acts south.d/acts || fail 'the acts differ'
on south request show "$quarrel" --at "$now" >show 2>said
cmp show "$(ls north.d/computed/*.txt | grep -v why)" || fail 'the dossier shows something else'
on south why "$quarrel" --at "$now" >why 2>said
cmp why "$(ls north.d/computed/*.why.txt)" || fail 'the dossier has another derivation'
grep -q 'to the arbiter' north.d/custody.jsonl
is "$(on north request list --all --json | jq -s length)" 2
cp north.dossier again.dossier
rm north.dossier
ok on north dossier export "$quarrel" -o north.dossier --at "$now" --why 'to the arbiter'
cmp north.dossier again.dossier || fail 'the same input gives other bytes'

step 'a machine without the program: the lines of the README, and Python alone'
says 0 '^IT HOLDS$' by_hand north.d
grep -q '^4. south/mirror signed north.s log up to 2 entries at ' said
grep -q '^6. south 2 to 2: not shown' said
says 0 '^IT HOLDS$' by_python north.d north.dossier
says 0 '^IT HOLDS$' by_python south.d south.d

step 'the summary stands alone'
! grep -iE '<script|https?://|src=|javascript' north.d/summary.html || fail 'summary.html is not self-contained'
grep -q '未决争议' north.d/summary.html
ok on north dossier export "$quarrel" -o english.dossier --summary en
unpack english.dossier english.d
! grep -q '未决争议' english.d/summary.html || fail 'the summary is in two languages'

step 'what was changed is named'
for f in acts/south/1.note payloads/$(jq -r .body.sha256 <<J
$(sed -n 2p north.d/acts/south/1.note)
J
) heads/north/2.note proofs/south/1.tlog-proof summary.html agreement/1.json; do
    forge north.dossier "$f" bad.dossier
    says 1 "FAILED $f: its SHA-256 is not" "$ENTENTE" verify bad.dossier
    unpack bad.dossier bad.d
    says 1 'IT DOES NOT HOLD' by_hand bad.d
    says 1 'IT DOES NOT HOLD' by_python north.d bad.dossier
done
size=$(stat -c %s north.dossier)
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    cp north.dossier bad.dossier
    at=$((size * i / 13 + i))
    byte=$(od -An -v -tu1 -j $at -N 1 north.dossier | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\$(printf %03o $((byte ^ 1)))" | dd of=bad.dossier bs=1 seek=$at conv=notrunc 2>said
    says 1 'IT DOES NOT HOLD' "$ENTENTE" verify bad.dossier
done
says 1 'another party of this name' "$ENTENTE" verify north.dossier \
    --key south=SHA256:0000-0000-0000-0000-0000-0000-0000-0000

step 'an act that was taken out is a gap'
rm -rf gap.d && cp -R north.d gap.d
rm gap.d/acts/south/1.note
says 1 'gap at south seq 1' by_python north.d gap.d
says 1 'gap at south seq 1\|not those of the manifest' by_hand gap.d

step 'a stranger gets less'
says 0 'Payloads left out' on north dossier export "$quarrel" -o green.dossier --redact green
says 0 '^It holds' "$ENTENTE" verify green.dossier
grep -q 'it is withheld (TLP:amber is stricter than TLP:green' said
! grep -aq 'who rents it' green.dossier || fail 'a payload that should stay behind is in the dossier'
unpack green.dossier green.d
says 0 '^IT HOLDS$' by_hand green.d
says 0 '^IT HOLDS$' by_python green.d green.dossier

step 'a time-stamp'
cat >tsa.cnf <<'C'
[ca]
default_ca = one
[one]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = stamps
[any]
commonName = supplied
[stamps]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
[tsa]
default_tsa = two
[two]
serial = tsaserial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ordering = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
C
: >index.txt
echo 01 >serial
echo 01 >tsaserial
ok openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj /CN=root -days 30
for who in tsa old; do
    ok openssl req -newkey rsa:2048 -nodes -keyout $who.key -out $who.csr -subj /CN=$who
done
ok openssl ca -batch -config tsa.cnf -cert root.pem -keyfile root.key -in tsa.csr -out tsa.pem -days 10 -notext
ok openssl ca -batch -config tsa.cnf -cert root.pem -keyfile root.key -in old.csr -out old.pem -notext \
    -startdate 20200101000000Z -enddate 20200201000000Z
ok openssl req -x509 -newkey rsa:2048 -nodes -keyout false.key -out false.pem -subj /CN=false -days 30
stamp() { # WHO QUERY RESPONSE
    ok openssl ts -reply -config tsa.cnf -queryfile "$2" -signer "$1.pem" -inkey "$1.key" -out "$3"
}
ok "$ENTENTE" dossier timestamp north.dossier --request one.tsq
ok "$ENTENTE" dossier timestamp north.dossier --request two.tsq
ok "$ENTENTE" dossier timestamp south.dossier --request south.tsq
stamp tsa one.tsq one.tsr
stamp tsa two.tsq two.tsr
stamp tsa south.tsq south.tsr
cp north.dossier plain.dossier
says 1 'for another digest' "$ENTENTE" dossier timestamp north.dossier --add south.tsr --request one.tsq
says 1 'another nonce' "$ENTENTE" dossier timestamp north.dossier --add two.tsr --request one.tsq
says 1 'do not vouch for CN=tsa' "$ENTENTE" dossier timestamp north.dossier --add one.tsr --request one.tsq --ca false.pem
stamp old one.tsq old.tsr
says 1 'expired' "$ENTENTE" dossier timestamp north.dossier --add old.tsr --request one.tsq --ca root.pem
says 1 'no time-stamp response' "$ENTENTE" dossier timestamp north.dossier --add one.tsq
cmp north.dossier plain.dossier || fail 'a refused time-stamp changed the dossier'
says 0 'CN=tsa says that this dossier' "$ENTENTE" dossier timestamp north.dossier --add one.tsr --request one.tsq --ca root.pem
says 0 'CN=tsa says that the dossier, and the heads in it, were there at' "$ENTENTE" verify north.dossier --ca root.pem
says 0 'unknown META-INF/timestamp.tst: whether to believe CN=tsa' "$ENTENTE" verify north.dossier
says 1 'is not vouched for' "$ENTENTE" verify north.dossier --ca false.pem
is "$(unzip -Z1 north.dossier | head -n 1)" mimetype
unpack north.dossier stamped.d
is "$(cat stamped.d/mimetype)" application/vnd.etsi.asic-e+zip
ok openssl ts -verify -in stamped.d/META-INF/timestamp.tst -token_in -data stamped.d/META-INF/ASiCManifest.xml \
    -CAfile root.pem
says 0 '^IT HOLDS$' by_hand stamped.d
says 0 '^IT HOLDS$' by_python stamped.d north.dossier
forge north.dossier META-INF/timestamp.tst bad.dossier
says 1 'FAILED META-INF/timestamp.tst' "$ENTENTE" verify bad.dossier --ca root.pem
forge north.dossier META-INF/ASiCManifest.xml bad.dossier
says 1 'FAILED META-INF/ASiCManifest.xml' "$ENTENTE" verify bad.dossier

step 'a file that was attached comes along, and what is said of its custody'
with=$(on north request new --item 'the log itself' --use 'case 14' 2>said)
settle
printf 'what the file says\n' >log.txt
ok on south request answer "$with" --text 'see file' --attach log.txt
settle
ok on north dossier export "$with" -o file.dossier
says 0 '^It holds' "$ENTENTE" verify file.dossier
grep -q 'exhibit.part: signed, in log' said
grep -aq 'what the file says' file.dossier
unpack file.dossier file.d
says 0 '^IT HOLDS$' by_hand file.d
stop north
stop south
