#!/usr/bin/env python3
"""The registry client against faultreg: each case ends with the right bytes or the stated error."""
import base64
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import faultreg  # pylint: disable=wrong-import-position

REGCLIENT = os.environ["REGCLIENT"]
SIZE = 3 * 1024 * 1024 + 17
AUTH, INFRA = 3, 4  # exit statuses


class Case:
    """One server, one blob, and as many calls of the client as the case needs."""

    def __init__(self, rules=(), login=True, size=SIZE, **options):
        self.server = faultreg.start(rules, **options)
        self.state = self.server.state
        self.dir = tempfile.TemporaryDirectory()
        self.blob = random.Random(7).randbytes(size)
        self.file = self.path("blob")
        self.write(self.file, self.blob)
        self.digest = faultreg.digest_of(self.blob)
        self.env = {"PATH": os.environ["PATH"], "HOME": self.dir.name}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        if login:
            pair = f"{faultreg.USER}:{faultreg.PASSWORD}".encode()
            auth = base64.b64encode(pair).decode()
            host = f"127.0.0.1:{self.server.port}"
            self.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": {host: {"auth": auth}}})

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()
        self.dir.cleanup()

    def path(self, name):
        return os.path.join(self.dir.name, name)

    @staticmethod
    def write(path, data):
        with open(path, "wb") as file:
            file.write(data)

    def ref(self, repo="team/app"):
        return f"127.0.0.1:{self.server.port}/{repo}:1"

    def run(self, *args, options=()):
        command = [REGCLIENT, "--pause", "20", *options, *args]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60)
        self.status, self.out, self.err = done.returncode, done.stdout.strip(), done.stderr
        return self.status

    def push(self, *mounts, repo="team/app", options=()):
        return self.run("push", self.ref(repo), self.file, *mounts, options=options)

    def pull(self, repo="team/app", options=()):
        return self.run("pull", self.ref(repo), self.path("out"), options=options)

    def fill(self, repo="team/app"):
        """What a push would have left there."""
        config = b"{}"
        layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip"}
        layer.update(digest=self.digest, size=len(self.blob))
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": faultreg.digest_of(config),
                "size": len(config),
            },
            "layers": [layer],
        }
        self.state.blobs[repo, faultreg.digest_of(config)] = config
        self.state.blobs[repo, self.digest] = self.blob
        text = json.dumps(manifest).encode()
        self.state.manifests[repo, "1"] = (manifest["mediaType"], text)

    def pulled(self):
        with open(self.path("out"), "rb") as file:
            return file.read() == self.blob

    def stored(self, repo="team/app"):
        return (
            self.state.blobs.get((repo, self.digest)) == self.blob
            and (repo, "1") in self.state.manifests
        )

    def requests(self, method, part=""):
        return [r for r in self.state.log if r["method"] == method and part in r["path"]]


class Tap:
    run = failed = 0

    @classmethod
    def ok(cls, good, name, case=None):
        cls.run += 1
        print("ok" if good else "not ok", cls.run, "-", name, flush=True)
        if good:
            return
        cls.failed += 1
        if case:
            for line in (case.out + "\n" + case.err).splitlines():
                print("#", line)
            for r in case.state.log[-30:]:
                print("#", r["method"], r["path"], r["status"], r["headers"].get("range", ""))


ok = Tap.ok


def transient_statuses():
    """R-01: one bad answer, then four in a row, of each kind, on each request of a push."""
    for status in (500, 502, 503, 504, 408, 429, 499, 522):
        rules = [
            {"method": m, "path": p, "status": status}
            for m, p in (("HEAD", ""), ("POST", ""), ("PUT", "uploads"), ("PUT", "manifests"))
        ]
        with Case(rules) as c:
            c.push()
            ok(c.status == 0 and c.stored(), f"push: one {status} on each request", c)
    for method, path in (("HEAD", ""), ("POST", ""), ("PUT", "uploads"), ("GET", "/token")):
        rule = {"method": method, "path": path, "nth": [1, 2, 3, 4], "status": 503}
        with Case([rule], auth="token") as c:
            c.push()
            ok(c.status == 0 and c.stored(), f"push: four times 503 on {method} {path}", c)
    with Case([{"path": "blobs", "method": "GET", "nth": [1, 2, 3, 4], "status": 502}]) as c:
        c.fill()
        c.pull()
        ok(c.status == 0 and c.pulled(), "pull: four times 502 on a blob", c)
    with Case([{"path": "manifests", "nth": "all", "status": 500}]) as c:
        c.pull()
        ok(c.status == INFRA and len(c.state.log) == 5, "always 500: five attempts, exit 4", c)
    with Case([{"path": "manifests", "nth": "all", "status": 400}]) as c:
        c.pull()
        tries = {r["port"] for r in c.state.log}
        ok(c.status == INFRA and len(c.state.log) <= 2 and tries, "400 is not retried", c)


