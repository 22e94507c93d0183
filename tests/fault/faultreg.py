#!/usr/bin/env python3
"""A container registry that misbehaves on request.

It keeps blobs and manifests in memory and speaks the distribution API correctly, save where a rule
says otherwise. A rule is a dict:

    method   "PUT", or a regular expression of methods; default: any
    path     a regular expression searched in path and query; default: any
    nth      which matching requests it applies to: [1, 2], or "all"; default: [1]

and what to do with such a request:

    delay         seconds to wait before anything else
    read_reset    reset the connection after this many bytes of the request's body
    status, headers, body    answer with this instead of doing anything
    after         the same, but do the request's work first
    set           headers to add to, or to replace in, the ordinary answer
    drop          names of headers to leave out
    corrupt       flip a bit in the middle of the answer's body
    send_reset    reset the connection after this many bytes of the answer's body
    truncate      end the connection orderly after this many bytes of it
    ignore_range  answer 200 to a Range
    revoke        forget every token first, so that this request's is refused
    forget        a blob's digest prefix to lose first

Every request is recorded: method, path, headers, body length, status. Used as a module by tests;
as a program it serves until stopped and prints its port:

    faultreg.py [--scenario FILE.json] [--auth none|basic|token]
"""
import argparse
import base64
import hashlib
import json
import re
import secrets
import socket
import struct
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USER, PASSWORD = "bob", "s3cret-of-bob"
ERRORS = {400: "BLOB_UPLOAD_INVALID", 401: "UNAUTHORIZED", 403: "DENIED", 404: "BLOB_UNKNOWN"}


class Reset(Exception):
    """The connection is gone; nothing may be sent any more."""


class State:
    def __init__(self, rules=(), auth="none", token_life=300):
        self.rules = [dict(rule, seen=0) for rule in rules]
        self.auth = auth
        self.token_life = token_life
        self.lock = threading.Lock()
        self.blobs = {}  # (repository, digest) -> bytes
        self.manifests = {}  # (repository, tag or digest) -> (type, bytes)
        self.uploads = {}  # id -> repository
        self.tokens = {}  # token -> set of scopes
        self.log = []

    def rule_for(self, method, path):
        """The first rule whose turn it is; all that match count the request."""
        chosen = {}
        with self.lock:
            for rule in self.rules:
                if not re.fullmatch(rule.get("method", ".*"), method):
                    continue
                if not re.search(rule.get("path", ""), path):
                    continue
                rule["seen"] += 1
                nth = rule.get("nth", [1])
                if not chosen and (nth == "all" or rule["seen"] in nth):
                    chosen = rule
        return chosen


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Answer:
    def __init__(self, status, headers=None, body=b""):
        self.status, self.headers = status, dict(headers or {})
        self.body = body.encode() if isinstance(body, str) else body


