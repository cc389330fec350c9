package engine

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"contactd/acd"
)

// Executor carries out commands of some kinds.
type Executor interface {
	// Execute begins a command; the next of the same contact is begun when it returns. settle tells the outcome, once,
	// during the call or later, from any goroutine. It must be called for every irreversible command, and for a
	// repeatable one when the outcome is not Done. After ctx has ended it need not be called any more.
	Execute(ctx context.Context, command acd.Command, settle func(acd.CommandSettled))
}

// ExecutorFunc is a function as an [Executor].
type ExecutorFunc func(ctx context.Context, command acd.Command, settle func(acd.CommandSettled))

// Execute calls the function.
func (f ExecutorFunc) Execute(ctx context.Context, command acd.Command, settle func(acd.CommandSettled)) {
	f(ctx, command, settle)
}

// Executors says who carries out which kind of action.
type Executors map[reflect.Type]*registered

// registered is an executor; commands that share one are in order.
type registered struct{ Executor }

// Register has x carry out the actions of the given types; only the types count. A type has one executor. Those that are
// registered in one call are executed in order for each contact; others run beside them.
func (e Executors) Register(x Executor, actions ...acd.Action) {
	one := &registered{x}
	for _, action := range actions {
		kind := reflect.TypeOf(action)
		if e[kind] != nil {
			panic(fmt.Sprintf("engine: %v has two executors", kind))
		}
		e[kind] = one
	}
}

// lanes executes commands: those of a contact and executor in order, all others side by side. A lane's goroutine exists
// only while it has something to do.
type lanes struct {
	executors Executors
	log       *slog.Logger
	settled   func(acd.CommandSettled)

	mu      sync.Mutex
	stopped bool
	lanes   map[laneKey]*lane
	running sync.WaitGroup
}

type laneKey struct {
	executor *registered
	contact  acd.ContactID
}

type lane struct {
	queue   []queued
	running bool
}

// queued is a command, and the batch whose commit it waits for (nil when it need not wait).
type queued struct {
	command acd.Command
	gate    *batch
}

func newLanes(executors Executors, log *slog.Logger, settled func(acd.CommandSettled)) *lanes {
	return &lanes{executors: executors, log: log, settled: settled, lanes: make(map[laneKey]*lane)}
}

// add queues the commands of a batch. Irreversible ones wait for [lanes.release], and so does what stands behind them in
// their lane.
func (l *lanes) add(ctx context.Context, b *batch, commands []acd.Command) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, command := range commands {
		next := queued{command: command}
		if command.Irreversible {
			next.gate = b
		}
		key := l.key(command)
		line := l.lanes[key]
		if line == nil {
			line = &lane{}
			l.lanes[key] = line
		}
		line.queue = append(line.queue, next)
		l.wake(ctx, key, line)
	}
}

// release lets the irreversible commands of a batch go. It may come before their add.
func (l *lanes) release(ctx context.Context, b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.landed = true
	for _, command := range b.commands {
		key := l.key(command)
		if line := l.lanes[key]; line != nil {
			l.wake(ctx, key, line)
		}
	}
}

func (l *lanes) key(command acd.Command) laneKey {
	return laneKey{executor: l.executors[reflect.TypeOf(command.Do)], contact: command.Contact}
}

// wake starts a lane that has something to do; the lock is held.
func (l *lanes) wake(ctx context.Context, key laneKey, line *lane) {
	if line.running || l.stopped || len(line.queue) == 0 || !line.queue[0].may() {
		return
	}
	line.running = true
	l.running.Go(func() { l.run(ctx, key, line) })
}

// may says whether a command need not wait any more; the lock is held.
func (q queued) may() bool { return q.gate == nil || q.gate.landed }

func (l *lanes) run(ctx context.Context, key laneKey, line *lane) {
	for {
		command, some := l.next(key, line)
		if !some {
			return
		}
		l.execute(ctx, command)
	}
}

// next takes the lane's first command, or ends the lane's goroutine.
func (l *lanes) next(key laneKey, line *lane) (acd.Command, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(line.queue) == 0:
		delete(l.lanes, key)
	case l.stopped || !line.queue[0].may():
	default:
		command := line.queue[0].command
		line.queue = line.queue[1:]
		return command, true
	}
	line.running = false
	return acd.Command{}, false
}

func (l *lanes) execute(ctx context.Context, command acd.Command) {
	executor := l.executors[reflect.TypeOf(command.Do)]
	if executor == nil {
		l.log.Error("no executor for command", "kind", fmt.Sprintf("%T", command.Do), "contact", command.Contact)
		l.settled(acd.CommandSettled{Command: command.ID, Outcome: acd.Refused, Detail: "no executor"})
		return
	}
	executor.Execute(ctx, command, func(outcome acd.CommandSettled) {
		outcome.Command = command.ID
		if outcome.Outcome != acd.Done {
			l.log.Warn("command not done", "kind", fmt.Sprintf("%T", command.Do), "contact", command.Contact,
				"outcome", outcome.Outcome, "cause", outcome.Cause, "detail", outcome.Detail)
		} else if !command.Irreversible {
			return // nobody waits for it
		}
		l.settled(outcome)
	})
}

// drain waits until everything queued was begun, or until the timeout. What is left is in the outbox, or derived again
// from the PBX's listing.
func (l *lanes) drain(timeout <-chan time.Time) {
	done := make(chan struct{})
	go func() {
		l.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return
	case <-timeout:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	left := 0
	for _, line := range l.lanes {
		left += len(line.queue)
	}
	l.log.Warn("commands left for the next start", "commands", left)
}

// wait ends the lanes: what has begun is awaited, nothing new is begun.
func (l *lanes) wait() {
	l.mu.Lock()
	l.stopped = true
	l.mu.Unlock()
	l.running.Wait()
}

func (l *lanes) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lanes)
}
