// Package policyfile reads policy files: YAML, strictly, and says everything
// that is wrong with one, each fault with its line, column, field and rule.
//
// A file is read in three steps, of which each goes on as far as it can, so that
// one run names what all three find: YAML to nodes, nodes to policy.Spec, Spec
// to policy.Policy (by package policy, whose rules are the same wherever a
// policy comes from). What a fault makes unknowable is not reported again: a
// minCapacity that is a text is not also missing.
//
// # Strictness
//
// A scaler that reads a typing error as an intention costs money or loses
// requests, so nothing is guessed. Every field must be known, stand once and be
// written in one way: true and false for switches, decimal numbers without
// underscores, leading zeros or other bases, durations with their unit (5m),
// times with their zone. What YAML 1.1 and 1.2 read differently (yes, 010, 1_000,
// 5:30) is refused in words. So are tags, merge keys, empty values and second
// documents. Anchors and plain aliases work, within a budget that a nest of
// aliases cannot exceed.
//
// JSON is YAML, so a policy may be written in it.
package policyfile

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"slices"

	// The zones of the binary: the Lambda image has none, and a policy must mean
	// the same wherever it is read.
	_ "time/tzdata"

	"sagescale/internal/policy"
)

// MaxSize is the size that a policy file may have, in bytes.
const MaxSize = 1 << 20

//go:embed scaling.schema.json
var schema []byte

// Schema returns the JSON Schema of the policy file, draft 2020-12, for editors
// and other tools. What it refuses Parse refuses too; some rules, such as
// minCapacity <= maxCapacity, a schema cannot express.
func Schema() []byte { return slices.Clone(schema) }

// Load reads and compiles the policy file at path. Its error is Faults when the
// file could be read; it names the file in any case.
func Load(path string) (*policy.Policy, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open policy file: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read policy file: %w", err)
	}
	return Parse(path, text)
}

// Parse compiles the text of a policy file; name stands for it in faults. It
// returns either a policy or Faults, never both.
func Parse(name string, text []byte) (*policy.Policy, error) {
	var spec policy.Spec
	d := read(name, text, &spec)
	if d.closed {
		return nil, d.result()
	}
	p, faults := policy.Compile(spec)
	d.compiled(faults)
	if err := d.result(); err != nil {
		return nil, err
	}
	return p, nil
}

// ParseTarget compiles the text of one target alone, without defaults. Where it
// names no endpoint or variant it gets the names "endpoint" and "AllTraffic":
// decisions do not depend on them.
func ParseTarget(name string, text []byte) (policy.Target, error) {
	var spec policy.TargetSpec
	d := read(name, text, &spec)
	if d.closed {
		return policy.Target{}, d.result()
	}
	endpoint, variant := "endpoint", "AllTraffic"
	if spec.Endpoint == nil {
		spec.Endpoint = &endpoint
	}
	if spec.Variant == nil {
		spec.Variant = &variant
	}
	t, faults := policy.CompileTarget(spec)
	d.compiled(faults)
	if err := d.result(); err != nil {
		return policy.Target{}, err
	}
	return t, nil
}
