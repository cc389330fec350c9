// Package config reads contactd's configuration: a YAML file, CONTACTD_* environment variables and flags, by viper,
// into one validated [Config].
//
// # Contract
//
// [Load] reports every problem at once ([Problems]), each with the path of its key and what to do about it. Unknown
// keys are problems. Names of queues, agents, PBXs, trunks, sites and skills are lower case ([a-z0-9_-]); they are keys
// that journals and dialplans refer to. Environment variables are named after the key's path: pbxs.main.password is
// CONTACTD_PBXS_MAIN_PASSWORD. A flag goes before the environment, the environment before the file, the file before
// the defaults. Nothing outside this package reads the environment.
//
// # Caveats
//
// The environment can set a value of an entry that the file has, and cannot add an entry: an agent or a queue exists
// in the file or not at all. Lists of entries (routes) come from the file only. A CONTACTD_ variable that names no key
// is a warning and not an error, since container platforms inject variables named after services.
package config
