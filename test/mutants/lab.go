package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// The limits of one run of a package's tests, which take up to four seconds.
const (
	seconds   = 12        // on the processor
	kilobytes = "4000000" // of address space, where the system knows such a limit
)

// errInvalid says that something does not compile.
var errInvalid = errors.New("it does not compile")

// judges returns the packages whose tests a mutant meets when those of its own
// package let it live, the fast ones first.
func judges() []string {
	return []string{
		"internal/guard", "internal/scaling", "internal/activity", "internal/policy", "internal/schedule",
		"internal/autoscaler", "test/scenario",
	}
}

// lab compiles mutants and runs tests on them.
type lab struct {
	dir     string // for what is built
	sources []source
	mutants []*mutant    // that compile
	spent   atomic.Int64 // nanoseconds on the processor
}

// newLab compiles the tests of all judges with all mutants of the sources in
// them, and makes sure that they pass without one.
func newLab(ctx context.Context, dir string, sources []source) (*lab, error) {
	l := &lab{dir: dir, sources: sources}
	for _, s := range sources {
		l.mutants = append(l.mutants, s.mutants()...)
	}
	for i, m := range l.mutants {
		m.id = i + 1
	}
	if err := l.dropInvalid(ctx); err != nil {
		return nil, err
	}
	for _, pkg := range l.judges("") {
		if err := l.compile(ctx, pkg, dir); err != nil {
			return nil, err
		}
		if passed, out, err := l.test(ctx, pkg, dir, 0); err != nil {
			return nil, err
		} else if !passed {
			return nil, fmt.Errorf("test %s without a mutant: it fails:\n%s", pkg, out)
		}
	}
	return l, nil
}

// judges returns the packages whose tests a mutant in own meets, in order.
func (l *lab) judges(own string) []string {
	var all []string
	for _, pkg := range slices.Concat([]string{own}, judges(), l.packages()) {
		if pkg != "" && !slices.Contains(all, pkg) {
			all = append(all, pkg)
		}
	}
	return all
}

// packages returns the folders of the mutated packages.
func (l *lab) packages() []string {
	var dirs []string
	for _, s := range l.sources {
		dirs = append(dirs, filepath.ToSlash(filepath.Dir(s.path)))
	}
	return slices.Compact(dirs)
}

// dropInvalid compiles the packages with all mutants in their functions, and
// drops those that the compiler complains about until it has nothing to say.
func (l *lab) dropInvalid(ctx context.Context) error {
	for {
		bad, out, err := l.build(ctx)
		if err != nil || out == nil {
			return err
		}
		if len(bad) == 0 {
			return fmt.Errorf("compile the mutants: %w: %s", errInvalid, out)
		}
		l.mutants = slices.DeleteFunc(l.mutants, func(m *mutant) bool { return bad[m.id] })
	}
}

// build compiles the packages with all mutants in their functions. It returns the
// mutants that the compiler complains about and what it says, nil when it has
// nothing to say.
func (l *lab) build(ctx context.Context) (bad map[int]bool, complaint []byte, err error) {
	files, spans := switched(l.sources, l.mutants)
	if err := overlay(l.dir, files); err != nil {
		return nil, nil, err
	}
	args := []string{"build", "-gcflags=-e", overlayFlag(l.dir)}
	for _, dir := range l.packages() {
		args = append(args, "./"+dir)
	}
	ok, out, err := l.run(exec.CommandContext(ctx, "go", args...))
	if ok || err != nil {
		return nil, nil, err
	}
	return complaints(out, spans), append(out, '\n'), nil
}

// compile compiles a package's tests with the overlay in dir, into dir.
func (l *lab) compile(ctx context.Context, pkg, dir string) error {
	ok, out, err := l.run(exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", overlayFlag(dir), "-o", binary(dir, pkg), "./"+pkg))
	if err == nil && !ok {
		err = fmt.Errorf("compile the tests of %s: %w: %s", pkg, errInvalid, out)
	}
	return err
}

func binary(dir, pkg string) string { return filepath.Join(dir, flat(pkg)+".test") }

// flat makes a file's name of a path.
func flat(path string) string { return strings.ReplaceAll(path, "/", "-") }

// try gives one mutant its verdict.
func (l *lab) try(ctx context.Context, m *mutant) (err error) {
	dir := l.dir
	if m.in == nil {
		if dir, err = l.alone(m); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	pkgs := l.judges(m.dir())
	if m.accepted {
		pkgs = pkgs[:1] // enough to see that it does not belong in the list
	}
	for _, pkg := range pkgs {
		if m.in == nil {
			if err := l.compile(ctx, pkg, dir); errors.Is(err, errInvalid) {
				return nil
			} else if err != nil {
				return err
			}
		}
		passed, _, err := l.test(ctx, pkg, dir, m.id)
		if err != nil {
			return err
		}
		if !passed {
			m.verdict = killed
			return nil
		}
	}
	m.verdict = survivor
	return nil
}

// alone makes a folder with the overlay of one mutant.
func (l *lab) alone(m *mutant) (string, error) {
	dir := filepath.Join(l.dir, strconv.Itoa(m.id))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	i := slices.IndexFunc(l.sources, func(s source) bool { return s.path == m.file })
	return dir, overlay(dir, map[string]string{m.file: l.sources[i].apply(m.edit)})
}

// test runs the tests of a package that were compiled to dir, with one mutant.
func (l *lab) test(ctx context.Context, pkg, dir string, mutant int) (passed bool, out []byte, err error) {
	args := []string{"-test.short", "-test.failfast"}
	random, err := hasProperties(pkg)
	if err != nil {
		return false, nil, err
	}
	if random {
		args = append(args, "-rapid.seed=1", "-rapid.nofailfile", "-rapid.shrinktime=0s")
	}
	return l.execute(ctx, pkg, dir, mutant, seconds, args...)
}

// execute runs the tests of a package that were compiled to dir, with one mutant and
// for so many seconds on the processor.
func (l *lab) execute(ctx context.Context, pkg, dir string, mutant, seconds int, args ...string) (passed bool, out []byte, err error) {
	limited := fmt.Sprintf(`ulimit -t %d; ulimit -v %s 2> /dev/null; exec "$0" "$@"`, seconds, kilobytes)
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", limited, binary(dir, pkg)}, args...)...)
	cmd.Dir = pkg
	cmd.Env = append(os.Environ(), variable+"="+strconv.Itoa(mutant), "GOMAXPROCS=1")
	return l.run(cmd)
}

// hasProperties reports whether a package has property tests, which take flags of
// their own.
func hasProperties(pkg string) (bool, error) {
	files, err := filepath.Glob(filepath.Join(pkg, "*_test.go"))
	if err != nil {
		return false, fmt.Errorf("find tests: %w", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return false, fmt.Errorf("read tests: %w", err)
		}
		if bytes.Contains(text, []byte(`"pgregory.net/rapid"`)) {
			return true, nil
		}
	}
	return false, nil
}

// run runs a command and reports whether it succeeded; an error says that it
// could not be run.
func (l *lab) run(cmd *exec.Cmd) (ok bool, out []byte, err error) {
	var buffer bytes.Buffer
	cmd.Stdout, cmd.Stderr = &buffer, &buffer
	err = cmd.Run()
	if cmd.ProcessState != nil {
		l.spent.Add(int64(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()))
	}
	if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) {
		return false, nil, fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	return err == nil, buffer.Bytes(), nil
}
