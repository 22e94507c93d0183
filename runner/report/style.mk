# The style sheet of timeline.html as a C string.
EXTRA_DIST += \
	runner/report/embed.awk \
	runner/report/timeline.css
CLEANFILES += runner/report/timeline_style.c
nodist_librunner_a_SOURCES = runner/report/timeline_style.c

runner/report/timeline_style.c: runner/report/timeline.css runner/report/embed.awk
	$(AM_V_GEN)$(MKDIR_P) runner/report && $(AWK) -v name=slip_timeline_style \
		-v header=runner/report/timeline_internal.h \
		-f $(srcdir)/runner/report/embed.awk $(srcdir)/runner/report/timeline.css >$@.part && \
		mv $@.part $@
