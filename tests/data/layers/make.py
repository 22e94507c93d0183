#!/usr/bin/env python3
"""Write layers, hostile ones mostly, and what must come of them.

Usage: make.py OUT CANARY

OUT gets NAME.N.tar for layer N of each case and the table `cases`, one case a line:
name, number of layers, "ok" or "error", expectation; separated by tabs. The expectation is the
sorted list of what a root must hold afterwards (path/ is a directory, path->target a symbolic link,
path=content a file), or a part of the error. CANARY is a directory outside of every root, which
the layers do their best to get at.
"""
import gzip
import os
import sys

BLOCK = 512


def octal(value, width):
    return b"%0*o\0" % (width - 1, value)


def base256(value, width):
    return (value & ((1 << (8 * width)) - 1)).to_bytes(width, "big")


def pad(data):
    return data + b"\0" * (-len(data) % BLOCK)


def header(name, kind=b"0", size=0, link=b"", mode=0o644, uid=0, gid=0, mtime=1000, dev=(0, 0),
           magic=b"ustar\00000", tail=b"", size_field=None):
    """One header block. tail replaces what follows the device numbers (prefix, or GNU's fields)."""
    h = bytearray(BLOCK)

    def put(at, data):
        h[at:at + len(data)] = data

    put(0, name[:100])
    put(100, octal(mode, 8))
    put(108, octal(uid, 8))
    put(116, octal(gid, 8))
    put(124, size_field if size_field is not None else octal(size, 12))
    put(136, octal(mtime, 12) if isinstance(mtime, int) else mtime)
    put(148, b" " * 8)
    put(156, kind)
    put(157, link[:100])
    put(257, magic)
    put(329, octal(dev[0], 8))
    put(337, octal(dev[1], 8))
    put(345, tail)
    put(148, b"%06o\0 " % sum(h))
    return bytes(h)


def as_bytes(s):
    return s.encode() if isinstance(s, str) else s


def file(name, data="", **kw):
    data = as_bytes(data)
    return header(as_bytes(name), b"0", len(data), **kw) + pad(data)


def directory(name, **kw):
    return header(as_bytes(name), b"5", mode=kw.pop("mode", 0o755), **kw)


def symlink(name, target, **kw):
    return header(as_bytes(name), b"2", link=as_bytes(target), mode=0o777, **kw)


def hardlink(name, target, **kw):
    return header(as_bytes(name), b"1", link=as_bytes(target), **kw)


def fifo(name, **kw):
    return header(as_bytes(name), b"6", **kw)


def device(name, major, minor, kind=b"3", **kw):
    return header(as_bytes(name), kind, dev=(major, minor), **kw)


def record(key, value):
    body = b" " + as_bytes(key) + b"=" + as_bytes(value) + b"\n"
    n = len(body)
    while len(str(n)) + len(body) != n:
        n = len(str(n)) + len(body)
    return str(n).encode() + body


def pax(records, kind=b"x"):
    data = b"".join(record(k, v) for k, v in records)
    return header(b"PaxHeaders/x", kind, len(data)) + pad(data)


def long_name(name, kind=b"L"):
    data = as_bytes(name) + b"\0"
    return header(b"././@LongLink", kind, len(data), magic=b"ustar  \0") + pad(data)


def tar(*members):
    return b"".join(members) + b"\0" * (2 * BLOCK)


def gnu_sparse(name, extents, realsize, data=b"", more=b"", extended=False):
    tail = b"\0" * 41
    for i in range(4):
        tail += (octal(extents[i][0], 12) + octal(extents[i][1], 12)) if i < len(extents) else b"\0" * 24
    tail += b"\1" if extended else b"\0"
    tail += octal(realsize, 12) if realsize < 8 ** 11 else b"\x80" + base256(realsize, 11)
    return header(as_bytes(name), b"S", len(data), magic=b"ustar  \0", tail=tail) + more + pad(data)


cases = []


def ok(name, want, *layers):
    cases.append((name, "ok", want, layers))


def error(name, part, *layers):
    cases.append((name, "error", part, layers))


