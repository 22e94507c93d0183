#!/usr/bin/env bats
# The image of a published .NET service, 180 files and 82 MB, over Debian and over busybox: cold,
# warm from the registry on an empty store, judged by buildah, and through a slipway.yaml.

load lib/common

setup() {
	e2e_setup
	need_root
	need buildah skopeo
	registry_start
	make_service_context "$T/work"
}

teardown() {
	e2e_teardown
}

# usage: write_dockerfile BASE debian|busybox
write_dockerfile() {
	cat >Dockerfile <<-END
		FROM $1
		WORKDIR /app
		LABEL maintainer="az"
		ENV ASPNETCORE_Environment=Production \\
		  ASPNETCORE_URLS="http://+:8080" \\
		  DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \\
		  DOTNET_RUNNING_IN_CONTAINER=true
		EXPOSE 8080/tcp
		COPY /out ./
	END
	case $2 in
	debian) printf 'RUN %s\n' 'groupadd -g 34000 az' 'useradd -M -g az --uid 34000 az' ;;
	busybox) printf 'RUN %s\n' 'addgroup -g 34000 az' 'adduser -D -G az --uid 34000 az' ;;
	esac >>Dockerfile
	cat >>Dockerfile <<-END
		RUN chown -R az:az /app
		USER az
		ENTRYPOINT ["./MinimalApi"]
	END
}

# usage: build DESTINATION [FLAG...]: as a pipeline calls it, with the layer cache in the registry.
build() {
	local destination=$1
	shift
	slipway build --context . --dockerfile Dockerfile --cache=true --cache-copy-layers=true \
		--cache-repo="$REGISTRY/service/cache" --destination="$REGISTRY/$destination" "$@"
}

empty_store() {
	rm -rf --one-file-system "$SLIPWAY_STORE"
}

layers_of() {
	registry_manifest "$1" | jq -r '.layers[].digest'
}

# A cold build, then the same again as another machine would: nothing but manifests and
# configurations may move.
cold_then_warm() {
	build service:1 "$@"
	assert_status 0
	assert_equal "$(registry_tags service)" 1
	empty_store
	registry_forget_requests
	build service:2 "$@"
	assert_status 0
	assert_equal "$(registry_layer_downloads)" "" "the warm build downloads layers"
	assert_equal "$(registry_layer_uploads)" "" "the warm build uploads layers"
	assert_equal "$(layers_of service:2)" "$(layers_of service:1)" \
		"a RUN was executed again, or a file was packed again"
	empty_store
	registry_forget_requests
	build elsewhere/service:1 "$@"
	assert_status 0
	assert_equal "$(registry_layer_downloads)$(registry_layer_uploads)" "" \
		"a build for another repository moves layers instead of mounting them"
	assert_equal "$(layers_of elsewhere/service:1)" "$(layers_of service:1)"
}

same_as_buildah() {
	build service:1 --cache=false "$@"
	assert_status 0
	registry_fetch service:1 "$T/ours"
	sed -i "s|^FROM mcr.microsoft.com|FROM $REGISTRY|" Dockerfile
	buildah_build "$T/theirs" .
	same_image "$T/ours" "$T/theirs"
}

@test "service on Debian: a warm build with an empty store moves no layer" {
	need_debian
	write_dockerfile "$REGISTRY/base/debian:12" debian
	cold_then_warm
}

@test "service on Debian: same tree and configuration as buildah's" {
	need_debian
	write_dockerfile "$REGISTRY/base/debian:12" debian
	same_as_buildah
}

RUNTIME_DEPS=mcr.microsoft.com/dotnet/runtime-deps:6.0-alpine3.14-amd64

@test "service on a mapped registry: a warm build with an empty store moves no layer" {
	write_dockerfile "$RUNTIME_DEPS" busybox
	cold_then_warm --registry-map="mcr.microsoft.com=$REGISTRY"
}

@test "service on a mapped registry: same tree and configuration as buildah's" {
	write_dockerfile "$RUNTIME_DEPS" busybox
	same_as_buildah --registry-map="mcr.microsoft.com=$REGISTRY"
}

@test "service: one changed file is one new layer for it and for what follows" {
	write_dockerfile "$REGISTRY/base/busybox:1" busybox
	build service:1
	assert_status 0
	echo changed >>out/wwwroot/css/Assembly.002.dll
	build service:2
	assert_status 0
	# The base and WORKDIR stay, COPY misses.
	assert_equal "$(layers_of service:2 | head -n 2)" "$(layers_of service:1 | head -n 2)"
	[ "$(layers_of service:2 | tail -n 1)" != "$(layers_of service:1 | tail -n 1)" ]
}

@test "service: the same through a slipway.yaml" {
	write_dockerfile "$RUNTIME_DEPS" busybox
	cat >slipway.yaml <<-END
		version: 1
		name: service
		stages:
		  - name: image
		    build:
		      context: .
		      dockerfile: Dockerfile
		      destinations: ["$REGISTRY/service:\${{ params.tag }}"]
		      cache: {repo: "$REGISTRY/service/cache", copy-layers: true}
		      registry-maps: {mcr.microsoft.com: ["$REGISTRY"]}
		params: {tag: "1"}
	END
	slipway run --push
	assert_status 0
	registry_fetch service:1 "$T/ours"
	empty_store
	registry_forget_requests
	slipway run --push --set tag=2
	assert_status 0
	assert_equal "$(registry_layer_downloads)$(registry_layer_uploads)" ""
	assert_equal "$(layers_of service:2)" "$(layers_of service:1)"
	assert_file .slipway/out/report.json
	sed -i "s|^FROM mcr.microsoft.com|FROM $REGISTRY|" Dockerfile
	rm -rf .slipway
	buildah_build "$T/theirs" .
	same_image "$T/ours" "$T/theirs"
}
