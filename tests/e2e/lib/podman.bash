# shellcheck shell=bash
# shellcheck disable=SC2154 # status is set by bats' run
# podman with storage of the test run's own, on the machine's network, and slipway's own images in it
# as localhost/slipway:job and localhost/slipway:executor. Loaded after lib/common; needs root.

need_podman() {
	need_root
	need podman runc busybox
	podman_configure
}

# Everything that containers of other people on this machine could notice is ours alone. runc takes
# machines that mount both versions of cgroups, and limits above the machine's own are refused.
podman_configure() {
	local dir=$E2E_STATE/podman
	export CONTAINERS_CONF=$dir/containers.conf CONTAINERS_STORAGE_CONF=$dir/storage.conf
	[ ! -e "$dir" ] || return 0
	mkdir "$dir"
	cat >"$CONTAINERS_CONF" <<-'END'
		[containers]
		default_ulimits = ["nofile=1024:4096", "nproc=1024:1024"]
		netns = "host"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "none"
		runtime = "runc"
	END
	cat >"$CONTAINERS_STORAGE_CONF" <<-END
		[storage]
		driver = "vfs"
		graphroot = "$dir/root"
		runroot = "$dir/run"
	END
}

# usage: need_image NAME: slipway's own image, built once per run of the tests.
need_image() {
	need_podman
	[ -e "$E2E_STATE/image" ] || {
		"$SLIPWAY_SRCDIR/gitlab/image/make.sh" "$SLIPWAY" 0 "$E2E_STATE/image.part" &&
			mv "$E2E_STATE/image.part" "$E2E_STATE/image"
	} || return 1
	podman image exists "localhost/slipway:$1" ||
		skopeo --insecure-policy copy -q "oci:$E2E_STATE/image/$1" \
			"containers-storage:localhost/slipway:$1"
}

# usage: container_start [PODMAN FLAG...]: a container of the job image that stays, as $CONTAINER.
container_start() {
	CONTAINER=$(podman run --detach --init=false "$@" localhost/slipway:job sleep infinity)
}

container_stop() {
	[ -z "${CONTAINER:-}" ] || podman rm --force --time 0 "$CONTAINER" >/dev/null 2>&1 || :
	CONTAINER=
}

# usage: in_job_image [PODMAN FLAG...] -- COMMAND...: sets status and output (both streams).
in_job_image() {
	local flags=()
	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	shift
	run timeout -k 5 120 podman run --rm "${flags[@]}" localhost/slipway:job "$@"
}
