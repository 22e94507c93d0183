#!/usr/bin/env bats
# Archives in object stores as build contexts. The servers verify signatures by themselves.

load lib/common
load lib/contexts

setup() {
	e2e_setup
	local name
	for name in $(compgen -e); do
		case $name in
		AWS_* | S3_* | AZURE_* | GOOGLE_* | STORAGE_* | GCE_*) unset "$name" ;;
		esac
	done
	contexts_start
}

teardown() {
	e2e_teardown
}

# The names of clouds lead to the server, by way of its proxy.
by_proxy() {
	export HTTPS_PROXY=http://$WEB
}

s3_environment() {
	export AWS_REGION=eu-test-1 AWS_ACCESS_KEY_ID=AKIDENV AWS_SECRET_ACCESS_KEY=env/secret+key
}

s3_server() {
	export S3_ENDPOINT=https://$TLS
}

@test "s3 context: keys of the environment, both styles of addresses" {
	s3_environment
	by_proxy
	same_as_directory s3://bucket/context.tar.gz
	same_as_directory s3://bucket
	cp "$T/files/context.tar.gz" "$T/files/a b+c=(d).tgz"
	same_as_directory "s3://bucket/deep/a b+c=(d).tgz"
	S3_ENDPOINT=https://$TLS S3_FORCE_PATH_STYLE=true same_as_directory s3://bucket/context.tar.gz
	S3_ENDPOINT=http://$WEB same_as_directory s3://bucket/context.tar.gz
}

@test "s3 context: what is refused or missing" {
	s3_environment
	s3_server
	context_fails 4 s3://bucket/missing.tgz
	assert_stderr "s3://bucket/missing.tgz" "NoSuchKey"
	AWS_SECRET_ACCESS_KEY=wrong-secret-key context_fails 3 s3://bucket/context.tar.gz
	assert_stderr "AccessDenied" "s3:GetObject"
	refute_stderr wrong-secret-key
	AWS_REGION=other-1 context_fails 3 s3://bucket/context.tar.gz
	unset AWS_ACCESS_KEY_ID
	context_fails 3 s3://bucket/context.tar.gz
	assert_stderr "AWS_ACCESS_KEY_ID"
	context_fails 2 s3://../x
	s3_environment
	context_fails 4 s3://elsewhere/x
	assert_stderr PermanentRedirect "the region (eu-test-1) must be the bucket's"
}

@test "s3 context: credentials of profiles, web identities, containers and machines" {
	export AWS_REGION=eu-test-1
	s3_server
	mkdir -p "$HOME/.aws"
	printf '[default]\naws_access_key_id = none\naws_secret_access_key = none\n[work]\n# a comment\naws_access_key_id=AKIDPROFILE\naws_secret_access_key = profile-secret\n' \
		>"$HOME/.aws/credentials"
	AWS_PROFILE=work same_as_directory s3://bucket/context.tar.gz
	printf '[profile work]\nregion = eu-test-1\n' >"$HOME/.aws/config"
	(unset AWS_REGION && AWS_PROFILE=work same_as_directory s3://bucket/context.tar.gz)
	rm -r "$HOME/.aws"

	echo identity.jwt.token >"$T/jwt"
	export AWS_ROLE_ARN=arn:aws:iam::1:role/x
	HTTPS_PROXY=http://$WEB AWS_WEB_IDENTITY_TOKEN_FILE=$T/jwt same_as_directory s3://bucket/context.tar.gz
	echo wrong.jwt.token >"$T/jwt"
	HTTPS_PROXY=http://$WEB AWS_WEB_IDENTITY_TOKEN_FILE=$T/jwt context_fails 3 s3://bucket/context.tar.gz
	refute_stderr wrong.jwt.token

	export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://$WEB/ecs
	AWS_CONTAINER_AUTHORIZATION_TOKEN=ecs-authorization same_as_directory s3://bucket/context.tar.gz
	echo ecs-authorization >"$T/token"
	AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$T/token same_as_directory s3://bucket/context.tar.gz
	context_fails 3 s3://bucket/context.tar.gz
	AWS_CONTAINER_CREDENTIALS_FULL_URI=http://example.com/ecs context_fails 2 s3://bucket/context.tar.gz
	assert_stderr "by https only"
	unset AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_EC2_METADATA_DISABLED

	AWS_EC2_METADATA_SERVICE_ENDPOINT=http://$WEB same_as_directory s3://bucket/context.tar.gz
}

google_key() {
	jq -n --rawfile key "$T/contexts.key" '{type: "service_account", client_email: "builder@example",
		private_key_id: "1", private_key: $key}' >"$T/google.json"
	export GOOGLE_APPLICATION_CREDENTIALS=$T/google.json
}

@test "gs context: keys of service accounts and users, the machine's account, public objects" {
	by_proxy
	cp "$T/files/context.tar.gz" "$T/files/a b+c.tgz"
	context_fails 3 gs://bucket/context.tar.gz
	assert_stderr "GOOGLE_APPLICATION_CREDENTIALS"
	same_as_directory gs://public/context.tar.gz
	GCE_METADATA_HOST=$WEB same_as_directory gs://bucket/context.tar.gz
	google_key
	same_as_directory "gs://bucket/a b+c.tgz"
	same_as_directory gs://bucket
	context_fails 4 gs://bucket/missing.tgz
	assert_stderr "gs://bucket/missing.tgz"
	STORAGE_EMULATOR_HOST=$WEB same_as_directory gs://bucket/context.tar.gz
	jq -n '{type: "authorized_user", client_id: "id", client_secret: "client-5678",
		refresh_token: "refresh-1234"}' >"$T/google.json"
	same_as_directory gs://bucket/context.tar.gz
	jq -n '{type: "authorized_user", client_id: "id", client_secret: "client-5678",
		refresh_token: "refresh-wrong"}' >"$T/google.json"
	context_fails 3 gs://bucket/context.tar.gz
	refute_stderr refresh-wrong
	jq -n '{type: "external_account"}' >"$T/google.json"
	context_fails 2 gs://bucket/context.tar.gz
	assert_stderr external_account
}

@test "azure context: the account's key, and signed URLs" {
	by_proxy
	local blob=https://account.blob.core.windows.net/container/context.tar.gz
	context_fails 3 "$blob"
	assert_stderr AZURE_STORAGE_ACCESS_KEY
	AZURE_STORAGE_ACCESS_KEY=$(printf 'a key of the azure account' | base64) same_as_directory "$blob"
	AZURE_STORAGE_ACCESS_KEY=$(printf 'some wrong key' | base64) context_fails 3 "$blob"
	refute_stderr "$(printf 'some wrong key' | base64)"
	AZURE_STORAGE_ACCESS_KEY='***' context_fails 2 "$blob"
	same_as_directory "$blob?sv=2021&sig=good%2Bsignature"
	context_fails 3 "$blob?sv=2021&sig=bad%2Bsignature"
	refute_stderr bad%2Bsignature
	AZURE_STORAGE_ACCESS_KEY=$(printf 'a key of the azure account' | base64) context_fails 4 "${blob%.gz}"
	assert_stderr "${blob%.gz}"
}
