// Package bundle builds what is uploaded for the functions: for each a folder
// with its binary, named as Lambda wants it, and the policy file beside it.
//
// The same source and the same policy give the same bytes on any machine, so a
// deployment that changes nothing uploads nothing, and a function that runs in
// AWS can be rebuilt and compared. Paths are relative to the repository.
package bundle

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"sagescale/internal/config"
)

// The functions, each named as its folder in functions.
const (
	Schedule = "schedule"
	Alarm    = "alarm"
	Settle   = "settle"
)

// Names returns the names of all functions.
func Names() []string { return []string{Schedule, Alarm, Settle} }

// Handler is the name of the binary, fixed by the runtimes provided.*.
const Handler = "bootstrap"

// Bundles are the bundles of one architecture, each in a folder under Root.
type Bundles struct {
	Root         string
	Architecture Architecture
}

// Dir returns the folder of a function's bundle.
func (b Bundles) Dir(name string) string {
	return filepath.Join(b.Root, string(b.Architecture), name)
}

// Build compiles all functions and puts the policy file beside each. Bundles
// that were there are replaced once all of the new ones are complete.
func (b Bundles) Build(ctx context.Context, policyFile string) error {
	text, err := os.ReadFile(policyFile)
	if err != nil {
		return fmt.Errorf("read policy file: %w", err)
	}
	if err := os.MkdirAll(b.Root, 0o755); err != nil {
		return fmt.Errorf("create bundles: %w", err)
	}
	temp, err := os.MkdirTemp(b.Root, ".new-")
	if err != nil {
		return fmt.Errorf("create bundles: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }() // it is gone when all went well
	packages := make([]string, len(Names()))
	for i, name := range Names() {
		packages[i] = "./functions/" + name
	}
	if err := Compile(ctx, b.Architecture, temp, packages...); err != nil {
		return err
	}
	for _, name := range Names() {
		if err := lay(filepath.Join(temp, name), text); err != nil {
			return fmt.Errorf("lay out bundle of %s: %w", name, err)
		}
	}
	return replace(temp, filepath.Join(b.Root, string(b.Architecture)))
}

// Compile builds commands of the module as Lambda wants them, each into a file of
// dir with the name of its package. The same sources give the same bytes on every
// machine.
func Compile(ctx context.Context, arch Architecture, dir string, packages ...string) error {
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, flags()...)
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	cmd.Env = append(os.Environ(), environment(arch)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build functions: %w\n%s", err, out)
	}
	return nil
}

func flags() []string {
	return []string{
		"-trimpath",             // no paths of the machine that built it
		"-tags", "lambda.norpc", // no net/rpc server, which only the retired runtime go1.x used
		"-ldflags", "-s -w -buildid=", // no symbols, for a smaller and faster start, and no id of the build
		"-buildvcs=false", // no commit: a commit of a document is no new function
	}
}

// environment is what go build must not take from whoever runs it.
func environment(arch Architecture) []string {
	return []string{
		"CGO_ENABLED=0", // a static binary: the runtime has no other libc than its own
		"GOOS=linux",
		"GOARCH=" + arch.goarch(),
		"GOARM64=v8.0", // the oldest level, which every processor of Lambda has
		"GOAMD64=v1",
		"GOEXPERIMENT=",
		"GOFLAGS=-mod=readonly", // the versions of go.mod, and no flags of the user's
		"GOWORK=off",
	}
}

// lay turns a binary into the folder that is a function's bundle.
func lay(path string, policyText []byte) error {
	binary := path + ".binary"
	if err := os.Rename(path, binary); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		return err
	}
	if err := os.Rename(binary, filepath.Join(path, Handler)); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(path, config.PolicyFile), policyText, 0o644); err != nil {
		return err
	}
	if err := fix(filepath.Join(path, Handler), 0o755); err != nil {
		return err
	}
	return fix(filepath.Join(path, config.PolicyFile), 0o644)
}

// fix gives a file the mode and the time that it has on every machine.
func fix(path string, mode os.FileMode) error {
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	epoch := time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC) // the first that zip knows
	return os.Chtimes(path, epoch, epoch)
}

// replace puts the folder from in the place of the folder to.
func replace(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return fmt.Errorf("remove old bundles: %w", err)
	}
	if err := os.Chmod(from, 0o755); err != nil {
		return fmt.Errorf("replace bundles: %w", err)
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("replace bundles: %w", err)
	}
	return nil
}
