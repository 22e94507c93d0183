slipway_SOURCES +=
