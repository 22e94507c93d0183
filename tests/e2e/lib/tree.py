#!/usr/bin/env python3
"""What an image in an OCI layout amounts to, in a form that diff can compare.

  tree.py list LAYOUT [--mtime]   the flattened file tree, one line per path:
                                  type mode uid:gid size path [-> target] [= first hard link] [xattrs] sha256
  tree.py config LAYOUT           the configuration without times, history texts and digests
  tree.py layers LAYOUT           one line per layer: the paths it holds, whiteouts included
  tree.py cat LAYOUT PATH         the bytes of a file
  tree.py raw-config LAYOUT       the configuration as it is

Written from the image specification's layer rules and sharing no code with the program under test:
whiteouts of a layer act on the layers below it, an opaque marker empties its directory, links share
one file, and parents that are symbolic links are followed inside the root.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tarfile

TYPES = {
    tarfile.REGTYPE: "f",
    tarfile.AREGTYPE: "f",
    tarfile.DIRTYPE: "d",
    tarfile.SYMTYPE: "l",
    tarfile.CHRTYPE: "c",
    tarfile.BLKTYPE: "b",
    tarfile.FIFOTYPE: "p",
}
MAX_LINKS = 40


class Node:
    def __init__(self, entry, data):
        self.type = TYPES[entry.type]
        self.mode = entry.mode & 0o7777
        self.owner = f"{entry.uid}:{entry.gid}"
        self.size = entry.size if self.type == "f" else 0
        self.mtime = int(entry.mtime)
        self.target = entry.linkname if self.type == "l" else None
        self.device = (entry.devmajor, entry.devminor) if self.type in "cb" else None
        self.data = data
        self.digest = None if data is None else hashlib.sha256(data).hexdigest()
        self.xattrs = {
            key.removeprefix("SCHILY.xattr."): value
            for key, value in entry.pax_headers.items()
            if key.startswith("SCHILY.xattr.")
        }


class Tree:
    def __init__(self):
        self.nodes = {}

    def resolve_parent(self, path):
        """The path with the symbolic links of its parents followed."""
        todo, done, links = path.split("/"), [], 0
        while len(todo) > 1:
            part = todo.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                done = done[:-1]
                continue
            node = self.nodes.get("/".join(done + [part]))
            if node is not None and node.type == "l":
                links += 1
                if links > MAX_LINKS:
                    raise SystemExit(f"{path}: too many symbolic links")
                if node.target.startswith("/"):
                    done = []
                todo = node.target.split("/") + todo
            else:
                done.append(part)
        return "/".join(done + todo)

    def remove_below(self, path):
        prefix = path + "/" if path else ""
        for name in [n for n in self.nodes if n.startswith(prefix) and n != path]:
            del self.nodes[name]

    def remove(self, path):
        self.remove_below(path)
        self.nodes.pop(path, None)

    def apply(self, layer):
        entries = list(layer)
        for entry in entries:
            folder, _, name = clean(entry.name).rpartition("/")
            if name == ".wh..wh..opq":
                self.remove_below(self.resolve_parent(folder) if folder else "")
            elif name.startswith(".wh."):
                self.remove(self.resolve_parent((folder + "/" if folder else "") + name[4:]))
        for entry in entries:
            path = clean(entry.name)
            if not path or path.rpartition("/")[2].startswith(".wh."):
                continue
            path = self.resolve_parent(path)
            if entry.islnk():
                node = self.nodes.get(self.resolve_parent(clean(entry.linkname)))
                if node is None:
                    raise SystemExit(f"{path}: hard link to missing {entry.linkname}")
            else:
                node = Node(entry, layer.extractfile(entry).read() if entry.isreg() else None)
            if node.type == "d" and path in self.nodes and self.nodes[path].type == "d":
                self.nodes[path] = node
                continue
            self.remove(path)
            self.nodes[path] = node

    def lines(self, with_mtime):
        first = {}
        for path in sorted(self.nodes):
            first.setdefault(id(self.nodes[path]), path)
        for path in sorted(self.nodes):
            node = self.nodes[path]
            line = f"{node.type} {node.mode:04o} {node.owner} {node.size} /{path}"
            if node.target is not None:
                line += f" -> {node.target}"
            if node.device is not None:
                line += f" {node.device[0]},{node.device[1]}"
            if first[id(node)] != path:
                line += f" = /{first[id(node)]}"
            for key in sorted(node.xattrs):
                value = node.xattrs[key].encode("utf-8", "surrogateescape").hex()
                line += f" {key}={value}"
            if with_mtime:
                line += f" @{node.mtime}"
            if node.digest:
                line += f" {node.digest}"
            yield line


def clean(name):
    return "/".join(part for part in name.split("/") if part not in ("", "."))


class Layout:
    def __init__(self, path):
        self.path = path
        try:
            with open(os.path.join(path, "index.json"), encoding="utf-8") as file:
                manifests = json.load(file)["manifests"]
        except OSError as error:
            raise SystemExit(f"{path} is no OCI layout: {error}") from error
        if len(manifests) != 1:
            raise SystemExit(f"{path}: {len(manifests)} manifests in index.json, expected 1")
        self.manifest = self.read_json(manifests[0])
        self.config = self.read_json(self.manifest["config"])

    def blob(self, descriptor):
        """The blob's bytes; its digest and size must be what the descriptor says."""
        algorithm, digest = descriptor["digest"].split(":")
        with open(os.path.join(self.path, "blobs", algorithm, digest), "rb") as file:
            data = file.read()
        if len(data) != descriptor["size"] or hashlib.new(algorithm, data).hexdigest() != digest:
            raise SystemExit(f"{self.path}: blob {descriptor['digest']} does not match its descriptor")
        return data

    def read_json(self, descriptor):
        return json.loads(self.blob(descriptor))

    def layers(self):
        diff_ids = self.config["rootfs"]["diff_ids"]
        if len(diff_ids) != len(self.manifest["layers"]):
            raise SystemExit(f"{self.path}: layers and diff_ids differ in number")
        for descriptor, diff_id in zip(self.manifest["layers"], diff_ids):
            data = self.blob(descriptor)
            if data[:2] == b"\x1f\x8b":
                data = gzip.decompress(data)
            elif data[:4] == b"\x28\xb5\x2f\xfd":
                data = subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True).stdout
            if "sha256:" + hashlib.sha256(data).hexdigest() != diff_id:
                raise SystemExit(f"{self.path}: layer {descriptor['digest']} is not {diff_id}")
            yield tarfile.open(fileobj=io.BytesIO(data), errorlevel=2)