def error(status, code=None, message=""):
    entry = {"code": code or ERRORS.get(status, "UNKNOWN"), "message": message or "refused"}
    body = json.dumps({"errors": [entry]})
    return Answer(status, {"Content-Type": "application/json"}, body)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    @property
    def state(self):
        return self.server.state

    # --- one request ------------------------------------------------------------------------------
    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (Reset, ConnectionError):
            self.close_connection = True

    def serve(self):
        state = self.state
        rule = state.rule_for(self.command, self.path)
        record = {
            "method": self.command,
            "path": self.path,
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "time": time.monotonic(),
            "port": self.server.server_address[1],
            "status": 0,
        }
        with state.lock:
            state.log.append(record)
        time.sleep(rule.get("delay", 0))
        body = self.read_body(rule, record)
        if rule.get("revoke"):
            state.tokens.clear()
        if "forget" in rule:
            for key in [k for k in state.blobs if k[1].startswith(rule["forget"])]:
                del state.blobs[key]
        if "status" in rule:
            answer = Answer(rule["status"], rule.get("headers"), rule.get("body", ""))
        else:
            answer = self.work(body, rule)
        if "after" in rule:
            after = rule["after"]
            answer = Answer(after["status"], after.get("headers"), after.get("body", ""))
        record["status"] = answer.status
        self.send(answer, rule)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def read_body(self, rule, record):
        length = int(self.headers.get("Content-Length") or 0)
        stop = rule.get("read_reset")
        if stop is not None:
            self.rfile.read(min(stop, length))
            self.reset()
        body = self.rfile.read(length)
        record["length"] = len(body)
        return body

    def reset(self):
        """RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        raise Reset

    def send(self, answer, rule):
        headers = {"Content-Length": str(len(answer.body)), **answer.headers, **rule.get("set", {})}
        for name in rule.get("drop", ()):
            headers.pop(name, None)
        body = answer.body
        if rule.get("corrupt") and body:
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        self.send_response_only(answer.status)
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name, one)
        self.end_headers()
        if self.command == "HEAD":
            return
        stop = rule.get("send_reset", rule.get("truncate"))
        self.wfile.write(body if stop is None else body[:stop])
        self.wfile.flush()
        if "send_reset" in rule:
            time.sleep(0.05)  # what was sent is to arrive before the reset
            self.reset()
        if stop is not None:
            self.close_connection = True

    # --- authorisation ----------------------------------------------------------------------------
    def base(self):
        return f"http://{self.headers.get('Host')}"

    def basic_ok(self):
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return self.headers.get("Authorization") == "Basic " + expected

    def token_answer(self, query, body):
        scopes = query.get("scope", [])
        if self.command == "POST":
            form = urllib.parse.parse_qs(body.decode())
            scopes = form.get("scope", [""])[0].split()
            if form.get("refresh_token") != [PASSWORD]:
                return error(401)
        elif not self.basic_ok():
            return error(401, message="wrong user or password")
        token = secrets.token_urlsafe(24)
        self.state.tokens[token] = set(scopes)
        return Answer(200, {}, json.dumps({"token": token, "expires_in": self.state.token_life}))

    def refusal(self, repo):
        """None when the request may go on."""
        if self.state.auth == "none":
            return None
        if self.state.auth == "basic":
            answer = error(401)
            answer.headers["WWW-Authenticate"] = 'Basic realm="faultreg"'
            return None if self.basic_ok() else answer
        actions = "pull" if self.command in ("GET", "HEAD") else "pull,push"
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        for scope in self.state.tokens.get(token, ()):
            kind, name, granted = scope.rsplit(":", 2)
            if kind == "repository" and name == repo and set(actions.split(",")) <= set(
                granted.split(",")
            ):
                return None
        answer = error(401)
        answer.headers["WWW-Authenticate"] = (
            f'Bearer realm="{self.base()}/token",service="faultreg",'
            f'scope="repository:{repo}:{actions}"'
        )
        return answer

    # --- the API ----------------------------------------------------------------------------------
    def work(self, body, rule):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path == "/token":
            return self.token_answer(query, body)
        if url.path == "/foreign":  # an upload on "another host"
            return self.finish_upload(query["repo"][0], query, body)
        match = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/(.*)", url.path)
        if not match:
            return error(404, "NAME_UNKNOWN")
        repo, kind, rest = match.groups()
        if kind == "blobs" and rest.startswith("uploads/"):
            rest = rest.removeprefix("uploads/")
        elif repo.endswith("/blobs"):  # /v2/<repo>/blobs/uploads/<id>: regexp is greedy
            repo = repo.removesuffix("/blobs")
        refused = self.refusal(repo)
        if refused:
            return refused
        with self.state.lock:
            if kind == "manifests":
                return self.manifest(repo, rest, body)
            if "/uploads/" in url.path:
                return self.upload(repo, rest, query, body)
            return self.blob(repo, rest, rule)

    def manifest(self, repo, ref, body):
        table = self.state.manifests
        if self.command == "PUT":
            doc = json.loads(body)
            for d in [doc.get("config")] + doc.get("layers", []):
                if d and (repo, d["digest"]) not in self.state.blobs:
                    return error(404, "MANIFEST_BLOB_UNKNOWN", d["digest"])
            entry = (self.headers.get("Content-Type"), body)
            table[repo, ref] = table[repo, digest_of(body)] = entry
            return Answer(201, {"Docker-Content-Digest": digest_of(body)})
        if (repo, ref) not in table:
            return error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        media_type, data = table[repo, ref]
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest_of(data)}
        return Answer(200, headers, data)

    def blob(self, repo, digest, rule):
        data = self.state.blobs.get((repo, digest))
        if data is None:
            return error(404)
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not asked or rule.get("ignore_range"):
            return Answer(200, {}, data)
        start = int(asked[1])
        if start >= len(data):
            return error(416, "RANGE_INVALID")
        headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        return Answer(206, headers, data[start:])

    def upload(self, repo, upload_id, query, body):
        state = self.state
        if self.command == "POST":
            mounted = (query.get("from", [""])[0], query.get("mount", [""])[0])
            if mounted in state.blobs:
                state.blobs[repo, mounted[1]] = state.blobs[mounted]
                return Answer(201, {"Docker-Content-Digest": mounted[1]})
            upload_id = secrets.token_hex(8)
            state.uploads[upload_id] = repo
            return Answer(202, {"Location": f"/v2/{repo}/blobs/uploads/{upload_id}?state=a%3Db"})
        if state.uploads.get(upload_id) != repo:
            return error(404, "BLOB_UPLOAD_UNKNOWN")
        if self.command == "DELETE":
            del state.uploads[upload_id]
            return Answer(204)
        if query.get("state") != ["a=b"]:
            return error(400, "BLOB_UPLOAD_INVALID", "the state is lost")
        answer = self.finish_upload(repo, query, body)
        if answer.status == 201:
            del state.uploads[upload_id]
        return answer

    def finish_upload(self, repo, query, body):
        digest = query["digest"][0]
        if digest_of(body) != digest:
            return error(400, "DIGEST_INVALID")
        self.state.blobs[repo, digest] = body
        return Answer(201, {"Docker-Content-Digest": digest})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, state):
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = state
        self.port = self.server_address[1]

    def handle_error(self, request, client_address):
        pass  # connections that end in the middle are what this is for


def start(rules=(), **options):
    """A running server; stop it with shutdown() and server_close()."""
    server = Server(State(rules, **options))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", help="a JSON file with a list of rules")
    parser.add_argument("--auth", choices=("none", "basic", "token"), default="none")
    args = parser.parse_args()
    rules = []
    if args.scenario:
        with open(args.scenario, encoding="utf-8") as file:
            rules = json.load(file)
    server = Server(State(rules, auth=args.auth))
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
