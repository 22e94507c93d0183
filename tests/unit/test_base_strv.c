#include "config.h"

#include "runner/base/strv.h"
#include "tests/unit/tap.h"

static void is_joined(const struct slip_strv *sv, const char *want, const char *name)
{
	slip_autofree char *got = slip_strv_join(sv, "|");
	is_str(got, want, "%s", name);
	if (sv->v)
		ok(sv->v[sv->n] == NULL, "%s: NULL at the end", name);
}

int main(void)
{
	slip_autostrv sv = {0}, other = {0};
	is_joined(&sv, "", "an empty vector");
	slip_strv_clear(&sv);
	slip_strv_sort(&sv);
	ok(!slip_strv_has(&sv, "a"), "has nothing");
	slip_strv_add(&sv, "b");
	slip_strv_addn(&sv, "aXXX", 1);
	slip_strv_addf(&sv, "%s%d", "c", 1);
	slip_strv_take(&sv, slip_xstrdup(""));
	is_joined(&sv, "b|a|c1|", "four ways to add");
	ok(slip_strv_has(&sv, "a") && slip_strv_has(&sv, "") && !slip_strv_has(&sv, "c"), "has");
	slip_strv_copy(&other, &sv);
	ok(slip_strv_equal(&sv, &other), "a copy is equal");
	slip_strv_sort(&sv);
	is_joined(&sv, "|a|b|c1", "byte order");
	ok(!slip_strv_equal(&sv, &other), "order matters");
	slip_strv_remove(&sv, 3);
	slip_strv_remove(&sv, 0);
	is_joined(&sv, "a|b", "removed at both ends");
	ok(!slip_strv_equal(&sv, &other), "so does length");
	slip_strv_clear(&sv);
	slip_strv_split(&sv, "", ':');
	is_int(sv.n, 1, "splitting nothing gives one empty piece");
	slip_strv_clear(&sv);
	slip_strv_split(&sv, ":a::b:", ':');
	is_joined(&sv, "|a||b|", "empty pieces are kept");
	slip_strv_copy(&sv, &(struct slip_strv){0});
	is_int(sv.n, 0, "a copy of nothing");
	for (int i = 0; i < 1000; i++)
		slip_strv_addf(&sv, "%d", i);
	ok(sv.n == 1000 && slip_streq(sv.v[999], "999") && !sv.v[1000], "a thousand");
	while (sv.n)
		slip_strv_remove(&sv, sv.n / 2);
	ok(!sv.v[0], "and none again");
	return done_testing();
}