def retry_after():
    """R-02."""
    for value, least, most in (("1", 1.0, 2.0), ("soon", 0.0, 0.5)):
        rule = {"path": "manifests", "status": 429, "headers": {"Retry-After": value}}
        with Case([rule]) as c:
            c.fill()
            c.pull()
            times = [r["time"] for r in c.state.log[:2]]
            waited = times[1] - times[0]
            ok(c.status == 0 and least <= waited <= most, f"Retry-After: {value}", c)
    now = time.time()
    dates = [time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now + d)) for d in (86400, 86402)]
    headers = {"Date": dates[0], "Retry-After": dates[1]}
    with Case([{"path": "manifests", "status": 503, "headers": {}, "set": headers}]) as c:
        c.fill()
        c.pull()
        waited = c.state.log[1]["time"] - c.state.log[0]["time"]
        ok(c.status == 0 and 1.9 <= waited <= 3.5, "Retry-After as a date of another clock", c)
    rule = {"path": "manifests", "nth": "all", "status": 429, "headers": {"Retry-After": "99999"}}
    with Case([rule]) as c:
        started = time.monotonic()
        c.pull()
        fast = time.monotonic() - started < 5
        ok(c.status == INFRA and fast and "rate limit" in c.err, "a day is not waited for", c)


def broken_bodies():
    """R-03, R-04, R-05."""
    for n in (0, 1, 4095, 1024 * 1024, SIZE - 1):
        for how in ("send_reset", "truncate"):
            with Case([{"method": "GET", "path": "blobs", how: n}]) as c:
                c.fill()
                c.pull()
                ranges = [r["headers"].get("range") for r in c.requests("GET", "blobs")]
                good = c.status == 0 and c.pulled() and len(ranges) == 2
                if how == "truncate" and n > 0:
                    good = good and ranges[1] == f"bytes={n}-"
                ok(good, f"pull: {how} after {n} bytes, resumed", c)
        with Case([{"method": "PUT", "path": "uploads", "read_reset": n}]) as c:
            c.push()
            ok(c.status == 0 and c.stored(), f"push: reset after {n} bytes", c)
    cut = {"method": "GET", "path": "blobs", "truncate": 5000}
    second = {"method": "GET", "path": "blobs", "nth": [2]}
    for name, fault in (
        ("a Range is ignored", {"ignore_range": True}),
        ("another Content-Range", {"set": {"Content-Range": f"bytes 1-{SIZE - 1}/{SIZE}"}}),
        ("416", {"status": 416}),
    ):
        with Case([cut, dict(second, **fault)]) as c:
            c.fill()
            c.pull()
            ok(c.status == 0 and c.pulled(), f"pull: {name}", c)
    with Case([{"method": "GET", "path": "blobs", "nth": "all", "corrupt": True}]) as c:
        c.fill()
        c.pull()
        ok(c.status == INFRA and c.digest in c.err, "a flipped bit in a blob is named", c)
    with Case([{"path": "blobs", "set": {"Content-Length": str(SIZE + 1)}}]) as c:
        c.fill()
        c.pull()
        ok(c.status == INFRA and "expected" in c.err, "a blob of another size is refused", c)


