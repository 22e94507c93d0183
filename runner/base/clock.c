#include "config.h"

#include "runner/base/clock.h"

#include <ctype.h>
#include <time.h>

int64_t slip_clock_now(void)
{
	const char *fixed = getenv("SLIPWAY_TEST_NOW");
	if (fixed)
		return strtoll(fixed, NULL, 10);
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

double slip_clock_monotonic(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double program_start;

__attribute__((constructor)) static void note_start(void)
{
	program_start = slip_clock_monotonic();
}

double slip_clock_elapsed(void)
{
	return slip_clock_monotonic() - program_start;
}

double slip_clock_alive_interval(void)
{
	const char *text = getenv("SLIPWAY_TEST_ALIVE");
	double seconds = text ? strtod(text, NULL) : 0;
	return seconds > 0 ? seconds : 10;
}

void slip_clock_rfc3339(int64_t t, char out[SLIP_RFC3339_SIZE])
{
	/* Years without four digits have no RFC 3339 form: clamp to 1000..9999. */
	const int64_t first = -30610224000, last = 253402300799;
	time_t when = (time_t)(t < first ? first : t > last ? last : t);
	struct tm tm;
	gmtime_r(&when, &tm);
	if (strftime(out, SLIP_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		slip_bug("a time without an RFC 3339 form");
}

/* Exactly n digits at *s; advances it. */
static bool digits(const char **s, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return false;
		*out = *out * 10 + (**s - '0');
	}
	return true;
}

static bool literal(const char **s, const char *set)
{
	if (!**s || !strchr(set, **s))
		return false;
	(*s)++;
	return true;
}

static bool offset_seconds(const char **s, int *out)
{
	*out = 0;
	if (literal(s, "Zz"))
		return true;
	int sign = **s == '-' ? -1 : 1, hours, minutes;
	if (!literal(s, "+-") || !digits(s, 2, &hours) || !literal(s, ":") ||
		!digits(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*out = sign * (hours * 3600 + minutes * 60);
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 2 && leap ? 29 : days[month - 1];
}

static bool parse_rfc3339(const char *s, int64_t *out)
{
	struct tm tm = {0};
	int offset;
	if (!digits(&s, 4, &tm.tm_year) || !literal(&s, "-") || !digits(&s, 2, &tm.tm_mon) ||
		!literal(&s, "-") || !digits(&s, 2, &tm.tm_mday) || !literal(&s, "Tt ") ||
		!digits(&s, 2, &tm.tm_hour) || !literal(&s, ":") || !digits(&s, 2, &tm.tm_min) ||
		!literal(&s, ":") || !digits(&s, 2, &tm.tm_sec))
		return false;
	if (literal(&s, ".")) {
		if (!isdigit((unsigned char)*s))
			return false;
		while (isdigit((unsigned char)*s))
			s++;
	}
	if (!offset_seconds(&s, &offset) || *s)
		return false;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
		tm.tm_mday > days_in_month(tm.tm_year, tm.tm_mon) || tm.tm_hour > 23 ||
		tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out = (int64_t)timegm(&tm) - offset;
	return true;
}

int slip_clock_parse_rfc3339(const char *s, int64_t *out, struct slip_err *err)
{
	int64_t t;
	if (!parse_rfc3339(s, &t))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"\"%.64s\" is no RFC 3339 time such as 2026-11-21T10:00:00Z", s);
	*out = t;
	return 0;
}

static const struct {
	const char *name;
	double ns;
} units[] = {
	{"ns", 1},
	{"us", 1e3},
	{"\xc2\xb5s", 1e3},
	{"\xce\xbcs", 1e3},
	{"ms", 1e6},
	{"s", 1e9},
	{"m", 60e9},
	{"h", 3600e9},
};

/* The unit at *s, longest name first since "m" starts "ms"; 0 for none. */
static double unit_at(const char **s)
{
	size_t best = 0;
	double ns = 0;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(units); i++) {
		size_t n = strlen(units[i].name);
		if (n > best && strncmp(*s, units[i].name, n) == 0) {
			best = n;
			ns = units[i].ns;
		}
	}
	*s += best;
	return ns;
}

static bool parse_duration(const char *s, int64_t *ns)
{
	if (*s == '+')
		s++;
	if (slip_streq(s, "0")) {
		*ns = 0;
		return true;
	}
	double total = 0;
	do {
		if (!isdigit((unsigned char)*s) && *s != '.')
			return false;
		double value = 0, scale = 0.1;
		int seen = 0;
		for (; isdigit((unsigned char)*s); s++, seen++)
			value = value * 10 + (*s - '0');
		if (*s == '.') {
			for (s++; isdigit((unsigned char)*s); s++, seen++, scale /= 10)
				value += (*s - '0') * scale;
		}
		double unit = unit_at(&s);
		if (!seen || unit <= 0)
			return false;
		total += value * unit;
	} while (*s);
	if (total >= 0x1p63)
		return false;
	*ns = (int64_t)(total < 0x1p52 ? total + 0.5 : total);
	return true;
}

int slip_clock_parse_duration(const char *s, int64_t *ns, struct slip_err *err)
{
	int64_t v;
	if (!parse_duration(s, &v))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"\"%.64s\" is no duration such as 90s, 30m or 336h", s);
	*ns = v;
	return 0;
}
