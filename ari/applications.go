package ari

// ListApplications lists the Stasis applications that are connected or still own something.
func ListApplications() Request[[]Application] {
	return Request[[]Application]{Method: "GET", Path: "applications"}
}

// GetApplication returns one application, [ErrNotFound] when it is not connected.
func GetApplication(name string) Request[Application] {
	return Request[Application]{Method: "GET", Path: resource("applications", name)}
}

// Subscribe adds event sources to an application: "channel:id", "bridge:id", "endpoint:PJSIP/anna", "deviceState:name".
// Subscribe narrowly: a burst of device states has frozen Asterisk for subscribers that were slow.
func Subscribe(app string, sources ...string) Request[Application] {
	return Request[Application]{
		Method: "POST", Path: resource("applications", app, "subscription"),
		Query: query{}.list("eventSource", sources).values(),
	}
}

// Unsubscribe takes event sources away again.
func Unsubscribe(app string, sources ...string) Request[Application] {
	return Request[Application]{
		Method: "DELETE", Path: resource("applications", app, "subscription"),
		Query: query{}.list("eventSource", sources).values(),
	}
}

// EventFilter chooses the events that an application is sent. An empty Allowed allows all.
type EventFilter struct {
	Allowed, Disallowed []string
}

// SetEventFilter sets the filter. RESTResponse is always added to a list of allowed events, because without it Asterisk
// swallows the answer to every request over the WebSocket.
func SetEventFilter(app string, filter EventFilter) Request[Application] {
	allowed := filter.Allowed
	if len(allowed) > 0 {
		allowed = append(append([]string(nil), allowed...), "RESTResponse")
	}
	return Request[Application]{
		Method: "PUT", Path: resource("applications", app, "eventFilter"),
		Body: map[string]any{"allowed": eventTypes(allowed), "disallowed": eventTypes(filter.Disallowed)},
	}
}

func eventTypes(names []string) []map[string]string {
	types := make([]map[string]string, len(names))
	for i, name := range names {
		types[i] = map[string]string{"type": name}
	}
	return types
}

// SendUserEvent sends an event of the caller's own to an application, which gets it as [ChannelUserevent].
func SendUserEvent(name, app string, variables map[string]string) Request[None] {
	return Request[None]{
		Method: "POST", Path: resource("events", "user", name), Query: query{}.text("application", app).values(),
		Body: variablesBody(variables),
	}
}
