#!/usr/bin/env python3
"""Everything that a build context can come from, on loopback, for tests.

  context_server.py --files DIR --git DIR --cert CERT.pem --key KEY.pem --log FILE

Prints "listening on 127.0.0.1:PORT" (plain HTTP, also a CONNECT proxy that leads every host to the
TLS port) and "tls on 127.0.0.1:PORT". By the request's host it is S3, Google's or Azure's storage or
a token server, else a web server, git's http-backend and the metadata services of clouds. It verifies
signatures by itself, with Python's hmac and the openssl program. The log has one line per request:
scheme, host, method, path, status and, where a signature or password was wrong, why.
"""
import argparse
import base64
import hashlib
import hmac
import http.server
import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

AWS_KEYS = {  # access key: secret, session token
    "AKIDENV": ("env/secret+key", None),
    "AKIDPROFILE": ("profile-secret", None),
    "ASIASTS": ("sts-secret", "sts-session-token=="),
    "ASIAECS": ("ecs-secret", "ecs-session-token=="),
    "ASIAIMDS": ("imds-secret", "imds-session-token=="),
}
AZURE_KEY = base64.b64encode(b"a key of the azure account").decode()
GIT_USERS = {"x-access-token": "git-token-1234", "builder": "git-password-1234",
             "gitlab-ci-token": "job-token-1234"}
