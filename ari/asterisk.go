package ari

// GetInfo describes the running Asterisk: all of it, or only the parts named build, system, config, status.
func GetInfo(only ...string) Request[Info] {
	return Request[Info]{Method: "GET", Path: "asterisk/info", Query: query{}.list("only", only).values()}
}

// PingAsterisk asks Asterisk for a sign of life.
func PingAsterisk() Request[Pong] {
	return Request[Pong]{Method: "GET", Path: "asterisk/ping"}
}

// GetGlobalVariable returns a global variable or function, empty if it is not set.
func GetGlobalVariable(variable string) Request[Variable] {
	return Request[Variable]{Method: "GET", Path: "asterisk/variable", Query: query{}.text("variable", variable).values()}
}

// SetGlobalVariable sets a global variable.
func SetGlobalVariable(variable, value string) Request[None] {
	q := query{}.text("variable", variable).values()
	q.Set("value", value)
	return Request[None]{Method: "POST", Path: "asterisk/variable", Query: q}
}

// ConfigObject names an object of the dynamic configuration: class "res_pjsip", type "endpoint", "aor" or "auth". It can
// be written only where sorcery.conf gives its type a writable place; a restart of Asterisk may forget it.
type ConfigObject struct{ Class, Type, ID string }

func (o ConfigObject) path() string {
	return resource("asterisk", "config", "dynamic", o.Class, o.Type, o.ID)
}

// GetConfig returns an object's attributes.
func GetConfig(object ConfigObject) Request[[]ConfigTuple] {
	return Request[[]ConfigTuple]{Method: "GET", Path: object.path()}
}

// PutConfig makes an object or changes the named attributes of it. A wrong attribute gives 400, an object from a file 403.
func PutConfig(object ConfigObject, attributes ...ConfigTuple) Request[[]ConfigTuple] {
	return Request[[]ConfigTuple]{
		Method: "PUT", Path: object.path(), Body: map[string]any{"fields": attributes},
	}
}

// DeleteConfig removes an object; that it is gone already is no error. A call of that endpoint goes on.
func DeleteConfig(object ConfigObject) Request[None] {
	return Request[None]{Method: "DELETE", Path: object.path(), GoneIsDone: true}
}
