package asteriskconf

import "time"

// Input is what the files are made of. Zero values mean what the comments say.
type Input struct {
	// Name is this Asterisk's name in contactd's configuration. It begins the ids of all channels, so that those of
	// several Asterisks never collide.
	Name string
	// Application is the Stasis application; "contactd" when empty.
	Application string
	// Region is the country (ISO 3166, two letters) whose tones are played; the tones of the United States when it is
	// not among those that indications.conf knows.
	Region string
	// Directories are where this Asterisk keeps things; nil leaves Asterisk's own.
	Directories *Directories
	HTTP        HTTP
	ARI         ARI
	SIP         SIP
	RTP         RTP
	// Qualify is how often phones and trunks are asked whether they are alive (SIP OPTIONS); 0 is never.
	Qualify time.Duration

	Phones []Phone
	Trunks []Trunk
	Queues []Queue
}

// Directories are absolute paths.
type Directories struct {
	// Etc holds these files.
	Etc string
	// Modules and Data are parts of the Asterisk installation.
	Modules, Data string
	// State holds everything that this instance writes: database, spool, run, log.
	State string
}

// HTTP is the server that carries ARI, and SIP over WebSocket under /ws.
type HTTP struct {
	// Address is host:port; "127.0.0.1:8088" when empty.
	Address string
	// TLSAddress with Cert and Key (PEM files) serves the same by https and wss.
	TLSAddress, Cert, Key string
}

// ARI is the account that contactd uses.
type ARI struct{ Username, Password string }

// SIP is where phones and trunks reach this Asterisk.
type SIP struct {
	// Address is host:port, for UDP and TCP; "0.0.0.0:5060" when empty.
	Address string
}

// RTP is the range of media ports; 10000 to 20000 when zero.
type RTP struct{ From, To int }

// Phone is an agent's endpoint.
type Phone struct {
	// Endpoint is its name in Asterisk and its SIP user.
	Endpoint string
	// Name is shown to the other side.
	Name string
	// Secret is its SIP password.
	Secret string
	// Browser says that it is a telephone in a browser (WebRTC) and no SIP phone.
	Browser bool
}

// Trunk leads to the outside.
type Trunk struct {
	Name string
	// Host is host:port of the other side.
	Host string
	// Match are the addresses or networks from which it calls; Host's own when empty.
	Match []string
	// Username and Secret sign contactd's calls in, and register this Asterisk there when Register is set.
	Username, Secret string
	Register         bool
}

// Queue is reached by numbers.
type Queue struct {
	ID string
	// Numbers lead to it, as phones dial them and as trunks deliver them.
	Numbers []string
	// Music is its music-on-hold class; "default" when empty.
	Music string
	// Ring and WrapUp are those of contactd, for the time when it is away; 20 s and 0 when zero.
	Ring, WrapUp time.Duration
	// Priority is its weight among queues with the same members.
	Priority int
	// Members are the endpoints of its agents; each is one of the Phones.
	Members []string
}
