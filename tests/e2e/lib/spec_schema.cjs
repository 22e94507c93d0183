// Do the JSON Schema and the decoder agree about the corpus of specs?
//
//	node spec_schema.cjs SCHEMA CORPUS
//
// Prints a line for each case about which they do not: the decoder's verdict is the case's folder,
// valid/ or invalid/; CORPUS/beyond-schema lists the invalid cases whose rule no schema can express.
"use strict";

const fs = require("fs");
const path = require("path");
const Ajv = require("ajv/dist/2020");
const yaml = require("yaml");

const [schemaFile, corpus] = process.argv.slice(2);
const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true });
require("./editor_words.cjs")(ajv);
const validate = ajv.compile(JSON.parse(fs.readFileSync(schemaFile, "utf8")));

function read(group, name) {
	const text = fs.readFileSync(path.join(corpus, group, name, "input.yaml"));
	const docs = yaml.parseAllDocuments(text.toString("utf8"), { version: "1.2", schema: "core" });
	if (docs.length !== 1 || docs[0].errors.length || docs[0].warnings.length) return undefined;
	return docs[0].toJS();
}

// Why the schema refuses a case; "" when it does not.
function verdict(group, name) {
	let value;
	try {
		value = read(group, name);
	} catch (e) {
		return `not read: ${e.message}`;
	}
	if (value === undefined) return "no YAML 1.2";
	if (validate(value)) return "";
	return ajv.errorsText(validate.errors.slice(0, 3));
}

const beyond = new Set(
	fs.readFileSync(path.join(corpus, "beyond-schema"), "utf8").split("\n")
		.filter((line) => line && !line.startsWith("#")));
let n = 0;
for (const group of ["valid", "invalid"]) {
	for (const name of fs.readdirSync(path.join(corpus, group)).sort()) {
		const why = verdict(group, name);
		n++;
		if (group === "valid" && why) console.log(`valid/${name}: the schema says ${why}`);
		if (group === "invalid" && !why && !beyond.has(name))
			console.log(`invalid/${name}: the schema takes it`);
		if (group === "invalid" && why && beyond.has(name))
			console.log(`invalid/${name}: is in beyond-schema, but the schema refuses it: ${why}`);
		beyond.delete(name);
	}
}
for (const name of beyond) console.log(`${name}: in beyond-schema, but in no folder`);
console.error(`${n} cases`);
