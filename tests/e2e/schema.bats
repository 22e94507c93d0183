#!/usr/bin/env bats
# shellcheck disable=SC2154 # stderr is set by bats' run
# schema: other people's programs read the JSON Schema as our decoder reads the spec.

load lib/common

setup() {
	e2e_setup
	"$SLIPWAY" schema >slipway.schema.json
}

teardown() {
	e2e_teardown
}

@test "schema: a strict validator takes it" {
	need_npm ajv ajv-cli
	run node "$NODE_PATH/ajv-cli/dist/index.js" compile --spec=draft2020 --strict=true \
		--allow-union-types -c "$E2E_LIB/editor_words.cjs" -s slipway.schema.json
	assert_status 0
	assert_equal "$(jq -r '."$schema"' slipway.schema.json)" https://json-schema.org/draft/2020-12/schema
	# Each key says what it is for.
	assert_equal "$(jq -c '[.. | objects | select(.type == "object") | .properties // {} |
		to_entries[] | select(.value.description | not) | .key]' slipway.schema.json)" "[]"
}

@test "schema: it judges the corpus of specs as the decoder does" {
	need_npm ajv yaml
	run --separate-stderr node "$E2E_LIB/spec_schema.cjs" slipway.schema.json \
		"$SLIPWAY_SRCDIR/tests/data/spec"
	assert_status 0
	assert_equal "$output" ''
	local cases
	cases=$(sed -n 's/ cases$//p' <<<"$stderr")
	[ "$cases" -ge 170 ]
}

@test "schema: a validator sees a key that is not there" {
	need_npm ajv ajv-cli
	printf 'version: 1\nstages: [{name: a, run: x}]\n' >good.yaml
	printf 'version: 1\nstages: [{name: a, run: x, tiemout: 3s}]\n' >bad.yaml
	local file
	for file in good bad; do
		run node "$NODE_PATH/ajv-cli/dist/index.js" validate --spec=draft2020 --strict=true \
			--allow-union-types -c "$E2E_LIB/editor_words.cjs" -s slipway.schema.json \
			-d "$file.yaml"
		assert_status "$([ $file = good ] && echo 0 || echo 1)"
	done
}

@test "schema: an editor's language server shows what is wrong, and where" {
	need_npm yaml-language-server
	cat >slipway.yaml <<-'END'
		# yaml-language-server: $schema=./slipway.schema.json
		version: 1
		stages:
		  - name: "a b"
		    timeout: 30
		    run: x
		  - name: b
		    rnu: x
		  - name: c
		    retry: {max: 9, on: [always]}
		    env: {LD_PRELOAD: x}
		    run: x
	END
	run timeout 60 node "$E2E_LIB/yaml_lsp.cjs" \
		"$NODE_PATH/yaml-language-server/bin/yaml-language-server" slipway.yaml
	assert_status 0
	local line
	for line in '4:11: 1 to 63 letters, digits, _ and -' '5:14: a duration such as 90s, 30m or 2h' \
		'8:5: Property rnu is not allowed.' '10:18: Value is above the maximum of 5.' \
		'10:26: use infra, timeout or exit:<1-255>' \
		'11:11: a name of letters, digits and _; LD_* and SLIPWAY_* are reserved'; do
		assert_stdout "$line"
	done
	printf '%s\n' '# yaml-language-server: $schema=./slipway.schema.json' 'version: 1' \
		'stages: [{name: a, timeout: 30s, run: x}]' >slipway.yaml
	run timeout 60 node "$E2E_LIB/yaml_lsp.cjs" \
		"$NODE_PATH/yaml-language-server/bin/yaml-language-server" slipway.yaml
	assert_status 0
	assert_equal "$output" ''
}

# usage: example N: the N-th block of YAML in docs/pipeline.md, as a whole spec.
example() {
	awk -v n="$1" '/^```yaml$/ { block++; inside = 1; next } /^```$/ { inside = 0 }
		inside && block == n' \
		"$SLIPWAY_SRCDIR/docs/pipeline.md" >block
	case $(head -n 1 block) in
	version:*) cat block ;;
	-*) printf 'version: 1\nstages:\n' && cat block ;;
	*) printf 'version: 1\n' && cat block && printf 'stages: [{name: x, run: x}]\n' ;;
	esac
}

@test "documentation: every example of a pipeline is valid, every key is there" {
	local blocks n key
	blocks=$(grep -c '^```yaml$' "$SLIPWAY_SRCDIR/docs/pipeline.md")
	[ "$blocks" -ge 7 ]
	for n in $(seq "$blocks"); do
		example "$n" >spec.yaml
		[ "$(wc -l <spec.yaml)" -ge 3 ]
		slipway validate spec.yaml
		assert_status 0
	done
	jq -r '.. | objects | select(.type == "object") | .properties // {} | keys[]' \
		slipway.schema.json | sort -u >keys
	[ "$(wc -l <keys)" -ge 100 ]
	while read -r key; do
		grep -qE "\`$key\`|(^|[ {,])$key:" "$SLIPWAY_SRCDIR/docs/pipeline.md" || {
			echo "docs/pipeline.md says nothing of the key $key"
			return 1
		}
	done <keys
}
