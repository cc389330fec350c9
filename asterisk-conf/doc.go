// Package asteriskconf is the PBX's side of contactd: the configuration of an Asterisk 22, one file a purpose, with the
// reason for each line in the line's own comment.
//
// [Render] fills the embedded templates; `contactd pbx render` writes the result for an administrator, and the testbed runs a
// real Asterisk from the same files with loopback ports and directories of its own. The files are complete: an Asterisk that
// is started with them needs no others. Whoever pairs contactd with an Asterisk of his own takes what he needs: the user in
// ari.conf, the contexts in extensions.conf, the queues, and the agents' endpoints in pjsip.conf.
//
// # Quoting
//
// Names and secrets come from people. Every value that reaches a file is either of a closed alphabet or escaped, so that no
// value can end its line, begin a comment or open a section; what cannot be written safely is refused, all of it at once,
// with the place and the remedy.
package asteriskconf
