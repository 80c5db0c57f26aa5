#!/bin/sh
# Temporal's time-skipping test server, started by the SDK as an existing program.
# The SDK waits 5 s for it, so the JVM is kept light; `exec`, so that the SDK's signal ends the JVM and not only a shell.
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -cp "${GATEHOUSE_TIME_SKIPPING_JARS:?folder of jars}/*" \
  io.temporal.testserver.TestServer "$@"
