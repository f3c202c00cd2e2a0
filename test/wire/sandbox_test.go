//go:build local

package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sagescale/test/localaccount"
)

// errCrashed says that the process was killed on purpose while it handled the event.
var errCrashed = errors.New("the function was killed")

// sandbox runs a function as Lambda does: a process that polls a runtime API for one event
// after the other. A process that has ended is followed by another when the next event
// comes. It does not outlive its test: it is killed at the end, and ends by itself when the
// runtime API is gone.
type sandbox struct {
	name   string
	binary string
	env    []string
	api    *httptest.Server
	events chan *invocation

	process atomic.Pointer[process]
	log     *journal
}

// process is one run of the binary.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	// killed says that it was meant to end.
	killed atomic.Bool
}

// invocation is one event on its way through a function.
type invocation struct {
	id       string
	event    string
	deadline time.Time
	answered chan string // with the error, empty for none
}

// newSandbox makes a sandbox for the binary of a function.
func newSandbox(t *testing.T, name, binary string, env []string) *sandbox {
	t.Helper()
	s := &sandbox{name: name, binary: binary, events: make(chan *invocation), log: &journal{}}
	var current atomic.Pointer[invocation]
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case in := <-s.events:
			current.Store(in)
			in.send(w, name)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{outcome}", func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if in := current.Swap(nil); err != nil || in == nil || in.id != r.PathValue("id") {
			t.Errorf("%s answered %s, which was not asked: %v", name, r.PathValue("id"), err)
		} else if r.PathValue("outcome") == "response" {
			in.answered <- ""
		} else {
			in.answered <- string(text)
		}
		w.WriteHeader(http.StatusAccepted)
	})
	s.api = httptest.NewServer(mux)
	s.env = append(env, "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(s.api.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME="+name)
	t.Cleanup(func() {
		s.kill()
		s.api.CloseClientConnections()
		s.api.Close()
	})
	return s
}

// send hands an event over.
func (in *invocation) send(w http.ResponseWriter, function string) {
	header := w.Header()
	header.Set("Lambda-Runtime-Aws-Request-Id", in.id)
	header.Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(in.deadline.UnixMilli()))
	header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+localaccount.Region+":"+localaccount.AccountID+":function:"+function)
	header.Set("Lambda-Runtime-Trace-Id", traceOf(in.id))
	header.Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, in.event) // an event that does not arrive is not answered
}

// traceOf is the trace id of an invocation. The SDK puts it into every call, so that the
// wire tells whose it is.
func traceOf(id string) string { return "Root=" + id }

// invoke hands an event to the function and waits until it has answered: with nil, with the
// function's own error in failed, or with errCrashed. Anything else is err.
func (s *sandbox) invoke(ctx context.Context, in *invocation) (failed string, err error) {
	p, err := s.start(ctx)
	if err != nil {
		return "", err
	}
	in.answered = make(chan string, 1)
	ctx, cancel := context.WithDeadline(ctx, in.deadline)
	defer cancel()
	select {
	case s.events <- in:
	case <-p.ended:
		return "", fmt.Errorf("function %s has ended by itself", s.name)
	case <-ctx.Done():
		return "", fmt.Errorf("function %s does not poll", s.name)
	}
	select {
	case failed := <-in.answered:
		return failed, nil
	case <-p.ended:
		if p.killed.Load() {
			return "", errCrashed
		}
		return "", fmt.Errorf("function %s has ended in its work", s.name)
	case <-ctx.Done():
		return "", fmt.Errorf("function %s has not answered in its time", s.name)
	}
}

// start returns the process that runs, or a new one. The end of the context kills it.
func (s *sandbox) start(ctx context.Context) (*process, error) {
	if p := s.process.Load(); p != nil {
		select {
		case <-p.ended:
		default:
			return p, nil
		}
	}
	p := &process{cmd: exec.CommandContext(ctx, s.binary), ended: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = s.env, s.log, s.log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start function %s: %w", s.name, err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // it is killed, or its journal says why it ended
	}()
	s.process.Store(p)
	return p, nil
}

// kill kills the process, if there is one, and returns when it is gone.
func (s *sandbox) kill() {
	p := s.process.Load()
	if p == nil {
		return
	}
	p.killed.Store(true)
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// journal keeps what a function writes.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// lines returns everything that was written.
func (j *journal) lines() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Split(strings.TrimSpace(j.text.String()), "\n")
}
