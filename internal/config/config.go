package config

import "time"

// Config is everything that a contactd is told from outside. It does not change after [Load].
type Config struct {
	// DataDir holds the database, its lock and the installation's keys.
	DataDir string `mapstructure:"data_dir"`
	// Region is the country (ISO 3166, two letters) of numbers that are written without a leading +.
	Region string `mapstructure:"region"`
	Log    Log    `mapstructure:"log"`
	Listen Listen `mapstructure:"listen"`
	Tokens Tokens `mapstructure:"tokens"`
	// Retention says how long what is kept of a contact outlives it.
	Retention Retention `mapstructure:"retention"`
	Numbers   Numbers   `mapstructure:"numbers"`

	PBXs   map[string]PBX   `mapstructure:"pbxs"`
	Trunks map[string]Trunk `mapstructure:"trunks"`
	// Routes say which trunks carry a call to a number. The longest prefix wins.
	Routes []Route `mapstructure:"routes"`

	// Skills are the words that needs and qualifications may use.
	Skills []string         `mapstructure:"skills"`
	Queues map[string]Queue `mapstructure:"queues"`
	Agents map[string]Agent `mapstructure:"agents"`
	// Reasons that an agent may give for being not-ready.
	Reasons []string `mapstructure:"reasons"`
	// Sites are the company's web sites, whose pages may be shared and may ask for contacts.
	Sites map[string]Site `mapstructure:"sites"`

	// Warnings are worth an operator's look and stop nothing.
	Warnings []string `mapstructure:"-"`
}

// Log says how the daemon writes its log to standard error.
type Log struct {
	Level  string `mapstructure:"level"`  // debug, info, warn, error
	Format string `mapstructure:"format"` // text, json
}

// Listen has the three addresses of the daemon.
type Listen struct {
	Customer Listener `mapstructure:"customer"`
	Agent    Listener `mapstructure:"agent"`
	Metrics  struct {
		// Address of the metrics listener; empty turns it off.
		Address string `mapstructure:"address"`
	} `mapstructure:"metrics"`
}

// Listener is one HTTP address.
type Listener struct {
	Address string `mapstructure:"address"`
	// PublicURL is the origin under which browsers reach the listener.
	PublicURL string `mapstructure:"public_url"`
	TLS       TLS    `mapstructure:"tls"`
	// TrustedProxies (addresses or networks) may say in X-Forwarded-For whom they speak for.
	TrustedProxies []string `mapstructure:"trusted_proxies"`
}

// TLS has the files of a certificate chain and its key (PEM). They are read again when they change.
type TLS struct {
	Cert string `mapstructure:"cert"`
	Key  string `mapstructure:"key"`
}

// Tokens says how long what is signed stays valid.
type Tokens struct {
	// Contact is the life of a contact's token; a call-back may be due much later than the request.
	Contact time.Duration `mapstructure:"contact"`
	// Room is the life of the token in a room socket's first frame.
	Room time.Duration `mapstructure:"room"`
	// Session is how long an agent who does nothing stays signed in.
	Session time.Duration `mapstructure:"session"`
}

// Retention of data.
type Retention struct {
	// Personal is how long numbers, pages and chat are kept after a contact's end. Its record, which holds none of
	// them, stays.
	Personal time.Duration `mapstructure:"personal"`
}

// Numbers limits which numbers are called, and how often.
type Numbers struct {
	// Countries whose numbers may be called; the region alone when empty.
	Countries         []string `mapstructure:"countries"`
	PerNumberPerHour  int      `mapstructure:"per_number_per_hour"`
	PerAddressPerHour int      `mapstructure:"per_address_per_hour"`
	// PerNetworkPerHour counts requests of an IPv4 /24 or an IPv6 /64.
	PerNetworkPerHour int `mapstructure:"per_network_per_hour"`
	// CallsPerMinute and CallsConcurrent cap all calls to customers that contactd originates.
	CallsPerMinute  int `mapstructure:"calls_per_minute"`
	CallsConcurrent int `mapstructure:"calls_concurrent"`
}

