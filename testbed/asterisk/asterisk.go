package asterisk

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"contactd/ari"
)

// RootVariable is the environment variable with the folder that testbed/asterisk-root.sh has made.
const RootVariable = "CONTACTD_ASTERISK_ROOT"

const (
	// username is ARI's user. The password is made anew for each instance.
	username = "contactd"
	// readyWithin is generous: Asterisk answers after about a second, on a busy machine after several.
	readyWithin = 60 * time.Second
	// stopWithin is how long an Asterisk may take to stop by itself. It takes 0.1 s, but 22.10 sometimes hangs in it (after
	// an originate to an unregistered telephone), and nothing of it is needed any more.
	stopWithin = 3 * time.Second
	// defaultRTPPorts are enough for a hundred calls of two legs.
	defaultRTPPorts = 400
)

// Options says what to run. Its zero value runs the minimal configuration.
type Options struct {
	// Root is the folder made by asterisk-root.sh; empty means $CONTACTD_ASTERISK_ROOT.
	Root string
	// Files returns the contents of the configuration directory by file name. They replace the minimal configuration's
	// files of the same names; asterisk.conf is always ours.
	Files func(Settings) (map[string][]byte, error)
	// RTPPorts is how many UDP ports there are for media: each leg takes two. 0 means 400.
	RTPPorts int
	// Verbose is Asterisk's console verbosity.
	Verbose int
}

// Settings are what a configuration must agree with.
type Settings struct {
	// Address is what to bind: 127.0.0.1.
	Address string
	// HTTP is the TCP port of ARI and of SIP over WebSocket, HTTPS the one for TLS, SIP the UDP and TCP port, SIPTLS the one
	// for TLS. HTTPS and SIPTLS are used only by configurations that want them.
	HTTP, HTTPS, SIP, SIPTLS int
	// RTPFirst and RTPLast bound the UDP ports for media.
	RTPFirst, RTPLast int
	// Username and Password are those that ari.conf must have.
	Username, Password string
	// Dir is the instance's own directory, Root the folder with the programs.
	Dir, Root string
}

// Asterisk is a running instance.
type Asterisk struct {
	Settings Settings
	verbose  int
	block    *block
	process  *process
}

// process is one run of the program; a restarted instance has another.
type process struct {
	pid    int
	ended  chan struct{}
	result error // valid when ended is closed
}

