// Package docker runs contactd, Asterisk and SIPp phones in containers, each with an address of its own, on a network
// that the bed makes: the testbed for what loopback hides (addresses in SDP, identification by address, names).
//
// The images are built from Debian's packages (the Dockerfiles here). Where no registry of images is reached the base is
// made locally by base.sh, and where no engine runs, engine.sh starts Debian's own.
package docker
