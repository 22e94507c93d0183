# shellcheck shell=bash
# buildah as a judge: it builds the same Dockerfile, and the results are compared.

buildah_here() {
	buildah --root "$T/buildah/root" --runroot "$T/buildah/run" --storage-driver vfs "$@"
}

# usage: buildah_build LAYOUT [ARGUMENT...]: builds with buildah into an OCI layout.
buildah_build() {
	local layout=$1
	shift
	{
		buildah_here bud --isolation chroot --tls-verify=false --format oci -t judged "$@" &&
			buildah_here push -q judged "oci:$layout:latest"
	} >"$T/buildah.log" 2>&1 || {
		echo "buildah failed:"
		tail -n 30 "$T/buildah.log"
		return 1
	}
}
