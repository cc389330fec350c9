// Package acdtest tries the director: scenario files, a slow model that the router must agree with, and a simulator
// that loses, doubles and reorders what the PBX tells.
package acdtest
