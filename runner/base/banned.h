/*
 * Functions that have no safe use here. Using one is a compile error.
 * Included at the end of mem.h, after the system headers that declare them.
 */
#ifndef SLIP_BASE_BANNED_H
#define SLIP_BASE_BANNED_H

#define SLIP_BANNED(fn) slip_banned_function_##fn

#undef strcpy
#define strcpy(a, b) SLIP_BANNED(strcpy)
#undef strcat
#define strcat(a, b) SLIP_BANNED(strcat)
#undef strncpy
#define strncpy(a, b, n) SLIP_BANNED(strncpy)
#undef strncat
#define strncat(a, b, n) SLIP_BANNED(strncat)
#undef strtok
#define strtok(a, b) SLIP_BANNED(strtok)
#undef strtok_r
#define strtok_r(a, b, c) SLIP_BANNED(strtok_r)
#undef sprintf
#define sprintf(...) SLIP_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) SLIP_BANNED(vsprintf)
#undef atoi
#define atoi(a) SLIP_BANNED(atoi)
#undef atol
#define atol(a) SLIP_BANNED(atol)
#undef gets
#define gets(a) SLIP_BANNED(gets)
#undef system
#define system(a) SLIP_BANNED(system)
#undef popen
#define popen(a, b) SLIP_BANNED(popen)
#undef alloca
#define alloca(a) SLIP_BANNED(alloca)
#undef mktemp
#define mktemp(a) SLIP_BANNED(mktemp)
#undef tmpnam
#define tmpnam(a) SLIP_BANNED(tmpnam)

#endif
