// Words of the language servers that no validator knows: tells ajv (or ajv-cli, as -c) to pass over.
module.exports = (ajv) => ajv.addVocabulary(["errorMessage", "patternErrorMessage"]);
