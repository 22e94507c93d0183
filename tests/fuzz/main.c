/*
 * Runs a fuzz target over its corpus where there is no libFuzzer: every file of
 * tests/fuzz/corpus/<x> for the program fuzz_<x>, or the files named on the command line.
 * One TAP line per file; a crash, a leak or a time-out ends the program before its plan is met.
 */
#include "config.h"

#include "tests/unit/tap.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_CORPUS_FILE (4 << 20)
#define SECONDS_PER_INPUT 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_file(const char *path, const char *name)
{
	FILE *file = fopen(path, "rbe");
	if (!file) {
		fail("%s: cannot be opened", path);
		return;
	}
	/* An allocation of exactly the input's size lets the sanitizers see reads past its end. */
	uint8_t *room = malloc(MAX_CORPUS_FILE);
	size_t size = room ? fread(room, 1, MAX_CORPUS_FILE, file) : 0;
	uint8_t *data = malloc(size ? size : 1);
	if (room && data && !ferror(file)) {
		if (size)
			memcpy(data, room, size);
		free(room);
		room = NULL;
		alarm(SECONDS_PER_INPUT);
		LLVMFuzzerTestOneInput(data, size);
		alarm(0);
		pass("%s", name);
	} else {
		fail("%s: cannot be read", path);
	}
	free(room);
	free(data);
	fclose(file);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_corpus(const char *program)
{
	const char *slash = strrchr(program, '/');
	const char *base = slash ? slash + 1 : program;
	const char *name = strncmp(base, "fuzz_", 5) == 0 ? base + 5 : base;
	const char *source = getenv("SLIPWAY_SRCDIR");
	char dir[4096], path[8192];
	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", source ? source : ".", name);

	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_visible, alphasort);
	ok(n > 0, "%s has a corpus", name);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		run_file(path, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			run_file(argv[i], argv[i]);
	} else {
		run_corpus(argv[0]);
	}
	return done_testing();
}
