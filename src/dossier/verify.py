#!/usr/bin/env python3
"""Check a dossier of entente with nothing but Python 3: verify.py [FILE.dossier]

Without a file: the folder in which this script lies, unpacked. A second implementation, independent
of the program that made the dossier (doc/formats/dossier.md). It checks what was signed, by whom,
and when; the states under computed/ it leaves to the program, and says so. A convenience: whoever
hands you a dossier can also have changed this script, so compare it with the published one.
"""
import base64, binascii, hashlib, json, os, struct, sys, time, zipfile

# ---- Ed25519 (RFC 8032 section 5.1), cofactorless, S < L, in plain integers ----
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def add(a, b):
    A, B = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    C, E = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = B - A, E - C, E + C, B + A
    return e * f % P, g * h % P, f * g % P, e * h % P


def double(a):
    A, B, C = a[0] * a[0] % P, a[1] * a[1] % P, 2 * a[2] * a[2] % P
    h = A + B
    e, g = h - (a[0] + a[1]) ** 2 % P, A - B
    f = C + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    q = (0, 1, 1, 0)
    for bit in bin(n)[2:]:
        q = double(q)
        if bit == "1":
            q = add(q, p)
    return q


def point(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * I % P
    if (x * x - xx) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def encode(p):
    z = pow(p[2], P - 2, P)
    return (p[1] * z % P | (p[0] * z % P & 1) << 255).to_bytes(32, "little")


BASE = point(bytes.fromhex("5866666666666666666666666666666666666666666666666666666666666666"))
BASES = [BASE]
for _ in range(255):
    BASES.append(double(BASES[-1]))
KEYS = {}


def key_table(key):
    if key not in KEYS:
        a = point(key)
        # of prime order, and not the identity: the only keys on which all libraries agree
        ok = a and encode(times(L, a)) == encode((0, 1, 1, 0)) and encode(a) != encode((0, 1, 1, 0))
        table = []
        if ok:
            a = (P - a[0], a[1], 1, P - a[3])
            for _ in range(256):
                table.append(a)
                a = double(a)
        KEYS[key] = table
    return KEYS[key]


def ed25519(key, message, sig):
    s = int.from_bytes(sig[32:], "little")
    table = key_table(key)
    if len(sig) != 64 or s >= L or not table:
        return False
    k = int.from_bytes(hashlib.sha512(sig[:32] + key + message).digest(), "little") % L
    q = (0, 1, 1, 0)
    for i in range(256):
        if s >> i & 1:
            q = add(q, BASES[i])
        if k >> i & 1:
            q = add(q, table[i])
    return encode(q) == sig[:32]


# ---- signed notes, heads, trees ----
def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(text):
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw) != (text.encode() if isinstance(text, str) else text):
        raise ValueError("base64")
    return raw


def split(note):
    at = note.rindex(b"\n\n")
    lines = []
    for line in note[at + 2:].decode().splitlines():
        dash, name, payload = line.split(" ")
        if dash != "\u2014":
            raise ValueError("signature line")
        lines.append((name, b64(payload)))
    return note[:at + 1], lines


def lines_by(note, name, kind, key):
    """Of every line that names this key: (does it hold?, time)."""
    text, lines = note
    want = sha(name.encode(), b"\n", bytes([kind]), key)[:4]
    size = 76 if kind == 4 else 68
    for who, raw in lines:
        if who != name or raw[:4] != want or len(raw) != size:
            continue
        if kind == 1:
            yield ed25519(key, text, raw[4:]), 0
        else:
            when = struct.unpack(">Q", raw[4:12])[0]
            yield ed25519(key, b"cosignature/v1\ntime %d\n" % when + text, raw[12:]), when


def line_by(note, name, kind, key):
    """None: no such line; else the first."""
    return next(lines_by(note, name, kind, key), None)


def node(a, b):
    return sha(b"\1", a, b)


def climb(h, index, size, path, old=None):
    """The root to which a path leads (RFC 9162 sections 2.1.3.2 and 2.1.4.2)."""
    f, s, was = index, size - 1, h
    if old is not None:
        while f & 1:
            f, s = f >> 1, s >> 1
    for p in path:
        if s == 0:
            return None, None
        if f & 1 or f == s:
            was, h = node(p, was), node(p, h)
            while f and not f & 1:
                f, s = f >> 1, s >> 1
        else:
            h = node(h, p)
        f, s = f >> 1, s >> 1
    return (h, was) if s == 0 else (None, None)


