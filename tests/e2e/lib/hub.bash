# shellcheck shell=bash
# Images that the examples name, in a registry of the test's that stands for Docker Hub. Loaded after
# lib/common.

# usage: hub_start [IMAGE...]: registry_start, and "library/IMAGE" in it, made of the test images.
hub_start() {
	local image
	registry_start plain
	for image in "$@"; do
		case $image in
		busybox:*) hub_copy base/busybox:1 "$image" ;;
		gcc:*) hub_make_gcc "$image" ;;
		*) return 1 ;;
		esac || return 1
	done
}

hub_copy() {
	skopeo --insecure-policy copy -q --src-tls-verify=false --dest-tls-verify=false \
		"docker://$REGISTRY/$1" "docker://$REGISTRY/hub/library/$2"
}

# usage: hub_use FILE: lets a spec find them.
hub_use() {
	cat >>"$1" <<-END

		registries:
		  docker.io: {mirrors: ["$REGISTRY/hub"]}
		  $REGISTRY: {insecure: true}
	END
}

# This machine's compiler, as far as C programs of the examples need it, upon busybox.
hub_make_gcc() {
	local root=$T/gcc file
	mkdir -p "$root"
	for file in cc1 collect2 as ld; do
		command -v "$(gcc -print-prog-name=$file)"
	done >"$T/programs"
	command -v gcc >>"$T/programs"
	# Under the names that they are looked for by, and the names that those stand for.
	{
		cat "$T/programs"
		xargs ldd <"$T/programs" | grep -oE '/[^ :]+ \(' | tr -d ' ('
		for file in crt1.o crti.o crtn.o crtbeginT.o crtend.o libc.a libgcc.a libgcc_eh.a \
			liblto_plugin.so; do
			gcc -print-file-name=$file
		done
		gcc -O2 -M "$SLIPWAY_SRCDIR"/pipeline-examples/*/*.c | grep -oE '/usr[^ ]+'
	} | while read -r file; do
		realpath --no-symlinks "$file"
		readlink -e "$file"
	done | sort -u | xargs cp -L --parents -t "$root" 2>/dev/null
	tar -C "$root" -cf "$T/work/gcc.tar" .
	printf 'FROM %s/base/busybox:1\nADD gcc.tar /\n' "$REGISTRY" >"$T/gcc.Dockerfile"
	"$SLIPWAY" build -v warn --context "$T/work" --dockerfile "$T/gcc.Dockerfile" --insecure \
		--insecure-pull --destination "$REGISTRY/hub/library/$1"
	rm "$T/work/gcc.tar"
}
