#!/usr/bin/env python3
"""What GitLab makes of a job's log, by its own rules (lib/gitlab/ci/ansi2json, the runner's readers).

usage: gitlab_log.py check FILE     exit status 1 and findings, when GitLab would show it wrongly
       gitlab_log.py sections FILE  one line per section: depth, "open" or "collapsed", header
       gitlab_log.py visible FILE   the lines that are seen without unfolding anything
       gitlab_log.py outside FILE   the lines outside of all sections
"""

import json
import re
import sys

# A marker may begin anywhere in a line; options count at its start only.
MARKER = re.compile(
    rb"section_(start|end):(\d+):([a-zA-Z0-9_.-]+)(\[\w+=\w+(?:, ?\w+=\w+)*\])?\r\x1b\[0K")
ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])")
SGR = re.compile(rb"\x1b\[[0-9;:]*m")
# The header that the runner puts before each line, and would take for its own.
TIMESTAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [0-9a-f]{2}[OE][ +]")
LONGEST = 8 * 1024


class Log:
    def __init__(self, data):
        self.lines = []  # (text, sections around it)
        self.sections = []  # (depth, is_collapsed, name)
        self.open = []  # (name, is_collapsed, start)
        self.findings = []
        self.names = set()
        self.line = b""
        self.at = 0
        self.replay(data)
        for name, _, _ in self.open:
            self.findings.append(f"section {name} is not closed")
        self.look_at_raw_lines(data)

    def replay(self, data):
        while self.at < len(data):
            marker = MARKER.match(data, self.at)
            if marker:
                self.mark(*marker.groups())
                self.at = marker.end()
                continue
            escape = ESCAPE.match(data, self.at)
            if escape:
                # Only colours reach the page; "erase line" is what begins a marker of ours.
                if not SGR.fullmatch(escape.group()) and escape.group() != b"\x1b[0K":
                    self.findings.append(f"an escape sequence: {escape.group()!r}")
                self.at = escape.end()
                continue
            byte = data[self.at:self.at + 1]
            self.at += 1
            if byte == b"\n":
                self.end_line()
            elif byte == b"\r" and data[self.at:self.at + 1] != b"\n":
                self.findings.append(f"a CR deletes: {self.line!r}")
                self.line = b""
            elif byte != b"\r":
                self.line += byte
        if self.line:
            self.end_line()

    def end_line(self):
        try:
            text = self.line.decode()
        except UnicodeDecodeError:
            self.findings.append(f"no UTF-8: {self.line!r}")
            text = self.line.decode(errors="replace")
        self.lines.append((text, [s[1] for s in self.open]))
        self.line = b""

    def mark(self, kind, time, name, options):
        name = re.sub("[^a-z0-9]", "-", name.decode().lower())
        if kind == b"start":
            if name in self.names:
                self.findings.append(f"two sections are called {name}")
            self.names.add(name)
            is_collapsed = b"collapsed=true" in (options or b"")
            self.sections.append((len(self.open), is_collapsed, name))
            self.open.append((name, is_collapsed, int(time)))
        elif not self.open or self.open[-1][0] != name:
            self.findings.append(f"section {name} ends, but is not the innermost")
        else:
            if int(time) < self.open[-1][2]:
                self.findings.append(f"section {name} ends before it begins")
            self.open.pop()

    def look_at_raw_lines(self, data):
        for line in data.split(b"\n"):
            if len(line) > LONGEST:
                self.findings.append(f"a line of {len(line)} bytes: {line[:60]!r}")
            if TIMESTAMP.match(line):
                self.findings.append(f"taken for a time stamp: {line[:60]!r}")
            if self.is_swallowed(line):
                self.findings.append(f"swallowed by the Kubernetes executor: {line[:60]!r}")

    @staticmethod
    def is_swallowed(line):
        try:
            value = json.loads(line)
        except ValueError:
            return False
        names = {"script", "command_exit_code"}
        return isinstance(value, dict) and any(key.lower() in names for key in value)


def main():
    what, path = sys.argv[1:]
    with open(path, "rb") as file:
        log = Log(file.read())
    if what == "check":
        print("\n".join(log.findings))
        return 1 if log.findings else 0
    if what == "sections":
        for depth, is_collapsed, name in log.sections:
            print(depth, "collapsed" if is_collapsed else "open", name)
    for text, around in log.lines:
        if (what == "visible" and not any(around)) or (what == "outside" and not around):
            print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
