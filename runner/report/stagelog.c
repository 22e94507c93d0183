#include "config.h"

#include "runner/report/stagelog.h"

#include "runner/base/io.h"
#include "runner/base/map.h"
#include "runner/report/console.h"

#define MAX_STAGE_NAME 100

struct stagelog {
	int dir;
	struct slip_map open; /* stage name to struct one_log */
};

struct one_log {
	int fd;
	struct slip_sink text; /* renders into fd */
};

static void free_log(void *p)
{
	struct one_log *log = p;
	log->text.close(log->text.ctx);
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
	log->text = slip_console_sink(&(struct slip_console_options){
		.fd = log->fd, .format = SLIP_LOG_TEXT, .level = SLIP_LOG_TRACE});
	return log;
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
		log->text.record(log->text.ctx, r);
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
