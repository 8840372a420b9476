set -eu
t=$(mktemp -d)
trap 'test $? = 0 || echo "IT DOES NOT HOLD"; rm -rf "$t"' EXIT
say() { printf '%s\n' "$*"; }
no() { say "FAILED   $*"; exit 1; }
# The public key of 64 hex digits as openssl reads it (RFC 8410).
key() { { printf '\060\052\060\005\006\003\053\145\160\003\041\000'
  printf %s "$1" | tr a-f A-F | basenc --base16 -d; } > "$t/key"; }
# Is $t/sig the key's signature of this file?
signed() { openssl pkeyutl -verify -pubin -keyform DER -inkey "$t/key" -rawin \
  -in "$1" -sigfile "$t/sig" > "$t/said" 2>&1; }
digest() { sha256sum | cut -c 1-64; }
# The text of a note, and the signature in its line by NAME: note FILE NAME BYTES
note() { sed '/^$/,$d' "$1" > "$t/text"
  grep "^— $2 " "$1" | cut -d ' ' -f 3 | while read -r line; do
    printf %s "$line" | base64 -d > "$t/line"
    test "$(wc -c < "$t/line")" = "$3" && tail -c 64 "$t/line" > "$t/sig"
  done || :; test -s "$t/sig"; }
# The key of PARTY for ROLE at an entry of its log: the agreement's, or as changed before it.
key_of() { k=$(jq -r --arg p "$1" ".parties[]|select(.slug==\$p).keys.$2" agreement/1.json)
  for c in $changes; do
    case $c in "$1:$2:"*) c=${c#"$1:$2:"}
      test "${c%%:*}" -ge "$3" || k=$(jq -r .new "payloads/${c#*:}") ;; esac
  done
  key "$k"; }
# 1. Nothing was changed since it was packed.
sha256sum --quiet --strict -c manifest-sha256.txt || no "the files are not those of the manifest"
say "1. the files are those of the manifest"
# 2. Who packed it.
exporter=$(jq -r .exporter dossier.json)
sed -n 2p manifest.note | jq -r .manifest | grep -qx "$(digest < manifest-sha256.txt)"
note manifest.note "$exporter/acts" 68
key_of "$exporter" acts 9007199254740991
signed "$t/text" || no "manifest.note is not signed by $exporter"
say "2. $exporter packed them"
# 3. Whose keys: compare these fingerprints with the parties themselves.
test "$(digest < agreement/1.json | cut -c 1-32)" = "$(jq -r .agreement dossier.json)"
jq -r '.parties[]|.slug+" "+.keys.recovery+" "+.id' agreement/1.json > "$t/parties"
while read -r p recovery id; do
  key "$recovery"
  tail -c 32 "$t/key" | digest | grep -qx "$id"
  say "3. $p is SHA256:$(printf %s "$id" | cut -c 1-32 | sed -e 's/..../&-/g' -e 's/-$//')"
done < "$t/parties"
# 4. Each head: signed by the log's owner; who else signed it, and when.
for f in heads/*/*.note; do
  p=${f#heads/} p=${p%/*} n=${f##*/} n=${n%.note}
  origin="entente/$(jq -r .agreement dossier.json)/$p"
  test "$(sed -n 1,2p "$f" | tr '\n' ' ')" = "$origin $n "
  if rm -f "$t/sig"; note "$f" "$origin" 68; then
    key_of "$p" checkpoints "$n"
    signed "$t/text" || no "$f is not signed by $p"
  fi
  sed '1,/^$/d' "$f" | cut -d ' ' -f 2 | sort -u | while read -r who; do
    q=${who%/*} role=${who##*/}
    case $role in mirror | witness) grep -q "^$q " "$t/parties" || continue ;; *) continue ;; esac
    grep "^— $who " "$f" | cut -d ' ' -f 3 | while read -r line; do
      printf %s "$line" | base64 -d > "$t/line"
      tail -c 64 "$t/line" > "$t/sig"
      at=$((0x$(head -c 12 "$t/line" | tail -c 8 | od -An -v -tx1 | tr -d ' \n')))
      { printf 'cosignature/v1\ntime %s\n' "$at"; sed '/^$/,$d' "$f"; } > "$t/cosigned"
      good=no
      for c in "$q:$role:-1:" $changes; do # any key that it has had for this role
        case $c in "$q:$role:"*) c=${c#"$q:$role:"}
          key_of "$q" "$role" $((${c%%:*} + 1))
          signed "$t/cosigned" && good=yes ;; esac
      done
      test $good = yes || no "$f: a line of $who is not by its key"
      say "4. $who signed $p's log up to $n entries at $(date -u -d "@$at" +%FT%TZ)"
    done
  done
done
# 5. Each act: who signed it; its payload; that it is in the log (RFC 9162, section 2.1.3.2).
node() { { printf '\001'; cat "$1" "$2"; } | openssl dgst -sha256 -binary > "$t/n"
  mv "$t/n" "$t/h"; }
for f in acts/*/*.note; do
  p=${f#acts/} p=${p%/*} s=${f##*/} s=${s%.note}
  jq -e --arg p "$p" --arg s "$s" --arg a "$(jq -r .agreement dossier.json)" \
    '.from==$p and (.seq|tostring)==$s and .agreement==$a' > "$t/said" <<EOF || no "$f is of another place"
