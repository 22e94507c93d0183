#!/usr/bin/env python3
"""A token server for docker-registry's token authentication, for tests.

  token_server.py --key KEY.pem --cert CERT.pem --user NAME:PASSWORD [--expires SECONDS]
                  [--anonymous-pull] [--log FILE]

Prints "listening on 127.0.0.1:PORT". GET /token and POST /token (OAuth 2, grant_type=password or
refresh_token) give RS256-signed tokens; everything but the key operations is Python's library,
signing is openssl's. The log has one line per request: method, account or "-", scopes, status.
"""
import argparse
import base64
import http.server
import json
import subprocess
import time
import urllib.parse
import uuid

SERVICE, ISSUER, REFRESH_TOKEN = "slipway-test-registry", "slipway-test-issuer", "a-refresh-token"


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(key, account, access, expires):
    with open(options.cert, encoding="ascii") as file:
        certificate = "".join(line.strip() for line in file if "-----" not in line)
    now = int(time.time())
    header = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
    claims = {
        "iss": ISSUER,
        "sub": account,
        "aud": SERVICE,
        "exp": now + expires,
        "nbf": now - 10,
        "iat": now,
        "jti": str(uuid.uuid4()),
        "access": access,
    }
    body = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", key],
        input=body.encode(),
        capture_output=True,
        check=True,
    ).stdout
    return body + "." + encode(signature)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def answer(self, status, body, account="-", scopes=()):
        with open(options.log, "a", encoding="utf-8") as log:
            log.write(f"{self.command} {account or '-'} {' '.join(scopes)} {status}\n")
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def give_token(self, account, scopes, field):
        access = []
        for scope in scopes:
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            allowed = actions.split(",")
            if not account:
                allowed = ["pull"] if options.anonymous_pull and "pull" in allowed else []
            access.append({"type": kind, "name": name, "actions": allowed})
        token = sign(options.key, account or "", access, options.expires)
        self.answer(200, {field: token, "expires_in": options.expires}, account, scopes)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        scopes = [one for value in query.get("scope", []) for one in value.split(" ")]
        account = None
        if "Authorization" in self.headers:
            given = self.headers["Authorization"].removeprefix("Basic ")
            if base64.b64decode(given).decode() != options.user:
                self.answer(401, {"details": "incorrect username or password"}, "?", scopes)
                return
            account = options.user.split(":")[0]
        if url.path != "/token" or query.get("service") != [SERVICE]:
            self.answer(400, {"details": "unknown service"}, account, scopes)
            return
        self.give_token(account, scopes, "token")

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        form = urllib.parse.parse_qs(self.rfile.read(length).decode())
        scopes = form.get("scope", [""])[0].split()
        account = options.user.split(":")[0]
        grant = form.get("grant_type", [""])[0]
        by_password = grant == "password" and (
            form.get("username", [""])[0] + ":" + form.get("password", [""])[0] == options.user
        )
        by_refresh = grant == "refresh_token" and form.get("refresh_token") == [REFRESH_TOKEN]
        if by_password or by_refresh:
            self.give_token(account, scopes, "access_token")
        else:
            self.answer(401, {"error": "invalid_grant"}, "?", scopes)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"listening on 127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--expires", type=int, default=300)
    parser.add_argument("--anonymous-pull", action="store_true")
    parser.add_argument("--log", default="/dev/null")
    options = parser.parse_args()
    main()
