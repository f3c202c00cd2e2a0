package localaccount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// command says how to start a server and how to see that it is up.
type command struct {
	name  string
	args  []string
	env   []string
	ready string // URL that answers, with any status below 500, when the server is up
}

// server is a running server. It and its guard make up one process group, which the guard leads:
// the guard lives until its standard input ends, that is until we close the pipe or die, and then
// kills the whole group.
type server struct {
	command
	log   string
	guard *exec.Cmd
	hold  io.Closer
	main  *exec.Cmd
	ended chan struct{}
}

// servers are started in order and stopped in reverse.
type servers []*server

func (all *servers) start(ctx context.Context, f files, c command) error {
	s := &server{command: c, log: filepath.Join(f.log, c.name+".log"), ended: make(chan struct{})}
	if err := s.startGuard(ctx); err != nil {
		return fmt.Errorf("start guard of %s: %w", c.name, err)
	}
	*all = append(*all, s)
	if err := s.startMain(ctx, f); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	if err := s.wait(ctx); err != nil {
		return fmt.Errorf("wait for %s: %w; it wrote:\n%s", c.name, err, s.tail())
	}
	return nil
}

func (all *servers) stop() error {
	var errs []error
	for _, s := range slices.Backward(*all) {
		if err := s.stop(); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", s.name, err))
		}
	}
	*all = nil
	return errors.Join(errs...)
}

func (all *servers) logs() string {
	var b strings.Builder
	for _, s := range *all {
		fmt.Fprintf(&b, "== %s ==\n%s\n", s.name, s.text())
	}
	return b.String()
}

func (s *server) startGuard(ctx context.Context) error {
	script := "read -r _; kill -KILL 0"
	s.guard = exec.CommandContext(context.WithoutCancel(ctx), "/bin/sh", "-c", script)
	s.guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	hold, err := s.guard.StdinPipe()
	if err != nil {
		return err
	}
	s.hold = hold
	return s.guard.Start()
}

func (s *server) startMain(ctx context.Context, f files) error {
	out, err := os.Create(s.log)
	if err != nil {
		close(s.ended) // Nothing to wait for in stop.
		return err
	}
	defer out.Close()
	s.main = exec.CommandContext(context.WithoutCancel(ctx), s.args[0], s.args[1:]...)
	s.main.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: s.guard.Process.Pid}
	s.main.Dir = f.home
	base := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.home, "TMPDIR=" + f.tmp}
	s.main.Env = append(base, s.env...)
	s.main.Stdout, s.main.Stderr = out, out
	if err := s.main.Start(); err != nil {
		close(s.ended) // Nothing to wait for in stop.
		return err
	}
	go func() {
		defer close(s.ended)
		_ = s.main.Wait() // It ends by a signal from the guard, or its log tells why.
	}()
	return nil
}

// wait returns when the server answers, or has ended, or the time is up.
func (s *server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if answers(ctx, s.ready) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.ended:
			return errors.New("it has ended")
		case <-tick.C:
		}
	}
}

func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // Only that it answers counts.
	return response.StatusCode < http.StatusInternalServerError
}

// stop ends the group and returns when no process is left in it.
func (s *server) stop() error {
	if err := s.hold.Close(); err != nil {
		return fmt.Errorf("release guard: %w", err)
	}
	_ = s.guard.Wait() // It dies by its own signal.
	<-s.ended
	group := s.guard.Process.Pid
	for range 200 {
		if err := syscall.Kill(-group, 0); errors.Is(err, syscall.ESRCH) {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("process group %d is still there", group)
}

func (s *server) text() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s *server) tail() string {
	text := s.text()
	return text[max(0, len(text)-4096):]
}
