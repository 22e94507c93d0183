#include "config.h"

#include "runner/base/map.h"
#include "tests/unit/tap.h"

static int freed;
static void count_free(void *value)
{
	(void)value;
	freed++;
}

static void test_order(void)
{
	slip_automap m;
	slip_map_init(&m, NULL);
	ok(!slip_map_get(&m, "x") && !slip_map_has(&m, "") && !slip_map_remove(&m, "x"), "empty");
	int values[3];
	slip_map_set(&m, "z", &values[0]);
	slip_map_set(&m, "a", &values[1]);
	slip_map_set(&m, "", &values[2]);
	ok(slip_map_get(&m, "z") == &values[0] && slip_map_get(&m, "") == &values[2], "found");
	ok(slip_streq(m.entries[0].key, "z") && slip_streq(m.entries[1].key, "a"), "in order");
	slip_map_set(&m, "z", &values[1]);
	ok(m.n == 3 && m.entries[0].value == &values[1], "set again: same place");
	slip_map_set(&m, "null", NULL);
	ok(slip_map_has(&m, "null") && !slip_map_get(&m, "null"), "NULL is a value");
	ok(slip_map_remove(&m, "a") && m.n == 3 && slip_streq(m.entries[1].key, ""), "removed");
	ok(!slip_map_has(&m, "a") && slip_map_has(&m, "null"), "that one only");
	slip_map_clear(&m);
	ok(!m.n && !slip_map_has(&m, "z"), "cleared");
	slip_map_set(&m, "z", &values[0]);
	ok(slip_map_has(&m, "z"), "and in use again");
}

static void test_bytes(void)
{
	slip_automap m;
	slip_map_init(&m, NULL);
	/* Every length around the hash's block of eight bytes, and NUL bytes in all places. */
	char key[40] = {0};
	for (size_t n = 0; n < sizeof(key); n++)
		slip_map_set_bytes(&m, key, n, &key[n]);
	bool good = m.n == sizeof(key);
	for (size_t n = 0; n < sizeof(key); n++)
		good = good && slip_map_get_bytes(&m, key, n) == &key[n];
	ok(good, "keys that differ in length alone");
	key[7] = 1;
	ok(!slip_map_find_bytes(&m, key, 8) && slip_map_find_bytes(&m, key, 7), "or in one byte");
}

static void test_many(void)
{
	slip_automap m;
	slip_map_init(&m, count_free);
	char key[32];
	for (int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		slip_map_set(&m, key, key);
	}
	bool good = m.n == 20000;
	for (int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		good = good && slip_map_has(&m, key) && slip_streq(m.entries[i].key, key);
	}
	ok(good, "twenty thousand keys");
	slip_map_set(&m, "key-7", NULL);
	is_int(freed, 1, "a replaced value is freed");
	slip_map_remove(&m, "key-8");
	is_int(freed, 2, "and a removed one");
	slip_map_release(&m);
	is_int(freed, 20001, "and all at the end");
}

static void test_strings(void)
{
	slip_automap a, b;
	slip_smap_init(&a);
	slip_smap_init(&b);
	slip_smap_set(&a, "k", "v");
	slip_smap_set(&a, "k", slip_smap_get(&a, "k"));
	is_str(slip_smap_get(&a, "k"), "v", "a value may be set to itself");
	slip_smap_set(&b, "old", "x");
	slip_smap_copy(&b, &a);
	ok(b.n == 1 && slip_streq(slip_smap_get(&b, "k"), "v"), "a copy replaces");
	ok(slip_smap_get(&a, "k") != slip_smap_get(&b, "k"), "and owns what it has");
}

int main(void)
{
	test_order();
	test_bytes();
	test_many();
	test_strings();
	return done_testing();
}
