#include "config.h"

#include "runner/report/stagelog.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/map.h"
#include "runner/report/line.h"

#define MAX_STAGE_NAME 100

struct stagelog {
	int dir;
	struct slip_map open; /* stage name to struct one_log */
};

struct one_log {
	int fd;
};

static void free_log(void *p)
{
	struct one_log *log = p;
	if (log->fd >= 0)
		close(log->fd);
	free(log);
}

/* A command can write where the logs are: an old name goes first, and no link is followed. */
static struct one_log *open_log(int dir, const char *stage)
{
	struct one_log *log = slip_xcalloc(1, sizeof(*log));
	slip_autofree char *name = slip_xasprintf("%s.log", stage);
	unlinkat(dir, name, 0);
	log->fd = openat(
		dir, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
	return log;
}

static void write_record(int fd, const struct slip_record *r)
{
	static const struct slip_line_options options = {
		.level = SLIP_LOG_TRACE, .max = SLIP_MAX_LOG_LINE};
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_LINES);
	slip_line_add(&options, r, SLIP_TONE_AUTO, &text);
	(void)!slip_write_all(fd, text.data, text.len, NULL);
}

static void record(void *ctx, const struct slip_record *r)
{
	struct stagelog *l = ctx;
	char stage[MAX_STAGE_NAME + 1];
	size_t n = strcspn(r->scope, "/");
	if (n == 0 || n > MAX_STAGE_NAME || r->scope[0] == '.')
		return;
	/* Not opened before its stage begins: an earlier one could have removed it by then. */
	if (r->kind == SLIP_RECORD_EVENT && slip_streq(r->text, "stage.plan"))
		return;
	memcpy(stage, r->scope, n);
	stage[n] = '\0';
	struct one_log *log = slip_map_get(&l->open, stage);
	if (!log) {
		log = open_log(l->dir, stage);
		slip_map_set(&l->open, stage, log);
	}
	if (log->fd >= 0)
		write_record(log->fd, r);
}

static void close_all(void *ctx)
{
	struct stagelog *l = ctx;
	slip_map_release(&l->open);
	close(l->dir);
	free(l);
}

struct slip_sink slip_stagelog_sink(int logs_fd)
{
	struct stagelog *l = slip_xcalloc(1, sizeof(*l));
	l->dir = logs_fd;
	slip_map_init(&l->open, free_log);
	return (struct slip_sink){record, close_all, l};
}