def grew(m, old, n, root, path):
    if m == n:
        return not path and old == root
    if m & (m - 1) == 0:
        path = [old] + path
    if not path:
        return False
    h, was = climb(path[0], m - 1, n, path[1:], old)
    return h == root and was == old


# ---- the dossier ----
failed, unknown = [], []


def fail(check, about, text):
    failed.append((check, about))
    print("FAILED   check %d, %s: %s" % (check, about, text))


def note_unknown(check, about, text):
    unknown.append((check, about))
    print("unknown  check %d, %s: %s" % (check, about, text))


def load(path):
    if os.path.isdir(path):
        out = {}
        for top, _, names in os.walk(path):
            for name in names:
                full = os.path.join(top, name)
                out[os.path.relpath(full, path).replace(os.sep, "/")] = open(full, "rb").read()
        return out
    z = zipfile.ZipFile(path)
    names = [i.filename for i in z.infolist()]
    if len(set(names)) != len(names) or any(i.compress_type or i.flag_bits or i.extra for i in z.infolist()):
        fail(1, path, "not an archive of stored files")
    if z.comment or any(n.startswith("/") or ".." in n for n in names):
        fail(1, path, "a comment, or a name that climbs")
    return {n: z.read(n) for n in names}


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)) if seconds else "not known"


class Party:
    def __init__(self, o, agreement):
        self.slug, self.name, self.arbiter = o["slug"], o["name"], o.get("role") == "arbiter"
        self.keys = {role: [(0, bytes.fromhex(hexed))] for role, hexed in o["keys"].items()}
        self.id = sha(self.keys["recovery"][0][1])
        self.origin = "entente/%s/%s" % (agreement, self.slug)
        self.acts, self.heads, self.doubt = {}, {}, []

    def key(self, role, at):
        return [k for start, k in self.keys[role] if start <= at][-1]


def check_manifest(files):
    listed = {}
    for line in files["manifest-sha256.txt"].decode().splitlines():
        listed[line[66:]] = line[:64]
    outside = {"manifest-sha256.txt", "manifest.note", "mimetype", "META-INF/ASiCManifest.xml", "META-INF/timestamp.tst"}
    for name in sorted(set(files) - set(listed) - outside):
        fail(2, name, "the manifest does not name it")
    for name, digest in sorted(listed.items()):
        if name not in files:
            fail(2, name, "it is missing")
        elif hashlib.sha256(files[name]).hexdigest() != digest:
            fail(2, name, "its SHA-256 is not the one in the manifest")


def check_agreement(files, about):
    docs, n = [], 1
    while "agreement/%d.json" % n in files:
        docs.append(files["agreement/%d.json" % n])
        n += 1
    if not docs or sha(docs[0]).hex()[:32] != about["agreement"]:
        fail(5, "agreement/1.json", "another agreement than dossier.json says")
    for i in range(1, len(docs)):
        if json.loads(docs[i])["amends"]["previous"] != sha(docs[i - 1]).hex():
            fail(5, "agreement/%d.json" % (i + 1), "it does not go on from the one before")
    parties = [Party(o, about["agreement"]) for o in json.loads(docs[0])["parties"]]
    keys = [k for p in parties for role in p.keys for _, k in p.keys[role]]
    if len(set(keys)) != len(keys) or not all(key_table(k) for k in keys):
        fail(5, "agreement/1.json", "a key is no valid point, or has two purposes")
    for o, p in zip(json.loads(docs[0])["parties"], parties):
        card = files.get("cards/%s.card" % p.slug)
        if o["id"] != p.id.hex():
            fail(5, p.slug, "its id is not that of its key")
        if card:
            note = split(card)
            named = json.loads(note[0].split(b"\n")[1])["keys"]
            good = [line_by(note, "%s/%s" % (p.slug, r), 1, bytes.fromhex(k)) for r, k in named.items()]
            if named["recovery"] != p.keys["recovery"][0][1].hex() or not all(g and g[0] for g in good):
                fail(5, "cards/%s.card" % p.slug, "not this party's, or not signed by all its keys")
        mark = p.id.hex()[:32]
        print("party    %s (%s) SHA256:%s: compare it with the party itself" % (
            p.slug, ascii(p.name), "-".join(mark[i:i + 4] for i in range(0, 32, 4))))
    witnesses = []
    for doc in docs:
        for w in json.loads(doc).get("witnesses", []):
            name, _, raw = w["vkey"].split("+", 2)
            if (name, b64(raw)[1:]) not in witnesses and b64(raw)[0] == 4:
                witnesses.append((name, b64(raw)[1:]))
    return {p.slug: p for p in parties}, witnesses


