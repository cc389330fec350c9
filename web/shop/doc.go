// Package shop is a small shop of several plain pages that embeds contactd's page script as a company would: from another
// site, under a strict content security policy, with a form that has shared and private fields. The demo and the browser
// tests serve it.
package shop