// PBX is one Asterisk.
type PBX struct {
	ARIURL   string `mapstructure:"ari_url"`
	Username string `mapstructure:"username"`
	Password Secret `mapstructure:"password"`
	App      string `mapstructure:"app"`
	// CA is a PEM file with the authority of an https ari_url; the system's are used when empty.
	CA string `mapstructure:"ca"`
	// SIP and RTP are used by `contactd pbx render` only.
	SIP struct {
		Address string `mapstructure:"address"`
	} `mapstructure:"sip"`
	RTP struct {
		From int `mapstructure:"from"`
		To   int `mapstructure:"to"`
	} `mapstructure:"rtp"`
}

// Trunk carries calls to customers.
type Trunk struct {
	PBX string `mapstructure:"pbx"`
	// Dial is the template of the dial string; {e164} stands for the number's digits with country code, without +.
	Dial string `mapstructure:"dial"`
	// Host (host:port) is the other side, for `contactd pbx render`; empty when the PBX's own files define the trunk.
	Host string `mapstructure:"host"`
}

// Route names the trunks for numbers with a prefix, tried in order.
type Route struct {
	Prefix   string   `mapstructure:"prefix"`
	Trunks   []string `mapstructure:"trunks"`
	CallerID string   `mapstructure:"caller_id"`
	// Queues limits the route to contacts of these queues; empty means all.
	Queues []string `mapstructure:"queues"`
}

// Queue is a line of contacts with common needs.
type Queue struct {
	// Title by language, for people. English or the first one is used where a language is missing.
	Title map[string]string `mapstructure:"title"`
	// Number is the extension that callers reach the queue by, in the rendered dialplan.
	Number string `mapstructure:"number"`
	// PBX places the queue's calls; may be left out when there is only one.
	PBX string `mapstructure:"pbx"`
	// Needs are skills with the least level, 1 to 10.
	Needs    map[string]int `mapstructure:"needs"`
	Priority int            `mapstructure:"priority"`
	// Ring is how long an agent's phone rings.
	Ring            time.Duration `mapstructure:"ring"`
	WrapUp          time.Duration `mapstructure:"wrap_up"`
	WrapUpExtension time.Duration `mapstructure:"wrap_up_extension"`
	// Music is the music-on-hold class.
	Music string `mapstructure:"music"`
	// MaxWaiting refuses newcomers; 0 means no limit.
	MaxWaiting int `mapstructure:"max_waiting"`
	// Phone is the public number that a page shows.
	Phone    string   `mapstructure:"phone"`
	CallBack CallBack `mapstructure:"call_back"`
}

// CallBack says how a queue's customers are called.
type CallBack struct {
	Attempts int           `mapstructure:"attempts"`
	Pause    time.Duration `mapstructure:"pause"`
	Ring     time.Duration `mapstructure:"ring"`
}

// Agent is a person who takes contacts.
type Agent struct {
	Name string `mapstructure:"name"`
	// PasswordHash is made by `contactd user password`.
	PasswordHash Secret `mapstructure:"password_hash"`
	Role         string `mapstructure:"role"` // agent, supervisor
	PBX          string `mapstructure:"pbx"`
	Phone        Phone  `mapstructure:"phone"`
	// Queues that the agent serves.
	Queues []string `mapstructure:"queues"`
	// Skills with levels, 1 to 10.
	Skills map[string]int `mapstructure:"skills"`
	// MaxMisses is the number of ring-no-answers in a row after which the agent is made not-ready.
	MaxMisses int `mapstructure:"max_misses"`
}

// Phone is an agent's SIP endpoint.
type Phone struct {
	Endpoint string `mapstructure:"endpoint"`
	// Secret is the SIP password, for `contactd pbx render`.
	Secret Secret `mapstructure:"secret"`
	// AutoAnswer says that the phone answers by itself when told to.
	AutoAnswer bool `mapstructure:"auto_answer"`
}

// Site is one of the company's web sites.
type Site struct {
	Origins []string `mapstructure:"origins"`
	// SecretParameters of URLs are stripped before a page is shown to anybody else.
	SecretParameters []string `mapstructure:"secret_parameters"`
	// ExcludedPaths (prefixes) are never shared or pushed.
	ExcludedPaths []string `mapstructure:"excluded_paths"`
	// Queues that the site's pages may ask for; empty means all.
	Queues []string `mapstructure:"queues"`
	// Hotline is shown where contactd cannot be reached.
	Hotline string `mapstructure:"hotline"`
}
