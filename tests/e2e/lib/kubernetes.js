/*
 * Kubernetes manifests without a cluster. NODE_PATH holds kubernetes-models and js-yaml.
 *
 *	node kubernetes.js check FILE...        every document is a known kind, has known fields only,
 *	                                        and values of the right types
 *	node kubernetes.js container FILE NAME  the container of that name in the only document with one,
 *	                                        as JSON
 *
 * The models check types and miss unknown fields; those are looked up in the models' declarations.
 */
"use strict";
const fs = require("fs");
const path = require("path");
const yaml = require("js-yaml");

const declarations = new Map();

/* The fields of a type, by name, with their types; and where the types come from. */
function declaration(file) {
	if (!declarations.has(file)) {
		const text = fs.readFileSync(file, "utf8");
		const imports = new Map();
		for (const [, names, from] of text.matchAll(/^import \{ (.*?) \} from "(.*?)";$/gm))
			for (const name of names.split(", "))
				imports.set(name, from);
		const body = /^export interface \w+.*?\{\n([^]*?)^\}/m.exec(text);
		const fields = new Map();
		if (body)
			for (const [, name, type] of body[1].matchAll(/^    "?([$\w]+)"?\??: (.*)$/gm))
				fields.set(name, type);
		declarations.set(file, { imports, fields: body ? fields : null });
	}
	return declarations.get(file);
}

function locate(from, file) {
	const base = from.startsWith(".") ? path.join(path.dirname(file), from) :
		path.join(path.dirname(require.resolve(from.split("/").slice(0, 2).join("/") + "/package.json")),
			...from.split("/").slice(2));
	return base + ".d.ts";
}

function unknown_fields(value, file, where) {
	const { imports, fields } = declaration(file);
	if (!fields || value === null || typeof value !== "object")
		return [];
	const found = [];
	for (const [name, part] of Object.entries(value)) {
		const type = fields.get(name);
		if (type === undefined) {
			found.push(`${where}.${name}: unknown field`);
			continue;
		}
		const named = /^(?:Array<)?(I\w+)>?;$/.exec(type);
		if (!named || !imports.has(named[1]))
			continue;
		const next = locate(imports.get(named[1]), file);
		const parts = Array.isArray(part) ? part : [part];
		parts.forEach((p, i) =>
			found.push(...unknown_fields(p, next, `${where}.${name}${parts === part ? `[${i}]` : ""}`)));
	}
	return found;
}

function check(file) {
	const found = [];
	const documents = yaml.loadAll(fs.readFileSync(file, "utf8")).filter((d) => d);
	documents.forEach((object) => {
		const where = `${file}: ${object.kind}`;
		const module = `kubernetes-models/${object.apiVersion}/${object.kind}`;
		let Model;
		try {
			Model = require(module)[object.kind];
		} catch {
			found.push(`${where}: no such kind in ${object.apiVersion}`);
			return;
		}
		try {
			new Model(object).validate();
		} catch (e) {
			found.push(`${where}: ${e.message}`);
		}
		found.push(...unknown_fields(object, require.resolve(module).replace(/\.js$/, ".d.ts"), where));
	});
	if (!documents.length)
		found.push(`${file}: no document`);
	return found;
}

function container(file, name) {
	for (const object of yaml.loadAll(fs.readFileSync(file, "utf8"))) {
		const template = object?.spec?.template?.spec ?? object?.spec;
		const found = [...(template?.containers ?? []), ...(template?.initContainers ?? [])]
			.find((c) => c.name === name);
		if (found)
			return found;
	}
	throw new Error(`${file}: no container ${name}`);
}

const [command, ...rest] = process.argv.slice(2);
if (command === "container") {
	console.log(JSON.stringify(container(...rest)));
} else {
	const found = rest.flatMap(check);
	found.forEach((line) => console.log(line));
	process.exitCode = found.length ? 1 : 0;
}
