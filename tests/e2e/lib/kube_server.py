#!/usr/bin/env python3
"""A Kubernetes API on loopback, as much of it as kubectl needs to diff, apply and follow a rollout.

usage: kube_server.py DIRECTORY

It speaks HTTPS, since kubectl shows its token to nobody else: DIRECTORY has cert.pem and key.pem.
DIRECTORY gets `port` once it listens, and `requests`: a JSON line for each request, with method,
path, query and body. DIRECTORY/mode says, at any time, how the cluster behaves:

    ready       what is applied runs at once (also without that file)
    slow        it runs after a second
    stuck       its pods never get their image
    deadline    as stuck, and the deployment gives up
    forbidden   nothing may be changed
    broken      every request is answered with 503

A file `token` names the bearer token that requests must carry.
"""

import http.server
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse

directory = sys.argv[1]
lock = threading.Condition()
objects = {}  # path of the object: the object
version = 0

RESOURCES = {
    "v1": [
        ("configmaps", "ConfigMap", True),
        ("events", "Event", True),
        ("namespaces", "Namespace", False),
        ("pods", "Pod", True),
        ("secrets", "Secret", True),
        ("services", "Service", True),
    ],
    "apps/v1": [
        ("daemonsets", "DaemonSet", True),
        ("deployments", "Deployment", True),
        ("replicasets", "ReplicaSet", True),
        ("statefulsets", "StatefulSet", True),
    ],
    "batch/v1": [("cronjobs", "CronJob", True), ("jobs", "Job", True)],
}
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


def read(name, default=""):
    try:
        with open(os.path.join(directory, name), encoding="utf-8") as f:
            return f.read().strip()
    except FileNotFoundError:
        return default


def mode():
    return read("mode", "ready")


def group_path(group_version):
    return ("/api/" if "/" not in group_version else "/apis/") + group_version


# --- what kubectl asks before it does anything --------------------------------------------------


def parameter(name):
    return {"name": name, "in": "query", "schema": {"type": "string"}}


def openapi(group_version):
    """Which parameters PATCH takes: kubectl looks for dryRun and fieldValidation."""
    paths = {}
    group, _, ver = group_version.rpartition("/")
    for plural, kind, spaced in RESOURCES[group_version]:
        below = "/namespaces/{namespace}" if spaced else ""
        operation = {
            "parameters": [parameter(p) for p in ("dryRun", "fieldManager", "fieldValidation", "force")],
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": {"group": group, "kind": kind, "version": ver},
        }
        paths[f"{group_path(group_version)}{below}/{plural}/{{name}}"] = {"patch": operation}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1"}, "paths": paths}


def field(number, payload):
    """A length-delimited field of protobuf."""
    if isinstance(payload, str):
        payload = payload.encode()
    size, out = len(payload), bytearray([number << 3 | 2])
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out) + payload


def openapi_v2():
    """The same as gnostic's openapi.v2.Document, for kubectl before 1.27."""
    paths = b""
    for group_version in RESOURCES:
        for path, item in openapi(group_version)["paths"].items():
            patch = item["patch"]
            gvk = patch["x-kubernetes-group-version-kind"]
            text = "".join(f"{k}: {json.dumps(v)}\n" for k, v in gvk.items())
            body = b""
            for p in patch["parameters"]:
                query = field(2, "query") + field(4, p["name"])  # QueryParameterSubSchema
                non_body = field(3, query)
                body += field(8, field(1, field(2, non_body)))
            body += field(13, field(1, "x-kubernetes-group-version-kind") + field(2, field(2, text)))
            paths += field(2, field(1, path) + field(2, field(8, body)))
    info = field(1, "Kubernetes") + field(2, "v1")
    return field(1, "2.0") + field(2, info) + field(8, paths)


def discovery(path):
    if path == "/version":
        return {"major": "1", "minor": "32", "gitVersion": "v1.32.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = []
        for gv in RESOURCES:
            if "/" in gv:
                one = {"groupVersion": gv, "version": gv.split("/")[1]}
                groups.append({"name": gv.split("/")[0], "versions": [one], "preferredVersion": one})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    if path == "/openapi/v3":
        return {"paths": {group_path(gv)[1:]: {"serverRelativeURL": "/openapi/v3" + group_path(gv)} for gv in RESOURCES}}
    for gv, resources in RESOURCES.items():
        if path == "/openapi/v3" + group_path(gv):
            return openapi(gv)
        if path == group_path(gv):
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": gv,
                "resources": [
                    {"name": n, "singularName": k.lower(), "namespaced": s, "kind": k, "verbs": VERBS}
                    for n, k, s in resources
                ],
            }
    return None


# --- the cluster --------------------------------------------------------------------------------


def condition(kind, status, reason, message=""):
    return {"type": kind, "status": status, "reason": reason, "message": message}


def status_of(obj):
    """What controllers would have written by now."""
    how, kind = mode(), obj["kind"]
    age = time.time() - obj["metadata"].get("x", 0)
    ready = how == "ready" or (how == "slow" and age > 1)
    n = obj.get("spec", {}).get("replicas", 1)
    if kind == "Job":
        if ready:
            return {"conditions": [condition("Complete", "True", "Done")]}
        if how == "deadline":
            return {"conditions": [condition("Failed", "True", "BackoffLimitExceeded", "too many retries")]}
        return {}
    if kind not in ("Deployment", "DaemonSet", "StatefulSet"):
        return None
    out = {"observedGeneration": 1, "replicas": n, "updatedReplicas": n, "readyReplicas": n if ready else 0}
    if kind == "Deployment":
        out["availableReplicas"] = n if ready else 0
        out["conditions"] = [condition("Progressing", "True", "ReplicaSetUpdated")]
        if how == "deadline":
            out["conditions"] = [condition("Progressing", "False", "ProgressDeadlineExceeded")]
    if kind == "StatefulSet":
        out["currentRevision"] = out["updateRevision"] = "1"
        out["currentReplicas"] = n
    if kind == "DaemonSet":
        out = {"observedGeneration": 1, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1}
        out["numberAvailable"] = 1 if ready else 0
    return out


