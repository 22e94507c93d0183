// usage: node validate.js SCHEMA DOCUMENT [SCHEMA DOCUMENT]...: JSON documents by their schemas.
const fs = require("fs");
const Ajv = require("ajv");

const read = (file) => JSON.parse(fs.readFileSync(file, "utf8"));
const words = process.argv.slice(2);
for (let i = 0; i + 1 < words.length; i += 2) {
	const ajv = new Ajv({ strict: true, allErrors: true });
	const validate = ajv.compile(read(words[i]));
	if (!validate(read(words[i + 1]))) {
		console.log(`${words[i + 1]}: ${ajv.errorsText(validate.errors)}`);
		process.exitCode = 1;
	}
}