GOOGLE_TOKENS = {"google-account-token", "google-user-token", "google-machine-token"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def aws_verify(request):
    """None, or what is wrong with the request's Signature Version 4."""
    words = request.headers.get("Authorization", "").split(None, 1)
    if len(words) != 2 or words[0] != "AWS4-HMAC-SHA256":
        return "not signed"
    parts = dict(part.strip().split("=", 1) for part in words[1].split(","))
    key_id, day, region, service, _ = parts["Credential"].split("/")
    if key_id not in AWS_KEYS:
        return "unknown access key"
    secret, token = AWS_KEYS[key_id]
    names = parts["SignedHeaders"].split(";")
    for name in request.headers.keys():
        if name.lower().startswith("x-amz-") and name.lower() not in names:
            return f"{name} is not signed"
    if "host" not in names or "x-amz-content-sha256" not in names:
        return "the signature covers too little"
    if token and request.headers.get("x-amz-security-token") != token:
        return "no session token"
    path, _, query = request.path.partition("?")
    canonical = "\n".join(
        [request.command, path, query]
        + [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in names]
        + ["", ";".join(names), request.headers["x-amz-content-sha256"]]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(
        ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, sha256(canonical.encode())]
    )
    signing = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        signing = mac(signing, part)
    if (region, service) != ("eu-test-1", "s3"):
        return f"scope {region} {service}"
    if not hmac.compare_digest(mac(signing, text).hex(), parts["Signature"]):
        return "wrong signature"
    return None


def azure_verify(request, host):
    account = host.split(".")[0]
    path, _, query = request.path.partition("?")
    if query:
        return None if "sig=good%2Bsignature" in query else "wrong SAS"
    headers = sorted(
        (name.lower(), value.strip())
        for name, value in request.headers.items()
        if name.lower().startswith("x-ms-")
    )
    standard = ["Content-Encoding", "Content-Language", "Content-Length", "Content-MD5",
                "Content-Type", "Date", "If-Modified-Since", "If-Match", "If-None-Match",
                "If-Unmodified-Since", "Range"]
    text = "\n".join(
        [request.command]
        + [request.headers.get(name, "") for name in standard]
        + [f"{name}:{value}" for name, value in headers]
        + [f"/{account}{path}"]
    )
    want = base64.b64encode(mac(base64.b64decode(AZURE_KEY), text)).decode()
    got = request.headers.get("Authorization", "")
    return None if got == f"SharedKey {account}:{want}" else "wrong signature"


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwt_verify(assertion):
    """The claims of an assertion that our key has signed."""
    head, claims, signature = assertion.split(".")
    assert json.loads(decode(head))["alg"] == "RS256"
    with tempfile.NamedTemporaryFile() as public, tempfile.NamedTemporaryFile() as file:
        file.write(decode(signature))
        file.flush()
        subprocess.run(["openssl", "pkey", "-in", options.key, "-pubout", "-out", public.name],
                       check=True)
        subprocess.run(["openssl", "dgst", "-sha256", "-verify", public.name, "-signature",
                        file.name], input=f"{head}.{claims}".encode(), check=True,
                       stdout=subprocess.DEVNULL)
    return json.loads(decode(claims))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    failures = 0  # of /flaky

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def answer(self, status, body=b"", headers=(), why=""):
        with open(options.log, "a", encoding="utf-8") as log:
            log.write(f"{self.server.scheme} {self.headers.get('Host')} {self.command} "
                      f"{self.path} {status} {why}\n")
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def give(self, name):
        path = os.path.join(options.files, os.path.basename(urllib.parse.unquote(name)))
        if not os.path.exists(path):
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        with open(path, "rb") as file:
            self.answer(200, file.read())

    def give_if(self, why, name):
        if why:
            self.answer(403, b"<Error><Code>AccessDenied</Code></Error>", why=why)
        else:
            self.give(name)

    def form(self):
        size = int(self.headers.get("Content-Length") or 0)
        return dict(urllib.parse.parse_qsl(self.rfile.read(size).decode()))

    # --- clouds ---

    def google(self, url):
        token = self.headers.get("Authorization", "")[len("Bearer "):]
        parts = url.path.split("/")  # /storage/v1/b/BUCKET/o/OBJECT
        if parts[:4] != ["", "storage", "v1", "b"] or url.query != "alt=media":
            self.answer(400)
        elif token not in GOOGLE_TOKENS and parts[4] != "public":
            self.answer(401, why="no token")
        else:
            self.give(urllib.parse.unquote(parts[6]))

    def google_token(self):
        form = self.form()
        if form.get("grant_type") == "refresh_token":
            good = form["refresh_token"] == "refresh-1234" and form["client_secret"] == "client-5678"
            token = "google-user-token"
        else:
            claims = jwt_verify(form["assertion"])
            good = claims["iss"] == "builder@example" and claims["exp"] - claims["iat"] == 3600
            token = "google-account-token"
        if good:
            self.answer(200, json.dumps({"access_token": token, "expires_in": 3600}).encode())
        else:
            self.answer(400, b'{"error":"invalid_grant"}')

    def sts(self):
        form = self.form()
        if form.get("WebIdentityToken") != "identity.jwt.token" or "RoleArn" not in form:
            self.answer(403, b"<Error><Code>InvalidIdentityToken</Code></Error>")
            return
        secret, token = AWS_KEYS["ASIASTS"]
        self.answer(200, f"<R><Credentials><AccessKeyId>ASIASTS</AccessKeyId><SecretAccessKey>"
                    f"{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>"
                    "</Credentials></R>".encode())

    def aws_json(self, key_id):
        secret, token = AWS_KEYS[key_id]
        self.answer(200, json.dumps({"AccessKeyId": key_id, "SecretAccessKey": secret,
                                     "Token": token}).encode())

    def metadata(self, url):
        """True when it was a question to a metadata service."""
        listing = "/latest/meta-data/iam/security-credentials/"
        token = self.headers.get("X-aws-ec2-metadata-token")
        if url.path == "/latest/api/token" and self.command == "PUT":
            self.answer(200, b"imds-access-token")
        elif url.path.startswith(listing) and token != "imds-access-token":
            self.answer(401)
        elif url.path == listing:
            self.answer(200, b"the-role\n")
        elif url.path == listing + "the-role":
            self.aws_json("ASIAIMDS")
        elif url.path == "/ecs":
            if self.headers.get("Authorization") == "ecs-authorization":
                self.aws_json("ASIAECS")
            else:
                self.answer(401)
        elif url.path.startswith("/computeMetadata/"):
            if self.headers.get("Metadata-Flavor") == "Google":
                self.answer(200, b'{"access_token":"google-machine-token"}')
            else:
                self.answer(403)
        else:
            return False
        return True

    # --- git ---

    def git(self, url):
        path = url.path[len("/git"):]
        if path.startswith("/private/"):
            words = self.headers.get("Authorization", "").split()
            login = base64.b64decode(words[1]).decode() if len(words) == 2 else ":"
            user, _, password = login.partition(":")
            if GIT_USERS.get(user) != password:
                self.answer(401, headers=[("WWW-Authenticate", 'Basic realm="git"')],
                            why="wrong login")
                return
            path = path[len("/private"):]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": options.git,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": path,
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        result = subprocess.run(["git", "http-backend"], input=body, env=env,
                                capture_output=True, check=False).stdout
        head, _, content = result.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = [value for name, value in headers if name == "Status"]
        self.answer(int(status[0].split()[0]) if status else 200, content,
                    [(name, value) for name, value in headers if name != "Status"])

    # --- everything ---

    def web(self, url):
        if url.path.startswith("/git/"):
            self.git(url)
        elif url.path.startswith("/moved/"):
            to = self.path.replace("/moved/", "/git/", 1)
            self.answer(301, headers=[("Location", f"https://localhost:{tls.server_port}{to}")])
        elif url.path == "/loop":
            self.answer(302, headers=[("Location", "/loop")])
        elif url.path == "/flaky":
            Handler.failures += 1
            if Handler.failures % 2:
                self.answer(503, headers=[("Retry-After", "0")])
            else:
                self.give("context.tar.gz")
        elif url.path.startswith("/status/"):
            self.answer(int(url.path.split("/")[2]))
        elif url.path.startswith("/files/"):
            self.give(url.path)
        elif not self.metadata(url):
            self.answer(404)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        host = self.headers.get("Host", "").split(":")[0]
        if url.path == "/redirect":
            to = dict(urllib.parse.parse_qsl(url.query))["to"]
            self.answer(302, headers=[("Location", to)])
        elif host.startswith("sts."):
            self.sts()
        elif host.endswith(".amazonaws.com"):
            self.give_if(aws_verify(self), url.path)
        elif url.path.startswith("/elsewhere/"):
            self.answer(301, b"<Error><Code>PermanentRedirect</Code></Error>")
        elif url.path.startswith("/bucket/"):
            self.give_if(aws_verify(self), url.path)
        elif host == "storage.googleapis.com" or url.path.startswith("/storage/"):
            self.google(url)
        elif host == "oauth2.googleapis.com":
            self.google_token()
        elif host.endswith(".blob.core.windows.net"):
            self.give_if(azure_verify(self, host), url.path)
        else:
            self.web(url)

    do_PUT = do_POST = do_GET

    def do_CONNECT(self):
        with open(options.log, "a", encoding="utf-8") as log:
            log.write(f"proxy {self.path}\n")
        with socket.create_connection(("127.0.0.1", tls.server_port)) as upstream:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=pump, args=(upstream, self.connection), daemon=True)
            back.start()
            pump(self.connection, upstream)
            back.join()
        self.close_connection = True


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, scheme):
        super().__init__(("127.0.0.1", 0), Handler)
        self.scheme = scheme

    def handle_error(self, request, client_address):
        pass


parser = argparse.ArgumentParser()
for option in ("files", "git", "cert", "key", "log"):
    parser.add_argument("--" + option, required=True)
options = parser.parse_args()
plain, tls = Server("http"), Server("https")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(options.cert, options.key)
tls.socket = context.wrap_socket(tls.socket, server_side=True, do_handshake_on_connect=False)
print(f"tls on 127.0.0.1:{tls.server_port}", flush=True)
print(f"listening on 127.0.0.1:{plain.server_port}", flush=True)
threading.Thread(target=tls.serve_forever, daemon=True).start()
plain.serve_forever()
