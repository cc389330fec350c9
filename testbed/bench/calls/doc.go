// Command calls measures call set-up: the same callers and agents through contactd and through Asterisk's own
// Answer(0,i) + Queue() with the same members, on the same Asterisk, in turns. It prints lines "metric NAME VALUE UNIT";
// each figure is the median over the rounds, a ratio is contactd's divided by the queue's.
//
//	ring   INVITE of the caller → INVITE at the agent
//	audio  INVITE of the caller → first audio of the agent at the caller
//	full   BYE of an agent's talk → next INVITE at that agent, counted only when that caller waited already
//
// Both sides are alike: 300 members (60 for full), talk time 3 s, no wrap-up, least recent first, autofill, no ringing
// of members in use; contactd with its journal, routing and all checks on.
package main
