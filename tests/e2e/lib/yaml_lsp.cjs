// What an editor shows of a YAML file: a client of yaml-language-server, over standard input and
// output.
//
//	node yaml_lsp.cjs SERVER FILE
//
// Prints "line:column: message" for each diagnostic. The file names its schema in a modeline.
"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");

const [program, file] = process.argv.slice(2);
const uri = pathToFileURL(path.resolve(file)).href;
const server = spawn(process.execPath, [program, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
let buffered = Buffer.alloc(0);

function send(message) {
	const text = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
	server.stdin.write(`Content-Length: ${text.length}\r\n\r\n`);
	server.stdin.write(text);
}

function open() {
	send({ method: "initialized", params: {} });
	const text = fs.readFileSync(file, "utf8");
	send({
		method: "textDocument/didOpen",
		params: { textDocument: { uri, languageId: "yaml", version: 1, text } },
	});
}

// Nothing is fetched: the schema is a file beside the document.
const settings = { validate: true, schemaStore: { enable: false } };

function receive(message) {
	if (message.method === "workspace/configuration")
		send({ id: message.id, result: message.params.items.map((i) => (i.section === "yaml" ? settings : {})) });
	else if (message.method && message.id !== undefined) send({ id: message.id, result: null });
	else if (message.id === 1) open();
	else if (message.method === "textDocument/publishDiagnostics") {
		for (const d of message.params.diagnostics)
			console.log(`${d.range.start.line + 1}:${d.range.start.character + 1}: ${d.message}`);
		server.kill();
	}
}

server.stdout.on("data", (data) => {
	buffered = Buffer.concat([buffered, data]);
	for (;;) {
		const end = buffered.indexOf("\r\n\r\n");
		const length = end < 0 ? NaN : Number(/Content-Length: (\d+)/.exec(buffered.subarray(0, end))[1]);
		if (!(buffered.length >= end + 4 + length)) return;
		const text = buffered.subarray(end + 4, end + 4 + length);
		buffered = buffered.subarray(end + 4 + length);
		receive(JSON.parse(text));
	}
});
send({
	id: 1,
	method: "initialize",
	params: {
		processId: process.pid,
		rootUri: null,
		capabilities: { workspace: { configuration: true } },
	},
});