$(sed -n 2p "$f")
EOF
  kind=$(sed -n 2p "$f" | jq -r .kind) role=acts
  test "$kind" != key.revoke || role=recovery
  rm -f "$t/sig"
  note "$f" "$p/$role" 68
  key_of "$p" $role "$s"
  signed "$t/text" || no "$f is not signed by $p"
  body=$(sed -n 2p "$f" | jq -r '.body.sha256//""') with=''
  if [ -n "$body" ] && [ -e "payloads/$body" ]; then
    { sed -n 2p "$f" | jq -r '.body.salt//""' | tr -d '\n' | tr a-f A-F | basenc --base16 -d
      cat "payloads/$body"; } | digest | grep -qx "$body" || no "$f: its payload is another"
  elif [ -n "$body" ]; then
    jq -e --arg b "$body" '.withheld[$b]' dossier.json > "$t/said" || no "$f: its payload is missing"
    with=', its payload is withheld'
  fi
  q=proofs/$p/$s.tlog-proof
  i=$(sed -n 's/^index //p' "$q")
  sed '1,/^$/d' "$q" > "$t/note"
  n=$(sed -n 2p "$t/note")
  cmp -s "$t/note" "heads/$p/$n.note" || no "$q is under another head"
  test "$i" = "$s" && test "$i" -lt "$n"
  n=$((n - 1))
  { printf '\000'; openssl dgst -sha256 -binary "$f"; } | openssl dgst -sha256 -binary > "$t/h"
  sed -e '1,/^index /d' -e '/^$/,$d' "$q" > "$t/path"
  while read -r line; do
    printf %s "$line" | base64 -d > "$t/p"
    test "$n" -gt 0
    if [ $((i % 2)) = 1 ] || [ "$i" = "$n" ]; then
      node "$t/p" "$t/h"
      while [ $((i % 2)) = 0 ] && [ "$i" != 0 ]; do i=$((i / 2)) n=$((n / 2)); done
    else
      node "$t/h" "$t/p"
    fi
    i=$((i / 2)) n=$((n / 2))
  done < "$t/path"
  test "$n" = 0 && test "$(base64 < "$t/h")" = "$(sed -n 3p "$t/note")" || no "$f is not in the log"
  say "5. $p said $s: $kind$with"
done
# 6. Nothing was left out unsaid.
for d in heads/*; do
  p=${d#heads/}
  n=$(find "$d" -name '*.note' | sed 's/.*\///' | sort -n | tail -n 1)
  n=${n%.note} i=0
  jq -r --arg p "$p" '.hidden[$p]//[]|.[]|"\(.[0]) \(.[1])"' dossier.json > "$t/hidden"
  while [ "$i" -lt "$n" ]; do
    if [ ! -e "acts/$p/$i.note" ]; then
      next=$(awk -v i="$i" '$1 <= i && i <= $2 { print $2 + 1 }' "$t/hidden")
      test -n "$next" || no "gap at $p seq $i"
      say "6. $p $i to $((next - 1)): not shown"
      i=$next
    else
      i=$((i + 1))
    fi
  done
done
echo "IT HOLDS"
