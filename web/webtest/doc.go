// Package webtest walks through the page script and the agent desk with real Chromium windows. Its only contents are
// tests: fast ones against a small server that speaks contactd's HTTP contract and does what the test says, and whole
// flows against the built daemon, a real Asterisk and telephones.
//
// A test waits for states, never for time. Set CONTACTD_SHOTS to a folder to get pictures of what the windows showed.
package webtest