def shown(obj):
    obj = json.loads(json.dumps(obj))
    status = status_of(obj)
    if status is not None:
        obj["status"] = status
    obj["metadata"].pop("x", None)
    return obj


def pods():
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web-5d4-x1", "namespace": "default", "labels": {"app": "web"}},
            "status": {
                "phase": "Pending",
                "containerStatuses": [{"name": "web", "state": {"waiting": waiting}}],
            },
        }
    ]


def events():
    out = []
    for i, name in enumerate(["web-5d4-x1", "other-1"]):
        out.append(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {
                    "name": f"e{i}",
                    "namespace": "default",
                    "creationTimestamp": f"2026-01-01T00:00:0{i}Z",
                },
                "type": "Warning",
                "reason": "Failed",
                "message": f"Failed to pull the image of {name}",
                "involvedObject": {"kind": "Pod", "name": name, "namespace": "default"},
            }
        )
    return out


def listing(path):
    plural = path.rsplit("/", 1)[1]
    if plural in ("pods", "events"):
        found = [] if mode() in ("ready", "slow") else pods() if plural == "pods" else events()
    else:
        found = [shown(o) for p, o in sorted(objects.items()) if p.rsplit("/", 1)[0] == path]
    kind = next(k for r in RESOURCES.values() for n, k, _ in r if n == plural)
    gv = path.split("/namespaces")[0].split("/", 2)[2]
    return {
        "kind": kind + "List",
        "apiVersion": gv if "/" in gv else "v1",
        "metadata": {"resourceVersion": str(version)},
        "items": found,
    }


def is_list(path):
    return path.rsplit("/", 1)[1] in [n for r in RESOURCES.values() for n, _, _ in r]


def failure(code, reason, message):
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}


def merge(old, new):
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(old[key], value)
        elif value is None:
            old.pop(key, None)
        else:
            old[key] = value
    return old


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, code, body, kind="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def record(self, path, query, body):
        line = {"method": self.command, "path": path, "query": query, "body": body,
                "type": self.headers.get("Content-Type", "")}
        with lock, open(os.path.join(directory, "requests"), "a", encoding="utf-8") as f:
            f.write(json.dumps(line) + "\n")

    def handle_request(self):
        url = urllib.parse.urlsplit(self.path)
        query = {k: v[-1] for k, v in urllib.parse.parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.record(url.path, query, json.loads(body) if body[:1] == b"{" else body.decode())
        token = read("token")
        if mode() == "broken":
            return self.answer(503, failure(503, "ServiceUnavailable", "the server is not well"))
        if token and self.headers.get("Authorization") != "Bearer " + token:
            return self.answer(401, failure(401, "Unauthorized", "Unauthorized"))
        if self.command == "GET":
            return self.get(url.path, query)
        if mode() == "forbidden":
            return self.answer(403, failure(403, "Forbidden", "changing this is not allowed"))
        return self.change(url.path, query, json.loads(body))

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = handle_request

    def get(self, path, query):
        found = discovery(path)
        if found:
            return self.answer(200, found)
        if path == "/openapi/v2":
            kind = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
            return self.answer(200, openapi_v2(), kind)
        if not path.startswith(("/api/v1/", "/apis/")) or path.count("/") < 3:
            return self.answer(404, failure(404, "NotFound", "there is no " + path))
        if query.get("watch") in ("1", "true"):
            return self.watch(path)
        with lock:
            if is_list(path):
                return self.answer(200, listing(path))
            if path in objects:
                return self.answer(200, shown(objects[path]))
            if path.startswith("/api/v1/namespaces/") and path.count("/") == 4:
                name = path.rsplit("/", 1)[1]
                return self.answer(200, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        kind, name = path.rsplit("/", 2)[1:]
        return self.answer(404, failure(404, "NotFound", f'{kind} "{name}" not found'))

    def watch(self, path):
        """What changes, for as long as the client listens."""
        last = None
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(120):
            time.sleep(0.5)
            with lock:
                items = listing(path)["items"]
            if items == last:
                continue
            last = items
            for item in items:
                data = json.dumps({"type": "MODIFIED", "object": item}).encode() + b"\n"
                try:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                    self.wfile.flush()
                except OSError:
                    self.close_connection = True
                    return
        self.wfile.write(b"0\r\n\r\n")

    def change(self, path, query, body):
        global version
        with lock:
            target = path + "/" + body["metadata"]["name"] if self.command == "POST" else path
            is_new = target not in objects
            old = {} if is_new else json.loads(json.dumps(objects[target]))
            obj = merge(old, body)
            obj["metadata"].setdefault("uid", "u-" + target)
            obj["metadata"]["generation"] = 1
            if "/namespaces/" in target:
                obj["metadata"].setdefault("namespace", target.split("/namespaces/")[1].split("/")[0])
            if query.get("dryRun") != "All":
                version += 1
                obj["metadata"]["resourceVersion"] = str(version)
                obj["metadata"]["x"] = time.time()
                objects[target] = obj
            self.answer(201 if is_new else 200, shown(obj))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem"))
server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
port = os.path.join(directory, "port")
with open(port + ".new", "w", encoding="utf-8") as out:
    out.write(str(server.server_address[1]))
os.rename(port + ".new", port)
server.serve_forever()
