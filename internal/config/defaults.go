package config

import "time"

// The defaults. A key that is not listed here is empty or must be given.
const (
	DefaultDataDir         = "/var/lib/contactd"
	DefaultLogLevel        = "info"
	DefaultLogFormat       = "text"
	DefaultCustomerAddress = "127.0.0.1:8081"
	DefaultAgentAddress    = "127.0.0.1:8082"
	DefaultMetricsAddress  = "127.0.0.1:8083"

	DefaultContactToken = 24 * time.Hour
	DefaultRoomToken    = 2 * time.Minute
	DefaultSession      = 12 * time.Hour

	DefaultPersonal = 90 * 24 * time.Hour

	DefaultPerNumberPerHour  = 5
	DefaultPerAddressPerHour = 30
	DefaultPerNetworkPerHour = 120
	DefaultCallsPerMinute    = 60
	DefaultCallsConcurrent   = 50

	DefaultApp      = "contactd"
	DefaultUsername = "contactd"
	DefaultSIP      = "127.0.0.1:5060"
	DefaultRTPFrom  = 10000
	DefaultRTPTo    = 20000

	DefaultRing            = 20 * time.Second
	DefaultWrapUp          = 15 * time.Second
	DefaultWrapUpExtension = 30 * time.Second
	DefaultMusic           = "default"
	DefaultAttempts        = 2
	DefaultPause           = 5 * time.Minute
	DefaultCustomerRing    = 30 * time.Second

	DefaultRole      = RoleAgent
	DefaultMaxMisses = 1
)

// What an agent may be.
const (
	RoleAgent      = "agent"
	RoleSupervisor = "supervisor"
)

// defaults of the parts that exist once.
func defaults() Config {
	var c Config
	c.DataDir = DefaultDataDir
	c.Log = Log{Level: DefaultLogLevel, Format: DefaultLogFormat}
	c.Listen.Customer.Address = DefaultCustomerAddress
	c.Listen.Agent.Address = DefaultAgentAddress
	c.Listen.Metrics.Address = DefaultMetricsAddress
	c.Tokens = Tokens{Contact: DefaultContactToken, Room: DefaultRoomToken, Session: DefaultSession}
	c.Retention = Retention{Personal: DefaultPersonal}
	c.Numbers = Numbers{
		PerNumberPerHour:  DefaultPerNumberPerHour,
		PerAddressPerHour: DefaultPerAddressPerHour,
		PerNetworkPerHour: DefaultPerNetworkPerHour,
		CallsPerMinute:    DefaultCallsPerMinute,
		CallsConcurrent:   DefaultCallsConcurrent,
	}
	return c
}

// entryDefaults are the defaults of one entry of each kind of which there may be several.
func entryDefaults() (PBX, Queue, Agent) {
	pbx := PBX{Username: DefaultUsername, App: DefaultApp}
	pbx.SIP.Address = DefaultSIP
	pbx.RTP.From, pbx.RTP.To = DefaultRTPFrom, DefaultRTPTo
	queue := Queue{
		Ring: DefaultRing, WrapUp: DefaultWrapUp, WrapUpExtension: DefaultWrapUpExtension, Music: DefaultMusic,
		CallBack: CallBack{Attempts: DefaultAttempts, Pause: DefaultPause, Ring: DefaultCustomerRing},
	}
	agent := Agent{Role: DefaultRole, MaxMisses: DefaultMaxMisses}
	return pbx, queue, agent
}