def names_and_links(canary):
    # TAR-01: a dot-dot component, in every kind of entry and link
    for i, name in enumerate(["../x", "a/../../x", "./../x", "a/..", ".."]):
        error(f"dotdot-file-{i}", '".." component', tar(file(name, "x")))
        error(f"dotdot-dir-{i}", '".." component', tar(directory(name)))
        error(f"dotdot-symlink-{i}", '".." component', tar(symlink(name, canary)))
        error(f"dotdot-hardlink-{i}", '".." component', tar(file("f", "f"), hardlink(name, "f")))
        error(f"dotdot-pax-{i}", '".." component', tar(pax([("path", name)]), file("x", "x")))
        error(f"dotdot-long-{i}", '".." component', tar(long_name(name), file("x", "x")))
        error(f"dotdot-target-{i}", '".." component', tar(hardlink("f", name)))
    error("dotdot-sparse", '".." component', tar(pax([
        ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "../x"),
        ("GNU.sparse.realsize", "0")]), file("x", pad(b"0\n"))))
    # TAR-02: absolute names belong to the root
    ok("absolute", "etc/ etc/x=1 y=2", tar(file("/etc/x", "1"), file("//y", "2")))
    error("absolute-dotdot", '".." component', tar(file("/../x", "x")))
    # TAR-03: links first, then a write through them
    parents = canary.strip("/").split("/")
    made = [("/".join(parents[:i + 1]) + "/") for i in range(len(parents))]
    inside = "/".join(parents) + "/pwn=x"
    ok("through-absolute", " ".join(sorted(made + [inside, f"link->{canary}"])),
       tar(symlink("link", canary), file("link/pwn", "x")))
    ok("through-layers", " ".join(sorted(made + [inside, f"link->{canary}"])),
       tar(symlink("link", canary)), tar(file("link/pwn", "x")))
    ok("through-relative", "d/ d/link->../../../../../.. pwn=x",
       tar(directory("d"), symlink("d/link", "../../../../../.."), file("d/link/pwn", "x")))
    ok("through-chain", "a->. b->.. pwn=x",
       tar(symlink("a", "."), symlink("a/b", ".."), file("b/pwn", "x")))
    error("root-symlink-dot", "root is not a directory", tar(symlink(".", canary), file("pwn", "x")))
    error("root-symlink-slash", "root is not a directory", tar(symlink("/", canary), file("pwn", "x")))
    error("root-hardlink", "hard link to the root", tar(hardlink("a", "/")))
    error("link-loop", "resolve symbolic links", tar(symlink("a", "b"), symlink("b", "a"), file("a/x", "x")))
    ok("usrmerge", "bin->usr/bin usr/ usr/bin/ usr/bin/sh=2",
       tar(directory("usr"), directory("usr/bin"), symlink("bin", "usr/bin"), file("bin/sh", "1")),
       tar(file("bin/sh", "2")))
    # TAR-04: hard links
    error("hardlink-outside", "does not exist", tar(hardlink("f", canary + "/secret")))
    error("hardlink-through-link", "does not exist",
          tar(symlink("l", canary), hardlink("f", "l/secret")))
    ok("hardlink-to-symlink", f"f=x l->{canary}/secret",
       tar(symlink("l", canary + "/secret"), hardlink("f", "l"), file("f", "x")))
    error("hardlink-self", "which it replaces", tar(file("f", "x"), hardlink("f", "f")))
    error("hardlink-into-self", "which it replaces",
          tar(directory("d"), file("d/f", "x"), hardlink("d", "d/f")))
    error("hardlink-to-dir", "directory", tar(directory("d"), hardlink("e", "d")))
    ok("hardlink-lower", "f=x g=x", tar(file("f", "x")), tar(hardlink("g", "f")))
    # TAR-05: the last component is a link, which goes
    secret = canary + "/secret"
    ok("last-file", "l=x", tar(symlink("l", secret), file("l", "x", mode=0o777)))
    ok("last-dir", "l/ l/f=x", tar(symlink("l", canary), directory("l/", mode=0o777), file("l/f", "x")))
    ok("last-layers", "l=x", tar(symlink("l", secret)), tar(file("l", "x", mode=0o777)))
    ok("last-xattr", "l=x", tar(symlink("l", secret),
       pax([("SCHILY.xattr.user.a", "b")]) + file("l", "x", mode=0o777)))
    ok("last-symlink", "l->b", tar(symlink("l", canary), symlink("l", "b")))


