package localaccount

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// files are the directories of one account; remove takes all of them.
type files struct {
	top  string
	home string
	tmp  string
	log  string
}

func newFiles() (files, error) {
	top, err := os.MkdirTemp("", "localaccount-")
	if err != nil {
		return files{}, fmt.Errorf("create directory: %w", err)
	}
	f := files{
		top:  top,
		home: filepath.Join(top, "home"),
		tmp:  filepath.Join(top, "tmp"),
		log:  filepath.Join(top, "log"),
	}
	for _, dir := range []string{f.home, f.tmp, f.log} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return files{}, errors.Join(fmt.Errorf("create directory: %w", err), f.remove())
		}
	}
	return f, nil
}

func (f files) remove() error {
	if err := os.RemoveAll(f.top); err != nil {
		return fmt.Errorf("remove directory: %w", err)
	}
	return nil
}

// findRoot returns the nearest directory, dir or above it, that holds name.
func findRoot(dir, name string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve directory: %w", err)
	}
	for at := start; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, name)); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no %s in %s or above: install it first, `make test` does", name, start)
		}
	}
}

// freePort returns a port that nobody listens on. Another process may take it before the server
// does; then the server says so and Start fails.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find free port: %w", err)
	}
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		return 0, fmt.Errorf("find free port: %w", err)
	}
	return strconv.Atoi(text)
}

func endpoint(port int) string {
	return "http://127.0.0.1:" + strconv.Itoa(port)
}

// foreignEnv returns the environment without what would lead a child to another account.
func foreignEnv() []string {
	var env []string
	for _, entry := range os.Environ() {
		key, _, _ := strings.Cut(entry, "=")
		if key == "PATH" || strings.HasPrefix(key, "AWS_") || strings.HasPrefix(key, "CDK_") {
			continue
		}
		env = append(env, entry)
	}
	return env
}