def flatten(layout):
    tree = Tree()
    for layer in Layout(layout).layers():
        tree.apply(layer)
    return tree


def list_tree(args):
    for line in flatten(args.layout).lines(args.mtime):
        print(line)


def print_file(args):
    node = flatten(args.layout).nodes.get(clean(args.path))
    if node is None or node.data is None:
        raise SystemExit(f"{args.path}: no such file in the image")
    sys.stdout.buffer.write(node.data)


def print_raw_config(args):
    json.dump(Layout(args.layout).config, sys.stdout)


def list_layers(args):
    for number, layer in enumerate(Layout(args.layout).layers()):
        for entry in layer:
            print(f"{number} {stat.filemode(entry.mode)[1:]} {entry.uid}:{entry.gid} {entry.name}")


def print_config(args):
    config = Layout(args.layout).config
    inner = {k: v for k, v in config.get("config", {}).items() if v not in (None, "", [], {}, False)}
    # The root is where an image starts that says nothing.
    if inner.get("WorkingDir") == "/":
        del inner["WorkingDir"]
    # Means something to Windows only.
    inner.pop("ArgsEscaped", None)
    labels = inner.get("Labels", {})
    for builders_own in ["io.buildah.version"]:
        labels.pop(builders_own, None)
    if not labels:
        inner.pop("Labels", None)
    # BuildKit's note on CMD, its SHELL and its default directory have no place in what the OCI
    # specification says about configurations, and others leave them out.
    inner.pop("ArgsEscaped", None)
    inner.pop("Shell", None)
    if inner.get("WorkingDir") == "/":
        inner.pop("WorkingDir")
    # An order of variables means nothing to a program that is started with them.
    inner["Env"] = sorted(inner.get("Env", []))
    print(
        json.dumps(
            {"os": config["os"], "architecture": config["architecture"], "config": inner},
            indent=1,
            sort_keys=True,
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, run in [
        ("list", list_tree),
        ("layers", list_layers),
        ("config", print_config),
        ("cat", print_file),
        ("raw-config", print_raw_config),
    ]:
        command = commands.add_parser(name)
        command.add_argument("layout")
        command.set_defaults(run=run)
        if name == "cat":
            command.add_argument("path")
        if name == "list":
            command.add_argument("--mtime", action="store_true")
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    sys.exit(main())
