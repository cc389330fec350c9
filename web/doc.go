// Package web holds the browsers' side: the script that companies embed in their pages (web/page), the agent desk
// (web/desk) and the demo shop (web/shop). `go run ./web/build` makes web/dist from the TypeScript sources; this package
// embeds the result and says how to serve it.
//
// A binary that was built before web/dist starts all the same, and every function here then returns ErrNotBuilt, which
// names the command that is missing.
package web
