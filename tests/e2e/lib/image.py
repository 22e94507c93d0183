#!/usr/bin/env python3
"""Writes base images for the tests, byte by byte, so that no builder under test is involved.

  image.py layout OUT ROOTFS.tar [--cmd WORD...] [--env K=V...]   an OCI layout with one gzip layer
  image.py busybox OUT.tar BUSYBOX                                a root file system of busybox
  image.py context DIR                                            the 180 files, 82 MB of a published service
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import random
import stat
import subprocess
import tarfile

EPOCH = 1700000000
MEDIA = "application/vnd.oci.image."

# What busybox of Debian leaves out, as far as the Dockerfiles of the tests call it.
ADDGROUP = """#!/bin/sh
# addgroup -g GID NAME
[ "$1" = -g ] || exit 2
echo "$3:x:$2:" >>/etc/group
"""
ADDUSER = """#!/bin/sh
# adduser -D -G GROUP --uid UID NAME
[ "$1" = -D ] && [ "$2" = -G ] && [ "$4" = --uid ] || exit 2
gid=$(sed -n "s/^$3:[^:]*:\\([0-9]*\\):.*/\\1/p" /etc/group)
echo "$6:x:$5:$gid:Linux User,,,:/home/$6:/bin/sh" >>/etc/passwd
echo "$6:!:19000:0:99999:7:::" >>/etc/shadow
mkdir -p "/home/$6" && chown "$5:$gid" "/home/$6"
"""


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def put_blob(out, data):
    digest = sha256(data)
    with open(os.path.join(out, "blobs", "sha256", digest), "wb") as blob:
        blob.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def architecture():
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return names.get(platform.machine(), platform.machine())


def clean_layer(path):
    """The tar at path with names as image tools write them and without device nodes."""
    plain, names = io.BytesIO(), set()
    with tarfile.open(path) as source, tarfile.open(
        fileobj=plain, mode="w", format=tarfile.PAX_FORMAT
    ) as target:
        for entry in source:
            entry.name = entry.name.removeprefix("./").removeprefix(".")
            if not entry.name or entry.name.startswith("dev/"):
                continue
            names.add(entry.name)
            # buildah's vfs finds changes by size and time, and useradd gives a backup its file's time.
            if entry.name.endswith("-"):
                entry.mtime -= 3600
            if entry.islnk():
                entry.linkname = entry.linkname.removeprefix("./")
            entry.pax_headers = {
                k: v for k, v in entry.pax_headers.items() if k.startswith("SCHILY.xattr.")
            }
            target.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
        # Builders mount their own files over these; an image without them would get empty ones.
        for name in sorted({"etc/hostname", "etc/hosts", "etc/resolv.conf"} - names):
            target.addfile(tarfile.TarInfo(name))
    return plain.getvalue()


def write_layout(args):
    os.makedirs(os.path.join(args.out, "blobs", "sha256"), exist_ok=True)
    plain = clean_layer(args.rootfs)
    layer = put_blob(args.out, gzip.compress(plain, 5, mtime=0))
    config = {
        "created": "2023-11-14T22:13:20Z",
        "architecture": architecture(),
        "os": "linux",
        "config": {"Env": args.env, "Cmd": args.cmd},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha256(plain)]},
        "history": [{"created": "2023-11-14T22:13:20Z", "created_by": "ADD rootfs.tar /"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MEDIA + "manifest.v1+json",
        "config": {
            "mediaType": MEDIA + "config.v1+json",
            **put_blob(args.out, json.dumps(config).encode()),
        },
        "layers": [{"mediaType": MEDIA + "layer.v1.tar+gzip", **layer}],
    }
    index = {
        "schemaVersion": 2,
        "mediaType": MEDIA + "index.v1+json",
        "manifests": [
            {
                "mediaType": MEDIA + "manifest.v1+json",
                **put_blob(args.out, json.dumps(manifest).encode()),
                "annotations": {"org.opencontainers.image.ref.name": "latest"},
            }
        ],
    }
    with open(os.path.join(args.out, "index.json"), "w", encoding="utf-8") as file:
        json.dump(index, file)
    with open(os.path.join(args.out, "oci-layout"), "w", encoding="utf-8") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)


def write_busybox(args):
    with open(args.busybox, "rb") as file:
        program = file.read()
    applets = subprocess.run(
        [args.busybox, "--list"], check=True, capture_output=True, text=True
    ).stdout.split()
    with tarfile.open(args.out, "w", format=tarfile.PAX_FORMAT) as out:

        def add(name, kind=tarfile.REGTYPE, mode=0o644, data=b"", link=""):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.mtime = kind, mode, EPOCH
            entry.size, entry.linkname = len(data), link
            out.addfile(entry, io.BytesIO(data))

        for name in ["bin", "dev", "etc", "home", "proc", "run", "sys", "usr", "usr/sbin", "var"]:
            add(name, tarfile.DIRTYPE, 0o755)
        add("root", tarfile.DIRTYPE, 0o700)
        add("tmp", tarfile.DIRTYPE, 0o1777)
        add("bin/busybox", mode=0o755, data=program)
        for applet in applets:
            if applet != "busybox":
                add("bin/" + applet, tarfile.SYMTYPE, 0o777, link="busybox")
        add("etc/passwd", data=b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
        add("etc/group", data=b"root:x:0:\nnogroup:x:65534:\n")
        add("etc/shadow", mode=0o640, data=b"root:*:19000:0:99999:7:::\n")
        add("usr/sbin/addgroup", mode=0o755, data=ADDGROUP.encode())
        add("usr/sbin/adduser", mode=0o755, data=ADDUSER.encode())


def write_context(args):
    """Deterministic and about half compressible, as .NET assemblies are."""
    rng = random.Random(82)
    noise = rng.randbytes(1 << 20)
    files, total = 180, 82_000_000
    out = os.path.join(args.dir, "out")
    for folder in ["", "runtimes/linux-x64", "wwwroot/css", "wwwroot/js"]:
        os.makedirs(os.path.join(out, folder), exist_ok=True)
    weights = [rng.paretovariate(1.2) for _ in range(files)]
    # The runtime itself is the one large file.
    weights[0] = sum(weights) / 3
    scale = total / sum(weights)
    for number, weight in enumerate(weights):
        folder = ["", "runtimes/linux-x64", "wwwroot/css", "wwwroot/js"][number % 4]
        name = "MinimalApi" if number == 0 else f"Assembly.{number:03}.dll"
        path = os.path.join(out, "" if number == 0 else folder, name)
        size, blocks = max(512, int(weight * scale)), []
        while size > 0:
            start = rng.randrange(len(noise) - 4096)
            block = noise[start : start + 4096] + bytes([number & 0xFF]) * 4096
            blocks.append(block[: min(size, len(block))])
            size -= len(block)
        with open(path, "wb") as file:
            file.write(b"".join(blocks))
        os.chmod(path, 0o755 if number == 0 else 0o644)
        os.utime(path, (EPOCH, EPOCH))
    for folder, _, _ in os.walk(args.dir):
        os.chmod(folder, stat.S_IRWXU | 0o055)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    layout = commands.add_parser("layout")
    layout.add_argument("out")
    layout.add_argument("rootfs")
    layout.add_argument("--cmd", nargs="+", default=["sh"])
    layout.add_argument(
        "--env",
        nargs="+",
        default=["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    )
    layout.set_defaults(run=write_layout)
    busybox = commands.add_parser("busybox")
    busybox.add_argument("out")
    busybox.add_argument("busybox")
    busybox.set_defaults(run=write_busybox)
    context = commands.add_parser("context")
    context.add_argument("dir")
    context.set_defaults(run=write_context)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
