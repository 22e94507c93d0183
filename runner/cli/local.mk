librunner_a_SOURCES +=
