/* Bounds on everything that comes from outside. docs/limits.md lists them for users. */
#ifndef SLIP_BASE_LIMITS_H
#define SLIP_BASE_LIMITS_H

#define SLIP_KIB (1024ULL)
#define SLIP_MIB (1024ULL * SLIP_KIB)
#define SLIP_GIB (1024ULL * SLIP_MIB)

/* Text inputs */
#define SLIP_MAX_DOCKERFILE (1 * SLIP_MIB)
#define SLIP_MAX_DOCKERFILE_LINE 65535
#define SLIP_MAX_DOCKERFILE_INSTRUCTIONS 10000
#define SLIP_MAX_HEREDOCS 64 /* of one instruction */
#define SLIP_MAX_EXPAND_DEPTH 32 /* ${a:-${b:-...}} */
#define SLIP_MAX_DOCKERIGNORE (1 * SLIP_MIB)
#define SLIP_MAX_DOCKERIGNORE_RULES 10000
#define SLIP_MAX_SPEC (1 * SLIP_MIB)
#define SLIP_MAX_SPEC_DEPTH 64
#define SLIP_MAX_SPEC_NODES 100000
#define SLIP_MAX_SPEC_DIAGS 200
#define SLIP_MAX_SPEC_FILES 32
#define SLIP_MAX_SPEC_INCLUDE_DEPTH 8
#define SLIP_MAX_GIT_INDEX (256 * SLIP_MIB)
#define SLIP_MAX_SUBMODULES 1000
#define SLIP_MAX_CI_ENV (4 * SLIP_MIB) /* a captured environment */
#define SLIP_MAX_STAGES 1000
#define SLIP_MAX_MANIFESTS (16 * SLIP_MIB) /* of one deploy stage */
#define SLIP_MAX_MANIFEST_NODES 1000000
#define SLIP_MAX_MANIFEST_FILES 1000
#define SLIP_MAX_MATRIX_CELLS 200
#define SLIP_MAX_EXPR_DEPTH 32
#define SLIP_MAX_REGEX 1000 /* bytes of a pattern */
#define SLIP_MAX_REGEX_PROGRAM 2000
#define SLIP_MAX_REGEX_TEXT (64 * SLIP_KIB)
#define SLIP_MAX_EXPANDED (1 * SLIP_MIB) /* one value after variable or expression expansion */
#define SLIP_MAX_EXPANDED_ALL (16 * SLIP_MIB) /* all values of one stage, or all parameters */

/* Registry: https://github.com/opencontainers/distribution-spec "Pushing Manifests" (>= 4 MB) */
#define SLIP_MAX_MANIFEST (4 * SLIP_MIB)
#define SLIP_MAX_CONFIG (4 * SLIP_MIB)
#define SLIP_MAX_TOKEN (64 * SLIP_KIB)
#define SLIP_MAX_ERROR_BODY (64 * SLIP_KIB)
#define SLIP_MAX_HEADERS (256 * SLIP_KIB)
#define SLIP_MAX_LAYERS 512
#define SLIP_MAX_HISTORY 2000
#define SLIP_MAX_INDEX_ENTRIES 1000
#define SLIP_MAX_INDEX_DEPTH 3 /* an index in an index in an index */
#define SLIP_MAX_CONFIG_ITEMS 10000 /* of one list or map in an image configuration */
#define SLIP_MAX_ANNOTATIONS 1000 /* of one manifest or descriptor */
#define SLIP_MAX_URLS 100 /* of one descriptor, and features of one platform */
#define SLIP_MAX_REDIRECTS 10
#define SLIP_MAX_URL (16 * SLIP_KIB) /* signed Locations of cloud storage take 2 to 4 KiB */
#define SLIP_MAX_CA_BUNDLE (16 * SLIP_MIB)
#define SLIP_MAX_CHALLENGES 16 /* in one WWW-Authenticate header */
#define SLIP_MAX_DOCKER_CONFIG (1 * SLIP_MIB)
#define SLIP_MAX_REPOSITORY 255 /* bytes of a repository name */

/* Layers */
#define SLIP_MAX_PAX (1 * SLIP_MIB) /* a pax header, a GNU long name, a sparse map */
#define SLIP_MAX_PATH 4096
#define SLIP_MAX_NAME 255
#define SLIP_MAX_UNPACKED (64 * SLIP_GIB)
#define SLIP_MAX_ENTRIES 10000000ULL
#define SLIP_MAX_XATTR_VALUE (64 * SLIP_KIB)
#define SLIP_MAX_XATTRS (1 * SLIP_MIB) /* all of one file */
#define SLIP_MAX_ZSTD_WINDOW_LOG 27
#define SLIP_MAX_PASSWD (10 * SLIP_MIB)

/* Build contexts that are brought here */
#define SLIP_MAX_CONTEXT_ARCHIVE (16 * SLIP_GIB) /* as it is sent */
#define SLIP_MAX_CONTEXT_ENTRIES 1000000ULL
#define SLIP_MAX_CONTEXT_RATIO 200 /* unpacked to archive, beyond SLIP_MAX_CONTEXT_SMALL */
#define SLIP_MAX_CONTEXT_SMALL (1 * SLIP_GIB)
#define SLIP_MAX_GIT_OUTPUT (16 * SLIP_MIB)
#define SLIP_MAX_CLOUD_FILE (256 * SLIP_KIB) /* credentials of cloud services */

/* Local store */
#define SLIP_MAX_RECORD (64 * SLIP_MIB)

/* Output of commands */
#define SLIP_MAX_LOG_LINE (16 * SLIP_KIB)
#define SLIP_MAX_HELD_LOG (16 * SLIP_MIB) /* what stages say behind another one, each */
#define SLIP_MAX_HELPER_OUTPUT (64 * SLIP_KIB)

/* Commands */
#define SLIP_MAX_INSTRUCTIONS (8 * SLIP_MIB) /* arguments and environment; Linux takes 6 MiB */
#define SLIP_MAX_HOSTS (1 * SLIP_MIB) /* hosts and resolv.conf of the machine */

#endif