def whiteouts(canary):
    # TAR-06: names that are none
    for i, name in enumerate([".wh.", ".wh..", ".wh...", ".wh.a/b", "d/.wh.", "d/.wh..."]):
        error(f"whiteout-bad-{i}", "no valid whiteout", tar(directory("d"), file("d/f"), file(name)))
    error("whiteout-directory", "no valid whiteout", tar(directory(".wh.d/")))
    ok("whiteout-aufs", "f=", tar(file("f"), file(".wh..wh.x", "data"), directory(".wh..wh.plnk"),
                                  file(".wh..wh.plnk/1", "data")))
    ok("whiteout-file", "d/ d/b=b", tar(directory("d"), file("d/a"), file("d/b", "b")), tar(file("d/.wh.a")))
    ok("whiteout-tree", "d/", tar(directory("d"), directory("d/e"), file("d/e/f"), directory("d/e/g")),
       tar(file("d/.wh.e")))
    ok("whiteout-own", "d/ d/a=2", tar(directory("d"), file("d/a", "1")), tar(file("d/a", "2"), file("d/.wh.a")))
    ok("whiteout-then-file", "d/ d/a=2", tar(directory("d"), file("d/a", "1")),
       tar(file("d/.wh.a"), file("d/a", "2")))
    ok("whiteout-then-dir", "d/ d/new=n", tar(directory("d"), file("d/old", "o")),
       tar(file(".wh.d"), directory("d"), file("d/new", "n")))
    ok("whiteout-then-implied-dir", "d/ d/new=n", tar(directory("d"), file("d/old", "o")),
       tar(file(".wh.d"), file("d/new", "n")))
    ok("whiteout-after-dir", "d/ d/new=n", tar(directory("d"), file("d/old", "o")),
       tar(directory("d"), file("d/new", "n"), file(".wh.d")))
    ok("whiteout-below-link", "a/ l->a", tar(directory("a"), file("a/f"), symlink("l", "a")),
       tar(file("l/.wh.f")))
    ok("whiteout-of-link", "a/ a/f=f", tar(directory("a"), file("a/f", "f"), symlink("l", "a")),
       tar(file(".wh.l")))
    ok("whiteout-outside", f"l->{canary}", tar(symlink("l", canary)), tar(file("l/.wh.secret")))
    ok("whiteout-missing", "a=", tar(file("a")), tar(file(".wh.b")))
    ok("whiteout-hardlink", "b=1", tar(file("a", "1"), hardlink("b", "a")), tar(file(".wh.a")))
    # TAR-07: opaque marks, anywhere in their layer
    lower = tar(directory("d"), file("d/a", "1"), directory("d/s"), file("d/s/x", "1"))
    ok("opaque-first", "d/ d/b=2", lower, tar(directory("d"), file("d/.wh..wh..opq"), file("d/b", "2")))
    ok("opaque-last", "d/ d/b=2", lower, tar(directory("d"), file("d/b", "2"), file("d/.wh..wh..opq")))
    ok("opaque-nested", "d/ d/s/ d/s/y=2", lower,
       tar(directory("d"), directory("d/s"), file("d/s/y", "2"), file("d/s/.wh..wh..opq"), file("d/.wh..wh..opq")))
    ok("opaque-same-name", "d/ d/a=2", lower, tar(file("d/a", "2"), file("d/.wh..wh..opq")))
    ok("opaque-alone", "d/", lower, tar(file("d/.wh..wh..opq")))
    ok("opaque-twice", "d/ d/c=3", lower, tar(file("d/b", "2"), file("d/.wh..wh..opq")),
       tar(file("d/.wh..wh..opq"), file("d/c", "3")))
    ok("file-then-dir", "d/ d/n=2", lower, tar(file("d", "f"), directory("d"), file("d/n", "2")))
    ok("file-over-dir", "d=f", lower, tar(file("d", "f")))
    ok("dir-over-file", "d/ d/n=2", tar(file("d", "f")), tar(directory("d"), file("d/n", "2")))
    ok("dir-merge", "d/ d/a=1 d/n=2 d/s/ d/s/x=1", lower, tar(directory("d", mode=0o700), file("d/n", "2")))
    error("through-file", "d/x", tar(file("d", "f")), tar(file("d/x", "x")))


