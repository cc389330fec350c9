# Asterisk 22 from Debian; its configuration is mounted on /etc/asterisk (contactd pbx render).
ARG BASE=debian:sid-slim
FROM ${BASE}
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      asterisk asterisk-core-sounds-en-gsm asterisk-moh-opsound-gsm >/dev/null \
 && asterisk -V | grep -q '^Asterisk 22\.' \
 && rm -rf /var/lib/apt/lists/*
ENTRYPOINT ["asterisk", "-f", "-C", "/etc/asterisk/asterisk.conf"]
