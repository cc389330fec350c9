package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// message is a SIP message, read as far as a load generator must (RFC 3261 §7). Header names are lower-case.
type message struct {
	start   string
	headers map[string][]string
	body    string
}

func parse(packet []byte) (message, error) {
	head, body, _ := bytes.Cut(packet, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	if len(lines) < 2 {
		return message{}, errors.New("no SIP message")
	}
	m := message{start: lines[0], headers: map[string][]string{}, body: string(body)}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		m.headers[name] = append(m.headers[name], strings.TrimSpace(value))
	}
	return m, nil
}

func (m message) header(name string) string {
	if v := m.headers[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (m message) method() string {
	method, _, _ := strings.Cut(m.start, " ")
	return method
}

// status is 0 for a request.
func (m message) status() int {
	if !strings.HasPrefix(m.start, "SIP/2.0 ") {
		return 0
	}
	code, _ := strconv.Atoi(m.start[8:11])
	return code
}

// user of a name-addr or URI.
func user(address string) string {
	_, rest, _ := strings.Cut(address, "sip:")
	name, _, _ := strings.Cut(rest, "@")
	return name
}

// uri inside the angle brackets of a name-addr.
func uri(address string) string {
	_, rest, found := strings.Cut(address, "<")
	if !found {
		return address
	}
	inside, _, _ := strings.Cut(rest, ">")
	return inside
}

// media is where the other side wants its RTP (RFC 4566 m= and c= lines).
func (m message) media() (*net.UDPAddr, error) {
	var host string
	var port int
	for _, line := range strings.Split(m.body, "\r\n") {
		switch {
		case strings.HasPrefix(line, "c=IN IP4 "):
			host = strings.TrimPrefix(line, "c=IN IP4 ")
		case strings.HasPrefix(line, "m=audio "):
			port, _ = strconv.Atoi(strings.Fields(line)[1])
		}
	}
	if host == "" || port == 0 {
		return nil, fmt.Errorf("no media in %q", m.body)
	}
	return &net.UDPAddr{IP: net.ParseIP(host), Port: port}, nil
}

func offer(ip string, port int) string {
	return fmt.Sprintf("v=0\r\no=load 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n", ip, ip, port)
}

// endpoint is one UDP socket with many users behind it; messages are dispatched by Call-ID, requests without a dialog
// to invited.
type endpoint struct {
	conn    *net.UDPConn
	pbx     *net.UDPAddr
	invited func(m message, at time.Time)

	mu    sync.Mutex
	calls map[string]func(m message, at time.Time)
}

func listen(pbx string) (*endpoint, error) {
	remote, err := net.ResolveUDPAddr("udp4", pbx)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	if err := conn.SetReadBuffer(8 << 20); err != nil {
		return nil, err
	}
	return &endpoint{conn: conn, pbx: remote, calls: map[string]func(message, time.Time){}}, nil
}

func (e *endpoint) address() string { return e.conn.LocalAddr().String() }

// run reads until the socket is closed.
func (e *endpoint) run() {
	buffer := make([]byte, 64<<10)
	for {
		n, _, err := e.conn.ReadFromUDP(buffer)
		at := time.Now()
		if err != nil {
			return
		}
		m, err := parse(buffer[:n])
		if err != nil {
			continue // a keep-alive
		}
		e.mu.Lock()
		call := e.calls[m.header("call-id")]
		e.mu.Unlock()
		switch {
		case call != nil:
			call(m, at)
		case m.method() == "OPTIONS":
			e.answer(m, "200 OK", "", "")
		case m.method() == "INVITE" && e.invited != nil:
			e.invited(m, at)
		case m.status() == 0 && m.method() != "ACK":
			e.answer(m, "481 Call/Transaction Does Not Exist", "", "")
		}
	}
}

func (e *endpoint) on(id string, call func(message, time.Time)) {
	e.mu.Lock()
	e.calls[id] = call
	e.mu.Unlock()
}

func (e *endpoint) forget(id string) {
	e.mu.Lock()
	delete(e.calls, id)
	e.mu.Unlock()
}

func (e *endpoint) send(text string) {
	// A lost datagram shows as a failed call, which is counted.
	_, _ = e.conn.WriteToUDP([]byte(text), e.pbx)
}

// answer replies to a request; tag is added to To, contact and body when they are given.
func (e *endpoint) answer(m message, status, tag, body string) {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, via := range m.headers["via"] {
		fmt.Fprintf(&b, "Via: %s\r\n", via)
	}
	to := m.header("to")
	if tag != "" && !strings.Contains(to, "tag=") {
		to += ";tag=" + tag
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:%s>\r\n", m.header("from"), to, m.header("call-id"), m.header("cseq"), e.address())
	if body != "" {
		fmt.Fprint(&b, "Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	e.send(b.String())
}

// request is a request outside or inside a dialog.
func (e *endpoint) request(method, target, from, to, id string, seq int, extra, body string) {
	branch := fmt.Sprintf("z9hG4bK-%s-%d-%s", id, seq, method)
	if method == "ACK" {
		branch += "-ack"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\nMax-Forwards: 70\r\n%s",
		method, target, e.address(), branch, from, to, id, seq, method, user(from), e.address(), extra)
	if body != "" {
		fmt.Fprint(&b, "Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	e.send(b.String())
}

// register signs a user in with digest authentication (RFC 3261 §22, MD5).
func (e *endpoint) register(name, secret string) error {
	id := "reg-" + name + "-" + e.address()
	replies := make(chan message, 4)
	e.on(id, func(m message, _ time.Time) { replies <- m })
	defer e.forget(id)
	host := e.pbx.String()
	address := fmt.Sprintf("<sip:%s@%s>", name, host)
	target := "sip:" + host
	authorization := ""
	for seq := 1; seq <= 3; seq++ {
		e.request("REGISTER", target, address+";tag=r"+name, address, id, seq, "Expires: 3600\r\n"+authorization, "")
		select {
		case m := <-replies:
			switch m.status() {
			case 200:
				return nil
			case 401:
				authorization = digest(m.header("www-authenticate"), name, secret, "REGISTER", target)
			default:
				return fmt.Errorf("register %s: %s", name, m.start)
			}
		case <-time.After(2 * time.Second):
		}
	}
	return fmt.Errorf("register %s: no success", name)
}

func digest(challenge, name, secret, method, target string) string {
	field := func(key string) string {
		_, rest, _ := strings.Cut(challenge, key+"=\"")
		value, _, _ := strings.Cut(rest, "\"")
		return value
	}
	sum := func(parts ...string) string {
		h := md5.Sum([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(h[:])
	}
	realm, nonce, opaque := field("realm"), field("nonce"), field("opaque")
	ha1, ha2 := sum(name, realm, secret), sum(method, target)
	response := sum(ha1, nonce, "00000001", "load", "auth", ha2)
	line := fmt.Sprintf("Authorization: Digest username=%q, realm=%q, nonce=%q, uri=%q, response=%q, algorithm=MD5, qop=auth, nc=00000001, cnonce=\"load\"", name, realm, nonce, target, response)
	if opaque != "" {
		line += fmt.Sprintf(", opaque=%q", opaque)
	}
	return line + "\r\n"
}