// Start starts an Asterisk and returns when its ARI answers. When it cannot, the error holds the end of Asterisk's log.
func Start(ctx context.Context, options Options) (_ *Asterisk, err error) {
	root := options.Root
	if root == "" {
		root = os.Getenv(RootVariable)
	}
	if root == "" {
		return nil, fmt.Errorf("asterisk: no root: set %s to what testbed/asterisk-root.sh prints", RootVariable)
	}
	if root, err = filepath.Abs(root); err != nil {
		return nil, fmt.Errorf("asterisk: root: %w", err)
	}
	// Not below the test's own directory, whose name can be too long for the control socket's 108 bytes.
	dir, err := os.MkdirTemp("", "asterisk-")
	if err != nil {
		return nil, fmt.Errorf("asterisk: %w", err)
	}
	a := &Asterisk{verbose: options.Verbose}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Stop())
		}
	}()
	a.Settings = Settings{Address: "127.0.0.1", Username: username, Password: rand.Text(), Dir: dir, Root: root}
	count := options.RTPPorts
	if count == 0 {
		count = defaultRTPPorts
	}
	if a.block, err = allocate(portsBeforeRTP + count); err != nil {
		return nil, err
	}
	first := a.block.first
	s := &a.Settings
	s.HTTP, s.HTTPS, s.SIP, s.SIPTLS = first+1, first+2, first+3, first+4
	s.RTPFirst, s.RTPLast = first+portsBeforeRTP, first+portsBeforeRTP+count-1
	if err = a.write(options.Files); err != nil {
		return nil, err
	}
	if err = a.run(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// write makes the directories and files.
func (a *Asterisk) write(files func(Settings) (map[string][]byte, error)) error {
	all, err := minimal(a.Settings)
	if err != nil {
		return err
	}
	if files != nil {
		theirs, err := files(a.Settings)
		if err != nil {
			return fmt.Errorf("asterisk: configuration: %w", err)
		}
		maps.Copy(all, theirs)
	}
	if all["asterisk.conf"], err = directories(a.Settings); err != nil {
		return err
	}
	for _, sub := range []string{"etc", "run", "lib", "db", "keys", "spool/recording", "spool/outgoing", "log"} {
		if err := os.MkdirAll(filepath.Join(a.Settings.Dir, sub), 0o755); err != nil {
			return fmt.Errorf("asterisk: %w", err)
		}
	}
	for name, content := range all {
		path := filepath.Join(a.Settings.Dir, "etc", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("asterisk: %w", err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return fmt.Errorf("asterisk: %w", err)
		}
	}
	return nil
}

func (a *Asterisk) configuration() string {
	return filepath.Join(a.Settings.Dir, "etc", "asterisk.conf")
}

// run starts the program and waits for its ARI.
func (a *Asterisk) run(ctx context.Context) error {
	console, err := os.OpenFile(a.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("asterisk: %w", err)
	}
	arguments := []string{"-C", a.configuration(), "-f", "-n"}
	if a.verbose > 0 {
		arguments = append(arguments, "-"+strings.Repeat("v", a.verbose))
	}
	cmd := exec.Command(filepath.Join(a.Settings.Root, "asterisk"), arguments...)
	cmd.Stdout, cmd.Stderr = console, console
	cmd.Dir = a.Settings.Dir
	// A Ctrl-C in the terminal is for the one who started us, and he stops us in his order. If he is killed, the kernel
	// kills Asterisk: no killed test leaves one behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}

	p := &process{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The death signal is sent when the *thread* that started the child ends, so this one must stay until then.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer console.Close()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.result = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("asterisk: %w", err)
	}
	a.process = p
	return a.awaitReady(ctx)
}

func (a *Asterisk) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	client, err := ari.New(a.ARI("ready"))
	if err != nil {
		return fmt.Errorf("asterisk: %w", err)
	}
	defer client.CloseIdleConnections()
	for {
		// While Asterisk loads its modules it says 404, and then 503 until it has booted; the client repeats the latter.
		_, err := ari.Do(ctx, client.HTTP(), ari.GetInfo("system"))
		if err == nil {
			return nil
		}
		if errors.Is(err, ari.ErrUnauthorized) {
			return fmt.Errorf("asterisk: is there, but %w (ari.conf must have user %s with Settings.Password)", err, username)
		}
		select {
		case <-a.process.ended:
			return fmt.Errorf("asterisk: ended at once: %v; the end of its log:\n%s", a.process.result, a.LogTail(40))
		case <-ctx.Done():
			return fmt.Errorf("asterisk: not ready within %v: %w; the end of its log:\n%s", readyWithin, err, a.LogTail(40))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ARI returns the configuration of a client.
func (a *Asterisk) ARI(app string) ari.Config {
	return ari.Config{
		URL:      fmt.Sprintf("http://%s:%d/ari", a.Settings.Address, a.Settings.HTTP),
		Username: a.Settings.Username, Password: a.Settings.Password, Application: app,
	}
}

// SIP is the address of SIP over UDP and TCP, "127.0.0.1:12303".
func (a *Asterisk) SIP() string { return fmt.Sprintf("%s:%d", a.Settings.Address, a.Settings.SIP) }

// PID is the process, for a test that measures it.
func (a *Asterisk) PID() int { return a.process.pid }

// Exited is closed when the present process has ended, by whatever means.
func (a *Asterisk) Exited() <-chan struct{} { return a.process.ended }

// Environment returns the variables by which a program finds this Asterisk; see testbed/withasterisk.
func (a *Asterisk) Environment() []string {
	return []string{
		"CONTACTD_ARI_URL=" + a.ARI("").URL,
		"CONTACTD_ARI_USERNAME=" + a.Settings.Username,
		"CONTACTD_ARI_PASSWORD=" + a.Settings.Password,
		"CONTACTD_SIP_ADDRESS=" + a.SIP(),
		"CONTACTD_ASTERISK_CONF=" + a.configuration(),
		RootVariable + "=" + a.Settings.Root,
	}
}

// CLI runs a command of Asterisk's console and returns what it printed.
func (a *Asterisk) CLI(ctx context.Context, command string) (string, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(a.Settings.Root, "asterisk"), "-C", a.configuration(), "-rx", command).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("asterisk: console command %q: %w: %s", command, err, bytes.TrimSpace(out))
	}
	return string(out), nil
}

// Kill ends the process as a crash does (SIGKILL) and waits until it is gone. Run it again with Restart.
func (a *Asterisk) Kill() error {
	if err := a.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-a.process.ended
	return nil
}

// Restart runs the program again after Kill, with the same directories and ports.
func (a *Asterisk) Restart(ctx context.Context) error {
	select {
	case <-a.process.ended:
		return a.run(ctx)
	default:
		return errors.New("asterisk: Restart: it is still running")
	}
}

// Pause stops the process where it is (SIGSTOP), so that its sockets stay open and say nothing; Resume lets it go on. It
// returns when every thread has stopped.
func (a *Asterisk) Pause() error {
	if err := a.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	limit := time.After(readyWithin)
	for {
		stopped, err := a.stopped()
		if err != nil {
			return fmt.Errorf("asterisk: pause: %w", err)
		}
		if stopped {
			return nil
		}
		select {
		case <-limit:
			return fmt.Errorf("asterisk: pause: some threads did not stop within %v", readyWithin)
		case <-time.After(time.Millisecond):
		}
	}
}

// stopped tells whether every thread is stopped, which on a busy machine takes a while: the kernel stops each when it is
// next scheduled.
func (a *Asterisk) stopped() (bool, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", a.process.pid))
	if err != nil || len(threads) == 0 {
		return false, errors.Join(err, errors.New("the process is not there"))
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has just ended
		}
		if err != nil {
			return false, err
		}
		// The state comes after the name in brackets (proc(5)).
		if end := bytes.LastIndexByte(stat, ')'); end < 0 || end+2 >= len(stat) || stat[end+2] != 'T' {
			return false, nil
		}
	}
	return true, nil
}

// Resume ends Pause.
func (a *Asterisk) Resume() error { return a.signal(syscall.SIGCONT) }

func (a *Asterisk) signal(s syscall.Signal) error {
	select {
	case <-a.process.ended:
		return nil // its number may be another's by now
	default:
	}
	if err := syscall.Kill(a.process.pid, s); err != nil {
		return fmt.Errorf("asterisk: %v: %w", s, err)
	}
	return nil
}

// Stop ends the process, gives the ports back and removes the directory. It may be called more than once.
func (a *Asterisk) Stop() error {
	var problems []error
	if a.process != nil {
		problems = append(problems, a.signal(syscall.SIGTERM), a.signal(syscall.SIGCONT))
		select {
		case <-a.process.ended:
		case <-time.After(stopWithin):
			problems = append(problems, a.Kill())
		}
	}
	if a.block != nil {
		a.block.release()
	}
	problems = append(problems, os.RemoveAll(a.Settings.Dir))
	return errors.Join(problems...)
}

func (a *Asterisk) logFile() string { return filepath.Join(a.Settings.Dir, "log", "console") }

// LogTail returns the last lines of what Asterisk printed.
func (a *Asterisk) LogTail(lines int) string {
	content, err := os.ReadFile(a.logFile())
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimRight(content, "\n"), []byte("\n"))
	return string(bytes.Join(all[max(0, len(all)-lines):], []byte("\n")))
}
