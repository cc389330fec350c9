package ari

// ListEndpoints lists all endpoints, or those of one technology ("PJSIP") if it is not empty.
func ListEndpoints(technology string) Request[[]Endpoint] {
	path := "endpoints"
	if technology != "" {
		path = resource("endpoints", technology)
	}
	return Request[[]Endpoint]{Method: "GET", Path: path}
}

// GetEndpoint returns one endpoint with its state and channels.
func GetEndpoint(technology, name string) Request[Endpoint] {
	return Request[Endpoint]{Method: "GET", Path: resource("endpoints", technology, name)}
}

// ListDeviceStates lists the states that applications have set.
func ListDeviceStates() Request[[]DeviceState] {
	return Request[[]DeviceState]{Method: "GET", Path: "deviceStates"}
}

// GetDeviceState returns the state of one device, "PJSIP/anna".
func GetDeviceState(device string) Request[DeviceState] {
	return Request[DeviceState]{Method: "GET", Path: resource("deviceStates", device)}
}

// SetDeviceState sets the state of a device of the application's own, "Stasis:…".
func SetDeviceState(device string, state DeviceStateValue) Request[None] {
	return Request[None]{
		Method: "PUT", Path: resource("deviceStates", device), Query: query{}.text("deviceState", string(state)).values(),
	}
}
