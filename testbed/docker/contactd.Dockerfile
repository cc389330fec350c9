# contactd as one static binary (CGO_ENABLED=0 go build); its configuration is mounted on /etc/contactd.
ARG BASE=debian:sid-slim
FROM ${BASE}
COPY contactd /usr/local/bin/contactd
ENTRYPOINT ["contactd"]
CMD ["serve", "--config", "/etc/contactd/contactd.yaml"]
