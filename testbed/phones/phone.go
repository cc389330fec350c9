package phones

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

// Options says what a telephone is like.
type Options struct {
	// PBX is where it registers and whom it calls, "127.0.0.1:12303".
	PBX string
	// User is its name there. With a Password it answers challenges.
	User, Password string
	// Behaviour is what it does with a call that comes in; nil answers at once.
	Behaviour Behaviour
	// AutoAnswer lets it answer at once, whatever its behaviour, when the call asks for it (Call-Info or Alert-Info).
	AutoAnswer bool
	// CallWaiting lets it take a second call while it has one; otherwise it is busy.
	CallWaiting bool
	// Tone is the frequency that it sends during a call, in Hz; 0 is silence.
	Tone float64
	// OnEvent is called for every event, on the goroutine on which it happens.
	OnEvent func(Event)
	// Log is told what the SIP library finds odd; nil is silent.
	Log *slog.Logger
}

// Phone is a telephone, or a caller from outside: one that does not register.
type Phone struct {
	options Options
	conn    net.PacketConn
	agent   *sipgo.UserAgent
	client  *sipgo.Client
	clients *sipgo.DialogClientCache
	servers *sipgo.DialogServerCache
	contact sip.ContactHeader
	served  chan struct{}
	work    sync.WaitGroup

	mu        sync.Mutex
	behaviour Behaviour
	events    []Event
	awaited   int
	changed   chan struct{}
	calls     map[string]*Call // by Call-ID, until they end
	closed    bool
}

// New makes a telephone, which can be reached at once; see [Phone.Register]. [Phone.Close] it.
func New(options Options) (*Phone, error) {
	if options.PBX == "" || options.User == "" {
		return nil, errors.New("phones: PBX and User must be given")
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Behaviour == nil {
		options.Behaviour = Answer(0)
	}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("phones: %w", err)
	}
	p := &Phone{
		options: options, conn: conn, behaviour: options.Behaviour, changed: make(chan struct{}), calls: make(map[string]*Call),
		served: make(chan struct{}),
	}
	if err := p.listen(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("phones: %w", err)
	}
	return p, nil
}

func (p *Phone) listen() error {
	address := p.conn.LocalAddr().(*net.UDPAddr)
	var err error
	p.agent, err = sipgo.NewUA(sipgo.WithUserAgent(p.options.User), sipgo.WithUserAgentHostname("127.0.0.1"),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(p.options.Log)),
		sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerLogger(p.options.Log)))
	if err != nil {
		return err
	}
	server, err := sipgo.NewServer(p.agent, sipgo.WithServerLogger(p.options.Log))
	if err != nil {
		return err
	}
	// Requests go out through the socket at which calls come in.
	p.client, err = sipgo.NewClient(p.agent, sipgo.WithClientLogger(p.options.Log),
		sipgo.WithClientAddr(address.String()), sipgo.WithClientConnectionAddr(address.String()))
	if err != nil {
		return err
	}
	p.contact = sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: p.options.User, Host: "127.0.0.1", Port: address.Port}}
	p.clients = sipgo.NewDialogClientCache(p.client, p.contact)
	p.servers = sipgo.NewDialogServerCache(p.client, p.contact)
	server.OnInvite(p.onInvite)
	server.OnAck(func(r *sip.Request, tx sip.ServerTransaction) { _ = p.servers.ReadAck(r, tx) })
	server.OnBye(p.onBye)
	okay := func(r *sip.Request, tx sip.ServerTransaction) {
		_ = tx.Respond(sip.NewResponseFromRequest(r, 200, "OK", nil))
	}
	server.OnOptions(okay)
	server.OnNotify(okay)
	server.OnUpdate(okay)
	server.OnInfo(okay)
	go func() {
		defer close(p.served)
		_ = server.ServeUDP(p.conn)
	}()
	// Before the socket is known to the library, a request would open a second one at the same port.
	for {
		if connection, err := p.agent.TransportLayer().GetConnection("udp", address.String()); err == nil {
			_, err := connection.TryClose()
			return err
		}
		select {
		case <-p.served:
			return errors.New("the socket closed at once")
		default:
			runtime.Gosched()
		}
	}
}

// Address is where the telephone is reached.
func (p *Phone) Address() string { return p.conn.LocalAddr().String() }

// Behave changes what the telephone does with the calls that come in from now on.
func (p *Phone) Behave(b Behaviour) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.behaviour = b
}

// Register tells the PBX where the telephone is, for an hour.
func (p *Phone) Register(ctx context.Context) error { return p.register(ctx, time.Hour) }

// Unregister takes that back.
func (p *Phone) Unregister(ctx context.Context) error { return p.register(ctx, 0) }

func (p *Phone) register(ctx context.Context, expires time.Duration) error {
	target, err := p.uri("")
	if err != nil {
		return err
	}
	request := sip.NewRequest(sip.REGISTER, target)
	self := target
	self.User = p.options.User
	from := &sip.FromHeader{Address: self}
	from.Params.Add("tag", sip.GenerateTagN(16))
	request.AppendHeader(from)
	request.AppendHeader(&sip.ToHeader{Address: self})
	request.AppendHeader(sip.HeaderClone(&p.contact))
	seconds := sip.ExpiresHeader(expires / time.Second)
	request.AppendHeader(&seconds)
	response, err := p.client.Do(ctx, request)
	if err == nil && response.StatusCode == sip.StatusUnauthorized && p.options.Password != "" {
		response, err = p.client.DoDigestAuth(ctx, request, response, sipgo.DigestAuth{Username: p.options.User, Password: p.options.Password})
	}
	if err != nil {
		return fmt.Errorf("phones: register %s: %w", p.options.User, err)
	}
	if response.StatusCode != sip.StatusOK {
		return fmt.Errorf("phones: register %s: %d %s", p.options.User, response.StatusCode, response.Reason)
	}
	p.tell(Event{Kind: Registered})
	return nil
}

// uri is a number at the PBX.
func (p *Phone) uri(number string) (sip.Uri, error) {
	var uri sip.Uri
	text := "sip:" + p.options.PBX
	if number != "" {
		text = "sip:" + number + "@" + p.options.PBX
	}
	if strings.ContainsAny(number, " @:;?") {
		return uri, fmt.Errorf("phones: %q is no number", number)
	}
	if err := sip.ParseUri(text, &uri); err != nil {
		return uri, fmt.Errorf("phones: %q: %w", text, err)
	}
	return uri, nil
}

// Calls returns the calls that have not ended.
func (p *Phone) Calls() []*Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := make([]*Call, 0, len(p.calls))
	for _, call := range p.calls {
		calls = append(calls, call)
	}
	return calls
}

// closeWithin bounds the hang-ups of a telephone that is closed.
const closeWithin = 5 * time.Second

// Close hangs up what is left and takes the telephone away. It does not unregister, as a telephone that loses its power.
func (p *Phone) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	for _, call := range p.Calls() {
		// Its PBX may have been stopped already; then there is nobody to tell.
		_ = call.HangUp(ctx)
		call.finish(Event{Kind: Ended, Detail: "us"})
	}
	err := errors.Join(p.agent.Close(), p.conn.Close())
	<-p.served
	p.work.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil // the library had closed the socket
	}
	return err
}

// spawn starts a goroutine for which Close waits, unless the telephone is closed.
func (p *Phone) spawn(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.work.Go(f)
	return true
}

var errClosed = errors.New("phones: the telephone is closed")

// Vanish takes the telephone away without a word, as when a cable is cut. Close it all the same.
func (p *Phone) Vanish() error { return p.conn.Close() }