def authorisation():
    """R-07, R-08 and who gets to see a login."""
    for auth in ("basic", "token"):
        with Case(auth=auth) as c:
            c.push()
            ok(c.status == 0 and c.stored(), f"push with {auth}", c)
            c.pull()
            ok(c.status == 0 and c.pulled(), f"pull with {auth}", c)
        with Case(auth=auth, login=False) as c:
            c.push()
            good = c.status == AUTH and "no credentials" in c.err and "docker login" in c.err
            ok(good, f"{auth} without a login: exit 3 with the places that were looked at", c)
    with Case(auth="token") as c:
        c.push()
        ok(len(c.requests("GET", "/token")) == 1, "one token serves a whole push", c)
        secret = faultreg.PASSWORD
        shown = [r for r in c.state.log if secret in str(r) or secret in c.err + c.out]
        ok(not shown, "the password shows nowhere", c)
    for name, rule in (
        ("PUT of a blob", {"method": "PUT", "path": "uploads"}),
        ("PUT of the manifest", {"method": "PUT", "path": "manifests"}),
        ("POST", {"method": "POST"}),
    ):
        with Case([dict(rule, revoke=True)], auth="token") as c:
            c.push()
            tokens = len(c.requests("GET", "/token"))
            ok(c.status == 0 and c.stored() and tokens == 2, f"token refused at {name}", c)
    with Case(auth="token") as c:
        config = json.loads(c.env["DOCKER_AUTH_CONFIG"])
        for entry in config["auths"].values():
            entry.clear()
            entry["identitytoken"] = faultreg.PASSWORD
        c.env["DOCKER_AUTH_CONFIG"] = json.dumps(config)
        c.push()
        ok(c.status == 0 and len(c.requests("POST", "/token")) == 1, "an identity token", c)
    realm = 'Bearer realm="http://169.254.169.254/token",service="x"'
    with Case([{"nth": "all", "status": 401, "headers": {"WWW-Authenticate": realm}}]) as c:
        c.pull()
        ok(c.status != 0 and "169.254.169.254" in c.err, "a link-local realm is refused", c)
    with Case([{"path": "manifests", "nth": "all", "status": 403}], auth="none") as c:
        c.pull()
        ok(c.status == AUTH and "403 Forbidden" in c.err, "403 is exit 3", c)


def places():
    """R-12: where answers lead, and that logins do not go along."""
    with Case(auth="token") as c, Case() as other:
        upload = f"http://127.0.0.1:{other.server.port}/foreign?repo=team/app&sig=a%2Bb"
        rule = {"method": "POST", "path": "uploads", "nth": "all", "set": {"Location": upload}}
        c.state.rules.append(dict(rule, seen=0))
        c.run("race", c.ref(), c.file)
        puts = other.requests("PUT")
        good = len(puts) == 1 and "authorization" not in puts[0]["headers"]
        ok(c.status == 0 and good and "sig=a%2Bb&digest=" in puts[0]["path"], "a foreign upload", c)
    for status in (301, 302, 307, 308):
        with Case(auth="token") as c, Case() as other:
            c.fill()
            other.fill()
            where = f"http://127.0.0.1:{other.server.port}/v2/team/app/blobs/{c.digest}"
            after = {"status": status, "headers": {"Location": where}}
            c.state.rules.append({"method": "GET", "path": "blobs", "after": after, "seen": 0})
            c.pull()
            gets = other.requests("GET")
            good = c.status == 0 and c.pulled() and len(gets) == 1
            ok(good and "authorization" not in gets[0]["headers"], f"a blob behind a {status}", c)
    loop = {"path": "blobs", "nth": "all", "status": 307, "headers": {"Location": "?x"}}
    with Case([loop]) as c:
        c.fill()
        c.pull()
        ok(c.status == INFRA and len(c.requests("GET", "blobs")) == 11, "a redirect loop ends", c)
    for name, location, good in (
        ("absolute", "http://127.0.0.1:{port}/foreign?repo=team/app", True),
        ("relative to the path", "../../../../../foreign?repo=team/app", True),
        ("empty", "", False),
        ("of another scheme", "file:///etc/passwd", False),
        ("link-local", "http://169.254.169.254/x", False),
    ):
        with Case() as c:
            where = location.format(port=c.server.port)
            c.state.rules.append(
                {"method": "POST", "nth": "all", "seen": 0, "set": {"Location": where}}
            )
            c.push()
            ok((c.status == 0 and c.stored()) == good, f"Location {name}", c)
    with Case([{"method": "POST", "drop": ["Location"]}]) as c:
        c.push()
        ok(c.status == INFRA and "Location" in c.err, "202 without a Location", c)


def mounts():
    """R-11."""
    with Case(auth="token") as c:
        c.fill("team/base")
        c.push("team/base")
        ok(c.out.startswith("mounted") and c.stored(), "a mount with one token for both", c)
    for name, fault in (
        ("202", {"status": 202, "headers": {"Location": "/foreign?repo=team/app"}}),
        ("400", {"status": 400}),
        ("401", {"status": 401}),
        ("403", {"status": 403}),
        ("404", {"status": 404}),
        ("a reset", {"read_reset": 0}),
    ):
        with Case([dict(fault, method="POST", path="mount=", nth="all")]) as c:
            c.push("team/base")
            ok(c.out.startswith("uploaded") and c.stored(), f"mount refused by {name}", c)
            if name == "202":
                ok(len(c.requests("POST")) == 2, "its session is used, not another one", c)


