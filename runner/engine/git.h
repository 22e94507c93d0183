/*
 * What a checkout says of itself, read from .git without git: in CI jobs git may be absent, or
 * refuse a directory of another owner. Layout: gitrepository-layout(5).
 */
#ifndef SLIP_ENGINE_GIT_H
#define SLIP_ENGINE_GIT_H

#include "runner/base/err.h"

struct slip_git {
	char *root; /* top of the working tree; NULL: not in a checkout */
	char *sha; /* NULL before the first commit */
	char *branch; /* NULL when HEAD is detached */
	char *tag; /* a tag of this commit */
	char *author; /* "Ann <ann@example.com>"; NULL where the commit cannot be read, as the next
			 two */
	char *title; /* the message's first line */
	int64_t time; /* of the committer, seconds since the epoch; -1 */
	char *default_branch; /* of the remote "origin"; NULL when not known */
	char *url; /* of origin, as configured, without credentials; NULL */
};

/* Where a repository is, and how it writes. */
struct slip_git_place {
	char *root; /* top of the working tree */
	char *dir; /* .git, or .git/worktrees/<name>: HEAD and index */
	char *common; /* refs, objects and config */
	size_t hash_size; /* 20, or 32 for SHA-256 */
	bool has_file_modes; /* core.fileMode: the executable bits on disk count */
};

/* The repository that holds a directory; false when there is none. */
bool slip_git_find(const char *dir, struct slip_git_place *out);
void slip_git_place_release(struct slip_git_place *p);

/* Never fails: what cannot be read is NULL. */
void slip_git_read(const char *dir, struct slip_git *out);
void slip_git_release(struct slip_git *g);
/*
 * What a clone URL says of the project: its page (https, without credentials and ".git") and its
 * path on that host, both the caller's. False for local paths and what is no URL.
 */
bool slip_git_web_url(const char *url, char **page, char **path);

#endif