def change_key(p, act, body):
    role, old, new = body["role"], bytes.fromhex(body["old"]), bytes.fromhex(body["new"])
    text = ("entente/v1/rotate\n%s\n%s\n%s\n%s\n" % (p.origin, role, body["old"], body["new"])).encode()
    revoke = act["kind"] == "key.revoke"
    good = old == p.key(role, act["seq"]) and key_table(new) and ed25519(new, text, b64(body["by_new"])) \
        and (revoke or ed25519(old, text, b64(body["by_old"])))
    if not good:
        return False
    p.keys[role].append((act["seq"] + 1, new))
    if revoke and role == "acts":
        p.doubt.append((body["first_bad"], act["seq"]))
    return True


def check_acts(files, about, parties):
    for name in sorted(n for n in files if n.startswith("acts/")):
        slug, seq = name.split("/")[1], int(name.split("/")[2][:-5])
        parties[slug].acts[seq] = name
    by_text = {}
    for p in parties.values():
        before = None
        for seq in sorted(p.acts):
            name = p.acts[seq]
            try:
                note = split(files[name])
                first, line, rest = note[0].split(b"\n")
                act = json.loads(line)
                canonical = json.dumps(act, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
                fits = first == b"entente/act/v1" and not rest and canonical == line and len(note[1]) == 1 \
                    and (act["agreement"], act["from"], act["seq"]) == (about["agreement"], p.slug, seq)
            except (ValueError, KeyError, UnicodeDecodeError):
                fits = False
            if not fits:
                fail(7, name, "no well-formed act of this place")
                continue
            role = "recovery" if act["kind"] == "key.revoke" else "acts"
            good = line_by(note, "%s/%s" % (p.slug, role), 1, p.key(role, seq))
            if not good or not good[0]:
                fail(7, name, "its signature is not by the key in force")
            payload = None
            if "body" in act:
                digest = act["body"]["sha256"]
                payload = files.get("payloads/" + digest)
                salt = bytes.fromhex(act["body"].get("salt", ""))
                if payload is None and digest not in about["withheld"]:
                    fail(8, name, "its payload is neither here nor said to be withheld")
                elif payload is None:
                    note_unknown(8, name, "what its payload says: withheld (%s)" % ascii(about["withheld"][digest]))
                elif sha(salt, payload).hex() != digest or len(payload) != act["body"]["size"]:
                    fail(8, name, "its payload is another")
            if act["kind"].startswith("key.") and not (payload and change_key(p, act, json.loads(payload))):
                fail(6, name, "the change of a key does not hold")
            if before is not None and before[0] + 1 == seq and act["prev"] != before[1]:
                fail(14, name, "it does not follow the act before it")
            before = seq, sha(note[0]).hex()
            by_text[before[1]] = name
            p.acts[seq] = act, files[name], name
    for p in parties.values():
        for act, _, name in (a for a in p.acts.values() if isinstance(a, tuple)):
            for ref in act.get("refs", []):
                if ref not in by_text:
                    note_unknown(15, name, "what it answers: act %s is not here" % ref)


def check_heads(files, parties, witnesses):
    for name in sorted(n for n in files if n.startswith("heads/")):
        p = parties[name.split("/")[1]]
        note = split(files[name])
        origin, size, root = note[0].decode().splitlines()
        if origin != p.origin or "heads/%s/%s.note" % (p.slug, size) != name:
            fail(10, name, "the head of another log or size")
            continue
        owner = line_by(note, p.origin, 1, p.key("checkpoints", int(size)))
        if owner and not owner[0]:
            fail(10, name, "the signature of the log's owner is wrong")
        signers = []
        cosigners = [("%s/%s" % (q.slug, role), k, q.slug if role == "mirror" else None)
                     for q in parties.values() if q is not p for role in ("mirror", "witness") for _, k in q.keys[role]]
        for who, key, mirror in cosigners + [(w, k, None) for w, k in witnesses]:
            for good, when in lines_by(note, who, 4, key):  # one signer may have dated a head again
                if good:
                    signers.append((who, when, mirror))
                else:
                    fail(11, name, "a cosignature is not by the key that it names")
        p.heads[int(size)] = b64(root), signers, bool(owner), files[name]
    for p in parties.values():
        sizes, last = sorted(p.heads), {}
        for m, n in zip(sizes, sizes[1:]):
            name = "consistency/%s/%d-%d.txt" % (p.slug, m, n)
            path = [b64(line) for line in files.get(name, b"?").decode().split()] if name in files else None
            if path is None or not grew(m, p.heads[m][0], n, p.heads[n][0], path):
                fail(13, name, "it does not prove that the log only grew")
        for n in sizes:
            for who, when, _ in sorted(p.heads[n][1], key=lambda signer: signer[1]):
                if when < last.get(who, 0):
                    fail(12, "heads/%s/%d.note" % (p.slug, n), "a cosigner's times go back")
                last[who] = when
        if sizes and not p.heads[sizes[-1]][2]:
            fail(10, "heads/%s/%d.note" % (p.slug, sizes[-1]), "the newest head is not signed by the log's owner")


def check_places(files, about, parties):
    for p in parties.values():
        sizes = sorted(p.heads)
        for seq in sorted(p.acts):
            if not isinstance(p.acts[seq], tuple):
                continue
            act, note, name = p.acts[seq]
            proof = files.get("proofs/%s/%d.tlog-proof" % (p.slug, seq), b"")
            top, _, head = proof.partition(b"\n\n")
            lines = top.decode().splitlines()
            try:
                size = int(head.split(b"\n")[1])
                path = [b64(x) for x in lines[2:]]
                good = lines[:2] == ["c2sp.org/tlog-proof@v1", "index %d" % seq] and seq < size \
                    and head == p.heads[size][3] and climb(sha(b"\0", sha(note)), seq, size, path)[0] == p.heads[size][0]
            except (IndexError, ValueError, KeyError):
                good = False
            if not good:
                fail(9, name, "nothing proves that it is in the log")
            after = max([w for n in sizes if n <= seq for _, w, _ in p.heads[n][1]] or [0])
            before = min([w for n in sizes if n > seq for _, w, _ in p.heads[n][1]] or [0])
            held = {m for n in sizes if n > seq for _, _, m in p.heads[n][1] if m}
            for q in parties.values():
                if q is not p and not q.arbiter and q.slug in act.get("to", [q.slug]) and q.slug not in held:
                    note_unknown(16, name, "whether %s has it" % q.slug)
            doubt = any(a <= seq < b for a, b in p.doubt)
            print("act      %s/%d %s: %s, between %s and %s (it claims %s)" % (
                p.slug, seq, ascii(act["kind"])[1:-1], "in doubt, its key was revoked" if doubt else "signed and in the log",
                utc(after), utc(before), ascii(act["time"])[1:-1]))
        hidden = {n for a, b in about["hidden"].get(p.slug, []) for n in range(a, min(b, max(sizes or [0])) + 1)}
        for seq in range(max(sizes or [0])):
            if seq not in p.acts and seq not in hidden:
                fail(14, p.slug, "gap at %s seq %d" % (p.slug, seq))
        if hidden:
            note_unknown(14, p.slug, "what %d entries of %s say: not shown" % (len(hidden - set(p.acts)), p.slug))


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    try:
        files = load(path)
        about = json.loads(files["dossier.json"])
        check_manifest(files)
        parties, witnesses = check_agreement(files, about)
        check_acts(files, about, parties)
        note = split(files["manifest.note"])
        said = json.loads(note[0].split(b"\n")[1])
        maker = parties[about["exporter"]]
        good = [line_by(note, "%s/acts" % maker.slug, 1, k) for _, k in maker.keys["acts"]]
        if not any(g and g[0] for g in good) or said["manifest"] != sha(files["manifest-sha256.txt"]).hex():
            fail(3, "manifest.note", "it is not the exporter's word about this manifest")
        check_heads(files, parties, witnesses)
        check_places(files, about, parties)
    except (KeyError, ValueError, IndexError, TypeError, AttributeError, OSError, zipfile.BadZipFile, binascii.Error) as e:
        fail(1, path, "it cannot be read: %s %s" % (type(e).__name__, ascii(str(e))[:200]))
    print("not checked here: 18 (time-stamps: openssl ts), 20 and 21 (computed states: entente verify)")
    print("IT DOES NOT HOLD" if failed else "IT HOLDS")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
