# SIPp phones and callers from Debian; scenarios are mounted on /scenarios.
ARG BASE=debian:sid-slim
FROM ${BASE}
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends sip-tester >/dev/null \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /tmp
ENTRYPOINT ["sipp"]