def headers():
    # TAR-11: two sizes
    error("size-desync", "different sizes", tar(pax([("size", "0")]), file("f", b"x" * 512)))
    error("size-desync-2", "different sizes", tar(pax([("size", "1024")]), file("f", b"x" * 512)))
    ok("size-pax", "f=xyz", tar(pax([("size", "3")]), header(b"f", b"0", 0) + pad(b"xyz")))
    for kind in b"123456":
        error(f"data-behind-{chr(kind)}", "no file", tar(file("t"), header(
            b"f", bytes([kind]), 512, link=b"t") + b"x" * 512))
    # TAR-12: what PAX can say
    error("pax-nul-path", "NUL", tar(pax([("path", b"a\0b")]), file("f")))
    error("pax-nul-link", "NUL", tar(pax([("linkpath", b"a\0b")]), symlink("f", "x")))
    for key in ("path", "linkpath", "size", "uid", "GNU.sparse.size", "SCHILY.xattr.user.a"):
        error(f"global-{key}", "for all entries", tar(pax([(key, "1")], b"g"), file("f")))
    ok("global-comment", "f=", tar(pax([("comment", "0123456789")], b"g"), file("f")))
    ok("mtime-extreme", "f= g=", tar(pax([("mtime", "-" + "9" * 30)]), file("f"),
                                     pax([("mtime", "9" * 30 + ".5")]), file("g")))
    error("pax-uid", "no id", tar(pax([("uid", "4294967295")]), file("f")))
    error("pax-length", "length is wrong", tar(header(b"x", b"x", 10) + pad(b"99 path=a\n"), file("f")))
    error("pax-no-newline", "newline", tar(header(b"x", b"x", 10) + pad(b"10 path=ab"), file("f")))
    error("pax-twice", "two extended headers", tar(pax([("path", "a")]), pax([("path", "b")]), file("f")))
    error("pax-alone", "without its entry", tar(file("f"), pax([("path", "a")])))
    error("pax-and-long", "two names", tar(pax([("path", "a")]), long_name("b"), file("f")))
    error("empty-name", "empty", tar(file("")))
    error("file-slash", "ends like a directory", tar(file("f/", "x")))
    error("type", "no meaning", tar(header(b"f", b"M")))
    ok("v7-dir", "d/", tar(header(b"d/", b"\0", magic=b"")))
    # TAR-13: of duplicates the last one counts
    ok("duplicates", "d=2", tar(file("d", "1"), directory("d/"), file("d/x"), file("d", "2")))
    # TAR-14: cut off, or going on
    error("truncated-data", "ends too early", tar(file("f", b"x" * 2000))[:1024])
    error("truncated-header", "ends too early", file("f")[:100])
    ok("no-end", "f=", file("f"))
    ok("tail", "f=", tar(file("f")) + b"garbage" * 1000)
    error("single-zero-block", "single block of zeros", file("f") + b"\0" * 512 + file("g") + b"\0" * 1024)
    error("checksum", "checksum", b"x" + file("f")[1:] + b"\0" * 1024)
    # TAR-15: odd names
    ok("odd-name", "\x1b[31m= \udcff=", tar(file("\x1b[31m"), file(b"\xff")))
    ok("name-255", "n" * 255 + "=", tar(long_name("n" * 255), file("f")))
    error("name-256", "more than 255", tar(long_name("n" * 256), file("f")))
    error("path-4096", "4096 bytes or more", tar(long_name("d/" * 2048 + "ff"), file("f")))
    error("components-40000", "4096 bytes or more", tar(long_name("d/" * 40000 + "f"), file("f")))


