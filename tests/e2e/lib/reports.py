"""What readers of the report files accept, written down anew from their rules.

usage: reports.py DIRECTORY: prints every offence, one a line; status 1 when there is one.
"""

import html.parser
import json
import pathlib
import re
import sys
import xml.dom
import xml.dom.minidom

offences = []


def offend(file, text):
    offences.append(f"{file}: {text}")


def dotenv(file):
    """GitLab: DotenvService; docs.gitlab.com/ci/yaml/artifacts_reports."""
    raw = file.read_bytes()
    if len(raw) >= 5 * 1024:
        offend(file, f"{len(raw)} bytes")
    names = []
    for line in raw.decode("utf-8").split("\n")[:-1]:
        match = re.fullmatch(r"(.*?)=(.*)", line)
        if not match:
            offend(file, f"no assignment: {line!r}")
            continue
        name, value = match.groups()
        names.append(name)
        if not re.fullmatch(r"[A-Z0-9_]+", name):
            offend(file, f"name {name!r}")
        if value != value.strip() or "$" in value or len(value.splitlines()) > 1:
            offend(file, f"value {value!r} does not arrive as it is")
    if raw and not raw.endswith(b"\n"):
        offend(file, "no newline at the end")
    if len(names) > 20:
        offend(file, f"{len(names)} variables")
    if len(set(names)) != len(names):
        offend(file, "a variable twice")


def nodes(element):
    return 1 + sum(nodes(c) for c in element.childNodes)


def junit(file):
    """GitLab: Gitlab::Ci::Parsers::Test::Junit, and its limit of objects."""
    raw = file.read_bytes()
    if re.search(rb"[\x00-\x08\x0b-\x1f]", raw):
        offend(file, "control bytes")
    root = xml.dom.minidom.parseString(raw).documentElement
    if root.tagName not in ("testsuites", "testsuite"):
        offend(file, f"root element {root.tagName}")
    cases = root.getElementsByTagName("testcase")
    if len(cases) > 5000 or nodes(root) > 250000:
        offend(file, f"{len(cases)} cases, {nodes(root)} nodes")
    for case in cases:
        for name in ("name", "classname", "time"):
            if not case.getAttribute(name):
                offend(file, f"a case without {name}")
        float(case.getAttribute("time"))
        if case.getAttribute("file").startswith("/"):
            offend(file, "an absolute file")
        outcomes = [c for c in case.childNodes if c.nodeType == xml.dom.Node.ELEMENT_NODE]
        if len(outcomes) > 1 or any(c.tagName not in ("failure", "skipped") for c in outcomes):
            offend(file, "a case with several outcomes")
    for suite in root.getElementsByTagName("testsuite"):
        inside = suite.getElementsByTagName("testcase")
        failed = suite.getElementsByTagName("failure")
        if int(suite.getAttribute("tests")) != len(inside):
            offend(file, "a wrong number of tests")
        if int(suite.getAttribute("failures")) != len(failed):
            offend(file, "a wrong number of failures")


def codequality(file):
    """GitLab: Code Quality report format; reading stops at the first entry that is not valid."""
    prints = set()
    for entry in json.loads(file.read_bytes().decode("utf-8")):
        path = entry["location"]["path"]
        if path.startswith(("/", "./")) or ".." in path.split("/"):
            offend(file, f"path {path!r}")
        if entry["severity"] not in ("info", "minor", "major", "critical", "blocker"):
            offend(file, "severity")
        if not isinstance(entry["location"]["lines"]["begin"], int):
            offend(file, "line")
        if not entry["description"] or not entry["check_name"]:
            offend(file, "no text")
        if entry["fingerprint"] in prints:
            offend(file, "a fingerprint twice")
        prints.add(entry["fingerprint"])


def annotations(file):
    """GitLab: {section: [{"external_link": {"label", "url"}}]}, 1000 at most."""
    count = 0
    for section, items in json.loads(file.read_text()).items():
        count += len(items)
        for item in items:
            link = item["external_link"]
            if set(item) != {"external_link"} or set(link) != {"label", "url"}:
                offend(file, f"an entry of {section}")
            if not re.match(r"https?://[^\s<>\"]+$", link["url"]) or not link["label"]:
                offend(file, f"link {link}")
    if count > 1000:
        offend(file, f"{count} annotations")


def metrics(file):
    """OpenMetrics text, version 1.0.0: what promtool looks at."""
    text = file.read_text()
    if not text.endswith("# EOF\n"):
        offend(file, "no end marker")
    kinds, seen = {}, set()
    for line in text.split("\n")[:-2]:
        head = re.fullmatch(r"# (TYPE|HELP|UNIT) ([a-z_]+) (.+)", line)
        sample = re.fullmatch(r'([a-z_]+)(\{stage="[A-Za-z0-9_-]+"\})? ([0-9.]+)', line)
        if head and head[1] == "TYPE":
            kinds[head[2]] = head[3]
        elif head and head[1] == "UNIT" and not head[2].endswith("_" + head[3]):
            offend(file, f"unit of {head[2]}")
        elif sample and sample[1] not in kinds:
            offend(file, f"{sample[1]} has no type")
        elif sample and sample.group(1, 2) in seen:
            offend(file, f"{line!r} twice")
        elif sample:
            seen.add(sample.group(1, 2))
            float(sample[3])
        elif not head:
            offend(file, f"line {line!r}")


class Page(html.parser.HTMLParser):
    """Elements are closed in order, nothing is loaded, nothing runs."""

    VOID = {"meta", "br", "use", "line", "rect"}

    def __init__(self, file):
        super().__init__()
        self.file, self.open = file, []

    def handle_starttag(self, tag, attrs):
        if tag not in ("html head meta title style body header main section footer h1 h2 p span b i dl "
                       "div dt dd a code pre table thead tbody tr th td svg defs g line text use rect "
                       "small ul li br details summary").split():
            offend(self.file, f"element {tag}")
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "style", "srcset", "action", "formaction"):
                offend(self.file, f"attribute {name}")
            if name == "href" and not re.match(r"#|https?://", value or ""):
                offend(self.file, f"link {value!r}")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            offend(self.file, f"</{tag}> in the wrong place")


def timeline(file):
    text = file.read_text("utf-8")
    page = Page(file)
    page.feed(text)
    page.close()
    if page.open:
        offend(file, f"left open: {page.open}")
    if "default-src 'none'" not in text:
        offend(file, "no Content-Security-Policy")
    if re.search(r"@import|url\(", text):
        offend(file, "something is loaded")


READERS = {
    "annotations.json": annotations,
    "codequality.json": codequality,
    "junit/slipway.xml": junit,
    "lint.sarif": lambda file: json.loads(file.read_text("utf-8")),
    "metrics.txt": metrics,
    "outputs.env": dotenv,
    "outputs.json": lambda file: json.loads(file.read_text("utf-8")),
    "report.json": lambda file: json.loads(file.read_text("utf-8")),
    "timeline.html": timeline,
}


def main():
    directory = pathlib.Path(sys.argv[1])
    for name, read in READERS.items():
        try:
            read(directory / name)
        except Exception as why:  # a reader that fails is what this program is for
            offend(name, f"{type(why).__name__}: {why}")
    print("\n".join(offences))
    sys.exit(1 if offences else 0)


main()