def uploads():
    """R-09, R-13, R-15, R-16."""
    for status in (400, 405, 501):
        with Case([{"method": "HEAD", "nth": "all", "status": status}]) as c:
            c.push()
            ok(c.status == 0 and c.stored(), f"HEAD answered {status}", c)
    for status in (200, 202, 204):
        with Case([{"method": "PUT", "path": "uploads", "after": {"status": status}}]) as c:
            c.push()
            ok(c.status == 0 and c.stored(), f"PUT answered {status}", c)
    with Case([{"method": "PUT", "path": "uploads", "after": {"status": 500}}]) as c:
        c.push()
        puts = [r for r in c.requests("PUT", "uploads") if r["length"] == SIZE]
        ok(c.status == 0 and c.stored() and len(puts) == 1, "stored although 500 was said", c)
    wrong = {"Docker-Content-Digest": "sha256:" + "0" * 64}
    with Case([{"method": "PUT", "path": "uploads", "set": wrong}]) as c:
        c.push()
        ok(c.status == INFRA and "stored" in c.err, "another digest was stored", c)
    for status in (404, 416):
        with Case([{"method": "PUT", "path": "uploads", "status": status}]) as c:
            c.push()
            ok(c.status == 0 and c.stored(), f"session lost with {status}: another one", c)
    with Case([{"method": "PUT", "path": "manifests", "forget": "sha256:"}]) as c:
        c.push()
        ok(c.status == 0 and c.stored(), "blobs vanish before the manifest", c)
    with Case() as c:
        c.run("race", c.ref(), c.file)
        ok(c.status == 0 and len(c.requests("PUT")) == 1, "four workers, one upload", c)
    with Case(size=0) as c:
        c.push()
        ok(c.status == 0 and c.stored(), "an empty blob is pushed", c)
        c.pull()
        ok(c.status == 0 and c.pulled(), "an empty blob is pulled", c)


def mirrors():
    with Case() as c, Case() as mirror:
        c.fill()
        mirror.fill("hub/team/app")
        host = f"127.0.0.1:{c.server.port}"
        maps = [f"--registry-map={host}=http://127.0.0.1:{mirror.server.port}/hub"]
        c.pull(options=maps)
        good = c.status == 0 and c.pulled() and not c.state.log
        ok(good and str(mirror.server.port) in c.out, "a pull through a map", c)
        mirror.state.rules.append({"nth": "all", "seen": 0, "status": 404})
        c.pull(options=maps)
        ok(c.status == 0 and c.pulled() and c.state.log, "a miss falls back to the registry", c)
        c.pull(options=maps + ["--skip-default-registry-fallback"])
        ok(c.status == INFRA, "unless the fallback is switched off", c)
        c.push(options=maps, repo="other/app")
        ok(c.status == 0 and c.stored("other/app"), "a push does not go through it", c)


def stalls():
    """R-06: accepted, then silence."""
    with Case([{"path": "manifests", "delay": 3}]) as c:
        c.fill()
        c.pull(options=["--stall=1"])
        ok(c.status == 0 and c.pulled() and "stalled" in c.err, "a silent registry is left", c)


def cancelled():
    with Case([{"path": "manifests", "delay": 20}]) as c:
        c.fill()
        command = [REGCLIENT, "pull", c.ref(), c.path("out")]
        with subprocess.Popen(command, env=c.env, stderr=subprocess.PIPE, text=True) as client:
            while not c.state.log and client.poll() is None:
                time.sleep(0.01)
            started = time.monotonic()
            client.send_signal(signal.SIGTERM)
            c.out, c.err = "", client.communicate(timeout=30)[1]
        took = time.monotonic() - started
        ok(client.returncode == 143 and took < 5, "a signal ends a waiting request", c)


def main():
    for group in (
        transient_statuses,
        retry_after,
        broken_bodies,
        authorisation,
        places,
        mounts,
        uploads,
        mirrors,
        stalls,
        cancelled,
    ):
        group()
    print(f"1..{Tap.run}")
    return 1 if Tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
