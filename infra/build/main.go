// Command build builds the bundles of the functions without deploying them:
// build/ARCHITECTURE/FUNCTION. Run it in the repository's root.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"sagescale/infra/bundle"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	name := flag.String("architecture", string(bundle.Local()), "arm64 or x86_64")
	policyFile := flag.String("policy", "infra/scaling.yaml", "policy file to put beside the functions")
	flag.Parse()
	arch, err := bundle.ParseArchitecture(*name)
	if err != nil {
		return fmt.Errorf("parse architecture: %w", err)
	}
	return bundle.Bundles{Root: "build", Architecture: arch}.Build(context.Background(), *policyFile)
}