def sparse():
    ok("sparse-gnu", "f=AAA.....BB", tar(gnu_sparse("f", [(0, 3), (8, 2)], 10, b"AAABB")))
    ok("sparse-00", "f=AAA.....BB", tar(pax([
        ("GNU.sparse.size", "10"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.offset", "0"),
        ("GNU.sparse.numbytes", "3"), ("GNU.sparse.offset", "8"), ("GNU.sparse.numbytes", "2")]),
        file("f", "AAABB")))
    ok("sparse-01", "f=AAA.....BB", tar(pax([
        ("GNU.sparse.size", "10"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.name", "f"),
        ("GNU.sparse.map", "0,3,8,2")]), file("GNUSparseFile.0/f", "AAABB")))
    ok("sparse-10", "f=AAA.....BB", tar(pax([
        ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "f"),
        ("GNU.sparse.realsize", "10")]), file("g", pad(b"2\n0\n3\n8\n2\n") + b"AAABB")))
    ok("sparse-hole-only", "f=" + "." * 10, tar(gnu_sparse("f", [(10, 0)], 10)))
    error("sparse-order", "out of order", tar(gnu_sparse("f", [(8, 2), (0, 3)], 10, b"AAABB")))
    error("sparse-beyond", "beyond", tar(gnu_sparse("f", [(0, 3), (8, 2)], 9, b"AAABB")))
    error("sparse-stored", "are stored", tar(gnu_sparse("f", [(0, 3)], 10, b"AAABB")))
    # BOMB-03, BOMB-04: huge maps and sizes
    error("sparse-map-huge", "larger than", tar(pax([
        ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "f"),
        ("GNU.sparse.realsize", "99999999")]),
        file("g", pad(b"10000000\n" + b"".join(b"%d\n0\n" % i for i in range(300000))))))
    error("sparse-extents", "more than 65536 extents", tar(pax([
        ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "f"),
        ("GNU.sparse.realsize", "99999999")]),
        file("g", pad(b"90000\n" + b"".join(b"%d\n1\n" % (2 * i) for i in range(90000))))))
    error("sparse-1EiB", "unpacks to more than", tar(gnu_sparse("f", [(0, 3)], 1 << 60, b"AAA")))
    # BOMB-05, BOMB-07: headers and numbers
    error("pax-2MiB", "larger than 1048576", tar(header(b"x", b"x", 2 << 20) + b"\0" * (2 << 20), file("f")))
    error("long-2MiB", "larger than 1048576", tar(header(b"x", b"L", 2 << 20) + b"\0" * (2 << 20), file("f")))
    ok("pax-many", "f=", tar(pax([("a", "")] * 200000), file("f")))
    error("size-negative", "out of range", tar(header(b"f", size_field=b"\xff" + b"\xff" * 10 + b"\x00")))
    error("size-4EiB", "unpacks to more than", tar(header(b"f", size_field=b"\x80\0\0\0" + base256(1 << 62, 8))))
    error("size-huge", "too large", tar(header(b"f", size_field=b"\x80" + b"\x7f" * 11)))
    error("size-text", "no octal number", tar(header(b"f", size_field=b"0000x0000000")))


def properties(out):
    """Layers about which the test has more to ask than what is there afterwards."""
    def write(name, data):
        with open(os.path.join(out, name), "wb") as f:
            f.write(data)

    capability = bytes.fromhex("0100000202040000000000000000000000000000")
    write("devices.tar", tar(device("null", 1, 3, mode=0o666), device("forged", 0, 0),
                             device("disk", 8, 0, b"4"), fifo("pipe", mode=0o640)))
    write("hidden.tar", tar(file("forged", "lower"), file("null", "lower")))
    write("attributes.tar", tar(
        directory("./", mode=0, uid=65534, gid=65534, mtime=5),
        pax([("SCHILY.xattr.security.capability", capability), ("SCHILY.xattr.user.a", b"b\0c"),
             ("SCHILY.xattr.trusted.overlay.opaque", "y"), ("SCHILY.xattr.user.overlay.opaque", "y"),
             ("SCHILY.xattr.security.selinux", "x"), ("mtime", "1234567890.25")]),
        file("tool", "x", mode=0o6755, uid=1000, gid=1001),
        directory("d", mode=0o3775, uid=7, gid=8, mtime=77), file("d/f", "x", mtime=0),
        symlink("l", "tool", uid=9, gid=10, mtime=99), directory("closed", mode=0),
        file("closed/f", "x")))
    write("three.tar", tar(file("a", "12345"), file("b", "12345"), directory("c")))
    write("three.tar.gz", gzip.compress(tar(file("a", "12345"), file("b", "12345"), directory("c"))))
    write("duplicates.tar", file("d", "x") * 100000 + tar(file("d", "last")))
    write("deep.tar", tar(long_name("d/" * 2040 + "f"), file("f", "x")))
    write("marks.tar", tar(*[file("f%d" % i) for i in range(20000)], *([file(".wh..wh..opq")] * 20000)))
    write("bomb.tar.gz", gzip.compress(tar(file("f", "x")) + bytes(80 << 20), 1))


def main():
    out, canary = sys.argv[1], sys.argv[2]
    names_and_links(canary)
    whiteouts(canary)
    headers()
    sparse()
    properties(out)
    with open(os.path.join(out, "cases"), "w", encoding="utf-8", errors="surrogateescape") as table:
        for name, kind, want, layers in cases:
            for i, data in enumerate(layers):
                with open(os.path.join(out, f"{name}.{i}.tar"), "wb") as f:
                    f.write(data)
            table.write(f"{name}\t{len(layers)}\t{kind}\t{want}\n")


main()
