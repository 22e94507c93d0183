librunner_a_SOURCES += \
	runner/net/ca.c \
	runner/net/ca.h \
	runner/net/curl_library.c \
	runner/net/curl_library.h \
	runner/net/http.c \
	runner/net/http.h \
	runner/net/http_internal.h \
	runner/net/proxy.c \
	runner/net/proxy.h \
	runner/net/transfer.c \
	runner/net/url.c \
	runner/net/url.h
