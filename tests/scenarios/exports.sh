#!/bin/sh
# What is in force, in the forms of other programs; each accepted by the real one, where it is here.
. "$(dirname "$0")/lib.sh"
tool() { # NAME COMMAND...: run it if the program is there
    name=$1
    shift
    if command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; then
        PATH=$PATH:/usr/sbin "$@" >said 2>&1 || fail "$name does not accept it"
    else
        echo "$scenario: $name is not checked, because $1 is not installed"
    fi
}

step 'something in force'
two_parties
cat >list.txt <<'LIST'
evil.example.org
deep.below.evil.example.org
bad.example.net
203.0.113.9
203.0.113.0/24
198.51.100.1
2001:db8:1::/48
2001:db8:2::1
http://bad.example.net/login?a=1,2
someone@bad.example.net
d41d8cd98f00b204e9800998ecf8427e
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
LIST
ok on north share list.txt --tlp amber
ok on north sync

step 'resolvers and packet filters'
for form in rpz unbound dnsmasq hosts nftables; do
    says 0 'written' on south export --format $form -o out.$form
    grep -q 'TLP:AMBER' out.$form || fail "$form does not name the marking"
done
tool named named-checkzone entente out.rpz
tool unbound unbound-checkconf out.unbound
tool dnsmasq dnsmasq --test -C out.dnsmasq
# Only a machine that lets us into its packet filter can check that.
if nft list tables >/dev/null 2>&1; then tool nft nft -c -f out.nftables; else
    echo "$scenario: nftables is not checked, because the kernel does not let us"
fi
! grep -q 'deep.below' out.rpz || fail 'a name that another covers was written'
grep -q '^0.0.0.0 deep.below.evil.example.org$' out.hosts

step 'detectors'
ok on south export --format zeek -o out.zeek
awk -F '\t' 'NR == 1 { if ($1 != "#fields") exit 1; n = NF - 1; next }
    NF != n || $2 !~ /^Intel::(ADDR|SUBNET|DOMAIN|URL|EMAIL|FILE_HASH)$/ || $1 ~ /^https?:/ { exit 1 }' out.zeek ||
    fail 'this is no file for Zeek'
ok on south export --format suricata-rules -o suricata
ls suricata >said
for f in entente.rules entente-names.lst entente-ip.lst entente-md5.lst entente-sha256.lst; do
    [ -s suricata/$f ] || fail "$f is missing"
done
grep -v '^#' suricata/entente.rules | grep -v -E '^alert [a-z]+ any any -> any any \(msg:"[^"]*"; .*sid:[0-9]+; rev:1;\)$' &&
    fail 'this is no rule of Suricata'
base64 -d <suricata/entente-names.lst | head -c 4 >said || fail 'names are not base64'
is "$(on south export --format csv 2>/dev/null | head -n 1 | tr -d '\r')" 'kind,value,origin,ref,from,until'

step 'exchange'
ok on south export --format stix -o out.json
is "$(jq -r .type out.json)" bundle
is "$(jq '[.objects[] | select(.type == "indicator")] | length' out.json)" 12
is "$(jq '[.objects[] | select(.type == "marking-definition")] | length' out.json)" 1
ok on south share out.json --dry-run
ok on south export --format misp -o feed
event=$(jq -r 'keys[0]' feed/manifest.json)
is "$(jq -r .Event.uuid "feed/$event.json")" "$event"
is "$(jq '.Event.Attribute | length' "feed/$event.json")" 12
is "$(jq -r '.[].Tag[0].name' feed/manifest.json)" 'tlp:amber'
is "$(jq '[.Event.Attribute[] | select(.uuid and .type and .value and .category and .to_ids)] | length' "feed/$event.json")" 12
ok on south share "feed/$event.json" --dry-run --tlp amber

step 'the same again changes nothing'
for form in rpz unbound nftables stix; do
    case $form in stix) f=out.json ;; *) f=out.$form ;; esac
    cp -p "$f" before
    sleep 0.1
    is "$(on south export --format $form -o "$f" --json | value .changed)" 0
    [ ! "$f" -nt before ] || fail "$form was written again"
done
serial=$(awk '/SOA/ { print $6 }' out.rpz)
printf 'another.example.com\n' >more.txt
ok on north share more.txt --tlp green
ok on north sync
is "$(on south export --format rpz -o out.rpz --json | value .changed)" 1
[ "$(awk '/SOA/ { print $6 }' out.rpz)" -gt "$serial" ] || fail 'the serial of the zone has not grown'
tool named named-checkzone entente out.rpz

step 'what may not leave'
says 0 'marked higher than is taken' on south export --format hosts --max-tlp green -o green.hosts
is "$(grep -c '^0.0.0.0' green.hosts)" 1
grep -q 'TLP:GREEN' green.hosts
is "$(on south export --format csv --type domain 2>/dev/null | wc -l)" 5
says 2 'there is no kind' on south export --format csv --type shoe
says 2 'is a folder' on south export --format misp
says 2 'format is' on south export --format pdf
stop north
stop south
